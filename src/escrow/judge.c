/* SPDX-License-Identifier: Apache-2.0 */
/* What the policies in force say of a case; the law is spec/policy.md. */
#include "escrow/inner.h"

#include <stdio.h>

#include "codec/text.h"
#include "model/policy.h"

/* What the policies said so far. */
struct said {
    bool deny;
    bool hold;
    bool pass;
    bool consent;
    bool own; /* the ledger or the requester's party has spoken */
    uint64_t decide_ms; /* 0: nobody named one */
};

static bool glob(struct cty_bytes pattern, struct cty_bytes text)
{
    return !pattern.data || cty_glob_match(pattern, text);
}

static bool rule_matches(const struct cty_rule *rule, const struct cty_case *c)
{
    return glob(rule->match.service, c->service) && glob(rule->match.action, c->action) &&
           glob(rule->match.priority, cty_bytes_text(cty_priority_names[c->priority])) &&
           glob(rule->match.party, c->party) && glob(rule->match.agent, c->requester);
}

static void shorten(uint64_t *period, uint64_t named)
{
    if (named != 0 && (*period == 0 || named < *period))
        *period = named;
}

static void add_party(struct cty_names *parties, struct cty_bytes name)
{
    if (!cty_names_have(parties, name))
        parties->names[parties->count++] = name;
}

/* "$requester" and "$holder" become the names that they stand for in this case. */
static void resolve_parties(const struct cty_names *named, const struct cty_case *c, struct cty_names *parties)
{
    if (named->count == 0)
        add_party(parties, c->party);
    for (uint32_t i = 0; i < named->count; i++) {
        struct cty_bytes name = named->names[i];
        if (cty_bytes_is(name, "$requester"))
            name = c->party;
        else if (cty_bytes_is(name, "$holder"))
            name = cty_actor_party(c->holder);
        add_party(parties, name);
    }
}

static void add_escalation(struct fold *f, const struct cty_rule *rule, struct cty_clause *clause)
{
    const struct cty_rule_escalation *named = &rule->escalation;
    const struct cty_names *parties = named->parties.count ? &named->parties : &rule->parties;
    if (!named->present)
        return;
    clause->escalation.present = true;
    clause->escalation.at = named->after_ms ? cty_time_after(f->time, named->after_ms) : 0;
    clause->escalation.roles = named->roles;
    resolve_parties(parties, &f->the_case, &clause->escalation.parties);
}

static void add_clause(struct fold *f, struct cty_verdict *verdict, struct cty_bytes scope, const struct cty_rule *rule)
{
    struct cty_clause *clause = &verdict->quorum[verdict->quorum_count++];
    clause->scope = scope;
    clause->approvals = rule->approvals;
    clause->distinct_parties = rule->distinct_parties;
    clause->key_custody = rule->key_custody;
    clause->ordered = rule->ordered;
    clause->window_ms = rule->window_ms;
    clause->roles = rule->roles;
    resolve_parties(&rule->parties, &f->the_case, &clause->parties);
    add_escalation(f, rule, clause);
}

static void take_rule(struct fold *f, const struct cty_rule *rule, struct cty_bytes scope, struct said *said,
                      struct cty_verdict *verdict)
{
    shorten(&verdict->use_ms, rule->use_ms);
    shorten(&verdict->report_ms, rule->report_ms);
    switch ((enum cty_effect)rule->effect) {
    case CTY_DENY:
        said->deny = true;
        return;
    case CTY_PASS:
        said->pass = true;
        return;
    case CTY_HOLD:
        said->hold = true;
        said->consent = said->consent || rule->consent;
        shorten(&said->decide_ms, rule->decide_ms);
        add_clause(f, verdict, scope, rule);
        return;
    }
}

/* Who may not approve may not have passed it beforehand: a policy whose authors are all in the ancestry. */
static custody_err check_authors(struct fold *f, const struct cty_hash *digest, bool *ret_conflict)
{
    struct cty_author_record authors = {.persons_count = 0};
    enum cty_view_status status;
    CTY_TRY(cty_fold_get(f, &cty_shape_author_record, &authors, &status, "author/%s", cty_hex64(digest).text));
    if (status != CTY_VIEW_PRESENT)
        return cty_fail(f->error, CUSTODY_E_INTERNAL, "the authors of a policy are missing");
    *ret_conflict = true;
    for (uint32_t i = 0; i < authors.persons_count; i++)
        *ret_conflict = *ret_conflict && cty_case_is_ancestor(&f->the_case, authors.persons[i].bits);
    return CUSTODY_OK;
}

static custody_err find_policy(struct fold *f, struct cty_bytes scope, const struct cty_hash *digest,
                               struct cty_policy *own, const struct cty_policy **ret_policy)
{
    enum cty_view_status status;
    const void *found = NULL;
    CTY_TRY(cty_fold_lend(f, &cty_shape_policy, own, &found, &status, "policy/%s", cty_hex64(digest).text));
    if (status != CTY_VIEW_PRESENT)
        return cty_fail(f->error, CUSTODY_E_INTERNAL, "the policy of " NAME_FMT " is missing", NAME_ARG(scope));
    *ret_policy = found;
    return CUSTODY_OK;
}

