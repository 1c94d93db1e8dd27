/* SPDX-License-Identifier: Apache-2.0 */
/* Who may decide, which approvals count, and whether they are enough. */
#include "escrow/inner.h"

/* Whom a clause asks, by now: its own roles and parties, or those it was escalated to. */
struct asked {
    const struct cty_names *parties;
    const struct cty_names *roles;
};

static struct asked whom(const struct cty_clause *clause, bool escalated)
{
    if (escalated)
        return (struct asked){&clause->escalation.parties, &clause->escalation.roles};
    return (struct asked){&clause->parties, &clause->roles};
}

static bool takes_party(const struct cty_names *parties, struct cty_bytes party)
{
    return cty_names_have(parties, CTY_LITERAL("*")) || cty_names_have(parties, party);
}

static bool key_is_enough(const struct cty_clause *clause, const struct cty_actor_record *actor, uint64_t rotation)
{
    if (clause->key_custody != CTY_KEY_HARDWARE)
        return true;
    if (rotation < actor->former_count)
        return actor->former[rotation].hardware;
    return actor->enrolment.key_custody == CTY_KEY_HARDWARE;
}

static bool clause_took(const struct cty_clause *clause, const struct cty_actor_record *actor, bool escalated,
                        uint64_t rotation)
{
    struct asked asked = whom(clause, escalated);
    return takes_party(asked.parties, cty_actor_party(actor->enrolment.actor)) && cty_actor_has_one_of(actor, asked.roles) &&
           key_is_enough(clause, actor, rotation);
}

static bool clause_takes(const struct cty_clause *clause, const struct cty_actor_record *actor, bool escalated)
{
    return clause_took(clause, actor, escalated, actor->former_count);
}

static bool bit(uint64_t bits, uint32_t place)
{
    return (bits >> place & 1) != 0;
}

static bool in_ancestry(const struct cty_case *the_case, const struct cty_actor_record *actor)
{
    for (uint32_t i = 0; i < the_case->ancestry_count; i++) {
        if (cty_bytes_equal(the_case->ancestry[i], actor->enrolment.actor))
            return true;
    }
    return actor->enrolment.person.present && cty_case_is_ancestor(the_case, actor->enrolment.person.bits);
}

/* Why no clause takes the actor: its key, where one asks it otherwise; else the first clause says what it asks for. */
static custody_err refuse_role(struct fold *f, const struct cty_actor_record *actor, uint64_t escalated)
{
    struct cty_bytes name = actor->enrolment.actor;
    const struct cty_case *c = &f->the_case;
    const struct cty_names *roles = NULL;
    for (uint32_t i = 0; i < c->quorum_count; i++) {
        struct asked asked = whom(&c->quorum[i], bit(escalated, i));
        if (!takes_party(asked.parties, cty_actor_party(name)))
            continue;
        if (cty_actor_has_one_of(actor, asked.roles))
            return cty_fail(f->error, CUSTODY_E_KEY_CLASS, NAME_FMT ": a hardware key is asked for", NAME_ARG(name));
        roles = roles ? roles : asked.roles;
    }
    if (roles)
        return cty_fail(f->error, CUSTODY_E_WRONG_ROLE, NAME_FMT " lacks the role " NAME_FMT, NAME_ARG(name),
                        NAME_ARG(roles->names[0]));
    return cty_fail(f->error, CUSTODY_E_WRONG_ROLE, NAME_FMT " is of none of the parties that decide",
                    NAME_ARG(name));
}

custody_err cty_role_check(struct fold *f, const struct cty_actor_record *actor, uint64_t *ret_clauses)
{
    struct cty_bytes name = actor->enrolment.actor;
    uint64_t escalated = cty_case_escalated_at(&f->the_case, f->time);
    uint64_t takers = 0;
    if (actor->enrolment.kind != CTY_PERSON)
        return cty_fail(f->error, CUSTODY_E_NOT_HUMAN, NAME_FMT " is no person", NAME_ARG(name));
    if (actor->enrolment.key_custody == CTY_KEY_OPERATOR)
        return cty_fail(f->error, CUSTODY_E_KEY_CLASS, "the operator has the key of " NAME_FMT, NAME_ARG(name));
    for (uint32_t i = 0; i < f->the_case.quorum_count; i++) {
        if (clause_takes(&f->the_case.quorum[i], actor, bit(escalated, i)))
            takers |= (uint64_t)1 << i;
    }
    if (takers == 0)
        return refuse_role(f, actor, escalated);
    if (ret_clauses)
        *ret_clauses = takers;
    return CUSTODY_OK;
}

