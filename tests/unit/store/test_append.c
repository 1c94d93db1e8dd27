/* SPDX-License-Identifier: Apache-2.0 */
/* Appending, reading back, rolling back, and the order that calls must keep. */
#include "desk.h"

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

static void a_new_ledger_is_empty(void **state)
{
    (void)state;
    struct cty_store *store = desk_create(&desk);
    assert_int_equal(cty_store_size(cty_store_view(store)), 0);
    desk_compare(cty_store_view(store));
    cty_store_close(store);
    assert_int_equal(desk_reopen(&desk), 0);
}

static void what_is_appended_is_there_and_stays(void **state)
{
    (void)state;
    static const uint64_t groups[] = {1, 1, 2, 7, 64, 181, 1, 255, 256, 257, 3};
    struct cty_store *store = desk_create(&desk);
    uint64_t size = 0;
    for (size_t i = 0; i < CTY_COUNT_OF(groups); i++) {
        assert_ok(desk_append(store, groups[i]));
        size += groups[i];
        assert_int_equal(cty_store_size(cty_store_view(store)), size);
        if (i % 3 == 0) { /* as after a restart */
            desk_compare(cty_store_view(store));
            cty_store_close(store);
            store = desk_open(&desk);
        }
    }
    desk_compare(cty_store_view(store));
    cty_store_close(store);
    assert_int_equal(desk_reopen(&desk), size);
}

static void a_transaction_sees_what_it_stored(void **state)
{
    (void)state;
    CTY_CLEANUP(cty_buf_done) struct cty_buf body = CTY_BUF_INIT(CTY_ENTRY_BYTES_MAX);
    CTY_CLEANUP(cty_buf_done) struct cty_buf expected = CTY_BUF_INIT(CTY_ENTRY_BYTES_MAX);
    struct cty_store *store = desk_create(&desk);
    struct cty_store_reader *view = cty_store_view(store);
    assert_ok(desk_append(store, 300));
    assert_ok(cty_store_begin(store, NULL));
    for (uint64_t i = 300; i < 600; i++) {
        /* The tree's older sizes stay readable while it grows, for the fold's look at `seen`. */
        struct cty_tree_reader tree = cty_store_tree(view);
        struct cty_hash root;
        assert_ok(desk_put_entry(store, i));
        assert_int_equal(cty_store_size(view), i + 1);
        assert_ok(cty_tree_root(&tree, i + 1, &root));
        if (i % 50 == 0) {
            struct cty_hash grown = desk_root(i + 1);
            assert_true(cty_hash_equal(&root, &grown));
        }
    }
    assert_ok(cty_store_read_entry(view, 599, &body, NULL));
    desk_body(599, &expected);
    assert_true(cty_bytes_equal(cty_buf_bytes(&body), cty_buf_bytes(&expected)));
    cty_store_close(store);
    assert_int_equal(desk_reopen(&desk), 300);
}

static void rolling_back_leaves_nothing(void **state)
{
    (void)state;
    struct cty_store *store = desk_create(&desk);
    struct cty_store_mark mark;
    assert_ok(desk_append(store, 250));
    for (int depth = 0; depth < 4; depth++) {
        assert_ok(cty_store_begin(store, NULL));
        for (uint64_t i = 250; depth > 0 && i < 530; i++)
            assert_ok(desk_put_entry(store, i));
        if (depth > 1)
            assert_ok(cty_store_check(store, &mark, NULL));
        if (depth > 2)
            assert_ok(desk_sign(store, &mark));
        cty_store_roll_back(store);
        desk_compare(cty_store_view(store));
        assert_int_equal(cty_store_size(cty_store_view(store)), 250);
    }
    assert_ok(desk_append(store, 20));
    desk_compare(cty_store_view(store));
    cty_store_close(store);
    assert_int_equal(desk_reopen(&desk), 270);
}

static void a_missing_row_is_not_found(void **state)
{
    (void)state;
    CTY_CLEANUP(cty_buf_done) struct cty_buf out = CTY_BUF_INIT(CTY_ENTRY_BYTES_MAX);
    struct cty_store *store = desk_create(&desk);
    struct cty_store_reader *view = cty_store_view(store);
    struct cty_tree_reader tree = cty_store_tree(view);
    struct cty_hash hash = desk_hash("case", 1);
    struct cty_store_mark mark;
    uint8_t salt[CTY_SALT_SIZE];
    assert_ok(desk_append(store, 10));
    assert_refused(cty_store_read_entry(view, 10, &out, NULL), "not-found");
    assert_refused(cty_store_read_entry(view, UINT64_MAX, &out, NULL), "not-found");
    assert_refused(cty_store_read_record(view, CTY_LITERAL("case/"), &out, NULL), "not-found");
    assert_refused(cty_store_read_record(view, CTY_LITERAL(""), &out, NULL), "not-found");
    assert_refused(cty_store_read_blob(view, &hash, CTY_LITERAL("state"), salt, &out, NULL), "not-found");
    assert_refused(cty_store_read_checkpoint_from(view, 11, &mark, &out, NULL), "not-found");
    assert_refused(tree.node(tree.context, 0, 10, &hash), "not-found");
    assert_refused(tree.node(tree.context, 3, 1, &hash), "not-found");
    assert_refused(tree.node(tree.context, 8, 0, &hash), "not-found");
    assert_refused(tree.node(tree.context, 60, 0, &hash), "not-found");
    assert_int_equal(out.size, 0);
    cty_store_close(store);
}

