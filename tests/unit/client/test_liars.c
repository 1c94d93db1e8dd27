/* SPDX-License-Identifier: Apache-2.0 */
/* Custodians that lie about a case, and clients that don't act on it. */
#include "codec/text.h"
#include "unit/client/lie.h"
#include "unit/support.h"


/* ---- what the clerk makes up ---- */

static void a_release_without_its_quorum_is_not_believed(void **state)
{
    struct lie *l = *state;
    assert_wait(l, "undecided");
    lie_forge_release(l, NULL);
    assert_wait(l, "out-of-place");
    assert_non_null(strstr(l->error.detail, "lawful"));
    assert_consume(l, "out-of-place");
}

static struct cty_hash forge_decision(struct lie *l, const char *actor, const char *key)
{
    struct cty_statement st;
    struct cty_case record;
    struct cty_hash last = lie_last_leaf(l), digest;
    lie_begin(l, &st, CTY_DECISION, actor);
    world_case(l->f->w, &l->case_id, &record);
    st.u.decision.expires = l->f->w->time + 3600000;
    memcpy(st.u.decision.instance, record.instance.bits, 16);
    st.u.decision.payload = record.payload;
    fake_forge(l->f, &st, &last, key);
    struct cty_parsed_entry parsed = {.json = CTY_JSON_INIT};
    assert_ok(cty_entry_parse(l->f->entries[l->f->count - 1], &parsed, NULL));
    digest = parsed.signed_statement.digest;
    cty_parsed_entry_done(&parsed);
    return digest;
}

static void an_approval_by_another_key_is_not_believed(void **state)
{
    struct lie *l = *state;
    struct cty_hash decision = forge_decision(l, "acme/eve", "acme/joe");
    lie_forge_release(l, &decision);
    assert_wait(l, "signature-invalid");
}

static void an_approval_by_the_agents_owner_is_not_believed(void **state)
{
    struct lie *l = *state;
    struct cty_hash decision = forge_decision(l, "acme/a", "acme/a");
    lie_forge_release(l, &decision);
    assert_wait(l, "self-approval");
}

static void an_approval_by_the_agent_is_not_believed(void **state)
{
    struct lie *l = *state;
    struct cty_hash decision = forge_decision(l, "acme/bot", "acme/bot");
    lie_forge_release(l, &decision);
    assert_wait(l, "not-human");
}

static void say_released(struct fake *f, enum cty_rpc rpc, union cty_rpc_result *result)
{
    (void)f;
    if (rpc == CTY_RPC_CASE_WAIT)
        result->case_wait.state = CTY_LITERAL("RELEASED");
}

static void say_expired(struct fake *f, enum cty_rpc rpc, union cty_rpc_result *result)
{
    (void)f;
    if (rpc == CTY_RPC_CASE_WAIT)
        result->case_wait.state = CTY_LITERAL("EXPIRED");
}

static void a_state_alone_is_not_believed(void **state)
{
    struct lie *l = *state;
    l->f->tamper = say_released;
    assert_wait(l, "undecided");
    l->f->tamper = say_expired;
    assert_wait(l, "undecided");
}

/* ---- payloads ---- */

static void another_payload_is_refused(void **state)
{
    struct lie *l = *state;
    lie_approve(l);
    l->f->wrong_payload = "{\"amount\":5000}";
    assert_wait(l, "blob-mismatch");
    assert_consume(l, "blob-mismatch");
    assert_int_equal(l->f->calls[CTY_RPC_SUBMIT], 1);
    l->f->wrong_payload = NULL;
    assert_consume(l, "ok");
}

static void a_payload_that_is_withheld_is_told(void **state)
{
    struct lie *l = *state;
    lie_approve(l);
    l->f->no_payload = true;
    assert_wait(l, "not-found");
    assert_consume(l, "not-found");
    assert_int_equal(l->f->calls[CTY_RPC_SUBMIT], 1);
    l->f->no_payload = false;
    assert_consume(l, "ok");
}

