/* SPDX-License-Identifier: Apache-2.0 */
/* case.wait and case.news: look, and answer, or park until somebody says that it is worth another look. */
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

static bool is_news(const struct cty_worker *worker)
{
    return worker->call.rpc == CTY_RPC_CASE_NEWS;
}

/* What the call waits for. */
static void fill_wait(const struct cty_worker *worker, struct cty_wait *wait)
{
    struct cty_bytes actor = cty_bytes_text(worker->actor);
    wait->news = is_news(worker);
    if (!wait->news) {
        wait->case_id = worker->call.params.u.case_wait.case_id;
        return;
    }
    int mine = worker->call.params.u.case_news.mine;
    wait->decides = worker->is_person && (mine == CTY_MINE_ANY || mine == CTY_MINE_DECIDE);
    wait->actor_name = cty_waits_name(actor);
    wait->party_name = cty_waits_name(cty_actor_party(actor));
}

static custody_err park(struct cty_worker *worker, struct cty_job *job, uint64_t commits, uint64_t due,
                        bool *ret_parked)
{
    struct cty_wait *wait = &job->wait;
    if (!job->waiting) {
        uint64_t timeout = is_news(worker) ? worker->call.params.u.case_news.timeout_ms
                                           : worker->call.params.u.case_wait.timeout_ms;
        wait->deadline_ms = cty_waits_now() + (timeout ? timeout : CTY_WAIT_MS_MAX);
        fill_wait(worker, wait);
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

/* Either kind of look, in a snapshot that is open. What it found is for answer_now. */
static custody_err look_now(struct cty_worker *worker, struct cty_job *job, bool *ret_moved, uint64_t *ret_due,
                            custody_error *error)
{
    CTY_TRY(cty_answer_access(worker, error));
    if (!is_news(worker))
        return look(worker, job, ret_moved, ret_due, error);
    if (!job->waiting)
        job->news_known = 0;
    return cty_read_case_news_since(worker, &job->news_known, ret_moved, error);
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

static custody_err answer_now(struct cty_worker *worker, struct cty_job *job, bool moved, custody_error *error)
{
    if (!is_news(worker))
        return put_case_now(worker, job, moved, error);
    cty_answer_result(job, &worker->call.id, CTY_RPC_CASE_NEWS, &worker->result);
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
        custody_err err = look_now(worker, job, &moved, &due, error);
        if (err == CUSTODY_OK && (moved || over)) {
            err = answer_now(worker, job, moved, error);
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

