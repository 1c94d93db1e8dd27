/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker's turn on a job: answers call after call, until the message is answered or the job has to wait for
 * the sequencer or for news of a case. It is then somebody else's, who pushes it back.
 */
#include <stdlib.h>

#include "base/check.h"
#include "daemon/answer.h"
#include "daemon/counters.h"
#include "daemon/log.h"
#include "daemon/reads.h"

/* A message that may wait for its actor's turn once it was read. */
#define TURNED_MESSAGE_MAX (16u * 1024u)

static cty_read_function *const reads[CTY_RPC_COUNT] = {
    [CTY_RPC_INFO] = cty_read_info,
    [CTY_RPC_SESSION_CHALLENGE] = cty_read_session_challenge,
    [CTY_RPC_SESSION_OPEN] = cty_read_session_open,
    [CTY_RPC_SESSION_CLOSE] = cty_read_session_close,
    [CTY_RPC_CHECKPOINT] = cty_read_checkpoint,
    [CTY_RPC_PROOF_INCLUSION] = cty_read_proof_inclusion,
    [CTY_RPC_PROOF_CONSISTENCY] = cty_read_proof_consistency,
    [CTY_RPC_TILE] = cty_read_tile,
    [CTY_RPC_WITNESSES] = cty_read_witnesses,
    [CTY_RPC_ENTRIES] = cty_read_entries,
    [CTY_RPC_CASE_GET] = cty_read_case_get,
    [CTY_RPC_CASE_LIST] = cty_read_case_list,
    [CTY_RPC_CASE_ENTRIES] = cty_read_case_entries,
    [CTY_RPC_TRUST_ENTRIES] = cty_read_trust_entries,
    [CTY_RPC_ACTORS] = cty_read_actors,
    [CTY_RPC_POLICY] = cty_read_policy,
    [CTY_RPC_BLOB_GET] = cty_read_blob_get,
};

/* --- answers ----------------------------------------------------------------------------------------------- */

/* The caller knows what is its own to mend; a fault is also the operator's, who hears of a state once. */
static void log_fault(custody_err err, const custody_error *error)
{
    static const custody_err told[] = {CUSTODY_E_BUSY,          CUSTODY_E_READ_ONLY,         CUSTODY_E_CLOCK,       CUSTODY_E_STORAGE,
                                       CUSTODY_E_NOT_WITNESSED, CUSTODY_E_WITNESSES_UNKNOWN, CUSTODY_E_LEDGER_BEHIND};
    bool is_told = false;
    for (size_t i = 0; i < CTY_COUNT_OF(told); i++)
        is_told = is_told || told[i] == err;
    if (custody_err_class_get(err) == CUSTODY_CLASS_FAULT && !is_told)
        cty_log(CTY_LOG_ERROR, "answer", "code", "s", custody_err_name(err), "detail", "s", error->detail, NULL);
}

/* What anybody can send who has no key here: it costs us, and proves nothing of who sent it. */
static bool is_unverified(custody_err err)
{
    static const custody_err codes[] = {
        CUSTODY_E_TOO_LARGE, CUSTODY_E_TOO_DEEP, CUSTODY_E_BAD_ENCODING, CUSTODY_E_BAD_JSON,
        CUSTODY_E_DUPLICATE_MEMBER, CUSTODY_E_BAD_NUMBER, CUSTODY_E_NOT_CANONICAL, CUSTODY_E_UNKNOWN_MEMBER,
        CUSTODY_E_MISSING_MEMBER, CUSTODY_E_BAD_MEMBER, CUSTODY_E_BAD_ENVELOPE, CUSTODY_E_TYPE_MISMATCH,
        CUSTODY_E_TYPE_UNKNOWN, CUSTODY_E_WRONG_LEDGER, CUSTODY_E_SIGNATURE_INVALID, CUSTODY_E_BAD_KEY,
        CUSTODY_E_KEY_UNKNOWN, CUSTODY_E_KEY_NOT_VALID, CUSTODY_E_BAD_RPC, CUSTODY_E_METHOD_UNKNOWN,
        CUSTODY_E_BAD_PARAMS, CUSTODY_E_NO_SESSION, CUSTODY_E_BAD_SESSION,
    };
    for (size_t i = 0; i < CTY_COUNT_OF(codes); i++) {
        if (codes[i] == err)
            return true;
    }
    return false;
}

