/* SPDX-License-Identifier: Apache-2.0 */
/* custody offer, custody withdraw, custody finalise: the holder's side of a handoff. */
#include "cli/act.h"
#include "cli/near.h"
#include "cli/newcomer.h"
#include "cli/put.h"
#include "client/handoff.h"

/* --- offer ----------------------------------------------------------------------------------------------- */

/* "100.00 EUR" */
static custody_err read_deposit(struct cty_cli *cli, struct cty_deposit *deposit)
{
    const char *text = cty_args_text(&cli->args, "deposit");
    if (!text)
        return CUSTODY_OK;
    const char *space = strchr(text, ' ');
    deposit->present = true;
    deposit->amount = cty_bytes_make(text, space ? (size_t)(space - text) : strlen(text));
    deposit->unit = cty_bytes_text(space ? space + 1 : "");
    if (cty_text_check(CTY_TEXT_DECIMAL, deposit->amount) != CUSTODY_OK ||
        cty_text_check(CTY_TEXT_WORD, deposit->unit) != CUSTODY_OK)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "--deposit is an amount and a unit: '100.00 EUR'");
    return CUSTODY_OK;
}

static custody_err read_scope(struct cty_acting *a, struct cty_offering *offering)
{
    struct cty_cli *cli = a->cli;
    uint64_t expires_ms = 0;
    CTY_TRY(cty_names_option(cli, "service", CTY_TEXT_GLOB, CTY_SCOPE_GLOBS_MAX, &offering->services));
    CTY_TRY(cty_names_option(cli, "action", CTY_TEXT_GLOB, CTY_SCOPE_GLOBS_MAX, &offering->actions));
    CTY_TRY(cty_args_number(&cli->args, "releases", CTY_SCOPE_RELEASES_MAX, 1, &offering->releases, &cli->error));
    CTY_TRY(cty_args_number(&cli->args, "depth", CTY_HOPS_MAX, 0, &offering->depth, &cli->error));
    CTY_TRY(cty_args_period(&cli->args, "expires", 0, &expires_ms, &cli->error));
    CTY_TRY(cty_args_period(&cli->args, "valid-for", 0, &offering->valid_ms, &cli->error));
    if (expires_ms)
        offering->expires = cty_client_now(a->client) + expires_ms;
    return CUSTODY_OK;
}

static custody_err run_offer(struct cty_acting *a)
{
    struct cty_cli *cli = a->cli;
    struct cty_offering offering = {.depth = 0};
    const char *to = NULL;
    CTY_TRY(cty_cli_required(cli, "to", &to));
    offering.to = cty_bytes_text(to);
    if (cty_text_check(CTY_TEXT_READER, offering.to) != CUSTODY_OK)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "--to is an actor or a party: globex/fulfilment or globex");
    CTY_TRY(read_scope(a, &offering));
    CTY_TRY(read_deposit(cli, &offering.deposit));
    CTY_TRY(cty_act_read(cli, "obligations", &a->content, &offering.obligations));
    CTY_TRY(cty_act_read(cli, "context", &a->content2, &offering.context));
    custody_err err = cty_agent_offer(a->client, &a->case_id, &offering, &a->submitted, &cli->error);
    if (err == CUSTODY_E_WRONG_RECEIVER)
        cty_near_tell(cli, a->client, offering.to, err);
    return err == CUSTODY_OK ? cty_act_page(a, NULL) : err;
}

static custody_err offer(struct cty_cli *cli)
{
    return cty_act(cli, run_offer);
}

static const struct cty_opt offer_options[] = {
    {"to", 0, CTY_OPT_TEXT, "NAME", "an actor, or a party whose agents may all take it"},
    {"service", 's', CTY_OPT_LIST, "GLOB", "what may be acted on (the case's own service)"},
    {"action", 'a', CTY_OPT_LIST, "GLOB", "what may be done (the case's own action)"},
    {"releases", 0, CTY_OPT_TEXT, "N", "cases that may come to a release: it, and children of it (1)"},
    {"depth", 0, CTY_OPT_TEXT, "N", "how many hops may follow (0)"},
    {"expires", 0, CTY_OPT_TEXT, "PERIOD", "until when the receiver may act (as long as the case)"},
    {"valid-for", 0, CTY_OPT_TEXT, "PERIOD", "how long the offer stands (1d, at most as long as that)"},
    {"obligations", 0, CTY_OPT_TEXT, "FILE", "what the receiver takes on with it; - reads the input"},
    {"context", 0, CTY_OPT_TEXT, "FILE", "what the receiver has to know"},
    {"deposit", 0, CTY_OPT_TEXT, "AMOUNT", "'100.00 EUR': stated, and held by nobody"},
    CTY_RECEIPT_OPTION,
    {NULL},
};

const struct cty_command cty_command_offer = {
    .name = "offer",
    .run = offer,
    .summary = "hand a case on: offer it to another agent or party",
    .operands = "CASE",
    .operands_min = 1,
    .operands_max = 1,
    .about = "Offers a case that you hold. What is not said is the least: this case alone, to be acted on and not\n"
             "handed on. No offer gives more than you have. You go on holding the case until somebody accepts;\n"
             "approvals hold on if their approvers said so (--travels-to), else it is decided anew.\n",
    .example = "custody offer 3f2a9c41 --to globex --valid-for 2h --key acme-refund-agent.key",
    .uses = CTY_USE_READ,
    .options = offer_options,
};

/* --- withdraw -------------------------------------------------------------------------------------------- */

static struct cty_bytes reason_of(const struct cty_cli *cli)
{
    return cty_bytes_text(cty_args_text(&cli->args, "reason"));
}

static custody_err run_withdraw(struct cty_acting *a)
{
    CTY_TRY(cty_agent_withdraw(a->client, &a->case_id, reason_of(a->cli), &a->submitted, &a->cli->error));
    return cty_act_page(a, NULL);
}

static custody_err withdraw(struct cty_cli *cli)
{
    return cty_act(cli, run_withdraw);
}

static const struct cty_opt reason_options[] = {
    {"reason", 'r', CTY_OPT_TEXT, "TEXT", "why; those who may read the case see it"},
    CTY_RECEIPT_OPTION,
    {NULL},
};

const struct cty_command cty_command_withdraw = {
    .name = "withdraw",
    .run = withdraw,
    .summary = "take back an offer that nobody has answered",
    .operands = "CASE",
    .operands_min = 1,
    .operands_max = 1,
    .about = "Takes the case's open offer back. You hold the case as before, and may offer it again.\n",
    .example = "custody withdraw 3f2a9c41 --key acme-refund-agent.key --reason 'we do it ourselves'",
    .uses = CTY_USE_READ,
    .options = reason_options,
};

/* --- finalise -------------------------------------------------------------------------------------------- */

static custody_err run_finalise(struct cty_acting *a)
{
    CTY_TRY(cty_agent_finalise(a->client, &a->case_id, reason_of(a->cli), &a->submitted, &a->cli->error));
    return cty_act_page(a, NULL);
}

static custody_err finalise(struct cty_cli *cli)
{
    return cty_act(cli, run_finalise);
}

const struct cty_command cty_command_finalise = {
    .name = "finalise",
    .run = finalise,
    .summary = "say that a case is handed on no more",
    .operands = "CASE",
    .operands_min = 1,
    .operands_max = 1,
    .about = "From then on nobody can offer the case to anybody: whoever holds it now acts, or nobody does. It\n"
             "can't be taken back.\n",
    .example = "custody finalise 3f2a9c41 --key acme-refund-agent.key",
    .uses = CTY_USE_READ,
    .options = reason_options,
};
