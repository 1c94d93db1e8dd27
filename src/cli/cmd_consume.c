/* SPDX-License-Identifier: Apache-2.0 */
/* custody consume: the one right to act, and the payload to act on. */
#include "base/check.h"
#include "cli/case.h"
#include "cli/put.h"
#include "cli/submitted.h"
#include "client/agent.h"

struct act {
    struct cty_judgement *judgement;
    struct cty_bytes payload;
    struct cty_submitted submitted;
};

static void act_done(struct act **act)
{
    if (*act) {
        cty_judgement_free((*act)->judgement);
        cty_submitted_done(&(*act)->submitted);
    }
    cty_free_pointer(act);
}

/* For people and pipes the payload alone goes to the output; what was entered is told beside it. */
static custody_err page(struct cty_cli *cli, const struct act *act, const char *path)
{
    struct cty_jw jw;
    if (path)
        CTY_TRY(cty_cli_write_file(cli, path, act->payload));
    if (!cli->json) {
        cty_cli_note(cli, "consumed by entry %llu: act now, once, on %s", (unsigned long long)act->submitted.own.index,
                     path ? path : "the payload below");
        if (path)
            return CUSTODY_OK;
        CTY_TRY(cty_buf_put_bytes(&cli->page, act->payload));
        return cty_buf_put_byte(&cli->page, '\n');
    }
    cty_page_begin(cli, &jw);
    cty_member_hash(&jw, "case", &act->judgement->case_id);
    cty_member_content(&jw, "payload", "payload_base64", act->payload);
    cty_member_submitted(&jw, "submitted", &act->submitted);
    return cty_page_end(cli, &jw);
}

static custody_err consume(struct cty_cli *cli)
{
    struct cty_client *client = NULL;
    struct cty_hash case_id;
    CTY_CLEANUP(act_done) struct act *act = cty_alloc(1, sizeof(*act));
    if (!act)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    CTY_TRY(cty_cli_client(cli, CTY_AS_KEY, &client));
    CTY_TRY(cty_cli_case(cli, client, cli->args.operands[0], &case_id));
    CTY_TRY(cty_agent_consume(client, &case_id, &act->judgement, &act->payload, &act->submitted, &cli->error));
    CTY_TRY(cty_keep_receipt(cli, &act->submitted));
    return page(cli, act, cty_args_text(&cli->args, "out"));
}

static const struct cty_opt options[] = {
    {"out", 'o', CTY_OPT_TEXT, "FILE", "write the payload here instead of to the output"},
    CTY_RECEIPT_OPTION,
    {NULL},
};

const struct cty_command cty_command_consume = {
    .name = "consume",
    .run = consume,
    .summary = "take the one right to act, and the payload to act on",
    .operands = "CASE",
    .operands_min = 1,
    .operands_max = 1,
    .about = "The holder says 'I act now'. Status 0 comes at most once for a case, after the receipt was\n"
             "verified and the case judged again: then act, at once, on the payload that is printed, and\n"
             "report with 'custody outcome'. Any other status: don't act. If this run ends before you know\n"
             "its status, don't act and report 'unknown'.\n",
    .example = "custody consume $CASE -o authorised.json",
    .uses = CTY_USE_READ,
    .options = options,
};
