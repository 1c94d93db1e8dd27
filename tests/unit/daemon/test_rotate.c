/* SPDX-License-Identifier: Apache-2.0 */
/* Keys over time, and the end of a ledger. */
#include <unistd.h>

#include "ledger/note.h"
#include "model/envelope.h"
#include "unit/daemon/house.h"

#define CLERK HOUSE_ORIGIN "/clerk"

/* --- the custodian's keys ----------------------------------------------------------------------------------- */

static void begin_rotation(struct house *h, struct draft *d, enum cty_custodian_key which,
                           const struct cty_secret *fresh)
{
    static const char *const signers[] = {"operator/ada", "operator/otto", "new", NULL};
    h->fresh = fresh;
    draft_begin(h, d, CTY_CUSTODIAN_ROTATE, signers);
    d->st.u.custodian_rotate.which = (int)which;
    house_put_vkey(d, fresh, &d->st.u.custodian_rotate.key);
}

/* From here on the old key is not needed any more. */
static void take_log(struct house *h)
{
    cty_secret_free(h->log);
    h->log = h->next_log;
    h->next_log = NULL;
}

static void take_clerk(struct house *h)
{
    cty_secret_free(h->clerk);
    h->clerk = h->next_clerk;
    h->next_clerk = NULL;
}

/* Starts it again with the next keys at hand. */
static void restart_with(struct house *h, struct cty_secret *log, struct cty_secret *clerk)
{
    house_close(h);
    h->next_log = log;
    h->next_clerk = clerk;
    house_open(h);
}

static void check_info(struct house *h, uint32_t rotations, uint64_t newest, const char *state)
{
    struct cty_rpc_call call = {.rpc = CTY_RPC_INFO};
    struct house_reply reply;
    struct cty_checkpoint checkpoint;
    struct draft d = {.texts_count = 0};
    struct cty_bytes log, clerk;
    house_put_vkey(&d, h->log, &log);
    house_put_vkey(&d, h->clerk, &clerk);
    assert_ok(house_call(h, &call, &reply));
    assert_true(cty_bytes_equal(reply.result.info.log_key, log));
    assert_true(cty_bytes_equal(reply.result.info.clerk_key, clerk));
    assert_int_equal(reply.result.info.rotations_count, rotations);
    if (rotations)
        assert_int_equal(reply.result.info.rotations[rotations - 1], newest);
    assert_string_equal(cty_service_state_names[reply.result.info.state], state);
    assert_ok(cty_checkpoint_open(reply.result.info.checkpoint, cty_bytes_text(HOUSE_ORIGIN), cty_secret_key(h->log),
                                  &checkpoint));
    assert_int_equal(checkpoint.size, house_size(h));
    house_reply_done(&reply);
    draft_done(&d);
}

static custody_err open_refusal(const struct house_reply *reply, const struct cty_secret *clerk)
{
    struct cty_signed parsed = {.signatures_count = 0};
    struct cty_refusal refusal;
    assert_non_null(reply->answer.failure.refusal.data);
    assert_ok(cty_refusal_parse(reply->answer.failure.refusal, &parsed, &refusal, NULL));
    custody_err err = cty_claim_verify(&parsed, cty_secret_name(clerk), cty_secret_key(clerk));
    cty_signed_done(&parsed);
    return err;
}

static void a_key_that_is_not_held_is_not_rotated_to(void **state)
{
    static const char *const names[] = {HOUSE_ORIGIN, CLERK};
    struct house *h = house_ready();
    (void)state;
    for (int which = 0; which < 2; which++) {
        struct cty_secret *other = house_make_key(names[which], "another");
        struct house_reply reply;
        struct draft d;
        uint64_t before = house_size(h);
        begin_rotation(h, &d, (enum cty_custodian_key)which, other);
        assert_refused(draft_submit(h, &d, &reply), "key-not-held");
        assert_ok(open_refusal(&reply, h->clerk));
        assert_int_equal(house_size(h), before);
        house_reply_done(&reply);
        cty_secret_free(other);
    }
    check_info(h, 0, 0, "serving");
    house_case(h, "acme/bot", "ping");
    house_free(h);
}

