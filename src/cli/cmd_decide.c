/* SPDX-License-Identifier: Apache-2.0 */
/* custody approve, custody reject: shows what is decided, asks, signs what was shown. */
#include "base/check.h"
#include "cli/decide.h"
#include "cli/newcomer.h"
#include "cli/put.h"
#include "cli/submitted.h"

static custody_err page(const struct cty_deciding *d)
{
    struct cty_cli *cli = d->cli;
    bool released = cty_deciding_released(d);
    struct cty_jw jw;
    CTY_TRY(cty_keep_receipt(cli, &d->submitted));
    if (!cli->json) {
        CTY_TRY(cty_put_submitted(cli, &d->submitted));
        if (d->choice == CTY_REJECT)
            return cty_put_linef(&cli->page, "state", "REJECTED");
        return cty_put_linef(&cli->page, "state", "%s", released ? "RELEASED" : "HELD: more approvals are needed");
    }
    cty_page_begin(cli, &jw);
    cty_member_hash(&jw, "case", &d->judgement->case_id);
    cty_member_text(&jw, "choice", cty_choice_names[d->choice]);
    cty_member_text(&jw, "state", d->choice == CTY_REJECT ? "REJECTED" : released ? "RELEASED" : "HELD");
    cty_member_submitted(&jw, "submitted", &d->submitted);
    return cty_page_end(cli, &jw);
}

static custody_err read_wish(struct cty_cli *cli, struct cty_deciding *d)
{
    d->reason = cty_args_text(&cli->args, "reason");
    CTY_TRY(cty_args_period(&cli->args, "counts-for", 0, &d->counts_for_ms, &cli->error));
    return cty_names_option(cli, "travels-to", CTY_TEXT_READER, CTY_READERS_MAX, &d->travels);
}

static custody_err run(struct cty_cli *cli, struct cty_deciding *d)
{
    struct cty_client *client = NULL;
    struct cty_hash case_id;
    CTY_TRY(read_wish(cli, d));
    CTY_TRY(cty_cli_client(cli, CTY_AS_KEY, &client));
    CTY_TRY(cty_cli_case(cli, client, cli->args.operands[0], &case_id));
    CTY_TRY(cty_deciding_begin(d, cli, client, &case_id));
    cty_cli_present(cli, cty_buf_bytes(&d->shown));
    CTY_TRY(cty_cli_confirm(cli, d->choice == CTY_APPROVE ? "Approve this?" : "Reject this?"));
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
