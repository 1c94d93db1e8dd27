/* SPDX-License-Identifier: Apache-2.0 */
/* custody revoke */
#include "base/check.h"
#include "cli/newcomer.h"
#include "cli/text.h"

/* The public line of a key that the actor had before: the actor itself stays. */
static custody_err read_former(struct cty_cli *cli, struct cty_actor_revoke *revoke)
{
    const char *line = cty_args_text(&cli->args, "former");
    struct cty_bytes name;
    struct cty_key key;
    if (!line)
        return CUSTODY_OK;
    revoke->key = cty_bytes_text(line);
    if (cty_vkey_parse(revoke->key, CTY_KEY_ED25519, &name, &key) != CUSTODY_OK ||
        !cty_bytes_equal(name, revoke->actor))
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "--former is the public line of a key of %.*s, as 'custody actors' "
                        "shows it", (int)revoke->actor.size, (const char *)revoke->actor.data);
    return CUSTODY_OK;
}

static custody_err fill(struct cty_cli *cli, struct cty_draft *draft)
{
    struct cty_actor_revoke *revoke = &draft->statement.u.actor_revoke;
    const char *since = cty_args_text(&cli->args, "since");
    const char *reason = cty_args_text(&cli->args, "reason");
    revoke->actor = cty_bytes_text(cli->args.operands[0]);
    revoke->since = draft->statement.time;
    if (since)
        CTY_TRY(cty_time_parse(since, &revoke->since, &cli->error));
    CTY_TRY(read_former(cli, revoke));
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
    {"since", 0, CTY_OPT_TEXT, "TIME", "what it signed at this time or later no longer counts (now)"},
    {"former", 0, CTY_OPT_TEXT, "LINE", "only this key, which it had before a rotation; the actor stays"},
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
    .about = "From now on the actor's key signs nothing, and its approvals and offers since --since no longer\n"
             "count: a release that rests on them can't be consumed. With --former that is so of one key that it\n"
             "had before a rotation, and the actor goes on with its new one. Signed by admins of its party as its\n"
             "policy says, or by the actor itself (--admin with its own key); where the actor is an admin, also by\n"
             "those whom the policy names for recovery.\n",
    .example = "custody revoke acme/worker --reason 'laptop lost' --admin acme-alice.key --admin acme-bob.key",
    .uses = CTY_USE_URL | CTY_USE_TRUST | CTY_USE_PASSPHRASE | CTY_USE_STATE | CTY_USE_TIMEOUT,
    .options = options,
};
