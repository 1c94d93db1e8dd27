/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A token for the entries of a `members` ledger, at a custodian's door over HTTP (spec/tiles.md, "Tokens over HTTP"): a reader
 * signs a claim for the address at which it reads. Part of the library of tile_http.h. Thread rule: that of net/fetch.h.
 */
#ifndef CTY_CLIENT_TILE_TOKEN_H
#define CTY_CLIENT_TILE_TOKEN_H

#include "crypto/key.h"
#include "net/fetch.h"

/* Borrowed, for as long as the one who is given it says. */
struct cty_tile_reader_key {
    const struct cty_secret *secret; /* of the actor; NULL: nobody signs */
    struct cty_bytes origin;         /* of the ledger */
};

/*
 * Signs for a token at the door with this prefix, which is without a last '/'. The caller frees it. A prefix that is
 * neither https nor of this machine is refused before anything is signed. Errors: CONFIG, NO_SESSION where the door has no
 * such thing or gives none (the detail says why), those of net/fetch.h.
 */
CUSTODY_MUST_USE custody_err cty_tile_token_get(struct cty_fetch *fetch, const char *prefix,
                                                const struct cty_tile_reader_key *key, char **ret_token, custody_error *error);

#endif
