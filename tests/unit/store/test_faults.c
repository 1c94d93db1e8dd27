/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Disks that fail: every write and every sync of a transaction in turn. A failed sync or write ends the handle; a
 * full disk ends the transaction and nothing else. Whatever happened, what is found afterwards is a whole ledger,
 * with everything that was ever committed in it.
 */
#include "desk.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "faulty_vfs.h"
#include "unit/support.h"

#define BEFORE 250u
#define GROUP 8u

static struct desk desk;

static int setup(void **state)
{
    (void)state;
    faulty_install();
    desk_make(&desk);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    (void)faulty_disarm();
    desk_remove(&desk);
    return 0;
}

static void fresh(void)
{
    desk_remove(&desk);
    desk_make(&desk);
}

static void expect_poisoned(struct cty_store *store)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf out = CTY_BUF_INIT(CTY_ENTRY_BYTES_MAX);
    struct cty_store_reader *view = cty_store_view(store);
    struct cty_tree_reader tree = cty_store_tree(view);
    struct cty_store_mark mark;
    struct cty_hash hash;
    assert_true(cty_store_is_poisoned(store));
    assert_refused(cty_store_begin(store, NULL), "storage");
    assert_refused(cty_store_commit(store, NULL), "storage");
    assert_refused(cty_store_check(store, &mark, NULL), "storage");
    cty_store_roll_back(store);
    assert_refused(cty_store_begin(store, NULL), "storage");
    assert_refused(cty_store_read_entry(view, 0, &out, NULL), "storage");
    assert_refused(tree.node(tree.context, 0, 0, &hash), "storage");
    assert_true(cty_store_is_poisoned(store));
}

/* What was under way may have reached the disk whole, and nothing else may be there. */
static void expect_whole(void)
{
    uint64_t size = desk_reopen(&desk);
    assert_true(size == BEFORE || size == BEFORE + GROUP);
    struct cty_store *store = desk_open(&desk);
    assert_ok(desk_append(store, 5));
    cty_store_close(store);
    assert_int_equal(desk_reopen(&desk), size + 5);
}

/* Fails the nth call of the kind within one commit; false where the commit had fewer. */
static bool poison_at(enum faulty_kind kind, int nth)
{
    struct cty_store *store = desk_create(&desk);
    assert_ok(desk_append(store, BEFORE));
    faulty_arm(kind, nth);
    custody_err err = desk_append(store, GROUP);
    int calls = faulty_count();
    bool happened = faulty_disarm();
    if (happened) {
        assert_refused(err, "storage");
        faulty_arm(FAULTY_SYNC, 0); /* counts, fails none */
        expect_poisoned(store);
        assert_int_equal(faulty_count(), 0);
        cty_store_close(store);
        assert_int_equal(faulty_count(), 0); /* closing must not try again */
        (void)faulty_disarm();
        expect_whole();
    } else {
        assert_ok(err);
        assert_int_equal(calls, nth - 1);
        cty_store_close(store);
        assert_int_equal(desk_reopen(&desk), BEFORE + GROUP);
    }
    fresh();
    return happened;
}

static void a_failed_sync_is_the_end(void **state)
{
    (void)state;
    int nth = 1;
    while (poison_at(FAULTY_SYNC, nth))
        nth++;
    assert_true(nth > 1);
}

/* Leaves a log behind, as a fault does. */
static void leave_log(void)
{
    struct cty_store *store = desk_create(&desk);
    assert_ok(desk_append(store, BEFORE));
    faulty_arm(FAULTY_WRITE_FULL, 1);
    cty_store_close(store);
    (void)faulty_disarm();
}

/* Fails the nth sync of a start; false where it had fewer. */
static bool start_at(int nth)
{
    struct cty_store *store = NULL;
    leave_log();
    faulty_arm(FAULTY_SYNC, nth);
    custody_err err = cty_store_open(desk.path, &store, NULL);
    int syncs = faulty_count();
    bool happened = faulty_disarm();
    assert_refused(err, happened ? "storage" : "ok");
    if (happened)
        assert_int_equal(syncs, nth); /* none after it, at the close neither */
    cty_store_close(store);
    assert_int_equal(desk_reopen(&desk), BEFORE);
    fresh();
    return happened;
}

static void a_failed_sync_at_a_start_is_not_tried_again(void **state)
{
    (void)state;
    int nth = 1;
    while (start_at(nth))
        nth++;
    assert_true(nth > 2);
}

