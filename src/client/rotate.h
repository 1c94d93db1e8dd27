/* SPDX-License-Identifier: Apache-2.0 */
/* Statements about keys: an actor's own new key; the custodian's new key and the end of the ledger, which admins sign. */
#ifndef CTY_CLIENT_ROTATE_H
#define CTY_CLIENT_ROTATE_H

#include "client/draft.h"

/* The public lines that a new key brings into a statement. Zero-initialise, then done. */
struct cty_new_key {
    struct cty_buf key;
    struct cty_buf sealing_key;
};
void cty_new_key_done(struct cty_new_key *lines);

/*
 * Fills in the key's lines of a rotation, and adds it as the signer "new", last of all. The draft borrows `lines` and
 * `next`. Errors: NO_MEMORY, LIMIT_REACHED.
 */
CUSTODY_MUST_USE custody_err cty_draft_new_key(struct cty_draft *draft, const struct cty_secret *next,
                                               struct cty_new_key *lines);

/*
 * The client's own actor goes over to the key `next`, which has its name. Afterwards the client's key signs nothing more.
 * `reason` (data NULL: none) goes by commitment. Errors: USAGE for a key of another name, or the same key; DUPLICATE_KEY,
 * LIMIT_REACHED from the custodian; those of cty_client_submit.
 */
CUSTODY_MUST_USE custody_err cty_actor_rotate_key(struct cty_client *client, const struct cty_secret *next,
                                                  struct cty_bytes reason, struct cty_submitted *ret_submitted,
                                                  custody_error *error);

#endif
