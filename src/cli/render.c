/* SPDX-License-Identifier: Apache-2.0 */
/* A case for people. What an approver signs with `shown` is this text. */
#include "base/check.h"
#include "cli/case.h"
#include "cli/handoffs.h"
#include "cli/put.h"
#include "cli/text.h"

/* Larger payloads are cut where nobody approves them, which is said. */
#define PAYLOAD_CUT (256u * 1024u)

/* --- differences ----------------------------------------------------------------------------------------- */

struct diff_lines {
    struct cty_buf *out;
    unsigned indent;
    size_t count;
};

static custody_err put_side(struct cty_buf *out, struct cty_bytes value)
{
    return value.size ? cty_json_show_line(value, out) : cty_buf_put_text(out, "(nothing)");
}

/* A path may name anything. What isn't plain is put in quotes, so that it can't look like a value. */
static custody_err put_path(struct cty_buf *out, struct cty_bytes path)
{
    struct cty_jw jw;
    CTY_CLEANUP(cty_buf_done) struct cty_buf quoted = CTY_BUF_INIT(CTY_PAGE_BYTES_MAX);
    bool plain = true;
    for (size_t i = 0; i < path.size; i++)
        plain &= path.data[i] > 0x20 && path.data[i] < 0x7f && path.data[i] != '"' && path.data[i] != '\\';
    if (plain)
        return cty_buf_put_bytes(out, path);
    cty_jw_begin(&jw, &quoted);
    cty_jw_string(&jw, path);
    CTY_TRY(cty_jw_end(&jw));
    return cty_json_show_line(cty_buf_bytes(&quoted), out);
}

static custody_err each_line(void *context, const struct cty_diff_line *line)
{
    struct diff_lines *lines = context;
    for (unsigned i = 0; i < lines->indent; i++)
        CTY_TRY(cty_buf_put_byte(lines->out, ' '));
    CTY_TRY(line->path.size ? put_path(lines->out, line->path) : cty_buf_put_text(lines->out, "(all of it)"));
    CTY_TRY(cty_buf_put_text(lines->out, "  "));
    CTY_TRY(put_side(lines->out, line->before));
    CTY_TRY(cty_buf_put_text(lines->out, " -> "));
    CTY_TRY(put_side(lines->out, line->after));
    lines->count++;
    return cty_buf_put_byte(lines->out, '\n');
}

custody_err cty_render_diff(struct cty_bytes from, struct cty_bytes to, unsigned indent, struct cty_buf *out)
{
    struct diff_lines lines = {.out = out, .indent = indent};
    size_t before = out->size;
    custody_err err = cty_diff_each(from, to, each_line, &lines, NULL);
    if (err == CUSTODY_E_NO_MEMORY || err == CUSTODY_E_TOO_LARGE)
        return err;
    if (err != CUSTODY_OK) {
        out->size = before;
        return cty_buf_putf(out, "%*scan't be compared: %s\n", (int)indent, "", custody_err_sentence(err));
    }
    return lines.count ? CUSTODY_OK : cty_buf_putf(out, "%*snothing was changed\n", (int)indent, "");
}

/* --- the head -------------------------------------------------------------------------------------------- */

static custody_err put_whom(struct cty_buf *out, const struct cty_names *roles, const struct cty_names *parties)
{
    for (uint32_t i = 0; i < roles->count; i++) {
        CTY_TRY(cty_buf_put_text(out, i ? ", " : ""));
        CTY_TRY(cty_text_show(roles->names[i], out));
    }
    for (uint32_t i = 0; i < parties->count; i++) {
        CTY_TRY(cty_buf_put_text(out, i ? ", " : " of "));
        CTY_TRY(cty_bytes_is(parties->names[i], "*") ? cty_buf_put_text(out, "any party")
                                                     : cty_text_show(parties->names[i], out));
    }
    return CUSTODY_OK;
}

static custody_err put_escalation(struct cty_buf *out, const struct cty_escalation *escalation)
{
    char time[CTY_TIME_TEXT_SIZE];
    if (!escalation->present)
        return CUSTODY_OK;
    CTY_TRY(cty_buf_put_text(out, ", once escalated by "));
    CTY_TRY(put_whom(out, &escalation->roles, &escalation->parties));
    cty_time_show(escalation->at, time);
    return escalation->at ? cty_buf_putf(out, " (by itself after %s)", time) : CUSTODY_OK;
}

