/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stolen keys, without time stamps and witnesses: an approver's, a giver's, the custodian's. What a verifier says before the
 * theft is known and after, and what only somebody who kept an earlier head can say.
 *
 * row of the list of attacks        test
 *  34 stolen key signs "earlier"    attack_34_*
 *  35 stolen log key                attack_35_*
 */
#include "audit/contradiction.h"
#include "deeds.h"

static int begin(void **state)
{
    *state = stage_vendors();
    return 0;
}

static int end(void **state)
{
    stage_free(*state);
    return 0;
}

/* What a vendor kept: the custodian's word of some day. */
struct kept {
    struct cty_buf note;
    size_t size;
};

static void keep(struct stage *s, struct kept *kept)
{
    kept->note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    kept->size = s->w->entries_count;
    world_checkpoint(s->w, &kept->note);
}

/* The first entries of the rogue's ledger against what was kept: they don't give that root. */
static void assert_another_ledger(struct rogue *r, const struct kept *kept)
{
    struct cty_bytes texts[256];
    for (size_t i = 0; i < kept->size; i++)
        texts[i] = r->items[i].text;
    assert_int_equal(stage_replay(r->s, texts, kept->size, cty_buf_bytes(&kept->note), 1), 1);
    assert_fails(&r->s->report, INTACT, "root-mismatch", NO_ENTRY);
    struct cty_evidence *evidence = rogue_evidence(r, &r->s->case_id, NULL);
    assert_ok(cty_evidence_set_checkpoint(evidence, cty_buf_bytes(&kept->note)));
    assert_int_equal(stage_verify(r->s, evidence), 1);
    assert_claim(&r->s->report, INTACT, FAILS);
    cty_evidence_free(evidence);
}

/* What was kept and what the rogue shows now convict the log key, for anybody who pins it. */
static void assert_convicts(struct rogue *r, const struct kept *kept, enum cty_contradiction_kind kind)
{
    struct cty_buf shown = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX), file = CTY_BUF_INIT(256 * 1024);
    struct cty_contradiction c = {.kind = kind, .ledger = r->s->trust.origin, .key = r->s->trust.log_vkey,
                                  .notes = {cty_buf_bytes(&kept->note)}};
    static struct cty_contradiction_report report;
    custody_error error = {0};
    rogue_note(r, &shown);
    c.notes[1] = cty_buf_bytes(&shown);
    c.has_proof = kind == CTY_CONTRADICTION_FORK;
    if (c.has_proof) {
        assert_ok(cty_memory_root(r->tree, kept->size, &c.root));
        assert_ok(cty_tree_consistency(cty_memory_tree(r->tree), kept->size, r->count, &c.proof));
    }
    assert_ok(cty_contradiction_format(&c, &file));
    assert_ok(cty_contradiction_verify(cty_buf_bytes(&file), &r->s->trust, &report, &error));
    assert_int_equal(cty_contradiction_exit(&report), 0);
    cty_buf_done(&shown);
    cty_buf_done(&file);
}

static void approve(struct stage *s, const char *approver)
{
    assert_ok(world_decide(s->w, &s->case_id, approver, CTY_APPROVE));
}

static void release(struct stage *s)
{
    ask(s);
    approve(s, "acme/a");
    approve(s, "acme/c");
}

static void consume(struct stage *s, const char *holder)
{
    assert_ok(world_consume(s->w, &s->case_id, holder));
}

/* ---- what a report says before and after `since` ---- */

