/* SPDX-License-Identifier: Apache-2.0 */
/* A ledger out of its tiles: what is proven, and what every lie of who serves them gets. */
#include "tile_rig.h"

#include "client/tiles.h"

static const uint64_t sizes[] = {1, 2, 255, 256, 257, 511, 512, 513, 65535, 65536, 65537, 70000};

static struct cty_tiles *trusting(struct tile_rig *rig, uint64_t size)
{
    struct cty_tiles *tiles = NULL;
    custody_error error = {0};
    const struct cty_hash root = tile_rig_root(rig, size);
    assert_ok(cty_tiles_new(&rig->files, &tiles));
    if (cty_tiles_trust(tiles, size, &root, &error) != CUSTODY_OK)
        fail_msg("%s", error.detail);
    return tiles;
}

static custody_err try_trust(struct tile_rig *rig, uint64_t size, const struct cty_hash *root, custody_error *error)
{
    struct cty_tiles *tiles = NULL;
    assert_ok(cty_tiles_new(&rig->files, &tiles));
    custody_err err = cty_tiles_trust(tiles, size, root, error);
    cty_tiles_free(tiles);
    return err;
}

static void every_tile_is_proven(void **state)
{
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(sizes); i++) {
        CTY_CLEANUP(cty_buf_done) struct cty_buf honest = CTY_BUF_INIT(CTY_TILE_WIDTH * CTY_HASH_SIZE);
        struct tile_rig rig;
        tile_rig_open(&rig, sizes[i]);
        struct cty_tiles *tiles = trusting(&rig, sizes[i]);
        for (unsigned level = 0; level < 4; level++) {
            for (uint64_t n = 0; n < cty_tile_count(sizes[i], level); n++) {
                const struct cty_tile_path what = {CTY_TILE_HASHES, level, n, cty_tile_width(sizes[i], level, n)};
                struct cty_bytes hashes;
                assert_ok(cty_tiles_get(tiles, level, n, &hashes, NULL));
                tile_rig_file(&rig, &what, &honest);
                assert_true(cty_bytes_equal(hashes, cty_buf_bytes(&honest)));
            }
        }
        cty_tiles_free(tiles);
        tile_rig_close(&rig);
    }
}

static void what_the_tree_has_not_is_refused(void **state)
{
    (void)state;
    struct tile_rig rig;
    struct cty_bytes hashes;
    tile_rig_open(&rig, 512);
    struct cty_tiles *tiles = trusting(&rig, 512);
    assert_ok(cty_tiles_get(tiles, 0, 1, &hashes, NULL));
    assert_refused(cty_tiles_get(tiles, 0, 2, &hashes, NULL), "bad-params");
    assert_refused(cty_tiles_get(tiles, 1, 1, &hashes, NULL), "bad-params");
    assert_refused(cty_tiles_get(tiles, 2, 0, &hashes, NULL), "bad-params");
    assert_refused(cty_tiles_get(tiles, 7, 0, &hashes, NULL), "bad-params");
    assert_refused(cty_tiles_get(tiles, 63, 0, &hashes, NULL), "bad-params");
    assert_refused(cty_tiles_get(tiles, 0, UINT64_MAX, &hashes, NULL), "bad-params");
    cty_tiles_free(tiles);
    tile_rig_close(&rig);
}

static void an_empty_ledger_has_the_empty_root(void **state)
{
    (void)state;
    struct tile_rig rig;
    custody_error error = {0};
    tile_rig_open(&rig, 1);
    const struct cty_hash empty = cty_tree_empty_root();
    const struct cty_hash other = tile_rig_root(&rig, 1);
    assert_ok(try_trust(&rig, 0, &empty, &error));
    assert_refused(try_trust(&rig, 0, &other, &error), "proof-invalid");
    assert_refused(try_trust(&rig, CTY_TREE_SIZE_MAX + 1, &empty, &error), "bad-params");
    assert_int_equal(rig.reads, 0);
    tile_rig_close(&rig);
}

/* Each byte of each tile at the edge: the root is another then. */
static void the_edge_is_proven_by_the_root(void **state)
{
    (void)state;
    struct tile_rig rig;
    tile_rig_open(&rig, 70000);
    const struct cty_hash root = tile_rig_root(&rig, 70000);
    for (unsigned level = 0; level < 3; level++) {
        uint64_t index = cty_tile_count(70000, level) - 1;
        unsigned width = cty_tile_width(70000, level, index);
        for (size_t at = 0; at < (size_t)width * CTY_HASH_SIZE; at++) {
            custody_error error = {0};
            tile_rig_lie(&rig, RIG_FLIPS, CTY_TILE_HASHES, level, index, width, at);
            assert_refused(try_trust(&rig, 70000, &root, &error), "proof-invalid");
            assert_non_null(strstr(error.detail, "70000"));
        }
    }
    tile_rig_lie(&rig, RIG_HONEST, CTY_TILE_HASHES, 0, 0, 0, 0);
    assert_ok(try_trust(&rig, 70000, &root, NULL));
    tile_rig_close(&rig);
}

