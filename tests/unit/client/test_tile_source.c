/* SPDX-License-Identifier: Apache-2.0 */
/* Tiles in a folder, and an audit's source out of them. */
#include "tile_rig.h"

#include <sys/stat.h>
#include <unistd.h>

#include "client/tile_source.h"
#include "client/tiles.h"

struct place {
    struct tile_rig rig;
    char folder[64];
    struct cty_audit_source source;
};

static void put_note(struct tile_rig *rig, const char *size)
{
    cty_buf_clear(&rig->note);
    assert_ok(cty_buf_putf(&rig->note,
                           "ledger.example/test\n%s\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n"
                           "\xe2\x80\x94 ledger.example/test "
                           "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n",
                           size));
}

static void place_open(struct place *place, uint64_t size)
{
    char text[24];
    struct cty_tile_files files;
    tile_rig_open(&place->rig, size);
    snprintf(text, sizeof(text), "%llu", (unsigned long long)size);
    put_note(&place->rig, text);
    snprintf(place->folder, sizeof(place->folder), "/tmp/custody-tiles-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    tile_rig_write_all(&place->rig, place->folder);
    assert_ok(cty_tile_folder_open(place->folder, &files, NULL));
    assert_ok(cty_tile_source(&files, &place->source, NULL));
    assert_null(files.context);
}

static void place_close(struct place *place)
{
    place->source.done(place->source.context);
    tile_rig_close(&place->rig);
    tile_rig_remove(place->folder);
}

struct told {
    uint64_t next;
    unsigned calls;
};

static custody_err expect_in_order(void *context, uint64_t first, const struct cty_bytes *texts, size_t count)
{
    struct told *told = context;
    assert_int_equal(first, told->next);
    assert_true(count >= 1 && count <= CTY_SOURCE_BATCH_MAX);
    for (size_t i = 0; i < count; i++) {
        const struct cty_hash leaf = cty_tree_leaf(texts[i]);
        const struct cty_hash wanted = leaf_of(first + i);
        assert_hash_equal(&leaf, &wanted);
    }
    told->next += count;
    told->calls++;
    return CUSTODY_OK;
}

static void read_note(struct place *place)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    assert_ok(place->source.checkpoint(place->source.context, &note, NULL));
    assert_true(cty_bytes_equal(cty_buf_bytes(&note), cty_buf_bytes(&place->rig.note)));
}

static void entries_come_in_order(void **state)
{
    (void)state;
    static const uint64_t from[] = {0, 0, 1, 255, 256, 300, 767, 768, 799, 5};
    static const uint64_t count[] = {800, 1, 799, 2, 256, 300, 2, 32, 1, 0};
    struct place place;
    place_open(&place, 800);
    read_note(&place);
    for (size_t i = 0; i < CTY_COUNT_OF(from); i++) {
        struct told told = {.next = from[i]};
        assert_ok(place.source.entries(place.source.context, from[i], count[i], expect_in_order, &told, NULL));
        assert_int_equal(told.next, from[i] + count[i]);
    }
    place_close(&place);
}

static void what_is_missing_is_a_gap(void **state)
{
    (void)state;
    struct place place;
    char path[128];
    struct told told = {.next = 0};
    custody_error error = {0};
    place_open(&place, 800);
    read_note(&place);
    assert_refused(place.source.entries(place.source.context, 0, 801, expect_in_order, &told, &error), "gap");
    assert_int_equal(told.next, 800);
    assert_string_equal(error.detail, "entry 800");
    assert_refused(place.source.entries(place.source.context, UINT64_MAX, 2, expect_in_order, &told, &error), "bad-params");
    snprintf(path, sizeof(path), "%s/tile/entries/001", place.folder);
    assert_int_equal(unlink(path), 0);
    told.next = 200;
    assert_refused(place.source.entries(place.source.context, 200, 300, expect_in_order, &told, &error), "gap");
    assert_int_equal(told.next, 256);
    assert_string_equal(error.detail, "entry 256");
    place_close(&place);
}

