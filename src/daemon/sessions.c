/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A challenge is 48 bits of monotonic time, 16 bits of a counter, and the first 64 bits of SHA-256 over the
 * process's secret and those. The secret has one size and what follows it too, so nothing can be appended.
 */
#include "daemon/sessions.h"

#include <stdlib.h>

#include "base/check.h"
#include "daemon/counters.h"
#include "model/names.h"

/* What one sized thing is chained to by the first bits of a hash that is nobody's to choose. */
static size_t chain_of(uint64_t key)
{
    return (size_t)(key >> 40) % CTY_SESSION_CHAINS;
}

static custody_err alloc_all(struct cty_sessions *sessions)
{
    sessions->all = cty_alloc(CTY_SESSIONS_MAX, sizeof(*sessions->all));
    sessions->all_actors = cty_alloc(CTY_SESSIONS_MAX, sizeof(*sessions->all_actors));
    sessions->all_parties = cty_alloc(CTY_SESSIONS_MAX, sizeof(*sessions->all_parties));
    sessions->used = cty_alloc(CTY_CHALLENGES_MAX, sizeof(*sessions->used));
    sessions->chains = cty_alloc(CTY_SESSION_CHAINS, sizeof(struct cty_session *));
    sessions->actor_chains = cty_alloc(CTY_SESSION_CHAINS, sizeof(struct cty_session_actor *));
    sessions->party_chains = cty_alloc(CTY_SESSION_CHAINS, sizeof(struct cty_session_party *));
    sessions->used_chains = cty_alloc(CTY_SESSION_CHAINS, sizeof(struct cty_used_challenge *));
    CTY_TRY(cty_tally_init(&sessions->used_actors, CTY_CHALLENGES_MAX));
    CTY_TRY(cty_tally_init(&sessions->used_parties, CTY_CHALLENGES_MAX));
    bool all = sessions->all && sessions->all_actors && sessions->all_parties && sessions->used && sessions->chains &&
               sessions->actor_chains && sessions->party_chains && sessions->used_chains;
    return all ? CUSTODY_OK : CUSTODY_E_NO_MEMORY;
}

custody_err cty_sessions_init(struct cty_sessions *sessions, const struct cty_clock *clock)
{
    memset(sessions, 0, sizeof(*sessions));
    sessions->clock = clock;
    cty_gauge_set(CTY_GAUGE_SESSIONS, 0);
    cty_random(&sessions->secret, sizeof(sessions->secret));
    CTY_CHECK(pthread_mutex_init(&sessions->lock, NULL) == 0);
    return alloc_all(sessions);
}

void cty_sessions_done(struct cty_sessions *sessions)
{
    pthread_mutex_destroy(&sessions->lock);
    cty_wipe(&sessions->secret, sizeof(sessions->secret));
    cty_tally_done(&sessions->used_actors);
    cty_tally_done(&sessions->used_parties);
    free(sessions->all);
    free(sessions->all_actors);
    free(sessions->all_parties);
    free(sessions->used);
    free(sessions->chains);
    free(sessions->actor_chains);
    free(sessions->party_chains);
    free(sessions->used_chains);
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
    cty_be_put(ret_nonce, cty_clock_monotonic(sessions->clock), 6);
    cty_be_put(ret_nonce + 6, number, 2);
    seal(sessions, ret_nonce, ret_nonce + 8);
    *ret_expires = cty_clock_wall(sessions->clock) + CTY_CHALLENGE_MS_MAX;
}

/* The link that leads to a challenge that was used; the empty one at the end where it was not. */
static struct cty_used_challenge **used_link_locked(const struct cty_sessions *sessions, const uint8_t nonce[16])
{
    struct cty_used_challenge **link = &sessions->used_chains[chain_of(cty_be_get(nonce + 8, 8))];
    while (*link && memcmp((*link)->nonce, nonce, 16) != 0)
        link = &(*link)->next;
    return link;
}

