/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/keyring.h"

#include <stdlib.h>

#include "base/check.h"
#include "codec/text.h"

static size_t place_number(struct cty_bytes name)
{
    uint64_t hash = cty_bytes_fnv1a(name);
    return (size_t)((hash ^ hash >> 32) % CTY_KEYRING_PLACES);
}

/* In this order: whoever sees the place's new count sees the other one too, and puts no key that it found before. */
void cty_key_changed(struct cty_key_changes *changes, struct cty_bytes name)
{
    atomic_fetch_add(&changes->all, 1);
    atomic_fetch_add(&changes->of[place_number(name)], 1);
}

custody_err cty_keyring_init(struct cty_keyring *keyring, struct cty_key_changes *changes)
{
    keyring->changes = changes;
    cty_keyring_begin(keyring);
    keyring->places = cty_alloc(CTY_KEYRING_PLACES, sizeof(*keyring->places));
    return keyring->places ? CUSTODY_OK : CUSTODY_E_NO_MEMORY;
}

void cty_keyring_done(struct cty_keyring *keyring)
{
    free(keyring->places);
    keyring->places = NULL;
}

void cty_keyring_begin(struct cty_keyring *keyring)
{
    keyring->all = atomic_load(&keyring->changes->all);
}

static bool holds(const struct cty_keyring_place *place, struct cty_bytes name)
{
    return place->size > 0 && cty_bytes_equal(cty_bytes_make(place->name, place->size), name);
}

void cty_keyring_put(struct cty_keyring *keyring, struct cty_bytes name, const struct cty_key *key)
{
    if (name.size == 0 || name.size > CTY_ACTOR_NAME_BYTES_MAX)
        return;
    size_t number = place_number(name);
    uint64_t changes = atomic_load(&keyring->changes->of[number]);
    if (atomic_load(&keyring->changes->all) != keyring->all)
        return;
    struct cty_keyring_place *place = &keyring->places[number];
    place->changes = changes;
    memcpy(place->name, name.data, name.size);
    place->size = (uint8_t)name.size;
    place->key = *key;
}

bool cty_keyring_get(const struct cty_keyring *keyring, struct cty_bytes name, struct cty_key *ret_key)
{
    size_t number = place_number(name);
    const struct cty_keyring_place *place = &keyring->places[number];
    if (!holds(place, name) || place->changes != atomic_load(&keyring->changes->of[number]))
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
