/* SPDX-License-Identifier: Apache-2.0 */
/* custody trust new, custody trust show */
#include <stdlib.h>

#include "base/check.h"
#include "cli/opening.h"
#include "cli/put.h"
#include "cli/text.h"

/* What goes into a trust file, before it is written. Texts are borrowed. */
struct pins {
    struct cty_bytes log_key;
    struct cty_bytes admins[CTY_TRUST_PINS_MAX];
    size_t admins_count;
};

/* --- showing --------------------------------------------------------------------------------------------- */

static custody_err put_key(struct cty_buf *out, const char *label, struct cty_bytes vkey)
{
    char fingerprint[CTY_FINGERPRINT_SIZE];
    cty_fingerprint(vkey, fingerprint);
    CTY_TRY(cty_put_line(out, label, vkey));
    return cty_put_linef(out, "", "fingerprint %s", fingerprint);
}

static custody_err put_trust(struct cty_buf *out, const struct cty_trust *trust)
{
    CTY_TRY(cty_put_line(out, "ledger", trust->origin));
    CTY_TRY(put_key(out, "log key", trust->log_vkey));
    for (uint32_t i = 0; i < trust->pins_count; i++)
        CTY_TRY(put_key(out, "admin", trust->pins[i].vkey));
    if (trust->pins_count == 0)
        CTY_TRY(cty_put_linef(out, "admins", "none pinned: who is enrolled stands on the log key's word"));
    for (uint32_t i = 0; i < trust->nodes_count; i++)
        CTY_TRY(cty_put_line(out, trust->nodes[i].is_group ? "group" : "witness", trust->nodes[i].name));
    if (trust->quorum == CTY_TRUST_NODES_MAX)
        CTY_TRY(cty_put_linef(out, "quorum", "none: no witness is asked for"));
    else
        CTY_TRY(cty_put_line(out, "quorum", trust->nodes[trust->quorum].name));
    return trust->name.size ? cty_put_line(out, "name", trust->name) : CUSTODY_OK;
}

static void member_key(struct cty_jw *jw, struct cty_bytes vkey)
{
    char fingerprint[CTY_FINGERPRINT_SIZE];
    cty_fingerprint(vkey, fingerprint);
    cty_jw_object(jw);
    cty_member_text(jw, "fingerprint", fingerprint);
    cty_member(jw, "key", vkey);
    cty_jw_object_end(jw);
}

static custody_err page_trust(struct cty_cli *cli, const struct cty_trust *trust)
{
    struct cty_jw jw;
    if (!cli->json)
        return put_trust(&cli->page, trust);
    cty_page_begin(cli, &jw);
    cty_jw_name(&jw, "admins");
    cty_jw_array(&jw);
    for (uint32_t i = 0; i < trust->pins_count; i++)
        member_key(&jw, trust->pins[i].vkey);
    cty_jw_array_end(&jw);
    cty_member(&jw, "ledger", trust->origin);
    cty_jw_name(&jw, "log_key");
    member_key(&jw, trust->log_vkey);
    cty_member(&jw, "name", trust->name);
    cty_jw_name(&jw, "quorum");
    cty_jw_string(&jw, trust->quorum == CTY_TRUST_NODES_MAX ? CTY_LITERAL("none") : trust->nodes[trust->quorum].name);
    cty_jw_name(&jw, "witnesses");
    cty_jw_array(&jw);
    for (uint32_t i = 0; i < trust->nodes_count; i++) {
        if (!trust->nodes[i].is_group)
            cty_jw_string(&jw, trust->nodes[i].name);
    }
    cty_jw_array_end(&jw);
    return cty_page_end(cli, &jw);
}

static custody_err trust_show(struct cty_cli *cli)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(CTY_TRUST_BYTES_MAX);
    CTY_TRY(cty_cli_read_file(cli, cli->args.operands[0], &text));
    CTY_TRY(cty_trust_parse(cty_buf_bytes(&text), &cli->trust, &cli->error));
    return page_trust(cli, &cli->trust);
}

const struct cty_command cty_command_trust_show = {
    .name = "trust show",
    .run = trust_show,
    .summary = "print whom a trust file pins, with fingerprints",
    .operands = "FILE",
    .operands_min = 1,
    .operands_max = 1,
    .about = "Prints the ledger, its log key, the pinned admins and the witnesses. Compare the fingerprints\n"
             "with those of the people whose keys these are.\n",
    .example = "custody trust show trust.json",
};

