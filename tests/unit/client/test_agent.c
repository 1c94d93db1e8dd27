/* SPDX-License-Identifier: Apache-2.0 */
/* What an agent does with an honest custodian, from request to outcome. */
#include "unit/client/fake.h"
#include "unit/support.h"

#define POLICY                                                                                                     \
    "{\"admin_quorum\":2,\"rules\":[{\"effect\":\"deny\",\"match\":{\"action\":\"destroy\"}},"                     \
    "{\"effect\":\"pass\",\"match\":{\"action\":\"read\"}},"                                                       \
    "{\"approvals\":1,\"effect\":\"hold\",\"roles\":[\"approver\"]}]}"

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

static struct cty_ask ask_for(const char *action)
{
    return (struct cty_ask){.service = CTY_LITERAL("payments"), .action = cty_bytes_text(action),
                            .priority = CTY_PRIORITY_NORMAL, .payload = CTY_LITERAL("{\"to\":\"x\", \"amount\":5}"),
                            .state = CTY_LITERAL("step 7")};
}

static struct cty_hash request(struct fake *f, struct cty_client *client, const char *action)
{
    struct cty_ask ask = ask_for(action);
    struct cty_hash case_id;
    custody_error error = {0};
    (void)f;
    custody_err err = cty_agent_request(client, &ask, &case_id, NULL, &error);
    if (err != CUSTODY_OK)
        print_message("%s: %s\n", custody_err_name(err), error.detail);
    assert_ok(err);
    return case_id;
}

static enum cty_case_state wait_for(struct cty_client *client, const struct cty_hash *case_id, uint64_t timeout_ms)
{
    struct cty_judgement *judgement = NULL;
    custody_error error = {0};
    custody_err err = cty_agent_wait(client, case_id, timeout_ms, &judgement, &error);
    if (err != CUSTODY_OK)
        print_message("%s: %s\n", custody_err_name(err), error.detail);
    assert_ok(err);
    enum cty_case_state state = cty_agent_state(client, judgement);
    cty_judgement_free(judgement);
    return state;
}

static void approve(struct fake *f, const struct cty_hash *case_id)
{
    assert_ok(world_decide(f->w, case_id, "acme/eve", CTY_APPROVE));
    fake_follow(f);
}

static void what_passes_is_released_at_once(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = fake_client(f, NULL, "acme/bot", NULL);
    struct cty_ask ask = ask_for("read");
    struct cty_submitted submitted = {.refused = false};
    struct cty_hash case_id;
    assert_ok(cty_agent_request(client, &ask, &case_id, &submitted, NULL));
    assert_int_equal(submitted.follow_count, 2);
    assert_int_equal(submitted.follow[0].type, CTY_VERDICT);
    assert_int_equal(submitted.follow[1].type, CTY_RELEASE);
    assert_false(submitted.duplicate);
    assert_int_equal(wait_for(client, &case_id, 0), CTY_CASE_RELEASED);
    cty_submitted_done(&submitted);
    cty_client_close(client);
}

static void what_is_denied_is_refused_at_once(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = fake_client(f, NULL, "acme/bot", NULL);
    struct cty_hash case_id = request(f, client, "destroy");
    assert_int_equal(wait_for(client, &case_id, 0), CTY_CASE_REFUSED);
    cty_client_close(client);
}

static struct cty_hash waited;

static void approve_waited(struct fake *f)
{
    assert_ok(world_decide(f->w, &waited, "acme/eve", CTY_APPROVE));
}

static void reject_waited(struct fake *f)
{
    assert_ok(world_decide(f->w, &waited, "acme/eve", CTY_REJECT));
}

static void waiting_ends_with_the_approval(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = fake_client(f, NULL, "acme/bot", NULL);
    waited = request(f, client, "refund");
    f->on_wait = approve_waited;
    assert_int_equal(wait_for(client, &waited, 10000), CTY_CASE_RELEASED);
    cty_client_close(client);
}