static custody_err put_terms(struct cty_buf *out, const struct cty_clause *clause)
{
    char period[CTY_TIME_TEXT_SIZE];
    CTY_TRY(cty_buf_put_text(out, clause->ordered ? ", in this order" : ""));
    CTY_TRY(cty_buf_put_text(out, clause->distinct_parties ? ", each of another party" : ""));
    CTY_TRY(cty_buf_put_text(out, clause->key_custody == CTY_KEY_HARDWARE ? ", with a key in hardware" : ""));
    cty_period_show(clause->window_ms, period);
    return clause->window_ms ? cty_buf_putf(out, ", within %s", period) : CUSTODY_OK;
}

static custody_err put_clause(struct cty_buf *out, const struct cty_clause *clause, uint64_t have, bool escalated)
{
    CTY_TRY(cty_buf_putf(out, "%-12s %llu of %llu by ", "quorum", (unsigned long long)have,
                         (unsigned long long)clause->approvals));
    CTY_TRY(escalated ? put_whom(out, &clause->escalation.roles, &clause->escalation.parties)
                      : put_whom(out, &clause->roles, &clause->parties));
    CTY_TRY(cty_buf_put_text(out, escalated ? ", to whom it was escalated" : ""));
    CTY_TRY(put_terms(out, clause));
    if (!escalated)
        CTY_TRY(put_escalation(out, &clause->escalation));
    CTY_TRY(cty_buf_put_text(out, ", asked for by "));
    CTY_TRY(cty_text_show(clause->scope, out));
    return cty_buf_put_byte(out, '\n');
}

static custody_err put_quorum(struct cty_buf *out, const struct cty_judgement *judgement)
{
    uint64_t counts[CTY_POLICIES_MAX] = {0};
    const struct cty_case *c = &judgement->record;
    if (c->quorum_count)
        CTY_TRY(cty_case_quorum(judgement, judgement->newest_time, counts));
    uint64_t escalated = cty_case_escalated_at(c, judgement->newest_time);
    for (uint32_t i = 0; i < c->quorum_count; i++)
        CTY_TRY(put_clause(out, &c->quorum[i], counts[i], (escalated >> i & 1) != 0));
    return CUSTODY_OK;
}

/* A key may be revoked as of before its approval: the release then stands there, and no longer lets anybody act. */
static custody_err put_lost(struct cty_buf *out, const struct cty_judgement *judgement)
{
    bool lost = false;
    CTY_TRY(cty_case_lost_quorum(judgement, &lost));
    return lost ? cty_put_linef(out, "LOST", "the release no longer has its quorum: a key was revoked as of before its approval")
                : CUSTODY_OK;
}

static custody_err put_due(struct cty_buf *out, const struct cty_case *c)
{
    const char *what = c->state == CTY_CASE_HELD       ? "decide by"
                       : c->state == CTY_CASE_RELEASED ? "use by"
                       : c->state == CTY_CASE_CONSUMED ? "report by"
                                                       : NULL;
    return what ? cty_put_line_time(out, what, cty_case_due(c)) : CUSTODY_OK;
}

static custody_err put_head(struct cty_buf *out, const struct cty_judgement *judgement)
{
    const struct cty_case *c = &judgement->record;
    CTY_TRY(cty_put_line(out, "ledger", judgement->checkpoint.origin));
    CTY_TRY(cty_put_line_hash(out, "case", &judgement->case_id));
    CTY_TRY(cty_put_line(out, "service", c->service));
    CTY_TRY(cty_put_line(out, "action", c->action));
    CTY_TRY(cty_put_linef(out, "priority", "%s", cty_priority_names[c->priority]));
    CTY_TRY(cty_put_line(out, "asked by", c->requester));
    CTY_TRY(cty_put_line(out, "to act", c->holder));
    CTY_TRY(cty_put_linef(out, "state", "%s", cty_case_state_names[c->state]));
    CTY_TRY(put_due(out, c));
    CTY_TRY(cty_put_line_time(out, "expires", c->expires));
    CTY_TRY(cty_put_line_names(out, "readers", &c->readers));
    CTY_TRY(put_quorum(out, judgement));
    return put_lost(out, judgement);
}

/* --- the payload ----------------------------------------------------------------------------------------- */

