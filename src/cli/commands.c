/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

const struct cty_command *const cty_commands[] = {
#define CTY_COMMAND(name) &cty_command_##name,
#include "cli/commands.def"
#undef CTY_COMMAND
    NULL};
