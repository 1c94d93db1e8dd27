/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writer's transaction.
 *
 *             begin                 commit
 *     IDLE ----------> OPEN ------------------> IDLE
 *      ^                | \ a sync or write fails, or what is stored differs
 *      |                |  `--------------------------------------------> POISONED
 *      |                | anything else fails
 *      |   roll_back    v
 *      `------------- FAILED
 */
#include "base/check.h"
#include "ledger/tree.h"
#include "store/inner.h"

/* --- states ------------------------------------------------------------------------------------------------ */

custody_err cty_store_check_open(const struct cty_store *store, custody_error *error)
{
    switch (store->state) {
    case CTY_STORE_OPEN:
        return CUSTODY_OK;
    case CTY_STORE_FAILED:
        return cty_fail(error, store->failure, "the transaction has ended with an error");
    case CTY_STORE_POISONED:
        return cty_fail(error, CUSTODY_E_STORAGE, "stopped by an earlier fault");
    case CTY_STORE_IDLE:
        break;
    }
    return cty_fail(error, CUSTODY_E_INTERNAL, "outside of a transaction");
}

static custody_err run(struct cty_store *store, enum cty_sql_id id, custody_error *error)
{
    CTY_CLEANUP(cty_query_done) struct cty_query query = cty_query_make(&store->view.sql, id, error);
    return cty_query_run(&query);
}

/* Leaves the transaction; what it changed in memory goes back to what is stored. */
static void undo(struct cty_store *store)
{
    /* SQLite ends the transaction itself on some errors. Rolling back writes nothing. */
    if (!sqlite3_get_autocommit(store->view.sql.db) && run(store, CTY_SQL_ROLLBACK, NULL) != CUSTODY_OK)
        cty_store_poison(store);
    store->view.size = store->committed.size;
    store->staged = store->staged_before;
    store->edge.valid = false;
    store->is_checked = false;
    store->is_covered = false;
    cty_reader_forget(&store->view);
}

void cty_store_poison(struct cty_store *store)
{
    store->state = CTY_STORE_POISONED;
    store->view.poisoned = true;
}

bool cty_store_is_poisoned(const struct cty_store *store)
{
    return store->state == CTY_STORE_POISONED;
}

custody_err cty_store_fail(struct cty_store *store, custody_err err)
{
    if (err == CUSTODY_OK || store->state != CTY_STORE_OPEN)
        return err;
    store->state = CTY_STORE_FAILED;
    store->failure = err;
    undo(store);
    if (err == CUSTODY_E_STORAGE || err == CUSTODY_E_STORE_ALTERED)
        cty_store_poison(store);
    return err;
}

/* --- begin and end ----------------------------------------------------------------------------------------- */

static custody_err begin(struct cty_store *store, custody_error *error)
{
    CTY_TRY(cty_log_settle(store, error));
    if (!store->edge.valid)
        CTY_TRY(cty_store_edge_load(store, error));
    return run(store, CTY_SQL_BEGIN_WRITE, error);
}

custody_err cty_store_begin(struct cty_store *store, custody_error *error)
{
    if (store->state != CTY_STORE_IDLE) {
        CTY_TRY(cty_store_check_open(store, error));
        return cty_fail(error, CUSTODY_E_INTERNAL, "a transaction within a transaction");
    }
    custody_err err = begin(store, error);
    if (err == CUSTODY_E_STORAGE || err == CUSTODY_E_STORE_ALTERED)
        cty_store_poison(store);
    if (err != CUSTODY_OK)
        return err;
    store->state = CTY_STORE_OPEN;
    store->staged_before = store->staged;
    store->is_checked = false;
    store->is_covered = false;
    cty_reader_refresh(&store->view);
    return CUSTODY_OK;
}

void cty_store_roll_back(struct cty_store *store)
{
    if (store->state == CTY_STORE_OPEN) {
        store->state = CTY_STORE_IDLE;
        undo(store);
    } else if (store->state == CTY_STORE_FAILED) {
        store->state = CTY_STORE_IDLE;
    }
}

custody_err cty_store_commit(struct cty_store *store, custody_error *error)
{
    CTY_TRY(cty_store_check_open(store, error));
    if (store->view.size != store->committed.size && !store->is_covered)
        return cty_store_fail(store, cty_fail(error, CUSTODY_E_INTERNAL, "entries without a checkpoint"));
    CTY_TRY(cty_store_fail(store, cty_log_mark(store, error)));
    CTY_TRY(cty_store_fail(store, run(store, CTY_SQL_COMMIT, error)));
    store->state = CTY_STORE_IDLE;
    if (store->is_covered)
        store->committed = store->checked;
    cty_log_fold(store);
    return CUSTODY_OK;
}

