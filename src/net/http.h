/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small HTTP door on this machine, for those who watch (spec/metrics.md): answers GET and HEAD from one thread of its
 * own, over libmicrohttpd. A connection is for one request: it is closed behind the answer, and after a few seconds whatever
 * its peer does, so that who sends a byte now and then holds it no longer than anybody else.
 *
 * Bounds: CTY_HTTP_CONNECTIONS_MAX connections, half of them from one address; CTY_HTTP_HEADER_BYTES_MAX of a request;
 * CTY_HTTP_MS_MAX for all of it. No body is taken.
 *
 * Owns its socket and its thread. Thread rule: the function that answers runs on that thread, one call at a time; open
 * and close from one thread.
 */
#ifndef CTY_NET_HTTP_H
#define CTY_NET_HTTP_H

#include "net/url.h"

struct cty_http;

struct cty_http_answer {
    unsigned status;
    const char *type;    /* of the content; borrowed, constant */
    struct cty_buf body; /* with its limit set; the door frees it */
};

/*
 * Answers for a path, which is NUL-terminated and foreign. Where it returns something else than OK the connection is
 * closed without an answer. Runs on the door's thread.
 */
typedef custody_err cty_http_fn(void *user, const char *path, struct cty_http_answer *answer);

/* http://ADDRESS:PORT of this machine, port 0 for any free one; nothing behind the port. Errors: CONFIG. */
CUSTODY_MUST_USE custody_err cty_http_url_parse(const char *text, struct cty_net_url *ret_url, custody_error *error);

/* Listens and answers from now on. `user` is borrowed until close. Errors: CONFIG, BUSY the port is taken, IO, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_http_open(const char *url, cty_http_fn *answer, void *user, struct cty_http **ret_http,
                                           custody_error *error);
/* With the true port. Borrowed. */
const char *cty_http_url(const struct cty_http *http);
/* Ends its connections, whatever they wait for. Takes NULL. */
void cty_http_close(struct cty_http *http);

#endif