/* --- making ---------------------------------------------------------------------------------------------- */

static custody_err add_pin(struct cty_cli *cli, struct pins *pins, struct cty_bytes vkey)
{
    struct cty_bytes name;
    struct cty_key key;
    if (cty_vkey_parse(vkey, CTY_KEY_ED25519, &name, &key) != CUSTODY_OK || cty_actor_party(name).size == 0)
        return cty_fail(&cli->error, CUSTODY_E_BAD_KEY, "an admin's public line is like acme/alice+3b8f287e+Aep...");
    if (pins->admins_count == CTY_TRUST_PINS_MAX)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "more than %d admins", CTY_TRUST_PINS_MAX);
    pins->admins[pins->admins_count++] = vkey;
    return CUSTODY_OK;
}

/* "log <vkey>", a line for each witness, "group witnesses N <names>" and the quorum. */
static custody_err put_policy(struct cty_cli *cli, struct cty_bytes log_key, struct cty_buf *out)
{
    size_t witnesses = cty_args_count(&cli->args, "witness");
    uint64_t needed = 0;
    CTY_TRY(cty_args_number(&cli->args, "quorum", witnesses, witnesses, &needed, &cli->error));
    CTY_TRY(cty_buf_putf(out, "log %.*s\n", (int)log_key.size, (const char *)log_key.data));
    for (size_t i = 0; i < witnesses; i++)
        CTY_TRY(cty_buf_putf(out, "witness w%zu %s\n", i + 1, cty_args_item(&cli->args, "witness", i)));
    if (witnesses == 0 || needed == 0)
        return cty_buf_put_text(out, "quorum none\n");
    CTY_TRY(cty_buf_putf(out, "group witnesses %llu", (unsigned long long)needed));
    for (size_t i = 0; i < witnesses; i++)
        CTY_TRY(cty_buf_putf(out, " w%zu", i + 1));
    return cty_buf_put_text(out, "\nquorum witnesses\n");
}

static int compare_vkeys(const void *a, const void *b)
{
    return cty_bytes_compare(*(const struct cty_bytes *)a, *(const struct cty_bytes *)b);
}

static struct cty_bytes party_of(struct cty_bytes vkey)
{
    return cty_actor_party(vkey);
}

/* An object from parties to arrays of lines; sorted lines bring the parties' together. */
static void put_admins(struct cty_jw *jw, struct pins *pins)
{
    qsort(pins->admins, pins->admins_count, sizeof(pins->admins[0]), compare_vkeys);
    cty_jw_name(jw, "admins");
    cty_jw_object(jw);
    for (size_t i = 0; i < pins->admins_count; i++) {
        struct cty_bytes party = party_of(pins->admins[i]);
        bool first = i == 0 || !cty_bytes_equal(party, party_of(pins->admins[i - 1]));
        bool last = i + 1 == pins->admins_count || !cty_bytes_equal(party, party_of(pins->admins[i + 1]));
        if (first) {
            cty_jw_name_bytes(jw, party);
            cty_jw_array(jw);
        }
        cty_jw_string(jw, pins->admins[i]);
        if (last)
            cty_jw_array_end(jw);
    }
    cty_jw_object_end(jw);
}

static custody_err put_file(struct cty_cli *cli, struct pins *pins, struct cty_buf *out)
{
    const char *name = cty_args_text(&cli->args, "name");
    CTY_CLEANUP(cty_buf_done) struct cty_buf policy = CTY_BUF_INIT(CTY_TRUST_BYTES_MAX);
    struct cty_jw jw;
    CTY_TRY(put_policy(cli, pins->log_key, &policy));
    cty_jw_begin(&jw, out);
    cty_jw_object(&jw);
    if (pins->admins_count)
        put_admins(&jw, pins);
    cty_member_u64(&jw, "custody_trust", 1);
    if (name)
        cty_member_text(&jw, "name", name);
    cty_member(&jw, "policy", cty_buf_bytes(&policy));
    cty_jw_object_end(&jw);
    CTY_TRY(cty_jw_end(&jw));
    return cty_buf_put_byte(out, '\n');
}

