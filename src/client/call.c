/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call: a message there, an answer back, again while the custodian is away or busy, with a session where one
 * is needed.
 *
 *     call --> session? --> [ write --> exchange --> read ] --> UNREACHABLE, TIMEOUT, BUSY: pause, again
 *                                                          \--> session gone: open another
 */
#include <time.h>

#include "client/inner.h"
#include "net/trouble.h"
#include "proto/claims.h"

/* Challenges that one opening of a session may take. */
#define CHALLENGES_TRIED_MAX 3
/* Sessions that one call may take: a custodian may be started anew while a long one waits, and again. */
#define SESSIONS_TRIED_MAX 4

void cty_answer_done(struct cty_answer *answer)
{
    if (!answer)
        return;
    cty_buf_done(&answer->text);
    cty_rpc_done(&answer->message);
}

/* ---- trying again ---- */

struct retry {
    struct cty_client *client;
    uint64_t pause_ms;
    uint64_t began_ms;
    bool told;
    bool hurried;         /* the try under way began with next to no time left */
    custody_err err;      /* of the try before it */
    custody_error before; /* its words, where they are asked for */
};

static void tell(struct retry *retry, const custody_error *why, uint64_t now)
{
    struct cty_client *client = retry->client;
    if (!client->trying || !why || retry->told || now - retry->began_ms < CTY_CLIENT_TELL_MS)
        return;
    retry->told = true;
    client->trying(client->trying_context, why, client->deadline_ms - now);
}

/* In slices, so that an interruption is noticed. Half of it is chance, so that many clients don't come at once. */
void cty_client_pause(struct cty_client *client, uint64_t pause_ms)
{
    uint64_t random;
    cty_random(&random, sizeof(random));
    uint64_t until = cty_net_deadline(pause_ms / 2 + random % (pause_ms / 2 + 1));
    while (cty_net_now_ms() < until && !atomic_load(&client->interrupted)) {
        uint64_t left = until - cty_net_now_ms();
        uint64_t slice = left < 50 ? left : 50;
        const struct timespec time = {0, (long)slice * 1000000};
        nanosleep(&time, NULL);
    }
}

/* Whether there is time for another try; waits for its turn. After an interruption the next try says so. */
static bool may_retry(struct retry *retry, custody_err err, uint64_t retry_after_ms, const custody_error *why)
{
    uint64_t now = cty_net_now_ms();
    if (!cty_is_passing(err) || now >= retry->client->deadline_ms)
        return false;
    tell(retry, why, now);
    retry->err = err;
    if (why)
        retry->before = *why;
    uint64_t pause = retry_after_ms > retry->pause_ms ? retry_after_ms : retry->pause_ms;
    uint64_t left = retry->client->deadline_ms - now;
    cty_client_pause(retry->client, pause < left ? pause : left);
    retry->pause_ms = retry->pause_ms * 2 > CTY_PAUSE_MS_MAX ? CTY_PAUSE_MS_MAX : retry->pause_ms * 2;
    retry->hurried = cty_net_now_ms() + CTY_TRY_MS_MIN > retry->client->deadline_ms;
    return true;
}

static bool is_silence(custody_err err)
{
    return err == CUSTODY_E_UNREACHABLE || err == CUSTODY_E_TIMEOUT;
}

/* That the last try of all had no time left is not the reason: the one before it knows. */
static custody_err conclude(const struct retry *retry, custody_err err, custody_error *error)
{
    if (!retry->hurried || !is_silence(err) || !is_silence(retry->err))
        return err;
    if (error)
        *error = retry->before;
    return retry->err;
}

/* ---- one message ---- */

/* Sends a message once and opens the answer. */
static custody_err exchange(struct cty_client *client, struct cty_bytes text, uint64_t more_ms,
                            struct cty_answer *answer, custody_error *error)
{
    uint64_t now = cty_net_now_ms();
    uint64_t left = client->deadline_ms > now ? client->deadline_ms - now : 1;
    uint64_t wait = left < client->exchange_ms ? left : client->exchange_ms;
    cty_buf_clear(&answer->text);
    answer->text.limit = CTY_REPLY_BYTES_MAX;
    CTY_TRY(cty_client_may_go_on(client, error));
    CTY_TRY(cty_net_client_call(client->net, text, wait + more_ms, &answer->text, error));
    custody_err err = cty_rpc_open(&answer->message, cty_buf_bytes(&answer->text), CTY_ANSWER_NODES_MAX, error);
    if (err == CUSTODY_OK || err == CUSTODY_E_NO_MEMORY || err == CUSTODY_E_TOO_LARGE)
        return err;
    return cty_fail(error, CUSTODY_E_BAD_RPC, "the custodian's answer is not JSON-RPC");
}

/* What a failed answer means to the caller. Its words are foreign: cty_fail escapes and cuts them. */
static custody_err failure(const struct cty_rpc_answer *answer, custody_error *error)
{
    struct cty_bytes detail = answer->failure.detail;
    int size = detail.size < 200 ? (int)detail.size : 200;
    return cty_fail(error, answer->failure.code, "%.*s", size, detail.size ? (const char *)detail.data : "");
}

