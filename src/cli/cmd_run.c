/* SPDX-License-Identifier: Apache-2.0 */
/*
 * custody run: asks, waits, consumes, runs one command, reports (spec/cli.md, "Running a command").
 *
 *     ask --+                                             signals: WAIT
 *           +-> wait -> read the released payload         WAIT
 *  resume --+             |
 *                         consume                         HOLD    what is lost behind here is `unknown`
 *                         fork, exec; wait for it         PASS
 *                         report its outcome              REPORT
 */
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "cli/case.h"
#include "cli/case_lock.h"
#include "cli/put.h"
#include "cli/running.h"
#include "cli/signals.h"
#include "cli/taking.h"

#define WAIT_MS_DEFAULT ((uint64_t)24 * 3600 * 1000)
#define STATUS_FAILED 125
#define STATUS_NOT_RUNNABLE 126
#define STATUS_NOT_FOUND 127
#define STATUS_SIGNAL 128
#define STOPPING "custody: stops waiting; the case stays as it is (once more to stop at once)\n"
#define RESULT_BYTES_MAX 64

static void running_done(struct cty_running *r)
{
    cty_asking_done(&r->asking);
    cty_plan_done(&r->asked);
    cty_launch_done(&r->launch);
    cty_plan_done(&r->released);
    cty_judgement_free(r->judgement);
    cty_submitted_done(&r->submitted);
    cty_buf_done(&r->payload);
    cty_buf_done(&r->text);
    if (r->lock >= 0)
        close(r->lock);
}

/* --- asking ---------------------------------------------------------------------------------------------- */

static custody_err read_words(struct cty_running *r)
{
    struct cty_cli *cli = r->cli;
    const char *names[CTY_GIVEN_MAX];
    size_t count = cty_args_count(&cli->args, "env");
    if (cli->args.operands_count || cli->args.rest_count == 0)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "the command stands last, behind '--'");
    for (size_t i = 0; i < count; i++)
        names[i] = cty_args_item(&cli->args, "env", i);
    const struct cty_plan_words words = {.words = cli->args.rest,
                                         .words_count = cli->args.rest_count,
                                         .folder = cty_args_text(&cli->args, "cwd"),
                                         .names = names,
                                         .names_count = count,
                                         .bare = cty_args_flag(&cli->args, "bare")};
    CTY_TRY(cty_plan_make(&words, &r->asked, &cli->error));
    CTY_TRY(cty_plan_write(&r->asked, &r->payload));
    r->asking.ask.payload = cty_buf_bytes(&r->payload);
    return cty_asking_read(cli, &r->asking);
}

/* Said early, while it can still be mended; what counts is what is there when it runs. */
static void warn_early(struct cty_running *r)
{
    struct cty_launch trial = {.plan = NULL};
    custody_error error = {0};
    enum cty_not_run why;
    if (cty_launch_prepare(&r->asked, &trial, &why, &error) != CUSTODY_OK)
        cty_cli_note(r->cli, "custody: it could not run now, and is asked for all the same: %s", error.detail);
    cty_launch_done(&trial);
}

static custody_err open_client(struct cty_running *r)
{
    CTY_TRY(cty_cli_client(r->cli, CTY_AS_KEY, &r->client));
    cty_client_set_patience(r->client, CTY_CLIENT_PATIENCE_MS_DEFAULT);
    return CUSTODY_OK;
}

static custody_err ask(struct cty_running *r)
{
    struct cty_cli *cli = r->cli;
    if (cty_args_flag(&cli->args, "foreign"))
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "--foreign goes with --resume");
    CTY_TRY(read_words(r));
    warn_early(r);
    CTY_TRY(open_client(r));
    CTY_TRY(cty_asking_find_parent(cli, r->client, &r->asking.ask));
    CTY_TRY(cty_agent_request(r->client, &r->asking.ask, &r->case_id, &r->submitted, &cli->error));
    return CUSTODY_OK;
}

static custody_err check_resume(struct cty_cli *cli)
{
    for (size_t i = 0; i < cli->args.given_count; i++) {
        const struct cty_opt *opt = cli->args.given[i].opt;
        for (const struct cty_opt *own = cli->command->options; own->name; own++) {
            if (opt == own && strcmp(own->name, "resume") != 0 && strcmp(own->name, "foreign") != 0)
                return cty_fail(&cli->error, CUSTODY_E_USAGE, "--%s is the case's, which --resume takes as it is",
                                own->name);
        }
    }
    if (cli->args.operands_count || cli->args.rest)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "--resume runs the command of the case, and no other");
    return CUSTODY_OK;
}

static custody_err find_case(struct cty_running *r, const char *word)
{
    CTY_TRY(check_resume(r->cli));
    CTY_TRY(open_client(r));
    return cty_cli_case(r->cli, r->client, word, &r->case_id);
}

