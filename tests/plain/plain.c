/* SPDX-License-Identifier: Apache-2.0 */
/* What is judged of every entry, and the trust chain. */
#include "plain/plain.h"

#include <stdio.h>
#include <string.h>

bool plain_is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* `?` is one byte, `*` any bytes: by a table of which ends of both fit together. */
bool plain_glob(const char *pattern, const char *text)
{
    bool fits[PLAIN_NAME + 1][PLAIN_NAME + 1] = {{false}};
    size_t ps = strlen(pattern), ts = strlen(text);
    if (!*pattern)
        return true;
    fits[ps][ts] = true;
    for (size_t i = ps; i-- > 0;) {
        for (size_t k = ts + 1; k-- > 0;) {
            if (pattern[i] == '*')
                fits[i][k] = fits[i + 1][k] || (k < ts && fits[i][k + 1]);
            else
                fits[i][k] = k < ts && (pattern[i] == '?' || pattern[i] == text[k]) && fits[i + 1][k + 1];
        }
    }
    return fits[0][0];
}

int plain_actor(const struct plain *p, const char *name)
{
    for (int i = 0; i < p->actors_count; i++) {
        if (strcmp(p->actors[i].enrolment.name, name) == 0)
            return i;
    }
    return PLAIN_NONE;
}

const struct plain_party *plain_party(const struct plain *p, const char *name)
{
    for (int i = 0; i < p->parties_count; i++) {
        if (strcmp(p->parties[i].name, name) == 0)
            return &p->parties[i];
    }
    return NULL;
}

const struct plain_policy *plain_policy_of(const struct plain *p, int entry)
{
    for (int i = 0; i < p->policies_count; i++) {
        if (p->policy_entries[i] == entry)
            return &p->policies[i];
    }
    return NULL;
}

bool plain_valid(const struct plain_actor *actor, plain_number time)
{
    const struct plain_enrolment *e = &actor->enrolment;
    return !actor->revoked && e->valid_from <= time && (e->valid_until == 0 || time <= e->valid_until);
}

bool plain_has(const void *names, int count, const char *name)
{
    for (int i = 0; i < count; i++) {
        if (strcmp((const char *)names + (size_t)i * PLAIN_NAME, name) == 0)
            return true;
    }
    return false;
}

void plain_party_part(const char *actor, plain_name ret_party)
{
    snprintf(ret_party, PLAIN_NAME, "%s", actor);
    char *slash = strchr(ret_party, '/');
    if (slash)
        *slash = 0;
    else
        ret_party[0] = 0;
}

static bool is_admin(const struct plain_actor *actor, const char *party)
{
    return actor->enrolment.kind == 1 && strcmp(actor->party, party) == 0 &&
           plain_has(actor->enrolment.roles, actor->enrolment.roles_count, "admin");
}

/* A person of the party with one of the roles, and with a key that the operator does not hold. */
static bool may_sign(const struct plain_actor *actor, const char *party, const void *roles, int roles_count)
{
    if (actor->enrolment.kind != 1 || actor->enrolment.custody == PLAIN_OPERATOR || strcmp(actor->party, party) != 0)
        return false;
    for (int i = 0; i < roles_count; i++) {
        const char *role = (const char *)roles + (size_t)i * PLAIN_NAME;
        if (plain_has(actor->enrolment.roles, actor->enrolment.roles_count, role))
            return true;
    }
    return false;
}

/* Signers from..to have one of the roles, and are as many distinct persons as the quorum says. */
static const char *persons_sign(const struct plain *p, const struct plain_event *e, const char *party,
                                const void *roles, int roles_count, int from, int to, int quorum)
{
    int persons[PLAIN_SIGNERS], count = 0;
    for (int i = from; i < to; i++) {
        const struct plain_actor *actor = &p->actors[plain_actor(p, e->signers[i])];
        if (!may_sign(actor, party, roles, roles_count))
            return "wrong-role";
        bool known = false;
        for (int k = 0; k < count; k++)
            known = known || persons[k] == actor->enrolment.person;
        if (!known)
            persons[count++] = actor->enrolment.person;
    }
    return count < quorum ? "under-threshold" : NULL;
}

static const char *admins_sign(const struct plain *p, const struct plain_event *e, const char *party, int from, int to,
                               int quorum)
{
    static const plain_name admin = "admin";
    return persons_sign(p, e, party, admin, 1, from, to, quorum);
}

