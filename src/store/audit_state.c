/* SPDX-License-Identifier: Apache-2.0 */
#include "store/audit_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "store/connection.h"
#include "store/place.h"

/* "CTYA", in the file's header; and the version beside it. */
#define APPLICATION_ID 0x43545941u
#define VERSION 1u

/* Each as its sqlite_schema row reads; a changed line is a new version. */
static const struct {
    const char *name;
    const char *definition;
} tables[] = {
    {"record", "CREATE TABLE record (space INTEGER NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, "
               "PRIMARY KEY (space, key)) STRICT, WITHOUT ROWID"},
    {"tile", "CREATE TABLE tile (level INTEGER NOT NULL, idx INTEGER NOT NULL, hashes BLOB NOT NULL, "
             "PRIMARY KEY (level, idx)) STRICT, WITHOUT ROWID"},
};

enum statement { GET, PUT, EACH, TILE_GET, TILE_PUT, STATEMENT_COUNT };
static const char *const statements[STATEMENT_COUNT] = {
    [GET] = "SELECT value FROM record WHERE space = ?1 AND key = ?2",
    [PUT] = "INSERT INTO record (space, key, value) VALUES (?1, ?2, ?3) "
            "ON CONFLICT (space, key) DO UPDATE SET value = excluded.value",
    [EACH] = "SELECT key, value FROM record WHERE space = ?1 AND key >= ?2 AND key < ?3 ORDER BY key",
    [TILE_GET] = "SELECT hashes FROM tile WHERE level = ?1 AND idx = ?2",
    [TILE_PUT] = "INSERT INTO tile (level, idx, hashes) VALUES (?1, ?2, ?3) "
                 "ON CONFLICT (level, idx) DO UPDATE SET hashes = excluded.hashes",
};

struct cty_audit_state {
    struct cty_sql sql;
    struct cty_place place;
    sqlite3_stmt *ready[STATEMENT_COUNT];
    bool anew; /* at place.made, which is removed unless it is committed */
};

/* --- statements -------------------------------------------------------------------------------------------- */

static custody_err execute(struct cty_sql *sql, const char *text, custody_error *error)
{
    cty_sql_before(sql);
    int rc = sqlite3_exec(sql->db, text, NULL, NULL, NULL);
    cty_sql_after(sql);
    return rc == SQLITE_OK ? CUSTODY_OK : cty_sql_fail(sql, rc, text, error);
}

static struct cty_query ask(struct cty_audit_state *state, enum statement id, custody_error *error)
{
    struct cty_query query = {.sql = &state->sql, .error = error};
    int rc = SQLITE_OK;
    if (!state->ready[id])
        rc = sqlite3_prepare_v3(state->sql.db, statements[id], -1, SQLITE_PREPARE_PERSISTENT, &state->ready[id], NULL);
    query.stmt = state->ready[id];
    if (rc != SQLITE_OK)
        query.err = cty_sql_fail(&state->sql, rc, statements[id], error);
    return query;
}

custody_err cty_audit_state_get(struct cty_audit_state *state, unsigned space, const char *key, struct cty_buf *out,
                                custody_error *error)
{
    CTY_CLEANUP(cty_query_done) struct cty_query query = ask(state, GET, error);
    bool row = false;
    cty_query_u64(&query, space);
    cty_query_text(&query, cty_bytes_text(key));
    CTY_TRY(cty_query_step(&query, &row));
    if (!row)
        return CUSTODY_E_NOT_FOUND;
    struct cty_bytes value = cty_query_get_blob(&query);
    CTY_TRY(cty_query_check(&query));
    return cty_buf_put_bytes(out, value);
}

custody_err cty_audit_state_put(struct cty_audit_state *state, unsigned space, const char *key, struct cty_bytes value,
                                custody_error *error)
{
    CTY_CLEANUP(cty_query_done) struct cty_query query = ask(state, PUT, error);
    cty_query_u64(&query, space);
    cty_query_text(&query, cty_bytes_text(key));
    cty_query_blob(&query, value);
    return cty_query_run(&query);
}

/* Keys are UTF-8, in which no byte is 0xff. */
static custody_err bounds(const char *prefix, struct cty_buf *upper)
{
    CTY_TRY(cty_buf_put_text(upper, prefix));
    return cty_buf_put_byte(upper, 0xff);
}

custody_err cty_audit_state_each(struct cty_audit_state *state, unsigned space, const char *prefix,
                                 custody_err (*each)(void *context, const char *key, struct cty_bytes value),
                                 void *context, custody_error *error)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf upper = CTY_BUF_INIT(512);
    CTY_CLEANUP(cty_buf_done) struct cty_buf name = CTY_BUF_INIT(512);
    CTY_TRY(bounds(prefix, &upper));
    CTY_CLEANUP(cty_query_done) struct cty_query query = ask(state, EACH, error);
    cty_query_u64(&query, space);
    cty_query_text(&query, cty_bytes_text(prefix));
    cty_query_text(&query, cty_buf_bytes(&upper));
    for (bool row = true; row;) {
        CTY_TRY(cty_query_step(&query, &row));
        if (!row)
            break;
        struct cty_bytes key = cty_query_get_text(&query);
        struct cty_bytes value = cty_query_get_blob(&query);
        CTY_TRY(cty_query_check(&query));
        cty_buf_clear(&name);
        CTY_TRY(cty_buf_put_bytes(&name, key));
        const char *text = cty_buf_text(&name);
        CTY_TRY(text ? each(context, text, value) : CUSTODY_E_NO_MEMORY);
    }
    return CUSTODY_OK;
}

