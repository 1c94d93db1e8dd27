/* SPDX-License-Identifier: Apache-2.0 */
/* Foreign text never moves the cursor, hides, or reads in another order; times and periods read as they are said. */
#include "base/limits.h"
#include "cli/near.h"
#include "cli/text.h"
#include "codec/json.h"
#include "unit/support.h"

static void expect_shown(const char *text, const char *shown)
{
    struct cty_buf out = CTY_BUF_INIT(4096);
    assert_ok(cty_text_show(cty_bytes_text(text), &out));
    assert_string_equal(cty_buf_text(&out), shown);
    cty_buf_done(&out);
}

static void ordinary_text_stays(void **state)
{
    (void)state;
    expect_shown("Grüße an 東京, 50 € — \"fine\" 👍", "Grüße an 東京, 50 € — \"fine\" 👍");
    expect_shown("", "");
}

static void controls_are_written_out(void **state)
{
    (void)state;
    expect_shown("a\nb\tc\r", "a\\u{a}b\\u{9}c\\u{d}");
    expect_shown("\x1b[2J\x7f", "\\u{1b}[2J\\u{7f}");
    expect_shown("\xc2\x9b"
                 "31m",
                 "\\u{9b}31m");
}

static void what_hides_or_turns_is_written_out(void **state)
{
    (void)state;
    expect_shown("pay\u202e001\u202c", "pay\\u{202e}001\\u{202c}");
    expect_shown("\u2066x\u2069\u200f\u061c", "\\u{2066}x\\u{2069}\\u{200f}\\u{61c}");
    expect_shown("a\u200bb\u200dc\u2060d\ufeff\u00ad", "a\\u{200b}b\\u{200d}c\\u{2060}d\\u{feff}\\u{ad}");
    expect_shown("\u2028\u3164\ufe0f", "\\u{2028}\\u{3164}\\u{fe0f}");
    expect_shown("\U000e0041\U000e0101", "\\u{e0041}\\u{e0101}");
    expect_shown("\ue000\uffff", "\\u{e000}\\u{ffff}");
}

static void expect_suspicious(const char *text, bool suspicious)
{
    struct cty_buf json = CTY_BUF_INIT(8192);
    struct cty_jw jw;
    assert_int_equal(cty_text_is_suspicious(cty_bytes_text(text)), suspicious);
    cty_jw_begin(&jw, &json);
    cty_jw_string(&jw, cty_bytes_text(text));
    assert_ok(cty_jw_end(&jw));
    assert_int_equal(cty_json_is_suspicious(cty_buf_bytes(&json)), suspicious);
    assert_int_equal(cty_document_is_suspicious(cty_buf_bytes(&json)), suspicious);
    cty_buf_done(&json);
}

/* ATTACKS.md row 12, code text-suspicious. */
static void text_that_would_fool_a_reader_is_found(void **state)
{
    static const char *const texts[] = {
        "pay\u202e001",   "a\u200bb",         "\ufeffa",     "a\u00a0b",  "a\u2003b", "a\u3000b",      "n\u0336o",
        "1\u20e3",        "a\u0301\u0302\u0303\u0304",         "\u0301a",   "a \u0301", "\U000e0041",    "\u2764\ufe0f",
        "\U0001f468\u200d", "x                 y", "\x1b[31m",    "\x07",      "\b",       "\xc2\x80", "\ue000",
    };
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(texts); i++)
        expect_suspicious(texts[i], true);
    assert_true(cty_text_is_suspicious(CTY_LITERAL("\xff")));
    assert_true(cty_document_is_suspicious(CTY_LITERAL("{\"a\":\"\\u202e\"}")));
}

static void harmless_text_is_not(void **state)
{
    static const char *const texts[] = {
        "", "plain", "Gr\u00fc\u00dfe", "e\u0301", "Vi\u1ec7t e\u0302\u0323\u0301", "\u6771\u4eac", "\u041f\u0440", "\U0001f44d",
        "\u05e9\u05dc\u05d5\u05dd", "a\nb\tc\r", "c:\\path", "\"quoted\"", "x                y", "50 \u20ac", "\u0e44\u0e17\u0e22",
    };
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(texts); i++)
        expect_suspicious(texts[i], false);
}

static void marks_and_spaces_are_few(void **state)
{
    (void)state;
    expect_shown("a\u0301\u0302\u0303\u0304b", "a\u0301\u0302\u0303\\u{304}b");
    expect_shown("\u0301", "\\u{301}");
    expect_shown("x                y", "x                y");
    expect_shown("x                 y z", "x\\u{20}\\u{20}\\u{20}\\u{20}\\u{20}\\u{20}\\u{20}\\u{20}\\u{20}"
                                          "\\u{20}\\u{20}\\u{20}\\u{20}\\u{20}\\u{20}\\u{20}\\u{20}y z");
}

