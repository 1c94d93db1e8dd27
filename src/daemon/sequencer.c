/* SPDX-License-Identifier: Apache-2.0 */
/* The sequencer's queue and thread. What it does with a group is in commit.c. */
#include "daemon/sequencer.h"

#include <stdlib.h>
#include <time.h>

#include "base/check.h"
#include "daemon/commit.h"
#include "daemon/counters.h"
#include "daemon/log.h"

/* How often the thread looks at the clock and at deadlines while nothing comes. */
#define TICK_MS 200

custody_err cty_sequencer_init(struct cty_sequencer *sequencer, const struct cty_sequencer_config *config)
{
    memset(sequencer, 0, sizeof(*sequencer));
    sequencer->config = *config;
    pthread_condattr_t attributes;
    CTY_CHECK(pthread_condattr_init(&attributes) == 0);
    CTY_CHECK(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    CTY_CHECK(pthread_cond_init(&sequencer->wake, &attributes) == 0);
    pthread_condattr_destroy(&attributes);
    CTY_CHECK(pthread_mutex_init(&sequencer->lock, NULL) == 0);
    cty_book_init(&sequencer->book, cty_store_view(config->store), &sequencer->cache);
    sequencer->ledger = CTY_BUF_INIT(CTY_DELTA_BYTES_MAX);
    sequencer->book.ledger = &sequencer->ledger;
    sequencer->scratch = cty_alloc(1, sizeof(*sequencer->scratch));
    CTY_TRY(cty_unit_init(&sequencer->unit));
    CTY_TRY(cty_cache_init(&sequencer->cache));
    CTY_TRY(cty_memo_new(&sequencer->book.view.memo));
    return sequencer->scratch ? CUSTODY_OK : CUSTODY_E_NO_MEMORY;
}

void cty_sequencer_done(struct cty_sequencer *sequencer)
{
    CTY_CHECK(!sequencer->running && !sequencer->first);
    cty_memo_free(sequencer->book.view.memo);
    cty_book_done(&sequencer->book);
    cty_cache_done(&sequencer->cache);
    cty_buf_done(&sequencer->ledger);
    cty_unit_done(&sequencer->unit);
    free(sequencer->scratch);
    pthread_cond_destroy(&sequencer->wake);
    pthread_mutex_destroy(&sequencer->lock);
}

custody_err cty_sequencer_push(struct cty_sequencer *sequencer, struct cty_submission *submission)
{
    submission->next = NULL;
    pthread_mutex_lock(&sequencer->lock);
    bool full = sequencer->stopping || sequencer->queued >= sequencer->config.queue_max;
    if (!full) {
        *(sequencer->last ? &sequencer->last->next : &sequencer->first) = submission;
        sequencer->last = submission;
        sequencer->queued++;
        cty_gauge_set(CTY_GAUGE_QUEUED, sequencer->queued);
        pthread_cond_signal(&sequencer->wake);
    }
    pthread_mutex_unlock(&sequencer->lock);
    return full ? CUSTODY_E_BUSY : CUSTODY_OK;
}

static struct timespec tick_from_now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_nsec += TICK_MS * 1000000L;
    if (at.tv_nsec >= 1000000000L) {
        at.tv_nsec -= 1000000000L;
        at.tv_sec++;
    }
    return at;
}

/* Takes what waits, at most a group. NULL after a tick; *ret_over where there will be no more. */
static struct cty_submission *take_group(struct cty_sequencer *sequencer, bool *ret_over)
{
    struct timespec until = tick_from_now();
    pthread_mutex_lock(&sequencer->lock);
    int waited = 0;
    while (!sequencer->first && !sequencer->stopping && waited == 0)
        waited = pthread_cond_timedwait(&sequencer->wake, &sequencer->lock, &until);
    struct cty_submission *group = sequencer->first;
    struct cty_submission *end = group;
    size_t count = group ? 1 : 0;
    for (; count && count < CTY_GROUP_MAX && end->next; count++)
        end = end->next;
    if (group) {
        sequencer->first = end->next;
        sequencer->last = sequencer->first ? sequencer->last : NULL;
        sequencer->queued -= count;
        cty_gauge_set(CTY_GAUGE_QUEUED, sequencer->queued);
        end->next = NULL;
    }
    *ret_over = sequencer->stopping && !group;
    pthread_mutex_unlock(&sequencer->lock);
    return group;
}

static void *run_thread(void *context)
{
    struct cty_sequencer *sequencer = context;
    for (;;) {
        bool over = false;
        struct cty_submission *group = take_group(sequencer, &over);
        if (over)
            return NULL;
        if (group)
            cty_commit_group(sequencer, group);
        cty_commit_background(sequencer);
    }
}

custody_err cty_sequencer_start(struct cty_sequencer *sequencer, custody_error *error)
{
    if (pthread_create(&sequencer->thread, NULL, run_thread, sequencer) != 0)
        return cty_fail(error, CUSTODY_E_NO_MEMORY, "no thread for the sequencer");
    sequencer->running = true;
    return CUSTODY_OK;
}

void cty_sequencer_stop(struct cty_sequencer *sequencer)
{
    pthread_mutex_lock(&sequencer->lock);
    sequencer->stopping = true;
    pthread_cond_signal(&sequencer->wake);
    pthread_mutex_unlock(&sequencer->lock);
    if (sequencer->running)
        pthread_join(sequencer->thread, NULL);
    sequencer->running = false;
}

void cty_sequencer_run(struct cty_sequencer *sequencer, struct cty_submission *first)
{
    CTY_CHECK(!sequencer->running);
    cty_commit_group(sequencer, first);
}
