/* SPDX-License-Identifier: Apache-2.0 */
/* Walks over entries, records, blobs, tiles, checkpoints and what is staged. */
#include "base/check.h"
#include "store/inner.h"
#include "store/schema.h"

/* Reads one row and lends it to the callback that `walk` carries. */
struct walk {
    struct cty_query query;
    custody_err (*lend)(struct walk *walk);
    void *context;
    union {
        cty_store_entry_fn *entry;
        cty_store_record_fn *record;
        cty_store_blob_fn *blob;
        cty_store_tile_fn *tile;
        cty_store_checkpoint_fn *checkpoint;
        cty_store_cosignature_fn *cosignature;
        cty_store_staged_fn *staged;
    } fn;
};

static custody_err walk_rows(struct walk *walk)
{
    bool row = false;
    for (;;) {
        CTY_TRY(cty_query_step(&walk->query, &row));
        if (!row)
            return CUSTODY_OK;
        CTY_TRY(walk->lend(walk));
    }
}

/* Ends the query, whatever came of it. */
static custody_err walk_run(struct walk *walk)
{
    custody_err err = walk_rows(walk);
    cty_query_done(&walk->query);
    return err;
}

/* --- entries ----------------------------------------------------------------------------------------------- */

static custody_err lend_entry(struct walk *walk)
{
    struct cty_store_entry entry;
    entry.index = cty_query_get_u64(&walk->query);
    entry.case_opened = cty_query_get_u64_or(&walk->query, CTY_STORE_NO_CASE);
    uint64_t trust = cty_query_get_u64(&walk->query);
    entry.body = cty_query_get_blob(&walk->query);
    CTY_TRY(cty_query_check(&walk->query));
    if (trust > 1)
        return cty_fail(walk->query.error, CUSTODY_E_STORE_ALTERED, "entry %llu: trust %llu",
                        (unsigned long long)entry.index, (unsigned long long)trust);
    entry.trust = trust == 1;
    return walk->fn.entry(walk->context, &entry);
}

static custody_err entries_run(struct cty_store_reader *reader, enum cty_sql_id id, uint64_t first,
                               const uint64_t *count, cty_store_entry_fn *fn, void *context,
                               custody_error *error)
{
    CTY_TRY(cty_reader_check(reader, error));
    struct walk walk = {.lend = lend_entry, .context = context, .fn.entry = fn};
    walk.query = cty_query_make(&reader->sql, id, error);
    cty_query_u64(&walk.query, first);
    if (count)
        cty_query_u64(&walk.query, *count);
    return walk_run(&walk);
}

custody_err cty_store_walk_entries(struct cty_store_reader *reader, uint64_t from, uint64_t count,
                                   cty_store_entry_fn *fn, void *context, custody_error *error)
{
    return entries_run(reader, CTY_SQL_ENTRY_RANGE, from, &count, fn, context, error);
}

custody_err cty_store_walk_case_entries(struct cty_store_reader *reader, uint64_t opened, bool bodies,
                                        cty_store_entry_fn *fn, void *context, custody_error *error)
{
    enum cty_sql_id id = bodies ? CTY_SQL_ENTRY_OF_CASE : CTY_SQL_ENTRY_NAME_OF_CASE;
    return entries_run(reader, id, opened, NULL, fn, context, error);
}

custody_err cty_store_walk_trust_entries(struct cty_store_reader *reader, uint64_t from, uint64_t count,
                                         bool bodies, cty_store_entry_fn *fn, void *context,
                                         custody_error *error)
{
    enum cty_sql_id id = bodies ? CTY_SQL_ENTRY_OF_TRUST : CTY_SQL_ENTRY_NAME_OF_TRUST;
    return entries_run(reader, id, from, &count, fn, context, error);
}

/* --- records ----------------------------------------------------------------------------------------------- */

static custody_err lend_record(struct walk *walk)
{
    struct cty_store_record record;
    record.key = cty_query_get_text(&walk->query);
    record.value = cty_query_get_blob(&walk->query);
    CTY_TRY(cty_query_check(&walk->query));
    return walk->fn.record(walk->context, &record);
}

