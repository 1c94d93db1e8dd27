/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of what approvers and the holder say to each other while a case is held. */
#include "escrow/inner.h"

custody_err cty_talk_count(struct fold *f)
{
    if (f->the_case.talk == CTY_TALK_MAX)
        return cty_fail(f->error, CUSTODY_E_LIMIT_REACHED, "more than %u offers and questions in a case",
                        CTY_TALK_MAX);
    f->the_case.talk++;
    return CUSTODY_OK;
}

custody_err cty_rule_question(struct fold *f)
{
    struct cty_case *c = &f->the_case;
    struct cty_actor_record approver;
    CTY_TRY(cty_case_open(f));
    CTY_TRY(cty_actor_valid(f, f->st->signers[0], &approver));
    CTY_TRY(cty_role_check(f, &approver, NULL));
    if (c->questions_count == CTY_QUESTIONS_MAX)
        return cty_fail(f->error, CUSTODY_E_LIMIT_REACHED, "more than %u questions without an answer",
                        CTY_QUESTIONS_MAX);
    CTY_TRY(cty_talk_count(f));
    c->questions[c->questions_count++] = *f->in->digest;
    return cty_case_store(f, &f->st->case_id);
}

static custody_err take_question(struct fold *f, const struct cty_hash *digest)
{
    struct cty_case *c = &f->the_case;
    for (uint32_t i = 0; i < c->questions_count; i++) {
        if (!cty_hash_equal(&c->questions[i], digest))
            continue;
        c->questions_count--;
        memmove(&c->questions[i], &c->questions[i + 1], (c->questions_count - i) * sizeof(c->questions[0]));
        return CUSTODY_OK;
    }
    return cty_fail_code(f->error, CUSTODY_E_NO_QUESTION);
}

custody_err cty_rule_answer(struct fold *f)
{
    CTY_TRY(cty_case_open(f));
    CTY_TRY(cty_holder_check(f));
    CTY_TRY(take_question(f, &f->st->u.answer.question));
    return cty_case_store(f, &f->st->case_id);
}

/* A refusal can be taken back; an acceptance can't, since approvals may rest on it. */
custody_err cty_rule_consent(struct fold *f)
{
    const struct cty_consent *consent = &f->st->u.consent;
    struct cty_case *c = &f->the_case;
    CTY_TRY(cty_case_open(f));
    CTY_TRY(cty_holder_check(f));
    if (c->consent != CTY_CONSENT_WANTED && c->consent != CTY_CONSENT_REFUSED)
        return cty_fail(f->error, CUSTODY_E_STATE_ILLEGAL, "no consent is asked for");
    if (c->consent == CTY_CONSENT_REFUSED && consent->choice == CTY_CONSENT_REFUSE)
        return cty_fail(f->error, CUSTODY_E_STATE_ILLEGAL, "it is refused already");
    if (!cty_hash_equal(&consent->patch, &c->payload_at))
        return cty_fail(f->error, CUSTODY_E_PAYLOAD_MISMATCH, "the newest patch is %s", cty_hex64(&c->payload_at).text);
    c->consent = consent->choice == CTY_CONSENT_ACCEPT ? CTY_CONSENT_GIVEN : CTY_CONSENT_REFUSED;
    cty_anchor_move(f);
    return cty_case_store(f, &f->st->case_id);
}
