/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of the trust chain: who is enrolled, by whom, with which keys, and which policies hold. */
#include "escrow/inner.h"

#include <stdio.h>

#include "model/policy.h"

custody_err cty_key_put(struct fold *f, struct cty_bytes vkey, enum cty_key_type type, struct cty_bytes name,
                        const char *use)
{
    struct cty_bytes own;
    struct cty_key key;
    custody_err err = cty_vkey_parse(vkey, type, &own, &key);
    if (err == CUSTODY_E_ALG_MISMATCH)
        return cty_fail(f->error, err, "%s key of " NAME_FMT, use, NAME_ARG(name));
    if (err != CUSTODY_OK || !cty_bytes_equal(own, name))
        return cty_fail(f->error, CUSTODY_E_BAD_KEY, "%s key of " NAME_FMT, use, NAME_ARG(name));
    struct cty_hash raw;
    memcpy(raw.bytes, key.bytes, sizeof(raw.bytes));
    char record_key[CTY_VIEW_KEY_MAX] = "key/";
    memcpy(record_key + 4, cty_hex64(&raw).text, 65);
    for (size_t i = 0; i < f->delta->count; i++) {
        if (strcmp(f->delta->puts[i].key, record_key) == 0)
            return cty_fail(f->error, CUSTODY_E_DUPLICATE_KEY, "twice in this statement");
    }
    enum cty_view_status status;
    struct cty_key_record record = {0};
    CTY_TRY(cty_fold_get(f, &cty_shape_key_record, &record, &status, "%s", record_key));
    if (status == CTY_VIEW_UNKNOWN)
        f->unjudged |= CTY_UNJUDGED_KEY;
    if (status == CTY_VIEW_PRESENT)
        return cty_fail(f->error, CUSTODY_E_DUPLICATE_KEY, "it is " NAME_FMT "'s", NAME_ARG(record.name));
    record = (struct cty_key_record){name, cty_bytes_text(use)};
    return cty_fold_put(f, &cty_shape_key_record, &record, "%s", record_key);
}

static custody_err check_new_person(struct fold *f, const struct cty_enrolment *enrolment, struct cty_bytes party)
{
    if (!enrolment->person.present || enrolment->owner.data)
        return cty_fail(f->error, CUSTODY_E_PERSON_MISMATCH, NAME_FMT " needs a person, and no owner",
                        NAME_ARG(enrolment->actor));
    struct hex64 id = cty_hex32(enrolment->person.bits);
    struct cty_person_record record = {0};
    enum cty_view_status status;
    CTY_TRY(cty_fold_get(f, &cty_shape_person_record, &record, &status, "person/%s", id.text));
    if (status == CTY_VIEW_UNKNOWN)
        f->unjudged |= CTY_UNJUDGED_PERSON;
    if (status == CTY_VIEW_PRESENT && !cty_bytes_equal(record.party, party))
        return cty_fail(f->error, CUSTODY_E_PERSON_MISMATCH, "the person is enrolled in " NAME_FMT,
                        NAME_ARG(record.party));
    if (enrolment->key_custody == CTY_KEY_OPERATOR && cty_names_have(&enrolment->roles, CTY_LITERAL("admin")))
        return cty_fail(f->error, CUSTODY_E_KEY_CLASS, NAME_FMT " is named as admin, and the operator has the key",
                        NAME_ARG(enrolment->actor));
    record.party = party;
    return cty_fold_put(f, &cty_shape_person_record, &record, "person/%s", id.text);
}

static custody_err check_new_machine(struct fold *f, const struct cty_enrolment *enrolment, struct cty_bytes party)
{
    if (enrolment->person.present || !enrolment->owner.data || enrolment->name.present)
        return cty_fail(f->error, CUSTODY_E_BAD_OWNER, NAME_FMT " needs an owner, and is no person",
                        NAME_ARG(enrolment->actor));
    struct cty_actor_record owner;
    bool known = false;
    CTY_TRY(cty_actor_get(f, enrolment->owner, &owner, &known));
    if (!known || cty_actor_valid(f, enrolment->owner, &owner) != CUSTODY_OK ||
        owner.enrolment.kind != CTY_PERSON || !cty_bytes_equal(cty_actor_party(enrolment->owner), party))
        return cty_fail(f->error, CUSTODY_E_BAD_OWNER, NAME_FMT, NAME_ARG(enrolment->owner));
    if (cty_names_have(&enrolment->roles, CTY_LITERAL("admin")))
        return cty_fail(f->error, CUSTODY_E_NOT_HUMAN, NAME_FMT " can't be an admin", NAME_ARG(enrolment->actor));
    return CUSTODY_OK;
}

