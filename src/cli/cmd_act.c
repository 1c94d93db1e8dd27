/* SPDX-License-Identifier: Apache-2.0 */
/* custody consume, custody outcome, custody cancel */
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "cli/act.h"
#include "cli/put.h"
#include "cli/taking.h"
#include "client/agent.h"

/* --- consume --------------------------------------------------------------------------------------------- */

/* The payload alone goes to the output, so that a program can act on it; all else to the error output. */
static custody_err page_consumed(struct cty_acting *a, struct cty_bytes payload)
{
    struct cty_cli *cli = a->cli;
    struct cty_jw jw;
    if (cli->json) {
        cty_page_begin(cli, &jw);
        cty_member_hash(&jw, "case", &a->case_id);
        CTY_TRY(cty_member_document(&jw, "payload", "payload_base64", payload));
        cty_member_text(&jw, "state", "CONSUMED");
        cty_member_submitted(&jw, "submitted", &a->submitted);
        return cty_page_end(cli, &jw);
    }
    cty_cli_note(cli, "consumed by entry %llu: act now, on this payload, and report with 'custody outcome'",
                 (unsigned long long)a->submitted.own.index);
    CTY_TRY(cty_buf_put_bytes(&cli->page, payload));
    return cty_buf_put_byte(&cli->page, '\n');
}

/* Refused before the right is spent: a file that is there already, or whose folder takes none. */
static custody_err check_new_file(struct cty_cli *cli, const char *path)
{
    struct stat found;
    if (!path || strcmp(path, "-") == 0)
        return CUSTODY_OK;
    if (lstat(path, &found) == 0)
        return cty_fail(&cli->error, CUSTODY_E_EXISTS, "%s", path);
    const char *slash = strrchr(path, '/');
    CTY_AUTO_FREE char *folder = strndup(slash ? path : ".", slash ? (size_t)(slash - path) + 1 : 1);
    if (!folder)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    if (access(folder, W_OK | X_OK) != 0)
        return cty_fail(&cli->error, CUSTODY_E_IO, "%s can't be written in", folder);
    return CUSTODY_OK;
}

/* After the consume nothing keeps the payload from whoever must act on it: what can't be kept is told. */
static custody_err run_consume(struct cty_acting *a)
{
    struct cty_cli *cli = a->cli;
    const char *out = cty_args_text(&cli->args, "out");
    struct cty_bytes payload;
    CTY_TRY(check_new_file(cli, out));
    CTY_TRY(check_new_file(cli, cty_args_text(&cli->args, "receipt")));
    CTY_TRY(cty_take_right(cli, a->client, &a->case_id, false, &a->judgement, &payload, &a->submitted));
    CTY_TRY(page_consumed(a, payload));
    bool written = out && cty_cli_write_file(cli, out, payload) == CUSTODY_OK;
    if (out && !written)
        cty_cli_note(cli, "%s could not be written: the payload goes to the output", out);
    if (written && !cli->json)
        cty_buf_clear(&cli->page);
    if (cty_keep_receipt(cli, &a->submitted) != CUSTODY_OK)
        cty_cli_note(cli, "the receipt could not be kept; 'custody receipt %llu' fetches it again",
                     (unsigned long long)a->submitted.own.index);
    return CUSTODY_OK;
}

static custody_err consume(struct cty_cli *cli)
{
    return cty_act(cli, run_consume);
}

static const struct cty_opt consume_options[] = {
    {"out", 'o', CTY_OPT_TEXT, "FILE", "write the payload there and not to the output"},
    CTY_RECEIPT_OPTION,
    {NULL},
};

const struct cty_command cty_command_consume = {
    .name = "consume",
    .run = consume,
    .summary = "take the one right to act, and get the payload to act on",
    .operands = "CASE",
    .operands_min = 1,
    .operands_max = 1,
    .about = "Consumes the release and prints the approved payload, but only after its receipt was verified, the\n"
             "case judged again, and no other consume found. Status 0 means: act now, on this payload and on\n"
             "nothing else. Any other status means: don't act. It comes at most once for a case.\n",
    .example = "custody consume 3f2a9c41 --key acme-refund-agent.key --out approved.json",
    .uses = CTY_USE_READ,
    .options = consume_options,
};

/* --- outcome --------------------------------------------------------------------------------------------- */

static custody_err run_outcome(struct cty_acting *a)
{
    struct cty_cli *cli = a->cli;
    const char *result = cty_args_text(&cli->args, "result");
    int outcome = 0;
    while (cty_outcome_names[outcome] && strcmp(cty_outcome_names[outcome], cli->args.operands[1]) != 0)
        outcome++;
    if (!cty_outcome_names[outcome])
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "the outcome is fulfilled, failed or unknown");
    if (result)
        CTY_TRY(cty_cli_read_file(cli, result, &a->content));
    CTY_TRY(cty_agent_outcome(a->client, &a->case_id, (enum cty_outcome)outcome, cty_buf_bytes(&a->content),
                              &a->submitted, &cli->error));
    return cty_act_page(a, cty_case_state_names[CTY_CASE_FULFILLED + outcome]);
}

static custody_err outcome(struct cty_cli *cli)
{
    return cty_act(cli, run_outcome);
}

static const struct cty_opt outcome_options[] = {
    {"result", 0, CTY_OPT_TEXT, "FILE", "what came of it, for those who may read the case; - reads the input"},
    CTY_RECEIPT_OPTION,
    {NULL},
};

const struct cty_command cty_command_outcome = {
    .name = "outcome",
    .run = outcome,
    .summary = "report how it went",
    .operands = "CASE fulfilled|failed|unknown",
    .operands_min = 2,
    .operands_max = 2,
    .about = "Reports a consumed case: fulfilled, failed, or unknown where it can't be told whether it was done.\n",
    .example = "custody outcome 3f2a9c41 fulfilled --key acme-refund-agent.key",
    .uses = CTY_USE_READ,
    .options = outcome_options,
};

/* --- cancel ---------------------------------------------------------------------------------------------- */

static custody_err run_cancel(struct cty_acting *a)
{
    struct cty_cli *cli = a->cli;
    struct cty_bytes reason = cty_bytes_text(cty_args_text(&cli->args, "reason"));
    CTY_TRY(cty_agent_cancel(a->client, &a->case_id, reason, &a->submitted, &cli->error));
    return cty_act_page(a, "CANCELLED");
}

static custody_err cancel(struct cty_cli *cli)
{
    return cty_act(cli, run_cancel);
}

static const struct cty_opt cancel_options[] = {
    {"reason", 'r', CTY_OPT_TEXT, "TEXT", "why; those who may read the case see it"},
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
    .about = "For the requester, who no longer needs it, and for approvers, who recall what was released.\n",
    .example = "custody cancel 3f2a9c41 --key acme-refund-agent.key --reason 'paid by other means'",
    .uses = CTY_USE_READ,
    .options = cancel_options,
};
