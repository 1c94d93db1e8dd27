/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 6902 beyond the vectors: our own rulings, the limits, and which operation a refusal names. */
#include "codec/patch.h"

#include "base/limits.h"
#include "unit/codec/codec.h"

static custody_err apply(const char *document, const char *operations, struct cty_buf *out, custody_error *error)
{
    return cty_patch_apply(cty_bytes_text(document), cty_bytes_text(operations), out, error);
}

static void assert_gives(const char *document, const char *operations, const char *expected)
{
    struct cty_buf out = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
    custody_error error = {0};
    custody_err err = apply(document, operations, &out, &error);
    if (err != CUSTODY_OK)
        fail_msg("%s: %s %s", operations, custody_err_name(err), error.detail);
    assert_bytes_text(cty_buf_bytes(&out), expected);
    cty_buf_done(&out);
}

static void assert_fails(const char *document, const char *operations, const char *code, const char *detail)
{
    struct cty_buf out = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
    custody_error error = {0};
    assert_ok(cty_buf_put_text(&out, "kept"));
    assert_refused(apply(document, operations, &out, &error), code);
    assert_string_equal(error.detail, detail);
    assert_string_equal(custody_err_name(error.code), code);
    assert_bytes_text(cty_buf_bytes(&out), "kept");
    cty_buf_done(&out);
}

static void results_are_canonical(void **state)
{
    (void)state;
    assert_gives(" {\"b\":1.0,\"a\":\"\\u0041\"} ", "[]", "{\"a\":\"A\",\"b\":1}");
    assert_gives("{\"b\":1}", "[{\"op\":\"add\",\"path\":\"/a\",\"value\":{\"z\":1e2,\"y\":[null,-0]}}]",
                 "{\"a\":{\"y\":[null,0],\"z\":100},\"b\":1}");
    assert_gives("{\"\xef\xac\xb3\":1}", "[{\"op\":\"add\",\"path\":\"/\\ud83d\\ude00\",\"value\":2}]",
                 "{\"\xf0\x9f\x98\x80\":2,\"\xef\xac\xb3\":1}");
}

static void names_are_values_and_not_spellings(void **state)
{
    (void)state;
    assert_gives("{\"a\\n\\\"\\u0001\":1}",
                 "[{\"op\":\"replace\",\"path\":\"/a\\u000a\\u0022\\u0001\",\"value\":2}]",
                 "{\"a\\n\\\"\\u0001\":2}");
    assert_gives("{\"\\u0061\":1}", "[{\"\\u006fp\":\"add\",\"path\":\"\\/a\",\"value\":2}]", "{\"a\":2}");
    assert_gives("{\"\":{\"\":1}}", "[{\"op\":\"remove\",\"path\":\"//\"}]", "{\"\":{}}");
    assert_gives("{\"null\":null,\"t\":\"null\"}", "[{\"op\":\"test\",\"path\":\"/t\",\"value\":\"null\"}]",
                 "{\"null\":null,\"t\":\"null\"}");
    assert_fails("{\"t\":\"null\"}", "[{\"op\":\"test\",\"path\":\"/t\",\"value\":null}]", "bad-patch",
                 "operation 0: the test failed");
}

static void numbers_are_compared_by_value(void **state)
{
    (void)state;
    assert_gives("[1,1.5,100,0]",
                 "[{\"op\":\"test\",\"path\":\"\",\"value\":[1.0,15e-1,1e2,-0]},"
                 "{\"op\":\"test\",\"path\":\"/2\",\"value\":100.00}]",
                 "[1,1.5,100,0]");
    assert_fails("[1]", "[{\"op\":\"test\",\"path\":\"/0\",\"value\":1.0000001}]", "bad-patch",
                 "operation 0: the test failed");
    assert_fails("[1]", "[{\"op\":\"test\",\"path\":\"/0\",\"value\":\"1\"}]", "bad-patch",
                 "operation 0: the test failed");
    /* jansson's integers end at 2^63; ours don't. */
    assert_gives("[]", "[{\"op\":\"add\",\"path\":\"/-\",\"value\":100000000000000000000000}]", "[1e+23]");
}

