/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes into the log are joined: a file that is written so holds at each sync, and gives to each read, what one that is
 * written at once would; a commit takes few writes; a transaction that is larger than what SQLite keeps in memory reads
 * what it wrote; and what fails does so in the transaction that it belongs to.
 */
#include "store/joined.h"

#include "base/limits.h"
#include "desk.h"
#include "faulty_vfs.h"
#include "unit/support.h"

#define MODEL_BYTES (1024u * 1024u)
#define STEPS 20000u
/* More pages than the writer's cache holds. */
#define LARGE 40u

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
    faulty_pads(false);
    faulty_at_sync(NULL, NULL);
    desk_remove(&desk);
    return 0;
}

/* --- a file and what it should hold --------------------------------------------------------------------------- */

struct model {
    sqlite3_file *file;
    char path[160];
    uint8_t bytes[MODEL_BYTES];
    size_t size;
    uint8_t data[CTY_JOINED_BYTES + 4096];
    uint64_t chance;
};

static struct model m;

static size_t below(size_t count)
{
    m.chance = m.chance * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(m.chance >> 33) % count;
}

static sqlite3_vfs *way(void)
{
    const char *name = NULL;
    assert_ok(cty_joined_name(&name, NULL));
    sqlite3_vfs *vfs = sqlite3_vfs_find(name);
    assert_non_null(vfs);
    return vfs;
}

static void model_open(void)
{
    sqlite3_vfs *vfs = way();
    memset(&m, 0, sizeof(m));
    desk_path(&desk, "log", m.path); /* the log gets the rights of its database */
    FILE *database = fopen(m.path, "wb");
    assert_non_null(database);
    assert_int_equal(fclose(database), 0);
    desk_path(&desk, "log-wal", m.path);
    m.file = calloc(1, (size_t)vfs->szOsFile);
    assert_non_null(m.file);
    assert_int_equal(vfs->xOpen(vfs, m.path, m.file, SQLITE_OPEN_WAL | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL),
                     SQLITE_OK);
}

static void model_close(void)
{
    assert_int_equal(m.file->pMethods->xClose(m.file), SQLITE_OK);
    free(m.file);
}

static void write_at(size_t offset, size_t size)
{
    for (size_t i = 0; i < size; i++)
        m.data[i] = (uint8_t)below(256);
    assert_int_equal(m.file->pMethods->xWrite(m.file, m.data, (int)size, (sqlite3_int64)offset), SQLITE_OK);
    memcpy(m.bytes + offset, m.data, size);
    m.size = m.size < offset + size ? offset + size : m.size;
}

static void read_at(size_t offset, size_t size)
{
    int rc = m.file->pMethods->xRead(m.file, m.data, (int)size, (sqlite3_int64)offset);
    assert_int_equal(rc, offset + size <= m.size ? SQLITE_OK : SQLITE_IOERR_SHORT_READ);
    assert_memory_equal(m.data, m.bytes + offset, size); /* zeros beyond the end */
}

static void truncate_at(size_t size)
{
    assert_int_equal(m.file->pMethods->xTruncate(m.file, (sqlite3_int64)size), SQLITE_OK);
    memset(m.bytes + size, 0, MODEL_BYTES - size);
    m.size = size;
}

static void expect_size(void)
{
    sqlite3_int64 size = 0;
    assert_int_equal(m.file->pMethods->xFileSize(m.file, &size), SQLITE_OK);
    assert_int_equal(size, m.size);
}

/* As another process would see it. */
static void expect_file(void)
{
    FILE *file = fopen(m.path, "rb");
    assert_non_null(file);
    uint8_t *bytes = calloc(1, MODEL_BYTES);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, MODEL_BYTES, file), m.size);
    assert_memory_equal(bytes, m.bytes, m.size);
    free(bytes);
    assert_int_equal(fclose(file), 0);
}

static void sync_all(void)
{
    assert_int_equal(m.file->pMethods->xSync(m.file, SQLITE_SYNC_NORMAL), SQLITE_OK);
    expect_file();
}

