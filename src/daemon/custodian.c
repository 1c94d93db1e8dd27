/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/custodian.h"

#include "ledger/note.h"

static custody_err check_secret(const struct cty_secret *secret, struct cty_bytes name, const char *which,
                                bool development, custody_error *error)
{
    struct cty_bytes own = cty_secret_name(secret);
    if (!cty_bytes_equal(own, name))
        return cty_fail(error, CUSTODY_E_CONFIG, "the %s key is named %.*s, and should be %.*s", which, (int)own.size,
                        (const char *)own.data, (int)name.size, (const char *)name.data);
    if (!development && cty_key_is_development(cty_secret_key(secret)))
        return cty_fail(error, CUSTODY_E_DEVELOPMENT_KEY, "the %s key", which);
    return CUSTODY_OK;
}

/* Reserved up front, so that the views stay where they are. */
static custody_err put_texts(struct cty_custodian *custodian, struct cty_bytes origin)
{
    struct cty_buf *texts = &custodian->texts;
    *texts = CTY_BUF_INIT(4096);
    CTY_TRY(cty_buf_reserve(texts, 4096));
    CTY_TRY(cty_buf_put_bytes(texts, origin));
    custodian->origin = cty_bytes_make(texts->data, origin.size);
    CTY_TRY(cty_buf_put_bytes(texts, origin));
    CTY_TRY(cty_buf_put_text(texts, "/clerk"));
    custodian->clerk_name = cty_bytes_make(texts->data + origin.size, origin.size + 6);
    size_t at = texts->size;
    CTY_TRY(cty_vkey_format(custodian->origin, CTY_KEY_ED25519, cty_secret_key(custodian->log), texts));
    custodian->log_vkey = cty_bytes_make(texts->data + at, texts->size - at);
    at = texts->size;
    CTY_TRY(cty_vkey_format(custodian->clerk_name, CTY_KEY_ED25519, cty_secret_key(custodian->clerk), texts));
    custodian->clerk_vkey = cty_bytes_make(texts->data + at, texts->size - at);
    return CUSTODY_OK;
}

custody_err cty_custodian_init(struct cty_custodian *custodian, struct cty_bytes origin,
                               const struct cty_secret *log, const struct cty_secret *clerk, bool development,
                               custody_error *error)
{
    memset(custodian, 0, sizeof(*custodian));
    custodian->log = log;
    custodian->clerk = clerk;
    custodian->development = development;
    custodian->clock = cty_clock_system();
    CTY_TRY(put_texts(custodian, origin));
    CTY_TRY(check_secret(log, custodian->origin, "log", development, error));
    CTY_TRY(check_secret(clerk, custodian->clerk_name, "clerk", development, error));
    if (cty_key_equal(cty_secret_key(log), cty_secret_key(clerk)))
        return cty_fail(error, CUSTODY_E_DUPLICATE_KEY, "log and clerk");
    return CUSTODY_OK;
}

void cty_custodian_done(struct cty_custodian *custodian)
{
    cty_buf_done(&custodian->texts);
}

custody_err cty_custodian_sign_checkpoint(const struct cty_custodian *custodian, uint64_t size,
                                          const struct cty_hash *root, struct cty_buf *note)
{
    struct cty_buf text = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    struct cty_checkpoint checkpoint = {custodian->origin, size, *root};
    custody_err err = cty_checkpoint_format(&checkpoint, &text);
    if (err == CUSTODY_OK)
        err = cty_note_sign(cty_buf_bytes(&text), custodian->origin, custodian->log, note);
    cty_buf_done(&text);
    return err;
}
