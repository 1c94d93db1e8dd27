/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements and contents that can't stand, over a real door: each is refused with its own code, nothing is written, and
 * the next one is served. What is refused although its signatures hold leaves a refusal signed by the clerk.
 */
#include "scene.h"

#include <pthread.h>

#include "base/check.h"
#include "proto/claims.h"

static struct scene *the_scene;

static int set_up(void **state)
{
    *state = the_scene = scene_new(NULL);
    return 0;
}

/* ---- bodies that are not of their form ---- */

/* Signs a body as it stands. */
static const char *submit_body(struct scene *scene, enum cty_type type, struct cty_bytes body)
{
    struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX * 2);
    const struct cty_secret *secrets[] = {house_secret(scene->house, "acme/agent")};
    must(cty_envelope_sign(cty_bytes_text(cty_type_payload_type(type)), body, secrets, 1, &envelope));
    const char *code = wire_submit(&scene->wire, cty_buf_bytes(&envelope), scene->draft->contents,
                                   scene->draft->contents_count);
    cty_buf_done(&envelope);
    return code;
}

/* A lawful request with this in place of its last bracket. */
static const char *submit_with(struct scene *scene, const char *ending)
{
    struct cty_buf body = CTY_BUF_INIT(CTY_STATEMENT_BYTES_MAX * 2);
    draft_request(scene->agent, "refund", scene->draft);
    must(cty_statement_encode(&scene->draft->statement, &body));
    body.size--;
    must(cty_buf_put_text(&body, ending));
    const char *code = submit_body(scene, CTY_REQUEST, cty_buf_bytes(&body));
    cty_buf_done(&body);
    return code;
}

static void an_unknown_member(void **state)
{
    assert_refused_unmoved(*state, submit_with(*state, ",\"zeal\":1}"), "unknown-member");
}

static void a_member_twice(void **state)
{
    assert_refused_unmoved(*state, submit_with(*state, ",\"until\":1}"), "duplicate-member");
}

static void a_deep_statement(void **state)
{
    assert_refused_unmoved(*state, submit_with(*state, ",\"zeal\":[[[[[[[[1]]]]]]]]}"), "too-deep");
}

static void another_spelling(void **state)
{
    assert_refused_unmoved(*state, submit_with(*state, " }"), "payload-not-canonical");
}

static void a_body_cut_short(void **state)
{
    assert_refused_unmoved(*state, submit_with(*state, ""), "bad-json");
}

static void another_payload_type(void **state)
{
    struct scene *scene = *state;
    struct cty_buf body = CTY_BUF_INIT(CTY_STATEMENT_BYTES_MAX);
    draft_request(scene->agent, "refund", scene->draft);
    must(cty_statement_encode(&scene->draft->statement, &body));
    assert_refused_unmoved(scene, submit_body(scene, CTY_CANCEL, cty_buf_bytes(&body)), "payload-type-mismatch");
    cty_buf_done(&body);
}

static void an_envelope_that_is_none(void **state)
{
    struct scene *scene = *state;
    static const char *const texts[] = {"{}", "[]", "{\"payload\":\"\",\"payloadType\":\"\",\"signatures\":[]}"};
    for (size_t i = 0; i < CTY_COUNT_OF(texts); i++)
        assert_string_equal(wire_submit(&scene->wire, cty_bytes_text(texts[i]), NULL, 0), "bad-envelope");
    assert_string_equal(wire_submit(&scene->wire, CTY_LITERAL("garbage"), NULL, 0), "bad-json");
    scene_unmoved(scene);
}

/* ---- who signs ---- */

/* A lawful request, but in this name and by this key. */
static const char *request_as(struct scene *scene, const char *name, const char *key_of)
{
    struct cty_client *client = house_client(scene->house, name);
    draft_request(client, "refund", scene->draft);
    scene->draft->secrets[0] = house_secret(scene->house, key_of);
    cty_client_close(client);
    return wire_submit_draft(&scene->wire, scene->draft);
}