static void a_file_that_is_no_bundle_hinders(void **state)
{
    (void)state;
    struct place place;
    char path[128];
    struct told told = {.next = 256};
    custody_error error = {0};
    place_open(&place, 800);
    read_note(&place);
    snprintf(path, sizeof(path), "%s/tile/entries/001", place.folder);
    assert_int_equal(truncate(path, 2559), 0);
    assert_refused(place.source.entries(place.source.context, 256, 3, expect_in_order, &told, &error), "bad-tile");
    assert_non_null(strstr(error.detail, "tile/entries/001"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_refused(place.source.entries(place.source.context, 256, 3, expect_in_order, &told, &error), "io");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_refused(place.source.entries(place.source.context, 256, 3, expect_in_order, &told, &error), "io");
    assert_int_equal(told.calls, 0);
    place_close(&place);
}

static custody_err refuse(void *context, uint64_t first, const struct cty_bytes *texts, size_t count)
{
    (void)first;
    (void)texts;
    (void)count;
    ++*(unsigned *)context;
    return CUSTODY_E_DECLINED;
}

static void who_has_enough_ends_it(void **state)
{
    (void)state;
    struct place place;
    unsigned calls = 0;
    place_open(&place, 800);
    read_note(&place);
    assert_refused(place.source.entries(place.source.context, 0, 800, refuse, &calls, NULL), "declined");
    assert_int_equal(calls, 1);
    place_close(&place);
}

static void a_note_that_is_none_is_refused(void **state)
{
    (void)state;
    static const struct cty_tile_path checkpoint = {.kind = CTY_TILE_CHECKPOINT};
    CTY_CLEANUP(cty_buf_done) struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    struct place place;
    char path[128];
    place_open(&place, 3);
    put_note(&place.rig, "03");
    tile_rig_write(&place.rig, place.folder, &checkpoint);
    assert_refused(place.source.checkpoint(place.source.context, &note, NULL), "bad-note");
    snprintf(path, sizeof(path), "%s/checkpoint", place.folder);
    assert_int_equal(truncate(path, CTY_NOTE_BYTES_MAX + 1), 0);
    assert_refused(place.source.checkpoint(place.source.context, &note, NULL), "too-large");
    assert_int_equal(unlink(path), 0);
    assert_refused(place.source.checkpoint(place.source.context, &note, NULL), "not-found");
    assert_int_equal(note.size, 0);
    put_note(&place.rig, "3");
    tile_rig_write(&place.rig, place.folder, &checkpoint);
    assert_ok(place.source.checkpoint(place.source.context, &note, NULL));
    place_close(&place);
}

static void a_folder_is_proven_like_any_other(void **state)
{
    (void)state;
    struct place place;
    struct cty_tile_files files;
    struct cty_tiles *tiles = NULL;
    struct cty_bytes hashes;
    char path[128];
    place_open(&place, 800);
    const struct cty_hash root = tile_rig_root(&place.rig, 800);
    assert_ok(cty_tile_folder_open(place.folder, &files, NULL));
    assert_ok(cty_tiles_new(&files, &tiles));
    assert_ok(cty_tiles_trust(tiles, 800, &root, NULL));
    assert_ok(cty_tiles_get(tiles, 0, 2, &hashes, NULL));
    snprintf(path, sizeof(path), "%s/tile/0/001", place.folder);
    assert_int_equal(unlink(path), 0);
    assert_refused(cty_tiles_get(tiles, 0, 1, &hashes, NULL), "not-found");
    cty_tiles_free(tiles);
    cty_tile_files_done(&files);
    place_close(&place);
}

static void what_is_no_folder_is_refused(void **state)
{
    (void)state;
    struct cty_tile_files files = {0};
    assert_refused(cty_tile_folder_open("/nowhere/at/all", &files, NULL), "not-found");
    assert_refused(cty_tile_folder_open("/etc/passwd", &files, NULL), "io");
    assert_null(files.context);
    cty_tile_files_done(&files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_come_in_order),
        cmocka_unit_test(what_is_missing_is_a_gap),
        cmocka_unit_test(a_file_that_is_no_bundle_hinders),
        cmocka_unit_test(who_has_enough_ends_it),
        cmocka_unit_test(a_note_that_is_none_is_refused),
        cmocka_unit_test(a_folder_is_proven_like_any_other),
        cmocka_unit_test(what_is_no_folder_is_refused),
    };
    return cmocka_run_group_tests(tests, crypto_setup, NULL);
}
