/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is due next: nodes ordered by a time, the earliest on top. Nodes are the caller's and know their place, so that
 * each can be taken out. All memory is taken at the start. Thread rule: none of its own; the caller has a lock.
 */
#ifndef CTY_DAEMON_HEAP_H
#define CTY_DAEMON_HEAP_H

#include "base/bytes.h"

struct cty_heap_node {
    uint64_t at;
    size_t place; /* plus 1; 0: it is in no heap */
};

struct cty_heap {
    struct cty_heap_node **nodes;
    size_t count;
    size_t max;
};

/* Errors: NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_heap_init(struct cty_heap *heap, size_t max);
void cty_heap_done(struct cty_heap *heap);
/* The node is in no heap, and there is room. */
void cty_heap_put(struct cty_heap *heap, struct cty_heap_node *node, uint64_t at);
/* Nothing happens where it is in no heap. */
void cty_heap_drop(struct cty_heap *heap, struct cty_heap_node *node);
/* NULL where there is none. */
struct cty_heap_node *cty_heap_top(const struct cty_heap *heap);

#endif
