/* SPDX-License-Identifier: Apache-2.0 */
/* Answers: what is written reads back the same; failures carry all that the wire says they do. */
#include "unit/proto/samples.h"
#include "unit/support.h"

static const struct cty_rpc_id one = {.kind = CTY_RPC_ID_NUMBER, .number = 1};

static void write_result(enum cty_rpc rpc, const union cty_rpc_result *result, struct cty_buf *out)
{
    struct cty_rpc_answers answers;
    assert_ok(cty_rpc_answers_begin(&answers, false, out));
    assert_ok(cty_rpc_answers_put_result(&answers, &one, rpc, result));
    assert_ok(cty_rpc_answers_end(&answers));
}

static custody_err read_text(struct cty_bytes text, enum cty_rpc rpc, struct cty_rpc_message *message,
                             struct cty_rpc_answer *answer, union cty_rpc_result *result)
{
    CTY_TRY(cty_rpc_open(message, text, CTY_ANSWER_NODES_MAX, NULL));
    return cty_rpc_answer_read(message, cty_rpc_first(message), rpc, answer, result, NULL);
}

static void every_result_reads_back(void **state)
{
    (void)state;
    for (int rpc = 0; rpc < CTY_RPC_COUNT; rpc++) {
        union cty_rpc_result result, read;
        struct cty_rpc_message message = {.json = CTY_JSON_INIT};
        struct cty_rpc_answer answer;
        struct cty_buf text = CTY_BUF_INIT(65536), again = CTY_BUF_INIT(65536);
        sample_result((enum cty_rpc)rpc, &result);
        write_result((enum cty_rpc)rpc, &result, &text);
        assert_ok(read_text(cty_buf_bytes(&text), (enum cty_rpc)rpc, &message, &answer, &read));
        assert_false(answer.failed);
        assert_int_equal(answer.id.number, 1);
        write_result((enum cty_rpc)rpc, &read, &again);
        assert_int_equal(text.size, again.size);
        assert_memory_equal(text.data, again.data, text.size);
        cty_rpc_done(&message);
        cty_buf_done(&text);
        cty_buf_done(&again);
    }
}

static void an_answer_with_any_byte_changed_does_no_harm(void **state)
{
    (void)state;
    for (int rpc = 0; rpc < CTY_RPC_COUNT; rpc++) {
        union cty_rpc_result result, read;
        struct cty_rpc_answer answer;
        struct cty_buf text = CTY_BUF_INIT(65536);
        sample_result((enum cty_rpc)rpc, &result);
        write_result((enum cty_rpc)rpc, &result, &text);
        for (size_t i = 0; i < text.size; i++) {
            struct cty_rpc_message message = {.json = CTY_JSON_INIT};
            text.data[i] ^= 1;
            custody_err err = read_text(cty_buf_bytes(&text), (enum cty_rpc)rpc, &message, &answer, &read);
            assert_true(err == CUSTODY_OK || custody_err_class_get(err) == CUSTODY_CLASS_REFUSAL);
            cty_rpc_done(&message);
            text.data[i] ^= 1;
            assert_refused(read_text(cty_bytes_make(text.data, i), (enum cty_rpc)rpc, &message, &answer, &read),
                           "bad-json");
            cty_rpc_done(&message);
        }
        cty_buf_done(&text);
    }
}

static void lists_are_walked(void **state)
{
    union cty_rpc_result result, read;
    struct cty_rpc_message message = {.json = CTY_JSON_INIT};
    struct cty_rpc_answer answer;
    struct cty_buf text = CTY_BUF_INIT(65536);
    (void)state;
    sample_result(CTY_RPC_ENTRIES, &result);
    write_result(CTY_RPC_ENTRIES, &result, &text);
    assert_ok(read_text(cty_buf_bytes(&text), CTY_RPC_ENTRIES, &message, &answer, &read));
    const struct cty_json_node *list = cty_rpc_list(&message, &answer, "entries");
    assert_non_null(list);
    const struct cty_json_node *item = cty_json_first(&message.json, list);
    assert_bytes_text(item->text, "{\"a\":1}");
    item = cty_json_after(&message.json, list, item);
    assert_bytes_text(item->text, "two");
    assert_null(cty_json_after(&message.json, list, item));
    assert_null(cty_rpc_list(&message, &answer, "nothing"));
    assert_null(cty_rpc_list(&message, &answer, "size"));
    cty_rpc_done(&message);
    cty_buf_done(&text);
}

