/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets, and the text of key files. Passphrases cost next to nothing here (`cheap`). */
#include "crypto/keyfile.h"
#include "crypto/text.h"
#include "unit/crypto/hex.h"

#define PASSPHRASE CTY_LITERAL("correct horse")

/* The key file of the seed 32 x 0x07, as spec/keys.md shows it. */
#define VECTOR \
    "custody-secret-key v1\n" \
    "name: acme/alice\n" \
    "key: acme/alice+3b8f287e+AepKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs\n" \
    "sealing-key: acme/alice+241d341e+/2N1c3RvZHkteDI1NTE5UKTKdkEuUrWXP4HuVQMC1VEqCOMLpMyLWWiUinMTwQY=\n" \
    "passphrase: none\n" \
    "secret: BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwfg6bSZF6uFyLyaNCguVUX49UxgGFMVorGzI3HNEL0aRA==\n"

static const struct cty_passphrase_cost cheap = {1, 8192};

static struct cty_secret *secret_of(uint8_t seed_byte)
{
    struct cty_secret *secret = NULL;
    uint8_t seed[32];
    memset(seed, seed_byte, sizeof(seed));
    assert_ok(cty_secret_from_seed(CTY_LITERAL("acme/alice"), seed, &secret));
    return secret;
}

/* The text of a key file, to be taken apart by the tests. The caller frees it. */
static char *text_of(const struct cty_secret *secret, struct cty_bytes passphrase)
{
    struct cty_buf buf = cty_secret_buf_make();
    assert_ok(cty_secret_format(secret, passphrase, &cheap, &buf));
    char *text = cty_bytes_dup_text(cty_buf_bytes(&buf));
    assert_non_null(text);
    cty_secret_buf_done(&buf);
    return text;
}

static custody_err parse(const char *text, struct cty_bytes passphrase)
{
    CTY_CLEANUP(cty_secret_free_pointer) struct cty_secret *secret = NULL;
    custody_error error = {0};
    custody_err err = cty_secret_parse(cty_bytes_text(text), passphrase, &secret, &error);
    assert_true((err == CUSTODY_OK) == (secret != NULL));
    assert_int_equal(error.code, err);
    return err;
}

/* `text` with the first `from` in it replaced by `to`. The caller frees it. */
static char *replaced(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    assert_non_null(at);
    struct cty_buf buf = CTY_BUF_INIT(16384);
    assert_ok(cty_buf_put(&buf, text, (size_t)(at - text)));
    assert_ok(cty_buf_put_text(&buf, to));
    assert_ok(cty_buf_put_text(&buf, at + strlen(from)));
    char *result = cty_bytes_dup_text(cty_buf_bytes(&buf));
    cty_buf_done(&buf);
    assert_non_null(result);
    return result;
}

static void assert_replaced(const char *text, const char *from, const char *to, struct cty_bytes passphrase,
                            const char *code)
{
    CTY_AUTO_FREE char *other = replaced(text, from, to);
    assert_refused(parse(other, passphrase), code);
}

static void assert_same(const struct cty_secret *a, const struct cty_secret *b)
{
    struct cty_signature one, other;
    cty_sign(a, CTY_LITERAL("m"), &one);
    cty_sign(b, CTY_LITERAL("m"), &other);
    assert_memory_equal(one.bytes, other.bytes, sizeof(one.bytes));
    assert_true(cty_key_equal(cty_secret_key(a), cty_secret_key(b)));
    assert_true(cty_key_equal(cty_secret_sealing_key(a), cty_secret_sealing_key(b)));
    assert_true(cty_bytes_equal(cty_secret_name(a), cty_secret_name(b)));
}

