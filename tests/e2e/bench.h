/* SPDX-License-Identifier: Apache-2.0 */
/* What bench.c, bench_load.c and bench_machine.c share. Times are seconds of the monotonic clock. */
#ifndef CTY_TESTS_E2E_BENCH_H
#define CTY_TESTS_E2E_BENCH_H

#include "books.h"
#include "drafts.h"
#include "wire.h"

#define BENCH_CLIENTS_MAX 512u
#define BENCH_AGENTS 10u
#define BENCH_APPROVERS 4u
#define BENCH_LONE 300u

double bench_now(void);

/* What this machine can do, one core, nobody else asked. */
struct bench_machine {
    unsigned cores;
    double verify_per_s;
    double sign_per_s;
    double commit_ms; /* median */
};
/* `statement` is the size of what is signed; the rows are those of the newest request in the ledger of the house. */
void bench_machine_measure(const struct house *h, struct cty_bytes statement, struct bench_machine *ret_machine);

/* One case on its way through request, decision, consume and outcome. */
struct bench_case {
    struct cty_hash id;
    struct cty_hash anchor;  /* newest verdict or release */
    uint8_t instance[16];
    struct cty_hash payload;
    struct cty_seen seen;    /* covers the anchor */
    struct cty_buf message;  /* what is sent next, signed beforehand */
    struct cty_buf reply;    /* what came, parsed afterwards */
};

enum bench_step { BENCH_REQUEST, BENCH_DECISION, BENCH_CONSUME, BENCH_OUTCOME, BENCH_STEPS };
extern const char *const bench_step_names[BENCH_STEPS];

struct bench_load {
    struct house *house;
    unsigned clients;
    unsigned cases_count;
    struct bench_case *cases;
    double seconds[BENCH_STEPS];    /* from the first send to the last answer */
    double daemon_cpu[BENCH_STEPS];
    double lone_p50_ms; /* one client alone */
    double lone_p99_ms;
    size_t statement_size; /* of a request, as signed */
};

/* Enrols the actors, measures one client alone, then many. */
void bench_load_run(struct bench_load *load);
void bench_load_done(struct bench_load *load);

#endif
