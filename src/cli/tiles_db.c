/* SPDX-License-Identifier: Apache-2.0 */
/* Each file comes from a snapshot of its own: what is published never changes, and a long one would keep the log from being
 * recycled. */
#include <stdlib.h>

#include "audit/log_keys.h"
#include "base/check.h"
#include "cli/audit_db.h"
#include "cli/tiles.h"

struct database {
    struct cty_audit_file file;
    const struct cty_trust *trust;
    struct cty_log_keys keys;
    struct cty_bytes *chain; /* entries of the trust class, owned */
    size_t chain_count;
};

/* --- tiles and bundles --------------------------------------------------------------------------------------- */

static custody_err put_entry(void *context, const struct cty_store_entry *entry)
{
    return cty_bundle_put(entry->body, context);
}

static custody_err read_snapshot(struct database *database, const struct cty_tile_path *what, struct cty_buf *out,
                                 custody_error *error)
{
    struct cty_store_reader *reader = database->file.reader;
    if (!cty_tile_path_exists(what, cty_store_size(reader)))
        return cty_fail(error, CUSTODY_E_NOT_FOUND, "the ledger has %llu entries", (unsigned long long)cty_store_size(reader));
    if (what->kind == CTY_TILE_HASHES)
        return cty_store_read_tile(reader, what->level, what->index, what->width, out, error);
    return cty_store_walk_entries(reader, what->index * CTY_TILE_WIDTH, what->width, put_entry, out, error);
}

static custody_err read_file(void *context, const struct cty_tile_path *what, struct cty_buf *out, custody_error *error)
{
    struct database *database = context;
    CTY_TRY(cty_store_begin_read(database->file.reader, error));
    custody_err err = read_snapshot(database, what, out, error);
    cty_store_end_read(database->file.reader);
    return err;
}

/* --- the log's keys ------------------------------------------------------------------------------------------ */

static void chain_clear(struct database *database)
{
    for (size_t i = 0; i < database->chain_count; i++)
        free((void *)(uintptr_t)database->chain[i].data);
    free(database->chain);
    database->chain = NULL;
    database->chain_count = 0;
}

static custody_err keep_entry(void *context, const struct cty_store_entry *entry)
{
    struct database *database = context;
    struct cty_bytes *longer = realloc(database->chain, (database->chain_count + 1) * sizeof(*longer));
    if (!longer)
        return CUSTODY_E_NO_MEMORY;
    database->chain = longer;
    char *copy = cty_bytes_dup_text(entry->body);
    if (!copy)
        return CUSTODY_E_NO_MEMORY;
    longer[database->chain_count++] = cty_bytes_make(copy, entry->body.size);
    return CUSTODY_OK;
}

/* Which keys lawfully came in place of the pinned one, as the trust chain tells. */
static custody_err learn_keys(struct database *database, custody_error *error)
{
    custody_err err = cty_store_walk_trust_entries(database->file.reader, 0, UINT64_MAX >> 1, true, keep_entry, database, error);
    if (err == CUSTODY_OK)
        err = cty_log_keys_find(database->trust, database->chain, database->chain_count, &database->keys, error);
    chain_clear(database);
    return err;
}

static custody_err read_newest(struct database *database, struct cty_buf *note, custody_error *error)
{
    struct cty_store_mark mark;
    struct cty_checkpoint checkpoint;
    CTY_TRY(cty_store_read_checkpoint(database->file.reader, &mark, note, error));
    /* What else may be wrong with it, the caller tells. */
    if (cty_checkpoint_open_by(cty_buf_bytes(note), database->trust->origin, &database->keys, &checkpoint) ==
        CUSTODY_E_NOTE_UNSIGNED)
        return learn_keys(database, error);
    return CUSTODY_OK;
}

static custody_err newest(void *context, struct cty_buf *note, struct cty_log_keys *ret_keys, custody_error *error)
{
    struct database *database = context;
    cty_buf_clear(note);
    CTY_TRY(cty_store_begin_read(database->file.reader, error));
    custody_err err = read_newest(database, note, error);
    cty_store_end_read(database->file.reader);
    *ret_keys = database->keys;
    return err;
}

static void database_done(void *context)
{
    struct database *database = context;
    cty_audit_close(&database->file);
    free(database);
}

custody_err cty_tiles_from_database(const char *path, const struct cty_trust *trust, struct cty_tiles_from *ret_from,
                                    custody_error *error)
{
    struct database *database = cty_alloc(1, sizeof(*database));
    if (!database)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    database->trust = trust;
    database->keys = trust->log_keys;
    custody_err err = cty_audit_open(path, &database->file, error);
    if (err != CUSTODY_OK) {
        database_done(database);
        return err;
    }
    *ret_from = (struct cty_tiles_from){{database, read_file, database_done}, newest};
    return CUSTODY_OK;
}
