/* SPDX-License-Identifier: Apache-2.0 */
/* custody request, custody wait */
#include "base/check.h"
#include "cli/ask.h"
#include "cli/case.h"
#include "cli/put.h"
#include "cli/submitted.h"

#define WAIT_MS_DEFAULT ((uint64_t)24 * 3600 * 1000)

/* --- what a decision looks like -------------------------------------------------------------------------- */

/* May the agent act? 0 yes, it may or it did; 1 somebody said no; 3 nobody said in time. */
static int status_of(enum cty_case_state state)
{
    switch (state) {
    case CTY_CASE_RELEASED:
    case CTY_CASE_CONSUMED:
    case CTY_CASE_FULFILLED:
    case CTY_CASE_FAILED:
    case CTY_CASE_UNKNOWN:
    case CTY_CASE_UNREPORTED:
        return 0;
    case CTY_CASE_REFUSED:
    case CTY_CASE_REJECTED:
    case CTY_CASE_CANCELLED:
        return 1;
    case CTY_CASE_JUDGED_NEXT:
    case CTY_CASE_HELD:
    case CTY_CASE_RELEASE_NEXT:
    case CTY_CASE_EXPIRED:
    case CTY_CASE_LAPSED:
    case CTY_CASE_STATE_COUNT:
        break;
    }
    return 3;
}

static custody_err page_decided(struct cty_cli *cli, struct cty_client *client, const struct cty_judgement *judgement)
{
    enum cty_case_state state = cty_agent_state(client, judgement);
    struct cty_jw jw;
    cli->status = status_of(state);
    if (!cli->json) {
        CTY_TRY(cty_case_render(judgement, &cli->page));
        return cty_put_linef(&cli->page, "state", "%s", cty_case_state_names[state]);
    }
    cty_page_begin(cli, &jw);
    CTY_TRY(cty_case_members(judgement, state, &jw));
    return cty_page_end(cli, &jw);
}

static custody_err wait_for(struct cty_cli *cli, struct cty_client *client, const struct cty_hash *case_id)
{
    CTY_CLEANUP(cty_judgement_free_pointer) struct cty_judgement *judgement = NULL;
    uint64_t timeout_ms = 0;
    CTY_TRY(cty_cli_timeout(cli, WAIT_MS_DEFAULT, &timeout_ms));
    cty_client_set_patience(client, CTY_CLIENT_PATIENCE_MS_DEFAULT);
    CTY_TRY(cty_agent_wait(client, case_id, timeout_ms, &judgement, &cli->error));
    return page_decided(cli, client, judgement);
}

/* --- wait ------------------------------------------------------------------------------------------------ */

static custody_err wait_command(struct cty_cli *cli)
{
    struct cty_client *client = NULL;
    struct cty_hash case_id;
    CTY_TRY(cty_cli_client(cli, CTY_AS_KEY, &client));
    CTY_TRY(cty_cli_case(cli, client, cli->args.operands[0], &case_id));
    return wait_for(cli, client, &case_id);
}

const struct cty_command cty_command_wait = {
    .name = "wait",
    .run = wait_command,
    .summary = "wait until a case is decided",
    .operands = "CASE",
    .operands_min = 1,
    .operands_max = 1,
    .about = "Waits at most --timeout (1d), verifies what was decided, and shows it. Ends with 0 where the case\n"
             "was released, 1 where somebody or a policy said no, 3 where nobody decided in time.\n",
    .example = "custody wait 3f2a9c41 --key acme-refund-agent.key --timeout 1m",
    .uses = CTY_USE_READ,
};

/* --- request --------------------------------------------------------------------------------------------- */

/* A request in the making: files that it was read from. */
struct asking {
    struct cty_asking words;
    struct cty_buf payload, state, schema;
    struct cty_submitted submitted;
};

static void asking_done(struct asking *a)
{
    cty_asking_done(&a->words);
    cty_buf_done(&a->payload);
    cty_buf_done(&a->state);
    cty_buf_done(&a->schema);
    cty_submitted_done(&a->submitted);
}

static custody_err read_option(struct cty_cli *cli, const char *option, struct cty_buf *buf, struct cty_bytes *ret_view)
{
    const char *path = cty_args_text(&cli->args, option);
    if (!path)
        return CUSTODY_OK;
    buf->limit = CTY_BLOB_BYTES_MAX;
    CTY_TRY(cty_cli_read_file(cli, path, buf));
    *ret_view = cty_buf_bytes(buf);
    return CUSTODY_OK;
}

