/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/lines.h"

#include "base/check.h"
#include "codec/text.h"

bool cty_line_take(struct cty_bytes *rest, struct cty_bytes *ret_line)
{
    const uint8_t *end = rest->size ? memchr(rest->data, '\n', rest->size) : NULL;
    if (!end)
        return false;
    size_t size = (size_t)(end - rest->data);
    *ret_line = cty_bytes_make(rest->data, size);
    *rest = cty_bytes_make(end + 1, rest->size - size - 1);
    return true;
}

bool cty_prefix_take(struct cty_bytes *rest, const char *prefix)
{
    size_t size = strlen(prefix);
    if (rest->size < size || memcmp(rest->data, prefix, size) != 0)
        return false;
    *rest = cty_bytes_make(rest->data + size, rest->size - size);
    return true;
}

#define SCAN_BYTES 48u
#define SCAN_DIGITS CTY_BASE64_SIZE(SCAN_BYTES)

/* How many bytes a piece decodes to, if it is lawful. */
static size_t piece_size(struct cty_bytes piece)
{
    size_t padding = 0;
    while (padding < 2 && piece.data[piece.size - 1 - padding] == '=')
        padding++;
    return piece.size / 4 * 3 - padding;
}

custody_err cty_base64_scan(struct cty_bytes text, uint8_t *head, size_t head_size, size_t *ret_size)
{
    CTY_CHECK(head_size <= SCAN_BYTES);
    if (text.size % 4 != 0)
        return CUSTODY_E_BAD_ENCODING;
    size_t decoded = 0;
    for (size_t at = 0; at < text.size; at += SCAN_DIGITS) {
        size_t left = text.size - at;
        struct cty_bytes piece = cty_bytes_make(text.data + at, left < SCAN_DIGITS ? left : SCAN_DIGITS);
        /* Padding may stand at the very end only: a piece before the last one must give all its bytes. */
        size_t size = left > SCAN_DIGITS ? SCAN_BYTES : piece_size(piece);
        uint8_t bytes[SCAN_BYTES];
        CTY_TRY(cty_base64_parse_into(piece, bytes, size));
        if (at == 0 && head_size > 0 && size >= head_size)
            memcpy(head, bytes, head_size);
        decoded += size;
    }
    if (decoded < head_size)
        return CUSTODY_E_BAD_ENCODING;
    *ret_size = decoded;
    return CUSTODY_OK;
}

custody_err cty_hash_line_put(const struct cty_hash *hash, struct cty_buf *out)
{
    CTY_TRY(cty_base64_format(cty_hash_bytes(hash), out));
    return cty_buf_put_byte(out, '\n');
}

bool cty_text_is_lawful(struct cty_bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < 0x20 && text.data[i] != '\n')
            return false;
    }
    return cty_bytes_is_utf8(text);
}
