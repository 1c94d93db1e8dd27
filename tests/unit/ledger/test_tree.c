/* SPDX-License-Identifier: Apache-2.0 */
/* Roots and proofs as made: published roots, then every small tree against the RFC's recursion. */
#include "codec/text.h"
#include "unit/ledger/trees.h"

#define SIZE_MAX_COMPARED 70u

static struct cty_hash hash_of_hex(const char *hex)
{
    struct cty_hash hash;
    assert_ok(cty_hex_parse_into(cty_bytes_text(hex), hash.bytes, CTY_HASH_SIZE));
    return hash;
}

/* The eight inputs and roots that implementations of RFC 6962 share. */
static const char *const published_inputs[] = {
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
};
static const char *const published_roots[] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};

static void test_published_roots(void **state)
{
    (void)state;
    struct cty_frontier frontier = {0};
    struct cty_hash root = cty_frontier_root(&frontier), expected = hash_of_hex(published_roots[0]);
    assert_hash_equal(&root, &expected);
    for (size_t i = 0; i < CTY_COUNT_OF(published_inputs); i++) {
        struct cty_buf entry = CTY_BUF_INIT(16);
        size_t size = strlen(published_inputs[i]) / 2;
        assert_ok(cty_buf_reserve(&entry, 16));
        assert_ok(cty_hex_parse_into(cty_bytes_text(published_inputs[i]), entry.data, size));
        struct cty_hash leaf = cty_tree_leaf(cty_bytes_make(entry.data, size));
        assert_ok(cty_frontier_append(&frontier, &leaf, NULL, NULL));
        root = cty_frontier_root(&frontier);
        expected = hash_of_hex(published_roots[i + 1]);
        assert_hash_equal(&root, &expected);
        cty_buf_done(&entry);
    }
}

static void test_empty_root(void **state)
{
    (void)state;
    struct cty_hash empty = cty_tree_empty_root(), expected = hash_of_hex(published_roots[0]);
    assert_hash_equal(&empty, &expected);
}

/* An entry that looks like two hashes must not pass as a node, nor a leaf as an entry without its prefix. */
static void test_leaves_and_nodes_are_apart(void **state)
{
    (void)state;
    uint8_t two[2 * CTY_HASH_SIZE] = {1, 2, 3};
    struct cty_hash left, right;
    memcpy(left.bytes, two, CTY_HASH_SIZE);
    memcpy(right.bytes, two + CTY_HASH_SIZE, CTY_HASH_SIZE);
    struct cty_hash node = cty_tree_node(&left, &right);
    struct cty_hash leaf = cty_tree_leaf(cty_bytes_make(two, sizeof(two)));
    struct cty_hash bare = cty_sha256(cty_bytes_make(two, sizeof(two)));
    assert_false(cty_hash_equal(&node, &leaf));
    assert_false(cty_hash_equal(&bare, &leaf));
}

static void test_roots(void **state)
{
    (void)state;
    for (uint64_t size = 0; size <= SIZE_MAX_COMPARED; size++) {
        struct memory_tree tree;
        memory_tree_init(&tree, size);
        struct cty_tree_reader reader = memory_tree_reader(&tree);
        struct cty_hash root, expected = reference_root(tree.levels[0], size);
        assert_ok(cty_tree_root(&reader, size, &root));
        assert_hash_equal(&root, &expected);
        memory_tree_done(&tree);
    }
}

static void test_inclusion_proofs(void **state)
{
    (void)state;
    for (uint64_t size = 1; size <= SIZE_MAX_COMPARED; size++) {
        struct memory_tree tree;
        memory_tree_init(&tree, size);
        struct cty_tree_reader reader = memory_tree_reader(&tree);
        struct cty_hash root = reference_root(tree.levels[0], size);
        for (uint64_t index = 0; index < size; index++) {
            struct cty_proof proof, expected;
            reference_inclusion(tree.levels[0], index, size, &expected);
            assert_ok(cty_tree_inclusion(&reader, index, size, &proof));
            assert_proof_equal(&proof, &expected);
            assert_ok(cty_tree_inclusion_verify(&tree.levels[0][index], index, size, &root, &proof));
        }
        memory_tree_done(&tree);
    }
}

static void test_consistency_proofs(void **state)
{
    (void)state;
    for (uint64_t size = 0; size <= SIZE_MAX_COMPARED; size++) {
        struct memory_tree tree;
        memory_tree_init(&tree, size);
        struct cty_tree_reader reader = memory_tree_reader(&tree);
        struct cty_hash root = reference_root(tree.levels[0], size);
        for (uint64_t old_size = 0; old_size <= size; old_size++) {
            struct cty_proof proof, expected;
            struct cty_hash old_root = reference_root(tree.levels[0], old_size);
            reference_consistency(tree.levels[0], old_size, size, &expected);
            assert_ok(cty_tree_consistency(&reader, old_size, size, &proof));
            assert_proof_equal(&proof, &expected);
            assert_ok(cty_tree_consistency_verify(old_size, &old_root, size, &root, &proof));
        }
        memory_tree_done(&tree);
    }
}

