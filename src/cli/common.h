/* SPDX-License-Identifier: Apache-2.0 */
/* The options that several commands share, and help. */
#ifndef CTY_CLI_COMMON_H
#define CTY_CLI_COMMON_H

#include "cli/cli.h"

/* Makes the options of a command known: its own, and those of the common ones that it uses. */
void cty_common_know(struct cty_args *args, const struct cty_command *command);

/* Help of all commands; of one; of those whose first word this is. */
CUSTODY_MUST_USE custody_err cty_help_all(struct cty_buf *out);
CUSTODY_MUST_USE custody_err cty_help_command(const struct cty_command *command, struct cty_buf *out);
CUSTODY_MUST_USE custody_err cty_help_group(struct cty_bytes word, struct cty_buf *out);

/* The command of these words, and how many of them name it; NULL where none does. */
const struct cty_command *cty_command_find(int count, char *const *words, int *ret_words);
/* Whether some command's first word of two is this. */
bool cty_command_group(struct cty_bytes word);

/* How the run failed, into the page: for people two lines, with --json one object. */
/* "sentence: detail [code]". */
CUSTODY_MUST_USE custody_err cty_error_words(custody_err code, const char *detail, struct cty_buf *out);
CUSTODY_MUST_USE custody_err cty_error_page(struct cty_cli *cli, custody_err code);

#endif
