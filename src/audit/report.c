/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/report.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/check.h"

static const char *const claim_names[CTY_CLAIM_COUNT] = {
    [CTY_CLAIM_CHECKPOINT] = "checkpoint", [CTY_CLAIM_INTACT] = "intact",
    [CTY_CLAIM_COMPLETE] = "complete",     [CTY_CLAIM_ENROLLED] = "enrolled",
    [CTY_CLAIM_SIGNED] = "signed",         [CTY_CLAIM_LAWFUL] = "lawful",
    [CTY_CLAIM_CONTENTS] = "contents",     [CTY_CLAIM_SEEN] = "seen",
    [CTY_CLAIM_UNIQUE] = "unique",         [CTY_CLAIM_QUORUM] = "quorum",
    [CTY_CLAIM_BETWEEN] = "between",
    [CTY_CLAIM_ONCE] = "once",             [CTY_CLAIM_AUDIENCE] = "audience",
    [CTY_CLAIM_WITNESSED] = "witnessed",   [CTY_CLAIM_ALIKE] = "alike",
    [CTY_CLAIM_WHEN] = "when",             [CTY_CLAIM_CASES] = "cases",
    [CTY_CLAIM_STORED] = "stored",
};

static const char *const state_names[] = {"not asked", "holds", "not checked", "fails"};

const char *cty_claim_name(enum cty_claim claim)
{
    CTY_CHECK((unsigned)claim < CTY_CLAIM_COUNT);
    return claim_names[claim];
}

#define CUT "..."

static void put_text(char *out, size_t size, const char *format, va_list args) CUSTODY_PRINTF(3, 0);

/* Everything that is not printable ASCII is escaped: a report never plays foreign bytes to a terminal. */
static void put_text(char *out, size_t size, const char *format, va_list args)
{
    char raw[CTY_CLAIM_TEXT_MAX];
    size_t used = 0;
    int whole = vsnprintf(raw, sizeof(raw), format, args);
    const char *c = raw;
    for (; *c && used + 4 + sizeof(CUT) <= size; c++) {
        if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e)
            used += (size_t)snprintf(out + used, 5, "\\x%02x", (unsigned char)*c);
        else
            out[used++] = *c;
    }
    bool cut = *c || whole < 0 || (size_t)whole >= sizeof(raw);
    snprintf(out + used, size - used, "%s", cut ? CUT : "");
}

void cty_report_hold(struct cty_report *report, enum cty_claim claim, const char *format, ...)
{
    struct cty_claim_line *line = &report->claims[claim];
    if (line->state != CTY_CLAIM_NOT_ASKED && line->state != CTY_CLAIM_HOLDS)
        return;
    va_list args;
    va_start(args, format);
    put_text(line->text, sizeof(line->text), format, args);
    va_end(args);
    line->state = CTY_CLAIM_HOLDS;
    line->entry = CTY_REPORT_NO_ENTRY;
}

void cty_report_skip(struct cty_report *report, enum cty_claim claim, const char *format, ...)
{
    struct cty_claim_line *line = &report->claims[claim];
    if (line->state == CTY_CLAIM_FAILS || line->state == CTY_CLAIM_NOT_CHECKED)
        return;
    va_list args;
    va_start(args, format);
    put_text(line->text, sizeof(line->text), format, args);
    va_end(args);
    line->state = CTY_CLAIM_NOT_CHECKED;
    line->entry = CTY_REPORT_NO_ENTRY;
}

static size_t findings_alike(const struct cty_report *report, int claim, const char *code)
{
    size_t count = 0;
    for (size_t i = 0; i < report->findings_count; i++)
        count += report->findings[i].claim == claim && strcmp(report->findings[i].code, code) == 0;
    return count;
}

/* A place in the list of findings; NULL where there are enough: then it is only counted. */
static struct cty_finding *next_finding(struct cty_report *report, int claim, const char *code, uint64_t entry)
{
    report->findings_all++;
    if (report->findings_count == CTY_REPORT_FINDINGS_MAX || findings_alike(report, claim, code) == CTY_REPORT_ALIKE_MAX)
        return NULL;
    struct cty_finding *finding = &report->findings[report->findings_count++];
    finding->claim = claim;
    finding->code = code;
    finding->entry = entry;
    return finding;
}

