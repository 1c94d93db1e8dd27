/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A custodian for tests, behind a real door in this process: it serves a world of tests/kit, honestly, until a test
 * makes it lie. What it shows is its own list of entries and its own tree, which follow the world's unless the test puts
 * something else there.
 *
 * Thread rule: the door's calls take the lock; a test that touches the world while a client may be calling takes it too.
 */
#ifndef CTY_TESTS_CLIENT_FAKE_H
#define CTY_TESTS_CLIENT_FAKE_H

#include <pthread.h>

#include "client/agent.h"
#include "client/read.h"
#include "kit/world.h"
#include "net/server.h"

#define FAKE_CASES_HIDDEN_MAX 16

struct fake {
    struct world *w;
    struct cty_net_server *server;
    char folder[64]; /* a fresh one, for sockets and state files */
    char url[128];
    pthread_mutex_t lock;

    /* What is shown. */
    struct cty_bytes *entries; /* owned */
    size_t count;
    struct cty_memory *tree;
    size_t taken; /* entries of the world that are in it */

    /* Memory of one answer. */
    struct cty_buf *scraps[8192];
    size_t scraps_count;

    /* Sessions: one at a time is enough. */
    uint8_t nonce[16];
    struct cty_opt_hash session;
    unsigned sessions_opened;

    /* How to behave. */
    unsigned drops;             /* so many messages are handled, and their answers dropped */
    unsigned busies;            /* so many calls are refused with `busy` */
    unsigned calls[CTY_RPC_COUNT]; /* how often each method came */
    uint64_t hidden[FAKE_CASES_HIDDEN_MAX]; /* indices that case.entries and trust.entries leave out */
    size_t hidden_count;
    bool late_hide;             /* hide nothing until a consume was submitted */
    bool forgive_consume;       /* a second consume is appended without the fold */
    bool pass_over;             /* ... with links that pass over what is hidden, as if it weren't there */
    bool no_room;               /* for one more who waits: `quota` */
    bool no_payload;            /* blob.get finds nothing */
    uint64_t witnessed_size;    /* of the checkpoint that is given where a witnessed one is asked for; 0: the newest */
    const char *wrong_payload;  /* blob.get gives this instead of `payload` and `result` */
    void (*on_wait)(struct fake *f); /* called, once, when a case.wait would have to wait */
    /* Changes a result before it is written; texts from fake_scrap. */
    void (*tamper)(struct fake *f, enum cty_rpc rpc, union cty_rpc_result *result);
    void *context;
};

/* With the parties and actors that all tests use: acme/bot (owned by acme/a), approvers acme/eve and acme/joe. */
struct fake *fake_new(const char *policy);
/* Over a world that the test made; the fake owns it. */
struct fake *fake_over(struct world *w);
void fake_free(struct fake *f);
/* The usual world, without a door. */
struct world *fake_world(const char *policy);

/* Closes the door, and opens it again at the same address. */
void fake_close(struct fake *f);
void fake_open(struct fake *f);

/* Serves another world from now on, and owns it. */
void fake_switch(struct fake *f, struct world *w);
/* Takes what is new in the world into what is shown. */
void fake_follow(struct fake *f);
/* Shows one entry more, whatever it is: a statement in an entry with the links that the fake's own list gives. */
void fake_append(struct fake *f, struct cty_bytes envelope, const struct cty_hash *case_prev);
/* Shows the statement of entry `from` where entry `index` stands, with that one's links; the tree keeps what it had. */
void fake_disguise(struct fake *f, size_t index, size_t from);
/* Shows the statement of entry `from` once more, at the end. */
void fake_repeat(struct fake *f, size_t from, const struct cty_hash *case_prev);
/* The clerk signs a statement, and it is shown: for what an honest clerk would never say. */
void fake_forge(struct fake *f, struct cty_statement *st, const struct cty_hash *case_prev, const char *signer);
struct cty_hash fake_leaf(const struct fake *f, size_t index);
/* The newest shown entry of this type; SIZE_MAX where there is none. */
size_t fake_find(const struct fake *f, enum cty_type type);
/* Whether case.entries and trust.entries leave it out. */
bool fake_is_hidden(const struct fake *f, uint64_t index);
void fake_note(struct fake *f, struct cty_buf *out);
void fake_note_at(struct fake *f, uint64_t size, struct cty_buf *out);
/* A text that lives as long as the answer. */
struct cty_bytes fake_scrap(struct fake *f, struct cty_bytes bytes);
struct cty_buf *fake_scrap_buf(struct fake *f, size_t limit);

/* The trust file of the world, with the founding admins pinned. `more` is put behind the log's line (may be ""). */
void fake_trust_text(struct world *w, const char *more, struct cty_buf *out);
/* A client of this fake, its clock the world's. secret: an actor's name. state: a file name in the folder, or NULL. */
struct cty_client *fake_client(struct fake *f, const struct cty_trust *trust, const char *actor, const char *state);
/* The world's time; context is the fake. */
uint64_t fake_clock(void *context);
void fake_path(const struct fake *f, const char *name, char *out, size_t size);
/* The trust file of the fake's own world, parsed; freed with the fake. */
const struct cty_trust *fake_trust(struct fake *f);

/* In fake_methods.c. */
void fake_handle(struct fake *f, struct cty_bytes message, struct cty_buf *reply, bool *ret_drop);

#endif
