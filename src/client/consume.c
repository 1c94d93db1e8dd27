/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking the right to act. The answer to a consume decides whether an action happens, so nothing is guessed:
 *
 *     judge: RELEASED, ours, payload at hand          (else: refused, nothing was sent)
 *       |
 *     witnesses, where the policy names them: their quorum has seen the release. Else nothing is sent, and nothing is lost
 *       |
 *     pending = { case, envelope }                    in memory only; a process that ends here can't know, and the
 *       |                                             next one finds CONSUMED: it does not act, it reports unknown
 *     submit, the same envelope for as long as it takes
 *       |
 *     judge again, with our consume in the case: CONSUMED by this very statement, of this very release
 *       |
 *     walk case_prev from our entry to the release: no gap, no other consume
 *       |
 *     witnesses again: their quorum has cosigned a checkpoint that holds this consume
 *       |
 *     read all that stands between request and consume, proven: nothing of the case that case_prev passes over
 *       |
 *     given out, once: `acted` remembers it           -> the caller acts
 */
#include <stdlib.h>

#include "client/agent.h"
#include "client/inner.h"
#include "client/witnessed.h"

static bool has_acted(const struct cty_client *client, const struct cty_hash *case_id)
{
    for (size_t i = 0; i < client->acted_count; i++) {
        if (cty_hash_equal(&client->acted[i], case_id))
            return true;
    }
    return false;
}

/* Room first, for this one and for all that were taken and not yet told: cty_agent_taken may not fail. */
static custody_err reserve_acted(struct cty_client *client)
{
    size_t room = client->acted_count + 1;
    for (const struct cty_pending *pending = client->pending; pending; pending = pending->next)
        room++;
    if (room <= client->acted_room)
        return CUSTODY_OK;
    struct cty_hash *grown = realloc(client->acted, room * sizeof(*grown));
    if (!grown)
        return CUSTODY_E_NO_MEMORY;
    client->acted = grown;
    client->acted_room = room;
    return CUSTODY_OK;
}

static struct cty_pending *find_pending(const struct cty_client *client, const struct cty_hash *case_id)
{
    struct cty_pending *pending = client->pending;
    while (pending && !cty_hash_equal(&pending->case_id, case_id))
        pending = pending->next;
    return pending;
}

static void drop_pending(struct cty_client *client, const struct cty_hash *case_id)
{
    struct cty_pending **link = &client->pending;
    while (*link && !cty_hash_equal(&(*link)->case_id, case_id))
        link = &(*link)->next;
    struct cty_pending *pending = *link;
    if (!pending)
        return;
    *link = pending->next;
    cty_buf_done(&pending->envelope);
    free(pending);
}

void cty_pending_clear(struct cty_client *client)
{
    while (client->pending)
        drop_pending(client, &client->pending->case_id);
}

/* Our clock, less what it may be off: what is late by it is late. */
static enum cty_case_state lenient_state(const struct cty_client *client, const struct cty_case *record)
{
    uint64_t now = cty_client_now(client);
    return cty_case_state_at(record, now > CTY_SESSION_SKEW_MS_MAX ? now - CTY_SESSION_SKEW_MS_MAX : 0);
}

static custody_err judge_case(struct cty_client *client, const struct cty_hash *case_id,
                              struct cty_judgement **ret_judgement, custody_error *error)
{
    struct cty_judgement *judgement = NULL;
    CTY_TRY(cty_client_judge(client, case_id, CTY_GATHER_CONTENTS, &judgement, error));
    custody_err err = cty_judgement_check(judgement, error);
    if (err == CUSTODY_OK)
        *ret_judgement = judgement;
    else
        cty_judgement_free(judgement);
    return err;
}

/* ---- before: may this be consumed by us? ---- */

static custody_err refuse_state(const struct cty_client *client, const struct cty_judgement *judgement,
                                custody_error *error)
{
    enum cty_case_state state = lenient_state(client, &judgement->record);
    const char *name = cty_case_state_names[state];
    switch (state) {
    case CTY_CASE_RELEASED:
        return CUSTODY_OK;
    case CTY_CASE_JUDGED_NEXT:
    case CTY_CASE_HELD:
    case CTY_CASE_RELEASE_NEXT:
        return cty_fail(error, CUSTODY_E_UNDECIDED, "the case is %s", name);
    case CTY_CASE_CONSUMED:
    case CTY_CASE_FULFILLED:
    case CTY_CASE_FAILED:
    case CTY_CASE_UNKNOWN:
    case CTY_CASE_UNREPORTED:
        return cty_fail(error, CUSTODY_E_DOUBLE_CONSUME, "the case is %s", name);
    case CTY_CASE_EXPIRED:
    case CTY_CASE_LAPSED:
        return cty_fail(error, CUSTODY_E_DEADLINE_PASSED, "the case is %s", name);
    case CTY_CASE_REFUSED:
    case CTY_CASE_REJECTED:
    case CTY_CASE_CANCELLED:
    case CTY_CASE_STATE_COUNT:
        return cty_fail(error, CUSTODY_E_STATE_ILLEGAL, "the case is %s", name);
    }
    return CUSTODY_E_INTERNAL;
}

