/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of a rendering on a terminal: broken by us, so that a terminal's own break can't let foreign text look like ours. */
#ifndef CTY_CLI_WRAP_H
#define CTY_CLI_WRAP_H

#include <stdio.h>

#include "base/bytes.h"

/* Before every continued line; no line of a rendering begins like this. */
#define CTY_WRAP_MARK "| "
#define CTY_WRAP_WIDTH_MIN 20u

/*
 * Appends the text, whose foreign parts are escaped, with lines of at most `width` columns (CTY_WRAP_WIDTH_MIN at least),
 * between words where that leaves no more than a third of a line empty.
 * A width of 0 leaves all as it is; otherwise characters that the terminal doesn't take, by LC_ALL, LC_CTYPE and LANG, are
 * written out.
 */
CUSTODY_MUST_USE custody_err cty_wrap(struct cty_bytes text, size_t width, struct cty_buf *out);
/* The columns that the text takes, without its breaks of lines. */
size_t cty_wrap_columns(struct cty_bytes text);
/* The columns of the terminal that the file is; 0 where it is none. */
size_t cty_wrap_width(FILE *file);

#endif
