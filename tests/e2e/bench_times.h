/* SPDX-License-Identifier: Apache-2.0 */
/* Times of single calls, and what is told of them. */
#ifndef CTY_TESTS_E2E_BENCH_TIMES_H
#define CTY_TESTS_E2E_BENCH_TIMES_H

#include <stdbool.h>
#include <stddef.h>

/* Zero-initialise; bench_times_done. */
struct bench_times {
    double *items;
    size_t count;
    size_t capacity;
};

/* False where memory ran out. */
bool bench_times_add(struct bench_times *times, double time);
void bench_times_done(struct bench_times *times);

/* The smallest number that at least so many of a hundred don't exceed (nearest rank). Sorts. 0 for none. */
double bench_percentile(double *numbers, size_t count, unsigned per_cent);

#endif
