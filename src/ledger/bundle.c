/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/bundle.h"

#include "base/check.h"

custody_err cty_bundle_put(struct cty_bytes entry, struct cty_buf *out)
{
    if (entry.size > CTY_ENTRY_BYTES_MAX)
        return CUSTODY_E_TOO_LARGE;
    const uint8_t length[CTY_BUNDLE_LENGTH_SIZE] = {(uint8_t)(entry.size >> 8), (uint8_t)entry.size};
    CTY_TRY(cty_buf_reserve(out, sizeof(length) + entry.size));
    CTY_TRY(cty_buf_put(out, length, sizeof(length)));
    return cty_buf_put_bytes(out, entry);
}

custody_err cty_bundle_take(struct cty_bytes *rest, struct cty_bytes *ret_entry)
{
    if (rest->size < CTY_BUNDLE_LENGTH_SIZE)
        return CUSTODY_E_BAD_TILE;
    size_t size = (size_t)rest->data[0] << 8 | rest->data[1];
    if (rest->size - CTY_BUNDLE_LENGTH_SIZE < size)
        return CUSTODY_E_BAD_TILE;
    *ret_entry = cty_bytes_make(rest->data + CTY_BUNDLE_LENGTH_SIZE, size);
    *rest = cty_bytes_make(ret_entry->data + size, rest->size - CTY_BUNDLE_LENGTH_SIZE - size);
    return CUSTODY_OK;
}

custody_err cty_bundle_parse(struct cty_bytes bundle, unsigned width, struct cty_bytes ret_entries[CTY_TILE_WIDTH])
{
    CTY_CHECK(width >= 1 && width <= CTY_TILE_WIDTH);
    for (unsigned i = 0; i < width; i++)
        CTY_TRY(cty_bundle_take(&bundle, &ret_entries[i]));
    return bundle.size == 0 ? CUSTODY_OK : CUSTODY_E_BAD_TILE;
}
