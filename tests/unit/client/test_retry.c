/* SPDX-License-Identifier: Apache-2.0 */
/* Answers that don't come, custodians that go away and come back, sessions that are forgotten. */
#include <time.h>

#include "unit/client/fake.h"
#include "unit/support.h"

#define POLICY "{\"admin_quorum\":2,\"rules\":[{\"effect\":\"pass\"}]}"

static int setup(void **state)
{
    *state = fake_new(POLICY);
    return 0;
}

static int teardown(void **state)
{
    fake_free(*state);
    return 0;
}

static struct cty_ask some_ask(void)
{
    return (struct cty_ask){.service = CTY_LITERAL("s"), .action = CTY_LITERAL("a"), .payload = CTY_LITERAL("{}")};
}

static struct cty_hash request(struct cty_client *client)
{
    struct cty_ask ask = some_ask();
    struct cty_hash case_id;
    assert_ok(cty_agent_request(client, &ask, &case_id, NULL, NULL));
    return case_id;
}

/* The checkpoint first, so that what is dropped is the submission's answer. */
static void warm(struct cty_client *client)
{
    struct cty_checkpoint checkpoint;
    assert_ok(cty_client_checkpoint(client, true, &checkpoint, NULL, NULL));
}

static void a_dropped_answer_is_asked_for_again(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = fake_client(f, NULL, "acme/bot", NULL);
    struct cty_submitted submitted = {.refused = false};
    struct cty_ask ask = some_ask();
    struct cty_hash case_id;
    warm(client);
    size_t before = f->count;
    cty_client_set_patience(client, 1500);
    f->drops = 2;
    assert_ok(cty_agent_request(client, &ask, &case_id, &submitted, NULL));
    assert_true(submitted.duplicate);
    assert_int_equal(submitted.own.index, before);
    assert_int_equal(f->calls[CTY_RPC_SUBMIT], 3);
    assert_int_equal(f->count, before + 3); /* request, verdict, release: once */
    cty_submitted_done(&submitted);
    cty_client_close(client);
}

static void a_busy_custodian_is_asked_later(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = fake_client(f, NULL, "acme/bot", NULL);
    warm(client);
    f->busies = 3;
    request(client);
    assert_int_equal(f->calls[CTY_RPC_SUBMIT], 4);
    cty_client_close(client);
}

static void patience_ends(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = fake_client(f, NULL, "acme/bot", NULL);
    struct cty_ask ask = some_ask();
    struct cty_hash case_id;
    struct timespec begin, end;
    cty_client_set_patience(client, 300);
    warm(client);
    f->busies = 1000000;
    custody_err err = cty_agent_request(client, &ask, &case_id, NULL, NULL);
    assert_true(err == CUSTODY_E_BUSY || err == CUSTODY_E_TIMEOUT); /* the last thing that was heard */
    f->busies = 0;
    fake_close(f);
    clock_gettime(CLOCK_MONOTONIC, &begin);
    assert_refused(cty_agent_request(client, &ask, &case_id, NULL, NULL), "unreachable");
    clock_gettime(CLOCK_MONOTONIC, &end);
    assert_true((end.tv_sec - begin.tv_sec) * 1000 + (end.tv_nsec - begin.tv_nsec) / 1000000 >= 250);
    fake_open(f);
    request(client);
    cty_client_close(client);
}

/* However the last try of all ends: there is little time left for it, and "timed out" says nothing. */
static void the_refusal_of_a_door_is_the_last_word(void **state)
{
    struct cty_rpc_params params = {.session = {.present = false}};
    struct cty_client_config config = {.url = "tcp://127.0.0.1:1", .patience_ms = 120};
    (void)state;
    for (int i = 0; i < 5; i++) { /* nobody listens at that port */
        struct cty_client *client = NULL;
        struct cty_answer answer = {0};
        custody_error error = {0};
        assert_ok(cty_client_open(&config, &client, &error));
        assert_refused(cty_client_call(client, CTY_RPC_INFO, &params, &answer, &error), "unreachable");
        assert_non_null(strstr(error.detail, "tcp://127.0.0.1:1: Connection refused"));
        cty_answer_done(&answer);
        cty_client_close(client);
        config.patience_ms += 20;
    }
}

struct told {
    unsigned times;
    custody_err err;
    uint64_t left_ms;
};

static void keep_told(void *context, const custody_error *why, uint64_t left_ms)
{
    struct told *told = context;
    *told = (struct told){told->times + 1, why->code, left_ms};
}

/* Long enough for a try behind the silence, whatever chance makes of the pauses. */
#define LONG_PATIENCE_MS 4500u

