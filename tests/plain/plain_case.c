/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a case: policies, quorums, transitions. */
#include "plain/plain.h"

#include <stdio.h>
#include <string.h>

#define HOURS(n) ((plain_number)(n) * 3600 * 1000)

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

const char *plain_state(const struct plain *p, int the_case, plain_number time)
{
    const struct plain_case *c = &p->cases[the_case];
    if (is(c->state, "HELD") && time > c->decide_by)
        return "EXPIRED";
    if (is(c->state, "RELEASED") && time > c->use_by)
        return "LAPSED";
    if (is(c->state, "CONSUMED") && time > c->report_by)
        return "UNREPORTED";
    return c->state;
}

/* `?` is one byte, `*` any bytes: by a table of which ends of both fit together. */
static bool glob(const char *pattern, const char *text)
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

static bool rule_matches(const struct plain *p, const struct plain_rule *rule, const struct plain_case *c)
{
    static const char *const priorities[] = {"low", "normal", "high", "critical"};
    const struct plain_actor *requester = &p->actors[c->requester];
    return glob(rule->service, c->request.service) && glob(rule->action, c->request.action) &&
           glob(rule->priority, priorities[c->request.priority]) && glob(rule->party, requester->party) &&
           glob(rule->agent, requester->enrolment.name);
}

static void shortest(plain_number *period, plain_number named)
{
    if (named && (!*period || named < *period))
        *period = named;
}

static void clause_of(const struct plain *p, const struct plain_rule *rule, const char *scope,
                      const struct plain_case *c, struct plain_clause *clause)
{
    memset(clause, 0, sizeof(*clause));
    snprintf(clause->scope, PLAIN_NAME, "%s", scope);
    clause->approvals = rule->approvals;
    clause->distinct_parties = rule->distinct_parties;
    clause->roles_count = rule->roles_count;
    memcpy(clause->roles, rule->roles, sizeof(rule->roles));
    for (int i = 0; i < (rule->parties_count ? rule->parties_count : 1); i++) {
        const char *party = rule->parties_count ? rule->parties[i] : "$requester";
        if (is(party, "$requester"))
            party = p->actors[c->requester].party;
        else if (is(party, "$holder"))
            party = p->actors[c->holder].party;
        if (!plain_has(clause->parties, clause->parties_count, party))
            snprintf(clause->parties[clause->parties_count++], PLAIN_NAME, "%s", party);
    }
}

void plain_judge(const struct plain *p, const struct plain_case *c, plain_number time, int instance,
                 struct plain_verdict *v)
{
    const char *scopes[] = {"ledger", p->actors[c->requester].party, p->actors[c->holder].party};
    bool said[3] = {false, false, false};
    plain_number decide_ms = 0;
    memset(v, 0, sizeof(*v));
    for (int i = 0; i < 3; i++) {
        if (i == 2 && is(scopes[1], scopes[2]))
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
        said[rule->effect] = true;
        shortest(&v->use_ms, rule->use_ms);
        shortest(&v->report_ms, rule->report_ms);
        if (rule->effect != PLAIN_HOLD)
            continue;
        shortest(&decide_ms, rule->decide_ms);
        clause_of(p, rule, scopes[i], c, &v->quorum[v->quorum_count++]);
    }
    v->effect = said[PLAIN_DENY] ? PLAIN_DENY : said[PLAIN_HOLD] ? PLAIN_HOLD : said[PLAIN_PASS] ? PLAIN_PASS : PLAIN_HOLD;
    if (v->effect == PLAIN_HOLD && !said[PLAIN_HOLD]) {
        struct plain_rule silent = {.effect = PLAIN_HOLD, .approvals = 1, .roles = {"approver"}, .roles_count = 1};
        clause_of(p, &silent, "ledger", c, &v->quorum[v->quorum_count++]);
    }
    if (v->effect != PLAIN_HOLD)
        v->quorum_count = 0;
    else
        v->decide_by = time + (decide_ms ? decide_ms : HOURS(24));
    if (v->decide_by > c->request.expires)
        v->decide_by = c->request.expires;
    v->use_ms = v->use_ms ? v->use_ms : HOURS(1);
    v->report_ms = v->report_ms ? v->report_ms : HOURS(24);
    v->payload = c->payload;
    v->revision = c->revision;
    v->instance = instance;
    snprintf(v->executor, PLAIN_NAME, "%s", c->request.executor);
}

