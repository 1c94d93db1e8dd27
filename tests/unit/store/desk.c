/* SPDX-License-Identifier: Apache-2.0 */
#include "desk.h"

#include <dirent.h>
#include <sqlite3.h>
#include <unistd.h>

#include "base/limits.h"
#include "crypto/key.h"
#include "ledger/note.h"
#include "unit/support.h"

/* --- folder ------------------------------------------------------------------------------------------------ */

void desk_make(struct desk *desk)
{
    assert_ok(cty_crypto_init());
    const char *base = getenv("TMPDIR");
    (void)snprintf(desk->folder, sizeof(desk->folder), "%s/custody-store-XXXXXX", base ? base : "/tmp");
    assert_non_null(mkdtemp(desk->folder));
    (void)snprintf(desk->path, sizeof(desk->path), "%s/ledger.db", desk->folder);
}

void desk_path(const struct desk *desk, const char *name, char ret_path[static 160])
{
    (void)snprintf(ret_path, 160, "%s/%s", desk->folder, name);
}

void desk_remove(struct desk *desk)
{
    DIR *folder = opendir(desk->folder);
    assert_non_null(folder);
    for (struct dirent *item = readdir(folder); item; item = readdir(folder)) {
        char path[sizeof(desk->folder) + sizeof(item->d_name) + 1];
        (void)snprintf(path, sizeof(path), "%s/%s", desk->folder, item->d_name);
        (void)unlink(path);
    }
    closedir(folder);
    assert_int_equal(rmdir(desk->folder), 0);
}

static void explain(custody_err err, const custody_error *error)
{
    if (err != CUSTODY_OK)
        print_message("%s: %s\n", custody_err_name(err), error->detail);
}

struct cty_store *desk_create(const struct desk *desk)
{
    struct cty_store *store = NULL;
    custody_error error = {0};
    custody_err err = cty_store_create(desk->path, CTY_LITERAL(DESK_ORIGIN), &store, &error);
    explain(err, &error);
    assert_ok(err);
    return store;
}

struct cty_store *desk_open(const struct desk *desk)
{
    struct cty_store *store = NULL;
    custody_error error = {0};
    custody_err err = cty_store_open(desk->path, &store, &error);
    explain(err, &error);
    assert_ok(err);
    return store;
}

struct cty_store_reader *desk_reader(const struct desk *desk)
{
    struct cty_store_reader *reader = NULL;
    custody_error error = {0};
    custody_err err = cty_store_reader_open(desk->path, &reader, &error);
    explain(err, &error);
    assert_ok(err);
    return reader;
}

