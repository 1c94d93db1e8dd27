/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls on top of a door. A message needs two things to become a call: that its connection has fewer than
 * calls_per_connection calls and unwritten answers under way, and a free call. Without the first the message is parked
 * and its connection is blocked, until one of its own answers is written; without the second it is parked and its
 * connection stands in line. Whatever is freed is granted to the first in line, who then stands at the end again with
 * its next message.
 *
 * A call that is held is none of the calls_max any more: there are waits_max places for those.
 */
#include "net/server.h"

#include <stdlib.h>

#include "base/check.h"
#include "net/door.h"
#include "net/trouble.h"

struct cty_net_call {
    struct cty_net_server *server;
    /* NULL when the connection is gone. */
    struct cty_conn *conn;
    uint64_t connection;
    uint8_t id[CTY_SP_ID_BYTES];
    uint8_t *body;
    size_t size;
    bool over_tls;
    struct cty_net_peer peer;
    bool taken;
    bool held;
    int standing;
    int change;
    bool vouches;
    struct cty_net_call *next; /* of its connection, or among the free */
    struct cty_net_call *prev;
};

struct cty_net_server {
    struct cty_door door;
    struct cty_net_server_ops ops;
    void *user;
    size_t reply_max;
    size_t calls_per_connection;
    size_t calls_max;
    size_t held_max;
    struct cty_net_call *calls; /* calls_max + held_max */
    struct cty_net_call *free_calls;
    /* Of calls_max, and of held_max. */
    size_t free_count;
    size_t held_count;
    /* Answers given and not written yet, of all connections. */
    size_t unwritten;
    uint64_t messages;
    uint64_t replies;
    struct cty_conn *line_first;
    struct cty_conn *line_last;
    /*
     * While a thread that ends a call has the lock: it delivers what is granted meanwhile itself, so that no other has to be
     * woken for it. One at a time: what it delivers may end a call in its turn, and so on without end.
     */
    bool gathering;
    bool delivering;
    struct cty_conn *ready;
    struct cty_conn *ready_last;
    bool draining;
};

/* ---- the line ---- */

static void line_add_locked(struct cty_net_server *server, struct cty_conn *conn)
{
    if (conn->in_line)
        return;
    conn->in_line = true;
    conn->line_next = NULL;
    conn->line_prev = server->line_last;
    if (server->line_last)
        server->line_last->line_next = conn;
    else
        server->line_first = conn;
    server->line_last = conn;
}

static void line_remove_locked(struct cty_net_server *server, struct cty_conn *conn)
{
    if (!conn->in_line)
        return;
    if (conn->line_prev)
        conn->line_prev->line_next = conn->line_next;
    else
        server->line_first = conn->line_next;
    if (conn->line_next)
        conn->line_next->line_prev = conn->line_prev;
    else
        server->line_last = conn->line_prev;
    conn->in_line = false;
}

/* ---- calls ---- */

static bool has_own_room(const struct cty_net_server *server, const struct cty_conn *conn)
{
    return conn->open_count < server->calls_per_connection;
}

static struct cty_net_call *call_take_locked(struct cty_net_server *server, struct cty_conn *conn)
{
    struct cty_net_call *call = server->free_calls;
    server->free_calls = call->next;
    server->free_count--;
    conn->open_count++;
    *call = (struct cty_net_call){.server = server, .conn = conn, .connection = conn->number,
                                  .over_tls = conn->tls != NULL, .peer = {{0}}, .taken = true,
                                  .standing = conn->standing, .next = conn->calls};
    memcpy(call->peer.bytes, conn->peer, sizeof(conn->peer));
    if (call->next)
        call->next->prev = call;
    conn->calls = call;
    return call;
}

/* Its connection goes, or the call does. */
static void call_leave_conn_locked(struct cty_net_call *call)
{
    struct cty_conn *conn = call->conn;
    if (!conn)
        return;
    if (call->prev)
        call->prev->next = call->next;
    else
        conn->calls = call->next;
    if (call->next)
        call->next->prev = call->prev;
    call->conn = NULL;
}

static void call_free_locked(struct cty_net_call *call)
{
    struct cty_net_server *server = call->server;
    call_leave_conn_locked(call);
    if (call->held)
        server->held_count--;
    else
        server->free_count++;
    call->held = false;
    call->taken = false;
    call->body = NULL;
    call->next = server->free_calls;
    server->free_calls = call;
    pthread_cond_broadcast(&server->door.changed);
}

/* Grants calls to those in line, who all have room of their own. */
static void pump_locked(struct cty_net_server *server)
{
    while (server->line_first && server->free_count > 0) {
        struct cty_conn *conn = server->line_first;
        line_remove_locked(server, conn);
        if (conn->closing)
            continue;
        conn->granted = call_take_locked(server, conn);
        if (server->gathering && cty_conn_hand_over_locked(conn)) {
            conn->ready_next = NULL;
            *(server->ready ? &server->ready_last->ready_next : &server->ready) = conn;
            server->ready_last = conn;
        } else {
            cty_conn_resume_locked(conn);
        }
    }
}