static bool same_names(const plain_name *a, int a_count, const plain_name *b, int b_count)
{
    for (int i = 0; i < a_count && a_count == b_count; i++) {
        if (!is(a[i], b[i]))
            return false;
    }
    return a_count == b_count;
}

static bool same_verdict(const struct plain_verdict *a, const struct plain_verdict *b)
{
    if (a->effect != b->effect || a->decide_by != b->decide_by || a->use_ms != b->use_ms ||
        a->report_ms != b->report_ms || a->payload != b->payload || a->revision != b->revision ||
        !is(a->executor, b->executor) || a->policies_count != b->policies_count || a->quorum_count != b->quorum_count)
        return false;
    for (int i = 0; i < a->policies_count; i++) {
        if (!is(a->policies[i].scope, b->policies[i].scope) || a->policies[i].entry != b->policies[i].entry ||
            a->policies[i].rule != b->policies[i].rule)
            return false;
    }
    for (int i = 0; i < a->quorum_count; i++) {
        const struct plain_clause *x = &a->quorum[i], *y = &b->quorum[i];
        if (!is(x->scope, y->scope) || x->approvals != y->approvals || x->distinct_parties != y->distinct_parties ||
            !same_names(x->roles, x->roles_count, y->roles, y->roles_count) ||
            !same_names(x->parties, x->parties_count, y->parties, y->parties_count))
            return false;
    }
    return true;
}

