/* SPDX-License-Identifier: Apache-2.0 */
/* A bar for what takes long, on the error output where a person sits there. Thread rule: one thread. */
#ifndef CTY_CLI_PROGRESS_H
#define CTY_CLI_PROGRESS_H

#include "cli/cli.h"

struct cty_progress {
    FILE *file; /* NULL: nobody looks */
    const char *unit; /* "entries", unless it is set to another */
    uint64_t from; /* what was done before it began */
    uint64_t total;
    uint64_t begun_ms;
    uint64_t shown_ms;
};

void cty_progress_begin(struct cty_cli *cli, uint64_t total, struct cty_progress *ret_progress);
/* The same for what goes on from `from`. */
void cty_progress_begin_at(struct cty_cli *cli, uint64_t from, uint64_t total, struct cty_progress *ret_progress);
void cty_progress_at(struct cty_progress *progress, uint64_t done);
/* Takes the bar away. */
void cty_progress_end(struct cty_progress *progress);

#endif
