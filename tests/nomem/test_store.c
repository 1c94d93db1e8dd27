/* SPDX-License-Identifier: Apache-2.0 */
/* The database: a transaction without memory is gone, and the store goes on; SQLite's allocations are walked as ours are. */
#include <unistd.h>

#include "base/limits.h"
#include "crypto/key.h"
#include "ledger/note.h"
#include "store/store.h"
#include "unit/store/desk.h"
#include "walk.h"

#define GROUP 3

static struct {
    struct desk desk;
    char other[160]; /* another path in its folder */
    struct cty_secret *log;
    struct cty_store *store;
    uint64_t size; /* when the try began */
    struct cty_buf out;
} here;

static void look(void *context, struct cty_buf *out)
{
    (void)context;
    assert_ok(cty_buf_put_bytes(out, cty_buf_bytes(&here.out)));
}

static custody_err answer(custody_err err)
{
    if (err != CUSTODY_OK)
        cty_buf_clear(&here.out);
    return err;
}

/* --- a group ---------------------------------------------------------------------------------------------- */

static custody_err put_entry(struct cty_store *store, uint64_t index)
{
    char body[3000];
    memset(body, 'x', sizeof(body));
    snprintf(body, 24, "%020llu", (unsigned long long)index);
    const struct cty_store_entry entry = {index, desk_case_of(index), desk_is_trust(index),
                                          cty_bytes_make(body, 100 + index * 37 % 2900)};
    const struct cty_store_record record = {CTY_LITERAL("ledger"), cty_bytes_make(body, 24)};
    const struct cty_store_record id = {cty_bytes_make(body, 20), CTY_LITERAL("{}")};
    const struct cty_hash leaf = cty_tree_leaf(entry.body), salt = desk_hash("salt", index);
    const struct cty_store_blob blob = {desk_hash("case", index), CTY_LITERAL("payload"), desk_hash("commitment", index),
                                        salt.bytes, cty_hash_bytes(&salt)};
    CTY_TRY(cty_store_append(store, &entry, &leaf, NULL));
    CTY_TRY(cty_store_put_record(store, &record, NULL));
    CTY_TRY(cty_store_put_record(store, &id, NULL));
    if (entry.case_opened == CTY_STORE_NO_CASE)
        return CUSTODY_OK;
    struct cty_store_case row = desk_case(entry.case_opened, index + 1);
    CTY_TRY(cty_store_put_case(store, &row, NULL));
    return entry.case_opened == index ? cty_store_put_blob(store, &blob, NULL) : CUSTODY_OK;
}

/* Signing is not the store's. */
static custody_err put_checkpoint(struct cty_store *store, const struct cty_store_mark *mark)
{
    struct cty_buf text = CTY_BUF_INIT(4096), note = CTY_BUF_INIT(4096);
    const struct cty_checkpoint checkpoint = {CTY_LITERAL(DESK_ORIGIN), mark->size, mark->root};
    nomem_aside(true);
    CTY_CHECK(cty_checkpoint_format(&checkpoint, &text) == CUSTODY_OK);
    CTY_CHECK(cty_note_sign(cty_buf_bytes(&text), checkpoint.origin, here.log, &note) == CUSTODY_OK);
    nomem_aside(false);
    const struct cty_store_checkpoint row = {*mark, cty_buf_bytes(&note)};
    custody_err err = cty_store_put_checkpoint(store, &row, NULL);
    cty_buf_done(&text);
    cty_buf_done(&note);
    return err;
}

static custody_err fill_group(struct cty_store *store)
{
    struct cty_store_mark mark;
    for (unsigned i = 0; i < GROUP; i++)
        CTY_TRY(put_entry(store, cty_store_size(cty_store_view(store))));
    CTY_TRY(cty_store_check(store, &mark, NULL));
    CTY_TRY(put_checkpoint(store, &mark));
    return cty_store_commit(store, NULL);
}

static custody_err append_group(struct cty_store *store)
{
    uint64_t size = cty_store_size(cty_store_view(store));
    custody_err err = cty_store_begin(store, NULL);
    if (err == CUSTODY_OK)
        err = fill_group(store);
    if (err != CUSTODY_OK) {
        cty_store_roll_back(store);
        assert_int_equal(cty_store_size(cty_store_view(store)), size);
        assert_false(cty_store_is_poisoned(store));
    }
    return err;
}

