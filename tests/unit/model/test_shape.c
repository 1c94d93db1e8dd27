/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine of shapes on a shape of its own, with every kind of member, required and optional; and the tables of
 * statements themselves: sorted, without two rows for one member or one place in memory.
 */
#include "base/limits.h"
#include "model/statement_shapes.h"
#include "unit/support.h"

struct inner {
    bool present;
    uint64_t n;
};

struct everything {
    struct cty_opt_bits128 bits;
    uint64_t count;
    bool flag;
    struct cty_opt_hash hash;
    struct inner inner;
    uint64_t list[3];
    uint32_t list_count;
    struct inner objects[2];
    uint32_t objects_count;
    struct cty_bytes raw;
    struct cty_bytes text;
    int word;
};

static const char *const words[] = {"first", "second", NULL};

static const struct cty_field inner_fields[] = {
    {.name = "n", .kind = CTY_FIELD_U64, .offset = offsetof(struct inner, n), .max = 10},
};
static const struct cty_shape inner_shape = CTY_SHAPE(inner_fields);

#define EV struct everything
static const struct cty_field optional_fields[] = {
    {.name = "bits", .kind = CTY_FIELD_BITS128, .flags = CTY_OPTIONAL, .offset = offsetof(EV, bits)},
    {.name = "count", .kind = CTY_FIELD_U64, .flags = CTY_OPTIONAL, .offset = offsetof(EV, count)},
    {.name = "flag", .kind = CTY_FIELD_BOOL, .flags = CTY_OPTIONAL, .offset = offsetof(EV, flag)},
    {.name = "hash", .kind = CTY_FIELD_HASH, .flags = CTY_OPTIONAL | CTY_COMMITMENT, .offset = offsetof(EV, hash)},
    {.name = "inner", .kind = CTY_FIELD_OBJECT, .flags = CTY_OPTIONAL, .offset = offsetof(EV, inner),
     .shape = &inner_shape},
    {.name = "list", .kind = CTY_FIELD_U64, .flags = CTY_OPTIONAL | CTY_LIST | CTY_ZERO, .offset = offsetof(EV, list),
     .count_offset = offsetof(EV, list_count), .stride = sizeof(uint64_t), .list_max = 3},
    {.name = "objects", .kind = CTY_FIELD_OBJECT, .flags = CTY_OPTIONAL | CTY_LIST, .offset = offsetof(EV, objects),
     .count_offset = offsetof(EV, objects_count), .stride = sizeof(struct inner), .list_max = 2,
     .shape = &inner_shape},
    {.name = "raw", .kind = CTY_FIELD_RAW, .flags = CTY_OPTIONAL, .offset = offsetof(EV, raw)},
    {.name = "text", .kind = CTY_FIELD_TEXT, .flags = CTY_OPTIONAL, .offset = offsetof(EV, text),
     .text = CTY_TEXT_ROLE},
    {.name = "word", .kind = CTY_FIELD_ENUM, .flags = CTY_OPTIONAL, .offset = offsetof(EV, word), .names = words},
};
static const struct cty_shape optional_shape = CTY_SHAPE(optional_fields);

static const struct cty_field required_fields[] = {
    {.name = "count", .kind = CTY_FIELD_U64, .offset = offsetof(EV, count)},
    {.name = "flag", .kind = CTY_FIELD_BOOL, .offset = offsetof(EV, flag)},
    {.name = "word", .kind = CTY_FIELD_ENUM, .offset = offsetof(EV, word), .names = words},
};
static const struct cty_shape required_shape = CTY_SHAPE(required_fields);

static const struct cty_field spoken_fields[] = {
    {.name = "count", .kind = CTY_FIELD_U64, .flags = CTY_OPTIONAL | CTY_ZERO, .offset = offsetof(EV, count)},
    {.name = "flag", .kind = CTY_FIELD_BOOL, .flags = CTY_OPTIONAL | CTY_ZERO, .offset = offsetof(EV, flag)},
};
static const struct cty_shape spoken_shape = CTY_SHAPE(spoken_fields);

