/* SPDX-License-Identifier: Apache-2.0 */
/* What a door does for those who speak properly: answers, limits that are kept, long polls, the end. */
#include "peer.h"

#include <sys/socket.h>
#include <unistd.h>

#define THREADS 8
#define CALLS_PER_THREAD 100

static void echoes_over_both(void **state)
{
    (void)state;
    struct folder folder;
    struct rig rig;
    folder_make(&folder);
    rig_open(&rig, (struct cty_net_server_config){0}, folder.url, false);
    assert_string_equal(rig.url, folder.url);
    rig_expect_echo(rig.url);
    rig_close(&rig);
    rig_open(&rig, (struct cty_net_server_config){0}, "tcp://localhost:0", false);
    assert_true(raw_is_tcp(rig.url));
    assert_string_not_equal(rig.url, "tcp://127.0.0.1:0");
    rig_expect_echo(rig.url);
    rig_close(&rig);
    folder_remove(&folder);
}

static void one_server_at_two_addresses(void **state)
{
    (void)state;
    struct folder folder;
    struct rig rig = {0};
    folder_make(&folder);
    rig_open(&rig, (struct cty_net_server_config){0}, "tcp://127.0.0.1:0", false);
    const char *const urls[] = {folder.url, "tcp://127.0.0.1:0"};
    const struct cty_net_server_config config = {.urls = urls, .url_count = 2};
    const struct cty_net_server_ops ops = {0};
    struct cty_net_server *server = NULL;
    assert_ok(cty_net_server_open(&config, &ops, NULL, &server, NULL));
    assert_string_equal(cty_net_server_url(server, 0), folder.url);
    assert_string_not_equal(cty_net_server_url(server, 1), rig.url);
    assert_null(cty_net_server_url(server, 2));
    close(raw_connect_and_greet(cty_net_server_url(server, 0), CTY_SP_REQ, CTY_SP_REP));
    close(raw_connect_and_greet(cty_net_server_url(server, 1), CTY_SP_REQ, CTY_SP_REP));
    cty_net_server_close(server);
    rig_close(&rig);
    folder_remove(&folder);
}

/* ---- many at once ---- */

struct asker {
    struct cty_net_client *client;
    unsigned seed;
    size_t wrong;
};

static void *ask_often(void *argument)
{
    struct asker *asker = argument;
    static const size_t sizes[] = {0, 1, 100, 3000, CTY_SP_BUFFER_BYTES - 12, CTY_SP_BUFFER_BYTES, 70000};
    uint8_t *request = malloc(70000);
    for (size_t i = 0; i < CALLS_PER_THREAD && request; i++) {
        struct cty_buf reply = CTY_BUF_INIT(70000);
        size_t size = sizes[(i + asker->seed) % CTY_COUNT_OF(sizes)];
        memset(request, (int)(asker->seed + i), size);
        custody_err err =
            cty_net_client_call(asker->client, cty_bytes_make(request, size), PATIENCE_MS, &reply, NULL);
        if (err != CUSTODY_OK || !cty_bytes_equal(cty_buf_bytes(&reply), cty_bytes_make(request, size)))
            asker->wrong++;
        cty_buf_done(&reply);
    }
    asker->wrong += request ? 0 : 1;
    free(request);
    return NULL;
}

static void ask_from_threads(const char *url)
{
    struct cty_net_client *client = NULL;
    const struct cty_net_client_config config = {.url = url};
    pthread_t threads[THREADS];
    struct asker askers[THREADS];
    assert_ok(cty_net_client_open(&config, &client, NULL));
    for (unsigned i = 0; i < THREADS; i++) {
        askers[i] = (struct asker){.client = client, .seed = i};
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, &askers[i]), 0);
    }
    size_t wrong = 0;
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        wrong += askers[i].wrong;
    }
    assert_int_equal(wrong, 0);
    cty_net_client_close(client);
}

