/* SPDX-License-Identifier: Apache-2.0 */
/* Public keys as text. */
#include "base/limits.h"
#include "crypto/key.h"
#include "crypto/text.h"
#include "unit/crypto/hex.h"

/* The worked example of C2SP signed-note. */
#define EXAMPLE_NAME "example.com/foo"
#define EXAMPLE EXAMPLE_NAME "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"

static struct cty_key example_key(void)
{
    struct cty_bytes name;
    struct cty_key key;
    assert_ok(cty_vkey_parse(CTY_LITERAL(EXAMPLE), CTY_KEY_ED25519, &name, &key));
    return key;
}

static custody_err parse(const char *text, enum cty_key_type type)
{
    struct cty_bytes name;
    struct cty_key key;
    return cty_vkey_parse(cty_bytes_text(text), type, &name, &key);
}

/* Formats whatever the name check lets pass, with its true key id, and parses that. */
static void assert_round_trip(struct cty_bytes name, enum cty_key_type type, const struct cty_key *key)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(1024);
    struct cty_bytes found;
    struct cty_key again;
    assert_ok(cty_vkey_format(name, type, key, &text));
    assert_ok(cty_vkey_parse(cty_buf_bytes(&text), type, &found, &again));
    assert_true(cty_bytes_equal(found, name));
    assert_true(cty_key_equal(&again, key));
}

static void test_c2sp_example(void **state)
{
    (void)state;
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(1024);
    struct cty_bytes name;
    struct cty_key key;
    uint8_t id[4];
    const uint8_t expected[4] = {0x53, 0x0d, 0x90, 0x3a};
    assert_ok(cty_vkey_parse(CTY_LITERAL(EXAMPLE), CTY_KEY_ED25519, &name, &key));
    assert_bytes_text(name, EXAMPLE_NAME);
    cty_key_id(name, CTY_KEY_ED25519, &key, id);
    assert_memory_equal(id, expected, 4);
    assert_ok(cty_vkey_format(name, CTY_KEY_ED25519, &key, &text));
    assert_bytes_text(cty_buf_bytes(&text), EXAMPLE);
}

/* And the signature that stands below the example's text. */
static void test_c2sp_signature(void **state)
{
    (void)state;
    uint8_t field[68];
    struct cty_signature signature;
    struct cty_key key = example_key();
    assert_true(cty_key_base64_take(CTY_LITERAL("Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERY"
                                                "NZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM="),
                                    field, sizeof(field)));
    memcpy(signature.bytes, field + 4, sizeof(signature.bytes));
    assert_ok(cty_verify(&key, CTY_LITERAL("This is an example message.\n"), &signature));
    assert_refused(cty_verify(&key, CTY_LITERAL("This is an example message."), &signature), "signature-invalid");
}

static void test_round_trips(void **state)
{
    (void)state;
    CTY_CLEANUP(cty_secret_free_pointer) struct cty_secret *secret = NULL;
    assert_ok(cty_secret_new(CTY_LITERAL("acme/alice"), &secret));
    assert_round_trip(cty_secret_name(secret), CTY_KEY_ED25519, cty_secret_key(secret));
    assert_round_trip(cty_secret_name(secret), CTY_KEY_COSIGNATURE, cty_secret_key(secret));
    assert_round_trip(cty_secret_name(secret), CTY_KEY_X25519, cty_secret_sealing_key(secret));
}

/* One key has another id in each use. */
static void test_ids_differ_by_type(void **state)
{
    (void)state;
    uint8_t plain[4], cosigner[4], sealing[4], other_name[4];
    struct cty_key key = example_key();
    cty_key_id(CTY_LITERAL(EXAMPLE_NAME), CTY_KEY_ED25519, &key, plain);
    cty_key_id(CTY_LITERAL(EXAMPLE_NAME), CTY_KEY_COSIGNATURE, &key, cosigner);
    cty_key_id(CTY_LITERAL(EXAMPLE_NAME), CTY_KEY_X25519, &key, sealing);
    cty_key_id(CTY_LITERAL("example.com/fop"), CTY_KEY_ED25519, &key, other_name);
    assert_memory_not_equal(plain, cosigner, 4);
    assert_memory_not_equal(plain, sealing, 4);
    assert_memory_not_equal(cosigner, sealing, 4);
    assert_memory_not_equal(plain, other_name, 4);
}

