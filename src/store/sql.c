/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sql.h"

#include <errno.h>

#include "base/check.h"

static const char *const texts[CTY_SQL_COUNT] = {
#define CTY_SQL(name, text) text,
#include "store/statements.def"
#undef CTY_SQL
};

void cty_sql_done(struct cty_sql *sql)
{
    for (size_t i = 0; i < CTY_SQL_COUNT; i++) {
        sqlite3_finalize(sql->ready[i]);
        sql->ready[i] = NULL;
    }
    /* Not close_v2: a statement that is still open would be our mistake, and shows here. */
    CTY_CHECK(sqlite3_close(sql->db) == SQLITE_OK);
    sql->db = NULL;
}

/* --- errors ------------------------------------------------------------------------------------------------ */

void cty_sql_before(struct cty_sql *sql)
{
    sql->system = 0;
    errno = 0;
}

void cty_sql_after(struct cty_sql *sql)
{
    sql->system = errno;
}

static bool is_no_room(int system)
{
    return system == ENOSPC || system == EDQUOT;
}

static bool is_sync(int extended)
{
    return extended == SQLITE_IOERR_FSYNC || extended == SQLITE_IOERR_DIR_FSYNC;
}

/*
 * SQLite says FULL only where a write met ENOSPC; a quota, and a full disk met while a file is enlarged, come as
 * IOERR. A failed sync is never a full disk to us: what it left on disk is unknown (R16).
 */
static bool is_full(const struct cty_sql *sql, int rc)
{
    if ((rc & 0xff) == SQLITE_FULL)
        return true;
    if ((rc & 0xff) != SQLITE_IOERR || is_sync(rc))
        return false;
    return is_no_room(sqlite3_system_errno(sql->db)) || is_no_room(sql->system);
}

static custody_err classify(const struct cty_sql *sql, int rc)
{
    if (rc == SQLITE_IOERR_NOMEM)
        return CUSTODY_E_NO_MEMORY;
    if (is_full(sql, rc))
        return CUSTODY_E_READ_ONLY;
    switch (rc & 0xff) {
    case SQLITE_NOMEM:
        return CUSTODY_E_NO_MEMORY;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return CUSTODY_E_BUSY;
    case SQLITE_ERROR:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
    case SQLITE_TOOBIG:
        return CUSTODY_E_INTERNAL;
    default:
        return CUSTODY_E_STORAGE;
    }
}

custody_err cty_sql_fail(const struct cty_sql *sql, int rc, const char *doing, custody_error *error)
{
    /* The connection's own code is the fuller one, where it is about the same thing. */
    int extended = sqlite3_extended_errcode(sql->db);
    if ((extended & 0xff) == (rc & 0xff))
        rc = extended;
    return cty_fail(error, classify(sql, rc), "%s: %s (SQLite %d)", doing, sqlite3_errstr(rc), rc);
}

static void query_fail(struct cty_query *query, int rc)
{
    if (query->err == CUSTODY_OK)
        query->err = cty_sql_fail(query->sql, rc, sqlite3_sql(query->stmt), query->error);
}

/* --- a run ------------------------------------------------------------------------------------------------- */

static custody_err prepare(struct cty_sql *sql, enum cty_sql_id id, custody_error *error)
{
    int rc = sqlite3_prepare_v3(sql->db, texts[id], -1, SQLITE_PREPARE_PERSISTENT, &sql->ready[id], NULL);
    if (rc == SQLITE_OK)
        return CUSTODY_OK;
    /* The schema was compared when the connection was opened: something was taken away since. */
    if ((rc & 0xff) == SQLITE_ERROR)
        return cty_fail(error, CUSTODY_E_STORE_ALTERED, "%s", sqlite3_errmsg(sql->db));
    return cty_sql_fail(sql, rc, texts[id], error);
}

struct cty_query cty_query_make(struct cty_sql *sql, enum cty_sql_id id, custody_error *error)
{
    struct cty_query query = {.sql = sql, .error = error};
    if (!sql->ready[id])
        query.err = prepare(sql, id, error);
    else if (sqlite3_stmt_busy(sql->ready[id]))
        query.err = cty_fail(error, CUSTODY_E_INTERNAL, "%s: within itself", texts[id]);
    if (query.err == CUSTODY_OK)
        query.stmt = sql->ready[id];
    return query;
}

void cty_query_done(struct cty_query *query)
{
    if (!query->stmt)
        return;
    /* Says the error of the last step again, which was reported then. */
    (void)sqlite3_reset(query->stmt);
    (void)sqlite3_clear_bindings(query->stmt);
    query->stmt = NULL;
}

static void bound(struct cty_query *query, int rc)
{
    if (rc != SQLITE_OK)
        query_fail(query, rc);
}

void cty_query_u64(struct cty_query *query, uint64_t number)
{
    if (query->err != CUSTODY_OK)
        return;
    if (number > INT64_MAX) /* only bounds of ranges are so large: there "the largest" says the same */
        number = INT64_MAX;
    bound(query, sqlite3_bind_int64(query->stmt, ++query->bound, (sqlite3_int64)number));
}

void cty_query_null(struct cty_query *query)
{
    if (query->err == CUSTODY_OK)
        bound(query, sqlite3_bind_null(query->stmt, ++query->bound));
}

/* A NULL pointer would bind NULL. */
static const void *bind_data(struct cty_bytes bytes)
{
    return bytes.size ? (const void *)bytes.data : "";
}

