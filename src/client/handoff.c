/* SPDX-License-Identifier: Apache-2.0 */
#include "client/handoff.h"

#include "client/inner.h"
#include "client/step.h"
#include "net/trouble.h"

#define VALID_MS_DEFAULT ((uint64_t)24 * 3600 * 1000)

static const struct cty_case *record_of(const struct cty_step *step)
{
    return &step->judgement->record;
}

/* ---- offering ---- */

static struct cty_names globs_or(const struct cty_names *globs, struct cty_bytes word)
{
    if (globs->count)
        return *globs;
    return (struct cty_names){.count = 1, .names = {word}};
}

/* What is not said is the least: this case alone, to be acted on, and not to be handed on. */
static struct cty_scope scope_of(const struct cty_offering *offering, const struct cty_case *record)
{
    return (struct cty_scope){
        .present = true,
        .actions = globs_or(&offering->actions, record->action),
        .depth = offering->depth,
        .expires = offering->expires ? offering->expires : record->expires,
        .releases = offering->releases ? offering->releases : 1,
        .services = globs_or(&offering->services, record->service),
    };
}

static custody_err check_offering(const struct cty_step *step)
{
    const struct cty_case *record = record_of(step);
    CTY_TRY(cty_step_needs_holder(step));
    CTY_TRY(cty_step_needs_open(step, true));
    if (record->finalised)
        return cty_fail_code(step->error, CUSTODY_E_AFTER_FINAL);
    if (cty_case_offer_open(record, cty_client_now(step->client)))
        return cty_fail(step->error, CUSTODY_E_DOUBLE_OFFER, "to %.*s", (int)record->offer.to.size,
                        (const char *)record->offer.to.data);
    return CUSTODY_OK;
}

static custody_err fill_offer(struct cty_step *step, const struct cty_offering *offering)
{
    const struct cty_case *record = record_of(step);
    struct cty_offer *offer = &step->draft.statement.u.offer;
    uint64_t valid_ms = offering->valid_ms ? offering->valid_ms : VALID_MS_DEFAULT;
    offer->to = offering->to;
    offer->scope = scope_of(offering, record);
    uint64_t now = step->draft.statement.time;
    offer->expires = offer->scope.expires;
    if (offer->scope.expires > now && valid_ms < offer->scope.expires - now)
        offer->expires = now + valid_ms;
    offer->hop = record->hops_count + 1;
    offer->deposit = offering->deposit;
    if (record->hops_count)
        offer->previous = (struct cty_opt_hash){record->hops[record->hops_count - 1].offer, true};
    CTY_TRY(cty_step_commit(step, "context", offering->context, &offer->context));
    return cty_step_commit(step, "obligations", offering->obligations, &offer->obligations);
}

custody_err cty_agent_offer(struct cty_client *client, const struct cty_hash *case_id,
                            const struct cty_offering *offering, struct cty_submitted *ret_submitted,
                            custody_error *error)
{
    CTY_SPAN(client);
    CTY_CLEANUP(cty_step_free_pointer) struct cty_step *step = NULL;
    CTY_TRY(cty_step_open(client, case_id, ret_submitted, error, &step));
    CTY_TRY(check_offering(step));
    CTY_TRY(cty_step_begin(step, CTY_OFFER));
    CTY_TRY(fill_offer(step, offering));
    return cty_step_send(step);
}

/* ---- answering an offer ---- */

static const struct cty_case_hop *accepted_hop(const struct cty_case *record, const struct cty_hash *offer)
{
    for (uint32_t i = 0; i < record->hops_count; i++) {
        if (cty_hash_equal(&record->hops[i].offer, offer))
            return &record->hops[i];
    }
    return NULL;
}

/* The offer that is meant: the one named, or the case's newest. */
static const struct cty_hash *meant(const struct cty_step *step, const struct cty_hash *offer)
{
    if (offer)
        return offer;
    return record_of(step)->offer.present ? &record_of(step)->offer.digest : NULL;
}

/* Whether the newest offer is the one meant, and what became of it. */
static bool became(const struct cty_step *step, const struct cty_hash *offer, enum cty_offer_state state)
{
    const struct cty_case_offer *newest = &record_of(step)->offer;
    return newest->present && cty_hash_equal(&newest->digest, offer) && newest->state == (int)state;
}

