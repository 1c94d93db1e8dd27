/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree's nodes out of stored tiles. A slot keeps a tile with its inner nodes. A full tile never changes; one
 * that may have grown is read again in each snapshot, its old part compared byte by byte, and only what is new
 * is hashed. So a slot's inner nodes always follow from bytes that were read.
 */
#include "base/check.h"
#include "store/inner.h"

void cty_reader_refresh(struct cty_store_reader *reader)
{
    reader->snapshot++;
}

void cty_reader_forget(struct cty_store_reader *reader)
{
    for (size_t i = 0; i < CTY_STORE_SLOTS; i++)
        reader->slots[i].used = false;
    cty_reader_refresh(reader);
}

static struct cty_store_slot *slot_of(struct cty_store_reader *reader, const struct cty_tile_place *place)
{
    if (place->level == 0)
        return &reader->slots[place->index % CTY_STORE_SLOTS_BOTTOM];
    if (place->level == 1)
        return &reader->slots[CTY_STORE_SLOTS_BOTTOM + place->index % CTY_STORE_SLOTS_SECOND];
    return &reader->slots[CTY_STORE_SLOTS_BOTTOM + CTY_STORE_SLOTS_SECOND + place->level - 2];
}

static custody_err tile_altered(const struct cty_tile_place *place, const char *what, custody_error *error)
{
    return cty_fail(error, CUSTODY_E_STORE_ALTERED, "tile %u/%llu: %s", place->level,
                    (unsigned long long)place->index, what);
}

/* Takes over what the row holds beyond what the slot has. */
static custody_err slot_extend(struct cty_store_slot *slot, const struct cty_tile_place *place,
                               struct cty_bytes row, custody_error *error)
{
    struct cty_tile *tile = &slot->tile;
    struct cty_bytes known = cty_tile_hashes(tile);
    if (row.size % CTY_HASH_SIZE != 0 || row.size > CTY_TILE_WIDTH * CTY_HASH_SIZE)
        return tile_altered(place, "not whole hashes", error);
    if (row.size < known.size || memcmp(row.data, known.data, known.size) != 0)
        return tile_altered(place, "it changed", error);
    for (size_t at = known.size; at < row.size; at += CTY_HASH_SIZE) {
        struct cty_hash hash;
        memcpy(hash.bytes, row.data + at, CTY_HASH_SIZE);
        cty_tile_push(tile, &hash);
    }
    return CUSTODY_OK;
}

static bool slot_is(const struct cty_store_slot *slot, const struct cty_tile_place *place)
{
    return slot->used && slot->tile.level == place->level && slot->tile.index == place->index;
}

/* Brings the slot up to what is stored. Errors: NOT_FOUND. */
static custody_err slot_read(struct cty_store_reader *reader, struct cty_store_slot *slot,
                             const struct cty_tile_place *place, custody_error *error)
{
    CTY_CLEANUP(cty_query_done) struct cty_query query = cty_query_make(&reader->sql, CTY_SQL_TILE_GET, error);
    cty_query_u64(&query, place->level);
    cty_query_u64(&query, place->index);
    CTY_TRY(cty_query_one(&query));
    struct cty_bytes row = cty_query_get_blob(&query);
    CTY_TRY(cty_query_check(&query));
    if (!slot_is(slot, place)) {
        cty_tile_clear(&slot->tile, place->level, place->index);
        slot->used = true;
    }
    CTY_TRY(slot_extend(slot, place, row, error));
    slot->read = reader->snapshot;
    return CUSTODY_OK;
}

static custody_err node_stored(void *context, unsigned height, uint64_t index, struct cty_hash *ret_hash)
{
    struct cty_store_reader *reader = context;
    CTY_TRY(cty_reader_check(reader, NULL));
    struct cty_tile_place place = cty_tile_place_of(height, index);
    if (place.level >= CTY_TILE_LEVELS)
        return CUSTODY_E_NOT_FOUND;
    struct cty_store_slot *slot = slot_of(reader, &place);
    bool fresh = slot_is(slot, &place) &&
                 (slot->tile.count == CTY_TILE_WIDTH || slot->read == reader->snapshot);
    if (!fresh)
        CTY_TRY(slot_read(reader, slot, &place, NULL));
    const struct cty_hash *node = cty_tile_get(&slot->tile, &place);
    if (!node)
        return CUSTODY_E_NOT_FOUND;
    *ret_hash = *node;
    return CUSTODY_OK;
}

/* The writer's memory first: it holds what isn't stored yet. */
static custody_err node_newest(void *context, unsigned height, uint64_t index, struct cty_hash *ret_hash)
{
    struct cty_store_reader *reader = context;
    struct cty_tile_place place = cty_tile_place_of(height, index);
    const struct cty_hash *node = NULL;
    CTY_TRY(cty_reader_check(reader, NULL));
    if (reader->edge && reader->edge->valid && place.level < CTY_TILE_LEVELS)
        node = cty_tile_get(&reader->edge->tiles[place.level], &place);
    if (!node)
        return node_stored(context, height, index, ret_hash);
    *ret_hash = *node;
    return CUSTODY_OK;
}

struct cty_tree_reader cty_store_tree_stored(struct cty_store_reader *reader)
{
    return (struct cty_tree_reader){.context = reader, .node = node_stored};
}

struct cty_tree_reader cty_store_tree(struct cty_store_reader *reader)
{
    return (struct cty_tree_reader){.context = reader, .node = reader->edge ? node_newest : node_stored};
}
