/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/custodian.h"

#include "ledger/note.h"

#define TEXTS_SIZE 8192u

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

/* The texts have their place already: what borrows from them stays where it is. */
static custody_err put_text(struct cty_buf *texts, struct cty_bytes first, const char *second,
                            struct cty_bytes *ret_text)
{
    size_t at = texts->size;
    CTY_TRY(cty_buf_put_bytes(texts, first));
    CTY_TRY(cty_buf_put_text(texts, second));
    *ret_text = cty_bytes_make(texts->data + at, texts->size - at);
    return CUSTODY_OK;
}

static custody_err hold(struct cty_custodian *custodian, struct cty_held_key *keys, uint32_t *count,
                        struct cty_bytes name, const struct cty_secret *secret)
{
    struct cty_buf *texts = &custodian->texts;
    size_t at = texts->size;
    if (!secret)
        return CUSTODY_OK;
    CTY_TRY(cty_vkey_format(name, CTY_KEY_ED25519, cty_secret_key(secret), texts));
    keys[(*count)++] = (struct cty_held_key){secret, cty_bytes_make(texts->data + at, texts->size - at)};
    return CUSTODY_OK;
}

static custody_err hold_all(struct cty_custodian *custodian, const struct cty_custodian_secrets *secrets)
{
    struct cty_bytes log = custodian->origin, clerk = custodian->clerk_name;
    CTY_TRY(hold(custodian, custodian->logs, &custodian->logs_count, log, secrets->log));
    CTY_TRY(hold(custodian, custodian->logs, &custodian->logs_count, log, secrets->next_log));
    CTY_TRY(hold(custodian, custodian->clerks, &custodian->clerks_count, clerk, secrets->clerk));
    return hold(custodian, custodian->clerks, &custodian->clerks_count, clerk, secrets->next_clerk);
}

static custody_err check_all(const struct cty_custodian *custodian, custody_error *error)
{
    static const char *const logs[CTY_HELD_KEYS_MAX] = {"log", "next log"};
    static const char *const clerks[CTY_HELD_KEYS_MAX] = {"clerk", "next clerk"};
    for (uint32_t i = 0; i < custodian->logs_count; i++)
        /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): no more than CTY_HELD_KEYS_MAX are held */
        CTY_TRY(check_secret(custodian->logs[i].secret, custodian->origin, logs[i], custodian->development, error));
    for (uint32_t i = 0; i < custodian->clerks_count; i++)
        /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): likewise */
        CTY_TRY(check_secret(custodian->clerks[i].secret, custodian->clerk_name, clerks[i], custodian->development,
                             error));
    for (uint32_t i = 0; i < custodian->logs_count; i++) {
        for (uint32_t k = 0; k < custodian->clerks_count; k++) {
            if (cty_key_equal(cty_secret_key(custodian->logs[i].secret), cty_secret_key(custodian->clerks[k].secret)))
                return cty_fail(error, CUSTODY_E_DUPLICATE_KEY, "%s and %s", logs[i], clerks[k]);
        }
    }
    return CUSTODY_OK;
}

custody_err cty_custodian_init(struct cty_custodian *custodian, struct cty_bytes origin,
                               const struct cty_custodian_secrets *secrets, bool development, custody_error *error)
{
    memset(custodian, 0, sizeof(*custodian));
    custodian->development = development;
    custodian->clock = cty_clock_system();
    custodian->texts = CTY_BUF_INIT(TEXTS_SIZE);
    CTY_TRY(cty_buf_reserve(&custodian->texts, TEXTS_SIZE));
    CTY_TRY(put_text(&custodian->texts, origin, "", &custodian->origin));
    CTY_TRY(put_text(&custodian->texts, origin, "/clerk", &custodian->clerk_name));
    CTY_TRY(hold_all(custodian, secrets));
    return check_all(custodian, error);
}

void cty_custodian_done(struct cty_custodian *custodian)
{
    cty_buf_done(&custodian->texts);
}

static const struct cty_held_key *find(const struct cty_held_key *keys, uint32_t count, struct cty_bytes vkey)
{
    for (uint32_t i = 0; i < count; i++) {
        if (cty_bytes_equal(keys[i].vkey, vkey))
            return &keys[i];
    }
    return NULL;
}

const struct cty_held_key *cty_custodian_log(const struct cty_custodian *custodian, struct cty_bytes vkey)
{
    return find(custodian->logs, custodian->logs_count, vkey);
}

const struct cty_held_key *cty_custodian_clerk(const struct cty_custodian *custodian, struct cty_bytes vkey)
{
    return find(custodian->clerks, custodian->clerks_count, vkey);
}

custody_err cty_custodian_sign_checkpoint(const struct cty_custodian *custodian, const struct cty_held_key *log,
                                          uint64_t size, const struct cty_hash *root, struct cty_buf *note)
{
    struct cty_buf text = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    struct cty_checkpoint checkpoint = {custodian->origin, size, *root};
    custody_err err = cty_checkpoint_format(&checkpoint, &text);
    if (err == CUSTODY_OK)
        err = cty_note_sign(cty_buf_bytes(&text), custodian->origin, log->secret, note);
    cty_buf_done(&text);
    return err;
}
