/* SPDX-License-Identifier: Apache-2.0 */
/* Who cosigns the checkpoints, how far each of them is, and checkpoints on which enough of them stand. */
#include <stdlib.h>

#include "base/check.h"
#include "daemon/reads.h"

custody_err cty_read_witnessed_mark(struct cty_worker *worker, uint64_t size, struct cty_store_mark *ret_mark,
                                    custody_error *error)
{
    struct cty_bytes note;
    cty_buf_clear(&worker->note);
    const struct cty_witnesses *witnesses = worker->service->witnesses;
    if (!witnesses || cty_witness_policy_asks(&witnesses->trust->policy))
        return cty_witnessed_find(witnesses, worker->reader, size, 0, ret_mark, &worker->note, error);
    /* A policy without a quorum is met by any. */
    CTY_TRY(cty_read_note(worker, ret_mark, &note, error));
    if (ret_mark->size < size)
        return cty_fail(error, CUSTODY_E_NOT_FOUND, "the newest checkpoint is of size %llu",
                        (unsigned long long)ret_mark->size);
    return CUSTODY_OK;
}

/* The newest that is known to have a quorum, where that is enough, and else the first that has one from there on. */
custody_err cty_read_witnessed_checkpoint(struct cty_worker *worker, const struct cty_rpc_params *params,
                                          union cty_rpc_result *result, custody_error *error)
{
    struct cty_witnesses *witnesses = worker->service->witnesses;
    uint64_t least = params->u.checkpoint.min_size ? params->u.checkpoint.min_size : 1;
    uint64_t newest = witnesses ? cty_witnesses_quorum(witnesses) : 0;
    struct cty_store_mark mark;
    custody_err err = CUSTODY_E_NOT_WITNESSED;
    if (newest > least)
        err = cty_read_witnessed_mark(worker, newest, &mark, error);
    if (err == CUSTODY_E_NOT_WITNESSED) /* or it came behind this snapshot */
        err = cty_read_witnessed_mark(worker, least, &mark, error);
    CTY_TRY(err);
    result->checkpoint.checkpoint = cty_buf_bytes(&worker->note);
    result->checkpoint.size = mark.size;
    return CUSTODY_OK;
}

static void put_witness(const struct cty_policy_node *node, const struct cty_witness_seat *seat,
                        struct cty_rpc_witness *out)
{
    *out = (struct cty_rpc_witness){.key = node->vkey, .name = node->name, .size = seat->size, .state = (int)seat->state,
                                    .time = seat->time_ms, .detail = cty_bytes_text(seat->detail)};
}

static void put_all(const struct cty_witness_policy *policy, const struct cty_witnesses_view *view, uint64_t size,
                    union cty_rpc_result *result)
{
    for (uint32_t i = 0; i < policy->count; i++) {
        const struct cty_policy_node *node = &policy->nodes[i];
        if (node->is_group)
            continue;
        put_witness(node, &view->seats[i], &result->witnesses.witnesses[result->witnesses.witnesses_count++]);
        if (view->seats[i].size < size)
            result->witnesses.missing[result->witnesses.missing_count++] = node->name;
    }
}

custody_err cty_read_witnesses(struct cty_worker *worker, const struct cty_rpc_params *params,
                               union cty_rpc_result *result, custody_error *error)
{
    struct cty_witnesses *witnesses = worker->service->witnesses;
    struct cty_witnesses_view *view = &worker->witnesses; /* details are borrowed from it */
    struct cty_head_state now;
    (void)params;
    (void)error;
    result->witnesses.policy = CTY_LITERAL("");
    if (!witnesses)
        return CUSTODY_OK;
    cty_head_get(&worker->service->head, &now);
    cty_witnesses_get(witnesses, view);
    put_all(&witnesses->trust->policy, view, now.mark.size, result);
    result->witnesses.policy = cty_buf_bytes(&witnesses->trust->policy.text);
    result->witnesses.quorum_size = view->quorum_size;
    result->witnesses.quorum_time = view->quorum_time_s * 1000;
    return CUSTODY_OK;
}
