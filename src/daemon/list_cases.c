/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of cases: those there are (case.list), and those with something new (case.news). */
#include "base/check.h"
#include "daemon/reads.h"

/* Cases that one list reads, listed or not. CTY_CASES_VISITED_MAX bounds the rows that it passes over. */
#define CASES_READ_MAX 1024u

static custody_err add_state(struct cty_store_case_filter *filter, struct cty_bytes name, custody_error *error)
{
    for (int state = 0; state < CTY_CASE_STATE_COUNT; state++) {
        if (!cty_bytes_is(name, cty_case_state_names[state]))
            continue;
        filter->in_time |= 1u << state;
        /* What is overdue reads as another state than it has. */
        if (state == CTY_CASE_EXPIRED)
            filter->overdue |= 1u << CTY_CASE_HELD;
        else if (state == CTY_CASE_LAPSED)
            filter->overdue |= 1u << CTY_CASE_RELEASED;
        else if (state == CTY_CASE_UNREPORTED)
            filter->overdue |= 1u << CTY_CASE_CONSUMED;
        return CUSTODY_OK;
    }
    return cty_fail(error, CUSTODY_E_BAD_PARAMS, "there is no state %.*s", (int)name.size, (const char *)name.data);
}

static custody_err make_filter(const struct cty_worker *worker, const struct cty_rpc_params *params,
                               struct cty_store_case_filter *ret_filter, custody_error *error)
{
    struct cty_store_case_filter filter = {.now = worker->now};
    struct cty_bytes actor = cty_bytes_text(worker->actor);
    filter.holder = params->u.case_list.holder;
    for (uint32_t i = 0; i < params->u.case_list.state_count; i++)
        CTY_TRY(add_state(&filter, params->u.case_list.state[i], error));
    if (params->u.case_list.state_count == 0)
        filter.in_time = filter.overdue = UINT32_MAX;
    if (params->u.case_list.mine == CTY_MINE_HOLDER && filter.holder.data && !cty_bytes_equal(filter.holder, actor))
        return cty_fail(error, CUSTODY_E_BAD_PARAMS, "mine is holder, and holder is somebody else");
    switch ((enum cty_mine)params->u.case_list.mine) {
    case CTY_MINE_ANY:
        break;
    case CTY_MINE_REQUESTER:
        filter.requester = actor;
        break;
    case CTY_MINE_HOLDER:
        filter.holder = actor;
        break;
    case CTY_MINE_DECIDE:
        filter.in_time &= 1u << CTY_CASE_HELD;
        filter.overdue = 0;
        filter.due_only = true;
        break;
    case CTY_MINE_OFFERED:
        filter.in_time &= 1u << CTY_CASE_HELD | 1u << CTY_CASE_RELEASED;
        filter.overdue = 0;
        filter.due_only = true;
        break;
    }
    *ret_filter = filter;
    return CUSTODY_OK;
}

struct listing {
    struct cty_worker *worker;
    struct cty_jw jw;
    enum cty_mine mine; /* what the rows' columns don't tell */
    uint64_t count;
    uint64_t count_max;
    uint64_t visited;
    bool full;
    uint64_t next; /* the row's `opened`, or for news `updated`, at which to go on, if it is full */
    custody_error *error;
};

static void list_begin(struct listing *listing, struct cty_worker *worker, int mine, uint64_t limit,
                       custody_error *error)
{
    *listing = (struct listing){.worker = worker, .mine = (enum cty_mine)mine, .error = error,
                                .count_max = limit ? limit : CTY_LIST_MAX};
    cty_buf_clear(&worker->texts[0]);
    cty_jw_begin(&listing->jw, &worker->texts[0]);
    cty_jw_array(&listing->jw);
}

static custody_err list_end(struct listing *listing, struct cty_bytes *ret_text)
{
    cty_jw_array_end(&listing->jw);
    CTY_TRY(cty_jw_end(&listing->jw));
    *ret_text = cty_buf_bytes(&listing->worker->texts[0]);
    return CUSTODY_OK;
}

static bool is_full(const struct listing *listing)
{
    return listing->count == listing->count_max || listing->visited == CASES_READ_MAX ||
           listing->worker->texts[0].size > CTY_ANSWER_BYTES_MAX;
}

static bool waits_for_decision(const struct cty_rpc_case *item)
{
    return item->may_decide || item->blocked.data;
}

/* Adds the row where it is what the list is of. */
static custody_err list_row(struct listing *listing, const struct cty_store_case *row,
                            bool (*wanted)(const struct listing *listing, const struct cty_store_case *row,
                                           const struct cty_rpc_case *item))
{
    struct cty_worker *worker = listing->worker;
    struct cty_rpc_case item = {.updated = row->updated};
    listing->visited++;
    cty_book_reset(&worker->book);
    CTY_TRY(cty_read_case_row(worker, &row->case_id, &item, listing->error));
    if (!wanted(listing, row, &item))
        return CUSTODY_OK;
    listing->count++;
    cty_shape_encode(&cty_shape_rpc_case_row, NULL, &item, &listing->jw);
    return listing->jw.err;
}

