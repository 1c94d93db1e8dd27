/* SPDX-License-Identifier: Apache-2.0 */
#include "store/pairing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "store/connection.h"

/* No log was there yet, but its first will name this one. */
struct cty_pairing cty_pairing_new(enum cty_pairing_state state, uint64_t size)
{
    struct cty_pairing pairing = {.state = state, .salt = {.present = true}, .size = size};
    sqlite3_randomness((int)sizeof(pairing.salt.salt), &pairing.salt.salt);
    return pairing;
}

/* --- the text: "open 1a2b3c4d - 1042" ---------------------------------------------------------------------- */

static const char *const state_names[CTY_PAIRING_STATES] = {"closed", "open", "copy"};

static void salt_format(const struct cty_salt_opt *salt, char ret_text[static 9])
{
    if (salt->present)
        (void)snprintf(ret_text, 9, "%08x", salt->salt);
    else
        (void)snprintf(ret_text, 9, "-");
}

void cty_pairing_format(const struct cty_pairing *pairing, char ret_text[static CTY_PAIRING_TEXT_SIZE])
{
    char salt[9], before[9];
    salt_format(&pairing->salt, salt);
    salt_format(&pairing->before, before);
    (void)snprintf(ret_text, CTY_PAIRING_TEXT_SIZE, "%s %s %s %llu", state_names[pairing->state], salt, before,
                   (unsigned long long)pairing->size);
}

/* The word up to the next space, which it ends, and *at behind it; NULL beyond the last. */
static char *word_take(char **at)
{
    char *word = *at;
    char *space = word ? strchr(word, ' ') : NULL;
    if (space)
        *space = '\0';
    *at = space ? space + 1 : NULL;
    return word;
}

static struct cty_salt_opt salt_parse(const char *word)
{
    bool present = word && strcmp(word, "-") != 0;
    return (struct cty_salt_opt){present, present ? (uint32_t)strtoul(word, NULL, 16) : 0};
}

/* CTY_PAIRING_STATES for none. */
static enum cty_pairing_state state_parse(const char *word)
{
    unsigned state = CTY_PAIRING_CLOSED;
    while (state < CTY_PAIRING_STATES && strcmp(state_names[state], word) != 0)
        state++;
    return (enum cty_pairing_state)state;
}

/* Whatever was read is written again: only what comes out the same is of the form. */
bool cty_pairing_parse(struct cty_bytes text, struct cty_pairing *ret_pairing)
{
    char copy[CTY_PAIRING_TEXT_SIZE], again[CTY_PAIRING_TEXT_SIZE];
    if (text.size == 0 || text.size >= sizeof(copy))
        return false;
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    char *at = copy;
    struct cty_pairing pairing = {.state = state_parse(word_take(&at))};
    if (pairing.state == CTY_PAIRING_STATES)
        return false;
    pairing.salt = salt_parse(word_take(&at));
    pairing.before = salt_parse(word_take(&at));
    pairing.size = at ? strtoull(at, NULL, 10) : 0;
    cty_pairing_format(&pairing, again);
    if (!cty_bytes_is(text, again) || pairing.size > INT64_MAX)
        return false;
    *ret_pairing = pairing;
    return true;
}

/* --- the row ----------------------------------------------------------------------------------------------- */

custody_err cty_pairing_read(struct cty_sql *sql, struct cty_pairing *ret_pairing, custody_error *error)
{
    CTY_CLEANUP(cty_query_done) struct cty_query query = cty_query_make(sql, CTY_SQL_LOG_GET, error);
    bool row = false;
    CTY_TRY(cty_query_step(&query, &row));
    if (!row)
        return cty_fail(error, CUSTODY_E_STORE_ALTERED, "missing: setting log");
    struct cty_bytes text = cty_query_get_text(&query);
    CTY_TRY(cty_query_check(&query));
    if (!cty_pairing_parse(text, ret_pairing))
        return cty_fail(error, CUSTODY_E_STORE_ALTERED, "differs from the schema: setting log");
    return CUSTODY_OK;
}

custody_err cty_pairing_put(struct cty_sql *sql, const struct cty_pairing *pairing, custody_error *error)
{
    char text[CTY_PAIRING_TEXT_SIZE];
    cty_pairing_format(pairing, text);
    CTY_CLEANUP(cty_query_done) struct cty_query query = cty_query_make(sql, CTY_SQL_LOG_PUT, error);
    cty_query_text(&query, cty_bytes_text(text));
    return cty_query_run(&query);
}

