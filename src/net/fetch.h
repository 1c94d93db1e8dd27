/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking others over HTTP: one GET or POST at a time, over libcurl. For tiles that others serve, and for witnesses.
 *
 * http and https only, HTTP/1.1, no redirect is followed, no proxy and no setting is taken from the environment, no cookies, no
 * netrc, no compression. https wants TLS 1.2 or newer and a certificate for the host. A URL holds no user and no password.
 * An answer is bounded in size, header, time and in how slowly it may come; what came of one that failed is thrown away.
 *
 * Nothing that is fetched is believed here: what it means is for the caller to verify.
 *
 * Thread rule: one struct cty_fetch a thread at a time; any number of them side by side. `stop` may be set by any thread, or in
 * a signal handler: a request ends within about a second. The library is brought up once, by the first open.
 */
#ifndef CTY_NET_FETCH_H
#define CTY_NET_FETCH_H

#include <stdatomic.h>

#include "base/bytes.h"
#include "base/limits.h"

struct cty_fetch;

struct cty_fetch_config {
    uint64_t connect_ms;     /* above 0: until there is a connection, TLS included */
    uint64_t total_ms;       /* above 0: until the last byte of an answer */
    size_t body_max;         /* above 0: of an answer */
    const char *authority;   /* PEM file of those who vouch for hosts; NULL: the system's. Borrowed for the open only. */
    const atomic_bool *stop; /* borrowed until close; may be NULL */
};

/* Errors: CONFIG `authority` can't be read, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_fetch_open(const struct cty_fetch_config *config, struct cty_fetch **ret_fetch,
                                            custody_error *error);
/* Ends its connections. Takes NULL. */
void cty_fetch_close(struct cty_fetch *fetch);

/* Zero-initialised it is empty. */
struct cty_fetch_answer {
    unsigned status;        /* 200 to 599 */
    char type[64];          /* Content-Type as it came, cut; empty where none */
    struct cty_buf body;    /* owns; its limit is set with the request */
    uint64_t retry_after_s; /* 0 where nothing was said; at most CTY_FETCH_RETRY_AFTER_S_MAX */
};
void cty_fetch_answer_done(struct cty_fetch_answer *answer);

/* Whether requests may go there: scheme, host, length, no user. Errors: CONFIG, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_fetch_url_check(const char *url, custody_error *error);

/*
 * An answer of whatever status is no error. `bearer` may be NULL. What `answer` held is overwritten; after an error its body is empty. A bearer token
 * goes over https, and over http to this machine only.
 * Errors, in this order: CONFIG the URL, CANCELLED_WAIT, UNREACHABLE (also: cut off, no HTTP), TIMEOUT (also: too slow), TLS,
 * CERTIFICATE, TOO_LARGE body or header, NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_fetch_get(struct cty_fetch *fetch, const char *url, const char *bearer,
                                           struct cty_fetch_answer *answer, custody_error *error);
/* `body` is borrowed for the call. The same errors. */
CUSTODY_MUST_USE custody_err cty_fetch_post(struct cty_fetch *fetch, const char *url, const char *type,
                                            struct cty_bytes body, struct cty_fetch_answer *answer, custody_error *error);

#endif
