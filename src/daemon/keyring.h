/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys of actors that a worker found lately, so that it needs no look into the database to verify. What verifies by one is
 * judged by the present key all the same, and what does not is looked up again.
 *
 * A key that was rotated away or revoked is forgotten everywhere with the commit that says so: who has such a key signs
 * nothing any more that would be charged to its owner.
 *
 * A place holds one actor; another one with the same place takes it. Thread rule: a keyring belongs to one thread; changes
 * are told by one and read by all.
 */
#ifndef CTY_DAEMON_KEYRING_H
#define CTY_DAEMON_KEYRING_H

#include <stdatomic.h>

#include "base/limits.h"
#include "crypto/key.h"
#include "model/statement.h"

#define CTY_KEYRING_PLACES 1024u

/* How often an actor of each place changed its key since the start; `all` is counted first. */
struct cty_key_changes {
    atomic_uint_fast64_t all;
    atomic_uint_fast64_t of[CTY_KEYRING_PLACES];
};
/* The actor has another key from now on, or none. */
void cty_key_changed(struct cty_key_changes *changes, struct cty_bytes name);

struct cty_keyring_place {
    uint64_t changes; /* of its place, when it was put */
    uint8_t size; /* of the name; 0: the place is free */
    char name[CTY_ACTOR_NAME_BYTES_MAX];
    struct cty_key key;
};

struct cty_keyring {
    struct cty_keyring_place *places;
    struct cty_key_changes *changes; /* borrowed */
    uint64_t all; /* when keys began to be looked for */
};

/* Errors: NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_keyring_init(struct cty_keyring *keyring, struct cty_key_changes *changes);
void cty_keyring_done(struct cty_keyring *keyring);
/* Before keys are looked for in the database: where any key changes before they are put, they are not kept. */
void cty_keyring_begin(struct cty_keyring *keyring);
void cty_keyring_put(struct cty_keyring *keyring, struct cty_bytes name, const struct cty_key *key);
bool cty_keyring_get(const struct cty_keyring *keyring, struct cty_bytes name, struct cty_key *ret_key);

/*
 * Whether a statement of this type takes its signers' keys from what is enrolled, all of them actors: the others
 * bring a key themselves, or are the custodian's.
 */
bool cty_keyring_serves(const struct cty_statement *statement);

#endif
