/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One run of `custody`: its command, its options, and what commands share. Keys, trust file and client are made when a
 * command first asks for them, and live until the run ends.
 *
 * A command puts what it has to say into `page`, which is printed when it has ended well; what a person must read
 * before that goes through cty_cli_present. With --json the page holds one RFC 8785 object.
 * Thread rule: one thread, but for cty_cli_interrupt.
 */
#ifndef CTY_CLI_CLI_H
#define CTY_CLI_CLI_H

#include <stdio.h>

#include "audit/trust.h"
#include "cli/opt.h"
#include "client/client.h"
#include "net/url.h"

struct cty_cli;

/* Common options that a command has; --json and --help are everybody's. */
enum cty_cli_use {
    CTY_USE_URL = 1,
    CTY_USE_TRUST = 2,
    CTY_USE_KEY = 4,
    CTY_USE_PASSPHRASE = 8,
    CTY_USE_STATE = 16,
    CTY_USE_TIMEOUT = 32,
    CTY_USE_YES = 64,
    CTY_USE_DEVELOPMENT = 128,
    /* A command that reads a verified ledger, and one that also signs. */
    CTY_USE_READ = CTY_USE_URL | CTY_USE_TRUST | CTY_USE_KEY | CTY_USE_PASSPHRASE | CTY_USE_STATE | CTY_USE_TIMEOUT,
    CTY_USE_SIGN = CTY_USE_READ | CTY_USE_YES
};

struct cty_command {
    const char *name;     /* "inbox", "key new" */
    custody_err (*run)(struct cty_cli *cli);
    const char *summary;  /* one line, no full stop */
    const char *operands; /* "CASE"; "" where it takes none */
    size_t operands_min, operands_max;
    const char *about;    /* paragraphs, each line at most 100 wide */
    const char *example;  /* one command line that works in the world of the quickstart */
    unsigned uses;        /* enum cty_cli_use, or-ed */
    const struct cty_opt *options; /* its own; ends with a NULL name */
    /* It runs what stands behind "--": the output is that command's, ours goes to the error output, and what fails ends
     * with this status. 0 for all others. */
    int status_failed;
};
/* In the order of help; ends with NULL. */
extern const struct cty_command *const cty_commands[];

#define CTY_CLI_KEYS_MAX 16
#define CTY_PAGE_BYTES_MAX (64u * 1024u * 1024u)

struct cty_cli {
    FILE *in, *out, *err;  /* borrowed */
    bool terminal;         /* `in` is a person at a terminal */
    const struct cty_command *command;
    struct cty_args args;
    bool json;
    struct cty_buf page;
    bool wraps;            /* the page holds foreign text: at a terminal its lines are broken by us (wrap.h) */
    int status;            /* exit status where the command returns OK */
    int status_failed;     /* exit status of any error; 0: the error's own */
    custody_error error;
    const char *next;      /* what to do about a next_code, where more is known than the code's own words say; constant */
    char *next_made;       /* the same, where it was put together */
    custody_err next_code;
    bool helps;            /* a USAGE error about which the command's --help says more */
    struct cty_opt_hash case_id; /* a case that this run made: told with an error too */
    struct cty_trust trust;
    bool trusted;
    struct cty_secret *keys[CTY_CLI_KEYS_MAX];
    const char *key_paths[CTY_CLI_KEYS_MAX]; /* borrowed from the command line */
    size_t keys_count;
    const struct cty_secret *key; /* of --key; one of `keys` */
    char *state_path;
    char *refusal_path; /* where a signed refusal was written; NULL: nowhere */
    struct cty_client *client;
    bool on_screen;  /* the whole terminal is a screen: no line may be written beside it */
    bool reads_only; /* its key opens sessions and signs nothing */
    struct cty_net_pin door_pin; /* what the door at --url is known by, where the trust file doesn't say; borrowed */
};

/*
 * Runs argv as `custody` would, and gives the exit status (spec/cli.md): 0 done, 1 refused, 2 done with findings,
 * 3 could not be decided, reached or in time, 4 usage. The streams are borrowed.
 */
int cty_cli_run(int argc, char *const *argv, FILE *in, FILE *out, FILE *err, bool terminal);
/* Ends what the run waits for; from a signal handler. False where it has no client that could wait. */
bool cty_cli_interrupt(void);
/* The client that cty_cli_interrupt ends; NULL for none. */
void cty_cli_set_running(struct cty_client *client);

/* Says what to do about the error that is returned next. `next` is constant. */
void cty_cli_next(struct cty_cli *cli, custody_err code, const char *next);
/* The same with a text that is copied; without memory for it, nothing more is known. */
void cty_cli_next_made(struct cty_cli *cli, custody_err code, struct cty_bytes next);
#define CTY_NEXT_PATH "check the path"
#define CTY_NEXT_CASE "check the digits, or look for the case with 'custody list'"

/* --- options --------------------------------------------------------------------------------------------- */

/* An option, or the environment variable that stands for it; NULL where both are missing. */
const char *cty_cli_setting(const struct cty_cli *cli, const char *option, const char *variable);
/* Errors: USAGE where it wasn't given. */
CUSTODY_MUST_USE custody_err cty_cli_required(struct cty_cli *cli, const char *option, const char **ret_value);
/*
 * The address of the custodian's door: --url or CUSTODY_URL. Errors: USAGE, with the forms that addresses have: `what` where
 * there is none, such as "where is the custodian?".
 */