static void test_new(void **state)
{
    (void)state;
    CTY_CLEANUP(cty_secret_free_pointer) struct cty_secret *one = NULL;
    CTY_CLEANUP(cty_secret_free_pointer) struct cty_secret *other = NULL;
    struct cty_signature signature;
    char name[] = "acme/alice";
    assert_ok(cty_secret_new(cty_bytes_text(name), &one));
    memset(name, 'x', sizeof(name) - 1); /* the name was copied */
    assert_bytes_text(cty_secret_name(one), "acme/alice");
    assert_ok(cty_secret_new(CTY_LITERAL("acme/alice"), &other));
    assert_false(cty_key_equal(cty_secret_key(one), cty_secret_key(other)));
    assert_false(cty_key_equal(cty_secret_sealing_key(one), cty_secret_sealing_key(other)));
    assert_false(cty_key_equal(cty_secret_key(one), cty_secret_sealing_key(one)));
    cty_sign(one, CTY_LITERAL("m"), &signature);
    assert_ok(cty_verify(cty_secret_key(one), CTY_LITERAL("m"), &signature));
    assert_refused(cty_verify(cty_secret_key(other), CTY_LITERAL("m"), &signature), "signature-invalid");
    cty_secret_free(NULL);
}

/* The vector of spec/keys.md: the text that this seed gives, to the byte. */
static void test_text_vector(void **state)
{
    (void)state;
    CTY_CLEANUP(cty_secret_free_pointer) struct cty_secret *secret = secret_of(7);
    CTY_AUTO_FREE char *text = text_of(secret, no_bytes());
    assert_string_equal(text, VECTOR);
}

static void test_plain_round_trip(void **state)
{
    (void)state;
    CTY_CLEANUP(cty_secret_free_pointer) struct cty_secret *secret = secret_of(7);
    CTY_CLEANUP(cty_secret_free_pointer) struct cty_secret *again = NULL;
    CTY_AUTO_FREE char *text = text_of(secret, no_bytes());
    bool encrypted = true;
    assert_ok(cty_secret_text_encrypted(cty_bytes_text(text), &encrypted, NULL));
    assert_false(encrypted);
    assert_ok(cty_secret_parse(cty_bytes_text(text), no_bytes(), &again, NULL));
    assert_same(secret, again);
}

static void test_passphrase_round_trip(void **state)
{
    (void)state;
    CTY_CLEANUP(cty_secret_free_pointer) struct cty_secret *secret = secret_of(7);
    CTY_CLEANUP(cty_secret_free_pointer) struct cty_secret *again = NULL;
    CTY_AUTO_FREE char *text = text_of(secret, PASSPHRASE);
    CTY_AUTO_FREE char *another = text_of(secret, PASSPHRASE);
    bool encrypted = false;
    assert_ok(cty_secret_text_encrypted(cty_bytes_text(text), &encrypted, NULL));
    assert_true(encrypted);
    assert_ok(cty_secret_parse(cty_bytes_text(text), PASSPHRASE, &again, NULL));
    assert_same(secret, again);
    assert_string_not_equal(text, another); /* a fresh salt and nonce each time */
}

static void test_passphrase_refusals(void **state)
{
    (void)state;
    CTY_CLEANUP(cty_secret_free_pointer) struct cty_secret *secret = secret_of(7);
    CTY_AUTO_FREE char *locked = text_of(secret, PASSPHRASE);
    CTY_AUTO_FREE char *open = text_of(secret, no_bytes());
    assert_refused(parse(locked, no_bytes()), "bad-passphrase");
    assert_refused(parse(locked, CTY_LITERAL("correct horsf")), "bad-passphrase");
    assert_refused(parse(locked, CTY_LITERAL("correct hors")), "bad-passphrase");
    assert_refused(parse(locked, CTY_LITERAL("correct horse\n")), "bad-passphrase");
    assert_refused(parse(open, PASSPHRASE), "bad-passphrase");
}

static void test_passphrase_sizes(void **state)
{
    (void)state;
    char long_one[CTY_PASSPHRASE_BYTES_MAX + 1];
    CTY_CLEANUP(cty_secret_free_pointer) struct cty_secret *secret = secret_of(7);
    CTY_CLEANUP(cty_secret_buf_done) struct cty_buf buf = cty_secret_buf_make();
    memset(long_one, 'p', sizeof(long_one));
    struct cty_bytes most = cty_bytes_make(long_one, CTY_PASSPHRASE_BYTES_MAX);
    struct cty_bytes beyond = cty_bytes_make(long_one, sizeof(long_one));
    CTY_AUTO_FREE char *text = text_of(secret, most);
    assert_ok(parse(text, most));
    assert_refused(parse(text, beyond), "bad-passphrase");
    assert_refused(cty_secret_format(secret, beyond, &cheap, &buf), "too-large");
    assert_int_equal(buf.size, 0);
}

