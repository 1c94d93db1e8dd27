/* SPDX-License-Identifier: Apache-2.0 */
/* A tree in memory to read nodes from, and the RFC's own recursive definitions to compare with. */
#ifndef CTY_TESTS_LEDGER_TREES_H
#define CTY_TESTS_LEDGER_TREES_H

#include "ledger/tree.h"
#include "unit/support.h"

#define LEVELS_MAX 24u

/* Every full node of the first `size` leaves, height by height. Refuses to read any other. */
struct memory_tree {
    uint64_t size;
    struct cty_hash *levels[LEVELS_MAX];
};

/* Leaf i is the leaf hash of i's eight bytes. */
struct cty_hash leaf_of(uint64_t index);
void memory_tree_init(struct memory_tree *tree, uint64_t size);
void memory_tree_done(struct memory_tree *tree);
struct cty_tree_reader memory_tree_reader(struct memory_tree *tree);

/* All leaves alike, so that a node depends on its height alone: trees of any size, without memory. */
struct uniform_tree {
    struct cty_hash nodes[64];
};
void uniform_tree_init(struct uniform_tree *tree);
struct cty_tree_reader uniform_tree_reader(struct uniform_tree *tree);

/* RFC 6962 section 2.1, word for word, for small trees. */
struct cty_hash reference_root(const struct cty_hash *leaves, uint64_t size);
void reference_inclusion(const struct cty_hash *leaves, uint64_t index, uint64_t size,
                         struct cty_proof *ret_proof);
void reference_consistency(const struct cty_hash *leaves, uint64_t old_size, uint64_t size,
                           struct cty_proof *ret_proof);

/*
 * The shape of a proof as text, one letter a step from the leaf up: R and L where a sibling stands on the
 * right or left; a consistency proof begins with o (the old root is at hand) or h (the first hash is given).
 * Two places with one shape are told apart by the root alone.
 */
struct shape {
    char text[64];
};
struct shape inclusion_shape(uint64_t index, uint64_t size);
struct shape consistency_shape(uint64_t old_size, uint64_t size);

void assert_hash_equal(const struct cty_hash *a, const struct cty_hash *b);
void assert_proof_equal(const struct cty_proof *a, const struct cty_proof *b);

/* Group setup for cmocka: readies src/crypto. */
int crypto_setup(void **state);

#endif
