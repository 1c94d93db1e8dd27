/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whoever sends what is refused has only so many tries in a span of time, at each door: then the answer is that there were too
 * many. The work of judging is done before. What is cosigned, and the question for the size, cost nothing here, since a log that grows fast needs them.
 * Thread rule: any thread.
 */
#ifndef CTY_WITNESS_REFUSALS_H
#define CTY_WITNESS_REFUSALS_H

#include <pthread.h>

#include "base/bytes.h"

#define CTY_REFUSALS_PEERS 1024u

struct cty_refusals {
    pthread_mutex_t mutex;
    struct {
        uint8_t who[16];
        uint64_t window; /* number of the span of time that is counted */
        unsigned refused;
    } peers[CTY_REFUSALS_PEERS];
};

/* Of zeroed memory. */
void cty_refusals_init(struct cty_refusals *refusals);
void cty_refusals_done(struct cty_refusals *refusals);

/* Counts an answer to the address `who`; whether it was a refusal, and one too many: then it is to be 429 instead. */
bool cty_refusals_count(struct cty_refusals *refusals, const uint8_t who[16], unsigned status);

#endif
