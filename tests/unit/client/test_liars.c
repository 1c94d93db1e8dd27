/* SPDX-License-Identifier: Apache-2.0 */
/* Custodians that lie about a case, and clients that don't act on it. */
#include <unistd.h>

#include "client/contradiction.h"
#include "client/state.h"
#include "codec/text.h"
#include "unit/client/fake.h"
#include "unit/support.h"

#define POLICY "{\"admin_quorum\":2,\"rules\":[{\"approvals\":1,\"effect\":\"hold\",\"roles\":[\"approver\"]}]}"

struct lie {
    struct fake *f;
    struct cty_client *client;
    struct cty_hash case_id;
    custody_error error;
};

/* A case that is held, and asked for by this client. */
static int setup(void **state)
{
    struct lie *l = calloc(1, sizeof(*l));
    l->f = fake_new(POLICY);
    l->client = fake_client(l->f, NULL, "acme/bot", NULL);
    struct cty_ask ask = {.service = CTY_LITERAL("payments"), .action = CTY_LITERAL("refund"),
                          .payload = CTY_LITERAL("{\"amount\":5}")};
    assert_ok(cty_agent_request(l->client, &ask, &l->case_id, NULL, NULL));
    *state = l;
    return 0;
}

static int teardown(void **state)
{
    struct lie *l = *state;
    cty_client_close(l->client);
    fake_free(l->f);
    free(l);
    return 0;
}

static void approve(struct lie *l)
{
    assert_ok(world_decide(l->f->w, &l->case_id, "acme/eve", CTY_APPROVE));
    fake_follow(l->f);
}

static void assert_wait(struct lie *l, const char *code)
{
    struct cty_judgement *judgement = NULL;
    assert_refused(cty_agent_wait(l->client, &l->case_id, 0, &judgement, &l->error), code);
    cty_judgement_free(judgement);
}

static void assert_consume(struct lie *l, const char *code)
{
    struct cty_judgement *judgement = NULL;
    struct cty_bytes payload;
    assert_refused(cty_agent_consume(l->client, &l->case_id, &judgement, &payload, NULL, &l->error), code);
    cty_judgement_free(judgement);
}

static struct cty_hash last_leaf(struct lie *l)
{
    return fake_leaf(l->f, l->f->count - 1);
}

/* The common members of a statement that the custodian makes up, about what it shows. */
static void begin(struct lie *l, struct cty_statement *st, enum cty_type type, const char *signer)
{
    struct cty_case record;
    world_begin(l->f->w, st, type, signer);
    world_case(l->f->w, &l->case_id, &record);
    st->seen.size = l->f->count;
    assert_ok(cty_memory_root(l->f->tree, l->f->count, &st->seen.root));
    st->until = st->time;
    st->case_id = l->case_id;
    st->after = record.anchor;
}

/* ---- what the clerk makes up ---- */

static void forge_release(struct lie *l, const struct cty_hash *decision)
{
    struct cty_statement st;
    struct cty_case record;
    struct cty_hash last = last_leaf(l);
    begin(l, &st, CTY_RELEASE, "clerk");
    world_case(l->f->w, &l->case_id, &record);
    struct cty_release *release = &st.u.release;
    release->executor = record.holder;
    memcpy(release->instance, record.instance.bits, 16);
    release->payload = record.payload;
    release->report_ms = CTY_REPORT_MS_DEFAULT;
    release->use_by = l->f->w->time + CTY_USE_MS_DEFAULT;
    if (decision) {
        release->decisions[release->decisions_count++] = *decision;
        st.after = *decision;
    }
    fake_forge(l->f, &st, &last, "clerk");
}

static void a_release_without_its_quorum_is_not_believed(void **state)
{
    struct lie *l = *state;
    assert_wait(l, "undecided");
    forge_release(l, NULL);
    assert_wait(l, "out-of-place");
    assert_non_null(strstr(l->error.detail, "lawful"));
    assert_consume(l, "out-of-place");
}

static struct cty_hash forge_decision(struct lie *l, const char *actor, const char *key)
{
    struct cty_statement st;
    struct cty_case record;
    struct cty_hash last = last_leaf(l), digest;
    begin(l, &st, CTY_DECISION, actor);
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
    forge_release(l, &decision);
    assert_wait(l, "signature-invalid");
}