static void gather_locked(struct cty_net_server *server)
{
    server->gathering = !server->delivering;
}

/* Unlocks, and delivers what was gathered. */
static void deliver_gathered(struct cty_net_server *server)
{
    struct cty_conn *ready = server->ready;
    server->gathering = false;
    server->delivering = server->delivering || ready;
    server->ready = NULL;
    pthread_mutex_unlock(&server->door.lock);
    if (!ready)
        return;
    while (ready) {
        struct cty_conn *next = ready->ready_next;
        cty_conn_deliver(ready);
        ready = next;
    }
    pthread_mutex_lock(&server->door.lock);
    server->delivering = false;
    pthread_mutex_unlock(&server->door.lock);
}

/* One of its calls or answers ended: its next message may stand in line. */
static void conn_has_room_locked(struct cty_net_server *server, struct cty_conn *conn)
{
    conn->open_count--;
    if (!conn->blocked)
        return;
    conn->blocked = false;
    line_add_locked(server, conn);
}

/* ---- what the door asks ---- */

static enum cty_door_verdict admit_locked(void *owner, struct cty_conn *conn, uint8_t *body, size_t size)
{
    struct cty_net_server *server = owner;
    /* Requests that came through an nng device would carry more ids before the last; there are none here. */
    if (size < CTY_SP_ID_BYTES || !(body[0] & 0x80))
        return CTY_DOOR_REFUSE;
    if (server->draining && !conn->granted) {
        free(body);
        return CTY_DOOR_ADMIT;
    }
    if (!conn->granted && (conn->in_line || conn->blocked))
        return CTY_DOOR_PARK;
    if (!conn->granted && !has_own_room(server, conn)) {
        conn->blocked = true;
        return CTY_DOOR_PARK;
    }
    /* Where a call is free nobody stands in line, so none is overtaken. */
    if (!conn->granted && server->free_count == 0) {
        line_add_locked(server, conn);
        return CTY_DOOR_PARK;
    }
    if (!conn->granted)
        conn->granted = call_take_locked(server, conn);
    struct cty_net_call *call = conn->granted;
    memcpy(call->id, body, sizeof(call->id));
    call->body = body;
    call->size = size;
    server->messages++;
    return CTY_DOOR_ADMIT;
}

static void deliver(void *owner, struct cty_conn *conn)
{
    struct cty_net_server *server = owner;
    struct cty_net_call *call = conn->granted;
    conn->granted = NULL;
    if (call)
        server->ops.on_message(server->user, call, cty_net_call_message(call));
}

static void sent_locked(void *owner, struct cty_conn *conn)
{
    struct cty_net_server *server = owner;
    server->unwritten--;
    server->replies++;
    conn_has_room_locked(server, conn);
    pthread_cond_broadcast(&server->door.changed);
    pump_locked(server);
}

static bool ended_locked(void *owner, struct cty_conn *conn)
{
    struct cty_net_server *server = owner;
    struct cty_net_call *granted = conn->granted;
    size_t unanswered = 0;
    line_remove_locked(server, conn);
    if (granted)
        call_free_locked(granted);
    while (conn->calls) {
        call_leave_conn_locked(conn->calls);
        unanswered++;
    }
    server->unwritten -= conn->open_count - unanswered - (granted ? 1 : 0);
    pump_locked(server);
    return unanswered > 0 && server->ops.on_gone;
}

static void gone(void *owner, uint64_t connection)
{
    struct cty_net_server *server = owner;
    server->ops.on_gone(server->user, connection);
}

static const struct cty_door_ops door_ops = {
    .admit_locked = admit_locked,
    .deliver = deliver,
    .sent_locked = sent_locked,
    .ended_locked = ended_locked,
    .gone = gone,
};

/* ---- opening and closing ---- */

static size_t value_or(size_t value, size_t otherwise)
{
    return value ? value : otherwise;
}

static custody_err check_config(const struct cty_net_server_config *config, custody_error *error)
{
    if (config->message_max > CTY_REPLY_BYTES_MAX || config->reply_max > CTY_REPLY_BYTES_MAX)
        return cty_fail(error, CUSTODY_E_CONFIG, "a message is at most %u bytes", CTY_REPLY_BYTES_MAX);
    if (config->calls_max > CTY_CALLS_MAX)
        return cty_fail(error, CUSTODY_E_CONFIG, "a door takes 1 to %u calls", CTY_CALLS_MAX);
    if (config->waits_max > CTY_WAITS_MAX)
        return cty_fail(error, CUSTODY_E_CONFIG, "a door holds 1 to %u calls", CTY_WAITS_MAX);
    if (config->calls_per_connection > CTY_CALLS_PER_CONNECTION_MAX)
        return cty_fail(error, CUSTODY_E_CONFIG, "a connection takes 1 to %u calls",
                        CTY_CALLS_PER_CONNECTION_MAX);
    return CUSTODY_OK;
}