/* The name and the keys are new. */
static custody_err enrol_keys(struct fold *f, const struct cty_enrolment *enrolment, struct cty_bytes party)
{
    struct cty_actor_record actor;
    bool present = false;
    if (!cty_bytes_equal(cty_actor_party(enrolment->actor), party))
        return cty_fail(f->error, CUSTODY_E_BAD_MEMBER, NAME_FMT " is not of party " NAME_FMT,
                        NAME_ARG(enrolment->actor), NAME_ARG(party));
    CTY_TRY(cty_actor_get(f, enrolment->actor, &actor, &present));
    if (present)
        return cty_fail(f->error, CUSTODY_E_DUPLICATE_ACTOR, NAME_FMT, NAME_ARG(enrolment->actor));
    CTY_TRY(cty_key_put(f, enrolment->key, CTY_KEY_ED25519, enrolment->actor, "actor"));
    if (enrolment->sealing_key.data)
        return cty_key_put(f, enrolment->sealing_key, CTY_KEY_X25519, enrolment->actor, "sealing");
    return CUSTODY_OK;
}

/* The rest of the enrolment, vouched for by so many persons. */
static custody_err enrol_actor(struct fold *f, const struct cty_enrolment *enrolment, struct cty_bytes party,
                               uint64_t vouchers, bool recovered)
{
    if (enrolment->kind == CTY_PERSON)
        CTY_TRY(check_new_person(f, enrolment, party));
    else
        CTY_TRY(check_new_machine(f, enrolment, party));
    if (enrolment->valid_until != 0 &&
        (enrolment->valid_until <= f->time || enrolment->valid_until <= enrolment->valid_from))
        return cty_fail(f->error, CUSTODY_E_BACK_DATED, "valid_until of " NAME_FMT, NAME_ARG(enrolment->actor));
    struct cty_actor_record actor = {.digest = *f->in->digest, .enrolment = *enrolment,
                                     .index = f->in->entry->index, .recovered = recovered,
                                     .vouchers = vouchers};
    return cty_fold_put(f, &cty_shape_actor_record, &actor, "actor/" NAME_FMT, NAME_ARG(enrolment->actor));
}

/* The first admins of a party: all persons, all admins, no person twice. */
static custody_err check_first_admins(struct fold *f, const struct cty_enrolment *admins, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (admins[i].kind != CTY_PERSON || !cty_names_have(&admins[i].roles, CTY_LITERAL("admin")))
            return cty_fail(f->error, CUSTODY_E_NOT_HUMAN, NAME_FMT " is named as admin: a person with that role",
                            NAME_ARG(admins[i].actor));
        for (uint32_t k = 0; k < i; k++) {
            if (memcmp(admins[i].person.bits, admins[k].person.bits, 16) == 0)
                return cty_fail(f->error, CUSTODY_E_DUPLICATE_HUMAN, NAME_FMT " and " NAME_FMT,
                                NAME_ARG(admins[k].actor), NAME_ARG(admins[i].actor));
        }
    }
    return CUSTODY_OK;
}

static custody_err put_party(struct fold *f, struct cty_bytes name, const struct cty_enrolment *admins,
                             uint32_t count, uint64_t vouchers, const struct cty_recovery *recovery)
{
    for (uint32_t i = 0; i < count; i++)
        CTY_TRY(enrol_keys(f, &admins[i], name));
    for (uint32_t i = 0; i < count; i++)
        CTY_TRY(enrol_actor(f, &admins[i], name, vouchers, false));
    CTY_TRY(check_first_admins(f, admins, count));
    struct cty_party_record party = {.admin_quorum = count < 2 ? 1 : 2, .admins = count, .name = name};
    if (recovery && recovery->present) {
        party.recovery_quorum = recovery->quorum;
        party.recovery_roles = recovery->roles;
    }
    return cty_fold_put(f, &cty_shape_party_record, &party, "party/" NAME_FMT, NAME_ARG(name));
}

