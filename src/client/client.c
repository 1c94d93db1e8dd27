/* SPDX-License-Identifier: Apache-2.0 */
#include "client/client.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/times.h"
#include "client/inner.h"
#include "net/trouble.h"

static uint64_t system_clock(void *context)
{
    (void)context;
    return cty_time_wall_ms();
}

static custody_err dup_path(const char *path, char **ret_path)
{
    *ret_path = path ? cty_bytes_dup_text(cty_bytes_text(path)) : NULL;
    return path && !*ret_path ? CUSTODY_E_NO_MEMORY : CUSTODY_OK;
}

/*
 * What the trust file pins for the door, however both spell it: nothing where nothing is pinned, which
 * cty_net_client_open refuses before anything is dialled.
 */
static custody_err find_pin(const struct cty_client *client, struct cty_net_pin *ret_pin, custody_error *error)
{
    const struct cty_trust *trust = client->trust;
    uint32_t found = 0;
    for (uint32_t i = 0; client->url.tls && trust && i < trust->doors_count; i++) {
        char text[CTY_URL_BYTES_MAX + 1];
        struct cty_net_url url;
        struct cty_bytes spelled = trust->doors[i].url;
        snprintf(text, sizeof(text), "%.*s", (int)spelled.size, (const char *)spelled.data);
        if (cty_net_url_parse(text, false, &url, error) != CUSTODY_OK)
            return cty_fail(error, CUSTODY_E_BAD_TRUST, "doors: not an address that can be dialled: %s", text);
        if (strcmp(url.text, client->url.text) != 0)
            continue;
        ret_pin->certificate = cty_buf_bytes(&trust->doors[i].certificate);
        ret_pin->authority = cty_buf_bytes(&trust->doors[i].authority);
        found++;
    }
    return found > 1 ? cty_fail(error, CUSTODY_E_BAD_TRUST, "doors: %s stands there twice", client->url.text)
                     : CUSTODY_OK;
}

static custody_err open_parts(struct cty_client *client, const struct cty_client_config *config, custody_error *error)
{
    struct cty_net_client_config net = {.url = client->url.text, .stop = &client->interrupted};
    if (config->pin)
        net.pin = *config->pin;
    else
        CTY_TRY(find_pin(client, &net.pin, error));
    CTY_TRY(cty_net_client_open(&net, &client->net, error));
    CTY_TRY(dup_path(config->state_path, &client->state_path));
    return client->trust && client->state_path ? cty_newest_load(client, error) : CUSTODY_OK;
}

custody_err cty_client_open(const struct cty_client_config *config, struct cty_client **ret_client, custody_error *error)
{
    struct cty_net_url url;
    CTY_TRY(cty_net_url_parse(config->url, false, &url, error));
    struct cty_client *client = cty_alloc(1, sizeof(*client));
    if (!client)
        return cty_fail(error, CUSTODY_E_NO_MEMORY, "a client");
    client->url = url;
    client->trust = config->trust;
    if (client->trust)
        client->log_keys = client->trust->log_keys;
    client->secret = config->secret;
    client->reads_only = config->reads_only;
    client->clock = config->clock ? config->clock : system_clock;
    client->clock_context = config->clock_context;
    client->trying = config->trying;
    client->trying_context = config->trying_context;
    client->newest.note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    atomic_init(&client->interrupted, false);
    cty_client_set_patience(client, config->patience_ms);
    custody_err err = open_parts(client, config, error);
    if (err != CUSTODY_OK) {
        cty_client_close(client);
        return err;
    }
    *ret_client = client;
    return CUSTODY_OK;
}

/* A courtesy: the session would die by itself. One try, briefly. */
static void end_session(struct cty_client *client)
{
    struct cty_rpc_call call = {.id = {.kind = CTY_RPC_ID_NUMBER, .number = ++client->last_id},
                                .rpc = CTY_RPC_SESSION_CLOSE,
                                .params = {.session = client->session}};
    struct cty_buf text = CTY_BUF_INIT(4096);
    struct cty_buf reply = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    custody_err err = cty_rpc_call_write(&call, &text);
    if (err == CUSTODY_OK)
        err = cty_net_client_call(client->net, cty_buf_bytes(&text), 1000, &reply, NULL);
    (void)err; /* whatever came of it */
    cty_buf_done(&text);
    cty_buf_done(&reply);
}

void cty_client_close(struct cty_client *client)
{
    if (!client)
        return;
    if (client->session.present)
        end_session(client);
    cty_net_client_close(client->net);
    cty_buf_done(&client->newest.note);
    cty_pending_clear(client);
    cty_chain_clear(&client->chain);
    cty_footing_free(client->footing);
    free(client->state_path);
    free(client->contradiction);
    free(client->acted);
    free(client);
}

const struct cty_secret *cty_client_secret(const struct cty_client *client)
{
    return client->secret;
}

uint64_t cty_client_now(const struct cty_client *client)
{
    return client->clock(client->clock_context);
}

void cty_client_set_patience(struct cty_client *client, uint64_t patience_ms)
{
    client->patience_ms = patience_ms ? patience_ms : CTY_CLIENT_PATIENCE_MS_DEFAULT;
    /* An answer that got lost without a sign must leave time to ask again. */
    client->exchange_ms = client->patience_ms / 3 + 1;
    if (client->exchange_ms > CTY_CLIENT_EXCHANGE_MS)
        client->exchange_ms = CTY_CLIENT_EXCHANGE_MS;
}

void cty_client_interrupt(struct cty_client *client)
{
    atomic_store(&client->interrupted, true);
}

void cty_client_resume(struct cty_client *client)
{
    atomic_store(&client->interrupted, false);
}

const char *cty_client_contradiction(const struct cty_client *client)
{
    return client->contradiction;
}

struct cty_span cty_span_begin(struct cty_client *client)
{
    if (client->depth++ == 0)
        client->deadline_ms = cty_net_deadline(client->patience_ms);
    return (struct cty_span){client};
}

void cty_span_end(struct cty_span *span)
{
    span->client->depth--;
}

custody_err cty_client_needs_trust(const struct cty_client *client, custody_error *error)
{
    if (!client->trust)
        return cty_fail(error, CUSTODY_E_BAD_TRUST, "no trust file was given, so nothing can be verified");
    return CUSTODY_OK;
}

custody_err cty_client_needs_secret(const struct cty_client *client, custody_error *error)
{
    if (!client->secret)
        return cty_fail(error, CUSTODY_E_NO_SESSION, "no key was given");
    return CUSTODY_OK;
}

custody_err cty_client_may_go_on(struct cty_client *client, custody_error *error)
{
    if (atomic_load(&client->interrupted))
        return cty_fail_code(error, CUSTODY_E_CANCELLED_WAIT);
    return CUSTODY_OK;
}