static void letters_that_turn_a_line_stay_off_it(void **state)
{
    struct cty_buf out = CTY_BUF_INIT(4096);
    (void)state;
    assert_ok(cty_json_show(CTY_LITERAL("\"\u05d0\""), 0, &out));
    assert_string_equal(cty_buf_text(&out), "\"\u05d0\"");
    cty_buf_clear(&out);
    assert_ok(cty_json_show_line(CTY_LITERAL("[\"\u05d0\",1]"), &out));
    assert_string_equal(cty_buf_text(&out), "[\"\\u05d0\", 1]");
    cty_buf_done(&out);
}

static void bytes_that_are_no_text_are_written_out(void **state)
{
    (void)state;
    expect_shown("a\xff\xc0\xaf", "a\\xff\\xc0\\xaf");
    expect_shown("\xed\xa0\x80", "\\xed\\xa0\\x80"); /* a surrogate */
    expect_shown("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");
    expect_shown("\xe2\x82", "\\xe2\\x82"); /* cut */
}

/* Otherwise a text could pretend that it had been escaped. */
static void no_two_texts_look_the_same(void **state)
{
    (void)state;
    expect_shown("\\u{202e}", "\\\\u{202e}");
    expect_shown("\\", "\\\\");
}

/* Every single byte, and every byte behind a lead: printable ASCII stays, all else is UTF-8 or written out. */
static void nothing_unprintable_gets_through(void **state)
{
    (void)state;
    struct cty_buf out = CTY_BUF_INIT(4096);
    for (unsigned i = 0; i < 65536; i++) {
        uint8_t pair[2] = {(uint8_t)(i >> 8), (uint8_t)i};
        cty_buf_clear(&out);
        assert_ok(cty_text_show(cty_bytes_make(pair, 2), &out));
        assert_true(cty_bytes_is_utf8(cty_buf_bytes(&out)));
        for (size_t k = 0; k < out.size; k++)
            assert_true(out.data[k] >= 0x20 && out.data[k] != 0x7f);
    }
    cty_buf_done(&out);
}

/* --- JSON ------------------------------------------------------------------------------------------------ */

static void expect_json(const char *json, const char *shown)
{
    struct cty_buf out = CTY_BUF_INIT(4096);
    assert_ok(cty_json_show(cty_bytes_text(json), 2, &out));
    assert_string_equal(cty_buf_text(&out), shown);
    cty_buf_done(&out);
}

static void json_is_laid_out(void **state)
{
    (void)state;
    expect_json("{\"a\":[1,2],\"b\":{},\"c\":[],\"d\":\"{,:}\"}",
                "  {\n    \"a\": [\n      1,\n      2\n    ],\n    \"b\": {},\n    \"c\": [],\n"
                "    \"d\": \"{,:}\"\n  }");
    expect_json("\"a\\\"b\\\\\"", "  \"a\\\"b\\\\\"");
    expect_json("null", "  null");
}

static void json_stays_the_same_json(void **state)
{
    (void)state;
    expect_json("\"a\u202eb\"", "  \"a\\u202eb\"");
    expect_json("\"\U000e0041\"", "  \"\\udb40\\udc41\"");
    struct cty_buf line = CTY_BUF_INIT(4096);
    struct cty_buf again = CTY_BUF_INIT(4096);
    struct cty_bytes json = cty_bytes_text("{\"k\":[true,{\"x\":\"\u202e\\\"\u200b\"}],\"l\":-1.5}");
    assert_ok(cty_json_show_line(json, &line));
    assert_ok(cty_json_tidy(cty_buf_bytes(&line), &again, NULL));
    assert_true(cty_bytes_equal(cty_buf_bytes(&again), json));
    cty_buf_done(&line);
    cty_buf_done(&again);
}

static void a_content_may_be_anything(void **state)
{
    (void)state;
    struct cty_buf out = CTY_BUF_INIT(4096);
    assert_ok(cty_document_show(CTY_LITERAL("{ \"b\":1, \"a\" : 2 }\n"), 2, &out));
    assert_string_equal(cty_buf_text(&out), "  {\n    \"a\": 2,\n    \"b\": 1\n  }");
    cty_buf_clear(&out);
    assert_ok(cty_document_show(CTY_LITERAL("{\"a\":1,\"a\":\x1b}"), 2, &out));
    assert_non_null(strstr(cty_buf_text(&out), "NOT A JSON DOCUMENT"));
    assert_non_null(strstr(cty_buf_text(&out), "\\u{1b}"));
    cty_buf_done(&out);
}

/* --- times ----------------------------------------------------------------------------------------------- */

static void expect_time(uint64_t ms, const char *text)
{
    char shown[CTY_TIME_TEXT_SIZE];
    uint64_t read = 0;
    cty_time_show(ms, shown);
    assert_string_equal(shown, text);
    if (ms == 0)
        return;
    assert_ok(cty_time_parse(text, &read, NULL));
    assert_int_equal(read, ms);
}

static void times_go_both_ways(void **state)
{
    (void)state;
    expect_time(1767225600000, "2026-01-01T00:00:00.000Z");
    expect_time(951782399999, "2000-02-28T23:59:59.999Z");
    expect_time(951782400000, "2000-02-29T00:00:00.000Z");
    expect_time(1709164800001, "2024-02-29T00:00:00.001Z");
    expect_time(4107542400000, "2100-03-01T00:00:00.000Z");
    expect_time(1, "1970-01-01T00:00:00.001Z");
    expect_time(0, "never");
}

