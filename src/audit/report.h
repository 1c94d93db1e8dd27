/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a verifier answers: claim by claim (spec/evidence.md, "Claims"), and findings beside them.
 *
 * A claim starts as not asked. It holds, fails or was not checked; a failure is never overwritten (further ones stand
 * behind it), and "not checked" only by a failure. Thread rule: one thread at a time.
 */
#ifndef CTY_AUDIT_REPORT_H
#define CTY_AUDIT_REPORT_H

#include "codec/json.h"

enum cty_claim {
    CTY_CLAIM_CHECKPOINT,
    CTY_CLAIM_INTACT,
    CTY_CLAIM_COMPLETE,
    CTY_CLAIM_ENROLLED,
    CTY_CLAIM_SIGNED,
    CTY_CLAIM_LAWFUL,
    CTY_CLAIM_CONTENTS,
    CTY_CLAIM_SEEN,
    CTY_CLAIM_UNIQUE,
    CTY_CLAIM_QUORUM,
    CTY_CLAIM_ONCE,
    CTY_CLAIM_BETWEEN,
    CTY_CLAIM_AUDIENCE,
    CTY_CLAIM_WITNESSED,
    CTY_CLAIM_ALIKE,
    CTY_CLAIM_WHEN,
    CTY_CLAIM_CASES,
    CTY_CLAIM_STORED,
    CTY_CLAIM_COUNT
};

enum cty_claim_state { CTY_CLAIM_NOT_ASKED, CTY_CLAIM_HOLDS, CTY_CLAIM_NOT_CHECKED, CTY_CLAIM_FAILS };

#define CTY_CLAIM_TEXT_MAX 1024 /* a large quorum names many */
#define CTY_REPORT_TEXT_MAX 240
#define CTY_REPORT_FINDINGS_MAX 256
#define CTY_REPORT_ALIKE_MAX 32 /* of one code: who floods one kind hides no other */
#define CTY_REPORT_NO_ENTRY UINT64_MAX
#define CTY_REPORT_NO_CLAIM (-1)

struct cty_claim_line {
    enum cty_claim_state state;
    custody_err code; /* where it fails */
    uint64_t entry;   /* or CTY_REPORT_NO_ENTRY */
    bool required;    /* the trust file or --as asks for it */
    char text[CTY_CLAIM_TEXT_MAX];
};

struct cty_finding {
    const char *code; /* constant */
    int claim;        /* a further failure of this enum cty_claim, or CTY_REPORT_NO_CLAIM */
    uint64_t entry;
    char text[CTY_REPORT_TEXT_MAX];
};

/* Zero-initialised is empty; plain memory. Foreign text is escaped, and what is too long cut, when it is put in. */
struct cty_report {
    struct cty_claim_line claims[CTY_CLAIM_COUNT];
    struct cty_finding findings[CTY_REPORT_FINDINGS_MAX];
    size_t findings_count; /* kept */
    uint64_t findings_all; /* seen */
    char subject[CTY_REPORT_TEXT_MAX];
    char inputs[CTY_CLAIM_TEXT_MAX]; /* what all of it was judged by */
    bool of_entry; /* of one entry alone: only what is required is asked for */
};

const char *cty_claim_name(enum cty_claim claim);
void cty_report_hold(struct cty_report *report, enum cty_claim claim, const char *format, ...) CUSTODY_PRINTF(3, 4);
void cty_report_skip(struct cty_report *report, enum cty_claim claim, const char *format, ...) CUSTODY_PRINTF(3, 4);
void cty_report_fail(struct cty_report *report, enum cty_claim claim, custody_err code, uint64_t entry,
                     const char *format, ...) CUSTODY_PRINTF(5, 6);
/* The finding's code of this name, as a constant; NULL where there is none. */
const char *cty_finding_code(const char *name);
void cty_report_finding(struct cty_report *report, const char *code, uint64_t entry, const char *format, ...)
    CUSTODY_PRINTF(4, 5);

void cty_report_inputs(struct cty_report *report, const char *format, ...) CUSTODY_PRINTF(2, 3);

bool cty_report_failed(const struct cty_report *report);
/* 0, 1, 2 or 3 as spec/evidence.md says. */
int cty_report_exit(const struct cty_report *report);
/* Text for people, one line a claim. Errors: NO_MEMORY, TOO_LARGE. */
CUSTODY_MUST_USE custody_err cty_report_text(const struct cty_report *report, struct cty_buf *out);
/* One RFC 8785 object. */
CUSTODY_MUST_USE custody_err cty_report_json(const struct cty_report *report, struct cty_buf *out);

#endif