static void another_checkpoint_is_not_proven(void **state)
{
    (void)state;
    struct tile_rig rig;
    struct cty_tiles *tiles = NULL;
    struct cty_bytes hashes;
    tile_rig_open(&rig, 600);
    const struct cty_hash root = tile_rig_root(&rig, 600);
    const struct cty_hash other = tile_rig_root(&rig, 599);
    assert_ok(cty_tiles_new(&rig.files, &tiles));
    assert_ok(cty_tiles_trust(tiles, 600, &root, NULL));
    assert_ok(cty_tiles_get(tiles, 0, 0, &hashes, NULL));
    assert_refused(cty_tiles_trust(tiles, 600, &other, NULL), "proof-invalid");
    /* And what was proven before is not given any more. */
    assert_refused(cty_tiles_get(tiles, 0, 0, &hashes, NULL), "bad-params");
    assert_ok(cty_tiles_trust(tiles, 600, &root, NULL));
    assert_ok(cty_tiles_get(tiles, 0, 0, &hashes, NULL));
    cty_tiles_free(tiles);
    tile_rig_close(&rig);
}

/* One byte in every full tile, at a place that differs from tile to tile. */
static void a_full_tile_is_proven_by_the_one_above(void **state)
{
    (void)state;
    struct tile_rig rig;
    tile_rig_open(&rig, 70000);
    struct cty_tiles *tiles = trusting(&rig, 70000);
    const struct cty_hash root = tile_rig_root(&rig, 70000);
    for (unsigned level = 0; level < 2; level++) {
        for (uint64_t n = 0; cty_tile_width(70000, level, n) == CTY_TILE_WIDTH; n++) {
            custody_error error = {0};
            struct cty_bytes hashes;
            tile_rig_lie(&rig, RIG_FLIPS, CTY_TILE_HASHES, level, n, CTY_TILE_WIDTH, (size_t)(n * 31 + level) % 8192);
            assert_refused(cty_tiles_get(tiles, level, n, &hashes, &error), "proof-invalid");
            assert_non_null(strstr(error.detail, "70000"));
            tile_rig_lie(&rig, RIG_HONEST, CTY_TILE_HASHES, 0, 0, 0, 0);
            assert_ok(cty_tiles_get(tiles, level, n, &hashes, NULL));
        }
        assert_ok(cty_tiles_trust(tiles, 70000, &root, NULL));
    }
    cty_tiles_free(tiles);
    tile_rig_close(&rig);
}

/* A lie higher up is found from below as well. */
static void a_tile_is_worth_what_stands_above_it(void **state)
{
    (void)state;
    struct tile_rig rig;
    struct cty_bytes hashes;
    tile_rig_open(&rig, 70000);
    struct cty_tiles *tiles = trusting(&rig, 70000);
    tile_rig_lie(&rig, RIG_FLIPS, CTY_TILE_HASHES, 1, 0, CTY_TILE_WIDTH, 77);
    assert_refused(cty_tiles_get(tiles, 0, 5, &hashes, NULL), "proof-invalid");
    /* Beyond that tile all is well. */
    assert_ok(cty_tiles_get(tiles, 0, 260, &hashes, NULL));
    cty_tiles_free(tiles);
    tile_rig_close(&rig);
}

static void who_has_the_full_tile_needs_no_partial_one(void **state)
{
    (void)state;
    struct tile_rig rig;
    tile_rig_open(&rig, 70000);
    rig.published = 70000;
    struct cty_tiles *tiles = trusting(&rig, 300); /* its partial tile 001.p/44 is gone, and 001 is there */
    cty_tiles_free(tiles);
    /* Where the full one is hidden too, nothing is left. */
    const struct cty_hash root = tile_rig_root(&rig, 300);
    custody_error error = {0};
    tile_rig_lie(&rig, RIG_HIDES, CTY_TILE_HASHES, 0, 1, CTY_TILE_WIDTH, 0);
    assert_refused(try_trust(&rig, 300, &root, &error), "not-found");
    /* Nor is a partial one of another size taken for it. */
    tile_rig_lie(&rig, RIG_HONEST, CTY_TILE_HASHES, 0, 0, 0, 0);
    const struct cty_hash end = tile_rig_root(&rig, 69999);
    assert_refused(try_trust(&rig, 69999, &end, &error), "not-found");
    tile_rig_close(&rig);
}

