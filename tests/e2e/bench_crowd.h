/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many clients at once, each on a connection of its own with one call under way, the next as soon as its answer is
 * there. One thread drives them all, so that they cost little on the cores that the custodian needs.
 */
#ifndef CTY_TESTS_E2E_BENCH_CROWD_H
#define CTY_TESTS_E2E_BENCH_CROWD_H

#include "bench_times.h"
#include "bench_line.h"

/* One call. */
struct bench_post {
    struct cty_buf message; /* of bench_frame */
    uint8_t *answer;        /* of bench_line_take; owned */
    size_t answer_size;
    double began;
};
void bench_post_done(struct bench_post *post);

/* What a number of calls took, all together; added to with each send. */
struct bench_spent {
    size_t calls;
    double seconds;      /* from the first send to the last answer */
    double daemon_cpu_s;
    double load_cpu_s;   /* of the crowd's thread */
    size_t busy;         /* answers that asked to come again */
    struct bench_times ms;
    double newest_began; /* when the newest answer's call was sent */
};

struct bench_crowd;
/* Connects, and has been answered on each connection. Limited by the connections that custodyd takes. */
struct bench_crowd *bench_crowd_open(const struct house *h, unsigned clients);
void bench_crowd_close(struct bench_crowd *crowd);

/* Sends them in order, and returns when the last answer is there. `spent` may be NULL. */
void bench_crowd_send(struct bench_crowd *crowd, struct bench_post *posts, size_t count, struct bench_spent *spent);

#endif
