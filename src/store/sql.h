/* SPDX-License-Identifier: Apache-2.0 */
/* One SQLite connection with its prepared statements, and what its errors mean here. Private to this folder. */
#ifndef CTY_STORE_SQL_H
#define CTY_STORE_SQL_H

#include <sqlite3.h>

#include "base/bytes.h"
#include "crypto/hash.h"

enum cty_sql_id {
#define CTY_SQL(name, text) CTY_SQL_##name,
#include "store/statements.def"
#undef CTY_SQL
    CTY_SQL_COUNT
};

/* How long a statement waits for another program's lock. */
#define CTY_SQL_BUSY_MS 2000

struct cty_sql {
    sqlite3 *db;
    sqlite3_stmt *ready[CTY_SQL_COUNT];
    int system; /* errno after the last step; SQLite keeps it for some statements and not for COMMIT */
};

/* Finalises the statements and closes the connection. */
void cty_sql_done(struct cty_sql *sql);

/* Around a call that may fail on disk: clears errno, keeps what it is afterwards. */
void cty_sql_before(struct cty_sql *sql);
void cty_sql_after(struct cty_sql *sql);

/*
 * What a result code of SQLite means here; `doing` goes into the detail. NO_MEMORY, BUSY, READ_ONLY (the disk is
 * full, and no sync failed), INTERNAL (a constraint or a misuse: our own mistake), STORAGE (all else).
 */
custody_err cty_sql_fail(const struct cty_sql *sql, int rc, const char *doing, custody_error *error);

/*
 * One run of a statement. Binds and columns go in order; the first error sticks and is what run, step and check
 * return, so a caller looks once.
 *
 *     CTY_CLEANUP(cty_query_done) struct cty_query query = cty_query_make(sql, CTY_SQL_RECORD_GET, error);
 *     cty_query_text(&query, key);
 *     CTY_TRY(cty_query_step(&query, &found));
 */
struct cty_query {
    struct cty_sql *sql;
    sqlite3_stmt *stmt;
    custody_error *error;
    custody_err err;
    int bound;
    int column;
};

struct cty_query cty_query_make(struct cty_sql *sql, enum cty_sql_id id, custody_error *error);
/* Ends the run; what was bound or read must not be used any more. */
void cty_query_done(struct cty_query *query);

/* Borrow what they bind until cty_query_done. */
void cty_query_u64(struct cty_query *query, uint64_t number);
void cty_query_null(struct cty_query *query);
void cty_query_blob(struct cty_query *query, struct cty_bytes bytes);
void cty_query_text(struct cty_query *query, struct cty_bytes text);
void cty_query_hash(struct cty_query *query, const struct cty_hash *hash);

/* Runs a statement that gives no rows. */
CUSTODY_MUST_USE custody_err cty_query_run(struct cty_query *query);
/* The next row; *ret_row is false where there is none. */
CUSTODY_MUST_USE custody_err cty_query_step(struct cty_query *query, bool *ret_row);
/* The row that must be there. Errors: NOT_FOUND without detail. */
CUSTODY_MUST_USE custody_err cty_query_one(struct cty_query *query);

/* The next column of the row; views borrow from the row. A value of another type makes STORE_ALTERED. */
uint64_t cty_query_get_u64(struct cty_query *query);
uint64_t cty_query_get_u64_or(struct cty_query *query, uint64_t if_null);
struct cty_bytes cty_query_get_blob(struct cty_query *query);
struct cty_bytes cty_query_get_blob_or_none(struct cty_query *query); /* empty for null */
struct cty_bytes cty_query_get_text(struct cty_query *query);
struct cty_hash cty_query_get_hash(struct cty_query *query);
const uint8_t *cty_query_get_salt(struct cty_query *query);
CUSTODY_MUST_USE custody_err cty_query_check(const struct cty_query *query);

#endif
