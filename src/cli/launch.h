/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting one command without a shell: found first, then forked and executed with nothing but what it was given
 * (spec/cli.md, "Running a command"). Between fork and exec the child does only what is async-signal-safe, for nng has
 * threads. Thread rule: the main thread's.
 */
#ifndef CTY_CLI_LAUNCH_H
#define CTY_CLI_LAUNCH_H

#include <sys/types.h>

#include "cli/plan.h"
#include "crypto/key.h"

/* Why nothing ran. */
enum cty_not_run { CTY_RAN, CTY_NOT_FOUND, CTY_NOT_RUNNABLE, CTY_INTERRUPTED, CTY_NOT_STARTED };
extern const char *const cty_not_run_names[]; /* NULL for CTY_RAN */

/* Zero-initialise, then cty_launch_done. Borrows the plan. */
struct cty_launch {
    const struct cty_plan *plan;
    int folder;          /* descriptor of cwd */
    bool opened;
    char *program;       /* the file, from that folder or absolute */
    char **environment;  /* NAME=value */
};
void cty_launch_done(struct cty_launch *launch);

/*
 * Opens the folder, takes the values from our environment, finds the program. *ret_why says which of 126 and 127 it is.
 * Errors: NOT_FOUND for a folder or a command, FORBIDDEN for one that is there and can't be run; NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_launch_prepare(const struct cty_plan *plan, struct cty_launch *launch,
                                                enum cty_not_run *ret_why, custody_error *error);
/*
 * Starts it, unless a signal was caught before. The child wipes the secrets, restores signals, closes all descriptors but
 * the first three; from then on signals are passed on to it. Returns CTY_RAN where the program runs.
 */
CUSTODY_MUST_USE enum cty_not_run cty_launch_start(const struct cty_launch *launch, struct cty_secret *const *secrets,
                                                   size_t secrets_count, pid_t *ret_pid);
/* Waits for its end; passes on signals until then. The status is that of waitpid; -1 where it can't be had. */
int cty_launch_wait(pid_t pid);

/* Descriptors 0, 1 and 2 are open, if only on nothing: no file of ours can land there. */
void cty_launch_hold_standard_files(void);

#endif
