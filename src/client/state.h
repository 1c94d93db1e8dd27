/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file that keeps the newest verified checkpoint of one ledger: the signed note itself, nothing else. Several
 * processes may share it: it is replaced only by who knows what stands in it (spec/client.md, "State file").
 *
 * Written to a new file, synced, renamed; mode 0600. Thread rule: no shared state.
 */
#ifndef CTY_CLIENT_STATE_H
#define CTY_CLIENT_STATE_H

#include "base/bytes.h"
#include "base/limits.h"

/* Appends what stands in the file; nothing where there is none. Errors: IO (also: no regular file), TOO_LARGE. */
CUSTODY_MUST_USE custody_err cty_state_read(const char *path, struct cty_buf *out, custody_error *error);

/*
 * Replaces `old` (empty: no file) by `fresh` under a lock on "<path>.lock". *ret_replaced is false, and nothing is
 * written, where another text than `old` stands there: read it, compare, come again. Errors: IO, NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_state_replace(const char *path, struct cty_bytes old, struct cty_bytes fresh,
                                               bool *ret_replaced, custody_error *error);

/*
 * Writes another file, whole or not at all; one that is there stays as it is. Under no lock: nobody who holds one has to wait for
 * himself. Errors: IO, NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_state_put_new(const char *path, struct cty_bytes bytes, custody_error *error);

#endif
