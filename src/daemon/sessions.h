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

#include "crypto/hash.h"
#include "daemon/clock.h"

struct cty_session {
    struct cty_hash key; /* SHA-256 of the token */
    uint64_t opened_ms;  /* monotonic, as all times here */
    uint64_t used_ms;
    uint32_t next; /* in its chain; the number of a session plus 1, 0 at the end */
    uint32_t actor_size;
    uint32_t rotation; /* how many keys the actor had had before the one that opened it */
    char actor[CTY_ACTOR_NAME_BYTES_MAX + 1];
};

#define CTY_SESSION_CHAINS 4096u

struct cty_used_challenge {
    uint8_t nonce[16];
    uint64_t expires_ms;
    uint64_t actor; /* the first bits of its name's hash */
};

struct cty_sessions {
    pthread_mutex_t lock;
    const struct cty_clock *clock;
    struct cty_hash secret;
    uint64_t challenges; /* how many were given */
    struct cty_session *all;
    uint32_t chains[CTY_SESSION_CHAINS];
    struct cty_used_challenge *used; /* a ring */
    uint32_t used_next;
};

/* `clock` is borrowed. Errors: NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_sessions_init(struct cty_sessions *sessions, const struct cty_clock *clock);
void cty_sessions_done(struct cty_sessions *sessions);

/* A fresh nonce; *ret_expires is by the wall clock. */
void cty_sessions_challenge(struct cty_sessions *sessions, uint8_t ret_nonce[16], uint64_t *ret_expires);
/*
 * Uses a challenge up, for an actor whose claim was verified. Errors: BAD_SESSION for one that is foreign, old or used;
 * BUSY, for all, or for an actor who has used its share, so that one alone can't shut the others out.
 */
CUSTODY_MUST_USE custody_err cty_sessions_use_challenge(struct cty_sessions *sessions, const uint8_t nonce[16],
                                                        struct cty_bytes actor, custody_error *error);
/*
 * Opens a session; an actor's oldest, or the one unused for longest, makes room. *ret_expires is by the wall
 * clock, for a session that is used.
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
/* Ends all of an actor. */
void cty_sessions_close_actor(struct cty_sessions *sessions, struct cty_bytes actor);

#endif