/* The longest proofs there are, and both sides of every power of two. */
static void check_large(const struct cty_tree_reader *reader, const struct cty_hash *leaf, uint64_t at,
                        uint64_t size)
{
    struct cty_hash old_root, root;
    struct cty_proof proof;
    assert_ok(cty_tree_root(reader, size, &root));
    assert_ok(cty_tree_inclusion(reader, at, size, &proof));
    assert_true(proof.count <= 53);
    assert_ok(cty_tree_inclusion_verify(leaf, at, size, &root, &proof));
    assert_ok(cty_tree_root(reader, at, &old_root));
    assert_ok(cty_tree_consistency(reader, at, size, &proof));
    assert_true(proof.count <= 54);
    assert_ok(cty_tree_consistency_verify(at, &old_root, size, &root, &proof));
}

static void test_large_trees(void **state)
{
    (void)state;
    struct uniform_tree tree;
    uniform_tree_init(&tree);
    struct cty_tree_reader reader = uniform_tree_reader(&tree);
    const uint64_t sizes[] = {CTY_TREE_SIZE_MAX, CTY_TREE_SIZE_MAX - 1, ((uint64_t)1 << 52) + 1,
                              (uint64_t)1 << 52};
    for (size_t i = 0; i < CTY_COUNT_OF(sizes); i++) {
        for (unsigned bit = 0; bit < 52; bit++) {
            check_large(&reader, &tree.nodes[0], (uint64_t)1 << bit, sizes[i]);
            check_large(&reader, &tree.nodes[0], ((uint64_t)1 << bit) - 1, sizes[i]);
            check_large(&reader, &tree.nodes[0], sizes[i] - ((uint64_t)1 << bit), sizes[i]);
        }
    }
}

static void test_refuses_what_is_outside(void **state)
{
    (void)state;
    struct uniform_tree tree;
    uniform_tree_init(&tree);
    struct cty_tree_reader reader = uniform_tree_reader(&tree);
    struct cty_hash root;
    struct cty_proof proof = {.count = 7};
    assert_refused(cty_tree_root(&reader, CTY_TREE_SIZE_MAX + 1, &root), "bad-params");
    assert_refused(cty_tree_inclusion(&reader, 0, 0, &proof), "bad-params");
    assert_refused(cty_tree_inclusion(&reader, 5, 5, &proof), "bad-params");
    assert_refused(cty_tree_inclusion(&reader, 0, CTY_TREE_SIZE_MAX + 1, &proof), "bad-params");
    assert_refused(cty_tree_inclusion(&reader, 0, UINT64_MAX, &proof), "bad-params");
    assert_refused(cty_tree_consistency(&reader, 6, 5, &proof), "bad-params");
    assert_refused(cty_tree_consistency(&reader, 1, CTY_TREE_SIZE_MAX + 1, &proof), "bad-params");
    assert_int_equal(proof.count, 7);
    assert_ok(cty_tree_inclusion(&reader, 4, 5, &proof));
    assert_ok(cty_tree_consistency(&reader, 5, 5, &proof));
}

/* A reader that fails from the n-th read on. */
struct failing_tree {
    struct uniform_tree tree;
    unsigned reads_left;
};

static custody_err failing_node(void *context, unsigned height, uint64_t index, struct cty_hash *ret_hash)
{
    (void)index;
    struct failing_tree *failing = context;
    if (failing->reads_left == 0)
        return CUSTODY_E_STORAGE;
    failing->reads_left--;
    *ret_hash = failing->tree.nodes[height];
    return CUSTODY_OK;
}

static void test_reader_errors_come_through(void **state)
{
    (void)state;
    struct failing_tree failing;
    uniform_tree_init(&failing.tree);
    struct cty_tree_reader reader = {&failing, failing_node};
    struct cty_hash root;
    struct cty_proof proof = {.count = 7};
    struct cty_frontier frontier = {.size = 7};
    /* 107 = 1101011b has five full subtrees; leaf 99 and the tree of 50 need eleven reads each at most. */
    for (unsigned reads = 0; reads < 5; reads++) {
        failing.reads_left = reads;
        assert_refused(cty_tree_root(&reader, 107, &root), "storage");
        failing.reads_left = reads;
        assert_refused(cty_tree_inclusion(&reader, 99, 107, &proof), "storage");
        failing.reads_left = reads;
        assert_refused(cty_tree_consistency(&reader, 50, 107, &proof), "storage");
        failing.reads_left = reads;
        assert_refused(cty_frontier_load(&reader, 107, &frontier), "storage");
    }
    assert_int_equal(proof.count, 7);
    assert_int_equal(frontier.size, 7);
    failing.reads_left = 11;
    assert_ok(cty_tree_inclusion(&reader, 99, 107, &proof));
    failing.reads_left = 11;
    assert_ok(cty_tree_consistency(&reader, 50, 107, &proof));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_roots),
        cmocka_unit_test(test_empty_root),
        cmocka_unit_test(test_leaves_and_nodes_are_apart),
        cmocka_unit_test(test_roots),
        cmocka_unit_test(test_inclusion_proofs),
        cmocka_unit_test(test_consistency_proofs),
        cmocka_unit_test(test_large_trees),
        cmocka_unit_test(test_refuses_what_is_outside),
        cmocka_unit_test(test_reader_errors_come_through),
    };
    return cmocka_run_group_tests(tests, crypto_setup, NULL);
}
