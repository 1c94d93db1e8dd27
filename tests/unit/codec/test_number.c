/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers: what ECMAScript prints for a double, and which literals say the same as that. */
#include "codec/json_inner.h"
#include "unit/codec/codec.h"

#include <locale.h>

/* RFC 8785, appendix B, without NaN and Infinity, which JSON can't say; then powers of two and ends of ranges. */
static const struct sample {
    uint64_t bits;
    const char *text;
} samples[] = {
    {0x0000000000000000, "0"},
    {0x8000000000000000, "0"},
    {0x0000000000000001, "5e-324"},
    {0x8000000000000001, "-5e-324"},
    {0x7fefffffffffffff, "1.7976931348623157e+308"},
    {0xffefffffffffffff, "-1.7976931348623157e+308"},
    {0x4340000000000000, "9007199254740992"},
    {0xc340000000000000, "-9007199254740992"},
    {0x4430000000000000, "295147905179352830000"},
    {0x44b52d02c7e14af5, "9.999999999999997e+22"},
    {0x44b52d02c7e14af6, "1e+23"},
    {0x44b52d02c7e14af7, "1.0000000000000001e+23"},
    {0x444b1ae4d6e2ef4e, "999999999999999700000"},
    {0x444b1ae4d6e2ef4f, "999999999999999900000"},
    {0x444b1ae4d6e2ef50, "1e+21"},
    {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
    {0x3eb0c6f7a0b5ed8d, "0.000001"},
    {0x41b3de4355555553, "333333333.3333332"},
    {0x41b3de4355555554, "333333333.33333325"},
    {0x41b3de4355555555, "333333333.3333333"},
    {0x41b3de4355555556, "333333333.3333334"},
    {0x41b3de4355555557, "333333333.33333343"},
    {0xbecbf647612f3696, "-0.0000033333333333333333"},
    {0x43143ff3c1cb0959, "1424953923781206.2"},
    {0x4580000000000000, "6.189700196426902e+26"},
    {0xc580000000000000, "-6.189700196426902e+26"},
    {0x0010000000000000, "2.2250738585072014e-308"},
    {0x000fffffffffffff, "2.225073858507201e-308"},
    {0x0000000000000002, "1e-323"},
    {0x0000000000000003, "1.5e-323"},
    {0x3e7ad7f29abcaf48, "1e-7"},
    {0x3fb999999999999a, "0.1"},
    {0x3fd3333333333334, "0.30000000000000004"},
    {0x3ff0000000000000, "1"},
    {0x433fffffffffffff, "9007199254740991"},
    {0x4415af1d78b58c40, "100000000000000000000"},
    {0x43e0000000000000, "9223372036854776000"},
    {0x7fd0000000000000, "4.49423283715579e+307"},
    {0x0350000000000000, "1.0020841800044864e-292"},
};

static void assert_prints(uint64_t bits, const char *expected)
{
    double number = 0;
    struct cty_decimal decimal;
    struct cty_buf out = CTY_BUF_INIT(64);
    memcpy(&number, &bits, sizeof(number));
    cty_number_shortest(number, &decimal);
    assert_ok(cty_number_put(&out, &decimal));
    assert_string_equal(cty_buf_text(&out), expected);
    cty_buf_done(&out);
}

static void doubles_print_as_ecmascript_prints_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(samples); i++)
        assert_prints(samples[i].bits, samples[i].text);
}

/* What is printed reads back as the same text: the printed form is a fixed point. */
static void printed_numbers_are_canonical(void **state)
{
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(samples); i++)
        assert_canonical(samples[i].text, samples[i].text);
}

/* Every power of two, where the nearest decimal of the shortest size may read back as a neighbour. */
static void powers_of_two_read_back(void **state)
{
    (void)state;
    for (uint64_t exponent = 1; exponent < 2047; exponent++) {
        for (uint64_t low = 0; low < 3; low++) {
            uint64_t bits = (exponent << 52) - 1 + low, again = 0;
            double number = 0;
            struct cty_decimal decimal;
            struct cty_buf out = CTY_BUF_INIT(64);
            memcpy(&number, &bits, sizeof(number));
            cty_number_shortest(number, &decimal);
            assert_ok(cty_number_put(&out, &decimal));
            number = strtod(cty_buf_text(&out), NULL);
            memcpy(&again, &number, sizeof(again));
            assert_int_equal(again, bits);
            cty_buf_done(&out);
        }
    }
}