/* Forgets those at the front that could not be used again anyway. */
static void forget_used_locked(struct cty_sessions *sessions, uint64_t now_ms)
{
    while (sessions->used_count > 0) {
        struct cty_used_challenge *oldest = &sessions->used[sessions->used_first];
        if (oldest->expires_ms >= now_ms)
            return;
        *used_link_locked(sessions, oldest->nonce) = oldest->next;
        cty_tally_drop(&sessions->used_actors, oldest->actor);
        cty_tally_drop(&sessions->used_parties, oldest->party);
        sessions->used_first = (sessions->used_first + 1) % CTY_CHALLENGES_MAX;
        sessions->used_count--;
    }
}

static custody_err use_locked(struct cty_sessions *sessions, const struct cty_used_challenge *now, uint64_t now_ms,
                              custody_error *error)
{
    if (*used_link_locked(sessions, now->nonce))
        return cty_fail(error, CUSTODY_E_BAD_SESSION, "the challenge was used before");
    forget_used_locked(sessions, now_ms);
    if (cty_tally_get(&sessions->used_actors, now->actor) >= CTY_CHALLENGES_PER_ACTOR_MAX)
        return cty_fail(error, CUSTODY_E_BUSY, "this actor opened too many sessions just now");
    if (cty_tally_get(&sessions->used_parties, now->party) >= CTY_CHALLENGES_PER_PARTY_MAX)
        return cty_fail(error, CUSTODY_E_BUSY, "this party opened too many sessions just now");
    if (sessions->used_count >= CTY_CHALLENGES_MAX)
        return cty_fail(error, CUSTODY_E_BUSY, "too many sessions were opened just now");
    uint32_t at = (sessions->used_first + sessions->used_count++) % CTY_CHALLENGES_MAX;
    sessions->used[at] = *now;
    sessions->used[at].next = NULL;
    *used_link_locked(sessions, now->nonce) = &sessions->used[at];
    cty_tally_add(&sessions->used_actors, now->actor);
    cty_tally_add(&sessions->used_parties, now->party);
    return CUSTODY_OK;
}

custody_err cty_sessions_use_challenge(struct cty_sessions *sessions, const uint8_t nonce[16], struct cty_bytes actor,
                                       custody_error *error)
{
    uint8_t code[8];
    seal(sessions, nonce, code);
    if (!cty_secret_equal(code, nonce + 8, sizeof(code)))
        return cty_fail(error, CUSTODY_E_BAD_SESSION, "the server nonce is not ours");
    uint64_t given = cty_be_get(nonce, 6);
    struct cty_used_challenge use = {.expires_ms = given + CTY_CHALLENGE_MS_MAX, .actor = cty_tally_name(actor),
                                     .party = cty_tally_name(cty_actor_party(actor))};
    memcpy(use.nonce, nonce, sizeof(use.nonce));
    /* The time is read under the lock: by an older one, what others have forgotten since could be used once more. */
    pthread_mutex_lock(&sessions->lock);
    uint64_t now = cty_clock_monotonic(sessions->clock);
    custody_err err = now < given || now - given > CTY_CHALLENGE_MS_MAX
                          ? cty_fail(error, CUSTODY_E_BAD_SESSION, "the challenge is too old")
                          : use_locked(sessions, &use, now, error);
    pthread_mutex_unlock(&sessions->lock);
    return err;
}

uint64_t cty_sessions_retry_ms(struct cty_sessions *sessions)
{
    uint64_t now = cty_clock_monotonic(sessions->clock);
    pthread_mutex_lock(&sessions->lock);
    uint64_t expires = sessions->used_count > 0 ? sessions->used[sessions->used_first].expires_ms + 1 : now;
    pthread_mutex_unlock(&sessions->lock);
    return expires > now ? expires - now : 0;
}

/* --- actors and parties: there is one while it has sessions -------------------------------------------------- */

static struct cty_session_actor **actor_link_locked(const struct cty_sessions *sessions, struct cty_bytes name)
{
    struct cty_session_actor **link = &sessions->actor_chains[chain_of(cty_tally_name(name))];
    while (*link && !cty_bytes_equal(cty_bytes_text((*link)->name), name))
        link = &(*link)->next;
    return link;
}

static struct cty_session_party **party_link_locked(const struct cty_sessions *sessions, uint64_t key)
{
    struct cty_session_party **link = &sessions->party_chains[chain_of(key)];
    while (*link && (*link)->key != key)
        link = &(*link)->next;
    return link;
}

