/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A door that answers requests: the REP side of nng's request-reply protocol, over ipc://, on this machine
 * tcp://, and beyond it tls+tcp://. Any nng REQ socket can speak with it.
 *
 * It owns its connections and calls. It never parses a message, never answers on its own, never logs.
 *
 * A call is one request from its arrival to its one answer. There are `calls_max` of them; while all are
 * taken, further messages wait with their connections, whose peers feel it; connections take turns. A call that waits
 * for something slow (a long poll) is held (cty_net_call_hold): then it is none of these, but one of `waits_max`, and
 * its message is given back.
 *
 * Thread rule: callbacks run on nng's threads, several at once, or within a reply or a drop, and must only copy or enqueue. Everything
 * else may be called from any thread, from callbacks too, except drain and close. nng starts its threads at
 * the first use, with the mask of that moment and SIGPIPE, and 1.5.2 has no call that says how many: twice the processors
 * for tasks (16 at most), one each for time limits, four for names, and three more. A process must not fork
 * after that, except to exec.
 *
 * Memory: for each connection about 9 KiB, over TLS about 90; for messages and answers together at most bytes_max,
 * where no connection holds more than CTY_CONNECTION_BYTES_MIN, and beyond that what those hold that hold less
 * (door.h, "Bytes").
 */
#ifndef CTY_NET_SERVER_H
#define CTY_NET_SERVER_H

#include "base/bytes.h"
#include "base/limits.h"

struct cty_net_server;
struct cty_net_call;

struct cty_net_server_config {
    /* Borrowed until open returns: ipc:///absolute/path, tcp://127.0.0.1:PORT, tls+tcp://ADDRESS:PORT; port 0 takes
     * a free one. */
    const char *const *urls;
    size_t url_count;
    /* Of the socket file: 0600 (also for 0) or 0660. Its folder must exist. */
    unsigned file_mode;
    /* 0 takes the value of base/limits.h: bytes of a request and of an answer, */
    size_t message_max;
    size_t reply_max;
    /* connections (a quarter not over TLS, where there are other doors), and calls at once, in all and of one, */
    size_t connections_max;
    size_t calls_max;
    size_t calls_per_connection;
    /* calls that are held, */
    size_t waits_max;
    /*
     * Where all connections are taken, a new one replaces the one that is idle for longest and that no call vouched for
     * (cty_net_call_vouch), instead of being closed.
     */
    bool replaces;
    /* bytes of all messages and answers of all connections, */
    size_t bytes_max;
    /* milliseconds for the hello, without a whole message, and to take an answer. */
    uint64_t hello_ms;
    uint64_t idle_ms;
    uint64_t send_ms;
    /* Of TLS doors: the certificate with its chain, and its key, as PEM; borrowed until open returns. */
    struct cty_bytes certificate;
    struct cty_bytes certificate_key;
};

struct cty_net_server_ops {
    /*
     * A request. `message` lives until the call is answered or dropped, so it may be kept instead of copied.
     * The call must be answered with cty_net_reply or given up with cty_net_drop, once, now or later. Runs on nng's threads,
     * and within cty_net_reply and cty_net_drop, which deliver what waited for the call that they ended.
     */
    void (*on_message)(void *user, struct cty_net_call *call, struct cty_bytes message);
    /*
     * The peer of this connection went away with calls unanswered, which still have to be answered or
     * dropped. Comes after every on_message of that connection has returned, and at most once. May be NULL.
     */
    void (*on_gone)(void *user, uint64_t connection);
};

struct cty_net_server_counts {
    size_t connections;
    /* Calls that are free, and calls that are held. */
    size_t calls_free;
    size_t calls_held;
    /* Of messages and answers. */
    size_t bytes;
    uint64_t messages;
    uint64_t replies;
    uint64_t accepted;
    /* Connections closed: beyond the cap; for being late, idle or unable to take an answer; for what they sent; for
     * how much they held. */
    uint64_t refused;
    uint64_t reaped;
    uint64_t broken;
    uint64_t greedy;
    /* Closed to make room. */
    uint64_t replaced;
};

/*
 * Opens the door. `user` and the functions of `ops` are borrowed until close.
 * Errors: CONFIG an address, a limit, a folder or the certificate's key is not acceptable; CERTIFICATE; EXISTS a
 * living server or another file is there (a dead server's socket is removed); BUSY, IO, NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_net_server_open(const struct cty_net_server_config *config,
                                                 const struct cty_net_server_ops *ops, void *user,
                                                 struct cty_net_server **ret_server, custody_error *error);

/* The address at `index` as a client names it, with the true port; borrowed; NULL beyond the last. */
const char *cty_net_server_url(const struct cty_net_server *server, size_t index);

void cty_net_server_get_counts(struct cty_net_server *server, struct cty_net_server_counts *ret_counts);

/*
 * Frees the addresses, drops requests that are not calls yet, and waits until all calls are answered and the
 * answers written, at most so long. Errors: TIMEOUT.
 */
CUSTODY_MUST_USE custody_err cty_net_server_drain(struct cty_net_server *server, uint64_t timeout_ms);

/*
 * Ends all connections. Every call must have been answered or dropped, and every reply and drop have returned. NULL is
 * nothing.
 */
void cty_net_server_close(struct cty_net_server *server);

/* Which connection it came by: a number never used again by this server. */
uint64_t cty_net_call_connection(const struct cty_net_call *call);

/*
 * Who asks, as far as limits go: an IPv4 address in IPv6 form, or the first 64 bits of an IPv6 address; all zeros: by a
 * socket file.
 */
struct cty_net_peer {
    uint8_t bytes[16];
};
struct cty_net_peer cty_net_call_peer(const struct cty_net_call *call);

/* Whether it came by a TLS door, and so perhaps from another machine. */
bool cty_net_call_over_tls(const struct cty_net_call *call);

/* Not of a call that is held. */
struct cty_bytes cty_net_call_message(const struct cty_net_call *call);

/*
 * A number that the owner keeps with each connection, 0 at first and never below: how it stood when this call came, and
 * by how much the call's end changes it. Held to CTY_STANDING_MAX, so that nothing lasts for ever.
 */
#define CTY_STANDING_MAX 32
int cty_net_call_standing(const struct cty_net_call *call);
void cty_net_call_change_standing(struct cty_net_call *call, int change);

/* The call proves that its connection is somebody's who is known here: it is not replaced, from the call's end on. */
void cty_net_call_vouch(struct cty_net_call *call);

/* Whether the peer went away; an answer would go nowhere. */
bool cty_net_call_is_gone(struct cty_net_call *call);

/*
 * Keeps a call without its message, so that it doesn't count to those that run; again is OK. Errors: BUSY too many are
 * held; CANCELLED_WAIT the peer went away.
 */
CUSTODY_MUST_USE custody_err cty_net_call_hold(struct cty_net_call *call);

/*
 * Answers and ends the call; the bytes are copied. Like cty_net_drop it may call on_message, so hold no lock that this takes. OK also where the peer went away.
 * Errors, after which the call still needs its answer: TOO_LARGE, NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_net_reply(struct cty_net_call *call, struct cty_bytes reply);

/* Ends the call without an answer. */
void cty_net_drop(struct cty_net_call *call);

#endif
