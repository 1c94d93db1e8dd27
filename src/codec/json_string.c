/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strings of JSON. Most strings of a statement are plain ASCII, so eight bytes are looked at at once, and
 * only what is not plain is taken apart.
 */
#include "codec/json_inner.h"

#include <endian.h>

#include "base/check.h"

#define ONES 0x0101010101010101ULL
#define HIGHS 0x8080808080808080ULL

/*
 * Where the first of eight bytes stands that is a control character, a quote, a backslash or not ASCII; 8: there is none.
 * Of the bits that are found the lowest is right: a subtraction borrows only for the bytes above one that it found.
 */
static unsigned plain_of_eight(const uint8_t *at)
{
    uint64_t word = 0;
    memcpy(&word, at, sizeof(word));
    word = le64toh(word);
    uint64_t quote = word ^ (ONES * '"');
    uint64_t backslash = word ^ (ONES * '\\');
    uint64_t found = ((word - ONES * 0x20) | (quote - ONES) | (backslash - ONES) | word) & HIGHS;
    return found ? (unsigned)__builtin_ctzll(found) / 8 : 8;
}

const uint8_t *cty_json_skip_plain(const uint8_t *at, const uint8_t *end)
{
    while (end - at >= 8) {
        unsigned plain = plain_of_eight(at);
        at += plain;
        if (plain < 8)
            return at;
    }
    while (at < end && *at >= 0x20 && *at < 0x80 && *at != '"' && *at != '\\')
        at++;
    return at;
}

