/* SPDX-License-Identifier: Apache-2.0 */
/* Both dialects of the scanner: what they take, what they refuse, with which code and where. */
#include "unit/codec/codec.h"

#include "codec/json_inner.h"

/* What each dialect says of a text, and at which offset. */
static const struct verdict {
    const char *text;
    const char *strict;
    const char *document;
    int offset_strict;
    int offset_document;
} verdicts[] = {
    {"{}", "ok", "ok", 0, 0},
    {"[]", "ok", "ok", 0, 0},
    {"\"\"", "ok", "ok", 0, 0},
    {"true", "ok", "ok", 0, 0},
    {"false", "ok", "ok", 0, 0},
    {"0", "ok", "ok", 0, 0},
    {"9007199254740991", "ok", "ok", 0, 0},
    {"{\"a\":[1,{\"b\":\"x\"},[]],\"b\":{}}", "ok", "ok", 0, 0},
    {"{\"\":1,\"a\":2}", "ok", "ok", 0, 0},
    {"null", "bad-json", "ok", 0, 0},
    {"[null]", "bad-json", "ok", 1, 0},
    /* White space. */
    {" 1", "payload-not-canonical", "ok", 0, 0},
    {"1 ", "payload-not-canonical", "ok", 1, 0},
    {"1\n", "payload-not-canonical", "ok", 1, 0},
    {"[ ]", "payload-not-canonical", "ok", 1, 0},
    {"[1 ]", "payload-not-canonical", "ok", 2, 0},
    {"[1, 2]", "payload-not-canonical", "ok", 3, 0},
    {"{ \"a\":1}", "payload-not-canonical", "ok", 1, 0},
    {"{\"a\" :1}", "payload-not-canonical", "ok", 4, 0},
    {"{\"a\":\t1}", "payload-not-canonical", "ok", 5, 0},
    {"{\"a\":1\r}", "payload-not-canonical", "ok", 6, 0},
    {"[1,\f2]", "bad-json", "bad-json", 3, 3},
    {"\xc2\xa0" "1", "bad-json", "bad-json", 0, 0},
    {"\xef\xbb\xbf" "1", "bad-json", "bad-json", 0, 0},
    /* Numbers. */
    {"-1", "bad-number", "ok", 0, 0},
    {"-0", "bad-number", "ok", 0, 0},
    {"1.0", "bad-number", "ok", 0, 0},
    {"1.5", "bad-number", "ok", 0, 0},
    {"1e2", "bad-number", "ok", 0, 0},
    {"9007199254740992", "bad-number", "ok", 0, 0},
    {"9007199254740993", "bad-number", "bad-number", 0, 0},
    {"[1,18446744073709551616]", "bad-number", "bad-number", 3, 3},
    {"01", "bad-json", "bad-json", 1, 1},
    {"-", "bad-json", "bad-json", 0, 0},
    {"-a", "bad-json", "bad-json", 0, 0},
    {"+1", "bad-json", "bad-json", 0, 0},
    {".5", "bad-json", "bad-json", 0, 0},
    {"1.", "bad-json", "bad-json", 0, 0},
    {"1.e1", "bad-json", "bad-json", 0, 0},
    {"1e", "bad-json", "bad-json", 0, 0},
    {"1e+", "bad-json", "bad-json", 0, 0},
    {"0x1", "bad-json", "bad-json", 1, 1},
    {"NaN", "bad-json", "bad-json", 0, 0},
    {"Infinity", "bad-json", "bad-json", 0, 0},
    {"-Infinity", "bad-json", "bad-json", 0, 0},
    /* Structure. */
    {"", "bad-json", "bad-json", 0, 0},
    {"[", "bad-json", "bad-json", 1, 1},
    {"]", "bad-json", "bad-json", 0, 0},
    {"[1", "bad-json", "bad-json", 2, 2},
    {"[1,", "bad-json", "bad-json", 3, 3},
    {"[1,]", "bad-json", "bad-json", 3, 3},
    {"[,1]", "bad-json", "bad-json", 1, 1},
    {"[1 2]", "payload-not-canonical", "bad-json", 2, 3},
    {"[1}", "bad-json", "bad-json", 2, 2},
    {"[}", "bad-json", "bad-json", 1, 1},
    {"{]", "bad-json", "bad-json", 1, 1},
    {"{\"a\":1]", "bad-json", "bad-json", 6, 6},
    {"{", "bad-json", "bad-json", 1, 1},
    {"{,}", "bad-json", "bad-json", 1, 1},
    {"{1:2}", "bad-json", "bad-json", 1, 1},
    {"{a:1}", "bad-json", "bad-json", 1, 1},
    {"{\"a\"}", "bad-json", "bad-json", 4, 4},
    {"{\"a\":}", "bad-json", "bad-json", 5, 5},
    {"{\"a\":1,}", "bad-json", "bad-json", 7, 7},
    {"{\"a\":1 \"b\":2}", "payload-not-canonical", "bad-json", 6, 7},
    {"{\"a\",1}", "bad-json", "bad-json", 4, 4},
    {"[1]x", "bad-json", "bad-json", 3, 3},
    {"1,2", "bad-json", "bad-json", 1, 1},
    {"{}{}", "bad-json", "bad-json", 2, 2},
    {"tru", "bad-json", "bad-json", 0, 0},
    {"True", "bad-json", "bad-json", 0, 0},
    {"truer", "bad-json", "bad-json", 4, 4},
    {"nul", "bad-json", "bad-json", 0, 0},
    {"'a'", "bad-json", "bad-json", 0, 0},
    {"[1,/**/2]", "bad-json", "bad-json", 3, 3},
    /* Order and names. */
    {"{\"b\":1,\"a\":2}", "payload-not-canonical", "ok", 8, 0},
    {"{\"a\":1,\"\":2}", "payload-not-canonical", "ok", 8, 0},
    {"{\"aa\":1,\"a\":2}", "payload-not-canonical", "ok", 9, 0},
    {"{\"a\":1,\"a\":2}", "duplicate-member", "duplicate-member", 8, 8},
    {"{\"\":1,\"\":2}", "duplicate-member", "duplicate-member", 7, 7},
    {"{\"a\":{\"x\":1},\"a\":2}", "duplicate-member", "duplicate-member", 14, 14},
    {"{\"b\":1,\"a\":2,\"b\":3}", "payload-not-canonical", "duplicate-member", 8, 14},
    {"{\"a\":1,\"\\u0061\":2}", "payload-not-canonical", "duplicate-member", 8, 8},
    {"[{\"b\":1,\"a\":{\"c\":1,\"b\":2,\"\\u0063\":3}}]", "payload-not-canonical", "duplicate-member", 9, 26},
    /* Escapes. */
    {"\"\\b\\t\\n\\f\\r\\\"\\\\\"", "ok", "ok", 0, 0},
    {"\"\\u0001\\u001f\\u000b\"", "ok", "ok", 0, 0},
    {"\"/\x7f\"", "ok", "ok", 0, 0},
    {"\"\\u001F\"", "payload-not-canonical", "ok", 1, 0},
    {"\"\\u000B\"", "payload-not-canonical", "ok", 1, 0},
    {"\"\\u0008\"", "payload-not-canonical", "ok", 1, 0},
    {"\"\\u0009\"", "payload-not-canonical", "ok", 1, 0},
    {"\"\\u000a\"", "payload-not-canonical", "ok", 1, 0},
    {"\"\\u000c\"", "payload-not-canonical", "ok", 1, 0},
    {"\"\\u000d\"", "payload-not-canonical", "ok", 1, 0},
    {"\"\\u0022\"", "payload-not-canonical", "ok", 1, 0},
    {"\"\\u005c\"", "payload-not-canonical", "ok", 1, 0},
    {"\"\\u007f\"", "payload-not-canonical", "ok", 1, 0},
    {"\"\\/\"", "payload-not-canonical", "ok", 1, 0},
    {"\"\\u00e9\"", "payload-not-canonical", "ok", 1, 0},
    {"\"\\ud83d\\ude00\"", "payload-not-canonical", "ok", 1, 0},
    {"\"\\uD83D\\uDE00\"", "payload-not-canonical", "ok", 1, 0},
    {"\"\\u0000\"", "bad-json", "bad-json", 1, 1},
    {"\"\\ud83d\"", "bad-json", "bad-json", 1, 1},
    {"\"\\ude00\"", "bad-json", "bad-json", 1, 1},
    {"\"\\ude00\\ud83d\"", "bad-json", "bad-json", 1, 1},
    {"\"\\ud83d\\u0061\"", "bad-json", "bad-json", 1, 1},
    {"\"\\ud83dx\"", "bad-json", "bad-json", 1, 1},
    {"\"\\ud83d\\n0000000\"", "bad-json", "bad-json", 1, 1},
    {"\"\\a\"", "bad-json", "bad-json", 1, 1},
    {"\"\\U0061\"", "bad-json", "bad-json", 1, 1},
    {"\"\\u006\"", "bad-json", "bad-json", 1, 1},
    {"\"\\u00g1\"", "bad-json", "bad-json", 1, 1},
    {"\"\\u+061\"", "bad-json", "bad-json", 1, 1},
    {"\"\\x41\"", "bad-json", "bad-json", 1, 1},
    {"\"abc", "bad-json", "bad-json", 4, 4},
    {"\"abc\\", "bad-json", "bad-json", 4, 4},
    {"\"abc\\\"", "bad-json", "bad-json", 6, 6},
    {"\"a\nb\"", "bad-json", "bad-json", 2, 2},
    {"\"12345678\x1f\"", "bad-json", "bad-json", 9, 9},
    /* UTF-8. */
    {"\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf\"", "ok", "ok", 0, 0},
    {"\"\xef\xbf\xbf\xee\x80\x80\"", "ok", "ok", 0, 0},
    {"\"\xc0\x80\"", "bad-json", "bad-json", 1, 1},
    {"\"\xc1\xbf\"", "bad-json", "bad-json", 1, 1},
    {"\"\xe0\x9f\xbf\"", "bad-json", "bad-json", 1, 1},
    {"\"\xed\xa0\x80\"", "bad-json", "bad-json", 1, 1},
    {"\"\xed\xbf\xbf\"", "bad-json", "bad-json", 1, 1},
    {"\"\xf0\x8f\xbf\xbf\"", "bad-json", "bad-json", 1, 1},
    {"\"\xf4\x90\x80\x80\"", "bad-json", "bad-json", 1, 1},
    {"\"\xf8\x88\x80\x80\x80\"", "bad-json", "bad-json", 1, 1},
    {"\"\xff\"", "bad-json", "bad-json", 1, 1},
    {"\"a\x80\"", "bad-json", "bad-json", 2, 2},
    {"\"\xc3\"", "bad-json", "bad-json", 1, 1},
    {"\"\xe2\x82\"", "bad-json", "bad-json", 1, 1},
    {"\"\xf0\x9f\x98\"", "bad-json", "bad-json", 1, 1},
    {"{\"\xff\":1}", "bad-json", "bad-json", 2, 2},
};

