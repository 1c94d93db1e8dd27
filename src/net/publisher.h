/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A door that tells: the PUB side of nng's publish-subscribe protocol. Anybody who can connect hears
 * everything, nothing is ever asked of them, and who doesn't keep up loses the oldest messages that wait for
 * him. So it carries hints that are signed in themselves, such as checkpoints, and nothing else.
 *
 * Thread rule: any thread; close when no other call is under way. Addresses and time limits as in server.h;
 * idle subscribers are not closed, ones that send anything are.
 */
#ifndef CTY_NET_PUBLISHER_H
#define CTY_NET_PUBLISHER_H

#include "base/bytes.h"
#include "base/limits.h"

struct cty_net_publisher;

struct cty_net_publisher_config {
    const char *const *urls;
    size_t url_count;
    unsigned file_mode;
    /* 0 takes CTY_NOTE_BYTES_MAX, CTY_CONNECTIONS_DEFAULT, and the values of base/limits.h. */
    size_t message_max;
    size_t connections_max;
    uint64_t hello_ms;
    uint64_t send_ms;
    /* Of TLS doors: the certificate with its chain, and its key, as PEM; borrowed until open returns. */
    struct cty_bytes certificate;
    struct cty_bytes certificate_key;
};

/* Errors as cty_net_server_open. */
CUSTODY_MUST_USE custody_err cty_net_publisher_open(const struct cty_net_publisher_config *config,
                                                    struct cty_net_publisher **ret_publisher,
                                                    custody_error *error);

/* The address at `index` with the true port; borrowed; NULL beyond the last. */
const char *cty_net_publisher_url(const struct cty_net_publisher *publisher, size_t index);

size_t cty_net_publisher_connections(struct cty_net_publisher *publisher);

/* Copies the bytes to everybody who is there; never waits. Errors: TOO_LARGE, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_net_publish(struct cty_net_publisher *publisher, struct cty_bytes message);

/* NULL is nothing. */
void cty_net_publisher_close(struct cty_net_publisher *publisher);

#endif
