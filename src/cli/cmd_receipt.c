/* SPDX-License-Identifier: Apache-2.0 */
/* custody receipt: an entry with the proof that the ledger holds it. */
#include "base/check.h"
#include "cli/entry.h"
#include "cli/put.h"
#include "client/judge.h"
#include "cli/case.h"

static custody_err page(struct cty_cli *cli, const struct cty_entry_copy *copy)
{
    const char *out = cty_args_text(&cli->args, "out");
    struct cty_jw jw;
    if (out)
        CTY_TRY(cty_cli_write_file(cli, out, cty_buf_bytes(&copy->receipt)));
    if (cli->json) {
        cty_page_begin(cli, &jw);
        cty_member(&jw, "entry", cty_buf_bytes(&copy->text));
        cty_member_u64(&jw, "index", copy->index);
        cty_member(&jw, "receipt", cty_buf_bytes(&copy->receipt));
        return cty_page_end(cli, &jw);
    }
    if (!out)
        return cty_buf_put_bytes(&cli->page, cty_buf_bytes(&copy->receipt));
    CTY_TRY(cty_put_linef(&cli->page, "entry", "%llu", (unsigned long long)copy->index));
    return cty_put_line(&cli->page, "receipt", cty_bytes_text(out));
}

/* An index, or a case: then its newest entry. */
static custody_err find_index(struct cty_cli *cli, struct cty_client *client, const char *word, uint64_t *ret_index)
{
    struct cty_hash case_id;
    CTY_CLEANUP(cty_judgement_free_pointer) struct cty_judgement *judgement = NULL;
    if (strlen(word) < 8)
        return cty_u64_parse(cty_bytes_text(word), CTY_NUMBER_MAX, ret_index) == CUSTODY_OK
                   ? CUSTODY_OK
                   : cty_fail(&cli->error, CUSTODY_E_USAGE, "ENTRY is an index, or a case of at least 8 digits");
    CTY_TRY(cty_cli_case(cli, client, word, &case_id));
    CTY_TRY(cty_client_judge(client, &case_id, 0, &judgement, &cli->error));
    *ret_index = judgement->newest_index;
    return judgement->known ? CUSTODY_OK : cty_judgement_check(judgement, &cli->error);
}

static custody_err receipt(struct cty_cli *cli)
{
    struct cty_client *client = NULL;
    uint64_t index = 0;
    CTY_CLEANUP(cty_entry_copy_done) struct cty_entry_copy copy = {.index = 0};
    CTY_TRY(cty_cli_client(cli, CTY_AS_KEY, &client));
    CTY_TRY(find_index(cli, client, cli->args.operands[0], &index));
    CTY_TRY(cty_entry_fetch(cli, client, index, &copy));
    return page(cli, &copy);
}

static const struct cty_opt options[] = {
    {"out", 'o', CTY_OPT_TEXT, "FILE", "write the receipt there"},
    {NULL},
};

const struct cty_command cty_command_receipt = {
    .name = "receipt",
    .run = receipt,
    .summary = "the proof that the ledger holds an entry",
    .operands = "INDEX|CASE",
    .operands_min = 1,
    .operands_max = 1,
    .about = "Fetches an entry (of a case, its newest) with its inclusion proof in a signed checkpoint, verifies\n"
             "both, and prints the receipt, a C2SP tlog-proof that any transparency-log tool reads.\n",
    .example = "custody receipt 0 --key acme-alice.key",
    .uses = CTY_USE_READ,
    .options = options,
};
