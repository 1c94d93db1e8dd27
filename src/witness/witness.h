/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A witness: cosigns each checkpoint of a log that extends the one before, and no other (spec/witness.md).
 *
 * What it answers was stored before; so no two of its cosignatures contradict each other, whatever ends the process, fills
 * the disk, or asks at the same time.
 *
 * Owns: the state file with its lock. Borrows the key for its life. Thread rule: any thread, but for open and close.
 */
#ifndef CTY_WITNESS_WITNESS_H
#define CTY_WITNESS_WITNESS_H

#include "audit/contradiction.h"
#include "base/clock.h"
#include "ledger/witness_text.h"
#include "store/witness.h"

struct cty_witness;

/* Something that a person may want to read; `log` and `text` are borrowed for the call, foreign in parts. */
typedef void cty_witness_told_fn(void *user, bool alarm, struct cty_bytes origin, const char *text);

struct cty_witness_config {
    const char *state_path;          /* of a file that is there */
    const struct cty_secret *secret;
    const struct cty_clock *clock;   /* copied; NULL: the system's */
    cty_witness_told_fn *told;       /* from any thread, one call at a time; NULL: nobody listens */
    void *user;                      /* of it; borrowed */
};

/*
 * Logs that have a convicting contradiction file beside the state are stopped, unless a person has cleared it. Errors: those of
 * cty_witness_store_open; CONFIG the state is another witness's; IO such a file can't be read.
 */
CUSTODY_MUST_USE custody_err cty_witness_open(const struct cty_witness_config *config, struct cty_witness **ret_witness,
                                              custody_error *error);
/* Tries once more to store what stops a log, where that failed. Takes NULL. */
void cty_witness_close(struct cty_witness *witness);

/* What the protocol answers, over whatever door. Zero-initialise, then cty_witness_answer_done. */
struct cty_witness_answer {
    unsigned status;
    bool is_size;        /* the body is that of a 409 */
    bool grew;           /* of 200: the log was never cosigned at this size before, so nobody repeated what is public */
    custody_err why;     /* of what isn't 200 or 409; the body is then empty */
    struct cty_buf body;
};
void cty_witness_answer_done(struct cty_witness_answer *answer);

/* Judges, stores, cosigns. What fails here is a status of 500 and above. */
void cty_witness_add_checkpoint(struct cty_witness *witness, struct cty_bytes body, struct cty_witness_answer *answer);

/* What it cosigned last of the log whose origin has this SHA-256: 200 and the note, or 404. */
void cty_witness_checkpoint(struct cty_witness *witness, const struct cty_hash *origin_digest,
                            struct cty_witness_answer *answer);

/* The first log with an origin above `after`, in the order of bytes. Errors: NOT_FOUND at the end; those of the store. */
CUSTODY_MUST_USE custody_err cty_witness_next_log(struct cty_witness *witness, struct cty_bytes after,
                                                  struct cty_witness_log *ret_log, custody_error *error);

/* Just this log. Errors: NOT_FOUND; those of the store. */
CUSTODY_MUST_USE custody_err cty_witness_get_log(struct cty_witness *witness, struct cty_bytes origin,
                                                 struct cty_witness_log *ret_log, custody_error *error);
uint64_t cty_witness_now_s(const struct cty_witness *witness);

/*
 * Who follows a log himself was shown this as its newest, by the log's own door: writes the contradiction file and stops
 * the log, if it is one. `kind` is WENT_BACK or NO_PROOF, whose proof may be NULL; a proof that shows a fork makes it one.
 */
struct cty_witness_shown {
    enum cty_contradiction_kind kind;
    struct cty_bytes note;
    const struct cty_proof *proof;
    struct cty_hash root; /* what the log said beside the proof that the smaller tree's root is */
};
/* Errors: BAD_EVIDENCE what is stored has moved on, and the two agree; those of a note and of the store. */
CUSTODY_MUST_USE custody_err cty_witness_accuse(struct cty_witness *witness, struct cty_bytes origin,
                                                const struct cty_witness_shown *shown, custody_error *error);

/* Says something to whoever listens. */
void cty_witness_tell(struct cty_witness *witness, bool alarm, struct cty_bytes origin, const char *format, ...)
    CUSTODY_PRINTF(4, 5);

#endif
