/* SPDX-License-Identifier: Apache-2.0 */
/* Reading one case. */
#include "base/check.h"
#include "daemon/reads.h"

/* --- how a case stands ------------------------------------------------------------------------------------- */

static custody_err read_quorum(struct cty_worker *worker, const struct cty_hash *case_id,
                               struct cty_rpc_case *result, custody_error *error)
{
    const struct cty_case *c = &worker->the_case;
    uint64_t counts[CTY_POLICIES_MAX] = {0};
    uint32_t clauses = 0;
    custody_err err;
    do
        err = cty_quorum_progress(&worker->book.view, case_id, worker->now, counts, &clauses, error);
    while (cty_book_again(&worker->book, &err, error));
    CTY_TRY(err);
    uint64_t escalated = cty_case_escalated_at(c, worker->now);
    for (uint32_t i = 0; i < clauses && i < c->quorum_count; i++)
        result->quorum[i] = (struct cty_rpc_quorum){.escalated = (escalated >> i & 1) != 0, .have = counts[i],
                                                    .needed = c->quorum[i].approvals, .scope = c->quorum[i].scope};
    result->quorum_count = c->quorum_count;
    return CUSTODY_OK;
}

/*
 * A refusal says no; a fault is one. Two refusals are of those who are asked and have to wait: they are told, and may
 * do other things than approve meanwhile.
 */
static custody_err read_may_decide(struct cty_worker *worker, const struct cty_hash *case_id,
                                   struct cty_rpc_case *result, custody_error *error)
{
    custody_err err;
    do
        err = cty_may_decide(&worker->book.view, case_id, cty_bytes_text(worker->actor), worker->now, error);
    while (cty_book_again(&worker->book, &err, error));
    result->may_decide = err == CUSTODY_OK;
    if (err == CUSTODY_E_CONSENT_MISSING || err == CUSTODY_E_OUT_OF_ORDER)
        result->blocked = cty_bytes_text(custody_err_name(err));
    return custody_err_class_get(err) == CUSTODY_CLASS_FAULT ? err : CUSTODY_OK;
}

/* Whether an offer could be answered now, and whether the reader could accept it. */
static void read_offer(const struct cty_worker *worker, struct cty_rpc_case *result)
{
    const struct cty_case *c = &worker->the_case;
    enum cty_case_state reads = cty_case_state_at(c, worker->now);
    result->offer_open = (reads == CTY_CASE_HELD || reads == CTY_CASE_RELEASED) &&
                         cty_case_offer_open(c, worker->now);
    result->offered = result->offer_open && cty_offered_to(c, cty_bytes_text(worker->actor));
}

custody_err cty_read_case_row(struct cty_worker *worker, const struct cty_hash *case_id,
                              struct cty_rpc_case *result, custody_error *error)
{
    CTY_TRY(cty_book_case(&worker->book, case_id, &worker->the_case, &result->record, error));
    result->case_id = *case_id;
    result->due = cty_case_due(&worker->the_case);
    result->state = cty_bytes_text(cty_case_state_names[cty_case_state_at(&worker->the_case, worker->now)]);
    CTY_TRY(read_quorum(worker, case_id, result, error));
    read_offer(worker, result);
    return read_may_decide(worker, case_id, result, error);
}

/* --- the entries of a case, and the contents that its reader may have --------------------------------------- */

/* Whether the reader may have contents under this name: the same for each statement of a case. */
struct answered {
    char member[32];
    bool may;
};
#define ANSWERED_MAX 16u

struct inventory {
    struct cty_worker *worker;
    const struct cty_hash *case_id;
    struct cty_jw entries;
    struct cty_jw blobs;
    struct cty_hash statement; /* whose contents are walked */
    uint64_t newest;
    bool may_read; /* the payload, and so anything at all */
    struct answered answered[ANSWERED_MAX];
    uint32_t answered_count;
    custody_error *error;
};

static custody_err ask_may_read(struct inventory *inventory, struct cty_bytes member, bool *ret_may)
{
    struct cty_worker *worker = inventory->worker;
    custody_err err;
    do
        err = cty_may_read(&worker->book.view, inventory->case_id, cty_bytes_text(worker->actor), member, worker->now,
                           inventory->error);
    while (cty_book_again(&worker->book, &err, inventory->error));
    *ret_may = err == CUSTODY_OK;
    return custody_err_class_get(err) == CUSTODY_CLASS_FAULT ? err : CUSTODY_OK;
}

