/* SPDX-License-Identifier: Apache-2.0 */
/* The examples of keys over time, of what people say to each other, and of handoffs. */
#include "samples_inner.h"

void sample_actor_rotate_fill(struct sample *sample, const struct sample *before)
{
    struct cty_actor_rotate *rotate = &sample->statement.u.actor_rotate;
    (void)before;
    sample_signer(sample, "acme/alice");
    sample_signer(sample, "new");
    rotate->key = cty_bytes_text(sample_vkey("new acme/alice", CTY_KEY_ED25519));
    rotate->reason = sample_some(sample_commit(sample, "reason", "A new security key."));
    rotate->sealing_key = cty_bytes_text(sample_vkey("new acme/alice", CTY_KEY_X25519));
}

void sample_custodian_rotate_fill(struct sample *sample, const struct sample *before)
{
    struct cty_custodian_rotate *rotate = &sample->statement.u.custodian_rotate;
    (void)before;
    sample_signer(sample, "operator/ada");
    sample_signer(sample, "operator/otto");
    sample_signer(sample, "new");
    rotate->key = cty_bytes_text(sample_vkey("new log", CTY_KEY_ED25519));
    rotate->reason = sample_some(sample_commit(sample, "reason", "The yearly change of keys."));
    rotate->which = CTY_CUSTODIAN_LOG;
}

void sample_ledger_close_fill(struct sample *sample, const struct sample *before)
{
    struct cty_ledger_close *close = &sample->statement.u.ledger_close;
    (void)before;
    sample_signer(sample, "operator/ada");
    sample_signer(sample, "operator/otto");
    close->reason = sample_some(sample_commit(sample, "reason", "Moved to custody.example/refunds."));
    close->size = sample->statement.seen.size + 1;
}

void sample_consent_fill(struct sample *sample, const struct sample *before)
{
    struct cty_consent *consent = &sample->statement.u.consent;
    sample_case(sample, "acme/refund-agent", before, CTY_VERDICT);
    sample->statement.after = sample_hash("the verdict on the patch");
    consent->choice = CTY_CONSENT_ACCEPT;
    consent->patch = before[CTY_PATCH].digest;
    consent->reason = sample_some(sample_commit(sample, "reason", "Shipping was not part of the return."));
}

void sample_question_fill(struct sample *sample, const struct sample *before)
{
    sample_case(sample, "acme/carol", before, CTY_VERDICT);
    sample->statement.u.question.question = sample_commit(sample, "question", "Did the parcel come back undamaged?");
}

void sample_answer_fill(struct sample *sample, const struct sample *before)
{
    struct cty_answer_given *answer = &sample->statement.u.answer;
    sample_case(sample, "acme/refund-agent", before, CTY_VERDICT);
    answer->answer = sample_commit(sample, "answer", "Yes: the warehouse checked it on Friday.");
    answer->question = before[CTY_QUESTION].digest;
}

static void scope_set(struct cty_scope *scope, uint64_t expires)
{
    scope->present = true;
    sample_name_put(&scope->actions, "refund");
    scope->depth = 1;
    scope->expires = expires;
    scope->releases = 2;
    sample_name_put(&scope->services, "payments");
    sample_name_put(&scope->services, "payments.*");
}

void sample_offer_fill(struct sample *sample, const struct sample *before)
{
    struct cty_offer *offer = &sample->statement.u.offer;
    sample_case(sample, "acme/refund-agent", before, CTY_RELEASE);
    offer->context = sample_some(sample_commit(sample, "context", "{\"account\":\"4711\",\"warehouse\":\"north\"}"));
    offer->deposit = (struct cty_deposit){true, CTY_LITERAL("12.50"), CTY_LITERAL("EUR")};
    offer->expires = sample->statement.time + 2 * SAMPLE_HOUR;
    offer->hop = 1;
    offer->obligations = sample_some(sample_commit(sample, "obligations", "Report the outcome within a day."));
    scope_set(&offer->scope, before[CTY_REQUEST].statement.u.request.expires - SAMPLE_HOUR);
    offer->to = CTY_LITERAL("globex/fulfilment-agent");
}

void sample_accept_fill(struct sample *sample, const struct sample *before)
{
    struct cty_accept *accept = &sample->statement.u.accept;
    sample_case(sample, "globex/fulfilment-agent", before, CTY_RELEASE);
    accept->obligations = before[CTY_OFFER].statement.u.offer.obligations;
    accept->offer = before[CTY_OFFER].digest;
}

void sample_decline_fill(struct sample *sample, const struct sample *before)
{
    struct cty_decline *decline = &sample->statement.u.decline;
    sample_case(sample, "globex/fulfilment-agent", before, CTY_RELEASE);
    decline->offer = before[CTY_OFFER].digest;
    decline->reason = sample_some(sample_commit(sample, "reason", "No account in this currency."));
}

void sample_withdraw_fill(struct sample *sample, const struct sample *before)
{
    struct cty_withdraw *withdraw = &sample->statement.u.withdraw;
    sample_case(sample, "acme/refund-agent", before, CTY_RELEASE);
    withdraw->offer = before[CTY_OFFER].digest;
    withdraw->reason = sample_some(sample_commit(sample, "reason", "Paid from our own account after all."));
}

void sample_finalise_fill(struct sample *sample, const struct sample *before)
{
    sample_case(sample, "acme/refund-agent", before, CTY_RELEASE);
    sample->statement.u.finalise.reason = sample_some(sample_commit(sample, "reason", "The last in the chain pays."));
}
