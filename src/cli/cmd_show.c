/* SPDX-License-Identifier: Apache-2.0 */
/* custody show */
#include "base/check.h"
#include "cli/case.h"
#include "cli/put.h"
#include "cli/standing.h"

/* Witnesses who have not come yet are no failure of the case: they are asked for before somebody acts. */
static int status_of(const struct cty_report *report)
{
    for (int claim = 0; claim < CTY_CLAIM_COUNT; claim++) {
        const struct cty_claim_line *line = &report->claims[claim];
        bool waits = claim == CTY_CLAIM_WITNESSED && line->code == CUSTODY_E_UNDER_THRESHOLD;
        if (line->state == CTY_CLAIM_FAILS && !waits)
            return cty_report_exit(report);
    }
    return cty_report_failed(report) ? 3 : cty_report_exit(report);
}

/* Which command checks what one case with its chain of trust can't show. */
static custody_err put_more(const struct cty_judgement *judgement, struct cty_buf *out)
{
    const struct cty_claim_line *claims = judgement->report.claims;
    if (claims[CTY_CLAIM_BETWEEN].state == CTY_CLAIM_NOT_CHECKED)
        CTY_TRY(cty_buf_put_text(out, "more        'custody evidence CASE --out FILE' also proves what lies between release and consume\n"));
    if (claims[CTY_CLAIM_UNIQUE].state == CTY_CLAIM_NOT_CHECKED)
        CTY_TRY(cty_buf_put_text(out, "more        'custody audit' reads every entry, and knows every id\n"));
    return CUSTODY_OK;
}

static custody_err page(struct cty_cli *cli, struct cty_client *client, const struct cty_judgement *judgement)
{
    uint64_t now = cty_client_now(client);
    struct cty_jw jw;
    CTY_AUTO_FREE struct cty_standing *standing = cty_alloc(1, sizeof(*standing));
    if (!standing)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    CTY_TRY(cty_standing_case(cli, client, judgement, standing));
    cli->wraps = true;
    cli->status = status_of(&judgement->report);
    if (cli->status == 3 && cty_judgement_check(judgement, NULL) == CUSTODY_OK)
        cli->status = standing->asks && !standing->reached ? 3 : 0;
    if (!cli->json) {
        CTY_TRY(cty_case_show(judgement, now, &cli->page));
        CTY_TRY(put_more(judgement, &cli->page));
        return cty_standing_put(standing, now, &cli->page);
    }
    cty_page_begin(cli, &jw);
    CTY_TRY(cty_case_members(judgement, judgement->known ? cty_case_reads(judgement, now) : CTY_CASE_HELD, &jw));
    cty_standing_member(&jw, standing);
    return cty_page_end(cli, &jw);
}

static custody_err show(struct cty_cli *cli)
{
    struct cty_client *client = NULL;
    CTY_CLEANUP(cty_judgement_free_pointer) struct cty_judgement *judgement = NULL;
    CTY_TRY(cty_cli_judge(cli, &client, &judgement));
    return page(cli, client, judgement);
}

const struct cty_command cty_command_show = {
    .name = "show",
    .run = show,
    .summary = "a case: payload, changes, decisions, and what was verified",
    .operands = "CASE",
    .operands_min = 1,
    .operands_max = 1,
    .about = "Fetches the case's entries and the chain of trust, judges them by the trust file, and shows what\n"
             "they say: who asks for what, the payload as it stands, what each revision changed, who said\n"
             "what. CASE is its name, or the first eight digits or more.\n\n"
             "'quorum 1 of 2 by approver of acme, asked for by ledger': the ledger's own policy (or a party's,\n"
             "which is named) asks for two approvals by persons of acme who have the role approver, and one that\n"
             "counts is there. Each such line must be met. 'verified' names each claim: it holds, fails, or was\n"
             "not checked, which is no failure.\n",
    .example = "custody show 3f2a9c41 --key acme-alice.key",
    .uses = CTY_USE_READ,
};
