/* SPDX-License-Identifier: Apache-2.0 */
/* A server of HTTP by hand, plain or with TLS, that answers well, badly, slowly or not at all. */
#ifndef CTY_TESTS_NET_HTTP_PEER_H
#define CTY_TESTS_NET_HTTP_PEER_H

#include <stdatomic.h>

#include "tls_peer.h"

#define REQUEST_BYTES_MAX 8192

/* One connection after the other, each for one request. A path without a script gets header lines without end. */
struct script {
    const char *path;
    const char *answer; /* all of it; NULL: nothing is said */
    bool holds;         /* the connection stays, until the other side is gone */
};

struct server {
    int listener;
    unsigned port;
    pthread_t thread;
    pthread_mutex_t lock;
    const struct script *scripts;
    struct cty_tls_setup *setup; /* NULL: plain */
    atomic_bool greets;          /* speaks before it hears */
    atomic_bool *stop;           /* set when a request came */
    unsigned requests;
    char request[REQUEST_BYTES_MAX + 1]; /* the newest */
};

/* At a free port of 127.0.0.1; `scripts` end with a NULL path and are borrowed; TLS with `pair`, plain where it is NULL. */
void server_open(struct server *server, const struct script *scripts, const struct pair *pair);
void server_close(struct server *server);

#endif
