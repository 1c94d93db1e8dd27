/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One entry in the hands of a test: made as an honest custodian would, changed as the test likes, then folded.
 * Nothing is signed: the step knows the keys that the state asks for, so any statement can be put by anybody.
 */
#ifndef CTY_TESTS_KIT_STEP_H
#define CTY_TESTS_KIT_STEP_H

#include "kit/world.h"

struct world_step {
    struct cty_statement st;
    struct cty_entry entry;
    struct cty_hash digest; /* set by world_step_fold */
    struct cty_fold_input in; /* but for prev_unknown and keys, set by world_step_fold */
    bool foreign_keys;        /* in.keys stand as the test set them */
};

/* A copy of the statement in the entry that comes next. */
void world_step_init(struct world *w, const struct cty_statement *st, struct world_step *ret_step);

/*
 * Folds the step as it stands now and, where it is lawful, takes it into the world's memory. Without follow-ups.
 * The refusal's detail is in w->error; w->delta holds the delta.
 */
custody_err world_step_fold(struct world *w, struct world_step *step);

/* The same without taking anything: what the fold says, over the records that `missing` answers for. */
custody_err world_step_try(struct world *w, struct world_step *step,
                           enum cty_view_status (*missing)(void *context, const char *key), void *context);

#endif
