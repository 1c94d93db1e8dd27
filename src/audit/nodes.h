/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The nodes of a tree that grows, so that the root of every earlier size is at hand. In memory whole; over a backing, the
 * newest nodes of each height in memory, and all in tiles:
 *
 *     height 9    ...........ooooo          o  in a ring of the newest
 *     height 8    [ tile ][ tile ][ ti      the tile that is filled now is in memory too
 *     height 0    [ tile ][ tile ][ tile ]  heights between are combined from a tile's hashes
 *
 * Thread rule: one thread at a time.
 */
#ifndef CTY_AUDIT_NODES_H
#define CTY_AUDIT_NODES_H

#include "audit/backing.h"
#include "ledger/tree.h"

struct cty_nodes;

/* Errors: NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_nodes_new(struct cty_nodes **ret_nodes);
void cty_nodes_free(struct cty_nodes *nodes);
/*
 * From now on tiles go to the backing, borrowed. Before the first leaf; or, with `size`, at a tree whose tiles stand there.
 * Errors: INTERNAL where there are leaves already; the backing's; NOT_FOUND for a tile that isn't there.
 */
CUSTODY_MUST_USE custody_err cty_nodes_back(struct cty_nodes *nodes, const struct cty_backing *backing, uint64_t size);
CUSTODY_MUST_USE custody_err cty_nodes_append(struct cty_nodes *nodes, const struct cty_hash *leaf);
/* Writes the tiles that are not full yet. */
CUSTODY_MUST_USE custody_err cty_nodes_flush(struct cty_nodes *nodes);
uint64_t cty_nodes_size(const struct cty_nodes *nodes);
/* Borrowed; lives as long as the nodes. */
const struct cty_tree_reader *cty_nodes_reader(const struct cty_nodes *nodes);

#endif
