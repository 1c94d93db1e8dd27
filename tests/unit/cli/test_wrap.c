/* SPDX-License-Identifier: Apache-2.0 */
/* Lines are broken by us, with a mark that no line of a rendering begins with; a page knows what was seen of it. */
#include "cli/pager.h"
#include "cli/wrap.h"
#include "unit/support.h"

static void expect_wrapped(const char *text, size_t width, const char *lines)
{
    struct cty_buf out = CTY_BUF_INIT(4096);
    assert_ok(cty_wrap(cty_bytes_text(text), width, &out));
    assert_string_equal(cty_buf_text(&out), lines);
    cty_buf_done(&out);
}

static int setup(void **state)
{
    (void)state;
    return setenv("LC_ALL", "C.UTF-8", 1);
}

static void short_lines_stay(void **state)
{
    (void)state;
    expect_wrapped("a\nbc\n", 20, "a\nbc\n");
    expect_wrapped("12345678901234567890\n", 20, "12345678901234567890\n");
    expect_wrapped("12345678901234567890123\n", 0, "12345678901234567890123\n");
    expect_wrapped("", 20, "");
}

static void long_lines_go_on_behind_a_mark(void **state)
{
    (void)state;
    expect_wrapped("123456789012345678901\nx", 20, "12345678901234567890\n| 1\nx");
    expect_wrapped("12345678901234567890123456789012345678901", 20,
                   "12345678901234567890\n| 123456789012345678\n| 901");
    /* A width that leaves no room is not believed. */
    expect_wrapped("123456789012345678901", 1, "12345678901234567890\n| 1");
    /* Between words, where one is near; a space that doesn't fit begins the next line. */
    expect_wrapped("one two three four five\nx", 20, "one two three four \n| five\nx");
    expect_wrapped("one two three four fivesixseven", 20, "one two three four \n| fivesixseven");
    expect_wrapped("12345678901234567890 x y", 20, "12345678901234567890\n|  x y");
    expect_wrapped("1234567890123456 890  34567890123456 xyz", 20, "1234567890123456 890\n|   34567890123456 \n| xyz");
    expect_wrapped("12 34567890123456789012", 20, "12 34567890123456789\n| 012");
}

static void columns_are_counted_not_bytes(void **state)
{
    (void)state;
    assert_int_equal(cty_wrap_columns(CTY_LITERAL("a\u0301\u00fc")), 2);
    assert_int_equal(cty_wrap_columns(CTY_LITERAL("\u6771\u4eac")), 4);
    assert_int_equal(cty_wrap_columns(CTY_LITERAL("\U0001f44d")), 2);
    expect_wrapped("1234567890123456789\u6771", 20, "1234567890123456789\n| \u6771");
    expect_wrapped("1234567890123456789e\u0301", 20, "1234567890123456789e\u0301");
}

/* Where a byte above 0x7f may be a control character of its own. */
static void a_terminal_without_utf8_gets_ascii(void **state)
{
    (void)state;
    assert_int_equal(setenv("LC_ALL", "C", 1), 0);
    expect_wrapped("a\u06dbb", 20, "a\\u{6db}b");
    expect_wrapped("a\u06dbb", 0, "a\u06dbb");
    assert_int_equal(setenv("LC_ALL", "de_DE.utf8", 1), 0);
    expect_wrapped("a\u06dbb", 20, "a\u06dbb");
    assert_int_equal(unsetenv("LC_ALL") | unsetenv("LC_CTYPE") | unsetenv("LANG"), 0);
    expect_wrapped("a\u06dbb", 20, "a\u06dbb");
}

static void frame_of(struct cty_frame *frame, size_t rows, size_t columns)
{
    frame->bytes.limit = 1 << 20;
    cty_buf_clear(&frame->bytes);
    frame->rows = rows;
    frame->columns = columns;
    frame->row = 0;
}

static void a_page_is_seen_when_every_line_was(void **state)
{
    struct cty_pager pager = {.count = 0};
    struct cty_frame frame = {.rows = 0};
    (void)state;
    assert_ok(cty_pager_set(&pager, CTY_LITERAL("1\n2\n3\n4\n5\n6\n7\n8\n")));
    assert_false(cty_pager_all_seen(&pager));
    frame_of(&frame, 5, 40);
    assert_ok(cty_pager_put(&pager, &frame, 2));
    assert_int_equal(pager.count, 8);
    assert_int_equal(cty_pager_lines_below(&pager), 5);
    /* To the end in one leap: what lies between was not shown. */
    assert_true(cty_pager_key(&pager, CTY_KEY_END));
    frame_of(&frame, 5, 40);
    assert_ok(cty_pager_put(&pager, &frame, 2));
    assert_int_equal(cty_pager_lines_below(&pager), 0);
    assert_false(cty_pager_all_seen(&pager));
    assert_true(cty_pager_key(&pager, CTY_KEY_HOME));
    for (size_t i = 0; i < 8; i++) {
        frame_of(&frame, 5, 40);
        assert_ok(cty_pager_put(&pager, &frame, 2));
        assert_true(cty_pager_key(&pager, ' '));
    }
    assert_true(cty_pager_all_seen(&pager));
    /* Other lines are unseen again. */
    frame_of(&frame, 3, 20);
    assert_ok(cty_pager_put(&pager, &frame, 2));
    assert_false(cty_pager_all_seen(&pager));
    assert_false(cty_pager_key(&pager, 'x'));
    cty_pager_done(&pager);
    cty_buf_done(&frame.bytes);
}

static void a_row_moves_no_cursor(void **state)
{
    struct cty_frame frame = {.rows = 0};
    (void)state;
    frame_of(&frame, 2, 4);
    assert_ok(cty_frame_row(&frame, CTY_LITERAL("a\x1b\n\x7fz"), false));
    assert_string_equal(cty_buf_text(&frame.bytes), "\x1b[1;1Ha???\x1b[K");
    assert_ok(cty_frame_row(&frame, CTY_LITERAL("x"), true));
    assert_ok(cty_frame_row(&frame, CTY_LITERAL("beyond"), false));
    assert_null(strstr(cty_buf_text(&frame.bytes), "beyo"));
    cty_buf_done(&frame.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(short_lines_stay, setup),
        cmocka_unit_test_setup(long_lines_go_on_behind_a_mark, setup),
        cmocka_unit_test_setup(columns_are_counted_not_bytes, setup),
        cmocka_unit_test_setup(a_terminal_without_utf8_gets_ascii, setup),
        cmocka_unit_test_setup(a_page_is_seen_when_every_line_was, setup),
        cmocka_unit_test_setup(a_row_moves_no_cursor, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
