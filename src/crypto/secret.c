/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/secret.h"

#include <errno.h>
#include <sodium.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/check.h"
#include "crypto/text.h"

#define SEED_SIZE 32

_Static_assert(sizeof(((struct cty_secret *)0)->signing) == crypto_sign_SECRETKEYBYTES, "Ed25519 secret");
_Static_assert(sizeof(((struct cty_secret *)0)->sealing) == crypto_box_SECRETKEYBYTES, "X25519 secret");

static void clamp(uint8_t scalar[32])
{
    scalar[0] &= 0xf8;
    scalar[31] = (uint8_t)((scalar[31] & 0x3f) | 0x40);
}

static bool is_clamped(const uint8_t scalar[32])
{
    return (scalar[0] & 0x07) == 0 && (scalar[31] & 0xc0) == 0x40;
}

static custody_err secret_fill(struct cty_secret *secret, struct cty_bytes name,
                               const uint8_t raw[CTY_SECRET_RAW_SIZE])
{
    sodium_memzero(secret, sizeof(*secret));
    memcpy(secret->name, name.data, name.size);
    secret->name_size = name.size;
    memcpy(secret->sealing, raw + SEED_SIZE, sizeof(secret->sealing));
    if (crypto_sign_seed_keypair(secret->key.bytes, secret->signing, raw) != 0)
        return CUSTODY_E_INTERNAL;
    if (crypto_scalarmult_base(secret->sealing_key.bytes, secret->sealing) != 0)
        return CUSTODY_E_BAD_KEY;
    CTY_TRY(cty_key_check(&secret->key));
    return cty_sealing_key_check(&secret->sealing_key);
}

custody_err cty_secret_make(struct cty_bytes name, const uint8_t raw[CTY_SECRET_RAW_SIZE],
                            struct cty_secret **ret_secret)
{
    CTY_TRY(cty_key_name_check(name));
    if (!is_clamped(raw + SEED_SIZE))
        return CUSTODY_E_BAD_KEY;
    struct cty_secret *secret = sodium_malloc(sizeof(*secret));
    if (!secret)
        return CUSTODY_E_NO_MEMORY;
    custody_err err = secret_fill(secret, name, raw);
    if (err != CUSTODY_OK) {
        sodium_free(secret);
        return err;
    }
    /* Where the system has no such protection there is nothing to hold back for. */
    (void)sodium_mprotect_readonly(secret);
    *ret_secret = secret;
    return CUSTODY_OK;
}

custody_err cty_secret_new(struct cty_bytes name, struct cty_secret **ret_secret)
{
    uint8_t raw[CTY_SECRET_RAW_SIZE];
    cty_random(raw, sizeof(raw));
    clamp(raw + SEED_SIZE);
    custody_err err = cty_secret_make(name, raw, ret_secret);
    sodium_memzero(raw, sizeof(raw));
    return err;
}

custody_err cty_secret_from_seed(struct cty_bytes name, const uint8_t seed[32],
                                 struct cty_secret **ret_secret)
{
    const struct cty_bytes parts[] = {CTY_LITERAL("custody.sealing-key.v1\n"), cty_bytes_make(seed, SEED_SIZE)};
    uint8_t raw[CTY_SECRET_RAW_SIZE];
    struct cty_hash sealing = cty_sha256_parts(parts, CTY_COUNT_OF(parts));
    memcpy(raw, seed, SEED_SIZE);
    memcpy(raw + SEED_SIZE, sealing.bytes, sizeof(sealing.bytes));
    clamp(raw + SEED_SIZE);
    custody_err err = cty_secret_make(name, raw, ret_secret);
    sodium_memzero(raw, sizeof(raw));
    sodium_memzero(&sealing, sizeof(sealing));
    return err;
}

custody_err cty_secret_wipe(struct cty_secret *secret)
{
    if (sodium_mprotect_readwrite(secret) != 0)
        return CUSTODY_E_INTERNAL;
    sodium_memzero(secret, sizeof(*secret));
    return CUSTODY_OK;
}

/* The secret's pages are its own: sodium_malloc puts guards around them. */
custody_err cty_secret_lock(struct cty_secret *secret, custody_error *error)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t begin = (uintptr_t)secret & ~(page - 1);
    uintptr_t end = ((uintptr_t)secret + sizeof(*secret) + page - 1) & ~(page - 1);
    void *pages = (uint8_t *)secret - ((uintptr_t)secret - begin);
    /* The library tried to lock, and says nothing where it could not. */
    if (mlock(pages, end - begin) != 0)
        return cty_fail(error, CUSTODY_E_NO_MEMORY, "a key could not be locked in memory: %s", strerrordesc_np(errno));
    if (madvise(pages, end - begin, MADV_DONTDUMP) != 0 || madvise(pages, end - begin, MADV_WIPEONFORK) != 0)
        return cty_fail(error, CUSTODY_E_NO_MEMORY, "a key could not be kept from dumps and forks: %s",
                        strerrordesc_np(errno));
    return CUSTODY_OK;
}

void cty_secret_free(struct cty_secret *secret)
{
    sodium_free(secret); /* wipes, and takes NULL */
}

void cty_secret_free_pointer(struct cty_secret **secret)
{
    cty_secret_free(*secret);
    *secret = NULL;
}

struct cty_bytes cty_secret_name(const struct cty_secret *secret)
{
    return cty_bytes_make(secret->name, secret->name_size);
}

const struct cty_key *cty_secret_key(const struct cty_secret *secret)
{
    return &secret->key;
}

const struct cty_key *cty_secret_sealing_key(const struct cty_secret *secret)
{
    return &secret->sealing_key;
}

void cty_sign(const struct cty_secret *secret, struct cty_bytes message, struct cty_signature *ret_signature)
{
    int failed = crypto_sign_detached(ret_signature->bytes, NULL, message.data, message.size, secret->signing);
    CTY_CHECK(failed == 0);
}