static void waiting_ends_with_a_no(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = fake_client(f, NULL, "acme/bot", NULL);
    waited = request(f, client, "refund");
    f->on_wait = reject_waited;
    assert_int_equal(wait_for(client, &waited, 10000), CTY_CASE_REJECTED);
    cty_client_close(client);
}

static void waiting_ends_undecided_and_goes_on_in_another_process(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = fake_client(f, NULL, "acme/bot", NULL);
    struct cty_judgement *judgement = NULL;
    struct cty_hash case_id = request(f, client, "refund");
    assert_refused(cty_agent_wait(client, &case_id, 0, &judgement, NULL), "undecided");
    assert_refused(cty_agent_wait(client, &case_id, 300, &judgement, NULL), "undecided");
    cty_client_close(client);
    approve(f, &case_id);
    client = fake_client(f, NULL, "acme/bot", NULL);
    assert_int_equal(wait_for(client, &case_id, 0), CTY_CASE_RELEASED);
    cty_client_close(client);
}

static void a_deadline_ends_the_waiting_without_an_entry(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = fake_client(f, NULL, "acme/bot", NULL);
    struct cty_hash case_id = request(f, client, "refund");
    f->w->time += CTY_DECIDE_MS_DEFAULT + 1;
    assert_int_equal(wait_for(client, &case_id, 0), CTY_CASE_EXPIRED);
    cty_client_close(client);
}

static void an_interruption_ends_the_waiting(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = fake_client(f, NULL, "acme/bot", NULL);
    struct cty_judgement *judgement = NULL;
    struct cty_hash case_id = request(f, client, "refund");
    cty_client_interrupt(client);
    assert_refused(cty_agent_wait(client, &case_id, 60000, &judgement, NULL), "wait-interrupted");
    cty_client_resume(client);
    assert_refused(cty_agent_wait(client, &case_id, 0, &judgement, NULL), "undecided");
    cty_client_close(client);
}

static void a_release_is_consumed_once(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = fake_client(f, NULL, "acme/bot", NULL);
    struct cty_judgement *judgement = NULL;
    struct cty_submitted submitted = {.refused = false};
    struct cty_bytes payload;
    struct cty_hash case_id = request(f, client, "refund");
    assert_refused(cty_agent_consume(client, &case_id, &judgement, &payload, NULL, NULL), "undecided");
    approve(f, &case_id);
    assert_ok(cty_agent_consume(client, &case_id, &judgement, &payload, &submitted, NULL));
    assert_bytes_text(payload, "{\"to\":\"x\", \"amount\":5}"); /* to the byte as it was given */
    assert_int_equal(judgement->record.state, CTY_CASE_CONSUMED);
    assert_int_equal(submitted.own.type, CTY_CONSUME);
    cty_judgement_free(judgement);
    cty_submitted_done(&submitted);
    assert_refused(cty_agent_consume(client, &case_id, &judgement, &payload, NULL, NULL), "double-consume");
    assert_ok(cty_agent_outcome(client, &case_id, CTY_OUTCOME_FULFILLED, CTY_LITERAL("done"), NULL, NULL));
    assert_int_equal(world_state(f->w, &case_id), CTY_CASE_FULFILLED);
    /* The same again is the same; another one isn't. */
    assert_ok(cty_agent_outcome(client, &case_id, CTY_OUTCOME_FULFILLED, CTY_LITERAL("done"), NULL, NULL));
    assert_refused(cty_agent_outcome(client, &case_id, CTY_OUTCOME_FAILED, CTY_LITERAL(""), NULL, NULL),
                   "state-illegal");
    cty_client_close(client);
}

