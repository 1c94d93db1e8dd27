/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attacks on the ledger as a whole: what is replayed, moved, left out, put in between or shown beside it.
 *
 * row of the list of attacks        test
 *  13 replayed in the same ledger   attack_13_*
 *  14 replayed elsewhere            attack_14_*
 *  15 reordered                     attack_15_*
 *  16 deleted inside                attack_16_*
 *  17 inserted, duplicated          attack_17_*
 *  18 everything written anew       attack_18_*
 *  19 truncated tail                tests/unit/cli/test_audit.c: a_tail_that_was_cut_off, an_older_copy_is_told_and_kept_nowhere
 *  20 truncated head                attack_20_*; there: a_head_that_was_cut_off
 *  21 split view                    there: two_roots_of_one_size_convict, a_fork_convicts, a_checkpoint_that_another_was_shown
 *  22 taken and never logged        tests/unit/daemon/test_promise.c: no_answer_before_it_is_durable, a_failed_sync_acknowledges_nothing
 *  23 a deadline is made to pass    test_deadline.c: attack_23_*; what is kept back for later: attack_31_kept_for_later
 *  24 refused silently              tests/unit/daemon/test_submit.c: a_refusal_is_signed_by_the_clerk; client/test_submit.c:
 *                                   a_refusal_is_kept_as_it_was_signed
 *  26 forged proof                  attack_26_*
 *  27 root without its size         attack_27_*
 *  30 two ledgers in one file       attack_30_*
 *  28 fake witnesses                tests/unit/cli/test_audit_witnesses.c: witnesses_say_by_when, a_false_line_of_*; test_pins.c:
 *                                   quorums_of_witnesses; client/test_witnessed.c: witnesses_that_the_policy_does_not_name_are_nobody
 *  31 back-dated                    attack_31_*
 *  32 post-dated                    attack_31_* (clock-skew); test_audit_witnesses.c: witnesses_say_by_when (dated-after-cosignature)
 *  33 the custodian's clock back    attack_33_*
 *  34 a stolen key's "earlier" word test_audit.c: how_cases_stand; test_stolen.c
 *  35 a stolen log key              test_audit.c: a_checkpoint_that_another_was_shown; test_contradiction.c:
 *                                   a_fork_convicts_by_its_own_proof; after a rotation: test_stolen.c
 *  93 cherry-picked export          attack_93_*
 *  96 a verifier made to fetch      tests/contract/test_linkage.py
 *  98 not checked, told as a pass   witnesses_say_by_when, how_cases_stand; test_report.c: each_that_is_asked,
 *                                   nothing_asked_is_not_decided; tests/e2e/test_vouched.py
 */
#include "audit.h"

static int begin(void **state)
{
    *state = stage_new();
    return 0;
}

static int end(void **state)
{
    stage_free(*state);
    return 0;
}

/* A lawful cancellation by the requester; the rogue has the agent in its league where it signs twice. */
static void cancel_begin(struct rogue *r, struct cty_statement *st)
{
    rogue_begin(r, st, CTY_CANCEL, "acme/bot");
}

static void ask(struct stage *s)
{
    assert_ok(world_request(s->w, "acme/bot", "acme/bot", "refund", "{\"amount\":500}", &s->case_id));
}

static void attack_13_statement_replayed(void **state)
{
    struct stage *s = *state;
    ask(s);
    assert_ok(world_decide(s->w, &s->case_id, "acme/a", CTY_APPROVE));
    struct rogue *r = rogue_new(s);
    assert_lawful(r);
    uint64_t at = rogue_put_envelope(r, r->items[entry_of(s, CTY_DECISION, 0)].envelope);
    assert_caught(r, UNIQUE, "duplicate-id", at);
    rogue_free(r);
}

