/* SPDX-License-Identifier: Apache-2.0 */
#include "store/witness_sql.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/check.h"

/* Each as its sqlite_schema row reads; a changed line is a new version. */
static const struct {
    const char *name;
    const char *definition;
} tables[] = {
    {"setting", "CREATE TABLE setting (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) STRICT, WITHOUT ROWID"},
    {"log", "CREATE TABLE log (origin TEXT PRIMARY KEY NOT NULL, digest BLOB NOT NULL UNIQUE, key_name TEXT NOT NULL, "
            "removed INTEGER NOT NULL DEFAULT 0, follow TEXT NOT NULL DEFAULT '', certificate TEXT NOT NULL DEFAULT '', "
            "size INTEGER NOT NULL DEFAULT 0, root BLOB NOT NULL, time INTEGER NOT NULL DEFAULT 0, "
            "note TEXT NOT NULL DEFAULT '', stopped TEXT NOT NULL DEFAULT '', file TEXT NOT NULL DEFAULT '', "
            "stopped_at INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID"},
    {"key", "CREATE TABLE key (origin TEXT NOT NULL, first INTEGER NOT NULL, vkey TEXT NOT NULL, PRIMARY KEY (origin, first)) "
            "STRICT, WITHOUT ROWID"},
};

custody_err cty_witness_execute(struct cty_sql *sql, const char *text, custody_error *error)
{
    cty_sql_before(sql);
    int rc = sqlite3_exec(sql->db, text, NULL, NULL, NULL);
    cty_sql_after(sql);
    return rc == SQLITE_OK ? CUSTODY_OK : cty_sql_fail(sql, rc, text, error);
}

struct cty_query cty_witness_ask(struct cty_sql *sql, const char *text, custody_error *error)
{
    struct cty_query query = {.sql = sql, .error = error};
    int rc = sqlite3_prepare_v2(sql->db, text, -1, &query.stmt, NULL);
    if (rc != SQLITE_OK)
        query.err = cty_sql_fail(sql, rc, text, error);
    return query;
}

void cty_witness_asked(struct cty_query *query)
{
    /* Says the error of the last step again, which was reported then. */
    (void)sqlite3_finalize(query->stmt);
    query->stmt = NULL;
}

static custody_err setting_put(struct cty_sql *sql, struct cty_bytes vkey, custody_error *error)
{
    CTY_CLEANUP(cty_witness_asked) struct cty_query query =
        cty_witness_ask(sql, "INSERT INTO setting (key, value) VALUES ('vkey', ?1)", error);
    cty_query_text(&query, vkey);
    return cty_query_run(&query);
}

static custody_err all_make(struct cty_sql *sql, struct cty_bytes vkey, custody_error *error)
{
    char header[96];
    (void)snprintf(header, sizeof(header), "PRAGMA application_id = %u; PRAGMA user_version = %u",
                   CTY_WITNESS_APPLICATION_ID, CTY_WITNESS_VERSION);
    CTY_TRY(cty_witness_execute(sql, header, error));
    for (size_t i = 0; i < CTY_COUNT_OF(tables); i++)
        CTY_TRY(cty_witness_execute(sql, tables[i].definition, error));
    return setting_put(sql, vkey, error);
}

custody_err cty_witness_schema_make(struct cty_sql *sql, struct cty_bytes vkey, custody_error *error)
{
    CTY_TRY(cty_witness_execute(sql, "BEGIN IMMEDIATE", error));
    custody_err err = all_make(sql, vkey, error);
    /* What isn't committed goes with the file. */
    return err == CUSTODY_OK ? cty_witness_execute(sql, "COMMIT", error) : err;
}

/* Where SQLite's header has them (its file format, section 1.3). */
#define HEADER_BYTES 100
#define VERSION_AT 60
#define APPLICATION_AT 68

static uint32_t number_at(const uint8_t *bytes)
{
    return (uint32_t)cty_be_get(bytes, 4);
}

static custody_err header_judge(const uint8_t header[HEADER_BYTES], const char *path, custody_error *error)
{
    if (memcmp(header, "SQLite format 3", 16) != 0 || number_at(header + APPLICATION_AT) != CTY_WITNESS_APPLICATION_ID)
        return cty_fail(error, CUSTODY_E_STORE_UNKNOWN, "%s is no witness's file", path);
    if (number_at(header + VERSION_AT) != CTY_WITNESS_VERSION)
        return cty_fail(error, CUSTODY_E_STORE_UNKNOWN, "%s: version %u; this program knows %u", path,
                        (unsigned)number_at(header + VERSION_AT), CTY_WITNESS_VERSION);
    return CUSTODY_OK;
}

custody_err cty_witness_header_check(const char *path, custody_error *error)
{
    uint8_t header[HEADER_BYTES] = {0};
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return cty_fail(error, CUSTODY_E_IO, "opening %s: %s", path, strerrordesc_np(errno));
    ssize_t got = pread(fd, header, sizeof(header), 0);
    close(fd);
    if (got < 0)
        return cty_fail(error, CUSTODY_E_IO, "reading %s", path);
    return header_judge(header, path, error);
}

static custody_err table_check(struct cty_sql *sql, const char *name, const char *definition, custody_error *error)
{
    CTY_CLEANUP(cty_witness_asked) struct cty_query query =
        cty_witness_ask(sql, "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?1", error);
    cty_query_text(&query, cty_bytes_text(name));
    bool row = false;
    CTY_TRY(cty_query_step(&query, &row));
    struct cty_bytes found = row ? cty_query_get_text(&query) : cty_bytes_make(NULL, 0);
    CTY_TRY(cty_query_check(&query));
    return cty_bytes_is(found, definition) ? CUSTODY_OK : cty_fail(error, CUSTODY_E_STORE_ALTERED, "the table %s", name);
}

custody_err cty_witness_schema_check(struct cty_sql *sql, custody_error *error)
{
    for (size_t i = 0; i < CTY_COUNT_OF(tables); i++)
        CTY_TRY(table_check(sql, tables[i].name, tables[i].definition, error));
    return CUSTODY_OK;
}
