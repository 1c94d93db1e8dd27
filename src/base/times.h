/* SPDX-License-Identifier: Apache-2.0 */
/* The system's clocks as whole numbers. Thread rule: any thread. */
#ifndef CTY_BASE_TIMES_H
#define CTY_BASE_TIMES_H

#include <stdint.h>

/* Since some moment before the start; never goes back, and stands still while the machine sleeps. */
uint64_t cty_time_monotonic_ns(void);
uint64_t cty_time_monotonic_ms(void);
/* Likewise, but it goes on while the machine sleeps. */
uint64_t cty_time_boottime_ms(void);
/* Since 1970, as the machine's clock has it. */
uint64_t cty_time_wall_ms(void);

#endif
