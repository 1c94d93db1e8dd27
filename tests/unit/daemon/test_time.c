/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines without entries and with them, clocks that step, and calls that wait. */
#include <pthread.h>
#include <unistd.h>

#include "unit/daemon/house.h"

static enum cty_service_state service_state(struct house *h)
{
    struct cty_rpc_call call = {.rpc = CTY_RPC_INFO};
    struct house_reply reply;
    assert_ok(house_call(h, &call, &reply));
    int is = reply.result.info.state;
    house_reply_done(&reply);
    return (enum cty_service_state)is;
}

static void what_is_due_is_recorded(void **state)
{
    struct house *h = house_ready();
    struct draft d;
    struct house_reply reply;
    (void)state;
    struct cty_hash held = house_case(h, "acme/bot", "refund");
    struct cty_hash released = house_case(h, "acme/bot", "ping");
    struct cty_hash consumed = house_case(h, "acme/pal", "ping");
    house_consume(h, &d, &consumed, "acme/pal");
    assert_ok(draft_submit(h, &d, &reply));
    house_reply_done(&reply);
    uint64_t size = house_size(h);
    house_pass(h, 2 * HOUR_MS);
    house_wait_size(h, size + 1);
    assert_case_state(h, &released, "LAPSED");
    assert_case_state(h, &held, "HELD");
    house_pass(h, 23 * HOUR_MS);
    house_wait_size(h, size + 3);
    assert_case_state(h, &held, "EXPIRED");
    assert_case_state(h, &consumed, "UNREPORTED");
    house_get_case(h, "acme/a", &held, &reply);
    assert_int_equal(reply.result.case_get.due, 0);
    house_reply_done(&reply);
    /* One late outcome. */
    house_outcome(h, &d, &consumed, "acme/pal");
    assert_ok(draft_submit(h, &d, &reply));
    house_reply_done(&reply);
    assert_case_state(h, &consumed, "FULFILLED");
    house_free(h);
}

static void what_fell_due_while_down_is_recorded_after_the_start(void **state)
{
    struct house *h = house_ready();
    (void)state;
    for (int i = 0; i < 40; i++)
        house_case(h, "acme/bot", "ping");
    uint64_t size = house_size(h);
    house_close(h);
    house_pass(h, 2 * HOUR_MS);
    house_open(h);
    /* More than one group of them. */
    house_wait_size(h, size + 40);
    assert_int_equal(service_state(h), CTY_SERVING);
    house_free(h);
}

/* --- clocks ------------------------------------------------------------------------------------------------ */

static custody_err try_ping(struct house *h)
{
    struct draft d;
    struct house_reply reply;
    house_request(h, &d, "acme/bot", "ping", "{}");
    custody_err err = draft_submit(h, &d, &reply);
    if (err == CUSTODY_OK)
        house_check_receipts(h, &reply);
    house_reply_done(&reply);
    return err;
}

static custody_err try_nonsense(struct house *h)
{
    struct cty_rpc_call call = {.rpc = CTY_RPC_SUBMIT};
    struct house_reply reply;
    call.params.u.submit.envelope = cty_bytes_text("{}");
    custody_err err = house_call(h, &call, &reply);
    house_reply_done(&reply);
    return err;
}

/* The newest request, taken out of the ledger and sent once more. */
static custody_err try_again(struct house *h)
{
    struct cty_rpc_call entries = {.rpc = CTY_RPC_ENTRIES}, submit = {.rpc = CTY_RPC_SUBMIT};
    struct house_reply list, reply;
    struct cty_json json = CTY_JSON_INIT;
    struct cty_json_limits limits = {CTY_STATEMENT_DEPTH_MAX, CTY_STATEMENT_NODES_MAX};
    entries.params.session = (struct cty_opt_hash){house_session(h, "acme/a"), true};
    entries.params.u.entries.from = house_size(h) - 3;
    assert_ok(house_call(h, &entries, &list));
    const struct cty_json_node *array = cty_rpc_list(&list.message, &list.answer, "entries");
    assert_ok(cty_json_scan(&json, CTY_JSON_STRICT, limits, cty_json_first(&list.message.json, array)->text, NULL));
    submit.params.u.submit.envelope = cty_json_member(&json, &json.nodes[0], "statement")->text;
    custody_err err = house_call(h, &submit, &reply);
    assert_true(err != CUSTODY_OK || reply.result.submit.duplicate);
    cty_json_done(&json);
    house_reply_done(&reply);
    house_reply_done(&list);
    return err;
}

