/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/head.h"

#include <stdio.h>

#include "base/check.h"
#include "daemon/log.h"

void cty_head_init(struct cty_head *head)
{
    memset(head, 0, sizeof(*head));
    CTY_CHECK(pthread_mutex_init(&head->lock, NULL) == 0);
}

void cty_head_done(struct cty_head *head)
{
    pthread_mutex_destroy(&head->lock);
}

void cty_head_get(struct cty_head *head, struct cty_head_state *ret_state)
{
    pthread_mutex_lock(&head->lock);
    *ret_state = head->now;
    pthread_mutex_unlock(&head->lock);
}

enum cty_service_state cty_head_service(struct cty_head *head)
{
    pthread_mutex_lock(&head->lock);
    enum cty_service_state state = head->now.state;
    pthread_mutex_unlock(&head->lock);
    return state;
}

uint64_t cty_head_time(struct cty_head *head)
{
    pthread_mutex_lock(&head->lock);
    uint64_t time = head->now.time;
    pthread_mutex_unlock(&head->lock);
    return time;
}

custody_err cty_head_put_checkpoint(struct cty_head *head, const struct cty_head_news *news)
{
    if (news->note.size > sizeof(head->now.note))
        return CUSTODY_E_TOO_LARGE;
    pthread_mutex_lock(&head->lock);
    head->now.mark = news->mark;
    head->now.time = news->time;
    head->now.log = news->log;
    head->now.clerk = news->clerk;
    head->now.note_size = news->note.size;
    memcpy(head->now.note, news->note.data, news->note.size);
    pthread_mutex_unlock(&head->lock);
    return CUSTODY_OK;
}

void cty_head_put_rotation(struct cty_head *head, uint64_t index)
{
    pthread_mutex_lock(&head->lock);
    head->rotations[head->rotations_count++ % CTY_HEAD_ROTATIONS_MAX] = index;
    pthread_mutex_unlock(&head->lock);
}

void cty_head_get_rotations(struct cty_head *head, uint64_t ret_indices[CTY_HEAD_ROTATIONS_MAX], uint32_t *ret_count)
{
    pthread_mutex_lock(&head->lock);
    uint64_t all = head->rotations_count;
    uint64_t count = all < CTY_HEAD_ROTATIONS_MAX ? all : CTY_HEAD_ROTATIONS_MAX;
    for (uint64_t i = 0; i < count; i++)
        ret_indices[i] = head->rotations[(all - count + i) % CTY_HEAD_ROTATIONS_MAX];
    pthread_mutex_unlock(&head->lock);
    *ret_count = (uint32_t)count;
}

/* Whether the one may follow the other. */
static bool may_follow(enum cty_service_state now, enum cty_service_state next)
{
    bool only_stops = now == CTY_SERVING_CLOSED || now == CTY_SERVING_BEHIND;
    return now != CTY_SERVING_STOPPED && (!only_stops || next == CTY_SERVING_STOPPED);
}

static void log_service(enum cty_service_state state, const char *reason)
{
    bool good = state == CTY_SERVING || state == CTY_SERVING_CLOSED;
    cty_log(good ? CTY_LOG_INFO : CTY_LOG_WARNING, "state", "state", "s", cty_service_state_names[state], "reason", "s",
            reason, NULL);
}

static bool put_locked(struct cty_head *head, enum cty_service_state state, const char *reason)
{
    bool changed = head->now.state != state;
    head->now.state = state;
    snprintf(head->now.reason, sizeof(head->now.reason), "%s", reason);
    return changed;
}

void cty_head_put_service(struct cty_head *head, enum cty_service_state state, const char *reason)
{
    pthread_mutex_lock(&head->lock);
    bool changed = head->now.state != state && may_follow(head->now.state, state) && put_locked(head, state, reason);
    pthread_mutex_unlock(&head->lock);
    if (changed)
        log_service(state, reason);
}

void cty_head_move_service(struct cty_head *head, enum cty_service_state from, enum cty_service_state state,
                           const char *reason)
{
    pthread_mutex_lock(&head->lock);
    bool changed = head->now.state == from && put_locked(head, state, reason);
    pthread_mutex_unlock(&head->lock);
    if (changed)
        log_service(state, reason);
}
