/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of a key file, one secret to a file:
 *
 *     custody-secret-key v1
 *     name: <name>
 *     key: <Ed25519 key as vkey>
 *     sealing-key: <X25519 key as vkey>
 *     passphrase: none | argon2id <ops> <memory bytes> <base64 salt>
 *     secret: <base64>
 *
 * The secret is 64 bytes, the Ed25519 seed and the clamped X25519 secret; with a passphrase a nonce and
 * their XChaCha20-Poly1305 encryption. Everything up to and with "secret: " is authenticated beside it, so
 * that a file whose public half was exchanged does not open. A value has one text: the parser refuses every
 * other one.
 */
#include <sodium.h>

#include "base/check.h"
#include "crypto/keyfile.h"
#include "crypto/secret.h"
#include "crypto/text.h"

#define FIRST_LINE "custody-secret-key v1"
#define NONCE_SIZE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_SIZE crypto_aead_xchacha20poly1305_ietf_ABYTES
#define SEALED_SIZE (NONCE_SIZE + CTY_SECRET_RAW_SIZE + TAG_SIZE)
#define SALT_SIZE crypto_pwhash_argon2id_SALTBYTES

struct lock {
    struct cty_passphrase_cost cost;
    uint8_t salt[SALT_SIZE];
};

struct header {
    struct cty_bytes name;
    struct cty_key key;
    struct cty_key sealing_key;
    bool encrypted;
    struct lock lock;           /* where encrypted */
    struct cty_bytes authentic; /* everything before the secret's base64 */
    struct cty_bytes secret;    /* base64 */
};

/* As libsodium's "moderate": 256 MiB and a second or less, which a person does not mind once a session. */
static const struct cty_passphrase_cost cost_default = {crypto_pwhash_argon2id_OPSLIMIT_MODERATE,
                                                        crypto_pwhash_argon2id_MEMLIMIT_MODERATE};

/* --- secret memory -------------------------------------------------------------------------------- */

struct cty_buf cty_secret_buf_make(void)
{
    const size_t capacity = CTY_KEY_FILE_BYTES_MAX + 2;
    struct cty_buf buf = CTY_BUF_INIT(0);
    buf.data = sodium_malloc(capacity);
    /* The limit lies below the capacity, so that no append asks for other memory. */
    if (buf.data) {
        buf.capacity = capacity;
        buf.limit = capacity - 1;
    }
    return buf;
}

void cty_secret_buf_done(struct cty_buf *buf)
{
    sodium_free(buf->data);
    *buf = CTY_BUF_INIT(0);
}

/* --- the passphrase's key -------------------------------------------------------------------------- */

static bool cost_acceptable(const struct cty_passphrase_cost *cost)
{
    if (cost->ops < crypto_pwhash_argon2id_OPSLIMIT_MIN || cost->ops > CTY_PASSPHRASE_OPS_MAX)
        return false;
    if (cost->memory_bytes < crypto_pwhash_argon2id_MEMLIMIT_MIN ||
        cost->memory_bytes > CTY_PASSPHRASE_MEMORY_BYTES_MAX)
        return false;
    /* argon2id counts in KiB: another number would be a second text for the same key. */
    return cost->memory_bytes % 1024 == 0;
}

static custody_err key_derive(const struct lock *lock, struct cty_bytes passphrase,
                              uint8_t ret_key[crypto_aead_xchacha20poly1305_ietf_KEYBYTES])
{
    int failed = crypto_pwhash(ret_key, crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
                               (const char *)passphrase.data, passphrase.size, lock->salt, lock->cost.ops,
                               (size_t)lock->cost.memory_bytes, crypto_pwhash_ALG_ARGON2ID13);
    return failed ? CUSTODY_E_NO_MEMORY : CUSTODY_OK;
}

