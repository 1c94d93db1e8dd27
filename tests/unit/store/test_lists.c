/* SPDX-License-Identifier: Apache-2.0 */
/* Lists: paging, filters, deadlines, prefixes; and that none reads without bound. */
#include "desk.h"

#include <sqlite3.h>

#include "base/limits.h"
#include "store/sql.h"
#include "unit/support.h"

static struct desk desk;

static int setup(void **state)
{
    (void)state;
    desk_make(&desk);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    desk_remove(&desk);
    return 0;
}

/* Collects the indices that a walk lends. */
struct list {
    uint64_t items[512];
    size_t count;
    size_t stop_at; /* 0: never */
    size_t bytes;
};

static custody_err collect(struct list *list, uint64_t item)
{
    assert_true(list->count < CTY_COUNT_OF(list->items));
    list->items[list->count++] = item;
    return list->count == list->stop_at ? CUSTODY_E_CANCELLED_WAIT : CUSTODY_OK;
}

static custody_err collect_entry(void *context, const struct cty_store_entry *entry)
{
    struct list *list = context;
    list->bytes += entry->body.size;
    return collect(list, entry->index);
}

static custody_err collect_case(void *context, const struct cty_store_case *row)
{
    return collect(context, row->opened);
}

static void expect_list(const struct list *list, const uint64_t *items, size_t count)
{
    assert_int_equal(list->count, count);
    for (size_t i = 0; i < count; i++)
        assert_true(list->items[i] == items[i]);
}
#define EXPECT(list, ...)                                                                              \
    do {                                                                                               \
        static const uint64_t items_[] = {UINT64_MAX, __VA_ARGS__};                                    \
        expect_list(list, items_ + 1, CTY_COUNT_OF(items_) - 1);                                       \
    } while (0)

/* --- entries ----------------------------------------------------------------------------------------------- */

static void entries_by_range_case_and_class(void **state)
{
    (void)state;
    struct cty_store *store = desk_create(&desk);
    struct cty_store_reader *view = cty_store_view(store);
    struct list list = {.count = 0};
    assert_ok(desk_append(store, 14));
    assert_ok(cty_store_walk_entries(view, 5, 3, collect_entry, &list, NULL));
    EXPECT(&list, 5, 6, 7);
    list = (struct list){.count = 0};
    assert_ok(cty_store_walk_entries(view, 12, 100, collect_entry, &list, NULL));
    EXPECT(&list, 12, 13);
    list = (struct list){.count = 0};
    assert_ok(cty_store_walk_entries(view, 14, 100, collect_entry, &list, NULL));
    assert_ok(cty_store_walk_entries(view, 0, 0, collect_entry, &list, NULL));
    assert_int_equal(list.count, 0);
    assert_ok(cty_store_walk_case_entries(view, 5, true, collect_entry, &list, NULL));
    EXPECT(&list, 5, 6, 7);
    assert_true(list.bytes > 3);
    list = (struct list){.count = 0};
    assert_ok(cty_store_walk_case_entries(view, 13, false, collect_entry, &list, NULL));
    assert_ok(cty_store_walk_case_entries(view, 6, false, collect_entry, &list, NULL));
    EXPECT(&list, 13);
    assert_int_equal(list.bytes, 0);
    list = (struct list){.count = 0};
    assert_ok(cty_store_walk_trust_entries(view, 1, 2, true, collect_entry, &list, NULL));
    EXPECT(&list, 4, 8);
    assert_true(list.bytes > 0);
    list = (struct list){.count = 0};
    assert_ok(cty_store_walk_trust_entries(view, 4, UINT64_MAX, false, collect_entry, &list, NULL));
    EXPECT(&list, 4, 8, 12);
    assert_int_equal(list.bytes, 0);
    cty_store_close(store);
}

static void a_callback_ends_its_walk(void **state)
{
    (void)state;
    struct cty_store *store = desk_create(&desk);
    struct cty_store_reader *view = cty_store_view(store);
    struct list list = {.stop_at = 2};
    assert_ok(desk_append(store, 14));
    assert_refused(cty_store_walk_entries(view, 3, 9, collect_entry, &list, NULL), "wait-interrupted");
    EXPECT(&list, 3, 4);
    /* And leaves nothing behind that would hinder the next. */
    list = (struct list){.count = 0};
    assert_ok(cty_store_walk_entries(view, 3, 1, collect_entry, &list, NULL));
    assert_ok(desk_append(store, 1));
    cty_store_close(store);
}

