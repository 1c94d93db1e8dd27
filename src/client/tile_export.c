/* SPDX-License-Identifier: Apache-2.0 */
#include "client/tile_export.h"

#include <stdlib.h>

#include "base/check.h"
#include "client/tile_writer.h"
#include "client/tiles.h"

#define LEVELS 7u

struct cty_export {
    struct cty_export_config config;
    struct cty_tile_writer writer;
    struct cty_tile_files folder; /* what was written, read again */
    struct cty_tiles *from;
    struct cty_tiles *there;
    struct cty_buf note;
    struct cty_buf bundle;
    struct cty_bytes texts[CTY_TILE_WIDTH];
    uint64_t complete; /* what this run knows to be there, of any tree that begins with so many entries */
};

/* --- opening ------------------------------------------------------------------------------------------------- */

static custody_err open_both(struct cty_export *export, custody_error *error)
{
    CTY_TRY(cty_tile_writer_open(export->config.folder, &export->writer, error));
    CTY_TRY(cty_tile_folder_open(export->config.folder, &export->folder, error));
    custody_err err = cty_tiles_new(export->config.files, &export->from);
    if (err == CUSTODY_OK)
        err = cty_tiles_new(&export->folder, &export->there);
    return err == CUSTODY_OK ? err : cty_fail_code(error, err);
}

custody_err cty_export_open(const struct cty_export_config *config, struct cty_export **ret_export, custody_error *error)
{
    struct cty_export *export = cty_alloc(1, sizeof(*export));
    if (!export)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    export->config = *config;
    export->note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    export->bundle = CTY_BUF_INIT(CTY_TILE_BUNDLE_BYTES_MAX);
    custody_err err = open_both(export, error);
    export->config.folder = NULL;
    if (err != CUSTODY_OK) {
        cty_export_close(export);
        return err;
    }
    *ret_export = export;
    return CUSTODY_OK;
}

void cty_export_close(struct cty_export *export)
{
    if (!export)
        return;
    cty_tiles_free(export->from);
    cty_tiles_free(export->there);
    cty_tile_files_done(&export->folder);
    cty_tile_writer_close(&export->writer);
    cty_buf_done(&export->note);
    cty_buf_done(&export->bundle);
    free(export);
}

custody_err cty_export_published(struct cty_export *export, struct cty_bytes *ret_note, custody_error *error)
{
    custody_error inner = {0};
    custody_err err = cty_tile_files_checkpoint(&export->folder, &export->note, &inner);
    if (err != CUSTODY_OK && err != CUSTODY_E_NOT_FOUND)
        return cty_fail(error, err, "%s", inner.detail);
    *ret_note = err == CUSTODY_OK ? cty_buf_bytes(&export->note) : cty_bytes_make(NULL, 0);
    return CUSTODY_OK;
}

/* --- proving ------------------------------------------------------------------------------------------------- */

static custody_err check_before(struct cty_export *export, const struct cty_checkpoint *checkpoint,
                                const struct cty_checkpoint *before, struct cty_export_fork *ret_fork, custody_error *error)
{
    const struct cty_tree_reader nodes = cty_tiles_nodes(export->from);
    struct cty_export_fork fork;
    custody_err err = cty_tree_root(&nodes, before->size, &fork.root);
    if (err == CUSTODY_OK && cty_hash_equal(&fork.root, &before->root))
        return CUSTODY_OK;
    if (err == CUSTODY_OK)
        err = cty_tree_consistency(&nodes, before->size, checkpoint->size, &fork.proof);
    if (err != CUSTODY_OK)
        return cty_fail(error, err, "%s", cty_tiles_error(export->from)->detail);
    if (ret_fork)
        *ret_fork = fork;
    return cty_fail(error, CUSTODY_E_SPLIT_VIEW, "the tree of size %llu does not begin with the published one of size %llu",
                    (unsigned long long)checkpoint->size, (unsigned long long)before->size);
}

static custody_err prove(struct cty_export *export, const struct cty_checkpoint *checkpoint,
                         const struct cty_checkpoint *before, struct cty_export_fork *ret_fork, custody_error *error)
{
    if (before && before->size > checkpoint->size)
        return cty_fail(error, CUSTODY_E_WENT_BACK, "size %llu, and %llu is published",
                        (unsigned long long)checkpoint->size, (unsigned long long)before->size);
    CTY_TRY(cty_tiles_trust(export->from, checkpoint->size, &checkpoint->root, error));
    return before ? check_before(export, checkpoint, before, ret_fork, error) : CUSTODY_OK;
}

/* --- writing ------------------------------------------------------------------------------------------------- */

