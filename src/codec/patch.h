/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON Pointer (RFC 6901), JSON Patch (RFC 6902) and the difference of two documents. Documents come and go
 * as bytes; every document that comes in passes the DOCUMENT scanner first, so that jansson (which stays
 * inside this file's C source) never meets what it reads wrongly. See spec/json.md.
 */
#ifndef CTY_CODEC_PATCH_H
#define CTY_CODEC_PATCH_H

#include "base/bytes.h"

/*
 * Applies `operations` (a JSON array, RFC 6902) to `document` and appends the RFC 8785 form of the result.
 * All or nothing. Limits: CTY_PATCH_OPERATIONS_MAX operations, CTY_PAYLOAD_DEPTH_MAX deep,
 * CTY_BLOB_BYTES_MAX bytes, also for every document in between (a few operations can't grow it without
 * bound). Errors: BAD_JSON and its kin, BAD_PATCH, BAD_POINTER, TOO_LARGE, TOO_DEEP, NO_MEMORY; the detail
 * names the operation by its number.
 */
CUSTODY_MUST_USE custody_err cty_patch_apply(struct cty_bytes document, struct cty_bytes operations,
                                             struct cty_buf *ret_result, custody_error *error);

/*
 * Appends the operations (RFC 8785) that turn `from` into `to`: add, remove and replace only, members in
 * sorted order, so that the same pair always gives the same patch. Errors as above.
 */
CUSTODY_MUST_USE custody_err cty_patch_make(struct cty_bytes from, struct cty_bytes to,
                                            struct cty_buf *ret_operations, custody_error *error);

/* One difference, for people: path and the RFC 8785 values before and after (empty where absent). */
struct cty_diff_line {
    struct cty_bytes path;
    struct cty_bytes before;
    struct cty_bytes after;
};
/* Calls `each` for every difference in order; the views live for the call only. */
CUSTODY_MUST_USE custody_err cty_diff_each(struct cty_bytes from, struct cty_bytes to,
                                           custody_err (*each)(void *context, const struct cty_diff_line *line),
                                           void *context, custody_error *error);

/*
 * Appends the value that `pointer` names as it stands in `document`. Errors: BAD_POINTER, BAD_JSON and kin.
 */
CUSTODY_MUST_USE custody_err cty_pointer_get(struct cty_bytes document, struct cty_bytes pointer,
                                             struct cty_buf *ret_value, custody_error *error);

#endif
