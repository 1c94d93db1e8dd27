/* SPDX-License-Identifier: Apache-2.0 */
/* What a secret is inside; for src/crypto alone. */
#ifndef CTY_CRYPTO_SECRET_H
#define CTY_CRYPTO_SECRET_H

#include "base/limits.h"
#include "crypto/key.h"

/*
 * Lives in memory of sodium_malloc: between guard pages, locked (where the limit of locked memory allows),
 * left out of core dumps, read-only once it is made, wiped when freed.
 */
struct cty_secret {
    uint8_t signing[64];    /* the Ed25519 seed and then its public key, as libsodium has it */
    uint8_t sealing[32];    /* the X25519 secret, clamped */
    struct cty_key key;
    struct cty_key sealing_key;
    size_t name_size;
    uint8_t name[CTY_KEY_NAME_BYTES_MAX + 1];
};

#define CTY_SECRET_RAW_SIZE 64 /* the Ed25519 seed, then the X25519 secret */

/*
 * Makes the pairs from raw secrets; the X25519 secret must be clamped, so that one key has one text.
 * Copies. Errors: BAD_MEMBER or TOO_LARGE for the name, BAD_KEY, NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_secret_make(struct cty_bytes name, const uint8_t raw[CTY_SECRET_RAW_SIZE],
                                             struct cty_secret **ret_secret);

#endif
