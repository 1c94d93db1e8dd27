/* SPDX-License-Identifier: Apache-2.0 */
#include "client/map.h"

#include <stdlib.h>

#include "base/check.h"

/* An entry that outlives the walk. */
static custody_err keep_entry(struct cty_bytes text, struct cty_parsed_entry **ret_entry)
{
    struct cty_parsed_entry *entry = cty_alloc(1, sizeof(*entry));
    if (!entry)
        return CUSTODY_E_NO_MEMORY;
    custody_err err = cty_entry_parse(text, entry, NULL);
    if (err == CUSTODY_OK) {
        *ret_entry = entry;
        return CUSTODY_OK;
    }
    cty_parsed_entry_done(entry);
    free(entry);
    return err;
}

static void drop_entry(struct cty_parsed_entry *entry)
{
    cty_parsed_entry_done(entry);
    free(entry);
}

/* Data NULL where there is none at hand. */
static struct cty_bytes content_of(const struct cty_judgement *judgement, const struct cty_hash *digest,
                                   const char *member)
{
    struct cty_bytes content;
    return cty_judgement_content(judgement, digest, member, &content) == CUSTODY_OK ? content
                                                                                    : cty_bytes_make(NULL, 0);
}

/* ---- handoffs ---- */

struct mapping {
    const struct cty_judgement *judgement;
    struct cty_handoffs *handoffs;
};

void cty_handoffs_done(struct cty_handoffs *handoffs)
{
    for (size_t i = 0; i < handoffs->count; i++) {
        drop_entry(handoffs->list[i].entry);
        drop_entry(handoffs->list[i].answer);
    }
    free(handoffs->list);
    *handoffs = (struct cty_handoffs){.count = 0};
}

static custody_err add_offer(struct mapping *m, struct cty_bytes text)
{
    struct cty_handoffs *handoffs = m->handoffs;
    struct cty_handoff *grown = realloc(handoffs->list, (handoffs->count + 1) * sizeof(*grown));
    if (!grown)
        return CUSTODY_E_NO_MEMORY;
    handoffs->list = grown;
    struct cty_handoff *handoff = &handoffs->list[handoffs->count];
    *handoff = (struct cty_handoff){.state = CTY_OFFER_OPEN};
    CTY_TRY(keep_entry(text, &handoff->entry));
    handoffs->count++;
    const struct cty_signed *offer = &handoff->entry->signed_statement;
    handoff->offer = &offer->statement.u.offer;
    handoff->digest = offer->digest;
    handoff->from = offer->statement.signers[0];
    handoff->to = handoff->offer->to;
    handoff->context = content_of(m->judgement, &offer->digest, "context");
    handoff->obligations = content_of(m->judgement, &offer->digest, "obligations");
    return CUSTODY_OK;
}

static struct cty_handoff *find_offer(struct mapping *m, const struct cty_hash *offer)
{
    for (size_t i = 0; i < m->handoffs->count; i++) {
        if (cty_hash_equal(&m->handoffs->list[i].digest, offer))
            return &m->handoffs->list[i];
    }
    return NULL;
}

static custody_err end_offer(struct mapping *m, const struct cty_hash *offer, enum cty_offer_state state,
                             struct cty_bytes text)
{
    struct cty_handoff *handoff = find_offer(m, offer);
    if (!handoff || handoff->answer)
        return CUSTODY_OK; /* not lawful, which the claims tell */
    CTY_TRY(keep_entry(text, &handoff->answer));
    handoff->state = state;
    handoff->reason = content_of(m->judgement, &handoff->answer->signed_statement.digest, "reason");
    if (state == CTY_OFFER_ACCEPTED)
        handoff->to = handoff->answer->signed_statement.statement.signers[0];
    return CUSTODY_OK;
}

static custody_err map_entry(void *context, const struct cty_parsed_entry *entry, struct cty_bytes text)
{
    struct mapping *m = context;
    const struct cty_statement *st = &entry->signed_statement.statement;
    if (st->type == CTY_OFFER)
        return add_offer(m, text);
    if (st->type == CTY_ACCEPT)
        return end_offer(m, &st->u.accept.offer, CTY_OFFER_ACCEPTED, text);
    if (st->type == CTY_DECLINE)
        return end_offer(m, &st->u.decline.offer, CTY_OFFER_DECLINED, text);
    if (st->type == CTY_WITHDRAW)
        return end_offer(m, &st->u.withdraw.offer, CTY_OFFER_WITHDRAWN, text);
    return CUSTODY_OK;
}

