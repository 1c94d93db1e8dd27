/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether another process of this key's owner has a case in hand: a lock on one byte of the key file, at an offset that
 * the case's digest gives. It ends with the process, however that ends, and leaves nothing behind. Advisory, and of one
 * machine: the ledger alone decides who may act; this tells one who crashed from one who is still at it.
 */
#ifndef CTY_CLI_CASE_LOCK_H
#define CTY_CLI_CASE_LOCK_H

#include "crypto/hash.h"

/*
 * Opens the key file and takes the lock; the descriptor is close-on-exec and holds it until it is closed.
 * Errors: STATE_ILLEGAL where another process has it; IO.
 */
CUSTODY_MUST_USE custody_err cty_case_lock(const char *key_path, const struct cty_hash *case_id, int *ret_fd,
                                           custody_error *error);

#endif
