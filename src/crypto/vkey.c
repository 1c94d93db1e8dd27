/* SPDX-License-Identifier: Apache-2.0 */
/* Public keys as text: `<name>+<key id>+<base64(type || [identifier ||] key)>`, C2SP signed-note. */
#include <sodium.h>

#include "base/check.h"
#include "base/limits.h"
#include "crypto/key.h"
#include "crypto/text.h"

#define KEY_ID_SIZE 4
#define KEY_ID_CHARS 8

/* What stands between the type byte and the key; empty for the types that C2SP assigned. */
static struct cty_bytes type_identifier(enum cty_key_type type)
{
    switch (type) {
    case CTY_KEY_ED25519:
    case CTY_KEY_COSIGNATURE:
        return cty_bytes_make(NULL, 0);
    case CTY_KEY_X25519:
        return CTY_LITERAL("custody-x25519");
    }
    CTY_CHECK(false); /* a key type that has no text form */
    return cty_bytes_make(NULL, 0);
}

void cty_key_id(struct cty_bytes name, enum cty_key_type type, const struct cty_key *key, uint8_t ret_id[4])
{
    const uint8_t middle[2] = {0x0a, (uint8_t)type};
    const struct cty_bytes parts[] = {name, cty_bytes_make(middle, sizeof(middle)), type_identifier(type),
                                      cty_bytes_make(key->bytes, CTY_KEY_SIZE)};
    struct cty_hash hash = cty_sha256_parts(parts, CTY_COUNT_OF(parts));
    memcpy(ret_id, hash.bytes, KEY_ID_SIZE);
}

static void key_id_text(struct cty_bytes name, enum cty_key_type type, const struct cty_key *key,
                        char ret_text[KEY_ID_CHARS + 1])
{
    uint8_t id[KEY_ID_SIZE];
    cty_key_id(name, type, key, id);
    sodium_bin2hex(ret_text, KEY_ID_CHARS + 1, id, sizeof(id));
}

static size_t raw_join(enum cty_key_type type, const struct cty_key *key, uint8_t raw[64])
{
    struct cty_bytes identifier = type_identifier(type);
    raw[0] = (uint8_t)type;
    if (identifier.size)
        memcpy(raw + 1, identifier.data, identifier.size);
    memcpy(raw + 1 + identifier.size, key->bytes, CTY_KEY_SIZE);
    return 1 + identifier.size + CTY_KEY_SIZE;
}

custody_err cty_vkey_format(struct cty_bytes name, enum cty_key_type type, const struct cty_key *key,
                            struct cty_buf *out)
{
    char id[KEY_ID_CHARS + 1], base64[128];
    uint8_t raw[64];
    CTY_TRY(cty_key_name_check(name));
    key_id_text(name, type, key, id);
    size_t raw_size = raw_join(type, key, raw);
    sodium_bin2base64(base64, sizeof(base64), raw, raw_size, sodium_base64_VARIANT_ORIGINAL);
    /* All or nothing: once there is room for the whole, no part of it fails. */
    CTY_TRY(cty_buf_reserve(out, name.size + 1 + KEY_ID_CHARS + 1 + strlen(base64)));
    CTY_TRY(cty_buf_put_bytes(out, name));
    CTY_TRY(cty_buf_put_byte(out, '+'));
    CTY_TRY(cty_buf_put_text(out, id));
    CTY_TRY(cty_buf_put_byte(out, '+'));
    return cty_buf_put_text(out, base64);
}

/* Cuts `<name>+<8 characters>+<rest>`; names hold no '+', base64 may. */
static bool vkey_split(struct cty_bytes text, struct cty_bytes *ret_name, struct cty_bytes *ret_id,
                       struct cty_bytes *ret_base64)
{
    const uint8_t *plus = text.size ? memchr(text.data, '+', text.size) : NULL;
    if (!plus)
        return false;
    size_t name_size = (size_t)(plus - text.data);
    size_t left = text.size - name_size - 1;
    if (left < KEY_ID_CHARS + 1 || plus[1 + KEY_ID_CHARS] != '+')
        return false;
    *ret_name = cty_bytes_make(text.data, name_size);
    *ret_id = cty_bytes_make(plus + 1, KEY_ID_CHARS);
    *ret_base64 = cty_bytes_make(plus + 1 + KEY_ID_CHARS + 1, left - KEY_ID_CHARS - 1);
    return true;
}

static custody_err raw_split(struct cty_bytes base64, enum cty_key_type type, struct cty_key *ret_key)
{
    uint8_t raw[CTY_KEY_RAW_BYTES_MAX];
    size_t size = 0;
    struct cty_bytes identifier = type_identifier(type);
    if (!cty_key_base64_parse(base64, raw, sizeof(raw), &size))
        return CUSTODY_E_BAD_KEY;
    if (raw[0] != (uint8_t)type)
        return CUSTODY_E_ALG_MISMATCH;
    if (size < 1 + identifier.size ||
        !cty_bytes_equal(cty_bytes_make(raw + 1, identifier.size), identifier))
        return CUSTODY_E_ALG_MISMATCH;
    if (size != 1 + identifier.size + CTY_KEY_SIZE)
        return CUSTODY_E_BAD_KEY;
    memcpy(ret_key->bytes, raw + 1 + identifier.size, CTY_KEY_SIZE);
    return CUSTODY_OK;
}

/* Name, key id and key as they stand, none of them checked against another. */
static custody_err vkey_take(struct cty_bytes text, enum cty_key_type type, struct cty_bytes *ret_name,
                             struct cty_bytes *ret_id, struct cty_key *ret_key)
{
    struct cty_bytes base64;
    if (!vkey_split(text, ret_name, ret_id, &base64) || cty_key_name_check(*ret_name) != CUSTODY_OK)
        return CUSTODY_E_BAD_KEY;
    return raw_split(base64, type, ret_key);
}

custody_err cty_vkey_read(struct cty_bytes text, enum cty_key_type type, struct cty_bytes *ret_name,
                          struct cty_key *ret_key)
{
    struct cty_bytes id;
    return vkey_take(text, type, ret_name, &id, ret_key);
}

custody_err cty_vkey_parse(struct cty_bytes text, enum cty_key_type type, struct cty_bytes *ret_name,
                           struct cty_key *ret_key)
{
    struct cty_bytes name, id;
    struct cty_key key;
    char expected[KEY_ID_CHARS + 1];
    CTY_TRY(vkey_take(text, type, &name, &id, &key));
    key_id_text(name, type, &key, expected);
    if (!cty_bytes_is(id, expected))
        return CUSTODY_E_BAD_KEY;
    CTY_TRY(type == CTY_KEY_X25519 ? cty_sealing_key_check(&key) : cty_key_check(&key));
    *ret_name = name;
    *ret_key = key;
    return CUSTODY_OK;
}
