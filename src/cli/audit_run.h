/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit of a ledger from any source: it goes on where the state file ends, or begins at entry 0, and keeps how far it came
 * where everything held (spec/audit.md). Thread rule: one thread.
 */
#ifndef CTY_CLI_AUDIT_RUN_H
#define CTY_CLI_AUDIT_RUN_H

#include "audit/replay.h"
#include "audit/source.h"
#include "cli/cli.h"

struct cty_audit_plan {
    struct cty_cli *cli;
    const struct cty_trust *trust;
    const struct cty_audit_source *source;
    const char *state_path; /* NULL: nothing is kept */
    bool full;              /* from entry 0, whatever is kept */
    unsigned threads;
    const char *case_name; /* its name, or eight digits or more; NULL: none is asked for */
};

/* Fills the report. Errors: what hinders the audit, AUDIT_STATE among it; what the ledger did is a report. */
CUSTODY_MUST_USE custody_err cty_audit_run(const struct cty_audit_plan *plan, struct cty_report *report);

#endif
