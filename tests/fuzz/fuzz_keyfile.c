/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key files, without a passphrase (with one, each input would cost a password hash): what the parser accepts
 * formats to the same text and signs.
 */
#include "base/check.h"
#include "crypto/keyfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void accepted_check(const struct cty_secret *secret, struct cty_bytes text)
{
    CTY_CLEANUP(cty_secret_buf_done) struct cty_buf again = cty_secret_buf_make();
    struct cty_signature signature;
    bool encrypted = true;
    CTY_CHECK(cty_secret_format(secret, cty_bytes_make(NULL, 0), NULL, &again) == CUSTODY_OK);
    CTY_CHECK(cty_bytes_equal(cty_buf_bytes(&again), text));
    CTY_CHECK(cty_secret_text_encrypted(text, &encrypted, NULL) == CUSTODY_OK && !encrypted);
    cty_sign(secret, text, &signature);
    CTY_CHECK(cty_verify(cty_secret_key(secret), text, &signature) == CUSTODY_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CTY_CLEANUP(cty_secret_free_pointer) struct cty_secret *secret = NULL;
    struct cty_bytes text = cty_bytes_make(data, size);
    custody_error error = {0};
    bool encrypted = false;
    CTY_CHECK(cty_crypto_init() == CUSTODY_OK);
    custody_err err = cty_secret_parse(text, cty_bytes_make(NULL, 0), &secret, &error);
    if (err == CUSTODY_OK)
        accepted_check(secret, text);
    else
        CTY_CHECK(err == CUSTODY_E_BAD_KEY_FILE || err == CUSTODY_E_BAD_PASSPHRASE);
    CTY_CHECK(error.code == err);
    if (err == CUSTODY_E_BAD_PASSPHRASE)
        CTY_CHECK(cty_secret_text_encrypted(text, &encrypted, NULL) == CUSTODY_OK && encrypted);
    return 0;
}
