/* SPDX-License-Identifier: Apache-2.0 */
/* The shapes of all statements: the same tables as in spec/statements.md. */
#include "model/statement_shapes.h"

#include "base/check.h"
#include "model/policy.h"
#include "model/shape_rows.h"

const char *const cty_actor_kind_names[] = {"agent", "person", "service", NULL};
const char *const cty_effect_names[] = {"pass", "hold", "deny", NULL};
const char *const cty_choice_names[] = {"approve", "reject", "escalate", NULL};
const char *const cty_key_custody_names[] = {"self", "hardware", "operator", NULL};
const char *const cty_consent_choice_names[] = {"accept", "refuse", NULL};
const char *const cty_custodian_key_names[] = {"log", "clerk", NULL};
const char *const cty_method_names[] = {"cli", "web", "phone", NULL};
const char *const cty_outcome_names[] = {"fulfilled", "failed", "unknown", NULL};
const char *const cty_silence_names[] = {"held", "unused", "unreported", NULL};
const char *const cty_priority_names[] = {"low", "normal", "high", "critical", NULL};
const char *const cty_readers_names[] = {"members", "public", NULL};

static custody_err check_fact(const struct cty_json_node *fact, custody_error *error)
{
    if (fact->name_escaped || cty_text_check(CTY_TEXT_FACT, fact->name) != CUSTODY_OK)
        return cty_fail(error, CUSTODY_E_BAD_MEMBER, "member facts: a name is not of its form");
    if (fact->kind == CTY_JSON_ARRAY || fact->kind == CTY_JSON_OBJECT)
        return cty_fail(error, CUSTODY_E_BAD_MEMBER, "member facts: a fact is a string, a number or a boolean");
    if (fact->kind == CTY_JSON_STRING && fact->text.size > CTY_FACT_TEXT_BYTES_MAX)
        return cty_fail(error, CUSTODY_E_TOO_LARGE, "member facts: a text is too long");
    return CUSTODY_OK;
}

/* Facts: a flat object of what the signer states about the payload, for policy to read. */
static custody_err check_facts(const struct cty_json *json, const struct cty_json_node *node, custody_error *error)
{
    if (node->kind != CTY_JSON_OBJECT)
        return cty_fail(error, CUSTODY_E_BAD_MEMBER, "member facts: not an object");
    if (node->count == 0)
        return cty_fail(error, CUSTODY_E_BAD_MEMBER, "member facts: no facts are said by leaving it out");
    if (node->count > CTY_FACTS_MAX)
        return cty_fail(error, CUSTODY_E_TOO_LARGE, "member facts: more than %u", CTY_FACTS_MAX);
    for (const struct cty_json_node *fact = cty_json_first(json, node); fact;
         fact = cty_json_after(json, node, fact))
        CTY_TRY(check_fact(fact, error));
    return CUSTODY_OK;
}

struct link {
    struct cty_hash digest;
    struct cty_bytes type;
};
static const struct cty_field link_fields[] = {
    HASH(struct link, digest, "sha256"),
    TEXT(struct link, type, "type", WORD),
};
static const struct cty_shape link_shape = CTY_SHAPE(link_fields);

static custody_err check_links(const struct cty_json *json, const struct cty_json_node *node, custody_error *error)
{
    if (node->kind != CTY_JSON_ARRAY || node->count == 0)
        return cty_fail(error, CUSTODY_E_BAD_MEMBER, "member links: not an array of links");
    if (node->count > CTY_LINKS_MAX)
        return cty_fail(error, CUSTODY_E_TOO_LARGE, "member links: more than %u", CTY_LINKS_MAX);
    for (const struct cty_json_node *item = cty_json_first(json, node); item;
         item = cty_json_after(json, node, item)) {
        struct link link = {0};
        CTY_TRY(cty_shape_decode(&link_shape, NULL, json, item, &link, error));
    }
    return CUSTODY_OK;
}

static custody_err check_policy(const struct cty_json *json, const struct cty_json_node *node, custody_error *error)
{
    struct cty_policy *policy = cty_alloc(1, sizeof(*policy));
    if (!policy)
        return CUSTODY_E_NO_MEMORY;
    custody_err err = cty_policy_decode(json, node, policy, error);
    cty_free_pointer(&policy);
    return err;
}

static const struct cty_field seen_fields[] = {
    HASH(struct cty_seen, root, "root"),
    U64(struct cty_seen, size, "size"),
};
static const struct cty_shape seen_shape = CTY_SHAPE(seen_fields);