struct nested {
    struct cty_store_reader *reader;
    struct list inner;
};

static custody_err walk_within(void *context, const struct cty_store_entry *entry)
{
    struct nested *nested = context;
    CTY_CLEANUP(cty_buf_done) struct cty_buf body = CTY_BUF_INIT(CTY_ENTRY_BYTES_MAX);
    assert_ok(cty_store_read_entry(nested->reader, entry->index, &body, NULL));
    assert_ok(cty_store_walk_case_entries(nested->reader, entry->index, false, collect_entry, &nested->inner, NULL));
    assert_refused(cty_store_walk_entries(nested->reader, 0, 1, collect_entry, &nested->inner, NULL), "internal");
    return CUSTODY_OK;
}

static void walks_nest_in_others(void **state)
{
    (void)state;
    struct cty_store *store = desk_create(&desk);
    struct nested nested = {.reader = cty_store_view(store)};
    assert_ok(desk_append(store, 8));
    assert_ok(cty_store_walk_entries(nested.reader, 0, 8, walk_within, &nested, NULL));
    EXPECT(&nested.inner, 1, 2, 3, 5, 6, 7);
    cty_store_close(store);
}

/* --- records ----------------------------------------------------------------------------------------------- */

struct texts {
    char joined[256];
};

static custody_err collect_key(void *context, const struct cty_store_record *record)
{
    struct texts *texts = context;
    size_t used = strlen(texts->joined);
    (void)snprintf(texts->joined + used, sizeof(texts->joined) - used, "%.*s ", (int)record->key.size,
                   (const char *)record->key.data);
    return CUSTODY_OK;
}

static void expect_records(struct cty_store_reader *reader, const char *prefix, const char *after, uint64_t count,
                           const char *expected)
{
    struct texts texts = {{0}};
    assert_ok(cty_store_walk_records(reader, cty_bytes_text(prefix), cty_bytes_text(after), count, collect_key,
                                     &texts, NULL));
    assert_string_equal(texts.joined, expected);
}

static void records_by_prefix_and_page(void **state)
{
    (void)state;
    static const char *const keys[] = {"actor/b", "actor/a", "actor", "actor/", "actor0", "actors/x", "party/a", "a",
                                       "actor/\x7f", "actor/a/b"};
    struct cty_store *store = desk_create(&desk);
    struct cty_store_reader *view = cty_store_view(store);
    assert_ok(cty_store_begin(store, NULL));
    for (size_t i = 0; i < CTY_COUNT_OF(keys); i++) {
        struct cty_store_record record = {cty_bytes_text(keys[i]), CTY_LITERAL("{}")};
        assert_ok(cty_store_put_record(store, &record, NULL));
    }
    assert_ok(cty_store_commit(store, NULL));
    expect_records(view, "actor/", "", 100, "actor/ actor/a actor/a/b actor/b actor/\x7f ");
    expect_records(view, "actor/", "", 2, "actor/ actor/a ");
    expect_records(view, "actor/", "actor/a", 2, "actor/a/b actor/b ");
    expect_records(view, "actor/", "actor/aa", 1, "actor/b ");
    expect_records(view, "actor/", "actor/\x7f", 9, "");
    expect_records(view, "actor/", "a", 1, "actor/ ");
    expect_records(view, "actor/", "party", 9, "");
    expect_records(view, "party/", "", 9, "party/a ");
    expect_records(view, "nobody/", "", 9, "");
    expect_records(view, "", "", 3, "a actor actor/ ");
    expect_records(view, "", "actors/x", 3, "party/a ");
    expect_records(view, "", "", 0, "");
    cty_store_close(store);
}

static void a_record_is_replaced(void **state)
{
    (void)state;
    CTY_CLEANUP(cty_buf_done) struct cty_buf value = CTY_BUF_INIT(16384);
    CTY_CLEANUP(cty_buf_done) struct cty_buf large = CTY_BUF_INIT(16384);
    struct cty_store *store = desk_create(&desk);
    struct cty_store_record record = {CTY_LITERAL("case/x"), CTY_LITERAL("")};
    for (size_t i = 0; i < 9000; i++)
        assert_ok(cty_buf_put_byte(&large, (uint8_t)('a' + i % 26)));
    for (size_t size = 0; size <= 9000; size += 1500) {
        assert_ok(cty_store_begin(store, NULL));
        record.value = cty_bytes_make(large.data, 9000 - size);
        assert_ok(cty_store_put_record(store, &record, NULL));
        assert_ok(cty_store_commit(store, NULL));
        cty_buf_clear(&value);
        assert_ok(cty_store_read_record(cty_store_view(store), record.key, &value, NULL));
        assert_true(cty_bytes_equal(cty_buf_bytes(&value), record.value));
    }
    cty_store_close(store);
}

