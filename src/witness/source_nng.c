/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/check.h"
#include "codec/text.h"
#include "net/client.h"
#include "net/url.h"
#include "proto/rpc.h"
#include "witness/source.h"

#define CALL_MS 10000u
#define CONNECT_MS 3000u

struct nng_source {
    struct cty_net_client *client;
    struct cty_rpc_message message; /* of the newest answer */
    struct cty_buf request, reply;
};

static void close_source(void *context)
{
    struct nng_source *source = context;
    cty_net_client_close(source->client);
    cty_rpc_done(&source->message);
    cty_buf_done(&source->request);
    cty_buf_done(&source->reply);
    free(source);
}

static custody_err ask(struct nng_source *source, const struct cty_rpc_call *call, union cty_rpc_result *ret_result,
                       custody_error *error)
{
    struct cty_rpc_answer answer;
    cty_buf_clear(&source->request);
    cty_buf_done(&source->reply);
    CTY_TRY(cty_rpc_call_write(call, &source->request));
    CTY_TRY(cty_net_client_call(source->client, cty_buf_bytes(&source->request), CALL_MS, &source->reply, error));
    CTY_TRY(cty_rpc_open(&source->message, cty_buf_bytes(&source->reply), CTY_ANSWER_NODES_MAX, error));
    const struct cty_json_node *item = source->message.batch ? NULL : cty_rpc_first(&source->message);
    if (!item)
        return cty_fail(error, CUSTODY_E_BAD_RPC, "no single answer");
    CTY_TRY(cty_rpc_answer_read(&source->message, item, call->rpc, &answer, ret_result, error));
    return answer.failed ? cty_fail(error, answer.failure.code, "%.*s", (int)answer.failure.detail.size,
                                    (const char *)answer.failure.detail.data)
                         : CUSTODY_OK;
}

static custody_err newest(void *context, struct cty_buf *note, custody_error *error)
{
    struct cty_rpc_call call = {.id = {.kind = CTY_RPC_ID_NUMBER, .number = 1}, .rpc = CTY_RPC_CHECKPOINT};
    union cty_rpc_result result;
    memset(&result, 0, sizeof(result));
    CTY_TRY(ask(context, &call, &result, error));
    return cty_buf_put_bytes(note, result.checkpoint.checkpoint);
}

static custody_err consistency(void *context, uint64_t old_size, const struct cty_checkpoint *large,
                               struct cty_proof *ret_proof, struct cty_hash *ret_old_root, custody_error *error)
{
    struct cty_rpc_call call = {.id = {.kind = CTY_RPC_ID_NUMBER, .number = 1}, .rpc = CTY_RPC_PROOF_CONSISTENCY};
    union cty_rpc_result result;
    memset(&result, 0, sizeof(result));
    call.params.u.proof_consistency.from = old_size;
    call.params.u.proof_consistency.to = large->size;
    CTY_TRY(ask(context, &call, &result, error));
    ret_proof->count = result.proof_consistency.hashes_count;
    for (size_t i = 0; i < ret_proof->count; i++) {
        if (cty_base64_parse_into(result.proof_consistency.hashes[i], ret_proof->hashes[i].bytes, CTY_HASH_SIZE) != CUSTODY_OK)
            return cty_fail(error, CUSTODY_E_BAD_RPC, "a hash of the proof");
    }
    *ret_old_root = result.proof_consistency.root_from;
    return CUSTODY_OK;
}

custody_err cty_witness_source_nng(const char *url, struct cty_bytes certificate, const atomic_bool *stop,
                                   struct cty_witness_source *ret_source, custody_error *error)
{
    struct nng_source *source = cty_alloc(1, sizeof(*source));
    if (!source)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    source->request = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
    source->reply = CTY_BUF_INIT(CTY_ANSWER_BYTES_MAX);
    const struct cty_net_client_config config = {.url = url, .pin = {.certificate = certificate}, .connect_ms = CONNECT_MS,
                                                 .reply_max = CTY_ANSWER_BYTES_MAX, .stop = stop};
    custody_err err = cty_net_client_open(&config, &source->client, error);
    if (err != CUSTODY_OK) {
        close_source(source);
        return err;
    }
    *ret_source = (struct cty_witness_source){source, newest, consistency, close_source, false};
    return CUSTODY_OK;
}
