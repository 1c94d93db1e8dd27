/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a witness that follows a log reads it: a custodian's door by nng, or C2SP tiles over HTTP. Nothing that it gives is
 * verified here, but for what the tiles make of themselves. Thread rule: one thread.
 */
#ifndef CTY_WITNESS_SOURCE_H
#define CTY_WITNESS_SOURCE_H

#include <stdatomic.h>

#include "ledger/note.h"

struct cty_witness_source {
    void *context;
    /* Appends the log's newest checkpoint note. Errors: UNREACHABLE, TIMEOUT and what else the door refuses with. */
    custody_err (*newest)(void *context, struct cty_buf *note, custody_error *error);
    /*
     * The proof from the tree of `old_size` (above 0) to the larger one, and the root that the log says the smaller has.
     * Errors: the same; ROOT_MISMATCH tiles that are not those of `large`.
     */
    custody_err (*consistency)(void *context, uint64_t old_size, const struct cty_checkpoint *large,
                               struct cty_proof *ret_proof, struct cty_hash *ret_old_root, custody_error *error);
    void (*close)(void *context);
    bool is_cached; /* between the log and here, by others: an older checkpoint may come after a newer one */
};

/* `certificate`: PEM of a TLS door; may be empty. `stop` is borrowed. Errors: CONFIG, CERTIFICATE, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_witness_source_nng(const char *url, struct cty_bytes certificate, const atomic_bool *stop,
                                                    struct cty_witness_source *ret_source, custody_error *error);
/* `url` is the prefix of tlog-tiles. */
CUSTODY_MUST_USE custody_err cty_witness_source_tiles(const char *url, const atomic_bool *stop,
                                                      struct cty_witness_source *ret_source, custody_error *error);
/* One of the two, by the URL's scheme. Errors: CONFIG too. */
CUSTODY_MUST_USE custody_err cty_witness_source_open(const char *url, struct cty_bytes certificate, const atomic_bool *stop,
                                                     struct cty_witness_source *ret_source, custody_error *error);
/* Whether it can be followed: looks at the text alone. Errors: CONFIG. */
CUSTODY_MUST_USE custody_err cty_witness_source_check(const char *url, custody_error *error);

#endif
