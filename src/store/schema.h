/* SPDX-License-Identifier: Apache-2.0 */
/* The schema: made once, compared at every open. Private to this folder. */
#ifndef CTY_STORE_SCHEMA_H
#define CTY_STORE_SCHEMA_H

#include "store/reader.h"
#include "store/sql.h"

/* "CTY1", in the file's header; and the version beside it. */
#define CTY_STORE_APPLICATION_ID 0x43545931u
#define CTY_STORE_VERSION 4u

/* Makes all objects and settings in an empty database, in one transaction. */
CUSTODY_MUST_USE custody_err cty_schema_make(struct cty_sql *sql, struct cty_bytes origin, custody_error *error);

/* Errors: STORE_UNKNOWN where the file isn't a database of this program and version. */
CUSTODY_MUST_USE custody_err cty_schema_check_version(struct cty_sql *sql, custody_error *error);

/* Reports every difference between the file's objects and settings and those of the schema. */
CUSTODY_MUST_USE custody_err cty_schema_walk(struct cty_sql *sql, cty_store_finding_fn *fn, void *context,
                                             custody_error *error);

/* Errors: STORE_ALTERED with the first difference. */
CUSTODY_MUST_USE custody_err cty_schema_check(struct cty_sql *sql, custody_error *error);

/* The ledger's origin, of at most CTY_ORIGIN_BYTES_MAX bytes. Errors: STORE_ALTERED. */
CUSTODY_MUST_USE custody_err cty_schema_origin(struct cty_sql *sql, struct cty_buf *out, custody_error *error);

#endif
