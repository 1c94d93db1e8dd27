/* SPDX-License-Identifier: Apache-2.0 */
/* Custodians whose links and trees lie, and ledgers that contradicted themselves: nobody acts on them. */
#include <unistd.h>

#include "client/contradiction.h"
#include "client/state.h"
#include "unit/client/lie.h"
#include "unit/support.h"

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
    lie_approve(l);
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
    lie_approve(l);
    let_others_go_on(l, 2);
    lie_consume_elsewhere(l);
    lie_hide(l, l->f->count - 1);
    let_others_go_on(l, 2);
    l->f->forgive_consume = l->f->pass_over = true;
    assert_consume(l, "double-consume");
    assert_case_looks_well(l);
    assert_consume(l, "double-consume");
}

static void a_revocation_that_the_links_pass_over_is_found(void **state)
{
    struct lie *l = *state;
    lie_approve(l);
    lie_revoke(l);
    lie_hide(l, l->f->count - 1);
    l->f->forgive_consume = l->f->pass_over = true;
    assert_consume(l, "chain-broken");
    assert_case_looks_well(l);
}

/* The tree holds another consume, and readers are shown something else in its place, to which `prev` leads. */
static void a_tree_that_is_not_what_is_read_is_found(void **state)
{
    struct lie *l = *state;
    lie_approve(l);
    let_others_go_on(l, 1);
    size_t other = fake_find(l->f, CTY_REQUEST);
    lie_consume_elsewhere(l);
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
    lie_consume_elsewhere(l);
    lie_hide(l, l->f->count - 1);
    for (size_t i = begin; i <= end; i++) {
        lie_hide(l, i);
        fake_repeat(l->f, i, first == CTY_REQUEST && i == begin ? NULL : &prev);
        prev = lie_last_leaf(l);
    }
    l->f->forgive_consume = true;
}

static void a_decision_that_is_entered_twice_is_found(void **state)
{
    struct lie *l = *state;
    lie_approve(l);
    enter_again(l, CTY_DECISION);
    assert_consume(l, "chain-broken");
    assert_non_null(strstr(l->error.detail, "passes over"));
    assert_case_looks_well(l);
}

/* Two people lie_approve, and each approval gets a release of its own: the second is nowhere in the first one's case. */
static void a_second_release_on_another_approval_is_found(void **state)
{
    struct lie *l = *state;
    struct cty_parsed_entry parsed = {.json = CTY_JSON_INIT};
    struct world *elsewhere = fake_world(LIE_POLICY);
    size_t verdict = fake_find(l->f, CTY_VERDICT);
    for (size_t i = elsewhere->entries_count; i < l->f->w->entries_count; i++) {
        assert_ok(cty_entry_parse(l->f->w->entries[i], &parsed, NULL));
        if (parsed.signed_statement.statement.type == CTY_REQUEST)
            assert_ok(world_submit_envelope(elsewhere, parsed.entry.statement, NULL));
    }
    assert_ok(world_decide(elsewhere, &l->case_id, "acme/joe", CTY_APPROVE));
    lie_approve(l);
    for (size_t i = verdict + 1; i < l->f->count; i++)
        lie_hide(l, i);
    lie_consume_elsewhere(l);
    lie_hide(l, l->f->count - 1);
    assert_ok(cty_entry_parse(elsewhere->entries[verdict + 1], &parsed, NULL));
    assert_int_equal(parsed.signed_statement.statement.type, CTY_DECISION);
    struct cty_hash prev = fake_leaf(l->f, verdict);
    fake_append(l->f, parsed.entry.statement, &prev);
    lie_forge_release(l, &parsed.signed_statement.digest);
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
    lie_approve(l);
    enter_again(l, CTY_REQUEST);
    assert_consume(l, "bad-seen");
}

/* More entries than are read before a release: from there on all are, and no more. */
static void what_is_read_is_bounded(void **state)
{
    struct lie *l = *state;
    struct cty_hash other;
    /* Thousands of entries are judged, and a machine may have other things to do. */
    cty_client_set_patience(l->client, 300000);
    while (l->f->w->entries_count < CTY_BETWEEN_ENTRIES_MAX + 20)
        assert_ok(world_request(l->f->w, "acme/bot", "acme/bot", "other", "{}", &other));
    fake_follow(l->f);
    lie_approve(l);
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
    lie_approve(l);
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
    lie_approve(l);
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
    fake_path(l->f, name, out, 160);
    assert_ok(cty_state_put_new(out, text, NULL));
}

static void what_can_not_be_read_counts_and_another_logs_does_not(void **state)
{
    struct lie *l = *state;
    char path[160], other[160];
    cty_client_close(l->client);
    l->client = fake_client(l->f, NULL, "acme/bot", "state");
    lie_approve(l);
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
    char path[160];
    fake_path(f, "custody.example_test.contradiction-1-d.json", path, sizeof(path));
    assert_ok(cty_state_put_new(path, CTY_LITERAL("found by another process"), NULL));
}

static void one_that_is_found_behind_the_consume_counts(void **state)
{
    struct lie *l = *state;
    char path[160];
    cty_client_close(l->client);
    l->client = fake_client(l->f, NULL, "acme/bot", "state");
    lie_approve(l);
    l->f->tamper = find_contradiction;
    assert_consume(l, "split-view");
    l->f->tamper = NULL;
    fake_path(l->f, "custody.example_test.contradiction-1-d.json", path, sizeof(path));
    assert_int_equal(unlink(path), 0);
    assert_consume(l, "ok"); /* the same consume goes on */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_others_do_before_a_consume_is_nothing_to_it, lie_setup, lie_teardown),
        cmocka_unit_test_setup_teardown(a_consume_that_the_case_passes_over_is_found, lie_setup, lie_teardown),
        cmocka_unit_test_setup_teardown(a_revocation_that_the_links_pass_over_is_found, lie_setup, lie_teardown),
        cmocka_unit_test_setup_teardown(a_tree_that_is_not_what_is_read_is_found, lie_setup, lie_teardown),
        cmocka_unit_test_setup_teardown(a_decision_that_is_entered_twice_is_found, lie_setup, lie_teardown),
        cmocka_unit_test_setup_teardown(a_second_release_on_another_approval_is_found, lie_setup, lie_teardown),
        cmocka_unit_test_setup_teardown(a_held_case_is_not_entered_again, lie_setup, lie_teardown),
        cmocka_unit_test_setup_teardown(what_is_read_is_bounded, lie_setup, lie_teardown),
        cmocka_unit_test_setup_teardown(what_stands_between_is_not_to_be_withheld, lie_setup, lie_teardown),
        cmocka_unit_test_setup_teardown(where_a_contradiction_lies_nobody_acts, lie_setup, lie_teardown),
        cmocka_unit_test_setup_teardown(what_can_not_be_read_counts_and_another_logs_does_not, lie_setup, lie_teardown),
        cmocka_unit_test_setup_teardown(one_that_is_found_behind_the_consume_counts, lie_setup, lie_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
