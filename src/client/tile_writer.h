/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the files of a ledger below a folder, each whole or not at all: a new file, synced, renamed. What is settled stays
 * there whatever happens to the machine. One writer at a time, by a lock in the folder.
 *
 * Besides the files that tlog-tiles names, the folder holds `.custody-lock` and, after a writer was killed, `.custody-new`.
 * Thread rule: one thread at a time.
 */
#ifndef CTY_CLIENT_TILE_WRITER_H
#define CTY_CLIENT_TILE_WRITER_H

#include "ledger/tile_path.h"

struct cty_tile_writer {
    int folder;
    int lock;
    char unsettled[CTY_TILE_PATH_SIZE]; /* the folder below it in which names are not synced yet; empty: none */
};

/* Makes the folder where it isn't there; the one it is made in must be. Errors: BUSY another one writes there; IO. */
CUSTODY_MUST_USE custody_err cty_tile_writer_open(const char *path, struct cty_tile_writer *ret_writer,
                                                  custody_error *error);
/* Of one that was opened, or failed to be. */
void cty_tile_writer_close(struct cty_tile_writer *writer);

/* Whether the file is there; a tile of hashes also in its right size. */
bool cty_tile_writer_has(const struct cty_tile_writer *writer, const struct cty_tile_path *what);
/* Overwrites what is there. Errors: IO. */
CUSTODY_MUST_USE custody_err cty_tile_writer_put(struct cty_tile_writer *writer, const struct cty_tile_path *what,
                                                 struct cty_bytes bytes, custody_error *error);
/* Everything that was put is durable after it. Errors: IO. */
CUSTODY_MUST_USE custody_err cty_tile_writer_settle(struct cty_tile_writer *writer, custody_error *error);
/* The partial tiles beside a full one, which nobody needs any more. What can't be removed stays. */
void cty_tile_writer_remove_partial(struct cty_tile_writer *writer, const struct cty_tile_path *full);

#endif