/* --- waiting --------------------------------------------------------------------------------------------- */

/* What can still come of the case is told with what ended the waiting. */
static custody_err wait_decided(struct cty_running *r, uint64_t timeout_ms)
{
    custody_err err = cty_agent_wait(r->client, &r->case_id, timeout_ms, &r->judgement, &r->cli->error);
    if (err != CUSTODY_OK)
        cty_run_tell_resume(r);
    return err;
}

static custody_err refuse_state(struct cty_running *r, enum cty_case_state state)
{
    custody_err err = CUSTODY_E_STATE_ILLEGAL;
    if (state == CTY_CASE_EXPIRED || state == CTY_CASE_LAPSED)
        err = CUSTODY_E_DEADLINE_PASSED;
    else if (state == CTY_CASE_CONSUMED || state == CTY_CASE_FULFILLED || state == CTY_CASE_FAILED ||
             state == CTY_CASE_UNKNOWN || state == CTY_CASE_UNREPORTED)
        err = CUSTODY_E_DOUBLE_CONSUME;
    return cty_fail(&r->cli->error, err, "the case is %s; this run ran nothing", cty_case_state_names[state]);
}

static custody_err wait_released(struct cty_running *r)
{
    uint64_t timeout_ms = 0;
    CTY_TRY(cty_cli_timeout(r->cli, WAIT_MS_DEFAULT, &timeout_ms));
    if (!r->judgement)
        CTY_TRY(wait_decided(r, timeout_ms));
    enum cty_case_state state = cty_agent_state(r->client, r->judgement);
    return state == CTY_CASE_RELEASED ? CUSTODY_OK : refuse_state(r, state);
}

/* --- running --------------------------------------------------------------------------------------------- */

static int status_of(const struct cty_ending *ending)
{
    switch (ending->why) {
    case CTY_RAN:
        break;
    case CTY_NOT_FOUND:
        return STATUS_NOT_FOUND;
    case CTY_NOT_RUNNABLE:
        return STATUS_NOT_RUNNABLE;
    case CTY_INTERRUPTED:
        return STATUS_SIGNAL + cty_signals_caught();
    case CTY_NOT_STARTED:
        return STATUS_FAILED;
    }
    if (ending->status == -1)
        return STATUS_FAILED;
    return WIFEXITED(ending->status) ? WEXITSTATUS(ending->status) : STATUS_SIGNAL + WTERMSIG(ending->status);
}

/* Before the right is spent: what can't run keeps its case RELEASED. */
static custody_err read_released(struct cty_running *r)
{
    struct cty_bytes payload, original;
    struct cty_ending ending = {.why = CTY_RAN};
    struct cty_cli *cli = r->cli;
    CTY_TRY(cty_judgement_payload(r->judgement, &payload));
    CTY_TRY(cty_plan_parse(payload, &r->released, &cli->error));
    CTY_TRY(cty_judgement_original(r->judgement, &original));
    CTY_TRY(cty_run_tell_released(r, original, payload));
    custody_err err = cty_launch_prepare(&r->released, &r->launch, &ending.why, &cli->error);
    if (err != CUSTODY_OK)
        cli->status_failed = status_of(&ending);
    return err;
}

static custody_err consume(struct cty_running *r)
{
    struct cty_bytes payload;
    cty_judgement_free_pointer(&r->judgement);
    cty_submitted_done(&r->submitted);
    r->submitted = (struct cty_submitted){0};
    return cty_take_right(r->cli, r->client, &r->case_id, true, &r->judgement, &payload, &r->submitted);
}

/* What was consumed is what runs, also where the case was released anew since it was read. */
static enum cty_not_run read_consumed(struct cty_running *r)
{
    struct cty_bytes payload;
    enum cty_not_run why = CTY_NOT_STARTED;
    cty_launch_done(&r->launch);
    cty_plan_done(&r->released);
    if (cty_judgement_payload(r->judgement, &payload) != CUSTODY_OK ||
        cty_plan_parse(payload, &r->released, &r->cli->error) != CUSTODY_OK ||
        cty_launch_prepare(&r->released, &r->launch, &why, &r->cli->error) != CUSTODY_OK)
        return why;
    return CTY_RAN;
}

/* What failed may have come through all the same; but nothing ran, and it is told how to find out. */
static custody_err take_right(struct cty_running *r)
{
    cty_signals_set(CTY_SIGNALS_HOLD);
    if (cty_signals_caught())
        return cty_fail_code(&r->cli->error, CUSTODY_E_CANCELLED_WAIT);
    custody_err err = consume(r);
    if (err != CUSTODY_OK) {
        cty_cli_note(r->cli, "custody: nothing was run");
        cty_run_tell_resume(r);
    }
    return err;
}

