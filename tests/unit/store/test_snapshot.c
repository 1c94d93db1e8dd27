/* SPDX-License-Identifier: Apache-2.0 */
/* Readers see one moment of the ledger, whatever is appended meanwhile. */
#include "desk.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/limits.h"
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

static void a_snapshot_stays(void **state)
{
    (void)state;
    CTY_CLEANUP(cty_buf_done) struct cty_buf out = CTY_BUF_INIT(CTY_ENTRY_BYTES_MAX);
    struct cty_store *store = desk_create(&desk);
    assert_ok(desk_append(store, 250));
    struct cty_store_reader *reader = desk_reader(&desk);
    assert_ok(cty_store_begin_read(reader, NULL));
    assert_ok(desk_append(store, 100)); /* over the end of a tile */
    assert_int_equal(cty_store_size(reader), 250);
    assert_refused(cty_store_read_entry(reader, 250, &out, NULL), "not-found");
    desk_compare(reader);
    assert_ok(desk_append(store, 1));
    desk_compare(reader);
    cty_store_end_read(reader);
    assert_ok(cty_store_begin_read(reader, NULL));
    assert_int_equal(cty_store_size(reader), 351);
    desk_compare(reader);
    cty_store_reader_close(reader);
    desk_compare(cty_store_view(store));
    cty_store_close(store);
}

static void what_is_not_committed_is_not_seen(void **state)
{
    (void)state;
    struct cty_store *store = desk_create(&desk);
    assert_ok(desk_append(store, 10));
    struct cty_store_reader *reader = desk_reader(&desk);
    assert_ok(cty_store_begin(store, NULL));
    for (uint64_t i = 10; i < 20; i++)
        assert_ok(desk_put_entry(store, i));
    desk_compare(reader);
    assert_ok(cty_store_begin_read(reader, NULL));
    assert_int_equal(cty_store_size(reader), 10);
    cty_store_end_read(reader);
    cty_store_roll_back(store);
    desk_compare(reader);
    cty_store_reader_close(reader);
    cty_store_close(store);
}

/* A reader keeps tiles between snapshots; the edge's grows under it, and rolls over. */
static void each_snapshot_proves_its_own_size(void **state)
{
    (void)state;
    struct cty_store *store = desk_create(&desk);
    struct cty_store_reader *reader = desk_reader(&desk);
    for (uint64_t size = 17; size < 900; size += 17) {
        struct cty_store_mark mark;
        struct cty_proof proof;
        CTY_CLEANUP(cty_buf_done) struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
        CTY_CLEANUP(cty_buf_done) struct cty_buf body = CTY_BUF_INIT(CTY_ENTRY_BYTES_MAX);
        assert_ok(desk_append(store, 17));
        assert_ok(cty_store_begin_read(reader, NULL));
        struct cty_tree_reader tree = cty_store_tree(reader);
        uint64_t index = size * 31 % size;
        assert_ok(cty_store_read_checkpoint(reader, &mark, &note, NULL));
        assert_int_equal(mark.size, size);
        assert_ok(cty_store_read_entry(reader, index, &body, NULL));
        assert_ok(cty_tree_inclusion(&tree, index, size, &proof));
        struct cty_hash leaf = cty_tree_leaf(cty_buf_bytes(&body));
        assert_ok(cty_tree_inclusion_verify(&leaf, index, size, &mark.root, &proof));
        cty_store_end_read(reader);
    }
    cty_store_reader_close(reader);
    cty_store_close(store);
}

static void reads_belong_into_a_snapshot(void **state)
{
    (void)state;
    CTY_CLEANUP(cty_buf_done) struct cty_buf out = CTY_BUF_INIT(CTY_ENTRY_BYTES_MAX);
    struct cty_hash hash;
    cty_store_close(desk_create(&desk));
    struct cty_store_reader *reader = desk_reader(&desk);
    struct cty_tree_reader tree = cty_store_tree(reader);
    assert_refused(cty_store_read_record(reader, CTY_LITERAL("ledger"), &out, NULL), "internal");
    assert_refused(tree.node(tree.context, 0, 0, &hash), "internal");
    assert_ok(cty_store_begin_read(reader, NULL));
    assert_refused(cty_store_begin_read(reader, NULL), "internal");
    assert_refused(cty_store_read_record(reader, CTY_LITERAL("ledger"), &out, NULL), "not-found");
    cty_store_end_read(reader);
    cty_store_end_read(reader);
    cty_store_reader_close(reader);
    assert_null(cty_store_reader_close(NULL));
    assert_null(cty_store_close(NULL));
}

static void a_reader_needs_no_writer(void **state)
{
    (void)state;
    struct cty_store *store = desk_create(&desk);
    assert_ok(desk_append(store, 30));
    cty_store_close(store);
    struct cty_store_reader *reader = desk_reader(&desk);
    desk_compare(reader);
    store = desk_open(&desk);
    assert_ok(desk_append(store, 30));
    desk_compare(reader);
    cty_store_close(store);
    desk_compare(reader);
    cty_store_reader_close(reader);
}

/* --- threads ----------------------------------------------------------------------------------------------- */

static atomic_bool appending;

static void *follow(void *context)
{
    struct cty_store_reader *reader = context;
    uint64_t size = 0;
    bool last = false;
    while (!last) {
        last = !atomic_load(&appending);
        if (cty_store_begin_read(reader, NULL) != CUSTODY_OK || cty_store_size(reader) < size)
            return NULL;
        size = cty_store_size(reader);
        struct cty_tree_reader tree = cty_store_tree(reader);
        CTY_CLEANUP(cty_buf_done) struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
        struct cty_store_mark mark = {.size = 0};
        struct cty_hash root;
        if (cty_store_read_checkpoint(reader, &mark, &note, NULL) != CUSTODY_OK || mark.size != size ||
            cty_tree_root(&tree, size, &root) != CUSTODY_OK || !cty_hash_equal(&root, &mark.root))
            return NULL;
        cty_store_end_read(reader);
    }
    return size == 400 ? reader : NULL;
}

static void readers_of_other_threads_follow(void **state)
{
    (void)state;
    pthread_t threads[2];
    struct cty_store_reader *readers[2];
    struct cty_store *store = desk_create(&desk);
    assert_ok(desk_append(store, 4));
    atomic_store(&appending, true);
    for (size_t i = 0; i < 2; i++) {
        readers[i] = desk_reader(&desk);
        assert_int_equal(pthread_create(&threads[i], NULL, follow, readers[i]), 0);
    }
    for (int i = 0; i < 99; i++)
        assert_ok(desk_append(store, 4));
    atomic_store(&appending, false);
    for (size_t i = 0; i < 2; i++) {
        void *result = NULL;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_ptr_equal(result, readers[i]);
        cty_store_reader_close(readers[i]);
    }
    cty_store_close(store);
    assert_int_equal(desk_reopen(&desk), 400);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_snapshot_stays),
        CASE(what_is_not_committed_is_not_seen),
        CASE(each_snapshot_proves_its_own_size),
        CASE(reads_belong_into_a_snapshot),
        CASE(a_reader_needs_no_writer),
        CASE(readers_of_other_threads_follow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
