/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What everybody may know at once: the newest checkpoint that was committed, the time of its newest entry, and
 * whether the custodian appends. Written by the sequencer, read by all. Thread rule: any thread.
 */
#ifndef CTY_DAEMON_HEAD_H
#define CTY_DAEMON_HEAD_H

#include <pthread.h>

#include "daemon/custodian.h"
#include "proto/rpc_shapes.h"
#include "store/reader.h"

/* custodian.rotate entries that are remembered: the newest ones. */
#define CTY_HEAD_ROTATIONS_MAX CTY_ROTATIONS_PER_ANSWER_MAX
/* Origin, size and root, and one signature by the log key, whose name is the origin: below 600 bytes. */
#define CTY_HEAD_NOTE_MAX 1024u

struct cty_head_state {
    struct cty_store_mark mark;
    uint64_t time; /* of the newest entry, ms */
    const struct cty_held_key *log; /* in force; borrowed from the custodian */
    const struct cty_held_key *clerk;
    size_t note_size;
    char note[CTY_HEAD_NOTE_MAX];
    enum cty_service_state state;
    char reason[CUSTODY_ERROR_DETAIL_MAX]; /* empty where serving */
};

struct cty_head {
    pthread_mutex_t lock;
    struct cty_head_state now;
    uint64_t rotations[CTY_HEAD_ROTATIONS_MAX]; /* a ring */
    uint64_t rotations_count;                   /* all there were */
};

/* A checkpoint that was committed, and what it says about who signs from here on. Borrowed. */
struct cty_head_news {
    struct cty_store_mark mark;
    struct cty_bytes note;
    uint64_t time; /* of the newest entry, ms */
    const struct cty_held_key *log;
    const struct cty_held_key *clerk;
};

void cty_head_init(struct cty_head *head);
void cty_head_done(struct cty_head *head);
/* A copy. */
void cty_head_get(struct cty_head *head, struct cty_head_state *ret_state);
/* The two that are asked for most, without the note. */
enum cty_service_state cty_head_service(struct cty_head *head);
uint64_t cty_head_time(struct cty_head *head);
/* Errors: TOO_LARGE for the note. */
CUSTODY_MUST_USE custody_err cty_head_put_checkpoint(struct cty_head *head, const struct cty_head_news *news);
/* The entry at this index, behind all that were put before, changed a key of the custodian. */
void cty_head_put_rotation(struct cty_head *head, uint64_t index);
/* The newest of them, in order; *ret_count at most CTY_HEAD_ROTATIONS_MAX. */
void cty_head_get_rotations(struct cty_head *head, uint64_t ret_indices[CTY_HEAD_ROTATIONS_MAX], uint32_t *ret_count);
/* Logs the change, if it is one. Once stopped, it stays so; a closed ledger, and one that is behind, can only stop. */
void cty_head_put_service(struct cty_head *head, enum cty_service_state state, const char *reason);
/* The same where it is in the state `from`, and in no other. */
void cty_head_move_service(struct cty_head *head, enum cty_service_state from, enum cty_service_state state,
                           const char *reason);

static inline struct cty_bytes cty_head_note(const struct cty_head_state *state)
{
    return cty_bytes_make(state->note, state->note_size);
}

#endif
