/* SPDX-License-Identifier: Apache-2.0 */
/* What goes to the sequencer: statements, and contents to be staged. */
#include "base/check.h"
#include "daemon/answer.h"
#include "daemon/log.h"

/* Of what was queued before; of no party, as cty_tally_name gives it. */
#define AGAIN_PARTY 1u

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
    job->task.next = NULL;
    *(service->decided_first ? &service->decided_last->next : &service->decided_first) = &job->task;
    service->decided_last = &job->task;
}

void cty_jobs_push_decided(struct cty_service *service)
{
    struct cty_task *first = service->decided_first;
    service->decided_first = NULL;
    if (first)
        cty_jobs_push_decided_list(&service->jobs, first, service->decided_last);
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
    case CTY_SERVING_WITNESSES:
        return cty_fail(error, CUSTODY_E_WITNESSES_UNKNOWN, "it asks them again and again");
    case CTY_SERVING_BEHIND:
        return cty_fail(error, CUSTODY_E_LEDGER_BEHIND, "the custodian appends nothing");
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

/*
 * Whether the message changes the key of this actor before the statement in hand, which is the last of its run so far. A
 * rotation that was refused changes none; and what was never parsed has no type.
 */
static bool is_after_rotation(const void *context, struct cty_bytes actor)
{
    const struct cty_job *job = context;
    for (uint32_t i = 0; i + 1 < job->run_count; i++) {
        const struct cty_run_item *item = &job->run[i];
        if (item->rpc != CTY_RPC_SUBMIT || !item->queued)
            continue;
        const struct cty_statement *statement = &item->submission->parsed.statement;
        if (statement->type == CTY_ACTOR_ROTATE && cty_bytes_equal(statement->signers[0], actor))
            return true;
    }
    return false;
}

/*
 * Who pays for the run: the first signer of its first statement, which verified, for what verifies only with the ones
 * before it (the rest of the run) could name anybody. The whole run is one flow, so that it keeps its order.
 *
 * A statement that was queued before may come from anybody, so nobody is charged for it, nor for those behind it: its
 * connection has a flow among those that share an actor's share. Whoever sends a message once more sends all of it, or
 * from where it found no room; so what was queued before comes first, and order is kept there too.
 */
static void charge_run(const struct cty_worker *worker, struct cty_job *job, const struct cty_submission *submission)
{
    if (job->run_again) {
        job->run_actor = cty_net_call_connection(job->task.call);
        job->run_party = AGAIN_PARTY;
        return;
    }
    CTY_CHECK(submission->kind == CTY_STAGE || submission->verified);
    struct cty_bytes actor = submission->kind == CTY_SUBMIT ? submission->parsed.statement.signers[0]
                                                            : cty_bytes_text(worker->actor);
    job->run_actor = cty_tally_name(actor);
    job->run_party = cty_tally_name(cty_actor_party(actor));
}

/* Sends it to the sequencer, whose it is from then on. False where there is no room: it stays here. */
static bool queue(struct cty_worker *worker, struct cty_job *job, struct cty_submission *submission)
{
    bool again = submission->kind == CTY_SUBMIT &&
                 cty_sequencer_had(&worker->service->sequencer, &submission->parsed.digest);
    if (job->run_queued == 0 || (again && !job->run_again)) {
        job->run_again = again || job->run_again;
        charge_run(worker, job, submission);
    }
    submission->again = job->run_again;
    submission->owner = job;
    submission->done = submission_done;
    submission->actor_key = job->run_actor;
    submission->party_key = job->run_party;
    atomic_fetch_add(&job->pending, 1);
    if (!job->run_was_busy && cty_sequencer_push(&worker->service->sequencer, submission) == CUSTODY_OK) {
        job->run_queued++;
        job->run[job->run_count - 1].queued = true;
        return true;
    }
    atomic_fetch_sub(&job->pending, 1);
    return false;
}

static void refuse_busy(struct cty_job *job, struct cty_submission *submission)
{
    job->run_was_busy = true;
    submission->err = cty_fail(&submission->error, CUSTODY_E_BUSY, "too much of this actor or party waits, or of all");
}

static void prepare_submit(struct cty_worker *worker, struct cty_job *job, struct cty_submission *submission)
{
    bool goes_on = true;
    struct cty_prepare prepare = {.book = &worker->book, .unit = &worker->unit,
                                  .custodian = worker->service->custodian, .keyring = &worker->keyring,
                                  .look_up = cty_head_service(&worker->service->head) != CTY_SERVING,
                                  .after_others = job->run_queued > 0, .after_rotation = is_after_rotation,
                                  .context = job};
    cty_submission_prepare(submission, &prepare, &worker->call.params, &goes_on);
    if (!takes_write(worker, submission) || !goes_on || queue(worker, job, submission))
        return;
    /* There is more room for what is known to be new. */
    bool looked_up = submission->looked_up;
    if (!cty_submission_is_new(submission, &prepare))
        return;
    if (looked_up || !queue(worker, job, submission))
        refuse_busy(job, submission);
}

static void prepare_write(struct cty_worker *worker, struct cty_job *job, struct cty_submission *submission)
{
    if (worker->call.rpc == CTY_RPC_SUBMIT) {
        prepare_submit(worker, job, submission);
        return;
    }
    prepare_stage(worker, submission, &worker->call.params);
    if (takes_write(worker, submission) && submission->err == CUSTODY_OK && !queue(worker, job, submission))
        refuse_busy(job, submission);
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

/* A statement speaks for itself; whoever stages a content has a session. */
static custody_err check_session(struct cty_worker *worker, custody_error *error)
{
    CTY_TRY(cty_store_begin_read(worker->reader, error));
    cty_book_reset(&worker->book);
    custody_err err = cty_answer_access(worker, error);
    cty_book_reset(&worker->book);
    cty_store_end_read(worker->reader);
    return err;
}

/*
 * What came to nothing before anybody's key vouched for it is over, but for its words: so a message of refused statements holds one
 * submission and not as many as it has calls, whoever sends it. What a key did verify is kept for its signed refusal.
 */
static custody_err give_back(struct cty_worker *worker, struct cty_run_item *item)
{
    struct cty_submission *submission = item->submission;
    custody_err err = submission->err;
    if (err == CUSTODY_OK || (submission->verified && custody_err_class_get(err) == CUSTODY_CLASS_REFUSAL))
        return CUSTODY_OK;
    item->error = submission->error;
    item->submission = NULL;
    cty_submission_put(&worker->service->jobs, submission);
    return err;
}

static custody_err prepare_item(struct cty_worker *worker, struct cty_job *job, struct cty_run_item *item)
{
    if (item->rpc == CTY_RPC_BLOB_STAGE)
        CTY_TRY(check_session(worker, &item->error));
    CTY_TRY(cty_submission_get(&worker->service->jobs, &item->submission));
    prepare_write(worker, job, item->submission);
    /* What is queued is the sequencer's. */
    return item->queued ? CUSTODY_OK : give_back(worker, item);
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

/* Lets others have a turn; the run goes on where it was left. */
static void step_aside(struct cty_worker *worker, struct cty_job *job)
{
    job->filling = true;
    cty_jobs_push_begun(&worker->service->jobs, job);
}

static void begin_run(struct cty_job *job)
{
    job->run_queued = 0;
    job->run_was_busy = false;
    job->run_again = false;
    atomic_store(&job->pending, 1);
}

bool cty_writes_run(struct cty_worker *worker, struct cty_job *job)
{
    /* The call of a run that was left is not in the worker's hands any more; it was read before, and reads again. */
    bool more = true;
    if (!job->filling)
        begin_run(job);
    else
        more = is_next_write(worker, job);
    job->filling = false;
    while (more) {
        add_write(worker, job);
        cty_answer_advance(job);
        more = is_next_write(worker, job);
        if (more && cty_jobs_has_more(&worker->service->jobs) && cty_jobs_keep(&worker->service->jobs, job)) {
            step_aside(worker, job);
            return false;
        }
    }
    return atomic_fetch_sub(&job->pending, 1) == 1;
}