static bool begins_with(struct cty_bytes text, struct cty_bytes prefix)
{
    return text.size >= prefix.size && cty_bytes_equal(cty_bytes_make(text.data, prefix.size), prefix);
}

/* The least text that is lawful here: the prefix itself, or what follows `after` in the order of bytes. */
static custody_err lower_bound(struct cty_bytes prefix, struct cty_bytes after, struct cty_buf *out)
{
    if (cty_bytes_compare(after, prefix) < 0 || after.size == 0)
        return cty_buf_put_bytes(out, prefix);
    CTY_TRY(cty_buf_put_bytes(out, after));
    return cty_buf_put_byte(out, 0);
}

/*
 * Binds the least value above all texts with the prefix: the prefix with its last byte one higher. Keys are ASCII,
 * so there is always room; where a byte is 0xff, or there is no prefix, an empty blob stands above every text.
 */
static custody_err bind_upper(struct cty_query *query, struct cty_bytes prefix, struct cty_buf *memory)
{
    if (prefix.size == 0 || prefix.data[prefix.size - 1] == 0xff) {
        cty_query_blob(query, CTY_LITERAL(""));
        return CUSTODY_OK;
    }
    CTY_TRY(cty_buf_put_bytes(memory, prefix));
    memory->data[prefix.size - 1]++;
    cty_query_text(query, cty_buf_bytes(memory));
    return CUSTODY_OK;
}

struct record_walk {
    struct cty_bytes prefix;
    cty_store_record_fn *fn;
    void *context;
};

/* Between the bounds all keys begin with the prefix; this holds where a database was altered, too. */
static custody_err record_filter(void *context, const struct cty_store_record *record)
{
    const struct record_walk *walk = context;
    return begins_with(record->key, walk->prefix) ? walk->fn(walk->context, record) : CUSTODY_OK;
}

custody_err cty_store_walk_records(struct cty_store_reader *reader, struct cty_bytes prefix,
                                   struct cty_bytes after, uint64_t count, cty_store_record_fn *fn,
                                   void *context, custody_error *error)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf lower = CTY_BUF_INIT(2 * CTY_MESSAGE_BYTES_MAX);
    CTY_CLEANUP(cty_buf_done) struct cty_buf upper = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
    struct record_walk filter = {prefix, fn, context};
    struct walk walk = {.lend = lend_record, .context = &filter, .fn.record = record_filter};
    custody_err err = CUSTODY_E_INTERNAL;
    CTY_TRY(cty_reader_check(reader, error));
    walk.query = cty_query_make(&reader->sql, CTY_SQL_RECORD_RANGE, error);
    CTY_TRY_OUT(lower_bound(prefix, after, &lower));
    cty_query_text(&walk.query, cty_buf_bytes(&lower));
    CTY_TRY_OUT(bind_upper(&walk.query, prefix, &upper));
    cty_query_u64(&walk.query, count);
    err = walk_rows(&walk);
out:
    cty_query_done(&walk.query);
    return err;
}

/* --- blobs ------------------------------------------------------------------------------------------------- */

static custody_err lend_blob(struct walk *walk)
{
    struct cty_store_blob blob;
    blob.statement = cty_query_get_hash(&walk->query);
    blob.member = cty_query_get_text(&walk->query);
    blob.commitment = cty_query_get_hash(&walk->query);
    blob.salt = cty_query_get_salt(&walk->query);
    blob.content = cty_query_get_blob(&walk->query);
    CTY_TRY(cty_query_check(&walk->query));
    return walk->fn.blob(walk->context, &blob);
}

custody_err cty_store_walk_statement_blobs(struct cty_store_reader *reader, const struct cty_hash *statement,
                                           bool contents, cty_store_blob_fn *fn, void *context,
                                           custody_error *error)
{
    CTY_TRY(cty_reader_check(reader, error));
    struct walk walk = {.lend = lend_blob, .context = context, .fn.blob = fn};
    enum cty_sql_id id = contents ? CTY_SQL_BLOB_OF_STATEMENT : CTY_SQL_BLOB_NAME_OF_STATEMENT;
    walk.query = cty_query_make(&reader->sql, id, error);
    cty_query_hash(&walk.query, statement);
    return walk_run(&walk);
}

