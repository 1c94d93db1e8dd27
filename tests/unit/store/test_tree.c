/* SPDX-License-Identifier: Apache-2.0 */
/* The tree out of the store, against leaves grown one by one and against tiles read the plain way. */
#include "desk.h"

#include "base/limits.h"
#include "store/tile.h"
#include "unit/support.h"

static struct desk desk;

static int setup(void **state)
{
    (void)state;
    desk_make(&desk);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    desk_remove(&desk);
    return 0;
}

/* Entries of a few bytes, so that there can be many. */
static custody_err append_small(struct cty_store *store, uint64_t count, struct cty_frontier *frontier)
{
    struct cty_store_mark mark;
    CTY_TRY(cty_store_begin(store, NULL));
    for (uint64_t i = 0; i < count; i++) {
        uint64_t index = frontier->size;
        struct cty_store_entry entry = {index, CTY_STORE_NO_CASE, false, cty_bytes_make(&index, sizeof(index))};
        struct cty_hash leaf = cty_tree_leaf(entry.body);
        CTY_TRY(cty_store_append(store, &entry, &leaf, NULL));
        CTY_TRY(cty_frontier_append(frontier, &leaf, NULL, NULL));
    }
    CTY_TRY(cty_store_check(store, &mark, NULL));
    struct cty_hash grown = cty_frontier_root(frontier);
    assert_int_equal(mark.size, frontier->size);
    assert_true(cty_hash_equal(&mark.root, &grown));
    CTY_TRY(desk_sign(store, &mark));
    return cty_store_commit(store, NULL);
}

/* --- tiles the plain way ----------------------------------------------------------------------------------- */

/* One hash out of the stored tiles, found by a walk over all of them. */
struct sought {
    struct cty_store_reader *reader;
    unsigned level;
    uint64_t index;
    struct cty_hash hashes[CTY_TILE_WIDTH];
    size_t count;
};

static custody_err seek(void *context, const struct cty_store_tile *tile)
{
    struct sought *sought = context;
    assert_int_equal(tile->hashes.size % CTY_HASH_SIZE, 0);
    if (tile->level != sought->level || tile->index != sought->index)
        return CUSTODY_OK;
    sought->count = tile->hashes.size / CTY_HASH_SIZE;
    memcpy(sought->hashes, tile->hashes.data, tile->hashes.size);
    return CUSTODY_OK;
}

static custody_err hash_plainly(void *context, unsigned level, uint64_t index, unsigned offset,
                                struct cty_hash *ret_hash)
{
    struct sought *sought = context;
    if (sought->level != level || sought->index != index || sought->count <= offset) {
        sought->level = level;
        sought->index = index;
        sought->count = 0;
        CTY_TRY(cty_store_walk_all_tiles(sought->reader, seek, sought, NULL));
    }
    if (offset >= sought->count)
        return CUSTODY_E_NOT_FOUND;
    *ret_hash = sought->hashes[offset];
    return CUSTODY_OK;
}

/* --- proofs ------------------------------------------------------------------------------------------------ */

static void prove_all(struct cty_store_reader *reader, uint64_t size)
{
    struct sought sought = {.reader = reader, .level = UINT32_MAX};
    struct cty_tile_reader tiles = {&sought, hash_plainly};
    struct cty_tree_reader plain = cty_tree_reader_from_tiles(&tiles);
    struct cty_tree_reader tree = cty_store_tree(reader);
    struct cty_hash root;
    assert_ok(cty_tree_root(&tree, size, &root));
    for (uint64_t old = 0; old <= size; old += size / 13 + 1) {
        struct cty_hash old_root;
        struct cty_hash plain_root;
        struct cty_proof proof;
        assert_ok(cty_tree_root(&tree, old, &old_root));
        assert_ok(cty_tree_root(&plain, old, &plain_root));
        assert_true(cty_hash_equal(&old_root, &plain_root));
        assert_ok(cty_tree_consistency(&tree, old, size, &proof));
        assert_ok(cty_tree_consistency_verify(old, &old_root, size, &root, &proof));
        if (old == size)
            break;
        struct cty_hash leaf = cty_tree_leaf(cty_bytes_make(&old, sizeof(old)));
        assert_ok(cty_tree_inclusion(&tree, old, size, &proof));
        assert_ok(cty_tree_inclusion_verify(&leaf, old, size, &root, &proof));
    }
}

static void the_tree_is_right_around_every_tile(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {1, 2, 3, 128, 255, 256, 257, 511, 512, 513, 767, 1024, 1500};
    struct cty_store *store = desk_create(&desk);
    struct cty_frontier frontier = {0};
    for (size_t i = 0; i < CTY_COUNT_OF(sizes); i++) {
        assert_ok(append_small(store, sizes[i] - frontier.size, &frontier));
        prove_all(cty_store_view(store), sizes[i]);
        struct cty_store_reader *reader = desk_reader(&desk);
        assert_ok(cty_store_begin_read(reader, NULL));
        prove_all(reader, sizes[i]);
        cty_store_reader_close(reader);
    }
    cty_store_close(store);
}

/* Past 65,536 leaves there is a third level; past 44 tiles of the bottom the slots are used again. */
static void the_tree_is_right_when_it_is_high(void **state)
{
    (void)state;
    struct cty_store *store = desk_create(&desk);
    struct cty_frontier frontier = {0};
    while (frontier.size < 66000) {
        assert_ok(append_small(store, 5500, &frontier));
        if (frontier.size == 33000) {
            cty_store_close(store);
            store = desk_open(&desk);
        }
    }
    struct cty_store_reader *reader = desk_reader(&desk);
    assert_ok(cty_store_begin_read(reader, NULL));
    prove_all(reader, frontier.size);
    cty_store_end_read(reader);
    assert_ok(append_small(store, 5000, &frontier));
    assert_ok(cty_store_begin_read(reader, NULL));
    prove_all(reader, frontier.size);
    prove_all(cty_store_view(store), frontier.size);
    cty_store_reader_close(reader);
    cty_store_close(store);
}

