/* SPDX-License-Identifier: Apache-2.0 */
/* Submitting: once and again, with contents that fit and that don't, alone and in company. */
#include "codec/text.h"
#include "model/entry.h"
#include "unit/daemon/house.h"

/* Submits what may be refused; the reply stays with the caller. */
static custody_err submit_copy(struct house *h, const struct draft *d, struct house_reply *reply)
{
    struct cty_buf params = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX), text = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
    custody_error error = {0};
    draft_params(h, d, &params);
    assert_ok(cty_buf_putf(&text, "{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"submit\",\"params\":%s}", cty_buf_text(&params)));
    memset(reply, 0, sizeof(*reply));
    reply->text = CTY_BUF_INIT(CTY_REPLY_BYTES_MAX);
    assert_ok(cty_net_client_call(h->client, cty_buf_bytes(&text), 60000, &reply->text, &error));
    assert_ok(cty_rpc_open(&reply->message, cty_buf_bytes(&reply->text), CTY_ANSWER_NODES_MAX, &error));
    assert_ok(cty_rpc_answer_read(&reply->message, cty_rpc_first(&reply->message), CTY_RPC_SUBMIT, &reply->answer,
                                  &reply->result, &error));
    cty_buf_done(&params);
    cty_buf_done(&text);
    return reply->answer.failed ? reply->answer.failure.code : CUSTODY_OK;
}

static void expect(struct house *h, struct draft *d, const char *code)
{
    struct house_reply reply;
    uint64_t before = house_size(h);
    assert_refused(draft_submit(h, d, &reply), code);
    assert_int_equal(house_size(h), before);
    house_reply_done(&reply);
}

static void the_same_again_gets_the_same_entry(void **state)
{
    struct house *h = house_ready();
    struct draft d;
    struct house_reply first, again;
    (void)state;
    house_request(h, &d, "acme/bot", "ping", "{}");
    assert_ok(submit_copy(h, &d, &first));
    assert_false(first.result.submit.duplicate);
    assert_int_equal(first.result.submit.follow_count, 2);
    house_case(h, "acme/pal", "refund");
    uint64_t size = house_size(h);
    /* An id is judged before anything else: its time has passed by now. */
    house_pass(h, 2 * HOUR_MS);
    assert_ok(submit_copy(h, &d, &again));
    assert_true(again.result.submit.duplicate);
    assert_int_equal(again.result.submit.own.index, first.result.submit.own.index);
    assert_true(cty_bytes_equal(again.result.submit.own.entry, first.result.submit.own.entry));
    assert_true(cty_hash_equal(&again.result.submit.digest, &first.result.submit.digest));
    assert_int_equal(again.result.submit.follow_count, 2);
    assert_true(cty_bytes_equal(again.result.submit.follow[1].entry, first.result.submit.follow[1].entry));
    assert_true(house_check_receipts(h, &again) >= size);
    assert_int_equal(again.result.submit.follow[1].index, first.result.submit.own.index + 2);
    house_reply_done(&first);
    house_reply_done(&again);
    draft_done(&d);
    house_free(h);
}

static void the_same_id_for_another_statement_is_refused(void **state)
{
    struct house *h = house_ready();
    struct draft d, other;
    struct house_reply reply;
    (void)state;
    house_request(h, &d, "acme/bot", "refund", "{}");
    assert_ok(submit_copy(h, &d, &reply));
    house_reply_done(&reply);
    house_request(h, &other, "acme/bot", "refund", "{}");
    memcpy(other.st.id, d.st.id, 16);
    expect(h, &other, "duplicate-id");
    draft_done(&d);
    house_free(h);
}

