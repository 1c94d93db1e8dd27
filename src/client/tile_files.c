/* SPDX-License-Identifier: Apache-2.0 */
#include "client/tile_files.h"

void cty_tile_files_done(struct cty_tile_files *files)
{
    if (files->done)
        files->done(files->context);
    *files = (struct cty_tile_files){0};
}

custody_err cty_tile_files_checkpoint(const struct cty_tile_files *files, struct cty_buf *out, custody_error *error)
{
    static const struct cty_tile_path checkpoint = {.kind = CTY_TILE_CHECKPOINT};
    cty_buf_clear(out);
    return files->read(files->context, &checkpoint, out, error);
}

static custody_err bad(const struct cty_tile_path *what, const char *why, custody_error *error)
{
    char text[CTY_TILE_PATH_SIZE];
    cty_tile_path_format(what, text);
    return cty_fail(error, CUSTODY_E_BAD_TILE, "%s %s", text, why);
}

/* Who keeps a full tile need not keep its partial ones (tlog-tiles, "Partial Tiles"). *what becomes what was found. */
static custody_err read_or_full(const struct cty_tile_files *files, struct cty_tile_path *what, struct cty_buf *out,
                                custody_error *error)
{
    cty_buf_clear(out);
    custody_err err = files->read(files->context, what, out, error);
    if (err == CUSTODY_E_NOT_FOUND && what->width < CTY_TILE_WIDTH) {
        struct cty_tile_path full = *what;
        full.width = CTY_TILE_WIDTH;
        cty_buf_clear(out);
        err = files->read(files->context, &full, out, NULL);
        if (err == CUSTODY_OK)
            *what = full;
    }
    if (err == CUSTODY_E_TOO_LARGE)
        return bad(what, "is larger than a tile can be", error);
    return err == CUSTODY_OK || err == CUSTODY_E_NOT_FOUND ? err : cty_fail_code(error, err);
}

custody_err cty_tile_files_tile(const struct cty_tile_files *files, unsigned level, uint64_t index, unsigned width,
                                struct cty_buf *out, custody_error *error)
{
    struct cty_tile_path what = {.kind = CTY_TILE_HASHES, .level = level, .index = index, .width = width};
    CTY_TRY(read_or_full(files, &what, out, error));
    if (out->size != (size_t)what.width * CTY_HASH_SIZE)
        return bad(&what, "has another size than its name says", error);
    out->size = (size_t)width * CTY_HASH_SIZE;
    return CUSTODY_OK;
}

custody_err cty_tile_files_bundle(const struct cty_tile_files *files, uint64_t index, unsigned width, struct cty_buf *out,
                                  struct cty_bytes texts[static CTY_TILE_WIDTH], custody_error *error)
{
    struct cty_tile_path what = {.kind = CTY_TILE_ENTRIES, .index = index, .width = width};
    CTY_TRY(read_or_full(files, &what, out, error));
    if (cty_bundle_parse(cty_buf_bytes(out), what.width, texts) != CUSTODY_OK)
        return bad(&what, "does not hold the entries that its name says", error);
    return CUSTODY_OK;
}
