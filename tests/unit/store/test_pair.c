/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A database and its write-ahead log are one: halves of different moments are refused, and so is one without the other.
 * What a kill leaves behind is a pair, and so is a database alone after a clean stop.
 */
#include "desk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "store/pairing.h"
#include "unit/support.h"

#define MOMENTS_MAX 16
#define FILE_BYTES_MAX ((size_t)64 << 20)

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

/* --- files ------------------------------------------------------------------------------------------------- */

/* A file's bytes; `there` is false where it is not. */
struct content {
    bool there;
    struct cty_buf bytes;
};

static void path_of(const char *suffix, char path[static 160])
{
    char name[64];
    (void)snprintf(name, sizeof(name), "ledger.db%s", suffix);
    desk_path(&desk, name, path);
}

static void content_read(const char *suffix, struct content *content)
{
    static uint8_t chunk[1 << 16];
    char path[160];
    path_of(suffix, path);
    content->bytes = CTY_BUF_INIT(FILE_BYTES_MAX);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    content->there = fd >= 0;
    for (ssize_t got = 1; content->there && got > 0;) {
        got = read(fd, chunk, sizeof(chunk));
        assert_true(got >= 0);
        assert_ok(cty_buf_put(&content->bytes, chunk, (size_t)got));
    }
    if (content->there)
        close(fd);
}

static void content_write(const char *suffix, const struct content *content)
{
    char path[160];
    path_of(suffix, path);
    (void)unlink(path);
    if (!content->there)
        return;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content->bytes.data, content->bytes.size), content->bytes.size);
    close(fd);
}

static bool content_equal(const struct content *one, const struct content *other)
{
    return one->there == other->there && cty_bytes_equal(cty_buf_bytes(&one->bytes), cty_buf_bytes(&other->bytes));
}

/* --- moments of a ledger's life ---------------------------------------------------------------------------- */

struct moment {
    struct content database;
    struct content log;
    uint64_t size;
};
static struct moment moments[MOMENTS_MAX];
static size_t moments_count;

/* As if the machine were switched off now. */
static void keep(uint64_t size)
{
    assert_true(moments_count < MOMENTS_MAX);
    struct moment *moment = &moments[moments_count++];
    content_read("", &moment->database);
    content_read("-wal", &moment->log);
    moment->size = size;
}

static void forget_all(void)
{
    for (size_t i = 0; i < moments_count; i++) {
        cty_buf_done(&moments[i].database.bytes);
        cty_buf_done(&moments[i].log.bytes);
    }
    moments_count = 0;
}

static void lay_out(const struct content *database, const struct content *log)
{
    static const struct content none = {.there = false};
    content_write("", database);
    content_write("-wal", log);
    content_write("-shm", &none);
}

