/* SPDX-License-Identifier: Apache-2.0 */
/* Actors: who is enrolled and valid, and whether enough admins signed. */
#include "escrow/inner.h"

custody_err cty_actor_get(struct fold *f, struct cty_bytes name, struct cty_actor_record *ret_actor, bool *ret_present)
{
    enum cty_view_status status;
    memset(ret_actor, 0, sizeof(*ret_actor));
    CTY_TRY(cty_fold_get(f, &cty_shape_actor_record, ret_actor, &status, "actor/" NAME_FMT, NAME_ARG(name)));
    /* Evidence holds the trust chain whole, so that every actor is present or absent. */
    if (status == CTY_VIEW_UNKNOWN)
        return cty_fail(f->error, CUSTODY_E_INTERNAL, "the record of " NAME_FMT " is unknown", NAME_ARG(name));
    *ret_present = status == CTY_VIEW_PRESENT;
    return CUSTODY_OK;
}

custody_err cty_actor_valid(struct fold *f, struct cty_bytes name, struct cty_actor_record *ret_actor)
{
    bool present = false;
    CTY_TRY(cty_actor_get(f, name, ret_actor, &present));
    if (!present)
        return cty_fail(f->error, CUSTODY_E_KEY_UNKNOWN, NAME_FMT, NAME_ARG(name));
    const struct cty_enrolment *enrolment = &ret_actor->enrolment;
    if (ret_actor->revoked_index != 0)
        return cty_fail(f->error, CUSTODY_E_KEY_NOT_VALID, NAME_FMT " was revoked by entry %llu", NAME_ARG(name),
                        (unsigned long long)ret_actor->revoked_index);
    if (enrolment->valid_from > f->time)
        return cty_fail(f->error, CUSTODY_E_KEY_NOT_VALID, NAME_FMT " is not valid yet", NAME_ARG(name));
    if (enrolment->valid_until != 0 && enrolment->valid_until < f->time)
        return cty_fail(f->error, CUSTODY_E_KEY_NOT_VALID, NAME_FMT " is no longer valid", NAME_ARG(name));
    return CUSTODY_OK;
}

bool cty_names_have(const struct cty_names *names, struct cty_bytes name)
{
    for (uint32_t i = 0; i < names->count; i++) {
        if (cty_bytes_equal(names->names[i], name))
            return true;
    }
    return false;
}

bool cty_actor_has_role(const struct cty_actor_record *actor, const char *role)
{
    return cty_names_have(&actor->enrolment.roles, cty_bytes_text(role));
}

static bool person_known(const struct cty_person_id *persons, uint64_t count, const uint8_t bits[16])
{
    for (uint64_t i = 0; i < count; i++) {
        if (memcmp(persons[i].bits, bits, sizeof(persons[i].bits)) == 0)
            return true;
    }
    return false;
}

bool cty_actor_has_one_of(const struct cty_actor_record *actor, const struct cty_names *roles)
{
    for (uint32_t i = 0; i < roles->count; i++) {
        if (cty_names_have(&actor->enrolment.roles, roles->names[i]))
            return true;
    }
    return false;
}

/* A person with a key of their own and one of the roles. */
static bool is_person_with(const struct cty_actor_record *actor, const struct cty_names *roles)
{
    return actor->enrolment.kind == CTY_PERSON && actor->enrolment.key_custody != CTY_KEY_OPERATOR &&
           cty_actor_has_one_of(actor, roles);
}

static custody_err check_persons(struct fold *f, struct cty_bytes party, const struct cty_names *roles, const char *what,
                                 uint32_t from, uint32_t to, uint64_t quorum, uint64_t *ret_persons)
{
    struct cty_person_id persons[CTY_SIGNERS_MAX];
    uint64_t count = 0;
    for (uint32_t i = from; i < to; i++) {
        struct cty_actor_record actor;
        CTY_TRY(cty_actor_valid(f, f->st->signers[i], &actor));
        if (!is_person_with(&actor, roles) || !cty_bytes_equal(cty_actor_party(f->st->signers[i]), party))
            return cty_fail(f->error, CUSTODY_E_WRONG_ROLE, NAME_FMT " is no %s of " NAME_FMT,
                            NAME_ARG(f->st->signers[i]), what, NAME_ARG(party));
        if (person_known(persons, count, actor.enrolment.person.bits))
            continue;
        memcpy(persons[count++].bits, actor.enrolment.person.bits, sizeof(persons[0].bits));
    }
    *ret_persons = count;
    if (count < quorum)
        return cty_fail(f->error, CUSTODY_E_UNDER_THRESHOLD, "%llu of %llu %ss of " NAME_FMT,
                        (unsigned long long)count, (unsigned long long)quorum, what, NAME_ARG(party));
    return CUSTODY_OK;
}

custody_err cty_admins_check(struct fold *f, struct cty_bytes party, uint32_t from, uint32_t to, uint64_t quorum,
                             uint64_t *ret_persons)
{
    struct cty_names admin = {.count = 1};
    admin.names[0] = CTY_LITERAL("admin");
    return check_persons(f, party, &admin, "admin", from, to, quorum, ret_persons);
}

custody_err cty_recovery_check(struct fold *f, const struct cty_party_record *party, uint32_t from, uint32_t to,
                               uint64_t *ret_persons)
{
    if (party->recovery_quorum == 0)
        return cty_fail(f->error, CUSTODY_E_WRONG_ROLE, "the policy of " NAME_FMT " names nobody for recovery",
                        NAME_ARG(party->name));
    return check_persons(f, party->name, &party->recovery_roles, "recoverer", from, to, party->recovery_quorum,
                         ret_persons);
}
