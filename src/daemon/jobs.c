/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/check.h"
#include "daemon/service.h"

/* An answer's memory that is kept for the next job. */
#define OUT_KEPT_MAX (256u * 1024u)

/* What a free submission may keep of each of its buffers for the next statement. */
#define BUFFER_KEPT_MAX (16u * 1024u)

/* An answer of so much may be left half made by as many as there are calls. */
#define OUT_SMALL_MAX (64u * 1024u)

/* A connection whose messages didn't verify stands in the second lane from here on. */
#define STANDING_BAD 16

custody_err cty_jobs_init(struct cty_jobs *jobs, size_t submissions_max)
{
    memset(jobs, 0, sizeof(*jobs));
    jobs->submissions_max = submissions_max;
    CTY_CHECK(pthread_mutex_init(&jobs->lock, NULL) == 0);
    CTY_CHECK(pthread_cond_init(&jobs->wake, NULL) == 0);
    return cty_fair_init(&jobs->fair);
}

static void free_job(struct cty_job *job)
{
    cty_rpc_done(&job->message);
    cty_buf_done(&job->out);
    free(job);
}

void cty_jobs_done(struct cty_jobs *jobs)
{
    CTY_CHECK(!jobs->decided_first && jobs->kept == 0);
    cty_fair_done(&jobs->fair);
    while (jobs->free_jobs) {
        struct cty_job *job = jobs->free_jobs;
        jobs->free_jobs = job->next;
        free_job(job);
    }
    while (jobs->free_submissions) {
        struct cty_submission *submission = jobs->free_submissions;
        jobs->free_submissions = submission->next;
        cty_submission_done(submission);
        free(submission);
    }
    pthread_cond_destroy(&jobs->wake);
    pthread_mutex_destroy(&jobs->lock);
}

/* How many workers are to be woken for so many tasks: of those that sleep, and that nobody has woken yet. */
static size_t claim_locked(struct cty_jobs *jobs, size_t count)
{
    size_t idle = jobs->sleeping - jobs->claimed;
    size_t claimed = count < idle ? count : idle;
    jobs->claimed += claimed;
    return claimed;
}

static void wake(struct cty_jobs *jobs, size_t claimed)
{
    if (claimed > 1)
        pthread_cond_broadcast(&jobs->wake);
    else if (claimed == 1)
        pthread_cond_signal(&jobs->wake);
}

static void sleep_locked(struct cty_jobs *jobs)
{
    jobs->sleeping++;
    pthread_cond_wait(&jobs->wake, &jobs->lock);
    jobs->sleeping--;
    jobs->claimed -= jobs->claimed > 0;
}

static unsigned lane_of(const struct cty_task *task)
{
    return cty_net_call_standing(task->call) >= STANDING_BAD ? 1 : 0;
}

static uint64_t flow_of(const struct cty_task *task)
{
    return task->flow ? task->flow : cty_net_call_connection(task->call);
}

void cty_jobs_push_begun(struct cty_jobs *jobs, struct cty_job *job)
{
    pthread_mutex_lock(&jobs->lock);
    cty_fair_push_front(&jobs->fair, &job->task.turn, flow_of(&job->task), lane_of(&job->task));
    atomic_fetch_add_explicit(&jobs->count, 1, memory_order_relaxed);
    size_t claimed = claim_locked(jobs, 1);
    pthread_mutex_unlock(&jobs->lock);
    wake(jobs, claimed);
}

void cty_jobs_push(struct cty_jobs *jobs, struct cty_task *first)
{
    size_t count = 0;
    pthread_mutex_lock(&jobs->lock);
    for (struct cty_task *next; first; first = next, count++) {
        next = first->next;
        first->next = NULL;
        cty_fair_push(&jobs->fair, &first->turn, flow_of(first), lane_of(first));
    }
    atomic_fetch_add_explicit(&jobs->count, count, memory_order_relaxed);
    size_t claimed = claim_locked(jobs, count);
    pthread_mutex_unlock(&jobs->lock);
    wake(jobs, claimed);
}

void cty_jobs_push_decided_list(struct cty_jobs *jobs, struct cty_task *first, struct cty_task *last)
{
    size_t count = 1;
    for (const struct cty_task *at = first; at != last; at = at->next)
        count++;
    last->next = NULL;
    pthread_mutex_lock(&jobs->lock);
    *(jobs->decided_first ? &jobs->decided_last->next : &jobs->decided_first) = first;
    jobs->decided_last = last;
    atomic_fetch_add_explicit(&jobs->count, count, memory_order_relaxed);
    size_t claimed = claim_locked(jobs, count);
    pthread_mutex_unlock(&jobs->lock);
    wake(jobs, claimed);
}

void cty_jobs_open(struct cty_jobs *jobs)
{
    pthread_mutex_lock(&jobs->lock);
    jobs->open = true;
    pthread_cond_broadcast(&jobs->wake);
    pthread_mutex_unlock(&jobs->lock);
}

static struct cty_task *take_locked(struct cty_jobs *jobs)
{
    struct cty_task *task = jobs->decided_first;
    if (task)
        jobs->decided_first = task->next;
    else
        task = (struct cty_task *)(void *)cty_fair_pop(&jobs->fair);
    if (!task)
        return NULL;
    task->next = NULL;
    atomic_fetch_sub_explicit(&jobs->count, 1, memory_order_relaxed);
    return task;
}

static bool is_empty_locked(const struct cty_jobs *jobs)
{
    return !jobs->decided_first && jobs->fair.count == 0;
}

