/* SPDX-License-Identifier: Apache-2.0 */
/* Bundles of entries: what is accepted as so many entries is made of them again, byte by byte. The first byte is the number. */
#include "base/check.h"
#include "base/limits.h"
#include "ledger/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf again = CTY_BUF_INIT(CTY_BUNDLE_BYTES_MAX);
    struct cty_bytes entries[CTY_TILE_WIDTH];
    if (size == 0)
        return 0;
    struct cty_bytes bundle = cty_bytes_make(data + 1, size - 1);
    unsigned width = data[0] + 1u;
    custody_err err = cty_bundle_parse(bundle, width, entries);
    CTY_CHECK(err == CUSTODY_OK || err == CUSTODY_E_BAD_TILE);
    if (err != CUSTODY_OK)
        return 0;
    for (unsigned i = 0; i < width; i++)
        CTY_CHECK(cty_bundle_put(entries[i], &again) == CUSTODY_OK);
    CTY_CHECK(cty_bytes_equal(cty_buf_bytes(&again), bundle));
    return 0;
}