static custody_err write_trust(struct cty_cli *cli, struct pins *pins)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf file = CTY_BUF_INIT(CTY_TRUST_BYTES_MAX);
    for (size_t i = 0; i < cty_args_count(&cli->args, "admin"); i++)
        CTY_TRY(add_pin(cli, pins, cty_bytes_text(cty_args_item(&cli->args, "admin", i))));
    CTY_TRY(put_file(cli, pins, &file));
    CTY_TRY(cty_trust_parse(cty_buf_bytes(&file), &cli->trust, &cli->error));
    CTY_TRY(cty_cli_write_file(cli, cli->args.operands[0], cty_buf_bytes(&file)));
    return strcmp(cli->args.operands[0], "-") == 0 ? CUSTODY_OK : page_trust(cli, &cli->trust);
}

static custody_err from_opening(struct cty_cli *cli, const char *path)
{
    CTY_CLEANUP(cty_opening_done) struct cty_opening opening = {.open = NULL};
    struct pins pins = {.admins_count = 0};
    CTY_TRY(cty_opening_read(cli, path, &opening));
    pins.log_key = opening.open->log_key;
    for (uint32_t i = 0; i < opening.open->admins_count; i++)
        CTY_TRY(add_pin(cli, &pins, opening.open->admins[i].key));
    return write_trust(cli, &pins);
}

/* The custodian's own word for its key: to be compared before it is believed. */
static custody_err from_custodian(struct cty_cli *cli)
{
    struct cty_client *client = NULL;
    struct pins pins = {.admins_count = 0};
    struct cty_rpc_params params = {.session = {.present = false}};
    CTY_AUTO_FREE struct cty_answer *answer = cty_alloc(1, sizeof(*answer));
    if (!answer)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    CTY_TRY(cty_cli_open(cli, NULL, NULL, &client));
    custody_err err = cty_client_call(client, CTY_RPC_INFO, &params, answer, &cli->error);
    if (err == CUSTODY_OK) {
        pins.log_key = answer->result.info.log_key;
        cty_cli_note(cli, "warning: this is what the custodian says of itself; compare the fingerprint with its "
                          "operator");
        err = write_trust(cli, &pins);
    }
    cty_answer_done(answer);
    return err;
}

static custody_err trust_new(struct cty_cli *cli)
{
    const char *opening = cty_args_text(&cli->args, "opening");
    const char *log_key = cty_args_text(&cli->args, "log-key");
    struct pins pins = {.log_key = cty_bytes_text(log_key)};
    if (opening && log_key)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "--opening or --log-key?");
    if (opening)
        return from_opening(cli, opening);
    return log_key ? write_trust(cli, &pins) : from_custodian(cli);
}

static const struct cty_opt new_options[] = {
    {"opening", 0, CTY_OPT_TEXT, "FILE", "pin what 'custody init' wrote: log key and founding admins"},
    {"log-key", 0, CTY_OPT_TEXT, "LINE", "pin this public line of the log key"},
    {"admin", 'a', CTY_OPT_LIST, "LINE", "pin this public line as one of its party's first admins"},
    {"witness", 'w', CTY_OPT_LIST, "LINE", "ask for this witness (its cosignature line)"},
    {"quorum", 0, CTY_OPT_TEXT, "N", "how many witnesses must have cosigned (all)"},
    {"name", 'n', CTY_OPT_TEXT, "ACTOR", "your own name: every release is then asked to be for you"},
    {NULL},
};

const struct cty_command cty_command_trust_new = {
    .name = "trust new",
    .run = trust_new,
    .summary = "make a trust file: whom to believe",
    .operands = "FILE",
    .operands_min = 1,
    .operands_max = 1,
    .about = "Makes a trust file from a ledger's opening, from a public line, or (without either) from what\n"
             "the custodian at --url says of itself: then compare the fingerprint with its operator by\n"
             "another way before you rely on it. Parties whose admins are not pinned stand on the founding\n"
             "admins' word, and claims say so.\n",
    .example = "custody trust new --opening opening.json trust-new.json",
    .uses = CTY_USE_URL | CTY_USE_TIMEOUT,
    .options = new_options,
};