static void swap_after_submit(struct fake *f, enum cty_rpc rpc, union cty_rpc_result *result)
{
    (void)result;
    if (rpc == CTY_RPC_SUBMIT)
        f->wrong_payload = "{\"amount\":5000}";
}

static void a_payload_swapped_behind_the_consume_is_not_acted_on(void **state)
{
    struct lie *l = *state;
    lie_approve(l);
    l->f->tamper = swap_after_submit;
    assert_consume(l, "blob-mismatch");
    l->f->tamper = NULL;
    l->f->wrong_payload = NULL;
    assert_consume(l, "ok");
}

/* ---- what is left out ---- */

static void hidden_entries_of_the_case_are_gaps(void **state)
{
    static const enum cty_type types[] = {CTY_REQUEST, CTY_VERDICT, CTY_DECISION};
    struct lie *l = *state;
    lie_approve(l);
    for (size_t i = 0; i < CTY_COUNT_OF(types); i++) {
        lie_hide(l, fake_find(l->f, types[i]));
        assert_wait(l, "gap");
        l->f->hidden_count = 0;
    }
    /* What came last can be hidden: then nothing is released. */
    lie_hide(l, fake_find(l->f, CTY_RELEASE));
    assert_wait(l, "undecided");
    l->f->hidden_count = 0;
    assert_consume(l, "ok");
}

static void hidden_trust_is_a_gap(void **state)
{
    struct lie *l = *state;
    lie_approve(l);
    lie_hide(l, fake_find(l->f, CTY_ACTOR_ENROL));
    assert_wait(l, "gap");
    l->f->hidden_count = 0;
    /* What was wrong is not kept. */
    assert_consume(l, "ok");
}

static void a_hidden_consume_is_a_gap(void **state)
{
    struct lie *l = *state;
    lie_approve(l);
    lie_consume_elsewhere(l);
    lie_hide(l, l->f->count - 1);
    l->f->forgive_consume = true; /* and takes a second one */
    assert_consume(l, "gap");
    assert_int_equal(l->f->calls[CTY_RPC_SUBMIT], 2);
}

static void unhide_after_submit(struct fake *f, enum cty_rpc rpc, union cty_rpc_result *result)
{
    (void)result;
    if (rpc == CTY_RPC_SUBMIT)
        f->hidden_count = 0;
}

static void a_second_consume_is_not_acted_on(void **state)
{
    struct lie *l = *state;
    lie_approve(l);
    lie_consume_elsewhere(l);
    lie_hide(l, l->f->count - 1);
    l->f->forgive_consume = true;
    l->f->tamper = unhide_after_submit;
    assert_consume(l, "double-consume");
}

static void the_answer_to_a_second_consume_is_a_refusal(void **state)
{
    struct lie *l = *state;
    lie_approve(l);
    lie_consume_elsewhere(l);
    lie_hide(l, l->f->count - 1);
    assert_consume(l, "double-consume"); /* as the honest fold says */
    l->f->hidden_count = 0;
    assert_consume(l, "double-consume"); /* as our own says, without asking */
    assert_int_equal(l->f->calls[CTY_RPC_SUBMIT], 2);
}

static void hide_consumes(struct fake *f, enum cty_rpc rpc, union cty_rpc_result *result)
{
    (void)result;
    if (rpc == CTY_RPC_SUBMIT)
        f->hidden[f->hidden_count++] = f->count - 1;
}

static void our_own_consume_must_stand_in_the_case(void **state)
{
    struct lie *l = *state;
    lie_approve(l);
    l->f->tamper = hide_consumes;
    assert_consume(l, "gap");
    l->f->tamper = NULL;
    l->f->hidden_count = 0;
    assert_consume(l, "ok");
}

static void a_revocation_is_seen(void **state)
{
    struct lie *l = *state;
    lie_approve(l);
    lie_revoke(l);
    l->f->forgive_consume = true;
    assert_consume(l, "approval-revoked");
}

static void a_hidden_revocation_is_a_gap(void **state)
{
    struct lie *l = *state;
    lie_approve(l);
    lie_revoke(l);
    lie_hide(l, l->f->count - 1);
    l->f->forgive_consume = true;
    assert_consume(l, "gap");
}

