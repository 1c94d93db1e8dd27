/* SPDX-License-Identifier: Apache-2.0 */
/* Staged contents and their limits, each one past. */
#include "desk.h"

#include "base/limits.h"
#include "unit/support.h"

static struct desk desk;
static uint8_t content[CTY_BLOB_BYTES_MAX + 1];

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

static custody_err put(struct cty_store *store, const char *actor, uint64_t number, size_t size, uint64_t created)
{
    struct cty_hash salt = desk_hash("salt", number);
    struct cty_store_staged staged = {cty_bytes_text(actor), desk_hash("commitment", number), salt.bytes,
                                      cty_bytes_make(content, size), created};
    return cty_store_put_staged(store, &staged, NULL);
}

static custody_err drop(struct cty_store *store, const char *actor, uint64_t number)
{
    struct cty_hash commitment = desk_hash("commitment", number);
    return cty_store_drop_staged(store, cty_bytes_text(actor), &commitment, NULL);
}

static custody_err read_back(struct cty_store *store, const char *actor, uint64_t number, size_t size)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf out = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
    struct cty_hash commitment = desk_hash("commitment", number);
    struct cty_hash expected = desk_hash("salt", number);
    uint8_t salt[CTY_SALT_SIZE];
    CTY_TRY(cty_store_read_staged(cty_store_view(store), cty_bytes_text(actor), &commitment, salt, &out, NULL));
    assert_memory_equal(salt, expected.bytes, CTY_SALT_SIZE);
    assert_true(cty_bytes_equal(cty_buf_bytes(&out), cty_bytes_make(content, size)));
    return CUSTODY_OK;
}

static void what_is_staged_is_kept_by_actor(void **state)
{
    (void)state;
    struct cty_store *store = desk_create(&desk);
    assert_refused(put(store, "a", 1, 10, 0), "internal"); /* outside of a transaction */
    assert_ok(cty_store_begin(store, NULL));
    assert_ok(put(store, "a", 1, 10, 5));
    assert_ok(put(store, "a", 2, 0, 5));
    assert_ok(put(store, "b", 1, 20, 5));
    assert_ok(put(store, "a", 1, 10, 6)); /* again */
    assert_refused(put(store, "a", 1, 11, 6), "exists");
    assert_ok(cty_store_commit(store, NULL));
    cty_store_close(store);
    store = desk_open(&desk);
    assert_ok(read_back(store, "a", 1, 10));
    assert_ok(read_back(store, "a", 2, 0));
    assert_ok(read_back(store, "b", 1, 20));
    assert_refused(read_back(store, "b", 2, 0), "not-found");
    assert_ok(cty_store_begin(store, NULL));
    assert_ok(drop(store, "a", 1));
    assert_refused(drop(store, "a", 1), "not-found");
    assert_refused(drop(store, "c", 1), "not-found");
    assert_ok(cty_store_commit(store, NULL));
    assert_refused(read_back(store, "a", 1, 10), "not-found");
    assert_ok(read_back(store, "b", 1, 20));
    cty_store_close(store);
}

static void another_salt_is_another_content(void **state)
{
    (void)state;
    struct cty_store *store = desk_create(&desk);
    struct cty_hash salt = desk_hash("another salt", 1);
    struct cty_store_staged staged = {CTY_LITERAL("a"), desk_hash("commitment", 1), salt.bytes,
                                      cty_bytes_make(content, 10), 5};
    assert_ok(cty_store_begin(store, NULL));
    assert_ok(put(store, "a", 1, 10, 5));
    assert_refused(cty_store_put_staged(store, &staged, NULL), "exists");
    assert_ok(cty_store_commit(store, NULL));
    cty_store_close(store);
}

/* A refusal changes nothing, and what else is in the transaction commits. */
static void a_content_has_a_limit(void **state)
{
    (void)state;
    struct cty_store *store = desk_create(&desk);
    assert_ok(cty_store_begin(store, NULL));
    assert_ok(put(store, "a", 1, CTY_BLOB_BYTES_MAX, 5));
    assert_refused(put(store, "a", 2, CTY_BLOB_BYTES_MAX + 1, 5), "too-large");
    assert_ok(cty_store_commit(store, NULL));
    assert_ok(read_back(store, "a", 1, CTY_BLOB_BYTES_MAX));
    cty_store_close(store);
}

