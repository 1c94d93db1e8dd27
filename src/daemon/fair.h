/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A queue that is fair between flows. What one flow brings stays in its order; between flows it goes round, one thing
 * each, so that whoever brings much waits for itself and for nobody else.
 *
 *     flow 7:  a1 a2 a3 a4
 *     flow 8:  b1              comes out as   a1 b1 c1 a2 c2 a3 a4
 *     flow 9:  c1 c2
 *
 * There are two lanes, each with its own round: while the first has something, the second gets one turn of
 * CTY_FAIR_SHARE. A flow that has both is in the lane of its newest thing.
 *
 * Owns: its table; items are the caller's and carry all that the queue knows of them, so that nothing here can run out
 * of memory later. Thread rule: none of its own; the caller has a lock.
 */
#ifndef CTY_DAEMON_FAIR_H
#define CTY_DAEMON_FAIR_H

#include "base/bytes.h"

#define CTY_FAIR_LANES 2u
#define CTY_FAIR_SHARE 8u
#define CTY_FAIR_BUCKETS 1024u

struct cty_fair_item {
    uint64_t flow;
    struct cty_fair_item *behind; /* in its flow */
    /* Of the first of a flow, which stands for the whole flow: */
    struct cty_fair_item *last;
    size_t count;
    unsigned lane;
    struct cty_fair_item *chain;                          /* with the same bucket */
    struct cty_fair_item *before_in_lane, *after_in_lane; /* the order of turns */
};

struct cty_fair {
    struct cty_fair_item **buckets;
    struct cty_fair_item *first[CTY_FAIR_LANES];
    struct cty_fair_item *last[CTY_FAIR_LANES];
    size_t count;
    unsigned turns; /* of the first lane, since the second had one */
};

/* Errors: NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_fair_init(struct cty_fair *fair);
void cty_fair_done(struct cty_fair *fair);

/* Takes hold of the item until it is popped. */
void cty_fair_push(struct cty_fair *fair, struct cty_fair_item *item, uint64_t flow, unsigned lane);
/* The same in front of what its flow has: it goes on with what it began before it begins something else. */
void cty_fair_push_front(struct cty_fair *fair, struct cty_fair_item *item, uint64_t flow, unsigned lane);
/* Whose turn it is; NULL where there is nothing. */
struct cty_fair_item *cty_fair_pop(struct cty_fair *fair);
/* How much of a flow waits. */
size_t cty_fair_count(const struct cty_fair *fair, uint64_t flow);

#endif
