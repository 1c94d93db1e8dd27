/* SPDX-License-Identifier: Apache-2.0 */
/* The claim `between`: what stands between a release and its consume, from leaves and not from links. */
#include "audit/between.h"

#include "audit.h"
#include "audit/evidence_inner.h"

static int setup(void **state)
{
    struct stage *s = stage_new();
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    stage_free(*state);
    return 0;
}

/* Released, then others go on, then consumed. */
static void go_on(struct stage *s)
{
    stage_noise(s);
    stage_release(s);
    stage_noise(s);
    assert_ok(world_agent(s->w, "acme/newcomer", "acme/boss"));
    stage_noise(s);
    assert_ok(world_consume(s->w, &s->case_id, "acme/bot"));
    stage_noise(s);
}

static struct cty_evidence *evidence_from(struct stage *s, bool since_request)
{
    struct cty_evidence *evidence = world_evidence(s->w, &s->case_id);
    uint64_t from = 0, consume = 0;
    assert_true(cty_between_ends(evidence, &from, &consume));
    assert_int_equal(from, entry_of(s, CTY_RELEASE, 0));
    assert_int_equal(consume, entry_of(s, CTY_CONSUME, 0));
    if (since_request)
        assert_ok(cty_between_begin_of(evidence, &from));
    world_add_between(s->w, evidence, from);
    return evidence;
}

static void what_stands_between_is_proven(void **state)
{
    struct stage *s = *state;
    go_on(s);
    for (int since_request = 0; since_request < 2; since_request++) {
        struct cty_evidence *evidence = evidence_from(s, since_request == 1);
        struct cty_buf text = CTY_BUF_INIT(CTY_EVIDENCE_BYTES_MAX), again = CTY_BUF_INIT(CTY_EVIDENCE_BYTES_MAX);
        struct cty_evidence *read = NULL;
        assert_int_equal(stage_verify(s, evidence), 0);
        assert_claim(&s->report, BETWEEN, HOLDS);
        assert_int_equal(says(&s->report, CTY_CLAIM_BETWEEN, "before them there can be none"), since_request);
        assert_ok(cty_evidence_format(evidence, &text));
        assert_ok(cty_evidence_parse(cty_buf_bytes(&text), &read, NULL));
        assert_ok(cty_evidence_format(read, &again));
        assert_true(cty_bytes_equal(cty_buf_bytes(&text), cty_buf_bytes(&again)));
        assert_int_equal(stage_verify(s, read), 0);
        assert_claim(&s->report, BETWEEN, HOLDS);
        cty_evidence_free(read);
        cty_evidence_free(evidence);
        cty_buf_done(&text);
        cty_buf_done(&again);
    }
}

static void without_it_nothing_is_claimed(void **state)
{
    struct stage *s = *state;
    go_on(s);
    assert_int_equal(stage_verify_own(s), 0);
    assert_claim(&s->report, BETWEEN, NOT_CHECKED);
    assert_true(says(&s->report, CTY_CLAIM_BETWEEN, "not at hand"));
}

static void before_a_consume_it_is_not_asked(void **state)
{
    struct stage *s = *state;
    struct cty_proof none = {.count = 0};
    struct cty_frontier left = {.size = 0};
    stage_release(s);
    assert_int_equal(stage_verify_own(s), 0);
    assert_claim(&s->report, BETWEEN, NOT_ASKED);
    /* And nothing rides along. */
    struct cty_evidence *evidence = world_evidence(s->w, &s->case_id);
    cty_evidence_set_between(evidence, &left, &none);
    assert_int_equal(stage_verify(s, evidence), 1);
    assert_fails(&s->report, BETWEEN, "proof-invalid", NO_ENTRY);
    cty_evidence_free(evidence);
}

static void assert_between_fails(struct stage *s, struct cty_evidence *evidence, const char *code)
{
    assert_int_equal(stage_verify(s, evidence), 1);
    assert_string_equal(claim_state_text(s->report.claims[CTY_CLAIM_BETWEEN].state), "fails");
    if (code)
        assert_string_equal(custody_err_name(s->report.claims[CTY_CLAIM_BETWEEN].code), code);
}

static void every_hash_counts(void **state)
{
    struct stage *s = *state;
    go_on(s);
    struct cty_evidence *evidence = evidence_from(s, false);
    struct cty_evidence_between *between = &evidence->between;
    assert_true(between->left.count > 0 && between->proof.count > 0);
    for (size_t i = 0; i < between->left.count; i++) {
        between->left.edge[i].bytes[5] ^= 1;
        assert_between_fails(s, evidence, "proof-invalid");
        between->left.edge[i].bytes[5] ^= 1;
    }
    for (size_t i = 0; i < between->proof.count; i++) {
        between->proof.hashes[i].bytes[5] ^= 1;
        assert_between_fails(s, evidence, "proof-invalid");
        between->proof.hashes[i].bytes[5] ^= 1;
    }
    between->proof.count--;
    assert_between_fails(s, evidence, "proof-invalid");
    between->proof.count++;
    assert_int_equal(stage_verify(s, evidence), 0);
    cty_evidence_free(evidence);
}

