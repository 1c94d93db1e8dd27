/* SPDX-License-Identifier: Apache-2.0 */
/* What a receipt must prove, and every way in which one does not. */
#include "proto/claims.h"
#include "unit/client/fake.h"
#include "unit/support.h"

#define POLICY "{\"admin_quorum\":2,\"rules\":[]}"

/* A request that is in the ledger, and its envelope, to be submitted again: then its receipt is asked for anew. */
struct sent {
    struct fake *f;
    struct cty_client *client;
    struct cty_draft draft;
    struct cty_buf envelope;
    struct cty_submitted submitted;
    custody_error error;
};

static void draft_request(struct sent *s)
{
    assert_ok(cty_client_begin(s->client, CTY_REQUEST, &s->draft, NULL));
    struct cty_request *request = &s->draft.statement.u.request;
    request->service = CTY_LITERAL("payments");
    request->action = CTY_LITERAL("refund");
    request->executor = CTY_LITERAL("acme/bot");
    request->priority = CTY_PRIORITY_NORMAL;
    request->expires = s->draft.statement.time + 3600000;
    assert_ok(cty_draft_commit_json(&s->draft, "payload", CTY_LITERAL("{}"), &request->payload, NULL));
}

static int setup(void **state)
{
    struct sent *s = calloc(1, sizeof(*s));
    s->f = fake_new(POLICY);
    s->client = fake_client(s->f, NULL, "acme/bot", NULL);
    s->envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    draft_request(s);
    assert_ok(cty_client_submit(s->client, &s->draft, &s->envelope, &s->submitted, &s->error));
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct sent *s = *state;
    cty_submitted_done(&s->submitted);
    cty_draft_done(&s->draft);
    cty_buf_done(&s->envelope);
    cty_client_close(s->client);
    fake_free(s->f);
    free(s);
    return 0;
}

static custody_err again(struct sent *s)
{
    return cty_client_submit_envelope(s->client, cty_buf_bytes(&s->envelope), s->draft.contents,
                                      s->draft.contents_count, &s->submitted, &s->error);
}

static void assert_lie_is_found(struct sent *s, void (*tamper)(struct fake *, enum cty_rpc, union cty_rpc_result *),
                                const char *code)
{
    s->f->tamper = tamper;
    assert_refused(again(s), code);
    assert_false(s->submitted.refused);
    /* And once it is told the truth, nothing of it is left. */
    s->f->tamper = NULL;
    assert_ok(again(s));
}

static void a_receipt_is_given_again(void **state)
{
    struct sent *s = *state;
    uint64_t index = s->submitted.own.index;
    assert_false(s->submitted.duplicate);
    assert_int_equal(s->submitted.own.type, CTY_REQUEST);
    assert_int_equal(s->submitted.follow_count, 1);
    assert_int_equal(s->submitted.follow[0].index, index + 1);
    assert_ok(again(s));
    assert_true(s->submitted.duplicate);
    assert_int_equal(s->submitted.own.index, index);
    /* What was kept is a receipt for everybody. */
    struct cty_receipt receipt;
    struct cty_checkpoint checkpoint;
    assert_ok(cty_receipt_open(cty_buf_bytes(&s->submitted.own.receipt), cty_buf_bytes(&s->submitted.own.entry),
                               CTY_LITERAL(WORLD_ORIGIN), &fake_trust(s->f)->log_key, &receipt, &checkpoint));
}

static void give_another_digest(struct fake *f, enum cty_rpc rpc, union cty_rpc_result *result)
{
    (void)f;
    if (rpc == CTY_RPC_SUBMIT)
        result->submit.digest.bytes[0] ^= 1;
}

static void give_another_index(struct fake *f, enum cty_rpc rpc, union cty_rpc_result *result)
{
    (void)f;
    if (rpc == CTY_RPC_SUBMIT)
        result->submit.own.index++;
}

static void give_no_receipt(struct fake *f, enum cty_rpc rpc, union cty_rpc_result *result)
{
    (void)f;
    if (rpc == CTY_RPC_SUBMIT)
        result->submit.own.receipt = CTY_LITERAL("");
}

static struct cty_bytes receipt_of(struct fake *f, size_t index)
{
    struct cty_proof proof;
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    struct cty_buf *out = fake_scrap_buf(f, CTY_NOTE_BYTES_MAX);
    fake_note(f, &note);
    assert_ok(cty_tree_inclusion(cty_memory_tree(f->tree), index, f->count, &proof));
    assert_ok(cty_receipt_format(cty_bytes_make(NULL, 0), index, &proof, cty_buf_bytes(&note), out));
    cty_buf_done(&note);
    return cty_buf_bytes(out);
}

static void give_another_entry(struct fake *f, enum cty_rpc rpc, union cty_rpc_result *result)
{
    if (rpc != CTY_RPC_SUBMIT)
        return;
    size_t index = fake_find(f, CTY_ACTOR_ENROL);
    result->submit.own = (struct cty_rpc_receipt){fake_scrap(f, f->entries[index]), index, receipt_of(f, index)};
}

