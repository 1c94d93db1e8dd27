/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A `custody run` on its way, and what it says of itself: lines for people on the error output, or with --json one object
 * for each step (spec/cli.md, "Running a command"). Inside of cmd_run.c. Thread rule: one thread.
 */
#ifndef CTY_CLI_RUNNING_H
#define CTY_CLI_RUNNING_H

#include "cli/ask.h"
#include "cli/launch.h"
#include "codec/json.h"

struct cty_running {
    struct cty_cli *cli;
    struct cty_client *client;
    struct cty_hash case_id;
    struct cty_asking asking;
    struct cty_plan asked;     /* what the command line says */
    struct cty_plan released;  /* what was released: this runs */
    struct cty_launch launch;
    struct cty_judgement *judgement;
    struct cty_submitted submitted;
    struct cty_buf payload;
    struct cty_buf text;
    int lock; /* -1: none */
};

/* How it went. */
struct cty_ending {
    enum cty_not_run why; /* CTY_RAN: `status` counts */
    int status;           /* of waitpid; -1 where it is not known */
};

/* The case, and the command that goes on with it; `how` is the step. Errors: NO_MEMORY, IO. */
CUSTODY_MUST_USE custody_err cty_run_tell_case(struct cty_running *r, const char *how);
/* That command alone, for people, where the run ends without an end. */
void cty_run_tell_resume(struct cty_running *r);
/* What was released, and what was changed in it. Errors: NO_MEMORY, IO. */
CUSTODY_MUST_USE custody_err cty_run_tell_released(struct cty_running *r, struct cty_bytes original,
                                                   struct cty_bytes payload);
/* The consume, and the words that run. Behind it nothing that is only said may keep the command from running. */
void cty_run_tell_consumed(struct cty_running *r);
/* How it ended, and whether that was reported. */
CUSTODY_MUST_USE custody_err cty_run_tell_ended(struct cty_running *r, const struct cty_ending *ending,
                                                const char *outcome, bool reported);
/* How to report it later. */
void cty_run_tell_unreported(struct cty_running *r, custody_err err, const char *outcome);
/* "exit", "signal" or "not_run" in an object that was begun; nothing where it isn't known. */
void cty_member_ending(struct cty_jw *jw, const struct cty_ending *ending);

#endif
