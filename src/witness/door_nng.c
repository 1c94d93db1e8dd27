/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls are queued by nng's threads, and answered by some of ours: a cosignature waits for the disk.
 *
 * Where all connections are taken a newcomer replaces the one that is idle for longest. Those that brought a log forward stay:
 * only who has what the log signed last, before it is public, can do so, which is its custodian.
 */
#include <pthread.h>
#include <stdlib.h>

#include "base/check.h"
#include "proto/rpc.h"
#include "witness/doors.h"
#include "witness/refusals.h"

#define THREADS 2
#define CALLS 64u

struct cty_witness_nng {
    struct cty_witness *witness;
    struct cty_net_server *server;
    struct cty_refusals refusals;
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    struct cty_net_call *queue[CALLS]; /* a ring */
    unsigned first, count;
    bool stopping;
    pthread_t threads[THREADS];
    unsigned thread_count;
};

/* --- one message ------------------------------------------------------------------------------------------- */

/* What its results borrow from, until they are written. */
struct turn {
    struct cty_net_call *call;
    struct cty_rpc_message message;
    struct cty_rpc_answers answers;
    struct cty_buf out;
    struct cty_witness_answer made;
};

static void turn_done(struct turn *turn)
{
    cty_rpc_done(&turn->message);
    cty_buf_done(&turn->out);
    cty_witness_answer_done(&turn->made);
}

static custody_err put_failure(struct turn *turn, const struct cty_rpc_id *id, custody_err err, const custody_error *error)
{
    struct cty_rpc_failure failure = {.code = err};
    if (error->code == err)
        failure.detail = cty_bytes_text(error->detail);
    return cty_rpc_answers_put_failure(&turn->answers, id, &failure);
}

static custody_err do_add(struct cty_witness_nng *door, struct turn *turn, const struct cty_rpc_call *call)
{
    union cty_rpc_result result;
    memset(&result, 0, sizeof(result));
    cty_witness_add_checkpoint(door->witness, call->params.u.witness_add.body, &turn->made);
    if (turn->made.grew)
        cty_net_call_vouch(turn->call);
    /* Looked at first, as over HTTP: what the log signed is answered as ever. */
    const struct cty_net_peer peer = cty_net_call_peer(turn->call);
    bool too_much = cty_refusals_count(&door->refusals, peer.bytes, turn->made.status);
    result.witness_add.status = too_much ? 429 : turn->made.status;
    result.witness_add.body = cty_bytes_text("");
    if (turn->made.body.size > 0)
        result.witness_add.body = cty_buf_bytes(&turn->made.body);
    return cty_rpc_answers_put_result(&turn->answers, &call->id, CTY_RPC_WITNESS_ADD, &result);
}

static custody_err do_checkpoint(struct cty_witness_nng *door, struct turn *turn, const struct cty_rpc_call *call)
{
    union cty_rpc_result result;
    custody_error error = {.detail = ""};
    struct cty_hash digest = cty_sha256(call->params.u.witness_checkpoint.origin);
    memset(&result, 0, sizeof(result));
    cty_witness_checkpoint(door->witness, &digest, &turn->made);
    if (turn->made.status != 200)
        return put_failure(turn, &call->id, turn->made.why, &error);
    result.witness_checkpoint.checkpoint = cty_buf_bytes(&turn->made.body);
    return cty_rpc_answers_put_result(&turn->answers, &call->id, CTY_RPC_WITNESS_CHECKPOINT, &result);
}

static custody_err do_call(struct cty_witness_nng *door, struct turn *turn, const struct cty_json_node *item)
{
    struct cty_rpc_call call = {.rpc = CTY_RPC_COUNT};
    custody_error error = {.detail = ""};
    custody_err err = cty_rpc_call_read(&turn->message, item, &call, &error);
    if (err == CUSTODY_OK && call.rpc == CTY_RPC_WITNESS_ADD)
        return do_add(door, turn, &call);
    if (err == CUSTODY_OK && call.rpc == CTY_RPC_WITNESS_CHECKPOINT)
        return do_checkpoint(door, turn, &call);
    if (err == CUSTODY_OK)
        err = cty_fail(&error, CUSTODY_E_METHOD_UNKNOWN, "this is a witness");
    return put_failure(turn, &call.id, err, &error);
}

static custody_err do_message(struct cty_witness_nng *door, struct turn *turn, struct cty_bytes text)
{
    custody_error error = {.detail = ""};
    const struct cty_rpc_id none = {.kind = CTY_RPC_ID_NULL};
    custody_err err = cty_rpc_open(&turn->message, text, CTY_CALL_NODES_MAX, &error);
    CTY_TRY(cty_rpc_answers_begin(&turn->answers, err == CUSTODY_OK && turn->message.batch, &turn->out));
    if (err != CUSTODY_OK)
        CTY_TRY(put_failure(turn, &none, err, &error));
    const struct cty_json_node *item = err == CUSTODY_OK ? cty_rpc_first(&turn->message) : NULL;
    for (; item; item = cty_rpc_next(&turn->message, item))
        CTY_TRY(do_call(door, turn, item));
    return cty_rpc_answers_end(&turn->answers);
}

