/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/ledger/notes.h"

#include "codec/text.h"

struct cty_secret *log_secret;
struct cty_secret *witness_secret;

int notes_setup(void **state)
{
    (void)state;
    uint8_t seed[32];
    assert_ok(cty_crypto_init());
    memset(seed, 0x11, sizeof(seed));
    assert_ok(cty_secret_from_seed(CTY_LITERAL(ORIGIN), seed, &log_secret));
    memset(seed, 0x22, sizeof(seed));
    assert_ok(cty_secret_from_seed(CTY_LITERAL(WITNESS), seed, &witness_secret));
    return 0;
}

int notes_teardown(void **state)
{
    (void)state;
    cty_secret_free_pointer(&log_secret);
    cty_secret_free_pointer(&witness_secret);
    return 0;
}

void line_put(const char *name, enum cty_key_type type, const struct cty_secret *secret, const void *bytes,
              size_t size, struct cty_buf *out)
{
    uint8_t field[128];
    assert_true(size <= sizeof(field) - 4);
    cty_key_id(cty_bytes_text(name), type, cty_secret_key(secret), field);
    memcpy(field + 4, bytes, size);
    assert_ok(cty_buf_putf(out, EM_DASH " %s ", name));
    assert_ok(cty_base64_format(cty_bytes_make(field, size + 4), out));
    assert_ok(cty_buf_put_byte(out, '\n'));
}
