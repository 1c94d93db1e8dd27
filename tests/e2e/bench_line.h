/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection to the socket of a house, without nng: it costs two system calls a call, no thread and no lock, so that
 * a load generator on the same cores takes little from the custodian. One call at a time.
 */
#ifndef CTY_TESTS_E2E_BENCH_LINE_H
#define CTY_TESTS_E2E_BENCH_LINE_H

#include "house.h"
#include "net/sp.h"

struct bench_line {
    int fd;
    struct cty_sp_reader reader;
};

/* Appends the message as it goes over the line. */
void bench_frame(struct cty_bytes text, struct cty_buf *out);

/* False where nobody is there. */
bool bench_line_dial(struct bench_line *line, const struct house *h);
void bench_line_close(struct bench_line *line);

/* A message of bench_frame. */
void bench_line_send(struct bench_line *line, struct cty_bytes frame);
/*
 * The answer's text, behind CTY_SP_ID_BYTES bytes; NULL: it isn't there yet. The caller frees. With `wait` it is waited
 * for. Ends the program where the other side is gone.
 */
uint8_t *bench_line_take(struct bench_line *line, bool wait, size_t *ret_size);
/* Sends and waits. The answer's text, behind CTY_SP_ID_BYTES bytes; the caller frees. */
uint8_t *bench_line_call(struct bench_line *line, struct cty_bytes frame, size_t *ret_size);

/* The text of an answer. */
static inline struct cty_bytes bench_answer(const uint8_t *answer, size_t size)
{
    return cty_bytes_make(answer + CTY_SP_ID_BYTES, size - CTY_SP_ID_BYTES);
}
/* An error and no result, without parsing it: RFC 8785 puts `error` first. */
static inline bool bench_answer_failed(struct cty_bytes text)
{
    static const char start[] = "{\"error\"";
    return text.size < sizeof(start) || memcmp(text.data, start, sizeof(start) - 1) == 0;
}

#endif