/* What is busy is the queue; but for opening a session, which is possible again as challenges run out. */
static uint64_t retry_after(struct cty_job *job, custody_err err)
{
    if (err == CUSTODY_E_BUSY && job->rpc == CTY_RPC_SESSION_OPEN) {
        uint64_t ms = cty_sessions_retry_ms(&job->service->sessions);
        return ms > CTY_RETRY_MS_MIN ? ms : CTY_RETRY_MS_MIN;
    }
    if (err == CUSTODY_E_BUSY)
        return cty_sequencer_retry_ms(&job->service->sequencer);
    return err == CUSTODY_E_QUOTA ? CTY_RETRY_MS : 0;
}

/* What can't be written is not answered; the client asks again. */
void cty_answer_failure(struct cty_job *job, const struct cty_rpc_id *id, custody_err err, const custody_error *error,
                        struct cty_bytes refusal)
{
    struct cty_rpc_failure failure = {.code = err, .refusal = refusal};
    if (error->code == err)
        failure.detail = cty_bytes_text(error->detail);
    failure.retry_after_ms = retry_after(job, err);
    job->change += is_unverified(err) ? CTY_STANDING_UNVERIFIED : 0;
    log_fault(err, error);
    cty_count_failure(err);
    if (cty_rpc_answers_put_failure(&job->answers, id, &failure) != CUSTODY_OK)
        cty_log(CTY_LOG_ERROR, "answer", "code", "s", "no-memory", NULL);
}

void cty_answer_plain_failure(struct cty_job *job, const struct cty_rpc_id *id, custody_err err,
                              const custody_error *error)
{
    cty_answer_failure(job, id, err, error, cty_bytes_make(NULL, 0));
}

void cty_answer_result(struct cty_job *job, const struct cty_rpc_id *id, enum cty_rpc rpc,
                       const union cty_rpc_result *result)
{
    custody_error error = {0};
    custody_err err = cty_rpc_answers_put_result(&job->answers, id, rpc, result);
    job->change -= 1;
    /* Anybody can ask what is open to all. */
    if (rpc == CTY_RPC_SUBMIT || rpc == CTY_RPC_SESSION_OPEN || cty_rpc_method(rpc)->access == CTY_RPC_SESSION)
        cty_net_call_vouch(job->task.call);
    if (err == CUSTODY_OK)
        cty_count_answer(rpc);
    if (err == CUSTODY_OK)
        return;
    cty_fail(&error, err, "the answer");
    cty_answer_plain_failure(job, id, err, &error);
}

void cty_answer_finish(struct cty_worker *worker, struct cty_job *job)
{
    struct cty_net_call *call = job->task.call;
    bool whole = (job->answers.batch || job->answers.count == 1) && cty_rpc_answers_end(&job->answers) == CUSTODY_OK;
    cty_net_call_change_standing(call, job->change);
    if (!whole || cty_net_reply(call, cty_buf_bytes(&job->out)) != CUSTODY_OK)
        cty_net_drop(call);
    cty_job_put(&worker->service->jobs, job);
}

/* --- sessions ---------------------------------------------------------------------------------------------- */

