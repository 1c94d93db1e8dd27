/* SPDX-License-Identifier: Apache-2.0 */
/* What workers hear of: case.news, and cases that they asked to be told of again. */
#include "vendor.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"

/* Room for a record, which is large. */
struct reading {
    struct cty_answer answer;
    struct cty_json tape;
    struct cty_rpc_case item;
    struct cty_case record;
};

static struct reading *reading_new(void)
{
    struct reading *reading = cty_alloc(1, sizeof(*reading));
    must_be(reading != NULL);
    return reading;
}

static void reading_free(struct reading *reading)
{
    cty_answer_done(&reading->answer);
    cty_json_done(&reading->tape);
    free(reading);
}

static enum cty_case_state state_named(struct cty_bytes name)
{
    for (int i = 0; i < CTY_CASE_STATE_COUNT; i++) {
        if (cty_bytes_is(name, cty_case_state_names[i]))
            return (enum cty_case_state)i;
    }
    house_fail(__FILE__, __LINE__, "a state that is none", CUSTODY_E_INTERNAL, "");
}

static void give(struct worker *worker, struct reading *reading, const struct cty_rpc_case *item,
                 const struct cty_hash *case_id, void (*each)(struct worker *worker, const struct row *row))
{
    memset(&reading->record, 0, sizeof(reading->record));
    must(cty_record_decode(&cty_shape_case, item->record, &reading->tape, &reading->record, &house_error));
    const struct row row = {.case_id = *case_id,
                            .state = state_named(item->state),
                            .may_decide = item->may_decide,
                            .offered = item->offered,
                            .record = &reading->record};
    each(worker, &row);
}

static bool is_passing(custody_err err)
{
    return err == CUSTODY_E_UNREACHABLE || err == CUSTODY_E_TIMEOUT || err == CUSTODY_E_BUSY;
}

static void read_news(struct worker *worker, struct reading *reading, enum cty_mine mine, uint64_t timeout_ms,
                      void (*each)(struct worker *worker, const struct row *row))
{
    const struct cty_rpc_params params = {
        .u.case_news = {.known = worker->known, .mine = (int)mine, .timeout_ms = timeout_ms}};
    custody_err err = cty_client_call(worker->client, CTY_RPC_CASE_NEWS, &params, &reading->answer, &house_error);
    if (is_passing(err))
        return;
    must(err);
    const struct cty_json *json = &reading->answer.message.json;
    const struct cty_json_node *list = cty_rpc_list(&reading->answer.message, &reading->answer.answer, "cases");
    for (const struct cty_json_node *node = list ? cty_json_first(json, list) : NULL; node;
         node = cty_json_after(json, list, node)) {
        memset(&reading->item, 0, sizeof(reading->item));
        must(cty_shape_decode(&cty_shape_rpc_case_row, NULL, json, node, &reading->item, &house_error));
        give(worker, reading, &reading->item, &reading->item.case_id, each);
    }
    worker->known = reading->answer.result.case_news.known;
}

static void read_case(struct worker *worker, struct reading *reading, const struct cty_hash *case_id,
                      void (*each)(struct worker *worker, const struct row *row))
{
    const struct cty_rpc_params params = {.u.case_get.case_id = *case_id};
    custody_err err = cty_client_call(worker->client, CTY_RPC_CASE_GET, &params, &reading->answer, &house_error);
    if (is_passing(err)) {
        worker_again(worker, case_id, wall_ms() + 100);
        return;
    }
    must(err);
    give(worker, reading, &reading->answer.result.case_get, case_id, each);
}

/* Those that are due, taken off the list first: looking at one may put it there again. */
static void read_again(struct worker *worker, struct reading *reading,
                       void (*each)(struct worker *worker, const struct row *row))
{
    struct again due[CTY_COUNT_OF(worker->again)];
    unsigned count = 0, kept = 0;
    uint64_t now = wall_ms();
    for (unsigned i = 0; i < worker->again_count; i++) {
        if (worker->again[i].when <= now)
            due[count++] = worker->again[i];
        else
            worker->again[kept++] = worker->again[i];
    }
    worker->again_count = kept;
    for (unsigned i = 0; i < count; i++)
        read_case(worker, reading, &due[i].case_id, each);
}

void worker_news(struct worker *worker, enum cty_mine mine, uint64_t timeout_ms,
                 void (*each)(struct worker *worker, const struct row *row))
{
    struct reading *reading = reading_new();
    read_news(worker, reading, mine, worker->again_count ? 100 : timeout_ms, each);
    read_again(worker, reading, each);
    reading_free(reading);
}

void worker_again(struct worker *worker, const struct cty_hash *case_id, uint64_t when)
{
    for (unsigned i = 0; i < worker->again_count; i++) {
        if (cty_hash_equal(&worker->again[i].case_id, case_id))
            return;
    }
    must_be(worker->again_count < CTY_COUNT_OF(worker->again));
    worker->again[worker->again_count++] = (struct again){*case_id, when};
}

/*
 * What others did meanwhile, or the clock. The entry that was in the way is news to come, so nothing is tried again here;
 * an expired deadline is in the next news too, once the custodian has recorded it.
 */
static bool is_too_late(custody_err err)
{
    static const custody_err late[] = {
        CUSTODY_E_STALE_AFTER,       CUSTODY_E_STATE_ILLEGAL,   CUSTODY_E_NO_OFFER,          CUSTODY_E_DOUBLE_ACCEPTANCE,
        CUSTODY_E_DOUBLE_OFFER,      CUSTODY_E_NOT_HOLDER,      CUSTODY_E_DEADLINE_PASSED,   CUSTODY_E_INSTANCE_MISMATCH,
        CUSTODY_E_PAYLOAD_MISMATCH,  CUSTODY_E_DUPLICATE_HUMAN, CUSTODY_E_UNDECIDED,         CUSTODY_E_CONSENT_MISSING,
        CUSTODY_E_WRONG_RECEIVER,    CUSTODY_E_NO_QUESTION,     CUSTODY_E_NO_ESCALATION,     CUSTODY_E_WRONG_ROLE,
        CUSTODY_E_AFTER_CANCELLATION, CUSTODY_E_APPROVAL_REVOKED, CUSTODY_E_HOP_ORDER,
    };
    for (size_t i = 0; i < CTY_COUNT_OF(late); i++) {
        if (err == late[i])
            return true;
    }
    return false;
}

bool worker_did(struct worker *worker, custody_err err, const custody_error *error, const char *what)
{
    if (err == CUSTODY_OK)
        return true;
    if (!is_too_late(err)) {
        fprintf(stderr, "# %s:\n", worker->name);
        house_fail(__FILE__, __LINE__, what, err, error->detail);
    }
    return false;
}
