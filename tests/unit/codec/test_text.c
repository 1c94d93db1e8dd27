/* SPDX-License-Identifier: Apache-2.0 */
/* Base64, hex and globs: one spelling for each value, and nothing else is read. */
#include "codec/text.h"
#include "unit/support.h"

static const struct pair {
    const char *bytes;
    const char *text;
} base64_pairs[] = {
    {"", ""},         {"f", "Zg=="},         {"fo", "Zm8="},        {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xbf", "+/+/"},
};

static void base64_goes_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(base64_pairs); i++) {
        struct cty_buf out = CTY_BUF_INIT(64);
        assert_ok(cty_base64_format(cty_bytes_text(base64_pairs[i].bytes), &out));
        assert_bytes_text(cty_buf_bytes(&out), base64_pairs[i].text);
        assert_int_equal(out.size, CTY_BASE64_SIZE(strlen(base64_pairs[i].bytes)));
        cty_buf_clear(&out);
        assert_ok(cty_base64_parse(cty_bytes_text(base64_pairs[i].text), &out));
        assert_bytes_text(cty_buf_bytes(&out), base64_pairs[i].bytes);
        cty_buf_done(&out);
    }
}

static void base64_refuses_all_but_one_spelling(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "Z",    "Zg",   "Zg=",      "Zh==",      "Zm9=",  "Zm8",   "====",  "=g==",     "Z===",      "Zg==Zg==",
        "Zm9v ", " Zm9v", "Zm9\n", "Zm-_",      "Zm9v=", "Zm9v====", "Z=g=", "Zm9vZg==\n", "Zm8=\n", "Zm\xc3\xa9",
    };
    for (size_t i = 0; i < CTY_COUNT_OF(bad); i++) {
        struct cty_buf out = CTY_BUF_INIT(64);
        assert_ok(cty_buf_put_text(&out, "kept"));
        assert_refused(cty_base64_parse(cty_bytes_text(bad[i]), &out), "bad-encoding");
        assert_bytes_text(cty_buf_bytes(&out), "kept");
        cty_buf_done(&out);
    }
}

/* Whatever is read is what is written: so no two texts give the same bytes. */
static void base64_texts_are_unique(void **state)
{
    (void)state;
    char text[5] = "Zg==";
    for (int place = 0; place < 4; place++) {
        for (int c = 1; c < 256; c++) {
            struct cty_buf bytes = CTY_BUF_INIT(8), again = CTY_BUF_INIT(8);
            text[place] = (char)c;
            if (cty_base64_parse(cty_bytes_text(text), &bytes) == CUSTODY_OK) {
                assert_ok(cty_base64_format(cty_buf_bytes(&bytes), &again));
                assert_bytes_text(cty_buf_bytes(&again), text);
            }
            cty_buf_done(&bytes);
            cty_buf_done(&again);
        }
        text[place] = "Zg=="[place];
    }
}

static void base64_keeps_to_sizes(void **state)
{
    (void)state;
    uint8_t out[3] = {0};
    assert_ok(cty_base64_parse_into(CTY_LITERAL("Zm9v"), out, 3));
    assert_memory_equal(out, "foo", 3);
    assert_ok(cty_base64_parse_into(CTY_LITERAL(""), out, 0));
    assert_refused(cty_base64_parse_into(CTY_LITERAL("Zm9v"), out, 2), "bad-encoding");
    assert_refused(cty_base64_parse_into(CTY_LITERAL("Zm8="), out, 3), "bad-encoding");
    assert_refused(cty_base64_parse_into(CTY_LITERAL(""), out, 1), "bad-encoding");
    struct cty_buf small = CTY_BUF_INIT(3);
    assert_ok(cty_base64_parse(CTY_LITERAL("Zm9v"), &small));
    assert_refused(cty_base64_parse(CTY_LITERAL("Zg=="), &small), "too-large");
    assert_refused(cty_base64_format(CTY_LITERAL("f"), &small), "too-large");
    cty_buf_done(&small);
}

