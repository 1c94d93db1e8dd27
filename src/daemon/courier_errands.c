/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The courier's own life: one thread reads what it is told, one for each witness asks. Who is told something new while it asks
 * does that next, and forgets what waited.
 */
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"
#include "codec/json.h"
#include "daemon/courier.h"
#include "daemon/log.h"
#include "ledger/witness_text.h"
#include "net/client.h"
#include "net/fetch.h"
#include "net/url.h"
#include "proto/rpc.h"

/* Until there is a connection. */
#define CONNECT_MS (CTY_WITNESS_ANSWER_MS_MAX / 2)
/* With the path behind it an address that may be asked. */
#define URL_BYTES_MAX (CTY_FETCH_URL_BYTES_MAX - 128u)
#define BODY_TYPE "text/plain; charset=utf-8"

struct errand {
    bool there;
    struct cty_courier_message message;
    struct cty_buf body;
};

struct courier;

struct runner {
    struct courier *courier;
    char url[URL_BYTES_MAX + 1];
    struct cty_fetch *fetch;        /* over HTTP; opened with the first errand */
    struct cty_net_client *client;  /* over nng */
    struct errand next;             /* under the lock */
    struct errand now;              /* the thread's own, as the next ones */
    struct cty_fetch_answer answer;
    struct cty_buf text;
};

struct courier {
    const struct cty_courier_config *config;
    int fd;
    pthread_mutex_t lock; /* of what waits, and of sending */
    pthread_cond_t wake;
    struct runner runners[CTY_WITNESS_NODES_MAX];
};

/* --- HTTP -------------------------------------------------------------------------------------------------- */

static bool is_http(const char *url)
{
    return strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0;
}

static custody_err put_url(struct runner *runner, const char *path)
{
    size_t size = strlen(runner->url);
    cty_buf_clear(&runner->text);
    while (size && runner->url[size - 1] == '/')
        size--;
    return cty_buf_putf(&runner->text, "%.*s/%s", (int)size, runner->url, path);
}

static custody_err ask_http(struct runner *runner, custody_error *error)
{
    struct cty_fetch_config config = {.connect_ms = CONNECT_MS, .total_ms = CTY_WITNESS_ANSWER_MS_MAX,
                                      .body_max = CTY_WITNESS_ANSWER_BYTES_MAX};
    char path[CTY_WITNESS_MONITOR_BYTES] = CTY_WITNESS_SUBMIT_PATH;
    bool look = runner->now.message.errand == CTY_ERRAND_LOOK;
    if (look)
        cty_witness_monitor_path(runner->courier->config->trust->origin, path);
    CTY_TRY(put_url(runner, path));
    if (!runner->fetch)
        CTY_TRY(cty_fetch_open(&config, &runner->fetch, error));
    const char *url = cty_buf_text(&runner->text);
    if (!url)
        return CUSTODY_E_NO_MEMORY;
    return look ? cty_fetch_get(runner->fetch, url, NULL, &runner->answer, error)
                : cty_fetch_post(runner->fetch, url, BODY_TYPE, cty_buf_bytes(&runner->now.body), &runner->answer, error);
}

/* --- nng --------------------------------------------------------------------------------------------------- */

/* By the one spelling of the address, as everybody who dials. */
static void find_pin(const struct cty_trust *trust, const char *text, struct cty_net_pin *ret_pin)
{
    struct cty_net_url url;
    if (cty_net_url_parse(text, false, &url, NULL) != CUSTODY_OK)
        return;
    for (uint32_t i = 0; i < trust->doors_count; i++) {
        if (!cty_bytes_is(trust->doors[i].url, url.text))
            continue;
        ret_pin->certificate = cty_buf_bytes(&trust->doors[i].certificate);
        ret_pin->authority = cty_buf_bytes(&trust->doors[i].authority);
    }
}

static custody_err open_client(struct runner *runner, custody_error *error)
{
    struct cty_net_client_config config = {.url = runner->url, .reply_max = 2 * CTY_WITNESS_ANSWER_BYTES_MAX};
    find_pin(runner->courier->config->trust, runner->url, &config.pin);
    return cty_net_client_open(&config, &runner->client, error);
}

