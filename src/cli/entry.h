/* SPDX-License-Identifier: Apache-2.0 */
/* Entries that are fetched to be shown, and the proofs under which they are. */
#ifndef CTY_CLI_ENTRY_H
#define CTY_CLI_ENTRY_H

#include "cli/cli.h"

/* Where the entry of a receipt lies: beside it, under its name with this behind it. */
#define CTY_ENTRY_SUFFIX ".entry"

/* An entry with its receipt. Zero-initialise, then cty_entry_copy_done. */
struct cty_entry_copy {
    uint64_t index;
    struct cty_buf text;
    struct cty_buf receipt;
};
void cty_entry_copy_done(struct cty_entry_copy *copy);

/* Fetches and verifies. Errors: NOT_FOUND, PROOF_INVALID, those of cty_client_advance. */
CUSTODY_MUST_USE custody_err cty_entry_fetch(struct cty_cli *cli, struct cty_client *client, uint64_t index,
                                             struct cty_entry_copy *ret_copy);
/*
 * The receipt for entry `index`, whose checkpoint was verified and taken as the client's newest where it is.
 * ret_checkpoint may be NULL. Errors: PROOF_INVALID where `entry` is not what is proven.
 */
CUSTODY_MUST_USE custody_err cty_entry_prove(struct cty_cli *cli, struct cty_client *client, uint64_t index,
                                             struct cty_bytes entry, struct cty_buf *ret_receipt);

#endif