void cty_query_blob(struct cty_query *query, struct cty_bytes bytes)
{
    if (query->err == CUSTODY_OK)
        bound(query, sqlite3_bind_blob64(query->stmt, ++query->bound, bind_data(bytes), bytes.size,
                                         SQLITE_STATIC));
}

void cty_query_text(struct cty_query *query, struct cty_bytes text)
{
    if (query->err == CUSTODY_OK)
        bound(query, sqlite3_bind_text64(query->stmt, ++query->bound, bind_data(text), text.size,
                                         SQLITE_STATIC, SQLITE_UTF8));
}

void cty_query_hash(struct cty_query *query, const struct cty_hash *hash)
{
    cty_query_blob(query, cty_hash_bytes(hash));
}

custody_err cty_query_step(struct cty_query *query, bool *ret_row)
{
    if (query->err != CUSTODY_OK)
        return query->err;
    cty_sql_before(query->sql);
    int rc = sqlite3_step(query->stmt);
    cty_sql_after(query->sql);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        query_fail(query, rc);
        return query->err;
    }
    query->column = 0;
    *ret_row = rc == SQLITE_ROW;
    return CUSTODY_OK;
}

custody_err cty_query_run(struct cty_query *query)
{
    bool row = false;
    CTY_TRY(cty_query_step(query, &row));
    return row ? cty_fail(query->error, CUSTODY_E_INTERNAL, "a row: %s", sqlite3_sql(query->stmt)) : CUSTODY_OK;
}

custody_err cty_query_one(struct cty_query *query)
{
    bool row = false;
    CTY_TRY(cty_query_step(query, &row));
    return row ? CUSTODY_OK : cty_fail_code(query->error, CUSTODY_E_NOT_FOUND);
}

/* --- columns ----------------------------------------------------------------------------------------------- */

/* Takes the next column if it is of this type. */
static bool column_take(struct cty_query *query, int type, int *ret_column)
{
    if (query->err != CUSTODY_OK)
        return false;
    *ret_column = query->column++;
    if (sqlite3_column_type(query->stmt, *ret_column) == type)
        return true;
    query->err = cty_fail(query->error, CUSTODY_E_STORE_ALTERED, "the type of '%s' in: %s",
                          sqlite3_column_name(query->stmt, *ret_column), sqlite3_sql(query->stmt));
    return false;
}

static void column_altered(struct cty_query *query, int column)
{
    query->err = cty_fail(query->error, CUSTODY_E_STORE_ALTERED, "the value of '%s' in: %s",
                          sqlite3_column_name(query->stmt, column), sqlite3_sql(query->stmt));
}

uint64_t cty_query_get_u64(struct cty_query *query)
{
    int column = 0;
    if (!column_take(query, SQLITE_INTEGER, &column))
        return 0;
    sqlite3_int64 number = sqlite3_column_int64(query->stmt, column);
    if (number >= 0)
        return (uint64_t)number;
    column_altered(query, column);
    return 0;
}

uint64_t cty_query_get_u64_or(struct cty_query *query, uint64_t if_null)
{
    if (query->err != CUSTODY_OK || sqlite3_column_type(query->stmt, query->column) != SQLITE_NULL)
        return cty_query_get_u64(query);
    query->column++;
    return if_null;
}

struct cty_bytes cty_query_get_blob(struct cty_query *query)
{
    int column = 0;
    if (!column_take(query, SQLITE_BLOB, &column))
        return cty_bytes_make(NULL, 0);
    const void *data = sqlite3_column_blob(query->stmt, column);
    size_t size = (size_t)sqlite3_column_bytes(query->stmt, column);
    if (size > 0 && !data)
        query_fail(query, SQLITE_NOMEM);
    return cty_bytes_make(data, data ? size : 0);
}

struct cty_bytes cty_query_get_blob_or_none(struct cty_query *query)
{
    if (query->err != CUSTODY_OK || sqlite3_column_type(query->stmt, query->column) != SQLITE_NULL)
        return cty_query_get_blob(query);
    query->column++;
    return cty_bytes_make(NULL, 0);
}

struct cty_bytes cty_query_get_text(struct cty_query *query)
{
    int column = 0;
    if (!column_take(query, SQLITE_TEXT, &column))
        return cty_bytes_make(NULL, 0);
    const void *data = sqlite3_column_text(query->stmt, column);
    if (!data)
        query_fail(query, SQLITE_NOMEM);
    return cty_bytes_make(data, data ? (size_t)sqlite3_column_bytes(query->stmt, column) : 0);
}

/* The next column, a blob of just this size; NULL otherwise. */
static const uint8_t *blob_of(struct cty_query *query, size_t size)
{
    int column = query->column;
    struct cty_bytes bytes = cty_query_get_blob(query);
    if (query->err != CUSTODY_OK)
        return NULL;
    if (bytes.size == size)
        return bytes.data;
    column_altered(query, column);
    return NULL;
}

struct cty_hash cty_query_get_hash(struct cty_query *query)
{
    struct cty_hash hash = {{0}};
    const uint8_t *data = blob_of(query, CTY_HASH_SIZE);
    if (data)
        memcpy(hash.bytes, data, CTY_HASH_SIZE);
    return hash;
}

const uint8_t *cty_query_get_salt(struct cty_query *query)
{
    return blob_of(query, CTY_SALT_SIZE);
}

custody_err cty_query_check(const struct cty_query *query)
{
    return query->err;
}