static void give_another_entrys_proof(struct fake *f, enum cty_rpc rpc, union cty_rpc_result *result)
{
    if (rpc == CTY_RPC_SUBMIT)
        result->submit.own.receipt = receipt_of(f, fake_find(f, CTY_ACTOR_ENROL));
}

static void sign_by_a_stranger(struct fake *f, enum cty_rpc rpc, union cty_rpc_result *result)
{
    if (rpc != CTY_RPC_SUBMIT)
        return;
    struct cty_secret *log = f->w->log;
    assert_ok(cty_secret_new(CTY_LITERAL(WORLD_ORIGIN), &f->w->log));
    result->submit.own.receipt = receipt_of(f, (size_t)result->submit.own.index);
    cty_secret_free(f->w->log);
    f->w->log = log;
}

static void receipts_for_something_else_are_refused(void **state)
{
    struct sent *s = *state;
    assert_lie_is_found(s, give_another_digest, "action-mismatch");
    assert_lie_is_found(s, give_another_index, "proof-invalid");
    assert_lie_is_found(s, give_no_receipt, "proof-invalid");
    assert_lie_is_found(s, give_another_entry, "action-mismatch");
    assert_lie_is_found(s, give_another_entrys_proof, "proof-invalid");
    assert_lie_is_found(s, sign_by_a_stranger, "note-unsigned");
}

/* ---- every byte of entry and receipt ---- */

static size_t flip_at;
static bool cut;

static struct cty_bytes spoil(struct fake *f, struct cty_bytes text)
{
    struct cty_buf *copy = fake_scrap_buf(f, text.size);
    assert_ok(cty_buf_put_bytes(copy, text));
    if (cut)
        copy->size = flip_at;
    else
        copy->data[flip_at] ^= 1;
    return cty_buf_bytes(copy);
}

static void spoil_receipt(struct fake *f, enum cty_rpc rpc, union cty_rpc_result *result)
{
    if (rpc == CTY_RPC_SUBMIT)
        result->submit.own.receipt = spoil(f, result->submit.own.receipt);
}

static void spoil_entry(struct fake *f, enum cty_rpc rpc, union cty_rpc_result *result)
{
    if (rpc == CTY_RPC_SUBMIT)
        result->submit.own.entry = spoil(f, result->submit.own.entry);
}

static void spoil_follow(struct fake *f, enum cty_rpc rpc, union cty_rpc_result *result)
{
    if (rpc == CTY_RPC_SUBMIT)
        result->submit.follow[0].entry = spoil(f, result->submit.follow[0].entry);
}

static void assert_all_spoilt(struct sent *s, size_t size, bool cutting,
                              void (*tamper)(struct fake *, enum cty_rpc, union cty_rpc_result *))
{
    cut = cutting;
    s->f->tamper = tamper;
    for (flip_at = 0; flip_at < size; flip_at++) {
        custody_err err = again(s);
        if (err == CUSTODY_OK)
            fail_msg("byte %zu of %zu may be anything", flip_at, size);
        assert_true(err == CUSTODY_E_PROOF_INVALID || err == CUSTODY_E_BAD_NOTE || err == CUSTODY_E_NOTE_UNSIGNED ||
                    err == CUSTODY_E_SIGNATURE_INVALID || err == CUSTODY_E_BAD_RPC);
    }
    s->f->tamper = NULL;
    assert_ok(again(s));
}

static void every_byte_of_a_receipt_counts(void **state)
{
    struct sent *s = *state;
    assert_all_spoilt(s, s->submitted.own.receipt.size, false, spoil_receipt);
    assert_all_spoilt(s, s->submitted.own.receipt.size, true, spoil_receipt);
}

static void every_byte_of_an_entry_counts(void **state)
{
    struct sent *s = *state;
    assert_all_spoilt(s, s->submitted.own.entry.size, false, spoil_entry);
    assert_all_spoilt(s, s->submitted.own.entry.size, true, spoil_entry);
    assert_all_spoilt(s, s->submitted.follow[0].entry.size, false, spoil_follow);
}

/* ---- what followed ---- */

static void follow_with_enrolment(struct fake *f, enum cty_rpc rpc, union cty_rpc_result *result)
{
    if (rpc != CTY_RPC_SUBMIT)
        return;
    size_t index = fake_find(f, CTY_ACTOR_ENROL);
    result->submit.follow[0] = (struct cty_rpc_receipt){fake_scrap(f, f->entries[index]), index, receipt_of(f, index)};
}

static void follow_twice(struct fake *f, enum cty_rpc rpc, union cty_rpc_result *result)
{
    (void)f;
    if (rpc != CTY_RPC_SUBMIT)
        return;
    result->submit.follow[1] = result->submit.follow[0];
    result->submit.follow_count = 2;
}

static void follow_with_another_case(struct fake *f, enum cty_rpc rpc, union cty_rpc_result *result)
{
    if (rpc != CTY_RPC_SUBMIT)
        return;
    size_t index = fake_find(f, CTY_VERDICT);
    result->submit.follow[0] = (struct cty_rpc_receipt){fake_scrap(f, f->entries[index]), index, receipt_of(f, index)};
}

