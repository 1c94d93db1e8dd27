/* SPDX-License-Identifier: Apache-2.0 */
/* Reading single rows. */
#include "base/check.h"
#include "store/inner.h"

/* The one column of the one row, appended to the buffer. */
static custody_err take_blob(struct cty_query *query, struct cty_buf *out)
{
    CTY_TRY(cty_query_one(query));
    struct cty_bytes bytes = cty_query_get_blob(query);
    CTY_TRY(cty_query_check(query));
    custody_err err = cty_buf_put_bytes(out, bytes);
    return err == CUSTODY_OK ? CUSTODY_OK : cty_fail_code(query->error, err);
}

static custody_err take_salted(struct cty_query *query, uint8_t ret_salt[CTY_SALT_SIZE], struct cty_buf *content)
{
    CTY_TRY(cty_query_one(query));
    const uint8_t *salt = cty_query_get_salt(query);
    struct cty_bytes bytes = cty_query_get_blob(query);
    CTY_TRY(cty_query_check(query));
    custody_err err = cty_buf_put_bytes(content, bytes);
    if (err != CUSTODY_OK)
        return cty_fail_code(query->error, err);
    memcpy(ret_salt, salt, CTY_SALT_SIZE);
    return CUSTODY_OK;
}

custody_err cty_store_read_entry(struct cty_store_reader *reader, uint64_t index, struct cty_buf *out,
                                 custody_error *error)
{
    CTY_TRY(cty_reader_check(reader, error));
    CTY_CLEANUP(cty_query_done) struct cty_query query = cty_query_make(&reader->sql, CTY_SQL_ENTRY_GET, error);
    cty_query_u64(&query, index);
    return take_blob(&query, out);
}

custody_err cty_store_read_record(struct cty_store_reader *reader, struct cty_bytes key, struct cty_buf *out,
                                  custody_error *error)
{
    CTY_TRY(cty_reader_check(reader, error));
    CTY_CLEANUP(cty_query_done) struct cty_query query = cty_query_make(&reader->sql, CTY_SQL_RECORD_GET, error);
    cty_query_text(&query, key);
    return take_blob(&query, out);
}

static custody_err take_checkpoint(struct cty_query *query, struct cty_store_mark *ret_mark,
                                   struct cty_buf *note)
{
    struct cty_store_mark mark;
    CTY_TRY(cty_query_one(query));
    mark.size = cty_query_get_u64(query);
    mark.root = cty_query_get_hash(query);
    struct cty_bytes bytes = cty_query_get_blob(query);
    CTY_TRY(cty_query_check(query));
    custody_err err = cty_buf_put_bytes(note, bytes);
    if (err != CUSTODY_OK)
        return cty_fail_code(query->error, err);
    *ret_mark = mark;
    return CUSTODY_OK;
}

custody_err cty_store_read_checkpoint(struct cty_store_reader *reader, struct cty_store_mark *ret_mark,
                                      struct cty_buf *note, custody_error *error)
{
    CTY_TRY(cty_reader_check(reader, error));
    CTY_CLEANUP(cty_query_done) struct cty_query query =
        cty_query_make(&reader->sql, CTY_SQL_CHECKPOINT_NEWEST, error);
    return take_checkpoint(&query, ret_mark, note);
}

custody_err cty_store_read_checkpoint_from(struct cty_store_reader *reader, uint64_t size,
                                           struct cty_store_mark *ret_mark, struct cty_buf *note,
                                           custody_error *error)
{
    CTY_TRY(cty_reader_check(reader, error));
    CTY_CLEANUP(cty_query_done) struct cty_query query =
        cty_query_make(&reader->sql, CTY_SQL_CHECKPOINT_FROM, error);
    cty_query_u64(&query, size);
    return take_checkpoint(&query, ret_mark, note);
}

custody_err cty_store_read_blob(struct cty_store_reader *reader, const struct cty_hash *statement,
                                struct cty_bytes member, uint8_t ret_salt[CTY_SALT_SIZE],
                                struct cty_buf *content, custody_error *error)
{
    CTY_TRY(cty_reader_check(reader, error));
    CTY_CLEANUP(cty_query_done) struct cty_query query = cty_query_make(&reader->sql, CTY_SQL_BLOB_GET, error);
    cty_query_hash(&query, statement);
    cty_query_text(&query, member);
    return take_salted(&query, ret_salt, content);
}

custody_err cty_store_read_staged(struct cty_store_reader *reader, struct cty_bytes actor,
                                  const struct cty_hash *commitment, uint8_t ret_salt[CTY_SALT_SIZE],
                                  struct cty_buf *content, custody_error *error)
{
    CTY_TRY(cty_reader_check(reader, error));
    CTY_CLEANUP(cty_query_done) struct cty_query query = cty_query_make(&reader->sql, CTY_SQL_STAGED_GET, error);
    cty_query_text(&query, actor);
    cty_query_hash(&query, commitment);
    return take_salted(&query, ret_salt, content);
}
