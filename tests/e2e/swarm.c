/* SPDX-License-Identifier: Apache-2.0 */
#include "swarm.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"

const char *const swarm_actions[PLAN_COUNT] = {"refund", "refund-high", "refund-odd", "refund-mistaken", "one", "free"};

/* Of twelve: four patched, one each rejected, taken back, for one approver and for none; five plain. */
static enum swarm_plan plan_of(unsigned number)
{
    static const enum swarm_plan plans[12] = {PLAN_APPROVE, PLAN_PATCH, PLAN_REJECT,  PLAN_APPROVE,
                                              PLAN_PATCH,   PLAN_ONE,   PLAN_APPROVE, PLAN_PATCH,
                                              PLAN_CANCEL,  PLAN_FREE,  PLAN_PATCH,   PLAN_APPROVE};
    return plans[number % 12];
}

static void make_worker(struct swarm *swarm, struct swarm_worker *worker, struct swarm_pair *pair, unsigned number,
                        const char *name)
{
    *worker = (struct swarm_worker){.swarm = swarm, .pair = pair, .number = number};
    worker->client = house_client(swarm->house, name);
}

void swarm_make(struct swarm *swarm, struct house *h, unsigned agents, unsigned approvers, unsigned cases)
{
    char name[64];
    *swarm = (struct swarm){.house = h, .agents_count = agents, .approvers_count = approvers, .cases_count = cases};
    must_be(pthread_mutex_init(&swarm->keeping, NULL) == 0);
    swarm->cases = cty_alloc(cases, sizeof(*swarm->cases));
    must_be(swarm->cases != NULL && agents <= SWARM_AGENTS_MAX && approvers <= SWARM_APPROVERS_MAX);
    for (unsigned i = 0; i < cases; i++)
        swarm->cases[i] = (struct swarm_case){.plan = plan_of(i), .amount = 100 + i};
    house_party(h, "acme");
    for (unsigned i = 0; i < agents; i++) {
        struct swarm_pair *pair = &swarm->pairs[i];
        snprintf(name, sizeof(name), "acme/agent-%u", i);
        house_agent(h, name);
        make_worker(swarm, &pair->leader, pair, i, name);
        make_worker(swarm, &pair->twin, pair, i, name);
        must_be(pthread_barrier_init(&pair->start, NULL, 2) == 0 && pthread_barrier_init(&pair->finish, NULL, 2) == 0);
    }
    for (unsigned i = 0; i < approvers; i++) {
        snprintf(name, sizeof(name), "acme/person-%u", i);
        house_person(h, name, "approver");
        make_worker(swarm, &swarm->approvers[i], NULL, i, name);
    }
}

static void start(struct swarm_worker *worker, void *(*run)(void *worker))
{
    must_be(pthread_create(&worker->thread, NULL, run, worker) == 0);
}

void swarm_start(struct swarm *swarm)
{
    for (unsigned i = 0; i < swarm->agents_count; i++) {
        start(&swarm->pairs[i].leader, swarm_lead);
        start(&swarm->pairs[i].twin, swarm_twin);
    }
    for (unsigned i = 0; i < swarm->approvers_count; i++)
        start(&swarm->approvers[i], swarm_approve);
}

void swarm_join(struct swarm *swarm)
{
    for (unsigned i = 0; i < swarm->agents_count; i++) {
        pthread_join(swarm->pairs[i].leader.thread, NULL);
        pthread_join(swarm->pairs[i].twin.thread, NULL);
    }
    for (unsigned i = 0; i < swarm->approvers_count; i++)
        pthread_join(swarm->approvers[i].thread, NULL);
}

static void worker_done(struct swarm_worker *worker)
{
    cty_submitted_done(&worker->submitted);
    free(worker->receipts);
}

void swarm_done(struct swarm *swarm)
{
    for (unsigned i = 0; i < swarm->agents_count; i++) {
        worker_done(&swarm->pairs[i].leader);
        worker_done(&swarm->pairs[i].twin);
        pthread_barrier_destroy(&swarm->pairs[i].start);
        pthread_barrier_destroy(&swarm->pairs[i].finish);
    }
    for (unsigned i = 0; i < swarm->approvers_count; i++)
        worker_done(&swarm->approvers[i]);
    pthread_mutex_destroy(&swarm->keeping);
    free(swarm->cases);
}

static void keep(struct swarm_worker *worker, const struct cty_receipted *receipted)
{
    if (worker->receipts_count == worker->receipts_capacity) {
        worker->receipts_capacity = worker->receipts_capacity ? worker->receipts_capacity * 2 : 64;
        worker->receipts = realloc(worker->receipts, worker->receipts_capacity * sizeof(*worker->receipts));
        must_be(worker->receipts != NULL);
    }
    worker->receipts[worker->receipts_count++] = (struct swarm_receipt){receipted->index, receipted->leaf};
}

void swarm_keep(struct swarm_worker *worker)
{
    pthread_mutex_lock(&worker->swarm->keeping);
    keep(worker, &worker->submitted.own);
    for (uint32_t i = 0; i < worker->submitted.follow_count; i++)
        keep(worker, &worker->submitted.follow[i]);
    pthread_mutex_unlock(&worker->swarm->keeping);
}

static void each_of_worker(const struct swarm_worker *worker, void (*each)(void *context, const struct swarm_receipt *receipt),
                           void *context)
{
    for (size_t i = 0; i < worker->receipts_count; i++)
        each(context, &worker->receipts[i]);
}

void swarm_each_receipt(struct swarm *swarm, void (*each)(void *context, const struct swarm_receipt *receipt), void *context)
{
    pthread_mutex_lock(&swarm->keeping);
    for (unsigned i = 0; i < swarm->agents_count; i++) {
        each_of_worker(&swarm->pairs[i].leader, each, context);
        each_of_worker(&swarm->pairs[i].twin, each, context);
    }
    for (unsigned i = 0; i < swarm->approvers_count; i++)
        each_of_worker(&swarm->approvers[i], each, context);
    pthread_mutex_unlock(&swarm->keeping);
}

bool swarm_is_passing(custody_err err)
{
    /* A session that is lost twice within one call, by two kills, is told to the caller. */
    return err == CUSTODY_E_UNREACHABLE || err == CUSTODY_E_TIMEOUT || err == CUSTODY_E_BUSY ||
           err == CUSTODY_E_NO_SESSION || err == CUSTODY_E_BAD_SESSION;
}