custody_err cty_audit_state_get_tile(struct cty_audit_state *state, unsigned level, uint64_t index, struct cty_buf *out,
                                     custody_error *error)
{
    CTY_CLEANUP(cty_query_done) struct cty_query query = ask(state, TILE_GET, error);
    bool row = false;
    cty_query_u64(&query, level);
    cty_query_u64(&query, index);
    CTY_TRY(cty_query_step(&query, &row));
    if (!row)
        return CUSTODY_E_NOT_FOUND;
    struct cty_bytes hashes = cty_query_get_blob(&query);
    CTY_TRY(cty_query_check(&query));
    return cty_buf_put_bytes(out, hashes);
}

custody_err cty_audit_state_put_tile(struct cty_audit_state *state, unsigned level, uint64_t index,
                                     struct cty_bytes hashes, custody_error *error)
{
    CTY_CLEANUP(cty_query_done) struct cty_query query = ask(state, TILE_PUT, error);
    cty_query_u64(&query, level);
    cty_query_u64(&query, index);
    cty_query_blob(&query, hashes);
    return cty_query_run(&query);
}

/* --- the file ---------------------------------------------------------------------------------------------- */

/* Where SQLite's header has them (its file format, section 1.3). */
#define HEADER_BYTES 100
#define VERSION_AT 60
#define APPLICATION_AT 68

static uint32_t number_at(const uint8_t *bytes)
{
    return (uint32_t)cty_be_get(bytes, 4);
}

/* Read before SQLite opens it, which would change another program's. */
static custody_err header_check(const char *path, custody_error *error)
{
    uint8_t header[HEADER_BYTES] = {0};
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return cty_fail(error, CUSTODY_E_IO, "opening %s: %s", path, strerrordesc_np(errno));
    ssize_t got = pread(fd, header, sizeof(header), 0);
    close(fd);
    if (got < 0)
        return cty_fail(error, CUSTODY_E_IO, "reading %s", path);
    if (memcmp(header, "SQLite format 3", 16) != 0 || number_at(header + APPLICATION_AT) != APPLICATION_ID)
        return cty_fail(error, CUSTODY_E_STORE_UNKNOWN, "%s is no audit's state", path);
    if (number_at(header + VERSION_AT) != VERSION)
        return cty_fail(error, CUSTODY_E_STORE_UNKNOWN, "%s: version %u; this program knows %u", path,
                        (unsigned)number_at(header + VERSION_AT), VERSION);
    return CUSTODY_OK;
}

static custody_err table_check(struct cty_sql *sql, const char *name, const char *definition, custody_error *error)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(sql->db, "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?1", -1, &stmt, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    const char *found = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(stmt, 0) : NULL;
    bool same = found && strcmp(found, definition) == 0;
    (void)sqlite3_finalize(stmt);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        return cty_sql_fail(sql, rc, "the schema", error);
    return same ? CUSTODY_OK : cty_fail(error, CUSTODY_E_STORE_ALTERED, "the table %s", name);
}

static custody_err schema_make(struct cty_sql *sql, custody_error *error)
{
    char header[96];
    (void)snprintf(header, sizeof(header), "PRAGMA application_id = %u; PRAGMA user_version = %u", APPLICATION_ID, VERSION);
    CTY_TRY(execute(sql, header, error));
    for (size_t i = 0; i < CTY_COUNT_OF(tables); i++)
        CTY_TRY(execute(sql, tables[i].definition, error));
    return CUSTODY_OK;
}

/* Nothing of a new file counts before it has its name, so its pages are synced once, at the end. */
static custody_err fill_new(struct cty_audit_state *state, const char *path, custody_error *error)
{
    CTY_TRY(cty_connection_open(&state->sql, path, CTY_CONNECTION_MAKES, error));
    CTY_TRY(execute(&state->sql, "PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY; PRAGMA cache_size = -16384", error));
    CTY_TRY(schema_make(&state->sql, error));
    return execute(&state->sql, "BEGIN IMMEDIATE", error);
}

static custody_err open_old(struct cty_audit_state *state, custody_error *error)
{
    CTY_TRY(header_check(state->place.path, error));
    CTY_TRY(cty_connection_open(&state->sql, state->place.path, CTY_CONNECTION_MAKES, error));
    CTY_TRY(execute(&state->sql, "PRAGMA cache_size = -16384", error));
    for (size_t i = 0; i < CTY_COUNT_OF(tables); i++)
        CTY_TRY(table_check(&state->sql, tables[i].name, tables[i].definition, error));
    return execute(&state->sql, "BEGIN IMMEDIATE", error);
}

