/* SPDX-License-Identifier: Apache-2.0 */
#include "peer.h"

#include <unistd.h>

struct question {
    struct cty_net_client *client;
    struct cty_bytes request;
    struct cty_buf reply;
    custody_error error;
    custody_err err;
    pthread_t thread;
};

static void *ask(void *argument)
{
    struct question *question = argument;
    question->err = cty_net_client_call(question->client, question->request, PATIENCE_MS, &question->reply,
                                        &question->error);
    return NULL;
}

/* A call on a thread of its own, while the test plays the server by hand. */
static void question_begin(struct question *question, struct cty_net_client *client, const char *text)
{
    *question = (struct question){.client = client, .request = cty_bytes_text(text), .reply = CTY_BUF_INIT(100)};
    assert_int_equal(pthread_create(&question->thread, NULL, ask, question), 0);
}

static void question_end(struct question *question, const char *code, const char *reply)
{
    pthread_join(question->thread, NULL);
    assert_string_equal(custody_err_name(question->err), code);
    assert_bytes_text(cty_buf_bytes(&question->reply), reply);
    cty_buf_done(&question->reply);
}

static struct cty_net_client *client_of(const char *url, struct cty_net_client_config config)
{
    struct cty_net_client *client = NULL;
    config.url = url;
    assert_ok(cty_net_client_open(&config, &client, NULL));
    return client;
}

static int accept_requester(int listener)
{
    int fd = raw_accept(listener);
    raw_greet(fd, CTY_SP_REP, CTY_SP_REQ);
    return fd;
}

static custody_err call_now(struct cty_net_client *client, const char *text, uint64_t timeout_ms,
                            custody_error *error)
{
    struct cty_buf reply = CTY_BUF_INIT(100);
    custody_err err = cty_net_client_call(client, cty_bytes_text(text), timeout_ms, &reply, error);
    cty_buf_done(&reply);
    return err;
}

static void nobody_there_is_told_at_once(void **state)
{
    (void)state;
    struct folder folder;
    custody_error error = {0};
    folder_make(&folder);
    struct cty_net_client *client = client_of(folder.url, (struct cty_net_client_config){0});
    uint64_t begin = now_ms();
    assert_refused(call_now(client, "hello?", PATIENCE_MS, &error), "unreachable");
    assert_true(now_ms() - begin < PATIENCE_MS);
    assert_non_null(strstr(error.detail, folder.url));
    /* A dead server's socket is there but nobody answers. */
    close(raw_listen(folder.url));
    assert_refused(call_now(client, "hello?", PATIENCE_MS, &error), "unreachable");
    cty_net_client_close(client);
    client = client_of("tcp://127.0.0.1:1", (struct cty_net_client_config){0});
    assert_refused(call_now(client, "hello?", PATIENCE_MS, &error), "unreachable");
    cty_net_client_close(client);
    folder_remove(&folder);
}

static void who_wants_to_wait_waits(void **state)
{
    (void)state;
    struct folder folder;
    struct rig rig;
    struct question question;
    folder_make(&folder);
    struct cty_net_client *client =
        client_of(folder.url, (struct cty_net_client_config){.connect_ms = PATIENCE_MS});
    assert_refused(call_now(client, "hello?", 50, NULL), "unreachable");
    question_begin(&question, client, "early");
    pause_ms(50);
    rig_open(&rig, (struct cty_net_server_config){0}, folder.url, false);
    question_end(&question, "ok", "early");
    cty_net_client_close(client);
    rig_close(&rig);
    folder_remove(&folder);
}

static void a_restarted_server_is_found_again(void **state)
{
    (void)state;
    struct folder folder;
    struct rig rig;
    folder_make(&folder);
    struct cty_net_client *client =
        client_of(folder.url, (struct cty_net_client_config){.connect_ms = PATIENCE_MS});
    for (int i = 0; i < 5; i++) {
        rig_open(&rig, (struct cty_net_server_config){0}, folder.url, false);
        assert_ok(call_now(client, "again", PATIENCE_MS, NULL));
        assert_ok(call_now(client, "and again", PATIENCE_MS, NULL));
        assert_int_equal(rig_counts(&rig).accepted, 1);
        rig_close(&rig);
    }
    cty_net_client_close(client);
    folder_remove(&folder);
}

