/* SPDX-License-Identifier: Apache-2.0 */
/* A payload document in RFC 8785 form, with its tape. For pointer, patch and diff; inside this layer only. */
#ifndef CTY_CODEC_DOCUMENT_H
#define CTY_CODEC_DOCUMENT_H

#include "base/bytes.h"
#include "codec/json.h"

/* Owns text and tape; the nodes point into the text. */
struct cty_document {
    struct cty_buf text;
    struct cty_json json;
};

/* A zeroed cty_document may be given to cty_document_done. */
void cty_document_done(struct cty_document *document);

/* The value in RFC 8785 form of a node in a cty_document: of a string with its quotes. Borrowed. */
struct cty_bytes cty_document_value(const struct cty_json_node *node);

/* The limits of a payload, and of an array of operations, whose values may each be a payload's. */
extern const struct cty_json_limits cty_payload_limits;
extern const struct cty_json_limits cty_operations_limits;

/* cty_json_scan in the document dialect, of CTY_BLOB_BYTES_MAX at most. */
CUSTODY_MUST_USE custody_err cty_payload_scan(struct cty_json *json, struct cty_json_limits limits,
                                              struct cty_bytes text, custody_error *error);

/*
 * Scans `text` in the document dialect and brings it into RFC 8785 form. `what` stands before the detail
 * of a refusal. Errors: those of cty_json_scan; TOO_LARGE above CTY_BLOB_BYTES_MAX, before or after.
 */
CUSTODY_MUST_USE custody_err cty_document_open(struct cty_document *document, struct cty_json_limits limits,
                                               struct cty_bytes text, const char *what, custody_error *error);

#endif
