/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/parallel.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>

#define THREADS_MAX 64
#define CHUNK 16
#define BEHIND 4 /* taken at once behind a feed: small, so that all end at the same time */

struct loop {
    size_t count;
    void (*body)(void *context, size_t i);
    void *context;
    atomic_size_t next;
};

static void *run(void *argument)
{
    struct loop *loop = argument;
    for (;;) {
        size_t from = atomic_fetch_add(&loop->next, CHUNK);
        if (from >= loop->count)
            return NULL;
        size_t to = from + CHUNK < loop->count ? from + CHUNK : loop->count;
        for (size_t i = from; i < to; i++)
            loop->body(loop->context, i);
    }
}

void cty_parallel(unsigned threads, size_t count, void (*body)(void *context, size_t i), void *context)
{
    struct loop loop = {.count = count, .body = body, .context = context};
    pthread_t others[THREADS_MAX];
    unsigned started = 0;
    unsigned wanted = threads > THREADS_MAX ? THREADS_MAX : threads;
    if (count <= CHUNK)
        wanted = 1;
    while (started + 1 < wanted && pthread_create(&others[started], NULL, run, &loop) == 0)
        started++;
    run(&loop);
    for (unsigned i = 0; i < started; i++)
        pthread_join(others[i], NULL);
}

struct behind {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    size_t fed;  /* items before this one were fed */
    size_t next; /* and before this one, given out */
    bool over;
    void (*body)(void *context, size_t i);
    void *context;
};

/* The next items that were fed; false where there will be no more. */
static bool take(struct behind *behind, size_t *ret_from, size_t *ret_to)
{
    pthread_mutex_lock(&behind->lock);
    while (behind->next == behind->fed && !behind->over)
        pthread_cond_wait(&behind->wake, &behind->lock);
    *ret_from = behind->next;
    *ret_to = behind->fed - behind->next > BEHIND ? behind->next + BEHIND : behind->fed;
    behind->next = *ret_to;
    pthread_mutex_unlock(&behind->lock);
    return *ret_from < *ret_to;
}

static void *run_behind(void *argument)
{
    struct behind *behind = argument;
    size_t from = 0, to = 0;
    while (take(behind, &from, &to)) {
        for (size_t i = from; i < to; i++)
            behind->body(behind->context, i);
    }
    return NULL;
}

static void tell_fed(struct behind *behind, size_t fed, bool over)
{
    pthread_mutex_lock(&behind->lock);
    behind->fed = fed;
    behind->over = over;
    if (over)
        pthread_cond_broadcast(&behind->wake);
    else
        pthread_cond_signal(&behind->wake);
    pthread_mutex_unlock(&behind->lock);
}

static custody_err feed_all(struct behind *behind, size_t count, custody_err (*feed)(void *context, size_t i))
{
    size_t fed = 0;
    custody_err err = CUSTODY_OK;
    while (fed < count && err == CUSTODY_OK) {
        err = feed(behind->context, fed);
        fed += err == CUSTODY_OK;
        if (fed % CHUNK == 0)
            tell_fed(behind, fed, false);
    }
    tell_fed(behind, fed, true);
    return err;
}

custody_err cty_parallel_behind(unsigned threads, size_t count, custody_err (*feed)(void *context, size_t i),
                                void (*body)(void *context, size_t i), void *context)
{
    struct behind behind = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER, .body = body,
                            .context = context};
    pthread_t others[THREADS_MAX];
    unsigned started = 0;
    unsigned wanted = threads > THREADS_MAX ? THREADS_MAX : threads;
    if (count <= CHUNK)
        wanted = 1;
    while (started + 1 < wanted && pthread_create(&others[started], NULL, run_behind, &behind) == 0)
        started++;
    custody_err err = feed_all(&behind, count, feed);
    run_behind(&behind);
    for (unsigned i = 0; i < started; i++)
        pthread_join(others[i], NULL);
    pthread_cond_destroy(&behind.wake);
    pthread_mutex_destroy(&behind.lock);
    return err;
}

unsigned cty_parallel_cores(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof(set), &set) != 0 || CPU_COUNT(&set) < 1)
        return 1;
    return (unsigned)CPU_COUNT(&set);
}