static custody_err write_one(struct cty_export *export, const struct cty_tile_path *what, custody_error *error)
{
    struct cty_bytes bytes;
    unsigned count = 0;
    if (cty_tile_writer_has(&export->writer, what))
        return CUSTODY_OK;
    if (what->kind == CTY_TILE_HASHES) {
        CTY_TRY(cty_tiles_get(export->from, what->level, what->index, &bytes, error));
    } else {
        CTY_TRY(cty_tiles_entries(export->from, what->index, &export->bundle, export->texts, &count, error));
        /* Where a full bundle came in place of a partial one, what stands behind is not of this tree. */
        const struct cty_bytes *last = &export->texts[count - 1];
        bytes = cty_bytes_make(export->bundle.data, (size_t)(last->data + last->size - export->bundle.data));
    }
    return cty_tile_writer_put(&export->writer, what, bytes, error);
}

static custody_err may_go_on(struct cty_export *export, custody_error *error)
{
    bool stopped = export->config.stopped && export->config.stopped(export->config.context);
    return stopped ? cty_fail_code(error, CUSTODY_E_CANCELLED_WAIT) : CUSTODY_OK;
}

/* Of one level, from the first tile that may be missing: those that this run published are there. */
typedef custody_err tile_fn(struct cty_export *export, const struct cty_tile_path *what, custody_error *error);
static custody_err each_of_level(struct cty_export *export, uint64_t size, enum cty_tile_kind kind, unsigned level,
                                 tile_fn *each, custody_error *error)
{
    uint64_t total = cty_tile_count(size, level);
    for (uint64_t n = (export->complete >> (8 * level)) / CTY_TILE_WIDTH; n < total; n++) {
        const struct cty_tile_path what = {kind, level, n, cty_tile_width(size, level, n)};
        CTY_TRY(may_go_on(export, error));
        CTY_TRY(each(export, &what, error));
        if (each == write_one && kind == CTY_TILE_HASHES && level == 0 && export->config.progress)
            export->config.progress(export->config.context, n + 1, total);
    }
    return CUSTODY_OK;
}

static custody_err each_tile(struct cty_export *export, uint64_t size, tile_fn *each, custody_error *error)
{
    if (export->config.entries)
        CTY_TRY(each_of_level(export, size, CTY_TILE_ENTRIES, 0, each, error));
    for (unsigned level = 0; level < LEVELS; level++)
        CTY_TRY(each_of_level(export, size, CTY_TILE_HASHES, level, each, error));
    return CUSTODY_OK;
}

/* --- reading what was written -------------------------------------------------------------------------------- */

static custody_err read_one(struct cty_export *export, const struct cty_tile_path *what, custody_error *error)
{
    struct cty_bytes hashes;
    unsigned count = 0;
    if (what->kind == CTY_TILE_HASHES)
        return cty_tiles_get(export->there, what->level, what->index, &hashes, error);
    return cty_tiles_entries(export->there, what->index, &export->bundle, export->texts, &count, error);
}

static custody_err read_again(struct cty_export *export, const struct cty_checkpoint *checkpoint, custody_error *error)
{
    custody_error inner = {0};
    custody_err err = cty_tiles_trust(export->there, checkpoint->size, &checkpoint->root, &inner);
    if (err == CUSTODY_OK)
        err = each_tile(export, checkpoint->size, read_one, &inner);
    return err == CUSTODY_OK ? err : cty_fail(error, err, "in the folder: %.200s", inner.detail);
}

/* --- publishing ---------------------------------------------------------------------------------------------- */

static custody_err tidy_one(struct cty_export *export, const struct cty_tile_path *what, custody_error *error)
{
    (void)error;
    if (what->width == CTY_TILE_WIDTH)
        cty_tile_writer_remove_partial(&export->writer, what);
    return CUSTODY_OK;
}

static custody_err put_checkpoint(struct cty_export *export, struct cty_bytes note, custody_error *error)
{
    static const struct cty_tile_path what = {.kind = CTY_TILE_CHECKPOINT};
    CTY_TRY(cty_tile_writer_settle(&export->writer, error));
    CTY_TRY(cty_tile_writer_put(&export->writer, &what, note, error));
    return cty_tile_writer_settle(&export->writer, error);
}

custody_err cty_export_publish(struct cty_export *export, const struct cty_checkpoint *checkpoint, struct cty_bytes note,
                               const struct cty_checkpoint *before, struct cty_export_fork *ret_fork, custody_error *error)
{
    CTY_TRY(prove(export, checkpoint, before, ret_fork, error));
    CTY_TRY(each_tile(export, checkpoint->size, write_one, error));
    CTY_TRY(read_again(export, checkpoint, error));
    CTY_TRY(put_checkpoint(export, note, error));
    /* It is published: what comes now is tidying, and a stop ends only that. */
    custody_err err = each_tile(export, checkpoint->size, tidy_one, NULL);
    export->complete = checkpoint->size;
    return err == CUSTODY_E_CANCELLED_WAIT ? CUSTODY_OK : err;
}
