/* SPDX-License-Identifier: Apache-2.0 */
/* A ledger in memory that has an entry of every type, and the walks over what is folded from it. */
#ifndef CTY_TESTS_NOMEM_STORY_H
#define CTY_TESTS_NOMEM_STORY_H

#include "kit/world_evidence.h"

struct story {
    struct world *w;
    struct cty_hash refund;  /* asked, patched, approved by two, consumed and reported */
    struct cty_hash held;    /* asked, a question answered, approved by one of two */
    struct cty_hash handed;  /* handed on, and finalised */
    struct cty_trust trust;
};

void story_make(struct story *ret_story);
void story_done(struct story *story);

#endif
