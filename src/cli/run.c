/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <custody/types.h>

#include "base/check.h"
#include "cli/common.h"
#include "cli/wrap.h"

/* What the signal handler may touch. */
static _Atomic(struct cty_client *) running;

bool cty_cli_interrupt(void)
{
    struct cty_client *client = atomic_load(&running);
    if (client)
        cty_client_interrupt(client);
    return client != NULL;
}

void cty_cli_set_running(struct cty_client *client)
{
    atomic_store(&running, client);
}

/* --- output ---------------------------------------------------------------------------------------------- */

static bool write_all(FILE *file, struct cty_bytes text)
{
    return (text.size == 0 || fwrite(text.data, 1, text.size, file) == text.size) && fflush(file) == 0;
}

/* Where memory runs out, the text goes as it is. */
static bool write_wrapped(FILE *file, struct cty_bytes text)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf wrapped = CTY_BUF_INIT(SIZE_MAX / 2);
    size_t width = cty_wrap_width(file);
    if (width && cty_wrap(text, width, &wrapped) == CUSTODY_OK)
        text = cty_buf_bytes(&wrapped);
    return write_all(file, text);
}

custody_err cty_cli_flush(struct cty_cli *cli)
{
    struct cty_bytes page = cty_buf_bytes(&cli->page);
    bool written = cli->wraps && !cli->json ? write_wrapped(cli->out, page) : write_all(cli->out, page);
    cty_buf_clear(&cli->page);
    return written ? CUSTODY_OK : cty_fail(&cli->error, CUSTODY_E_IO, "the output could not be written");
}

void cty_cli_present(struct cty_cli *cli, struct cty_bytes text)
{
    (void)write_wrapped(cli->json ? cli->err : cli->out, text);
}

void cty_cli_note(struct cty_cli *cli, const char *format, ...)
{
    if (cli->json)
        return;
    va_list args;
    va_start(args, format);
    (void)vfprintf(cli->err, format, args);
    va_end(args);
    (void)fputc('\n', cli->err);
    (void)fflush(cli->err);
}

custody_err cty_cli_confirm(struct cty_cli *cli, const char *question)
{
    char line[16] = "";
    if (cty_args_flag(&cli->args, "yes"))
        return CUSTODY_OK;
    if (!cli->terminal)
        return cty_fail(&cli->error, CUSTODY_E_USAGE,
                        "there is nobody at a terminal to ask; --yes signs without asking");
    (void)fprintf(cli->err, "%s [y/N] ", question);
    (void)fflush(cli->err);
    if (fgets(line, sizeof(line), cli->in) && (strcmp(line, "y\n") == 0 || strcmp(line, "yes\n") == 0))
        return CUSTODY_OK;
    return cty_fail_code(&cli->error, CUSTODY_E_DECLINED);
}

/* --- running --------------------------------------------------------------------------------------------- */

static void cli_done(struct cty_cli *cli)
{
    cty_cli_set_running(NULL);
    cty_client_close(cli->client);
    for (size_t i = 0; i < cli->keys_count; i++)
        cty_secret_free(cli->keys[i]);
    cty_trust_done(&cli->trust);
    cty_buf_done(&cli->page);
    free(cli->next_made);
    free(cli->state_path);
    free(cli->refusal_path);
}

static custody_err check_operands(struct cty_cli *cli)
{
    size_t count = cli->args.operands_count;
    cli->helps = count < cli->command->operands_min || count > cli->command->operands_max;
    if (count < cli->command->operands_min)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "something is missing: custody %s %s", cli->command->name,
                        cli->command->operands);
    if (count > cli->command->operands_max)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "'%.40s' is one word too many",
                        cli->args.operands[cli->command->operands_max]);
    return CUSTODY_OK;
}

static custody_err run_command(struct cty_cli *cli, int count, char *const *words)
{
    cty_common_know(&cli->args, cli->command);
    cli->args.keeps_rest = cli->command->status_failed != 0;
    custody_err err = cty_args_parse(&cli->args, count, words, &cli->error);
    if (err == CUSTODY_OK && cty_args_flag(&cli->args, "help"))
        return cty_help_command(cli->command, &cli->page);
    cli->helps = err != CUSTODY_OK;
    if (cli->status_failed) /* the output is left to the command that it runs */
        cli->out = cli->err;
    CTY_TRY(err);
    cli->json = cty_args_flag(&cli->args, "json");
    CTY_TRY(check_operands(cli));
    return cli->command->run(cli);
}

