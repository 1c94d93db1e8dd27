/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The custodian's process without doors and threads: it starts as src/daemon/daemon.c does, prepares as a worker does
 * (src/daemon/writes.c), and runs groups when it is told to.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "daemon/daemon.h"
#include "daemon/facts.h"
#include "simulate/sim.h"

/* --- clocks ---------------------------------------------------------------------------------------------------- */

static uint64_t wall(void *context)
{
    return ((const struct sim *)context)->wall_ms;
}

static uint64_t monotonic(void *context)
{
    return ((const struct sim *)context)->monotonic_ms;
}

struct cty_clock sim_clock(struct sim *s)
{
    return (struct cty_clock){wall, monotonic, s};
}

/* --- start and end --------------------------------------------------------------------------------------------- */

custody_err office_found(struct sim *s, custody_error *error)
{
    struct cty_buf params = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
    struct cty_config config = {.ledger = s->path};
    struct cty_clock clock = sim_clock(s);
    struct cty_daemon_options options = {.config = &config, .log = s->log, .clerk = s->clerk, .clock = &clock};
    people_genesis(s, &params);
    custody_err err = cty_daemon_create_ledger(&options, cty_buf_bytes(&params), error);
    cty_buf_done(&params);
    return err;
}

static custody_err read_ledger(struct sim *s, custody_error *error)
{
    struct office *o = &s->office;
    struct cty_store_reader *view = cty_store_view(o->store);
    struct cty_custodian_secrets secrets = {s->log, s->clerk, s->next_log, s->next_clerk};
    CTY_TRY(cty_custodian_init(&o->custodian, cty_store_origin(view), &secrets, false, error));
    o->custodian.clock = sim_clock(s);
    return cty_facts_read(view, &o->custodian, &o->head, error);
}

static custody_err open_ledger(struct sim *s, custody_error *error)
{
    struct office *o = &s->office;
    CTY_TRY(cty_store_open(s->path, &o->store, error));
    return read_ledger(s, error);
}

static custody_err start_sequencer(struct sim *s, custody_error *error)
{
    struct office *o = &s->office;
    struct cty_sequencer_config config = {.store = o->store, .custodian = &o->custodian, .head = &o->head,
                                          .queue_max = CTY_COUNT_OF(o->waiting), .key_changes = &o->key_changes};
    custody_error clock = {0};
    if (cty_clock_guard_begin(&config.guard, &o->custodian.clock, cty_head_time(&o->head), s->confirm, &clock) !=
        CUSTODY_OK)
        cty_head_put_service(&o->head, CTY_SERVING_CLOCK, clock.detail);
    o->has_sequencer = true;
    CTY_TRY(cty_sequencer_init(&o->sequencer, &config));
    CTY_TRY(cty_store_reader_open(s->path, &o->reader, error));
    cty_book_init(&o->book, o->reader, NULL);
    CTY_TRY(cty_keyring_init(&o->keyring, &o->key_changes));
    return cty_unit_init(&o->unit);
}

custody_err office_open(struct sim *s, custody_error *error)
{
    struct office *o = &s->office;
    memset(o, 0, sizeof(*o));
    cty_head_init(&o->head);
    cty_book_init(&o->book, NULL, NULL);
    o->open = true;
    tally_add(TALLY_STARTS);
    custody_err err = open_ledger(s, error);
    if (err == CUSTODY_OK)
        err = start_sequencer(s, error);
    if (err != CUSTODY_OK) {
        office_close(s);
        return err;
    }
    o->state = cty_head_service(&o->head);
    o->wall_ms = s->wall_ms;
    o->monotonic_ms = s->monotonic_ms;
    return CUSTODY_OK;
}

static void task_free(struct task *task)
{
    cty_submission_done(&task->submission);
    free(task);
}

/* What waited goes with the process: nobody gets an answer. */
void office_close(struct sim *s)
{
    struct office *o = &s->office;
    if (!o->open)
        return;
    for (size_t i = 0; i < o->waiting_count; i++)
        task_free(o->waiting[i]);
    o->waiting_count = 0;
    cty_book_done(&o->book);
    cty_unit_done(&o->unit);
    cty_keyring_done(&o->keyring);
    cty_store_reader_close(o->reader);
    if (o->has_sequencer)
        cty_sequencer_done(&o->sequencer);
    cty_head_done(&o->head);
    cty_store_close(o->store);
    cty_custodian_done(&o->custodian);
    o->open = false;
}

