/* SPDX-License-Identifier: Apache-2.0 */
#include "plain/history.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"

#define MINUTES(n) ((plain_number)(n) * 60000)
#define HOURS(n) ((plain_number)(n) * 3600000)

struct history {
    struct bridge *b;
    uint64_t random;
    const uint8_t *bytes; /* where they are given, all choices come from them, and then it is over */
    size_t left;
    bool small, over;
    plain_number time;
    int ids, keys, persons, payloads, instances, names;
    struct tally *tally;
    struct plain_event event;
};

/* xorshift64*; the seed is never 0. */
static uint64_t random_bits(struct history *h)
{
    h->random ^= h->random >> 12;
    h->random ^= h->random << 25;
    h->random ^= h->random >> 27;
    return h->random * 2685821657736338717u >> 16;
}

static int next_byte(struct history *h)
{
    h->over = h->over || h->left == 0;
    if (h->over)
        return 0;
    h->left--;
    return *h->bytes++;
}

static int pick(struct history *h, int count)
{
    if (h->bytes)
        return (count > 256 ? next_byte(h) << 8 | next_byte(h) : next_byte(h)) % count;
    return (int)(random_bits(h) % (uint64_t)count);
}

static bool chance(struct history *h, int percent)
{
    return pick(h, 100) < percent;
}

/* The two may overlap: signers are named after names in the same event. */
static void name(plain_name to, const char *from)
{
    size_t size = strlen(from) + 1;
    CTY_CHECK(size <= PLAIN_NAME);
    memmove(to, from, size);
}

static void count_refusal(struct history *h, const char *code)
{
    size_t i = 0;
    while (i < h->tally->count && strcmp(h->tally->rows[i].code, code) != 0)
        i++;
    if (i == h->tally->count) {
        CTY_CHECK(i < CTY_COUNT_OF(h->tally->rows));
        snprintf(h->tally->rows[h->tally->count++].code, sizeof(h->tally->rows[0].code), "%s", code);
    }
    h->tally->rows[i].count++;
}

static void count_verdict(struct history *h, const struct plain_verdict *v)
{
    h->tally->travelled += v->travelled_count > 0;
    for (int i = 0; i < v->policies_count; i++)
        h->tally->conflicts += v->policies[i].conflict;
}

static const char *play(struct history *h, const struct cty_statement *said)
{
    const char *refusal = bridge_play(h->b, &h->event, said);
    count_refusal(h, refusal ? refusal : "taken");
    if (!refusal)
        h->tally->kinds[h->event.kind]++;
    if (!refusal && h->event.kind == PLAIN_VERDICT)
        count_verdict(h, &h->event.verdict);
    return refusal;
}

static struct plain *plain(struct history *h)
{
    return h->b->p;
}

static const char *any_actor(struct history *h)
{
    return plain(h)->actors[pick(h, plain(h)->actors_count)].enrolment.name;
}

/* A valid actor of the kind (PLAIN_NONE: any), with the role and of the party where they are named. */
static const char *some_actor(struct history *h, int kind, const char *role, const char *party)
{
    struct plain *p = plain(h);
    int start = pick(h, p->actors_count);
    for (int i = 0; i < p->actors_count; i++) {
        const struct plain_actor *actor = &p->actors[(start + i) % p->actors_count];
        bool fits = plain_valid(actor, h->time) && (kind == PLAIN_NONE || actor->enrolment.kind == kind) &&
                    (!party || strcmp(actor->party, party) == 0) &&
                    (!role || plain_has(actor->enrolment.roles, actor->enrolment.roles_count, role));
        if (fits)
            return actor->enrolment.name;
    }
    return any_actor(h);
}

static void begin(struct history *h, enum plain_kind kind, const char *signer)
{
    plain_name copy;
    name(copy, signer); /* it may stand in the event that is begun */
    bridge_begin(h->b, &h->event, kind, copy, h->time, ++h->ids);
}

/* Admins of the party who are enough for the quorum, mostly, each once. */
static void add_admins(struct history *h, const char *party, int quorum)
{
    struct plain_event *e = &h->event;
    int wanted = quorum + (chance(h, 10) ? -1 : 0) + (chance(h, 10) ? 1 : 0);
    for (int tries = 0; wanted > 0 && tries < 12 && e->signers_count < 4; tries++) {
        const char *admin = chance(h, 4) ? any_actor(h) : some_actor(h, 1, "admin", party);
        if (plain_has(e->signers, e->signers_count, admin))
            continue;
        name(e->signers[e->signers_count++], admin);
        wanted--;
    }
}

static void new_enrolment(struct history *h, struct plain_enrolment *e, const char *party, int kind)
{
    static const char *const roles[] = {"approver", "approver", "finance", "admin", "chief"};
    memset(e, 0, sizeof(*e));
    snprintf(e->name, PLAIN_NAME, "%s/n%d", party, h->names++);
    e->key = chance(h, 4) ? pick(h, h->keys) : h->keys++;
    e->kind = kind;
    e->person = PLAIN_NONE;
    if (kind == 1 || chance(h, 3))
        e->person = chance(h, 25) ? pick(h, h->persons) : h->persons++;
    if (kind != 1 || chance(h, 3))
        name(e->owner, chance(h, 8) ? any_actor(h) : some_actor(h, 1, NULL, party));
    if (chance(h, 85))
        name(e->roles[e->roles_count++], roles[pick(h, kind == 1 || chance(h, 5) ? 5 : 3)]);
    if (chance(h, 20) && !plain_has(e->roles, e->roles_count, "finance"))
        name(e->roles[e->roles_count++], "finance");
    if (kind == 1 && chance(h, 30))
        e->custody = chance(h, 75) ? PLAIN_HARDWARE : PLAIN_OPERATOR;
    if (chance(h, 10))
        e->valid_from = h->time + MINUTES(pick(h, 30) - 10);
    if (chance(h, 15))
        e->valid_until = h->time + MINUTES(pick(h, 600) - 20);
}