static custody_err raw_seal(const uint8_t raw[CTY_SECRET_RAW_SIZE], const struct lock *lock,
                            struct cty_bytes passphrase, struct cty_bytes authentic,
                            uint8_t ret_sealed[SEALED_SIZE])
{
    uint8_t key[crypto_aead_xchacha20poly1305_ietf_KEYBYTES];
    CTY_TRY(key_derive(lock, passphrase, key));
    cty_random(ret_sealed, NONCE_SIZE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(ret_sealed + NONCE_SIZE, NULL, raw, CTY_SECRET_RAW_SIZE,
                                               authentic.data, authentic.size, NULL, ret_sealed, key);
    sodium_memzero(key, sizeof(key));
    return CUSTODY_OK;
}

static custody_err raw_unseal(const uint8_t sealed[SEALED_SIZE], const struct lock *lock,
                              struct cty_bytes passphrase, struct cty_bytes authentic,
                              uint8_t ret_raw[CTY_SECRET_RAW_SIZE])
{
    uint8_t key[crypto_aead_xchacha20poly1305_ietf_KEYBYTES];
    CTY_TRY(key_derive(lock, passphrase, key));
    int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(ret_raw, NULL, NULL, sealed + NONCE_SIZE,
                                                            SEALED_SIZE - NONCE_SIZE, authentic.data,
                                                            authentic.size, sealed, key);
    sodium_memzero(key, sizeof(key));
    return failed ? CUSTODY_E_BAD_PASSPHRASE : CUSTODY_OK;
}

/* --- formatting ------------------------------------------------------------------------------------ */

static custody_err key_line_format(const struct cty_secret *secret, const char *label,
                                   enum cty_key_type type, const struct cty_key *key, struct cty_buf *out)
{
    CTY_TRY(cty_buf_put_text(out, label));
    CTY_TRY(cty_vkey_format(cty_secret_name(secret), type, key, out));
    return cty_buf_put_byte(out, '\n');
}

static custody_err lock_format(const struct lock *lock, struct cty_buf *out)
{
    if (!lock)
        return cty_buf_put_text(out, "passphrase: none\n");
    CTY_TRY(cty_buf_put_text(out, "passphrase: argon2id "));
    CTY_TRY(cty_buf_put_u64(out, lock->cost.ops));
    CTY_TRY(cty_buf_put_byte(out, ' '));
    CTY_TRY(cty_buf_put_u64(out, lock->cost.memory_bytes));
    CTY_TRY(cty_buf_put_byte(out, ' '));
    CTY_TRY(cty_key_base64_format(cty_bytes_make(lock->salt, SALT_SIZE), out));
    return cty_buf_put_byte(out, '\n');
}

static custody_err header_format(const struct cty_secret *secret, const struct lock *lock, struct cty_buf *out)
{
    CTY_TRY(cty_buf_put_text(out, FIRST_LINE "\nname: "));
    CTY_TRY(cty_buf_put_bytes(out, cty_secret_name(secret)));
    CTY_TRY(cty_buf_put_byte(out, '\n'));
    CTY_TRY(key_line_format(secret, "key: ", CTY_KEY_ED25519, &secret->key, out));
    CTY_TRY(key_line_format(secret, "sealing-key: ", CTY_KEY_X25519, &secret->sealing_key, out));
    CTY_TRY(lock_format(lock, out));
    return cty_buf_put_text(out, "secret: ");
}

/* `authentic` is what `out` holds of this file so far. */
static custody_err secret_put(const struct cty_secret *secret, const struct lock *lock,
                              struct cty_bytes passphrase, struct cty_bytes authentic, struct cty_buf *out)
{
    uint8_t raw[CTY_SECRET_RAW_SIZE] = {0}, sealed[SEALED_SIZE];
    struct cty_bytes shown = cty_bytes_make(raw, sizeof(raw));
    custody_err err = CUSTODY_OK;
    memcpy(raw, secret->signing, 32);
    memcpy(raw + 32, secret->sealing, 32);
    if (lock) {
        err = raw_seal(raw, lock, passphrase, authentic, sealed);
        shown = cty_bytes_make(sealed, sizeof(sealed));
    }
    if (err == CUSTODY_OK)
        err = cty_key_base64_format(shown, out);
    sodium_memzero(raw, sizeof(raw));
    return err;
}

custody_err cty_secret_format(const struct cty_secret *secret, struct cty_bytes passphrase,
                              const struct cty_passphrase_cost *cost, struct cty_buf *out)
{
    if (!out->data)
        return CUSTODY_E_NO_MEMORY;
    if (passphrase.size > CTY_PASSPHRASE_BYTES_MAX)
        return CUSTODY_E_TOO_LARGE;
    struct lock made = {cost ? *cost : cost_default, {0}};
    const struct lock *lock = passphrase.size ? &made : NULL;
    size_t start = out->size;
    CTY_CHECK(cost_acceptable(&made.cost));
    cty_random(made.salt, sizeof(made.salt));
    CTY_TRY(header_format(secret, lock, out));
    struct cty_bytes authentic = cty_bytes_make(out->data + start, out->size - start);
    CTY_TRY(secret_put(secret, lock, passphrase, authentic, out));
    return cty_buf_put_byte(out, '\n');
}

/* --- parsing --------------------------------------------------------------------------------------- */

/* Takes `<label><value>\n` from the front of *rest. */
static bool line_take(struct cty_bytes *rest, const char *label, struct cty_bytes *ret_value)
{
    size_t label_size = strlen(label);
    if (rest->size <= label_size || memcmp(rest->data, label, label_size) != 0)
        return false;
    const uint8_t *value = rest->data + label_size;
    const uint8_t *end = memchr(value, '\n', rest->size - label_size);
    if (!end)
        return false;
    *ret_value = cty_bytes_make(value, (size_t)(end - value));
    *rest = cty_bytes_make(end + 1, rest->size - label_size - ret_value->size - 1);
    return true;
}

/* Takes the front of *rest up to a space. */
static bool word_take(struct cty_bytes *rest, struct cty_bytes *ret_word)
{
    const uint8_t *space = rest->size ? memchr(rest->data, ' ', rest->size) : NULL;
    if (!space)
        return false;
    *ret_word = cty_bytes_make(rest->data, (size_t)(space - rest->data));
    *rest = cty_bytes_make(space + 1, rest->size - ret_word->size - 1);
    return true;
}

static bool lock_parse(struct cty_bytes value, bool *ret_encrypted, struct lock *ret_lock)
{
    struct cty_bytes method, ops, memory;
    *ret_encrypted = !cty_bytes_is(value, "none");
    if (!*ret_encrypted)
        return true;
    if (!word_take(&value, &method) || !cty_bytes_is(method, "argon2id"))
        return false;
    if (!word_take(&value, &ops) || !word_take(&value, &memory))
        return false;
    if (cty_u64_parse(ops, CTY_PASSPHRASE_OPS_MAX, &ret_lock->cost.ops) != CUSTODY_OK)
        return false;
    if (cty_u64_parse(memory, CTY_PASSPHRASE_MEMORY_BYTES_MAX, &ret_lock->cost.memory_bytes) != CUSTODY_OK)
        return false;
    return cost_acceptable(&ret_lock->cost) && cty_key_base64_take(value, ret_lock->salt, SALT_SIZE);
}

static bool key_parse(struct cty_bytes value, enum cty_key_type type, struct cty_bytes name,
                      struct cty_key *ret_key)
{
    struct cty_bytes found;
    return cty_vkey_parse(value, type, &found, ret_key) == CUSTODY_OK && cty_bytes_equal(found, name);
}

static custody_err malformed(custody_error *error, const char *what)
{
    return cty_fail(error, CUSTODY_E_BAD_KEY_FILE, "%s", what);
}

static custody_err header_parse(struct cty_bytes text, struct header *ret_header, custody_error *error)
{
    struct header *header = ret_header;
    struct cty_bytes rest = text, value;
    if (text.size > CTY_KEY_FILE_BYTES_MAX)
        return malformed(error, "the file is too large for a key");
    if (!line_take(&rest, FIRST_LINE, &value) || value.size != 0)
        return malformed(error, "the first line is not '" FIRST_LINE "'");
    if (!line_take(&rest, "name: ", &header->name) || cty_key_name_check(header->name) != CUSTODY_OK)
        return malformed(error, "line 'name'");
    if (!line_take(&rest, "key: ", &value) || !key_parse(value, CTY_KEY_ED25519, header->name, &header->key))
        return malformed(error, "line 'key'");
    if (!line_take(&rest, "sealing-key: ", &value) ||
        !key_parse(value, CTY_KEY_X25519, header->name, &header->sealing_key))
        return malformed(error, "line 'sealing-key'");
    if (!line_take(&rest, "passphrase: ", &value) ||
        !lock_parse(value, &header->encrypted, &header->lock))
        return malformed(error, "line 'passphrase'");
    if (!line_take(&rest, "secret: ", &header->secret))
        return malformed(error, "line 'secret'");
    if (rest.size != 0)
        return malformed(error, "something follows the secret");
    header->authentic = cty_bytes_make(text.data, (size_t)(header->secret.data - text.data));
    return CUSTODY_OK;
}

custody_err cty_secret_text_encrypted(struct cty_bytes text, bool *ret_encrypted, custody_error *error)
{
    struct header header = {.encrypted = true};
    CTY_TRY(header_parse(text, &header, error));
    *ret_encrypted = header.encrypted;
    return CUSTODY_OK;
}

/* Whether a passphrase was given just where the file needs one. */
static custody_err passphrase_check(const struct header *header, struct cty_bytes passphrase,
                                    custody_error *error)
{
    if (header->encrypted && passphrase.size == 0)
        return cty_fail(error, CUSTODY_E_BAD_PASSPHRASE, "the key file needs a passphrase");
    if (!header->encrypted && passphrase.size != 0)
        return cty_fail(error, CUSTODY_E_BAD_PASSPHRASE, "the key file is not protected by a passphrase");
    if (passphrase.size > CTY_PASSPHRASE_BYTES_MAX)
        return cty_fail(error, CUSTODY_E_BAD_PASSPHRASE, "longer than any passphrase is");
    return CUSTODY_OK;
}

static custody_err raw_take(const struct header *header, struct cty_bytes passphrase,
                            uint8_t ret_raw[CTY_SECRET_RAW_SIZE], custody_error *error)
{
    uint8_t sealed[SEALED_SIZE];
    if (!header->encrypted) {
        if (!cty_key_base64_take(header->secret, ret_raw, CTY_SECRET_RAW_SIZE))
            return malformed(error, "line 'secret'");
        return CUSTODY_OK;
    }
    if (!cty_key_base64_take(header->secret, sealed, sizeof(sealed)))
        return malformed(error, "line 'secret'");
    custody_err err = raw_unseal(sealed, &header->lock, passphrase, header->authentic, ret_raw);
    return err == CUSTODY_OK ? err : cty_fail_code(error, err);
}

/* Makes the secret and refuses it where it is not that of the header's public keys. */
static custody_err secret_from_raw(const struct header *header, const uint8_t raw[CTY_SECRET_RAW_SIZE],
                                   struct cty_secret **ret_secret, custody_error *error)
{
    struct cty_secret *secret = NULL;
    custody_err err = cty_secret_make(header->name, raw, &secret);
    if (err == CUSTODY_E_BAD_KEY)
        return malformed(error, "the secret is not a key");
    if (err != CUSTODY_OK)
        return cty_fail_code(error, err);
    if (!cty_key_equal(&secret->key, &header->key) ||
        !cty_key_equal(&secret->sealing_key, &header->sealing_key)) {
        cty_secret_free(secret);
        return malformed(error, "the secret is not that of the public keys");
    }
    *ret_secret = secret;
    return CUSTODY_OK;
}

custody_err cty_secret_parse(struct cty_bytes text, struct cty_bytes passphrase,
                             struct cty_secret **ret_secret, custody_error *error)
{
    struct header header = {.encrypted = true};
    uint8_t raw[CTY_SECRET_RAW_SIZE];
    CTY_TRY(header_parse(text, &header, error));
    CTY_TRY(passphrase_check(&header, passphrase, error));
    custody_err err = raw_take(&header, passphrase, raw, error);
    if (err == CUSTODY_OK)
        err = secret_from_raw(&header, raw, ret_secret, error);
    sodium_memzero(raw, sizeof(raw));
    return err;
}
