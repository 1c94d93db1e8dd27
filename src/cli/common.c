/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/common.h"

#include "base/check.h"
#include "cli/put.h"
#include "cli/text.h"

static const struct cty_opt everywhere[] = {
    {"json", 0, CTY_OPT_FLAG, NULL, "print one JSON object instead of text"},
    {"help", 'h', CTY_OPT_FLAG, NULL, "print this"},
    {NULL},
};

/* One option each, behind the bit that brings it in; each ends its own little table. */
static const struct {
    unsigned use;
    struct cty_opt table[2];
} common[] = {
    {CTY_USE_URL, {{"url", 'u', CTY_OPT_TEXT, "URL", "the custodian's door (CUSTODY_URL)"}, {NULL}}},
    {CTY_USE_TRUST, {{"trust", 't', CTY_OPT_TEXT, "FILE", "the trust file: whom to believe (CUSTODY_TRUST)"}, {NULL}}},
    {CTY_USE_KEY, {{"key", 'k', CTY_OPT_TEXT, "FILE", "your key file (CUSTODY_KEY)"}, {NULL}}},
    {CTY_USE_PASSPHRASE,
     {{"passphrase-fd", 0, CTY_OPT_TEXT, "N", "read passphrases from descriptor N, a line for each key"}, {NULL}}},
    {CTY_USE_STATE,
     {{"state", 0, CTY_OPT_TEXT, "FILE",
       "keeps the newest checkpoint (CUSTODY_STATE; beside --trust; - for nowhere)"},
      {NULL}}},
    {CTY_USE_TIMEOUT, {{"timeout", 0, CTY_OPT_TEXT, "PERIOD", "how long to try, such as 30s or 5m"}, {NULL}}},
    {CTY_USE_YES, {{"yes", 'y', CTY_OPT_FLAG, NULL, "sign without asking"}, {NULL}}},
    {CTY_USE_DEVELOPMENT,
     {{"development", 0, CTY_OPT_FLAG, NULL, "accept the published development keys"}, {NULL}}},
};

void cty_common_know(struct cty_args *args, const struct cty_command *command)
{
    cty_args_know(args, command->options);
    for (size_t i = 0; i < CTY_COUNT_OF(common); i++) {
        if (command->uses & common[i].use)
            cty_args_know(args, common[i].table);
    }
    cty_args_know(args, everywhere);
}

/* --- finding --------------------------------------------------------------------------------------------- */

/* The command's first word, where its name has two; empty otherwise. */
static struct cty_bytes group_of(const struct cty_command *command)
{
    const char *space = strchr(command->name, ' ');
    return cty_bytes_make(command->name, space ? (size_t)(space - command->name) : 0);
}

bool cty_command_group(struct cty_bytes word)
{
    for (size_t i = 0; cty_commands[i]; i++) {
        if (word.size && cty_bytes_equal(group_of(cty_commands[i]), word))
            return true;
    }
    return false;
}

const struct cty_command *cty_command_find(int count, char *const *words, int *ret_words)
{
    for (size_t i = 0; count > 0 && cty_commands[i]; i++) {
        const struct cty_command *command = cty_commands[i];
        struct cty_bytes group = group_of(command);
        *ret_words = group.size ? 2 : 1;
        if (!group.size && strcmp(command->name, words[0]) == 0)
            return command;
        if (group.size && count > 1 && cty_bytes_is(group, words[0]) &&
            strcmp(command->name + group.size + 1, words[1]) == 0)
            return command;
    }
    return NULL;
}

/* --- help ------------------------------------------------------------------------------------------------ */

static custody_err put_line(const struct cty_command *command, struct cty_buf *out)
{
    return cty_buf_putf(out, "  %-17s %s\n", command->name, command->summary);
}

custody_err cty_help_all(struct cty_buf *out)
{
    CTY_TRY(cty_buf_put_text(out, "custody: ask before you act, decide, and check everything that was said\n\n"
                                  "Usage: custody COMMAND [OPTIONS]\n\nCommands:\n"));
    for (size_t i = 0; cty_commands[i]; i++)
        CTY_TRY(put_line(cty_commands[i], out));
    return cty_buf_put_text(out,
                            "\n'custody COMMAND --help' tells more and has an example.\n\n"
                            "Settings that need not be said again and again:\n"
                            "  CUSTODY_URL      the custodian's door, --url\n"
                            "  CUSTODY_TRUST    the trust file, --trust\n"
                            "  CUSTODY_KEY      your key file, --key\n"
                            "  CUSTODY_STATE    where the newest verified checkpoint is kept, --state\n"
                            "  CUSTODY_WITNESS  a witness's folder, --dir of 'witness run' and its like\n\n"
                            "Exit status: 0 done; 1 refused, or a claim fails; 2 sound, with findings; 3 could not be\n"
                            "decided, reached or in time; 4 usage.\n");
}

custody_err cty_help_group(struct cty_bytes word, struct cty_buf *out)
{
    CTY_TRY(cty_buf_putf(out, "Usage: custody %.*s COMMAND [OPTIONS]\n\nCommands:\n", (int)word.size,
                         (const char *)word.data));
    for (size_t i = 0; cty_commands[i]; i++) {
        if (cty_bytes_equal(group_of(cty_commands[i]), word))
            CTY_TRY(put_line(cty_commands[i], out));
    }
    return CUSTODY_OK;
}

