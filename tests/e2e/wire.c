/* SPDX-License-Identifier: Apache-2.0 */
#include "wire.h"

#include <stdlib.h>

#include "base/check.h"
#include "codec/text.h"
#include "house.h"
#include "proto/claims.h"

#define SCRATCH_BYTES_MAX (16u * 1024u * 1024u)

void wire_open(struct wire *wire, const char *url)
{
    const struct cty_net_client_config config = {.url = url, .request_max = SCRATCH_BYTES_MAX};
    wire->text.limit = SCRATCH_BYTES_MAX;
    wire->reply.limit = CTY_REPLY_BYTES_MAX;
    must(cty_net_client_open(&config, &wire->net, &house_error));
}

void wire_close(struct wire *wire)
{
    cty_net_client_close(wire->net);
    cty_rpc_done(&wire->message);
    cty_buf_done(&wire->text);
    cty_buf_done(&wire->reply);
    wire->net = NULL;
}

custody_err wire_send(struct wire *wire, struct cty_bytes text)
{
    cty_buf_clear(&wire->reply);
    return cty_net_client_call(wire->net, text, HOUSE_PATIENCE_MS, &wire->reply, &house_error);
}

static bool is_text(const struct cty_rpc_message *message, const struct cty_json_node *object, const char *name)
{
    const struct cty_json_node *node = object ? cty_json_member(&message->json, object, name) : NULL;
    return node && node->kind == CTY_JSON_STRING && node->text.size > 0;
}

/* A refusal says what happened and what to do next. */
static void check_words(struct wire *wire)
{
    const struct cty_json_node *error = cty_json_member(&wire->message.json, cty_rpc_first(&wire->message), "error");
    must_be(is_text(&wire->message, error, "message"));
    const struct cty_json_node *data = cty_json_member(&wire->message.json, error, "data");
    must_be(is_text(&wire->message, data, "code") && is_text(&wire->message, data, "next"));
}

const char *wire_code(struct wire *wire, enum cty_rpc rpc)
{
    must(cty_rpc_open(&wire->message, cty_buf_bytes(&wire->reply), CTY_ANSWER_NODES_MAX, &house_error));
    must_be(!wire->message.batch);
    must(cty_rpc_answer_read(&wire->message, cty_rpc_first(&wire->message), rpc, &wire->answer, &wire->result,
                             &house_error));
    if (!wire->answer.failed)
        return custody_err_name(CUSTODY_OK);
    check_words(wire);
    return custody_err_name(wire->answer.failure.code);
}

const char *wire_ask(struct wire *wire, const char *text)
{
    custody_err err = wire_send(wire, cty_bytes_text(text));
    return err == CUSTODY_OK ? wire_code(wire, CTY_RPC_INFO) : custody_err_name(err);
}

const char *wire_call(struct wire *wire, enum cty_rpc rpc, const struct cty_rpc_params *params)
{
    struct cty_rpc_call call = {.id = {.kind = CTY_RPC_ID_NUMBER, .number = 1}, .rpc = rpc};
    if (params)
        call.params = *params;
    cty_buf_clear(&wire->text);
    must(cty_rpc_call_write(&call, &wire->text));
    custody_err err = wire_send(wire, cty_buf_bytes(&wire->text));
    return err == CUSTODY_OK ? wire_code(wire, rpc) : custody_err_name(err);
}

/* Salt and content in base64, one after the other; the views point into the buffer, which must not move. */
static void encode_content(struct cty_buf *memory, const struct cty_content *content, struct cty_rpc_blob *blob)
{
    size_t at = memory->size;
    must(cty_base64_format(cty_bytes_make(content->salt, CTY_SALT_SIZE), memory));
    blob->salt = cty_bytes_make(memory->data + at, memory->size - at);
    at = memory->size;
    must(cty_base64_format(content->content, memory));
    blob->content = cty_bytes_make(memory->data + at, memory->size - at);
    blob->member = content->member;
}

void wire_put_submit(struct cty_buf *out, struct cty_bytes envelope, const struct cty_content *contents,
                     uint32_t count)
{
    struct cty_rpc_call call = {.id = {.kind = CTY_RPC_ID_NUMBER, .number = 1}, .rpc = CTY_RPC_SUBMIT};
    struct cty_buf memory = CTY_BUF_INIT(SCRATCH_BYTES_MAX);
    size_t room = 1;
    for (uint32_t i = 0; i < count; i++)
        room += CTY_BASE64_SIZE(contents[i].content.size) + CTY_BASE64_SIZE(CTY_SALT_SIZE);
    must(cty_buf_reserve(&memory, room));
    for (uint32_t i = 0; i < count; i++)
        encode_content(&memory, &contents[i], &call.params.u.submit.blobs[i]);
    call.params.u.submit.blobs_count = count;
    call.params.u.submit.envelope = envelope;
    must(cty_rpc_call_write(&call, out));
    cty_buf_done(&memory);
}

const char *wire_submit(struct wire *wire, struct cty_bytes envelope, const struct cty_content *contents,
                        uint32_t count)
{
    cty_buf_clear(&wire->text);
    wire_put_submit(&wire->text, envelope, contents, count);
    custody_err err = wire_send(wire, cty_buf_bytes(&wire->text));
    return err == CUSTODY_OK ? wire_code(wire, CTY_RPC_SUBMIT) : custody_err_name(err);
}

const char *wire_submit_draft(struct wire *wire, const struct cty_draft *draft)
{
    struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    must(cty_statement_sign(&draft->statement, draft->secrets, draft->statement.signers_count, &envelope, NULL));
    const char *code = wire_submit(wire, cty_buf_bytes(&envelope), draft->contents, draft->contents_count);
    cty_buf_done(&envelope);
    return code;
}

const char *wire_session(struct wire *wire, const char *url, const struct cty_secret *secret,
                         struct cty_hash *ret_session)
{
    struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    struct cty_session_claim claim = {.actor = cty_secret_name(secret), .door = cty_bytes_text(url),
                                      .ledger = CTY_LITERAL(HOUSE_ORIGIN), .time = wall_ms()};
    must_be(strcmp(wire_call(wire, CTY_RPC_SESSION_CHALLENGE, NULL), "ok") == 0);
    memcpy(claim.server_nonce, wire->result.session_challenge.server_nonce, sizeof(claim.server_nonce));
    cty_random(claim.client_nonce, sizeof(claim.client_nonce));
    must(cty_session_claim_sign(&claim, secret, &envelope));
    struct cty_rpc_params params = {.u.session_open.envelope = cty_buf_bytes(&envelope)};
    const char *code = wire_call(wire, CTY_RPC_SESSION_OPEN, &params);
    if (!wire->answer.failed)
        *ret_session = wire->result.session_open.session;
    cty_buf_done(&envelope);
    return code;
}
