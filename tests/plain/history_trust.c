/* SPDX-License-Identifier: Apache-2.0 */
/* Random statements of the trust chain: who is enrolled, revoked, brought back; keys, policies, the end. */
#include "plain/history_inner.h"

#include <stdio.h>
#include <string.h>

/* Admins of the party who are enough for the quorum, mostly, each once. */
static void add_admins(struct history *h, const char *party, int quorum)
{
    struct plain_event *e = &h->event;
    int wanted = quorum + (h_chance(h, 10) ? -1 : 0) + (h_chance(h, 10) ? 1 : 0);
    for (int tries = 0; wanted > 0 && tries < 12 && e->signers_count < 4; tries++) {
        const char *admin = h_chance(h, 4) ? h_any_actor(h) : h_some_actor(h, 1, "admin", party);
        if (plain_has(e->signers, e->signers_count, admin))
            continue;
        h_name(e->signers[e->signers_count++], admin);
        wanted--;
    }
}

/* How many the party's admins must be, where an admin is concerned, or the party's policy. */
static int quorum_of(struct history *h, const char *name)
{
    const struct plain *p = h_plain(h);
    const struct plain_party *party = plain_party(p, name);
    int quorum = party ? party->admin_quorum : 1;
    return party == &p->parties[0] && p->ledger_quorum > quorum && h_chance(h, 70) ? p->ledger_quorum : quorum;
}

static void new_enrolment(struct history *h, struct plain_enrolment *e, const char *party, int kind)
{
    static const char *const roles[] = {"approver", "approver", "finance", "admin", "chief"};
    memset(e, 0, sizeof(*e));
    snprintf(e->name, PLAIN_NAME, "%s/n%d", party, h->names++);
    e->key = h_chance(h, 4) ? h_pick(h, h->keys) : h->keys++;
    e->kind = kind;
    e->person = PLAIN_NONE;
    if (kind == 1 || h_chance(h, 3))
        e->person = h_chance(h, 25) ? h_pick(h, h->persons) : h->persons++;
    if (kind != 1 || h_chance(h, 3))
        h_name(e->owner, h_chance(h, 8) ? h_any_actor(h) : h_some_actor(h, 1, NULL, party));
    if (h_chance(h, 85))
        h_name(e->roles[e->roles_count++], roles[h_pick(h, kind == 1 || h_chance(h, 5) ? 5 : 3)]);
    if (h_chance(h, 20) && !plain_has(e->roles, e->roles_count, "finance"))
        h_name(e->roles[e->roles_count++], "finance");
    if (kind == 1 && h_chance(h, 30))
        e->custody = h_chance(h, 75) ? PLAIN_HARDWARE : PLAIN_OPERATOR;
    if (h_chance(h, 10))
        e->valid_from = h->time + MINUTES(h_pick(h, 30) - 10);
    if (h_chance(h, 15))
        e->valid_until = h->time + MINUTES(h_pick(h, 600) - 20);
}

const char *h_random_party(struct history *h)
{
    return h_plain(h)->parties[h_pick(h, h_plain(h)->parties_count)].name;
}

void h_actor_enrol(struct history *h)
{
    plain_name party;
    h_name(party, h_chance(h, 3) ? "nowhere" : h_random_party(h));
    struct plain_enrolment e;
    new_enrolment(h, &e, party, h_chance(h, 65) ? 1 : h_chance(h, 70) ? 0 : 2);
    if (h_chance(h, 3))
        h_name(e.name, h_any_actor(h));
    h_begin(h, PLAIN_ACTOR_ENROL, h_chance(h, 3) ? h_any_actor(h) : e.name);
    plain_party_part(e.name, party);
    h->event.enrolments[h->event.enrolments_count++] = e;
    add_admins(h, party, quorum_of(h, party));
}

void h_party_enrol(struct history *h)
{
    struct plain_event *e = &h->event;
    plain_name party;
    snprintf(party, PLAIN_NAME, "party%d", h->names++);
    h_begin(h, PLAIN_PARTY_ENROL, "operator/ada");
    e->signers_count = 0;
    add_admins(h, "operator", h_plain(h)->ledger_quorum);
    h_name(e->party, h_chance(h, 10) ? h_random_party(h) : party);
    int count = 1 + h_pick(h, 3);
    for (int i = 0; i < count; i++) {
        struct plain_enrolment *admin = &e->enrolments[e->enrolments_count++];
        new_enrolment(h, admin, party, h_chance(h, 97) ? 1 : 0);
        admin->owner[0] = 0;
        admin->roles_count = 0;
        if (h_chance(h, 97))
            h_name(admin->roles[admin->roles_count++], "admin");
        h_name(admin->roles[admin->roles_count++], "approver");
        if (h_chance(h, 96))
            h_name(e->signers[e->signers_count++], admin->name);
    }
}

