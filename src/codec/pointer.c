/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/pointer.h"

#include "codec/document.h"
#include "codec/json_inner.h"
#include "codec/patch.h"

custody_err cty_pointer_check(struct cty_bytes pointer)
{
    if (pointer.size == 0)
        return CUSTODY_OK;
    if (pointer.data[0] != '/' || memchr(pointer.data, 0, pointer.size) || !cty_bytes_is_utf8(pointer))
        return CUSTODY_E_BAD_POINTER;
    for (size_t i = 0; i < pointer.size; i++) {
        if (pointer.data[i] != '~')
            continue;
        if (i + 1 == pointer.size || (pointer.data[i + 1] != '0' && pointer.data[i + 1] != '1'))
            return CUSTODY_E_BAD_POINTER;
    }
    return CUSTODY_OK;
}

custody_err cty_pointer_next(struct cty_bytes *pointer, struct cty_buf *ret_token)
{
    cty_buf_clear(ret_token);
    size_t at = 1;
    for (; at < pointer->size && pointer->data[at] != '/'; at++) {
        uint8_t c = pointer->data[at];
        if (c == '~')
            c = pointer->data[++at] == '0' ? '~' : '/';
        CTY_TRY(cty_buf_put_byte(ret_token, c));
    }
    *pointer = cty_bytes_make(pointer->data + at, pointer->size - at);
    return CUSTODY_OK;
}

custody_err cty_pointer_index(struct cty_bytes token, size_t count, size_t *ret_index)
{
    uint64_t index = 0;
    if (count == 0 || cty_u64_parse(token, count - 1, &index) != CUSTODY_OK)
        return CUSTODY_E_BAD_POINTER;
    *ret_index = (size_t)index;
    return CUSTODY_OK;
}

custody_err cty_pointer_put(struct cty_buf *pointer, struct cty_bytes token)
{
    CTY_TRY(cty_buf_put_byte(pointer, '/'));
    for (size_t i = 0; i < token.size; i++) {
        uint8_t c = token.data[i];
        if (c == '~' || c == '/')
            CTY_TRY(cty_buf_put_text(pointer, c == '~' ? "~0" : "~1"));
        else
            CTY_TRY(cty_buf_put_byte(pointer, c));
    }
    return CUSTODY_OK;
}

static const struct cty_json_node *element(const struct cty_json *json, const struct cty_json_node *array,
                                           struct cty_bytes token)
{
    size_t index = 0;
    if (cty_pointer_index(token, array->count, &index) != CUSTODY_OK)
        return NULL;
    const struct cty_json_node *child = cty_json_first(json, array);
    for (; index; index--)
        child = cty_json_after(json, array, child);
    return child;
}

static const struct cty_json_node *step(const struct cty_json *json, const struct cty_json_node *node,
                                        struct cty_buf *token)
{
    if (node->kind == CTY_JSON_ARRAY)
        return element(json, node, cty_buf_bytes(token));
    const char *name = cty_buf_text(token);
    return name ? cty_json_member(json, node, name) : NULL;
}

static custody_err walk(const struct cty_json *json, struct cty_bytes pointer, struct cty_buf *token,
                        const struct cty_json_node **ret_node)
{
    *ret_node = &json->nodes[0];
    while (pointer.size) {
        CTY_TRY(cty_pointer_next(&pointer, token));
        *ret_node = step(json, *ret_node, token);
        if (!*ret_node)
            return CUSTODY_E_BAD_POINTER;
    }
    return CUSTODY_OK;
}

custody_err cty_pointer_get(struct cty_bytes document, struct cty_bytes pointer, struct cty_buf *ret_value,
                            custody_error *error)
{
    struct cty_json json = CTY_JSON_INIT;
    struct cty_buf token = CTY_BUF_INIT(SIZE_MAX);
    const struct cty_json_node *node = NULL;
    custody_err err = cty_pointer_check(pointer);
    if (err != CUSTODY_OK)
        return cty_fail(error, err, "the pointer is malformed");
    CTY_TRY_OUT(cty_payload_scan(&json, cty_payload_limits, document, error));
    err = walk(&json, pointer, &token, &node);
    if (err == CUSTODY_OK)
        err = cty_buf_put_bytes(ret_value, cty_document_value(node));
    if (err != CUSTODY_OK)
        cty_fail(error, err, "%.*s", (int)(pointer.size > 200 ? 200 : pointer.size), (const char *)pointer.data);
out:
    cty_buf_done(&token);
    cty_json_done(&json);
    return err;
}
