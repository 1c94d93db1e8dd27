/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/check.h"
#include "client/public.h"
#include "codec/patch.h"

/* A reason is a content: it may be as long as one. */
struct said {
    custody_said view; /* points into what follows */
    char *actor;
    struct cty_buf reason;
};

struct custody_decision {
    custody_state state;
    custody_case_id case_id;
    char *executor;
    uint64_t due_ms;
    struct cty_buf payload;
    struct cty_buf original;
    struct cty_buf diff;
    struct cty_buf agent_state;
    struct cty_buf checkpoint;
    struct cty_buf report;
    struct said *said;
    size_t said_count;
    struct cty_public_map map;
};

static const custody_state public_states[CTY_CASE_STATE_COUNT] = {
    [CTY_CASE_JUDGED_NEXT] = CUSTODY_STATE_HELD,       [CTY_CASE_HELD] = CUSTODY_STATE_HELD,
    [CTY_CASE_RELEASE_NEXT] = CUSTODY_STATE_HELD,      [CTY_CASE_RELEASED] = CUSTODY_STATE_RELEASED,
    [CTY_CASE_CONSUMED] = CUSTODY_STATE_CONSUMED,      [CTY_CASE_REFUSED] = CUSTODY_STATE_REFUSED,
    [CTY_CASE_REJECTED] = CUSTODY_STATE_REJECTED,      [CTY_CASE_EXPIRED] = CUSTODY_STATE_EXPIRED,
    [CTY_CASE_LAPSED] = CUSTODY_STATE_LAPSED,          [CTY_CASE_CANCELLED] = CUSTODY_STATE_CANCELLED,
    [CTY_CASE_FULFILLED] = CUSTODY_STATE_FULFILLED,    [CTY_CASE_FAILED] = CUSTODY_STATE_FAILED,
    [CTY_CASE_UNKNOWN] = CUSTODY_STATE_UNKNOWN,        [CTY_CASE_UNREPORTED] = CUSTODY_STATE_UNREPORTED,
};

const char *custody_state_name(custody_state state)
{
    /* HELD comes first among those that read so, but for JUDGED-NEXT. */
    for (int i = CTY_CASE_HELD; i < CTY_CASE_STATE_COUNT; i++) {
        if (public_states[i] == state)
            return cty_case_state_names[i];
    }
    return "?";
}

static custody_err copy(struct cty_buf *out, struct cty_bytes bytes)
{
    out->limit = bytes.size;
    return cty_buf_put_bytes(out, bytes);
}

/* ---- who said what ---- */

struct tellers {
    custody_decision *decision;
    const struct cty_judgement *judgement;
    struct cty_hash counted[CTY_DECISIONS_MAX]; /* of the newest release */
    uint32_t counted_count;
};

static struct said *last_said(struct tellers *tellers)
{
    return &tellers->decision->said[tellers->decision->said_count - 1];
}

static custody_err add_said(struct tellers *tellers, const struct cty_parsed_entry *entry, const char *choice,
                            const char *method)
{
    custody_decision *decision = tellers->decision;
    const struct cty_signed *statement = &entry->signed_statement;
    struct cty_bytes reason = {NULL, 0};
    struct said *grown = realloc(decision->said, (decision->said_count + 1) * sizeof(*grown));
    if (!grown)
        return CUSTODY_E_NO_MEMORY;
    decision->said = grown;
    struct said *said = &decision->said[decision->said_count++];
    memset(said, 0, sizeof(*said));
    said->actor = cty_bytes_dup_text(statement->statement.signers[0]);
    if (!said->actor)
        return CUSTODY_E_NO_MEMORY;
    said->view = (custody_said){.actor = said->actor, .choice = choice, .method = method, .time_ms = entry->entry.time,
                                .index = entry->entry.index};
    memcpy(said->view.statement.bytes, statement->digest.bytes, sizeof(said->view.statement.bytes));
    /* That there is none, or that it is not ours to read, is no error. */
    if (cty_judgement_content(tellers->judgement, &statement->digest, "reason", &reason) == CUSTODY_OK)
        CTY_TRY(copy(&said->reason, reason));
    said->view.reason = cty_bytes_out(cty_buf_bytes(&said->reason));
    return CUSTODY_OK;
}