static void begin_append(void *context)
{
    (void)context;
    here.out = CTY_BUF_INIT(1 << 16);
    here.size = cty_store_size(cty_store_view(here.store));
}

static custody_err append(void *context)
{
    (void)context;
    CTY_TRY(cty_buf_reserve(&here.out, 32)); /* first: what is committed can't be taken back */
    CTY_TRY(append_group(here.store));
    return answer(cty_buf_put_u64(&here.out, cty_store_size(cty_store_view(here.store)) - here.size));
}

static custody_err complain(void *context, const char *finding)
{
    (void)context;
    fail_msg("%s", finding);
    return CUSTODY_OK;
}

/* Whatever happened before: what is in the file holds together. */
static void end_append(void *context)
{
    (void)context;
    cty_buf_done(&here.out);
    if (here.size % 16 == 0)
        assert_ok(cty_store_walk_damage(cty_store_view(here.store), complain, NULL, NULL));
}

/* --- staged contents -------------------------------------------------------------------------------------- */

static custody_err stage_one(struct cty_store *store)
{
    const struct cty_hash commitment = desk_hash("staged", 1);
    const struct cty_store_staged staged = {.actor = CTY_LITERAL("acme/ann"),
                                            .commitment = commitment,
                                            .content = CTY_LITERAL("{\"amount\":5}"),
                                            .salt = commitment.bytes,
                                            .created = 7};
    CTY_TRY(cty_store_begin(store, NULL));
    CTY_TRY(cty_store_put_staged(store, &staged, NULL));
    CTY_TRY(cty_store_drop_staged(store, staged.actor, &commitment, NULL));
    return cty_store_commit(store, NULL);
}

static custody_err stage(void *context)
{
    (void)context;
    custody_err err = stage_one(here.store);
    if (err != CUSTODY_OK)
        cty_store_roll_back(here.store);
    assert_false(cty_store_is_poisoned(here.store));
    return err;
}

/* --- opening ---------------------------------------------------------------------------------------------- */

static void close_store(void *context)
{
    (void)context;
    here.store = cty_store_close(here.store);
    here.out = CTY_BUF_INIT(1 << 16);
}

static void done(void *context)
{
    (void)context;
    cty_buf_done(&here.out);
}

static void remove_other(void)
{
    static const char *const ends[] = {"", "-wal", "-shm", ".lock"};
    char path[200];
    for (size_t i = 0; i < CTY_COUNT_OF(ends); i++) {
        snprintf(path, sizeof(path), "%s%s", here.other, ends[i]);
        (void)unlink(path);
    }
}

/* A creation that is cut off leaves no database behind, or a whole one without entries. */
static void check_cut_off(void)
{
    struct cty_store *store = NULL;
    nomem_aside(true);
    if (access(here.other, F_OK) == 0) {
        assert_ok(cty_store_open(here.other, &store, NULL));
        assert_int_equal(cty_store_size(cty_store_view(store)), 0);
        cty_store_close(store);
    }
    remove_other();
    nomem_aside(false);
}

static custody_err create(void *context)
{
    struct cty_store *store = NULL;
    (void)context;
    custody_err err = cty_store_create(here.other, CTY_LITERAL(DESK_ORIGIN), &store, NULL);
    if (err != CUSTODY_OK) {
        assert_null(store);
        check_cut_off();
        return err;
    }
    err = cty_buf_put_bytes(&here.out, cty_store_origin(cty_store_view(store)));
    cty_store_close(store);
    remove_other();
    return answer(err);
}

static custody_err open_and_append(void *context)
{
    struct cty_store *store = NULL;
    (void)context;
    custody_err err = cty_store_open(here.desk.path, &store, NULL);
    if (err != CUSTODY_OK) {
        assert_null(store);
        return err;
    }
    err = append_group(store);
    cty_store_close(store);
    return err;
}

/* --- reading ---------------------------------------------------------------------------------------------- */

static custody_err put_case(void *context, const struct cty_store_case *row)
{
    (void)context;
    return cty_buf_put_bytes(&here.out, row->requester);
}

