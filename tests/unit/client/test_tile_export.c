/* SPDX-License-Identifier: Apache-2.0 */
/* Tiles exported to a folder: complete, proven, in an order that bears an end anywhere; and what lies get. */
#include "tile_rig.h"

#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/tile_export.h"
#include "client/tiles.h"

struct place {
    struct tile_rig rig;
    char folder[64];
    struct cty_export *export;
    unsigned asked;   /* `stopped`, in all */
    unsigned stop_at; /* 0: never */
    uint64_t told;
};

static bool stopped(void *context)
{
    struct place *place = context;
    return ++place->asked == place->stop_at;
}

static void progress(void *context, uint64_t done, uint64_t total)
{
    struct place *place = context;
    assert_true(done >= 1 && done <= total);
    place->told = done;
}

static void open_export(struct place *place, bool entries)
{
    const struct cty_export_config config = {.files = &place->rig.files,
                                             .folder = place->folder,
                                             .entries = entries,
                                             .stopped = stopped,
                                             .progress = progress,
                                             .context = place};
    custody_error error = {0};
    if (cty_export_open(&config, &place->export, &error) != CUSTODY_OK)
        fail_msg("%s", error.detail);
}

static void close_export(struct place *place)
{
    cty_export_close(place->export);
    place->export = NULL;
}

static void place_open(struct place *place, uint64_t size, bool entries)
{
    *place = (struct place){.stop_at = 0};
    tile_rig_open(&place->rig, size);
    snprintf(place->folder, sizeof(place->folder), "/tmp/custody-export-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    assert_int_equal(rmdir(place->folder), 0);
    open_export(place, entries);
}

static void place_close(struct place *place)
{
    close_export(place);
    tile_rig_close(&place->rig);
    tile_rig_remove(place->folder);
}

static struct cty_checkpoint checkpoint_of(struct place *place, uint64_t size)
{
    return (struct cty_checkpoint){.origin = CTY_LITERAL("ledger.example/test"), .size = size, .root = tile_rig_root(&place->rig, size)};
}

/* A note that tells its size; whose it is, is nobody's matter here. */
static custody_err publish(struct place *place, uint64_t size, uint64_t before, custody_error *error)
{
    char note[24];
    const struct cty_checkpoint now = checkpoint_of(place, size);
    const struct cty_checkpoint then = checkpoint_of(place, before ? before : 1);
    snprintf(note, sizeof(note), "%llu", (unsigned long long)size);
    place->rig.published = size;
    return cty_export_publish(place->export, &now, cty_bytes_text(note), before ? &then : NULL, NULL, error);
}

static uint64_t published(struct place *place)
{
    struct cty_bytes note;
    uint64_t size = 0;
    assert_ok(cty_export_published(place->export, &note, NULL));
    if (note.size > 0)
        assert_ok(cty_u64_parse(note, CTY_TREE_SIZE_MAX, &size));
    return size;
}

static bool has(const struct place *place, const char *name)
{
    char path[160];
    struct stat status;
    snprintf(path, sizeof(path), "%s/%s", place->folder, name);
    return stat(path, &status) == 0;
}

/* All of the tree of that size stands in the folder, and proves itself. */
static void expect_whole(struct place *place, uint64_t size, bool entries)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf bundle = CTY_BUF_INIT(CTY_TILE_BUNDLE_BYTES_MAX);
    struct cty_tile_files files;
    struct cty_tiles *tiles = NULL;
    const struct cty_hash root = tile_rig_root(&place->rig, size);
    assert_ok(cty_tile_folder_open(place->folder, &files, NULL));
    assert_ok(cty_tiles_new(&files, &tiles));
    assert_ok(cty_tiles_trust(tiles, size, &root, NULL));
    for (unsigned level = 0; level < 3; level++) {
        for (uint64_t n = 0; n < cty_tile_count(size, level); n++) {
            struct cty_bytes hashes;
            assert_ok(cty_tiles_get(tiles, level, n, &hashes, NULL));
        }
    }
    for (uint64_t n = 0; entries && n < cty_tile_count(size, 0); n++) {
        struct cty_bytes texts[CTY_TILE_WIDTH];
        unsigned count = 0;
        assert_ok(cty_tiles_entries(tiles, n, &bundle, texts, &count, NULL));
    }
    cty_tiles_free(tiles);
    cty_tile_files_done(&files);
}

