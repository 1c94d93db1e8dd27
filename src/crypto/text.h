/* SPDX-License-Identifier: Apache-2.0 */
/* Strict base64 and hex of key texts; for src/crypto alone (src/codec has those of statements). */
#ifndef CTY_CRYPTO_TEXT_H
#define CTY_CRYPTO_TEXT_H

#include "base/bytes.h"

/* The largest thing in base64 that stands in a key text: a foreign key of 1,313 bytes, with room. */
#define CTY_KEY_RAW_BYTES_MAX 1536u

/* RFC 4648 section 4, padded, trailing bits zero, whole input, at most `out_max` bytes. */
bool cty_key_base64_parse(struct cty_bytes text, uint8_t *out, size_t out_max, size_t *ret_size);
/* The same where exactly `size` bytes are expected. */
bool cty_key_base64_take(struct cty_bytes text, uint8_t *out, size_t size);
CUSTODY_MUST_USE custody_err cty_key_base64_format(struct cty_bytes raw, struct cty_buf *out);

/* Whether a key may have this name: C2SP signed-note, at most CTY_KEY_NAME_BYTES_MAX bytes. BAD_MEMBER, TOO_LARGE. */
CUSTODY_MUST_USE custody_err cty_key_name_check(struct cty_bytes name);

#endif