static void the_payload_is_the_patched_one(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = fake_client(f, NULL, "acme/bot", NULL);
    struct cty_judgement *judgement = NULL;
    struct cty_bytes payload, original;
    struct cty_hash case_id = request(f, client, "refund");
    assert_ok(world_patch(f->w, &case_id, "acme/eve",
                          "[{\"op\":\"replace\",\"path\":\"/amount\",\"value\":3}]", "{\"amount\":3,\"to\":\"x\"}"));
    approve(f, &case_id);
    assert_ok(cty_agent_consume(client, &case_id, &judgement, &payload, NULL, NULL));
    assert_bytes_text(payload, "{\"amount\":3,\"to\":\"x\"}");
    assert_ok(cty_judgement_original(judgement, &original));
    assert_bytes_text(original, "{\"to\":\"x\", \"amount\":5}");
    cty_judgement_free(judgement);
    cty_client_close(client);
}

static void a_new_process_finds_consumed_and_reports_unknown(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = fake_client(f, NULL, "acme/bot", NULL);
    struct cty_judgement *judgement = NULL;
    struct cty_bytes payload;
    struct cty_hash case_id = request(f, client, "read");
    assert_ok(cty_agent_consume(client, &case_id, &judgement, &payload, NULL, NULL));
    cty_judgement_free(judgement);
    cty_client_close(client);
    client = fake_client(f, NULL, "acme/bot", NULL);
    assert_refused(cty_agent_consume(client, &case_id, &judgement, &payload, NULL, NULL), "double-consume");
    assert_int_equal(f->calls[CTY_RPC_SUBMIT], 2); /* nothing was sent */
    assert_ok(cty_agent_outcome(client, &case_id, CTY_OUTCOME_UNKNOWN, CTY_LITERAL(""), NULL, NULL));
    assert_int_equal(world_state(f->w, &case_id), CTY_CASE_UNKNOWN);
    cty_client_close(client);
}

static void only_the_holder_consumes_and_reports(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = fake_client(f, NULL, "acme/bot", NULL);
    struct cty_client *other = fake_client(f, NULL, "acme/other", NULL);
    struct cty_judgement *judgement = NULL;
    struct cty_bytes payload;
    struct cty_hash case_id = request(f, client, "read");
    assert_refused(cty_agent_consume(other, &case_id, &judgement, &payload, NULL, NULL), "not-holder");
    assert_refused(cty_agent_outcome(other, &case_id, CTY_OUTCOME_FAILED, CTY_LITERAL(""), NULL, NULL), "not-holder");
    cty_client_close(other);
    cty_client_close(client);
}

static void an_executor_who_did_not_ask_acts(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = fake_client(f, NULL, "acme/bot", NULL);
    struct cty_client *other = fake_client(f, NULL, "acme/other", NULL);
    struct cty_judgement *judgement = NULL;
    struct cty_bytes payload;
    struct cty_ask ask = ask_for("read");
    struct cty_hash case_id;
    ask.executor = CTY_LITERAL("acme/other");
    assert_ok(cty_agent_request(client, &ask, &case_id, NULL, NULL));
    assert_int_equal(wait_for(client, &case_id, 0), CTY_CASE_RELEASED);
    assert_refused(cty_agent_consume(client, &case_id, &judgement, &payload, NULL, NULL), "not-holder");
    assert_ok(cty_agent_consume(other, &case_id, &judgement, &payload, NULL, NULL));
    cty_judgement_free(judgement);
    cty_client_close(other);
    cty_client_close(client);
}

static void what_lapsed_is_not_consumed(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = fake_client(f, NULL, "acme/bot", NULL);
    struct cty_judgement *judgement = NULL;
    struct cty_bytes payload;
    struct cty_hash case_id = request(f, client, "read");
    /* Within what clocks may be off the ledger has the word, beyond it nothing is sent. */
    f->w->time += CTY_USE_MS_DEFAULT + 1;
    assert_refused(cty_agent_consume(client, &case_id, &judgement, &payload, NULL, NULL), "deadline-passed");
    assert_int_equal(f->calls[CTY_RPC_SUBMIT], 2);
    f->w->time += CTY_SESSION_SKEW_MS_MAX;
    assert_refused(cty_agent_consume(client, &case_id, &judgement, &payload, NULL, NULL), "deadline-passed");
    assert_int_equal(f->calls[CTY_RPC_SUBMIT], 2);
    cty_client_close(client);
}

