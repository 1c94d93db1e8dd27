/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the codec share. */
#ifndef CTY_TESTS_CODEC_H
#define CTY_TESTS_CODEC_H

#include "codec/json.h"
#include "unit/support.h"

/* Scans under wide limits. */
custody_err scan(enum cty_json_dialect dialect, struct cty_bytes text, custody_error *error);
custody_err scan_text(enum cty_json_dialect dialect, const char *text);

/* The RFC 8785 form of a document; the caller empties *out. */
custody_err canonical(struct cty_bytes text, struct cty_buf *out);

/* Asserts that RFC 8785 makes `expected` of `text`. */
void assert_canonical(const char *text, const char *expected);

/* Puts `text` into *out `count` times. */
void repeat(struct cty_buf *out, const char *text, size_t count);

/* A file below CUSTODY_VECTORS, skipping the test where that is unset; the caller empties *out. */
void vector_read(const char *name, struct cty_buf *out);

/* Whether `run` ends its process by abort(). */
bool aborts(void (*run)(void));

#endif
