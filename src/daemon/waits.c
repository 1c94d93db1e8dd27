/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/waits.h"

#include <time.h>

#include "base/check.h"

/* Deadlines of cases are of the custodian's clock, which may be set: it is looked at so often. */
#define LOOK_MS 200u

uint64_t cty_waits_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* FNV-1a; never 0. */
uint64_t cty_waits_name(struct cty_bytes name)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < name.size; i++)
        hash = (hash ^ name.data[i]) * UINT64_C(1099511628211);
    return hash ? hash : 1;
}

void cty_waits_init(struct cty_waits *waits, const struct cty_clock *clock, void (*wake)(struct cty_wait *wait))
{
    memset(waits, 0, sizeof(*waits));
    waits->clock = clock;
    waits->wake = wake;
    pthread_condattr_t attributes;
    CTY_CHECK(pthread_condattr_init(&attributes) == 0);
    CTY_CHECK(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    CTY_CHECK(pthread_cond_init(&waits->changed, &attributes) == 0);
    pthread_condattr_destroy(&attributes);
    CTY_CHECK(pthread_mutex_init(&waits->lock, NULL) == 0);
}

void cty_waits_done(struct cty_waits *waits)
{
    CTY_CHECK(!waits->running && !waits->first);
    pthread_cond_destroy(&waits->changed);
    pthread_mutex_destroy(&waits->lock);
}

/* What a waiting call is compared with; `matches` says whether it is to be woken. */
struct event {
    enum cty_wake reason;
    const struct cty_touched *cases;
    size_t count;
    uint64_t connection;
    uint64_t now_ms;
    uint64_t wall_ms;
};

static bool concerns(const struct cty_touched *touched, const struct cty_wait *wait)
{
    for (size_t i = 0; i < CTY_COUNT_OF(touched->names); i++) {
        if (touched->names[i] && (touched->names[i] == wait->actor_name || touched->names[i] == wait->party_name))
            return true;
    }
    return false;
}

/* Whoever decides may be concerned by every held case: they look at a bounded pace, however busy the ledger is. */
static bool touches(const struct event *event, struct cty_wait *wait)
{
    for (size_t i = 0; i < event->count; i++) {
        const struct cty_touched *touched = &event->cases[i];
        if (wait->news ? concerns(touched, wait) : cty_hash_equal(&touched->case_id, &wait->case_id))
            return true;
        wait->late = wait->late || (wait->news && wait->decides && touched->held);
    }
    return false;
}

static bool matches(const struct event *event, struct cty_wait *wait)
{
    wait->reason = event->reason;
    switch (event->reason) {
    case CTY_WAKE_NEWS:
        return touches(event, wait);
    case CTY_WAKE_GONE:
        return wait->connection == event->connection;
    case CTY_WAKE_STOP:
        return true;
    case CTY_WAKE_TIMEOUT:
        if (event->now_ms >= wait->deadline_ms)
            return true;
        wait->reason = CTY_WAKE_NEWS;
        return wait->late || (wait->due_ms != 0 && event->wall_ms > wait->due_ms);
    }
    return false;
}

static struct cty_wait *take_locked(struct cty_waits *waits, const struct event *event)
{
    struct cty_wait *taken = NULL;
    for (struct cty_wait **link = &waits->first; *link;) {
        struct cty_wait *wait = *link;
        if (!matches(event, wait)) {
            link = &wait->next;
            continue;
        }
        *link = wait->next;
        wait->next = taken;
        taken = wait;
    }
    return taken;
}

static void wake_all(struct cty_waits *waits, struct cty_wait *wait)
{
    while (wait) {
        struct cty_wait *next = wait->next;
        waits->wake(wait);
        wait = next;
    }
}

static struct event times(const struct cty_waits *waits)
{
    return (struct event){.reason = CTY_WAKE_TIMEOUT, .now_ms = cty_waits_now(),
                          .wall_ms = cty_clock_wall(waits->clock)};
}

static struct timespec next_look_locked(const struct cty_waits *waits)
{
    uint64_t at = cty_waits_now() + LOOK_MS;
    for (const struct cty_wait *wait = waits->first; wait; wait = wait->next) {
        if (wait->deadline_ms < at)
            at = wait->deadline_ms;
    }
    return (struct timespec){.tv_sec = (time_t)(at / 1000), .tv_nsec = (long)(at % 1000) * 1000000};
}

static void *run_thread(void *context)
{
    struct cty_waits *waits = context;
    pthread_mutex_lock(&waits->lock);
    while (!waits->stopping) {
        struct event event = times(waits);
        struct cty_wait *taken = take_locked(waits, &event);
        if (taken) {
            pthread_mutex_unlock(&waits->lock);
            wake_all(waits, taken);
            pthread_mutex_lock(&waits->lock);
        } else if (!waits->first) {
            pthread_cond_wait(&waits->changed, &waits->lock);
        } else {
            struct timespec until = next_look_locked(waits);
            pthread_cond_timedwait(&waits->changed, &waits->lock, &until);
        }
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
    struct event event = {.reason = CTY_WAKE_STOP};
    pthread_mutex_lock(&waits->lock);
    waits->stopping = true;
    struct cty_wait *taken = take_locked(waits, &event);
    pthread_cond_signal(&waits->changed);
    pthread_mutex_unlock(&waits->lock);
    wake_all(waits, taken);
    if (waits->running)
        pthread_join(waits->thread, NULL);
    waits->running = false;
}

uint64_t cty_waits_commits(struct cty_waits *waits)
{
    pthread_mutex_lock(&waits->lock);
    uint64_t commits = waits->commits;
    pthread_mutex_unlock(&waits->lock);
    return commits;
}

static size_t count_locked(const struct cty_waits *waits, const char *actor)
{
    size_t count = 0;
    for (const struct cty_wait *wait = waits->first; wait; wait = wait->next)
        count += strcmp(wait->actor, actor) == 0;
    return count;
}

static bool is_gone_locked(const struct cty_waits *waits, uint64_t connection)
{
    for (size_t i = 0; i < CTY_WAITS_GONE_KEPT; i++) {
        if (waits->gone[i] == connection)
            return true;
    }
    return false;
}

custody_err cty_waits_park(struct cty_waits *waits, struct cty_wait *wait, uint64_t commits, bool *ret_parked)
{
    custody_err err = CUSTODY_OK;
    pthread_mutex_lock(&waits->lock);
    *ret_parked = false;
    if (waits->stopping) {
        err = CUSTODY_E_BUSY;
    } else if (is_gone_locked(waits, wait->connection)) {
        err = CUSTODY_E_CANCELLED_WAIT;
    } else if (count_locked(waits, wait->actor) >= CTY_WAITS_PER_ACTOR_MAX) {
        err = CUSTODY_E_QUOTA;
    } else if (waits->commits == commits) {
        wait->late = false;
        wait->next = waits->first;
        waits->first = wait;
        *ret_parked = true;
        pthread_cond_signal(&waits->changed);
    }
    pthread_mutex_unlock(&waits->lock);
    return err;
}

void cty_waits_committed(struct cty_waits *waits, const struct cty_touched *cases, size_t count)
{
    struct event event = {.reason = CTY_WAKE_NEWS, .cases = cases, .count = count};
    pthread_mutex_lock(&waits->lock);
    waits->commits++;
    struct cty_wait *taken = take_locked(waits, &event);
    pthread_mutex_unlock(&waits->lock);
    wake_all(waits, taken);
}

void cty_waits_gone(struct cty_waits *waits, uint64_t connection)
{
    struct event event = {.reason = CTY_WAKE_GONE, .connection = connection};
    pthread_mutex_lock(&waits->lock);
    waits->gone[waits->gone_next++ % CTY_WAITS_GONE_KEPT] = connection;
    struct cty_wait *taken = take_locked(waits, &event);
    pthread_mutex_unlock(&waits->lock);
    wake_all(waits, taken);
}