/* Revoked as a whole, as of after the approval: it stands, and is told; as of the approval: it is suspect. */
static void an_approver_revoked(void **state)
{
    struct stage *s = *state;
    char words[96];
    release(s);
    consume(s, "acme/bot");
    uint64_t decided = s->w->time;
    s->w->time += HOUR / 2;
    assert_nothing_found(s);
    assert_true(says(&s->report, CTY_CLAIM_QUORUM, "acme/a (enrolled by 2), acme/c (enrolled by 2); on the"));
    assert_ok(world_revoke(s->w, "acme/c", "acme/a", "acme/b", decided + 1));
    assert_nothing_found(s);
    snprintf(words, sizeof(words), "acme/c (enrolled by 2, revoked by entry %zu)", s->w->entries_count - 1);
    assert_true(says(&s->report, CTY_CLAIM_QUORUM, words));
    assert_ok(world_revoke(s->w, "acme/c", "acme/a", "acme/b", decided));
    assert_found(s, "key-suspect", entry_of(s, CTY_DECISION, 1));
    assert_int_equal(s->report.findings_all, 1);
    snprintf(words, sizeof(words), "acme/c approved the case of entry %llu, revoked by entry %zu as of before that",
             (unsigned long long)entry_of(s, CTY_REQUEST, 0), s->w->entries_count - 1);
    assert_string_equal(s->report.findings[0].text, words);
    assert_claim(&s->report, LAWFUL, HOLDS);
    assert_claim(&s->report, QUORUM, HOLDS);
    assert_true(says(&s->report, CTY_CLAIM_QUORUM, "acme/c (enrolled by 2, revoked by entry"));
}

/* One of its former keys; what its other keys signed is not touched. */
static void a_former_key_of_an_approver(void **state)
{
    struct stage *s = *state;
    release(s);
    consume(s, "acme/bot");
    struct cty_hash old = s->case_id;
    uint64_t decided = s->w->time;
    s->w->time += MINUTE;
    assert_ok(world_rotate(s->w, "acme/c"));
    release(s);
    consume(s, "acme/bot");
    struct cty_hash fresh = s->case_id;
    assert_nothing_found(s);
    struct cty_bytes stolen = world_former_vkey(s->w, "acme/c", 1);
    assert_ok(world_revoke_key(s->w, "acme/c", stolen, "acme/c", NULL, decided + 1));
    assert_nothing_found(s);
    assert_ok(world_revoke_key(s->w, "acme/c", stolen, "acme/a", "acme/b", decided));
    assert_int_equal(stage_verify_own(s), 0);
    assert_true(says(&s->report, CTY_CLAIM_QUORUM, "acme/c (enrolled by 2);"));
    s->case_id = old;
    assert_found(s, "key-suspect", entry_of(s, CTY_DECISION, 1));
    assert_int_equal(s->report.findings_all, 1);
    assert_true(says(&s->report, CTY_CLAIM_QUORUM, "acme/c (enrolled by 2, with a former key that was revoked)"));
    /* And all of them, with the actor. */
    assert_ok(world_revoke(s->w, "acme/c", "acme/a", "acme/b", decided));
    s->case_id = fresh;
    assert_int_equal(stage_replay_own(s), 2);
    assert_int_equal(s->report.findings_all, 2);
    assert_int_equal(stage_verify_own(s), 2);
    assert_int_equal(s->report.findings_all, 1);
}

