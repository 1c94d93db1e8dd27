/* SPDX-License-Identifier: Apache-2.0 */
/* Hex for the vectors of these tests. */
#ifndef CTY_TESTS_CRYPTO_HEX_H
#define CTY_TESTS_CRYPTO_HEX_H

#include <sodium.h>

#include "unit/support.h"

/* Fills `out` from hex; the test fails where it is not hex or does not fit. Returns the size. */
static inline size_t from_hex(const char *hex, uint8_t *out, size_t out_max)
{
    size_t size = 0;
    const char *end = NULL;
    assert_int_equal(sodium_hex2bin(out, out_max, hex, strlen(hex), NULL, &size, &end), 0);
    assert_true(*end == 0);
    return size;
}

static inline struct cty_bytes no_bytes(void)
{
    return cty_bytes_make(NULL, 0);
}

#endif