/* What concerns the operator's admins, or its policy, needs as many as the ledger does too. */
static int quorum_of(const struct plain *p, const struct plain_party *party, bool of_admin)
{
    bool operator = of_admin && party == &p->parties[0];
    return operator && p->ledger_quorum > party->admin_quorum ? p->ledger_quorum : party->admin_quorum;
}

/* Admins, or where an admin is concerned those whom the policy names for recovery. */
static const char *vouchers_sign(const struct plain *p, const struct plain_event *e, const char *name, int from,
                                 bool of_admin, bool *ret_recovered)
{
    const struct plain_party *party = plain_party(p, name);
    const char *refusal = admins_sign(p, e, name, from, e->signers_count, quorum_of(p, party, of_admin));
    *ret_recovered = false;
    if (!refusal || !of_admin || party->recovery_quorum == 0)
        return refusal;
    const char *other = persons_sign(p, e, name, party->recovery_roles, party->recovery_roles_count, from,
                                     e->signers_count, party->recovery_quorum);
    *ret_recovered = !other;
    return other && strcmp(refusal, "under-threshold") == 0 ? refusal : other;
}

static bool key_used(const struct plain *p, int key)
{
    for (int i = 0; i < p->keys_count; i++) {
        if (p->keys[i] == key)
            return true;
    }
    return false;
}

static const char *enrolment_rule(const struct plain *p, const struct plain_enrolment *e, plain_number time)
{
    plain_name party;
    plain_party_part(e->name, party);
    if (e->kind == 1) {
        if (e->person == PLAIN_NONE || e->owner[0])
            return "person-mismatch";
        for (int i = 0; i < p->actors_count; i++) {
            if (p->actors[i].enrolment.person == e->person && strcmp(p->actors[i].party, party) != 0)
                return "person-mismatch";
        }
        if (e->custody == PLAIN_OPERATOR && plain_has(e->roles, e->roles_count, "admin"))
            return "key-class";
    } else {
        int owner = plain_actor(p, e->owner);
        if (e->person != PLAIN_NONE || !e->owner[0] || owner == PLAIN_NONE)
            return "bad-owner";
        if (!plain_valid(&p->actors[owner], time) || p->actors[owner].enrolment.kind != 1 ||
            strcmp(p->actors[owner].party, party) != 0)
            return "bad-owner";
        if (plain_has(e->roles, e->roles_count, "admin"))
            return "not-human";
    }
    if (e->valid_until != 0 && (e->valid_until <= time || e->valid_until <= e->valid_from))
        return "back-dated";
    return NULL;
}

static void add_actor(struct plain *p, const struct plain_enrolment *e)
{
    struct plain_actor *actor = &p->actors[p->actors_count++];
    memset(actor, 0, sizeof(*actor));
    actor->enrolment = *e;
    plain_party_part(e->name, actor->party);
    p->keys[p->keys_count++] = e->key;
}

static void add_party(struct plain *p, const char *name, const struct plain_enrolment *admins, int count)
{
    struct plain_party *party = &p->parties[p->parties_count++];
    snprintf(party->name, sizeof(party->name), "%s", name);
    party->admin_quorum = count < 2 ? count : 2;
    party->policy = PLAIN_NONE;
    for (int i = 0; i < count; i++)
        add_actor(p, &admins[i]);
}

static void add_author(struct plain *p, int person)
{
    int place = p->policies_count - 1;
    p->authors[place][p->authors_counts[place]++] = person;
}

/* Who published it is added behind. */
static void add_policy(struct plain *p, const struct plain_policy *policy, int entry)
{
    p->policies[p->policies_count] = *policy;
    p->authors_counts[p->policies_count] = 0;
    p->policy_entries[p->policies_count++] = entry;
}

static void set_recovery(struct plain_party *party, const struct plain_policy *policy)
{
    party->recovery_quorum = policy->recovery_quorum;
    party->recovery_roles_count = policy->recovery_roles_count;
    memcpy(party->recovery_roles, policy->recovery_roles, sizeof(party->recovery_roles));
}

void plain_open(struct plain *p, plain_number time, const char *party, const struct plain_enrolment *admins,
                int count, int log_key, int clerk_key, const struct plain_policy *policy)
{
    p->keys[p->keys_count++] = log_key;
    p->keys[p->keys_count++] = clerk_key;
    add_party(p, party, admins, count);
    set_recovery(&p->parties[0], policy);
    add_policy(p, policy, 0);
    for (int i = 0; i < count; i++)
        add_author(p, admins[i].person);
    p->ledger_quorum = policy->admin_quorum;
    p->ledger_policy = 0;
    p->size = 1;
    p->time = time;
    p->ids[0] = 0;
}