static void nothing_is_appended_after_a_step_of_the_clock(void **state)
{
    static const int64_t steps[] = {61000, -61000, 86400000};
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(steps); i++) {
        struct house *h = house_ready();
        assert_ok(try_ping(h));
        uint64_t size = house_size(h);
        house_step_wall(h, steps[i]);
        assert_refused(try_ping(h), "clock");
        assert_int_equal(service_state(h), CTY_SERVING_CLOCK);
        assert_int_equal(house_size(h), size);
        /* Also for what could not stand anyway; but what stands is answered. */
        assert_refused(try_nonsense(h), "clock");
        assert_ok(try_again(h));
        /* Mending it silently is not enough: a person confirms, by a new start. */
        house_step_wall(h, -steps[i]);
        assert_refused(try_ping(h), "clock");
        house_close(h);
        house_open(h);
        assert_ok(try_ping(h));
        house_free(h);
    }
}

static void a_start_before_the_newest_entry_needs_a_person(void **state)
{
    struct house *h = house_ready();
    custody_error error = {0};
    (void)state;
    house_close(h);
    house_step_wall(h, -(int64_t)HOUR_MS);
    house_open(h);
    assert_int_equal(service_state(h), CTY_SERVING_CLOCK);
    assert_refused(try_ping(h), "clock");
    house_close(h);
    assert_ok(house_try_open(h, true, &error));
    assert_int_equal(service_state(h), CTY_SERVING);
    assert_ok(try_ping(h));
    house_free(h);
}

static void entries_never_go_back_in_time(void **state)
{
    struct house *h = house_ready();
    struct draft d;
    struct house_reply reply;
    struct cty_parsed_entry parsed = {.json = CTY_JSON_INIT};
    uint64_t times[2];
    (void)state;
    for (int i = 0; i < 2; i++) {
        house_request(h, &d, "acme/bot", "refund", "{}");
        assert_ok(draft_submit(h, &d, &reply));
        assert_ok(cty_entry_parse(reply.result.submit.own.entry, &parsed, NULL));
        times[i] = parsed.entry.time;
        house_reply_done(&reply);
        house_step_wall(h, -30000);
    }
    assert_int_equal(times[1], times[0]);
    cty_parsed_entry_done(&parsed);
    house_free(h);
}

/* --- waiting ----------------------------------------------------------------------------------------------- */

struct waiter {
    struct house *h;
    struct cty_net_client *client;
    struct cty_hash session;
    struct cty_hash case_id;
    uint64_t known;
    uint64_t timeout_ms;
    custody_err err;
    bool changed;
    char state[32];
    pthread_t thread;
};

static void *run_waiter(void *context)
{
    struct waiter *w = context;
    struct cty_rpc_call call = {.rpc = CTY_RPC_CASE_WAIT, .id = {.kind = CTY_RPC_ID_NUMBER}};
    struct cty_buf request = CTY_BUF_INIT(65536), reply = CTY_BUF_INIT(CTY_REPLY_BYTES_MAX);
    struct cty_rpc_message message = {.json = CTY_JSON_INIT};
    struct cty_rpc_answer answer;
    union cty_rpc_result *result = calloc(1, sizeof(*result));
    call.params.session = (struct cty_opt_hash){w->session, true};
    call.params.u.case_wait.case_id = w->case_id;
    call.params.u.case_wait.known = w->known;
    call.params.u.case_wait.timeout_ms = w->timeout_ms;
    w->err = cty_rpc_call_write(&call, &request);
    if (w->err == CUSTODY_OK)
        w->err = cty_net_client_call(w->client, cty_buf_bytes(&request), 40000, &reply, NULL);
    if (w->err == CUSTODY_OK)
        w->err = cty_rpc_open(&message, cty_buf_bytes(&reply), CTY_ANSWER_NODES_MAX, NULL);
    if (w->err == CUSTODY_OK)
        w->err = cty_rpc_answer_read(&message, cty_rpc_first(&message), CTY_RPC_CASE_WAIT, &answer, result, NULL);
    if (w->err == CUSTODY_OK && answer.failed) {
        w->err = answer.failure.code;
    } else if (w->err == CUSTODY_OK) {
        w->changed = result->case_wait.changed;
        snprintf(w->state, sizeof(w->state), "%.*s", (int)result->case_wait.state.size,
                 (const char *)result->case_wait.state.data);
    }
    cty_rpc_done(&message);
    cty_buf_done(&request);
    cty_buf_done(&reply);
    free(result);
    return NULL;
}

