/* SPDX-License-Identifier: Apache-2.0 */
#include "net/client.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/check.h"
#include "net/link.h"
#include "net/trouble.h"

#define CONNECT_PAUSE_NS 20000000L

struct cty_net_client {
    struct cty_net_url url;
    struct cty_net_pin pin;
    size_t request_max;
    size_t reply_max;
    uint64_t connect_ms;
    const atomic_bool *stop;
    pthread_mutex_t lock;
    struct cty_link *idle;
    size_t idle_count;
    uint32_t last_id;
    /* Of the newest connection's TLS door. */
    bool has_shown;
    uint8_t shown[CTY_FINGERPRINT_BYTES];
};

/* What is pinned is looked at before anything is dialled. */
static custody_err check_pin(const struct cty_net_client_config *config, const struct cty_net_url *url,
                             custody_error *error)
{
    struct cty_tls_setup *setup = NULL;
    if (!url->tls)
        return CUSTODY_OK;
    CTY_TRY(cty_tls_setup_dial(&config->pin, url, &setup, error));
    cty_tls_setup_free(setup);
    return CUSTODY_OK;
}

custody_err cty_net_client_open(const struct cty_net_client_config *config, struct cty_net_client **ret_client,
                                custody_error *error)
{
    struct cty_net_url url;
    CTY_TRY(cty_net_url_parse(config->url, false, &url, error));
    if (config->request_max > CTY_REPLY_BYTES_MAX || config->reply_max > CTY_REPLY_BYTES_MAX)
        return cty_fail(error, CUSTODY_E_CONFIG, "a message is at most %u bytes", CTY_REPLY_BYTES_MAX);
    CTY_TRY(check_pin(config, &url, error));
    struct cty_net_client *client = cty_alloc(1, sizeof(*client));
    if (!client || cty_net_pin_dup(&config->pin, &client->pin) != CUSTODY_OK) {
        free(client);
        return cty_fail(error, CUSTODY_E_NO_MEMORY, "a client");
    }
    client->url = url;
    client->request_max = config->request_max ? config->request_max : CTY_MESSAGE_BYTES_MAX;
    client->reply_max = config->reply_max ? config->reply_max : CTY_REPLY_BYTES_MAX;
    client->connect_ms = config->connect_ms;
    client->stop = config->stop;
    pthread_mutex_init(&client->lock, NULL);
    *ret_client = client;
    return CUSTODY_OK;
}

/* ---- connections that wait for a call ---- */

static struct cty_link *take_idle(struct cty_net_client *client)
{
    pthread_mutex_lock(&client->lock);
    struct cty_link *link = client->idle;
    if (link) {
        client->idle = link->next;
        client->idle_count--;
    }
    pthread_mutex_unlock(&client->lock);
    return link;
}

static void give_idle(struct cty_net_client *client, struct cty_link *link)
{
    link->idle_since_ms = cty_net_now_ms();
    pthread_mutex_lock(&client->lock);
    bool room = client->idle_count < CTY_CLIENT_IDLE_LINKS_MAX;
    if (room) {
        link->next = client->idle;
        client->idle = link;
        client->idle_count++;
    }
    pthread_mutex_unlock(&client->lock);
    if (!room)
        cty_link_close(link);
}

/* The other side closes what is idle for long, so we don't keep it quite so long. */
static struct cty_link *take_living(struct cty_net_client *client)
{
    for (;;) {
        struct cty_link *link = take_idle(client);
        if (!link)
            return NULL;
        bool fresh = cty_net_now_ms() - link->idle_since_ms < CTY_CLIENT_IDLE_MS_MAX;
        if (fresh && cty_link_is_quiet(link))
            return link;
        cty_link_close(link);
    }
}

static void keep_shown(struct cty_net_client *client, const struct cty_link *link)
{
    if (!link->tls)
        return;
    pthread_mutex_lock(&client->lock);
    cty_tls_shown(link->tls, client->shown);
    client->has_shown = true;
    pthread_mutex_unlock(&client->lock);
}

static custody_err open_once(struct cty_net_client *client, uint64_t deadline_ms, struct cty_link **ret_link,
                             custody_error *error)
{
    const struct cty_link_config config = {.url = &client->url,
                                           .pin = &client->pin,
                                           .protocol = CTY_SP_REQ,
                                           .peer = CTY_SP_REP,
                                           .message_max = client->reply_max + CTY_SP_ID_BYTES};
    struct cty_link *link = NULL;
    CTY_TRY(cty_link_open(&config, deadline_ms, &link, error));
    custody_err err = cty_link_greet(link, deadline_ms, error);
    if (err != CUSTODY_OK) {
        cty_link_close(link);
        return err;
    }
    keep_shown(client, link);
    *ret_link = link;
    return CUSTODY_OK;
}

