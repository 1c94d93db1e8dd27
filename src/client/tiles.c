/* SPDX-License-Identifier: Apache-2.0 */
#include "client/tiles.h"

#include <stdlib.h>

#include "base/check.h"

/* Trees of at most 2^53 leaves have tiles at seven levels. */
#define LEVELS 7u
#define LEVEL_BITS 8u
/* Tiles kept of each level. Proofs of neighbours share what stands higher, so there a few do. */
#define KEPT_BOTTOM 24u
#define KEPT_ABOVE 4u

struct tile {
    bool used;
    uint64_t index;
    uint64_t asked; /* when, counted */
    unsigned count;
    struct cty_hash hashes[CTY_TILE_WIDTH];
};

struct cty_tiles {
    const struct cty_tile_files *files;
    uint64_t size;
    uint64_t asked;
    struct tile edge[LEVELS]; /* the partial one of each level; count 0 where the level ends with a full one */
    struct tile bottom[KEPT_BOTTOM];
    struct tile above[LEVELS][KEPT_ABOVE]; /* by level, of which [0] isn't used */
    struct cty_tile_reader reader;
    struct cty_buf file;
    custody_error error;
};

static uint64_t hashes_of_level(const struct cty_tiles *tiles, unsigned level)
{
    return tiles->size >> (LEVEL_BITS * level);
}

custody_err cty_tiles_new(const struct cty_tile_files *files, struct cty_tiles **ret_tiles)
{
    struct cty_tiles *tiles = cty_alloc(1, sizeof(*tiles));
    if (!tiles)
        return CUSTODY_E_NO_MEMORY;
    tiles->files = files;
    tiles->file = CTY_BUF_INIT(CTY_TILE_WIDTH * CTY_HASH_SIZE);
    *ret_tiles = tiles;
    return CUSTODY_OK;
}

void cty_tiles_free(struct cty_tiles *tiles)
{
    if (!tiles)
        return;
    cty_buf_done(&tiles->file);
    free(tiles);
}

const custody_error *cty_tiles_error(const struct cty_tiles *tiles)
{
    return &tiles->error;
}

/* --- tiles that are kept ------------------------------------------------------------------------------------- */

static struct tile *slots_of(struct cty_tiles *tiles, unsigned level, size_t *ret_count)
{
    *ret_count = level == 0 ? KEPT_BOTTOM : KEPT_ABOVE;
    return level == 0 ? tiles->bottom : tiles->above[level];
}

static struct tile *kept(struct cty_tiles *tiles, unsigned level, uint64_t index)
{
    size_t count = 0;
    struct tile *slots = slots_of(tiles, level, &count);
    for (size_t i = 0; i < count; i++) {
        if (!slots[i].used || slots[i].index != index)
            continue;
        slots[i].asked = ++tiles->asked;
        return &slots[i];
    }
    return NULL;
}

/* A free place, or the one that was asked for longest ago. */
static struct tile *place_for(struct cty_tiles *tiles, unsigned level)
{
    size_t count = 0;
    struct tile *slots = slots_of(tiles, level, &count);
    struct tile *best = &slots[0];
    for (size_t i = 1; i < count && best->used; i++) {
        if (!slots[i].used || slots[i].asked < best->asked)
            best = &slots[i];
    }
    return best;
}

static void forget_all(struct cty_tiles *tiles)
{
    memset(tiles->edge, 0, sizeof(tiles->edge));
    memset(tiles->bottom, 0, sizeof(tiles->bottom));
    memset(tiles->above, 0, sizeof(tiles->above));
    tiles->size = 0;
}

/* --- reading and proving ------------------------------------------------------------------------------------- */

static custody_err read_tile(struct cty_tiles *tiles, unsigned level, uint64_t index, unsigned width, struct tile *ret_tile,
                             custody_error *error)
{
    CTY_TRY(cty_tile_files_tile(tiles->files, level, index, width, &tiles->file, error));
    CTY_CHECK(tiles->file.size == (size_t)width * CTY_HASH_SIZE);
    for (unsigned i = 0; i < width; i++)
        memcpy(ret_tile->hashes[i].bytes, tiles->file.data + (size_t)i * CTY_HASH_SIZE, CTY_HASH_SIZE);
    ret_tile->index = index;
    ret_tile->count = width;
    ret_tile->asked = ++tiles->asked;
    return CUSTODY_OK;
}

