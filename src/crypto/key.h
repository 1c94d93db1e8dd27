/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys: Ed25519 for signing, X25519 for sealing, their text forms and key files. See spec/keys.md.
 *
 * Owns: secret keys, in locked and guarded memory, wiped when freed. Never: prints or logs a secret, or
 * returns one by value. Thread rule: a cty_secret may be used by several threads at once after it was made.
 */
#ifndef CTY_CRYPTO_KEY_H
#define CTY_CRYPTO_KEY_H

#include "crypto/hash.h"

#define CTY_KEY_SIZE 32
#define CTY_SIGNATURE_SIZE 64

struct cty_key { /* an Ed25519 or X25519 public key */
    uint8_t bytes[CTY_KEY_SIZE];
};
struct cty_signature {
    uint8_t bytes[CTY_SIGNATURE_SIZE];
};

/* Ed25519 or 0x04 cosignature keys print as C2SP vkeys; X25519 in the same form with type 0xff and the
 * identifier "custody-x25519" before the key. */
enum cty_key_type { CTY_KEY_ED25519 = 0x01, CTY_KEY_COSIGNATURE = 0x04, CTY_KEY_X25519 = 0xff };

static inline bool cty_key_equal(const struct cty_key *a, const struct cty_key *b)
{
    return memcmp(a->bytes, b->bytes, CTY_KEY_SIZE) == 0;
}

/* C2SP's rule for key names, ours for origins too: UTF-8, not empty, no controls, no spaces of Unicode, no '+'. */
bool cty_name_is_lawful(struct cty_bytes name);

/* Canonical, on the curve, in the prime-order group, not small-order. Errors: BAD_KEY. */
CUSTODY_MUST_USE custody_err cty_key_check(const struct cty_key *key);
/* An X25519 key that is canonical (below 2^255-19) and not one of the small-order points. Errors: BAD_KEY. */
CUSTODY_MUST_USE custody_err cty_sealing_key_check(const struct cty_key *key);

/* First four bytes of SHA-256(name || 0x0A || type [|| identifier] || key), C2SP signed-note. */
void cty_key_id(struct cty_bytes name, enum cty_key_type type, const struct cty_key *key, uint8_t ret_id[4]);
/* Appends `<name>+<8 hex>+<base64>`. Errors: BAD_MEMBER for a name C2SP forbids, TOO_LARGE, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_vkey_format(struct cty_bytes name, enum cty_key_type type,
                                             const struct cty_key *key, struct cty_buf *out);
/*
 * Parses a vkey to the end. *ret_name borrows from text. Checks the key id, and the key itself as above.
 * Errors: BAD_KEY, ALG_MISMATCH where the type is another one.
 */
CUSTODY_MUST_USE custody_err cty_vkey_parse(struct cty_bytes text, enum cty_key_type type,
                                            struct cty_bytes *ret_name, struct cty_key *ret_key);

/*
 * The same without the check of the point, which costs three signature checks, and of the key id: for a key that
 * passed cty_vkey_parse when it was enrolled. Errors: BAD_KEY, ALG_MISMATCH.
 */
CUSTODY_MUST_USE custody_err cty_vkey_read(struct cty_bytes text, enum cty_key_type type,
                                           struct cty_bytes *ret_name, struct cty_key *ret_key);

/*
 * Strict Ed25519 (RFC 8032, S < L, no small-order or non-canonical key or R). Errors: SIGNATURE_INVALID. Never
 * a boolean. Costs one scalar multiplication: that the key lies in the prime-order group must have been asked
 * before (cty_key_check, cty_vkey_parse).
 */
CUSTODY_MUST_USE custody_err cty_verify(const struct cty_key *key, struct cty_bytes message,
                                        const struct cty_signature *signature);

/* A signing key pair with its sealing key pair and its name. Opaque. */
struct cty_secret;

/* Makes a new random pair. The caller owns *ret_secret (cty_secret_free). */
CUSTODY_MUST_USE custody_err cty_secret_new(struct cty_bytes name, struct cty_secret **ret_secret);
/* From fixed seeds: for the published development keys and test vectors only. */
CUSTODY_MUST_USE custody_err cty_secret_from_seed(struct cty_bytes name, const uint8_t seed[32],
                                                  struct cty_secret **ret_secret);
/* Wipes. Takes NULL. */
void cty_secret_free(struct cty_secret *secret);
void cty_secret_free_pointer(struct cty_secret **secret); /* for CTY_CLEANUP */
/*
 * Wipes and frees nothing: for the child of a fork, before it becomes another program. Does nothing but system calls and
 * writes. Errors: INTERNAL where the memory can't be made writable; the child must then end.
 */
CUSTODY_MUST_USE custody_err cty_secret_wipe(struct cty_secret *secret);
/*
 * Makes sure that it never leaves the memory of this process: locked, left out of core dumps, and zero in the child of a
 * fork, which can't use or free it then. For a process that forks no more, or only to become another program. Errors:
 * NO_MEMORY where the limit of locked memory does not allow it; the secret is as good as before.
 */
CUSTODY_MUST_USE custody_err cty_secret_lock(struct cty_secret *secret, custody_error *error);
/* Borrowed. */
struct cty_bytes cty_secret_name(const struct cty_secret *secret);
const struct cty_key *cty_secret_key(const struct cty_secret *secret);
const struct cty_key *cty_secret_sealing_key(const struct cty_secret *secret);
void cty_sign(const struct cty_secret *secret, struct cty_bytes message, struct cty_signature *ret_signature);

/*
 * Key files (spec/keys.md): text, one per secret, mode 0600.
 * `passphrase` empty (data NULL) means none, which the file says in words.
 */
#define CTY_PASSPHRASE_BYTES_MAX 1024u
/*
 * Creates `path` (O_EXCL, O_NOFOLLOW, 0600), fsyncs file and folder; removes it where that fails.
 * Errors: TOO_LARGE for the passphrase, NO_MEMORY, EXISTS, IO.
 */
CUSTODY_MUST_USE custody_err cty_secret_save(const struct cty_secret *secret, const char *path,
                                             struct cty_bytes passphrase, custody_error *error);
/*
 * Opens (O_NOFOLLOW, O_CLOEXEC), checks owner and mode after opening, decrypts. The caller owns *ret_secret
 * (cty_secret_free).
 * Errors: NOT_FOUND, KEY_FILE_OPEN, BAD_KEY_FILE (also a symbolic link, and what is no regular file),
 * BAD_PASSPHRASE (also: one is needed and none was given, or the other way round; see
 * cty_secret_needs_passphrase), IO, NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_secret_load(const char *path, struct cty_bytes passphrase,
                                             struct cty_secret **ret_secret, custody_error *error);
/* Whether the file at `path` is encrypted. Errors as above. */
CUSTODY_MUST_USE custody_err cty_secret_needs_passphrase(const char *path, bool *ret_needs,
                                                         custody_error *error);
/* The parser alone, for fuzzing and tests: the text of a key file without a passphrase or with one. */
CUSTODY_MUST_USE custody_err cty_secret_parse(struct cty_bytes text, struct cty_bytes passphrase,
                                              struct cty_secret **ret_secret, custody_error *error);

/*
 * Whether this is one of the published development keys (keys/), signing or sealing, which only development
 * mode accepts.
 */
bool cty_key_is_development(const struct cty_key *key);

#endif