void plain_copy(const struct plain *from, struct plain *to)
{
    memcpy(to, from, offsetof(struct plain, policies));
    memcpy(to->policies, from->policies, sizeof(from->policies[0]) * (size_t)from->policies_count);
    memcpy(to->authors, from->authors, sizeof(from->authors[0]) * (size_t)from->policies_count);
    memcpy(to->authors_counts, from->authors_counts, sizeof(int) * (size_t)from->policies_count);
    memcpy(to->cases, from->cases, sizeof(from->cases[0]) * (size_t)from->cases_count);
    memcpy(to->ids, from->ids, sizeof(from->ids[0]) * (size_t)from->size);
}

static const char *party_enrol(struct plain *p, const struct plain_event *e)
{
    if (plain_party(p, e->party))
        return "duplicate-party";
    int first = e->signers_count - e->enrolments_count;
    const char *refusal = admins_sign(p, e, p->parties[0].name, 0, first, p->ledger_quorum);
    if (refusal)
        return refusal;
    for (int i = 0; i < e->enrolments_count; i++) {
        if (plain_actor(p, e->enrolments[i].name) != PLAIN_NONE)
            return "duplicate-actor";
        if (key_used(p, e->enrolments[i].key))
            return "duplicate-key";
        for (int k = 0; k < i; k++) {
            if (e->enrolments[k].key == e->enrolments[i].key)
                return "duplicate-key";
        }
    }
    for (int i = 0; i < e->enrolments_count; i++) {
        refusal = enrolment_rule(p, &e->enrolments[i], e->time);
        if (refusal)
            return refusal;
    }
    for (int i = 0; i < e->enrolments_count; i++) {
        const struct plain_enrolment *admin = &e->enrolments[i];
        if (admin->kind != 1 || !plain_has(admin->roles, admin->roles_count, "admin"))
            return "not-human";
        for (int k = 0; k < i; k++) {
            if (e->enrolments[k].person == admin->person)
                return "duplicate-human";
        }
    }
    add_party(p, e->party, e->enrolments, e->enrolments_count);
    return NULL;
}

static const char *actor_enrol(struct plain *p, const struct plain_event *e)
{
    const struct plain_enrolment *fresh = &e->enrolments[0];
    plain_name name;
    plain_party_part(fresh->name, name);
    const struct plain_party *party = plain_party(p, name);
    if (!party)
        return "party-unknown";
    bool of_admin = fresh->kind == 1 && plain_has(fresh->roles, fresh->roles_count, "admin");
    bool recovered = false;
    const char *refusal = vouchers_sign(p, e, name, 1, of_admin, &recovered);
    if (refusal)
        return refusal;
    if (recovered && fresh->roles_count != 1)
        return "wrong-role";
    if (plain_actor(p, fresh->name) != PLAIN_NONE)
        return "duplicate-actor";
    if (key_used(p, fresh->key))
        return "duplicate-key";
    refusal = enrolment_rule(p, fresh, e->time);
    if (refusal)
        return refusal;
    add_actor(p, fresh);
    return NULL;
}

/* A former key of the actor; PLAIN_NONE: the key was never that. */
static int former_place(const struct plain_actor *actor, int key)
{
    for (int i = 0; i < actor->former_count; i++) {
        if (actor->former[i].key == key)
            return i;
    }
    return PLAIN_NONE;
}

static const char *actor_revoke(struct plain *p, const struct plain_event *e)
{
    int place = plain_actor(p, e->revoked), former = PLAIN_NONE;
    if (place == PLAIN_NONE)
        return "key-unknown";
    struct plain_actor *actor = &p->actors[place];
    if (e->signers_count != 1 || strcmp(e->signers[0], e->revoked) != 0) {
        bool of_admin = plain_has(actor->enrolment.roles, actor->enrolment.roles_count, "admin");
        bool recovered = false;
        const char *refusal = vouchers_sign(p, e, actor->party, 0, of_admin, &recovered);
        if (refusal)
            return refusal;
    }
    if (e->key != PLAIN_NONE)
        former = former_place(actor, e->key);
    if (e->key != PLAIN_NONE && former == PLAIN_NONE)
        return "key-unknown";
    bool *revoked = former == PLAIN_NONE ? &actor->revoked : &actor->former[former].revoked;
    plain_number *since = former == PLAIN_NONE ? &actor->since : &actor->former[former].since;
    if (e->since > e->time)
        return "back-dated";
    if (*revoked && e->since >= *since)
        return "state-illegal";
    *revoked = true;
    *since = e->since;
    return NULL;
}

