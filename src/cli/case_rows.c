/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/case_rows.h"

#include <stdlib.h>

#include "base/check.h"
#include "cli/handoffs.h"
#include "cli/put.h"

void cty_case_lines_done(struct cty_case_lines *lines)
{
    free(lines->lines);
    memset(lines, 0, sizeof(*lines));
}

/* --- copying --------------------------------------------------------------------------------------------- */

static void copy_text(char *out, size_t size, struct cty_bytes text)
{
    snprintf(out, size, "%.*s", (int)(text.size < size ? text.size : size - 1), (const char *)text.data);
}

static void fill_line(struct cty_case_line *line, const struct cty_case_row *from)
{
    const struct cty_case *c = from->record;
    copy_text(line->requester, sizeof(line->requester), c->requester);
    copy_text(line->holder, sizeof(line->holder), c->holder);
    copy_text(line->service, sizeof(line->service), c->service);
    copy_text(line->action, sizeof(line->action), c->action);
    copy_text(line->state, sizeof(line->state), from->row->state);
    line->case_id = from->row->case_id;
    line->priority = c->priority;
    line->opened = c->opened;
    line->revision = c->revision;
    line->due = from->row->due;
    line->expires = c->expires;
    line->may_decide = from->row->may_decide;
    line->questions = c->questions_count;
    line->consent = cty_consent_word(c);
    for (uint32_t i = 0; i < from->row->quorum_count && i < CTY_POLICIES_MAX; i++) {
        copy_text(line->quorum[i].scope, sizeof(line->quorum[i].scope), from->row->quorum[i].scope);
        line->quorum[i].have = from->row->quorum[i].have;
        line->quorum[i].needed = from->row->quorum[i].needed;
        line->quorum_count = i + 1;
    }
}

static custody_err each_case(void *context, const struct cty_case_row *from)
{
    struct cty_case_lines *lines = context;
    if (lines->count == lines->capacity) {
        size_t capacity = lines->capacity ? lines->capacity * 2 : 64;
        struct cty_case_line *grown = reallocarray(lines->lines, capacity, sizeof(*grown));
        if (!grown)
            return CUSTODY_E_NO_MEMORY;
        lines->lines = grown;
        lines->capacity = capacity;
    }
    struct cty_case_line *line = &lines->lines[lines->count++];
    memset(line, 0, sizeof(*line));
    fill_line(line, from);
    return CUSTODY_OK;
}

static int compare_lines(const void *a, const void *b)
{
    const struct cty_case_line *x = a;
    const struct cty_case_line *y = b;
    int by_agent = strcmp(x->requester, y->requester);
    if (by_agent != 0)
        return by_agent;
    if (x->priority != y->priority)
        return x->priority > y->priority ? -1 : 1;
    if (x->due != y->due)
        return x->due < y->due ? -1 : 1;
    return x->opened < y->opened ? -1 : x->opened > y->opened;
}

/* --- since when ------------------------------------------------------------------------------------------ */

custody_err cty_case_line_since(struct cty_client *client, struct cty_case_line *line, custody_error *error)
{
    struct cty_rpc_params params = {.session = {.present = false}};
    CTY_AUTO_FREE struct cty_answer *answer = cty_alloc(1, sizeof(*answer));
    CTY_AUTO_FREE struct cty_parsed_entry *parsed = cty_alloc(1, sizeof(*parsed));
    if (!answer || !parsed)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    params.u.entries.from = line->opened;
    params.u.entries.count = 1;
    custody_err err = cty_client_call(client, CTY_RPC_ENTRIES, &params, answer, error);
    const struct cty_json_node *list =
        err == CUSTODY_OK ? cty_rpc_list(&answer->message, &answer->answer, "entries") : NULL;
    const struct cty_json_node *first = list ? cty_json_first(&answer->message.json, list) : NULL;
    if (err == CUSTODY_OK && first && cty_entry_parse(first->text, parsed, NULL) == CUSTODY_OK)
        line->since = parsed->entry.time;
    cty_parsed_entry_done(parsed);
    cty_answer_done(answer);
    return err;
}

custody_err cty_case_lines_fetch(struct cty_client *client, const struct cty_case_filter *filter,
                                 struct cty_case_lines *ret_lines, custody_error *error)
{
    CTY_TRY(cty_client_cases(client, filter, each_case, ret_lines, error));
    if (ret_lines->count)
        qsort(ret_lines->lines, ret_lines->count, sizeof(ret_lines->lines[0]), compare_lines);
    ret_lines->now = cty_client_now(client);
    return CUSTODY_OK;
}

struct cty_case_line *cty_case_lines_find(const struct cty_case_lines *lines, const struct cty_hash *case_id)
{
    for (size_t i = 0; i < lines->count; i++) {
        if (cty_hash_equal(&lines->lines[i].case_id, case_id))
            return &lines->lines[i];
    }
    return NULL;
}

/* --- JSON ------------------------------------------------------------------------------------------------ */

static void member_quorum(struct cty_jw *jw, const struct cty_case_line *line)
{
    cty_jw_name(jw, "quorum");
    cty_jw_array(jw);
    for (uint32_t i = 0; i < line->quorum_count; i++) {
        cty_jw_object(jw);
        cty_member_u64(jw, "have", line->quorum[i].have);
        cty_member_u64(jw, "needed", line->quorum[i].needed);
        cty_member_text(jw, "scope", line->quorum[i].scope);
        cty_jw_object_end(jw);
    }
    cty_jw_array_end(jw);
}

void cty_member_case_line(struct cty_jw *jw, const struct cty_case_line *line)
{
    cty_jw_object(jw);
    cty_member_text(jw, "action", line->action);
    cty_member_hash(jw, "case", &line->case_id);
    if (line->consent)
        cty_member_text(jw, "consent", line->consent);
    cty_member_u64(jw, "due", line->due);
    cty_member_text(jw, "executor", line->holder);
    cty_member_u64(jw, "expires", line->expires);
    cty_member_bool(jw, "may_decide", line->may_decide);
    cty_member_text(jw, "priority", cty_priority_names[line->priority]);
    cty_member_u64(jw, "questions", line->questions);
    member_quorum(jw, line);
    cty_member_text(jw, "requester", line->requester);
    cty_member_u64(jw, "revision", line->revision);
    cty_member_text(jw, "service", line->service);
    cty_member_u64(jw, "since", line->since);
    cty_member_text(jw, "state", line->state);
    cty_jw_object_end(jw);
}
