/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/options.h"

#include <getopt.h>

#include "base/check.h"

const char *const cty_options_help =
    "Usage: custodyd [--config FILE] [OPTION]...\n"
    "Keeps a ledger: takes signed statements, judges them, answers with receipts.\n"
    "\n"
    "  -c, --config FILE      read a JSON configuration; the options below stand over it\n"
    "  -l, --ledger FILE      the database\n"
    "      --log-key FILE     the key that signs checkpoints\n"
    "      --clerk-key FILE   the key that signs verdicts, releases and expiries\n"
    "      --next-log-key FILE, --next-clerk-key FILE\n"
    "                         the keys that a custodian.rotate may name\n"
    "      --origin NAME      refuse to serve another ledger than this one\n"
    "      --listen URL       a door, up to 4: ipc:///PATH, tcp://127.0.0.1:PORT, or\n"
    "                         tls+tcp://ADDRESS:PORT, which alone is for other machines\n"
    "                         (default: custodyd.sock beside the database)\n"
    "      --publish URL      where checkpoints are published, up to 4\n"
    "      --tls-certificate FILE, --tls-key FILE\n"
    "                         what TLS doors are known by, in PEM form; 'custody cert' makes both\n"
    "      --tls-name URL     tls+tcp://HOST:PORT under which a TLS door is dialled, up to 4,\n"
    "                         where the certificate's names and the door's port don't say it\n"
    "      --workers N        threads that answer (default: one for each processor)\n"
    "      --queue N          statements that may wait (default: 1024)\n"
    "      --connections N    connections at once (default: 1024)\n"
    "      --calls N          calls that run at once (default: 64)\n"
    "      --waits N          calls that wait for news at once (default: 8192)\n"
    "      --http URL         checkpoint, tiles and entries for readers, at http://ADDRESS:PORT,\n"
    "                         on this machine unless the ledger is public (default: nowhere)\n"
    "      --http-name URL    https://HOST[:PORT][/PATH] under which a proxy leads there, up to 4\n"
    "      --metrics URL      /healthz and /metrics, at http://127.0.0.1:PORT (default: nowhere)\n"
    "      --witnesses FILE   a policy (C2SP tlog-policy) or a trust file: who cosigns each checkpoint\n"
    "      --sandbox MODE     on: give up all that serving does not need, as far as the kernel knows\n"
    "                         how (default); require: no start without seccomp, Landlock\n"
    "                         and locked keys; off\n"
    "      --group            let the socket's group connect as well\n"
    "      --development      accept the published development keys\n"
    "      --passphrase-fd N  read the key files' passphrases from this descriptor, a line\n"
    "                         for each that has one: log, clerk, next log, next clerk\n"
    "      --confirm-clock    somebody has looked at the clock and it is right\n"
    "      --restored SIZE    the database is a backup, put in its place by a person who found that\n"
    "                         nobody has seen more of the ledger than SIZE entries; once\n"
    "      --init FILE        create the database from a signed ledger.open, and end\n"
    "      --check            say what is wrong with the configuration, and end\n"
    "  -h, --help             print this, and end\n"
    "      --version          print the version, and end\n"
    "\n"
    "Exit status: 0 done, 1 refused, 3 could not, 4 usage or configuration.\n";

enum flag {
    FLAG_CONFIG = 'c',
    FLAG_LEDGER = 'l',
    FLAG_HELP = 'h',
    FLAG_LOG_KEY = 256,
    FLAG_CLERK_KEY,
    FLAG_NEXT_LOG_KEY,
    FLAG_NEXT_CLERK_KEY,
    FLAG_ORIGIN,
    FLAG_LISTEN,
    FLAG_PUBLISH,
    FLAG_TLS_CERTIFICATE,
    FLAG_TLS_KEY,
    FLAG_TLS_NAME,
    FLAG_WORKERS,
    FLAG_QUEUE,
    FLAG_CONNECTIONS,
    FLAG_CALLS,
    FLAG_WAITS,
    FLAG_HTTP,
    FLAG_HTTP_NAME,
    FLAG_METRICS,
    FLAG_WITNESSES,
    FLAG_SANDBOX,
    FLAG_GROUP,
    FLAG_DEVELOPMENT,
    FLAG_PASSPHRASE_FD,
    FLAG_CONFIRM_CLOCK,
    FLAG_RESTORED,
    FLAG_INIT,
    FLAG_CHECK,
    FLAG_VERSION
};