static void a_refusal_is_signed_by_the_clerk(void **state)
{
    struct house *h = house_ready();
    struct draft d;
    struct house_reply reply;
    struct cty_signed parsed = {.signatures_count = 0};
    struct cty_refusal refusal;
    struct cty_hash digest;
    struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    (void)state;
    house_request(h, &d, "acme/bot", "refund", "{}");
    d.st.u.request.expires = 1;
    draft_sign(h, &d, &envelope, &digest);
    assert_refused(draft_submit(h, &d, &reply), "deadline-passed");
    assert_non_null(reply.answer.failure.refusal.data);
    assert_ok(cty_refusal_parse(reply.answer.failure.refusal, &parsed, &refusal, NULL));
    assert_ok(cty_claim_verify(&parsed, cty_secret_name(h->clerk), cty_secret_key(h->clerk)));
    assert_bytes_text(refusal.code, "deadline-passed");
    assert_bytes_text(refusal.ledger, HOUSE_ORIGIN);
    assert_true(cty_hash_equal(&refusal.digest, &digest));
    assert_int_equal(refusal.seen.size, house_size(h));
    cty_signed_done(&parsed);
    cty_buf_done(&envelope);
    house_reply_done(&reply);
    house_free(h);
}

/* Who can't sign gets no signature either. */
static void a_stranger_gets_no_signed_refusal(void **state)
{
    struct house *h = house_ready();
    struct draft d;
    struct house_reply reply;
    (void)state;
    house_request(h, &d, "acme/stranger", "refund", "{}");
    assert_refused(draft_submit(h, &d, &reply), "key-unknown");
    assert_null(reply.answer.failure.refusal.data);
    house_reply_done(&reply);
    house_free(h);
}

/* The signature of another, in the order of the rules: first what comes before signatures, then they. */
static void a_signature_that_does_not_verify_is_refused_in_its_place(void **state)
{
    struct house *h = house_ready();
    struct draft d;
    struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    (void)state;
    for (int wrong_ledger = 0; wrong_ledger < 2; wrong_ledger++) {
        struct cty_rpc_call call = {.rpc = CTY_RPC_SUBMIT};
        struct house_reply reply;
        const struct cty_secret *pal = house_secret(h, "acme/pal");
        house_request(h, &d, "acme/bot", "refund", "{}");
        if (wrong_ledger)
            d.st.ledger = cty_bytes_text("custody.example/another");
        cty_buf_clear(&envelope);
        assert_ok(cty_statement_sign(&d.st, &pal, 1, &envelope, NULL));
        call.params.u.submit.envelope = cty_buf_bytes(&envelope);
        assert_refused(house_call(h, &call, &reply), wrong_ledger ? "wrong-ledger" : "signature-invalid");
        assert_null(reply.answer.failure.refusal.data);
        house_reply_done(&reply);
        draft_done(&d);
    }
    cty_buf_done(&envelope);
    house_free(h);
}

static void nothing_but_a_statement_is_taken(void **state)
{
    static const struct {
        const char *envelope;
        const char *code;
    } cases[] = {
        {"", "bad-json"},
        {"{}", "bad-envelope"},
        {"{\"payload\":\"e30=\",\"payloadType\":\"text/plain\",\"signatures\":[]}", "bad-envelope"},
        {"{\"payload\":\"e30=\",\"payloadType\":\"text/plain\",\"signatures\":[{\"keyid\":\"00000000\",\"sig\":\"\"}]}",
         "bad-encoding"},
        {"{ \"payload\":\"\"}", "payload-not-canonical"},
    };
    struct house *h = house_ready();
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(cases); i++) {
        struct cty_rpc_call call = {.rpc = CTY_RPC_SUBMIT};
        struct house_reply reply;
        call.params.u.submit.envelope = cty_bytes_text(cases[i].envelope);
        assert_refused(house_call(h, &call, &reply), cases[i].code);
        house_reply_done(&reply);
    }
    house_free(h);
}

