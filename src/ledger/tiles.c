/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nodes out of tiles. Tiles hold only every eighth height of the tree; the heights between are combined here
 * from at most 128 neighbours, which always lie in one tile because a tile is a full subtree of height 8.
 */
#include "base/check.h"
#include "ledger/tree.h"

#define HEIGHTS_PER_LEVEL 8u

/* Joins neighbours in place until one is left; `count` is a power of two. */
static struct cty_hash join(struct cty_hash *hashes, unsigned count)
{
    for (; count > 1; count /= 2) {
        for (unsigned i = 0; i < count / 2; i++)
            hashes[i] = cty_tree_node(&hashes[2 * i], &hashes[2 * i + 1]);
    }
    return hashes[0];
}

static custody_err node_from_tile(void *context, unsigned height, uint64_t index,
                                  struct cty_hash *ret_hash)
{
    const struct cty_tile_reader *tiles = context;
    unsigned level = height / HEIGHTS_PER_LEVEL;
    unsigned count = 1u << (height % HEIGHTS_PER_LEVEL);
    uint64_t first = 0;
    CTY_CHECK(!__builtin_mul_overflow(index, (uint64_t)count, &first));
    unsigned offset = (unsigned)(first % CTY_TILE_WIDTH);
    struct cty_hash hashes[CTY_TILE_WIDTH / 2];
    for (unsigned i = 0; i < count; i++)
        CTY_TRY(tiles->hash(tiles->context, level, first / CTY_TILE_WIDTH, offset + i, &hashes[i]));
    *ret_hash = join(hashes, count);
    return CUSTODY_OK;
}

struct cty_tree_reader cty_tree_reader_from_tiles(const struct cty_tile_reader *tiles)
{
    /* The context is a plain pointer by contract; node_from_tile makes it const again. */
    return (struct cty_tree_reader){.context = (void *)(uintptr_t)tiles, .node = node_from_tile};
}