static void test_other_types(void **state)
{
    (void)state;
    CTY_CLEANUP(cty_buf_done) struct cty_buf cosigner = CTY_BUF_INIT(1024), sealing = CTY_BUF_INIT(1024);
    struct cty_key key = example_key(), u = {{9}};
    assert_ok(cty_vkey_format(CTY_LITERAL(EXAMPLE_NAME), CTY_KEY_COSIGNATURE, &key, &cosigner));
    assert_ok(cty_vkey_format(CTY_LITERAL(EXAMPLE_NAME), CTY_KEY_X25519, &u, &sealing));
    assert_refused(parse(EXAMPLE, CTY_KEY_COSIGNATURE), "alg-mismatch");
    assert_refused(parse(EXAMPLE, CTY_KEY_X25519), "alg-mismatch");
    assert_refused(parse(cty_buf_text(&cosigner), CTY_KEY_ED25519), "alg-mismatch");
    assert_ok(parse(cty_buf_text(&cosigner), CTY_KEY_COSIGNATURE));
    assert_refused(parse(cty_buf_text(&sealing), CTY_KEY_ED25519), "alg-mismatch");
    assert_ok(parse(cty_buf_text(&sealing), CTY_KEY_X25519));
}

/* Puts raw bytes behind a name, with a key id that fits no matter what they are. */
static custody_err parse_raw(const uint8_t *raw, size_t size, enum cty_key_type type)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(8192);
    const struct cty_bytes parts[] = {CTY_LITERAL("n\n"), cty_bytes_make(raw, size)};
    struct cty_hash hash = cty_sha256_parts(parts, 2);
    assert_ok(cty_buf_putf(&text, "n+%02x%02x%02x%02x+", hash.bytes[0], hash.bytes[1], hash.bytes[2],
                           hash.bytes[3]));
    assert_ok(cty_key_base64_format(cty_bytes_make(raw, size), &text));
    return parse(cty_buf_text(&text), type);
}

static void test_raw_forms(void **state)
{
    (void)state;
    uint8_t raw[1400] = {1};
    struct cty_key key = example_key();
    memcpy(raw + 1, key.bytes, sizeof(key.bytes));
    assert_ok(parse_raw(raw, 33, CTY_KEY_ED25519));
    assert_refused(parse_raw(raw, 32, CTY_KEY_ED25519), "bad-key");
    assert_refused(parse_raw(raw, 34, CTY_KEY_ED25519), "bad-key");
    assert_refused(parse_raw(raw, 1, CTY_KEY_ED25519), "bad-key");
    raw[0] = 6; /* ML-DSA-44, which C2SP knows and we don't */
    assert_refused(parse_raw(raw, 1313, CTY_KEY_ED25519), "alg-mismatch");
    raw[0] = 0xff;
    memcpy(raw + 1, "somebody-x2551", 14);
    raw[15] = 9;
    assert_refused(parse_raw(raw, 47, CTY_KEY_X25519), "alg-mismatch");
    assert_refused(parse_raw(raw, 3, CTY_KEY_X25519), "alg-mismatch");
    memcpy(raw + 1, "custody-x25519", 14);
    assert_refused(parse_raw(raw, 46, CTY_KEY_X25519), "bad-key");
    assert_refused(parse_raw(raw, 15, CTY_KEY_X25519), "bad-key");
    memset(raw + 15, 0, 32);
    assert_refused(parse_raw(raw, 47, CTY_KEY_X25519), "bad-key");
    raw[15] = 9;
    assert_ok(parse_raw(raw, 47, CTY_KEY_X25519));
}

/* The key itself is checked, not its text alone. */
static void test_bad_points(void **state)
{
    (void)state;
    uint8_t raw[33] = {1, 1};
    assert_refused(parse_raw(raw, sizeof(raw), CTY_KEY_ED25519), "bad-key");
    memset(raw + 1, 0xff, 32);
    assert_refused(parse_raw(raw, sizeof(raw), CTY_KEY_ED25519), "bad-key");
    raw[0] = 4;
    assert_refused(parse_raw(raw, sizeof(raw), CTY_KEY_COSIGNATURE), "bad-key");
}

static void test_malformed(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "+",
        "++",
        "example.com/foo",
        "example.com/foo+530d903a",
        "example.com/foo+530d903a+",
        "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903ab+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+630d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/fo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/ foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        EXAMPLE "\n",
        EXAMPLE " ",
        EXAMPLE "=",
        EXAMPLE "====",
        " " EXAMPLE,
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2_",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4\nZCbV54Id2LKaANYcrnKv3U2k",
    };
    for (size_t i = 0; i < CTY_COUNT_OF(texts); i++)
        assert_refused(parse(texts[i], CTY_KEY_ED25519), "bad-key");
}

