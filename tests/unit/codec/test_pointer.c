/* SPDX-License-Identifier: Apache-2.0 */
/* JSON Pointer: the document of RFC 6901, section 5, and what is no pointer or leads nowhere. */
#include "codec/patch.h"

#include "base/limits.h"
#include "unit/codec/codec.h"

static const char document[] = "{ \"foo\": [\"bar\", \"baz\"], \"\": 0, \"a/b\": 1, \"c%d\": 2, \"e^f\": 3, \"g|h\": 4,"
                               " \"i\\\\j\": 5, \"k\\\"l\": 6, \" \": 7, \"m~n\": 8,"
                               " \"\\u0078\": {\"~1\": [[1.0, {\"y\\n\": \"z\\u0041\"}]], \"0\": 9, \"-\": 10} }";

static custody_err get(const char *pointer, struct cty_buf *out)
{
    return cty_pointer_get(CTY_LITERAL(document), cty_bytes_text(pointer), out, NULL);
}

static void pointers_lead_to_values(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", document},         {"/foo", "[\"bar\", \"baz\"]"}, {"/foo/0", "\"bar\""}, {"/foo/1", "\"baz\""},
        {"/", "0"},             {"/a~1b", "1"},                 {"/c%d", "2"},         {"/e^f", "3"},
        {"/g|h", "4"},          {"/i\\j", "5"},                 {"/k\"l", "6"},        {"/ ", "7"},
        {"/m~0n", "8"},         {"/x/~01/0/0", "1.0"},          {"/x/0", "9"},         {"/x/-", "10"},
        {"/x/~01/0/1/y\n", "\"z\\u0041\""},
    };
    for (size_t i = 0; i < CTY_COUNT_OF(cases); i++) {
        struct cty_buf out = CTY_BUF_INIT(4096);
        assert_ok(get(cases[i][0], &out));
        assert_bytes_text(cty_buf_bytes(&out), cases[i][1]);
        cty_buf_done(&out);
    }
}

static void what_is_no_pointer_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "foo", "#", " /foo", "/~", "/~2", "/m~", "/m~n", "/a~1b~", "/\xff", "/\xc3", "/\xf0\x9f\x98",
        "/nothing", "/foo/2", "/foo/-", "/foo/00", "/foo/01", "/foo/+0", "/foo/1e0", "/foo/ 1", "/foo/", "/foo//",
        "/foo/-1", "/foo/18446744073709551616", "/foo/0/0", "/foo/0/", "//", "/Foo", "/x/1", "/x/~1", "/a/b",
    };
    for (size_t i = 0; i < CTY_COUNT_OF(bad); i++) {
        struct cty_buf out = CTY_BUF_INIT(4096);
        if (get(bad[i], &out) != CUSTODY_E_BAD_POINTER)
            fail_msg("%s was not refused", bad[i]);
        assert_int_equal(out.size, 0);
        cty_buf_done(&out);
    }
    struct cty_buf out = CTY_BUF_INIT(4096);
    custody_error error = {0};
    assert_refused(cty_pointer_get(CTY_LITERAL("{\"a\":1}"), CTY_LITERAL("/a\0"), &out, &error), "bad-pointer");
    assert_string_equal(error.detail, "the pointer is malformed");
    assert_refused(cty_pointer_get(CTY_LITERAL("{\"a\":1}"), CTY_LITERAL("/b"), &out, &error), "bad-pointer");
    assert_string_equal(error.detail, "/b");
}

static void documents_are_scanned_first(void **state)
{
    (void)state;
    struct cty_buf out = CTY_BUF_INIT(4096), deep = CTY_BUF_INIT(4096), large = CTY_BUF_INIT(2 * CTY_BLOB_BYTES_MAX);
    custody_error error = {0};
    assert_refused(cty_pointer_get(CTY_LITERAL("{\"a\":1,}"), CTY_LITERAL("/a"), &out, &error), "bad-json");
    assert_string_equal(error.detail, "offset 7");
    assert_refused(cty_pointer_get(CTY_LITERAL("[1,1e400]"), CTY_LITERAL("/0"), &out, NULL), "bad-number");
    assert_refused(cty_pointer_get(CTY_LITERAL("{\"a\":1,\"a\":1}"), CTY_LITERAL(""), &out, NULL),
                   "duplicate-member");
    repeat(&deep, "[", CTY_PAYLOAD_DEPTH_MAX + 1);
    assert_refused(cty_pointer_get(cty_buf_bytes(&deep), CTY_LITERAL(""), &out, NULL), "too-deep");
    repeat(&large, " ", CTY_BLOB_BYTES_MAX);
    repeat(&large, "1", 1);
    assert_refused(cty_pointer_get(cty_buf_bytes(&large), CTY_LITERAL(""), &out, NULL), "too-large");
    assert_ok(cty_pointer_get(cty_bytes_make(large.data + 1, large.size - 1), CTY_LITERAL(""), &out, NULL));
    assert_bytes_text(cty_buf_bytes(&out), "1");
    struct cty_buf small = CTY_BUF_INIT(2);
    assert_refused(cty_pointer_get(CTY_LITERAL("[123]"), CTY_LITERAL("/0"), &small, NULL), "too-large");
    cty_buf_done(&out);
    cty_buf_done(&deep);
    cty_buf_done(&large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pointers_lead_to_values),
        cmocka_unit_test(what_is_no_pointer_is_refused),
        cmocka_unit_test(documents_are_scanned_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