/* --- every byte and every length -------------------------------------------------------------------- */

static void test_plain_flips(void **state)
{
    (void)state;
    CTY_CLEANUP(cty_secret_free_pointer) struct cty_secret *secret = secret_of(7);
    CTY_AUTO_FREE char *text = text_of(secret, no_bytes());
    struct cty_bytes view = cty_bytes_text(text);
    for (size_t bit = 0; bit < view.size * 8; bit++) {
        struct cty_secret *never = NULL;
        text[bit / 8] = (char)((uint8_t)text[bit / 8] ^ (1u << bit % 8));
        assert_refused(cty_secret_parse(view, no_bytes(), &never, NULL), "bad-key-file");
        assert_null(never);
        text[bit / 8] = (char)((uint8_t)text[bit / 8] ^ (1u << bit % 8));
    }
    assert_ok(parse(text, no_bytes()));
}

/*
 * Up to the passphrase's line every flip breaks the form. After it, one that leaves the form whole (another
 * cost, salt or secret) can't be told from a wrong passphrase.
 */
static void test_locked_flips(void **state)
{
    (void)state;
    CTY_CLEANUP(cty_secret_free_pointer) struct cty_secret *secret = secret_of(7);
    CTY_AUTO_FREE char *text = text_of(secret, PASSPHRASE);
    struct cty_bytes view = cty_bytes_text(text);
    size_t form = (size_t)(strstr(text, "argon2id ") - text), passphrases = 0;
    for (size_t bit = 0; bit < view.size * 8; bit++) {
        struct cty_secret *never = NULL;
        text[bit / 8] = (char)((uint8_t)text[bit / 8] ^ (1u << bit % 8));
        custody_err err = cty_secret_parse(view, PASSPHRASE, &never, NULL);
        assert_null(never);
        assert_true(err == CUSTODY_E_BAD_KEY_FILE || (bit / 8 >= form && err == CUSTODY_E_BAD_PASSPHRASE));
        passphrases += err == CUSTODY_E_BAD_PASSPHRASE;
        text[bit / 8] = (char)((uint8_t)text[bit / 8] ^ (1u << bit % 8));
    }
    assert_true(passphrases > 100);
    assert_ok(parse(text, PASSPHRASE));
}

static void assert_cuts_refused(const char *text, struct cty_bytes passphrase)
{
    for (size_t cut = 0; cut < strlen(text); cut++) {
        struct cty_secret *never = NULL;
        /* Own memory of that very size, so that a sanitizer sees a look beyond it. */
        CTY_AUTO_FREE uint8_t *copy = malloc(cut ? cut : 1);
        assert_non_null(copy);
        memcpy(copy, text, cut);
        assert_refused(cty_secret_parse(cty_bytes_make(copy, cut), passphrase, &never, NULL), "bad-key-file");
        assert_null(never);
    }
}

static void test_cuts(void **state)
{
    (void)state;
    CTY_CLEANUP(cty_secret_free_pointer) struct cty_secret *secret = secret_of(7);
    CTY_AUTO_FREE char *open = text_of(secret, no_bytes());
    CTY_AUTO_FREE char *locked = text_of(secret, PASSPHRASE);
    assert_cuts_refused(open, no_bytes());
    assert_cuts_refused(locked, PASSPHRASE);
}

/* --- the form --------------------------------------------------------------------------------------- */

static void test_malformed(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
    } rows[] = {
        {"v1\n", "v2\n"},
        {"v1\n", "v1 \n"},
        {"v1\n", "v1\r\n"},
        {"v1\n", "v1\n\n"},
        {"custody-", "Custody-"},
        {"custody-secret", "\xef\xbb\xbf" "custody-secret"},
        {"name: ", "name:"},
        {"name: ", "name:  "},
        {"name: acme/alice\n", "name: acme/bob\n"},
        {"name: acme/alice\n", "name: \n"},
        {"name: acme/alice\n", "name: acme alice\n"},
        {"name: acme/alice\n", "name: acme/alice\nname: acme/alice\n"},
        {"name: acme/alice\n", ""},
        {"key: ", "Key: "},
        {"key: acme/alice", "key: acme/alicf"},
        {"sealing-key: ", "comment: x\nsealing-key: "},
        {"sealing-key: acme/alice", "sealing-key: acme/alicf"},
        {"passphrase: none", "passphrase: "},
        {"passphrase: none", "passphrase: None"},
        {"passphrase: none", "passphrase: none "},
        {"secret: ", "secret:"},
        {"secret: ", "secret:  "},
        {"==\n", "\n"},
        {"==\n", "=\n"},
        {"==\n", "== \n"},
        {"==\n", "==\n\n"},
        {"==\n", "==\n# my key\n"},
    };
    CTY_CLEANUP(cty_secret_free_pointer) struct cty_secret *secret = secret_of(7);
    CTY_AUTO_FREE char *text = text_of(secret, no_bytes());
    assert_ok(parse(text, no_bytes()));
    for (size_t i = 0; i < CTY_COUNT_OF(rows); i++)
        assert_replaced(text, rows[i].from, rows[i].to, no_bytes(), "bad-key-file");
}

