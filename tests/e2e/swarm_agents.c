/* SPDX-License-Identifier: Apache-2.0 */
/* The agents of the swarm: ask, wait, race for the release, report. */
#include "swarm.h"

#include <stdio.h>

#include "base/check.h"

#define WORD_MS 20000u

/* A request whose answer never came is in the ledger or it isn't: the library repeats the same one until it knows. */
static void ask(struct swarm_worker *worker, struct swarm_case *c)
{
    char payload[96];
    snprintf(payload, sizeof(payload), "{\"amount\":%llu,\"order\":\"o-%u\"}", (unsigned long long)c->amount,
             worker->number);
    const struct cty_ask asked = {.service = CTY_LITERAL("billing"), .action = cty_bytes_text(swarm_actions[c->plan]),
                                  .priority = CTY_PRIORITY_NORMAL, .payload = cty_bytes_text(payload),
                                  .state = CTY_LITERAL("step 1")};
    must(cty_agent_request(worker->client, &asked, &c->id, &worker->submitted, &house_error));
    c->requested = true;
    swarm_keep(worker);
}

/* The last number of "[1,2,3]". */
static uint64_t newest_of(struct cty_bytes indices)
{
    size_t from = indices.size;
    uint64_t newest = 0;
    while (from > 0 && indices.data[from - 1] != ',' && indices.data[from - 1] != '[')
        from--;
    must_be(indices.size > from + 1);
    must(cty_u64_parse(cty_bytes_make(indices.data + from, indices.size - from - 1), CTY_NUMBER_MAX, &newest));
    return newest;
}

/*
 * Sleeps until the custodian says that the case is decided, which is only its word. Judging each step on the way costs
 * as much as the rest of the test, so four of five agents do without.
 */
static void wait_word(struct swarm_worker *worker, const struct swarm_case *c)
{
    struct cty_answer answer = {0};
    custody_error error = {0};
    uint64_t known = 0;
    bool held = true;
    while (held && worker->number % 5 != 0) {
        custody_err err = cty_client_wait_news(worker->client, &c->id, known, WORD_MS, &answer, &error);
        if (err != CUSTODY_OK && !swarm_is_passing(err))
            house_fail(__FILE__, __LINE__, "news", err, error.detail);
        if (err != CUSTODY_OK)
            continue;
        held = cty_bytes_is(answer.result.case_wait.state, "HELD");
        known = newest_of(answer.result.case_wait.entries);
    }
    cty_answer_done(&answer);
}

/* How the case reads once it is decided. */
static enum cty_case_state wait_decided(struct swarm_worker *worker, const struct swarm_case *c)
{
    struct cty_judgement *judgement = NULL;
    custody_error error = {0};
    custody_err err;
    wait_word(worker, c);
    do
        err = cty_agent_wait(worker->client, &c->id, HOUSE_PATIENCE_MS, &judgement, &error);
    while (swarm_is_passing(err) || err == CUSTODY_E_UNDECIDED);
    house_error = error;
    must(err == CUSTODY_OK ? CUSTODY_OK : cty_fail(&house_error, err, "%s", error.detail));
    enum cty_case_state state = cty_agent_state(worker->client, judgement);
    cty_judgement_free(judgement);
    return state;
}

/* Taking it back races with the approvals; every one of them makes what was signed stale. */
static void take_back(struct swarm_worker *worker, const struct swarm_case *c)
{
    for (;;) {
        custody_error error = {0};
        worker->submitted.own.index = 0;
        custody_err err = cty_agent_cancel(worker->client, &c->id, CTY_LITERAL("a mistake"), &worker->submitted, &error);
        if (err == CUSTODY_OK && worker->submitted.own.index)
            swarm_keep(worker);
        if (err == CUSTODY_OK)
            return;
        if (!swarm_is_passing(err) && err != CUSTODY_E_STALE_AFTER && err != CUSTODY_E_STATE_ILLEGAL)
            house_fail(__FILE__, __LINE__, "cancel", err, error.detail);
        worker->refused++;
    }
}

/* ---- the race ---- */

/* What is to be acted on is what was approved, to the byte. */
static void check_payload(const struct swarm_worker *worker, const struct swarm_case *c, struct cty_bytes payload)
{
    char expected[96];
    uint64_t amount = c->amount + (c->plan == PLAN_PATCH ? 1 : 0);
    snprintf(expected, sizeof(expected), "{\"amount\":%llu,\"order\":\"o-%u\"}", (unsigned long long)amount,
             worker->number);
    must_be(cty_bytes_is(payload, expected));
}

/* One worker's part: it acts if and only if it is told so. */
static void race(struct swarm_worker *worker, struct swarm_case *c)
{
    struct cty_judgement *judgement = NULL;
    struct cty_bytes payload;
    custody_error error = {0};
    custody_err err;
    do
        err = cty_agent_consume(worker->client, &c->id, &judgement, &payload, &worker->submitted, &error);
    while (swarm_is_passing(err));
    if (err == CUSTODY_OK) {
        check_payload(worker, c, payload);
        atomic_fetch_add(&c->acts, 1);
        swarm_keep(worker);
        cty_judgement_free(judgement);
    } else if (err == CUSTODY_E_DOUBLE_CONSUME) {
        worker->refused++;
    } else {
        house_fail(__FILE__, __LINE__, "consume", err, error.detail);
    }
}

static void race_both(struct swarm_worker *leader, struct swarm_case *c)
{
    leader->pair->race = c;
    pthread_barrier_wait(&leader->pair->start);
    if (c)
        race(leader, c);
    pthread_barrier_wait(&leader->pair->finish);
}

void *swarm_twin(void *context)
{
    struct swarm_worker *worker = context;
    struct swarm_case *c;
    do {
        pthread_barrier_wait(&worker->pair->start);
        c = worker->pair->race;
        if (c)
            race(worker, c);
        pthread_barrier_wait(&worker->pair->finish);
    } while (c);
    cty_client_close(worker->client);
    return NULL;
}

static void report(struct swarm_worker *worker, const struct swarm_case *c)
{
    custody_error error = {0};
    custody_err err;
    worker->submitted.own.index = 0;
    do
        err = cty_agent_outcome(worker->client, &c->id, CTY_OUTCOME_FULFILLED, CTY_LITERAL("done"), &worker->submitted,
                                &error);
    while (swarm_is_passing(err));
    if (err != CUSTODY_OK)
        house_fail(__FILE__, __LINE__, "outcome", err, error.detail);
    if (worker->submitted.own.index)
        swarm_keep(worker);
}

/* ---- one case ---- */

static void run_case(struct swarm_worker *worker, struct swarm_case *c)
{
    ask(worker, c);
    if (c->plan == PLAN_CANCEL)
        take_back(worker, c);
    if (wait_decided(worker, c) == CTY_CASE_RELEASED) {
        race_both(worker, c);
        report(worker, c);
    }
    atomic_fetch_add(&worker->swarm->finished, 1);
}

void *swarm_lead(void *context)
{
    struct swarm_worker *worker = context;
    struct swarm *swarm = worker->swarm;
    unsigned number;
    while ((number = atomic_fetch_add(&swarm->next, 1)) < swarm->cases_count)
        run_case(worker, &swarm->cases[number]);
    race_both(worker, NULL);
    cty_client_close(worker->client);
    return NULL;
}