static void attack_13_id_used_again_with_another_body(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    struct cty_signed parsed = {0};
    ask(s);
    assert_ok(world_decide(s->w, &s->case_id, "acme/a", CTY_APPROVE));
    struct rogue *r = rogue_new(s);
    assert_lawful(r);
    assert_ok(cty_signed_parse(r->items[entry_of(s, CTY_DECISION, 0)].envelope, &parsed, NULL));
    cancel_begin(r, &st);
    memcpy(st.id, parsed.statement.id, sizeof(st.id));
    uint64_t at = rogue_put(r, &st);
    assert_caught(r, UNIQUE, "duplicate-id", at);
    cty_signed_done(&parsed);
    rogue_free(r);
}

static void attack_14_statement_of_another_ledger(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    ask(s);
    struct rogue *r = rogue_new(s);
    cancel_begin(r, &st);
    uint64_t at = rogue_put(r, &st);
    assert_lawful(r);
    rogue_remove(r, at);
    st.ledger = CTY_LITERAL("custody.example/other");
    at = rogue_put(r, &st);
    assert_caught(r, INTACT, "wrong-ledger", at);
    rogue_free(r);
}

static void attack_14_statement_for_another_case(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    struct cty_hash first;
    ask(s);
    first = s->case_id;
    ask(s);
    struct rogue *r = rogue_new(s);
    assert_lawful(r);
    cancel_begin(r, &st);
    uint64_t at = rogue_put(r, &st);
    /* The custodian chains a statement for the second case to the first one's entries. */
    r->items[at].case_id = first;
    struct cty_buf out = CTY_BUF_INIT(CTY_ENTRY_BYTES_MAX);
    struct cty_parsed_entry parsed = {0};
    assert_ok(cty_entry_parse(r->items[at].text, &parsed, NULL));
    parsed.entry.case_prev.hash = cty_tree_leaf(r->items[entry_of(s, CTY_REQUEST, 0) + 1].text);
    assert_ok(cty_entry_encode(&parsed.entry, &out));
    rogue_fix(r, at, cty_buf_bytes(&out));
    assert_int_equal(rogue_replay(r), 1);
    assert_fails(&s->report, INTACT, "chain-broken", at);
    cty_parsed_entry_done(&parsed);
    cty_buf_done(&out);
    rogue_free(r);
}

static void attack_14_statement_for_a_case_that_is_not_there(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    ask(s);
    struct rogue *r = rogue_new(s);
    assert_lawful(r);
    cancel_begin(r, &st);
    st.case_id.bytes[0] ^= 1;
    uint64_t at = rogue_put(r, &st);
    assert_int_equal(rogue_replay(r), 1);
    assert_fails(&s->report, LAWFUL, "wrong-case", at);
    rogue_free(r);
}

/* Two decisions trade places. Without new links the chain breaks; with them, what the signers saw no longer fits. */
static void attack_15_reordered(void **state)
{
    struct stage *s = *state;
    stage_refund(s);
    uint64_t first = entry_of(s, CTY_DECISION, 0);
    struct rogue *r = rogue_new(s);
    assert_lawful(r);
    rogue_move(r, first + 1, first);
    assert_int_equal(rogue_replay(r), 1);
    assert_fails(&s->report, INTACT, "chain-broken", first);
    rogue_link(r);
    assert_int_equal(rogue_replay(r), 1);
    assert_fails(&s->report, SEEN, "bad-seen", first);
    assert_int_equal(rogue_verify(r), 1);
    rogue_free(r);
}

/* Every entry but the last is taken out of the middle, in turn. */
static void attack_16_deleted_inside(void **state)
{
    struct stage *s = *state;
    stage_refund(s);
    for (size_t at = 0; at + 1 < s->w->entries_count; at++) {
        struct rogue *r = rogue_new(s);
        rogue_remove(r, at);
        assert_int_equal(rogue_replay(r), 1);
        assert_fails(&s->report, INTACT, at == 0 ? "genesis-missing" : "chain-broken", at);
        rogue_link(r);
        assert_int_equal(rogue_replay(r), 1);
        assert_int_equal(rogue_verify(r), 1);
        rogue_free(r);
    }
    assert_int_equal(stage_replay_own(s), 0);
}

