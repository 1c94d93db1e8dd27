/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the head of a database holds together: entries, tiles and newest checkpoint must end at one size and
 * give one root. This sees what a crash, a lost log or a hand at the last rows did; what lies deeper only an
 * audit sees.
 */
#include "base/check.h"
#include "ledger/note.h"
#include "store/inner.h"

static custody_err note_differs(custody_error *error, const char *what)
{
    return cty_fail(error, CUSTODY_E_BAD_NOTE, "the checkpoint's note: %s", what);
}

custody_err cty_store_check_note(struct cty_bytes bytes, struct cty_bytes origin,
                                 const struct cty_store_mark *mark, custody_error *error)
{
    struct cty_note note;
    struct cty_checkpoint checkpoint;
    if (cty_note_parse(bytes, &note) != CUSTODY_OK)
        return note_differs(error, "not a note");
    if (cty_checkpoint_parse(note.text, &checkpoint) != CUSTODY_OK)
        return note_differs(error, "not of a checkpoint");
    if (!cty_bytes_equal(checkpoint.origin, origin))
        return note_differs(error, "another origin");
    if (checkpoint.size != mark->size)
        return note_differs(error, "another size");
    if (!cty_hash_equal(&checkpoint.root, &mark->root))
        return note_differs(error, "another root");
    return CUSTODY_OK;
}

custody_err cty_store_read_newest(struct cty_store_reader *reader, struct cty_store_mark *ret_mark,
                                  struct cty_buf *note, custody_error *error)
{
    CTY_CLEANUP(cty_query_done) struct cty_query query =
        cty_query_make(&reader->sql, CTY_SQL_CHECKPOINT_NEWEST, error);
    struct cty_store_mark mark = {.size = 0, .root = cty_tree_empty_root()};
    bool row = false;
    CTY_TRY(cty_query_step(&query, &row));
    if (row) {
        mark.size = cty_query_get_u64(&query);
        mark.root = cty_query_get_hash(&query);
        struct cty_bytes bytes = cty_query_get_blob(&query);
        CTY_TRY(cty_query_check(&query));
        custody_err err = note ? cty_buf_put_bytes(note, bytes) : CUSTODY_OK;
        if (err == CUSTODY_E_TOO_LARGE)
            return cty_fail(error, CUSTODY_E_STORE_ALTERED, "the newest checkpoint's note is too large");
        CTY_TRY(err);
    }
    *ret_mark = mark;
    return CUSTODY_OK;
}

static custody_err altered(custody_error *error, const char *what)
{
    return cty_fail(error, CUSTODY_E_STORE_ALTERED, "the head: %s", what);
}

/* The checkpoint covers all entries and no more. */
static custody_err check_entries(struct cty_store_reader *reader, uint64_t size, custody_error *error)
{
    CTY_CLEANUP(cty_query_done) struct cty_query query =
        cty_query_make(&reader->sql, CTY_SQL_ENTRY_ENDS, error);
    CTY_TRY(cty_query_one(&query));
    uint64_t first = cty_query_get_u64_or(&query, UINT64_MAX);
    uint64_t last = cty_query_get_u64_or(&query, UINT64_MAX);
    CTY_TRY(cty_query_check(&query));
    if (last == UINT64_MAX)
        return size == 0 ? CUSTODY_OK : altered(error, "a checkpoint without entries");
    if (first != 0)
        return altered(error, "no entry 0");
    if (last >= size)
        return altered(error, "entries that no checkpoint covers");
    return last + 1 == size ? CUSTODY_OK : altered(error, "a checkpoint over more entries than there are");
}