/* Frames one behind the other, mostly, as a log has them; and now and then anything. */
static void step(void)
{
    size_t die = below(100);
    if (die < 60 && m.size + 8192 < MODEL_BYTES) {
        write_at(m.size, 24);
        write_at(m.size, 4096);
    } else if (die < 75) {
        size_t size = 1 + below(die < 62 ? sizeof(m.data) : 9000);
        write_at(below((m.size < MODEL_BYTES - size ? m.size : MODEL_BYTES - size) + 1), size);
    } else if (die < 93) {
        size_t size = 1 + below(9000);
        read_at(below(MODEL_BYTES - size), size);
    } else if (die < 94) {
        truncate_at(below(m.size + 1));
    } else if (die < 97) {
        expect_size();
    } else {
        sync_all();
    }
}

static void a_joined_file_is_as_one_that_is_written_at_once(void **state)
{
    (void)state;
    model_open();
    for (size_t i = 0; i < STEPS; i++)
        step();
    sync_all();
    model_close();
    expect_file();
}

static void what_was_not_synced_is_forgotten(void **state)
{
    (void)state;
    model_open();
    write_at(0, 4096);
    sync_all();
    faulty_arm(FAULTY_NONE, 0);
    assert_int_equal(m.file->pMethods->xWrite(m.file, "unsynced", 8, 4096), SQLITE_OK);
    model_close();
    assert_int_equal(faulty_writes(), 0);
    expect_file();
}

/* What failed is told once, and is gone. */
static void a_write_that_fails_is_told_where_it_is_let_go(void **state)
{
    (void)state;
    char path[160];
    model_open();
    const sqlite3_io_methods *io = m.file->pMethods;
    sqlite3_int64 size = -1;
    for (int way_out = 0; way_out < 5; way_out++) {
        write_at(0, 4096);
        faulty_arm(FAULTY_WRITE_FULL, 1);
        int rc = way_out == 0   ? io->xSync(m.file, SQLITE_SYNC_NORMAL)
                 : way_out == 1 ? io->xRead(m.file, path, 8, 100)
                 : way_out == 2 ? io->xFileSize(m.file, &size)
                 : way_out == 3 ? io->xTruncate(m.file, 0)
                                : io->xWrite(m.file, path, 8, 100000);
        assert_int_equal(rc, SQLITE_FULL);
        assert_true(faulty_disarm());
        faulty_arm(FAULTY_NONE, 0);
        assert_int_equal(io->xSync(m.file, SQLITE_SYNC_NORMAL), SQLITE_OK);
        assert_int_equal(faulty_writes(), 0);
        assert_int_equal(io->xFileSize(m.file, &size), SQLITE_OK);
        assert_int_equal(size, 0);
    }
    model_close();
}

/* --- transactions ---------------------------------------------------------------------------------------------- */

static void a_commit_takes_few_writes(void **state)
{
    (void)state;
    struct cty_store *store = desk_create(&desk);
    assert_ok(desk_append(store, 250));
    faulty_arm(FAULTY_WRITE_IO, 0);
    assert_ok(desk_append(store, 8));
    assert_true(faulty_count() > 10);
    assert_true(faulty_bytes() > 10 * 4096);
    assert_true((uint64_t)faulty_writes() <= 1 + faulty_bytes() / (CTY_JOINED_BYTES - 4096));
    cty_store_close(store);
    assert_int_equal(desk_reopen(&desk), 258);
}

static custody_err put_large(struct cty_store *store, const uint8_t *content, uint64_t index)
{
    struct cty_hash salt = desk_hash("salt", index);
    struct cty_store_blob blob = {desk_hash("large", index), CTY_LITERAL("payload"), desk_hash("commitment", index),
                                  salt.bytes, cty_bytes_make(content, CTY_BLOB_BYTES_MAX)};
    return cty_store_put_blob(store, &blob, NULL);
}

static custody_err put_all(struct cty_store *store)
{
    custody_err err = CUSTODY_OK;
    CTY_AUTO_FREE uint8_t *content = calloc(1, CTY_BLOB_BYTES_MAX);
    assert_non_null(content);
    CTY_TRY(cty_store_begin(store, NULL));
    for (uint64_t i = 0; err == CUSTODY_OK && i < LARGE; i++) {
        memset(content, (int)i, CTY_BLOB_BYTES_MAX);
        err = put_large(store, content, i);
    }
    return err;
}

