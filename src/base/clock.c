/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include "base/times.h"

static uint64_t system_wall_ms(void *context)
{
    (void)context;
    return cty_time_wall_ms();
}

/* It goes on while the machine sleeps: a deadline does too. */
static uint64_t system_monotonic_ms(void *context)
{
    (void)context;
    return cty_time_boottime_ms();
}

struct cty_clock cty_clock_system(void)
{
    return (struct cty_clock){system_wall_ms, system_monotonic_ms, NULL};
}

custody_err cty_clock_guard_begin(struct cty_clock_guard *guard, const struct cty_clock *clock, uint64_t last_ms,
                                  bool confirmed, custody_error *error)
{
    guard->wall_ms = cty_clock_wall(clock);
    guard->monotonic_ms = cty_clock_monotonic(clock);
    if (!confirmed && last_ms > guard->wall_ms && last_ms - guard->wall_ms > CTY_CLOCK_STEP_MS_MAX)
        return cty_fail(error, CUSTODY_E_CLOCK, "the newest entry is %llu ms ahead of the clock",
                        (unsigned long long)(last_ms - guard->wall_ms));
    return CUSTODY_OK;
}

static uint64_t distance(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

custody_err cty_clock_guard_check(const struct cty_clock_guard *guard, const struct cty_clock *clock,
                                  custody_error *error)
{
    uint64_t wall = cty_clock_wall(clock);
    uint64_t passed = cty_clock_monotonic(clock) - guard->monotonic_ms;
    uint64_t expected = guard->wall_ms + passed;
    if (distance(wall, expected) > CTY_CLOCK_STEP_MS_MAX)
        return cty_fail(error, CUSTODY_E_CLOCK, "the clock is %llu ms %s where it should be",
                        (unsigned long long)distance(wall, expected), wall > expected ? "ahead of" : "behind");
    return CUSTODY_OK;
}