/* A rejection disappears; what follows is linked as if it had never been, and signed. Its root betrays it. */
static void attack_16_a_rejection_disappears(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    ask(s);
    stage_noise(s);
    assert_ok(world_decide(s->w, &s->case_id, "acme/a", CTY_REJECT));
    uint64_t rejection = entry_of(s, CTY_DECISION, 0);
    stage_noise(s);
    struct rogue *r = rogue_new(s);
    assert_lawful(r);
    rogue_remove(r, rejection);
    rogue_link(r);
    assert_int_equal(rogue_replay(r), 1);
    assert_fails(&s->report, SEEN, "bad-seen", rejection);
    cancel_begin(r, &st);
    rogue_put(r, &st);
    assert_int_equal(rogue_replay(r), 1);
    rogue_free(r);
}

static void attack_17_inserted(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    stage_refund(s);
    stage_noise(s);
    uint64_t outcome = entry_of(s, CTY_OUTCOME, 0);
    struct rogue *r = rogue_new(s);
    assert_lawful(r);
    rogue_begin(r, &st, CTY_EXPIRY, "clerk");
    uint64_t at = rogue_put(r, &st);
    rogue_move(r, at, outcome);
    assert_int_equal(rogue_replay(r), 1);
    assert_fails(&s->report, INTACT, "chain-broken", outcome);
    rogue_link(r);
    assert_int_equal(rogue_replay(r), 1);
    assert_fails(&s->report, SEEN, "bad-seen", outcome);
    rogue_free(r);
}

static void attack_17_duplicated(void **state)
{
    struct stage *s = *state;
    struct cty_bytes texts[64];
    stage_refund(s);
    size_t count = s->w->entries_count;
    for (size_t at = 0; at < count; at++) {
        struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
        for (size_t i = 0; i <= count; i++)
            texts[i] = s->w->entries[i <= at ? i : i - 1];
        world_checkpoint(s->w, &note);
        assert_int_equal(stage_replay(s, texts, count + 1, cty_buf_bytes(&note), 1), 1);
        assert_fails(&s->report, INTACT, "chain-broken", at + 1);
        cty_buf_done(&note);
    }
}

/* The clerk and the log key are enough to write an empty ledger anew, and never the one that somebody has seen. */
static void attack_18_everything_written_anew(void **state)
{
    struct stage *s = *state;
    struct cty_buf seen = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    stage_refund(s);
    world_checkpoint(s->w, &seen);
    struct rogue *r = rogue_new(s);
    assert_lawful(r);
    for (size_t i = 0; i < r->count; i++)
        r->items[i].time++;
    rogue_link(r);
    struct cty_bytes texts[64];
    for (size_t i = 0; i < r->count; i++)
        texts[i] = r->items[i].text;
    assert_int_equal(stage_replay(s, texts, r->count, cty_buf_bytes(&seen), 1), 1);
    assert_fails(&s->report, INTACT, "root-mismatch", NO_ENTRY);
    /* Its own new checkpoint does not help it: nobody's `seen` can be written anew without his key. */
    assert_int_equal(rogue_replay(r), 1);
    assert_fails(&s->report, SEEN, "bad-seen", 1);
    cty_buf_done(&seen);
    rogue_free(r);
}

/* Against a checkpoint that somebody holds, a cut end shows; against the custodian's own, it does not. */
static void attack_18_truncated_tail(void **state)
{
    struct stage *s = *state;
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    stage_refund(s);
    world_checkpoint(s->w, &note);
    size_t count = s->w->entries_count;
    assert_int_equal(stage_replay(s, s->w->entries, count, cty_buf_bytes(&note), 1), 0);
    for (size_t cut = 0; cut < count; cut++) {
        assert_int_equal(stage_replay(s, s->w->entries, cut, cty_buf_bytes(&note), 1), 1);
        assert_fails(&s->report, COMPLETE, "gap", cut);
        if (cut > 0)
            assert_claim(&s->report, INTACT, NOT_CHECKED);
    }
    cty_buf_done(&note);
}

