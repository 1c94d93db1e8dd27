/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and closing readers, and their snapshots. */
#include "store/reader.h"

#include <stdlib.h>

#include "base/check.h"
#include "store/connection.h"
#include "store/inner.h"
#include "store/schema.h"

/* --- life -------------------------------------------------------------------------------------------------- */

custody_err cty_reader_init(struct cty_store_reader *reader, custody_error *error)
{
    *reader = (struct cty_store_reader){.origin = CTY_BUF_INIT(CTY_ORIGIN_BYTES_MAX)};
    reader->slots = cty_alloc(CTY_STORE_SLOTS, sizeof(*reader->slots));
    return reader->slots ? CUSTODY_OK : cty_fail_code(error, CUSTODY_E_NO_MEMORY);
}

void cty_reader_done(struct cty_store_reader *reader)
{
    cty_sql_done(&reader->sql);
    cty_buf_done(&reader->origin);
    free(reader->slots);
    reader->slots = NULL;
}

static custody_err snapshot_check(struct cty_store_reader *reader, custody_error *error)
{
    CTY_TRY(cty_store_begin_read(reader, error));
    custody_err err = cty_store_check_head(reader, error);
    cty_store_end_read(reader);
    return err;
}

/* SQLite reads a database without its log as if there had never been one. */
static custody_err pair_check(struct cty_store_reader *reader, const struct cty_place *place,
                              enum cty_connection_use use, bool had_log, custody_error *error)
{
    struct cty_pairing pairing;
    struct cty_pairing_log log = {.salt = {.present = had_log}};
    CTY_TRY(cty_pairing_read(&reader->sql, &pairing, error));
    reader->is_copy = pairing.state == CTY_PAIRING_COPY;
    /* A custodian may have started since the first look. */
    if (!had_log && use == CTY_CONNECTION_READS)
        CTY_TRY(cty_pairing_find_log(place, &log, error));
    return pairing.state != CTY_PAIRING_OPEN || log.salt.present ? CUSTODY_OK : cty_pairing_fail_missing(error);
}

static custody_err reader_open(struct cty_store_reader *reader, const struct cty_place *place,
                               enum cty_connection_use use, custody_error *error)
{
    struct cty_pairing_log log = {.commits = false};
    CTY_TRY(cty_place_check_file(place, false, error));
    if (use == CTY_CONNECTION_READS)
        CTY_TRY(cty_pairing_find_log(place, &log, error));
    CTY_TRY(cty_connection_open(&reader->sql, place->path, use, error));
    CTY_TRY(cty_schema_check(&reader->sql, error));
    /* When memory runs out it is too late to prepare this one: the snapshot would stay open. */
    struct cty_query undo = cty_query_make(&reader->sql, CTY_SQL_ROLLBACK, error);
    cty_query_done(&undo);
    CTY_TRY(cty_query_check(&undo));
    CTY_TRY(pair_check(reader, place, use, log.salt.present, error));
    CTY_TRY(cty_schema_origin(&reader->sql, &reader->origin, error));
    return snapshot_check(reader, error);
}

static custody_err place_open(const char *path, enum cty_connection_use use, struct cty_store_reader **ret_reader,
                              custody_error *error)
{
    CTY_CLEANUP(cty_place_done) struct cty_place place = CTY_PLACE_INIT;
    CTY_TRY(cty_place_find(&place, path, error));
    struct cty_store_reader *reader = cty_alloc(1, sizeof(*reader));
    if (!reader)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    custody_err err = cty_reader_init(reader, error);
    if (err == CUSTODY_OK)
        err = reader_open(reader, &place, use, error);
    if (err == CUSTODY_OK)
        *ret_reader = reader;
    else
        cty_store_reader_close(reader);
    return err;
}

custody_err cty_store_reader_open(const char *path, struct cty_store_reader **ret_reader, custody_error *error)
{
    return place_open(path, CTY_CONNECTION_READS, ret_reader, error);
}

custody_err cty_store_reader_open_still(const char *path, struct cty_store_reader **ret_reader, custody_error *error)
{
    return place_open(path, CTY_CONNECTION_STILL, ret_reader, error);
}

struct cty_store_reader *cty_store_reader_close(struct cty_store_reader *reader)
{
    if (!reader)
        return NULL;
    CTY_CHECK(!reader->is_view);
    cty_store_end_read(reader);
    cty_reader_done(reader);
    free(reader);
    return NULL;
}

/* --- snapshots --------------------------------------------------------------------------------------------- */

/* BEGIN takes no snapshot, the first read does. */
static custody_err snapshot_take(struct cty_store_reader *reader, custody_error *error)
{
    struct cty_store_mark mark;
    CTY_TRY(cty_store_read_newest(reader, &mark, NULL, error));
    reader->size = mark.size;
    cty_reader_refresh(reader);
    return CUSTODY_OK;
}

static custody_err run(struct cty_store_reader *reader, enum cty_sql_id id, custody_error *error)
{
    CTY_CLEANUP(cty_query_done) struct cty_query query = cty_query_make(&reader->sql, id, error);
    return cty_query_run(&query);
}

custody_err cty_store_begin_read(struct cty_store_reader *reader, custody_error *error)
{
    if (reader->is_view || reader->in_snapshot)
        return cty_fail(error, CUSTODY_E_INTERNAL, "a snapshot within a snapshot");
    CTY_TRY(run(reader, CTY_SQL_BEGIN_READ, error));
    reader->in_snapshot = true;
    custody_err err = snapshot_take(reader, error);
    if (err != CUSTODY_OK)
        cty_store_end_read(reader);
    return err;
}

void cty_store_end_read(struct cty_store_reader *reader)
{
    if (reader->is_view || !reader->in_snapshot)
        return;
    /* An error may have ended it already; there is nothing to lose. */
    if (!sqlite3_get_autocommit(reader->sql.db))
        (void)run(reader, CTY_SQL_ROLLBACK, NULL);
    reader->in_snapshot = false;
    reader->size = 0;
}

custody_err cty_reader_check(const struct cty_store_reader *reader, custody_error *error)
{
    if (reader->poisoned)
        return cty_fail(error, CUSTODY_E_STORAGE, "stopped by an earlier fault");
    if (!reader->is_view && !reader->in_snapshot)
        return cty_fail(error, CUSTODY_E_INTERNAL, "a read outside of a snapshot");
    return CUSTODY_OK;
}

struct cty_bytes cty_store_origin(const struct cty_store_reader *reader)
{
    return cty_buf_bytes(&reader->origin);
}

bool cty_store_is_copy(const struct cty_store_reader *reader)
{
    return reader->is_copy;
}

uint64_t cty_store_size(const struct cty_store_reader *reader)
{
    return reader->size;
}
