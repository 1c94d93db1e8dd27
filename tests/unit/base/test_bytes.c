/* SPDX-License-Identifier: Apache-2.0 */
/* Views of bytes: equality, order, UTF-8. */
#include "unit/support.h"

static void views_are_made(void **state)
{
    (void)state;
    assert_bytes_text(CTY_LITERAL("abc"), "abc");
    assert_bytes_text(cty_bytes_text("abc"), "abc");
    assert_int_equal(cty_bytes_text(NULL).size, 0);
    assert_null(cty_bytes_text(NULL).data);
    assert_int_equal(CTY_LITERAL("a\0b").size, 3);
}

static void equal_compares_size_and_bytes(void **state)
{
    (void)state;
    assert_true(cty_bytes_equal(CTY_LITERAL("abc"), CTY_LITERAL("abc")));
    assert_true(cty_bytes_equal(CTY_LITERAL(""), cty_bytes_make(NULL, 0)));
    assert_false(cty_bytes_equal(CTY_LITERAL("abc"), CTY_LITERAL("abd")));
    assert_false(cty_bytes_equal(CTY_LITERAL("abc"), CTY_LITERAL("ab")));
    assert_false(cty_bytes_equal(CTY_LITERAL("a\0b"), CTY_LITERAL("a\0c")));
    assert_true(cty_bytes_is(CTY_LITERAL("abc"), "abc"));
    assert_false(cty_bytes_is(CTY_LITERAL("abc\0"), "abc"));
}

static void order_is_of_unsigned_bytes_then_size(void **state)
{
    (void)state;
    assert_int_equal(cty_bytes_compare(CTY_LITERAL("abc"), CTY_LITERAL("abc")), 0);
    assert_true(cty_bytes_compare(CTY_LITERAL("abc"), CTY_LITERAL("abd")) < 0);
    assert_true(cty_bytes_compare(CTY_LITERAL("b"), CTY_LITERAL("abd")) > 0);
    assert_true(cty_bytes_compare(CTY_LITERAL("ab"), CTY_LITERAL("abc")) < 0);
    assert_true(cty_bytes_compare(CTY_LITERAL("abc"), CTY_LITERAL("ab")) > 0);
    assert_true(cty_bytes_compare(CTY_LITERAL("\x80"), CTY_LITERAL("\x7f")) > 0);
    assert_true(cty_bytes_compare(cty_bytes_make(NULL, 0), CTY_LITERAL("a")) < 0);
    assert_int_equal(cty_bytes_compare(cty_bytes_make(NULL, 0), CTY_LITERAL("")), 0);
}

static void utf8_is_accepted(void **state)
{
    static const char *const texts[] = {
        "",
        "plain",
        "\xc2\x80",         /* least of two bytes */
        "\xdf\xbf",         /* greatest of two */
        "\xe0\xa0\x80",     /* least of three */
        "\xed\x9f\xbf",     /* the last before the surrogates */
        "\xee\x80\x80",     /* the first after them */
        "\xef\xbf\xbf",     /* greatest of three */
        "\xf0\x90\x80\x80", /* least of four */
        "\xf4\x8f\xbf\xbf", /* greatest of all */
        "a\xc3\xa4z",
    };
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(texts); i++)
        assert_true(cty_bytes_is_utf8(cty_bytes_text(texts[i])));
    assert_true(cty_bytes_is_utf8(CTY_LITERAL("a\0b")));
}

static void utf8_is_refused(void **state)
{
    static const char *const texts[] = {
        "\x80",             /* continues nothing */
        "\xbf",
        "\xc0\x80",         /* over-long NUL */
        "\xc1\xbf",         /* over-long DEL */
        "\xe0\x9f\xbf",     /* over-long in three */
        "\xf0\x8f\xbf\xbf", /* over-long in four */
        "\xed\xa0\x80",     /* first surrogate */
        "\xed\xbf\xbf",     /* last surrogate */
        "\xf4\x90\x80\x80", /* beyond U+10FFFF */
        "\xf8\x88\x80\x80\x80",
        "\xff",
        "\xc3(",
        "\xe2\x82(",
        "\xf0\x9f\x98(",
        "\xc3\xa4\xa4",
    };
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(texts); i++)
        assert_false(cty_bytes_is_utf8(cty_bytes_text(texts[i])));
}

static void utf8_cut_anywhere_is_refused(void **state)
{
    static const char *const texts[] = {"\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(texts); i++) {
        for (size_t size = 1; size < strlen(texts[i]); size++)
            assert_false(cty_bytes_is_utf8(cty_bytes_make(texts[i], size)));
    }
}

static void text_is_copied(void **state)
{
    (void)state;
    CTY_AUTO_FREE char *text = cty_bytes_dup_text(CTY_LITERAL("abc"));
    CTY_AUTO_FREE char *empty = cty_bytes_dup_text(cty_bytes_make(NULL, 0));
    assert_string_equal(text, "abc");
    assert_string_equal(empty, "");
}

static void numbers_begin_with_their_largest_byte(void **state)
{
    static const uint8_t eight[8] = {1, 2, 3, 4, 5, 6, 7, 0xff}, two[3] = {0xfe, 0x01, 0x55};
    uint8_t out[8] = {0};
    (void)state;
    assert_int_equal(cty_be_get(eight, 8), UINT64_C(0x01020304050607ff));
    assert_int_equal(cty_be_get(two, 2), 0xfe01);
    assert_int_equal(cty_be_get(two, 0), 0);
    cty_be_put(out, UINT64_C(0x01020304050607ff), 8);
    assert_memory_equal(out, eight, 8);
    out[2] = 0x55;
    cty_be_put(out, UINT64_C(0xabfe01), 2); /* what has no room is cut off */
    assert_memory_equal(out, two, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_begin_with_their_largest_byte),
        cmocka_unit_test(views_are_made),
        cmocka_unit_test(equal_compares_size_and_bytes),
        cmocka_unit_test(order_is_of_unsigned_bytes_then_size),
        cmocka_unit_test(utf8_is_accepted),
        cmocka_unit_test(utf8_is_refused),
        cmocka_unit_test(utf8_cut_anywhere_is_refused),
        cmocka_unit_test(text_is_copied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
