/* SPDX-License-Identifier: Apache-2.0 */
/* case.wait: looks at the case, and answers, or parks until somebody says that it is worth another look. */
#include "daemon/answer.h"
#include "daemon/reads.h"

/* Whether the case has moved since the caller looked, or since it began to wait. */
static custody_err look(struct cty_worker *worker, struct cty_job *job, bool *ret_moved, uint64_t *ret_due,
                        custody_error *error)
{
    uint64_t newest = 0;
    enum cty_case_state state;
    CTY_TRY(cty_read_case_news(worker, &worker->call.params.u.case_wait.case_id, &newest, &state, ret_due, error));
    if (!job->waiting)
        job->wait_state = (int)state;
    *ret_moved = newest > worker->call.params.u.case_wait.known || (int)state != job->wait_state;
    return CUSTODY_OK;
}

static custody_err park(struct cty_worker *worker, struct cty_job *job, uint64_t commits, uint64_t due,
                        bool *ret_parked)
{
    struct cty_wait *wait = &job->wait;
    if (!job->waiting) {
        uint64_t timeout = worker->call.params.u.case_wait.timeout_ms;
        wait->deadline_ms = cty_waits_now() + (timeout ? timeout : CTY_WAIT_MS_MAX);
        wait->case_id = worker->call.params.u.case_wait.case_id;
        wait->connection = cty_net_call_connection(job->call);
        wait->owner = job;
        memcpy(wait->actor, worker->actor, sizeof(wait->actor));
        job->waiting_call = worker->call;
        CTY_TRY(cty_net_call_hold(job->call));
    }
    job->waiting = true;
    wait->due_ms = due;
    return cty_waits_park(&worker->service->waits, wait, commits, ret_parked);
}

static custody_err put_case_now(struct cty_worker *worker, struct cty_job *job, bool moved, custody_error *error)
{
    uint64_t newest = 0;
    memset(&worker->result, 0, sizeof(worker->result));
    CTY_TRY(cty_read_case(worker, &worker->call.params.u.case_wait.case_id, &worker->result.case_wait, &newest,
                          error));
    worker->result.case_wait.changed = moved;
    cty_answer_result(job, &worker->call.id, CTY_RPC_CASE_WAIT, &worker->result);
    return CUSTODY_OK;
}

/* Looks, and answers or parks. In a batch nothing waits: the others would wait with it. */
custody_err cty_wait_or_answer(struct cty_worker *worker, struct cty_job *job, bool *ret_parked,
                                  custody_error *error)
{
    bool over = job->message.batch || (job->waiting && job->wait.reason != CTY_WAKE_NEWS);
    for (;;) {
        bool moved = false;
        uint64_t due = 0;
        uint64_t commits = cty_waits_commits(&worker->service->waits);
        CTY_TRY(cty_store_begin_read(worker->reader, error));
        cty_book_reset(&worker->book);
        custody_err err = cty_answer_access(worker, error);
        if (err == CUSTODY_OK)
            err = look(worker, job, &moved, &due, error);
        if (err == CUSTODY_OK && (moved || over)) {
            err = put_case_now(worker, job, moved, error);
            cty_store_end_read(worker->reader);
            return err;
        }
        cty_store_end_read(worker->reader);
        CTY_TRY(err);
        CTY_TRY(park(worker, job, commits, due, ret_parked));
        if (*ret_parked)
            return CUSTODY_OK;
    }
}

