/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Merkle tree of RFC 6962 section 2.1 over SHA-256: pure arithmetic on hashes. Nodes are read through a
 * callback, so that the same code serves SQLite, memory and tile files. See spec/ledger.md.
 *
 * A node (height, index) is the root of the full subtree over leaves [index * 2^height, (index+1) * 2^height).
 * Only full subtrees are ever asked for.
 *
 * Owns nothing, keeps nothing, allocates nothing. Thread rule: any thread; a reader's callback is called on
 * the caller's.
 */
#ifndef CTY_LEDGER_TREE_H
#define CTY_LEDGER_TREE_H

#include "base/limits.h"
#include "crypto/hash.h"

/* Most leaves of a tree: an entry's index is a whole number of a statement. Proofs then fit 54 hashes. */
#define CTY_TREE_SIZE_MAX CTY_NUMBER_MAX

struct cty_hash cty_tree_empty_root(void);
struct cty_hash cty_tree_leaf(struct cty_bytes entry);
struct cty_hash cty_tree_node(const struct cty_hash *left, const struct cty_hash *right);

/* Reads full-subtree nodes. Errors: whatever the storage says; NOT_FOUND where it has no such node. */
struct cty_tree_reader {
    void *context;
    custody_err (*node)(void *context, unsigned height, uint64_t index, struct cty_hash *ret_hash);
};

/* Root of the first `size` leaves; O(log size) reads. Errors: BAD_PARAMS above CTY_TREE_SIZE_MAX. */
CUSTODY_MUST_USE custody_err cty_tree_root(const struct cty_tree_reader *reader, uint64_t size,
                                           struct cty_hash *ret_root);

struct cty_proof {
    size_t count;
    struct cty_hash hashes[CTY_PROOF_HASHES_MAX];
};

/*
 * PATH(index, D[size]) of RFC 6962, leaf's sibling first. Errors: BAD_PARAMS for index >= size and above
 * CTY_TREE_SIZE_MAX; the reader's.
 */
CUSTODY_MUST_USE custody_err cty_tree_inclusion(const struct cty_tree_reader *reader, uint64_t index,
                                                uint64_t size, struct cty_proof *ret_proof);
/*
 * PROOF(old_size, D[size]); empty for old_size 0 or equal. Errors: BAD_PARAMS for old_size > size and above
 * CTY_TREE_SIZE_MAX; the reader's.
 */
CUSTODY_MUST_USE custody_err cty_tree_consistency(const struct cty_tree_reader *reader, uint64_t old_size,
                                                  uint64_t size, struct cty_proof *ret_proof);

/*
 * WARNING: the path of one leaf fits trees of several sizes, so a proof says nothing of `size`. Take size and
 * root together from one verified checkpoint, never from beside the proof.
 * Errors: PROOF_INVALID (also: too long, too short, index >= size, above CTY_TREE_SIZE_MAX).
 */
CUSTODY_MUST_USE custody_err cty_tree_inclusion_verify(const struct cty_hash *leaf, uint64_t index,
                                                       uint64_t size, const struct cty_hash *root,
                                                       const struct cty_proof *proof);
/*
 * old_size 0 and equal sizes want an empty proof. Errors: PROOF_INVALID; ROOT_MISMATCH for equal sizes with
 * different roots and for size 0 with another than the empty root.
 */
CUSTODY_MUST_USE custody_err cty_tree_consistency_verify(uint64_t old_size, const struct cty_hash *old_root,
                                                         uint64_t size, const struct cty_hash *root,
                                                         const struct cty_proof *proof);

/*
 * From which root of the first `old_size` leaves the proof leads to `root`. The proof holds that root's hashes, so a proof
 * that fails for the root that was known shows which other one stands in the larger tree. Errors: PROOF_INVALID where it
 * leads to another root, and where `old_size` is a power of two (the proof then begins at the old root, which is not in it).
 */
CUSTODY_MUST_USE custody_err cty_tree_consistency_old_root(uint64_t old_size, uint64_t size, const struct cty_hash *root,
                                                           const struct cty_proof *proof, struct cty_hash *ret_old_root);

/*
 * The right edge: full-subtree roots of the binary decomposition of `size`, largest first. Appending a leaf
 * needs nothing else. Plain value, copyable.
 */
struct cty_frontier {
    uint64_t size;
    size_t count;
    struct cty_hash edge[64];
};
/*
 * Appends; calls `made` (may be NULL) for every full-subtree node this completes, the leaf (height 0) first.
 * On error the frontier is as before. Errors: LIMIT_REACHED at CTY_TREE_SIZE_MAX; what `made` returns.
 */
CUSTODY_MUST_USE custody_err cty_frontier_append(struct cty_frontier *frontier, const struct cty_hash *leaf,
                                                 custody_err (*made)(void *context, unsigned height,
                                                                     uint64_t index,
                                                                     const struct cty_hash *hash),
                                                 void *context);
struct cty_hash cty_frontier_root(const struct cty_frontier *frontier);
/* Loads the right edge of the first `size` leaves. Errors: BAD_PARAMS; the reader's. */
CUSTODY_MUST_USE custody_err cty_frontier_load(const struct cty_tree_reader *reader, uint64_t size,
                                               struct cty_frontier *ret_frontier);

/*
 * The right edge of the first `index` leaves, as PATH(index, D[size]) holds it: its siblings on the left. What is taken from
 * a proof that was verified is proven with it; else it is a claim. Errors: PROOF_INVALID for a proof of another length.
 */
CUSTODY_MUST_USE custody_err cty_frontier_from_proof(uint64_t index, uint64_t size, const struct cty_proof *proof,
                                                     struct cty_frontier *ret_frontier);
bool cty_frontier_equal(const struct cty_frontier *a, const struct cty_frontier *b);

/*
 * Tiles (C2SP tlog-tiles): 256 hashes of one tile level; tile level L holds nodes of height 8*L.
 * A tile reader gives whole or partial tiles; this makes a node reader of it, which combines inner nodes.
 */
#define CTY_TILE_WIDTH 256u
struct cty_tile_reader {
    void *context;
    /* Hash `offset` (0..255) of tile `index` at tile level `level`. */
    custody_err (*hash)(void *context, unsigned level, uint64_t index, unsigned offset,
                        struct cty_hash *ret_hash);
};
/* `tiles` is borrowed and must outlive the reader. Asks only for hashes that a tree of that size has. */
struct cty_tree_reader cty_tree_reader_from_tiles(const struct cty_tile_reader *tiles);

#endif
