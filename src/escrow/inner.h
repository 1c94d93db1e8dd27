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
    unsigned unjudged;
    struct cty_ledger_record ledger;
    struct cty_case the_case; /* where the statement joins one; the last member, see cty_fold_begin */
};

/*
 * Zeroes all but the case, which is large: whoever loads or begins one writes it whole, and nobody else looks at it.
 * Then sets what every fold has.
 */
static inline void cty_fold_begin(struct fold *f, struct cty_view *view, struct cty_json *tape, custody_error *error)
{
    memset(f, 0, offsetof(struct fold, the_case));
    f->view = view;
    f->tape = tape;
    f->error = error;
}

/* Reads and decodes a record. PRESENT, ABSENT or UNKNOWN; a wanted record ends the fold. */
CUSTODY_MUST_USE custody_err cty_fold_get(struct fold *f, const struct cty_shape *shape, void *ret_record,
                                          enum cty_view_status *ret_status, const char *key, ...)
    CUSTODY_PRINTF(5, 6);
/* The same for reading only, lent as by cty_memo_lend. */
CUSTODY_MUST_USE custody_err cty_fold_lend(struct fold *f, const struct cty_shape *shape, void *own,
                                           const void **ret_record, enum cty_view_status *ret_status, const char *key,
                                           ...) CUSTODY_PRINTF(6, 7);
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
bool cty_actor_has_one_of(const struct cty_actor_record *actor, const struct cty_names *roles);
/*
 * Signers from number `from` to `to` (not included) are admins of `party`; distinct persons count.
 * Errors: WRONG_ROLE, UNDER_THRESHOLD below `quorum`.
 */
CUSTODY_MUST_USE custody_err cty_admins_check(struct fold *f, struct cty_bytes party, uint32_t from, uint32_t to,
                                              uint64_t quorum, uint64_t *ret_persons);
/* The same for the persons that the party's policy names for recovery. Errors: WRONG_ROLE, UNDER_THRESHOLD. */
CUSTODY_MUST_USE custody_err cty_recovery_check(struct fold *f, const struct cty_party_record *party, uint32_t from,
                                                uint32_t to, uint64_t *ret_persons);

/* One rule for each type, in the file of its kind: trust.c, rotate.c, cases.c, clerk.c, handoff.c, talk.c. */
#define CTY_TYPE(name, member, text, cls, flags) CUSTODY_MUST_USE custody_err cty_rule_##member(struct fold *f);
#include "model/types.def"
#undef CTY_TYPE

/* trust.c: a key that is new under any name. Errors: BAD_KEY, ALG_MISMATCH, DUPLICATE_KEY. */
CUSTODY_MUST_USE custody_err cty_key_put(struct fold *f, struct cty_bytes vkey, enum cty_key_type type,
                                         struct cty_bytes name, const char *use);

/* trust.c: wants what enrolments are judged by: without it each of their many records would take a round of its own, and
 * each round checks every new key again, which is what costs. */
CUSTODY_MUST_USE custody_err cty_enrolments_want(struct cty_view *view, const struct cty_statement *st);

/* quorum.c */
/*
 * Whether a clause asks this person at f->time, whatever the case's state; ret_clauses (may be NULL): which, a bit for each.
 * Errors: NOT_HUMAN, KEY_CLASS, WRONG_ROLE.
 */
CUSTODY_MUST_USE custody_err cty_role_check(struct fold *f, const struct cty_actor_record *actor,
                                            uint64_t *ret_clauses);
/* That, and outside the ancestry: who may approve. Errors: those, SELF_APPROVAL. */
CUSTODY_MUST_USE custody_err cty_approver_check(struct fold *f, const struct cty_actor_record *actor);
/* Whether the approver's place in ordered approvals has come. Errors: OUT_OF_ORDER. */
CUSTODY_MUST_USE custody_err cty_order_check(struct fold *f, const struct cty_actor_record *actor);
/* What an approval at f->time must name as the one before it: absent where approvals have no order, or none counts. */
CUSTODY_MUST_USE custody_err cty_previous_find(struct fold *f, struct cty_opt_hash *ret_previous);
/* Whether an approval names the one before it, where they have an order. Errors: OUT_OF_ORDER. */
CUSTODY_MUST_USE custody_err cty_previous_check(struct fold *f, const struct cty_opt_hash *previous);
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

/* An actor with the person behind it, and its owner with theirs, join the ancestry. */
CUSTODY_MUST_USE custody_err cty_ancestor_add(struct fold *f, struct cty_bytes name);
/* Whether the signer of the statement in hand holds the case. Errors: NOT_HOLDER. */
CUSTODY_MUST_USE custody_err cty_holder_check(struct fold *f);
/* The actor is enrolled, valid now, and no person. Errors: `code`. */
CUSTODY_MUST_USE custody_err cty_machine_check(struct fold *f, struct cty_bytes name, custody_err code);
/* The statement in hand is what the next verdict judges. */
CUSTODY_MUST_USE custody_err cty_verdict_want(struct fold *f);
/* One more offer or question of a case, which has room for so many. Errors: LIMIT_REACHED. */
CUSTODY_MUST_USE custody_err cty_talk_count(struct fold *f);
/* The statement in hand is what others answer from now on. */
void cty_anchor_move(struct fold *f);

/* handoff.c: whether all that the case rests on still stands: hops and parents. Errors: AFTER_CANCELLATION. */
CUSTODY_MUST_USE custody_err cty_authority_check(struct fold *f);
/* A child case begins under what its parent was handed. Errors: NOT_HOLDER, PASS_WIDER, PASS_SPENT. */
CUSTODY_MUST_USE custody_err cty_scope_inherit(struct fold *f, struct cty_case *parent);

/* What a release of the case says at f->time. */
CUSTODY_MUST_USE custody_err cty_release_make(struct fold *f, struct cty_release *ret_release);

#endif
