/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/parallel.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#define THREADS_MAX 64
#define CHUNK 16

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

unsigned cty_parallel_cores(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof(set), &set) != 0 || CPU_COUNT(&set) < 1)
        return 1;
    return (unsigned)CPU_COUNT(&set);
}
