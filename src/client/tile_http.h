/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of a ledger below an HTTP prefix (C2SP tlog-tiles). A library of its own, since it needs libcurl.
 * A server that is busy or away for a moment is asked again. Thread rule: that of net/fetch.h.
 */
#ifndef CTY_CLIENT_TILE_HTTP_H
#define CTY_CLIENT_TILE_HTTP_H

#include <stdatomic.h>

#include "client/tile_files.h"
#include "client/tile_token.h"

struct cty_tile_http_config {
    const char *url;         /* the prefix: https://HOST/..., with or without a last '/'. Copied. */
    const char *authority;   /* PEM file of those who vouch for hosts; NULL: the system's */
    const char *bearer;      /* the token of a reader; NULL: none. Copied. */
    struct cty_tile_reader_key key; /* who gets one by itself, where it is asked for and as often as it ends; borrowed until done */
    uint64_t patience_ms;    /* how long one file is asked for, again and again */
    const atomic_bool *stop; /* borrowed until done; may be NULL */
};

/*
 * Asks nobody yet. Errors: CONFIG for the address or the authority, NO_MEMORY. Those of its files: NOT_FOUND for 404 and 410,
 * NO_SESSION for 401, FORBIDDEN for 403, those of cty_tile_token_get, UNREACHABLE for any other status but 200, BUSY for 429 and 503 to the end; those of
 * net/fetch.h.
 */
CUSTODY_MUST_USE custody_err cty_tile_http_open(const struct cty_tile_http_config *config, struct cty_tile_files *ret_files,
                                                custody_error *error);

#endif
