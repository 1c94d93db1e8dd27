/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A database is input: SQLite is told to trust nothing that is written in the file, and each setting is read
 * back, because an unknown pragma is not an error to it.
 */
#include "store/connection.h"

#include <pthread.h>

#include "base/check.h"
#include "store/joined.h"
#include "store/pages.h"
#include "store/schema.h"

/* Longer than any row: a content and its names. */
#define ROW_BYTES_MAX (2 * 1024 * 1024)
#define SQL_BYTES_MAX (16 * 1024)
/* A path of 4096 bytes, each written as three. */
#define URI_BYTES_MAX (16 * 1024)

struct pragma {
    const char *set;
    const char *get;
    const char *expected;
};

/* --- settings ---------------------------------------------------------------------------------------------- */

static custody_err config_set(struct cty_sql *sql, int op, int value, custody_error *error)
{
    int now = -1;
    int rc = sqlite3_db_config(sql->db, op, value, &now);
    if (rc != SQLITE_OK)
        return cty_sql_fail(sql, rc, "sqlite3_db_config", error);
    return now == value ? CUSTODY_OK : cty_fail(error, CUSTODY_E_INTERNAL, "SQLite has no setting %d", op);
}

static custody_err configure(struct cty_sql *sql, custody_error *error)
{
    static const struct {
        int op;
        int value;
    } settings[] = {
        {SQLITE_DBCONFIG_DEFENSIVE, 1},
        {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
        {SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0},
        {SQLITE_DBCONFIG_ENABLE_FKEY, 1},
        {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
        {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
        {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
        {SQLITE_DBCONFIG_DQS_DDL, 0},
        {SQLITE_DBCONFIG_DQS_DML, 0},
        /* Closing must not sync again what failed to sync before. */
        {SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1},
    };
    for (size_t i = 0; i < CTY_COUNT_OF(settings); i++)
        CTY_TRY(config_set(sql, settings[i].op, settings[i].value, error));
    (void)sqlite3_limit(sql->db, SQLITE_LIMIT_LENGTH, ROW_BYTES_MAX);
    (void)sqlite3_limit(sql->db, SQLITE_LIMIT_SQL_LENGTH, SQL_BYTES_MAX);
    (void)sqlite3_limit(sql->db, SQLITE_LIMIT_ATTACHED, 0);
    (void)sqlite3_limit(sql->db, SQLITE_LIMIT_TRIGGER_DEPTH, 0);
    (void)sqlite3_limit(sql->db, SQLITE_LIMIT_WORKER_THREADS, 0);
    int rc = sqlite3_busy_timeout(sql->db, CTY_SQL_BUSY_MS);
    return rc == SQLITE_OK ? CUSTODY_OK : cty_sql_fail(sql, rc, "sqlite3_busy_timeout", error);
}

/* The last value of the pragma's rows as text; empty where it gives none. */
static custody_err pragma_run(struct cty_sql *sql, const char *text, char ret_value[static 32],
                              custody_error *error)
{
    sqlite3_stmt *stmt = NULL;
    ret_value[0] = '\0';
    int rc = sqlite3_prepare_v2(sql->db, text, -1, &stmt, NULL);
    while (rc == SQLITE_OK || rc == SQLITE_ROW) {
        rc = sqlite3_step(stmt);
        const unsigned char *value = rc == SQLITE_ROW ? sqlite3_column_text(stmt, 0) : NULL;
        if (value)
            (void)sqlite3_snprintf(32, ret_value, "%s", value);
    }
    sqlite3_finalize(stmt);
    return rc == SQLITE_DONE ? CUSTODY_OK : cty_sql_fail(sql, rc, text, error);
}

static custody_err pragma_apply(struct cty_sql *sql, const struct pragma *pragma, custody_error *error)
{
    char value[32];
    CTY_TRY(pragma_run(sql, pragma->set, value, error));
    CTY_TRY(pragma_run(sql, pragma->get, value, error));
    if (strcmp(value, pragma->expected) == 0)
        return CUSTODY_OK;
    return cty_fail(error, CUSTODY_E_INTERNAL, "%s: it is '%s'", pragma->set, value);
}

static custody_err pragmas_apply(struct cty_sql *sql, const struct pragma *pragmas, size_t count,
                                 custody_error *error)
{
    for (size_t i = 0; i < count; i++)
        CTY_TRY(pragma_apply(sql, &pragmas[i], error));
    return CUSTODY_OK;
}

static const struct pragma for_all[] = {
    {"PRAGMA mmap_size = 0", "PRAGMA mmap_size", "0"},
    {"PRAGMA cell_size_check = ON", "PRAGMA cell_size_check", "1"},
    {"PRAGMA temp_store = MEMORY", "PRAGMA temp_store", "2"},
    {"PRAGMA page_size = 4096", "PRAGMA page_size", "4096"}, /* what pages.c counts on */
};
static const struct pragma for_writes[] = {
    {"PRAGMA journal_mode = WAL", "PRAGMA journal_mode", "wal"},
    {"PRAGMA synchronous = FULL", "PRAGMA synchronous", "2"},
    /* Ours to do, because SQLite's own way forgets errors. */
    {"PRAGMA wal_autocheckpoint = 0", "PRAGMA wal_autocheckpoint", "0"},
    {"PRAGMA secure_delete = ON", "PRAGMA secure_delete", "1"},
    /* KiB. More gained nothing (spec/decisions/0022). */
    {"PRAGMA cache_size = -16384", "PRAGMA cache_size", "-16384"},
};
static const struct pragma for_reads[] = {
    {"PRAGMA query_only = ON", "PRAGMA query_only", "1"},
    {"PRAGMA cache_size = -8192", "PRAGMA cache_size", "-8192"},
};
static const struct pragma for_making[] = {
    {"PRAGMA journal_mode = DELETE", "PRAGMA journal_mode", "delete"},
    {"PRAGMA synchronous = EXTRA", "PRAGMA synchronous", "3"},
};

/*
 * SQLite would count every allocation under one lock of the whole process, and nobody asks for the sums. Where
 * something else in the process has set SQLite up already, it stays as it is.
 */
static void set_up(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    cty_pages_set_up();
}

/* --- opening ----------------------------------------------------------------------------------------------- */

/*
 * SQLite learns by the file's URI alone that nobody writes the file: it then takes no lock, reads no log, and makes
 * none.
 */
static custody_err still_uri(const char *path, struct cty_buf *out)
{
    CTY_TRY(cty_buf_put_text(out, "file:"));
    for (const char *c = path; *c; c++) {
        bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || *c == '/' ||
                     *c == '.' || *c == '_' || *c == '-';
        CTY_TRY(plain ? cty_buf_put_byte(out, (uint8_t)*c) : cty_buf_putf(out, "%%%02x", (unsigned char)*c));
    }
    return cty_buf_put_text(out, "?immutable=1");
}

static custody_err database_open(struct cty_sql *sql, const char *path, enum cty_connection_use use,
                                 custody_error *error)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, set_up);
    bool reads = use == CTY_CONNECTION_READS || use == CTY_CONNECTION_STILL;
    int flags = (reads ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) | SQLITE_OPEN_NOMUTEX |
                SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE;
    CTY_CLEANUP(cty_buf_done) struct cty_buf uri = CTY_BUF_INIT(URI_BYTES_MAX);
    const char *name = path;
    if (use == CTY_CONNECTION_STILL) {
        CTY_TRY(still_uri(path, &uri));
        name = cty_buf_text(&uri);
        flags |= SQLITE_OPEN_URI;
    }
    const char *way = NULL;
    if (use == CTY_CONNECTION_WRITES)
        CTY_TRY(cty_joined_name(&way, error));
    int rc = name ? sqlite3_open_v2(name, &sql->db, flags, way) : SQLITE_NOMEM;
    if (rc == SQLITE_OK)
        return CUSTODY_OK;
    if (!sql->db || (rc & 0xff) == SQLITE_NOMEM)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    return cty_fail(error, CUSTODY_E_IO, "opening %s: %s", path, sqlite3_errstr(rc));
}

/* A first look at the file; for a log that a crash left, this recovers it. */
static custody_err first_look(struct cty_sql *sql, const char *path, custody_error *error)
{
    custody_err err = cty_schema_check_version(sql, error);
    int rc = sqlite3_errcode(sql->db);
    if (err == CUSTODY_E_STORAGE && (rc == SQLITE_CANTOPEN || rc == SQLITE_READONLY || rc == SQLITE_PERM))
        return cty_fail(error, CUSTODY_E_IO, "opening %s: %s", path, sqlite3_errmsg(sql->db));
    return err;
}

custody_err cty_connection_open(struct cty_sql *sql, const char *path, enum cty_connection_use use,
                                custody_error *error)
{
    CTY_TRY(database_open(sql, path, use, error));
    CTY_TRY(configure(sql, error));
    if (use != CTY_CONNECTION_MAKES)
        CTY_TRY(first_look(sql, path, error));
    CTY_TRY(pragmas_apply(sql, for_all, CTY_COUNT_OF(for_all), error));
    switch (use) {
    case CTY_CONNECTION_WRITES:
        CTY_TRY(cty_joined_check(sql, error));
        return pragmas_apply(sql, for_writes, CTY_COUNT_OF(for_writes), error);
    case CTY_CONNECTION_READS:
    case CTY_CONNECTION_STILL:
        return pragmas_apply(sql, for_reads, CTY_COUNT_OF(for_reads), error);
    case CTY_CONNECTION_MAKES:
        return pragmas_apply(sql, for_making, CTY_COUNT_OF(for_making), error);
    }
    return cty_fail_code(error, CUSTODY_E_INTERNAL);
}
