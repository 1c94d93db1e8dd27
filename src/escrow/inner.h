/* SPDX-License-Identifier: Apache-2.0 */
/* Inside src/escrow only: what the rules of the fold share. */
#ifndef CTY_ESCROW_INNER_H
#define CTY_ESCROW_INNER_H

#include "escrow/fold.h"

/* One run of the fold over one entry. Also serves the read-only questions, without input and delta. */
struct fold {
    struct cty_view *view;
    struct cty_json *tape;
    custody_error *error;
    const struct cty_fold_input *in;
    struct cty_delta *delta;
    const struct cty_statement *st;
    uint64_t time; /* of the entry */
    struct cty_ledger_record ledger;
    struct cty_case the_case; /* where the statement joins one */
    unsigned unjudged;
};

/* Reads and decodes a record. PRESENT, ABSENT or UNKNOWN; a wanted record ends the fold. */
CUSTODY_MUST_USE custody_err cty_fold_get(struct fold *f, const struct cty_shape *shape, void *ret_record,
                                          enum cty_view_status *ret_status, const char *key, ...)
    CUSTODY_PRINTF(5, 6);
CUSTODY_MUST_USE custody_err cty_fold_get_raw(struct fold *f, struct cty_bytes *ret_value,
                                              enum cty_view_status *ret_status, const char *key, ...)
    CUSTODY_PRINTF(4, 5);
CUSTODY_MUST_USE custody_err cty_fold_put(struct fold *f, const struct cty_shape *shape, const void *record,
                                          const char *key, ...) CUSTODY_PRINTF(4, 5);
CUSTODY_MUST_USE custody_err cty_fold_put_raw(struct fold *f, struct cty_bytes value, const char *key, ...)
    CUSTODY_PRINTF(3, 4);

/* Hex texts for keys. */
struct hex64 {
    char text[65];
};
struct hex64 cty_hex64(const struct cty_hash *hash);
struct hex64 cty_hex32(const uint8_t bits[16]);

#define NAME_FMT "%.*s"
#define NAME_ARG(bytes) (int)(bytes).size, (const char *)(bytes).data

/* actors.c */
CUSTODY_MUST_USE custody_err cty_actor_get(struct fold *f, struct cty_bytes name, struct cty_actor_record *ret_actor,
                                           bool *ret_present);
/* Enrolled and valid at f->time. Errors: KEY_UNKNOWN, KEY_NOT_VALID. */
CUSTODY_MUST_USE custody_err cty_actor_valid(struct fold *f, struct cty_bytes name,
                                             struct cty_actor_record *ret_actor);
bool cty_names_have(const struct cty_names *names, struct cty_bytes name);
bool cty_actor_has_role(const struct cty_actor_record *actor, const char *role);
/*
 * Signers from number `from` to `to` (not included) are admins of `party`; distinct persons count.
 * Errors: WRONG_ROLE, UNDER_THRESHOLD below `quorum`.
 */
CUSTODY_MUST_USE custody_err cty_admins_check(struct fold *f, struct cty_bytes party, uint32_t from, uint32_t to,
                                              uint64_t quorum, uint64_t *ret_persons);

/* trust.c, policy.c, cases.c, clerk.c: one rule for each type. */
CUSTODY_MUST_USE custody_err cty_rule_ledger_open(struct fold *f);
CUSTODY_MUST_USE custody_err cty_rule_party_enrol(struct fold *f);
CUSTODY_MUST_USE custody_err cty_rule_actor_enrol(struct fold *f);
CUSTODY_MUST_USE custody_err cty_rule_actor_revoke(struct fold *f);
CUSTODY_MUST_USE custody_err cty_rule_policy_publish(struct fold *f);
CUSTODY_MUST_USE custody_err cty_rule_request(struct fold *f);
CUSTODY_MUST_USE custody_err cty_rule_verdict(struct fold *f);
CUSTODY_MUST_USE custody_err cty_rule_patch(struct fold *f);
CUSTODY_MUST_USE custody_err cty_rule_decision(struct fold *f);
CUSTODY_MUST_USE custody_err cty_rule_release(struct fold *f);
CUSTODY_MUST_USE custody_err cty_rule_consume(struct fold *f);
CUSTODY_MUST_USE custody_err cty_rule_outcome(struct fold *f);
CUSTODY_MUST_USE custody_err cty_rule_cancel(struct fold *f);
CUSTODY_MUST_USE custody_err cty_rule_expiry(struct fold *f);

/* trust.c: wants what enrolments are judged by: without it each of their many records would take a round of its own, and
 * each round checks every new key again, which is what costs. */
CUSTODY_MUST_USE custody_err cty_enrolments_want(struct cty_view *view, const struct cty_statement *st);

/* quorum.c */
/* Whether this person may decide in the case, whatever its state. Errors: NOT_HUMAN, WRONG_ROLE, SELF_APPROVAL. */
CUSTODY_MUST_USE custody_err cty_approver_check(struct fold *f, const struct cty_actor_record *actor);
/*
 * The approvals that count at f->time: their places in the_case.decisions, in order. With `ignore_expiry`
 * their `expires` is not read.
 */
CUSTODY_MUST_USE custody_err cty_approvals_counting(struct fold *f, bool ignore_expiry,
                                                    uint32_t ret_places[CTY_DECISIONS_MAX], uint32_t *ret_count);
/* How many count at f->time, and whether they meet every clause; ret_have (may be NULL): how far each is met. */
CUSTODY_MUST_USE custody_err cty_quorum_now(struct fold *f, bool ignore_expiry, uint32_t *ret_count, bool *ret_met,
                                            uint64_t ret_have[CTY_POLICIES_MAX]);
/* Errors: DUPLICATE_HUMAN where the person has a counting decision in this instance. */
CUSTODY_MUST_USE custody_err cty_not_decided(struct fold *f, const uint8_t person[16]);

/* judge.c: what the policies in force say of the case in f->the_case, at f->time. */
CUSTODY_MUST_USE custody_err cty_judge(struct fold *f, struct cty_verdict *ret_verdict);

/* A moment so much later; numbers end at CTY_NUMBER_MAX. */
static inline uint64_t cty_time_after(uint64_t time, uint64_t period)
{
    return time < CTY_NUMBER_MAX - period ? time + period : CTY_NUMBER_MAX;
}

/* cases.c */
CUSTODY_MUST_USE custody_err cty_case_load(struct fold *f, const struct cty_hash *case_id);
/* What every statement of a case passes before its own rule: the case, its link, state, after, seen. */
CUSTODY_MUST_USE custody_err cty_case_open(struct fold *f);
CUSTODY_MUST_USE custody_err cty_case_store(struct fold *f, const struct cty_hash *case_id);

/* What a release of the case says at f->time. */
CUSTODY_MUST_USE custody_err cty_release_make(struct fold *f, struct cty_release *ret_release);

#endif
