/* SPDX-License-Identifier: Apache-2.0 */
/* Policies of witnesses: what is accepted can be asked, and its answers agree with each other. */
#include "base/check.h"
#include "ledger/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Groups hold only what stands before them, each at most once, and can be met. */
static void check_nodes(const struct cty_witness_policy *policy)
{
    uint64_t taken = 0;
    CTY_CHECK(policy->count <= CTY_WITNESS_NODES_MAX);
    CTY_CHECK(policy->quorum == CTY_WITNESS_NODES_MAX || policy->quorum < policy->count);
    for (uint32_t i = 0; i < policy->count; i++) {
        const struct cty_policy_node *node = &policy->nodes[i];
        CTY_CHECK(node->name.size > 0);
        if (!node->is_group) {
            CTY_CHECK(cty_key_check(&node->key) == CUSTODY_OK && node->vkey.size > 0 && node->key_name.size > 0);
            continue;
        }
        CTY_CHECK((node->members >> i) == 0 && (node->members & taken) == 0);
        CTY_CHECK(node->needed >= 1 && node->needed <= (uint32_t)__builtin_popcountll(node->members));
        taken |= node->members;
    }
}

/* Everybody who is asked is a quorum, nobody is none, and of what is a quorum more is one too. */
static void check_quorum(const struct cty_witness_policy *policy, uint64_t some)
{
    uint64_t asked = cty_witness_policy_asked(policy);
    bool asks = cty_witness_policy_asks(policy);
    uint64_t times[CTY_WITNESS_NODES_MAX];
    for (uint64_t i = 0; i < CTY_WITNESS_NODES_MAX; i++)
        times[i] = 1000 + i;
    CTY_CHECK((asked != 0) == asks);
    CTY_CHECK(cty_witness_policy_can_be_met(policy, asked) == asks && cty_witness_policy_met(policy, asked));
    CTY_CHECK(!cty_witness_policy_can_be_met(policy, 0) && !cty_witness_policy_can_be_met(policy, ~asked));
    CTY_CHECK(cty_witness_policy_met(policy, some) == (!asks || cty_witness_policy_can_be_met(policy, some)));
    if (cty_witness_policy_can_be_met(policy, some))
        CTY_CHECK(cty_witness_policy_can_be_met(policy, some | some << 1));
    CTY_CHECK((cty_witness_policy_time(policy, some, times) != 0) == cty_witness_policy_can_be_met(policy, some));
    char names[64];
    cty_witness_policy_names(policy, some, sizeof(names), names);
    for (size_t i = 0; names[i]; i++)
        CTY_CHECK(names[i] >= 0x20 && names[i] <= 0x7e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct cty_witness_policy policy;
    custody_error error = {0};
    CTY_CHECK(cty_crypto_init() == CUSTODY_OK);
    custody_err err = cty_witness_policy_read(cty_bytes_make(data, size), &policy, &error);
    if (err != CUSTODY_OK) {
        CTY_CHECK(err == CUSTODY_E_BAD_TRUST || err == CUSTODY_E_TOO_LARGE);
        CTY_CHECK(policy.text.data == NULL);
        return 0;
    }
    CTY_CHECK(cty_key_check(&policy.log_key) == CUSTODY_OK && policy.origin.size > 0);
    check_nodes(&policy);
    uint64_t some = 0;
    for (size_t i = 0; i < size; i++)
        some = (some << 7 | some >> 57) ^ data[i];
    check_quorum(&policy, some);
    cty_witness_policy_done(&policy);
    return 0;
}
