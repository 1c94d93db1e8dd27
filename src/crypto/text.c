/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/text.h"

#include <sodium.h>

#include "base/limits.h"
#include "crypto/key.h"

#define VARIANT sodium_base64_VARIANT_ORIGINAL
#define BASE64_CHARS_MAX sodium_base64_ENCODED_LEN(CTY_KEY_RAW_BYTES_MAX, VARIANT)

bool cty_key_base64_parse(struct cty_bytes text, uint8_t *out, size_t out_max, size_t *ret_size)
{
    char again[BASE64_CHARS_MAX];
    size_t size = 0;
    if (text.size == 0 || text.size >= sizeof(again))
        return false;
    if (sodium_base642bin(out, out_max, (const char *)text.data, text.size, NULL, &size, NULL, VARIANT) != 0)
        return false;
    /* One text for one value: what the bytes encode to must be what was read. */
    if (size > CTY_KEY_RAW_BYTES_MAX)
        return false;
    sodium_bin2base64(again, sizeof(again), out, size, VARIANT);
    bool same = strlen(again) == text.size && sodium_memcmp(again, text.data, text.size) == 0;
    sodium_memzero(again, sizeof(again));
    *ret_size = size;
    return same;
}

bool cty_key_base64_take(struct cty_bytes text, uint8_t *out, size_t size)
{
    size_t found = 0;
    return cty_key_base64_parse(text, out, size, &found) && found == size;
}

custody_err cty_key_base64_format(struct cty_bytes raw, struct cty_buf *out)
{
    char text[BASE64_CHARS_MAX];
    if (raw.size > CTY_KEY_RAW_BYTES_MAX)
        return CUSTODY_E_TOO_LARGE;
    sodium_bin2base64(text, sizeof(text), raw.data, raw.size, VARIANT);
    custody_err err = cty_buf_put_text(out, text);
    sodium_memzero(text, sizeof(text));
    return err;
}

/* The code point at `at` of valid UTF-8; *ret_size is how many bytes it takes. */
static uint32_t code_point(struct cty_bytes text, size_t at, size_t *ret_size)
{
    uint8_t lead = text.data[at];
    size_t size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    uint32_t point = size == 1 ? lead : lead & (0xffu >> (size + 1));
    for (size_t i = 1; i < size; i++)
        point = (point << 6) | (text.data[at + i] & 0x3fu);
    *ret_size = size;
    return point;
}

/* White_Space of the Unicode Character Database; the controls below 0x20 are asked for before. */
static bool is_space(uint32_t point)
{
    if (point >= 0x2000 && point <= 0x200a)
        return true;
    return point == 0x20 || point == 0x85 || point == 0xa0 || point == 0x1680 || point == 0x2028 ||
           point == 0x2029 || point == 0x202f || point == 0x205f || point == 0x3000;
}

bool cty_name_is_lawful(struct cty_bytes name)
{
    if (name.size == 0 || !cty_bytes_is_utf8(name))
        return false;
    size_t size = 0;
    for (size_t at = 0; at < name.size; at += size) {
        uint32_t point = code_point(name, at, &size);
        if (point < 0x20 || point == '+' || is_space(point))
            return false;
    }
    return true;
}

custody_err cty_key_name_check(struct cty_bytes name)
{
    if (name.size > CTY_KEY_NAME_BYTES_MAX)
        return CUSTODY_E_TOO_LARGE;
    return cty_name_is_lawful(name) ? CUSTODY_OK : CUSTODY_E_BAD_MEMBER;
}
