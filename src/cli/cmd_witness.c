/* SPDX-License-Identifier: Apache-2.0 */
/* custody witness run */
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "base/check.h"
#include "cli/put.h"
#include "cli/text.h"
#include "cli/witness_home.h"
#include "witness/doors.h"
#include "witness/follow.h"

#define LISTEN_DEFAULT "http://127.0.0.1:8070"
#define EVERY_MS_DEFAULT 5000u
/* How soon a log that was added beside a running witness is followed. */
#define RENEW_S 1

struct run {
    struct cty_cli *cli;
    struct cty_witness_home home;
    struct cty_secret *secret;
    struct cty_witness *witness;
    struct cty_witness_http *http;
    struct cty_witness_nng *nng;
    struct cty_witness_followers *followers;
};

static void run_done(struct run *run)
{
    cty_witness_followers_close(run->followers);
    cty_witness_http_close(run->http);
    cty_witness_nng_close(run->nng);
    cty_witness_close(run->witness);
    cty_secret_free(run->secret);
    cty_witness_home_done(&run->home);
}

/* --- making ------------------------------------------------------------------------------------------------ */

/* No copy of the key leaves the process. */
static custody_err harden(struct run *run)
{
    const struct rlimit none = {0, 0};
    (void)umask(077);
    (void)setrlimit(RLIMIT_CORE, &none);
    return cty_secret_lock(run->secret, &run->cli->error);
}

/* Before anything is made. */
static custody_err check_logs(struct cty_cli *cli)
{
    if (cli->args.operands_count != 1 && (cty_args_text(&cli->args, "follow") || cty_args_text(&cli->args, "origin")))
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "--follow and --origin are of one log: name its key");
    for (size_t i = 0; i < cli->args.operands_count; i++) {
        CTY_CLEANUP(cty_witness_newcomer_done) struct cty_witness_newcomer one = {.follow = NULL};
        CTY_TRY(cty_witness_newcomer_read(cli, cli->args.operands[i], &one));
    }
    return CUSTODY_OK;
}

static custody_err add_logs(struct run *run)
{
    struct cty_cli *cli = run->cli;
    const char *const path = (const char *)run->home.state.data;
    CTY_CLEANUP(cty_witness_store_close_pointer) struct cty_witness_store *store = NULL;
    CTY_TRY(cty_witness_store_open(path, false, &store, &cli->error));
    for (size_t i = 0; i < cli->args.operands_count; i++) {
        CTY_CLEANUP(cty_witness_newcomer_done) struct cty_witness_newcomer one = {.follow = NULL};
        bool new = false;
        CTY_TRY(cty_witness_newcomer_read(cli, cli->args.operands[i], &one));
        CTY_TRY(cty_witness_newcomer_add(cli, store, &one, &new));
    }
    return CUSTODY_OK;
}

/* "2026-01-02T03:04:05.678Z custody.example.com: two-roots: ..." */
static void told(void *user, bool alarm, struct cty_bytes origin, const char *text)
{
    struct cty_cli *cli = user;
    CTY_CLEANUP(cty_buf_done) struct cty_buf line = CTY_BUF_INIT(4096);
    char when[CTY_TIME_TEXT_SIZE];
    cty_time_show((uint64_t)time(NULL) * 1000, when);
    bool good = cty_buf_putf(&line, "%s %s", when, alarm ? "warning: " : "") == CUSTODY_OK &&
                cty_text_show(origin, &line) == CUSTODY_OK && cty_buf_put_text(&line, ": ") == CUSTODY_OK &&
                cty_text_show(cty_bytes_text(text), &line) == CUSTODY_OK && cty_buf_put_byte(&line, '\n') == CUSTODY_OK;
    if (good)
        (void)fwrite(line.data, 1, line.size, cli->err);
    (void)fflush(cli->err);
}