static custody_err put_payload(struct cty_buf *out, const struct cty_judgement *judgement, bool whole)
{
    struct cty_bytes payload;
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(CTY_PAGE_BYTES_MAX);
    CTY_TRY(cty_put_linef(out, "payload", "revision %llu", (unsigned long long)judgement->record.revision));
    custody_err err = cty_judgement_payload(judgement, &payload);
    if (err == CUSTODY_E_NOT_FOUND)
        return cty_buf_put_text(out, "  not at hand: it is not yours to read, or it was erased\n");
    CTY_TRY(err);
    CTY_TRY(cty_document_show(payload, 2, &text));
    size_t shown = whole || text.size < PAYLOAD_CUT ? text.size : PAYLOAD_CUT;
    while (shown < text.size && shown && (text.data[shown] & 0xc0) == 0x80)
        shown--;
    CTY_TRY(cty_buf_put(out, text.data, shown));
    CTY_TRY(cty_buf_put_byte(out, '\n'));
    return shown == text.size ? CUSTODY_OK
                              : cty_buf_putf(out, "  CUT: %zu of %zu bytes are shown\n", shown, text.size);
}

static custody_err put_changes(struct cty_buf *out, const struct cty_judgement *judgement)
{
    struct cty_bytes from, to;
    if (judgement->record.revision == 0 || cty_judgement_original(judgement, &from) != CUSTODY_OK)
        return CUSTODY_OK;
    CTY_TRY(cty_judgement_payload_if(judgement, &to));
    if (!to.data)
        return CUSTODY_OK;
    CTY_TRY(cty_put_linef(out, "changed", "from what was asked to what stands:"));
    return cty_render_diff(from, to, 2, out);
}

/* --- what was said --------------------------------------------------------------------------------------- */

struct history {
    struct cty_buf *out;
    const struct cty_judgement *judgement;
    struct cty_bytes payload; /* before the entry; data NULL where it isn't at hand */
};

static custody_err put_content(struct history *h, const struct cty_hash *digest, const char *member, const char *label)
{
    struct cty_bytes content;
    if (cty_judgement_content(h->judgement, digest, member, &content) != CUSTODY_OK)
        return CUSTODY_OK;
    CTY_TRY(cty_buf_putf(h->out, "           %s: ", label));
    CTY_TRY(cty_text_show(content, h->out));
    return cty_buf_put_byte(h->out, '\n');
}

static custody_err put_facts(struct history *h, struct cty_bytes facts)
{
    if (!facts.data)
        return CUSTODY_OK;
    CTY_TRY(cty_buf_put_text(h->out, "           facts: "));
    CTY_TRY(cty_json_show_line(facts, h->out));
    return cty_buf_put_byte(h->out, '\n');
}

static custody_err put_patch(struct history *h, const struct cty_statement *st, const struct cty_hash *digest)
{
    struct cty_bytes result;
    CTY_TRY(put_facts(h, st->u.patch.facts));
    custody_err err = cty_judgement_content(h->judgement, digest, "result", &result);
    if (err == CUSTODY_OK && h->payload.data)
        CTY_TRY(cty_render_diff(h->payload, result, 11, h->out));
    h->payload = err == CUSTODY_OK ? result : cty_bytes_make(NULL, 0);
    return CUSTODY_OK;
}

/* What people and agents wrote to one another; those members that the statement has. */
static custody_err put_talk(struct history *h, const struct cty_hash *digest)
{
    for (size_t i = 0; cty_case_talk[i]; i++)
        CTY_TRY(put_content(h, digest, cty_case_talk[i], cty_case_talk[i]));
    return CUSTODY_OK;
}

/* The word behind a type that tells what it came to. */
static const char *gist(const struct cty_statement *st)
{
    switch (st->type) {
    case CTY_VERDICT:
        return cty_effect_names[st->u.verdict.effect];
    case CTY_DECISION:
        return cty_choice_names[st->u.decision.choice];
    case CTY_OUTCOME:
        return cty_outcome_names[st->u.outcome.outcome];
    case CTY_EXPIRY:
        return cty_silence_names[st->u.expiry.silence];
    case CTY_CONSENT:
        return cty_consent_choice_names[st->u.consent.choice];
    case CTY_LEDGER_OPEN:
    case CTY_PARTY_ENROL:
    case CTY_ACTOR_ENROL:
    case CTY_ACTOR_REVOKE:
    case CTY_POLICY_PUBLISH:
    case CTY_ACTOR_ROTATE:
    case CTY_CUSTODIAN_ROTATE:
    case CTY_LEDGER_CLOSE:
    case CTY_REQUEST:
    case CTY_PATCH:
    case CTY_RELEASE:
    case CTY_CONSUME:
    case CTY_CANCEL:
    case CTY_QUESTION:
    case CTY_ANSWER:
    case CTY_OFFER:
    case CTY_ACCEPT:
    case CTY_DECLINE:
    case CTY_WITHDRAW:
    case CTY_FINALISE:
    case CTY_TYPE_COUNT:
        break;
    }
    return "";
}

