/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does not change while a custodian runs: the ledger's name, the keys that it has at hand, who may read entries,
 * the clocks. Filled at start, read by all threads.
 *
 * Which of the keys are in force is the ledger's to say, and can change with every entry (custodian.rotate): whoever
 * signs asks the ledger's record, and finds the secret here.
 */
#ifndef CTY_DAEMON_CUSTODIAN_H
#define CTY_DAEMON_CUSTODIAN_H

#include "base/clock.h"
#include "crypto/key.h"
#include "model/statement.h"

/* The key of today, and the next one. */
#define CTY_HELD_KEYS_MAX 2u

struct cty_held_key {
    const struct cty_secret *secret; /* borrowed */
    struct cty_bytes vkey;           /* borrows from the custodian's `texts` */
};

/* The keys that a custodian is given. All are borrowed; the next ones may be NULL. */
struct cty_custodian_secrets {
    const struct cty_secret *log;
    const struct cty_secret *clerk;
    const struct cty_secret *next_log;
    const struct cty_secret *next_clerk;
};

struct cty_custodian {
    struct cty_bytes origin;     /* borrows from `texts` */
    struct cty_bytes clerk_name; /* "<origin>/clerk" */
    struct cty_held_key logs[CTY_HELD_KEYS_MAX];
    uint32_t logs_count;
    struct cty_held_key clerks[CTY_HELD_KEYS_MAX];
    uint32_t clerks_count;
    struct cty_buf texts;
    int readers; /* enum cty_readers */
    bool development;
    struct cty_clock clock;
};

/*
 * Fills in names and keys for `origin`. Errors: CONFIG where a key carries another name than the origin asks
 * for, DEVELOPMENT_KEY outside of development mode, DUPLICATE_KEY where a log key is a clerk key too. The next key may
 * be the same as today's: a rotation was done, and the files were moved.
 */
CUSTODY_MUST_USE custody_err cty_custodian_init(struct cty_custodian *custodian, struct cty_bytes origin,
                                                const struct cty_custodian_secrets *secrets, bool development,
                                                custody_error *error);
void cty_custodian_done(struct cty_custodian *custodian);

/* The held key that this vkey is of; NULL where there is none at hand. Borrowed. */
const struct cty_held_key *cty_custodian_log(const struct cty_custodian *custodian, struct cty_bytes vkey);
const struct cty_held_key *cty_custodian_clerk(const struct cty_custodian *custodian, struct cty_bytes vkey);

/* Appends the checkpoint of this size and root, signed by this log key. Errors: TOO_LARGE, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_custodian_sign_checkpoint(const struct cty_custodian *custodian,
                                                           const struct cty_held_key *log, uint64_t size,
                                                           const struct cty_hash *root, struct cty_buf *note);

#endif
