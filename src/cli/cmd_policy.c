/* SPDX-License-Identifier: Apache-2.0 */
/* custody policy check, show, publish */
#include "base/check.h"
#include "cli/newcomer.h"
#include "cli/policy_file.h"
#include "cli/put.h"
#include "client/read.h"

static custody_err page_policy(struct cty_cli *cli, const struct cty_policy_file *file, const char *scope,
                               const struct cty_hash *digest)
{
    struct cty_jw jw;
    if (!cli->json) {
        if (scope)
            CTY_TRY(cty_put_line(&cli->page, "scope", cty_bytes_text(scope)));
        if (digest)
            CTY_TRY(cty_put_line_hash(&cli->page, "digest", digest));
        return cty_policy_show(&file->policy, &cli->page);
    }
    cty_page_begin(cli, &jw);
    if (digest)
        cty_member_hash(&jw, "digest", digest);
    cty_member_raw(&jw, "policy", cty_buf_bytes(&file->text));
    if (scope)
        cty_member_text(&jw, "scope", scope);
    return cty_page_end(cli, &jw);
}

static custody_err check(struct cty_cli *cli, struct cty_policy_file *file)
{
    CTY_TRY(cty_policy_file_read(cli, cli->args.operands[0], file));
    return page_policy(cli, file, NULL, NULL);
}

static custody_err show(struct cty_cli *cli, struct cty_policy_file *file)
{
    const char *scope = cli->args.operands[0] ? cli->args.operands[0] : "ledger";
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(CTY_STATEMENT_BYTES_MAX);
    struct cty_client *client = NULL;
    struct cty_hash digest;
    CTY_TRY(cty_cli_client(cli, CTY_AS_KEY, &client));
    CTY_TRY(cty_client_policy(client, scope, &text, &digest, &cli->error));
    CTY_TRY(cty_policy_file_parse(cli, cty_buf_bytes(&text), file));
    return page_policy(cli, file, scope, &digest);
}

/* --- publish --------------------------------------------------------------------------------------------- */

/* The digest of the policy in force: what the custodian says, or --replaces. A false one is refused by everybody. */
static custody_err find_replaced(struct cty_cli *cli, struct cty_client *client, const char *scope,
                                 struct cty_opt_hash *ret_replaces)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(CTY_STATEMENT_BYTES_MAX);
    custody_err err = cty_client_policy(client, scope, &text, &ret_replaces->hash, &cli->error);
    ret_replaces->present = err == CUSTODY_OK;
    return err == CUSTODY_E_NOT_FOUND ? CUSTODY_OK : err;
}

static custody_err fill(struct cty_cli *cli, struct cty_client *client, const struct cty_policy_file *file,
                        struct cty_draft *draft)
{
    struct cty_policy_publish *publish = &draft->statement.u.policy_publish;
    const char *scope = cty_args_text(&cli->args, "scope");
    draft->statement.signers_count = 0;
    CTY_TRY(cty_add_admins(cli, draft));
    publish->policy = cty_buf_bytes(&file->text);
    publish->scope = cty_bytes_text(scope);
    return find_replaced(cli, client, scope, &publish->replaces);
}

/* The policy in force is read by the first admin whose key is here, or by --key where all sign elsewhere. */
static custody_err open_reader(struct cty_cli *cli, struct cty_client **ret_client)
{
    const char *first = cty_args_item(&cli->args, "admin", 0);
    const struct cty_secret *secret = NULL;
    if (!first)
        return cty_cli_client(cli, CTY_AS_KEY, ret_client);
    CTY_TRY(cty_cli_load_key(cli, first, &secret));
    return cty_cli_client_of(cli, secret, ret_client);
}

static custody_err publish(struct cty_cli *cli, struct cty_policy_file *file)
{
    const char *scope = NULL;
    struct cty_client *client = NULL;
    CTY_AUTO_FREE struct cty_draft *draft = cty_alloc(1, sizeof(*draft));
    if (!draft)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    CTY_TRY(cty_cli_required(cli, "scope", &scope));
    if (cty_text_check(CTY_TEXT_SCOPE, cty_bytes_text(scope)) != CUSTODY_OK)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "--scope is a party or ledger");
    CTY_TRY(cty_policy_file_read(cli, cli->args.operands[0], file));
    CTY_TRY(open_reader(cli, &client));
    custody_err err = cty_client_begin(client, CTY_POLICY_PUBLISH, draft, &cli->error);
    if (err == CUSTODY_OK)
        err = fill(cli, client, file, draft);
    if (err == CUSTODY_OK)
        err = cty_finish_draft(cli, client, draft);
    cty_draft_done(draft);
    return err;
}

/* --- the commands ---------------------------------------------------------------------------------------- */

static custody_err with_file(struct cty_cli *cli, custody_err (*run)(struct cty_cli *, struct cty_policy_file *))
{
    CTY_AUTO_FREE struct cty_policy_file *file = cty_alloc(1, sizeof(*file));
    if (!file)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    custody_err err = run(cli, file);
    cty_policy_file_done(file);
    return err;
}

static custody_err policy_check(struct cty_cli *cli)
{
    return with_file(cli, check);
}

static custody_err policy_show(struct cty_cli *cli)
{
    return with_file(cli, show);
}

static custody_err policy_publish(struct cty_cli *cli)
{
    return with_file(cli, publish);
}

const struct cty_command cty_command_policy_check = {
    .name = "policy check",
    .run = policy_check,
    .summary = "read a policy and say it in sentences",
    .operands = "FILE",
    .operands_min = 1,
    .operands_max = 1,
    .about = "Reads a policy (spec/policy.md), names what is wrong in it, and says what it means. Nothing is\n"
             "sent anywhere.\n",
    .example = "custody policy check refunds.policy.json",
};

const struct cty_command cty_command_policy_show = {
    .name = "policy show",
    .run = policy_show,
    .summary = "the policy in force",
    .operands = "[SCOPE]",
    .operands_max = 1,
    .about = "Prints the policy of a party, or the ledger's, as the custodian tells it.\n",
    .example = "custody policy show ledger --key acme-alice.key",
    .uses = CTY_USE_READ,
};

static const struct cty_opt publish_options[] = {
    {"scope", 's', CTY_OPT_TEXT, "SCOPE", "whose policy: a party, or ledger"},
    CTY_COSIGN_OPTIONS,
    {NULL},
};

const struct cty_command cty_command_policy_publish = {
    .name = "policy publish",
    .run = policy_publish,
    .summary = "put a policy in force",
    .operands = "FILE",
    .operands_min = 1,
    .operands_max = 1,
    .about = "Publishes the policy of a party or of the ledger in the place of the one in force, signed by as\n"
             "many admins as that one says. It binds open cases only through a new verdict.\n",
    .example = "custody policy publish refunds.policy.json --scope acme --admin acme-alice.key --admin acme-bob.key",
    .uses = CTY_USE_READ,
    .options = publish_options,
};
