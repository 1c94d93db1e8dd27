/* SPDX-License-Identifier: Apache-2.0 */
/* JSON Pointer (RFC 6901), token by token. Inside this layer only. */
#ifndef CTY_CODEC_POINTER_H
#define CTY_CODEC_POINTER_H

#include "base/bytes.h"

/* Whether the text is a pointer: empty or led by '/', '~' only in "~0" and "~1", UTF-8 without NUL. */
CUSTODY_MUST_USE custody_err cty_pointer_check(struct cty_bytes pointer);
/* Takes the first token off a checked pointer that isn't empty; `ret_token` is cleared and filled, unescaped. */
CUSTODY_MUST_USE custody_err cty_pointer_next(struct cty_bytes *pointer, struct cty_buf *ret_token);
/* An index below `count`: digits without leading zeros. Errors: BAD_POINTER. */
CUSTODY_MUST_USE custody_err cty_pointer_index(struct cty_bytes token, size_t count, size_t *ret_index);
/* Appends '/' and the escaped token. */
CUSTODY_MUST_USE custody_err cty_pointer_put(struct cty_buf *pointer, struct cty_bytes token);

#endif