/* --- cases ------------------------------------------------------------------------------------------------- */

#define STATE_BIT(state) (1u << (state))

static void put_case(struct cty_store *store, uint64_t opened, unsigned case_state, uint64_t due,
                     const char *requester, const char *holder)
{
    struct cty_store_case row = {.opened = opened, .case_id = desk_hash("case", opened), .state = case_state,
                                 .due = due, .updated = opened, .requester = cty_bytes_text(requester),
                                 .holder = cty_bytes_text(holder), .service = CTY_LITERAL("payments"),
                                 .party = CTY_LITERAL("acme")};
    assert_ok(cty_store_put_case(store, &row, NULL));
}

/* Eight cases: opened, state, deadline, requester, holder. */
static struct cty_store *store_with_cases(void)
{
    struct cty_store *store = desk_create(&desk);
    assert_ok(cty_store_begin(store, NULL));
    put_case(store, 10, 1, 500, "a", "a");
    put_case(store, 20, 1, 100, "a", "b");
    put_case(store, 30, 3, 500, "b", "b");
    put_case(store, 40, 7, 0, "b", "a");
    put_case(store, 50, 10, 0, "a", "a");
    put_case(store, 60, 3, 100, "a", "b");
    put_case(store, 70, 1, 300, "b", "a");
    put_case(store, 80, 0, 0, "a", "a");
    assert_ok(cty_store_commit(store, NULL));
    return store;
}

static void list_cases(struct cty_store *store, const struct cty_store_case_filter *filter, struct list *list)
{
    uint64_t next = 0;
    *list = (struct list){.count = 0};
    assert_ok(cty_store_walk_cases(cty_store_view(store), filter, 0, 100, collect_case, list, &next, NULL));
    assert_true(next == CTY_STORE_NO_CASE);
}

static void cases_by_state_and_deadline(void **state)
{
    (void)state;
    struct cty_store *store = store_with_cases();
    struct list list;
    struct cty_store_case_filter all = {.in_time = UINT32_MAX, .overdue = UINT32_MAX, .now = 300};
    list_cases(store, &all, &list);
    EXPECT(&list, 10, 20, 30, 40, 50, 60, 70, 80);
    struct cty_store_case_filter held = {.in_time = STATE_BIT(1), .now = 300};
    list_cases(store, &held, &list);
    EXPECT(&list, 10, 70); /* 300 is in time at 300 */
    held.now = 301;
    list_cases(store, &held, &list);
    EXPECT(&list, 10);
    struct cty_store_case_filter expired = {.in_time = STATE_BIT(7), .overdue = STATE_BIT(1), .now = 301};
    list_cases(store, &expired, &list);
    EXPECT(&list, 20, 40, 70);
    struct cty_store_case_filter none = {.now = 300};
    list_cases(store, &none, &list);
    assert_int_equal(list.count, 0);
    all.due_only = true;
    list_cases(store, &all, &list);
    EXPECT(&list, 10, 20, 30, 60, 70);
    cty_store_close(store);
}

static void cases_by_requester_and_holder(void **state)
{
    (void)state;
    struct cty_store *store = store_with_cases();
    struct list list;
    struct cty_store_case_filter filter = {.in_time = UINT32_MAX, .overdue = UINT32_MAX, .now = 300};
    filter.requester = CTY_LITERAL("b");
    list_cases(store, &filter, &list);
    EXPECT(&list, 30, 40, 70);
    filter.due_only = true;
    list_cases(store, &filter, &list);
    EXPECT(&list, 30, 70);
    filter.holder = CTY_LITERAL("a");
    list_cases(store, &filter, &list);
    EXPECT(&list, 70);
    filter.due_only = false;
    filter.requester = CTY_LITERAL("");
    list_cases(store, &filter, &list);
    EXPECT(&list, 10, 40, 50, 70, 80);
    filter.holder = CTY_LITERAL("c");
    list_cases(store, &filter, &list);
    assert_int_equal(list.count, 0);
    cty_store_close(store);
}

