/* SPDX-License-Identifier: Apache-2.0 */
/* The table of the published development keys; for src/crypto, its tests and tools/dev-keys.c. */
#ifndef CTY_CRYPTO_DEVELOPMENT_H
#define CTY_CRYPTO_DEVELOPMENT_H

#include "crypto/key.h"

struct cty_development_key {
    const char *name;
    const char *file; /* in keys/ */
    struct cty_key key;
    struct cty_key sealing_key;
};

/* Borrowed, constant. */
const struct cty_development_key *cty_development_keys(size_t *ret_count);

#endif
