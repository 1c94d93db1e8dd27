/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The submission promise: nothing is answered between taken and durable. The disk is held at the sync of the commit, where
 * the statement is judged, stored, and under a signed checkpoint, and the plug could be pulled all the same:
 *
 *     submit --> judged, appended, checkpoint signed --> [ held here ] --> durable --> answer: index, entry, receipt
 *                                                          nobody is told, and no reader sees it
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <time.h>

#include "unit/daemon/house.h"
#include "unit/store/faulty_vfs.h"

/* Long for a thread that has an answer to give, short for a test. */
#define GRACE_MS 200

static struct {
    sem_t reached;    /* the sync has begun */
    sem_t go_on;
    atomic_bool armed; /* hold the next one */
} gate;

static void hold(void *context)
{
    (void)context;
    if (!atomic_exchange(&gate.armed, false))
        return;
    sem_post(&gate.reached);
    while (sem_wait(&gate.go_on) != 0)
        continue;
}

/* Somebody else who submits, with a connection of its own. */
struct other {
    struct cty_net_client *client;
    struct cty_buf message, answer;
    pthread_t thread;
    atomic_bool answered;
    custody_err err;
};

static void *submit(void *context)
{
    struct other *o = context;
    o->err = cty_net_client_call(o->client, cty_buf_bytes(&o->message), 60000, &o->answer, NULL);
    atomic_store(&o->answered, true);
    return NULL;
}

static void other_start(struct house *h, struct other *o, struct draft *d)
{
    struct cty_net_client_config config = {.url = cty_daemon_url(h->daemon, 0)};
    memset(o, 0, sizeof(*o));
    o->message = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
    o->answer = CTY_BUF_INIT(CTY_REPLY_BYTES_MAX);
    assert_ok(cty_net_client_open(&config, &o->client, NULL));
    assert_ok(cty_buf_put_text(&o->message, "{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"submit\",\"params\":"));
    draft_params(h, d, &o->message);
    assert_ok(cty_buf_put_byte(&o->message, '}'));
    assert_int_equal(pthread_create(&o->thread, NULL, submit, o), 0);
}

/* Its answer, parsed into *reply. */
static custody_err other_end(struct other *o, struct house_reply *reply)
{
    pthread_join(o->thread, NULL);
    assert_ok(o->err);
    memset(reply, 0, sizeof(*reply));
    reply->text = o->answer;
    assert_ok(cty_rpc_open(&reply->message, cty_buf_bytes(&reply->text), CTY_ANSWER_NODES_MAX, NULL));
    assert_ok(cty_rpc_answer_read(&reply->message, cty_rpc_first(&reply->message), CTY_RPC_SUBMIT, &reply->answer,
                                  &reply->result, NULL));
    cty_net_client_close(o->client);
    cty_buf_done(&o->message);
    return reply->answer.failed ? reply->answer.failure.code : CUSTODY_OK;
}

static void begin(struct house **ret_house)
{
    faulty_install();
    sem_init(&gate.reached, 0, 0);
    sem_init(&gate.go_on, 0, 0);
    atomic_store(&gate.armed, false);
    *ret_house = house_ready();
    faulty_at_sync(hold, NULL);
}

static void end(struct house *h)
{
    house_free(h);
    faulty_at_sync(NULL, NULL);
    sem_destroy(&gate.reached);
    sem_destroy(&gate.go_on);
}

/* Submits a request whose commit is held at its sync. */
static void submit_and_hold(struct house *h, struct other *o, struct draft *d)
{
    house_request(h, d, "acme/bot", "ping", "{}");
    atomic_store(&gate.armed, true);
    other_start(h, o, d);
    while (sem_wait(&gate.reached) != 0)
        continue;
}

static custody_err ask_proof(struct house *h, uint64_t index)
{
    struct cty_rpc_call call = {.rpc = CTY_RPC_PROOF_INCLUSION};
    struct house_reply reply;
    call.params.u.proof_inclusion.index = index;
    custody_err err = house_call(h, &call, &reply);
    house_reply_done(&reply);
    return err;
}

static custody_err ask_checkpoint(struct house *h, uint64_t min_size)
{
    struct cty_rpc_call call = {.rpc = CTY_RPC_CHECKPOINT};
    struct house_reply reply;
    call.params.u.checkpoint.min_size = min_size;
    custody_err err = house_call(h, &call, &reply);
    house_reply_done(&reply);
    return err;
}

static void a_while(void)
{
    const struct timespec time = {0, GRACE_MS * 1000000L};
    nanosleep(&time, NULL);
}

static void no_answer_before_it_is_durable(void **state)
{
    struct house *h;
    struct other o;
    struct draft d;
    struct house_reply reply;
    (void)state;
    begin(&h);
    uint64_t size = house_size(h);
    submit_and_hold(h, &o, &d);
    a_while();
    assert_false(atomic_load(&o.answered));
    /* Nor does anybody else hear of it: no size, no proof, no checkpoint. */
    assert_int_equal(house_size(h), size);
    assert_refused(ask_proof(h, size), "not-found");
    assert_refused(ask_checkpoint(h, size + 1), "not-found");
    assert_false(atomic_load(&o.answered));
    sem_post(&gate.go_on);
    assert_ok(other_end(&o, &reply));
    /* The answer has it all: where it stands, the entry, and the proof under a signed checkpoint. */
    assert_int_equal(reply.result.submit.own.index, size);
    assert_true(house_check_receipts(h, &reply) > 0);
    assert_ok(ask_proof(h, size));
    assert_ok(ask_checkpoint(h, size + 1));
    house_reply_done(&reply);
    draft_done(&d);
    end(h);
}

/* A sync that fails is answered with a fault and nothing that could pass for a receipt; the entry was never shown. */
static void a_failed_sync_acknowledges_nothing(void **state)
{
    struct house *h;
    struct other o;
    struct draft d;
    struct house_reply reply;
    (void)state;
    begin(&h);
    uint64_t size = house_size(h);
    submit_and_hold(h, &o, &d);
    faulty_arm(FAULTY_SYNC, 1);
    sem_post(&gate.go_on);
    assert_refused(other_end(&o, &reply), "storage");
    assert_true(faulty_disarm());
    assert_null(reply.answer.failure.refusal.data);
    assert_null(strstr(cty_buf_text(&reply.text), "tlog-proof"));
    assert_int_equal(house_size(h), size);
    assert_refused(ask_proof(h, size), "not-found");
    house_reply_done(&reply);
    draft_done(&d);
    end(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_answer_before_it_is_durable),
        cmocka_unit_test(a_failed_sync_acknowledges_nothing),
    };
    return cmocka_run_group_tests_name("the promise of a submission", tests, NULL, NULL);
}
