/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/watch.h"

#include <stdarg.h>

#include "base/check.h"
#include "cli/common.h"
#include "cli/text.h"

/* How often the ledger's size is asked for, and the list at least: deadlines pass without an entry. */
#define ASK_MS 1000u
#define LIST_MS 15000u
/* After a call that failed; and how long one call may keep the screen from its keys. */
#define LOST_PAUSE_MS 2000u
#define HURRY_MS 1500u
/* Lines for which "since" is asked in one go: the rest follows with the next lists. */
#define SINCE_MAX 64

custody_err cty_watch_open(struct cty_watch *w, struct cty_cli *cli)
{
    w->cli = cli;
    w->all = cty_args_flag(&cli->args, "all");
    return cty_cli_client(cli, CTY_AS_KEY, &w->client);
}

void cty_watch_done(struct cty_watch *w)
{
    cty_case_lines_done(&w->lines);
    cty_buf_done(&w->frame.bytes);
}

/* --- messages -------------------------------------------------------------------------------------------- */

void cty_watch_say(struct cty_watch *w, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(w->message, sizeof(w->message), format, args);
    va_end(args);
}

void cty_watch_say_error(struct cty_watch *w, const char *what, custody_err err)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf words = CTY_BUF_INIT(CTY_PAGE_BYTES_MAX);
    const custody_error *error = &w->cli->error;
    bool told = cty_error_words(err, error->code == err ? error->detail : "", &words) == CUSTODY_OK;
    cty_watch_say(w, "%s: %s", what, told ? cty_buf_text(&words) : custody_err_name(err));
}

static bool is_away(custody_err err)
{
    return err == CUSTODY_E_UNREACHABLE || err == CUSTODY_E_TIMEOUT || err == CUSTODY_E_BUSY;
}

/* What shows that a custodian or a file lies is not passed over; nor what no other try will mend. */
bool cty_watch_goes_on(custody_err err)
{
    return err != CUSTODY_OK && err != CUSTODY_E_CANCELLED_WAIT && err != CUSTODY_E_NO_MEMORY &&
           err != CUSTODY_E_WENT_BACK && err != CUSTODY_E_SPLIT_VIEW && err != CUSTODY_E_INTERNAL;
}

/* --- asking ---------------------------------------------------------------------------------------------- */

void cty_watch_hurry(struct cty_watch *w)
{
    cty_client_set_patience(w->client, HURRY_MS);
}

void cty_watch_insist(struct cty_watch *w)
{
    cty_client_set_patience(w->client, CTY_CLIENT_PATIENCE_MS_DEFAULT);
}

/* What is known of a case stays known. What was not there before is new, but for the first list. */
static void carry_over(struct cty_watch *w, struct cty_case_lines *lines)
{
    for (size_t i = 0; i < lines->count; i++) {
        const struct cty_case_line *known = cty_case_lines_find(&w->lines, &lines->lines[i].case_id);
        lines->lines[i].since = known ? known->since : 0;
        lines->lines[i].fresh = known ? known->fresh : w->listed;
    }
}

static custody_err fill_since(struct cty_watch *w, struct cty_case_lines *lines)
{
    size_t asked = 0;
    for (size_t i = 0; i < lines->count && asked < SINCE_MAX; i++) {
        if (lines->lines[i].since == 0) {
            CTY_TRY(cty_case_line_since(w->client, &lines->lines[i], &w->cli->error));
            asked++;
        }
    }
    return CUSTODY_OK;
}

static custody_err fetch(struct cty_watch *w, struct cty_case_lines *ret_lines)
{
    static const char *const states[] = {"HELD", "RELEASED", "CONSUMED"};
    struct cty_case_filter filter = {.states = states, .states_count = 1, .mine = CTY_MINE_DECIDE};
    if (w->all) {
        filter.mine = CTY_MINE_ANY;
        filter.states_count = CTY_COUNT_OF(states);
    }
    CTY_TRY(cty_case_lines_fetch(w->client, &filter, ret_lines, &w->cli->error));
    carry_over(w, ret_lines);
    return fill_since(w, ret_lines);
}