/* --- answers ---------------------------------------------------------------------------------------------------- */

/* A process that ended within a call answers nobody. */
static void answer(struct sim *s, struct task *task)
{
    struct cty_submission *submission = &task->submission;
    struct letter letter = {.paper = task->paper, .answer = true, .err = submission->err,
                            .duplicate = submission->duplicate,
                            .index = submission->parts_count ? submission->parts[0].index : 0};
    if (disk_stopped())
        return;
    trace("  custodian on paper %zu: %s%s %llu%s%s", task->paper, custody_err_name(letter.err),
          letter.duplicate ? ", again" : "", (unsigned long long)letter.index, letter.err ? ", " : "",
          letter.err ? submission->error.detail : "");
    auditor_answer(s, s->papers[task->paper], submission);
    post_answer(s, &letter);
}

static void is_done(struct cty_submission *submission)
{
    struct task *task = submission->owner;
    task->told = true;
    answer(task->sim, task);
}

/* --- a worker --------------------------------------------------------------------------------------------------- */

static void prepare_content(struct task *task, const struct paper *paper)
{
    struct cty_submission *submission = &task->submission;
    const struct content *c = &paper->contents[0];
    submission->kind = CTY_STAGE;
    snprintf(submission->actor, sizeof(submission->actor), "%s", paper->signer);
    submission->contents.count = 1;
    submission->contents.list[0].commitment = c->commitment;
    submission->err = cty_content_decode(cty_buf_bytes(&c->salt64), cty_buf_bytes(&c->text64),
                                         &submission->contents.list[0], &submission->error);
}

static bool prepare(struct sim *s, struct task *task)
{
    struct office *o = &s->office;
    struct cty_submission *submission = &task->submission;
    struct cty_prepare with = {.book = &o->book, .unit = &o->unit, .custodian = &o->custodian, .keyring = &o->keyring,
                               .look_up = cty_head_service(&o->head) != CTY_SERVING};
    bool queue = false;
    if (s->papers[task->paper]->stages) {
        prepare_content(task, s->papers[task->paper]);
        return submission->err == CUSTODY_OK;
    }
    paper_params(s->papers[task->paper], &o->params);
    cty_submission_prepare(submission, &with, &o->params, &queue);
    return queue;
}

static bool serves(struct sim *s, struct cty_submission *submission)
{
    enum cty_service_state state = cty_head_service(&s->office.head);
    if (submission->duplicate || (state != CTY_SERVING_CLOCK && state != CTY_SERVING_STOPPED))
        return true;
    submission->err = state == CTY_SERVING_CLOCK ? CUSTODY_E_CLOCK : CUSTODY_E_STORAGE;
    return false;
}

static void take(struct sim *s, struct task *task)
{
    struct office *o = &s->office;
    struct cty_submission *submission = &task->submission;
    bool queue = prepare(s, task);
    if (queue && serves(s, submission) && o->waiting_count < CTY_COUNT_OF(o->waiting)) {
        o->waiting[o->waiting_count++] = task;
        return;
    }
    if (queue && submission->err == CUSTODY_OK)
        submission->err = CUSTODY_E_BUSY;
    answer(s, task);
    const struct paper *paper = s->papers[task->paper];
    if (!paper->stages && !disk_stopped() && custody_err_class_get(submission->err) == CUSTODY_CLASS_REFUSAL)
        second_refused(s, paper, submission->err);
    task_free(task);
}

void office_take(struct sim *s, size_t paper)
{
    if (!s->office.open || disk_stopped())
        return;
    struct task *task = cty_alloc(1, sizeof(*task));
    CTY_CHECK(task);
    task->sim = s;
    task->paper = paper;
    cty_submission_clear(&task->submission);
    task->submission.owner = task;
    task->submission.done = is_done;
    take(s, task);
}

/* --- the sequencer ---------------------------------------------------------------------------------------------- */