/* The policy's text, and the persons who published it. */
static custody_err put_policy(struct fold *f, struct cty_bytes text, const struct cty_author_record *authors)
{
    struct hex64 digest = cty_hex64(f->in->digest);
    CTY_TRY(cty_fold_put_raw(f, text, "policy/%s", digest.text));
    return cty_fold_put(f, &cty_shape_author_record, authors, "author/%s", digest.text);
}

static custody_err open_policy(struct fold *f, const struct cty_ledger_open *open, const struct cty_policy *policy)
{
    struct cty_author_record authors = {.persons_count = 0};
    if (policy->admin_quorum > open->admins_count)
        return cty_fail(f->error, CUSTODY_E_QUORUM_UNREACHABLE, "%llu of %u admins",
                        (unsigned long long)policy->admin_quorum, open->admins_count);
    f->ledger.admin_quorum = policy->admin_quorum;
    for (uint32_t i = 0; i < open->admins_count; i++)
        memcpy(authors.persons[authors.persons_count++].bits, open->admins[i].person.bits, 16);
    return put_policy(f, open->policy, &authors);
}

custody_err cty_rule_ledger_open(struct fold *f)
{
    const struct cty_ledger_open *open = &f->st->u.ledger_open;
    char clerk[CTY_ORIGIN_BYTES_MAX + 8];
    int length = snprintf(clerk, sizeof(clerk), NAME_FMT "/clerk", NAME_ARG(f->st->ledger));
    struct cty_bytes clerk_name = cty_bytes_make(clerk, (size_t)length);
    struct cty_policy policy;
    CTY_TRY(cty_policy_parse(open->policy, f->tape, &policy, f->error));
    CTY_TRY(cty_key_put(f, open->log_key, CTY_KEY_ED25519, f->st->ledger, "log"));
    CTY_TRY(cty_key_put(f, open->clerk_key, CTY_KEY_ED25519, clerk_name, "clerk"));
    CTY_TRY(put_party(f, open->party, open->admins, open->admins_count, open->admins_count, &policy.recovery));
    CTY_TRY(open_policy(f, open, &policy));
    f->ledger.clerk_key = open->clerk_key;
    f->ledger.log_key = open->log_key;
    f->ledger.operator_party = open->party;
    f->ledger.origin = f->st->ledger;
    f->ledger.policy = *f->in->digest;
    f->ledger.readers = open->readers;
    return CUSTODY_OK;
}

custody_err cty_rule_party_enrol(struct fold *f)
{
    const struct cty_party_enrol *enrolment = &f->st->u.party_enrol;
    struct cty_party_record party = {0};
    enum cty_view_status status;
    CTY_TRY(cty_fold_get(f, &cty_shape_party_record, &party, &status, "party/" NAME_FMT, NAME_ARG(enrolment->party)));
    if (status == CTY_VIEW_UNKNOWN)
        return cty_fail(f->error, CUSTODY_E_INTERNAL, "party " NAME_FMT " is unknown", NAME_ARG(enrolment->party));
    if (status == CTY_VIEW_PRESENT)
        return cty_fail(f->error, CUSTODY_E_DUPLICATE_PARTY, NAME_FMT, NAME_ARG(enrolment->party));
    uint32_t first = f->st->signers_count - enrolment->admins_count;
    uint64_t vouchers = 0;
    CTY_TRY(cty_admins_check(f, f->ledger.operator_party, 0, first, f->ledger.admin_quorum, &vouchers));
    return put_party(f, enrolment->party, enrolment->admins, enrolment->admins_count, vouchers, NULL);
}

static custody_err get_party(struct fold *f, struct cty_bytes name, struct cty_party_record *ret_party)
{
    enum cty_view_status status;
    memset(ret_party, 0, sizeof(*ret_party));
    CTY_TRY(cty_fold_get(f, &cty_shape_party_record, ret_party, &status, "party/" NAME_FMT, NAME_ARG(name)));
    if (status == CTY_VIEW_UNKNOWN)
        return cty_fail(f->error, CUSTODY_E_INTERNAL, "party " NAME_FMT " is unknown", NAME_ARG(name));
    if (status != CTY_VIEW_PRESENT)
        return cty_fail(f->error, CUSTODY_E_PARTY_UNKNOWN, NAME_FMT, NAME_ARG(name));
    return CUSTODY_OK;
}

