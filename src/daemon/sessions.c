/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A challenge is 48 bits of monotonic time, 16 bits of a counter, and the first 64 bits of SHA-256 over the
 * process's secret and those. The secret has one size and what follows it too, so nothing can be appended.
 */
#include "daemon/sessions.h"

#include <stdlib.h>

#include "base/check.h"
#include "daemon/counters.h"

custody_err cty_sessions_init(struct cty_sessions *sessions, const struct cty_clock *clock)
{
    memset(sessions, 0, sizeof(*sessions));
    sessions->clock = clock;
    cty_gauge_set(CTY_GAUGE_SESSIONS, 0);
    sessions->all = cty_alloc(CTY_SESSIONS_MAX, sizeof(*sessions->all));
    sessions->used = cty_alloc(CTY_CHALLENGES_MAX, sizeof(*sessions->used));
    cty_random(&sessions->secret, sizeof(sessions->secret));
    CTY_CHECK(pthread_mutex_init(&sessions->lock, NULL) == 0);
    return sessions->all && sessions->used ? CUSTODY_OK : CUSTODY_E_NO_MEMORY;
}

void cty_sessions_done(struct cty_sessions *sessions)
{
    pthread_mutex_destroy(&sessions->lock);
    cty_wipe(&sessions->secret, sizeof(sessions->secret));
    free(sessions->all);
    free(sessions->used);
}

static void put_be(uint8_t *out, uint64_t number, size_t size)
{
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)(number >> (8 * (size - 1 - i)));
}

static uint64_t get_be(const uint8_t *in, size_t size)
{
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++)
        number = number << 8 | in[i];
    return number;
}

static void seal(const struct cty_sessions *sessions, const uint8_t head[8], uint8_t ret_code[8])
{
    struct cty_bytes parts[2] = {cty_hash_bytes(&sessions->secret), cty_bytes_make(head, 8)};
    struct cty_hash hash = cty_sha256_parts(parts, 2);
    memcpy(ret_code, hash.bytes, 8);
}

void cty_sessions_challenge(struct cty_sessions *sessions, uint8_t ret_nonce[16], uint64_t *ret_expires)
{
    pthread_mutex_lock(&sessions->lock);
    uint64_t number = ++sessions->challenges;
    pthread_mutex_unlock(&sessions->lock);
    put_be(ret_nonce, cty_clock_monotonic(sessions->clock), 6);
    put_be(ret_nonce + 6, number, 2);
    seal(sessions, ret_nonce, ret_nonce + 8);
    *ret_expires = cty_clock_wall(sessions->clock) + CTY_CHALLENGE_MS_MAX;
}

/* Whether it was used; and how many of those that still live the actor used. */
static bool was_used_locked(const struct cty_sessions *sessions, const struct cty_used_challenge *now, uint64_t now_ms,
                            uint32_t *ret_own)
{
    *ret_own = 0;
    for (uint32_t i = 0; i < CTY_CHALLENGES_MAX; i++) {
        const struct cty_used_challenge *used = &sessions->used[i];
        if (memcmp(used->nonce, now->nonce, 16) == 0)
            return true;
        *ret_own += used->expires_ms >= now_ms && used->actor == now->actor;
    }
    return false;
}

static custody_err use_locked(struct cty_sessions *sessions, const struct cty_used_challenge *now, uint64_t now_ms,
                              custody_error *error)
{
    uint32_t own = 0;
    if (was_used_locked(sessions, now, now_ms, &own))
        return cty_fail(error, CUSTODY_E_BAD_SESSION, "the challenge was used before");
    struct cty_used_challenge *oldest = &sessions->used[sessions->used_next];
    if (oldest->expires_ms >= now_ms && oldest->expires_ms != 0)
        return cty_fail(error, CUSTODY_E_BUSY, "too many sessions were opened just now");
    if (own >= CTY_CHALLENGES_PER_ACTOR_MAX)
        return cty_fail(error, CUSTODY_E_BUSY, "this actor opened too many sessions just now");
    *oldest = *now;
    sessions->used_next = (sessions->used_next + 1) % CTY_CHALLENGES_MAX;
    return CUSTODY_OK;
}

custody_err cty_sessions_use_challenge(struct cty_sessions *sessions, const uint8_t nonce[16], struct cty_bytes actor,
                                       custody_error *error)
{
    uint8_t code[8];
    seal(sessions, nonce, code);
    if (!cty_secret_equal(code, nonce + 8, sizeof(code)))
        return cty_fail(error, CUSTODY_E_BAD_SESSION, "the server nonce is not ours");
    uint64_t now = cty_clock_monotonic(sessions->clock);
    uint64_t given = get_be(nonce, 6);
    if (now < given || now - given > CTY_CHALLENGE_MS_MAX)
        return cty_fail(error, CUSTODY_E_BAD_SESSION, "the challenge is too old");
    struct cty_hash name = cty_sha256(actor);
    struct cty_used_challenge use = {.expires_ms = given + CTY_CHALLENGE_MS_MAX, .actor = get_be(name.bytes, 8)};
    memcpy(use.nonce, nonce, sizeof(use.nonce));
    pthread_mutex_lock(&sessions->lock);
    custody_err err = use_locked(sessions, &use, now, error);
    pthread_mutex_unlock(&sessions->lock);
    return err;
}

/* --- the table: slots in an array, chained by the first bits of their keys; an empty slot has no actor --- */

static uint32_t *chain_of(struct cty_sessions *sessions, const struct cty_hash *key)
{
    return &sessions->chains[get_be(key->bytes, 2) % CTY_SESSION_CHAINS];
}