/* ---- proofs and pins ---- */

static void break_inclusion(struct fake *f, enum cty_rpc rpc, union cty_rpc_result *result)
{
    if (rpc != CTY_RPC_PROOF_INCLUSION)
        return;
    struct cty_receipt receipt;
    struct cty_buf *out = fake_scrap_buf(f, CTY_NOTE_BYTES_MAX);
    assert_ok(cty_receipt_parse(result->proof_inclusion.receipt, &receipt));
    receipt.proof.hashes[0].bytes[0] ^= 1;
    assert_ok(cty_receipt_format(cty_bytes_make(NULL, 0), receipt.index, &receipt.proof, receipt.note, out));
    result->proof_inclusion.receipt = cty_buf_bytes(out);
}

static void break_seen(struct fake *f, enum cty_rpc rpc, union cty_rpc_result *result)
{
    (void)f;
    if (rpc == CTY_RPC_PROOF_CONSISTENCY && result->proof_consistency.hashes_count > 0)
        result->proof_consistency.hashes_count--;
}

static void malform_proof(struct fake *f, enum cty_rpc rpc, union cty_rpc_result *result)
{
    (void)f;
    if (rpc == CTY_RPC_PROOF_CONSISTENCY && result->proof_consistency.hashes_count > 0)
        result->proof_consistency.hashes[0] = CTY_LITERAL("AAAA");
}

static void proofs_that_do_not_hold_are_refused(void **state)
{
    struct lie *l = *state;
    struct cty_checkpoint checkpoint;
    lie_approve(l);
    assert_ok(cty_client_checkpoint(l->client, true, &checkpoint, NULL, NULL));
    l->f->tamper = break_inclusion;
    assert_wait(l, "proof-invalid");
    l->f->tamper = break_seen;
    assert_wait(l, "proof-invalid");
    l->f->tamper = malform_proof;
    assert_wait(l, "proof-invalid");
    l->f->tamper = NULL;
    assert_consume(l, "ok");
}

static void other_founders_are_refused(void **state)
{
    struct lie *l = *state;
    struct cty_buf text = CTY_BUF_INIT(4096);
    struct cty_trust trust;
    struct cty_judgement *judgement = NULL;
    struct world *elsewhere = world_new();
    fake_trust_text(elsewhere, "", &text);
    /* The same log, and others who are said to have founded it. */
    char *pin = strstr((char *)(uintptr_t)cty_buf_text(&text), "operator/otto");
    assert_non_null(pin);
    struct cty_secret *stranger = NULL;
    struct cty_buf vkey = CTY_BUF_INIT(256);
    assert_ok(cty_secret_new(CTY_LITERAL("operator/otto"), &stranger));
    assert_ok(cty_vkey_format(cty_secret_name(stranger), CTY_KEY_ED25519, cty_secret_key(stranger), &vkey));
    memcpy(pin, vkey.data, vkey.size);
    assert_ok(cty_trust_parse(cty_buf_bytes(&text), &trust, NULL));
    struct cty_client *client = fake_client(l->f, &trust, "acme/bot", NULL);
    assert_refused(cty_agent_wait(client, &l->case_id, 0, &judgement, NULL), "key-unknown");
    cty_client_close(client);
    cty_trust_done(&trust);
    cty_secret_free(stranger);
    cty_buf_done(&vkey);
    cty_buf_done(&text);
    world_free(elsewhere);
}

/* ---- every byte of an entry ---- */

static size_t flip_at;
static size_t flip_entry;

static void flip_byte(struct fake *f, enum cty_rpc rpc, union cty_rpc_result *result)
{
    (void)result;
    if (rpc == CTY_RPC_CASE_WAIT) /* before the case is asked for */
        ((uint8_t *)(uintptr_t)f->entries[flip_entry].data)[flip_at] ^= 1;
}