/* Who the operator's admins are decides over the ledger: then its quorum counts too, where that is more. */
static uint64_t quorum_of(const struct fold *f, const struct cty_party_record *party, bool of_admin)
{
    bool ledger = of_admin && cty_bytes_equal(party->name, f->ledger.operator_party);
    return ledger && f->ledger.admin_quorum > party->admin_quorum ? f->ledger.admin_quorum : party->admin_quorum;
}

/*
 * Enough admins of the party, or, for what concerns an admin, enough of those whom its policy names for recovery: so a
 * party that lost its admins' keys has a way back that it chose before.
 */
static custody_err check_vouchers(struct fold *f, const struct cty_party_record *party, uint32_t from, bool of_admin,
                                  uint64_t *ret_persons, bool *ret_recovered)
{
    uint32_t to = f->st->signers_count;
    custody_err err = cty_admins_check(f, party->name, from, to, quorum_of(f, party, of_admin), ret_persons);
    bool short_of = err == CUSTODY_E_WRONG_ROLE || err == CUSTODY_E_UNDER_THRESHOLD;
    *ret_recovered = false;
    if (!short_of || !of_admin || party->recovery_quorum == 0)
        return err;
    custody_error first = f->error ? *f->error : (custody_error){0};
    custody_err other = cty_recovery_check(f, party, from, to, ret_persons);
    if (other == CUSTODY_E_VIEW_INCOMPLETE || other == CUSTODY_OK) {
        *ret_recovered = other == CUSTODY_OK;
        return other;
    }
    if (f->error && err != CUSTODY_E_UNDER_THRESHOLD)
        return other;
    if (f->error)
        *f->error = first;
    return err;
}

custody_err cty_rule_actor_enrol(struct fold *f)
{
    const struct cty_enrolment *enrolment = &f->st->u.actor_enrol.enrolment;
    struct cty_bytes name = cty_actor_party(enrolment->actor);
    struct cty_party_record party;
    CTY_TRY(get_party(f, name, &party));
    uint64_t vouchers = 0;
    bool recovered = false;
    bool admin = enrolment->kind == CTY_PERSON && cty_names_have(&enrolment->roles, CTY_LITERAL("admin"));
    CTY_TRY(check_vouchers(f, &party, 1, admin, &vouchers, &recovered));
    if (recovered && enrolment->roles.count != 1)
        return cty_fail(f->error, CUSTODY_E_WRONG_ROLE, "recovery enrols " NAME_FMT " as admin and nothing else",
                        NAME_ARG(enrolment->actor));
    CTY_TRY(enrol_keys(f, enrolment, name));
    CTY_TRY(enrol_actor(f, enrolment, name, vouchers, recovered));
    if (!admin)
        return CUSTODY_OK;
    party.admins++;
    return cty_fold_put(f, &cty_shape_party_record, &party, "party/" NAME_FMT, NAME_ARG(name));
}

static custody_err check_revoke_signers(struct fold *f, const struct cty_actor_record *actor,
                                        const struct cty_party_record *party)
{
    uint64_t persons = 0;
    bool recovered = false;
    if (f->st->signers_count == 1 && cty_bytes_equal(f->st->signers[0], actor->enrolment.actor))
        return CUSTODY_OK;
    return check_vouchers(f, party, 0, cty_actor_has_role(actor, "admin"), &persons, &recovered);
}

/* A second revocation may only move `since` back: a theft can turn out to be older than was thought. */
static custody_err check_since(struct fold *f, bool again, uint64_t before)
{
    const struct cty_actor_revoke *revoke = &f->st->u.actor_revoke;
    if (revoke->since > f->time)
        return cty_fail(f->error, CUSTODY_E_BACK_DATED, "since must be a time up to now");
    if (again && revoke->since >= before)
        return cty_fail(f->error, CUSTODY_E_STATE_ILLEGAL, NAME_FMT " is revoked already", NAME_ARG(revoke->actor));
    return CUSTODY_OK;
}

