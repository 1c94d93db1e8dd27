/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/hash.h"
#include "unit/crypto/hex.h"

static void assert_hash_hex(struct cty_hash hash, const char *hex)
{
    uint8_t expected[CTY_HASH_SIZE];
    assert_int_equal(from_hex(hex, expected, sizeof(expected)), sizeof(expected));
    assert_memory_equal(hash.bytes, expected, sizeof(expected));
}

/* FIPS 180-4's own examples, and the hash of nothing. */
static void test_sha256(void **state)
{
    (void)state;
    assert_hash_hex(cty_sha256(no_bytes()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_hash_hex(cty_sha256(CTY_LITERAL("abc")),
                    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_hash_hex(cty_sha256(CTY_LITERAL("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
                    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void test_sha256_parts(void **state)
{
    (void)state;
    const struct cty_bytes parts[] = {CTY_LITERAL("a"), no_bytes(), CTY_LITERAL("bc")};
    struct cty_hash joined = cty_sha256_parts(parts, 3), whole = cty_sha256(CTY_LITERAL("abc"));
    assert_true(cty_hash_equal(&joined, &whole));
    joined = cty_sha256_parts(NULL, 0);
    assert_hash_hex(joined, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_false(cty_hash_equal(&joined, &whole));
}

static void test_name_hash(void **state)
{
    (void)state;
    assert_true(cty_name_hash(CTY_LITERAL("acme/a")) == cty_name_hash(CTY_LITERAL("acme/a")));
    assert_true(cty_name_hash(CTY_LITERAL("acme/a")) != cty_name_hash(CTY_LITERAL("acme/b")));
    /* The key is of this process: SipHash-2-4 of nothing by a key of zeros would be this. */
    assert_true(cty_name_hash(no_bytes()) != UINT64_C(0x1e924b9d737700d7));
}

struct commitment {
    struct cty_bytes ledger, actor, member, content;
    uint8_t id[16], salt[CTY_SALT_SIZE];
};

static struct commitment commitment_example(void)
{
    struct commitment it = {CTY_LITERAL("custody.example/dev"),
                            CTY_LITERAL("acme/alice"),
                            CTY_LITERAL("payload"),
                            CTY_LITERAL("{\"amount\":\"10\"}"),
                            {0},
                            {0}};
    for (size_t i = 0; i < sizeof(it.id); i++)
        it.id[i] = (uint8_t)i;
    memset(it.salt, 0xa5, sizeof(it.salt));
    return it;
}

static struct cty_hash commit(const struct commitment *it)
{
    return cty_commitment(it->ledger, it->actor, it->id, it->member, it->salt, it->content);
}

static void test_commitment_vector(void **state)
{
    (void)state;
    struct commitment it = commitment_example();
    assert_hash_hex(commit(&it), "bdca7d2198ebd42d8651500442ed40d436448f7aa8afcb640958b0664de2872f");
}

static void test_commitment_binds_each_field(void **state)
{
    (void)state;
    struct cty_hash hashes[7];
    struct commitment it = commitment_example();
    hashes[0] = commit(&it);
    it = commitment_example(), it.ledger = CTY_LITERAL("custody.example/de");
    hashes[1] = commit(&it);
    it = commitment_example(), it.actor = CTY_LITERAL("acme/alicf");
    hashes[2] = commit(&it);
    it = commitment_example(), it.id[15] ^= 1;
    hashes[3] = commit(&it);
    it = commitment_example(), it.member = CTY_LITERAL("state");
    hashes[4] = commit(&it);
    it = commitment_example(), it.salt[31] ^= 0x80;
    hashes[5] = commit(&it);
    it = commitment_example(), it.content = no_bytes();
    hashes[6] = commit(&it);
    for (size_t i = 0; i < 7; i++) {
        for (size_t k = 0; k < i; k++)
            assert_false(cty_hash_equal(&hashes[i], &hashes[k]));
    }
}

/* A byte that moves from the end of one field to the front of the next makes another commitment. */
static void test_commitment_keeps_fields_apart(void **state)
{
    (void)state;
    struct commitment it = commitment_example();
    it.ledger = CTY_LITERAL("ab"), it.actor = CTY_LITERAL("c");
    struct cty_hash one = commit(&it);
    it.ledger = CTY_LITERAL("a"), it.actor = CTY_LITERAL("bc");
    struct cty_hash other = commit(&it);
    assert_false(cty_hash_equal(&one, &other));
}

static void test_random_and_wipe(void **state)
{
    (void)state;
    uint8_t one[32] = {0}, other[32] = {0};
    const uint8_t zero[32] = {0};
    cty_random(one, sizeof(one));
    cty_random(other, sizeof(other));
    assert_false(cty_secret_equal(one, other, sizeof(one)));
    assert_true(cty_secret_equal(one, one, sizeof(one)));
    assert_true(cty_secret_equal(NULL, NULL, 0));
    cty_wipe(one, sizeof(one));
    assert_true(cty_secret_equal(one, zero, sizeof(one)));
    cty_wipe(NULL, 0);
    cty_random(NULL, 0);
}

static void test_random_id(void **state)
{
    (void)state;
    const uint8_t time[6] = {0x01, 0x9b, 0x8d, 0x02, 0x34, 0xff};
    const uint8_t most[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    uint8_t one[16] = {0}, other[16] = {0}, later[16] = {0};
    cty_random_id(UINT64_C(0x019b8d0234ff), one);
    cty_random_id(UINT64_C(0x019b8d0234ff), other);
    assert_memory_equal(one, time, sizeof(time));
    assert_memory_equal(other, time, sizeof(time));
    assert_memory_not_equal(one + 6, other + 6, 10);
    /* What is made later stands behind, whatever else is in it. */
    cty_random_id(UINT64_C(0x019b8d023500), later);
    assert_true(memcmp(one, later, sizeof(one)) < 0);
    /* A clock beyond 48 bits is cut: an id is an id. */
    cty_random_id(UINT64_MAX, later);
    assert_memory_equal(later, most, sizeof(most));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sha256),
        cmocka_unit_test(test_sha256_parts),
        cmocka_unit_test(test_name_hash),
        cmocka_unit_test(test_commitment_vector),
        cmocka_unit_test(test_commitment_binds_each_field),
        cmocka_unit_test(test_commitment_keeps_fields_apart),
        cmocka_unit_test(test_random_and_wipe),
        cmocka_unit_test(test_random_id),
    };
    if (cty_crypto_init() != CUSTODY_OK)
        return 1;
    return cmocka_run_group_tests_name("crypto/hash", tests, NULL, NULL);
}