static bool is_counted(const struct tellers *tellers, const struct cty_hash *digest)
{
    for (uint32_t i = 0; i < tellers->counted_count; i++) {
        if (cty_hash_equal(&tellers->counted[i], digest))
            return true;
    }
    return false;
}

static custody_err find_release(void *context, const struct cty_parsed_entry *entry, struct cty_bytes text)
{
    struct tellers *tellers = context;
    const struct cty_statement *st = &entry->signed_statement.statement;
    const struct cty_opt_hash *release = &tellers->judgement->record.release;
    (void)text;
    if (st->type != CTY_RELEASE || !release->present ||
        !cty_hash_equal(&release->hash, &entry->signed_statement.digest))
        return CUSTODY_OK;
    memcpy(tellers->counted, st->u.release.decisions, st->u.release.decisions_count * sizeof(struct cty_hash));
    tellers->counted_count = st->u.release.decisions_count;
    return CUSTODY_OK;
}

static custody_err tell(void *context, const struct cty_parsed_entry *entry, struct cty_bytes text)
{
    struct tellers *tellers = context;
    const struct cty_statement *st = &entry->signed_statement.statement;
    (void)text;
    if (st->type == CTY_PATCH)
        return add_said(tellers, entry, "patch", "");
    if (st->type == CTY_CANCEL)
        return add_said(tellers, entry, "cancel", "");
    if (st->type != CTY_DECISION)
        return CUSTODY_OK;
    CTY_TRY(add_said(tellers, entry, cty_choice_names[st->u.decision.choice], cty_method_names[st->u.decision.method]));
    last_said(tellers)->view.counts = is_counted(tellers, &entry->signed_statement.digest) ? 1 : 0;
    return CUSTODY_OK;
}

static custody_err fill_said(custody_decision *decision, const struct cty_judgement *judgement)
{
    struct tellers *tellers = cty_alloc(1, sizeof(*tellers));
    if (!tellers)
        return CUSTODY_E_NO_MEMORY;
    tellers->decision = decision;
    tellers->judgement = judgement;
    custody_err err = cty_judgement_each(judgement, find_release, tellers);
    if (err == CUSTODY_OK)
        err = cty_judgement_each(judgement, tell, tellers);
    free(tellers);
    return err;
}

/* ---- what it is about ---- */

static custody_err fill_contents(custody_decision *decision, const struct cty_judgement *judgement)
{
    struct cty_bytes content;
    if (cty_judgement_original(judgement, &content) == CUSTODY_OK)
        CTY_TRY(copy(&decision->original, content));
    if (cty_judgement_content(judgement, &judgement->case_id, "state", &content) == CUSTODY_OK)
        CTY_TRY(copy(&decision->agent_state, content));
    bool released = judgement->record.release.present;
    if (!released && judgement->record.consent == CTY_CONSENT_NONE)
        return CUSTODY_OK;
    CTY_TRY(cty_judgement_payload_if(judgement, &content));
    if (!content.data)
        return CUSTODY_OK;
    /* Before a release it is for looking at, as a difference, and not there to be acted on. */
    if (released)
        CTY_TRY(copy(&decision->payload, content));
    if (!decision->original.data)
        return CUSTODY_OK;
    decision->diff.limit = 4 * CTY_BLOB_BYTES_MAX;
    return cty_patch_make(cty_buf_bytes(&decision->original), content, &decision->diff, NULL);
}

static custody_err fill(const struct cty_client *client, const struct cty_judgement *judgement,
                        custody_decision *decision)
{
    enum cty_case_state state = cty_agent_state(client, judgement);
    decision->state = public_states[state];
    memcpy(decision->case_id.bytes, judgement->case_id.bytes, sizeof(decision->case_id.bytes));
    /* A deadline that is over is due no more. */
    decision->due_ms = (int)state == judgement->record.state ? cty_case_due(&judgement->record) : 0;
    decision->executor = cty_bytes_dup_text(judgement->record.holder);
    if (!decision->executor)
        return CUSTODY_E_NO_MEMORY;
    CTY_TRY(fill_said(decision, judgement));
    CTY_TRY(fill_contents(decision, judgement));
    CTY_TRY(cty_public_map_read(judgement, cty_client_now(client), &decision->map));
    CTY_TRY(copy(&decision->checkpoint, cty_buf_bytes(&judgement->note)));
    decision->report.limit = CTY_BLOB_BYTES_MAX;
    return cty_report_json(&judgement->report, &decision->report);
}