/* --- the log's file (SQLite's file format, "The Write-Ahead Log") ------------------------------------------ */

/*
 * 32 bytes, big-endian: magic, version, page size, sequence, two salts, and two sums over the 24 bytes before them. Then
 * frames: page, size of the database after a commit or 0, both salts, two sums, and the page. A frame's sums go on from
 * those before it, over its first 8 bytes and its page; the magic's last bit tells in which byte order.
 */
#define HEADER_SIZE 32
#define FRAME_SIZE 24
#define MAGIC 0x377f0682u
#define PAGE_SIZE_AT 8
#define SALTS_AT 16
#define PAGE_MAX 65536u

struct log_sums {
    bool big;
    uint32_t first;
    uint32_t second;
};

static uint32_t word_at(const uint8_t *bytes, bool big)
{
    uint32_t word = 0;
    for (size_t i = 0; i < 4; i++)
        word = word << 8 | bytes[big ? i : 3 - i];
    return word;
}

static void sums_add(struct log_sums *sums, const uint8_t *bytes, size_t size)
{
    for (size_t at = 0; at + 8 <= size; at += 8) {
        sums->first += word_at(bytes + at, sums->big) + sums->second;
        sums->second += word_at(bytes + at + 4, sums->big) + sums->first;
    }
}

static bool sums_are(const struct log_sums *sums, const uint8_t *stored)
{
    return sums->first == word_at(stored, true) && sums->second == word_at(stored + 4, true);
}

static custody_err log_fail(int rc, custody_err otherwise, custody_error *error)
{
    if ((rc & 0xff) == SQLITE_NOMEM || rc == SQLITE_IOERR_NOMEM)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    return cty_fail(error, otherwise, "reading the write-ahead log: %s (SQLite %d)", sqlite3_errstr(rc), rc);
}

/* What lies beyond the end reads as zeros. */
static custody_err bytes_read(sqlite3_file *file, uint64_t at, uint8_t *out, size_t size, custody_error *error)
{
    memset(out, 0, size);
    int rc = file->pMethods->xRead(file, out, (int)size, (sqlite3_int64)at);
    return rc == SQLITE_OK || rc == SQLITE_IOERR_SHORT_READ ? CUSTODY_OK : log_fail(rc, CUSTODY_E_STORAGE, error);
}

/* SQLite reads nothing out of a log whose header is not whole, so to us it isn't there either. */
static custody_err header_read(sqlite3_file *file, uint8_t header[static HEADER_SIZE], struct log_sums *ret_sums,
                               struct cty_salt_opt *ret_salt, custody_error *error)
{
    CTY_TRY(bytes_read(file, 0, header, HEADER_SIZE, error));
    uint32_t magic = word_at(header, true);
    *ret_sums = (struct log_sums){.big = magic & 1u};
    sums_add(ret_sums, header, HEADER_SIZE - 8);
    bool is_whole = (magic & ~1u) == MAGIC && sums_are(ret_sums, header + HEADER_SIZE - 8);
    *ret_salt = (struct cty_salt_opt){is_whole, is_whole ? word_at(header + SALTS_AT, true) : 0};
    return CUSTODY_OK;
}

/* Whether SQLite finds any commit: frames up to one that ends a transaction, each of this log and whole. */
static custody_err commit_find(sqlite3_file *file, const uint8_t header[static HEADER_SIZE], struct log_sums sums,
                               bool *ret_there, custody_error *error)
{
    size_t page = word_at(header + PAGE_SIZE_AT, true);
    CTY_AUTO_FREE uint8_t *frame = page <= PAGE_MAX ? cty_alloc(1, FRAME_SIZE + page) : NULL;
    if (!frame)
        return page <= PAGE_MAX ? cty_fail_code(error, CUSTODY_E_NO_MEMORY) : CUSTODY_OK;
    for (uint64_t at = HEADER_SIZE;; at += FRAME_SIZE + page) {
        CTY_TRY(bytes_read(file, at, frame, FRAME_SIZE + page, error));
        sums_add(&sums, frame, 8);
        sums_add(&sums, frame + FRAME_SIZE, page);
        if (memcmp(frame + 8, header + SALTS_AT, 8) != 0 || !sums_are(&sums, frame + 16))
            return CUSTODY_OK;
        *ret_there = word_at(frame + 4, true) != 0;
        if (*ret_there)
            return CUSTODY_OK;
    }
}

