/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"

uint64_t cty_bytes_fnv1a(struct cty_bytes a)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < a.size; i++)
        hash = (hash ^ a.data[i]) * UINT64_C(1099511628211);
    return hash;
}

int cty_bytes_compare(struct cty_bytes a, struct cty_bytes b)
{
    size_t shorter = a.size < b.size ? a.size : b.size;
    int order = shorter ? memcmp(a.data, b.data, shorter) : 0;
    if (order != 0)
        return order;
    return (a.size > b.size) - (a.size < b.size);
}

/* Size of the sequence that `lead` begins and the least code point it may hold; 0 if it begins none. */
static size_t utf8_sequence(uint8_t lead, uint32_t *ret_bits, uint32_t *ret_least)
{
    if (lead < 0x80) {
        *ret_bits = lead;
        *ret_least = 0;
        return 1;
    }
    if ((lead & 0xe0) == 0xc0) {
        *ret_bits = lead & 0x1f;
        *ret_least = 0x80;
        return 2;
    }
    if ((lead & 0xf0) == 0xe0) {
        *ret_bits = lead & 0x0f;
        *ret_least = 0x800;
        return 3;
    }
    if ((lead & 0xf8) == 0xf0) {
        *ret_bits = lead & 0x07;
        *ret_least = 0x10000;
        return 4;
    }
    return 0;
}

bool cty_bytes_is_utf8(struct cty_bytes a)
{
    size_t at = 0;
    while (at < a.size) {
        uint32_t point = 0, least = 0;
        size_t length = utf8_sequence(a.data[at], &point, &least);
        if (length == 0 || length > a.size - at)
            return false;
        for (size_t i = 1; i < length; i++) {
            if ((a.data[at + i] & 0xc0) != 0x80)
                return false;
            point = (point << 6) | (a.data[at + i] & 0x3f);
        }
        if (point < least || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
            return false;
        at += length;
    }
    return true;
}

void cty_buf_done(struct cty_buf *buf)
{
    if (!buf)
        return;
    free(buf->data);
    buf->data = NULL;
    buf->size = 0;
    buf->capacity = 0;
}

custody_err cty_buf_reserve(struct cty_buf *buf, size_t more)
{
    size_t needed = 0;
    if (__builtin_add_overflow(buf->size, more, &needed) || needed > buf->limit)
        return CUSTODY_E_TOO_LARGE;
    /* One byte more than asked, so that cty_buf_text can always end the text. */
    if (needed < buf->capacity)
        return CUSTODY_OK;
    size_t capacity = buf->capacity < 64 ? 64 : buf->capacity;
    while (capacity <= needed) {
        if (__builtin_mul_overflow(capacity, (size_t)2, &capacity))
            return CUSTODY_E_NO_MEMORY;
    }
    uint8_t *data = realloc(buf->data, capacity);
    if (!data)
        return CUSTODY_E_NO_MEMORY;
    buf->data = data;
    buf->capacity = capacity;
    return CUSTODY_OK;
}

custody_err cty_buf_put(struct cty_buf *buf, const void *data, size_t size)
{
    CTY_TRY(cty_buf_reserve(buf, size));
    if (size)
        memcpy(buf->data + buf->size, data, size);
    buf->size += size;
    return CUSTODY_OK;
}

custody_err cty_buf_put_bytes(struct cty_buf *buf, struct cty_bytes bytes)
{
    return cty_buf_put(buf, bytes.data, bytes.size);
}

custody_err cty_buf_put_text(struct cty_buf *buf, const char *text)
{
    return cty_buf_put(buf, text, strlen(text));
}

custody_err cty_buf_put_u64(struct cty_buf *buf, uint64_t number)
{
    char digits[20];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    return cty_buf_put(buf, digits + at, sizeof(digits) - at);
}

custody_err cty_buf_putf(struct cty_buf *buf, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    custody_err err = length < 0 ? CUSTODY_E_INTERNAL : cty_buf_reserve(buf, (size_t)length);
    if (err == CUSTODY_OK) {
        (void)vsnprintf((char *)buf->data + buf->size, (size_t)length + 1, format, again);
        buf->size += (size_t)length;
    }
    va_end(again);
    return err;
}

const char *cty_buf_text(struct cty_buf *buf)
{
    if (cty_buf_reserve(buf, 0) != CUSTODY_OK)
        return NULL;
    buf->data[buf->size] = 0;
    return (const char *)buf->data;
}

uint8_t *cty_buf_take(struct cty_buf *buf, size_t *ret_size)
{
    uint8_t *data = buf->data;
    *ret_size = buf->size;
    buf->data = NULL;
    buf->size = 0;
    buf->capacity = 0;
    return data;
}

custody_err cty_u64_parse(struct cty_bytes text, uint64_t max, uint64_t *ret_number)
{
    if (text.size == 0 || text.size > 20 || (text.size > 1 && text.data[0] == '0'))
        return CUSTODY_E_BAD_MEMBER;
    uint64_t number = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return CUSTODY_E_BAD_MEMBER;
        if (__builtin_mul_overflow(number, (uint64_t)10, &number) ||
            __builtin_add_overflow(number, (uint64_t)(text.data[i] - '0'), &number))
            return CUSTODY_E_BAD_MEMBER;
    }
    if (number > max)
        return CUSTODY_E_BAD_MEMBER;
    *ret_number = number;
    return CUSTODY_OK;
}

char *cty_bytes_dup_text(struct cty_bytes bytes)
{
    char *text = malloc(bytes.size + 1);
    if (!text)
        return NULL;
    if (bytes.size)
        memcpy(text, bytes.data, bytes.size);
    text[bytes.size] = 0;
    return text;
}
