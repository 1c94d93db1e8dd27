/* SPDX-License-Identifier: Apache-2.0 */
/* Inside src/audit only: a memory, for the parts that it is made of: its records, what stands behind them, and folds over it. */
#ifndef CTY_AUDIT_MEMORY_INNER_H
#define CTY_AUDIT_MEMORY_INNER_H

#include <stdatomic.h>

#include "audit/memory.h"
#include "audit/nodes.h"

struct cty_record {
    struct cty_record *next;
    uint64_t hash;
    struct cty_bytes value; /* owned */
    bool dirty;             /* over a backing: it stands there otherwise, or not at all */
    uint32_t turn;          /* when it was asked for last */
    char key[];
};

/* The newest roots that were asked for: many statements in a row name the same one. */
#define CTY_ROOTS_HELD 64
struct cty_root_text {
    uint64_t size;
    char text[65];
};

/*
 * Records that statements of one type needed beyond those that every fold begins with: most often the next one needs the same
 * policies and actors, and is then judged in one run. A wrong guess costs a look.
 */
#define CTY_GUESSES_MAX 8
struct cty_guesses {
    char keys[CTY_GUESSES_MAX][CTY_VIEW_KEY_MAX];
    unsigned count;
};

struct cty_memory {
    struct cty_guesses *guesses; /* by type; NULL until the first whole fold */
    struct cty_record **buckets;
    uint64_t buckets_count; /* a power of two */
    uint64_t records;
    struct cty_nodes *nodes;
    bool sparse;
    const struct cty_backing *backing; /* NULL: all is here */
    enum cty_space space;
    bool backed;             /* something stands in the backing */
    size_t bytes_max;        /* ... and here no more than this when it was trimmed */
    size_t bytes;
    uint32_t turn;
    custody_err fault;       /* what hindered the backing; it sticks */
    struct cty_buf scratch;
    struct cty_memory *below; /* or NULL; held by one of its holders */
    atomic_uint holders;
    struct cty_root_text roots[CTY_ROOTS_HELD];
};

/* The record of this key with this value; NULL where memory ran out. */
struct cty_record *cty_memory_set(struct cty_memory *memory, const char *key, uint64_t hash, struct cty_bytes value);
void cty_record_free(struct cty_record *record);
/* What it counts for among memory->bytes. */
size_t cty_record_weight(const struct cty_record *record);
/* From the backing; NULL where there is none, or where it can't be read: then that sticks. */
struct cty_record *cty_memory_load(struct cty_memory *memory, const char *key, uint64_t hash);

#endif
