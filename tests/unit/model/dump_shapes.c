/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the tables of shapes as JSON, for test_schemas.py to compare with spec/: what the program has is the truth. */
#include <stdio.h>

#include "base/check.h"
#include "base/limits.h"
#include "model/statement_shapes.h"

static const char *const kinds[] = {"number", "boolean", "text", "hash", "bits", "word", "object", "raw"};
static const char *const grammars[] = {
    [CTY_TEXT_ORIGIN] = "origin", [CTY_TEXT_PARTY] = "party",   [CTY_TEXT_ACTOR] = "actor",
    [CTY_TEXT_SIGNER] = "signer", [CTY_TEXT_SCOPE] = "scope",   [CTY_TEXT_READER] = "reader",
    [CTY_TEXT_PARTY_REF] = "partyRef", [CTY_TEXT_ROLE] = "role", [CTY_TEXT_WORD] = "word",
    [CTY_TEXT_GLOB] = "glob",     [CTY_TEXT_FACT] = "factName", [CTY_TEXT_VKEY] = "vkey",
    [CTY_TEXT_DECIMAL] = "decimal", [CTY_TEXT_URL] = "url",     [CTY_TEXT_NOTE] = "note", [CTY_TEXT_LINE] = "line",
};

static void shape_put(struct cty_jw *jw, const struct cty_shape *first, const struct cty_shape *second);

static void words_put(struct cty_jw *jw, const char *const *words)
{
    cty_jw_name(jw, "words");
    cty_jw_array(jw);
    for (; *words; words++)
        cty_jw_text(jw, *words);
    cty_jw_array_end(jw);
}

static void field_put(struct cty_jw *jw, const struct cty_field *field)
{
    cty_jw_object(jw);
    cty_jw_name(jw, "commitment");
    cty_jw_bool(jw, (field->flags & CTY_COMMITMENT) != 0);
    if (field->kind == CTY_FIELD_TEXT) {
        cty_jw_name(jw, "grammar");
        cty_jw_text(jw, grammars[field->text]);
    }
    cty_jw_name(jw, "kind");
    cty_jw_text(jw, kinds[field->kind]);
    if (field->flags & CTY_LIST) {
        cty_jw_name(jw, "list_max");
        cty_jw_u64(jw, field->list_max);
        cty_jw_name(jw, "list_min");
        cty_jw_u64(jw, field->list_min);
    }
    if (field->kind == CTY_FIELD_U64) {
        cty_jw_name(jw, "max");
        cty_jw_u64(jw, field->max ? field->max : CTY_NUMBER_MAX);
    }
    if (field->shape) {
        cty_jw_name(jw, "members");
        shape_put(jw, field->shape, NULL);
    }
    cty_jw_name(jw, "name");
    cty_jw_text(jw, field->name);
    cty_jw_name(jw, "optional");
    cty_jw_bool(jw, (field->flags & CTY_OPTIONAL) != 0);
    if (field->names)
        words_put(jw, field->names);
    cty_jw_object_end(jw);
}

static void shape_put(struct cty_jw *jw, const struct cty_shape *first, const struct cty_shape *second)
{
    const struct cty_shape *shapes[2] = {first, second};
    cty_jw_array(jw);
    for (size_t s = 0; s < 2 && shapes[s]; s++) {
        for (size_t i = 0; i < shapes[s]->count; i++)
            field_put(jw, &shapes[s]->fields[i]);
    }
    cty_jw_array_end(jw);
}

static void type_put(struct cty_jw *jw, enum cty_type type)
{
    unsigned flags = cty_type_flags(type);
    cty_jw_object(jw);
    cty_jw_name(jw, "case");
    cty_jw_bool(jw, (flags & CTY_TYPE_CASE) != 0);
    cty_jw_name(jw, "class");
    cty_jw_text(jw, cty_type_class_name(cty_type_class_get(type)));
    cty_jw_name(jw, "clerk");
    cty_jw_bool(jw, (flags & CTY_TYPE_CLERK) != 0);
    cty_jw_name(jw, "members");
    shape_put(jw, &cty_shape_common, &cty_shapes[type]);
    cty_jw_name(jw, "name");
    cty_jw_text(jw, cty_type_name(type));
    cty_jw_name(jw, "payload_type");
    cty_jw_text(jw, cty_type_payload_type(type));
    cty_jw_object_end(jw);
}

int main(void)
{
    struct cty_buf out = CTY_BUF_INIT(1u << 20);
    struct cty_jw jw;
    cty_jw_begin(&jw, &out);
    cty_jw_object(&jw);
    cty_jw_name(&jw, "policy");
    shape_put(&jw, &cty_shape_policy, NULL);
    cty_jw_name(&jw, "types");
    cty_jw_array(&jw);
    for (int type = 0; type < CTY_TYPE_COUNT; type++)
        type_put(&jw, (enum cty_type)type);
    cty_jw_array_end(&jw);
    cty_jw_object_end(&jw);
    if (cty_jw_end(&jw) != CUSTODY_OK)
        return 1;
    puts(cty_buf_text(&out));
    cty_buf_done(&out);
    return 0;
}
