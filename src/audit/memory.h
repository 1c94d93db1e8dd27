/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of a ledger in memory, for replays: records by key, and the nodes of the tree, so that the root of
 * every earlier size is at hand. Thread rule: one thread at a time.
 */
#ifndef CTY_AUDIT_MEMORY_H
#define CTY_AUDIT_MEMORY_H

#include "audit/backing.h"
#include "escrow/fold.h"
#include "ledger/tree.h"

struct cty_memory;

/* Errors: NO_MEMORY. The caller owns *ret_memory. */
CUSTODY_MUST_USE custody_err cty_memory_new(struct cty_memory **ret_memory);
void cty_memory_free(struct cty_memory *memory);
/*
 * A memory over another: it reads what is there, and keeps what is put to itself. The one below lives as long as any over it,
 * whoever frees it first, and must not be put to meanwhile: cty_memory_own makes it another's first. Sparse as that is.
 * Errors: NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_memory_over(struct cty_memory *below, struct cty_memory **ret_memory);
/* Replaces *memory by a copy of its records where another stands on it. Errors: NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_memory_own(struct cty_memory **memory);
/* For evidence, which holds some entries only: no tree is kept; proven roots are put as records "root/<size>". */
void cty_memory_set_sparse(struct cty_memory *memory);

/* Records. get gives an empty view (data NULL) where there is none; it lives until that key is put again. */
struct cty_bytes cty_memory_get(const struct cty_memory *memory, const char *key);
CUSTODY_MUST_USE custody_err cty_memory_put(struct cty_memory *memory, const char *key, struct cty_bytes value);
/* Calls `each` for every record, in no order; an error ends it. It may get, and put nothing. */
CUSTODY_MUST_USE custody_err cty_memory_each(const struct cty_memory *memory, cty_backing_each_fn *each, void *context);
/* The same for those whose key begins so. */
CUSTODY_MUST_USE custody_err cty_memory_each_of(const struct cty_memory *memory, const char *prefix,
                                                cty_backing_each_fn *each, void *context);
/* How many are held here: all, where there is no backing. */
uint64_t cty_memory_records(const struct cty_memory *memory);
/* How many there are, here or in the backing, which is read for it. Errors: the backing's. */
CUSTODY_MUST_USE custody_err cty_memory_count(const struct cty_memory *memory, uint64_t *ret_count);

/*
 * A memory over a backing, borrowed: records are read from there when they are asked for, and kept here up to some bytes;
 * cty_memory_trim, between entries, writes what is new and drops what is over. A view that get gave lives until then. What
 * hinders the backing is returned by the next fill, trim or flush, and by all after it. On an empty memory.
 * Errors: INTERNAL.
 */
CUSTODY_MUST_USE custody_err cty_memory_back(struct cty_memory *memory, const struct cty_backing *backing,
                                             enum cty_space space, size_t bytes_max);
/* The tree too: its newest nodes here, all in tiles there. `size`: of the tree that stands there. */
CUSTODY_MUST_USE custody_err cty_memory_back_tree(struct cty_memory *memory, uint64_t size);
CUSTODY_MUST_USE custody_err cty_memory_trim(struct cty_memory *memory);
/* Writes everything that is new. */
CUSTODY_MUST_USE custody_err cty_memory_flush(struct cty_memory *memory);
CUSTODY_MUST_USE custody_err cty_memory_flush_tree(struct cty_memory *memory);

/* The tree. */
CUSTODY_MUST_USE custody_err cty_memory_append_leaf(struct cty_memory *memory, const struct cty_hash *leaf);
uint64_t cty_memory_size(const struct cty_memory *memory);
/* Errors: NOT_FOUND beyond the size. */
CUSTODY_MUST_USE custody_err cty_memory_root(const struct cty_memory *memory, uint64_t size,
                                             struct cty_hash *ret_root);
/* Borrowed; lives as long as the memory. */
const struct cty_tree_reader *cty_memory_tree(const struct cty_memory *memory);

/*
 * Fills in everything that the view wants: records from here, roots from the tree. What is not here is ABSENT, or
 * what `missing` says for its key (NULL: always ABSENT). Values borrow from the memory and from `scratch`.
 */
CUSTODY_MUST_USE custody_err cty_memory_fill(const struct cty_memory *memory, struct cty_view *view,
                                             enum cty_view_status (*missing)(void *context, const char *key),
                                             void *context);

/* Folds an entry over the memory and, where it is lawful, takes its delta and its leaf in. */
CUSTODY_MUST_USE custody_err cty_memory_fold(struct cty_memory *memory, struct cty_view *view,
                                             const struct cty_fold_input *input, struct cty_delta *delta,
                                             enum cty_view_status (*missing)(void *context, const char *key),
                                             void *context, custody_error *error);

#endif