/* --- check before sign -------------------------------------------------------------------------------------- */

static custody_err try_check(struct cty_store *store, custody_error *error)
{
    struct cty_store_mark mark;
    return cty_store_check(store, &mark, error);
}

static void a_wrong_leaf_is_never_signed(void **state)
{
    (void)state;
    struct cty_store *store = desk_create(&desk);
    custody_error error = {0};
    uint64_t index = 7;
    struct cty_store_entry entry = {index, CTY_STORE_NO_CASE, false, cty_bytes_make(&index, sizeof(index))};
    struct cty_hash leaf = cty_tree_leaf(entry.body);
    assert_ok(desk_append(store, 7));
    assert_ok(cty_store_begin(store, NULL));
    leaf.bytes[0] ^= 1;
    assert_ok(cty_store_append(store, &entry, &leaf, NULL));
    assert_refused(try_check(store, &error), "store-altered");
    assert_non_null(strstr(error.detail, "another entry at 7"));
    assert_true(cty_store_is_poisoned(store));
    cty_store_close(store);
    assert_int_equal(desk_reopen(&desk), 7);
}

/* What another hand changed under a running writer is seen before the next signature. */
static void an_altered_edge_is_never_signed(void **state)
{
    (void)state;
    static const char *const statements[] = {
        "UPDATE tile SET hashes = CAST(hashes || hex(zeroblob(16)) AS BLOB) WHERE level = 0 AND idx = 1",
        "UPDATE checkpoint SET root = zeroblob(32)",
        "DELETE FROM checkpoint",
        "INSERT INTO checkpoint SELECT 400, root, note FROM checkpoint",
        "INSERT INTO entry VALUES (301, NULL, 0, x'7b7d')",
        "INSERT INTO entry VALUES (310, NULL, 0, x'7b7d')",
    };
    for (size_t i = 0; i < CTY_COUNT_OF(statements); i++) {
        struct cty_store *store = desk_create(&desk);
        assert_ok(desk_append(store, 300));
        desk_tamper(&desk, statements[i]);
        assert_ok(cty_store_begin(store, NULL));
        custody_err err = desk_put_entry(store, 300);
        if (err == CUSTODY_OK)
            err = try_check(store, NULL);
        /* The tile is rewritten whole from memory, so its alteration is undone and not seen. */
        assert_refused(err, i == 0 ? "ok" : "store-altered");
        assert_true(cty_store_is_poisoned(store) == (i != 0));
        cty_store_close(store);
        desk_remove(&desk);
        desk_make(&desk);
    }
}

/* A reader remembers the part of a tile that it read; a rewritten past is refused, not proved from. */
static void a_rewritten_past_is_seen(void **state)
{
    (void)state;
    struct cty_hash hash;
    struct cty_store *store = desk_create(&desk);
    struct cty_store_reader *reader = desk_reader(&desk);
    struct cty_tree_reader tree = cty_store_tree(reader);
    assert_ok(desk_append(store, 30));
    assert_ok(cty_store_begin_read(reader, NULL));
    assert_ok(tree.node(tree.context, 0, 3, &hash));
    cty_store_end_read(reader);
    desk_tamper(&desk, "UPDATE tile SET hashes = zeroblob(960)");
    assert_ok(cty_store_begin_read(reader, NULL));
    assert_refused(tree.node(tree.context, 0, 3, &hash), "store-altered");
    cty_store_reader_close(reader);
    cty_store_close(store);
}

/* --- one tile ---------------------------------------------------------------------------------------------- */

static void a_tile_gives_what_its_hashes_give(void **state)
{
    (void)state;
    static struct cty_tile tile;
    cty_tile_clear(&tile, 0, 5);
    for (unsigned count = 0; count <= CTY_TILE_WIDTH; count++) {
        assert_int_equal(cty_tile_hashes(&tile).size, count * CTY_HASH_SIZE);
        for (unsigned height = 0; height < CTY_TILE_HEIGHT; height++) {
            unsigned whole = count >> height;
            struct cty_tile_place place = cty_tile_place_of(height, (5u * CTY_TILE_WIDTH >> height) + whole);
            assert_null(cty_tile_get(&tile, &place));
            if (whole == 0)
                continue;
            place = cty_tile_place_of(height, (5u * CTY_TILE_WIDTH >> height) + whole - 1);
            assert_int_equal(place.index, 5);
            assert_non_null(cty_tile_get(&tile, &place));
        }
        if (count < CTY_TILE_WIDTH) {
            struct cty_hash hash = desk_hash("leaf", count);
            cty_tile_push(&tile, &hash);
        }
    }
    struct cty_tile_place elsewhere = cty_tile_place_of(0, 4 * CTY_TILE_WIDTH);
    assert_null(cty_tile_get(&tile, &elsewhere));
    elsewhere = cty_tile_place_of(8, 5 * CTY_TILE_WIDTH);
    assert_int_equal(elsewhere.level, 1);
    assert_null(cty_tile_get(&tile, &elsewhere));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_tree_is_right_around_every_tile),
        CASE(the_tree_is_right_when_it_is_high),
        CASE(a_wrong_leaf_is_never_signed),
        CASE(an_altered_edge_is_never_signed),
        CASE(a_rewritten_past_is_seen),
        CASE(a_tile_gives_what_its_hashes_give),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