static custody_err read_ask(struct cty_cli *cli, struct asking *a)
{
    const char *payload = NULL;
    struct cty_ask *ask = &a->words.ask;
    CTY_TRY(cty_asking_read(cli, &a->words));
    ask->executor = cty_bytes_text(cty_args_text(&cli->args, "executor"));
    CTY_TRY(cty_cli_required(cli, "payload", &payload));
    CTY_TRY(read_option(cli, "payload", &a->payload, &ask->payload));
    CTY_TRY(read_option(cli, "agent-state", &a->state, &ask->state));
    return read_option(cli, "schema", &a->schema, &ask->schema);
}

static custody_err page_asked(struct cty_cli *cli, const struct cty_hash *case_id,
                              const struct cty_submitted *submitted, enum cty_case_state state)
{
    struct cty_jw jw;
    cli->status = state == CTY_CASE_HELD ? 0 : status_of(state);
    if (!cli->json) {
        CTY_TRY(cty_put_line_hash(&cli->page, "case", case_id));
        CTY_TRY(cty_put_submitted(cli, submitted));
        return cty_put_linef(&cli->page, "state", "%s", cty_case_state_names[state]);
    }
    cty_page_begin(cli, &jw);
    cty_member_hash(&jw, "case", case_id);
    cty_member_text(&jw, "state", cty_case_state_names[state]);
    cty_member_submitted(&jw, "submitted", submitted);
    return cty_page_end(cli, &jw);
}

static custody_err ask_custodian(struct cty_cli *cli, struct asking *a)
{
    struct cty_client *client = NULL;
    struct cty_hash case_id;
    enum cty_case_state state = CTY_CASE_HELD;
    CTY_TRY(read_ask(cli, a));
    CTY_TRY(cty_cli_client(cli, CTY_AS_KEY, &client));
    if (cty_args_flag(&cli->args, "wait"))
        cty_client_set_patience(client, CTY_CLIENT_PATIENCE_MS_DEFAULT);
    CTY_TRY(cty_asking_find_parent(cli, client, &a->words.ask));
    custody_err err = cty_agent_request(client, &a->words.ask, &case_id, &a->submitted, &cli->error);
    CTY_TRY(cty_keep_refusal(cli, &a->submitted, err));
    cli->case_id = (struct cty_opt_hash){case_id, true};
    CTY_TRY(cty_keep_receipt(cli, &a->submitted));
    CTY_TRY(cty_submitted_state(&a->submitted, &state));
    CTY_TRY(page_asked(cli, &case_id, &a->submitted, state));
    if (!cty_args_flag(&cli->args, "wait"))
        return CUSTODY_OK;
    if (!cli->json) /* the case's name is out before the waiting, which may be cut off */
        CTY_TRY(cty_cli_flush(cli));
    return wait_for(cli, client, &case_id);
}

static custody_err request(struct cty_cli *cli)
{
    CTY_AUTO_FREE struct asking *a = cty_alloc(1, sizeof(*a));
    if (!a)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    custody_err err = ask_custodian(cli, a);
    asking_done(a);
    return err;
}

static const struct cty_opt options[] = {
    CTY_ASK_SERVICE_OPTIONS,
    {"payload", 'p', CTY_OPT_TEXT, "FILE", "in full, a JSON document; - reads the input"},
    CTY_ASK_FACT_OPTIONS,
    {"executor", 0, CTY_OPT_TEXT, "ACTOR", "who will act (you)"},
    CTY_ASK_READER_OPTIONS,
    {"schema", 0, CTY_OPT_TEXT, "FILE", "a JSON Schema of the payload, for those who patch it"},
    {"agent-state", 0, CTY_OPT_TEXT, "FILE", "your own state, to go on from"},
    CTY_ASK_CASE_OPTIONS,
    {"wait", 'w', CTY_OPT_FLAG, NULL, "wait until it is decided, at most --timeout (1d)"},
    CTY_RECEIPT_OPTION,
    {NULL},
};

const struct cty_command cty_command_request = {
    .name = "request",
    .run = request,
    .summary = "ask before you act",
    .operands = "",
    .about = "Signs a request, submits it, verifies the receipt, and prints the case's name. The payload goes\n"
             "to those who decide; the ledger keeps its commitment.\n",
    .example = "custody request --service payments --action refund --payload refund.json "
               "--key acme-refund-agent.key",
    .uses = CTY_USE_READ,
    .options = options,
};
