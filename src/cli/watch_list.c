/* SPDX-License-Identifier: Apache-2.0 */
#include "base/check.h"
#include "cli/text.h"
#include "cli/watch.h"

/* On a narrower screen names get what is left, and neither priority nor age is shown: opened, the case tells them. */
#define WIDE_COLUMNS 92u
#define NAME_COLUMNS 20u
#define NARROW_FIXED 34u
#define NAME_COLUMNS_MIN 8u

static bool is_wide(const struct cty_watch *w)
{
    return w->frame.columns >= WIDE_COLUMNS;
}

static size_t name_columns(const struct cty_watch *w)
{
    if (is_wide(w))
        return NAME_COLUMNS;
    size_t left = w->frame.columns > NARROW_FIXED ? w->frame.columns - NARROW_FIXED : 0;
    return left / 2 < NAME_COLUMNS_MIN ? NAME_COLUMNS_MIN : left / 2 < NAME_COLUMNS ? left / 2 : NAME_COLUMNS;
}

/* --- rows ------------------------------------------------------------------------------------------------ */

/* At most `columns` of a name; what is cut ends with "~". Names are ASCII by their grammar, or written out. */
static custody_err put_name(struct cty_buf *out, const char *name, size_t columns)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf shown = CTY_BUF_INIT(CTY_PAGE_BYTES_MAX);
    CTY_TRY(cty_text_show(cty_bytes_text(name), &shown));
    bool cut = shown.size > columns;
    return cty_buf_putf(out, "%-*.*s%s", (int)(cut ? columns - 1 : columns), (int)(cut ? columns - 1 : columns),
                        cty_buf_text(&shown), cut ? "~ " : " ");
}

static void put_age(const struct cty_watch *w, const struct cty_case_line *line, char ret_text[CTY_TIME_TEXT_SIZE])
{
    uint64_t now = cty_client_now(w->client);
    snprintf(ret_text, CTY_TIME_TEXT_SIZE, "?");
    if (line->since)
        cty_period_show(now > line->since ? now - line->since : 0, ret_text);
}

static void put_left(const struct cty_watch *w, const struct cty_case_line *line, char ret_text[CTY_TIME_TEXT_SIZE])
{
    uint64_t now = cty_client_now(w->client);
    snprintf(ret_text, CTY_TIME_TEXT_SIZE, line->due ? "overdue" : "-");
    if (line->due >= now && line->due)
        cty_period_show(line->due - now, ret_text);
}

/* "1/2", and for a second clause "1/2+0/1". */
static void put_quorum(const struct cty_case_line *line, char *out, size_t size)
{
    size_t used = 0;
    snprintf(out, size, "-");
    for (uint32_t i = 0; i < line->quorum_count && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%llu/%llu", i ? "+" : "",
                                 (unsigned long long)line->quorum[i].have, (unsigned long long)line->quorum[i].needed);
}

static const char *state_of(const struct cty_case_line *line)
{
    if (strcmp(line->state, "HELD") != 0)
        return line->state;
    return line->may_decide ? "yours" : "others'";
}

static custody_err put_line(struct cty_watch *w, const struct cty_case_line *line, bool selected)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(CTY_PAGE_BYTES_MAX);
    char age[CTY_TIME_TEXT_SIZE], left[CTY_TIME_TEXT_SIZE], quorum[64], what[2 * CTY_ROW_NAME_SIZE];
    put_age(w, line, age);
    put_left(w, line, left);
    put_quorum(line, quorum, sizeof(quorum));
    snprintf(what, sizeof(what), "%s/%s", line->service, line->action);
    CTY_TRY(cty_buf_putf(&text, "%c%c", selected ? '>' : ' ', line->fresh ? '*' : ' '));
    for (size_t i = 0; i < 4; i++)
        CTY_TRY(cty_buf_putf(&text, "%02x", line->case_id.bytes[i]));
    CTY_TRY(cty_buf_put_byte(&text, ' '));
    CTY_TRY(put_name(&text, line->requester, name_columns(w)));
    CTY_TRY(put_name(&text, what, name_columns(w)));
    if (is_wide(w))
        CTY_TRY(cty_buf_putf(&text, "%-8s %-7s ", cty_priority_names[line->priority], age));
    CTY_TRY(cty_buf_putf(&text, "%-7s %-6s ", left, quorum));
    CTY_TRY(cty_text_show(cty_bytes_text(state_of(line)), &text));
    while (selected && text.size < w->frame.columns)
        CTY_TRY(cty_buf_put_byte(&text, ' '));
    return cty_frame_row(&w->frame, cty_buf_bytes(&text), selected);
}

/* --- the bar --------------------------------------------------------------------------------------------- */

/* The line under the bar: the case that was selected, wherever it has moved; the first where it has gone. */
static size_t selected_line(const struct cty_watch *w)
{
    const struct cty_case_line *line = cty_case_lines_find(&w->lines, &w->selected);
    return line ? (size_t)(line - w->lines.lines) : 0;
}

static void select_line(struct cty_watch *w, size_t at)
{
    if (w->lines.count == 0)
        return;
    w->selected = w->lines.lines[at < w->lines.count ? at : w->lines.count - 1].case_id;
}

static custody_err put_titles(struct cty_watch *w)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(CTY_PAGE_BYTES_MAX);
    int columns = (int)name_columns(w);
    CTY_TRY(cty_buf_putf(&text, "  %-8s %-*s %-*.*s ", "CASE", columns, "ASKED BY", columns, columns, "SERVICE/ACTION"));
    CTY_TRY(cty_buf_put_text(&text, is_wide(w) ? "PRIORITY SINCE   " : ""));
    CTY_TRY(cty_buf_put_text(&text, "DUE IN  QUORUM STATE"));
    return cty_frame_row(&w->frame, cty_buf_bytes(&text), false);
}

