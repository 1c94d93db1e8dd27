/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON, read in one pass and written in RFC 8785 form. See spec/json.md.
 *
 * Two dialects are read by one scanner:
 *   CTY_JSON_STRICT    what a statement, an entry or a record is: RFC 8785 bytes exactly; objects, arrays,
 *                      strings without NUL, booleans, whole numbers 0..2^53-1; no null.
 *   CTY_JSON_DOCUMENT  what a payload or a message is: any RFC 8259 text in UTF-8 with unique member
 *                      names (compared unescaped), no NUL in strings, no lone surrogates, and numbers whose
 *                      decimal value equals that of their RFC 8785 form.
 *
 * The result is a tape of nodes over the source bytes: nodes borrow the source, which must outlive them.
 * No recursion; depth and node count are bounded by the caller. Thread rule: a tape belongs to one thread.
 */
#ifndef CTY_CODEC_JSON_H
#define CTY_CODEC_JSON_H

#include "base/bytes.h"

enum cty_json_kind {
    CTY_JSON_NULL,
    CTY_JSON_FALSE,
    CTY_JSON_TRUE,
    CTY_JSON_NUMBER,
    CTY_JSON_STRING,
    CTY_JSON_ARRAY,
    CTY_JSON_OBJECT
};

enum cty_json_dialect { CTY_JSON_STRICT, CTY_JSON_DOCUMENT };

/*
 * One value. `name` is the member's name as it stands between the quotes (escapes kept) and empty in
 * arrays. `text` is the value as it stands in the source: of a string what is between its quotes, of an
 * object or array everything from bracket to bracket. In the strict dialect equal strings have equal text.
 */
struct cty_json_node {
    enum cty_json_kind kind;
    bool escaped;      /* the string (kind STRING) has escapes */
    bool name_escaped; /* the member's name has escapes */
    bool sorted;       /* an object whose members stand in RFC 8785 order */
    uint32_t count;    /* members or elements */
    uint32_t next;     /* index of the node after this one and all it holds */
    struct cty_bytes name;
    struct cty_bytes text;
};

struct cty_json {
    struct cty_json_node *nodes; /* nodes[0] is the whole document */
    uint32_t count;
    uint32_t capacity;
};

#define CTY_JSON_INIT ((struct cty_json){NULL, 0, 0})

struct cty_json_limits {
    uint32_t depth_max; /* 1 is a scalar or an empty container */
    uint32_t nodes_max;
};

/*
 * Scans `text` to its end. Reuses the memory of *json. On error *json is empty and `error` tells the offset.
 * Errors, in order of precedence at the first offending byte: TOO_DEEP, TOO_LARGE (nodes), DUPLICATE_MEMBER,
 * BAD_NUMBER, NOT_CANONICAL (strict: it would be JSON, but not these bytes), BAD_JSON, NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_json_scan(struct cty_json *json, enum cty_json_dialect dialect,
                                           struct cty_json_limits limits, struct cty_bytes text,
                                           custody_error *error);
void cty_json_done(struct cty_json *json);

/* The member `name` (plain ASCII) of an object node; NULL if absent or not an object. Borrowed. */
const struct cty_json_node *cty_json_member(const struct cty_json *json, const struct cty_json_node *object,
                                            const char *name);
/* Iteration: first child, then next sibling; NULL at the end. Borrowed. */
const struct cty_json_node *cty_json_first(const struct cty_json *json, const struct cty_json_node *parent);
const struct cty_json_node *cty_json_after(const struct cty_json *json, const struct cty_json_node *parent,
                                           const struct cty_json_node *child);

/* Appends the string's value with escapes resolved. Errors: BAD_MEMBER (not a string), TOO_LARGE, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_json_string(const struct cty_json_node *node, struct cty_buf *out);
/* A whole number 0..max. Errors: BAD_MEMBER. */
CUSTODY_MUST_USE custody_err cty_json_u64(const struct cty_json_node *node, uint64_t max, uint64_t *ret_number);

/*
 * Appends the RFC 8785 form of a scanned document (either dialect) to `out`. Numbers as ECMAScript prints
 * them, members sorted by UTF-16 code units. Errors: TOO_LARGE, NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_json_canonical(const struct cty_json *json, struct cty_buf *out);

/*
 * A writer of RFC 8785 text. Members of an object must be put in their sorted order (program truth:
 * asserted for ASCII names). Errors are kept: after the first, puts do nothing, and cty_jw_end returns it.
 */
#define CTY_JW_DEPTH_MAX 16
struct cty_jw {
    struct cty_buf *out;
    custody_err err;
    uint32_t depth;
    bool named; /* a name was put and its value is still to come */
    bool first[CTY_JW_DEPTH_MAX];
    bool object[CTY_JW_DEPTH_MAX];
    const char *last_name[CTY_JW_DEPTH_MAX]; /* literals given to cty_jw_name; NULL for foreign names */
};

void cty_jw_begin(struct cty_jw *jw, struct cty_buf *out);
/* Ends the text; asserts that all brackets are closed. */
CUSTODY_MUST_USE custody_err cty_jw_end(struct cty_jw *jw);
void cty_jw_object(struct cty_jw *jw);
void cty_jw_object_end(struct cty_jw *jw);
void cty_jw_array(struct cty_jw *jw);
void cty_jw_array_end(struct cty_jw *jw);
/* The name must be a literal in plain ASCII that needs no escape. */
void cty_jw_name(struct cty_jw *jw, const char *name);
/* A name from outside (unescaped UTF-8); the caller answers for the order. */
void cty_jw_name_bytes(struct cty_jw *jw, struct cty_bytes name);
/* A string from unescaped UTF-8; invalid UTF-8 is BAD_ENCODING, a NUL BAD_MEMBER. */
void cty_jw_string(struct cty_jw *jw, struct cty_bytes value);
void cty_jw_text(struct cty_jw *jw, const char *value);
void cty_jw_u64(struct cty_jw *jw, uint64_t value);
void cty_jw_bool(struct cty_jw *jw, bool value);
void cty_jw_hex(struct cty_jw *jw, struct cty_bytes value);
void cty_jw_base64(struct cty_jw *jw, struct cty_bytes value);
/* RFC 8785 text that was made elsewhere, put as it is. */
void cty_jw_raw(struct cty_jw *jw, struct cty_bytes canonical);

#endif
