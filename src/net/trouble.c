/* SPDX-License-Identifier: Apache-2.0 */
#include "net/trouble.h"

#include <nng/nng.h>
#include <stddef.h>

#include "base/check.h"
#include "base/times.h"

static const struct {
    int result;
    custody_err code;
} codes[] = {
    {0, CUSTODY_OK},
    {NNG_ENOMEM, CUSTODY_E_NO_MEMORY},
    {NNG_ETIMEDOUT, CUSTODY_E_TIMEOUT},
    {NNG_ECONNREFUSED, CUSTODY_E_UNREACHABLE},
    {NNG_ECONNRESET, CUSTODY_E_UNREACHABLE},
    {NNG_ECONNABORTED, CUSTODY_E_UNREACHABLE},
    {NNG_ECONNSHUT, CUSTODY_E_UNREACHABLE},
    {NNG_EUNREACHABLE, CUSTODY_E_UNREACHABLE},
    {NNG_ECLOSED, CUSTODY_E_UNREACHABLE},
    {NNG_ENOENT, CUSTODY_E_UNREACHABLE},
    {NNG_EPERM, CUSTODY_E_UNREACHABLE},
    /* A full backlog of a Unix socket. */
    {NNG_EAGAIN, CUSTODY_E_UNREACHABLE},
    {NNG_EMSGSIZE, CUSTODY_E_TOO_LARGE},
    {NNG_EADDRINUSE, CUSTODY_E_EXISTS},
    {NNG_EADDRINVAL, CUSTODY_E_CONFIG},
    {NNG_EINVAL, CUSTODY_E_CONFIG},
    {NNG_ENOTSUP, CUSTODY_E_CONFIG},
    {NNG_ENOFILES, CUSTODY_E_BUSY},
};

custody_err cty_net_code(int nng_result)
{
    for (size_t i = 0; i < CTY_COUNT_OF(codes); i++) {
        if (codes[i].result == nng_result)
            return codes[i].code;
    }
    return CUSTODY_E_IO;
}

custody_err cty_net_fail(custody_error *error, int nng_result, const char *what)
{
    return cty_fail(error, cty_net_code(nng_result), "%.140s: %s", what, nng_strerror(nng_result));
}

uint64_t cty_net_now_ms(void)
{
    return cty_time_monotonic_ms();
}

uint64_t cty_net_deadline(uint64_t ms)
{
    uint64_t deadline = 0;
    return __builtin_add_overflow(cty_net_now_ms(), ms, &deadline) ? UINT64_MAX : deadline;
}

int32_t cty_net_left_ms(uint64_t deadline_ms)
{
    uint64_t now = cty_net_now_ms();
    if (deadline_ms <= now)
        return 1;
    uint64_t left = deadline_ms - now;
    return left > INT32_MAX ? INT32_MAX : (int32_t)left;
}
