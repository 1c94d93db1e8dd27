/* SPDX-License-Identifier: Apache-2.0 */
/*
 * case.wait and case.news: look, and answer, or park until somebody says that it is worth another look. What is parked
 * is a struct cty_waiting alone; its message, its job and its place among the door's calls go to others.
 */
#include <stddef.h>
#include <stdlib.h>

#include "base/check.h"
#include "daemon/answer.h"
#include "daemon/reads.h"

static bool is_news(const struct cty_waiting *waiting)
{
    return waiting->rpc == CTY_RPC_CASE_NEWS;
}

/* --- looking ------------------------------------------------------------------------------------------------- */

/* What a look found. */
struct found {
    bool moved;
    uint64_t due; /* the case's deadline; 0: none */
};

/* Whether the case has moved since the caller looked, or since it began to wait. */
static bool has_moved(const struct cty_waiting *waiting, uint64_t newest, enum cty_case_state state)
{
    return newest > waiting->known || (int)state != waiting->wait_state;
}

static custody_err look_at_case(struct cty_worker *worker, struct cty_waiting *waiting, struct found *ret_found,
                                custody_error *error)
{
    uint64_t newest = 0;
    enum cty_case_state state;
    CTY_TRY(cty_read_case_news(worker, &waiting->wait.case_id, &newest, &state, &ret_found->due, error));
    if (waiting->wait_state < 0)
        waiting->wait_state = (int)state;
    ret_found->moved = has_moved(waiting, newest, state);
    return CUSTODY_OK;
}

/*
 * Either kind of look, in a snapshot that is open. What it found is for answer_now, which reads a case anew; so where it
 * is `over` and there was a look before, it is spared.
 */
static custody_err look(struct cty_worker *worker, struct cty_waiting *waiting, bool over, struct found *ret_found,
                        custody_error *error)
{
    CTY_TRY(cty_answer_access(worker, error));
    if (!is_news(waiting) && over && waiting->wait_state >= 0)
        return CUSTODY_OK;
    if (!is_news(waiting))
        return look_at_case(worker, waiting, ret_found, error);
    waiting->wait.decides = worker->is_person && (waiting->mine == CTY_MINE_ANY || waiting->mine == CTY_MINE_DECIDE);
    return cty_read_case_news_since(worker, &waiting->news_known, &ret_found->moved, error);
}

static custody_err put_case_now(struct cty_worker *worker, struct cty_job *job, const struct cty_waiting *waiting,
                                custody_error *error)
{
    uint64_t newest = 0;
    memset(&worker->result, 0, sizeof(worker->result));
    CTY_TRY(cty_read_case(worker, &waiting->wait.case_id, &worker->result.case_wait, &newest, error));
    worker->result.case_wait.changed = has_moved(waiting, newest, cty_case_state_at(&worker->the_case, worker->now));
    cty_answer_result(job, &worker->call.id, CTY_RPC_CASE_WAIT, &worker->result);
    return CUSTODY_OK;
}

static custody_err answer_now(struct cty_worker *worker, struct cty_job *job, const struct cty_waiting *waiting,
                              custody_error *error)
{
    if (!is_news(waiting))
        return put_case_now(worker, job, waiting, error);
    cty_answer_result(job, &worker->call.id, CTY_RPC_CASE_NEWS, &worker->result);
    return CUSTODY_OK;
}

/* Looks, and answers where there is something to say, or where `over` it has to be said that there is nothing. */
static custody_err look_and_answer(struct cty_worker *worker, struct cty_job *job, struct cty_waiting *waiting,
                                   bool over, bool *ret_answered, custody_error *error)
{
    struct found found = {.moved = false};
    CTY_TRY(cty_store_begin_read(worker->reader, error));
    cty_book_reset(&worker->book);
    custody_err err = look(worker, waiting, over, &found, error);
    *ret_answered = err == CUSTODY_OK && (found.moved || over);
    if (*ret_answered)
        err = answer_now(worker, job, waiting, error);
    cty_store_end_read(worker->reader);
    waiting->wait.due_ms = found.due;
    return err;
}

/* --- what stays of the call ---------------------------------------------------------------------------------- */