static void an_approval_by_the_agents_owner_is_not_believed(void **state)
{
    struct lie *l = *state;
    struct cty_hash decision = forge_decision(l, "acme/a", "acme/a");
    forge_release(l, &decision);
    assert_wait(l, "self-approval");
}

static void an_approval_by_the_agent_is_not_believed(void **state)
{
    struct lie *l = *state;
    struct cty_hash decision = forge_decision(l, "acme/bot", "acme/bot");
    forge_release(l, &decision);
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
    approve(l);
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
    approve(l);
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
    approve(l);
    l->f->tamper = swap_after_submit;
    assert_consume(l, "blob-mismatch");
    l->f->tamper = NULL;
    l->f->wrong_payload = NULL;
    assert_consume(l, "ok");
}

/* ---- what is left out ---- */

static void hide(struct lie *l, size_t index)
{
    l->f->hidden[l->f->hidden_count++] = index;
}

static void hidden_entries_of_the_case_are_gaps(void **state)
{
    static const enum cty_type types[] = {CTY_REQUEST, CTY_VERDICT, CTY_DECISION};
    struct lie *l = *state;
    approve(l);
    for (size_t i = 0; i < CTY_COUNT_OF(types); i++) {
        hide(l, fake_find(l->f, types[i]));
        assert_wait(l, "gap");
        l->f->hidden_count = 0;
    }
    /* What came last can be hidden: then nothing is released. */
    hide(l, fake_find(l->f, CTY_RELEASE));
    assert_wait(l, "undecided");
    l->f->hidden_count = 0;
    assert_consume(l, "ok");
}

static void hidden_trust_is_a_gap(void **state)
{
    struct lie *l = *state;
    approve(l);
    hide(l, fake_find(l->f, CTY_ACTOR_ENROL));
    assert_wait(l, "gap");
    l->f->hidden_count = 0;
    /* What was wrong is not kept. */
    assert_consume(l, "ok");
}

static struct cty_hash consume_by_another_process(struct lie *l)
{
    assert_ok(world_consume(l->f->w, &l->case_id, "acme/bot"));
    fake_follow(l->f);
    return last_leaf(l);
}

static void a_hidden_consume_is_a_gap(void **state)
{
    struct lie *l = *state;
    approve(l);
    consume_by_another_process(l);
    hide(l, l->f->count - 1);
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
    approve(l);
    consume_by_another_process(l);
    hide(l, l->f->count - 1);
    l->f->forgive_consume = true;
    l->f->tamper = unhide_after_submit;
    assert_consume(l, "double-consume");
}

static void the_answer_to_a_second_consume_is_a_refusal(void **state)
{
    struct lie *l = *state;
    approve(l);
    consume_by_another_process(l);
    hide(l, l->f->count - 1);
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
    approve(l);
    l->f->tamper = hide_consumes;
    assert_consume(l, "gap");
    l->f->tamper = NULL;
    l->f->hidden_count = 0;
    assert_consume(l, "ok");
}

/* A custodian that takes a consume although the approver's key was revoked as of before. */
static void revoke_eve(struct lie *l)
{
    assert_ok(world_revoke(l->f->w, "acme/eve", "acme/a", "acme/b", WORLD_START));
    fake_follow(l->f);
}

static void a_revocation_is_seen(void **state)
{
    struct lie *l = *state;
    approve(l);
    revoke_eve(l);
    l->f->forgive_consume = true;
    assert_consume(l, "approval-revoked");
}

static void a_hidden_revocation_is_a_gap(void **state)
{
    struct lie *l = *state;
    approve(l);
    revoke_eve(l);
    hide(l, l->f->count - 1);
    l->f->forgive_consume = true;
    assert_consume(l, "gap");
}

