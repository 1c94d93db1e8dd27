/* SPDX-License-Identifier: Apache-2.0 */
/* Judging on what was judged before: the same answers, and the same refusals. */
#include "audit/footing.h"

#include "audit.h"
#include "audit/evidence_inner.h"

struct twice {
    struct stage *s;
    struct cty_footing *footing;
    struct cty_report first; /* the whole, judged without a footing */
};

static int setup(void **state)
{
    struct twice *t = calloc(1, sizeof(*t));
    t->s = stage_new();
    assert_ok(cty_footing_new(&t->s->trust, &t->footing));
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    struct twice *t = *state;
    cty_footing_free(t->footing);
    stage_free(t->s);
    free(t);
    return 0;
}

/* The stage's case; of the trust chain only what the footing lacks. */
static struct cty_evidence *evidence_on(struct twice *t, uint64_t without)
{
    struct cty_evidence *whole = world_evidence(t->s->w, &t->s->case_id), *evidence = NULL;
    assert_ok(cty_evidence_new(t->s->trust.origin, &t->s->case_id, &evidence));
    assert_ok(cty_evidence_set_checkpoint(evidence, whole->checkpoint));
    for (size_t i = 0; i < whole->entries_count; i++) {
        const struct cty_evidence_entry *entry = whole->entries[i];
        if (entry->entry.index >= cty_footing_next(t->footing) && entry->entry.index != without)
            assert_ok(cty_evidence_add_entry(evidence, entry->text, NULL));
    }
    for (size_t i = 0; i < whole->proofs_count; i++) {
        struct cty_proof proof;
        cty_evidence_proof_get(&whole->proofs[i], &proof);
        if (cty_evidence_has(evidence, whole->proofs[i].at))
            assert_ok(cty_evidence_add_proof(evidence, whole->proofs[i].at, &proof));
    }
    for (size_t i = 0; i < evidence->entries_count; i++) {
        struct cty_parsed_entry parsed = {.json = CTY_JSON_INIT};
        struct cty_proof proof;
        assert_ok(cty_entry_parse(evidence->entries[i]->text, &parsed, NULL));
        uint64_t size = parsed.signed_statement.statement.seen.size;
        struct cty_evidence_proof *item = cty_evidence_find_proof(whole->seen, whole->seen_count, size);
        if (item) {
            cty_evidence_proof_get(item, &proof);
            assert_ok(cty_evidence_add_seen(evidence, size, &proof));
        }
        cty_parsed_entry_done(&parsed);
    }
    cty_evidence_stand_on(evidence, t->footing);
    cty_evidence_free(whole);
    return evidence;
}

static struct cty_memory *judge(struct twice *t, const struct cty_evidence *evidence)
{
    struct cty_memory *memory = NULL;
    t->s->report = (struct cty_report){.findings_count = 0};
    assert_ok(cty_evidence_verify(evidence, &t->s->trust, cty_bytes_make(NULL, 0), &t->s->report, &memory));
    return memory;
}

/* Judges the case whole, and takes what it can into the footing. */
static void judge_whole(struct twice *t)
{
    struct cty_evidence *whole = world_evidence(t->s->w, &t->s->case_id);
    struct cty_memory *memory = judge(t, whole);
    assert_false(cty_report_failed(&t->s->report));
    t->first = t->s->report;
    assert_ok(cty_footing_extend(t->footing, whole, memory, &t->s->report));
    cty_memory_free(memory);
    cty_evidence_free(whole);
}

/* What holds whole holds on the footing, and nothing else. */
static void assert_alike(struct twice *t)
{
    for (int claim = 0; claim < CTY_CLAIM_COUNT; claim++) {
        if (claim == CTY_CLAIM_CONTENTS)
            continue; /* of the chain none are there */
        assert_string_equal(claim_state_text(t->s->report.claims[claim].state),
                            claim_state_text(t->first.claims[claim].state));
    }
}

static struct cty_bytes case_text(const struct twice *t, const struct cty_memory *memory)
{
    char key[CTY_VIEW_KEY_MAX] = "case/";
    for (size_t i = 0; i < CTY_HASH_SIZE; i++)
        snprintf(key + 5 + 2 * i, 3, "%02x", t->s->case_id.bytes[i]);
    return cty_memory_get(memory, key);
}

static void a_case_on_a_footing_reads_as_the_whole(void **state)
{
    struct twice *t = *state;
    stage_refund(t->s);
    judge_whole(t);
    assert_true(cty_footing_count(t->footing) > 5);
    struct cty_evidence *evidence = evidence_on(t, UINT64_MAX), *whole = world_evidence(t->s->w, &t->s->case_id);
    assert_true(evidence->entries_count < whole->entries_count - 5);
    struct cty_memory *memory = judge(t, evidence);
    assert_alike(t);
    struct cty_memory *all = judge(t, whole);
    assert_true(case_text(t, all).size > 0 && cty_bytes_equal(case_text(t, memory), case_text(t, all)));
    assert_int_equal(cty_memory_get(memory, "actor/acme/bot").size, cty_memory_get(all, "actor/acme/bot").size);
    cty_memory_free(all);
    cty_memory_free(memory);
    cty_evidence_free(whole);
    cty_evidence_free(evidence);
}

