/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a witness makes of one submission, by what it has stored of the log (spec/witness.md, "Order of checks"). Pure.
 * Thread rule: any thread.
 */
#ifndef CTY_WITNESS_JUDGE_H
#define CTY_WITNESS_JUDGE_H

#include "audit/contradiction.h"
#include "ledger/witness_text.h"
#include "store/witness.h"

/* A body, taken apart. Borrows from it. */
struct cty_submission_read {
    struct cty_add_checkpoint add;
    struct cty_note note;
    struct cty_checkpoint checkpoint;
};
/* Errors, all of which are status 400: TOO_LARGE, BAD_NOTE. */
CUSTODY_MUST_USE custody_err cty_witness_read(struct cty_bytes body, struct cty_submission_read *ret_read);

struct cty_witness_verdict {
    unsigned status; /* of the protocol; 200: it may be cosigned, and hasn't been yet */
    custody_err why; /* OK for 200 and 409 */
    bool contradicts; /* what the log signed here, and what was cosigned before, can't both be of one ledger */
    enum cty_contradiction_kind kind;
    struct cty_hash old_root; /* of a fork: what the proof shows that the larger tree begins with */
};
void cty_witness_judge(const struct cty_witness_log *log, const struct cty_submission_read *read,
                       struct cty_witness_verdict *ret_verdict);

#endif