/* Entries of other cases and of the trust chain, more than fit one page of the fake's. */
static void let_others_go_on(struct lie *l, unsigned count)
{
    char name[32];
    for (unsigned i = 0; i < count; i++) {
        struct cty_hash other;
        snprintf(name, sizeof(name), "acme/new%u-%zu", i, l->f->count);
        assert_ok(world_agent(l->f->w, name, "acme/a"));
        assert_ok(world_request(l->f->w, name, name, "refund", "{\"amount\":6}", &other));
    }
    fake_follow(l->f);
}

static void what_others_do_before_a_consume_is_nothing_to_it(void **state)
{
    struct lie *l = *state;
    approve(l);
    let_others_go_on(l, 4);
    assert_consume(l, "ok");
    assert_true(l->f->calls[CTY_RPC_ENTRIES] > 1);
}

/* That nothing in the case itself shows it: the links are the custodian's word. */
static void assert_case_looks_well(struct lie *l)
{
    struct cty_judgement *judgement = NULL;
    assert_ok(cty_client_judge(l->client, &l->case_id, 0, &judgement, &l->error));
    assert_ok(cty_judgement_check(judgement, &l->error));
    assert_int_equal(judgement->record.state, CTY_CASE_CONSUMED);
    cty_judgement_free(judgement);
}

static void a_consume_that_the_case_passes_over_is_found(void **state)
{
    struct lie *l = *state;
    approve(l);
    let_others_go_on(l, 2);
    consume_by_another_process(l);
    hide(l, l->f->count - 1);
    let_others_go_on(l, 2);
    l->f->forgive_consume = l->f->pass_over = true;
    assert_consume(l, "double-consume");
    assert_case_looks_well(l);
    assert_consume(l, "double-consume");
}

static void a_revocation_that_the_links_pass_over_is_found(void **state)
{
    struct lie *l = *state;
    approve(l);
    revoke_eve(l);
    hide(l, l->f->count - 1);
    l->f->forgive_consume = l->f->pass_over = true;
    assert_consume(l, "chain-broken");
    assert_case_looks_well(l);
}

/* The tree holds another consume, and readers are shown something else in its place, to which `prev` leads. */
static void a_tree_that_is_not_what_is_read_is_found(void **state)
{
    struct lie *l = *state;
    approve(l);
    let_others_go_on(l, 1);
    size_t other = fake_find(l->f, CTY_REQUEST);
    consume_by_another_process(l);
    fake_disguise(l->f, l->f->count - 1, other);
    l->f->forgive_consume = true;
    assert_consume(l, "proof-invalid");
    assert_non_null(strstr(l->error.detail, "not those of the checkpoint's tree"));
    assert_case_looks_well(l);
}

/* Entered and consumed; then what stands from `first` on is entered once more, as if nothing had come of it. */
static void enter_again(struct lie *l, enum cty_type first)
{
    size_t begin = fake_find(l->f, first);
    size_t end = fake_find(l->f, CTY_RELEASE);
    struct cty_hash prev;
    if (begin > 0)
        prev = fake_leaf(l->f, begin - 1);
    consume_by_another_process(l);
    hide(l, l->f->count - 1);
    for (size_t i = begin; i <= end; i++) {
        hide(l, i);
        fake_repeat(l->f, i, first == CTY_REQUEST && i == begin ? NULL : &prev);
        prev = last_leaf(l);
    }
    l->f->forgive_consume = true;
}

static void a_decision_that_is_entered_twice_is_found(void **state)
{
    struct lie *l = *state;
    approve(l);
    enter_again(l, CTY_DECISION);
    assert_consume(l, "chain-broken");
    assert_non_null(strstr(l->error.detail, "passes over"));
    assert_case_looks_well(l);
}