size_t cty_utf8_size(const uint8_t *at, const uint8_t *end)
{
    size_t left = (size_t)(end - at);
    size_t size = left == 0 ? 0 : *at < 0x80 ? 1 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : 4;
    if (size == 1)
        return 1;
    return size && size <= left && cty_bytes_is_utf8(cty_bytes_make(at, size)) ? size : 0;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The code unit of four hex digits, or -1. */
static int32_t hex_unit(const uint8_t *at, const uint8_t *end)
{
    if (end - at < 4)
        return -1;
    int32_t unit = 0;
    for (size_t i = 0; i < 4; i++) {
        int digit = hex_digit(at[i]);
        if (digit < 0)
            return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

/* The byte that a two-character escape stands for, or -1. */
static int short_escape(uint8_t c)
{
    switch (c) {
    case '"':
    case '\\':
    case '/':
        return c;
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return -1;
    }
}

static bool is_high(int32_t unit)
{
    return unit >= 0xd800 && unit <= 0xdbff;
}

static bool is_low(int32_t unit)
{
    return unit >= 0xdc00 && unit <= 0xdfff;
}

/* Whether RFC 8785 spells this control character as \u00xx, lower-case, and these are its digits. */
static bool unit_is_canonical(const uint8_t *digits, int32_t unit)
{
    if (unit >= 0x20 || unit == '\b' || unit == '\f' || unit == '\n' || unit == '\r' || unit == '\t')
        return false;
    return digits[3] < 'A' || digits[3] > 'F';
}

/* `at` stands behind "\u"; on success `*ret_at` stands behind the escape, or both of a pair. */
static custody_err scan_unicode(const uint8_t *at, const uint8_t *end, bool strict, const uint8_t **ret_at)
{
    int32_t unit = hex_unit(at, end);
    if (unit <= 0 || is_low(unit))
        return CUSTODY_E_BAD_JSON;
    *ret_at = at + 4;
    if (is_high(unit)) {
        bool pair = end - at >= 10 && at[4] == '\\' && at[5] == 'u' && is_low(hex_unit(at + 6, end));
        if (!pair)
            return CUSTODY_E_BAD_JSON;
        *ret_at = at + 10;
    }
    return strict && !unit_is_canonical(at, unit) ? CUSTODY_E_NOT_CANONICAL : CUSTODY_OK;
}

/* `at` stands on the backslash. */
static custody_err scan_escape(const uint8_t *at, const uint8_t *end, bool strict, const uint8_t **ret_at)
{
    if (end - at < 2)
        return CUSTODY_E_BAD_JSON;
    if (at[1] == 'u')
        return scan_unicode(at + 2, end, strict, ret_at);
    if (short_escape(at[1]) < 0)
        return CUSTODY_E_BAD_JSON;
    *ret_at = at + 2;
    return strict && at[1] == '/' ? CUSTODY_E_NOT_CANONICAL : CUSTODY_OK;
}

custody_err cty_json_string_scan(const uint8_t *at, const uint8_t *end, bool strict,
                                 const uint8_t **ret_at, bool *ret_escaped)
{
    *ret_escaped = false;
    for (;;) {
        at = cty_json_skip_plain(at, end);
        *ret_at = at;
        if (at == end || *at < 0x20)
            return CUSTODY_E_BAD_JSON;
        if (*at == '"')
            return CUSTODY_OK;
        if (*at == '\\') {
            const uint8_t *behind = at;
            *ret_escaped = true;
            CTY_TRY(scan_escape(at, end, strict, &behind));
            at = behind;
            continue;
        }
        size_t size = cty_utf8_size(at, end);
        if (size == 0)
            return CUSTODY_E_BAD_JSON;
        at += size;
    }
}

/*
 * Reads UTF-16 out of a scanned string text, or out of plain UTF-8 where a backslash is a backslash. `low` is
 * the second half of a pair that is still to be given.
 */
struct units {
    const uint8_t *at;
    const uint8_t *end;
    bool escaped;
    int32_t low;
};

static struct units units_make(struct cty_bytes text, bool escaped)
{
    return (struct units){.at = text.data, .end = text.data + text.size, .escaped = escaped};
}

static int32_t units_escape(struct units *units)
{
    uint8_t c = units->at[1];
    if (c != 'u') {
        units->at += 2;
        return short_escape(c);
    }
    int32_t unit = hex_unit(units->at + 2, units->end);
    units->at += 6;
    return unit;
}

/* The next code unit, -1 at the end. */
static int32_t units_next(struct units *units)
{
    if (units->low) {
        int32_t low = units->low;
        units->low = 0;
        return low;
    }
    if (units->at == units->end)
        return -1;
    if (*units->at == '\\' && units->escaped)
        return units_escape(units);
    uint8_t lead = *units->at;
    size_t size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    int32_t point = size == 1 ? lead : lead & (0x7f >> size);
    for (size_t i = 1; i < size; i++)
        point = point << 6 | (units->at[i] & 0x3f);
    units->at += size;
    if (point < 0x10000)
        return point;
    units->low = 0xdc00 + ((point - 0x10000) & 0x3ff);
    return 0xd800 + ((point - 0x10000) >> 10);
}

static int order_units(struct units left, struct units right)
{
    for (;;) {
        int32_t x = units_next(&left);
        int32_t y = units_next(&right);
        if (x != y)
            return x < y ? -1 : 1;
        if (x < 0)
            return 0;
    }
}

/*
 * UTF-8 bytes sort as code points do, and code points as UTF-16 does but for one case: U+E000 to U+FFFF
 * (lead bytes ee and ef) come behind everything beyond U+FFFF (lead bytes f0 and up).
 */
static int order_plain(struct cty_bytes a, struct cty_bytes b)
{
    size_t shorter = a.size < b.size ? a.size : b.size;
    size_t at = 0;
    while (at < shorter && a.data[at] == b.data[at])
        at++;
    if (at == shorter)
        return (a.size > b.size) - (a.size < b.size);
    uint8_t x = a.data[at], y = b.data[at];
    bool crossed = x >= 0xee && y >= 0xee && (x >= 0xf0) != (y >= 0xf0);
    return (x < y) != crossed ? -1 : 1;
}

int cty_json_order(struct cty_bytes a, bool a_escaped, struct cty_bytes b, bool b_escaped)
{
    if (!a_escaped && !b_escaped)
        return order_plain(a, b);
    return order_units(units_make(a, a_escaped), units_make(b, b_escaped));
}

/* Appends the code point that starts with code unit `unit`. */
static custody_err put_point(struct units *units, int32_t unit, struct cty_buf *out)
{
    uint32_t point = (uint32_t)unit;
    if (is_high(unit))
        point = 0x10000 + ((point - 0xd800) << 10) + (uint32_t)(units_next(units) - 0xdc00);
    uint8_t utf8[4];
    size_t size = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    static const uint8_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = size; i-- > 1; point >>= 6)
        utf8[i] = (uint8_t)(0x80 | (point & 0x3f));
    utf8[0] = (uint8_t)(leads[size] | point);
    return cty_buf_put(out, utf8, size);
}

/* Nothing half is appended: on error the buffer is cut back. */
custody_err cty_json_unescape(struct cty_bytes text, bool escaped, struct cty_buf *out)
{
    if (!escaped)
        return cty_buf_put_bytes(out, text);
    size_t before = out->size;
    struct units units = units_make(text, true);
    custody_err err = CUSTODY_OK;
    while (err == CUSTODY_OK && units.at < units.end) {
        /* What stands before a backslash is its own value. */
        const uint8_t *escape = memchr(units.at, '\\', (size_t)(units.end - units.at));
        const uint8_t *to = escape ? escape : units.end;
        err = cty_buf_put(out, units.at, (size_t)(to - units.at));
        units.at = to;
        if (err == CUSTODY_OK && escape)
            err = put_point(&units, units_next(&units), out);
    }
    if (err != CUSTODY_OK)
        out->size = before;
    return err;
}