static void verdict_check(enum cty_json_dialect dialect, struct cty_bytes text, const char *expected, int offset)
{
    custody_error error = {0};
    char detail[32] = "";
    custody_err err = scan(dialect, text, &error);
    if (strcmp(custody_err_name(err), expected) != 0)
        fail_msg("%.*s: %s, expected %s", (int)text.size, (const char *)text.data, custody_err_name(err), expected);
    if (err == CUSTODY_OK)
        return;
    snprintf(detail, sizeof(detail), "offset %d", offset);
    if (strcmp(error.detail, detail) != 0)
        fail_msg("%.*s: %s, expected %s", (int)text.size, (const char *)text.data, error.detail, detail);
    assert_int_equal(error.code, err);
}

static void strict_judges(void **state)
{
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(verdicts); i++)
        verdict_check(CTY_JSON_STRICT, cty_bytes_text(verdicts[i].text), verdicts[i].strict,
                      verdicts[i].offset_strict);
}

static void document_judges(void **state)
{
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(verdicts); i++)
        verdict_check(CTY_JSON_DOCUMENT, cty_bytes_text(verdicts[i].text), verdicts[i].document,
                      verdicts[i].offset_document);
}

static void a_nul_is_no_json(void **state)
{
    (void)state;
    verdict_check(CTY_JSON_STRICT, CTY_LITERAL("\"a\0b\""), "bad-json", 2);
    verdict_check(CTY_JSON_DOCUMENT, CTY_LITERAL("\"a\0b\""), "bad-json", 2);
    verdict_check(CTY_JSON_DOCUMENT, CTY_LITERAL("1\0"), "bad-json", 1);
    verdict_check(CTY_JSON_DOCUMENT, CTY_LITERAL("\0"), "bad-json", 0);
    verdict_check(CTY_JSON_STRICT, cty_bytes_make(NULL, 0), "bad-json", 0);
}