static void every_entry_counts(void **state)
{
    struct stage *s = *state;
    go_on(s);
    struct cty_evidence *evidence = evidence_from(s, true);
    struct cty_evidence_between *between = &evidence->between;
    assert_true(between->entries_count > 2);
    for (size_t i = 0; i + 1 < between->entries_count; i++) { /* two in each other's place */
        struct cty_bytes entry = between->entries[i];
        between->entries[i] = between->entries[i + 1];
        between->entries[i + 1] = entry;
        assert_between_fails(s, evidence, "chain-broken");
        between->entries[i + 1] = between->entries[i];
        between->entries[i] = entry;
    }
    between->entries_count--; /* one left out, one too many */
    assert_between_fails(s, evidence, NULL);
    between->entries_count++;
    assert_ok(cty_evidence_add_between(evidence, between->entries[0]));
    assert_between_fails(s, evidence, "proof-invalid");
    cty_evidence_free(evidence);
}

static void it_begins_at_the_release_or_before(void **state)
{
    struct stage *s = *state;
    go_on(s);
    struct cty_evidence *evidence = world_evidence(s->w, &s->case_id);
    world_add_between(s->w, evidence, entry_of(s, CTY_RELEASE, 0) + 1);
    assert_int_equal(stage_verify(s, evidence), 1);
    assert_fails(&s->report, BETWEEN, "gap", entry_of(s, CTY_RELEASE, 0));
    cty_evidence_free(evidence);
}

/* ---- the rogue ---- */

static void add_between_of(struct rogue *r, struct cty_evidence *evidence, uint64_t from, uint64_t consume)
{
    struct cty_frontier left;
    struct cty_proof proof;
    assert_ok(cty_frontier_load(cty_memory_tree(r->tree), from, &left));
    assert_ok(cty_tree_inclusion(cty_memory_tree(r->tree), consume, cty_memory_size(r->tree), &proof));
    cty_evidence_set_between(evidence, &left, &proof);
    for (uint64_t i = from; i < consume; i++) {
        if (!cty_evidence_has(evidence, i))
            assert_ok(cty_evidence_add_between(evidence, r->items[i].text));
    }
}

static uint64_t put_consume(struct rogue *r)
{
    struct cty_statement st;
    struct cty_case c;
    world_case(r->s->w, &r->s->case_id, &c);
    rogue_begin(r, &st, CTY_CONSUME, "acme/bot");
    st.u.consume.payload = c.payload;
    return rogue_put(r, &st);
}

/* One release, two consumes; each sees a case without the other. The links tell nothing, the leaves do. */
static void another_consume_is_found_in_the_file(void **state)
{
    struct stage *s = *state;
    stage_release(s);
    struct rogue *r = rogue_new(s);
    uint64_t release = entry_of(s, CTY_RELEASE, 0);
    uint64_t first = put_consume(r);
    r->items[first].out_of_chain = true;
    uint64_t second = put_consume(r);
    bool *leave_out = calloc(r->count, sizeof(*leave_out));
    leave_out[first] = true;
    struct cty_evidence *evidence = rogue_evidence(r, &s->case_id, leave_out);
    assert_int_equal(stage_verify(s, evidence), 0); /* it looks well */
    assert_claim(&s->report, ONCE, HOLDS);
    add_between_of(r, evidence, release, second);
    assert_int_equal(stage_verify(s, evidence), 1);
    assert_fails(&s->report, BETWEEN, "double-consume", NO_ENTRY);
    free(leave_out);
    cty_evidence_free(evidence);
    rogue_free(r);
}

static void bounds_are_kept(void **state)
{
    struct stage *s = *state;
    go_on(s);
    struct cty_evidence *evidence = evidence_from(s, false);
    struct cty_buf text = CTY_BUF_INIT(CTY_EVIDENCE_BYTES_MAX);
    struct cty_evidence *read = NULL;
    struct cty_bytes entry = evidence->between.entries[0];
    evidence->between.left.size--; /* another size than the edge is of */
    evidence->between.left.count = 0;
    assert_ok(cty_evidence_format(evidence, &text));
    assert_refused(cty_evidence_parse(cty_buf_bytes(&text), &read, NULL), "bad-evidence");
    while (evidence->between.entries_count < CTY_BETWEEN_ENTRIES_MAX)
        assert_ok(cty_evidence_add_between(evidence, entry));
    assert_refused(cty_evidence_add_between(evidence, entry), "limit-reached");
    cty_evidence_free(evidence);
    cty_buf_done(&text);
}

