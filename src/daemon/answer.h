/* SPDX-License-Identifier: Apache-2.0 */
/* What the files share that answer a job: answer.c, writes.c, waiting.c. Inside src/daemon only. */
#ifndef CTY_DAEMON_ANSWER_H
#define CTY_DAEMON_ANSWER_H

#include "daemon/service.h"

/* Appends a failure, or a result, to the job's answer. `refusal` may be empty. */
void cty_answer_failure(struct cty_job *job, const struct cty_rpc_id *id, custody_err err, const custody_error *error,
                        struct cty_bytes refusal);
void cty_answer_plain_failure(struct cty_job *job, const struct cty_rpc_id *id, custody_err err,
                              const custody_error *error);
void cty_answer_result(struct cty_job *job, const struct cty_rpc_id *id, enum cty_rpc rpc,
                       const union cty_rpc_result *result);

/* Whose session worker->call comes with, into worker->actor; a snapshot is open. Errors: NO_SESSION. */
CUSTODY_MUST_USE custody_err cty_answer_access(struct cty_worker *worker, custody_error *error);
/* The same of a method that needs a session sometimes. */
CUSTODY_MUST_USE custody_err cty_answer_session(struct cty_worker *worker, custody_error *error);
/* Goes on to the next call of the message. */
void cty_answer_advance(struct cty_job *job);
/* Sends what was answered, and gives the job back. */
void cty_answer_finish(struct cty_worker *worker, struct cty_job *job);
/* By what a call that doesn't verify changes its connection's standing; one that is answered mends it by 1. */
#define CTY_STANDING_UNVERIFIED 4

/* writes.c */
bool cty_writes_is_one(enum cty_rpc rpc);
/*
 * Sends worker->call and the writes that follow it to the sequencer. True where they are all decided already;
 * else the job belongs to the sequencer, and comes back when they are.
 */
bool cty_writes_run(struct cty_worker *worker, struct cty_job *job);
/* Answers the writes of a run that has ended. */
void cty_writes_answer(struct cty_worker *worker, struct cty_job *job);

/* waiting.c: worker->call is a case.wait or case.news. *ret_parked: the job is not this worker's any more. */
CUSTODY_MUST_USE custody_err cty_wait_or_answer(struct cty_worker *worker, struct cty_job *job, bool *ret_parked,
                                                custody_error *error);
/* A call that was woken: looks again, and answers, parks or drops it. */
void cty_waiting_step(struct cty_worker *worker, struct cty_waiting *waiting);

#endif