custody_err cty_decision_new(const struct cty_client *client, const struct cty_judgement *judgement,
                             custody_decision **ret_decision)
{
    custody_decision *decision = cty_alloc(1, sizeof(*decision));
    if (!decision)
        return CUSTODY_E_NO_MEMORY;
    custody_err err = fill(client, judgement, decision);
    if (err == CUSTODY_OK)
        *ret_decision = decision;
    else
        custody_decision_free(decision);
    return err;
}

void custody_decision_free(custody_decision *decision)
{
    if (!decision)
        return;
    for (size_t i = 0; i < decision->said_count; i++) {
        free(decision->said[i].actor);
        cty_buf_done(&decision->said[i].reason);
    }
    free(decision->said);
    free(decision->executor);
    cty_public_map_done(&decision->map);
    cty_buf_done(&decision->payload);
    cty_buf_done(&decision->original);
    cty_buf_done(&decision->diff);
    cty_buf_done(&decision->agent_state);
    cty_buf_done(&decision->checkpoint);
    cty_buf_done(&decision->report);
    free(decision);
}

/* ---- looking at it ---- */

custody_state custody_decision_state(const custody_decision *decision)
{
    return decision->state;
}

custody_case_id custody_decision_case(const custody_decision *decision)
{
    return decision->case_id;
}

const char *custody_decision_executor(const custody_decision *decision)
{
    return decision->executor;
}

custody_bytes custody_decision_payload(const custody_decision *decision)
{
    return cty_bytes_out(cty_buf_bytes(&decision->payload));
}

custody_bytes custody_decision_original(const custody_decision *decision)
{
    return cty_bytes_out(cty_buf_bytes(&decision->original));
}

custody_bytes custody_decision_diff(const custody_decision *decision)
{
    return cty_bytes_out(cty_buf_bytes(&decision->diff));
}

custody_bytes custody_decision_agent_state(const custody_decision *decision)
{
    return cty_bytes_out(cty_buf_bytes(&decision->agent_state));
}

size_t custody_decision_said_count(const custody_decision *decision)
{
    return decision->said_count;
}

custody_said custody_decision_said(const custody_decision *decision, size_t i)
{
    return i < decision->said_count ? decision->said[i].view : (custody_said){.actor = "", .choice = "", .method = ""};
}

custody_consent_state custody_decision_consent(const custody_decision *decision)
{
    return decision->map.consent;
}

custody_scope custody_decision_scope(const custody_decision *decision)
{
    return decision->map.scope;
}

int custody_decision_finalised(const custody_decision *decision)
{
    return decision->map.finalised;
}

size_t custody_decision_hops_count(const custody_decision *decision)
{
    return decision->map.hops_count;
}

custody_hop custody_decision_hop(const custody_decision *decision, size_t i)
{
    return i < decision->map.hops_count
               ? decision->map.hops[i]
               : (custody_hop){.from = "", .to = "", .deposit_amount = "", .deposit_unit = ""};
}

size_t custody_decision_questions_count(const custody_decision *decision)
{
    return decision->map.questions_count;
}

custody_question custody_decision_question(const custody_decision *decision, size_t i)
{
    return i < decision->map.questions_count ? decision->map.questions[i] : (custody_question){.from = ""};
}

uint64_t custody_decision_due_ms(const custody_decision *decision)
{
    return decision->due_ms;
}

custody_bytes custody_decision_checkpoint(const custody_decision *decision)
{
    return cty_bytes_out(cty_buf_bytes(&decision->checkpoint));
}

custody_bytes custody_decision_report(const custody_decision *decision)
{
    return cty_bytes_out(cty_buf_bytes(&decision->report));
}