static custody_err check_offer(const struct cty_step *step, const struct cty_hash *offer)
{
    const struct cty_case *record = record_of(step);
    const struct cty_case_offer *newest = &record->offer;
    if (!offer)
        return cty_fail(step->error, CUSTODY_E_NO_OFFER, "the case was never offered");
    const struct cty_case_hop *hop = accepted_hop(record, offer);
    if (hop)
        return cty_fail(step->error, CUSTODY_E_DOUBLE_ACCEPTANCE, "by %.*s", (int)hop->to.size,
                        (const char *)hop->to.data);
    if (!newest->present || !cty_hash_equal(&newest->digest, offer))
        return cty_fail_code(step->error, CUSTODY_E_NO_OFFER);
    if (newest->state != CTY_OFFER_OPEN)
        return cty_fail(step->error, CUSTODY_E_STATE_ILLEGAL, "the offer is %s",
                        cty_offer_state_names[newest->state]);
    if (newest->expires < cty_client_now(step->client))
        return cty_fail_code(step->error, CUSTODY_E_OFFER_EXPIRED);
    return CUSTODY_OK;
}

/* Whoever looked at an offer looked at the payload that it was made with. */
static custody_err check_unpatched(const struct cty_step *step)
{
    const struct cty_case *record = record_of(step);
    if (cty_hash_equal(&record->offer.payload, &record->payload))
        return CUSTODY_OK;
    return cty_fail(step->error, CUSTODY_E_PAYLOAD_MISMATCH,
                    "it was patched since it was offered, and nothing is signed: let %.*s offer it again, and look at that",
                    (int)record->holder.size, (const char *)record->holder.data);
}

static custody_err check_addressed(const struct cty_step *step)
{
    const struct cty_case *record = record_of(step);
    if (cty_offered_to(record, cty_secret_name(step->client->secret)))
        return CUSTODY_OK;
    return cty_fail(step->error, CUSTODY_E_WRONG_RECEIVER, "it was made to %.*s", (int)record->offer.to.size,
                    (const char *)record->offer.to.data);
}

/* Ours by this very offer, of an earlier run: nothing more is to be said. */
static bool is_ours(const struct cty_step *step, const struct cty_hash *offer)
{
    const struct cty_case_hop *hop = offer ? accepted_hop(record_of(step), offer) : NULL;
    struct cty_bytes self = cty_secret_name(step->client->secret);
    return hop && cty_bytes_equal(hop->to, self) && cty_bytes_equal(record_of(step)->holder, self);
}

custody_err cty_agent_accept(struct cty_client *client, const struct cty_hash *case_id, const struct cty_hash *offer,
                             struct cty_submitted *ret_submitted, custody_error *error)
{
    CTY_SPAN(client);
    CTY_CLEANUP(cty_step_free_pointer) struct cty_step *step = NULL;
    CTY_TRY(cty_step_open(client, case_id, ret_submitted, error, &step));
    offer = meant(step, offer);
    if (is_ours(step, offer))
        return CUSTODY_OK;
    CTY_TRY(check_offer(step, offer));
    CTY_TRY(check_addressed(step));
    CTY_TRY(cty_step_needs_open(step, true));
    CTY_TRY(check_unpatched(step));
    CTY_TRY(cty_step_begin(step, CTY_ACCEPT));
    step->draft.statement.u.accept =
        (struct cty_accept){.obligations = record_of(step)->offer.obligations, .offer = *offer};
    return cty_step_send(step);
}

/* A no to the offer, of who was to receive the case or of who gave it; `ret_offer` and `ret_reason` are the type's members. */
static custody_err say_no(struct cty_step *step, enum cty_type type, const struct cty_hash *offer, struct cty_bytes reason,
                          struct cty_hash *ret_offer, struct cty_opt_hash *ret_reason)
{
    CTY_TRY(cty_step_needs_open(step, true));
    CTY_TRY(cty_step_begin(step, type));
    *ret_offer = *offer;
    CTY_TRY(cty_step_commit(step, "reason", reason, ret_reason));
    return cty_step_send(step);
}

custody_err cty_agent_decline(struct cty_client *client, const struct cty_hash *case_id, const struct cty_hash *offer,
                              struct cty_bytes reason, struct cty_submitted *ret_submitted, custody_error *error)
{
    CTY_SPAN(client);
    CTY_CLEANUP(cty_step_free_pointer) struct cty_step *step = NULL;
    CTY_TRY(cty_step_open(client, case_id, ret_submitted, error, &step));
    offer = meant(step, offer);
    if (offer && became(step, offer, CTY_OFFER_DECLINED))
        return CUSTODY_OK;
    CTY_TRY(check_offer(step, offer));
    CTY_TRY(check_addressed(step));
    struct cty_decline *decline = &step->draft.statement.u.decline;
    return say_no(step, CTY_DECLINE, offer, reason, &decline->offer, &decline->reason);
}

