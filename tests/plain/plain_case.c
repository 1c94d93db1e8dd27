/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a case: policies, quorums, transitions. */
#include "plain/plain.h"

#include <stdio.h>
#include <string.h>

#define HOURS(n) ((plain_number)(n) * 3600 * 1000)

const char *plain_state(const struct plain *p, int the_case, plain_number time)
{
    const struct plain_case *c = &p->cases[the_case];
    if (plain_is(c->state, "HELD") && time > c->decide_by)
        return "EXPIRED";
    if (plain_is(c->state, "RELEASED") && time > c->use_by)
        return "LAPSED";
    if (plain_is(c->state, "CONSUMED") && time > c->report_by)
        return "UNREPORTED";
    return c->state;
}

static bool rule_matches(const struct plain *p, const struct plain_rule *rule, const struct plain_case *c)
{
    static const char *const priorities[] = {"low", "normal", "high", "critical"};
    const struct plain_actor *requester = &p->actors[c->requester];
    return plain_glob(rule->service, c->request.service) && plain_glob(rule->action, c->request.action) &&
           plain_glob(rule->priority, priorities[c->request.priority]) && plain_glob(rule->party, requester->party) &&
           plain_glob(rule->agent, requester->enrolment.name);
}

static void shortest(plain_number *period, plain_number named)
{
    if (named && (!*period || named < *period))
        *period = named;
}

/* What the rule's parties are in this case. */
static int parties_of(const struct plain *p, const plain_name *named, int count, const struct plain_case *c,
                      plain_name *out)
{
    int out_count = 0;
    for (int i = 0; i < (count ? count : 1); i++) {
        const char *party = count ? named[i] : "$requester";
        if (plain_is(party, "$requester"))
            party = p->actors[c->requester].party;
        else if (plain_is(party, "$holder"))
            party = p->actors[c->holder].party;
        if (!plain_has(out, out_count, party))
            snprintf(out[out_count++], PLAIN_NAME, "%s", party);
    }
    return out_count;
}

static void clause_of(const struct plain *p, const struct plain_rule *rule, const char *scope,
                      const struct plain_case *c, plain_number time, struct plain_clause *clause)
{
    memset(clause, 0, sizeof(*clause));
    snprintf(clause->scope, PLAIN_NAME, "%s", scope);
    clause->approvals = rule->approvals;
    clause->distinct_parties = rule->distinct_parties;
    clause->roles_count = rule->roles_count;
    memcpy(clause->roles, rule->roles, sizeof(rule->roles));
    clause->parties_count = parties_of(p, rule->parties, rule->parties_count, c, clause->parties);
    clause->ordered = rule->ordered;
    clause->hardware = rule->hardware;
    clause->window_ms = rule->window_ms;
    const struct plain_escalation *from = &rule->escalation;
    struct plain_escalation *to = &clause->escalation;
    if (!from->present)
        return;
    to->present = true;
    to->after = from->after ? time + from->after : 0;
    to->roles_count = from->roles_count;
    memcpy(to->roles, from->roles, sizeof(to->roles));
    to->parties_count = from->parties_count ? parties_of(p, from->parties, from->parties_count, c, to->parties)
                                            : parties_of(p, rule->parties, rule->parties_count, c, to->parties);
}

static bool in_ancestry(const struct plain *p, const struct plain_case *c, int actor);
static bool counts(const struct plain *p, const struct plain_case *c, int d, plain_number time, bool consume);

static bool person_in_ancestry(const struct plain *p, const struct plain_case *c, int person)
{
    for (int i = 0; i < c->ancestry_count; i++) {
        if (p->actors[c->ancestry[i]].enrolment.person == person)
            return true;
    }
    return false;
}

/* Whether all who published the policy stand in the case's ancestry. */
static bool in_conflict(const struct plain *p, const struct plain_case *c, int entry)
{
    int place = (int)(plain_policy_of(p, entry) - p->policies);
    for (int i = 0; i < p->authors_counts[place]; i++) {
        if (!person_in_ancestry(p, c, p->authors[place][i]))
            return false;
    }
    return true;
}

