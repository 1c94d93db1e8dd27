/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 and the domain strings. Thread rule: no shared state; any thread. */
#ifndef CTY_CRYPTO_HASH_H
#define CTY_CRYPTO_HASH_H

#include "base/bytes.h"

#define CTY_HASH_SIZE 32

struct cty_hash {
    uint8_t bytes[CTY_HASH_SIZE];
};

/* Must be called once, before any other function of src/crypto. Errors: INTERNAL. */
CUSTODY_MUST_USE custody_err cty_crypto_init(void);

struct cty_hash cty_sha256(struct cty_bytes bytes);
/* SHA-256 over the concatenation of `count` views. */
struct cty_hash cty_sha256_parts(const struct cty_bytes *parts, size_t count);

static inline bool cty_hash_equal(const struct cty_hash *a, const struct cty_hash *b)
{
    return memcmp(a->bytes, b->bytes, CTY_HASH_SIZE) == 0;
}
static inline struct cty_bytes cty_hash_bytes(const struct cty_hash *hash)
{
    return cty_bytes_make(hash->bytes, CTY_HASH_SIZE);
}

#define CTY_SALT_SIZE 32
/*
 * A commitment (R10): SHA-256 over the domain string "custody.commitment.v1\n" and then, each as u32
 * big-endian length and bytes: ledger origin, actor name, statement id (16 raw bytes), member name, salt
 * (32 bytes), content. See spec/statements.md.
 */
struct cty_hash cty_commitment(struct cty_bytes ledger, struct cty_bytes actor, const uint8_t id[16],
                               struct cty_bytes member, const uint8_t salt[CTY_SALT_SIZE],
                               struct cty_bytes content);

/*
 * 64 bits for a name, by a key of this process alone (SipHash-2-4): nobody finds two names with one hash but by luck. For tables
 * in memory; it is another one after each start.
 */
uint64_t cty_name_hash(struct cty_bytes name);

/* Fills with random bytes from the operating system. */
void cty_random(void *out, size_t size);
/*
 * A new statement's id: 48 bits of `time` (ms), most significant first, and 80 random ones. What is made at about the
 * same time lies together wherever ids are kept in order, and nobody guesses the next.
 */
void cty_random_id(uint64_t time, uint8_t ret_id[16]);

/* Constant-time comparison for secrets. */
bool cty_secret_equal(const void *a, const void *b, size_t size);
void cty_wipe(void *data, size_t size);

#endif
