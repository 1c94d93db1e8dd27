/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of TLS share: certificates made for the moment, and a peer by hand that speaks TLS. */
#ifndef CTY_TESTS_NET_TLS_PEER_H
#define CTY_TESTS_NET_TLS_PEER_H

#include "net/tls.h"
#include "peer.h"
#include "pems.h"

#define DAY_MS ((uint64_t)24 * 3600 * 1000)

/* A self-signed certificate for localhost, 127.0.0.1 and ::1, and its key. */
struct pair {
    struct cty_buf certificate;
    struct cty_buf key;
};
void pair_make(struct pair *pair);
/* Good from and until so many days from now. */
void pair_make_for(struct pair *pair, int from_days, int until_days);
void pair_done(struct pair *pair);
struct cty_net_pin pair_pin(const struct pair *pair);

/* Opens a TLS door on a free port of 127.0.0.1. */
void rig_open_tls(struct rig *rig, struct cty_net_server_config config, const struct pair *pair, bool keep);
/* The same address, plain, or by name. `ret_url` has CTY_URL_BYTES_MAX + 1 bytes. */
void url_with(const char *url, const char *before_port, char *ret_url);

/* One call by a client of its own; the reply may be NULL. */
custody_err ask(const char *url, struct cty_net_pin pin, struct cty_bytes request, struct cty_buf *ret_reply,
                custody_error *error);
void expect_echo(const char *url, struct cty_net_pin pin);

struct tls_raw {
    int fd;
    struct cty_tls_setup *setup;
    struct cty_tls *tls;
};

/* Connects and shakes hands. */
void tls_raw_open(struct tls_raw *raw, const char *url, struct cty_net_pin pin);
void tls_raw_close(struct tls_raw *raw);
bool tls_raw_write(struct tls_raw *raw, const void *data, size_t size);
bool tls_raw_read(struct tls_raw *raw, void *data, size_t size);

#endif