/* After an accept: the approvals that count still and were given for the new holder too. */
static void travel(const struct plain *p, const struct plain_case *c, plain_number time, struct plain_verdict *v)
{
    const struct plain_actor *holder = &p->actors[c->holder];
    for (int d = 0; c->handed && d < c->decisions_count; d++) {
        const struct plain_decision *decision = &c->decisions[d];
        bool named = plain_has(decision->travels, decision->travels_count, holder->enrolment.name) ||
                     plain_has(decision->travels, decision->travels_count, holder->party);
        if (named && counts(p, c, d, time, false) && v->travelled_count < PLAIN_APPROVALS)
            v->travelled[v->travelled_count++] = decision->entry;
    }
}

void plain_judge(const struct plain *p, const struct plain_case *c, plain_number time, int instance,
                 struct plain_verdict *v)
{
    const char *scopes[] = {"ledger", p->actors[c->requester].party, p->actors[c->holder].party};
    bool said[3] = {false, false, false}, spoken = false;
    plain_number decide_ms = 0;
    bool consent = false;
    memset(v, 0, sizeof(*v));
    for (int i = 0; i < 3; i++) {
        if (i == 2 && plain_is(scopes[1], scopes[2]))
            continue;
        int entry = i == 0 ? p->ledger_policy : plain_party(p, scopes[i])->policy;
        if (entry == PLAIN_NONE)
            continue;
        const struct plain_policy *policy = plain_policy_of(p, entry);
        int place = v->policies_count++;
        snprintf(v->policies[place].scope, PLAIN_NAME, "%s", scopes[i]);
        v->policies[place].entry = entry;
        int r = 0;
        while (r < policy->rules_count && !rule_matches(p, &policy->rules[r], c))
            r++;
        if (r == policy->rules_count)
            continue;
        const struct plain_rule *rule = &policy->rules[r];
        v->policies[place].rule = r + 1;
        v->policies[place].conflict = rule->effect == PLAIN_PASS && in_conflict(p, c, entry);
        if (v->policies[place].conflict)
            continue;
        said[rule->effect] = true;
        spoken = spoken || i < 2;
        shortest(&v->use_ms, rule->use_ms);
        shortest(&v->report_ms, rule->report_ms);
        if (rule->effect != PLAIN_HOLD)
            continue;
        shortest(&decide_ms, rule->decide_ms);
        consent = consent || rule->consent;
        clause_of(p, rule, scopes[i], c, time, &v->quorum[v->quorum_count++]);
    }
    v->effect = said[PLAIN_DENY] ? PLAIN_DENY : said[PLAIN_HOLD] || !spoken ? PLAIN_HOLD : PLAIN_PASS;
    if (!spoken) {
        struct plain_rule silent = {.effect = PLAIN_HOLD, .approvals = 1, .roles = {"approver"}, .roles_count = 1};
        clause_of(p, &silent, "ledger", c, time, &v->quorum[v->quorum_count++]);
    }
    if (v->effect != PLAIN_HOLD)
        v->quorum_count = 0;
    else
        v->decide_by = time + (decide_ms ? decide_ms : HOURS(24));
    if (v->decide_by > c->expires)
        v->decide_by = c->expires;
    v->consent = v->effect == PLAIN_HOLD && consent && c->revision > 0 && !c->handed;
    v->use_ms = v->use_ms ? v->use_ms : HOURS(1);
    v->report_ms = v->report_ms ? v->report_ms : HOURS(24);
    v->payload = c->payload;
    v->revision = c->revision;
    v->instance = instance;
    snprintf(v->executor, PLAIN_NAME, "%s", p->actors[c->holder].enrolment.name);
    travel(p, c, time, v);
}

static bool same_names(const plain_name *a, int a_count, const plain_name *b, int b_count)
{
    for (int i = 0; i < a_count && a_count == b_count; i++) {
        if (!plain_is(a[i], b[i]))
            return false;
    }
    return a_count == b_count;
}

static bool same_escalation(const struct plain_escalation *a, const struct plain_escalation *b)
{
    return a->present == b->present && a->after == b->after &&
           same_names(a->roles, a->roles_count, b->roles, b->roles_count) &&
           same_names(a->parties, a->parties_count, b->parties, b->parties_count);
}

