/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A way to files for the writer's connection: the system's, but that writes into the write-ahead log are held back and
 * joined. SQLite writes each frame by two calls, of 24 bytes and of a page; a commit has dozens (decision 0022).
 *
 *     write     held, in order; what does not join on to what is held, or finds no room beside it, lets that go first
 *     sync, read of what is held, size, truncate
 *               let it go first, and fail as it fails
 *     close     forgets it: it was never synced, so no commit needs it
 *
 * What failed is forgotten: SQLite is told so, and gives the transaction up. Nobody reads a frame from the file before the sync
 * of its commit has returned: SQLite shows the frames of a commit to others behind that sync, where `synchronous` is FULL
 * and the disk needs no padding, which cty_joined_check makes sure of. Private to this folder.
 */
#ifndef CTY_STORE_JOINED_H
#define CTY_STORE_JOINED_H

#include "store/sql.h"

/* What is held at most: the system's VFS of SQLite takes less than 128 KiB at once. */
#define CTY_JOINED_BYTES (124 * 1024)

/*
 * Its name, for sqlite3_open_v2. It stands on what is SQLite's default when it is asked for the first time in a process.
 * Errors: NO_MEMORY, INTERNAL.
 */
CUSTODY_MUST_USE custody_err cty_joined_name(const char **ret_name, custody_error *error);

/* Whether the log of this connection may be joined. Errors: INTERNAL. */
CUSTODY_MUST_USE custody_err cty_joined_check(struct cty_sql *sql, custody_error *error);

#endif
