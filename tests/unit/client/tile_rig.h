/* SPDX-License-Identifier: Apache-2.0 */
/* A ledger as tiles in memory, whose files can be made to lie, and the same written to a folder. */
#ifndef CTY_TESTS_CLIENT_TILE_RIG_H
#define CTY_TESTS_CLIENT_TILE_RIG_H

#include "client/tile_files.h"
#include "unit/ledger/trees.h"

enum rig_lie {
    RIG_HONEST,
    RIG_FLIPS,   /* one byte of that file */
    RIG_CUTS,    /* its last byte off */
    RIG_ADDS,    /* a byte */
    RIG_HIDES,   /* it is not there */
    RIG_FAILS    /* reading it */
};

struct tile_rig {
    struct memory_tree tree;
    uint64_t published; /* partial tiles are those of this size; 0: the tree's own */
    struct cty_tile_files files;
    struct cty_buf note; /* of the checkpoint file */
    enum rig_lie lie;
    struct cty_tile_path about;
    size_t at;      /* which byte */
    unsigned reads; /* of files, in all */
};

/* Entry i is i's eight bytes, as in trees.h. */
void tile_rig_open(struct tile_rig *rig, uint64_t size);
void tile_rig_close(struct tile_rig *rig);
struct cty_hash tile_rig_root(struct tile_rig *rig, uint64_t size);
/* A lie about one file; HONEST takes it back. */
void tile_rig_lie(struct tile_rig *rig, enum rig_lie lie, enum cty_tile_kind kind, unsigned level, uint64_t index,
                  unsigned width, size_t at);
/* What an honest file holds, in place of what `out` held. */
void tile_rig_file(struct tile_rig *rig, const struct cty_tile_path *what, struct cty_buf *out);
/* Writes one file below a folder, with its folders. */
void tile_rig_write(struct tile_rig *rig, const char *folder, const struct cty_tile_path *what);
/* Removes a folder with all that is in it; the files that a pattern names, of which there must be one at least. */
void tile_rig_remove(const char *folder);
void tile_rig_unlink(const char *pattern);
/* All files of the tree and its checkpoint's note. */
void tile_rig_write_all(struct tile_rig *rig, const char *folder);

#endif