static const char *random_party(struct history *h)
{
    return plain(h)->parties[pick(h, plain(h)->parties_count)].name;
}

static void actor_enrol(struct history *h)
{
    plain_name party;
    name(party, chance(h, 3) ? "nowhere" : random_party(h));
    struct plain_enrolment e;
    new_enrolment(h, &e, party, chance(h, 65) ? 1 : chance(h, 70) ? 0 : 2);
    if (chance(h, 3))
        name(e.name, any_actor(h));
    begin(h, PLAIN_ACTOR_ENROL, chance(h, 3) ? any_actor(h) : e.name);
    plain_party_part(e.name, party);
    h->event.enrolments[h->event.enrolments_count++] = e;
    add_admins(h, party, plain_party(plain(h), party) ? plain_party(plain(h), party)->admin_quorum : 1);
}

static void party_enrol(struct history *h)
{
    struct plain_event *e = &h->event;
    plain_name party;
    snprintf(party, PLAIN_NAME, "party%d", h->names++);
    begin(h, PLAIN_PARTY_ENROL, "operator/ada");
    e->signers_count = 0;
    add_admins(h, "operator", plain(h)->ledger_quorum);
    name(e->party, chance(h, 10) ? random_party(h) : party);
    int count = 1 + pick(h, 3);
    for (int i = 0; i < count; i++) {
        struct plain_enrolment *admin = &e->enrolments[e->enrolments_count++];
        new_enrolment(h, admin, party, chance(h, 97) ? 1 : 0);
        admin->owner[0] = 0;
        admin->roles_count = 0;
        if (chance(h, 97))
            name(admin->roles[admin->roles_count++], "admin");
        name(admin->roles[admin->roles_count++], "approver");
        if (chance(h, 96))
            name(e->signers[e->signers_count++], admin->name);
    }
}

/* One on whose approval an unused release rests; NULL if there is none of late. */
static const char *some_pillar(struct history *h)
{
    for (int i = plain(h)->cases_count - 1; i >= 0 && i > plain(h)->cases_count - 12; i--) {
        const struct plain_case *c = &plain(h)->cases[i];
        if (strcmp(c->state, "RELEASED") == 0 && c->decisions_count > 0)
            return plain(h)->actors[c->decisions[pick(h, c->decisions_count)].actor].enrolment.name;
    }
    return NULL;
}

/* The giver of one of the hops of a case that is open; NULL if there is none of late. */
static const char *some_giver(struct history *h)
{
    for (int i = plain(h)->cases_count - 1; i >= 0 && i > plain(h)->cases_count - 12; i--) {
        const struct plain_case *c = &plain(h)->cases[i];
        if (c->hops_count > 0 && (strcmp(c->state, "RELEASED") == 0 || strcmp(c->state, "HELD") == 0))
            return plain(h)->actors[c->hops[pick(h, c->hops_count)].giver].enrolment.name;
    }
    return NULL;
}

/* A key that the actor had, mostly. */
static int some_former(struct history *h, const char *who)
{
    int place = plain_actor(plain(h), who);
    if (place == PLAIN_NONE || chance(h, 5))
        return pick(h, h->keys);
    const struct plain_actor *actor = &plain(h)->actors[place];
    if (actor->former_count == 0)
        return chance(h, 10) ? actor->enrolment.key : PLAIN_NONE;
    return actor->former[pick(h, actor->former_count)].key;
}

static void actor_revoke(struct history *h)
{
    plain_name who, party;
    const char *pillar = chance(h, 75) ? some_pillar(h) : chance(h, 50) ? some_giver(h) : NULL;
    name(who, pillar ? pillar : chance(h, 3) ? "acme/nobody" : any_actor(h));
    plain_party_part(who, party);
    begin(h, PLAIN_ACTOR_REVOKE, who);
    name(h->event.revoked, who);
    static const plain_number back[] = {0, 0, 1, MINUTES(1), MINUTES(10), HOURS(2), HOURS(48), -1};
    h->event.since = h->time - back[pick(h, 8)];
    if (chance(h, 60))
        h->event.key = some_former(h, who);
    if (chance(h, 40))
        return;
    h->event.signers_count = 0;
    add_admins(h, party, plain_party(plain(h), party) ? plain_party(plain(h), party)->admin_quorum : 1);
}

/* An admin is enrolled or revoked by those whom a policy names for that. */
static void recovery(struct history *h)
{
    struct plain_event *e = &h->event;
    plain_name party;
    name(party, random_party(h));
    const struct plain_party *known = plain_party(plain(h), party);
    if (chance(h, 50)) {
        struct plain_enrolment admin;
        new_enrolment(h, &admin, party, 1);
        name(admin.roles[0], chance(h, 90) ? "admin" : "approver");
        admin.roles_count = 1;
        begin(h, PLAIN_ACTOR_ENROL, admin.name);
        e->enrolments[e->enrolments_count++] = admin;
    } else {
        begin(h, PLAIN_ACTOR_REVOKE, "log");
        e->signers_count = 0;
        name(e->revoked, some_actor(h, 1, chance(h, 90) ? "admin" : NULL, party));
        e->since = h->time;
    }
    for (int i = 0; i <= known->recovery_quorum && e->signers_count < 4; i++) {
        const char *who = chance(h, 85) ? some_actor(h, 1, "chief", party) : some_actor(h, 1, "admin", party);
        if (!plain_has(e->signers, e->signers_count, who) && (i < known->recovery_quorum || chance(h, 20)))
            name(e->signers[e->signers_count++], who);
    }
}

