/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file in which an auditor keeps how far it came, and the disk index while it goes on (spec/audit.md): records by space
 * and key, and tiles of the tree. It is the auditor's own, and believed as its own notes are: mode 0600, in a folder that
 * nobody else writes to. One transaction is open from the opening on; what isn't committed was never there.
 *
 *     goes on    the file itself; a crash leaves it as it was
 *     anew       "<path>.new", which takes the name when it is committed; what stood there is gone then
 *     scratch    a file without a name, in TMPDIR; gone with the process
 *
 * Thread rule: one thread at a time.
 */
#ifndef CTY_STORE_AUDIT_STATE_H
#define CTY_STORE_AUDIT_STATE_H

#include "base/bytes.h"

struct cty_audit_state;

/*
 * Opens the file, or begins one anew: where there is none, or where `anew` asks for it; *ret_new says so.
 * Errors: STORE_LOCKED where another audit has it, STORE_UNKNOWN for another program's file or version, STORE_ALTERED,
 * IO, READ_ONLY, STORAGE, NO_MEMORY. What is refused is left as it is.
 */
CUSTODY_MUST_USE custody_err cty_audit_state_open(const char *path, bool anew, struct cty_audit_state **ret_state,
                                                  bool *ret_new, custody_error *error);
CUSTODY_MUST_USE custody_err cty_audit_state_scratch(struct cty_audit_state **ret_state, custody_error *error);
/* Forgets what was not committed. NULL is nothing. */
void cty_audit_state_close(struct cty_audit_state *state);

/* Appends the value. Errors: NOT_FOUND without words where there is none. */
CUSTODY_MUST_USE custody_err cty_audit_state_get(struct cty_audit_state *state, unsigned space, const char *key,
                                                 struct cty_buf *out, custody_error *error);
CUSTODY_MUST_USE custody_err cty_audit_state_put(struct cty_audit_state *state, unsigned space, const char *key,
                                                 struct cty_bytes value, custody_error *error);
/* Records whose key begins with `prefix`, in the order of their bytes. `each` may get, and put nothing. */
CUSTODY_MUST_USE custody_err cty_audit_state_each(struct cty_audit_state *state, unsigned space, const char *prefix,
                                                  custody_err (*each)(void *context, const char *key,
                                                                      struct cty_bytes value),
                                                  void *context, custody_error *error);
CUSTODY_MUST_USE custody_err cty_audit_state_get_tile(struct cty_audit_state *state, unsigned level, uint64_t index,
                                                      struct cty_buf *out, custody_error *error);
CUSTODY_MUST_USE custody_err cty_audit_state_put_tile(struct cty_audit_state *state, unsigned level, uint64_t index,
                                                      struct cty_bytes hashes, custody_error *error);

/* Makes everything durable, and gives a new file its name. The state is then only closed. */
CUSTODY_MUST_USE custody_err cty_audit_state_commit(struct cty_audit_state *state, custody_error *error);

#endif
