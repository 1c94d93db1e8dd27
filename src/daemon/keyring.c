/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/keyring.h"

#include <stdlib.h>

#include "base/check.h"
#include "codec/text.h"

custody_err cty_keyring_init(struct cty_keyring *keyring)
{
    keyring->places = cty_alloc(CTY_KEYRING_PLACES, sizeof(*keyring->places));
    return keyring->places ? CUSTODY_OK : CUSTODY_E_NO_MEMORY;
}

void cty_keyring_done(struct cty_keyring *keyring)
{
    free(keyring->places);
    keyring->places = NULL;
}

/* FNV-1a. Whoever makes two names share a place makes the database be read, which is all that a miss costs. */
static struct cty_keyring_place *place_of(const struct cty_keyring *keyring, struct cty_bytes name)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < name.size; i++)
        hash = (hash ^ name.data[i]) * UINT64_C(1099511628211);
    return &keyring->places[(hash ^ hash >> 32) % CTY_KEYRING_PLACES];
}

static bool holds(const struct cty_keyring_place *place, struct cty_bytes name)
{
    return place->size > 0 && cty_bytes_equal(cty_bytes_make(place->name, place->size), name);
}

void cty_keyring_put(struct cty_keyring *keyring, struct cty_bytes name, const struct cty_key *key)
{
    if (name.size == 0 || name.size > CTY_ACTOR_NAME_BYTES_MAX)
        return;
    struct cty_keyring_place *place = place_of(keyring, name);
    memcpy(place->name, name.data, name.size);
    place->size = (uint8_t)name.size;
    place->key = *key;
}

bool cty_keyring_get(const struct cty_keyring *keyring, struct cty_bytes name, struct cty_key *ret_key)
{
    const struct cty_keyring_place *place = place_of(keyring, name);
    if (!holds(place, name))
        return false;
    *ret_key = place->key;
    return true;
}

bool cty_keyring_serves(const struct cty_statement *statement)
{
    if (cty_type_class_get(statement->type) == CTY_CLASS_TRUST)
        return false;
    for (uint32_t i = 0; i < statement->signers_count; i++) {
        if (cty_actor_party(statement->signers[i]).size == 0)
            return false;
    }
    return true;
}