static void other_times_are_refused(void **state)
{
    static const char *const wrong[] = {
        "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01", "1969-01-01T00:00:00Z",   "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:00",  "2026-04-31T00:00:00Z", "yesterday",  "2026-01-01T00:00:00.5Z", "",
        "-5"};
    uint64_t ms = 0;
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(wrong); i++)
        assert_refused(cty_time_parse(wrong[i], &ms, NULL), "usage");
    assert_ok(cty_time_parse("2026-01-01T00:00:00Z", &ms, NULL));
    assert_ok(cty_time_parse("1767225600000", &ms, NULL));
    assert_int_equal(ms, 1767225600000);
}

static void periods_are_read(void **state)
{
    static const char *const wrong[] = {"", "0", "0s", "h", "1y", "1h2m", "-1s", "367d", "31622400001", " 5m", "5 m"};
    uint64_t ms = 0;
    (void)state;
    assert_ok(cty_period_parse("30s", &ms, NULL));
    assert_int_equal(ms, 30000);
    assert_ok(cty_period_parse("1500ms", &ms, NULL));
    assert_int_equal(ms, 1500);
    assert_ok(cty_period_parse("366d", &ms, NULL));
    assert_int_equal(ms, CTY_PERIOD_MS_MAX);
    assert_ok(cty_period_parse("2h", &ms, NULL));
    assert_int_equal(ms, 7200000);
    for (size_t i = 0; i < CTY_COUNT_OF(wrong); i++)
        assert_refused(cty_period_parse(wrong[i], &ms, NULL), "usage");
}

static void periods_are_shown(void **state)
{
    static const struct {
        uint64_t ms;
        const char *text;
    } rows[] = {{0, "0s"}, {999, "0s"}, {59000, "59s"}, {60000, "1m"}, {61500, "1m 1s"}, {7500000, "2h 5m"},
                {86400000, "1d"}, {90000000, "1d 1h"}};
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(rows); i++) {
        char text[CTY_TIME_TEXT_SIZE];
        cty_period_show(rows[i].ms, text);
        assert_string_equal(text, rows[i].text);
    }
}

static void fingerprints_differ(void **state)
{
    char a[CTY_FINGERPRINT_SIZE], b[CTY_FINGERPRINT_SIZE];
    (void)state;
    assert_ok(cty_crypto_init());
    cty_fingerprint(CTY_LITERAL("abc"), a);
    assert_string_equal(a, "ba78 16bf 8f01 cfea 4141 40de 5dae 2223");
    cty_fingerprint(CTY_LITERAL("abd"), b);
    assert_string_not_equal(a, b);
}

static void names_are_near_or_far(void **state)
{
    static const struct {
        const char *one, *other;
        size_t distance;
    } rows[] = {{"", "", 0}, {"globex", "globex", 0}, {"globexx", "globex", 1}, {"globx", "globex", 1}, {"glubex", "globex", 1},
                {"globxe", "globex", 2}, {"", "abc", 3}, {"abc", "", 3}, {"kitten", "sitting", 3}, {"acme", "globex", 5}};
    static char wide[CTY_NEAR_BYTES_MAX + 2];
    (void)state;
    memset(wide, 'a', CTY_NEAR_BYTES_MAX + 1);
    for (size_t i = 0; i < CTY_COUNT_OF(rows); i++)
        assert_int_equal(cty_near_distance(cty_bytes_text(rows[i].one), cty_bytes_text(rows[i].other)), rows[i].distance);
    assert_true(cty_near_distance(cty_bytes_text(wide), cty_bytes_text("a")) == SIZE_MAX);
    assert_true(cty_near_distance(cty_bytes_text("a"), cty_bytes_text(wide)) == SIZE_MAX);
    assert_int_equal(cty_near_distance(cty_bytes_text(wide + 1), cty_bytes_text("a")), CTY_NEAR_BYTES_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ordinary_text_stays),
        cmocka_unit_test(controls_are_written_out),
        cmocka_unit_test(what_hides_or_turns_is_written_out),
        cmocka_unit_test(text_that_would_fool_a_reader_is_found),
        cmocka_unit_test(harmless_text_is_not),
        cmocka_unit_test(marks_and_spaces_are_few),
        cmocka_unit_test(letters_that_turn_a_line_stay_off_it),
        cmocka_unit_test(bytes_that_are_no_text_are_written_out),
        cmocka_unit_test(no_two_texts_look_the_same),
        cmocka_unit_test(nothing_unprintable_gets_through),
        cmocka_unit_test(json_is_laid_out),
        cmocka_unit_test(json_stays_the_same_json),
        cmocka_unit_test(a_content_may_be_anything),
        cmocka_unit_test(times_go_both_ways),
        cmocka_unit_test(other_times_are_refused),
        cmocka_unit_test(periods_are_read),
        cmocka_unit_test(periods_are_shown),
        cmocka_unit_test(fingerprints_differ),
        cmocka_unit_test(names_are_near_or_far),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