static void the_rules_come_before_the_keys_at_hand(void **state)
{
    struct house *h = house_ready();
    struct cty_secret *other = house_make_key(HOUSE_ORIGIN, "another");
    struct draft d;
    (void)state;
    begin_rotation(h, &d, CTY_CUSTODIAN_LOG, other);
    d.st.signers_count = 2;
    d.st.signers[1] = cty_bytes_text("new");
    house_refused(h, &d, "under-threshold");
    begin_rotation(h, &d, CTY_CUSTODIAN_LOG, h->log);
    house_refused(h, &d, "duplicate-key");
    cty_secret_free(other);
    house_free(h);
}

static void a_new_log_key_signs_from_its_entry_on(void **state)
{
    struct house *h = house_ready();
    struct house_reply reply;
    struct draft d;
    (void)state;
    restart_with(h, house_make_key(HOUSE_ORIGIN, "second log"), NULL);
    house_case(h, "acme/bot", "ping");
    begin_rotation(h, &d, CTY_CUSTODIAN_LOG, h->next_log);
    assert_ok(draft_submit(h, &d, &reply));
    uint64_t index = reply.result.submit.own.index;
    take_log(h);
    assert_int_equal(house_check_receipts(h, &reply), index + 1);
    house_reply_done(&reply);
    check_info(h, 1, index, "serving");
    house_request(h, &d, "acme/bot", "ping", "{}");
    assert_ok(draft_submit(h, &d, &reply));
    house_check_receipts(h, &reply);
    house_reply_done(&reply);
    /* Again: a third key is not held, and the first is known for ever. */
    struct cty_secret *third = house_make_key(HOUSE_ORIGIN, "third log");
    begin_rotation(h, &d, CTY_CUSTODIAN_LOG, third);
    house_refused(h, &d, "key-not-held");
    restart_with(h, third, NULL);
    check_info(h, 1, index, "serving");
    begin_rotation(h, &d, CTY_CUSTODIAN_LOG, third);
    house_stands(h, &d);
    take_log(h);
    check_info(h, 2, house_size(h) - 1, "serving");
    house_close(h);
    house_open(h);
    check_info(h, 2, house_size(h) - 1, "serving");
    house_free(h);
}

/* The verdict of an entry that was answered is signed by this key. */
static void check_clerk(const struct house_reply *reply, const struct cty_secret *clerk)
{
    struct cty_parsed_entry parsed = {.json = CTY_JSON_INIT};
    struct cty_bytes name = cty_bytes_text(CLERK);
    assert_true(reply->result.submit.follow_count > 0);
    for (uint32_t i = 0; i < reply->result.submit.follow_count; i++) {
        assert_ok(cty_entry_parse(reply->result.submit.follow[i].entry, &parsed, NULL));
        assert_ok(cty_signed_verify(&parsed.signed_statement, 0, name, cty_secret_key(clerk)));
    }
    cty_parsed_entry_done(&parsed);
}

static void a_new_clerk_key_signs_what_comes_next(void **state)
{
    struct house *h = house_ready();
    struct house_reply reply;
    struct draft d;
    (void)state;
    restart_with(h, NULL, house_make_key(CLERK, "second clerk"));
    house_request(h, &d, "acme/bot", "ping", "{}");
    assert_ok(draft_submit(h, &d, &reply));
    check_clerk(&reply, h->clerk);
    house_reply_done(&reply);
    begin_rotation(h, &d, CTY_CUSTODIAN_CLERK, h->next_clerk);
    house_stands(h, &d);
    uint64_t index = house_size(h) - 1;
    take_clerk(h);
    house_request(h, &d, "acme/bot", "ping", "{}");
    assert_ok(draft_submit(h, &d, &reply));
    check_clerk(&reply, h->clerk);
    house_check_receipts(h, &reply);
    house_reply_done(&reply);
    house_request(h, &d, "acme/bot", "refund", "{}");
    d.st.u.request.expires = 1;
    assert_refused(draft_submit(h, &d, &reply), "deadline-passed");
    assert_ok(open_refusal(&reply, h->clerk));
    house_reply_done(&reply);
    check_info(h, 1, index, "serving");
    /* The clerk's own: what falls due. */
    struct cty_hash case_id = house_case(h, "acme/bot", "refund");
    uint64_t size = house_size(h);
    house_pass(h, 25 * HOUR_MS);
    house_wait_size(h, size + 1);
    assert_case_state(h, &case_id, "EXPIRED");
    house_close(h);
    house_open(h);
    check_info(h, 1, index, "serving");
    house_free(h);
}

