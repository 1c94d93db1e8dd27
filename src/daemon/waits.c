/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/waits.h"

#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include "base/check.h"
#include "base/times.h"

/* Deadlines of cases are of the custodian's clock, which may be set: it is looked at so often. */
#define LOOK_MS 200u
/* Whoever decides may be concerned by every held case: they look at this pace, and so many at a time. */
#define DECIDERS_PER_LOOK 256u
#define FAR_MS 60000u

uint64_t cty_waits_now(void)
{
    return cty_time_monotonic_ms();
}

static custody_err tables_init(struct cty_waits *waits, size_t max)
{
    size_t size = 64;
    while (size < 2 * max)
        size *= 2;
    waits->max = max;
    waits->buckets_mask = size - 1;
    waits->buckets = cty_alloc(size, sizeof(struct cty_wait_link *));
    cty_random(&waits->salt, sizeof(waits->salt));
    CTY_TRY(cty_tally_init(&waits->actors, max));
    CTY_TRY(cty_tally_init(&waits->parties, max));
    CTY_TRY(cty_heap_init(&waits->timeouts, max));
    CTY_TRY(cty_heap_init(&waits->dues, max));
    return waits->buckets ? CUSTODY_OK : CUSTODY_E_NO_MEMORY;
}

custody_err cty_waits_init(struct cty_waits *waits, const struct cty_clock *clock, size_t max,
                           void (*wake)(void *user, struct cty_wait *first), void *user)
{
    memset(waits, 0, sizeof(*waits));
    waits->clock = clock;
    waits->wake = wake;
    waits->user = user;
    pthread_condattr_t attributes;
    CTY_CHECK(pthread_condattr_init(&attributes) == 0);
    CTY_CHECK(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    CTY_CHECK(pthread_cond_init(&waits->changed, &attributes) == 0);
    pthread_condattr_destroy(&attributes);
    CTY_CHECK(pthread_mutex_init(&waits->lock, NULL) == 0);
    return tables_init(waits, max);
}

void cty_waits_done(struct cty_waits *waits)
{
    CTY_CHECK(!waits->running && waits->count == 0);
    cty_heap_done(&waits->timeouts);
    cty_heap_done(&waits->dues);
    cty_tally_done(&waits->actors);
    cty_tally_done(&waits->parties);
    free(waits->buckets);
    pthread_cond_destroy(&waits->changed);
    pthread_mutex_destroy(&waits->lock);
}

/* --- the table: everything by which a wait is found, in one ------------------------------------------------- */

static struct cty_wait_link **bucket(const struct cty_waits *waits, uint64_t key)
{
    uint64_t mixed = (key ^ waits->salt) * UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ mixed >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
    return &waits->buckets[(size_t)(mixed >> 24) & waits->buckets_mask];
}

static uint64_t case_key(const struct cty_hash *case_id)
{
    uint64_t key;
    memcpy(&key, case_id->bytes, sizeof(key));
    return key;
}

static void link_locked(struct cty_waits *waits, struct cty_wait *wait, size_t number, uint64_t key)
{
    struct cty_wait_link *link = &wait->links[number];
    struct cty_wait_link **first = bucket(waits, key);
    *link = (struct cty_wait_link){.key = key, .wait = wait, .next = *first, .to_this = first};
    if (link->next)
        link->next->to_this = &link->next;
    *first = link;
}

static void unlink_locked(struct cty_wait *wait)
{
    for (size_t i = 0; i < CTY_WAIT_LINKS; i++) {
        struct cty_wait_link *link = &wait->links[i];
        if (!link->wait)
            continue;
        *link->to_this = link->next;
        if (link->next)
            link->next->to_this = link->to_this;
        link->wait = NULL;
    }
}

/* --- deciders ------------------------------------------------------------------------------------------------ */

static bool is_late(const struct cty_waits *waits, const struct cty_wait *wait)
{
    return wait->held_seen != waits->held_touched;
}

/* Who has missed something goes to the front, so that those in front are always all of them. */
static void add_decider_locked(struct cty_waits *waits, struct cty_wait *wait)
{
    bool late = is_late(waits, wait);
    wait->before_decider = late ? NULL : waits->last_decider;
    wait->after_decider = late ? waits->first_decider : NULL;
    *(wait->before_decider ? &wait->before_decider->after_decider : &waits->first_decider) = wait;
    *(wait->after_decider ? &wait->after_decider->before_decider : &waits->last_decider) = wait;
}

static void drop_decider_locked(struct cty_waits *waits, struct cty_wait *wait)
{
    *(wait->before_decider ? &wait->before_decider->after_decider : &waits->first_decider) = wait->after_decider;
    *(wait->after_decider ? &wait->after_decider->before_decider : &waits->last_decider) = wait->before_decider;
}

/* --- waking -------------------------------------------------------------------------------------------------- */

static void take_locked(struct cty_waits *waits, struct cty_wait *wait, enum cty_wake reason, struct cty_wait **taken)
{
    cty_heap_drop(&waits->timeouts, &wait->timeout);
    cty_heap_drop(&waits->dues, &wait->due);
    if (wait->decides)
        drop_decider_locked(waits, wait);
    wait->parked = false;
    wait->reason = reason;
    wait->missed = CTY_WAKE_NONE;
    wait->held_seen = waits->held_touched;
    wait->next = *taken;
    *taken = wait;
}

/* Wakes it, or makes it look again where it is being looked for. That its peer is gone is not forgotten over news. */
static void tell_locked(struct cty_waits *waits, struct cty_wait *wait, enum cty_wake reason, struct cty_wait **taken)
{
    if (wait->parked)
        take_locked(waits, wait, reason, taken);
    else if (wait->missed != CTY_WAKE_GONE)
        wait->missed = reason;
}

static void wake_all(struct cty_waits *waits, struct cty_wait *taken)
{
    if (taken)
        waits->wake(waits->user, taken);
}

/* --- the thread for the times -------------------------------------------------------------------------------- */

static struct cty_wait *of_timeout(struct cty_heap_node *node)
{
    return (struct cty_wait *)(void *)((char *)node - offsetof(struct cty_wait, timeout));
}

static struct cty_wait *of_due(struct cty_heap_node *node)
{
    return (struct cty_wait *)(void *)((char *)node - offsetof(struct cty_wait, due));
}

static void take_due_locked(struct cty_waits *waits, struct cty_wait **taken)
{
    uint64_t wall = cty_clock_wall(waits->clock);
    struct cty_heap_node *node;
    while ((node = cty_heap_top(&waits->dues)) != NULL && wall > node->at)
        take_locked(waits, of_due(node), CTY_WAKE_NEWS, taken);
    for (size_t i = 0; i < DECIDERS_PER_LOOK && waits->first_decider && is_late(waits, waits->first_decider); i++)
        take_locked(waits, waits->first_decider, CTY_WAKE_NEWS, taken);
}

static struct cty_wait *take_times_locked(struct cty_waits *waits, uint64_t now)
{
    struct cty_wait *taken = NULL;
    struct cty_heap_node *node;
    while ((node = cty_heap_top(&waits->timeouts)) != NULL && now >= node->at)
        take_locked(waits, of_timeout(node), CTY_WAKE_TIMEOUT, &taken);
    if (now >= waits->look_ms) {
        waits->look_ms = now + LOOK_MS;
        take_due_locked(waits, &taken);
    }
    return taken;
}

static struct timespec next_time_locked(const struct cty_waits *waits, uint64_t now)
{
    uint64_t at = now + FAR_MS;
    const struct cty_heap_node *timeout = cty_heap_top(&waits->timeouts);
    if (timeout && timeout->at < at)
        at = timeout->at;
    if ((cty_heap_top(&waits->dues) || waits->first_decider) && waits->look_ms < at)
        at = waits->look_ms;
    return (struct timespec){.tv_sec = (time_t)(at / 1000), .tv_nsec = (long)(at % 1000) * 1000000};
}

static void *run_thread(void *context)
{
    struct cty_waits *waits = context;
    pthread_mutex_lock(&waits->lock);
    while (!waits->stopping) {
        uint64_t now = cty_waits_now();
        struct cty_wait *taken = take_times_locked(waits, now);
        if (!taken) {
            struct timespec until = next_time_locked(waits, now);
            pthread_cond_timedwait(&waits->changed, &waits->lock, &until);
            continue;
        }
        pthread_mutex_unlock(&waits->lock);
        wake_all(waits, taken);
        pthread_mutex_lock(&waits->lock);
    }
    pthread_mutex_unlock(&waits->lock);
    return NULL;
}

custody_err cty_waits_start(struct cty_waits *waits, custody_error *error)
{
    if (pthread_create(&waits->thread, NULL, run_thread, waits) != 0)
        return cty_fail(error, CUSTODY_E_NO_MEMORY, "no thread for waiting calls");
    waits->running = true;
    return CUSTODY_OK;
}

void cty_waits_stop(struct cty_waits *waits)
{
    struct cty_wait *taken = NULL;
    struct cty_heap_node *node;
    pthread_mutex_lock(&waits->lock);
    waits->stopping = true;
    while ((node = cty_heap_top(&waits->timeouts)) != NULL)
        take_locked(waits, of_timeout(node), CTY_WAKE_STOP, &taken);
    pthread_cond_signal(&waits->changed);
    pthread_mutex_unlock(&waits->lock);
    wake_all(waits, taken);
    if (waits->running)
        pthread_join(waits->thread, NULL);
    waits->running = false;
}

/* --- one wait ------------------------------------------------------------------------------------------------ */

size_t cty_waits_count(struct cty_waits *waits)
{
    pthread_mutex_lock(&waits->lock);
    size_t count = waits->count;
    pthread_mutex_unlock(&waits->lock);
    return count;
}

static size_t party_share(const struct cty_waits *waits)
{
    size_t share = waits->max - waits->max / CTY_WAITS_PARTY_REST;
    return share ? share : 1;
}

static custody_err check_room_locked(const struct cty_waits *waits, const struct cty_wait *wait, custody_error *error)
{
    if (waits->stopping)
        return cty_fail(error, CUSTODY_E_BUSY, "the custodian stops");
    if (cty_tally_get(&waits->actors, wait->actor_key) >= CTY_WAITS_PER_ACTOR_MAX)
        return cty_fail(error, CUSTODY_E_QUOTA, "%u calls of this actor wait", CTY_WAITS_PER_ACTOR_MAX);
    if (cty_tally_get(&waits->parties, wait->party_key) >= party_share(waits))
        return cty_fail(error, CUSTODY_E_QUOTA, "%zu calls of this party wait", party_share(waits));
    if (waits->count >= waits->max)
        return cty_fail(error, CUSTODY_E_BUSY, "%zu calls wait", waits->max);
    return CUSTODY_OK;
}

static void arm_locked(struct cty_waits *waits, struct cty_wait *wait)
{
    wait->parked = false;
    wait->missed = CTY_WAKE_NONE;
    wait->event = waits->events;
    wait->held_seen = waits->held_touched;
    wait->timeout.place = wait->due.place = 0;
    wait->links[1].wait = NULL;
    link_locked(waits, wait, 0, wait->news ? wait->actor_key : case_key(&wait->case_id));
    if (wait->news && wait->party_key != wait->actor_key)
        link_locked(waits, wait, 1, wait->party_key);
    link_locked(waits, wait, 2, wait->connection);
    cty_tally_add(&waits->actors, wait->actor_key);
    cty_tally_add(&waits->parties, wait->party_key);
    waits->count++;
}

custody_err cty_waits_arm(struct cty_waits *waits, struct cty_wait *wait, custody_error *error)
{
    pthread_mutex_lock(&waits->lock);
    custody_err err = check_room_locked(waits, wait, error);
    if (err == CUSTODY_OK)
        arm_locked(waits, wait);
    pthread_mutex_unlock(&waits->lock);
    return err;
}

static void park_locked(struct cty_waits *waits, struct cty_wait *wait)
{
    bool alone = !cty_heap_top(&waits->dues) && !waits->first_decider;
    wait->parked = true;
    cty_heap_put(&waits->timeouts, &wait->timeout, wait->deadline_ms);
    if (wait->due_ms)
        cty_heap_put(&waits->dues, &wait->due, wait->due_ms);
    if (wait->decides)
        add_decider_locked(waits, wait);
    /* The thread sleeps until what was next before. */
    bool looks = alone && (wait->due_ms || wait->decides);
    if (looks || cty_heap_top(&waits->timeouts) == &wait->timeout)
        pthread_cond_signal(&waits->changed);
}

bool cty_waits_park(struct cty_waits *waits, struct cty_wait *wait)
{
    pthread_mutex_lock(&waits->lock);
    enum cty_wake missed = waits->stopping ? CTY_WAKE_STOP : wait->missed;
    if (missed == CTY_WAKE_NONE)
        park_locked(waits, wait);
    else
        wait->reason = missed;
    wait->missed = CTY_WAKE_NONE;
    pthread_mutex_unlock(&waits->lock);
    return missed == CTY_WAKE_NONE;
}

void cty_waits_leave(struct cty_waits *waits, struct cty_wait *wait)
{
    pthread_mutex_lock(&waits->lock);
    CTY_CHECK(!wait->parked);
    unlink_locked(wait);
    cty_tally_drop(&waits->actors, wait->actor_key);
    cty_tally_drop(&waits->parties, wait->party_key);
    waits->count--;
    pthread_mutex_unlock(&waits->lock);
}

/* --- what happens -------------------------------------------------------------------------------------------- */

/* A commit makes a wait look once, however much of it concerns it. */
static void tell_once_locked(struct cty_waits *waits, struct cty_wait *wait, struct cty_wait **taken)
{
    if (wait->event == waits->events)
        return;
    wait->event = waits->events;
    tell_locked(waits, wait, CTY_WAKE_NEWS, taken);
}

static void tell_case_locked(struct cty_waits *waits, const struct cty_hash *case_id, struct cty_wait **taken)
{
    uint64_t key = case_key(case_id);
    for (struct cty_wait_link *link = *bucket(waits, key); link; link = link->next) {
        if (link->key == key && !link->wait->news && cty_hash_equal(&link->wait->case_id, case_id))
            tell_once_locked(waits, link->wait, taken);
    }
}

static void tell_name_locked(struct cty_waits *waits, uint64_t name, struct cty_wait **taken)
{
    for (struct cty_wait_link *link = *bucket(waits, name); link; link = link->next) {
        if (link->key == name && link->wait->news && link != &link->wait->links[2])
            tell_once_locked(waits, link->wait, taken);
    }
}

void cty_waits_committed(struct cty_waits *waits, const struct cty_touched *cases, size_t count)
{
    struct cty_wait *taken = NULL;
    bool held = false;
    pthread_mutex_lock(&waits->lock);
    waits->events++;
    for (size_t i = 0; i < count && waits->count > 0; i++) {
        tell_case_locked(waits, &cases[i].case_id, &taken);
        for (size_t k = 0; k < CTY_COUNT_OF(cases[i].names); k++) {
            if (cases[i].names[k])
                tell_name_locked(waits, cases[i].names[k], &taken);
        }
        held = held || cases[i].held;
    }
    waits->held_touched += held;
    pthread_mutex_unlock(&waits->lock);
    wake_all(waits, taken);
}

void cty_waits_gone(struct cty_waits *waits, uint64_t connection)
{
    struct cty_wait *taken = NULL;
    pthread_mutex_lock(&waits->lock);
    for (struct cty_wait_link *link = *bucket(waits, connection); link; link = link->next) {
        if (link->key == connection && link == &link->wait->links[2])
            tell_locked(waits, link->wait, CTY_WAKE_GONE, &taken);
    }
    pthread_mutex_unlock(&waits->lock);
    wake_all(waits, taken);
}