custody_err cty_agent_withdraw(struct cty_client *client, const struct cty_hash *case_id, struct cty_bytes reason,
                               struct cty_submitted *ret_submitted, custody_error *error)
{
    CTY_SPAN(client);
    CTY_CLEANUP(cty_step_free_pointer) struct cty_step *step = NULL;
    CTY_TRY(cty_step_open(client, case_id, ret_submitted, error, &step));
    const struct cty_hash *offer = meant(step, NULL);
    CTY_TRY(cty_step_needs_holder(step));
    if (offer && became(step, offer, CTY_OFFER_WITHDRAWN))
        return CUSTODY_OK;
    CTY_TRY(check_offer(step, offer));
    struct cty_withdraw *withdraw = &step->draft.statement.u.withdraw;
    return say_no(step, CTY_WITHDRAW, offer, reason, &withdraw->offer, &withdraw->reason);
}

custody_err cty_agent_finalise(struct cty_client *client, const struct cty_hash *case_id, struct cty_bytes reason,
                               struct cty_submitted *ret_submitted, custody_error *error)
{
    CTY_SPAN(client);
    CTY_CLEANUP(cty_step_free_pointer) struct cty_step *step = NULL;
    CTY_TRY(cty_step_open(client, case_id, ret_submitted, error, &step));
    CTY_TRY(cty_step_needs_holder(step));
    if (record_of(step)->finalised)
        return CUSTODY_OK;
    CTY_TRY(check_offering(step));
    CTY_TRY(cty_step_begin(step, CTY_FINALISE));
    CTY_TRY(cty_step_commit(step, "reason", reason, &step->draft.statement.u.finalise.reason));
    return cty_step_send(step);
}

/* ---- talking ---- */

static bool is_asked(const struct cty_case *record, const struct cty_hash *question)
{
    for (uint32_t i = 0; i < record->questions_count; i++) {
        if (cty_hash_equal(&record->questions[i], question))
            return true;
    }
    return false;
}

custody_err cty_agent_answer(struct cty_client *client, const struct cty_hash *case_id, const struct cty_hash *question,
                             struct cty_bytes text, struct cty_submitted *ret_submitted, custody_error *error)
{
    CTY_SPAN(client);
    CTY_CLEANUP(cty_step_free_pointer) struct cty_step *step = NULL;
    CTY_TRY(cty_step_open(client, case_id, ret_submitted, error, &step));
    CTY_TRY(cty_step_needs_holder(step));
    CTY_TRY(cty_step_needs_open(step, false));
    if (!is_asked(record_of(step), question))
        return cty_fail_code(error, CUSTODY_E_NO_QUESTION);
    CTY_TRY(cty_step_begin(step, CTY_ANSWER));
    struct cty_answer_given *answer = &step->draft.statement.u.answer;
    answer->question = *question;
    CTY_TRY(cty_draft_commit(&step->draft, "answer", text, &answer->answer));
    return cty_step_send(step);
}

/* What was looked at is what is said yes or no to, whatever was patched meanwhile. */
static custody_err check_consent(const struct cty_step *step, const struct cty_hash *patch)
{
    const struct cty_case *record = record_of(step);
    if (record->consent == CTY_CONSENT_NONE)
        return cty_fail(step->error, CUSTODY_E_STATE_ILLEGAL, "no consent is asked for");
    if (!cty_hash_equal(patch, &record->payload_at))
        return cty_fail(step->error, CUSTODY_E_PAYLOAD_MISMATCH,
                        "another patch came since this one was looked at, and nothing is signed");
    return CUSTODY_OK;
}

custody_err cty_agent_consent(struct cty_client *client, const struct cty_hash *case_id, const struct cty_hash *patch,
                              enum cty_consent_choice choice, struct cty_bytes reason,
                              struct cty_submitted *ret_submitted, custody_error *error)
{
    CTY_SPAN(client);
    CTY_CLEANUP(cty_step_free_pointer) struct cty_step *step = NULL;
    CTY_TRY(cty_step_open(client, case_id, ret_submitted, error, &step));
    CTY_TRY(cty_step_needs_holder(step));
    CTY_TRY(cty_step_needs_open(step, false));
    CTY_TRY(check_consent(step, patch));
    int said = record_of(step)->consent;
    if (said == (choice == CTY_CONSENT_ACCEPT ? CTY_CONSENT_GIVEN : CTY_CONSENT_REFUSED))
        return CUSTODY_OK;
    if (said != CTY_CONSENT_WANTED && said != CTY_CONSENT_REFUSED)
        return cty_fail(error, CUSTODY_E_STATE_ILLEGAL, "it was consented to");
    CTY_TRY(cty_step_begin(step, CTY_CONSENT));
    struct cty_consent *consent = &step->draft.statement.u.consent;
    consent->choice = (int)choice;
    consent->patch = *patch;
    CTY_TRY(cty_step_commit(step, "reason", reason, &consent->reason));
    return cty_step_send(step);
}