static void a_file_of_another_size_is_none(void **state)
{
    (void)state;
    static const enum rig_lie lies[] = {RIG_CUTS, RIG_ADDS};
    struct tile_rig rig;
    struct cty_bytes hashes;
    tile_rig_open(&rig, 300);
    struct cty_tiles *tiles = trusting(&rig, 300);
    const struct cty_hash root = tile_rig_root(&rig, 300);
    for (size_t i = 0; i < CTY_COUNT_OF(lies); i++) {
        custody_error error = {0};
        tile_rig_lie(&rig, lies[i], CTY_TILE_HASHES, 0, 0, CTY_TILE_WIDTH, 0);
        if (lies[i] == RIG_CUTS) {
            assert_refused(cty_tiles_get(tiles, 0, 0, &hashes, &error), "bad-tile");
            assert_non_null(strstr(error.detail, "tile/0/000"));
        }
        tile_rig_lie(&rig, lies[i], CTY_TILE_HASHES, 0, 1, 44, 0);
        assert_refused(try_trust(&rig, 300, &root, &error), "bad-tile");
        assert_non_null(strstr(error.detail, "tile/0/001.p/44"));
    }
    tile_rig_lie(&rig, RIG_FAILS, CTY_TILE_HASHES, 0, 0, CTY_TILE_WIDTH, 0);
    assert_refused(cty_tiles_get(tiles, 0, 0, &hashes, NULL), "io");
    tile_rig_lie(&rig, RIG_HONEST, CTY_TILE_HASHES, 0, 0, 0, 0);
    assert_ok(cty_tiles_get(tiles, 0, 0, &hashes, NULL));
    cty_tiles_free(tiles);
    tile_rig_close(&rig);
}

static void entries_are_proven(void **state)
{
    (void)state;
    CTY_CLEANUP(cty_buf_done) struct cty_buf bundle = CTY_BUF_INIT(CTY_TILE_BUNDLE_BYTES_MAX);
    struct cty_bytes texts[CTY_TILE_WIDTH];
    unsigned count = 0;
    struct tile_rig rig;
    tile_rig_open(&rig, 300);
    struct cty_tiles *tiles = trusting(&rig, 300);
    assert_ok(cty_tiles_entries(tiles, 0, &bundle, texts, &count, NULL));
    assert_int_equal(count, 256);
    assert_ok(cty_tiles_entries(tiles, 1, &bundle, texts, &count, NULL));
    assert_int_equal(count, 44);
    const struct cty_hash last = cty_tree_leaf(texts[43]);
    const struct cty_hash wanted = leaf_of(299);
    assert_hash_equal(&last, &wanted);
    assert_refused(cty_tiles_entries(tiles, 2, &bundle, texts, &count, NULL), "bad-params");
    /* Every byte of the partial one: lengths and entries. */
    for (size_t at = 0; at < 440; at++) {
        custody_error error = {0};
        tile_rig_lie(&rig, RIG_FLIPS, CTY_TILE_ENTRIES, 0, 1, 44, at);
        custody_err err = cty_tiles_entries(tiles, 1, &bundle, texts, &count, &error);
        assert_refused(err, at % 10 < 2 ? "bad-tile" : "proof-invalid");
        char entry[32];
        snprintf(entry, sizeof(entry), "entry %zu ", 256 + at / 10);
        assert_true(at % 10 < 2 || strstr(error.detail, entry));
    }
    tile_rig_lie(&rig, RIG_CUTS, CTY_TILE_ENTRIES, 0, 0, CTY_TILE_WIDTH, 0);
    assert_refused(cty_tiles_entries(tiles, 0, &bundle, texts, &count, NULL), "bad-tile");
    tile_rig_lie(&rig, RIG_ADDS, CTY_TILE_ENTRIES, 0, 0, CTY_TILE_WIDTH, 0);
    assert_refused(cty_tiles_entries(tiles, 0, &bundle, texts, &count, NULL), "bad-tile");
    tile_rig_lie(&rig, RIG_HIDES, CTY_TILE_ENTRIES, 0, 0, CTY_TILE_WIDTH, 0);
    assert_refused(cty_tiles_entries(tiles, 0, &bundle, texts, &count, NULL), "not-found");
    cty_tiles_free(tiles);
    tile_rig_close(&rig);
}