static bool is_answer_to(const struct cty_rpc_answer *answer, uint64_t id)
{
    return answer->id.kind == CTY_RPC_ID_NUMBER && answer->id.number == id;
}

static custody_err read_single(struct cty_answer *answer, enum cty_rpc rpc, uint64_t id, custody_error *error)
{
    if (answer->message.batch)
        return cty_fail(error, CUSTODY_E_BAD_RPC, "one call, several answers");
    CTY_TRY(cty_rpc_answer_read(&answer->message, cty_rpc_first(&answer->message), rpc, &answer->answer, &answer->result,
                                error));
    if (!is_answer_to(&answer->answer, id))
        return cty_fail(error, CUSTODY_E_BAD_RPC, "the answer belongs to another call");
    return answer->answer.failed ? failure(&answer->answer, error) : CUSTODY_OK;
}

static custody_err call_once(struct cty_client *client, struct cty_rpc_call *call, uint64_t more_ms,
                             struct cty_answer *answer, custody_error *error)
{
    struct cty_buf text = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
    call->id = (struct cty_rpc_id){.kind = CTY_RPC_ID_NUMBER, .number = ++client->last_id};
    memset(&answer->answer, 0, sizeof(answer->answer));
    custody_err err = cty_rpc_call_write(call, &text);
    if (err == CUSTODY_OK)
        err = exchange(client, cty_buf_bytes(&text), more_ms, answer, error);
    if (err == CUSTODY_OK)
        err = read_single(answer, call->rpc, call->id.number, error);
    cty_buf_done(&text);
    return err;
}

static custody_err call_patiently(struct cty_client *client, struct cty_rpc_call *call, uint64_t more_ms,
                                  struct cty_answer *answer, custody_error *error)
{
    struct retry retry = {.client = client, .pause_ms = CTY_PAUSE_MS_MIN, .began_ms = cty_net_now_ms()};
    custody_err err;
    do
        err = call_once(client, call, more_ms, answer, error);
    while (may_retry(&retry, err, answer->answer.failed ? answer->answer.failure.retry_after_ms : 0, error));
    return conclude(&retry, err, error);
}

/* ---- sessions ---- */

static custody_err sign_claim(struct cty_client *client, const uint8_t server_nonce[16], struct cty_buf *out)
{
    struct cty_session_claim claim = {
        .actor = cty_secret_name(client->secret),
        .door = cty_bytes_text(client->url.text),
        .ledger = client->trust->origin,
        .time = cty_client_now(client),
    };
    memcpy(claim.server_nonce, server_nonce, sizeof(claim.server_nonce));
    cty_random(claim.client_nonce, sizeof(claim.client_nonce));
    /* Over TLS it is for this door with this certificate: whoever stands between shows another. */
    claim.certificate.present = cty_net_client_shown(client->net, claim.certificate.hash.bytes);
    return cty_session_claim_sign(&claim, client->secret, out);
}

static custody_err open_session_once(struct cty_client *client, custody_error *error)
{
    struct cty_answer answer = {0};
    struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    struct cty_rpc_call call = {.rpc = CTY_RPC_SESSION_CHALLENGE};
    custody_err err = call_patiently(client, &call, 0, &answer, error);
    if (err == CUSTODY_OK)
        err = sign_claim(client, answer.result.session_challenge.server_nonce, &envelope);
    if (err == CUSTODY_OK) {
        call = (struct cty_rpc_call){.rpc = CTY_RPC_SESSION_OPEN};
        call.params.u.session_open.envelope = cty_buf_bytes(&envelope);
        err = call_patiently(client, &call, 0, &answer, error);
    }
    if (err == CUSTODY_OK)
        client->session = (struct cty_opt_hash){answer.result.session_open.session, true};
    cty_answer_done(&answer);
    cty_buf_done(&envelope);
    return err;
}

/*
 * A challenge is of one life of the custodian and good for one use: where it was restarted in between, or the answer to
 * the opening was lost, it takes another.
 */
static custody_err open_session(struct cty_client *client, custody_error *error)
{
    custody_err err = CUSTODY_E_BAD_SESSION;
    for (int round = 0; err == CUSTODY_E_BAD_SESSION && round < CHALLENGES_TRIED_MAX; round++)
        err = open_session_once(client, error);
    return err;
}

/* Whether a session is to be used for the method: where it must be, and where it can be. */
static bool wants_session(const struct cty_client *client, enum cty_rpc rpc)
{
    enum cty_rpc_access access = cty_rpc_method(rpc)->access;
    return access == CTY_RPC_SESSION || (access == CTY_RPC_MEMBERS && client->secret && client->trust);
}

static custody_err prepare_session(struct cty_client *client, enum cty_rpc rpc, custody_error *error)
{
    if (!wants_session(client, rpc) || client->session.present)
        return CUSTODY_OK;
    CTY_TRY(cty_client_needs_secret(client, error));
    CTY_TRY(cty_client_needs_trust(client, error));
    return open_session(client, error);
}