/* Who handed the case on, and whoever had it then acted on it. */
static void a_giver_of_a_hop(void **state)
{
    struct stage *s = *state;
    assert_ok(world_request(s->w, "acme/bot", "acme/bot", "ping", "{}", &s->case_id));
    assert_ok(world_hand(s->w, &s->case_id, "globex/x"));
    assert_ok(world_hand(s->w, &s->case_id, "initech/x"));
    consume(s, "initech/x");
    uint64_t offered = s->w->time;
    s->w->time += MINUTE;
    assert_ok(world_revoke(s->w, "globex/x", "globex/a", "globex/b", offered + 1));
    assert_nothing_found(s);
    assert_true(says(&s->report, CTY_CLAIM_QUORUM, "handed acme/bot > globex/x > initech/x"));
    assert_ok(world_revoke(s->w, "globex/x", "globex/a", "globex/b", offered));
    assert_found(s, "key-suspect", entry_of(s, CTY_OFFER, 1));
    assert_int_equal(s->report.findings_all, 1);
    assert_non_null(strstr(s->report.findings[0].text, "globex/x handed on the case of entry"));
    assert_true(says(&s->report, CTY_CLAIM_QUORUM, "handed acme/bot > globex/x (revoked by entry"));
    assert_ok(world_rotate(s->w, "acme/bot"));
    assert_ok(world_revoke_key(s->w, "acme/bot", world_former_vkey(s->w, "acme/bot", 1), "acme/bot", NULL, offered));
    assert_int_equal(stage_verify_own(s), 2);
    assert_int_equal(s->report.findings_all, 2);
    assert_int_equal(s->report.findings[0].entry, entry_of(s, CTY_OFFER, 0));
    assert_true(says(&s->report, CTY_CLAIM_QUORUM, "handed acme/bot (with a former key that was revoked) > globex/x"));
}

/* Nobody acted yet: the release can't be used, and the report of what stands says so by its revocation. */
static void before_anybody_acted(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    release(s);
    assert_ok(world_revoke(s->w, "acme/c", "acme/a", "acme/b", s->w->time));
    assert_found(s, "key-suspect", entry_of(s, CTY_DECISION, 1));
    assert_true(says(&s->report, CTY_CLAIM_ONCE, "not consumed up to entry"));
    struct rogue *r = rogue_new(s);
    begin_consume(r, &st, "acme/bot");
    catch_put(r, &st, "approval-revoked");
    rogue_free(r);
}

/* A held case forgets nothing: what the thief approved does not count, and nothing rests on it. */
static void an_approval_that_nothing_rests_on(void **state)
{
    struct stage *s = *state;
    ask(s);
    approve(s, "acme/c");
    assert_ok(world_revoke(s->w, "acme/c", "acme/a", "acme/b", WORLD_START));
    assert_nothing_found(s);
    assert_true(says(&s->report, CTY_CLAIM_QUORUM, "nothing was released: the case is HELD"));
}

/* Findings come in the ledger's order, whatever cases they are of. */
static void findings_in_order(void **state)
{
    struct stage *s = *state;
    for (unsigned i = 0; i < 12; i++)
        release(s);
    assert_ok(world_revoke(s->w, "acme/c", "acme/a", "acme/b", WORLD_START));
    assert_ok(world_revoke(s->w, "acme/a", "acme/a", NULL, WORLD_START));
    assert_int_equal(stage_replay_own(s), 2);
    assert_int_equal(s->report.findings_all, 24);
    for (size_t i = 1; i < s->report.findings_count; i++)
        assert_true(s->report.findings[i - 1].entry < s->report.findings[i].entry);
}

/* ---- 34 ---- */

static void attack_34_signed_after_the_revocation(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    ask(s);
    approve(s, "acme/a");
    struct rogue *r = rogue_new(s);
    begin_decision(r, &st, "acme/c");
    show_lawful(r, &st);
    rogue_free(r);
    uint64_t before = s->w->time;
    s->w->time += MINUTE;
    assert_ok(world_revoke(s->w, "acme/c", "acme/a", "acme/b", s->w->time));
    r = rogue_new(s);
    begin_decision(r, &st, "acme/c");
    catch_claim(r, &st, CTY_CLAIM_SIGNED, "key-not-valid");
    st.time = before; /* says the thief */
    catch_claim(r, &st, CTY_CLAIM_SIGNED, "key-not-valid");
    rogue_free(r);
}

static void attack_34_signed_with_a_key_that_was_rotated_away(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    ask(s);
    approve(s, "acme/a");
    assert_ok(world_rotate(s->w, "acme/c"));
    struct rogue *r = rogue_new(s);
    begin_decision(r, &st, "acme/c");
    show_lawful(r, &st);
    const struct cty_secret *stolen = world_former(s->w, "acme/c", 1);
    struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    struct cty_hash digest;
    assert_ok(cty_statement_sign(&st, &stolen, 1, &envelope, &digest));
    uint64_t at = rogue_put_envelope(r, cty_buf_bytes(&envelope));
    assert_caught(r, SIGNED, "signature-invalid", at);
    cty_buf_done(&envelope);
    rogue_free(r);
}