static void actor_rotate(struct history *h)
{
    const char *who = chance(h, 40) ? some_pillar(h) : chance(h, 30) ? some_giver(h) : NULL;
    begin(h, PLAIN_ACTOR_ROTATE, who ? who : any_actor(h));
    name(h->event.signers[h->event.signers_count++], "new");
    h->event.key = chance(h, 5) ? pick(h, h->keys) : h->keys++;
}

static void custodian_rotate(struct history *h)
{
    begin(h, PLAIN_CUSTODIAN_ROTATE, "log");
    h->event.signers_count = 0;
    add_admins(h, "operator", plain(h)->ledger_quorum);
    name(h->event.signers[h->event.signers_count++], "new");
    h->event.which = pick(h, 2);
    h->event.key = chance(h, 5) ? pick(h, h->keys) : h->keys++;
}

static void ledger_close(struct history *h, bool right)
{
    begin(h, PLAIN_LEDGER_CLOSE, "log");
    h->event.signers_count = 0;
    add_admins(h, "operator", plain(h)->ledger_quorum);
    h->event.closing = right ? plain(h)->size + 1 : plain(h)->size + pick(h, 2) * 2;
}

static plain_number period(struct history *h)
{
    static const plain_number periods[] = {0, 0, 0, 1000, MINUTES(5), MINUTES(90), HOURS(30)};
    return periods[pick(h, 7)];
}

static const char *const counted[] = {"$requester", "$holder", "*", "acme", "operator", "globex"};

static void random_escalation(struct history *h, struct plain_escalation *escalation)
{
    static const char *const roles[] = {"finance", "approver", "chief", "admin"};
    escalation->present = true;
    escalation->after = chance(h, 50) ? period(h) : 0;
    name(escalation->roles[escalation->roles_count++], roles[pick(h, 4)]);
    if (chance(h, 40))
        name(escalation->parties[escalation->parties_count++], counted[pick(h, 6)]);
}

static void random_rule(struct history *h, struct plain_rule *rule)
{
    static const char *const actions[] = {"", "", "a?", "a*", "*1", "a2", "b*", "*"};
    static const char *const services[] = {"", "", "", "s0", "s?", "*1"};
    static const char *const priorities[] = {"", "", "", "high", "*l"};
    static const char *const parties[] = {"", "", "", "acme", "*e*"};
    static const char *const agents[] = {"", "", "", "acme/*", "*/n?"};
    memset(rule, 0, sizeof(*rule));
    name(rule->action, actions[pick(h, 8)]);
    name(rule->service, services[pick(h, 6)]);
    name(rule->priority, priorities[pick(h, 5)]);
    name(rule->party, parties[pick(h, 5)]);
    name(rule->agent, agents[pick(h, 5)]);
    rule->use_ms = period(h);
    rule->report_ms = period(h);
    rule->effect = chance(h, 75) ? PLAIN_HOLD : chance(h, 70) ? PLAIN_PASS : PLAIN_DENY;
    if (rule->effect != PLAIN_HOLD)
        return;
    rule->approvals = 1 + pick(h, 3);
    rule->decide_ms = period(h);
    rule->distinct_parties = chance(h, 15);
    name(rule->roles[rule->roles_count++], "approver");
    if (chance(h, 30))
        name(rule->roles[rule->roles_count++], "finance");
    if (chance(h, 12))
        name(rule->roles[rule->roles_count++], "chief");
    rule->consent = chance(h, 30);
    rule->hardware = chance(h, 8);
    rule->window_ms = chance(h, 25) ? period(h) : 0;
    if (chance(h, 30))
        random_escalation(h, &rule->escalation);
    if (!rule->distinct_parties && chance(h, 25)) {
        rule->ordered = true;
        rule->approvals = rule->roles_count;
    }
    int parties_count = rule->distinct_parties ? 1 : pick(h, 3);
    for (int i = 0; i < parties_count; i++)
        name(rule->parties[rule->parties_count++], rule->distinct_parties ? "*" : counted[pick(h, 6)]);
}

static void random_policy(struct history *h, struct plain_policy *policy)
{
    policy->admin_quorum = chance(h, 90) ? 1 + pick(h, 2) : 3;
    policy->recovery_quorum = chance(h, 60) ? 1 + pick(h, 2) : 0;
    if (policy->recovery_quorum)
        name(policy->recovery_roles[policy->recovery_roles_count++], chance(h, 90) ? "chief" : "finance");
    policy->rules_count = pick(h, 5);
    for (int i = 0; i < policy->rules_count; i++)
        random_rule(h, &policy->rules[i]);
}

static void policy_publish(struct history *h)
{
    struct plain_event *e = &h->event;
    begin(h, PLAIN_POLICY_PUBLISH, "log");
    e->signers_count = 0;
    bool whole = chance(h, 30);
    plain_name party;
    name(party, whole ? "operator" : chance(h, 3) ? "nowhere" : random_party(h));
    name(e->party, whole ? "ledger" : party);
    const struct plain_party *known = plain_party(plain(h), party);
    add_admins(h, party, whole ? plain(h)->ledger_quorum : known ? known->admin_quorum : 1);
    if (known)
        e->replaces = whole ? plain(h)->ledger_policy : known->policy;
    if (chance(h, 5))
        e->replaces = plain(h)->policy_entries[pick(h, plain(h)->policies_count)];
    random_policy(h, &e->policy);
    if (e->signers_count == 0)
        name(e->signers[e->signers_count++], "operator/ada");
}

