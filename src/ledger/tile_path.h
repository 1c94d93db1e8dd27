/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of what a log publishes (C2SP tlog-tiles): `checkpoint`, `tile/<L>/<N>[.p/<W>]`, `tile/entries/<N>[.p/<W>]`; and
 * which of them a tree of some size has. See spec/tiles.md.
 *
 * Owns nothing. Thread rule: pure.
 */
#ifndef CTY_LEDGER_TILE_PATH_H
#define CTY_LEDGER_TILE_PATH_H

#include "ledger/tree.h"

enum cty_tile_kind { CTY_TILE_CHECKPOINT, CTY_TILE_HASHES, CTY_TILE_ENTRIES };

#define CTY_TILE_LEVEL_MAX 63u

struct cty_tile_path {
    enum cty_tile_kind kind;
    unsigned level; /* of hashes: 0 to CTY_TILE_LEVEL_MAX; entries lie below level 0 and have 0 here */
    uint64_t index;
    unsigned width; /* 1 to CTY_TILE_WIDTH, which is a full one; 0 for the checkpoint */
};

/* The longest one, `tile/entries/` with seven groups of digits and `.p/255`, and its NUL. */
#define CTY_TILE_PATH_SIZE 64u

/*
 * Reads a path, without a '/' before it. There is one spelling for each: no other number of zeros, no other width than 1 to
 * 255, nothing behind it. Errors: BAD_PARAMS.
 */
CUSTODY_MUST_USE custody_err cty_tile_path_parse(struct cty_bytes text, struct cty_tile_path *ret_path);
/* A lawful path, NUL-terminated. */
void cty_tile_path_format(const struct cty_tile_path *path, char ret_text[CTY_TILE_PATH_SIZE]);

/* How many hashes (at level 0: entries) of this tile a tree of `size` leaves has: 0 to CTY_TILE_WIDTH. */
unsigned cty_tile_width(uint64_t size, unsigned level, uint64_t index);
/* How many tiles of this level a tree of `size` leaves has, the partial one among them. */
uint64_t cty_tile_count(uint64_t size, unsigned level);
/*
 * Whether a tree of `size` leaves has it all. What a smaller tree had, a larger one has too: of a tile each part from its
 * beginning on. The checkpoint is always there.
 */
bool cty_tile_path_exists(const struct cty_tile_path *path, uint64_t size);

#endif