static void many_calls_at_once(void **state)
{
    (void)state;
    struct folder folder;
    struct rig rig;
    folder_make(&folder);
    const char *const urls[] = {folder.url, "tcp://127.0.0.1:0"};
    for (size_t i = 0; i < CTY_COUNT_OF(urls); i++) {
        /* Fewer calls than askers, so that some always wait in line. */
        rig_open(&rig, (struct cty_net_server_config){.calls_max = 3}, urls[i], false);
        ask_from_threads(rig.url);
        assert_int_equal(rig_counts(&rig).messages, THREADS * CALLS_PER_THREAD);
        wait_until(rig_counts(&rig).replies == THREADS * CALLS_PER_THREAD);
        assert_int_equal(rig_counts(&rig).calls_free, 3);
        rig_close(&rig);
    }
    folder_remove(&folder);
}

/* ---- calls and long polls ---- */

static void a_waiting_message_becomes_a_call_when_one_is_free(void **state)
{
    (void)state;
    struct folder folder;
    struct rig rig;
    uint8_t answer[64];
    folder_make(&folder);
    rig_open(&rig, (struct cty_net_server_config){.calls_max = 2}, folder.url, true);
    int fds[4];
    for (uint32_t i = 0; i < 4; i++) {
        fds[i] = raw_connect_and_greet(rig.url, CTY_SP_REQ, CTY_SP_REP);
        assert_true(raw_send(fds[i], false, 0x80000001u + i, "wait", 4));
        size_t calls = i < 2 ? i + 1 : 2;
        wait_until(rig_counts(&rig).messages == calls);
    }
    assert_int_equal(rig_counts(&rig).calls_free, 0);
    for (size_t i = 0; i < 4; i++)
        assert_ok(cty_net_reply(rig_take(&rig), CTY_LITERAL("now")));
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(raw_receive(fds[i], false, answer, sizeof(answer)), 7);
        assert_memory_equal(answer, "\x80\0\0", 3);
        assert_int_equal(answer[3], i + 1);
        assert_memory_equal(answer + 4, "now", 3);
        close(fds[i]);
    }
    rig_close(&rig);
    folder_remove(&folder);
}

static void one_connection_cannot_take_all_calls(void **state)
{
    (void)state;
    struct folder folder;
    struct rig rig;
    uint8_t answer[64];
    folder_make(&folder);
    rig_open(&rig, (struct cty_net_server_config){.calls_max = 8, .calls_per_connection = 3}, folder.url, true);
    int greedy = raw_connect_and_greet(rig.url, CTY_SP_REQ, CTY_SP_REP);
    for (uint32_t i = 0; i < 6; i++)
        assert_true(raw_send(greedy, false, 0x80000001u + i, "me", 2));
    wait_until(rig_counts(&rig).messages == 3);
    int modest = raw_connect_and_greet(rig.url, CTY_SP_REQ, CTY_SP_REP);
    assert_true(raw_send(modest, false, 0x80000009u, "and me", 6));
    wait_until(rig_counts(&rig).messages == 4);
    assert_int_equal(rig_counts(&rig).calls_free, 4);
    /* Its fourth becomes a call when an answer to it was written. */
    assert_ok(cty_net_reply(rig_take(&rig), CTY_LITERAL("you")));
    wait_until(rig_counts(&rig).messages == 5);
    assert_int_equal(raw_receive(greedy, false, answer, sizeof(answer)), 7);
    /* Who goes while his message waits in line is noticed all the same. */
    struct cty_net_call *call = rig_take(&rig);
    uint64_t connection = cty_net_call_connection(call);
    close(greedy);
    rig_wait_gone(&rig, connection);
    assert_true(cty_net_call_is_gone(call));
    cty_net_drop(call);
    close(modest);
    rig_close(&rig);
    folder_remove(&folder);
}

