/* SPDX-License-Identifier: Apache-2.0 */
/* How connections are opened and hardened. Private to this folder. */
#ifndef CTY_STORE_CONNECTION_H
#define CTY_STORE_CONNECTION_H

#include "store/sql.h"

enum cty_connection_use {
    CTY_CONNECTION_WRITES, /* the writer's: write-ahead log, full sync */
    CTY_CONNECTION_READS,
    CTY_CONNECTION_STILL,  /* reads a file that nobody writes, and leaves no file beside it */
    CTY_CONNECTION_MAKES   /* a new file under a temporary name: one self-contained file */
};

/*
 * Opens the file, which exists, and applies and reads back every setting of spec/store.md. Zero-initialised
 * `sql` in, cty_sql_done out, on errors too. Checks nothing of what the file holds, except for `use` WRITES,
 * READS and STILL that it is a database of this program. Errors: STORE_UNKNOWN, IO where it can't be opened, and
 * cty_sql_fail's.
 */
CUSTODY_MUST_USE custody_err cty_connection_open(struct cty_sql *sql, const char *path,
                                                 enum cty_connection_use use, custody_error *error);

#endif
