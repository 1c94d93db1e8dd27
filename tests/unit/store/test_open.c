/* SPDX-License-Identifier: Apache-2.0 */
/* Making and opening: who may, what is refused, and what is seen of a head that was altered. */
#include "desk.h"

#include <sqlite3.h>
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

static custody_err try_open(const char *path)
{
    struct cty_store *store = NULL;
    custody_err err = cty_store_open(path, &store, NULL);
    assert_true(err == CUSTODY_OK || store == NULL);
    cty_store_close(store);
    return err;
}

static custody_err try_read(const char *path)
{
    struct cty_store_reader *reader = NULL;
    custody_err err = cty_store_reader_open(path, &reader, NULL);
    assert_true(err == CUSTODY_OK || reader == NULL);
    cty_store_reader_close(reader);
    return err;
}

static custody_err try_create(const char *path, const char *origin)
{
    struct cty_store *store = NULL;
    custody_err err = cty_store_create(path, cty_bytes_text(origin), &store, NULL);
    cty_store_close(store);
    return err;
}

static void fill(uint64_t size)
{
    struct cty_store *store = desk_create(&desk);
    assert_ok(desk_append(store, size));
    cty_store_close(store);
}

/* --- files ------------------------------------------------------------------------------------------------- */

static void a_database_is_made_once(void **state)
{
    (void)state;
    fill(3);
    assert_refused(try_create(desk.path, DESK_ORIGIN), "exists");
    assert_int_equal(desk_reopen(&desk), 3);
}

static void a_database_is_for_its_owner_alone(void **state)
{
    (void)state;
    static const char *const names[] = {"ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.db.lock"};
    struct cty_store *store = desk_create(&desk);
    assert_ok(desk_append(store, 3));
    for (size_t i = 0; i < CTY_COUNT_OF(names); i++) {
        char path[160];
        struct stat status;
        desk_path(&desk, names[i], path);
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 07777, 0600);
    }
    cty_store_close(store);
    static const mode_t modes[] = {0640, 0604, 0620, 0602};
    for (size_t i = 0; i < CTY_COUNT_OF(modes); i++) {
        assert_int_equal(chmod(desk.path, modes[i]), 0);
        assert_refused(try_open(desk.path), "io");
    }
    assert_int_equal(chmod(desk.path, 0600), 0);
    assert_ok(try_open(desk.path));
}

static void a_folder_that_others_write_is_refused(void **state)
{
    (void)state;
    fill(3);
    char other[160];
    desk_path(&desk, "other.db", other);
    static const mode_t modes[] = {0720, 0702, 01777};
    for (size_t i = 0; i < CTY_COUNT_OF(modes); i++) {
        assert_int_equal(chmod(desk.folder, modes[i]), 0);
        assert_refused(try_open(desk.path), "io");
        assert_refused(try_create(other, DESK_ORIGIN), "io");
    }
    assert_int_equal(chmod(desk.folder, 0755), 0);
    assert_ok(try_open(desk.path));
    assert_int_equal(chmod(desk.folder, 0700), 0);
}

static void what_is_no_plain_file_is_refused(void **state)
{
    (void)state;
    char other[160];
    fill(3);
    desk_path(&desk, "other.db", other);
    assert_refused(try_open(other), "not-found");
    assert_refused(try_read(other), "not-found");
    assert_int_equal(symlink(desk.path, other), 0);
    assert_refused(try_open(other), "io");
    assert_refused(try_read(other), "io");
    assert_refused(try_create(other, DESK_ORIGIN), "exists");
    assert_int_equal(unlink(other), 0);
    assert_int_equal(link(desk.path, other), 0);
    assert_refused(try_open(other), "io");
    assert_refused(try_open(desk.path), "io");
    assert_int_equal(unlink(other), 0);
    assert_ok(try_open(desk.path));
    assert_refused(try_open(desk.folder), "io");
    assert_refused(try_open(""), "io");
    assert_refused(try_open("no-such-folder/ledger.db"), "not-found");
    assert_refused(try_create("no-such-folder/ledger.db", DESK_ORIGIN), "not-found");
}

