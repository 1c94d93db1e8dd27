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
    CTY_TRY(cty_fair_init(&sequencer->queue));
    CTY_TRY(cty_tally_init(&sequencer->parties, config->queue_max));
    sequencer->lately = cty_alloc(CTY_LATELY_MAX, sizeof(*sequencer->lately));
    if (!sequencer->lately)
        return CUSTODY_E_NO_MEMORY;
    CTY_TRY(cty_unit_init(&sequencer->unit));
    CTY_TRY(cty_cache_init(&sequencer->cache));
    CTY_TRY(cty_memo_new(&sequencer->book.view.memo));
    return sequencer->scratch ? CUSTODY_OK : CUSTODY_E_NO_MEMORY;
}

void cty_sequencer_done(struct cty_sequencer *sequencer)
{
    CTY_CHECK(!sequencer->running);
    cty_fair_done(&sequencer->queue);
    cty_tally_done(&sequencer->parties);
    free(sequencer->lately);
    cty_memo_free(sequencer->book.view.memo);
    cty_book_done(&sequencer->book);
    cty_cache_done(&sequencer->cache);
    cty_buf_done(&sequencer->ledger);
    cty_unit_done(&sequencer->unit);
    free(sequencer->scratch);
    pthread_cond_destroy(&sequencer->wake);
    pthread_mutex_destroy(&sequencer->lock);
}

/* --- the queue ----------------------------------------------------------------------------------------------- */

static size_t part(size_t queue_max, size_t parts)
{
    size_t share = queue_max / parts;
    if (share < CTY_BATCH_MAX)
        share = CTY_BATCH_MAX;
    return share < queue_max ? share : queue_max;
}

size_t cty_queue_share_of_actor(size_t queue_max)
{
    return part(queue_max, CTY_QUEUE_ACTOR_PART);
}

size_t cty_queue_share_of_party(size_t queue_max)
{
    return part(queue_max, CTY_QUEUE_PARTY_PART);
}

/* Where a statement is remembered; *ret_mark is what stands there then. Digests can be chosen only by trying. */
static uint64_t *place_of(const struct cty_sequencer *sequencer, const struct cty_hash *digest, uint64_t *ret_mark)
{
    memcpy(ret_mark, digest->bytes, sizeof(*ret_mark));
    return &sequencer->lately[*ret_mark % CTY_LATELY_MAX];
}

bool cty_sequencer_had(struct cty_sequencer *sequencer, const struct cty_hash *digest)
{
    uint64_t mark = 0;
    pthread_mutex_lock(&sequencer->lock);
    bool had = *place_of(sequencer, digest, &mark) == mark;
    pthread_mutex_unlock(&sequencer->lock);
    return had;
}

static void remember_locked(struct cty_sequencer *sequencer, const struct cty_submission *submission)
{
    uint64_t mark = 0;
    if (submission->kind == CTY_SUBMIT) {
        uint64_t *place = place_of(sequencer, &submission->parsed.digest, &mark);
        *place = mark;
    }
}

/*
 * What stands in the ledger already may be sent once more by anybody: without a look whether it does, a statement finds
 * half the room, so that nobody's share is filled by others with what he said long ago.
 */
static bool has_room_locked(const struct cty_sequencer *sequencer, const struct cty_submission *submission)
{
    size_t max = sequencer->config.queue_max;
    size_t parts = submission->kind == CTY_SUBMIT && !submission->looked_up ? 2 : 1;
    if (sequencer->stopping || sequencer->queue.count >= max / parts)
        return false;
    size_t actors = cty_queue_share_of_actor(max) / parts;
    size_t parties = submission->again ? actors : cty_queue_share_of_party(max) / parts;
    return cty_fair_count(&sequencer->queue, submission->actor_key) < actors &&
           cty_tally_get(&sequencer->parties, submission->party_key) < parties;
}

