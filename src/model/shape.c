/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An object nested in an object is decoded by the same engine; shapes are constants of the program and at
 * most four deep, so the calls are bounded by them, not by input.
 */
#include "model/shape.h"

#include <stdio.h>

#include "base/check.h"
#include "base/limits.h"
#include "codec/text.h"

static void *at(void *base, size_t offset)
{
    return (char *)base + offset;
}

static const void *at_const(const void *base, size_t offset)
{
    return (const char *)base + offset;
}

static custody_err bad(custody_error *error, const struct cty_field *field, const char *why)
{
    return cty_fail(error, CUSTODY_E_BAD_MEMBER, "member %s: %s", field->name, why);
}

/* One value, one spelling: such a member is left out where it would say its default. */
static bool says_default_by_absence(const struct cty_field *field)
{
    return (field->flags & (CTY_OPTIONAL | CTY_ZERO)) == CTY_OPTIONAL;
}

static custody_err decode_text(const struct cty_field *field, const struct cty_json_node *node, void *slot,
                               custody_error *error)
{
    if (node->kind != CTY_JSON_STRING || node->escaped)
        return bad(error, field, "not a plain string");
    if (cty_text_check(field->text, node->text) != CUSTODY_OK)
        return bad(error, field, "not of its form");
    *(struct cty_bytes *)slot = node->text;
    return CUSTODY_OK;
}

static custody_err decode_hex(const struct cty_field *field, const struct cty_json_node *node, uint8_t *slot,
                              size_t size, custody_error *error)
{
    if (node->kind != CTY_JSON_STRING || cty_hex_parse_into(node->text, slot, size) != CUSTODY_OK)
        return bad(error, field, "not lower-case hex of the right size");
    return CUSTODY_OK;
}

static custody_err decode_enum(const struct cty_field *field, const struct cty_json_node *node, int *slot,
                               custody_error *error)
{
    for (int i = 0; node->kind == CTY_JSON_STRING && field->names[i]; i++) {
        if (!cty_bytes_is(node->text, field->names[i]))
            continue;
        if (says_default_by_absence(field) && i == 0)
            return bad(error, field, "the first word is said by leaving it out");
        *slot = i;
        return CUSTODY_OK;
    }
    return bad(error, field, "not one of the words known here");
}

static custody_err decode_number(const struct cty_field *field, const struct cty_json_node *node,
                                 uint64_t *slot, custody_error *error)
{
    uint64_t max = field->max ? field->max : CTY_NUMBER_MAX;
    if (node->kind != CTY_JSON_NUMBER || cty_json_u64(node, max, slot) != CUSTODY_OK)
        return bad(error, field, "not a whole number in range");
    if (says_default_by_absence(field) && *slot == 0)
        return bad(error, field, "0 is said by leaving it out");
    return CUSTODY_OK;
}

static custody_err decode_one(const struct cty_field *field, const struct cty_json *json,
                              const struct cty_json_node *node, void *slot, custody_error *error)
{
    switch (field->kind) {
    case CTY_FIELD_U64:
        return decode_number(field, node, slot, error);
    case CTY_FIELD_BOOL:
        if (node->kind != CTY_JSON_TRUE && node->kind != CTY_JSON_FALSE)
            return bad(error, field, "not true or false");
        if (says_default_by_absence(field) && node->kind == CTY_JSON_FALSE)
            return bad(error, field, "false is said by leaving it out");
        *(bool *)slot = node->kind == CTY_JSON_TRUE;
        return CUSTODY_OK;
    case CTY_FIELD_TEXT:
        return decode_text(field, node, slot, error);
    case CTY_FIELD_HASH:
        return decode_hex(field, node, slot, CTY_HASH_SIZE, error);
    case CTY_FIELD_BITS128:
        return decode_hex(field, node, slot, 16, error);
    case CTY_FIELD_ENUM:
        return decode_enum(field, node, slot, error);
    case CTY_FIELD_OBJECT:
        if (node->kind != CTY_JSON_OBJECT)
            return bad(error, field, "not an object");
        if (says_default_by_absence(field) && node->count == 0)
            return bad(error, field, "an empty object is said by leaving it out");
        return cty_shape_decode(field->shape, NULL, json, node, slot, error);
    case CTY_FIELD_RAW:
        if (field->check)
            CTY_TRY(field->check(json, node, error));
        *(struct cty_bytes *)slot = node->text;
        return CUSTODY_OK;
    }
    return CUSTODY_E_INTERNAL;
}

