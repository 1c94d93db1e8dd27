/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sandbox of a custodian (daemon/sandbox.h), as its configuration asks for it: which folders and ports it needs, what is
 * missing, and whether it may serve without. Thread rule: as of the sandbox.
 */
#ifndef CTY_DAEMON_CONFINE_H
#define CTY_DAEMON_CONFINE_H

#include "daemon/config.h"

/*
 * Before threads, database and doors. Errors: CONFIG where a part is required that this kernel or this program does not
 * have; those of cty_sandbox_files.
 */
CUSTODY_MUST_USE custody_err cty_confine_before(const struct cty_config *config, struct cty_sandbox_state *ret_state,
                                                custody_error *error);
/* Behind them. Errors: CONFIG as above; those of cty_sandbox_calls. */
CUSTODY_MUST_USE custody_err cty_confine_after(const struct cty_config *config, struct cty_sandbox_state *state,
                                               custody_error *error);

#endif
