/* SPDX-License-Identifier: Apache-2.0 */
/* The fair queue: patterns go in, the order that comes out is compared. No clock, no thread. */
#include "daemon/fair.h"
#include "unit/support.h"

struct named {
    struct cty_fair_item item;
    char flow;
    char number;
};

struct desk {
    struct cty_fair fair;
    struct named all[512];
    size_t used;
    char given[128]; /* how many of each flow went in */
};

static void desk_open(struct desk *desk)
{
    memset(desk, 0, sizeof(*desk));
    assert_ok(cty_fair_init(&desk->fair));
}

static void put(struct desk *desk, char flow, unsigned lane)
{
    struct named *next = &desk->all[desk->used++];
    next->flow = flow;
    next->number = (char)('0' + desk->given[(unsigned char)flow]++);
    cty_fair_push(&desk->fair, &next->item, (uint64_t)(unsigned char)flow, lane);
}

/* One thing of a small letter's flow goes to the first lane, of a capital's to the second. */
static void put_all(struct desk *desk, const char *flows)
{
    for (; *flows; flows++)
        put(desk, *flows, *flows < 'a' ? 1 : 0);
}

/* Takes `count` out, and compares "a0 b0 ..." */
static void expect(struct desk *desk, size_t count, const char *order)
{
    char taken[1024] = "";
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        struct cty_fair_item *item = cty_fair_pop(&desk->fair);
        assert_non_null(item);
        const struct named *named = (const struct named *)(const void *)item;
        size += (size_t)snprintf(taken + size, sizeof(taken) - size, "%s%c%c", i ? " " : "", named->flow,
                                 named->number);
    }
    assert_string_equal(taken, order);
}

static void expect_empty(struct desk *desk)
{
    assert_null(cty_fair_pop(&desk->fair));
    assert_int_equal(desk->fair.count, 0);
    cty_fair_done(&desk->fair);
}

static void flows_take_turns_and_keep_their_order(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    put_all(&desk, "aaaabcc");
    assert_int_equal(desk.fair.count, 7);
    expect(&desk, 7, "a0 b0 c0 a1 c1 a2 a3");
    expect_empty(&desk);
}

static void who_comes_late_waits_for_one_round(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    put_all(&desk, "aaaaaaaabb");
    expect(&desk, 3, "a0 b0 a1");
    put_all(&desk, "c");
    expect(&desk, 3, "b1 a2 c0");
    /* A flow that ran empty begins anew, at the end of the line. */
    put_all(&desk, "bc");
    expect(&desk, 4, "a3 b2 c1 a4");
    expect(&desk, 3, "a5 a6 a7");
    expect_empty(&desk);
}

static void a_flood_costs_others_one_turn_each(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    for (size_t i = 0; i < 400; i++)
        put(&desk, 'f', 0);
    put_all(&desk, "qrs");
    struct named *flood = &desk.all[0];
    for (size_t turn = 0; turn < 4; turn++) {
        struct cty_fair_item *item = cty_fair_pop(&desk.fair);
        assert_ptr_equal(item, turn ? &desk.all[399 + turn].item : &flood->item);
    }
    assert_int_equal(cty_fair_count(&desk.fair, 'f'), 399);
    assert_int_equal(cty_fair_count(&desk.fair, 'q'), 0);
    for (size_t i = 1; i < 400; i++)
        assert_ptr_equal(cty_fair_pop(&desk.fair), &desk.all[i].item);
    expect_empty(&desk);
}

static void the_second_lane_has_one_turn_in_eight(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    put_all(&desk, "XXXYaaaaaaaaabbbbbbbbb");
    expect(&desk, 16, "a0 b0 a1 b1 a2 b2 a3 X0 b3 a4 b4 a5 b5 a6 b6 Y0");
    expect(&desk, 4, "a7 b7 a8 b8");
    expect(&desk, 2, "X1 X2");
    expect_empty(&desk);
}

static void a_flow_is_in_the_lane_of_its_newest(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    put(&desk, 'a', 0);
    put(&desk, 'b', 0);
    put(&desk, 'b', 0);
    put(&desk, 'a', 1);
    expect(&desk, 2, "b0 b1");
    put(&desk, 'b', 0);
    put(&desk, 'a', 0);
    expect(&desk, 4, "b2 a0 a1 a2");
    expect_empty(&desk);
}

/* What goes on stands before what its flow has besides, and its flow behind the others, whose turn comes first. */
static void what_was_begun_goes_on_before_its_flow_begins_more(void **state)
{
    struct desk desk;
    struct cty_fair_item *begun;
    (void)state;
    desk_open(&desk);
    put_all(&desk, "aaabc");
    begun = cty_fair_pop(&desk.fair);
    cty_fair_push_front(&desk.fair, begun, 'a', 0);
    assert_int_equal(cty_fair_count(&desk.fair, 'a'), 3);
    assert_int_equal(desk.fair.count, 5);
    expect(&desk, 3, "b0 c0 a0");
    begun = cty_fair_pop(&desk.fair);
    put_all(&desk, "ab");
    cty_fair_push_front(&desk.fair, begun, 'a', 1);
    expect(&desk, 4, "b1 a1 a2 a3");
    /* A flow that has nothing else begins. */
    cty_fair_push_front(&desk.fair, begun, 'a', 0);
    put_all(&desk, "a");
    expect(&desk, 2, "a1 a4");
    expect_empty(&desk);
}

/* Flows that share a bucket, and many of them, against the plainest model: count and order of each. */
static void many_flows_lose_and_mix_nothing(void **state)
{
    struct cty_fair fair;
    struct cty_fair_item *items = calloc(20000, sizeof(*items));
    uint64_t taken[5000] = {0}, next = 1;
    (void)state;
    assert_ok(cty_fair_init(&fair));
    for (size_t i = 0; i < 20000; i++)
        cty_fair_push(&fair, &items[i], (i * 7919) % 5000, (unsigned)(i % 3 == 0));
    for (uint64_t flow = 0; flow < 5000; flow++)
        assert_int_equal(cty_fair_count(&fair, flow), 4);
    for (size_t i = 0; i < 20000; i++) {
        struct cty_fair_item *item = cty_fair_pop(&fair);
        assert_non_null(item);
        uint64_t place = (uint64_t)(item - items) + 1;
        assert_true(place > taken[item->flow]);
        taken[item->flow] = place;
        next += place;
    }
    assert_int_equal(next, UINT64_C(1) + 20000ull * 20001 / 2);
    assert_null(cty_fair_pop(&fair));
    cty_fair_done(&fair);
    free(items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flows_take_turns_and_keep_their_order),
        cmocka_unit_test(who_comes_late_waits_for_one_round),
        cmocka_unit_test(a_flood_costs_others_one_turn_each),
        cmocka_unit_test(the_second_lane_has_one_turn_in_eight),
        cmocka_unit_test(a_flow_is_in_the_lane_of_its_newest),
        cmocka_unit_test(what_was_begun_goes_on_before_its_flow_begins_more),
        cmocka_unit_test(many_flows_lose_and_mix_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
