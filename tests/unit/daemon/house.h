/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A custodian in the test's own process, with a database in a folder of its own, a door beside it, and clocks that
 * can be moved; and the people of a small ledger:
 *
 *   operator  ada, otto (admins)
 *   acme      a, b (admins, approvers), carol (approver), bot and pal (agents of a)
 *
 * The ledger's policy holds `refund` for one approver, `transfer` for two, passes `ping` and denies `wipe`.
 */
#ifndef CTY_TESTS_DAEMON_HOUSE_H
#define CTY_TESTS_DAEMON_HOUSE_H

#include "crypto/key.h"
#include "daemon/daemon.h"
#include "escrow/record.h"
#include "model/entry.h"
#include "net/client.h"
#include "proto/claims.h"
#include "proto/rpc.h"
#include "unit/support.h"

#define HOUSE_ORIGIN "custody.example/house"
#define HOUSE_ACTORS_MAX 96
#define MINUTE_MS ((uint64_t)60000)
#define HOUR_MS ((uint64_t)3600000)

struct house {
    char folder[64];
    char path[96];
    struct cty_config config;
    struct cty_secret *log;
    struct cty_secret *clerk;
    struct cty_secret *next_log;   /* given at the next start; NULL: none */
    struct cty_secret *next_clerk;
    const struct cty_secret *fresh; /* who signs as "new"; borrowed */
    struct cty_secret *actors[HOUSE_ACTORS_MAX];
    size_t actors_count;
    struct cty_clock clock;
    const struct cty_trust *trust; /* of its witnesses; NULL: it has none */
    int courier;                   /* the desk's end, taken by the next start */
    const uint64_t *restored;
    struct cty_daemon *daemon;
    struct cty_net_client *client;
    uint64_t last_id;
};

/* An answer. Its texts live until house_reply_done. */
struct house_reply {
    struct cty_buf text;
    struct cty_rpc_message message;
    struct cty_rpc_answer answer;
    union cty_rpc_result result;
};
void house_reply_done(struct house_reply *reply);

struct house_content {
    char member[64];
    uint8_t salt[CTY_SALT_SIZE];
    char *content; /* owned by the draft */
    bool staged;
};

/* A statement that is being written. */
struct draft {
    struct cty_statement st;
    struct house_content contents[CTY_BLOBS_PER_STATEMENT_MAX];
    uint32_t contents_count;
    char *texts[16]; /* owned */
    uint32_t texts_count;
};

/* A house with entry 0, not yet open: house_open starts it. `development` uses the published keys. */
struct house *house_new(bool development);
/* Stops, frees, and removes the folder. */
void house_free(struct house *h);
void house_open(struct house *h);
custody_err house_try_open(struct house *h, bool confirm_clock, custody_error *error);
void house_close(struct house *h);
/* Opens, and enrols acme with its people. */
struct house *house_ready(void);

/* Moves the wall clock, or both. */
void house_step_wall(struct house *h, int64_t ms);
void house_pass(struct house *h, uint64_t ms);

const struct cty_secret *house_secret(struct house *h, const char *name);
/* From now on the actor signs with another key, that is made of `seed`. Returns it. */
struct cty_secret *house_make_key(const char *name, const char *seed);
void house_set_secret(struct house *h, const char *name, struct cty_secret *secret);
void house_put_vkey(struct draft *d, const struct cty_secret *secret, struct cty_bytes *ret_vkey);

/* One call and its answer; asserts that there is one. The answer's code, OK where it did not fail. */
custody_err house_call(struct house *h, struct cty_rpc_call *call, struct house_reply *reply);
/* A message as it is, and the answer's text, which the caller frees. NULL where there was none. */
char *house_raw(struct house *h, const char *message);
char *house_raw_bytes(struct house *h, const void *message, size_t size);

/* Begins a statement by these signers (NULL ends): id, ledger, newest checkpoint, time, until in an hour. */
void draft_begin(struct house *h, struct draft *d, enum cty_type type, const char *const *signers);
/* A text that lives as long as the draft. */
struct cty_bytes draft_text(struct draft *d, const char *text);
struct cty_hash draft_commit(struct draft *d, const char *member, const char *content);
/* Signs with the signers' keys. The envelope is appended to `out`. */
void draft_sign(struct house *h, const struct draft *d, struct cty_buf *out, struct cty_hash *ret_digest);
/* The parameters of `submit` as JSON. */
void draft_params(struct house *h, const struct draft *d, struct cty_buf *out);
/* Signs, submits with its contents, and frees the draft. */
custody_err draft_submit(struct house *h, struct draft *d, struct house_reply *reply);
void draft_done(struct draft *d);

/* The usual steps, each as one draft; the first is entry 0. */
void house_genesis(struct house *h, struct draft *d);
void house_request(struct house *h, struct draft *d, const char *agent, const char *action, const char *payload);
void house_decide(struct house *h, struct draft *d, const struct cty_hash *case_id, const char *approver,
                  enum cty_choice choice);
void house_patch(struct house *h, struct draft *d, const struct cty_hash *case_id, const char *approver,
                 const char *operations, const char *result);
void house_consume(struct house *h, struct draft *d, const struct cty_hash *case_id, const char *agent);
void house_outcome(struct house *h, struct draft *d, const struct cty_hash *case_id, const char *agent);
/* Admins are <party>/a and <party>/b, for a party and for its agents, whom a owns. */
void house_enrol_party(struct house *h, const char *party);
void house_enrol_agent(struct house *h, struct draft *d, const char *name);
/* Begins a statement of a case by this signer, on top of what the case says now, which it gives without names. */
void house_join(struct house *h, struct draft *d, enum cty_type type, const struct cty_hash *case_id,
                const char *signer, struct cty_case *ret_case);
/* Submits a draft and asserts that it stands; its digest. */
struct cty_hash house_stands(struct house *h, struct draft *d);
/* Submits one, asserts that it is refused so, and that nothing was appended. */
void house_refused(struct house *h, struct draft *d, const char *code);

/* Submits a request, asserts it stands, and says its case. */
struct cty_hash house_case(struct house *h, const char *agent, const char *action);

/* A session of an actor. */
struct cty_hash house_session(struct house *h, const char *actor);
custody_err house_try_session(struct house *h, const char *actor, struct cty_session_claim *change,
                              struct cty_hash *ret_session);
/* case.get by the actor; asserts that it works. */
void house_get_case(struct house *h, const char *actor, const struct cty_hash *case_id, struct house_reply *reply);
/* How a case reads, as acme/a sees it. */
void house_state(struct house *h, const struct cty_hash *case_id, char ret_state[32]);
#define assert_case_state(h, case_id, name)                                                            \
    do {                                                                                               \
        char state_[32];                                                                               \
        house_state(h, case_id, state_);                                                               \
        assert_string_equal(state_, name);                                                             \
    } while (0)

/* Checks the receipts of a submit: each proves its entry under the log key. Returns the size they prove. */
uint64_t house_check_receipts(struct house *h, const struct house_reply *reply);

uint64_t house_size(struct house *h);
/* Waits until the ledger has so many entries, at most ten seconds. */
void house_wait_size(struct house *h, uint64_t size);

#endif
