/* SPDX-License-Identifier: Apache-2.0 */
/* Names of tiles: what is accepted formats to the same text, and a tree has it or has not, without a fault. */
#include "base/check.h"
#include "ledger/tile_path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cty_bytes text = cty_bytes_make(data, size);
    char again[CTY_TILE_PATH_SIZE];
    struct cty_tile_path path;
    custody_err err = cty_tile_path_parse(text, &path);
    CTY_CHECK(err == CUSTODY_OK || err == CUSTODY_E_BAD_PARAMS);
    if (err != CUSTODY_OK)
        return 0;
    cty_tile_path_format(&path, again);
    CTY_CHECK(cty_bytes_is(text, again));
    bool before = false;
    for (uint64_t leaves = 1; leaves < CTY_TREE_SIZE_MAX; leaves = leaves * 3 + 1) {
        /* What a tree has, a larger one has too. */
        bool now = cty_tile_path_exists(&path, leaves);
        CTY_CHECK(now || !before);
        before = now;
    }
    return 0;
}
