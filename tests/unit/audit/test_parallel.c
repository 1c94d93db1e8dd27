/* SPDX-License-Identifier: Apache-2.0 */
/* The loop over threads: every item once, whatever the numbers. */
#include "audit.h"
#include "audit/parallel.h"

#include <stdatomic.h>

#define ITEMS 1000

struct counts {
    atomic_uint seen[ITEMS];
    atomic_uint all;
};

static void count(void *context, size_t i)
{
    struct counts *counts = context;
    assert_true(i < ITEMS);
    atomic_fetch_add(&counts->seen[i], 1);
    atomic_fetch_add(&counts->all, 1);
}

static void every_item_once(void **state)
{
    static const size_t sizes[] = {0, 1, 2, 15, 16, 17, 31, 32, 33, 100, 999, ITEMS};
    static const unsigned threads[] = {0, 1, 2, 3, 8, 64, 65, 1000};
    static struct counts counts;
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(sizes); i++) {
        for (size_t k = 0; k < CTY_COUNT_OF(threads); k++) {
            memset(&counts, 0, sizeof(counts));
            cty_parallel(threads[k], sizes[i], count, &counts);
            assert_int_equal(counts.all, sizes[i]);
            for (size_t item = 0; item < ITEMS; item++)
                assert_int_equal(counts.seen[item], item < sizes[i] ? 1 : 0);
        }
    }
}

static void there_is_a_core(void **state)
{
    (void)state;
    assert_true(cty_parallel_cores() >= 1);
    assert_true(cty_parallel_cores() <= 4096);
}

/* What is written on the threads is there when the loop is over, without any other fence. */
static void write_square(void *context, size_t i)
{
    size_t *squares = context;
    squares[i] = i * i;
}

static void results_are_there_afterwards(void **state)
{
    static size_t squares[ITEMS];
    (void)state;
    for (int round = 0; round < 20; round++) {
        memset(squares, 0xff, sizeof(squares));
        cty_parallel(4, ITEMS, write_square, squares);
        for (size_t i = 0; i < ITEMS; i++)
            assert_int_equal(squares[i], i * i);
    }
}

/* What is fed: its items stand behind one another, and each is there before its body runs. */
struct line {
    size_t items[ITEMS]; /* 0: not fed */
    size_t fed;
    size_t fails_at;
    struct counts counts;
};

static custody_err feed_line(void *context, size_t i)
{
    struct line *line = context;
    if (i != line->fed)
        return CUSTODY_E_INTERNAL;
    if (i == line->fails_at)
        return CUSTODY_E_NO_MEMORY;
    line->items[i] = i + 1;
    line->fed++;
    return CUSTODY_OK;
}

static void take_line(void *context, size_t i)
{
    struct line *line = context;
    if (line->items[i] == i + 1)
        atomic_fetch_add(&line->counts.seen[i], 1);
    atomic_fetch_add(&line->counts.all, 1);
}

static void run_line(struct line *line, unsigned threads, size_t count, size_t fails_at)
{
    memset(line, 0, sizeof(*line));
    line->fails_at = fails_at;
    custody_err err = cty_parallel_behind(threads, count, feed_line, take_line, line);
    assert_int_equal(err, fails_at < count ? CUSTODY_E_NO_MEMORY : CUSTODY_OK);
    size_t fed = fails_at < count ? fails_at : count;
    assert_int_equal(line->fed, fed);
    assert_int_equal(line->counts.all, fed);
    for (size_t i = 0; i < ITEMS; i++)
        assert_int_equal(line->counts.seen[i], i < fed ? 1 : 0);
}

static void bodies_follow_what_is_fed(void **state)
{
    static const size_t sizes[] = {0, 1, 15, 16, 17, 33, 100, ITEMS};
    static const unsigned threads[] = {0, 1, 2, 3, 64, 65};
    static struct line line;
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(sizes); i++) {
        for (size_t k = 0; k < CTY_COUNT_OF(threads); k++) {
            run_line(&line, threads[k], sizes[i], ITEMS);
            run_line(&line, threads[k], sizes[i], 0);
            run_line(&line, threads[k], sizes[i], 16);
            run_line(&line, threads[k], sizes[i], 20);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_item_once),
        cmocka_unit_test(there_is_a_core),
        cmocka_unit_test(results_are_there_afterwards),
        cmocka_unit_test(bodies_follow_what_is_fed),
    };
    return cmocka_run_group_tests_name("parallel", tests, NULL, NULL);
}