static custody_err decode(const struct cty_shape *shape, const char *text, struct everything *ret_target)
{
    struct cty_json json = CTY_JSON_INIT;
    struct cty_json_limits limits = {CTY_STATEMENT_DEPTH_MAX, CTY_STATEMENT_NODES_MAX};
    memset(ret_target, 0, sizeof(*ret_target));
    assert_ok(cty_json_scan(&json, CTY_JSON_STRICT, limits, cty_bytes_text(text), NULL));
    custody_err err = cty_shape_decode(shape, NULL, &json, &json.nodes[0], ret_target, NULL);
    cty_json_done(&json);
    return err;
}

static void round_trip(const struct cty_shape *shape, const char *text, struct everything *ret_target)
{
    struct cty_buf out = CTY_BUF_INIT(4096);
    struct cty_jw jw;
    assert_ok(decode(shape, text, ret_target));
    cty_jw_begin(&jw, &out);
    cty_shape_encode(shape, NULL, ret_target, &jw);
    assert_ok(cty_jw_end(&jw));
    assert_bytes_text(cty_buf_bytes(&out), text);
    cty_buf_done(&out);
}

#define HEX32 "000102030405060708090a0b0c0d0e0f"
#define FULL                                                                                           \
    "{\"bits\":\"" HEX32 "\",\"count\":1,\"flag\":true,\"hash\":\"" HEX32 HEX32 "\",\"inner\":{\"n\":3}," \
    "\"list\":[0,1,2],\"objects\":[{\"n\":4},{\"n\":5}],\"raw\":[true,{\"z\":1}],\"text\":\"role\",\"word\":\"second\"}"

static void every_kind_comes_back(void **state)
{
    (void)state;
    struct everything target;
    round_trip(&optional_shape, FULL, &target);
    assert_true(target.bits.present && target.hash.present && target.inner.present && target.flag);
    assert_int_equal(target.bits.bits[15], 15);
    assert_int_equal(target.hash.hash.bytes[31], 15);
    assert_int_equal(target.count, 1);
    assert_int_equal(target.inner.n, 3);
    assert_int_equal(target.list_count, 3);
    assert_int_equal(target.list[2], 2);
    assert_int_equal(target.objects_count, 2);
    assert_int_equal(target.objects[1].n, 5);
    assert_bytes_text(target.raw, "[true,{\"z\":1}]");
    assert_bytes_text(target.text, "role");
    assert_int_equal(target.word, 1);
}

static void nothing_is_everything_left_out(void **state)
{
    (void)state;
    struct everything target, zero;
    memset(&zero, 0, sizeof(zero));
    round_trip(&optional_shape, "{}", &target);
    assert_memory_equal(&target, &zero, sizeof(zero));
}

static void a_default_is_said_by_leaving_out(void **state)
{
    (void)state;
    struct everything target;
    assert_refused(decode(&optional_shape, "{\"count\":0}", &target), "bad-member");
    assert_refused(decode(&optional_shape, "{\"flag\":false}", &target), "bad-member");
    assert_refused(decode(&optional_shape, "{\"inner\":{}}", &target), "bad-member");
    assert_refused(decode(&optional_shape, "{\"list\":[]}", &target), "bad-member");
    assert_refused(decode(&optional_shape, "{\"objects\":[]}", &target), "bad-member");
    assert_refused(decode(&optional_shape, "{\"text\":\"\"}", &target), "bad-member");
    assert_refused(decode(&optional_shape, "{\"word\":\"first\"}", &target), "bad-member");
    assert_refused(decode(&optional_shape, "{\"objects\":[{}]}", &target), "bad-member");
}

static void a_required_default_is_said(void **state)
{
    (void)state;
    struct everything target;
    round_trip(&required_shape, "{\"count\":0,\"flag\":false,\"word\":\"first\"}", &target);
    assert_refused(decode(&required_shape, "{\"count\":0,\"flag\":false}", &target), "missing-member");
    assert_refused(decode(&required_shape, "{}", &target), "missing-member");
}

/* Even where a text may say anything, an escaped one is not taken for what it stands for. */
static void an_escaped_text_is_no_text(void **state)
{
    (void)state;
    static const struct cty_field fields[] = {
        {.name = "text", .kind = CTY_FIELD_TEXT, .offset = offsetof(EV, text), .text = CTY_TEXT_ANY},
    };
    static const struct cty_shape shape = CTY_SHAPE(fields);
    struct everything target;
    round_trip(&shape, "{\"text\":\"\xc3\xa4 b/\"}", &target);
    assert_refused(decode(&shape, "{\"text\":\"a\\n\"}", &target), "bad-member");
    assert_refused(decode(&shape, "{\"text\":1}", &target), "bad-member");
}