static custody_err draw(struct cty_watch *w)
{
    char what[64];
    cty_frame_begin(&w->frame);
    snprintf(what, sizeof(what), "%zu %s", w->lines.count, w->all ? "open" : "to decide");
    CTY_TRY(cty_watch_head(w, w->listed ? what : "asking"));
    CTY_TRY(put_titles(w));
    size_t height = w->frame.rows > 4 ? w->frame.rows - 4 : 1;
    size_t at = selected_line(w);
    w->top = at < w->top ? at : at >= w->top + height ? at - height + 1 : w->top;
    for (size_t i = w->top; i < w->lines.count && i < w->top + height; i++)
        CTY_TRY(put_line(w, &w->lines.lines[i], i == at));
    if (w->listed && w->lines.count == 0)
        CTY_TRY(cty_frame_row(&w->frame, CTY_LITERAL("  nothing waits for you"), false));
    return cty_watch_foot(w, is_wide(w) ? "Enter open  a approve  r reject  p patch  j/k move  ? keys  q quit"
                                        : "Enter open  a approve  r reject  ? keys  q quit");
}

/* --- keys ------------------------------------------------------------------------------------------------ */

static size_t moved(const struct cty_watch *w, int key, size_t at)
{
    size_t page = w->frame.rows > 6 ? w->frame.rows - 5 : 1;
    if (key == CTY_KEY_UP || key == 'k')
        return at ? at - 1 : 0;
    if (key == CTY_KEY_PAGE_UP || key == 'b')
        return at > page ? at - page : 0;
    if (key == CTY_KEY_DOWN || key == 'j')
        return at + 1;
    if (key == CTY_KEY_PAGE_DOWN || key == ' ')
        return at + page;
    if (key == CTY_KEY_HOME || key == 'g')
        return 0;
    return key == CTY_KEY_END || key == 'G' ? SIZE_MAX : at;
}

/* Something was done, or tried: what it changed should be seen at once. */
static custody_err refresh(struct cty_watch *w)
{
    bool changed = false;
    return cty_watch_ask(w, true, NULL, &changed);
}

static custody_err act(struct cty_watch *w, int key)
{
    if (w->lines.count == 0)
        return CUSTODY_OK;
    struct cty_case_line *line = &w->lines.lines[selected_line(w)];
    struct cty_hash case_id = line->case_id;
    line->fresh = false;
    w->selected = case_id;
    if (key == CTY_KEY_ENTER)
        CTY_TRY(cty_watch_case(w, &case_id));
    else if (key == 'p')
        CTY_TRY(cty_watch_patch(w, &case_id));
    else
        CTY_TRY(cty_watch_decide(w, &case_id, key == 'a' ? CTY_APPROVE : CTY_REJECT));
    return cty_screen_ended() ? CUSTODY_OK : refresh(w);
}

static custody_err on_key(struct cty_watch *w, int key)
{
    if (key == CTY_KEY_ENTER || key == 'a' || key == 'r' || key == 'p')
        return act(w, key);
    if (key == '?')
        return cty_watch_keys(w);
    if (key == 12) { /* Ctrl-L */
        w->message[0] = 0;
        return refresh(w);
    }
    if (key != CTY_KEY_NONE)
        select_line(w, moved(w, key, selected_line(w)));
    return CUSTODY_OK;
}

custody_err cty_watch_list(struct cty_watch *w)
{
    int key = CTY_KEY_NONE;
    CTY_TRY(draw(w));
    for (;;) {
        CTY_TRY(cty_watch_ask(w, false, NULL, NULL));
        select_line(w, selected_line(w));
        CTY_TRY(draw(w));
        key = cty_screen_key(cty_watch_pause(w));
        if (key == CTY_KEY_GONE || key == 'q' || key == CTY_KEY_ESCAPE)
            return CUSTODY_OK;
        CTY_TRY(on_key(w, key));
    }
}

custody_err cty_watch_keys(struct cty_watch *w)
{
    static const char *const lines[] = {
        "In the list", "  Up Down j k, PgUp PgDn, g G    move the bar", "  Enter    open the case: everything, verified",
        "  a        approve: shows what you would sign, asks", "  r        reject: the same",
        "  p        patch the payload in VISUAL or EDITOR: the same",
        "  Ctrl-L   ask the custodian again, and draw anew", "  q Esc    back; from the list: quit", "",
        "In a case", "  Up Down j k, PgUp PgDn Space, g G    read", "  a r p q Esc    as above", "",
        "* came in since you watch. yours: you may decide it.",
        "QUORUM 0/2: of two approvals that are needed none is there;", "  1/2+0/1: two policies ask, each for its own.",
        "The list is the custodian's word. What you open or sign is", "  verified by your trust file first."};
    int key = CTY_KEY_NONE;
    while (key == CTY_KEY_NONE) {
        cty_frame_begin(&w->frame);
        CTY_TRY(cty_watch_head(w, "keys"));
        for (size_t i = 0; i < CTY_COUNT_OF(lines); i++)
            CTY_TRY(cty_frame_row(&w->frame, cty_bytes_text(lines[i]), false));
        CTY_TRY(cty_watch_foot(w, "any key: back"));
        key = cty_screen_key(1000);
    }
    return CUSTODY_OK;
}