#define ST struct cty_statement
static const struct cty_field common_fields[] = {
    BITS(ST, id, "id"),
    TEXT(ST, ledger, "ledger", ORIGIN),
    OPT_RAW(ST, links, "links", check_links),
    OBJECT(ST, seen, "seen", seen_shape),
    {.name = "signers", .kind = CTY_FIELD_TEXT, .flags = CTY_LIST, .offset = offsetof(ST, signers),
     .count_offset = offsetof(ST, signers_count), .stride = sizeof(struct cty_bytes), .list_min = 1,
     .list_max = CTY_SIGNERS_MAX, .text = CTY_TEXT_SIGNER},
    U64(ST, time, "time"),
    TEXT(ST, type_text, "type", WORD),
    U64(ST, until, "until"),
};
const struct cty_shape cty_shape_common = CTY_SHAPE(common_fields);

#define EN struct cty_enrolment
static const struct cty_field enrolment_fields[] = {
    TEXT(EN, actor, "actor", ACTOR),
    TEXT(EN, key, "key", VKEY),
    OPT_ENUM(EN, key_custody, "key_custody", cty_key_custody_names),
    ENUM(EN, kind, "kind", cty_actor_kind_names),
    OPT_COMMIT(EN, name, "name"),
    OPT_TEXT(EN, owner, "owner", ACTOR),
    OPT_BITS(EN, person, "person"),
    NAMES(EN, roles, "roles", ROLE, 0, CTY_ROLES_MAX),
    OPT_TEXT(EN, sealing_key, "sealing_key", VKEY),
    OPT_U64(EN, valid_from, "valid_from"),
    OPT_U64(EN, valid_until, "valid_until"),
};
const struct cty_shape cty_shape_enrolment = CTY_SHAPE(enrolment_fields);

static const struct cty_field ledger_open_fields[] = {
    OBJECTS(ST, u.ledger_open.admins, "admins", cty_shape_enrolment, 1, CTY_ADMINS_MAX - 1),
    TEXT(ST, u.ledger_open.clerk_key, "clerk_key", VKEY),
    TEXT(ST, u.ledger_open.log_key, "log_key", VKEY),
    TEXT(ST, u.ledger_open.party, "party", PARTY),
    RAW(ST, u.ledger_open.policy, "policy", check_policy),
    ENUM(ST, u.ledger_open.readers, "readers", cty_readers_names),
};

static const struct cty_field party_enrol_fields[] = {
    OBJECTS(ST, u.party_enrol.admins, "admins", cty_shape_enrolment, 1, CTY_ADMINS_MAX),
    TEXT(ST, u.party_enrol.party, "party", PARTY),
};

static const struct cty_field actor_enrol_fields[] = {
    OBJECT(ST, u.actor_enrol.enrolment, "enrolment", cty_shape_enrolment),
};

static const struct cty_field actor_revoke_fields[] = {
    TEXT(ST, u.actor_revoke.actor, "actor", ACTOR),
    OPT_TEXT(ST, u.actor_revoke.key, "key", VKEY),
    OPT_COMMIT(ST, u.actor_revoke.reason, "reason"),
    U64(ST, u.actor_revoke.since, "since"),
};

static const struct cty_field policy_publish_fields[] = {
    RAW(ST, u.policy_publish.policy, "policy", check_policy),
    OPT_HASH(ST, u.policy_publish.replaces, "replaces"),
    TEXT(ST, u.policy_publish.scope, "scope", SCOPE),
};

static const struct cty_field actor_rotate_fields[] = {
    TEXT(ST, u.actor_rotate.key, "key", VKEY),
    OPT_COMMIT(ST, u.actor_rotate.reason, "reason"),
    OPT_TEXT(ST, u.actor_rotate.sealing_key, "sealing_key", VKEY),
};

static const struct cty_field custodian_rotate_fields[] = {
    TEXT(ST, u.custodian_rotate.key, "key", VKEY),
    OPT_COMMIT(ST, u.custodian_rotate.reason, "reason"),
    ENUM(ST, u.custodian_rotate.which, "which", cty_custodian_key_names),
};

static const struct cty_field ledger_close_fields[] = {
    OPT_COMMIT(ST, u.ledger_close.reason, "reason"),
    U64(ST, u.ledger_close.size, "size"),
};

static const struct cty_field parent_fields[] = {
    HASH(struct cty_parent, after, "after"),
    HASH(struct cty_parent, case_id, "case"),
};
static const struct cty_shape parent_shape = CTY_SHAPE(parent_fields);

