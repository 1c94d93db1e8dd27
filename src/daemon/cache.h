/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records that the sequencer read or wrote last, so that it seldom asks the database. The sequencer is the only
 * writer, so what is here is what a read inside its transaction would give; where a transaction is rolled back,
 * everything is forgotten.
 *
 * Records of used ids are not kept: each is written once, and would only take the place of a case that goes on.
 *
 * A slot holds one record; another one with the same place takes it. Records above CTY_CACHE_VALUE_MAX are not
 * kept, so the memory is bounded. Thread rule: one thread.
 */
#ifndef CTY_DAEMON_CACHE_H
#define CTY_DAEMON_CACHE_H

#include "escrow/view.h"

#define CTY_CACHE_SLOTS 8192u
#define CTY_CACHE_VALUE_MAX 8191u /* with what ends it, 8 KiB */
#define CTY_CACHE_NEVER "id/"

struct cty_cache_slot {
    char key[CTY_VIEW_KEY_MAX];
    bool present;
    struct cty_buf value;
};

struct cty_cache {
    struct cty_cache_slot *slots;
};

/* Errors: NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_cache_init(struct cty_cache *cache);
void cty_cache_done(struct cty_cache *cache);
/* Borrowed until the next put. */
bool cty_cache_get(const struct cty_cache *cache, const char *key, struct cty_bytes *ret_value);
/* Copies. Where it can't keep the value, or need not, it forgets the key. */
void cty_cache_put(struct cty_cache *cache, const char *key, struct cty_bytes value);
void cty_cache_clear(struct cty_cache *cache);

#endif
