/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of cases. There is no index by state, which would be written at every step of every case: one call looks
 * at a bounded number of rows, along the narrowest of four paths, and says where to go on.
 *
 *     requester, or holder, given    that actor's cases, block by block
 *     due_only                       cases whose deadline still runs: those that wait for somebody
 *     else                           all cases
 */
#include "base/check.h"
#include "store/inner.h"

#define STATES_MAX 32u
/* The indexes by actor are of blocks: cases that were opened at 1,024 entries that follow one another. */
#define CASE_BLOCK_BITS 10
/* What a block costs that is looked into, in rows. */
#define BLOCK_COSTS 8u

static custody_err case_altered(struct cty_query *query, uint64_t opened, const char *what)
{
    return cty_fail(query->error, CUSTODY_E_STORE_ALTERED, "the case opened at %llu: %s",
                    (unsigned long long)opened, what);
}

static custody_err case_take(struct cty_query *query, struct cty_store_case *ret_row)
{
    struct cty_store_case row;
    row.opened = cty_query_get_u64(query);
    row.case_id = cty_query_get_hash(query);
    uint64_t state = cty_query_get_u64(query);
    uint64_t due = cty_query_get_u64_or(query, UINT64_MAX);
    row.updated = cty_query_get_u64(query);
    row.requester = cty_query_get_text(query);
    row.holder = cty_query_get_text(query);
    row.service = cty_query_get_text(query);
    row.party = cty_query_get_text(query);
    CTY_TRY(cty_query_check(query));
    if (state >= STATES_MAX)
        return case_altered(query, row.opened, "no such state");
    if (due == 0)
        return case_altered(query, row.opened, "a deadline of 0");
    row.state = (unsigned)state;
    row.due = due == UINT64_MAX ? 0 : due;
    *ret_row = row;
    return CUSTODY_OK;
}

static bool has_bit(uint32_t set, unsigned bit)
{
    return (set >> bit & 1u) != 0;
}

static bool matches(const struct cty_store_case_filter *filter, const struct cty_store_case *row)
{
    bool overdue = row->due != 0 && row->due < filter->now;
    if (!has_bit(overdue ? filter->overdue : filter->in_time, row->state))
        return false;
    if (filter->due_only && row->due == 0)
        return false;
    if (filter->requester.size && !cty_bytes_equal(filter->requester, row->requester))
        return false;
    return filter->holder.size == 0 || cty_bytes_equal(filter->holder, row->holder);
}

/* A list that is under way. */
struct listing {
    struct cty_store_reader *reader;
    const struct cty_store_case_filter *filter;
    uint64_t from;
    uint64_t count;
    cty_store_case_fn *fn;
    void *context;
    custody_error *error;
    uint64_t visited;
    uint64_t given;
    uint64_t next; /* CTY_STORE_NO_CASE for as long as nothing ends it */
};

/* Lends rows until there are no more, or the list is full. */
static custody_err rows_lend(struct listing *list, struct cty_query *query)
{
    for (;; list->visited++) {
        struct cty_store_case row = {.opened = 0};
        bool there = false;
        CTY_TRY(cty_query_step(query, &there));
        if (!there)
            return CUSTODY_OK;
        CTY_TRY(case_take(query, &row));
        if (list->visited >= CTY_CASES_VISITED_MAX || list->given == list->count) {
            list->next = row.opened;
            return CUSTODY_OK;
        }
        if (!matches(list->filter, &row))
            continue;
        CTY_TRY(list->fn(list->context, &row));
        list->given++;
    }
}

static struct cty_query rows_of(struct listing *list, enum cty_sql_id id)
{
    struct cty_query query = cty_query_make(&list->reader->sql, id, list->error);
    cty_query_u64(&query, list->from);
    /* One more than is looked at: whether it is there tells whether there is more. */
    cty_query_u64(&query, CTY_CASES_VISITED_MAX + 1);
    return query;
}

static custody_err list_all(struct listing *list)
{
    enum cty_sql_id id = list->filter->due_only ? CTY_SQL_CASE_WAITING : CTY_SQL_CASE_ALL;
    CTY_CLEANUP(cty_query_done) struct cty_query query = rows_of(list, id);
    return rows_lend(list, &query);
}

static custody_err list_block(struct listing *list, enum cty_sql_id id, struct cty_bytes name, uint64_t block)
{
    CTY_CLEANUP(cty_query_done) struct cty_query query = rows_of(list, id);
    cty_query_text(&query, name);
    cty_query_u64(&query, block);
    return rows_lend(list, &query);
}

static custody_err last_block(struct listing *list, uint64_t *ret_block)
{
    CTY_CLEANUP(cty_query_done) struct cty_query query =
        cty_query_make(&list->reader->sql, CTY_SQL_CASE_LAST, list->error);
    CTY_TRY(cty_query_one(&query));
    *ret_block = cty_query_get_u64_or(&query, 0) >> CASE_BLOCK_BITS;
    return cty_query_check(&query);
}

