/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of the database while it is in use. Copying the file by other means misses what is in the log. */
#include "base/check.h"
#include "store/connection.h"
#include "store/inner.h"
#include "store/pairing.h"

/* So many at once that telling how far it is costs nothing, and few enough to stop soon. */
#define PAGES_AT_ONCE 1024

static custody_err pages_step(sqlite3_backup *backup, const struct cty_store_backup_watch *watch, int *ret_rc)
{
    *ret_rc = SQLITE_OK;
    while (*ret_rc == SQLITE_OK) {
        *ret_rc = sqlite3_backup_step(backup, PAGES_AT_ONCE);
        uint64_t pages = (uint64_t)sqlite3_backup_pagecount(backup);
        uint64_t left = (uint64_t)sqlite3_backup_remaining(backup);
        if (watch && *ret_rc == SQLITE_OK)
            CTY_TRY(watch->step(watch->context, pages - left, pages));
    }
    return CUSTODY_OK;
}

/* The snapshot is the reader's: all steps copy the same. */
static custody_err pages_copy(struct cty_sql *to, struct cty_sql *from, const struct cty_store_backup_watch *watch,
                              custody_error *error)
{
    int rc = SQLITE_OK;
    cty_sql_before(to);
    sqlite3_backup *backup = sqlite3_backup_init(to->db, "main", from->db, "main");
    if (!backup)
        return cty_sql_fail(to, sqlite3_errcode(to->db), "copying", error);
    custody_err err = pages_step(backup, watch, &rc);
    int end = sqlite3_backup_finish(backup);
    cty_sql_after(to);
    if (err != CUSTODY_OK)
        return cty_fail_code(error, err);
    if (rc == SQLITE_DONE && end == SQLITE_OK)
        return CUSTODY_OK;
    return cty_sql_fail(to, end != SQLITE_OK ? end : rc, "copying", error);
}

/* From here on it is known for a copy: no custodian goes on with it unasked. */
static custody_err copy_mark(struct cty_sql *to, uint64_t size, custody_error *error)
{
    struct cty_pairing copy = cty_pairing_new(CTY_PAIRING_COPY, size);
    return cty_pairing_put(to, &copy, error);
}

/* The copy comes with the mark of a database with a write-ahead log; alone in one file it is safer to move. */
static custody_err log_leave(struct cty_sql *to, custody_error *error)
{
    int rc = sqlite3_exec(to->db, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
    return rc == SQLITE_OK ? CUSTODY_OK : cty_sql_fail(to, rc, "closing the copy", error);
}

static custody_err file_fill(struct cty_store_reader *reader, const struct cty_place *place,
                             const struct cty_store_backup_watch *watch, custody_error *error)
{
    CTY_CLEANUP(cty_sql_done) struct cty_sql to = {0};
    CTY_TRY(cty_connection_open(&to, place->made, CTY_CONNECTION_MAKES, error));
    CTY_TRY(pages_copy(&to, &reader->sql, watch, error));
    CTY_TRY(log_leave(&to, error));
    return copy_mark(&to, reader->size, error);
}

static custody_err file_make(struct cty_store_reader *reader, struct cty_place *place,
                             const struct cty_store_backup_watch *watch, custody_error *error)
{
    CTY_TRY(cty_place_check_free(place, error));
    CTY_TRY(cty_place_make(place, error));
    custody_err err = file_fill(reader, place, watch, error);
    if (err == CUSTODY_OK)
        err = cty_place_settle(place, error);
    if (err != CUSTODY_OK)
        cty_place_unmake(place);
    return err;
}

custody_err cty_store_backup(struct cty_store_reader *reader, const char *path,
                             const struct cty_store_backup_watch *watch, custody_error *error)
{
    CTY_CLEANUP(cty_place_done) struct cty_place place = CTY_PLACE_INIT;
    CTY_TRY(cty_reader_check(reader, error));
    if (reader->is_view)
        return cty_fail(error, CUSTODY_E_INTERNAL, "a backup needs a snapshot of its own");
    CTY_TRY(cty_place_find(&place, path, error));
    CTY_TRY(cty_place_lock(&place, error));
    custody_err err = file_make(reader, &place, watch, error);
    cty_place_unlock(&place);
    return err;
}
