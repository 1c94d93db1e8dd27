/* SPDX-License-Identifier: Apache-2.0 */
/* custody sign, custody submit: statements of several signers, from machine to machine. */
#include "base/check.h"
#include "cli/cosign.h"
#include "cli/put.h"
#include "cli/submitted.h"

static custody_err read_draft(struct cty_cli *cli, struct cty_cosign *cosign)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(CTY_DRAFT_FILE_BYTES_MAX);
    CTY_TRY(cty_cli_read_file(cli, cli->args.operands[0], &text));
    return cty_cosign_parse(cosign, cty_buf_bytes(&text), &cli->error);
}

/* --- sign ------------------------------------------------------------------------------------------------ */

static custody_err show_before(struct cty_cli *cli, const struct cty_cosign *cosign, const struct cty_secret *secret)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(CTY_PAGE_BYTES_MAX);
    CTY_TRY(cty_cosign_show(cosign, &text));
    CTY_TRY(cty_put_line(&text, "you sign as", cty_secret_name(secret)));
    cty_cli_present(cli, cty_buf_bytes(&text));
    return cty_cli_confirm(cli, "Sign this?");
}

static custody_err write_back(struct cty_cli *cli, const struct cty_cosign *cosign)
{
    const char *path = cli->args.operands[0];
    const char *opening = cty_args_text(&cli->args, "opening");
    CTY_CLEANUP(cty_buf_done) struct cty_buf file = CTY_BUF_INIT(CTY_DRAFT_FILE_BYTES_MAX);
    CTY_TRY(cty_cosign_format(cosign, &file));
    CTY_TRY(cty_cli_replace_file(cli, path, cty_buf_bytes(&file)));
    if (opening) {
        cty_buf_clear(&file);
        CTY_TRY(cty_cosign_submission(cosign, &file, &cli->error));
        CTY_TRY(cty_cli_write_file(cli, opening, cty_buf_bytes(&file)));
    }
    return cty_put_draft(cli, cosign, path);
}

static custody_err sign_draft(struct cty_cli *cli, struct cty_cosign *cosign)
{
    const struct cty_secret *secret = NULL;
    CTY_TRY(read_draft(cli, cosign));
    CTY_TRY(cty_cli_key(cli, &secret));
    CTY_TRY(show_before(cli, cosign, secret));
    CTY_TRY(cty_cosign_sign(cosign, secret, &cli->error));
    return write_back(cli, cosign);
}

static custody_err with_cosign(struct cty_cli *cli, custody_err (*run)(struct cty_cli *, struct cty_cosign *))
{
    CTY_AUTO_FREE struct cty_cosign *cosign = cty_alloc(1, sizeof(*cosign));
    if (!cosign)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    custody_err err = run(cli, cosign);
    cty_cosign_done(cosign);
    return err;
}

static custody_err sign(struct cty_cli *cli)
{
    if (strcmp(cli->args.operands[0], "-") == 0)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "a draft is signed in its file");
    return with_cosign(cli, sign_draft);
}

static const struct cty_opt sign_options[] = {
    {"opening", 0, CTY_OPT_TEXT, "FILE", "with the last signature of a ledger's opening: write it there"},
    {NULL},
};

const struct cty_command cty_command_sign = {
    .name = "sign",
    .run = sign,
    .summary = "add your signature to a draft",
    .operands = "DRAFT",
    .operands_min = 1,
    .operands_max = 1,
    .about = "Shows what the draft says, asks, and puts your signature into the file. Drafts come from --draft\n"
             "of init, enrol, revoke and policy publish. When all have signed, anybody may submit it.\n",
    .example = "custody sign enrol.draft --key acme-bob.key",
    .uses = CTY_USE_KEY | CTY_USE_PASSPHRASE | CTY_USE_YES,
    .options = sign_options,
};

/* --- submit ---------------------------------------------------------------------------------------------- */

static custody_err submit_draft(struct cty_cli *cli, struct cty_cosign *cosign)
{
    struct cty_client *client = NULL;
    CTY_TRY(read_draft(cli, cosign));
    CTY_TRY(cty_cli_client(cli, CTY_AS_NOBODY, &client));
    return cty_submit_cosigned(cli, client, cosign);
}

static custody_err submit(struct cty_cli *cli)
{
    return with_cosign(cli, submit_draft);
}

static const struct cty_opt submit_options[] = {
    CTY_READER_OPTION,
    CTY_RECEIPT_OPTION,
    {NULL},
};

const struct cty_command cty_command_submit = {
    .name = "submit",
    .run = submit,
    .summary = "submit a draft that all have signed",
    .operands = "DRAFT",
    .operands_min = 1,
    .operands_max = 1,
    .about = "Submits the statement with its contents, verifies the receipt, and says which entry it became.\n"
             "Submitting it again is safe.\n",
    .example = "custody submit enrol.draft",
    .uses = CTY_USE_URL | CTY_USE_TRUST | CTY_USE_PASSPHRASE | CTY_USE_STATE | CTY_USE_TIMEOUT,
    .options = submit_options,
};
