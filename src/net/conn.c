/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection of a door. Two things can be under way: a read (rx) and a write (tx); each is one nng aio,
 * whose callback runs on an nng thread. Closing closes the stream, which ends both; whichever callback finds
 * nothing under way any more gives the memory back. Where neither was under way, a callback is made up. What the
 * stream takes at once, as it takes nearly every answer, was never under way: it is written by whoever has it to send.
 *
 * Over TLS a read brings bytes that TLS turns into ours, without the door's lock, for its arithmetic takes long; a
 * write takes out what TLS made of ours, or what it has to say by itself.
 */
#include <stdlib.h>

#include "base/check.h"
#include "net/door.h"
#include "net/trouble.h"

/* Connections beyond those that may be, because they are on their way out. */
#define LEAVING_MAX 8u

/* ---- life ---- */

static void unlink_locked(struct cty_conn *conn)
{
    struct cty_door *door = conn->door;
    if (conn->prev)
        conn->prev->next = conn->next;
    else
        door->conns = conn->next;
    if (conn->next)
        conn->next->prev = conn->prev;
    door->counts.connections--;
    door->remote -= conn->tls ? 1 : 0;
    door->leaving -= conn->replaced ? 1 : 0;
    door->remote_leaving -= conn->replaced && conn->tls ? 1 : 0;
}

/* Both aios are at rest; only they are given back later, because one of them may be running this. */
static void release(struct cty_conn *conn)
{
    nng_aio_reap(conn->rx);
    nng_aio_reap(conn->tx);
    nng_stream_free(conn->stream);
    cty_tls_free(conn->tls);
    cty_sp_reader_done(&conn->reader);
    free(conn->parked);
    free(conn);
}

/* Ends a callback: unlocks, and gives the connection back where this was its last. */
static void leave(struct cty_conn *conn)
{
    struct cty_door *door = conn->door;
    if (!conn->closing || conn->rx_busy || conn->tx_busy || conn->handing) {
        pthread_mutex_unlock(&door->lock);
        return;
    }
    unlink_locked(conn);
    bool tell = door->ops->ended_locked(door->owner, conn);
    while (conn->queue_count > 0)
        cty_frame_drop_locked(conn->queue[--conn->queue_count]);
    pthread_mutex_unlock(&door->lock);
    if (tell)
        door->ops->gone(door->owner, conn->number);
    release(conn);
    pthread_mutex_lock(&door->lock);
    door->live--;
    pthread_cond_broadcast(&door->changed);
    pthread_mutex_unlock(&door->lock);
}

/* Runs the read callback without a read. */
static void poke_locked(struct cty_conn *conn)
{
    conn->rx_busy = true;
    if (nng_aio_begin(conn->rx))
        nng_aio_finish(conn->rx, NNG_ECANCELED);
}

void cty_conn_close_locked(struct cty_conn *conn)
{
    if (conn->closing)
        return;
    cty_conn_forget_bytes_locked(conn);
    conn->closing = true;
    nng_stream_close(conn->stream);
    if (!conn->rx_busy && !conn->tx_busy)
        poke_locked(conn);
}

/* ---- writing (write.c) ---- */

static void tx_done(void *argument)
{
    struct cty_conn *conn = argument;
    int result = nng_aio_result(conn->tx);
    size_t count = nng_aio_count(conn->tx);
    pthread_mutex_lock(&conn->door->lock);
    conn->tx_busy = false;
    cty_conn_sent_locked(conn, result, count);
    if (conn->parting && !conn->tx_busy)
        cty_conn_close_locked(conn);
    leave(conn);
}

/* ---- reading ---- */

static void read_more_locked(struct cty_conn *conn)
{
    uint8_t *room = NULL;
    size_t size = conn->tls ? cty_tls_room(conn->tls, &room) : cty_sp_reader_room(&conn->reader, &room);
    if (size == 0)
        return;
    nng_iov piece = {.iov_buf = room, .iov_len = size};
    conn->rx_busy = true;
    nng_aio_set_iov(conn->rx, 1, &piece);
    nng_stream_recv(conn->stream, conn->rx);
}

/* Nothing more is read; what TLS has to say about it goes out first. */
static void part_locked(struct cty_conn *conn, custody_err why)
{
    if (conn->parting)
        return;
    conn->parting = true;
    conn->door->counts.broken += why != CUSTODY_E_UNREACHABLE;
    if (!conn->tx_busy)
        cty_conn_close_locked(conn);
}

/*
 * Has TLS turn what came into bytes of ours; false where more must come first, or the connection ends. Not while a message
 * is parked: the lock would be open between parking it and reading on, and who resumes it then would find no read to cancel.
 */
static bool unwrap_locked(struct cty_conn *conn)
{
    struct cty_door *door = conn->door;
    uint8_t *room = NULL;
    size_t count = 0;
    size_t size = conn->tls && !conn->parked ? cty_sp_reader_room(&conn->reader, &room) : 0;
    if (size == 0 || conn->parting)
        return false;
    pthread_mutex_unlock(&door->lock);
    custody_err err = cty_tls_read(conn->tls, room, size, &count, NULL);
    pthread_mutex_lock(&door->lock);
    cty_conn_say_locked(conn);
    if (err != CUSTODY_OK)
        part_locked(conn, err);
    else if (count > 0)
        cty_sp_reader_fed(&conn->reader, count);
    return err == CUSTODY_OK && count > 0;
}