static void the_rest_of_another_database_is_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"ledger.db-wal", "ledger.db-shm", "ledger.db-journal"};
    for (size_t i = 0; i < CTY_COUNT_OF(names); i++) {
        char path[160];
        desk_path(&desk, names[i], path);
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        fclose(file);
        assert_refused(try_create(desk.path, DESK_ORIGIN), "exists");
        assert_int_equal(unlink(path), 0);
    }
    assert_ok(try_create(desk.path, DESK_ORIGIN));
}

static const char foreign_text[] = "somebody's";

static void foreign_put(const char *name)
{
    char path[160];
    desk_path(&desk, name, path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(foreign_text, file) >= 0);
    fclose(file);
}

static void assert_foreign_untouched(const char *name)
{
    char path[160], text[64] = "";
    desk_path(&desk, name, path);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof(text), file));
    fclose(file);
    assert_string_equal(text, foreign_text);
}

/* They may be what an earlier attempt left, or somebody's ledger. */
static void files_of_names_like_it_are_left_alone(void **state)
{
    (void)state;
    static const char *const names[] = {"ledger.db.new", "ledger.db.new-journal", "ledger.db.new-0001",
                                        "ledger.db.new-0002-journal", "ledger.db.new-0003-wal"};
    static const char *const made[] = {"ledger.db.new-0002", "ledger.db.new-0003", "ledger.db.new-0004",
                                       "ledger.db.new-0004-journal"};
    char path[160];
    for (size_t i = 0; i < CTY_COUNT_OF(names); i++)
        foreign_put(names[i]);
    assert_refused(try_open(desk.path), "not-found");
    fill(3);
    assert_int_equal(desk_reopen(&desk), 3);
    for (size_t i = 0; i < CTY_COUNT_OF(names); i++)
        assert_foreign_untouched(names[i]);
    for (size_t i = 0; i < CTY_COUNT_OF(made); i++) {
        desk_path(&desk, made[i], path);
        assert_int_equal(access(path, F_OK), -1);
    }
}

static void an_origin_is_a_lawful_name(void **state)
{
    (void)state;
    char longest[CTY_ORIGIN_BYTES_MAX + 2];
    memset(longest, 'a', sizeof(longest));
    longest[CTY_ORIGIN_BYTES_MAX + 1] = '\0';
    assert_refused(try_create(desk.path, ""), "bad-member");
    assert_refused(try_create(desk.path, "two words"), "bad-member");
    assert_refused(try_create(desk.path, longest), "bad-member");
    assert_refused(try_open(desk.path), "not-found");
    longest[CTY_ORIGIN_BYTES_MAX] = '\0';
    assert_ok(try_create(desk.path, longest));
}

static void one_writer_at_a_time(void **state)
{
    (void)state;
    struct cty_store *store = desk_create(&desk);
    assert_ok(desk_append(store, 3));
    assert_refused(try_open(desk.path), "store-locked");
    assert_refused(try_create(desk.path, DESK_ORIGIN), "store-locked");
    assert_ok(try_read(desk.path));
    assert_ok(desk_append(store, 3));
    cty_store_close(store);
    assert_int_equal(desk_reopen(&desk), 6);
}

static void a_lock_leads_nowhere_else(void **state)
{
    (void)state;
    char path[160];
    desk_path(&desk, "ledger.db.lock", path);
    struct cty_store *store = desk_create(&desk);
    assert_refused(try_open(desk.path), "store-locked");
    cty_store_close(store);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("elsewhere", path), 0);
    assert_refused(try_open(desk.path), "io");
    assert_int_equal(unlink(path), 0);
    assert_ok(try_open(desk.path));
}

/* --- what the file is -------------------------------------------------------------------------------------- */

