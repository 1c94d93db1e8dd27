/* SPDX-License-Identifier: Apache-2.0 */
#include "client/handoff.h"
#include "client/public.h"
#include "client/rotate.h"

/* ---- the holder ---- */

static custody_err check_handoff(const custody_handoff *handoff, custody_error *error)
{
    if (!handoff || handoff->struct_size != sizeof(*handoff))
        return cty_fail(error, CUSTODY_E_USAGE, "the handoff is of another version of the library");
    if (!handoff->to)
        return cty_fail(error, CUSTODY_E_USAGE, "to is missing");
    if (!handoff->deposit_amount != !handoff->deposit_unit)
        return cty_fail(error, CUSTODY_E_USAGE, "a deposit has an amount and a unit");
    return CUSTODY_OK;
}

static custody_err take_handoff(const custody_client *client, const custody_handoff *handoff,
                                struct cty_offering *offering, custody_error *error)
{
    CTY_TRY(check_handoff(handoff, error));
    offering->to = cty_bytes_text(handoff->to);
    offering->releases = handoff->releases;
    offering->depth = handoff->depth;
    offering->expires = handoff->expires_ms ? cty_client_now(client->client) + handoff->expires_ms : 0;
    offering->valid_ms = handoff->valid_ms;
    offering->obligations = cty_bytes_in(handoff->obligations);
    offering->context = cty_bytes_in(handoff->context);
    offering->deposit = (struct cty_deposit){.present = handoff->deposit_amount != NULL,
                                             .amount = cty_bytes_text(handoff->deposit_amount),
                                             .unit = cty_bytes_text(handoff->deposit_unit)};
    CTY_TRY(cty_names_in(handoff->services, handoff->services_count, CTY_SCOPE_GLOBS_MAX, "services",
                         &offering->services, error));
    return cty_names_in(handoff->actions, handoff->actions_count, CTY_SCOPE_GLOBS_MAX, "actions", &offering->actions,
                        error);
}

custody_err custody_offer(custody_client *client, const custody_case_id *case_id, const custody_handoff *handoff,
                          custody_error *error)
{
    struct cty_hash hash = cty_hash_in(case_id->bytes);
    struct cty_offering offering = {.depth = 0};
    CTY_TRY(take_handoff(client, handoff, &offering, error));
    return cty_agent_offer(client->client, &hash, &offering, NULL, error);
}

custody_err custody_withdraw(custody_client *client, const custody_case_id *case_id, custody_bytes reason,
                             custody_error *error)
{
    struct cty_hash hash = cty_hash_in(case_id->bytes);
    return cty_agent_withdraw(client->client, &hash, cty_bytes_in(reason), NULL, error);
}

custody_err custody_finalise(custody_client *client, const custody_case_id *case_id, custody_bytes reason,
                             custody_error *error)
{
    struct cty_hash hash = cty_hash_in(case_id->bytes);
    return cty_agent_finalise(client->client, &hash, cty_bytes_in(reason), NULL, error);
}

/* ---- the receiver ---- */

struct found {
    custody_case_id *cases;
    size_t max;
    size_t count;
};

static custody_err each_offer(void *context, const struct cty_case_row *row)
{
    struct found *found = context;
    if (found->count == found->max)
        return CUSTODY_OK;
    memcpy(found->cases[found->count].bytes, row->row->case_id.bytes, sizeof(found->cases[0].bytes));
    found->count++;
    return CUSTODY_OK;
}

custody_err custody_offers(custody_client *client, uint64_t timeout_ms, custody_case_id *ret_cases, size_t max,
                           size_t *ret_count, custody_error *error)
{
    struct found found = {ret_cases, max, 0};
    CTY_TRY(cty_agent_wait_offers(client->client, timeout_ms, each_offer, &found, error));
    *ret_count = found.count;
    return CUSTODY_OK;
}

custody_err custody_look(custody_client *client, const custody_case_id *case_id, custody_decision **ret_decision,
                         custody_error *error)
{
    struct cty_hash hash = cty_hash_in(case_id->bytes);
    struct cty_judgement *judgement = NULL;
    CTY_TRY(cty_client_judge(client->client, &hash, CTY_GATHER_CONTENTS, &judgement, error));
    custody_err err = cty_judgement_check(judgement, error);
    if (err == CUSTODY_OK)
        return cty_decision_give(client, judgement, ret_decision, error);
    cty_judgement_free(judgement);
    return err;
}

custody_err custody_accept(custody_client *client, const custody_case_id *case_id, const custody_digest *offer,
                           custody_error *error)
{
    struct cty_hash hash = cty_hash_in(case_id->bytes);
    if (!offer)
        return cty_fail(error, CUSTODY_E_USAGE, "nothing is accepted unseen: name the offer that custody_look showed");
    struct cty_hash named = cty_hash_in(offer->bytes);
    return cty_agent_accept(client->client, &hash, &named, NULL, error);
}

custody_err custody_decline(custody_client *client, const custody_case_id *case_id, const custody_digest *offer,
                            custody_bytes reason, custody_error *error)
{
    struct cty_hash hash = cty_hash_in(case_id->bytes);
    struct cty_hash named = offer ? cty_hash_in(offer->bytes) : (struct cty_hash){{0}};
    return cty_agent_decline(client->client, &hash, offer ? &named : NULL, cty_bytes_in(reason), NULL, error);
}

/* ---- talking ---- */

custody_err custody_answer(custody_client *client, const custody_case_id *case_id, const custody_digest *question,
                           custody_bytes text, custody_error *error)
{
    struct cty_hash hash = cty_hash_in(case_id->bytes);
    struct cty_hash asked = cty_hash_in(question->bytes);
    if (text.size == 0)
        return cty_fail(error, CUSTODY_E_USAGE, "the answer says nothing");
    return cty_agent_answer(client->client, &hash, &asked, cty_bytes_in(text), NULL, error);
}

static custody_err take_consent(custody_consent_choice choice, enum cty_consent_choice *ret_choice,
                                custody_error *error)
{
    switch (choice) {
    case CUSTODY_CONSENT_ACCEPT:
        *ret_choice = CTY_CONSENT_ACCEPT;
        return CUSTODY_OK;
    case CUSTODY_CONSENT_REFUSE:
        *ret_choice = CTY_CONSENT_REFUSE;
        return CUSTODY_OK;
    }
    return cty_fail(error, CUSTODY_E_USAGE, "consent %d", (int)choice);
}

custody_err custody_consent(custody_client *client, const custody_case_id *case_id, const custody_digest *patch,
                            custody_consent_choice choice, custody_bytes reason, custody_error *error)
{
    struct cty_hash hash = cty_hash_in(case_id->bytes);
    enum cty_consent_choice inner = CTY_CONSENT_REFUSE;
    CTY_TRY(take_consent(choice, &inner, error));
    if (!patch)
        return cty_fail(error, CUSTODY_E_USAGE, "nothing is said of a patch unseen: name the one that custody_look showed");
    struct cty_hash seen = cty_hash_in(patch->bytes);
    return cty_agent_consent(client->client, &hash, &seen, inner, cty_bytes_in(reason), NULL, error);
}

/* ---- keys ---- */

custody_err custody_rotate(custody_client *client, const custody_key *next, custody_error *error)
{
    return cty_actor_rotate_key(client->client, next->secret, cty_bytes_make(NULL, 0), NULL, error);
}
