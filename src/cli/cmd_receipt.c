/* SPDX-License-Identifier: Apache-2.0 */
/* custody receipt: an entry and its proof, as a C2SP tlog-proof. */
#include "base/check.h"
#include "cli/put.h"
#include "codec/text.h"
#include "client/read.h"
#include "ledger/note.h"

struct fetched {
    struct cty_buf entry;
    struct cty_buf file; /* the tlog-proof, with the entry in `extra` where it fits */
    uint64_t index;
    struct cty_checkpoint checkpoint;
};

static custody_err keep_entry(void *context, uint64_t first, const struct cty_bytes *texts, size_t count)
{
    struct fetched *fetched = context;
    if (count != 1 || first != fetched->index)
        return CUSTODY_E_GAP;
    return cty_buf_put_bytes(&fetched->entry, texts[0]);
}

/* The proof that came, verified, and with the entry put in. */
static custody_err take_receipt(struct cty_cli *cli, struct cty_client *client, struct cty_bytes text,
                                struct fetched *fetched)
{
    struct cty_receipt receipt;
    struct cty_bytes entry = cty_buf_bytes(&fetched->entry);
    CTY_TRY(cty_receipt_parse(text, &receipt));
    CTY_TRY(cty_client_advance(client, receipt.note, &fetched->checkpoint, &cli->error));
    struct cty_hash leaf = cty_tree_leaf(entry);
    custody_err err = receipt.index == fetched->index
                          ? cty_tree_inclusion_verify(&leaf, receipt.index, fetched->checkpoint.size,
                                                      &fetched->checkpoint.root, &receipt.proof)
                          : CUSTODY_E_PROOF_INVALID;
    if (err != CUSTODY_OK)
        return cty_fail(&cli->error, err, "entry %llu", (unsigned long long)fetched->index);
    if (entry.size > CTY_RECEIPT_EXTRA_BYTES_MAX)
        entry = cty_bytes_make(NULL, 0);
    return cty_receipt_format(entry, receipt.index, &receipt.proof, receipt.note, &fetched->file);
}

static custody_err fetch(struct cty_cli *cli, struct cty_client *client, struct fetched *fetched)
{
    CTY_AUTO_FREE struct cty_answer *answer = cty_alloc(1, sizeof(*answer));
    struct cty_rpc_params params = {.u.proof_inclusion = {.index = fetched->index}};
    if (!answer)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    CTY_TRY(cty_client_checkpoint(client, true, &fetched->checkpoint, NULL, &cli->error));
    if (fetched->index >= fetched->checkpoint.size)
        return cty_fail(&cli->error, CUSTODY_E_NOT_FOUND, "the ledger has %llu entries",
                        (unsigned long long)fetched->checkpoint.size);
    CTY_TRY(cty_client_entries(client, fetched->index, fetched->index + 1, keep_entry, fetched, &cli->error));
    custody_err err = cty_client_call(client, CTY_RPC_PROOF_INCLUSION, &params, answer, &cli->error);
    if (err == CUSTODY_OK)
        err = take_receipt(cli, client, answer->result.proof_inclusion.receipt, fetched);
    cty_answer_done(answer);
    return err;
}

static custody_err put_page(struct cty_cli *cli, const struct fetched *fetched, const char *path)
{
    struct cty_jw jw;
    if (!cli->json) {
        CTY_TRY(cty_put_line(&cli->page, "written", cty_bytes_text(path)));
        CTY_TRY(cty_put_linef(&cli->page, "entry", "%llu", (unsigned long long)fetched->index));
        return cty_put_linef(&cli->page, "checkpoint", "verified: %llu entries, signed by the pinned log key",
                             (unsigned long long)fetched->checkpoint.size);
    }
    cty_page_begin(cli, &jw);
    cty_member(&jw, "entry", cty_buf_bytes(&fetched->entry));
    cty_member_text(&jw, "file", path);
    cty_member_u64(&jw, "index", fetched->index);
    cty_member(&jw, "receipt", cty_buf_bytes(&fetched->file));
    cty_member_u64(&jw, "size", fetched->checkpoint.size);
    return cty_page_end(cli, &jw);
}

static custody_err write_receipt(struct cty_cli *cli, struct fetched *fetched)
{
    struct cty_client *client = NULL;
    const char *path = NULL;
    enum cty_cli_as as = cty_cli_setting(cli, "key", "CUSTODY_KEY") ? CTY_AS_KEY : CTY_AS_NOBODY;
    if (cty_u64_parse(cty_bytes_text(cli->args.operands[0]), CTY_NUMBER_MAX, &fetched->index) != CUSTODY_OK)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "INDEX is the number of an entry");
    CTY_TRY(cty_cli_required(cli, "out", &path));
    CTY_TRY(cty_cli_client(cli, as, &client));
    CTY_TRY(fetch(cli, client, fetched));
    CTY_TRY(cty_cli_write_file(cli, path, cty_buf_bytes(&fetched->file)));
    return strcmp(path, "-") == 0 ? CUSTODY_OK : put_page(cli, fetched, path);
}

static custody_err receipt(struct cty_cli *cli)
{
    struct fetched fetched = {.entry = CTY_BUF_INIT(CTY_ENTRY_BYTES_MAX), .file = CTY_BUF_INIT(4 * CTY_NOTE_BYTES_MAX)};
    custody_err err = write_receipt(cli, &fetched);
    cty_buf_done(&fetched.entry);
    cty_buf_done(&fetched.file);
    return err;
}

static const struct cty_opt options[] = {
    {"out", 'o', CTY_OPT_TEXT, "FILE", "where to write it; - is the output"},
    {NULL},
};

const struct cty_command cty_command_receipt = {
    .name = "receipt",
    .run = receipt,
    .summary = "write an entry's proof of inclusion, a C2SP tlog-proof",
    .operands = "INDEX",
    .operands_min = 1,
    .operands_max = 1,
    .about = "Fetches the entry and its proof, verifies both against the newest checkpoint, and writes a\n"
             "tlog-proof file with the entry in its `extra` line (entries above 48 KiB are left out).\n",
    .example = "custody receipt 0 -o opening.tlog-proof",
    .uses = CTY_USE_READ,
    .options = options,
};
