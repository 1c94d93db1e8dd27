/* SPDX-License-Identifier: Apache-2.0 */
/* Whole numbers in decimal: one spelling each, both ways. */
#include "unit/support.h"

#include "base/limits.h"

static void numbers_are_parsed(void **state)
{
    static const struct {
        const char *text;
        uint64_t number;
    } rows[] = {
        {"0", 0},
        {"1", 1},
        {"9", 9},
        {"10", 10},
        {"9007199254740991", CTY_NUMBER_MAX},
        {"18446744073709551615", UINT64_MAX},
    };
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(rows); i++) {
        uint64_t number = 7;
        assert_ok(cty_u64_parse(cty_bytes_text(rows[i].text), UINT64_MAX, &number));
        assert_true(number == rows[i].number);
    }
}

static void other_spellings_are_refused(void **state)
{
    static const char *const texts[] = {
        "", "00", "01", "-0", "-1", "+1", " 1", "1 ", "1.0", "1e0", "0x1", "a", "1a", "/", ":", "\xd9\xa1",
        "18446744073709551616",  /* 2^64 */
        "18446744073709551620",  /* the multiplication fits, the sum does not */
        "99999999999999999999",
        "100000000000000000000", /* 21 digits */
    };
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(texts); i++) {
        uint64_t number = 7;
        assert_refused(cty_u64_parse(cty_bytes_text(texts[i]), UINT64_MAX, &number), "bad-member");
        assert_true(number == 7);
    }
}

static void nul_is_not_an_end(void **state)
{
    uint64_t number = 7;
    (void)state;
    assert_refused(cty_u64_parse(CTY_LITERAL("1\0"), UINT64_MAX, &number), "bad-member");
    assert_true(number == 7);
}

static void maximum_holds(void **state)
{
    uint64_t number = 7;
    (void)state;
    assert_ok(cty_u64_parse(CTY_LITERAL("9007199254740991"), CTY_NUMBER_MAX, &number));
    assert_true(number == CTY_NUMBER_MAX);
    number = 7;
    assert_refused(cty_u64_parse(CTY_LITERAL("9007199254740992"), CTY_NUMBER_MAX, &number), "bad-member");
    assert_refused(cty_u64_parse(CTY_LITERAL("1"), 0, &number), "bad-member");
    assert_true(number == 7);
    assert_ok(cty_u64_parse(CTY_LITERAL("0"), 0, &number));
    assert_true(number == 0);
}

static void numbers_come_back(void **state)
{
    (void)state;
    for (int shift = 0; shift < 64; shift++) {
        for (int off = -1; off <= 1; off++) {
            uint64_t number = ((uint64_t)1 << shift) + (uint64_t)off, again = 0;
            struct cty_buf buf = CTY_BUF_INIT(20);
            assert_ok(cty_buf_put_u64(&buf, number));
            assert_ok(cty_u64_parse(cty_buf_bytes(&buf), UINT64_MAX, &again));
            assert_true(again == number);
            cty_buf_done(&buf);
        }
    }
}

static void numbers_are_put_in_decimal(void **state)
{
    struct cty_buf buf = CTY_BUF_INIT(100);
    (void)state;
    assert_ok(cty_buf_put_u64(&buf, 0));
    assert_ok(cty_buf_put_byte(&buf, ' '));
    assert_ok(cty_buf_put_u64(&buf, 1050));
    assert_ok(cty_buf_put_byte(&buf, ' '));
    assert_ok(cty_buf_put_u64(&buf, UINT64_MAX));
    assert_bytes_text(cty_buf_bytes(&buf), "0 1050 18446744073709551615");
    cty_buf_done(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_parsed),
        cmocka_unit_test(other_spellings_are_refused),
        cmocka_unit_test(nul_is_not_an_end),
        cmocka_unit_test(maximum_holds),
        cmocka_unit_test(numbers_come_back),
        cmocka_unit_test(numbers_are_put_in_decimal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
