/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/ledger/trees.h"

struct cty_hash leaf_of(uint64_t index)
{
    uint8_t bytes[8];
    memcpy(bytes, &index, sizeof(bytes));
    return cty_tree_leaf(cty_bytes_make(bytes, sizeof(bytes)));
}

void memory_tree_init(struct memory_tree *tree, uint64_t size)
{
    *tree = (struct memory_tree){.size = size};
    for (unsigned height = 0; (size >> height) > 0; height++) {
        assert_true(height < LEVELS_MAX);
        tree->levels[height] = calloc(size >> height, sizeof(struct cty_hash));
        assert_non_null(tree->levels[height]);
        for (uint64_t i = 0; i < size >> height; i++) {
            const struct cty_hash *below = height ? tree->levels[height - 1] : NULL;
            tree->levels[height][i] = height ? cty_tree_node(&below[2 * i], &below[2 * i + 1]) : leaf_of(i);
        }
    }
}

void memory_tree_done(struct memory_tree *tree)
{
    for (unsigned height = 0; height < LEVELS_MAX; height++)
        free(tree->levels[height]);
    *tree = (struct memory_tree){0};
}

static custody_err memory_tree_node(void *context, unsigned height, uint64_t index, struct cty_hash *ret_hash)
{
    const struct memory_tree *tree = context;
    if (height >= LEVELS_MAX || index >= tree->size >> height)
        return CUSTODY_E_NOT_FOUND;
    *ret_hash = tree->levels[height][index];
    return CUSTODY_OK;
}

struct cty_tree_reader memory_tree_reader(struct memory_tree *tree)
{
    return (struct cty_tree_reader){.context = tree, .node = memory_tree_node};
}

void uniform_tree_init(struct uniform_tree *tree)
{
    tree->nodes[0] = leaf_of(0);
    for (size_t height = 1; height < CTY_COUNT_OF(tree->nodes); height++)
        tree->nodes[height] = cty_tree_node(&tree->nodes[height - 1], &tree->nodes[height - 1]);
}

static custody_err uniform_tree_node(void *context, unsigned height, uint64_t index,
                                     struct cty_hash *ret_hash)
{
    (void)index;
    const struct uniform_tree *tree = context;
    *ret_hash = tree->nodes[height];
    return CUSTODY_OK;
}

struct cty_tree_reader uniform_tree_reader(struct uniform_tree *tree)
{
    return (struct cty_tree_reader){.context = tree, .node = uniform_tree_node};
}

static uint64_t reference_split(uint64_t size)
{
    uint64_t split = 1;
    while (split * 2 < size)
        split *= 2;
    return split;
}

struct cty_hash reference_root(const struct cty_hash *leaves, uint64_t size)
{
    if (size == 0)
        return cty_sha256(cty_bytes_make(NULL, 0));
    if (size == 1)
        return leaves[0];
    uint64_t split = reference_split(size);
    struct cty_hash left = reference_root(leaves, split);
    struct cty_hash right = reference_root(leaves + split, size - split);
    return cty_tree_node(&left, &right);
}

static void keep(struct cty_proof *proof, struct cty_hash hash)
{
    assert_true(proof->count < CTY_PROOF_HASHES_MAX);
    proof->hashes[proof->count++] = hash;
}

void reference_inclusion(const struct cty_hash *leaves, uint64_t index, uint64_t size,
                         struct cty_proof *ret_proof)
{
    if (size == 1) {
        ret_proof->count = 0;
        return;
    }
    uint64_t split = reference_split(size);
    if (index < split) {
        reference_inclusion(leaves, index, split, ret_proof);
        keep(ret_proof, reference_root(leaves + split, size - split));
    } else {
        reference_inclusion(leaves + split, index - split, size - split, ret_proof);
        keep(ret_proof, reference_root(leaves, split));
    }
}

static void subproof(const struct cty_hash *leaves, uint64_t old_size, uint64_t size, bool is_whole,
                     struct cty_proof *proof)
{
    if (old_size == size) {
        if (!is_whole)
            keep(proof, reference_root(leaves, size));
        return;
    }
    uint64_t split = reference_split(size);
    if (old_size <= split) {
        subproof(leaves, old_size, split, is_whole, proof);
        keep(proof, reference_root(leaves + split, size - split));
    } else {
        subproof(leaves + split, old_size - split, size - split, false, proof);
        keep(proof, reference_root(leaves, split));
    }
}

void reference_consistency(const struct cty_hash *leaves, uint64_t old_size, uint64_t size,
                           struct cty_proof *ret_proof)
{
    ret_proof->count = 0;
    if (old_size > 0)
        subproof(leaves, old_size, size, true, ret_proof);
}

static void step(struct shape *shape, char letter)
{
    size_t size = strlen(shape->text);
    assert_true(size + 1 < sizeof(shape->text));
    shape->text[size] = letter;
    shape->text[size + 1] = 0;
}

struct shape inclusion_shape(uint64_t index, uint64_t size)
{
    struct shape shape = {{0}};
    if (size == 1)
        return shape;
    uint64_t split = reference_split(size);
    bool is_left = index < split;
    shape = is_left ? inclusion_shape(index, split) : inclusion_shape(index - split, size - split);
    step(&shape, is_left ? 'R' : 'L');
    return shape;
}

static struct shape subshape(uint64_t old_size, uint64_t size, bool is_whole)
{
    struct shape shape = {{0}};
    if (old_size == size) {
        step(&shape, is_whole ? 'o' : 'h');
        return shape;
    }
    uint64_t split = reference_split(size);
    bool is_left = old_size <= split;
    shape = is_left ? subshape(old_size, split, is_whole) : subshape(old_size - split, size - split, false);
    step(&shape, is_left ? 'R' : 'L');
    return shape;
}

struct shape consistency_shape(uint64_t old_size, uint64_t size)
{
    return subshape(old_size, size, true);
}

void assert_hash_equal(const struct cty_hash *a, const struct cty_hash *b)
{
    assert_memory_equal(a->bytes, b->bytes, CTY_HASH_SIZE);
}

void assert_proof_equal(const struct cty_proof *a, const struct cty_proof *b)
{
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++)
        assert_hash_equal(&a->hashes[i], &b->hashes[i]);
}

int crypto_setup(void **state)
{
    (void)state;
    return cty_crypto_init() == CUSTODY_OK ? 0 : -1;
}
