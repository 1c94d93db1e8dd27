/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One vendor of test_vendors: a process of its own, behind walls of its own (walls.h), with its own keys and its own
 * trust file, which pins the log key, the door's certificate and its own admins, and nobody else's. It knows the others
 * by what the ledger tells.
 *
 *     operator  -- a line over a socket -->  vendor   keys, enrolment, go, stop, audit
 *     vendor    -- TLS -->  custodyd                  everything else
 *
 * Threads: an agent each (vendor_agents.c), a person each (vendor_persons.c), and the main thread, which follows orders.
 */
#ifndef CTY_TESTS_E2E_VENDOR_H
#define CTY_TESTS_E2E_VENDOR_H

#include <pthread.h>
#include <stdatomic.h>

#include "house.h"
#include "plays.h"
#include "walls.h"

#define ORDER_BYTES_MAX (96u * 1024u)
#define VENDOR_WORKERS (VENDOR_AGENTS + VENDOR_PERSONS + 1u)
/* Cases that an agent asks for before the first of them has ended. */
#define AGENT_OPEN_MAX 6u

/* One thread's actor. */
struct worker {
    struct vendor *vendor;
    unsigned number;
    pthread_t thread;
    char name[64];
    char key_path[192];
    struct cty_secret *secret;
    struct cty_client *client;
    struct cty_submitted submitted;
    struct cty_draft *draft;
    uint64_t known;            /* news up to here were read */
    unsigned rotations;
    struct cty_hash open[AGENT_OPEN_MAX]; /* asked for, and not at its end */
    unsigned open_count;
    struct again {
        struct cty_hash case_id;
        uint64_t when; /* wall clock */
    } again[64]; /* cases to be looked at once more, without news */
    unsigned again_count;
};

struct vendor {
    unsigned number;
    const char *party;
    char folder[96];
    char url[128];
    int orders;  /* from the operator */
    int spawner; /* makes processes that die (spawner.c) */
    pthread_mutex_t spawning;
    int custody; /* the program, open */
    int acts;    /* the file of what was acted on */
    char *log_vkey;
    char *certificate;
    struct cty_trust trust;
    struct cty_secret *admins[2];
    pthread_mutex_t office; /* guards what follows */
    struct cty_client *door; /* without a key */
    struct cty_submitted submitted;
    unsigned guests;
    struct worker workers[VENDOR_WORKERS]; /* agents, persons, the boss */
    unsigned cases;
    atomic_uint next;
    atomic_uint finished;
    atomic_bool rest;
};

/* The process, from fork to its end: follows the operator's orders (test_vendors.c). */
_Noreturn void vendor_main(unsigned number, const char *folder, int orders, enum walls walls);

/* vendor_office.c: what the vendor's two admins sign. */
void office_open(struct vendor *v);
struct cty_secret *office_key(const struct vendor *v, const char *name, const char *file, char *ret_path, size_t size);
void office_enrol(struct vendor *v, const struct cty_secret *secret, enum cty_actor_kind kind, const char *role);
void office_revoke(struct vendor *v, const char *actor, uint64_t since);
void office_publish(struct vendor *v, const char *policy);
struct cty_client *office_client(struct vendor *v, const struct cty_secret *secret);

/* vendor_news.c */
/* A row of news, or a case that was asked for again. Views live for the call. */
struct row {
    struct cty_hash case_id;
    enum cty_case_state state; /* as it reads */
    bool may_decide;
    bool offered; /* to us, and open */
    const struct cty_case *record;
};
/* Waits for news of `mine`, and gives each row; then the cases that are due again. */
void worker_news(struct worker *worker, enum cty_mine mine, uint64_t timeout_ms,
                 void (*each)(struct worker *worker, const struct row *row));
void worker_again(struct worker *worker, const struct cty_hash *case_id, uint64_t when);
/* OK, or refused because somebody else was faster or time went on: false. Anything else ends the program. */
bool worker_did(struct worker *worker, custody_err err, const custody_error *error, const char *what);
#define did(worker, call)                                                                              \
    (house_error = (custody_error){0}, worker_did(worker, call, &house_error, #call))

/* Threads. */
void *vendor_agent(void *worker);
void *vendor_person(void *worker);

/* vendor_plays.c: plays in which the agent does more than its part. */
void play_stolen(struct worker *worker, const struct row *row);
void play_given(struct worker *worker);
/* "<case> <consume> <actor>" in the vendor's file of acts. */
void vendor_acted(int acts, const struct cty_hash *case_id, const struct cty_hash *consume, struct cty_bytes actor);

/* spawner.c: forked before there are threads, it makes processes that consume a release and die. */
struct doomed {
    char folder[96];
    char url[128];
    char key_path[192];
    struct cty_hash case_id;
    bool acts; /* it acts before it dies */
};
_Noreturn void spawner_main(int orders);
/* The process's end was by SIGKILL; false where the custodian would not give it the release. */
bool spawner_run(struct vendor *v, const struct doomed *doomed);

/* vendor_books.c: audits from the vendor's own trust file, and tells every case; the text is the caller's (free). */
char *vendor_audit(struct vendor *v, size_t *ret_size);

#endif
