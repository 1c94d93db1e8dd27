/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inner part of server.h and publisher.h: listens, keeps the connections within their limits, cuts the
 * stream into messages and queues what goes out. nng's own listeners are not used, only its streams: one
 * connection that closes at once makes an nng 1.5.2 listener deaf for ever (spec/decisions names the traps).
 *
 *     accept --(beyond the cap: closed)--> [TLS] --> hello --> read --> whole message --admit--> deliver --> read ...
 *                                                                          |  ^
 *                                                                  parked, no call free
 *
 * A connection is dropped, without a word as nng does it, when its hello is late or wrong, when a message is
 * too large or malformed, when it is idle, and when it doesn't take what is sent to it. A handshake counts to the
 * hello: it is under the same time limit and the same cap. Where a door has addresses on this machine as well, a
 * quarter of its connections is kept for them: the network can't lock out who is here.
 *
 * Bytes: a message counts from its first byte on, as far as it has come, until it is admitted; an answer until it is
 * written. Where all connections hold more than bytes_max together, the greediest is closed: bytes times the time
 * since it last took or brought some. Whoever holds no more than CTY_CONNECTION_BYTES_MIN is never closed for it.
 *
 * Thread rule: one lock per door. What ends in _locked is called with it; callbacks `deliver` and `gone`
 * are called without it, on nng's threads or on one that freed what a message waited for, for one connection never two at
 * once. A parked connection goes on
 * being read until its read-ahead is full, so that its end is noticed.
 */
#ifndef CTY_NET_DOOR_H
#define CTY_NET_DOOR_H

#include <nng/nng.h>
#include <pthread.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "net/sp.h"
#include "net/tls.h"
#include "net/url.h"

/* Of one connection: answers of all its calls and the hello. */
#define CTY_CONN_QUEUE_MAX (CTY_CALLS_PER_CONNECTION_MAX + 1)

struct cty_door;
struct cty_conn;

/* Bytes on their way out, counted under the door's lock; begins with room for the longest head. */
struct cty_frame {
    size_t refs;
    size_t size;
    uint8_t data[];
};

enum cty_door_verdict { CTY_DOOR_ADMIT, CTY_DOOR_PARK, CTY_DOOR_REFUSE };

struct cty_door_ops {
    /* A whole message. On ADMIT it takes `body`, and deliver follows; on REFUSE the connection is dropped. */
    enum cty_door_verdict (*admit_locked)(void *owner, struct cty_conn *conn, uint8_t *body, size_t size);
    void (*deliver)(void *owner, struct cty_conn *conn);
    /* A frame of cty_conn_send_locked was written whole. */
    void (*sent_locked)(void *owner, struct cty_conn *conn);
    /* The connection ends; whether gone is to be called as well. */
    bool (*ended_locked)(void *owner, struct cty_conn *conn);
    void (*gone)(void *owner, uint64_t connection);
};

struct cty_door_config {
    const char *const *urls;
    size_t url_count;
    /* Of socket files: 0600 or 0660. */
    unsigned file_mode;
    uint32_t protocol;
    uint32_t peer;
    size_t message_max;
    size_t connections_max;
    /* 0: what is held isn't counted; the publisher's frames are everybody's. */
    size_t bytes_max;
    /* Milliseconds; idle 0: never. */
    uint64_t hello_ms;
    uint64_t idle_ms;
    uint64_t send_ms;
    /* Where all are taken, a new connection replaces the one that is idle for longest of those that nobody vouched for. */
    bool replaces;
    /* Of TLS doors, PEM; borrowed until open returns. */
    struct cty_bytes certificate;
    struct cty_bytes certificate_key;
};

struct cty_conn {
    struct cty_door *door;
    struct cty_conn *prev;
    struct cty_conn *next;
    uint64_t number;
    enum cty_sp_transport transport;
    nng_stream *stream;
    /* NULL where there is none. */
    struct cty_tls *tls;
    nng_aio *rx;
    nng_aio *tx;
    /* A read or write is under way, or its callback runs. */
    bool rx_busy;
    bool tx_busy;
    /* A message of it is being delivered by another than its own callback. */
    bool handing;
    bool closing;
    /* Closes as soon as what TLS has to say is out. */
    bool parting;
    uint64_t since_ms;
    uint64_t heard_ms;
    uint64_t sent_ms;
    uint64_t send_since_ms;
    /* What it holds, of it what is on the way in; and when something last moved. */
    size_t bytes;
    size_t bytes_in;
    uint64_t moved_ms;
    uint8_t *parked;
    size_t parked_size;
    struct cty_frame *queue[CTY_CONN_QUEUE_MAX];
    size_t queue_count;
    /* Of the front frame: whether its writing began, and how far it has gone to the stream or to TLS. */
    bool begun;
    size_t queue_offset;
    /* The owner's: calls and answers under way, what the parked message was granted, its place in line. */
    size_t open_count;
    void *granted;
    void *calls;
    struct cty_conn *line_prev;
    struct cty_conn *line_next;
    struct cty_conn *ready_next;
    bool in_line;
    /* Its message waits until one of its own calls ends. */
    bool blocked;
    int standing;
    uint8_t peer[16]; /* its address, as server.h has it */
    /* It is not replaced; and: it is, and goes. */
    bool vouched;
    bool replaced;
    struct cty_sp_reader reader;
};