/* What lies right behind the eight bytes that are looked at together must be seen as well as what lies in them. */
static void every_place_of_a_string_is_seen(void **state)
{
    (void)state;
    static const char bad[] = {'\0', '\n', '\x1f', '\x80', '\xff'};
    char text[42];
    for (size_t place = 1; place < sizeof(text) - 1; place++) {
        memset(text, 'a', sizeof(text));
        text[0] = text[sizeof(text) - 1] = '"';
        assert_ok(scan(CTY_JSON_STRICT, cty_bytes_make(text, sizeof(text)), NULL));
        for (size_t i = 0; i < sizeof(bad); i++) {
            text[place] = bad[i];
            verdict_check(CTY_JSON_STRICT, cty_bytes_make(text, sizeof(text)), "bad-json", (int)place);
        }
        text[place] = '"';
        if (place < sizeof(text) - 2)
            verdict_check(CTY_JSON_STRICT, cty_bytes_make(text, sizeof(text)), "bad-json", (int)place + 1);
    }
}

/* RFC 8785, section 3.2.3: by code units, where a supplementary character comes before U+FB33. */
static void names_sort_by_code_units(void **state)
{
    (void)state;
    static const char *const names[] = {
        "\\r", "\\u0019", "\\\"", "1", "\\\\", "a", "ab", "\x7f", "\xc2\x80", "\xc3\xb6",
        "\xe2\x82\xac", "\xf0\x90\x80\x80", "\xf0\x9f\x98\x80", "\xee\x80\x80", "\xef\xac\xb3", "\xef\xbf\xbf",
    };
    for (size_t i = 0; i < CTY_COUNT_OF(names); i++) {
        for (size_t j = 0; j < CTY_COUNT_OF(names); j++) {
            char text[64];
            snprintf(text, sizeof(text), "{\"%s\":1,\"%s\":2}", names[i], names[j]);
            /* The pair (\r, \u0019) shows that values are compared and not spellings. */
            const char *strict = i < j ? "ok" : i == j ? "duplicate-member" : "payload-not-canonical";
            assert_refused(scan_text(CTY_JSON_STRICT, text), strict);
            assert_refused(scan_text(CTY_JSON_DOCUMENT, text), i == j ? "duplicate-member" : "ok");
        }
    }
}