static custody_err put_call(struct runner *runner)
{
    struct cty_jw jw;
    bool look = runner->now.message.errand == CTY_ERRAND_LOOK;
    cty_buf_clear(&runner->text);
    cty_jw_begin(&jw, &runner->text);
    cty_jw_object(&jw);
    cty_jw_name(&jw, "id");
    cty_jw_u64(&jw, runner->now.message.number & (CTY_NUMBER_MAX >> 1));
    cty_jw_name(&jw, "jsonrpc");
    cty_jw_text(&jw, "2.0");
    cty_jw_name(&jw, "method");
    cty_jw_text(&jw, look ? "witness.checkpoint" : "witness.add-checkpoint");
    cty_jw_name(&jw, "params");
    cty_jw_object(&jw);
    cty_jw_name(&jw, look ? "origin" : "body");
    cty_jw_string(&jw, look ? runner->courier->config->trust->origin : cty_buf_bytes(&runner->now.body));
    cty_jw_object_end(&jw);
    cty_jw_object_end(&jw);
    return cty_jw_end(&jw);
}

/* The members of a result that are asked for, out of {"result":{"status":N,"body":text}} or {"result":{"checkpoint":text}}. */
static custody_err take_result(struct runner *runner, const struct cty_json *json, const struct cty_json_node *result,
                               custody_error *error)
{
    const struct cty_json_node *status = cty_json_member(json, result, "status");
    const struct cty_json_node *body = cty_json_member(json, result, "body");
    uint64_t number = 200;
    if (!body)
        body = cty_json_member(json, result, "checkpoint");
    if (!body || body->kind != CTY_JSON_STRING)
        return cty_fail(error, CUSTODY_E_UNREACHABLE, "no witness's answer");
    if (status && (cty_json_u64(status, 999, &number) != CUSTODY_OK || number < 100))
        return cty_fail(error, CUSTODY_E_UNREACHABLE, "no witness's answer");
    runner->answer.status = (unsigned)number;
    runner->answer.body.limit = CTY_WITNESS_ANSWER_BYTES_MAX;
    return cty_json_string(body, &runner->answer.body);
}

static custody_err read_reply(struct runner *runner, struct cty_bytes reply, custody_error *error)
{
    struct cty_rpc_message message = {.json = CTY_JSON_INIT};
    custody_error inner = {0};
    custody_err err = cty_rpc_open(&message, reply, CTY_STATEMENT_NODES_MAX, &inner);
    if (err == CUSTODY_OK && cty_json_member(&message.json, &message.json.nodes[0], "result"))
        err = take_result(runner, &message.json, cty_json_member(&message.json, &message.json.nodes[0], "result"), error);
    else
        err = cty_fail(error, CUSTODY_E_UNREACHABLE, "no witness answers there");
    cty_rpc_done(&message);
    return err;
}

static custody_err ask_nng(struct runner *runner, custody_error *error)
{
    struct cty_buf reply = CTY_BUF_INIT(2 * CTY_WITNESS_ANSWER_BYTES_MAX);
    if (!runner->client)
        CTY_TRY(open_client(runner, error));
    CTY_TRY(put_call(runner));
    custody_err err = cty_net_client_call(runner->client, cty_buf_bytes(&runner->text), CTY_WITNESS_ANSWER_MS_MAX, &reply,
                                          error);
    if (err == CUSTODY_OK)
        err = read_reply(runner, cty_buf_bytes(&reply), error);
    cty_buf_done(&reply);
    return err;
}

/* --- one witness's thread ---------------------------------------------------------------------------------- */

/* What the desk shows people of an answer that was none. */
static struct cty_bytes detail_of(const custody_error *error, custody_err err)
{
    return cty_bytes_text(error->code == err ? error->detail : "");
}

static void tell(struct courier *courier, const struct cty_courier_message *message, struct cty_bytes body)
{
    pthread_mutex_lock(&courier->lock);
    custody_err err = cty_courier_send(courier->fd, message, body);
    pthread_mutex_unlock(&courier->lock);
    /* The desk gives a request up by itself; where it is gone, so is this process. */
    if (err != CUSTODY_OK && err != CUSTODY_E_UNREACHABLE)
        cty_log(CTY_LOG_WARNING, "courier", "detail", "s", "an answer found no room", NULL);
}