static custody_err open_nng(struct run *run)
{
    struct cty_args *args = &run->cli->args;
    const char *urls[CTY_URLS_PER_DOOR_MAX], *certificate_path = cty_args_text(args, "tls-certificate");
    const char *key_path = cty_args_text(args, "tls-key");
    CTY_CLEANUP(cty_buf_done) struct cty_buf certificate = CTY_BUF_INIT(CTY_CERTIFICATE_BYTES_MAX);
    CTY_CLEANUP(cty_buf_done) struct cty_buf key = CTY_BUF_INIT(CTY_CERTIFICATE_BYTES_MAX);
    size_t count = cty_args_count(args, "nng");
    if (count == 0)
        return CUSTODY_OK;
    if (count > CTY_URLS_PER_DOOR_MAX)
        return cty_fail(&run->cli->error, CUSTODY_E_USAGE, "--nng more than %u times", CTY_URLS_PER_DOOR_MAX);
    for (size_t i = 0; i < count; i++)
        urls[i] = cty_args_item(args, "nng", i);
    if (certificate_path)
        CTY_TRY(cty_cli_read_file(run->cli, certificate_path, &certificate));
    if (key_path)
        CTY_TRY(cty_cli_read_file(run->cli, key_path, &key));
    const struct cty_net_server_config config = {.urls = urls, .url_count = count,
                                                 .certificate = cty_buf_bytes(&certificate),
                                                 .certificate_key = cty_buf_bytes(&key)};
    custody_err err = cty_witness_nng_open(run->witness, &config, &run->nng, &run->cli->error);
    if (key.data)
        cty_wipe(key.data, key.capacity);
    return err;
}

static custody_err open_all(struct run *run)
{
    struct cty_cli *cli = run->cli;
    const char *listen = cty_args_text(&cli->args, "listen");
    uint64_t every_ms = 0;
    CTY_TRY(cty_args_period(&cli->args, "every", EVERY_MS_DEFAULT, &every_ms, &cli->error));
    CTY_TRY(check_logs(cli));
    CTY_TRY(cty_witness_home_find(cli, &run->home));
    CTY_TRY(cty_witness_home_key(cli, &run->home, cty_args_text(&cli->args, "name"), &run->secret));
    CTY_TRY(harden(run));
    CTY_TRY(add_logs(run));
    const struct cty_witness_config config = {.state_path = (const char *)run->home.state.data, .secret = run->secret,
                                              .told = told, .user = cli};
    CTY_TRY(cty_witness_open(&config, &run->witness, &cli->error));
    CTY_TRY(cty_witness_http_open(run->witness, listen ? listen : LISTEN_DEFAULT, &run->http, &cli->error));
    CTY_TRY(open_nng(run));
    CTY_TRY(cty_witness_followers_open(run->witness, every_ms, &run->followers, &cli->error));
    return cty_witness_followers_renew(run->followers, &cli->error);
}

/* --- saying ------------------------------------------------------------------------------------------------ */

/* "witness NAME VKEY URL", a line of a policy. */
static custody_err put_policy(struct run *run, struct cty_bytes vkey, struct cty_buf *out)
{
    const char *public = cty_args_text(&run->cli->args, "public");
    CTY_TRY(cty_buf_put_text(out, "witness "));
    CTY_TRY(cty_buf_put_bytes(out, cty_secret_name(run->secret)));
    CTY_TRY(cty_buf_put_byte(out, ' '));
    CTY_TRY(cty_buf_put_bytes(out, vkey));
    return cty_buf_putf(out, " %s", public ? public : cty_witness_http_url(run->http));
}

static custody_err page_json(struct run *run, struct cty_bytes vkey, struct cty_bytes policy)
{
    struct cty_jw jw;
    cty_page_begin(run->cli, &jw);
    cty_member(&jw, "key", vkey);
    cty_member_text(&jw, "listen", cty_witness_http_url(run->http));
    cty_member(&jw, "name", cty_secret_name(run->secret));
    cty_jw_name(&jw, "nng");
    cty_jw_array(&jw);
    for (size_t i = 0; run->nng && cty_witness_nng_url(run->nng, i); i++)
        cty_jw_text(&jw, cty_witness_nng_url(run->nng, i));
    cty_jw_array_end(&jw);
    cty_member(&jw, "policy", policy);
    return cty_page_end(run->cli, &jw);
}

