/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the threads of the custodian share, and the two kinds of thread that answer:
 *
 *     door --copy nothing, enqueue--> jobs --> workers --(reads: answered at once)--> door
 *                                      ^           |
 *                                      |           +--(statements)--> sequencer --+
 *                                      +------------------------------------------+
 *                                      +-- waits <--(case.wait, case.news)
 *
 * Workers take tasks round by connection (fair.h): first what only has to be answered, then one task of each connection
 * in turn. Where others wait, a message that comes with a session goes on in a turn of its actor, so that many
 * connections of one actor are one. A batch goes back to the end of the line after each of its calls while others wait. Connections whose messages
 * don't verify stand in the second lane until others of theirs did.
 *
 * Inside src/daemon only.
 */
#ifndef CTY_DAEMON_SERVICE_H
#define CTY_DAEMON_SERVICE_H

#include <stdatomic.h>

#include "daemon/doors.h"
#include "daemon/fair.h"
#include "daemon/sequencer.h"
#include "daemon/sessions.h"
#include "daemon/waits.h"
#include "net/publisher.h"
#include "net/server.h"
#include "proto/rpc.h"

struct cty_service;

/* One write of a run: statements of a message that follow one another go to the sequencer together. */
struct cty_run_item {
    struct cty_rpc_id id;
    enum cty_rpc rpc;
    struct cty_submission *submission; /* NULL: it came to nothing, for this reason: */
    custody_err err;
    custody_error error;
    bool queued; /* it went to the sequencer */
};

/* What a worker takes up: a message, or a call that waited and was woken. */
enum cty_task_kind { CTY_TASK_JOB, CTY_TASK_WAITING };
struct cty_task {
    struct cty_fair_item turn; /* first, so that the queue's items are tasks */
    enum cty_task_kind kind;
    struct cty_task *next; /* in a list that is handed over at once */
    struct cty_net_call *call;
    uint64_t flow; /* whose turns it takes: its session's actor (cty_tally_name); 0: its connection's */
};

/* A message from its arrival to its answer. */
struct cty_job {
    struct cty_task task; /* first; so that tasks of its kind are jobs */
    struct cty_job *next; /* among those that are free */
    struct cty_service *service;
    struct cty_rpc_message message;
    bool opened;
    const struct cty_json_node *item; /* the call that is answered next; NULL: all are */
    enum cty_rpc rpc; /* of the call that was taken up last */
    struct cty_rpc_answers answers;
    struct cty_buf out;
    struct cty_run_item run[CTY_BATCH_MAX];
    uint32_t run_count;
    bool filling;        /* a worker left the run in the middle, for others' sake */
    bool run_was_busy;   /* one of the run found no room: those behind it may rest on it, and find none either */
    uint32_t run_queued; /* how many of the run went to the sequencer */
    /* Who sends the run: the first signer that verified, or the session's actor. */
    uint64_t run_actor, run_party;
    bool run_again;      /* one of the run was queued before, so nobody is charged whose it is */
    size_t kept;         /* of its half-made answer, as counted by the jobs */
    atomic_uint pending; /* writes under way, and 1 while a worker fills the run */
    int change;          /* of the connection's standing, by what came of the calls */
};

/*
 * A call that waits: all that is left of it, so that its message, its job and its place among the calls are free for
 * others. A worker that takes it up lends it a job.
 */
struct cty_waiting {
    struct cty_task task; /* first */
    struct cty_service *service;
    struct cty_wait wait;
    struct cty_rpc_id id; /* a text borrows from the next member */
    char id_text[CTY_CALL_ID_BYTES_MAX];
    enum cty_rpc rpc;
    struct cty_hash session;
    uint64_t known;
    uint64_t limit; /* of case.news, as the next two */
    int mine;
    uint64_t news_known; /* how far it looked */
    int wait_state;      /* case.wait: the case's state as it read at first; -1: nobody has looked */
    bool armed;
};

/* Tasks that wait for a worker. */
struct cty_jobs {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct cty_task *decided_first; /* they have only to be answered, and come first */
    struct cty_task *decided_last;
    struct cty_fair fair; /* the others, by connection */
    size_t sleeping;      /* workers that wait for a task, and how many of them were woken just now */
    size_t claimed;
    atomic_size_t count;  /* of all tasks; read without the lock */
    struct cty_job *free_jobs;
    struct cty_submission *free_submissions;
    size_t kept;            /* bytes of large answers that are half made, of jobs that no worker has in hand */
    size_t submissions;     /* all there are, in use or free */
    size_t submissions_max; /* beyond it the custodian is busy */
    bool open;              /* workers may begin: what they share is complete */
    bool stopping;
};

/* Which case a statement belongs to, for blob.get: a bounded memory of what was listed lately. */
#define CTY_STATEMENT_CASES 16384u
struct cty_statement_case {
    struct cty_hash statement;
    struct cty_hash case_id;
};
struct cty_statement_cases {
    pthread_mutex_t lock;
    struct cty_statement_case *slots;
};