static void a_buffer_too_small_stays_as_it_was(void **state)
{
    (void)state;
    CTY_CLEANUP(cty_buf_done) struct cty_buf out = CTY_BUF_INIT(8);
    struct cty_store *store = desk_create(&desk);
    assert_ok(desk_append(store, 10));
    assert_ok(cty_buf_put_text(&out, "before"));
    assert_refused(cty_store_read_entry(cty_store_view(store), 9, &out, NULL), "too-large");
    assert_bytes_text(cty_buf_bytes(&out), "before");
    cty_store_close(store);
}

static void the_checkpoint_that_covers_a_size(void **state)
{
    (void)state;
    struct cty_store *store = desk_create(&desk);
    struct cty_store_reader *view = cty_store_view(store);
    static const uint64_t expected[] = {3, 3, 3, 3, 5, 5, 9, 9, 9, 9};
    assert_ok(desk_append(store, 3));
    assert_ok(desk_append(store, 2));
    assert_ok(desk_append(store, 4));
    for (uint64_t size = 0; size < 10; size++) {
        CTY_CLEANUP(cty_buf_done) struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
        struct cty_store_mark mark;
        struct cty_hash root = desk_root(expected[size]);
        assert_ok(cty_store_read_checkpoint_from(view, size, &mark, &note, NULL));
        assert_int_equal(mark.size, expected[size]);
        assert_true(cty_hash_equal(&mark.root, &root));
    }
    cty_store_close(store);
}

/* --- the order of calls ------------------------------------------------------------------------------------ */

/* The error stands until the caller has heard it, and then the store goes on. */
static void expect_ended(struct cty_store *store, const char *code)
{
    struct cty_store_mark mark;
    assert_refused(cty_store_check(store, &mark, NULL), code);
    assert_refused(cty_store_commit(store, NULL), code);
    assert_refused(cty_store_begin(store, NULL), code);
    cty_store_roll_back(store);
    assert_false(cty_store_is_poisoned(store));
    desk_compare(cty_store_view(store));
    assert_ok(desk_append(store, 1));
}

static void entries_come_in_order(void **state)
{
    (void)state;
    struct cty_store *store = desk_create(&desk);
    assert_ok(desk_append(store, 5));
    assert_ok(cty_store_begin(store, NULL));
    assert_refused(desk_put_entry(store, 6), "internal");
    expect_ended(store, "internal");
    assert_ok(cty_store_begin(store, NULL));
    assert_refused(desk_put_entry(store, 4), "internal");
    expect_ended(store, "internal");
    cty_store_close(store);
    assert_int_equal(desk_reopen(&desk), 7);
}

static void an_entry_has_a_size(void **state)
{
    (void)state;
    struct cty_store *store = desk_create(&desk);
    CTY_AUTO_FREE char *body = calloc(1, CTY_ENTRY_BYTES_MAX + 1);
    static const size_t sizes[] = {0, 1, CTY_ENTRY_BYTES_MAX, CTY_ENTRY_BYTES_MAX + 1};
    assert_non_null(body);
    for (size_t i = 0; i < CTY_COUNT_OF(sizes); i++) {
        struct cty_store_entry entry = {0, CTY_STORE_NO_CASE, false, cty_bytes_make(body, sizes[i])};
        struct cty_hash leaf = cty_tree_leaf(entry.body);
        bool lawful = i == 1 || i == 2;
        assert_ok(cty_store_begin(store, NULL));
        assert_refused(cty_store_append(store, &entry, &leaf, NULL), lawful ? "ok" : "internal");
        cty_store_roll_back(store);
    }
    cty_store_close(store);
}

static void nothing_commits_without_a_checkpoint(void **state)
{
    (void)state;
    struct cty_store *store = desk_create(&desk);
    struct cty_store_mark mark;
    assert_ok(cty_store_begin(store, NULL));
    assert_ok(desk_put_entry(store, 0));
    assert_refused(cty_store_commit(store, NULL), "internal");
    expect_ended(store, "internal");
    /* Nor with one over less. */
    assert_ok(cty_store_begin(store, NULL));
    assert_ok(desk_put_entry(store, 1));
    assert_ok(cty_store_check(store, &mark, NULL));
    assert_ok(desk_sign(store, &mark));
    assert_ok(desk_put_entry(store, 2));
    assert_refused(cty_store_commit(store, NULL), "internal");
    expect_ended(store, "internal");
    /* A transaction without entries needs none. */
    assert_ok(cty_store_begin(store, NULL));
    assert_ok(cty_store_commit(store, NULL));
    cty_store_close(store);
    assert_int_equal(desk_reopen(&desk), 2);
}

