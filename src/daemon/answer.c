/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker's turn on a job: answers call after call, until the message is answered or the job has to wait for
 * the sequencer or for news of a case. It is then somebody else's, who pushes it back.
 */
#include <stdlib.h>

#include "base/check.h"
#include "daemon/log.h"
#include "daemon/reads.h"

static cty_read_function *const reads[CTY_RPC_COUNT] = {
    [CTY_RPC_INFO] = cty_read_info,
    [CTY_RPC_SESSION_CHALLENGE] = cty_read_session_challenge,
    [CTY_RPC_SESSION_OPEN] = cty_read_session_open,
    [CTY_RPC_SESSION_CLOSE] = cty_read_session_close,
    [CTY_RPC_CHECKPOINT] = cty_read_checkpoint,
    [CTY_RPC_PROOF_INCLUSION] = cty_read_proof_inclusion,
    [CTY_RPC_PROOF_CONSISTENCY] = cty_read_proof_consistency,
    [CTY_RPC_ENTRIES] = cty_read_entries,
    [CTY_RPC_CASE_GET] = cty_read_case_get,
    [CTY_RPC_CASE_LIST] = cty_read_case_list,
    [CTY_RPC_CASE_ENTRIES] = cty_read_case_entries,
    [CTY_RPC_TRUST_ENTRIES] = cty_read_trust_entries,
    [CTY_RPC_ACTORS] = cty_read_actors,
    [CTY_RPC_POLICY] = cty_read_policy,
    [CTY_RPC_BLOB_GET] = cty_read_blob_get,
};

static bool is_write(enum cty_rpc rpc)
{
    return rpc == CTY_RPC_SUBMIT || rpc == CTY_RPC_BLOB_STAGE;
}

/* --- answers ----------------------------------------------------------------------------------------------- */

/* The caller knows what is its own to mend; a fault is also the operator's. */
static void log_fault(custody_err err, const custody_error *error)
{
    if (custody_err_class_get(err) == CUSTODY_CLASS_FAULT && err != CUSTODY_E_BUSY && err != CUSTODY_E_READ_ONLY &&
        err != CUSTODY_E_CLOCK && err != CUSTODY_E_STORAGE)
        cty_log(CTY_LOG_ERROR, "answer", "code", "s", custody_err_name(err), "detail", "s", error->detail, NULL);
}

/* What can't be written is not answered; the client asks again. */
static void put_failure(struct cty_job *job, const struct cty_rpc_id *id, custody_err err, const custody_error *error,
                        struct cty_bytes refusal)
{
    struct cty_rpc_failure failure = {.code = err, .refusal = refusal};
    if (error->code == err)
        failure.detail = cty_bytes_text(error->detail);
    if (err == CUSTODY_E_BUSY || err == CUSTODY_E_QUOTA)
        failure.retry_after_ms = CTY_RETRY_MS;
    log_fault(err, error);
    if (cty_rpc_answers_put_failure(&job->answers, id, &failure) != CUSTODY_OK)
        cty_log(CTY_LOG_ERROR, "answer", "code", "s", "no-memory", NULL);
}

static void put_plain_failure(struct cty_job *job, const struct cty_rpc_id *id, custody_err err,
                              const custody_error *error)
{
    put_failure(job, id, err, error, cty_bytes_make(NULL, 0));
}

static void put_result(struct cty_job *job, const struct cty_rpc_id *id, enum cty_rpc rpc,
                       const union cty_rpc_result *result)
{
    custody_error error = {0};
    custody_err err = cty_rpc_answers_put_result(&job->answers, id, rpc, result);
    if (err == CUSTODY_OK)
        return;
    cty_fail(&error, err, "the answer");
    put_plain_failure(job, id, err, &error);
}

static void finish(struct cty_worker *worker, struct cty_job *job)
{
    struct cty_jobs *jobs = &worker->service->jobs;
    bool whole = (job->answers.batch || job->answers.count == 1) && cty_rpc_answers_end(&job->answers) == CUSTODY_OK;
    if (!whole || cty_net_reply(job->call, cty_buf_bytes(&job->out)) != CUSTODY_OK)
        cty_net_drop(job->call);
    cty_job_put(jobs, job);
}

/* --- writes ------------------------------------------------------------------------------------------------ */