/* A parent of late, mostly settled; PLAIN_NONE: no case has the name. */
static int some_parent(struct history *h)
{
    int count = plain(h)->cases_count;
    return chance(h, 3) ? PLAIN_NONE : count - 1 - pick(h, count < 8 ? count : 8);
}

/* Where the parent was handed over, the child lies within what its holder was given, mostly. */
static void under_parent(struct history *h, struct plain_request *r)
{
    const struct plain_case *c = &plain(h)->cases[r->parent];
    r->parent_after = chance(h, 5) ? pick(h, plain(h)->size) : c->anchor;
    if (!c->scope.present)
        return;
    if (chance(h, 80)) {
        name(r->action, c->request.action);
        name(r->service, c->request.service);
    }
    if (r->expires > c->scope.expires && chance(h, 85))
        r->expires = c->scope.expires;
}

static void request(struct history *h)
{
    static const char *const actions[] = {"a1", "a2", "a11", "b", "a"};
    struct plain_event *e = &h->event;
    bool has_parent = plain(h)->cases_count > 0 && chance(h, 20);
    int parent = has_parent ? some_parent(h) : PLAIN_NONE;
    const char *holder = parent == PLAIN_NONE || chance(h, 10) || !plain(h)->cases[parent].scope.present
                             ? NULL
                             : plain(h)->actors[plain(h)->cases[parent].holder].enrolment.name;
    begin(h, PLAIN_REQUEST,
          holder ? holder : chance(h, 95) ? some_actor(h, chance(h, 80) ? 0 : 2, NULL, NULL) : any_actor(h));
    struct plain_request *r = &e->request;
    name(r->action, actions[pick(h, 5)]);
    name(r->service, chance(h, 50) ? "s0" : "s1");
    name(r->executor, chance(h, 60) ? e->signers[0] : chance(h, 85) ? some_actor(h, 0, NULL, NULL) : any_actor(h));
    if (chance(h, 2))
        name(r->executor, "acme/nobody");
    r->priority = pick(h, 4);
    r->expires = h->time + (chance(h, 60) ? HOURS(100) : chance(h, 90) ? MINUTES(pick(h, 300)) : -1);
    r->payload = ++h->payloads;
    for (int i = 0; chance(h, 15) && i < 3; i++)
        name(r->behalf[r->behalf_count++], chance(h, 97) ? any_actor(h) : "acme/nobody");
    r->has_parent = has_parent;
    r->parent = parent;
    r->parent_after = PLAIN_NONE;
    if (has_parent && parent != PLAIN_NONE)
        under_parent(h, r);
}

/* Somebody whom a clause of the case counts, mostly; the one whose turn it is where approvals have an order. */
static const char *some_approver(struct history *h, const struct plain_case *c)
{
    if (chance(h, 12) || c->quorum_count == 0)
        return any_actor(h);
    int place = pick(h, c->quorum_count);
    const struct plain_clause *clause = &c->quorum[place];
    const struct plain_escalation *instead = &clause->escalation;
    if (instead->present && chance(h, c->escalated ? 80 : 25)) {
        const char *other = instead->parties[pick(h, instead->parties_count)];
        return some_actor(h, 1, instead->roles[pick(h, instead->roles_count)],
                          strcmp(other, "*") == 0 ? NULL : other);
    }
    int role = pick(h, clause->roles_count);
    int taken = clause->ordered ? plain_taken(plain(h), c, place, h->time) : 0;
    if (clause->ordered && taken < clause->roles_count && chance(h, 80))
        role = taken;
    const char *party = clause->parties[pick(h, clause->parties_count)];
    return some_actor(h, 1, clause->roles[role], strcmp(party, "*") == 0 ? NULL : party);
}

/* To whom an approval travels: whom it is just offered to, mostly. */
static void travels(struct history *h, const struct plain_case *c)
{
    struct plain_event *e = &h->event;
    bool offered = c->offer_is == PLAIN_OPEN;
    if (!chance(h, offered ? 85 : 60))
        return;
    name(e->travels[e->travels_count++], chance(h, 65) ? random_party(h) : some_actor(h, 0, NULL, NULL));
    if (offered && !plain_has(e->travels, e->travels_count, c->offer.to))
        name(e->travels[e->travels_count++], c->offer.to);
}

static void decision(struct history *h, int the_case)
{
    static const plain_number lasting[] = {HOURS(50), HOURS(50), HOURS(1), MINUTES(2), 1, 0, -1};
    const struct plain_case *c = &plain(h)->cases[the_case];
    struct plain_event *e = &h->event;
    bool ordered = false;
    begin(h, PLAIN_DECISION, some_approver(h, c));
    bridge_join(h->b, e, the_case);
    e->choice = chance(h, 89) ? PLAIN_APPROVE : chance(h, 35) ? PLAIN_REJECT : PLAIN_ESCALATE;
    e->expires = h->time + lasting[pick(h, 7)];
    e->instance = chance(h, 98) ? c->instance : pick(h, h->instances + 1);
    e->payload = chance(h, 98) ? c->payload : pick(h, h->payloads + 1);
    for (int i = 0; i < c->quorum_count; i++)
        ordered = ordered || c->quorum[i].ordered;
    if (ordered)
        e->previous = plain_newest(plain(h), c, h->time);
    if (chance(h, 3))
        e->previous = chance(h, 50) ? PLAIN_NONE : pick(h, plain(h)->size);
    travels(h, c);
}

