/* SPDX-License-Identifier: Apache-2.0 */
#include "net/link.h"

#include <stdio.h>
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

static int write_raw(struct cty_link *link, const uint8_t *data, size_t size, uint64_t deadline_ms)
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

/* Sends what TLS has to say. */
static int flush_tls(struct cty_link *link, uint64_t deadline_ms)
{
    struct cty_bytes out = cty_tls_out(link->tls);
    int result = write_raw(link, out.data, out.size, deadline_ms);
    if (result == 0)
        cty_tls_sent(link->tls, out.size);
    return result;
}

static int write_all(struct cty_link *link, const uint8_t *data, size_t size, uint64_t deadline_ms)
{
    if (!link->tls)
        return write_raw(link, data, size, deadline_ms);
    for (size_t done = 0; done < size;) {
        size_t piece = size - done < CTY_TLS_PIECE_BYTES_MAX ? size - done : CTY_TLS_PIECE_BYTES_MAX;
        if (cty_tls_write(link->tls, cty_bytes_make(data + done, piece)) != CUSTODY_OK)
            return NNG_ECLOSED;
        int result = flush_tls(link, deadline_ms);
        if (result != 0)
            return result;
        done += piece;
    }
    return 0;
}

/* What a read came to: nng's result, and beside it what TLS said. */
struct outcome {
    int result;
    custody_err err;
};

/* Waits for bytes of the stream and gives them to TLS. */
static int feed_tls(struct cty_link *link, uint64_t deadline_ms)
{
    uint8_t *room = NULL;
    size_t count = 0;
    size_t size = cty_tls_room(link->tls, &room);
    int result = move_piece(link, READ, room, size, deadline_ms, &count);
    if (result == 0)
        cty_tls_fed(link->tls, count);
    return result;
}

/* Plain bytes out of TLS; what it has to say in between goes out, also where it gives up. */
static struct outcome read_tls(struct cty_link *link, uint8_t *room, size_t size, uint64_t deadline_ms,
                               size_t *ret_count, custody_error *error)
{
    for (;;) {
        custody_err err = cty_tls_read(link->tls, room, size, ret_count, error);
        int result = flush_tls(link, deadline_ms);
        if (err != CUSTODY_OK || result != 0 || *ret_count > 0)
            return (struct outcome){result, err};
        result = feed_tls(link, deadline_ms);
        if (result != 0)
            return (struct outcome){result, CUSTODY_OK};
    }
}

static struct outcome read_some(struct cty_link *link, uint64_t deadline_ms, custody_error *error)
{
    uint8_t *room = NULL;
    size_t count = 0;
    size_t size = cty_sp_reader_room(&link->reader, &room);
    struct outcome outcome = {0, CUSTODY_OK};
    if (link->tls)
        outcome = read_tls(link, room, size, deadline_ms, &count, error);
    else
        outcome.result = move_piece(link, READ, room, size, deadline_ms, &count);
    if (outcome.result == 0 && outcome.err == CUSTODY_OK)
        cty_sp_reader_fed(&link->reader, count);
    return outcome;
}

/* ---- beginning ----
 *
 * When a time limit of nng 1.5.2 strikes, its thread may still be inside the stream or dialer after the waiter
 * has been woken. Only giving the aio back waits for that thread; so an aio with a time limit goes first, and
 * what it worked on goes after it.
 */