void cty_report_fail(struct cty_report *report, enum cty_claim claim, custody_err code, uint64_t entry,
                     const char *format, ...)
{
    struct cty_claim_line *line = &report->claims[claim];
    struct cty_finding *further = NULL;
    bool first = line->state != CTY_CLAIM_FAILS;
    if (!first)
        further = next_finding(report, (int)claim, custody_err_name(code), entry);
    if (!first && !further)
        return;
    va_list args;
    va_start(args, format);
    put_text(first ? line->text : further->text, CTY_REPORT_TEXT_MAX, format, args);
    va_end(args);
    if (!first)
        return;
    line->state = CTY_CLAIM_FAILS;
    line->code = code;
    line->entry = entry;
}

const char *cty_finding_code(const char *name)
{
    static const char *const codes[] = {"one-voucher", "enrolment-suspect", "key-suspect", "clock-skew",
                                        "denied-then-asked", "late-outcome", "dated-after-cosignature",
                                        "deadline-unwitnessed"};
    for (size_t i = 0; i < CTY_COUNT_OF(codes); i++) {
        if (strcmp(codes[i], name) == 0)
            return codes[i];
    }
    return NULL;
}

void cty_report_finding(struct cty_report *report, const char *code, uint64_t entry, const char *format, ...)
{
    struct cty_finding *finding = next_finding(report, CTY_REPORT_NO_CLAIM, code, entry);
    if (!finding)
        return;
    va_list args;
    va_start(args, format);
    put_text(finding->text, sizeof(finding->text), format, args);
    va_end(args);
}

void cty_report_inputs(struct cty_report *report, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    put_text(report->inputs, sizeof(report->inputs), format, args);
    va_end(args);
}

bool cty_report_failed(const struct cty_report *report)
{
    for (size_t i = 0; i < CTY_CLAIM_COUNT; i++) {
        if (report->claims[i].state == CTY_CLAIM_FAILS)
            return true;
    }
    return false;
}

/* Whatever the report is of, these are asked of it; whoever made it had what they need, or left it out. */
static bool is_asked_always(size_t claim)
{
    switch ((enum cty_claim)claim) {
    case CTY_CLAIM_CHECKPOINT:
    case CTY_CLAIM_INTACT:
    case CTY_CLAIM_COMPLETE:
    case CTY_CLAIM_SIGNED:
    case CTY_CLAIM_LAWFUL:
    case CTY_CLAIM_SEEN:
        return true;
    case CTY_CLAIM_ENROLLED:
    case CTY_CLAIM_CONTENTS:
    case CTY_CLAIM_UNIQUE:
    case CTY_CLAIM_QUORUM:
    case CTY_CLAIM_ONCE:
    case CTY_CLAIM_BETWEEN:
    case CTY_CLAIM_AUDIENCE:
    case CTY_CLAIM_WITNESSED:
    case CTY_CLAIM_ALIKE:
    case CTY_CLAIM_WHEN:
    case CTY_CLAIM_CASES:
    case CTY_CLAIM_STORED:
    case CTY_CLAIM_COUNT:
        return false;
    }
    return true;
}

int cty_report_exit(const struct cty_report *report)
{
    if (cty_report_failed(report))
        return 1;
    for (size_t i = 0; i < CTY_CLAIM_COUNT; i++) {
        const struct cty_claim_line *line = &report->claims[i];
        if ((line->required || (!report->of_entry && is_asked_always(i))) && line->state != CTY_CLAIM_HOLDS)
            return 3;
    }
    return report->findings_all ? 2 : 0;
}

static custody_err put_fault(struct cty_buf *out, const char *code, uint64_t entry)
{
    CTY_TRY(cty_buf_putf(out, " [%s]", code));
    return entry == CTY_REPORT_NO_ENTRY ? CUSTODY_OK
                                        : cty_buf_putf(out, " entry %llu:", (unsigned long long)entry);
}

static custody_err put_claim(const struct cty_claim_line *line, const char *name, struct cty_buf *out)
{
    CTY_TRY(cty_buf_putf(out, "%-11s %-11s", name, state_names[line->state]));
    if (line->state == CTY_CLAIM_FAILS)
        CTY_TRY(put_fault(out, custody_err_name(line->code), line->entry));
    return cty_buf_putf(out, " %s\n", line->text);
}