static bool same_clause(const struct plain_clause *x, const struct plain_clause *y)
{
    return plain_is(x->scope, y->scope) && x->approvals == y->approvals &&
           x->distinct_parties == y->distinct_parties && x->ordered == y->ordered && x->hardware == y->hardware &&
           x->window_ms == y->window_ms && same_escalation(&x->escalation, &y->escalation) &&
           same_names(x->roles, x->roles_count, y->roles, y->roles_count) &&
           same_names(x->parties, x->parties_count, y->parties, y->parties_count);
}

static bool same_verdict(const struct plain_verdict *a, const struct plain_verdict *b)
{
    if (a->effect != b->effect || a->decide_by != b->decide_by || a->use_ms != b->use_ms ||
        a->report_ms != b->report_ms || a->payload != b->payload || a->revision != b->revision ||
        !plain_is(a->executor, b->executor) || a->policies_count != b->policies_count || a->quorum_count != b->quorum_count)
        return false;
    for (int i = 0; i < a->policies_count; i++) {
        if (!plain_is(a->policies[i].scope, b->policies[i].scope) || a->policies[i].entry != b->policies[i].entry ||
            a->policies[i].rule != b->policies[i].rule || a->policies[i].conflict != b->policies[i].conflict)
            return false;
    }
    for (int i = 0; i < a->quorum_count; i++) {
        if (!same_clause(&a->quorum[i], &b->quorum[i]))
            return false;
    }
    for (int i = 0; i < a->travelled_count && a->travelled_count == b->travelled_count; i++) {
        if (a->travelled[i] != b->travelled[i])
            return false;
    }
    return a->travelled_count == b->travelled_count && a->consent == b->consent;
}

/* Which clauses ask others by now, a bit for each. */
static unsigned escalated_at(const struct plain_case *c, plain_number time)
{
    unsigned bits = c->escalated;
    for (int i = 0; i < c->quorum_count; i++) {
        if (c->quorum[i].escalation.present && c->quorum[i].escalation.after && time > c->quorum[i].escalation.after)
            bits |= 1u << i;
    }
    return bits;
}

/* Whether the clause asks the actor, but for how its key is held. */
static bool clause_asks(const struct plain_clause *clause, const struct plain_actor *actor, bool escalated)
{
    const struct plain_escalation *instead = &clause->escalation;
    const plain_name *parties = escalated ? instead->parties : clause->parties;
    const plain_name *roles = escalated ? instead->roles : clause->roles;
    int parties_count = escalated ? instead->parties_count : clause->parties_count;
    int roles_count = escalated ? instead->roles_count : clause->roles_count;
    if (!plain_has(parties, parties_count, "*") && !plain_has(parties, parties_count, actor->party))
        return false;
    for (int i = 0; i < actor->enrolment.roles_count; i++) {
        if (plain_has(roles, roles_count, actor->enrolment.roles[i]))
            return true;
    }
    return false;
}

static bool clause_takes(const struct plain_clause *clause, const struct plain_actor *actor, bool escalated)
{
    return clause_asks(clause, actor, escalated) &&
           (!clause->hardware || actor->enrolment.custody == PLAIN_HARDWARE);
}

/* The same for what was signed: by the key of then. */
static bool clause_took(const struct plain_clause *clause, const struct plain_actor *actor,
                        const struct plain_decision *decision, bool escalated)
{
    bool hardware = decision->rotation < actor->former_count ? actor->former[decision->rotation].hardware
                                                             : actor->enrolment.custody == PLAIN_HARDWARE;
    return clause_asks(clause, actor, escalated) && (!clause->hardware || hardware);
}

static bool in_ancestry(const struct plain *p, const struct plain_case *c, int actor)
{
    int person = p->actors[actor].enrolment.person;
    for (int i = 0; i < c->ancestry_count; i++) {
        if (c->ancestry[i] == actor)
            return true;
        if (person != PLAIN_NONE && p->actors[c->ancestry[i]].enrolment.person == person)
            return true;
    }
    return false;
}

const char *plain_role_rule(const struct plain *p, const struct plain_case *c, int actor, plain_number time)
{
    const struct plain_actor *who = &p->actors[actor];
    bool asked = false, taken = false;
    if (who->enrolment.kind != 1)
        return "not-human";
    if (who->enrolment.custody == PLAIN_OPERATOR)
        return "key-class";
    for (int i = 0; i < c->quorum_count; i++) {
        bool escalated = escalated_at(c, time) >> i & 1;
        asked = asked || clause_asks(&c->quorum[i], who, escalated);
        taken = taken || clause_takes(&c->quorum[i], who, escalated);
    }
    return taken ? NULL : asked ? "key-class" : "wrong-role";
}

