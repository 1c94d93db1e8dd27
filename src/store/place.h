/* SPDX-License-Identifier: Apache-2.0 */
/* Where a database lies: its folder, its file, its lock. Private to this folder. */
#ifndef CTY_STORE_PLACE_H
#define CTY_STORE_PLACE_H

#include <stdbool.h>

#include "base/error.h"

/*
 * A database's place. `path` is absolute and its folder holds no symbolic link; `made` is where a new file is
 * made before it takes its name: `path` and ".new-0001", or the first number beyond that is free. Owns its texts and the lock. Zero-initialise with lock -1; cty_place_done.
 */
struct cty_place {
    char *path;
    char *folder;
    char *made;
    int lock;
    bool lock_made; /* its file wasn't there before */
};
#define CTY_PLACE_INIT ((struct cty_place){.lock = -1})

void cty_place_done(struct cty_place *place);

/* Resolves `path`, whose folder must exist. Errors: NOT_FOUND, IO, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_place_find(struct cty_place *place, const char *path, custody_error *error);

/* Errors: IO where another user could put files into the folder. */
CUSTODY_MUST_USE custody_err cty_place_check_folder(const struct cty_place *place, custody_error *error);

/*
 * Errors: NOT_FOUND; IO for what is no regular file and, where it is `ours`, for a file of another user, one that
 * others may read or write, or one with a second name, whose write-ahead log would lie elsewhere.
 */
CUSTODY_MUST_USE custody_err cty_place_check_file(const struct cty_place *place, bool ours,
                                                  custody_error *error);

/* Takes <path>.lock until cty_place_done. Errors: STORE_LOCKED, IO. */
CUSTODY_MUST_USE custody_err cty_place_lock(struct cty_place *place, custody_error *error);

/* Errors: EXISTS where the file, or what an earlier one of its name left beside it, is there; IO. */
CUSTODY_MUST_USE custody_err cty_place_check_free(const struct cty_place *place, custody_error *error);

/* Makes an empty file at `made`, mode 0600, where nothing was. Errors: EXISTS where no number is free; IO, READ_ONLY. */
CUSTODY_MUST_USE custody_err cty_place_make(struct cty_place *place, custody_error *error);
/* Gives the made file its name, durably. Errors: EXISTS, IO, READ_ONLY. */
CUSTODY_MUST_USE custody_err cty_place_settle(const struct cty_place *place, custody_error *error);
/* Removes what cty_place_make made. */
void cty_place_unmake(const struct cty_place *place);
/* Gives up the lock and removes its file, if it was not there before: for a place that was only filled, not opened. */
void cty_place_unlock(struct cty_place *place);

#endif
