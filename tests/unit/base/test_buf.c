/* SPDX-License-Identifier: Apache-2.0 */
/* Bounded buffers: what is put is there, the limit holds, a refused put leaves the buffer as it was. */
#include "unit/support.h"

/* Memory that can't be had is NULL under AddressSanitizer too. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static void buf_cleanup(struct cty_buf *buf)
{
    cty_buf_done(buf);
}
#define AUTO_BUF CTY_CLEANUP(buf_cleanup) struct cty_buf

static void puts_append(void **state)
{
    (void)state;
    AUTO_BUF buf = CTY_BUF_INIT(100);
    assert_ok(cty_buf_put(&buf, "ab", 2));
    assert_ok(cty_buf_put_bytes(&buf, CTY_LITERAL("cd")));
    assert_ok(cty_buf_put_text(&buf, "ef"));
    assert_ok(cty_buf_put_byte(&buf, 'g'));
    assert_ok(cty_buf_putf(&buf, "%s-%d", "h", 42));
    assert_bytes_text(cty_buf_bytes(&buf), "abcdefgh-42");
}

static void empty_puts_are_puts(void **state)
{
    (void)state;
    AUTO_BUF buf = CTY_BUF_INIT(0);
    assert_ok(cty_buf_put(&buf, NULL, 0));
    assert_ok(cty_buf_put_bytes(&buf, cty_bytes_make(NULL, 0)));
    assert_ok(cty_buf_put_text(&buf, ""));
    assert_ok(cty_buf_putf(&buf, "%s", ""));
    assert_int_equal(buf.size, 0);
}

static void limit_is_reached_and_not_passed(void **state)
{
    (void)state;
    AUTO_BUF buf = CTY_BUF_INIT(4);
    assert_ok(cty_buf_put_text(&buf, "abcd"));
    assert_refused(cty_buf_put_byte(&buf, 'e'), "too-large");
    assert_refused(cty_buf_putf(&buf, "%c", 'e'), "too-large");
    assert_refused(cty_buf_put_u64(&buf, 1), "too-large");
    assert_refused(cty_buf_reserve(&buf, 1), "too-large");
    assert_ok(cty_buf_reserve(&buf, 0));
    assert_bytes_text(cty_buf_bytes(&buf), "abcd");
}

static void refused_put_changes_nothing(void **state)
{
    (void)state;
    AUTO_BUF buf = CTY_BUF_INIT(4);
    assert_ok(cty_buf_put_text(&buf, "ab"));
    assert_refused(cty_buf_put_text(&buf, "cde"), "too-large");
    assert_refused(cty_buf_putf(&buf, "%s", "cde"), "too-large");
    assert_bytes_text(cty_buf_bytes(&buf), "ab");
    assert_ok(cty_buf_put_text(&buf, "cd"));
    assert_bytes_text(cty_buf_bytes(&buf), "abcd");
}

static void sizes_that_overflow_are_refused(void **state)
{
    (void)state;
    AUTO_BUF buf = CTY_BUF_INIT(SIZE_MAX);
    assert_ok(cty_buf_put_byte(&buf, 'a'));
    assert_refused(cty_buf_reserve(&buf, SIZE_MAX), "too-large");
    assert_refused(cty_buf_reserve(&buf, SIZE_MAX - 1), "no-memory");
    assert_bytes_text(cty_buf_bytes(&buf), "a");
}

static void memory_that_is_not_there_is_refused(void **state)
{
    (void)state;
    AUTO_BUF buf = CTY_BUF_INIT(SIZE_MAX);
    assert_ok(cty_buf_put_byte(&buf, 'a'));
    /* More than any address space has, less than overflows. */
    assert_refused(cty_buf_reserve(&buf, (size_t)1 << 62), "no-memory");
    assert_bytes_text(cty_buf_bytes(&buf), "a");
}

static void buffer_grows_over_every_capacity(void **state)
{
    (void)state;
    AUTO_BUF buf = CTY_BUF_INIT(5000);
    for (size_t i = 0; i < 5000; i++)
        assert_ok(cty_buf_put_byte(&buf, (uint8_t)i));
    assert_int_equal(buf.size, 5000);
    for (size_t i = 0; i < 5000; i++)
        assert_int_equal(buf.data[i], (uint8_t)i);
}

static void text_ends_at_every_size(void **state)
{
    (void)state;
    AUTO_BUF buf = CTY_BUF_INIT(300);
    assert_string_equal(cty_buf_text(&buf), "");
    for (size_t size = 1; size <= 300; size++) {
        assert_ok(cty_buf_put_byte(&buf, 'x'));
        assert_int_equal(strlen(cty_buf_text(&buf)), size);
        assert_int_equal(buf.size, size);
    }
}

static void take_gives_the_memory_away(void **state)
{
    (void)state;
    AUTO_BUF buf = CTY_BUF_INIT(10);
    size_t size = 1;
    assert_null(cty_buf_take(&buf, &size));
    assert_int_equal(size, 0);
    assert_ok(cty_buf_put_text(&buf, "abc"));
    CTY_AUTO_FREE uint8_t *taken = cty_buf_take(&buf, &size);
    assert_int_equal(size, 3);
    assert_memory_equal(taken, "abc", 3);
    assert_int_equal(buf.size, 0);
    assert_ok(cty_buf_put_text(&buf, "0123456789"));
    assert_refused(cty_buf_put_byte(&buf, 'x'), "too-large");
}

static void clear_and_done_leave_an_empty_buffer(void **state)
{
    (void)state;
    AUTO_BUF buf = CTY_BUF_INIT(3);
    assert_ok(cty_buf_put_text(&buf, "abc"));
    cty_buf_clear(&buf);
    assert_int_equal(buf.size, 0);
    assert_ok(cty_buf_put_text(&buf, "def"));
    cty_buf_done(&buf);
    assert_null(buf.data);
    assert_ok(cty_buf_put_text(&buf, "ghi"));
    assert_refused(cty_buf_put_byte(&buf, 'j'), "too-large");
    cty_buf_done(&buf);
    cty_buf_done(&buf);
    cty_buf_done(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(puts_append),
        cmocka_unit_test(empty_puts_are_puts),
        cmocka_unit_test(limit_is_reached_and_not_passed),
        cmocka_unit_test(refused_put_changes_nothing),
        cmocka_unit_test(sizes_that_overflow_are_refused),
        cmocka_unit_test(memory_that_is_not_there_is_refused),
        cmocka_unit_test(buffer_grows_over_every_capacity),
        cmocka_unit_test(text_ends_at_every_size),
        cmocka_unit_test(take_gives_the_memory_away),
        cmocka_unit_test(clear_and_done_leave_an_empty_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
