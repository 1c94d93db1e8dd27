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

static struct cty_rpc_call make_call(const struct runner *runner)
{
    struct cty_rpc_call call = {.id = {.kind = CTY_RPC_ID_NUMBER}, .rpc = CTY_RPC_WITNESS_ADD};
    call.id.number = runner->now.message.number & (CTY_NUMBER_MAX >> 1);
    if (runner->now.message.errand == CTY_ERRAND_LOOK) {
        call.rpc = CTY_RPC_WITNESS_CHECKPOINT;
        call.params.u.witness_checkpoint.origin = runner->courier->config->trust->origin;
    } else {
        call.params.u.witness_add.body = cty_buf_bytes(&runner->now.body);
    }
    return call;
}

/* As HTTP has it: what is shown comes with the status 200. */
static custody_err take_result(struct runner *runner, enum cty_rpc rpc, const union cty_rpc_result *result,
                               custody_error *error)
{
    bool look = rpc == CTY_RPC_WITNESS_CHECKPOINT;
    uint64_t status = look ? 200 : result->witness_add.status;
    if (status < 100 || status > 999)
        return cty_fail(error, CUSTODY_E_UNREACHABLE, "no witness's answer");
    runner->answer.status = (unsigned)status;
    runner->answer.body.limit = CTY_WITNESS_ANSWER_BYTES_MAX;
    return cty_buf_put_bytes(&runner->answer.body, look ? result->witness_checkpoint.checkpoint : result->witness_add.body);
}

static custody_err read_reply(struct runner *runner, enum cty_rpc rpc, struct cty_bytes reply, custody_error *error)
{
    CTY_CLEANUP(cty_rpc_done) struct cty_rpc_message message = {.json = CTY_JSON_INIT};
    union cty_rpc_result result;
    struct cty_rpc_answer answer;
    custody_err err = cty_rpc_open(&message, reply, CTY_STATEMENT_NODES_MAX, NULL);
    if (err == CUSTODY_OK)
        err = cty_rpc_answer_read(&message, cty_rpc_first(&message), rpc, &answer, &result, NULL);
    if (err == CUSTODY_E_NO_MEMORY)
        return err;
    if (err != CUSTODY_OK || answer.failed)
        return cty_fail(error, CUSTODY_E_UNREACHABLE, "no witness answers there");
    return take_result(runner, rpc, &result, error);
}

static custody_err ask_nng(struct runner *runner, custody_error *error)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf reply = CTY_BUF_INIT(2 * CTY_WITNESS_ANSWER_BYTES_MAX);
    if (!runner->client)
        CTY_TRY(open_client(runner, error));
    const struct cty_rpc_call call = make_call(runner);
    cty_buf_clear(&runner->text);
    CTY_TRY(cty_rpc_call_write(&call, &runner->text));
    CTY_TRY(cty_net_client_call(runner->client, cty_buf_bytes(&runner->text), CTY_WITNESS_ANSWER_MS_MAX, &reply, error));
    return read_reply(runner, call.rpc, cty_buf_bytes(&reply), error);
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
    custody_err err = cty_net_url_is_http(runner->url) ? ask_http(runner, &error) : ask_nng(runner, &error);
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
        else if (err != CUSTODY_E_NO_MEMORY) /* then the desk gives that errand up by itself */
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
