/* SPDX-License-Identifier: Apache-2.0 */
/* What the sequencer does behind clients' statements: it records what fell due, and drops what nobody used. */
#include "base/check.h"
#include "codec/text.h"
#include "daemon/commit.h"
#include "daemon/counters.h"
#include "daemon/log.h"

#define EXPIRE_MS 200u
/* After a case that could not be expired: what stays so is not told five times a second. */
#define EXPIRE_PAUSE_MS 60000u
#define SWEEP_MS 60000u
#define SWEEP_GROUP_MAX 256u

struct due_case {
    struct cty_hash case_id;
    uint64_t due;
    uint64_t updated;
};

struct due {
    struct due_case cases[CTY_EXPIRY_GROUP_MAX];
    uint32_t count;
};

static custody_err note_due(void *context, const struct cty_store_case *row)
{
    struct due *due = context;
    due->cases[due->count++] = (struct due_case){row->case_id, row->due, row->updated};
    return CUSTODY_OK;
}

/*
 * That a deadline has passed, the witnesses say too, where there are some: a checkpoint that they cosigned since. Where none is
 * there yet the desk is told, which asks them for a fresh time, and the case waits.
 */
static custody_err find_witnessed(struct cty_sequencer *sequencer, const struct due_case *one, struct cty_buf *note,
                                  bool *ret_wait, custody_error *error)
{
    struct cty_witnesses *witnesses = sequencer->config.witnesses;
    uint64_t from_s = one->due / 1000 + 1, size = one->updated + 1;
    struct cty_store_mark mark;
    *ret_wait = false;
    if (!witnesses || !cty_witness_policy_asks(&witnesses->trust->policy))
        return CUSTODY_OK;
    custody_err err = CUSTODY_E_NOT_WITNESSED;
    if (cty_witnesses_quorum(witnesses) > size)
        size = cty_witnesses_quorum(witnesses);
    if (cty_witnesses_are_since(witnesses, from_s))
        err = cty_witnessed_find(witnesses, cty_store_view(sequencer->config.store), size, from_s, &mark, note, error);
    if (err != CUSTODY_E_NOT_WITNESSED)
        return err;
    cty_witnesses_want_fresh(witnesses, from_s * 1000);
    *ret_wait = true;
    return CUSTODY_OK;
}

static custody_err expire_one(struct cty_group *group, const struct due_case *one, struct cty_bytes witnessed, uint64_t now,
                              custody_error *error)
{
    struct cty_sequencer *sequencer = group->sequencer;
    custody_err err = cty_unit_expire(&sequencer->unit, &sequencer->book, sequencer->config.custodian,
                                      &sequencer->seen, &one->case_id, witnessed, now, error);
    if (err == CUSTODY_E_NOT_DUE || err == CUSTODY_E_STATE_ILLEGAL)
        return CUSTODY_OK;
    if (err == CUSTODY_E_INTERNAL) {
        /* One case that can't be expired doesn't keep the others. */
        cty_log(CTY_LOG_ERROR, "discarded", "code", "s", "internal", "detail", "s", error->detail, NULL);
        sequencer->expire_at_ms = cty_sequencer_now(sequencer) + EXPIRE_PAUSE_MS;
        return CUSTODY_OK;
    }
    CTY_TRY(err);
    group->appended = true;
    return cty_group_store_unit(sequencer, error);
}

static custody_err expire_if_witnessed(struct cty_group *group, const struct due_case *one, uint64_t now,
                                       custody_error *error)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf note = CTY_BUF_INIT(CTY_STATEMENT_NOTE_BYTES_MAX);
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(2 * CTY_STATEMENT_NOTE_BYTES_MAX);
    bool wait = false;
    CTY_TRY(find_witnessed(group->sequencer, one, &note, &wait, error));
    if (wait)
        return CUSTODY_OK;
    if (note.size)
        CTY_TRY(cty_base64_format(cty_buf_bytes(&note), &text));
    return expire_one(group, one, cty_buf_bytes(&text), now, error);
}

static custody_err expire_due(struct cty_group *group, custody_error *error)
{
    struct cty_sequencer *sequencer = group->sequencer;
    uint64_t now = cty_clock_wall(&sequencer->config.custodian->clock);
    uint64_t newest = cty_head_time(sequencer->config.head);
    struct due due = {.count = 0};
    if (newest > now)
        now = newest;
    CTY_TRY(cty_store_walk_due_cases(cty_store_view(sequencer->config.store), now, CTY_EXPIRY_GROUP_MAX, note_due,
                                     &due, error));
    for (uint32_t i = 0; i < due.count; i++)
        CTY_TRY(expire_if_witnessed(group, &due.cases[i], now, error));
    return cty_group_finish(group, NULL, error);
}

static custody_err sweep_staged(struct cty_group *group, custody_error *error)
{
    struct cty_sequencer *sequencer = group->sequencer;
    uint64_t now = cty_clock_wall(&sequencer->config.custodian->clock);
    uint64_t dropped = 0;
    uint64_t before = now > CTY_STAGED_MS_MAX ? now - CTY_STAGED_MS_MAX : 0;
    CTY_TRY(cty_store_drop_staged_before(sequencer->config.store, before, SWEEP_GROUP_MAX, &dropped, error));
    group->wrote = dropped > 0;
    return cty_group_finish(group, NULL, error);
}

/* cty_group_finish stores them with whatever is written; nothing else is. */
static custody_err write_nothing(struct cty_group *group, custody_error *error)
{
    group->wrote = true;
    return cty_group_finish(group, NULL, error);
}

/* Nobody waits for this: what can't be done now is done later, and a fault has been logged. */
static void in_transaction(struct cty_sequencer *sequencer,
                           custody_err (*work)(struct cty_group *group, custody_error *error))
{
    struct cty_group group = {.sequencer = sequencer};
    custody_error error = {0};
    custody_err err = cty_group_begin(sequencer, &error);
    if (err != CUSTODY_OK)
        return;
    err = work(&group, &error);
    if (err != CUSTODY_OK) {
        cty_group_fault(sequencer, &err, &error);
        return;
    }
    if (group.appended) {
        cty_count_expiries(sequencer->touched_count);
        cty_group_tell(sequencer);
    }
    cty_group_check_after(sequencer);
}

void cty_commit_background(struct cty_sequencer *sequencer)
{
    uint64_t now = cty_sequencer_now(sequencer);
    if (now >= sequencer->expire_at_ms) {
        sequencer->expire_at_ms = now + EXPIRE_MS;
        /* Behind the end of a ledger deadlines bind without an entry. */
        if (cty_head_service(sequencer->config.head) != CTY_SERVING_CLOSED)
            in_transaction(sequencer, expire_due);
    }
    /* Where statements wait already, their commit takes the cosignatures along. */
    if (sequencer->config.witnesses && cty_sequencer_is_idle(sequencer) && cty_witnesses_wait(sequencer->config.witnesses))
        in_transaction(sequencer, write_nothing);
    if (now >= sequencer->sweep_at_ms) {
        sequencer->sweep_at_ms = now + SWEEP_MS;
        in_transaction(sequencer, sweep_staged);
    }
}
