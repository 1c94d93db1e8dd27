/* SPDX-License-Identifier: Apache-2.0 */
#include "witness/refusals.h"

#include "base/check.h"
#include "base/limits.h"
#include "base/times.h"
#include "crypto/hash.h"

void cty_refusals_init(struct cty_refusals *refusals)
{
    CTY_CHECK(pthread_mutex_init(&refusals->mutex, NULL) == 0);
}

void cty_refusals_done(struct cty_refusals *refusals)
{
    pthread_mutex_destroy(&refusals->mutex);
}

bool cty_refusals_count(struct cty_refusals *refusals, const uint8_t who[16], unsigned status)
{
    uint64_t window = cty_time_monotonic_ms() / 1000 / CTY_WITNESS_REFUSALS_S;
    if (status != 400 && status != 403 && status != 404 && status != 422)
        return false;
    /* Its place, or that of another with the same hash, which it takes. */
    size_t place = cty_name_hash(cty_bytes_make(who, 16)) % CTY_REFUSALS_PEERS;
    pthread_mutex_lock(&refusals->mutex);
    if (refusals->peers[place].window != window || memcmp(refusals->peers[place].who, who, 16) != 0) {
        memcpy(refusals->peers[place].who, who, 16);
        refusals->peers[place].window = window;
        refusals->peers[place].refused = 0;
    }
    bool too_much = refusals->peers[place].refused++ >= CTY_WITNESS_REFUSALS_MAX;
    pthread_mutex_unlock(&refusals->mutex);
    return too_much;
}