static void what_was_rejected_is_not_consumed(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = fake_client(f, NULL, "acme/bot", NULL);
    struct cty_judgement *judgement = NULL;
    struct cty_bytes payload;
    struct cty_hash case_id = request(f, client, "refund");
    assert_ok(world_decide(f->w, &case_id, "acme/eve", CTY_REJECT));
    fake_follow(f);
    assert_refused(cty_agent_consume(client, &case_id, &judgement, &payload, NULL, NULL), "state-illegal");
    cty_client_close(client);
}

static void a_case_is_taken_back(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = fake_client(f, NULL, "acme/bot", NULL);
    struct cty_hash case_id = request(f, client, "refund");
    assert_ok(cty_agent_cancel(client, &case_id, CTY_LITERAL("not needed"), NULL, NULL));
    assert_int_equal(wait_for(client, &case_id, 0), CTY_CASE_CANCELLED);
    assert_ok(cty_agent_cancel(client, &case_id, CTY_LITERAL(""), NULL, NULL));
    struct cty_hash denied = request(f, client, "destroy");
    assert_refused(cty_agent_cancel(client, &denied, CTY_LITERAL(""), NULL, NULL), "state-illegal");
    cty_client_close(client);
}

static void a_case_may_belong_to_another(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = fake_client(f, NULL, "acme/bot", NULL);
    struct cty_ask ask = ask_for("read");
    struct cty_hash case_id;
    ask.parent = (struct cty_opt_hash){request(f, client, "refund"), true};
    custody_error error = {0};
    custody_err err = cty_agent_request(client, &ask, &case_id, NULL, &error);
    assert_string_equal(error.detail, "");
    assert_ok(err);
    assert_int_equal(wait_for(client, &case_id, 0), CTY_CASE_RELEASED);
    cty_client_close(client);
}

static void a_payload_that_is_no_json_is_refused_before_it_is_sent(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = fake_client(f, NULL, "acme/bot", NULL);
    struct cty_ask ask = ask_for("read");
    struct cty_hash case_id;
    custody_error error = {0};
    ask.payload = CTY_LITERAL("{\"a\":1,\"a\":2}");
    assert_refused(cty_agent_request(client, &ask, &case_id, NULL, &error), "duplicate-member");
    assert_non_null(strstr(error.detail, "payload"));
    ask = ask_for("read");
    ask.facts = CTY_LITERAL("[1]");
    assert_refused(cty_agent_request(client, &ask, &case_id, NULL, &error), "bad-member");
    ask = ask_for("with space");
    assert_refused(cty_agent_request(client, &ask, &case_id, NULL, &error), "bad-member");
    assert_int_equal(f->calls[CTY_RPC_SUBMIT], 0);
    cty_client_close(client);
}

static void large_contents_are_staged(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = fake_client(f, NULL, "acme/bot", NULL);
    struct cty_ask ask = ask_for("read");
    struct cty_hash case_id;
    struct cty_judgement *judgement = NULL;
    struct cty_bytes content;
    size_t size = CTY_BLOB_BYTES_MAX - 2;
    char *text = malloc(size + 3);
    text[0] = '"';
    memset(text + 1, 'x', size);
    text[size + 1] = '"';
    ask.payload = cty_bytes_make(text, size + 2);
    ask.schema = cty_bytes_make(text, size + 2);
    ask.state = cty_bytes_make(text, size);
    custody_error error = {0};
    custody_err err = cty_agent_request(client, &ask, &case_id, NULL, &error);
    assert_string_equal(error.detail, "");
    assert_ok(err);
    assert_int_equal(f->calls[CTY_RPC_BLOB_STAGE], 1);
    assert_ok(cty_agent_wait(client, &case_id, 0, &judgement, NULL));
    assert_ok(cty_judgement_content(judgement, &case_id, "state", &content));
    assert_int_equal(content.size, size);
    cty_judgement_free(judgement);
    free(text);
    cty_client_close(client);
}