static struct cty_session_actor *get_actor_locked(struct cty_sessions *sessions, struct cty_bytes name)
{
    struct cty_session_actor **link = actor_link_locked(sessions, name);
    if (*link)
        return *link;
    struct cty_session_actor *actor = sessions->free_actors;
    if (actor)
        sessions->free_actors = actor->next;
    else
        actor = &sessions->all_actors[sessions->actors_begun++];
    *actor = (struct cty_session_actor){.count = 0};
    memcpy(actor->name, name.data, name.size);
    *link = actor;
    return actor;
}

static struct cty_session_party *get_party_locked(struct cty_sessions *sessions, struct cty_bytes actor)
{
    uint64_t key = cty_tally_name(cty_actor_party(actor));
    struct cty_session_party **link = party_link_locked(sessions, key);
    if (*link)
        return *link;
    struct cty_session_party *party = sessions->free_parties;
    if (party)
        sessions->free_parties = party->next;
    else
        party = &sessions->all_parties[sessions->parties_begun++];
    *party = (struct cty_session_party){.key = key, .after = sessions->first_party};
    if (party->after)
        party->after->before = party;
    sessions->first_party = party;
    *link = party;
    return party;
}

static void put_actor_locked(struct cty_sessions *sessions, struct cty_session_actor *actor)
{
    if (actor->count > 0)
        return;
    *actor_link_locked(sessions, cty_bytes_text(actor->name)) = actor->next;
    actor->next = sessions->free_actors;
    sessions->free_actors = actor;
}

static void put_party_locked(struct cty_sessions *sessions, struct cty_session_party *party)
{
    if (party->count > 0)
        return;
    *party_link_locked(sessions, party->key) = party->next;
    *(party->before ? &party->before->after : &sessions->first_party) = party->after;
    if (party->after)
        party->after->before = party->before;
    party->next = sessions->free_parties;
    sessions->free_parties = party;
}

/* --- the lists that a session stands in ---------------------------------------------------------------------- */

static void used_last(struct cty_session_party *party, struct cty_session *session)
{
    session->before = party->last;
    session->after = NULL;
    *(party->last ? &party->last->after : &party->first) = session;
    party->last = session;
}

static void out_of_use(struct cty_session_party *party, const struct cty_session *session)
{
    *(session->before ? &session->before->after : &party->first) = session->after;
    *(session->after ? &session->after->before : &party->last) = session->before;
}

static void opened_last(struct cty_session_actor *actor, struct cty_session *session)
{
    session->older = actor->newest;
    session->newer = NULL;
    *(actor->newest ? &actor->newest->newer : &actor->oldest) = session;
    actor->newest = session;
}

static void out_of_opening(struct cty_session_actor *actor, const struct cty_session *session)
{
    *(session->older ? &session->older->newer : &actor->oldest) = session->newer;
    *(session->newer ? &session->newer->older : &actor->newest) = session->older;
}

/* The link that leads to the session, so that it can be taken out; the link at the end if there is none. */
static struct cty_session **link_locked(struct cty_sessions *sessions, const struct cty_hash *key)
{
    struct cty_session **link = &sessions->chains[chain_of(cty_be_get(key->bytes, 8))];
    while (*link && !cty_hash_equal(&(*link)->key, key))
        link = &(*link)->next;
    return link;
}

