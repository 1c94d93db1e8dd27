/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C2SP tlog-tiles: the checkpoint, and hash tiles. What they give of a smaller tree has to lead to the root that is signed. A tile that isn't there in part may be there whole, since the log has grown.
 */
#include <stdlib.h>

#include "base/check.h"
#include "ledger/tile_path.h"
#include "net/fetch.h"
#include "net/url.h"
#include "witness/source.h"

#define CONNECT_MS 10000u
#define TOTAL_MS 30000u
#define TILE_BYTES (CTY_TILE_WIDTH * CTY_HASH_SIZE)
/* A path down the tree meets at most one tile a level, twice where two sizes are looked at. */
#define TILES_KEPT 24u

struct tile {
    bool used;
    unsigned level;
    uint64_t index;
    size_t width;
    uint8_t hashes[TILE_BYTES];
};

struct tiles_source {
    struct cty_fetch *fetch;
    struct cty_fetch_answer answer;
    struct cty_buf prefix, url;
    uint64_t size; /* of the tree that is read */
    struct tile tiles[TILES_KEPT];
    unsigned next;
    custody_error *error;
};

static void close_source(void *context)
{
    struct tiles_source *source = context;
    cty_fetch_close(source->fetch);
    cty_fetch_answer_done(&source->answer);
    cty_buf_done(&source->prefix);
    cty_buf_done(&source->url);
    free(source);
}

/* Errors: NOT_FOUND for a 404; UNREACHABLE for every other status. */
static custody_err get(struct tiles_source *source, const char *path, custody_error *error)
{
    cty_buf_clear(&source->url);
    CTY_TRY(cty_buf_put_bytes(&source->url, cty_buf_bytes(&source->prefix)));
    CTY_TRY(cty_buf_put_text(&source->url, path));
    const char *url = cty_buf_text(&source->url);
    if (!url)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    CTY_TRY(cty_fetch_get(source->fetch, url, NULL, &source->answer, error));
    if (source->answer.status == 404)
        return cty_fail(error, CUSTODY_E_NOT_FOUND, "%s", path);
    if (source->answer.status != 200)
        return cty_fail(error, CUSTODY_E_UNREACHABLE, "%s: status %u", path, source->answer.status);
    return CUSTODY_OK;
}

static custody_err newest(void *context, struct cty_buf *note, custody_error *error)
{
    struct tiles_source *source = context;
    CTY_TRY(get(source, "checkpoint", error));
    return cty_buf_put_bytes(note, cty_buf_bytes(&source->answer.body));
}

static custody_err get_tile(struct tiles_source *source, unsigned level, uint64_t index, size_t width)
{
    char path[CTY_TILE_PATH_SIZE];
    const struct cty_tile_path name = {CTY_TILE_HASHES, level, index, (unsigned)width};
    cty_tile_path_format(&name, path);
    CTY_TRY(get(source, path, source->error));
    size_t size = source->answer.body.size;
    bool good = width == CTY_TILE_WIDTH ? size == TILE_BYTES : size == width * CTY_HASH_SIZE;
    return good ? CUSTODY_OK : cty_fail(source->error, CUSTODY_E_ROOT_MISMATCH, "%s: %zu bytes", path, size);
}

static custody_err fetch_tile(struct tiles_source *source, unsigned level, uint64_t index, struct tile **ret_tile)
{
    size_t width = cty_tile_width(source->size, level, index);
    custody_err err = get_tile(source, level, index, width);
    if (err == CUSTODY_E_NOT_FOUND && width < CTY_TILE_WIDTH)
        err = get_tile(source, level, index, CTY_TILE_WIDTH);
    CTY_TRY(err);
    struct tile *tile = &source->tiles[source->next++ % TILES_KEPT];
    *tile = (struct tile){.used = true, .level = level, .index = index, .width = width};
    memcpy(tile->hashes, source->answer.body.data, width * CTY_HASH_SIZE);
    *ret_tile = tile;
    return CUSTODY_OK;
}

static custody_err tile_hash(void *context, unsigned level, uint64_t index, unsigned offset, struct cty_hash *ret_hash)
{
    struct tiles_source *source = context;
    struct tile *tile = NULL;
    for (size_t i = 0; i < TILES_KEPT && !tile; i++) {
        struct tile *one = &source->tiles[i];
        if (one->used && one->level == level && one->index == index && offset < one->width)
            tile = one;
    }
    if (!tile)
        CTY_TRY(fetch_tile(source, level, index, &tile));
    if (offset >= tile->width)
        return cty_fail(source->error, CUSTODY_E_ROOT_MISMATCH, "a tile is too narrow");
    memcpy(ret_hash->bytes, tile->hashes + offset * (size_t)CTY_HASH_SIZE, CTY_HASH_SIZE);
    return CUSTODY_OK;
}

static custody_err consistency(void *context, uint64_t old_size, const struct cty_checkpoint *large,
                               struct cty_proof *ret_proof, struct cty_hash *ret_old_root, custody_error *error)
{
    struct tiles_source *source = context;
    const struct cty_tile_reader tiles = {source, tile_hash};
    source->size = large->size;
    source->error = error;
    for (size_t i = 0; i < TILES_KEPT; i++)
        source->tiles[i].used = false;
    const struct cty_tree_reader reader = cty_tree_reader_from_tiles(&tiles);
    CTY_TRY(cty_tree_root(&reader, old_size, ret_old_root));
    CTY_TRY(cty_tree_consistency(&reader, old_size, large->size, ret_proof));
    /* What doesn't lead to the root that is signed says nothing of that tree. */
    if (cty_tree_consistency_verify(old_size, ret_old_root, large->size, &large->root, ret_proof) != CUSTODY_OK)
        return cty_fail(error, CUSTODY_E_ROOT_MISMATCH, "the tiles are not those of the checkpoint");
    return CUSTODY_OK;
}

custody_err cty_witness_source_tiles(const char *url, const atomic_bool *stop, struct cty_witness_source *ret_source,
                                     custody_error *error)
{
    const struct cty_fetch_config config = {.connect_ms = CONNECT_MS, .total_ms = TOTAL_MS, .body_max = CTY_NOTE_BYTES_MAX,
                                            .stop = stop};
    struct tiles_source *source = cty_alloc(1, sizeof(*source));
    if (!source)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    source->prefix = CTY_BUF_INIT(4096);
    source->url = CTY_BUF_INIT(4096);
    size_t size = strlen(url);
    custody_err err = cty_buf_put_text(&source->prefix, url);
    if (err == CUSTODY_OK && (size == 0 || url[size - 1] != '/'))
        err = cty_buf_put_byte(&source->prefix, '/');
    if (err == CUSTODY_OK)
        err = cty_fetch_open(&config, &source->fetch, error);
    if (err != CUSTODY_OK) {
        close_source(source);
        return err;
    }
    *ret_source = (struct cty_witness_source){source, newest, consistency, close_source, true};
    return CUSTODY_OK;
}

/* --- either ------------------------------------------------------------------------------------------------ */

custody_err cty_witness_source_open(const char *url, struct cty_bytes certificate, const atomic_bool *stop,
                                    struct cty_witness_source *ret_source, custody_error *error)
{
    return cty_net_url_is_http(url) ? cty_witness_source_tiles(url, stop, ret_source, error)
                        : cty_witness_source_nng(url, certificate, stop, ret_source, error);
}

custody_err cty_witness_source_check(const char *url, custody_error *error)
{
    struct cty_net_url parsed;
    return cty_net_url_is_http(url) ? cty_fetch_url_check(url, error) : cty_net_url_parse(url, false, &parsed, error);
}