static const char *actor_rotate(struct plain *p, const struct plain_event *e)
{
    struct plain_actor *actor = &p->actors[plain_actor(p, e->signers[0])];
    if (key_used(p, e->key))
        return "duplicate-key";
    if (actor->former_count == PLAIN_ROTATIONS)
        return "limit-reached";
    actor->former[actor->former_count].key = actor->enrolment.key;
    actor->former[actor->former_count].revoked = false;
    actor->former[actor->former_count].hardware = actor->enrolment.custody == PLAIN_HARDWARE;
    if (actor->enrolment.custody == PLAIN_HARDWARE)
        actor->enrolment.custody = PLAIN_SELF;
    actor->former_count++;
    actor->enrolment.key = e->key;
    p->keys[p->keys_count++] = e->key;
    return NULL;
}

static const char *custodian_rotate(struct plain *p, const struct plain_event *e)
{
    const char *refusal = admins_sign(p, e, p->parties[0].name, 0, e->signers_count - 1, p->ledger_quorum);
    if (refusal)
        return refusal;
    if (key_used(p, e->key))
        return "duplicate-key";
    p->keys[p->keys_count++] = e->key;
    return NULL;
}

static const char *ledger_close(struct plain *p, const struct plain_event *e)
{
    const char *refusal = admins_sign(p, e, p->parties[0].name, 0, e->signers_count, p->ledger_quorum);
    if (refusal)
        return refusal;
    if (e->closing != p->size + 1)
        return "wrong-size";
    p->closed = true;
    return NULL;
}

static const char *policy_publish(struct plain *p, const struct plain_event *e)
{
    bool whole = strcmp(e->party, "ledger") == 0;
    const char *name = whole ? p->parties[0].name : e->party;
    if (!plain_party(p, name))
        return "party-unknown";
    struct plain_party *party = &p->parties[plain_party(p, name) - p->parties];
    const char *refusal = admins_sign(p, e, name, 0, e->signers_count,
                                      whole ? p->ledger_quorum : quorum_of(p, party, true));
    if (refusal)
        return refusal;
    if (e->replaces != (whole ? p->ledger_policy : party->policy))
        return "policy-mismatch";
    int admins = 0;
    for (int i = 0; i < p->actors_count; i++)
        admins += is_admin(&p->actors[i], name) && !p->actors[i].revoked;
    if (e->policy.admin_quorum > admins)
        return "quorum-unreachable";
    add_policy(p, &e->policy, p->size);
    for (int i = 0; i < e->signers_count; i++)
        add_author(p, p->actors[plain_actor(p, e->signers[i])].enrolment.person);
    set_recovery(party, &e->policy);
    if (whole) {
        p->ledger_quorum = e->policy.admin_quorum;
        p->ledger_policy = p->size;
    } else {
        party->admin_quorum = e->policy.admin_quorum;
        party->policy = p->size;
    }
    return NULL;
}

const char *plain_trust_rule(struct plain *p, const struct plain_event *e)
{
    if (e->kind == PLAIN_PARTY_ENROL)
        return party_enrol(p, e);
    if (e->kind == PLAIN_ACTOR_ENROL)
        return actor_enrol(p, e);
    if (e->kind == PLAIN_ACTOR_REVOKE)
        return actor_revoke(p, e);
    if (e->kind == PLAIN_ACTOR_ROTATE)
        return actor_rotate(p, e);
    if (e->kind == PLAIN_CUSTODIAN_ROTATE)
        return custodian_rotate(p, e);
    return e->kind == PLAIN_LEDGER_CLOSE ? ledger_close(p, e) : policy_publish(p, e);
}

static bool of_clerk(enum plain_kind kind)
{
    return kind == PLAIN_VERDICT || kind == PLAIN_RELEASE || kind == PLAIN_EXPIRY;
}

static bool of_trust(enum plain_kind kind)
{
    return kind <= PLAIN_POLICY_PUBLISH;
}