static const char *approver_rule(const struct plain *p, const struct plain_case *c, int actor, plain_number time)
{
    const char *refusal = plain_role_rule(p, c, actor, time);
    if (refusal)
        return refusal;
    return in_ancestry(p, c, actor) ? "self-approval" : NULL;
}

bool plain_signed_by_thief(const struct plain_actor *actor, int rotation, plain_number time)
{
    if (actor->revoked && actor->since <= time)
        return true;
    return rotation < actor->former_count && actor->former[rotation].revoked &&
           actor->former[rotation].since <= time;
}

/* Whether decision number `d` counts; for a consume neither its expiry nor the window is read. */
static bool counts(const struct plain *p, const struct plain_case *c, int d, plain_number time, bool consume)
{
    const struct plain_decision *decision = &c->decisions[d];
    if (plain_signed_by_thief(&p->actors[decision->actor], decision->rotation, decision->time))
        return false;
    plain_number window = 0;
    for (int i = 0; i < c->quorum_count; i++)
        shortest(&window, c->quorum[i].window_ms);
    if (!consume && (time > decision->expires || (window && time > decision->time + window)))
        return false;
    return !in_ancestry(p, c, decision->actor);
}

int plain_newest(const struct plain *p, const struct plain_case *c, plain_number time)
{
    int newest = PLAIN_NONE;
    for (int d = 0; d < c->decisions_count; d++) {
        if (counts(p, c, d, time, false))
            newest = c->decisions[d].entry;
    }
    return newest;
}

static bool seen_before(const int *list, int count, int item)
{
    for (int i = 0; i < count; i++) {
        if (list[i] == item)
            return true;
    }
    return false;
}

/* Whether place number `taken` of an ordered clause is the actor's. */
static bool is_turn(const struct plain_clause *clause, const struct plain_actor *actor, int taken, bool escalated)
{
    if (!clause->ordered || escalated)
        return true;
    const char *role = clause->roles[taken < clause->roles_count ? taken : clause->roles_count - 1];
    return plain_has(actor->enrolment.roles, actor->enrolment.roles_count, role);
}

/* How many distinct persons, and of how many parties, approve for the clause. */
static void clause_have(const struct plain *p, const struct plain_case *c, int q, plain_number time, bool consume,
                        int *ret_persons, int *ret_parties)
{
    int persons[PLAIN_DECISIONS], persons_count = 0, parties[PLAIN_DECISIONS], parties_count = 0;
    for (int d = 0; d < c->decisions_count; d++) {
        const struct plain_actor *actor = &p->actors[c->decisions[d].actor];
        bool escalated = c->decisions[d].escalated >> q & 1;
        int party = (int)(plain_party(p, actor->party) - p->parties);
        if (!counts(p, c, d, time, consume) || !clause_took(&c->quorum[q], actor, &c->decisions[d], escalated) ||
            !is_turn(&c->quorum[q], actor, persons_count, escalated))
            continue;
        if (!seen_before(persons, persons_count, actor->enrolment.person))
            persons[persons_count++] = actor->enrolment.person;
        if (!seen_before(parties, parties_count, party))
            parties[parties_count++] = party;
    }
    *ret_persons = persons_count;
    *ret_parties = parties_count;
}

int plain_taken(const struct plain *p, const struct plain_case *c, int clause, plain_number time)
{
    int persons = 0, parties = 0;
    clause_have(p, c, clause, time, false, &persons, &parties);
    return persons;
}

static bool quorum_met(const struct plain *p, const struct plain_case *c, plain_number time, bool consume)
{
    for (int q = 0; q < c->quorum_count; q++) {
        int persons = 0, parties = 0;
        clause_have(p, c, q, time, consume, &persons, &parties);
        if (persons < c->quorum[q].approvals)
            return false;
        if (c->quorum[q].distinct_parties && parties < c->quorum[q].approvals)
            return false;
    }
    return true;
}

