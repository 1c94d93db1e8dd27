/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints the commands of `custody` as the program itself has them, for generate.py: lines of fields between tabs.
 *
 *     command  name  summary  operands  rest      rest: "1" where a command line stands behind "--"
 *     about    line                               once for each line
 *     option   name  letter  kind  value  own  help   kind: flag, text, list; own: "1", or "0" where many have it
 *     example  line
 */
#include "cli/common.h"

static const char *kind_word(enum cty_opt_kind kind)
{
    switch (kind) {
    case CTY_OPT_FLAG:
        return "flag";
    case CTY_OPT_TEXT:
        return "text";
    case CTY_OPT_LIST:
        return "list";
    }
    return "";
}

static bool is_own(const struct cty_command *command, const struct cty_opt *opt)
{
    for (const struct cty_opt *own = command->options; own && own->name; own++) {
        if (own == opt)
            return true;
    }
    return false;
}

static void print_about(const char *about)
{
    while (*about) {
        size_t size = strcspn(about, "\n");
        printf("about\t%.*s\n", (int)size, about);
        about += size + (about[size] == '\n');
    }
}

static void print_options(const struct cty_command *command)
{
    struct cty_args args = {.known_count = 0};
    cty_common_know(&args, command);
    for (size_t i = 0; i < args.known_count; i++) {
        const struct cty_opt *opt = args.known[i];
        const char letter[2] = {opt->letter, 0};
        printf("option\t%s\t%s\t%s\t%s\t%d\t%s\n", opt->name, letter, kind_word(opt->kind), opt->value ? opt->value : "",
               is_own(command, opt), opt->help);
    }
}

int main(void)
{
    for (size_t i = 0; cty_commands[i]; i++) {
        const struct cty_command *command = cty_commands[i];
        printf("command\t%s\t%s\t%s\t%d\n", command->name, command->summary, command->operands,
               command->status_failed != 0);
        print_about(command->about);
        print_options(command);
        printf("example\t%s\n", command->example);
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
