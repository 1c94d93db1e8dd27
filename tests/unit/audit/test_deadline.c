/* SPDX-License-Identifier: Apache-2.0 */
/* The checkpoint that an expiry carries, in a replay and in evidence: the claim `when`, and what is found beside it. */
#include "codec/text.h"
#include "trusts.h"

/* How a note is made: of the newest tree, or as the members say. */
struct made {
    unsigned who;        /* witnesses that cosign, a bit each */
    int64_t behind_s;    /* behind the second of the deadline */
    uint64_t less;       /* entries less than there are */
    const char *origin;  /* another ledger's */
    const char *key;     /* another key than the log's */
    bool other_root;
    bool bad_line;       /* the first witness's line is over another text */
};

struct scene {
    struct stage *s;
    struct rogue *r;
    uint64_t due, at;
};

static void cosign_text(struct cty_bytes text, const struct made *made, uint64_t due, struct cty_buf *out)
{
    uint64_t time_s = (uint64_t)((int64_t)(due / 1000) + made->behind_s);
    for (unsigned i = 0; i < CTY_COUNT_OF(witnesses); i++) {
        bool bad = i == 0 && made->bad_line;
        if (made->who >> i & 1)
            assert_ok(cty_note_cosign(bad ? CTY_LITERAL("another\n1\ntext\n") : text, cty_secret_name(witnesses[i]),
                                      witnesses[i], time_s, out));
    }
}

static void make_note(struct scene *sc, const struct made *made, struct cty_buf *out)
{
    const char *origin = made->origin ? made->origin : WORLD_ORIGIN;
    struct cty_checkpoint checkpoint = {.origin = cty_bytes_text(origin), .size = cty_memory_size(sc->r->tree) - made->less};
    struct cty_buf text = CTY_BUF_INIT(4096);
    assert_ok(cty_memory_root(sc->r->tree, checkpoint.size, &checkpoint.root));
    checkpoint.root.bytes[3] ^= made->other_root;
    assert_ok(cty_checkpoint_format(&checkpoint, &text));
    assert_ok(cty_note_sign(cty_buf_bytes(&text), CTY_LITERAL(WORLD_ORIGIN), world_secret(sc->s->w, made->key ? made->key : "log"), out));
    cosign_text(cty_buf_bytes(&text), made, sc->due, out);
    cty_buf_done(&text);
}

static void scene_begin(struct scene *sc, const char *policy)
{
    struct cty_buf text = CTY_BUF_INIT(8192);
    struct cty_case c;
    sc->s = stage_new();
    expand(policy, &text);
    stage_trust(sc->s, cty_buf_text(&text));
    cty_buf_done(&text);
    assert_ok(world_request(sc->s->w, "acme/bot", "acme/bot", "refund", "{\"amount\":500}", &sc->s->case_id));
    world_case(sc->s->w, &sc->s->case_id, &c);
    sc->due = c.decide_by;
    stage_noise(sc->s);
    sc->r = rogue_new(sc->s);
    sc->s->w->time = sc->due + 60000;
}

static void scene_end(struct scene *sc)
{
    rogue_free(sc->r);
    stage_free(sc->s);
}

/* The expiry with what it carries; NULL: nothing. */
static void expire(struct scene *sc, const struct made *made)
{
    struct cty_statement st;
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX), base64 = CTY_BUF_INIT(2 * CTY_NOTE_BYTES_MAX);
    rogue_begin(sc->r, &st, CTY_EXPIRY, "clerk");
    if (made) {
        make_note(sc, made, &note);
        assert_ok(cty_base64_format(cty_buf_bytes(&note), &base64));
        st.u.expiry.witnessed = cty_buf_bytes(&base64);
    }
    sc->at = rogue_put(sc->r, &st);
    cty_buf_done(&note);
    cty_buf_done(&base64);
}

