/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which keys and signatures are accepted: RFC 8032, Wycheproof, and the edges at which verifiers differ.
 */
#include <jansson.h>

#include "crypto/key.h"
#include "unit/crypto/hex.h"

/* The eight points of small order. */
static const char *const small_order[] = {
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
};

/* Other encodings of those points: y = p and p + 1, and x = 0 with a sign. */
static const char *const small_order_again[] = {
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
};

static struct cty_key key_from_hex(const char *hex)
{
    struct cty_key key;
    assert_int_equal(from_hex(hex, key.bytes, sizeof(key.bytes)), CTY_KEY_SIZE);
    return key;
}

static const uint8_t group_order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
                                        0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
                                        0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};

static struct cty_secret *secret_example(void)
{
    struct cty_secret *secret = NULL;
    uint8_t seed[32];
    memset(seed, 7, sizeof(seed));
    assert_ok(cty_secret_from_seed(CTY_LITERAL("acme/alice"), seed, &secret));
    return secret;
}

/* RFC 8032, section 7.1, tests 1 to 3. */
static void test_rfc8032(void **state)
{
    (void)state;
    static const struct {
        const char *seed, *key, *message, *signature;
    } rows[] = {
        {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
         "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
         "d25bf5f0595bbe24655141438e7a100b"},
        {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
         "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
         "387b2eaeb4302aeeb00d291612bb0c00"},
        {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
         "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
         "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
         "4a7c15e9716ed28dc027beceea1ec40a"},
    };
    for (size_t i = 0; i < CTY_COUNT_OF(rows); i++) {
        uint8_t seed[32], message[8], expected[CTY_SIGNATURE_SIZE];
        struct cty_key key = key_from_hex(rows[i].key);
        struct cty_signature signature;
        struct cty_secret *secret = NULL;
        from_hex(rows[i].seed, seed, sizeof(seed));
        from_hex(rows[i].signature, expected, sizeof(expected));
        struct cty_bytes view = cty_bytes_make(message, from_hex(rows[i].message, message, sizeof(message)));
        assert_ok(cty_secret_from_seed(CTY_LITERAL("rfc/8032"), seed, &secret));
        assert_true(cty_key_equal(cty_secret_key(secret), &key));
        cty_sign(secret, view, &signature);
        assert_memory_equal(signature.bytes, expected, sizeof(expected));
        assert_ok(cty_key_check(&key));
        assert_ok(cty_verify(&key, view, &signature));
        cty_secret_free(secret);
    }
}

/* --- Wycheproof ------------------------------------------------------------------------------------ */

/* NULL where the vectors are not at hand; then the test skips, or fails where it must not. */
static json_t *wycheproof_load(void)
{
    const char *folder = getenv("CUSTODY_VECTORS");
    if (!folder) {
        assert_null(getenv("CI"));
        return NULL;
    }
    char path[4096];
    snprintf(path, sizeof(path), "%s/wycheproof/ed25519_test.json", folder);
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(root);
    return root;
}

/* Signatures of another length than 64 have no place in our types, and so were refused before. */
static custody_err wycheproof_verify(const struct cty_key *key, const json_t *row)
{
    static uint8_t message[65536];
    uint8_t raw[256];
    struct cty_signature signature;
    size_t message_size = from_hex(json_string_value(json_object_get(row, "msg")), message, sizeof(message));
    size_t size = from_hex(json_string_value(json_object_get(row, "sig")), raw, sizeof(raw));
    if (size != CTY_SIGNATURE_SIZE)
        return CUSTODY_E_SIGNATURE_INVALID;
    memcpy(signature.bytes, raw, size);
    return cty_verify(key, cty_bytes_make(message, message_size), &signature);
}

static size_t wycheproof_group(const json_t *group)
{
    size_t i = 0, count = 0;
    json_t *row = NULL;
    struct cty_key key = key_from_hex(
        json_string_value(json_object_get(json_object_get(group, "publicKey"), "pk")));
    assert_ok(cty_key_check(&key));
    json_array_foreach(json_object_get(group, "tests"), i, row)
    {
        bool valid = strcmp(json_string_value(json_object_get(row, "result")), "valid") == 0;
        custody_err err = wycheproof_verify(&key, row);
        if ((err == CUSTODY_OK) != valid)
            print_message("Wycheproof tcId %lld\n", (long long)json_integer_value(json_object_get(row, "tcId")));
        assert_refused(err, valid ? "ok" : "signature-invalid");
        count++;
    }
    return count;
}