static void patch(struct history *h, int the_case)
{
    const struct plain_case *c = &plain(h)->cases[the_case];
    begin(h, PLAIN_PATCH, some_approver(h, c));
    bridge_join(h->b, &h->event, the_case);
    h->event.payload = chance(h, 96) ? c->payload : pick(h, h->payloads + 1);
    h->event.result = ++h->payloads;
}

static void by_holder(struct history *h, int the_case, enum plain_kind kind)
{
    const struct plain_case *c = &plain(h)->cases[the_case];
    begin(h, kind, chance(h, 95) ? plain(h)->actors[c->holder].enrolment.name : any_actor(h));
    bridge_join(h->b, &h->event, the_case);
    h->event.payload = chance(h, 96) ? c->payload : pick(h, h->payloads + 1);
    h->event.outcome = pick(h, 3);
}

static void cancel(struct history *h, int the_case)
{
    const struct plain_case *c = &plain(h)->cases[the_case];
    begin(h, PLAIN_CANCEL, chance(h, 50) ? plain(h)->actors[c->requester].enrolment.name : some_approver(h, c));
    bridge_join(h->b, &h->event, the_case);
}

static void expiry(struct history *h, int the_case)
{
    static const char *const states[] = {"HELD", "RELEASED", "CONSUMED"};
    begin(h, PLAIN_EXPIRY, "clerk");
    bridge_join(h->b, &h->event, the_case);
    for (int i = 0; i < 3; i++) {
        if (strcmp(plain(h)->cases[the_case].state, states[i]) == 0)
            h->event.silence = i;
    }
    if (chance(h, 10))
        h->event.silence = pick(h, 3);
}

/* Globs that the case's own word matches, mostly, and what the giver has, mostly. */
static int scope_globs(struct history *h, plain_name *out, const plain_name *have, int have_count, const char *word)
{
    static const char *const globs[] = {"*", "?*", "a*", "s?", "*1", "s0", "b"};
    if (have_count > 0 && chance(h, 60)) {
        memcpy(out, have, sizeof(out[0]) * (size_t)have_count);
        return have_count;
    }
    name(out[0], chance(h, 50) ? word : chance(h, 60) ? "*" : globs[pick(h, 7)]);
    if (chance(h, 80))
        return 1;
    name(out[1], globs[pick(h, 7)]);
    return 1 + (strcmp(out[0], out[1]) != 0);
}

static void some_scope(struct history *h, const struct plain_case *c, struct plain_scope *s)
{
    const struct plain_scope *have = &c->scope;
    int depth = have->present ? have->depth : PLAIN_HOPS;
    s->present = true;
    s->depth = chance(h, 3) ? depth : depth - 1 - (chance(h, 30) ? pick(h, 6) : 0);
    if (s->depth < 0 || chance(h, 8))
        s->depth = 0;
    s->releases = have->present && chance(h, 70) ? have->releases : pick(h, 6);
    s->expires = c->expires + (chance(h, 80) ? 0 : chance(h, 80) ? -MINUTES(pick(h, 100)) : 1);
    s->services_count = scope_globs(h, s->services, have->services, have->services_count, c->request.service);
    s->actions_count = scope_globs(h, s->actions, have->actions, have->actions_count, c->request.action);
}

static void offer(struct history *h, int the_case)
{
    static const plain_number lasting[] = {HOURS(50), HOURS(50), HOURS(1), MINUTES(2), 0, -1};
    const struct plain_case *c = &plain(h)->cases[the_case];
    struct plain_offer *o = &h->event.offer;
    begin(h, PLAIN_OFFER, chance(h, 96) ? plain(h)->actors[c->holder].enrolment.name : any_actor(h));
    bridge_join(h->b, &h->event, the_case);
    name(o->to, chance(h, 65) ? some_actor(h, chance(h, 80) ? 0 : 2, NULL, NULL)
                : chance(h, 85) ? random_party(h)
                : chance(h, 70) ? any_actor(h)
                                : "nowhere");
    o->expires = h->time + lasting[pick(h, chance(h, 80) ? 4 : 6)];
    o->hop = c->hops_count + 1 + (chance(h, 3) ? pick(h, 3) - 1 : 0);
    o->previous = c->hops_count ? c->hops[c->hops_count - 1].offer : PLAIN_NONE;
    if (chance(h, 3))
        o->previous = chance(h, 50) ? PLAIN_NONE : pick(h, plain(h)->size);
    o->obligations = chance(h, 30) ? 1 + pick(h, 5) : 0;
    if (o->hop < 1 || o->hop > PLAIN_HOPS)
        o->hop = 1;
    some_scope(h, c, &o->scope);
}

/* Whom the newest offer of the case was made to, mostly. */
static const char *some_receiver(struct history *h, const struct plain_case *c, bool machine)
{
    if (c->offer_is == PLAIN_NO_OFFER || chance(h, 8))
        return any_actor(h);
    if (strchr(c->offer.to, '/'))
        return c->offer.to;
    return some_actor(h, machine ? (chance(h, 80) ? 0 : 2) : PLAIN_NONE, NULL, c->offer.to);
}

/* Accept, decline or withdraw. */
static void answer_offer(struct history *h, int the_case, enum plain_kind kind)
{
    const struct plain_case *c = &plain(h)->cases[the_case];
    struct plain_event *e = &h->event;
    bool giver = kind == PLAIN_WITHDRAW && chance(h, 95);
    begin(h, kind, giver ? plain(h)->actors[c->holder].enrolment.name : some_receiver(h, c, kind == PLAIN_ACCEPT));
    bridge_join(h->b, e, the_case);
    e->answered = c->offer_is == PLAIN_NO_OFFER ? PLAIN_NONE : c->offer_by.offer;
    if (c->hops_count && chance(h, 6))
        e->answered = c->hops[pick(h, c->hops_count)].offer;
    if (chance(h, 3))
        e->answered = pick(h, plain(h)->size);
    e->obligations = chance(h, 88) ? c->offer.obligations : pick(h, 6);
}

