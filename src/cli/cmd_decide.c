/* SPDX-License-Identifier: Apache-2.0 */
/* custody approve, custody reject, custody escalate: shows what is decided, asks, signs what was shown. */
#include "base/check.h"
#include "cli/decide.h"
#include "cli/newcomer.h"
#include "cli/put.h"
#include "cli/submitted.h"

/* The state that the decision led to, and what it waits for. */
static const char *state_of(const struct cty_deciding *d, const char **ret_more)
{
    *ret_more = "";
    if (d->choice == CTY_REJECT)
        return "REJECTED";
    if (cty_deciding_released(d))
        return "RELEASED";
    *ret_more = d->choice == CTY_ESCALATE ? ": others decide now" : ": more approvals are needed";
    return "HELD";
}

static custody_err page(const struct cty_deciding *d)
{
    struct cty_cli *cli = d->cli;
    const char *more;
    const char *state = state_of(d, &more);
    struct cty_jw jw;
    CTY_TRY(cty_keep_receipt(cli, &d->submitted));
    if (!cli->json) {
        CTY_TRY(cty_put_submitted(cli, &d->submitted));
        return cty_put_linef(&cli->page, "state", "%s%s", state, more);
    }
    cty_page_begin(cli, &jw);
    cty_member_hash(&jw, "case", &d->judgement->case_id);
    cty_member_text(&jw, "choice", cty_choice_names[d->choice]);
    cty_member_text(&jw, "state", state);
    cty_member_submitted(&jw, "submitted", &d->submitted);
    return cty_page_end(cli, &jw);
}

static custody_err read_wish(struct cty_cli *cli, struct cty_deciding *d)
{
    d->reason = cty_args_text(&cli->args, "reason");
    if (d->choice == CTY_ESCALATE)
        return CUSTODY_OK;
    CTY_TRY(cty_args_period(&cli->args, "counts-for", 0, &d->counts_for_ms, &cli->error));
    return cty_names_option(cli, "travels-to", CTY_TEXT_READER, CTY_READERS_MAX, &d->travels);
}

static custody_err run(struct cty_cli *cli, struct cty_deciding *d)
{
    static const char *const questions[] = {[CTY_APPROVE] = "Approve this?", [CTY_REJECT] = "Reject this?",
                                            [CTY_ESCALATE] = "Leave this to others?"};
    struct cty_client *client = NULL;
    struct cty_hash case_id;
    CTY_TRY(read_wish(cli, d));
    CTY_TRY(cty_cli_client(cli, CTY_AS_KEY, &client));
    CTY_TRY(cty_cli_case(cli, client, cli->args.operands[0], &case_id));
    CTY_TRY(cty_deciding_begin(d, cli, client, &case_id));
    cty_cli_present(cli, cty_buf_bytes(&d->shown));
    CTY_TRY(cty_cli_confirm(cli, questions[d->choice]));
    CTY_TRY(cty_deciding_sign(d));
    return page(d);
}

static custody_err decide(struct cty_cli *cli, enum cty_choice choice)
{
    CTY_AUTO_FREE struct cty_deciding *d = cty_alloc(1, sizeof(*d));
    if (!d)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    d->choice = choice;
    custody_err err = run(cli, d);
    cty_deciding_done(d);
    return err;
}

static custody_err approve(struct cty_cli *cli)
{
    return decide(cli, CTY_APPROVE);
}

static custody_err reject(struct cty_cli *cli)
{
    return decide(cli, CTY_REJECT);
}

static custody_err escalate(struct cty_cli *cli)
{
    return decide(cli, CTY_ESCALATE);
}

static const struct cty_opt options[] = {
    {"reason", 'r', CTY_OPT_TEXT, "TEXT", "why; those who may read the case see it"},
    {"counts-for", 0, CTY_OPT_TEXT, "PERIOD", "how long it counts (until the request expires)"},
    {"travels-to", 0, CTY_OPT_LIST, "NAME", "an actor or party for whom it stays good if the case is handed on"},
    CTY_RECEIPT_OPTION,
    {NULL},
};

const struct cty_command cty_command_approve = {
    .name = "approve",
    .run = approve,
    .summary = "approve a case",
    .operands = "CASE",
    .operands_min = 1,
    .operands_max = 1,
    .about = "Verifies the case, shows it, asks, and signs: the payload's bytes, the executor, the policies and\n"
             "the very text that was shown. What was shown is kept with the decision, by commitment.\n",
    .example = "custody approve 3f2a9c41 --key acme-alice.key --reason 'order 4711 came back'",
    .uses = CTY_USE_SIGN,
    .options = options,
};

const struct cty_command cty_command_reject = {
    .name = "reject",
    .run = reject,
    .summary = "reject a case",
    .operands = "CASE",
    .operands_min = 1,
    .operands_max = 1,
    .about = "Verifies the case, shows it, asks, and signs your no, which ends the case. The agent may ask\n"
             "again, and whoever audits sees that it did.\n",
    .example = "custody reject 3f2a9c41 --key acme-alice.key --reason 'no receipt'",
    .uses = CTY_USE_SIGN,
    .options = options,
};

static const struct cty_opt escalate_options[] = {
    {"reason", 'r', CTY_OPT_TEXT, "TEXT", "why; those who may read the case see it"},
    CTY_RECEIPT_OPTION,
    {NULL},
};

const struct cty_command cty_command_escalate = {
    .name = "escalate",
    .run = escalate,
    .summary = "leave a case to those whom the policy names above you",
    .operands = "CASE",
    .operands_min = 1,
    .operands_max = 1,
    .about = "Where the policy names others to decide instead (its 'escalation'), they are asked from now on in\n"
             "your place; approvals that were given count on. The deadline stays as it is.\n",
    .example = "custody escalate 3f2a9c41 --key acme-alice.key --reason 'too much for me'",
    .uses = CTY_USE_SIGN,
    .options = escalate_options,
};