/* Under the lock, "<path>.new" is what a killed audit left, or another's file: then it stays. */
static custody_err make_new(struct cty_audit_state *state, custody_error *error)
{
    char *made = state->place.made;
    (void)snprintf(made, strlen(made) + 1, "%s.new", state->place.path);
    struct stat status;
    if (lstat(made, &status) == 0) {
        if (status.st_size != 0 && header_check(made, NULL) != CUSTODY_OK)
            return cty_fail(error, CUSTODY_E_EXISTS, "%s", made);
        cty_place_unmake(&state->place);
    }
    int fd = open(made, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return cty_fail(error, CUSTODY_E_IO, "making %s: %s", made, strerrordesc_np(errno));
    close(fd);
    state->anew = true;
    return fill_new(state, made, error);
}

static custody_err open_at(struct cty_audit_state *state, const char *path, bool anew, bool *ret_new,
                           custody_error *error)
{
    CTY_TRY(cty_place_find(&state->place, path, error));
    CTY_TRY(cty_place_check_folder(&state->place, error));
    CTY_TRY(cty_place_lock(&state->place, error));
    custody_err err = cty_place_check_file(&state->place, true, error);
    *ret_new = anew || err == CUSTODY_E_NOT_FOUND;
    if (err == CUSTODY_OK && anew)
        err = header_check(state->place.path, error); /* another program's file is not replaced */
    if (err != CUSTODY_OK && err != CUSTODY_E_NOT_FOUND)
        return err;
    return *ret_new ? make_new(state, error) : open_old(state, error);
}

static custody_err scratch_at(struct cty_audit_state *state, char *path, custody_error *error)
{
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        return cty_fail(error, CUSTODY_E_IO, "making %s: %s", path, strerrordesc_np(errno));
    close(fd);
    custody_err err = fill_new(state, path, error);
    (void)unlink(path);
    return err;
}

static custody_err new_state(struct cty_audit_state **ret_state, custody_error *error)
{
    *ret_state = cty_alloc(1, sizeof(**ret_state));
    if (!*ret_state)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    (*ret_state)->place = CTY_PLACE_INIT;
    return CUSTODY_OK;
}

custody_err cty_audit_state_open(const char *path, bool anew, struct cty_audit_state **ret_state, bool *ret_new,
                                 custody_error *error)
{
    struct cty_audit_state *state = NULL;
    CTY_TRY(new_state(&state, error));
    custody_err err = open_at(state, path, anew, ret_new, error);
    if (err != CUSTODY_OK) {
        cty_audit_state_close(state);
        return err;
    }
    *ret_state = state;
    return CUSTODY_OK;
}

custody_err cty_audit_state_scratch(struct cty_audit_state **ret_state, custody_error *error)
{
    char path[4096];
    struct cty_audit_state *state = NULL;
    const char *folder = getenv("TMPDIR");
    CTY_TRY(new_state(&state, error));
    int size = snprintf(path, sizeof(path), "%s/custody-audit-XXXXXX", folder && folder[0] ? folder : "/tmp");
    custody_err err = size > 0 && (size_t)size < sizeof(path) ? scratch_at(state, path, error)
                                                              : cty_fail(error, CUSTODY_E_IO, "TMPDIR");
    if (err != CUSTODY_OK) {
        cty_audit_state_close(state);
        return err;
    }
    *ret_state = state;
    return CUSTODY_OK;
}

void cty_audit_state_close(struct cty_audit_state *state)
{
    if (!state)
        return;
    for (size_t i = 0; i < STATEMENT_COUNT; i++)
        (void)sqlite3_finalize(state->ready[i]);
    cty_sql_done(&state->sql);
    if (state->anew)
        cty_place_unmake(&state->place);
    cty_place_done(&state->place);
    free(state);
}

/* --- commit ------------------------------------------------------------------------------------------------ */

static custody_err sync_path(const char *path, int flags, custody_error *error)
{
    int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW);
    bool synced = fd >= 0 && fsync(fd) == 0;
    int why = errno;
    if (fd >= 0)
        close(fd);
    return synced ? CUSTODY_OK : cty_fail(error, CUSTODY_E_IO, "syncing %s: %s", path, strerrordesc_np(why));
}

/*
 * What stood there goes first, and its journal, which a crash may have left: SQLite would play it into the new file. Whoever
 * is killed in between has no state, and audits anew.
 */
static custody_err take_name(struct cty_audit_state *state, custody_error *error)
{
    char journal[4096];
    const char *path = state->place.path;
    CTY_TRY(sync_path(state->place.made, O_RDONLY, error));
    (void)snprintf(journal, sizeof(journal), "%s-journal", path);
    (void)unlink(path);
    (void)unlink(journal);
    if (rename(state->place.made, path) != 0)
        return cty_fail(error, CUSTODY_E_IO, "naming %s: %s", path, strerrordesc_np(errno));
    state->anew = false;
    return sync_path(state->place.folder, O_RDONLY | O_DIRECTORY, error);
}

custody_err cty_audit_state_commit(struct cty_audit_state *state, custody_error *error)
{
    CTY_TRY(execute(&state->sql, "COMMIT", error));
    return state->anew ? take_name(state, error) : CUSTODY_OK;
}
