/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inner part of client.h and subscriber.h: one connection to a door, driven by the thread that uses it.
 * Nothing is sent, repeated or connected behind its back; every wait ends at a deadline.
 * Thread rule: one thread at a time. Deadlines are of cty_net_now_ms.
 */
#ifndef CTY_NET_LINK_H
#define CTY_NET_LINK_H

#include <nng/nng.h>

#include "base/bytes.h"
#include "net/sp.h"
#include "net/tls.h"
#include "net/url.h"

struct cty_link {
    nng_stream *stream;
    nng_aio *aio;
    /* NULL where there is no TLS. */
    struct cty_tls_setup *setup;
    struct cty_tls *tls;
    struct cty_link *next;
    uint64_t idle_since_ms;
    struct cty_sp_reader reader;
};

struct cty_link_config {
    const struct cty_net_url *url;
    /* Of TLS doors. */
    const struct cty_net_pin *pin;
    uint32_t protocol;
    uint32_t peer;
    size_t message_max;
};

/*
 * Connects and sends our hello, over TLS once the door's certificate was accepted. Errors: CERTIFICATE (also where
 * nothing is pinned: then nothing is dialled), TLS, UNREACHABLE, NO_MEMORY, BUSY (out of files).
 */
CUSTODY_MUST_USE custody_err cty_link_open(const struct cty_link_config *config, uint64_t deadline_ms,
                                           struct cty_link **ret_link, custody_error *error);

/* Waits for their hello, for those who speak first; to listen, cty_link_receive is enough. Errors: UNREACHABLE,
 * TLS the other side wants it. */
CUSTODY_MUST_USE custody_err cty_link_greet(struct cty_link *link, uint64_t deadline_ms, custody_error *error);

/* NULL is nothing; returns NULL. */
struct cty_link *cty_link_close(struct cty_link *link);

/* Whether the other side is there and has sent nothing unasked. Doesn't wait. */
bool cty_link_is_quiet(struct cty_link *link);

/* Errors: TIMEOUT, UNREACHABLE, NO_MEMORY; after each the link is of no use. */
CUSTODY_MUST_USE custody_err cty_link_send(struct cty_link *link, struct cty_bytes prefix, struct cty_bytes body,
                                           uint64_t deadline_ms, custody_error *error);

/*
 * The next whole message; the caller owns it (free). Errors: TIMEOUT, after which the link may be used on;
 * UNREACHABLE, TOO_LARGE, NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_link_receive(struct cty_link *link, uint64_t deadline_ms, uint8_t **ret_body,
                                              size_t *ret_size, custody_error *error);

#endif
