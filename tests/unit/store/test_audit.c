/* SPDX-License-Identifier: Apache-2.0 */
/* What an auditor sees of a file: every row, everything foreign, every damage; and copies of it. */
#include "desk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* --- rows -------------------------------------------------------------------------------------------------- */

struct tally {
    uint64_t count;
    uint64_t bytes;
    struct cty_store_mark last;
};

static custody_err tally_tile(void *context, const struct cty_store_tile *tile)
{
    struct tally *tally = context;
    tally->count++;
    tally->bytes += tile->hashes.size;
    return CUSTODY_OK;
}

static custody_err tally_checkpoint(void *context, const struct cty_store_checkpoint *checkpoint)
{
    struct tally *tally = context;
    assert_true(checkpoint->mark.size > tally->last.size);
    tally->last = checkpoint->mark;
    tally->count++;
    tally->bytes += checkpoint->note.size;
    return CUSTODY_OK;
}

static custody_err tally_staged(void *context, const struct cty_store_staged *staged)
{
    struct tally *tally = context;
    struct cty_hash salt = desk_hash("salt", 1);
    assert_memory_equal(staged->salt, salt.bytes, CTY_SALT_SIZE);
    assert_bytes_text(staged->actor, "acme/ann");
    assert_int_equal(staged->created, 77);
    tally->count++;
    tally->bytes += staged->content.size;
    return CUSTODY_OK;
}

static custody_err tally_blob(void *context, const struct cty_store_blob *blob)
{
    struct tally *tally = context;
    assert_bytes_text(blob->member, "payload");
    tally->count++;
    tally->bytes += blob->content.size;
    return CUSTODY_OK;
}

static void every_row_is_seen(void **state)
{
    (void)state;
    struct cty_hash salt = desk_hash("salt", 1);
    struct cty_store_staged staged = {CTY_LITERAL("acme/ann"), desk_hash("commitment", 1), salt.bytes,
                                      CTY_LITERAL("content"), 77};
    struct tally tally = {.count = 0};
    struct cty_store *store = desk_create(&desk);
    assert_ok(desk_append(store, 100));
    assert_ok(desk_append(store, 500));
    assert_ok(cty_store_begin(store, NULL));
    assert_ok(cty_store_put_staged(store, &staged, NULL));
    assert_ok(cty_store_commit(store, NULL));
    struct cty_store_reader *reader = desk_reader(&desk);
    assert_ok(cty_store_begin_read(reader, NULL));
    assert_ok(cty_store_walk_all_tiles(reader, tally_tile, &tally, NULL));
    assert_int_equal(tally.count, 4);
    assert_int_equal(tally.bytes, (600 + 2) * CTY_HASH_SIZE);
    tally = (struct tally){.count = 0};
    assert_ok(cty_store_walk_all_checkpoints(reader, tally_checkpoint, &tally, NULL));
    assert_int_equal(tally.count, 2);
    assert_int_equal(tally.last.size, 600);
    tally = (struct tally){.count = 0};
    assert_ok(cty_store_walk_all_staged(reader, tally_staged, &tally, NULL));
    assert_int_equal(tally.count, 1);
    assert_int_equal(tally.bytes, 7);
    tally = (struct tally){.count = 0};
    struct cty_hash statement = desk_hash("case", 5);
    assert_ok(cty_store_walk_statement_blobs(reader, &statement, true, tally_blob, &tally, NULL));
    assert_int_equal(tally.bytes, CTY_HASH_SIZE);
    assert_ok(cty_store_walk_statement_blobs(reader, &statement, false, tally_blob, &tally, NULL));
    assert_int_equal(tally.count, 2);
    assert_int_equal(tally.bytes, CTY_HASH_SIZE);
    desk_compare(reader);
    cty_store_reader_close(reader);
    cty_store_close(store);
}

/* --- what doesn't belong there ------------------------------------------------------------------------------- */

struct findings {
    size_t count;
    char last[256];
};

static custody_err keep_finding(void *context, const char *finding)
{
    struct findings *findings = context;
    findings->count++;
    (void)snprintf(findings->last, sizeof(findings->last), "%s", finding);
    return CUSTODY_OK;
}