static const struct cty_field request_fields[] = {
    TEXT(ST, u.request.action, "action", WORD),
    NAMES(ST, u.request.behalf, "behalf", ACTOR, 0, CTY_BEHALF_MAX),
    TEXT(ST, u.request.executor, "executor", ACTOR),
    U64(ST, u.request.expires, "expires"),
    OPT_RAW(ST, u.request.facts, "facts", check_facts),
    OPT_OBJECT(ST, u.request.parent, "parent", parent_shape),
    COMMIT(ST, u.request.payload, "payload"),
    ENUM(ST, u.request.priority, "priority", cty_priority_names),
    NAMES(ST, u.request.readers, "readers", READER, 0, CTY_READERS_MAX),
    OPT_COMMIT(ST, u.request.schema, "schema"),
    TEXT(ST, u.request.service, "service", WORD),
    OPT_COMMIT(ST, u.request.state, "state"),
};

static const struct cty_field policy_ref_fields[] = {
    OPT_BOOL(struct cty_policy_ref, conflict, "conflict"),
    HASH(struct cty_policy_ref, digest, "digest"),
    OPT_U64_MAX(struct cty_policy_ref, rule, "rule", CTY_RULES_MAX),
    TEXT(struct cty_policy_ref, scope, "scope", SCOPE),
};
const struct cty_shape cty_shape_policy_ref = CTY_SHAPE(policy_ref_fields);

static const struct cty_field clause_escalation_fields[] = {
    OPT_U64(struct cty_escalation, at, "at"),
    NAMES(struct cty_escalation, parties, "parties", PARTY_REF, 1, CTY_RULE_PARTIES_MAX),
    NAMES(struct cty_escalation, roles, "roles", ROLE, 1, CTY_RULE_ROLES_MAX),
};
static const struct cty_shape clause_escalation_shape = CTY_SHAPE(clause_escalation_fields);

static const struct cty_field clause_fields[] = {
    U64_MAX(struct cty_clause, approvals, "approvals", CTY_APPROVALS_MAX),
    OPT_BOOL(struct cty_clause, distinct_parties, "distinct_parties"),
    OPT_OBJECT(struct cty_clause, escalation, "escalation", clause_escalation_shape),
    OPT_ENUM(struct cty_clause, key_custody, "key_custody", cty_key_custody_names),
    OPT_BOOL(struct cty_clause, ordered, "ordered"),
    NAMES(struct cty_clause, parties, "parties", PARTY_REF, 1, CTY_RULE_PARTIES_MAX),
    NAMES(struct cty_clause, roles, "roles", ROLE, 1, CTY_RULE_ROLES_MAX),
    TEXT(struct cty_clause, scope, "scope", SCOPE),
    OPT_U64_MAX(struct cty_clause, window_ms, "window_ms", CTY_PERIOD_MS_MAX),
};
const struct cty_shape cty_shape_clause = CTY_SHAPE(clause_fields);

#define VE u.verdict
static const struct cty_field verdict_fields[] = {
    HASH(ST, after, "after"),
    HASH(ST, case_id, "case"),
    OPT_BOOL(ST, VE.consent, "consent"),
    OPT_U64(ST, VE.decide_by, "decide_by"),
    ENUM(ST, VE.effect, "effect", cty_effect_names),
    TEXT(ST, VE.executor, "executor", ACTOR),
    HASHES(ST, VE.holds, "holds", CTY_BLOBS_PER_STATEMENT_MAX),
    BITS(ST, VE.instance, "instance"),
    HASH(ST, VE.payload, "payload"),
    OBJECTS(ST, VE.policies, "policies", cty_shape_policy_ref, 0, CTY_POLICIES_MAX),
    OBJECTS(ST, VE.quorum, "quorum", cty_shape_clause, 0, CTY_POLICIES_MAX),
    U64(ST, VE.report_ms, "report_ms"),
    U64(ST, VE.revision, "revision"),
    HASHES(ST, VE.travelled, "travelled", CTY_APPROVALS_MAX),
    U64(ST, VE.use_ms, "use_ms"),
};

static const struct cty_field patch_fields[] = {
    HASH(ST, after, "after"),
    HASH(ST, u.patch.base, "base"),
    HASH(ST, case_id, "case"),
    OPT_RAW(ST, u.patch.facts, "facts", check_facts),
    COMMIT(ST, u.patch.operations, "operations"),
    OPT_COMMIT(ST, u.patch.reason, "reason"),
    COMMIT(ST, u.patch.result, "result"),
};