static void who_waits_long_is_told_once(void **state)
{
    struct fake *f = *state;
    struct told told = {0};
    const struct cty_client_config config = {.url = f->url, .trust = fake_trust(f), .secret = world_secret(f->w, "acme/bot"),
                                             .patience_ms = LONG_PATIENCE_MS, .clock = fake_clock, .clock_context = f,
                                             .trying = keep_told, .trying_context = &told};
    struct cty_client *client = NULL;
    assert_ok(cty_client_open(&config, &client, NULL));
    request(client);
    assert_int_equal(told.times, 0);
    fake_close(f);
    struct cty_ask ask = some_ask();
    struct cty_hash case_id;
    custody_error error = {0};
    assert_refused(cty_agent_request(client, &ask, &case_id, NULL, &error), "unreachable");
    assert_int_equal(told.times, 1);
    assert_int_equal(told.err, CUSTODY_E_UNREACHABLE);
    assert_in_range(told.left_ms, 1, LONG_PATIENCE_MS - CTY_CLIENT_TELL_MS);
    cty_client_close(client);
}

static void *come_back(void *context)
{
    const struct timespec time = {0, 300000000};
    nanosleep(&time, NULL);
    fake_open(context);
    return NULL;
}

static void a_restart_is_waited_out(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = fake_client(f, NULL, "acme/bot", NULL);
    struct cty_hash case_id = request(client);
    struct cty_judgement *judgement = NULL;
    pthread_t thread;
    fake_close(f);
    f->session.present = false; /* it remembers no sessions */
    assert_int_equal(pthread_create(&thread, NULL, come_back, f), 0);
    assert_ok(cty_agent_wait(client, &case_id, 0, &judgement, NULL));
    pthread_join(thread, NULL);
    cty_judgement_free(judgement);
    cty_client_close(client);
}

static void a_forgotten_session_is_opened_again(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = fake_client(f, NULL, "acme/bot", NULL);
    struct cty_hash case_id = request(client);
    struct cty_judgement *judgement = NULL;
    assert_ok(cty_agent_wait(client, &case_id, 0, &judgement, NULL));
    cty_judgement_free(judgement);
    assert_int_equal(f->sessions_opened, 1);
    f->session.present = false;
    assert_ok(cty_agent_wait(client, &case_id, 0, &judgement, NULL));
    cty_judgement_free(judgement);
    assert_int_equal(f->sessions_opened, 2);
    cty_client_close(client);
    assert_false(f->session.present);
}

static void forget_sessions(struct fake *f, enum cty_rpc rpc, union cty_rpc_result *result)
{
    (void)result;
    if (rpc == CTY_RPC_SESSION_OPEN)
        f->session.present = false;
}

static void sessions_are_not_opened_for_ever(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = fake_client(f, NULL, "acme/bot", NULL);
    struct cty_hash case_id = request(client);
    struct cty_judgement *judgement = NULL;
    f->tamper = forget_sessions;
    assert_refused(cty_agent_wait(client, &case_id, 0, &judgement, NULL), "session-needed");
    assert_int_equal(f->sessions_opened, 4);
    cty_client_close(client);
}

/* As a custodian that is started anew between challenge and answer. */
static void forget_challenge_once(struct fake *f, enum cty_rpc rpc, union cty_rpc_result *result)
{
    (void)result;
    if (rpc != CTY_RPC_SESSION_CHALLENGE)
        return;
    f->nonce[0] ^= 1;
    f->tamper = NULL;
}

static void forget_challenges(struct fake *f, enum cty_rpc rpc, union cty_rpc_result *result)
{
    (void)result;
    if (rpc == CTY_RPC_SESSION_CHALLENGE)
        f->nonce[0] ^= 1;
}

static void a_forgotten_challenge_is_asked_for_again(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = fake_client(f, NULL, "acme/bot", NULL);
    struct cty_hash case_id = request(client);
    struct cty_judgement *judgement = NULL;
    f->tamper = forget_challenges;
    assert_refused(cty_agent_wait(client, &case_id, 0, &judgement, NULL), "bad-session");
    f->tamper = forget_challenge_once;
    assert_ok(cty_agent_wait(client, &case_id, 0, &judgement, NULL));
    cty_judgement_free(judgement);
    assert_int_equal(f->sessions_opened, 1);
    cty_client_close(client);
}

static void fall_silent(struct fake *f, enum cty_rpc rpc, union cty_rpc_result *result)
{
    (void)result;
    if (rpc == CTY_RPC_SUBMIT)
        f->drops = 1000000;
}

static void lose_the_answer(struct fake *f, struct cty_client *client, const struct cty_hash *case_id)
{
    struct cty_judgement *judgement = NULL;
    struct cty_bytes payload;
    f->tamper = fall_silent;
    cty_client_set_patience(client, 400);
    assert_refused(cty_agent_consume(client, case_id, &judgement, &payload, NULL, NULL), "timeout");
    pthread_mutex_lock(&f->lock); /* no answer came that would tell that it is done */
    assert_int_equal(world_state(f->w, case_id), CTY_CASE_CONSUMED);
    f->tamper = NULL;
    f->drops = 0;
    pthread_mutex_unlock(&f->lock);
    cty_client_set_patience(client, 5000);
}

