/* SPDX-License-Identifier: Apache-2.0 */
#include "store/tile.h"

#include "base/check.h"

struct cty_tile_place cty_tile_place_of(unsigned height, uint64_t index)
{
    unsigned inner = height % CTY_TILE_HEIGHT;
    unsigned shift = CTY_TILE_HEIGHT - inner;
    return (struct cty_tile_place){
        .level = height / CTY_TILE_HEIGHT,
        .index = index >> shift,
        .height = inner,
        .position = (unsigned)(index & ((1u << shift) - 1)),
    };
}

void cty_tile_clear(struct cty_tile *tile, unsigned level, uint64_t index)
{
    tile->level = level;
    tile->index = index;
    tile->count = 0;
}

void cty_tile_push(struct cty_tile *tile, const struct cty_hash *hash)
{
    CTY_CHECK(tile->count < CTY_TILE_WIDTH);
    size_t at = CTY_TILE_WIDTH + tile->count++;
    tile->node[at] = *hash;
    /* Each right child completes its parent. */
    for (; at > 1 && (at & 1); at /= 2)
        tile->node[at / 2] = cty_tree_node(&tile->node[at - 1], &tile->node[at]);
}

const struct cty_hash *cty_tile_get(const struct cty_tile *tile, const struct cty_tile_place *place)
{
    if (tile->level != place->level || tile->index != place->index)
        return NULL;
    if ((place->position + 1) << place->height > tile->count)
        return NULL;
    return &tile->node[(CTY_TILE_WIDTH >> place->height) + place->position];
}

struct cty_bytes cty_tile_hashes(const struct cty_tile *tile)
{
    return cty_bytes_make(&tile->node[CTY_TILE_WIDTH], (size_t)tile->count * CTY_HASH_SIZE);
}
