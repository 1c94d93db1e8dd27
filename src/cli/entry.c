/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/entry.h"

#include "base/check.h"

void cty_entry_copy_done(struct cty_entry_copy *copy)
{
    cty_buf_done(&copy->text);
    cty_buf_done(&copy->receipt);
}

static custody_err take_proof(struct cty_cli *cli, struct cty_client *client, uint64_t index, struct cty_bytes entry,
                              struct cty_bytes text, struct cty_buf *ret_receipt)
{
    CTY_AUTO_FREE struct cty_receipt *receipt = cty_alloc(1, sizeof(*receipt));
    struct cty_checkpoint checkpoint;
    if (!receipt)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    CTY_TRY(cty_buf_put_bytes(ret_receipt, text));
    CTY_TRY(cty_client_take_receipt(client, cty_buf_bytes(ret_receipt), entry, receipt, &checkpoint, &cli->error));
    if (receipt->index != index)
        return cty_fail(&cli->error, CUSTODY_E_PROOF_INVALID, "a proof of entry %llu was given for entry %llu",
                        (unsigned long long)receipt->index, (unsigned long long)index);
    return CUSTODY_OK;
}

custody_err cty_entry_prove(struct cty_cli *cli, struct cty_client *client, uint64_t index, struct cty_bytes entry,
                            struct cty_buf *ret_receipt)
{
    struct cty_rpc_params params = {.session = {.present = false}};
    CTY_AUTO_FREE struct cty_answer *answer = cty_alloc(1, sizeof(*answer));
    if (!answer)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    cty_buf_clear(ret_receipt);
    ret_receipt->limit = CTY_NOTE_BYTES_MAX * 2;
    params.u.proof_inclusion.index = index;
    custody_err err = cty_client_call(client, CTY_RPC_PROOF_INCLUSION, &params, answer, &cli->error);
    if (err == CUSTODY_OK)
        err = take_proof(cli, client, index, entry, answer->result.proof_inclusion.receipt, ret_receipt);
    cty_answer_done(answer);
    return err;
}

static custody_err fetch_text(struct cty_cli *cli, struct cty_client *client, uint64_t index, struct cty_buf *ret_text)
{
    struct cty_rpc_params params = {.session = {.present = false}};
    CTY_AUTO_FREE struct cty_answer *answer = cty_alloc(1, sizeof(*answer));
    if (!answer)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    params.u.entries.from = index;
    params.u.entries.count = 1;
    custody_err err = cty_client_call(client, CTY_RPC_ENTRIES, &params, answer, &cli->error);
    const struct cty_json_node *list =
        err == CUSTODY_OK ? cty_rpc_list(&answer->message, &answer->answer, "entries") : NULL;
    const struct cty_json_node *first = list ? cty_json_first(&answer->message.json, list) : NULL;
    if (err == CUSTODY_OK)
        err = first ? cty_buf_put_bytes(ret_text, first->text)
                    : cty_fail(&cli->error, CUSTODY_E_NOT_FOUND, "entry %llu", (unsigned long long)index);
    cty_answer_done(answer);
    return err;
}

custody_err cty_entry_fetch(struct cty_cli *cli, struct cty_client *client, uint64_t index,
                            struct cty_entry_copy *ret_copy)
{
    ret_copy->index = index;
    ret_copy->text.limit = CTY_ENTRY_BYTES_MAX;
    CTY_TRY(fetch_text(cli, client, index, &ret_copy->text));
    return cty_entry_prove(cli, client, index, cty_buf_bytes(&ret_copy->text), &ret_copy->receipt);
}
