/* SPDX-License-Identifier: Apache-2.0 */
/* A reader over tiles gives what the tree gives, and asks for nothing that a tree of that size lacks. */
#include "unit/ledger/trees.h"

/* Tiles as a file server of a tree of `size` leaves has them: every full tile and the partial ones. */
struct memory_tiles {
    struct memory_tree *tree;
    uint64_t size;
    custody_err fault; /* returned instead of a hash, unless OK */
};

static custody_err memory_tiles_hash(void *context, unsigned level, uint64_t index, unsigned offset,
                                     struct cty_hash *ret_hash)
{
    const struct memory_tiles *tiles = context;
    assert_true(offset < CTY_TILE_WIDTH);
    if (tiles->fault != CUSTODY_OK)
        return tiles->fault;
    unsigned height = 8 * level;
    if (height >= LEVELS_MAX || index * CTY_TILE_WIDTH + offset >= tiles->size >> height)
        return CUSTODY_E_NOT_FOUND;
    *ret_hash = tiles->tree->levels[height][index * CTY_TILE_WIDTH + offset];
    return CUSTODY_OK;
}

static const uint64_t sizes[] = {1, 2, 127, 128, 255, 256, 257, 511, 512, 65535, 65536, 65537, 70000};
#define SIZE_LARGEST 70000u

static struct memory_tree tree;

static int setup(void **state)
{
    if (crypto_setup(state) != 0)
        return -1;
    memory_tree_init(&tree, SIZE_LARGEST);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    memory_tree_done(&tree);
    return 0;
}

static void check_proofs(const struct cty_tree_reader *plain, const struct cty_tree_reader *tiled,
                         uint64_t at, uint64_t size)
{
    struct cty_proof proof, expected;
    if (at >= size)
        return;
    assert_ok(cty_tree_inclusion(plain, at, size, &expected));
    assert_ok(cty_tree_inclusion(tiled, at, size, &proof));
    assert_proof_equal(&proof, &expected);
    assert_ok(cty_tree_consistency(plain, at, size, &expected));
    assert_ok(cty_tree_consistency(tiled, at, size, &proof));
    assert_proof_equal(&proof, &expected);
}

static void test_roots_and_proofs(void **state)
{
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(sizes); i++) {
        struct memory_tiles memory = {.tree = &tree, .size = sizes[i]};
        struct cty_tile_reader tiles = {&memory, memory_tiles_hash};
        struct cty_tree_reader plain = memory_tree_reader(&tree), tiled = cty_tree_reader_from_tiles(&tiles);
        struct cty_hash root, expected;
        assert_ok(cty_tree_root(&plain, sizes[i], &expected));
        assert_ok(cty_tree_root(&tiled, sizes[i], &root));
        assert_hash_equal(&root, &expected);
        for (size_t j = 0; j < CTY_COUNT_OF(sizes); j++) {
            check_proofs(&plain, &tiled, sizes[j] - 1, sizes[i]);
            check_proofs(&plain, &tiled, sizes[j], sizes[i]);
        }
        for (uint64_t at = 0; at < sizes[i]; at += 1 + sizes[i] / 60)
            check_proofs(&plain, &tiled, at, sizes[i]);
    }
}

static void test_every_height(void **state)
{
    (void)state;
    struct memory_tiles memory = {.tree = &tree, .size = SIZE_LARGEST};
    struct cty_tile_reader tiles = {&memory, memory_tiles_hash};
    struct cty_tree_reader tiled = cty_tree_reader_from_tiles(&tiles);
    for (unsigned height = 0; SIZE_LARGEST >> height > 0; height++) {
        uint64_t count = SIZE_LARGEST >> height;
        for (uint64_t index = 0; index < count; index += 1 + count / 40) {
            struct cty_hash node;
            assert_ok(tiled.node(tiled.context, height, index, &node));
            assert_hash_equal(&node, &tree.levels[height][index]);
        }
        struct cty_hash node;
        assert_ok(tiled.node(tiled.context, height, count - 1, &node));
        assert_hash_equal(&node, &tree.levels[height][count - 1]);
        assert_refused(tiled.node(tiled.context, height, count, &node), "not-found");
    }
}

static void test_errors_come_through(void **state)
{
    (void)state;
    struct memory_tiles memory = {.tree = &tree, .size = 300, .fault = CUSTODY_E_IO};
    struct cty_tile_reader tiles = {&memory, memory_tiles_hash};
    struct cty_tree_reader tiled = cty_tree_reader_from_tiles(&tiles);
    struct cty_hash root;
    assert_refused(cty_tree_root(&tiled, 300, &root), "io");
    memory.fault = CUSTODY_OK;
    assert_refused(cty_tree_root(&tiled, 301, &root), "not-found");
    assert_ok(cty_tree_root(&tiled, 300, &root));
}

/* Tiles that say something else make another root: the reader trusts them, the checkpoint's root doesn't. */
static void test_altered_tile_changes_the_root(void **state)
{
    (void)state;
    struct memory_tiles memory = {.tree = &tree, .size = 257};
    struct cty_tile_reader tiles = {&memory, memory_tiles_hash};
    struct cty_tree_reader tiled = cty_tree_reader_from_tiles(&tiles);
    struct cty_hash root, altered;
    assert_ok(cty_tree_root(&tiled, 257, &root));
    tree.levels[8][0].bytes[31] ^= 1;
    assert_ok(cty_tree_root(&tiled, 257, &altered));
    tree.levels[8][0].bytes[31] ^= 1;
    assert_false(cty_hash_equal(&root, &altered));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roots_and_proofs),
        cmocka_unit_test(test_every_height),
        cmocka_unit_test(test_errors_come_through),
        cmocka_unit_test(test_altered_tile_changes_the_root),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
