/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/counters.h"

#include <stdatomic.h>

#include "base/check.h"
#include "base/times.h"

/* From a solid-state disk that answers from its own memory to one that is about to fail. */
const struct cty_bound cty_commit_bounds_ns[] = {
    {100000, "0.0001"},  {250000, "0.00025"}, {500000, "0.0005"}, {1000000, "0.001"},   {2500000, "0.0025"},
    {5000000, "0.005"},  {10000000, "0.01"},  {25000000, "0.025"}, {50000000, "0.05"},  {100000000, "0.1"},
    {250000000, "0.25"}, {500000000, "0.5"},  {1000000000, "1.0"},
};
const size_t cty_commit_bounds_ns_count = CTY_COUNT_OF(cty_commit_bounds_ns);
/* A group is at most 128 statements, each with two of the clerk's behind it. */
const struct cty_bound cty_commit_bounds_entries[] = {{0, "0.0"},   {1, "1.0"},   {2, "2.0"},   {4, "4.0"},   {8, "8.0"},
                                                      {16, "16.0"}, {32, "32.0"}, {64, "64.0"}, {128, "128.0"},
                                                      {256, "256.0"}};
const size_t cty_commit_bounds_entries_count = CTY_COUNT_OF(cty_commit_bounds_entries);
_Static_assert(CTY_COUNT_OF(cty_commit_bounds_ns) <= CTY_HISTOGRAM_BOUNDS_MAX, "bounds of times");
_Static_assert(CTY_COUNT_OF(cty_commit_bounds_entries) <= CTY_HISTOGRAM_BOUNDS_MAX, "bounds of groups");

struct histogram {
    atomic_uint_least64_t fell[CTY_HISTOGRAM_BOUNDS_MAX + 1]; /* each in one place */
    atomic_uint_least64_t sum;
};

static struct {
    atomic_uint_least64_t gauges[CTY_GAUGE_COUNT];
    atomic_uint_least64_t answers[CTY_RPC_COUNT];
    atomic_uint_least64_t failures[CUSTODY_ERR_COUNT];
    atomic_uint_least64_t expiries;
    struct histogram commit_ns;
    struct histogram commit_entries;
} counters;

static void add(atomic_uint_least64_t *number, uint64_t more)
{
    atomic_fetch_add_explicit(number, more, memory_order_relaxed);
}

static uint64_t get(const atomic_uint_least64_t *number)
{
    return atomic_load_explicit(number, memory_order_relaxed);
}

/* --- counting ---------------------------------------------------------------------------------------------- */

void cty_gauge_set(enum cty_gauge gauge, uint64_t value)
{
    atomic_store_explicit(&counters.gauges[gauge], value, memory_order_relaxed);
}

void cty_count_answer(enum cty_rpc rpc)
{
    CTY_CHECK((size_t)rpc < CTY_RPC_COUNT);
    add(&counters.answers[rpc], 1);
}

void cty_count_failure(custody_err err)
{
    CTY_CHECK((size_t)err < CUSTODY_ERR_COUNT);
    add(&counters.failures[err], 1);
}

void cty_count_expiries(uint64_t count)
{
    add(&counters.expiries, count);
}

uint64_t cty_count_now_ns(void)
{
    return cty_time_monotonic_ns();
}

static void observe(struct histogram *histogram, const struct cty_bound *bounds, size_t count, uint64_t value)
{
    size_t place = 0;
    while (place < count && value > bounds[place].most)
        place++;
    add(&histogram->fell[place], 1);
    add(&histogram->sum, value);
}

void cty_count_commit(uint64_t began_ns, uint64_t entries)
{
    observe(&counters.commit_ns, cty_commit_bounds_ns, cty_commit_bounds_ns_count, cty_count_now_ns() - began_ns);
    observe(&counters.commit_entries, cty_commit_bounds_entries, cty_commit_bounds_entries_count, entries);
}

/* --- reading ----------------------------------------------------------------------------------------------- */

/* Summed up from one reading of each place, so that a bucket never holds more than the next. */
static void read_histogram(const struct histogram *histogram, size_t bounds, struct cty_histogram *ret_histogram)
{
    uint64_t sum = 0;
    for (size_t i = 0; i <= bounds; i++)
        ret_histogram->at_most[i] = sum += get(&histogram->fell[i]);
    ret_histogram->sum = get(&histogram->sum);
}

void cty_counts_get(struct cty_counts *ret_counts)
{
    memset(ret_counts, 0, sizeof(*ret_counts));
    for (size_t i = 0; i < CTY_GAUGE_COUNT; i++)
        ret_counts->gauges[i] = get(&counters.gauges[i]);
    for (size_t i = 0; i < CTY_RPC_COUNT; i++)
        ret_counts->answers[i] = get(&counters.answers[i]);
    for (size_t i = 0; i < CUSTODY_ERR_COUNT; i++)
        ret_counts->failures[i] = get(&counters.failures[i]);
    ret_counts->expiries = get(&counters.expiries);
    read_histogram(&counters.commit_ns, cty_commit_bounds_ns_count, &ret_counts->commit_ns);
    read_histogram(&counters.commit_entries, cty_commit_bounds_entries_count, &ret_counts->commit_entries);
}
