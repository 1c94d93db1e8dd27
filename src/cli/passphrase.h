/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Passphrases: from the descriptor of --passphrase-fd, a line for each key that needs one, or typed at the terminal
 * without an echo. Never from a command line or the environment. Kept in wiped memory. Thread rule: one thread.
 */
#ifndef CTY_CLI_PASSPHRASE_H
#define CTY_CLI_PASSPHRASE_H

#include "cli/cli.h"

/* Zero-initialised is none. Owns locked memory; cty_passphrase_done wipes. */
struct cty_passphrase {
    struct cty_buf buf;
};
#define CTY_PASSPHRASE_INIT ((struct cty_passphrase){CTY_BUF_INIT(0)})
void cty_passphrase_done(struct cty_passphrase *passphrase);
/* Borrowed; data NULL for an empty one. */
struct cty_bytes cty_passphrase_bytes(const struct cty_passphrase *passphrase);

/* Errors: USAGE where there is neither descriptor nor terminal, BAD_PASSPHRASE for one that is too long, IO. */
CUSTODY_MUST_USE custody_err cty_passphrase_read(struct cty_cli *cli, const char *prompt,
                                                 struct cty_passphrase *ret_passphrase);
/* For a new key: at a terminal twice. Errors: as above; BAD_PASSPHRASE where the two differ. */
CUSTODY_MUST_USE custody_err cty_passphrase_choose(struct cty_cli *cli, struct cty_passphrase *ret_passphrase);

#endif