static void a_failure_carries_everything(void **state)
{
    struct cty_rpc_failure failure = {.code = CUSTODY_E_STALE_AFTER, .detail = cty_bytes_text("a \"b\""),
                                      .retry_after_ms = 250, .refusal = cty_bytes_text("{\"payload\":\"\"}")};
    struct cty_rpc_message message = {.json = CTY_JSON_INIT};
    struct cty_rpc_answers answers;
    struct cty_rpc_answer answer;
    union cty_rpc_result result;
    struct cty_buf text = CTY_BUF_INIT(65536);
    (void)state;
    assert_ok(cty_rpc_answers_begin(&answers, false, &text));
    assert_ok(cty_rpc_answers_put_failure(&answers, &one, &failure));
    assert_ok(cty_rpc_answers_end(&answers));
    assert_string_equal(
        cty_buf_text(&text),
        "{\"error\":{\"code\":-32000,\"data\":{\"code\":\"stale-after\",\"detail\":\"a \\\"b\\\"\",\"next\":\"look at the "
        "case again, then sign against its newest state\",\"refusal\":\"{\\\"payload\\\":\\\"\\\"}\",\"retry_after_ms\":250},"
        "\"message\":\"the case has moved on since\"},\"id\":1,\"jsonrpc\":\"2.0\"}");
    assert_ok(read_text(cty_buf_bytes(&text), CTY_RPC_SUBMIT, &message, &answer, &result));
    assert_true(answer.failed);
    assert_int_equal(answer.failure.code, CUSTODY_E_STALE_AFTER);
    assert_bytes_text(answer.failure.detail, "a \"b\"");
    assert_bytes_text(answer.failure.refusal, "{\"payload\":\"\"}");
    assert_int_equal(answer.failure.retry_after_ms, 250);
    cty_rpc_done(&message);
    cty_buf_done(&text);
}

static void failures_have_the_numbers_of_json_rpc(void **state)
{
    (void)state;
    assert_int_equal(cty_rpc_number(CUSTODY_E_BAD_JSON), -32700);
    assert_int_equal(cty_rpc_number(CUSTODY_E_TOO_DEEP), -32700);
    assert_int_equal(cty_rpc_number(CUSTODY_E_DUPLICATE_MEMBER), -32700);
    assert_int_equal(cty_rpc_number(CUSTODY_E_BAD_NUMBER), -32700);
    assert_int_equal(cty_rpc_number(CUSTODY_E_BAD_RPC), -32600);
    assert_int_equal(cty_rpc_number(CUSTODY_E_METHOD_UNKNOWN), -32601);
    assert_int_equal(cty_rpc_number(CUSTODY_E_BAD_PARAMS), -32602);
    assert_int_equal(cty_rpc_number(CUSTODY_E_BUSY), -32000);
    assert_int_equal(cty_rpc_number(CUSTODY_E_TOO_LARGE), -32000);
}

static void a_code_of_the_future_reads_as_internal(void **state)
{
    struct cty_rpc_message message = {.json = CTY_JSON_INIT};
    struct cty_rpc_answer answer;
    union cty_rpc_result result;
    const char *text = "{\"error\":{\"code\":-32000,\"data\":{\"code\":\"not-yet-invented\",\"detail\":\"\",\"next\":\"\"},"
                       "\"message\":\"\"},\"id\":null,\"jsonrpc\":\"2.0\"}";
    (void)state;
    assert_ok(read_text(cty_bytes_text(text), CTY_RPC_INFO, &message, &answer, &result));
    assert_int_equal(answer.failure.code, CUSTODY_E_INTERNAL);
    assert_int_equal(answer.id.kind, CTY_RPC_ID_NULL);
    cty_rpc_done(&message);
}