static void contents_have_to_be_those_of_the_statement(void **state)
{
    struct house *h = house_ready();
    struct draft d;
    (void)state;
    house_request(h, &d, "acme/bot", "refund", "{}");
    free(d.contents[0].content);
    d.contents_count = 0;
    expect(h, &d, "blob-missing");
    house_request(h, &d, "acme/bot", "refund", "{\"a\":1}");
    d.contents[0].content[5] = '2';
    expect(h, &d, "blob-mismatch");
    house_request(h, &d, "acme/bot", "refund", "{}");
    d.contents[0].salt[0] ^= 1;
    expect(h, &d, "blob-mismatch");
    house_request(h, &d, "acme/bot", "refund", "{}");
    draft_commit(&d, "state", "{}");
    expect(h, &d, "blob-foreign");
    house_request(h, &d, "acme/bot", "refund", "{}");
    draft_commit(&d, "payload", "{}");
    expect(h, &d, "blob-foreign");
    house_request(h, &d, "acme/bot", "refund", "{\"a\":1,\"a\":2}");
    expect(h, &d, "duplicate-member");
    house_request(h, &d, "acme/bot", "refund", "not json");
    expect(h, &d, "bad-json");
    house_request(h, &d, "acme/bot", "refund", "12345678901234567890.12");
    expect(h, &d, "bad-number");
    house_request(h, &d, "acme/bot", "refund", "{}");
    d.contents[0].staged = true;
    expect(h, &d, "blob-missing");
    house_free(h);
}

/* The ledger's rules come before the contents. */
static void a_refused_statement_is_not_asked_for_its_contents(void **state)
{
    struct house *h = house_ready();
    struct draft d;
    (void)state;
    house_request(h, &d, "acme/bot", "refund", "{}");
    d.contents[0].salt[0] ^= 1;
    d.st.u.request.expires = 1;
    expect(h, &d, "deadline-passed");
    house_free(h);
}

static custody_err patch(struct house *h, const struct cty_hash *case_id, const char *operations, const char *result)
{
    struct draft d;
    struct house_reply reply;
    house_patch(h, &d, case_id, "acme/b", operations, result);
    custody_err err = draft_submit(h, &d, &reply);
    house_reply_done(&reply);
    return err;
}

static void a_patch_gives_what_its_operations_make(void **state)
{
    struct house *h = house_ready();
    (void)state;
    struct cty_hash case_id = house_case(h, "acme/bot", "refund"); /* {"amount":"12.50"} */
    assert_refused(patch(h, &case_id, "[{\"op\":\"replace\",\"path\":\"/amount\",\"value\":\"9\"}]", "{\"amount\":\"8\"}"),
                   "result-mismatch");
    assert_refused(patch(h, &case_id, "[{\"op\":\"remove\",\"path\":\"/nothing\"}]", "{\"amount\":\"12.50\"}"),
                   "bad-pointer");
    assert_refused(patch(h, &case_id, "{}", "{\"amount\":\"12.50\"}"), "bad-patch");
    /* What means the same is not the same: every verifier compares bytes. */
    assert_refused(patch(h, &case_id, "[{\"op\":\"replace\",\"path\":\"/amount\",\"value\":\"9\"}]",
                         "{ \"amount\" : \"9\" }"), "result-mismatch");
    assert_ok(patch(h, &case_id, "[{\"op\":\"replace\",\"path\":\"/amount\",\"value\":\"9\"}]",
                    "{\"amount\":\"9\"}"));
    /* The second one changes what the first one made. */
    assert_refused(patch(h, &case_id, "[{\"op\":\"test\",\"path\":\"/amount\",\"value\":\"12.50\"}]", "{\"amount\":\"12.50\"}"),
                   "bad-patch");
    assert_ok(patch(h, &case_id, "[{\"op\":\"add\",\"path\":\"/note\",\"value\":\"x\"}]",
                    "{\"amount\":\"9\",\"note\":\"x\"}"));
    assert_case_state(h, &case_id, "HELD");
    house_free(h);
}