static custody_err decode_list(const struct cty_field *field, const struct cty_json *json,
                               const struct cty_json_node *node, void *target, custody_error *error)
{
    if (node->kind != CTY_JSON_ARRAY)
        return bad(error, field, "not an array");
    if (node->count < field->list_min || ((field->flags & CTY_OPTIONAL) && node->count == 0))
        return bad(error, field, "too few items");
    if (node->count > field->list_max)
        return cty_fail(error, CUSTODY_E_TOO_LARGE, "member %s: more than %u items", field->name, field->list_max);
    uint32_t count = 0;
    for (const struct cty_json_node *item = cty_json_first(json, node); item;
         item = cty_json_after(json, node, item)) {
        void *slot = at(target, field->offset + field->stride * count);
        memset(slot, 0, field->stride);
        CTY_TRY(decode_one(field, json, item, slot, error));
        count++;
    }
    *(uint32_t *)at(target, field->count_offset) = count;
    return CUSTODY_OK;
}

static void mark_present(const struct cty_field *field, void *target)
{
    if (!(field->flags & CTY_OPTIONAL) || (field->flags & CTY_LIST))
        return;
    void *slot = at(target, field->offset);
    if (field->kind == CTY_FIELD_HASH)
        ((struct cty_opt_hash *)slot)->present = true;
    else if (field->kind == CTY_FIELD_BITS128)
        ((struct cty_opt_bits128 *)slot)->present = true;
    else if (field->kind == CTY_FIELD_OBJECT)
        *(bool *)slot = true;
}

static custody_err decode_field(const struct cty_field *field, const struct cty_json *json,
                                const struct cty_json_node *node, void *target, custody_error *error)
{
    if (field->flags & CTY_LIST)
        return decode_list(field, json, node, target, error);
    CTY_TRY(decode_one(field, json, node, at(target, field->offset), error));
    mark_present(field, target);
    return CUSTODY_OK;
}

/* Walks two sorted tables as one. That each is sorted shows in the writer, which asserts the order of names. */
struct walk {
    const struct cty_shape *shape[2];
    size_t at[2];
};

static const struct cty_field *walk_at(const struct walk *walk, size_t i)
{
    const struct cty_shape *shape = walk->shape[i];
    return shape && walk->at[i] < shape->count ? &shape->fields[walk->at[i]] : NULL;
}

/* As strcmp; most names differ in their first letters. */
static int names_compare(const char *a, const char *b)
{
    return a[0] != b[0] ? (uint8_t)a[0] - (uint8_t)b[0] : strcmp(a, b);
}

/* As cty_bytes_compare of a name that has a letter at least. */
static int name_compare(const char *name, struct cty_bytes text)
{
    if (text.size == 0)
        return 1;
    return (uint8_t)name[0] != text.data[0] ? (uint8_t)name[0] - text.data[0]
                                            : cty_bytes_compare(cty_bytes_text(name), text);
}

static const struct cty_field *walk_next(struct walk *walk)
{
    const struct cty_field *first = walk_at(walk, 0);
    const struct cty_field *second = walk_at(walk, 1);
    bool take_second = second && (!first || names_compare(second->name, first->name) < 0);
    if (!first && !second)
        return NULL;
    walk->at[take_second]++;
    return take_second ? second : first;
}

static custody_err missing(const struct cty_field *field, custody_error *error)
{
    if (field->flags & CTY_OPTIONAL)
        return CUSTODY_OK;
    return cty_fail(error, CUSTODY_E_MISSING_MEMBER, "member %s", field->name);
}

custody_err cty_shape_decode(const struct cty_shape *first, const struct cty_shape *second,
                             const struct cty_json *json, const struct cty_json_node *node, void *target,
                             custody_error *error)
{
    if (node->kind != CTY_JSON_OBJECT)
        return cty_fail(error, CUSTODY_E_BAD_MEMBER, "not an object");
    struct walk walk = {{first, second}, {0, 0}};
    const struct cty_field *field = walk_next(&walk);
    const struct cty_json_node *member = cty_json_first(json, node);
    while (member) {
        /* No name known here has escapes, and one that has them stands elsewhere in the order. */
        bool unknown = member->name_escaped || !field;
        int order = unknown ? 1 : name_compare(field->name, member->name);
        if (order < 0) {
            CTY_TRY(missing(field, error));
            field = walk_next(&walk);
            continue;
        }
        if (order > 0)
            return cty_fail(error, CUSTODY_E_UNKNOWN_MEMBER, "member %.*s",
                            (int)(member->name.size < 64 ? member->name.size : 64),
                            (const char *)member->name.data);
        CTY_TRY(decode_field(field, json, member, target, error));
        field = walk_next(&walk);
        member = cty_json_after(json, node, member);
    }
    for (; field; field = walk_next(&walk))
        CTY_TRY(missing(field, error));
    return CUSTODY_OK;
}

