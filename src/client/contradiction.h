/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contradiction files beside the state file: "<origin>.contradiction-<size>-<16 hex>.json", where the digits are the
 * digest's of what it holds. Written whole or not at all, mode 0600, never overwritten; while one lies there nobody acts on
 * that ledger (spec/client.md, "Contradictions"). Thread rule: no shared state.
 */
#ifndef CTY_CLIENT_CONTRADICTION_H
#define CTY_CLIENT_CONTRADICTION_H

#include "audit/contradiction.h"

/*
 * Judges it by the log keys that `trust` knows, sets its kind, ledger and key, and keeps it; the same one is kept once. The caller owns *ret_path (free).
 * `kind` counts only where the notes leave it open: WENT_BACK or NO_PROOF. Errors: those of cty_contradiction_judge; IO,
 * NO_MEMORY; LIMIT_REACHED where CTY_CONTRADICTIONS_KEPT_MAX lie there.
 */
CUSTODY_MUST_USE custody_err cty_contradiction_keep(const char *state_path, const struct cty_trust *trust,
                                                    struct cty_contradiction *contradiction, char **ret_path,
                                                    custody_error *error);

/*
 * Looks for one of this ledger. *ret_path is NULL where there is none; else the caller owns it. One that can't be read
 * counts; one of another log key with the same name doesn't. *ret_code is what it was refused with. Errors: IO, NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_contradiction_find(const char *state_path, const struct cty_trust *trust,
                                                    char **ret_path, custody_err *ret_code, custody_error *error);

/* SPLIT_VIEW or WENT_BACK. */
custody_err cty_contradiction_code(enum cty_contradiction_kind kind);

#endif
