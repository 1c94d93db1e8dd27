/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 (RFC 4648 section 4, padded, zero trailing bits) and lower-case hex, strict in both directions. */
#ifndef CTY_CODEC_TEXT_H
#define CTY_CODEC_TEXT_H

#include "base/bytes.h"

/* Appends the decoded bytes. Errors: BAD_ENCODING, TOO_LARGE, NO_MEMORY; nothing is appended on error. */
CUSTODY_MUST_USE custody_err cty_base64_parse(struct cty_bytes text, struct cty_buf *out);
/* Decodes exactly `size` bytes into `out`. Errors: BAD_ENCODING. */
CUSTODY_MUST_USE custody_err cty_base64_parse_into(struct cty_bytes text, uint8_t *out, size_t size);
CUSTODY_MUST_USE custody_err cty_base64_format(struct cty_bytes bytes, struct cty_buf *out);
#define CTY_BASE64_SIZE(bytes) ((((bytes) + 2) / 3) * 4)

/* Decodes exactly `size` bytes. Errors: BAD_ENCODING. */
CUSTODY_MUST_USE custody_err cty_hex_parse_into(struct cty_bytes text, uint8_t *out, size_t size);
CUSTODY_MUST_USE custody_err cty_hex_format(struct cty_bytes bytes, struct cty_buf *out);
/* Writes 2*size digits and a NUL. */
void cty_hex_write(const uint8_t *bytes, size_t size, char *out);

/*
 * Matches `text` against a glob of literal bytes, '?' (one byte) and '*' (any bytes, '/' too). No escapes,
 * no recursion, time O(pattern x text).
 */
bool cty_glob_match(struct cty_bytes pattern, struct cty_bytes text);

/*
 * Whether every text that `inner` matches is matched by `outer` too. Never says so wrongly; may fail to see it
 * where `outer` mixes '?' and '*' side by side in another order than `inner`.
 */
bool cty_glob_covers(struct cty_bytes outer, struct cty_bytes inner);

#endif