static void the_whole_document(void **state)
{
    (void)state;
    assert_gives("{\"a\":1}", "[{\"op\":\"add\",\"path\":\"\",\"value\":[1]}]", "[1]");
    assert_gives("{\"a\":1}", "[{\"op\":\"replace\",\"path\":\"\",\"value\":\"x\"}]", "\"x\"");
    assert_gives("{\"a\":[1]}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"\"}]", "[1]");
    assert_gives("{\"a\":[1]}", "[{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"\"}]", "[1]");
    assert_gives("{\"a\":1}", "[{\"op\":\"copy\",\"from\":\"\",\"path\":\"/a\"}]", "{\"a\":{\"a\":1}}");
    assert_gives("7", "[{\"op\":\"move\",\"from\":\"\",\"path\":\"\"}]", "7");
    assert_fails("{\"a\":1}", "[{\"op\":\"remove\",\"path\":\"\"}]", "bad-patch",
                 "operation 0: the whole document can't be removed");
    assert_fails("{\"a\":1}", "[{\"op\":\"move\",\"from\":\"\",\"path\":\"/a\"}]", "bad-patch",
                 "operation 0: a value can't be moved into itself");
}

static void moves(void **state)
{
    (void)state;
    assert_gives("{\"a\":{\"b\":1},\"ab\":2}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/ab\"}]",
                 "{\"ab\":{\"b\":1}}");
    assert_gives("[1,2,3]", "[{\"op\":\"move\",\"from\":\"/0\",\"path\":\"/2\"}]", "[2,3,1]");
    assert_gives("[1,2,3]", "[{\"op\":\"move\",\"from\":\"/2\",\"path\":\"/0\"}]", "[3,1,2]");
    assert_gives("[1,2,3]", "[{\"op\":\"move\",\"from\":\"/0\",\"path\":\"/-\"}]", "[2,3,1]");
    assert_gives("[1,2,{\"x\":[]}]", "[{\"op\":\"move\",\"from\":\"/0\",\"path\":\"/1/x/0\"}]", "[2,{\"x\":[1]}]");
    assert_fails("[1,2,3]", "[{\"op\":\"move\",\"from\":\"/0\",\"path\":\"/3\"}]", "bad-pointer",
                 "operation 0: the index is malformed or out of range");
    assert_fails("{\"a\":{\"b\":{}}}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/a/b/c\"}]", "bad-patch",
                 "operation 0: a value can't be moved into itself");
    assert_fails("{\"a\":1}", "[{\"op\":\"move\",\"from\":\"/b\",\"path\":\"/b\"}]", "bad-pointer",
                 "operation 0: the pointer points at nothing");
}

static void arrays(void **state)
{
    (void)state;
    assert_gives("[]", "[{\"op\":\"add\",\"path\":\"/0\",\"value\":1},{\"op\":\"add\",\"path\":\"/1\",\"value\":3},"
                       "{\"op\":\"add\",\"path\":\"/1\",\"value\":2},{\"op\":\"add\",\"path\":\"/-\",\"value\":4}]",
                 "[1,2,3,4]");
    static const char *const bad[] = {"/00", "/01", "/+1", "/1e0", "/3", "/ 1", "/x", "/", "/18446744073709551616"};
    for (size_t i = 0; i < CTY_COUNT_OF(bad); i++) {
        char operations[96];
        snprintf(operations, sizeof(operations), "[{\"op\":\"add\",\"path\":\"%s\",\"value\":1}]", bad[i]);
        assert_fails("[1,2]", operations, "bad-pointer", "operation 0: the index is malformed or out of range");
        snprintf(operations, sizeof(operations), "[{\"op\":\"remove\",\"path\":\"%s\"}]", bad[i]);
        assert_fails("[1,2]", operations, "bad-pointer", "operation 0: the pointer points at nothing");
    }
    assert_fails("[1]", "[{\"op\":\"remove\",\"path\":\"/-\"}]", "bad-pointer",
                 "operation 0: the pointer points at nothing");
    assert_fails("[1]", "[{\"op\":\"replace\",\"path\":\"/1\",\"value\":1}]", "bad-pointer",
                 "operation 0: the pointer points at nothing");
    assert_fails("[1]", "[{\"op\":\"add\",\"path\":\"/-/a\",\"value\":1}]", "bad-pointer",
                 "operation 0: the pointer points at nothing");
    assert_fails("[1]", "[{\"op\":\"add\",\"path\":\"/0/0\",\"value\":1}]", "bad-pointer",
                 "operation 0: the pointer goes into a scalar");
}

#define FIRST "{\"op\":\"add\",\"path\":\"/x\",\"value\":1},"

