/* SPDX-License-Identifier: Apache-2.0 */
/* The writer: what it writes is RFC 8785, what it can't write it refuses, what its caller must know it asserts. */
#include "unit/codec/codec.h"

static void writes_what_is_put(void **state)
{
    (void)state;
    struct cty_buf out = CTY_BUF_INIT(4096);
    struct cty_jw jw;
    cty_jw_begin(&jw, &out);
    cty_jw_object(&jw);
    cty_jw_name(&jw, "a");
    cty_jw_array(&jw);
    cty_jw_u64(&jw, 0);
    cty_jw_u64(&jw, 9007199254740991);
    cty_jw_bool(&jw, true);
    cty_jw_bool(&jw, false);
    cty_jw_object(&jw);
    cty_jw_object_end(&jw);
    cty_jw_array(&jw);
    cty_jw_array_end(&jw);
    cty_jw_array_end(&jw);
    cty_jw_name(&jw, "b");
    cty_jw_hex(&jw, CTY_LITERAL("\x01\xff"));
    cty_jw_name(&jw, "c");
    cty_jw_base64(&jw, CTY_LITERAL("fo"));
    cty_jw_name(&jw, "d");
    cty_jw_raw(&jw, CTY_LITERAL("{\"x\":1}"));
    cty_jw_name(&jw, "e");
    cty_jw_text(&jw, "plain");
    cty_jw_name_bytes(&jw, CTY_LITERAL("f\n\xc3\xa9"));
    cty_jw_text(&jw, "");
    cty_jw_object_end(&jw);
    assert_ok(cty_jw_end(&jw));
    assert_bytes_text(cty_buf_bytes(&out),
                      "{\"a\":[0,9007199254740991,true,false,{},[]],\"b\":\"01ff\",\"c\":\"Zm8=\","
                      "\"d\":{\"x\":1},\"e\":\"plain\",\"f\\n\xc3\xa9\":\"\"}");
    assert_ok(scan(CTY_JSON_STRICT, cty_buf_bytes(&out), NULL));
    cty_buf_done(&out);
}

/* Every character there is below U+0100, and some beyond: what is written is scanned and read back. */
static void strings_survive(void **state)
{
    (void)state;
    for (unsigned point = 1; point < 0x100; point++) {
        struct cty_buf value = CTY_BUF_INIT(64), out = CTY_BUF_INIT(64), again = CTY_BUF_INIT(64);
        struct cty_json json = CTY_JSON_INIT;
        struct cty_jw jw;
        assert_ok(cty_buf_put_text(&value, "a"));
        if (point >= 0x80)
            assert_ok(cty_buf_put_byte(&value, (uint8_t)(0xc0 | point >> 6)));
        assert_ok(cty_buf_put_byte(&value, (uint8_t)(point < 0x80 ? point : 0x80 | (point & 0x3f))));
        assert_ok(cty_buf_put_text(&value, "z\xf0\x9f\x98\x80"));
        cty_jw_begin(&jw, &out);
        cty_jw_string(&jw, cty_buf_bytes(&value));
        assert_ok(cty_jw_end(&jw));
        assert_ok(cty_json_scan(&json, CTY_JSON_STRICT, (struct cty_json_limits){1, 1}, cty_buf_bytes(&out), NULL));
        assert_ok(cty_json_string(&json.nodes[0], &again));
        assert_true(cty_bytes_equal(cty_buf_bytes(&value), cty_buf_bytes(&again)));
        cty_json_done(&json);
        cty_buf_done(&value);
        cty_buf_done(&out);
        cty_buf_done(&again);
    }
}

static custody_err write_string(struct cty_bytes value, size_t limit)
{
    struct cty_buf out = CTY_BUF_INIT(limit);
    struct cty_jw jw;
    cty_jw_begin(&jw, &out);
    cty_jw_array(&jw);
    cty_jw_string(&jw, value);
    cty_jw_u64(&jw, 1);
    cty_jw_array_end(&jw);
    custody_err err = cty_jw_end(&jw);
    cty_buf_done(&out);
    return err;
}

static void refuses_what_json_cannot_say(void **state)
{
    (void)state;
    assert_ok(write_string(CTY_LITERAL("ab"), 100));
    assert_refused(write_string(CTY_LITERAL("a\0b"), 100), "bad-member");
    assert_refused(write_string(CTY_LITERAL("\xff"), 100), "bad-encoding");
    assert_refused(write_string(CTY_LITERAL("\xed\xa0\x80"), 100), "bad-encoding");
    assert_refused(write_string(CTY_LITERAL("\xc3"), 100), "bad-encoding");
}