/* Of a full tile: the hash that stands for it one level up. */
static struct cty_hash hash_of(const struct tile *tile)
{
    struct cty_hash row[CTY_TILE_WIDTH / 2];
    for (unsigned i = 0; i < CTY_TILE_WIDTH / 2; i++)
        row[i] = cty_tree_node(&tile->hashes[2 * i], &tile->hashes[2 * i + 1]);
    for (unsigned count = CTY_TILE_WIDTH / 4; count > 0; count /= 2) {
        for (unsigned i = 0; i < count; i++)
            row[i] = cty_tree_node(&row[2 * i], &row[2 * i + 1]);
    }
    return row[0];
}

/* The tile where it is proven already: at the edge, or kept. */
static struct tile *proven(struct cty_tiles *tiles, unsigned level, uint64_t index)
{
    if (index == hashes_of_level(tiles, level) / CTY_TILE_WIDTH)
        return &tiles->edge[level];
    return kept(tiles, level, index);
}

/* Reads a full tile and holds it against the one above, which is proven. */
static custody_err prove(struct cty_tiles *tiles, unsigned level, uint64_t index, const struct tile *above,
                         struct tile **ret_tile, custody_error *error)
{
    struct tile *place = place_for(tiles, level);
    place->used = false;
    CTY_TRY(read_tile(tiles, level, index, CTY_TILE_WIDTH, place, error));
    struct cty_hash hash = hash_of(place);
    if (!cty_hash_equal(&hash, &above->hashes[index % CTY_TILE_WIDTH]))
        return cty_fail(error, CUSTODY_E_PROOF_INVALID, "tile %llu of level %u is not of the tree of size %llu",
                        (unsigned long long)index, level, (unsigned long long)tiles->size);
    place->used = true;
    *ret_tile = place;
    return CUSTODY_OK;
}

/* Up to a tile that is proven, which the edge's are at the latest, and down again. */
static custody_err get(struct cty_tiles *tiles, unsigned level, uint64_t index, struct tile **ret_tile,
                       custody_error *error)
{
    unsigned top = level;
    struct tile *tile = NULL;
    while (!(tile = proven(tiles, top, index >> (LEVEL_BITS * (top - level))))) {
        top++;
        CTY_CHECK(top < LEVELS);
    }
    while (top > level) {
        top--;
        CTY_TRY(prove(tiles, top, index >> (LEVEL_BITS * (top - level)), tile, &tile, error));
    }
    *ret_tile = tile;
    return CUSTODY_OK;
}

static bool has_tile(const struct cty_tiles *tiles, unsigned level, uint64_t index)
{
    return level < LEVELS && cty_tile_width(tiles->size, level, index) > 0;
}

custody_err cty_tiles_get(struct cty_tiles *tiles, unsigned level, uint64_t index, struct cty_bytes *ret_hashes,
                          custody_error *error)
{
    struct tile *tile = NULL;
    if (!has_tile(tiles, level, index))
        return cty_fail(error, CUSTODY_E_BAD_PARAMS, "a tree of size %llu has no tile %llu at level %u",
                        (unsigned long long)tiles->size, (unsigned long long)index, level);
    CTY_TRY(get(tiles, level, index, &tile, error));
    *ret_hashes = cty_bytes_make(tile->hashes, tile->count * sizeof(tile->hashes[0]));
    return CUSTODY_OK;
}

