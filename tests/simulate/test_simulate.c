/* SPDX-License-Identifier: Apache-2.0 */
/* The fixed seeds of tools/test (SEEDS of them, see meson.build), and that a seed gives one run. */
#include "simulate/sim.h"
#include "unit/support.h"

#define STEPS 600u

static void run(uint64_t seed, uint64_t steps, struct tally *tally, uint64_t *ret_hash)
{
    struct failure failure;
    if (!sim_run(seed, steps, tally, false, &failure, ret_hash))
        fail_msg("seed %llu, step %llu: %s: %s\nreplay: tools/simulate --seed %llu --steps %llu --trace",
                 (unsigned long long)seed, (unsigned long long)failure.step, failure.oracle, failure.text,
                 (unsigned long long)seed, (unsigned long long)steps);
}

/* Harm of every kind was done, or nothing was proved. */
static void what_was_said_holds_in_all_fixed_seeds(void **state)
{
    struct tally tally = {.events = {0}};
    uint64_t hash = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        run(seed, STEPS, &tally, &hash);
    const char *missing = tally_missing(&tally);
    if (missing)
        fail_msg("the fixed seeds saw none of: %s", missing);
    assert_true(tally.events[TALLY_STEPS] >= SEEDS * STEPS);
}

static void a_seed_gives_one_run(void **state)
{
    struct tally tally = {.events = {0}};
    uint64_t first = 0, again = 0, other = 0;
    (void)state;
    for (uint64_t seed = 101; seed < 103; seed++) {
        run(seed, 200, &tally, &first);
        run(seed + 1, 200, &tally, &other);
        run(seed, 200, &tally, &again);
        assert_int_equal(first, again);
        assert_int_not_equal(first, other);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_said_holds_in_all_fixed_seeds),
        cmocka_unit_test(a_seed_gives_one_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
