/* SPDX-License-Identifier: Apache-2.0 */
/* Names of tiles: one spelling for each, and which of them a tree has. */
#include <inttypes.h>

#include "ledger/tile_path.h"
#include "unit/support.h"

#define ENTRIES CTY_TILE_ENTRIES
#define HASHES CTY_TILE_HASHES

static const struct {
    const char *text;
    struct cty_tile_path path;
} lawful[] = {
    {"checkpoint", {CTY_TILE_CHECKPOINT, 0, 0, 0}},
    {"tile/0/000", {HASHES, 0, 0, 256}},
    {"tile/0/000.p/1", {HASHES, 0, 0, 1}},
    {"tile/0/000.p/255", {HASHES, 0, 0, 255}},
    {"tile/1/001.p/17", {HASHES, 1, 1, 17}},
    {"tile/63/000.p/1", {HASHES, 63, 0, 1}},
    {"tile/9/999", {HASHES, 9, 999, 256}},
    {"tile/10/x001/000", {HASHES, 10, 1000, 256}},
    {"tile/0/x001/234.p/9", {HASHES, 0, 1234, 9}},
    {"tile/0/x001/x234/067", {HASHES, 0, 1234067, 256}},
    {"tile/0/x999/x000/000", {HASHES, 0, 999000000, 256}},
    {"tile/entries/000", {ENTRIES, 0, 0, 256}},
    {"tile/entries/273.p/112", {ENTRIES, 0, 273, 112}},
    {"tile/entries/x001/x234/067.p/8", {ENTRIES, 0, 1234067, 8}},
    {"tile/entries/x018/x446/x744/x073/x709/x551/615.p/255", {ENTRIES, 0, UINT64_MAX, 255}},
    {"tile/63/x018/x446/x744/x073/x709/x551/615", {HASHES, 63, UINT64_MAX, 256}},
};

static const char *const bad[] = {
    "", "/", "/checkpoint", "checkpoint/", "checkpoint ", "Checkpoint", "checkpoints", "chec", "tile", "tile/", "tile/0", "tile/0/",
    "/tile/0/000", "tile//000", "tile/0//000", "tile/entries", "tile/entries/", "tile/entrie/000", "tile/Entries/000", "tiles/0/000",
    /* levels */
    "tile/00/000", "tile/01/000", "tile/64/000", "tile/100/000", "tile/-1/000", "tile/+1/000", "tile/a/000", "tile/0x1/000",
    "tile/18446744073709551616/000", "tile/ 1/000", "tile/data/000", "tile/8/0/000",
    /* zeros, too few and too many */
    "tile/0/0", "tile/0/00", "tile/0/0000", "tile/0/1", "tile/0/1234", "tile/0/x000/000", "tile/0/x000/001", "tile/0/x000/x001/000",
    "tile/0/x1/000", "tile/0/x01/000", "tile/0/x0001/000", "tile/0/x001/00", "tile/0/x001/0000", "tile/0/x001/0",
    /* groups */
    "tile/0/001/000", "tile/0/x001", "tile/0/x001/", "tile/0/x001/x000", "tile/0/X001/000", "tile/0/x001/x234/067/", "tile/0/x001//000",
    "tile/0/x001x234/067", "tile/0/x001/234/067", "tile/0/x018/x446/x744/x073/x709/x551/616", "tile/0/x999/x999/x999/x999/x999/x999/999",
    "tile/0/x001/x000/x000/x000/x000/x000/x000/000", "tile/0/0a0", "tile/0/x00a/000", "tile/0/-01", "tile/0/+01", "tile/0/ 01",
    /* widths */
    "tile/0/000.p", "tile/0/000.p/", "tile/0/000.p/0", "tile/0/000.p/00", "tile/0/000.p/01", "tile/0/000.p/001", "tile/0/000.p/256",
    "tile/0/000.p/1000", "tile/0/000.p/-1", "tile/0/000.p/1/", "tile/0/000.p/1/2", "tile/0/000.p/x001", "tile/0/000p/1", "tile/0/000.P/1",
    "tile/0/000/1", "tile/0/000.p1", "tile/0/000.p/18446744073709551617", "tile/0/x001.p/1/000", "tile/0/000.p/ 1", "tile/0/000.p/1 ",
    /* what a file server would make something of */
    "tile/0/..", "tile/../tile/0/000", "../checkpoint", "tile/0/../0/000", "./checkpoint", "tile/./0/000", "tile/0/000/..",
    "tile%2f0/000", "tile/0/%30%30%30", "tile/0/000.p%2f1", "tile\\0\\000", "tile/0/000?x", "tile/0/000#", "tile/0/000.gz",
    "tile/0/000\n", "tile/0/\xc3\xa9\x30",
};

