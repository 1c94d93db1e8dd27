/* SPDX-License-Identifier: Apache-2.0 */
/* What nng says went wrong, in our codes; and the clock that everything here waits by. */
#ifndef CTY_NET_TROUBLE_H
#define CTY_NET_TROUBLE_H

#include <stdint.h>

#include "base/error.h"

/* The code for an error number of nng; OK for 0. */
custody_err cty_net_code(int nng_result);

/* Sets `error` (may be NULL) to that code and "what: nng's words"; returns the code. */
custody_err cty_net_fail(custody_error *error, int nng_result, const char *what);

/* Milliseconds of the monotonic clock. */
uint64_t cty_net_now_ms(void);

/* `ms` from now; far away instead of beyond the end of time. */
uint64_t cty_net_deadline(uint64_t ms);

/* What is left until then as nng takes it: at least 1, since nng reads 0 as "at once" and less as "never". */
int32_t cty_net_left_ms(uint64_t deadline_ms);

#endif