/* The approver's turn in one at least of the clauses that ask them, and the approval before theirs named. */
static const char *order_rule(const struct plain *p, const struct plain_case *c, int actor, plain_number time,
                              int previous)
{
    bool turn = false, ordered = false;
    for (int q = 0; q < c->quorum_count; q++) {
        bool escalated = escalated_at(c, time) >> q & 1;
        ordered = ordered || c->quorum[q].ordered;
        turn = turn || (clause_takes(&c->quorum[q], &p->actors[actor], escalated) &&
                        is_turn(&c->quorum[q], &p->actors[actor], plain_taken(p, c, q, time), escalated));
    }
    int newest = ordered ? plain_newest(p, c, time) : PLAIN_NONE;
    return turn && previous == newest ? NULL : "out-of-order";
}

const char *plain_ancestor(const struct plain *p, struct plain_case *c, int actor)
{
    if (seen_before(c->ancestry, c->ancestry_count, actor))
        return NULL;
    if (c->ancestry_count == PLAIN_ANCESTRY)
        return "limit-reached";
    c->ancestry[c->ancestry_count++] = actor;
    if (!p->actors[actor].enrolment.owner[0])
        return NULL;
    return plain_ancestor(p, c, plain_actor(p, p->actors[actor].enrolment.owner));
}

static const char *parent_rule(const struct plain *p, const struct plain_event *e, struct plain_case *c)
{
    const struct plain_request *r = &e->request;
    if (r->parent == PLAIN_NONE || p->cases[r->parent].anchor != r->parent_after)
        return "bad-parent";
    const struct plain_case *parent = &p->cases[r->parent];
    if (plain_is(parent->state, "JUDGED-NEXT") || plain_is(parent->state, "RELEASE-NEXT"))
        return "bad-parent";
    if (e->seen_size <= parent->anchor)
        return "bad-seen";
    for (int i = 0; i < parent->ancestry_count; i++) {
        const char *refusal = plain_ancestor(p, c, parent->ancestry[i]);
        if (refusal)
            return refusal;
    }
    if (parent->level == PLAIN_PARENTS)
        return "pass-too-deep";
    c->level = parent->level + 1;
    if (!parent->scope.present)
        return NULL;
    c->scope = parent->scope;
    c->scope.releases = 1;
    return plain_child_rule(p, r, plain_actor(p, e->signers[0]));
}

bool plain_machine(const struct plain *p, int actor, plain_number time)
{
    return actor != PLAIN_NONE && plain_valid(&p->actors[actor], time) && p->actors[actor].enrolment.kind != 1;
}

void plain_want_verdict(struct plain *p, const struct plain_event *e, struct plain_case *c)
{
    c->state = "JUDGED-NEXT";
    c->cause = p->size;
    c->handed = e->kind == PLAIN_ACCEPT;
    c->decide_by = 0;
    p->wanted = "verdict";
    p->wanted_case = (int)(c - p->cases);
}

static const char *request_rule(struct plain *p, const struct plain_event *e)
{
    const struct plain_request *r = &e->request;
    struct plain_case *c = &p->cases[p->cases_count];
    int requester = plain_actor(p, e->signers[0]), holder = plain_actor(p, r->executor);
    if (p->actors[requester].enrolment.kind == 1)
        return "not-agent";
    if (e->time > r->expires)
        return "deadline-passed";
    if (!plain_machine(p, holder, e->time))
        return "wrong-executor";
    memset(c, 0, sizeof(*c));
    const char *refusal = plain_ancestor(p, c, requester);
    if (!refusal)
        refusal = plain_ancestor(p, c, holder);
    for (int i = 0; !refusal && i < r->behalf_count; i++) {
        int who = plain_actor(p, r->behalf[i]);
        refusal = who == PLAIN_NONE ? "key-unknown" : plain_ancestor(p, c, who);
    }
    if (!refusal && r->has_parent)
        refusal = parent_rule(p, e, c);
    if (refusal)
        return refusal;
    if (r->has_parent && p->cases[r->parent].scope.present)
        p->cases[r->parent].scope.releases--;
    c->opened = c->last = c->anchor = c->payload_at = p->size;
    c->expires = r->expires;
    c->requester = requester;
    c->holder = holder;
    c->request = *r;
    c->payload = r->payload;
    plain_want_verdict(p, e, c);
    p->cases_count++;
    return NULL;
}