/* Further failures of a claim right behind it; findings beside the claims at the end. */
static custody_err put_findings(const struct cty_report *report, int claim, struct cty_buf *out)
{
    bool further = claim != CTY_REPORT_NO_CLAIM;
    for (size_t i = 0; i < report->findings_count; i++) {
        const struct cty_finding *finding = &report->findings[i];
        if (finding->claim != claim)
            continue;
        CTY_TRY(cty_buf_putf(out, "%-11s %-11s", further ? "" : "finding", further ? "and fails" : ""));
        CTY_TRY(put_fault(out, finding->code, finding->entry));
        CTY_TRY(cty_buf_putf(out, " %s\n", finding->text));
    }
    return CUSTODY_OK;
}

custody_err cty_report_text(const struct cty_report *report, struct cty_buf *out)
{
    if (report->subject[0])
        CTY_TRY(cty_buf_putf(out, "%s\n", report->subject));
    if (report->inputs[0])
        CTY_TRY(cty_buf_putf(out, "%-11s %s\n", "judged by", report->inputs));
    for (size_t i = 0; i < CTY_CLAIM_COUNT; i++) {
        if (report->claims[i].state != CTY_CLAIM_NOT_ASKED || report->claims[i].required)
            CTY_TRY(put_claim(&report->claims[i], claim_names[i], out));
        CTY_TRY(put_findings(report, (int)i, out));
    }
    CTY_TRY(put_findings(report, CTY_REPORT_NO_CLAIM, out));
    if (report->findings_all > report->findings_count)
        CTY_TRY(cty_buf_putf(out, "            ... and %llu more\n",
                             (unsigned long long)(report->findings_all - report->findings_count)));
    return CUSTODY_OK;
}

static void json_claim(struct cty_jw *jw, const struct cty_claim_line *line, const char *name)
{
    cty_jw_object(jw);
    cty_jw_name(jw, "claim");
    cty_jw_text(jw, name);
    if (line->state == CTY_CLAIM_FAILS) {
        cty_jw_name(jw, "code");
        cty_jw_text(jw, custody_err_name(line->code));
    }
    if (line->state == CTY_CLAIM_FAILS && line->entry != CTY_REPORT_NO_ENTRY) {
        cty_jw_name(jw, "entry");
        cty_jw_u64(jw, line->entry);
    }
    cty_jw_name(jw, "required");
    cty_jw_bool(jw, line->required);
    cty_jw_name(jw, "state");
    cty_jw_text(jw, state_names[line->state]);
    cty_jw_name(jw, "text");
    cty_jw_text(jw, line->text);
    cty_jw_object_end(jw);
}

static void json_finding(struct cty_jw *jw, const struct cty_finding *finding)
{
    cty_jw_object(jw);
    if (finding->claim != CTY_REPORT_NO_CLAIM) {
        cty_jw_name(jw, "claim");
        cty_jw_text(jw, cty_claim_name((enum cty_claim)finding->claim));
    }
    cty_jw_name(jw, "code");
    cty_jw_text(jw, finding->code);
    if (finding->entry != CTY_REPORT_NO_ENTRY) {
        cty_jw_name(jw, "entry");
        cty_jw_u64(jw, finding->entry);
    }
    cty_jw_name(jw, "text");
    cty_jw_text(jw, finding->text);
    cty_jw_object_end(jw);
}

custody_err cty_report_json(const struct cty_report *report, struct cty_buf *out)
{
    struct cty_jw jw;
    cty_jw_begin(&jw, out);
    cty_jw_object(&jw);
    cty_jw_name(&jw, "claims");
    cty_jw_array(&jw);
    for (size_t i = 0; i < CTY_CLAIM_COUNT; i++) {
        if (report->claims[i].state != CTY_CLAIM_NOT_ASKED || report->claims[i].required)
            json_claim(&jw, &report->claims[i], claim_names[i]);
    }
    cty_jw_array_end(&jw);
    cty_jw_name(&jw, "exit");
    cty_jw_u64(&jw, (uint64_t)cty_report_exit(report));
    cty_jw_name(&jw, "findings");
    cty_jw_array(&jw);
    for (size_t i = 0; i < report->findings_count; i++)
        json_finding(&jw, &report->findings[i]);
    cty_jw_array_end(&jw);
    cty_jw_name(&jw, "findings_all");
    cty_jw_u64(&jw, report->findings_all);
    if (report->inputs[0]) {
        cty_jw_name(&jw, "inputs");
        cty_jw_text(&jw, report->inputs);
    }
    cty_jw_name(&jw, "subject");
    cty_jw_text(&jw, report->subject);
    cty_jw_object_end(&jw);
    return cty_jw_end(&jw);
}
