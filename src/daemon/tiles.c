/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/tiles.h"

#include "codec/text.h"
#include "daemon/answer.h"
#include "daemon/reads.h"
#include "ledger/bundle.h"

bool cty_tiles_is_for_members(const struct cty_service *service, const struct cty_tile_path *path)
{
    return path->kind == CTY_TILE_ENTRIES && service->custodian->readers != CTY_READERS_PUBLIC;
}

/* The snapshot is a commit, and each commit has a checkpoint over all that it holds. */
static custody_err check_covered(const struct cty_store_reader *reader, const struct cty_tile_path *path,
                                 custody_error *error)
{
    if (cty_tile_path_exists(path, cty_store_size(reader)))
        return CUSTODY_OK;
    return cty_fail(error, CUSTODY_E_NOT_FOUND, "the newest checkpoint covers %llu entries",
                    (unsigned long long)cty_store_size(reader));
}

custody_err cty_tiles_read_hashes(struct cty_store_reader *reader, const struct cty_tile_path *path, struct cty_buf *out,
                                  custody_error *error)
{
    CTY_TRY(check_covered(reader, path, error));
    custody_err err = cty_store_read_tile(reader, path->level, path->index, path->width, out, error);
    /* The tree has it, by its size. */
    if (err == CUSTODY_E_NOT_FOUND)
        return cty_fail(error, CUSTODY_E_STORE_ALTERED, "tile %u/%llu is missing or short", path->level,
                        (unsigned long long)path->index);
    return err;
}

struct bundle {
    struct cty_buf *out;
    unsigned count;
};

static custody_err put_entry(void *context, const struct cty_store_entry *entry)
{
    struct bundle *bundle = context;
    bundle->count++;
    return cty_bundle_put(entry->body, bundle->out);
}

static custody_err read_bundle(struct cty_store_reader *reader, const struct cty_tile_path *path, struct cty_buf *out,
                               custody_error *error)
{
    struct bundle bundle = {.out = out};
    size_t before = out->size;
    uint64_t first = path->index * CTY_TILE_WIDTH;
    custody_err err = cty_store_walk_entries(reader, first, path->width, put_entry, &bundle, error);
    if (err == CUSTODY_OK && bundle.count != path->width)
        err = cty_fail(error, CUSTODY_E_STORE_ALTERED, "entries from %llu on are missing", (unsigned long long)first);
    if (err != CUSTODY_OK)
        out->size = before;
    return err;
}

custody_err cty_tiles_read(struct cty_store_reader *reader, const struct cty_tile_path *path, struct cty_buf *out,
                           custody_error *error)
{
    CTY_TRY(check_covered(reader, path, error));
    return path->kind == CTY_TILE_ENTRIES ? read_bundle(reader, path, out, error)
                                          : cty_tiles_read_hashes(reader, path, out, error);
}

/* --- over nng ------------------------------------------------------------------------------------------------------ */

static custody_err read_file(struct cty_worker *worker, const struct cty_tile_path *path, struct cty_bytes *ret_content,
                             custody_error *error)
{
    struct cty_store_mark mark;
    if (path->kind == CTY_TILE_CHECKPOINT)
        return cty_read_note(worker, &mark, ret_content, error);
    cty_buf_clear(&worker->texts[0]);
    CTY_TRY(cty_tiles_read(worker->reader, path, &worker->texts[0], error));
    *ret_content = cty_buf_bytes(&worker->texts[0]);
    if (ret_content->size > CTY_MESSAGE_BYTES_MAX)
        return cty_fail(error, CUSTODY_E_TOO_LARGE, "a bundle of %zu bytes; ask for its entries", ret_content->size);
    return CUSTODY_OK;
}

custody_err cty_read_tile(struct cty_worker *worker, const struct cty_rpc_params *params, union cty_rpc_result *result,
                          custody_error *error)
{
    struct cty_tile_path path;
    struct cty_bytes content;
    if (cty_tile_path_parse(params->u.tile.path, &path) != CUSTODY_OK)
        return cty_fail(error, CUSTODY_E_BAD_PARAMS, "the path is no tile's");
    if (cty_tiles_is_for_members(worker->service, &path))
        CTY_TRY(cty_answer_session(worker, error));
    CTY_TRY(read_file(worker, &path, &content, error));
    cty_buf_clear(&worker->texts[1]);
    CTY_TRY(cty_base64_format(content, &worker->texts[1]));
    result->tile.content = cty_buf_bytes(&worker->texts[1]);
    return CUSTODY_OK;
}
