/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What agents do with a case. Everything here judges the case before it returns, and resumes from a case's digest and
 * the agent's key alone.
 */
#ifndef CTY_CLIENT_AGENT_H
#define CTY_CLIENT_AGENT_H

#include "client/draft.h"
#include "client/judge.h"

/* What is asked for. Texts are borrowed until the call returns; data NULL or 0 means left out. */
struct cty_ask {
    struct cty_bytes service;
    struct cty_bytes action;
    enum cty_priority priority;
    struct cty_bytes payload;  /* JSON, kept exactly as given */
    struct cty_bytes state;    /* the agent's state, any bytes */
    struct cty_bytes schema;   /* JSON Schema of the payload */
    struct cty_bytes facts;    /* JSON object of texts and numbers */
    struct cty_bytes links;    /* JSON array */
    struct cty_bytes executor; /* default: the asker */
    struct cty_names behalf;
    struct cty_names readers;
    uint64_t expires_ms;       /* from now; 0: a day */
    struct cty_opt_hash parent; /* a case that this one belongs to: its newest anchor is named */
};

/* Submits the request. *ret_submitted (may be NULL) gets the receipts. Errors: those of cty_client_submit. */
CUSTODY_MUST_USE custody_err cty_agent_request(struct cty_client *client, const struct cty_ask *ask,
                                               struct cty_hash *ret_case, struct cty_submitted *ret_submitted,
                                               custody_error *error);

/*
 * Waits until the case is decided: released, refused, rejected, cancelled, expired, or beyond. The judgement was checked,
 * and its payload is at hand. timeout_ms 0: as it is now.
 * Errors: UNDECIDED at the time-out; those of cty_client_judge and cty_judgement_check; CANCELLED_WAIT.
 */
CUSTODY_MUST_USE custody_err cty_agent_wait(struct cty_client *client, const struct cty_hash *case_id,
                                            uint64_t timeout_ms, struct cty_judgement **ret_judgement,
                                            custody_error *error);
/* The state as it reads now: folded, and with the deadlines of the client's clock. */
enum cty_case_state cty_agent_state(const struct cty_client *client, const struct cty_judgement *judgement);

/*
 * Consumes the release and says what to act on: act on OK, at once, and never otherwise. OK comes at most once for a
 * case, and only when the receipt of this very consume was verified, the case judged again with it, and, where the policy
 * names witnesses, their quorum has cosigned a checkpoint that holds it (*ret_submitted then has the receipt in that one).
 * They must have cosigned the release before, else nothing is sent. *ret_payload borrows from *ret_judgement.
 *
 * After TIMEOUT, UNREACHABLE or BUSY the same client can be asked again and goes on with the same consume. A new client
 * cannot: it finds the case CONSUMED, and reports UNKNOWN unless it knows what happened.
 * Errors: UNDECIDED while held; DOUBLE_CONSUME, NOT_HOLDER, DEADLINE_PASSED, STATE_ILLEGAL before anything is sent; those
 * of cty_client_submit and cty_client_judge; GAP, CHAIN_BROKEN; NOT_WITNESSED while witnesses
 * are missing, with their names: then too the same client can be asked again.
 */
CUSTODY_MUST_USE custody_err cty_agent_consume(struct cty_client *client, const struct cty_hash *case_id,
                                               struct cty_judgement **ret_judgement, struct cty_bytes *ret_payload,
                                               struct cty_submitted *ret_submitted, custody_error *error);
/*
 * The same in two halves, for who has something to do in between that may fail: nobody may act yet after the first, and the
 * client can be asked again. The second, which follows at once, is the giving.
 */
CUSTODY_MUST_USE custody_err cty_agent_take(struct cty_client *client, const struct cty_hash *case_id,
                                            struct cty_judgement **ret_judgement, struct cty_bytes *ret_payload,
                                            struct cty_submitted *ret_submitted, custody_error *error);
void cty_agent_taken(struct cty_client *client, const struct cty_hash *case_id);

/*
 * Reports how it went; `result` (any bytes, data NULL for none) goes with it by commitment. OK too where the same outcome
 * was reported before: then nothing is submitted, and *ret_submitted is left as it was.
 * Errors: STATE_ILLEGAL, NOT_HOLDER, those of cty_client_submit and cty_client_judge.
 */
CUSTODY_MUST_USE custody_err cty_agent_outcome(struct cty_client *client, const struct cty_hash *case_id,
                                               enum cty_outcome outcome, struct cty_bytes result,
                                               struct cty_submitted *ret_submitted, custody_error *error);
/* Takes the case back; `reason` as above. OK too, and nothing submitted, where it is cancelled already. */
CUSTODY_MUST_USE custody_err cty_agent_cancel(struct cty_client *client, const struct cty_hash *case_id,
                                              struct cty_bytes reason, struct cty_submitted *ret_submitted,
                                              custody_error *error);

#endif