static void question(struct history *h, int the_case)
{
    begin(h, PLAIN_QUESTION, some_approver(h, &plain(h)->cases[the_case]));
    bridge_join(h->b, &h->event, the_case);
}

/* What the holder alone says, but for consume, outcome and offers. */
static void holder_says(struct history *h, int the_case, enum plain_kind kind)
{
    const struct plain_case *c = &plain(h)->cases[the_case];
    struct plain_event *e = &h->event;
    begin(h, kind, chance(h, 95) ? plain(h)->actors[c->holder].enrolment.name : any_actor(h));
    bridge_join(h->b, e, the_case);
    e->agrees = chance(h, 70);
    if (kind == PLAIN_CONSENT)
        e->answered = chance(h, 95) ? c->payload_at : pick(h, plain(h)->size);
    if (kind == PLAIN_ANSWER)
        e->answered = c->questions_count && chance(h, 90) ? c->questions[pick(h, c->questions_count)]
                                                          : pick(h, plain(h)->size);
}

static void hand_step(struct history *h, int the_case)
{
    const struct plain_case *c = &plain(h)->cases[the_case];
    bool open = plain_offered(c, h->time);
    int die = pick(h, 100);
    if (open && die < 60)
        answer_offer(h, the_case, PLAIN_ACCEPT);
    else if (open && die < 70)
        answer_offer(h, the_case, PLAIN_DECLINE);
    else if (open && die < 80)
        answer_offer(h, the_case, PLAIN_WITHDRAW);
    else if (die < 90)
        offer(h, the_case);
    else if (die < 93)
        holder_says(h, the_case, PLAIN_FINALISE);
    else
        answer_offer(h, the_case, die < 96 ? PLAIN_ACCEPT : die < 98 ? PLAIN_DECLINE : PLAIN_WITHDRAW);
}

static void talk_step(struct history *h, int the_case)
{
    const struct plain_case *c = &plain(h)->cases[the_case];
    bool waits = c->consent == PLAIN_WANTED || c->consent == PLAIN_REFUSED;
    if (waits ? chance(h, 60) : chance(h, 5))
        holder_says(h, the_case, PLAIN_CONSENT);
    else if (chance(h, c->questions_count ? 40 : 80))
        question(h, the_case);
    else
        holder_says(h, the_case, PLAIN_ANSWER);
}

/* A step that the state does not ask for. */
static void odd_step(struct history *h, int the_case)
{
    int die = pick(h, 12);
    if (die < 3)
        cancel(h, the_case);
    else if (die < 5)
        decision(h, the_case);
    else if (die < 6)
        patch(h, the_case);
    else if (die < 8)
        by_holder(h, the_case, die < 7 ? PLAIN_CONSUME : PLAIN_OUTCOME);
    else if (die < 10)
        hand_step(h, the_case);
    else
        talk_step(h, the_case);
}

/* A step of the case: the one that its state asks for, mostly. */
static void case_step(struct history *h, int the_case)
{
    const struct plain_case *c = &plain(h)->cases[the_case];
    const char *state = plain_state(plain(h), the_case, h->time);
    bool held = strcmp(state, "HELD") == 0, released = strcmp(state, "RELEASED") == 0;
    bool consumed = strcmp(state, "CONSUMED") == 0 || strcmp(state, "UNREPORTED") == 0;
    bool waits = held && (c->consent == PLAIN_WANTED || c->consent == PLAIN_REFUSED);
    bool offered = (held || released) && plain_offered(c, h->time);
    int die = pick(h, 100);
    if (offered && die < 45)
        hand_step(h, the_case);
    else if (waits && die < 40)
        talk_step(h, the_case);
    else if (held && die < 55)
        decision(h, the_case);
    else if (held && die < 63)
        patch(h, the_case);
    else if (held && die < 70)
        talk_step(h, the_case);
    else if ((held && die < 87) || (released && die < 40))
        hand_step(h, the_case);
    else if (released && die < 82)
        by_holder(h, the_case, PLAIN_CONSUME);
    else if (consumed && die < 60)
        by_holder(h, the_case, PLAIN_OUTCOME);
    else if (die < 92)
        expiry(h, the_case);
    else
        odd_step(h, the_case);
}

static bool is_open(struct history *h, int the_case)
{
    static const char *const open[] = {"HELD", "RELEASED", "CONSUMED"};
    const char *state = plain_state(plain(h), the_case, h->time);
    return strcmp(state, open[0]) == 0 || strcmp(state, open[1]) == 0 || strcmp(state, open[2]) == 0;
}

/* A case of late, and mostly one that is open. */
static int some_case(struct history *h)
{
    int count = plain(h)->cases_count, the_case = 0;
    for (int tries = 0; tries < 5; tries++) {
        the_case = chance(h, 85) ? count - 1 - pick(h, count < 10 ? count : 10) : pick(h, count);
        if (is_open(h, the_case) || chance(h, 10))
            break;
    }
    return the_case;
}