static void each_checkpoint_is_whole(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {1, 2, 255, 256, 257, 300, 512, 600, 65536, 65537, 66000};
    struct place place;
    place_open(&place, 66000, true);
    assert_int_equal(published(&place), 0);
    for (size_t i = 0; i < CTY_COUNT_OF(sizes); i++) {
        custody_error error = {0};
        if (publish(&place, sizes[i], i ? sizes[i - 1] : 0, &error) != CUSTODY_OK)
            fail_msg("%llu: %s", (unsigned long long)sizes[i], error.detail);
        assert_int_equal(published(&place), sizes[i]);
        expect_whole(&place, sizes[i], true);
        assert_int_equal(place.told, cty_tile_count(sizes[i], 0));
    }
    assert_true(has(&place, "tile/entries/257.p/208"));
    assert_true(has(&place, "tile/1/001.p/1"));
    assert_true(has(&place, "tile/2/000.p/1"));
    assert_false(has(&place, ".custody-new"));
    place_close(&place);
}

/* Whoever still reads an older checkpoint finds its partial tiles until the full ones are there. */
static void partial_tiles_stay_until_the_full_one_is_there(void **state)
{
    (void)state;
    struct place place;
    place_open(&place, 700, true);
    assert_ok(publish(&place, 300, 0, NULL));
    assert_ok(publish(&place, 301, 300, NULL));
    assert_true(has(&place, "tile/0/001.p/44"));
    assert_true(has(&place, "tile/0/001.p/45"));
    assert_true(has(&place, "tile/entries/001.p/44"));
    expect_whole(&place, 300, true);
    assert_ok(publish(&place, 512, 301, NULL));
    assert_false(has(&place, "tile/0/001.p"));
    assert_false(has(&place, "tile/entries/001.p"));
    assert_true(has(&place, "tile/1/000.p/1"));
    expect_whole(&place, 300, true);
    expect_whole(&place, 512, true);
    place_close(&place);
}

static void entries_are_left_out_where_that_is_said(void **state)
{
    (void)state;
    struct place place;
    place_open(&place, 600, false);
    assert_ok(publish(&place, 600, 0, NULL));
    expect_whole(&place, 600, false);
    assert_false(has(&place, "tile/entries"));
    /* And added where it is said otherwise later, those of old as well. */
    close_export(&place);
    open_export(&place, true);
    assert_int_equal(published(&place), 600);
    assert_ok(publish(&place, 600, 600, NULL));
    expect_whole(&place, 600, true);
    place_close(&place);
}

/* Ended before every single file in turn: what is published is whole each time, and the next run goes on. */
static void an_end_anywhere_leaves_what_is_published_whole(void **state)
{
    (void)state;
    struct place place;
    unsigned ends = 0;
    bool done = false;
    place_open(&place, 1000, true);
    assert_ok(publish(&place, 300, 0, NULL));
    for (unsigned stop_at = 1; !done; stop_at++) {
        close_export(&place);
        open_export(&place, true);
        place.asked = 0;
        place.stop_at = stop_at;
        uint64_t before = published(&place);
        assert_true(before == 300 || before == 1000);
        custody_err err = publish(&place, 1000, before, NULL);
        done = err == CUSTODY_OK;
        if (!done) {
            assert_refused(err, "wait-interrupted");
            assert_int_equal(published(&place), 300);
            expect_whole(&place, 300, true);
            ends++;
        }
    }
    assert_int_equal(published(&place), 1000);
    expect_whole(&place, 1000, true);
    /* Four bundles, five tiles, and both again when they are read. */
    assert_int_equal(ends, 18);
    place_close(&place);
}

static void remove_full(const struct place *place)
{
    glob_t found;
    char pattern[120];
    snprintf(pattern, sizeof(pattern), "%s/tile/*/00[0-9]", place->folder);
    int missing = glob(pattern, 0, NULL, &found);
    assert_true(missing == 0 || missing == GLOB_NOMATCH);
    globfree(&found);
    if (missing == 0)
        tile_rig_unlink(pattern);
}

/* Every file that is read, failing or lying, in turn: nothing is published. */
static void a_lie_is_not_published(void **state)
{
    (void)state;
    static const enum rig_lie lies[] = {RIG_FLIPS, RIG_CUTS, RIG_HIDES, RIG_FAILS};
    struct place place;
    place_open(&place, 600, true);
    assert_ok(publish(&place, 200, 0, NULL));
    for (size_t i = 0; i < CTY_COUNT_OF(lies); i++) {
        for (unsigned kind = 0; kind < 2; kind++) {
            for (uint64_t n = 0; n < 3; n++) {
                const enum cty_tile_kind which = kind ? CTY_TILE_ENTRIES : CTY_TILE_HASHES;
                custody_error error = {0};
                tile_rig_lie(&place.rig, lies[i], which, 0, n, cty_tile_width(600, 0, n), 9);
                assert_true(publish(&place, 600, 200, &error) != CUSTODY_OK);
                assert_true(error.code != CUSTODY_OK);
                assert_int_equal(published(&place), 200);
                expect_whole(&place, 200, true);
                close_export(&place);
                remove_full(&place);
                open_export(&place, true);
            }
        }
    }
    tile_rig_lie(&place.rig, RIG_HONEST, CTY_TILE_HASHES, 0, 0, 0, 0);
    assert_ok(publish(&place, 600, 200, NULL));
    expect_whole(&place, 600, true);
    place_close(&place);
}

