/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entry bundles (C2SP tlog-tiles): the entries of one tile of level 0, each with its length before it, 16 bits, the high byte
 * first. See spec/tiles.md.
 *
 * Owns nothing: what is read borrows from the bundle. Nothing in a bundle means anything before the leaf hashes of its
 * entries were compared with a tree that a verified checkpoint names. Thread rule: pure.
 */
#ifndef CTY_LEDGER_BUNDLE_H
#define CTY_LEDGER_BUNDLE_H

#include "ledger/tree.h"

/* Bytes before each entry. */
#define CTY_BUNDLE_LENGTH_SIZE 2u

/* Appends one entry. Errors: TOO_LARGE above CTY_ENTRY_BYTES_MAX and beyond the buffer's limit, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_bundle_put(struct cty_bytes entry, struct cty_buf *out);

/* Takes the first entry off *rest. Errors: BAD_TILE where it is cut off, also where nothing is left. */
CUSTODY_MUST_USE custody_err cty_bundle_take(struct cty_bytes *rest, struct cty_bytes *ret_entry);

/*
 * Splits a bundle that has to hold `width` entries, 1 to CTY_TILE_WIDTH, and nothing behind them. An entry may be empty.
 * Errors: BAD_TILE.
 */
CUSTODY_MUST_USE custody_err cty_bundle_parse(struct cty_bytes bundle, unsigned width,
                                              struct cty_bytes ret_entries[CTY_TILE_WIDTH]);

#endif
