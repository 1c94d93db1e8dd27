/* SPDX-License-Identifier: Apache-2.0 */
#include "model/policy.h"

#include "model/statement_shapes.h"

static custody_err check_rule(const struct cty_rule *rule, uint32_t number, custody_error *error)
{
    bool hold = rule->effect == CTY_HOLD;
    bool counts = rule->approvals != 0 && rule->roles.count != 0;
    bool any = rule->approvals != 0 || rule->roles.count != 0 || rule->parties.count != 0 ||
               rule->distinct_parties || rule->decide_ms != 0;
    if (hold && !counts)
        return cty_fail(error, CUSTODY_E_BAD_MEMBER, "rule %u: a hold names approvals and roles", number);
    if (!hold && any)
        return cty_fail(error, CUSTODY_E_BAD_MEMBER, "rule %u: only a hold names approvals, roles, parties, "
                        "distinct_parties and decide_ms", number);
    return CUSTODY_OK;
}

custody_err cty_policy_decode(const struct cty_json *json, const struct cty_json_node *node,
                              struct cty_policy *ret_policy, custody_error *error)
{
    memset(ret_policy, 0, sizeof(*ret_policy));
    CTY_TRY(cty_shape_decode(&cty_shape_policy, NULL, json, node, ret_policy, error));
    if (ret_policy->admin_quorum == 0)
        return cty_fail(error, CUSTODY_E_BAD_MEMBER, "member admin_quorum: at least 1");
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
