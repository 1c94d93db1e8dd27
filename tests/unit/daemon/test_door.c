/* SPDX-License-Identifier: Apache-2.0 */
/* What comes through the door as bytes: answered with the code that says what is wrong, or not at all. */
#include "unit/daemon/house.h"

/* Sends a text and expects one failure with these; `id` is its JSON text. */
static void expect_failure(struct house *h, const char *message, const char *code, int number, const char *id)
{
    char *answer = house_raw(h, message);
    char expected[256];
    assert_non_null(answer);
    snprintf(expected, sizeof(expected), "{\"error\":{\"code\":%d,\"data\":{\"code\":\"%s\"", number, code);
    assert_memory_equal(answer, expected, strlen(expected));
    snprintf(expected, sizeof(expected), ",\"id\":%s,\"jsonrpc\":\"2.0\"}", id);
    assert_string_equal(answer + strlen(answer) - strlen(expected), expected);
    free(answer);
}

static void messages_that_are_wrong_are_told_so(void **state)
{
    struct house *h = house_new(false);
    (void)state;
    house_open(h);
    expect_failure(h, "", "bad-json", -32700, "null");
    expect_failure(h, "garbage", "bad-json", -32700, "null");
    expect_failure(h, "{\"id\":1", "bad-json", -32700, "null");
    expect_failure(h, "{\"id\":1,\"id\":2}", "duplicate-member", -32700, "null");
    expect_failure(h, "[]", "bad-rpc", -32600, "null");
    expect_failure(h, "7", "bad-rpc", -32600, "null");
    expect_failure(h, "{\"jsonrpc\":\"2.0\",\"method\":\"info\"}", "bad-rpc", -32600, "null");
    expect_failure(h, "{\"id\":\"a\\u0062\",\"jsonrpc\":\"2.0\",\"method\":1}", "bad-rpc", -32600, "\"ab\"");
    expect_failure(h, "{\"id\":\"\\\"\",\"jsonrpc\":\"2.0\",\"method\":\"nothing\"}", "method-unknown", -32601, "\"\\\"\"");
    expect_failure(h, "{\"id\":4,\"jsonrpc\":\"2.0\",\"method\":\"info\",\"params\":{\"x\":1}}", "bad-params", -32602, "4");
    expect_failure(h, "{\"id\":5,\"jsonrpc\":\"2.0\",\"method\":\"actors\"}", "session-needed", -32000, "5");
    house_free(h);
}

static void a_message_nested_too_deeply_is_told_so(void **state)
{
    struct house *h = house_new(false);
    char text[2048];
    (void)state;
    house_open(h);
    memset(text, '[', 1000);
    memset(text + 1000, ']', 1000);
    text[2000] = 0;
    expect_failure(h, text, "too-deep", -32700, "null");
    house_free(h);
}

static void a_batch_that_is_too_long_is_told_so(void **state)
{
    struct house *h = house_new(false);
    struct cty_buf text = CTY_BUF_INIT(65536);
    (void)state;
    house_open(h);
    for (int i = 0; i <= 64; i++)
        assert_ok(cty_buf_put_text(&text, i ? ",7" : "[7"));
    assert_ok(cty_buf_put_text(&text, "]"));
    expect_failure(h, cty_buf_text(&text), "too-large", -32000, "null");
    cty_buf_done(&text);
    house_free(h);
}

static void a_message_that_is_too_large_ends_the_connection(void **state)
{
    struct house *h = house_new(false);
    size_t size = CTY_MESSAGE_BYTES_MAX;
    char *text = malloc(size + 1);
    custody_error error = {0};
    struct cty_buf reply = CTY_BUF_INIT(CTY_REPLY_BYTES_MAX);
    struct cty_net_client *large;
    (void)state;
    house_open(h);
    memset(text, ' ', size + 1);
    char *answer = house_raw_bytes(h, text, size);
    assert_non_null(answer);
    assert_non_null(strstr(answer, "bad-json"));
    free(answer);
    struct cty_net_client_config config = {.url = cty_daemon_url(h->daemon, 0), .request_max = size + 1};
    assert_ok(cty_net_client_open(&config, &large, &error));
    assert_refused(cty_net_client_call(large, cty_bytes_make(text, size + 1), 10000, &reply, &error), "unreachable");
    cty_net_client_close(large);
    cty_buf_done(&reply);
    free(text);
    house_free(h);
}

static void a_batch_mixes_what_it_likes(void **state)
{
    struct house *h = house_new(false);
    struct cty_rpc_message message = {.json = CTY_JSON_INIT};
    static union cty_rpc_result result;
    struct cty_rpc_answer answer;
    (void)state;
    house_open(h);
    char *text = house_raw(h, "[{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"info\"},7,"
                              "{\"id\":\"x\",\"jsonrpc\":\"2.0\",\"method\":\"nothing\"},"
                              "{\"id\":2,\"jsonrpc\":\"2.0\",\"method\":\"submit\",\"params\":{\"envelope\":\"{}\"}},"
                              "{\"id\":3,\"jsonrpc\":\"2.0\",\"method\":\"checkpoint\"}]");
    assert_ok(cty_rpc_open(&message, cty_bytes_text(text), CTY_ANSWER_NODES_MAX, NULL));
    assert_int_equal(message.count, 5);
    const struct cty_json_node *item = cty_rpc_first(&message);
    assert_ok(cty_rpc_answer_read(&message, item, CTY_RPC_INFO, &answer, &result, NULL));
    assert_false(answer.failed);
    item = cty_rpc_next(&message, item);
    assert_ok(cty_rpc_answer_read(&message, item, CTY_RPC_INFO, &answer, &result, NULL));
    assert_refused(answer.failure.code, "bad-rpc");
    item = cty_rpc_next(&message, item);
    assert_ok(cty_rpc_answer_read(&message, item, CTY_RPC_INFO, &answer, &result, NULL));
    assert_refused(answer.failure.code, "method-unknown");
    item = cty_rpc_next(&message, item);
    assert_ok(cty_rpc_answer_read(&message, item, CTY_RPC_SUBMIT, &answer, &result, NULL));
    assert_refused(answer.failure.code, "bad-envelope");
    item = cty_rpc_next(&message, item);
    assert_ok(cty_rpc_answer_read(&message, item, CTY_RPC_CHECKPOINT, &answer, &result, NULL));
    assert_int_equal(result.checkpoint.size, 1);
    cty_rpc_done(&message);
    free(text);
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_that_are_wrong_are_told_so),
        cmocka_unit_test(a_message_nested_too_deeply_is_told_so),
        cmocka_unit_test(a_batch_that_is_too_long_is_told_so),
        cmocka_unit_test(a_message_that_is_too_large_ends_the_connection),
        cmocka_unit_test(a_batch_mixes_what_it_likes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