/* --- several in one message, which are judged in one group -------------------------------------------------- */

struct batch {
    struct cty_buf text;
    unsigned count;
    char *raw;
    struct cty_rpc_message message;
    struct cty_rpc_answer answers[CTY_BATCH_MAX];
    union cty_rpc_result results[CTY_BATCH_MAX];
};

static void batch_begin(struct batch *b)
{
    memset(b, 0, sizeof(*b));
    b->text = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
    assert_ok(cty_buf_put_text(&b->text, "["));
}

static void batch_add(struct house *h, struct batch *b, struct draft *d)
{
    struct cty_buf params = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
    draft_params(h, d, &params);
    assert_ok(cty_buf_putf(&b->text, "%s{\"id\":%u,\"jsonrpc\":\"2.0\",\"method\":\"submit\",\"params\":%s}",
                           b->count ? "," : "", b->count + 1, cty_buf_text(&params)));
    b->count++;
    cty_buf_done(&params);
    draft_done(d);
}

static void batch_send(struct house *h, struct batch *b)
{
    assert_ok(cty_buf_put_text(&b->text, "]"));
    b->raw = house_raw(h, cty_buf_text(&b->text));
    assert_non_null(b->raw);
    assert_ok(cty_rpc_open(&b->message, cty_bytes_text(b->raw), CTY_ANSWER_NODES_MAX, NULL));
    const struct cty_json_node *item = cty_rpc_first(&b->message);
    for (unsigned i = 0; i < b->count; i++, item = cty_rpc_next(&b->message, item))
        assert_ok(cty_rpc_answer_read(&b->message, item, CTY_RPC_SUBMIT, &b->answers[i], &b->results[i], NULL));
}

static custody_err batch_code(const struct batch *b, unsigned number)
{
    return b->answers[number].failed ? b->answers[number].failure.code : CUSTODY_OK;
}

static void batch_done(struct batch *b)
{
    cty_rpc_done(&b->message);
    cty_buf_done(&b->text);
    free(b->raw);
}

static uint64_t covered_by(struct house *h, const union cty_rpc_result *result)
{
    struct house_reply reply = {.result = *result};
    return house_check_receipts(h, &reply);
}

/* Statements that keep the custodian busy for a moment, so that those behind them come in one group. */
#define BEFORE 24u

static void both_keys_change_within_a_group(void **state)
{
    static struct batch b;
    struct house *h = house_ready();
    struct house_reply reply = {.text = {NULL}};
    struct draft d;
    (void)state;
    restart_with(h, house_make_key(HOUSE_ORIGIN, "second log"), house_make_key(CLERK, "second clerk"));
    batch_begin(&b);
    for (unsigned i = 0; i < BEFORE; i++) {
        house_request(h, &d, "acme/bot", "ping", "{}");
        batch_add(h, &b, &d);
    }
    begin_rotation(h, &d, CTY_CUSTODIAN_CLERK, h->next_clerk);
    batch_add(h, &b, &d);
    house_request(h, &d, "acme/bot", "ping", "{}");
    batch_add(h, &b, &d);
    begin_rotation(h, &d, CTY_CUSTODIAN_LOG, h->next_log);
    batch_add(h, &b, &d);
    house_request(h, &d, "acme/bot", "ping", "{}");
    batch_add(h, &b, &d);
    batch_send(h, &b);
    take_log(h);
    take_clerk(h);
    for (unsigned i = 0; i < b.count; i++)
        assert_ok(batch_code(&b, i));
    for (unsigned i = BEFORE + 1; i < b.count; i += 2) {
        reply.result = b.results[i];
        check_clerk(&reply, h->clerk);
    }
    /* Whatever groups they came in, what covers the rotation is signed by the new key. */
    uint64_t size = covered_by(h, &b.results[BEFORE + 3]);
    if (covered_by(h, &b.results[BEFORE + 2]) != size)
        print_message("they came in two groups, on a machine that is slow today\n");
    check_info(h, 2, b.results[BEFORE + 2].submit.own.index, "serving");
    batch_done(&b);
    house_free(h);
}