/* What the group came to, in the order in which it was judged. */
static void second_opinion(struct sim *s)
{
    struct office *o = &s->office;
    for (size_t i = 0; i < o->group_count && !s->failed; i++) {
        struct cty_submission *submission = &o->group[i]->submission;
        const struct paper *paper = s->papers[o->group[i]->paper];
        if (paper->stages)
            continue;
        for (uint32_t k = 0; submission->err == CUSTODY_OK && !submission->duplicate && k < submission->parts_count; k++)
            second_entry(s, submission->parts[k].index, cty_buf_bytes(&submission->parts[k].entry));
        if (custody_err_class_get(submission->err) == CUSTODY_CLASS_REFUSAL)
            second_refused(s, paper, submission->err);
    }
}

/* Whether anything of the group had to be written. */
static bool wrote(const struct office *o)
{
    for (size_t i = 0; i < o->group_count; i++) {
        const struct cty_submission *submission = &o->group[i]->submission;
        bool refused = custody_err_class_get(submission->err) == CUSTODY_CLASS_REFUSAL;
        if (!refused && !(submission->err == CUSTODY_OK && submission->duplicate))
            return true;
    }
    return false;
}

/* Whether the clocks have moved apart by more than the custodian may bear. */
static bool is_clock_off(const struct sim *s)
{
    int64_t wall_passed = (int64_t)(s->wall_ms - s->office.wall_ms);
    int64_t off = wall_passed - (int64_t)(s->monotonic_ms - s->office.monotonic_ms);
    return off > (int64_t)CTY_CLOCK_STEP_MS_MAX || off < -(int64_t)CTY_CLOCK_STEP_MS_MAX;
}

static void judge_group(struct sim *s, uint64_t changes, enum cty_service_state before)
{
    struct office *o = &s->office;
    bool accepted = false;
    for (size_t i = 0; i < o->group_count; i++) {
        const struct cty_submission *submission = &o->group[i]->submission;
        accepted = accepted || (submission->err == CUSTODY_OK && !submission->duplicate);
        if (!o->group[i]->told)
            sim_fail(s, "answered", "paper %zu of a group has no answer", o->group[i]->paper);
    }
    if (accepted && (before == CTY_SERVING_STOPPED || before == CTY_SERVING_CLOCK || before == CTY_SERVING_CLOSED))
        sim_fail(s, "service", "something was taken in state %s", cty_service_state_names[before]);
    if (accepted && is_clock_off(s))
        sim_fail(s, "clock", "something was taken though the clock had stepped");
    if (o->committed && !wrote(o) && disk_changes() != changes)
        sim_fail(s, "refusal-writes", "a group of refusals changed the disk");
    o->committed = o->committed || accepted;
    second_opinion(s);
}

static struct cty_submission *take_group(struct office *o, size_t most)
{
    struct cty_submission *first = NULL, **end = &first;
    o->group_count = o->waiting_count < most ? o->waiting_count : most;
    for (size_t i = 0; i < o->group_count; i++) {
        o->group[i] = o->waiting[i];
        o->group[i]->submission.next = NULL;
        *end = &o->group[i]->submission;
        end = &o->group[i]->submission.next;
    }
    o->waiting_count -= o->group_count;
    memmove(o->waiting, o->waiting + o->group_count, o->waiting_count * sizeof(o->waiting[0]));
    return first;
}

void office_run(struct sim *s, size_t most)
{
    struct office *o = &s->office;
    if (!o->open || disk_stopped() || o->waiting_count == 0)
        return;
    enum cty_service_state before = cty_head_service(&o->head);
    uint64_t changes = disk_changes();
    struct cty_submission *first = take_group(o, most < SIM_GROUP ? most : SIM_GROUP);
    tally_add(TALLY_GROUPS);
    cty_sequencer_run(&o->sequencer, first);
    if (!disk_stopped())
        judge_group(s, changes, before);
    for (size_t i = 0; i < o->group_count; i++)
        task_free(o->group[i]);
    o->group_count = 0;
}

void office_background(struct sim *s)
{
    if (s->office.open && !disk_stopped())
        cty_commit_background(&s->office.sequencer);
}