/*
 * The thief and the custodian go together: a decision is put in before the revocation, and everything behind it is chained
 * anew.
 */
static struct rogue *put_in_before(struct stage *s, struct kept *kept)
{
    struct cty_statement st;
    ask(s);
    approve(s, "acme/a");
    size_t place = s->w->entries_count;
    s->w->time += MINUTE;
    assert_ok(world_revoke(s->w, "acme/c", "acme/a", "acme/b", s->w->time - 1));
    keep(s, kept);
    struct rogue *r = rogue_new(s);
    assert_lawful(r);
    begin_decision(r, &st, "acme/c");
    st.seen.size = place;
    assert_ok(cty_memory_root(s->w->memory, place, &st.seen.root));
    rogue_move(r, rogue_put(r, &st), place);
    rogue_link(r);
    return r;
}

/* Without the release that must follow it: the ledger itself is told, and so is that it is another than was kept. */
static void attack_34_put_in_before_the_revocation(void **state)
{
    struct stage *s = *state;
    struct kept kept;
    struct rogue *r = put_in_before(s, &kept);
    assert_int_equal(rogue_replay(r), 1);
    assert_fails(&s->report, LAWFUL, "out-of-place", kept.size);
    assert_another_ledger(r, &kept);
    assert_convicts(r, &kept, CTY_CONTRADICTION_FORK);
    rogue_free(r);
    cty_buf_done(&kept.note);
}

/* With the release that must follow it, and at a time before the theft: a lawful ledger, and another one than was kept. */
static void attack_34_put_in_whole_and_early(void **state)
{
    struct stage *s = *state;
    struct cty_statement revocation;
    struct kept kept;
    ask(s);
    approve(s, "acme/a");
    struct stage *forged = stage_vendors();
    assert_ok(world_request(forged->w, "acme/bot", "acme/bot", "refund", "{\"amount\":500}", &forged->case_id));
    assert_true(cty_hash_equal(&forged->case_id, &s->case_id)); /* the same ledger, so far */
    approve(forged, "acme/a");
    uint64_t stolen = s->w->time;
    s->w->time = forged->w->time = stolen + MINUTE;
    world_begin(s->w, &revocation, CTY_ACTOR_REVOKE, "acme/a");
    world_add_signer(s->w, &revocation, "acme/b");
    revocation.u.actor_revoke.actor = CTY_LITERAL("acme/c");
    revocation.u.actor_revoke.since = stolen + 1;
    assert_ok(world_submit(s->w, &revocation, NULL));
    keep(s, &kept);
    assert_nothing_found(s);
    forged->w->random ^= 1; /* ids of its own */
    /* In the forged one the clock stood still for the thief, and for the thief's friend who consumed. */
    forged->w->time = stolen;
    approve(forged, "acme/c");
    consume(forged, "acme/bot");
    forged->w->time = stolen + MINUTE;
    assert_ok(world_submit(forged->w, &revocation, NULL));
    assert_nothing_found(forged);
    struct rogue *r = rogue_new(forged);
    assert_another_ledger(r, &kept);
    assert_convicts(r, &kept, CTY_CONTRADICTION_FORK);
    rogue_free(r);
    /* Where the clock is not turned back, the ledger's own revocation tells. */
    assert_ok(world_revoke(forged->w, "acme/c", "acme/a", "acme/b", stolen));
    assert_found(forged, "key-suspect", entry_of(forged, CTY_DECISION, 1));
    stage_free(forged);
    cty_buf_done(&kept.note);
}

