/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A JSON value that can be changed, on jansson's arrays, hash tables and reference counts. Nothing else in
 * Custody includes jansson. Inside this layer only.
 *
 * jansson never sees JSON text here and holds no numbers. Every scalar is a jansson string that holds the
 * scalar's RFC 8785 text (of a string with its quotes), and a member's key is the RFC 8785 text of its name
 * without quotes. So equal values are equal strings, sizes are exact, and nothing is read or printed by a
 * library that reads and prints otherwise than we do.
 */
#ifndef CTY_CODEC_PATCH_TREE_H
#define CTY_CODEC_PATCH_TREE_H

#include <jansson.h>

#include "base/bytes.h"
#include "codec/json.h"

/* What a value takes: RFC 8785 bytes, values in it, and how deep it is (a scalar is 1). */
struct cty_shape {
    size_t bytes;
    size_t nodes;
    size_t depth;
};

/* A node of a cty_document with all it holds, as a value that the caller owns. Errors: NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_ptree_load(const struct cty_json *json, const struct cty_json_node *node,
                                            json_t **ret_value);

/* Measures; if `out` isn't NULL, also appends the value as JSON text, members unsorted. */
CUSTODY_MUST_USE custody_err cty_ptree_measure(json_t *value, struct cty_buf *out, struct cty_shape *ret_shape);

#endif