/* A session that the custodian no longer knows: it was restarted, or the session was idle for long. */
static bool lost_session(struct cty_client *client, enum cty_rpc rpc, custody_err err)
{
    if (err != CUSTODY_E_NO_SESSION || !wants_session(client, rpc) || !client->session.present)
        return false;
    client->session.present = false;
    return true;
}

custody_err cty_client_call_long(struct cty_client *client, enum cty_rpc rpc, const struct cty_rpc_params *params,
                                 uint64_t more_ms, struct cty_answer *ret_answer, custody_error *error)
{
    CTY_SPAN(client);
    custody_err err = CUSTODY_E_INTERNAL;
    for (int round = 0; round < SESSIONS_TRIED_MAX; round++) {
        CTY_TRY(prepare_session(client, rpc, error));
        struct cty_rpc_call call = {.rpc = rpc};
        if (params)
            call.params = *params;
        if (wants_session(client, rpc))
            call.params.session = client->session;
        err = call_patiently(client, &call, more_ms, ret_answer, error);
        if (!lost_session(client, rpc, err))
            return err;
    }
    return err;
}

custody_err cty_client_call(struct cty_client *client, enum cty_rpc rpc, const struct cty_rpc_params *params,
                            struct cty_answer *ret_answer, custody_error *error)
{
    return cty_client_call_long(client, rpc, params, 0, ret_answer, error);
}

/* ---- several calls in one message ---- */

static custody_err write_batch(struct cty_client *client, const struct cty_batch *batch, size_t from, size_t count,
                               struct cty_buf *text)
{
    CTY_TRY(cty_buf_put_byte(text, '['));
    for (size_t i = 0; i < count; i++) {
        struct cty_rpc_call call = {.id = {.kind = CTY_RPC_ID_NUMBER, .number = client->last_id + 1 + i},
                                    .rpc = batch->rpc};
        batch->fill(batch->context, from + i, &call.params);
        if (i)
            CTY_TRY(cty_buf_put_byte(text, ','));
        CTY_TRY(cty_rpc_call_write(&call, text));
    }
    return cty_buf_put_byte(text, ']');
}

/* The custodian answers in the order of the calls. */
static custody_err take_batch(const struct cty_batch *batch, size_t from, size_t count, uint64_t first_id,
                              struct cty_answer *answer, custody_error *error)
{
    const struct cty_json_node *item = cty_rpc_first(&answer->message);
    if (!answer->message.batch) {
        CTY_TRY(read_single(answer, batch->rpc, first_id, error));
        return cty_fail(error, CUSTODY_E_BAD_RPC, "several calls, one answer");
    }
    for (size_t i = 0; i < count; i++, item = cty_rpc_next(&answer->message, item)) {
        if (!item)
            return cty_fail(error, CUSTODY_E_BAD_RPC, "%zu calls, %zu answers", count, i);
        CTY_TRY(cty_rpc_answer_read(&answer->message, item, batch->rpc, &answer->answer, &answer->result, error));
        if (!is_answer_to(&answer->answer, first_id + i))
            return cty_fail(error, CUSTODY_E_BAD_RPC, "the answer belongs to another call");
        if (answer->answer.failed)
            return failure(&answer->answer, error);
        CTY_TRY(batch->take(batch->context, from + i, &answer->result, error));
    }
    return item ? cty_fail(error, CUSTODY_E_BAD_RPC, "more answers than calls") : CUSTODY_OK;
}

static custody_err batch_once(struct cty_client *client, const struct cty_batch *batch, size_t from, size_t count,
                              struct cty_answer *answer, custody_error *error)
{
    struct cty_buf text = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
    uint64_t first_id = client->last_id + 1;
    memset(&answer->answer, 0, sizeof(answer->answer));
    custody_err err = write_batch(client, batch, from, count, &text);
    client->last_id += count;
    if (err == CUSTODY_OK)
        err = exchange(client, cty_buf_bytes(&text), 0, answer, error);
    if (err == CUSTODY_OK)
        err = take_batch(batch, from, count, first_id, answer, error);
    cty_buf_done(&text);
    return err;
}

custody_err cty_client_batch(struct cty_client *client, const struct cty_batch *batch, custody_error *error)
{
    CTY_SPAN(client);
    struct cty_answer answer = {0};
    custody_err err = CUSTODY_OK;
    for (size_t from = 0; err == CUSTODY_OK && from < batch->count;) {
        size_t left = batch->count - from;
        size_t count = left < CTY_BATCH_MAX ? left : CTY_BATCH_MAX;
        struct retry retry = {.client = client, .pause_ms = CTY_PAUSE_MS_MIN, .began_ms = cty_net_now_ms()};
        do
            err = batch_once(client, batch, from, count, &answer, error);
        while (may_retry(&retry, err, answer.answer.failed ? answer.answer.failure.retry_after_ms : 0, error));
        err = conclude(&retry, err, error);
        from += count;
    }
    cty_answer_done(&answer);
    return err;
}
