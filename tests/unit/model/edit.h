/* SPDX-License-Identifier: Apache-2.0 */
/* Changes one place of a canonical JSON text and leaves the rest as it is. */
#ifndef CTY_TESTS_MODEL_EDIT_H
#define CTY_TESTS_MODEL_EDIT_H

#include "codec/json.h"
#include "unit/support.h"

struct edit {
    struct cty_bytes text;
    struct cty_json json;
};

/* Scans the text, which must be a statement's; edit_done frees. */
void edit_begin(struct edit *edit, struct cty_bytes text);
void edit_done(struct edit *edit);

/* Each gives a new text, NUL-terminated, that the caller frees. */
char *edit_remove(const struct edit *edit, const struct cty_json_node *object, const struct cty_json_node *member);
char *edit_value(const struct edit *edit, const struct cty_json_node *node, const char *value);
/* Adds a member where it belongs in sorted order; `name` and `value` are JSON as they shall stand. */
char *edit_add(const struct edit *edit, const struct cty_json_node *object, const char *name, const char *value);
/* The array `node` as a text that holds `item` so many times. */
char *edit_repeat(const char *item, size_t count);
/* The value of a node as it stands, with its quotes; the caller frees. */
char *edit_copy(const struct cty_json_node *node);

#endif
