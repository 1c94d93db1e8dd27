/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much of something each of many has: a count for each key, for at most `max` things in all. All memory is taken at
 * the start. Thread rule: none of its own; the caller has a lock.
 */
#ifndef CTY_DAEMON_TALLY_H
#define CTY_DAEMON_TALLY_H

#include "base/bytes.h"

struct cty_tally_slot {
    uint64_t key;
    size_t count; /* 0: the slot is free */
};

struct cty_tally {
    struct cty_tally_slot *slots;
    size_t mask;
};

/* Errors: NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_tally_init(struct cty_tally *tally, size_t max);
void cty_tally_done(struct cty_tally *tally);
void cty_tally_add(struct cty_tally *tally, uint64_t key);
/* One less; there must be one. */
void cty_tally_drop(struct cty_tally *tally, uint64_t key);
size_t cty_tally_get(const struct cty_tally *tally, uint64_t key);

/*
 * The key of an actor's or a party's name: cty_name_hash, since whoever could choose a name with another's key would share
 * what is counted. Never 0.
 */
uint64_t cty_tally_name(struct cty_bytes name);

#endif
