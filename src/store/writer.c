/* SPDX-License-Identifier: Apache-2.0 */
/* Creating, opening and closing for writing. */
#include <stdlib.h>

#include "base/check.h"
#include "store/connection.h"
#include "store/inner.h"
#include "store/schema.h"

/* --- making ------------------------------------------------------------------------------------------------ */

static custody_err file_fill(const struct cty_place *place, struct cty_bytes origin, custody_error *error)
{
    CTY_CLEANUP(cty_sql_done) struct cty_sql sql = {0};
    CTY_TRY(cty_connection_open(&sql, place->made, CTY_CONNECTION_MAKES, error));
    return cty_schema_make(&sql, origin, error);
}

/* Under another name first, so that what has the name is whole. */
static custody_err file_make(const struct cty_place *place, struct cty_bytes origin, custody_error *error)
{
    CTY_TRY(cty_place_check_free(place, error));
    CTY_TRY(cty_place_make(place, error));
    custody_err err = file_fill(place, origin, error);
    if (err == CUSTODY_OK)
        err = cty_place_settle(place, error);
    if (err != CUSTODY_OK)
        cty_place_unmake(place);
    return err;
}

/* --- opening ----------------------------------------------------------------------------------------------- */

/* What the writer holds in memory of what is stored. */
static custody_err state_load(struct cty_store *store, custody_error *error)
{
    CTY_TRY(cty_store_read_newest(&store->view, &store->committed, NULL, error));
    store->view.size = store->committed.size;
    CTY_TRY(cty_store_check_head(&store->view, error));
    CTY_TRY(cty_store_edge_load(store, error));
    return cty_store_count_staged(store, error);
}

/* A log that a full disk or a reader keeps from being settled now is settled before the first transaction. */
static custody_err log_try(struct cty_store *store, custody_error *error)
{
    custody_err err = cty_log_settle(store, error);
    return err == CUSTODY_E_BUSY || err == CUSTODY_E_READ_ONLY ? CUSTODY_OK : err;
}

static custody_err store_load(struct cty_store *store, custody_error *error)
{
    struct cty_sql *sql = &store->view.sql;
    CTY_TRY(cty_place_check_file(&store->place, true, error));
    CTY_TRY(cty_connection_open(sql, store->place.path, CTY_CONNECTION_WRITES, error));
    CTY_TRY(cty_schema_check(sql, error));
    CTY_TRY(cty_schema_origin(sql, &store->view.origin, error));
    CTY_TRY(log_try(store, error));
    CTY_TRY(state_load(store, error));
    cty_log_watch(store);
    /* When memory runs out it is too late to prepare this one. */
    struct cty_query undo = cty_query_make(sql, CTY_SQL_ROLLBACK, error);
    cty_query_done(&undo);
    return cty_query_check(&undo);
}

/* `origin` makes the database first; NULL opens what is there. */
static custody_err store_begin(struct cty_store *store, const char *path, const struct cty_bytes *origin,
                               custody_error *error)
{
    CTY_TRY(cty_reader_init(&store->view, error));
    store->view.is_view = true;
    store->view.edge = &store->edge;
    CTY_TRY(cty_place_find(&store->place, path, error));
    CTY_TRY(cty_place_check_folder(&store->place, error));
    if (!origin)
        CTY_TRY(cty_place_check_file(&store->place, true, error));
    CTY_TRY(cty_place_lock(&store->place, error));
    if (origin)
        CTY_TRY(file_make(&store->place, *origin, error));
    return store_load(store, error);
}

static custody_err store_new(const char *path, const struct cty_bytes *origin, struct cty_store **ret_store,
                             custody_error *error)
{
    struct cty_store *store = cty_alloc(1, sizeof(*store));
    if (!store)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    store->place = CTY_PLACE_INIT;
    store->log_pending = true;
    custody_err err = store_begin(store, path, origin, error);
    if (err == CUSTODY_OK)
        *ret_store = store;
    else
        cty_store_close(store);
    return err;
}

custody_err cty_store_create(const char *path, struct cty_bytes origin, struct cty_store **ret_store,
                             custody_error *error)
{
    return store_new(path, &origin, ret_store, error);
}

custody_err cty_store_open(const char *path, struct cty_store **ret_store, custody_error *error)
{
    return store_new(path, NULL, ret_store, error);
}

struct cty_store *cty_store_close(struct cty_store *store)
{
    if (!store)
        return NULL;
    cty_store_roll_back(store);
    if (store->state == CTY_STORE_IDLE && store->view.sql.db) {
        store->log_pending = true;
        /* A courtesy to whoever looks at the file next: one file. What is committed is durable in the log. */
        if (cty_log_settle(store, NULL) == CUSTODY_OK)
            (void)sqlite3_db_config(store->view.sql.db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    }
    cty_reader_done(&store->view);
    /* After the connection: the lock must outlast its last write. */
    cty_place_done(&store->place);
    free(store);
    return NULL;
}

struct cty_store_reader *cty_store_view(struct cty_store *store)
{
    return &store->view;
}