static void a_consume_goes_on_where_its_answer_was_lost(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = fake_client(f, NULL, "acme/bot", NULL);
    struct cty_hash case_id = request(client), other = request(client);
    struct cty_judgement *judgement = NULL;
    struct cty_bytes payload;
    lose_the_answer(f, client, &case_id);
    lose_the_answer(f, client, &other);
    size_t before = f->count;
    assert_ok(cty_agent_consume(client, &case_id, &judgement, &payload, NULL, NULL));
    assert_bytes_text(payload, "{}");
    cty_judgement_free(judgement);
    assert_ok(cty_agent_consume(client, &other, &judgement, &payload, NULL, NULL));
    cty_judgement_free(judgement);
    assert_int_equal(f->count, before); /* the same statements */
    assert_refused(cty_agent_consume(client, &case_id, &judgement, &payload, NULL, NULL), "double-consume");
    cty_client_close(client);
}

static void another_process_does_not_go_on(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = fake_client(f, NULL, "acme/bot", NULL);
    struct cty_hash case_id = request(client);
    struct cty_judgement *judgement = NULL;
    struct cty_bytes payload;
    lose_the_answer(f, client, &case_id);
    cty_client_close(client);
    client = fake_client(f, NULL, "acme/bot", NULL);
    assert_refused(cty_agent_consume(client, &case_id, &judgement, &payload, NULL, NULL), "double-consume");
    assert_ok(cty_agent_outcome(client, &case_id, CTY_OUTCOME_UNKNOWN, CTY_LITERAL(""), NULL, NULL));
    cty_client_close(client);
}

static void an_answer_that_comes_too_late_is_not_acted_on(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = fake_client(f, NULL, "acme/bot", NULL);
    struct cty_hash case_id = request(client);
    struct cty_judgement *judgement = NULL;
    struct cty_bytes payload;
    lose_the_answer(f, client, &case_id);
    f->w->time += CTY_REPORT_MS_DEFAULT + CTY_SESSION_SKEW_MS_MAX + 1;
    assert_refused(cty_agent_consume(client, &case_id, &judgement, &payload, NULL, NULL), "deadline-passed");
    cty_client_close(client);
}

static void refuse_submit(struct fake *f, enum cty_rpc rpc, union cty_rpc_result *result)
{
    (void)result;
    if (rpc == CTY_RPC_CHECKPOINT || rpc == CTY_RPC_TRUST_ENTRIES)
        f->w->time += CTY_USE_MS_DEFAULT + 1; /* by the time that the consume comes it is late */
}

static void a_refused_consume_is_forgotten(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = fake_client(f, NULL, "acme/bot", NULL);
    struct cty_hash case_id = request(client);
    struct cty_judgement *judgement = NULL;
    struct cty_bytes payload;
    assert_ok(cty_agent_wait(client, &case_id, 0, &judgement, NULL));
    cty_judgement_free(judgement);
    f->tamper = refuse_submit;
    /* Our clock goes with it: it was judged in time, and refused on arrival. */
    custody_err err = cty_agent_consume(client, &case_id, &judgement, &payload, NULL, NULL);
    assert_refused(err, "deadline-passed");
    f->tamper = NULL;
    assert_refused(cty_agent_consume(client, &case_id, &judgement, &payload, NULL, NULL), "deadline-passed");
    cty_client_close(client);
}

static void *interrupt_soon(void *context)
{
    const struct timespec time = {0, 200000000};
    nanosleep(&time, NULL);
    cty_client_interrupt(context);
    return NULL;
}

static void an_interruption_ends_the_retries(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = fake_client(f, NULL, "acme/bot", NULL);
    struct cty_ask ask = some_ask();
    struct cty_hash case_id;
    pthread_t thread;
    cty_client_set_patience(client, 60000);
    fake_close(f);
    assert_int_equal(pthread_create(&thread, NULL, interrupt_soon, client), 0);
    assert_refused(cty_agent_request(client, &ask, &case_id, NULL, NULL), "wait-interrupted");
    pthread_join(thread, NULL);
    fake_open(f);
    cty_client_close(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_dropped_answer_is_asked_for_again, setup, teardown),
        cmocka_unit_test_setup_teardown(a_busy_custodian_is_asked_later, setup, teardown),
        cmocka_unit_test_setup_teardown(patience_ends, setup, teardown),
        cmocka_unit_test(the_refusal_of_a_door_is_the_last_word),
        cmocka_unit_test_setup_teardown(who_waits_long_is_told_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_restart_is_waited_out, setup, teardown),
        cmocka_unit_test_setup_teardown(a_forgotten_session_is_opened_again, setup, teardown),
        cmocka_unit_test_setup_teardown(sessions_are_not_opened_for_ever, setup, teardown),
        cmocka_unit_test_setup_teardown(a_forgotten_challenge_is_asked_for_again, setup, teardown),
        cmocka_unit_test_setup_teardown(a_consume_goes_on_where_its_answer_was_lost, setup, teardown),
        cmocka_unit_test_setup_teardown(another_process_does_not_go_on, setup, teardown),
        cmocka_unit_test_setup_teardown(an_answer_that_comes_too_late_is_not_acted_on, setup, teardown),
        cmocka_unit_test_setup_teardown(a_refused_consume_is_forgotten, setup, teardown),
        cmocka_unit_test_setup_teardown(an_interruption_ends_the_retries, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
