/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Roots and proofs of the RFC 6962 tree.
 *
 * The RFC defines everything by recursion: a tree of n > 1 leaves splits at the largest power of two below n.
 * Here each recursion is one walk down from the root, which narrows a range of leaves [begin, begin + size):
 *
 *              0 ........ 7            size 7 splits at 4
 *           0..3          4..6         size 3 splits at 2
 *                      4..5    6
 *
 * Every left part is full, so it is one node of the reader; a right part need not be, and is folded from the
 * full subtrees of its binary decomposition. A walk meets at most one right part that it doesn't enter and
 * that isn't full, so a proof costs O(log size) reads.
 */
#include "ledger/tree.h"

#include "base/check.h"

struct cty_hash cty_tree_empty_root(void)
{
    return cty_sha256(cty_bytes_make(NULL, 0));
}

struct cty_hash cty_tree_leaf(struct cty_bytes entry)
{
    const uint8_t prefix = 0x00;
    const struct cty_bytes parts[] = {cty_bytes_make(&prefix, 1), entry};
    return cty_sha256_parts(parts, CTY_COUNT_OF(parts));
}

struct cty_hash cty_tree_node(const struct cty_hash *left, const struct cty_hash *right)
{
    uint8_t bytes[1 + 2 * CTY_HASH_SIZE];
    bytes[0] = 0x01;
    memcpy(bytes + 1, left->bytes, CTY_HASH_SIZE);
    memcpy(bytes + 1 + CTY_HASH_SIZE, right->bytes, CTY_HASH_SIZE);
    return cty_sha256(cty_bytes_make(bytes, sizeof(bytes)));
}

/*
 * Root of the `size` > 0 leaves from `begin` on, which is a multiple of the least power of two that is not
 * below `size`: folds the full subtrees from right to left.
 */
static custody_err range_root(const struct cty_tree_reader *reader, uint64_t begin, uint64_t size,
                              struct cty_hash *ret_root)
{
    uint64_t rest = size;
    struct cty_hash root = {{0}};
    while (rest) {
        unsigned height = (unsigned)__builtin_ctzll(rest);
        bool is_first = rest == size;
        rest &= rest - 1;
        struct cty_hash node;
        CTY_TRY(reader->node(reader->context, height, (begin + rest) >> height, &node));
        root = is_first ? node : cty_tree_node(&node, &root);
    }
    *ret_root = root;
    return CUSTODY_OK;
}

custody_err cty_tree_root(const struct cty_tree_reader *reader, uint64_t size, struct cty_hash *ret_root)
{
    if (size > CTY_TREE_SIZE_MAX)
        return CUSTODY_E_BAD_PARAMS;
    if (size > 0)
        return range_root(reader, 0, size, ret_root);
    *ret_root = cty_tree_empty_root();
    return CUSTODY_OK;
}

/* The walk down: the range it has come to, and the siblings it has passed, the root's child first. */
struct walk {
    const struct cty_tree_reader *reader;
    uint64_t begin;
    uint64_t size;
    struct cty_proof proof;
};

/* Largest power of two strictly below `size`, which is at least 2. */
static uint64_t split_of(uint64_t size)
{
    return (uint64_t)1 << (63 - __builtin_clzll(size - 1));
}

static custody_err walk_keep(struct walk *walk, uint64_t begin, uint64_t size)
{
    CTY_CHECK(walk->proof.count < CTY_PROOF_HASHES_MAX);
    CTY_TRY(range_root(walk->reader, begin, size, &walk->proof.hashes[walk->proof.count]));
    walk->proof.count++;
    return CUSTODY_OK;
}

static custody_err walk_left(struct walk *walk, uint64_t split)
{
    CTY_TRY(walk_keep(walk, walk->begin + split, walk->size - split));
    walk->size = split;
    return CUSTODY_OK;
}

static custody_err walk_right(struct walk *walk, uint64_t split)
{
    CTY_TRY(walk_keep(walk, walk->begin, split));
    walk->begin += split;
    walk->size -= split;
    return CUSTODY_OK;
}