static void an_actor_has_a_quota_of_bytes(void **state)
{
    (void)state;
    struct cty_store *store = desk_create(&desk);
    uint64_t number = 0;
    assert_ok(cty_store_begin(store, NULL));
    for (; (number + 1) * CTY_BLOB_BYTES_MAX <= CTY_STAGED_BYTES_MAX; number++)
        assert_ok(put(store, "a", number, CTY_BLOB_BYTES_MAX, 5));
    assert_refused(put(store, "a", number, 1, 5), "quota");
    assert_ok(put(store, "a", number, 0, 5));
    assert_ok(put(store, "b", number, 1, 5));
    assert_ok(drop(store, "a", 0));
    assert_refused(put(store, "a", 0, CTY_BLOB_BYTES_MAX + 1, 5), "too-large");
    assert_ok(put(store, "a", 0, CTY_BLOB_BYTES_MAX, 5));
    assert_ok(cty_store_commit(store, NULL));
    cty_store_close(store);
}

static void an_actor_has_a_quota_of_contents(void **state)
{
    (void)state;
    struct cty_store *store = desk_create(&desk);
    assert_ok(cty_store_begin(store, NULL));
    for (uint64_t i = 0; i < CTY_STAGED_MAX; i++)
        assert_ok(put(store, "a", i, 1, 5));
    assert_refused(put(store, "a", CTY_STAGED_MAX, 1, 5), "quota");
    assert_ok(put(store, "a", 0, 1, 5)); /* the same again is no new one */
    assert_ok(put(store, "b", 0, 1, 5));
    assert_ok(cty_store_commit(store, NULL));
    cty_store_close(store);
}

static void name_of(uint64_t number, char ret_name[static 32])
{
    (void)snprintf(ret_name, 32, "actor-%llu", (unsigned long long)number);
}

static void all_actors_together_have_a_quota_of_contents(void **state)
{
    (void)state;
    char name[32];
    struct cty_store *store = desk_create(&desk);
    assert_ok(cty_store_begin(store, NULL));
    for (uint64_t i = 0; i < CTY_STAGED_TOTAL_MAX; i++) {
        name_of(i / CTY_STAGED_MAX, name);
        assert_ok(put(store, name, i, 0, 5));
    }
    assert_refused(put(store, "another", 1, 0, 5), "quota");
    assert_ok(cty_store_commit(store, NULL));
    cty_store_close(store);
    store = desk_open(&desk); /* counted again at a start */
    assert_ok(cty_store_begin(store, NULL));
    assert_refused(put(store, "another", 1, 0, 5), "quota");
    name_of(0, name);
    assert_ok(drop(store, name, 0));
    assert_ok(put(store, "another", 1, 0, 5));
    assert_refused(put(store, "another", 2, 0, 5), "quota");
    cty_store_roll_back(store); /* and uncounted by what didn't happen */
    assert_ok(cty_store_begin(store, NULL));
    assert_refused(put(store, "another", 1, 0, 5), "quota");
    cty_store_roll_back(store);
    cty_store_close(store);
}

static void all_actors_together_have_a_quota_of_bytes(void **state)
{
    (void)state;
    char name[32];
    struct cty_store *store = desk_create(&desk);
    uint64_t number = 0;
    assert_ok(cty_store_begin(store, NULL));
    for (; (number + 1) * CTY_BLOB_BYTES_MAX <= CTY_STAGED_TOTAL_BYTES_MAX; number++) {
        name_of(number / 8, name);
        assert_ok(put(store, name, number, CTY_BLOB_BYTES_MAX, 5));
    }
    assert_refused(put(store, "another", 1, 1, 5), "quota");
    assert_ok(put(store, "another", 1, 0, 5));
    cty_store_roll_back(store);
    cty_store_close(store);
}

/* What actors of one party stage counts together; and no name that only looks like it counts with them. */
static void a_party_has_a_quota_of_contents(void **state)
{
    (void)state;
    char name[32];
    struct cty_store *store = desk_create(&desk);
    assert_ok(cty_store_begin(store, NULL));
    assert_ok(put(store, "acm/a", 0, 1, 5));
    assert_ok(put(store, "acme-b/a", 0, 1, 5));
    assert_ok(put(store, "acme0/a", 0, 1, 5));
    for (uint64_t i = 0; i < CTY_STAGED_PARTY_MAX; i++) {
        (void)snprintf(name, sizeof(name), "acme/%llu", (unsigned long long)(i / CTY_STAGED_MAX));
        assert_ok(put(store, name, i, 1, 5));
    }
    assert_refused(put(store, "acme/new", 1, 1, 5), "quota");
    assert_ok(put(store, "acme0/a", 1, 1, 5));
    assert_ok(put(store, "bolt/a", 1, 1, 5));
    assert_ok(drop(store, "acme/0", 0));
    assert_ok(put(store, "acme/new", 1, 1, 5));
    assert_refused(put(store, "acme/new", 2, 1, 5), "quota");
    assert_ok(cty_store_commit(store, NULL));
    cty_store_close(store);
}