/* A reader that was open before somebody changed the file; what is changed earlier no reader opens. */
static void what_is_foreign_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *statement;
        const char *finding;
    } rows[] = {
        {"CREATE TABLE \"Note\" (text TEXT)", "not in the schema: table Note"},
        {"CREATE INDEX entry_body ON entry (body)", "not in the schema: index entry_body"},
        {"CREATE VIEW entries AS SELECT * FROM entry", "not in the schema: view entries"},
        {"CREATE TRIGGER forget AFTER INSERT ON entry BEGIN DELETE FROM blob; END", "not in the schema: trigger forget"},
        {"ALTER TABLE entry ADD COLUMN remark TEXT", "differs from the schema: table entry"},
        {"INSERT INTO setting VALUES ('mode', 'lenient')", "not in the schema: setting mode"},
        {"DROP INDEX entry_trust", "missing: index entry_trust"},
    };
    for (size_t i = 0; i < CTY_COUNT_OF(rows); i++) {
        struct findings findings = {.count = 0};
        cty_store_close(desk_create(&desk));
        struct cty_store_reader *reader = desk_reader(&desk);
        desk_tamper(&desk, rows[i].statement);
        assert_ok(cty_store_begin_read(reader, NULL));
        assert_ok(cty_store_walk_foreign(reader, keep_finding, &findings, NULL));
        assert_int_equal(findings.count, 1);
        assert_string_equal(findings.last, rows[i].finding);
        cty_store_reader_close(reader);
        desk_remove(&desk);
        desk_make(&desk);
    }
}

/* A trigger that somebody adds to a running custodian's file never fires. */
static void a_planted_trigger_never_fires(void **state)
{
    (void)state;
    struct cty_store *store = desk_create(&desk);
    assert_ok(desk_append(store, 10));
    desk_tamper(&desk, "CREATE TRIGGER forget AFTER INSERT ON entry BEGIN DELETE FROM blob; END");
    assert_ok(desk_append(store, 10));
    struct tally tally = {.count = 0};
    assert_ok(cty_store_walk_all_blobs(cty_store_view(store), tally_blob, &tally, NULL));
    assert_int_equal(tally.count, 5);
    cty_store_close(store);
    assert_refused(cty_store_open(desk.path, &store, NULL), "store-altered");
}

static custody_err pass_entry(void *context, const struct cty_store_entry *entry)
{
    (void)context;
    (void)entry;
    return CUSTODY_OK;
}

static void a_row_of_another_type_is_refused(void **state)
{
    (void)state;
    static const char *const statements[] = {
        "UPDATE entry SET trust = 2 WHERE idx = 4",
        "UPDATE entry SET trust = -1 WHERE idx = 4",
        "UPDATE entry SET opened = -5 WHERE idx = 5",
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'STRICT', '') WHERE name = 'entry';"
        "PRAGMA writable_schema = RESET; UPDATE entry SET body = 'text' WHERE idx = 4;"
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = sql || 'STRICT' WHERE name = 'entry'",
    };
    for (size_t i = 0; i < CTY_COUNT_OF(statements); i++) {
        struct cty_store *store = desk_create(&desk);
        assert_ok(desk_append(store, 10));
        cty_store_close(store);
        desk_tamper(&desk, statements[i]);
        store = desk_open(&desk);
        CTY_CLEANUP(cty_buf_done) struct cty_buf out = CTY_BUF_INIT(CTY_ENTRY_BYTES_MAX);
        struct cty_store_reader *view = cty_store_view(store);
        if (i == 3)
            assert_refused(cty_store_read_entry(view, 4, &out, NULL), "store-altered");
        assert_refused(cty_store_walk_entries(view, 0, 10, pass_entry, NULL, NULL), "store-altered");
        cty_store_close(store);
        desk_remove(&desk);
        desk_make(&desk);
    }
}

/* --- damage ------------------------------------------------------------------------------------------------ */

/* Flips a byte in the middle of each page in turn: nothing may crash, and whoever opens it gets a sound answer. */
static void a_damaged_page_is_no_crash(void **state)
{
    (void)state;
    struct stat status;
    struct cty_store *store = desk_create(&desk);
    assert_ok(desk_append(store, 60));
    cty_store_close(store);
    assert_int_equal(stat(desk.path, &status), 0);
    int fd = open(desk.path, O_RDWR);
    assert_true(fd >= 0);
    for (off_t page = 0; page < status.st_size; page += 4096) {
        uint8_t saved[64];
        uint8_t noise[64];
        memset(noise, 0xa5, sizeof(noise));
        assert_int_equal(pread(fd, saved, sizeof(saved), page), sizeof(saved));
        assert_int_equal(pwrite(fd, noise, sizeof(noise), page), sizeof(noise));
        struct cty_store_reader *reader = NULL;
        struct findings findings = {.count = 0};
        if (cty_store_reader_open(desk.path, &reader, NULL) == CUSTODY_OK) {
            assert_ok(cty_store_begin_read(reader, NULL));
            custody_err err = cty_store_walk_damage(reader, keep_finding, &findings, NULL);
            assert_true(err != CUSTODY_OK || findings.count > 0);
        }
        cty_store_reader_close(reader);
        assert_int_equal(pwrite(fd, saved, sizeof(saved), page), sizeof(saved));
    }
    close(fd);
    assert_int_equal(desk_reopen(&desk), 60);
}