/* One common member goes wrong. */
static void spoil(struct history *h)
{
    struct plain_event *e = &h->event;
    switch (pick(h, 17)) {
    case 16:
        name(e->signers[e->signers_count > 0 ? e->signers_count - 1 : 0], "new");
        return;
    case 0:
        e->linked = false;
        return;
    case 1:
        e->time = plain(h)->time - 1;
        return;
    case 2:
        e->id = pick(h, h->ids + 1);
        return;
    case 3:
        e->this_ledger = false;
        return;
    case 4:
        name(e->signers[0], any_actor(h));
        return;
    case 5:
        name(e->signers[0], chance(h, 50) ? "clerk" : "log");
        return;
    case 6:
        name(e->signers[0], "acme/nobody");
        return;
    case 7:
        e->signatures = false;
        return;
    case 8:
        e->until = e->time - 1;
        return;
    case 9:
        e->seen_size = pick(h, plain(h)->size + 3);
        return;
    case 10:
        e->seen_root = false;
        return;
    case 11:
        e->the_case = chance(h, 50) || plain(h)->cases_count == 0 ? PLAIN_NONE : some_case(h);
        return;
    case 12:
        e->has_case_prev = !e->has_case_prev;
        e->case_prev = PLAIN_NONE;
        return;
    case 13:
        e->case_prev = pick(h, plain(h)->size);
        e->has_case_prev = true;
        return;
    case 14:
        e->after = chance(h, 30) ? PLAIN_NONE : pick(h, plain(h)->size);
        return;
    default:
        e->said_time++;
        return;
    }
}

/* Signers that stand twice are refused before any fold sees them. */
static bool signers_differ(const struct plain_event *e)
{
    for (int i = 0; i < e->signers_count; i++) {
        for (int k = 0; k < i; k++) {
            if (strcmp(e->signers[i], e->signers[k]) == 0)
                return false;
        }
    }
    return e->signers_count > 0;
}

static void spoil_verdict(struct history *h, struct cty_verdict *v)
{
    switch (pick(h, 13)) {
    case 10:
        v->consent = !v->consent;
        return;
    case 11:
        v->policies[0].conflict = !v->policies[0].conflict;
        return;
    case 12:
        if (v->travelled_count)
            v->travelled_count--;
        else
            v->travelled[v->travelled_count++] = h->b->digests[pick(h, plain(h)->size)];
        return;
    case 0:
        v->effect = (v->effect + 1) % 3;
        return;
    case 1:
        v->decide_by++;
        return;
    case 2:
        v->use_ms++;
        return;
    case 3:
        v->report_ms++;
        return;
    case 4:
        v->payload = bridge_payload(pick(h, h->payloads + 1));
        return;
    case 5:
        v->revision++;
        return;
    case 6:
        v->policies[0].rule++;
        return;
    case 7:
        v->quorum_count = v->quorum_count == 0;
        v->quorum[0].scope = CTY_LITERAL("ledger");
        return;
    case 8:
        if (v->quorum_count)
            v->quorum[0].approvals++;
        return;
    default:
        v->executor = CTY_LITERAL("operator/ada");
        return;
    }
}

static void spoil_release(struct history *h, struct cty_release *r)
{
    switch (pick(h, 6)) {
    case 0:
        r->use_by++;
        return;
    case 1:
        r->report_ms++;
        return;
    case 2:
        r->payload = bridge_payload(pick(h, h->payloads + 1));
        return;
    case 3:
        if (r->decisions_count)
            r->decisions_count--;
        return;
    case 4:
        r->decisions[r->decisions_count++] = h->b->digests[pick(h, plain(h)->size)];
        return;
    default:
        r->executor = CTY_LITERAL("operator/ada");
        return;
    }
}

/* The clerk's turn: now and then a wrong statement first, or late. */
static void clerk_turn(struct history *h)
{
    struct cty_statement said;
    if (chance(h, 10))
        h->time += chance(h, 70) ? pick(h, 3) : MINUTES(pick(h, 200));
    for (bool right = false; !right;) {
        right = chance(h, 80);
        int instance = right || chance(h, 70) ? h->instances + 1 : pick(h, h->instances + 1);
        CTY_CHECK(bridge_next(h->b, h->time, instance, &said));
        begin(h, said.type == CTY_VERDICT ? PLAIN_VERDICT : PLAIN_RELEASE, "clerk");
        bridge_join(h->b, &h->event, plain(h)->wanted_case);
        if (!right && chance(h, 50))
            spoil(h);
        else if (!right && said.type == CTY_VERDICT)
            spoil_verdict(h, &said.u.verdict);
        else if (!right)
            spoil_release(h, &said.u.release);
        bridge_read(h->b, &said, &h->event);
        const char *refusal = play(h, &said);
        if (!refusal && said.type == CTY_VERDICT)
            h->instances = instance > h->instances ? instance : h->instances;
        if (!refusal)
            return;
        /* An approval expired while the clerk was idle: no release is lawful any more but an earlier one. */
        if (right && strcmp(refusal, "under-threshold") == 0)
            h->time = plain(h)->time;
        CTY_CHECK(!right || strcmp(refusal, "under-threshold") == 0);
        right = false;
    }
}

static void move_time(struct history *h)
{
    int die = pick(h, 100);
    if (die < 30)
        return;
    if (die < 70)
        h->time += pick(h, 1000);
    else if (die < 94)
        h->time += pick(h, 600000);
    else if (plain(h)->cases_count > 0) {
        const struct plain_case *c = &plain(h)->cases[some_case(h)];
        plain_number escalated = c->quorum_count ? c->quorum[0].escalation.after : 0;
        plain_number window = c->quorum_count && c->decisions_count ? c->quorum[0].window_ms : 0;
        const plain_number due[] = {c->decide_by, c->use_by, c->report_by, c->offer.expires, escalated,
                                    window ? c->decisions[0].time + window : 0};
        plain_number wanted = due[pick(h, 6)] + pick(h, 3) - 1;
        if (wanted > h->time && wanted < h->time + HOURS(60))
            h->time = wanted;
    }
}