/* A key that the actor had before: what it signed from then on no longer counts, the actor stays. */
static custody_err revoke_former(struct fold *f, struct cty_actor_record *actor)
{
    const struct cty_actor_revoke *revoke = &f->st->u.actor_revoke;
    for (uint32_t i = 0; i < actor->former_count; i++) {
        struct cty_former_key *former = &actor->former[i];
        if (!cty_bytes_equal(former->key, revoke->key))
            continue;
        CTY_TRY(check_since(f, former->revoked, former->revoked_since));
        former->revoked = true;
        former->revoked_since = revoke->since;
        return CUSTODY_OK;
    }
    return cty_fail(f->error, CUSTODY_E_KEY_UNKNOWN, "it was never a key of " NAME_FMT " before", NAME_ARG(revoke->actor));
}

static custody_err revoke_actor(struct fold *f, struct cty_actor_record *actor, struct cty_party_record *party)
{
    const struct cty_actor_revoke *revoke = &f->st->u.actor_revoke;
    bool again = actor->revoked_index != 0;
    CTY_TRY(check_since(f, again, actor->revoked_since));
    actor->revoked_index = f->in->entry->index;
    actor->revoked_since = revoke->since;
    if (again || !cty_actor_has_role(actor, "admin"))
        return CUSTODY_OK;
    party->admins--;
    return cty_fold_put(f, &cty_shape_party_record, party, "party/" NAME_FMT, NAME_ARG(party->name));
}

custody_err cty_rule_actor_revoke(struct fold *f)
{
    const struct cty_actor_revoke *revoke = &f->st->u.actor_revoke;
    struct cty_actor_record actor;
    struct cty_party_record party;
    bool present = false;
    CTY_TRY(cty_actor_get(f, revoke->actor, &actor, &present));
    if (!present)
        return cty_fail(f->error, CUSTODY_E_KEY_UNKNOWN, NAME_FMT, NAME_ARG(revoke->actor));
    CTY_TRY(get_party(f, cty_actor_party(revoke->actor), &party));
    CTY_TRY(check_revoke_signers(f, &actor, &party));
    if (revoke->key.data)
        CTY_TRY(revoke_former(f, &actor));
    else
        CTY_TRY(revoke_actor(f, &actor, &party));
    return cty_fold_put(f, &cty_shape_actor_record, &actor, "actor/" NAME_FMT, NAME_ARG(revoke->actor));
}

static custody_err check_replaces(struct fold *f, const struct cty_opt_hash *replaces,
                                  const struct cty_opt_hash *in_force)
{
    bool same = replaces->present == in_force->present &&
                (!replaces->present || cty_hash_equal(&replaces->hash, &in_force->hash));
    if (!same)
        return cty_fail(f->error, CUSTODY_E_POLICY_MISMATCH, "replaces is not the policy in force");
    return CUSTODY_OK;
}

static custody_err list_authors(struct fold *f, struct cty_author_record *ret_authors)
{
    for (uint32_t i = 0; i < f->st->signers_count; i++) {
        struct cty_actor_record admin;
        CTY_TRY(cty_actor_valid(f, f->st->signers[i], &admin));
        memcpy(ret_authors->persons[ret_authors->persons_count++].bits, admin.enrolment.person.bits, 16);
    }
    return CUSTODY_OK;
}

/* The newest policy that speaks for the party's admins says who may recover them. */
static custody_err adopt_policy(struct fold *f, const struct cty_policy *policy, bool whole,
                                struct cty_party_record *party)
{
    party->recovery_quorum = policy->recovery.quorum;
    party->recovery_roles = policy->recovery.roles;
    if (whole) {
        f->ledger.admin_quorum = policy->admin_quorum;
        f->ledger.policy = *f->in->digest;
    } else {
        party->admin_quorum = policy->admin_quorum;
        party->policy = (struct cty_opt_hash){*f->in->digest, true};
    }
    return cty_fold_put(f, &cty_shape_party_record, party, "party/" NAME_FMT, NAME_ARG(party->name));
}

