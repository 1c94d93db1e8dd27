/* SPDX-License-Identifier: Apache-2.0 */
/* Floods of connections and of bytes: what comes before anybody has signed anything. */
#include "flood.h"

#include <stdlib.h>

#include "base/check.h"

#define BYTE_MS 250u
#define STAY_MS 60u
#define READS_PER_BATCH 16u

/* ---- half frames ---- */

/* Every fourth has sent all but the last byte of what it promised. */
static bool is_nearly_whole(const struct flood_line *line)
{
    return line->number % 4 == 0;
}

static void begin_frame(struct flood *f, struct flood_line *line)
{
    flood_line_promise(line, CTY_MESSAGE_BYTES_MAX - CTY_SP_ID_BYTES);
    if (is_nearly_whole(line))
        flood_line_put(line, cty_buf_bytes(&f->texts[0]));
    f->tally.said++;
}

static bool say_half(struct flood *f, struct flood_line *line)
{
    if (line->greeted && (f->now < line->later || is_nearly_whole(line)))
        return false;
    if (line->greeted)
        flood_line_put(line, CTY_LITERAL(" "));
    else
        begin_frame(f, line);
    line->later = f->now + BYTE_MS;
    return true;
}

static void prepare_half(struct flood *f)
{
    size_t size = CTY_MESSAGE_BYTES_MAX - CTY_SP_ID_BYTES - 1;
    f->texts[0].limit = CTY_MESSAGE_BYTES_MAX;
    must(cty_buf_reserve(&f->texts[0], size));
    memset(f->texts[0].data, ' ', size);
    f->texts[0].size = size;
}

/* ---- readers that don't ---- */

/* A batch of reads that answers with as much as an answer may have. */
static void prepare_slow(struct flood *f)
{
    const struct cty_rpc_params params = {.session = {f->sessions[0], true}, .u.entries.count = CTY_ENTRIES_PER_ANSWER_MAX};
    f->texts[0].limit = CTY_MESSAGE_BYTES_MAX;
    must(cty_buf_put_text(&f->texts[0], "["));
    for (unsigned i = 0; i < READS_PER_BATCH; i++) {
        if (i)
            must(cty_buf_put_text(&f->texts[0], ","));
        flood_put_call(&f->texts[0], CTY_RPC_ENTRIES, &params);
    }
    must(cty_buf_put_text(&f->texts[0], "]"));
}

static void prepare_slow_readers(struct flood *f)
{
    flood_sessions(f, 1);
    prepare_slow(f);
}

static bool say_slow(struct flood *f, struct flood_line *line)
{
    line->rpc = FLOOD_ANY;
    flood_line_say(line, cty_buf_bytes(&f->texts[0]));
    f->tally.said++;
    return true;
}

/* ---- connections ---- */

/* Every fourth never says anything and stays; the others say a part of a hello, or something else, and leave. */
static bool say_and_leave(struct flood *f, struct flood_line *line)
{
    static const char *const words[] = {"\0SP", "GET / HTTP/1.1\r\n\r\n", NULL};
    if (line->number % 4 == 3)
        return false;
    if (line->later == 0) {
        line->later = f->now + line->sequence % STAY_MS;
        if (line->number % 4 == 2)
            return false;
        flood_line_put(line, cty_bytes_make(words[line->number % 2], line->number % 2 ? 18 : 3));
        return true;
    }
    if (f->now >= line->later) {
        flood_line_close(line);
        line->later = 0;
    }
    return false;
}

/* ---- what is no message ---- */

enum { GARBAGE, DEEP, MANY, SCALAR, TWICE, NO_METHOD, LONG_BATCH, BAD_HELLO, BAD_KIND, TOO_MUCH, KINDS };

static void put_times(struct cty_buf *out, const char *text, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        must(cty_buf_put_text(out, text));
}

static void prepare_malformed(struct flood *f)
{
    for (size_t i = 0; i < CTY_COUNT_OF(f->texts); i++)
        f->texts[i].limit = CTY_MESSAGE_BYTES_MAX;
    put_times(&f->texts[GARBAGE], "\xff{]", 1000);
    put_times(&f->texts[DEEP], "[", 100000);
    put_times(&f->texts[MANY], "[0", 1);
    put_times(&f->texts[MANY], ",0", 1000000);
    put_times(&f->texts[MANY], "]", 1);
    put_times(&f->texts[SCALAR], "7", 1);
    put_times(&f->texts[TWICE], "{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"info\",\"method\":\"info\"}", 1);
    put_times(&f->texts[NO_METHOD], "{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"erase\",\"params\":{}}", 1);
    put_times(&f->texts[LONG_BATCH], "[{}", 1);
    put_times(&f->texts[LONG_BATCH], ",{}", CTY_BATCH_MAX);
    put_times(&f->texts[LONG_BATCH], "]", 1);
}

/* After one of these the door closes. */
static void put_broken(struct flood_line *line, unsigned kind)
{
    static const uint8_t other[] = {2, 0, 0, 0, 0, 0, 0, 0, 9, 0x80, 0, 0, 1, '{', '}'};
    if (kind == BAD_HELLO && !line->greeted)
        flood_line_put(line, CTY_LITERAL("\0SP\0\0\x20\0\0"));
    flood_line_hello(line);
    if (kind == TOO_MUCH)
        flood_line_promise(line, (uint64_t)1 << 40);
    else
        flood_line_put(line, cty_bytes_make(other, sizeof(other)));
    line->later = 1; /* nothing behind it */
}

static bool say_malformed(struct flood *f, struct flood_line *line)
{
    if (!line->greeted)
        line->later = 0;
    if (line->later)
        return false;
    unsigned kind = (line->number + line->step++) % KINDS;
    line->rpc = FLOOD_ANY;
    f->tally.said++;
    if (kind < BAD_HELLO)
        flood_line_say(line, cty_buf_bytes(&f->texts[kind]));
    else
        put_broken(line, kind);
    return true;
}

const struct flood_play flood_door_plays[] = {
    {.name = "half-frames", .what = "400 connections that promise 4 MiB, and send all but a byte, or one now and then",
     .memory_mib = 320, .lines = 400, .depth = 1, .connections = 1024, .reopens = true, .may = "",
     .prepare = prepare_half, .say = say_half},
    {.name = "slow-readers", .what = "24 connections that ask for 4 MiB as often as they may, and don't read",
     .memory_mib = 576, .actors = 1, .lines = 24, .depth = 64, .entries = 2048, .deaf = true, .may = "",
     .prepare = prepare_slow_readers, .say = say_slow},
    {.name = "connects", .what = "connections that come and go, or stay, without a hello",
     .memory_mib = 64, .lines = 256, .depth = 1, .connections = 512, .reopens = true, .may = "",
     .say = say_and_leave},
    {.name = "malformed", .what = "garbage, depth bombs, frames that are none",
     .memory_mib = 288, .lines = 64, .depth = 1, .reopens = true,
     .may = "bad-json too-deep too-large bad-rpc duplicate-member method-unknown busy", .must = "too-deep",
     .prepare = prepare_malformed, .say = say_malformed},
    {.name = NULL},
};
