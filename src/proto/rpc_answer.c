/* SPDX-License-Identifier: Apache-2.0 */
/* Answers: written and read. */
#include "proto/rpc.h"

#include <stdio.h>

#include "model/shape_rows.h"
#include "proto/rpc_inner.h"

/* What the number in `error.code` says is the class of JSON-RPC's own; `data.code` is what counts. */
int cty_rpc_number(custody_err code)
{
    if (code == CUSTODY_E_BAD_JSON || code == CUSTODY_E_DUPLICATE_MEMBER || code == CUSTODY_E_BAD_NUMBER ||
        code == CUSTODY_E_TOO_DEEP)
        return -32700;
    if (code == CUSTODY_E_BAD_RPC)
        return -32600;
    if (code == CUSTODY_E_METHOD_UNKNOWN)
        return -32601;
    if (code == CUSTODY_E_BAD_PARAMS)
        return -32602;
    return -32000;
}

custody_err cty_rpc_answers_begin(struct cty_rpc_answers *answers, bool batch, struct cty_buf *out)
{
    *answers = (struct cty_rpc_answers){.out = out, .batch = batch};
    return batch ? cty_buf_put_byte(out, '[') : CUSTODY_OK;
}

custody_err cty_rpc_answers_end(struct cty_rpc_answers *answers)
{
    CTY_CHECK(answers->batch || answers->count == 1);
    return answers->batch ? cty_buf_put_byte(answers->out, ']') : CUSTODY_OK;
}

/* One byte is kept for the bracket that ends a batch. */
static custody_err finish(struct cty_rpc_answers *answers, size_t before, custody_err err)
{
    struct cty_buf *out = answers->out;
    if (err == CUSTODY_OK && answers->batch)
        err = cty_buf_reserve(out, 1);
    if (err == CUSTODY_OK)
        answers->count++;
    else
        out->size = before;
    return err;
}

static custody_err put_comma(struct cty_rpc_answers *answers)
{
    return answers->batch && answers->count ? cty_buf_put_byte(answers->out, ',') : CUSTODY_OK;
}

static custody_err write_result(struct cty_buf *out, const struct cty_rpc_id *id, enum cty_rpc rpc,
                                const union cty_rpc_result *result)
{
    struct cty_jw jw;
    cty_jw_begin(&jw, out);
    cty_jw_object(&jw);
    cty_rpc_id_write(id, &jw);
    cty_jw_name(&jw, "jsonrpc");
    cty_jw_text(&jw, "2.0");
    cty_jw_name(&jw, "result");
    cty_shape_encode(cty_rpc_method(rpc)->result, NULL, result, &jw);
    cty_jw_object_end(&jw);
    return cty_jw_end(&jw);
}

custody_err cty_rpc_answers_put_result(struct cty_rpc_answers *answers, const struct cty_rpc_id *id, enum cty_rpc rpc,
                                       const union cty_rpc_result *result)
{
    size_t before = answers->out->size;
    custody_err err = put_comma(answers);
    if (err == CUSTODY_OK)
        err = write_result(answers->out, id, rpc, result);
    return finish(answers, before, err);
}

/* The members of an error, which are JSON-RPC's, and of its `data`, which are ours. */
struct failure_data {
    struct cty_bytes code;
    struct cty_bytes detail;
    struct cty_bytes next;
    struct cty_bytes refusal;
    uint64_t retry_after_ms;
};
static const struct cty_field data_fields[] = {
    TEXT(struct failure_data, code, "code", WORD),
    TEXT(struct failure_data, detail, "detail", ANY),
    TEXT(struct failure_data, next, "next", ANY),
    OPT_TEXT(struct failure_data, refusal, "refusal", ANY),
    OPT_U64(struct failure_data, retry_after_ms, "retry_after_ms"),
};
static const struct cty_shape data_shape = CTY_SHAPE(data_fields);

static void write_data(struct cty_jw *jw, const struct cty_rpc_failure *failure)
{
    struct failure_data data = {
        .code = cty_bytes_text(custody_err_name(failure->code)),
        .detail = failure->detail,
        .next = cty_bytes_text(custody_err_next(failure->code)),
        .refusal = failure->refusal,
        .retry_after_ms = failure->retry_after_ms,
    };
    cty_shape_encode(&data_shape, NULL, &data, jw);
}

static custody_err write_failure(struct cty_buf *out, const struct cty_rpc_id *id,
                                 const struct cty_rpc_failure *failure)
{
    char number[16];
    int size = snprintf(number, sizeof(number), "%d", cty_rpc_number(failure->code));
    struct cty_jw jw;
    cty_jw_begin(&jw, out);
    cty_jw_object(&jw);
    cty_jw_name(&jw, "error");
    cty_jw_object(&jw);
    cty_jw_name(&jw, "code");
    cty_jw_raw(&jw, cty_bytes_make(number, (size_t)size));
    cty_jw_name(&jw, "data");
    write_data(&jw, failure);
    cty_jw_name(&jw, "message");
    cty_jw_text(&jw, custody_err_sentence(failure->code));
    cty_jw_object_end(&jw);
    cty_rpc_id_write(id, &jw);
    cty_jw_name(&jw, "jsonrpc");
    cty_jw_text(&jw, "2.0");
    cty_jw_object_end(&jw);
    return cty_jw_end(&jw);
}