/* Block by block. */
static custody_err list_of_actor(struct listing *list, enum cty_sql_id id, struct cty_bytes name)
{
    uint64_t last = 0;
    CTY_TRY(last_block(list, &last));
    for (uint64_t block = list->from >> CASE_BLOCK_BITS; block <= last; block++, list->visited += BLOCK_COSTS) {
        if (list->visited >= CTY_CASES_VISITED_MAX) {
            list->next = block << CASE_BLOCK_BITS;
            return CUSTODY_OK;
        }
        CTY_TRY(list_block(list, id, name, block));
        if (list->next != CTY_STORE_NO_CASE)
            return CUSTODY_OK;
    }
    return CUSTODY_OK;
}

static custody_err list_run(struct listing *list)
{
    if (list->filter->requester.size)
        return list_of_actor(list, CTY_SQL_CASE_OF_REQUESTER, list->filter->requester);
    if (list->filter->holder.size)
        return list_of_actor(list, CTY_SQL_CASE_OF_HOLDER, list->filter->holder);
    return list_all(list);
}

custody_err cty_store_walk_cases(struct cty_store_reader *reader, const struct cty_store_case_filter *filter,
                                 uint64_t from, uint64_t count, cty_store_case_fn *fn, void *context,
                                 uint64_t *ret_next, custody_error *error)
{
    struct listing list = {.reader = reader, .filter = filter, .from = from, .count = count, .fn = fn,
                           .context = context, .error = error, .next = CTY_STORE_NO_CASE};
    CTY_TRY(cty_reader_check(reader, error));
    CTY_TRY(list_run(&list));
    *ret_next = list.next;
    return CUSTODY_OK;
}

static custody_err cases_run(struct cty_query *query, cty_store_case_fn *fn, void *context)
{
    bool there = false;
    for (;;) {
        struct cty_store_case row;
        CTY_TRY(cty_query_step(query, &there));
        if (!there)
            return CUSTODY_OK;
        CTY_TRY(case_take(query, &row));
        CTY_TRY(fn(context, &row));
    }
}

custody_err cty_store_walk_updated_cases(struct cty_store_reader *reader, uint64_t from, uint64_t count,
                                         cty_store_case_fn *fn, void *context, custody_error *error)
{
    CTY_TRY(cty_reader_check(reader, error));
    CTY_CLEANUP(cty_query_done) struct cty_query query = cty_query_make(&reader->sql, CTY_SQL_CASE_UPDATED, error);
    cty_query_u64(&query, from);
    cty_query_u64(&query, count < INT64_MAX - from ? from + count : INT64_MAX);
    return cases_run(&query, fn, context);
}

custody_err cty_store_walk_due_cases(struct cty_store_reader *reader, uint64_t before, uint64_t count,
                                     cty_store_case_fn *fn, void *context, custody_error *error)
{
    CTY_TRY(cty_reader_check(reader, error));
    CTY_CLEANUP(cty_query_done) struct cty_query query = cty_query_make(&reader->sql, CTY_SQL_CASE_DUE, error);
    cty_query_u64(&query, before);
    cty_query_u64(&query, count);
    return cases_run(&query, fn, context);
}

custody_err cty_store_walk_all_cases(struct cty_store_reader *reader, cty_store_case_fn *fn, void *context,
                                     custody_error *error)
{
    CTY_TRY(cty_reader_check(reader, error));
    CTY_CLEANUP(cty_query_done) struct cty_query query = cty_query_make(&reader->sql, CTY_SQL_CASE_ALL, error);
    cty_query_u64(&query, 0);
    cty_query_u64(&query, INT64_MAX);
    return cases_run(&query, fn, context);
}

/* --- writing ----------------------------------------------------------------------------------------------- */

static void case_bind(struct cty_query *query, const struct cty_store_case *row)
{
    cty_query_u64(query, row->state);
    if (row->due)
        cty_query_u64(query, row->due);
    else
        cty_query_null(query);
    cty_query_u64(query, row->updated);
    cty_query_u64(query, row->opened);
    cty_query_hash(query, &row->case_id);
    cty_query_text(query, row->requester);
    cty_query_text(query, row->holder);
    cty_query_text(query, row->service);
    cty_query_text(query, row->party);
}

static custody_err case_run(struct cty_store *store, enum cty_sql_id id, const struct cty_store_case *row,
                            custody_error *error)
{
    CTY_CLEANUP(cty_query_done) struct cty_query query = cty_query_make(&store->view.sql, id, error);
    case_bind(&query, row);
    return cty_query_run(&query);
}

static custody_err case_put(struct cty_store *store, const struct cty_store_case *row, custody_error *error)
{
    if (row->state >= STATES_MAX)
        return cty_fail(error, CUSTODY_E_INTERNAL, "case state %u", row->state);
    CTY_TRY(case_run(store, CTY_SQL_CASE_MOVE, row, error));
    if (sqlite3_changes(store->view.sql.db) == 1)
        return CUSTODY_OK;
    return case_run(store, CTY_SQL_CASE_PUT, row, error);
}

custody_err cty_store_put_case(struct cty_store *store, const struct cty_store_case *row, custody_error *error)
{
    CTY_TRY(cty_store_check_open(store, error));
    return cty_store_fail(store, case_put(store, row, error));
}