custody_err cty_approver_check(struct fold *f, const struct cty_actor_record *actor)
{
    CTY_TRY(cty_role_check(f, actor, NULL));
    if (in_ancestry(&f->the_case, actor))
        return cty_fail(f->error, CUSTODY_E_SELF_APPROVAL, NAME_FMT, NAME_ARG(actor->enrolment.actor));
    return CUSTODY_OK;
}

/* The shortest window of the clauses; 0 for none. */
static uint64_t window_of(const struct cty_case *c)
{
    uint64_t window = 0;
    for (uint32_t i = 0; i < c->quorum_count; i++) {
        uint64_t named = c->quorum[i].window_ms;
        if (named != 0 && (window == 0 || named < window))
            window = named;
    }
    return window;
}

static custody_err approval_counts(struct fold *f, const struct cty_case_decision *decision, bool ignore_expiry,
                                   bool *ret_counts)
{
    struct cty_actor_record actor;
    bool present = false;
    *ret_counts = false;
    CTY_TRY(cty_actor_get(f, decision->actor, &actor, &present));
    if (!present || cty_signed_by_thief(&actor, decision->rotation, decision->time))
        return CUSTODY_OK;
    uint64_t window = window_of(&f->the_case);
    if (!ignore_expiry && decision->expires < f->time)
        return CUSTODY_OK;
    if (!ignore_expiry && window != 0 && cty_time_after(decision->time, window) < f->time)
        return CUSTODY_OK;
    *ret_counts = !in_ancestry(&f->the_case, &actor);
    return CUSTODY_OK;
}

custody_err cty_approvals_counting(struct fold *f, bool ignore_expiry, uint32_t ret_places[CTY_DECISIONS_MAX],
                                   uint32_t *ret_count)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < f->the_case.decisions_count; i++) {
        bool counts = false;
        CTY_TRY(approval_counts(f, &f->the_case.decisions[i], ignore_expiry, &counts));
        if (counts)
            ret_places[count++] = i;
    }
    *ret_count = count;
    return CUSTODY_OK;
}

/* A set of short byte strings; persons and parties of one clause. */
struct set {
    struct cty_bytes items[CTY_DECISIONS_MAX];
    uint64_t count;
};

static bool set_has(const struct set *set, struct cty_bytes item)
{
    for (uint64_t i = 0; i < set->count; i++) {
        if (cty_bytes_equal(set->items[i], item))
            return true;
    }
    return false;
}

static void set_add(struct set *set, struct cty_bytes item)
{
    if (!set_has(set, item))
        set->items[set->count++] = item;
}

/* Whether the next place of an ordered clause is this actor's: approval number i is by role number i. */
static bool is_next(const struct cty_clause *clause, const struct cty_actor_record *actor, uint64_t taken,
                    bool escalated)
{
    if (!clause->ordered || escalated)
        return true;
    struct cty_names role = {.count = 1};
    role.names[0] = clause->roles.names[taken < clause->roles.count ? taken : clause->roles.count - 1];
    return cty_actor_has_one_of(actor, &role);
}

/* A person belongs to one party, so the number of parties never exceeds that of persons. */
static custody_err clause_count(struct fold *f, uint32_t place, const uint32_t *places, uint32_t count,
                                uint64_t *ret_have)
{
    const struct cty_clause *clause = &f->the_case.quorum[place];
    struct set persons = {.count = 0}, parties = {.count = 0};
    for (uint32_t i = 0; i < count; i++) {
        const struct cty_case_decision *decision = &f->the_case.decisions[places[i]];
        bool escalated = bit(decision->escalated, place);
        struct cty_actor_record actor;
        bool present = false;
        CTY_TRY(cty_actor_get(f, decision->actor, &actor, &present));
        if (!present || !clause_took(clause, &actor, escalated, decision->rotation) ||
            !is_next(clause, &actor, persons.count, escalated))
            continue;
        set_add(&persons, cty_bytes_make(decision->person, sizeof(decision->person)));
        set_add(&parties, cty_actor_party(decision->actor));
    }
    *ret_have = clause->distinct_parties ? parties.count : persons.count;
    return CUSTODY_OK;
}

