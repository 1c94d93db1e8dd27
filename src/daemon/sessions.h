/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions of readers (spec/wire.md, "Sessions"). They live in memory only: a restart ends them all.
 *
 * Owns: the sessions, each known by the hash of its token; the token itself is nowhere kept. A challenge is not
 * kept at all until it was used: it carries its own time and a code over it by a secret of this process, so that
 * strangers who ask for many take nothing from others.
 *
 * Whether an actor is enrolled and not revoked is for the caller to ask, each time. Thread rule: any thread.
 */
#ifndef CTY_DAEMON_SESSIONS_H
#define CTY_DAEMON_SESSIONS_H

#include <pthread.h>

#include "base/clock.h"
#include "crypto/hash.h"
#include "daemon/tally.h"

/* The order in which the sessions of one party were used, the one unused for longest in front. */
struct cty_session_party {
    uint64_t key; /* cty_tally_name */
    struct cty_session *first;
    struct cty_session *last;
    size_t count;
    struct cty_session_party *next; /* in its chain, or among those that are free */
    struct cty_session_party *before, *after; /* among all */
};

struct cty_session {
    struct cty_hash key; /* SHA-256 of the token */
    uint64_t opened_ms;  /* monotonic, as all times here */
    uint64_t used_ms;
    struct cty_session *next;          /* in its chain, or among those that are free */
    struct cty_session *before, *after; /* of its party, by use */
    struct cty_session_party *party;
    struct cty_session *older, *newer; /* of its actor, by opening */
    struct cty_session_actor *owner;
    uint32_t rotation; /* how many keys the actor had had before the one that opened it */
};

struct cty_session_actor {
    struct cty_session *oldest;
    struct cty_session *newest;
    size_t count;
    struct cty_session_actor *next; /* in its chain, or among those that are free */
    char name[CTY_ACTOR_NAME_BYTES_MAX + 1];
};

#define CTY_SESSION_CHAINS 16384u

struct cty_used_challenge {
    uint8_t nonce[16];
    uint64_t expires_ms; /* 0: was never used */
    uint64_t actor;      /* cty_tally_name */
    uint64_t party;
    struct cty_used_challenge *next; /* in its chain */
};

struct cty_sessions {
    pthread_mutex_t lock;
    const struct cty_clock *clock;
    struct cty_hash secret;
    uint64_t challenges; /* how many were given */
    size_t count;
    /* CTY_SESSIONS_MAX of each, and how many of them were ever in use. */
    size_t begun, actors_begun, parties_begun;
    struct cty_session *all, *free_sessions, **chains;
    struct cty_session_actor *all_actors, *free_actors, **actor_chains;
    struct cty_session_party *all_parties, *free_parties, **party_chains;
    struct cty_session_party *first_party;
    /* CTY_CHALLENGES_MAX: a ring, in the order of use, and so nearly in that of age. */
    struct cty_used_challenge *used, **used_chains;
    uint32_t used_first, used_count;
    struct cty_tally used_actors, used_parties;
};

/* `clock` is borrowed. Errors: NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_sessions_init(struct cty_sessions *sessions, const struct cty_clock *clock);
void cty_sessions_done(struct cty_sessions *sessions);

/* A fresh nonce; *ret_expires is by the wall clock. */
void cty_sessions_challenge(struct cty_sessions *sessions, uint8_t ret_nonce[16], uint64_t *ret_expires);
/*
 * Uses a challenge up, for an actor whose claim was verified. Errors: BAD_SESSION for one that is foreign, old or used;
 * BUSY, for all, or for an actor or a party that has used its share, so that one alone can't shut the others out.
 */
CUSTODY_MUST_USE custody_err cty_sessions_use_challenge(struct cty_sessions *sessions, const uint8_t nonce[16],
                                                        struct cty_bytes actor, custody_error *error);
/* After how many ms the first of those that were used can't be used again, and is forgotten; 0: there is none. */
uint64_t cty_sessions_retry_ms(struct cty_sessions *sessions);
/*
 * Opens a session. Where the actor has its share, its oldest makes room; where the party has, the one that it has not
 * used for longest; where there are too many in all, that of the party that has most. *ret_expires is by the wall clock,
 * for a session that is used.
 */
void cty_sessions_open(struct cty_sessions *sessions, struct cty_bytes actor, uint32_t rotation,
                       struct cty_hash *ret_token, uint64_t *ret_expires);
/*
 * Whose session it is, as NUL-terminated text, and by which of its keys it was opened; marks it as used. Errors:
 * NO_SESSION.
 */
CUSTODY_MUST_USE custody_err cty_sessions_find(struct cty_sessions *sessions, const struct cty_hash *token,
                                               char ret_actor[CTY_ACTOR_NAME_BYTES_MAX + 1],
                                               uint32_t *ret_rotation);
/* Ends one; nothing happens where there is none. */
void cty_sessions_close(struct cty_sessions *sessions, const struct cty_hash *token);
size_t cty_sessions_count(struct cty_sessions *sessions);
/* Ends all of an actor. */
void cty_sessions_close_actor(struct cty_sessions *sessions, struct cty_bytes actor);

#endif
