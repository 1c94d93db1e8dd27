/* SPDX-License-Identifier: Apache-2.0 */
/* custody rotate, custody custodian rotate, custody close: keys over time, and the end of a ledger. */
#include "base/check.h"
#include "cli/newcomer.h"
#include "cli/put.h"
#include "cli/submitted.h"
#include "client/rotate.h"

#define SIGN_USES (CTY_USE_URL | CTY_USE_TRUST | CTY_USE_PASSPHRASE | CTY_USE_STATE | CTY_USE_TIMEOUT)

static struct cty_bytes reason_of(const struct cty_cli *cli)
{
    return cty_bytes_text(cty_args_text(&cli->args, "reason"));
}

static custody_err commit_reason(struct cty_cli *cli, struct cty_draft *draft, struct cty_opt_hash *ret_hash)
{
    struct cty_bytes reason = reason_of(cli);
    ret_hash->present = reason.data != NULL;
    return reason.data ? cty_draft_commit(draft, "reason", reason, &ret_hash->hash) : CUSTODY_OK;
}

/* --- rotate ---------------------------------------------------------------------------------------------- */

static custody_err rotate_key(struct cty_cli *cli, struct cty_submitted *submitted)
{
    struct cty_client *client = NULL;
    const struct cty_secret *next = NULL;
    const char *path = NULL;
    CTY_TRY(cty_cli_required(cli, "new", &path));
    CTY_TRY(cty_cli_client(cli, CTY_AS_KEY, &client));
    CTY_TRY(cty_cli_load_key(cli, path, &next));
    custody_err err = cty_actor_rotate_key(client, next, reason_of(cli), submitted, &cli->error);
    CTY_TRY(cty_keep_refusal(cli, submitted, err));
    CTY_TRY(cty_page_submitted(cli, submitted));
    cty_cli_note(cli, "%s signs for %.*s from now on; the old key signs nothing more", path,
                 (int)cty_secret_name(next).size, (const char *)cty_secret_name(next).data);
    return CUSTODY_OK;
}

static custody_err rotate(struct cty_cli *cli)
{
    CTY_AUTO_FREE struct cty_submitted *submitted = cty_alloc(1, sizeof(*submitted));
    if (!submitted)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    custody_err err = rotate_key(cli, submitted);
    cty_submitted_done(submitted);
    return err;
}

static const struct cty_opt rotate_options[] = {
    {"new", 0, CTY_OPT_TEXT, "KEY", "the new key file; 'custody key new' makes it, under the same name"},
    {"reason", 'r', CTY_OPT_TEXT, "TEXT", "why; only its commitment enters the ledger"},
    CTY_RECEIPT_OPTION,
    {NULL},
};

const struct cty_command cty_command_rotate = {
    .name = "rotate",
    .run = rotate,
    .summary = "change your key: from the old one (--key) to a new one",
    .operands = "",
    .about = "Both keys sign, so that neither is enough alone. What the old key signed stands; it signs nothing\n"
             "more. If it was stolen, tell your admins too: they say since when ('custody revoke --former').\n",
    .example = "custody rotate --key acme-carol.key --new acme-carol-2.key",
    .uses = CTY_USE_READ,
    .options = rotate_options,
};

/* --- custodian rotate ------------------------------------------------------------------------------------ */

/* The name that the custodian's key has: the ledger's, or with "/clerk". */
static custody_err check_name(struct cty_cli *cli, const struct cty_newcomer *next, int which)
{
    char clerk[CTY_ORIGIN_BYTES_MAX + 8];
    struct cty_bytes origin = cli->trust.origin;
    struct cty_bytes name = origin;
    snprintf(clerk, sizeof(clerk), "%.*s/clerk", (int)origin.size, (const char *)origin.data);
    if (which == CTY_CUSTODIAN_CLERK)
        name = cty_bytes_text(clerk);
    if (cty_bytes_equal(next->name, name))
        return CUSTODY_OK;
    return cty_fail(&cli->error, CUSTODY_E_USAGE, "the new key's name is %.*s, and not %.*s", (int)name.size,
                    (const char *)name.data, (int)next->name.size, (const char *)next->name.data);
}

static custody_err fill_custodian(struct cty_cli *cli, struct cty_draft *draft, const struct cty_newcomer *next,
                                  int which)
{
    struct cty_custodian_rotate *rotate = &draft->statement.u.custodian_rotate;
    CTY_TRY(check_name(cli, next, which));
    rotate->which = which;
    rotate->key = cty_buf_bytes(&next->key);
    CTY_TRY(cty_add_admins(cli, draft));
    CTY_TRY(cty_add_signer(cli, draft, CTY_LITERAL("new"), next->secret));
    return commit_reason(cli, draft, &rotate->reason);
}

