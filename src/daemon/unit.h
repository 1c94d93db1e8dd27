/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A unit: one statement and what the clerk must say after it, judged in memory before anything is stored. It
 * stands in the ledger whole or not at all.
 *
 *     request --> verdict (pass) --> release        approve --> release        consume
 *     [----------- one unit ------------]           [---- one unit ----]       [-unit-]
 *
 * Owns the entries' texts and deltas. Thread rule: one thread at a time.
 */
#ifndef CTY_DAEMON_UNIT_H
#define CTY_DAEMON_UNIT_H

#include "daemon/book.h"
#include "daemon/custodian.h"

/* Most that follows: a verdict and a release. */
#define CTY_UNIT_ENTRIES_MAX 3u

struct cty_unit_entry {
    struct cty_buf body;
    struct cty_hash leaf;
    uint64_t index;
    uint64_t time;
    bool trust;                    /* of the trust class */
    struct cty_opt_hash trust_link; /* leaf hash of the newest trust-class entry before it */
    struct cty_hash digest;        /* of its statement */
    struct cty_delta delta;
};

struct cty_unit {
    struct cty_unit_entry entries[CTY_UNIT_ENTRIES_MAX];
    uint32_t count;
    struct cty_statement *clerk_statement; /* scratch */
    struct cty_case *the_case;             /* scratch */
    struct cty_buf envelope;               /* scratch */
    struct cty_json tape;                  /* scratch */
    struct cty_bytes witnessed;            /* of the expiry that is made; borrowed */
};

/* Errors: NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_unit_init(struct cty_unit *unit);
void cty_unit_done(struct cty_unit *unit);

/* A statement as it came. Borrowed. */
struct cty_unit_input {
    struct cty_bytes envelope;
    const struct cty_statement *statement;
    const struct cty_hash *digest;
    struct cty_key keys[CTY_SIGNERS_MAX]; /* under which its signatures verified; zero where one didn't */
};

/*
 * Judges the statement as the next entry after what the book holds, at `time` or at the newest entry's time if
 * that is later. The book is cleared first; its pending deltas become this unit's.
 * Errors: the refusals of cty_fold, TOO_LARGE for an entry that would be, faults of the book.
 */
CUSTODY_MUST_USE custody_err cty_unit_judge(struct cty_unit *unit, struct cty_book *book,
                                            const struct cty_unit_input *input, uint64_t time,
                                            custody_error *error);
/*
 * Adds what the clerk must say next, if anything, with `seen` as the checkpoint it has seen. Errors: INTERNAL
 * where the fold refuses it, which is this program's fault; faults of the book.
 */
CUSTODY_MUST_USE custody_err cty_unit_follow(struct cty_unit *unit, struct cty_book *book,
                                             const struct cty_custodian *custodian, const struct cty_seen *seen,
                                             custody_error *error);
/*
 * A unit of the clerk's own: the expiry of a case, at `time` or later as above, with `witnessed` as base64 (data NULL: none).
 * Errors: NOT_DUE, STATE_ILLEGAL,
 * else as cty_unit_follow.
 */
CUSTODY_MUST_USE custody_err cty_unit_expire(struct cty_unit *unit, struct cty_book *book,
                                             const struct cty_custodian *custodian, const struct cty_seen *seen,
                                             const struct cty_hash *case_id, struct cty_bytes witnessed, uint64_t time,
                                             custody_error *error);
/* The checkpoint that the clerk has seen is that of `mark`. */
struct cty_seen cty_seen_of(uint64_t size, const struct cty_hash *root);

#endif