/* Both ways; the newest checkpoint has the cosignatures that the policy asks for. */
static int judge(struct scene *sc, bool evidence)
{
    struct cty_bytes texts[64];
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    int status = 0;
    make_note(sc, &(struct made){.who = 3, .behind_s = 100}, &note);
    for (size_t i = 0; i < sc->r->count; i++)
        texts[i] = sc->r->items[i].text;
    if (evidence) {
        struct cty_evidence *file = rogue_evidence(sc->r, &sc->s->case_id, NULL);
        assert_ok(cty_evidence_set_checkpoint(file, cty_buf_bytes(&note)));
        status = stage_verify(sc->s, file);
        cty_evidence_free(file);
    } else {
        status = stage_replay(sc->s, texts, sc->r->count, cty_buf_bytes(&note), 1);
    }
    cty_buf_done(&note);
    return status;
}

#define TWO "log <log>\nwitness w0 <0>\nwitness w1 <1>\nwitness w2 <2>\ngroup g 2 w0 w1 w2\nquorum g\n"
#define NOBODY "log <log>\nquorum none\n"
static const struct made good = {.who = 3, .behind_s = 1};

static void a_quorum_behind_the_deadline_holds(void **state)
{
    (void)state;
    for (unsigned less = 0; less < 4; less++) { /* three entries of another case stand behind the newest of this one */
        struct scene sc;
        scene_begin(&sc, TWO);
        expire(&sc, &(struct made){.who = 3, .behind_s = 1, .less = less});
        for (int evidence = 0; evidence < 2; evidence++) {
            assert_int_equal(judge(&sc, evidence), 0);
            assert_claim(&sc.s->report, WHEN, HOLDS);
            assert_true(says(&sc.s->report, CTY_CLAIM_WHEN, "of 1 deadlines that passed in silence 1 on a quorum's word"));
        }
        scene_end(&sc);
    }
}

/* No policy excuses these, and so they fail under any; each beside its twin above. */
static void a_checkpoint_that_is_not_this_ledgers_fails(void **state)
{
    static const struct {
        struct made made;
        const char *code;
    } rows[] = {
        {{.who = 3, .behind_s = 1, .less = 4}, "bad-note"}, /* the case's verdict is not in it */
        {{.who = 3, .behind_s = 1, .origin = "custody.example/other"}, "wrong-ledger"},
        {{.who = 3, .behind_s = 1, .key = "acme/a"}, "note-unsigned"},
        {{.who = 3, .behind_s = 1, .bad_line = true}, "signature-invalid"},
    };
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(rows); i++) {
        struct scene sc;
        scene_begin(&sc, TWO);
        expire(&sc, &rows[i].made);
        for (int evidence = 0; evidence < 2; evidence++) {
            assert_int_equal(judge(&sc, evidence), 1);
            assert_fails(&sc.s->report, WHEN, rows[i].code, sc.at);
            assert_claim(&sc.s->report, LAWFUL, HOLDS);
        }
        scene_end(&sc);
    }
}

static void a_checkpoint_of_another_tree_fails_under_any_policy(void **state)
{
    static const char *const policies[] = {TWO, NOBODY};
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(policies); i++) {
        struct scene sc;
        scene_begin(&sc, policies[i]);
        expire(&sc, &(struct made){.who = 3, .behind_s = 1, .less = 1, .other_root = true});
        assert_int_equal(judge(&sc, false), 1);
        assert_fails(&sc.s->report, WHEN, "split-view", sc.at);
        assert_int_equal(judge(&sc, true), 1);
        assert_fails(&sc.s->report, WHEN, "proof-invalid", sc.at);
        scene_end(&sc);
    }
}

/* The policy may be younger than the entry: told of each, and `when` is not checked; but nothing fails. */
static void a_deadline_on_the_custodians_word_is_told(void **state)
{
    static const struct made at_the_deadline = {.who = 3}, too_few = {.who = 1, .behind_s = 1},
                             one_late = {.who = 5, .behind_s = 0};
    static const struct made *const rows[] = {NULL, &at_the_deadline, &too_few, &one_late};
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(rows); i++) {
        struct scene sc;
        scene_begin(&sc, TWO);
        expire(&sc, rows[i]);
        for (int evidence = 0; evidence < 2; evidence++) {
            assert_int_equal(judge(&sc, evidence), 2);
            assert_claim(&sc.s->report, WHEN, NOT_CHECKED);
            assert_true(says(&sc.s->report, CTY_CLAIM_WHEN, "silence 0 on a quorum's word, 1 on the custodian's"));
            assert_true(has_finding(&sc.s->report, "deadline-unwitnessed"));
            assert_int_equal(sc.s->report.findings[0].entry, sc.at);
        }
        scene_end(&sc);
    }
}

