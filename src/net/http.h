/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bounded HTTP/1.1 server over libmicrohttpd: some threads, each with connections of its own, and one function that
 * answers. What it speaks, and what it does with bad input, is in spec/tiles.md ("The door").
 *
 * Everything has a bound, given when it is opened: connections in all and from one address; how long a header may take to come,
 * and how long the rest of its request and the answer may take; how many requests a connection carries, and how long it lives
 * at all; the sizes of path, header and body; the bytes of answers that nobody has taken yet. A peer that sends or takes a
 * byte now and then holds a place no longer than another one.
 *
 * Paths and bodies are foreign, and so is every other member of a request. TLS is for a proxy in front.
 *
 * Owns its socket and its threads. Thread rule: open and close from one thread; the function that answers is called on
 * the door's threads, one call at a time on each.
 */
#ifndef CTY_NET_HTTP_H
#define CTY_NET_HTTP_H

#include "net/url.h"

struct cty_http;

enum cty_http_method { CTY_HTTP_GET, CTY_HTTP_HEAD, CTY_HTTP_POST };

/* Who asks, as far as limits go: an IPv4 address in IPv6 form, or the first 64 bits of an IPv6 address. */
struct cty_http_peer {
    uint8_t bytes[16];
};

/* Borrowed until the answer is given. */
struct cty_http_request {
    enum cty_http_method method;
    const char *path;               /* as it came, no escape undone, without what stands behind a '?' */
    struct cty_bytes body;          /* of a POST */
    struct cty_bytes type;          /* Content-Type; empty: none, as the next ones */
    struct cty_bytes authorization;
    struct cty_bytes if_none_match;
    struct cty_http_peer peer;
    unsigned thread;                /* which of the door's threads this is, from 0 */
};

enum cty_http_cache {
    CTY_HTTP_NO_STORE, /* keep it nowhere */
    CTY_HTTP_PRIVATE,  /* nor is it for anybody else */
    CTY_HTTP_SHORT,    /* for two seconds */
    CTY_HTTP_FOREVER   /* it never changes */
};

#define CTY_HTTP_TAG_SIZE 72u

struct cty_http_answer {
    unsigned status;             /* 200 at first */
    const char *type;            /* of the content; borrowed, constant */
    struct cty_buf body;         /* with its limit set; the door frees it. HEAD is answered as GET is, and sends none of it */
    char tag[CTY_HTTP_TAG_SIZE]; /* ETag, without its quotes; empty: none. Where the request has it already, 304 is sent */
    enum cty_http_cache cache;
    uint64_t retry_after_s;      /* 0: not said */
    const char *allow;           /* methods, beside status 405; borrowed, constant, as the next one */
    const char *challenge;       /* WWW-Authenticate, beside status 401 */
};

/* Where it returns something else than OK, that is answered as a problem, by its row in the table of errors. */
typedef custody_err cty_http_fn(void *user, const struct cty_http_request *request, struct cty_http_answer *answer);

/*
 * Makes of an answer a problem (RFC 9457) with this status and code. `detail` is cut, and what in it isn't printable ASCII
 * is replaced. Errors: NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_http_problem(struct cty_http_answer *answer, unsigned status, custody_err code,
                                              const char *detail);
/* The same with the status that belongs to the code; a 405 where `allow` is not NULL. */
CUSTODY_MUST_USE custody_err cty_http_problem_code(struct cty_http_answer *answer, custody_err code, const char *detail);
CUSTODY_MUST_USE custody_err cty_http_problem_method(struct cty_http_answer *answer, const char *allow);
/* Whether If-None-Match names this tag (RFC 9110 section 13.1.2: the weak comparison). Foreign text, any form. */
bool cty_http_tag_matches(struct cty_bytes if_none_match, const char *tag);

/* 0 in a number means its default. */
struct cty_http_config {
    const char *url;           /* http://ADDRESS:PORT, borrowed until open returns; port 0: any free one */
    unsigned threads;          /* 1 to CTY_HTTP_THREADS_MAX; 1 */
    unsigned connections_max;  /* CTY_HTTP_CONNECTIONS_DEFAULT */
    unsigned per_address_max;  /* half of connections_max */
    unsigned requests_max;     /* of one connection; CTY_HTTP_REQUESTS_MAX */
    uint64_t idle_ms;          /* from the connection, or the answer before, to the end of a header; CTY_HTTP_IDLE_MS_DEFAULT */
    uint64_t request_ms;       /* from there until the answer was taken; CTY_HTTP_REQUEST_MS_DEFAULT */
    uint64_t life_ms;          /* after it, the answer under way is the connection's last one; CTY_HTTP_LIFE_MS_DEFAULT */
    size_t body_max;           /* 0: GET and HEAD only */
    size_t answer_max;         /* CTY_HTTP_ANSWER_BYTES_MAX */
    size_t answers_max;        /* of all answers in memory, half of it for one address; CTY_HTTP_ANSWERS_BYTES_MAX */
    bool plain;                /* what the door itself refuses is said in a line of text */
    cty_http_fn *answer;
    void *user;                /* borrowed until close */
};

/* http://ADDRESS:PORT of this machine, port 0 for any free one; nothing behind the port. Errors: CONFIG. */
CUSTODY_MUST_USE custody_err cty_http_url_parse(const char *text, struct cty_net_url *ret_url, custody_error *error);
/* The same at any address in numbers, 0.0.0.0 and [::] among them. *ret_here: it is one of this machine only. */
CUSTODY_MUST_USE custody_err cty_http_url_parse_any(const char *text, struct cty_net_url *ret_url, bool *ret_here,
                                                    custody_error *error);

/*
 * Listens and answers from now on; at whatever address it is told: whether that may be one beyond this machine is for
 * the caller to say. Errors: CONFIG, BUSY the port is taken, IO, NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_http_open(const struct cty_http_config *config, struct cty_http **ret_http,
                                           custody_error *error);
/* With the true port. Borrowed. */
const char *cty_http_url(const struct cty_http *http);

/* Since it was opened, but for those that are there now. */
struct cty_http_counts {
    uint64_t connections;     /* now */
    uint64_t connections_max;
    uint64_t accepted;
    uint64_t refused;         /* there being too many */
    uint64_t reaped;          /* for being late */
    uint64_t answers[5];      /* by class of status: 1xx, which is never, to 5xx */
    uint64_t bytes;           /* of answers, now */
};
void cty_http_get_counts(struct cty_http *http, struct cty_http_counts *ret_counts);

/* Ends its connections, whatever they wait for. Takes NULL. */
void cty_http_close(struct cty_http *http);

#endif
