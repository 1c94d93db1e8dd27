/* SPDX-License-Identifier: Apache-2.0 */
/* The difference of two documents, for people and as a patch that leads from one to the other. */
#include "codec/patch.h"

#include "base/limits.h"
#include "unit/codec/codec.h"

static custody_err put_line(void *context, const struct cty_diff_line *line)
{
    struct cty_buf *out = context;
    return cty_buf_putf(out, "%.*s|%.*s|%.*s\n", (int)line->path.size, (const char *)line->path.data,
                        (int)line->before.size, (const char *)line->before.data, (int)line->after.size,
                        (const char *)line->after.data);
}

static void assert_diff(const char *from, const char *to, const char *expected)
{
    struct cty_buf out = CTY_BUF_INIT(4096);
    assert_ok(cty_diff_each(cty_bytes_text(from), cty_bytes_text(to), put_line, &out, NULL));
    assert_string_equal(cty_buf_text(&out), expected);
    cty_buf_done(&out);
}

static void people_see_what_changed(void **state)
{
    (void)state;
    assert_diff("{\"a\":1.0,\"b\":[ ]}", " {\"b\":[],\"\\u0061\":1}", "");
    assert_diff("1", "\"1\"", "|1|\"1\"\n");
    assert_diff("{}", "[]", "|{}|[]\n");
    assert_diff("[]", "[]", "");
    assert_diff("{\"a\":1,\"b\":2,\"d\":4}", "{\"b\":3,\"c\":{\"x\":[]},\"d\":4}",
                "/a|1|\n/b|2|3\n/c||{\"x\":[]}\n");
    assert_diff("{\"z\":{\"y\":[1,{\"x\":null}]},\"a\":0}", "{\"z\":{\"y\":[1,{\"x\":false,\"w\":1}]},\"a\":1}",
                "/a|0|1\n/z/y/1/w||1\n/z/y/1/x|null|false\n");
    assert_diff("[1,2,3,4]", "[1,5]", "/1|2|5\n/2|3|\n/3|4|\n");
    assert_diff("[1]", "[2,[3],4]", "/0|1|2\n/1||[3]\n/2||4\n");
    assert_diff("{\"a/b\":1,\"m~n\":[1],\"\":2}", "{\"a/b\":2,\"m~n\":[2],\"\":3}",
                "/|2|3\n/a~1b|1|2\n/m~0n/0|1|2\n");
    assert_diff("{\"\xef\xac\xb3\":1,\"\xf0\x9f\x98\x80\":1,\"a\\n\":1}", "{}",
                "/a\n|1|\n/\xf0\x9f\x98\x80|1|\n/\xef\xac\xb3|1|\n");
}

static custody_err refuse_line(void *context, const struct cty_diff_line *line)
{
    (void)line;
    ++*(int *)context;
    return CUSTODY_E_IO;
}

static void the_callback_may_refuse(void **state)
{
    (void)state;
    int calls = 0;
    custody_error error = {0};
    assert_refused(cty_diff_each(CTY_LITERAL("[1,2]"), CTY_LITERAL("[3,4]"), refuse_line, &calls, &error), "io");
    assert_int_equal(calls, 1);
    assert_int_equal(error.code, CUSTODY_E_IO);
}

static void both_documents_are_scanned(void **state)
{
    (void)state;
    struct cty_buf out = CTY_BUF_INIT(4096), deep = CTY_BUF_INIT(100);
    custody_error error = {0};
    assert_refused(cty_diff_each(CTY_LITERAL("[1"), CTY_LITERAL("1"), put_line, &out, &error), "bad-json");
    assert_string_equal(error.detail, "from: offset 2");
    assert_refused(cty_patch_make(CTY_LITERAL("1"), CTY_LITERAL("[1e400]"), &out, &error), "bad-number");
    assert_string_equal(error.detail, "to: offset 1");
    assert_refused(cty_patch_make(CTY_LITERAL("{\"a\":1,\"a\":1}"), CTY_LITERAL("1"), &out, &error),
                   "duplicate-member");
    repeat(&deep, "[", CTY_PAYLOAD_DEPTH_MAX + 1);
    assert_refused(cty_patch_make(cty_buf_bytes(&deep), CTY_LITERAL("1"), &out, &error), "too-deep");
    assert_int_equal(out.size, 0);
    cty_buf_done(&out);
    cty_buf_done(&deep);
}

/* Makes the patch from one to the other and applies it: it must lead there. */
static void assert_leads(struct cty_bytes from, struct cty_bytes to, struct cty_buf *operations)
{
    struct cty_buf result = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX), expected = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
    custody_error error = {0};
    cty_buf_clear(operations);
    assert_ok(cty_patch_make(from, to, operations, &error));
    custody_err err = cty_patch_apply(from, cty_buf_bytes(operations), &result, &error);
    if (err != CUSTODY_OK)
        fail_msg("%s %s", custody_err_name(err), error.detail);
    assert_ok(canonical(to, &expected));
    assert_true(cty_bytes_equal(cty_buf_bytes(&result), cty_buf_bytes(&expected)));
    cty_buf_done(&result);
    cty_buf_done(&expected);
}

static void assert_patch(const char *from, const char *to, const char *expected)
{
    struct cty_buf operations = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
    assert_leads(cty_bytes_text(from), cty_bytes_text(to), &operations);
    assert_string_equal(cty_buf_text(&operations), expected);
    cty_buf_done(&operations);
}