/* Whether the types of signers are those that the law gives to the type. */
static bool signers_lawful(const struct plain_event *e)
{
    if (of_clerk(e->kind))
        return e->signers_count == 1 && strcmp(e->signers[0], "clerk") == 0;
    if (!of_trust(e->kind) && e->signers_count != 1)
        return false;
    bool rotates = e->kind == PLAIN_ACTOR_ROTATE || e->kind == PLAIN_CUSTODIAN_ROTATE;
    int actors = e->signers_count - (rotates ? 1 : 0);
    if (rotates && (actors < 1 || strcmp(e->signers[actors], "new") != 0))
        return false;
    if (e->kind == PLAIN_ACTOR_ROTATE && actors != 1)
        return false;
    for (int i = 0; i < actors; i++) {
        if (!strchr(e->signers[i], '/'))
            return false;
    }
    if (e->kind == PLAIN_ACTOR_ENROL)
        return strcmp(e->signers[0], e->enrolments[0].name) == 0;
    if (e->kind != PLAIN_PARTY_ENROL)
        return true;
    int first = e->signers_count - e->enrolments_count;
    for (int i = 0; i < e->enrolments_count && first > 0; i++) {
        if (strcmp(e->signers[first + i], e->enrolments[i].name) != 0)
            return false;
    }
    return first > 0;
}

static bool enrolled_here(const struct plain_event *e, const char *name)
{
    for (int i = 0; (e->kind == PLAIN_PARTY_ENROL || e->kind == PLAIN_ACTOR_ENROL) && i < e->enrolments_count; i++) {
        if (strcmp(e->enrolments[i].name, name) == 0)
            return true;
    }
    return false;
}

static const char *signers_rule(const struct plain *p, const struct plain_event *e)
{
    if (!signers_lawful(e))
        return "wrong-signer";
    if (of_clerk(e->kind))
        return e->signatures ? NULL : "signature-invalid";
    int actors = e->signers_count;
    if (strcmp(e->signers[actors - 1], "new") == 0)
        actors--;
    for (int i = 0; i < actors; i++) {
        if (!enrolled_here(e, e->signers[i]) && plain_actor(p, e->signers[i]) == PLAIN_NONE)
            return "key-unknown";
    }
    for (int i = 0; i < actors; i++) {
        if (!enrolled_here(e, e->signers[i]) && !plain_valid(&p->actors[plain_actor(p, e->signers[i])], e->time))
            return "key-not-valid";
    }
    return e->signatures ? NULL : "signature-invalid";
}

static const char *place_rule(const struct plain *p, const struct plain_event *e)
{
    const char *is = e->kind == PLAIN_VERDICT ? "verdict" : e->kind == PLAIN_RELEASE ? "release" : NULL;
    if (!is != !p->wanted)
        return "out-of-place";
    if (is && (strcmp(is, p->wanted) != 0 || e->the_case != p->wanted_case))
        return "out-of-place";
    return NULL;
}

static const char *any_rule(const struct plain *p, const struct plain_event *e)
{
    bool joins = e->kind > PLAIN_REQUEST;
    if (!e->linked || (!joins && e->has_case_prev))
        return "chain-broken";
    if (e->time < p->time)
        return "time-went-backwards";
    if (p->closed)
        return "after-terminal";
    for (int i = 0; i < p->size; i++) {
        if (p->ids[i] == e->id)
            return "duplicate-id";
    }
    if (!e->this_ledger)
        return "wrong-ledger";
    const char *refusal = signers_rule(p, e);
    if (!refusal)
        refusal = place_rule(p, e);
    if (refusal)
        return refusal;
    if (e->until < e->time)
        return "past-until";
    if (e->seen_size < 1 || e->seen_size > p->size || !e->seen_root)
        return "bad-seen";
    if (of_clerk(e->kind) && (e->said_time != e->time || e->until != e->time))
        return "clerk-mismatch";
    return NULL;
}

const char *plain_take(struct plain *p, const struct plain_event *e)
{
    const char *refusal = any_rule(p, e);
    if (refusal)
        return refusal;
    const char *wanted = p->wanted;
    p->wanted = NULL;
    refusal = of_trust(e->kind) ? plain_trust_rule(p, e) : plain_case_rule(p, e);
    if (refusal) {
        p->wanted = wanted;
        return refusal;
    }
    p->ids[p->size++] = e->id;
    p->time = e->time;
    return NULL;
}
