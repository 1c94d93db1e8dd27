/* SPDX-License-Identifier: Apache-2.0 */
/* custodyd: flags, key files, signals; everything else is in daemon.h. */
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/check.h"
#include "base/file.h"
#include "base/times.h"
#include "daemon/courier.h"
#include "daemon/daemon.h"
#include "daemon/log.h"
#include "daemon/notify.h"
#include "daemon/options.h"
#include "daemon/policy.h"

#define DRAIN_MS 10000u
#define LARGE_BYTES (256 * 1024)

struct program {
    struct cty_options options;
    struct cty_secret *log;
    struct cty_secret *clerk;
    struct cty_secret *next_log;
    struct cty_secret *next_clerk;
    int signals;
    int manager; /* socket of the service manager; negative: none */
    bool keys_locked;
    struct cty_trust trust; /* of --witnesses */
    int courier;            /* negative: none */
};

/* --- key files --------------------------------------------------------------------------------------------- */

static custody_err read_passphrase(int fd, struct cty_buf *line, custody_error *error)
{
    custody_err err = cty_fd_read_line(fd, line);
    if (err == CUSTODY_E_TOO_LARGE)
        return cty_fail(error, err, "the passphrase");
    return err == CUSTODY_OK ? err : cty_fail(error, err, "--passphrase-fd: %s", strerror(errno));
}

static custody_err load_key(const char *path, int fd, struct cty_secret **ret_secret, custody_error *error)
{
    uint8_t memory[CTY_PASSPHRASE_BYTES_MAX + 1];
    struct cty_buf line = {memory, 0, sizeof(memory), CTY_PASSPHRASE_BYTES_MAX}; /* which never moves */
    bool needs = false;
    CTY_TRY(cty_secret_needs_passphrase(path, &needs, error));
    if (needs && fd < 0)
        return cty_fail(error, CUSTODY_E_BAD_PASSPHRASE, "%s has one; give it by --passphrase-fd", path);
    custody_err err = needs ? read_passphrase(fd, &line, error) : CUSTODY_OK;
    if (err == CUSTODY_OK)
        err = cty_secret_load(path, needs ? cty_buf_bytes(&line) : cty_bytes_make(NULL, 0), ret_secret, error);
    cty_wipe(memory, sizeof(memory));
    return err;
}

#define KEYS 4u
struct key_place {
    const char *path; /* NULL: not given */
    struct cty_secret **secret;
};

/* In the order in which passphrases are read. */
static void key_places(struct program *program, struct key_place ret_places[KEYS])
{
    const struct cty_config *config = &program->options.config;
    ret_places[0] = (struct key_place){config->log_key, &program->log};
    ret_places[1] = (struct key_place){config->clerk_key, &program->clerk};
    ret_places[2] = (struct key_place){config->next_log_key, &program->next_log};
    ret_places[3] = (struct key_place){config->next_clerk_key, &program->next_clerk};
}

static custody_err load_keys(struct program *program, custody_error *error)
{
    struct key_place places[KEYS];
    key_places(program, places);
    for (size_t i = 0; i < KEYS; i++) {
        if (places[i].path)
            CTY_TRY(load_key(places[i].path, program->options.passphrase_fd, places[i].secret, error));
    }
    return CUSTODY_OK;
}

/* Without it the keys can reach the disk, by way of the swap. */
static custody_err lock_keys(struct program *program, custody_error *error)
{
    struct key_place places[KEYS];
    custody_error why = {0};
    custody_err err = CUSTODY_OK;
    key_places(program, places);
    for (size_t i = 0; i < KEYS && err == CUSTODY_OK; i++)
        err = *places[i].secret ? cty_secret_lock(*places[i].secret, &why) : CUSTODY_OK;
    program->keys_locked = err == CUSTODY_OK;
    if (err != CUSTODY_OK && program->options.config.sandbox == CTY_SANDBOX_REQUIRE)
        return cty_fail(error, CUSTODY_E_CONFIG, "the sandbox is required, and %s", why.detail);
    if (err != CUSTODY_OK)
        cty_log(CTY_LOG_WARNING, "memory", "detail", "s", why.detail, "next", "s",
                "raise the limit of locked memory (LimitMEMLOCK=, ulimit -l) to 8 MiB", NULL);
    return CUSTODY_OK;
}

