/* SPDX-License-Identifier: Apache-2.0 */
/* Who may decide, which approvals count, and whether they are enough. */
#include "escrow/inner.h"

static bool clause_takes(const struct cty_clause *clause, const struct cty_actor_record *actor)
{
    struct cty_bytes party = cty_actor_party(actor->enrolment.actor);
    if (!cty_names_have(&clause->parties, CTY_LITERAL("*")) && !cty_names_have(&clause->parties, party))
        return false;
    for (uint32_t i = 0; i < actor->enrolment.roles.count; i++) {
        if (cty_names_have(&clause->roles, actor->enrolment.roles.names[i]))
            return true;
    }
    return false;
}

static bool in_ancestry(const struct cty_case *the_case, const struct cty_actor_record *actor)
{
    for (uint32_t i = 0; i < the_case->ancestry_count; i++) {
        if (cty_bytes_equal(the_case->ancestry[i], actor->enrolment.actor))
            return true;
    }
    for (uint32_t i = 0; i < the_case->persons_count; i++) {
        if (actor->enrolment.person.present &&
            memcmp(the_case->persons[i].bits, actor->enrolment.person.bits, 16) == 0)
            return true;
    }
    return false;
}

custody_err cty_approver_check(struct fold *f, const struct cty_actor_record *actor)
{
    struct cty_bytes name = actor->enrolment.actor;
    if (actor->enrolment.kind != CTY_PERSON)
        return cty_fail(f->error, CUSTODY_E_NOT_HUMAN, NAME_FMT " is no person", NAME_ARG(name));
    bool taken = false;
    for (uint32_t i = 0; i < f->the_case.quorum_count; i++)
        taken = taken || clause_takes(&f->the_case.quorum[i], actor);
    if (!taken)
        return cty_fail(f->error, CUSTODY_E_WRONG_ROLE, NAME_FMT, NAME_ARG(name));
    if (in_ancestry(&f->the_case, actor))
        return cty_fail(f->error, CUSTODY_E_SELF_APPROVAL, NAME_FMT, NAME_ARG(name));
    return CUSTODY_OK;
}

static custody_err approval_counts(struct fold *f, const struct cty_case_decision *decision, bool ignore_expiry,
                                   bool *ret_counts)
{
    struct cty_actor_record actor;
    bool present = false;
    *ret_counts = false;
    CTY_TRY(cty_actor_get(f, decision->actor, &actor, &present));
    if (!present || (actor.revoked_index != 0 && actor.revoked_since <= decision->time))
        return CUSTODY_OK;
    if (!ignore_expiry && decision->expires < f->time)
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

static void set_add(struct set *set, struct cty_bytes item)
{
    for (uint64_t i = 0; i < set->count; i++) {
        if (cty_bytes_equal(set->items[i], item))
            return;
    }
    set->items[set->count++] = item;
}

/* A person belongs to one party, so the number of parties never exceeds that of persons. */
static custody_err clause_count(struct fold *f, const struct cty_clause *clause, const uint32_t *places,
                                uint32_t count, uint64_t *ret_have)
{
    struct set persons = {.count = 0}, parties = {.count = 0};
    for (uint32_t i = 0; i < count; i++) {
        const struct cty_case_decision *decision = &f->the_case.decisions[places[i]];
        struct cty_actor_record actor;
        bool present = false;
        CTY_TRY(cty_actor_get(f, decision->actor, &actor, &present));
        if (!present || !clause_takes(clause, &actor))
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
        CTY_TRY(clause_count(f, &f->the_case.quorum[i], places, count, &have));
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
