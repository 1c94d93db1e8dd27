/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/tile_path.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/check.h"
#include "ledger/lines.h"

#define HEIGHTS_PER_LEVEL 8u
/* 2^64 has twenty digits. */
#define GROUPS_MAX 7u

/* --- reading --------------------------------------------------------------------------------------------------- */

static bool take_group(struct cty_bytes *rest, unsigned *ret_group)
{
    unsigned group = 0;
    if (rest->size < 3)
        return false;
    for (size_t i = 0; i < 3; i++) {
        if (rest->data[i] < '0' || rest->data[i] > '9')
            return false;
        group = group * 10 + (unsigned)(rest->data[i] - '0');
    }
    *rest = cty_bytes_make(rest->data + 3, rest->size - 3);
    *ret_group = group;
    return true;
}

/* Groups of three digits, all but the last one with an 'x' before and a '/' behind; no group of zeros more than there must be. */
static bool take_index(struct cty_bytes *rest, uint64_t *ret_index)
{
    uint64_t index = 0;
    for (unsigned groups = 0; groups < GROUPS_MAX; groups++) {
        unsigned group = 0;
        bool more = cty_prefix_take(rest, "x");
        if (!take_group(rest, &group) || (more && groups == 0 && group == 0))
            return false;
        if (__builtin_mul_overflow(index, (uint64_t)1000, &index) || __builtin_add_overflow(index, (uint64_t)group, &index))
            return false;
        *ret_index = index;
        if (!more)
            return true;
        if (!cty_prefix_take(rest, "/"))
            return false;
    }
    return false;
}

/* What stands behind the index: nothing, or a width. */
static bool take_width(struct cty_bytes rest, unsigned *ret_width)
{
    uint64_t width = CTY_TILE_WIDTH;
    if (rest.size && (!cty_prefix_take(&rest, ".p/") || cty_u64_parse(rest, CTY_TILE_WIDTH - 1, &width) != CUSTODY_OK ||
                      width == 0))
        return false;
    *ret_width = (unsigned)width;
    return true;
}

static bool take_level(struct cty_bytes *rest, struct cty_tile_path *path)
{
    uint64_t level = 0;
    const uint8_t *slash = rest->size ? memchr(rest->data, '/', rest->size) : NULL;
    if (cty_prefix_take(rest, "entries/")) {
        path->kind = CTY_TILE_ENTRIES;
        return true;
    }
    size_t size = slash ? (size_t)(slash - rest->data) : 0;
    if (!slash || cty_u64_parse(cty_bytes_make(rest->data, size), CTY_TILE_LEVEL_MAX, &level) != CUSTODY_OK)
        return false;
    path->level = (unsigned)level;
    *rest = cty_bytes_make(slash + 1, rest->size - size - 1);
    return true;
}

custody_err cty_tile_path_parse(struct cty_bytes text, struct cty_tile_path *ret_path)
{
    struct cty_tile_path path = {.kind = CTY_TILE_HASHES};
    if (cty_bytes_is(text, "checkpoint")) {
        *ret_path = (struct cty_tile_path){.kind = CTY_TILE_CHECKPOINT};
        return CUSTODY_OK;
    }
    if (!cty_prefix_take(&text, "tile/") || !take_level(&text, &path) || !take_index(&text, &path.index) ||
        !take_width(text, &path.width))
        return CUSTODY_E_BAD_PARAMS;
    *ret_path = path;
    return CUSTODY_OK;
}

/* --- writing --------------------------------------------------------------------------------------------------- */

static int put_index(char *text, size_t size, uint64_t index)
{
    unsigned groups[GROUPS_MAX];
    unsigned count = 0;
    int at = 0;
    do {
        groups[count++] = (unsigned)(index % 1000);
        index /= 1000;
    } while (index);
    while (count-- > 1)
        at += snprintf(text + at, size - (size_t)at, "x%03u/", groups[count]);
    return at + snprintf(text + at, size - (size_t)at, "%03u", groups[0]);
}

void cty_tile_path_format(const struct cty_tile_path *path, char ret_text[CTY_TILE_PATH_SIZE])
{
    int at = 0;
    if (path->kind == CTY_TILE_CHECKPOINT) {
        snprintf(ret_text, CTY_TILE_PATH_SIZE, "checkpoint");
        return;
    }
    CTY_CHECK(path->level <= CTY_TILE_LEVEL_MAX && path->width >= 1 && path->width <= CTY_TILE_WIDTH);
    if (path->kind == CTY_TILE_ENTRIES)
        at = snprintf(ret_text, CTY_TILE_PATH_SIZE, "tile/entries/");
    else
        at = snprintf(ret_text, CTY_TILE_PATH_SIZE, "tile/%u/", path->level);
    at += put_index(ret_text + at, CTY_TILE_PATH_SIZE - (size_t)at, path->index);
    if (path->width < CTY_TILE_WIDTH)
        snprintf(ret_text + at, CTY_TILE_PATH_SIZE - (size_t)at, ".p/%u", path->width);
}

/* --- what there is --------------------------------------------------------------------------------------------- */

/* How many hashes of this level a tree has. */
static uint64_t level_size(uint64_t size, unsigned level)
{
    return level * HEIGHTS_PER_LEVEL < 64 ? size >> (level * HEIGHTS_PER_LEVEL) : 0;
}

unsigned cty_tile_width(uint64_t size, unsigned level, uint64_t index)
{
    uint64_t hashes = level_size(size, level);
    uint64_t full = hashes / CTY_TILE_WIDTH;
    if (index < full)
        return CTY_TILE_WIDTH;
    return index == full ? (unsigned)(hashes % CTY_TILE_WIDTH) : 0;
}

uint64_t cty_tile_count(uint64_t size, unsigned level)
{
    uint64_t hashes = level_size(size, level);
    return hashes / CTY_TILE_WIDTH + (hashes % CTY_TILE_WIDTH != 0);
}

bool cty_tile_path_exists(const struct cty_tile_path *path, uint64_t size)
{
    return path->kind == CTY_TILE_CHECKPOINT || path->width <= cty_tile_width(size, path->level, path->index);
}