static void without_a_key_nothing_is_asked(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = fake_client(f, NULL, NULL, NULL);
    struct cty_ask ask = ask_for("read");
    struct cty_hash case_id;
    assert_refused(cty_agent_request(client, &ask, &case_id, NULL, NULL), "session-needed");
    cty_client_close(client);
}

static size_t entries_judged(struct cty_client *client, const struct cty_hash *case_id)
{
    struct cty_judgement *judgement = NULL;
    assert_ok(cty_client_judge(client, case_id, CTY_GATHER_CONTENTS, &judgement, NULL));
    assert_ok(cty_judgement_check(judgement, NULL));
    size_t count = cty_evidence_entries(judgement->evidence);
    cty_judgement_free(judgement);
    return count;
}

static void the_trust_chain_is_judged_once(void **state)
{
    struct fake *f = *state;
    struct cty_client *client = fake_client(f, NULL, "acme/bot", NULL);
    struct cty_hash first = request(f, client, "refund");
    size_t whole = entries_judged(client, &first);
    assert_true(whole > 5);
    assert_int_equal(entries_judged(client, &first), 2); /* request and verdict */
    assert_ok(world_agent(f->w, "acme/newcomer", "acme/a"));
    fake_follow(f);
    assert_int_equal(entries_judged(client, &first), 3);
    struct cty_hash second = request(f, client, "refund");
    assert_int_equal(entries_judged(client, &second), 3);
    assert_int_equal(entries_judged(client, &second), 2);
    /* The newcomer came behind the first case: that one is judged from the beginning. */
    assert_int_equal(entries_judged(client, &first), whole + 1);
    approve(f, &second);
    assert_int_equal(wait_for(client, &second, 0), CTY_CASE_RELEASED);
    struct cty_judgement *judgement = NULL;
    struct cty_bytes payload;
    assert_ok(cty_agent_consume(client, &second, &judgement, &payload, NULL, NULL));
    cty_judgement_free(judgement);
    cty_client_close(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_passes_is_released_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(the_trust_chain_is_judged_once, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_denied_is_refused_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(waiting_ends_with_the_approval, setup, teardown),
        cmocka_unit_test_setup_teardown(waiting_ends_with_a_no, setup, teardown),
        cmocka_unit_test_setup_teardown(waiting_ends_undecided_and_goes_on_in_another_process, setup, teardown),
        cmocka_unit_test_setup_teardown(a_deadline_ends_the_waiting_without_an_entry, setup, teardown),
        cmocka_unit_test_setup_teardown(an_interruption_ends_the_waiting, setup, teardown),
        cmocka_unit_test_setup_teardown(a_release_is_consumed_once, setup, teardown),
        cmocka_unit_test_setup_teardown(the_payload_is_the_patched_one, setup, teardown),
        cmocka_unit_test_setup_teardown(a_new_process_finds_consumed_and_reports_unknown, setup, teardown),
        cmocka_unit_test_setup_teardown(only_the_holder_consumes_and_reports, setup, teardown),
        cmocka_unit_test_setup_teardown(an_executor_who_did_not_ask_acts, setup, teardown),
        cmocka_unit_test_setup_teardown(what_lapsed_is_not_consumed, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_rejected_is_not_consumed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_case_is_taken_back, setup, teardown),
        cmocka_unit_test_setup_teardown(a_case_may_belong_to_another, setup, teardown),
        cmocka_unit_test_setup_teardown(a_payload_that_is_no_json_is_refused_before_it_is_sent, setup, teardown),
        cmocka_unit_test_setup_teardown(large_contents_are_staged, setup, teardown),
        cmocka_unit_test_setup_teardown(without_a_key_nothing_is_asked, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