static void each_path_has_one_spelling(void **state)
{
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(lawful); i++) {
        struct cty_tile_path path;
        char text[CTY_TILE_PATH_SIZE];
        assert_ok(cty_tile_path_parse(cty_bytes_text(lawful[i].text), &path));
        assert_int_equal(path.kind, lawful[i].path.kind);
        assert_int_equal(path.level, lawful[i].path.level);
        assert_int_equal(path.index, lawful[i].path.index);
        assert_int_equal(path.width, lawful[i].path.width);
        cty_tile_path_format(&path, text);
        assert_string_equal(text, lawful[i].text);
    }
}

static void other_spellings_are_none(void **state)
{
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(bad); i++) {
        struct cty_tile_path path = {.width = 77};
        if (cty_tile_path_parse(cty_bytes_text(bad[i]), &path) != CUSTODY_E_BAD_PARAMS)
            fail_msg("taken: %s", bad[i]);
        assert_int_equal(path.width, 77);
    }
    assert_refused(cty_tile_path_parse(cty_bytes_make("checkpoint\0", 11), &(struct cty_tile_path){.width = 0}), "bad-params");
    assert_refused(cty_tile_path_parse(cty_bytes_make("tile/0/000\0", 11), &(struct cty_tile_path){.width = 0}), "bad-params");
}

/* Cut anywhere and with any byte changed it is another path or none, never the same one. */
static void what_is_near_is_another_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(lawful); i++) {
        char text[CTY_TILE_PATH_SIZE], again[CTY_TILE_PATH_SIZE];
        struct cty_tile_path path;
        size_t size = strlen(lawful[i].text);
        for (size_t at = 0; at < size; at++) {
            if (cty_tile_path_parse(cty_bytes_make(lawful[i].text, at), &path) == CUSTODY_OK) {
                cty_tile_path_format(&path, again);
                assert_int_equal(strlen(again), at);
            }
            for (unsigned flip = 1; flip < 256; flip++) {
                memcpy(text, lawful[i].text, size + 1);
                text[at] = (char)((unsigned char)text[at] ^ flip);
                if (cty_tile_path_parse(cty_bytes_make(text, size), &path) != CUSTODY_OK)
                    continue;
                cty_tile_path_format(&path, again);
                assert_memory_equal(again, text, size + 1);
            }
        }
    }
}

static void every_level_and_width_there_is(void **state)
{
    (void)state;
    for (unsigned level = 0; level <= CTY_TILE_LEVEL_MAX; level++) {
        for (unsigned width = 1; width <= CTY_TILE_WIDTH; width++) {
            struct cty_tile_path path = {HASHES, level, (uint64_t)level * 1000003, width}, again;
            char text[CTY_TILE_PATH_SIZE];
            cty_tile_path_format(&path, text);
            assert_ok(cty_tile_path_parse(cty_bytes_text(text), &again));
            assert_int_equal(again.level, level);
            assert_int_equal(again.width, width);
            assert_int_equal(again.index, path.index);
        }
    }
}

/* --- what a tree has -------------------------------------------------------------------------------------------- */