static void cases_by_page(void **state)
{
    (void)state;
    struct cty_store *store = store_with_cases();
    struct cty_store_case_filter filter = {.in_time = UINT32_MAX, .overdue = UINT32_MAX, .now = 300};
    static const char *const requesters[] = {"", "a", "b"};
    static const size_t expected[] = {8, 5, 3};
    for (size_t who = 0; who < CTY_COUNT_OF(requesters); who++) {
        filter.requester = cty_bytes_text(requesters[who]);
        for (uint64_t count = 1; count < 10; count++) {
            struct list list = {.count = 0};
            uint64_t from = 0;
            while (from != CTY_STORE_NO_CASE) {
                size_t before = list.count;
                assert_ok(cty_store_walk_cases(cty_store_view(store), &filter, from, count, collect_case, &list,
                                               &from, NULL));
                assert_true(list.count - before <= count);
            }
            assert_int_equal(list.count, expected[who]);
            for (size_t i = 1; i < list.count; i++)
                assert_true(list.items[i - 1] < list.items[i]);
        }
    }
    cty_store_close(store);
}

/* Collects all pages of `count`; how many calls it took. */
static unsigned list_pages(struct cty_store *store, const struct cty_store_case_filter *filter, uint64_t from,
                           uint64_t count, struct list *list)
{
    unsigned calls = 0;
    *list = (struct list){.count = 0};
    for (; from != CTY_STORE_NO_CASE; calls++)
        assert_ok(cty_store_walk_cases(cty_store_view(store), filter, from, count, collect_case, list, &from, NULL));
    return calls;
}

#define BLOCK 1024u /* of the indexes by actor */

/* Cases of an actor lie in blocks that others fill, at their edges too, and some were handed to and from others. */
static void cases_of_an_actor_in_many_blocks(void **state)
{
    (void)state;
    struct cty_store *store = desk_create(&desk);
    struct cty_store_case_filter filter = {.in_time = UINT32_MAX, .overdue = UINT32_MAX, .now = 300};
    struct list list;
    assert_ok(cty_store_begin(store, NULL));
    for (uint64_t i = 0; i < 9 * BLOCK; i += 7)
        put_case(store, i, 1, 500, "x", "x");
    put_case(store, BLOCK - 1, 1, 500, "a", "a");
    put_case(store, BLOCK, 1, 500, "a", "b");
    put_case(store, BLOCK + 2, 1, 500, "b", "a");
    put_case(store, 5 * BLOCK - 1, 1, 500, "b", "a");
    put_case(store, 5 * BLOCK + 3, 1, 500, "a", "a");
    put_case(store, 9 * BLOCK + 1, 1, 500, "b", "b");
    assert_ok(cty_store_commit(store, NULL));
    for (uint64_t count = 1; count < 6; count++) {
        filter.requester = CTY_LITERAL("a");
        filter.holder = CTY_LITERAL("");
        (void)list_pages(store, &filter, 0, count, &list);
        EXPECT(&list, BLOCK - 1, BLOCK, 5 * BLOCK + 3);
        (void)list_pages(store, &filter, BLOCK, count, &list);
        EXPECT(&list, BLOCK, 5 * BLOCK + 3);
        filter.requester = CTY_LITERAL("");
        filter.holder = CTY_LITERAL("a");
        (void)list_pages(store, &filter, 0, count, &list);
        EXPECT(&list, BLOCK - 1, BLOCK + 2, 5 * BLOCK - 1, 5 * BLOCK + 3);
        (void)list_pages(store, &filter, BLOCK + 3, count, &list);
        EXPECT(&list, 5 * BLOCK - 1, 5 * BLOCK + 3);
        filter.holder = CTY_LITERAL("b");
        (void)list_pages(store, &filter, 0, count, &list);
        EXPECT(&list, BLOCK, 9 * BLOCK + 1);
    }
    filter.holder = CTY_LITERAL("nobody");
    assert_int_equal(list_pages(store, &filter, 0, 1, &list), 1);
    assert_int_equal(list_pages(store, &filter, 10 * BLOCK, 1, &list), 1);
    assert_int_equal(list_pages(store, &filter, INT64_MAX, 1, &list), 1);
    assert_int_equal(list.count, 0);
    cty_store_close(store);
}