static custody_err may_read(struct inventory *inventory, struct cty_bytes member, bool *ret_may)
{
    for (uint32_t i = 0; i < inventory->answered_count; i++) {
        if (cty_bytes_is(member, inventory->answered[i].member)) {
            *ret_may = inventory->answered[i].may;
            return CUSTODY_OK;
        }
    }
    CTY_TRY(ask_may_read(inventory, member, ret_may));
    struct answered *answered = &inventory->answered[inventory->answered_count];
    if (inventory->answered_count == ANSWERED_MAX || member.size >= sizeof(answered->member))
        return CUSTODY_OK;
    memcpy(answered->member, member.data, member.size);
    answered->may = *ret_may;
    inventory->answered_count++;
    return CUSTODY_OK;
}

static custody_err list_blob(void *context, const struct cty_store_blob *blob)
{
    struct inventory *inventory = context;
    bool may = false;
    CTY_TRY(may_read(inventory, blob->member, &may));
    if (!may)
        return CUSTODY_OK;
    struct cty_rpc_blob_ref ref = {blob->member, inventory->statement};
    cty_shape_encode(&cty_shape_rpc_blob_ref, NULL, &ref, &inventory->blobs);
    return inventory->blobs.err;
}

static custody_err list_entry(void *context, const struct cty_store_entry *entry)
{
    struct inventory *inventory = context;
    struct cty_worker *worker = inventory->worker;
    cty_jw_u64(&inventory->entries, entry->index);
    CTY_TRY(inventory->entries.err);
    inventory->newest = entry->index;
    if (!inventory->may_read)
        return CUSTODY_OK;
    CTY_TRY(cty_entry_parse(entry->body, &worker->parsed, inventory->error));
    inventory->statement = worker->parsed.signed_statement.digest;
    cty_statement_cases_put(&worker->service->statement_cases, &inventory->statement, inventory->case_id);
    return cty_store_walk_statement_blobs(worker->reader, &inventory->statement, false, list_blob, inventory,
                                          inventory->error);
}

static custody_err read_inventory(struct inventory *inventory, struct cty_rpc_case *result)
{
    struct cty_worker *worker = inventory->worker;
    cty_buf_clear(&worker->texts[0]);
    cty_buf_clear(&worker->texts[1]);
    cty_jw_begin(&inventory->entries, &worker->texts[0]);
    cty_jw_begin(&inventory->blobs, &worker->texts[1]);
    cty_jw_array(&inventory->entries);
    cty_jw_array(&inventory->blobs);
    CTY_TRY(cty_store_walk_case_entries(worker->reader, worker->the_case.opened, true, list_entry, inventory,
                                        inventory->error));
    cty_jw_array_end(&inventory->entries);
    cty_jw_array_end(&inventory->blobs);
    CTY_TRY(cty_jw_end(&inventory->entries));
    CTY_TRY(cty_jw_end(&inventory->blobs));
    result->entries = cty_buf_bytes(&worker->texts[0]);
    result->blobs = cty_buf_bytes(&worker->texts[1]);
    return CUSTODY_OK;
}

custody_err cty_read_case(struct cty_worker *worker, const struct cty_hash *case_id, struct cty_rpc_case *result,
                          uint64_t *ret_newest, custody_error *error)
{
    struct cty_store_mark mark;
    struct inventory inventory = {.worker = worker, .case_id = case_id, .error = error};
    CTY_TRY(cty_read_case_row(worker, case_id, result, error));
    CTY_TRY(cty_read_note(worker, &mark, &result->checkpoint, error));
    CTY_TRY(may_read(&inventory, CTY_LITERAL("payload"), &inventory.may_read));
    CTY_TRY(read_inventory(&inventory, result));
    *ret_newest = inventory.newest;
    return CUSTODY_OK;
}

custody_err cty_read_case_get(struct cty_worker *worker, const struct cty_rpc_params *params,
                              union cty_rpc_result *result, custody_error *error)
{
    uint64_t newest = 0;
    return cty_read_case(worker, &params->u.case_get.case_id, &result->case_get, &newest, error);
}

static custody_err note_index(void *context, const struct cty_store_case *row)
{
    uint64_t *newest = context;
    *newest = row->updated;
    return CUSTODY_OK;
}

custody_err cty_read_case_news(struct cty_worker *worker, const struct cty_hash *case_id, uint64_t *ret_newest,
                               enum cty_case_state *ret_state, uint64_t *ret_due, custody_error *error)
{
    struct cty_store_case_filter any = {.in_time = UINT32_MAX, .overdue = UINT32_MAX, .now = worker->now};
    struct cty_bytes text;
    uint64_t next = 0;
    CTY_TRY(cty_book_case(&worker->book, case_id, &worker->the_case, &text, error));
    *ret_state = cty_case_state_at(&worker->the_case, worker->now);
    *ret_due = cty_case_due(&worker->the_case);
    /* Its deadline has passed already: it reads so since, and nothing more comes of the clock. */
    if (*ret_due != 0 && worker->now > *ret_due)
        *ret_due = 0;
    return cty_store_walk_cases(worker->reader, &any, worker->the_case.opened, 1, note_index, ret_newest, &next,
                                error);
}
