/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The methods that read, one function each. A snapshot is open, worker->actor is whose session it is (empty
 * where the method needs none), worker->now the moment that deadlines are compared with. Results borrow from the
 * worker until its next call. Inside src/daemon only.
 */
#ifndef CTY_DAEMON_READS_H
#define CTY_DAEMON_READS_H

#include "daemon/service.h"
#include "proto/claims.h"

typedef custody_err cty_read_function(struct cty_worker *worker, const struct cty_rpc_params *params,
                                      union cty_rpc_result *result, custody_error *error);

/* read_ledger.c */
cty_read_function cty_read_info, cty_read_checkpoint, cty_read_proof_inclusion, cty_read_proof_consistency,
    cty_read_entries, cty_read_trust_entries, cty_read_case_entries;
/* tiles.c */
cty_read_function cty_read_tile;
/* read_witnesses.c */
cty_read_function cty_read_witnesses, cty_read_witnessed_checkpoint;
/* A checkpoint of at least this size that meets the custodian's policy; its note in worker->note. Errors: NOT_WITNESSED. */
CUSTODY_MUST_USE custody_err cty_read_witnessed_mark(struct cty_worker *worker, uint64_t size,
                                                     struct cty_store_mark *ret_mark, custody_error *error);
/* list_cases.c */
cty_read_function cty_read_case_list;
/*
 * Fills case.news of what is behind worker->call's `known`, or *known where that is further; *known is how far it
 * looked. *ret_found: there is something to answer.
 */
CUSTODY_MUST_USE custody_err cty_read_case_news_since(struct cty_worker *worker, uint64_t *known, bool *ret_found,
                                                      custody_error *error);
/* read_cases.c */
cty_read_function cty_read_case_get;
/* What a row of a list and a whole case have in common; the case is in worker->the_case afterwards. */
CUSTODY_MUST_USE custody_err cty_read_case_row(struct cty_worker *worker, const struct cty_hash *case_id,
                                               struct cty_rpc_case *result, custody_error *error);
/* Fills a case as case.get has it; *ret_newest is the index of its newest entry. */
CUSTODY_MUST_USE custody_err cty_read_case(struct cty_worker *worker, const struct cty_hash *case_id,
                                           struct cty_rpc_case *result, uint64_t *ret_newest, custody_error *error);
/*
 * The index of the newest entry of a case, how the case reads now, and its deadline: what case.wait looks at.
 * Errors: WRONG_CASE.
 */
CUSTODY_MUST_USE custody_err cty_read_case_news(struct cty_worker *worker, const struct cty_hash *case_id,
                                                uint64_t *ret_newest, enum cty_case_state *ret_state,
                                                uint64_t *ret_due, custody_error *error);
/* read_actors.c */
cty_read_function cty_read_actors, cty_read_policy;
/* read_blobs.c */
cty_read_function cty_read_blob_get;
/* open_session.c */
cty_read_function cty_read_session_challenge, cty_read_session_open, cty_read_session_close;
/* The actor as it stands; whether it may open a session and go on with it. Errors: KEY_UNKNOWN, KEY_NOT_VALID. */
CUSTODY_MUST_USE custody_err cty_session_actor(struct cty_worker *worker, struct cty_bytes name,
                                               struct cty_actor_record *ret_record, custody_error *error);

/* Whether the door that a claim names is the one it was brought to. Errors: BAD_SESSION. */
typedef custody_err cty_session_door(void *context, struct cty_worker *worker, const struct cty_session_claim *claim,
                                     custody_error *error);
/*
 * Judges a claim and uses its challenge up. *ret_claim borrows from the envelope and the worker; *ret_rotation is how many
 * keys its actor has had before. Errors: WRONG_LEDGER, BAD_SESSION, BUSY, those of cty_session_claim_parse and
 * cty_session_actor.
 */
CUSTODY_MUST_USE custody_err cty_session_accept(struct cty_worker *worker, struct cty_bytes envelope,
                                                cty_session_door *door, void *context,
                                                struct cty_session_claim *ret_claim, uint32_t *ret_rotation,
                                                custody_error *error);

/* The newest checkpoint of the snapshot: its note, with the cosignatures that are held for it, in worker->note, borrowed. */
CUSTODY_MUST_USE custody_err cty_read_note(struct cty_worker *worker, struct cty_store_mark *ret_mark,
                                           struct cty_bytes *ret_note, custody_error *error);

#endif
