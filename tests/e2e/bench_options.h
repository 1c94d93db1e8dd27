/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CTY_TESTS_E2E_BENCH_OPTIONS_H
#define CTY_TESTS_E2E_BENCH_OPTIONS_H

#include "bench_table.h"

struct bench_options {
    unsigned entries;
    unsigned clients;
    unsigned cases;
    unsigned waiters;
    unsigned lone;    /* requests of a client alone, and commits */
    unsigned looks;   /* round trips; a quarter as many proofs */
    double sample_s;
    double wait_s;
    const char *json;    /* NULL: not written */
    const char *compare; /* NULL: with nothing */
    struct bench_old old; /* what is compared with */
};

/* From the command line. Ends the program with status 4, in words, where it can't be; reads the other run, too. */
void bench_options_read(int argc, char **argv, struct bench_options *ret_options);

#endif