static void messages_may_say_a_default(void **state)
{
    (void)state;
    struct everything target;
    assert_ok(decode(&spoken_shape, "{\"count\":0,\"flag\":false}", &target));
    assert_ok(decode(&spoken_shape, "{}", &target));
}

static void codes_name_what_is_wrong(void **state)
{
    (void)state;
    struct everything target;
    assert_refused(decode(&optional_shape, "[]", &target), "bad-member");
    assert_refused(decode(&optional_shape, "{\"a\":1}", &target), "unknown-member");
    assert_refused(decode(&optional_shape, "{\"d\":1}", &target), "unknown-member");
    assert_refused(decode(&optional_shape, "{\"zz\":1}", &target), "unknown-member");
    assert_refused(decode(&optional_shape, "{\"\\n\":1}", &target), "unknown-member");
    assert_refused(decode(&optional_shape, "{\"inner\":{\"m\":1}}", &target), "unknown-member");
    assert_refused(decode(&optional_shape, "{\"inner\":{\"n\":11}}", &target), "bad-member");
    assert_refused(decode(&optional_shape, "{\"list\":[1,2,3,4]}", &target), "too-large");
    assert_refused(decode(&optional_shape, "{\"list\":[1,true]}", &target), "bad-member");
    assert_refused(decode(&optional_shape, "{\"objects\":[{\"n\":1},{\"n\":2},{\"n\":3}]}", &target), "too-large");
}

static void the_detail_names_the_member(void **state)
{
    (void)state;
    struct cty_json json = CTY_JSON_INIT;
    struct cty_json_limits limits = {4, 100};
    struct everything target = {0};
    custody_error error = {CUSTODY_OK, ""};
    assert_ok(cty_json_scan(&json, CTY_JSON_STRICT, limits, CTY_LITERAL("{\"text\":\"A B\"}"), NULL));
    assert_refused(cty_shape_decode(&optional_shape, NULL, &json, &json.nodes[0], &target, &error), "bad-member");
    assert_non_null(strstr(error.detail, "text"));
    assert_ok(cty_json_scan(&json, CTY_JSON_STRICT, limits, CTY_LITERAL("{\"b\xc3\xa4\":1}"), NULL));
    assert_refused(cty_shape_decode(&optional_shape, NULL, &json, &json.nodes[0], &target, &error), "unknown-member");
    assert_non_null(strstr(error.detail, "b\\xc3\\xa4"));
    cty_json_done(&json);
}

struct found {
    uint32_t count;
    char paths[8][40];
};

static custody_err found_put(void *context, struct cty_bytes member, const struct cty_hash *hash)
{
    struct found *found = context;
    (void)hash;
    if (found->count == CTY_COUNT_OF(found->paths))
        return CUSTODY_E_TOO_LARGE;
    snprintf(found->paths[found->count++], sizeof(found->paths[0]), "%.*s", (int)member.size,
             (const char *)member.data);
    return CUSTODY_OK;
}

static custody_err found_stop(void *context, struct cty_bytes member, const struct cty_hash *hash)
{
    (void)context;
    (void)member;
    (void)hash;
    return CUSTODY_E_QUOTA;
}

static void commitments_are_those_that_are_there(void **state)
{
    (void)state;
    struct everything target;
    struct found found = {0};
    assert_ok(decode(&optional_shape, "{}", &target));
    assert_ok(cty_shape_commitments(&optional_shape, &target, found_put, &found));
    assert_int_equal(found.count, 0);
    assert_ok(decode(&optional_shape, "{\"hash\":\"" HEX32 HEX32 "\"}", &target));
    assert_ok(cty_shape_commitments(&optional_shape, &target, found_put, &found));
    assert_int_equal(found.count, 1);
    assert_string_equal(found.paths[0], "hash");
    assert_refused(cty_shape_commitments(&optional_shape, &target, found_stop, NULL), "quota");
}

