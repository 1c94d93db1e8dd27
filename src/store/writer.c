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
static custody_err file_make(struct cty_place *place, struct cty_bytes origin, custody_error *error)
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

/* How a database is asked for. */
struct opening {
    const char *path;
    const struct cty_bytes *origin; /* makes it first; NULL opens what is there */
    const uint64_t *restored;       /* a person says that a restored one ends there; NULL: nobody does */
};

/* What the writer holds in memory of what is stored. */
static custody_err state_load(struct cty_store *store, custody_error *error)
{
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

/* The database and its log, and how far both together come. */
static custody_err pair_load(struct cty_store *store, const struct cty_pairing_look *look,
                             const struct opening *opening, custody_error *error)
{
    CTY_TRY(cty_pairing_read(&store->view.sql, &store->pairing, error));
    CTY_TRY(cty_pairing_check(look, &store->pairing, opening->restored != NULL, error));
    CTY_TRY(cty_store_read_newest(&store->view, &store->committed, NULL, error));
    store->view.size = store->committed.size;
    CTY_TRY(cty_pairing_check_size(look, &store->pairing, store->view.size, error));
    if (!opening->restored)
        return CUSTODY_OK;
    return cty_pairing_check_restored(look, &store->pairing, store->view.size, *opening->restored, error);
}

static custody_err ledger_load(struct cty_store *store, const struct cty_pairing_look *look,
                               const struct opening *opening, custody_error *error)
{
    CTY_TRY(cty_connection_open(&store->view.sql, store->place.path, CTY_CONNECTION_WRITES, error));
    CTY_TRY(cty_schema_check(&store->view.sql, error));
    CTY_TRY(cty_schema_origin(&store->view.sql, &store->view.origin, error));
    CTY_TRY(pair_load(store, look, opening, error));
    return state_load(store, error);
}

static custody_err store_load(struct cty_store *store, const struct opening *opening, custody_error *error)
{
    struct cty_sql *sql = &store->view.sql;
    struct cty_pairing_look look;
    CTY_TRY(cty_place_check_file(&store->place, true, error));
    CTY_TRY(cty_pairing_look(&store->place, &look, error));
    store->log_found = look.log.salt.present;
    CTY_TRY(cty_pairing_check_look(&look, opening->restored != NULL, error));
    CTY_TRY(cty_pairing_check_malformed(&look, sql, ledger_load(store, &look, opening, error), error));
    /* When memory runs out it is too late to prepare this one. */
    struct cty_query undo = cty_query_make(sql, CTY_SQL_ROLLBACK, error);
    cty_query_done(&undo);
    CTY_TRY(cty_query_check(&undo));
    cty_log_watch(store);
    CTY_TRY(log_try(store, error));
    store->is_loaded = true;
    return CUSTODY_OK;
}

static custody_err store_begin(struct cty_store *store, const struct opening *opening, custody_error *error)
{
    CTY_TRY(cty_reader_init(&store->view, error));
    store->view.is_view = true;
    store->view.edge = &store->edge;
    CTY_TRY(cty_place_find(&store->place, opening->path, error));
    CTY_TRY(cty_place_check_folder(&store->place, error));
    if (!opening->origin)
        CTY_TRY(cty_place_check_file(&store->place, true, error));
    CTY_TRY(cty_place_lock(&store->place, error));
    if (opening->origin)
        CTY_TRY(file_make(&store->place, *opening->origin, error));
    return store_load(store, opening, error);
}

static custody_err store_new(const struct opening *opening, struct cty_store **ret_store, custody_error *error)
{
    struct cty_store *store = cty_alloc(1, sizeof(*store));
    if (!store)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    store->place = CTY_PLACE_INIT;
    store->log_pending = true;
    custody_err err = store_begin(store, opening, error);
    /* What failed to reach the disk while it was opened is not tried again while it is closed. */
    if (err == CUSTODY_E_STORAGE || err == CUSTODY_E_STORE_ALTERED)
        cty_store_poison(store);
    if (err == CUSTODY_OK)
        *ret_store = store;
    else
        cty_store_close(store);
    return err;
}

custody_err cty_store_create(const char *path, struct cty_bytes origin, struct cty_store **ret_store,
                             custody_error *error)
{
    const struct opening opening = {.path = path, .origin = &origin};
    return store_new(&opening, ret_store, error);
}

custody_err cty_store_open(const char *path, struct cty_store **ret_store, custody_error *error)
{
    const struct opening opening = {.path = path};
    return store_new(&opening, ret_store, error);
}

custody_err cty_store_open_restored(const char *path, uint64_t size, struct cty_store **ret_store,
                                    custody_error *error)
{
    const struct opening opening = {.path = path, .restored = &size};
    return store_new(&opening, ret_store, error);
}

struct cty_store *cty_store_close(struct cty_store *store)
{
    if (!store)
        return NULL;
    cty_store_roll_back(store);
    /* What was refused is left as it is. */
    if (store->state == CTY_STORE_IDLE && store->is_loaded) {
        /* A courtesy to whoever looks at the file next: one file. What is committed is durable in the log. */
        if (cty_log_end(store, NULL) == CUSTODY_OK)
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