static void an_unknown_actor(void **state)
{
    assert_refused_unmoved(*state, request_as(*state, "acme/stranger", "acme/stranger"), "key-unknown");
}

static void a_revoked_key(void **state)
{
    assert_refused_unmoved(*state, request_as(*state, "acme/gone", "acme/gone"), "key-not-valid");
}

static void a_key_that_is_not_yet_valid(void **state)
{
    assert_refused_unmoved(*state, request_as(*state, "acme/later", "acme/later"), "key-not-valid");
}

static void anothers_key(void **state)
{
    assert_refused_unmoved(*state, request_as(*state, "acme/agent", "globex/agent"), "signature-invalid");
}

/* ---- where and when ---- */

static void the_wrong_ledger(void **state)
{
    struct scene *scene = *state;
    draft_request(scene->agent, "refund", scene->draft);
    scene->draft->statement.ledger = CTY_LITERAL("custody.example/other");
    assert_refused_unmoved(scene, wire_submit_draft(&scene->wire, scene->draft), "wrong-ledger");
}

static void past_its_until(void **state)
{
    struct scene *scene = *state;
    draft_request(scene->agent, "refund", scene->draft);
    scene->draft->statement.until = scene->draft->statement.time - 1000;
    assert_refused_unmoved(scene, wire_submit_draft(&scene->wire, scene->draft), "past-until");
}

static void a_seen_that_never_was(void **state)
{
    struct scene *scene = *state;
    draft_request(scene->agent, "refund", scene->draft);
    scene->draft->statement.seen.root.bytes[0] ^= 1;
    assert_refused_unmoved(scene, wire_submit_draft(&scene->wire, scene->draft), "bad-seen");
    draft_request(scene->agent, "refund", scene->draft);
    scene->draft->statement.seen.size += 1000;
    assert_refused_unmoved(scene, wire_submit_draft(&scene->wire, scene->draft), "bad-seen");
}

static void the_same_id_with_another_body(void **state)
{
    struct scene *scene = *state;
    draft_request(scene->agent, "refund", scene->draft);
    assert_string_equal(wire_submit_draft(&scene->wire, scene->draft), "ok");
    books_count(scene->house, &scene->before);
    scene->draft->statement.u.request.action = CTY_LITERAL("free");
    assert_refused_unmoved(scene, wire_submit_draft(&scene->wire, scene->draft), "duplicate-id");
}

/* ---- cases ---- */

static void no_such_case(void **state)
{
    struct scene *scene = *state;
    struct cty_judgement *judgement = draft_judge(scene->pat, &scene->held);
    draft_decision(scene->pat, judgement, CTY_APPROVE, scene->draft);
    scene->draft->statement.case_id.bytes[5] ^= 1;
    assert_refused_unmoved(scene, wire_submit_draft(&scene->wire, scene->draft), "wrong-case");
    cty_judgement_free(judgement);
}

/* The clerk's word that it refused, for whoever was refused. */
static void check_refusal(struct scene *scene, const char *code)
{
    struct cty_signed *parsed = cty_alloc(1, sizeof(*parsed));
    struct cty_refusal refusal;
    must_be(parsed != NULL);
    must(cty_refusal_parse(scene->wire.answer.failure.refusal, parsed, &refusal, &house_error));
    must(cty_claim_verify(parsed, cty_secret_name(scene->house->clerk), cty_secret_key(scene->house->clerk)));
    assert_bytes_text(refusal.code, code);
    assert_bytes_text(refusal.ledger, HOUSE_ORIGIN);
    cty_signed_done(parsed);
    free(parsed);
}

