/* SPDX-License-Identifier: Apache-2.0 */
/* Reports: what overrides what, exit statuses, escaping, and both forms of output. */
#include "audit.h"

static struct cty_report report;

static int begin(void **state)
{
    (void)state;
    memset(&report, 0, sizeof(report));
    return 0;
}

/* Everything that is asked of any report holds. */
static void hold_what_is_asked(void)
{
    static const enum cty_claim asked[] = {CTY_CLAIM_CHECKPOINT, CTY_CLAIM_INTACT, CTY_CLAIM_COMPLETE,
                                           CTY_CLAIM_SIGNED, CTY_CLAIM_LAWFUL, CTY_CLAIM_SEEN};
    for (size_t i = 0; i < CTY_COUNT_OF(asked); i++)
        cty_report_hold(&report, asked[i], "it does");
}

static void names_of_claims(void **state)
{
    static const char *const names[CTY_CLAIM_COUNT] = {"checkpoint", "intact",   "complete",  "enrolled", "signed",
                                                       "lawful",     "contents", "seen",      "unique",   "quorum",
                                                       "once",       "between",  "audience",  "witnessed", "alike",
                                                       "when",       "cases",    "stored"};
    (void)state;
    for (int i = 0; i < CTY_CLAIM_COUNT; i++)
        assert_string_equal(cty_claim_name((enum cty_claim)i), names[i]);
}

/* A failure is never overwritten, "not checked" by a failure only, and "holds" by both. */
static void what_overrides_what(void **state)
{
    (void)state;
    const struct cty_claim_line *line = &report.claims[CTY_CLAIM_INTACT];
    assert_int_equal(line->state, CTY_CLAIM_NOT_ASKED);
    cty_report_hold(&report, CTY_CLAIM_INTACT, "one");
    cty_report_hold(&report, CTY_CLAIM_INTACT, "two");
    assert_claim(&report, INTACT, HOLDS);
    assert_string_equal(line->text, "two");
    assert_int_equal(line->entry, NO_ENTRY);
    cty_report_skip(&report, CTY_CLAIM_INTACT, "three");
    assert_claim(&report, INTACT, NOT_CHECKED);
    assert_string_equal(line->text, "three");
    cty_report_skip(&report, CTY_CLAIM_INTACT, "four");
    cty_report_hold(&report, CTY_CLAIM_INTACT, "five");
    assert_claim(&report, INTACT, NOT_CHECKED);
    assert_string_equal(line->text, "three");
    cty_report_fail(&report, CTY_CLAIM_INTACT, CUSTODY_E_GAP, 7, "six of %d", 9);
    assert_fails(&report, INTACT, "gap", 7);
    assert_string_equal(line->text, "six of 9");
    cty_report_fail(&report, CTY_CLAIM_INTACT, CUSTODY_E_CHAIN_BROKEN, 8, "seven");
    cty_report_skip(&report, CTY_CLAIM_INTACT, "eight");
    cty_report_hold(&report, CTY_CLAIM_INTACT, "nine");
    assert_fails(&report, INTACT, "gap", 7);
    assert_string_equal(line->text, "six of 9");
    /* Further failures stand behind the first. */
    assert_int_equal(report.findings_all, 1);
    assert_int_equal(report.findings[0].claim, CTY_CLAIM_INTACT);
    assert_string_equal(report.findings[0].code, "chain-broken");
    assert_int_equal(report.findings[0].entry, 8);
    assert_string_equal(report.findings[0].text, "seven");
    assert_int_equal(cty_report_exit(&report), 1);
}

static void nothing_asked_is_not_decided(void **state)
{
    (void)state;
    assert_int_equal(cty_report_exit(&report), 3);
    assert_false(cty_report_failed(&report));
}

static void all_holds(void **state)
{
    (void)state;
    hold_what_is_asked();
    assert_int_equal(cty_report_exit(&report), 0);
    cty_report_finding(&report, "clock-skew", 3, "late");
    assert_int_equal(cty_report_exit(&report), 2);
}

/* Each claim that is always asked, left open or skipped: not decided. */
static void each_that_is_asked(void **state)
{
    (void)state;
    static const bool asked[CTY_CLAIM_COUNT] = {
        [CTY_CLAIM_CHECKPOINT] = true, [CTY_CLAIM_INTACT] = true, [CTY_CLAIM_COMPLETE] = true,
        [CTY_CLAIM_SIGNED] = true,     [CTY_CLAIM_LAWFUL] = true, [CTY_CLAIM_SEEN] = true,
    };
    for (int i = 0; i < CTY_CLAIM_COUNT; i++) {
        memset(&report, 0, sizeof(report));
        hold_what_is_asked();
        report.claims[i].state = CTY_CLAIM_NOT_ASKED;
        assert_int_equal(cty_report_exit(&report), asked[i] ? 3 : 0);
        cty_report_skip(&report, (enum cty_claim)i, "not there");
        assert_int_equal(cty_report_exit(&report), asked[i] ? 3 : 0);
        report.claims[i].required = true;
        assert_int_equal(cty_report_exit(&report), 3);
        cty_report_finding(&report, "clock-skew", 3, "late");
        assert_int_equal(cty_report_exit(&report), 3);
        cty_report_fail(&report, (enum cty_claim)i, CUSTODY_E_GAP, 1, "gone");
        assert_int_equal(cty_report_exit(&report), 1);
        assert_true(cty_report_failed(&report));
    }
}