void desk_tamper(const struct desk *desk, const char *statement)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open_v2(desk->path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    char *message = NULL;
    if (sqlite3_exec(db, statement, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", statement, message);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* --- what follows from an index ------------------------------------------------------------------------------ */

bool desk_is_trust(uint64_t index)
{
    return index % 4 == 0;
}

uint64_t desk_case_of(uint64_t index)
{
    return desk_is_trust(index) ? CTY_STORE_NO_CASE : index - index % 4 + 1;
}

/* From some dozen bytes to more than a page. */
void desk_body(uint64_t index, struct cty_buf *out)
{
    assert_ok(cty_buf_putf(out, "{\"index\":%llu,\"filling\":\"", (unsigned long long)index));
    for (uint64_t i = 0; i < index * 37 % 4500; i++)
        assert_ok(cty_buf_put_byte(out, (uint8_t)('a' + (index + i) % 26)));
    assert_ok(cty_buf_put_text(out, "\"}"));
}

static struct cty_hash leaf_of(uint64_t index)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf body = CTY_BUF_INIT(CTY_ENTRY_BYTES_MAX);
    desk_body(index, &body);
    return cty_tree_leaf(cty_buf_bytes(&body));
}

struct cty_hash desk_hash(const char *what, uint64_t index)
{
    char text[64];
    (void)snprintf(text, sizeof(text), "%s %llu", what, (unsigned long long)index);
    return cty_sha256(cty_bytes_text(text));
}

static uint64_t newest_of_case(uint64_t opened, uint64_t size)
{
    return opened + 2 < size ? opened + 2 : size - 1;
}

struct cty_store_case desk_case(uint64_t opened, uint64_t size)
{
    static const char *const names[] = {"acme/ann", "acme/bob", "globex/gus"};
    uint64_t newest = newest_of_case(opened, size);
    return (struct cty_store_case){
        .opened = opened,
        .case_id = desk_hash("case", opened),
        .state = (unsigned)(newest - opened),
        .due = newest == opened + 2 ? 0 : 1000 * opened + newest,
        .updated = newest,
        .requester = cty_bytes_text(names[opened / 4 % 3]),
        .holder = cty_bytes_text(names[(opened / 4 + newest) % 3]),
        .service = CTY_LITERAL("payments"),
        .party = CTY_LITERAL("acme"),
    };
}

struct cty_hash desk_root(uint64_t size)
{
    struct cty_frontier frontier = {0};
    for (uint64_t i = 0; i < size; i++) {
        struct cty_hash leaf = leaf_of(i);
        assert_ok(cty_frontier_append(&frontier, &leaf, NULL, NULL));
    }
    return cty_frontier_root(&frontier);
}

static void key_of(const char *kind, uint64_t index, char ret_key[static 64])
{
    (void)snprintf(ret_key, 64, "%s/%016llx", kind, (unsigned long long)(index * 0x9e3779b97f4a7c15u));
}

static void value_of(uint64_t index, char ret_value[static 64])
{
    (void)snprintf(ret_value, 64, "{\"index\":%llu}", (unsigned long long)index);
}

/* --- writing ----------------------------------------------------------------------------------------------- */

static struct cty_secret *log_key(void)
{
    static const uint8_t seed[32] = "the desk's own log key, seed";
    struct cty_secret *secret = NULL;
    assert_ok(cty_secret_from_seed(CTY_LITERAL(DESK_ORIGIN), seed, &secret));
    return secret;
}

void desk_note(const struct cty_store_mark *mark, struct cty_buf *out)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    CTY_CLEANUP(cty_secret_free_pointer) struct cty_secret *secret = log_key();
    struct cty_checkpoint checkpoint = {CTY_LITERAL(DESK_ORIGIN), mark->size, mark->root};
    *out = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    assert_ok(cty_checkpoint_format(&checkpoint, &text));
    assert_ok(cty_note_sign(cty_buf_bytes(&text), CTY_LITERAL(DESK_ORIGIN), secret, out));
}

static custody_err put_record(struct cty_store *store, const char *key, uint64_t index)
{
    char value[64];
    value_of(index, value);
    struct cty_store_record record = {cty_bytes_text(key), cty_bytes_text(value)};
    return cty_store_put_record(store, &record, NULL);
}

static custody_err put_blob(struct cty_store *store, uint64_t index)
{
    struct cty_hash salt = desk_hash("salt", index);
    struct cty_hash content = desk_hash("content", index);
    struct cty_store_blob blob = {desk_hash("case", index), CTY_LITERAL("payload"),
                                  desk_hash("commitment", index), salt.bytes, cty_hash_bytes(&content)};
    return cty_store_put_blob(store, &blob, NULL);
}

static custody_err put_case(struct cty_store *store, uint64_t index)
{
    char key[64];
    uint64_t opened = desk_case_of(index);
    if (opened == CTY_STORE_NO_CASE)
        return CUSTODY_OK;
    struct cty_store_case row = desk_case(opened, index + 1);
    key_of("case", opened, key);
    CTY_TRY(put_record(store, key, index));
    CTY_TRY(cty_store_put_case(store, &row, NULL));
    return opened == index ? put_blob(store, index) : CUSTODY_OK;
}

custody_err desk_put_entry(struct cty_store *store, uint64_t index)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf body = CTY_BUF_INIT(CTY_ENTRY_BYTES_MAX);
    char key[64];
    desk_body(index, &body);
    struct cty_store_entry entry = {index, desk_case_of(index), desk_is_trust(index), cty_buf_bytes(&body)};
    struct cty_hash leaf = cty_tree_leaf(entry.body);
    CTY_TRY(cty_store_append(store, &entry, &leaf, NULL));
    CTY_TRY(put_record(store, "ledger", index));
    key_of("id", index, key);
    CTY_TRY(put_record(store, key, index));
    return put_case(store, index);
}

