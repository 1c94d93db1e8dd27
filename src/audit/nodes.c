/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/nodes.h"

#include <stdlib.h>

#include "base/check.h"

#define HEIGHTS 54
#define LEVELS 7
#define RING 2048u /* a power of two, at least a tile */
#define TILES_HELD 16

/* The nodes of one height: all of them, or (over a backing) a ring of the newest, from index `from` on. */
struct height {
    struct cty_hash *hashes;
    uint64_t count;
    uint64_t capacity;
    uint64_t from;
};

/* A tile that was read, to be read again soon. */
struct held {
    bool used;
    unsigned level;
    uint64_t index;
    uint64_t turn;
    struct cty_buf hashes;
};

struct cty_nodes {
    struct height heights[HEIGHTS];
    struct cty_frontier frontier;
    struct cty_tree_reader reader;
    const struct cty_backing *backing; /* NULL: all in memory */
    struct cty_tile_reader tiles;
    struct cty_tree_reader from_tiles;
    struct cty_hash (*filling)[CTY_TILE_WIDTH]; /* the tile of each level that is not full yet */
    struct held held[TILES_HELD];
    uint64_t turn;
};

static custody_err read_node(void *context, unsigned height, uint64_t index, struct cty_hash *ret_hash)
{
    const struct cty_nodes *nodes = context;
    if (height >= HEIGHTS || index >= nodes->frontier.size >> height)
        return CUSTODY_E_NOT_FOUND;
    const struct height *h = &nodes->heights[height];
    if (!nodes->backing) {
        *ret_hash = h->hashes[index];
        return CUSTODY_OK;
    }
    if (h->hashes && index >= h->from && index + RING >= h->count) {
        *ret_hash = h->hashes[index & (RING - 1)];
        return CUSTODY_OK;
    }
    return nodes->from_tiles.node(nodes->from_tiles.context, height, index, ret_hash);
}

/* ---- tiles ---- */

static uint64_t level_count(const struct cty_nodes *nodes, unsigned level)
{
    return nodes->frontier.size >> (8 * level);
}

/* The place of a tile that was read, or the one that has waited longest. */
static struct held *place_of(struct cty_nodes *nodes, unsigned level, uint64_t index)
{
    struct held *oldest = &nodes->held[0];
    for (size_t i = 0; i < TILES_HELD; i++) {
        struct held *held = &nodes->held[i];
        if (held->used && held->level == level && held->index == index)
            return held;
        if (!held->used || (oldest->used && held->turn < oldest->turn))
            oldest = held;
    }
    oldest->used = false;
    return oldest;
}

static custody_err hold_tile(struct cty_nodes *nodes, unsigned level, uint64_t index, const struct held **ret_held)
{
    struct held *held = place_of(nodes, level, index);
    if (!held->used) {
        cty_buf_clear(&held->hashes);
        CTY_TRY(nodes->backing->tile_get(nodes->backing->context, level, index, &held->hashes));
        held->used = true;
        held->level = level;
        held->index = index;
    }
    held->turn = ++nodes->turn;
    *ret_held = held;
    return CUSTODY_OK;
}

static custody_err read_hash(void *context, unsigned level, uint64_t index, unsigned offset, struct cty_hash *ret_hash)
{
    struct cty_nodes *nodes = context;
    const struct held *held = NULL;
    if (level >= LEVELS)
        return CUSTODY_E_NOT_FOUND;
    if (index == level_count(nodes, level) / CTY_TILE_WIDTH) {
        *ret_hash = nodes->filling[level][offset];
        return CUSTODY_OK;
    }
    CTY_TRY(hold_tile(nodes, level, index, &held));
    if (held->hashes.size < (offset + 1) * CTY_HASH_SIZE)
        return CUSTODY_E_NOT_FOUND;
    memcpy(ret_hash->bytes, held->hashes.data + offset * CTY_HASH_SIZE, CTY_HASH_SIZE);
    return CUSTODY_OK;
}

static custody_err put_tile(struct cty_nodes *nodes, unsigned level, uint64_t index, size_t width)
{
    return nodes->backing->tile_put(nodes->backing->context, level, index,
                                    cty_bytes_make(nodes->filling[level], width * CTY_HASH_SIZE));
}

static custody_err fill_tile(struct cty_nodes *nodes, unsigned level, uint64_t index, const struct cty_hash *hash)
{
    nodes->filling[level][index % CTY_TILE_WIDTH] = *hash;
    return (index + 1) % CTY_TILE_WIDTH == 0 ? put_tile(nodes, level, index / CTY_TILE_WIDTH, CTY_TILE_WIDTH)
                                             : CUSTODY_OK;
}

/* ---- growing ---- */