static void start_waiter(struct waiter *w, struct house *h, const char *actor, const struct cty_hash *case_id,
                         uint64_t known, uint64_t timeout_ms)
{
    struct cty_net_client_config config = {.url = cty_daemon_url(h->daemon, 0)};
    *w = (struct waiter){.h = h, .session = house_session(h, actor), .case_id = *case_id, .known = known,
                         .timeout_ms = timeout_ms};
    assert_ok(cty_net_client_open(&config, &w->client, NULL));
    assert_int_equal(pthread_create(&w->thread, NULL, run_waiter, w), 0);
}

static void join_waiter(struct waiter *w)
{
    pthread_join(w->thread, NULL);
    cty_net_client_close(w->client);
}

static uint64_t newest_of(struct house *h, const struct cty_hash *case_id)
{
    struct house_reply reply;
    uint64_t index = 0;
    house_get_case(h, "acme/a", case_id, &reply);
    const struct cty_json_node *list = cty_rpc_list(&reply.message, &reply.answer, "entries");
    for (const struct cty_json_node *item = cty_json_first(&reply.message.json, list); item;
         item = cty_json_after(&reply.message.json, list, item))
        assert_ok(cty_json_u64(item, UINT64_MAX, &index));
    house_reply_done(&reply);
    return index;
}

static void a_wait_ends_with_news(void **state)
{
    struct house *h = house_ready();
    struct cty_hash case_id = house_case(h, "acme/bot", "refund");
    struct waiter w;
    struct draft d;
    struct house_reply reply;
    (void)state;
    uint64_t known = newest_of(h, &case_id);
    /* What is known is old already. */
    start_waiter(&w, h, "acme/bot", &case_id, known - 1, 25000);
    join_waiter(&w);
    assert_ok(w.err);
    assert_true(w.changed);
    start_waiter(&w, h, "acme/bot", &case_id, known, 25000);
    usleep(200000);
    house_case(h, "acme/pal", "refund"); /* another case */
    house_decide(h, &d, &case_id, "acme/carol", CTY_APPROVE);
    assert_ok(draft_submit(h, &d, &reply));
    house_reply_done(&reply);
    join_waiter(&w);
    assert_ok(w.err);
    assert_true(w.changed);
    assert_string_equal(w.state, "RELEASED");
    house_free(h);
}

static void a_wait_ends_with_its_time(void **state)
{
    struct house *h = house_ready();
    struct cty_hash case_id = house_case(h, "acme/bot", "refund"), none = {{1}};
    struct waiter w;
    (void)state;
    start_waiter(&w, h, "acme/bot", &case_id, newest_of(h, &case_id), 300);
    join_waiter(&w);
    assert_ok(w.err);
    assert_false(w.changed);
    assert_string_equal(w.state, "HELD");
    start_waiter(&w, h, "acme/bot", &none, 0, 300);
    join_waiter(&w);
    assert_refused(w.err, "wrong-case");
    house_free(h);
}

/* The expiry's entry may come a moment later; the state reads otherwise from the deadline on. */
static void a_wait_ends_with_the_deadline(void **state)
{
    struct house *h = house_ready();
    struct cty_hash case_id = house_case(h, "acme/bot", "ping");
    struct waiter w;
    (void)state;
    start_waiter(&w, h, "acme/pal", &case_id, newest_of(h, &case_id), 25000);
    usleep(200000);
    house_pass(h, HOUR_MS + 1000);
    join_waiter(&w);
    /* The session is old by then, unless it was looked at in time. */
    if (w.err == CUSTODY_OK) {
        assert_true(w.changed);
        assert_string_equal(w.state, "LAPSED");
    } else {
        assert_refused(w.err, "session-needed");
    }
    house_free(h);
}