/* ---- 35 ---- */

/* Another end for the same case: lawful as it stands. Whoever kept a head has both, and nobody else needs to be believed. */
static void attack_35_the_end_rewritten(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    struct kept kept;
    release(s);
    consume(s, "acme/bot");
    struct rogue *r = rogue_new(s);
    rogue_begin(r, &st, CTY_OUTCOME, "acme/bot");
    st.u.outcome.outcome = CTY_OUTCOME_FAILED;
    assert_ok(world_outcome(s->w, &s->case_id, "acme/bot", CTY_OUTCOME_FULFILLED));
    keep(s, &kept);
    assert_nothing_found(s);
    rogue_put(r, &st);
    assert_lawful(r);
    assert_another_ledger(r, &kept);
    assert_convicts(r, &kept, CTY_CONTRADICTION_TWO_ROOTS);
    rogue_free(r);
    cty_buf_done(&kept.note);
}

/* The stage's own trust file, over a world in which the founding admins are the thief's. */
static struct stage *forge(struct stage *s)
{
    static const char *const admins[] = {"operator/ada", "operator/otto"};
    struct stage *forged = cty_alloc(1, sizeof(*forged));
    struct cty_buf text = CTY_BUF_INIT(4096);
    assert_non_null(forged);
    forged->w = world_new();
    for (size_t i = 0; i < CTY_COUNT_OF(admins); i++) {
        struct cty_hash seed = cty_sha256(cty_bytes_text(i ? "a thief" : "the same thief"));
        assert_ok(cty_secret_from_seed(cty_bytes_text(admins[i]), seed.bytes,
                                       &forged->w->actors[forged->w->actors_count++]));
    }
    world_open(forged->w, RULES("{\"effect\":\"pass\"}"));
    world_party(forged->w, "acme");
    assert_ok(world_person(forged->w, "acme/boss", NULL, "boss"));
    assert_ok(world_agent(forged->w, "acme/bot", "acme/boss"));
    assert_ok(world_request(forged->w, "acme/bot", "acme/bot", "refund", "{\"amount\":500}", &forged->case_id));
    world_trust_text(s->w, true, &text);
    assert_ok(cty_trust_parse(cty_buf_bytes(&text), &forged->trust, NULL));
    cty_buf_done(&text);
    return forged;
}

/* A whole ledger of the thief's own, under the log key: other admins than are pinned, and no head that anybody kept. */
static void attack_35_a_whole_ledger_forged(void **state)
{
    struct stage *s = *state;
    struct kept kept;
    keep(s, &kept);
    struct stage *forged = forge(s);
    struct rogue *r = rogue_new(forged);
    kept.size = r->count; /* it is shorter: the kept head covers what is not there */
    assert_int_equal(rogue_replay(r), 1);
    assert_fails(&forged->report, ENROLLED, "key-unknown", 0);
    assert_true(says(&forged->report, CTY_CLAIM_ENROLLED, "other founding admins"));
    assert_int_equal(rogue_verify(r), 1);
    assert_fails(&forged->report, ENROLLED, "key-unknown", 0);
    assert_true(says(&forged->report, CTY_CLAIM_QUORUM, "on the log key's word: acme"));
    assert_int_equal(stage_replay(forged, forged->w->entries, r->count, cty_buf_bytes(&kept.note), 1), 1);
    assert_fails(&forged->report, COMPLETE, "gap", r->count);
    rogue_free(r);
    /* Who pins no admins has nothing but the head. */
    struct cty_buf text = CTY_BUF_INIT(4096);
    world_trust_text(s->w, false, &text);
    stage_trust(forged, cty_buf_text(&text));
    assert_int_equal(stage_replay_own(forged), 0);
    assert_int_equal(stage_verify_own(forged), 0);
    assert_true(says(&forged->report, CTY_CLAIM_ENROLLED, "on the log key's word: acme, operator"));
    while (forged->w->entries_count < s->w->entries_count)
        assert_ok(world_request(forged->w, "acme/bot", "acme/bot", "ping", "{}", NULL));
    assert_int_equal(stage_replay(forged, forged->w->entries, s->w->entries_count, cty_buf_bytes(&kept.note), 1), 1);
    assert_fails(&forged->report, INTACT, "root-mismatch", NO_ENTRY);
    cty_buf_done(&text);
    stage_free(forged);
    cty_buf_done(&kept.note);
}