/* A held call is none of those that run, so that another message has its place; and there are so many of them. */
static void held_calls_leave_calls_to_others(void **state)
{
    (void)state;
    struct folder folder;
    struct rig rig;
    struct cty_net_call *calls[4];
    folder_make(&folder);
    rig_open(&rig, (struct cty_net_server_config){.calls_max = 1, .waits_max = 2}, folder.url, true);
    int fd = raw_connect_and_greet(rig.url, CTY_SP_REQ, CTY_SP_REP);
    for (uint32_t i = 0; i < 4; i++)
        assert_true(raw_send(fd, false, 0x80000001u + i, "poll", 4));
    for (size_t i = 0; i < 2; i++) {
        calls[i] = rig_take(&rig);
        assert_int_equal(rig_counts(&rig).calls_free, 0);
        assert_ok(cty_net_call_hold(calls[i]));
        assert_ok(cty_net_call_hold(calls[i]));
        assert_int_equal(rig_counts(&rig).calls_held, i + 1);
    }
    calls[2] = rig_take(&rig);
    assert_refused(cty_net_call_hold(calls[2]), "busy");
    cty_net_drop(calls[0]);
    assert_ok(cty_net_call_hold(calls[2]));
    calls[3] = rig_take(&rig);
    assert_refused(cty_net_call_hold(calls[3]), "busy");
    /* Its message is gone, and it is answered all the same, by its own id. */
    for (uint32_t i = 1; i < 4; i++) {
        uint8_t answer[16];
        assert_ok(cty_net_reply(calls[i], CTY_LITERAL("news")));
        assert_int_equal(raw_receive(fd, false, answer, sizeof(answer)), 8);
        const uint8_t expected[8] = {0x80, 0, 0, (uint8_t)(1 + i), 'n', 'e', 'w', 's'};
        assert_memory_equal(answer, expected, sizeof(expected));
    }
    assert_int_equal(rig_counts(&rig).calls_held, 0);
    assert_int_equal(rig_counts(&rig).calls_free, 1);
    close(fd);
    rig_close(&rig);
    folder_remove(&folder);
}

static void who_is_gone_is_not_held(void **state)
{
    (void)state;
    struct folder folder;
    struct rig rig;
    folder_make(&folder);
    rig_open(&rig, (struct cty_net_server_config){.calls_max = 2}, folder.url, true);
    int fd = raw_connect_and_greet(rig.url, CTY_SP_REQ, CTY_SP_REP);
    assert_true(raw_send(fd, false, 0x80000001u, "poll", 4));
    assert_true(raw_send(fd, false, 0x80000002u, "poll", 4));
    struct cty_net_call *held = rig_take(&rig), *late = rig_take(&rig);
    assert_ok(cty_net_call_hold(held));
    close(fd);
    rig_wait_gone(&rig, cty_net_call_connection(held));
    assert_refused(cty_net_call_hold(late), "wait-interrupted");
    assert_ok(cty_net_reply(held, CTY_LITERAL("nobody hears it")));
    cty_net_drop(late);
    assert_int_equal(rig_counts(&rig).calls_held, 0);
    assert_int_equal(rig_counts(&rig).calls_free, 2);
    rig_close(&rig);
    folder_remove(&folder);
}

/* What the owner thinks of a connection's calls is told with the next ones, and with those of no other. */
static void a_connections_standing_goes_with_its_calls(void **state)
{
    (void)state;
    static const struct {
        int change, after;
    } steps[] = {{4, 4}, {4, 8}, {-1, 7}, {1000, CTY_STANDING_MAX}, {-1, CTY_STANDING_MAX - 1}, {-500, 0}, {0, 0}};
    struct folder folder;
    struct rig rig;
    uint8_t answer[16];
    folder_make(&folder);
    rig_open(&rig, (struct cty_net_server_config){.calls_max = 2}, folder.url, true);
    int fd = raw_connect_and_greet(rig.url, CTY_SP_REQ, CTY_SP_REP);
    int other = raw_connect_and_greet(rig.url, CTY_SP_REQ, CTY_SP_REP);
    int before = 0;
    for (size_t i = 0; i < CTY_COUNT_OF(steps); i++) {
        assert_true(raw_send(fd, false, 0x80000001u, "a", 1));
        struct cty_net_call *call = rig_take(&rig);
        assert_int_equal(cty_net_call_standing(call), before);
        cty_net_call_change_standing(call, steps[i].change);
        assert_ok(cty_net_reply(call, CTY_LITERAL("")));
        assert_int_equal(raw_receive(fd, false, answer, sizeof(answer)), 4);
        before = steps[i].after;
        assert_true(raw_send(other, false, 0x80000001u, "b", 1));
        call = rig_take(&rig);
        assert_int_equal(cty_net_call_standing(call), 0);
        cty_net_drop(call);
    }
    close(fd);
    close(other);
    rig_close(&rig);
    folder_remove(&folder);
}