static void patches_are_made(void **state)
{
    (void)state;
    assert_patch("{\"a\":1}", "{\"a\":1.0}", "[]");
    assert_patch("1", "2", "[{\"op\":\"replace\",\"path\":\"\",\"value\":2}]");
    assert_patch("{\"b\":1,\"a\":1}", "{\"b\":\"\\n\",\"c\":null}",
                 "[{\"op\":\"remove\",\"path\":\"/a\"},{\"op\":\"replace\",\"path\":\"/b\",\"value\":\"\\n\"},"
                 "{\"op\":\"add\",\"path\":\"/c\",\"value\":null}]");
    assert_patch("[1,2,3,4]", "[5]",
                 "[{\"op\":\"replace\",\"path\":\"/0\",\"value\":5},{\"op\":\"remove\",\"path\":\"/1\"},"
                 "{\"op\":\"remove\",\"path\":\"/1\"},{\"op\":\"remove\",\"path\":\"/1\"}]");
    assert_patch("[1]", "[1,2,[3]]",
                 "[{\"op\":\"add\",\"path\":\"/1\",\"value\":2},{\"op\":\"add\",\"path\":\"/2\",\"value\":[3]}]");
    assert_patch("{\"a\\n/~\":{\"\":1}}", "{\"a\\n/~\":{\"\":2}}",
                 "[{\"op\":\"replace\",\"path\":\"/a\\n~1~0/\",\"value\":2}]");
}

/* Every one of these leads to every other. */
static void any_document_leads_to_any_other(void **state)
{
    (void)state;
    static const char *const documents[] = {
        "null", "0", "\"\"", "[]", "{}", "[[]]", "[1,2,3]", "[[1],[2,[3]],{}]", "[1,[2,[3]],{\"a\":[]}]",
        "{\"\":0}", "{\"a\":{\"b\":{\"c\":1}}}", "{\"a\":{\"b\":{\"c\":[1,2]},\"d\":0}}", "{\"a\":[{\"b\":[1,{}]}]}",
        "{\"~\":1,\"/\":2,\"\\u0001\":3,\"\\\"\":4}",
        "{\"~\":[1,2],\"/\":{\"~1\":2},\"\\\\\":4,\"\xf0\x9f\x98\x80\":5}",
        "[0,1,2,3,4,5,6,7,8,9,10,11]", "[\"x\",null,true,1.5e300,{\"0\":0,\"-\":1}]",
    };
    struct cty_buf operations = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
    for (size_t i = 0; i < CTY_COUNT_OF(documents); i++) {
        for (size_t j = 0; j < CTY_COUNT_OF(documents); j++) {
            assert_leads(cty_bytes_text(documents[i]), cty_bytes_text(documents[j]), &operations);
            assert_int_equal(i == j, operations.size == 2);
            assert_ok(scan(CTY_JSON_DOCUMENT, cty_buf_bytes(&operations), NULL));
        }
    }
    cty_buf_done(&operations);
}

/* More pieces than a patch may have operations: the whole document is replaced. */
static void too_many_pieces_become_one(void **state)
{
    (void)state;
    struct cty_buf from = CTY_BUF_INIT(65536), to = CTY_BUF_INIT(65536),
                   operations = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
    repeat(&from, "[1", 1);
    repeat(&from, ",1", CTY_PATCH_OPERATIONS_MAX);
    repeat(&to, "[1", 1);
    repeat(&to, ",2", CTY_PATCH_OPERATIONS_MAX);
    size_t size = to.size;
    repeat(&from, "]", 1);
    repeat(&to, "]", 1);
    assert_leads(cty_buf_bytes(&from), cty_buf_bytes(&to), &operations);
    assert_memory_equal(operations.data, "[{\"op\":\"replace\",\"path\":\"/1\",", 29);
    to.size = size;
    repeat(&to, ",2]", 1);
    assert_leads(cty_buf_bytes(&from), cty_buf_bytes(&to), &operations);
    assert_memory_equal(operations.data, "[{\"op\":\"replace\",\"path\":\"\",\"value\":[1,2,", 40);
    cty_buf_done(&from);
    cty_buf_done(&to);
    cty_buf_done(&operations);
}

/* The largest and the deepest payloads lead to one another, but for the few bytes that an operation adds. */
static void extremes_lead_to_one_another(void **state)
{
    (void)state;
    struct cty_buf deep = CTY_BUF_INIT(4096), large = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX),
                   operations = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
    custody_error error = {0};
    repeat(&deep, "[", CTY_PAYLOAD_DEPTH_MAX);
    repeat(&deep, "]", CTY_PAYLOAD_DEPTH_MAX);
    repeat(&large, "{\"a\":\"", 1);
    repeat(&large, "x", CTY_BLOB_BYTES_MAX - 8 - sizeof("[{\"op\":\"replace\",\"path\":\"\",\"value\":}]") + 1);
    size_t size = large.size;
    repeat(&large, "\"}", 1);
    assert_leads(cty_buf_bytes(&deep), cty_buf_bytes(&large), &operations);
    assert_int_equal(operations.size, CTY_BLOB_BYTES_MAX);
    assert_leads(cty_buf_bytes(&large), cty_buf_bytes(&deep), &operations);
    large.size = size;
    repeat(&large, "x\"}", 1);
    assert_refused(cty_patch_make(cty_buf_bytes(&deep), cty_buf_bytes(&large), &operations, &error), "too-large");
    cty_buf_done(&deep);
    cty_buf_done(&large);
    cty_buf_done(&operations);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(people_see_what_changed),
        cmocka_unit_test(the_callback_may_refuse),
        cmocka_unit_test(both_documents_are_scanned),
        cmocka_unit_test(patches_are_made),
        cmocka_unit_test(any_document_leads_to_any_other),
        cmocka_unit_test(too_many_pieces_become_one),
        cmocka_unit_test(extremes_lead_to_one_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