/* Blocks without a case of the actor count as rows that are looked at. */
static void one_call_looks_at_so_many_blocks(void **state)
{
    (void)state;
    struct cty_store *store = desk_create(&desk);
    struct cty_store_case_filter filter = {.in_time = UINT32_MAX, .overdue = UINT32_MAX, .now = 300};
    struct list list = {.count = 0};
    uint64_t next = 0, blocks = CTY_CASES_VISITED_MAX / 8, far = 2 * blocks * BLOCK;
    filter.holder = CTY_LITERAL("a");
    assert_ok(cty_store_begin(store, NULL));
    put_case(store, 5, 1, 500, "a", "a");
    put_case(store, far, 1, 500, "x", "a");
    assert_ok(cty_store_commit(store, NULL));
    assert_ok(cty_store_walk_cases(cty_store_view(store), &filter, 0, 9, collect_case, &list, &next, NULL));
    EXPECT(&list, 5);
    assert_true(next == blocks * BLOCK);
    assert_int_equal(list_pages(store, &filter, next, 9, &list), 2);
    assert_int_equal(list.count, 1);
    assert_true(list.items[0] == far);
    cty_store_close(store);
}

static void cases_that_are_due(void **state)
{
    (void)state;
    struct cty_store *store = store_with_cases();
    struct cty_store_reader *view = cty_store_view(store);
    struct list list = {.count = 0};
    assert_ok(cty_store_walk_due_cases(view, 100, 10, collect_case, &list, NULL));
    assert_int_equal(list.count, 0);
    assert_ok(cty_store_walk_due_cases(view, 301, 10, collect_case, &list, NULL));
    EXPECT(&list, 20, 60, 70);
    list = (struct list){.count = 0};
    assert_ok(cty_store_walk_due_cases(view, UINT64_MAX, 2, collect_case, &list, NULL));
    EXPECT(&list, 20, 60);
    cty_store_close(store);
}

static void cases_by_their_newest_entry(void **state)
{
    (void)state;
    struct cty_store *store = desk_create(&desk);
    struct cty_store_reader *view = cty_store_view(store);
    struct list list = {.count = 0};
    assert_ok(desk_append(store, 15)); /* the newest entries of 1, 5 and 9 are 3, 7 and 11; that of 13 is 14 */
    assert_ok(cty_store_walk_updated_cases(view, 0, 15, collect_case, &list, NULL));
    EXPECT(&list, 1, 5, 9, 13);
    list = (struct list){.count = 0};
    assert_ok(cty_store_walk_updated_cases(view, 4, 3, collect_case, &list, NULL));
    assert_int_equal(list.count, 0);
    assert_ok(cty_store_walk_updated_cases(view, 4, 4, collect_case, &list, NULL));
    EXPECT(&list, 5);
    list = (struct list){.count = 0};
    assert_ok(cty_store_walk_updated_cases(view, 11, UINT64_MAX >> 1, collect_case, &list, NULL));
    EXPECT(&list, 9, 13);
    list = (struct list){.count = 0};
    assert_ok(cty_store_walk_updated_cases(view, INT64_MAX, UINT64_MAX, collect_case, &list, NULL));
    assert_int_equal(list.count, 0);
    cty_store_close(store);
}

/* Every column of a row can change, and the indexes with it. */
static void a_case_moves(void **state)
{
    (void)state;
    struct cty_store *store = store_with_cases();
    struct cty_store_case_filter filter = {.in_time = UINT32_MAX, .overdue = UINT32_MAX, .now = 300};
    struct list list;
    assert_ok(cty_store_begin(store, NULL));
    put_case(store, 20, 9, 0, "a", "b");   /* final */
    put_case(store, 30, 1, 200, "b", "c"); /* handed on */
    assert_ok(cty_store_commit(store, NULL));
    filter.due_only = true;
    list_cases(store, &filter, &list);
    EXPECT(&list, 10, 30, 60, 70);
    filter.due_only = false;
    filter.holder = CTY_LITERAL("c");
    list_cases(store, &filter, &list);
    EXPECT(&list, 30);
    filter.holder = CTY_LITERAL("b");
    list_cases(store, &filter, &list);
    EXPECT(&list, 20, 60);
    list = (struct list){.count = 0};
    assert_ok(cty_store_walk_due_cases(cty_store_view(store), 400, 10, collect_case, &list, NULL));
    EXPECT(&list, 60, 30, 70);
    cty_store_close(store);
}