static custody_err log_read(sqlite3_file *file, struct cty_pairing_log *ret_log, custody_error *error)
{
    uint8_t header[HEADER_SIZE];
    struct log_sums sums;
    CTY_TRY(header_read(file, header, &sums, &ret_log->salt, error));
    return ret_log->salt.present ? commit_find(file, header, sums, &ret_log->commits, error) : CUSTODY_OK;
}

custody_err cty_pairing_salt(struct cty_sql *sql, struct cty_salt_opt *ret_salt, custody_error *error)
{
    uint8_t header[HEADER_SIZE];
    struct log_sums sums;
    sqlite3_file *file = NULL;
    int rc = sqlite3_file_control(sql->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file);
    if (rc != SQLITE_OK || !file)
        return cty_fail(error, CUSTODY_E_INTERNAL, "SQLite does not show its log");
    *ret_salt = (struct cty_salt_opt){.present = false};
    return file->pMethods ? header_read(file, header, &sums, ret_salt, error) : CUSTODY_OK;
}

/* --- before SQLite looks ----------------------------------------------------------------------------------- */

static custody_err log_open(const char *path, sqlite3_vfs *vfs, sqlite3_file *file, struct cty_pairing_log *ret_log,
                            custody_error *error)
{
    int rc = vfs->xOpen(vfs, path, file, SQLITE_OPEN_WAL | SQLITE_OPEN_READONLY, NULL);
    custody_err err = rc == SQLITE_OK ? log_read(file, ret_log, error) : log_fail(rc, CUSTODY_E_IO, error);
    if (file->pMethods)
        (void)file->pMethods->xClose(file);
    return err;
}

/* By SQLite's own way to files, so that both see the same. */
custody_err cty_pairing_find_log(const struct cty_place *place, struct cty_pairing_log *ret_log, custody_error *error)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    int there = 0;
    if (!vfs)
        return cty_fail(error, CUSTODY_E_INTERNAL, "SQLite has no way to files");
    size_t size = strlen(place->path) + sizeof("-wal");
    CTY_AUTO_FREE char *path = cty_alloc(1, size + 2); /* SQLite looks for two NULs more behind a name */
    CTY_AUTO_FREE sqlite3_file *file = cty_alloc(1, (size_t)vfs->szOsFile);
    if (!path || !file)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    *ret_log = (struct cty_pairing_log){.commits = false};
    (void)snprintf(path, size, "%s-wal", place->path);
    if (vfs->xAccess(vfs, path, SQLITE_ACCESS_EXISTS, &there) == SQLITE_OK && !there)
        return CUSTODY_OK;
    return log_open(path, vfs, file, ret_log, error);
}

static custody_err database_look(const struct cty_place *place, struct cty_pairing *ret_pairing)
{
    CTY_CLEANUP(cty_sql_done) struct cty_sql sql = {0};
    CTY_TRY(cty_connection_open(&sql, place->path, CTY_CONNECTION_STILL, NULL));
    return cty_pairing_read(&sql, ret_pairing, NULL);
}

custody_err cty_pairing_look(const struct cty_place *place, struct cty_pairing_look *ret_look, custody_error *error)
{
    *ret_look = (struct cty_pairing_look){.known = false};
    CTY_TRY(cty_pairing_find_log(place, &ret_look->log, error));
    /* Where it can't be read so, whoever opens it with its log will see why. */
    custody_err err = database_look(place, &ret_look->database);
    if (err == CUSTODY_E_NO_MEMORY)
        return cty_fail_code(error, err);
    ret_look->known = err == CUSTODY_OK;
    return CUSTODY_OK;
}

/* --- judging ----------------------------------------------------------------------------------------------- */

#define MISSING "its newest commits are in a write-ahead log (-wal), which is not beside it"
#define FOREIGN "the write-ahead log (-wal) beside it is of another time or another database"
#define OLDER "the write-ahead log (-wal) beside it is older than the database"

custody_err cty_pairing_fail_missing(custody_error *error)
{
    return cty_fail(error, CUSTODY_E_STORE_HALF, MISSING);
}

