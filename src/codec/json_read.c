/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/json.h"

#include <stdlib.h>

#include "codec/json_inner.h"

void cty_json_done(struct cty_json *json)
{
    if (!json)
        return;
    free(json->nodes);
    *json = CTY_JSON_INIT;
}

const struct cty_json_node *cty_json_first(const struct cty_json *json, const struct cty_json_node *parent)
{
    if (parent->kind != CTY_JSON_OBJECT && parent->kind != CTY_JSON_ARRAY)
        return NULL;
    return parent->count ? json->nodes + (parent - json->nodes) + 1 : NULL;
}

const struct cty_json_node *cty_json_after(const struct cty_json *json, const struct cty_json_node *parent,
                                           const struct cty_json_node *child)
{
    return child->next < parent->next ? &json->nodes[child->next] : NULL;
}

static bool name_is(const struct cty_json_node *node, struct cty_bytes name)
{
    return node->name_escaped ? cty_json_order(node->name, true, name, false) == 0
                              : cty_bytes_equal(node->name, name);
}

const struct cty_json_node *cty_json_member(const struct cty_json *json, const struct cty_json_node *object,
                                            const char *name)
{
    if (object->kind != CTY_JSON_OBJECT)
        return NULL;
    struct cty_bytes wanted = cty_bytes_text(name);
    const struct cty_json_node *child = cty_json_first(json, object);
    while (child && !name_is(child, wanted))
        child = cty_json_after(json, object, child);
    return child;
}

custody_err cty_json_string(const struct cty_json_node *node, struct cty_buf *out)
{
    if (node->kind != CTY_JSON_STRING)
        return CUSTODY_E_BAD_MEMBER;
    return cty_json_unescape(node->text, node->escaped, out);
}

custody_err cty_json_u64(const struct cty_json_node *node, uint64_t max, uint64_t *ret_number)
{
    if (node->kind != CTY_JSON_NUMBER)
        return CUSTODY_E_BAD_MEMBER;
    return cty_u64_parse(node->text, max, ret_number);
}