/* Moves the next whole message into `parked`; false where there is none. */
static bool next_message_locked(struct cty_conn *conn)
{
    if (conn->parked)
        return true;
    if (cty_sp_reader_next(&conn->reader, &conn->parked, &conn->parked_size) != CUSTODY_OK) {
        conn->door->counts.broken++;
        cty_conn_close_locked(conn);
        return false;
    }
    if (conn->parked)
        conn->heard_ms = cty_net_now_ms();
    cty_conn_count_in_locked(conn);
    return conn->parked != NULL && !conn->closing;
}

/* Hands over one message; false where the owner wants to wait or the connection was closed. */
static bool hand_over_locked(struct cty_conn *conn)
{
    struct cty_door *door = conn->door;
    /* Whoever delivers the message before comes back for this one. */
    if (conn->handing)
        return false;
    switch (door->ops->admit_locked(door->owner, conn, conn->parked, conn->parked_size)) {
    case CTY_DOOR_PARK:
        return false;
    case CTY_DOOR_REFUSE:
        door->counts.broken++;
        cty_conn_close_locked(conn);
        return false;
    case CTY_DOOR_ADMIT:
        break;
    }
    conn->parked = NULL;
    cty_conn_count_in_locked(conn);
    pthread_mutex_unlock(&door->lock);
    door->ops->deliver(door->owner, conn);
    pthread_mutex_lock(&door->lock);
    return true;
}

static void rx_done(void *argument)
{
    struct cty_conn *conn = argument;
    int result = nng_aio_result(conn->rx);
    size_t count = nng_aio_count(conn->rx);
    pthread_mutex_lock(&conn->door->lock);
    /* A cancelled read is our own doing: something changed for the parked message. */
    if (result != 0 && result != NNG_ECANCELED)
        cty_conn_close_locked(conn);
    else if (result == 0 && conn->tls)
        cty_tls_fed(conn->tls, count);
    else if (result == 0)
        cty_sp_reader_fed(&conn->reader, count);
    conn->moved_ms = cty_net_now_ms();
    do {
        while (!conn->closing && next_message_locked(conn) && hand_over_locked(conn)) {
        }
    } while (!conn->closing && unwrap_locked(conn));
    conn->rx_busy = false;
    if (!conn->closing && !conn->parting)
        read_more_locked(conn);
    leave(conn);
}

void cty_conn_resume_locked(struct cty_conn *conn)
{
    if (conn->rx_busy)
        nng_aio_cancel(conn->rx);
    else
        poke_locked(conn);
}

/* A read that is under way would not see what was read ahead of it, here or within TLS. */
bool cty_conn_hand_over_locked(struct cty_conn *conn)
{
    struct cty_door *door = conn->door;
    if (conn->closing || conn->tls || !conn->parked || conn->handing || cty_sp_reader_is_partial(&conn->reader))
        return false;
    CTY_CHECK(door->ops->admit_locked(door->owner, conn, conn->parked, conn->parked_size) == CTY_DOOR_ADMIT);
    conn->parked = NULL;
    cty_conn_count_in_locked(conn);
    conn->handing = true;
    return true;
}

void cty_conn_deliver(struct cty_conn *conn)
{
    struct cty_door *door = conn->door;
    door->ops->deliver(door->owner, conn);
    pthread_mutex_lock(&door->lock);
    conn->handing = false;
    if (!conn->closing && conn->parked)
        cty_conn_resume_locked(conn);
    leave(conn);
}

/* ---- beginning ---- */

/* The hello has no head: it stands where a message would. */
static struct cty_frame *hello_new(uint32_t protocol)
{
    uint8_t hello[CTY_SP_HELLO_BYTES];
    cty_sp_hello_format(protocol, hello);
    struct cty_frame *frame = malloc(sizeof(*frame) + sizeof(hello));
    if (!frame)
        return NULL;
    frame->refs = 1;
    frame->size = sizeof(hello);
    memcpy(frame->data, hello, sizeof(hello));
    return frame;
}

/* What needs no connection to be given back. */
static custody_err conn_fill(struct cty_conn *conn, const struct cty_listener *listener)
{
    if (listener->url.tls)
        CTY_TRY(cty_tls_new(conn->door->tls, &conn->tls));
    conn->queue[0] = hello_new(conn->door->config.protocol);
    conn->queue_count = conn->queue[0] ? 1 : 0;
    if (!conn->queue[0] || nng_aio_alloc(&conn->rx, rx_done, conn) != 0 ||
        nng_aio_alloc(&conn->tx, tx_done, conn) != 0)
        return CUSTODY_E_NO_MEMORY;
    return CUSTODY_OK;
}