/* Size in memory of one value. */
static size_t field_size(const struct cty_field *field)
{
    bool optional = (field->flags & CTY_OPTIONAL) && !(field->flags & CTY_LIST);
    switch (field->kind) {
    case CTY_FIELD_U64:
        return sizeof(uint64_t);
    case CTY_FIELD_BOOL:
        return sizeof(bool);
    case CTY_FIELD_TEXT:
    case CTY_FIELD_RAW:
        return sizeof(struct cty_bytes);
    case CTY_FIELD_HASH:
        return optional ? sizeof(struct cty_opt_hash) : sizeof(struct cty_hash);
    case CTY_FIELD_BITS128:
        return optional ? sizeof(struct cty_opt_bits128) : 16;
    case CTY_FIELD_ENUM:
        return sizeof(int);
    case CTY_FIELD_OBJECT:
        return 1; /* at least; nested rows are judged by themselves */
    }
    return 0;
}

static size_t field_end(const struct cty_field *field)
{
    if (!(field->flags & CTY_LIST))
        return field->offset + field_size(field);
    assert_true(field->stride >= field_size(field));
    assert_true(field->list_max >= 1 && field->list_min <= field->list_max);
    return field->offset + field->stride * field->list_max;
}

static void expect_apart(const struct cty_field *a, const struct cty_field *b)
{
    assert_string_not_equal(a->name, b->name);
    if (a->offset < field_end(b) && b->offset < field_end(a))
        fail_msg("%s and %s share memory", a->name, b->name);
    if ((a->flags & CTY_LIST) && a->count_offset >= b->offset && a->count_offset < field_end(b))
        fail_msg("the count of %s lies in %s", a->name, b->name);
}

static void expect_true_shape(const struct cty_shape *shape)
{
    for (size_t i = 0; i < shape->count; i++) {
        const struct cty_field *field = &shape->fields[i];
        assert_int_equal(field->flags & CTY_ZERO, 0);
        assert_int_not_equal(field->text, field->kind == CTY_FIELD_TEXT ? CTY_TEXT_ANY : CTY_TEXT_LINE);
        assert_true((field->kind == CTY_FIELD_ENUM) == (field->names != NULL));
        assert_true((field->kind == CTY_FIELD_OBJECT) == (field->shape != NULL));
        assert_true(!(field->flags & CTY_COMMITMENT) || field->kind == CTY_FIELD_HASH);
        if (i)
            assert_true(strcmp(shape->fields[i - 1].name, field->name) < 0);
        for (size_t k = 0; k < shape->count; k++) {
            if (k != i)
                expect_apart(field, &shape->fields[k]);
        }
        if (field->shape)
            expect_true_shape(field->shape);
    }
}

static void the_tables_of_statements_are_true(void **state)
{
    (void)state;
    expect_true_shape(&cty_shape_common);
    expect_true_shape(&cty_shape_policy);
    for (int type = 0; type < CTY_TYPE_COUNT; type++) {
        const struct cty_shape *own = &cty_shapes[type];
        expect_true_shape(own);
        for (size_t i = 0; i < own->count; i++) {
            for (size_t k = 0; k < cty_shape_common.count; k++)
                expect_apart(&own->fields[i], &cty_shape_common.fields[k]);
        }
    }
}

/* A type joins a case where it has both `case` and `after`, and has both or neither. */
static void flags_say_who_joins_a_case(void **state)
{
    (void)state;
    for (int type = 0; type < CTY_TYPE_COUNT; type++) {
        int joins = 0;
        for (size_t i = 0; i < cty_shapes[type].count; i++) {
            const char *name = cty_shapes[type].fields[i].name;
            joins += strcmp(name, "case") == 0 || strcmp(name, "after") == 0;
        }
        assert_int_equal(joins, cty_type_flags((enum cty_type)type) & CTY_TYPE_CASE ? 2 : 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_comes_back),
        cmocka_unit_test(nothing_is_everything_left_out),
        cmocka_unit_test(a_default_is_said_by_leaving_out),
        cmocka_unit_test(a_required_default_is_said),
        cmocka_unit_test(an_escaped_text_is_no_text),
        cmocka_unit_test(messages_may_say_a_default),
        cmocka_unit_test(codes_name_what_is_wrong),
        cmocka_unit_test(the_detail_names_the_member),
        cmocka_unit_test(commitments_are_those_that_are_there),
        cmocka_unit_test(the_tables_of_statements_are_true),
        cmocka_unit_test(flags_say_who_joins_a_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