static void a_stale_after(void **state)
{
    struct scene *scene = *state;
    struct cty_hash case_id;
    draft_ask(scene->agent, "refund", &case_id);
    struct cty_judgement *before = draft_judge(scene->pat, &case_id);
    struct cty_judgement *sams = draft_judge(scene->sam, &case_id);
    draft_patch(scene->sam, sams, 90, scene->draft);
    assert_string_equal(wire_submit_draft(&scene->wire, scene->draft), "ok");
    books_count(scene->house, &scene->before);
    draft_decision(scene->pat, before, CTY_APPROVE, scene->draft);
    assert_string_equal(wire_submit_draft(&scene->wire, scene->draft), "stale-after");
    check_refusal(scene, "stale-after");
    scene_unmoved(scene);
    cty_judgement_free(before);
    cty_judgement_free(sams);
}

static void the_wrong_state(void **state)
{
    struct scene *scene = *state;
    struct cty_judgement *judgement = draft_judge(scene->agent, &scene->held);
    draft_join(scene->agent, CTY_CONSUME, judgement, scene->draft);
    assert_string_equal(wire_submit_draft(&scene->wire, scene->draft), "state-illegal");
    check_refusal(scene, "state-illegal");
    scene_unmoved(scene);
    draft_join(scene->agent, CTY_OUTCOME, judgement, scene->draft);
    assert_refused_unmoved(scene, wire_submit_draft(&scene->wire, scene->draft), "state-illegal");
    cty_judgement_free(judgement);
}

static void who_may_not_decide(void **state)
{
    struct scene *scene = *state;
    struct cty_judgement *judgement = draft_judge(scene->pat, &scene->held);
    struct cty_client *owner = house_client(scene->house, "acme/a");
    struct cty_client *foreign = house_client(scene->house, "globex/a");
    draft_decision(owner, judgement, CTY_APPROVE, scene->draft);
    assert_refused_unmoved(scene, wire_submit_draft(&scene->wire, scene->draft), "self-approval");
    draft_decision(foreign, judgement, CTY_APPROVE, scene->draft);
    assert_refused_unmoved(scene, wire_submit_draft(&scene->wire, scene->draft), "wrong-role");
    draft_decision(scene->agent, judgement, CTY_APPROVE, scene->draft);
    assert_refused_unmoved(scene, wire_submit_draft(&scene->wire, scene->draft), "not-human");
    cty_client_close(owner);
    cty_client_close(foreign);
    cty_judgement_free(judgement);
}

static void a_second_consume(void **state)
{
    struct scene *scene = *state;
    struct cty_hash case_id;
    draft_ask(scene->agent, "free", &case_id);
    struct cty_judgement *judgement = draft_judge(scene->agent, &case_id);
    draft_join(scene->agent, CTY_CONSUME, judgement, scene->draft);
    assert_string_equal(wire_submit_draft(&scene->wire, scene->draft), "ok");
    books_count(scene->house, &scene->before);
    draft_join(scene->agent, CTY_CONSUME, judgement, scene->draft);
    assert_refused_unmoved(scene, wire_submit_draft(&scene->wire, scene->draft), "double-consume");
    cty_judgement_free(judgement);
}

/* ---- contents ---- */

static void a_missing_content(void **state)
{
    struct scene *scene = *state;
    draft_request(scene->agent, "refund", scene->draft);
    scene->draft->contents_count = 0;
    assert_refused_unmoved(scene, wire_submit_draft(&scene->wire, scene->draft), "blob-missing");
}

static void a_content_that_was_not_committed_to(void **state)
{
    struct scene *scene = *state;
    draft_request(scene->agent, "refund", scene->draft);
    scene->draft->contents[0].content = CTY_LITERAL("{\"amount\":999,\"order\":\"o-1\"}");
    assert_refused_unmoved(scene, wire_submit_draft(&scene->wire, scene->draft), "blob-mismatch");
    draft_request(scene->agent, "refund", scene->draft);
    scene->draft->contents[0].salt[0] ^= 1;
    assert_refused_unmoved(scene, wire_submit_draft(&scene->wire, scene->draft), "blob-mismatch");
}