/* What is in the log may be in memory only: it goes to the disk again before the database does. */
static void a_log_that_was_left_is_written_again(void **state)
{
    char path[160];
    struct stat log;
    struct cty_store *store = NULL;
    (void)state;
    leave_log();
    desk_path(&desk, "ledger.db-wal", path);
    assert_int_equal(stat(path, &log), 0);
    faulty_arm(FAULTY_SYNC, 1);
    assert_refused(cty_store_open(desk.path, &store, NULL), "storage");
    assert_true(faulty_disarm());
    assert_true(log.st_size > 100000);
    assert_int_equal(faulty_bytes(), log.st_size);
    assert_int_equal(desk_reopen(&desk), BEFORE);
}

static void a_failed_write_is_the_end(void **state)
{
    (void)state;
    int nth = 1;
    while (poison_at(FAULTY_WRITE_IO, nth))
        nth++;
    assert_true(nth > 10);
}

/* --- full disks --------------------------------------------------------------------------------------------- */

static bool full_at(enum faulty_kind kind, int nth)
{
    struct cty_store *store = desk_create(&desk);
    assert_ok(desk_append(store, BEFORE));
    faulty_arm(kind, nth);
    custody_err err = desk_append(store, GROUP);
    if (err == CUSTODY_E_READ_ONLY) {
        assert_false(cty_store_is_poisoned(store));
        assert_int_equal(cty_store_size(cty_store_view(store)), BEFORE);
        desk_compare(cty_store_view(store)); /* while the disk is full */
        assert_refused(desk_append(store, GROUP), "read-only");
    }
    bool happened = faulty_disarm();
    assert_refused(err, happened ? "read-only" : "ok");
    if (happened)
        assert_ok(desk_append(store, GROUP));
    cty_store_close(store);
    assert_int_equal(desk_reopen(&desk), BEFORE + GROUP);
    fresh();
    return happened;
}

static void a_full_disk_is_read_only_until_there_is_room(void **state)
{
    (void)state;
    static const enum faulty_kind kinds[] = {FAULTY_WRITE_FULL, FAULTY_WRITE_QUOTA, FAULTY_SHORT_WRITE};
    for (size_t i = 0; i < CTY_COUNT_OF(kinds); i++) {
        int nth = 1;
        while (full_at(kinds[i], nth))
            nth += 3;
        assert_true(nth > 10);
    }
}

static void a_full_disk_and_then_a_crash(void **state)
{
    (void)state;
    bool happened = true;
    for (int nth = 1; happened; nth += 7) {
        struct cty_store *store = desk_create(&desk);
        assert_ok(desk_append(store, BEFORE));
        faulty_arm(FAULTY_WRITE_FULL, nth);
        custody_err err = desk_append(store, GROUP);
        assert_true(err == CUSTODY_OK || err == CUSTODY_E_READ_ONLY);
        /* Closed while full, so the log stays as the fault left it. */
        cty_store_close(store);
        happened = faulty_disarm() && err != CUSTODY_OK;
        expect_whole();
        fresh();
    }
}

static void a_full_disk_at_the_start_lets_reads_go_on(void **state)
{
    (void)state;
    char copy[160];
    struct cty_store *store = desk_create(&desk);
    assert_ok(desk_append(store, BEFORE));
    faulty_arm(FAULTY_WRITE_FULL, 1);
    cty_store_close(store); /* the log can't be brought into the database */
    store = desk_open(&desk);
    desk_compare(cty_store_view(store));
    assert_refused(cty_store_begin(store, NULL), "read-only");
    desk_path(&desk, "copy.db", copy);
    struct cty_store_reader *reader = desk_reader(&desk);
    assert_ok(cty_store_begin_read(reader, NULL));
    assert_refused(cty_store_backup(reader, copy, NULL, NULL), "read-only");
    cty_store_reader_close(reader);
    assert_true(faulty_disarm());
    assert_ok(desk_append(store, GROUP));
    cty_store_close(store);
    assert_int_equal(desk_reopen(&desk), BEFORE + GROUP);
}

/* --- making ------------------------------------------------------------------------------------------------ */

static void a_creation_that_fails_leaves_nothing(void **state)
{
    (void)state;
    static const enum faulty_kind kinds[] = {FAULTY_WRITE_FULL, FAULTY_WRITE_IO, FAULTY_SYNC};
    static const char *const codes[] = {"read-only", "storage", "storage"};
    for (size_t i = 0; i < CTY_COUNT_OF(kinds); i++) {
        bool happened = true;
        for (int nth = 1; happened; nth++) {
            struct cty_store *store = NULL;
            faulty_arm(kinds[i], nth);
            custody_err err = cty_store_create(desk.path, CTY_LITERAL(DESK_ORIGIN), &store, NULL);
            happened = faulty_disarm();
            /* Once it has its name it can be opened, and its log begun when there is room. */
            bool may_wait = kinds[i] == FAULTY_WRITE_FULL && access(desk.path, F_OK) == 0;
            assert_refused(err, happened && !(may_wait && err == CUSTODY_OK) ? codes[i] : "ok");
            cty_store_close(store);
            if (!happened)
                break;
            /* Either it has its name and is whole, or it isn't there. */
            err = cty_store_open(desk.path, &store, NULL);
            if (err == CUSTODY_OK)
                cty_store_close(store);
            else
                assert_refused(err, "not-found");
            fresh();
        }
        fresh();
    }
}

