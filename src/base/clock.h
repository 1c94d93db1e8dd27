/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two clocks of a custodian or a witness, and the guard between them (ruling R12): entry times come from the wall
 * clock, which people and NTP may set; the monotonic clock, which also counts sleep, says whether it was set.
 *
 * Thread rule: a clock may be read from any thread; a guard that has begun may be asked from any.
 */
#ifndef CTY_BASE_CLOCK_H
#define CTY_BASE_CLOCK_H

#include "base/bytes.h"
#include "base/limits.h"

/* Both in milliseconds. Tests give clocks of their own. */
struct cty_clock {
    uint64_t (*wall_ms)(void *context);      /* since 1970 */
    uint64_t (*monotonic_ms)(void *context); /* since boot */
    void *context;
};

struct cty_clock cty_clock_system(void);
static inline uint64_t cty_clock_wall(const struct cty_clock *clock)
{
    return clock->wall_ms(clock->context);
}
static inline uint64_t cty_clock_monotonic(const struct cty_clock *clock)
{
    return clock->monotonic_ms(clock->context);
}

struct cty_clock_guard {
    uint64_t wall_ms; /* both at the beginning */
    uint64_t monotonic_ms;
};

/*
 * Begins to watch. `last_ms` is the time of the newest entry. With `confirmed` a person has looked at the clock.
 * Errors: CLOCK where the newest entry lies more than CTY_CLOCK_STEP_MS_MAX ahead of the clock.
 */
CUSTODY_MUST_USE custody_err cty_clock_guard_begin(struct cty_clock_guard *guard, const struct cty_clock *clock,
                                                   uint64_t last_ms, bool confirmed, custody_error *error);
/* Errors: CLOCK where the two have moved apart by more than CTY_CLOCK_STEP_MS_MAX since the beginning. */
CUSTODY_MUST_USE custody_err cty_clock_guard_check(const struct cty_clock_guard *guard,
                                                   const struct cty_clock *clock, custody_error *error);

#endif
