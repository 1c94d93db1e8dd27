/* SPDX-License-Identifier: Apache-2.0 */
/* The custodian's own policy of witnesses, from its file (spec/witness.md, "The custodian"). Thread rule: one thread. */
#ifndef CTY_DAEMON_POLICY_H
#define CTY_DAEMON_POLICY_H

#include "audit/trust.h"

/*
 * Reads a policy or a trust file, and refuses one that a custodian can't do with. Owned by the caller: cty_trust_done.
 * Errors: CONFIG with what is wrong; those of cty_file_read.
 */
CUSTODY_MUST_USE custody_err cty_policy_load(const char *path, struct cty_trust *ret_trust, custody_error *error);
/* Whether it is of this ledger. Errors: CONFIG. */
CUSTODY_MUST_USE custody_err cty_policy_check(const struct cty_trust *trust, struct cty_bytes origin, custody_error *error);

#endif
