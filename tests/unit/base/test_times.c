/* SPDX-License-Identifier: Apache-2.0 */
#include "base/times.h"
#include "unit/support.h"

static void it_never_goes_back(void **state)
{
    uint64_t before = cty_time_monotonic_ns();
    (void)state;
    for (int i = 0; i < 1000; i++) {
        uint64_t now = cty_time_monotonic_ns();
        assert_true(now >= before);
        before = now;
    }
    assert_in_range(cty_time_monotonic_ms(), before / 1000000, before / 1000000 + 3600 * 1000);
}

/* Where the machine never slept the two are the same. */
static void a_machine_that_sleeps_counts_on(void **state)
{
    uint64_t awake = cty_time_monotonic_ms();
    (void)state;
    uint64_t before = cty_time_boottime_ms();
    assert_true(before >= awake);
    assert_true(cty_time_boottime_ms() >= before);
}

static void the_wall_clock_is_of_this_century(void **state)
{
    (void)state;
    assert_in_range(cty_time_wall_ms(), UINT64_C(1600000000000), UINT64_C(4000000000000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_never_goes_back),
        cmocka_unit_test(a_machine_that_sleeps_counts_on),
        cmocka_unit_test(the_wall_clock_is_of_this_century),
    };
    return cmocka_run_group_tests_name("base/times", tests, NULL, NULL);
}
