/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which public keys and which signatures are acceptable.
 *
 * Verifiers of Ed25519 differ at the edges (small-order and non-canonical points, S beyond the group's
 * order), and what two verifiers see differently can't be evidence. So the edges are refused here, before
 * and apart from the library: whichever version of it is linked, the answer is the same. What needs a
 * second scalar multiplication, membership in the prime-order group, is asked once, when a key is enrolled
 * or parsed; each verification then costs one.
 */
#include "crypto/key.h"

#include <sodium.h>

#include "base/check.h"

_Static_assert(CTY_KEY_SIZE == crypto_sign_PUBLICKEYBYTES, "Ed25519 key");
_Static_assert(CTY_KEY_SIZE == crypto_box_PUBLICKEYBYTES, "X25519 key");
_Static_assert(CTY_SIGNATURE_SIZE == crypto_sign_BYTES, "Ed25519 signature");

/* The order of the prime-order group, 2^252 + 27742317777372353535851937790883648493, little-endian. */
static const uint8_t group_order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
                                        0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
                                        0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};

/* The y of the eight points of small order (orders 4, 1, 2, 8, 8), little-endian, without the sign of x. */
static const uint8_t small_order_y[5][32] = {
    {0},
    {1},
    {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
     0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
    {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
     0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
};

/* The u of the X25519 points of small order, on the curve and on its twist, in canonical form. */
static const uint8_t small_order_u[5][32] = {
    {0},
    {1},
    {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    {0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
     0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00},
    {0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b,
     0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57},
};

/* Whether the low 255 bits are below 2^255 - 19. */
static bool field_element_canonical(const uint8_t bytes[32])
{
    if ((bytes[31] & 0x7f) != 0x7f || bytes[0] < 0xed)
        return true;
    for (size_t i = 1; i < 31; i++) {
        if (bytes[i] != 0xff)
            return true;
    }
    return false;
}

static bool is_listed(const uint8_t list[5][32], const uint8_t bytes[32])
{
    for (size_t row = 0; row < 5; row++) {
        if (memcmp(list[row], bytes, 32) == 0)
            return true;
    }
    return false;
}

/*
 * Canonical and not of small order, by looking at the bytes alone. The sign of x is left out of the second
 * comparison: that covers both points of each y, and the encodings of x = 0 with a sign, which no other
 * point has.
 */
static bool point_encoding_acceptable(const uint8_t bytes[32])
{
    uint8_t y[32];
    if (!field_element_canonical(bytes))
        return false;
    memcpy(y, bytes, sizeof(y));
    y[31] &= 0x7f;
    return !is_listed(small_order_y, y);
}

static bool scalar_canonical(const uint8_t scalar[32])
{
    for (size_t i = 32; i-- > 0;) {
        if (scalar[i] != group_order[i])
            return scalar[i] < group_order[i];
    }
    return false;
}

/*
 * (L - 1) P = -P holds in the prime-order group alone. Asked beside the library's own check, which in some
 * versions lets points of order 2 L pass.
 */
static bool point_has_prime_order(const uint8_t point[32])
{
    uint8_t scalar[32], negated[32], product[32] = {0};
    memcpy(scalar, group_order, sizeof(scalar));
    scalar[0]--;
    memcpy(negated, point, sizeof(negated));
    negated[31] ^= 0x80;
    if (crypto_scalarmult_ed25519_noclamp(product, scalar, point) != 0)
        return false;
    return memcmp(product, negated, sizeof(product)) == 0;
}

/*
 * Keys that passed lately, by thread: whoever judges a case again and again meets the same few, and asking a point costs
 * three signature checks. The answer depends on the key alone, and only a yes is kept.
 */
#define PASSED_MAX 512
static _Thread_local struct cty_key passed[PASSED_MAX];

static struct cty_key *passed_place(const struct cty_key *key)
{
    return &passed[((size_t)key->bytes[0] | (size_t)key->bytes[1] << 8) % PASSED_MAX];
}

static custody_err check_point(const struct cty_key *key)
{
    if (!point_encoding_acceptable(key->bytes))
        return CUSTODY_E_BAD_KEY;
    if (crypto_core_ed25519_is_valid_point(key->bytes) != 1)
        return CUSTODY_E_BAD_KEY;
    if (!point_has_prime_order(key->bytes))
        return CUSTODY_E_BAD_KEY;
    return CUSTODY_OK;
}

custody_err cty_key_check(const struct cty_key *key)
{
    static const struct cty_key none;
    struct cty_key *place = passed_place(key);
    if (cty_key_equal(place, key) && !cty_key_equal(key, &none))
        return CUSTODY_OK;
    CTY_TRY(check_point(key));
    *place = *key;
    return CUSTODY_OK;
}

custody_err cty_sealing_key_check(const struct cty_key *key)
{
    if ((key->bytes[31] & 0x80) != 0 || !field_element_canonical(key->bytes))
        return CUSTODY_E_BAD_KEY;
    if (is_listed(small_order_u, key->bytes))
        return CUSTODY_E_BAD_KEY;
    return CUSTODY_OK;
}

custody_err cty_verify(const struct cty_key *key, struct cty_bytes message,
                       const struct cty_signature *signature)
{
    if (!point_encoding_acceptable(key->bytes))
        return CUSTODY_E_SIGNATURE_INVALID;
    if (!point_encoding_acceptable(signature->bytes))
        return CUSTODY_E_SIGNATURE_INVALID;
    if (!scalar_canonical(signature->bytes + 32))
        return CUSTODY_E_SIGNATURE_INVALID;
    if (crypto_sign_verify_detached(signature->bytes, message.data, message.size, key->bytes) != 0)
        return CUSTODY_E_SIGNATURE_INVALID;
    return CUSTODY_OK;
}
