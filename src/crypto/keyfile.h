/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of key files (spec/keys.md, "Key files"); for src/crypto, its tests and tools/dev-keys.c. */
#ifndef CTY_CRYPTO_KEYFILE_H
#define CTY_CRYPTO_KEYFILE_H

#include <sys/stat.h>

#include "base/limits.h"
#include "crypto/key.h"

/* What one guess at the passphrase costs: passes of argon2id, and its memory, a multiple of 1024. */
struct cty_passphrase_cost {
    uint64_t ops;
    uint64_t memory_bytes;
};

/*
 * A buffer for text that holds a secret: in memory as struct cty_secret has it, which never moves or grows
 * beyond a key file's limit. The caller owns it (cty_secret_buf_done wipes). `data` is NULL where memory ran
 * out; appending to that buffer fails.
 */
struct cty_buf cty_secret_buf_make(void);
void cty_secret_buf_done(struct cty_buf *buf);

/*
 * Appends the text of a key file to `out`, a buffer of cty_secret_buf_make. `cost` NULL means the default
 * for people; tests give a cheap one. Errors: TOO_LARGE for the passphrase, NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_secret_format(const struct cty_secret *secret, struct cty_bytes passphrase,
                                               const struct cty_passphrase_cost *cost, struct cty_buf *out);

/*
 * Whose the file may be and who may read it (spec/keys.md, "Loading", 3 and 4): also for other files with secrets.
 * Errors: KEY_FILE_OPEN.
 */
CUSTODY_MUST_USE custody_err cty_key_file_check(const char *path, const struct stat *status, custody_error *error);

/* Reads the part that needs no passphrase. Errors: BAD_KEY_FILE. */
CUSTODY_MUST_USE custody_err cty_secret_text_encrypted(struct cty_bytes text, bool *ret_encrypted,
                                                       custody_error *error);

#endif
