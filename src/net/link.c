/* SPDX-License-Identifier: Apache-2.0 */
#include "net/link.h"

#include <stdlib.h>

#include "base/check.h"
#include "net/trouble.h"

enum { READ, WRITE };

/* Moves one piece; *ret_count is above 0 on success. Returns nng's result. */
static int move_piece(struct cty_link *link, int direction, void *data, size_t size, uint64_t deadline_ms,
                      size_t *ret_count)
{
    nng_iov piece = {.iov_buf = data, .iov_len = size};
    nng_aio_set_iov(link->aio, 1, &piece);
    nng_aio_set_timeout(link->aio, cty_net_left_ms(deadline_ms));
    if (direction == READ)
        nng_stream_recv(link->stream, link->aio);
    else
        nng_stream_send(link->stream, link->aio);
    nng_aio_wait(link->aio);
    *ret_count = nng_aio_count(link->aio);
    return nng_aio_result(link->aio);
}

static int write_all(struct cty_link *link, const uint8_t *data, size_t size, uint64_t deadline_ms)
{
    size_t done = 0;
    while (done < size) {
        size_t count = 0;
        int result =
            move_piece(link, WRITE, (void *)(uintptr_t)(data + done), size - done, deadline_ms, &count);
        if (result != 0)
            return result;
        done += count;
    }
    return 0;
}

static int read_some(struct cty_link *link, uint64_t deadline_ms)
{
    uint8_t *room = NULL;
    size_t count = 0;
    size_t size = cty_sp_reader_room(&link->reader, &room);
    int result = move_piece(link, READ, room, size, deadline_ms, &count);
    if (result == 0)
        cty_sp_reader_fed(&link->reader, count);
    return result;
}

/* ---- beginning ----
 *
 * When a time limit of nng 1.5.2 strikes, its thread may still be inside the stream or dialer after the waiter
 * has been woken. Only giving the aio back waits for that thread; so an aio with a time limit goes first, and
 * what it worked on goes after it.
 */

static int dial(struct cty_link *link, const struct cty_net_url *url, uint64_t deadline_ms)
{
    nng_stream_dialer *dialer = NULL;
    nng_aio *aio = NULL;
    int result = nng_aio_alloc(&aio, NULL, NULL);
    if (result == 0)
        result = nng_stream_dialer_alloc(&dialer, url->text);
    if (result == 0) {
        nng_aio_set_timeout(aio, cty_net_left_ms(deadline_ms));
        nng_stream_dialer_dial(dialer, aio);
        nng_aio_wait(aio);
        result = nng_aio_result(aio);
        if (result == 0)
            link->stream = nng_aio_get_output(aio, 0);
    }
    nng_aio_free(aio);
    if (dialer)
        nng_stream_dialer_free(dialer);
    return result;
}

static custody_err send_hello(struct cty_link *link, const struct cty_link_config *config, uint64_t deadline_ms,
                              custody_error *error)
{
    uint8_t hello[CTY_SP_HELLO_BYTES];
    cty_sp_hello_format(config->protocol, hello);
    int result = write_all(link, hello, sizeof(hello), deadline_ms);
    if (result != 0)
        return cty_fail(error, CUSTODY_E_UNREACHABLE, "%s: %s", config->url->text, nng_strerror(result));
    return CUSTODY_OK;
}

static custody_err connect_link(struct cty_link *link, const struct cty_link_config *config,
                                uint64_t deadline_ms, custody_error *error)
{
    if (nng_aio_alloc(&link->aio, NULL, NULL) != 0)
        return cty_fail(error, CUSTODY_E_NO_MEMORY, "nng did not start");
    int result = dial(link, config->url, deadline_ms);
    if (result == NNG_ETIMEDOUT)
        return cty_fail(error, CUSTODY_E_UNREACHABLE, "%s: %s", config->url->text, nng_strerror(result));
    if (result != 0)
        return cty_net_fail(error, result, config->url->text);
    return send_hello(link, config, deadline_ms, error);
}

