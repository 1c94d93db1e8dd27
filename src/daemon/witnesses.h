/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the custodian knows of its witnesses: who stands on which checkpoint, how each of them is, and the cosignatures that
 * are still to be stored (spec/witness.md, "The custodian").
 *
 *     desk: verified --put--> pending --take--> sequencer: stored with the next commit --stored--> seats, quorum
 *
 * What is told (`witnesses`, metrics) is what is stored, so what a reader then asks for is there. Thread rule: any thread;
 * take and stored by one.
 */
#ifndef CTY_DAEMON_WITNESSES_H
#define CTY_DAEMON_WITNESSES_H

#include <pthread.h>

#include "audit/trust.h"
#include "proto/rpc_shapes.h"
#include "store/store.h"

#define CTY_WITNESS_DETAIL_MAX 256u
/* Checkpoints on which somebody stands and that may still get a quorum: the newest ones. */
#define CTY_WITNESSED_SIZES 64u
/* Rows of cosignatures that a start looks at, and sizes of one search whose lines are verified. */
#define CTY_COSIGNATURES_LOADED_MAX 4096u
#define CTY_WITNESSED_CANDIDATES_MAX 4u
/* A note with its cosignatures. */
#define CTY_WITNESSED_NOTE_BYTES_MAX 16384u
/* Lines that wait for the sequencer. Where it takes none, no size is new: then one of each witness waits. */
#define CTY_WITNESSES_PENDING_MAX (2u * CTY_WITNESS_NODES_MAX)

/* What came of a submission; spec/metrics.md has the words. */
enum cty_submitted {
    CTY_SUBMITTED_COSIGNED, /* a cosignature that verifies */
    CTY_SUBMITTED_AGAIN,    /* the witness has another size than was thought: sent once more */
    CTY_SUBMITTED_WAIT,     /* it asks for time */
    CTY_SUBMITTED_REFUSED,  /* it does not take it, or its answer is worth nothing */
    CTY_SUBMITTED_CONFLICT, /* it has seen another tree */
    CTY_SUBMITTED_NOTHING,  /* no answer */
    CTY_SUBMITTED_COUNT
};
extern const char *const cty_submitted_names[];

struct cty_witness_seat {
    uint64_t size;    /* of the newest checkpoint on which it stands, stored; 0: none */
    uint64_t time_ms; /* of its newest cosignature that is stored */
    enum cty_witness_state state;
    bool told; /* since the start: what is told first is logged, whatever it is */
    char detail[CTY_WITNESS_DETAIL_MAX];
};

struct cty_pending_cosignature {
    uint32_t witness; /* node of the policy */
    uint64_t size;
    uint64_t time_s;
    size_t line_size;
    char line[CTY_COSIGNATURE_LINE_BYTES_MAX];
};

struct cty_witnesses {
    const struct cty_trust *trust; /* borrowed; its policy names them */
    pthread_mutex_t lock;
    struct cty_witness_seat seats[CTY_WITNESS_NODES_MAX]; /* by node; groups have none */
    struct {
        uint64_t size;
        uint64_t witnesses;
        uint64_t times[CTY_WITNESS_NODES_MAX]; /* s */
    } sizes[CTY_WITNESSED_SIZES];
    uint64_t quorum_size;
    uint64_t quorum_time_s;
    struct cty_pending_cosignature pending[CTY_WITNESSES_PENDING_MAX];
    size_t pending_count;
    size_t taken; /* of them, by the sequencer */
    uint64_t submitted[CTY_SUBMITTED_COUNT];
    uint64_t couriers; /* that said hello */
    uint64_t fresh_ms; /* a cosignature of that time or later is wanted; 0: none is */
};

/* Errors: NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_witnesses_new(const struct cty_trust *trust, struct cty_witnesses **ret_witnesses);
void cty_witnesses_free(struct cty_witnesses *witnesses);
/* Learns what is stored, of the newest rows. Errors: those of the reader. */
CUSTODY_MUST_USE custody_err cty_witnesses_load(struct cty_witnesses *witnesses, struct cty_store_reader *reader,
                                                custody_error *error);
/* The node that this key's line is of; CTY_WITNESS_NODES_MAX where the policy has none. */
uint32_t cty_witnesses_find(const struct cty_witnesses *witnesses, struct cty_bytes vkey);

/* A line that verified, to be stored. False where there is no room: it is forgotten. */
bool cty_witnesses_put(struct cty_witnesses *witnesses, uint32_t witness, uint64_t size, uint64_t time_s,
                       struct cty_bytes line);
/* What waits, borrowed until _stored: at most CTY_WITNESSES_PENDING_MAX. */
const struct cty_pending_cosignature *cty_witnesses_take(struct cty_witnesses *witnesses, size_t *ret_count);
/* All that were taken are stored, or none is. */
void cty_witnesses_stored(struct cty_witnesses *witnesses, bool stored);
bool cty_witnesses_wait(struct cty_witnesses *witnesses);

/* Appends a name, or what a stranger said, to a text of that size: visible ASCII and spaces, "?" for others, and cut. */
void cty_witnesses_put_plain(char *text, size_t size, struct cty_bytes foreign);

/* How a witness is; logs a change. */
void cty_witnesses_tell(struct cty_witnesses *witnesses, uint32_t witness, enum cty_witness_state state, const char *detail);
void cty_witnesses_count(struct cty_witnesses *witnesses, enum cty_submitted outcome);
void cty_witnesses_count_courier(struct cty_witnesses *witnesses);

/* Cosignatures from this time on are wanted, by whoever records an expiry. */
void cty_witnesses_want_fresh(struct cty_witnesses *witnesses, uint64_t from_ms);
/* Whether so many have cosigned something since as the policy asks for. */
bool cty_witnesses_are_since(struct cty_witnesses *witnesses, uint64_t from_s);
uint64_t cty_witnesses_fresh(struct cty_witnesses *witnesses);

/* A copy for those who tell of it. */
struct cty_witnesses_view {
    struct cty_witness_seat seats[CTY_WITNESS_NODES_MAX];
    uint64_t quorum_size;
    uint64_t quorum_time_s;
    uint64_t submitted[CTY_SUBMITTED_COUNT];
    uint64_t couriers;
};
uint64_t cty_witnesses_quorum(struct cty_witnesses *witnesses); /* the size of the newest, as far as is known */
void cty_witnesses_get(struct cty_witnesses *witnesses, struct cty_witnesses_view *ret_view);

/* witnessed.c: reading checkpoints with their cosignatures; `witnesses` may be NULL. */

/* Appends the lines that are stored for the checkpoint of this size, as many as fit. Errors: those of the reader. */
CUSTODY_MUST_USE custody_err cty_witnessed_put_lines(struct cty_store_reader *reader, uint64_t size, struct cty_buf *note,
                                                     custody_error *error);
/*
 * The smallest checkpoint of at least `size` entries whose cosignatures from `from_s` on meet the policy, with its lines.
 * Errors: NOT_WITNESSED where none of those that are looked at does; the reader's.
 */
CUSTODY_MUST_USE custody_err cty_witnessed_find(const struct cty_witnesses *witnesses, struct cty_store_reader *reader,
                                                uint64_t size, uint64_t from_s, struct cty_store_mark *ret_mark,
                                                struct cty_buf *note, custody_error *error);

#endif