static custody_err consult(struct fold *f, struct cty_bytes scope, const struct cty_hash *digest, struct said *said,
                           struct cty_verdict *verdict)
{
    struct cty_policy own;
    const struct cty_policy *policy = NULL;
    CTY_TRY(find_policy(f, scope, digest, &own, &policy));
    struct cty_policy_ref *ref = &verdict->policies[verdict->policies_count++];
    ref->digest = *digest;
    ref->scope = scope;
    for (uint32_t i = 0; i < policy->rules_count; i++) {
        if (!rule_matches(&policy->rules[i], &f->the_case))
            continue;
        ref->rule = i + 1;
        if (policy->rules[i].effect == CTY_PASS)
            CTY_TRY(check_authors(f, digest, &ref->conflict));
        if (ref->conflict)
            return CUSTODY_OK;
        take_rule(f, &policy->rules[i], scope, said, verdict);
        return CUSTODY_OK;
    }
    return CUSTODY_OK;
}

static custody_err consult_party(struct fold *f, struct cty_bytes name, struct said *said,
                                 struct cty_verdict *verdict)
{
    struct cty_party_record party = {0};
    enum cty_view_status status;
    CTY_TRY(cty_fold_get(f, &cty_shape_party_record, &party, &status, "party/" NAME_FMT, NAME_ARG(name)));
    if (status != CTY_VIEW_PRESENT)
        return cty_fail(f->error, CUSTODY_E_INTERNAL, "party " NAME_FMT " is missing", NAME_ARG(name));
    if (!party.policy.present)
        return CUSTODY_OK;
    return consult(f, name, &party.policy.hash, said, verdict);
}

static void add_default_clause(struct fold *f, struct cty_verdict *verdict)
{
    struct cty_rule rule = {.approvals = 1};
    rule.roles.names[rule.roles.count++] = CTY_LITERAL("approver");
    add_clause(f, verdict, CTY_LITERAL("ledger"), &rule);
}

static uint64_t or_default(uint64_t period, uint64_t otherwise)
{
    return period ? period : otherwise;
}

/* What a stranger's policy passes is not passed for a party that has not spoken. */
static void conclude(struct fold *f, const struct said *said, struct cty_verdict *verdict)
{
    verdict->use_ms = or_default(verdict->use_ms, CTY_USE_MS_DEFAULT);
    verdict->report_ms = or_default(verdict->report_ms, CTY_REPORT_MS_DEFAULT);
    if (said->deny)
        verdict->effect = CTY_DENY;
    else if (said->hold || !said->own)
        verdict->effect = CTY_HOLD;
    else
        verdict->effect = CTY_PASS;
    if (!said->own)
        add_default_clause(f, verdict);
    if (verdict->effect != CTY_HOLD) {
        verdict->quorum_count = 0;
        return;
    }
    uint64_t decide_by = cty_time_after(f->time, or_default(said->decide_ms, CTY_DECIDE_MS_DEFAULT));
    verdict->decide_by = decide_by < f->the_case.expires ? decide_by : f->the_case.expires;
    verdict->consent = said->consent && f->the_case.revision > 0 && !f->the_case.handed;
}

static bool travels(const struct cty_case *c, const struct cty_case_decision *decision)
{
    return cty_names_have(&decision->travels, c->holder) ||
           cty_names_have(&decision->travels, cty_actor_party(c->holder));
}

/* Only what a holder handed on brings approvals along: those that still count, and were given for the new holder too. */
static custody_err list_travelled(struct fold *f, struct cty_verdict *verdict)
{
    const struct cty_case *c = &f->the_case;
    uint32_t places[CTY_DECISIONS_MAX];
    uint32_t count = 0;
    if (!c->handed)
        return CUSTODY_OK;
    CTY_TRY(cty_approvals_counting(f, false, places, &count));
    for (uint32_t i = 0; i < count && verdict->travelled_count < CTY_APPROVALS_MAX; i++) {
        if (travels(c, &c->decisions[places[i]]))
            verdict->travelled[verdict->travelled_count++] = c->decisions[places[i]].digest;
    }
    return CUSTODY_OK;
}

custody_err cty_judge(struct fold *f, struct cty_verdict *ret_verdict)
{
    const struct cty_case *c = &f->the_case;
    struct said said = {0};
    uint8_t instance[16];
    memcpy(instance, ret_verdict->instance, sizeof(instance));
    memset(ret_verdict, 0, sizeof(*ret_verdict));
    memcpy(ret_verdict->instance, instance, sizeof(instance));
    ret_verdict->executor = c->holder;
    ret_verdict->payload = c->payload;
    ret_verdict->revision = c->revision;
    ret_verdict->holds_count = c->holds_count;
    memcpy(ret_verdict->holds, c->holds, sizeof(c->holds));
    CTY_TRY(consult(f, CTY_LITERAL("ledger"), &f->ledger.policy, &said, ret_verdict));
    CTY_TRY(consult_party(f, c->party, &said, ret_verdict));
    said.own = said.deny || said.hold || said.pass;
    struct cty_bytes holder_party = cty_actor_party(c->holder);
    if (!cty_bytes_equal(holder_party, c->party))
        CTY_TRY(consult_party(f, holder_party, &said, ret_verdict));
    conclude(f, &said, ret_verdict);
    return list_travelled(f, ret_verdict);
}
