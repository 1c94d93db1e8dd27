/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/heap.h"

#include <stdlib.h>

#include "base/check.h"

custody_err cty_heap_init(struct cty_heap *heap, size_t max)
{
    *heap = (struct cty_heap){.max = max, .nodes = cty_alloc(max ? max : 1, sizeof(*heap->nodes))};
    return heap->nodes ? CUSTODY_OK : CUSTODY_E_NO_MEMORY;
}

void cty_heap_done(struct cty_heap *heap)
{
    free(heap->nodes);
    heap->nodes = NULL;
}

static void set(struct cty_heap *heap, size_t place, struct cty_heap_node *node)
{
    heap->nodes[place] = node;
    node->place = place + 1;
}

static void rise(struct cty_heap *heap, size_t place, struct cty_heap_node *node)
{
    while (place > 0 && heap->nodes[(place - 1) / 2]->at > node->at) {
        set(heap, place, heap->nodes[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
    set(heap, place, node);
}

static void sink(struct cty_heap *heap, size_t place, struct cty_heap_node *node)
{
    for (;;) {
        size_t child = 2 * place + 1;
        if (child + 1 < heap->count && heap->nodes[child + 1]->at < heap->nodes[child]->at)
            child++;
        if (child >= heap->count || heap->nodes[child]->at >= node->at)
            break;
        set(heap, place, heap->nodes[child]);
        place = child;
    }
    set(heap, place, node);
}

void cty_heap_put(struct cty_heap *heap, struct cty_heap_node *node, uint64_t at)
{
    CTY_CHECK(node->place == 0 && heap->count < heap->max);
    node->at = at;
    rise(heap, heap->count++, node);
}

void cty_heap_drop(struct cty_heap *heap, struct cty_heap_node *node)
{
    if (node->place == 0)
        return;
    size_t place = node->place - 1;
    struct cty_heap_node *moved = heap->nodes[--heap->count];
    node->place = 0;
    if (moved == node)
        return;
    if (place > 0 && heap->nodes[(place - 1) / 2]->at > moved->at)
        rise(heap, place, moved);
    else
        sink(heap, place, moved);
}

struct cty_heap_node *cty_heap_top(const struct cty_heap *heap)
{
    return heap->count ? heap->nodes[0] : NULL;
}