static void a_wait_in_a_batch_does_not_wait(void **state)
{
    struct house *h = house_ready();
    struct cty_hash case_id = house_case(h, "acme/bot", "refund");
    struct cty_rpc_call call = {.rpc = CTY_RPC_CASE_WAIT, .id = {.kind = CTY_RPC_ID_NUMBER}};
    struct cty_buf text = CTY_BUF_INIT(65536);
    (void)state;
    call.params.session = (struct cty_opt_hash){house_session(h, "acme/bot"), true};
    call.params.u.case_wait.case_id = case_id;
    call.params.u.case_wait.known = newest_of(h, &case_id);
    assert_ok(cty_buf_put_text(&text, "["));
    assert_ok(cty_rpc_call_write(&call, &text));
    assert_ok(cty_buf_put_text(&text, "]"));
    char *answer = house_raw(h, cty_buf_text(&text));
    assert_non_null(answer);
    assert_non_null(strstr(answer, "\"changed\":false"));
    free(answer);
    cty_buf_done(&text);
    house_free(h);
}

/* More long polls than there are calls, and one party at three of the four waits that there are: the door stays open. */
static void waits_take_no_calls_and_a_party_not_all_waits(void **state)
{
    struct house *h = house_ready();
    struct waiter w[6];
    struct cty_hash case_id;
    struct draft d;
    struct house_reply reply;
    size_t refused = 0;
    (void)state;
    house_close(h);
    h->config.calls = 2;
    h->config.waits = 4;
    house_open(h);
    case_id = house_case(h, "acme/bot", "refund");
    uint64_t known = newest_of(h, &case_id);
    for (size_t i = 0; i < CTY_COUNT_OF(w); i++) {
        start_waiter(&w[i], h, "acme/bot", &case_id, known, 25000);
        usleep(50000);
    }
    house_decide(h, &d, &case_id, "acme/carol", CTY_APPROVE);
    assert_ok(draft_submit(h, &d, &reply));
    house_reply_done(&reply);
    for (size_t i = 0; i < CTY_COUNT_OF(w); i++) {
        join_waiter(&w[i]);
        refused += w[i].err == CUSTODY_E_QUOTA;
        if (w[i].err != CUSTODY_E_QUOTA)
            assert_ok(w[i].err);
    }
    assert_int_equal(refused, 3);
    house_free(h);
}

/* A peer that goes away frees its call: many may do so, one after the other. */
static void who_goes_away_frees_the_call(void **state)
{
    struct house *h = house_ready();
    struct cty_hash case_id;
    (void)state;
    house_close(h);
    h->config.calls = 1;
    h->config.waits = 2;
    house_open(h);
    case_id = house_case(h, "acme/bot", "refund");
    struct cty_rpc_call call = {.rpc = CTY_RPC_CASE_WAIT, .id = {.kind = CTY_RPC_ID_NUMBER}};
    struct cty_buf text = CTY_BUF_INIT(65536);
    call.params.session = (struct cty_opt_hash){house_session(h, "acme/bot"), true};
    call.params.u.case_wait.case_id = case_id;
    call.params.u.case_wait.known = newest_of(h, &case_id);
    assert_ok(cty_rpc_call_write(&call, &text));
    struct cty_net_client_config config = {.url = cty_daemon_url(h->daemon, 0)};
    for (int i = 0; i < 12; i++) {
        struct cty_net_client *client = NULL;
        struct cty_buf reply = CTY_BUF_INIT(CTY_REPLY_BYTES_MAX);
        custody_error error = {0};
        assert_ok(cty_net_client_open(&config, &client, &error));
        /* Giving up closes the connection. */
        assert_refused(cty_net_client_call(client, cty_buf_bytes(&text), 100, &reply, &error), "timeout");
        cty_net_client_close(client);
        cty_buf_done(&reply);
        usleep(20000);
    }
    assert_int_equal(service_state(h), CTY_SERVING);
    cty_buf_done(&text);
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_due_is_recorded),
        cmocka_unit_test(what_fell_due_while_down_is_recorded_after_the_start),
        cmocka_unit_test(nothing_is_appended_after_a_step_of_the_clock),
        cmocka_unit_test(a_start_before_the_newest_entry_needs_a_person),
        cmocka_unit_test(entries_never_go_back_in_time),
        cmocka_unit_test(a_wait_ends_with_news),
        cmocka_unit_test(a_wait_ends_with_its_time),
        cmocka_unit_test(a_wait_ends_with_the_deadline),
        cmocka_unit_test(a_wait_in_a_batch_does_not_wait),
        cmocka_unit_test(waits_take_no_calls_and_a_party_not_all_waits),
        cmocka_unit_test(who_goes_away_frees_the_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
