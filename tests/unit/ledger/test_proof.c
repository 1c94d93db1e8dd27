/* SPDX-License-Identifier: Apache-2.0 */
/* Proofs as verified: what is altered, shortened, lengthened, moved or made up is refused. */
#include "unit/ledger/trees.h"

/* Small enough to try everything, large enough for every shape of right edge. */
#define SIZE_MAX_ALTERED 34u
#define SIZE_MAX_MOVED 18u

static struct memory_tree tree;

static int setup(void **state)
{
    if (crypto_setup(state) != 0)
        return -1;
    memory_tree_init(&tree, 70);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    memory_tree_done(&tree);
    return 0;
}

static struct cty_hash root_of(uint64_t size)
{
    return reference_root(tree.levels[0], size);
}

/* Says whether the altered proof is accepted; one closure serves both kinds of proofs. */
struct place {
    bool is_inclusion;
    uint64_t at; /* index or old size */
    uint64_t size;
    struct cty_hash from; /* leaf or old root */
    struct cty_hash root;
};

static custody_err place_verify(const struct place *place, const struct cty_proof *proof)
{
    if (place->is_inclusion)
        return cty_tree_inclusion_verify(&place->from, place->at, place->size, &place->root, proof);
    return cty_tree_consistency_verify(place->at, &place->from, place->size, &place->root, proof);
}

static void check_hash_altered(const struct place *place, const struct cty_proof *proof)
{
    for (size_t i = 0; i < proof->count; i++) {
        struct cty_proof altered = *proof;
        altered.hashes[i].bytes[(i + place->at) % CTY_HASH_SIZE] ^= (uint8_t)(1u << (i % 8));
        assert_refused(place_verify(place, &altered), "proof-invalid");
    }
}

static void check_hash_dropped(const struct place *place, const struct cty_proof *proof)
{
    for (size_t i = 0; i < proof->count; i++) {
        struct cty_proof altered = *proof;
        memmove(&altered.hashes[i], &altered.hashes[i + 1],
                (altered.count - i - 1) * sizeof(altered.hashes[0]));
        altered.count--;
        assert_refused(place_verify(place, &altered), "proof-invalid");
    }
}

static void check_hash_added(const struct place *place, const struct cty_proof *proof)
{
    for (size_t i = 0; i <= proof->count; i++) {
        struct cty_proof altered = *proof;
        memmove(&altered.hashes[i + 1], &altered.hashes[i],
                (altered.count - i) * sizeof(altered.hashes[0]));
        altered.hashes[i] = i < proof->count ? proof->hashes[i] : place->root;
        altered.count++;
        assert_refused(place_verify(place, &altered), "proof-invalid");
    }
}

static void check_hashes_swapped(const struct place *place, const struct cty_proof *proof)
{
    for (size_t i = 0; i + 1 < proof->count; i++) {
        struct cty_proof altered = *proof;
        altered.hashes[i] = proof->hashes[i + 1];
        altered.hashes[i + 1] = proof->hashes[i];
        assert_refused(place_verify(place, &altered), "proof-invalid");
    }
}

static void check_ends_altered(const struct place *place, const struct cty_proof *proof)
{
    struct place altered = *place;
    altered.from.bytes[place->at % CTY_HASH_SIZE] ^= 0x10;
    assert_refused(place_verify(&altered, proof), "proof-invalid");
    altered = *place;
    altered.root.bytes[place->size % CTY_HASH_SIZE] ^= 0x80;
    assert_refused(place_verify(&altered, proof), "proof-invalid");
    altered = *place;
    altered.from = place->root;
    altered.root = place->from;
    if (!cty_hash_equal(&place->root, &place->from))
        assert_refused(place_verify(&altered, proof), "proof-invalid");
}

static void check_all_alterations(const struct place *place, const struct cty_proof *proof)
{
    assert_ok(place_verify(place, proof));
    check_hash_altered(place, proof);
    check_hash_dropped(place, proof);
    check_hash_added(place, proof);
    check_hashes_swapped(place, proof);
    check_ends_altered(place, proof);
}

static void test_altered_inclusion(void **state)
{
    (void)state;
    struct cty_tree_reader reader = memory_tree_reader(&tree);
    for (uint64_t size = 1; size <= SIZE_MAX_ALTERED; size++) {
        for (uint64_t index = 0; index < size; index++) {
            struct place place = {true, index, size, tree.levels[0][index], root_of(size)};
            struct cty_proof proof;
            assert_ok(cty_tree_inclusion(&reader, index, size, &proof));
            check_all_alterations(&place, &proof);
        }
    }
}

