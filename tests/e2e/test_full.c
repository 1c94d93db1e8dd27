/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is full: the queue, an actor's quota, the places for those who wait, the door. Who finds it full is told so, with
 * the time after which to come again, and nothing of what was taken is lost.
 */
#include "scene.h"

#include <pthread.h>

#include "base/check.h"
#include "codec/text.h"

#define BATCHES 4u
#define ROUNDS_MAX 50u

static struct scene *the_scene;

static int set_up(void **state)
{
    const struct house_config config = {.queue = 1, .workers = 2, .connections = 72};
    *state = the_scene = scene_new(&config);
    return 0;
}

/* ---- the queue ---- */

/* A message of as many requests as one may hold, and what became of each. */
struct batch {
    pthread_t thread;
    struct cty_buf envelopes[CTY_BATCH_MAX];
    struct cty_content contents[CTY_BATCH_MAX];
    struct cty_buf text;
    bool taken[CTY_BATCH_MAX];
    unsigned busy;
};

static void make_batch(struct scene *scene, struct batch *batch)
{
    batch->text.limit = CTY_MESSAGE_BYTES_MAX;
    must(cty_buf_put_text(&batch->text, "["));
    for (size_t i = 0; i < CTY_BATCH_MAX; i++) {
        batch->envelopes[i].limit = CTY_ENVELOPE_BYTES_MAX;
        draft_request(scene->agent, "refund", scene->draft);
        batch->contents[i] = scene->draft->contents[0];
        batch->contents[i].content = CTY_LITERAL("{\"amount\":100,\"order\":\"o-1\"}");
        must(cty_statement_sign(&scene->draft->statement, scene->draft->secrets, 1, &batch->envelopes[i], NULL));
        if (i)
            must(cty_buf_put_text(&batch->text, ","));
        wire_put_submit(&batch->text, cty_buf_bytes(&batch->envelopes[i]), &batch->contents[i], 1);
    }
    must(cty_buf_put_text(&batch->text, "]"));
}

static void free_batch(struct batch *batch)
{
    for (size_t i = 0; i < CTY_BATCH_MAX; i++)
        cty_buf_done(&batch->envelopes[i]);
    cty_buf_done(&batch->text);
}

static void read_item(struct batch *batch, size_t i, const struct cty_rpc_answer *answer)
{
    batch->taken[i] = !answer->failed;
    if (!answer->failed)
        return;
    must_be(answer->failure.code == CUSTODY_E_BUSY && answer->failure.retry_after_ms > 0);
    batch->busy++;
}

static void *send_batch(void *context)
{
    struct batch *batch = context;
    struct wire wire = {.net = NULL};
    struct cty_rpc_answer answer;
    wire_open(&wire, the_scene->house->url);
    must(wire_send(&wire, cty_buf_bytes(&batch->text)));
    must(cty_rpc_open(&wire.message, cty_buf_bytes(&wire.reply), CTY_ANSWER_NODES_MAX, &house_error));
    must_be(wire.message.batch && wire.message.count == CTY_BATCH_MAX);
    const struct cty_json_node *item = cty_rpc_first(&wire.message);
    for (size_t i = 0; i < CTY_BATCH_MAX; i++, item = cty_rpc_next(&wire.message, item)) {
        must(cty_rpc_answer_read(&wire.message, item, CTY_RPC_SUBMIT, &answer, &wire.result, &house_error));
        read_item(batch, i, &answer);
    }
    wire_close(&wire);
    return NULL;
}

/* Sends those again that found it full; each comes out once. */
static void send_again(struct scene *scene, const struct batch *batch)
{
    for (size_t i = 0; i < CTY_BATCH_MAX; i++) {
        const char *code = "busy";
        while (strcmp(code, "busy") == 0)
            code = wire_submit(&scene->wire, cty_buf_bytes(&batch->envelopes[i]), &batch->contents[i], 1);
        assert_string_equal(code, "ok");
        assert_int_equal(scene->wire.result.submit.duplicate, batch->taken[i]);
    }
}

static unsigned fill_queue(struct scene *scene)
{
    struct batch *batches = cty_alloc(BATCHES, sizeof(*batches));
    unsigned busy = 0;
    must_be(batches != NULL);
    for (size_t i = 0; i < BATCHES; i++)
        make_batch(scene, &batches[i]);
    for (size_t i = 0; i < BATCHES; i++)
        must_be(pthread_create(&batches[i].thread, NULL, send_batch, &batches[i]) == 0);
    for (size_t i = 0; i < BATCHES; i++)
        pthread_join(batches[i].thread, NULL);
    for (size_t i = 0; i < BATCHES; i++) {
        busy += batches[i].busy;
        send_again(scene, &batches[i]);
        free_batch(&batches[i]);
    }
    free(batches);
    return busy;
}

static void a_full_queue(void **state)
{
    struct scene *scene = *state;
    struct books_counts after;
    unsigned busy = 0, rounds = 0;
    while (busy == 0 && rounds++ < ROUNDS_MAX)
        busy = fill_queue(scene);
    assert_true(busy > 0);
    books_count(scene->house, &after);
    assert_int_equal(after.cases, scene->before.cases + rounds * BATCHES * CTY_BATCH_MAX);
    scene->before = after;
    scene_unmoved(scene);
}

/* ---- quotas ---- */

