/* SPDX-License-Identifier: Apache-2.0 */
#include "flood_line.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/check.h"
#include "house.h"

#define OUT_MAX ((size_t)2 * CTY_MESSAGE_BYTES_MAX)
/* What is left of a large message is not kept for the next. */
#define OUT_KEPT_MAX ((size_t)64 * 1024)

bool flood_line_open(struct flood_line *line, const char *url)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", url + strlen("ipc://"));
    line->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    must_be(line->fd >= 0);
    if (connect(line->fd, (struct sockaddr *)&address, sizeof(address)) == 0) {
        line->reader = line->reader ? line->reader : cty_alloc(1, sizeof(*line->reader));
        must_be(line->reader != NULL);
        cty_sp_reader_init(line->reader, CTY_SP_IPC, CTY_SP_REP, CTY_REPLY_BYTES_MAX + CTY_SP_ID_BYTES);
        line->out.limit = OUT_MAX;
        return true;
    }
    close(line->fd);
    line->fd = -1;
    return false;
}

void flood_line_close(struct flood_line *line)
{
    if (line->fd >= 0)
        close(line->fd);
    if (line->reader)
        cty_sp_reader_done(line->reader);
    cty_buf_done(&line->out);
    line->fd = -1;
    line->out_at = 0;
    line->pending = 0;
    line->greeted = false;
    line->armed = false;
}

void flood_line_done(struct flood_line *line)
{
    flood_line_close(line);
    free(line->reader);
    line->reader = NULL;
}

void flood_line_put(struct flood_line *line, struct cty_bytes bytes)
{
    must(cty_buf_put_bytes(&line->out, bytes));
}

void flood_line_hello(struct flood_line *line)
{
    uint8_t hello[CTY_SP_HELLO_BYTES];
    if (line->greeted)
        return;
    cty_sp_hello_format(CTY_SP_REQ, hello);
    flood_line_put(line, cty_bytes_make(hello, sizeof(hello)));
    line->greeted = true;
}

void flood_line_promise(struct flood_line *line, uint64_t size)
{
    uint8_t head[CTY_SP_HEAD_BYTES_MAX];
    uint32_t id = 0x80000000u | ++line->sequence;
    const uint8_t bytes[CTY_SP_ID_BYTES] = {(uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id};
    flood_line_hello(line);
    flood_line_put(line, cty_bytes_make(head, cty_sp_head_format(CTY_SP_IPC, size + sizeof(bytes), head)));
    flood_line_put(line, cty_bytes_make(bytes, sizeof(bytes)));
}

void flood_line_say(struct flood_line *line, struct cty_bytes text)
{
    flood_line_promise(line, text.size);
    flood_line_put(line, text);
    line->pending++;
}

bool flood_line_push(struct flood_line *line)
{
    while (flood_line_has_more(line)) {
        ssize_t sent = send(line->fd, line->out.data + line->out_at, line->out.size - line->out_at, MSG_NOSIGNAL);
        if (sent < 0)
            return errno == EAGAIN || errno == EINTR;
        line->out_at += (size_t)sent;
    }
    if (line->out.capacity > OUT_KEPT_MAX)
        cty_buf_done(&line->out);
    cty_buf_clear(&line->out);
    line->out_at = 0;
    return true;
}

/* What stands in the reader already; an answer is no smaller than the id that it begins with. */
static bool take(struct flood_line *line, uint8_t **ret_reply, size_t *ret_size)
{
    if (cty_sp_reader_next(line->reader, ret_reply, ret_size) != CUSTODY_OK)
        return false;
    if (!*ret_reply)
        return true;
    must_be(*ret_size >= CTY_SP_ID_BYTES && line->pending > 0);
    *ret_size -= CTY_SP_ID_BYTES;
    memmove(*ret_reply, *ret_reply + CTY_SP_ID_BYTES, *ret_size);
    line->pending--;
    return true;
}

/* Feeds the reader; false where nothing came, and *ret_open tells whether more can. */
static bool feed(struct flood_line *line, bool *ret_open)
{
    uint8_t *room = NULL;
    size_t size = cty_sp_reader_room(line->reader, &room);
    ssize_t got = recv(line->fd, room, size, 0);
    *ret_open = got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
    if (got > 0)
        cty_sp_reader_fed(line->reader, (size_t)got);
    return got > 0;
}

bool flood_line_pull(struct flood_line *line, uint8_t **ret_reply, size_t *ret_size)
{
    bool open = true;
    do {
        if (!take(line, ret_reply, ret_size))
            return false;
    } while (!*ret_reply && feed(line, &open));
    return open;
}

bool flood_line_ask(struct flood_line *line, struct cty_bytes text, uint64_t timeout_ms, struct cty_buf *ret_reply)
{
    uint64_t until = now_ms() + timeout_ms;
    uint8_t *reply = NULL;
    size_t size = 0;
    flood_line_say(line, text);
    while (now_ms() < until) {
        struct pollfd poll_for = {.fd = line->fd, .events = POLLIN};
        if (!flood_line_push(line) || !flood_line_pull(line, &reply, &size))
            return false;
        if (reply) {
            cty_buf_clear(ret_reply);
            must(cty_buf_put(ret_reply, reply, size));
            free(reply);
            return true;
        }
        poll_for.events = flood_line_has_more(line) ? POLLIN | POLLOUT : POLLIN;
        (void)poll(&poll_for, 1, 100);
    }
    return false;
}