static void a_full_bundle_stands_for_a_partial_one(void **state)
{
    (void)state;
    CTY_CLEANUP(cty_buf_done) struct cty_buf bundle = CTY_BUF_INIT(CTY_TILE_BUNDLE_BYTES_MAX);
    struct cty_bytes texts[CTY_TILE_WIDTH];
    unsigned count = 0;
    struct tile_rig rig;
    tile_rig_open(&rig, 512);
    rig.published = 300;
    struct cty_tiles *tiles = trusting(&rig, 300);
    tile_rig_lie(&rig, RIG_HIDES, CTY_TILE_ENTRIES, 0, 1, 44, 0);
    assert_ok(cty_tiles_entries(tiles, 1, &bundle, texts, &count, NULL));
    assert_int_equal(count, 44);
    assert_int_equal(bundle.size, 256 * 10);
    cty_tiles_free(tiles);
    tile_rig_close(&rig);
}

static void proofs_come_out_of_tiles(void **state)
{
    (void)state;
    struct tile_rig rig;
    tile_rig_open(&rig, 70000);
    struct cty_tiles *tiles = trusting(&rig, 70000);
    const struct cty_tree_reader nodes = cty_tiles_nodes(tiles);
    const struct cty_hash root = tile_rig_root(&rig, 70000);
    for (uint64_t k = 1; k < 70000; k += 997) {
        struct cty_proof proof;
        const struct cty_hash leaf = leaf_of(k);
        const struct cty_hash old = tile_rig_root(&rig, k);
        struct cty_hash same;
        assert_ok(cty_tree_inclusion(&nodes, k, 70000, &proof));
        assert_ok(cty_tree_inclusion_verify(&leaf, k, 70000, &root, &proof));
        assert_ok(cty_tree_consistency(&nodes, k, 70000, &proof));
        assert_ok(cty_tree_consistency_verify(k, &old, 70000, &root, &proof));
        assert_ok(cty_tree_root(&nodes, k, &same));
        assert_hash_equal(&same, &old);
    }
    cty_tiles_free(tiles);
    tile_rig_close(&rig);
}

static void a_proof_out_of_a_lie_fails(void **state)
{
    (void)state;
    struct tile_rig rig;
    struct cty_proof proof;
    tile_rig_open(&rig, 70000);
    struct cty_tiles *tiles = trusting(&rig, 70000);
    const struct cty_tree_reader nodes = cty_tiles_nodes(tiles);
    tile_rig_lie(&rig, RIG_FLIPS, CTY_TILE_HASHES, 0, 3, CTY_TILE_WIDTH, 4000);
    assert_refused(cty_tree_inclusion(&nodes, 3 * 256 + 1, 70000, &proof), "proof-invalid");
    assert_non_null(strstr(cty_tiles_error(tiles)->detail, "tile 3 of level 0"));
    assert_ok(cty_tree_inclusion(&nodes, 4 * 256 + 1, 70000, &proof));
    struct cty_hash root;
    assert_refused(cty_tree_root(&nodes, 70001, &root), "not-found");
    cty_tiles_free(tiles);
    tile_rig_close(&rig);
}

/* Each file is read once, whoever goes through them in order, and neighbours share what stands above them. */
static void few_files_are_read(void **state)
{
    (void)state;
    struct tile_rig rig;
    struct cty_bytes hashes;
    tile_rig_open(&rig, 70000);
    struct cty_tiles *tiles = trusting(&rig, 70000);
    assert_int_equal(rig.reads, 3);
    for (uint64_t n = 0; n < cty_tile_count(70000, 0); n++)
        assert_ok(cty_tiles_get(tiles, 0, n, &hashes, NULL));
    /* 273 full ones, and the full one above 256 of them. */
    assert_int_equal(rig.reads, 3 + 273 + 1);
    for (uint64_t n = 260; n < 270; n++)
        assert_ok(cty_tiles_get(tiles, 0, n, &hashes, NULL));
    assert_int_equal(rig.reads, 3 + 273 + 1);
    cty_tiles_free(tiles);
    tile_rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_tile_is_proven),
        cmocka_unit_test(what_the_tree_has_not_is_refused),
        cmocka_unit_test(an_empty_ledger_has_the_empty_root),
        cmocka_unit_test(the_edge_is_proven_by_the_root),
        cmocka_unit_test(another_checkpoint_is_not_proven),
        cmocka_unit_test(a_full_tile_is_proven_by_the_one_above),
        cmocka_unit_test(a_tile_is_worth_what_stands_above_it),
        cmocka_unit_test(who_has_the_full_tile_needs_no_partial_one),
        cmocka_unit_test(a_file_of_another_size_is_none),
        cmocka_unit_test(entries_are_proven),
        cmocka_unit_test(a_full_bundle_stands_for_a_partial_one),
        cmocka_unit_test(proofs_come_out_of_tiles),
        cmocka_unit_test(a_proof_out_of_a_lie_fails),
        cmocka_unit_test(few_files_are_read),
    };
    return cmocka_run_group_tests(tests, crypto_setup, NULL);
}
