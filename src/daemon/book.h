/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetches what the fold wants to see: a view, filled from what was judged and not stored yet, then from what the
 * sequencer holds, then from the database. The question is asked again until nothing is wanted:
 *
 *     do
 *         err = cty_fold(&book->view, ...);
 *     while (cty_book_again(book, &err, error));
 *
 * Owns the values in the view, until cty_book_clear. Thread rule: one thread at a time, that of its reader.
 */
#ifndef CTY_DAEMON_BOOK_H
#define CTY_DAEMON_BOOK_H

#include "daemon/cache.h"
#include "escrow/fold.h"
#include "store/reader.h"

#define CTY_BOOK_PENDING_MAX 8u

struct cty_book {
    struct cty_view view;
    struct cty_store_reader *reader; /* borrowed; NULL: there is nothing, as before entry 0 */
    struct cty_cache *cache;         /* borrowed; NULL: none */
    const struct cty_buf *ledger;    /* borrowed; the ledger's record where it may not be stored yet; NULL or empty: none */
    const struct cty_delta *pending[CTY_BOOK_PENDING_MAX]; /* borrowed; the newest last */
    uint32_t pending_count;
    struct cty_buf values[CTY_VIEW_SLOTS_MAX];
    struct cty_json tape; /* of cty_book_record */
};

void cty_book_init(struct cty_book *book, struct cty_store_reader *reader, struct cty_cache *cache);
void cty_book_done(struct cty_book *book);
/* Every entry changes this record; the group's last one is stored. */
#define CTY_BOOK_LEDGER "ledger"

/* Forgets what was fetched; pending deltas stay. */
void cty_book_clear(struct cty_book *book);
/* Forgets those as well. */
void cty_book_reset(struct cty_book *book);

/*
 * Where *err is VIEW_INCOMPLETE: fetches what is wanted and says true, so that the question is asked again.
 * Where that fails, *err is why, and it says false.
 */
bool cty_book_again(struct cty_book *book, custody_err *err, custody_error *error);

/* The text of one record, borrowed until cty_book_clear; *ret_present false where there is none. */
CUSTODY_MUST_USE custody_err cty_book_text(struct cty_book *book, const char *key, struct cty_bytes *ret_text,
                                           bool *ret_present, custody_error *error);
/* The same, decoded into memory that the caller zeroed. */
CUSTODY_MUST_USE custody_err cty_book_record(struct cty_book *book, const struct cty_shape *shape, void *ret_record,
                                             bool *ret_present, custody_error *error, const char *key, ...)
    CUSTODY_PRINTF(6, 7);
/* Of a case, by its id. Errors besides: WRONG_CASE where there is none. */
CUSTODY_MUST_USE custody_err cty_book_case(struct cty_book *book, const struct cty_hash *case_id,
                                           struct cty_case *ret_case, struct cty_bytes *ret_text,
                                           custody_error *error);
/* The same for reading only: what the book's memory holds of it, until cty_book_clear, or `own`. */
CUSTODY_MUST_USE custody_err cty_book_lend_case(struct cty_book *book, const struct cty_hash *case_id,
                                                struct cty_case *own, const struct cty_case **ret_case,
                                                custody_error *error);

#endif