static bool is_listed(const struct listing *listing, const struct cty_store_case *row,
                      const struct cty_rpc_case *item)
{
    (void)row;
    if (listing->mine == CTY_MINE_DECIDE)
        return waits_for_decision(item);
    return listing->mine != CTY_MINE_OFFERED || item->offered;
}

static custody_err list_case(void *context, const struct cty_store_case *row)
{
    struct listing *listing = context;
    if (listing->full)
        return CUSTODY_OK;
    if (is_full(listing)) {
        listing->full = true;
        listing->next = row->opened;
        return CUSTODY_OK;
    }
    return list_row(listing, row, is_listed);
}

/* Goes on until the answer is full, or the store has no more to show. */
static custody_err walk(struct listing *listing, const struct cty_store_case_filter *filter, uint64_t from,
                        uint64_t *ret_next)
{
    uint64_t next = from;
    while (!listing->full && next != CTY_STORE_NO_CASE) {
        uint64_t visited = listing->visited;
        CTY_TRY(cty_store_walk_cases(listing->worker->reader, filter, next, CTY_LIST_MAX, list_case, listing, &next,
                                     listing->error));
        if (visited == listing->visited)
            break; /* a long stretch of cases that are not wanted: the caller goes on from here */
    }
    *ret_next = listing->full ? listing->next : next;
    return CUSTODY_OK;
}

custody_err cty_read_case_list(struct cty_worker *worker, const struct cty_rpc_params *params,
                               union cty_rpc_result *result, custody_error *error)
{
    struct cty_store_case_filter filter;
    struct listing listing;
    uint64_t next = 0;
    CTY_TRY(make_filter(worker, params, &filter, error));
    list_begin(&listing, worker, params->u.case_list.mine, params->u.case_list.limit, error);
    CTY_TRY(walk(&listing, &filter, params->u.case_list.after + 1, &next));
    result->case_list.next = next == CTY_STORE_NO_CASE ? 0 : next - 1;
    result->case_list.size = cty_store_size(worker->reader);
    return list_end(&listing, &result->case_list.cases);
}

/* --- news --------------------------------------------------------------------------------------------------- */

static bool is_own(const struct listing *listing, const struct cty_store_case *row, enum cty_mine as)
{
    struct cty_bytes actor = cty_bytes_text(listing->worker->actor);
    if (listing->mine != CTY_MINE_ANY && listing->mine != as)
        return false;
    return cty_bytes_equal(as == CTY_MINE_HOLDER ? row->holder : row->requester, actor);
}

static bool is_held(unsigned state)
{
    return state == CTY_CASE_HELD;
}

/* Whether the record has to be looked at: most cases are somebody else's, and say so in their row. */
static bool may_be_news(const struct listing *listing, const struct cty_store_case *row)
{
    enum cty_mine mine = listing->mine;
    if (is_own(listing, row, CTY_MINE_REQUESTER) || is_own(listing, row, CTY_MINE_HOLDER))
        return true;
    if (listing->worker->is_person)
        return is_held(row->state) && (mine == CTY_MINE_ANY || mine == CTY_MINE_DECIDE);
    return (is_held(row->state) || row->state == CTY_CASE_RELEASED) &&
           (mine == CTY_MINE_ANY || mine == CTY_MINE_OFFERED);
}

static bool is_news(const struct listing *listing, const struct cty_store_case *row, const struct cty_rpc_case *item)
{
    enum cty_mine mine = listing->mine;
    if (is_own(listing, row, CTY_MINE_REQUESTER) || is_own(listing, row, CTY_MINE_HOLDER))
        return true;
    if (waits_for_decision(item) && (mine == CTY_MINE_ANY || mine == CTY_MINE_DECIDE))
        return true;
    return item->offered && (mine == CTY_MINE_ANY || mine == CTY_MINE_OFFERED);
}

static custody_err list_news(void *context, const struct cty_store_case *row)
{
    struct listing *listing = context;
    if (listing->full || !may_be_news(listing, row))
        return CUSTODY_OK;
    if (is_full(listing)) {
        listing->full = true;
        listing->next = row->updated;
        return CUSTODY_OK;
    }
    return list_row(listing, row, is_news);
}

custody_err cty_read_case_news_since(struct cty_worker *worker, uint64_t *known, bool *ret_found,
                                     custody_error *error)
{
    const struct cty_rpc_params *params = &worker->call.params;
    union cty_rpc_result *result = &worker->result;
    uint64_t size = cty_store_size(worker->reader);
    struct listing listing;
    memset(result, 0, sizeof(*result));
    if (*known < params->u.case_news.known)
        *known = params->u.case_news.known;
    uint64_t from = *known + 1, to = size;
    if (from < size && size - from > CTY_NEWS_VISITED_MAX)
        to = from + CTY_NEWS_VISITED_MAX;
    list_begin(&listing, worker, params->u.case_news.mine, params->u.case_news.limit, error);
    if (from < to)
        CTY_TRY(cty_store_walk_updated_cases(worker->reader, from, to - from, list_news, &listing, error));
    if (from < to)
        *known = (listing.full ? listing.next : to) - 1;
    *ret_found = listing.count > 0 || (from < to && *known + 1 < size);
    result->case_news.known = *known;
    return list_end(&listing, &result->case_news.cases);
}