static void attack_20_truncated_head(void **state)
{
    struct stage *s = *state;
    stage_refund(s);
    struct rogue *r = rogue_new(s);
    assert_lawful(r);
    rogue_remove(r, 0);
    assert_int_equal(rogue_replay(r), 1);
    assert_fails(&s->report, INTACT, "genesis-missing", 0);
    rogue_link(r);
    assert_int_equal(rogue_replay(r), 1);
    assert_fails(&s->report, INTACT, "genesis-missing", 0);
    rogue_free(r);
    /* In evidence, entry 0 is asked for by name. */
    r = rogue_new(s);
    bool leave_out[64] = {true};
    struct cty_evidence *evidence = rogue_evidence(r, &s->case_id, leave_out);
    assert_int_equal(stage_verify(s, evidence), 1);
    assert_fails(&s->report, COMPLETE, "genesis-missing", NO_ENTRY);
    cty_evidence_free(evidence);
    rogue_free(r);
}

static void attack_26_forged_proofs(void **state)
{
    struct stage *s = *state;
    stage_refund(s);
    struct rogue *r = rogue_new(s);
    size_t last = r->count - 1;
    struct cty_evidence *evidence = rogue_evidence(r, &s->case_id, NULL);
    assert_int_equal(stage_verify(s, evidence), 0);
    struct cty_proof good, proof = {.count = 0};
    assert_ok(cty_tree_inclusion(cty_memory_tree(r->tree), last, r->count, &good));
    assert_ok(cty_evidence_add_proof(evidence, last, &proof));
    assert_int_equal(stage_verify(s, evidence), 1);
    assert_fails(&s->report, INTACT, "proof-invalid", last);
    /* A hash more, a hash less, two of them exchanged. */
    proof = good;
    proof.hashes[proof.count++] = good.hashes[0];
    assert_ok(cty_evidence_add_proof(evidence, last, &proof));
    assert_int_equal(stage_verify(s, evidence), 1);
    proof = good;
    proof.count--;
    assert_ok(cty_evidence_add_proof(evidence, last, &proof));
    assert_int_equal(stage_verify(s, evidence), 1);
    assert_ok(cty_evidence_add_proof(evidence, last, &good));
    assert_int_equal(stage_verify(s, evidence), 0);
    /* A good proof, for an entry that is not here. */
    assert_ok(cty_evidence_add_proof(evidence, r->count + 5, &good));
    assert_int_equal(stage_verify(s, evidence), 1);
    assert_fails(&s->report, INTACT, "proof-invalid", r->count + 5);
    cty_evidence_free(evidence);
    rogue_free(r);
}

/* The log key signs the right root under a size that is not its own. */
static void attack_27_root_under_another_size(void **state)
{
    struct stage *s = *state;
    stage_refund(s);
    struct rogue *r = rogue_new(s);
    struct cty_bytes texts[64];
    for (size_t i = 0; i < r->count; i++)
        texts[i] = r->items[i].text;
    for (uint64_t size = r->count - 2; size <= r->count + 2; size++) {
        struct cty_checkpoint checkpoint = {.origin = CTY_LITERAL(WORLD_ORIGIN), .size = size};
        struct cty_buf text = CTY_BUF_INIT(4096), note = CTY_BUF_INIT(4096);
        assert_ok(cty_memory_root(r->tree, r->count, &checkpoint.root));
        assert_ok(cty_checkpoint_format(&checkpoint, &text));
        assert_ok(cty_note_sign(cty_buf_bytes(&text), checkpoint.origin, world_secret(s->w, "log"), &note));
        int expected = size == r->count ? 0 : 1;
        assert_int_equal(stage_replay(s, texts, r->count, cty_buf_bytes(&note), 1), expected);
        if (size < r->count)
            assert_fails(&s->report, INTACT, "root-mismatch", NO_ENTRY);
        if (size > r->count)
            assert_fails(&s->report, COMPLETE, "gap", r->count);
        struct cty_evidence *evidence = rogue_evidence(r, &s->case_id, NULL);
        assert_ok(cty_evidence_set_checkpoint(evidence, cty_buf_bytes(&note)));
        assert_int_equal(stage_verify(s, evidence), expected);
        assert_claim(&s->report, CHECKPOINT, HOLDS);
        if (expected)
            assert_claim(&s->report, INTACT, FAILS);
        cty_evidence_free(evidence);
        cty_buf_done(&text);
        cty_buf_done(&note);
    }
    rogue_free(r);
}