static bool salt_is(const struct cty_salt_opt *salt, const struct cty_salt_opt *other)
{
    return salt->present && other->present && salt->salt == other->salt;
}

/* The log of the row, or the one that it became when it last began anew. */
static bool salt_follows(const struct cty_salt_opt *log, const struct cty_salt_opt *row)
{
    return row->present && log->salt - row->salt <= 1;
}

custody_err cty_pairing_check_look(const struct cty_pairing_look *look, bool restored, custody_error *error)
{
    const struct cty_pairing *database = &look->database;
    if (!look->known)
        return CUSTODY_OK;
    if (database->state == CTY_PAIRING_COPY && !restored)
        return cty_fail(error, CUSTODY_E_STORE_COPY, "nobody has said yet that it is all of the ledger");
    if (database->state != CTY_PAIRING_OPEN)
        return CUSTODY_OK;
    if (!look->log.salt.present)
        return restored ? CUSTODY_OK : cty_pairing_fail_missing(error);
    if (!restored && database->salt.present && !salt_follows(&look->log.salt, &database->salt))
        return cty_fail(error, CUSTODY_E_STORE_HALF, FOREIGN);
    return CUSTODY_OK;
}

/* The first log after a close: the database does not know it yet, but it knows the database. */
static bool is_first(const struct cty_pairing_look *look, const struct cty_pairing *together)
{
    const struct cty_salt_opt *known = look->database.state == CTY_PAIRING_OPEN ? &look->database.before
                                                                                : &look->database.salt;
    return salt_is(&together->before, known) &&
           (!together->salt.present || salt_is(&together->salt, &look->log.salt));
}

static bool is_foreign(const struct cty_pairing_look *look, const struct cty_pairing *together)
{
    return look->known && look->log.commits && !is_first(look, together) &&
           !salt_follows(&look->log.salt, &look->database.salt);
}

custody_err cty_pairing_check(const struct cty_pairing_look *look, const struct cty_pairing *together, bool restored,
                              custody_error *error)
{
    if (!look->known || !look->log.commits || is_first(look, together))
        return CUSTODY_OK;
    /* Whoever says how far they come together may go on: another program may have begun the log anew. */
    if (is_foreign(look, together) && !(restored && look->database.state == CTY_PAIRING_OPEN))
        return cty_fail(error, CUSTODY_E_STORE_HALF, FOREIGN);
    if (look->database.state == CTY_PAIRING_CLOSED && together->state != CTY_PAIRING_CLOSED)
        return cty_fail(error, CUSTODY_E_STORE_HALF, OLDER);
    return CUSTODY_OK;
}

custody_err cty_pairing_check_size(const struct cty_pairing_look *look, const struct cty_pairing *together,
                                   uint64_t size, custody_error *error)
{
    uint64_t least = look->known && look->database.size > together->size ? look->database.size : together->size;
    /* Without a log it is the database that was altered, and its head doesn't hold together. */
    if (size >= least || !look->log.commits)
        return CUSTODY_OK;
    return cty_fail(error, CUSTODY_E_STORE_HALF, OLDER ": %llu entries where there were %llu", (unsigned long long)size,
                    (unsigned long long)least);
}

custody_err cty_pairing_check_malformed(const struct cty_pairing_look *look, const struct cty_sql *sql,
                                        custody_err err, custody_error *error)
{
    bool is_malformed = err == CUSTODY_E_STORAGE && sql->db && (sqlite3_errcode(sql->db) & 0xff) == SQLITE_CORRUPT;
    if (!is_malformed || !look->log.commits)
        return err;
    return cty_fail(error, CUSTODY_E_STORE_HALF, "what both hold together is malformed: they are of different moments, or one is "
                    "damaged");
}

/* The refusal doesn't say how far it comes: the number has to be found elsewhere. */
custody_err cty_pairing_check_restored(const struct cty_pairing_look *look, const struct cty_pairing *together,
                                       uint64_t size, uint64_t restored, custody_error *error)
{
    bool is_whole = !look->known || (look->database.state == CTY_PAIRING_OPEN && look->log.salt.present &&
                                     !is_foreign(look, together));
    if (is_whole || size == restored)
        return CUSTODY_OK;
    return cty_fail(error, CUSTODY_E_STORE_COPY, size < restored ? "it has fewer than the %llu entries that were seen"
                                                                 : "it has more than the %llu entries that were seen",
                    (unsigned long long)restored);
}
