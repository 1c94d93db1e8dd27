/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One tile in memory, with the inner nodes that its hashes give: a heap, node 1 the root of the full tile, node
 * n's children 2n and 2n + 1, the tile's own hashes at 256 to 511. So a node of height h within the tile and
 * position p stands at (256 >> h) + p, and each is hashed once however many proofs pass through it.
 * Plain value. Private to this folder.
 */
#ifndef CTY_STORE_TILE_H
#define CTY_STORE_TILE_H

#include "ledger/tree.h"

/* Tiles of height 8, trees of at most 2^53 leaves. */
#define CTY_TILE_HEIGHT 8u
#define CTY_TILE_LEVELS 7u

struct cty_tile {
    unsigned level;
    uint64_t index;
    unsigned count; /* hashes there, 0 to 256 */
    struct cty_hash node[2 * CTY_TILE_WIDTH];
};

/* Which tile holds the node (height, index) of the tree, and where in it. */
struct cty_tile_place {
    unsigned level;
    uint64_t index;
    unsigned height;   /* within the tile, 0 to 7 */
    unsigned position;
};
struct cty_tile_place cty_tile_place_of(unsigned height, uint64_t index);

/* An empty tile. */
void cty_tile_clear(struct cty_tile *tile, unsigned level, uint64_t index);
/* Adds a hash at the end; the tile isn't full. */
void cty_tile_push(struct cty_tile *tile, const struct cty_hash *hash);
/* The node, borrowed; NULL where the tile is another one or doesn't reach that far. */
const struct cty_hash *cty_tile_get(const struct cty_tile *tile, const struct cty_tile_place *place);
/* The hashes as they are stored, borrowed. */
struct cty_bytes cty_tile_hashes(const struct cty_tile *tile);

/* How many hashes of this tile level a tree of `size` leaves has. */
static inline uint64_t cty_tile_level_size(uint64_t size, unsigned level)
{
    return size >> (CTY_TILE_HEIGHT * level);
}

#endif