/* Entries beyond what the checkpoint covers are not in anybody's tree. */
static void attack_27_entries_beyond_the_checkpoint(void **state)
{
    struct stage *s = *state;
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    stage_refund(s);
    size_t covered = s->w->entries_count;
    world_checkpoint(s->w, &note);
    stage_noise(s);
    assert_int_equal(stage_replay(s, s->w->entries, covered, cty_buf_bytes(&note), 1), 0);
    assert_int_equal(stage_replay(s, s->w->entries, s->w->entries_count, cty_buf_bytes(&note), 1), 1);
    assert_fails(&s->report, INTACT, "root-mismatch", covered);
    assert_claim(&s->report, COMPLETE, HOLDS);
    cty_buf_done(&note);
}

/* Both ledgers have the same keys and people, and the same checkpoint size; one entry comes from the other. */
static void attack_30_entry_of_another_ledger(void **state)
{
    struct stage *s = *state;
    struct stage *other = stage_new();
    other->w->time += 60000;
    other->w->random = 12345;
    stage_refund(s);
    stage_refund(other);
    for (uint64_t at = entry_of(s, CTY_REQUEST, 0); at < s->w->entries_count; at++) {
        struct rogue *r = rogue_new(s);
        rogue_fix(r, at, other->w->entries[at]);
        assert_int_equal(rogue_replay(r), 1);
        assert_claim(&s->report, INTACT, FAILS);
        rogue_free(r);
    }
    struct rogue *r = rogue_new(s), *foreign = rogue_new(other);
    assert_lawful(r);
    assert_int_equal(rogue_replay(foreign), 0);
    rogue_free(r);
    rogue_free(foreign);
    stage_free(other);
}

static void attack_30_evidence_under_another_name(void **state)
{
    struct stage *s = *state;
    struct cty_evidence *evidence = NULL;
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    stage_refund(s);
    assert_ok(cty_evidence_new(CTY_LITERAL("custody.example/other"), &s->case_id, &evidence));
    world_checkpoint(s->w, &note);
    assert_ok(cty_evidence_set_checkpoint(evidence, cty_buf_bytes(&note)));
    assert_int_equal(stage_verify(s, evidence), 1);
    assert_fails(&s->report, CHECKPOINT, "wrong-ledger", NO_ENTRY);
    cty_evidence_free(evidence);
    cty_buf_done(&note);
    assert_int_equal(stage_verify_own(s), 0);
}