static void submission_done(struct cty_submission *submission)
{
    struct cty_job *job = submission->owner;
    struct cty_service *service = job->service;
    if (atomic_fetch_sub(&job->pending, 1) != 1)
        return;
    job->next = NULL;
    *(service->decided_first ? &service->decided_last->next : &service->decided_first) = job;
    service->decided_last = job;
}

void cty_jobs_push_decided(struct cty_service *service)
{
    struct cty_job *first = service->decided_first;
    service->decided_first = NULL;
    if (first)
        cty_jobs_push_list(&service->jobs, first, service->decided_last);
}

static void prepare_stage(struct cty_worker *worker, struct cty_submission *submission,
                          const struct cty_rpc_params *params)
{
    struct cty_content *content = &submission->contents.list[0];
    submission->kind = CTY_STAGE;
    memcpy(submission->actor, worker->actor, sizeof(submission->actor));
    submission->contents.count = 1;
    content->commitment = params->u.blob_stage.commitment;
    submission->err = cty_content_decode(params->u.blob_stage.salt, params->u.blob_stage.content, content,
                                         &submission->error);
}

/* What would write is refused at once where nothing may be written. */
static custody_err check_service(struct cty_worker *worker, custody_error *error)
{
    switch (cty_head_service(&worker->service->head)) {
    case CTY_SERVING:
    case CTY_SERVING_READS: /* the sequencer knows when to try again */
        return CUSTODY_OK;
    case CTY_SERVING_CLOCK:
        return cty_fail(error, CUSTODY_E_CLOCK, "nobody has confirmed it yet");
    case CTY_SERVING_STOPPED:
        return cty_fail(error, CUSTODY_E_STORAGE, "the custodian has stopped");
    }
    return CUSTODY_E_INTERNAL;
}

/* The state of the custodian comes before what may be wrong with a statement, but for one that stands already. */
static bool takes_write(struct cty_worker *worker, struct cty_submission *submission)
{
    custody_error error = {0};
    custody_err err = check_service(worker, &error);
    if (err == CUSTODY_OK || submission->duplicate)
        return err == CUSTODY_OK;
    submission->err = err;
    submission->error = error;
    return false;
}

static void prepare_write(struct cty_worker *worker, struct cty_job *job, struct cty_submission *submission)
{
    bool queue = true;
    if (worker->call.rpc == CTY_RPC_SUBMIT) {
        struct cty_prepare prepare = {.book = &worker->book, .unit = &worker->unit,
                                      .custodian = worker->service->custodian, .after_others = job->run_count > 1};
        cty_submission_prepare(submission, &prepare, &worker->call.params, &queue);
    } else {
        prepare_stage(worker, submission, &worker->call.params);
        queue = submission->err == CUSTODY_OK;
    }
    if (!takes_write(worker, submission) || !queue)
        return;
    submission->owner = job;
    submission->done = submission_done;
    atomic_fetch_add(&job->pending, 1);
    custody_err err = cty_sequencer_push(&worker->service->sequencer, submission);
    if (err == CUSTODY_OK)
        return;
    atomic_fetch_sub(&job->pending, 1);
    submission->err = cty_fail(&submission->error, err, "the queue is full");
}

static void put_submitted(struct cty_job *job, const struct cty_run_item *item, union cty_rpc_result *result)
{
    const struct cty_submission *submission = item->submission;
    memset(result, 0, sizeof(*result));
    if (item->rpc == CTY_RPC_SUBMIT) {
        result->submit.digest = submission->parsed.digest;
        result->submit.duplicate = submission->duplicate;
        for (uint32_t i = 0; i < submission->parts_count; i++) {
            const struct cty_part *part = &submission->parts[i];
            struct cty_rpc_receipt receipt = {cty_buf_bytes(&part->entry), part->index, cty_buf_bytes(&part->receipt)};
            *(i ? &result->submit.follow[result->submit.follow_count++] : &result->submit.own) = receipt;
        }
    }
    put_result(job, &item->id, item->rpc, result);
}

static void put_refused(struct cty_worker *worker, struct cty_job *job, const struct cty_run_item *item)
{
    struct cty_submission *submission = item->submission;
    struct cty_buf *refusal = &worker->texts[0];
    cty_buf_clear(refusal);
    bool signed_refusal = item->rpc == CTY_RPC_SUBMIT &&
                          cty_submission_refusal(submission, worker->service->custodian, &worker->service->head,
                                                 refusal) == CUSTODY_OK &&
                          refusal->size > 0;
    if (signed_refusal)
        cty_log(CTY_LOG_INFO, "refused", "code", "s", custody_err_name(submission->err), "type", "s",
                cty_type_name(submission->parsed.statement.type), "detail", "s", submission->error.detail, NULL);
    put_failure(job, &item->id, submission->err, &submission->error,
                signed_refusal ? cty_buf_bytes(refusal) : cty_bytes_make(NULL, 0));
}

