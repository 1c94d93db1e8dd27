/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies. What must hold for any input: what is taken, written again, is the same text; its rules say who decides
 * exactly where they hold; a refusal says why.
 */
#include <stdint.h>

#include "base/check.h"
#include "model/policy.h"
#include "model/statement_shapes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct cty_policy policy;

static void check_rule(const struct cty_rule *rule)
{
    bool hold = rule->effect == CTY_HOLD;
    CTY_CHECK(rule->effect == CTY_PASS || rule->effect == CTY_DENY || hold);
    CTY_CHECK(hold == (rule->approvals > 0) && hold == (rule->roles.count > 0));
    CTY_CHECK(rule->approvals <= CTY_APPROVALS_MAX);
    CTY_CHECK(hold || (rule->parties.count == 0 && !rule->distinct_parties && rule->decide_ms == 0));
    CTY_CHECK(hold || (!rule->consent && !rule->escalation.present && !rule->ordered && rule->window_ms == 0));
    CTY_CHECK(rule->key_custody == CTY_KEY_SELF || (hold && rule->key_custody == CTY_KEY_HARDWARE));
    CTY_CHECK(!rule->ordered || (rule->approvals == rule->roles.count && !rule->distinct_parties));
    CTY_CHECK(!rule->escalation.present || rule->escalation.roles.count > 0);
    CTY_CHECK(rule->window_ms <= CTY_PERIOD_MS_MAX && rule->escalation.after_ms <= CTY_PERIOD_MS_MAX);
    CTY_CHECK(rule->decide_ms <= CTY_PERIOD_MS_MAX && rule->use_ms <= CTY_PERIOD_MS_MAX);
    CTY_CHECK(rule->report_ms <= CTY_PERIOD_MS_MAX);
}

static void check_taken(struct cty_bytes text)
{
    struct cty_buf again = CTY_BUF_INIT(SIZE_MAX / 2);
    struct cty_jw jw;
    CTY_CHECK(policy.admin_quorum >= 1 && policy.admin_quorum <= CTY_ADMINS_MAX);
    CTY_CHECK(policy.rules_count <= CTY_RULES_MAX);
    CTY_CHECK(policy.recovery.present == (policy.recovery.quorum > 0));
    CTY_CHECK(policy.recovery.present == (policy.recovery.roles.count > 0));
    CTY_CHECK(policy.recovery.quorum <= CTY_ADMINS_MAX);
    for (uint32_t i = 0; i < policy.rules_count; i++)
        check_rule(&policy.rules[i]);
    cty_jw_begin(&jw, &again);
    cty_shape_encode(&cty_shape_policy, NULL, &policy, &jw);
    CTY_CHECK(cty_jw_end(&jw) == CUSTODY_OK);
    CTY_CHECK(cty_bytes_equal(cty_buf_bytes(&again), text));
    cty_buf_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cty_bytes text = cty_bytes_make(data, size);
    struct cty_json json = CTY_JSON_INIT;
    custody_error error = {0};
    custody_err err = cty_policy_parse(text, &json, &policy, &error);
    CTY_CHECK(err == CUSTODY_OK || (error.code == err && error.detail[0]));
    if (err == CUSTODY_OK)
        check_taken(text);
    cty_json_done(&json);
    return 0;
}
