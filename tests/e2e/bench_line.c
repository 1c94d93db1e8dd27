/* SPDX-License-Identifier: Apache-2.0 */
#include "bench_line.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Any number with the first bit set: there is one call at a time. */
static const uint8_t call_id[CTY_SP_ID_BYTES] = {0x80, 0, 0, 1};

void bench_frame(struct cty_bytes text, struct cty_buf *out)
{
    uint8_t head[CTY_SP_HEAD_BYTES_MAX];
    size_t size = cty_sp_head_format(CTY_SP_IPC, text.size + sizeof(call_id), head);
    must(cty_buf_put(out, head, size));
    must(cty_buf_put(out, call_id, sizeof(call_id)));
    must(cty_buf_put_bytes(out, text));
}

bool bench_line_dial(struct bench_line *line, const struct house *h)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    uint8_t hello[CTY_SP_HELLO_BYTES];
    must_be(strlen(h->url) - strlen("ipc://") < sizeof(address.sun_path));
    memcpy(address.sun_path, h->url + strlen("ipc://"), strlen(h->url) - strlen("ipc://"));
    line->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must_be(line->fd >= 0);
    cty_sp_reader_init(&line->reader, CTY_SP_IPC, CTY_SP_REP, CTY_REPLY_BYTES_MAX);
    cty_sp_hello_format(CTY_SP_REQ, hello);
    bool there = connect(line->fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
                 send(line->fd, hello, sizeof(hello), MSG_NOSIGNAL) == (ssize_t)sizeof(hello);
    if (!there)
        bench_line_close(line);
    return there;
}

void bench_line_close(struct bench_line *line)
{
    cty_sp_reader_done(&line->reader);
    if (line->fd >= 0)
        close(line->fd);
    line->fd = -1;
}

/* What is sent fits the socket's buffer: the door has read the call before. */
void bench_line_send(struct bench_line *line, struct cty_bytes frame)
{
    for (size_t at = 0; at < frame.size;) {
        ssize_t sent = send(line->fd, frame.data + at, frame.size - at, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            house_fail(__FILE__, __LINE__, "sending to custodyd", CUSTODY_E_UNREACHABLE, strerror(errno));
        at += (size_t)sent;
    }
}

/* False where nothing more is there now. */
static bool feed(struct bench_line *line, bool wait)
{
    uint8_t *room = NULL;
    size_t size = cty_sp_reader_room(&line->reader, &room);
    ssize_t got = recv(line->fd, room, size, wait ? 0 : MSG_DONTWAIT);
    if (got > 0)
        cty_sp_reader_fed(&line->reader, (size_t)got);
    else if (got == 0 || (errno != EAGAIN && errno != EINTR))
        house_fail(__FILE__, __LINE__, "an answer of custodyd", CUSTODY_E_UNREACHABLE, got ? strerror(errno) : "closed");
    return got > 0 || (wait && errno == EINTR);
}

uint8_t *bench_line_take(struct bench_line *line, bool wait, size_t *ret_size)
{
    uint8_t *answer = NULL;
    do {
        must(cty_sp_reader_next(&line->reader, &answer, ret_size));
    } while (!answer && feed(line, wait));
    must_be(!answer || *ret_size > CTY_SP_ID_BYTES);
    return answer;
}

uint8_t *bench_line_call(struct bench_line *line, struct cty_bytes frame, size_t *ret_size)
{
    bench_line_send(line, frame);
    return bench_line_take(line, true, ret_size);
}