static void hex_goes_both_ways(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0x00, 0x0f, 0xf0, 0x9a, 0xff};
    uint8_t again[sizeof(bytes)];
    char text[2 * sizeof(bytes) + 1];
    struct cty_buf out = CTY_BUF_INIT(64);
    assert_ok(cty_hex_format(cty_bytes_make(bytes, sizeof(bytes)), &out));
    assert_bytes_text(cty_buf_bytes(&out), "000ff09aff");
    cty_hex_write(bytes, sizeof(bytes), text);
    assert_string_equal(text, "000ff09aff");
    assert_ok(cty_hex_parse_into(cty_buf_bytes(&out), again, sizeof(again)));
    assert_memory_equal(again, bytes, sizeof(bytes));
    assert_ok(cty_hex_parse_into(CTY_LITERAL(""), again, 0));
    cty_buf_done(&out);
}

static void hex_refuses_all_but_one_spelling(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "0", "000", "0000", "0F", "F0", "0g", "g0", " 0", "0x", "0/", "0:", "0`"};
    uint8_t out = 0;
    for (size_t i = 0; i < CTY_COUNT_OF(bad); i++)
        assert_refused(cty_hex_parse_into(cty_bytes_text(bad[i]), &out, 1), "bad-encoding");
    struct cty_buf small = CTY_BUF_INIT(1);
    assert_refused(cty_hex_format(CTY_LITERAL("f"), &small), "too-large");
    cty_buf_done(&small);
}

static void globs_match_whole_texts(void **state)
{
    (void)state;
    static const struct {
        const char *pattern;
        const char *text;
        bool match;
    } cases[] = {
        {"", "", true},           {"", "a", false},        {"*", "", true},           {"*", "a/b", true},
        {"?", "", false},         {"?", "a", true},        {"?", "ab", false},        {"a*", "a", true},
        {"*a", "ba", true},       {"*a", "ab", false},     {"a*b*c", "axxbyyc", true}, {"a*b*c", "axxbyy", false},
        {"**", "x", true},        {"*?", "", false},       {"*?*", "x", true},        {"refund.*", "refund.pay", true},
        {"refund.*", "refund", false}, {"a*ab", "aab", true}, {"a*ab", "aaab", true}, {"*ab*ab", "abab", true},
        {"*ab*ab", "aba", false}, {"A", "a", false},       {"[a]", "a", false},       {"\\*", "*", false},
        {"\\*", "\\x", true},     {"???", "\xe2\x82\xac", true},
    };
    for (size_t i = 0; i < CTY_COUNT_OF(cases); i++)
        assert_int_equal(cty_glob_match(cty_bytes_text(cases[i].pattern), cty_bytes_text(cases[i].text)),
                         cases[i].match);
}

/* A matcher that tried every star anew would not come back from this one. */
static void globs_are_not_exponential(void **state)
{
    (void)state;
    char pattern[65], text[4096];
    for (size_t i = 0; i < 64; i++)
        pattern[i] = i % 2 ? 'a' : '*';
    pattern[63] = 'b';
    memset(text, 'a', sizeof(text));
    assert_false(cty_glob_match(cty_bytes_make(pattern, 64), cty_bytes_make(text, sizeof(text))));
    text[sizeof(text) - 1] = 'b';
    assert_true(cty_glob_match(cty_bytes_make(pattern, 64), cty_bytes_make(text, sizeof(text))));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_goes_both_ways),
        cmocka_unit_test(base64_refuses_all_but_one_spelling),
        cmocka_unit_test(base64_texts_are_unique),
        cmocka_unit_test(base64_keeps_to_sizes),
        cmocka_unit_test(hex_goes_both_ways),
        cmocka_unit_test(hex_refuses_all_but_one_spelling),
        cmocka_unit_test(globs_match_whole_texts),
        cmocka_unit_test(globs_are_not_exponential),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
