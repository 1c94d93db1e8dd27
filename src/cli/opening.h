/* SPDX-License-Identifier: Apache-2.0 */
/* The opening of a ledger, as `custody init` writes it: the parameters of `submit` for a ledger.open. */
#ifndef CTY_CLI_OPENING_H
#define CTY_CLI_OPENING_H

#include "cli/cli.h"
#include "model/envelope.h"

#define CTY_OPENING_BYTES_MAX (16u * 1024u * 1024u)

/* Zero-initialise, then cty_opening_done. `open` borrows from the rest. */
struct cty_opening {
    struct cty_buf text;
    struct cty_buf envelope;
    struct cty_json json;
    struct cty_signed *statement;
    const struct cty_ledger_open *open;
};
void cty_opening_done(struct cty_opening *opening);

/*
 * Reads the file and checks that it holds a ledger.open which all who are named in it have signed with the keys that it
 * names. Errors: BAD_PARAMS, those of cty_signed_parse, TYPE_MISMATCH, SIGNATURE_INVALID, BAD_KEY.
 */
CUSTODY_MUST_USE custody_err cty_opening_read(struct cty_cli *cli, const char *path, struct cty_opening *opening);

#endif