static custody_err may_consume(struct cty_client *client, const struct cty_judgement *judgement, custody_error *error)
{
    struct cty_bytes payload;
    if (!cty_bytes_equal(judgement->record.holder, cty_secret_name(client->secret)))
        return cty_fail(error, CUSTODY_E_NOT_HOLDER, "the case is with another actor");
    CTY_TRY(refuse_state(client, judgement, error));
    if (!judgement->record.release.present || !cty_hash_equal(&judgement->record.release.hash, &judgement->record.anchor))
        return cty_fail(error, CUSTODY_E_NOT_CHECKED, "no release");
    custody_err err = cty_judgement_payload(judgement, &payload);
    return err == CUSTODY_OK ? CUSTODY_OK : cty_fail(error, err, "the payload of the case is not to be had");
}

/* ---- the consume itself ---- */

static custody_err sign_statement(struct cty_client *client, const struct cty_judgement *judgement,
                                  struct cty_pending *pending, custody_error *error)
{
    struct cty_draft *draft = cty_alloc(1, sizeof(*draft));
    if (!draft)
        return CUSTODY_E_NO_MEMORY;
    custody_err err = cty_client_begin(client, CTY_CONSUME, draft, error);
    if (err == CUSTODY_OK) {
        cty_draft_join(draft, &judgement->case_id, &judgement->record);
        draft->statement.u.consume.payload = judgement->record.payload;
        err = cty_statement_sign(&draft->statement, draft->secrets, 1, &pending->envelope, &pending->digest);
    }
    cty_draft_done(draft);
    free(draft);
    return err;
}

static custody_err sign_consume(struct cty_client *client, const struct cty_judgement *judgement, custody_error *error)
{
    struct cty_pending *pending = cty_alloc(1, sizeof(*pending));
    if (!pending)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    pending->case_id = judgement->case_id;
    pending->release = judgement->record.release.hash;
    pending->payload = judgement->record.payload;
    pending->envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    pending->next = client->pending;
    client->pending = pending;
    custody_err err = sign_statement(client, judgement, pending, error);
    if (err == CUSTODY_OK)
        return CUSTODY_OK;
    drop_pending(client, &judgement->case_id);
    return cty_fail_code(error, err);
}

/* Before anything is sent again: another consume may have come between. */
static custody_err may_go_on(struct cty_client *client, const struct cty_pending *pending,
                             const struct cty_judgement *judgement, custody_error *error)
{
    const struct cty_opt_hash *consume = &judgement->record.consume;
    if (!consume->present || cty_hash_equal(&consume->hash, &pending->digest))
        return CUSTODY_OK;
    drop_pending(client, &judgement->case_id);
    return cty_fail(error, CUSTODY_E_DOUBLE_CONSUME, "another consume came before");
}

/* The text of the case's newest entry. */
static custody_err newest_text(void *context, const struct cty_parsed_entry *entry, struct cty_bytes text)
{
    (void)entry;
    *(struct cty_bytes *)context = text;
    return CUSTODY_OK;
}

/*
 * A consume whose witnesses never come is spent for nothing. So their quorum is asked for before: whoever has cosigned the
 * release a moment ago is there.
 */
static custody_err wait_released(struct cty_client *client, const struct cty_judgement *judgement, custody_error *error)
{
    struct cty_bytes newest = {NULL, 0};
    if (!cty_witness_policy_asks(&client->trust->policy))
        return CUSTODY_OK;
    CTY_TRY(cty_judgement_each(judgement, newest_text, &newest));
    return cty_client_wait_witnessed(client, judgement->newest_index, newest, NULL, error);
}

static custody_err prepare(struct cty_client *client, const struct cty_hash *case_id, custody_error *error)
{
    CTY_CLEANUP(cty_judgement_free_pointer) struct cty_judgement *judgement = NULL;
    const struct cty_pending *pending = find_pending(client, case_id);
    CTY_TRY(judge_case(client, case_id, &judgement, error));
    if (pending)
        return may_go_on(client, pending, judgement, error);
    CTY_TRY(may_consume(client, judgement, error));
    CTY_TRY(wait_released(client, judgement, error));
    return sign_consume(client, judgement, error);
}

static custody_err send_pending(struct cty_client *client, const struct cty_pending *pending,
                                struct cty_submitted *submitted, custody_error *error)
{
    custody_err err =
        cty_client_submit_envelope(client, cty_buf_bytes(&pending->envelope), NULL, 0, submitted, error);
    /* Refused is not in the ledger; were that a lie, a new consume would be refused as the second. */
    if (err != CUSTODY_OK && submitted->refused) {
        struct cty_hash case_id = pending->case_id;
        drop_pending(client, &case_id);
    }
    return err;
}

/* ---- after: was it this consume, of this release, and no other? ---- */

