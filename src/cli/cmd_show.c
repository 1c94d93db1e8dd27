/* SPDX-License-Identifier: Apache-2.0 */
/* custody show */
#include "base/check.h"
#include "cli/case.h"
#include "cli/put.h"
#include "cli/text.h"

static custody_err put_text(struct cty_cli *cli, const struct cty_judgement *judgement, enum cty_case_state state)
{
    CTY_TRY(cty_case_render(judgement, &cli->page));
    if (judgement->known && state != (enum cty_case_state)judgement->record.state)
        CTY_TRY(cty_put_linef(&cli->page, "reads as", "%s: its deadline has passed", cty_case_state_names[state]));
    CTY_TRY(cty_put_linef(&cli->page, "verified", "under the checkpoint of %llu entries:",
                          (unsigned long long)judgement->checkpoint.size));
    return cty_report_text(&judgement->report, &cli->page);
}

static custody_err page(struct cty_cli *cli, struct cty_client *client, const struct cty_judgement *judgement)
{
    enum cty_case_state state = judgement->known ? cty_case_reads(judgement, cty_client_now(client)) : CTY_CASE_HELD;
    struct cty_jw jw;
    cli->status = cty_report_exit(&judgement->report);
    if (cli->status == 3 && cty_judgement_check(judgement, NULL) == CUSTODY_OK)
        cli->status = 0;
    if (!cli->json)
        return put_text(cli, judgement, state);
    cty_page_begin(cli, &jw);
    CTY_TRY(cty_case_members(judgement, state, &jw));
    return cty_page_end(cli, &jw);
}

static custody_err show(struct cty_cli *cli)
{
    struct cty_client *client = NULL;
    CTY_CLEANUP(cty_judgement_free_pointer) struct cty_judgement *judgement = NULL;
    CTY_TRY(cty_cli_judge(cli, CTY_GATHER_CONTENTS, &client, &judgement));
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
             "what. CASE is its name, or the first eight digits or more.\n",
    .example = "custody show 3f2a9c41 --key acme-alice.key",
    .uses = CTY_USE_READ,
};