static void one_event(struct history *h)
{
    move_time(h);
    int die = pick(h, 1000);
    bool room = plain(h)->actors_count < PLAIN_ACTORS - 64 && h->keys < 200;
    if (die < 12 && room)
        actor_enrol(h);
    else if (die < 15 && room && plain(h)->parties_count < 8)
        party_enrol(h);
    else if (die < 25)
        actor_revoke(h);
    else if (die < 30 && room)
        actor_rotate(h);
    else if (die < 31 && room)
        custodian_rotate(h);
    else if (die < 34 && room)
        recovery(h);
    else if (die < 35)
        ledger_close(h, false);
    else if (die < 45 && plain(h)->policies_count < PLAIN_ENTRIES / 64 - 1)
        policy_publish(h);
    else if (plain(h)->cases_count == 0 || (die < 260 && plain(h)->cases_count < PLAIN_CASES - 1))
        request(h);
    else
        case_step(h, some_case(h));
    if (chance(h, 12))
        spoil(h);
    if (signers_differ(&h->event))
        play(h, NULL);
}

static void must(struct history *h)
{
    const char *refusal = play(h, NULL);
    if (refusal)
        fprintf(stderr, "setting up: %s (%s)\n", refusal, h->b->w->error.detail);
    CTY_CHECK(!refusal);
}

static void must_enrol(struct history *h, const char *party, int kind, const char *role)
{
    struct plain_enrolment e = {.kind = kind, .person = PLAIN_NONE};
    snprintf(e.name, PLAIN_NAME, "%s/n%d", party, h->names++);
    e.key = h->keys++;
    if (kind == 1)
        e.person = h->persons++;
    else
        name(e.owner, some_actor(h, 1, NULL, party));
    if (role)
        name(e.roles[e.roles_count++], role);
    begin(h, PLAIN_ACTOR_ENROL, e.name);
    h->event.enrolments[h->event.enrolments_count++] = e;
    for (int i = 0; i < 2; i++) {
        const char *admin = NULL;
        do
            admin = some_actor(h, 1, "admin", party);
        while (plain_has(h->event.signers, h->event.signers_count, admin));
        name(h->event.signers[h->event.signers_count++], admin);
    }
    must(h);
}

/* Two parties beside the operator's, each with three admins, approvers and agents; or one with fewer. */
static void set_up(struct history *h)
{
    static const char *const parties[] = {"acme", "globex"};
    for (int i = 0; i < (h->small ? 1 : 2); i++) {
        struct plain_event *e = &h->event;
        begin(h, PLAIN_PARTY_ENROL, "operator/ada");
        name(e->signers[e->signers_count++], "operator/otto");
        name(e->party, parties[i]);
        for (int k = 0; k < (h->small ? 2 : 3); k++) {
            struct plain_enrolment *admin = &e->enrolments[e->enrolments_count++];
            *admin = (struct plain_enrolment){.kind = 1, .person = h->persons++, .key = h->keys++, .roles_count = 2,
                                              .roles = {"admin", "approver"}};
            snprintf(admin->name, PLAIN_NAME, "%s/admin%d", parties[i], k);
            name(e->signers[e->signers_count++], admin->name);
        }
        must(h);
        for (int k = h->small ? 1 : 0; k < 3; k++)
            must_enrol(h, parties[i], 1, k == 0 ? "chief" : k == 1 ? "approver" : "finance");
        for (int k = h->small ? 1 : 0; k < 3; k++)
            must_enrol(h, parties[i], k < 2 ? 0 : 2, NULL);
    }
    if (!h->small)
        must_enrol(h, "operator", 1, "admin");
}

/* One event, whatever tries the clerk's place then, and the clerk's turn. */
static void one_round(struct history *h)
{
    one_event(h);
    if (plain(h)->wanted && chance(h, 10))
        one_event(h);
    while (plain(h)->wanted)
        clerk_turn(h);
    if (h->time < plain(h)->time)
        h->time = plain(h)->time;
}

static void history_begin(struct history *h)
{
    struct plain_policy policy = {.admin_quorum = 2};
    h->keys = 4;
    h->persons = 2;
    h->b = bridge_new(&policy);
    h->time = plain(h)->time;
    set_up(h);
}

static size_t history_end(struct history *h)
{
    bridge_compare_all(h->b);
    size_t taken = h->b->accepted;
    bridge_free(h->b);
    return taken;
}

/* Nothing is appended to a closed ledger, not even an expiry. */
static void close_and_try(struct history *h)
{
    for (int i = 0; i < 100 && !plain(h)->closed; i++) {
        ledger_close(h, true);
        if (signers_differ(&h->event))
            play(h, NULL);
    }
    for (int i = 0; i < 20; i++)
        one_round(h);
}

size_t history_play(uint64_t seed, size_t events, struct tally *tally)
{
    struct history h = {.random = seed * 2 + 1, .tally = tally};
    history_begin(&h);
    for (size_t i = 0; i < events && plain(&h)->size < PLAIN_ENTRIES - 8; i++) {
        one_round(&h);
        if (i % 64 == 0)
            bridge_compare_all(h.b);
    }
    close_and_try(&h);
    return history_end(&h);
}

size_t history_play_bytes(const uint8_t *bytes, size_t size)
{
    static struct history first;
    struct tally tally = {.count = 0};
    if (!first.b) {
        first = (struct history){.random = 1, .tally = &tally, .small = true};
        history_begin(&first);
    }
    struct history h = first;
    h.tally = &tally;
    h.b = bridge_clone(first.b);
    h.bytes = bytes;
    h.left = size;
    while (!h.over && plain(&h)->size < PLAIN_ENTRIES - 8)
        one_round(&h);
    return history_end(&h);
}