static custody_err check_consumed(const struct cty_client *client, const struct cty_pending *pending,
                                  const struct cty_judgement *judgement, const struct cty_submitted *submitted,
                                  custody_error *error)
{
    const struct cty_case *record = &judgement->record;
    if (!record->consume.present)
        return cty_fail(error, CUSTODY_E_GAP, "the consume is in the ledger, and not in the case");
    if (!cty_hash_equal(&record->consume.hash, &pending->digest))
        return cty_fail(error, CUSTODY_E_DOUBLE_CONSUME, "another consume came before");
    if (!record->release.present || !cty_hash_equal(&record->release.hash, &pending->release))
        return cty_fail(error, CUSTODY_E_CHAIN_BROKEN, "it consumed another release");
    if (!cty_hash_equal(&record->payload, &pending->payload))
        return cty_fail(error, CUSTODY_E_PAYLOAD_MISMATCH, "it consumed another payload");
    CTY_TRY(cty_judgement_walk(judgement, cty_buf_bytes(&submitted->own.entry), &pending->release, error));
    if (record->state != CTY_CASE_CONSUMED)
        return cty_fail(error, CUSTODY_E_DOUBLE_CONSUME, "the case is %s", cty_case_state_names[record->state]);
    if (lenient_state(client, record) != CTY_CASE_CONSUMED)
        return cty_fail(error, CUSTODY_E_DEADLINE_PASSED, "the answer came too late to act on");
    return CUSTODY_OK;
}

/* The receipt is then the one that the quorum has cosigned. */
static custody_err wait_consumed(struct cty_client *client, struct cty_submitted *submitted, custody_error *error)
{
    if (!cty_witness_policy_asks(&client->trust->policy))
        return CUSTODY_OK;
    return cty_client_wait_witnessed(client, submitted->own.index, cty_buf_bytes(&submitted->own.entry),
                                     &submitted->own.receipt, error);
}

static custody_err confirm(struct cty_client *client, const struct cty_pending *pending,
                           struct cty_submitted *submitted, struct cty_judgement **ret_judgement,
                           struct cty_bytes *ret_payload, custody_error *error)
{
    struct cty_judgement *judgement = NULL;
    struct cty_bytes payload = {NULL, 0};
    struct cty_bytes own = cty_buf_bytes(&submitted->own.entry);
    custody_err err = judge_case(client, &pending->case_id, &judgement, error);
    if (err == CUSTODY_OK)
        err = check_consumed(client, pending, judgement, submitted, error);
    if (err == CUSTODY_OK)
        err = wait_consumed(client, submitted, error);
    if (err == CUSTODY_OK)
        err = cty_judgement_check_between(client, judgement, &pending->release, own, error);
    /* That may have taken a while: is there still time? */
    if (err == CUSTODY_OK)
        err = check_consumed(client, pending, judgement, submitted, error);
    if (err == CUSTODY_OK)
        err = cty_judgement_payload(judgement, &payload);
    if (err == CUSTODY_OK) /* another process may have met a contradiction meanwhile */
        err = cty_client_may_act(client, error);
    if (err != CUSTODY_OK) {
        cty_judgement_free(judgement);
        return cty_fail_code(error, err);
    }
    *ret_judgement = judgement;
    *ret_payload = payload;
    return CUSTODY_OK;
}

static custody_err take(struct cty_client *client, const struct cty_hash *case_id, struct cty_submitted *submitted,
                        struct cty_judgement **ret_judgement, struct cty_bytes *ret_payload, custody_error *error)
{
    CTY_TRY(reserve_acted(client));
    CTY_TRY(cty_client_may_act(client, error));
    CTY_TRY(prepare(client, case_id, error));
    const struct cty_pending *pending = find_pending(client, case_id);
    CTY_CHECK(pending);
    CTY_TRY(send_pending(client, pending, submitted, error));
    return confirm(client, pending, submitted, ret_judgement, ret_payload, error);
}

custody_err cty_agent_take(struct cty_client *client, const struct cty_hash *case_id, struct cty_judgement **ret_judgement,
                           struct cty_bytes *ret_payload, struct cty_submitted *ret_submitted, custody_error *error)
{
    CTY_SPAN(client);
    CTY_TRY(cty_client_needs_trust(client, error));
    CTY_TRY(cty_client_needs_secret(client, error));
    if (has_acted(client, case_id))
        return cty_fail(error, CUSTODY_E_DOUBLE_CONSUME, "this client was given it before");
    struct cty_submitted *own = cty_alloc(1, sizeof(*own));
    if (!own)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    custody_err err = take(client, case_id, ret_submitted ? ret_submitted : own, ret_judgement, ret_payload, error);
    cty_submitted_done(own);
    free(own);
    return err;
}

void cty_agent_taken(struct cty_client *client, const struct cty_hash *case_id)
{
    CTY_CHECK(client->acted_count < client->acted_room);
    client->acted[client->acted_count++] = *case_id;
    drop_pending(client, case_id);
}

custody_err cty_agent_consume(struct cty_client *client, const struct cty_hash *case_id,
                              struct cty_judgement **ret_judgement, struct cty_bytes *ret_payload,
                              struct cty_submitted *ret_submitted, custody_error *error)
{
    CTY_TRY(cty_agent_take(client, case_id, ret_judgement, ret_payload, ret_submitted, error));
    cty_agent_taken(client, case_id);
    return CUSTODY_OK;
}
