/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/decide.h"

#include "base/check.h"
#include "cli/near.h"
#include "cli/put.h"
#include "cli/submitted.h"
#include "cli/text.h"

/* --- a decision ------------------------------------------------------------------------------------------ */

void cty_deciding_done(struct cty_deciding *d)
{
    cty_judgement_free(d->judgement);
    cty_buf_done(&d->shown);
    cty_draft_done(&d->draft);
    cty_submitted_done(&d->submitted);
}

/* What can be decided stands HELD, and its time has not passed. */
static custody_err check_open(struct cty_cli *cli, struct cty_client *client, const struct cty_judgement *judgement)
{
    CTY_TRY(cty_judgement_check(judgement, &cli->error));
    enum cty_case_state state = cty_case_reads(judgement, cty_client_now(client));
    if (state == CTY_CASE_EXPIRED && judgement->record.state == CTY_CASE_HELD)
        return cty_fail(&cli->error, CUSTODY_E_DEADLINE_PASSED, "it was to be decided before");
    if (state != CTY_CASE_HELD)
        return cty_fail(&cli->error, CUSTODY_E_STATE_ILLEGAL, "the case is %s", cty_case_state_names[state]);
    return CUSTODY_OK;
}

enum saying { SAY_APPROVE, SAY_REJECT, SAY_ESCALATE, SAY_PATCH };

static enum saying saying_of(enum cty_choice choice)
{
    switch (choice) {
    case CTY_APPROVE:
        return SAY_APPROVE;
    case CTY_REJECT:
        return SAY_REJECT;
    case CTY_ESCALATE:
        return SAY_ESCALATE;
    }
    return SAY_APPROVE;
}

/*
 * What keeps somebody from approving, and not from saying this: nobody who is asked is kept from a no; consent and order
 * are about approvals; who has approved may still patch. The custodian judges by the whole law.
 */
static bool is_no_bar(enum saying saying, custody_err err)
{
    if (saying == SAY_APPROVE)
        return false;
    if (err == CUSTODY_E_CONSENT_MISSING || err == CUSTODY_E_OUT_OF_ORDER)
        return true;
    if (err == CUSTODY_E_DUPLICATE_HUMAN)
        return saying == SAY_PATCH || saying == SAY_REJECT;
    return saying == SAY_REJECT && err == CUSTODY_E_SELF_APPROVAL;
}

static custody_err may_say(struct cty_cli *cli, struct cty_client *client, const struct cty_judgement *judgement,
                           enum saying saying)
{
    custody_err err = cty_case_may_decide(judgement, cty_secret_name(cty_client_secret(client)),
                                          cty_client_now(client), &cli->error);
    return is_no_bar(saying, err) ? CUSTODY_OK : err;
}

/* Nothing is decided on what can't be believed, is not open, or can't be seen. */
static custody_err check(struct cty_deciding *d)
{
    struct cty_bytes payload;
    CTY_TRY(check_open(d->cli, d->client, d->judgement));
    CTY_TRY(may_say(d->cli, d->client, d->judgement, saying_of(d->choice)));
    CTY_TRY(cty_judgement_payload_if(d->judgement, &payload));
    if (d->choice == CTY_APPROVE && !payload.data)
        return cty_fail(&d->cli->error, CUSTODY_E_FORBIDDEN,
                        "the payload is not at hand, and nothing is approved unseen");
    return CUSTODY_OK;
}

static void find_expires(struct cty_deciding *d)
{
    uint64_t now = cty_client_now(d->client);
    d->expires = d->judgement->record.expires;
    if (d->counts_for_ms && now + d->counts_for_ms < d->expires)
        d->expires = now + d->counts_for_ms;
}

/* The rendering, and below it what the signature will say. */
static custody_err render(struct cty_deciding *d)
{
    CTY_TRY(d->choice == CTY_APPROVE ? cty_case_render_whole(d->judgement, &d->shown)
                                     : cty_case_render(d->judgement, &d->shown));
    CTY_TRY(cty_case_findings(d->judgement, &d->shown));
    CTY_TRY(cty_put_line(&d->shown, "you sign as", cty_secret_name(cty_client_secret(d->client))));
    CTY_TRY(cty_put_linef(&d->shown, "you decide", "%s", cty_choice_names[d->choice]));
    if (d->reason)
        CTY_TRY(cty_put_line(&d->shown, "because", cty_bytes_text(d->reason)));
    CTY_TRY(cty_put_line_names(&d->shown, "travels to", &d->travels));
    return d->choice == CTY_APPROVE ? cty_put_line_time(&d->shown, "counts until", d->expires) : CUSTODY_OK;
}

static custody_err refuse_unknown(const struct cty_deciding *d, struct cty_bytes name)
{
    cty_near_tell(d->cli, d->client, name, CUSTODY_E_USAGE);
    return cty_fail(&d->cli->error, CUSTODY_E_USAGE, "--travels-to: nobody is enrolled as %.*s", (int)name.size,
                    (const char *)name.data);
}

/* A name that nobody has is a slip of the pen: the approval would never travel. */
static custody_err check_travels(const struct cty_deciding *d)
{
    for (uint32_t i = 0; i < d->travels.count; i++) {
        struct cty_bytes name = d->travels.names[i];
        if (!cty_judgement_knows(d->judgement, name))
            return refuse_unknown(d, name);
    }
    return CUSTODY_OK;
}

