/* SPDX-License-Identifier: Apache-2.0 */
/* custody cancel, custody outcome: what a holder or requester says last. */
#include "base/check.h"
#include "cli/case.h"
#include "cli/put.h"
#include "cli/submitted.h"
#include "client/agent.h"

static void submitted_done_pointer(struct cty_submitted **submitted)
{
    if (*submitted)
        cty_submitted_done(*submitted);
    cty_free_pointer(submitted);
}

/* Opens the client and finds the case of the first operand. */
static custody_err open_case(struct cty_cli *cli, struct cty_client **ret_client, struct cty_hash *ret_case)
{
    CTY_TRY(cty_cli_client(cli, CTY_AS_KEY, ret_client));
    return cty_cli_case(cli, *ret_client, cli->args.operands[0], ret_case);
}

/* Already said before: nothing was submitted. */
static custody_err page_said(struct cty_cli *cli, const struct cty_submitted *submitted)
{
    struct cty_jw jw;
    if (submitted->own.entry.size)
        return cty_page_submitted(cli, submitted);
    if (!cli->json)
        return cty_put_linef(&cli->page, "done", "it was said before");
    cty_page_begin(cli, &jw);
    cty_member_bool(&jw, "duplicate", true);
    return cty_page_end(cli, &jw);
}

static custody_err cancel(struct cty_cli *cli)
{
    struct cty_client *client = NULL;
    struct cty_hash case_id;
    CTY_CLEANUP(submitted_done_pointer) struct cty_submitted *submitted = cty_alloc(1, sizeof(*submitted));
    if (!submitted)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    struct cty_bytes reason = cty_bytes_text(cty_args_text(&cli->args, "reason"));
    CTY_TRY(open_case(cli, &client, &case_id));
    CTY_TRY(cty_agent_cancel(client, &case_id, reason, submitted, &cli->error));
    return page_said(cli, submitted);
}

static const struct cty_opt cancel_options[] = {
    {"reason", 0, CTY_OPT_TEXT, "TEXT", "why, for those who may read the case"},
    CTY_RECEIPT_OPTION,
    {NULL},
};

const struct cty_command cty_command_cancel = {
    .name = "cancel",
    .run = cancel,
    .summary = "take a case back before it is consumed",
    .operands = "CASE",
    .operands_min = 1,
    .operands_max = 1,
    .about = "The requester takes its case back, or an approver recalls it, while it is held or released.\n",
    .example = "custody cancel $CASE --reason 'the customer changed her mind'",
    .uses = CTY_USE_READ,
    .options = cancel_options,
};

static custody_err outcome(struct cty_cli *cli)
{
    struct cty_client *client = NULL;
    struct cty_hash case_id;
    int which = 0;
    const char *path = cty_args_text(&cli->args, "result");
    CTY_CLEANUP(submitted_done_pointer) struct cty_submitted *submitted = cty_alloc(1, sizeof(*submitted));
    CTY_CLEANUP(cty_buf_done) struct cty_buf result = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
    if (!submitted)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    while (cty_outcome_names[which] && strcmp(cty_outcome_names[which], cli->args.operands[1]) != 0)
        which++;
    if (!cty_outcome_names[which])
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "the outcome is fulfilled, failed or unknown");
    if (path)
        CTY_TRY(cty_cli_read_file(cli, path, &result));
    CTY_TRY(open_case(cli, &client, &case_id));
    CTY_TRY(cty_agent_outcome(client, &case_id, (enum cty_outcome)which,
                              path ? cty_buf_bytes(&result) : cty_bytes_make(NULL, 0), submitted, &cli->error));
    return page_said(cli, submitted);
}

static const struct cty_opt outcome_options[] = {
    {"result", 0, CTY_OPT_TEXT, "FILE", "what came of it, any bytes; - is the input"},
    CTY_RECEIPT_OPTION,
    {NULL},
};

const struct cty_command cty_command_outcome = {
    .name = "outcome",
    .run = outcome,
    .summary = "report how a consumed release went",
    .operands = "CASE fulfilled|failed|unknown",
    .operands_min = 2,
    .operands_max = 2,
    .about = "The holder reports: fulfilled, failed, or unknown where it can't tell whether it acted (after a\n"
             "crash, for example). Once; a report after the deadline is taken and marked late.\n",
    .example = "custody outcome $CASE fulfilled --result refund.receipt",
    .uses = CTY_USE_READ,
    .options = outcome_options,
};