/* Proofs go from the leaf up. */
static void walk_done(const struct walk *walk, struct cty_proof *ret_proof)
{
    size_t count = walk->proof.count;
    for (size_t i = 0; i < count; i++)
        ret_proof->hashes[i] = walk->proof.hashes[count - 1 - i];
    ret_proof->count = count;
}

custody_err cty_tree_inclusion(const struct cty_tree_reader *reader, uint64_t index, uint64_t size,
                               struct cty_proof *ret_proof)
{
    if (index >= size || size > CTY_TREE_SIZE_MAX)
        return CUSTODY_E_BAD_PARAMS;
    struct walk walk = {.reader = reader, .begin = 0, .size = size};
    while (walk.size > 1) {
        uint64_t split = split_of(walk.size);
        if (index - walk.begin < split)
            CTY_TRY(walk_left(&walk, split));
        else
            CTY_TRY(walk_right(&walk, split));
    }
    walk_done(&walk, ret_proof);
    return CUSTODY_OK;
}

custody_err cty_tree_consistency(const struct cty_tree_reader *reader, uint64_t old_size, uint64_t size,
                                 struct cty_proof *ret_proof)
{
    if (old_size > size || size > CTY_TREE_SIZE_MAX)
        return CUSTODY_E_BAD_PARAMS;
    struct walk walk = {.reader = reader, .begin = 0, .size = size};
    /* Down to the subtree whose right edge is the old tree's. */
    while (old_size > 0 && old_size - walk.begin < walk.size) {
        uint64_t split = split_of(walk.size);
        if (old_size - walk.begin <= split)
            CTY_TRY(walk_left(&walk, split));
        else
            CTY_TRY(walk_right(&walk, split));
    }
    /* Where that is the whole old tree, the verifier has its root already. */
    if (walk.begin > 0)
        CTY_TRY(walk_keep(&walk, walk.begin, walk.size));
    walk_done(&walk, ret_proof);
    return CUSTODY_OK;
}

/*
 * The verifiers walk up. `at` is the number of the node among those of its level, `last` that of the
 * level's last node; when `last` is 0 the root is reached. A last node with an even number has no sibling,
 * and stands for itself on the next levels until it has one.
 */
struct climb {
    uint64_t at;
    uint64_t last;
};

/* Whether the next sibling stands on the left; afterwards the climb is on the level above that sibling. */
static bool climb_from_left(struct climb *climb)
{
    bool from_left = (climb->at & 1) != 0 || climb->at == climb->last;
    while (from_left && (climb->at & 1) == 0 && climb->at != 0) {
        climb->at >>= 1;
        climb->last >>= 1;
    }
    climb->at >>= 1;
    climb->last >>= 1;
    return from_left;
}

custody_err cty_tree_inclusion_verify(const struct cty_hash *leaf, uint64_t index, uint64_t size,
                                      const struct cty_hash *root, const struct cty_proof *proof)
{
    if (index >= size || size > CTY_TREE_SIZE_MAX || proof->count > CTY_PROOF_HASHES_MAX)
        return CUSTODY_E_PROOF_INVALID;
    struct climb climb = {index, size - 1};
    struct cty_hash hash = *leaf;
    for (size_t i = 0; i < proof->count; i++) {
        if (climb.last == 0)
            return CUSTODY_E_PROOF_INVALID;
        const struct cty_hash *sibling = &proof->hashes[i];
        hash = climb_from_left(&climb) ? cty_tree_node(sibling, &hash) : cty_tree_node(&hash, sibling);
    }
    if (climb.last != 0 || !cty_hash_equal(&hash, root))
        return CUSTODY_E_PROOF_INVALID;
    return CUSTODY_OK;
}

custody_err cty_frontier_from_proof(uint64_t index, uint64_t size, const struct cty_proof *proof,
                                    struct cty_frontier *ret_frontier)
{
    if (index >= size || size > CTY_TREE_SIZE_MAX || proof->count > CTY_PROOF_HASHES_MAX)
        return CUSTODY_E_PROOF_INVALID;
    struct climb climb = {index, size - 1};
    const size_t count = (size_t)__builtin_popcountll(index);
    struct cty_frontier frontier = {.size = index, .count = count};
    size_t left = count;
    for (size_t i = 0; i < proof->count; i++) {
        if (climb.last == 0)
            return CUSTODY_E_PROOF_INVALID;
        if (climb_from_left(&climb)) {
            CTY_CHECK(left > 0); /* one for each 1 bit of the index, the lowest first */
            frontier.edge[--left] = proof->hashes[i];
        }
    }
    if (climb.last != 0)
        return CUSTODY_E_PROOF_INVALID;
    CTY_CHECK(left == 0);
    *ret_frontier = frontier;
    return CUSTODY_OK;
}