/* --- which file holds the key in force ---------------------------------------------------------------------- */

static custody_err check_with(struct house *h, const struct cty_secret *log, const struct cty_secret *next_log,
                              const struct cty_secret *clerk, const struct cty_secret *next_clerk,
                              struct cty_daemon_facts *ret_facts, custody_error *error)
{
    struct cty_daemon_options options = {.config = &h->config, .log = log, .clerk = clerk, .next_log = next_log,
                                         .next_clerk = next_clerk, .clock = &h->clock};
    struct cty_daemon *daemon = NULL;
    custody_err err = cty_daemon_check_ledger(&options, ret_facts, error);
    custody_err started = cty_daemon_start(&options, &daemon, error);
    assert_int_equal(err, started);
    cty_daemon_stop(daemon, 0);
    return err;
}

static void the_key_in_force_is_found_under_either_name(void **state)
{
    struct house *h = house_ready();
    struct cty_secret *log = house_make_key(HOUSE_ORIGIN, "second log"), *clerk = house_make_key(CLERK, "second clerk");
    struct cty_secret *stranger = house_make_key(HOUSE_ORIGIN, "stranger");
    struct cty_daemon_facts facts = {.closed = true};
    custody_error error = {0};
    struct draft d;
    (void)state;
    restart_with(h, log, clerk);
    begin_rotation(h, &d, CTY_CUSTODIAN_LOG, log);
    house_stands(h, &d);
    house_close(h);
    assert_ok(check_with(h, h->log, log, h->clerk, clerk, &facts, &error));
    assert_true(facts.next_log);
    assert_false(facts.next_clerk);
    assert_false(facts.closed);
    /* The names were moved; the next one may name the same file still. */
    assert_ok(check_with(h, log, NULL, h->clerk, NULL, &facts, &error));
    assert_false(facts.next_log);
    assert_ok(check_with(h, log, log, h->clerk, NULL, &facts, &error));
    assert_false(facts.next_log);
    assert_refused(check_with(h, h->log, NULL, h->clerk, clerk, &facts, &error), "config");
    assert_non_null(strstr(error.detail, "no log key that was given is the ledger's"));
    assert_refused(check_with(h, h->log, stranger, h->clerk, clerk, &facts, &error), "config");
    assert_refused(check_with(h, log, NULL, clerk, NULL, &facts, &error), "config");
    assert_non_null(strstr(error.detail, "no clerk key that was given is the ledger's"));
    /* A key that is named otherwise is none, and no key serves twice. */
    assert_refused(check_with(h, log, NULL, h->clerk, stranger, &facts, &error), "config");
    struct cty_hash seed = cty_sha256(cty_bytes_text("second log"));
    struct cty_secret *same = NULL;
    assert_ok(cty_secret_from_seed(cty_bytes_text(CLERK), seed.bytes, &same));
    assert_refused(check_with(h, log, NULL, h->clerk, same, &facts, &error), "duplicate-key");
    cty_secret_free(same);
    cty_secret_free(stranger);
    house_free(h);
}

