/* SPDX-License-Identifier: Apache-2.0 */
/* The file of an audit (store/audit_state.h) as a backing of its replay. Thread rule: one thread. */
#ifndef CTY_CLI_AUDIT_STATE_H
#define CTY_CLI_AUDIT_STATE_H

#include "audit/backing.h"
#include "cli/cli.h"
#include "store/audit_state.h"

struct cty_audit_file_state {
    struct cty_audit_state *state;
    struct cty_backing backing;
    const char *path; /* borrowed; NULL for a scratch */
    custody_error error; /* of the newest call that failed */
};

/* `path` NULL: a scratch. Then cty_audit_file_state_done. Errors: those of the store. */
CUSTODY_MUST_USE custody_err cty_audit_file_state_open(struct cty_audit_file_state *file, const char *path, bool anew,
                                                       custody_error *error);
/* Forgets what was not committed. */
void cty_audit_file_state_done(struct cty_audit_file_state *file);

/* Where an audit keeps its state; the caller owns it. NULL for nowhere. Errors: NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_audit_state_path(struct cty_cli *cli, char **ret_path);

#endif