/* `["ab",1]` is eight bytes. */
static void limits_are_kept(void **state)
{
    (void)state;
    assert_ok(write_string(CTY_LITERAL("ab"), 8));
    for (size_t limit = 0; limit < 8; limit++)
        assert_refused(write_string(CTY_LITERAL("ab"), limit), "too-large");
}

/* After the first error nothing more is written, and that error is what one gets. */
static void first_error_is_kept(void **state)
{
    (void)state;
    struct cty_buf out = CTY_BUF_INIT(100);
    struct cty_jw jw;
    cty_jw_begin(&jw, &out);
    cty_jw_object(&jw);
    cty_jw_name_bytes(&jw, CTY_LITERAL("\xff"));
    size_t size = out.size;
    cty_jw_text(&jw, "x");
    cty_jw_name(&jw, "b");
    cty_jw_string(&jw, CTY_LITERAL("\0"));
    cty_jw_bool(&jw, true);
    cty_jw_hex(&jw, CTY_LITERAL("x"));
    cty_jw_base64(&jw, CTY_LITERAL("x"));
    cty_jw_raw(&jw, CTY_LITERAL("x"));
    cty_jw_array(&jw);
    cty_jw_array_end(&jw);
    assert_refused(cty_jw_end(&jw), "bad-encoding");
    assert_int_equal(out.size, size);
    cty_buf_done(&out);
}

static struct cty_buf scrap;
static struct cty_jw scrap_jw;

static void scrap_begin(void)
{
    scrap = CTY_BUF_INIT(1000);
    cty_jw_begin(&scrap_jw, &scrap);
    cty_jw_object(&scrap_jw);
    cty_jw_name(&scrap_jw, "b");
}

static void good_order(void)
{
    scrap_begin();
    cty_jw_u64(&scrap_jw, 1);
    cty_jw_name(&scrap_jw, "c");
    cty_jw_u64(&scrap_jw, 1);
    cty_jw_object_end(&scrap_jw);
    if (cty_jw_end(&scrap_jw) != CUSTODY_OK)
        abort();
    cty_buf_done(&scrap);
}

static void falling_order(void)
{
    scrap_begin();
    cty_jw_u64(&scrap_jw, 1);
    cty_jw_name(&scrap_jw, "a");
}

static void same_name(void)
{
    scrap_begin();
    cty_jw_u64(&scrap_jw, 1);
    cty_jw_name(&scrap_jw, "b");
}

static void name_without_value(void)
{
    scrap_begin();
    cty_jw_name(&scrap_jw, "c");
}

static void value_without_name(void)
{
    scrap_begin();
    cty_jw_u64(&scrap_jw, 1);
    cty_jw_u64(&scrap_jw, 2);
}

static void name_in_array(void)
{
    scrap_begin();
    cty_jw_array(&scrap_jw);
    cty_jw_name(&scrap_jw, "c");
}

static void wrong_bracket(void)
{
    scrap_begin();
    cty_jw_array(&scrap_jw);
    cty_jw_object_end(&scrap_jw);
}

static void open_end(void)
{
    scrap_begin();
    cty_jw_u64(&scrap_jw, 1);
    (void)!cty_jw_end(&scrap_jw);
}

static void name_with_escape(void)
{
    scrap_begin();
    cty_jw_u64(&scrap_jw, 1);
    cty_jw_name(&scrap_jw, "c\n");
}

static void nested(size_t depth)
{
    struct cty_buf out = CTY_BUF_INIT(1000);
    struct cty_jw jw;
    cty_jw_begin(&jw, &out);
    for (size_t i = 0; i < depth; i++)
        cty_jw_array(&jw);
    for (size_t i = 0; i < depth; i++)
        cty_jw_array_end(&jw);
    if (cty_jw_end(&jw) != CUSTODY_OK || out.size != 2 * depth)
        abort();
    cty_buf_done(&out);
}

static void deepest(void)
{
    nested(CTY_JW_DEPTH_MAX);
}

static void too_deep(void)
{
    nested(CTY_JW_DEPTH_MAX + 1);
}

static void program_truths_are_asserted(void **state)
{
    (void)state;
    assert_false(aborts(good_order));
    assert_true(aborts(falling_order));
    assert_true(aborts(same_name));
    assert_true(aborts(name_without_value));
    assert_true(aborts(value_without_name));
    assert_true(aborts(name_in_array));
    assert_true(aborts(wrong_bracket));
    assert_true(aborts(open_end));
    assert_true(aborts(name_with_escape));
    assert_false(aborts(deepest));
    assert_true(aborts(too_deep));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_what_is_put),
        cmocka_unit_test(strings_survive),
        cmocka_unit_test(refuses_what_json_cannot_say),
        cmocka_unit_test(limits_are_kept),
        cmocka_unit_test(first_error_is_kept),
        cmocka_unit_test(program_truths_are_asserted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