/* Where calls are rare, connections take turns, however much each of them has sent already. */
static void connections_in_line_take_turns(void **state)
{
    (void)state;
    enum { MANY = 6 };
    struct folder folder;
    struct rig rig;
    char order[2 * MANY + 2] = "";
    folder_make(&folder);
    rig_open(&rig, (struct cty_net_server_config){.calls_max = 1}, folder.url, true);
    int greedy = raw_connect_and_greet(rig.url, CTY_SP_REQ, CTY_SP_REP);
    for (uint32_t i = 0; i < MANY; i++)
        assert_true(raw_send(greedy, false, 0x80000001u + i, "g", 1));
    struct cty_net_call *first = rig_take(&rig);
    int modest = raw_connect_and_greet(rig.url, CTY_SP_REQ, CTY_SP_REP);
    for (uint32_t i = 0; i < 2; i++)
        assert_true(raw_send(modest, false, 0x80000001u + i, "m", 1));
    /* Both stand in line when the call comes free. */
    pause_ms(200);
    cty_net_drop(first);
    for (size_t i = 0; i < MANY + 1; i++) {
        struct cty_net_call *call = rig_take(&rig);
        order[i] = (char)cty_net_call_message(call).data[0];
        /* The next message of this connection is read, and stands at the end of the line. */
        pause_ms(50);
        cty_net_drop(call);
    }
    assert_string_equal(order, "gmgmggg");
    close(greedy);
    close(modest);
    rig_close(&rig);
    folder_remove(&folder);
}

static void a_client_that_dies_frees_its_call(const char *url)
{
    struct rig rig;
    rig_open(&rig, (struct cty_net_server_config){.calls_max = 2}, url, true);
    int stays = raw_connect_and_greet(rig.url, CTY_SP_REQ, CTY_SP_REP);
    int dies = raw_connect_and_greet(rig.url, CTY_SP_REQ, CTY_SP_REP);
    assert_true(raw_send(stays, raw_is_tcp(rig.url), 0x80000001u, "stay", 4));
    struct cty_net_call *held = rig_take(&rig);
    assert_true(raw_send(dies, raw_is_tcp(rig.url), 0x80000001u, "die", 3));
    struct cty_net_call *orphan = rig_take(&rig);
    assert_int_not_equal(cty_net_call_connection(held), cty_net_call_connection(orphan));
    assert_bytes_text(cty_net_call_message(orphan), "die");
    assert_false(cty_net_call_is_gone(orphan));
    close(dies);
    rig_wait_gone(&rig, cty_net_call_connection(orphan));
    assert_true(cty_net_call_is_gone(orphan));
    assert_int_equal(rig_counts(&rig).calls_free, 0);
    assert_ok(cty_net_reply(orphan, CTY_LITERAL("to nobody")));
    assert_int_equal(rig_counts(&rig).calls_free, 1);
    assert_false(cty_net_call_is_gone(held));
    cty_net_drop(held);
    close(stays);
    wait_until(rig_counts(&rig).connections == 0);
    assert_int_equal(rig.gone_count, 1);
    rig_close(&rig);
}

static void death_of_a_client(void **state)
{
    (void)state;
    struct folder folder;
    folder_make(&folder);
    a_client_that_dies_frees_its_call(folder.url);
    a_client_that_dies_frees_its_call("tcp://127.0.0.1:0");
    folder_remove(&folder);
}