custody_err desk_sign(struct cty_store *store, const struct cty_store_mark *mark)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf note;
    desk_note(mark, &note);
    struct cty_store_checkpoint checkpoint = {*mark, cty_buf_bytes(&note)};
    return cty_store_put_checkpoint(store, &checkpoint, NULL);
}

static custody_err fill(struct cty_store *store, uint64_t count)
{
    struct cty_store_mark mark;
    custody_error error = {0};
    for (uint64_t i = 0; i < count; i++)
        CTY_TRY(desk_put_entry(store, cty_store_size(cty_store_view(store))));
    CTY_TRY(cty_store_check(store, &mark, &error));
    CTY_TRY(desk_sign(store, &mark));
    return cty_store_commit(store, &error);
}

custody_err desk_append(struct cty_store *store, uint64_t count)
{
    CTY_TRY(cty_store_begin(store, NULL));
    custody_err err = fill(store, count);
    if (err != CUSTODY_OK)
        cty_store_roll_back(store);
    return err;
}

/* --- comparing --------------------------------------------------------------------------------------------- */

struct compare {
    struct cty_store_reader *reader;
    uint64_t size;
    uint64_t count;
};

static custody_err compare_entry(void *context, const struct cty_store_entry *entry)
{
    struct compare *compare = context;
    CTY_CLEANUP(cty_buf_done) struct cty_buf body = CTY_BUF_INIT(CTY_ENTRY_BYTES_MAX);
    desk_body(compare->count, &body);
    assert_int_equal(entry->index, compare->count);
    assert_true(entry->case_opened == desk_case_of(compare->count));
    assert_true(entry->trust == desk_is_trust(compare->count));
    assert_true(cty_bytes_equal(entry->body, cty_buf_bytes(&body)));
    compare->count++;
    return CUSTODY_OK;
}

static custody_err compare_case(void *context, const struct cty_store_case *row)
{
    struct compare *compare = context;
    struct cty_store_case expected = desk_case(4 * compare->count++ + 1, compare->size);
    assert_int_equal(row->opened, expected.opened);
    assert_true(cty_hash_equal(&row->case_id, &expected.case_id));
    assert_int_equal(row->state, expected.state);
    assert_int_equal(row->due, expected.due);
    assert_int_equal(row->updated, expected.updated);
    assert_true(cty_bytes_equal(row->requester, expected.requester));
    assert_true(cty_bytes_equal(row->holder, expected.holder));
    assert_true(cty_bytes_equal(row->service, expected.service));
    assert_true(cty_bytes_equal(row->party, expected.party));
    return CUSTODY_OK;
}

static custody_err count_record(void *context, const struct cty_store_record *record)
{
    struct compare *compare = context;
    assert_true(record->key.size > 0 && record->value.size > 0);
    compare->count++;
    return CUSTODY_OK;
}

static custody_err count_blob(void *context, const struct cty_store_blob *blob)
{
    struct compare *compare = context;
    assert_int_equal(blob->content.size, CTY_HASH_SIZE);
    compare->count++;
    return CUSTODY_OK;
}

static custody_err compare_finding(void *context, const char *finding)
{
    (void)context;
    fail_msg("%s", finding);
    return CUSTODY_OK;
}

static void compare_record(struct compare *compare, const char *key, uint64_t index)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf value = CTY_BUF_INIT(64);
    char expected[64];
    value_of(index, expected);
    assert_ok(cty_store_read_record(compare->reader, cty_bytes_text(key), &value, NULL));
    assert_bytes_text(cty_buf_bytes(&value), expected);
}

