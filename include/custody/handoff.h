/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handing a case on, talking about it, and changing one's key (spec/lifecycle.md, "Handoff", "Consent", "Keys over time"):
 *
 *     the holder     custody_offer      offers the case to another agent or party, within a scope
 *                    custody_withdraw   takes the offer back
 *                    custody_finalise   ends the handing on
 *                    custody_answer     answers an approver's question
 *                    custody_consent    says of a patch whether it can act on it
 *     the receiver   custody_offers     finds what is offered to it, or waits for it
 *                    custody_look       looks at the case first
 *                    custody_accept     takes it over, with its obligations; then custody_wait and custody_consume
 *                    custody_decline    says no
 *
 * Every one verifies the case before it signs, and its receipt before it returns. All can be repeated: where what is asked
 * for is so already, they say OK and do nothing. Ownership and threads are as in client.h.
 */
#ifndef CUSTODY_HANDOFF_H
#define CUSTODY_HANDOFF_H

#include <custody/client.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * What is offered. Begin with CUSTODY_HANDOFF_INIT; what is left out is the least that is of use. All is borrowed until
 * the call returns. No offer gives more than the holder has.
 */
typedef struct custody_handoff {
    size_t struct_size;
    const char *to;               /* an actor, "globex/fulfilment", or a party, whose agents may all accept */
    const char *const *services;  /* globs, at most 8; none: the case's own service */
    size_t services_count;
    const char *const *actions;   /* likewise */
    size_t actions_count;
    uint64_t releases;            /* cases that may come to a release: the case and children of it; 0: the case alone */
    uint64_t depth;               /* hops that may follow, at most 15; 0: none */
    uint64_t expires_ms;          /* from now, until when the receiver may act; 0: as long as the case */
    uint64_t valid_ms;            /* from now, how long the offer stands; 0: a day. At most as long as that */
    custody_bytes obligations;    /* any bytes: what the receiver takes on; may be empty */
    custody_bytes context;        /* any bytes: what the receiver has to know; may be empty */
    const char *deposit_amount;   /* "100.00"; stated, and held by nobody; NULL: none */
    const char *deposit_unit;     /* "EUR" */
} custody_handoff;

#define CUSTODY_HANDOFF_INIT                                                                                      \
    {sizeof(custody_handoff), NULL, NULL, 0, NULL, 0, 0, 0, 0, 0, {NULL, 0}, {NULL, 0}, NULL, NULL}

/*
 * Offers the case. The holder holds on until somebody accepts. Errors: USAGE (`to` missing, a deposit without a unit),
 * TOO_LARGE; before anything is sent NOT_HOLDER, AFTER_FINAL, DOUBLE_OFFER, DEADLINE_PASSED, STATE_ILLEGAL; from the
 * custodian, with nothing done: PASS_WIDER (the detail names hop and dimension), PASS_TOO_DEEP, WRONG_RECEIVER,
 * DELEGATION_LOOP, OFFER_EXPIRED, BAD_MEMBER; and those of custody_defer and custody_wait.
 */
CUSTODY_EXPORT CUSTODY_MUST_USE custody_err custody_offer(custody_client *client, const custody_case_id *case_id,
                                                          const custody_handoff *handoff, custody_error *error);

/* Takes the open offer back; `reason` is text, may be empty. Errors: NOT_HOLDER, NO_OFFER, DOUBLE_ACCEPTANCE,
 * STATE_ILLEGAL (declined), OFFER_EXPIRED; and as above. */
CUSTODY_EXPORT CUSTODY_MUST_USE custody_err custody_withdraw(custody_client *client, const custody_case_id *case_id,
                                                             custody_bytes reason, custody_error *error);

/* Nobody hands the case on from now on. Errors: NOT_HOLDER, DOUBLE_OFFER (one is open); and as above. */
CUSTODY_EXPORT CUSTODY_MUST_USE custody_err custody_finalise(custody_client *client, const custody_case_id *case_id,
                                                             custody_bytes reason, custody_error *error);

/*
 * Cases that are offered to the client's own name or party now: at most `max` of them are written to `ret_cases`, their
 * count to *ret_count. Waits at most timeout_ms (0: looks once) until there is one; OK with 0 where none came. The list is
 * the custodian's word: what is offered, custody_look tells, and custody_accept verifies.
 * Errors: CANCELLED_WAIT, UNREACHABLE, TIMEOUT, BUSY.
 */