static void contents_may_be_staged_first(void **state)
{
    struct house *h = house_ready();
    struct cty_hash session = house_session(h, "acme/bot");
    struct draft d;
    struct house_reply reply;
    char salt[64], content[64];
    struct cty_buf text = CTY_BUF_INIT(256);
    (void)state;
    house_request(h, &d, "acme/bot", "refund", "{\"large\":true}");
    struct cty_rpc_call call = {.rpc = CTY_RPC_BLOB_STAGE, .params.session = {session, true}};
    call.params.u.blob_stage.commitment = d.st.u.request.payload;
    assert_ok(cty_base64_format(cty_bytes_make(d.contents[0].salt, 32), &text));
    snprintf(salt, sizeof(salt), "%s", cty_buf_text(&text));
    cty_buf_clear(&text);
    assert_ok(cty_base64_format(cty_bytes_text(d.contents[0].content), &text));
    snprintf(content, sizeof(content), "%s", cty_buf_text(&text));
    call.params.u.blob_stage.salt = cty_bytes_text(salt);
    call.params.u.blob_stage.content = cty_bytes_text(content);
    assert_ok(house_call(h, &call, &reply));
    house_reply_done(&reply);
    d.contents[0].staged = true;
    assert_ok(draft_submit(h, &d, &reply));
    house_check_receipts(h, &reply);
    house_reply_done(&reply);
    call.params.u.blob_stage.salt = cty_bytes_text("short");
    assert_refused(house_call(h, &call, &reply), "bad-params");
    house_reply_done(&reply);
    cty_buf_done(&text);
    house_free(h);
}

/* --- in company -------------------------------------------------------------------------------------------- */

static void add_submit(struct house *h, struct cty_buf *batch, const struct draft *d, int id)
{
    struct cty_buf params = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
    draft_params(h, d, &params);
    assert_ok(cty_buf_putf(batch, "%s{\"id\":%d,\"jsonrpc\":\"2.0\",\"method\":\"submit\",\"params\":%s}",
                           batch->size > 1 ? "," : "", id, cty_buf_text(&params)));
    cty_buf_done(&params);
}

/* Sends a batch and gives the codes of its answers. */
static void send_batch(struct house *h, struct cty_buf *batch, custody_err codes[], uint32_t count)
{
    struct cty_rpc_message message = {.json = CTY_JSON_INIT};
    union cty_rpc_result *result = calloc(1, sizeof(*result));
    assert_ok(cty_buf_put_text(batch, "]"));
    char *text = house_raw(h, cty_buf_text(batch));
    assert_non_null(text);
    assert_ok(cty_rpc_open(&message, cty_bytes_text(text), CTY_ANSWER_NODES_MAX, NULL));
    assert_int_equal(message.count, count);
    const struct cty_json_node *item = cty_rpc_first(&message);
    for (uint32_t i = 0; i < count; i++, item = cty_rpc_next(&message, item)) {
        struct cty_rpc_answer answer;
        assert_ok(cty_rpc_answer_read(&message, item, CTY_RPC_SUBMIT, &answer, result, NULL));
        assert_int_equal(answer.id.number, i + 1);
        codes[i] = answer.failed ? answer.failure.code : CUSTODY_OK;
    }
    cty_rpc_done(&message);
    free(text);
    free(result);
}

static void one_that_is_refused_does_not_harm_the_others(void **state)
{
    struct house *h = house_ready();
    struct cty_buf batch = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
    custody_err codes[5];
    (void)state;
    uint64_t before = house_size(h);
    assert_ok(cty_buf_put_text(&batch, "["));
    for (int i = 0; i < 5; i++) {
        struct draft d;
        house_request(h, &d, "acme/bot", "ping", "{}");
        if (i == 1)
            d.st.u.request.expires = 1;
        if (i == 3)
            d.contents[0].salt[0] ^= 1;
        add_submit(h, &batch, &d, i + 1);
        draft_done(&d);
    }
    send_batch(h, &batch, codes, 5);
    assert_ok(codes[0]);
    assert_refused(codes[1], "deadline-passed");
    assert_ok(codes[2]);
    assert_refused(codes[3], "blob-mismatch");
    assert_ok(codes[4]);
    assert_int_equal(house_size(h), before + 9);
    cty_buf_done(&batch);
    house_free(h);
}

