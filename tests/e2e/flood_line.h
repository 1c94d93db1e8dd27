/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection to a door, by hand: nothing of the client library, nothing that waits unless it is asked to. So that
 * thousands of them cost one thread, and may do what no client does: stop in the middle, send what is no message, not
 * read.
 *
 * Thread rule: a line belongs to one thread at a time.
 */
#ifndef CTY_TESTS_E2E_FLOOD_LINE_H
#define CTY_TESTS_E2E_FLOOD_LINE_H

#include "base/bytes.h"
#include "net/sp.h"

struct flood_line {
    int fd;           /* -1: not connected */
    unsigned number;  /* among the lines of its play */
    unsigned pending; /* calls without an answer */
    unsigned step;    /* how far it is in what its play does; the play's own */
    uint64_t later;   /* ms: nothing before that; the play's own */
    uint8_t nonce[16];
    bool greeted;     /* the hello is on its way */
    unsigned rpc;     /* of the answer that is waited for; the play's own */
    bool armed;       /* the loop asks whether it can be written to */
    uint32_t sequence;
    struct cty_buf out; /* what is to be written, */
    size_t out_at;      /* from there on */
    struct cty_sp_reader *reader;
};

/* The file of a door, "ipc:///path". False where it could not be connected just now. */
bool flood_line_open(struct flood_line *line, const char *url);
/* Closes; what was under way is forgotten. */
void flood_line_close(struct flood_line *line);
/* The same, and gives back its memory. */
void flood_line_done(struct flood_line *line);

/* Puts bytes as they are, the hello, or a whole message with all before it. */
void flood_line_put(struct flood_line *line, struct cty_bytes bytes);
void flood_line_hello(struct flood_line *line);
void flood_line_say(struct flood_line *line, struct cty_bytes text);
/* The hello and a head that promises a message of so many bytes. */
void flood_line_promise(struct flood_line *line, uint64_t size);

static inline bool flood_line_has_more(const struct flood_line *line)
{
    return line->out_at < line->out.size;
}

/* Writes what can be written. False where the other side has closed. */
bool flood_line_push(struct flood_line *line);
/*
 * Takes the next whole answer, without the id of the transport; *ret_reply is NULL where there is none yet, else the
 * caller owns it (free). False where the other side has closed.
 */
bool flood_line_pull(struct flood_line *line, uint8_t **ret_reply, size_t *ret_size);
/* Says it and waits for the answer, into *ret_reply. False where none came in time. */
bool flood_line_ask(struct flood_line *line, struct cty_bytes text, uint64_t timeout_ms, struct cty_buf *ret_reply);

#endif
