/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 8785 of documents: own cases, and the vectors of cyberphone/json-canonicalization. */
#include "unit/codec/codec.h"

static void scalars_have_one_form(void **state)
{
    (void)state;
    assert_canonical(" null ", "null");
    assert_canonical("true", "true");
    assert_canonical("\tfalse\r\n", "false");
    assert_canonical("-0.0", "0");
    assert_canonical("1e3", "1000");
    assert_canonical("\"\"", "\"\"");
    assert_canonical("\"\\u0041\\/\\u00e9\\ud83d\\ude00\"", "\"A/\xc3\xa9\xf0\x9f\x98\x80\"");
}

static void escapes_have_one_form(void **state)
{
    (void)state;
    assert_canonical("\"\\u0008\\u0009\\u000A\\u000C\\u000D\\u0022\\u005C\"", "\"\\b\\t\\n\\f\\r\\\"\\\\\"");
    assert_canonical("\"\\u0001\\u000B\\u000E\\u001F\\u0020\\u007F\"", "\"\\u0001\\u000b\\u000e\\u001f \x7f\"");
    assert_canonical("\"\\u2028\\u2029\"", "\"\xe2\x80\xa8\xe2\x80\xa9\"");
}

static void containers_have_one_form(void **state)
{
    (void)state;
    assert_canonical("[ ]", "[]");
    assert_canonical("{ }", "{}");
    assert_canonical("[ 1 , [ ] , { } , \"x\" ]", "[1,[],{},\"x\"]");
    assert_canonical("{\"b\":[{\"d\":1,\"c\":2}],\"a\":{\"z\":{},\"\":[]}}",
                     "{\"a\":{\"\":[],\"z\":{}},\"b\":[{\"c\":2,\"d\":1}]}");
    assert_canonical("{\"\\u0062\":1,\"a\\/\":2,\"\\n\":3}", "{\"\\n\":3,\"a/\":2,\"b\":1}");
}

/* RFC 8785, section 3.2.3. */
static void members_sort_by_code_units(void **state)
{
    (void)state;
    assert_canonical("{\"\\u20ac\":\"Euro Sign\",\"\\r\":\"Carriage Return\",\"\\ufb33\":\"Hebrew\",\"1\":\"One\","
                     "\"\\ud83d\\ude00\":\"Smiley\",\"\\u0080\":\"Control\",\"\\u00f6\":\"Latin\"}",
                     "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xc2\x80\":\"Control\",\"\xc3\xb6\":\"Latin\","
                     "\"\xe2\x82\xac\":\"Euro Sign\",\"\xf0\x9f\x98\x80\":\"Smiley\",\"\xef\xac\xb3\":\"Hebrew\"}");
}

static void strict_texts_are_their_own_form(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "[]", "{\"a\":[true,false,0,9007199254740991],\"b\":{\"\":\"\\u0001\\n\xc3\xa9\"}}", "\"\\\\\"",
    };
    for (size_t i = 0; i < CTY_COUNT_OF(texts); i++) {
        assert_ok(scan_text(CTY_JSON_STRICT, texts[i]));
        assert_canonical(texts[i], texts[i]);
    }
}

static void a_refusal_appends_nothing(void **state)
{
    (void)state;
    struct cty_buf out = CTY_BUF_INIT(11);
    assert_ok(cty_buf_put_text(&out, "kept"));
    assert_refused(canonical(CTY_LITERAL("{\"b\":1,\"a\":[1,2]}"), &out), "too-large");
    assert_bytes_text(cty_buf_bytes(&out), "kept");
    assert_ok(canonical(CTY_LITERAL("{\"a\": 1}"), &out));
    assert_bytes_text(cty_buf_bytes(&out), "kept{\"a\":1}");
    cty_buf_done(&out);
}

static void vector_check(const char *name)
{
    char path[64];
    struct cty_buf input, expected, out = CTY_BUF_INIT(1u << 20);
    snprintf(path, sizeof(path), "rfc8785/input/%s.json", name);
    vector_read(path, &input);
    snprintf(path, sizeof(path), "rfc8785/output/%s.json", name);
    vector_read(path, &expected);
    assert_ok(canonical(cty_buf_bytes(&input), &out));
    assert_bytes_text(cty_buf_bytes(&out), cty_buf_text(&expected));
    cty_buf_clear(&out);
    assert_ok(canonical(cty_buf_bytes(&expected), &out));
    assert_bytes_text(cty_buf_bytes(&out), cty_buf_text(&expected));
    cty_buf_done(&input);
    cty_buf_done(&expected);
    cty_buf_done(&out);
}

static void vectors_agree(void **state)
{
    (void)state;
    static const char *const names[] = {"arrays", "french", "structures", "unicode", "weird"};
    for (size_t i = 0; i < CTY_COUNT_OF(names); i++)
        vector_check(names[i]);
}

/*
 * One vector holds 333333333.33333329, which RFC 8785 prints as another number: we refuse it. Without the
 * digit that is too many it must agree.
 */
static void the_vector_that_changes_a_number_is_refused(void **state)
{
    (void)state;
    static const char changed[] = "333333333.33333329", kept[] = "333333333.3333333 ";
    struct cty_buf input, expected, out = CTY_BUF_INIT(4096);
    vector_read("rfc8785/input/values.json", &input);
    vector_read("rfc8785/output/values.json", &expected);
    assert_refused(canonical(cty_buf_bytes(&input), &out), "bad-number");
    uint8_t *place = memmem(input.data, input.size, changed, sizeof(changed) - 1);
    assert_non_null(place);
    memcpy(place, kept, sizeof(kept) - 1);
    assert_ok(canonical(cty_buf_bytes(&input), &out));
    assert_bytes_text(cty_buf_bytes(&out), cty_buf_text(&expected));
    cty_buf_done(&input);
    cty_buf_done(&expected);
    cty_buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars_have_one_form),
        cmocka_unit_test(escapes_have_one_form),
        cmocka_unit_test(containers_have_one_form),
        cmocka_unit_test(members_sort_by_code_units),
        cmocka_unit_test(strict_texts_are_their_own_form),
        cmocka_unit_test(a_refusal_appends_nothing),
        cmocka_unit_test(vectors_agree),
        cmocka_unit_test(the_vector_that_changes_a_number_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