/* The same name in another spelling is the same name. */
static void duplicates_are_judged_unescaped(void **state)
{
    (void)state;
    static const char *const twins[][2] = {
        {"a", "\\u0061"},           {"\\/", "/"},        {"\\n", "\\u000a"},     {"\\u00e9", "\xc3\xa9"},
        {"\\ud83d\\ude00", "\xf0\x9f\x98\x80"}, {"\\u20ac", "\\u20AC"}, {"x\\\\", "x\\u005c"},
    };
    for (size_t i = 0; i < CTY_COUNT_OF(twins); i++) {
        char text[96];
        snprintf(text, sizeof(text), "{\"%s\":1,\"%s\":2}", twins[i][0], twins[i][1]);
        assert_refused(scan_text(CTY_JSON_DOCUMENT, text), "duplicate-member");
        snprintf(text, sizeof(text), "{\"%s\":1,\"\":0,\"%s\":2}", twins[i][1], twins[i][0]);
        assert_refused(scan_text(CTY_JSON_DOCUMENT, text), "duplicate-member");
        snprintf(text, sizeof(text), "[{\"%s\":1},{\"%s\":2}]", twins[i][1], twins[i][0]);
        assert_ok(scan_text(CTY_JSON_DOCUMENT, text));
    }
}

/* Twenty thousand members in falling order, the twin at either end: sorted, not compared each with each. */
static void duplicates_are_found_in_large_objects(void **state)
{
    (void)state;
    struct cty_buf text = CTY_BUF_INIT(1u << 20);
    assert_ok(cty_buf_put_text(&text, "{"));
    for (unsigned i = 20000; i > 0; i--)
        assert_ok(cty_buf_putf(&text, "\"%05u\":%u,", i, i));
    size_t whole = text.size;
    assert_ok(cty_buf_put_text(&text, "\"x\":1}"));
    assert_ok(scan(CTY_JSON_DOCUMENT, cty_buf_bytes(&text), NULL));
    text.size = whole;
    assert_ok(cty_buf_put_text(&text, "\"\\u0032\\u0030000\":1}"));
    assert_refused(scan(CTY_JSON_DOCUMENT, cty_buf_bytes(&text), NULL), "duplicate-member");
    cty_buf_done(&text);
}

