/* SPDX-License-Identifier: Apache-2.0 */
/* Calls: what is written reads back the same, and what is wrong is refused with the code that says so. */
#include "unit/proto/samples.h"
#include "unit/support.h"

/* The code with which a message, or else its first call, is refused; "ok" if it isn't. */
static custody_err judge_bytes(struct cty_bytes text, struct cty_rpc_call *ret_call)
{
    struct cty_rpc_message message = {.json = CTY_JSON_INIT};
    custody_error error = {0};
    custody_err err = cty_rpc_open(&message, text, CTY_CALL_NODES_MAX, &error);
    if (err == CUSTODY_OK)
        err = cty_rpc_call_read(&message, cty_rpc_first(&message), ret_call, &error);
    if (err != CUSTODY_OK)
        assert_int_equal(error.code, err);
    cty_rpc_done(&message);
    return err;
}

static custody_err judge(const char *text)
{
    struct cty_rpc_call call;
    return judge_bytes(cty_bytes_text(text), &call);
}

static void every_call_reads_back(void **state)
{
    (void)state;
    for (int rpc = 0; rpc < CTY_RPC_COUNT; rpc++) {
        struct cty_rpc_call call = sample_call((enum cty_rpc)rpc), read;
        struct cty_rpc_message message = {.json = CTY_JSON_INIT};
        struct cty_buf text = CTY_BUF_INIT(65536), again = CTY_BUF_INIT(65536);
        assert_ok(cty_rpc_call_write(&call, &text));
        assert_ok(cty_rpc_open(&message, cty_buf_bytes(&text), CTY_CALL_NODES_MAX, NULL));
        assert_ok(cty_rpc_call_read(&message, cty_rpc_first(&message), &read, NULL));
        assert_int_equal(read.rpc, rpc);
        assert_ok(cty_rpc_call_write(&read, &again));
        assert_int_equal(text.size, again.size);
        assert_memory_equal(text.data, again.data, text.size);
        cty_rpc_done(&message);
        cty_buf_done(&text);
        cty_buf_done(&again);
    }
}

static void a_call_cut_anywhere_is_refused(void **state)
{
    (void)state;
    for (int rpc = 0; rpc < CTY_RPC_COUNT; rpc++) {
        struct cty_rpc_call call = sample_call((enum cty_rpc)rpc), read;
        struct cty_buf text = CTY_BUF_INIT(65536);
        assert_ok(cty_rpc_call_write(&call, &text));
        for (size_t size = 0; size < text.size; size++) {
            /* In memory of exactly that size, so that a reader beyond it is found. */
            uint8_t *cut = malloc(size ? size : 1);
            memcpy(cut, text.data, size);
            assert_refused(judge_bytes(cty_bytes_make(cut, size), &read), "bad-json");
            free(cut);
        }
        cty_buf_done(&text);
    }
}

/* Nothing to compare with: no byte may lead anywhere but to a call or a refusal. */
static void a_call_with_any_byte_changed_does_no_harm(void **state)
{
    (void)state;
    for (int rpc = 0; rpc < CTY_RPC_COUNT; rpc++) {
        struct cty_rpc_call call = sample_call((enum cty_rpc)rpc), read;
        struct cty_buf text = CTY_BUF_INIT(65536);
        assert_ok(cty_rpc_call_write(&call, &text));
        for (size_t i = 0; i < text.size; i++) {
            for (unsigned bit = 0; bit < 8; bit++) {
                text.data[i] ^= (uint8_t)(1u << bit);
                custody_err err = judge_bytes(cty_buf_bytes(&text), &read);
                assert_true(err == CUSTODY_OK || custody_err_class_get(err) == CUSTODY_CLASS_REFUSAL);
                text.data[i] ^= (uint8_t)(1u << bit);
            }
        }
        cty_buf_done(&text);
    }
}

