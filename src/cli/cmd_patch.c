/* SPDX-License-Identifier: Apache-2.0 */
/* custody patch: an approver changes the payload; a new verdict follows, and approvals begin again. */
#include "base/check.h"
#include "cli/case.h"
#include "cli/edit.h"
#include "cli/put.h"
#include "cli/submitted.h"
#include "cli/text.h"

struct patching {
    struct cty_cli *cli;
    struct cty_client *client;
    struct cty_judgement *judgement;
    struct cty_bytes payload;
    struct cty_buf operations, result, facts, shown;
    struct cty_draft draft;
    struct cty_submitted submitted;
};

static void patching_done(struct patching *p)
{
    cty_judgement_free(p->judgement);
    cty_buf_done(&p->operations);
    cty_buf_done(&p->result);
    cty_buf_done(&p->facts);
    cty_buf_done(&p->shown);
    cty_draft_done(&p->draft);
    cty_submitted_done(&p->submitted);
}

static custody_err check(struct patching *p)
{
    enum cty_case_state state;
    CTY_TRY(cty_judgement_check(p->judgement, &p->cli->error));
    state = cty_case_reads(p->judgement, cty_client_now(p->client));
    if (state != CTY_CASE_HELD)
        return cty_fail(&p->cli->error, CUSTODY_E_STATE_ILLEGAL, "the case is %s", cty_case_state_names[state]);
    custody_err err = cty_case_may_decide(p->judgement, cty_secret_name(cty_client_secret(p->client)),
                                          cty_client_now(p->client), &p->cli->error);
    if (err != CUSTODY_OK && err != CUSTODY_E_DUPLICATE_HUMAN) /* who has approved may still change it */
        return err;
    if (cty_judgement_payload(p->judgement, &p->payload) != CUSTODY_OK)
        return cty_fail(&p->cli->error, CUSTODY_E_FORBIDDEN, "the payload is not at hand");
    return CUSTODY_OK;
}

static custody_err read_facts(struct patching *p)
{
    const char *path = cty_args_text(&p->cli->args, "facts");
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(CTY_STATEMENT_BYTES_MAX);
    if (!path)
        return CUSTODY_OK;
    CTY_TRY(cty_cli_read_file(p->cli, path, &text));
    return cty_json_tidy(cty_buf_bytes(&text), &p->facts, &p->cli->error);
}

static custody_err show(struct patching *p)
{
    const char *reason = cty_args_text(&p->cli->args, "reason");
    CTY_TRY(cty_case_render(p->judgement, &p->shown));
    CTY_TRY(cty_put_line(&p->shown, "you sign as", cty_secret_name(cty_client_secret(p->client))));
    CTY_TRY(cty_put_linef(&p->shown, "you change", "the payload:"));
    CTY_TRY(cty_render_diff(p->payload, cty_buf_bytes(&p->result), 2, &p->shown));
    if (reason)
        CTY_TRY(cty_put_line(&p->shown, "because", cty_bytes_text(reason)));
    cty_cli_present(p->cli, cty_buf_bytes(&p->shown));
    return cty_cli_confirm(p->cli, "Patch it like this?");
}

static custody_err fill(struct patching *p)
{
    const char *reason = cty_args_text(&p->cli->args, "reason");
    struct cty_patch *patch = &p->draft.statement.u.patch;
    cty_draft_join(&p->draft, &p->judgement->case_id, &p->judgement->record);
    patch->base = p->judgement->record.payload;
    patch->facts = cty_buf_bytes(&p->facts);
    CTY_TRY(cty_draft_commit_json(&p->draft, "operations", cty_buf_bytes(&p->operations), &patch->operations,
                                  &p->cli->error));
    patch->reason.present = reason != NULL;
    if (reason)
        CTY_TRY(cty_draft_commit(&p->draft, "reason", cty_bytes_text(reason), &patch->reason.hash));
    return cty_draft_commit_json(&p->draft, "result", cty_buf_bytes(&p->result), &patch->result, &p->cli->error);
}

static custody_err page(struct patching *p)
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

static custody_err run(struct patching *p)
{
    CTY_TRY(cty_cli_judge(p->cli, CTY_GATHER_CONTENTS, &p->client, &p->judgement));
    CTY_TRY(check(p));
    CTY_TRY(read_facts(p));
    CTY_TRY(cty_edit_payload(p->cli, p->payload, &p->operations, &p->result));
    CTY_TRY(show(p));
    CTY_TRY(cty_client_begin(p->client, CTY_PATCH, &p->draft, &p->cli->error));
    CTY_TRY(fill(p));
    custody_err err = cty_client_submit(p->client, &p->draft, NULL, &p->submitted, &p->cli->error);
    CTY_TRY(cty_keep_refusal(p->cli, &p->submitted, err));
    return page(p);
}

static custody_err patch(struct cty_cli *cli)
{
    CTY_AUTO_FREE struct patching *p = cty_alloc(1, sizeof(*p));
    if (!p)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    p->cli = cli;
    p->operations = p->result = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
    p->facts = CTY_BUF_INIT(CTY_STATEMENT_BYTES_MAX);
    p->shown = CTY_BUF_INIT(CTY_PAGE_BYTES_MAX);
    custody_err err = run(p);
    patching_done(p);
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
