/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client whose policy names witnesses waits for before it acts, and by whose word. With test_newest.c, test_liars.c and
 * tests/e2e/test_faces.py, each with its positive twin:
 *
 * row of the list of attacks        test
 * 19  truncated tail                a_shorter_ledger_went_back in test_newest.c; two_vendors_compare_what_they_were_shown
 * 21  split view                    two_leaves_convict, a_fork_convicts_by_its_own_proof in test_contradiction.c;
 *                                   two_executors_act_and_their_receipts_convict, of_two_faces_the_witnesses_see_one
 * 22  taken and never logged        no_answer_before_it_is_durable in test_promise.c: no receipt without the entry; test_restart.c
 * 24  refused silently              a_refusal_is_signed_by_the_clerk in daemon/test_submit.c
 * 28  fake witnesses                witnesses_that_the_policy_does_not_name_are_nobody; keys_stand_once in test_witness_policy.c
 * 35  stolen key, forged ledger     a_fork_convicts_by_its_own_proof; an_older_checkpoint_that_covers_it_will_do is its twin
 */
#include "client/door_source.h"
#include "client/witnessed.h"
#include "unit/client/lie.h"
#include "unit/support.h"

static struct cty_secret *witnesses[3];
static unsigned there; /* bits: who cosigns what is served */
static uint64_t cosigned_size; /* of the one checkpoint that has its cosignatures; 0: every one */

static struct cty_bytes cosigned(struct fake *f, struct cty_bytes note)
{
    struct cty_note *parsed = calloc(1, sizeof(*parsed));
    struct cty_buf *out = fake_scrap_buf(f, CTY_NOTE_BYTES_MAX);
    assert_ok(cty_note_parse(note, parsed));
    assert_ok(cty_buf_put_bytes(out, note));
    for (unsigned i = 0; i < CTY_COUNT_OF(witnesses); i++) {
        if (there >> i & 1)
            assert_ok(cty_note_cosign(parsed->text, cty_secret_name(witnesses[i]), witnesses[i], WORLD_START / 1000, out));
    }
    free(parsed);
    return cty_buf_bytes(out);
}

/* The same receipt under a note with cosignatures. */
static struct cty_bytes cosigned_receipt(struct fake *f, struct cty_bytes text)
{
    struct cty_receipt *receipt = calloc(1, sizeof(*receipt));
    struct cty_buf *out = fake_scrap_buf(f, CTY_NOTE_BYTES_MAX * 2);
    assert_ok(cty_receipt_parse(text, receipt));
    assert_ok(cty_receipt_format(cty_bytes_make(NULL, 0), receipt->index, &receipt->proof, cosigned(f, receipt->note), out));
    free(receipt);
    return cty_buf_bytes(out);
}

static void cosign(struct fake *f, enum cty_rpc rpc, union cty_rpc_result *result)
{
    if (rpc == CTY_RPC_PROOF_INCLUSION)
        result->proof_inclusion.receipt = cosigned_receipt(f, result->proof_inclusion.receipt);
}

/* A client whose policy asks for two of three witnesses. */
struct witnessed {
    struct cty_trust trust;
    struct cty_client *before;
};

static void ask_for_witnesses(struct lie *l, struct witnessed *out)
{
    static const char *const names[] = {"witness.example/w0", "witness.example/w1", "witness.example/w2"};
    struct cty_buf text = CTY_BUF_INIT(8192), more = CTY_BUF_INIT(4096);
    there = 0;
    for (unsigned i = 0; i < CTY_COUNT_OF(witnesses); i++) {
        assert_ok(cty_secret_new(cty_bytes_text(names[i]), &witnesses[i]));
        assert_ok(cty_buf_putf(&more, "witness w%u ", i));
        assert_ok(cty_vkey_format(cty_secret_name(witnesses[i]), CTY_KEY_COSIGNATURE, cty_secret_key(witnesses[i]), &more));
        assert_ok(cty_buf_put_text(&more, "\\n"));
    }
    assert_ok(cty_buf_put_text(&more, "group g 2 w0 w1 w2\\nquorum g\\n"));
    fake_trust_text(l->f->w, cty_buf_text(&more), &text);
    assert_ok(cty_trust_parse(cty_buf_bytes(&text), &out->trust, NULL));
    out->before = l->client;
    l->client = fake_client(l->f, &out->trust, "acme/bot", NULL);
    cty_buf_done(&text);
    cty_buf_done(&more);
}

static void without_witnesses(struct lie *l, struct witnessed *w)
{
    cty_client_close(l->client);
    l->client = w->before;
    l->f->tamper = NULL;
    cty_trust_done(&w->trust);
    for (unsigned i = 0; i < CTY_COUNT_OF(witnesses); i++)
        cty_secret_free(witnesses[i]);
}