/* A commitment is bound to one statement: that of another case, with its salt and content, is not this one's. */
static void a_content_of_another_case(void **state)
{
    struct scene *scene = *state;
    struct cty_draft *other = draft_new();
    draft_request(scene->agent, "refund", other);
    assert_string_equal(wire_submit_draft(&scene->wire, other), "ok");
    books_count(scene->house, &scene->before);
    draft_request(scene->agent, "refund", scene->draft);
    scene->draft->statement.u.request.payload = other->statement.u.request.payload;
    memcpy(scene->draft->contents[0].salt, other->contents[0].salt, CTY_SALT_SIZE);
    assert_refused_unmoved(scene, wire_submit_draft(&scene->wire, scene->draft), "blob-mismatch");
    draft_free(other);
}

static void a_content_of_no_member(void **state)
{
    struct scene *scene = *state;
    struct cty_hash unused;
    draft_request(scene->agent, "refund", scene->draft);
    must(cty_draft_commit(scene->draft, "schema", CTY_LITERAL("{}"), &unused));
    assert_refused_unmoved(scene, wire_submit_draft(&scene->wire, scene->draft), "blob-foreign");
}

static void a_patch_with_another_result(void **state)
{
    struct scene *scene = *state;
    struct cty_judgement *judgement = draft_judge(scene->pat, &scene->held);
    struct cty_draft *draft = scene->draft;
    draft_patch(scene->pat, judgement, 90, draft);
    const struct cty_statement *st = &draft->statement;
    struct cty_content *result = &draft->contents[1];
    assert_bytes_text(result->member, "result");
    result->content = CTY_LITERAL("{\"amount\":91,\"order\":\"o-1\"}");
    draft->statement.u.patch.result =
        cty_commitment(st->ledger, st->signers[0], st->id, result->member, result->salt, result->content);
    assert_refused_unmoved(scene, wire_submit_draft(&scene->wire, draft), "result-mismatch");
    cty_judgement_free(judgement);
}

/* ---- the same again ---- */

/* The index stays, the proof is fresh; whatever became of the case, and after `until`. */
static void the_same_again(void **state)
{
    struct scene *scene = *state;
    struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    struct cty_buf entry = CTY_BUF_INIT(CTY_ENTRY_BYTES_MAX);
    struct cty_receipt receipt;
    struct cty_checkpoint first, second;
    struct cty_draft *draft = scene->draft;
    draft_request(scene->agent, "free", draft);
    draft->statement.until = wall_ms() + 1000;
    must(cty_statement_sign(&draft->statement, draft->secrets, 1, &envelope, NULL));
    struct cty_bytes text = cty_buf_bytes(&envelope);
    assert_string_equal(wire_submit(&scene->wire, text, draft->contents, draft->contents_count), "ok");
    assert_false(scene->wire.result.submit.duplicate);
    uint64_t index = scene->wire.result.submit.own.index;
    uint32_t follow_count = scene->wire.result.submit.follow_count;
    must(cty_buf_put_bytes(&entry, scene->wire.result.submit.own.entry));
    must(cty_receipt_open(scene->wire.result.submit.own.receipt, cty_buf_bytes(&entry), CTY_LITERAL(HOUSE_ORIGIN),
                          cty_secret_key(scene->house->log), &receipt, &first));
    books_count(scene->house, &scene->before);
    scene_unmoved(scene);
    pause_ms(1200);
    assert_string_equal(wire_submit(&scene->wire, text, draft->contents, draft->contents_count), "ok");
    assert_true(scene->wire.result.submit.duplicate);
    assert_int_equal(scene->wire.result.submit.own.index, index);
    assert_int_equal(scene->wire.result.submit.follow_count, follow_count);
    assert_true(cty_bytes_equal(scene->wire.result.submit.own.entry, cty_buf_bytes(&entry)));
    must(cty_receipt_open(scene->wire.result.submit.own.receipt, cty_buf_bytes(&entry), CTY_LITERAL(HOUSE_ORIGIN),
                          cty_secret_key(scene->house->log), &receipt, &second));
    assert_true(second.size > first.size);
    scene_unmoved(scene);
    /* Without its contents too: they are there already. */
    assert_string_equal(wire_submit(&scene->wire, text, NULL, 0), "ok");
    assert_int_equal(scene->wire.result.submit.own.index, index);
    scene_unmoved(scene);
    cty_buf_done(&envelope);
    cty_buf_done(&entry);
}

