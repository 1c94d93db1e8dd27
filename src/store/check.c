/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Check before sign (R15). Nothing here looks at what the writer holds in memory until the end: entries and tiles
 * come out of the transaction as SQLite will commit it, so a bit that flipped on the way in is seen before the
 * log key swears to it.
 */
#include "base/check.h"
#include "store/inner.h"

static custody_err differs(custody_error *error, const char *what, uint64_t at)
{
    return cty_fail(error, CUSTODY_E_STORE_ALTERED, "before signing: %s at %llu", what, (unsigned long long)at);
}

/* A missing node is a difference too. */
static custody_err node_read(struct cty_store *store, uint64_t index, struct cty_hash *ret_hash,
                             custody_error *error)
{
    struct cty_tree_reader stored = cty_store_tree_stored(&store->view);
    custody_err err = stored.node(stored.context, 0, index, ret_hash);
    if (err == CUSTODY_E_NOT_FOUND)
        return differs(error, "no leaf", index);
    return err == CUSTODY_OK ? CUSTODY_OK : cty_fail_code(error, err);
}

/* Every entry of this transaction hashes to its leaf. */
static custody_err check_leaves(struct cty_store *store, custody_error *error)
{
    CTY_CLEANUP(cty_query_done) struct cty_query query =
        cty_query_make(&store->view.sql, CTY_SQL_ENTRY_CHECK, error);
    cty_query_u64(&query, store->committed.size);
    uint64_t index = store->committed.size;
    for (;; index++) {
        bool row = false;
        struct cty_hash stored;
        CTY_TRY(cty_query_step(&query, &row));
        if (!row)
            break;
        uint64_t found = cty_query_get_u64(&query);
        struct cty_bytes body = cty_query_get_blob(&query);
        CTY_TRY(cty_query_check(&query));
        if (found != index)
            return differs(error, "another index", index);
        CTY_TRY(node_read(store, index, &stored, error));
        struct cty_hash leaf = cty_tree_leaf(body);
        if (!cty_hash_equal(&leaf, &stored))
            return differs(error, "another entry", index);
    }
    return index == store->view.size ? CUSTODY_OK : differs(error, "no entry", index);
}

static custody_err tree_checked(custody_err err, const char *what, uint64_t at, custody_error *error)
{
    if (err == CUSTODY_OK)
        return CUSTODY_OK;
    if (custody_err_class_get(err) == CUSTODY_CLASS_REFUSAL)
        return differs(error, what, at);
    return cty_fail_code(error, err);
}

static custody_err check_root(struct cty_store *store, struct cty_hash *ret_root, custody_error *error)
{
    struct cty_tree_reader stored = cty_store_tree_stored(&store->view);
    struct cty_hash grown;
    uint64_t size = store->view.size;
    CTY_TRY(tree_checked(cty_tree_root(&stored, size, ret_root), "no root", size, error));
    CTY_TRY(cty_store_edge_root(store, &grown, error));
    return cty_hash_equal(&grown, ret_root) ? CUSTODY_OK : differs(error, "another root", size);
}

/* The checkpoint that this one follows is the one we remember, and it is a prefix. */
static custody_err check_consistency(struct cty_store *store, const struct cty_hash *root,
                                     custody_error *error)
{
    struct cty_tree_reader stored = cty_store_tree_stored(&store->view);
    struct cty_store_mark last;
    struct cty_proof proof;
    CTY_TRY(cty_store_read_newest(&store->view, &last, NULL, error));
    if (last.size != store->committed.size || !cty_hash_equal(&last.root, &store->committed.root))
        return differs(error, "another last checkpoint", last.size);
    CTY_TRY(tree_checked(cty_tree_consistency(&stored, last.size, store->view.size, &proof), "no proof",
                         last.size, error));
    return tree_checked(cty_tree_consistency_verify(last.size, &last.root, store->view.size, root, &proof),
                        "not consistent with the checkpoint", last.size, error);
}

static custody_err check(struct cty_store *store, struct cty_store_mark *ret_mark, custody_error *error)
{
    CTY_TRY(cty_store_edge_store(store, error));
    cty_reader_refresh(&store->view);
    CTY_TRY(check_leaves(store, error));
    CTY_TRY(check_root(store, &ret_mark->root, error));
    ret_mark->size = store->view.size;
    return check_consistency(store, &ret_mark->root, error);
}

custody_err cty_store_check(struct cty_store *store, struct cty_store_mark *ret_mark, custody_error *error)
{
    struct cty_store_mark mark;
    CTY_TRY(cty_store_check_open(store, error));
    CTY_TRY(cty_store_fail(store, check(store, &mark, error)));
    store->checked = mark;
    store->is_checked = true;
    *ret_mark = mark;
    return CUSTODY_OK;
}

/* --- the checkpoint ---------------------------------------------------------------------------------------- */

static custody_err checkpoint_put(struct cty_store *store, const struct cty_store_checkpoint *checkpoint,
                                  custody_error *error)
{
    const struct cty_store_mark *mark = &checkpoint->mark;
    if (!store->is_checked || store->is_covered)
        return cty_fail(error, CUSTODY_E_INTERNAL, "a checkpoint without a check");
    if (mark->size != store->checked.size || !cty_hash_equal(&mark->root, &store->checked.root))
        return cty_fail(error, CUSTODY_E_INTERNAL, "a checkpoint over something else than was checked");
    if (cty_store_check_note(checkpoint->note, cty_buf_bytes(&store->view.origin), mark, error) != CUSTODY_OK)
        return cty_fail(error, CUSTODY_E_INTERNAL, "a note over something else than was checked");
    CTY_CLEANUP(cty_query_done) struct cty_query query =
        cty_query_make(&store->view.sql, CTY_SQL_CHECKPOINT_PUT, error);
    cty_query_u64(&query, mark->size);
    cty_query_hash(&query, &mark->root);
    cty_query_blob(&query, checkpoint->note);
    CTY_TRY(cty_query_run(&query));
    store->is_covered = true;
    return CUSTODY_OK;
}

custody_err cty_store_put_checkpoint(struct cty_store *store, const struct cty_store_checkpoint *checkpoint,
                                     custody_error *error)
{
    CTY_TRY(cty_store_check_open(store, error));
    return cty_store_fail(store, checkpoint_put(store, checkpoint, error));
}
