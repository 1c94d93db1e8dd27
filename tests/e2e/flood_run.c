/* SPDX-License-Identifier: Apache-2.0 */
/* The loop over all lines of a flood, and the answers counted. */
#include "flood.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/check.h"

#define EVENTS 256
#define TICK_MS 5
#define EXTRA_MS_MAX 20000u
/* An answer beyond this is not looked into: it would cost the flood more than the custodian. */
#define LOOKED_INTO_MAX ((size_t)256 * 1024)
/* A play that opens one connection after the other stops there. */
#define OPENED_MAX 20000u
/* So that one line doesn't keep the loop for itself. */
#define SAID_AT_ONCE 32u

/* ---- answers ---- */

void flood_receipts_put(struct flood_receipts *receipts, const struct cty_hash *digest, uint64_t index)
{
    if (receipts->count == receipts->room) {
        receipts->room = receipts->room ? 2 * receipts->room : 1024;
        receipts->all = realloc(receipts->all, receipts->room * sizeof(*receipts->all));
        must_be(receipts->all != NULL);
    }
    receipts->all[receipts->count++] = (struct flood_receipt){*digest, index};
}

/* What is no failure counts as done; who wants more of it than that says of which method it is. */
static void decode(struct flood_reader *reader, enum cty_rpc rpc, const struct cty_json_node *item)
{
    reader->code = CUSTODY_OK;
    bool failed = cty_json_member(&reader->message.json, item, "error") != NULL;
    if (!failed && rpc == FLOOD_ANY)
        return;
    must(cty_rpc_answer_read(&reader->message, item, failed ? CTY_RPC_INFO : rpc, &reader->answer, &reader->result,
                             &house_error));
    if (failed)
        reader->code = reader->answer.failure.code;
}

static void read_item(struct flood_reader *reader, struct flood_tally *tally, struct flood_receipts *receipts,
                      enum cty_rpc rpc, const struct cty_json_node *item)
{
    decode(reader, rpc, item);
    tally->codes[reader->code]++;
    bool overload = reader->code == CUSTODY_E_BUSY || reader->code == CUSTODY_E_QUOTA;
    tally->mute += overload && reader->answer.failure.retry_after_ms == 0;
    if (reader->code == CUSTODY_OK && rpc == CTY_RPC_SUBMIT)
        flood_receipts_put(receipts, &reader->result.submit.digest, reader->result.submit.own.index);
}

void flood_read(struct flood_reader *reader, struct flood_tally *tally, struct flood_receipts *receipts,
                enum cty_rpc rpc, struct cty_bytes reply)
{
    reader->code = CUSTODY_OK;
    if (reply.size > LOOKED_INTO_MAX && rpc == FLOOD_ANY) {
        tally->large++;
        return;
    }
    must(cty_rpc_open(&reader->message, reply, CTY_ANSWER_NODES_MAX, &house_error));
    const struct cty_json_node *item = cty_rpc_first(&reader->message);
    for (; item; item = cty_rpc_next(&reader->message, item))
        read_item(reader, tally, receipts, rpc, item);
}

/* ---- lines ---- */

static void listen_to(struct flood *f, struct flood_line *line, int operation)
{
    bool more = flood_line_has_more(line);
    struct epoll_event event = {.events = f->play->deaf ? 0u : (uint32_t)EPOLLIN, .data.u32 = line->number};
    if (more)
        event.events |= (uint32_t)EPOLLOUT;
    line->armed = more;
    must_be(epoll_ctl(f->epoll, operation, line->fd, &event) == 0);
}

static void open_line(struct flood *f, struct flood_line *line)
{
    bool again = f->play->reopens || line->sequence == 0;
    if (!again || f->tally.opened >= OPENED_MAX || !flood_line_open(line, f->house->url))
        return;
    f->tally.opened++;
    line->sequence++;
    listen_to(f, line, EPOLL_CTL_ADD);
}

static void lose_line(struct flood *f, struct flood_line *line)
{
    f->tally.closed++;
    flood_line_close(line);
}

/* Whether there is something to write now: what is left, or what the play says next. It may also hang up. */
static bool has_something(struct flood *f, struct flood_line *line)
{
    if (line->fd >= 0 && flood_line_has_more(line))
        return true;
    return line->fd >= 0 && line->pending < f->play->depth && f->play->say(f, line);
}

static void push(struct flood *f, struct flood_line *line)
{
    for (unsigned i = 0; i < SAID_AT_ONCE && has_something(f, line); i++) {
        if (!flood_line_push(line)) {
            lose_line(f, line);
            return;
        }
        if (flood_line_has_more(line))
            break;
    }
    if (line->fd >= 0 && line->armed != flood_line_has_more(line))
        listen_to(f, line, EPOLL_CTL_MOD);
}

