/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the JSON codec share among themselves; nothing else includes it. */
#ifndef CTY_CODEC_JSON_INNER_H
#define CTY_CODEC_JSON_INNER_H

#include "base/bytes.h"
#include "codec/json.h"

#define CTY_JSON_NONE UINT32_MAX

/*
 * A number as a decimal: 0.d1d2d3... x 10^point, d1 and the last digit not 0; no digits is zero. Seventeen
 * digits tell every double apart, so a literal with more is never what RFC 8785 prints.
 */
#define CTY_DECIMAL_DIGITS_MAX 17
struct cty_decimal {
    bool negative;
    uint32_t count;
    int32_t point;
    char digits[CTY_DECIMAL_DIGITS_MAX];
};

/* json_string.c */

/*
 * Walks a string from behind its opening quote to its closing quote. `*ret_at` is where the closing quote
 * stands, or on error the offending byte. Errors: NOT_CANONICAL (strict), BAD_JSON.
 */
CUSTODY_MUST_USE custody_err cty_json_string_scan(const uint8_t *at, const uint8_t *end, bool strict,
                                                  const uint8_t **ret_at, bool *ret_escaped);
/* Where the first byte stands that is a control character, a quote, a backslash or not ASCII; `end` where none is. */
const uint8_t *cty_json_skip_plain(const uint8_t *at, const uint8_t *end);
/* Size of the UTF-8 sequence at `at`; 0 if it is not one (RFC 3629). */
size_t cty_utf8_size(const uint8_t *at, const uint8_t *end);
/*
 * Order of two values by UTF-16 code units: below, at or above 0. A text that is `escaped` is a scanned string
 * text; one that isn't is UTF-8 as it stands.
 */
int cty_json_order(struct cty_bytes a, bool a_escaped, struct cty_bytes b, bool b_escaped);
/* Appends the value of a scanned string text. Errors: TOO_LARGE, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_json_unescape(struct cty_bytes text, bool escaped, struct cty_buf *out);

/* json_write.c */

/*
 * Appends the RFC 8785 string of unescaped UTF-8, with its quotes. Errors: BAD_ENCODING (not UTF-8),
 * BAD_MEMBER (NUL), TOO_LARGE, NO_MEMORY. A part may have been appended on error.
 */
CUSTODY_MUST_USE custody_err cty_json_put_string(struct cty_buf *out, struct cty_bytes value);

/* number.c */

/* End of the JSON number that starts at `at`; NULL if none does. */
const uint8_t *cty_number_scan(const uint8_t *at, const uint8_t *end);
/* Refuses a JSON number literal of another decimal value than its RFC 8785 form has. Errors: BAD_NUMBER. */
CUSTODY_MUST_USE custody_err cty_number_check(struct cty_bytes literal);
/* The decimal value of a checked literal. Errors: BAD_NUMBER (not for a checked one). */
CUSTODY_MUST_USE custody_err cty_number_read(struct cty_bytes literal, struct cty_decimal *ret_decimal);
/* The decimal that ECMAScript prints for a finite double. */
void cty_number_shortest(double number, struct cty_decimal *ret_decimal);
/* Appends the decimal as ECMAScript lays it out. Errors: TOO_LARGE, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_number_put(struct cty_buf *out, const struct cty_decimal *decimal);

/* json_sort.c */

/*
 * The members of an object in sorted order, as memory that the caller owns (free); NULL for an empty
 * object. Errors: NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_json_sorted(const struct cty_json *json, const struct cty_json_node *object,
                                             const struct cty_json_node ***ret_members);

#endif