/* One on whose approval an unused release rests; NULL if there is none of late. */
static const char *some_pillar(struct history *h)
{
    for (int i = h_plain(h)->cases_count - 1; i >= 0 && i > h_plain(h)->cases_count - 12; i--) {
        const struct plain_case *c = &h_plain(h)->cases[i];
        if (strcmp(c->state, "RELEASED") == 0 && c->decisions_count > 0)
            return h_plain(h)->actors[c->decisions[h_pick(h, c->decisions_count)].actor].enrolment.name;
    }
    return NULL;
}

/* The giver of one of the hops of a case that is open; NULL if there is none of late. */
static const char *some_giver(struct history *h)
{
    for (int i = h_plain(h)->cases_count - 1; i >= 0 && i > h_plain(h)->cases_count - 12; i--) {
        const struct plain_case *c = &h_plain(h)->cases[i];
        if (c->hops_count > 0 && (strcmp(c->state, "RELEASED") == 0 || strcmp(c->state, "HELD") == 0))
            return h_plain(h)->actors[c->hops[h_pick(h, c->hops_count)].giver].enrolment.name;
    }
    return NULL;
}

/* A key that the actor had, mostly. */
static int some_former(struct history *h, const char *who)
{
    int place = plain_actor(h_plain(h), who);
    if (place == PLAIN_NONE || h_chance(h, 5))
        return h_pick(h, h->keys);
    const struct plain_actor *actor = &h_plain(h)->actors[place];
    if (actor->former_count == 0)
        return h_chance(h, 10) ? actor->enrolment.key : PLAIN_NONE;
    return actor->former[h_pick(h, actor->former_count)].key;
}

void h_actor_revoke(struct history *h)
{
    plain_name who, party;
    const char *pillar = h_chance(h, 75) ? some_pillar(h) : h_chance(h, 50) ? some_giver(h) : NULL;
    h_name(who, pillar ? pillar : h_chance(h, 3) ? "acme/nobody" : h_any_actor(h));
    plain_party_part(who, party);
    h_begin(h, PLAIN_ACTOR_REVOKE, who);
    h_name(h->event.revoked, who);
    static const plain_number back[] = {0, 0, 1, MINUTES(1), MINUTES(10), HOURS(2), HOURS(48), -1};
    h->event.since = h->time - back[h_pick(h, 8)];
    if (h_chance(h, 60))
        h->event.key = some_former(h, who);
    if (h_chance(h, 40))
        return;
    h->event.signers_count = 0;
    add_admins(h, party, quorum_of(h, party));
}

/* An admin is enrolled or revoked by those whom a policy names for that. */
void h_recovery(struct history *h)
{
    struct plain_event *e = &h->event;
    plain_name party;
    h_name(party, h_random_party(h));
    const struct plain_party *known = plain_party(h_plain(h), party);
    if (h_chance(h, 50)) {
        struct plain_enrolment admin;
        new_enrolment(h, &admin, party, 1);
        h_name(admin.roles[0], h_chance(h, 90) ? "admin" : "approver");
        admin.roles_count = 1;
        if (h_chance(h, 20))
            h_name(admin.roles[admin.roles_count++], "finance");
        h_begin(h, PLAIN_ACTOR_ENROL, admin.name);
        e->enrolments[e->enrolments_count++] = admin;
    } else {
        h_begin(h, PLAIN_ACTOR_REVOKE, "log");
        e->signers_count = 0;
        h_name(e->revoked, h_some_actor(h, 1, h_chance(h, 90) ? "admin" : NULL, party));
        e->since = h->time;
    }
    for (int i = 0; i <= known->recovery_quorum && e->signers_count < 4; i++) {
        const char *who = h_chance(h, 85) ? h_some_actor(h, 1, "chief", party) : h_some_actor(h, 1, "admin", party);
        if (!plain_has(e->signers, e->signers_count, who) && (i < known->recovery_quorum || h_chance(h, 20)))
            h_name(e->signers[e->signers_count++], who);
    }
}

void h_actor_rotate(struct history *h)
{
    const char *who = h_chance(h, 40) ? some_pillar(h) : h_chance(h, 30) ? some_giver(h) : NULL;
    h_begin(h, PLAIN_ACTOR_ROTATE, who ? who : h_any_actor(h));
    h_name(h->event.signers[h->event.signers_count++], "new");
    h->event.key = h_chance(h, 5) ? h_pick(h, h->keys) : h->keys++;
}

void h_custodian_rotate(struct history *h)
{
    h_begin(h, PLAIN_CUSTODIAN_ROTATE, "log");
    h->event.signers_count = 0;
    add_admins(h, "operator", h_plain(h)->ledger_quorum);
    h_name(h->event.signers[h->event.signers_count++], "new");
    h->event.which = h_pick(h, 2);
    h->event.key = h_chance(h, 5) ? h_pick(h, h->keys) : h->keys++;
}