/*
 * 0 < old_size < size. Computes both roots from the proof, which gives the old one where that is no full subtree;
 * *old_root is then overwritten, and else is where the climb begins.
 */
static custody_err consistency_climb(uint64_t old_size, uint64_t size, const struct cty_proof *proof,
                                     struct cty_hash *old_root, struct cty_hash *ret_root)
{
    /* Begins at the last full subtree of the old tree; where it is the whole old tree, at its root. */
    unsigned height = (unsigned)__builtin_ctzll(old_size);
    struct climb climb = {(old_size - 1) >> height, (size - 1) >> height};
    size_t next = climb.at == 0 ? 0 : 1;
    struct cty_hash old_hash = next ? proof->hashes[0] : *old_root;
    struct cty_hash hash = old_hash;
    for (; next < proof->count; next++) {
        if (climb.last == 0)
            return CUSTODY_E_PROOF_INVALID;
        const struct cty_hash *sibling = &proof->hashes[next];
        if (!climb_from_left(&climb)) {
            hash = cty_tree_node(&hash, sibling);
            continue;
        }
        old_hash = cty_tree_node(sibling, &old_hash);
        hash = cty_tree_node(sibling, &hash);
    }
    *old_root = old_hash;
    *ret_root = hash;
    return climb.last == 0 ? CUSTODY_OK : CUSTODY_E_PROOF_INVALID;
}

static custody_err consistency_check(uint64_t old_size, const struct cty_hash *old_root, uint64_t size,
                                     const struct cty_hash *root, const struct cty_proof *proof)
{
    struct cty_hash old_hash = *old_root, hash;
    CTY_TRY(consistency_climb(old_size, size, proof, &old_hash, &hash));
    if (!cty_hash_equal(&old_hash, old_root) || !cty_hash_equal(&hash, root))
        return CUSTODY_E_PROOF_INVALID;
    return CUSTODY_OK;
}

custody_err cty_tree_consistency_old_root(uint64_t old_size, uint64_t size, const struct cty_hash *root,
                                          const struct cty_proof *proof, struct cty_hash *ret_old_root)
{
    bool held = old_size > 0 && (old_size & (old_size - 1)) != 0;
    if (!held || old_size >= size || size > CTY_TREE_SIZE_MAX || proof->count == 0 || proof->count > CTY_PROOF_HASHES_MAX)
        return CUSTODY_E_PROOF_INVALID;
    struct cty_hash old_hash = {{0}}, hash;
    CTY_TRY(consistency_climb(old_size, size, proof, &old_hash, &hash));
    if (!cty_hash_equal(&hash, root))
        return CUSTODY_E_PROOF_INVALID;
    *ret_old_root = old_hash;
    return CUSTODY_OK;
}

custody_err cty_tree_consistency_verify(uint64_t old_size, const struct cty_hash *old_root, uint64_t size,
                                        const struct cty_hash *root, const struct cty_proof *proof)
{
    if (old_size > size || size > CTY_TREE_SIZE_MAX || proof->count > CTY_PROOF_HASHES_MAX)
        return CUSTODY_E_PROOF_INVALID;
    bool wants_proof = old_size > 0 && old_size < size;
    if (wants_proof != (proof->count > 0))
        return CUSTODY_E_PROOF_INVALID;
    /* A tree without leaves has one root. */
    struct cty_hash empty = cty_tree_empty_root();
    if (old_size == 0 && !cty_hash_equal(old_root, &empty))
        return CUSTODY_E_ROOT_MISMATCH;
    if (old_size == size && !cty_hash_equal(old_root, root))
        return CUSTODY_E_ROOT_MISMATCH;
    return wants_proof ? consistency_check(old_size, old_root, size, root, proof) : CUSTODY_OK;
}
