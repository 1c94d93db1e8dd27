/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replays a whole ledger from index 0: every byte form, link, signature and rule, on several cores. Entries come in
 * batches in order; signatures of a batch are verified in parallel, the fold goes in order. The first thing that is
 * wrong is told with its entry; later entries are then not judged.
 *
 * Used by `custody audit` (from a socket or a database), and by tests. Thread rule: one thread at a time; it starts
 * and joins its own threads within each call.
 */
#ifndef CTY_AUDIT_REPLAY_H
#define CTY_AUDIT_REPLAY_H

#include "audit/memory.h"
#include "audit/trust.h"

struct cty_replay;

/*
 * Where contents come from: gives the salt and content put with a statement under a member's path. `case_id` is the case
 * that the statement is of, NULL for one of none. NOT_FOUND: not at hand (erased, or not ours to read). The views live until
 * the next call.
 */
struct cty_content_source {
    void *context;
    custody_err (*get)(void *context, const struct cty_hash *case_id, const struct cty_hash *statement,
                       struct cty_bytes member, struct cty_bytes *ret_salt, struct cty_bytes *ret_content);
};

/*
 * `trust` and `report` are borrowed and outlive the replay. `contents` may be NULL: then that claim is not checked.
 * threads: 0 for as many as there are cores. Errors: NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_replay_new(const struct cty_trust *trust, const struct cty_content_source *contents,
                                            unsigned threads, struct cty_report *report,
                                            struct cty_replay **ret_replay);
void cty_replay_free(struct cty_replay *replay);

/*
 * From now on records and tree stand on this backing, borrowed, and what is held in memory is bounded. Where it holds an
 * earlier stretch of the same ledger, judged under the same pins by the same `program` (its version; borrowed), the replay
 * goes on behind that: cty_replay_size says where. Before the first entry.
 * Errors: AUDIT_STATE with what doesn't fit; the backing's.
 */
CUSTODY_MUST_USE custody_err cty_replay_back(struct cty_replay *replay, const struct cty_backing *backing,
                                             const char *program, custody_error *error);
/* The size of the earlier stretch, and the note by which it was verified; 0 and empty where there was none. Borrowed. */
struct cty_bytes cty_replay_before(const struct cty_replay *replay, uint64_t *ret_size);
/*
 * After cty_replay_finish with this note: writes into the backing what the next stretch needs. Only where every entry was
 * judged and no claim fails: cty_replay_can_be_kept. The transaction is the caller's to commit. Errors: the backing's.
 */
bool cty_replay_can_be_kept(const struct cty_replay *replay);
CUSTODY_MUST_USE custody_err cty_replay_keep(struct cty_replay *replay, struct cty_bytes note);

/* At most CTY_REPLAY_BATCH_MAX entries at once. After a failure they are taken for the tree only, not judged. */
#define CTY_REPLAY_BATCH_MAX 4096u
CUSTODY_MUST_USE custody_err cty_replay_entries(struct cty_replay *replay, const struct cty_bytes *texts, size_t count);

/*
 * Ends it against the newest checkpoint: signed by the pinned log key, size and root equal to what was replayed,
 * witnessed where the trust file asks. Fills in every claim that a whole ledger can answer.
 */
CUSTODY_MUST_USE custody_err cty_replay_finish(struct cty_replay *replay, struct cty_bytes note);

/*
 * Before cty_replay_finish: a checkpoint that somebody else was shown, which this ledger must give as well. `name` is borrowed.
 * Errors: LIMIT_REACHED beyond 16, TOO_LARGE, NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_replay_compare(struct cty_replay *replay, const char *name, struct cty_bytes note);
/* Before cty_replay_finish: the source showed a checkpoint of so many entries, and this replay is of one that witnesses have seen. */
void cty_replay_shown(struct cty_replay *replay, uint64_t size);
/* After cty_replay_finish: says in the claim `quorum` how this case stands, and on what. Errors: NOT_FOUND, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_replay_case(struct cty_replay *replay, const struct cty_hash *case_id);

/* The state so far; borrowed. */
struct cty_memory *cty_replay_memory(struct cty_replay *replay);
uint64_t cty_replay_size(const struct cty_replay *replay);
/* The pinned log key, and those that lawful rotations put in its place so far; borrowed. */
const struct cty_log_keys *cty_replay_log_keys(const struct cty_replay *replay);

#endif