static void an_answer_too_large_can_be_replaced(void **state)
{
    (void)state;
    struct folder folder;
    struct rig rig;
    uint8_t answer[64];
    folder_make(&folder);
    rig_open(&rig, (struct cty_net_server_config){.reply_max = 5}, folder.url, true);
    int fd = raw_connect_and_greet(rig.url, CTY_SP_REQ, CTY_SP_REP);
    assert_true(raw_send(fd, false, 0x80000001u, "?", 1));
    struct cty_net_call *call = rig_take(&rig);
    assert_refused(cty_net_reply(call, CTY_LITERAL("123456")), "too-large");
    assert_ok(cty_net_reply(call, CTY_LITERAL("12345")));
    assert_int_equal(raw_receive(fd, false, answer, sizeof(answer)), 9);
    close(fd);
    rig_close(&rig);
    folder_remove(&folder);
}

/* ---- the end ---- */

struct late {
    struct cty_net_client *client;
    struct cty_buf reply;
    custody_err err;
};

static void *ask_once(void *argument)
{
    struct late *late = argument;
    late->err = cty_net_client_call(late->client, CTY_LITERAL("last"), PATIENCE_MS, &late->reply, NULL);
    return NULL;
}

static void *answer_late(void *argument)
{
    struct cty_net_call *call = argument;
    pause_ms(50);
    if (cty_net_reply(call, CTY_LITERAL("good bye")) != CUSTODY_OK)
        cty_net_drop(call);
    return NULL;
}

static void draining_lets_answers_out(void **state)
{
    (void)state;
    struct folder folder;
    struct rig rig;
    struct late late = {.reply = CTY_BUF_INIT(64)};
    pthread_t asker, answerer;
    folder_make(&folder);
    rig_open(&rig, (struct cty_net_server_config){0}, folder.url, true);
    const struct cty_net_client_config config = {.url = rig.url};
    assert_ok(cty_net_client_open(&config, &late.client, NULL));
    int idle = raw_connect_and_greet(rig.url, CTY_SP_REQ, CTY_SP_REP);
    assert_int_equal(pthread_create(&asker, NULL, ask_once, &late), 0);
    struct cty_net_call *call = rig_take(&rig);
    assert_refused(cty_net_server_drain(rig.server, 20), "timeout");
    raw_expect_closed(idle);
    assert_int_not_equal(access(folder.url + strlen("ipc://"), F_OK), 0);
    assert_int_equal(pthread_create(&answerer, NULL, answer_late, call), 0);
    assert_ok(cty_net_server_drain(rig.server, PATIENCE_MS));
    assert_int_equal(rig_counts(&rig).replies, 1);
    rig_close(&rig);
    pthread_join(answerer, NULL);
    pthread_join(asker, NULL);
    assert_ok(late.err);
    assert_bytes_text(cty_buf_bytes(&late.reply), "good bye");
    cty_buf_done(&late.reply);
    cty_net_client_close(late.client);
    close(idle);
    folder_remove(&folder);
}

static void draining_takes_no_more_requests(void **state)
{
    (void)state;
    struct folder folder;
    struct rig rig;
    folder_make(&folder);
    rig_open(&rig, (struct cty_net_server_config){.calls_max = 2, .calls_per_connection = 1}, folder.url, true);
    int fd = raw_connect_and_greet(rig.url, CTY_SP_REQ, CTY_SP_REP);
    assert_true(raw_send(fd, false, 0x80000001u, "call", 4));
    assert_true(raw_send(fd, false, 0x80000002u, "waits in line", 13));
    struct cty_net_call *call = rig_take(&rig);
    assert_refused(cty_net_server_drain(rig.server, 1), "timeout");
    assert_ok(cty_net_reply(call, CTY_LITERAL("done")));
    assert_ok(cty_net_server_drain(rig.server, PATIENCE_MS));
    assert_int_equal(rig_counts(&rig).messages, 1);
    rig_close(&rig);
    close(fd);
    folder_remove(&folder);
}