/* Two people approve, and each approval gets a release of its own: the second is nowhere in the first one's case. */
static void a_second_release_on_another_approval_is_found(void **state)
{
    struct lie *l = *state;
    struct cty_parsed_entry parsed = {.json = CTY_JSON_INIT};
    struct world *elsewhere = fake_world(POLICY);
    size_t verdict = fake_find(l->f, CTY_VERDICT);
    for (size_t i = elsewhere->entries_count; i < l->f->w->entries_count; i++) {
        assert_ok(cty_entry_parse(l->f->w->entries[i], &parsed, NULL));
        if (parsed.signed_statement.statement.type == CTY_REQUEST)
            assert_ok(world_submit_envelope(elsewhere, parsed.entry.statement, NULL));
    }
    assert_ok(world_decide(elsewhere, &l->case_id, "acme/joe", CTY_APPROVE));
    approve(l);
    for (size_t i = verdict + 1; i < l->f->count; i++)
        hide(l, i);
    consume_by_another_process(l);
    hide(l, l->f->count - 1);
    assert_ok(cty_entry_parse(elsewhere->entries[verdict + 1], &parsed, NULL));
    assert_int_equal(parsed.signed_statement.statement.type, CTY_DECISION);
    struct cty_hash prev = fake_leaf(l->f, verdict);
    fake_append(l->f, parsed.entry.statement, &prev);
    forge_release(l, &parsed.signed_statement.digest);
    l->f->forgive_consume = true;
    assert_consume(l, "chain-broken");
    assert_case_looks_well(l);
    cty_parsed_entry_done(&parsed);
    world_free(elsewhere);
}

/* The approval was given on what stood before: it does not hold for the same request entered again. */
static void a_held_case_is_not_entered_again(void **state)
{
    struct lie *l = *state;
    approve(l);
    enter_again(l, CTY_REQUEST);
    assert_consume(l, "bad-seen");
}

/* More entries than are read before a release: from there on all are, and no more. */
static void what_is_read_is_bounded(void **state)
{
    struct lie *l = *state;
    struct cty_hash other;
    while (l->f->w->entries_count < CTY_BETWEEN_ENTRIES_MAX + 20)
        assert_ok(world_request(l->f->w, "acme/bot", "acme/bot", "other", "{}", &other));
    fake_follow(l->f);
    approve(l);
    assert_consume(l, "ok");
    assert_int_equal(l->f->calls[CTY_RPC_ENTRIES], 1);
}

static void shift_entries(struct fake *f, enum cty_rpc rpc, union cty_rpc_result *result)
{
    struct cty_buf *buf = fake_scrap_buf(f, CTY_REPLY_BYTES_MAX);
    struct cty_jw jw;
    if (rpc != CTY_RPC_ENTRIES)
        return;
    cty_jw_begin(&jw, buf);
    cty_jw_array(&jw);
    cty_jw_string(&jw, f->entries[result->entries.from + 1]);
    cty_jw_array_end(&jw);
    assert_ok(cty_jw_end(&jw));
    result->entries.entries = cty_buf_bytes(buf);
}

static void withhold_entries(struct fake *f, enum cty_rpc rpc, union cty_rpc_result *result)
{
    (void)f;
    if (rpc == CTY_RPC_ENTRIES)
        result->entries.entries = CTY_LITERAL("[]");
}

static void what_stands_between_is_not_to_be_withheld(void **state)
{
    struct lie *l = *state;
    approve(l);
    let_others_go_on(l, 1);
    l->f->tamper = withhold_entries;
    assert_consume(l, "gap");
    l->f->tamper = shift_entries;
    assert_consume(l, "chain-broken");
    l->f->tamper = NULL;
    assert_consume(l, "ok");
}

/* ---- contradictions ---- */

/* The world's log key signs another root for the size that is shown. */
static void sign_other_root(struct lie *l, struct cty_buf *out)
{
    struct cty_checkpoint checkpoint = {.origin = CTY_LITERAL(WORLD_ORIGIN), .size = l->f->count};
    struct cty_buf text = CTY_BUF_INIT(4096);
    memset(checkpoint.root.bytes, 7, CTY_HASH_SIZE);
    assert_ok(cty_checkpoint_format(&checkpoint, &text));
    assert_ok(cty_note_sign(cty_buf_bytes(&text), checkpoint.origin, world_secret(l->f->w, "log"), out));
    cty_buf_done(&text);
}