custody_err cty_answer_session(struct cty_worker *worker, custody_error *error)
{
    const struct cty_opt_hash *token = &worker->call.params.session;
    struct cty_actor_record record;
    uint32_t rotation = 0;
    if (!token->present)
        return cty_fail(error, CUSTODY_E_NO_SESSION, "none was given");
    custody_err err = cty_sessions_find(&worker->service->sessions, &token->hash, worker->actor, &rotation);
    if (err != CUSTODY_OK)
        return cty_fail(error, err, "it is not known, or it has ended");
    struct cty_bytes name = cty_bytes_text(worker->actor);
    err = cty_session_actor(worker, name, &record, error);
    worker->is_person = err == CUSTODY_OK && record.enrolment.kind == CTY_PERSON;
    bool rotated = err == CUSTODY_OK && record.former_count != rotation;
    if (err != CUSTODY_E_KEY_UNKNOWN && err != CUSTODY_E_KEY_NOT_VALID && !rotated)
        return err;
    /* Those that the new key opened go on. */
    if (rotated)
        cty_sessions_close(&worker->service->sessions, &token->hash);
    else
        cty_sessions_close_actor(&worker->service->sessions, name);
    return cty_fail(error, CUSTODY_E_NO_SESSION, "it ended with its actor's key");
}

custody_err cty_answer_access(struct cty_worker *worker, custody_error *error)
{
    enum cty_rpc_access access = cty_rpc_method(worker->call.rpc)->access;
    worker->actor[0] = 0;
    bool open = access == CTY_RPC_OPEN ||
                (access == CTY_RPC_MEMBERS && worker->service->custodian->readers == CTY_READERS_PUBLIC);
    return open ? CUSTODY_OK : cty_answer_session(worker, error);
}

/* --- one call ---------------------------------------------------------------------------------------------- */

static custody_err read_now(struct cty_worker *worker, struct cty_job *job, custody_error *error)
{
    cty_read_function *function = reads[worker->call.rpc];
    CTY_CHECK(function);
    memset(&worker->result, 0, sizeof(worker->result));
    CTY_TRY(cty_store_begin_read(worker->reader, error));
    cty_book_reset(&worker->book);
    custody_err err = cty_answer_access(worker, error);
    if (err == CUSTODY_OK)
        err = function(worker, &worker->call.params, &worker->result, error);
    cty_store_end_read(worker->reader);
    if (err == CUSTODY_OK)
        cty_answer_result(job, &worker->call.id, worker->call.rpc, &worker->result);
    return err;
}

void cty_answer_advance(struct cty_job *job)
{
    job->item = cty_rpc_next(&job->message, job->item);
}

/* Reads the next call; false where it was refused and answered. */
static bool next_call(struct cty_worker *worker, struct cty_job *job)
{
    custody_error error = {0};
    custody_err err = cty_rpc_call_read(&job->message, job->item, &worker->call, &error);
    if (err == CUSTODY_OK && cty_rpc_method(worker->call.rpc)->access == CTY_RPC_WITNESS)
        err = cty_fail(&error, CUSTODY_E_METHOD_UNKNOWN, "it is a witness's");
    if (err == CUSTODY_OK && job->out.size > CTY_MESSAGE_BYTES_MAX)
        err = cty_fail(&error, CUSTODY_E_TOO_LARGE, "the answers before it are; send it in another message");
    if (err != CUSTODY_OK)
        cty_answer_plain_failure(job, &worker->call.id, err, &error);
    return err == CUSTODY_OK;
}

/* What waits for the sequencer would keep what was answered before it, and that is too much with all others'. */
static bool refuse_behind_large(struct cty_worker *worker, struct cty_job *job)
{
    custody_error error = {0};
    custody_err err = cty_fail(&error, CUSTODY_E_BUSY, "too many large answers wait; send it in another message");
    cty_answer_plain_failure(job, &worker->call.id, err, &error);
    cty_answer_advance(job);
    return true;
}