static const char *state_rule(const struct plain *p, const struct plain_event *e, const struct plain_case *c)
{
    static const struct {
        enum plain_kind kind;
        const char *states[3];
    } lawful[] = {
        {PLAIN_VERDICT, {"JUDGED-NEXT"}},         {PLAIN_PATCH, {"HELD"}},
        {PLAIN_DECISION, {"HELD"}},               {PLAIN_RELEASE, {"RELEASE-NEXT"}},
        {PLAIN_CONSUME, {"RELEASED"}},            {PLAIN_OUTCOME, {"CONSUMED", "UNREPORTED"}},
        {PLAIN_CANCEL, {"HELD", "RELEASED"}},     {PLAIN_EXPIRY, {"HELD", "RELEASED", "CONSUMED"}},
        {PLAIN_CONSENT, {"HELD"}},                {PLAIN_QUESTION, {"HELD"}},
        {PLAIN_ANSWER, {"HELD"}},                 {PLAIN_OFFER, {"HELD", "RELEASED"}},
        {PLAIN_ACCEPT, {"HELD", "RELEASED"}},     {PLAIN_DECLINE, {"HELD", "RELEASED"}},
        {PLAIN_WITHDRAW, {"HELD", "RELEASED"}},   {PLAIN_FINALISE, {"HELD", "RELEASED"}},
    };
    const char *reads = e->kind == PLAIN_EXPIRY ? c->state : plain_state(p, e->the_case, e->time);
    bool now = false, recorded = false;
    for (size_t i = 0; i < sizeof(lawful) / sizeof(lawful[0]); i++) {
        for (int k = 0; lawful[i].kind == e->kind && k < 3 && lawful[i].states[k]; k++) {
            now = now || plain_is(lawful[i].states[k], reads);
            recorded = recorded || plain_is(lawful[i].states[k], c->state);
        }
    }
    if (now)
        return NULL;
    if (e->kind == PLAIN_CONSUME && c->consumed)
        return "double-consume";
    return recorded ? "deadline-passed" : "state-illegal";
}

static const char *patch_rule(struct plain *p, const struct plain_event *e, struct plain_case *c, int actor)
{
    const char *refusal = approver_rule(p, c, actor, e->time);
    if (refusal)
        return refusal;
    if (e->payload != c->payload)
        return "action-mismatch";
    if (c->revision == 64)
        return "limit-reached";
    c->payload = e->result;
    c->payload_at = p->size;
    c->revision++;
    plain_want_verdict(p, e, c);
    return NULL;
}

static const char *escalate(struct plain *p, const struct plain_event *e, struct plain_case *c, int actor)
{
    unsigned before = escalated_at(c, e->time), fresh = 0;
    for (int q = 0; q < c->quorum_count; q++) {
        if (!(before >> q & 1) && c->quorum[q].escalation.present &&
            clause_takes(&c->quorum[q], &p->actors[actor], false))
            fresh |= 1u << q;
    }
    if (!fresh)
        return "no-escalation";
    c->escalated |= fresh;
    c->anchor = p->size;
    return NULL;
}

static const char *approval(struct plain *p, const struct plain_event *e, struct plain_case *c, int actor)
{
    const struct plain_actor *who = &p->actors[actor];
    if (c->consent == PLAIN_WANTED || c->consent == PLAIN_REFUSED)
        return "consent-missing";
    const char *refusal = order_rule(p, c, actor, e->time, e->previous);
    if (refusal)
        return refusal;
    if (c->decisions_count == PLAIN_DECISIONS)
        return "limit-reached";
    int kept = 0;
    for (int d = 0; d < c->decisions_count; d++) {
        if (p->actors[c->decisions[d].actor].enrolment.person != who->enrolment.person)
            c->decisions[kept++] = c->decisions[d];
    }
    c->decisions[kept] = (struct plain_decision){.entry = p->size, .actor = actor, .time = e->time,
                                                 .expires = e->expires, .rotation = who->former_count,
                                                 .escalated = escalated_at(c, e->time),
                                                 .travels_count = e->travels_count};
    memcpy(c->decisions[kept].travels, e->travels, sizeof(e->travels));
    c->decisions_count = kept + 1;
    if (!quorum_met(p, c, e->time, false))
        return NULL;
    c->state = "RELEASE-NEXT";
    c->cause = p->size;
    p->wanted = "release";
    p->wanted_case = e->the_case;
    return NULL;
}