static void what_came_since_must_be_there(void **state)
{
    struct twice *t = *state;
    stage_release(t->s);
    judge_whole(t);
    assert_ok(world_revoke(t->s->w, "acme/c", "acme/a", "acme/b", WORLD_START));
    uint64_t revocation = t->s->w->entries_count - 1;
    stage_noise(t->s);
    assert_ok(world_agent(t->s->w, "acme/newcomer", "acme/boss"));
    struct cty_evidence *evidence = evidence_on(t, UINT64_MAX);
    cty_memory_free(judge(t, evidence));
    assert_false(cty_report_failed(&t->s->report));
    assert_true(has_finding(&t->s->report, "key-suspect"));
    cty_evidence_free(evidence);
    evidence = evidence_on(t, revocation);
    cty_memory_free(judge(t, evidence));
    assert_claim(&t->s->report, COMPLETE, FAILS);
    cty_evidence_free(evidence);
}

static void without_the_footing_it_is_not_whole(void **state)
{
    struct twice *t = *state;
    stage_refund(t->s);
    judge_whole(t);
    struct cty_evidence *evidence = evidence_on(t, UINT64_MAX);
    cty_evidence_stand_on(evidence, NULL);
    cty_memory_free(judge(t, evidence));
    assert_claim(&t->s->report, COMPLETE, FAILS);
    cty_evidence_free(evidence);
}

/* What stands behind the case's first entry is not of the footing, until a later case is judged. */
static void it_goes_on_and_leaves_what_stands_on_it(void **state)
{
    struct twice *t = *state;
    stage_release(t->s);
    judge_whole(t);
    size_t before = cty_footing_count(t->footing);
    struct cty_evidence *evidence = evidence_on(t, UINT64_MAX);
    struct cty_memory *memory = judge(t, evidence);
    assert_ok(world_agent(t->s->w, "acme/newcomer", "acme/boss"));
    struct cty_hash first_case = t->s->case_id;
    judge_whole(t);
    assert_int_equal(cty_footing_count(t->footing), before);
    stage_release(t->s); /* another one */
    assert_false(cty_hash_equal(&first_case, &t->s->case_id));
    judge_whole(t);
    assert_int_equal(cty_footing_count(t->footing), before + 1);
    /* The first judgement does not know the newcomer, and lives on when the footing is gone. */
    assert_int_equal(cty_memory_get(memory, "actor/acme/newcomer").size, 0);
    struct cty_evidence *next = evidence_on(t, UINT64_MAX);
    struct cty_memory *newer = judge(t, next);
    assert_alike(t);
    cty_footing_free(t->footing);
    t->footing = NULL;
    assert_true(cty_memory_get(memory, "actor/acme/bot").size > 0);
    assert_true(cty_memory_get(newer, "actor/acme/newcomer").size > 0);
    cty_memory_free(newer);
    cty_memory_free(memory);
    cty_evidence_free(next);
    cty_evidence_free(evidence);
}

/* Of evidence that does not hold nothing gets in. */
static void what_did_not_hold_gets_not_in(void **state)
{
    struct twice *t = *state;
    stage_refund(t->s);
    struct rogue *r = rogue_new(t->s);
    size_t at = entry_of(t->s, CTY_ACTOR_ENROL, 1);
    char *text = cty_bytes_dup_text(r->items[at].text);
    char *sig = strstr(text, "\"sig\":\"") + 7;
    sig[3] = sig[3] == 'A' ? 'B' : 'A';
    rogue_fix(r, at, cty_bytes_text(text));
    rogue_link(r);
    struct cty_evidence *evidence = rogue_evidence(r, &t->s->case_id, NULL);
    struct cty_memory *memory = judge(t, evidence);
    assert_claim(&t->s->report, SIGNED, FAILS);
    assert_ok(cty_footing_extend(t->footing, evidence, memory, &t->s->report));
    assert_int_equal(cty_footing_count(t->footing), 0);
    cty_evidence_stand_on(evidence, t->footing);
    assert_null(evidence->footing);
    cty_memory_free(memory);
    cty_evidence_free(evidence);
    rogue_free(r);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_case_on_a_footing_reads_as_the_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(what_came_since_must_be_there, setup, teardown),
        cmocka_unit_test_setup_teardown(without_the_footing_it_is_not_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(it_goes_on_and_leaves_what_stands_on_it, setup, teardown),
        cmocka_unit_test_setup_teardown(what_did_not_hold_gets_not_in, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
