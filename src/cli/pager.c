/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pager.h"

#include <stdlib.h>

#include "base/check.h"
#include "cli/wrap.h"

#define PAGER_BYTES_MAX ((size_t)256 * 1024 * 1024)

void cty_pager_done(struct cty_pager *p)
{
    cty_buf_done(&p->text);
    cty_buf_done(&p->wrapped);
    free(p->starts);
    memset(p, 0, sizeof(*p));
}

static custody_err find_lines(struct cty_pager *p)
{
    size_t count = 0;
    for (size_t i = 0; i < p->wrapped.size; i++)
        count += p->wrapped.data[i] == '\n';
    size_t *starts = reallocarray(p->starts, count + 2, sizeof(*starts));
    if (!starts)
        return CUSTODY_E_NO_MEMORY;
    p->starts = starts;
    p->count = 0;
    for (size_t i = 0; i < p->wrapped.size; i++) {
        if (i == 0 || p->wrapped.data[i - 1] == '\n')
            starts[p->count++] = i;
    }
    starts[p->count] = p->wrapped.size;
    return CUSTODY_OK;
}

/* Other columns, other lines: what was seen of the old ones says nothing of the new ones. */
static custody_err lay_out(struct cty_pager *p, size_t columns)
{
    p->columns = columns;
    p->seen = 0;
    p->wrapped.limit = PAGER_BYTES_MAX;
    cty_buf_clear(&p->wrapped);
    CTY_TRY(cty_wrap(cty_buf_bytes(&p->text), columns, &p->wrapped));
    return find_lines(p);
}

custody_err cty_pager_set(struct cty_pager *p, struct cty_bytes text)
{
    p->text.limit = PAGER_BYTES_MAX;
    cty_buf_clear(&p->text);
    p->columns = 0;
    return cty_buf_put_bytes(&p->text, text);
}

static struct cty_bytes line_at(const struct cty_pager *p, size_t i)
{
    size_t size = p->starts[i + 1] - p->starts[i];
    const uint8_t *data = p->wrapped.data + p->starts[i];
    return cty_bytes_make(data, size && data[size - 1] == '\n' ? size - 1 : size);
}

custody_err cty_pager_put(struct cty_pager *p, struct cty_frame *frame, size_t below)
{
    if (p->columns != frame->columns)
        CTY_TRY(lay_out(p, frame->columns));
    p->height = frame->rows > frame->row + below ? frame->rows - frame->row - below : 1;
    size_t last = p->count > p->height ? p->count - p->height : 0;
    p->top = p->top < last ? p->top : last;
    for (size_t i = p->top; i < p->count && i < p->top + p->height; i++)
        CTY_TRY(cty_frame_row(frame, line_at(p, i), false));
    if (p->top <= p->seen && p->top + p->height > p->seen)
        p->seen = p->top + p->height;
    return CUSTODY_OK;
}

static void back(struct cty_pager *p, size_t lines)
{
    p->top = p->top > lines ? p->top - lines : 0;
}

bool cty_pager_key(struct cty_pager *p, int key)
{
    size_t page = p->height > 2 ? p->height - 1 : 1;
    switch (key) {
    case CTY_KEY_UP:
    case 'k':
        back(p, 1);
        return true;
    case CTY_KEY_DOWN:
    case 'j':
        p->top++;
        return true;
    case CTY_KEY_PAGE_UP:
    case 'b':
        back(p, page);
        return true;
    case CTY_KEY_PAGE_DOWN:
    case ' ':
        p->top += page;
        return true;
    case CTY_KEY_HOME:
    case 'g':
        p->top = 0;
        return true;
    case CTY_KEY_END:
    case 'G':
        p->top = p->count;
        return true;
    default:
        return false;
    }
}

bool cty_pager_all_seen(const struct cty_pager *p)
{
    return p->columns && p->seen >= p->count;
}

size_t cty_pager_lines_below(const struct cty_pager *p)
{
    return p->count > p->top + p->height ? p->count - p->top - p->height : 0;
}
