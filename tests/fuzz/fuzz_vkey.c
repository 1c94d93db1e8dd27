/* SPDX-License-Identifier: Apache-2.0 */
/* Public keys as text: what is accepted as one type formats to the same text, and is no other type. */
#include "base/check.h"
#include "base/limits.h"
#include "crypto/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool accepted(struct cty_bytes text, enum cty_key_type type)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf again = CTY_BUF_INIT(CTY_KEY_FILE_BYTES_MAX);
    struct cty_bytes name;
    struct cty_key key;
    custody_err err = cty_vkey_parse(text, type, &name, &key);
    CTY_CHECK(err == CUSTODY_OK || err == CUSTODY_E_BAD_KEY || err == CUSTODY_E_ALG_MISMATCH);
    if (err != CUSTODY_OK)
        return false;
    CTY_CHECK(cty_vkey_format(name, type, &key, &again) == CUSTODY_OK);
    CTY_CHECK(cty_bytes_equal(cty_buf_bytes(&again), text));
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cty_bytes text = cty_bytes_make(data, size);
    CTY_CHECK(cty_crypto_init() == CUSTODY_OK);
    int types = accepted(text, CTY_KEY_ED25519) + accepted(text, CTY_KEY_COSIGNATURE) +
                accepted(text, CTY_KEY_X25519);
    CTY_CHECK(types <= 1);
    return 0;
}