custody_err cty_person_question(struct cty_client *client, const struct cty_hash *case_id, struct cty_bytes text,
                                struct cty_submitted *ret_submitted, custody_error *error)
{
    CTY_SPAN(client);
    CTY_CLEANUP(cty_step_free_pointer) struct cty_step *step = NULL;
    CTY_TRY(cty_step_open(client, case_id, ret_submitted, error, &step));
    CTY_TRY(cty_step_needs_open(step, false));
    CTY_TRY(cty_step_begin(step, CTY_QUESTION));
    CTY_TRY(cty_draft_commit(&step->draft, "question", text, &step->draft.statement.u.question.question));
    return cty_step_send(step);
}

/* ---- offers made to us ---- */

struct offers {
    struct cty_client *client;
    custody_err (*each)(void *context, const struct cty_case_row *row);
    void *context;
    bool found;
};

/* Whatever the custodian lists, it is by the record that it is one. */
static custody_err each_case(void *context, const struct cty_case_row *row)
{
    struct offers *offers = context;
    bool open = cty_case_offer_open(row->record, cty_client_now(offers->client));
    if (!open || !cty_offered_to(row->record, cty_secret_name(offers->client->secret)))
        return CUSTODY_OK;
    offers->found = true;
    return offers->each(offers->context, row);
}

static custody_err list_offers(struct offers *offers, custody_error *error)
{
    const struct cty_case_filter filter = {.mine = CTY_MINE_OFFERED};
    return cty_client_cases(offers->client, &filter, each_case, offers, error);
}

custody_err cty_agent_offers(struct cty_client *client,
                             custody_err (*each)(void *context, const struct cty_case_row *row), void *context,
                             custody_error *error)
{
    struct offers offers = {.client = client, .each = each, .context = context};
    CTY_TRY(cty_client_needs_secret(client, error));
    return list_offers(&offers, error);
}

/* What the ledger held before we looked. */
static custody_err known_now(struct cty_client *client, uint64_t *ret_known, custody_error *error)
{
    struct cty_checkpoint newest;
    CTY_TRY(cty_client_checkpoint(client, true, &newest, NULL, error));
    *ret_known = newest.size ? newest.size - 1 : 0;
    return CUSTODY_OK;
}

/* Whether the custodian has no more to say than that one should ask later. */
static bool asks_later(custody_err err)
{
    return err == CUSTODY_E_QUOTA || err == CUSTODY_E_METHOD_UNKNOWN || cty_is_passing(err);
}

/* Until there may be an offer, or for a while. News only wake us: what is offered, the list tells. */
static custody_err wait_news(struct cty_client *client, uint64_t left_ms, uint64_t *known, custody_error *error)
{
    uint64_t step_ms = left_ms < CTY_WAIT_STEP_MS ? left_ms : CTY_WAIT_STEP_MS;
    struct cty_rpc_params params = {
        .u.case_news = {.known = *known, .mine = CTY_MINE_OFFERED, .timeout_ms = step_ms ? step_ms : 1}};
    struct cty_answer answer = {0};
    uint64_t begin = cty_net_now_ms();
    custody_err err = cty_client_call_long(client, CTY_RPC_CASE_NEWS, &params, step_ms, &answer, error);
    if (err == CUSTODY_OK && answer.result.case_news.known > *known)
        *known = answer.result.case_news.known;
    cty_answer_done(&answer);
    bool early = cty_net_now_ms() - begin < CTY_PAUSE_MS_MIN;
    uint64_t pause_ms = asks_later(err) ? CTY_PAUSE_MS_MAX / 2 : early ? CTY_PAUSE_MS_MIN : 0;
    cty_client_pause(client, pause_ms < left_ms ? pause_ms : left_ms); /* not at once again, whatever it says */
    return asks_later(err) ? CUSTODY_OK : err;
}

custody_err cty_agent_wait_offers(struct cty_client *client, uint64_t timeout_ms,
                                  custody_err (*each)(void *context, const struct cty_case_row *row), void *context,
                                  custody_error *error)
{
    struct offers offers = {.client = client, .each = each, .context = context};
    uint64_t deadline = cty_net_deadline(timeout_ms);
    uint64_t known = 0;
    CTY_TRY(cty_client_needs_secret(client, error));
    CTY_TRY(known_now(client, &known, error));
    for (;;) {
        CTY_TRY(list_offers(&offers, error));
        uint64_t now = cty_net_now_ms();
        if (offers.found || now >= deadline)
            return CUSTODY_OK;
        CTY_TRY(wait_news(client, deadline - now, &known, error));
        CTY_TRY(cty_client_may_go_on(client, error));
    }
}