static void where_a_contradiction_lies_nobody_acts(void **state)
{
    struct lie *l = *state;
    struct cty_buf first = CTY_BUF_INIT(4096), second = CTY_BUF_INIT(4096);
    char path[160], *kept = NULL;
    fake_path(l->f, "state", path, sizeof(path));
    cty_client_close(l->client);
    l->client = fake_client(l->f, NULL, "acme/bot", "state");
    approve(l);
    fake_note(l->f, &first);
    sign_other_root(l, &second);
    struct cty_contradiction c = {.notes = {cty_buf_bytes(&first), cty_buf_bytes(&second)}};
    assert_ok(cty_contradiction_keep(path, fake_trust(l->f), &c, &kept, NULL)); /* by whoever shares the folder */
    assert_wait(l, "ok"); /* looking is no acting */
    assert_consume(l, "split-view");
    assert_non_null(strstr(l->error.detail, "contradicted itself"));
    assert_string_equal(cty_client_contradiction(l->client), kept);
    assert_int_equal(l->f->calls[CTY_RPC_SUBMIT], 1);
    assert_int_equal(unlink(kept), 0);
    assert_consume(l, "ok");
    free(kept);
    cty_buf_done(&first);
    cty_buf_done(&second);
}

static void put_file(const struct lie *l, const char *name, struct cty_bytes text, char out[160])
{
    char path[160];
    fake_path(l->f, "state", path, sizeof(path));
    fake_path(l->f, name, out, 160);
    assert_ok(cty_state_put_new(path, out, text, NULL));
}

static void what_can_not_be_read_counts_and_another_logs_does_not(void **state)
{
    struct lie *l = *state;
    char path[160], other[160];
    cty_client_close(l->client);
    l->client = fake_client(l->f, NULL, "acme/bot", "state");
    approve(l);
    put_file(l, "custody.example_test.contradiction-1-a.json", CTY_LITERAL("cut off"), path);
    assert_consume(l, "split-view");
    unlink(path);
    put_file(l, "custody.example_test.contradiction-1-b.json",
             CTY_LITERAL("{\"custody_contradiction\":1,\"key\":\"another\",\"kind\":\"fork\","
                         "\"ledger\":\"custody.example_test\",\"notes\":[\"a\",\"b\"]}"),
             other);
    put_file(l, "custody.example_test.contradiction-1-c.txt", CTY_LITERAL("another name"), path);
    assert_consume(l, "ok");
    unlink(other);
    unlink(path);
}

static void find_contradiction(struct fake *f, enum cty_rpc rpc, union cty_rpc_result *result)
{
    (void)result;
    if (rpc != CTY_RPC_SUBMIT)
        return;
    char path[160], state_path[160];
    fake_path(f, "state", state_path, sizeof(state_path));
    fake_path(f, "custody.example_test.contradiction-1-d.json", path, sizeof(path));
    assert_ok(cty_state_put_new(state_path, path, CTY_LITERAL("found by another process"), NULL));
}