custody_err cty_rule_policy_publish(struct fold *f)
{
    const struct cty_policy_publish *publish = &f->st->u.policy_publish;
    bool whole = cty_bytes_is(publish->scope, "ledger");
    struct cty_bytes name = whole ? f->ledger.operator_party : publish->scope;
    struct cty_party_record party;
    CTY_TRY(get_party(f, name, &party));
    uint64_t persons = 0;
    uint64_t quorum = whole ? f->ledger.admin_quorum : quorum_of(f, &party, true);
    CTY_TRY(cty_admins_check(f, name, 0, f->st->signers_count, quorum, &persons));
    struct cty_opt_hash ledger_policy = {f->ledger.policy, true};
    CTY_TRY(check_replaces(f, &publish->replaces, whole ? &ledger_policy : &party.policy));
    struct cty_policy policy;
    CTY_TRY(cty_policy_parse(publish->policy, f->tape, &policy, f->error));
    if (policy.admin_quorum > party.admins)
        return cty_fail(f->error, CUSTODY_E_QUORUM_UNREACHABLE, "%llu of %llu admins",
                        (unsigned long long)policy.admin_quorum, (unsigned long long)party.admins);
    struct cty_author_record authors = {.persons_count = 0};
    CTY_TRY(list_authors(f, &authors));
    CTY_TRY(put_policy(f, publish->policy, &authors));
    return adopt_policy(f, &policy, whole, &party);
}

static custody_err want(struct cty_view *view, const char *prefix, struct cty_bytes name)
{
    enum cty_view_status status;
    struct cty_bytes value;
    char key[CTY_VIEW_KEY_MAX];
    snprintf(key, sizeof(key), "%s" NAME_FMT, prefix, NAME_ARG(name));
    return cty_view_get(view, key, &status, &value);
}

/* A line that is no key is refused later. */
static custody_err want_key(struct cty_view *view, struct cty_bytes vkey, enum cty_key_type type)
{
    struct cty_bytes own;
    struct cty_key key;
    struct cty_hash raw;
    if (!vkey.data || cty_vkey_read(vkey, type, &own, &key) != CUSTODY_OK)
        return CUSTODY_OK;
    memcpy(raw.bytes, key.bytes, sizeof(raw.bytes));
    return want(view, "key/", cty_bytes_text(cty_hex64(&raw).text));
}

static custody_err want_enrolment(struct cty_view *view, const struct cty_enrolment *enrolment)
{
    CTY_TRY(want(view, "actor/", enrolment->actor));
    CTY_TRY(want_key(view, enrolment->key, CTY_KEY_ED25519));
    CTY_TRY(want_key(view, enrolment->sealing_key, CTY_KEY_X25519));
    if (enrolment->person.present)
        CTY_TRY(want(view, "person/", cty_bytes_text(cty_hex32(enrolment->person.bits).text)));
    return CUSTODY_OK;
}

custody_err cty_enrolments_want(struct cty_view *view, const struct cty_statement *st)
{
    const struct cty_enrolment *list = NULL;
    uint32_t count = 0;
    if (st->type == CTY_LEDGER_OPEN) {
        list = st->u.ledger_open.admins;
        count = st->u.ledger_open.admins_count;
        CTY_TRY(want_key(view, st->u.ledger_open.log_key, CTY_KEY_ED25519));
        CTY_TRY(want_key(view, st->u.ledger_open.clerk_key, CTY_KEY_ED25519));
    } else if (st->type == CTY_PARTY_ENROL) {
        list = st->u.party_enrol.admins;
        count = st->u.party_enrol.admins_count;
        CTY_TRY(want(view, "party/", st->u.party_enrol.party));
    } else if (st->type == CTY_ACTOR_ENROL) {
        list = &st->u.actor_enrol.enrolment;
        count = 1;
        CTY_TRY(want(view, "party/", cty_actor_party(list->actor)));
    } else if (st->type == CTY_ACTOR_ROTATE) {
        CTY_TRY(want_key(view, st->u.actor_rotate.key, CTY_KEY_ED25519));
        CTY_TRY(want_key(view, st->u.actor_rotate.sealing_key, CTY_KEY_X25519));
    } else if (st->type == CTY_CUSTODIAN_ROTATE) {
        CTY_TRY(want_key(view, st->u.custodian_rotate.key, CTY_KEY_ED25519));
    }
    for (uint32_t i = 0; i < count; i++)
        CTY_TRY(want_enrolment(view, &list[i]));
    return CUSTODY_OK;
}