/* All or nothing, and the refusal names the operation. */
static void refusals_name_the_operation(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"[" FIRST "1]", "bad-patch", "operation 1: it is not an object"},
        {"[" FIRST "{\"path\":\"/a\"}]", "bad-patch", "operation 1: 'op' is missing or unknown"},
        {"[" FIRST "{\"op\":1,\"path\":\"/a\"}]", "bad-patch", "operation 1: 'op' is missing or unknown"},
        {"[" FIRST "{\"op\":\"Add\",\"path\":\"/a\"}]", "bad-patch", "operation 1: 'op' is missing or unknown"},
        {"[" FIRST "{\"op\":\"add\",\"value\":1}]", "bad-patch", "operation 1: 'path' is missing or not a string"},
        {"[" FIRST "{\"op\":\"add\",\"path\":[],\"value\":1}]", "bad-patch",
         "operation 1: 'path' is missing or not a string"},
        {"[" FIRST "{\"op\":\"add\",\"path\":\"/a\"}]", "bad-patch", "operation 1: 'value' is missing"},
        {"[" FIRST "{\"op\":\"replace\",\"path\":\"/x\"}]", "bad-patch", "operation 1: 'value' is missing"},
        {"[" FIRST "{\"op\":\"test\",\"path\":\"/x\"}]", "bad-patch", "operation 1: 'value' is missing"},
        {"[" FIRST "{\"op\":\"move\",\"path\":\"/a\"}]", "bad-patch",
         "operation 1: 'from' is missing or not a string"},
        {"[" FIRST "{\"op\":\"copy\",\"path\":\"/a\",\"from\":null}]", "bad-patch",
         "operation 1: 'from' is missing or not a string"},
        {"[" FIRST "{\"op\":\"copy\",\"path\":\"/a\",\"from\":\"/nope\"}]", "bad-pointer",
         "operation 1: the pointer points at nothing"},
        {"[" FIRST "{\"op\":\"remove\",\"path\":\"x\"}]", "bad-pointer", "operation 1: the pointer is malformed"},
        {"[" FIRST "{\"op\":\"remove\",\"path\":\"/x~\"}]", "bad-pointer", "operation 1: the pointer is malformed"},
        {"[" FIRST "{\"op\":\"move\",\"from\":\"/~2\",\"path\":\"/x\"}]", "bad-pointer",
         "operation 1: the pointer is malformed"},
        {"[" FIRST "{\"op\":\"test\",\"path\":\"/x\",\"value\":2}]", "bad-patch", "operation 1: the test failed"},
        {"{\"op\":\"add\"}", "bad-patch", "operations: not an array"},
        {"[" FIRST "]", "bad-json", "operations: offset 36"},
        {"[{\"op\":\"remove\",\"op\":\"add\"}]", "duplicate-member", "operations: offset 17"},
    };
    for (size_t i = 0; i < CTY_COUNT_OF(cases); i++)
        assert_fails("{}", cases[i][0], cases[i][1], cases[i][2]);
}

static void foreign_members_are_passed_over(void **state)
{
    (void)state;
    assert_gives("{}", "[{\"op\":\"add\",\"path\":\"/a\",\"value\":1,\"from\":7,\"note\":{\"x\":[]}}]", "{\"a\":1}");
    assert_gives("{\"a\":1}", "[{\"op\":\"remove\",\"path\":\"/a\",\"value\":1}]", "{}");
}

static void documents_are_scanned_first(void **state)
{
    (void)state;
    assert_fails("{\"a\":1,\"\\u0061\":2}", "[]", "duplicate-member", "document: offset 8");
    assert_fails("[12345678901234567890.12]", "[]", "bad-number", "document: offset 1");
    assert_fails("[\"\\u0000\"]", "[]", "bad-json", "document: offset 2");
    assert_fails("[]", "[{\"op\":\"add\",\"path\":\"/-\",\"value\":1e-400}]", "bad-number", "operations: offset 33");
}

static void operations_are_counted(void **state)
{
    (void)state;
    struct cty_buf text = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX), out = CTY_BUF_INIT(100);
    repeat(&text, "[", 1);
    repeat(&text, "{\"op\":\"test\",\"path\":\"\",\"value\":1},", CTY_PATCH_OPERATIONS_MAX - 1);
    size_t before_last = text.size;
    repeat(&text, "{\"op\":\"test\",\"path\":\"\",\"value\":1}]", 1);
    assert_ok(cty_patch_apply(CTY_LITERAL("1"), cty_buf_bytes(&text), &out, NULL));
    text.size = before_last;
    repeat(&text, "{\"op\":\"test\",\"path\":\"\",\"value\":1},{}]", 1);
    assert_refused(cty_patch_apply(CTY_LITERAL("1"), cty_buf_bytes(&text), &out, NULL), "too-large");
    cty_buf_done(&text);
    cty_buf_done(&out);
}

