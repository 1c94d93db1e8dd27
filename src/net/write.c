/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a connection has to say, frame after frame. What the stream takes at once, as it takes nearly every answer, is
 * written by whoever has it to send; only for the rest an operation is under way (tx), whose end conn.c hears of.
 */
#include <stdlib.h>

#include "base/check.h"
#include "net/door.h"
#include "net/trouble.h"

/* ---- frames ---- */

struct cty_frame *cty_frame_new(struct cty_bytes prefix, struct cty_bytes body)
{
    size_t size = prefix.size + body.size;
    struct cty_frame *frame = malloc(sizeof(*frame) + CTY_SP_HEAD_BYTES_MAX + size);
    if (!frame)
        return NULL;
    frame->refs = 1;
    frame->size = CTY_SP_HEAD_BYTES_MAX + size;
    uint8_t *at = frame->data;
    at += cty_sp_head_format(CTY_SP_IPC, size, at);
    if (prefix.size)
        memcpy(at, prefix.data, prefix.size);
    if (body.size)
        memcpy(at + prefix.size, body.data, body.size);
    return frame;
}

void cty_frame_drop_locked(struct cty_frame *frame)
{
    if (frame && --frame->refs == 0)
        free(frame);
}

/* ---- writing ---- */

/* What one turn with the lock of the door takes at most: a few milliseconds over TLS. */
#define AT_ONCE_BYTES_MAX ((size_t)256 * 1024)

/* tcp has no type byte, so a frame made for ipc begins one byte later. */
static size_t first_byte(const struct cty_conn *conn, const struct cty_frame *frame)
{
    bool is_hello = frame->size == CTY_SP_HELLO_BYTES;
    return conn->transport == CTY_SP_TCP && !is_hello ? 1 : 0;
}

/*
 * Offers bytes to the stream, which takes at once what it has room for, and says how many: no other thread has to be
 * woken to hear of it. NNG_ECANCELED where it has no room now.
 */
static int try_send_locked(struct cty_conn *conn, struct cty_bytes bytes, size_t *ret_count)
{
    nng_aio *aio = conn->door->at_once;
    nng_iov piece = {.iov_buf = (void *)(uintptr_t)bytes.data, .iov_len = bytes.size};
    nng_aio_set_iov(aio, 1, &piece);
    nng_stream_send(conn->stream, aio);
    nng_aio_cancel(aio);
    nng_aio_wait(aio);
    *ret_count = nng_aio_count(aio);
    return nng_aio_result(aio);
}

/* The stream takes them when it has room, and tx_done goes on. */
static void send_later_locked(struct cty_conn *conn, struct cty_bytes bytes)
{
    nng_iov piece = {.iov_buf = (void *)(uintptr_t)bytes.data, .iov_len = bytes.size};
    conn->tx_busy = true;
    nng_aio_set_iov(conn->tx, 1, &piece);
    nng_stream_send(conn->stream, conn->tx);
}

/* What is left of the frame under way. */
static struct cty_bytes rest_of(const struct cty_conn *conn)
{
    const struct cty_frame *frame = conn->queue[0];
    return cty_bytes_make(frame->data + conn->queue_offset, frame->size - conn->queue_offset);
}

static bool tls_has_more(const struct cty_conn *conn)
{
    return conn->tls && cty_tls_out(conn->tls).size > 0;
}

/* Begins the next frame where none is under way; false where there is none, or TLS is not ready for it. */
static bool begin_frame_locked(struct cty_conn *conn)
{
    if (conn->begun)
        return true;
    if (conn->queue_count == 0 || (conn->tls && !cty_tls_is_ready(conn->tls)))
        return false;
    conn->begun = true;
    conn->queue_offset = first_byte(conn, conn->queue[0]);
    conn->send_since_ms = cty_net_now_ms();
    return true;
}