static int judge_at(struct scene *sc, int64_t behind_s)
{
    struct cty_bytes texts[64];
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    make_note(sc, &(struct made){.who = 3, .behind_s = behind_s}, &note);
    for (size_t i = 0; i < sc->r->count; i++)
        texts[i] = sc->r->items[i].text;
    int status = stage_replay(sc->s, texts, sc->r->count, cty_buf_bytes(&note), 1);
    cty_buf_done(&note);
    return status;
}

/*
 * A custodian that keeps an approval back, puts its clock forward and lets the deadline pass. Its own dates are in order; the
 * witnesses' are not: none that it can show is behind the deadline, and what it signed over the expiry they cosigned before that.
 */
static void attack_23_a_deadline_that_is_made_to_pass(void **state)
{
    static const struct made early = {.who = 7, .behind_s = -3600};
    (void)state;
    for (int honest = 0; honest < 2; honest++) {
        struct scene sc;
        scene_begin(&sc, TWO);
        expire(&sc, honest ? &good : &early);
        assert_int_equal(judge_at(&sc, honest ? 100 : -1800), honest ? 0 : 2);
        assert_int_equal(has_finding(&sc.s->report, "deadline-unwitnessed"), !honest);
        assert_int_equal(has_finding(&sc.s->report, "dated-after-cosignature"), !honest);
        assert_int_equal(sc.s->report.claims[CTY_CLAIM_WHEN].state, honest ? CTY_CLAIM_HOLDS : CTY_CLAIM_NOT_CHECKED);
        scene_end(&sc);
    }
}

/* Who asks for no witness is told nothing of them. */
static void without_a_quorum_nothing_is_missed(void **state)
{
    (void)state;
    struct scene sc;
    scene_begin(&sc, NOBODY);
    expire(&sc, NULL);
    assert_int_equal(judge(&sc, false), 0);
    assert_false(has_finding(&sc.s->report, "deadline-unwitnessed"));
    assert_int_equal(judge(&sc, true), 0);
    assert_claim(&sc.s->report, WHEN, NOT_ASKED);
    scene_end(&sc);
}

/* Evidence by somebody who keeps the proof back shows no more than one without a checkpoint. */
static void evidence_without_the_proof_is_not_checked(void **state)
{
    (void)state;
    struct scene sc;
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    scene_begin(&sc, TWO);
    expire(&sc, &good);
    struct cty_evidence *whole = world_evidence(sc.s->w, &sc.s->case_id); /* of the world, which has no expiry */
    assert_ok(cty_evidence_add_entry(whole, sc.r->items[sc.at].text, NULL));
    struct cty_proof proof;
    assert_ok(cty_tree_inclusion(cty_memory_tree(sc.r->tree), sc.at, sc.r->count, &proof));
    assert_ok(cty_evidence_add_proof(whole, sc.at, &proof));
    make_note(&sc, &(struct made){.who = 3, .behind_s = 100}, &note);
    assert_ok(cty_evidence_set_checkpoint(whole, cty_buf_bytes(&note)));
    (void)stage_verify(sc.s, whole);
    assert_true(has_finding(&sc.s->report, "deadline-unwitnessed"));
    assert_int_equal(judge(&sc, true), 0);
    cty_evidence_free(whole);
    cty_buf_done(&note);
    scene_end(&sc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quorum_behind_the_deadline_holds),
        cmocka_unit_test(a_checkpoint_that_is_not_this_ledgers_fails),
        cmocka_unit_test(a_checkpoint_of_another_tree_fails_under_any_policy),
        cmocka_unit_test(a_deadline_on_the_custodians_word_is_told),
        cmocka_unit_test(attack_23_a_deadline_that_is_made_to_pass),
        cmocka_unit_test(without_a_quorum_nothing_is_missed),
        cmocka_unit_test(evidence_without_the_proof_is_not_checked),
    };
    return cmocka_run_group_tests_name("deadlines", tests, trusts_begin, trusts_end);
}