static custody_err open_link(struct cty_net_client *client, uint64_t deadline_ms, struct cty_link **ret_link,
                             custody_error *error)
{
    const struct timespec pause = {0, CONNECT_PAUSE_NS};
    uint64_t until = cty_net_deadline(client->connect_ms);
    if (until > deadline_ms)
        until = deadline_ms;
    for (;;) {
        custody_err err = open_once(client, deadline_ms, ret_link, error);
        if (err != CUSTODY_E_UNREACHABLE || cty_net_now_ms() >= until)
            return err;
        nanosleep(&pause, NULL);
    }
}

/* ---- one call ---- */

static uint32_t next_id(struct cty_net_client *client)
{
    pthread_mutex_lock(&client->lock);
    uint32_t id = ++client->last_id | 0x80000000u;
    pthread_mutex_unlock(&client->lock);
    return id;
}

static custody_err take_reply(const uint8_t id[static CTY_SP_ID_BYTES], const uint8_t *body, size_t size,
                              struct cty_buf *ret_reply, custody_error *error)
{
    if (size < CTY_SP_ID_BYTES || memcmp(body, id, CTY_SP_ID_BYTES) != 0)
        return cty_fail(error, CUSTODY_E_UNREACHABLE, "the answer belongs to no request");
    custody_err err = cty_buf_put(ret_reply, body + CTY_SP_ID_BYTES, size - CTY_SP_ID_BYTES);
    if (err != CUSTODY_OK)
        return cty_fail(error, err, "an answer of %zu bytes", size - CTY_SP_ID_BYTES);
    return CUSTODY_OK;
}

/* In slices, so that the end of waiting is noticed. */
static custody_err receive(const struct cty_net_client *client, struct cty_link *link, uint64_t deadline_ms, uint8_t **ret_body,
                           size_t *ret_size, custody_error *error)
{
    for (;;) {
        uint64_t slice = cty_net_deadline(CTY_STOP_LOOK_MS);
        bool last = !client->stop || slice >= deadline_ms;
        custody_err err = cty_link_receive(link, last ? deadline_ms : slice, ret_body, ret_size, error);
        if (err != CUSTODY_E_TIMEOUT || last)
            return err;
        if (atomic_load(client->stop))
            return cty_fail_code(error, CUSTODY_E_CANCELLED_WAIT);
    }
}

static custody_err exchange(struct cty_net_client *client, struct cty_link *link, struct cty_bytes request,
                            uint64_t deadline_ms, struct cty_buf *ret_reply, custody_error *error)
{
    uint8_t id[CTY_SP_ID_BYTES];
    cty_be_put(id, next_id(client), sizeof(id));
    uint8_t *body = NULL;
    size_t size = 0;
    CTY_TRY(cty_link_send(link, cty_bytes_make(id, sizeof(id)), request, deadline_ms, error));
    CTY_TRY(receive(client, link, deadline_ms, &body, &size, error));
    custody_err err = take_reply(id, body, size, ret_reply, error);
    free(body);
    return err;
}

custody_err cty_net_client_call(struct cty_net_client *client, struct cty_bytes request, uint64_t timeout_ms,
                                struct cty_buf *ret_reply, custody_error *error)
{
    if (request.size > client->request_max)
        return cty_fail(error, CUSTODY_E_TOO_LARGE, "a request of %zu bytes; %zu at most", request.size,
                        client->request_max);
    uint64_t deadline = cty_net_deadline(timeout_ms);
    struct cty_link *link = take_living(client);
    if (!link)
        CTY_TRY(open_link(client, deadline, &link, error));
    custody_err err = exchange(client, link, request, deadline, ret_reply, error);
    if (err == CUSTODY_OK)
        give_idle(client, link);
    else
        cty_link_close(link);
    return err;
}

bool cty_net_client_shown(struct cty_net_client *client, uint8_t ret_fingerprint[static CTY_FINGERPRINT_BYTES])
{
    pthread_mutex_lock(&client->lock);
    bool has_shown = client->has_shown;
    if (has_shown)
        memcpy(ret_fingerprint, client->shown, CTY_FINGERPRINT_BYTES);
    pthread_mutex_unlock(&client->lock);
    return has_shown;
}

void cty_net_client_close(struct cty_net_client *client)
{
    if (!client)
        return;
    for (struct cty_link *link = take_idle(client); link; link = take_idle(client))
        cty_link_close(link);
    pthread_mutex_destroy(&client->lock);
    cty_net_pin_done(&client->pin);
    free(client);
}