static void what_is_no_answer_is_refused(void **state)
{
    static const char *const texts[] = {
        "{\"id\":1,\"jsonrpc\":\"2.0\"}",
        "{\"id\":1,\"jsonrpc\":\"2.0\",\"result\":{}}",
        "{\"id\":1,\"jsonrpc\":\"2.0\",\"result\":{\"checkpoint\":\"\",\"size\":1},\"error\":{}}",
        "{\"id\":1,\"jsonrpc\":\"2.0\",\"result\":{\"checkpoint\":\"\",\"size\":1},\"more\":1}",
        "{\"id\":1,\"jsonrpc\":\"2.1\",\"result\":{\"checkpoint\":\"\",\"size\":1}}",
        "{\"id\":1.5,\"jsonrpc\":\"2.0\",\"result\":{\"checkpoint\":\"\",\"size\":1}}",
        "{\"id\":1,\"jsonrpc\":\"2.0\",\"error\":{\"code\":1,\"message\":\"\"}}",
        "{\"id\":1,\"jsonrpc\":\"2.0\",\"error\":7}",
        "[1]",
    };
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(texts); i++) {
        struct cty_rpc_message message = {.json = CTY_JSON_INIT};
        struct cty_rpc_answer answer;
        union cty_rpc_result result;
        assert_refused(read_text(cty_bytes_text(texts[i]), CTY_RPC_CHECKPOINT, &message, &answer, &result), "bad-rpc");
        cty_rpc_done(&message);
    }
}

static void a_batch_is_one_array(void **state)
{
    struct cty_rpc_failure failure = {.code = CUSTODY_E_BAD_RPC};
    const struct cty_rpc_id none = {.kind = CTY_RPC_ID_NULL};
    union cty_rpc_result result;
    struct cty_rpc_answers answers;
    struct cty_buf text = CTY_BUF_INIT(65536);
    struct cty_rpc_message message = {.json = CTY_JSON_INIT};
    (void)state;
    memset(&result, 0, sizeof(result));
    assert_ok(cty_rpc_answers_begin(&answers, true, &text));
    assert_ok(cty_rpc_answers_put_result(&answers, &one, CTY_RPC_SESSION_CLOSE, &result));
    assert_ok(cty_rpc_answers_put_failure(&answers, &none, &failure));
    assert_ok(cty_rpc_answers_end(&answers));
    assert_ok(cty_rpc_open(&message, cty_buf_bytes(&text), CTY_ANSWER_NODES_MAX, NULL));
    assert_true(message.batch);
    assert_int_equal(message.count, 2);
    cty_rpc_done(&message);
    cty_buf_done(&text);
}

static void an_answer_that_does_not_fit_leaves_no_trace(void **state)
{
    union cty_rpc_result result;
    struct cty_rpc_failure failure = {.code = CUSTODY_E_TOO_LARGE};
    (void)state;
    sample_result(CTY_RPC_SUBMIT, &result);
    for (size_t limit = 200; limit < 700; limit++) {
        struct cty_rpc_answers answers;
        struct cty_buf text = CTY_BUF_INIT(limit);
        struct cty_rpc_message message = {.json = CTY_JSON_INIT};
        assert_ok(cty_rpc_answers_begin(&answers, true, &text));
        while (cty_rpc_answers_put_result(&answers, &one, CTY_RPC_SUBMIT, &result) == CUSTODY_OK)
            continue;
        size_t before = text.size;
        if (cty_rpc_answers_put_failure(&answers, &one, &failure) != CUSTODY_OK)
            assert_int_equal(text.size, before);
        assert_ok(cty_rpc_answers_end(&answers));
        if (answers.count)
            assert_ok(cty_rpc_open(&message, cty_buf_bytes(&text), CTY_ANSWER_NODES_MAX, NULL));
        cty_rpc_done(&message);
        cty_buf_done(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_result_reads_back),
        cmocka_unit_test(an_answer_with_any_byte_changed_does_no_harm),
        cmocka_unit_test(lists_are_walked),
        cmocka_unit_test(a_failure_carries_everything),
        cmocka_unit_test(failures_have_the_numbers_of_json_rpc),
        cmocka_unit_test(a_code_of_the_future_reads_as_internal),
        cmocka_unit_test(what_is_no_answer_is_refused),
        cmocka_unit_test(a_batch_is_one_array),
        cmocka_unit_test(an_answer_that_does_not_fit_leaves_no_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