/* Help of all commands, of one, or of a group; words[0] is "help". */
static custody_err run_help(struct cty_cli *cli, int count, char *const *words)
{
    int used = 0;
    const struct cty_command *command = cty_command_find(count - 1, words + 1, &used);
    if (count == 1)
        return cty_help_all(&cli->page);
    if (command && used == count - 1)
        return cty_help_command(command, &cli->page);
    if (count == 2 && cty_command_group(cty_bytes_text(words[1])))
        return cty_help_group(cty_bytes_text(words[1]), &cli->page);
    cli->helps = true;
    return cty_fail(&cli->error, CUSTODY_E_USAGE, "there is no command '%.40s%s%.40s'", words[1], count > 2 ? " " : "",
                    count > 2 ? words[2] : "");
}

/* `custody`, `custody --help`, `custody help VERB`, `custody --version`, `custody key`. */
static custody_err run_without_command(struct cty_cli *cli, int count, char *const *words)
{
    if (count == 0 || strcmp(words[0], "--help") == 0 || strcmp(words[0], "-h") == 0) {
        cli->status = count == 0 ? custody_err_exit(CUSTODY_E_USAGE) : 0;
        return cty_help_all(&cli->page);
    }
    if (strcmp(words[0], "help") == 0)
        return run_help(cli, count, words);
    if (strcmp(words[0], "--version") == 0)
        return cty_buf_putf(&cli->page, "custody %s\n", CUSTODY_VERSION);
    if (cty_command_group(cty_bytes_text(words[0]))) {
        bool asked = count > 1 && strcmp(words[1], "--help") == 0;
        cli->status = asked ? 0 : custody_err_exit(CUSTODY_E_USAGE);
        return cty_help_group(cty_bytes_text(words[0]), &cli->page);
    }
    cli->helps = true;
    return cty_fail(&cli->error, CUSTODY_E_USAGE, "there is no command '%.40s'", words[0]);
}

/* Whether --json stands there, also where the rest can't be read; behind "--" it is somebody else's. */
static bool wants_json(int count, char *const *words)
{
    for (int i = 0; i < count && strcmp(words[i], "--") != 0; i++) {
        if (strcmp(words[i], "--json") == 0)
            return true;
    }
    return false;
}

static int tell_error(struct cty_cli *cli, custody_err code)
{
    FILE *file = cli->json ? cli->out : cli->err;
    if (cty_error_page(cli, code) == CUSTODY_OK)
        (void)fwrite(cli->page.data, 1, cli->page.size, file);
    else /* no memory for more than this */
        (void)fprintf(cli->err, "custody: %s [%s]\n", custody_err_sentence(code), custody_err_name(code));
    (void)fflush(file);
    return cli->status_failed ? cli->status_failed : custody_err_exit(code);
}

int cty_cli_run(int argc, char *const *argv, FILE *in, FILE *out, FILE *err, bool terminal)
{
    struct cty_cli cli = {.in = in, .out = out, .err = err, .terminal = terminal};
    int words = 0;
    cli.page = CTY_BUF_INIT(CTY_PAGE_BYTES_MAX);
    cli.json = wants_json(argc - 1, argv + 1);
    cli.command = cty_command_find(argc - 1, argv + 1, &words);
    cli.status_failed = cli.command ? cli.command->status_failed : 0;
    custody_err code = cty_crypto_init();
    if (code == CUSTODY_OK)
        code = cli.command ? run_command(&cli, argc - 1 - words, argv + 1 + words)
                           : run_without_command(&cli, argc - 1, argv + 1);
    if (code == CUSTODY_OK)
        code = cty_cli_flush(&cli);
    int status = code == CUSTODY_OK ? cli.status : tell_error(&cli, code);
    cli_done(&cli);
    return status;
}