static void one_call_looks_at_so_many_rows(void **state)
{
    (void)state;
    struct cty_store *store = desk_create(&desk);
    struct cty_store_case_filter filter = {.in_time = STATE_BIT(5), .now = 300};
    struct list list = {.count = 0};
    uint64_t next = 0;
    assert_ok(cty_store_begin(store, NULL));
    for (uint64_t i = 0; i < CTY_CASES_VISITED_MAX + 3; i++)
        put_case(store, i, i < CTY_CASES_VISITED_MAX ? 4 : 5, 0, "a", "a");
    assert_ok(cty_store_commit(store, NULL));
    assert_ok(cty_store_walk_cases(cty_store_view(store), &filter, 1, 10, collect_case, &list, &next, NULL));
    EXPECT(&list, CTY_CASES_VISITED_MAX); /* the last that it looked at */
    assert_int_equal(next, CTY_CASES_VISITED_MAX + 1);
    assert_ok(cty_store_walk_cases(cty_store_view(store), &filter, next, 10, collect_case, &list, &next, NULL));
    EXPECT(&list, CTY_CASES_VISITED_MAX, CTY_CASES_VISITED_MAX + 1, CTY_CASES_VISITED_MAX + 2);
    assert_true(next == CTY_STORE_NO_CASE);
    cty_store_close(store);
}

static void an_unlawful_row_is_refused(void **state)
{
    (void)state;
    static const char *const statements[] = {
        "UPDATE escrow SET state = 32 WHERE opened = 50",
        "UPDATE escrow SET state = -1 WHERE opened = 50",
        "UPDATE escrow SET due = 0 WHERE opened = 50",
        "UPDATE escrow SET due = -1 WHERE opened = 50",
        "UPDATE escrow SET case_id = x'00' WHERE opened = 50",
    };
    for (size_t i = 0; i < CTY_COUNT_OF(statements); i++) {
        cty_store_close(store_with_cases());
        desk_tamper(&desk, statements[i]);
        struct cty_store *store = desk_open(&desk);
        struct list list = {.count = 0};
        assert_refused(cty_store_walk_all_cases(cty_store_view(store), collect_case, &list, NULL), "store-altered");
        EXPECT(&list, 10, 20, 30, 40);
        cty_store_close(store);
        desk_remove(&desk);
        desk_make(&desk);
    }
}

/* --- plans ------------------------------------------------------------------------------------------------- */

/* What may read a table from end to end: the auditor's walks, and the handful of staged rows. */
static bool may_scan(enum cty_sql_id id)
{
    switch ((int)id) {
    case CTY_SQL_SETTINGS:
    case CTY_SQL_BLOB_ALL:
    case CTY_SQL_TILE_ALL:
    case CTY_SQL_CHECKPOINT_ALL:
    case CTY_SQL_CHECKPOINT_NEWEST: /* from the end, one row */
    case CTY_SQL_STAGED_ALL:
    case CTY_SQL_STAGED_OLDEST:
    case CTY_SQL_STAGED_TOTAL:
        return true;
    default:
        return false;
    }
}

static void check_plan(sqlite3 *db, enum cty_sql_id id, const char *text)
{
    char explain[1024];
    sqlite3_stmt *stmt = NULL;
    (void)snprintf(explain, sizeof(explain), "EXPLAIN QUERY PLAN %s", text);
    assert_int_equal(sqlite3_prepare_v2(db, explain, -1, &stmt, NULL), SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        const char *plan = (const char *)sqlite3_column_text(stmt, 3);
        bool scans = strncmp(plan, "SCAN", 4) == 0 && strcmp(plan, "SCAN CONSTANT ROW") != 0;
        if ((scans || strstr(plan, "TEMP B-TREE")) && !may_scan(id))
            fail_msg("%s: %s", text, plan);
    }
    assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
}

static void no_statement_reads_without_bound(void **state)
{
    (void)state;
    static const char *const texts[] = {
#define CTY_SQL(name, text) text,
#include "store/statements.def"
#undef CTY_SQL
    };
    sqlite3 *db = NULL;
    cty_store_close(desk_create(&desk));
    assert_int_equal(sqlite3_open_v2(desk.path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    for (size_t i = 0; i < CTY_COUNT_OF(texts); i++)
        check_plan(db, (enum cty_sql_id)i, texts[i]);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(entries_by_range_case_and_class),
        CASE(a_callback_ends_its_walk),
        CASE(walks_nest_in_others),
        CASE(records_by_prefix_and_page),
        CASE(a_record_is_replaced),
        CASE(cases_by_state_and_deadline),
        CASE(cases_by_requester_and_holder),
        CASE(cases_by_page),
        CASE(cases_of_an_actor_in_many_blocks),
        CASE(one_call_looks_at_so_many_blocks),
        CASE(cases_that_are_due),
        CASE(cases_by_their_newest_entry),
        CASE(a_case_moves),
        CASE(one_call_looks_at_so_many_rows),
        CASE(an_unlawful_row_is_refused),
        CASE(no_statement_reads_without_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
