/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fold: what one entry does to the state of the ledger, or why it may not stand there. Pure: no clock, no
 * I/O, no randomness, no floating point. The law is spec/lifecycle.md.
 *
 *     daemon   folds before it appends          refusal -> answer to the submitter
 *     auditor  folds every entry again          refusal -> the custodian's proven fault
 *     tests    fold every small history
 *
 * Signatures are checked outside (workers, cores): the caller passes the keys under which they verified, and
 * the fold compares them with the keys that the state names.
 */
#ifndef CTY_ESCROW_FOLD_H
#define CTY_ESCROW_FOLD_H

#include "escrow/record.h"
#include "escrow/view.h"
#include "model/entry.h"

struct cty_fold_input {
    const struct cty_entry *entry;         /* index, time, links */
    const struct cty_statement *statement; /* decoded */
    const struct cty_hash *digest;         /* of the statement */
    struct cty_hash leaf;                  /* leaf hash of this entry's bytes */
    struct cty_key keys[CTY_SIGNERS_MAX];  /* signature i verified under keys[i] and signer i's key name */
    bool prev_unknown;                     /* evidence: the entry before is not at hand */
};

/* Rules that could not be judged because a record was unknown (evidence only). */
enum cty_unjudged {
    CTY_UNJUDGED_PREV = 1,    /* the link to the entry before */
    CTY_UNJUDGED_ID = 2,      /* that the id is new */
    CTY_UNJUDGED_KEY = 4,     /* that a key is new under any name */
    CTY_UNJUDGED_SEEN = 8,    /* that `seen` names a root of this ledger */
    CTY_UNJUDGED_PARENT = 16, /* the parent case */
    CTY_UNJUDGED_PERSON = 32  /* that a person is in no other party */
};

#define CTY_DELTA_MAX 40
#define CTY_DELTA_BYTES_MAX (512u * 1024u)

/* New values of records. Owns its memory: zero-initialise, reuse as often as you like, then cty_delta_done. */
struct cty_delta {
    struct {
        char key[CTY_VIEW_KEY_MAX];
        struct cty_bytes value; /* borrows from `memory` once the fold has returned */
        size_t at;
    } puts[CTY_DELTA_MAX];
    size_t count;
    struct cty_buf memory;
    struct cty_json tape;            /* scratch, kept from fold to fold */
    unsigned unjudged;               /* enum cty_unjudged, or-ed */
    bool touches_case;
    struct cty_hash case_id;         /* the case that this entry belongs to */
    enum cty_follow follow;          /* the clerk's statement that must be the very next entry */
};

void cty_delta_done(struct cty_delta *delta);

/*
 * Judges the entry and gives its delta. On a refusal the delta is empty.
 * Errors: VIEW_INCOMPLETE (fetch what the view wants, call again), the refusals of spec/lifecycle.md in their
 * order, NO_MEMORY, INTERNAL for records that are not of their form.
 */
CUSTODY_MUST_USE custody_err cty_fold(struct cty_view *view, const struct cty_fold_input *input,
                                      struct cty_delta *delta, custody_error *error);

/*
 * The keys by which the signers of `statement` must have signed, and the names under which those keys are
 * known (for key ids), from the state and, for who is being enrolled, from the statement itself.
 * `origin` is the ledger's. ret_names borrows from the statement and the view, and from `names_memory`.
 * Errors: VIEW_INCOMPLETE, KEY_UNKNOWN, BAD_KEY, WRONG_SIGNER.
 */
CUSTODY_MUST_USE custody_err cty_fold_keys(struct cty_view *view, const struct cty_statement *statement,
                                           struct cty_buf *names_memory, struct cty_key ret_keys[CTY_SIGNERS_MAX],
                                           struct cty_bytes ret_names[CTY_SIGNERS_MAX], custody_error *error);

/*
 * Fills in what the clerk must say next in a case whose record wants a verdict or a release, at entry time
 * `time`: all of statement->u (for a verdict, `instance` is kept as the caller set it), case_id, after, type.
 * Common members (id, ledger, seen, signers, time, until) are the caller's. Borrows from the view; `tape` is scratch.
 * Errors: VIEW_INCOMPLETE, INTERNAL.
 */
CUSTODY_MUST_USE custody_err cty_clerk_verdict(struct cty_view *view, const struct cty_hash *case_id, uint64_t time,
                                               struct cty_statement *statement, struct cty_json *tape,
                                               custody_error *error);
CUSTODY_MUST_USE custody_err cty_clerk_release(struct cty_view *view, const struct cty_hash *case_id, uint64_t time,
                                               struct cty_statement *statement, struct cty_json *tape,
                                               custody_error *error);
/* What expiry a case is due for at `time`. Errors: NOT_DUE, STATE_ILLEGAL, VIEW_INCOMPLETE. */
CUSTODY_MUST_USE custody_err cty_clerk_expiry(struct cty_view *view, const struct cty_hash *case_id, uint64_t time,
                                              struct cty_statement *statement, struct cty_json *tape,
                                              custody_error *error);

/*
 * Who may read a blob: whether `actor` may be given the contents of member `member` of a statement of the case
 * (state is for requester and holder only) at `time`. Errors: FORBIDDEN, VIEW_INCOMPLETE, WRONG_CASE.
 */
CUSTODY_MUST_USE custody_err cty_may_read(struct cty_view *view, const struct cty_hash *case_id,
                                          struct cty_bytes actor, struct cty_bytes member, uint64_t time,
                                          custody_error *error);

/* Whether the case's newest offer, not answered yet, is made to the actor or its party. */
bool cty_offered_to(const struct cty_case *the_case, struct cty_bytes actor);

/*
 * Whether `actor` could decide in the case now: HELD in time, a person, with role and party, outside the
 * ancestry, not yet decided. Errors: the refusal that a decision would get, VIEW_INCOMPLETE.
 */
CUSTODY_MUST_USE custody_err cty_may_decide(struct cty_view *view, const struct cty_hash *case_id,
                                            struct cty_bytes actor, uint64_t time, custody_error *error);

/* What an approval at `time` names as `previous`. Errors: VIEW_INCOMPLETE, WRONG_CASE. */
CUSTODY_MUST_USE custody_err cty_previous_approval(struct cty_view *view, const struct cty_hash *case_id, uint64_t time,
                                                   struct cty_opt_hash *ret_previous, custody_error *error);

/* How far each clause of the newest verdict is met at `time`: counts[i] of clause i. */
CUSTODY_MUST_USE custody_err cty_quorum_progress(struct cty_view *view, const struct cty_hash *case_id,
                                                 uint64_t time, uint64_t ret_counts[CTY_POLICIES_MAX],
                                                 uint32_t *ret_clauses, custody_error *error);

/* After every entry, for the case it touched: the invariants of spec/lifecycle.md that one record can show.
 * Errors: INTERNAL with the invariant that is broken. */
CUSTODY_MUST_USE custody_err cty_case_check(const struct cty_case *the_case, custody_error *error);

#endif
