/* SPDX-License-Identifier: Apache-2.0 */
/* A person lets a log go on that was stopped (spec/witness.md, "What stops a log"). Thread rule: one thread. */
#ifndef CTY_WITNESS_KEPT_H
#define CTY_WITNESS_KEPT_H

#include "store/witness.h"

/*
 * Lets it go on, and marks the contradiction files of this log beside the state as looked into: they stay, and stop nothing
 * any more by lying there. Works beside a witness that is running. Errors: NOT_FOUND; IO the folder or a file can't be
 * read; those of the store.
 */
CUSTODY_MUST_USE custody_err cty_witness_clear(struct cty_witness_store *store, const char *state_path,
                                               struct cty_bytes origin, custody_error *error);

#endif