static custody_err put_option(const struct cty_opt *opt, struct cty_buf *out)
{
    char left[64];
    char letter[6] = "    ";
    if (opt->letter)
        snprintf(letter, sizeof(letter), "-%c, ", opt->letter);
    snprintf(left, sizeof(left), "%s--%s%s%s", letter, opt->name, opt->value ? " " : "",
             opt->value ? opt->value : "");
    return cty_buf_putf(out, "  %-27s %s\n", left, opt->help);
}

custody_err cty_help_command(const struct cty_command *command, struct cty_buf *out)
{
    struct cty_args args = {.known_count = 0};
    cty_common_know(&args, command);
    CTY_TRY(cty_buf_putf(out, "custody %s: %s\n\nUsage: custody %s", command->name, command->summary, command->name));
    /* What stands behind "--" stands last. */
    if (command->status_failed)
        CTY_TRY(cty_buf_putf(out, " [OPTIONS] %s", command->operands));
    else
        CTY_TRY(cty_buf_putf(out, "%s%s [OPTIONS]", command->operands[0] ? " " : "", command->operands));
    CTY_TRY(cty_buf_putf(out, "\n\n%s\nOptions:\n", command->about));
    for (size_t i = 0; i < args.known_count; i++)
        CTY_TRY(put_option(args.known[i], out));
    return cty_buf_putf(out, "\nExample:\n  %s\n", command->example);
}

/* --- errors ---------------------------------------------------------------------------------------------- */

#define CTY_ERROR_NEXT_MAX 16384u

/* The file with the two notes that contradict each other, or with the signed refusal; NULL where there is none. */
static const char *kept_of(const struct cty_cli *cli, custody_err code)
{
    if (cli->refusal_path)
        return cli->refusal_path;
    if (!cli->client || (code != CUSTODY_E_WENT_BACK && code != CUSTODY_E_SPLIT_VIEW))
        return NULL;
    return cty_client_contradiction(cli->client);
}

/* What to do; for people nothing where the error itself says it, as most of those about a command line do. */
static custody_err put_next(const struct cty_cli *cli, custody_err code, struct cty_buf *out)
{
    if (cli->next && cli->next_code == code)
        return cty_buf_put_text(out, cli->next);
    if (code != CUSTODY_E_USAGE)
        return cty_buf_put_text(out, custody_err_next(code));
    if (!cli->helps && !cli->json)
        return CUSTODY_OK;
    return cty_buf_putf(out, "'custody %s%s--help' tells more", cli->command ? cli->command->name : "",
                        cli->command ? " " : "");
}

custody_err cty_error_words(custody_err code, const char *detail, struct cty_buf *out)
{
    bool usage = code == CUSTODY_E_USAGE && detail[0];
    CTY_TRY(cty_buf_put_text(out, usage ? "" : custody_err_sentence(code)));
    CTY_TRY(cty_buf_put_text(out, detail[0] && !usage ? ": " : ""));
    CTY_TRY(cty_text_show(cty_bytes_text(detail), out)); /* it may tell of what others wrote */
    return cty_buf_putf(out, " [%s]", custody_err_name(code));
}

static custody_err error_text(struct cty_cli *cli, custody_err code, const char *detail)
{
    struct cty_buf *out = &cli->page;
    CTY_CLEANUP(cty_buf_done) struct cty_buf next = CTY_BUF_INIT(CTY_ERROR_NEXT_MAX);
    CTY_TRY(put_next(cli, code, &next));
    CTY_TRY(cty_buf_putf(out, "custody%s%s: ", cli->command ? " " : "", cli->command ? cli->command->name : ""));
    CTY_TRY(cty_error_words(code, detail, out));
    CTY_TRY(cty_buf_put_text(out, "\n"));
    if (cli->case_id.present)
        CTY_TRY(cty_put_line_hash(out, "  the case is", &cli->case_id.hash));
    if (kept_of(cli, code))
        CTY_TRY(cty_put_line(out, "  kept in", cty_bytes_text(kept_of(cli, code))));
    if (next.size == 0)
        return CUSTODY_OK;
    CTY_TRY(cty_buf_put_text(out, "  what to do: "));
    CTY_TRY(cty_buf_put_bytes(out, cty_buf_bytes(&next)));
    return cty_buf_put_byte(out, '\n');
}

static custody_err error_json(struct cty_cli *cli, custody_err code, const char *detail)
{
    struct cty_jw jw;
    CTY_CLEANUP(cty_buf_done) struct cty_buf next = CTY_BUF_INIT(CTY_ERROR_NEXT_MAX);
    CTY_TRY(put_next(cli, code, &next));
    cty_page_begin(cli, &jw);
    cty_member_opt_hash(&jw, "case", &cli->case_id);
    cty_jw_name(&jw, "error");
    cty_jw_object(&jw);
    cty_member_text(&jw, "code", custody_err_name(code));
    cty_member_text(&jw, "detail", detail);
    cty_member(&jw, "next", cty_buf_bytes(&next));
    cty_member_text(&jw, "sentence", custody_err_sentence(code));
    cty_jw_object_end(&jw);
    if (kept_of(cli, code))
        cty_member_text(&jw, "kept", kept_of(cli, code));
    return cty_page_end(cli, &jw);
}

custody_err cty_error_page(struct cty_cli *cli, custody_err code)
{
    const char *detail = cli->error.code == code ? cli->error.detail : "";
    cty_buf_clear(&cli->page);
    return cli->json ? error_json(cli, code, detail) : error_text(cli, code, detail);
}