static struct cty_door_config door_config(const struct cty_net_server_config *config)
{
    return (struct cty_door_config){
        .urls = config->urls,
        .url_count = config->url_count,
        .file_mode = config->file_mode ? config->file_mode : 0600,
        .protocol = CTY_SP_REP,
        .peer = CTY_SP_REQ,
        .message_max = value_or(config->message_max, CTY_MESSAGE_BYTES_MAX) + CTY_SP_ID_BYTES,
        .connections_max = value_or(config->connections_max, CTY_CONNECTIONS_DEFAULT),
        .replaces = config->replaces,
        .bytes_max = value_or(config->bytes_max, CTY_DOOR_BYTES_MAX),
        .hello_ms = value_or(config->hello_ms, CTY_HELLO_MS_DEFAULT),
        .idle_ms = value_or(config->idle_ms, CTY_IDLE_MS_DEFAULT),
        .send_ms = value_or(config->send_ms, CTY_SEND_MS_DEFAULT),
        .certificate = config->certificate,
        .certificate_key = config->certificate_key,
    };
}

static custody_err server_new(const struct cty_net_server_config *config, struct cty_net_server **ret_server)
{
    struct cty_net_server *server = cty_alloc(1, sizeof(*server));
    if (!server)
        return CUSTODY_E_NO_MEMORY;
    server->reply_max = value_or(config->reply_max, CTY_REPLY_BYTES_MAX);
    server->calls_max = value_or(config->calls_max, CTY_CALLS_DEFAULT);
    server->calls_per_connection = value_or(config->calls_per_connection, CTY_CALLS_PER_CONNECTION_MAX);
    server->held_max = value_or(config->waits_max, CTY_WAITS_DEFAULT);
    server->calls = cty_alloc(server->calls_max + server->held_max, sizeof(*server->calls));
    if (!server->calls) {
        free(server);
        return CUSTODY_E_NO_MEMORY;
    }
    for (size_t i = server->calls_max + server->held_max; i > 0; i--) {
        server->calls[i - 1].next = server->free_calls;
        server->free_calls = &server->calls[i - 1];
    }
    server->free_count = server->calls_max;
    *ret_server = server;
    return CUSTODY_OK;
}

static void server_free(struct cty_net_server *server)
{
    free(server->calls);
    free(server);
}

custody_err cty_net_server_open(const struct cty_net_server_config *config, const struct cty_net_server_ops *ops,
                                void *user, struct cty_net_server **ret_server, custody_error *error)
{
    struct cty_net_server *server = NULL;
    CTY_TRY(check_config(config, error));
    const struct cty_door_config of_door = door_config(config);
    CTY_TRY(server_new(config, &server));
    server->ops = *ops;
    server->user = user;
    custody_err err = cty_door_open(&server->door, &of_door, &door_ops, server, error);
    if (err != CUSTODY_OK) {
        server_free(server);
        return err;
    }
    cty_door_start(&server->door);
    *ret_server = server;
    return CUSTODY_OK;
}

const char *cty_net_server_url(const struct cty_net_server *server, size_t index)
{
    return index < server->door.listener_count ? server->door.listeners[index].url.text : NULL;
}

void cty_net_server_get_counts(struct cty_net_server *server, struct cty_net_server_counts *ret_counts)
{
    pthread_mutex_lock(&server->door.lock);
    const struct cty_door_counts *counts = &server->door.counts;
    *ret_counts = (struct cty_net_server_counts){
        .connections = counts->connections,
        .calls_free = server->free_count,
        .calls_held = server->held_count,
        .bytes = server->door.bytes,
        .messages = server->messages,
        .replies = server->replies,
        .accepted = counts->accepted,
        .refused = counts->refused,
        .reaped = counts->reaped,
        .broken = counts->broken,
        .greedy = counts->greedy,
        .replaced = counts->replaced,
    };
    pthread_mutex_unlock(&server->door.lock);
}

/* Requests that are not calls yet are not taken any more; who has none under way is owed nothing. */
static void stop_taking_locked(struct cty_net_server *server)
{
    server->draining = true;
    while (server->line_first)
        line_remove_locked(server, server->line_first);
    for (struct cty_conn *conn = server->door.conns; conn; conn = conn->next) {
        conn->blocked = false;
        if (conn->open_count == 0)
            cty_conn_close_locked(conn);
    }
}

