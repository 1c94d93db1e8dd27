/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite's write-ahead log. A commit is durable once its frames are synced; from time to time they are brought
 * into the database, and the log begins anew. SQLite would do that by itself and forget its errors; here a sync
 * that fails while doing so stops the writer as one in a commit does.
 *
 * After a start it is done before anything is written: frames that an earlier process failed to sync may be in the
 * page cache only. New frames behind them would be durable and yet lost, because recovery ends at the first gap.
 *
 * The database's row `log` (pairing.h) says which log belongs with it. It changes with the log:
 *
 *     start    "closed", emptied; "open" without a salt, which makes the new log's header; "open" with that salt,
 *              brought into the database at once, or at a later commit where readers are in the way
 *     fold     the salt that the log has by now, in the commit before the fold. SQLite begins the log anew, with
 *              the next salt, only when all of it is in the database, and so that row is
 *     anew     the log's salt, in a commit of its own behind the first of a log that began anew
 *     end      "closed", emptied
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
    int folded = 0;
    (void)sqlite3_busy_timeout(store->view.sql.db, READERS_WAIT_MS);
    cty_sql_before(&store->view.sql);
    int rc = sqlite3_wal_checkpoint_v2(store->view.sql.db, "main", mode, NULL, &folded);
    cty_sql_after(&store->view.sql);
    (void)sqlite3_busy_timeout(store->view.sql.db, CTY_SQL_BUSY_MS);
    if (rc == SQLITE_OK && folded >= store->log_named)
        store->log_known = true;
    if (rc == SQLITE_OK)
        return CUSTODY_OK;
    return cty_sql_fail(&store->view.sql, rc, "emptying the write-ahead log", error);
}

/* --- the row ----------------------------------------------------------------------------------------------- */

static custody_err run(struct cty_store *store, enum cty_sql_id id, custody_error *error)
{
    CTY_CLEANUP(cty_query_done) struct cty_query query = cty_query_make(&store->view.sql, id, error);
    return cty_query_run(&query);
}

static custody_err row_commit(struct cty_store *store, const struct cty_pairing *pairing, custody_error *error)
{
    store->log_found = true;
    CTY_TRY(run(store, CTY_SQL_BEGIN_WRITE, error));
    custody_err err = cty_pairing_put(&store->view.sql, pairing, error);
    if (err == CUSTODY_OK)
        err = run(store, CTY_SQL_COMMIT, error);
    if (err == CUSTODY_OK)
        store->pairing = *pairing;
    else if (!sqlite3_get_autocommit(store->view.sql.db) && run(store, CTY_SQL_ROLLBACK, NULL) != CUSTODY_OK)
        return CUSTODY_E_STORAGE;
    return err;
}

/* All of it into the database, which then says so; a log that held nothing leaves the row's salt as it was. */
static custody_err log_empty(struct cty_store *store, custody_error *error)
{
    struct cty_pairing closed = store->pairing;
    struct cty_salt_opt log = {.present = false};
    if (closed.state == CTY_PAIRING_OPEN) {
        CTY_TRY(cty_pairing_salt(&store->view.sql, &log, error));
        closed.state = CTY_PAIRING_CLOSED;
        closed.size = store->view.size;
        if (log.present)
            closed.salt = log;
        CTY_TRY(row_commit(store, &closed, error));
    }
    /* Where SQLite begins a log that never was, its salt is random; one that it emptied goes on counting, from 0 too. */
    if (!store->log_found)
        return CUSTODY_OK;
    CTY_TRY(log_run(store, SQLITE_CHECKPOINT_TRUNCATE, error));
    store->log_frames = 0;
    store->log_folded = 0;
    return CUSTODY_OK;
}

/* The log's salt is there to be read once something is in the log. */
static custody_err log_begin(struct cty_store *store, custody_error *error)
{
    struct cty_pairing open = {.state = CTY_PAIRING_OPEN, .before = store->pairing.salt, .size = store->view.size};
    store->log_known = false;
    CTY_TRY(row_commit(store, &open, error));
    CTY_TRY(cty_pairing_salt(&store->view.sql, &open.salt, error));
    CTY_TRY(row_commit(store, &open, error));
    store->log_named = store->log_frames;
    custody_err err = log_run(store, SQLITE_CHECKPOINT_PASSIVE, error);
    /* Then a later commit does it: until then the log names the database. */
    return err == CUSTODY_E_BUSY || err == CUSTODY_E_READ_ONLY ? CUSTODY_OK : err;
}

custody_err cty_log_settle(struct cty_store *store, custody_error *error)
{
    if (!store->log_pending)
        return CUSTODY_OK;
    CTY_TRY(cty_log_write_again(store, error));
    CTY_TRY(log_empty(store, error));
    CTY_TRY(log_begin(store, error));
    store->log_pending = false;
    return CUSTODY_OK;
}

custody_err cty_log_end(struct cty_store *store, custody_error *error)
{
    store->log_pending = true;
    return log_empty(store, error);
}

/* --- folding ----------------------------------------------------------------------------------------------- */

custody_err cty_log_mark(struct cty_store *store, custody_error *error)
{
    store->log_marked = store->log_frames - store->log_folded >= FOLD_FRAMES;
    if (!store->log_marked)
        return CUSTODY_OK;
    store->pairing_next = store->pairing;
    store->pairing_next.size = store->view.size;
    store->pairing_next.before.present = !store->log_known;
    /* So many frames are not in the database that this commit does not begin the log anew. */
    CTY_TRY(cty_pairing_salt(&store->view.sql, &store->pairing_next.salt, error));
    return cty_pairing_put(&store->view.sql, &store->pairing_next, error);
}

/* Readers that follow one another would let the log grow for ever; when it is long, one pause is made for. */
static custody_err log_bring(struct cty_store *store)
{
    bool is_long = store->log_frames >= LONG_FRAMES;
    return log_run(store, is_long ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE, NULL);
}

static void fold(struct cty_store *store)
{
    if (store->log_frames < store->log_folded) /* it began anew */
        store->log_folded = 0;
    if (store->log_marked) {
        store->pairing = store->pairing_next;
        store->log_folded = store->log_frames;
    }
    if (!store->log_marked && store->log_known)
        return;
    store->log_marked = false;
    /* The commit stands whatever comes of this; a full disk or a reader only puts it off. */
    if (log_bring(store) == CUSTODY_E_STORAGE)
        cty_store_poison(store);
}

/*
 * Another program that brings the log into the database makes the next commit begin it anew. Were that to happen twice
 * before a fold, the database would not know the log; so it is told of each, at once.
 */
static void follow(struct cty_store *store)
{
    struct cty_pairing next = store->pairing;
    if (cty_pairing_salt(&store->view.sql, &next.salt, NULL) != CUSTODY_OK || !next.salt.present ||
        next.salt.salt == store->pairing.salt.salt)
        return;
    next.size = store->view.size;
    next.before.present = !store->log_known;
    if (row_commit(store, &next, NULL) == CUSTODY_E_STORAGE)
        cty_store_poison(store);
}

void cty_log_fold(struct cty_store *store)
{
    fold(store);
    if (store->state != CTY_STORE_POISONED)
        follow(store);
}