static struct cty_ending run_command(struct cty_running *r)
{
    struct cty_ending ending = {.status = -1};
    pid_t pid = 0;
    ending.why = read_consumed(r);
    if (ending.why != CTY_RAN)
        return ending;
    cty_run_tell_consumed(r);
    /* The command is of the same user: what this process holds is not to be read from beside it. */
    (void)prctl(PR_SET_DUMPABLE, 0);
    ending.why = cty_launch_start(&r->launch, r->cli->keys, r->cli->keys_count, &pid);
    if (ending.why == CTY_RAN)
        ending.status = cty_launch_wait(pid);
    return ending;
}

/* --- reporting ------------------------------------------------------------------------------------------- */

static enum cty_outcome outcome_of(const struct cty_ending *ending)
{
    if (ending->why == CTY_RAN && ending->status == -1)
        return CTY_OUTCOME_UNKNOWN;
    return status_of(ending) == 0 ? CTY_OUTCOME_FULFILLED : CTY_OUTCOME_FAILED;
}

static custody_err write_result(const struct cty_ending *ending, struct cty_buf *out)
{
    struct cty_jw jw;
    cty_jw_begin(&jw, out);
    cty_jw_object(&jw);
    cty_member_ending(&jw, ending);
    cty_jw_object_end(&jw);
    return cty_jw_end(&jw);
}

static custody_err send_outcome(struct cty_running *r, const struct cty_ending *ending)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf result = CTY_BUF_INIT(RESULT_BYTES_MAX);
    cty_client_resume(r->client);
    cty_submitted_done(&r->submitted);
    r->submitted = (struct cty_submitted){0};
    CTY_TRY(write_result(ending, &result));
    return cty_agent_outcome(r->client, &r->case_id, outcome_of(ending), cty_buf_bytes(&result), &r->submitted,
                             &r->cli->error);
}

/* Whatever becomes of the report, the status is the command's. */
static void report(struct cty_running *r, const struct cty_ending *ending)
{
    struct cty_cli *cli = r->cli;
    const char *outcome = cty_outcome_names[outcome_of(ending)];
    cty_signals_set(CTY_SIGNALS_REPORT);
    custody_err err = send_outcome(r, ending);
    cli->status = status_of(ending);
    if (ending->why != CTY_RAN)
        cty_cli_note(cli, "custody: the command was not run: %s", cty_not_run_names[ending->why]);
    if (err != CUSTODY_OK)
        cty_run_tell_unreported(r, err, outcome);
    else
        cty_cli_note(cli, "custody: reported as %s by entry %llu", outcome,
                     (unsigned long long)r->submitted.own.index);
    if (cli->json && cty_run_tell_ended(r, ending, outcome, err == CUSTODY_OK) != CUSTODY_OK)
        cty_buf_clear(&cli->page);
}

/* --- the command ----------------------------------------------------------------------------------------- */

/* Whoever consumed it is gone: it may have run, and may not. */
static custody_err report_unknown(struct cty_running *r)
{
    const struct cty_ending nobody_knows = {.why = CTY_RAN, .status = -1};
    struct cty_bytes none = {NULL, 0};
    CTY_TRY(cty_agent_outcome(r->client, &r->case_id, CTY_OUTCOME_UNKNOWN, none, &r->submitted, &r->cli->error));
    cty_cli_note(r->cli, "custody: a run that is gone consumed it, and may have run the command: reported as unknown");
    if (r->cli->json)
        CTY_TRY(cty_run_tell_ended(r, &nobody_knows, cty_outcome_names[CTY_OUTCOME_UNKNOWN], true));
    return refuse_state(r, CTY_CASE_UNKNOWN);
}

/* Asked for by us, or taken over by us in a handoff. */
static bool is_our_doing(const struct cty_case *c, struct cty_bytes self)
{
    bool ours = cty_bytes_equal(c->requester, self);
    for (uint32_t i = 0; i < c->hops_count; i++)
        ours |= cty_bytes_equal(c->hops[i].to, self);
    return ours;
}

/*
 * Whoever asks may name any agent to act, without its doing: a command that a stranger wants to have run on this machine
 * is not run because somebody gave the case's name here.
 */
static custody_err check_foreign(struct cty_running *r)
{
    CTY_CLEANUP(cty_judgement_free_pointer) struct cty_judgement *judgement = NULL;
    struct cty_bytes self = cty_secret_name(r->cli->key);
    if (cty_args_flag(&r->cli->args, "foreign"))
        return CUSTODY_OK;
    CTY_TRY(cty_client_judge(r->client, &r->case_id, 0, &judgement, &r->cli->error));
    CTY_TRY(cty_judgement_check(judgement, &r->cli->error));
    const struct cty_case *c = &judgement->record;
    if (!cty_bytes_equal(c->holder, self) || is_our_doing(c, self))
        return CUSTODY_OK;
    return cty_fail(&r->cli->error, CUSTODY_E_USAGE,
                    "%.*s asked for this case, which you never accepted: look at it with 'custody show'; --foreign runs it",
                    (int)c->requester.size, (const char *)c->requester.data);
}