static const struct option flags[] = {
    {"config", required_argument, NULL, FLAG_CONFIG},
    {"ledger", required_argument, NULL, FLAG_LEDGER},
    {"help", no_argument, NULL, FLAG_HELP},
    {"log-key", required_argument, NULL, FLAG_LOG_KEY},
    {"clerk-key", required_argument, NULL, FLAG_CLERK_KEY},
    {"next-log-key", required_argument, NULL, FLAG_NEXT_LOG_KEY},
    {"next-clerk-key", required_argument, NULL, FLAG_NEXT_CLERK_KEY},
    {"origin", required_argument, NULL, FLAG_ORIGIN},
    {"listen", required_argument, NULL, FLAG_LISTEN},
    {"publish", required_argument, NULL, FLAG_PUBLISH},
    {"tls-certificate", required_argument, NULL, FLAG_TLS_CERTIFICATE},
    {"tls-key", required_argument, NULL, FLAG_TLS_KEY},
    {"tls-name", required_argument, NULL, FLAG_TLS_NAME},
    {"workers", required_argument, NULL, FLAG_WORKERS},
    {"queue", required_argument, NULL, FLAG_QUEUE},
    {"connections", required_argument, NULL, FLAG_CONNECTIONS},
    {"calls", required_argument, NULL, FLAG_CALLS},
    {"waits", required_argument, NULL, FLAG_WAITS},
    {"http", required_argument, NULL, FLAG_HTTP},
    {"http-name", required_argument, NULL, FLAG_HTTP_NAME},
    {"metrics", required_argument, NULL, FLAG_METRICS},
    {"witnesses", required_argument, NULL, FLAG_WITNESSES},
    {"sandbox", required_argument, NULL, FLAG_SANDBOX},
    {"group", no_argument, NULL, FLAG_GROUP},
    {"development", no_argument, NULL, FLAG_DEVELOPMENT},
    {"passphrase-fd", required_argument, NULL, FLAG_PASSPHRASE_FD},
    {"confirm-clock", no_argument, NULL, FLAG_CONFIRM_CLOCK},
    {"restored", required_argument, NULL, FLAG_RESTORED},
    {"init", required_argument, NULL, FLAG_INIT},
    {"check", no_argument, NULL, FLAG_CHECK},
    {"version", no_argument, NULL, FLAG_VERSION},
    {NULL, 0, NULL, 0},
};

struct reading {
    struct cty_options *options;
    /* Addresses on the command line take the place of those in the file. */
    bool listens;
    bool publishes;
    bool names;
    bool http_names;
    custody_error *error;
};

static custody_err take_number(const char *text, uint64_t most, uint64_t *ret_number, custody_error *error)
{
    if (cty_u64_parse(cty_bytes_text(text), most, ret_number) != CUSTODY_OK)
        return cty_fail(error, CUSTODY_E_USAGE, "%s is no number up to %llu", text, (unsigned long long)most);
    return CUSTODY_OK;
}

static custody_err take_url(char *list[CTY_URLS_PER_DOOR_MAX], size_t *count, bool *seen, const char *value,
                            custody_error *error)
{
    if (!*seen)
        *count = 0;
    *seen = true;
    return cty_config_add(list, count, value, error);
}

static custody_err take_mode(struct reading *reading, enum cty_daemon_mode mode)
{
    if (reading->options->mode != CTY_MODE_SERVE && reading->options->mode != mode)
        return cty_fail(reading->error, CUSTODY_E_USAGE, "--init and --check exclude each other");
    reading->options->mode = mode;
    return CUSTODY_OK;
}

