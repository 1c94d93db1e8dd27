/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that wait for news: of one case (case.wait), or of whatever concerns somebody (case.news). A waiting call costs
 * its few hundred bytes, no thread and none of the calls that run. Then a worker looks again.
 *
 *     arm --> look --> park --> woken --> look --> park ...       leave, where there is something to answer
 *
 * It is armed before the look, and from then on nothing that it waits for is missed: what comes while it is looked
 * for makes `park` say so at once. A parked call is woken by a commit that touches its case or concerns its actor, by
 * the case's deadline, by its own time-out, when its peer goes away, and when the custodian stops. Each of them finds
 * whom it concerns by a table or a heap; those whom it doesn't concern cost nothing. Being woken for nothing costs a look.
 *
 * Owns: a thread for the times, its tables. Never: reads or answers. Thread rule: any thread, and of one wait one thread
 * at a time while it is not parked; `wake` is called without lock.
 */
#ifndef CTY_DAEMON_WAITS_H
#define CTY_DAEMON_WAITS_H

#include <pthread.h>

#include "base/clock.h"
#include "crypto/hash.h"
#include "daemon/heap.h"
#include "daemon/tally.h"

enum cty_wake { CTY_WAKE_NONE, CTY_WAKE_NEWS, CTY_WAKE_TIMEOUT, CTY_WAKE_GONE, CTY_WAKE_STOP };

/* A case that a commit touched, and whom that may concern: requester, holder, and whom it is offered to. */
struct cty_touched {
    struct cty_hash case_id;
    uint64_t names[3]; /* cty_tally_name; 0: nobody */
    bool held;         /* and so whoever may decide */
};

struct cty_wait;
/* One of the things by which a wait is found. */
struct cty_wait_link {
    uint64_t key;
    struct cty_wait *wait;
    struct cty_wait_link *next;
    struct cty_wait_link **to_this;
};
#define CTY_WAIT_LINKS 3u

/* One waiting call; its owner keeps the memory where it is, from arm to leave. */
struct cty_wait {
    /* The owner's to fill in, before arm; */
    struct cty_hash case_id; /* case.wait */
    bool news;               /* case.news: concerned by what touches its actor or party, and by the next */
    bool decides;            /* concerned by whatever is held */
    uint64_t connection;
    uint64_t actor_key;   /* cty_tally_name: whose share it is, and whom news are for */
    uint64_t party_key;
    uint64_t deadline_ms; /* monotonic, by the system's clock */
    uint64_t due_ms;      /* before park: the case's deadline by the custodian's clock; 0: none */
    /* to read, when it is woken. */
    enum cty_wake reason;
    struct cty_wait *next; /* among those woken together */
    /* The rest belongs to the waits. */
    bool parked;
    enum cty_wake missed;  /* what came since it was armed or woken */
    uint64_t event;        /* the newest commit that woke it */
    uint64_t held_seen;    /* how many commits touched something held, when it was armed or woken */
    struct cty_wait *before_decider, *after_decider;
    struct cty_heap_node timeout, due;
    struct cty_wait_link links[CTY_WAIT_LINKS];
};

struct cty_waits {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    bool running;
    bool stopping;
    size_t count; /* armed */
    size_t max;
    struct cty_tally actors;
    struct cty_tally parties;
    struct cty_wait_link **buckets;
    size_t buckets_mask;
    uint64_t salt; /* so that nobody can choose what shares a bucket */
    struct cty_heap timeouts;
    struct cty_heap dues;
    /* Parked and concerned by whatever is held; those who have missed something stand in front. */
    struct cty_wait *first_decider, *last_decider;
    uint64_t events; /* commits */
    uint64_t held_touched;
    uint64_t look_ms; /* when deadlines and deciders are looked at next */
    const struct cty_clock *clock;
    void (*wake)(void *user, struct cty_wait *first);
    void *user;
};

/* At most `max` wait at once, of one party at most its share of them. `clock` is borrowed. Errors: NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_waits_init(struct cty_waits *waits, const struct cty_clock *clock, size_t max,
                                            void (*wake)(void *user, struct cty_wait *first), void *user);
void cty_waits_done(struct cty_waits *waits);
CUSTODY_MUST_USE custody_err cty_waits_start(struct cty_waits *waits, custody_error *error);
/* Wakes all with CTY_WAKE_STOP; from now on nothing is parked. */
void cty_waits_stop(struct cty_waits *waits);

/* The system's monotonic clock, ms. */
uint64_t cty_waits_now(void);
size_t cty_waits_count(struct cty_waits *waits);

/* Errors: QUOTA for the share of its actor or party; BUSY where there are too many, or the custodian stops. */
CUSTODY_MUST_USE custody_err cty_waits_arm(struct cty_waits *waits, struct cty_wait *wait, custody_error *error);
/*
 * True: it is somebody else's now, and comes back by `wake`. False: wait->reason came first (where it is NEWS, look
 * again).
 */
bool cty_waits_park(struct cty_waits *waits, struct cty_wait *wait);
/* Forgets a wait that is armed and not parked. */
void cty_waits_leave(struct cty_waits *waits, struct cty_wait *wait);

void cty_waits_committed(struct cty_waits *waits, const struct cty_touched *cases, size_t count);
void cty_waits_gone(struct cty_waits *waits, uint64_t connection);

#endif
