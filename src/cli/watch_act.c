/* SPDX-License-Identifier: Apache-2.0 */
/* Signing from the screen: what is signed is rendered as `approve`, `reject` and `patch` do, and read to its end. */
#include "base/check.h"
#include "cli/edit.h"
#include "cli/text.h"
#include "cli/watch.h"

#define REASON_BYTES_MAX 1024u

/* --- a line of text -------------------------------------------------------------------------------------- */

static void drop_last(struct cty_buf *line)
{
    while (line->size && (line->data[line->size - 1] & 0xc0) == 0x80)
        line->size--;
    if (line->size)
        line->size--;
}

static custody_err draw_line(struct cty_watch *w, const char *question, const struct cty_buf *line)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf shown = CTY_BUF_INIT(CTY_PAGE_BYTES_MAX);
    cty_frame_begin(&w->frame);
    CTY_TRY(cty_watch_head(w, "reason"));
    CTY_TRY(cty_buf_putf(&shown, "%s ", question));
    CTY_TRY(cty_text_show(cty_buf_bytes(line), &shown));
    CTY_TRY(cty_buf_put_byte(&shown, '_'));
    CTY_TRY(cty_frame_row(&w->frame, cty_buf_bytes(&shown), false));
    return cty_watch_foot(w, "Enter go on  Backspace delete  Esc back");
}

/* Those who may read the case see it. `ret_given` is false where it was given up. */
static custody_err read_reason(struct cty_watch *w, struct cty_buf *line, bool *ret_given)
{
    *ret_given = false;
    for (;;) {
        CTY_TRY(draw_line(w, "Why? (may be empty)", line));
        int key = cty_screen_key(1000);
        if (key == CTY_KEY_GONE || key == CTY_KEY_ESCAPE)
            return CUSTODY_OK;
        *ret_given = key == CTY_KEY_ENTER;
        if (*ret_given)
            return CUSTODY_OK;
        if (key == CTY_KEY_BACKSPACE)
            drop_last(line);
        else if (key >= 0x20 && key < 0x100 && line->size < REASON_BYTES_MAX)
            CTY_TRY(cty_buf_put_byte(line, (uint8_t)key));
    }
}

/* NULL for an empty one. */
static const char *reason_of(struct cty_buf *line)
{
    return line->size ? cty_buf_text(line) : NULL;
}

/* --- the question ---------------------------------------------------------------------------------------- */

static custody_err draw_question(struct cty_watch *w, struct cty_pager *pager, const char *question)
{
    char keys[160];
    cty_frame_begin(&w->frame);
    CTY_TRY(cty_watch_head(w, "this is what you sign"));
    CTY_TRY(cty_pager_put(pager, &w->frame, 2));
    if (cty_pager_all_seen(pager))
        snprintf(keys, sizeof(keys), "%s  y sign  n back", question);
    else
        snprintf(keys, sizeof(keys), "%s  more below (%zu): Space reads on  n back", question,
                 cty_pager_lines_below(pager));
    return cty_watch_foot(w, keys);
}

/* Yes counts once the whole text was on the screen, and never where it was pressed before. */
static custody_err asked(struct cty_watch *w, struct cty_bytes text, const char *question, bool *ret_yes)
{
    struct cty_pager pager = {.count = 0};
    custody_err err = cty_pager_set(&pager, text);
    *ret_yes = false;
    w->message[0] = 0;
    if (err == CUSTODY_OK)
        err = draw_question(w, &pager, question);
    cty_screen_forget();
    while (err == CUSTODY_OK && !*ret_yes) {
        err = draw_question(w, &pager, question);
        int key = err == CUSTODY_OK ? cty_screen_key(1000) : CTY_KEY_GONE;
        if (key == CTY_KEY_GONE || key == 'n' || key == 'N' || key == 'q' || key == CTY_KEY_ESCAPE)
            break;
        *ret_yes = key == 'y' && cty_pager_all_seen(&pager);
        if (key == 'y' && !*ret_yes)
            cty_watch_say(w, "read it to its end first: Space");
        if (cty_pager_key(&pager, key))
            w->message[0] = 0;
    }
    cty_pager_done(&pager);
    if (!*ret_yes)
        cty_watch_say(w, "nothing was signed");
    return err;
}

