/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ledger's tiles as plain files, for any file server (spec/tiles.md, "Export"). Each checkpoint is published in this order:
 *
 *     prove     the tiles of the place they come from give the checkpoint's root; the published one's tree is its beginning
 *     write     what the folder has not: full tiles, partial ones of this size, bundles; each proven before it is written
 *     read      all of that again from the folder, proven by the same root
 *     publish   the checkpoint; whoever reads it finds all that it covers
 *     tidy      partial tiles beside full ones
 *
 * Killed anywhere, it goes on from there. Thread rule: one thread at a time.
 */
#ifndef CTY_CLIENT_TILE_EXPORT_H
#define CTY_CLIENT_TILE_EXPORT_H

#include "client/tile_files.h"
#include "ledger/note.h"

struct cty_export;

struct cty_export_config {
    const struct cty_tile_files *files; /* where they come from; borrowed until close */
    const char *folder;                 /* made where it is not there; borrowed by the open */
    bool entries;                       /* bundles too: who can read the folder reads the entries */
    /* Asked between two files; true ends it with CANCELLED_WAIT. NULL: never. */
    bool (*stopped)(void *context);
    /* Told how many level-0 tiles of all are done. NULL: nobody is. */
    void (*progress)(void *context, uint64_t done, uint64_t total);
    void *context;
};

/* Errors: BUSY another one writes there, IO, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_export_open(const struct cty_export_config *config, struct cty_export **ret_export,
                                             custody_error *error);
/* Takes NULL. */
void cty_export_close(struct cty_export *export);

/* The note that is published there; empty where none is. Whose it is, the caller verifies. Borrowed until the next call. */
CUSTODY_MUST_USE custody_err cty_export_published(struct cty_export *export, struct cty_bytes *ret_note,
                                                  custody_error *error);

/*
 * Publishes a checkpoint that the caller verified, as `note`. `before` is the published one, verified too; NULL where there is none.
 * Errors: WENT_BACK where `before` is larger; SPLIT_VIEW where it is no beginning of this tree, and *ret_fork (may be NULL) is
 * then what the tiles give for the two, with the root they say the smaller has; CANCELLED_WAIT; those of client/tiles.h; IO.
 * Nothing is published after an error, and what was stays.
 */
struct cty_export_fork {
    struct cty_hash root;
    struct cty_proof proof;
};
CUSTODY_MUST_USE custody_err cty_export_publish(struct cty_export *export, const struct cty_checkpoint *checkpoint,
                                                struct cty_bytes note, const struct cty_checkpoint *before,
                                                struct cty_export_fork *ret_fork, custody_error *error);

#endif