static bool is_idle_locked(const struct cty_net_server *server)
{
    return server->free_count == server->calls_max && server->held_count == 0 && server->unwritten == 0;
}

custody_err cty_net_server_drain(struct cty_net_server *server, uint64_t timeout_ms)
{
    uint64_t deadline = cty_net_deadline(timeout_ms);
    cty_door_shut(&server->door);
    pthread_mutex_lock(&server->door.lock);
    stop_taking_locked(server);
    bool in_time = true;
    while (in_time && !is_idle_locked(server))
        in_time = cty_door_wait_locked(&server->door, deadline);
    bool idle = is_idle_locked(server);
    pthread_mutex_unlock(&server->door.lock);
    return idle ? CUSTODY_OK : CUSTODY_E_TIMEOUT;
}

void cty_net_server_close(struct cty_net_server *server)
{
    if (!server)
        return;
    cty_door_close(&server->door);
    CTY_CHECK(server->free_count == server->calls_max && server->held_count == 0);
    server_free(server);
}

/* ---- one call ---- */

uint64_t cty_net_call_connection(const struct cty_net_call *call)
{
    return call->connection;
}

struct cty_net_peer cty_net_call_peer(const struct cty_net_call *call)
{
    return call->peer;
}

bool cty_net_call_over_tls(const struct cty_net_call *call)
{
    return call->over_tls;
}

int cty_net_call_standing(const struct cty_net_call *call)
{
    return call->standing;
}

void cty_net_call_change_standing(struct cty_net_call *call, int change)
{
    call->change = change;
}

void cty_net_call_vouch(struct cty_net_call *call)
{
    call->vouches = true;
}

struct cty_bytes cty_net_call_message(const struct cty_net_call *call)
{
    CTY_CHECK(call->body);
    return cty_bytes_make(call->body + CTY_SP_ID_BYTES, call->size - CTY_SP_ID_BYTES);
}

bool cty_net_call_is_gone(struct cty_net_call *call)
{
    pthread_mutex_lock(&call->server->door.lock);
    bool is_gone = !call->conn || call->conn->closing;
    pthread_mutex_unlock(&call->server->door.lock);
    return is_gone;
}

static custody_err hold_locked(struct cty_net_call *call, uint8_t **ret_body)
{
    struct cty_net_server *server = call->server;
    if (!call->conn || call->conn->closing)
        return CUSTODY_E_CANCELLED_WAIT;
    if (call->held)
        return CUSTODY_OK;
    if (server->held_count >= server->held_max)
        return CUSTODY_E_BUSY;
    call->held = true;
    server->held_count++;
    server->free_count++;
    *ret_body = call->body;
    call->body = NULL;
    pump_locked(server);
    return CUSTODY_OK;
}

custody_err cty_net_call_hold(struct cty_net_call *call)
{
    uint8_t *body = NULL;
    pthread_mutex_lock(&call->server->door.lock);
    custody_err err = hold_locked(call, &body);
    pthread_mutex_unlock(&call->server->door.lock);
    free(body);
    return err;
}

/* What came of the call, for those that come by the same connection. */
static void change_standing_locked(struct cty_conn *conn, int change)
{
    int standing = change > CTY_STANDING_MAX ? CTY_STANDING_MAX : conn->standing + change;
    standing = standing < 0 ? 0 : standing;
    conn->standing = standing > CTY_STANDING_MAX ? CTY_STANDING_MAX : standing;
}

/* Ends the call; the frame, if any, goes to its peer. */
static void finish(struct cty_net_call *call, struct cty_frame *frame)
{
    struct cty_net_server *server = call->server;
    uint8_t *body = call->body;
    pthread_mutex_lock(&server->door.lock);
    CTY_CHECK(call->taken);
    gather_locked(server);
    struct cty_conn *conn = call->conn;
    int change = call->change;
    bool vouches = call->vouches;
    call_free_locked(call);
    if (conn) {
        change_standing_locked(conn, change);
        conn->vouched = conn->vouched || vouches;
    }
    if (conn && frame && !conn->closing) {
        server->unwritten++;
        cty_conn_send_locked(conn, frame);
    } else {
        cty_frame_drop_locked(frame);
        if (conn)
            conn_has_room_locked(server, conn);
    }
    pump_locked(server);
    deliver_gathered(server);
    free(body);
}

custody_err cty_net_reply(struct cty_net_call *call, struct cty_bytes reply)
{
    if (reply.size > call->server->reply_max)
        return CUSTODY_E_TOO_LARGE;
    struct cty_frame *frame = cty_frame_new(cty_bytes_make(call->id, CTY_SP_ID_BYTES), reply);
    if (!frame)
        return CUSTODY_E_NO_MEMORY;
    finish(call, frame);
    return CUSTODY_OK;
}

void cty_net_drop(struct cty_net_call *call)
{
    finish(call, NULL);
}