custody_err cty_deciding_begin(struct cty_deciding *d, struct cty_cli *cli, struct cty_client *client,
                               const struct cty_hash *case_id)
{
    d->cli = cli;
    d->client = client;
    d->shown = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
    CTY_TRY(cty_cli_judge_case(cli, client, case_id, &d->judgement));
    CTY_TRY(check(d));
    CTY_TRY(check_travels(d));
    find_expires(d);
    custody_err err = render(d);
    if (err == CUSTODY_E_TOO_LARGE)
        return cty_fail(&cli->error, err,
                        "rendered whole, the case is more than the %u bytes that are kept as shown, and nothing is "
                        "approved that was shown in part: reject it, and ask for less at once", CTY_BLOB_BYTES_MAX);
    return err;
}

static custody_err fill(struct cty_deciding *d)
{
    const struct cty_case *c = &d->judgement->record;
    struct cty_decision *decision = &d->draft.statement.u.decision;
    cty_draft_join(&d->draft, &d->judgement->case_id, c);
    decision->choice = (int)d->choice;
    decision->expires = d->expires;
    memcpy(decision->instance, c->instance.bits, sizeof(decision->instance));
    decision->method = CTY_METHOD_CLI;
    decision->payload = c->payload;
    decision->travels = d->travels;
    if (d->choice == CTY_APPROVE)
        CTY_TRY(cty_case_previous(d->judgement, d->draft.statement.time, &decision->previous));
    decision->reason.present = d->reason != NULL;
    if (d->reason)
        CTY_TRY(cty_draft_commit(&d->draft, "reason", cty_bytes_text(d->reason), &decision->reason.hash));
    decision->shown.present = true;
    return cty_draft_commit(&d->draft, "shown", cty_buf_bytes(&d->shown), &decision->shown.hash);
}

custody_err cty_deciding_sign(struct cty_deciding *d)
{
    CTY_TRY(cty_client_begin(d->client, CTY_DECISION, &d->draft, &d->cli->error));
    CTY_TRY(fill(d));
    custody_err err = cty_client_submit(d->client, &d->draft, NULL, &d->submitted, &d->cli->error);
    return cty_keep_refusal(d->cli, &d->submitted, err);
}

bool cty_deciding_released(const struct cty_deciding *d)
{
    return d->submitted.follow_count && d->submitted.follow[0].type == CTY_RELEASE;
}

/* --- a patch --------------------------------------------------------------------------------------------- */

void cty_patching_done(struct cty_patching *p)
{
    cty_judgement_free(p->judgement);
    cty_buf_done(&p->operations);
    cty_buf_done(&p->result);
    cty_buf_done(&p->facts);
    cty_buf_done(&p->shown);
    cty_draft_done(&p->draft);
    cty_submitted_done(&p->submitted);
}

custody_err cty_patching_begin(struct cty_patching *p, struct cty_cli *cli, struct cty_client *client,
                               const struct cty_hash *case_id)
{
    p->cli = cli;
    p->client = client;
    p->operations = p->result = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
    p->facts = CTY_BUF_INIT(CTY_STATEMENT_BYTES_MAX);
    p->shown = CTY_BUF_INIT(CTY_PAGE_BYTES_MAX);
    CTY_TRY(cty_cli_judge_case(cli, client, case_id, &p->judgement));
    CTY_TRY(check_open(cli, client, p->judgement));
    CTY_TRY(may_say(cli, client, p->judgement, SAY_PATCH));
    CTY_TRY(cty_judgement_payload_if(p->judgement, &p->payload));
    if (!p->payload.data)
        return cty_fail(&cli->error, CUSTODY_E_FORBIDDEN, "the payload is not at hand");
    return CUSTODY_OK;
}

custody_err cty_patching_render(struct cty_patching *p)
{
    CTY_TRY(cty_case_render(p->judgement, &p->shown));
    CTY_TRY(cty_case_findings(p->judgement, &p->shown));
    CTY_TRY(cty_put_line(&p->shown, "you sign as", cty_secret_name(cty_client_secret(p->client))));
    CTY_TRY(cty_put_linef(&p->shown, "you change", "the payload:"));
    CTY_TRY(cty_render_diff(p->payload, cty_buf_bytes(&p->result), 2, &p->shown));
    return p->reason ? cty_put_line(&p->shown, "because", cty_bytes_text(p->reason)) : CUSTODY_OK;
}

static custody_err fill_patch(struct cty_patching *p)
{
    struct cty_patch *patch = &p->draft.statement.u.patch;
    cty_draft_join(&p->draft, &p->judgement->case_id, &p->judgement->record);
    patch->base = p->judgement->record.payload;
    patch->facts = cty_buf_bytes(&p->facts);
    CTY_TRY(cty_draft_commit_json(&p->draft, "operations", cty_buf_bytes(&p->operations), &patch->operations,
                                  &p->cli->error));
    patch->reason.present = p->reason != NULL;
    if (p->reason)
        CTY_TRY(cty_draft_commit(&p->draft, "reason", cty_bytes_text(p->reason), &patch->reason.hash));
    return cty_draft_commit_json(&p->draft, "result", cty_buf_bytes(&p->result), &patch->result, &p->cli->error);
}

custody_err cty_patching_sign(struct cty_patching *p)
{
    CTY_TRY(cty_client_begin(p->client, CTY_PATCH, &p->draft, &p->cli->error));
    CTY_TRY(fill_patch(p));
    custody_err err = cty_client_submit(p->client, &p->draft, NULL, &p->submitted, &p->cli->error);
    return cty_keep_refusal(p->cli, &p->submitted, err);
}