struct cty_worker {
    struct cty_service *service;
    pthread_t thread;
    bool running;
    struct cty_store_reader *reader;
    struct cty_book book;
    struct cty_keyring keyring;
    struct cty_unit unit;
    struct cty_rpc_call call;
    union cty_rpc_result result;
    struct cty_parsed_entry parsed;
    struct cty_case the_case;
    /* Texts of the answer under way. */
    struct cty_buf texts[3];
    struct cty_buf note;
    struct cty_witnesses_view witnesses; /* as they were when the answer was made */
    char actor[CTY_ACTOR_NAME_BYTES_MAX + 1]; /* of the session; empty: there is none */
    bool is_person;                           /* whose session it is */
    bool over_tls;                            /* how the call in hand came */
    uint64_t now;                             /* what deadlines are compared with */
};

struct cty_service {
    const struct cty_custodian *custodian;
    struct cty_head head;
    struct cty_sessions sessions;
    struct cty_waits waits;
    struct cty_sequencer sequencer;
    struct cty_key_changes key_changes;
    struct cty_jobs jobs;
    struct cty_statement_cases statement_cases;
    struct cty_worker workers[CTY_WORKERS_MAX];
    uint32_t workers_count;
    struct cty_doors doors;
    struct cty_net_server *server;
    struct cty_net_publisher *publisher; /* NULL: none */
    struct cty_witnesses *witnesses;     /* NULL: none */
    /* Jobs whose writes are decided, of the group under way; the sequencer's thread alone. */
    struct cty_task *decided_first;
    struct cty_task *decided_last;
};

/* jobs.c */
/* Errors: NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_jobs_init(struct cty_jobs *jobs, size_t submissions_max);
void cty_jobs_done(struct cty_jobs *jobs);
/* Pushes a list of tasks, each to its connection's end, so that it costs one lock and wakes as many as it must. */
void cty_jobs_push(struct cty_jobs *jobs, struct cty_task *first);
/* The same for a job that was begun: before what else its flow has, so that few are begun at once. */
void cty_jobs_push_begun(struct cty_jobs *jobs, struct cty_job *job);
/*
 * Counts the job's half-made answer, before a worker leaves it. False where all of them together would be too much: then
 * it has to be answered to its end. Small ones always may be left.
 */
bool cty_jobs_keep(struct cty_jobs *jobs, struct cty_job *job);
/* A worker has it in hand again. */
void cty_jobs_take_up(struct cty_jobs *jobs, struct cty_job *job);
/* The same for jobs that have only to be answered. */
void cty_jobs_push_decided_list(struct cty_jobs *jobs, struct cty_task *first, struct cty_task *last);
/* From now on tasks are given out. */
void cty_jobs_open(struct cty_jobs *jobs);
/* NULL where the workers are to stop and nothing is left. */
struct cty_task *cty_jobs_pop(struct cty_jobs *jobs);
/* Whether somebody waits for a worker. A hint. */
bool cty_jobs_has_more(struct cty_jobs *jobs);
void cty_jobs_stop(struct cty_jobs *jobs);
/* An empty job for this call; NULL where memory ran out. */
struct cty_job *cty_job_get(struct cty_jobs *jobs, struct cty_service *service, struct cty_net_call *call);
void cty_job_put(struct cty_jobs *jobs, struct cty_job *job);
/* An empty submission. Errors: BUSY where all that may be are in use, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_submission_get(struct cty_jobs *jobs, struct cty_submission **ret_submission);
void cty_submission_put(struct cty_jobs *jobs, struct cty_submission *submission);

/* answer.c: does what can be done for the task now, for a while. */
void cty_task_step(struct cty_worker *worker, struct cty_task *task);
/* waiting.c: calls to be looked for again; `wake` of the waits. */
void cty_waiting_wake(void *service, struct cty_wait *first);
/* Hands the decided jobs of a group to the workers; on the sequencer's thread. */
void cty_jobs_push_decided(struct cty_service *service);

/* workers.c */
CUSTODY_MUST_USE custody_err cty_worker_open(struct cty_worker *worker, struct cty_service *service,
                                             const char *path, custody_error *error);
void cty_worker_close(struct cty_worker *worker);
CUSTODY_MUST_USE custody_err cty_worker_start(struct cty_worker *worker, custody_error *error);
void cty_worker_join(struct cty_worker *worker);

/* statement_cases.c */
CUSTODY_MUST_USE custody_err cty_statement_cases_init(struct cty_statement_cases *cases);
void cty_statement_cases_done(struct cty_statement_cases *cases);
void cty_statement_cases_put(struct cty_statement_cases *cases, const struct cty_hash *statement,
                             const struct cty_hash *case_id);
bool cty_statement_cases_get(struct cty_statement_cases *cases, const struct cty_hash *statement,
                             struct cty_hash *ret_case_id);

#endif
