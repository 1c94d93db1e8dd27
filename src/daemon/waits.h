/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that wait for news: of one case (case.wait), or of whatever concerns somebody (case.news). A parked call
 * costs its memory and one of the door's calls, no thread. It is woken by a commit that touches what it waits for, by
 * the case's deadline, by its own time-out, when its peer goes away, and when the custodian stops; then a worker looks
 * again. Being woken for nothing costs a look.
 *
 * Owns: a thread for the times. Never: reads or answers. Thread rule: any thread; `wake` is called without lock.
 */
#ifndef CTY_DAEMON_WAITS_H
#define CTY_DAEMON_WAITS_H

#include <pthread.h>

#include "crypto/hash.h"
#include "daemon/clock.h"

#define CTY_WAITS_GONE_KEPT 64u

enum cty_wake { CTY_WAKE_NEWS, CTY_WAKE_TIMEOUT, CTY_WAKE_GONE, CTY_WAKE_STOP };

/* A case that a commit touched, and whom that may concern: requester, holder, and whom it is offered to. */
struct cty_touched {
    struct cty_hash case_id;
    uint64_t names[3]; /* cty_waits_name; 0: nobody */
    bool held;         /* and so whoever may decide */
};
/* A name as waits compare it. Two names may be the same by chance. */
uint64_t cty_waits_name(struct cty_bytes name);

/* One parked call; its owner keeps the memory where it is. */
struct cty_wait {
    struct cty_wait *next;
    struct cty_hash case_id; /* case.wait */
    bool news;               /* case.news, and the four below */
    bool decides;            /* concerned by whatever is held */
    bool late;               /* such a case was touched: it looks at the next tick, not at each commit */
    uint64_t actor_name;
    uint64_t party_name;
    uint64_t deadline_ms; /* monotonic, by the system's clock */
    uint64_t due_ms;      /* the case's deadline by the custodian's clock; 0: none */
    uint64_t connection;
    char actor[CTY_ACTOR_NAME_BYTES_MAX + 1];
    enum cty_wake reason; /* why it was woken */
    void *owner;
};

struct cty_waits {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    bool running;
    bool stopping;
    struct cty_wait *first;
    uint64_t commits;
    /* Connections (0 is none) that went away last: a call may be parked a moment after its own did. */
    uint64_t gone[CTY_WAITS_GONE_KEPT];
    size_t gone_next;
    const struct cty_clock *clock;
    void (*wake)(struct cty_wait *wait);
};

/* `clock` is borrowed. */
void cty_waits_init(struct cty_waits *waits, const struct cty_clock *clock, void (*wake)(struct cty_wait *wait));
void cty_waits_done(struct cty_waits *waits);
CUSTODY_MUST_USE custody_err cty_waits_start(struct cty_waits *waits, custody_error *error);
/* Wakes all with CTY_WAKE_STOP; from now on nothing is parked. */
void cty_waits_stop(struct cty_waits *waits);

/* The system's monotonic clock, ms. */
uint64_t cty_waits_now(void);

/* How many commits there were: to be asked before the snapshot on which the decision to park rests. */
uint64_t cty_waits_commits(struct cty_waits *waits);
/*
 * Parks, unless there was a commit since `commits`: then *ret_parked is false, and the case must be looked at
 * again. Errors: QUOTA for the actor's share, BUSY where the custodian stops,
 * CANCELLED_WAIT where the peer is gone.
 */
CUSTODY_MUST_USE custody_err cty_waits_park(struct cty_waits *waits, struct cty_wait *wait, uint64_t commits,
                                            bool *ret_parked);

void cty_waits_committed(struct cty_waits *waits, const struct cty_touched *cases, size_t count);
void cty_waits_gone(struct cty_waits *waits, uint64_t connection);

#endif
