/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Remembers how record texts decode. The same few actors, the ledger's record and a case's are asked for again and
 * again, within one run of the fold and in the next ones; a text that was decoded before is compared, which is far
 * cheaper than to read it anew. What comes out is a function of the text alone, so nobody can see that it was
 * remembered.
 *
 * A record given out borrows from the memo until the memo turns (cty_memo_turn, called where the view is cleared):
 * a place that was used since the last turn is not taken by another text. Memory is bounded by the places and by
 * the longest text that is remembered, CTY_MEMO_TEXT_MAX, of a policy CTY_MEMO_POLICY_MAX. Thread rule: one thread, that of its view.
 */
#ifndef CTY_ESCROW_MEMO_H
#define CTY_ESCROW_MEMO_H

#include "escrow/record.h"
#include "model/envelope.h"

#define CTY_MEMO_TEXT_MAX 8192u
#define CTY_MEMO_POLICY_MAX 32768u

struct cty_memo;

/* Errors: NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_memo_new(struct cty_memo **ret_memo);
void cty_memo_free(struct cty_memo *memo);
/* From now on more cases are remembered, for who meets many at once and has the room: some MiB. */
void cty_memo_want_cases(struct cty_memo *memo);
/* Records that were given out may be forgotten from now on. `memo` may be NULL. */
void cty_memo_turn(struct cty_memo *memo);

/*
 * As cty_vkey_read of an Ed25519 key, for keys that records name: the same few are read again and again. *ret_name borrows from
 * `vkey`. `memo` may be NULL.
 */
CUSTODY_MUST_USE custody_err cty_memo_vkey(struct cty_memo *memo, struct cty_bytes vkey, struct cty_bytes *ret_name,
                                           struct cty_key *ret_key);

/*
 * A ledger, actor, case, party or policy for reading, without a copy: *ret_record is the memo's until it turns, or `own`, where
 * it was written because the memo has no room for it now. `key` is where the record stands, `memo` may be NULL. Errors: as
 * cty_record_decode, and for a policy as cty_policy_parse.
 */
CUSTODY_MUST_USE custody_err cty_memo_lend(struct cty_memo *memo, const struct cty_shape *shape, const char *key,
                                           struct cty_bytes text, struct cty_json *tape, void *own,
                                           const void **ret_record, custody_error *error);
/*
 * The same as the caller's own copy, in ret_record, and of every shape: ledger, actor, party and policy are written whole,
 * a case as by cty_case_copy; for all others the caller zeroes the memory.
 */
CUSTODY_MUST_USE custody_err cty_memo_decode(struct cty_memo *memo, const struct cty_shape *shape, const char *key,
                                             struct cty_bytes text, struct cty_json *tape, void *ret_record,
                                             custody_error *error);
#endif