static const char *stage(struct scene *scene, const struct cty_hash *session, size_t size)
{
    struct cty_rpc_params params = {.session = {*session, true}};
    struct cty_buf memory = CTY_BUF_INIT(2 * CTY_BLOB_BYTES_MAX);
    uint8_t *content = calloc(1, size);
    must_be(content != NULL);
    must(cty_base64_format(cty_bytes_make(content, CTY_SALT_SIZE), &memory));
    size_t salt_size = memory.size;
    must(cty_base64_format(cty_bytes_make(content, size), &memory));
    params.u.blob_stage.salt = cty_bytes_make(memory.data, salt_size);
    params.u.blob_stage.content = cty_bytes_make(memory.data + salt_size, memory.size - salt_size);
    cty_random(params.u.blob_stage.commitment.bytes, CTY_HASH_SIZE);
    const char *code = wire_call(&scene->wire, CTY_RPC_BLOB_STAGE, &params);
    cty_buf_done(&memory);
    free(content);
    return code;
}

static void open_session(struct scene *scene, const char *name, struct cty_hash *ret_session)
{
    const struct cty_secret *secret = house_secret(scene->house, name);
    assert_string_equal(wire_session(&scene->wire, scene->house->url, secret, ret_session), "ok");
}

static void too_many_staged_contents(void **state)
{
    struct scene *scene = *state;
    struct cty_hash session;
    open_session(scene, "acme/agent", &session);
    for (unsigned i = 0; i < CTY_STAGED_MAX; i++)
        assert_string_equal(stage(scene, &session, 64), "ok");
    books_count(scene->house, &scene->before);
    assert_int_equal(scene->before.staged, CTY_STAGED_MAX);
    assert_refused_unmoved(scene, stage(scene, &session, 64), "quota");
    open_session(scene, "globex/agent", &session);
    assert_string_equal(stage(scene, &session, 64), "ok");
    books_count(scene->house, &scene->before);
}

static void staged_contents_that_are_too_large(void **state)
{
    struct scene *scene = *state;
    struct cty_hash session;
    open_session(scene, "acme/pat", &session);
    for (unsigned i = 0; i < CTY_STAGED_BYTES_MAX / CTY_BLOB_BYTES_MAX; i++)
        assert_string_equal(stage(scene, &session, CTY_BLOB_BYTES_MAX), "ok");
    books_count(scene->house, &scene->before);
    assert_refused_unmoved(scene, stage(scene, &session, 64), "quota");
    assert_refused_unmoved(scene, stage(scene, &session, CTY_BLOB_BYTES_MAX + 1), "too-large");
}

/* ---- those who wait ---- */

struct waiter {
    pthread_t thread;
    struct cty_hash session;
    struct cty_hash case_id;
    const char *code;
};

static void *wait_for_news(void *context)
{
    struct waiter *waiter = context;
    struct wire wire = {.net = NULL};
    struct cty_rpc_params params = {.session = {waiter->session, true}};
    params.u.case_wait.case_id = waiter->case_id;
    params.u.case_wait.known = CTY_NUMBER_MAX;
    params.u.case_wait.timeout_ms = 2000;
    wire_open(&wire, the_scene->house->url);
    waiter->code = wire_call(&wire, CTY_RPC_CASE_WAIT, &params);
    wire_close(&wire);
    return NULL;
}

/* One actor's long polls are bounded; others, and other calls, go on meanwhile. */
static void too_many_who_wait(void **state)
{
    struct scene *scene = *state;
    struct waiter waiters[CTY_WAITS_PER_ACTOR_MAX + 4];
    struct cty_hash session;
    unsigned refused = 0;
    open_session(scene, "acme/agent", &session);
    for (size_t i = 0; i < CTY_COUNT_OF(waiters); i++) {
        waiters[i] = (struct waiter){.session = session, .case_id = scene->held};
        must_be(pthread_create(&waiters[i].thread, NULL, wait_for_news, &waiters[i]) == 0);
    }
    pause_ms(200);
    scene_unmoved(scene);
    for (size_t i = 0; i < CTY_COUNT_OF(waiters); i++) {
        pthread_join(waiters[i].thread, NULL);
        refused += strcmp(waiters[i].code, "quota") == 0;
        assert_true(strcmp(waiters[i].code, "quota") == 0 || strcmp(waiters[i].code, "ok") == 0);
    }
    assert_int_equal(refused, 4);
    scene_unmoved(scene);
}

/* ---- the door ---- */

/* Beyond its connections the door closes new ones, where all have shown whose they are, and takes them when others have gone. */
static void too_many_connections(void **state)
{
    struct scene *scene = *state;
    struct wire wires[80];
    unsigned refused = 0;
    struct cty_rpc_params params = {0};
    open_session(scene, "acme/agent", &params.session.hash);
    params.session.present = true;
    memset(wires, 0, sizeof(wires));
    for (size_t i = 0; i < CTY_COUNT_OF(wires); i++) {
        const struct cty_net_client_config config = {.url = scene->house->url};
        wires[i].text.limit = wires[i].reply.limit = CTY_REPLY_BYTES_MAX;
        must(cty_net_client_open(&config, &wires[i].net, &house_error));
        refused += strcmp(wire_call(&wires[i], CTY_RPC_ACTORS, &params), "unreachable") == 0;
    }
    assert_true(refused >= 80 - 72);
    for (size_t i = 0; i < CTY_COUNT_OF(wires); i++)
        wire_close(&wires[i]);
    scene_unmoved(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_queue),
        cmocka_unit_test(too_many_staged_contents),
        cmocka_unit_test(staged_contents_that_are_too_large),
        cmocka_unit_test(too_many_who_wait),
        cmocka_unit_test(too_many_connections),
    };
    int failed = cmocka_run_group_tests(tests, set_up, NULL);
    scene_free(the_scene, failed == 0);
    return failed;
}