static void literals_of_the_same_value_are_taken(void **state)
{
    (void)state;
    static const char *const same[][2] = {
        {"-0", "0"},           {"0.0", "0"},        {"-0.00e-5", "0"},      {"0e99999999999999999999", "0"},
        {"1.0", "1"},          {"1e2", "100"},      {"1E+2", "100"},        {"100e-2", "1"},
        {"0.1", "0.1"},        {"10e-2", "0.1"},    {"1.10", "1.1"},        {"-1.5e0", "-1.5"},
        {"1e21", "1e+21"},     {"1e20", "100000000000000000000"},           {"123e-9", "1.23e-7"},
        {"0.0000010", "0.000001"}, {"0.00000010", "1e-7"}, {"1000000000000000000000", "1e+21"},
        {"4.50", "4.5"},       {"1e-323", "1e-323"}, {"17976931348623157e292", "1.7976931348623157e+308"},
        {"0.1e1", "1"},        {"1234567890.12345", "1234567890.12345"},    {"1e00000000000000000000000002", "100"},
        {"0.00000000000000000000000000000000000000000000000001e50", "1"},
        {"100000000000000000000000000000000000000000000000000e-50", "1"},
        {"1.00000000000000000000000000000000000000000000000000", "1"},
        {"123456789012345680000", "123456789012345680000"},
    };
    for (size_t i = 0; i < CTY_COUNT_OF(same); i++)
        assert_canonical(same[i][0], same[i][1]);
}

static void literals_that_would_change_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "9007199254740993", "12345678901234567890.12", "1e-400", "-1e-400", "1e400", "-1e400", "1e309",
        "1.7976931348623159e308", "1.79769313486231570e309", "3e-324", "2e-324", "1e-324", "4.9e-324",
        "4.940656458412465e-324", "0.1000000000000000055511151231257827", "0.10000000000000001",
        "333333333.33333329", "1.7976931348623158e308", "2.2250738585072011e-308", "18446744073709551615",
        "9223372036854775807", "1.00000000000000000000000000000000000000000001", "123456789012345678",
        "1e99999999999999999999", "1e-99999999999999999999", "6.1897001964269014e26",
        "295147905179352825856", "0.3000000000000000444",
    };
    for (size_t i = 0; i < CTY_COUNT_OF(bad); i++) {
        if (scan_text(CTY_JSON_DOCUMENT, bad[i]) != CUSTODY_E_BAD_NUMBER)
            fail_msg("%s was not refused", bad[i]);
    }
}

/* A literal as long as a payload may be is judged in one pass over it. */
static void long_literals_are_judged(void **state)
{
    (void)state;
    struct cty_buf text = CTY_BUF_INIT(1u << 20);
    repeat(&text, "1.", 1);
    repeat(&text, "0", 500000);
    assert_ok(scan(CTY_JSON_DOCUMENT, cty_buf_bytes(&text), NULL));
    repeat(&text, "1", 1);
    assert_refused(scan(CTY_JSON_DOCUMENT, cty_buf_bytes(&text), NULL), "bad-number");
    cty_buf_clear(&text);
    repeat(&text, "1", 1);
    repeat(&text, "0", 500000);
    assert_refused(scan(CTY_JSON_DOCUMENT, cty_buf_bytes(&text), NULL), "bad-number");
    assert_ok(cty_buf_put_text(&text, "e-500000"));
    assert_ok(scan(CTY_JSON_DOCUMENT, cty_buf_bytes(&text), NULL));
    cty_buf_done(&text);
}

/* A decimal comma in the environment changes nothing. */
static void locales_have_no_say(void **state)
{
    (void)state;
    static const char *const commas[] = {"de_DE.UTF-8", "de_DE.utf8", "de_DE", "fr_FR.UTF-8", "fr_FR.utf8"};
    bool set = false;
    for (size_t i = 0; i < CTY_COUNT_OF(commas) && !set; i++)
        set = setlocale(LC_ALL, commas[i]) != NULL;
    if (!set)
        skip();
    for (size_t i = 0; i < CTY_COUNT_OF(samples); i++)
        assert_prints(samples[i].bits, samples[i].text);
    assert_canonical("[14249539237812062e-1,5e-324]", "[1424953923781206.2,5e-324]");
    setlocale(LC_ALL, "C");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(doubles_print_as_ecmascript_prints_them),
        cmocka_unit_test(printed_numbers_are_canonical),
        cmocka_unit_test(powers_of_two_read_back),
        cmocka_unit_test(literals_of_the_same_value_are_taken),
        cmocka_unit_test(literals_that_would_change_are_refused),
        cmocka_unit_test(long_literals_are_judged),
        cmocka_unit_test(locales_have_no_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
