/* SPDX-License-Identifier: Apache-2.0 */
/* Tiles as rows, for who hands them out: nothing is kept in memory and nothing is hashed. */
#include "base/check.h"
#include "store/inner.h"

static custody_err altered(unsigned level, uint64_t index, custody_error *error)
{
    return cty_fail(error, CUSTODY_E_STORE_ALTERED, "tile %u/%llu: not whole hashes", level, (unsigned long long)index);
}

custody_err cty_store_read_tile(struct cty_store_reader *reader, unsigned level, uint64_t index, unsigned count,
                                struct cty_buf *out, custody_error *error)
{
    size_t size = (size_t)count * CTY_HASH_SIZE;
    CTY_TRY(cty_reader_check(reader, error));
    CTY_CLEANUP(cty_query_done) struct cty_query query = cty_query_make(&reader->sql, CTY_SQL_TILE_GET, error);
    cty_query_u64(&query, level);
    cty_query_u64(&query, index);
    CTY_TRY(cty_query_one(&query));
    struct cty_bytes row = cty_query_get_blob(&query);
    CTY_TRY(cty_query_check(&query));
    if (row.size % CTY_HASH_SIZE != 0 || row.size > CTY_TILE_WIDTH * CTY_HASH_SIZE)
        return altered(level, index, error);
    if (row.size < size)
        return cty_fail(error, CUSTODY_E_NOT_FOUND, "tile %u/%llu holds %zu hashes", level, (unsigned long long)index,
                        row.size / CTY_HASH_SIZE);
    custody_err err = cty_buf_put(out, row.data, size);
    return err == CUSTODY_OK ? CUSTODY_OK : cty_fail_code(error, err);
}