/* The link that leads to the session, so that it can be taken out; the link at the end if there is none. */
static uint32_t *link_locked(struct cty_sessions *sessions, const struct cty_hash *key)
{
    uint32_t *link = chain_of(sessions, key);
    while (*link && !cty_hash_equal(&sessions->all[*link - 1].key, key))
        link = &sessions->all[*link - 1].next;
    return link;
}

static void end_locked(struct cty_sessions *sessions, struct cty_session *session)
{
    uint32_t *link = link_locked(sessions, &session->key);
    CTY_CHECK(*link != 0);
    *link = session->next;
    cty_gauge_lower(CTY_GAUGE_SESSIONS);
    memset(session, 0, sizeof(*session));
}

/* Read under the lock, or another call may have used a session later than our now, and it would seem to be over. */
static uint64_t now_locked(const struct cty_sessions *sessions)
{
    return cty_clock_monotonic(sessions->clock);
}

static bool is_over(const struct cty_session *session, uint64_t now)
{
    return now - session->used_ms > CTY_SESSION_IDLE_MS_MAX || now - session->opened_ms > CTY_SESSION_MS_MAX;
}

static bool is_of(const struct cty_session *session, struct cty_bytes actor)
{
    return cty_bytes_equal(cty_bytes_make(session->actor, session->actor_size), actor);
}

/* A free slot: of a session that is over, the actor's oldest, or the one that was unused for longest. */
static struct cty_session *slot_locked(struct cty_sessions *sessions, struct cty_bytes actor, uint64_t now)
{
    struct cty_session *free_slot = NULL, *own_oldest = NULL, *idlest = NULL;
    uint32_t own = 0;
    for (uint32_t i = 0; i < CTY_SESSIONS_MAX; i++) {
        struct cty_session *session = &sessions->all[i];
        if (session->actor_size && is_over(session, now))
            end_locked(sessions, session);
        if (!session->actor_size) {
            free_slot = free_slot ? free_slot : session;
            continue;
        }
        if (!idlest || session->used_ms < idlest->used_ms)
            idlest = session;
        if (!is_of(session, actor))
            continue;
        own++;
        if (!own_oldest || session->opened_ms < own_oldest->opened_ms)
            own_oldest = session;
    }
    struct cty_session *ended = own >= CTY_SESSIONS_PER_ACTOR_MAX ? own_oldest : NULL;
    if (!ended && !free_slot)
        ended = idlest;
    if (!ended)
        return free_slot;
    end_locked(sessions, ended);
    return ended;
}

void cty_sessions_open(struct cty_sessions *sessions, struct cty_bytes actor, uint32_t rotation,
                       struct cty_hash *ret_token, uint64_t *ret_expires)
{
    CTY_CHECK(actor.size > 0 && actor.size <= CTY_ACTOR_NAME_BYTES_MAX);
    cty_random(ret_token, sizeof(*ret_token));
    pthread_mutex_lock(&sessions->lock);
    uint64_t now = now_locked(sessions);
    struct cty_session *session = slot_locked(sessions, actor, now);
    session->key = cty_sha256(cty_hash_bytes(ret_token));
    session->opened_ms = session->used_ms = now;
    cty_gauge_raise(CTY_GAUGE_SESSIONS);
    session->actor_size = (uint32_t)actor.size;
    session->rotation = rotation;
    memcpy(session->actor, actor.data, actor.size);
    session->actor[actor.size] = 0;
    uint32_t *chain = chain_of(sessions, &session->key);
    session->next = *chain;
    *chain = (uint32_t)(session - sessions->all) + 1;
    pthread_mutex_unlock(&sessions->lock);
    *ret_expires = cty_clock_wall(sessions->clock) + CTY_SESSION_MS_MAX;
}

custody_err cty_sessions_find(struct cty_sessions *sessions, const struct cty_hash *token,
                              char ret_actor[CTY_ACTOR_NAME_BYTES_MAX + 1], uint32_t *ret_rotation)
{
    struct cty_hash key = cty_sha256(cty_hash_bytes(token));
    custody_err err = CUSTODY_E_NO_SESSION;
    pthread_mutex_lock(&sessions->lock);
    uint64_t now = now_locked(sessions);
    uint32_t number = *link_locked(sessions, &key);
    struct cty_session *session = number ? &sessions->all[number - 1] : NULL;
    if (session && is_over(session, now)) {
        end_locked(sessions, session);
    } else if (session) {
        session->used_ms = now;
        memcpy(ret_actor, session->actor, sizeof(session->actor));
        *ret_rotation = session->rotation;
        err = CUSTODY_OK;
    }
    pthread_mutex_unlock(&sessions->lock);
    return err;
}

void cty_sessions_close(struct cty_sessions *sessions, const struct cty_hash *token)
{
    struct cty_hash key = cty_sha256(cty_hash_bytes(token));
    pthread_mutex_lock(&sessions->lock);
    uint32_t number = *link_locked(sessions, &key);
    if (number)
        end_locked(sessions, &sessions->all[number - 1]);
    pthread_mutex_unlock(&sessions->lock);
}

void cty_sessions_close_actor(struct cty_sessions *sessions, struct cty_bytes actor)
{
    pthread_mutex_lock(&sessions->lock);
    for (uint32_t i = 0; i < CTY_SESSIONS_MAX; i++) {
        if (sessions->all[i].actor_size && is_of(&sessions->all[i], actor))
            end_locked(sessions, &sessions->all[i]);
    }
    pthread_mutex_unlock(&sessions->lock);
}