static custody_err tell_busy(struct cty_watch *w, const char *what)
{
    cty_frame_begin(&w->frame);
    CTY_TRY(cty_watch_head(w, what));
    w->message[0] = 0;
    cty_watch_insist(w);
    return cty_watch_foot(w, "Ctrl-C quit");
}

/* A failure is said, and the watch goes on, where it can. */
static custody_err settle(struct cty_watch *w, const char *what, custody_err err)
{
    if (!cty_watch_goes_on(err))
        return err;
    cty_watch_say_error(w, what, err);
    return CUSTODY_OK;
}

/* --- a decision ------------------------------------------------------------------------------------------ */

static custody_err decide(struct cty_watch *w, struct cty_deciding *d, const struct cty_hash *case_id,
                          struct cty_buf *line)
{
    bool yes = false;
    CTY_TRY(read_reason(w, line, &yes));
    if (!yes) {
        cty_watch_say(w, "nothing was signed");
        return CUSTODY_OK;
    }
    d->reason = reason_of(line);
    CTY_TRY(tell_busy(w, "fetching and verifying"));
    CTY_TRY(cty_deciding_begin(d, w->cli, w->client, case_id));
    CTY_TRY(asked(w, cty_buf_bytes(&d->shown), d->choice == CTY_APPROVE ? "Approve this?" : "Reject this?", &yes));
    if (!yes)
        return CUSTODY_OK;
    CTY_TRY(tell_busy(w, "signing"));
    CTY_TRY(cty_deciding_sign(d));
    cty_watch_say(w, "%s, entry %llu: %s", d->choice == CTY_APPROVE ? "approved" : "rejected",
                  (unsigned long long)d->submitted.own.index,
                  d->choice == CTY_REJECT      ? "REJECTED"
                  : cty_deciding_released(d) ? "RELEASED"
                                             : "HELD, more approvals are needed");
    return CUSTODY_OK;
}

custody_err cty_watch_decide(struct cty_watch *w, const struct cty_hash *case_id, enum cty_choice choice)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf line = CTY_BUF_INIT(REASON_BYTES_MAX + 1);
    CTY_AUTO_FREE struct cty_deciding *d = cty_alloc(1, sizeof(*d));
    if (!d)
        return cty_fail_code(&w->cli->error, CUSTODY_E_NO_MEMORY);
    d->choice = choice;
    custody_err err = decide(w, d, case_id, &line);
    cty_deciding_done(d);
    return settle(w, choice == CTY_APPROVE ? "not approved" : "not rejected", err);
}

/* --- a patch --------------------------------------------------------------------------------------------- */

/* The editor has the terminal as it was; what it says of its errors is gone with the next frame, so they are said. */
static custody_err edit(struct cty_watch *w, struct cty_patching *p)
{
    cty_screen_leave();
    custody_err err = cty_edit_by_editor(w->cli, p->payload, &p->operations, &p->result);
    cty_screen_enter();
    return err;
}

static custody_err patch(struct cty_watch *w, struct cty_patching *p, const struct cty_hash *case_id,
                         struct cty_buf *line)
{
    bool yes = false;
    CTY_TRY(tell_busy(w, "fetching and verifying"));
    CTY_TRY(cty_patching_begin(p, w->cli, w->client, case_id));
    CTY_TRY(edit(w, p));
    CTY_TRY(read_reason(w, line, &yes));
    if (!yes) {
        cty_watch_say(w, "nothing was signed");
        return CUSTODY_OK;
    }
    p->reason = reason_of(line);
    CTY_TRY(cty_patching_render(p));
    CTY_TRY(asked(w, cty_buf_bytes(&p->shown), "Patch it like this?", &yes));
    if (!yes)
        return CUSTODY_OK;
    CTY_TRY(tell_busy(w, "signing"));
    CTY_TRY(cty_patching_sign(p));
    cty_watch_say(w, "patched, entry %llu: approvals begin again", (unsigned long long)p->submitted.own.index);
    return CUSTODY_OK;
}

custody_err cty_watch_patch(struct cty_watch *w, const struct cty_hash *case_id)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf line = CTY_BUF_INIT(REASON_BYTES_MAX + 1);
    CTY_AUTO_FREE struct cty_patching *p = cty_alloc(1, sizeof(*p));
    if (!p)
        return cty_fail_code(&w->cli->error, CUSTODY_E_NO_MEMORY);
    custody_err err = patch(w, p, case_id, &line);
    cty_patching_done(p);
    return settle(w, "not patched", err);
}
