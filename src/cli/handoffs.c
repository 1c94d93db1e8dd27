/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/handoffs.h"

#include "base/check.h"
#include "cli/put.h"
#include "cli/text.h"

/* --- an offer for people --------------------------------------------------------------------------------- */

custody_err cty_scope_show(const struct cty_scope *scope, struct cty_buf *out)
{
    CTY_TRY(cty_put_line_names(out, "  services", &scope->services));
    CTY_TRY(cty_put_line_names(out, "  actions", &scope->actions));
    CTY_TRY(cty_put_linef(out, "  releases", "%llu%s", (unsigned long long)scope->releases,
                          scope->releases > 1 ? ": the case, and children of it" : ": the case alone"));
    CTY_TRY(cty_put_linef(out, "  hops on", "%llu", (unsigned long long)scope->depth));
    return cty_put_line_time(out, "  act until", scope->expires);
}

static custody_err put_entry(struct cty_buf *out, const char *label, const struct cty_parsed_entry *entry)
{
    char time[CTY_TIME_TEXT_SIZE];
    cty_time_show(entry->entry.time, time);
    return cty_put_linef(out, label, "%s by entry %llu", time, (unsigned long long)entry->entry.index);
}

static custody_err put_content(struct cty_buf *out, const char *label, const struct cty_opt_hash *commitment,
                               struct cty_bytes content)
{
    if (!commitment->present)
        return CUSTODY_OK;
    if (!content.data)
        return cty_put_linef(out, label, "not at hand: it is not yours to read, or it was erased");
    return cty_put_line(out, label, content);
}

static custody_err put_deposit(struct cty_buf *out, const struct cty_deposit *deposit)
{
    if (!deposit->present)
        return CUSTODY_OK;
    return cty_put_linef(out, "  deposit", "%.*s %.*s, stated and held by nobody", (int)deposit->amount.size,
                         (const char *)deposit->amount.data, (int)deposit->unit.size,
                         (const char *)deposit->unit.data);
}

static custody_err put_title(struct cty_buf *out, const struct cty_handoff *handoff, uint64_t now)
{
    char label[32];
    snprintf(label, sizeof(label), "hop %llu", (unsigned long long)handoff->offer->hop);
    return cty_put_linef(out, label, "%.*s -> %.*s, %s", (int)handoff->from.size, (const char *)handoff->from.data,
                         (int)handoff->to.size, (const char *)handoff->to.data, cty_handoff_word(handoff, now));
}

static custody_err put_handoff(struct cty_buf *out, const struct cty_handoff *handoff, uint64_t now)
{
    CTY_TRY(put_title(out, handoff, now));
    CTY_TRY(put_entry(out, "  offered", handoff->entry));
    if (handoff->answer)
        CTY_TRY(put_entry(out, "  answered", handoff->answer));
    else
        CTY_TRY(cty_put_line_time(out, "  stands to", handoff->offer->expires));
    CTY_TRY(cty_scope_show(&handoff->offer->scope, out));
    CTY_TRY(put_deposit(out, &handoff->offer->deposit));
    CTY_TRY(put_content(out, "  takes on", &handoff->offer->obligations, handoff->obligations));
    CTY_TRY(put_content(out, "  context", &handoff->offer->context, handoff->context));
    if (handoff->reason.data)
        CTY_TRY(cty_put_line(out, "  reason", handoff->reason));
    return cty_put_line_hash(out, "  offer", &handoff->digest);
}

custody_err cty_handoffs_show(const struct cty_judgement *judgement, uint64_t now, struct cty_buf *out)
{
    CTY_CLEANUP(cty_handoffs_done) struct cty_handoffs map = {.count = 0};
    CTY_TRY(cty_handoffs_read(judgement, &map));
    for (size_t i = 0; i < map.count; i++)
        CTY_TRY(put_handoff(out, &map.list[i], now));
    return CUSTODY_OK;
}

custody_err cty_handoff_show_newest(const struct cty_judgement *judgement, uint64_t now, struct cty_buf *out)
{
    CTY_CLEANUP(cty_handoffs_done) struct cty_handoffs map = {.count = 0};
    CTY_TRY(cty_handoffs_read(judgement, &map));
    return map.count ? put_handoff(out, &map.list[map.count - 1], now) : CUSTODY_OK;
}

/* --- an offer for programs ------------------------------------------------------------------------------- */

static void member_deposit(struct cty_jw *jw, const struct cty_deposit *deposit)
{
    if (!deposit->present)
        return;
    cty_jw_name(jw, "deposit");
    cty_jw_object(jw);
    cty_member(jw, "amount", deposit->amount);
    cty_member(jw, "unit", deposit->unit);
    cty_jw_object_end(jw);
}

static void member_opt_content(struct cty_jw *jw, const char *name, const char *name_base64, struct cty_bytes content)
{
    if (content.data)
        cty_member_content(jw, name, name_base64, content);
}

static void member_answer(struct cty_jw *jw, const struct cty_parsed_entry *answer)
{
    if (!answer)
        return;
    cty_member_u64(jw, "answered", answer->entry.time);
    cty_member_u64(jw, "answered_index", answer->entry.index);
}