/* `seen` names a future tree, no tree, or one that does not cover what is answered. */
static void attack_31_back_dated(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    ask(s);
    struct rogue *r = rogue_new(s);
    cancel_begin(r, &st);
    uint64_t at = rogue_put(r, &st);
    assert_lawful(r);
    rogue_remove(r, at);
    const struct cty_seen good = st.seen;
    st.seen.size = good.size + 1;
    at = rogue_put(r, &st);
    assert_caught(r, SEEN, "bad-seen", at);
    rogue_remove(r, at);
    st.seen = (struct cty_seen){.size = 0, .root = cty_tree_empty_root()};
    at = rogue_put(r, &st);
    assert_caught(r, SEEN, "bad-seen", at);
    rogue_remove(r, at);
    /* A true tree, but one from before the verdict that the statement answers. */
    st.seen.size = good.size - 1;
    assert_ok(cty_memory_root(r->tree, st.seen.size, &st.seen.root));
    at = rogue_put(r, &st);
    assert_caught(r, SEEN, "bad-seen", at);
    rogue_remove(r, at);
    st.seen = good;
    st.seen.root.bytes[7] ^= 1;
    at = rogue_put(r, &st);
    assert_int_equal(rogue_replay(r), 1);
    assert_fails(&s->report, SEEN, "bad-seen", at);
    assert_int_equal(rogue_verify(r), 1);
    assert_fails(&s->report, SEEN, "proof-invalid", at);
    rogue_free(r);
}

/* A signer's clock is a claim: told, and no failure. */
static void attack_31_signers_clock(void **state)
{
    static const struct {
        int64_t apart;
        int status;
    } rows[] = {{0, 0}, {300000, 0}, {-300000, 0}, {300001, 2}, {-300001, 2}, {-86400000, 2}};
    struct stage *s = *state;
    struct cty_statement st;
    ask(s);
    struct rogue *r = rogue_new(s);
    for (size_t i = 0; i < CTY_COUNT_OF(rows); i++) {
        cancel_begin(r, &st);
        st.time = (uint64_t)((int64_t)s->w->time + rows[i].apart);
        uint64_t at = rogue_put(r, &st);
        assert_int_equal(rogue_replay(r), rows[i].status);
        assert_int_equal(has_finding(&s->report, "clock-skew"), rows[i].status == 2);
        assert_int_equal(rogue_verify(r), rows[i].status);
        if (rows[i].status == 2)
            assert_int_equal(s->report.findings[0].entry, at);
        rogue_remove(r, at);
    }
    rogue_free(r);
}

/* A statement can't be banked: its `until` binds against the entry's time. */
static void attack_31_kept_for_later(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    ask(s);
    struct rogue *r = rogue_new(s);
    cancel_begin(r, &st);
    s->w->time = st.until;
    uint64_t at = rogue_put(r, &st);
    assert_int_equal(rogue_replay(r), 2);
    rogue_remove(r, at);
    s->w->time++;
    at = rogue_put(r, &st);
    assert_caught(r, LAWFUL, "past-until", at);
    rogue_free(r);
}

/* The clerk dates its own statements by the entry, and cannot go back behind the entry before. */
static void attack_31_clerk_dates_otherwise(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    ask(s);
    s->w->time += 25 * 3600000ull;
    struct rogue *r = rogue_new(s);
    rogue_begin(r, &st, CTY_EXPIRY, "clerk");
    uint64_t at = rogue_put(r, &st);
    assert_lawful(r);
    rogue_remove(r, at);
    st.time--;
    at = rogue_put(r, &st);
    assert_caught(r, LAWFUL, "clerk-mismatch", at);
    rogue_remove(r, at);
    s->w->time = WORLD_START - 1;
    rogue_begin(r, &st, CTY_CANCEL, "acme/bot");
    at = rogue_put(r, &st);
    assert_caught(r, LAWFUL, "time-went-backwards", at);
    rogue_free(r);
}

/* The custodian's clock goes back by a millisecond, for whoever's statement; standing still is lawful. */
static void attack_33_clock_moved_back(void **state)
{
    struct stage *s = *state;
    struct cty_statement st;
    ask(s);
    struct rogue *r = rogue_new(s);
    const uint64_t newest = r->items[r->count - 1].time;
    s->w->time = newest;
    cancel_begin(r, &st);
    uint64_t at = rogue_put(r, &st);
    assert_lawful(r);
    rogue_remove(r, at);
    s->w->time = newest - 1;
    at = rogue_put(r, &st);
    assert_caught(r, LAWFUL, "time-went-backwards", at);
    rogue_free(r);
}

