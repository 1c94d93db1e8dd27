/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/metrics.h"

#include <inttypes.h>

#include "base/check.h"
#include "daemon/counters.h"
#include "proto/rpc.h"

/* --- one family after the other ---------------------------------------------------------------------------- */

struct family {
    const char *name;
    const char *type;
    const char *unit; /* NULL: none */
    const char *help;
};

static custody_err put_family(struct cty_buf *out, const struct family *family)
{
    CTY_TRY(cty_buf_putf(out, "# TYPE %s %s\n", family->name, family->type));
    if (family->unit)
        CTY_TRY(cty_buf_putf(out, "# UNIT %s %s\n", family->name, family->unit));
    return cty_buf_putf(out, "# HELP %s %s\n", family->name, family->help);
}

/* Thousandths and billionths, exactly. */
static custody_err put_ms(struct cty_buf *out, uint64_t ms)
{
    return cty_buf_putf(out, "%" PRIu64 ".%03" PRIu64, ms / 1000, ms % 1000);
}

static custody_err put_ns(struct cty_buf *out, uint64_t ns)
{
    return cty_buf_putf(out, "%" PRIu64 ".%09" PRIu64, ns / 1000000000u, ns % 1000000000u);
}

static custody_err put_whole(struct cty_buf *out, uint64_t number)
{
    return cty_buf_put_u64(out, number);
}

typedef custody_err put_number(struct cty_buf *out, uint64_t number);

struct plain {
    struct family family;
    uint64_t value;
    put_number *put;
};

/* Families of one sample each; a counter's sample has "_total" behind its name. */
static custody_err put_plain(struct cty_buf *out, const struct plain *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool counter = strcmp(list[i].family.type, "counter") == 0;
        CTY_TRY(put_family(out, &list[i].family));
        CTY_TRY(cty_buf_putf(out, "%s%s ", list[i].family.name, counter ? "_total" : ""));
        CTY_TRY(list[i].put(out, list[i].value));
        CTY_TRY(cty_buf_put_text(out, "\n"));
    }
    return CUSTODY_OK;
}

static custody_err put_histogram(struct cty_buf *out, const struct family *family, const struct cty_histogram *histogram,
                                 const struct cty_bound *bounds, size_t count, put_number *put_sum)
{
    uint64_t all = histogram->at_most[count];
    CTY_TRY(put_family(out, family));
    for (size_t i = 0; i < count; i++)
        CTY_TRY(cty_buf_putf(out, "%s_bucket{le=\"%s\"} %" PRIu64 "\n", family->name, bounds[i].text,
                             histogram->at_most[i]));
    CTY_TRY(cty_buf_putf(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n%s_count %" PRIu64 "\n%s_sum ", family->name, all,
                         family->name, all, family->name));
    CTY_TRY(put_sum(out, histogram->sum));
    return cty_buf_put_text(out, "\n");
}

/* --- the custodian ----------------------------------------------------------------------------------------- */

static custody_err put_about(const struct cty_metrics_facts *facts, struct cty_buf *out)
{
    static const struct family build = {"custody_build", "info", NULL, "The program."};
    static const struct family sandbox = {"custody_sandbox", "info", NULL, "What the process can no longer do."};
    const struct plain list[] = {
        {{"custody_start_time_seconds", "gauge", "seconds", "When the start was complete, since 1970."},
         facts->started_ms, put_ms},
        {{"custody_resident_memory_bytes", "gauge", "bytes", "Memory of the process that is in place."},
         facts->resident_bytes, put_whole},
        {{"custody_keys_locked", "gauge", NULL, "1 where all signing keys are locked in memory."}, facts->keys_locked,
         put_whole},
    };
    CTY_TRY(put_family(out, &build));
    CTY_TRY(cty_buf_put_text(out, "custody_build_info{version=\"" CTY_VERSION "\"} 1\n"));
    CTY_TRY(put_family(out, &sandbox));
    CTY_TRY(cty_buf_putf(out, "custody_sandbox_info{seccomp=\"%s\",landlock=\"%u\"} 1\n",
                         facts->sandbox.calls ? "on" : "off", facts->sandbox.files_abi));
    return put_plain(out, list, CTY_COUNT_OF(list));
}

