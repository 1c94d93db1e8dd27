/* SPDX-License-Identifier: Apache-2.0 */
/* A case for programs. */
#include "base/check.h"
#include "cli/case.h"
#include "cli/handoffs.h"
#include "cli/put.h"

static custody_err each_line(void *context, const struct cty_diff_line *line)
{
    struct cty_jw *jw = context;
    cty_jw_object(jw);
    if (line->after.size)
        cty_member_raw(jw, "after", line->after);
    if (line->before.size)
        cty_member_raw(jw, "before", line->before);
    cty_member(jw, "path", line->path);
    cty_jw_object_end(jw);
    return jw->err;
}

custody_err cty_member_diff(struct cty_jw *jw, const char *name, struct cty_bytes from, struct cty_bytes to)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf changes = CTY_BUF_INIT(CTY_PAGE_BYTES_MAX);
    struct cty_jw lines;
    cty_jw_begin(&lines, &changes);
    cty_jw_array(&lines);
    custody_err err = cty_diff_each(from, to, each_line, &lines, NULL);
    cty_jw_array_end(&lines);
    if (err == CUSTODY_OK)
        err = cty_jw_end(&lines);
    if (err == CUSTODY_E_NO_MEMORY)
        return err;
    cty_member_raw(jw, name, err == CUSTODY_OK ? cty_buf_bytes(&changes) : CTY_LITERAL("[]"));
    return CUSTODY_OK;
}

/* --- history --------------------------------------------------------------------------------------------- */

struct history {
    struct cty_jw *jw;
    const struct cty_judgement *judgement;
    struct cty_bytes payload;
};

static custody_err member_changes(struct history *h, const struct cty_statement *st, const struct cty_hash *digest)
{
    struct cty_bytes before = h->payload;
    const char *member = st->type == CTY_REQUEST ? "payload" : "result";
    if (st->type != CTY_REQUEST && st->type != CTY_PATCH)
        return CUSTODY_OK;
    if (cty_judgement_content(h->judgement, digest, member, &h->payload) != CUSTODY_OK)
        h->payload = cty_bytes_make(NULL, 0);
    if (st->type == CTY_REQUEST || !before.data || !h->payload.data)
        return CUSTODY_OK;
    return cty_member_diff(h->jw, "changes", before, h->payload);
}

static void member_gist(struct cty_jw *jw, const struct cty_statement *st)
{
    if (st->type == CTY_DECISION)
        cty_member_text(jw, "choice", cty_choice_names[st->u.decision.choice]);
}

static void member_rest(struct cty_jw *jw, const struct cty_statement *st)
{
    if (st->type == CTY_DECISION)
        cty_member_text(jw, "method", cty_method_names[st->u.decision.method]);
    if (st->type == CTY_OUTCOME)
        cty_member_text(jw, "outcome", cty_outcome_names[st->u.outcome.outcome]);
}

static custody_err each_entry(void *context, const struct cty_parsed_entry *entry, struct cty_bytes text)
{
    struct history *h = context;
    struct cty_jw *jw = h->jw;
    const struct cty_statement *st = &entry->signed_statement.statement;
    const struct cty_hash *digest = &entry->signed_statement.digest;
    struct cty_bytes reason;
    (void)text;
    cty_jw_object(jw);
    CTY_TRY(member_changes(h, st, digest));
    member_gist(jw, st);
    cty_member_hash(jw, "digest", digest);
    if (st->type == CTY_VERDICT)
        cty_member_text(jw, "effect", cty_effect_names[st->u.verdict.effect]);
    cty_member_u64(jw, "index", entry->entry.index);
    member_rest(jw, st);
    if (cty_judgement_content(h->judgement, digest, "reason", &reason) == CUSTODY_OK)
        cty_member_content(jw, "reason", "reason_base64", reason);
    cty_jw_name(jw, "signers");
    cty_jw_array(jw);
    for (uint32_t i = 0; i < st->signers_count; i++)
        cty_jw_string(jw, st->signers[i]);
    cty_jw_array_end(jw);
    if (st->type == CTY_EXPIRY)
        cty_member_text(jw, "silence", cty_silence_names[st->u.expiry.silence]);
    cty_member_u64(jw, "time", entry->entry.time);
    cty_member_text(jw, "type", cty_type_name(st->type));
    cty_jw_object_end(jw);
    return jw->err;
}

/* --- the case -------------------------------------------------------------------------------------------- */