static const char *decision_rule(struct plain *p, const struct plain_event *e, struct plain_case *c, int actor)
{
    bool reject = e->choice == PLAIN_REJECT;
    if (e->instance != c->instance)
        return "instance-mismatch";
    if (e->payload != c->payload)
        return "action-mismatch";
    const char *refusal = reject ? plain_role_rule(p, c, actor, e->time) : approver_rule(p, c, actor, e->time);
    if (refusal)
        return refusal;
    for (int d = 0; !reject && d < c->decisions_count; d++) {
        if (counts(p, c, d, e->time, false) &&
            p->actors[c->decisions[d].actor].enrolment.person == p->actors[actor].enrolment.person)
            return "duplicate-human";
    }
    if (e->time > e->expires)
        return "approval-expired";
    if (e->choice == PLAIN_ESCALATE)
        return escalate(p, e, c, actor);
    if (e->choice == PLAIN_APPROVE)
        return approval(p, e, c, actor);
    c->state = "REJECTED";
    return NULL;
}

/* Bits of the old instance's clauses as bits of the new one's: a clause of the same scope and roles goes on. */
static unsigned carried(const struct plain_case *c, const struct plain_verdict *v, unsigned bits)
{
    unsigned out = 0;
    for (int i = 0; i < c->quorum_count; i++) {
        const struct plain_clause *old = &c->quorum[i];
        for (int k = 0; (bits >> i & 1) && k < v->quorum_count; k++) {
            const struct plain_clause *fresh = &v->quorum[k];
            if (plain_is(old->scope, fresh->scope) && old->escalation.present && fresh->escalation.present &&
                same_names(old->roles, old->roles_count, fresh->roles, fresh->roles_count))
                out |= 1u << k;
        }
    }
    return out;
}

static const char *verdict_rule(struct plain *p, const struct plain_event *e, struct plain_case *c)
{
    struct plain_verdict mine;
    plain_judge(p, c, e->time, e->verdict.instance, &mine);
    if (!same_verdict(&mine, &e->verdict) || mine.instance == c->instance || mine.instance == 0)
        return "clerk-mismatch";
    c->instance = mine.instance;
    c->anchor = p->size;
    int kept = 0;
    for (int d = 0; d < c->decisions_count; d++) {
        if (!seen_before(mine.travelled, mine.travelled_count, c->decisions[d].entry))
            continue;
        c->decisions[kept] = c->decisions[d];
        c->decisions[kept].escalated = carried(c, &mine, c->decisions[kept].escalated);
        kept++;
    }
    c->decisions_count = mine.effect == PLAIN_DENY ? 0 : kept;
    c->escalated = c->handed ? carried(c, &mine, c->escalated) : 0;
    c->handed = false;
    c->released = false;
    c->consent = mine.consent ? PLAIN_WANTED : PLAIN_NO_CONSENT;
    c->cause = p->size;
    c->decide_by = mine.decide_by;
    c->use_ms = mine.use_ms;
    c->report_ms = mine.report_ms;
    c->quorum_count = mine.quorum_count;
    memcpy(c->quorum, mine.quorum, sizeof(c->quorum));
    bool met = mine.effect == PLAIN_PASS || (mine.effect == PLAIN_HOLD && quorum_met(p, c, e->time, false));
    c->state = met ? "RELEASE-NEXT" : mine.effect == PLAIN_HOLD ? "HELD" : "REFUSED";
    if (!met)
        return NULL;
    p->wanted = "release";
    p->wanted_case = e->the_case;
    return NULL;
}