/* Who can't get the release witnessed spends nothing on it; and when they come, all goes on. */
static void nothing_is_sent_before_the_witnesses_saw_the_release(void **state)
{
    struct lie *l = *state;
    struct witnessed w;
    lie_approve(l);
    ask_for_witnesses(l, &w);
    l->f->tamper = cosign;
    /* A decision may be shown without them; acting needs them. */
    assert_wait(l, "ok");
    size_t before = l->f->count;
    there = 2;
    cty_client_set_patience(l->client, 1500);
    assert_consume(l, "not-witnessed");
    assert_non_null(strstr(l->error.detail, "no valid cosignature by: w0, w2"));
    assert_int_equal(l->f->count, before);
    assert_int_equal(fake_find(l->f, CTY_CONSUME), SIZE_MAX);
    there = 6;
    cty_client_set_patience(l->client, 30000);
    assert_consume(l, "ok");
    assert_int_equal(l->f->count, before + 1);
    without_witnesses(l, &w);
}

/* Witnesses that go away when the consume is sent. */
static void leave(struct fake *f, enum cty_rpc rpc, union cty_rpc_result *result)
{
    if (rpc == CTY_RPC_SUBMIT)
        there = 1;
    cosign(f, rpc, result);
}

static void a_consume_goes_on_when_its_witnesses_come_back(void **state)
{
    struct lie *l = *state;
    struct witnessed w;
    lie_approve(l);
    ask_for_witnesses(l, &w);
    there = 7;
    l->f->tamper = leave;
    cty_client_set_patience(l->client, 1500);
    assert_consume(l, "not-witnessed");
    assert_non_null(strstr(l->error.detail, "by: w1, w2"));
    size_t before = l->f->count;
    assert_consume(l, "not-witnessed");
    assert_int_equal(l->f->count, before);
    there = 3;
    l->f->tamper = cosign;
    cty_client_set_patience(l->client, 30000);
    assert_consume(l, "ok");
    assert_int_equal(l->f->count, before);
    assert_consume(l, "double-consume");
    without_witnesses(l, &w);
}

/* Only the checkpoint of this size ever gets cosignatures; newer ones come all the time. */
static void one_size(struct fake *f, enum cty_rpc rpc, union cty_rpc_result *result)
{
    struct cty_receipt *receipt = calloc(1, sizeof(*receipt));
    struct cty_note *note = calloc(1, sizeof(*note));
    struct cty_checkpoint checkpoint;
    if (rpc == CTY_RPC_PROOF_INCLUSION) {
        assert_ok(cty_receipt_parse(result->proof_inclusion.receipt, receipt));
        assert_ok(cty_note_parse(receipt->note, note));
        assert_ok(cty_checkpoint_parse(note->text, &checkpoint));
        if (checkpoint.size == cosigned_size)
            result->proof_inclusion.receipt = cosigned_receipt(f, result->proof_inclusion.receipt);
    }
    free(note);
    free(receipt);
}

/* An older checkpoint that holds the entry will do, and one that doesn't will not. */
static void an_older_checkpoint_that_covers_it_will_do(void **state)
{
    struct lie *l = *state;
    struct witnessed w;
    struct cty_buf receipt = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    lie_approve(l);
    ask_for_witnesses(l, &w);
    there = 3;
    size_t release = fake_find(l->f, CTY_RELEASE);
    cosigned_size = release + 1;
    l->f->witnessed_size = cosigned_size;
    l->f->tamper = one_size;
    assert_ok(world_person(l->f->w, "acme/newcomer", "approver", "n"));
    fake_follow(l->f);
    assert_true(l->f->count > cosigned_size);
    assert_ok(cty_client_look_witnessed(l->client, release, l->f->entries[release], &receipt, &l->error));
    assert_true(receipt.size > 0);
    cty_client_set_patience(l->client, 1500);
    assert_refused(cty_client_wait_witnessed(l->client, release + 1, l->f->entries[release + 1], &receipt, &l->error),
                   "not-witnessed");
    cty_buf_done(&receipt);
    without_witnesses(l, &w);
}