static const struct cty_field decision_fields[] = {
    HASH(ST, after, "after"),
    HASH(ST, case_id, "case"),
    ENUM(ST, u.decision.choice, "choice", cty_choice_names),
    U64(ST, u.decision.expires, "expires"),
    BITS(ST, u.decision.instance, "instance"),
    ENUM(ST, u.decision.method, "method", cty_method_names),
    HASH(ST, u.decision.payload, "payload"),
    OPT_HASH(ST, u.decision.previous, "previous"),
    OPT_COMMIT(ST, u.decision.reason, "reason"),
    OPT_COMMIT(ST, u.decision.shown, "shown"),
    NAMES(ST, u.decision.travels, "travels", READER, 0, CTY_READERS_MAX),
};

static const struct cty_field release_fields[] = {
    HASH(ST, after, "after"),
    HASH(ST, case_id, "case"),
    HASHES(ST, u.release.decisions, "decisions", CTY_DECISIONS_MAX),
    TEXT(ST, u.release.executor, "executor", ACTOR),
    BITS(ST, u.release.instance, "instance"),
    HASH(ST, u.release.payload, "payload"),
    U64(ST, u.release.report_ms, "report_ms"),
    U64(ST, u.release.use_by, "use_by"),
};

static const struct cty_field gate_fields[] = {
    TEXT(struct cty_gate, name, "name", WORD),
    TEXT(struct cty_gate, nonce, "nonce", WORD),
};
static const struct cty_shape gate_shape = CTY_SHAPE(gate_fields);

static const struct cty_field consume_fields[] = {
    HASH(ST, after, "after"),
    HASH(ST, case_id, "case"),
    OPT_OBJECT(ST, u.consume.gate, "gate", gate_shape),
    HASH(ST, u.consume.payload, "payload"),
};

static const struct cty_field outcome_fields[] = {
    HASH(ST, after, "after"),
    HASH(ST, case_id, "case"),
    ENUM(ST, u.outcome.outcome, "outcome", cty_outcome_names),
    OPT_COMMIT(ST, u.outcome.result, "result"),
};

static const struct cty_field cancel_fields[] = {
    HASH(ST, after, "after"),
    HASH(ST, case_id, "case"),
    OPT_COMMIT(ST, u.cancel.reason, "reason"),
};

static const struct cty_field expiry_fields[] = {
    HASH(ST, after, "after"),
    HASH(ST, case_id, "case"),
    ENUM(ST, u.expiry.silence, "silence", cty_silence_names),
    OPT_TEXT(ST, u.expiry.witnessed, "witnessed", NOTE),
};

static const struct cty_field consent_fields[] = {
    HASH(ST, after, "after"),
    HASH(ST, case_id, "case"),
    ENUM(ST, u.consent.choice, "choice", cty_consent_choice_names),
    HASH(ST, u.consent.patch, "patch"),
    OPT_COMMIT(ST, u.consent.reason, "reason"),
};

static const struct cty_field question_fields[] = {
    HASH(ST, after, "after"),
    HASH(ST, case_id, "case"),
    COMMIT(ST, u.question.question, "question"),
};

static const struct cty_field answer_fields[] = {
    HASH(ST, after, "after"),
    COMMIT(ST, u.answer.answer, "answer"),
    HASH(ST, case_id, "case"),
    HASH(ST, u.answer.question, "question"),
};

static const struct cty_field scope_fields[] = {
    NAMES(struct cty_scope, actions, "actions", GLOB, 1, CTY_SCOPE_GLOBS_MAX),
    U64_MAX(struct cty_scope, depth, "depth", CTY_HOPS_MAX),
    U64(struct cty_scope, expires, "expires"),
    U64_MAX(struct cty_scope, releases, "releases", CTY_SCOPE_RELEASES_MAX),
    NAMES(struct cty_scope, services, "services", GLOB, 1, CTY_SCOPE_GLOBS_MAX),
};
const struct cty_shape cty_shape_scope = CTY_SHAPE(scope_fields);

static const struct cty_field deposit_fields[] = {
    TEXT(struct cty_deposit, amount, "amount", DECIMAL),
    TEXT(struct cty_deposit, unit, "unit", WORD),
};
static const struct cty_shape deposit_shape = CTY_SHAPE(deposit_fields);

static const struct cty_field offer_fields[] = {
    HASH(ST, after, "after"),
    HASH(ST, case_id, "case"),
    OPT_COMMIT(ST, u.offer.context, "context"),
    OPT_OBJECT(ST, u.offer.deposit, "deposit", deposit_shape),
    U64(ST, u.offer.expires, "expires"),
    U64_MAX(ST, u.offer.hop, "hop", CTY_HOPS_MAX),
    OPT_COMMIT(ST, u.offer.obligations, "obligations"),
    OPT_HASH(ST, u.offer.previous, "previous"),
    OBJECT(ST, u.offer.scope, "scope", cty_shape_scope),
    TEXT(ST, u.offer.to, "to", READER),
};

