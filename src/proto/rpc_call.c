/* SPDX-License-Identifier: Apache-2.0 */
/* Calls: read and written. */
#include "proto/rpc.h"

#include "base/check.h"
#include "proto/rpc_inner.h"

custody_err cty_rpc_id_read(const struct cty_json_node *node, struct cty_rpc_id *ret_id)
{
    struct cty_rpc_id id = {.kind = CTY_RPC_ID_TEXT, .text = node->text};
    if (node->kind == CTY_JSON_STRING && node->text.size <= CTY_CALL_ID_BYTES_MAX) {
        *ret_id = id;
        return CUSTODY_OK;
    }
    id = (struct cty_rpc_id){.kind = CTY_RPC_ID_NUMBER};
    if (cty_json_u64(node, CTY_NUMBER_MAX, &id.number) != CUSTODY_OK)
        return CUSTODY_E_BAD_RPC;
    *ret_id = id;
    return CUSTODY_OK;
}

void cty_rpc_id_write(const struct cty_rpc_id *id, struct cty_jw *jw)
{
    cty_jw_name(jw, "id");
    switch (id->kind) {
    case CTY_RPC_ID_NULL:
        cty_jw_raw(jw, CTY_LITERAL("null"));
        return;
    case CTY_RPC_ID_NUMBER:
        cty_jw_u64(jw, id->number);
        return;
    case CTY_RPC_ID_TEXT:
        cty_jw_string(jw, id->text);
        return;
    }
}

/* The four members of a call, as nodes. */
struct call_nodes {
    const struct cty_json_node *id;
    const struct cty_json_node *jsonrpc;
    const struct cty_json_node *method;
    const struct cty_json_node *params;
};

static custody_err sort_member(const struct cty_json_node *member, struct call_nodes *nodes, custody_error *error)
{
    if (cty_bytes_is(member->name, "id"))
        nodes->id = member;
    else if (cty_bytes_is(member->name, "jsonrpc"))
        nodes->jsonrpc = member;
    else if (cty_bytes_is(member->name, "method"))
        nodes->method = member;
    else if (cty_bytes_is(member->name, "params"))
        nodes->params = member;
    else
        return cty_fail(error, CUSTODY_E_BAD_RPC, "member %.*s is not known",
                        (int)(member->name.size < 64 ? member->name.size : 64), (const char *)member->name.data);
    return CUSTODY_OK;
}

/* The id comes first, so that whatever else is wrong is answered under it. */
static custody_err read_id(const struct cty_json *json, const struct cty_json_node *item, struct cty_rpc_id *ret_id,
                           custody_error *error)
{
    const struct cty_json_node *id = cty_json_member(json, item, "id");
    if (!id)
        return cty_fail(error, CUSTODY_E_BAD_RPC, "no id; notifications are not taken");
    if (cty_rpc_id_read(id, ret_id) != CUSTODY_OK)
        return cty_fail(error, CUSTODY_E_BAD_RPC, "the id is neither a whole number nor a string of at most %u bytes",
                        CTY_CALL_ID_BYTES_MAX);
    return CUSTODY_OK;
}

static custody_err read_nodes(const struct cty_json *json, const struct cty_json_node *item,
                              struct call_nodes *ret_nodes, custody_error *error)
{
    struct call_nodes nodes = {0};
    for (const struct cty_json_node *member = cty_json_first(json, item); member;
         member = cty_json_after(json, item, member))
        CTY_TRY(sort_member(member, &nodes, error));
    if (!nodes.jsonrpc || nodes.jsonrpc->kind != CTY_JSON_STRING || !cty_bytes_is(nodes.jsonrpc->text, "2.0"))
        return cty_fail(error, CUSTODY_E_BAD_RPC, "jsonrpc is not \"2.0\"");
    if (!nodes.method || nodes.method->kind != CTY_JSON_STRING)
        return cty_fail(error, CUSTODY_E_BAD_RPC, "method is not a string");
    if (nodes.params && nodes.params->kind != CTY_JSON_OBJECT)
        return cty_fail(error, CUSTODY_E_BAD_RPC, "params is not an object");
    *ret_nodes = nodes;
    return CUSTODY_OK;
}

/* Nothing sent is an object without members. */
static custody_err read_params(const struct cty_json *json, const struct cty_json_node *params, enum cty_rpc rpc,
                               struct cty_rpc_params *ret_params, custody_error *error)
{
    static const struct cty_json_node empty_node = {.kind = CTY_JSON_OBJECT, .next = 1};
    const struct cty_json empty = {NULL, 0, 0};
    const struct cty_shape *own = cty_rpc_method(rpc)->params;
    custody_error inner = {0};
    custody_err err = params ? cty_shape_decode(&cty_shape_rpc_session, own, json, params, ret_params, &inner)
                             : cty_shape_decode(&cty_shape_rpc_session, own, &empty, &empty_node, ret_params, &inner);
    if (err == CUSTODY_OK)
        return CUSTODY_OK;
    return cty_fail(error, CUSTODY_E_BAD_PARAMS, "%s: %s", custody_err_name(err), inner.detail);
}

custody_err cty_rpc_call_read(const struct cty_rpc_message *message, const struct cty_json_node *item,
                              struct cty_rpc_call *ret_call, custody_error *error)
{
    memset(ret_call, 0, sizeof(*ret_call));
    if (item->kind != CTY_JSON_OBJECT)
        return cty_fail(error, CUSTODY_E_BAD_RPC, "a call is not an object");
    struct call_nodes nodes = {0};
    CTY_TRY(read_id(&message->json, item, &ret_call->id, error));
    CTY_TRY(read_nodes(&message->json, item, &nodes, error));
    if (cty_rpc_find(nodes.method->text, &ret_call->rpc) != CUSTODY_OK)
        return cty_fail(error, CUSTODY_E_METHOD_UNKNOWN, "method %.*s",
                        (int)(nodes.method->text.size < 64 ? nodes.method->text.size : 64),
                        (const char *)nodes.method->text.data);
    return read_params(&message->json, nodes.params, ret_call->rpc, &ret_call->params, error);
}

custody_err cty_rpc_call_write(const struct cty_rpc_call *call, struct cty_buf *out)
{
    const struct cty_rpc_method *method = cty_rpc_method(call->rpc);
    struct cty_jw jw;
    cty_jw_begin(&jw, out);
    cty_jw_object(&jw);
    cty_rpc_id_write(&call->id, &jw);
    cty_jw_name(&jw, "jsonrpc");
    cty_jw_text(&jw, "2.0");
    cty_jw_name(&jw, "method");
    cty_jw_text(&jw, method->name);
    cty_jw_name(&jw, "params");
    cty_shape_encode(&cty_shape_rpc_session, method->params, &call->params, &jw);
    cty_jw_object_end(&jw);
    return cty_jw_end(&jw);
}
