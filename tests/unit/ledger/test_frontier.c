/* SPDX-License-Identifier: Apache-2.0 */
/* The right edge: grows like the tree, reports each node once, and loses nothing when storing one fails. */
#include "unit/ledger/trees.h"

#define SIZE_MAX_GROWN 300u

/* Checks that nodes come leaf first, each height once, as the tree has them. */
struct watch {
    struct memory_tree *tree;
    unsigned next_height;
    uint64_t count;
    unsigned fails_at_height; /* above 63: never */
};

static custody_err watch_made(void *context, unsigned height, uint64_t index, const struct cty_hash *hash)
{
    struct watch *watch = context;
    assert_int_equal(height, watch->next_height);
    assert_hash_equal(hash, &watch->tree->levels[height][index]);
    if (height == watch->fails_at_height)
        return CUSTODY_E_STORAGE;
    watch->next_height++;
    watch->count++;
    return CUSTODY_OK;
}

static void assert_frontier_equal(const struct cty_frontier *a, const struct cty_frontier *b)
{
    assert_int_equal(a->size, b->size);
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++)
        assert_hash_equal(&a->edge[i], &b->edge[i]);
}

static void test_grows_like_the_tree(void **state)
{
    (void)state;
    struct memory_tree tree;
    memory_tree_init(&tree, SIZE_MAX_GROWN);
    struct cty_tree_reader reader = memory_tree_reader(&tree);
    struct cty_frontier frontier = {0}, loaded;
    struct watch watch = {.tree = &tree, .fails_at_height = 64};
    for (uint64_t size = 0; size < SIZE_MAX_GROWN; size++) {
        struct cty_hash root = cty_frontier_root(&frontier), expected;
        assert_ok(cty_tree_root(&reader, size, &expected));
        assert_hash_equal(&root, &expected);
        assert_ok(cty_frontier_load(&reader, size, &loaded));
        assert_frontier_equal(&frontier, &loaded);
        watch.next_height = 0;
        assert_ok(cty_frontier_append(&frontier, &tree.levels[0][size], watch_made, &watch));
        /* As many heights as the carry runs through, and the leaf. */
        assert_int_equal(watch.next_height, (unsigned)__builtin_ctzll(size + 1) + 1);
    }
    /* A tree of n leaves has 2n - popcount(n) full nodes. */
    assert_int_equal(watch.count, 2 * SIZE_MAX_GROWN - (unsigned)__builtin_popcount(SIZE_MAX_GROWN));
    memory_tree_done(&tree);
}

static void test_failed_append_changes_nothing(void **state)
{
    (void)state;
    struct memory_tree tree;
    memory_tree_init(&tree, 64);
    struct cty_frontier frontier = {0};
    for (uint64_t i = 0; i < 63; i++)
        assert_ok(cty_frontier_append(&frontier, &tree.levels[0][i], NULL, NULL));
    const struct cty_frontier before = frontier;
    struct watch watch = {.tree = &tree};
    for (unsigned height = 0; height <= 6; height++) {
        watch.next_height = 0;
        watch.fails_at_height = height;
        assert_refused(cty_frontier_append(&frontier, &tree.levels[0][63], watch_made, &watch), "storage");
        assert_frontier_equal(&frontier, &before);
    }
    watch.next_height = 0;
    watch.fails_at_height = 7;
    assert_ok(cty_frontier_append(&frontier, &tree.levels[0][63], watch_made, &watch));
    struct cty_hash root = cty_frontier_root(&frontier);
    assert_hash_equal(&root, &tree.levels[6][0]);
    memory_tree_done(&tree);
}

static void test_stops_at_the_limit(void **state)
{
    (void)state;
    struct uniform_tree tree;
    uniform_tree_init(&tree);
    struct cty_tree_reader reader = uniform_tree_reader(&tree);
    struct cty_frontier frontier;
    struct cty_hash root, expected;
    assert_refused(cty_frontier_load(&reader, CTY_TREE_SIZE_MAX + 1, &frontier), "bad-params");
    assert_ok(cty_frontier_load(&reader, CTY_TREE_SIZE_MAX - 1, &frontier));
    assert_ok(cty_frontier_append(&frontier, &tree.nodes[0], NULL, NULL));
    assert_ok(cty_tree_root(&reader, CTY_TREE_SIZE_MAX, &expected));
    root = cty_frontier_root(&frontier);
    assert_hash_equal(&root, &expected);
    assert_refused(cty_frontier_append(&frontier, &tree.nodes[0], NULL, NULL), "limit-reached");
    root = cty_frontier_root(&frontier);
    assert_hash_equal(&root, &expected);
}

/* Every leaf of every small tree: what its proof has on the left is the edge before it; no other length will do. */
static void test_is_in_the_proof_of_the_next_leaf(void **state)
{
    (void)state;
    struct memory_tree tree;
    memory_tree_init(&tree, 40);
    struct cty_tree_reader reader = memory_tree_reader(&tree);
    for (uint64_t size = 1; size <= 40; size++) {
        for (uint64_t index = 0; index < size; index++) {
            struct cty_proof proof;
            struct cty_frontier edge, expected;
            assert_ok(cty_tree_inclusion(&reader, index, size, &proof));
            assert_ok(cty_frontier_from_proof(index, size, &proof, &edge));
            assert_ok(cty_frontier_load(&reader, index, &expected));
            assert_true(cty_frontier_equal(&edge, &expected));
            if (index > 0) {
                edge.edge[edge.count - 1].bytes[0] ^= 1;
                assert_false(cty_frontier_equal(&edge, &expected));
            }
            proof.count++;
            assert_refused(cty_frontier_from_proof(index, size, &proof, &edge), "proof-invalid");
            if (size == 1)
                continue;
            proof.count -= 2;
            assert_refused(cty_frontier_from_proof(index, size, &proof, &edge), "proof-invalid");
        }
        struct cty_proof none = {.count = 0};
        struct cty_frontier edge;
        assert_refused(cty_frontier_from_proof(size, size, &none, &edge), "proof-invalid");
    }
    struct cty_proof long_one = {.count = CTY_PROOF_HASHES_MAX + 1};
    struct cty_frontier edge;
    assert_refused(cty_frontier_from_proof(0, 2, &long_one, &edge), "proof-invalid");
    memory_tree_done(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grows_like_the_tree),
        cmocka_unit_test(test_failed_append_changes_nothing),
        cmocka_unit_test(test_stops_at_the_limit),
        cmocka_unit_test(test_is_in_the_proof_of_the_next_leaf),
    };
    return cmocka_run_group_tests(tests, crypto_setup, NULL);
}