static bool clause_counts(const struct plain_clause *clause, const struct plain_actor *actor)
{
    if (!plain_has(clause->parties, clause->parties_count, "*") &&
        !plain_has(clause->parties, clause->parties_count, actor->party))
        return false;
    for (int i = 0; i < actor->enrolment.roles_count; i++) {
        if (plain_has(clause->roles, clause->roles_count, actor->enrolment.roles[i]))
            return true;
    }
    return false;
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

static const char *approver_rule(const struct plain *p, const struct plain_case *c, int actor)
{
    if (p->actors[actor].enrolment.kind != 1)
        return "not-human";
    bool counted = false;
    for (int i = 0; i < c->quorum_count; i++)
        counted = counted || clause_counts(&c->quorum[i], &p->actors[actor]);
    if (!counted)
        return "wrong-role";
    return in_ancestry(p, c, actor) ? "self-approval" : NULL;
}

/* Whether decision number `d` counts; for a consume its expiry is not read. */
static bool counts(const struct plain *p, const struct plain_case *c, int d, plain_number time, bool consume)
{
    const struct plain_decision *decision = &c->decisions[d];
    const struct plain_actor *actor = &p->actors[decision->actor];
    if (actor->revoked && actor->since <= decision->time)
        return false;
    if (!consume && time > decision->expires)
        return false;
    return !in_ancestry(p, c, decision->actor);
}

static bool seen_before(const int *list, int count, int item)
{
    for (int i = 0; i < count; i++) {
        if (list[i] == item)
            return true;
    }
    return false;
}

static bool quorum_met(const struct plain *p, const struct plain_case *c, plain_number time, bool consume)
{
    for (int q = 0; q < c->quorum_count; q++) {
        int persons[PLAIN_DECISIONS], persons_count = 0, parties[PLAIN_DECISIONS], parties_count = 0;
        for (int d = 0; d < c->decisions_count; d++) {
            const struct plain_actor *actor = &p->actors[c->decisions[d].actor];
            int party = (int)(plain_party(p, actor->party) - p->parties);
            if (!counts(p, c, d, time, consume) || !clause_counts(&c->quorum[q], actor))
                continue;
            if (!seen_before(persons, persons_count, actor->enrolment.person))
                persons[persons_count++] = actor->enrolment.person;
            if (!seen_before(parties, parties_count, party))
                parties[parties_count++] = party;
        }
        if (persons_count < c->quorum[q].approvals)
            return false;
        if (c->quorum[q].distinct_parties && parties_count < c->quorum[q].approvals)
            return false;
    }
    return true;
}

static const char *ancestor(const struct plain *p, struct plain_case *c, int actor)
{
    if (seen_before(c->ancestry, c->ancestry_count, actor))
        return NULL;
    if (c->ancestry_count == PLAIN_ANCESTRY)
        return "limit-reached";
    c->ancestry[c->ancestry_count++] = actor;
    if (!p->actors[actor].enrolment.owner[0])
        return NULL;
    return ancestor(p, c, plain_actor(p, p->actors[actor].enrolment.owner));
}

static const char *parent_rule(const struct plain *p, const struct plain_event *e, struct plain_case *c)
{
    const struct plain_request *r = &e->request;
    if (r->parent == PLAIN_NONE || p->cases[r->parent].anchor != r->parent_after)
        return "bad-parent";
    const struct plain_case *parent = &p->cases[r->parent];
    if (is(parent->state, "JUDGED-NEXT") || is(parent->state, "RELEASE-NEXT"))
        return "bad-parent";
    if (e->seen_size <= parent->anchor)
        return "bad-seen";
    for (int i = 0; i < parent->ancestry_count; i++) {
        const char *refusal = ancestor(p, c, parent->ancestry[i]);
        if (refusal)
            return refusal;
    }
    return NULL;
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
    if (holder == PLAIN_NONE || !plain_valid(&p->actors[holder], e->time) || p->actors[holder].enrolment.kind == 1)
        return "wrong-executor";
    memset(c, 0, sizeof(*c));
    const char *refusal = ancestor(p, c, requester);
    if (!refusal)
        refusal = ancestor(p, c, holder);
    for (int i = 0; !refusal && i < r->behalf_count; i++) {
        int who = plain_actor(p, r->behalf[i]);
        refusal = who == PLAIN_NONE ? "key-unknown" : ancestor(p, c, who);
    }
    if (!refusal && r->has_parent)
        refusal = parent_rule(p, e, c);
    if (refusal)
        return refusal;
    c->opened = c->last = c->anchor = c->cause = p->size;
    c->state = "JUDGED-NEXT";
    c->requester = requester;
    c->holder = holder;
    c->request = *r;
    c->payload = r->payload;
    p->wanted = "verdict";
    p->wanted_case = p->cases_count++;
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
    };
    const char *reads = e->kind == PLAIN_EXPIRY ? c->state : plain_state(p, e->the_case, e->time);
    bool now = false, recorded = false;
    for (size_t i = 0; i < sizeof(lawful) / sizeof(lawful[0]); i++) {
        for (int k = 0; lawful[i].kind == e->kind && k < 3 && lawful[i].states[k]; k++) {
            now = now || is(lawful[i].states[k], reads);
            recorded = recorded || is(lawful[i].states[k], c->state);
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
    const char *refusal = approver_rule(p, c, actor);
    if (refusal)
        return refusal;
    if (e->payload != c->payload)
        return "action-mismatch";
    if (c->revision == 64)
        return "limit-reached";
    c->payload = e->result;
    c->revision++;
    c->state = "JUDGED-NEXT";
    c->cause = p->size;
    c->decide_by = 0;
    p->wanted = "verdict";
    p->wanted_case = e->the_case;
    return NULL;
}

static const char *decision_rule(struct plain *p, const struct plain_event *e, struct plain_case *c, int actor)
{
    if (e->instance != c->instance)
        return "instance-mismatch";
    if (e->payload != c->payload)
        return "action-mismatch";
    const char *refusal = approver_rule(p, c, actor);
    if (refusal)
        return refusal;
    for (int d = 0; d < c->decisions_count; d++) {
        if (counts(p, c, d, e->time, false) &&
            p->actors[c->decisions[d].actor].enrolment.person == p->actors[actor].enrolment.person)
            return "duplicate-human";
    }
    if (e->time > e->expires)
        return "approval-expired";
    if (c->decisions_count == PLAIN_DECISIONS)
        return "limit-reached";
    if (!e->approve) {
        c->state = "REJECTED";
        return NULL;
    }
    c->decisions[c->decisions_count++] = (struct plain_decision){p->size, actor, e->time, e->expires};
    if (!quorum_met(p, c, e->time, false))
        return NULL;
    c->state = "RELEASE-NEXT";
    c->cause = p->size;
    p->wanted = "release";
    p->wanted_case = e->the_case;
    return NULL;
}

static const char *verdict_rule(struct plain *p, const struct plain_event *e, struct plain_case *c)
{
    struct plain_verdict mine;
    plain_judge(p, c, e->time, e->verdict.instance, &mine);
    if (!same_verdict(&mine, &e->verdict) || mine.instance == c->instance || mine.instance == 0)
        return "clerk-mismatch";
    c->instance = mine.instance;
    c->anchor = p->size;
    c->decisions_count = 0;
    c->decide_by = mine.decide_by;
    c->use_ms = mine.use_ms;
    c->report_ms = mine.report_ms;
    c->quorum_count = mine.quorum_count;
    memcpy(c->quorum, mine.quorum, sizeof(c->quorum));
    c->state = mine.effect == PLAIN_PASS ? "RELEASE-NEXT" : mine.effect == PLAIN_HOLD ? "HELD" : "REFUSED";
    if (mine.effect != PLAIN_PASS)
        return NULL;
    c->cause = p->size;
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
    if (use_by > c->request.expires)
        use_by = c->request.expires;
    for (int d = 0; d < c->decisions_count; d++) {
        if (!counts(p, c, d, e->time, false))
            continue;
        if (use_by > c->decisions[d].expires)
            use_by = c->decisions[d].expires;
        if (count >= r->decisions_count || r->decisions[count] != c->decisions[d].entry)
            return "clerk-mismatch";
        kept[count++] = c->decisions[d];
    }
    if (count != r->decisions_count || !is(r->executor, c->request.executor) || r->payload != c->payload ||
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
        c->late = is(plain_state(p, e->the_case, e->time), "UNREPORTED");
        c->state = outcomes[e->outcome];
        return NULL;
    }
    if (e->payload != c->payload)
        return "action-mismatch";
    if (!quorum_met(p, c, e->time, true))
        return "approval-revoked";
    c->state = "CONSUMED";
    c->consumed = true;
    c->report_by = e->time + c->report_ms;
    return NULL;
}

static const char *cancel_rule(struct plain *p, struct plain_case *c, int actor)
{
    if (actor != c->requester && approver_rule(p, c, actor))
        return "not-requester";
    c->state = "CANCELLED";
    return NULL;
}

static const char *expiry_rule(const struct plain_event *e, struct plain_case *c)
{
    static const char *const from[] = {"HELD", "RELEASED", "CONSUMED"};
    static const char *const to[] = {"EXPIRED", "LAPSED", "UNREPORTED"};
    plain_number due[] = {c->decide_by, c->use_by, c->report_by};
    if (!is(c->state, from[e->silence]))
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
        return cancel_rule(p, c, actor);
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
    struct plain_case before = *c;
    refusal = own_rule(p, e, c, clerk ? PLAIN_NONE : plain_actor(p, e->signers[0]));
    if (refusal) {
        *c = before;
        p->wanted = NULL;
        return refusal;
    }
    c->last = p->size;
    return NULL;
}
