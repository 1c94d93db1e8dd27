/* SPDX-License-Identifier: Apache-2.0 */
/* custody handoffs: the map of a case's hops. */
#include "base/check.h"
#include "cli/case.h"
#include "cli/handoffs.h"
#include "cli/put.h"

static custody_err page_text(struct cty_cli *cli, const struct cty_judgement *judgement, uint64_t now)
{
    const struct cty_case *c = &judgement->record;
    struct cty_buf *out = &cli->page;
    CTY_TRY(cty_put_line_hash(out, "case", &judgement->case_id));
    CTY_TRY(cty_put_line(out, "asked by", c->requester));
    CTY_TRY(cty_handoffs_show(judgement, now, out));
    CTY_TRY(cty_put_line(out, "held by", c->holder));
    if (c->scope.present)
        CTY_TRY(cty_scope_show(&c->scope, out));
    return c->finalised ? cty_put_linef(out, "finalised", "it is handed on no more") : CUSTODY_OK;
}

static custody_err page(struct cty_cli *cli, struct cty_client *client, const struct cty_judgement *judgement)
{
    uint64_t now = cty_client_now(client);
    struct cty_jw jw;
    cli->wraps = true;
    if (!cli->json)
        return page_text(cli, judgement, now);
    cty_page_begin(cli, &jw);
    cty_member_hash(&jw, "case", &judgement->case_id);
    cty_member_bool(&jw, "finalised", judgement->record.finalised);
    CTY_TRY(cty_handoffs_member(judgement, now, &jw));
    cty_member(&jw, "holder", judgement->record.holder);
    cty_member(&jw, "requester", judgement->record.requester);
    return cty_page_end(cli, &jw);
}

static custody_err handoffs(struct cty_cli *cli)
{
    struct cty_client *client = NULL;
    CTY_CLEANUP(cty_judgement_free_pointer) struct cty_judgement *judgement = NULL;
    CTY_TRY(cty_cli_judge(cli, &client, &judgement));
    CTY_TRY(cty_judgement_check(judgement, &cli->error));
    return page(cli, client, judgement);
}

const struct cty_command cty_command_handoffs = {
    .name = "handoffs",
    .run = handoffs,
    .summary = "the map of a case's handoffs: who had it, and with what scope",
    .operands = "CASE",
    .operands_min = 1,
    .operands_max = 1,
    .about = "Every offer of the case in order, what became of it, and what it allows: read from the case's own\n"
             "entries, which are verified first.\n",
    .example = "custody handoffs 3f2a9c41 --key globex-fulfilment.key",
    .uses = CTY_USE_READ,
};