static void no_answer_in_time(void **state)
{
    (void)state;
    struct folder folder;
    struct rig rig;
    custody_error error = {0};
    folder_make(&folder);
    rig_open(&rig, (struct cty_net_server_config){0}, folder.url, false);
    struct cty_net_client *client = client_of(folder.url, (struct cty_net_client_config){0});
    assert_ok(call_now(client, "quick, and connects", PATIENCE_MS, &error));
    rig_keep(&rig, true);
    assert_refused(call_now(client, "slow", 30, &error), "timeout");
    /* Giving up closes the connection, so the server knows. */
    struct cty_net_call *call = rig_take(&rig);
    rig_wait_gone(&rig, cty_net_call_connection(call));
    assert_ok(cty_net_reply(call, CTY_LITERAL("too late")));
    rig_keep(&rig, false);
    assert_ok(call_now(client, "next", PATIENCE_MS, &error));
    cty_net_client_close(client);
    rig_close(&rig);
    folder_remove(&folder);
}

/* Every step of a call is cut short at some time: connecting, the hello, sending, waiting. */
static void time_limits_strike_anywhere(void **state)
{
    (void)state;
    struct folder folder;
    folder_make(&folder);
    const char *const urls[] = {"tcp://127.0.0.1:0", folder.url};
    for (size_t i = 0; i < CTY_COUNT_OF(urls); i++) {
        struct rig rig;
        rig_open(&rig, (struct cty_net_server_config){0}, urls[i], false);
        struct cty_net_client *client = client_of(rig.url, (struct cty_net_client_config){0});
        for (int k = 0; k < 300; k++) {
            custody_err err = call_now(client, "quick", (uint64_t)(k % 3), NULL);
            if (err != CUSTODY_OK && err != CUSTODY_E_TIMEOUT && err != CUSTODY_E_UNREACHABLE)
                fail_msg("%s", custody_err_name(err));
        }
        wait_until(call_now(client, "still here", PATIENCE_MS, NULL) == CUSTODY_OK);
        cty_net_client_close(client);
        rig_close(&rig);
    }
    folder_remove(&folder);
}

static void no_hello_in_time(void **state)
{
    (void)state;
    struct folder folder;
    custody_error error = {0};
    folder_make(&folder);
    int listener = raw_listen(folder.url);
    struct cty_net_client *client = client_of(folder.url, (struct cty_net_client_config){0});
    assert_refused(call_now(client, "hello?", 30, &error), "unreachable");
    assert_non_null(strstr(error.detail, "no hello"));
    cty_net_client_close(client);
    close(listener);
    folder_remove(&folder);
}

static void something_else_answers(void **state)
{
    (void)state;
    struct folder folder;
    struct question question;
    folder_make(&folder);
    int listener = raw_listen(folder.url);
    struct cty_net_client *client = client_of(folder.url, (struct cty_net_client_config){0});
    question_begin(&question, client, "hello?");
    int fd = raw_accept(listener);
    assert_true(raw_write(fd, "SSH-2.0-", 8));
    question_end(&question, "unreachable", "");
    assert_non_null(strstr(question.error.detail, "no such door"));
    close(fd);
    cty_net_client_close(client);
    close(listener);
    folder_remove(&folder);
}

/* The server by hand counts what arrives: a lost connection must not make the request come again. */
static void a_request_is_never_sent_again(void **state)
{
    (void)state;
    struct folder folder;
    struct question question;
    uint8_t message[64];
    folder_make(&folder);
    int listener = raw_listen(folder.url);
    struct cty_net_client *client = client_of(folder.url, (struct cty_net_client_config){.connect_ms = PATIENCE_MS});
    for (int i = 0; i < 3; i++) {
        question_begin(&question, client, "first");
        int fd = accept_requester(listener);
        assert_int_equal(raw_receive(fd, false, message, sizeof(message)), 9);
        close(fd);
        question_end(&question, "unreachable", "");
        assert_non_null(strstr(question.error.detail, "before the answer"));
    }
    question_begin(&question, client, "another");
    int fd = accept_requester(listener);
    assert_int_equal(raw_receive(fd, false, message, sizeof(message)), 11);
    assert_memory_equal(message + 4, "another", 7);
    uint32_t id = (uint32_t)message[0] << 24 | (uint32_t)message[1] << 16 | (uint32_t)message[2] << 8 | message[3];
    assert_true(id & 0x80000000u);
    assert_true(raw_send(fd, false, id, "answer", 6));
    question_end(&question, "ok", "answer");
    cty_net_client_close(client);
    raw_expect_closed(fd);
    close(fd);
    close(listener);
    folder_remove(&folder);
}

/* Takes one request, answers with the given bytes, and expects the client to close. */
static void expect_bad_answer(const void *answer, size_t size, size_t reply_max, const char *code)
{
    struct folder folder;
    struct question question;
    uint8_t message[64];
    folder_make(&folder);
    int listener = raw_listen(folder.url);
    struct cty_net_client *client = client_of(folder.url, (struct cty_net_client_config){.reply_max = reply_max});
    question_begin(&question, client, "ask");
    int fd = accept_requester(listener);
    assert_int_equal(raw_receive(fd, false, message, sizeof(message)), 7);
    assert_true(raw_write(fd, answer, size));
    question_end(&question, code, "");
    raw_expect_closed(fd);
    close(fd);
    cty_net_client_close(client);
    close(listener);
    folder_remove(&folder);
}

