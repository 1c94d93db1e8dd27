/* SPDX-License-Identifier: Apache-2.0 */
/* What is found beside the claims (spec/evidence.md, "Findings"), entry by entry, after each was judged. */
#include "audit/step.h"

#include <stdio.h>

#include "codec/text.h"

#define SKEW_MS_MAX (5u * 60u * 1000u)

/* The first signer's record; NULL where there is none. */
static custody_err look_signer(struct cty_step *step, const struct cty_statement *st, struct cty_actor_record *own,
                               const struct cty_actor_record **ret_actor)
{
    char key[CTY_VIEW_KEY_MAX];
    const void *record = NULL;
    cty_view_key(key, "actor/%.*s", (int)st->signers[0].size, (const char *)st->signers[0].data);
    CTY_TRY(cty_step_look(step, &cty_shape_actor_record, key, own, &record));
    *ret_actor = record;
    return CUSTODY_OK;
}

static custody_err find_weak_enrolment(struct cty_step *step, const struct cty_parsed_entry *parsed)
{
    const struct cty_statement *st = &parsed->signed_statement.statement;
    struct cty_actor_record own;
    const struct cty_actor_record *actor = NULL;
    if (st->type != CTY_DECISION)
        return CUSTODY_OK;
    CTY_TRY(look_signer(step, st, &own, &actor));
    if (actor && actor->vouchers == 1)
        cty_report_finding(step->report, "one-voucher", step->at,
                           "%.*s decided, and is enrolled on one %s's word", (int)st->signers[0].size,
                           (const char *)st->signers[0].data, actor->recovered ? "recoverer" : "admin");
    return CUSTODY_OK;
}

/* ---- who vouched for whom ---- */

/* The persons that vouch in an enrolment, one after the other, under each name that they vouch for. */
static custody_err note_vouchers(struct cty_step *step, const struct cty_statement *st, uint32_t from, uint32_t to,
                                 struct cty_bytes name)
{
    char key[CTY_VIEW_KEY_MAX];
    uint8_t persons[CTY_SIGNERS_MAX * 16];
    size_t used = 0;
    for (uint32_t i = from; i < to; i++) {
        struct cty_actor_record actor;
        bool found = false;
        CTY_TRY(cty_step_actor(step->memory, st->signers[i], &actor, &found));
        if (!found || !actor.enrolment.person.present)
            continue;
        memcpy(persons + used, actor.enrolment.person.bits, 16);
        used += 16;
    }
    snprintf(key, sizeof(key), "voucher %.*s", (int)name.size, (const char *)name.data);
    return cty_memory_put(step->asked, key, cty_bytes_make(persons, used));
}

static custody_err note_enrolment(struct cty_step *step, const struct cty_statement *st)
{
    if (st->type == CTY_ACTOR_ENROL)
        return note_vouchers(step, st, 1, st->signers_count, st->u.actor_enrol.enrolment.actor);
    const struct cty_party_enrol *party = &st->u.party_enrol;
    uint32_t own = st->type == CTY_PARTY_ENROL ? party->admins_count : 0;
    for (uint32_t i = 0; i < own; i++)
        CTY_TRY(note_vouchers(step, st, 0, st->signers_count - own, party->admins[i].actor));
    return CUSTODY_OK;
}

static bool in_ancestry(const struct cty_case *c, const uint8_t person[16])
{
    for (uint32_t i = 0; i < c->persons_count; i++) {
        if (memcmp(c->persons[i].bits, person, 16) == 0)
            return true;
    }
    return false;
}

/*
 * Nobody sees in a ledger that two names are one person. What can be seen: somebody who came after the request, on the
 * word of none but those who may not approve it themselves.
 */
static custody_err find_new_friend(struct cty_step *step, const struct cty_statement *st, const struct cty_case *c)
{
    struct cty_actor_record own;
    const struct cty_actor_record *actor = NULL;
    char key[CTY_VIEW_KEY_MAX];
    if (st->type != CTY_DECISION || st->u.decision.choice != CTY_APPROVE)
        return CUSTODY_OK;
    CTY_TRY(look_signer(step, st, &own, &actor));
    if (!actor || actor->index <= c->opened)
        return CUSTODY_OK;
    snprintf(key, sizeof(key), "voucher %.*s", (int)st->signers[0].size, (const char *)st->signers[0].data);
    struct cty_bytes vouchers = cty_memory_get(step->asked, key);
    for (size_t i = 0; i < vouchers.size; i += 16) {
        if (!in_ancestry(c, vouchers.data + i))
            return CUSTODY_OK;
    }
    if (vouchers.size)
        cty_report_finding(step->report, "enrolment-suspect", step->at,
                           "%.*s approved, and was enrolled by entry %llu, after the request, by persons who may not "
                           "approve it",
                           (int)st->signers[0].size, (const char *)st->signers[0].data, (unsigned long long)actor->index);
    return CUSTODY_OK;
}