static const char *release_rule(struct plain *p, const struct plain_event *e, struct plain_case *c)
{
    const struct plain_release *r = &e->release;
    struct plain_decision kept[PLAIN_DECISIONS];
    int count = 0;
    plain_number use_by = e->time + c->use_ms;
    if (use_by > c->expires)
        use_by = c->expires;
    for (int d = 0; d < c->decisions_count; d++) {
        if (!counts(p, c, d, e->time, false))
            continue;
        if (use_by > c->decisions[d].expires)
            use_by = c->decisions[d].expires;
        if (count >= r->decisions_count || r->decisions[count] != c->decisions[d].entry)
            return "clerk-mismatch";
        kept[count++] = c->decisions[d];
    }
    if (count != r->decisions_count || !plain_is(r->executor, p->actors[c->holder].enrolment.name) || r->payload != c->payload ||
        r->instance != c->instance || r->report_ms != c->report_ms || r->use_by != use_by)
        return "clerk-mismatch";
    if (!quorum_met(p, c, e->time, false))
        return "under-threshold";
    memcpy(c->decisions, kept, sizeof(kept[0]) * (size_t)count);
    c->decisions_count = count;
    c->use_by = use_by;
    c->anchor = p->size;
    c->released = true;
    c->state = "RELEASED";
    return NULL;
}

static const char *holder_rule(struct plain *p, const struct plain_event *e, struct plain_case *c, int actor)
{
    static const char *const outcomes[] = {"FULFILLED", "FAILED", "UNKNOWN"};
    if (actor != c->holder)
        return "not-holder";
    if (e->kind == PLAIN_OUTCOME) {
        c->late = plain_is(plain_state(p, e->the_case, e->time), "UNREPORTED");
        c->state = outcomes[e->outcome];
        return NULL;
    }
    if (e->payload != c->payload)
        return "action-mismatch";
    if (!quorum_met(p, c, e->time, true))
        return "approval-revoked";
    const char *refusal = plain_authority(p, c, false);
    if (refusal)
        return refusal;
    c->state = "CONSUMED";
    c->consumed = true;
    c->report_by = e->time + c->report_ms;
    return NULL;
}

static const char *cancel_rule(struct plain *p, struct plain_case *c, int actor, plain_number time)
{
    if (actor != c->requester && plain_role_rule(p, c, actor, time))
        return "not-requester";
    c->state = "CANCELLED";
    return NULL;
}

static const char *expiry_rule(const struct plain_event *e, struct plain_case *c)
{
    static const char *const from[] = {"HELD", "RELEASED", "CONSUMED"};
    static const char *const to[] = {"EXPIRED", "LAPSED", "UNREPORTED"};
    plain_number due[] = {c->decide_by, c->use_by, c->report_by};
    if (!plain_is(c->state, from[e->silence]))
        return "state-illegal";
    if (e->time <= due[e->silence])
        return "not-due";
    c->state = to[e->silence];
    return NULL;
}

static const char *own_rule(struct plain *p, const struct plain_event *e, struct plain_case *c, int actor)
{
    if (e->kind == PLAIN_VERDICT)
        return verdict_rule(p, e, c);
    if (e->kind == PLAIN_PATCH)
        return patch_rule(p, e, c, actor);
    if (e->kind == PLAIN_DECISION)
        return decision_rule(p, e, c, actor);
    if (e->kind == PLAIN_RELEASE)
        return release_rule(p, e, c);
    if (e->kind == PLAIN_CANCEL)
        return cancel_rule(p, c, actor, e->time);
    if (e->kind >= PLAIN_CONSENT)
        return plain_hand_rule(p, e, c, actor);
    return e->kind == PLAIN_EXPIRY ? expiry_rule(e, c) : holder_rule(p, e, c, actor);
}

const char *plain_case_rule(struct plain *p, const struct plain_event *e)
{
    if (e->kind == PLAIN_REQUEST)
        return request_rule(p, e);
    if (e->the_case == PLAIN_NONE)
        return "wrong-case";
    struct plain_case *c = &p->cases[e->the_case];
    bool clerk = e->kind == PLAIN_VERDICT || e->kind == PLAIN_RELEASE || e->kind == PLAIN_EXPIRY;
    if (e->case_prev != c->last)
        return "chain-broken";
    const char *refusal = state_rule(p, e, c);
    if (refusal)
        return refusal;
    if (e->after != (clerk && e->kind != PLAIN_EXPIRY ? c->cause : c->anchor))
        return "stale-after";
    if (!clerk && e->seen_size <= c->anchor)
        return "bad-seen";
    static struct plain_case before;
    before = *c;
    refusal = own_rule(p, e, c, clerk ? PLAIN_NONE : plain_actor(p, e->signers[0]));
    if (refusal) {
        *c = before;
        p->wanted = NULL;
        return refusal;
    }
    c->last = p->size;
    return NULL;
}