static void what_is_not_json_is_refused(void **state)
{
    (void)state;
    assert_refused(judge(""), "bad-json");
    assert_refused(judge("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"info\"} x"), "bad-json");
    assert_refused(judge("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"in\xff"), "bad-json");
    assert_refused(judge("{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":1,\"method\":\"info\"}"), "duplicate-member");
    assert_refused(judge("{\"jsonrpc\":\"2.0\",\"id\":1,\"\\u0069d\":1,\"method\":\"info\"}"), "duplicate-member");
    assert_refused(judge("{\"jsonrpc\":\"2.0\",\"id\":1e400,\"method\":\"info\"}"), "bad-number");
}

static void what_is_nested_too_deeply_is_refused(void **state)
{
    char text[512];
    (void)state;
    for (unsigned deep = 62; deep <= 64; deep++) {
        /* The call is one level and params another. */
        size_t at = (size_t)snprintf(text, sizeof(text), "{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"info\",\"params\":{\"a\":");
        memset(text + at, '[', deep);
        memset(text + at + deep, ']', deep);
        memcpy(text + at + 2 * deep, "}}", 3);
        assert_refused(judge(text), deep + 2 > CTY_MESSAGE_DEPTH_MAX ? "too-deep" : "bad-params");
    }
}

static void what_has_too_many_values_is_refused(void **state)
{
    struct cty_buf text = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
    struct cty_rpc_call call;
    (void)state;
    assert_ok(cty_buf_put_text(&text, "{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"info\",\"params\":{\"a\":[0"));
    /* The object, three members, params and the array are six values, and 0 is one. */
    for (size_t i = 7; i < CTY_CALL_NODES_MAX; i++)
        assert_ok(cty_buf_put_text(&text, ",0"));
    size_t size = text.size;
    assert_ok(cty_buf_put_text(&text, "]}}"));
    assert_refused(judge_bytes(cty_buf_bytes(&text), &call), "bad-params");
    text.size = size;
    assert_ok(cty_buf_put_text(&text, ",0]}}"));
    assert_refused(judge_bytes(cty_buf_bytes(&text), &call), "too-large");
    cty_buf_done(&text);
}

static void what_is_no_call_is_refused(void **state)
{
    static const char *const calls[] = {
        "1",
        "\"info\"",
        "null",
        "[]",
        "[1]",
        "[[]]",
        "{}",
        "{\"id\":1,\"method\":\"info\"}",
        "{\"id\":1,\"jsonrpc\":\"1.0\",\"method\":\"info\"}",
        "{\"id\":1,\"jsonrpc\":2,\"method\":\"info\"}",
        "{\"jsonrpc\":\"2.0\",\"method\":\"info\"}",
        "{\"id\":null,\"jsonrpc\":\"2.0\",\"method\":\"info\"}",
        "{\"id\":-1,\"jsonrpc\":\"2.0\",\"method\":\"info\"}",
        "{\"id\":1.5,\"jsonrpc\":\"2.0\",\"method\":\"info\"}",
        "{\"id\":9007199254740992,\"jsonrpc\":\"2.0\",\"method\":\"info\"}",
        "{\"id\":[],\"jsonrpc\":\"2.0\",\"method\":\"info\"}",
        "{\"id\":true,\"jsonrpc\":\"2.0\",\"method\":\"info\"}",
        "{\"id\":\"12345678901234567890123456789012345678901234567890123456789012345\",\"jsonrpc\":\"2.0\",\"method\":\"\"}",
        "{\"id\":1,\"jsonrpc\":\"2.0\"}",
        "{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":1}",
        "{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"info\",\"params\":[]}",
        "{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"info\",\"params\":null}",
        "{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"info\",\"more\":1}",
    };
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(calls); i++)
        assert_refused(judge(calls[i]), "bad-rpc");
}

static void ids_are_texts_or_whole_numbers(void **state)
{
    (void)state;
    assert_ok(judge("{\"id\":0,\"jsonrpc\":\"2.0\",\"method\":\"info\"}"));
    assert_ok(judge("{\"id\":9007199254740991,\"jsonrpc\":\"2.0\",\"method\":\"info\"}"));
    assert_ok(judge("{\"id\":\"\",\"jsonrpc\":\"2.0\",\"method\":\"info\"}"));
    assert_ok(judge("{\"id\":\"1234567890123456789012345678901234567890123456789012345678901234\","
                    "\"jsonrpc\":\"2.0\",\"method\":\"info\"}"));
}

static void a_method_that_is_not_there_is_refused(void **state)
{
    (void)state;
    assert_refused(judge("{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"INFO\"}"), "method-unknown");
    assert_refused(judge("{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"\"}"), "method-unknown");
    /* The method comes before its parameters. */
    assert_refused(judge("{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"nothing\",\"params\":{\"x\":1}}"),
                   "method-unknown");
}

