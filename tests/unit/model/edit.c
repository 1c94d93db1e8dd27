/* SPDX-License-Identifier: Apache-2.0 */
#include "edit.h"

#include "base/limits.h"

struct span {
    size_t from;
    size_t to;
};

void edit_begin(struct edit *edit, struct cty_bytes text)
{
    struct cty_json_limits limits = {CTY_STATEMENT_DEPTH_MAX, CTY_STATEMENT_NODES_MAX};
    edit->text = text;
    edit->json = CTY_JSON_INIT;
    assert_ok(cty_json_scan(&edit->json, CTY_JSON_STRICT, limits, text, NULL));
}

void edit_done(struct edit *edit)
{
    cty_json_done(&edit->json);
}

static struct span value_span(const struct edit *edit, const struct cty_json_node *node)
{
    size_t quote = node->kind == CTY_JSON_STRING ? 1 : 0;
    size_t from = (size_t)(node->text.data - edit->text.data);
    return (struct span){from - quote, from + node->text.size + quote};
}

static size_t member_start(const struct edit *edit, const struct cty_json_node *member)
{
    return (size_t)(member->name.data - edit->text.data) - 1;
}

static char *replaced(const struct edit *edit, struct span span, const char *with)
{
    size_t size = strlen(with), tail = edit->text.size - span.to;
    char *out = malloc(span.from + size + tail + 1);
    assert_non_null(out);
    memcpy(out, edit->text.data, span.from);
    memcpy(out + span.from, with, size);
    memcpy(out + span.from + size, edit->text.data + span.to, tail);
    out[span.from + size + tail] = 0;
    return out;
}

char *edit_value(const struct edit *edit, const struct cty_json_node *node, const char *value)
{
    return replaced(edit, value_span(edit, node), value);
}

char *edit_remove(const struct edit *edit, const struct cty_json_node *object, const struct cty_json_node *member)
{
    struct span span = {member_start(edit, member), value_span(edit, member).to};
    if (edit->text.data[span.to] == ',')
        span.to++;
    else if (object->count > 1)
        span.from--;
    return replaced(edit, span, "");
}

/* A name as it stands; the bytes of its value where it has an escape of the kind that the tests use. */
static int order(const char *name, struct cty_bytes other)
{
    struct cty_bytes plain = name[0] == '\\' ? CTY_LITERAL("\x01") : cty_bytes_text(name);
    return cty_bytes_compare(plain, other);
}

char *edit_add(const struct edit *edit, const struct cty_json_node *object, const char *name, const char *value)
{
    size_t size = strlen(name) + strlen(value) + 8;
    char *member = malloc(size);
    assert_non_null(member);
    const struct cty_json_node *before = cty_json_first(&edit->json, object);
    while (before && order(name, before->name) > 0)
        before = cty_json_after(&edit->json, object, before);
    size_t at = before ? member_start(edit, before) : value_span(edit, object).to - 1;
    const char *comma_before = !before && object->count ? "," : "";
    snprintf(member, size, "%s\"%s\":%s%s", comma_before, name, value, before ? "," : "");
    char *out = replaced(edit, (struct span){at, at}, member);
    free(member);
    return out;
}

char *edit_repeat(const char *item, size_t count)
{
    size_t size = strlen(item), at = 1;
    char *out = malloc((size + 1) * count + 3);
    assert_non_null(out);
    out[0] = '[';
    for (size_t i = 0; i < count; i++) {
        if (i)
            out[at++] = ',';
        memcpy(out + at, item, size);
        at += size;
    }
    out[at++] = ']';
    out[at] = 0;
    return out;
}

char *edit_copy(const struct cty_json_node *node)
{
    bool string = node->kind == CTY_JSON_STRING;
    char *out = malloc(node->text.size + 3);
    assert_non_null(out);
    size_t at = 0;
    if (string)
        out[at++] = '"';
    memcpy(out + at, node->text.data, node->text.size);
    at += node->text.size;
    if (string)
        out[at++] = '"';
    out[at] = 0;
    return out;
}