static custody_err quorum_met(struct fold *f, const uint32_t *places, uint32_t count, bool *ret_met,
                           uint64_t ret_have[CTY_POLICIES_MAX])
{
    bool met = true;
    for (uint32_t i = 0; i < f->the_case.quorum_count; i++) {
        uint64_t have = 0;
        CTY_TRY(clause_count(f, i, places, count, &have));
        met = met && have >= f->the_case.quorum[i].approvals;
        if (ret_have)
            ret_have[i] = have;
    }
    *ret_met = met;
    return CUSTODY_OK;
}

custody_err cty_quorum_now(struct fold *f, bool ignore_expiry, uint32_t *ret_count, bool *ret_met,
                           uint64_t ret_have[CTY_POLICIES_MAX])
{
    uint32_t places[CTY_DECISIONS_MAX];
    CTY_TRY(cty_approvals_counting(f, ignore_expiry, places, ret_count));
    return quorum_met(f, places, *ret_count, ret_met, ret_have);
}

custody_err cty_not_decided(struct fold *f, const uint8_t person[16])
{
    uint32_t places[CTY_DECISIONS_MAX];
    uint32_t count = 0;
    CTY_TRY(cty_approvals_counting(f, false, places, &count));
    for (uint32_t i = 0; i < count; i++) {
        if (memcmp(f->the_case.decisions[places[i]].person, person, 16) == 0)
            return cty_fail(f->error, CUSTODY_E_DUPLICATE_HUMAN, "decided already");
    }
    return CUSTODY_OK;
}

custody_err cty_order_check(struct fold *f, const struct cty_actor_record *actor)
{
    const struct cty_case *c = &f->the_case;
    uint64_t have[CTY_POLICIES_MAX] = {0};
    uint64_t escalated = cty_case_escalated_at(c, f->time);
    uint32_t count = 0;
    bool met = false, waits = false;
    CTY_TRY(cty_quorum_now(f, false, &count, &met, have));
    for (uint32_t i = 0; i < c->quorum_count; i++) {
        if (!clause_takes(&c->quorum[i], actor, bit(escalated, i)))
            continue;
        if (is_next(&c->quorum[i], actor, have[i], bit(escalated, i)))
            return CUSTODY_OK;
        waits = true;
    }
    if (waits)
        return cty_fail(f->error, CUSTODY_E_OUT_OF_ORDER, "an approval of another role comes first");
    return CUSTODY_OK;
}

custody_err cty_previous_find(struct fold *f, struct cty_opt_hash *ret_previous)
{
    const struct cty_case *c = &f->the_case;
    uint32_t places[CTY_DECISIONS_MAX];
    uint32_t count = 0;
    bool ordered = false;
    for (uint32_t i = 0; i < c->quorum_count; i++)
        ordered = ordered || c->quorum[i].ordered;
    CTY_TRY(cty_approvals_counting(f, false, places, &count));
    *ret_previous = (struct cty_opt_hash){.present = ordered && count > 0};
    if (ret_previous->present)
        ret_previous->hash = c->decisions[places[count - 1]].digest;
    return CUSTODY_OK;
}

custody_err cty_previous_check(struct fold *f, const struct cty_opt_hash *previous)
{
    struct cty_opt_hash newest;
    CTY_TRY(cty_previous_find(f, &newest));
    if (previous->present != newest.present || (newest.present && !cty_hash_equal(&previous->hash, &newest.hash)))
        return cty_fail(f->error, CUSTODY_E_OUT_OF_ORDER, "previous is not the newest approval that counts");
    return CUSTODY_OK;
}
