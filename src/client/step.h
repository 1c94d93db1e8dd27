/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One statement in a case: the case judged, the statement drafted, signed and submitted. Nothing outside src/client
 * includes it.
 *
 *     open -> what the caller asks of the case -> begin -> the type's members -> send -> free
 */
#ifndef CTY_CLIENT_STEP_H
#define CTY_CLIENT_STEP_H

#include "client/draft.h"
#include "client/judge.h"

/* Large, so never on the stack. */
struct cty_step {
    struct cty_client *client;
    struct cty_judgement *judgement;
    struct cty_draft draft;
    struct cty_submitted own;
    struct cty_submitted *submitted; /* own, or the caller's */
    custody_error *error;
};

/* `submitted` (may be NULL) and `error` are borrowed. The caller owns *ret_step. Errors: NO_SESSION, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_step_new(struct cty_client *client, struct cty_submitted *submitted,
                                          custody_error *error, struct cty_step **ret_step);
/*
 * The same, with the case as it stands, judged and checked. What is in *ret_step is the caller's after a refusal too. Errors:
 * the same; those of cty_client_judge and cty_judgement_check.
 */
CUSTODY_MUST_USE custody_err cty_step_open(struct cty_client *client, const struct cty_hash *case_id,
                                           struct cty_submitted *submitted, custody_error *error,
                                           struct cty_step **ret_step);
void cty_step_free_pointer(struct cty_step **step); /* for CTY_CLEANUP */

/* NOT_HOLDER where the case is with another actor. */
CUSTODY_MUST_USE custody_err cty_step_needs_holder(const struct cty_step *step);
/* The case is HELD, or (released) HELD or RELEASED, in time. Errors: DEADLINE_PASSED, STATE_ILLEGAL. */
CUSTODY_MUST_USE custody_err cty_step_needs_open(const struct cty_step *step, bool released);

/* Begins a statement in the judged case. Errors: those of cty_client_begin. */
CUSTODY_MUST_USE custody_err cty_step_begin(struct cty_step *step, enum cty_type type);
/* A content, where there is one. Errors: those of cty_draft_commit. */
CUSTODY_MUST_USE custody_err cty_step_commit(struct cty_step *step, const char *member, struct cty_bytes content,
                                             struct cty_opt_hash *ret_hash);
CUSTODY_MUST_USE custody_err cty_step_send(struct cty_step *step);

#endif
