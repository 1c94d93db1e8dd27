/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a policy says of a set of witnesses. Sets are bits by the nodes' places; groups name only what stands before them,
 * so one pass in order gives every group its answer, and one pass back what a node rests on.
 */
#include "ledger/policy.h"

#include <stdio.h>

#include "base/check.h"

static uint64_t bit(uint32_t index)
{
    return (uint64_t)1 << index;
}

bool cty_witness_policy_asks(const struct cty_witness_policy *policy)
{
    return policy->quorum != CTY_WITNESS_NODES_MAX;
}

uint64_t cty_witness_policy_asked(const struct cty_witness_policy *policy)
{
    if (!cty_witness_policy_asks(policy))
        return 0;
    uint64_t reached = bit(policy->quorum);
    for (uint32_t i = policy->quorum + 1; i-- > 0;) {
        if (policy->nodes[i].is_group && (reached & bit(i)))
            reached = (reached & ~bit(i)) | policy->nodes[i].members;
    }
    return reached;
}

uint64_t cty_witness_policy_cosigned(const struct cty_witness_policy *policy, const struct cty_note *note, uint64_t from_s,
                                     uint64_t ret_times[CTY_WITNESS_NODES_MAX], uint64_t *ret_bad)
{
    uint64_t witnesses = 0, bad = 0;
    for (uint32_t i = 0; i < CTY_WITNESS_NODES_MAX; i++) {
        uint64_t time_s = 0;
        custody_err err = CUSTODY_E_NOTE_UNSIGNED;
        if (i < policy->count && !policy->nodes[i].is_group)
            err = cty_note_cosignature_since(note, policy->nodes[i].key_name, &policy->nodes[i].key, from_s, &time_s);
        if (err == CUSTODY_OK)
            witnesses |= bit(i);
        if (err == CUSTODY_E_SIGNATURE_INVALID)
            bad |= bit(i);
        if (ret_times)
            ret_times[i] = err == CUSTODY_OK ? time_s : 0;
    }
    if (ret_bad)
        *ret_bad = bad;
    return witnesses;
}

bool cty_witness_policy_can_be_met(const struct cty_witness_policy *policy, uint64_t witnesses)
{
    uint64_t met = 0;
    for (uint32_t i = 0; i < policy->count; i++) {
        const struct cty_policy_node *node = &policy->nodes[i];
        bool holds = node->is_group ? (uint32_t)__builtin_popcountll(met & node->members) >= node->needed
                                    : (witnesses & bit(i)) != 0;
        if (holds)
            met |= bit(i);
    }
    return cty_witness_policy_asks(policy) && (met & bit(policy->quorum)) != 0;
}

bool cty_witness_policy_met(const struct cty_witness_policy *policy, uint64_t witnesses)
{
    return !cty_witness_policy_asks(policy) || cty_witness_policy_can_be_met(policy, witnesses);
}

/* Those of `witnesses` whose time is at most this. */
static uint64_t until(uint64_t witnesses, const uint64_t times[CTY_WITNESS_NODES_MAX], uint64_t time_s)
{
    uint64_t early = 0;
    for (uint32_t i = 0; i < CTY_WITNESS_NODES_MAX; i++)
        early |= (witnesses & bit(i)) && times[i] <= time_s ? bit(i) : 0;
    return early;
}

uint64_t cty_witness_policy_time(const struct cty_witness_policy *policy, uint64_t witnesses,
                                 const uint64_t times[CTY_WITNESS_NODES_MAX])
{
    uint64_t earliest_s = 0;
    for (uint32_t i = 0; i < CTY_WITNESS_NODES_MAX; i++) {
        bool earlier = (witnesses & bit(i)) && (earliest_s == 0 || times[i] < earliest_s);
        if (earlier && cty_witness_policy_can_be_met(policy, until(witnesses, times, times[i])))
            earliest_s = times[i];
    }
    return earliest_s;
}

/* One octet as it is shown, and its length. */
static size_t show(uint8_t octet, char out[5])
{
    bool plain = octet >= 0x20 && octet <= 0x7e;
    return (size_t)snprintf(out, 5, plain ? "%c" : "\\x%02x", octet);
}

/* Appends what fits in front of room for the mark that something is missing. */
static bool append(struct cty_bytes text, size_t size, char *names, size_t *used)
{
    for (size_t i = 0; i < text.size; i++) {
        char shown[5];
        size_t length = show(text.data[i], shown);
        if (*used + length + 4 > size) {
            memcpy(names + *used, "...", 4);
            return false;
        }
        memcpy(names + *used, shown, length + 1);
        *used += length;
    }
    return true;
}

void cty_witness_policy_names(const struct cty_witness_policy *policy, uint64_t nodes, size_t size, char *ret_names)
{
    size_t used = 0;
    CTY_CHECK(size >= 8);
    ret_names[0] = '\0';
    for (uint32_t i = 0; i < policy->count; i++) {
        if ((nodes & bit(i)) == 0)
            continue;
        if (used > 0 && !append(CTY_LITERAL(", "), size, ret_names, &used))
            return;
        if (!append(policy->nodes[i].name, size, ret_names, &used))
            return;
    }
}
