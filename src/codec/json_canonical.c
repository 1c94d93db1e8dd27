/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a tape to RFC 8785 text. A string without escapes is already what RFC 8785 prints, and a number that
 * passed the scanner is printed from its own digits.
 */
#include <stdlib.h>

#include "base/check.h"
#include "codec/json_inner.h"

/* An open container and the child to be written next; `members` where the tape is not in sorted order. */
struct frame {
    const struct cty_json_node *container;
    const struct cty_json_node *child;
    const struct cty_json_node **members;
    uint32_t written;
};

struct walk {
    const struct cty_json *json;
    struct cty_buf *out;
    struct cty_buf scratch;
    struct frame *frames;
    size_t depth;
    size_t capacity;
};

static custody_err frames_grow(struct walk *w)
{
    size_t capacity = w->capacity ? w->capacity * 2 : 16;
    struct frame *frames = reallocarray(w->frames, capacity, sizeof(*frames));
    if (!frames)
        return CUSTODY_E_NO_MEMORY;
    w->frames = frames;
    w->capacity = capacity;
    return CUSTODY_OK;
}

static custody_err put_text(struct walk *w, struct cty_bytes text, bool escaped)
{
    if (escaped) {
        cty_buf_clear(&w->scratch);
        CTY_TRY(cty_json_unescape(text, true, &w->scratch));
        return cty_json_put_string(w->out, cty_buf_bytes(&w->scratch));
    }
    CTY_TRY(cty_buf_put_byte(w->out, '"'));
    CTY_TRY(cty_buf_put_bytes(w->out, text));
    return cty_buf_put_byte(w->out, '"');
}

static custody_err put_number(struct walk *w, struct cty_bytes text)
{
    struct cty_decimal decimal;
    CTY_TRY(cty_number_read(text, &decimal));
    return cty_number_put(w->out, &decimal);
}

static custody_err enter(struct walk *w, const struct cty_json_node *container)
{
    if (w->depth == w->capacity)
        CTY_TRY(frames_grow(w));
    struct frame *frame = &w->frames[w->depth];
    *frame = (struct frame){.container = container, .child = cty_json_first(w->json, container)};
    if (container->kind == CTY_JSON_OBJECT && !container->sorted) {
        CTY_TRY(cty_json_sorted(w->json, container, &frame->members));
        frame->child = frame->members[0];
    }
    w->depth++;
    return cty_buf_put_byte(w->out, container->kind == CTY_JSON_OBJECT ? '{' : '[');
}

static custody_err leave(struct walk *w)
{
    struct frame *frame = &w->frames[--w->depth];
    free(frame->members);
    return cty_buf_put_byte(w->out, frame->container->kind == CTY_JSON_OBJECT ? '}' : ']');
}

static custody_err put_value(struct walk *w, const struct cty_json_node *node)
{
    switch (node->kind) {
    case CTY_JSON_NULL:
    case CTY_JSON_FALSE:
    case CTY_JSON_TRUE:
        return cty_buf_put_bytes(w->out, node->text);
    case CTY_JSON_NUMBER:
        return put_number(w, node->text);
    case CTY_JSON_STRING:
        return put_text(w, node->text, node->escaped);
    case CTY_JSON_ARRAY:
    case CTY_JSON_OBJECT:
        return enter(w, node);
    }
    return CUSTODY_E_INTERNAL;
}

/* Takes the innermost container's next child; NULL if all are written. */
static const struct cty_json_node *next_child(struct walk *w)
{
    struct frame *frame = &w->frames[w->depth - 1];
    const struct cty_json_node *child = frame->child;
    if (frame->written == frame->container->count)
        return NULL;
    frame->written++;
    if (!frame->members)
        frame->child = cty_json_after(w->json, frame->container, child);
    else if (frame->written < frame->container->count)
        frame->child = frame->members[frame->written];
    return child;
}

static custody_err put_child(struct walk *w)
{
    const struct cty_json_node *child = next_child(w);
    if (!child)
        return leave(w);
    const struct frame *frame = &w->frames[w->depth - 1];
    if (frame->written > 1)
        CTY_TRY(cty_buf_put_byte(w->out, ','));
    if (frame->container->kind == CTY_JSON_OBJECT) {
        CTY_TRY(put_text(w, child->name, child->name_escaped));
        CTY_TRY(cty_buf_put_byte(w->out, ':'));
    }
    return put_value(w, child);
}

custody_err cty_json_canonical(const struct cty_json *json, struct cty_buf *out)
{
    CTY_CHECK(json->count > 0);
    struct walk w = {.json = json, .out = out, .scratch = CTY_BUF_INIT(SIZE_MAX)};
    size_t before = out->size;
    custody_err err = put_value(&w, &json->nodes[0]);
    while (err == CUSTODY_OK && w.depth)
        err = put_child(&w);
    while (w.depth)
        free(w.frames[--w.depth].members);
    free(w.frames);
    cty_buf_done(&w.scratch);
    if (err != CUSTODY_OK)
        out->size = before;
    return err;
}
