/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ledger read by its tiles, believed only as far as one checkpoint proves it.
 *
 * The checkpoint's root is the hash of the partial tiles along the right edge of the tree, one a level; so these are proven
 * together, by deriving the root from them. Every other tile is full, and the hash of a full tile stands in the tile above it:
 *
 *     level 2   [P]                       P: partial, proven by the root
 *     level 1   [F][F][P]                 F: full, proven by its hash one level up
 *     level 0   [F][F]...[F][F][P]
 *
 * Full tiles that were proven are kept for a while: proofs of neighbours need the same ones.
 *
 * Thread rule: one thread at a time.
 */
#ifndef CTY_CLIENT_TILES_H
#define CTY_CLIENT_TILES_H

#include "client/tile_files.h"
#include "ledger/tree.h"

struct cty_tiles;

/* `files` is borrowed, and outlives it. Errors: NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_tiles_new(const struct cty_tile_files *files, struct cty_tiles **ret_tiles);
/* Takes NULL. */
void cty_tiles_free(struct cty_tiles *tiles);

/*
 * From now on all that is read belongs to the tree of this checkpoint; what was kept of another is forgotten. Size and root are
 * those of one note that the caller verified. Errors: PROOF_INVALID where the tiles give another root; those of
 * cty_tile_files_tile; BAD_PARAMS above CTY_TREE_SIZE_MAX. After an error nothing can be read.
 */
CUSTODY_MUST_USE custody_err cty_tiles_trust(struct cty_tiles *tiles, uint64_t size, const struct cty_hash *root,
                                             custody_error *error);

/*
 * The hashes of a tile of that tree, all that it has, proven. Borrowed until the next call. Errors: BAD_PARAMS for a tile that the
 * tree has not; PROOF_INVALID where it is not of the tree; those of cty_tile_files_tile.
 */
CUSTODY_MUST_USE custody_err cty_tiles_get(struct cty_tiles *tiles, unsigned level, uint64_t index,
                                           struct cty_bytes *ret_hashes, custody_error *error);
/*
 * The entries of a bundle of that tree, each proven, as views into `out`, which holds the bundle as it is served.
 * Errors: the same, and those of cty_tile_files_bundle.
 */
CUSTODY_MUST_USE custody_err cty_tiles_entries(struct cty_tiles *tiles, uint64_t index, struct cty_buf *out,
                                               struct cty_bytes texts[static CTY_TILE_WIDTH], unsigned *ret_count,
                                               custody_error *error);

/* For proofs (ledger/tree.h): nodes of that tree, proven. Why one failed, cty_tiles_error tells. Borrows `tiles`. */
struct cty_tree_reader cty_tiles_nodes(struct cty_tiles *tiles);
const custody_error *cty_tiles_error(const struct cty_tiles *tiles);

#endif
