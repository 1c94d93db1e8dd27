/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that runs out inside SQLite, at every one of its allocations: the transaction is gone, the store goes on. */
#include "desk.h"

#include <sqlite3.h>

#include "unit/support.h"

static struct desk desk;

/* --- an allocator that fails ---------------------------------------------------------------------------------- */

static struct {
    sqlite3_mem_methods real;
    bool armed;
    int left;
    bool happened;
} memory;

/* Once it has failed it fails on, as real memory would, until it is disarmed. */
static bool runs_out(void)
{
    if (!memory.armed)
        return false;
    if (memory.left > 0) {
        memory.left--;
        return false;
    }
    memory.happened = true;
    return true;
}

static void *failing_malloc(int size)
{
    return runs_out() ? NULL : memory.real.xMalloc(size);
}

static void *failing_realloc(void *data, int size)
{
    return runs_out() ? NULL : memory.real.xRealloc(data, size);
}

static void arm(int after)
{
    memory.armed = true;
    memory.left = after;
    memory.happened = false;
}

static bool disarm(void)
{
    memory.armed = false;
    return memory.happened;
}

static int install(void **state)
{
    (void)state;
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &memory.real), SQLITE_OK);
    sqlite3_mem_methods methods = memory.real;
    methods.xMalloc = failing_malloc;
    methods.xRealloc = failing_realloc;
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, &methods), SQLITE_OK);
    return 0;
}

/* --- tests ------------------------------------------------------------------------------------------------- */

static int setup(void **state)
{
    (void)state;
    desk_make(&desk);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    (void)disarm();
    desk_remove(&desk);
    return 0;
}

static void a_commit_without_memory_can_be_tried_again(void **state)
{
    (void)state;
    struct cty_store *store = desk_create(&desk);
    assert_ok(desk_append(store, 250));
    bool happened = true;
    int after = 0;
    for (; happened; after++) {
        uint64_t size = cty_store_size(cty_store_view(store));
        arm(after);
        custody_err err = desk_append(store, 3);
        happened = disarm();
        if (err == CUSTODY_OK) /* SQLite can do without some of it */
            continue;
        assert_refused(err, "no-memory");
        assert_false(cty_store_is_poisoned(store));
        assert_int_equal(cty_store_size(cty_store_view(store)), size);
        if (after % 16 == 0)
            desk_compare(cty_store_view(store));
    }
    assert_true(after > 20);
    desk_compare(cty_store_view(store));
    cty_store_close(store);
    assert_true(desk_reopen(&desk) >= 253);
}

static void opening_without_memory_is_refused_cleanly(void **state)
{
    (void)state;
    struct cty_store *store = desk_create(&desk);
    assert_ok(desk_append(store, 30));
    cty_store_close(store);
    bool happened = true;
    for (int after = 0; happened; after++) {
        store = NULL;
        arm(after);
        custody_err err = cty_store_open(desk.path, &store, NULL);
        happened = disarm();
        if (err != CUSTODY_OK) assert_refused(err, "no-memory");
        cty_store_close(store);
    }
    assert_int_equal(desk_reopen(&desk), 30);
}

static void reading_without_memory_can_be_tried_again(void **state)
{
    (void)state;
    struct cty_store *store = desk_create(&desk);
    assert_ok(desk_append(store, 30));
    bool happened = true;
    for (int after = 0; happened; after++) {
        struct cty_store_reader *reader = NULL;
        CTY_CLEANUP(cty_buf_done) struct cty_buf out = CTY_BUF_INIT(65536);
        arm(after);
        custody_err err = cty_store_reader_open(desk.path, &reader, NULL);
        if (err == CUSTODY_OK)
            err = cty_store_begin_read(reader, NULL);
        if (err == CUSTODY_OK)
            err = cty_store_read_entry(reader, 29, &out, NULL);
        happened = disarm();
        if (err != CUSTODY_OK) assert_refused(err, "no-memory");
        if (reader) {
            cty_store_end_read(reader);
            desk_compare(reader);
        }
        cty_store_reader_close(reader);
    }
    cty_store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_commit_without_memory_can_be_tried_again, setup, teardown),
        cmocka_unit_test_setup_teardown(opening_without_memory_is_refused_cleanly, setup, teardown),
        cmocka_unit_test_setup_teardown(reading_without_memory_can_be_tried_again, setup, teardown),
    };
    return cmocka_run_group_tests(tests, install, NULL);
}