static void run_errand(struct runner *runner)
{
    struct cty_courier_message *message = &runner->now.message;
    custody_error error = {0};
    runner->answer.retry_after_s = 0;
    cty_buf_clear(&runner->answer.body);
    custody_err err = is_http(runner->url) ? ask_http(runner, &error) : ask_nng(runner, &error);
    message->err = (uint32_t)err;
    message->status = err == CUSTODY_OK ? runner->answer.status : 0;
    message->retry_after_s = runner->answer.retry_after_s;
    tell(runner->courier, message, err == CUSTODY_OK ? cty_buf_bytes(&runner->answer.body) : detail_of(&error, err));
}

static void *run_witness(void *context)
{
    struct runner *runner = context;
    struct courier *courier = runner->courier;
    for (;;) {
        pthread_mutex_lock(&courier->lock);
        while (!runner->next.there)
            pthread_cond_wait(&courier->wake, &courier->lock);
        struct errand empty = runner->now;
        runner->now = runner->next;
        runner->next = empty;
        runner->next.there = false;
        pthread_mutex_unlock(&courier->lock);
        run_errand(runner);
    }
    return NULL;
}

/* --- the whole --------------------------------------------------------------------------------------------- */

static custody_err open_runner(struct courier *courier, struct runner *runner, const struct cty_policy_node *witness)
{
    pthread_t thread;
    runner->courier = courier;
    if (witness->is_group || witness->url.size == 0 || witness->url.size > URL_BYTES_MAX)
        return CUSTODY_OK;
    memcpy(runner->url, witness->url.data, witness->url.size);
    runner->next.body = runner->now.body = CTY_BUF_INIT(CTY_ERRAND_BODY_MAX);
    runner->text = CTY_BUF_INIT(4 * CTY_ERRAND_BODY_MAX);
    return pthread_create(&thread, NULL, run_witness, runner) == 0 ? CUSTODY_OK : CUSTODY_E_NO_MEMORY;
}

static custody_err open_all(struct courier *courier)
{
    const struct cty_witness_policy *policy = &courier->config->trust->policy;
    for (uint32_t i = 0; i < policy->count; i++)
        CTY_TRY(open_runner(courier, &courier->runners[i], &policy->nodes[i]));
    return CUSTODY_OK;
}

static void hand_over(struct courier *courier, const struct cty_courier_message *message, struct cty_bytes body)
{
    struct runner *runner = &courier->runners[message->witness];
    if (!runner->url[0] || message->errand == CTY_ERRAND_HELLO)
        return;
    pthread_mutex_lock(&courier->lock);
    cty_buf_clear(&runner->next.body);
    runner->next.message = *message;
    runner->next.there = cty_buf_put_bytes(&runner->next.body, body) == CUSTODY_OK;
    pthread_cond_broadcast(&courier->wake);
    pthread_mutex_unlock(&courier->lock);
}

/* Until the desk is gone. */
static int listen_to_desk(struct courier *courier)
{
    struct pollfd file = {.fd = courier->fd, .events = POLLIN};
    struct cty_buf body = CTY_BUF_INIT(CTY_ERRAND_BODY_MAX);
    struct cty_courier_message message;
    for (;;) {
        custody_err err = cty_courier_receive(courier->fd, &message, &body);
        if (err == CUSTODY_OK)
            hand_over(courier, &message, cty_buf_bytes(&body));
        else if (err == CUSTODY_E_BUSY)
            (void)poll(&file, 1, -1);
        else
            return err == CUSTODY_E_UNREACHABLE ? 0 : custody_err_exit(err);
    }
}

int cty_courier_serve(const struct cty_courier_config *config, int fd)
{
    static struct courier courier; /* its threads use it until the process ends */
    const struct cty_courier_message hello = {.errand = CTY_ERRAND_HELLO};
    custody_error error = {0};
    courier.config = config;
    courier.fd = fd;
    CTY_CHECK(pthread_mutex_init(&courier.lock, NULL) == 0);
    CTY_CHECK(pthread_cond_init(&courier.wake, NULL) == 0);
    custody_err err = cty_courier_confine_calls(config, &error);
    if (err == CUSTODY_OK)
        err = open_all(&courier);
    if (err != CUSTODY_OK) {
        cty_log(CTY_LOG_ERROR, "courier", "code", "s", custody_err_name(err), "detail", "s", error.detail, NULL);
        return custody_err_exit(err);
    }
    tell(&courier, &hello, cty_bytes_make(NULL, 0));
    return listen_to_desk(&courier);
}
