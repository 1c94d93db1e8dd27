/* SPDX-License-Identifier: Apache-2.0 */
/* What happened in a simulation, counted; and its trace, whose hash says whether two runs were the same. */
#ifndef CTY_TESTS_SIMULATE_TALLY_H
#define CTY_TESTS_SIMULATE_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum tally_event {
#define TALLY(name, text, must) TALLY_##name,
#include "simulate/tally.def"
#undef TALLY
    TALLY_COUNT
};

#define TALLY_CODES_MAX 160

struct tally {
    uint64_t events[TALLY_COUNT];
    struct {
        const char *code; /* constant */
        uint64_t count;
    } refusals[TALLY_CODES_MAX];
    size_t refusals_count;
};

/* Of the simulation under way. */
void tally_begin(struct tally *tally, bool print);
void tally_add(enum tally_event event);
void tally_refusal(const char *code);
void tally_print(const struct tally *tally);
/* The first event that must have been seen and was not; NULL where there is none. */
const char *tally_missing(const struct tally *tally);

/* A text that differs from run to run, and is left out of the trace. Borrowed. */
void trace_hide(const char *text);
/* One line of the trace: hashed always, printed where that was asked for. */
void trace(const char *format, ...) CUSTODY_PRINTF(1, 2);
/* Hashed only: what would be too much to print. */
void trace_number(uint64_t number);
uint64_t trace_hash(void);

#endif