static void encode_one(const struct cty_field *field, const void *slot, struct cty_jw *jw)
{
    switch (field->kind) {
    case CTY_FIELD_U64:
        cty_jw_u64(jw, *(const uint64_t *)slot);
        return;
    case CTY_FIELD_BOOL:
        cty_jw_bool(jw, *(const bool *)slot);
        return;
    case CTY_FIELD_TEXT:
        cty_jw_string(jw, *(const struct cty_bytes *)slot);
        return;
    case CTY_FIELD_HASH:
        cty_jw_hex(jw, cty_bytes_make(slot, CTY_HASH_SIZE));
        return;
    case CTY_FIELD_BITS128:
        cty_jw_hex(jw, cty_bytes_make(slot, 16));
        return;
    case CTY_FIELD_ENUM:
        cty_jw_text(jw, field->names[*(const int *)slot]);
        return;
    case CTY_FIELD_OBJECT:
        cty_shape_encode(field->shape, NULL, slot, jw);
        return;
    case CTY_FIELD_RAW:
        cty_jw_raw(jw, *(const struct cty_bytes *)slot);
        return;
    }
}

static bool is_present(const struct cty_field *field, const void *source)
{
    const void *slot = at_const(source, field->offset);
    if (!(field->flags & CTY_OPTIONAL))
        return true;
    if (field->flags & CTY_LIST)
        return *(const uint32_t *)at_const(source, field->count_offset) > 0;
    switch (field->kind) {
    case CTY_FIELD_TEXT:
    case CTY_FIELD_RAW:
        return ((const struct cty_bytes *)slot)->data != NULL;
    case CTY_FIELD_HASH:
        return ((const struct cty_opt_hash *)slot)->present;
    case CTY_FIELD_BITS128:
        return ((const struct cty_opt_bits128 *)slot)->present;
    case CTY_FIELD_OBJECT:
        return *(const bool *)slot;
    case CTY_FIELD_U64:
        return *(const uint64_t *)slot != 0;
    case CTY_FIELD_BOOL:
        return *(const bool *)slot;
    case CTY_FIELD_ENUM:
        return *(const int *)slot != 0;
    }
    return true;
}

static void encode_field(const struct cty_field *field, const void *source, struct cty_jw *jw)
{
    cty_jw_name(jw, field->name);
    if (!(field->flags & CTY_LIST)) {
        encode_one(field, at_const(source, field->offset), jw);
        return;
    }
    uint32_t count = *(const uint32_t *)at_const(source, field->count_offset);
    cty_jw_array(jw);
    for (uint32_t i = 0; i < count; i++)
        encode_one(field, at_const(source, field->offset + field->stride * i), jw);
    cty_jw_array_end(jw);
}

void cty_shape_encode(const struct cty_shape *first, const struct cty_shape *second, const void *source,
                      struct cty_jw *jw)
{
    struct walk walk = {{first, second}, {0, 0}};
    cty_jw_object(jw);
    for (const struct cty_field *field = walk_next(&walk); field; field = walk_next(&walk)) {
        if (is_present(field, source))
            encode_field(field, source, jw);
    }
    cty_jw_object_end(jw);
}

typedef custody_err each_commitment(void *context, struct cty_bytes member, const struct cty_hash *hash);

static custody_err commitments_under(const struct cty_shape *shape, const void *source, const char *prefix,
                                     each_commitment *each, void *context)
{
    for (size_t i = 0; i < shape->count; i++) {
        const struct cty_field *field = &shape->fields[i];
        bool nested = field->kind == CTY_FIELD_OBJECT;
        if ((!nested && !(field->flags & CTY_COMMITMENT)) || !is_present(field, source))
            continue;
        bool list = (field->flags & CTY_LIST) != 0;
        uint32_t count = list ? *(const uint32_t *)at_const(source, field->count_offset) : 1;
        for (uint32_t n = 0; n < count; n++) {
            char path[128];
            const void *slot = at_const(source, field->offset + field->stride * n);
            if (list)
                snprintf(path, sizeof(path), "%s%s/%u", prefix, field->name, n);
            else
                snprintf(path, sizeof(path), "%s%s", prefix, field->name);
            if (!nested) {
                CTY_TRY(each(context, cty_bytes_text(path), slot));
                continue;
            }
            char inner[129];
            snprintf(inner, sizeof(inner), "%s/", path);
            CTY_TRY(commitments_under(field->shape, slot, inner, each, context));
        }
    }
    return CUSTODY_OK;
}

custody_err cty_shape_commitments(const struct cty_shape *shape, const void *source, each_commitment *each,
                                  void *context)
{
    return commitments_under(shape, source, "", each, context);
}
