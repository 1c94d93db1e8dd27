/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shapes: tables that say which members a JSON object has and where they live in a C struct. One engine
 * decodes, checks and encodes every statement, entry, record and message by its shape, so that a member is
 * named in one place only.
 *
 * Decoding borrows: texts and raw values point into the scanned source. Objects are closed: a member that no
 * row names is refused. Rows stand in sorted order of their names (asserted when they are written).
 */
#ifndef CTY_MODEL_SHAPE_H
#define CTY_MODEL_SHAPE_H

#include "codec/json.h"
#include "crypto/hash.h"
#include "model/names.h"

enum cty_field_kind {
    CTY_FIELD_U64,     /* uint64_t, 0..max */
    CTY_FIELD_BOOL,    /* bool */
    CTY_FIELD_TEXT,    /* struct cty_bytes, by the grammar `text`; never escaped */
    CTY_FIELD_HASH,    /* struct cty_hash, 64 hex digits; optional: struct cty_opt_hash */
    CTY_FIELD_BITS128, /* uint8_t[16], 32 hex digits; optional: struct cty_opt_bits128 */
    CTY_FIELD_ENUM,    /* int, an index into `names` */
    CTY_FIELD_OBJECT,  /* a nested struct of shape `shape`; optional: begins with `bool present` */
    CTY_FIELD_RAW      /* struct cty_bytes: the value's text as it stands, after `check` (may be NULL) */
};

enum cty_field_flag {
    CTY_OPTIONAL = 1,
    CTY_LIST = 2,      /* an array; items at `offset`, `stride` apart, uint32_t count at `count_offset` */
    CTY_COMMITMENT = 4, /* a hash that commits to a blob put with the statement */
    CTY_ZERO = 8        /* messages only: an optional 0 or false may be said as well as left out */
};

struct cty_opt_hash {
    struct cty_hash hash;
    bool present;
};

struct cty_opt_bits128 {
    uint8_t bits[16];
    bool present;
};

struct cty_shape;

struct cty_field {
    const char *name;
    enum cty_field_kind kind;
    unsigned flags;
    size_t offset;
    size_t count_offset;
    size_t stride;
    uint32_t list_min;
    uint32_t list_max;
    uint64_t max;
    enum cty_text text;
    const char *const *names; /* ends with NULL */
    const struct cty_shape *shape;
    custody_err (*check)(const struct cty_json *json, const struct cty_json_node *node, custody_error *error);
};

struct cty_shape {
    const struct cty_field *fields;
    size_t count;
};

#define CTY_SHAPE(table) {(table), CTY_COUNT_OF(table)}

/*
 * Decodes the object `node`, scanned in the strict dialect, into `target`, which the caller zeroed. An optional
 * member that says its default (0, false, the first word, nothing in it) is refused: each value has one spelling.
 * Two shapes may share one object (what is common, and what one type adds); `second` may be NULL. All fields are
 * offsets into the same struct.
 * Errors: BAD_MEMBER, UNKNOWN_MEMBER, MISSING_MEMBER, TOO_LARGE (list); the detail names the member.
 */
CUSTODY_MUST_USE custody_err cty_shape_decode(const struct cty_shape *first, const struct cty_shape *second,
                                              const struct cty_json *json, const struct cty_json_node *node,
                                              void *target, custody_error *error);

/* Writes the object. Absent optional members are left out. Errors stay in jw. */
void cty_shape_encode(const struct cty_shape *first, const struct cty_shape *second, const void *source,
                      struct cty_jw *jw);

/* Calls `each` for every commitment, nested ones too, with its path ("payload", "admins/0/name"). */
CUSTODY_MUST_USE custody_err cty_shape_commitments(const struct cty_shape *shape, const void *source,
                                                   custody_err (*each)(void *context, struct cty_bytes member,
                                                                       const struct cty_hash *hash),
                                                   void *context);

#endif