static void published_keys_are_not_rotated_to(void **state)
{
    struct house *h = house_ready();
    struct cty_secret *known = house_make_key(HOUSE_ORIGIN, "custody development key v1 acme/worker");
    custody_error error = {0};
    struct draft d;
    (void)state;
    house_close(h);
    h->next_log = known;
    assert_refused(house_try_open(h, false, &error), "development-key");
    h->next_log = NULL;
    house_open(h);
    static const char *const signers[] = {"acme/bot", "new", NULL};
    struct cty_secret *worker = house_make_key("acme/bot", "custody development key v1 acme/worker");
    assert_true(cty_key_is_development(cty_secret_key(worker)));
    h->fresh = worker;
    draft_begin(h, &d, CTY_ACTOR_ROTATE, signers);
    house_put_vkey(&d, worker, &d.st.u.actor_rotate.key);
    house_refused(h, &d, "development-key");
    cty_secret_free(worker);
    begin_rotation(h, &d, CTY_CUSTODIAN_LOG, known);
    house_refused(h, &d, "development-key");
    cty_secret_free(known);
    house_free(h);
}

/* --- an actor's key ------------------------------------------------------------------------------------------ */

static void begin_actor_rotation(struct house *h, struct draft *d, const char *actor, const struct cty_secret *fresh)
{
    const char *const signers[] = {actor, "new", NULL};
    h->fresh = fresh;
    draft_begin(h, d, CTY_ACTOR_ROTATE, signers);
    house_put_vkey(d, fresh, &d->st.u.actor_rotate.key);
}

static custody_err list(struct house *h, const struct cty_hash *session)
{
    struct cty_rpc_call call = {.rpc = CTY_RPC_CASE_LIST};
    struct house_reply reply;
    call.params.session = (struct cty_opt_hash){*session, true};
    custody_err err = house_call(h, &call, &reply);
    house_reply_done(&reply);
    return err;
}

static void a_session_ends_with_the_key_that_opened_it(void **state)
{
    struct house *h = house_ready();
    struct cty_secret *fresh = house_make_key("acme/bot", "second bot");
    struct cty_hash old = house_session(h, "acme/bot"), pal = house_session(h, "acme/pal"), session;
    struct draft d;
    (void)state;
    assert_ok(list(h, &old));
    begin_actor_rotation(h, &d, "acme/bot", fresh);
    house_stands(h, &d);
    assert_refused(list(h, &old), "session-needed");
    assert_refused(house_try_session(h, "acme/bot", NULL, &session), "bad-session");
    house_request(h, &d, "acme/bot", "ping", "{}");
    house_refused(h, &d, "signature-invalid");
    house_set_secret(h, "acme/bot", fresh);
    session = house_session(h, "acme/bot");
    assert_ok(list(h, &session));
    /* The end of the old session was not the end of the new one. */
    assert_refused(list(h, &old), "session-needed");
    assert_ok(list(h, &session));
    assert_ok(list(h, &pal));
    house_case(h, "acme/bot", "ping");
    house_free(h);
}

/* Signatures are verified against a snapshot; a rotation before them in the same group is what counts. */
static void the_present_key_decides(void **state)
{
    static struct batch b;
    struct house *h = house_ready();
    struct cty_secret *fresh = house_make_key("acme/bot", "second bot");
    struct draft d, later;
    (void)state;
    batch_begin(&b);
    house_request(h, &d, "acme/bot", "ping", "{}");
    batch_add(h, &b, &d);
    begin_actor_rotation(h, &d, "acme/bot", fresh);
    house_request(h, &later, "acme/bot", "ping", "{}");
    batch_add(h, &b, &d);
    batch_add(h, &b, &later); /* by the old key */
    house_request(h, &later, "acme/bot", "ping", "{}");
    house_set_secret(h, "acme/bot", fresh);
    batch_add(h, &b, &later);
    batch_send(h, &b);
    assert_ok(batch_code(&b, 0));
    assert_ok(batch_code(&b, 1));
    assert_refused(batch_code(&b, 2), "signature-invalid");
    assert_null(b.answers[2].failure.refusal.data);
    assert_ok(batch_code(&b, 3));
    batch_done(&b);
    house_case(h, "acme/bot", "refund");
    house_free(h);
}

/* --- the end -------------------------------------------------------------------------------------------------- */

