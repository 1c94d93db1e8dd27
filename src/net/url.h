/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses of doors: `ipc:///absolute/path`, `tcp://HOST:PORT` on this machine (127.0.0.0/8, [::1], localhost)
 * and `tls+tcp://HOST:PORT` anywhere. What leaves the machine needs TLS. A TLS door listens at an address in
 * numbers; who dials it may write a host name. Names are never looked up here.
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
    bool tls;
    /* The one spelling: addresses in their shortest form, names of TLS doors as they are. */
    char text[CTY_URL_BYTES_MAX + 1];
    /* Of ipc; empty for tcp. */
    char path[CTY_NET_PATH_BYTES_MAX + 1];
    /* Of TLS: an address without brackets, or a name. */
    char host[CTY_URL_BYTES_MAX + 1];
    bool is_name;
    /* Of tcp, with port: the part of `text` before the last colon. */
    size_t host_size;
    unsigned port;
};

/* `listening` allows port 0, which means any free one. Errors: CONFIG with detail. */
CUSTODY_MUST_USE custody_err cty_net_url_parse(const char *text, bool listening, struct cty_net_url *ret_url,
                                               custody_error *error);

/* Whether a text is an address of HTTP, plain or with TLS, and so not one of these. */
bool cty_net_url_is_http(const char *text);

/* Puts the true port into a parsed tcp address. */
void cty_net_url_set_port(struct cty_net_url *url, unsigned port);

/* What nng's streams are given: TLS is ours, so there it is the tcp address beneath. Borrowed. */
const char *cty_net_url_stream(const struct cty_net_url *url);

/* Whether a text is a host name as DNS has them, in lower case, and no number. */
bool cty_net_name_is_host(struct cty_bytes name);

#endif
