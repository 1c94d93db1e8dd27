/* SPDX-License-Identifier: Apache-2.0 */
#include "tile_rig.h"

#include <errno.h>
#include <ftw.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#define LEVELS 3u

static bool is_about(const struct tile_rig *rig, const struct cty_tile_path *what)
{
    return rig->lie != RIG_HONEST && what->kind == rig->about.kind && what->level == rig->about.level &&
           what->index == rig->about.index && what->width == rig->about.width;
}

/* Full tiles, and of partial ones those that a checkpoint was published for. */
static bool is_there(const struct tile_rig *rig, const struct cty_tile_path *what)
{
    uint64_t published = rig->published ? rig->published : rig->tree.size;
    if (what->kind == CTY_TILE_CHECKPOINT)
        return rig->note.size > 0;
    if (what->width == CTY_TILE_WIDTH)
        return cty_tile_path_exists(what, rig->tree.size);
    return what->width == cty_tile_width(published, what->level, what->index);
}

static void put_hashes(struct tile_rig *rig, const struct cty_tile_path *what, struct cty_buf *out)
{
    const struct cty_tree_reader reader = memory_tree_reader(&rig->tree);
    for (unsigned i = 0; i < what->width; i++) {
        struct cty_hash hash;
        assert_ok(reader.node(reader.context, 8 * what->level, what->index * CTY_TILE_WIDTH + i, &hash));
        assert_ok(cty_buf_put(out, hash.bytes, CTY_HASH_SIZE));
    }
}

static void put_entries(const struct cty_tile_path *what, struct cty_buf *out)
{
    for (unsigned i = 0; i < what->width; i++) {
        uint8_t entry[8];
        uint64_t index = what->index * CTY_TILE_WIDTH + i;
        memcpy(entry, &index, sizeof(entry));
        assert_ok(cty_bundle_put(cty_bytes_make(entry, sizeof(entry)), out));
    }
}

void tile_rig_file(struct tile_rig *rig, const struct cty_tile_path *what, struct cty_buf *out)
{
    cty_buf_clear(out);
    if (what->kind == CTY_TILE_CHECKPOINT)
        assert_ok(cty_buf_put_bytes(out, cty_buf_bytes(&rig->note)));
    else if (what->kind == CTY_TILE_HASHES)
        put_hashes(rig, what, out);
    else
        put_entries(what, out);
}

static custody_err lie_about(struct tile_rig *rig, struct cty_buf *out)
{
    switch (rig->lie) {
    case RIG_HONEST:
        break;
    case RIG_FLIPS:
        assert_true(rig->at < out->size);
        out->data[rig->at] ^= 1;
        break;
    case RIG_CUTS:
        out->size--;
        break;
    case RIG_ADDS:
        return cty_buf_put_byte(out, 0);
    case RIG_HIDES:
        return CUSTODY_E_NOT_FOUND;
    case RIG_FAILS:
        return CUSTODY_E_IO;
    }
    return CUSTODY_OK;
}

static custody_err read_file(void *context, const struct cty_tile_path *what, struct cty_buf *out, custody_error *error)
{
    struct tile_rig *rig = context;
    rig->reads++;
    if (!is_there(rig, what))
        return cty_fail(error, CUSTODY_E_NOT_FOUND, "no such file");
    tile_rig_file(rig, what, out);
    return is_about(rig, what) ? cty_fail_code(error, lie_about(rig, out)) : CUSTODY_OK;
}

void tile_rig_open(struct tile_rig *rig, uint64_t size)
{
    *rig = (struct tile_rig){.note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX)};
    memory_tree_init(&rig->tree, size);
    rig->files = (struct cty_tile_files){.context = rig, .read = read_file};
}

void tile_rig_close(struct tile_rig *rig)
{
    memory_tree_done(&rig->tree);
    cty_buf_done(&rig->note);
}

struct cty_hash tile_rig_root(struct tile_rig *rig, uint64_t size)
{
    const struct cty_tree_reader reader = memory_tree_reader(&rig->tree);
    struct cty_hash root;
    assert_ok(cty_tree_root(&reader, size, &root));
    return root;
}

void tile_rig_lie(struct tile_rig *rig, enum rig_lie lie, enum cty_tile_kind kind, unsigned level, uint64_t index,
                  unsigned width, size_t at)
{
    rig->lie = lie;
    rig->about = (struct cty_tile_path){.kind = kind, .level = level, .index = index, .width = width};
    rig->at = at;
}

/* ---- a folder ---- */

static void make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        assert_true(mkdir(path, 0700) == 0 || errno == EEXIST);
        *slash = '/';
    }
}

void tile_rig_write(struct tile_rig *rig, const char *folder, const struct cty_tile_path *what)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf bytes = CTY_BUF_INIT(CTY_TILE_BUNDLE_BYTES_MAX);
    char name[CTY_TILE_PATH_SIZE];
    char path[300];
    cty_tile_path_format(what, name);
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    make_folders(path);
    tile_rig_file(rig, what, &bytes);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.data, 1, bytes.size, file), bytes.size);
    assert_int_equal(fclose(file), 0);
}

static void write_level(struct tile_rig *rig, const char *folder, enum cty_tile_kind kind, unsigned level)
{
    for (uint64_t index = 0; index < cty_tile_count(rig->tree.size, level); index++) {
        const struct cty_tile_path what = {kind, level, index, cty_tile_width(rig->tree.size, level, index)};
        tile_rig_write(rig, folder, &what);
    }
}

void tile_rig_write_all(struct tile_rig *rig, const char *folder)
{
    static const struct cty_tile_path checkpoint = {.kind = CTY_TILE_CHECKPOINT};
    for (unsigned level = 0; level < LEVELS; level++)
        write_level(rig, folder, CTY_TILE_HASHES, level);
    write_level(rig, folder, CTY_TILE_ENTRIES, 0);
    if (rig->note.size > 0)
        tile_rig_write(rig, folder, &checkpoint);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

void tile_rig_remove(const char *folder)
{
    assert_int_equal(nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

void tile_rig_unlink(const char *pattern)
{
    glob_t found;
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++)
        assert_int_equal(unlink(found.gl_pathv[i]), 0);
    globfree(&found);
}