/* Gives TLS the next piece of the frame under way; false where it may not be written any more. */
static bool wrap_locked(struct cty_conn *conn)
{
    struct cty_bytes rest = rest_of(conn);
    if (rest.size > CTY_TLS_PIECE_BYTES_MAX)
        rest.size = CTY_TLS_PIECE_BYTES_MAX;
    conn->queue_offset += rest.size;
    return cty_tls_write(conn->tls, rest) == CUSTODY_OK;
}

/* What is to be sent next: what TLS has to say first, then the frame under way. False where there is nothing. */
static bool next_piece_locked(struct cty_conn *conn, struct cty_bytes *ret_piece)
{
    if (conn->closing || (!tls_has_more(conn) && !begin_frame_locked(conn)))
        return false;
    if (conn->tls && !tls_has_more(conn) && !wrap_locked(conn)) {
        cty_conn_close_locked(conn);
        return false;
    }
    *ret_piece = conn->tls ? cty_tls_out(conn->tls) : rest_of(conn);
    return true;
}

static void remove_frame_locked(struct cty_conn *conn, size_t index)
{
    cty_conn_let_go_locked(conn, conn->queue[index]->size);
    cty_frame_drop_locked(conn->queue[index]);
    conn->queue_count--;
    for (size_t i = index; i < conn->queue_count; i++)
        conn->queue[i] = conn->queue[i + 1];
}

static void frame_sent_locked(struct cty_conn *conn)
{
    bool is_hello = conn->queue[0]->size == CTY_SP_HELLO_BYTES;
    conn->begun = false;
    remove_frame_locked(conn, 0);
    conn->sent_ms = cty_net_now_ms();
    if (!is_hello)
        conn->door->ops->sent_locked(conn->door->owner, conn);
}

/* What came of a piece: so many bytes of the frame, or of what TLS made of it, went out, or the stream failed. */
static void piece_sent_locked(struct cty_conn *conn, int result, size_t count)
{
    if (result == 0 && conn->tls)
        cty_tls_sent(conn->tls, count);
    else if (result == 0)
        conn->queue_offset += count;
    conn->moved_ms = cty_net_now_ms();
    /* What was written whole counts, even where the peer took it and left before we came here. */
    if (!tls_has_more(conn) && conn->begun && conn->queue_offset == conn->queue[0]->size)
        frame_sent_locked(conn);
    else if (result != 0)
        cty_conn_close_locked(conn);
}

/* As long as the stream takes it at once; what is much goes on behind others who want the door's lock. */
static void write_on_locked(struct cty_conn *conn)
{
    struct cty_bytes piece;
    size_t left = AT_ONCE_BYTES_MAX;
    while (!conn->tx_busy && next_piece_locked(conn, &piece)) {
        size_t count = 0;
        int result = left ? try_send_locked(conn, piece, &count) : NNG_ECANCELED;
        left -= count < left ? count : left;
        if (result == NNG_ECANCELED)
            send_later_locked(conn, piece);
        else
            piece_sent_locked(conn, result, count);
    }
}

void cty_conn_sent_locked(struct cty_conn *conn, int result, size_t count)
{
    piece_sent_locked(conn, result, count);
    write_on_locked(conn);
}

void cty_conn_say_locked(struct cty_conn *conn)
{
    if (conn->closing || conn->tx_busy)
        return;
    conn->send_since_ms = cty_net_now_ms();
    write_on_locked(conn);
}

void cty_conn_send_locked(struct cty_conn *conn, struct cty_frame *frame)
{
    CTY_CHECK(conn->queue_count < CTY_CONN_QUEUE_MAX);
    if (conn->closing) {
        cty_frame_drop_locked(frame);
        return;
    }
    conn->queue[conn->queue_count++] = frame;
    cty_conn_hold_locked(conn, frame->size);
    cty_conn_say_locked(conn);
}

bool cty_conn_forget_locked(struct cty_conn *conn)
{
    if (conn->queue_count < 2)
        return false;
    remove_frame_locked(conn, 1);
    return true;
}
