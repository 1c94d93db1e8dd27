/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a reader of a small ledger's entries would know of its one case, counted apart from the fold: who approved
 * what when, how often it was released and used, until when it waits. Each taken step is asserted to be lawful.
 */
#ifndef CTY_TESTS_ESCROW_SHADOW_H
#define CTY_TESTS_ESCROW_SHADOW_H

#include "unit/escrow/bench.h"

enum { OWEN, CAROL, DAVE, ERIN, APPROVERS };
enum { HOLD2, HOLD1, PASS, POLICIES };

#define SHORT_MS 20
#define LONG_MS 1000
#define REQUEST_MS 260

struct approval {
    uint8_t who;
    uint64_t time, expires;
};

/* What the entries say, counted apart from the fold. */
struct shadow {
    int state; /* enum cty_case_state as it was last written; CTY_CASE_STATE_COUNT before the request */
    uint8_t policy, judged_by, holder;
    uint8_t patches, consumes, releases, outcomes;
    bool revoked[APPROVERS];
    uint64_t since[APPROVERS];
    struct approval approvals[8]; /* of the open instance, that may still count */
    uint32_t approvals_count;
    uint64_t decide_by, use_by, report_by, request_until;
};

struct move {
    enum cty_type type;
    uint8_t who, choice, variant;
};

/* Takes a step that the fold took; asserts that the law allows it. */
void shadow_take(struct shadow *s, const struct move *move, uint64_t time);
/* Drops the approvals that can never count again: expired or voided before the release. */
void shadow_forget(struct shadow *shadow, uint64_t time);
/* The deadline of the present state; 0 where there is none. */
uint64_t shadow_due(const struct shadow *s);

#endif