static custody_err check_level(struct cty_store_reader *reader, uint64_t size, unsigned level,
                               custody_error *error)
{
    CTY_CLEANUP(cty_query_done) struct cty_query query = cty_query_make(&reader->sql, CTY_SQL_TILE_LAST, error);
    uint64_t count = cty_tile_level_size(size, level);
    bool row = false;
    cty_query_u64(&query, level);
    CTY_TRY(cty_query_step(&query, &row));
    if (!row)
        return count == 0 ? CUSTODY_OK : altered(error, "a level of tiles is missing");
    uint64_t index = cty_query_get_u64(&query);
    uint64_t bytes = cty_query_get_u64(&query);
    CTY_TRY(cty_query_check(&query));
    if (count == 0 || index != (count - 1) / CTY_TILE_WIDTH)
        return altered(error, "the last tile is another one");
    if (bytes != ((count - 1) % CTY_TILE_WIDTH + 1) * CTY_HASH_SIZE)
        return altered(error, "the last tile is of another length");
    return CUSTODY_OK;
}

static custody_err check_tiles(struct cty_store_reader *reader, uint64_t size, custody_error *error)
{
    for (unsigned level = 0; level < CTY_TILE_LEVELS; level++)
        CTY_TRY(check_level(reader, size, level, error));
    CTY_CLEANUP(cty_query_done) struct cty_query query =
        cty_query_make(&reader->sql, CTY_SQL_TILE_LEVELS, error);
    CTY_TRY(cty_query_one(&query));
    uint64_t lowest = cty_query_get_u64_or(&query, 0);
    uint64_t highest = cty_query_get_u64_or(&query, 0);
    CTY_TRY(cty_query_check(&query));
    if (lowest != 0 || highest >= CTY_TILE_LEVELS)
        return altered(error, "tiles of a level that no tree has");
    return CUSTODY_OK;
}

/* What a missing node means here. */
static custody_err tree_failed(custody_err err, custody_error *error)
{
    if (err == CUSTODY_E_NOT_FOUND || err == CUSTODY_E_STORE_ALTERED)
        return altered(error, "a tile is missing, short, or not of whole hashes");
    return cty_fail_code(error, err);
}

static custody_err check_root(struct cty_store_reader *reader, const struct cty_store_mark *mark,
                              custody_error *error)
{
    struct cty_tree_reader tree = cty_store_tree_stored(reader);
    struct cty_hash root;
    custody_err err = cty_tree_root(&tree, mark->size, &root);
    if (err != CUSTODY_OK)
        return tree_failed(err, error);
    return cty_hash_equal(&root, &mark->root) ? CUSTODY_OK
                                              : altered(error, "the tiles give another root than the checkpoint");
}

static custody_err check_last_entry(struct cty_store_reader *reader, uint64_t index, custody_error *error)
{
    struct cty_tree_reader tree = cty_store_tree_stored(reader);
    struct cty_hash stored;
    custody_err err = tree.node(tree.context, 0, index, &stored);
    if (err != CUSTODY_OK)
        return tree_failed(err, error);
    CTY_CLEANUP(cty_query_done) struct cty_query query = cty_query_make(&reader->sql, CTY_SQL_ENTRY_GET, error);
    cty_query_u64(&query, index);
    CTY_TRY(cty_query_one(&query));
    struct cty_bytes body = cty_query_get_blob(&query);
    CTY_TRY(cty_query_check(&query));
    struct cty_hash leaf = cty_tree_leaf(body);
    return cty_hash_equal(&leaf, &stored) ? CUSTODY_OK
                                          : altered(error, "the last entry hashes to another leaf");
}

custody_err cty_store_check_head(struct cty_store_reader *reader, custody_error *error)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    struct cty_store_mark mark = {.size = 0};
    CTY_TRY(cty_store_read_newest(reader, &mark, &note, error));
    CTY_TRY(check_entries(reader, mark.size, error));
    CTY_TRY(check_tiles(reader, mark.size, error));
    if (mark.size == 0)
        return note.size == 0 ? CUSTODY_OK : altered(error, "a checkpoint over nothing");
    if (cty_store_check_note(cty_buf_bytes(&note), cty_buf_bytes(&reader->origin), &mark, error) != CUSTODY_OK)
        return altered(error, "the newest checkpoint's note says something else than its row");
    CTY_TRY(check_root(reader, &mark, error));
    return check_last_entry(reader, mark.size - 1, error);
}