/* A case that was consumed when it was first looked at has nobody left; one that is consumed while we wait has. */
static custody_err look_first(struct cty_running *r)
{
    CTY_TRY(check_foreign(r));
    custody_err err = cty_agent_wait(r->client, &r->case_id, 0, &r->judgement, &r->cli->error);
    if (err != CUSTODY_OK)
        return err == CUSTODY_E_UNDECIDED ? CUSTODY_OK : err;
    enum cty_case_state state = (enum cty_case_state)r->judgement->record.state;
    bool ours = cty_bytes_equal(r->judgement->record.holder, cty_secret_name(r->cli->key));
    if (!ours)
        return cty_fail(&r->cli->error, CUSTODY_E_NOT_HOLDER, "the case is with another actor");
    if (state == CTY_CASE_CONSUMED || state == CTY_CASE_UNREPORTED)
        return report_unknown(r);
    state = cty_agent_state(r->client, r->judgement);
    return state == CTY_CASE_RELEASED ? CUSTODY_OK : refuse_state(r, state);
}

static custody_err take_case(struct cty_running *r, const char *resume)
{
    struct cty_cli *cli = r->cli;
    CTY_TRY(resume ? find_case(r, resume) : ask(r));
    cli->case_id = (struct cty_opt_hash){r->case_id, true};
    CTY_TRY(cty_case_lock(cty_cli_setting(cli, "key", "CUSTODY_KEY"), &r->case_id, &r->lock, &cli->error));
    if (resume)
        CTY_TRY(look_first(r));
    if (!cli->json)
        cty_signals_set_word(STOPPING);
    return cty_run_tell_case(r, resume ? "resumed" : "asked");
}

static custody_err go(struct cty_running *r)
{
    CTY_TRY(take_case(r, cty_args_text(&r->cli->args, "resume")));
    CTY_TRY(wait_released(r));
    CTY_TRY(read_released(r));
    CTY_TRY(take_right(r));
    const struct cty_ending ending = run_command(r);
    report(r, &ending);
    return CUSTODY_OK;
}

static custody_err run(struct cty_cli *cli)
{
    CTY_AUTO_FREE struct cty_running *r = cty_alloc(1, sizeof(*r));
    if (!r)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    r->cli = cli;
    r->lock = -1;
    r->payload = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
    r->text = CTY_BUF_INIT(CTY_PAGE_BYTES_MAX);
    cty_launch_hold_standard_files();
    cty_signals_keep();
    cty_signals_take(CTY_SIGNALS_WAIT);
    custody_err err = go(r);
    if (err == CUSTODY_E_CANCELLED_WAIT && cty_signals_caught())
        cli->status_failed = STATUS_SIGNAL + cty_signals_caught();
    running_done(r);
    return err;
}

static const struct cty_opt options[] = {
    CTY_ASK_SERVICE_OPTIONS,
    {"env", 'e', CTY_OPT_LIST, "NAME", "a variable that the command gets too, by name"},
    {"bare", 0, CTY_OPT_FLAG, NULL, "none but those of --env"},
    {"cwd", 0, CTY_OPT_TEXT, "FOLDER", "where it runs (here)"},
    CTY_ASK_FACT_OPTIONS,
    CTY_ASK_READER_OPTIONS,
    CTY_ASK_CASE_OPTIONS,
    {"resume", 0, CTY_OPT_TEXT, "CASE", "go on with a case that an earlier run asked for"},
    {"foreign", 0, CTY_OPT_FLAG, NULL, "with --resume: also one that others asked for, and you didn't accept"},
    {NULL},
};

const struct cty_command cty_command_run = {
    .name = "run",
    .run = run,
    .summary = "ask, wait, and run a command once it was released",
    .operands = "-- COMMAND [ARG...]",
    .operands_max = CTY_OPERANDS_MAX,
    .about = "Asks for leave to run a command, without a shell, and runs what was released: as it was asked, or as\n"
             "it was patched. Nothing runs before. The payload names the words, the folder and the variables that\n"
             "the command gets: PATH HOME USER LOGNAME LANG LC_ALL TERM TZ and those of --env.\n"
             "\n"
             "Ends with the command's status, which becomes the outcome; 125 where custody itself failed or was\n"
             "refused, 126 where the command can't be run, 127 where there is none.\n"
             "\n"
             "Waits at most --timeout (1d). Ctrl-C while it waits leaves the case as it is, and --resume goes on\n"
             "with it. A command that may have run is never run again: its outcome is then unknown.\n",
    .example = "custody run --service site --action publish --key acme-refund-agent.key -- touch published",
    .uses = CTY_USE_READ,
    .options = options,
    .status_failed = STATUS_FAILED,
};