CUSTODY_EXPORT CUSTODY_MUST_USE custody_err custody_offers(custody_client *client, uint64_t timeout_ms,
                                                           custody_case_id *ret_cases, size_t max, size_t *ret_count,
                                                           custody_error *error);

/*
 * The case as it stands, decided or not, verified as by custody_wait; for its handoff map, its questions, its consent. Not
 * for acting: that is custody_consume's. The caller owns *ret_decision. Errors: those of custody_wait but UNDECIDED.
 */
CUSTODY_EXPORT CUSTODY_MUST_USE custody_err custody_look(custody_client *client, const custody_case_id *case_id,
                                                         custody_decision **ret_decision, custody_error *error);

/*
 * Takes the case over by the offer that was looked at: `offer` of its custody_hop. With that digest go its scope, its
 * obligations and the payload that it was made with: whatever was offered or patched since is refused. The policies judge
 * the case anew: it is released at once where approvals travel to the new holder, else decided again; then custody_wait
 * and custody_consume.
 * Errors, before anything is sent: USAGE (NULL), NO_OFFER, DOUBLE_ACCEPTANCE (somebody else has it), STATE_ILLEGAL
 * (declined, withdrawn, or the case is over), OFFER_EXPIRED, WRONG_RECEIVER, PAYLOAD_MISMATCH (patched since it was
 * offered: its holder has to offer it again); then as above.
 */
CUSTODY_EXPORT CUSTODY_MUST_USE custody_err custody_accept(custody_client *client, const custody_case_id *case_id,
                                                           const custody_digest *offer, custody_error *error);

/* Says no to the offer of this digest, or (NULL) the one that is open. Errors: NO_OFFER, DOUBLE_ACCEPTANCE, STATE_ILLEGAL,
 * OFFER_EXPIRED, WRONG_RECEIVER; then as above. */
CUSTODY_EXPORT CUSTODY_MUST_USE custody_err custody_decline(custody_client *client, const custody_case_id *case_id,
                                                            const custody_digest *offer, custody_bytes reason,
                                                            custody_error *error);

/* Answers a question that custody_decision_question shows as open; `text` is not empty. Errors: USAGE, NOT_HOLDER,
 * NO_QUESTION, STATE_ILLEGAL, DEADLINE_PASSED; and as above. */
CUSTODY_EXPORT CUSTODY_MUST_USE custody_err custody_answer(custody_client *client, const custody_case_id *case_id,
                                                           const custody_digest *question, custody_bytes text,
                                                           custody_error *error);

typedef enum custody_consent_choice {
    CUSTODY_CONSENT_ACCEPT = 1, /* the holder can act on the payload as it was patched; it stands */
    CUSTODY_CONSENT_REFUSE      /* it can't; approvers may patch again, and it may still accept */
} custody_consent_choice;

/*
 * Says so of the patch that was looked at: `statement` of the last "patch" that custody_decision_said shows, whose outcome
 * custody_decision_diff tells. Where another one came since, it is refused before anything is signed: look again.
 * Errors: USAGE (no patch, no such choice), NOT_HOLDER, STATE_ILLEGAL (nobody asks for it, or it is given),
 * PAYLOAD_MISMATCH (another patch is the newest); and as above.
 */
CUSTODY_EXPORT CUSTODY_MUST_USE custody_err custody_consent(custody_client *client, const custody_case_id *case_id,
                                                            const custody_digest *patch, custody_consent_choice choice,
                                                            custody_bytes reason, custody_error *error);

/*
 * Changes the key of the client's own actor to `next`, which has the same name: both sign. What the old key signed stands;
 * it signs nothing more, so the client is of no use after it: open one with the new key. A program that can't tell whether
 * it came to this tries the new key first: it opens no session before.
 * Errors: USAGE (another name, the same key), DUPLICATE_KEY, LIMIT_REACHED; and those of custody_defer.
 */
CUSTODY_EXPORT CUSTODY_MUST_USE custody_err custody_rotate(custody_client *client, const custody_key *next,
                                                           custody_error *error);

#ifdef __cplusplus
}
#endif
#endif