struct cty_task *cty_jobs_pop(struct cty_jobs *jobs)
{
    pthread_mutex_lock(&jobs->lock);
    while ((is_empty_locked(jobs) || !jobs->open) && !jobs->stopping)
        sleep_locked(jobs);
    struct cty_task *task = take_locked(jobs);
    pthread_mutex_unlock(&jobs->lock);
    return task;
}

bool cty_jobs_has_more(struct cty_jobs *jobs)
{
    return atomic_load_explicit(&jobs->count, memory_order_relaxed) > 0;
}

void cty_jobs_stop(struct cty_jobs *jobs)
{
    pthread_mutex_lock(&jobs->lock);
    jobs->stopping = true;
    pthread_cond_broadcast(&jobs->wake);
    pthread_mutex_unlock(&jobs->lock);
}

struct cty_job *cty_job_get(struct cty_jobs *jobs, struct cty_service *service, struct cty_net_call *call)
{
    pthread_mutex_lock(&jobs->lock);
    struct cty_job *job = jobs->free_jobs;
    if (job)
        jobs->free_jobs = job->next;
    pthread_mutex_unlock(&jobs->lock);
    if (!job)
        job = cty_alloc(1, sizeof(*job));
    if (!job)
        return NULL;
    job->next = NULL;
    job->task = (struct cty_task){.kind = CTY_TASK_JOB, .call = call};
    job->service = service;
    job->opened = false;
    job->filling = false;
    job->item = NULL;
    job->run_count = 0;
    job->kept = 0;
    job->rpc = CTY_RPC_INFO;
    job->change = 0;
    job->out.limit = CTY_REPLY_BYTES_MAX;
    cty_buf_clear(&job->out);
    return job;
}

/* There are never more jobs than calls that run and workers, so all are kept; large memory is not. */
void cty_job_put(struct cty_jobs *jobs, struct cty_job *job)
{
    cty_jobs_take_up(jobs, job);
    if (job->out.capacity > OUT_KEPT_MAX)
        cty_buf_done(&job->out);
    if (job->message.json.capacity > CTY_BATCH_MAX * 64 || job->message.strings.capacity > OUT_KEPT_MAX)
        cty_rpc_done(&job->message);
    pthread_mutex_lock(&jobs->lock);
    job->next = jobs->free_jobs;
    jobs->free_jobs = job;
    pthread_mutex_unlock(&jobs->lock);
}

/* --- answers that are half made ------------------------------------------------------------------------------ */

bool cty_jobs_keep(struct cty_jobs *jobs, struct cty_job *job)
{
    size_t bytes = job->out.capacity > OUT_SMALL_MAX ? job->out.capacity : 0;
    if (bytes == job->kept)
        return true;
    cty_jobs_take_up(jobs, job);
    pthread_mutex_lock(&jobs->lock);
    bool room = bytes <= CTY_HALF_MADE_BYTES_MAX - jobs->kept;
    jobs->kept += room ? bytes : 0;
    pthread_mutex_unlock(&jobs->lock);
    job->kept = room ? bytes : 0;
    return room;
}

void cty_jobs_take_up(struct cty_jobs *jobs, struct cty_job *job)
{
    if (job->kept == 0)
        return;
    pthread_mutex_lock(&jobs->lock);
    jobs->kept -= job->kept;
    pthread_mutex_unlock(&jobs->lock);
    job->kept = 0;
}

/* --- submissions --------------------------------------------------------------------------------------------- */

static custody_err new_submission(struct cty_jobs *jobs, struct cty_submission **ret_submission)
{
    pthread_mutex_lock(&jobs->lock);
    bool full = jobs->submissions >= jobs->submissions_max;
    jobs->submissions += !full;
    pthread_mutex_unlock(&jobs->lock);
    if (full)
        return CUSTODY_E_BUSY;
    *ret_submission = cty_alloc(1, sizeof(**ret_submission));
    if (*ret_submission)
        return CUSTODY_OK;
    pthread_mutex_lock(&jobs->lock);
    jobs->submissions--;
    pthread_mutex_unlock(&jobs->lock);
    return CUSTODY_E_NO_MEMORY;
}

custody_err cty_submission_get(struct cty_jobs *jobs, struct cty_submission **ret_submission)
{
    pthread_mutex_lock(&jobs->lock);
    struct cty_submission *submission = jobs->free_submissions;
    if (submission)
        jobs->free_submissions = submission->next;
    pthread_mutex_unlock(&jobs->lock);
    if (!submission)
        CTY_TRY(new_submission(jobs, &submission));
    cty_submission_clear(submission);
    *ret_submission = submission;
    return CUSTODY_OK;
}

static void trim_buffer(struct cty_buf *buffer)
{
    if (buffer->capacity > BUFFER_KEPT_MAX)
        cty_buf_done(buffer);
}

/* Anybody may send large envelopes, and there are thousands of submissions: none keeps what was large. */
static void trim(struct cty_submission *submission)
{
    struct cty_signed *parsed = &submission->parsed;
    size_t nodes = (size_t)parsed->json.capacity + parsed->envelope_json.capacity;
    if (parsed->pae.capacity > BUFFER_KEPT_MAX || nodes > BUFFER_KEPT_MAX / sizeof(struct cty_json_node))
        cty_signed_done(parsed);
    for (uint32_t i = 0; i < CTY_UNIT_ENTRIES_MAX; i++) {
        trim_buffer(&submission->parts[i].entry);
        trim_buffer(&submission->parts[i].receipt);
    }
}

void cty_submission_put(struct cty_jobs *jobs, struct cty_submission *submission)
{
    cty_contents_clear(&submission->contents);
    trim(submission);
    pthread_mutex_lock(&jobs->lock);
    submission->next = jobs->free_submissions;
    jobs->free_submissions = submission;
    pthread_mutex_unlock(&jobs->lock);
}