custody_err cty_link_open(const struct cty_link_config *config, uint64_t deadline_ms,
                          struct cty_link **ret_link, custody_error *error)
{
    struct cty_link *link = cty_alloc(1, sizeof(*link));
    if (!link)
        return cty_fail(error, CUSTODY_E_NO_MEMORY, "a connection");
    cty_sp_reader_init(&link->reader, config->url->transport, config->peer, config->message_max);
    custody_err err = connect_link(link, config, deadline_ms, error);
    if (err != CUSTODY_OK) {
        cty_link_close(link);
        return err;
    }
    *ret_link = link;
    return CUSTODY_OK;
}

custody_err cty_link_greet(struct cty_link *link, uint64_t deadline_ms, custody_error *error)
{
    while (!link->reader.greeted) {
        int result = read_some(link, deadline_ms);
        if (result != 0)
            return cty_fail(error, CUSTODY_E_UNREACHABLE, "no hello came: %s", nng_strerror(result));
        if (cty_sp_reader_greet(&link->reader) != CUSTODY_OK)
            return cty_fail(error, CUSTODY_E_UNREACHABLE, "what answers there is no such door");
    }
    return CUSTODY_OK;
}

struct cty_link *cty_link_close(struct cty_link *link)
{
    if (!link)
        return NULL;
    if (link->stream)
        nng_stream_close(link->stream);
    nng_aio_free(link->aio);
    if (link->stream)
        nng_stream_free(link->stream);
    cty_sp_reader_done(&link->reader);
    free(link);
    return NULL;
}

/* ---- using ---- */

bool cty_link_is_quiet(struct cty_link *link)
{
    uint8_t *room = NULL;
    if (cty_sp_reader_is_partial(&link->reader))
        return false;
    nng_iov piece = {.iov_len = cty_sp_reader_room(&link->reader, &room)};
    piece.iov_buf = room;
    nng_aio_set_iov(link->aio, 1, &piece);
    nng_aio_set_timeout(link->aio, NNG_DURATION_INFINITE);
    nng_stream_recv(link->stream, link->aio);
    nng_aio_cancel(link->aio);
    nng_aio_wait(link->aio);
    return nng_aio_result(link->aio) == NNG_ECANCELED;
}

custody_err cty_link_send(struct cty_link *link, struct cty_bytes prefix, struct cty_bytes body,
                          uint64_t deadline_ms, custody_error *error)
{
    uint8_t head[CTY_SP_HEAD_BYTES_MAX];
    size_t head_size = cty_sp_head_format(link->reader.transport, prefix.size + body.size, head);
    struct cty_buf whole = CTY_BUF_INIT(SIZE_MAX);
    custody_err err = cty_buf_put(&whole, head, head_size);
    if (err == CUSTODY_OK)
        err = cty_buf_put_bytes(&whole, prefix);
    if (err == CUSTODY_OK)
        err = cty_buf_put_bytes(&whole, body);
    if (err == CUSTODY_OK) {
        int result = write_all(link, whole.data, whole.size, deadline_ms);
        if (result != 0)
            err = cty_net_fail(error, result, "sending");
    }
    cty_buf_done(&whole);
    return err;
}

custody_err cty_link_receive(struct cty_link *link, uint64_t deadline_ms, uint8_t **ret_body, size_t *ret_size,
                             custody_error *error)
{
    for (;;) {
        custody_err err = cty_sp_reader_next(&link->reader, ret_body, ret_size);
        if (err != CUSTODY_OK)
            return cty_fail(error, err, "the message is malformed or larger than %zu bytes",
                            link->reader.message_max);
        if (*ret_body)
            return CUSTODY_OK;
        int result = read_some(link, deadline_ms);
        if (result == NNG_ETIMEDOUT)
            return cty_fail(error, CUSTODY_E_TIMEOUT, "nothing came in time");
        if (result != 0)
            return cty_fail(error, CUSTODY_E_UNREACHABLE, "the connection was closed before the answer came: %s",
                            nng_strerror(result));
    }
}
