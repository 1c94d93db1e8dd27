/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks a door: the REQ side of nng's request-reply protocol. Any nng REP socket can answer it.
 *
 * A call has a connection to itself, which is kept for the next one. A request is sent once: nothing is ever
 * sent again by itself, so after UNREACHABLE or TIMEOUT it is unknown whether the other side acted, and the
 * caller repeats what is safe to repeat. Giving up a call closes its connection, which frees it at the other
 * side.
 *
 * Thread rule: a client may be used by several threads at once; close when no call is under way. What
 * server.h says of nng's threads and of fork holds here too.
 */
#ifndef CTY_NET_CLIENT_H
#define CTY_NET_CLIENT_H

#include <stdatomic.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "net/certificate.h"
#include "net/pin.h"

struct cty_net_client;

struct cty_net_client_config {
    /* Borrowed until open returns; addresses as in server.h. */
    const char *url;
    /* Of a TLS door; copied. Without one no TLS door is dialled. */
    struct cty_net_pin pin;
    /* Bytes; 0 takes CTY_MESSAGE_BYTES_MAX and CTY_REPLY_BYTES_MAX. */
    size_t request_max;
    size_t reply_max;
    /* How long a call goes on trying to connect; 0: once, so that a door which is not there is told at once. */
    uint64_t connect_ms;
    /*
     * Set from any thread or a signal handler: calls that wait for their answer end within CTY_STOP_LOOK_MS, with
     * CANCELLED_WAIT. Borrowed for the client's life; NULL: nothing ends them.
     */
    const atomic_bool *stop;
};
#define CTY_STOP_LOOK_MS 250u

/* Connects with the first call. Errors: CONFIG; CERTIFICATE no certificate is pinned for a TLS door; NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_net_client_open(const struct cty_net_client_config *config,
                                                 struct cty_net_client **ret_client, custody_error *error);

/*
 * Sends the request and puts the answer into *ret_reply, an empty buffer with its own limit, in at most so
 * long. Errors: TOO_LARGE the request before it is sent, or the answer; before it is sent, CERTIFICATE the door
 * shows another one than is pinned, and TLS it speaks none or speaks it unasked; UNREACHABLE nobody there, or the
 * connection was closed before the answer (a door that finds a request too large does that); TIMEOUT;
 * NO_MEMORY, BUSY (out of files); CANCELLED_WAIT.
 */
CUSTODY_MUST_USE custody_err cty_net_client_call(struct cty_net_client *client, struct cty_bytes request,
                                                 uint64_t timeout_ms, struct cty_buf *ret_reply,
                                                 custody_error *error);

/*
 * The certificate that the door showed with the newest connection, and that was accepted: what this door is known by.
 * False where there was none, or the door has none.
 */
bool cty_net_client_shown(struct cty_net_client *client, uint8_t ret_fingerprint[static CTY_FINGERPRINT_BYTES]);

/* NULL is nothing. */
void cty_net_client_close(struct cty_net_client *client);

#endif
