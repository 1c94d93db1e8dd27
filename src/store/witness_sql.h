/* SPDX-License-Identifier: Apache-2.0 */
/* The witness's file as SQLite has it: its header, its tables, and statements for one run. Private to this folder. */
#ifndef CTY_STORE_WITNESS_SQL_H
#define CTY_STORE_WITNESS_SQL_H

#include "store/sql.h"

/* "CTYW", in the file's header; and the version beside it. */
#define CTY_WITNESS_APPLICATION_ID 0x43545957u
#define CTY_WITNESS_VERSION 1u

/* Makes the tables and the settings in an empty database, in one transaction. */
CUSTODY_MUST_USE custody_err cty_witness_schema_make(struct cty_sql *sql, struct cty_bytes vkey, custody_error *error);

/*
 * Whether the file says of itself that it is one of these: read before SQLite opens it, which would change another
 * program's. Errors: STORE_UNKNOWN, IO, NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_witness_header_check(const char *path, custody_error *error);
/* Errors: STORE_ALTERED where a table is another one. */
CUSTODY_MUST_USE custody_err cty_witness_schema_check(struct cty_sql *sql, custody_error *error);

CUSTODY_MUST_USE custody_err cty_witness_execute(struct cty_sql *sql, const char *text, custody_error *error);

/* A statement for one run; ended by cty_witness_asked and not by cty_query_done. */
struct cty_query cty_witness_ask(struct cty_sql *sql, const char *text, custody_error *error);
void cty_witness_asked(struct cty_query *query);

#endif
