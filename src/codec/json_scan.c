/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scanner: one pass, no recursion, one node for each value.
 *
 * The stack lies in the tape itself: as long as a container is open, its `next` holds the index of the
 * container around it; when it closes, `next` gets its lasting meaning. The member or element before the
 * one at hand is always the node that was completed last.
 */
#include "codec/json.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/limits.h"
#include "codec/json_inner.h"

struct scanner {
    const uint8_t *start;
    const uint8_t *at;
    const uint8_t *end;
    struct cty_json *json;
    struct cty_json_limits limits;
    bool strict;
    uint32_t open;  /* the innermost open container, or NONE */
    uint32_t depth; /* open containers */
    uint32_t last;  /* what was completed last in the innermost container, or NONE */
    struct cty_bytes name;
    bool name_escaped;
};

static custody_err nodes_grow(struct cty_json *json, uint32_t nodes_max)
{
    uint64_t capacity = json->capacity < 64 ? 64 : (uint64_t)json->capacity * 2;
    if (capacity > nodes_max)
        capacity = nodes_max;
    struct cty_json_node *nodes = realloc(json->nodes, (size_t)capacity * sizeof(*nodes));
    if (!nodes)
        return CUSTODY_E_NO_MEMORY;
    json->nodes = nodes;
    json->capacity = (uint32_t)capacity;
    return CUSTODY_OK;
}

/* A new node with the name that waits for it; its text and kind are still to be set. */
static custody_err node_add(struct scanner *s, struct cty_json_node **ret_node)
{
    struct cty_json *json = s->json;
    if (s->depth >= s->limits.depth_max)
        return CUSTODY_E_TOO_DEEP;
    if (json->count >= s->limits.nodes_max)
        return CUSTODY_E_TOO_LARGE;
    if (json->count == json->capacity)
        CTY_TRY(nodes_grow(json, s->limits.nodes_max));
    struct cty_json_node *node = &json->nodes[json->count++];
    node->escaped = false;
    node->name_escaped = s->name_escaped;
    node->sorted = true;
    node->count = 0;
    node->next = json->count;
    node->name = s->name;
    *ret_node = node;
    return CUSTODY_OK;
}

/* The node at `index`, and all it holds, is complete. */
static void value_done(struct scanner *s, uint32_t index)
{
    s->last = index;
    if (s->open != CTY_JSON_NONE)
        s->json->nodes[s->open].count++;
}

static custody_err skip_space(struct scanner *s)
{
    for (; s->at < s->end; s->at++) {
        if (*s->at != ' ' && *s->at != '\n' && *s->at != '\r' && *s->at != '\t')
            return CUSTODY_OK;
        if (s->strict)
            return CUSTODY_E_NOT_CANONICAL;
    }
    return CUSTODY_OK;
}

static custody_err scan_word(struct scanner *s, enum cty_json_kind kind, struct cty_bytes word)
{
    struct cty_json_node *node = NULL;
    CTY_TRY(node_add(s, &node));
    if ((size_t)(s->end - s->at) < word.size || memcmp(s->at, word.data, word.size) != 0)
        return CUSTODY_E_BAD_JSON;
    node->kind = kind;
    node->text = cty_bytes_make(s->at, word.size);
    s->at += word.size;
    value_done(s, s->json->count - 1);
    return CUSTODY_OK;
}

static custody_err scan_string(struct scanner *s)
{
    struct cty_json_node *node = NULL;
    CTY_TRY(node_add(s, &node));
    const uint8_t *from = ++s->at;
    CTY_TRY(cty_json_string_scan(from, s->end, s->strict, &s->at, &node->escaped));
    node->kind = CTY_JSON_STRING;
    node->text = cty_bytes_make(from, (size_t)(s->at - from));
    s->at++;
    value_done(s, s->json->count - 1);
    return CUSTODY_OK;
}

/* Strict: digits that cty_u64_parse takes; everything else that is a number of JSON is BAD_NUMBER. */
static custody_err check_number(const struct scanner *s, struct cty_bytes text)
{
    uint64_t whole = 0;
    if (!s->strict)
        return cty_number_check(text);
    if (cty_u64_parse(text, CTY_NUMBER_MAX, &whole) != CUSTODY_OK)
        return CUSTODY_E_BAD_NUMBER;
    return CUSTODY_OK;
}

static custody_err scan_number(struct scanner *s)
{
    struct cty_json_node *node = NULL;
    if (s->at == s->end || (*s->at != '-' && (*s->at < '0' || *s->at > '9')))
        return CUSTODY_E_BAD_JSON;
    CTY_TRY(node_add(s, &node));
    const uint8_t *behind = cty_number_scan(s->at, s->end);
    if (!behind)
        return CUSTODY_E_BAD_JSON;
    node->kind = CTY_JSON_NUMBER;
    node->text = cty_bytes_make(s->at, (size_t)(behind - s->at));
    CTY_TRY(check_number(s, node->text));
    s->at = behind;
    value_done(s, s->json->count - 1);
    return CUSTODY_OK;
}

static custody_err open_container(struct scanner *s, enum cty_json_kind kind)
{
    struct cty_json_node *node = NULL;
    CTY_TRY(node_add(s, &node));
    node->kind = kind;
    node->text = cty_bytes_make(s->at, 0);
    node->next = s->open;
    s->open = s->json->count - 1;
    s->depth++;
    s->last = CTY_JSON_NONE;
    s->name = cty_bytes_make(NULL, 0);
    s->name_escaped = false;
    s->at++;
    return CUSTODY_OK;
}

