/* SPDX-License-Identifier: Apache-2.0 */
#include "model/policy.h"

#include "model/statement_shapes.h"

static bool has_hold_members(const struct cty_rule *rule)
{
    return rule->approvals != 0 || rule->roles.count != 0 || rule->parties.count != 0 || rule->distinct_parties ||
           rule->decide_ms != 0 || rule->consent || rule->escalation.present || rule->ordered ||
           rule->key_custody != CTY_KEY_SELF || rule->window_ms != 0;
}

static custody_err check_rule(const struct cty_rule *rule, uint32_t number, custody_error *error)
{
    bool hold = rule->effect == CTY_HOLD;
    if (hold && (rule->approvals == 0 || rule->roles.count == 0))
        return cty_fail(error, CUSTODY_E_BAD_MEMBER, "rule %u: a hold names approvals and roles", number);
    if (!hold && has_hold_members(rule))
        return cty_fail(error, CUSTODY_E_BAD_MEMBER, "rule %u: a %s names effect, match, use_ms and report_ms only",
                        number, cty_effect_names[rule->effect]);
    if (rule->key_custody == CTY_KEY_OPERATOR)
        return cty_fail(error, CUSTODY_E_BAD_MEMBER, "rule %u: key_custody is self or hardware", number);
    if (rule->ordered && rule->approvals != rule->roles.count)
        return cty_fail(error, CUSTODY_E_BAD_MEMBER, "rule %u: ordered approvals need a role each", number);
    if (rule->ordered && rule->distinct_parties)
        return cty_fail(error, CUSTODY_E_BAD_MEMBER, "rule %u: ordered or distinct_parties, not both", number);
    return CUSTODY_OK;
}

custody_err cty_policy_decode(const struct cty_json *json, const struct cty_json_node *node,
                              struct cty_policy *ret_policy, custody_error *error)
{
    memset(ret_policy, 0, sizeof(*ret_policy));
    CTY_TRY(cty_shape_decode(&cty_shape_policy, NULL, json, node, ret_policy, error));
    if (ret_policy->admin_quorum == 0)
        return cty_fail(error, CUSTODY_E_BAD_MEMBER, "member admin_quorum: at least 1");
    if (ret_policy->recovery.present && ret_policy->recovery.quorum == 0)
        return cty_fail(error, CUSTODY_E_BAD_MEMBER, "member recovery/quorum: at least 1");
    for (uint32_t i = 0; i < ret_policy->rules_count; i++)
        CTY_TRY(check_rule(&ret_policy->rules[i], i + 1, error));
    return CUSTODY_OK;
}

custody_err cty_policy_parse(struct cty_bytes text, struct cty_json *json, struct cty_policy *ret_policy,
                             custody_error *error)
{
    struct cty_json_limits limits = {CTY_STATEMENT_DEPTH_MAX, CTY_STATEMENT_NODES_MAX};
    CTY_TRY(cty_json_scan(json, CTY_JSON_STRICT, limits, text, error));
    return cty_policy_decode(json, &json->nodes[0], ret_policy, error);
}