/* No byte of a signer, a file or a network reaches a terminal as it is. */
static void foreign_bytes_are_escaped(void **state)
{
    (void)state;
    cty_report_hold(&report, CTY_CLAIM_INTACT, "%s", "a\x1b[31mred\n\r\t\x7f\xe2\x80\xae\xff" "b");
    assert_string_equal(report.claims[CTY_CLAIM_INTACT].text,
                        "a\\x1b[31mred\\x0a\\x0d\\x09\\x7f\\xe2\\x80\\xae\\xffb");
    cty_report_finding(&report, "clock-skew", 0, "%s", "\nintact      holds");
    assert_string_equal(report.findings[0].text, "\\x0aintact      holds");
}

static void check_cut(const char *text, size_t whole)
{
    size_t size = strlen(text);
    bool cut = strcmp(text + size - 3, "...") == 0;
    assert_int_equal(cut, size != whole);
    if (cut && text[0] == '\\')
        assert_int_equal((size - 3) % 4, 0);
}

/* What is too long is cut, at any place, and says so; never in the middle of an escape. */
static void long_texts_are_cut(void **state)
{
    char text[2 * CTY_CLAIM_TEXT_MAX];
    (void)state;
    for (size_t size = CTY_REPORT_TEXT_MAX - 20; size < sizeof(text) - 1; size += 7) {
        memset(text, size % 2 ? '\n' : 'x', size);
        text[size] = 0;
        memset(&report, 0, sizeof(report));
        cty_report_hold(&report, CTY_CLAIM_INTACT, "%s", text);
        cty_report_finding(&report, "clock-skew", 0, "%s", text);
        const char *claim = report.claims[CTY_CLAIM_INTACT].text, *finding = report.findings[0].text;
        assert_true(strlen(claim) < CTY_CLAIM_TEXT_MAX);
        assert_true(strlen(finding) < CTY_REPORT_TEXT_MAX);
        size_t whole = size % 2 ? 4 * size : size;
        check_cut(claim, whole);
        check_cut(finding, whole);
    }
    cty_report_hold(&report, CTY_CLAIM_SEEN, "%s", "short");
    assert_string_equal(report.claims[CTY_CLAIM_SEEN].text, "short");
}

/* An agent with a wrong clock gives one finding after another: it must not drive out the one that matters. */
static void one_kind_hides_no_other(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 100000; i++)
        cty_report_finding(&report, "clock-skew", i, "number %u", i);
    assert_int_equal(report.findings_count, CTY_REPORT_ALIKE_MAX);
    cty_report_finding(&report, "key-suspect", 7, "this one");
    assert_true(has_finding(&report, "key-suspect"));
    assert_int_equal(report.findings_all, 100001);
    for (unsigned i = 0; i < 1000; i++)
        cty_report_fail(&report, CTY_CLAIM_INTACT, CUSTODY_E_PROOF_INVALID, i, "no proof");
    cty_report_fail(&report, CTY_CLAIM_INTACT, CUSTODY_E_CHAIN_BROKEN, 5, "broken");
    assert_true(has_finding(&report, "chain-broken"));
}