/* ---- limits of the configuration ---- */

static void expect_config_refusal(struct cty_net_server_config config)
{
    static const char *const urls[] = {"tcp://127.0.0.1:0"};
    const struct cty_net_server_ops ops = {0};
    struct cty_net_server *server = NULL;
    custody_error error = {0};
    if (!config.urls) {
        config.urls = urls;
        config.url_count = 1;
    }
    assert_refused(cty_net_server_open(&config, &ops, NULL, &server, &error), "config");
    assert_string_not_equal(error.detail, "");
    assert_null(server);
}

static void configurations_beyond_the_limits(void **state)
{
    (void)state;
    static const char *const five[] = {"tcp://127.0.0.1:0", "tcp://127.0.0.1:0", "tcp://127.0.0.1:0",
                                       "tcp://127.0.0.1:0", "tcp://127.0.0.1:0"};
    static const char *const far[] = {"tcp://127.0.0.1:0", "tcp://192.0.2.1:7000"};
    expect_config_refusal((struct cty_net_server_config){.urls = five, .url_count = 5});
    expect_config_refusal((struct cty_net_server_config){.urls = five, .url_count = 0});
    expect_config_refusal((struct cty_net_server_config){.urls = far, .url_count = 2});
    expect_config_refusal((struct cty_net_server_config){.file_mode = 0666});
    expect_config_refusal((struct cty_net_server_config){.message_max = CTY_REPLY_BYTES_MAX + 1});
    expect_config_refusal((struct cty_net_server_config){.reply_max = CTY_REPLY_BYTES_MAX + 1});
    expect_config_refusal((struct cty_net_server_config){.connections_max = CTY_CONNECTIONS_MAX + 1});
    expect_config_refusal((struct cty_net_server_config){.calls_max = CTY_CALLS_MAX + 1});
    expect_config_refusal((struct cty_net_server_config){.waits_max = CTY_WAITS_MAX + 1});
    expect_config_refusal(
        (struct cty_net_server_config){.calls_per_connection = CTY_CALLS_PER_CONNECTION_MAX + 1});
}

/* Limits go by it: all of one address are one, whichever connection. */
static void who_asks_is_known_by_address(void **state)
{
    static const uint8_t here[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1}, none[16];
    struct folder folder;
    (void)state;
    folder_make(&folder);
    for (size_t i = 0; i < 2; i++) {
        struct rig rig;
        rig_open(&rig, (struct cty_net_server_config){.calls_max = 2}, i == 0 ? "tcp://127.0.0.1:0" : folder.url, true);
        int fd = raw_connect_and_greet(rig.url, CTY_SP_REQ, CTY_SP_REP);
        assert_true(raw_send(fd, raw_is_tcp(rig.url), 0x80000001u, "!", 1));
        struct cty_net_call *call = rig_take(&rig);
        const struct cty_net_peer peer = cty_net_call_peer(call);
        assert_memory_equal(peer.bytes, i == 0 ? here : none, 16);
        cty_net_drop(call);
        close(fd);
        rig_close(&rig);
    }
    folder_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_asks_is_known_by_address),
        cmocka_unit_test(echoes_over_both),
        cmocka_unit_test(one_server_at_two_addresses),
        cmocka_unit_test(many_calls_at_once),
        cmocka_unit_test(a_waiting_message_becomes_a_call_when_one_is_free),
        cmocka_unit_test(one_connection_cannot_take_all_calls),
        cmocka_unit_test(held_calls_leave_calls_to_others),
        cmocka_unit_test(who_is_gone_is_not_held),
        cmocka_unit_test(a_connections_standing_goes_with_its_calls),
        cmocka_unit_test(connections_in_line_take_turns),
        cmocka_unit_test(death_of_a_client),
        cmocka_unit_test(an_answer_too_large_can_be_replaced),
        cmocka_unit_test(draining_lets_answers_out),
        cmocka_unit_test(draining_takes_no_more_requests),
        cmocka_unit_test(configurations_beyond_the_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
