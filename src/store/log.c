/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite's write-ahead log. A commit is durable once its frames are synced; from time to time they are brought
 * into the database, and the log begins anew. SQLite would do that by itself and forget its errors; here a sync
 * that fails while doing so stops the writer as one in a commit does.
 *
 * After a start it is done before anything is written: frames that an earlier process failed to sync may be in the
 * page cache only. New frames behind them would be durable and yet lost, because recovery ends at the first gap.
 */
#include "base/check.h"
#include "store/inner.h"

#define FOLD_FRAMES 4000
#define LONG_FRAMES (4 * FOLD_FRAMES)
#define READERS_WAIT_MS 100

static int count_frames(void *context, sqlite3 *db, const char *name, int frames)
{
    struct cty_store *store = context;
    (void)db;
    (void)name;
    store->log_frames = frames;
    return SQLITE_OK;
}

void cty_log_watch(struct cty_store *store)
{
    (void)sqlite3_wal_hook(store->view.sql.db, count_frames, store);
}

/* Readers are waited for, where `mode` asks for that, but not long: the writer stands still meanwhile. */
static custody_err log_run(struct cty_store *store, int mode, custody_error *error)
{
    (void)sqlite3_busy_timeout(store->view.sql.db, READERS_WAIT_MS);
    cty_sql_before(&store->view.sql);
    int rc = sqlite3_wal_checkpoint_v2(store->view.sql.db, "main", mode, NULL, NULL);
    cty_sql_after(&store->view.sql);
    (void)sqlite3_busy_timeout(store->view.sql.db, CTY_SQL_BUSY_MS);
    if (rc == SQLITE_OK)
        return CUSTODY_OK;
    return cty_sql_fail(&store->view.sql, rc, "emptying the write-ahead log", error);
}

custody_err cty_log_settle(struct cty_store *store, custody_error *error)
{
    if (!store->log_pending)
        return CUSTODY_OK;
    CTY_TRY(log_run(store, SQLITE_CHECKPOINT_TRUNCATE, error));
    store->log_pending = false;
    store->log_frames = 0;
    store->log_folded = 0;
    return CUSTODY_OK;
}

/* Readers that follow one another would let the log grow for ever; when it is long, one pause is made for. */
static custody_err log_bring(struct cty_store *store)
{
    bool is_long = store->log_frames >= LONG_FRAMES;
    return log_run(store, is_long ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE, NULL);
}

void cty_log_fold(struct cty_store *store)
{
    if (store->log_frames < store->log_folded) /* it began anew */
        store->log_folded = 0;
    if (store->log_frames - store->log_folded < FOLD_FRAMES)
        return;
    store->log_folded = store->log_frames;
    /* The commit stands whatever comes of this; a full disk or a reader only puts it off. */
    if (log_bring(store) == CUSTODY_E_STORAGE)
        cty_store_poison(store);
}
