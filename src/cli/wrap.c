/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/wrap.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/check.h"
#include "cli/glyph.h"

#define WIDTH_UNKNOWN 80u

/* One character and the columns that it takes; a byte that is none takes one. */
static size_t take(struct cty_bytes text, size_t *ret_columns)
{
    uint32_t point = 0;
    size_t size = cty_glyph_take(text, &point);
    enum cty_glyph glyph = size ? cty_glyph_of(point) : CTY_GLYPH_PLAIN;
    *ret_columns = glyph == CTY_GLYPH_WIDE ? 2 : glyph == CTY_GLYPH_MARK ? 0 : 1;
    return size ? size : 1;
}

size_t cty_wrap_columns(struct cty_bytes text)
{
    size_t all = 0, columns = 0;
    for (size_t at = 0; at < text.size;) {
        at += take(cty_bytes_make(text.data + at, text.size - at), &columns);
        all += columns;
    }
    return all;
}

/* What the environment says of the terminal, as setlocale(3) reads it; silence is no reason to garble text. */
static bool takes_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < CTY_COUNT_OF(names); i++) {
        const char *value = getenv(names[i]);
        if (value && *value)
            return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
    }
    return true;
}

/* On another terminal bytes above 0x7f may be control characters of their own. */
static custody_err put_ascii(struct cty_bytes one, size_t *ret_columns, struct cty_buf *out)
{
    uint32_t point = 0;
    size_t before = out->size;
    (void)cty_glyph_take(one, &point);
    CTY_TRY(cty_buf_putf(out, "\\u{%x}", point));
    *ret_columns = out->size - before;
    return CUSTODY_OK;
}

/* As it is to be printed: whole, or in ASCII. */
static custody_err put_one(struct cty_bytes one, bool utf8, size_t *columns, struct cty_buf *out)
{
    return utf8 || one.data[0] < 0x80 ? cty_buf_put_bytes(out, one) : put_ascii(one, columns, out);
}

/* The line in the making: what stands behind its last space may go to the next one. */
struct line {
    struct cty_buf *out;
    struct cty_buf word;
    size_t width;
    size_t used;         /* columns, with the word's */
    size_t word_columns;
    bool has_space;
};

static custody_err end_word(struct line *line)
{
    custody_err err = cty_buf_put_bytes(line->out, cty_buf_bytes(&line->word));
    cty_buf_clear(&line->word);
    line->word_columns = 0;
    return err;
}

/* Before what no longer fits: with the word that it is in, where that leaves no more than a third of the line empty. */
static custody_err break_line(struct line *line, bool in_word)
{
    if (!in_word || !line->has_space || line->word_columns > line->width / 3)
        CTY_TRY(end_word(line));
    line->used = sizeof(CTY_WRAP_MARK) - 1 + line->word_columns;
    line->has_space = false;
    return cty_buf_put_text(line->out, "\n" CTY_WRAP_MARK);
}

static custody_err put_in_line(struct line *line, struct cty_bytes one, size_t columns)
{
    bool ends = cty_bytes_is(one, "\n"), space = cty_bytes_is(one, " ");
    if (!ends && line->used + columns > line->width)
        CTY_TRY(break_line(line, !space));
    CTY_TRY(cty_buf_put_bytes(&line->word, one));
    line->used = ends ? 0 : line->used + columns;
    line->word_columns += columns;
    if (!ends && !space)
        return CUSTODY_OK;
    line->has_space = !ends;
    return end_word(line);
}

static custody_err wrap(struct cty_bytes text, struct line *line)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf one = CTY_BUF_INIT(64);
    size_t size = 0, columns = 0;
    bool utf8 = takes_utf8();
    for (size_t at = 0; at < text.size; at += size) {
        size = take(cty_bytes_make(text.data + at, text.size - at), &columns);
        cty_buf_clear(&one);
        CTY_TRY(put_one(cty_bytes_make(text.data + at, size), utf8, &columns, &one));
        CTY_TRY(put_in_line(line, cty_buf_bytes(&one), columns));
    }
    return end_word(line);
}

custody_err cty_wrap(struct cty_bytes text, size_t width, struct cty_buf *out)
{
    if (width == 0)
        return cty_buf_put_bytes(out, text);
    struct line line = {.out = out, .word = CTY_BUF_INIT(SIZE_MAX / 2),
                        .width = width < CTY_WRAP_WIDTH_MIN ? CTY_WRAP_WIDTH_MIN : width};
    custody_err err = wrap(text, &line);
    cty_buf_done(&line.word);
    return err;
}

size_t cty_wrap_width(FILE *file)
{
    struct winsize size;
    int fd = fileno(file);
    if (fd < 0 || !isatty(fd))
        return 0;
    return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : WIDTH_UNKNOWN;
}
