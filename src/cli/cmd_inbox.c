/* SPDX-License-Identifier: Apache-2.0 */
/* custody inbox, custody list: cases as the custodian lists them. */
#include "base/check.h"
#include "cli/case.h"
#include "cli/case_rows.h"
#include "cli/put.h"
#include "cli/standing.h"
#include "cli/text.h"

/* --- printing -------------------------------------------------------------------------------------------- */

static custody_err put_when(struct cty_buf *out, const struct cty_case_lines *rows, const struct cty_case_line *row)
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

static custody_err put_quorum(struct cty_buf *out, const struct cty_case_line *row)
{
    for (uint32_t i = 0; i < row->quorum_count; i++) {
        CTY_TRY(cty_buf_putf(out, "  %llu of %llu for ", (unsigned long long)row->quorum[i].have,
                             (unsigned long long)row->quorum[i].needed));
        CTY_TRY(cty_text_show(cty_bytes_text(row->quorum[i].scope), out));
    }
    return CUSTODY_OK;
}

static custody_err put_row(struct cty_buf *out, const struct cty_case_lines *rows, const struct cty_case_line *row,
                           bool state)
{
    for (size_t i = 0; i < 8; i++)
        CTY_TRY(cty_buf_putf(out, "%s%02x", i ? "" : "  ", row->case_id.bytes[i]));
    CTY_TRY(cty_buf_put_text(out, "  "));
    CTY_TRY(cty_text_show(cty_bytes_text(row->service), out));
    CTY_TRY(cty_buf_put_byte(out, ' '));
    CTY_TRY(cty_text_show(cty_bytes_text(row->action), out));
    CTY_TRY(cty_buf_put_text(out, state ? "  " : ""));
    if (state)
        CTY_TRY(cty_text_show(cty_bytes_text(row->state), out));
    CTY_TRY(put_quorum(out, row));
    CTY_TRY(put_when(out, rows, row));
    if (row->questions)
        CTY_TRY(cty_buf_putf(out, "  %u %s", row->questions, row->questions > 1 ? "questions" : "question"));
    if (row->consent)
        CTY_TRY(cty_buf_putf(out, "  consent %s", row->consent));
    if (row->revision)
        CTY_TRY(cty_buf_putf(out, "  revision %llu", (unsigned long long)row->revision));
    return cty_buf_put_byte(out, '\n');
}

static custody_err put_text(struct cty_cli *cli, const struct cty_case_lines *rows, const struct cty_standing *standing,
                            bool state)
{
    for (size_t i = 0; i < rows->count; i++) {
        const struct cty_case_line *row = &rows->lines[i];
        bool same = i && strcmp(rows->lines[i - 1].requester, row->requester) == 0 &&
                    rows->lines[i - 1].priority == row->priority;
        if (!same) {
            CTY_TRY(cty_buf_put_text(&cli->page, i ? "\n" : ""));
            CTY_TRY(cty_text_show(cty_bytes_text(row->requester), &cli->page));
            CTY_TRY(cty_buf_putf(&cli->page, ", priority %s\n", cty_priority_names[row->priority]));
        }
        CTY_TRY(put_row(&cli->page, rows, row, state));
    }
    CTY_TRY(rows->count ? CUSTODY_OK : cty_buf_put_text(&cli->page, "nothing\n"));
    return cty_standing_put(standing, rows->now, &cli->page);
}

static custody_err put_json(struct cty_cli *cli, const struct cty_case_lines *rows, const struct cty_standing *standing)
{
    struct cty_jw jw;
    cty_page_begin(cli, &jw);
    cty_jw_name(&jw, "cases");
    cty_jw_array(&jw);
    for (size_t i = 0; i < rows->count; i++)
        cty_member_case_line(&jw, &rows->lines[i]);
    cty_jw_array_end(&jw);
    cty_standing_member(&jw, standing);
    return cty_page_end(cli, &jw);
}

static custody_err list_cases(struct cty_cli *cli, const struct cty_case_filter *filter, bool inbox)
{
    struct cty_client *client = NULL;
    CTY_CLEANUP(cty_case_lines_done) struct cty_case_lines rows = {.lines = NULL};
    CTY_TRY(cty_cli_client(cli, CTY_AS_KEY, &client));
    CTY_TRY(cty_case_lines_fetch(client, filter, &rows, &cli->error));
    for (size_t i = 0; inbox && i < rows.count; i++)
        CTY_TRY(cty_case_line_since(client, &rows.lines[i], &cli->error));
    CTY_AUTO_FREE struct cty_standing *standing = cty_alloc(1, sizeof(*standing));
    if (!standing)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    CTY_TRY(cty_standing_now(cli, client, standing));
    cli->wraps = true;
    return cli->json ? put_json(cli, &rows, standing) : put_text(cli, &rows, standing, !inbox);
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
             "and how long is left. '1 of 2 for acme': the policy of party acme asks for two approvals, and one\n"
             "that counts is there; 'ledger' is the policy of the ledger itself. Where several policies ask,\n"
             "each is met for itself. The list is the custodian's word; 'show' and 'approve' verify.\n",
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
    .about = "Lists the cases that you may see, by agent and priority; '1 of 2 for acme' is a quorum, as 'inbox'\n"
             "explains it. The list is the custodian's word.\n",
    .example = "custody list --state-is RELEASED --mine holder --key acme-refund-agent.key",
    .uses = CTY_USE_READ,
    .options = list_options,
};