/* What the custodian calls witnessed is judged by our policy; and a note with a bad line of a known witness is void. */
static void forge(struct fake *f, enum cty_rpc rpc, union cty_rpc_result *result)
{
    struct cty_buf *out = fake_scrap_buf(f, CTY_NOTE_BYTES_MAX * 2);
    cosign(f, rpc, result);
    if (rpc != CTY_RPC_PROOF_INCLUSION)
        return;
    assert_ok(cty_buf_put_bytes(out, result->proof_inclusion.receipt));
    assert_ok(cty_note_cosign(CTY_LITERAL(WORLD_ORIGIN "\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"),
                              cty_secret_name(witnesses[2]), witnesses[2], WORLD_START / 1000, out));
    result->proof_inclusion.receipt = cty_buf_bytes(out);
}

static void a_cosignature_of_something_else_voids_the_note(void **state)
{
    struct lie *l = *state;
    struct witnessed w;
    lie_approve(l);
    ask_for_witnesses(l, &w);
    there = 3;
    l->f->tamper = forge;
    cty_client_set_patience(l->client, 1500);
    assert_consume(l, "not-witnessed");
    assert_non_null(strstr(l->error.detail, "does not verify"));
    l->f->tamper = cosign;
    cty_client_set_patience(l->client, 30000);
    assert_consume(l, "ok");
    without_witnesses(l, &w);
}

/* One operator's many keys under names that our policy does not know are nobody (ATTACKS row 28). */
static void witnesses_that_the_policy_does_not_name_are_nobody(void **state)
{
    struct lie *l = *state;
    struct witnessed w;
    struct cty_secret *named[CTY_COUNT_OF(witnesses)];
    lie_approve(l);
    ask_for_witnesses(l, &w);
    for (unsigned i = 0; i < CTY_COUNT_OF(witnesses); i++) {
        named[i] = witnesses[i];
        assert_ok(cty_secret_new(cty_secret_name(named[i]), &witnesses[i])); /* their names, other keys */
    }
    there = 7;
    l->f->tamper = cosign;
    cty_client_set_patience(l->client, 1500);
    assert_consume(l, "not-witnessed");
    assert_non_null(strstr(l->error.detail, "w0, w1, w2"));
    for (unsigned i = 0; i < CTY_COUNT_OF(witnesses); i++) {
        cty_secret_free(witnesses[i]);
        witnesses[i] = named[i];
    }
    cty_client_set_patience(l->client, 30000);
    assert_consume(l, "ok");
    without_witnesses(l, &w);
}

static void cosign_checkpoint(struct fake *f, enum cty_rpc rpc, union cty_rpc_result *result)
{
    if (rpc == CTY_RPC_CHECKPOINT)
        result->checkpoint.checkpoint = cosigned(f, result->checkpoint.checkpoint);
}

/* Who stands on the newest checkpoint that this client knows. */
static uint64_t standing(struct lie *l, const struct witnessed *w, bool fresh)
{
    struct cty_checkpoint checkpoint;
    struct cty_bytes note;
    struct cty_note *parsed = calloc(1, sizeof(*parsed));
    assert_ok(cty_client_checkpoint(l->client, fresh, &checkpoint, &note, NULL));
    assert_ok(cty_note_parse(note, parsed));
    uint64_t bad = 0, who = cty_witness_policy_cosigned(&w->trust.policy, parsed, 0, NULL, &bad);
    assert_int_equal(bad, 0);
    free(parsed);
    return who;
}

/* What was cosigned stays so, in memory and in the state file; a note that brings nobody new changes nothing. */
static void cosignatures_are_kept(void **state)
{
    struct lie *l = *state;
    struct witnessed w;
    ask_for_witnesses(l, &w);
    cty_client_close(l->client);
    l->client = fake_client(l->f, &w.trust, "acme/bot", "state");
    l->f->tamper = cosign_checkpoint;
    there = 1;
    assert_int_equal(standing(l, &w, true), 1);
    there = 4;
    assert_int_equal(standing(l, &w, true), 5);
    there = 0;
    assert_int_equal(standing(l, &w, true), 5);
    cty_client_close(l->client);
    l->client = fake_client(l->f, &w.trust, "acme/bot", "state");
    assert_int_equal(standing(l, &w, false), 5);
    there = 2;
    assert_int_equal(standing(l, &w, true), 7);
    without_witnesses(l, &w);
}

/* Only the checkpoint of this size has cosignatures. */
static void cosign_older(struct fake *f, enum cty_rpc rpc, union cty_rpc_result *result)
{
    if (rpc == CTY_RPC_CHECKPOINT && result->checkpoint.size == cosigned_size)
        result->checkpoint.checkpoint = cosigned(f, result->checkpoint.checkpoint);
}

