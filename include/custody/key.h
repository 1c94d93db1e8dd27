/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's own key, from a key file that `custody key new` made (spec/keys.md).
 *
 * Owns the secret in locked memory that is wiped when it is freed. Never prints, logs or returns a secret, and never
 * writes one. Thread rule: a key may be used by several clients in several threads at once; free it when none uses it.
 */
#ifndef CUSTODY_KEY_H
#define CUSTODY_KEY_H

#include <custody/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct custody_key custody_key;

/* Longest passphrase, in bytes. */
#define CUSTODY_PASSPHRASE_MAX 1024

/*
 * Gives the passphrase of the file at `path`: writes at most `size` bytes, without a NUL, into `passphrase`, which the
 * library wipes afterwards, and their count into *ret_size. Any error ends the loading with that error.
 */
typedef custody_err (*custody_passphrase_fn)(void *context, const char *path, char *passphrase, size_t size,
                                             size_t *ret_size);

/*
 * Loads a key file: a regular file (no symbolic link) that its owner alone can read. `ask` is called where it is
 * encrypted, and only then; NULL refuses encrypted files. `path`, `ask` and `context` are borrowed until the call
 * returns. The caller owns *ret_key. `error` may be NULL.
 * Errors, in order: NOT_FOUND, KEY_FILE_OPEN (others can read it), BAD_KEY_FILE, what `ask` said, BAD_PASSPHRASE (also:
 * one is needed and `ask` is NULL), IO, NO_MEMORY.
 */
CUSTODY_EXPORT CUSTODY_MUST_USE custody_err custody_key_load(const char *path, custody_passphrase_fn ask,
                                                             void *context, custody_key **ret_key,
                                                             custody_error *error);

/* The actor's name in the file, for example "acme/refund-agent"; borrowed, lives as long as the key. */
CUSTODY_EXPORT const char *custody_key_name(const custody_key *key);

/* Wipes. NULL is nothing. */
CUSTODY_EXPORT void custody_key_free(custody_key *key);

#ifdef __cplusplus
}
#endif
#endif