static void end_locked(struct cty_sessions *sessions, struct cty_session *session)
{
    struct cty_session **link = link_locked(sessions, &session->key);
    CTY_CHECK(*link == session);
    *link = session->next;
    out_of_use(session->party, session);
    out_of_opening(session->owner, session);
    session->party->count--;
    session->owner->count--;
    put_party_locked(sessions, session->party);
    put_actor_locked(sessions, session->owner);
    memset(session, 0, sizeof(*session));
    session->next = sessions->free_sessions;
    sessions->free_sessions = session;
    sessions->count--;
    cty_gauge_set(CTY_GAUGE_SESSIONS, sessions->count);
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

/* --- making room --------------------------------------------------------------------------------------------- */

/* Those that nobody has used for too long stand in front. With its last session the party is gone. */
static void end_idle_of_locked(struct cty_sessions *sessions, struct cty_session_party *party, uint64_t now)
{
    for (size_t left = party->count; left > 0 && is_over(party->first, now); left--)
        end_locked(sessions, party->first);
}

static void end_idle_locked(struct cty_sessions *sessions, uint64_t now)
{
    for (struct cty_session_party *party = sessions->first_party, *next; party; party = next) {
        next = party->after;
        end_idle_of_locked(sessions, party, now);
    }
}

static struct cty_session_party *largest_locked(const struct cty_sessions *sessions)
{
    struct cty_session_party *largest = sessions->first_party;
    for (struct cty_session_party *party = largest; party; party = party->after) {
        if (party->count > largest->count)
            largest = party;
    }
    return largest;
}

/* Nobody loses a session to another party, but where its own has more than every other. */
static void make_room_locked(struct cty_sessions *sessions, struct cty_bytes name, uint64_t now)
{
    if (sessions->count >= CTY_SESSIONS_MAX)
        end_idle_locked(sessions, now);
    const struct cty_session_actor *actor = *actor_link_locked(sessions, name);
    if (actor && actor->count >= CTY_SESSIONS_PER_ACTOR_MAX)
        end_locked(sessions, actor->oldest);
    const struct cty_session_party *party = *party_link_locked(sessions, cty_tally_name(cty_actor_party(name)));
    if (party && party->count >= CTY_SESSIONS_PER_PARTY_MAX)
        end_locked(sessions, party->first);
    if (sessions->count >= CTY_SESSIONS_MAX)
        end_locked(sessions, largest_locked(sessions)->first);
}

static struct cty_session *add_locked(struct cty_sessions *sessions, struct cty_bytes name)
{
    struct cty_session *session = sessions->free_sessions;
    if (session)
        sessions->free_sessions = session->next;
    else
        session = &sessions->all[sessions->begun++];
    sessions->count++;
    session->owner = get_actor_locked(sessions, name);
    session->party = get_party_locked(sessions, name);
    session->owner->count++;
    session->party->count++;
    opened_last(session->owner, session);
    used_last(session->party, session);
    return session;
}

void cty_sessions_open(struct cty_sessions *sessions, struct cty_bytes actor, uint32_t rotation,
                       struct cty_hash *ret_token, uint64_t *ret_expires)
{
    CTY_CHECK(actor.size > 0 && actor.size <= CTY_ACTOR_NAME_BYTES_MAX);
    cty_random(ret_token, sizeof(*ret_token));
    struct cty_hash key = cty_sha256(cty_hash_bytes(ret_token));
    pthread_mutex_lock(&sessions->lock);
    uint64_t now = now_locked(sessions);
    make_room_locked(sessions, actor, now);
    struct cty_session *session = add_locked(sessions, actor);
    session->key = key;
    session->opened_ms = session->used_ms = now;
    session->rotation = rotation;
    session->next = NULL;
    *link_locked(sessions, &key) = session;
    cty_gauge_set(CTY_GAUGE_SESSIONS, sessions->count);
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
    struct cty_session *session = *link_locked(sessions, &key);
    if (session && is_over(session, now)) {
        end_locked(sessions, session);
    } else if (session) {
        session->used_ms = now;
        out_of_use(session->party, session);
        used_last(session->party, session);
        memcpy(ret_actor, session->owner->name, sizeof(session->owner->name));
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
    struct cty_session *session = *link_locked(sessions, &key);
    if (session)
        end_locked(sessions, session);
    pthread_mutex_unlock(&sessions->lock);
}

size_t cty_sessions_count(struct cty_sessions *sessions)
{
    pthread_mutex_lock(&sessions->lock);
    size_t count = sessions->count;
    pthread_mutex_unlock(&sessions->lock);
    return count;
}

void cty_sessions_close_actor(struct cty_sessions *sessions, struct cty_bytes actor)
{
    pthread_mutex_lock(&sessions->lock);
    struct cty_session_actor *owner = *actor_link_locked(sessions, actor);
    for (size_t left = owner ? owner->count : 0; left > 0; left--)
        end_locked(sessions, owner->oldest);
    pthread_mutex_unlock(&sessions->lock);
}
