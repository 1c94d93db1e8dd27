/* SPDX-License-Identifier: Apache-2.0 */
/* The watch without a screen: a line for each event, or with --json an object. */
#include <poll.h>

#include "base/check.h"
#include "cli/put.h"
#include "cli/text.h"
#include "cli/watch.h"

static custody_err put_quorum(struct cty_buf *out, const struct cty_case_line *line)
{
    for (uint32_t i = 0; i < line->quorum_count; i++) {
        CTY_TRY(cty_buf_putf(out, "  %llu of %llu for ", (unsigned long long)line->quorum[i].have,
                             (unsigned long long)line->quorum[i].needed));
        CTY_TRY(cty_text_show(cty_bytes_text(line->quorum[i].scope), out));
    }
    return CUSTODY_OK;
}

static custody_err put_line(struct cty_buf *out, const char *event, uint64_t now, const struct cty_case_line *line)
{
    char time[CTY_TIME_TEXT_SIZE], due[CTY_TIME_TEXT_SIZE];
    cty_time_show(now, time);
    cty_time_show(line->due, due);
    CTY_TRY(cty_buf_putf(out, "%s  %-7s  ", time, event));
    for (size_t i = 0; i < 8; i++)
        CTY_TRY(cty_buf_putf(out, "%02x", line->case_id.bytes[i]));
    CTY_TRY(cty_buf_put_text(out, "  "));
    CTY_TRY(cty_text_show(cty_bytes_text(line->requester), out));
    CTY_TRY(cty_buf_put_text(out, "  "));
    CTY_TRY(cty_text_show(cty_bytes_text(line->service), out));
    CTY_TRY(cty_buf_put_byte(out, ' '));
    CTY_TRY(cty_text_show(cty_bytes_text(line->action), out));
    CTY_TRY(cty_buf_putf(out, "  %s  ", cty_priority_names[line->priority]));
    CTY_TRY(cty_text_show(cty_bytes_text(line->state), out));
    CTY_TRY(cty_buf_putf(out, "  due %s", due));
    CTY_TRY(put_quorum(out, line));
    return cty_buf_put_byte(out, '\n');
}

static custody_err put_json(struct cty_buf *out, const char *event, uint64_t now, const struct cty_case_line *line)
{
    struct cty_jw jw;
    cty_jw_begin(&jw, out);
    cty_jw_object(&jw);
    if (line) {
        cty_jw_name(&jw, "case");
        cty_member_case_line(&jw, line);
    }
    cty_member_text(&jw, "event", event);
    cty_member_u64(&jw, "time", now);
    cty_jw_object_end(&jw);
    CTY_TRY(cty_jw_end(&jw));
    return cty_buf_put_byte(out, '\n');
}

static custody_err tell(struct cty_watch *w, const char *event, const struct cty_case_line *line)
{
    struct cty_buf *out = &w->cli->page;
    uint64_t now = cty_client_now(w->client);
    char time[CTY_TIME_TEXT_SIZE];
    cty_time_show(now, time);
    if (w->cli->json)
        CTY_TRY(put_json(out, event, now, line));
    else if (line)
        CTY_TRY(put_line(out, event, now, line));
    else
        CTY_TRY(cty_buf_putf(out, "%s  %-7s  the custodian\n", time, event));
    return cty_cli_flush(w->cli);
}

static bool same(const struct cty_case_line *a, const struct cty_case_line *b)
{
    bool equal = strcmp(a->state, b->state) == 0 && a->revision == b->revision && a->due == b->due &&
                 a->quorum_count == b->quorum_count && a->may_decide == b->may_decide &&
                 strcmp(a->holder, b->holder) == 0;
    for (uint32_t i = 0; equal && i < a->quorum_count; i++)
        equal = a->quorum[i].have == b->quorum[i].have && a->quorum[i].needed == b->quorum[i].needed;
    return equal;
}

/* What came, what changed, what went: decided, withdrawn, past its deadline, or no longer this person's. */
static custody_err tell_changes(struct cty_watch *w, const struct cty_case_lines *before)
{
    for (size_t i = 0; i < w->lines.count; i++) {
        const struct cty_case_line *line = &w->lines.lines[i];
        const struct cty_case_line *old = cty_case_lines_find(before, &line->case_id);
        if (!old || !same(old, line))
            CTY_TRY(tell(w, old ? "changed" : line->fresh ? "new" : "waits", line));
    }
    for (size_t i = 0; i < before->count; i++) {
        if (!cty_case_lines_find(&w->lines, &before->lines[i].case_id))
            CTY_TRY(tell(w, "gone", &before->lines[i]));
    }
    return CUSTODY_OK;
}

static custody_err step(struct cty_watch *w)
{
    CTY_CLEANUP(cty_case_lines_done) struct cty_case_lines before = {.lines = NULL};
    bool changed = false, was_lost = w->lost != 0;
    CTY_TRY(cty_watch_ask(w, false, &before, &changed));
    if (was_lost != (w->lost != 0))
        CTY_TRY(tell(w, was_lost ? "back" : "lost", NULL));
    return changed ? tell_changes(w, &before) : CUSTODY_OK;
}

custody_err cty_watch_text(struct cty_watch *w)
{
    custody_err err = step(w);
    while (err == CUSTODY_OK) {
        uint64_t pause = cty_watch_pause(w);
        if (poll(NULL, 0, (int)pause) != 0)
            continue;
        err = step(w);
    }
    return err;
}
