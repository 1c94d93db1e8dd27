/* SPDX-License-Identifier: Apache-2.0 */
#include "net/publisher.h"

#include <stdlib.h>

#include "base/check.h"
#include "net/door.h"

/*
 * Whoever publishes only leaves the message here: going through all subscribers, and TLS for each, is for a thread of the
 * publisher's own. Where that falls behind, the oldest is dropped, as it is for a subscriber that does.
 */
struct cty_net_publisher {
    struct cty_door door;
    size_t message_max;
    pthread_t thread;
    bool running;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool stopping;
    struct cty_frame *pending[CTY_PUBLISH_QUEUE_MAX];
    size_t pending_count;
};

/* A subscriber has nothing to say. */
static enum cty_door_verdict admit_locked(void *owner, struct cty_conn *conn, uint8_t *body, size_t size)
{
    (void)owner, (void)conn, (void)body, (void)size;
    return CTY_DOOR_REFUSE;
}

static void deliver(void *owner, struct cty_conn *conn)
{
    (void)owner, (void)conn;
}

static void sent_locked(void *owner, struct cty_conn *conn)
{
    (void)owner, (void)conn;
}

static bool ended_locked(void *owner, struct cty_conn *conn)
{
    (void)owner, (void)conn;
    return false;
}

static const struct cty_door_ops door_ops = {
    .admit_locked = admit_locked,
    .deliver = deliver,
    .sent_locked = sent_locked,
    .ended_locked = ended_locked,
};

static void tell_locked(struct cty_conn *conn, struct cty_frame *frame)
{
    /* The frame at the front is on its way; only those behind it wait. */
    if (conn->queue_count > CTY_PUBLISH_QUEUE_MAX)
        cty_conn_forget_locked(conn);
    frame->refs++;
    cty_conn_send_locked(conn, frame);
}

static void tell_all(struct cty_net_publisher *publisher, struct cty_frame *frame)
{
    pthread_mutex_lock(&publisher->door.lock);
    for (struct cty_conn *conn = publisher->door.conns; conn; conn = conn->next) {
        if (conn->reader.greeted && !conn->closing)
            tell_locked(conn, frame);
    }
    cty_frame_drop_locked(frame);
    pthread_mutex_unlock(&publisher->door.lock);
}

/* Takes the oldest. */
static struct cty_frame *take_pending_locked(struct cty_net_publisher *publisher)
{
    struct cty_frame *frame = publisher->pending[0];
    publisher->pending_count--;
    memmove(publisher->pending, publisher->pending + 1, publisher->pending_count * sizeof(frame));
    return frame;
}

static void *run_thread(void *context)
{
    struct cty_net_publisher *publisher = context;
    pthread_mutex_lock(&publisher->lock);
    while (!publisher->stopping || publisher->pending_count > 0) {
        if (publisher->pending_count == 0) {
            pthread_cond_wait(&publisher->changed, &publisher->lock);
            continue;
        }
        struct cty_frame *frame = take_pending_locked(publisher);
        pthread_mutex_unlock(&publisher->lock);
        tell_all(publisher, frame);
        pthread_mutex_lock(&publisher->lock);
    }
    pthread_mutex_unlock(&publisher->lock);
    return NULL;
}

static void stop_thread(struct cty_net_publisher *publisher)
{
    pthread_mutex_lock(&publisher->lock);
    publisher->stopping = true;
    pthread_cond_signal(&publisher->changed);
    pthread_mutex_unlock(&publisher->lock);
    if (publisher->running)
        pthread_join(publisher->thread, NULL);
    pthread_cond_destroy(&publisher->changed);
    pthread_mutex_destroy(&publisher->lock);
}

custody_err cty_net_publisher_open(const struct cty_net_publisher_config *config,
                                   struct cty_net_publisher **ret_publisher, custody_error *error)
{
    const struct cty_door_config of_door = {
        .urls = config->urls,
        .url_count = config->url_count,
        .file_mode = config->file_mode ? config->file_mode : 0600,
        .protocol = CTY_SP_PUB,
        .peer = CTY_SP_SUB,
        .message_max = 0,
        .connections_max = config->connections_max ? config->connections_max : CTY_CONNECTIONS_DEFAULT,
        .hello_ms = config->hello_ms ? config->hello_ms : CTY_HELLO_MS_DEFAULT,
        .send_ms = config->send_ms ? config->send_ms : CTY_SEND_MS_DEFAULT,
        .certificate = config->certificate,
        .certificate_key = config->certificate_key,
    };
    struct cty_net_publisher *publisher = cty_alloc(1, sizeof(*publisher));
    if (!publisher)
        return CUSTODY_E_NO_MEMORY;
    publisher->message_max = config->message_max ? config->message_max : CTY_NOTE_BYTES_MAX;
    pthread_mutex_init(&publisher->lock, NULL);
    pthread_cond_init(&publisher->changed, NULL);
    custody_err err = cty_door_open(&publisher->door, &of_door, &door_ops, publisher, error);
    if (err != CUSTODY_OK) {
        stop_thread(publisher);
        free(publisher);
        return err;
    }
    publisher->running = pthread_create(&publisher->thread, NULL, run_thread, publisher) == 0;
    if (!publisher->running) {
        cty_net_publisher_close(publisher);
        return cty_fail(error, CUSTODY_E_NO_MEMORY, "no thread for the publisher");
    }
    cty_door_start(&publisher->door);
    *ret_publisher = publisher;
    return CUSTODY_OK;
}

const char *cty_net_publisher_url(const struct cty_net_publisher *publisher, size_t index)
{
    return index < publisher->door.listener_count ? publisher->door.listeners[index].url.text : NULL;
}

size_t cty_net_publisher_connections(struct cty_net_publisher *publisher)
{
    size_t ready = 0;
    pthread_mutex_lock(&publisher->door.lock);
    for (const struct cty_conn *conn = publisher->door.conns; conn; conn = conn->next)
        ready += conn->reader.greeted && !conn->closing;
    pthread_mutex_unlock(&publisher->door.lock);
    return ready;
}

custody_err cty_net_publish(struct cty_net_publisher *publisher, struct cty_bytes message)
{
    if (message.size > publisher->message_max)
        return CUSTODY_E_TOO_LARGE;
    struct cty_frame *frame = cty_frame_new(cty_bytes_make(NULL, 0), message);
    if (!frame)
        return CUSTODY_E_NO_MEMORY;
    pthread_mutex_lock(&publisher->lock);
    /* Nobody else has seen those that are pending. */
    if (publisher->pending_count == CTY_PUBLISH_QUEUE_MAX)
        cty_frame_drop_locked(take_pending_locked(publisher));
    publisher->pending[publisher->pending_count++] = frame;
    pthread_cond_signal(&publisher->changed);
    pthread_mutex_unlock(&publisher->lock);
    return CUSTODY_OK;
}

void cty_net_publisher_close(struct cty_net_publisher *publisher)
{
    if (!publisher)
        return;
    stop_thread(publisher);
    cty_door_close(&publisher->door);
    free(publisher);
}