static void member_handoff(struct cty_jw *jw, const struct cty_handoff *handoff, uint64_t now)
{
    const struct cty_offer *offer = handoff->offer;
    cty_jw_object(jw);
    cty_member_names(jw, "actions", &offer->scope.actions);
    member_answer(jw, handoff->answer);
    member_opt_content(jw, "context", "context_base64", handoff->context);
    member_deposit(jw, &offer->deposit);
    cty_member_u64(jw, "depth", offer->scope.depth);
    cty_member_u64(jw, "expires", offer->expires);
    cty_member(jw, "from", handoff->from);
    cty_member_u64(jw, "hop", offer->hop);
    member_opt_content(jw, "obligations", "obligations_base64", handoff->obligations);
    cty_member_hash(jw, "offer", &handoff->digest);
    cty_member_u64(jw, "offered", handoff->entry->entry.time);
    cty_member_u64(jw, "offered_index", handoff->entry->entry.index);
    member_opt_content(jw, "reason", "reason_base64", handoff->reason);
    cty_member_u64(jw, "releases", offer->scope.releases);
    cty_member_names(jw, "services", &offer->scope.services);
    cty_member_text(jw, "state", cty_handoff_word(handoff, now));
    cty_member(jw, "to", handoff->to);
    cty_member_u64(jw, "until", offer->scope.expires);
    cty_jw_object_end(jw);
}

custody_err cty_handoffs_member(const struct cty_judgement *judgement, uint64_t now, struct cty_jw *jw)
{
    CTY_CLEANUP(cty_handoffs_done) struct cty_handoffs map = {.count = 0};
    CTY_TRY(cty_handoffs_read(judgement, &map));
    cty_jw_name(jw, "handoffs");
    cty_jw_array(jw);
    for (size_t i = 0; i < map.count; i++)
        member_handoff(jw, &map.list[i], now);
    cty_jw_array_end(jw);
    return CUSTODY_OK;
}

/* --- questions and consent ------------------------------------------------------------------------------- */

const char *cty_consent_word(const struct cty_case *record)
{
    switch ((enum cty_consent_state)record->consent) {
    case CTY_CONSENT_WANTED:
        return "wanted";
    case CTY_CONSENT_REFUSED:
        return "refused";
    case CTY_CONSENT_GIVEN:
        return "given";
    case CTY_CONSENT_NONE:
        break;
    }
    return NULL;
}

static custody_err put_consent(struct cty_buf *out, const struct cty_case *c)
{
    const char *word = cty_consent_word(c);
    if (!word)
        return CUSTODY_OK;
    return cty_put_linef(out, "consent", "%s, of %.*s", word, (int)c->holder.size, (const char *)c->holder.data);
}

static custody_err put_question(struct cty_buf *out, const struct cty_question *question)
{
    const char *gone = "not at hand: it is not yours to read, or it was erased";
    CTY_TRY(cty_put_linef(out, "question", "%s, by %.*s",
                          question->answer ? "answered" : question->open ? "OPEN" : "ended without an answer",
                          (int)question->from.size, (const char *)question->from.data));
    CTY_TRY(cty_put_line(out, "  asks", question->text.data ? question->text : cty_bytes_text(gone)));
    if (question->answer)
        CTY_TRY(cty_put_line(out, "  answer",
                             question->answer_text.data ? question->answer_text : cty_bytes_text(gone)));
    return cty_put_line_hash(out, "  digest", &question->digest);
}

custody_err cty_talk_show(const struct cty_judgement *judgement, struct cty_buf *out)
{
    CTY_CLEANUP(cty_questions_done) struct cty_questions questions = {.count = 0};
    CTY_TRY(put_consent(out, &judgement->record));
    CTY_TRY(cty_questions_read(judgement, &questions));
    for (size_t i = 0; i < questions.count; i++)
        CTY_TRY(put_question(out, &questions.list[i]));
    return CUSTODY_OK;
}

custody_err cty_questions_member(const struct cty_judgement *judgement, struct cty_jw *jw)
{
    CTY_CLEANUP(cty_questions_done) struct cty_questions questions = {.count = 0};
    CTY_TRY(cty_questions_read(judgement, &questions));
    cty_jw_name(jw, "questions");
    cty_jw_array(jw);
    for (size_t i = 0; i < questions.count; i++) {
        const struct cty_question *question = &questions.list[i];
        cty_jw_object(jw);
        member_opt_content(jw, "answer", "answer_base64", question->answer_text);
        cty_member_hash(jw, "digest", &question->digest);
        cty_member(jw, "from", question->from);
        cty_member_u64(jw, "index", question->entry->entry.index);
        cty_member_bool(jw, "open", question->open);
        member_opt_content(jw, "question", "question_base64", question->text);
        cty_member_u64(jw, "time", question->entry->entry.time);
        cty_jw_object_end(jw);
    }
    cty_jw_array_end(jw);
    return CUSTODY_OK;
}
