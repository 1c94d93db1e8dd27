/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who stands on which checkpoint. The only names among all numbers: a policy's, which is public (spec/metrics.md).
 */
#include <inttypes.h>

#include "daemon/metrics.h"

struct family {
    const char *name;
    const char *type;
    const char *help;
};

static custody_err put_family(struct cty_buf *out, const struct family *family)
{
    return cty_buf_putf(out, "# TYPE %s %s\n# HELP %s %s\n", family->name, family->type, family->name, family->help);
}

/* A label's value: a policy's names are any octets but blanks. */
static custody_err put_label(struct cty_buf *out, struct cty_bytes name)
{
    for (size_t i = 0; i < name.size; i++) {
        uint8_t byte = name.data[i];
        if (byte == '"' || byte == '\\')
            CTY_TRY(cty_buf_put_byte(out, '\\'));
        CTY_TRY(cty_buf_put_byte(out, byte > ' ' && byte < 0x7f ? byte : '?'));
    }
    return CUSTODY_OK;
}

static custody_err put_sample(struct cty_buf *out, const char *family, struct cty_bytes name, uint64_t value)
{
    CTY_TRY(cty_buf_putf(out, "%s{witness=\"", family));
    CTY_TRY(put_label(out, name));
    return cty_buf_putf(out, "\"} %" PRIu64 "\n", value);
}

static uint64_t behind(uint64_t is, uint64_t was)
{
    return is > was ? is - was : 0;
}

/* What one number of each witness is. */
static uint64_t value_of(const struct cty_metrics_facts *facts, const struct cty_witness_seat *seat, size_t which)
{
    switch (which) {
    case 0:
        return seat->size < facts->entries;
    case 1:
        return behind(facts->entries, seat->size);
    case 2:
        return behind(facts->now_ms, seat->time_ms) / 1000;
    default:
        return (uint64_t)seat->state;
    }
}

static custody_err put_each(const struct cty_metrics_facts *facts, struct cty_buf *out)
{
    static const struct family families[] = {
        {"custody_witness_missing", "gauge", "1 where the witness does not stand on the newest checkpoint."},
        {"custody_witness_lag_entries", "gauge", "Entries that came since the newest checkpoint that it cosigned."},
        {"custody_witness_age_seconds", "gauge", "Since its newest cosignature, by its clock; since 1970 where there is none."},
        {"custody_witness_state", "gauge", "0 ok, 1 behind, 2 silent, 3 refuses, 4 conflict."},
    };
    for (size_t which = 0; which < sizeof(families) / sizeof(families[0]); which++) {
        CTY_TRY(put_family(out, &families[which]));
        for (uint32_t i = 0; i < facts->policy->count; i++) {
            if (!facts->policy->nodes[i].is_group)
                CTY_TRY(put_sample(out, families[which].name, facts->policy->nodes[i].name,
                                   value_of(facts, &facts->witnesses->seats[i], which)));
        }
    }
    return CUSTODY_OK;
}

static custody_err put_whole(const struct cty_metrics_facts *facts, struct cty_buf *out)
{
    static const struct family lag = {"custody_quorum_lag_entries", "gauge",
                                      "Entries that came since the newest checkpoint that meets the policy."};
    static const struct family age = {"custody_quorum_age_seconds", "gauge",
                                      "Since its quorum was complete; since 1970 where there is none."};
    static const struct family restarts = {"custody_courier_restarts", "counter", "How often the courier was started again."};
    const struct cty_witnesses_view *view = facts->witnesses;
    CTY_TRY(put_family(out, &lag));
    CTY_TRY(cty_buf_putf(out, "%s %" PRIu64 "\n", lag.name, behind(facts->entries, view->quorum_size)));
    CTY_TRY(put_family(out, &age));
    CTY_TRY(cty_buf_putf(out, "%s %" PRIu64 "\n", age.name, behind(facts->now_ms / 1000, view->quorum_time_s)));
    CTY_TRY(put_family(out, &restarts));
    return cty_buf_putf(out, "%s_total %" PRIu64 "\n", restarts.name, view->couriers ? view->couriers - 1 : 0);
}

custody_err cty_metrics_put_witnesses(const struct cty_metrics_facts *facts, struct cty_buf *out)
{
    static const struct family submissions = {"custody_submissions", "counter",
                                              "Checkpoints submitted to witnesses, by what came of it."};
    if (!facts->policy)
        return CUSTODY_OK;
    CTY_TRY(put_each(facts, out));
    CTY_TRY(put_whole(facts, out));
    CTY_TRY(put_family(out, &submissions));
    for (size_t i = 0; i < CTY_SUBMITTED_COUNT; i++)
        CTY_TRY(cty_buf_putf(out, "%s_total{outcome=\"%s\"} %" PRIu64 "\n", submissions.name, cty_submitted_names[i],
                             facts->witnesses->submitted[i]));
    return CUSTODY_OK;
}