static struct cty_daemon_options daemon_options(const struct program *program)
{
    return (struct cty_daemon_options){.config = &program->options.config, .log = program->log,
                                       .clerk = program->clerk, .next_log = program->next_log,
                                       .next_clerk = program->next_clerk,
                                       .restored = program->options.restored ? &program->options.restored_size : NULL,
                                       .confirm_clock = program->options.confirm_clock, .confine = true,
                                       .trust = program->options.config.witnesses ? &program->trust : NULL,
                                       .courier = program->courier, .keys_locked = program->keys_locked};
}

/* --- serving ----------------------------------------------------------------------------------------------- */

/* Blocked in all threads, so that they come where they are waited for. */
static custody_err open_signals(struct program *program, custody_error *error)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR ||
        signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
        return cty_fail(error, CUSTODY_E_INTERNAL, "signals: %s", strerror(errno));
    program->signals = signalfd(-1, &set, SFD_CLOEXEC);
    if (program->signals < 0)
        return cty_fail(error, CUSTODY_E_INTERNAL, "signalfd: %s", strerror(errno));
    return CUSTODY_OK;
}

/* What clients pin, and whether they will refuse it. */
static void log_certificate(const struct cty_daemon *daemon)
{
    const struct cty_doors *doors = cty_daemon_doors(daemon);
    char words[64] = "";
    if (!doors->has_certificate)
        return;
    bool bad = cty_doors_is_out_of_date(doors, cty_time_wall_ms(), words);
    cty_log(bad ? CTY_LOG_WARNING : CTY_LOG_INFO, "certificate", "sha256", "s", doors->certificate.fingerprint_text,
            "detail", "s", words, NULL);
}

/* What is in force. Less than `require` would take is a warning, but where nobody wanted it. */
static void log_sandbox(const struct cty_sandbox_state *state, enum cty_sandbox_mode mode)
{
    bool good = mode == CTY_SANDBOX_OFF || cty_sandbox_is_enough(state);
    char words[CTY_SANDBOX_WORDS_SIZE];
    cty_sandbox_words(state, words);
    const char *detail = mode == CTY_SANDBOX_OFF   ? "turned off"
                         : !cty_sandbox_is_built() ? "this program was built without it"
                                                   : words;
    cty_log(good ? CTY_LOG_INFO : CTY_LOG_WARNING, "sandbox", "seccomp", "s", state->calls ? "on" : "off", "landlock", "u",
            (uint64_t)state->files_abi, "ports", "s", state->ports ? "on" : "off", "dumps", "s",
            state->undumpable ? "off" : "on", "detail", "s", detail, NULL);
}

static void log_ready(struct cty_daemon *daemon)
{
    const char *url;
    for (size_t i = 0; (url = cty_daemon_url(daemon, i)) != NULL; i++)
        cty_log(CTY_LOG_INFO, "listening", "door", "s", url, NULL);
    for (size_t i = 0; (url = cty_daemon_publish_url(daemon, i)) != NULL; i++)
        cty_log(CTY_LOG_INFO, "publishing", "door", "s", url, NULL);
    if (cty_daemon_http_url(daemon))
        cty_log(CTY_LOG_INFO, "http", "door", "s", cty_daemon_http_url(daemon), NULL);
    if (cty_daemon_metrics_url(daemon))
        cty_log(CTY_LOG_INFO, "metrics", "door", "s", cty_daemon_metrics_url(daemon), NULL);
    log_certificate(daemon);
    cty_log(CTY_LOG_INFO, "ready", "door", "s", cty_daemon_url(daemon, 0), "size", "u", cty_daemon_size(daemon), NULL);
}

/* Whether the service manager hears us is its own affair. */
static void open_manager(struct program *program)
{
    custody_error error = {0};
    if (cty_notify_open(&program->manager, &error) != CUSTODY_OK)
        cty_log(CTY_LOG_WARNING, "notify", "detail", "s", error.detail, NULL);
}

static void tell_manager(const struct program *program, const char *state)
{
    custody_error error = {0};
    if (cty_notify_send(program->manager, state, &error) != CUSTODY_OK)
        cty_log(CTY_LOG_WARNING, "notify", "detail", "s", error.detail, NULL);
}