/* Edits the text of each sample call and expects bad-params. */
static void expect_bad_params(enum cty_rpc rpc, const char *replace, const char *with)
{
    struct cty_rpc_call call = sample_call(rpc);
    struct cty_buf text = CTY_BUF_INIT(65536), edited = CTY_BUF_INIT(65536);
    assert_ok(cty_rpc_call_write(&call, &text));
    const char *whole = cty_buf_text(&text);
    const char *place = strstr(whole, replace);
    assert_non_null(place);
    assert_ok(cty_buf_put(&edited, whole, (size_t)(place - whole)));
    assert_ok(cty_buf_put_text(&edited, with));
    assert_ok(cty_buf_put_text(&edited, place + strlen(replace)));
    assert_refused(judge(cty_buf_text(&edited)), "bad-params");
    cty_buf_done(&text);
    cty_buf_done(&edited);
}

static void a_parameter_that_is_not_known_is_refused(void **state)
{
    (void)state;
    for (int rpc = 0; rpc < CTY_RPC_COUNT; rpc++)
        expect_bad_params((enum cty_rpc)rpc, "\"session\":", "\"sesssion\":");
}

static void a_parameter_out_of_form_is_refused(void **state)
{
    (void)state;
    expect_bad_params(CTY_RPC_INFO, "\"session\":\"07", "\"session\":\"0A");
    expect_bad_params(CTY_RPC_SUBMIT, "\"staged\":true", "\"staged\":1");
    expect_bad_params(CTY_RPC_SUBMIT, "\"member\":\"payload\"", "\"member\":\"\"");
    expect_bad_params(CTY_RPC_ENTRIES, "\"count\":256", "\"count\":257");
    expect_bad_params(CTY_RPC_ENTRIES, "\"from\":4", "\"from\":-4");
    expect_bad_params(CTY_RPC_CASE_LIST, "\"limit\":256", "\"limit\":257");
    expect_bad_params(CTY_RPC_CASE_LIST, "\"mine\":\"decide\"", "\"mine\":\"all\"");
    expect_bad_params(CTY_RPC_CASE_WAIT, "55000", "55001");
    expect_bad_params(CTY_RPC_ACTORS, "\"party\":\"acme\"", "\"party\":\"Acme\"");
    expect_bad_params(CTY_RPC_POLICY, "\"scope\":\"ledger\"", "\"scope\":\"*\"");
    expect_bad_params(CTY_RPC_BLOB_GET, "\"statement\":\"05", "\"statement\":\"");
}

static void a_parameter_that_is_missing_is_refused(void **state)
{
    (void)state;
    expect_bad_params(CTY_RPC_POLICY, "\"scope\":\"ledger\",", "");
    expect_bad_params(CTY_RPC_PROOF_INCLUSION, "\"index\":3,", "");
    expect_bad_params(CTY_RPC_CASE_WAIT, "\"known\":77,", "");
    assert_refused(judge("{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"entries\"}"), "bad-params");
    assert_refused(judge("{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"submit\",\"params\":{}}"), "bad-params");
}

static void optional_parameters_may_be_zero_or_left_out(void **state)
{
    (void)state;
    assert_ok(judge("{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"checkpoint\"}"));
    assert_ok(judge("{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"checkpoint\",\"params\":{\"min_size\":0}}"));
    assert_ok(judge("{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"submit\",\"params\":{\"envelope\":\"\",\"blobs\":["
                    "{\"member\":\"a\",\"staged\":false}]}}"));
}

static void order_spaces_and_escapes_do_not_matter(void **state)
{
    struct cty_rpc_message message = {.json = CTY_JSON_INIT};
    struct cty_rpc_call call;
    (void)state;
    const char *text = " { \"params\" : { \"\\u0065nvelope\" : \"a\\u0022\\n\\u00e9\\ud83d\\ude00\" } ,\n\"method\":\"session.open\","
                       "\"jsonrpc\":\"2.0\", \"id\" : \"\\u0078\\/\" }";
    assert_ok(cty_rpc_open(&message, cty_bytes_text(text), CTY_CALL_NODES_MAX, NULL));
    assert_ok(cty_rpc_call_read(&message, cty_rpc_first(&message), &call, NULL));
    assert_int_equal(call.rpc, CTY_RPC_SESSION_OPEN);
    assert_bytes_text(call.id.text, "x/");
    assert_bytes_text(call.params.u.session_open.envelope, "a\"\n\xc3\xa9\xf0\x9f\x98\x80");
    cty_rpc_done(&message);
}

