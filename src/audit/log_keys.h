/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which keys the log has had, for a verifier who pins the first one and is shown a checkpoint by a later one: it walks
 * the trust chain from entry 0, which the pinned key signed, over every rotation, which the admins signed.
 */
#ifndef CTY_AUDIT_LOG_KEYS_H
#define CTY_AUDIT_LOG_KEYS_H

#include "audit/trust.h"

/*
 * Judges trust-class entries, in order from entry 0: signatures, links among them, rules, pins. That they stand in the tree
 * is not asked here: it shows when something of the tree is judged by these keys.
 * Errors: the first failure's code, with its entry; NOT_CHECKED; NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_log_keys_find(const struct cty_trust *trust, const struct cty_bytes *texts, size_t count,
                                               struct cty_log_keys *ret_keys, custody_error *error);

#endif
