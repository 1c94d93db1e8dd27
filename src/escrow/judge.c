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
static void resolve_parties(const struct cty_rule *rule, const struct cty_case *c, struct cty_names *parties)
{
    if (rule->parties.count == 0)
        add_party(parties, c->party);
    for (uint32_t i = 0; i < rule->parties.count; i++) {
        struct cty_bytes name = rule->parties.names[i];
        if (cty_bytes_is(name, "$requester"))
            name = c->party;
        else if (cty_bytes_is(name, "$holder"))
            name = cty_actor_party(c->holder);
        add_party(parties, name);
    }
}

static void add_clause(struct cty_verdict *verdict, struct cty_bytes scope, const struct cty_rule *rule,
                       const struct cty_case *c)
{
    struct cty_clause *clause = &verdict->quorum[verdict->quorum_count++];
    clause->scope = scope;
    clause->approvals = rule->approvals;
    clause->distinct_parties = rule->distinct_parties;
    clause->roles = rule->roles;
    resolve_parties(rule, c, &clause->parties);
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
        shorten(&said->decide_ms, rule->decide_ms);
        add_clause(verdict, scope, rule, &f->the_case);
        return;
    }
}

static custody_err consult(struct fold *f, struct cty_bytes scope, const struct cty_hash *digest, struct said *said,
                           struct cty_verdict *verdict)
{
    struct cty_bytes text;
    enum cty_view_status status;
    CTY_TRY(cty_fold_get_raw(f, &text, &status, "policy/%s", cty_hex64(digest).text));
    if (status != CTY_VIEW_PRESENT)
        return cty_fail(f->error, CUSTODY_E_INTERNAL, "the policy of " NAME_FMT " is missing", NAME_ARG(scope));
    struct cty_policy policy;
    CTY_TRY(cty_policy_parse(text, f->tape, &policy, f->error));
    struct cty_policy_ref *ref = &verdict->policies[verdict->policies_count++];
    ref->digest = *digest;
    ref->scope = scope;
    for (uint32_t i = 0; i < policy.rules_count; i++) {
        if (!rule_matches(&policy.rules[i], &f->the_case))
            continue;
        ref->rule = i + 1;
        take_rule(f, &policy.rules[i], scope, said, verdict);
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

static void add_default_clause(struct cty_verdict *verdict, const struct cty_case *c)
{
    struct cty_rule rule = {.approvals = 1};
    rule.roles.names[rule.roles.count++] = CTY_LITERAL("approver");
    add_clause(verdict, CTY_LITERAL("ledger"), &rule, c);
}

static uint64_t or_default(uint64_t period, uint64_t otherwise)
{
    return period ? period : otherwise;
}

static void conclude(struct fold *f, const struct said *said, struct cty_verdict *verdict)
{
    bool silent = !said->deny && !said->hold && !said->pass;
    verdict->use_ms = or_default(verdict->use_ms, CTY_USE_MS_DEFAULT);
    verdict->report_ms = or_default(verdict->report_ms, CTY_REPORT_MS_DEFAULT);
    if (said->deny)
        verdict->effect = CTY_DENY;
    else if (said->hold || silent)
        verdict->effect = CTY_HOLD;
    else
        verdict->effect = CTY_PASS;
    if (silent)
        add_default_clause(verdict, &f->the_case);
    if (verdict->effect != CTY_HOLD) {
        verdict->quorum_count = 0;
        return;
    }
    uint64_t decide_by = cty_time_after(f->time, or_default(said->decide_ms, CTY_DECIDE_MS_DEFAULT));
    verdict->decide_by = decide_by < f->the_case.expires ? decide_by : f->the_case.expires;
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
    struct cty_bytes holder_party = cty_actor_party(c->holder);
    if (!cty_bytes_equal(holder_party, c->party))
        CTY_TRY(consult_party(f, holder_party, &said, ret_verdict));
    conclude(f, &said, ret_verdict);
    return CUSTODY_OK;
}
