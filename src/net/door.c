/* SPDX-License-Identifier: Apache-2.0 */
#include "net/door.h"

#include <errno.h>
#include <time.h>

#include "base/check.h"
#include "net/socket_file.h"
#include "net/trouble.h"

/* After a failed accept (out of files or memory) before the next. */
#define ACCEPT_PAUSE_MS 50
#define TICK_MS_MAX 1000
#define TICK_MS_MIN 5

/* ---- accepting ---- */

static void accept_next_locked(struct cty_listener *listener)
{
    if (listener->pausing)
        nng_sleep_aio(ACCEPT_PAUSE_MS, listener->aio);
    else
        nng_stream_listener_accept(listener->stream, listener->aio);
}

static void accept_done(void *argument)
{
    struct cty_listener *listener = argument;
    struct cty_door *door = listener->door;
    int result = nng_aio_result(listener->aio);
    bool was_pausing = listener->pausing;
    if (!was_pausing && result == 0)
        cty_conn_add(listener, nng_aio_get_output(listener->aio, 0));
    pthread_mutex_lock(&door->lock);
    listener->pausing = !was_pausing && result != 0;
    if (door->accepting)
        accept_next_locked(listener);
    pthread_mutex_unlock(&door->lock);
}

static custody_err bind_stream(struct cty_listener *listener, unsigned file_mode, custody_error *error)
{
    const char *url = listener->url.text;
    int result = nng_aio_alloc(&listener->aio, accept_done, listener);
    if (result == 0)
        result = nng_stream_listener_alloc(&listener->stream, cty_net_url_stream(&listener->url));
    if (result == 0 && listener->url.transport == CTY_SP_IPC)
        result = nng_stream_listener_set_int(listener->stream, NNG_OPT_IPC_PERMISSIONS, (int)file_mode);
    /* An answer behind another doesn't wait until the peer has owned up to the first. */
    if (result == 0 && listener->url.transport == CTY_SP_TCP)
        result = nng_stream_listener_set_bool(listener->stream, NNG_OPT_TCP_NODELAY, true);
    if (result == 0)
        result = nng_stream_listener_listen(listener->stream);
    int port = 0;
    if (result == 0 && listener->url.transport == CTY_SP_TCP)
        result = nng_stream_listener_get_int(listener->stream, NNG_OPT_TCP_BOUND_PORT, &port);
    if (result == NNG_EPERM)
        return cty_fail(error, CUSTODY_E_IO, "%.140s: %s", url, nng_strerror(result));
    if (result != 0)
        return cty_net_fail(error, result, url);
    if (listener->url.transport == CTY_SP_TCP)
        cty_net_url_set_port(&listener->url, (unsigned)port);
    return CUSTODY_OK;
}

static custody_err listener_open(struct cty_door *door, const char *url, custody_error *error)
{
    struct cty_listener *listener = &door->listeners[door->listener_count];
    int lock = -1;
    CTY_TRY(cty_net_url_parse(url, true, &listener->url, error));
    if (listener->url.tls && !door->tls)
        return cty_fail(error, CUSTODY_E_CONFIG, "a TLS door needs a certificate and its key: %s", url);
    if (listener->url.transport == CTY_SP_IPC)
        CTY_TRY(cty_socket_file_claim(listener->url.path, &lock, error));
    listener->door = door;
    door->listener_count++;
    custody_err err = bind_stream(listener, door->config.file_mode, error);
    cty_socket_file_release(lock);
    return err;
}

static void listener_done(struct cty_listener *listener)
{
    if (listener->stream)
        nng_stream_listener_close(listener->stream);
    if (listener->aio)
        nng_aio_stop(listener->aio);
    nng_aio_free(listener->aio);
    if (listener->stream)
        nng_stream_listener_free(listener->stream);
    listener->aio = NULL;
    listener->stream = NULL;
}

/* ---- the clock ---- */

static nng_duration tick_ms(const struct cty_door_config *config)
{
    uint64_t least = config->hello_ms < config->send_ms ? config->hello_ms : config->send_ms;
    if (config->idle_ms > 0 && config->idle_ms < least)
        least = config->idle_ms;
    if (least / 4 > TICK_MS_MAX)
        return TICK_MS_MAX;
    nng_duration quarter = (nng_duration)(least / 4);
    return quarter < TICK_MS_MIN ? TICK_MS_MIN : quarter;
}

