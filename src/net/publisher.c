/* SPDX-License-Identifier: Apache-2.0 */
#include "net/publisher.h"

#include <stdlib.h>

#include "base/check.h"
#include "net/door.h"

struct cty_net_publisher {
    struct cty_door door;
    size_t message_max;
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
    custody_err err = cty_door_open(&publisher->door, &of_door, &door_ops, publisher, error);
    if (err != CUSTODY_OK) {
        free(publisher);
        return err;
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

static void tell_locked(struct cty_conn *conn, struct cty_frame *frame)
{
    /* The frame at the front is on its way; only those behind it wait. */
    if (conn->queue_count > CTY_PUBLISH_QUEUE_MAX)
        cty_conn_forget_locked(conn);
    frame->refs++;
    cty_conn_send_locked(conn, frame);
}

custody_err cty_net_publish(struct cty_net_publisher *publisher, struct cty_bytes message)
{
    if (message.size > publisher->message_max)
        return CUSTODY_E_TOO_LARGE;
    struct cty_frame *frame = cty_frame_new(cty_bytes_make(NULL, 0), message);
    if (!frame)
        return CUSTODY_E_NO_MEMORY;
    pthread_mutex_lock(&publisher->door.lock);
    for (struct cty_conn *conn = publisher->door.conns; conn; conn = conn->next) {
        if (conn->reader.greeted && !conn->closing)
            tell_locked(conn, frame);
    }
    cty_frame_drop_locked(frame);
    pthread_mutex_unlock(&publisher->door.lock);
    return CUSTODY_OK;
}

void cty_net_publisher_close(struct cty_net_publisher *publisher)
{
    if (!publisher)
        return;
    cty_door_close(&publisher->door);
    free(publisher);
}
