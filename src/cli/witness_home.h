/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The folder of a witness: witness.key and witness.db (spec/witness.md, "State"). One is never there without the other: a key
 * whose state is lost must not sign any more. Thread rule: one thread.
 */
#ifndef CTY_CLI_WITNESS_HOME_H
#define CTY_CLI_WITNESS_HOME_H

#include "cli/cli.h"
#include "store/witness.h"

#define CTY_WITNESS_DIR_OPTION {"dir", 'd', CTY_OPT_TEXT, "DIR", "the witness's folder (CUSTODY_WITNESS, or custody-witness)"}

/* Owns its texts. Zero-initialise; cty_witness_home_done. */
struct cty_witness_home {
    struct cty_buf folder, key, state; /* paths, each with a NUL behind it */
};
void cty_witness_home_done(struct cty_witness_home *home);

/* Finds the paths. Errors: NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_witness_home_find(struct cty_cli *cli, struct cty_witness_home *home);
/*
 * The witness's key; makes folder, state and key where none of them is there. `name` NULL takes the key's, or for a new one this
 * machine's. Owned by the caller. Errors: CONFIG one is there without the other, or the key has another name; USAGE, IO.
 */
CUSTODY_MUST_USE custody_err cty_witness_home_key(struct cty_cli *cli, const struct cty_witness_home *home, const char *name,
                                                  struct cty_secret **ret_secret);
/* Opens the state beside a witness that may be running. Errors: those of cty_witness_store_open. */
CUSTODY_MUST_USE custody_err cty_witness_home_open(struct cty_cli *cli, struct cty_witness_store **ret_store);

/* What `run` and `add` take of one log: its key line, --origin, --follow, --certificate. Owns the certificate. */
struct cty_witness_newcomer {
    struct cty_bytes vkey;
    struct cty_bytes origin;
    const char *follow; /* NULL: it submits */
    struct cty_buf certificate;
};
void cty_witness_newcomer_done(struct cty_witness_newcomer *one);
CUSTODY_MUST_USE custody_err cty_witness_newcomer_read(struct cty_cli *cli, const char *vkey,
                                                       struct cty_witness_newcomer *ret_one);
/* Adds it; *ret_new is false where it was there, with the same key. Errors: those of cty_witness_log_add and _follow. */
CUSTODY_MUST_USE custody_err cty_witness_newcomer_add(struct cty_cli *cli, struct cty_witness_store *store,
                                                      const struct cty_witness_newcomer *one, bool *ret_new);

#endif