/* Whoever signed said what they saw: an entry before that can't be written otherwise, not even its time. */
static void attack_35_what_vendors_saw(void **state)
{
    struct stage *s = *state;
    release(s);
    struct rogue *r = rogue_new(s);
    assert_lawful(r);
    uint64_t at = entry_of(s, CTY_DECISION, 0), next = entry_of(s, CTY_DECISION, 1);
    for (size_t i = at; i < r->count; i++)
        r->items[i].time += 1;
    rogue_link(r);
    assert_int_equal(rogue_replay(r), 1);
    assert_fails(&s->report, SEEN, "bad-seen", next);
    assert_int_equal(rogue_verify(r), 1);
    assert_fails(&s->report, SEEN, "proof-invalid", next);
    rogue_free(r);
}

/* The stolen key signs on after the admins put another one in its place: row 35 ends with the rotation. */
static void attack_35_after_the_log_key_was_rotated(void **state)
{
    struct stage *s = *state;
    struct kept kept;
    release(s);
    assert_ok(world_rotate_custodian(s->w, CTY_CUSTODIAN_LOG));
    keep(s, &kept);
    assert_nothing_found(s);
    assert_true(says(&s->report, CTY_CLAIM_CHECKPOINT, "put in the pinned one's place"));
    struct cty_checkpoint checkpoint = {.origin = CTY_LITERAL(WORLD_ORIGIN), .size = s->w->entries_count};
    struct cty_buf text = CTY_BUF_INIT(4096), note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    assert_ok(cty_memory_root(s->w->memory, checkpoint.size, &checkpoint.root));
    assert_ok(cty_checkpoint_format(&checkpoint, &text));
    assert_ok(cty_note_sign(cty_buf_bytes(&text), checkpoint.origin, world_former(s->w, "log", 1), &note));
    struct cty_evidence *evidence = world_evidence(s->w, &s->case_id);
    assert_int_equal(stage_verify(s, evidence), 0);
    assert_ok(cty_evidence_set_checkpoint(evidence, cty_buf_bytes(&note)));
    assert_int_equal(stage_verify(s, evidence), 1);
    assert_fails(&s->report, CHECKPOINT, "note-unsigned", NO_ENTRY);
    assert_int_equal(stage_replay(s, s->w->entries, s->w->entries_count, cty_buf_bytes(&note), 1), 1);
    assert_fails(&s->report, CHECKPOINT, "note-unsigned", NO_ENTRY);
    cty_evidence_free(evidence);
    cty_buf_done(&text);
    cty_buf_done(&note);
    cty_buf_done(&kept.note);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_approver_revoked),
        TEST(a_former_key_of_an_approver),
        TEST(a_giver_of_a_hop),
        TEST(before_anybody_acted),
        TEST(an_approval_that_nothing_rests_on),
        TEST(findings_in_order),
        TEST(attack_34_signed_after_the_revocation),
        TEST(attack_34_signed_with_a_key_that_was_rotated_away),
        TEST(attack_34_put_in_before_the_revocation),
        TEST(attack_34_put_in_whole_and_early),
        TEST(attack_35_the_end_rewritten),
        TEST(attack_35_a_whole_ledger_forged),
        TEST(attack_35_what_vendors_saw),
        TEST(attack_35_after_the_log_key_was_rotated),
    };
    return cmocka_run_group_tests_name("stolen keys", tests, NULL, NULL);
}
