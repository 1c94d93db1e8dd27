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

static const char *play(struct history *h, const struct cty_statement *said)
{
    const char *refusal = bridge_play(h->b, &h->event, said);
    count_refusal(h, refusal ? refusal : "taken");
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
    static const char *const roles[] = {"approver", "approver", "finance", "admin"};
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
        name(e->roles[e->roles_count++], roles[pick(h, kind == 1 || chance(h, 5) ? 4 : 3)]);
    if (chance(h, 20) && !plain_has(e->roles, e->roles_count, "finance"))
        name(e->roles[e->roles_count++], "finance");
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

static void actor_revoke(struct history *h)
{
    plain_name who, party;
    const char *pillar = chance(h, 75) ? some_pillar(h) : NULL;
    name(who, pillar ? pillar : chance(h, 3) ? "acme/nobody" : any_actor(h));
    plain_party_part(who, party);
    begin(h, PLAIN_ACTOR_REVOKE, who);
    name(h->event.revoked, who);
    static const plain_number back[] = {0, 0, 1, MINUTES(1), MINUTES(10), HOURS(2), HOURS(48), -1};
    h->event.since = h->time - back[pick(h, 8)];
    if (chance(h, 40))
        return;
    h->event.signers_count = 0;
    add_admins(h, party, plain_party(plain(h), party) ? plain_party(plain(h), party)->admin_quorum : 1);
}

static plain_number period(struct history *h)
{
    static const plain_number periods[] = {0, 0, 0, 1000, MINUTES(5), MINUTES(90), HOURS(30)};
    return periods[pick(h, 7)];
}

static void random_rule(struct history *h, struct plain_rule *rule)
{
    static const char *const actions[] = {"", "", "a?", "a*", "*1", "a2", "b*", "*"};
    static const char *const services[] = {"", "", "", "s0", "s?", "*1"};
    static const char *const priorities[] = {"", "", "", "high", "*l"};
    static const char *const parties[] = {"", "", "", "acme", "*e*"};
    static const char *const agents[] = {"", "", "", "acme/*", "*/n?"};
    static const char *const counted[] = {"$requester", "$holder", "*", "acme", "operator", "globex"};
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
    int parties_count = rule->distinct_parties ? 1 : pick(h, 3);
    for (int i = 0; i < parties_count; i++)
        name(rule->parties[rule->parties_count++], rule->distinct_parties ? "*" : counted[pick(h, 6)]);
}

static void random_policy(struct history *h, struct plain_policy *policy)
{
    policy->admin_quorum = chance(h, 90) ? 1 + pick(h, 2) : 3;
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

static void request(struct history *h)
{
    static const char *const actions[] = {"a1", "a2", "a11", "b", "a"};
    struct plain_event *e = &h->event;
    begin(h, PLAIN_REQUEST, chance(h, 95) ? some_actor(h, chance(h, 80) ? 0 : 2, NULL, NULL) : any_actor(h));
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
    r->has_parent = plain(h)->cases_count > 0 && chance(h, 15);
    if (!r->has_parent)
        return;
    int count = plain(h)->cases_count;
    r->parent = chance(h, 3) ? PLAIN_NONE : count - 1 - pick(h, count < 8 ? count : 8);
    r->parent_after = r->parent == PLAIN_NONE ? PLAIN_NONE : plain(h)->cases[r->parent].anchor;
    if (chance(h, 5))
        r->parent_after = pick(h, plain(h)->size);
}

/* Somebody whom a clause of the case counts, mostly. */
static const char *some_approver(struct history *h, const struct plain_case *c)
{
    if (chance(h, 12) || c->quorum_count == 0)
        return any_actor(h);
    const struct plain_clause *clause = &c->quorum[pick(h, c->quorum_count)];
    const char *party = clause->parties[pick(h, clause->parties_count)];
    return some_actor(h, 1, clause->roles[pick(h, clause->roles_count)], strcmp(party, "*") == 0 ? NULL : party);
}

static void decision(struct history *h, int the_case)
{
    static const plain_number lasting[] = {HOURS(50), HOURS(50), HOURS(1), MINUTES(2), 1, 0, -1};
    const struct plain_case *c = &plain(h)->cases[the_case];
    struct plain_event *e = &h->event;
    begin(h, PLAIN_DECISION, some_approver(h, c));
    bridge_join(h->b, e, the_case);
    e->approve = chance(h, 92);
    e->expires = h->time + lasting[pick(h, 7)];
    e->instance = chance(h, 98) ? c->instance : pick(h, h->instances + 1);
    e->payload = chance(h, 98) ? c->payload : pick(h, h->payloads + 1);
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

/* A step of the case: the one that its state asks for, mostly. */
static void case_step(struct history *h, int the_case)
{
    const char *state = plain_state(plain(h), the_case, h->time);
    bool held = strcmp(state, "HELD") == 0, released = strcmp(state, "RELEASED") == 0;
    bool consumed = strcmp(state, "CONSUMED") == 0 || strcmp(state, "UNREPORTED") == 0;
    int die = pick(h, 100);
    if (held && die < 70)
        decision(h, the_case);
    else if (held && die < 82)
        patch(h, the_case);
    else if (released && die < 75)
        by_holder(h, the_case, PLAIN_CONSUME);
    else if (consumed && die < 60)
        by_holder(h, the_case, PLAIN_OUTCOME);
    else if (die < 88)
        expiry(h, the_case);
    else if (die < 93)
        cancel(h, the_case);
    else if (die < 95)
        decision(h, the_case);
    else if (die < 96)
        patch(h, the_case);
    else
        by_holder(h, the_case, die < 98 ? PLAIN_CONSUME : PLAIN_OUTCOME);
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
    switch (pick(h, 16)) {
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
    switch (pick(h, 10)) {
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
        const plain_number due[] = {c->decide_by, c->use_by, c->report_by};
        plain_number wanted = due[pick(h, 3)] + pick(h, 3) - 1;
        if (wanted > h->time && wanted < h->time + HOURS(60))
            h->time = wanted;
    }
}

static void one_event(struct history *h)
{
    move_time(h);
    int die = pick(h, 1000);
    bool room = plain(h)->actors_count < PLAIN_ACTORS - 64 && h->keys < 160;
    if (die < 12 && room)
        actor_enrol(h);
    else if (die < 15 && room && plain(h)->parties_count < 8)
        party_enrol(h);
    else if (die < 25)
        actor_revoke(h);
    else if (die < 35 && plain(h)->policies_count < PLAIN_ENTRIES / 64 - 1)
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
            must_enrol(h, parties[i], 1, k < 2 ? "approver" : "finance");
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

size_t history_play(uint64_t seed, size_t events, struct tally *tally)
{
    struct history h = {.random = seed * 2 + 1, .tally = tally};
    history_begin(&h);
    for (size_t i = 0; i < events && plain(&h)->size < PLAIN_ENTRIES - 8; i++) {
        one_round(&h);
        if (i % 64 == 0)
            bridge_compare_all(h.b);
    }
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
