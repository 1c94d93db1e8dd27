/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does not change while a custodian runs: the ledger's name, its keys, who may read entries, the clocks.
 * Filled at start, read by all threads.
 */
#ifndef CTY_DAEMON_CUSTODIAN_H
#define CTY_DAEMON_CUSTODIAN_H

#include "crypto/key.h"
#include "daemon/clock.h"
#include "model/statement.h"

struct cty_custodian {
    struct cty_bytes origin;     /* borrows from `texts` */
    struct cty_bytes clerk_name; /* "<origin>/clerk" */
    struct cty_bytes log_vkey;
    struct cty_bytes clerk_vkey;
    struct cty_buf texts;
    int readers; /* enum cty_readers */
    bool development;
    const struct cty_secret *log;   /* borrowed */
    const struct cty_secret *clerk; /* borrowed */
    struct cty_clock clock;
};

/*
 * Fills in names and keys for `origin`. Errors: CONFIG where a key carries another name than the origin asks
 * for, DEVELOPMENT_KEY outside of development mode, DUPLICATE_KEY where the two are one.
 */
CUSTODY_MUST_USE custody_err cty_custodian_init(struct cty_custodian *custodian, struct cty_bytes origin,
                                                const struct cty_secret *log, const struct cty_secret *clerk,
                                                bool development, custody_error *error);
void cty_custodian_done(struct cty_custodian *custodian);

/* Appends the checkpoint of this size and root, signed by the log key. Errors: TOO_LARGE, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_custodian_sign_checkpoint(const struct cty_custodian *custodian, uint64_t size,
                                                           const struct cty_hash *root, struct cty_buf *note);

#endif
