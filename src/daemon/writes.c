/* SPDX-License-Identifier: Apache-2.0 */
/* What goes to the sequencer: statements, and contents to be staged. */
#include "base/check.h"
#include "daemon/answer.h"
#include "daemon/log.h"

bool cty_writes_is_one(enum cty_rpc rpc)
{
    return rpc == CTY_RPC_SUBMIT || rpc == CTY_RPC_BLOB_STAGE;
}

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
    case CTY_SERVING_READS:  /* the sequencer knows when to try again */
    case CTY_SERVING_CLOSED: /* the rules refuse it */
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

/* Whether the message changes keys before this statement, which is the last of its run so far. */
static bool is_after_rotation(const struct cty_job *job)
{
    for (uint32_t i = 0; i + 1 < job->run_count; i++) {
        const struct cty_run_item *item = &job->run[i];
        if (item->rpc == CTY_RPC_SUBMIT && item->submission &&
            item->submission->parsed.statement.type == CTY_ACTOR_ROTATE)
            return true;
    }
    return false;
}

static void prepare_write(struct cty_worker *worker, struct cty_job *job, struct cty_submission *submission)
{
    bool queue = true;
    if (worker->call.rpc == CTY_RPC_SUBMIT) {
        struct cty_prepare prepare = {.book = &worker->book, .unit = &worker->unit,
                                      .custodian = worker->service->custodian, .after_others = job->run_count > 1,
                                      .after_rotation = is_after_rotation(job)};
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
    cty_answer_result(job, &item->id, item->rpc, result);
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
    cty_answer_failure(job, &item->id, submission->err, &submission->error,
                signed_refusal ? cty_buf_bytes(refusal) : cty_bytes_make(NULL, 0));
}

static void answer_write(struct cty_worker *worker, struct cty_job *job, const struct cty_run_item *item)
{
    if (!item->submission) {
        cty_answer_plain_failure(job, &item->id, item->err, &item->error);
        return;
    }
    if (item->submission->err == CUSTODY_OK)
        put_submitted(job, item, &worker->result);
    else
        put_refused(worker, job, item);
    cty_submission_put(&worker->service->jobs, item->submission);
}

/* Answers the writes of a run that has ended. */
void cty_writes_answer(struct cty_worker *worker, struct cty_job *job)
{
    for (uint32_t i = 0; i < job->run_count; i++)
        answer_write(worker, job, &job->run[i]);
    job->run_count = 0;
}

static custody_err prepare_item(struct cty_worker *worker, struct cty_job *job, struct cty_run_item *item)
{
    CTY_TRY(cty_store_begin_read(worker->reader, &item->error));
    cty_book_reset(&worker->book);
    custody_err err = cty_answer_access(worker, &item->error);
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

static bool is_next_write(struct cty_worker *worker, struct cty_job *job)
{
    return job->item && cty_rpc_call_read(&job->message, job->item, &worker->call, NULL) == CUSTODY_OK &&
           cty_writes_is_one(worker->call.rpc);
}

/*
 * Sends the writes that follow one another. True where they are all decided already; else the job belongs to
 * the sequencer, and comes back when they are.
 */
bool cty_writes_run(struct cty_worker *worker, struct cty_job *job)
{
    atomic_store(&job->pending, 1);
    do {
        add_write(worker, job);
        cty_answer_advance(job);
    } while (is_next_write(worker, job));
    return atomic_fetch_sub(&job->pending, 1) == 1;
}