/* The same, and a line of the third witness that it did not make. */
static void forge_older(struct fake *f, enum cty_rpc rpc, union cty_rpc_result *result)
{
    struct cty_buf *out = fake_scrap_buf(f, CTY_NOTE_BYTES_MAX);
    cosign_older(f, rpc, result);
    if (rpc != CTY_RPC_CHECKPOINT || result->checkpoint.size != cosigned_size)
        return;
    assert_ok(cty_buf_put_bytes(out, result->checkpoint.checkpoint));
    assert_ok(cty_note_cosign(CTY_LITERAL(WORLD_ORIGIN "\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"),
                              cty_secret_name(witnesses[2]), witnesses[2], WORLD_START / 1000, out));
    result->checkpoint.checkpoint = cty_buf_bytes(out);
}

/* What an audit is given through this door beside the newest; its size, 0 for nothing. */
static uint64_t given(struct lie *l, uint64_t at_least, const char *code)
{
    struct cty_audit_source source;
    struct cty_buf newest = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX), note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    struct cty_note *parsed = calloc(1, sizeof(*parsed));
    struct cty_checkpoint checkpoint = {.size = 0};
    assert_ok(cty_door_source(l->client, false, &source));
    assert_ok(source.checkpoint(source.context, &newest, &l->error));
    assert_string_equal(custody_err_name(source.witnessed(source.context, at_least, &note, &l->error)), code);
    if (note.size) {
        assert_ok(cty_note_parse(cty_buf_bytes(&note), parsed));
        assert_ok(cty_checkpoint_parse(parsed->text, &checkpoint));
    }
    uint64_t size = checkpoint.size;
    source.done(source.context);
    cty_buf_done(&newest);
    cty_buf_done(&note);
    free(parsed);
    return size;
}

/* A custodian that calls another ledger's checkpoint witnessed. */
static void show_another(struct fake *f, enum cty_rpc rpc, union cty_rpc_result *result)
{
    struct cty_buf *text = fake_scrap_buf(f, 4096), *note = fake_scrap_buf(f, CTY_NOTE_BYTES_MAX);
    struct cty_checkpoint checkpoint = {.origin = CTY_LITERAL(WORLD_ORIGIN), .size = cosigned_size};
    if (rpc != CTY_RPC_CHECKPOINT || result->checkpoint.size != cosigned_size)
        return;
    assert_ok(cty_checkpoint_format(&checkpoint, text));
    assert_ok(cty_note_sign(cty_buf_bytes(text), checkpoint.origin, world_secret(f->w, "log"), note));
    result->checkpoint.checkpoint = cosigned(f, cty_buf_bytes(note));
}

static void an_audit_takes_the_newest_that_its_own_witnesses_saw(void **state)
{
    struct lie *l = *state;
    struct witnessed w;
    ask_for_witnesses(l, &w);
    cosigned_size = l->f->witnessed_size = l->f->count - 2;
    l->f->tamper = cosign_older;
    there = 3;
    assert_int_equal(given(l, 0, "ok"), cosigned_size);
    assert_int_equal(given(l, cosigned_size, "ok"), cosigned_size);
    /* One that would be older than what was audited before is of no use. */
    assert_int_equal(given(l, cosigned_size + 1, "ok"), 0);
    /* One witness is no quorum here, whatever the custodian calls it. */
    there = 1;
    assert_int_equal(given(l, 0, "ok"), 0);
    /* And a note with a false line is void, though a quorum stands on it. */
    there = 3;
    l->f->tamper = forge_older;
    assert_int_equal(given(l, 0, "ok"), 0);
    l->f->tamper = cosign_older;
    assert_int_equal(given(l, 0, "ok"), cosigned_size);
    l->f->tamper = show_another;
    assert_int_equal(given(l, 0, "split-view"), 0);
    l->f->witnessed_size = cosigned_size = 0;
    without_witnesses(l, &w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_sent_before_the_witnesses_saw_the_release, lie_setup, lie_teardown),
        cmocka_unit_test_setup_teardown(a_consume_goes_on_when_its_witnesses_come_back, lie_setup, lie_teardown),
        cmocka_unit_test_setup_teardown(an_older_checkpoint_that_covers_it_will_do, lie_setup, lie_teardown),
        cmocka_unit_test_setup_teardown(a_cosignature_of_something_else_voids_the_note, lie_setup, lie_teardown),
        cmocka_unit_test_setup_teardown(witnesses_that_the_policy_does_not_name_are_nobody, lie_setup, lie_teardown),
        cmocka_unit_test_setup_teardown(cosignatures_are_kept, lie_setup, lie_teardown),
        cmocka_unit_test_setup_teardown(an_audit_takes_the_newest_that_its_own_witnesses_saw, lie_setup, lie_teardown),
    };
    return cmocka_run_group_tests_name("witnesses of a client", tests, NULL, NULL);
}