static void a_party_has_a_quota_of_bytes(void **state)
{
    (void)state;
    char name[32];
    struct cty_store *store = desk_create(&desk);
    uint64_t number = 0;
    assert_ok(cty_store_begin(store, NULL));
    for (; (number + 1) * CTY_BLOB_BYTES_MAX <= CTY_STAGED_PARTY_BYTES_MAX; number++) {
        (void)snprintf(name, sizeof(name), "acme/%llu", (unsigned long long)(number / 8));
        assert_ok(put(store, name, number, CTY_BLOB_BYTES_MAX, 5));
    }
    assert_refused(put(store, "acme/new", 1, 1, 5), "quota");
    assert_ok(put(store, "acme/new", 1, 0, 5));
    assert_ok(put(store, "bolt/new", 1, 1, 5));
    cty_store_roll_back(store);
    cty_store_close(store);
}

static void what_is_old_is_dropped(void **state)
{
    (void)state;
    uint64_t dropped = 99;
    struct cty_store *store = desk_create(&desk);
    assert_refused(cty_store_drop_staged_before(store, 10, 9, &dropped, NULL), "internal");
    assert_ok(cty_store_begin(store, NULL));
    for (uint64_t i = 0; i < 10; i++)
        assert_ok(put(store, i % 2 ? "a" : "b", i, 100, 100 - i));
    assert_ok(cty_store_drop_staged_before(store, 91, 100, &dropped, NULL));
    assert_int_equal(dropped, 0);
    assert_ok(cty_store_drop_staged_before(store, 95, 3, &dropped, NULL));
    assert_int_equal(dropped, 3);
    assert_refused(read_back(store, "b", 8, 100), "not-found");
    assert_ok(read_back(store, "b", 6, 100));
    assert_ok(cty_store_drop_staged_before(store, 95, 3, &dropped, NULL));
    assert_int_equal(dropped, 1);
    assert_ok(cty_store_drop_staged_before(store, UINT64_MAX, 100, &dropped, NULL));
    assert_int_equal(dropped, 6);
    assert_ok(cty_store_commit(store, NULL));
    cty_store_close(store);
    assert_int_equal(desk_reopen(&desk), 0);
}

/* From staged to blob in one transaction, or neither. */
static void what_is_used_moves(void **state)
{
    (void)state;
    struct cty_hash salt = desk_hash("salt", 1);
    struct cty_store_blob blob = {desk_hash("statement", 1), CTY_LITERAL("payload"), desk_hash("commitment", 1),
                                  salt.bytes, cty_bytes_make(content, 100)};
    CTY_CLEANUP(cty_buf_done) struct cty_buf out = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
    uint8_t read[CTY_SALT_SIZE];
    struct cty_store *store = desk_create(&desk);
    assert_ok(cty_store_begin(store, NULL));
    assert_ok(put(store, "a", 1, 100, 5));
    assert_ok(cty_store_commit(store, NULL));
    for (int round = 0; round < 2; round++) {
        assert_ok(cty_store_begin(store, NULL));
        assert_ok(cty_store_put_blob(store, &blob, NULL));
        assert_ok(drop(store, "a", 1));
        if (round == 0)
            cty_store_roll_back(store);
        else
            assert_ok(cty_store_commit(store, NULL));
        assert_refused(read_back(store, "a", 1, 100), round == 0 ? "ok" : "not-found");
        assert_refused(cty_store_read_blob(cty_store_view(store), &blob.statement, blob.member, read, &out, NULL),
                       round == 0 ? "not-found" : "ok");
    }
    cty_store_close(store);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_is_staged_is_kept_by_actor),
        CASE(another_salt_is_another_content),
        CASE(a_content_has_a_limit),
        CASE(an_actor_has_a_quota_of_bytes),
        CASE(an_actor_has_a_quota_of_contents),
        CASE(all_actors_together_have_a_quota_of_contents),
        CASE(all_actors_together_have_a_quota_of_bytes),
        CASE(a_party_has_a_quota_of_contents),
        CASE(a_party_has_a_quota_of_bytes),
        CASE(what_is_old_is_dropped),
        CASE(what_is_used_moves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
