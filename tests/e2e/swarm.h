/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fifty agents and ten approvers at once, each with a connection of its own, over one custodyd that is killed in
 * between. An agent's two workers share its key and race for every release.
 *
 *     leader: request --> wait --+--> consume --+--> outcome          (one thread an agent)
 *     twin:                      +--> consume --+                      (another, with the same key)
 *     approver: inbox --> judge --> patch, approve, reject
 */
#ifndef CTY_TESTS_E2E_SWARM_H
#define CTY_TESTS_E2E_SWARM_H

#include <pthread.h>
#include <stdatomic.h>

#include "house.h"

#define SWARM_AGENTS_MAX 64u
#define SWARM_APPROVERS_MAX 16u

/* What becomes of a case, by its action: approvers know from it what to do. */
enum swarm_plan { PLAN_APPROVE, PLAN_PATCH, PLAN_REJECT, PLAN_CANCEL, PLAN_ONE, PLAN_FREE, PLAN_COUNT };
extern const char *const swarm_actions[PLAN_COUNT];

struct swarm_case {
    enum swarm_plan plan;
    struct cty_hash id;
    bool requested;    /* its receipt came */
    atomic_uint acts;  /* how many workers were told to act */
    uint64_t amount;   /* of the payload that was asked for; a patch adds 1 */
};

/* A receipt that a client was given. */
struct swarm_receipt {
    uint64_t index;
    struct cty_hash leaf;
};

/* One thread's client and what it was given. */
struct swarm_worker {
    struct swarm *swarm;
    struct swarm_pair *pair;
    unsigned number;
    pthread_t thread;
    struct cty_client *client;
    struct cty_submitted submitted;
    struct swarm_receipt *receipts;
    size_t receipts_count;
    size_t receipts_capacity;
    uint64_t refused; /* statements that came too late for another's */
};

/* An agent: leader, twin, and the case that they race for; NULL: no more. */
struct swarm_pair {
    struct swarm_worker leader;
    struct swarm_worker twin;
    struct swarm_case *race;
    pthread_barrier_t start;
    pthread_barrier_t finish;
};

struct swarm {
    struct house *house;
    unsigned agents_count;
    unsigned approvers_count;
    unsigned cases_count;
    struct swarm_case *cases;
    atomic_uint next;     /* case to begin */
    atomic_uint finished; /* cases that came to their end */
    pthread_mutex_t keeping; /* while a receipt is kept, or all are looked at */
    struct swarm_pair pairs[SWARM_AGENTS_MAX];
    struct swarm_worker approvers[SWARM_APPROVERS_MAX];
};

/* Enrols everybody and opens the clients. */
void swarm_make(struct swarm *swarm, struct house *h, unsigned agents, unsigned approvers, unsigned cases);
void swarm_start(struct swarm *swarm);
/* Returns when all cases have come to their end and all threads have ended. */
void swarm_join(struct swarm *swarm);
void swarm_done(struct swarm *swarm);

/* Threads. */
void *swarm_lead(void *worker);
void *swarm_twin(void *worker);
void *swarm_approve(void *worker);

/* Keeps the receipts of worker->submitted. */
void swarm_keep(struct swarm_worker *worker);
/* Shows each receipt that was given so far, also while workers run. */
void swarm_each_receipt(struct swarm *swarm, void (*each)(void *context, const struct swarm_receipt *receipt), void *context);
/* Whether another try may help: the custodian was away. */
bool swarm_is_passing(custody_err err);

#endif