struct cty_door_counts {
    size_t connections;
    uint64_t accepted;
    /* Beyond the cap. */
    uint64_t refused;
    /* Late hello, idle, or didn't take what was sent. */
    uint64_t reaped;
    /* Wrong hello, no TLS where it has to be, too large, malformed. */
    uint64_t broken;
    /* Held too much. */
    uint64_t greedy;
    /* Made room for another. */
    uint64_t replaced;
};

struct cty_listener {
    struct cty_door *door;
    struct cty_net_url url;
    nng_stream_listener *stream;
    nng_aio *aio;
    bool pausing;
};

struct cty_door {
    pthread_mutex_t lock;
    /* Anything that somebody may wait for has changed. */
    pthread_cond_t changed;
    const struct cty_door_ops *ops;
    void *owner;
    struct cty_door_config config;
    struct cty_tls_setup *tls;
    struct cty_listener listeners[CTY_URLS_PER_DOOR_MAX];
    size_t listener_count;
    struct cty_conn *conns;
    /* Connections whose memory is not given back yet. */
    size_t live;
    /* Of the connections, those over TLS; and the most that may be. */
    size_t remote;
    size_t remote_max;
    /* Of the connections, and of those over TLS, such as are replaced and not gone yet. */
    size_t leaving;
    size_t remote_leaving;
    uint64_t last_number;
    /* What all hold. */
    size_t bytes;
    bool accepting;
    bool stopping;
    nng_aio *tick;
    /* Of whoever writes, under the lock, as far as a stream takes it at once; without a callback. */
    nng_aio *at_once;
    struct cty_door_counts counts;
};

/* Binds every address; nothing is accepted yet. `ops` and `owner` are borrowed. Errors: CONFIG, EXISTS, IO, ... */
CUSTODY_MUST_USE custody_err cty_door_open(struct cty_door *door, const struct cty_door_config *config,
                                           const struct cty_door_ops *ops, void *owner, custody_error *error);
void cty_door_start(struct cty_door *door);

/* Accepts no more, frees the addresses; connections stay. */
void cty_door_shut(struct cty_door *door);

/* Ends all; returns when no callback runs any more. Not from a callback. */
void cty_door_close(struct cty_door *door);

/* Waits for `changed` until then; false where the time is over. */
bool cty_door_wait_locked(struct cty_door *door, uint64_t deadline_ms);

/* Takes the stream. */
void cty_conn_add(struct cty_listener *listener, nng_stream *stream);
void cty_conn_close_locked(struct cty_conn *conn);
/* Asks ops->admit_locked again for the parked message, soon, on another thread. */
void cty_conn_resume_locked(struct cty_conn *conn);
/*
 * Admits the parked message here and now, for which the owner has granted what it waited for; cty_conn_deliver follows, without
 * the lock. False where only the connection's own callback can do it, since it has more to look at: cty_conn_resume_locked.
 */
bool cty_conn_hand_over_locked(struct cty_conn *conn);
void cty_conn_deliver(struct cty_conn *conn);
/* Queues the frame; takes one reference. The queue must have room. */
void cty_conn_send_locked(struct cty_conn *conn, struct cty_frame *frame);
/* Forgets the oldest frame that has not begun to go out; false where there is none. */
bool cty_conn_forget_locked(struct cty_conn *conn);
/* write.c: begins what may be begun, while nothing is under way: what TLS has to say, or the next frame. */
void cty_conn_say_locked(struct cty_conn *conn);
/* What came of the piece that was under way: so many bytes went out, or the stream failed. Goes on with the next. */
void cty_conn_sent_locked(struct cty_conn *conn, int result, size_t count);
/* bytes.c: the connection holds so much more, which may close one, also this; or so much less. */
void cty_conn_hold_locked(struct cty_conn *conn, size_t bytes);
void cty_conn_let_go_locked(struct cty_conn *conn, size_t bytes);
/* What is on the way in changed. */
void cty_conn_count_in_locked(struct cty_conn *conn);
/* All of it, for it closes. */
void cty_conn_forget_bytes_locked(struct cty_conn *conn);
bool cty_conn_is_overdue_locked(const struct cty_conn *conn, uint64_t now_ms);

/* A frame of head, `prefix` and `body`, one reference; NULL where memory ran out. */
struct cty_frame *cty_frame_new(struct cty_bytes prefix, struct cty_bytes body);
void cty_frame_drop_locked(struct cty_frame *frame);

#endif
