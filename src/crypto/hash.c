/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/hash.h"

#include <nettle/sha2.h>
#include <pthread.h>
#include <sodium.h>

#include "base/check.h"

_Static_assert(CTY_HASH_SIZE == SHA256_DIGEST_SIZE, "a hash is SHA-256");

/* Written once, by the first cty_crypto_init. */
static uint8_t name_key[crypto_shorthash_KEYBYTES];

static void make_name_key(void)
{
    crypto_shorthash_keygen(name_key);
}

custody_err cty_crypto_init(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (sodium_init() < 0)
        return CUSTODY_E_INTERNAL;
    return pthread_once(&once, make_name_key) == 0 ? CUSTODY_OK : CUSTODY_E_INTERNAL;
}

uint64_t cty_name_hash(struct cty_bytes name)
{
    uint64_t hash = 0;
    _Static_assert(crypto_shorthash_BYTES == sizeof(hash), "64 bits");
    CTY_CHECK(crypto_shorthash((uint8_t *)&hash, name.data, name.size, name_key) == 0);
    return hash;
}

/*
 * SHA-256 is nettle's, which uses the processor's own instructions where there are any; everything else is libsodium's
 * (spec/decisions/0009).
 */
static void hash_put(struct sha256_ctx *state, struct cty_bytes bytes)
{
    if (bytes.size)
        sha256_update(state, bytes.size, bytes.data);
}

/* The state holds the last block, and that may have been a secret. */
static struct cty_hash hash_end(struct sha256_ctx *state)
{
    struct cty_hash hash;
    sha256_digest(state, sizeof(hash.bytes), hash.bytes);
    sodium_memzero(state, sizeof(*state));
    return hash;
}

struct cty_hash cty_sha256_parts(const struct cty_bytes *parts, size_t count)
{
    struct sha256_ctx state;
    sha256_init(&state);
    for (size_t i = 0; i < count; i++)
        hash_put(&state, parts[i]);
    return hash_end(&state);
}

struct cty_hash cty_sha256(struct cty_bytes bytes)
{
    return cty_sha256_parts(&bytes, 1);
}

/* Length first, so that no two lists of fields share their bytes. */
static void hash_put_field(struct sha256_ctx *state, struct cty_bytes field)
{
    CTY_CHECK(field.size <= UINT32_MAX);
    uint8_t length[4];
    cty_be_put(length, field.size, sizeof(length));
    sha256_update(state, sizeof(length), length);
    hash_put(state, field);
}

struct cty_hash cty_commitment(struct cty_bytes ledger, struct cty_bytes actor, const uint8_t id[16],
                               struct cty_bytes member, const uint8_t salt[CTY_SALT_SIZE],
                               struct cty_bytes content)
{
    struct sha256_ctx state;
    sha256_init(&state);
    hash_put(&state, CTY_LITERAL("custody.commitment.v1\n"));
    hash_put_field(&state, ledger);
    hash_put_field(&state, actor);
    hash_put_field(&state, cty_bytes_make(id, 16));
    hash_put_field(&state, member);
    hash_put_field(&state, cty_bytes_make(salt, CTY_SALT_SIZE));
    hash_put_field(&state, content);
    return hash_end(&state);
}

void cty_random(void *out, size_t size)
{
    if (size)
        randombytes_buf(out, size);
}

void cty_random_id(uint64_t time, uint8_t ret_id[16])
{
    for (unsigned i = 0; i < 6; i++)
        ret_id[i] = (uint8_t)(time >> (40 - 8 * i));
    cty_random(ret_id + 6, 10);
}

bool cty_secret_equal(const void *a, const void *b, size_t size)
{
    return size == 0 || sodium_memcmp(a, b, size) == 0;
}

void cty_wipe(void *data, size_t size)
{
    if (size)
        sodium_memzero(data, size);
}
