/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands behind a memory, so that it holds no more at once than it may: a disk index of records and tiles. Its home is
 * elsewhere (src/store/audit_state.h); here are the calls that a memory makes. Thread rule: one thread at a time.
 */
#ifndef CTY_AUDIT_BACKING_H
#define CTY_AUDIT_BACKING_H

#include "base/bytes.h"

enum cty_space {
    CTY_SPACE_RECORD, /* the fold's records */
    CTY_SPACE_ASKED,  /* what findings and texts need beside them */
    CTY_SPACE_REPLAY, /* how far an audit came */
    CTY_SPACE_ROWS    /* what the entries say of a database's rows; of an audit that keeps nothing */
};

typedef custody_err cty_backing_each_fn(void *context, const char *key, struct cty_bytes value);

struct cty_backing {
    void *context;
    /* Appends the value. Errors: NOT_FOUND where there is none; what hinders the reading. */
    custody_err (*get)(void *context, enum cty_space space, const char *key, struct cty_buf *out);
    custody_err (*put)(void *context, enum cty_space space, const char *key, struct cty_bytes value);
    /* Every record whose key begins with `prefix`, in the order of their bytes; `each` may call get and put nothing. */
    custody_err (*each)(void *context, enum cty_space space, const char *prefix, cty_backing_each_fn *each,
                        void *each_context);
    /* A tile of the tree, whole or as far as it goes. Errors: NOT_FOUND. */
    custody_err (*tile_get)(void *context, unsigned level, uint64_t index, struct cty_buf *out);
    custody_err (*tile_put)(void *context, unsigned level, uint64_t index, struct cty_bytes hashes);
    bool empty; /* nothing stands in it yet: it is not asked before something was put */
};

#endif