static void every_byte_of_a_release_counts(void **state)
{
    struct lie *l = *state;
    struct cty_judgement *judgement = NULL;
    lie_approve(l);
    flip_entry = fake_find(l->f, CTY_RELEASE);
    size_t size = l->f->entries[flip_entry].size;
    struct cty_json json = CTY_JSON_INIT;
    for (flip_at = 0; flip_at < size; flip_at += 5) {
        uint8_t *text = (uint8_t *)(uintptr_t)l->f->entries[flip_entry].data;
        text[flip_at] ^= 1;
        bool readable = cty_json_scan(&json, CTY_JSON_STRICT, (struct cty_json_limits){8, 64},
                                      l->f->entries[flip_entry], NULL) == CUSTODY_OK;
        struct cty_parsed_entry parsed = {.json = CTY_JSON_INIT};
        readable = readable && cty_entry_parse(l->f->entries[flip_entry], &parsed, NULL) == CUSTODY_OK;
        cty_parsed_entry_done(&parsed);
        text[flip_at] ^= 1;
        if (!readable)
            continue; /* the fake reads its entries itself; a client refuses what can't be parsed, too */
        l->f->tamper = flip_byte;
        custody_err err = cty_agent_wait(l->client, &l->case_id, 0, &judgement, NULL);
        l->f->tamper = NULL;
        text[flip_at] ^= 1;
        /* Undecided: it no longer reads as one of this case, and was not given. */
        if (err == CUSTODY_OK)
            fail_msg("byte %zu of %zu may be anything", flip_at, size);
    }
    cty_json_done(&json);
    assert_consume(l, "ok");
}

static void another_case_is_not_this_one(void **state)
{
    struct lie *l = *state;
    struct cty_hash other;
    struct cty_judgement *judgement = NULL;
    memset(&other, 7, sizeof(other));
    assert_refused(cty_client_judge(l->client, &other, 0, &judgement, NULL), "wrong-case");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_release_without_its_quorum_is_not_believed, lie_setup, lie_teardown),
        cmocka_unit_test_setup_teardown(an_approval_by_another_key_is_not_believed, lie_setup, lie_teardown),
        cmocka_unit_test_setup_teardown(an_approval_by_the_agents_owner_is_not_believed, lie_setup, lie_teardown),
        cmocka_unit_test_setup_teardown(an_approval_by_the_agent_is_not_believed, lie_setup, lie_teardown),
        cmocka_unit_test_setup_teardown(a_state_alone_is_not_believed, lie_setup, lie_teardown),
        cmocka_unit_test_setup_teardown(another_payload_is_refused, lie_setup, lie_teardown),
        cmocka_unit_test_setup_teardown(a_payload_that_is_withheld_is_told, lie_setup, lie_teardown),
        cmocka_unit_test_setup_teardown(a_payload_swapped_behind_the_consume_is_not_acted_on, lie_setup, lie_teardown),
        cmocka_unit_test_setup_teardown(hidden_entries_of_the_case_are_gaps, lie_setup, lie_teardown),
        cmocka_unit_test_setup_teardown(hidden_trust_is_a_gap, lie_setup, lie_teardown),
        cmocka_unit_test_setup_teardown(a_hidden_consume_is_a_gap, lie_setup, lie_teardown),
        cmocka_unit_test_setup_teardown(a_second_consume_is_not_acted_on, lie_setup, lie_teardown),
        cmocka_unit_test_setup_teardown(the_answer_to_a_second_consume_is_a_refusal, lie_setup, lie_teardown),
        cmocka_unit_test_setup_teardown(our_own_consume_must_stand_in_the_case, lie_setup, lie_teardown),
        cmocka_unit_test_setup_teardown(a_revocation_is_seen, lie_setup, lie_teardown),
        cmocka_unit_test_setup_teardown(a_hidden_revocation_is_a_gap, lie_setup, lie_teardown),
        cmocka_unit_test_setup_teardown(proofs_that_do_not_hold_are_refused, lie_setup, lie_teardown),
        cmocka_unit_test_setup_teardown(other_founders_are_refused, lie_setup, lie_teardown),
        cmocka_unit_test_setup_teardown(every_byte_of_a_release_counts, lie_setup, lie_teardown),
        cmocka_unit_test_setup_teardown(another_case_is_not_this_one, lie_setup, lie_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