static void one_that_is_found_behind_the_consume_counts(void **state)
{
    struct lie *l = *state;
    char path[160];
    cty_client_close(l->client);
    l->client = fake_client(l->f, NULL, "acme/bot", "state");
    approve(l);
    l->f->tamper = find_contradiction;
    assert_consume(l, "split-view");
    l->f->tamper = NULL;
    fake_path(l->f, "custody.example_test.contradiction-1-d.json", path, sizeof(path));
    assert_int_equal(unlink(path), 0);
    assert_consume(l, "ok"); /* the same consume goes on */
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
    approve(l);
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
    approve(l);
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

/* ---- witnesses ---- */

static struct cty_secret *witness;

static struct cty_bytes cosigned(struct fake *f, struct cty_bytes note)
{
    struct cty_note *parsed = calloc(1, sizeof(*parsed));
    struct cty_buf *out = fake_scrap_buf(f, CTY_NOTE_BYTES_MAX);
    assert_ok(cty_note_parse(note, parsed));
    assert_ok(cty_buf_put_bytes(out, note));
    assert_ok(cty_note_cosign(parsed->text, cty_secret_name(witness), witness, WORLD_START / 1000, out));
    free(parsed);
    return cty_buf_bytes(out);
}

static void cosign(struct fake *f, enum cty_rpc rpc, union cty_rpc_result *result)
{
    if (rpc == CTY_RPC_CHECKPOINT)
        result->checkpoint.checkpoint = cosigned(f, result->checkpoint.checkpoint);
}

static void witnesses_are_waited_for_before_acting(void **state)
{
    struct lie *l = *state;
    struct cty_buf text = CTY_BUF_INIT(4096), more = CTY_BUF_INIT(1024);
    struct cty_trust trust;
    struct cty_client *client = l->client;
    approve(l);
    assert_ok(cty_secret_new(CTY_LITERAL("witness.example/w"), &witness));
    assert_ok(cty_buf_put_text(&more, "witness w "));
    assert_ok(cty_vkey_format(cty_secret_name(witness), CTY_KEY_COSIGNATURE, cty_secret_key(witness), &more));
    assert_ok(cty_buf_put_text(&more, "\\nquorum w\\n"));
    fake_trust_text(l->f->w, cty_buf_text(&more), &text);
    assert_ok(cty_trust_parse(cty_buf_bytes(&text), &trust, NULL));
    l->client = fake_client(l->f, &trust, "acme/bot", NULL);
    /* A decision may be shown without them, acting needs them; and the same consume goes on when they come. */
    assert_wait(l, "ok");
    cty_client_set_patience(l->client, 300);
    assert_consume(l, "not-checked");
    cty_client_set_patience(l->client, 5000);
    assert_non_null(strstr(l->error.detail, "witnessed"));
    size_t before = l->f->count;
    l->f->tamper = cosign;
    assert_consume(l, "ok");
    assert_int_equal(l->f->count, before);
    cty_client_close(l->client);
    l->client = client;
    cty_trust_done(&trust);
    cty_secret_free(witness);
    cty_buf_done(&text);
    cty_buf_done(&more);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_release_without_its_quorum_is_not_believed, setup, teardown),
        cmocka_unit_test_setup_teardown(an_approval_by_another_key_is_not_believed, setup, teardown),
        cmocka_unit_test_setup_teardown(an_approval_by_the_agents_owner_is_not_believed, setup, teardown),
        cmocka_unit_test_setup_teardown(an_approval_by_the_agent_is_not_believed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_state_alone_is_not_believed, setup, teardown),
        cmocka_unit_test_setup_teardown(another_payload_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_payload_that_is_withheld_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(a_payload_swapped_behind_the_consume_is_not_acted_on, setup, teardown),
        cmocka_unit_test_setup_teardown(hidden_entries_of_the_case_are_gaps, setup, teardown),
        cmocka_unit_test_setup_teardown(hidden_trust_is_a_gap, setup, teardown),
        cmocka_unit_test_setup_teardown(a_hidden_consume_is_a_gap, setup, teardown),
        cmocka_unit_test_setup_teardown(a_second_consume_is_not_acted_on, setup, teardown),
        cmocka_unit_test_setup_teardown(the_answer_to_a_second_consume_is_a_refusal, setup, teardown),
        cmocka_unit_test_setup_teardown(our_own_consume_must_stand_in_the_case, setup, teardown),
        cmocka_unit_test_setup_teardown(a_revocation_is_seen, setup, teardown),
        cmocka_unit_test_setup_teardown(a_hidden_revocation_is_a_gap, setup, teardown),
        cmocka_unit_test_setup_teardown(what_others_do_before_a_consume_is_nothing_to_it, setup, teardown),
        cmocka_unit_test_setup_teardown(a_consume_that_the_case_passes_over_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(a_revocation_that_the_links_pass_over_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(a_tree_that_is_not_what_is_read_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(a_decision_that_is_entered_twice_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(a_second_release_on_another_approval_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(a_held_case_is_not_entered_again, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_read_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(what_stands_between_is_not_to_be_withheld, setup, teardown),
        cmocka_unit_test_setup_teardown(where_a_contradiction_lies_nobody_acts, setup, teardown),
        cmocka_unit_test_setup_teardown(what_can_not_be_read_counts_and_another_logs_does_not, setup, teardown),
        cmocka_unit_test_setup_teardown(one_that_is_found_behind_the_consume_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(proofs_that_do_not_hold_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(other_founders_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(every_byte_of_a_release_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(another_case_is_not_this_one, setup, teardown),
        cmocka_unit_test_setup_teardown(witnesses_are_waited_for_before_acting, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