/* What a file may ask of memory and time is bounded before it is asked for. */
static void test_cost_bounds(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "argon2id 0 8192 ",           "argon2id 11 8192 ",          "argon2id 01 8192 ",
        "argon2id -1 8192 ",          "argon2id 1 8191 ",           "argon2id 1 7168 ",
        "argon2id 1 8193 ",           "argon2id 1 1073742848 ",     "argon2id 1 4398046511104 ",
        "argon2id 1 18446744073709551616 ", "argon2id 4294967297 8192 ", "argon2i 1 8192 ",
        "argon2id  1 8192 ",          "argon2id 1  8192 ",          "argon2id 1 8192  ",
        "argon2id 1 8192\t",          "argon2id 1 ",                "argon2id ",
        "argon2id 1 8192 A",          "none",
    };
    CTY_CLEANUP(cty_secret_free_pointer) struct cty_secret *secret = secret_of(7);
    CTY_AUTO_FREE char *text = text_of(secret, PASSPHRASE);
    for (size_t i = 0; i < CTY_COUNT_OF(bad); i++)
        assert_replaced(text, "argon2id 1 8192 ", bad[i], PASSPHRASE, "bad-key-file");
    /* Within bounds, but not what the secret was sealed with. */
    assert_replaced(text, "argon2id 1 8192 ", "argon2id 10 8192 ", PASSPHRASE, "bad-passphrase");
    assert_replaced(text, "argon2id 1 8192 ", "argon2id 1 9216 ", PASSPHRASE, "bad-passphrase");
}

static void test_file_size(void **state)
{
    (void)state;
    char text[CTY_KEY_FILE_BYTES_MAX + 1];
    struct cty_secret *never = NULL;
    custody_error error = {0};
    memset(text, 'a', sizeof(text));
    assert_refused(cty_secret_parse(cty_bytes_make(text, sizeof(text)), no_bytes(), &never, &error),
                   "bad-key-file");
    assert_string_equal(error.detail, "the file is too large for a key");
}

/* The largest name still makes a file within its limit. */
static void test_longest_name(void **state)
{
    (void)state;
    char name[CTY_KEY_NAME_BYTES_MAX];
    struct cty_secret *secret = NULL;
    memset(name, 'n', sizeof(name));
    assert_ok(cty_secret_new(cty_bytes_make(name, sizeof(name)), &secret));
    CTY_AUTO_FREE char *text = text_of(secret, PASSPHRASE);
    cty_secret_free(secret);
    assert_ok(parse(text, PASSPHRASE));
}

/* --- public and secret half ------------------------------------------------------------------------- */

/* The line of `text` that begins with `label`, with its newline. The caller frees it. */
static char *line_of(const char *text, const char *label)
{
    const char *at = strstr(text, label);
    assert_non_null(at);
    return cty_bytes_dup_text(cty_bytes_make(at, (size_t)(strchr(at, '\n') + 1 - at)));
}

static void assert_exchanged(const char *label, struct cty_bytes passphrase, const char *code)
{
    CTY_CLEANUP(cty_secret_free_pointer) struct cty_secret *one = secret_of(7);
    CTY_CLEANUP(cty_secret_free_pointer) struct cty_secret *other = secret_of(8);
    CTY_AUTO_FREE char *text = text_of(one, passphrase);
    CTY_AUTO_FREE char *foreign = text_of(other, passphrase);
    CTY_AUTO_FREE char *line = line_of(text, label);
    CTY_AUTO_FREE char *foreign_line = line_of(foreign, label);
    assert_replaced(text, line, foreign_line, passphrase, code);
}

