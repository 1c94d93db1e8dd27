/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tools/bench, which spec/bench.md describes: what its parts share, and its parts. Times are seconds of the monotonic
 * clock where their name doesn't say otherwise. What goes wrong ends the program (house.h).
 *
 *     bench.c          the order of a run
 *     bench_options.c  the command line
 *     bench_table.c    the figures: printed, written as JSON, compared with those of another run
 *     bench_line.c     one connection to a door, over a plain socket
 *     bench_crowd.c    many of them, driven by one thread
 *     bench_load.c     cases: signed before, sent by a crowd, receipts checked after
 *     bench_machine.c  what the machine can do
 *     bench_words.c    what it is, and what else it did meanwhile
 *     bench_look.c     round trips, proofs, restarts
 *     bench_waiters.c  clients that wait for news
 *     bench_witness.c  receipts that witnesses have cosigned
 *     bench_audit.c    the whole ledger, audited
 */
#ifndef CTY_TESTS_E2E_BENCH_H
#define CTY_TESTS_E2E_BENCH_H

#include "bench_crowd.h"
#include "bench_load.h"
#include "bench_table.h"

double bench_now(void);
/* Processor time of this thread: others may be busy on the machine. */
double bench_thread_cpu(void);

/* ---- bench_machine.c: what this machine can do, nobody else asked ---- */

#define BENCH_SAMPLES_MAX 256u

/* Samples from all over the run, so that a moment in which others were busy doesn't decide. */
struct bench_machine {
    double verify[BENCH_SAMPLES_MAX]; /* a second, one core */
    double sign[BENCH_SAMPLES_MAX];
    size_t samples;
    double sample_s;       /* how long one takes */
    size_t statement_size; /* of what is signed */
    struct cty_secret *secret;
};

void bench_machine_begin(struct bench_machine *machine, size_t statement_size, double sample_s);
void bench_machine_sample(struct bench_machine *machine);
/* The middle of the samples from number `first` on, of signatures verified a second. There must be one. */
double bench_machine_verify_since(const struct bench_machine *machine, size_t first);
void bench_machine_put(struct bench_machine *machine, struct bench_table *table);
void bench_machine_done(struct bench_machine *machine);
/* Date, processor, kernel, file system and versions, in words. */
void bench_machine_words(const struct house *h, struct bench_table *table);
/* Processor time that was spent on this machine, and by this program with its ended children, since it began. */
struct bench_time {
    double all_s;
    double own_s;
};
struct bench_time bench_time_spent(void);
/* Writes and syncs a block of 4 KiB beside the ledger, `count` times, in ms. */
void bench_syncs_measure(const struct house *h, size_t count, struct bench_times *times);

/* Full-sync commits of the rows of the newest request and its verdict, beside the ledger, so on the same disk. */
struct bench_commits;
struct bench_commits *bench_commits_open(const struct house *h);
/* Appends `count` times, in ms. */
void bench_commits_measure(struct bench_commits *commits, size_t count, struct bench_times *times);
void bench_commits_close(struct bench_commits *commits);

/* ---- bench_look.c ---- */

void bench_round_trips(const struct house *h, size_t count, struct bench_table *table);
void bench_proofs(const struct house *h, size_t count, struct bench_table *table);

struct bench_restart {
    double killed_ms;  /* median, after kill -9 */
    double clean_ms;   /* after SIGTERM */
    double log_kib;    /* of the database's log at the last kill */
    double peak_bytes; /* the most memory that a custodian of the run had before it ended */
};
/* Kills `times` times with a log left behind, then stops; each time it is started again. */
void bench_restarts(struct bench_load *load, unsigned times, struct bench_restart *restart);
/* Starts custodyd with more arguments, which end with NULL; how long until it answered a client. */
double bench_start(struct house *h, const char *const *more);
double bench_rss_bytes(const struct house *h);

/* ---- bench_waiters.c ---- */

/* `seconds` each: still, and asking again as their time runs out. The custodian is started anew for it. */
void bench_wait(struct bench_load *load, unsigned waiters, double seconds, struct bench_table *table);

/* ---- bench_witness.c ---- */

/* `count` requests one by one, with witnesses of its own. The custodian is started anew for it, and behind it. */
void bench_witnesses(struct bench_load *load, size_t count, struct bench_table *table);

/* ---- bench_audit.c ---- */

/* Ends the program where the ledger is not whole or a case did not end as it should. The custodian must be stopped. */
void bench_audit(const struct bench_load *load, struct bench_machine *machine, struct bench_table *table);

#endif
