/* SPDX-License-Identifier: Apache-2.0 */
/* custody receipt: an entry with the proof that the ledger holds it. */
#include "base/check.h"
#include "cli/entry.h"
#include "cli/put.h"
#include "cli/case.h"
#include "client/judge.h"
#include "client/witnessed.h"

/* The receipt with the entry in its `extra`. */
static custody_err put_inside(struct cty_cli *cli, struct cty_entry_copy *copy)
{
    CTY_AUTO_FREE struct cty_receipt *receipt = cty_alloc(1, sizeof(*receipt));
    CTY_CLEANUP(cty_buf_done) struct cty_buf whole = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX + CTY_RECEIPT_EXTRA_BYTES_MAX * 2);
    if (!receipt)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    if (copy->text.size > CTY_RECEIPT_EXTRA_BYTES_MAX)
        return cty_fail(&cli->error, CUSTODY_E_TOO_LARGE, "an entry of %zu bytes can't be in the receipt; leave out --inside",
                        copy->text.size);
    CTY_TRY(cty_receipt_parse(cty_buf_bytes(&copy->receipt), receipt));
    CTY_TRY(cty_receipt_format(cty_buf_bytes(&copy->text), receipt->index, &receipt->proof, receipt->note, &whole));
    cty_buf_clear(&copy->receipt);
    copy->receipt.limit = whole.limit;
    return cty_buf_put_bytes(&copy->receipt, cty_buf_bytes(&whole));
}

/* FILE and, unless it is inside, FILE.entry: first the entry, so that whoever finds a receipt finds its entry. */
static custody_err write_files(struct cty_cli *cli, const struct cty_entry_copy *copy, const char *out)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf path = CTY_BUF_INIT(8192);
    bool beside = !cty_args_flag(&cli->args, "inside") && strcmp(out, "-") != 0;
    CTY_TRY(cty_buf_putf(&path, "%s" CTY_ENTRY_SUFFIX, out));
    if (beside)
        CTY_TRY(cty_cli_write_file(cli, cty_buf_text(&path), cty_buf_bytes(&copy->text)));
    return cty_cli_write_file(cli, out, cty_buf_bytes(&copy->receipt));
}

static custody_err page(struct cty_cli *cli, const struct cty_entry_copy *copy)
{
    const char *out = cty_args_text(&cli->args, "out");
    struct cty_jw jw;
    if (out)
        CTY_TRY(write_files(cli, copy, out));
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

/*
 * Under the newest checkpoint that the own policy's witnesses have cosigned, where there is one that holds the entry; else
 * under the newest of all, which says so. With --witnessed nothing else will do.
 */
static custody_err find_witnessed(struct cty_cli *cli, struct cty_client *client, struct cty_entry_copy *copy)
{
    struct cty_bytes entry = cty_buf_bytes(&copy->text);
    if (cty_args_flag(&cli->args, "witnessed"))
        return cty_client_wait_witnessed(client, copy->index, entry, &copy->receipt, &cli->error);
    if (!cty_witness_policy_asks(&cli->trust.policy))
        return CUSTODY_OK;
    custody_err err = cty_client_look_witnessed(client, copy->index, entry, &copy->receipt, &cli->error);
    if (err != CUSTODY_E_NOT_WITNESSED)
        return err;
    cty_cli_note(cli, "custody: %s; --witnessed waits for them", cli->error.detail);
    return CUSTODY_OK;
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
    CTY_TRY(find_witnessed(cli, client, &copy));
    if (cty_args_flag(&cli->args, "inside"))
        CTY_TRY(put_inside(cli, &copy));
    return page(cli, &copy);
}

static const struct cty_opt options[] = {
    {"out", 'o', CTY_OPT_TEXT, "FILE", "write the receipt there, and the entry to FILE.entry"},
    {"inside", 0, CTY_OPT_FLAG, NULL, "put the entry into the receipt, as its 'extra'"},
    {"witnessed", 'w', CTY_OPT_FLAG, NULL, "wait until the quorum of witnesses has cosigned"},
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
             "both, and prints the receipt, a C2SP tlog-proof that any transparency-log tool reads. Where the trust\n"
             "file names witnesses it is the newest checkpoint that their quorum has cosigned. The receipt is good\n"
             "without the custodian: 'custody-verify' judges it together with the entry.\n",
    .example = "custody receipt 0 --key acme-alice.key --out first.tlog-proof",
    .uses = CTY_USE_READ,
    .options = options,
};