/* What can't be written is not answered; the submitter asks again. */
static void answer_call(struct cty_witness_nng *door, struct cty_net_call *call)
{
    CTY_CLEANUP(turn_done) struct turn turn = {.call = call, .out = CTY_BUF_INIT(CTY_REPLY_BYTES_MAX)};
    if (do_message(door, &turn, cty_net_call_message(call)) != CUSTODY_OK ||
        cty_net_reply(call, cty_buf_bytes(&turn.out)) != CUSTODY_OK)
        cty_net_drop(call);
}

/* --- threads ----------------------------------------------------------------------------------------------- */

static void on_message(void *user, struct cty_net_call *call, struct cty_bytes message)
{
    struct cty_witness_nng *door = user;
    (void)message;
    pthread_mutex_lock(&door->mutex);
    bool room = !door->stopping && door->count < CALLS;
    if (room) {
        door->queue[(door->first + door->count) % CALLS] = call;
        door->count++;
        pthread_cond_signal(&door->cond);
    }
    pthread_mutex_unlock(&door->mutex);
    if (!room)
        cty_net_drop(call);
}

/* NULL where the door closes, and all that came before is answered. */
static struct cty_net_call *take(struct cty_witness_nng *door)
{
    struct cty_net_call *call = NULL;
    pthread_mutex_lock(&door->mutex);
    while (door->count == 0 && !door->stopping)
        pthread_cond_wait(&door->cond, &door->mutex);
    if (door->count > 0) {
        call = door->queue[door->first];
        door->first = (door->first + 1) % CALLS;
        door->count--;
    }
    pthread_mutex_unlock(&door->mutex);
    return call;
}

static void *work(void *user)
{
    struct cty_witness_nng *door = user;
    struct cty_net_call *call;
    while ((call = take(door)))
        answer_call(door, call);
    return NULL;
}

static custody_err start(struct cty_witness_nng *door, custody_error *error)
{
    for (unsigned i = 0; i < THREADS; i++) {
        if (pthread_create(&door->threads[i], NULL, work, door) != 0)
            return cty_fail(error, CUSTODY_E_NO_MEMORY, "no thread for the door");
        door->thread_count++;
    }
    return CUSTODY_OK;
}

custody_err cty_witness_nng_open(struct cty_witness *witness, const struct cty_net_server_config *config,
                                 struct cty_witness_nng **ret_door, custody_error *error)
{
    static const struct cty_net_server_ops ops = {.on_message = on_message};
    struct cty_net_server_config own = *config;
    struct cty_witness_nng *door = cty_alloc(1, sizeof(*door));
    if (!door)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    own.calls_max = CALLS;
    own.replaces = true;
    own.message_max = CTY_WITNESS_MESSAGE_BYTES_MAX;
    door->witness = witness;
    cty_refusals_init(&door->refusals);
    CTY_CHECK(pthread_mutex_init(&door->mutex, NULL) == 0);
    CTY_CHECK(pthread_cond_init(&door->cond, NULL) == 0);
    custody_err err = start(door, error);
    if (err == CUSTODY_OK)
        err = cty_net_server_open(&own, &ops, door, &door->server, error);
    if (err == CUSTODY_OK)
        *ret_door = door;
    else
        cty_witness_nng_close(door);
    return err;
}

const char *cty_witness_nng_url(const struct cty_witness_nng *door, size_t index)
{
    return cty_net_server_url(door->server, index);
}

#define DRAIN_MS 2000

void cty_witness_nng_close(struct cty_witness_nng *door)
{
    if (!door)
        return;
    /* Who is not done by then loses the connection, and asks again. */
    if (door->server && cty_net_server_drain(door->server, DRAIN_MS) != CUSTODY_OK)
        cty_witness_tell(door->witness, false, cty_bytes_text(""), "some answers were not taken");
    pthread_mutex_lock(&door->mutex);
    door->stopping = true;
    pthread_cond_broadcast(&door->cond);
    pthread_mutex_unlock(&door->mutex);
    for (unsigned i = 0; i < door->thread_count; i++)
        pthread_join(door->threads[i], NULL);
    cty_net_server_close(door->server);
    pthread_cond_destroy(&door->cond);
    pthread_mutex_destroy(&door->mutex);
    cty_refusals_done(&door->refusals);
    free(door);
}