static void test_wycheproof(void **state)
{
    (void)state;
    json_t *root = wycheproof_load(), *group = NULL;
    if (!root)
        skip();
    size_t i = 0, count = 0;
    json_array_foreach(json_object_get(root, "testGroups"), i, group)
    {
        count += wycheproof_group(group);
    }
    assert_int_equal(count, json_integer_value(json_object_get(root, "numberOfTests")));
    json_decref(root);
}

/* --- keys ------------------------------------------------------------------------------------------ */

static void assert_bad_keys(const char *const *hexes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct cty_key key = key_from_hex(hexes[i]);
        assert_refused(cty_key_check(&key), "bad-key");
    }
}

static void test_key_small_order(void **state)
{
    (void)state;
    assert_bad_keys(small_order, CTY_COUNT_OF(small_order));
    assert_bad_keys(small_order_again, CTY_COUNT_OF(small_order_again));
}

/* All encodings with y at or above p, either sign. */
static void test_key_not_canonical(void **state)
{
    (void)state;
    for (unsigned low = 0xed; low <= 0xff; low++) {
        struct cty_key key;
        memset(key.bytes, 0xff, sizeof(key.bytes));
        key.bytes[0] = (uint8_t)low;
        assert_refused(cty_key_check(&key), "bad-key");
        key.bytes[31] = 0x7f;
        assert_refused(cty_key_check(&key), "bad-key");
    }
}

static void test_key_off_curve(void **state)
{
    (void)state;
    static const uint8_t ys[] = {2, 7, 8, 11, 12, 13, 17, 20, 22};
    for (size_t i = 0; i < sizeof(ys); i++) {
        struct cty_key key = {{ys[i]}};
        assert_refused(cty_key_check(&key), "bad-key");
        key.bytes[31] = 0x80;
        assert_refused(cty_key_check(&key), "bad-key");
    }
}

/* A good key plus each point of small order but the neutral one lies outside the prime-order group. */
static void test_key_mixed_order(void **state)
{
    (void)state;
    for (int round = 0; round < 16; round++) {
        struct cty_secret *secret = NULL;
        assert_ok(cty_secret_new(CTY_LITERAL("acme/alice"), &secret));
        assert_ok(cty_key_check(cty_secret_key(secret)));
        for (size_t i = 1; i < CTY_COUNT_OF(small_order); i++) {
            struct cty_key torsion = key_from_hex(small_order[i]), mixed;
            assert_int_equal(crypto_core_ed25519_add(mixed.bytes, cty_secret_key(secret)->bytes, torsion.bytes), 0);
            assert_refused(cty_key_check(&mixed), "bad-key");
        }
        cty_secret_free(secret);
    }
}

static void test_sealing_key(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0900000000000000000000000000000000000000000000000000000000000080",
    };
    uint8_t scalar[32] = {8}, product[32];
    for (size_t i = 0; i < CTY_COUNT_OF(bad); i++) {
        struct cty_key key = key_from_hex(bad[i]);
        assert_refused(cty_sealing_key_check(&key), "bad-key");
        if (i < 5) /* the library agrees on which points are of small order */
            assert_int_not_equal(crypto_scalarmult(product, scalar, key.bytes), 0);
    }
    struct cty_key base = {{9}}, below = key_from_hex(bad[2]);
    below.bytes[0]--;
    assert_ok(cty_sealing_key_check(&base));
    assert_ok(cty_sealing_key_check(&below));
}

/* --- signatures ------------------------------------------------------------------------------------ */

/* Under a small-order key A, R = S B verifies for about one message in the order of A, for anybody. */
static void assert_forgery_refused(const char *hex)
{
    struct cty_key key = key_from_hex(hex);
    struct cty_signature forged = {{0}};
    forged.bytes[32] = 5;
    assert_int_equal(crypto_scalarmult_ed25519_base_noclamp(forged.bytes, forged.bytes + 32), 0);
    for (uint8_t message = 0; message < 64; message++)
        assert_refused(cty_verify(&key, cty_bytes_make(&message, 1), &forged), "signature-invalid");
}

static void test_small_order_key_forgery(void **state)
{
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(small_order); i++)
        assert_forgery_refused(small_order[i]);
    for (size_t i = 0; i < CTY_COUNT_OF(small_order_again); i++)
        assert_forgery_refused(small_order_again[i]);
}