static void test_altered_consistency(void **state)
{
    (void)state;
    struct cty_tree_reader reader = memory_tree_reader(&tree);
    for (uint64_t size = 2; size <= SIZE_MAX_ALTERED; size++) {
        for (uint64_t old_size = 1; old_size < size; old_size++) {
            struct place place = {false, old_size, size, root_of(old_size), root_of(size)};
            struct cty_proof proof;
            assert_ok(cty_tree_consistency(&reader, old_size, size, &proof));
            check_all_alterations(&place, &proof);
        }
    }
}

/* A proof is accepted at another place exactly where that has the same shape: there the hashes say the same. */
static void check_moved_inclusion(const struct place *place, const struct cty_proof *proof)
{
    struct shape shape = inclusion_shape(place->at, place->size);
    for (uint64_t size = 0; size <= SIZE_MAX_MOVED + 16; size++) {
        for (uint64_t index = 0; index <= size; index++) {
            bool is_same = index < size && strcmp(inclusion_shape(index, size).text, shape.text) == 0;
            custody_err err = cty_tree_inclusion_verify(&place->from, index, size, &place->root, proof);
            assert_string_equal(custody_err_name(err), is_same ? "ok" : "proof-invalid");
        }
    }
}

static void test_moved_inclusion(void **state)
{
    (void)state;
    struct cty_tree_reader reader = memory_tree_reader(&tree);
    for (uint64_t size = 1; size <= SIZE_MAX_MOVED; size++) {
        for (uint64_t index = 0; index < size; index++) {
            struct place place = {true, index, size, tree.levels[0][index], root_of(size)};
            struct cty_proof proof;
            assert_ok(cty_tree_inclusion(&reader, index, size, &proof));
            check_moved_inclusion(&place, &proof);
        }
    }
}

static void check_moved_consistency(const struct place *place, const struct cty_proof *proof)
{
    struct shape shape = consistency_shape(place->at, place->size);
    for (uint64_t size = 0; size <= SIZE_MAX_MOVED + 16; size++) {
        for (uint64_t old_size = 0; old_size <= size + 1; old_size++) {
            bool is_same = old_size > 0 && old_size < size &&
                           strcmp(consistency_shape(old_size, size).text, shape.text) == 0;
            custody_err err =
                cty_tree_consistency_verify(old_size, &place->from, size, &place->root, proof);
            assert_string_equal(custody_err_name(err), is_same ? "ok" : "proof-invalid");
        }
    }
}

static void test_moved_consistency(void **state)
{
    (void)state;
    struct cty_tree_reader reader = memory_tree_reader(&tree);
    for (uint64_t size = 2; size <= SIZE_MAX_MOVED; size++) {
        for (uint64_t old_size = 1; old_size < size; old_size++) {
            struct place place = {false, old_size, size, root_of(old_size), root_of(size)};
            struct cty_proof proof;
            assert_ok(cty_tree_consistency(&reader, old_size, size, &proof));
            check_moved_consistency(&place, &proof);
        }
    }
}

/* Attack 26: an empty path proves only that the one leaf of a tree of one is its root. */
static void test_empty_path(void **state)
{
    (void)state;
    const struct cty_proof empty = {.count = 0};
    struct cty_hash leaf = tree.levels[0][0], root = root_of(7);
    assert_ok(cty_tree_inclusion_verify(&leaf, 0, 1, &leaf, &empty));
    for (uint64_t size = 2; size < 70; size++) {
        assert_refused(cty_tree_inclusion_verify(&leaf, 0, size, &leaf, &empty), "proof-invalid");
        assert_refused(cty_tree_inclusion_verify(&leaf, size - 1, size, &leaf, &empty), "proof-invalid");
    }
    assert_refused(cty_tree_inclusion_verify(&leaf, 0, 0, &leaf, &empty), "proof-invalid");
    assert_refused(cty_tree_inclusion_verify(&leaf, 1, 1, &leaf, &empty), "proof-invalid");
    assert_refused(cty_tree_consistency_verify(3, &root, 7, &root, &empty), "proof-invalid");
    assert_refused(cty_tree_consistency_verify(4, &root, 7, &root, &empty), "proof-invalid");
}

static void test_proof_limits(void **state)
{
    (void)state;
    struct cty_proof proof = {.count = CTY_PROOF_HASHES_MAX + 1};
    struct cty_hash leaf = leaf_of(0);
    assert_refused(cty_tree_inclusion_verify(&leaf, 0, 9, &leaf, &proof), "proof-invalid");
    assert_refused(cty_tree_consistency_verify(1, &leaf, 9, &leaf, &proof), "proof-invalid");
    proof.count = CTY_PROOF_HASHES_MAX;
    assert_refused(cty_tree_inclusion_verify(&leaf, 0, UINT64_MAX, &leaf, &proof), "proof-invalid");
    assert_refused(cty_tree_consistency_verify(1, &leaf, UINT64_MAX, &leaf, &proof), "proof-invalid");
    proof.count = 0;
    assert_refused(cty_tree_consistency_verify(UINT64_MAX, &leaf, UINT64_MAX, &leaf, &proof),
                   "proof-invalid");
    assert_ok(cty_tree_consistency_verify(CTY_TREE_SIZE_MAX, &leaf, CTY_TREE_SIZE_MAX, &leaf, &proof));
}