/* One offer is open at a time, and none once the case has come to its end or was consumed. */
static void end_unanswered(struct mapping *m)
{
    int state = m->judgement->known ? m->judgement->record.state : CTY_CASE_HELD;
    bool open = state == CTY_CASE_HELD || state == CTY_CASE_RELEASED;
    for (size_t i = 0; i < m->handoffs->count; i++) {
        struct cty_handoff *handoff = &m->handoffs->list[i];
        handoff->over = !handoff->answer && (!open || i + 1 < m->handoffs->count);
    }
}

custody_err cty_handoffs_read(const struct cty_judgement *judgement, struct cty_handoffs *ret_handoffs)
{
    struct mapping m = {judgement, ret_handoffs};
    CTY_TRY(cty_judgement_each(judgement, map_entry, &m));
    end_unanswered(&m);
    return CUSTODY_OK;
}

const char *cty_handoff_word(const struct cty_handoff *handoff, uint64_t now)
{
    if (handoff->over || (!handoff->answer && now > handoff->offer->expires))
        return "lapsed";
    return cty_offer_state_names[handoff->state];
}

/* ---- questions ---- */

struct asking {
    const struct cty_judgement *judgement;
    struct cty_questions *questions;
};

void cty_questions_done(struct cty_questions *questions)
{
    for (size_t i = 0; i < questions->count; i++) {
        drop_entry(questions->list[i].entry);
        drop_entry(questions->list[i].answer);
    }
    free(questions->list);
    *questions = (struct cty_questions){.count = 0};
}

static custody_err add_question(struct asking *a, struct cty_bytes text)
{
    struct cty_questions *questions = a->questions;
    struct cty_question *grown = realloc(questions->list, (questions->count + 1) * sizeof(*grown));
    if (!grown)
        return CUSTODY_E_NO_MEMORY;
    questions->list = grown;
    struct cty_question *question = &questions->list[questions->count];
    *question = (struct cty_question){.open = true};
    CTY_TRY(keep_entry(text, &question->entry));
    questions->count++;
    const struct cty_signed *asked = &question->entry->signed_statement;
    question->digest = asked->digest;
    question->from = asked->statement.signers[0];
    question->text = content_of(a->judgement, &asked->digest, "question");
    return CUSTODY_OK;
}

static custody_err add_answer(struct asking *a, const struct cty_hash *digest, struct cty_bytes text)
{
    for (size_t i = 0; i < a->questions->count; i++) {
        struct cty_question *question = &a->questions->list[i];
        if (!cty_hash_equal(&question->digest, digest) || question->answer)
            continue;
        CTY_TRY(keep_entry(text, &question->answer));
        question->answer_text = content_of(a->judgement, &question->answer->signed_statement.digest, "answer");
        question->open = false;
    }
    return CUSTODY_OK;
}

static void end_questions(struct asking *a)
{
    for (size_t i = 0; i < a->questions->count; i++)
        a->questions->list[i].open = false;
}

static custody_err ask_entry(void *context, const struct cty_parsed_entry *entry, struct cty_bytes text)
{
    struct asking *a = context;
    const struct cty_statement *st = &entry->signed_statement.statement;
    if (st->type == CTY_QUESTION)
        return add_question(a, text);
    if (st->type == CTY_ANSWER)
        return add_answer(a, &st->u.answer.question, text);
    if (st->type == CTY_ACCEPT)
        end_questions(a);
    return CUSTODY_OK;
}

custody_err cty_questions_read(const struct cty_judgement *judgement, struct cty_questions *ret_questions)
{
    struct asking a = {judgement, ret_questions};
    CTY_TRY(cty_judgement_each(judgement, ask_entry, &a));
    if (judgement->known && judgement->record.state != CTY_CASE_HELD)
        end_questions(&a);
    return CUSTODY_OK;
}
