/* SPDX-License-Identifier: Apache-2.0 */
#include "bench_times.h"

#include <stdlib.h>

bool bench_times_add(struct bench_times *times, double time)
{
    if (times->count == times->capacity) {
        size_t capacity = times->capacity ? times->capacity * 2 : 1024;
        double *items = realloc(times->items, capacity * sizeof(*items));
        if (!items)
            return false;
        times->items = items;
        times->capacity = capacity;
    }
    times->items[times->count++] = time;
    return true;
}

void bench_times_done(struct bench_times *times)
{
    free(times->items);
    *times = (struct bench_times){0};
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

double bench_percentile(double *numbers, size_t count, unsigned per_cent)
{
    if (count == 0)
        return 0;
    qsort(numbers, count, sizeof(numbers[0]), compare);
    size_t rank = (count * per_cent + 99) / 100;
    return numbers[rank ? rank - 1 : 0];
}
