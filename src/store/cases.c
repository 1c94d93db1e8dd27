/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of cases. There is no index by state, which would be written at every step of every case: one call looks
 * at a bounded number of rows, along the narrowest of four paths, and says where to go on.
 *
 *     requester, or holder, given    that actor's cases
 *     due_only                       cases whose deadline still runs: those that wait for somebody
 *     else                           all cases
 */
#include "base/check.h"
#include "store/inner.h"

#define STATES_MAX 32u

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

static struct cty_query path_of(struct cty_store_reader *reader, const struct cty_store_case_filter *filter,
                                uint64_t from, custody_error *error)
{
    enum cty_sql_id id = CTY_SQL_CASE_ALL;
    struct cty_bytes name = {NULL, 0};
    if (filter->requester.size) {
        id = CTY_SQL_CASE_OF_REQUESTER;
        name = filter->requester;
    } else if (filter->holder.size) {
        id = CTY_SQL_CASE_OF_HOLDER;
        name = filter->holder;
    } else if (filter->due_only) {
        id = CTY_SQL_CASE_WAITING;
    }
    struct cty_query query = cty_query_make(&reader->sql, id, error);
    cty_query_u64(&query, from);
    /* One more than is looked at: whether it is there tells whether there is more. */
    cty_query_u64(&query, CTY_CASES_VISITED_MAX + 1);
    if (name.size)
        cty_query_text(&query, name);
    return query;
}

custody_err cty_store_walk_cases(struct cty_store_reader *reader, const struct cty_store_case_filter *filter,
                                 uint64_t from, uint64_t count, cty_store_case_fn *fn, void *context,
                                 uint64_t *ret_next, custody_error *error)
{
    CTY_TRY(cty_reader_check(reader, error));
    CTY_CLEANUP(cty_query_done) struct cty_query query = path_of(reader, filter, from, error);
    uint64_t given = 0;
    for (uint64_t visited = 0;; visited++) {
        struct cty_store_case row = {.opened = 0};
        bool there = false;
        CTY_TRY(cty_query_step(&query, &there));
        if (!there)
            break;
        CTY_TRY(case_take(&query, &row));
        if (visited == CTY_CASES_VISITED_MAX || given == count) {
            *ret_next = row.opened;
            return CUSTODY_OK;
        }
        if (!matches(filter, &row))
            continue;
        CTY_TRY(fn(context, &row));
        given++;
    }
    *ret_next = CTY_STORE_NO_CASE;
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