static void keep_id(struct cty_waiting *waiting, const struct cty_rpc_id *id)
{
    waiting->id = *id;
    if (id->kind != CTY_RPC_ID_TEXT)
        return;
    memcpy(waiting->id_text, id->text.data, id->text.size);
    waiting->id.text = cty_bytes_make(waiting->id_text, id->text.size);
}

/*
 * Times are cut to what divides by a power of two, at most a sixty-fourth of the time earlier: many that wait for long
 * end together, in fewer turns of fewer threads.
 */
static uint64_t deadline_after(uint64_t timeout_ms)
{
    uint64_t grain = 1;
    while (grain * 2 <= timeout_ms / 64)
        grain *= 2;
    uint64_t at = cty_waits_now() + timeout_ms;
    return at - at % grain;
}

static void keep_params(struct cty_waiting *waiting, const struct cty_rpc_params *params)
{
    uint64_t timeout = is_news(waiting) ? params->u.case_news.timeout_ms : params->u.case_wait.timeout_ms;
    waiting->session = params->session.hash;
    waiting->wait.deadline_ms = deadline_after(timeout ? timeout : CTY_WAIT_MS_MAX);
    waiting->wait.news = is_news(waiting);
    if (is_news(waiting)) {
        waiting->known = params->u.case_news.known;
        waiting->limit = params->u.case_news.limit;
        waiting->mine = params->u.case_news.mine;
    } else {
        waiting->known = params->u.case_wait.known;
        waiting->wait.case_id = params->u.case_wait.case_id;
    }
}

static void keep_call(struct cty_waiting *waiting, struct cty_worker *worker, struct cty_job *job)
{
    waiting->task = (struct cty_task){.kind = CTY_TASK_WAITING, .call = job->task.call};
    waiting->service = worker->service;
    waiting->rpc = worker->call.rpc;
    waiting->wait_state = -1;
    waiting->wait.connection = cty_net_call_connection(job->task.call);
    keep_id(waiting, &worker->call.id);
    keep_params(waiting, &worker->call.params);
}

/* The call as it was read, from what stayed of it. */
static void take_up_call(const struct cty_waiting *waiting, struct cty_rpc_call *call)
{
    memset(call, 0, sizeof(*call));
    call->id = waiting->id;
    call->rpc = waiting->rpc;
    call->params.session.present = true;
    call->params.session.hash = waiting->session;
    if (is_news(waiting)) {
        call->params.u.case_news.known = waiting->known;
        call->params.u.case_news.limit = waiting->limit;
        call->params.u.case_news.mine = waiting->mine;
    } else {
        call->params.u.case_wait.known = waiting->known;
        call->params.u.case_wait.case_id = waiting->wait.case_id;
    }
}

static void put_waiting(struct cty_worker *worker, struct cty_waiting *waiting)
{
    if (waiting->armed)
        cty_waits_leave(&worker->service->waits, &waiting->wait);
    free(waiting);
}

/* --- parking ------------------------------------------------------------------------------------------------- */

/*
 * From here on nothing is missed. Whose session it is has to be known before the look, for the wait is charged to its
 * actor; where there is none, the look says so.
 */
static custody_err arm(struct cty_worker *worker, struct cty_waiting *waiting, custody_error *error)
{
    struct cty_wait *wait = &waiting->wait;
    uint32_t rotation = 0;
    CTY_TRY(cty_sessions_find(&worker->service->sessions, &waiting->session, worker->actor, &rotation));
    struct cty_bytes actor = cty_bytes_text(worker->actor), party = cty_actor_party(actor);
    wait->actor_key = waiting->task.flow = cty_tally_name(actor);
    wait->party_key = cty_tally_name(party);
    custody_err err = cty_waits_arm(&worker->service->waits, wait, error);
    waiting->armed = err == CUSTODY_OK;
    return err;
}

/* *ret_parked: it is somebody else's. Else wait->reason says what came first. Errors: BUSY. */
static custody_err park(struct cty_worker *worker, struct cty_waiting *waiting, bool *ret_parked, custody_error *error)
{
    custody_err err = cty_net_call_hold(waiting->task.call);
    if (err == CUSTODY_E_BUSY)
        return cty_fail(error, err, "too many calls wait");
    /* Whoever went before it was armed has nobody to tell any more. */
    if (err == CUSTODY_E_CANCELLED_WAIT)
        waiting->wait.reason = CTY_WAKE_GONE;
    else
        *ret_parked = cty_waits_park(&worker->service->waits, &waiting->wait);
    return CUSTODY_OK;
}