void h_ledger_close(struct history *h, bool right)
{
    h_begin(h, PLAIN_LEDGER_CLOSE, "log");
    h->event.signers_count = 0;
    add_admins(h, "operator", h_plain(h)->ledger_quorum);
    h->event.closing = right ? h_plain(h)->size + 1 : h_plain(h)->size + h_pick(h, 2) * 2;
}

static plain_number period(struct history *h)
{
    static const plain_number periods[] = {0, 0, 0, 1000, MINUTES(5), MINUTES(90), HOURS(30)};
    return periods[h_pick(h, 7)];
}

static const char *const counted[] = {"$requester", "$holder", "*", "acme", "operator", "globex"};

static void random_escalation(struct history *h, struct plain_escalation *escalation)
{
    static const char *const roles[] = {"finance", "approver", "chief", "admin"};
    escalation->present = true;
    escalation->after = h_chance(h, 50) ? period(h) : 0;
    h_name(escalation->roles[escalation->roles_count++], roles[h_pick(h, 4)]);
    if (h_chance(h, 40))
        h_name(escalation->parties[escalation->parties_count++], counted[h_pick(h, 6)]);
}

static void random_rule(struct history *h, struct plain_rule *rule)
{
    static const char *const actions[] = {"", "", "a?", "a*", "*1", "a2", "b*", "*"};
    static const char *const services[] = {"", "", "", "s0", "s?", "*1"};
    static const char *const priorities[] = {"", "", "", "high", "*l"};
    static const char *const parties[] = {"", "", "", "acme", "*e*"};
    static const char *const agents[] = {"", "", "", "acme/*", "*/n?"};
    memset(rule, 0, sizeof(*rule));
    h_name(rule->action, actions[h_pick(h, 8)]);
    h_name(rule->service, services[h_pick(h, 6)]);
    h_name(rule->priority, priorities[h_pick(h, 5)]);
    h_name(rule->party, parties[h_pick(h, 5)]);
    h_name(rule->agent, agents[h_pick(h, 5)]);
    rule->use_ms = period(h);
    rule->report_ms = period(h);
    rule->effect = h_chance(h, 75) ? PLAIN_HOLD : h_chance(h, 70) ? PLAIN_PASS : PLAIN_DENY;
    if (rule->effect != PLAIN_HOLD)
        return;
    rule->approvals = 1 + h_pick(h, 3);
    rule->decide_ms = period(h);
    rule->distinct_parties = h_chance(h, 15);
    h_name(rule->roles[rule->roles_count++], "approver");
    if (h_chance(h, 30))
        h_name(rule->roles[rule->roles_count++], "finance");
    if (h_chance(h, 12))
        h_name(rule->roles[rule->roles_count++], "chief");
    rule->consent = h_chance(h, 30);
    rule->hardware = h_chance(h, 8);
    rule->window_ms = h_chance(h, 25) ? period(h) : 0;
    if (h_chance(h, 30))
        random_escalation(h, &rule->escalation);
    if (!rule->distinct_parties && h_chance(h, 25)) {
        rule->ordered = true;
        rule->approvals = rule->roles_count;
    }
    int parties_count = rule->distinct_parties ? 1 : h_pick(h, 3);
    for (int i = 0; i < parties_count; i++)
        h_name(rule->parties[rule->parties_count++], rule->distinct_parties ? "*" : counted[h_pick(h, 6)]);
}

static void random_policy(struct history *h, struct plain_policy *policy)
{
    policy->admin_quorum = h_chance(h, 90) ? 1 + h_pick(h, 2) : 3;
    policy->recovery_quorum = h_chance(h, 60) ? 1 + h_pick(h, 2) : 0;
    if (policy->recovery_quorum)
        h_name(policy->recovery_roles[policy->recovery_roles_count++], h_chance(h, 90) ? "chief" : "finance");
    policy->rules_count = h_pick(h, 5);
    for (int i = 0; i < policy->rules_count; i++)
        random_rule(h, &policy->rules[i]);
}

void h_policy_publish(struct history *h)
{
    struct plain_event *e = &h->event;
    h_begin(h, PLAIN_POLICY_PUBLISH, "log");
    e->signers_count = 0;
    bool whole = h_chance(h, 30);
    plain_name party;
    h_name(party, whole ? "operator" : h_chance(h, 3) ? "nowhere" : h_random_party(h));
    h_name(e->party, whole ? "ledger" : party);
    const struct plain_party *known = plain_party(h_plain(h), party);
    add_admins(h, party, whole ? h_plain(h)->ledger_quorum : quorum_of(h, party));
    if (known)
        e->replaces = whole ? h_plain(h)->ledger_policy : known->policy;
    if (h_chance(h, 5))
        e->replaces = h_plain(h)->policy_entries[h_pick(h, h_plain(h)->policies_count)];
    random_policy(h, &e->policy);
    if (e->signers_count == 0)
        h_name(e->signers[e->signers_count++], "operator/ada");
}