/* S = h a with R a small-order point: its owner can make it, and lax verifiers take it where R is neutral. */
static void small_order_r_sign(const struct cty_key *key, const uint8_t seed[32], struct cty_bytes message,
                               struct cty_signature *signature)
{
    crypto_hash_sha512_state hash;
    uint8_t wide[64], h[32], a[32], ignored[32], whole[64];
    crypto_sign_seed_keypair(ignored, whole, seed);
    crypto_sign_ed25519_sk_to_curve25519(a, whole);
    memset(wide, 0, sizeof(wide));
    memcpy(wide, a, sizeof(a));
    crypto_core_ed25519_scalar_reduce(a, wide);
    crypto_hash_sha512_init(&hash);
    crypto_hash_sha512_update(&hash, signature->bytes, 32);
    crypto_hash_sha512_update(&hash, key->bytes, sizeof(key->bytes));
    crypto_hash_sha512_update(&hash, message.data, message.size);
    crypto_hash_sha512_final(&hash, wide);
    crypto_core_ed25519_scalar_reduce(h, wide);
    crypto_core_ed25519_scalar_mul(signature->bytes + 32, h, a);
}

static void assert_small_order_r_refused(const char *hex)
{
    uint8_t seed[32];
    struct cty_signature signature;
    CTY_CLEANUP(cty_secret_free_pointer) struct cty_secret *secret = secret_example();
    struct cty_bytes message = CTY_LITERAL("pay");
    memset(seed, 7, sizeof(seed));
    from_hex(hex, signature.bytes, 32);
    small_order_r_sign(cty_secret_key(secret), seed, message, &signature);
    assert_refused(cty_verify(cty_secret_key(secret), message, &signature), "signature-invalid");
}

static void test_small_order_r(void **state)
{
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(small_order); i++)
        assert_small_order_r_refused(small_order[i]);
    for (size_t i = 0; i < CTY_COUNT_OF(small_order_again); i++)
        assert_small_order_r_refused(small_order_again[i]);
}

static bool add_group_order(uint8_t scalar[32])
{
    unsigned carry = 0;
    for (size_t i = 0; i < 32; i++) {
        carry += (unsigned)scalar[i] + group_order[i];
        scalar[i] = (uint8_t)carry;
        carry >>= 8;
    }
    return carry == 0;
}

/* S + n L is the same scalar for the equation: a second signature by nobody. */
static void test_malleable_s(void **state)
{
    (void)state;
    CTY_CLEANUP(cty_secret_free_pointer) struct cty_secret *secret = secret_example();
    struct cty_signature signature;
    struct cty_bytes message = CTY_LITERAL("pay");
    cty_sign(secret, message, &signature);
    assert_ok(cty_verify(cty_secret_key(secret), message, &signature));
    size_t count = 0;
    for (; add_group_order(signature.bytes + 32); count++)
        assert_refused(cty_verify(cty_secret_key(secret), message, &signature), "signature-invalid");
    assert_in_range(count, 14, 15);
    memcpy(signature.bytes + 32, group_order, 32);
    assert_refused(cty_verify(cty_secret_key(secret), message, &signature), "signature-invalid");
    memset(signature.bytes + 32, 0xff, 32);
    assert_refused(cty_verify(cty_secret_key(secret), message, &signature), "signature-invalid");
}

/* Every bit of signature, key and message counts. */
static void flip_each_bit(const struct cty_key *key, uint8_t *bytes, size_t size, struct cty_bytes message,
                          const struct cty_signature *signature)
{
    assert_ok(cty_verify(key, message, signature));
    for (size_t bit = 0; bit < size * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_refused(cty_verify(key, message, signature), "signature-invalid");
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void test_flips(void **state)
{
    (void)state;
    CTY_CLEANUP(cty_secret_free_pointer) struct cty_secret *secret = secret_example();
    struct cty_key key = *cty_secret_key(secret);
    struct cty_signature signature;
    uint8_t text[] = "approve 1";
    struct cty_bytes message = cty_bytes_make(text, sizeof(text) - 1);
    cty_sign(secret, message, &signature);
    flip_each_bit(&key, signature.bytes, sizeof(signature.bytes), message, &signature);
    flip_each_bit(&key, key.bytes, sizeof(key.bytes), message, &signature);
    flip_each_bit(&key, text, message.size, message, &signature);
    assert_refused(cty_verify(&key, no_bytes(), &signature), "signature-invalid");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc8032),
        cmocka_unit_test(test_wycheproof),
        cmocka_unit_test(test_key_small_order),
        cmocka_unit_test(test_key_not_canonical),
        cmocka_unit_test(test_key_off_curve),
        cmocka_unit_test(test_key_mixed_order),
        cmocka_unit_test(test_sealing_key),
        cmocka_unit_test(test_small_order_key_forgery),
        cmocka_unit_test(test_small_order_r),
        cmocka_unit_test(test_malleable_s),
        cmocka_unit_test(test_flips),
    };
    if (cty_crypto_init() != CUSTODY_OK)
        return 1;
    return cmocka_run_group_tests_name("crypto/verify", tests, NULL, NULL);
}
