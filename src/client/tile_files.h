/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the files of a ledger as tiles come from (C2SP tlog-tiles; spec/tiles.md): a folder, an HTTP prefix, a custodian's door,
 * a database. A place gives a file by what it is; what the file says is believed by nobody before it is proven
 * (client/tiles.h).
 *
 * Thread rule: one place, one thread at a time.
 */
#ifndef CTY_CLIENT_TILE_FILES_H
#define CTY_CLIENT_TILE_FILES_H

#include "base/limits.h"
#include "ledger/bundle.h"
#include "ledger/tile_path.h"

struct cty_tile_files {
    void *context;
    /*
     * Appends the file that is named. Errors: NOT_FOUND where there is none, TOO_LARGE beyond the buffer's limit, NO_MEMORY; what
     * hinders the reading.
     */
    custody_err (*read)(void *context, const struct cty_tile_path *what, struct cty_buf *out, custody_error *error);
    /* Frees the context; NULL where somebody else does. */
    void (*done)(void *context);
};
void cty_tile_files_done(struct cty_tile_files *files);

/* The note that stands there, in place of what `out` held. Errors: those of `read`. */
CUSTODY_MUST_USE custody_err cty_tile_files_checkpoint(const struct cty_tile_files *files, struct cty_buf *out,
                                                       custody_error *error);
/*
 * `width` hashes of a tile, 1 to CTY_TILE_WIDTH, in place of what `out` held: the partial tile, or where that is gone the full
 * one, cut. Errors: those of `read`; BAD_TILE for a file of another size than its name says.
 */
CUSTODY_MUST_USE custody_err cty_tile_files_tile(const struct cty_tile_files *files, unsigned level, uint64_t index,
                                                 unsigned width, struct cty_buf *out, custody_error *error);
/*
 * The same of a bundle, of which all that was read stays in `out`: texts[0..width) are views into it. Errors: those of `read`;
 * BAD_TILE for a file that does not hold as many entries as its name says.
 */
CUSTODY_MUST_USE custody_err cty_tile_files_bundle(const struct cty_tile_files *files, uint64_t index, unsigned width,
                                                   struct cty_buf *out, struct cty_bytes texts[static CTY_TILE_WIDTH],
                                                   custody_error *error);
/* A limit for `out` that every bundle keeps to. */
#define CTY_TILE_BUNDLE_BYTES_MAX (CTY_TILE_WIDTH * (CTY_BUNDLE_LENGTH_SIZE + (size_t)CTY_ENTRY_BYTES_MAX))

/* The files below a folder. `path` is copied. Errors: NOT_FOUND; IO it is no folder or can't be entered; NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_tile_folder_open(const char *path, struct cty_tile_files *ret_files, custody_error *error);

#endif