/* --- copies ------------------------------------------------------------------------------------------------ */

static void a_copy_is_the_snapshot(void **state)
{
    (void)state;
    struct desk copy = desk;
    struct stat status;
    struct cty_store *store = desk_create(&desk);
    assert_ok(desk_append(store, 100));
    struct cty_store_reader *reader = desk_reader(&desk);
    (void)snprintf(copy.path, sizeof(copy.path), "%s/copy.db", desk.folder);
    assert_refused(cty_store_backup(reader, copy.path, NULL, NULL), "internal"); /* no snapshot */
    assert_refused(cty_store_backup(cty_store_view(store), copy.path, NULL, NULL), "internal");
    assert_ok(cty_store_begin_read(reader, NULL));
    assert_ok(desk_append(store, 50));
    assert_ok(cty_store_backup(reader, copy.path, NULL, NULL));
    assert_refused(cty_store_backup(reader, copy.path, NULL, NULL), "exists");
    desk_compare(reader); /* the snapshot is still there */
    cty_store_reader_close(reader);
    assert_ok(desk_append(store, 50));
    cty_store_close(store);
    assert_int_equal(stat(copy.path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(desk_reopen(&desk), 200);
    reader = NULL;
    assert_ok(cty_store_reader_open(copy.path, &reader, NULL));
    assert_true(cty_store_is_copy(reader));
    assert_ok(cty_store_begin_read(reader, NULL));
    assert_int_equal(cty_store_size(reader), 100);
    desk_compare(reader);
    cty_store_reader_close(reader);
    assert_refused(cty_store_reader_open("no-such-folder/copy.db", &reader, NULL), "not-found");
}

/* A copy is one file, which can be read where nothing else may be written. */
static void a_copy_stands_alone(void **state)
{
    (void)state;
    static const char *const beside[] = {"copy.db-wal", "copy.db-shm", "copy.db-journal", "copy.db.lock",
                                         "copy.db.new-0001"};
    char path[160];
    struct cty_store *store = desk_create(&desk);
    assert_ok(desk_append(store, 30));
    struct cty_store_reader *reader = desk_reader(&desk);
    assert_ok(cty_store_begin_read(reader, NULL));
    desk_path(&desk, "copy.db", path);
    assert_ok(cty_store_backup(reader, path, NULL, NULL));
    cty_store_reader_close(reader);
    cty_store_close(store);
    assert_int_equal(rename(path, desk.path), 0);
    for (size_t i = 0; i < CTY_COUNT_OF(beside); i++) {
        desk_path(&desk, beside[i], path);
        assert_int_equal(access(path, F_OK), -1);
    }
    reader = desk_reader(&desk);
    desk_compare(reader);
    cty_store_reader_close(reader);
}

static bool is_there(const char *name)
{
    char path[160];
    desk_path(&desk, name, path);
    return access(path, F_OK) == 0;
}

/* Evidence is read without a trace. */
static void a_still_file_is_read_without_a_trace(void **state)
{
    (void)state;
    struct cty_store_reader *reader = NULL;
    struct cty_store *store = desk_create(&desk);
    assert_ok(desk_append(store, 30));
    cty_store_close(store);
    assert_false(is_there("ledger.db-wal")); /* a clean stop leaves one file */
    assert_false(is_there("ledger.db-shm"));
    assert_ok(cty_store_reader_open_still(desk.path, &reader, NULL));
    desk_compare(reader);
    assert_false(is_there("ledger.db-wal"));
    assert_false(is_there("ledger.db-shm"));
    cty_store_reader_close(reader);
    assert_false(is_there("ledger.db-wal"));
    assert_false(is_there("ledger.db-shm"));
    desk_tamper(&desk, "UPDATE checkpoint SET size = 31");
    assert_refused(cty_store_reader_open_still(desk.path, &reader, NULL), "store-altered");
    assert_int_equal(unlink(desk.path), 0);
    assert_refused(cty_store_reader_open_still(desk.path, &reader, NULL), "not-found");
}

/* The path goes through a URI: what means something there must stay a name. */
static void a_still_file_may_have_any_name(void **state)
{
    (void)state;
    static const char *const names[] = {"a?mode=rwc", "a#b", "a%20b", "a b", "\xc3\xa4", "file:a", "a&vfs=none"};
    cty_store_close(desk_create(&desk));
    for (size_t i = 0; i < CTY_COUNT_OF(names); i++) {
        struct cty_store_reader *reader = NULL;
        char path[160];
        desk_path(&desk, names[i], path);
        assert_int_equal(rename(desk.path, path), 0);
        assert_ok(cty_store_reader_open_still(path, &reader, NULL));
        cty_store_reader_close(reader);
        assert_ok(cty_store_reader_open(path, &reader, NULL));
        cty_store_reader_close(reader);
        assert_int_equal(rename(path, desk.path), 0);
    }
}

/* --- cosignatures ------------------------------------------------------------------------------------------ */

#define WITNESS_A "a.example/w+01234567+AAAA"
#define WITNESS_B "b.example/w+01234567+AAAA"

static void cosign(struct cty_store *store, uint64_t size, const char *witness, const char *line)
{
    struct cty_store_cosignature row = {size, cty_bytes_text(witness), cty_bytes_text(line), {NULL, 0}};
    assert_ok(cty_store_begin(store, NULL));
    assert_ok(cty_store_put_cosignature(store, &row, NULL));
    assert_ok(cty_store_commit(store, NULL));
}

struct lines {
    char text[256];
    size_t used;
};

static custody_err list_line(void *context, const struct cty_store_cosignature *row)
{
    struct lines *lines = context;
    lines->used += (size_t)snprintf(lines->text + lines->used, sizeof(lines->text) - lines->used, "%llu%.1s%.*s%.*s",
                                    (unsigned long long)row->size, (const char *)row->witness.data,
                                    (int)row->first.size, (const char *)row->first.data, (int)row->last.size,
                                    row->last.size ? (const char *)row->last.data : "");
    return CUSTODY_OK;
}

static void the_first_and_the_newest_line_of_a_witness_are_kept(void **state)
{
    (void)state;
    struct cty_store *store = desk_create(&desk);
    struct lines up = {.used = 0}, down = {.used = 0};
    assert_ok(desk_append(store, 3));
    cosign(store, 3, WITNESS_B, "one\n");
    cosign(store, 3, WITNESS_A, "two\n");
    cosign(store, 3, WITNESS_A, "two\n");
    cosign(store, 1, WITNESS_A, "old\n");
    for (int i = 0; i < 2; i++)
        cosign(store, 3, WITNESS_B, i ? "last\n" : "between\n");
    struct cty_store_reader *view = cty_store_view(store);
    assert_ok(cty_store_walk_cosignatures(view, 0, 100, list_line, &up, NULL));
    assert_string_equal(up.text, "1aold\n3atwo\n3bone\nlast\n");
    assert_ok(cty_store_walk_cosignatures_back(view, 3, 2, list_line, &down, NULL));
    assert_string_equal(down.text, "3bone\nlast\n3atwo\n");
    cty_store_close(store);
}

static void what_is_no_line_is_not_kept(void **state)
{
    (void)state;
    static char large[CTY_COSIGNATURE_LINE_BYTES_MAX + 2];
    struct cty_store *store = desk_create(&desk);
    memset(large, 'x', sizeof(large) - 1);
    large[sizeof(large) - 2] = '\n';
    const char *const lines[] = {"", "no newline", large};
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct cty_store_cosignature row = {1, CTY_LITERAL(WITNESS_A), cty_bytes_text(lines[i]), {NULL, 0}};
        assert_ok(cty_store_begin(store, NULL));
        assert_refused(cty_store_put_cosignature(store, &row, NULL), "internal");
        cty_store_roll_back(store);
    }
    cosign(store, 1, WITNESS_A, large + 1);
    cty_store_close(store);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_row_is_seen),
        CASE(the_first_and_the_newest_line_of_a_witness_are_kept),
        CASE(what_is_no_line_is_not_kept),
        CASE(what_is_foreign_is_named),
        CASE(a_planted_trigger_never_fires),
        CASE(a_row_of_another_type_is_refused),
        CASE(a_damaged_page_is_no_crash),
        CASE(a_copy_is_the_snapshot),
        CASE(a_copy_stands_alone),
        CASE(a_still_file_is_read_without_a_trace),
        CASE(a_still_file_may_have_any_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