static custody_err take_flag(struct reading *reading, int flag, const char *value)
{
    struct cty_options *options = reading->options;
    struct cty_config *config = &options->config;
    uint64_t number = 0;
    switch (flag) {
    case FLAG_CONFIG: /* was read first */
        return CUSTODY_OK;
    case FLAG_LEDGER:
        return cty_config_set(&config->ledger, value);
    case FLAG_LOG_KEY:
        return cty_config_set(&config->log_key, value);
    case FLAG_CLERK_KEY:
        return cty_config_set(&config->clerk_key, value);
    case FLAG_NEXT_LOG_KEY:
        return cty_config_set(&config->next_log_key, value);
    case FLAG_NEXT_CLERK_KEY:
        return cty_config_set(&config->next_clerk_key, value);
    case FLAG_ORIGIN:
        return cty_config_set(&config->origin, value);
    case FLAG_LISTEN:
        return take_url(config->listen, &config->listen_count, &reading->listens, value, reading->error);
    case FLAG_PUBLISH:
        return take_url(config->publish, &config->publish_count, &reading->publishes, value, reading->error);
    case FLAG_TLS_CERTIFICATE:
        return cty_config_set(&config->tls_certificate, value);
    case FLAG_TLS_KEY:
        return cty_config_set(&config->tls_key, value);
    case FLAG_TLS_NAME:
        return take_url(config->tls_names, &config->tls_names_count, &reading->names, value, reading->error);
    case FLAG_WORKERS:
        return take_number(value, CTY_WORKERS_MAX, &config->workers, reading->error);
    case FLAG_QUEUE:
        return take_number(value, CTY_QUEUE_MAX, &config->queue, reading->error);
    case FLAG_CONNECTIONS:
        return take_number(value, CTY_CONNECTIONS_MAX, &config->connections, reading->error);
    case FLAG_CALLS:
        return take_number(value, CTY_CALLS_MAX, &config->calls, reading->error);
    case FLAG_WAITS:
        return take_number(value, CTY_WAITS_MAX, &config->waits, reading->error);
    case FLAG_HTTP:
        return cty_config_set(&config->http, value);
    case FLAG_HTTP_NAME:
        return take_url(config->http_names, &config->http_names_count, &reading->http_names, value, reading->error);
    case FLAG_METRICS:
        return cty_config_set(&config->metrics, value);
    case FLAG_WITNESSES:
        return cty_config_set(&config->witnesses, value);
    case FLAG_SANDBOX:
        return cty_config_set_sandbox(config, value, reading->error);
    case FLAG_GROUP:
        config->group_access = true;
        return CUSTODY_OK;
    case FLAG_DEVELOPMENT:
        config->development = true;
        return CUSTODY_OK;
    case FLAG_PASSPHRASE_FD:
        CTY_TRY(take_number(value, 1023, &number, reading->error));
        options->passphrase_fd = (int)number;
        return CUSTODY_OK;
    case FLAG_CONFIRM_CLOCK:
        options->confirm_clock = true;
        return CUSTODY_OK;
    case FLAG_RESTORED:
        options->restored = true;
        return take_number(value, CTY_NUMBER_MAX, &options->restored_size, reading->error);
    case FLAG_INIT:
        options->init_file = value;
        return take_mode(reading, CTY_MODE_INIT);
    case FLAG_CHECK:
        return take_mode(reading, CTY_MODE_CHECK);
    case FLAG_HELP:
        options->mode = CTY_MODE_HELP;
        return CUSTODY_OK;
    case FLAG_VERSION:
        options->mode = CTY_MODE_VERSION;
        return CUSTODY_OK;
    default:
        return cty_fail(reading->error, CUSTODY_E_USAGE, "an option is not known, or lacks its value");
    }
}

/* The file comes first, wherever its flag stands. */
static custody_err read_file(struct cty_options *options, int argc, char **argv, custody_error *error)
{
    const char *file = NULL;
    int flag;
    optind = 1;
    opterr = 0;
    while ((flag = getopt_long(argc, argv, "c:l:h", flags, NULL)) != -1) {
        if (flag == FLAG_CONFIG && file)
            return cty_fail(error, CUSTODY_E_USAGE, "--config stands twice");
        if (flag == FLAG_CONFIG)
            file = optarg;
    }
    if (optind < argc)
        return cty_fail(error, CUSTODY_E_USAGE, "%s is not understood", argv[optind]);
    return file ? cty_config_read(&options->config, file, error) : CUSTODY_OK;
}

custody_err cty_options_read(struct cty_options *options, int argc, char **argv, custody_error *error)
{
    struct reading reading = {.options = options, .error = error};
    int flag;
    memset(options, 0, sizeof(*options));
    options->passphrase_fd = -1;
    CTY_TRY(read_file(options, argc, argv, error));
    optind = 1;
    while ((flag = getopt_long(argc, argv, "c:l:h", flags, NULL)) != -1) {
        CTY_TRY(take_flag(&reading, flag, optarg));
        if (options->mode == CTY_MODE_HELP || options->mode == CTY_MODE_VERSION)
            return CUSTODY_OK;
    }
    return CUSTODY_OK;
}

void cty_options_done(struct cty_options *options)
{
    cty_config_done(&options->config);
}