static void write_file(const char *text)
{
    FILE *file = fopen(desk.path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    fclose(file);
    assert_int_equal(chmod(desk.path, 0600), 0);
}

static void a_foreign_file_is_refused(void **state)
{
    (void)state;
    write_file("");
    assert_refused(try_open(desk.path), "store-unknown");
    assert_refused(try_read(desk.path), "store-unknown");
    write_file("This is a text of somebody else's, and longer than the hundred bytes that SQLite reads first of "
               "any file that it is asked to open.");
    assert_refused(try_open(desk.path), "store-unknown");
    assert_refused(try_read(desk.path), "store-unknown");
    assert_int_equal(unlink(desk.path), 0);
    write_file("");
    desk_tamper(&desk, "CREATE TABLE entry (idx INTEGER PRIMARY KEY)");
    assert_refused(try_open(desk.path), "store-unknown");
}

static void another_version_is_refused(void **state)
{
    (void)state;
    fill(3);
    desk_tamper(&desk, "PRAGMA user_version = 3");
    assert_refused(try_open(desk.path), "store-unknown");
    assert_refused(try_read(desk.path), "store-unknown");
    desk_tamper(&desk, "PRAGMA user_version = 4; PRAGMA application_id = 1");
    assert_refused(try_open(desk.path), "store-unknown");
    assert_refused(try_read(desk.path), "store-unknown");
    desk_tamper(&desk, "PRAGMA application_id = 1129601329"); /* "CTY1" */
    assert_int_equal(desk_reopen(&desk), 3);
}

/* Each alteration alone, on a fresh ledger. */
static void each_is_refused(const char *const *statements, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fill(300);
        desk_tamper(&desk, statements[i]);
        custody_err opened = try_open(desk.path);
        custody_err read = try_read(desk.path);
        if (opened != CUSTODY_E_STORE_ALTERED || read != CUSTODY_E_STORE_ALTERED)
            fail_msg("%s: %s, %s", statements[i], custody_err_name(opened), custody_err_name(read));
        desk_remove(&desk);
        desk_make(&desk);
    }
}

static void another_schema_is_refused(void **state)
{
    (void)state;
    static const char *const statements[] = {
        "CREATE TABLE note (text TEXT)",
        "CREATE TABLE \"Entry2\" (idx INTEGER PRIMARY KEY)",
        "CREATE INDEX entry_body ON entry (body)",
        "CREATE VIEW entries AS SELECT * FROM entry",
        "CREATE TRIGGER forget AFTER INSERT ON entry BEGIN DELETE FROM blob; END",
        "ALTER TABLE entry ADD COLUMN remark TEXT",
        "DROP TABLE staged",
        "DROP INDEX entry_trust",
        "DROP INDEX escrow_due; CREATE INDEX escrow_due ON escrow (due)",
        "INSERT INTO setting VALUES ('mode', 'lenient')",
        "DELETE FROM setting",
        "UPDATE setting SET value = 'two words'",
        "ANALYZE",
    };
    each_is_refused(statements, CTY_COUNT_OF(statements));
}