static custody_err page(struct run *run)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf vkey = CTY_BUF_INIT(CTY_VKEY_BYTES_MAX);
    CTY_CLEANUP(cty_buf_done) struct cty_buf policy = CTY_BUF_INIT(4096);
    struct cty_buf *out = &run->cli->page;
    CTY_TRY(cty_vkey_format(cty_secret_name(run->secret), CTY_KEY_COSIGNATURE, cty_secret_key(run->secret), &vkey));
    CTY_TRY(put_policy(run, cty_buf_bytes(&vkey), &policy));
    if (run->cli->json)
        return page_json(run, cty_buf_bytes(&vkey), cty_buf_bytes(&policy));
    CTY_TRY(cty_put_line(out, "witness", cty_secret_name(run->secret)));
    CTY_TRY(cty_put_line(out, "key", cty_buf_bytes(&vkey)));
    CTY_TRY(cty_put_line(out, "listening", cty_bytes_text(cty_witness_http_url(run->http))));
    for (size_t i = 0; run->nng && cty_witness_nng_url(run->nng, i); i++)
        CTY_TRY(cty_put_line(out, "listening", cty_bytes_text(cty_witness_nng_url(run->nng, i))));
    return cty_put_line(out, "policy", cty_buf_bytes(&policy));
}

/* --- running ----------------------------------------------------------------------------------------------- */

static void signals_of(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
}

static custody_err serve(struct run *run)
{
    const struct timespec second = {.tv_sec = RENEW_S};
    sigset_t ends;
    signals_of(&ends);
    custody_err before = CUSTODY_OK;
    while (sigtimedwait(&ends, NULL, &second) < 0) {
        custody_error error = {.detail = ""};
        custody_err err = cty_witness_followers_renew(run->followers, &error);
        if (err != CUSTODY_OK && err != before)
            cty_witness_tell(run->witness, true, CTY_LITERAL("state"), "%s: %s", custody_err_name(err), error.detail);
        before = err;
    }
    return CUSTODY_OK;
}

static custody_err witness_run_inner(struct run *run)
{
    CTY_TRY(open_all(run));
    CTY_TRY(page(run));
    CTY_TRY(cty_cli_flush(run->cli));
    return serve(run);
}

/* The signals that end it are taken from before the first thread is there, so that each thread leaves them alone. */
static custody_err witness_run(struct cty_cli *cli)
{
    struct run run = {.cli = cli};
    sigset_t ends, before;
    signals_of(&ends);
    CTY_CHECK(pthread_sigmask(SIG_BLOCK, &ends, &before) == 0);
    custody_err err = witness_run_inner(&run);
    run_done(&run);
    CTY_CHECK(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    return err;
}

static const struct cty_opt run_options[] = {
    CTY_WITNESS_DIR_OPTION,
    {"name", 'n', CTY_OPT_TEXT, "NAME", "of a new witness: witness.example.com/w1 (this machine's name)"},
    {"listen", 0, CTY_OPT_TEXT, "URL", "where it answers over HTTP (" LISTEN_DEFAULT ")"},
    {"nng", 0, CTY_OPT_LIST, "URL", "where it answers by nng: ipc://, tcp:// on this machine, tls+tcp://"},
    {"tls-certificate", 0, CTY_OPT_TEXT, "FILE", "of a tls+tcp:// door; 'custody cert' makes one"},
    {"tls-key", 0, CTY_OPT_TEXT, "FILE", "its key"},
    {"public", 0, CTY_OPT_TEXT, "URL", "where others reach it, for the policy line"},
    {"origin", 0, CTY_OPT_TEXT, "TEXT", "the log's first line, where that isn't its key's name"},
    {"follow", 0, CTY_OPT_TEXT, "URL", "reads the log there: https:// tiles, or a custodian's door"},
    {"certificate", 0, CTY_OPT_TEXT, "FILE", "what that TLS door is known by"},
    {"every", 0, CTY_OPT_TEXT, "PERIOD", "how often a log that is followed is looked at (5s)"},
    {NULL},
};

const struct cty_command cty_command_witness_run = {
    .name = "witness run",
    .run = witness_run,
    .summary = "be a witness of ledgers: cosign what extends what was cosigned before",
    .operands = "[VKEY]...",
    .operands_max = CTY_OPERANDS_MAX,
    .about = "Makes a key and a state on first use, takes the logs with these key lines, and cosigns their\n"
             "checkpoints: those that are submitted (C2SP tlog-witness: POST add-checkpoint), and those of logs\n"
             "that it follows itself. Prints its key and the line that others put into their policies. What it\n"
             "answers was stored before. A log that shows two histories is stopped, and the proof kept beside\n"
             "the state. Beyond this machine put a TLS proxy in front. Never put back an older copy of the\n"
             "folder: begin anew with another key.\n",
    .example = "custody witness run --dir w1 --listen http://127.0.0.1:0",
    .options = run_options,
};
