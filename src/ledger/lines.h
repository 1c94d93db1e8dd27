/* SPDX-License-Identifier: Apache-2.0 */
/* What the text formats of this folder share: lines, and strict base64 in place. Private to it. */
#ifndef CTY_LEDGER_LINES_H
#define CTY_LEDGER_LINES_H

#include "base/bytes.h"
#include "crypto/hash.h"

/* Takes the first line off *rest, without its newline. False where no newline is left. */
bool cty_line_take(struct cty_bytes *rest, struct cty_bytes *ret_line);

/* Takes `prefix` off *rest. False, and nothing is taken, where it doesn't begin with it. */
bool cty_prefix_take(struct cty_bytes *rest, const char *prefix);

/*
 * Checks strict base64 without memory for what it decodes to, which is *ret_size bytes. Writes the first
 * `head_size` of them, at most 48. Errors: BAD_ENCODING (also: shorter than the head).
 */
CUSTODY_MUST_USE custody_err cty_base64_scan(struct cty_bytes text, uint8_t *head, size_t head_size,
                                             size_t *ret_size);

/* Appends the hash in base64, and a newline. */
CUSTODY_MUST_USE custody_err cty_hash_line_put(const struct cty_hash *hash, struct cty_buf *out);

/* Whether the bytes are UTF-8 without control characters (below U+0020) other than the newline. */
bool cty_text_is_lawful(struct cty_bytes text);

#endif