/* Until a signal comes or the storage fails. */
static custody_err wait_for_end(struct program *program, const struct cty_daemon *daemon)
{
    struct pollfd files[2] = {{.fd = program->signals, .events = POLLIN},
                              {.fd = cty_daemon_failure_fd(daemon), .events = POLLIN}};
    while (poll(files, 2, -1) < 0) {
        if (errno != EINTR)
            return CUSTODY_E_INTERNAL;
    }
    return files[1].revents ? CUSTODY_E_STORAGE : CUSTODY_OK;
}

static custody_err serve(struct program *program, custody_error *error)
{
    struct cty_daemon_options options = daemon_options(program);
    struct cty_daemon *daemon = NULL;
    CTY_TRY(open_signals(program, error));
    open_manager(program);
    CTY_TRY(cty_daemon_start(&options, &daemon, error));
    log_sandbox(cty_daemon_sandbox(daemon), program->options.config.sandbox);
    log_ready(daemon);
    tell_manager(program, CTY_NOTIFY_READY);
    custody_err err = wait_for_end(program, daemon);
    cty_log(CTY_LOG_INFO, "stopping", "size", "u", cty_daemon_size(daemon), NULL);
    tell_manager(program, CTY_NOTIFY_STOPPING);
    cty_daemon_stopping(daemon);
    cty_daemon_stop(daemon, DRAIN_MS);
    if (err != CUSTODY_OK)
        return cty_fail(error, err, "see the lines before this one");
    cty_log(CTY_LOG_INFO, "stopped", NULL);
    return CUSTODY_OK;
}

static custody_err init(struct program *program, custody_error *error)
{
    struct cty_daemon_options options = daemon_options(program);
    struct cty_buf text = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
    custody_err err = cty_file_read(program->options.init_file, &text, error);
    if (err == CUSTODY_OK)
        err = cty_daemon_create_ledger(&options, cty_buf_bytes(&text), error);
    cty_buf_done(&text);
    if (err == CUSTODY_OK)
        cty_log(CTY_LOG_INFO, "created", "ledger", "s", program->options.config.ledger, NULL);
    return err;
}

/* --- checking ---------------------------------------------------------------------------------------------- */

static void say(custody_err err, const custody_error *error, custody_err *first)
{
    fprintf(stderr, "custodyd: %s: %s: %s\n  %s\n", custody_err_name(err), custody_err_sentence(err),
            error->code == err ? error->detail : "", custody_err_next(err));
    if (*first == CUSTODY_OK)
        *first = err;
}

static void say_facts(const struct cty_config *config, const struct cty_daemon_facts *facts)
{
    printf("log key in force: %s\n", facts->next_log ? config->next_log_key : config->log_key);
    printf("clerk key in force: %s\n", facts->next_clerk ? config->next_clerk_key : config->clerk_key);
    if (facts->closed)
        printf("the ledger is closed\n");
}

static void check_keys(struct program *program, custody_err *first)
{
    struct key_place places[KEYS];
    key_places(program, places);
    for (size_t i = 0; i < KEYS; i++) {
        custody_error error = {0};
        custody_err err = places[i].path ? load_key(places[i].path, program->options.passphrase_fd, places[i].secret,
                                                    &error)
                                         : CUSTODY_OK;
        if (err != CUSTODY_OK)
            say(err, &error, first);
    }
}

static void check_doors(const struct program *program, custody_err *first)
{
    struct cty_doors doors = {.has_certificate = false};
    custody_error error = {0};
    char words[64];
    custody_err err = cty_doors_read(&program->options.config, &doors, &error);
    if (err != CUSTODY_OK)
        say(err, &error, first);
    else if (cty_doors_is_out_of_date(&doors, cty_time_wall_ms(), words))
        printf("warning: %s: clients refuse it\n", words);
    cty_doors_done(&doors);
}

static void check_witnesses(struct program *program, custody_err *first)
{
    custody_error error = {0};
    custody_err err = program->options.config.witnesses
                          ? cty_policy_load(program->options.config.witnesses, &program->trust, &error)
                          : CUSTODY_OK;
    if (err != CUSTODY_OK)
        say(err, &error, first);
}

