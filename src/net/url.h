/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses of doors: `ipc:///absolute/path` and `tcp://HOST:PORT` on this machine (127.0.0.0/8, [::1],
 * localhost). Anything else is refused: what leaves the machine needs TLS. Names are never looked up.
 * Thread rule: pure.
 */
#ifndef CTY_NET_URL_H
#define CTY_NET_URL_H

#include "base/bytes.h"
#include "base/limits.h"
#include "net/sp.h"

/* What fits into sockaddr_un with its final NUL. */
#define CTY_NET_PATH_BYTES_MAX 107u

struct cty_net_url {
    enum cty_sp_transport transport;
    /* The one spelling that nng is given: numbers instead of names. */
    char text[CTY_URL_BYTES_MAX + 1];
    /* Of ipc; empty for tcp. */
    char path[CTY_NET_PATH_BYTES_MAX + 1];
    /* Of tcp, with port: the part of `text` before the last colon. */
    size_t host_size;
};

/* `listening` allows port 0, which means any free one. Errors: CONFIG with detail. */
CUSTODY_MUST_USE custody_err cty_net_url_parse(const char *text, bool listening, struct cty_net_url *ret_url,
                                               custody_error *error);

/* Puts the true port into a parsed tcp address. */
void cty_net_url_set_port(struct cty_net_url *url, unsigned port);

#endif