/* --- rows -------------------------------------------------------------------------------------------------- */

static custody_err entry_insert(struct cty_store *store, const struct cty_store_entry *entry,
                                custody_error *error)
{
    CTY_CLEANUP(cty_query_done) struct cty_query query =
        cty_query_make(&store->view.sql, CTY_SQL_ENTRY_PUT, error);
    cty_query_u64(&query, entry->index);
    if (entry->case_opened == CTY_STORE_NO_CASE)
        cty_query_null(&query);
    else
        cty_query_u64(&query, entry->case_opened);
    cty_query_u64(&query, entry->trust ? 1 : 0);
    cty_query_blob(&query, entry->body);
    return cty_query_run(&query);
}

static custody_err append(struct cty_store *store, const struct cty_store_entry *entry,
                          const struct cty_hash *leaf, custody_error *error)
{
    if (entry->index != store->view.size || entry->index >= CTY_TREE_SIZE_MAX)
        return cty_fail(error, CUSTODY_E_INTERNAL, "index %llu in a ledger of %llu entries",
                        (unsigned long long)entry->index, (unsigned long long)store->view.size);
    if (entry->body.size == 0 || entry->body.size > CTY_ENTRY_BYTES_MAX)
        return cty_fail(error, CUSTODY_E_INTERNAL, "an entry of %zu bytes", entry->body.size);
    CTY_TRY(entry_insert(store, entry, error));
    CTY_TRY(cty_store_edge_push(store, leaf, error));
    store->view.size++;
    store->is_checked = false;
    store->is_covered = false;
    return CUSTODY_OK;
}

custody_err cty_store_append(struct cty_store *store, const struct cty_store_entry *entry,
                             const struct cty_hash *leaf, custody_error *error)
{
    CTY_TRY(cty_store_check_open(store, error));
    return cty_store_fail(store, append(store, entry, leaf, error));
}

static custody_err record_put(struct cty_store *store, const struct cty_store_record *record,
                              custody_error *error)
{
    CTY_CLEANUP(cty_query_done) struct cty_query query =
        cty_query_make(&store->view.sql, CTY_SQL_RECORD_PUT, error);
    cty_query_text(&query, record->key);
    cty_query_blob(&query, record->value);
    return cty_query_run(&query);
}

custody_err cty_store_put_record(struct cty_store *store, const struct cty_store_record *record,
                                 custody_error *error)
{
    CTY_TRY(cty_store_check_open(store, error));
    return cty_store_fail(store, record_put(store, record, error));
}

static custody_err blob_put(struct cty_store *store, const struct cty_store_blob *blob, custody_error *error)
{
    if (blob->content.size > CTY_BLOB_BYTES_MAX)
        return cty_fail(error, CUSTODY_E_INTERNAL, "a content of %zu bytes", blob->content.size);
    CTY_CLEANUP(cty_query_done) struct cty_query query =
        cty_query_make(&store->view.sql, CTY_SQL_BLOB_PUT, error);
    cty_query_hash(&query, &blob->statement);
    cty_query_text(&query, blob->member);
    cty_query_hash(&query, &blob->commitment);
    cty_query_blob(&query, cty_bytes_make(blob->salt, CTY_SALT_SIZE));
    cty_query_blob(&query, blob->content);
    return cty_query_run(&query);
}

custody_err cty_store_put_blob(struct cty_store *store, const struct cty_store_blob *blob, custody_error *error)
{
    CTY_TRY(cty_store_check_open(store, error));
    return cty_store_fail(store, blob_put(store, blob, error));
}

static custody_err cosignature_put(struct cty_store *store, const struct cty_store_cosignature *row, custody_error *error)
{
    size_t size = row->first.size;
    if (size == 0 || size > CTY_COSIGNATURE_LINE_BYTES_MAX || row->first.data[size - 1] != '\n')
        return cty_fail(error, CUSTODY_E_INTERNAL, "a cosignature of %zu bytes", size);
    CTY_CLEANUP(cty_query_done) struct cty_query query =
        cty_query_make(&store->view.sql, CTY_SQL_COSIGNATURE_PUT, error);
    cty_query_u64(&query, row->size);
    cty_query_text(&query, row->witness);
    cty_query_blob(&query, row->first);
    return cty_query_run(&query);
}

custody_err cty_store_put_cosignature(struct cty_store *store, const struct cty_store_cosignature *row,
                                      custody_error *error)
{
    CTY_TRY(cty_store_check_open(store, error));
    return cty_store_fail(store, cosignature_put(store, row, error));
}