/* Says everything that is wrong, not only the first. */
static custody_err check(struct program *program)
{
    struct cty_daemon_facts facts = {.closed = false};
    custody_err first = CUSTODY_OK;
    custody_error error = {0};
    check_keys(program, &first);
    check_doors(program, &first);
    check_witnesses(program, &first);
    if (program->log && program->clerk && (program->trust.origin.size || !program->options.config.witnesses)) {
        struct cty_daemon_options options = daemon_options(program);
        custody_err err = cty_daemon_check_ledger(&options, &facts, &error);
        if (err != CUSTODY_OK)
            say(err, &error, &first);
    }
    if (first == CUSTODY_OK) {
        printf("the configuration is acceptable\n");
        say_facts(&program->options.config, &facts);
    }
    return first;
}

static int report(custody_err err, const custody_error *error)
{
    cty_log(CTY_LOG_ERROR, "failed", "code", "s", custody_err_name(err), "sentence", "s", custody_err_sentence(err),
            "detail", "s", error->code == err ? error->detail : "", "next", "s", custody_err_next(err), NULL);
    return custody_err_exit(err);
}

/* Before there are keys or threads: who dials has neither. */
static custody_err start_courier(struct program *program, custody_error *error)
{
    const struct cty_config *config = &program->options.config;
    const struct cty_courier_config courier = {.trust = &program->trust, .sandbox = config->sandbox};
    if (!config->witnesses || program->options.mode != CTY_MODE_SERVE)
        return CUSTODY_OK;
    CTY_TRY(cty_policy_load(config->witnesses, &program->trust, error));
    return cty_courier_start(&courier, &program->courier, error);
}

static custody_err run(struct program *program, custody_error *error)
{
    program->options.config.doorless = program->options.mode == CTY_MODE_INIT;
    CTY_TRY(cty_config_complete(&program->options.config, error));
    CTY_TRY(start_courier(program, error));
    CTY_TRY(load_keys(program, error));
    CTY_TRY(lock_keys(program, error));
    return program->options.mode == CTY_MODE_INIT ? init(program, error) : serve(program, error);
}

static int run_mode(struct program *program)
{
    custody_error error = {0};
    custody_err err = CUSTODY_OK;
    switch (program->options.mode) {
    case CTY_MODE_HELP:
        fputs(cty_options_help, stdout);
        return 0;
    case CTY_MODE_VERSION:
        printf("custodyd %s\n", CTY_VERSION);
        return 0;
    case CTY_MODE_CHECK:
        err = cty_config_complete(&program->options.config, &error);
        if (err != CUSTODY_OK)
            say(err, &error, &err);
        else
            err = check(program);
        /* Whatever is wrong with it, a configuration is the operator's to mend. */
        return err == CUSTODY_OK ? 0 : custody_err_exit(CUSTODY_E_CONFIG);
    case CTY_MODE_INIT:
    case CTY_MODE_SERVE:
        err = run(program, &error);
        return err == CUSTODY_OK ? 0 : report(err, &error);
    }
    return custody_err_exit(CUSTODY_E_INTERNAL);
}

/*
 * Threads hand work to one another every few microseconds; whoever is woken waits for its turn instead of taking the processor from
 * the one that woke it. Where it is not allowed nothing is lost but that.
 */
static void work_in_batches(void)
{
    const struct sched_param none = {.sched_priority = 0};
    (void)sched_setscheduler(0, SCHED_BATCH, &none);
}

/*
 * What is large is a mapping of its own and goes back to the system when it is freed. Left to itself the allocator keeps such
 * memory from the first time on that it was freed, in pieces: peers who promise messages and don't end them would have twice
 * what they are counted for.
 */
static void give_back_large_memory(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_BYTES); /* refused by some allocators, which then do as they like */
}

int main(int argc, char **argv)
{
    struct program program = {.signals = -1, .manager = -1, .courier = -1};
    custody_error error = {0};
    int status;
    work_in_batches();
    give_back_large_memory();
    custody_err err = cty_crypto_init();
    if (err == CUSTODY_OK)
        err = cty_options_read(&program.options, argc, argv, &error);
    status = err == CUSTODY_OK ? run_mode(&program) : report(err, &error);
    cty_secret_free(program.log);
    cty_secret_free(program.clerk);
    cty_secret_free(program.next_log);
    cty_secret_free(program.next_clerk);
    cty_trust_done(&program.trust);
    cty_options_done(&program.options);
    if (program.signals >= 0)
        close(program.signals);
    if (program.manager >= 0)
        close(program.manager);
    return status;
}