/* A statement may rest on one before it in the same batch, which no snapshot shows yet. */
static void a_batch_is_judged_in_its_order(void **state)
{
    struct house *h = house_ready();
    struct cty_buf batch = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
    custody_err codes[4];
    struct draft d;
    (void)state;
    assert_ok(cty_buf_put_text(&batch, "["));
    house_request(h, &d, "acme/new", "ping", "{}");
    add_submit(h, &batch, &d, 1);
    draft_done(&d);
    house_enrol_agent(h, &d, "acme/new");
    add_submit(h, &batch, &d, 2);
    add_submit(h, &batch, &d, 3);
    draft_done(&d);
    house_request(h, &d, "acme/new", "ping", "{}");
    add_submit(h, &batch, &d, 4);
    draft_done(&d);
    send_batch(h, &batch, codes, 4);
    assert_refused(codes[0], "key-unknown");
    assert_ok(codes[1]);
    assert_ok(codes[2]); /* the same again */
    assert_ok(codes[3]);
    cty_buf_done(&batch);
    house_free(h);
}

static void a_whole_batch_fits_one_group(void **state)
{
    struct house *h = house_ready();
    struct cty_buf batch = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
    custody_err codes[CTY_BATCH_MAX];
    (void)state;
    uint64_t before = house_size(h);
    assert_ok(cty_buf_put_text(&batch, "["));
    for (unsigned i = 0; i < CTY_BATCH_MAX; i++) {
        struct draft d;
        house_request(h, &d, "acme/bot", "refund", "{}");
        add_submit(h, &batch, &d, (int)i + 1);
        draft_done(&d);
    }
    send_batch(h, &batch, codes, CTY_BATCH_MAX);
    for (unsigned i = 0; i < CTY_BATCH_MAX; i++)
        assert_ok(codes[i]);
    assert_int_equal(house_size(h), before + 2 * CTY_BATCH_MAX);
    cty_buf_done(&batch);
    house_free(h);
}

static void published_keys_are_refused_outside_of_development(void **state)
{
    struct house *h = house_ready();
    struct draft d;
    struct cty_hash seed = cty_sha256(cty_bytes_text("custody development key v1 acme/worker"));
    (void)state;
    assert_ok(cty_secret_from_seed(cty_bytes_text("acme/worker"), seed.bytes, &h->actors[h->actors_count]));
    h->actors_count++;
    house_enrol_agent(h, &d, "acme/worker");
    expect(h, &d, "development-key");
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_again_gets_the_same_entry),
        cmocka_unit_test(the_same_id_for_another_statement_is_refused),
        cmocka_unit_test(a_refusal_is_signed_by_the_clerk),
        cmocka_unit_test(a_stranger_gets_no_signed_refusal),
        cmocka_unit_test(a_signature_that_does_not_verify_is_refused_in_its_place),
        cmocka_unit_test(nothing_but_a_statement_is_taken),
        cmocka_unit_test(contents_have_to_be_those_of_the_statement),
        cmocka_unit_test(a_refused_statement_is_not_asked_for_its_contents),
        cmocka_unit_test(a_patch_gives_what_its_operations_make),
        cmocka_unit_test(contents_may_be_staged_first),
        cmocka_unit_test(one_that_is_refused_does_not_harm_the_others),
        cmocka_unit_test(a_batch_is_judged_in_its_order),
        cmocka_unit_test(a_whole_batch_fits_one_group),
        cmocka_unit_test(published_keys_are_refused_outside_of_development),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