/* What the proof holds of the old tree is its root; where that is one full subtree it isn't in the proof. */
static void check_old_root(uint64_t old_size, uint64_t size, const struct cty_proof *proof)
{
    struct cty_hash root = root_of(size), expected = root_of(old_size), old_root;
    bool held = (old_size & (old_size - 1)) != 0;
    custody_err err = cty_tree_consistency_old_root(old_size, size, &root, proof, &old_root);
    assert_refused(err, held ? "ok" : "proof-invalid");
    if (!held)
        return;
    assert_hash_equal(&old_root, &expected);
    for (size_t i = 0; i < proof->count; i++) {
        struct cty_proof altered = *proof;
        altered.hashes[i].bytes[i % CTY_HASH_SIZE] ^= 1;
        assert_refused(cty_tree_consistency_old_root(old_size, size, &root, &altered, &old_root), "proof-invalid");
        altered = *proof;
        altered.count = i;
        assert_refused(cty_tree_consistency_old_root(old_size, size, &root, &altered, &old_root), "proof-invalid");
    }
    root.bytes[0] ^= 1;
    assert_refused(cty_tree_consistency_old_root(old_size, size, &root, proof, &old_root), "proof-invalid");
}

static void test_old_root(void **state)
{
    (void)state;
    struct cty_tree_reader reader = memory_tree_reader(&tree);
    for (uint64_t size = 2; size <= SIZE_MAX_ALTERED; size++) {
        for (uint64_t old_size = 1; old_size < size; old_size++) {
            struct cty_proof proof;
            assert_ok(cty_tree_consistency(&reader, old_size, size, &proof));
            check_old_root(old_size, size, &proof);
        }
    }
    struct cty_proof proof = {.count = 0};
    struct cty_hash root = root_of(7), old_root;
    assert_refused(cty_tree_consistency_old_root(3, 7, &root, &proof, &old_root), "proof-invalid");
    assert_ok(cty_tree_consistency(&reader, 3, 7, &proof));
    assert_refused(cty_tree_consistency_old_root(0, 7, &root, &proof, &old_root), "proof-invalid");
    assert_refused(cty_tree_consistency_old_root(7, 7, &root, &proof, &old_root), "proof-invalid");
    assert_refused(cty_tree_consistency_old_root(9, 7, &root, &proof, &old_root), "proof-invalid");
    assert_refused(cty_tree_consistency_old_root(3, UINT64_MAX, &root, &proof, &old_root), "proof-invalid");
    proof.count = CTY_PROOF_HASHES_MAX + 1;
    assert_refused(cty_tree_consistency_old_root(3, 7, &root, &proof, &old_root), "proof-invalid");
}

static void test_consistency_from_nothing(void **state)
{
    (void)state;
    struct cty_hash empty = cty_tree_empty_root(), root = root_of(5);
    struct cty_proof proof = {.count = 0};
    assert_ok(cty_tree_consistency_verify(0, &empty, 5, &root, &proof));
    assert_ok(cty_tree_consistency_verify(0, &empty, 0, &empty, &proof));
    assert_refused(cty_tree_consistency_verify(0, &root, 5, &root, &proof), "root-mismatch");
    assert_refused(cty_tree_consistency_verify(0, &root, 0, &root, &proof), "root-mismatch");
    assert_refused(cty_tree_consistency_verify(0, &empty, 0, &root, &proof), "root-mismatch");
    proof.count = 1;
    proof.hashes[0] = root;
    assert_refused(cty_tree_consistency_verify(0, &empty, 5, &root, &proof), "proof-invalid");
    assert_refused(cty_tree_consistency_verify(0, &empty, 0, &empty, &proof), "proof-invalid");
}

static void test_consistency_of_equal_sizes(void **state)
{
    (void)state;
    struct cty_hash root = root_of(5), other = root_of(6);
    struct cty_proof proof = {.count = 0};
    assert_ok(cty_tree_consistency_verify(5, &root, 5, &root, &proof));
    assert_refused(cty_tree_consistency_verify(5, &root, 5, &other, &proof), "root-mismatch");
    proof.count = 1;
    proof.hashes[0] = root;
    assert_refused(cty_tree_consistency_verify(5, &root, 5, &root, &proof), "proof-invalid");
}

