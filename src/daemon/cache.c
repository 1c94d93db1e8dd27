/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/cache.h"

#include <stdlib.h>

#include "base/check.h"

custody_err cty_cache_init(struct cty_cache *cache)
{
    cache->slots = cty_alloc(CTY_CACHE_SLOTS, sizeof(*cache->slots));
    if (!cache->slots)
        return CUSTODY_E_NO_MEMORY;
    for (size_t i = 0; i < CTY_CACHE_SLOTS; i++)
        cache->slots[i].value = CTY_BUF_INIT(CTY_CACHE_VALUE_MAX);
    return CUSTODY_OK;
}

void cty_cache_done(struct cty_cache *cache)
{
    for (size_t i = 0; cache->slots && i < CTY_CACHE_SLOTS; i++)
        cty_buf_done(&cache->slots[i].value);
    free(cache->slots);
    cache->slots = NULL;
}

static struct cty_cache_slot *slot_of(const struct cty_cache *cache, const char *key)
{
    uint64_t hash = cty_bytes_fnv1a(cty_bytes_text(key));
    return &cache->slots[(hash ^ hash >> 32) % CTY_CACHE_SLOTS];
}

bool cty_cache_get(const struct cty_cache *cache, const char *key, struct cty_bytes *ret_value)
{
    const struct cty_cache_slot *slot = slot_of(cache, key);
    if (!slot->present || strcmp(slot->key, key) != 0)
        return false;
    *ret_value = cty_buf_bytes(&slot->value);
    return true;
}

void cty_cache_put(struct cty_cache *cache, const char *key, struct cty_bytes value)
{
    if (strncmp(key, CTY_CACHE_NEVER, sizeof(CTY_CACHE_NEVER) - 1) == 0)
        return;
    struct cty_cache_slot *slot = slot_of(cache, key);
    size_t size = strlen(key) + 1;
    CTY_CHECK(size <= sizeof(slot->key));
    bool same = slot->present && strcmp(slot->key, key) == 0;
    if (value.size > CTY_CACHE_VALUE_MAX) {
        slot->present = slot->present && !same;
        return;
    }
    slot->present = false;
    cty_buf_clear(&slot->value);
    if (cty_buf_put_bytes(&slot->value, value) != CUSTODY_OK)
        return;
    memcpy(slot->key, key, size);
    slot->present = true;
}

void cty_cache_clear(struct cty_cache *cache)
{
    for (size_t i = 0; i < CTY_CACHE_SLOTS; i++)
        cache->slots[i].present = false;
}