custody_err cty_store_walk_all_blobs(struct cty_store_reader *reader, cty_store_blob_fn *fn, void *context,
                                     custody_error *error)
{
    CTY_TRY(cty_reader_check(reader, error));
    struct walk walk = {.lend = lend_blob, .context = context, .fn.blob = fn};
    walk.query = cty_query_make(&reader->sql, CTY_SQL_BLOB_ALL, error);
    return walk_run(&walk);
}

/* --- tiles, checkpoints, cosignatures ----------------------------------------------------------------------- */

static custody_err lend_tile(struct walk *walk)
{
    struct cty_store_tile tile;
    uint64_t level = cty_query_get_u64(&walk->query);
    tile.level = level > UINT32_MAX ? UINT32_MAX : (unsigned)level;
    tile.index = cty_query_get_u64(&walk->query);
    tile.hashes = cty_query_get_blob(&walk->query);
    CTY_TRY(cty_query_check(&walk->query));
    return walk->fn.tile(walk->context, &tile);
}

custody_err cty_store_walk_all_tiles(struct cty_store_reader *reader, cty_store_tile_fn *fn, void *context,
                                     custody_error *error)
{
    CTY_TRY(cty_reader_check(reader, error));
    struct walk walk = {.lend = lend_tile, .context = context, .fn.tile = fn};
    walk.query = cty_query_make(&reader->sql, CTY_SQL_TILE_ALL, error);
    return walk_run(&walk);
}

static custody_err lend_checkpoint(struct walk *walk)
{
    struct cty_store_checkpoint checkpoint;
    checkpoint.mark.size = cty_query_get_u64(&walk->query);
    checkpoint.mark.root = cty_query_get_hash(&walk->query);
    checkpoint.note = cty_query_get_blob(&walk->query);
    CTY_TRY(cty_query_check(&walk->query));
    return walk->fn.checkpoint(walk->context, &checkpoint);
}

custody_err cty_store_walk_all_checkpoints(struct cty_store_reader *reader, cty_store_checkpoint_fn *fn,
                                           void *context, custody_error *error)
{
    CTY_TRY(cty_reader_check(reader, error));
    struct walk walk = {.lend = lend_checkpoint, .context = context, .fn.checkpoint = fn};
    walk.query = cty_query_make(&reader->sql, CTY_SQL_CHECKPOINT_ALL, error);
    return walk_run(&walk);
}

static custody_err lend_cosignature(struct walk *walk)
{
    struct cty_store_cosignature row;
    row.size = cty_query_get_u64(&walk->query);
    row.witness = cty_query_get_text(&walk->query);
    row.first = cty_query_get_blob(&walk->query);
    row.last = cty_query_get_blob_or_none(&walk->query);
    CTY_TRY(cty_query_check(&walk->query));
    return walk->fn.cosignature(walk->context, &row);
}

static custody_err cosignatures_run(struct cty_store_reader *reader, enum cty_sql_id id, uint64_t size, uint64_t count,
                                    cty_store_cosignature_fn *fn, void *context, custody_error *error)
{
    CTY_TRY(cty_reader_check(reader, error));
    struct walk walk = {.lend = lend_cosignature, .context = context, .fn.cosignature = fn};
    walk.query = cty_query_make(&reader->sql, id, error);
    cty_query_u64(&walk.query, size);
    cty_query_u64(&walk.query, count);
    return walk_run(&walk);
}

custody_err cty_store_walk_cosignatures(struct cty_store_reader *reader, uint64_t from, uint64_t count,
                                        cty_store_cosignature_fn *fn, void *context, custody_error *error)
{
    return cosignatures_run(reader, CTY_SQL_COSIGNATURE_FROM, from, count, fn, context, error);
}

custody_err cty_store_walk_cosignatures_of(struct cty_store_reader *reader, uint64_t size, cty_store_cosignature_fn *fn,
                                           void *context, custody_error *error)
{
    CTY_TRY(cty_reader_check(reader, error));
    struct walk walk = {.lend = lend_cosignature, .context = context, .fn.cosignature = fn};
    walk.query = cty_query_make(&reader->sql, CTY_SQL_COSIGNATURE_OF, error);
    cty_query_u64(&walk.query, size);
    return walk_run(&walk);
}

