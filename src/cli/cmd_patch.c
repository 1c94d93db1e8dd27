/* SPDX-License-Identifier: Apache-2.0 */
/* custody patch: an approver changes the payload; a new verdict follows, and approvals begin again. */
#include "base/check.h"
#include "cli/decide.h"
#include "cli/edit.h"
#include "cli/put.h"
#include "cli/submitted.h"
#include "cli/text.h"

static custody_err read_facts(struct cty_patching *p)
{
    const char *path = cty_args_text(&p->cli->args, "facts");
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(CTY_STATEMENT_BYTES_MAX);
    if (!path)
        return CUSTODY_OK;
    CTY_TRY(cty_cli_read_file(p->cli, path, &text));
    return cty_json_tidy(cty_buf_bytes(&text), &p->facts, &p->cli->error);
}

static custody_err page(struct cty_patching *p)
{
    struct cty_jw jw;
    CTY_TRY(cty_keep_receipt(p->cli, &p->submitted));
    if (!p->cli->json)
        return cty_put_submitted(p->cli, &p->submitted);
    cty_page_begin(p->cli, &jw);
    cty_member_hash(&jw, "case", &p->judgement->case_id);
    CTY_TRY(cty_member_diff(&jw, "changes", p->payload, cty_buf_bytes(&p->result)));
    cty_member_raw(&jw, "operations", cty_buf_bytes(&p->operations));
    cty_member_raw(&jw, "payload", cty_buf_bytes(&p->result));
    cty_member_submitted(&jw, "submitted", &p->submitted);
    return cty_page_end(p->cli, &jw);
}

static custody_err run(struct cty_cli *cli, struct cty_patching *p)
{
    struct cty_client *client = NULL;
    struct cty_hash case_id;
    p->reason = cty_args_text(&cli->args, "reason");
    CTY_TRY(cty_cli_client(cli, CTY_AS_KEY, &client));
    CTY_TRY(cty_cli_case(cli, client, cli->args.operands[0], &case_id));
    CTY_TRY(cty_patching_begin(p, cli, client, &case_id));
    CTY_TRY(read_facts(p));
    CTY_TRY(cty_edit_payload(cli, p->payload, &p->operations, &p->result));
    CTY_TRY(cty_patching_render(p));
    cty_cli_present(cli, cty_buf_bytes(&p->shown));
    CTY_TRY(cty_cli_confirm(cli, "Patch it like this?"));
    CTY_TRY(cty_patching_sign(p));
    return page(p);
}

static custody_err patch(struct cty_cli *cli)
{
    CTY_AUTO_FREE struct cty_patching *p = cty_alloc(1, sizeof(*p));
    if (!p)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    custody_err err = run(cli, p);
    cty_patching_done(p);
    return err;
}

static const struct cty_opt options[] = {
    CTY_EDIT_OPTIONS,
    {"reason", 'r', CTY_OPT_TEXT, "TEXT", "why; those who may read the case see it"},
    {"facts", 0, CTY_OPT_TEXT, "FILE", "what you state about the result, a JSON object for policies"},
    CTY_RECEIPT_OPTION,
    {NULL},
};

const struct cty_command cty_command_patch = {
    .name = "patch",
    .run = patch,
    .summary = "change a case's payload",
    .operands = "CASE",
    .operands_min = 1,
    .operands_max = 1,
    .about = "Shows the case and the difference that you would make, asks, and signs the operations and their\n"
             "result. The policies then judge the new payload, and approvals begin again.\n",
    .example = "custody patch 3f2a9c41 --set /amount=250 --key acme-alice.key --reason 'only half came back'",
    .uses = CTY_USE_SIGN,
    .options = options,
};