/* --- the log ----------------------------------------------------------------------------------------------- */

/* Fills the log until it is brought into the database; a commit that did so is the last one. */
static custody_err put_much(struct cty_store *store, uint64_t index)
{
    CTY_AUTO_FREE char *content = calloc(1, CTY_BLOB_BYTES_MAX);
    struct cty_hash salt = desk_hash("salt", index);
    struct cty_store_blob blob = {desk_hash("much", index), CTY_LITERAL("payload"), desk_hash("commitment", index),
                                  salt.bytes, cty_bytes_make(content, CTY_BLOB_BYTES_MAX)};
    assert_non_null(content);
    CTY_TRY(cty_store_begin(store, NULL));
    CTY_TRY(cty_store_put_blob(store, &blob, NULL));
    return cty_store_commit(store, NULL);
}

/* The number of syncs of the commit that brings the log into the database, the 1-based index of that commit. */
static int find_fold(uint64_t *ret_commit)
{
    struct cty_store *store = desk_create(&desk);
    int syncs = 0;
    for (uint64_t i = 0; i < 64; i++) {
        faulty_arm(FAULTY_SYNC, 0);
        assert_ok(put_much(store, i));
        syncs = faulty_count();
        if (syncs > 1 && i > 0) {
            *ret_commit = i;
            break;
        }
    }
    (void)faulty_disarm();
    cty_store_close(store);
    fresh();
    return syncs;
}

static void a_failed_sync_of_the_database_is_the_end(void **state)
{
    (void)state;
    uint64_t commit = 0;
    int syncs = find_fold(&commit);
    assert_true(commit > 0 && syncs > 1);
    for (int nth = 1; nth <= syncs; nth++) {
        CTY_CLEANUP(cty_buf_done) struct cty_buf out = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
        struct cty_hash name = desk_hash("much", commit);
        uint8_t salt[CTY_SALT_SIZE];
        struct cty_store *store = desk_create(&desk);
        for (uint64_t i = 0; i < commit; i++)
            assert_ok(put_much(store, i));
        faulty_arm(FAULTY_SYNC, nth);
        custody_err err = put_much(store, commit);
        assert_true(faulty_disarm());
        /* The first sync is the commit's; after it, the commit stands. */
        assert_refused(err, nth == 1 ? "storage" : "ok");
        expect_poisoned(store);
        cty_store_close(store);
        store = desk_open(&desk);
        err = cty_store_read_blob(cty_store_view(store), &name, CTY_LITERAL("payload"), salt, &out, NULL);
        assert_true(err == CUSTODY_OK || (nth == 1 && err == CUSTODY_E_NOT_FOUND));
        cty_store_close(store);
        fresh();
    }
}

static void a_full_disk_puts_the_log_off(void **state)
{
    (void)state;
    uint64_t commit = 0;
    (void)find_fold(&commit);
    struct cty_store *store = desk_create(&desk);
    for (uint64_t i = 0; i < commit; i++)
        assert_ok(put_much(store, i));
    faulty_arm(FAULTY_WRITE_FULL, 100000);
    assert_ok(put_much(store, commit));
    int writes = faulty_count();
    (void)faulty_disarm();
    cty_store_close(store);
    fresh();
    /* The last write of that commit goes into the database. */
    store = desk_create(&desk);
    for (uint64_t i = 0; i < commit; i++)
        assert_ok(put_much(store, i));
    faulty_arm(FAULTY_WRITE_FULL, writes);
    assert_ok(put_much(store, commit));
    assert_true(faulty_disarm());
    assert_false(cty_store_is_poisoned(store));
    assert_ok(put_much(store, commit + 1));
    cty_store_close(store);
    store = desk_open(&desk);
    cty_store_close(store);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_failed_sync_is_the_end),
        CASE(a_failed_sync_at_a_start_is_not_tried_again),
        CASE(a_log_that_was_left_is_written_again),
        CASE(a_failed_write_is_the_end),
        CASE(a_full_disk_is_read_only_until_there_is_room),
        CASE(a_full_disk_and_then_a_crash),
        CASE(a_full_disk_at_the_start_lets_reads_go_on),
        CASE(a_creation_that_fails_leaves_nothing),
        CASE(a_failed_sync_of_the_database_is_the_end),
        CASE(a_full_disk_puts_the_log_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
