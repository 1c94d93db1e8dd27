/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Views of bytes and bounded buffers.
 *
 * A cty_bytes borrows: it never frees, and lives no longer than what it points into. A cty_buf owns its
 * memory and never grows beyond the limit it was given.
 */
#ifndef CTY_BASE_BYTES_H
#define CTY_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"

struct cty_bytes {
    const uint8_t *data;
    size_t size;
};

/* A view of a string literal, without its NUL. */
#define CTY_LITERAL(text) ((struct cty_bytes){(const uint8_t *)(text), sizeof(text) - 1})

static inline struct cty_bytes cty_bytes_make(const void *data, size_t size)
{
    return (struct cty_bytes){(const uint8_t *)data, size};
}

/* A view of a NUL-terminated string, without its NUL; empty for NULL. */
static inline struct cty_bytes cty_bytes_text(const char *text)
{
    return text ? cty_bytes_make(text, strlen(text)) : cty_bytes_make(NULL, 0);
}

static inline bool cty_bytes_equal(struct cty_bytes a, struct cty_bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* Most words that are compared differ at once. */
static inline bool cty_bytes_is(struct cty_bytes a, const char *text)
{
    return (a.size == 0 || !text || a.data[0] == (uint8_t)text[0]) && cty_bytes_equal(a, cty_bytes_text(text));
}

/*
 * FNV-1a, for places in tables of this process. Whoever chooses the bytes can choose what shares a place: only where that
 * costs a miss and nothing more.
 */
uint64_t cty_bytes_fnv1a(struct cty_bytes a);

/* A number of so many bytes, at most 8, the most significant first. */
static inline void cty_be_put(uint8_t *out, uint64_t number, size_t size)
{
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)(number >> (8 * (size - 1 - i)));
}
static inline uint64_t cty_be_get(const uint8_t *in, size_t size)
{
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++)
        number = number << 8 | in[i];
    return number;
}

/* Order by unsigned bytes, then by size: below, at or above 0. */
int cty_bytes_compare(struct cty_bytes a, struct cty_bytes b);

/* Whether the bytes are UTF-8 without surrogates and over-long forms (RFC 3629). */
bool cty_bytes_is_utf8(struct cty_bytes a);

/*
 * A growing buffer. Zero-initialised with `limit` set is a valid empty buffer; cty_buf_done frees it and
 * leaves an empty buffer with the same limit. All appends are all-or-nothing.
 */
struct cty_buf {
    uint8_t *data;
    size_t size;
    size_t capacity;
    size_t limit;
};

#define CTY_BUF_INIT(limit_bytes) ((struct cty_buf){NULL, 0, 0, (limit_bytes)})

void cty_buf_done(struct cty_buf *buf);

/* Forgets the contents, keeps the memory. */
static inline void cty_buf_clear(struct cty_buf *buf)
{
    buf->size = 0;
}

/* Ensures room for `more` bytes. Errors: TOO_LARGE beyond the limit, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_buf_reserve(struct cty_buf *buf, size_t more);
CUSTODY_MUST_USE custody_err cty_buf_put(struct cty_buf *buf, const void *data, size_t size);
CUSTODY_MUST_USE custody_err cty_buf_put_bytes(struct cty_buf *buf, struct cty_bytes bytes);
CUSTODY_MUST_USE custody_err cty_buf_put_text(struct cty_buf *buf, const char *text);
CUSTODY_MUST_USE static inline custody_err cty_buf_put_byte(struct cty_buf *buf, uint8_t byte)
{
    if (buf->size + 1 >= buf->capacity || buf->size >= buf->limit)
        CTY_TRY(cty_buf_reserve(buf, 1));
    buf->data[buf->size++] = byte;
    return CUSTODY_OK;
}
/* Decimal digits, no leading zeros. */
CUSTODY_MUST_USE custody_err cty_buf_put_u64(struct cty_buf *buf, uint64_t number);
CUSTODY_MUST_USE custody_err cty_buf_putf(struct cty_buf *buf, const char *format, ...) CUSTODY_PRINTF(2, 3);

static inline struct cty_bytes cty_buf_bytes(const struct cty_buf *buf)
{
    return cty_bytes_make(buf->data, buf->size);
}

/* "1 entry", "2 entries": which of the two words goes with the number. */
static inline const char *cty_plural(uint64_t count, const char *one, const char *many)
{
    return count == 1 ? one : many;
}

/* NUL-terminates without counting the NUL and returns the text, borrowed; NULL where memory ran out. */
const char *cty_buf_text(struct cty_buf *buf);

/* Takes the memory out of the buffer; the caller owns it (free). NULL for an empty buffer. */
uint8_t *cty_buf_take(struct cty_buf *buf, size_t *ret_size);

/* Parses decimal digits, no sign, no leading zeros, whole input. Errors: BAD_MEMBER. */
CUSTODY_MUST_USE custody_err cty_u64_parse(struct cty_bytes text, uint64_t max, uint64_t *ret_number);

/* Copies a view into NUL-terminated memory that the caller owns (free); NULL where memory ran out. */
char *cty_bytes_dup_text(struct cty_bytes bytes);

#endif