static custody_err ask(struct cty_watch *w, bool now_please, struct cty_case_lines *ret_before, bool *ret_changed)
{
    CTY_CLEANUP(cty_case_lines_done) struct cty_case_lines lines = {.lines = NULL};
    struct cty_checkpoint checkpoint;
    CTY_TRY(cty_client_checkpoint(w->client, true, &checkpoint, NULL, &w->cli->error));
    uint64_t now = cty_client_now(w->client);
    if (w->listed && !now_please && checkpoint.size == w->size && now < w->fetched + LIST_MS)
        return CUSTODY_OK;
    CTY_TRY(fetch(w, &lines));
    struct cty_case_lines before = w->lines;
    w->lines = lines;
    lines = before;
    if (ret_before) {
        *ret_before = lines;
        memset(&lines, 0, sizeof(lines));
    }
    w->listed = true;
    w->size = checkpoint.size;
    w->fetched = now;
    *ret_changed = true;
    return CUSTODY_OK;
}

custody_err cty_watch_ask(struct cty_watch *w, bool now_please, struct cty_case_lines *ret_before, bool *ret_changed)
{
    bool changed = false;
    if (!now_please && cty_watch_pause(w))
        return CUSTODY_OK;
    cty_watch_hurry(w);
    custody_err err = ask(w, now_please, ret_before, &changed);
    w->tried = cty_client_now(w->client);
    if (ret_changed)
        *ret_changed = changed;
    if (is_away(err)) {
        w->lost = w->lost ? w->lost : w->tried;
        return CUSTODY_OK;
    }
    if (err == CUSTODY_OK)
        w->lost = 0;
    return err;
}

uint64_t cty_watch_pause(const struct cty_watch *w)
{
    uint64_t now = cty_client_now(w->client);
    uint64_t next = w->tried + (w->lost ? LOST_PAUSE_MS : ASK_MS);
    return w->tried == 0 || now >= next ? 0 : next - now;
}

/* --- what every screen has ------------------------------------------------------------------------------- */

static custody_err put_when_lost(struct cty_watch *w, struct cty_buf *out)
{
    char period[CTY_TIME_TEXT_SIZE];
    if (w->lost == 0)
        return CUSTODY_OK;
    cty_period_show(cty_client_now(w->client) - w->lost, period);
    return cty_buf_putf(out, "  CUSTODIAN NOT REACHED for %s, trying again", period);
}

custody_err cty_watch_head(struct cty_watch *w, const char *what)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(CTY_PAGE_BYTES_MAX);
    char time[CTY_TIME_TEXT_SIZE];
    cty_time_show(cty_client_now(w->client), time);
    CTY_TRY(cty_buf_putf(&text, "custody watch  %s", what));
    CTY_TRY(put_when_lost(w, &text)); /* before what a narrow screen cuts */
    CTY_TRY(cty_buf_putf(&text, "  %.8sZ  ", strlen(time) > 19 ? time + 11 : time));
    CTY_TRY(cty_text_show(cty_secret_name(cty_client_secret(w->client)), &text));
    CTY_TRY(cty_buf_put_text(&text, " at "));
    CTY_TRY(cty_text_show(w->cli->trust.origin, &text));
    while (text.size < w->frame.columns)
        CTY_TRY(cty_buf_put_byte(&text, ' '));
    return cty_frame_row(&w->frame, cty_buf_bytes(&text), true);
}

custody_err cty_watch_foot(struct cty_watch *w, const char *keys)
{
    size_t first = w->frame.rows > 2 ? w->frame.rows - 2 : 0;
    while (w->frame.row < first)
        CTY_TRY(cty_frame_row(&w->frame, CTY_LITERAL(""), false));
    cty_frame_go(&w->frame, first);
    CTY_TRY(cty_frame_row(&w->frame, cty_bytes_text(w->message), false));
    CTY_TRY(cty_frame_row(&w->frame, cty_bytes_text(keys), true));
    return cty_frame_draw(&w->frame, &w->cli->error);
}
