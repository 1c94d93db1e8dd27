/* SPDX-License-Identifier: Apache-2.0 */
/* Where 'custody tiles export' takes a ledger from: a custodian's door, or a database file. Thread rule: one thread. */
#ifndef CTY_CLI_TILES_H
#define CTY_CLI_TILES_H

#include "cli/cli.h"
#include "client/tile_files.h"

struct cty_tiles_from {
    struct cty_tile_files files; /* tiles and bundles; the checkpoint comes below */
    /*
     * The newest note, in place of what `note` held, and the log keys by which the caller verifies it and older ones. Errors: what
     * hinders the reading; of a door those of cty_client_checkpoint.
     */
    custody_err (*newest)(void *context, struct cty_buf *note, struct cty_log_keys *ret_keys, custody_error *error);
};

/* `client` is borrowed. Errors: NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_tiles_from_door(struct cty_client *client, struct cty_tiles_from *ret_from,
                                                 custody_error *error);
/* Beside a running custodian or alone; `trust` is borrowed. Errors: those of cty_audit_open; NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_tiles_from_database(const char *path, const struct cty_trust *trust,
                                                     struct cty_tiles_from *ret_from, custody_error *error);

#endif
