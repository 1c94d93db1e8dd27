/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON Pointer (RFC 6901), JSON Patch (RFC 6902) and the difference of two documents. Documents come and go
 * as bytes; every document that comes in passes the DOCUMENT scanner first. See spec/json.md.
 */
#ifndef CTY_CODEC_PATCH_H
#define CTY_CODEC_PATCH_H

#include "base/bytes.h"

/*
 * Applies `operations` (a JSON array, RFC 6902) to `document` and appends the RFC 8785 form of the result.
 * All or nothing. Limits: CTY_PATCH_OPERATIONS_MAX operations, CTY_PATCH_MOVED_BYTES_MAX bytes copied and
 * moved; CTY_BLOB_BYTES_MAX bytes in RFC 8785 form, CTY_PAYLOAD_DEPTH_MAX deep and CTY_PAYLOAD_NODES_MAX
 * values, also for every document in between. Errors: BAD_JSON and its kin, BAD_PATCH, BAD_POINTER,
 * TOO_LARGE, TOO_DEEP, NO_MEMORY; the detail names the operation by its index, from 0.
 */
CUSTODY_MUST_USE custody_err cty_patch_apply(struct cty_bytes document, struct cty_bytes operations,
                                             struct cty_buf *ret_result, custody_error *error);

/*
 * Appends the operations (RFC 8785) that turn `from` into `to`: add, remove and replace only, members in
 * sorted order, so that the same pair always gives the same patch. Arrays are compared index by index. What
 * would take more than CTY_PATCH_OPERATIONS_MAX operations replaces the whole document. Errors as above.
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
 * Appends the value that `pointer` names as it stands in `document`, a string with its quotes. Errors:
 * BAD_POINTER (malformed, or there is nothing), BAD_JSON and kin.
 */
CUSTODY_MUST_USE custody_err cty_pointer_get(struct cty_bytes document, struct cty_bytes pointer,
                                             struct cty_buf *ret_value, custody_error *error);

#endif