custody_err cty_store_walk_cosignatures_back(struct cty_store_reader *reader, uint64_t to, uint64_t count,
                                             cty_store_cosignature_fn *fn, void *context, custody_error *error)
{
    return cosignatures_run(reader, CTY_SQL_COSIGNATURE_TO, to, count, fn, context, error);
}

/* --- cosignatures as lines of a note ------------------------------------------------------------------------ */

struct lines {
    struct cty_buf *note;
    size_t bytes_max;
    size_t count; /* of signature lines, with the log's own */
};

static custody_err put_line(struct lines *lines, struct cty_bytes line)
{
    if (line.size == 0 || lines->count == CTY_NOTE_SIGNATURES_MAX || lines->note->size + line.size > lines->bytes_max)
        return CUSTODY_OK;
    lines->count++;
    return cty_buf_put_bytes(lines->note, line);
}

static custody_err put_first(void *context, const struct cty_store_cosignature *row)
{
    return put_line(context, row->first);
}

static custody_err put_last(void *context, const struct cty_store_cosignature *row)
{
    return put_line(context, row->last);
}

custody_err cty_store_read_cosignatures(struct cty_store_reader *reader, uint64_t size, size_t bytes_max,
                                        struct cty_buf *note, custody_error *error)
{
    struct lines lines = {note, bytes_max, 1};
    CTY_TRY(cty_store_walk_cosignatures_of(reader, size, put_first, &lines, error));
    return lines.count > 1 ? cty_store_walk_cosignatures_of(reader, size, put_last, &lines, error) : CUSTODY_OK;
}

/* --- staged ------------------------------------------------------------------------------------------------- */

static custody_err lend_staged(struct walk *walk)
{
    struct cty_store_staged staged;
    staged.actor = cty_query_get_text(&walk->query);
    staged.commitment = cty_query_get_hash(&walk->query);
    staged.salt = cty_query_get_salt(&walk->query);
    staged.created = cty_query_get_u64(&walk->query);
    staged.content = cty_query_get_blob(&walk->query);
    CTY_TRY(cty_query_check(&walk->query));
    return walk->fn.staged(walk->context, &staged);
}

custody_err cty_store_walk_all_staged(struct cty_store_reader *reader, cty_store_staged_fn *fn, void *context,
                                      custody_error *error)
{
    CTY_TRY(cty_reader_check(reader, error));
    struct walk walk = {.lend = lend_staged, .context = context, .fn.staged = fn};
    walk.query = cty_query_make(&reader->sql, CTY_SQL_STAGED_ALL, error);
    return walk_run(&walk);
}

/* --- what is beside the schema ----------------------------------------------------------------------------- */

custody_err cty_store_walk_foreign(struct cty_store_reader *reader, cty_store_finding_fn *fn, void *context,
                                   custody_error *error)
{
    CTY_TRY(cty_reader_check(reader, error));
    return cty_schema_walk(&reader->sql, fn, context, error);
}

static custody_err damage_rows(struct cty_store_reader *reader, sqlite3_stmt *stmt, cty_store_finding_fn *fn,
                               void *context, custody_error *error)
{
    for (;;) {
        int rc = sqlite3_step(stmt);
        if (rc == SQLITE_DONE)
            return CUSTODY_OK;
        if (rc != SQLITE_ROW)
            return cty_sql_fail(&reader->sql, rc, "integrity_check", error);
        const unsigned char *text = sqlite3_column_text(stmt, 0);
        if (!text)
            return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
        if (strcmp((const char *)text, "ok") != 0)
            CTY_TRY(fn(context, (const char *)text));
    }
}

custody_err cty_store_walk_damage(struct cty_store_reader *reader, cty_store_finding_fn *fn, void *context,
                                  custody_error *error)
{
    CTY_TRY(cty_reader_check(reader, error));
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(reader->sql.db, "PRAGMA integrity_check(100)", -1, &stmt, NULL);
    custody_err err = rc == SQLITE_OK ? damage_rows(reader, stmt, fn, context, error)
                                      : cty_sql_fail(&reader->sql, rc, "integrity_check", error);
    sqlite3_finalize(stmt);
    return err;
}