static custody_err put_state(const struct cty_metrics_facts *facts, struct cty_buf *out)
{
    static const struct family state = {"custody_state", "stateset", NULL,
                                        "What info.state says, and stopping where the end has begun."};
    CTY_TRY(put_family(out, &state));
    for (size_t i = 0; cty_service_state_names[i]; i++)
        CTY_TRY(cty_buf_putf(out, "custody_state{custody_state=\"%s\"} %u\n", cty_service_state_names[i],
                             facts->state == i ? 1u : 0u));
    return cty_buf_putf(out, "custody_state{custody_state=\"stopping\"} %u\n", facts->stopping ? 1u : 0u);
}

static custody_err put_ledger(const struct cty_metrics_facts *facts, const struct cty_counts *counts,
                              struct cty_buf *out)
{
    const struct plain list[] = {
        {{"custody_entries", "gauge", NULL, "Entries under the newest checkpoint, which are all."}, facts->entries,
         put_whole},
        {{"custody_checkpoint_age_seconds", "gauge", "seconds", "Since the newest entry and its checkpoint."},
         facts->checkpoint_age_ms, put_ms},
        {{"custody_expiries", "counter", NULL, "Expiries that were recorded."}, counts->expiries, put_whole},
        {{"custody_database_bytes", "gauge", "bytes", "The database's file."}, facts->database_bytes, put_whole},
        {{"custody_wal_bytes", "gauge", "bytes", "Its write-ahead log."}, facts->wal_bytes, put_whole},
        {{"custody_staged_bytes", "gauge", "bytes", "Contents that no statement commits to yet."},
         counts->gauges[CTY_GAUGE_STAGED_BYTES], put_whole},
    };
    static const struct family seconds = {"custody_commit_seconds", "histogram", "seconds",
                                          "How long the disk took for one transaction."};
    static const struct family entries = {"custody_commit_entries", "histogram", "entries",
                                          "Entries of one transaction."};
    CTY_TRY(put_plain(out, list, CTY_COUNT_OF(list)));
    CTY_TRY(put_histogram(out, &seconds, &counts->commit_ns, cty_commit_bounds_ns, cty_commit_bounds_ns_count,
                          put_ns));
    return put_histogram(out, &entries, &counts->commit_entries, cty_commit_bounds_entries,
                         cty_commit_bounds_entries_count, put_whole);
}

static custody_err put_doors(const struct cty_metrics_facts *facts, const struct cty_counts *counts, struct cty_buf *out)
{
    const struct plain list[] = {
        {{"custody_queue_statements", "gauge", NULL, "Statements that wait for the sequencer."},
         counts->gauges[CTY_GAUGE_QUEUED], put_whole},
        {{"custody_queue_limit", "gauge", NULL, "How many may."}, facts->queue_max, put_whole},
        {{"custody_calls", "gauge", NULL, "Messages under way."}, facts->calls, put_whole},
        {{"custody_calls_limit", "gauge", NULL, "How many may be."}, facts->calls_max, put_whole},
        {{"custody_waits", "gauge", NULL, "Calls that wait for news; they are not under way."}, facts->calls_held, put_whole},
        {{"custody_waits_limit", "gauge", NULL, "How many may."}, facts->waits_max, put_whole},
        {{"custody_messages_bytes", "gauge", "bytes", "Messages and answers in memory."}, facts->message_bytes, put_whole},
        {{"custody_connections", "gauge", NULL, "Open connections."}, facts->connections, put_whole},
        {{"custody_connections_limit", "gauge", NULL, "How many may be."}, facts->connections_max, put_whole},
        {{"custody_connections_accepted", "counter", NULL, "Connections that were taken."}, facts->accepted, put_whole},
        {{"custody_connections_refused", "counter", NULL, "Closed at once, there being too many."}, facts->refused,
         put_whole},
        {{"custody_connections_reaped", "counter", NULL, "Closed for being late, idle, or slow to take an answer."},
         facts->reaped, put_whole},
        {{"custody_connections_broken", "counter", NULL, "Closed for what they sent."}, facts->broken, put_whole},
        {{"custody_connections_greedy", "counter", NULL, "Closed for how much they held."}, facts->greedy, put_whole},
        {{"custody_sessions", "gauge", NULL, "Sessions of readers."}, counts->gauges[CTY_GAUGE_SESSIONS], put_whole},
    };
    return put_plain(out, list, CTY_COUNT_OF(list));
}

