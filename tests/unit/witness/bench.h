/* SPDX-License-Identifier: Apache-2.0 */
/* A log with two histories, a witness in a folder of its own, and submissions to it. */
#ifndef CTY_TESTS_WITNESS_BENCH_H
#define CTY_TESTS_WITNESS_BENCH_H

#include "ledger/witness_text.h"
#include "unit/support.h"
#include "witness/witness.h"

#define ORIGIN "custody.example.com/refunds"
#define WITNESS "witness.example.com/w1"
#define NOW_S 1700000000u
#define EM_DASH "\xe2\x80\x94"

/* Leaves of a history; from `forked_at` on it is another one than history 0. */
#define LEAVES 64u
struct history {
    uint64_t forked_at;
};
extern const struct history straight, forked_at_3, forked_at_5;
struct cty_tree_reader history_reader(const struct history *history);
struct cty_hash history_root(const struct history *history, uint64_t size);

struct bench {
    char folder[64];
    char state[96];
    struct cty_secret *log, *other_log, *witness_key;
    struct cty_witness *witness;
    uint64_t now_s;
    uint64_t stepped_s; /* of it, what the clock was set forward by, and did not pass */
    unsigned alarms;
    char told[1024];
};
/* Folder, keys, state; the log is added. bench_close leaves what is on the disk, bench_done doesn't. */
void bench_make(struct bench *bench);
void bench_open(struct bench *bench);
void bench_close(struct bench *bench);
void bench_done(struct bench *bench);

/* Appends a checkpoint note of this history; `extension` may be NULL. */
void note_put(const struct bench *bench, const struct history *history, uint64_t size, const char *extension,
              struct cty_buf *out);
/* Appends the body that submits this size to a witness that has `old_size`, with the proof of this history. */
void body_put(const struct bench *bench, const struct history *history, uint64_t old_size, uint64_t size,
              struct cty_buf *out);
/* A note under any origin and by any key. */
void foreign_note_put(const struct cty_secret *secret, const char *origin, uint64_t size, const struct cty_hash *root,
                      struct cty_buf *out);

/* The status of a body; `answer` may be NULL. The caller has it done. */
unsigned submit_bytes(struct bench *bench, struct cty_bytes body, struct cty_witness_answer *answer);
unsigned submit(struct bench *bench, const struct history *history, uint64_t old_size, uint64_t size);
/* A 200 whose cosignature verifies over that history's checkpoint, and its time; else fails. */
uint64_t submit_good(struct bench *bench, const struct history *history, uint64_t old_size, uint64_t size);
/* The size in a 409; fails for another status. */
uint64_t submit_conflict(struct bench *bench, const struct history *history, uint64_t old_size, uint64_t size);

/* Why it is stopped, of the only log; "" where it isn't. The contradiction file's report where there is one. */
struct bench_stop {
    char why[32];
    char file[256];
};
struct bench_stop bench_stopped(struct bench *bench);
/* How many contradiction files lie beside the state. */
unsigned bench_files(const struct bench *bench);
void bench_clear(struct bench *bench);

#endif
