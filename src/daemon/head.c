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

custody_err cty_head_put_checkpoint(struct cty_head *head, const struct cty_store_mark *mark, struct cty_bytes note,
                                    uint64_t time)
{
    if (note.size > sizeof(head->now.note))
        return CUSTODY_E_TOO_LARGE;
    pthread_mutex_lock(&head->lock);
    head->now.mark = *mark;
    head->now.time = time;
    head->now.note_size = note.size;
    memcpy(head->now.note, note.data, note.size);
    pthread_mutex_unlock(&head->lock);
    return CUSTODY_OK;
}

void cty_head_put_service(struct cty_head *head, enum cty_service_state state, const char *reason)
{
    pthread_mutex_lock(&head->lock);
    bool changed = head->now.state != state && head->now.state != CTY_SERVING_STOPPED;
    if (changed) {
        head->now.state = state;
        snprintf(head->now.reason, sizeof(head->now.reason), "%s", reason);
    }
    pthread_mutex_unlock(&head->lock);
    if (changed)
        cty_log(state == CTY_SERVING ? CTY_LOG_INFO : CTY_LOG_WARNING, "state", "state", "s",
                cty_service_state_names[state], "reason", "s", reason, NULL);
}