/* 300 entries: tile 0/0 is full, 0/1 holds 44 hashes, 1/0 holds one. */
static void an_altered_head_is_refused(void **state)
{
    (void)state;
    static const char *const statements[] = {
        /* entries */
        "DELETE FROM entry WHERE idx = 299",
        "DELETE FROM entry WHERE idx = 0",
        "DELETE FROM entry",
        "UPDATE entry SET idx = 300 WHERE idx = 299",
        "UPDATE entry SET body = CAST(body || x'20' AS BLOB) WHERE idx = 299",
        "INSERT INTO entry VALUES (300, NULL, 0, x'7b7d')",
        "INSERT INTO entry VALUES (-1, NULL, 0, x'7b7d')",
        /* tiles */
        "DELETE FROM tile WHERE level = 0 AND idx = 1",
        "DELETE FROM tile WHERE level = 1",
        "DELETE FROM tile",
        "UPDATE tile SET hashes = zeroblob(44 * 32) WHERE level = 0 AND idx = 1",
        "UPDATE tile SET hashes = zeroblob(32) WHERE level = 1",
        "UPDATE tile SET hashes = substr(hashes, 1, 43 * 32) WHERE level = 0 AND idx = 1",
        "UPDATE tile SET hashes = substr(hashes, 1, 44 * 32 - 1) WHERE level = 0 AND idx = 1",
        "UPDATE tile SET hashes = CAST(hashes || hex(zeroblob(16)) AS BLOB) WHERE level = 0 AND idx = 1",
        "UPDATE tile SET hashes = CAST(hashes || hex(zeroblob(16)) AS BLOB) WHERE level = 1",
        "INSERT INTO tile VALUES (0, 2, zeroblob(32))",
        "INSERT INTO tile VALUES (2, 0, zeroblob(32))",
        "INSERT INTO tile VALUES (7, 0, zeroblob(32))",
        "INSERT INTO tile VALUES (-1, 0, zeroblob(32))",
        /* the checkpoint */
        "DELETE FROM checkpoint",
        "UPDATE checkpoint SET size = 299",
        "UPDATE checkpoint SET size = 301",
        "UPDATE checkpoint SET root = zeroblob(32)",
        "UPDATE checkpoint SET root = x'00'",
        "UPDATE checkpoint SET note = x'00'",
        "UPDATE checkpoint SET note = zeroblob(100000)",
        "UPDATE checkpoint SET note = CAST(replace(CAST(note AS TEXT), 'desk', 'dusk') AS BLOB)",
        "UPDATE checkpoint SET note = CAST(replace(CAST(note AS TEXT), '300', '301') AS BLOB)",
        "INSERT INTO checkpoint SELECT 400, root, note FROM checkpoint",
        "INSERT INTO checkpoint SELECT -1, root, note FROM checkpoint; DELETE FROM checkpoint WHERE size > 0",
        /* the origin, which the note names too */
        "UPDATE setting SET value = 'other.example/desk'",
    };
    each_is_refused(statements, CTY_COUNT_OF(statements));
}

/* What lies below the head is an auditor's to find; opening reads a bounded number of rows. */
static void an_alteration_below_the_head_is_left_to_the_audit(void **state)
{
    (void)state;
    fill(300);
    desk_tamper(&desk, "UPDATE entry SET body = x'7b7d' WHERE idx = 100");
    assert_ok(try_open(desk.path));
}

static void a_new_ledger_has_nothing_else(void **state)
{
    (void)state;
    static const char *const statements[] = {
        "INSERT INTO entry VALUES (0, NULL, 0, x'7b7d')",
        "INSERT INTO tile VALUES (0, 0, zeroblob(32))",
        "INSERT INTO checkpoint VALUES (0, zeroblob(32), x'00')",
    };
    for (size_t i = 0; i < CTY_COUNT_OF(statements); i++) {
        cty_store_close(desk_create(&desk));
        desk_tamper(&desk, statements[i]);
        assert_refused(try_open(desk.path), "store-altered");
        desk_remove(&desk);
        desk_make(&desk);
    }
}

/* Any cut of the file is refused or, where only unused pages went, harmless. */
static void a_file_that_was_cut_is_refused(void **state)
{
    (void)state;
    struct stat status;
    fill(300);
    assert_int_equal(stat(desk.path, &status), 0);
    for (off_t size = status.st_size - 4096; size > 0; size -= 37 * 4096) {
        assert_int_equal(truncate(desk.path, size), 0);
        custody_err err = try_open(desk.path);
        if (err != CUSTODY_E_STORAGE && err != CUSTODY_E_STORE_ALTERED && err != CUSTODY_E_STORE_UNKNOWN)
            fail_msg("cut at %lld: %s", (long long)size, custody_err_name(err));
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_database_is_made_once),
        CASE(a_database_is_for_its_owner_alone),
        CASE(a_folder_that_others_write_is_refused),
        CASE(what_is_no_plain_file_is_refused),
        CASE(the_rest_of_another_database_is_refused),
        CASE(files_of_names_like_it_are_left_alone),
        CASE(an_origin_is_a_lawful_name),
        CASE(one_writer_at_a_time),
        CASE(a_lock_leads_nowhere_else),
        CASE(a_foreign_file_is_refused),
        CASE(another_version_is_refused),
        CASE(another_schema_is_refused),
        CASE(an_altered_head_is_refused),
        CASE(an_alteration_below_the_head_is_left_to_the_audit),
        CASE(a_new_ledger_has_nothing_else),
        CASE(a_file_that_was_cut_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