custody_err cty_tiles_entries(struct cty_tiles *tiles, uint64_t index, struct cty_buf *out,
                              struct cty_bytes texts[static CTY_TILE_WIDTH], unsigned *ret_count, custody_error *error)
{
    struct tile *tile = NULL;
    struct cty_bytes hashes;
    CTY_TRY(cty_tiles_get(tiles, 0, index, &hashes, error));
    CTY_TRY(get(tiles, 0, index, &tile, error));
    CTY_TRY(cty_tile_files_bundle(tiles->files, index, tile->count, out, texts, error));
    for (unsigned i = 0; i < tile->count; i++) {
        struct cty_hash leaf = cty_tree_leaf(texts[i]);
        if (!cty_hash_equal(&leaf, &tile->hashes[i]))
            return cty_fail(error, CUSTODY_E_PROOF_INVALID, "entry %llu is not of the tree of size %llu",
                            (unsigned long long)(index * CTY_TILE_WIDTH + i), (unsigned long long)tiles->size);
    }
    *ret_count = tile->count;
    return CUSTODY_OK;
}

/* --- the edge ------------------------------------------------------------------------------------------------ */

static custody_err read_edge(struct cty_tiles *tiles, custody_error *error)
{
    for (unsigned level = 0; level < LEVELS; level++) {
        uint64_t hashes = hashes_of_level(tiles, level);
        unsigned width = (unsigned)(hashes % CTY_TILE_WIDTH);
        if (width > 0)
            CTY_TRY(read_tile(tiles, level, hashes / CTY_TILE_WIDTH, width, &tiles->edge[level], error));
    }
    return CUSTODY_OK;
}

/* Only of the edge: the root has no need of others. */
static custody_err hash_at_edge(void *context, unsigned level, uint64_t index, unsigned offset, struct cty_hash *ret_hash)
{
    const struct cty_tiles *tiles = context;
    const struct tile *edge = &tiles->edge[level];
    CTY_CHECK(level < LEVELS && index == hashes_of_level(tiles, level) / CTY_TILE_WIDTH && offset < edge->count);
    *ret_hash = edge->hashes[offset];
    return CUSTODY_OK;
}

static custody_err check_root(struct cty_tiles *tiles, const struct cty_hash *root, custody_error *error)
{
    const struct cty_tile_reader edge = {tiles, hash_at_edge};
    const struct cty_tree_reader nodes = cty_tree_reader_from_tiles(&edge);
    struct cty_hash derived;
    CTY_TRY(cty_tree_root(&nodes, tiles->size, &derived));
    if (cty_hash_equal(&derived, root))
        return CUSTODY_OK;
    return cty_fail(error, CUSTODY_E_PROOF_INVALID, "the tiles do not give the root of the checkpoint of size %llu",
                    (unsigned long long)tiles->size);
}

custody_err cty_tiles_trust(struct cty_tiles *tiles, uint64_t size, const struct cty_hash *root, custody_error *error)
{
    forget_all(tiles);
    if (size > CTY_TREE_SIZE_MAX)
        return cty_fail(error, CUSTODY_E_BAD_PARAMS, "no tree has %llu entries", (unsigned long long)size);
    tiles->size = size;
    custody_err err = read_edge(tiles, error);
    if (err == CUSTODY_OK)
        err = check_root(tiles, root, error);
    if (err != CUSTODY_OK)
        forget_all(tiles);
    return err;
}

/* --- proofs -------------------------------------------------------------------------------------------------- */

static custody_err proven_hash(void *context, unsigned level, uint64_t index, unsigned offset, struct cty_hash *ret_hash)
{
    struct cty_tiles *tiles = context;
    struct tile *tile = NULL;
    if (!has_tile(tiles, level, index))
        return cty_fail(&tiles->error, CUSTODY_E_NOT_FOUND, "tile %llu of level %u", (unsigned long long)index, level);
    CTY_TRY(get(tiles, level, index, &tile, &tiles->error));
    if (offset >= tile->count)
        return cty_fail(&tiles->error, CUSTODY_E_NOT_FOUND, "hash %u of tile %llu", offset, (unsigned long long)index);
    *ret_hash = tile->hashes[offset];
    return CUSTODY_OK;
}

struct cty_tree_reader cty_tiles_nodes(struct cty_tiles *tiles)
{
    tiles->reader = (struct cty_tile_reader){tiles, proven_hash};
    return cty_tree_reader_from_tiles(&tiles->reader);
}