static void member_escalation(struct cty_jw *jw, const struct cty_escalation *escalation)
{
    if (!escalation->present)
        return;
    cty_jw_name(jw, "escalation");
    cty_jw_object(jw);
    cty_member_u64(jw, "at", escalation->at);
    cty_member_names(jw, "parties", &escalation->parties);
    cty_member_names(jw, "roles", &escalation->roles);
    cty_jw_object_end(jw);
}

static void member_clause(struct cty_jw *jw, const struct cty_clause *clause, uint64_t have, bool escalated)
{
    cty_jw_object(jw);
    cty_member_bool(jw, "escalated", escalated);
    member_escalation(jw, &clause->escalation);
    cty_member_u64(jw, "have", have);
    cty_member_text(jw, "key_custody", cty_key_custody_names[clause->key_custody]);
    cty_member_u64(jw, "needed", clause->approvals);
    cty_member_bool(jw, "ordered", clause->ordered);
    cty_member_names(jw, "parties", &clause->parties);
    cty_member_names(jw, "roles", &clause->roles);
    cty_member(jw, "scope", clause->scope);
    cty_member_u64(jw, "window_ms", clause->window_ms);
    cty_jw_object_end(jw);
}

static custody_err member_quorum(struct cty_jw *jw, const struct cty_judgement *judgement)
{
    const struct cty_case *c = &judgement->record;
    uint64_t counts[CTY_POLICIES_MAX] = {0};
    if (c->quorum_count)
        CTY_TRY(cty_case_quorum(judgement, judgement->newest_time, counts));
    uint64_t escalated = cty_case_escalated_at(c, judgement->newest_time);
    cty_jw_name(jw, "quorum");
    cty_jw_array(jw);
    for (uint32_t i = 0; i < c->quorum_count; i++)
        member_clause(jw, &c->quorum[i], counts[i], (escalated >> i & 1) != 0);
    cty_jw_array_end(jw);
    return CUSTODY_OK;
}

static custody_err member_report(struct cty_jw *jw, const struct cty_report *report)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT((size_t)1024 * 1024);
    CTY_TRY(cty_report_json(report, &text));
    cty_member_raw(jw, "report", cty_buf_bytes(&text));
    return CUSTODY_OK;
}

static custody_err members_known(struct cty_jw *jw, const struct cty_judgement *judgement, enum cty_case_state state)
{
    const struct cty_case *c = &judgement->record;
    struct history h = {.jw = jw, .judgement = judgement};
    struct cty_bytes original, payload;
    bool has_original = cty_judgement_original(judgement, &original) == CUSTODY_OK;
    CTY_TRY(cty_judgement_payload_if(judgement, &payload));
    cty_member(jw, "action", c->action);
    cty_member_hash(jw, "case", &judgement->case_id);
    if (has_original && payload.data)
        CTY_TRY(cty_member_diff(jw, "changes", original, payload));
    if (cty_consent_word(c))
        cty_member_text(jw, "consent", cty_consent_word(c));
    cty_member_u64(jw, "due", cty_case_due(c));
    cty_jw_name(jw, "entries");
    cty_jw_array(jw);
    CTY_TRY(cty_judgement_each(judgement, each_entry, &h));
    cty_jw_array_end(jw);
    cty_member(jw, "executor", c->holder);
    cty_member_u64(jw, "expires", c->expires);
    cty_member_bool(jw, "finalised", c->finalised);
    CTY_TRY(cty_handoffs_member(judgement, 0, jw));
    cty_member(jw, "ledger", judgement->checkpoint.origin);
    if (has_original)
        CTY_TRY(cty_member_document(jw, "original", "original_base64", original));
    if (payload.data)
        CTY_TRY(cty_member_document(jw, "payload", "payload_base64", payload));
    cty_member_text(jw, "priority", cty_priority_names[c->priority]);
    CTY_TRY(cty_questions_member(judgement, jw));
    CTY_TRY(member_quorum(jw, judgement));
    bool lost = false;
    CTY_TRY(cty_case_lost_quorum(judgement, &lost));
    cty_member_bool(jw, "quorum_lost", lost);
    CTY_TRY(member_report(jw, &judgement->report));
    cty_member(jw, "requester", c->requester);
    cty_member_u64(jw, "revision", c->revision);
    cty_member(jw, "service", c->service);
    cty_member_text(jw, "state", cty_case_state_names[state]);
    return CUSTODY_OK;
}

custody_err cty_case_members(const struct cty_judgement *judgement, enum cty_case_state state, struct cty_jw *jw)
{
    if (judgement->known)
        return members_known(jw, judgement, state);
    cty_member_hash(jw, "case", &judgement->case_id);
    return member_report(jw, &judgement->report);
}
