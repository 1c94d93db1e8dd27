/* SPDX-License-Identifier: Apache-2.0 */
/* Tally and heap against the plainest models, over many random steps. */
#include "daemon/heap.h"
#include "daemon/tally.h"
#include "unit/support.h"

#define STEPS 200000u
#define KEYS 97u
#define NODES 64u

/* A small generator with a fixed beginning, so that every run is the same. */
static uint64_t state_of_random = 88172645463325252u;

static size_t random_below(size_t most)
{
    state_of_random ^= state_of_random << 13;
    state_of_random ^= state_of_random >> 7;
    state_of_random ^= state_of_random << 17;
    return (size_t)(state_of_random % most);
}

static void a_tally_counts_as_an_array_does(void **state)
{
    struct cty_tally tally;
    size_t counts[KEYS] = {0}, all = 0, ends = 0;
    (void)state;
    assert_ok(cty_tally_init(&tally, KEYS));
    for (size_t step = 0; step < STEPS; step++) {
        size_t key = random_below(KEYS);
        /* Keys whose homes lie close together, and around the end of the table. */
        uint64_t name = key % 3 ? key : key << 40;
        if (counts[key] > 0 && random_below(2)) {
            cty_tally_drop(&tally, name);
            ends += --counts[key] == 0;
            all--;
        } else if (all < KEYS) {
            cty_tally_add(&tally, name);
            counts[key]++;
            all++;
        }
        size_t other = random_below(KEYS);
        assert_int_equal(cty_tally_get(&tally, other % 3 ? other : other << 40), counts[other]);
    }
    assert_true(ends > 1000);
    for (size_t key = 0; key < KEYS; key++)
        assert_int_equal(cty_tally_get(&tally, key % 3 ? key : key << 40), counts[key]);
    cty_tally_done(&tally);
}

static void names_have_keys_of_their_own(void **state)
{
    (void)state;
    assert_true(cty_tally_name(CTY_LITERAL("acme/a")) != cty_tally_name(CTY_LITERAL("acme/b")));
    assert_true(cty_tally_name(CTY_LITERAL("acme")) == cty_tally_name(CTY_LITERAL("acme")));
}

static uint64_t least(const struct cty_heap_node *nodes, size_t *ret_count)
{
    uint64_t found = UINT64_MAX;
    *ret_count = 0;
    for (size_t i = 0; i < NODES; i++) {
        if (nodes[i].place && nodes[i].at < found)
            found = nodes[i].at;
        *ret_count += nodes[i].place != 0;
    }
    return found;
}

static void the_top_of_a_heap_is_the_least(void **state)
{
    struct cty_heap heap;
    struct cty_heap_node nodes[NODES] = {{0, 0}};
    (void)state;
    assert_ok(cty_heap_init(&heap, NODES));
    assert_null(cty_heap_top(&heap));
    for (size_t step = 0; step < STEPS; step++) {
        struct cty_heap_node *node = &nodes[random_below(NODES)];
        size_t count = 0;
        if (node->place)
            cty_heap_drop(&heap, node);
        else
            cty_heap_put(&heap, node, random_below(50));
        uint64_t first = least(nodes, &count);
        assert_int_equal(heap.count, count);
        assert_true(count ? cty_heap_top(&heap)->at == first : cty_heap_top(&heap) == NULL);
    }
    for (size_t i = 0; i < NODES; i++)
        cty_heap_drop(&heap, &nodes[i]);
    assert_int_equal(heap.count, 0);
    cty_heap_done(&heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tally_counts_as_an_array_does),
        cmocka_unit_test(names_have_keys_of_their_own),
        cmocka_unit_test(the_top_of_a_heap_is_the_least),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
