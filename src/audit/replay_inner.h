/* SPDX-License-Identifier: Apache-2.0 */
/* Inside src/audit only: a replay, for the parts that it is made of. */
#ifndef CTY_AUDIT_REPLAY_INNER_H
#define CTY_AUDIT_REPLAY_INNER_H

#include "audit/replay.h"
#include "audit/step.h"

struct cty_replay_slot;

/* A checkpoint that somebody else was shown. */
#define CTY_COMPARED_MAX 16
struct cty_compared {
    const char *name; /* borrowed */
    struct cty_buf note;
};

struct cty_replay {
    struct cty_step step;
    struct cty_replay_slot *slots;
    unsigned threads;
    uint64_t size;
    uint64_t from;                     /* where this stretch began */
    const struct cty_backing *backing; /* NULL: all in memory */
    const char *program;
    struct cty_buf before;             /* the note by which the stretch before was verified */
    size_t findings_count;             /* of the entries, without those of the end */
    uint64_t findings_all;
    struct cty_compared compared[CTY_COMPARED_MAX];
    uint32_t compared_count;
    uint64_t shown;                    /* entries of the newest checkpoint, where this replay is of an older one; or 0 */
};

#endif