CUSTODY_MUST_USE custody_err cty_cli_url(struct cty_cli *cli, const char *what, const char **ret_url,
                                         struct cty_net_url *ret_parsed);
/* What --timeout says; `otherwise` where it says nothing. */
CUSTODY_MUST_USE custody_err cty_cli_timeout(struct cty_cli *cli, uint64_t otherwise, uint64_t *ret_ms);

/* --- trust, keys, client --------------------------------------------------------------------------------- */

/* After looking for a file that a setting names: NOT_FOUND is turned into USAGE, which names the command that makes one. */
CUSTODY_MUST_USE custody_err cty_cli_missing(struct cty_cli *cli, const char *what, const char *made_by,
                                             custody_err err);
/* The trust file; borrowed. Errors: USAGE where none is named or none is there, BAD_TRUST. */
CUSTODY_MUST_USE custody_err cty_cli_trust(struct cty_cli *cli, const struct cty_trust **ret_trust);
/*
 * Loads a key file, asking for its passphrase where it has one; the same path again gives the same key. `path` is of
 * the command line or the environment. Borrowed until the run ends.
 */
CUSTODY_MUST_USE custody_err cty_cli_load_key(struct cty_cli *cli, const char *path,
                                              const struct cty_secret **ret_secret);
/* The key of --key. Errors: USAGE where none is named, or none is there. */
CUSTODY_MUST_USE custody_err cty_cli_key(struct cty_cli *cli, const struct cty_secret **ret_secret);
/* The keys of a list option, in order. */
CUSTODY_MUST_USE custody_err cty_cli_load_keys(struct cty_cli *cli, const char *option,
                                               const struct cty_secret **secrets, size_t max, size_t *ret_count);
enum cty_cli_as { CTY_AS_NOBODY, CTY_AS_KEY };
/*
 * The client; with AS_KEY it opens sessions with the key of --key, which then must be named. With AS_NOBODY it needs none, and
 * opens one only to read the chain that tells a changed log key: with the first of --admin, or an explicit --key. Borrowed.
 */
CUSTODY_MUST_USE custody_err cty_cli_client(struct cty_cli *cli, enum cty_cli_as as, struct cty_client **ret_client);
/* The same for a key that is loaded. */
CUSTODY_MUST_USE custody_err cty_cli_client_of(struct cty_cli *cli, const struct cty_secret *secret,
                                               struct cty_client **ret_client);
/* Sets cli->state_path, where the newest verified checkpoint is kept; NULL for nowhere. Errors: NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_cli_find_state(struct cty_cli *cli);
/* The key with which AS_NOBODY reads; NULL where none is named. */
CUSTODY_MUST_USE custody_err cty_cli_reader(struct cty_cli *cli, const struct cty_secret **ret_secret);
/* `trust` NULL: without pins, for `info`, which believes nobody. Where cli->reads_only, the secret signs nothing. */
CUSTODY_MUST_USE custody_err cty_cli_open(struct cty_cli *cli, const struct cty_trust *trust,
                                          const struct cty_secret *secret, struct cty_client **ret_client);

/* --- output ---------------------------------------------------------------------------------------------- */

/* Shows a text now: on the output, or with --json on the error output; at a terminal with lines broken by us. */
void cty_cli_present(struct cty_cli *cli, struct cty_bytes text);
/* A line to the error output; not with --json. */
void cty_cli_note(struct cty_cli *cli, const char *format, ...) CUSTODY_PRINTF(2, 3);
/* Prints the page now and empties it. Errors: IO. */
CUSTODY_MUST_USE custody_err cty_cli_flush(struct cty_cli *cli);
/*
 * Asks "<question> [y/N]" unless --yes was given. Errors: USAGE where nobody is at a terminal, DECLINED for anything
 * but yes.
 */
CUSTODY_MUST_USE custody_err cty_cli_confirm(struct cty_cli *cli, const char *question);

/* --- files ----------------------------------------------------------------------------------------------- */

/* Appends the file's contents; "-" is the input. Errors: NOT_FOUND, IO, TOO_LARGE beyond the buffer's limit. */
CUSTODY_MUST_USE custody_err cty_cli_read_file(struct cty_cli *cli, const char *path, struct cty_buf *out);
/* A new file that nobody else can read; "-" is the output. Errors: EXISTS, IO. */
CUSTODY_MUST_USE custody_err cty_cli_write_file(struct cty_cli *cli, const char *path, struct cty_bytes bytes);
/* A new file that is for others; no "-". Errors: EXISTS, IO. */
CUSTODY_MUST_USE custody_err cty_cli_write_public(struct cty_cli *cli, const char *path, struct cty_bytes bytes);
/* Puts other contents in the place of a file's, all or nothing. Errors: IO. */
CUSTODY_MUST_USE custody_err cty_cli_replace_file(struct cty_cli *cli, const char *path, struct cty_bytes bytes);

/* --- commands: one for each verb, cmd_<verb>.c ----------------------------------------------------------- */

#define CTY_COMMAND(name) extern const struct cty_command cty_command_##name;
#include "cli/commands.def"
#undef CTY_COMMAND

#endif