static void pull(struct flood *f, struct flood_line *line)
{
    uint8_t *reply = NULL;
    size_t size = 0;
    bool open = true;
    while (line->fd >= 0 && (open = flood_line_pull(line, &reply, &size)) && reply) {
        flood_read(&f->reader, &f->tally, &f->receipts, (enum cty_rpc)line->rpc, cty_bytes_make(reply, size));
        free(reply);
        if (f->play->heard)
            f->play->heard(f, line);
    }
    if (!open)
        lose_line(f, line);
}

static void serve(struct flood *f, const struct epoll_event *event)
{
    struct flood_line *line = &f->lines[event->data.u32];
    if (line->fd >= 0 && f->play->deaf && event->events & (EPOLLHUP | EPOLLERR))
        lose_line(f, line);
    if (line->fd >= 0 && event->events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        pull(f, line);
    if (line->fd >= 0)
        push(f, line);
}

/* Whether anything is still under way, or may come. */
static bool tick(struct flood *f)
{
    bool busy = f->play->statements == 0;
    for (unsigned i = 0; i < f->play->lines; i++) {
        struct flood_line *line = &f->lines[i];
        if (line->fd < 0)
            open_line(f, line);
        if (line->fd >= 0)
            push(f, line);
        busy = busy || line->pending > 0;
    }
    return busy;
}

/* ---- the loop ---- */

/* Its time is over, and what has to come has come; a slow machine gets more time for that, and no more than so much. */
static bool is_over(struct flood *f)
{
    if (f->now >= f->began + f->ms + EXTRA_MS_MAX)
        return true;
    if (f->now < f->began + f->ms)
        return false;
    return atomic_load(&f->quiet.rounds) > 0 && (!f->play->must || flood_has(&f->tally, f->play->must));
}

static void loop(struct flood *f)
{
    struct epoll_event events[EVENTS];
    uint64_t ticked = 0;
    bool busy = true;
    f->began = f->now = now_ms();
    while (busy && !is_over(f)) {
        int count = epoll_wait(f->epoll, events, EVENTS, TICK_MS);
        f->now = now_ms();
        for (int i = 0; i < count; i++)
            serve(f, &events[i]);
        if (f->now >= ticked + TICK_MS) {
            busy = tick(f);
            ticked = f->now;
        }
    }
}

/* Connections of the custodian, and whatever else of it is a socket. */
static uint64_t count_sockets(const struct house *h)
{
    char path[64], link[sizeof(path) + 258], target[64];
    uint64_t count = 0;
    snprintf(path, sizeof(path), "/proc/%d/fd", (int)h->custodyd.pid);
    DIR *entries = opendir(path);
    for (struct dirent *entry = entries ? readdir(entries) : NULL; entry; entry = readdir(entries)) {
        snprintf(link, sizeof(link), "%s/%s", path, entry->d_name);
        ssize_t size = readlink(link, target, sizeof(target));
        count += size > 7 && memcmp(target, "socket:", 7) == 0;
    }
    if (entries)
        closedir(entries);
    return count;
}

/* Who has gone is noticed at once, or when its answers have come. */
static void count_left(struct flood *f, uint64_t before)
{
    uint64_t until = now_ms() + FLOOD_PATIENCE_MS;
    uint64_t sockets = count_sockets(f->house);
    while (sockets > before && now_ms() < until) {
        pause_ms(20);
        sockets = count_sockets(f->house);
    }
    f->tally.left = sockets > before ? sockets - before : 0;
}

static void begin(struct flood *f)
{
    f->epoll = epoll_create1(EPOLL_CLOEXEC);
    f->lines = cty_alloc(f->play->lines + 1, sizeof(*f->lines));
    must_be(f->epoll >= 0 && f->lines != NULL);
    for (unsigned i = 0; i < f->play->lines; i++) {
        f->lines[i].fd = -1;
        f->lines[i].number = i;
    }
}

static void end(struct flood *f)
{
    for (unsigned i = 0; i < f->play->lines; i++)
        flood_line_done(&f->lines[i]);
    free(f->lines);
    close(f->epoll);
    cty_rpc_done(&f->reader.message);
}

void flood_run(struct flood *f)
{
    uint64_t before = count_sockets(f->house);
    double cpu = child_cpu_s(&f->house->custodyd);
    begin(f);
    flood_quiet_start(f);
    loop(f);
    flood_quiet_stop(f);
    f->seconds = (double)(now_ms() - f->began) / 1000;
    f->cpu_s = child_cpu_s(&f->house->custodyd) - cpu;
    f->peak = child_peak_bytes(&f->house->custodyd);
    end(f);
    count_left(f, before);
}
