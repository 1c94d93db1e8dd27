/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writer's right edge: the last tile of each level, in memory. A full tile's root is the next hash of the level
 * above, so one appended leaf changes a tile of each level at most, and nothing is read to append.
 */
#include "base/check.h"
#include "store/inner.h"

static custody_err tile_store(struct cty_store *store, unsigned level, custody_error *error)
{
    const struct cty_tile *tile = &store->edge.tiles[level];
    CTY_CLEANUP(cty_query_done) struct cty_query query =
        cty_query_make(&store->view.sql, CTY_SQL_TILE_PUT, error);
    cty_query_u64(&query, level);
    cty_query_u64(&query, tile->index);
    cty_query_blob(&query, cty_tile_hashes(tile));
    CTY_TRY(cty_query_run(&query));
    store->edge.dirty[level] = false;
    return CUSTODY_OK;
}

/* Makes room for one more hash. */
static custody_err tile_advance(struct cty_store *store, unsigned level, custody_error *error)
{
    struct cty_tile *tile = &store->edge.tiles[level];
    if (tile->count < CTY_TILE_WIDTH)
        return CUSTODY_OK;
    if (store->edge.dirty[level])
        CTY_TRY(tile_store(store, level, error));
    cty_tile_clear(tile, level, tile->index + 1);
    return CUSTODY_OK;
}

custody_err cty_store_edge_push(struct cty_store *store, const struct cty_hash *leaf, custody_error *error)
{
    const struct cty_hash *hash = leaf;
    for (unsigned level = 0; level < CTY_TILE_LEVELS; level++) {
        struct cty_tile *tile = &store->edge.tiles[level];
        CTY_TRY(tile_advance(store, level, error));
        cty_tile_push(tile, hash);
        store->edge.dirty[level] = true;
        if (tile->count < CTY_TILE_WIDTH)
            return CUSTODY_OK;
        hash = &tile->node[1];
    }
    return cty_fail(error, CUSTODY_E_INTERNAL, "the tree is too high");
}

custody_err cty_store_edge_store(struct cty_store *store, custody_error *error)
{
    for (unsigned level = 0; level < CTY_TILE_LEVELS; level++) {
        if (store->edge.dirty[level])
            CTY_TRY(tile_store(store, level, error));
    }
    return CUSTODY_OK;
}

static custody_err tile_load(struct cty_store *store, unsigned level, custody_error *error)
{
    struct cty_tree_reader stored = cty_store_tree_stored(&store->view);
    struct cty_tile *tile = &store->edge.tiles[level];
    uint64_t count = cty_tile_level_size(store->view.size, level);
    uint64_t first = count == 0 ? 0 : (count - 1) / CTY_TILE_WIDTH * CTY_TILE_WIDTH;
    cty_tile_clear(tile, level, first / CTY_TILE_WIDTH);
    for (uint64_t i = first; i < count; i++) {
        struct cty_hash hash;
        custody_err err = stored.node(stored.context, level * CTY_TILE_HEIGHT, i, &hash);
        if (err != CUSTODY_OK)
            return cty_fail(error, err == CUSTODY_E_NOT_FOUND ? CUSTODY_E_STORE_ALTERED : err,
                            "tile %u/%llu", level, (unsigned long long)tile->index);
        cty_tile_push(tile, &hash);
    }
    return CUSTODY_OK;
}

custody_err cty_store_edge_load(struct cty_store *store, custody_error *error)
{
    store->edge.valid = false;
    for (unsigned level = 0; level < CTY_TILE_LEVELS; level++) {
        CTY_TRY(tile_load(store, level, error));
        store->edge.dirty[level] = false;
    }
    store->edge.valid = true;
    return CUSTODY_OK;
}

static custody_err node_of_edge(void *context, unsigned height, uint64_t index, struct cty_hash *ret_hash)
{
    const struct cty_store_edge *edge = context;
    struct cty_tile_place place = cty_tile_place_of(height, index);
    if (place.level >= CTY_TILE_LEVELS)
        return CUSTODY_E_NOT_FOUND;
    const struct cty_hash *node = cty_tile_get(&edge->tiles[place.level], &place);
    if (!node)
        return CUSTODY_E_NOT_FOUND;
    *ret_hash = *node;
    return CUSTODY_OK;
}

custody_err cty_store_edge_root(struct cty_store *store, struct cty_hash *ret_root, custody_error *error)
{
    struct cty_tree_reader reader = {.context = &store->edge, .node = node_of_edge};
    custody_err err = cty_tree_root(&reader, store->view.size, ret_root);
    return err == CUSTODY_OK ? CUSTODY_OK : cty_fail(error, CUSTODY_E_INTERNAL, "the edge has a gap");
}
