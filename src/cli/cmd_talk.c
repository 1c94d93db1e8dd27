/* SPDX-License-Identifier: Apache-2.0 */
/* custody question, custody answer, custody consent: what approvers and the holder say to each other. */
#include "base/check.h"
#include "cli/act.h"
#include "cli/put.h"
#include "client/handoff.h"
#include "codec/text.h"

/* --- the text -------------------------------------------------------------------------------------------- */

/* The operand behind CASE, or --file. */
static custody_err read_text(struct cty_acting *a, struct cty_bytes *ret_text)
{
    struct cty_cli *cli = a->cli;
    const char *operand = cli->args.operands_count > 1 ? cli->args.operands[1] : NULL;
    if ((operand != NULL) == (cty_args_text(&cli->args, "file") != NULL))
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "say it in one word of the command line, or with --file");
    CTY_TRY(cty_act_read(cli, "file", &a->content, ret_text));
    if (operand)
        *ret_text = cty_bytes_text(operand);
    if (ret_text->size == 0)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "it says nothing");
    return CUSTODY_OK;
}

/* --- question -------------------------------------------------------------------------------------------- */

static custody_err run_question(struct cty_acting *a)
{
    struct cty_bytes text = {NULL, 0};
    CTY_TRY(read_text(a, &text));
    CTY_TRY(cty_person_question(a->client, &a->case_id, text, &a->submitted, &a->cli->error));
    return cty_act_page(a, NULL);
}

static custody_err question(struct cty_cli *cli)
{
    return cty_act(cli, run_question);
}

static const struct cty_opt question_options[] = {
    {"file", 'f', CTY_OPT_TEXT, "FILE", "read the text from there; - reads the input"},
    CTY_RECEIPT_OPTION,
    {NULL},
};

const struct cty_command cty_command_question = {
    .name = "question",
    .run = question,
    .summary = "ask the holder of a case that waits for your decision",
    .operands = "CASE [TEXT]",
    .operands_min = 1,
    .operands_max = 2,
    .about = "Puts a question into the case, for its holder to answer. Those who may read the case see it; the\n"
             "ledger keeps its commitment. It changes nothing about the deadline.\n",
    .example = "custody question 3f2a9c41 'which order is this for?' --key acme-alice.key",
    .uses = CTY_USE_READ,
    .options = question_options,
};

/* --- answer ---------------------------------------------------------------------------------------------- */

/* The one that is named, or the only one that is open. */
static custody_err find_question(struct cty_acting *a, struct cty_hash *ret_question)
{
    struct cty_cli *cli = a->cli;
    const char *text = cty_args_text(&cli->args, "question");
    if (text && cty_hex_parse_into(cty_bytes_text(text), ret_question->bytes, CTY_HASH_SIZE) == CUSTODY_OK)
        return CUSTODY_OK;
    if (text)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "--question is the question's digest, 64 hex digits");
    CTY_TRY(cty_client_judge(a->client, &a->case_id, 0, &a->judgement, &cli->error));
    CTY_TRY(cty_judgement_check(a->judgement, &cli->error));
    const struct cty_case *c = &a->judgement->record;
    if (c->questions_count == 0)
        return cty_fail(&cli->error, CUSTODY_E_NO_QUESTION, "nothing is asked");
    if (c->questions_count > 1)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "%u questions are open: name one with --question",
                        c->questions_count);
    *ret_question = c->questions[0];
    return CUSTODY_OK;
}

static custody_err run_answer(struct cty_acting *a)
{
    struct cty_bytes text = {NULL, 0};
    struct cty_hash asked;
    CTY_TRY(read_text(a, &text));
    CTY_TRY(find_question(a, &asked));
    CTY_TRY(cty_agent_answer(a->client, &a->case_id, &asked, text, &a->submitted, &a->cli->error));
    return cty_act_page(a, NULL);
}

static custody_err answer(struct cty_cli *cli)
{
    return cty_act(cli, run_answer);
}

static const struct cty_opt answer_options[] = {
    {"question", 0, CTY_OPT_TEXT, "DIGEST", "which question, as 'custody show' names it (the only open one)"},
    {"file", 'f', CTY_OPT_TEXT, "FILE", "read the text from there; - reads the input"},
    CTY_RECEIPT_OPTION,
    {NULL},
};

const struct cty_command cty_command_answer = {
    .name = "answer",
    .run = answer,
    .summary = "answer a question about a case that you hold",
    .operands = "CASE [TEXT]",
    .operands_min = 1,
    .operands_max = 2,
    .about = "Answers an approver's question. 'custody show' prints the questions and their digests.\n",
    .example = "custody answer 3f2a9c41 'order 4711' --key acme-refund-agent.key",
    .uses = CTY_USE_READ,
    .options = answer_options,
};

/* --- consent --------------------------------------------------------------------------------------------- */