custody_err cty_rpc_answers_put_failure(struct cty_rpc_answers *answers, const struct cty_rpc_id *id,
                                        const struct cty_rpc_failure *failure)
{
    size_t before = answers->out->size;
    custody_err err = put_comma(answers);
    if (err == CUSTODY_OK)
        err = write_failure(answers->out, id, failure);
    return finish(answers, before, err);
}

/* An error's number may be negative, which no shape has; it is not read, `data.code` is. */
struct failure_text {
    struct cty_bytes code;
    struct failure_data data;
    struct cty_bytes message;
};
static const struct cty_field failure_fields[] = {
    RAW(struct failure_text, code, "code", NULL),
    OBJECT(struct failure_text, data, "data", data_shape),
    TEXT(struct failure_text, message, "message", ANY),
};
static const struct cty_shape failure_shape = CTY_SHAPE(failure_fields);

static custody_err code_of(struct cty_bytes name)
{
    char text[CTY_WORD_BYTES_MAX + 1];
    memcpy(text, name.data, name.size);
    text[name.size] = 0;
    custody_err code = custody_err_parse(text);
    return code == CUSTODY_OK ? CUSTODY_E_INTERNAL : code;
}

static custody_err read_failure(const struct cty_json *json, const struct cty_json_node *node,
                                struct cty_rpc_failure *ret_failure, custody_error *error)
{
    struct failure_text text = {0};
    custody_error inner = {0};
    if (cty_shape_decode(&failure_shape, NULL, json, node, &text, &inner) != CUSTODY_OK)
        return cty_fail(error, CUSTODY_E_BAD_RPC, "the error: %s", inner.detail);
    *ret_failure = (struct cty_rpc_failure){
        .code = code_of(text.data.code),
        .detail = text.data.detail,
        .retry_after_ms = text.data.retry_after_ms,
        .refusal = text.data.refusal,
    };
    return CUSTODY_OK;
}

static custody_err read_result(const struct cty_json *json, const struct cty_json_node *node, enum cty_rpc rpc,
                               union cty_rpc_result *ret_result, custody_error *error)
{
    memset(ret_result, 0, sizeof(*ret_result));
    custody_error inner = {0};
    custody_err err = cty_shape_decode(cty_rpc_method(rpc)->result, NULL, json, node, ret_result, &inner);
    if (err != CUSTODY_OK)
        return cty_fail(error, CUSTODY_E_BAD_RPC, "the result of %s: %s", cty_rpc_method(rpc)->name, inner.detail);
    return CUSTODY_OK;
}

static custody_err read_answer_id(const struct cty_json_node *node, struct cty_rpc_id *ret_id)
{
    if (!node)
        return CUSTODY_E_BAD_RPC;
    if (node->kind == CTY_JSON_NULL) {
        *ret_id = (struct cty_rpc_id){.kind = CTY_RPC_ID_NULL};
        return CUSTODY_OK;
    }
    return cty_rpc_id_read(node, ret_id);
}

custody_err cty_rpc_answer_read(const struct cty_rpc_message *message, const struct cty_json_node *item,
                                enum cty_rpc rpc, struct cty_rpc_answer *ret_answer,
                                union cty_rpc_result *ret_result, custody_error *error)
{
    const struct cty_json *json = &message->json;
    memset(ret_answer, 0, sizeof(*ret_answer));
    const struct cty_json_node *jsonrpc = cty_json_member(json, item, "jsonrpc");
    const struct cty_json_node *failure = cty_json_member(json, item, "error");
    const struct cty_json_node *result = cty_json_member(json, item, "result");
    if (!jsonrpc || !cty_bytes_is(jsonrpc->text, "2.0") || !failure == !result || item->count != 3)
        return cty_fail(error, CUSTODY_E_BAD_RPC, "not an answer");
    if (read_answer_id(cty_json_member(json, item, "id"), &ret_answer->id) != CUSTODY_OK)
        return cty_fail(error, CUSTODY_E_BAD_RPC, "the answer's id is not of its form");
    ret_answer->failed = failure != NULL;
    ret_answer->result = result;
    if (failure)
        return read_failure(json, failure, &ret_answer->failure, error);
    return read_result(json, result, rpc, ret_result, error);
}

const struct cty_json_node *cty_rpc_list(const struct cty_rpc_message *message, const struct cty_rpc_answer *answer,
                                         const char *name)
{
    const struct cty_json_node *node = answer->result ? cty_json_member(&message->json, answer->result, name) : NULL;
    return node && node->kind == CTY_JSON_ARRAY ? node : NULL;
}
