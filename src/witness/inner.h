/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the engine share. Private to this folder. */
#ifndef CTY_WITNESS_INNER_H
#define CTY_WITNESS_INNER_H

#include <pthread.h>

#include "base/clock.h"
#include "witness/witness.h"

/* Anybody can cause something that is told: so many lines a second. */
#define CTY_WITNESS_LINES_PER_SECOND 20u

/*
 * A log that is to be stopped, and isn't in the store yet: nothing of it is cosigned; or one that is, and lacks its proof. There is
 * room for each log, so that no lack of memory lets one go on.
 */
struct cty_witness_stop {
    char origin[CTY_FOREIGN_ORIGIN_BYTES_MAX + 1]; /* empty: it is free */
    bool told;            /* that it could not be stored */
    bool stored;          /* the store knows of it; only the file lacks */
    bool kept;            /* the file is there */
    const char *kind;     /* constant */
    char *path;           /* of the file; NULL where memory lacked for it */
    struct cty_buf proof; /* what is to stand in it */
};

struct cty_witness {
    struct cty_witness_config config;
    struct cty_clock clock;
    struct cty_clock_guard guard; /* since it was opened */
    char *state_path;
    pthread_mutex_t mutex; /* around the store, and which stops are used */
    struct cty_witness_store *store;
    pthread_mutex_t keeping; /* around a contradiction file and what is stored of it; before `mutex` */
    struct cty_witness_stop stops[CTY_WITNESS_LOGS_MAX];
    pthread_mutex_t telling;
    uint64_t told_s; /* the second in which something was told last, and how often */
    unsigned told_lines;
};

/*
 * From here on nothing of the log is cosigned. Writes the file, and stores that the log is stopped, whether or not the file
 * could be written; what could not be stored, cty_witness_settle tries again. Errors: those of the store.
 */
CUSTODY_MUST_USE custody_err cty_witness_stop(struct cty_witness *witness, const struct cty_witness_log *log,
                                              struct cty_contradiction *contradiction, custody_error *error);
/* The same, where the file is there already. `path` is copied. */
CUSTODY_MUST_USE custody_err cty_witness_stop_by(struct cty_witness *witness, struct cty_bytes origin, const char *kind,
                                                 const char *path, custody_error *error);
/* OK where nothing of this log waits to be stored; else tries that again. Errors: those of the store. */
CUSTODY_MUST_USE custody_err cty_witness_settle(struct cty_witness *witness, struct cty_bytes origin, custody_error *error);
/* Whether it is to be stopped and isn't. The caller holds `mutex`. */
bool cty_witness_is_stopping(const struct cty_witness *witness, struct cty_bytes origin);
/* At the end: tries once more, and forgets. */
void cty_witness_stops_done(struct cty_witness *witness);

/*
 * At the start: stops each log that has a convicting file beside the state which nobody cleared. What could not be stored
 * waits. Errors: IO the folder or a file can't be read; those of reading the store.
 */
CUSTODY_MUST_USE custody_err cty_witness_kept_stop(struct cty_witness *witness, custody_error *error);

#endif