/* Does the call, whatever it is. False where the job is not this worker's any more. */
static bool do_call(struct cty_worker *worker, struct cty_job *job)
{
    custody_error error = {0};
    job->rpc = worker->call.rpc;
    if (cty_writes_is_one(worker->call.rpc)) {
        if (!cty_jobs_keep(&worker->service->jobs, job))
            return refuse_behind_large(worker, job);
        if (!cty_writes_run(worker, job))
            return false;
        cty_writes_answer(worker, job);
        return true;
    }
    bool waits = worker->call.rpc == CTY_RPC_CASE_WAIT || worker->call.rpc == CTY_RPC_CASE_NEWS;
    bool parked = false;
    custody_err err = waits ? cty_wait_or_answer(worker, job, &parked, &error) : read_now(worker, job, &error);
    if (parked)
        return false;
    if (err != CUSTODY_OK)
        cty_answer_plain_failure(job, &worker->call.id, err, &error);
    cty_answer_advance(job);
    return true;
}

static void open_job(struct cty_job *job)
{
    custody_error error = {0};
    struct cty_rpc_id none = {.kind = CTY_RPC_ID_NULL};
    custody_err err = cty_rpc_open(&job->message, cty_net_call_message(job->task.call), CTY_CALL_NODES_MAX, &error);
    job->opened = true;
    job->item = err == CUSTODY_OK ? cty_rpc_first(&job->message) : NULL;
    if (cty_rpc_answers_begin(&job->answers, err == CUSTODY_OK && job->message.batch, &job->out) != CUSTODY_OK)
        job->item = NULL;
    else if (err != CUSTODY_OK)
        cty_answer_plain_failure(job, &none, err, &error);
}

/* Takes up a job where it was left. False where it is not this worker's any more. */
static bool resume(struct cty_worker *worker, struct cty_job *job)
{
    if (!job->opened)
        open_job(job);
    if (job->filling && !cty_writes_run(worker, job))
        return false;
    if (job->run_count)
        cty_writes_answer(worker, job);
    return true;
}

/*
 * Until it was read nobody knows whose message it is. Where others wait and it comes with a session, it goes on when it
 * is the actor's turn; a large one does not, for it would be kept twice, as it came and as it was read.
 */
static bool goes_to_its_actor(struct cty_worker *worker, struct cty_job *job)
{
    const struct cty_opt_hash *session = &worker->call.params.session;
    char actor[CTY_ACTOR_NAME_BYTES_MAX + 1];
    uint32_t rotation = 0;
    if (!job->item || !cty_jobs_has_more(&worker->service->jobs) ||
        cty_net_call_message(job->task.call).size > TURNED_MESSAGE_MAX ||
        cty_rpc_call_read(&job->message, job->item, &worker->call, NULL) != CUSTODY_OK || !session->present ||
        cty_sessions_find(&worker->service->sessions, &session->hash, actor, &rotation) != CUSTODY_OK)
        return false;
    job->task.flow = cty_tally_name(cty_bytes_text(actor));
    cty_jobs_push(&worker->service->jobs, &job->task);
    return true;
}

static void job_step(struct cty_worker *worker, struct cty_job *job)
{
    bool is_new = !job->opened;
    cty_jobs_take_up(&worker->service->jobs, job);
    if (!resume(worker, job) || (is_new && goes_to_its_actor(worker, job)))
        return;
    for (bool first = true; job->item; first = false) {
        /* The rest of a batch waits for its turn, like everybody. */
        if (!first && cty_jobs_has_more(&worker->service->jobs) && cty_jobs_keep(&worker->service->jobs, job)) {
            cty_jobs_push_begun(&worker->service->jobs, job);
            return;
        }
        if (!next_call(worker, job))
            cty_answer_advance(job);
        else if (!do_call(worker, job))
            return;
    }
    cty_answer_finish(worker, job);
}

void cty_task_step(struct cty_worker *worker, struct cty_task *task)
{
    uint64_t newest = cty_head_time(&worker->service->head);
    worker->now = cty_clock_wall(&worker->service->custodian->clock);
    worker->over_tls = cty_net_call_over_tls(task->call);
    if (newest > worker->now)
        worker->now = newest;
    if (task->kind == CTY_TASK_JOB)
        job_step(worker, (struct cty_job *)(void *)task);
    else
        cty_waiting_step(worker, (struct cty_waiting *)(void *)task);
}