/* Bytes 16 to 19 of the log: they change when it begins anew. */
static uint32_t salt_now(void)
{
    uint8_t bytes[4] = {0};
    char path[160];
    path_of("-wal", path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_true(pread(fd, bytes, sizeof(bytes), 16) >= 0);
    close(fd);
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* Appends until the log has begun anew; one at a time fills it with the fewest entries. */
static uint64_t append_long(struct cty_store *store)
{
    uint32_t salt = salt_now();
    for (unsigned i = 0; i < 4000 && salt_now() == salt; i++)
        assert_ok(desk_append(store, 1));
    assert_int_not_equal(salt_now(), salt);
    return cty_store_size(cty_store_view(store));
}

static uint64_t append_some(struct cty_store *store)
{
    assert_ok(desk_append(store, 7));
    return cty_store_size(cty_store_view(store));
}

/* Two runs: each begins, grows, has its log begin anew twice and grow again; what a stop leaves is kept too. */
static void live(void)
{
    struct cty_store *store = desk_create(&desk);
    for (int run = 0; run < 2; run++) {
        uint64_t size = append_some(store);
        keep(size);
        keep(append_some(store));
        keep(append_long(store));
        keep(append_some(store));
        size = append_long(store);
        keep(size);
        cty_store_close(store);
        keep(size);
        store = desk_open(&desk);
    }
    cty_store_close(store);
}

/* --- the matrix -------------------------------------------------------------------------------------------- */

/* What opens is whole, and no database goes back behind a log that is older. */
static bool check_pair(const struct moment *database, const struct moment *log)
{
    struct cty_store *store = NULL;
    struct content after;
    bool same = content_equal(&database->database, &log->database);
    lay_out(&database->database, &log->log);
    custody_err err = cty_store_open(desk.path, &store, NULL);
    if (err != CUSTODY_OK) {
        content_read("", &after);
        assert_true(content_equal(&after, &database->database)); /* nothing was touched */
        cty_buf_done(&after.bytes);
        assert_refused(err, "store-half");
        assert_false(same && database == log);
        return false;
    }
    uint64_t size = cty_store_size(cty_store_view(store));
    assert_true(same || size >= database->size);
    assert_int_equal(size, same || log->log.there ? log->size : database->size);
    desk_compare(cty_store_view(store));
    cty_store_close(store);
    return true;
}

static void halves_of_different_moments_are_refused(void **state)
{
    (void)state;
    unsigned opened = 0, refused = 0;
    live();
    for (size_t i = 0; i < moments_count; i++) {
        for (size_t k = 0; k < moments_count; k++) {
            bool well = check_pair(&moments[i], &moments[k]);
            opened += well;
            refused += !well;
        }
    }
    forget_all();
    printf("# %u pairs opened, %u refused\n", opened, refused);
    assert_true(opened >= 12 && refused >= 80);
}

/* --- one without the other --------------------------------------------------------------------------------- */

static custody_err try_open(void)
{
    struct cty_store *store = NULL;
    custody_err err = cty_store_open(desk.path, &store, NULL);
    cty_store_close(store);
    return err;
}

static custody_err try_restored(uint64_t size)
{
    struct cty_store *store = NULL;
    custody_err err = cty_store_open_restored(desk.path, size, &store, NULL);
    cty_store_close(store);
    return err;
}

static custody_err try_read(custody_err (*how)(const char *path, struct cty_store_reader **ret_reader,
                                               custody_error *error))
{
    struct cty_store_reader *reader = NULL;
    custody_err err = how(desk.path, &reader, NULL);
    cty_store_reader_close(reader);
    return err;
}

/* A running custodian's files, and the size that they come to. */
static void keep_running(void)
{
    struct cty_store *store = desk_create(&desk);
    keep(append_some(store));
    cty_store_close(store);
}

static void a_database_without_its_log_is_refused(void **state)
{
    (void)state;
    static const struct content none = {.there = false};
    static const struct content empty = {.there = true};
    keep_running();
    const struct content *logs[] = {&none, &empty};
    for (size_t i = 0; i < CTY_COUNT_OF(logs); i++) {
        lay_out(&moments[0].database, logs[i]);
        assert_refused(try_open(), "store-half");
        assert_refused(try_read(cty_store_reader_open), "store-half");
        assert_refused(try_read(cty_store_reader_open_still), "store-half");
    }
    lay_out(&moments[0].database, &moments[0].log);
    assert_ok(try_read(cty_store_reader_open));
    assert_int_equal(desk_reopen(&desk), 7);
    forget_all();
}

/* Whoever says how far it came may go on without: it came no further than its log was. */
static void a_lost_log_is_a_persons_to_answer_for(void **state)
{
    (void)state;
    static const struct content none = {.there = false};
    keep_running();
    lay_out(&moments[0].database, &none);
    assert_refused(try_restored(7), "store-copy");
    assert_refused(try_open(), "store-half");
    assert_ok(try_restored(0));
    assert_int_equal(desk_reopen(&desk), 0);
    forget_all();
}

static void a_log_without_its_database_is_left_alone(void **state)
{
    (void)state;
    static const struct content none = {.there = false};
    struct cty_store *store = NULL;
    struct content after;
    keep_running();
    lay_out(&none, &moments[0].log);
    assert_refused(try_open(), "not-found");
    assert_refused(cty_store_create(desk.path, CTY_LITERAL(DESK_ORIGIN), &store, NULL), "exists");
    content_read("-wal", &after);
    assert_true(content_equal(&after, &moments[0].log));
    cty_buf_done(&after.bytes);
    forget_all();
}

static void another_databases_log_is_refused(void **state)
{
    (void)state;
    keep_running();
    desk_remove(&desk);
    desk_make(&desk);
    struct cty_store *store = desk_create(&desk);
    (void)append_some(store);
    keep(append_some(store));
    cty_store_close(store);
    keep(14);
    for (size_t i = 1; i < 3; i++) {
        lay_out(&moments[i].database, &moments[0].log);
        assert_refused(try_open(), "store-half");
    }
    lay_out(&moments[1].database, &moments[1].log);
    assert_int_equal(desk_reopen(&desk), 14);
    forget_all();
}

/* SQLite makes the log's index anew, so what lies there of another time says nothing. */
static void a_leftover_index_says_nothing(void **state)
{
    (void)state;
    struct content index = {.there = true, .bytes = CTY_BUF_INIT(FILE_BYTES_MAX)};
    for (unsigned i = 0; i < 32768; i++)
        assert_ok(cty_buf_put_byte(&index.bytes, (uint8_t)(i * 7)));
    keep_running();
    lay_out(&moments[0].database, &moments[0].log);
    content_write("-shm", &index);
    assert_int_equal(desk_reopen(&desk), 7);
    content_write("-shm", &index); /* beside a database that was closed */
    assert_int_equal(desk_reopen(&desk), 7);
    cty_buf_done(&index.bytes);
    forget_all();
}

/* --- another program --------------------------------------------------------------------------------------- */

/* As `PRAGMA wal_checkpoint` of a shell does. */
static void bring_in_from_outside(void)
{
    sqlite3 *db = NULL;
    int frames = 0, folded = -1;
    assert_int_equal(sqlite3_open_v2(desk.path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "SELECT count(*) FROM entry", NULL, NULL, NULL), SQLITE_OK); /* finds the log */
    assert_int_equal(sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, &frames, &folded), SQLITE_OK);
    assert_true(frames > 0);
    assert_int_equal(frames, folded);
    sqlite3_close(db);
}

static void another_program_may_bring_the_log_in(void **state)
{
    (void)state;
    struct cty_store *store = desk_create(&desk);
    uint32_t salt = 0;
    for (unsigned i = 0; i < 5; i++) {
        uint64_t size = append_some(store);
        assert_true(i == 0 || salt_now() == salt + 1);
        salt = salt_now();
        keep(size); /* killed now */
        bring_in_from_outside();
        keep(size);
    }
    cty_store_close(store);
    for (size_t i = 0; i < moments_count; i++) {
        lay_out(&moments[i].database, &moments[i].log);
        assert_int_equal(desk_reopen(&desk), moments[i].size);
    }
    forget_all();
}

/* The database of a writer that was killed before it could tell it of the log, twice. */
static void row_fall_behind(struct content *database)
{
    char *text = (char *)database->bytes.data;
    unsigned changed = 0;
    for (size_t i = 0; i + 13 < database->bytes.size; i++) {
        if (memcmp(text + i, "open ", 5) == 0 && text[i + 13] == ' ' && text[i + 5] != '-') {
            text[i + 5] = text[i + 5] == '7' ? '8' : '7';
            changed++;
        }
    }
    assert_true(changed > 0);
}

static void a_log_of_another_time_is_a_persons_to_answer_for(void **state)
{
    (void)state;
    struct cty_store *store = desk_create(&desk);
    keep(append_some(store));
    bring_in_from_outside();
    keep(append_some(store));
    bring_in_from_outside();
    keep(append_some(store));
    cty_store_close(store);
    struct moment *last = &moments[2];
    row_fall_behind(&last->database);
    lay_out(&last->database, &last->log);
    assert_refused(try_open(), "store-half");
    assert_refused(try_restored(last->size - 1), "store-copy");
    assert_refused(try_restored(last->size + 1), "store-copy");
    assert_refused(try_open(), "store-half");
    assert_ok(try_restored(last->size));
    assert_int_equal(desk_reopen(&desk), last->size);
    /* Pages are missing that were brought in between: the head shows it. */
    lay_out(&moments[0].database, &last->log);
    assert_refused(try_restored(last->size), "store-altered");
    forget_all();
}

/* --- copies ------------------------------------------------------------------------------------------------ */

static void copy_to(const char *name, char path[static 160])
{
    struct cty_store_reader *reader = desk_reader(&desk);
    desk_path(&desk, name, path);
    assert_ok(cty_store_begin_read(reader, NULL));
    assert_ok(cty_store_backup(reader, path, NULL, NULL));
    cty_store_reader_close(reader);
}

static void a_copy_is_written_by_nobody_unasked(void **state)
{
    (void)state;
    char copy[160];
    struct cty_store *store = desk_create(&desk);
    (void)append_some(store);
    copy_to("copy.db", copy);
    cty_store_close(store);
    assert_int_equal(rename(copy, desk.path), 0);
    assert_refused(try_open(), "store-copy");
    assert_refused(try_restored(6), "store-copy");
    assert_refused(try_restored(8), "store-copy");
    assert_refused(try_open(), "store-copy");
    assert_ok(try_read(cty_store_reader_open));
    assert_ok(try_restored(7));
    assert_int_equal(desk_reopen(&desk), 7); /* once said, it is an ordinary database */
    assert_refused(try_restored(99), "store-copy");
    assert_refused(try_restored(6), "store-copy");
    assert_ok(try_restored(7));
    store = desk_open(&desk);
    assert_int_equal(append_some(store), 14);
    cty_store_close(store);
    assert_int_equal(desk_reopen(&desk), 14);
}

static void a_copy_takes_no_log(void **state)
{
    (void)state;
    char copy[160];
    struct cty_store *store = desk_create(&desk);
    (void)append_some(store);
    copy_to("copy.db", copy);
    keep(append_some(store));
    cty_store_close(store);
    lay_out(&moments[0].database, &moments[0].log);
    assert_int_equal(rename(copy, desk.path), 0);
    assert_refused(try_open(), "store-copy");
    assert_refused(try_restored(7), "store-half");
    forget_all();
}

struct watched {
    unsigned steps;
    unsigned stop_at;
};

static custody_err on_step(void *context, uint64_t pages, uint64_t of_pages)
{
    struct watched *watched = context;
    assert_true(pages <= of_pages);
    return ++watched->steps == watched->stop_at ? CUSTODY_E_DECLINED : CUSTODY_OK;
}

static void a_copy_that_is_broken_off_leaves_nothing(void **state)
{
    (void)state;
    static const char *const beside[] = {"copy.db", "copy.db.new-0001", "copy.db.lock",
                                         "copy.db.new-0001-journal"};
    struct watched watched = {.stop_at = 2};
    const struct cty_store_backup_watch watch = {on_step, &watched};
    char path[160];
    struct cty_store *store = desk_create(&desk);
    for (int i = 0; i < 100; i++)
        assert_ok(desk_append(store, 50));
    struct cty_store_reader *reader = desk_reader(&desk);
    assert_ok(cty_store_begin_read(reader, NULL));
    desk_path(&desk, "copy.db", path);
    assert_refused(cty_store_backup(reader, path, &watch, NULL), "declined");
    assert_int_equal(watched.steps, 2);
    for (size_t i = 0; i < CTY_COUNT_OF(beside); i++) {
        desk_path(&desk, beside[i], path);
        assert_int_equal(access(path, F_OK), -1);
    }
    cty_store_reader_close(reader);
    cty_store_close(store);
}

/* A ledger may have any name: that of a backup's file while it is made, or of its lock. */
static void a_copy_removes_no_ledger(void **state)
{
    (void)state;
    static const char *const names[] = {"x.db.new", "x.db.new-0001", "x.db.lock"};
    char path[160], ledger[160];
    for (size_t i = 0; i < CTY_COUNT_OF(names); i++) {
        struct cty_store_reader *reader = NULL;
        struct cty_store *store = NULL;
        desk_path(&desk, names[i], ledger);
        assert_ok(cty_store_create(ledger, CTY_LITERAL(DESK_ORIGIN), &store, NULL));
        assert_ok(desk_append(store, 7));
        assert_ok(cty_store_reader_open(ledger, &reader, NULL));
        assert_ok(cty_store_begin_read(reader, NULL));
        desk_path(&desk, "x.db", path);
        assert_ok(cty_store_backup(reader, path, NULL, NULL));
        cty_store_reader_close(reader);
        cty_store_close(store);
        store = NULL;
        assert_int_equal(unlink(path), 0);
        assert_ok(cty_store_open(ledger, &store, NULL));
        assert_int_equal(cty_store_size(cty_store_view(store)), 7);
        cty_store_close(store);
    }
}

/* --- the row ----------------------------------------------------------------------------------------------- */

static void the_row_has_one_form(void **state)
{
    (void)state;
    static const char *const good[] = {"closed 00000001 - 0", "open 1a2b3c4d 00000001 1042", "open - 1a2b3c4d 7",
                                       "copy ffffffff - 9223372036854775807"};
    static const char *const bad[] = {
        "", "closed", "closed 1 - 0", "closed 00000001 - 00", "closed 00000001 - -1", "closed  00000001 - 0",
        "closed 00000001 - 0 ", " closed 00000001 - 0", "Closed 00000001 - 0", "shut 00000001 - 0",
        "open 1A2B3C4D - 7", "open 1a2b3c4d5 - 7", "open 1a2b3c4d - 7x", "open 1a2b3c4d -", "open 1a2b3c4d 7",
        "copy ffffffff - 9223372036854775808", "copy ffffffff - 99999999999999999999999"};
    struct cty_pairing pairing;
    char text[CTY_PAIRING_TEXT_SIZE];
    for (size_t i = 0; i < CTY_COUNT_OF(good); i++) {
        assert_true(cty_pairing_parse(cty_bytes_text(good[i]), &pairing));
        cty_pairing_format(&pairing, text);
        assert_string_equal(text, good[i]);
    }
    for (size_t i = 0; i < CTY_COUNT_OF(bad); i++)
        assert_false(cty_pairing_parse(cty_bytes_text(bad[i]), &pairing));
    assert_false(cty_pairing_parse(cty_bytes_make((const uint8_t *)"closed 00000001 - 0\0", 20), &pairing));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_row_has_one_form),
        cmocka_unit_test_setup_teardown(halves_of_different_moments_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_database_without_its_log_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_lost_log_is_a_persons_to_answer_for, setup, teardown),
        cmocka_unit_test_setup_teardown(a_log_without_its_database_is_left_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(another_databases_log_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_leftover_index_says_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(another_program_may_bring_the_log_in, setup, teardown),
        cmocka_unit_test_setup_teardown(a_log_of_another_time_is_a_persons_to_answer_for, setup, teardown),
        cmocka_unit_test_setup_teardown(a_copy_is_written_by_nobody_unasked, setup, teardown),
        cmocka_unit_test_setup_teardown(a_copy_takes_no_log, setup, teardown),
        cmocka_unit_test_setup_teardown(a_copy_that_is_broken_off_leaves_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_copy_removes_no_ledger, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
