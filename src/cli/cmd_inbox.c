/* SPDX-License-Identifier: Apache-2.0 */
/* custody inbox, custody list: cases as the custodian lists them. */
#include <stdlib.h>

#include "base/check.h"
#include "cli/case.h"
#include "cli/put.h"
#include "cli/text.h"
#include "client/read.h"

#define NAME_SIZE (CTY_WORD_BYTES_MAX + 1)

/* A row, copied out of the answer that it came in. */
struct row {
    char requester[NAME_SIZE], holder[NAME_SIZE], service[NAME_SIZE], action[NAME_SIZE];
    char state[32];
    struct cty_hash case_id;
    int priority;
    uint64_t opened, revision, since, due, expires;
    bool may_decide;
    struct {
        char scope[NAME_SIZE];
        uint64_t have, needed;
    } quorum[CTY_POLICIES_MAX];
    uint32_t quorum_count;
};

struct rows {
    struct row *rows; /* owned */
    size_t count, capacity;
    uint64_t now;
};

static void rows_done(struct rows *rows)
{
    free(rows->rows);
}

static void copy_text(char *out, size_t size, struct cty_bytes text)
{
    snprintf(out, size, "%.*s", (int)(text.size < size ? text.size : size - 1), (const char *)text.data);
}

/* When it began to wait: the verdict set the deadline from then, as the request's own expiry may have cut it. */
static void fill_row(struct row *row, const struct cty_case_row *from)
{
    const struct cty_case *c = from->record;
    copy_text(row->requester, sizeof(row->requester), c->requester);
    copy_text(row->holder, sizeof(row->holder), c->holder);
    copy_text(row->service, sizeof(row->service), c->service);
    copy_text(row->action, sizeof(row->action), c->action);
    copy_text(row->state, sizeof(row->state), from->row->state);
    row->case_id = from->row->case_id;
    row->priority = c->priority;
    row->opened = c->opened;
    row->revision = c->revision;
    row->due = from->row->due;
    row->expires = c->expires;
    row->may_decide = from->row->may_decide;
    row->quorum_count = from->row->quorum_count;
    for (uint32_t i = 0; i < row->quorum_count && i < CTY_POLICIES_MAX; i++) {
        copy_text(row->quorum[i].scope, sizeof(row->quorum[i].scope), from->row->quorum[i].scope);
        row->quorum[i].have = from->row->quorum[i].have;
        row->quorum[i].needed = from->row->quorum[i].needed;
    }
}

static custody_err each_case(void *context, const struct cty_case_row *from)
{
    struct rows *rows = context;
    if (rows->count == rows->capacity) {
        size_t capacity = rows->capacity ? rows->capacity * 2 : 64;
        struct row *grown = reallocarray(rows->rows, capacity, sizeof(*grown));
        if (!grown)
            return CUSTODY_E_NO_MEMORY;
        rows->rows = grown;
        rows->capacity = capacity;
    }
    struct row *row = &rows->rows[rows->count++];
    memset(row, 0, sizeof(*row));
    fill_row(row, from);
    return CUSTODY_OK;
}