static custody_err grow(struct cty_nodes *nodes, struct height *h)
{
    uint64_t capacity = h->capacity ? h->capacity * 2 : 64;
    if (nodes->backing && h->capacity == RING)
        return CUSTODY_OK;
    if (nodes->backing)
        capacity = RING;
    struct cty_hash *hashes = realloc(h->hashes, capacity * sizeof(*hashes));
    if (!hashes)
        return CUSTODY_E_NO_MEMORY;
    h->hashes = hashes;
    h->capacity = capacity;
    return CUSTODY_OK;
}

static custody_err keep_node(void *context, unsigned height, uint64_t index, const struct cty_hash *hash)
{
    struct cty_nodes *nodes = context;
    struct height *h = &nodes->heights[height];
    CTY_CHECK(height < HEIGHTS && index == h->count);
    if (nodes->backing && height % 8 == 0 && height / 8 < LEVELS)
        CTY_TRY(fill_tile(nodes, height / 8, index, hash));
    if (nodes->backing ? !h->hashes : h->count == h->capacity)
        CTY_TRY(grow(nodes, h));
    h->hashes[nodes->backing ? index & (RING - 1) : index] = *hash;
    h->count++;
    return CUSTODY_OK;
}

custody_err cty_nodes_append(struct cty_nodes *nodes, const struct cty_hash *leaf)
{
    return cty_frontier_append(&nodes->frontier, leaf, keep_node, nodes);
}

custody_err cty_nodes_flush(struct cty_nodes *nodes)
{
    for (unsigned level = 0; nodes->backing && level < LEVELS; level++) {
        uint64_t count = level_count(nodes, level);
        if (count % CTY_TILE_WIDTH)
            CTY_TRY(put_tile(nodes, level, count / CTY_TILE_WIDTH, count % CTY_TILE_WIDTH));
    }
    return CUSTODY_OK;
}

/* ---- coming and going ---- */

custody_err cty_nodes_new(struct cty_nodes **ret_nodes)
{
    struct cty_nodes *nodes = cty_alloc(1, sizeof(*nodes));
    if (!nodes)
        return CUSTODY_E_NO_MEMORY;
    nodes->reader = (struct cty_tree_reader){nodes, read_node};
    nodes->tiles = (struct cty_tile_reader){nodes, read_hash};
    nodes->from_tiles = cty_tree_reader_from_tiles(&nodes->tiles);
    for (size_t i = 0; i < TILES_HELD; i++)
        nodes->held[i].hashes = CTY_BUF_INIT(CTY_TILE_WIDTH * CTY_HASH_SIZE);
    *ret_nodes = nodes;
    return CUSTODY_OK;
}

void cty_nodes_free(struct cty_nodes *nodes)
{
    if (!nodes)
        return;
    for (size_t i = 0; i < HEIGHTS; i++)
        free(nodes->heights[i].hashes);
    for (size_t i = 0; i < TILES_HELD; i++)
        cty_buf_done(&nodes->held[i].hashes);
    free(nodes->filling);
    free(nodes);
}

/* The tile that goes on being filled stands in the backing as far as it went. */
static custody_err load_filling(struct cty_nodes *nodes, unsigned level, uint64_t count)
{
    const struct held *held = NULL;
    size_t width = count % CTY_TILE_WIDTH;
    if (width == 0)
        return CUSTODY_OK;
    CTY_TRY(hold_tile(nodes, level, count / CTY_TILE_WIDTH, &held));
    if (held->hashes.size != width * CTY_HASH_SIZE)
        return CUSTODY_E_NOT_FOUND;
    memcpy(nodes->filling[level], held->hashes.data, held->hashes.size);
    nodes->held[held - nodes->held].used = false;
    return CUSTODY_OK;
}

custody_err cty_nodes_back(struct cty_nodes *nodes, const struct cty_backing *backing, uint64_t size)
{
    if (nodes->frontier.size != 0 || nodes->backing || size > CTY_TREE_SIZE_MAX)
        return CUSTODY_E_INTERNAL;
    nodes->filling = cty_alloc(LEVELS, sizeof(*nodes->filling));
    if (!nodes->filling)
        return CUSTODY_E_NO_MEMORY;
    nodes->backing = backing;
    for (unsigned level = 0; level < LEVELS; level++)
        CTY_TRY(load_filling(nodes, level, size >> (8 * level)));
    for (unsigned height = 0; height < HEIGHTS; height++)
        nodes->heights[height].count = nodes->heights[height].from = size >> height;
    nodes->frontier.size = size; /* so that the reader tells its nodes */
    return cty_frontier_load(&nodes->reader, size, &nodes->frontier);
}

uint64_t cty_nodes_size(const struct cty_nodes *nodes)
{
    return nodes->frontier.size;
}

const struct cty_tree_reader *cty_nodes_reader(const struct cty_nodes *nodes)
{
    return &nodes->reader;
}
