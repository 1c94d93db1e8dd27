/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/opening.h"

#include <stdlib.h>

#include "base/check.h"

void cty_opening_done(struct cty_opening *opening)
{
    if (opening->statement)
        cty_signed_done(opening->statement);
    free(opening->statement);
    cty_json_done(&opening->json);
    cty_buf_done(&opening->envelope);
    cty_buf_done(&opening->text);
}

static custody_err find_envelope(struct cty_cli *cli, struct cty_opening *opening)
{
    struct cty_json_limits limits = {CTY_MESSAGE_DEPTH_MAX, CTY_STATEMENT_NODES_MAX};
    CTY_TRY(cty_json_scan(&opening->json, CTY_JSON_DOCUMENT, limits, cty_buf_bytes(&opening->text), &cli->error));
    const struct cty_json_node *root = &opening->json.nodes[0];
    const struct cty_json_node *envelope = cty_json_member(&opening->json, root, "envelope");
    if (!envelope || envelope->kind != CTY_JSON_STRING)
        return cty_fail(&cli->error, CUSTODY_E_BAD_PARAMS, "it is no ledger's opening: it has no envelope");
    opening->envelope.limit = CTY_ENVELOPE_BYTES_MAX;
    return cty_json_string(envelope, &opening->envelope);
}

static struct cty_bytes key_of(const struct cty_ledger_open *open, uint32_t signer)
{
    return signer == 0 ? open->log_key : signer == 1 ? open->clerk_key : open->admins[signer - 2].key;
}

static custody_err check_signatures(struct cty_cli *cli, const struct cty_signed *parsed)
{
    const struct cty_ledger_open *open = &parsed->statement.u.ledger_open;
    if (parsed->signatures_count != open->admins_count + 2)
        return cty_fail(&cli->error, CUSTODY_E_SIGNATURE_INVALID, "not everybody has signed who is named");
    for (uint32_t i = 0; i < parsed->signatures_count; i++) {
        struct cty_bytes name;
        struct cty_key key;
        CTY_TRY(cty_vkey_parse(key_of(open, i), CTY_KEY_ED25519, &name, &key));
        CTY_TRY(cty_signed_verify(parsed, i, name, &key));
    }
    return CUSTODY_OK;
}

custody_err cty_opening_read(struct cty_cli *cli, const char *path, struct cty_opening *opening)
{
    opening->text.limit = CTY_OPENING_BYTES_MAX;
    opening->statement = cty_alloc(1, sizeof(*opening->statement));
    if (!opening->statement)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    CTY_TRY(cty_cli_read_file(cli, path, &opening->text));
    CTY_TRY(find_envelope(cli, opening));
    CTY_TRY(cty_signed_parse(cty_buf_bytes(&opening->envelope), opening->statement, &cli->error));
    if (opening->statement->statement.type != CTY_LEDGER_OPEN)
        return cty_fail(&cli->error, CUSTODY_E_TYPE_MISMATCH, "it opens no ledger");
    opening->open = &opening->statement->statement.u.ledger_open;
    return check_signatures(cli, opening->statement);
}
