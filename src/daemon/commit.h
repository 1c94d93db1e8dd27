/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sequencer does with a group, and in the background; inside of it only.
 *
 * A transaction is begun, filled, and finished; after a fault in between it is taken back by cty_group_fault.
 */
#ifndef CTY_DAEMON_COMMIT_H
#define CTY_DAEMON_COMMIT_H

#include "daemon/sequencer.h"

/* Decides on every submission of the list, in one transaction, and calls their `done`. */
void cty_commit_group(struct cty_sequencer *sequencer, struct cty_submission *first);

/* Looks at the clock; records expiries that are due; drops staged contents that are too old. */
void cty_commit_background(struct cty_sequencer *sequencer);

struct cty_group {
    struct cty_sequencer *sequencer;
    bool appended;
    bool wrote; /* something that is no entry */
    bool storing; /* of the submission in hand something may be stored by now */
};

/* Begins a transaction; a fault is told of, but for BUSY. Errors: CLOCK, STORAGE, READ_ONLY where nothing may be appended; the store's. */
CUSTODY_MUST_USE custody_err cty_group_begin(struct cty_sequencer *sequencer, custody_error *error);
/* Stores what sequencer->unit holds. Errors: the store's; INTERNAL for a case that breaks an invariant. */
CUSTODY_MUST_USE custody_err cty_group_store_unit(struct cty_sequencer *sequencer, custody_error *error);
/* Signs a checkpoint if anything was appended, makes the receipts of `first` and those behind it, and commits. */
CUSTODY_MUST_USE custody_err cty_group_finish(struct cty_group *group, struct cty_submission *first,
                                              custody_error *error);
/* Takes back, and draws the consequences for the service; *err becomes what clients are told. */
void cty_group_fault(struct cty_sequencer *sequencer, custody_err *err, const custody_error *error);
/* What was committed stands; where the store has failed behind it, that is a fault all the same. */
void cty_group_check_after(struct cty_sequencer *sequencer);
/* Tells those who wait for news of what was committed. */
void cty_group_tell(struct cty_sequencer *sequencer);

static inline uint64_t cty_sequencer_now(const struct cty_sequencer *sequencer)
{
    return cty_clock_monotonic(&sequencer->config.custodian->clock);
}

#endif