/* A second ledger that differs from the first in leaf `changed` alone. */
static struct cty_hash rewritten_root(uint64_t changed, uint64_t size, struct cty_proof *ret_consistency,
                                      uint64_t old_size)
{
    struct cty_hash leaves[70];
    memcpy(leaves, tree.levels[0], sizeof(leaves));
    leaves[changed] = leaf_of(1000);
    reference_consistency(leaves, old_size, size, ret_consistency);
    return reference_root(leaves, size);
}

/* Attacks 18 and 21: a rewritten entry can't be proved consistent with a checkpoint that is held elsewhere. */
static void test_rewritten_ledger(void **state)
{
    (void)state;
    for (uint64_t changed = 0; changed < 41; changed++) {
        for (uint64_t old_size = 1; old_size <= 41; old_size += 5) {
            struct cty_proof proof;
            struct cty_hash held = root_of(old_size);
            struct cty_hash root = rewritten_root(changed, 41, &proof, old_size);
            custody_err err = cty_tree_consistency_verify(old_size, &held, 41, &root, &proof);
            const char *expected = old_size == 41 ? "root-mismatch" : "proof-invalid";
            assert_string_equal(custody_err_name(err), changed < old_size ? expected : "ok");
        }
    }
}

/* Attack 19: a ledger that lost its tail is shorter than the checkpoint that is held elsewhere. */
static void test_truncated_tail(void **state)
{
    (void)state;
    struct cty_tree_reader reader = memory_tree_reader(&tree);
    struct cty_proof proof = {.count = 0};
    struct cty_hash held = root_of(40), root = root_of(33), empty = cty_tree_empty_root();
    assert_refused(cty_tree_consistency_verify(40, &held, 33, &root, &proof), "proof-invalid");
    assert_refused(cty_tree_consistency_verify(40, &held, 33, &held, &proof), "proof-invalid");
    assert_refused(cty_tree_consistency_verify(40, &held, 0, &empty, &proof), "proof-invalid");
    assert_ok(cty_tree_consistency(&reader, 33, 40, &proof));
    assert_refused(cty_tree_consistency_verify(40, &held, 33, &root, &proof), "proof-invalid");
    assert_refused(cty_tree_consistency(&reader, 40, 33, &proof), "bad-params");
    assert_ok(cty_tree_consistency_verify(33, &root, 40, &held, &proof));
}

/* Attack 20: a ledger that lost its beginning has other roots, whatever is proved about it. */
static void test_truncated_head(void **state)
{
    (void)state;
    struct cty_proof proof;
    struct cty_hash held = root_of(39), late = reference_root(tree.levels[0] + 1, 39);
    struct cty_hash root = reference_root(tree.levels[0] + 1, 60);
    reference_consistency(tree.levels[0] + 1, 39, 60, &proof);
    assert_refused(cty_tree_consistency_verify(39, &held, 39, &late, &(struct cty_proof){.count = 0}),
                   "root-mismatch");
    assert_refused(cty_tree_consistency_verify(39, &held, 60, &root, &proof), "proof-invalid");
    assert_ok(cty_tree_consistency_verify(39, &late, 60, &root, &proof));
}

/* Attack 27: the path of leaf 0 fits sizes 5 to 8 alike, so only the checkpoint can say which it is. */
static void test_root_needs_its_size(void **state)
{
    (void)state;
    struct cty_tree_reader reader = memory_tree_reader(&tree);
    struct cty_proof proof;
    struct cty_hash root = root_of(5), other = root_of(8);
    assert_ok(cty_tree_inclusion(&reader, 0, 5, &proof));
    assert_ok(cty_tree_inclusion_verify(&tree.levels[0][0], 0, 5, &root, &proof));
    assert_ok(cty_tree_inclusion_verify(&tree.levels[0][0], 0, 8, &root, &proof));
    assert_refused(cty_tree_inclusion_verify(&tree.levels[0][0], 0, 9, &root, &proof), "proof-invalid");
    assert_refused(cty_tree_inclusion_verify(&tree.levels[0][0], 0, 8, &other, &proof), "proof-invalid");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_altered_inclusion),
        cmocka_unit_test(test_altered_consistency),
        cmocka_unit_test(test_moved_inclusion),
        cmocka_unit_test(test_moved_consistency),
        cmocka_unit_test(test_empty_path),
        cmocka_unit_test(test_proof_limits), cmocka_unit_test(test_old_root),
        cmocka_unit_test(test_consistency_from_nothing),
        cmocka_unit_test(test_consistency_of_equal_sizes),
        cmocka_unit_test(test_rewritten_ledger),
        cmocka_unit_test(test_truncated_tail),
        cmocka_unit_test(test_truncated_head),
        cmocka_unit_test(test_root_needs_its_size),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