/* Cut at every length, flipped at every bit: never accepted. */
static void test_cuts_and_flips(void **state)
{
    (void)state;
    struct cty_bytes name;
    struct cty_key key;
    uint8_t text[] = EXAMPLE;
    const size_t size = sizeof(text) - 1;
    for (size_t cut = 0; cut < size; cut++)
        assert_refused(cty_vkey_parse(cty_bytes_make(text, cut), CTY_KEY_ED25519, &name, &key), "bad-key");
    for (size_t bit = 0; bit < size * 8; bit++) {
        text[bit / 8] ^= (uint8_t)(1u << bit % 8);
        custody_err err = cty_vkey_parse(cty_bytes_make(text, size), CTY_KEY_ED25519, &name, &key);
        assert_true(err == CUSTODY_E_BAD_KEY || err == CUSTODY_E_ALG_MISMATCH);
        text[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_ok(cty_vkey_parse(cty_bytes_make(text, size), CTY_KEY_ED25519, &name, &key));
}

static void test_names(void **state)
{
    (void)state;
    static const char *const good[] = {"a", "acme/alice", "custody.example/dev", "\xc3\xa9t\xc3\xa9", "\xe2\x82\xac",
                                       "\xf0\x9f\x94\x91", "\xe2\x80\x8b", "\xe3\x80\x81"};
    static const char *const bad[] = {
        "",          "+",       "a+b",          "a b",          " a",           "a\t",          "a\n",
        "\r",        "\x01",    "\x1f",         "\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80",
        "\xe2\x80\x8a", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80", "\xff",
        "a\xc3",     "\xc0\xab", "\xed\xa0\x80"};
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(1024);
    struct cty_secret *secret = NULL;
    struct cty_key key = example_key();
    for (size_t i = 0; i < CTY_COUNT_OF(good); i++)
        assert_round_trip(cty_bytes_text(good[i]), CTY_KEY_ED25519, &key);
    for (size_t i = 0; i < CTY_COUNT_OF(bad); i++) {
        assert_refused(cty_vkey_format(cty_bytes_text(bad[i]), CTY_KEY_ED25519, &key, &text), "bad-member");
        assert_refused(cty_secret_new(cty_bytes_text(bad[i]), &secret), "bad-member");
    }
    assert_int_equal(text.size, 0);
    assert_refused(cty_vkey_format(CTY_LITERAL("a\0b"), CTY_KEY_ED25519, &key, &text), "bad-member");
}

static void test_name_sizes(void **state)
{
    (void)state;
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(1024);
    char name[CTY_KEY_NAME_BYTES_MAX + 1];
    struct cty_key key = example_key();
    struct cty_secret *secret = NULL;
    memset(name, 'n', sizeof(name));
    assert_round_trip(cty_bytes_make(name, CTY_KEY_NAME_BYTES_MAX), CTY_KEY_ED25519, &key);
    struct cty_bytes beyond = cty_bytes_make(name, sizeof(name));
    assert_refused(cty_vkey_format(beyond, CTY_KEY_ED25519, &key, &text), "too-large");
    assert_refused(cty_secret_new(beyond, &secret), "too-large");
    assert_int_equal(text.size, 0);
}

/* All or nothing: a buffer that can't hold the whole text keeps what it had. */
static void test_format_into_small_buffer(void **state)
{
    (void)state;
    struct cty_key key = example_key();
    for (size_t limit = 0; limit < sizeof(EXAMPLE) - 1; limit++) {
        CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(limit);
        assert_refused(cty_vkey_format(CTY_LITERAL(EXAMPLE_NAME), CTY_KEY_ED25519, &key, &text), "too-large");
        assert_int_equal(text.size, 0);
    }
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(sizeof(EXAMPLE) - 1);
    assert_ok(cty_vkey_format(CTY_LITERAL(EXAMPLE_NAME), CTY_KEY_ED25519, &key, &text));
}

static void test_base64(void **state)
{
    (void)state;
    uint8_t out[CTY_KEY_RAW_BYTES_MAX];
    size_t size = 0;
    static const char *const bad[] = {
        "",       "A",     "AA",     "AAA",   "AB==", "AAB=", "A===",     "====",
        "AA==\n", "AA= =", "AAAA=", "AAAAA", "-AAA", "_AAA", "AA==AAAA",
    };
    for (size_t i = 0; i < CTY_COUNT_OF(bad); i++)
        assert_false(cty_key_base64_parse(cty_bytes_text(bad[i]), out, sizeof(out), &size));
    assert_true(cty_key_base64_parse(CTY_LITERAL("+/8="), out, sizeof(out), &size));
    assert_int_equal(size, 2);
    assert_memory_equal(out, "\xfb\xff", 2);
    assert_true(cty_key_base64_take(CTY_LITERAL("AAAA"), out, 3));
    assert_false(cty_key_base64_take(CTY_LITERAL("AAAA"), out, 2));
    assert_false(cty_key_base64_take(CTY_LITERAL("AAAA"), out, 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_c2sp_example),       cmocka_unit_test(test_c2sp_signature),
        cmocka_unit_test(test_round_trips),        cmocka_unit_test(test_ids_differ_by_type),
        cmocka_unit_test(test_other_types),        cmocka_unit_test(test_raw_forms),
        cmocka_unit_test(test_bad_points),         cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_cuts_and_flips),     cmocka_unit_test(test_names),
        cmocka_unit_test(test_name_sizes),         cmocka_unit_test(test_format_into_small_buffer),
        cmocka_unit_test(test_base64),
    };
    if (cty_crypto_init() != CUSTODY_OK)
        return 1;
    return cmocka_run_group_tests_name("crypto/vkey", tests, NULL, NULL);
}