/* What is of the case, and not in the evidence that is judged, is told from its first entry on: the request. */
static void a_case_that_is_passed_over_whole_is_found(void **state)
{
    struct stage *s = *state;
    go_on(s);
    uint64_t begin = 0, request = entry_of(s, CTY_REQUEST, 0), consume = 0;
    struct cty_evidence *own = world_evidence(s->w, &s->case_id);
    assert_true(cty_between_ends(own, &request, &consume));
    assert_ok(cty_between_begin_of(own, &begin));
    struct cty_between walk;
    struct cty_frontier left;
    assert_ok(cty_frontier_load(cty_memory_tree(s->w->memory), begin, &left));
    struct cty_evidence *other = NULL; /* the same case, and nothing of it known */
    assert_ok(cty_evidence_new(s->trust.origin, &s->case_id, &other));
    assert_ok(cty_between_init(&walk, other, &left));
    custody_err err = CUSTODY_OK;
    for (uint64_t i = begin; err == CUSTODY_OK && i < consume; i++)
        err = cty_between_take(&walk, s->w->entries[i], NULL);
    assert_refused(err, "chain-broken");
    cty_between_done(&walk);
    cty_evidence_free(other);
    cty_evidence_free(own);
}

/* The stage's case becomes a released child of another, which is given; and the size that its request saw. */
static uint64_t become_a_child(struct stage *s, struct cty_hash *ret_parent)
{
    struct cty_statement st;
    struct cty_case c;
    assert_ok(world_request(s->w, "acme/bot", "acme/bot", "ping", "{}", ret_parent));
    world_case(s->w, ret_parent, &c);
    world_begin(s->w, &st, CTY_REQUEST, "acme/bot");
    st.u.request.action = CTY_LITERAL("ping");
    st.u.request.executor = CTY_LITERAL("acme/bot");
    st.u.request.expires = c.expires;
    st.u.request.parent = (struct cty_parent){true, c.anchor, *ret_parent};
    st.u.request.payload = world_commit(s->w, &st, "payload", "{}");
    st.u.request.service = CTY_LITERAL("payments");
    assert_ok(world_submit(s->w, &st, &s->case_id));
    return st.seen.size;
}

/* The parent's holder acts on it; or takes it back, which ends its children too. */
static uint64_t put_of_parent(struct rogue *r, const struct cty_hash *parent, enum cty_type type)
{
    struct cty_hash child = r->s->case_id;
    struct cty_statement st;
    r->s->case_id = *parent;
    if (type == CTY_CANCEL)
        rogue_begin(r, &st, CTY_CANCEL, "acme/bot");
    uint64_t at = type == CTY_CANCEL ? rogue_put(r, &st) : put_consume(r);
    r->s->case_id = child;
    return at;
}

/* A parent was taken back before the consume: the custodian lets the consume in, and hides that. */
static void a_parent_that_is_passed_over_is_found(void **state)
{
    struct stage *s = *state;
    struct cty_hash parent;
    const uint64_t seen = become_a_child(s, &parent);
    struct rogue *r = rogue_new(s);
    const uint64_t cancel = put_of_parent(r, &parent, CTY_CANCEL), consume = put_consume(r);
    bool *leave_out = calloc(r->count, sizeof(*leave_out));
    leave_out[cancel] = true;
    struct cty_evidence *evidence = rogue_evidence(r, &s->case_id, leave_out);
    assert_int_equal(stage_verify(s, evidence), 0); /* it looks well */
    add_between_of(r, evidence, seen, consume);
    assert_int_equal(stage_verify(s, evidence), 1);
    assert_fails(&s->report, BETWEEN, "chain-broken", NO_ENTRY);
    assert_true(says(&s->report, CTY_CLAIM_BETWEEN, "a parent case passes over its entry"));
    /* With what was hidden, the law says it. */
    assert_caught(r, LAWFUL, "after-cancellation", consume);
    cty_evidence_free(evidence);
    free(leave_out);
    rogue_free(r);
}

static void what_a_parent_did_meanwhile_is_no_fault(void **state)
{
    struct stage *s = *state;
    struct cty_hash parent;
    const uint64_t seen = become_a_child(s, &parent);
    struct rogue *r = rogue_new(s);
    (void)put_of_parent(r, &parent, CTY_CONSUME);
    const uint64_t consume = put_consume(r);
    struct cty_evidence *evidence = rogue_evidence(r, &s->case_id, NULL);
    add_between_of(r, evidence, seen, consume);
    assert_int_equal(stage_verify(s, evidence), 0);
    assert_claim(&s->report, BETWEEN, HOLDS);
    cty_evidence_free(evidence);
    rogue_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_stands_between_is_proven, setup, teardown),
        cmocka_unit_test_setup_teardown(without_it_nothing_is_claimed, setup, teardown),
        cmocka_unit_test_setup_teardown(before_a_consume_it_is_not_asked, setup, teardown),
        cmocka_unit_test_setup_teardown(every_hash_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(every_entry_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(it_begins_at_the_release_or_before, setup, teardown),
        cmocka_unit_test_setup_teardown(another_consume_is_found_in_the_file, setup, teardown),
        cmocka_unit_test_setup_teardown(bounds_are_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(a_case_that_is_passed_over_whole_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(a_parent_that_is_passed_over_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_parent_did_meanwhile_is_no_fault, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