static void answer_write(struct cty_worker *worker, struct cty_job *job, const struct cty_run_item *item)
{
    if (!item->submission) {
        put_plain_failure(job, &item->id, item->err, &item->error);
        return;
    }
    if (item->submission->err == CUSTODY_OK)
        put_submitted(job, item, &worker->result);
    else
        put_refused(worker, job, item);
    cty_submission_put(&worker->service->jobs, item->submission);
}

/* Answers the writes of a run that has ended. */
static void answer_run(struct cty_worker *worker, struct cty_job *job)
{
    for (uint32_t i = 0; i < job->run_count; i++)
        answer_write(worker, job, &job->run[i]);
    job->run_count = 0;
}

/* --- sessions ---------------------------------------------------------------------------------------------- */

static custody_err check_access(struct cty_worker *worker, custody_error *error)
{
    enum cty_rpc_access access = cty_rpc_method(worker->call.rpc)->access;
    const struct cty_opt_hash *token = &worker->call.params.session;
    struct cty_actor_record record;
    worker->actor[0] = 0;
    bool open = access == CTY_RPC_OPEN ||
                (access == CTY_RPC_MEMBERS && worker->service->custodian->readers == CTY_READERS_PUBLIC);
    if (open)
        return CUSTODY_OK;
    if (!token->present)
        return cty_fail(error, CUSTODY_E_NO_SESSION, "none was given");
    custody_err err = cty_sessions_find(&worker->service->sessions, &token->hash, worker->actor);
    if (err != CUSTODY_OK)
        return cty_fail(error, err, "it is not known, or it has ended");
    struct cty_bytes name = cty_bytes_text(worker->actor);
    err = cty_session_actor(worker, name, &record, error);
    if (err != CUSTODY_E_KEY_UNKNOWN && err != CUSTODY_E_KEY_NOT_VALID)
        return err;
    cty_sessions_close_actor(&worker->service->sessions, name);
    return cty_fail(error, CUSTODY_E_NO_SESSION, "it ended with its actor's key");
}

/* --- waiting ----------------------------------------------------------------------------------------------- */

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
    put_result(job, &worker->call.id, CTY_RPC_CASE_WAIT, &worker->result);
    return CUSTODY_OK;
}