static void a_batch_has_at_most_64_calls(void **state)
{
    struct cty_buf text = CTY_BUF_INIT(65536);
    struct cty_rpc_call call;
    (void)state;
    assert_ok(cty_buf_put_text(&text, "["));
    for (int i = 1; i <= 65; i++) {
        assert_ok(cty_buf_putf(&text, "%s{\"id\":%d,\"jsonrpc\":\"2.0\",\"method\":\"info\"}", i > 1 ? "," : "", i));
        size_t size = text.size;
        assert_ok(cty_buf_put_text(&text, "]"));
        assert_string_equal(custody_err_name(judge_bytes(cty_buf_bytes(&text), &call)), i > 64 ? "too-large" : "ok");
        text.size = size;
    }
    cty_buf_done(&text);
}

static void calls_of_a_batch_come_in_order(void **state)
{
    struct cty_rpc_message message = {.json = CTY_JSON_INIT};
    const char *text = "[{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"info\"},7,"
                       "{\"id\":3,\"jsonrpc\":\"2.0\",\"method\":\"checkpoint\"}]";
    struct cty_rpc_call call;
    (void)state;
    assert_ok(cty_rpc_open(&message, cty_bytes_text(text), CTY_CALL_NODES_MAX, NULL));
    assert_true(message.batch);
    assert_int_equal(message.count, 3);
    const struct cty_json_node *item = cty_rpc_first(&message);
    assert_ok(cty_rpc_call_read(&message, item, &call, NULL));
    assert_int_equal(call.id.number, 1);
    item = cty_rpc_next(&message, item);
    assert_refused(cty_rpc_call_read(&message, item, &call, NULL), "bad-rpc");
    assert_int_equal(call.id.kind, CTY_RPC_ID_NULL);
    item = cty_rpc_next(&message, item);
    assert_ok(cty_rpc_call_read(&message, item, &call, NULL));
    assert_int_equal(call.rpc, CTY_RPC_CHECKPOINT);
    assert_null(cty_rpc_next(&message, item));
    cty_rpc_done(&message);
}

static void a_refused_call_keeps_its_id(void **state)
{
    struct cty_rpc_message message = {.json = CTY_JSON_INIT};
    const char *text = "{\"id\":\"mine\",\"jsonrpc\":\"2.0\",\"method\":\"info\",\"params\":{\"x\":1}}";
    struct cty_rpc_call call;
    (void)state;
    assert_ok(cty_rpc_open(&message, cty_bytes_text(text), CTY_CALL_NODES_MAX, NULL));
    assert_refused(cty_rpc_call_read(&message, cty_rpc_first(&message), &call, NULL), "bad-params");
    assert_bytes_text(call.id.text, "mine");
    cty_rpc_done(&message);
}

static void a_message_may_be_opened_again(void **state)
{
    struct cty_rpc_message message = {.json = CTY_JSON_INIT};
    struct cty_rpc_call call;
    (void)state;
    assert_refused(cty_rpc_open(&message, cty_bytes_text("{"), CTY_CALL_NODES_MAX, NULL), "bad-json");
    for (int i = 0; i < 2; i++) {
        assert_ok(cty_rpc_open(&message, cty_bytes_text("{\"method\":\"\\u0069nfo\",\"id\":1,\"jsonrpc\":\"2.0\"}"),
                               CTY_CALL_NODES_MAX, NULL));
        assert_ok(cty_rpc_call_read(&message, cty_rpc_first(&message), &call, NULL));
    }
    cty_rpc_done(&message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_reads_back),
        cmocka_unit_test(a_call_cut_anywhere_is_refused),
        cmocka_unit_test(a_call_with_any_byte_changed_does_no_harm),
        cmocka_unit_test(what_is_not_json_is_refused),
        cmocka_unit_test(what_is_nested_too_deeply_is_refused),
        cmocka_unit_test(what_has_too_many_values_is_refused),
        cmocka_unit_test(what_is_no_call_is_refused),
        cmocka_unit_test(ids_are_texts_or_whole_numbers),
        cmocka_unit_test(a_method_that_is_not_there_is_refused),
        cmocka_unit_test(a_parameter_that_is_not_known_is_refused),
        cmocka_unit_test(a_parameter_out_of_form_is_refused),
        cmocka_unit_test(a_parameter_that_is_missing_is_refused),
        cmocka_unit_test(optional_parameters_may_be_zero_or_left_out),
        cmocka_unit_test(order_spaces_and_escapes_do_not_matter),
        cmocka_unit_test(a_batch_has_at_most_64_calls),
        cmocka_unit_test(calls_of_a_batch_come_in_order),
        cmocka_unit_test(a_refused_call_keeps_its_id),
        cmocka_unit_test(a_message_may_be_opened_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
