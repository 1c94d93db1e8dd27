/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/text.h"

#include "base/check.h"

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* One more than the six bits that a base64 digit stands for; 0 for what is none. */
static const uint8_t base64_values[256] = {
    ['A'] = 1, ['B'] = 2, ['C'] = 3, ['D'] = 4, ['E'] = 5, ['F'] = 6, ['G'] = 7, ['H'] = 8,
    ['I'] = 9, ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['/'] = 64,
};

/* How many bytes a padded text decodes to, judged by its size and padding alone. */
static custody_err base64_decoded_size(struct cty_bytes text, size_t *ret_size)
{
    if (text.size % 4 != 0)
        return CUSTODY_E_BAD_ENCODING;
    size_t size = text.size / 4 * 3;
    if (text.size && text.data[text.size - 1] == '=')
        size -= text.data[text.size - 2] == '=' ? 2 : 1;
    *ret_size = size;
    return CUSTODY_OK;
}

/* Decodes one group of four digits, of which `kept` bytes (1 to 3) are wanted; the other bits must be 0. */
static custody_err base64_group(const uint8_t *in, size_t kept, uint8_t *out)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < 4; i++) {
        uint32_t value = i <= kept ? base64_values[in[i]] : 1;
        if (value == 0)
            return CUSTODY_E_BAD_ENCODING;
        bits = (bits << 6) | (value - 1);
    }
    if ((bits & (0xffffffu >> (8 * kept)) & 0xffffffu) != 0)
        return CUSTODY_E_BAD_ENCODING;
    for (size_t i = 0; i < kept; i++)
        out[i] = (uint8_t)(bits >> (16 - 8 * i));
    return CUSTODY_OK;
}

/* Four digits that are three bytes; false where one is no digit. */
static bool base64_whole(const uint8_t *in, uint8_t *out)
{
    uint32_t a = base64_values[in[0]], b = base64_values[in[1]], c = base64_values[in[2]], d = base64_values[in[3]];
    uint32_t bits = (a - 1) << 18 | (b - 1) << 12 | (c - 1) << 6 | (d - 1);
    out[0] = (uint8_t)(bits >> 16);
    out[1] = (uint8_t)(bits >> 8);
    out[2] = (uint8_t)bits;
    return a && b && c && d;
}

custody_err cty_base64_parse_into(struct cty_bytes text, uint8_t *out, size_t size)
{
    size_t decoded = 0;
    CTY_TRY(base64_decoded_size(text, &decoded));
    if (decoded != size)
        return CUSTODY_E_BAD_ENCODING;
    size_t at = 0;
    for (; size - at >= 3; at += 3) {
        if (!base64_whole(text.data + at / 3 * 4, out + at))
            return CUSTODY_E_BAD_ENCODING;
    }
    return at < size ? base64_group(text.data + at / 3 * 4, size - at, out + at) : CUSTODY_OK;
}

custody_err cty_base64_parse(struct cty_bytes text, struct cty_buf *out)
{
    size_t size = 0;
    CTY_TRY(base64_decoded_size(text, &size));
    if (size == 0)
        return CUSTODY_OK;
    CTY_TRY(cty_buf_reserve(out, size));
    CTY_TRY(cty_base64_parse_into(text, out->data + out->size, size));
    out->size += size;
    return CUSTODY_OK;
}

custody_err cty_base64_format(struct cty_bytes bytes, struct cty_buf *out)
{
    if (bytes.size > SIZE_MAX / 2)
        return CUSTODY_E_TOO_LARGE;
    CTY_TRY(cty_buf_reserve(out, CTY_BASE64_SIZE(bytes.size)));
    for (size_t at = 0; at < bytes.size; at += 3) {
        size_t left = bytes.size - at;
        uint32_t bits = (uint32_t)bytes.data[at] << 16;
        if (left > 1)
            bits |= (uint32_t)bytes.data[at + 1] << 8;
        if (left > 2)
            bits |= bytes.data[at + 2];
        uint8_t *group = out->data + out->size;
        group[0] = (uint8_t)base64_digits[bits >> 18];
        group[1] = (uint8_t)base64_digits[(bits >> 12) & 63];
        group[2] = left > 1 ? (uint8_t)base64_digits[(bits >> 6) & 63] : '=';
        group[3] = left > 2 ? (uint8_t)base64_digits[bits & 63] : '=';
        out->size += 4;
    }
    return CUSTODY_OK;
}