static void test_exchanged_halves(void **state)
{
    (void)state;
    assert_exchanged("key: ", no_bytes(), "bad-key-file");
    assert_exchanged("sealing-key: ", no_bytes(), "bad-key-file");
    assert_exchanged("secret: ", no_bytes(), "bad-key-file");
    assert_exchanged("key: ", PASSPHRASE, "bad-passphrase");
    assert_exchanged("sealing-key: ", PASSPHRASE, "bad-passphrase");
    assert_exchanged("passphrase: ", PASSPHRASE, "bad-passphrase");
    assert_exchanged("secret: ", PASSPHRASE, "bad-passphrase");
}

/* A name exchanged in all three places makes a whole file; with a passphrase it does not open. */
static void test_exchanged_name(void **state)
{
    (void)state;
    struct cty_secret *other = NULL;
    uint8_t seed[32];
    memset(seed, 7, sizeof(seed));
    CTY_CLEANUP(cty_secret_free_pointer) struct cty_secret *secret = secret_of(7);
    assert_ok(cty_secret_from_seed(CTY_LITERAL("acme/mallory"), seed, &other));
    CTY_AUTO_FREE char *text = text_of(secret, PASSPHRASE);
    CTY_AUTO_FREE char *renamed = text_of(other, PASSPHRASE);
    cty_secret_free(other);
    struct cty_buf joined = CTY_BUF_INIT(8192);
    assert_ok(cty_buf_put(&joined, renamed, (size_t)(strstr(renamed, "passphrase: ") - renamed)));
    assert_ok(cty_buf_put_text(&joined, strstr(text, "passphrase: ")));
    assert_refused(parse(cty_buf_text(&joined), PASSPHRASE), "bad-passphrase");
    cty_buf_done(&joined);
    assert_ok(parse(renamed, PASSPHRASE));
}

/* An X25519 secret has 32 spellings of its five ignored bits; only the clamped one is taken. */
static void test_unclamped_sealing_secret(void **state)
{
    (void)state;
    static const uint8_t masks[][2] = {{0, 0x01}, {0, 0x02}, {0, 0x04}, {31, 0x40}, {31, 0x80}};
    CTY_CLEANUP(cty_secret_free_pointer) struct cty_secret *secret = secret_of(7);
    CTY_AUTO_FREE char *text = text_of(secret, no_bytes());
    CTY_AUTO_FREE char *line = line_of(text, "secret: ");
    for (size_t i = 0; i < CTY_COUNT_OF(masks); i++) {
        uint8_t raw[64];
        struct cty_buf other = CTY_BUF_INIT(256);
        assert_true(cty_key_base64_take(cty_bytes_make(line + 8, strlen(line) - 9), raw, sizeof(raw)));
        raw[32 + masks[i][0]] ^= masks[i][1];
        assert_ok(cty_buf_put_text(&other, "secret: "));
        assert_ok(cty_key_base64_format(cty_bytes_make(raw, sizeof(raw)), &other));
        assert_ok(cty_buf_put_byte(&other, '\n'));
        assert_replaced(text, line, cty_buf_text(&other), no_bytes(), "bad-key-file");
        cty_buf_done(&other);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new),
        cmocka_unit_test(test_text_vector),
        cmocka_unit_test(test_plain_round_trip),
        cmocka_unit_test(test_passphrase_round_trip),
        cmocka_unit_test(test_passphrase_refusals),
        cmocka_unit_test(test_passphrase_sizes),
        cmocka_unit_test(test_plain_flips),
        cmocka_unit_test(test_locked_flips),
        cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_cost_bounds),
        cmocka_unit_test(test_file_size),
        cmocka_unit_test(test_longest_name),
        cmocka_unit_test(test_exchanged_halves),
        cmocka_unit_test(test_exchanged_name),
        cmocka_unit_test(test_unclamped_sealing_secret),
    };
    if (cty_crypto_init() != CUSTODY_OK)
        return 1;
    return cmocka_run_group_tests_name("crypto/secret", tests, NULL, NULL);
}