/* By agent, then the highest priority, then what ends first. */
static int compare_rows(const void *a, const void *b)
{
    const struct row *x = a;
    const struct row *y = b;
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

/* The time of the entry that opened the case: fetched one by one, as lists don't carry it. */
static custody_err read_since(struct cty_cli *cli, struct cty_client *client, struct row *row)
{
    struct cty_rpc_params params = {.session = {.present = false}};
    CTY_AUTO_FREE struct cty_answer *answer = cty_alloc(1, sizeof(*answer));
    CTY_AUTO_FREE struct cty_parsed_entry *parsed = cty_alloc(1, sizeof(*parsed));
    if (!answer || !parsed)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    params.u.entries.from = row->opened;
    params.u.entries.count = 1;
    custody_err err = cty_client_call(client, CTY_RPC_ENTRIES, &params, answer, &cli->error);
    const struct cty_json_node *list =
        err == CUSTODY_OK ? cty_rpc_list(&answer->message, &answer->answer, "entries") : NULL;
    const struct cty_json_node *first = list ? cty_json_first(&answer->message.json, list) : NULL;
    if (err == CUSTODY_OK && first && cty_entry_parse(first->text, parsed, NULL) == CUSTODY_OK)
        row->since = parsed->entry.time;
    cty_parsed_entry_done(parsed);
    cty_answer_done(answer);
    return err;
}

/* --- printing -------------------------------------------------------------------------------------------- */

static custody_err put_when(struct cty_buf *out, const struct rows *rows, const struct row *row)
{
    char text[CTY_TIME_TEXT_SIZE];
    if (row->since) {
        cty_period_show(rows->now > row->since ? rows->now - row->since : 0, text);
        CTY_TRY(cty_buf_putf(out, "  waits for %s", text));
    }
    if (row->due == 0)
        return CUSTODY_OK;
    cty_period_show(row->due > rows->now ? row->due - rows->now : 0, text);
    return row->due >= rows->now ? cty_buf_putf(out, "  %s left", text) : cty_buf_put_text(out, "  overdue");
}

static custody_err put_row(struct cty_buf *out, const struct rows *rows, const struct row *row, bool state)
{
    for (size_t i = 0; i < 8; i++)
        CTY_TRY(cty_buf_putf(out, "%s%02x", i ? "" : "  ", row->case_id.bytes[i]));
    CTY_TRY(cty_buf_putf(out, "  %s %s", row->service, row->action));
    if (state)
        CTY_TRY(cty_buf_putf(out, "  %s", row->state));
    for (uint32_t i = 0; i < row->quorum_count; i++)
        CTY_TRY(cty_buf_putf(out, "  %llu of %llu for %s", (unsigned long long)row->quorum[i].have,
                             (unsigned long long)row->quorum[i].needed, row->quorum[i].scope));
    CTY_TRY(put_when(out, rows, row));
    if (row->revision)
        CTY_TRY(cty_buf_putf(out, "  revision %llu", (unsigned long long)row->revision));
    return cty_buf_put_byte(out, '\n');
}

static custody_err put_text(struct cty_cli *cli, const struct rows *rows, bool state)
{
    for (size_t i = 0; i < rows->count; i++) {
        const struct row *row = &rows->rows[i];
        bool same = i && strcmp(rows->rows[i - 1].requester, row->requester) == 0 &&
                    rows->rows[i - 1].priority == row->priority;
        if (!same)
            CTY_TRY(cty_buf_putf(&cli->page, "%s%s, priority %s\n", i ? "\n" : "", row->requester,
                                 cty_priority_names[row->priority]));
        CTY_TRY(put_row(&cli->page, rows, row, state));
    }
    return rows->count ? CUSTODY_OK : cty_buf_put_text(&cli->page, "nothing\n");
}

static void put_member(struct cty_jw *jw, const struct row *row)
{
    cty_jw_object(jw);
    cty_member_text(jw, "action", row->action);
    cty_member_hash(jw, "case", &row->case_id);
    cty_member_u64(jw, "due", row->due);
    cty_member_text(jw, "executor", row->holder);
    cty_member_u64(jw, "expires", row->expires);
    cty_member_bool(jw, "may_decide", row->may_decide);
    cty_member_text(jw, "priority", cty_priority_names[row->priority]);
    cty_jw_name(jw, "quorum");
    cty_jw_array(jw);
    for (uint32_t i = 0; i < row->quorum_count; i++) {
        cty_jw_object(jw);
        cty_member_u64(jw, "have", row->quorum[i].have);
        cty_member_u64(jw, "needed", row->quorum[i].needed);
        cty_member_text(jw, "scope", row->quorum[i].scope);
        cty_jw_object_end(jw);
    }
    cty_jw_array_end(jw);
    cty_member_text(jw, "requester", row->requester);
    cty_member_u64(jw, "revision", row->revision);
    cty_member_text(jw, "service", row->service);
    cty_member_u64(jw, "since", row->since);
    cty_member_text(jw, "state", row->state);
    cty_jw_object_end(jw);
}

static custody_err put_json(struct cty_cli *cli, const struct rows *rows)
{
    struct cty_jw jw;
    cty_page_begin(cli, &jw);
    cty_jw_name(&jw, "cases");
    cty_jw_array(&jw);
    for (size_t i = 0; i < rows->count; i++)
        put_member(&jw, &rows->rows[i]);
    cty_jw_array_end(&jw);
    return cty_page_end(cli, &jw);
}

static custody_err list_cases(struct cty_cli *cli, const struct cty_case_filter *filter, bool inbox)
{
    struct cty_client *client = NULL;
    CTY_CLEANUP(rows_done) struct rows rows = {.rows = NULL};
    CTY_TRY(cty_cli_client(cli, CTY_AS_KEY, &client));
    CTY_TRY(cty_client_cases(client, filter, each_case, &rows, &cli->error));
    for (size_t i = 0; inbox && i < rows.count; i++)
        CTY_TRY(read_since(cli, client, &rows.rows[i]));
    if (rows.count)
        qsort(rows.rows, rows.count, sizeof(rows.rows[0]), compare_rows);
    rows.now = cty_client_now(client);
    return cli->json ? put_json(cli, &rows) : put_text(cli, &rows, !inbox);
}

/* --- the commands ---------------------------------------------------------------------------------------- */

static custody_err inbox(struct cty_cli *cli)
{
    static const char *const held[] = {"HELD"};
    struct cty_case_filter filter = {.states = held, .states_count = 1, .mine = CTY_MINE_DECIDE};
    if (cty_args_flag(&cli->args, "all"))
        filter.mine = CTY_MINE_ANY;
    return list_cases(cli, &filter, true);
}

static const struct cty_opt inbox_options[] = {
    {"all", 'a', CTY_OPT_FLAG, NULL, "also what others must decide"},
    {NULL},
};

const struct cty_command cty_command_inbox = {
    .name = "inbox",
    .run = inbox,
    .summary = "what waits for your decision",
    .operands = "",
    .about = "Lists what you may decide, by agent and priority: what waits, how far the quorum is, since when,\n"
             "and how long is left. The list is the custodian's word; 'show' and 'approve' verify.\n",
    .example = "custody inbox --key acme-alice.key",
    .uses = CTY_USE_READ,
    .options = inbox_options,
};

static custody_err check_states(struct cty_cli *cli, const char **states, uint32_t *ret_count)
{
    size_t count = cty_args_count(&cli->args, "state-is");
    if (count > CTY_RPC_STATES_MAX)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "too many states");
    for (size_t i = 0; i < count; i++) {
        bool known = false;
        states[i] = cty_args_item(&cli->args, "state-is", i);
        for (int k = 0; k < CTY_CASE_STATE_COUNT; k++)
            known |= strcmp(states[i], cty_case_state_names[k]) == 0;
        if (!known)
            return cty_fail(&cli->error, CUSTODY_E_USAGE, "'%.40s' is no state, such as HELD or RELEASED", states[i]);
    }
    *ret_count = (uint32_t)count;
    return CUSTODY_OK;
}

static custody_err list(struct cty_cli *cli)
{
    static const char *const mine[] = {"any", "requester", "holder", "decide", NULL};
    const char *states[CTY_RPC_STATES_MAX];
    struct cty_case_filter filter = {.states = states};
    int which = CTY_MINE_ANY;
    CTY_TRY(check_states(cli, states, &filter.states_count));
    CTY_TRY(cty_args_word(&cli->args, "mine", mine, CTY_MINE_ANY, &which, &cli->error));
    filter.mine = (enum cty_mine)which;
    return list_cases(cli, &filter, false);
}

static const struct cty_opt list_options[] = {
    {"state-is", 's', CTY_OPT_LIST, "STATE", "only cases in this state: HELD, RELEASED, CONSUMED, ..."},
    {"mine", 'm', CTY_OPT_TEXT, "AS", "only your own: as requester, as holder, or those to decide"},
    {NULL},
};

const struct cty_command cty_command_list = {
    .name = "list",
    .run = list,
    .summary = "list cases",
    .operands = "",
    .about = "Lists the cases that you may see, by agent and priority. The list is the custodian's word.\n",
    .example = "custody list --state-is RELEASED --mine holder --key acme-refund-agent.key",
    .uses = CTY_USE_READ,
    .options = list_options,
};