/* Thirty doublings would make gigabytes, though the last operation takes all of it away again. */
static void doublings_are_bounded(void **state)
{
    (void)state;
    struct cty_buf text = CTY_BUF_INIT(4096), out = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
    custody_error error = {0};
    repeat(&text, "[", 1);
    repeat(&text, "{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/a/-\"},", 30);
    repeat(&text, "{\"op\":\"remove\",\"path\":\"/a\"}]", 1);
    static const char document[] = "{\"a\":[\"012345678901234567890123456789012345678901234567890123456789\"]}";
    assert_refused(apply(document, cty_buf_text(&text), &out, &error), "too-large");
    assert_string_equal(error.detail, "operation 13: the document gets too large");
    cty_buf_done(&text);
    cty_buf_done(&out);
}

/* Every three operations put the value into one array more. */
static void deepening_is_bounded(void **state)
{
    (void)state;
    struct cty_buf text = CTY_BUF_INIT(65536), out = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
    custody_error error = {0};
    repeat(&text, "[", 1);
    repeat(&text, "{\"op\":\"add\",\"path\":\"/t\",\"value\":[]},"
                  "{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/t/0\"},"
                  "{\"op\":\"move\",\"from\":\"/t\",\"path\":\"/a\"},", 30);
    size_t size = text.size;
    text.data[text.size - 1] = ']';
    assert_ok(apply("{\"a\":1}", cty_buf_text(&text), &out, &error));
    text.size = size;
    text.data[text.size - 1] = ',';
    repeat(&text, "{\"op\":\"add\",\"path\":\"/t\",\"value\":[]},"
                  "{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/t/0\"}]", 1);
    assert_refused(apply("{\"a\":1}", cty_buf_text(&text), &out, &error), "too-deep");
    assert_string_equal(error.detail, "operation 91: the document gets too deep");
    cty_buf_done(&text);
    cty_buf_done(&out);
}

/* `{"a":"xx..."}` of `size` bytes. */
static void document_of(struct cty_buf *out, size_t size)
{
    cty_buf_clear(out);
    repeat(out, "{\"a\":\"", 1);
    repeat(out, "x", size - 8);
    repeat(out, "\"}", 1);
}

static void bytes_are_bounded(void **state)
{
    (void)state;
    struct cty_buf text = CTY_BUF_INIT(2 * CTY_BLOB_BYTES_MAX), out = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
    custody_error error = {0};
    static const char add[] = "[{\"op\":\"add\",\"path\":\"/b\",\"value\":1}]";
    document_of(&text, CTY_BLOB_BYTES_MAX - 6);
    assert_ok(apply(cty_buf_text(&text), add, &out, &error));
    assert_int_equal(out.size, CTY_BLOB_BYTES_MAX);
    cty_buf_clear(&out);
    document_of(&text, CTY_BLOB_BYTES_MAX - 5);
    assert_refused(apply(cty_buf_text(&text), add, &out, &error), "too-large");
    assert_string_equal(error.detail, "operation 0: the document gets too large");
    /* Nor may it be larger in between. */
    assert_refused(apply(cty_buf_text(&text),
                         "[{\"op\":\"add\",\"path\":\"/b\",\"value\":1},{\"op\":\"remove\",\"path\":\"/a\"}]", &out,
                         &error),
                   "too-large");
    assert_ok(apply(cty_buf_text(&text),
                    "[{\"op\":\"remove\",\"path\":\"/a\"},{\"op\":\"add\",\"path\":\"/b\",\"value\":1}]", &out,
                    &error));
    assert_bytes_text(cty_buf_bytes(&out), "{\"b\":1}");
    document_of(&text, CTY_BLOB_BYTES_MAX + 1);
    assert_refused(apply(cty_buf_text(&text), "[]", &out, &error), "too-large");
    assert_string_equal(error.detail, "document: 1048577 bytes");
    assert_refused(apply("{}", cty_buf_text(&text), &out, &error), "too-large");
    cty_buf_done(&text);
    cty_buf_done(&out);
}

/* RFC 8785 spells 1e20 with 21 digits: what is small as sent can be too large as kept. */
static void canonical_bytes_count(void **state)
{
    (void)state;
    struct cty_buf text = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX), out = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
    custody_error error = {0};
    repeat(&text, "[", 1);
    repeat(&text, "1e20,", 50000);
    repeat(&text, "1]", 1);
    assert_refused(apply(cty_buf_text(&text), "[]", &out, &error), "too-large");
    assert_string_equal(error.detail, "document: in RFC 8785 form");
    cty_buf_done(&text);
    cty_buf_done(&out);
}