static custody_err scan_limited(const char *text, uint32_t depth_max, uint32_t nodes_max)
{
    struct cty_json json = CTY_JSON_INIT;
    struct cty_json_limits limits = {.depth_max = depth_max, .nodes_max = nodes_max};
    custody_err err = cty_json_scan(&json, CTY_JSON_STRICT, limits, cty_bytes_text(text), NULL);
    cty_json_done(&json);
    return err;
}

static void depth_is_bounded(void **state)
{
    (void)state;
    assert_refused(scan_limited("1", 0, 9), "too-deep");
    assert_ok(scan_limited("1", 1, 9));
    assert_ok(scan_limited("[]", 1, 9));
    assert_refused(scan_limited("[1]", 1, 9), "too-deep");
    assert_refused(scan_limited("{\"a\":{}}", 1, 9), "too-deep");
    assert_ok(scan_limited("[[[1]],[2]]", 4, 9));
    assert_refused(scan_limited("[[[1]],[2]]", 3, 9), "too-deep");
    assert_refused(scan_limited("[", 1, 9), "bad-json");
    /* Depth goes before what else is wrong with the same byte. */
    assert_refused(scan_limited("[tru]", 1, 1), "too-deep");
}

static void nodes_are_bounded(void **state)
{
    (void)state;
    assert_refused(scan_limited("1", 9, 0), "too-large");
    assert_ok(scan_limited("1", 9, 1));
    assert_ok(scan_limited("[1,{\"a\":2}]", 9, 4));
    assert_refused(scan_limited("[1,{\"a\":2}]", 9, 3), "too-large");
    struct cty_buf text = CTY_BUF_INIT(4096);
    repeat(&text, "[", 1);
    repeat(&text, "0,", 999);
    repeat(&text, "0]", 1);
    assert_ok(scan_limited(cty_buf_text(&text), 9, 1001));
    assert_refused(scan_limited(cty_buf_text(&text), 9, 1000), "too-large");
    cty_buf_done(&text);
}