/* Looks until there is an answer, or nothing to do but wait. `armed`: why it can't wait, or OK. */
static custody_err look_or_park(struct cty_worker *worker, struct cty_job *job, struct cty_waiting *waiting,
                                custody_err armed, bool *ret_parked, custody_error *error)
{
    for (;;) {
        bool answered = false;
        custody_error inner = {0};
        bool over = job->message.batch || waiting->wait.reason == CTY_WAKE_TIMEOUT ||
                    waiting->wait.reason == CTY_WAKE_STOP;
        custody_err err = look_and_answer(worker, job, waiting, over, &answered, &inner);
        if (err != CUSTODY_OK || answered) {
            *error = inner;
            return err;
        }
        CTY_TRY(armed);
        CTY_TRY(park(worker, waiting, ret_parked, error));
        if (*ret_parked || waiting->wait.reason == CTY_WAKE_GONE)
            return CUSTODY_OK;
    }
}

/* Ends a call that nobody wants answered any more. */
static void drop(struct cty_worker *worker, struct cty_job *job, struct cty_net_call *call)
{
    cty_net_drop(call);
    if (job)
        cty_job_put(&worker->service->jobs, job);
}

/* In a batch nothing waits: the others would wait with it. */
custody_err cty_wait_or_answer(struct cty_worker *worker, struct cty_job *job, bool *ret_parked,
                               custody_error *error)
{
    struct cty_waiting *waiting = cty_alloc(1, sizeof(*waiting));
    if (!waiting)
        return CUSTODY_E_NO_MEMORY;
    struct cty_net_call *call = job->task.call;
    keep_call(waiting, worker, job);
    /* The message goes when the call is held; from here on the call is what was kept of it. */
    take_up_call(waiting, &worker->call);
    custody_err armed = job->message.batch ? CUSTODY_OK : arm(worker, waiting, error);
    custody_err err = look_or_park(worker, job, waiting, armed, ret_parked, error);
    if (*ret_parked) {
        cty_job_put(&worker->service->jobs, job);
        return CUSTODY_OK;
    }
    bool gone = err == CUSTODY_OK && waiting->wait.reason == CTY_WAKE_GONE;
    if (err != CUSTODY_OK)
        cty_answer_plain_failure(job, &waiting->id, err, error);
    put_waiting(worker, waiting);
    if (!gone)
        return CUSTODY_OK;
    *ret_parked = true;
    drop(worker, job, call);
    return CUSTODY_OK;
}

void cty_waiting_step(struct cty_worker *worker, struct cty_waiting *waiting)
{
    struct cty_net_call *call = waiting->task.call;
    struct cty_job *job = NULL;
    custody_error error = {0};
    bool parked = false;
    custody_err err = CUSTODY_OK;
    if (waiting->wait.reason != CTY_WAKE_GONE)
        job = cty_job_get(&worker->service->jobs, worker->service, call);
    if (job && cty_rpc_answers_begin(&job->answers, false, &job->out) == CUSTODY_OK) {
        job->message.batch = false;
        take_up_call(waiting, &worker->call);
        err = look_or_park(worker, job, waiting, CUSTODY_OK, &parked, &error);
    } else {
        waiting->wait.reason = CTY_WAKE_GONE;
    }
    if (parked) {
        cty_job_put(&worker->service->jobs, job);
        return;
    }
    bool gone = err == CUSTODY_OK && waiting->wait.reason == CTY_WAKE_GONE;
    if (err != CUSTODY_OK)
        cty_answer_plain_failure(job, &waiting->id, err, &error);
    put_waiting(worker, waiting);
    if (gone)
        drop(worker, job, call);
    else
        cty_answer_finish(worker, job);
}

void cty_waiting_wake(void *service, struct cty_wait *first)
{
    struct cty_service *of = service;
    struct cty_task *tasks = NULL;
    while (first) {
        struct cty_waiting *waiting = (struct cty_waiting *)(void *)((char *)first - offsetof(struct cty_waiting, wait));
        first = first->next;
        waiting->task.next = tasks;
        tasks = &waiting->task;
    }
    cty_jobs_push(&of->jobs, tasks);
}
