/* SPDX-License-Identifier: Apache-2.0 */
/* custody revoke */
#include "base/check.h"
#include "cli/newcomer.h"
#include "cli/text.h"

static custody_err fill(struct cty_cli *cli, struct cty_draft *draft)
{
    struct cty_actor_revoke *revoke = &draft->statement.u.actor_revoke;
    const char *since = cty_args_text(&cli->args, "since");
    const char *reason = cty_args_text(&cli->args, "reason");
    revoke->actor = cty_bytes_text(cli->args.operands[0]);
    revoke->since = draft->statement.time;
    if (since)
        CTY_TRY(cty_time_parse(since, &revoke->since, &cli->error));
    CTY_TRY(cty_add_admins(cli, draft));
    revoke->reason.present = reason != NULL;
    return reason ? cty_draft_commit(draft, "reason", cty_bytes_text(reason), &revoke->reason.hash) : CUSTODY_OK;
}

static custody_err run(struct cty_cli *cli, struct cty_draft *draft)
{
    struct cty_client *client = NULL;
    if (cty_text_check(CTY_TEXT_ACTOR, cty_bytes_text(cli->args.operands[0])) != CUSTODY_OK)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "ACTOR is a name such as acme/worker");
    CTY_TRY(cty_cli_client(cli, CTY_AS_NOBODY, &client));
    CTY_TRY(cty_client_begin(client, CTY_ACTOR_REVOKE, draft, &cli->error));
    CTY_TRY(fill(cli, draft));
    return cty_finish_draft(cli, client, draft);
}

static custody_err revoke(struct cty_cli *cli)
{
    CTY_AUTO_FREE struct cty_draft *draft = cty_alloc(1, sizeof(*draft));
    if (!draft)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    custody_err err = run(cli, draft);
    cty_draft_done(draft);
    return err;
}

static const struct cty_opt options[] = {
    {"since", 0, CTY_OPT_TEXT, "TIME", "approvals of this time or later no longer count (now)"},
    {"reason", 0, CTY_OPT_TEXT, "TEXT", "why; only its commitment enters the ledger"},
    CTY_COSIGN_OPTIONS,
    {NULL},
};

const struct cty_command cty_command_revoke = {
    .name = "revoke",
    .run = revoke,
    .summary = "revoke an actor's key",
    .operands = "ACTOR",
    .operands_min = 1,
    .operands_max = 1,
    .about = "From now on the actor's key signs nothing, and its approvals since --since no longer count: a\n"
             "release that rests on them can't be consumed. Signed by admins of its party as its policy says,\n"
             "or by the actor itself (--admin with its own key).\n",
    .example = "custody revoke acme/worker --reason 'laptop lost' --admin acme-alice.key --admin acme-bob.key",
    .uses = CTY_USE_URL | CTY_USE_TRUST | CTY_USE_PASSPHRASE | CTY_USE_STATE | CTY_USE_TIMEOUT,
    .options = options,
};