static void a_checkpoint_is_over_what_was_checked(void **state)
{
    (void)state;
    struct cty_store *store = desk_create(&desk);
    struct cty_store_mark mark;
    for (int wrong = 0; wrong < 5; wrong++) {
        uint64_t size = cty_store_size(cty_store_view(store));
        CTY_CLEANUP(cty_buf_done) struct cty_buf note = {0};
        assert_ok(cty_store_begin(store, NULL));
        assert_ok(desk_put_entry(store, size));
        if (wrong > 0)
            assert_ok(cty_store_check(store, &mark, NULL));
        else
            mark = (struct cty_store_mark){1, desk_root(1)};
        desk_note(&mark, &note);
        struct cty_store_checkpoint checkpoint = {mark, cty_buf_bytes(&note)};
        if (wrong == 1)
            checkpoint.mark.size++;
        if (wrong == 2)
            checkpoint.mark.root.bytes[31] ^= 1;
        if (wrong == 3)
            note.data[0] ^= 1; /* the origin */
        if (wrong == 4)
            checkpoint.note.size--;
        assert_refused(cty_store_put_checkpoint(store, &checkpoint, NULL), "internal");
        expect_ended(store, "internal");
    }
    cty_store_close(store);
    assert_int_equal(desk_reopen(&desk), 5);
}

static void a_statement_has_one_blob_for_a_member(void **state)
{
    (void)state;
    struct cty_store *store = desk_create(&desk);
    struct cty_hash salt = desk_hash("salt", 1);
    struct cty_store_blob blob = {desk_hash("statement", 1), CTY_LITERAL("payload"), desk_hash("commitment", 1),
                                  salt.bytes, CTY_LITERAL("content")};
    assert_ok(cty_store_begin(store, NULL));
    assert_ok(cty_store_put_blob(store, &blob, NULL));
    blob.member = CTY_LITERAL("state");
    assert_ok(cty_store_put_blob(store, &blob, NULL));
    assert_refused(cty_store_put_blob(store, &blob, NULL), "internal");
    expect_ended(store, "internal");
    cty_store_close(store);
}

static void a_blob_has_a_limit(void **state)
{
    (void)state;
    struct cty_store *store = desk_create(&desk);
    CTY_AUTO_FREE char *content = calloc(1, CTY_BLOB_BYTES_MAX + 1);
    CTY_CLEANUP(cty_buf_done) struct cty_buf out = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
    struct cty_hash salt = desk_hash("salt", 1);
    uint8_t read[CTY_SALT_SIZE];
    struct cty_store_blob blob = {desk_hash("statement", 1), CTY_LITERAL("payload"), desk_hash("commitment", 1),
                                  salt.bytes, cty_bytes_make(content, CTY_BLOB_BYTES_MAX)};
    assert_non_null(content);
    content[CTY_BLOB_BYTES_MAX - 1] = 'x';
    assert_ok(cty_store_begin(store, NULL));
    assert_ok(cty_store_put_blob(store, &blob, NULL));
    assert_ok(cty_store_read_blob(cty_store_view(store), &blob.statement, blob.member, read, &out, NULL));
    assert_true(cty_bytes_equal(cty_buf_bytes(&out), blob.content));
    blob.member = CTY_LITERAL("state");
    blob.content.size++;
    assert_refused(cty_store_put_blob(store, &blob, NULL), "internal");
    expect_ended(store, "internal");
    cty_store_close(store);
}

static void transactions_do_not_nest(void **state)
{
    (void)state;
    struct cty_store *store = desk_create(&desk);
    struct cty_store_mark mark;
    assert_refused(desk_put_entry(store, 0), "internal");
    assert_refused(cty_store_check(store, &mark, NULL), "internal");
    assert_refused(cty_store_commit(store, NULL), "internal");
    cty_store_roll_back(store); /* nothing to do */
    assert_ok(cty_store_begin(store, NULL));
    assert_refused(cty_store_begin(store, NULL), "internal");
    assert_ok(desk_put_entry(store, 0)); /* the one that is open isn't disturbed */
    cty_store_roll_back(store);
    assert_ok(desk_append(store, 1));
    cty_store_close(store);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_new_ledger_is_empty),
        CASE(what_is_appended_is_there_and_stays),
        CASE(a_transaction_sees_what_it_stored),
        CASE(rolling_back_leaves_nothing),
        CASE(a_missing_row_is_not_found),
        CASE(a_buffer_too_small_stays_as_it_was),
        CASE(the_checkpoint_that_covers_a_size),
        CASE(entries_come_in_order),
        CASE(an_entry_has_a_size),
        CASE(nothing_commits_without_a_checkpoint),
        CASE(a_checkpoint_is_over_what_was_checked),
        CASE(a_statement_has_one_blob_for_a_member),
        CASE(a_blob_has_a_limit),
        CASE(transactions_do_not_nest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