static void what_does_not_follow_is_refused(void **state)
{
    struct sent *s = *state;
    struct cty_hash other;
    assert_lie_is_found(s, follow_with_enrolment, "out-of-place");
    assert_lie_is_found(s, follow_twice, "chain-broken");
    assert_ok(world_request(s->f->w, "acme/bot", "acme/bot", "x", "{}", &other));
    fake_follow(s->f);
    assert_lie_is_found(s, follow_with_another_case, "out-of-place");
}

/* ---- entries that an honest custodian would not have made ---- */

static void sign_another(struct sent *s)
{
    draft_request(s);
    const struct cty_secret *secret = cty_client_secret(s->client);
    cty_buf_clear(&s->envelope);
    assert_ok(cty_statement_sign(&s->draft.statement, &secret, 1, &s->envelope, NULL));
}

static void an_entry_made_after_until_is_refused(void **state)
{
    struct sent *s = *state;
    sign_another(s);
    s->f->w->time += CTY_DRAFT_UNTIL_MS + 1;
    fake_append(s->f, cty_buf_bytes(&s->envelope), NULL);
    assert_refused(again(s), "past-until");
}

static void a_link_too_many_is_refused(void **state)
{
    struct sent *s = *state;
    struct cty_hash leaf = fake_leaf(s->f, 0);
    sign_another(s);
    fake_append(s->f, cty_buf_bytes(&s->envelope), &leaf);
    assert_refused(again(s), "chain-broken");
}

static void a_receipt_from_a_fork_is_refused(void **state)
{
    struct sent *s = *state;
    struct world *fork = fake_world(POLICY);
    struct cty_hash case_id;
    assert_ok(world_request(fork, "acme/bot", "acme/bot", "x", "{}", &case_id));
    fake_switch(s->f, fork);
    fake_append(s->f, cty_buf_bytes(&s->envelope), NULL);
    assert_refused(again(s), "split-view");
}

/* ---- refusals ---- */

static void name_another_statement(struct sent *s)
{
    s->draft.statement.u.request.executor = CTY_LITERAL("acme/nobody");
    cty_buf_clear(&s->envelope);
    cty_random(s->draft.statement.id, 16);
}

static void a_refusal_is_kept_as_it_was_signed(void **state)
{
    struct sent *s = *state;
    name_another_statement(s);
    assert_refused(cty_client_submit(s->client, &s->draft, &s->envelope, &s->submitted, &s->error), "wrong-executor");
    assert_true(s->submitted.refused);
    struct cty_signed parsed = {.json = CTY_JSON_INIT};
    struct cty_refusal refusal;
    assert_ok(cty_refusal_parse(cty_buf_bytes(&s->submitted.refusal), &parsed, &refusal, NULL));
    assert_bytes_text(refusal.code, "wrong-executor");
    const struct cty_secret *clerk = world_secret(s->f->w, "clerk");
    assert_ok(cty_claim_verify(&parsed, cty_secret_name(clerk), cty_secret_key(clerk)));
    cty_signed_done(&parsed);
}

static void what_is_not_well_formed_is_never_sent(void **state)
{
    struct sent *s = *state;
    unsigned before = s->f->calls[CTY_RPC_SUBMIT];
    assert_refused(cty_client_submit_envelope(s->client, CTY_LITERAL("{}"), NULL, 0, &s->submitted, &s->error),
                   "bad-envelope");
    s->draft.statement.ledger = CTY_LITERAL("custody.example/other");
    cty_buf_clear(&s->envelope);
    assert_refused(cty_client_submit(s->client, &s->draft, &s->envelope, &s->submitted, &s->error), "wrong-ledger");
    assert_int_equal(s->f->calls[CTY_RPC_SUBMIT], before);
}

static void a_draft_takes_so_many_contents(void **state)
{
    struct sent *s = *state;
    struct cty_hash hash;
    draft_request(s);
    for (unsigned i = 1; i < CTY_BLOBS_PER_STATEMENT_MAX; i++)
        assert_ok(cty_draft_commit(&s->draft, "state", CTY_LITERAL("x"), &hash));
    assert_refused(cty_draft_commit(&s->draft, "state", CTY_LITERAL("x"), &hash), "limit-reached");
    assert_bytes_text(cty_draft_content(&s->draft, "payload"), "{}");
    assert_null(cty_draft_content(&s->draft, "schema").data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_receipt_is_given_again, setup, teardown),
        cmocka_unit_test_setup_teardown(receipts_for_something_else_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(every_byte_of_a_receipt_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(every_byte_of_an_entry_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(what_does_not_follow_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(an_entry_made_after_until_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_link_too_many_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_receipt_from_a_fork_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_refusal_is_kept_as_it_was_signed, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_not_well_formed_is_never_sent, setup, teardown),
        cmocka_unit_test_setup_teardown(a_draft_takes_so_many_contents, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