/* ---- approvals that travel ---- */

static void travelled_key(const struct cty_hash *decision, char out[CTY_VIEW_KEY_MAX])
{
    size_t used = (size_t)snprintf(out, CTY_VIEW_KEY_MAX, "travelled ");
    cty_hex_write(decision->bytes, CTY_HASH_SIZE, out + used);
}

static custody_err note_travelled(struct cty_step *step, const struct cty_statement *st)
{
    char key[CTY_VIEW_KEY_MAX];
    for (uint32_t i = 0; st->type == CTY_VERDICT && i < st->u.verdict.travelled_count; i++) {
        travelled_key(&st->u.verdict.travelled[i], key);
        CTY_TRY(cty_memory_put(step->asked, key, CTY_LITERAL("yes")));
    }
    return CUSTODY_OK;
}

bool cty_step_travelled(const struct cty_step *step, const struct cty_hash *decision)
{
    char key[CTY_VIEW_KEY_MAX];
    travelled_key(decision, key);
    return cty_memory_get(step->asked, key).data != NULL;
}

/* ---- the rest ---- */

static void find_skew(struct cty_step *step, const struct cty_parsed_entry *parsed)
{
    uint64_t said = parsed->signed_statement.statement.time;
    uint64_t entered = parsed->entry.time;
    uint64_t apart = said > entered ? said - entered : entered - said;
    if (apart > SKEW_MS_MAX)
        cty_report_finding(step->report, "clock-skew", step->at,
                           "its signer's clock says %llu s %s the entry", (unsigned long long)(apart / 1000),
                           said > entered ? "after" : "before");
}

static void asked_key(const struct cty_case *c, char out[CTY_REPORT_TEXT_MAX * 3])
{
    snprintf(out, CTY_REPORT_TEXT_MAX * 3, "%.*s %.*s %.*s", (int)c->requester.size, (const char *)c->requester.data,
             (int)c->service.size, (const char *)c->service.data, (int)c->action.size, (const char *)c->action.data);
}

/* A no, then the same question again: told, for people to judge. */
static custody_err find_asked_again(struct cty_step *step, const struct cty_parsed_entry *parsed,
                                    const struct cty_case *c)
{
    char key[CTY_REPORT_TEXT_MAX * 3];
    asked_key(c, key);
    if (c->state == CTY_CASE_REFUSED || c->state == CTY_CASE_REJECTED)
        return cty_memory_put(step->asked, key, CTY_LITERAL("no"));
    if (parsed->signed_statement.statement.type == CTY_REQUEST && cty_memory_get(step->asked, key).data)
        cty_report_finding(step->report, "denied-then-asked", step->at,
                           "%.*s asks again for what was refused or rejected before", (int)c->requester.size,
                           (const char *)c->requester.data);
    return CUSTODY_OK;
}

static custody_err find_in_case(struct cty_step *step, const struct cty_parsed_entry *parsed, const struct cty_case *c)
{
    const struct cty_statement *st = &parsed->signed_statement.statement;
    custody_error error = {0};
    if (!step->missing)
        step->cases[cty_outlook_of(c)]++;
    if (cty_case_check(c, &error) != CUSTODY_OK)
        cty_report_fail(step->report, CTY_CLAIM_LAWFUL, CUSTODY_E_STATE_ILLEGAL, step->at, "%s", error.detail);
    CTY_TRY(find_new_friend(step, st, c));
    if (st->type == CTY_REQUEST && c->parent.present && c->scope.present && step->missing)
        step->siblings_unknown = true;
    if (st->type == CTY_OUTCOME && c->late)
        cty_report_finding(step->report, "late-outcome", step->at, "the outcome came after its deadline");
    CTY_TRY(cty_step_deadline(step, st, c));
    return find_asked_again(step, parsed, c);
}

custody_err cty_step_findings(struct cty_step *step, const struct cty_parsed_entry *parsed)
{
    struct cty_case own;
    char key[CTY_VIEW_KEY_MAX] = "case/";
    const void *c = NULL;
    const struct cty_statement *st = &parsed->signed_statement.statement;
    cty_memo_turn(step->view.memo); /* the fold is over: what it looked at may make room */
    CTY_TRY(find_weak_enrolment(step, parsed));
    find_skew(step, parsed);
    CTY_TRY(note_enrolment(step, st));
    CTY_TRY(note_travelled(step, st));
    if (step->delta.touches_case) {
        cty_hex_write(step->delta.case_id.bytes, CTY_HASH_SIZE, key + 5);
        CTY_TRY(cty_step_look(step, &cty_shape_case, key, &own, &c));
    }
    if (c)
        CTY_TRY(find_in_case(step, parsed, c));
    return cty_suspects_note(step, st, c);
}