/* Members that came out of order could still hide a name twice: sort and look at the neighbours. */
static custody_err check_unique(struct scanner *s, const struct cty_json_node *object)
{
    const struct cty_json_node **members = NULL;
    CTY_TRY(cty_json_sorted(s->json, object, &members));
    const struct cty_json_node *twice = NULL;
    for (uint32_t i = 1; i < object->count && !twice; i++) {
        const struct cty_json_node *a = members[i - 1], *b = members[i];
        if (cty_json_order(a->name, a->name_escaped, b->name, b->name_escaped) == 0)
            twice = a->name.data > b->name.data ? a : b;
    }
    free(members);
    if (!twice)
        return CUSTODY_OK;
    s->at = twice->name.data;
    return CUSTODY_E_DUPLICATE_MEMBER;
}

static custody_err close_container(struct scanner *s)
{
    struct cty_json_node *node = &s->json->nodes[s->open];
    if (*s->at != (node->kind == CTY_JSON_OBJECT ? '}' : ']'))
        return CUSTODY_E_BAD_JSON;
    uint32_t index = s->open;
    s->at++;
    s->open = node->next;
    s->depth--;
    node->next = s->json->count;
    node->text.size = (size_t)(s->at - node->text.data);
    if (!node->sorted)
        CTY_TRY(check_unique(s, node));
    value_done(s, index);
    return CUSTODY_OK;
}

static custody_err check_order(struct scanner *s, struct cty_bytes name, bool escaped)
{
    if (s->last == CTY_JSON_NONE)
        return CUSTODY_OK;
    const struct cty_json_node *before = &s->json->nodes[s->last];
    int order = cty_json_order(before->name, before->name_escaped, name, escaped);
    if (order < 0)
        return CUSTODY_OK;
    if (order == 0)
        return CUSTODY_E_DUPLICATE_MEMBER;
    s->json->nodes[s->open].sorted = false;
    return s->strict ? CUSTODY_E_NOT_CANONICAL : CUSTODY_OK;
}

/* A member's name and its colon. */
static custody_err scan_name(struct scanner *s)
{
    if (s->at == s->end || *s->at != '"')
        return CUSTODY_E_BAD_JSON;
    const uint8_t *from = ++s->at;
    bool escaped = false;
    CTY_TRY(cty_json_string_scan(from, s->end, s->strict, &s->at, &escaped));
    struct cty_bytes name = cty_bytes_make(from, (size_t)(s->at - from));
    const uint8_t *behind = s->at + 1;
    s->at = from;
    CTY_TRY(check_order(s, name, escaped));
    s->at = behind;
    CTY_TRY(skip_space(s));
    if (s->at == s->end || *s->at != ':')
        return CUSTODY_E_BAD_JSON;
    s->at++;
    s->name = name;
    s->name_escaped = escaped;
    return skip_space(s);
}

static custody_err scan_value(struct scanner *s)
{
    switch (s->at < s->end ? *s->at : 0) {
    case '{':
        return open_container(s, CTY_JSON_OBJECT);
    case '[':
        return open_container(s, CTY_JSON_ARRAY);
    case '"':
        return scan_string(s);
    case 't':
        return scan_word(s, CTY_JSON_TRUE, CTY_LITERAL("true"));
    case 'f':
        return scan_word(s, CTY_JSON_FALSE, CTY_LITERAL("false"));
    case 'n':
        return s->strict ? CUSTODY_E_BAD_JSON : scan_word(s, CTY_JSON_NULL, CTY_LITERAL("null"));
    default:
        return scan_number(s);
    }
}

/* One element, or one member with its name. */
static custody_err scan_item(struct scanner *s)
{
    if (s->json->nodes[s->open].kind == CTY_JSON_OBJECT)
        CTY_TRY(scan_name(s));
    return scan_value(s);
}

/* Inside a container: its end, or a comma and the next item; right behind its bracket no comma. */
static custody_err scan_inside(struct scanner *s)
{
    CTY_TRY(skip_space(s));
    if (s->at == s->end)
        return CUSTODY_E_BAD_JSON;
    if (*s->at == '}' || *s->at == ']')
        return close_container(s);
    if (s->last != CTY_JSON_NONE) {
        if (*s->at != ',')
            return CUSTODY_E_BAD_JSON;
        s->at++;
        CTY_TRY(skip_space(s));
    }
    return scan_item(s);
}

static custody_err scan_document(struct scanner *s)
{
    CTY_TRY(skip_space(s));
    CTY_TRY(scan_value(s));
    while (s->open != CTY_JSON_NONE)
        CTY_TRY(scan_inside(s));
    CTY_TRY(skip_space(s));
    return s->at == s->end ? CUSTODY_OK : CUSTODY_E_BAD_JSON;
}

custody_err cty_json_scan(struct cty_json *json, enum cty_json_dialect dialect,
                          struct cty_json_limits limits, struct cty_bytes text, custody_error *error)
{
    struct scanner s = {
        .start = text.data,
        .at = text.data,
        .end = text.size ? text.data + text.size : text.data,
        .json = json,
        .limits = limits,
        .strict = dialect == CTY_JSON_STRICT,
        .open = CTY_JSON_NONE,
        .last = CTY_JSON_NONE,
    };
    json->count = 0;
    custody_err err = scan_document(&s);
    if (err == CUSTODY_OK)
        return CUSTODY_OK;
    json->count = 0;
    return cty_fail(error, err, "offset %zu", (size_t)(s.at - s.start));
}