static custody_err put_http(const struct cty_http_counts *http, struct cty_buf *out)
{
    const struct plain list[] = {
        {{"custody_http_connections", "gauge", NULL, "Open connections of the HTTP door for readers."}, http->connections,
         put_whole},
        {{"custody_http_connections_limit", "gauge", NULL, "How many may be; 0 where there is no such door."},
         http->connections_max, put_whole},
        {{"custody_http_connections_accepted", "counter", NULL, "Connections that were taken."}, http->accepted, put_whole},
        {{"custody_http_connections_refused", "counter", NULL, "Closed at once, there being too many."}, http->refused,
         put_whole},
        {{"custody_http_connections_reaped", "counter", NULL, "Closed for being late."}, http->reaped, put_whole},
        {{"custody_http_answers_bytes", "gauge", "bytes", "Answers that nobody has taken yet."}, http->bytes, put_whole},
    };
    static const struct family answers = {"custody_http_answers", "counter", NULL, "Requests answered, by class of status."};
    CTY_TRY(put_plain(out, list, CTY_COUNT_OF(list)));
    CTY_TRY(put_family(out, &answers));
    for (size_t i = 1; i < CTY_COUNT_OF(http->answers); i++)
        CTY_TRY(cty_buf_putf(out, "custody_http_answers_total{status=\"%zuxx\"} %" PRIu64 "\n", i + 1, http->answers[i]));
    return CUSTODY_OK;
}

/* Each method and each code stands there from the start, so that the first of its kind is a change from 0. */
static custody_err put_answers(const struct cty_counts *counts, struct cty_buf *out)
{
    static const struct family answers = {"custody_answers", "counter", NULL, "Calls answered with a result."};
    static const struct family failures = {"custody_failures", "counter", NULL,
                                           "Calls answered with a refusal or a fault, by its code."};
    CTY_TRY(put_family(out, &answers));
    for (enum cty_rpc rpc = 0; rpc < CTY_RPC_COUNT && cty_rpc_method(rpc)->access != CTY_RPC_WITNESS; rpc++)
        CTY_TRY(cty_buf_putf(out, "custody_answers_total{method=\"%s\"} %" PRIu64 "\n", cty_rpc_method(rpc)->name,
                             counts->answers[rpc]));
    CTY_TRY(put_family(out, &failures));
    for (custody_err err = CUSTODY_OK + 1; err < CUSTODY_ERR_COUNT; err++)
        CTY_TRY(cty_buf_putf(out, "custody_failures_total{code=\"%s\"} %" PRIu64 "\n", custody_err_name(err),
                             counts->failures[err]));
    return CUSTODY_OK;
}

custody_err cty_metrics_write(const struct cty_metrics_facts *facts, struct cty_buf *out)
{
    struct cty_counts counts;
    cty_counts_get(&counts);
    CTY_TRY(put_about(facts, out));
    CTY_TRY(put_state(facts, out));
    CTY_TRY(put_ledger(facts, &counts, out));
    CTY_TRY(put_doors(facts, &counts, out));
    CTY_TRY(put_http(&facts->http, out));
    CTY_TRY(put_answers(&counts, out));
    CTY_TRY(cty_metrics_put_witnesses(facts, out));
    return cty_buf_put_text(out, "# EOF\n");
}
