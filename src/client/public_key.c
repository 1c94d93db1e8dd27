/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/check.h"
#include "client/public.h"

_Static_assert(CUSTODY_PASSPHRASE_MAX == CTY_PASSPHRASE_BYTES_MAX, "one limit");

/* Asks for the passphrase into memory that is wiped again. */
static custody_err load_encrypted(const char *path, custody_passphrase_fn ask, void *context,
                                  struct cty_secret **ret_secret, custody_error *error)
{
    char passphrase[CUSTODY_PASSPHRASE_MAX];
    size_t size = 0;
    if (!ask)
        return cty_fail(error, CUSTODY_E_BAD_PASSPHRASE, "%s is encrypted", path);
    custody_err err = ask(context, path, passphrase, sizeof(passphrase), &size);
    if (err == CUSTODY_OK && size > sizeof(passphrase))
        err = CUSTODY_E_TOO_LARGE;
    if (err == CUSTODY_OK)
        err = cty_secret_load(path, cty_bytes_make(passphrase, size), ret_secret, error);
    cty_wipe(passphrase, sizeof(passphrase));
    return cty_fail_code(error, err);
}

static custody_err load(const char *path, custody_passphrase_fn ask, void *context, struct cty_secret **ret_secret,
                        custody_error *error)
{
    bool encrypted = false;
    CTY_TRY(cty_secret_needs_passphrase(path, &encrypted, error));
    if (encrypted)
        return load_encrypted(path, ask, context, ret_secret, error);
    return cty_secret_load(path, cty_bytes_make(NULL, 0), ret_secret, error);
}

custody_err custody_key_load(const char *path, custody_passphrase_fn ask, void *context, custody_key **ret_key,
                             custody_error *error)
{
    if (!path || !ret_key)
        return cty_fail(error, CUSTODY_E_USAGE, "no path");
    CTY_TRY(cty_crypto_init());
    custody_key *key = cty_alloc(1, sizeof(*key));
    if (!key)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    custody_err err = load(path, ask, context, &key->secret, error);
    if (err == CUSTODY_OK) {
        key->name = cty_bytes_dup_text(cty_secret_name(key->secret));
        err = key->name ? CUSTODY_OK : CUSTODY_E_NO_MEMORY;
    }
    if (err != CUSTODY_OK) {
        custody_key_free(key);
        return cty_fail_code(error, err);
    }
    *ret_key = key;
    return CUSTODY_OK;
}

const char *custody_key_name(const custody_key *key)
{
    return key->name;
}

void custody_key_free(custody_key *key)
{
    if (!key)
        return;
    cty_secret_free(key->secret);
    free(key->name);
    free(key);
}
