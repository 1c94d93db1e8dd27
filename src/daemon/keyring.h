/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys of actors that a worker found lately, so that it needs no look into the database to verify. A key that was
 * rotated since does no harm: what verifies by it is judged by the present one, and what does not is looked up again.
 *
 * A place holds one actor; another one with the same place takes it. Thread rule: one thread.
 */
#ifndef CTY_DAEMON_KEYRING_H
#define CTY_DAEMON_KEYRING_H

#include "base/limits.h"
#include "crypto/key.h"
#include "model/statement.h"

#define CTY_KEYRING_PLACES 1024u

struct cty_keyring_place {
    uint8_t size; /* of the name; 0: the place is free */
    char name[CTY_ACTOR_NAME_BYTES_MAX];
    struct cty_key key;
};

struct cty_keyring {
    struct cty_keyring_place *places;
};

/* Errors: NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_keyring_init(struct cty_keyring *keyring);
void cty_keyring_done(struct cty_keyring *keyring);
void cty_keyring_put(struct cty_keyring *keyring, struct cty_bytes name, const struct cty_key *key);
bool cty_keyring_get(const struct cty_keyring *keyring, struct cty_bytes name, struct cty_key *ret_key);

/*
 * Whether a statement of this type takes its signers' keys from what is enrolled, all of them actors: the others
 * bring a key themselves, or are the custodian's.
 */
bool cty_keyring_serves(const struct cty_statement *statement);

#endif
