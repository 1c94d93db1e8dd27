/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one thread that writes. It takes what waits, judges each statement as the next entry, stores what stands,
 * signs one checkpoint over all of it and commits; then the answers go out. A group is whatever waits at that
 * moment: nobody waits for company. Where more waits than fits in a group, actors take turns (fair.h), and no actor and
 * no party has more than its share of the queue. What comes a second time has one share for all.
 *
 *     queue --> [ judge, store ]* --> check before sign --> checkpoint --> commit --> done, hints
 *
 * A refused statement writes nothing and harms nobody in its group. A fault takes the whole group back: all of
 * it may be sent again. Behind the clients' statements, expiries that are due are recorded in bounded groups.
 *
 * Owns: the store's writer and its thread. Thread rule: push from any thread; `done` and `committed` are called
 * on the sequencer's.
 */
#ifndef CTY_DAEMON_SEQUENCER_H
#define CTY_DAEMON_SEQUENCER_H

#include <pthread.h>

#include "daemon/cache.h"
#include "daemon/submission.h"
#include "daemon/tally.h"
#include "daemon/waits.h"
#include "daemon/witnesses.h"
#include "store/store.h"

/* Statements that are remembered as having been queued. */
#define CTY_LATELY_MAX 65536u
/* Cases that one commit can have touched. */
#define CTY_TOUCHED_MAX (CTY_GROUP_MAX * CTY_UNIT_ENTRIES_MAX)
/* What an answer with QUOTA advises, the bounds of what one with BUSY does, and when a full disk is tried again. */
#define CTY_RETRY_MS 250u
#define CTY_RETRY_MS_MIN 20u
#define CTY_RETRY_MS_MAX 5000u
#define CTY_READ_ONLY_RETRY_MS 5000u

struct cty_sequencer_config {
    struct cty_store *store;               /* borrowed; the sequencer alone uses it until it is stopped */
    const struct cty_custodian *custodian; /* borrowed */
    struct cty_head *head;                 /* borrowed; holds the newest checkpoint already */
    struct cty_clock_guard guard;          /* begun */
    struct cty_witnesses *witnesses;       /* borrowed; whose cosignatures are stored. NULL: there are none */
    size_t queue_max;
    struct cty_key_changes *key_changes; /* borrowed; NULL: nobody remembers keys */
    /* After each commit that appended: the cases it touched. May be NULL. */
    void (*committed)(void *user, const struct cty_touched *cases, size_t count);
    /* After a group: `done` was called for all of it. May be NULL. */
    void (*told)(void *user);
    /* The storage has failed for good. May be NULL. */
    void (*failed)(void *user);
    void *user;
};

struct cty_sequencer {
    struct cty_sequencer_config config;
    pthread_t thread;
    bool running;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct cty_fair queue; /* a flow an actor */
    struct cty_tally parties;
    uint64_t *lately; /* of statements that were queued, by their digest: the first of its 64 bits */
    uint64_t each_ns; /* how long one statement took lately */
    bool stopping;
    bool nudged;
    /* The thread's own. */
    struct cty_book book;
    struct cty_cache cache;
    struct cty_buf ledger; /* the ledger's record behind the newest entry; empty: as the database has it */
    struct cty_unit unit;
    struct cty_case *scratch;
    struct cty_seen seen;
    struct cty_touched touched[CTY_TOUCHED_MAX];
    size_t touched_count;
    uint64_t rotated[CTY_GROUP_MAX]; /* entries of the group under way that changed a key of the custodian */
    size_t rotated_count;
    uint64_t newest_time;
    uint64_t retry_at_ms;
    uint64_t expire_at_ms;
    uint64_t sweep_at_ms;
};

/* Errors: NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_sequencer_init(struct cty_sequencer *sequencer,
                                                const struct cty_sequencer_config *config);
void cty_sequencer_done(struct cty_sequencer *sequencer);
CUSTODY_MUST_USE custody_err cty_sequencer_start(struct cty_sequencer *sequencer, custody_error *error);
/* Finishes what is queued, and ends the thread. Nothing may be pushed any more. */
void cty_sequencer_stop(struct cty_sequencer *sequencer);

/* Queues it for its actor_key and party_key; `done` follows. Errors, where it does not: BUSY. */
CUSTODY_MUST_USE custody_err cty_sequencer_push(struct cty_sequencer *sequencer, struct cty_submission *submission);
/* Whether nothing waits. A hint. */
bool cty_sequencer_is_idle(struct cty_sequencer *sequencer);
/* There is something to do behind clients' statements. */
void cty_sequencer_nudge(struct cty_sequencer *sequencer);
/*
 * Whether this statement was queued before, as far as is remembered. Anybody may send once more what somebody signed, so
 * who signed it is not charged for it again: `again` makes it one of those that share an actor's share and the second
 * lane, in a flow that the caller names.
 */
bool cty_sequencer_had(struct cty_sequencer *sequencer, const struct cty_hash *digest);
/* When it is worth trying again: when what waits now will be through, at the pace of late. */
uint64_t cty_sequencer_retry_ms(struct cty_sequencer *sequencer);

/* The pace behind one more group: of the last few, the last counting for an eighth. */
uint64_t cty_pace_after(uint64_t each_ns, uint64_t took_ns, size_t count);
uint64_t cty_pace_retry_ms(uint64_t each_ns, size_t waiting);
/* The most that one actor, or one party, may have of a queue of this size. */
size_t cty_queue_share_of_actor(size_t queue_max);
size_t cty_queue_share_of_party(size_t queue_max);

/*
 * Runs one group on the caller's thread, where the sequencer's own was never started: for creating a ledger and
 * for tests. `first` is a list; `done` is called for each.
 */
void cty_sequencer_run(struct cty_sequencer *sequencer, struct cty_submission *first);

#endif
