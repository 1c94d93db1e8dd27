/* SPDX-License-Identifier: Apache-2.0 */
/* Open addressing, at most half full. A slot that falls free is filled by those behind it, so that no chain breaks. */
#include "daemon/tally.h"

#include <stdlib.h>

#include "base/check.h"
#include "crypto/hash.h"

custody_err cty_tally_init(struct cty_tally *tally, size_t max)
{
    size_t size = 16;
    while (size < 2 * max)
        size *= 2;
    tally->mask = size - 1;
    tally->slots = cty_alloc(size, sizeof(*tally->slots));
    return tally->slots ? CUSTODY_OK : CUSTODY_E_NO_MEMORY;
}

void cty_tally_done(struct cty_tally *tally)
{
    free(tally->slots);
    tally->slots = NULL;
}

static size_t home(const struct cty_tally *tally, uint64_t key)
{
    return (size_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 20) & tally->mask;
}

/* Where the key stands, or would stand. */
static size_t find(const struct cty_tally *tally, uint64_t key)
{
    size_t at = home(tally, key);
    while (tally->slots[at].count && tally->slots[at].key != key)
        at = (at + 1) & tally->mask;
    return at;
}

void cty_tally_add(struct cty_tally *tally, uint64_t key)
{
    struct cty_tally_slot *slot = &tally->slots[find(tally, key)];
    slot->key = key;
    slot->count++;
}

/* Whether what stands at `at` would still be found if `hole` were free. */
static bool is_reached_without(const struct cty_tally *tally, size_t at, size_t hole)
{
    size_t from_home = (at - home(tally, tally->slots[at].key)) & tally->mask;
    return from_home < ((at - hole) & tally->mask);
}

void cty_tally_drop(struct cty_tally *tally, uint64_t key)
{
    size_t hole = find(tally, key);
    CTY_CHECK(tally->slots[hole].count > 0);
    if (--tally->slots[hole].count > 0)
        return;
    for (size_t at = (hole + 1) & tally->mask; tally->slots[at].count; at = (at + 1) & tally->mask) {
        if (is_reached_without(tally, at, hole))
            continue;
        tally->slots[hole] = tally->slots[at];
        tally->slots[at].count = 0;
        hole = at;
    }
}

size_t cty_tally_get(const struct cty_tally *tally, uint64_t key)
{
    return tally->slots[find(tally, key)].count;
}

uint64_t cty_tally_name(struct cty_bytes name)
{
    uint64_t key = cty_name_hash(name);
    return key ? key : 1;
}
