/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three witnesses that do what a test tells them, behind the desk's own socket: a thread is the courier and the witnesses at
 * once. What they are told to do is judged by the custodian alone, so a lie needs no network.
 */
#ifndef CTY_TESTS_DAEMON_WITNESS_SCRIPT_H
#define CTY_TESTS_DAEMON_WITNESS_SCRIPT_H

#include <pthread.h>

#include "audit/trust.h"
#include "daemon/courier.h"
#include "unit/daemon/house.h"

#define SCRIPT_WITNESSES 3

enum script_act {
    SCRIPT_COSIGN,    /* as the protocol says */
    SCRIPT_SILENT,    /* no answer, ever */
    SCRIPT_DEAD,      /* the courier can't reach it */
    SCRIPT_STATUS,    /* this status and body, whatever is asked */
    SCRIPT_WRONG_KEY, /* a line of its name by another key */
    SCRIPT_FORGED,    /* a line of its name and key id, over another text */
    SCRIPT_TIME_ZERO
};

struct script_witness {
    enum script_act act;
    unsigned status;
    const char *body;
    const char *shown;    /* what it shows as its newest checkpoint; NULL: what it cosigned */
    int64_t clock_ms;     /* its clock against the house's */
    struct cty_secret *secret;
    uint64_t size;        /* of what it cosigned */
    struct cty_hash root;
    struct cty_buf note;
    unsigned asked;
    unsigned looked;
};

struct script {
    struct house *house;
    struct cty_trust trust;
    int fd;
    pthread_t thread;
    bool running;
    pthread_mutex_t lock;
    struct script_witness witnesses[SCRIPT_WITNESSES];
};

/* Witnesses "one", "two" and "three", two of which are the quorum; the house's next start has them. */
struct script *script_new(struct house *h);
void script_free(struct script *s);
/* A courier for the next start of the house. */
void script_begin(struct script *s);
/* The courier goes, without a word. */
void script_end(struct script *s);
/* A courier that was started again says so. */
void script_hello(struct script *s);

void script_tell(struct script *s, int witness, enum script_act act);
void script_tell_status(struct script *s, int witness, unsigned status, const char *body, const char *shown);
unsigned script_asked(struct script *s, int witness);
/* How the custodian says that it stands with this one; copies. */
struct script_view {
    enum cty_witness_state state;
    uint64_t size;
    uint64_t time;
    uint64_t quorum_size;
    uint32_t missing;
    char detail[256];
};
void script_look(struct script *s, int witness, struct script_view *ret_view);
/* Waits until it stands so, moving the house's clock on, at most ten seconds. */
void script_wait(struct script *s, int witness, enum cty_witness_state state);
void script_wait_quorum(struct script *s, uint64_t size);

#endif
