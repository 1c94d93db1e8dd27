/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The load: whole lives of cases, four submissions each.
 *
 *     request (verdict follows) -> decision (release follows) -> consume -> outcome
 *
 * A round sends a mix of all four: each statement rests on the answer to the one before it in its case, so there is a
 * stock of cases on each step. A round's statements are signed before its clock starts, its receipts are checked after
 * it has stopped, and it is bounded, so that the memory of this program is.
 */
#ifndef CTY_TESTS_E2E_BENCH_LOAD_H
#define CTY_TESTS_E2E_BENCH_LOAD_H

#include "bench_crowd.h"
#include "model/statement.h"

#define BENCH_AGENTS 50u
#define BENCH_APPROVERS 20u
/* Cases that a round takes one step further on each step. */
#define BENCH_ROUND_MAX 2500u
/* Of a case on its way through all four steps: verdict and release too. */
#define BENCH_ENTRIES_PER_CASE 6u

enum bench_step { BENCH_REQUEST, BENCH_DECISION, BENCH_CONSUME, BENCH_OUTCOME, BENCH_STEPS };

struct bench_case {
    struct cty_hash id;
    struct cty_hash anchor; /* newest verdict or release */
    struct cty_hash sent;   /* digest of the statement under way */
    struct cty_hash payload;
    struct cty_seen seen;   /* covers the anchor */
    uint8_t instance[16];
};

struct bench_load {
    struct house *house;
    struct bench_case *cases; /* in the order of their requests; steps are taken in this order too */
    size_t capacity;
    size_t done[BENCH_STEPS]; /* how many cases took this step */
    unsigned agents;          /* that are enrolled: acme/agent-0 and on */
    uint64_t size;            /* entries of the ledger, as the newest receipt has it */
    size_t statement_size;    /* of a request, as signed */
};

/* Enrols the actors. */
void bench_load_begin(struct bench_load *load, struct house *h);
void bench_load_done(struct bench_load *load);

/* One round: so many cases take each step, at most BENCH_ROUND_MAX. `spent` may be NULL. */
void bench_load_round(struct bench_load *load, struct bench_crowd *crowd, const size_t cases[static BENCH_STEPS],
                      struct bench_spent *spent);
/* Rounds in which as many cases take each step, `round` at a time; there have to be as many in stock. */
void bench_load_run(struct bench_load *load, struct bench_crowd *crowd, size_t cases, size_t round,
                    struct bench_spent *spent);
/* Brings the stock before each step to so many cases at least. */
void bench_load_stock(struct bench_load *load, struct bench_crowd *crowd, size_t cases);
/* Rounds until the ledger has so many entries, about. */
void bench_load_fill(struct bench_load *load, struct bench_crowd *crowd, uint64_t entries);
/* Takes every case to its end. */
void bench_load_drain(struct bench_load *load, struct bench_crowd *crowd);

#endif