static int dial(struct cty_link *link, const char *url, uint64_t deadline_ms)
{
    nng_stream_dialer *dialer = NULL;
    nng_aio *aio = NULL;
    int result = nng_aio_alloc(&aio, NULL, NULL);
    if (result == 0)
        result = nng_stream_dialer_alloc(&dialer, url);
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

/* nng tries one address of a name only, so we ask for each kind by itself. */
static int dial_name(struct cty_link *link, const struct cty_net_url *url, uint64_t deadline_ms)
{
    static const char *const schemes[] = {"tcp4://", "tcp6://"};
    char text[CTY_URL_BYTES_MAX + 16];
    int first = 0;
    for (size_t i = 0; i < CTY_COUNT_OF(schemes); i++) {
        snprintf(text, sizeof(text), "%s%s:%u", schemes[i], url->host, url->port);
        int result = dial(link, text, deadline_ms);
        if (result == 0 || result == NNG_ETIMEDOUT || result == NNG_ENOFILES || result == NNG_ENOMEM)
            return result;
        /* Of both failures the one that isn't only "no such name" says more. */
        if (first == 0 || first == NNG_EADDRINVAL)
            first = result;
    }
    return first;
}

static custody_err dial_any(struct cty_link *link, const struct cty_net_url *url, uint64_t deadline_ms,
                            custody_error *error)
{
    int result = url->is_name ? dial_name(link, url, deadline_ms) : dial(link, cty_net_url_stream(url), deadline_ms);
    if (url->is_name && result == NNG_EADDRINVAL)
        return cty_fail(error, CUSTODY_E_UNREACHABLE, "%s: no such name is known", url->text);
    if (result == NNG_ETIMEDOUT)
        return cty_fail(error, CUSTODY_E_UNREACHABLE, "%s: %s", url->text, nng_strerror(result));
    return result ? cty_net_fail(error, result, url->text) : CUSTODY_OK;
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

/* Until the certificate is accepted and both agree on keys; nothing of ours is sent before. */
static custody_err shake(struct cty_link *link, const struct cty_net_url *url, uint64_t deadline_ms,
                         custody_error *error)
{
    while (!cty_tls_is_ready(link->tls)) {
        uint8_t none[1];
        size_t count = 0;
        custody_err err = cty_tls_read(link->tls, none, 0, &count, error);
        int result = flush_tls(link, deadline_ms);
        if (err != CUSTODY_OK)
            return err;
        if (result == 0 && !cty_tls_is_ready(link->tls))
            result = feed_tls(link, deadline_ms);
        if (result != 0)
            return cty_fail(error, CUSTODY_E_UNREACHABLE, "%s: no TLS handshake: %s", url->text, nng_strerror(result));
    }
    return CUSTODY_OK;
}

static custody_err connect_link(struct cty_link *link, const struct cty_link_config *config,
                                uint64_t deadline_ms, custody_error *error)
{
    if (nng_aio_alloc(&link->aio, NULL, NULL) != 0)
        return cty_fail(error, CUSTODY_E_NO_MEMORY, "nng did not start");
    if (config->url->tls) {
        CTY_TRY(cty_tls_setup_dial(config->pin, config->url, &link->setup, error));
        CTY_TRY(cty_tls_new(link->setup, &link->tls));
    }
    CTY_TRY(dial_any(link, config->url, deadline_ms, error));
    if (link->tls)
        CTY_TRY(shake(link, config->url, deadline_ms, error));
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

/* The first byte of an alert: a TLS door says so to who speaks none. */
static bool wants_tls(const struct cty_link *link)
{
    return !link->tls && link->reader.end > link->reader.begin && link->reader.buffer[link->reader.begin] == 21;
}

custody_err cty_link_greet(struct cty_link *link, uint64_t deadline_ms, custody_error *error)
{
    while (!link->reader.greeted) {
        struct outcome outcome = read_some(link, deadline_ms, error);
        if (wants_tls(link))
            return cty_fail(error, CUSTODY_E_TLS, "what answers there speaks TLS");
        if (outcome.err != CUSTODY_OK)
            return outcome.err;
        if (outcome.result != 0)
            return cty_fail(error, CUSTODY_E_UNREACHABLE, "no hello came: %s", nng_strerror(outcome.result));
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
    cty_tls_free(link->tls);
    cty_tls_setup_free(link->setup);
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
    nng_iov piece = {.iov_len = link->tls ? cty_tls_room(link->tls, &room) : cty_sp_reader_room(&link->reader, &room)};
    if (piece.iov_len == 0)
        return false;
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
        struct outcome outcome = read_some(link, deadline_ms, error);
        if (outcome.err != CUSTODY_OK)
            return outcome.err;
        if (outcome.result == NNG_ETIMEDOUT)
            return cty_fail(error, CUSTODY_E_TIMEOUT, "nothing came in time");
        if (outcome.result != 0)
            return cty_fail(error, CUSTODY_E_UNREACHABLE, "the connection was closed before the answer came: %s",
                            nng_strerror(outcome.result));
    }
}
