/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The custodian's numbers as OpenMetrics 1.0 text (spec/metrics.md). Thread rule: pure, but for the counters, which it
 * reads.
 */
#ifndef CTY_DAEMON_METRICS_H
#define CTY_DAEMON_METRICS_H

#include "daemon/sandbox.h"
#include "daemon/witnesses.h"
#include "net/http.h"
#include "proto/rpc_shapes.h"

#define CTY_METRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

/* What is not counted but looked up, when somebody asks. */
struct cty_metrics_facts {
    enum cty_service_state state;
    bool stopping;
    uint64_t entries;
    uint64_t checkpoint_age_ms;
    uint64_t queue_max;
    uint64_t calls;
    uint64_t calls_max;
    uint64_t calls_held;
    uint64_t waits_max;
    uint64_t message_bytes;
    uint64_t connections;
    uint64_t connections_max;
    uint64_t accepted;
    uint64_t refused;
    uint64_t reaped;
    uint64_t broken;
    uint64_t greedy;
    struct cty_http_counts http; /* of the door for readers of files; all 0 where there is none */
    uint64_t database_bytes;
    uint64_t wal_bytes;
    uint64_t resident_bytes;
    uint64_t started_ms; /* since 1970 */
    bool keys_locked;
    const struct cty_witness_policy *policy; /* of its witnesses; NULL: it has none */
    const struct cty_witnesses_view *witnesses;
    uint64_t now_ms; /* since 1970 */
    struct cty_sandbox_state sandbox;
};

/* Appends the whole text, to its "# EOF". Errors: TOO_LARGE, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_metrics_write(const struct cty_metrics_facts *facts, struct cty_buf *out);

/* metrics_witnesses.c: that part of it; nothing where there are none. Errors: the same. */
CUSTODY_MUST_USE custody_err cty_metrics_put_witnesses(const struct cty_metrics_facts *facts, struct cty_buf *out);

#endif