static custody_err each_entry(void *context, const struct cty_parsed_entry *entry, struct cty_bytes text)
{
    struct history *h = context;
    const struct cty_statement *st = &entry->signed_statement.statement;
    const struct cty_hash *digest = &entry->signed_statement.digest;
    char time[CTY_TIME_TEXT_SIZE];
    (void)text;
    cty_time_show(entry->entry.time, time);
    CTY_TRY(cty_buf_putf(h->out, "  %8llu %s %s %s", (unsigned long long)entry->entry.index, time,
                         cty_type_name(st->type), gist(st)));
    CTY_TRY(cty_buf_put_text(h->out, gist(st)[0] ? " by " : "by "));
    CTY_TRY(cty_text_show(st->signers[0], h->out));
    CTY_TRY(cty_buf_put_byte(h->out, '\n'));
    if (st->type == CTY_REQUEST) {
        CTY_TRY(cty_put_line_names(h->out, "           on behalf of", &st->u.request.behalf));
        CTY_TRY(put_facts(h, st->u.request.facts));
        if (cty_judgement_content(h->judgement, digest, "payload", &h->payload) != CUSTODY_OK)
            h->payload = cty_bytes_make(NULL, 0);
    }
    if (st->type == CTY_PATCH)
        CTY_TRY(put_patch(h, st, digest));
    return put_talk(h, digest);
}

static custody_err render(const struct cty_judgement *judgement, bool whole, struct cty_buf *out)
{
    struct history h = {.out = out, .judgement = judgement};
    if (!judgement->known)
        return cty_put_line_hash(out, "case", &judgement->case_id);
    CTY_TRY(put_head(out, judgement));
    CTY_TRY(put_payload(out, judgement, whole));
    CTY_TRY(put_changes(out, judgement));
    CTY_TRY(cty_talk_show(judgement, out));
    CTY_TRY(cty_handoffs_show(judgement, 0, out));
    CTY_TRY(judgement->record.finalised ? cty_put_linef(out, "finalised", "it is handed on no more") : CUSTODY_OK);
    CTY_TRY(cty_put_linef(out, "said", "by entry of the ledger:"));
    return cty_judgement_each(judgement, each_entry, &h);
}

custody_err cty_case_render(const struct cty_judgement *judgement, struct cty_buf *out)
{
    return render(judgement, false, out);
}

custody_err cty_case_render_whole(const struct cty_judgement *judgement, struct cty_buf *out)
{
    return render(judgement, true, out);
}

custody_err cty_case_findings(const struct cty_judgement *judgement, struct cty_buf *out)
{
    const struct cty_report *report = &judgement->report;
    for (size_t i = 0; i < report->findings_count; i++) {
        const struct cty_finding *finding = &report->findings[i];
        CTY_TRY(finding->entry == CTY_REPORT_NO_ENTRY
                    ? cty_put_linef(out, "finding", "%s: %s", finding->code, finding->text)
                    : cty_put_linef(out, "finding", "%s: entry %llu: %s", finding->code,
                                    (unsigned long long)finding->entry, finding->text));
    }
    return CUSTODY_OK;
}

custody_err cty_case_show(const struct cty_judgement *judgement, uint64_t now, struct cty_buf *out)
{
    CTY_TRY(cty_case_render(judgement, out));
    enum cty_case_state state = judgement->known ? cty_case_reads(judgement, now) : CTY_CASE_HELD;
    if (judgement->known && state != (enum cty_case_state)judgement->record.state)
        CTY_TRY(cty_put_linef(out, "reads as", "%s: its deadline has passed", cty_case_state_names[state]));
    CTY_TRY(cty_put_linef(out, "verified", "under the checkpoint of %llu %s:",
                          (unsigned long long)judgement->checkpoint.size,
                          cty_plural(judgement->checkpoint.size, "entry", "entries")));
    return cty_report_text(&judgement->report, out);
}