static void more_findings_than_are_kept(void **state)
{
    static const char *const codes[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i"};
    struct cty_buf out = CTY_BUF_INIT(1 << 20);
    (void)state;
    hold_what_is_asked();
    for (unsigned i = 0; i < CTY_REPORT_FINDINGS_MAX + 5; i++)
        cty_report_finding(&report, codes[i % CTY_COUNT_OF(codes)], i, "number %u", i);
    assert_int_equal(report.findings_count, CTY_REPORT_FINDINGS_MAX);
    assert_int_equal(report.findings_all, CTY_REPORT_FINDINGS_MAX + 5);
    assert_string_equal(report.findings[CTY_REPORT_FINDINGS_MAX - 1].text, "number 255");
    assert_int_equal(cty_report_exit(&report), 2);
    assert_ok(cty_report_text(&report, &out));
    assert_non_null(strstr(cty_buf_text(&out), "            ... and 5 more\n"));
    cty_buf_done(&out);
}

static void as_text(void **state)
{
    struct cty_buf out = CTY_BUF_INIT(1 << 20);
    (void)state;
    snprintf(report.subject, sizeof(report.subject), "case 1234");
    cty_report_hold(&report, CTY_CLAIM_CHECKPOINT, "size 4");
    cty_report_fail(&report, CTY_CLAIM_INTACT, CUSTODY_E_CHAIN_BROKEN, 3, "prev");
    cty_report_fail(&report, CTY_CLAIM_INTACT, CUSTODY_E_ROOT_MISMATCH, 4, "root");
    cty_report_fail(&report, CTY_CLAIM_COMPLETE, CUSTODY_E_GAP, NO_ENTRY, "gone");
    cty_report_skip(&report, CTY_CLAIM_SEEN, "nothing seen");
    report.claims[CTY_CLAIM_WITNESSED].required = true;
    cty_report_finding(&report, "one-voucher", 9, "weak");
    cty_report_finding(&report, "one-voucher", NO_ENTRY, "weaker");
    assert_ok(cty_report_text(&report, &out));
    assert_string_equal(cty_buf_text(&out), "case 1234\n"
                                            "checkpoint  holds       size 4\n"
                                            "intact      fails       [chain-broken] entry 3: prev\n"
                                            "            and fails   [root-mismatch] entry 4: root\n"
                                            "complete    fails       [gap] gone\n"
                                            "seen        not checked nothing seen\n"
                                            "witnessed   not asked   \n"
                                            "finding                 [one-voucher] entry 9: weak\n"
                                            "finding                 [one-voucher] weaker\n");
    cty_buf_done(&out);
}

static void as_json(void **state)
{
    struct cty_buf out = CTY_BUF_INIT(1 << 20);
    struct cty_json json = CTY_JSON_INIT;
    struct cty_json_limits limits = {8, 4096};
    (void)state;
    snprintf(report.subject, sizeof(report.subject), "case \"1\"");
    cty_report_hold(&report, CTY_CLAIM_CHECKPOINT, "a \\ and a \"");
    cty_report_fail(&report, CTY_CLAIM_SIGNED, CUSTODY_E_SIGNATURE_INVALID, 3, "no");
    report.claims[CTY_CLAIM_AUDIENCE].required = true;
    cty_report_finding(&report, "late-outcome", 9, "late");
    cty_report_finding(&report, "late-outcome", NO_ENTRY, "later");
    assert_ok(cty_report_json(&report, &out));
    assert_string_equal(
        cty_buf_text(&out),
        "{\"claims\":[{\"claim\":\"checkpoint\",\"required\":false,\"state\":\"holds\",\"text\":\"a \\\\ and a \\\"\"},"
        "{\"claim\":\"signed\",\"code\":\"signature-invalid\",\"entry\":3,\"required\":false,\"state\":\"fails\","
        "\"text\":\"no\"},{\"claim\":\"audience\",\"required\":true,\"state\":\"not asked\",\"text\":\"\"}],\"exit\":1,"
        "\"findings\":[{\"code\":\"late-outcome\",\"entry\":9,\"text\":\"late\"},{\"code\":\"late-outcome\","
        "\"text\":\"later\"}],\"findings_all\":2,\"subject\":\"case \\\"1\\\"\"}");
    assert_ok(cty_json_scan(&json, CTY_JSON_STRICT, limits, cty_buf_bytes(&out), NULL));
    cty_json_done(&json);
    cty_buf_done(&out);
}

/* An output that does not fit is an error, never half a report. */
static void no_room_for_the_output(void **state)
{
    struct cty_buf out = CTY_BUF_INIT(1 << 20);
    (void)state;
    hold_what_is_asked();
    cty_report_finding(&report, "late-outcome", 9, "late");
    assert_ok(cty_report_text(&report, &out));
    size_t text = out.size;
    cty_buf_clear(&out);
    assert_ok(cty_report_json(&report, &out));
    size_t json = out.size;
    cty_buf_done(&out);
    for (size_t limit = 0; limit < text; limit += 13) {
        struct cty_buf small = CTY_BUF_INIT(limit);
        assert_refused(cty_report_text(&report, &small), "too-large");
        cty_buf_done(&small);
    }
    for (size_t limit = 0; limit < json; limit += 13) {
        struct cty_buf small = CTY_BUF_INIT(limit);
        assert_refused(cty_report_json(&report, &small), "too-large");
        cty_buf_done(&small);
    }
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(names_of_claims),
        TEST(what_overrides_what),
        TEST(nothing_asked_is_not_decided),
        TEST(all_holds),
        TEST(each_that_is_asked),
        TEST(foreign_bytes_are_escaped),
        TEST(long_texts_are_cut),
        TEST(one_kind_hides_no_other),
        TEST(more_findings_than_are_kept),
        TEST(as_text),
        TEST(as_json),
        TEST(no_room_for_the_output),
    };
    return cmocka_run_group_tests_name("reports", tests, NULL, NULL);
}