/* Nothing is asked about what isn't ours to answer, or can't be seen. */
static custody_err check_asked(const struct cty_acting *a, enum cty_consent_choice choice)
{
    struct cty_bytes payload;
    custody_error *error = &a->cli->error;
    const struct cty_case *c = &a->judgement->record;
    CTY_TRY(cty_judgement_check(a->judgement, error));
    if (!cty_bytes_equal(c->holder, cty_secret_name(cty_client_secret(a->client))))
        return cty_fail(error, CUSTODY_E_NOT_HOLDER, "the case is with %.*s", (int)c->holder.size,
                        (const char *)c->holder.data);
    if (c->consent == CTY_CONSENT_NONE)
        return cty_fail(error, CUSTODY_E_STATE_ILLEGAL, "no consent is asked for");
    CTY_TRY(cty_judgement_payload_if(a->judgement, &payload));
    if (choice == CTY_CONSENT_ACCEPT && !payload.data)
        return cty_fail(error, CUSTODY_E_FORBIDDEN, "the payload is not at hand, and nothing is consented to unseen");
    return CUSTODY_OK;
}

/* As approvers are shown it: the case whole, what the patches changed, and below it what the signature will say. */
static custody_err render_consent(const struct cty_acting *a, enum cty_consent_choice choice, struct cty_buf *text)
{
    const char *reason = cty_args_text(&a->cli->args, "reason");
    CTY_TRY(choice == CTY_CONSENT_ACCEPT ? cty_case_render_whole(a->judgement, text)
                                         : cty_case_render(a->judgement, text));
    CTY_TRY(cty_case_findings(a->judgement, text));
    CTY_TRY(cty_put_line(text, "you sign as", cty_secret_name(cty_client_secret(a->client))));
    CTY_TRY(cty_put_linef(text, "you say", "%s", cty_consent_choice_names[choice]));
    CTY_TRY(cty_put_line_hash(text, "of patch", &a->judgement->record.payload_at));
    return reason ? cty_put_line(text, "because", cty_bytes_text(reason)) : CUSTODY_OK;
}

/* What was shown is what is answered, whatever is patched meanwhile, or shown by the custodian at the next look. */
static custody_err show_patch(struct cty_acting *a, enum cty_consent_choice choice, struct cty_hash *ret_patch)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(CTY_PAGE_BYTES_MAX);
    CTY_TRY(cty_cli_judge_case(a->cli, a->client, &a->case_id, &a->judgement));
    CTY_TRY(check_asked(a, choice));
    CTY_TRY(render_consent(a, choice, &text));
    cty_cli_present(a->cli, cty_buf_bytes(&text));
    *ret_patch = a->judgement->record.payload_at;
    return cty_cli_confirm(a->cli, choice == CTY_CONSENT_ACCEPT ? "Can you act on this?" : "Refuse this change?");
}

static custody_err run_consent(struct cty_acting *a)
{
    struct cty_hash patch;
    struct cty_cli *cli = a->cli;
    bool accept = cty_args_flag(&cli->args, "accept");
    enum cty_consent_choice choice = accept ? CTY_CONSENT_ACCEPT : CTY_CONSENT_REFUSE;
    if (accept == cty_args_flag(&cli->args, "refuse"))
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "--accept or --refuse?");
    CTY_TRY(show_patch(a, choice, &patch));
    CTY_TRY(cty_agent_consent(a->client, &a->case_id, &patch, choice, cty_bytes_text(cty_args_text(&cli->args, "reason")),
                              &a->submitted, &cli->error));
    return cty_act_page(a, NULL);
}

static custody_err consent(struct cty_cli *cli)
{
    return cty_act(cli, run_consent);
}

static const struct cty_opt consent_options[] = {
    {"accept", 0, CTY_OPT_FLAG, NULL, "you can act on what was changed"},
    {"refuse", 0, CTY_OPT_FLAG, NULL, "you can't; approvers may change it again"},
    {"reason", 'r', CTY_OPT_TEXT, "TEXT", "why; those who may read the case see it"},
    CTY_RECEIPT_OPTION,
    {NULL},
};

const struct cty_command cty_command_consent = {
    .name = "consent",
    .run = consent,
    .summary = "accept or refuse what an approver changed in a case that you hold",
    .operands = "CASE",
    .operands_min = 1,
    .operands_max = 1,
    .about = "Where policy asks for it, nobody can approve a patch before the holder consented to it. Verifies the\n"
             "case, shows it with what was changed, asks, and signs for the patch that was shown: where another\n"
             "came meanwhile, nothing is signed (action-mismatch). Agents say --yes. A refusal can be taken back\n"
             "with --accept, an acceptance stands.\n",
    .example = "custody consent 3f2a9c41 --accept --key acme-refund-agent.key",
    .uses = CTY_USE_SIGN,
    .options = consent_options,
};
