/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Follows logs: reads each one's newest checkpoint now and then, and cosigns it by the very path that submissions take
 * (spec/witness.md, "Following"). One thread a log that has an address. The witness is borrowed until close.
 * Thread rule: one thread.
 */
#ifndef CTY_WITNESS_FOLLOW_H
#define CTY_WITNESS_FOLLOW_H

#include "witness/source.h"
#include "witness/witness.h"

/* What one look at a log needs to know from the looks before. Zero-initialise. */
struct cty_witness_look {
    uint64_t behind_since_s; /* monotonic; 0: the newest look found none that is behind */
    unsigned behind_looks;   /* how many one after another did since then */
    char told[256];          /* what was said last: it is said once */
};
/*
 * Looks at a log once. OK where its newest checkpoint is cosigned now, or was before. Errors: what hindered it; WENT_BACK
 * and SPLIT_VIEW where it has been stopped for that.
 */
CUSTODY_MUST_USE custody_err cty_witness_look_once(struct cty_witness *witness, struct cty_bytes origin,
                                                   const struct cty_witness_source *source, uint64_t now_s,
                                                   struct cty_witness_look *look, custody_error *error);

struct cty_witness_followers;

/* `every_ms` lies between two looks; after a failure it is longer, up to a minute. Errors: NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_witness_followers_open(struct cty_witness *witness, uint64_t every_ms,
                                                        struct cty_witness_followers **ret_followers, custody_error *error);
/* Starts for what is new, and ends for what is gone or has another address. Errors: those of the store; NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_witness_followers_renew(struct cty_witness_followers *followers, custody_error *error);
/* Takes NULL. */
void cty_witness_followers_close(struct cty_witness_followers *followers);

#endif