/* Evidence of the case with one of its entries left out, each in turn: never a pass. What is cut off behind is said, as a reach. */
static void attack_93_cherry_picked_export(void **state)
{
    struct stage *s = *state;
    stage_refund(s);
    struct rogue *r = rogue_new(s);
    assert_lawful(r);
    uint64_t first = entry_of(s, CTY_REQUEST, 0), last = entry_of(s, CTY_OUTCOME, 0);
    for (uint64_t at = first; at <= last; at++) {
        bool leave_out[64] = {false};
        leave_out[at] = true;
        struct cty_evidence *evidence = rogue_evidence(r, &s->case_id, leave_out);
        int status = stage_verify(s, evidence);
        if (at < last) {
            assert_int_equal(status, 1);
            assert_claim(&s->report, COMPLETE, FAILS);
        } else {
            assert_int_equal(s->report.claims[CTY_CLAIM_ONCE].state, CTY_CLAIM_HOLDS);
            assert_false(says(&s->report, CTY_CLAIM_ONCE, "FULFILLED"));
        }
        cty_evidence_free(evidence);
    }
    struct cty_evidence *whole = rogue_evidence(r, &s->case_id, NULL);
    assert_int_equal(stage_verify(s, whole), 0);
    assert_true(says(&s->report, CTY_CLAIM_ONCE, "FULFILLED"));
    cty_evidence_free(whole);
    rogue_free(r);
}

/* A whole ledger as pages: what ends before its checkpoint does is told as such, at the first entry that is missing. */
static void attack_93_a_page_passed_off_as_all(void **state)
{
    struct stage *s = *state;
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    stage_refund(s);
    world_checkpoint(s->w, &note);
    size_t count = s->w->entries_count;
    assert_int_equal(stage_replay(s, s->w->entries, count, cty_buf_bytes(&note), 1), 0);
    assert_true(says(&s->report, CTY_CLAIM_COMPLETE, "every one of the checkpoint's"));
    assert_int_equal(stage_replay(s, s->w->entries, count - 3, cty_buf_bytes(&note), 1), 1);
    assert_fails(&s->report, COMPLETE, "gap", count - 3);
    assert_claim(&s->report, INTACT, NOT_CHECKED);
    cty_buf_done(&note);
}

#define ATTACK(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ATTACK(attack_13_statement_replayed),
        ATTACK(attack_13_id_used_again_with_another_body),
        ATTACK(attack_14_statement_of_another_ledger),
        ATTACK(attack_14_statement_for_another_case),
        ATTACK(attack_14_statement_for_a_case_that_is_not_there),
        ATTACK(attack_15_reordered),
        ATTACK(attack_16_deleted_inside),
        ATTACK(attack_16_a_rejection_disappears),
        ATTACK(attack_17_inserted),
        ATTACK(attack_17_duplicated),
        ATTACK(attack_18_everything_written_anew),
        ATTACK(attack_18_truncated_tail),
        ATTACK(attack_20_truncated_head),
        ATTACK(attack_26_forged_proofs),
        ATTACK(attack_27_root_under_another_size),
        ATTACK(attack_27_entries_beyond_the_checkpoint),
        ATTACK(attack_30_entry_of_another_ledger),
        ATTACK(attack_30_evidence_under_another_name),
        ATTACK(attack_31_back_dated),
        ATTACK(attack_31_signers_clock),
        ATTACK(attack_31_kept_for_later),
        ATTACK(attack_31_clerk_dates_otherwise),
        ATTACK(attack_33_clock_moved_back),
        ATTACK(attack_93_cherry_picked_export),
        ATTACK(attack_93_a_page_passed_off_as_all),
    };
    return cmocka_run_group_tests_name("attacks on ledgers", tests, NULL, NULL);
}