/* Sums and comparisons only, no table: the compiler then takes many digits at once. */
static uint8_t hex_value(uint8_t c)
{
    uint8_t digit = (uint8_t)(c - '0');
    uint8_t letter = (uint8_t)(c - 'a');
    uint8_t of_letter = letter < 6 ? (uint8_t)(letter + 10) : 0x80;
    return digit < 10 ? digit : of_letter;
}

static uint8_t hex_digit(uint8_t bits)
{
    return (uint8_t)(bits + (bits < 10 ? '0' : 'a' - 10));
}

/* False where one is no digit. */
static bool hex_get(const uint8_t *restrict digits, size_t size, uint8_t *restrict out)
{
    uint8_t wrong = 0;
    for (size_t i = 0; i < size; i++) {
        uint8_t high = hex_value(digits[2 * i]);
        uint8_t low = hex_value(digits[2 * i + 1]);
        wrong |= (uint8_t)(high | low);
        out[i] = (uint8_t)(high << 4 | low);
    }
    return (wrong & 0x80) == 0;
}

custody_err cty_hex_parse_into(struct cty_bytes text, uint8_t *out, size_t size)
{
    if (text.size % 2 != 0 || text.size / 2 != size)
        return CUSTODY_E_BAD_ENCODING;
    return hex_get(text.data, size, out) ? CUSTODY_OK : CUSTODY_E_BAD_ENCODING;
}

static void hex_put(const uint8_t *restrict bytes, size_t size, uint8_t *restrict out)
{
    for (size_t i = 0; i < size; i++) {
        out[2 * i] = hex_digit(bytes[i] >> 4);
        out[2 * i + 1] = hex_digit(bytes[i] & 15);
    }
}

custody_err cty_hex_format(struct cty_bytes bytes, struct cty_buf *out)
{
    if (bytes.size > SIZE_MAX / 2)
        return CUSTODY_E_TOO_LARGE;
    CTY_TRY(cty_buf_reserve(out, 2 * bytes.size));
    hex_put(bytes.data, bytes.size, out->data + out->size);
    out->size += 2 * bytes.size;
    return CUSTODY_OK;
}

void cty_hex_write(const uint8_t *bytes, size_t size, char *out)
{
    hex_put(bytes, size, (uint8_t *)out);
    out[2 * size] = 0;
}

/* Whether one place of the pattern takes this byte; a glob's own '*' is taken by '*' alone. */
static bool place_takes(uint8_t place, uint8_t byte, bool of_glob)
{
    if (of_glob && byte == '*')
        return false;
    if (of_glob && byte == '?')
        return place == '?';
    return place == '?' || place == byte;
}

/*
 * On a mismatch only the last star seen can help: let it eat one byte more. Earlier stars need never be
 * tried again, since whatever they could eat, the last one can eat as well.
 */
static bool glob_walk(struct cty_bytes pattern, struct cty_bytes text, bool of_glob)
{
    size_t p = 0, t = 0, after_star = SIZE_MAX, eaten_to = 0;
    while (t < text.size) {
        if (p < pattern.size && pattern.data[p] == '*') {
            after_star = ++p;
            eaten_to = t;
        } else if (p < pattern.size && place_takes(pattern.data[p], text.data[t], of_glob)) {
            p++;
            t++;
        } else if (after_star != SIZE_MAX) {
            p = after_star;
            t = ++eaten_to;
        } else {
            return false;
        }
    }
    while (p < pattern.size && pattern.data[p] == '*')
        p++;
    return p == pattern.size;
}

bool cty_glob_match(struct cty_bytes pattern, struct cty_bytes text)
{
    return glob_walk(pattern, text, false);
}

bool cty_glob_covers(struct cty_bytes outer, struct cty_bytes inner)
{
    return glob_walk(outer, inner, true);
}
