/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two views of one ledger, laid side by side offline: signed checkpoints, or receipts with their entries. Where they
 * contradict each other by themselves they are one contradiction file (spec/evidence.md). Pure. Thread rule: any thread.
 */
#ifndef CTY_AUDIT_COMPARE_H
#define CTY_AUDIT_COMPARE_H

#include "audit/contradiction.h"

struct cty_shown {
    struct cty_bytes note; /* borrowed */
    struct cty_checkpoint checkpoint;
    bool has_leaf; /* it is of a receipt, whose proof was verified */
    uint64_t index;
    struct cty_contradiction_leaf leaf;
};

/*
 * Reads a signed note, or a receipt; `entry` is the receipt's. It borrows from `text` and `trust`. Errors: those of
 * cty_checkpoint_open; PROOF_INVALID.
 */
CUSTODY_MUST_USE custody_err cty_shown_read(struct cty_bytes text, struct cty_bytes entry, const struct cty_trust *trust,
                                            struct cty_shown *ret_shown, custody_error *error);

enum cty_comparison {
    CTY_COMPARED_SAME,         /* one tree */
    CTY_COMPARED_OPEN,         /* two sizes: a consistency proof would tell */
    CTY_COMPARED_CONTRADICTION /* *ret_found convicts; it borrows what the two borrow */
};
enum cty_comparison cty_shown_compare(const struct cty_shown *a, const struct cty_shown *b, const struct cty_trust *trust,
                                      struct cty_contradiction *ret_found);

#endif
