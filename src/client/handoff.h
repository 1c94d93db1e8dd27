/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handing a case on, and talking about it (spec/lifecycle.md, "Handoff", "Consent"). Every step judges the case before it
 * signs, and may be repeated: what is so already is OK, and nothing is submitted; *ret_submitted (may be NULL) is then
 * left as it was.
 *
 *   holder      offer, withdraw, finalise; answer, consent
 *   receiver    offers, accept, decline; then wait and consume as any holder
 *   approver    question
 */
#ifndef CTY_CLIENT_HANDOFF_H
#define CTY_CLIENT_HANDOFF_H

#include "client/draft.h"
#include "client/judge.h"
#include "client/read.h"

/* What is offered, to whom. Texts are borrowed; data NULL or 0 means left out: then the narrowest that is of use. */
struct cty_offering {
    struct cty_bytes to;      /* an actor or a party */
    struct cty_names services; /* globs; none: the case's own service */
    struct cty_names actions;  /* globs; none: the case's own action */
    uint64_t releases;        /* cases that may come to a release under it; 0: this one alone */
    uint64_t depth;           /* hops that may follow; 0: none */
    uint64_t expires;         /* until when the receiver may act, ms since 1970; 0: as long as the case */
    uint64_t valid_ms;        /* how long the offer stands; 0: a day. Never longer than the receiver may act */
    struct cty_bytes obligations; /* any bytes: what the receiver takes on with the case */
    struct cty_bytes context;     /* any bytes: what the receiver has to know */
    struct cty_deposit deposit;   /* stated, and held by nobody */
};

/*
 * Offers the case. Whether the scope lies within what the holder has is for the custodian to say, before anything is
 * in the ledger. Errors: NOT_HOLDER, AFTER_FINAL, DOUBLE_OFFER, DEADLINE_PASSED, STATE_ILLEGAL before anything is sent;
 * PASS_WIDER, PASS_TOO_DEEP, WRONG_RECEIVER, DELEGATION_LOOP and the rest of spec/lifecycle.md from the custodian; those of
 * cty_client_judge, cty_judgement_check and cty_client_submit.
 */
CUSTODY_MUST_USE custody_err cty_agent_offer(struct cty_client *client, const struct cty_hash *case_id,
                                             const struct cty_offering *offering, struct cty_submitted *ret_submitted,
                                             custody_error *error);
/*
 * Takes the case over: the offer of this digest, or (NULL) the one that is open, which must be to the client's own name
 * or party. Its obligations come with it. Errors, before anything is sent: NO_OFFER, DOUBLE_ACCEPTANCE, STATE_ILLEGAL
 * (declined or withdrawn), OFFER_EXPIRED, WRONG_RECEIVER, PAYLOAD_MISMATCH (patched since it was offered: what the
 * receiver looked at with the offer is no longer what it would take over); then as above.
 */
CUSTODY_MUST_USE custody_err cty_agent_accept(struct cty_client *client, const struct cty_hash *case_id,
                                              const struct cty_hash *offer, struct cty_submitted *ret_submitted,
                                              custody_error *error);
/* Says no to the offer; `reason` (data NULL: none) goes by commitment. Errors: as for accept. */
CUSTODY_MUST_USE custody_err cty_agent_decline(struct cty_client *client, const struct cty_hash *case_id,
                                               const struct cty_hash *offer, struct cty_bytes reason,
                                               struct cty_submitted *ret_submitted, custody_error *error);
/* Takes the open offer back. Errors: NOT_HOLDER; as for accept. */
CUSTODY_MUST_USE custody_err cty_agent_withdraw(struct cty_client *client, const struct cty_hash *case_id,
                                                struct cty_bytes reason, struct cty_submitted *ret_submitted,
                                                custody_error *error);
/* Nothing of the case is handed on any more. Errors: NOT_HOLDER, DOUBLE_OFFER; as for an offer. */
CUSTODY_MUST_USE custody_err cty_agent_finalise(struct cty_client *client, const struct cty_hash *case_id,
                                                struct cty_bytes reason, struct cty_submitted *ret_submitted,
                                                custody_error *error);

/* Answers a question of the case that has no answer yet. Errors: NOT_HOLDER, NO_QUESTION; STATE_ILLEGAL, DEADLINE_PASSED. */
CUSTODY_MUST_USE custody_err cty_agent_answer(struct cty_client *client, const struct cty_hash *case_id,
                                              const struct cty_hash *question, struct cty_bytes text,
                                              struct cty_submitted *ret_submitted, custody_error *error);
/*
 * Says of the patch of this digest (`payload_at` of the record that was looked at) whether the holder can act on it.
 * Errors: NOT_HOLDER; STATE_ILLEGAL where nobody asked; PAYLOAD_MISMATCH where it isn't the newest, before anything is
 * signed.
 */
CUSTODY_MUST_USE custody_err cty_agent_consent(struct cty_client *client, const struct cty_hash *case_id,
                                               const struct cty_hash *patch, enum cty_consent_choice choice,
                                               struct cty_bytes reason, struct cty_submitted *ret_submitted,
                                               custody_error *error);
/* An approver's question to the holder. Errors: as the custodian says. */
CUSTODY_MUST_USE custody_err cty_person_question(struct cty_client *client, const struct cty_hash *case_id,
                                                 struct cty_bytes text, struct cty_submitted *ret_submitted,
                                                 custody_error *error);

/*
 * Cases that are offered to the client's own name or party, and may still be accepted. A list is the custodian's word: judge
 * the case before you accept it, which accept does. Errors: those of cty_client_cases.
 */
CUSTODY_MUST_USE custody_err cty_agent_offers(struct cty_client *client,
                                              custody_err (*each)(void *context, const struct cty_case_row *row),
                                              void *context, custody_error *error);
/*
 * The same, but waits until there is one, woken by the custodian's news. OK also where none came in time: `each` was then
 * never called. Errors: CANCELLED_WAIT; as above.
 */
CUSTODY_MUST_USE custody_err cty_agent_wait_offers(struct cty_client *client, uint64_t timeout_ms,
                                                   custody_err (*each)(void *context, const struct cty_case_row *row),
                                                   void *context, custody_error *error);

#endif
