/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the process counts while it serves, for whoever watches it (spec/metrics.md). One set for the whole process, since a
 * process is one custodian: where something happens, one line counts it, and nothing has to be handed down to get there.
 *
 * Each number is an atomic of its own without an order between them: to count costs an addition, waits for nobody, and
 * can't fail. Nobody's name is ever counted here. Thread rule: any thread.
 */
#ifndef CTY_DAEMON_COUNTERS_H
#define CTY_DAEMON_COUNTERS_H

#include "proto/rpc_shapes.h"

/* What goes up and down. */
enum cty_gauge { CTY_GAUGE_QUEUED, CTY_GAUGE_SESSIONS, CTY_GAUGE_STAGED_BYTES, CTY_GAUGE_COUNT };
void cty_gauge_set(enum cty_gauge gauge, uint64_t value);

/* A call was answered with a result. */
void cty_count_answer(enum cty_rpc rpc);
/* A call was answered with this refusal or fault. */
void cty_count_failure(custody_err err);
/* So many expiries were recorded. */
void cty_count_expiries(uint64_t count);
/* Where a commit begins, for cty_count_commit. */
uint64_t cty_count_now_ns(void);
/* A transaction is on the disk, with so many new entries; it began to be written then. */
void cty_count_commit(uint64_t began_ns, uint64_t entries);

/* A histogram: how many fell at or below each bound, the last bound being above everything. */
#define CTY_HISTOGRAM_BOUNDS_MAX 16u
struct cty_histogram {
    uint64_t at_most[CTY_HISTOGRAM_BOUNDS_MAX + 1]; /* cumulative; the last is the count of all */
    uint64_t sum;
};
struct cty_bound {
    uint64_t most;
    const char *text; /* as OpenMetrics writes it: in seconds, and with a point */
};
extern const struct cty_bound cty_commit_bounds_ns[];
extern const struct cty_bound cty_commit_bounds_entries[];
extern const size_t cty_commit_bounds_ns_count;
extern const size_t cty_commit_bounds_entries_count;

/* All of it, read number by number. */
struct cty_counts {
    uint64_t gauges[CTY_GAUGE_COUNT];
    uint64_t answers[CTY_RPC_COUNT];
    uint64_t failures[CUSTODY_ERR_COUNT];
    uint64_t expiries;
    struct cty_histogram commit_ns;
    struct cty_histogram commit_entries;
};
void cty_counts_get(struct cty_counts *ret_counts);

#endif