static void tick_done(void *argument)
{
    struct cty_door *door = argument;
    pthread_mutex_lock(&door->lock);
    uint64_t now = cty_net_now_ms();
    for (struct cty_conn *conn = door->conns; conn; conn = conn->next) {
        if (conn->closing || !cty_conn_is_overdue_locked(conn, now))
            continue;
        door->counts.reaped++;
        cty_conn_close_locked(conn);
    }
    if (!door->stopping)
        nng_sleep_aio(tick_ms(&door->config), door->tick);
    pthread_mutex_unlock(&door->lock);
}

/* ---- life ---- */

/* All, where there is nobody else to keep some for. */
static size_t remote_max(const struct cty_door *door)
{
    size_t most = door->config.connections_max;
    for (size_t i = 0; i < door->listener_count; i++) {
        if (!door->listeners[i].url.tls)
            return most - most / 4;
    }
    return most;
}

static custody_err check_config(const struct cty_door_config *config, custody_error *error)
{
    if (config->url_count == 0 || config->url_count > CTY_URLS_PER_DOOR_MAX)
        return cty_fail(error, CUSTODY_E_CONFIG, "a door needs 1 to %u addresses", CTY_URLS_PER_DOOR_MAX);
    if (config->file_mode != 0600 && config->file_mode != 0660)
        return cty_fail(error, CUSTODY_E_CONFIG, "the socket's mode must be 0600 or 0660");
    if (config->connections_max == 0 || config->connections_max > CTY_CONNECTIONS_MAX)
        return cty_fail(error, CUSTODY_E_CONFIG, "a door takes 1 to %u connections", CTY_CONNECTIONS_MAX);
    if (config->hello_ms == 0 || config->send_ms == 0)
        return cty_fail(error, CUSTODY_E_CONFIG, "a time limit is 0");
    return CUSTODY_OK;
}

static void locks_init(struct cty_door *door)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&door->lock, NULL);
    pthread_cond_init(&door->changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

custody_err cty_door_open(struct cty_door *door, const struct cty_door_config *config,
                          const struct cty_door_ops *ops, void *owner, custody_error *error)
{
    CTY_TRY(check_config(config, error));
    *door = (struct cty_door){.ops = ops, .owner = owner, .config = *config};
    locks_init(door);
    custody_err err = CUSTODY_OK;
    if (nng_aio_alloc(&door->tick, tick_done, door) != 0 || nng_aio_alloc(&door->at_once, NULL, NULL) != 0)
        err = cty_fail(error, CUSTODY_E_NO_MEMORY, "nng did not start");
    if (err == CUSTODY_OK && config->certificate.size > 0)
        err = cty_tls_setup_door(config->certificate, config->certificate_key, &door->tls, error);
    for (size_t i = 0; i < config->url_count && err == CUSTODY_OK; i++)
        err = listener_open(door, config->urls[i], error);
    door->remote_max = remote_max(door);
    door->config.urls = NULL;
    door->config.certificate = door->config.certificate_key = cty_bytes_make(NULL, 0);
    if (err != CUSTODY_OK)
        cty_door_close(door);
    return err;
}

void cty_door_start(struct cty_door *door)
{
    pthread_mutex_lock(&door->lock);
    door->accepting = true;
    for (size_t i = 0; i < door->listener_count; i++)
        accept_next_locked(&door->listeners[i]);
    nng_sleep_aio(tick_ms(&door->config), door->tick);
    pthread_mutex_unlock(&door->lock);
}

void cty_door_shut(struct cty_door *door)
{
    pthread_mutex_lock(&door->lock);
    door->accepting = false;
    pthread_mutex_unlock(&door->lock);
    for (size_t i = 0; i < door->listener_count; i++)
        listener_done(&door->listeners[i]);
}

void cty_door_close(struct cty_door *door)
{
    cty_door_shut(door);
    pthread_mutex_lock(&door->lock);
    door->stopping = true;
    for (struct cty_conn *conn = door->conns; conn; conn = conn->next)
        cty_conn_close_locked(conn);
    while (door->live > 0)
        pthread_cond_wait(&door->changed, &door->lock);
    pthread_mutex_unlock(&door->lock);
    if (door->tick)
        nng_aio_stop(door->tick);
    nng_aio_free(door->tick);
    nng_aio_free(door->at_once);
    cty_tls_setup_free(door->tls);
    pthread_cond_destroy(&door->changed);
    pthread_mutex_destroy(&door->lock);
}

bool cty_door_wait_locked(struct cty_door *door, uint64_t deadline_ms)
{
    const struct timespec until = {.tv_sec = (time_t)(deadline_ms / 1000),
                                   .tv_nsec = (long)(deadline_ms % 1000) * 1000000};
    return pthread_cond_timedwait(&door->changed, &door->lock, &until) != ETIMEDOUT;
}