static void compare_blob(struct compare *compare, uint64_t index)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf content = CTY_BUF_INIT(64);
    struct cty_hash statement = desk_hash("case", index);
    struct cty_hash expected = desk_hash("content", index);
    uint8_t salt[CTY_SALT_SIZE];
    assert_ok(cty_store_read_blob(compare->reader, &statement, CTY_LITERAL("payload"), salt, &content, NULL));
    assert_true(cty_bytes_equal(cty_buf_bytes(&content), cty_hash_bytes(&expected)));
    expected = desk_hash("salt", index);
    assert_memory_equal(salt, expected.bytes, CTY_SALT_SIZE);
}

static void compare_rows(struct compare *compare)
{
    char key[64];
    for (uint64_t i = 0; i < compare->size; i++) {
        key_of("id", i, key);
        compare_record(compare, key, i);
        if (desk_case_of(i) != i)
            continue;
        key_of("case", i, key);
        compare_record(compare, key, newest_of_case(i, compare->size));
        compare_blob(compare, i);
    }
    if (compare->size > 0)
        compare_record(compare, "ledger", compare->size - 1);
}

static void compare_counts(struct compare *compare)
{
    struct cty_store_reader *reader = compare->reader;
    uint64_t cases = (compare->size + 2) / 4;
    compare->count = 0;
    assert_ok(cty_store_walk_entries(reader, 0, UINT64_MAX, compare_entry, compare, NULL));
    assert_int_equal(compare->count, compare->size);
    compare->count = 0;
    assert_ok(cty_store_walk_all_cases(reader, compare_case, compare, NULL));
    assert_int_equal(compare->count, cases);
    compare->count = 0;
    assert_ok(cty_store_walk_records(reader, CTY_LITERAL(""), CTY_LITERAL(""), UINT64_MAX, count_record,
                                     compare, NULL));
    assert_int_equal(compare->count, compare->size + cases + (compare->size > 0));
    compare->count = 0;
    assert_ok(cty_store_walk_all_blobs(reader, count_blob, compare, NULL));
    assert_int_equal(compare->count, cases);
}

static void compare_tree(struct compare *compare)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    CTY_CLEANUP(cty_buf_done) struct cty_buf expected = {0};
    struct cty_tree_reader tree = cty_store_tree(compare->reader);
    struct cty_store_mark mark;
    struct cty_hash root;
    struct cty_hash grown = desk_root(compare->size);
    assert_ok(cty_tree_root(&tree, compare->size, &root));
    assert_true(cty_hash_equal(&root, &grown));
    if (compare->size == 0) {
        assert_refused(cty_store_read_checkpoint(compare->reader, &mark, &note, NULL), "not-found");
        return;
    }
    assert_ok(cty_store_read_checkpoint(compare->reader, &mark, &note, NULL));
    assert_int_equal(mark.size, compare->size);
    assert_true(cty_hash_equal(&mark.root, &root));
    desk_note(&mark, &expected);
    assert_true(cty_bytes_equal(cty_buf_bytes(&note), cty_buf_bytes(&expected)));
}

void desk_compare(struct cty_store_reader *reader)
{
    bool own = cty_store_begin_read(reader, NULL) == CUSTODY_OK;
    struct compare compare = {.reader = reader, .size = cty_store_size(reader)};
    assert_bytes_text(cty_store_origin(reader), DESK_ORIGIN);
    compare_counts(&compare);
    compare_rows(&compare);
    compare_tree(&compare);
    assert_ok(cty_store_walk_foreign(reader, compare_finding, NULL, NULL));
    assert_ok(cty_store_walk_damage(reader, compare_finding, NULL, NULL));
    if (own)
        cty_store_end_read(reader);
}

uint64_t desk_reopen(const struct desk *desk)
{
    struct cty_store *store = desk_open(desk);
    desk_compare(cty_store_view(store));
    uint64_t size = cty_store_size(cty_store_view(store));
    cty_store_close(store);
    return size;
}