static void nodes_are_bounded(void **state)
{
    (void)state;
    struct cty_buf text = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX), out = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
    custody_error error = {0};
    repeat(&text, "[", 1);
    repeat(&text, "1,", CTY_PAYLOAD_NODES_MAX - 3);
    repeat(&text, "1]", 1);
    assert_ok(apply(cty_buf_text(&text), "[{\"op\":\"add\",\"path\":\"/-\",\"value\":1}]", &out, &error));
    assert_refused(apply(cty_buf_text(&text), "[{\"op\":\"add\",\"path\":\"/-\",\"value\":[1]}]", &out, &error),
                   "too-large");
    assert_string_equal(error.detail, "operation 0: the document gets too large");
    cty_buf_done(&text);
    cty_buf_done(&out);
}

/* Copies of 300,000 bytes over one another leave the document small, and are refused at the fourteenth. */
static void carried_bytes_are_bounded(void **state)
{
    (void)state;
    struct cty_buf text = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX), patch = CTY_BUF_INIT(65536),
                   out = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
    custody_error error = {0};
    document_of(&text, 300000 + 6);
    repeat(&patch, "[{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/b\"}", 1);
    repeat(&patch, ",{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/b\"}", 12);
    size_t thirteen = patch.size;
    repeat(&patch, "]", 1);
    assert_ok(apply(cty_buf_text(&text), cty_buf_text(&patch), &out, &error));
    patch.size = thirteen;
    repeat(&patch, ",{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/b\"}]", 1);
    assert_refused(apply(cty_buf_text(&text), cty_buf_text(&patch), &out, &error), "too-large");
    assert_string_equal(error.detail, "operation 13: the patch moves too much");
    cty_buf_done(&text);
    cty_buf_done(&patch);
    cty_buf_done(&out);
}

/* A value as deep as a payload may be fits at the top and nowhere below, and stands two deeper in a patch. */
static void depth_is_bounded(void **state)
{
    (void)state;
    struct cty_buf patch = CTY_BUF_INIT(4096), out = CTY_BUF_INIT(4096);
    custody_error error = {0};
    repeat(&patch, "[{\"op\":\"add\",\"path\":\"\",\"value\":", 1);
    repeat(&patch, "[", CTY_PAYLOAD_DEPTH_MAX);
    repeat(&patch, "]", CTY_PAYLOAD_DEPTH_MAX);
    repeat(&patch, "}]", 1);
    assert_ok(apply("[]", cty_buf_text(&patch), &out, &error));
    assert_int_equal(out.size, 2 * CTY_PAYLOAD_DEPTH_MAX);
    cty_buf_clear(&patch);
    repeat(&patch, "[{\"op\":\"add\",\"path\":\"/0\",\"value\":", 1);
    repeat(&patch, "[", CTY_PAYLOAD_DEPTH_MAX);
    repeat(&patch, "]", CTY_PAYLOAD_DEPTH_MAX);
    repeat(&patch, "}]", 1);
    assert_refused(apply("[]", cty_buf_text(&patch), &out, &error), "too-deep");
    assert_string_equal(error.detail, "operation 0: the document gets too deep");
    cty_buf_clear(&patch);
    repeat(&patch, "[{\"op\":\"add\",\"path\":\"\",\"value\":", 1);
    repeat(&patch, "[", CTY_PAYLOAD_DEPTH_MAX + 1);
    assert_refused(apply("[]", cty_buf_text(&patch), &out, &error), "too-deep");
    assert_memory_equal(error.detail, "operations: offset", 18);
    cty_buf_done(&patch);
    cty_buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_are_canonical),
        cmocka_unit_test(names_are_values_and_not_spellings),
        cmocka_unit_test(numbers_are_compared_by_value),
        cmocka_unit_test(the_whole_document),
        cmocka_unit_test(moves),
        cmocka_unit_test(arrays),
        cmocka_unit_test(refusals_name_the_operation),
        cmocka_unit_test(foreign_members_are_passed_over),
        cmocka_unit_test(documents_are_scanned_first),
        cmocka_unit_test(operations_are_counted),
        cmocka_unit_test(doublings_are_bounded),
        cmocka_unit_test(deepening_is_bounded),
        cmocka_unit_test(bytes_are_bounded),
        cmocka_unit_test(canonical_bytes_count),
        cmocka_unit_test(nodes_are_bounded),
        cmocka_unit_test(carried_bytes_are_bounded),
        cmocka_unit_test(depth_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