static custody_err rotate_custodian(struct cty_cli *cli, struct cty_draft *draft, struct cty_newcomer *next)
{
    struct cty_client *client = NULL;
    const char *path = NULL;
    int which = CTY_CUSTODIAN_LOG;
    CTY_TRY(cty_cli_required(cli, "which", &path));
    CTY_TRY(cty_args_word(&cli->args, "which", cty_custodian_key_names, which, &which, &cli->error));
    CTY_TRY(cty_cli_required(cli, "new", &path));
    CTY_TRY(cty_newcomer_load(cli, path, next));
    CTY_TRY(cty_cli_client(cli, CTY_AS_NOBODY, &client));
    CTY_TRY(cty_client_begin(client, CTY_CUSTODIAN_ROTATE, draft, &cli->error));
    CTY_TRY(fill_custodian(cli, draft, next, which));
    return cty_finish_draft(cli, client, draft);
}

static custody_err custodian_rotate(struct cty_cli *cli)
{
    CTY_AUTO_FREE struct cty_draft *draft = cty_alloc(1, sizeof(*draft));
    CTY_CLEANUP(cty_newcomer_done) struct cty_newcomer next = {.secret = NULL};
    if (!draft)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    custody_err err = rotate_custodian(cli, draft, &next);
    cty_draft_done(draft);
    return err;
}

static const struct cty_opt custodian_options[] = {
    {"which", 'w', CTY_OPT_TEXT, "KEY", "log (signs checkpoints) or clerk (signs verdicts and releases)"},
    {"new", 0, CTY_OPT_TEXT, "KEY", "the new key file (or public line, with --draft), of the same name"},
    {"reason", 'r', CTY_OPT_TEXT, "TEXT", "why; only its commitment enters the ledger"},
    CTY_COSIGN_OPTIONS,
    {NULL},
};

const struct cty_command cty_command_custodian_rotate = {
    .name = "custodian rotate",
    .run = custodian_rotate,
    .summary = "change the custodian's log or clerk key",
    .operands = "",
    .about = "Signed by admins of the ledger, and by the new key. The custodian must have it in hand before: start\n"
             "custodyd with --next-log-key or --next-clerk-key. Trust files go on to work: who pins the old log key\n"
             "finds the new one by this statement.\n",
    .example = "custody custodian rotate --which clerk --new clerk-2.key --admin operator-ada.key "
               "--admin operator-otto.key",
    .uses = SIGN_USES,
    .options = custodian_options,
};

/* --- close ----------------------------------------------------------------------------------------------- */

static custody_err confirm_close(struct cty_cli *cli)
{
    struct cty_bytes origin = cli->trust.origin;
    char line[CTY_ORIGIN_BYTES_MAX + 8] = "";
    if (cty_args_flag(&cli->args, "yes"))
        return CUSTODY_OK;
    if (!cli->terminal)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "there is nobody at a terminal to ask; --yes closes without asking");
    (void)fprintf(cli->err, "Nothing is ever appended to this ledger again. Its name, to close it: ");
    (void)fflush(cli->err);
    if (fgets(line, sizeof(line), cli->in)) {
        line[strcspn(line, "\n")] = 0;
        if (cty_bytes_is(origin, line))
            return CUSTODY_OK;
    }
    return cty_fail_code(&cli->error, CUSTODY_E_DECLINED);
}

static custody_err close_ledger(struct cty_cli *cli, struct cty_draft *draft)
{
    struct cty_client *client = NULL;
    struct cty_checkpoint newest;
    CTY_TRY(cty_cli_client(cli, CTY_AS_NOBODY, &client));
    CTY_TRY(confirm_close(cli));
    CTY_TRY(cty_client_checkpoint(client, true, &newest, NULL, &cli->error));
    CTY_TRY(cty_client_begin(client, CTY_LEDGER_CLOSE, draft, &cli->error));
    draft->statement.u.ledger_close.size = newest.size + 1;
    CTY_TRY(cty_add_admins(cli, draft));
    CTY_TRY(commit_reason(cli, draft, &draft->statement.u.ledger_close.reason));
    return cty_finish_draft(cli, client, draft);
}

static custody_err close_command(struct cty_cli *cli)
{
    CTY_AUTO_FREE struct cty_draft *draft = cty_alloc(1, sizeof(*draft));
    if (!draft)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    custody_err err = close_ledger(cli, draft);
    cty_draft_done(draft);
    return err;
}

static const struct cty_opt close_options[] = {
    {"reason", 'r', CTY_OPT_TEXT, "TEXT", "why; only its commitment enters the ledger"},
    CTY_COSIGN_OPTIONS,
    {NULL},
};

const struct cty_command cty_command_close = {
    .name = "close",
    .run = close_command,
    .summary = "close the ledger for good",
    .operands = "",
    .about = "The last entry of a ledger, signed by its admins: nothing is appended after it, not even an expiry.\n"
             "Cases that are open stay undone. It goes on to be read and audited. The statement names the size that\n"
             "the ledger then has, so it is refused if another entry came between. Asks for the ledger's name.\n",
    .example = "custody close --admin operator-ada.key --admin operator-otto.key --yes",
    .uses = SIGN_USES | CTY_USE_YES,
    .options = close_options,
};