static void expect_large(struct cty_store_reader *reader, custody_err expected)
{
    uint8_t salt[CTY_SALT_SIZE];
    for (uint64_t i = 0; i < LARGE; i++) {
        CTY_CLEANUP(cty_buf_done) struct cty_buf out = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
        struct cty_hash statement = desk_hash("large", i);
        custody_err err = cty_store_read_blob(reader, &statement, CTY_LITERAL("payload"), salt, &out, NULL);
        assert_int_equal(err, expected);
        assert_int_equal(out.size, expected == CUSTODY_OK ? CTY_BLOB_BYTES_MAX : 0);
        for (size_t at = 0; at < out.size; at += 1000)
            assert_int_equal(out.data[at], (uint8_t)i);
    }
}

static void a_large_transaction_reads_what_it_wrote(void **state)
{
    (void)state;
    struct cty_store *store = desk_create(&desk);
    assert_ok(desk_append(store, 250));
    assert_ok(put_all(store));
    expect_large(cty_store_view(store), CUSTODY_OK);
    cty_store_roll_back(store);
    expect_large(cty_store_view(store), CUSTODY_E_NOT_FOUND);
    assert_ok(desk_append(store, 8)); /* over what was rolled back */
    struct cty_store_reader *reader = desk_reader(&desk);
    desk_compare(reader);
    cty_store_reader_close(reader);
    assert_ok(put_all(store));
    assert_ok(cty_store_commit(store, NULL));
    reader = desk_reader(&desk);
    assert_ok(cty_store_begin_read(reader, NULL));
    expect_large(reader, CUSTODY_OK);
    cty_store_reader_close(reader);
    cty_store_close(store);
}

/* Wherever a large transaction meets a full disk, it is gone, and nothing else is. */
static void a_large_transaction_meets_a_full_disk(void **state)
{
    (void)state;
    struct cty_store *store = desk_create(&desk);
    assert_ok(desk_append(store, 250));
    int met = 0;
    for (int nth = 1; nth < 12000; nth = 3 * nth + 1) {
        faulty_arm(FAULTY_WRITE_FULL, nth);
        custody_err err = put_all(store);
        if (err == CUSTODY_OK)
            err = cty_store_commit(store, NULL);
        cty_store_roll_back(store);
        assert_true(faulty_disarm());
        assert_refused(err, "read-only");
        met++;
        expect_large(cty_store_view(store), CUSTODY_E_NOT_FOUND);
        assert_ok(desk_append(store, 1));
    }
    assert_true(met > 5);
    cty_store_close(store);
    assert_int_equal(desk_reopen(&desk), 250 + (uint64_t)met);
}

struct glance {
    struct cty_store_reader *reader;
    uint64_t size;
    int syncs;
};

static void look(void *context)
{
    struct glance *glance = context;
    assert_ok(cty_store_begin_read(glance->reader, NULL));
    assert_int_equal(cty_store_size(glance->reader), glance->size);
    cty_store_end_read(glance->reader);
    glance->syncs++;
}

/* Joined writes rest on it: what is let go at the sync is shown to nobody before. */
static void a_commit_is_shown_behind_its_sync(void **state)
{
    (void)state;
    struct cty_store *store = desk_create(&desk);
    assert_ok(desk_append(store, 250));
    struct glance glance = {.reader = desk_reader(&desk), .size = 250};
    for (uint64_t size = 251; size < 300; size++) {
        faulty_at_sync(look, &glance);
        assert_ok(desk_append(store, 1));
        faulty_at_sync(NULL, NULL);
        glance.size = size;
        look(&glance);
    }
    assert_true(glance.syncs >= 2 * 49);
    cty_store_reader_close(glance.reader);
    cty_store_close(store);
}

/* There SQLite would show frames whose end isn't written. */
static void a_disk_that_needs_padding_is_refused(void **state)
{
    (void)state;
    struct cty_store *store = desk_create(&desk);
    assert_ok(desk_append(store, 8));
    cty_store_close(store);
    faulty_pads(true);
    store = NULL;
    assert_refused(cty_store_open(desk.path, &store, NULL), "internal");
    assert_null(store);
    faulty_pads(false);
    assert_int_equal(desk_reopen(&desk), 8);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_joined_file_is_as_one_that_is_written_at_once),
        CASE(what_was_not_synced_is_forgotten),
        CASE(a_write_that_fails_is_told_where_it_is_let_go),
        CASE(a_commit_takes_few_writes),
        CASE(a_large_transaction_reads_what_it_wrote),
        CASE(a_large_transaction_meets_a_full_disk),
        CASE(a_commit_is_shown_behind_its_sync),
        CASE(a_disk_that_needs_padding_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