static const struct cty_field accept_fields[] = {
    HASH(ST, after, "after"),
    HASH(ST, case_id, "case"),
    OPT_HASH(ST, u.accept.obligations, "obligations"),
    HASH(ST, u.accept.offer, "offer"),
};

static const struct cty_field decline_fields[] = {
    HASH(ST, after, "after"),
    HASH(ST, case_id, "case"),
    HASH(ST, u.decline.offer, "offer"),
    OPT_COMMIT(ST, u.decline.reason, "reason"),
};

static const struct cty_field withdraw_fields[] = {
    HASH(ST, after, "after"),
    HASH(ST, case_id, "case"),
    HASH(ST, u.withdraw.offer, "offer"),
    OPT_COMMIT(ST, u.withdraw.reason, "reason"),
};

static const struct cty_field finalise_fields[] = {
    HASH(ST, after, "after"),
    HASH(ST, case_id, "case"),
    OPT_COMMIT(ST, u.finalise.reason, "reason"),
};

const struct cty_shape cty_shapes[CTY_TYPE_COUNT] = {
#define CTY_TYPE(name, member, text, cls, flags) [CTY_##name] = CTY_SHAPE(member##_fields),
#include "model/types.def"
#undef CTY_TYPE
};

#define RU struct cty_rule
#define MA struct cty_match
static const struct cty_field match_fields[] = {
    OPT_TEXT(MA, action, "action", GLOB), OPT_TEXT(MA, agent, "agent", GLOB),
    OPT_TEXT(MA, party, "party", GLOB),   OPT_TEXT(MA, priority, "priority", GLOB),
    OPT_TEXT(MA, service, "service", GLOB),
};
static const struct cty_shape match_shape = CTY_SHAPE(match_fields);

static const struct cty_field rule_escalation_fields[] = {
    OPT_U64_MAX(struct cty_rule_escalation, after_ms, "after_ms", CTY_PERIOD_MS_MAX),
    OPT_NAMES(struct cty_rule_escalation, parties, "parties", PARTY_REF, CTY_RULE_PARTIES_MAX),
    NAMES(struct cty_rule_escalation, roles, "roles", ROLE, 1, CTY_RULE_ROLES_MAX),
};
static const struct cty_shape rule_escalation_shape = CTY_SHAPE(rule_escalation_fields);

static const struct cty_field recovery_fields[] = {
    U64_MAX(struct cty_recovery, quorum, "quorum", CTY_ADMINS_MAX),
    NAMES(struct cty_recovery, roles, "roles", ROLE, 1, CTY_RULE_ROLES_MAX),
};
static const struct cty_shape recovery_shape = CTY_SHAPE(recovery_fields);

static const struct cty_field rule_fields[] = {
    OPT_U64_MAX(RU, approvals, "approvals", CTY_APPROVALS_MAX),
    OPT_BOOL(RU, consent, "consent"),
    OPT_U64_MAX(RU, decide_ms, "decide_ms", CTY_PERIOD_MS_MAX),
    OPT_BOOL(RU, distinct_parties, "distinct_parties"),
    ENUM(RU, effect, "effect", cty_effect_names),
    OPT_OBJECT(RU, escalation, "escalation", rule_escalation_shape),
    OPT_ENUM(RU, key_custody, "key_custody", cty_key_custody_names),
    OPT_OBJECT(RU, match, "match", match_shape),
    OPT_BOOL(RU, ordered, "ordered"),
    OPT_NAMES(RU, parties, "parties", PARTY_REF, CTY_RULE_PARTIES_MAX),
    OPT_U64_MAX(RU, report_ms, "report_ms", CTY_PERIOD_MS_MAX),
    OPT_NAMES(RU, roles, "roles", ROLE, CTY_RULE_ROLES_MAX),
    OPT_U64_MAX(RU, use_ms, "use_ms", CTY_PERIOD_MS_MAX),
    OPT_U64_MAX(RU, window_ms, "window_ms", CTY_PERIOD_MS_MAX),
};
static const struct cty_shape rule_shape = CTY_SHAPE(rule_fields);

static const struct cty_field policy_fields[] = {
    U64_MAX(struct cty_policy, admin_quorum, "admin_quorum", CTY_ADMINS_MAX),
    OPT_OBJECT(struct cty_policy, recovery, "recovery", recovery_shape),
    OBJECTS(struct cty_policy, rules, "rules", rule_shape, 0, CTY_RULES_MAX),
};
const struct cty_shape cty_shape_policy = CTY_SHAPE(policy_fields);