/* Looks, and answers or parks. In a batch nothing waits: the others would wait with it. */
static custody_err wait_or_answer(struct cty_worker *worker, struct cty_job *job, bool *ret_parked,
                                  custody_error *error)
{
    bool over = job->message.batch || (job->waiting && job->wait.reason != CTY_WAKE_NEWS);
    for (;;) {
        bool moved = false;
        uint64_t due = 0;
        uint64_t commits = cty_waits_commits(&worker->service->waits);
        CTY_TRY(cty_store_begin_read(worker->reader, error));
        cty_book_reset(&worker->book);
        custody_err err = check_access(worker, error);
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

/* --- one call ---------------------------------------------------------------------------------------------- */

static custody_err read_now(struct cty_worker *worker, struct cty_job *job, custody_error *error)
{
    cty_read_function *function = reads[worker->call.rpc];
    CTY_CHECK(function);
    memset(&worker->result, 0, sizeof(worker->result));
    CTY_TRY(cty_store_begin_read(worker->reader, error));
    cty_book_reset(&worker->book);
    custody_err err = check_access(worker, error);
    if (err == CUSTODY_OK)
        err = function(worker, &worker->call.params, &worker->result, error);
    cty_store_end_read(worker->reader);
    if (err == CUSTODY_OK)
        put_result(job, &worker->call.id, worker->call.rpc, &worker->result);
    return err;
}

static custody_err prepare_item(struct cty_worker *worker, struct cty_job *job, struct cty_run_item *item)
{
    CTY_TRY(cty_store_begin_read(worker->reader, &item->error));
    cty_book_reset(&worker->book);
    custody_err err = check_access(worker, &item->error);
    if (err == CUSTODY_OK)
        err = cty_submission_get(&worker->service->jobs, &item->submission);
    if (err == CUSTODY_OK)
        prepare_write(worker, job, item->submission);
    cty_book_reset(&worker->book);
    cty_store_end_read(worker->reader);
    return err;
}

static void add_write(struct cty_worker *worker, struct cty_job *job)
{
    struct cty_run_item *item = &job->run[job->run_count++];
    memset(item, 0, sizeof(*item));
    item->id = worker->call.id;
    item->rpc = worker->call.rpc;
    item->err = prepare_item(worker, job, item);
}

/* Reads the next call; false where it was refused and answered. */
static bool next_call(struct cty_worker *worker, struct cty_job *job)
{
    custody_error error = {0};
    custody_err err = cty_rpc_call_read(&job->message, job->item, &worker->call, &error);
    if (err == CUSTODY_OK && job->out.size > CTY_MESSAGE_BYTES_MAX)
        err = cty_fail(&error, CUSTODY_E_TOO_LARGE, "the answers before it are; send it in another message");
    if (err != CUSTODY_OK)
        put_plain_failure(job, &worker->call.id, err, &error);
    return err == CUSTODY_OK;
}

static void advance(struct cty_job *job)
{
    job->item = cty_rpc_next(&job->message, job->item);
}

static bool is_next_write(struct cty_worker *worker, struct cty_job *job)
{
    return job->item && cty_rpc_call_read(&job->message, job->item, &worker->call, NULL) == CUSTODY_OK &&
           is_write(worker->call.rpc);
}

/*
 * Sends the writes that follow one another. True where they are all decided already; else the job belongs to
 * the sequencer, and comes back when they are.
 */
static bool run_writes(struct cty_worker *worker, struct cty_job *job)
{
    atomic_store(&job->pending, 1);
    do {
        add_write(worker, job);
        advance(job);
    } while (is_next_write(worker, job));
    return atomic_fetch_sub(&job->pending, 1) == 1;
}

/* Does the call, whatever it is. False where the job is not this worker's any more. */
static bool do_call(struct cty_worker *worker, struct cty_job *job)
{
    custody_error error = {0};
    if (is_write(worker->call.rpc)) {
        if (!run_writes(worker, job))
            return false;
        answer_run(worker, job);
        return true;
    }
    bool parked = false;
    bool waits = worker->call.rpc == CTY_RPC_CASE_WAIT;
    custody_err err = waits ? wait_or_answer(worker, job, &parked, &error) : read_now(worker, job, &error);
    if (parked)
        return false;
    if (err != CUSTODY_OK)
        put_plain_failure(job, &worker->call.id, err, &error);
    job->waiting = false;
    advance(job);
    return true;
}

static void open_job(struct cty_job *job)
{
    custody_error error = {0};
    struct cty_rpc_id none = {.kind = CTY_RPC_ID_NULL};
    custody_err err = cty_rpc_open(&job->message, cty_net_call_message(job->call), CTY_CALL_NODES_MAX, &error);
    job->opened = true;
    job->item = err == CUSTODY_OK ? cty_rpc_first(&job->message) : NULL;
    if (cty_rpc_answers_begin(&job->answers, err == CUSTODY_OK && job->message.batch, &job->out) != CUSTODY_OK)
        job->item = NULL;
    else if (err != CUSTODY_OK)
        put_plain_failure(job, &none, err, &error);
}

/* Takes up a job where it was left. False where nothing is to be answered any more. */
static bool resume(struct cty_worker *worker, struct cty_job *job)
{
    if (!job->opened)
        open_job(job);
    if (job->run_count)
        answer_run(worker, job);
    if (!job->waiting)
        return true;
    if (job->wait.reason == CTY_WAKE_GONE) {
        cty_net_drop(job->call);
        cty_job_put(&worker->service->jobs, job);
        return false;
    }
    worker->call = job->waiting_call;
    return do_call(worker, job);
}

void cty_job_step(struct cty_worker *worker, struct cty_job *job)
{
    uint64_t newest = cty_head_time(&worker->service->head);
    worker->now = cty_clock_wall(&worker->service->custodian->clock);
    if (newest > worker->now)
        worker->now = newest;
    if (!resume(worker, job))
        return;
    while (job->item) {
        if (!next_call(worker, job))
            advance(job);
        else if (!do_call(worker, job))
            return;
    }
    finish(worker, job);
}