static void answers_that_are_none(void **state)
{
    (void)state;
    uint8_t answer[64] = {0};
    size_t head = cty_sp_head_format(CTY_SP_IPC, 10, answer);
    memcpy(answer + head, "\xff\xff\xff\xff answer", 10);
    expect_bad_answer(answer, head + 10, 0, "unreachable");
    head = cty_sp_head_format(CTY_SP_IPC, 3, answer);
    expect_bad_answer(answer, head + 3, 0, "unreachable");
    head = cty_sp_head_format(CTY_SP_IPC, 1000 + CTY_SP_ID_BYTES + 1, answer);
    expect_bad_answer(answer, head, 1000, "too-large");
    head = cty_sp_head_format(CTY_SP_IPC, UINT64_MAX, answer);
    expect_bad_answer(answer, head, 0, "too-large");
    answer[0] = 7;
    expect_bad_answer(answer, head, 0, "unreachable");
}

static void sizes(void **state)
{
    (void)state;
    struct folder folder;
    struct rig rig;
    struct cty_buf reply = CTY_BUF_INIT(4);
    custody_error error = {0};
    folder_make(&folder);
    rig_open(&rig, (struct cty_net_server_config){0}, folder.url, false);
    struct cty_net_client *client = client_of(folder.url, (struct cty_net_client_config){.request_max = 5});
    assert_refused(call_now(client, "123456", PATIENCE_MS, &error), "too-large");
    assert_int_equal(rig_counts(&rig).accepted, 0);
    assert_ok(call_now(client, "12345", PATIENCE_MS, &error));
    assert_refused(cty_net_client_call(client, CTY_LITERAL("12345"), PATIENCE_MS, &reply, &error), "too-large");
    assert_ok(cty_net_client_call(client, CTY_LITERAL("1234"), PATIENCE_MS, &reply, &error));
    cty_buf_done(&reply);
    cty_net_client_close(client);
    client = client_of(folder.url, (struct cty_net_client_config){.reply_max = 5});
    assert_refused(call_now(client, "123456", PATIENCE_MS, &error), "too-large");
    assert_ok(call_now(client, "12345", PATIENCE_MS, &error));
    cty_net_client_close(client);
    rig_close(&rig);
    folder_remove(&folder);
}

/* A call that waits is ended by its flag; one that waits longer than a look at the flag gets its answer all the same. */
static void a_call_that_waits_is_ended(void **state)
{
    (void)state;
    struct folder folder;
    struct rig rig;
    struct question question;
    atomic_bool stop = false;
    folder_make(&folder);
    rig_open(&rig, (struct cty_net_server_config){0}, folder.url, true);
    struct cty_net_client *client = client_of(folder.url, (struct cty_net_client_config){.stop = &stop});
    question_begin(&question, client, "late");
    struct cty_net_call *call = rig_take(&rig);
    pause_ms(2 * CTY_STOP_LOOK_MS);
    assert_ok(cty_net_reply(call, CTY_LITERAL("came")));
    question_end(&question, "ok", "came");
    question_begin(&question, client, "never");
    call = rig_take(&rig);
    atomic_store(&stop, true);
    question_end(&question, "wait-interrupted", "");
    rig_wait_gone(&rig, cty_net_call_connection(call));
    cty_net_drop(call);
    cty_net_client_close(client);
    rig_close(&rig);
    folder_remove(&folder);
}

static void configurations(void **state)
{
    (void)state;
    struct cty_net_client *client = NULL;
    const struct cty_net_client_config far = {.url = "tcp://192.0.2.1:7000"};
    const struct cty_net_client_config large = {.url = "tcp://127.0.0.1:7000",
                                                .reply_max = CTY_REPLY_BYTES_MAX + 1};
    assert_refused(cty_net_client_open(&far, &client, NULL), "config");
    assert_refused(cty_net_client_open(&large, &client, NULL), "config");
    assert_null(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_there_is_told_at_once),
        cmocka_unit_test(who_wants_to_wait_waits),
        cmocka_unit_test(a_restarted_server_is_found_again),
        cmocka_unit_test(no_answer_in_time),
        cmocka_unit_test(time_limits_strike_anywhere),
        cmocka_unit_test(no_hello_in_time),
        cmocka_unit_test(something_else_answers),
        cmocka_unit_test(a_request_is_never_sent_again),
        cmocka_unit_test(answers_that_are_none),
        cmocka_unit_test(sizes),
        cmocka_unit_test(a_call_that_waits_is_ended),
        cmocka_unit_test(configurations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
