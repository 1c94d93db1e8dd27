/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading: lists, contents and whole ledgers. Lists are the custodian's word and nothing more: good for showing,
 * not for acting. Callbacks get views that live for the call only; an error that they return ends the reading.
 */
#ifndef CTY_CLIENT_READ_H
#define CTY_CLIENT_READ_H

#include "client/client.h"
#include "escrow/record.h"

struct cty_case_filter {
    const char *const *states; /* names; NULL: all */
    uint32_t states_count;
    enum cty_mine mine; /* CTY_MINE_DECIDE is the inbox */
};
/* A row of a list, with its record decoded. */
struct cty_case_row {
    const struct cty_rpc_case *row; /* state, due, quorum, may_decide */
    const struct cty_case *record;
};
/* Errors: those of cty_client_call; BAD_RPC for records that are none. */
CUSTODY_MUST_USE custody_err cty_client_cases(struct cty_client *client, const struct cty_case_filter *filter,
                                              custody_err (*each)(void *context, const struct cty_case_row *row),
                                              void *context, custody_error *error);
/* Of one party, or of all (NULL). */
CUSTODY_MUST_USE custody_err cty_client_actors(struct cty_client *client, const char *party,
                                               custody_err (*each)(void *context,
                                                                   const struct cty_actor_record *actor),
                                               void *context, custody_error *error);
/* The policy in force of a party or "ledger", appended to `out`. Errors: NOT_FOUND where there is none. */
CUSTODY_MUST_USE custody_err cty_client_policy(struct cty_client *client, const char *scope, struct cty_buf *out,
                                               struct cty_hash *ret_digest, custody_error *error);
/*
 * A content with its salt, appended to `out`; whether it matches its commitment is for the caller to see (evidence and
 * replay do). `case_id` is the case that the statement is of, NULL for one of the trust chain: without it the
 * custodian may not find it. Errors: FORBIDDEN, NOT_FOUND, BAD_RPC.
 */
CUSTODY_MUST_USE custody_err cty_client_blob(struct cty_client *client, const struct cty_hash *case_id,
                                             const struct cty_hash *statement, struct cty_bytes member,
                                             uint8_t ret_salt[CTY_SALT_SIZE], struct cty_buf *out,
                                             custody_error *error);
/* Puts a content aside for a statement to come, so that `submit` can name it. */
CUSTODY_MUST_USE custody_err cty_client_stage(struct cty_client *client, const struct cty_hash *commitment,
                                              const uint8_t salt[CTY_SALT_SIZE], struct cty_bytes content,
                                              custody_error *error);

/*
 * All entries from `from` to (without) `to`, in batches in order: texts[i] is entry first + i. Take `to` from a verified
 * checkpoint and hash what comes: nothing of it is verified here. Errors: GAP where the custodian gives fewer.
 */
CUSTODY_MUST_USE custody_err cty_client_entries(struct cty_client *client, uint64_t from, uint64_t to,
                                                custody_err (*each)(void *context, uint64_t first,
                                                                    const struct cty_bytes *texts, size_t count),
                                                void *context, custody_error *error);

/*
 * Waits until the case has an entry newer than `known`, or reads otherwise, or the time is up (answer.result.case_wait.
 * changed is then false). Where the custodian has no room for one more who waits, it is asked now and then.
 * Errors: CANCELLED_WAIT, those of cty_client_call.
 */
CUSTODY_MUST_USE custody_err cty_client_wait_news(struct cty_client *client, const struct cty_hash *case_id,
                                                  uint64_t known, uint64_t timeout_ms, struct cty_answer *ret_answer,
                                                  custody_error *error);

#endif
