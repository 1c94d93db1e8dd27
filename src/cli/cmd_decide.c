/* SPDX-License-Identifier: Apache-2.0 */
/* custody approve, custody reject: shows what is decided, asks, signs what was shown. */
#include "base/check.h"
#include "cli/case.h"
#include "cli/newcomer.h"
#include "cli/put.h"
#include "cli/submitted.h"
#include "cli/text.h"

/* One decision in the making. */
struct deciding {
    struct cty_cli *cli;
    struct cty_client *client;
    struct cty_judgement *judgement;
    enum cty_choice choice;
    struct cty_buf shown;
    uint64_t expires;
    struct cty_draft draft;
    struct cty_submitted submitted;
};

static void deciding_done(struct deciding *d)
{
    cty_judgement_free(d->judgement);
    cty_buf_done(&d->shown);
    cty_draft_done(&d->draft);
    cty_submitted_done(&d->submitted);
}

/* Nothing is decided on what can't be believed, is not open, or can't be seen. */
static custody_err check(struct deciding *d)
{
    const struct cty_case *c = &d->judgement->record;
    struct cty_bytes payload;
    CTY_TRY(cty_judgement_check(d->judgement, &d->cli->error));
    enum cty_case_state state = cty_case_reads(d->judgement, cty_client_now(d->client));
    if (state == CTY_CASE_EXPIRED && c->state == CTY_CASE_HELD)
        return cty_fail(&d->cli->error, CUSTODY_E_DEADLINE_PASSED, "it was to be decided before");
    if (state != CTY_CASE_HELD)
        return cty_fail(&d->cli->error, CUSTODY_E_STATE_ILLEGAL, "the case is %s", cty_case_state_names[state]);
    CTY_TRY(cty_case_may_decide(d->judgement, cty_secret_name(cty_client_secret(d->client)), cty_client_now(d->client),
                                &d->cli->error));
    if (d->choice == CTY_APPROVE && cty_judgement_payload(d->judgement, &payload) != CUSTODY_OK)
        return cty_fail(&d->cli->error, CUSTODY_E_FORBIDDEN,
                        "the payload is not at hand, and nothing is approved unseen");
    return CUSTODY_OK;
}

static custody_err put_findings(struct cty_buf *out, const struct cty_report *report)
{
    for (size_t i = 0; i < report->findings_count; i++)
        CTY_TRY(cty_put_linef(out, "finding", "%s: %s", report->findings[i].code, report->findings[i].text));
    return CUSTODY_OK;
}

/* The rendering, and below it what the signature will say. */
static custody_err render(struct deciding *d)
{
    const char *reason = cty_args_text(&d->cli->args, "reason");
    struct cty_names travels = {.count = 0};
    CTY_TRY(cty_names_option(d->cli, "travels-to", CTY_TEXT_READER, CTY_READERS_MAX, &travels));
    CTY_TRY(cty_case_render(d->judgement, &d->shown));
    CTY_TRY(put_findings(&d->shown, &d->judgement->report));
    CTY_TRY(cty_put_line(&d->shown, "you sign as", cty_secret_name(cty_client_secret(d->client))));
    CTY_TRY(cty_put_linef(&d->shown, "you decide", "%s", cty_choice_names[d->choice]));
    if (reason)
        CTY_TRY(cty_put_line(&d->shown, "because", cty_bytes_text(reason)));
    CTY_TRY(cty_put_line_names(&d->shown, "travels to", &travels));
    return d->choice == CTY_APPROVE ? cty_put_line_time(&d->shown, "counts until", d->expires) : CUSTODY_OK;
}

static custody_err find_expires(struct deciding *d)
{
    uint64_t period = 0;
    uint64_t now = cty_client_now(d->client);
    d->expires = d->judgement->record.expires;
    CTY_TRY(cty_args_period(&d->cli->args, "counts-for", 0, &period, &d->cli->error));
    if (period && now + period < d->expires)
        d->expires = now + period;
    return CUSTODY_OK;
}

static custody_err fill(struct deciding *d)
{
    const struct cty_case *c = &d->judgement->record;
    const char *reason = cty_args_text(&d->cli->args, "reason");
    struct cty_decision *decision = &d->draft.statement.u.decision;
    cty_draft_join(&d->draft, &d->judgement->case_id, c);
    decision->choice = (int)d->choice;
    decision->expires = d->expires;
    memcpy(decision->instance, c->instance.bits, sizeof(decision->instance));
    decision->method = CTY_METHOD_CLI;
    decision->payload = c->payload;
    CTY_TRY(cty_names_option(d->cli, "travels-to", CTY_TEXT_READER, CTY_READERS_MAX, &decision->travels));
    decision->reason.present = reason != NULL;
    if (reason)
        CTY_TRY(cty_draft_commit(&d->draft, "reason", cty_bytes_text(reason), &decision->reason.hash));
    decision->shown.present = true;
    return cty_draft_commit(&d->draft, "shown", cty_buf_bytes(&d->shown), &decision->shown.hash);
}

static custody_err sign_and_submit(struct deciding *d)
{
    CTY_TRY(cty_client_begin(d->client, CTY_DECISION, &d->draft, &d->cli->error));
    CTY_TRY(fill(d));
    custody_err err = cty_client_submit(d->client, &d->draft, NULL, &d->submitted, &d->cli->error);
    return cty_keep_refusal(d->cli, &d->submitted, err);
}

static custody_err page(struct deciding *d)
{
    struct cty_cli *cli = d->cli;
    bool released = d->submitted.follow_count && d->submitted.follow[0].type == CTY_RELEASE;
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

static custody_err run(struct deciding *d)
{
    CTY_TRY(cty_cli_judge(d->cli, CTY_GATHER_CONTENTS, &d->client, &d->judgement));
    CTY_TRY(check(d));
    CTY_TRY(find_expires(d));
    CTY_TRY(render(d));
    cty_cli_present(d->cli, cty_buf_bytes(&d->shown));
    CTY_TRY(cty_cli_confirm(d->cli, d->choice == CTY_APPROVE ? "Approve this?" : "Reject this?"));
    CTY_TRY(sign_and_submit(d));
    return page(d);
}

static custody_err decide(struct cty_cli *cli, enum cty_choice choice)
{
    CTY_AUTO_FREE struct deciding *d = cty_alloc(1, sizeof(*d));
    if (!d)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    d->cli = cli;
    d->choice = choice;
    d->shown = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
    custody_err err = run(d);
    deciding_done(d);
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