/* The examples of tlog-tiles: 256 and 70,000 leaves. */
static void trees_have_the_tiles_that_their_size_implies(void **state)
{
    (void)state;
    assert_int_equal(cty_tile_count(0, 0), 0);
    assert_int_equal(cty_tile_width(0, 0, 0), 0);
    assert_int_equal(cty_tile_width(1, 0, 0), 1);
    assert_int_equal(cty_tile_count(255, 0), 1);
    assert_int_equal(cty_tile_width(255, 0, 0), 255);
    assert_int_equal(cty_tile_count(255, 1), 0);
    assert_int_equal(cty_tile_count(256, 0), 1);
    assert_int_equal(cty_tile_width(256, 0, 0), 256);
    assert_int_equal(cty_tile_width(256, 0, 1), 0);
    assert_int_equal(cty_tile_width(256, 1, 0), 1);
    assert_int_equal(cty_tile_count(257, 0), 2);
    assert_int_equal(cty_tile_width(257, 0, 1), 1);
    assert_int_equal(cty_tile_width(257, 1, 0), 1);
    assert_int_equal(cty_tile_count(70000, 0), 274);
    assert_int_equal(cty_tile_width(70000, 0, 272), 256);
    assert_int_equal(cty_tile_width(70000, 0, 273), 112);
    assert_int_equal(cty_tile_width(70000, 0, 274), 0);
    assert_int_equal(cty_tile_count(70000, 1), 2);
    assert_int_equal(cty_tile_width(70000, 1, 0), 256);
    assert_int_equal(cty_tile_width(70000, 1, 1), 17);
    assert_int_equal(cty_tile_count(70000, 2), 1);
    assert_int_equal(cty_tile_width(70000, 2, 0), 1);
    assert_int_equal(cty_tile_count(70000, 3), 0);
    assert_int_equal(cty_tile_width(65536, 1, 0), 256);
    assert_int_equal(cty_tile_width(65536, 2, 0), 1);
    assert_int_equal(cty_tile_width(65535, 1, 0), 255);
    assert_int_equal(cty_tile_width(65535, 2, 0), 0);
    /* The largest numbers do no harm. */
    assert_int_equal(cty_tile_width(UINT64_MAX, 7, 0), 255);
    for (unsigned level = 8; level <= CTY_TILE_LEVEL_MAX; level++)
        assert_int_equal(cty_tile_width(UINT64_MAX, level, 0), 0);
    assert_int_equal(cty_tile_width(UINT64_MAX, 0, UINT64_MAX), 0);
    assert_int_equal(cty_tile_width(UINT64_MAX, 0, UINT64_MAX >> 8), 255);
    assert_int_equal(cty_tile_count(UINT64_MAX, 0), (UINT64_MAX >> 8) + 1);
}

static bool has(const char *text, uint64_t size)
{
    struct cty_tile_path path;
    assert_ok(cty_tile_path_parse(cty_bytes_text(text), &path));
    return cty_tile_path_exists(&path, size);
}

static void what_is_beyond_the_tree_is_not_there(void **state)
{
    (void)state;
    assert_true(has("checkpoint", 0));
    assert_false(has("tile/0/000.p/1", 0));
    assert_true(has("tile/0/000.p/1", 1));
    assert_false(has("tile/0/000.p/2", 1));
    assert_true(has("tile/entries/000.p/1", 1));
    assert_false(has("tile/entries/000.p/2", 1));
    assert_false(has("tile/0/000", 255));
    assert_true(has("tile/0/000", 256));
    assert_true(has("tile/0/000.p/255", 256));
    assert_true(has("tile/0/000.p/255", 1000000));
    assert_false(has("tile/0/001.p/1", 256));
    assert_true(has("tile/0/001.p/1", 257));
    assert_false(has("tile/1/000.p/1", 255));
    assert_true(has("tile/1/000.p/1", 256));
    assert_false(has("tile/1/000.p/2", 511));
    assert_true(has("tile/1/000.p/2", 512));
    assert_false(has("tile/entries/x001/000", 256256 - 1));
    assert_true(has("tile/entries/x001/000", 256256));
    assert_false(has("tile/63/000.p/1", CTY_TREE_SIZE_MAX));
    assert_false(has("tile/entries/x018/x446/x744/x073/x709/x551/615", CTY_TREE_SIZE_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_path_has_one_spelling),
        cmocka_unit_test(other_spellings_are_none),
        cmocka_unit_test(what_is_near_is_another_one),
        cmocka_unit_test(every_level_and_width_there_is),
        cmocka_unit_test(trees_have_the_tiles_that_their_size_implies),
        cmocka_unit_test(what_is_beyond_the_tree_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