static custody_err put_body(void *context, const struct cty_store_entry *entry)
{
    (void)context;
    return cty_buf_put_bytes(&here.out, entry->body);
}

static custody_err read_rows(struct cty_store_reader *reader)
{
    const struct cty_store_case_filter filter = {.now = 0};
    struct cty_store_mark mark;
    struct cty_hash root, statement = desk_hash("case", 1);
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    uint8_t salt[CTY_SALT_SIZE];
    uint64_t next = 0;
    CTY_TRY(cty_store_read_entry(reader, 5, &here.out, NULL));
    CTY_TRY(cty_store_read_record(reader, CTY_LITERAL("00000000000000000002"), &here.out, NULL));
    CTY_TRY(cty_store_read_blob(reader, &statement, CTY_LITERAL("payload"), salt, &here.out, NULL));
    CTY_TRY(cty_store_walk_entries(reader, 0, 6, put_body, NULL, NULL));
    CTY_TRY(cty_store_walk_case_entries(reader, 1, true, put_body, NULL, NULL));
    CTY_TRY(cty_store_walk_trust_entries(reader, 0, 2, true, put_body, NULL, NULL));
    CTY_TRY(cty_store_walk_cases(reader, &filter, 0, 2, put_case, NULL, &next, NULL));
    CTY_TRY(cty_store_walk_due_cases(reader, 100000, 2, put_case, NULL, NULL));
    struct cty_tree_reader tree = cty_store_tree(reader);
    CTY_TRY(cty_tree_root(&tree, 6, &root));
    CTY_TRY(cty_buf_put(&here.out, root.bytes, sizeof(root.bytes)));
    custody_err err = cty_store_read_checkpoint(reader, &mark, &note, NULL);
    cty_buf_done(&note);
    return err;
}

static custody_err read_all(void *context)
{
    struct cty_store_reader *reader = NULL;
    (void)context;
    CTY_TRY(cty_store_reader_open(here.desk.path, &reader, NULL));
    custody_err err = cty_store_begin_read(reader, NULL);
    if (err == CUSTODY_OK)
        err = read_rows(reader);
    cty_store_end_read(reader);
    cty_store_reader_close(reader);
    return answer(err);
}

/* It is there whole, or not at all. */
static custody_err backup(void *context)
{
    struct cty_store_reader *reader = NULL;
    (void)context;
    CTY_TRY(cty_store_reader_open(here.desk.path, &reader, NULL));
    custody_err err = cty_store_begin_read(reader, NULL);
    if (err == CUSTODY_OK)
        err = cty_store_backup(reader, here.other, NULL, NULL);
    cty_store_end_read(reader);
    cty_store_reader_close(reader);
    assert_int_equal(access(here.other, F_OK), err == CUSTODY_OK ? 0 : -1);
    if (err == CUSTODY_OK)
        assert_int_equal(unlink(here.other), 0);
    return err;
}

int main(int argc, char **argv)
{
    static const uint8_t seed[32] = "the desk's own log key, seed";
    static const struct nomem_walk walks[] = {
        {.name = "append", .begin = begin_append, .run = append, .look = look, .end = end_append, .shared = true},
        {.name = "stage", .run = stage, .shared = true},
        {.name = "create", .begin = close_store, .run = create, .look = look, .end = done},
        {.name = "read", .begin = close_store, .run = read_all, .look = look, .end = done},
        {.name = "backup", .begin = close_store, .run = backup, .end = done},
        /* Last: each try makes the ledger longer, and what is copied above. */
        {.name = "open_and_append", .begin = close_store, .run = open_and_append, .look = look, .end = done},
    };
    desk_make(&here.desk);
    desk_path(&here.desk, "other.db", here.other);
    CTY_CHECK(cty_secret_from_seed(CTY_LITERAL(DESK_ORIGIN), seed, &here.log) == CUSTODY_OK);
    here.store = desk_create(&here.desk);
    for (unsigned i = 0; i < 10; i++)
        CTY_CHECK(append_group(here.store) == CUSTODY_OK);
    int failed = nomem_run("store", walks, CTY_COUNT_OF(walks), NULL, 0, argc, argv);
    cty_store_close(here.store);
    cty_secret_free(here.log);
    desk_remove(&here.desk);
    return failed;
}
