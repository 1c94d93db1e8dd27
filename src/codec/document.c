/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/document.h"

#include "base/limits.h"

void cty_document_done(struct cty_document *document)
{
    cty_json_done(&document->json);
    cty_buf_done(&document->text);
}

struct cty_bytes cty_document_value(const struct cty_json_node *node)
{
    if (node->kind != CTY_JSON_STRING)
        return node->text;
    return cty_bytes_make(node->text.data - 1, node->text.size + 2);
}

/* A value stands two deeper than in its payload, and an operation adds an object and three members. */
const struct cty_json_limits cty_payload_limits = {CTY_PAYLOAD_DEPTH_MAX, CTY_PAYLOAD_NODES_MAX};
const struct cty_json_limits cty_operations_limits = {
    CTY_PAYLOAD_DEPTH_MAX + 2,
    CTY_PAYLOAD_NODES_MAX + 4 * CTY_PATCH_OPERATIONS_MAX,
};

custody_err cty_payload_scan(struct cty_json *json, struct cty_json_limits limits, struct cty_bytes text,
                             custody_error *error)
{
    if (text.size > CTY_BLOB_BYTES_MAX)
        return cty_fail(error, CUSTODY_E_TOO_LARGE, "%zu bytes", text.size);
    return cty_json_scan(json, CTY_JSON_DOCUMENT, limits, text, error);
}

/* RFC 8785 spells some numbers longer than their source, so the size is bounded again. */
static custody_err canonical_open(struct cty_document *document, struct cty_json_limits limits,
                                  struct cty_bytes text, custody_error *error)
{
    document->text = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
    document->json = CTY_JSON_INIT;
    CTY_TRY(cty_payload_scan(&document->json, limits, text, error));
    custody_err err = cty_json_canonical(&document->json, &document->text);
    if (err != CUSTODY_OK)
        return cty_fail(error, err, "in RFC 8785 form");
    return cty_payload_scan(&document->json, limits, cty_buf_bytes(&document->text), error);
}

custody_err cty_document_open(struct cty_document *document, struct cty_json_limits limits,
                              struct cty_bytes text, const char *what, custody_error *error)
{
    custody_error inner = {0};
    custody_err err = canonical_open(document, limits, text, &inner);
    if (err == CUSTODY_OK)
        return CUSTODY_OK;
    cty_document_done(document);
    return cty_fail(error, err, "%s: %s", what, inner.detail);
}