static custody_err conn_new(const struct cty_listener *listener, struct cty_conn **ret_conn)
{
    struct cty_conn *conn = cty_alloc(1, sizeof(*conn));
    if (!conn)
        return CUSTODY_E_NO_MEMORY;
    conn->door = listener->door;
    conn->transport = listener->url.transport;
    cty_sp_reader_init(&conn->reader, conn->transport, conn->door->config.peer, conn->door->config.message_max);
    if (conn_fill(conn, listener) != CUSTODY_OK) {
        nng_aio_free(conn->rx);
        cty_tls_free(conn->tls);
        free(conn->queue[0]);
        free(conn);
        return CUSTODY_E_NO_MEMORY;
    }
    conn->since_ms = cty_net_now_ms();
    conn->heard_ms = conn->moved_ms = conn->since_ms;
    *ret_conn = conn;
    return CUSTODY_OK;
}

static void register_locked(struct cty_conn *conn)
{
    struct cty_door *door = conn->door;
    conn->number = ++door->last_number;
    conn->next = door->conns;
    if (conn->next)
        conn->next->prev = conn;
    door->conns = conn;
    door->live++;
    door->counts.connections++;
    door->remote += conn->tls ? 1 : 0;
    door->counts.accepted++;
    cty_conn_hold_locked(conn, conn->queue[0]->size);
    cty_conn_say_locked(conn);
    /* Whoever left meanwhile may have been closed by that. */
    if (!conn->closing)
        read_more_locked(conn);
    pthread_cond_broadcast(&door->changed);
}

/* Nothing of its own is under way, and nobody vouched for it. A half message doesn't count: anybody can begin one. */
static bool may_be_replaced(const struct cty_conn *conn)
{
    return !conn->closing && !conn->vouched && conn->open_count == 0 && !conn->parked && !conn->begun;
}

/* Closes the one that sent nothing whole for longest. The network replaces nobody of this machine. */
static void replace_locked(struct cty_door *door, const struct cty_listener *listener)
{
    struct cty_conn *oldest = NULL;
    for (struct cty_conn *conn = door->conns; conn; conn = conn->next) {
        bool fits = may_be_replaced(conn) && (!listener->url.tls || conn->tls);
        if (fits && (!oldest || conn->heard_ms <= oldest->heard_ms))
            oldest = conn;
    }
    if (!oldest)
        return;
    oldest->replaced = true;
    door->leaving++;
    door->remote_leaving += oldest->tls ? 1 : 0;
    door->counts.replaced++;
    cty_conn_close_locked(oldest);
}

static void find_peer(struct cty_conn *conn)
{
    nng_sockaddr address = {.s_family = NNG_AF_UNSPEC};
    if (nng_stream_get_addr(conn->stream, NNG_OPT_REMADDR, &address) != 0)
        return;
    if (address.s_family == NNG_AF_INET) {
        conn->peer[10] = conn->peer[11] = 0xff;
        memcpy(conn->peer + 12, &address.s_in.sa_addr, 4);
    } else if (address.s_family == NNG_AF_INET6) {
        static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
        bool four = memcmp(address.s_in6.sa_addr, mapped, sizeof(mapped)) == 0;
        memcpy(conn->peer, address.s_in6.sa_addr, four ? 16 : 8);
    }
}

static bool has_room_locked(const struct cty_door *door, const struct cty_listener *listener)
{
    if (!door->accepting || door->counts.connections - door->leaving >= door->config.connections_max)
        return false;
    return !listener->url.tls || door->remote - door->remote_leaving < door->remote_max;
}

void cty_conn_add(struct cty_listener *listener, nng_stream *stream)
{
    struct cty_door *door = listener->door;
    struct cty_conn *conn = NULL;
    pthread_mutex_lock(&door->lock);
    if (door->config.replaces && door->accepting && !has_room_locked(door, listener) && door->leaving < LEAVING_MAX)
        replace_locked(door, listener);
    if (has_room_locked(door, listener) && conn_new(listener, &conn) == CUSTODY_OK) {
        conn->stream = stream;
        find_peer(conn);
        register_locked(conn);
    } else {
        door->counts.refused++;
        pthread_cond_broadcast(&door->changed);
    }
    pthread_mutex_unlock(&door->lock);
    if (!conn) {
        nng_stream_close(stream);
        nng_stream_free(stream);
    }
}

/* Whether `limit_ms` have passed since; `now_ms` may be a little older than what happened last. */
static bool has_passed(uint64_t now_ms, uint64_t since_ms, uint64_t limit_ms)
{
    return now_ms > since_ms && now_ms - since_ms >= limit_ms;
}

bool cty_conn_is_overdue_locked(const struct cty_conn *conn, uint64_t now_ms)
{
    const struct cty_door_config *config = &conn->door->config;
    if (!conn->reader.greeted)
        return has_passed(now_ms, conn->since_ms, config->hello_ms);
    if (conn->tx_busy)
        return has_passed(now_ms, conn->send_since_ms, config->send_ms);
    if (config->idle_ms == 0 || conn->open_count > 0 || conn->parked)
        return false;
    uint64_t last_ms = conn->heard_ms > conn->sent_ms ? conn->heard_ms : conn->sent_ms;
    return has_passed(now_ms, last_ms, config->idle_ms);
}