/* The same statement from many sides at once becomes one entry. */
struct race {
    struct house *house;
    struct cty_bytes text;
    uint64_t index;
};

static void *race_to_submit(void *context)
{
    struct race *race = context;
    struct wire wire = {.net = NULL};
    wire_open(&wire, race->house->url);
    must(wire_send(&wire, race->text));
    must_be(strcmp(wire_code(&wire, CTY_RPC_SUBMIT), "ok") == 0);
    race->index = wire.result.submit.own.index;
    wire_close(&wire);
    return NULL;
}

static void the_same_from_many_sides(void **state)
{
    struct scene *scene = *state;
    struct race races[8];
    pthread_t threads[8];
    struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    struct cty_buf text = CTY_BUF_INIT(CTY_MESSAGE_BYTES_MAX);
    struct books_counts after;
    draft_request(scene->agent, "refund", scene->draft);
    must(cty_statement_sign(&scene->draft->statement, scene->draft->secrets, 1, &envelope, NULL));
    wire_put_submit(&text, cty_buf_bytes(&envelope), scene->draft->contents, scene->draft->contents_count);
    for (size_t i = 0; i < CTY_COUNT_OF(races); i++) {
        races[i] = (struct race){.house = scene->house, .text = cty_buf_bytes(&text)};
        must_be(pthread_create(&threads[i], NULL, race_to_submit, &races[i]) == 0);
    }
    for (size_t i = 0; i < CTY_COUNT_OF(races); i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < CTY_COUNT_OF(races); i++)
        assert_int_equal(races[i].index, scene->before.entries);
    books_count(scene->house, &after);
    assert_int_equal(after.cases, scene->before.cases + 1);
    books_count(scene->house, &scene->before);
    scene_unmoved(scene);
    cty_buf_done(&envelope);
    cty_buf_done(&text);
}

static void the_ledger_is_whole(void **state)
{
    struct scene *scene = *state;
    struct books books = {.size = 0};
    books_open(&books, scene->house);
    const char *fault = books_fault(&books);
    if (fault)
        fail_msg("%s", fault);
    books_close(&books);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_member),
        cmocka_unit_test(a_member_twice),
        cmocka_unit_test(a_deep_statement),
        cmocka_unit_test(another_spelling),
        cmocka_unit_test(a_body_cut_short),
        cmocka_unit_test(another_payload_type),
        cmocka_unit_test(an_envelope_that_is_none),
        cmocka_unit_test(an_unknown_actor),
        cmocka_unit_test(a_revoked_key),
        cmocka_unit_test(a_key_that_is_not_yet_valid),
        cmocka_unit_test(anothers_key),
        cmocka_unit_test(the_wrong_ledger),
        cmocka_unit_test(past_its_until),
        cmocka_unit_test(a_seen_that_never_was),
        cmocka_unit_test(the_same_id_with_another_body),
        cmocka_unit_test(no_such_case),
        cmocka_unit_test(a_stale_after),
        cmocka_unit_test(the_wrong_state),
        cmocka_unit_test(who_may_not_decide),
        cmocka_unit_test(a_second_consume),
        cmocka_unit_test(a_missing_content),
        cmocka_unit_test(a_content_that_was_not_committed_to),
        cmocka_unit_test(a_content_of_another_case),
        cmocka_unit_test(a_content_of_no_member),
        cmocka_unit_test(a_patch_with_another_result),
        cmocka_unit_test(the_same_again),
        cmocka_unit_test(the_same_from_many_sides),
        cmocka_unit_test(the_ledger_is_whole),
    };
    int failed = cmocka_run_group_tests(tests, set_up, NULL);
    scene_free(the_scene, failed == 0);
    return failed;
}
