/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/patch_tree.h"

#include "base/check.h"
#include "base/limits.h"
#include "codec/document.h"

/* No value is deeper than a payload: the scanner bounds what comes in, cty_patch_apply what grows. */
#define DEPTH_MAX CTY_PAYLOAD_DEPTH_MAX

static json_t *make(const struct cty_json_node *node)
{
    if (node->kind == CTY_JSON_OBJECT)
        return json_object();
    if (node->kind == CTY_JSON_ARRAY)
        return json_array();
    struct cty_bytes text = cty_document_value(node);
    return json_stringn_nocheck((const char *)text.data, text.size);
}

/* Puts `value` (taken) into its parent. */
static custody_err attach(json_t *parent, const struct cty_json_node *node, json_t *value)
{
    int failed = json_is_array(parent)
                     ? json_array_append_new(parent, value)
                     : json_object_setn_new_nocheck(parent, (const char *)node->name.data, node->name.size, value);
    return failed ? CUSTODY_E_NO_MEMORY : CUSTODY_OK;
}

/* Nodes stand in the tape in the order of the text, so that the containers still open make a stack. */
struct loader {
    json_t *root;
    json_t *parents[DEPTH_MAX];
    uint32_t ends[DEPTH_MAX];
    size_t depth;
};

static custody_err load_node(struct loader *l, const struct cty_json_node *node, uint32_t at)
{
    json_t *value = make(node);
    if (!value)
        return CUSTODY_E_NO_MEMORY;
    while (l->depth && l->ends[l->depth - 1] <= at)
        l->depth--;
    if (!l->root)
        l->root = value;
    else
        CTY_TRY(attach(l->parents[l->depth - 1], node, value));
    if (node->next == at + 1)
        return CUSTODY_OK;
    CTY_CHECK(l->depth < DEPTH_MAX);
    l->parents[l->depth] = value;
    l->ends[l->depth++] = node->next;
    return CUSTODY_OK;
}

custody_err cty_ptree_load(const struct cty_json *json, const struct cty_json_node *node, json_t **ret_value)
{
    struct loader l = {0};
    custody_err err = CUSTODY_OK;
    for (uint32_t at = (uint32_t)(node - json->nodes); at < node->next && err == CUSTODY_OK; at++)
        err = load_node(&l, &json->nodes[at], at);
    if (err == CUSTODY_OK)
        *ret_value = l.root;
    else
        json_decref(l.root);
    return err;
}

/* An open container and where its walk stands. */
struct frame {
    json_t *container;
    void *member;
    size_t index;
};

struct walk {
    struct cty_buf *out;
    struct cty_shape shape;
    struct frame frames[DEPTH_MAX];
    size_t depth;
};

static custody_err put(struct walk *w, const void *text, size_t size)
{
    w->shape.bytes += size;
    return w->out ? cty_buf_put(w->out, text, size) : CUSTODY_OK;
}

static custody_err enter(struct walk *w, json_t *value)
{
    w->shape.nodes++;
    if (w->depth + 1 > w->shape.depth)
        w->shape.depth = w->depth + 1;
    if (json_is_string(value))
        return put(w, json_string_value(value), json_string_length(value));
    CTY_CHECK(w->depth < DEPTH_MAX);
    w->frames[w->depth++] = (struct frame){
        .container = value,
        .member = json_is_object(value) ? json_object_iter(value) : NULL,
    };
    return put(w, json_is_object(value) ? "{" : "[", 1);
}

static custody_err leave(struct walk *w)
{
    json_t *container = w->frames[--w->depth].container;
    return put(w, json_is_object(container) ? "}" : "]", 1);
}

static custody_err next_element(struct walk *w, struct frame *frame)
{
    if (frame->index == json_array_size(frame->container))
        return leave(w);
    if (frame->index)
        CTY_TRY(put(w, ",", 1));
    return enter(w, json_array_get(frame->container, frame->index++));
}

static custody_err next_member(struct walk *w, struct frame *frame)
{
    void *member = frame->member;
    if (!member)
        return leave(w);
    frame->member = json_object_iter_next(frame->container, member);
    if (frame->index++)
        CTY_TRY(put(w, ",", 1));
    CTY_TRY(put(w, "\"", 1));
    CTY_TRY(put(w, json_object_iter_key(member), json_object_iter_key_len(member)));
    CTY_TRY(put(w, "\":", 2));
    return enter(w, json_object_iter_value(member));
}

custody_err cty_ptree_measure(json_t *value, struct cty_buf *out, struct cty_shape *ret_shape)
{
    struct walk w = {.out = out};
    CTY_TRY(enter(&w, value));
    while (w.depth) {
        struct frame *frame = &w.frames[w.depth - 1];
        if (json_is_object(frame->container))
            CTY_TRY(next_member(&w, frame));
        else
            CTY_TRY(next_element(&w, frame));
    }
    *ret_shape = w.shape;
    return CUSTODY_OK;
}