static void another_tree_is_a_split_view(void **state)
{
    (void)state;
    struct place place;
    struct cty_export_fork fork;
    custody_error error = {0};
    place_open(&place, 600, true);
    assert_ok(publish(&place, 300, 0, NULL));
    struct cty_checkpoint then = checkpoint_of(&place, 300);
    const struct cty_hash honest = then.root;
    const struct cty_checkpoint now = checkpoint_of(&place, 600);
    then.root.bytes[0] ^= 1;
    place.rig.published = 600;
    assert_refused(cty_export_publish(place.export, &now, CTY_LITERAL("600"), &then, &fork, &error), "split-view");
    assert_int_equal(published(&place), 300);
    /* The proof shows what the tree truly begins with. */
    assert_hash_equal(&fork.root, &honest);
    assert_ok(cty_tree_consistency_verify(300, &fork.root, 600, &now.root, &fork.proof));
    /* Of one size too. */
    then.size = 600;
    assert_refused(cty_export_publish(place.export, &now, CTY_LITERAL("600"), &then, NULL, &error), "split-view");
    place_close(&place);
}

static void a_ledger_that_went_back_is_refused(void **state)
{
    (void)state;
    struct place place;
    custody_error error = {0};
    place_open(&place, 600, true);
    assert_ok(publish(&place, 600, 0, NULL));
    assert_refused(publish(&place, 599, 600, &error), "went-back");
    assert_non_null(strstr(error.detail, "size 599, and 600 is published"));
    assert_int_equal(published(&place), 600);
    place_close(&place);
}

/* What was spoilt in the folder is found when it is read again. */
static void a_spoilt_folder_is_not_published_over(void **state)
{
    (void)state;
    struct place place;
    custody_error error = {0};
    char path[128];
    place_open(&place, 600, true);
    assert_ok(publish(&place, 300, 0, NULL));
    close_export(&place);
    snprintf(path, sizeof(path), "%s/tile/0/000", place.folder);
    FILE *file = fopen(path, "r+");
    assert_non_null(file);
    assert_int_equal(fputc('x', file), 'x');
    assert_int_equal(fclose(file), 0);
    open_export(&place, true);
    assert_refused(publish(&place, 600, 300, &error), "proof-invalid");
    assert_non_null(strstr(error.detail, "in the folder"));
    assert_int_equal(published(&place), 300);
    assert_int_equal(unlink(path), 0);
    assert_ok(publish(&place, 600, 300, NULL));
    expect_whole(&place, 600, true);
    place_close(&place);
}

static void one_writes_at_a_time(void **state)
{
    (void)state;
    struct place place;
    struct cty_export *other = NULL;
    custody_error error = {0};
    place_open(&place, 3, true);
    const struct cty_export_config config = {.files = &place.rig.files, .folder = place.folder};
    assert_refused(cty_export_open(&config, &other, &error), "busy");
    assert_null(other);
    close_export(&place);
    assert_ok(cty_export_open(&config, &other, &error));
    cty_export_close(other);
    place_close(&place);
}

static void what_cant_be_written_is_told(void **state)
{
    (void)state;
    struct cty_export *export = NULL;
    struct tile_rig rig;
    custody_error error = {0};
    tile_rig_open(&rig, 3);
    struct cty_export_config config = {.files = &rig.files, .folder = "/nowhere/at/all"};
    assert_refused(cty_export_open(&config, &export, &error), "io");
    config.folder = "/etc/passwd";
    assert_refused(cty_export_open(&config, &export, &error), "io");
    assert_null(export);
    tile_rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_checkpoint_is_whole),
        cmocka_unit_test(partial_tiles_stay_until_the_full_one_is_there),
        cmocka_unit_test(entries_are_left_out_where_that_is_said),
        cmocka_unit_test(an_end_anywhere_leaves_what_is_published_whole),
        cmocka_unit_test(a_lie_is_not_published),
        cmocka_unit_test(another_tree_is_a_split_view),
        cmocka_unit_test(a_ledger_that_went_back_is_refused),
        cmocka_unit_test(a_spoilt_folder_is_not_published_over),
        cmocka_unit_test(one_writes_at_a_time),
        cmocka_unit_test(what_cant_be_written_is_told),
    };
    return cmocka_run_group_tests(tests, crypto_setup, NULL);
}