/* A million brackets end at the limit and not in the stack. */
static void deep_nesting_is_no_bomb(void **state)
{
    (void)state;
    struct cty_buf text = CTY_BUF_INIT(1u << 21);
    repeat(&text, "[", 1000000);
    assert_refused(scan(CTY_JSON_DOCUMENT, cty_buf_bytes(&text), NULL), "too-deep");
    struct cty_json json = CTY_JSON_INIT;
    struct cty_json_limits wide = {.depth_max = 2000000, .nodes_max = 2000000};
    assert_refused(cty_json_scan(&json, CTY_JSON_STRICT, wide, cty_buf_bytes(&text), NULL), "bad-json");
    repeat(&text, "]", 1000000);
    assert_ok(cty_json_scan(&json, CTY_JSON_STRICT, wide, cty_buf_bytes(&text), NULL));
    struct cty_buf again = CTY_BUF_INIT(1u << 21);
    assert_ok(cty_json_canonical(&json, &again));
    assert_true(cty_bytes_equal(cty_buf_bytes(&text), cty_buf_bytes(&again)));
    cty_buf_done(&again);
    cty_json_done(&json);
    cty_buf_done(&text);
}

static const char sample[] = "{\"a\":[1,20,{\"b\":\"x\\n\\u0001\xc3\xa9\"},[],true],\"c\":{\"\":false,\"d\":\"\"},"
                             "\"e\":9007199254740991,\"\xf0\x9f\x98\x80\":0}";

/* Nothing that ends early is whole. */
static void every_cut_is_refused(void **state)
{
    (void)state;
    assert_ok(scan_text(CTY_JSON_STRICT, sample));
    for (size_t size = 0; size < sizeof(sample) - 1; size++) {
        assert_refused(scan(CTY_JSON_STRICT, cty_bytes_make(sample, size), NULL), "bad-json");
        assert_refused(scan(CTY_JSON_DOCUMENT, cty_bytes_make(sample, size), NULL), "bad-json");
    }
}

/* Whatever a changed byte makes of a text: what the strict dialect takes is RFC 8785 to the byte. */
static void every_flip_is_refused_or_canonical(void **state)
{
    (void)state;
    char text[sizeof(sample)];
    struct cty_buf out = CTY_BUF_INIT(4096);
    memcpy(text, sample, sizeof(sample));
    for (size_t place = 0; place < sizeof(sample) - 1; place++) {
        for (int change = 1; change < 256; change++) {
            text[place] = (char)(sample[place] ^ change);
            struct cty_bytes bytes = cty_bytes_make(text, sizeof(text) - 1);
            custody_err strict = scan(CTY_JSON_STRICT, bytes, NULL);
            cty_buf_clear(&out);
            custody_err document = canonical(bytes, &out);
            if (strict == CUSTODY_OK)
                assert_true(document == CUSTODY_OK && cty_bytes_equal(bytes, cty_buf_bytes(&out)));
        }
        text[place] = sample[place];
    }
    cty_buf_done(&out);
}

/* Eight bytes are looked at at once, and the first that is not plain is found all the same, whatever stands around it. */
static void what_is_not_plain_is_found_wherever_it_stands(void **state)
{
    (void)state;
    static const uint8_t others[] = {'a', 0, 0x1f, '"', '\\', 0x7f, 0x80, 0xff};
    for (size_t at = 0; at < 20; at++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            uint8_t text[20];
            memset(text, 'x', sizeof(text));
            for (size_t i = at + 1; i < sizeof(text); i++)
                text[i] = others[(i + byte) % sizeof(others)];
            text[at] = (uint8_t)byte;
            size_t plain = 0;
            while (plain < sizeof(text) && text[plain] >= 0x20 && text[plain] < 0x80 && text[plain] != '"' &&
                   text[plain] != '\\')
                plain++;
            assert_int_equal(cty_json_skip_plain(text, text + sizeof(text)) - text, plain);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strict_judges),
        cmocka_unit_test(document_judges),
        cmocka_unit_test(a_nul_is_no_json),
        cmocka_unit_test(what_is_not_plain_is_found_wherever_it_stands),
        cmocka_unit_test(every_place_of_a_string_is_seen),
        cmocka_unit_test(names_sort_by_code_units),
        cmocka_unit_test(duplicates_are_judged_unescaped),
        cmocka_unit_test(duplicates_are_found_in_large_objects),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(nodes_are_bounded),
        cmocka_unit_test(deep_nesting_is_no_bomb),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(every_flip_is_refused_or_canonical),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
