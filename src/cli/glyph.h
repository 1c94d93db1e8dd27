/* SPDX-License-Identifier: Apache-2.0 */
/* What a terminal makes of a character: the classes that foreign text is judged by (spec/cli.md, "Foreign text"). */
#ifndef CTY_CLI_GLYPH_H
#define CTY_CLI_GLYPH_H

#include "base/bytes.h"

enum cty_glyph {
    CTY_GLYPH_PLAIN,  /* one column */
    CTY_GLYPH_WIDE,   /* two columns, or two on some terminals */
    CTY_GLYPH_MARK,   /* stands upon the character before */
    CTY_GLYPH_LEFT,   /* a letter that is written from right to left, and turns what stands beside it */
    CTY_GLYPH_BREAK,  /* tab, line feed, carriage return: ordinary, but not on a line */
    CTY_GLYPH_HIDDEN  /* control, direction, no width, no shape, a space of its own kind, an overlay */
};
enum cty_glyph cty_glyph_of(uint32_t point);

/* Reads one character of UTF-8; 0 bytes where there is none (RFC 3629, without surrogates and over-long forms). */
size_t cty_glyph_take(struct cty_bytes text, uint32_t *ret_point);

/* Marks that may stand upon one character; more would hang over the lines beside. */
#define CTY_GLYPH_MARKS_MAX 3
/* Spaces in a row that stay; more could paint a line of their own. */
#define CTY_GLYPH_SPACES_MAX 16

#endif