custody_err cty_sequencer_push(struct cty_sequencer *sequencer, struct cty_submission *submission)
{
    submission->next = NULL;
    pthread_mutex_lock(&sequencer->lock);
    bool room = has_room_locked(sequencer, submission);
    if (room) {
        cty_fair_push(&sequencer->queue, &submission->turn, submission->actor_key, submission->again ? 1 : 0);
        remember_locked(sequencer, submission);
        cty_tally_add(&sequencer->parties, submission->party_key);
        cty_gauge_set(CTY_GAUGE_QUEUED, sequencer->queue.count);
        pthread_cond_signal(&sequencer->wake);
    }
    pthread_mutex_unlock(&sequencer->lock);
    return room ? CUSTODY_OK : CUSTODY_E_BUSY;
}

bool cty_sequencer_is_idle(struct cty_sequencer *sequencer)
{
    pthread_mutex_lock(&sequencer->lock);
    bool idle = sequencer->queue.count == 0;
    pthread_mutex_unlock(&sequencer->lock);
    return idle;
}

void cty_sequencer_nudge(struct cty_sequencer *sequencer)
{
    pthread_mutex_lock(&sequencer->lock);
    sequencer->nudged = true;
    pthread_cond_signal(&sequencer->wake);
    pthread_mutex_unlock(&sequencer->lock);
}

static struct cty_submission *pop_locked(struct cty_sequencer *sequencer)
{
    struct cty_submission *submission = (struct cty_submission *)(void *)cty_fair_pop(&sequencer->queue);
    if (submission)
        cty_tally_drop(&sequencer->parties, submission->party_key);
    cty_gauge_set(CTY_GAUGE_QUEUED, sequencer->queue.count);
    return submission;
}

/* --- the pace ------------------------------------------------------------------------------------------------ */

uint64_t cty_pace_after(uint64_t each_ns, uint64_t took_ns, size_t count)
{
    uint64_t now = took_ns / (count ? count : 1);
    return each_ns ? each_ns - each_ns / 8 + now / 8 : now;
}

uint64_t cty_pace_retry_ms(uint64_t each_ns, size_t waiting)
{
    uint64_t most_ns = (uint64_t)CTY_RETRY_MS_MAX * 1000000;
    if (waiting == 0 || each_ns == 0)
        return CTY_RETRY_MS_MIN;
    if (each_ns > most_ns / waiting)
        return CTY_RETRY_MS_MAX;
    uint64_t ms = each_ns * waiting / 1000000;
    return ms < CTY_RETRY_MS_MIN ? CTY_RETRY_MS_MIN : ms;
}

uint64_t cty_sequencer_retry_ms(struct cty_sequencer *sequencer)
{
    pthread_mutex_lock(&sequencer->lock);
    uint64_t ms = cty_pace_retry_ms(sequencer->each_ns, sequencer->queue.count);
    pthread_mutex_unlock(&sequencer->lock);
    return ms;
}

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static size_t count_of(const struct cty_submission *first)
{
    size_t count = 0;
    for (; first; first = first->next)
        count++;
    return count;
}

/* Commits, and remembers how long it took. */
static void commit_paced(struct cty_sequencer *sequencer, struct cty_submission *group)
{
    size_t count = count_of(group);
    uint64_t begun = now_ns();
    cty_commit_group(sequencer, group);
    uint64_t took = now_ns() - begun;
    pthread_mutex_lock(&sequencer->lock);
    sequencer->each_ns = cty_pace_after(sequencer->each_ns, took, count);
    pthread_mutex_unlock(&sequencer->lock);
}

/* --- the thread ---------------------------------------------------------------------------------------------- */

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
    while (sequencer->queue.count == 0 && !sequencer->stopping && !sequencer->nudged && waited == 0)
        waited = pthread_cond_timedwait(&sequencer->wake, &sequencer->lock, &until);
    sequencer->nudged = false;
    struct cty_submission *group = pop_locked(sequencer);
    struct cty_submission *end = group;
    for (size_t count = 1; end && count < CTY_GROUP_MAX; count++) {
        end->next = pop_locked(sequencer);
        end = end->next;
    }
    if (end)
        end->next = NULL;
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
            commit_paced(sequencer, group);
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