static void begin_close(struct house *h, struct draft *d)
{
    static const char *const signers[] = {"operator/ada", "operator/otto", NULL};
    draft_begin(h, d, CTY_LEDGER_CLOSE, signers);
    d->st.u.ledger_close.size = house_size(h) + 1;
}

static void nothing_follows_the_end(struct house *h, const struct cty_hash *case_id)
{
    struct draft d;
    struct house_reply reply;
    struct cty_rpc_call stage = {.rpc = CTY_RPC_BLOB_STAGE};
    check_info(h, 0, 0, "closed");
    house_request(h, &d, "acme/bot", "ping", "{}");
    assert_refused(draft_submit(h, &d, &reply), "after-terminal");
    assert_ok(open_refusal(&reply, h->clerk));
    house_reply_done(&reply);
    begin_close(h, &d);
    house_refused(h, &d, "after-terminal");
    stage.params.session = (struct cty_opt_hash){house_session(h, "acme/bot"), true};
    stage.params.u.blob_stage.commitment = *case_id;
    stage.params.u.blob_stage.content = cty_bytes_text("aGVsbG8=");
    stage.params.u.blob_stage.salt = cty_bytes_text("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    assert_refused(house_call(h, &stage, &reply), "after-terminal");
    house_reply_done(&reply);
}

static void a_closed_ledger_is_read_and_no_more(void **state)
{
    struct house *h = house_ready();
    struct cty_hash case_id = house_case(h, "acme/bot", "refund");
    struct cty_buf params = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX), text = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
    struct draft d;
    (void)state;
    begin_close(h, &d);
    d.st.u.ledger_close.size++;
    house_refused(h, &d, "wrong-size");
    check_info(h, 0, 0, "serving");
    begin_close(h, &d);
    draft_params(h, &d, &params);
    house_stands(h, &d);
    nothing_follows_the_end(h, &case_id);
    uint64_t size = house_size(h);
    /* It was there: so it is answered. */
    assert_ok(cty_buf_putf(&text, "{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"submit\",\"params\":%s}",
                           cty_buf_text(&params)));
    char *again = house_raw(h, cty_buf_text(&text));
    assert_non_null(strstr(again, "\"duplicate\":true"));
    free(again);
    /* Deadlines bind without an entry, and none comes. */
    house_pass(h, 25 * HOUR_MS);
    usleep(600000);
    assert_int_equal(house_size(h), size);
    assert_case_state(h, &case_id, "EXPIRED");
    house_close(h);
    house_open(h);
    assert_int_equal(house_size(h), size);
    nothing_follows_the_end(h, &case_id);
    assert_case_state(h, &case_id, "EXPIRED");
    cty_buf_done(&params);
    cty_buf_done(&text);
    house_free(h);
}

/* A clock that stepped changes nothing about it: there is nothing to append. */
static void a_closed_ledger_needs_no_clock(void **state)
{
    struct house *h = house_ready();
    struct cty_hash case_id = house_case(h, "acme/bot", "refund");
    struct draft d;
    (void)state;
    begin_close(h, &d);
    house_stands(h, &d);
    house_step_wall(h, -(int64_t)HOUR_MS);
    house_request(h, &d, "acme/bot", "ping", "{}");
    house_refused(h, &d, "after-terminal");
    house_close(h);
    house_open(h);
    check_info(h, 0, 0, "closed");
    assert_case_state(h, &case_id, "HELD");
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_that_is_not_held_is_not_rotated_to),
        cmocka_unit_test(the_rules_come_before_the_keys_at_hand),
        cmocka_unit_test(a_new_log_key_signs_from_its_entry_on),
        cmocka_unit_test(a_new_clerk_key_signs_what_comes_next),
        cmocka_unit_test(both_keys_change_within_a_group),
        cmocka_unit_test(the_key_in_force_is_found_under_either_name),
        cmocka_unit_test(published_keys_are_not_rotated_to),
        cmocka_unit_test(a_session_ends_with_the_key_that_opened_it),
        cmocka_unit_test(the_present_key_decides),
        cmocka_unit_test(a_closed_ledger_is_read_and_no_more),
        cmocka_unit_test(a_closed_ledger_needs_no_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
