/* SPDX-License-Identifier: Apache-2.0 */
#include "base/times.h"

#include <time.h>

#include "base/check.h"

static struct timespec read_clock(clockid_t id)
{
    struct timespec now;
    CTY_CHECK(clock_gettime(id, &now) == 0);
    return now;
}

uint64_t cty_time_monotonic_ns(void)
{
    struct timespec now = read_clock(CLOCK_MONOTONIC);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t cty_time_monotonic_ms(void)
{
    return cty_time_monotonic_ns() / 1000000;
}

static uint64_t read_ms(clockid_t id)
{
    struct timespec now = read_clock(id);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t cty_time_boottime_ms(void)
{
    return read_ms(CLOCK_BOOTTIME);
}

uint64_t cty_time_wall_ms(void)
{
    return read_ms(CLOCK_REALTIME);
}
