/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/check.h"
#include "daemon/service.h"

/* An answer's memory that is kept for the next job. */
#define OUT_KEPT_MAX (256u * 1024u)

void cty_jobs_init(struct cty_jobs *jobs, size_t submissions_max)
{
    memset(jobs, 0, sizeof(*jobs));
    jobs->submissions_max = submissions_max;
    CTY_CHECK(pthread_mutex_init(&jobs->lock, NULL) == 0);
    CTY_CHECK(pthread_cond_init(&jobs->wake, NULL) == 0);
}

static void free_job(struct cty_job *job)
{
    cty_rpc_done(&job->message);
    cty_buf_done(&job->out);
    free(job);
}

void cty_jobs_done(struct cty_jobs *jobs)
{
    CTY_CHECK(!jobs->first);
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

void cty_jobs_push(struct cty_jobs *jobs, struct cty_job *job)
{
    cty_jobs_push_list(jobs, job, job);
}

void cty_jobs_push_list(struct cty_jobs *jobs, struct cty_job *first, struct cty_job *last)
{
    bool several = first != last;
    last->next = NULL;
    pthread_mutex_lock(&jobs->lock);
    if (jobs->first)
        jobs->last->next = first;
    else
        jobs->first = first;
    jobs->last = last;
    pthread_mutex_unlock(&jobs->lock);
    if (several)
        pthread_cond_broadcast(&jobs->wake);
    else
        pthread_cond_signal(&jobs->wake);
}

void cty_jobs_open(struct cty_jobs *jobs)
{
    pthread_mutex_lock(&jobs->lock);
    jobs->open = true;
    pthread_cond_broadcast(&jobs->wake);
    pthread_mutex_unlock(&jobs->lock);
}

struct cty_job *cty_jobs_pop(struct cty_jobs *jobs)
{
    pthread_mutex_lock(&jobs->lock);
    while ((!jobs->first || !jobs->open) && !jobs->stopping)
        pthread_cond_wait(&jobs->wake, &jobs->lock);
    struct cty_job *job = jobs->first;
    if (job)
        jobs->first = job->next;
    pthread_mutex_unlock(&jobs->lock);
    return job;
}

void cty_jobs_stop(struct cty_jobs *jobs)
{
    pthread_mutex_lock(&jobs->lock);
    jobs->stopping = true;
    pthread_cond_broadcast(&jobs->wake);
    pthread_mutex_unlock(&jobs->lock);
}

struct cty_job *cty_job_get(struct cty_jobs *jobs)
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
    job->opened = false;
    job->waiting = false;
    job->item = NULL;
    job->run_count = 0;
    job->out.limit = CTY_REPLY_BYTES_MAX;
    cty_buf_clear(&job->out);
    return job;
}

/* There are never more jobs than the door has calls, so all are kept; large memory is not. */
void cty_job_put(struct cty_jobs *jobs, struct cty_job *job)
{
    if (job->out.capacity > OUT_KEPT_MAX)
        cty_buf_done(&job->out);
    if (job->message.json.capacity > CTY_BATCH_MAX * 64 || job->message.strings.capacity > OUT_KEPT_MAX)
        cty_rpc_done(&job->message);
    pthread_mutex_lock(&jobs->lock);
    job->next = jobs->free_jobs;
    jobs->free_jobs = job;
    pthread_mutex_unlock(&jobs->lock);
}

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

void cty_submission_put(struct cty_jobs *jobs, struct cty_submission *submission)
{
    cty_contents_clear(&submission->contents);
    pthread_mutex_lock(&jobs->lock);
    submission->next = jobs->free_submissions;
    jobs->free_submissions = submission;
    pthread_mutex_unlock(&jobs->lock);
}
