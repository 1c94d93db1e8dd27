/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite's page cache never hears of the page of the lock bytes, though SQLite goes by way of it when pages split. */
#include <sqlite3.h>

#include "desk.h"
#include "unit/support.h"

#define LOCK_PAGE 262145u

static sqlite3_pcache_methods2 ready;
static unsigned largest;
static uint64_t swaps;

static sqlite3_pcache_page *heard_fetch(sqlite3_pcache *cache, unsigned key, int create)
{
    largest = key > largest ? key : largest;
    return ready.xFetch(cache, key, create);
}

static void heard_rekey(sqlite3_pcache *cache, sqlite3_pcache_page *page, unsigned before, unsigned after)
{
    largest = after > largest ? after : largest;
    swaps += after == 0 ? 1 : 0;
    ready.xRekey(cache, page, before, after);
}

/* Below what the store puts before SQLite's cache. */
static int listen(void **state)
{
    (void)state;
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_GETPCACHE2, &ready), SQLITE_OK);
    sqlite3_pcache_methods2 methods = ready;
    methods.xFetch = heard_fetch;
    methods.xRekey = heard_rekey;
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_PCACHE2, &methods), SQLITE_OK);
    return 0;
}

static custody_err expect_none(void *context, const char *text)
{
    (void)context;
    fail_msg("%s", text);
    return CUSTODY_OK;
}

static void pages_that_split_are_swapped_by_way_of_none(void **state)
{
    (void)state;
    struct desk desk;
    desk_make(&desk);
    struct cty_store *store = desk_create(&desk);
    for (int i = 0; i < 20; i++)
        assert_ok(desk_append(store, 100));
    assert_true(swaps > 10);
    assert_in_range(largest, 100, LOCK_PAGE - 1);
    struct cty_store_reader *reader = desk_reader(&desk);
    assert_ok(cty_store_begin_read(reader, NULL));
    desk_compare(reader);
    assert_ok(cty_store_walk_damage(reader, expect_none, NULL, NULL));
    cty_store_reader_close(reader);
    cty_store_close(store);
    desk_remove(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(pages_that_split_are_swapped_by_way_of_none)};
    return cmocka_run_group_tests(tests, listen, NULL);
}
