/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A write-ahead log that an earlier process left may be in the page cache only: after a sync that failed the system takes
 * pages for written that are not, and a later sync that succeeds says nothing of them. What is built on such frames
 * (pages in the database, answers to readers) outlives them at a power cut. So what reads is written again, to the byte
 * and in its place, and synced, before anything else is done with it.
 */
#include <stdlib.h>

#include "base/check.h"
#include "store/inner.h"

/* The system's VFS of SQLite writes at most 0x1ffff bytes at once, and nothing of 0x20000. */
#define CHUNK_BYTES (64 * 1024)

static int write_again(sqlite3_file *log, sqlite3_int64 size, void *chunk)
{
    const sqlite3_io_methods *io = log->pMethods;
    for (sqlite3_int64 at = 0; at < size; at += CHUNK_BYTES) {
        int part = size - at < CHUNK_BYTES ? (int)(size - at) : CHUNK_BYTES;
        int rc = io->xRead(log, chunk, part, at);
        if (rc == SQLITE_OK)
            rc = io->xWrite(log, chunk, part, at);
        if (rc != SQLITE_OK)
            return rc;
    }
    return io->xSync(log, SQLITE_SYNC_NORMAL);
}

/* A failed sync reaches us from the file itself, so the connection has no code of its own for it. */
static custody_err failed(struct cty_store *store, int rc, custody_error *error)
{
    if ((rc & 0xff) == SQLITE_IOERR && rc != SQLITE_IOERR_WRITE)
        return cty_fail(error, CUSTODY_E_STORAGE, "writing the log again: %s (SQLite %d)", sqlite3_errstr(rc), rc);
    return cty_sql_fail(&store->view.sql, rc, "writing the log again", error);
}

custody_err cty_log_write_again(struct cty_store *store, custody_error *error)
{
    struct cty_sql *sql = &store->view.sql;
    sqlite3_file *log = NULL;
    sqlite3_int64 size = 0;
    cty_sql_before(sql);
    int rc = sqlite3_file_control(sql->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, (void *)&log);
    if (rc == SQLITE_OK && log && log->pMethods)
        rc = log->pMethods->xFileSize(log, &size);
    if (rc == SQLITE_OK && size > 0) {
        CTY_AUTO_FREE void *chunk = malloc(CHUNK_BYTES);
        rc = chunk ? write_again(log, size, chunk) : SQLITE_NOMEM;
    }
    cty_sql_after(sql);
    return rc == SQLITE_OK ? CUSTODY_OK : failed(store, rc, error);
}
