/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The right edge of a growing tree. Appending is adding one to a binary number: each 1 bit of the size is a
 * full subtree, and a carry joins two of one height.
 */
#include "base/check.h"
#include "ledger/tree.h"

static void frontier_check(const struct cty_frontier *frontier)
{
    CTY_CHECK(frontier->count == (size_t)__builtin_popcountll(frontier->size));
}

custody_err cty_frontier_append(struct cty_frontier *frontier, const struct cty_hash *leaf,
                                custody_err (*made)(void *context, unsigned height, uint64_t index,
                                                    const struct cty_hash *hash),
                                void *context)
{
    frontier_check(frontier);
    if (frontier->size >= CTY_TREE_SIZE_MAX)
        return CUSTODY_E_LIMIT_REACHED;
    struct cty_hash hash = *leaf;
    size_t count = frontier->count;
    unsigned height = 0;
    if (made)
        CTY_TRY(made(context, 0, frontier->size, &hash));
    for (uint64_t carry = frontier->size; carry & 1; carry >>= 1) {
        hash = cty_tree_node(&frontier->edge[--count], &hash);
        height++;
        if (made)
            CTY_TRY(made(context, height, carry >> 1, &hash));
    }
    /* Only now, so that an error above leaves the frontier as it was. */
    frontier->edge[count] = hash;
    frontier->count = count + 1;
    frontier->size++;
    return CUSTODY_OK;
}

struct cty_hash cty_frontier_root(const struct cty_frontier *frontier)
{
    frontier_check(frontier);
    if (frontier->count == 0)
        return cty_tree_empty_root();
    struct cty_hash root = frontier->edge[frontier->count - 1];
    for (size_t i = frontier->count - 1; i > 0; i--)
        root = cty_tree_node(&frontier->edge[i - 1], &root);
    return root;
}

custody_err cty_frontier_load(const struct cty_tree_reader *reader, uint64_t size,
                              struct cty_frontier *ret_frontier)
{
    if (size > CTY_TREE_SIZE_MAX)
        return CUSTODY_E_BAD_PARAMS;
    struct cty_frontier frontier = {.size = size};
    uint64_t begin = 0;
    while (begin < size) {
        unsigned height = 63 - (unsigned)__builtin_clzll(size - begin);
        CTY_TRY(reader->node(reader->context, height, begin >> height, &frontier.edge[frontier.count]));
        frontier.count++;
        begin += (uint64_t)1 << height;
    }
    *ret_frontier = frontier;
    return CUSTODY_OK;
}

bool cty_frontier_equal(const struct cty_frontier *a, const struct cty_frontier *b)
{
    frontier_check(a);
    frontier_check(b);
    return a->size == b->size && memcmp(a->edge, b->edge, a->count * sizeof(*a->edge)) == 0;
}
