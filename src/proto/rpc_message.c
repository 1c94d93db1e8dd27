/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening a message. Shapes read objects whose members are sorted and strings without escapes; a message may
 * have neither. So an unsorted message is brought into RFC 8785 form first, and then every string with escapes
 * is replaced in the tape by its value, which lives in the message's own memory.
 */
#include "proto/rpc.h"

void cty_rpc_done(struct cty_rpc_message *message)
{
    if (!message)
        return;
    cty_json_done(&message->json);
    cty_buf_done(&message->sorted);
    cty_buf_done(&message->strings);
}

static bool is_sorted(const struct cty_json *json)
{
    for (uint32_t i = 0; i < json->count; i++) {
        const struct cty_json_node *node = &json->nodes[i];
        if (node->name_escaped || (node->kind == CTY_JSON_OBJECT && !node->sorted))
            return false;
    }
    return true;
}

static custody_err scan_sorted(struct cty_rpc_message *message, struct cty_bytes text,
                               struct cty_json_limits limits, custody_error *error)
{
    CTY_TRY(cty_json_scan(&message->json, CTY_JSON_DOCUMENT, limits, text, error));
    if (is_sorted(&message->json))
        return CUSTODY_OK;
    /* RFC 8785 spells some numbers longer than their source. */
    message->sorted.limit = 4 * text.size + 64;
    cty_buf_clear(&message->sorted);
    CTY_TRY(cty_json_canonical(&message->json, &message->sorted));
    return cty_json_scan(&message->json, CTY_JSON_DOCUMENT, limits, cty_buf_bytes(&message->sorted), error);
}

static size_t escaped_size(const struct cty_json *json)
{
    size_t size = 0;
    for (uint32_t i = 0; i < json->count; i++) {
        if (json->nodes[i].kind == CTY_JSON_STRING && json->nodes[i].escaped)
            size += json->nodes[i].text.size;
    }
    return size;
}

/* Values are never longer than their spelling, so the memory is reserved once and never moves. */
static custody_err resolve_strings(struct cty_rpc_message *message)
{
    size_t size = escaped_size(&message->json);
    message->strings.limit = size;
    cty_buf_clear(&message->strings);
    if (size == 0)
        return CUSTODY_OK;
    CTY_TRY(cty_buf_reserve(&message->strings, size));
    for (uint32_t i = 0; i < message->json.count; i++) {
        struct cty_json_node *node = &message->json.nodes[i];
        if (node->kind != CTY_JSON_STRING || !node->escaped)
            continue;
        size_t before = message->strings.size;
        CTY_TRY(cty_json_string(node, &message->strings));
        node->text = cty_bytes_make(message->strings.data + before, message->strings.size - before);
        node->escaped = false;
    }
    return CUSTODY_OK;
}

custody_err cty_rpc_open(struct cty_rpc_message *message, struct cty_bytes text, uint32_t nodes_max,
                         custody_error *error)
{
    struct cty_json_limits limits = {CTY_MESSAGE_DEPTH_MAX, nodes_max};
    CTY_TRY(scan_sorted(message, text, limits, error));
    const struct cty_json_node *root = &message->json.nodes[0];
    message->batch = root->kind == CTY_JSON_ARRAY;
    message->count = message->batch ? root->count : 1;
    if (!message->batch && root->kind != CTY_JSON_OBJECT)
        return cty_fail(error, CUSTODY_E_BAD_RPC, "neither an object nor an array of objects");
    if (message->count == 0)
        return cty_fail(error, CUSTODY_E_BAD_RPC, "an empty batch");
    if (message->count > CTY_BATCH_MAX)
        return cty_fail(error, CUSTODY_E_TOO_LARGE, "more than %u calls in a batch", CTY_BATCH_MAX);
    return resolve_strings(message);
}

const struct cty_json_node *cty_rpc_first(const struct cty_rpc_message *message)
{
    const struct cty_json_node *root = &message->json.nodes[0];
    return message->batch ? cty_json_first(&message->json, root) : root;
}

const struct cty_json_node *cty_rpc_next(const struct cty_rpc_message *message, const struct cty_json_node *item)
{
    return message->batch ? cty_json_after(&message->json, &message->json.nodes[0], item) : NULL;
}
