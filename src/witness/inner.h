/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the engine share. Private to this folder. */
#ifndef CTY_WITNESS_INNER_H
#define CTY_WITNESS_INNER_H

#include <pthread.h>

#include "witness/witness.h"

/* Anybody can cause something that is told: so many lines a second. */
#define CTY_WITNESS_LINES_PER_SECOND 20u

struct cty_witness {
    struct cty_witness_config config;
    char *state_path;
    pthread_mutex_t mutex; /* around the store */
    struct cty_witness_store *store;
    pthread_mutex_t keeping; /* around a contradiction file and what is stored of it; before `mutex` */
    pthread_mutex_t telling;
    uint64_t told_s; /* the second in which something was told last, and how often */
    unsigned told_lines;
};

/*
 * Writes the contradiction into a new file beside the state file, durably; the same one is written once. `size` is
 * the smaller of the two. The caller owns *ret_path. Errors: IO, NO_MEMORY, TOO_LARGE, BAD_ENCODING.
 */
CUSTODY_MUST_USE custody_err cty_witness_keep(const char *state_path, const struct cty_contradiction *contradiction,
                                              uint64_t size, char **ret_path, custody_error *error);

/* Writes the file, and stops the log whether or not that could be written. Errors: those of the store. */
CUSTODY_MUST_USE custody_err cty_witness_stop(struct cty_witness *witness, const struct cty_witness_log *log,
                                              struct cty_contradiction *contradiction, custody_error *error);

#endif
