/* SPDX-License-Identifier: Apache-2.0 */
/* What a trust file's witnesses and pins are worth. */
#include "trusts.h"

/* ---- witnesses ---- */

/* The report on the stage's checkpoint with these witnesses' cosignatures, one bit each. */
static void witness_with(const char *policy, unsigned who, struct cty_report *report)
{
    static struct cty_trust trust;
    static struct cty_note parsed;
    custody_error error;
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    memset(report, 0, sizeof(*report));
    world_checkpoint(stage->w, &note);
    assert_ok(cty_note_parse(cty_buf_bytes(&note), &parsed));
    struct cty_bytes text = cty_bytes_make(cty_bytes_dup_text(parsed.text), parsed.text.size);
    for (size_t i = 0; i < CTY_COUNT_OF(witnesses); i++) {
        if (who & 1u << i)
            assert_ok(cty_note_cosign(text, cty_secret_name(witnesses[i]), witnesses[i], 1700000000 + i, &note));
    }
    assert_ok(cty_note_parse(cty_buf_bytes(&note), &parsed));
    assert_ok(parse_policy(policy, &trust, &error));
    cty_trust_witnessed(&trust, &parsed, report);
    cty_trust_done(&trust);
    free((void *)(uintptr_t)text.data);
    cty_buf_done(&note);
}

#define WITNESSES "log <log>\nwitness w0 <0>\nwitness w1 <1>\nwitness w2 <2>\nwitness w3 <3>\n"

static void quorums_of_witnesses(void **state)
{
    static struct cty_report report;
    (void)state;
    for (unsigned who = 0; who < 16; who++) {
        unsigned low = (who & 1) + (who >> 1 & 1), high = (who >> 2 & 1) + (who >> 3 & 1);
        const struct {
            const char *policy;
            bool met;
        } rows[] = {
            {WITNESSES "quorum w2\n", (who & 4) != 0},
            {WITNESSES "group g any w0 w1 w2 w3\nquorum g\n", who != 0},
            {WITNESSES "group g all w0 w1 w2 w3\nquorum g\n", who == 15},
            {WITNESSES "group g 3 w0 w1 w2 w3\nquorum g\n", low + high >= 3},
            {WITNESSES "group a all w0 w1\ngroup b any w2 w3\ngroup c all a b\nquorum c\n", low == 2 && high >= 1},
            {WITNESSES "group a all w0 w1\ngroup b all w2 w3\ngroup c any a b\nquorum c\n", low == 2 || high == 2},
            {WITNESSES "group a any w0 w1\ngroup b 2 a w2 w3\nquorum b\n", (low > 0) + high >= 2},
        };
        for (size_t i = 0; i < CTY_COUNT_OF(rows); i++) {
            witness_with(rows[i].policy, who, &report);
            assert_true(report.claims[CTY_CLAIM_WITNESSED].required);
            if (rows[i].met)
                assert_claim(&report, WITNESSED, HOLDS);
            else
                assert_fails(&report, WITNESSED, "under-threshold", NO_ENTRY);
        }
    }
    witness_with(WITNESSES "quorum none\n", 0, &report);
    assert_claim(&report, WITNESSED, NOT_ASKED);
    assert_false(report.claims[CTY_CLAIM_WITNESSED].required);
    witness_with(WITNESSES "group g all w0 w1 w2 w3\nquorum g\n", 5, &report);
    assert_true(says(&report, CTY_CLAIM_WITNESSED, "no valid cosignature by: w1, w3"));
}

/* A line by the right name and another key counts for nothing; one by a known key that fails makes the note void. */
static void cosignatures_that_fail(void **state)
{
    static struct cty_trust trust;
    static struct cty_note parsed;
    static struct cty_report report;
    custody_error error;
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    (void)state;
    assert_ok(parse_policy(WITNESSES "group g any w0 w1\nquorum g\n", &trust, &error));
    world_checkpoint(stage->w, &note);
    assert_ok(cty_note_parse(cty_buf_bytes(&note), &parsed));
    struct cty_bytes text = cty_bytes_make(cty_bytes_dup_text(parsed.text), parsed.text.size);
    /* w3 signs under w1's name. */
    assert_ok(cty_note_cosign(text, cty_secret_name(witnesses[1]), witnesses[3], 1700000000, &note));
    assert_ok(cty_note_parse(cty_buf_bytes(&note), &parsed));
    memset(&report, 0, sizeof(report));
    cty_trust_witnessed(&trust, &parsed, &report);
    assert_fails(&report, WITNESSED, "under-threshold", NO_ENTRY);
    assert_ok(cty_note_cosign(text, cty_secret_name(witnesses[1]), witnesses[1], 1700000000, &note));
    assert_ok(cty_note_parse(cty_buf_bytes(&note), &parsed));
    memset(&report, 0, sizeof(report));
    cty_trust_witnessed(&trust, &parsed, &report);
    assert_claim(&report, WITNESSED, HOLDS);
    /* w0 cosigned another text. */
    struct cty_bytes other = CTY_LITERAL(WORLD_ORIGIN "\n3\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
    assert_ok(cty_note_cosign(other, cty_secret_name(witnesses[0]), witnesses[0], 1700000000, &note));
    assert_ok(cty_note_parse(cty_buf_bytes(&note), &parsed));
    memset(&report, 0, sizeof(report));
    cty_trust_witnessed(&trust, &parsed, &report);
    assert_fails(&report, WITNESSED, "signature-invalid", NO_ENTRY);
    assert_true(says(&report, CTY_CLAIM_WITNESSED, "is of w0 is not"));
    cty_trust_done(&trust);
    free((void *)(uintptr_t)text.data);
    cty_buf_done(&note);
}

/* Losing a cosignature fails the witness claim alone. */
static void evidence_without_its_cosignature(void **state)
{
    struct cty_buf text = CTY_BUF_INIT(4096), note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    static struct cty_note parsed;
    (void)state;
    struct cty_evidence *evidence = world_evidence(stage->w, &stage->case_id);
    expand("{\"custody_trust\":1,\"policy\":\"log <log>\\nwitness w0 <0>\\nquorum w0\\n\"}", &text);
    stage_trust(stage, cty_buf_text(&text));
    assert_int_equal(stage_verify(stage, evidence), 1);
    assert_fails(&stage->report, WITNESSED, "under-threshold", NO_ENTRY);
    for (int i = 0; i < CTY_CLAIM_COUNT; i++)
        assert_int_equal(stage->report.claims[i].state == CTY_CLAIM_FAILS, i == CTY_CLAIM_WITNESSED);
    assert_int_equal(stage_replay_own(stage), 1);
    assert_fails(&stage->report, WITNESSED, "under-threshold", NO_ENTRY);
    world_checkpoint(stage->w, &note);
    assert_ok(cty_note_parse(cty_buf_bytes(&note), &parsed));
    struct cty_bytes copy = cty_bytes_make(cty_bytes_dup_text(parsed.text), parsed.text.size);
    assert_ok(cty_note_cosign(copy, cty_secret_name(witnesses[0]), witnesses[0], 1800000100, &note));
    assert_ok(cty_evidence_set_checkpoint(evidence, cty_buf_bytes(&note)));
    assert_int_equal(stage_verify(stage, evidence), 0);
    assert_claim(&stage->report, WITNESSED, HOLDS);
    assert_int_equal(stage_replay(stage, stage->w->entries, stage->w->entries_count, cty_buf_bytes(&note), 1), 0);
    cty_evidence_free(evidence);
    free((void *)(uintptr_t)copy.data);
    cty_buf_done(&text);
    cty_buf_done(&note);
}

/* The policy that a file names must be satisfied by its own checkpoint; whom to believe stays the trust file's. */
static void evidence_names_the_policy_that_it_satisfies(void **state)
{
    struct cty_buf text = CTY_BUF_INIT(4096), note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX), policy = CTY_BUF_INIT(4096);
    struct cty_buf file = CTY_BUF_INIT(1 << 20);
    static struct cty_note parsed;
    (void)state;
    struct cty_evidence *evidence = world_evidence(stage->w, &stage->case_id);
    expand("log <log>\nwitness w0 <0>\nquorum w0\n", &policy);
    assert_ok(cty_evidence_set_policy(evidence, cty_buf_bytes(&policy)));
    expand("{\"custody_trust\":1,\"policy\":\"log <log>\\nquorum none\\n\"}", &text);
    stage_trust(stage, cty_buf_text(&text));
    assert_int_equal(stage_verify(stage, evidence), 1);
    assert_fails(&stage->report, WITNESSED, "under-threshold", NO_ENTRY);
    world_checkpoint(stage->w, &note);
    assert_ok(cty_note_parse(cty_buf_bytes(&note), &parsed));
    struct cty_bytes copy = cty_bytes_make(cty_bytes_dup_text(parsed.text), parsed.text.size);
    assert_ok(cty_note_cosign(copy, cty_secret_name(witnesses[0]), witnesses[0], 1700000000, &note));
    assert_ok(cty_evidence_set_checkpoint(evidence, cty_buf_bytes(&note)));
    /* Not pinned by this reader: told, and no claim. */
    assert_int_equal(stage_verify(stage, evidence), 0);
    assert_claim(&stage->report, WITNESSED, NOT_CHECKED);
    assert_true(says(&stage->report, CTY_CLAIM_WITNESSED, "these cosigned: w0"));
    /* It is in the file, and one that is none is told. */
    assert_ok(cty_evidence_format(evidence, &file));
    assert_int_equal(stage_verify_text(stage, cty_buf_bytes(&file)), 0);
    assert_claim(&stage->report, WITNESSED, NOT_CHECKED);
    assert_ok(cty_evidence_set_policy(evidence, CTY_LITERAL("quorum none\n")));
    assert_int_equal(stage_verify(stage, evidence), 1);
    assert_fails(&stage->report, WITNESSED, "bad-trust", NO_ENTRY);
    cty_evidence_free(evidence);
    free((void *)(uintptr_t)copy.data);
    cty_buf_done(&text);
    cty_buf_done(&note);
    cty_buf_done(&policy);
    cty_buf_done(&file);
}

/* ---- pins ---- */

static int verify_pinned(const char *admins)
{
    struct cty_buf text = CTY_BUF_INIT(8192);
    assert_ok(cty_buf_put_text(&text, "{\"custody_trust\":1," POLICY));
    assert_ok(cty_buf_put_text(&text, admins));
    assert_ok(cty_buf_put_text(&text, "}"));
    struct cty_buf whole = CTY_BUF_INIT(8192);
    expand(cty_buf_text(&text), &whole);
    stage_trust(stage, cty_buf_text(&whole));
    cty_buf_done(&text);
    cty_buf_done(&whole);
    int status = stage_verify_own(stage);
    struct cty_claim_line line = stage->report.claims[CTY_CLAIM_ENROLLED];
    assert_int_equal(stage_replay_own(stage), status);
    assert_int_equal(stage->report.claims[CTY_CLAIM_ENROLLED].state, line.state);
    return status;
}

static void what_pins_are_worth(void **state)
{
    (void)state;
    assert_int_equal(verify_pinned(""), 0);
    assert_true(says(&stage->report, CTY_CLAIM_ENROLLED, "on the log key's word"));
    assert_false(stage->report.claims[CTY_CLAIM_ENROLLED].required);
    assert_int_equal(verify_pinned(",\"admins\":{}"), 0);
    assert_true(says(&stage->report, CTY_CLAIM_ENROLLED, "on the log key's word"));
    assert_int_equal(verify_pinned(",\"admins\":{\"operator\":[\"<operator/ada>\",\"<operator/otto>\"]}"), 0);
    assert_true(says(&stage->report, CTY_CLAIM_ENROLLED, "the pinned founding admins"));
    assert_true(stage->report.claims[CTY_CLAIM_ENROLLED].required);
    assert_int_equal(verify_pinned(",\"admins\":{\"operator\":[\"<operator/otto>\",\"<operator/ada>\"],"
                                   "\"acme\":[\"<acme/a>\",\"<acme/b>\"]}"), 0);
    assert_int_equal(verify_pinned(",\"admins\":{\"acme\":[\"<acme/a>\",\"<acme/b>\"]}"), 0);
    assert_true(says(&stage->report, CTY_CLAIM_ENROLLED, "no founding admin is pinned"));
}

static void pins_that_are_not_met(void **state)
{
    (void)state;
    /* One too few, one too many, another one. */
    static const char *const founders[] = {
        ",\"admins\":{\"operator\":[\"<operator/ada>\"]}",
        ",\"admins\":{\"operator\":[\"<operator/ada>\",\"<operator/otto>\",\"<operator/olga>\"]}",
        ",\"admins\":{\"operator\":[\"<operator/ada>\",\"<operator/olga>\"]}",
    };
    for (size_t i = 0; i < CTY_COUNT_OF(founders); i++) {
        assert_int_equal(verify_pinned(founders[i]), 1);
        assert_fails(&stage->report, ENROLLED, "key-unknown", 0);
    }
    assert_int_equal(verify_pinned(",\"admins\":{\"acme\":[\"<acme/a>\",\"<acme/c>\"]}"), 1);
    assert_fails(&stage->report, ENROLLED, "key-unknown", 1);
}

/* A ledger founded under another name slips past a pin only if nobody asks whether the pinned party is there. */
static void a_pinned_party_that_is_not_there(void **state)
{
    (void)state;
    assert_int_equal(verify_pinned(",\"admins\":{\"owner\":[\"<owner/ada>\"]}"), 3);
    assert_claim(&stage->report, ENROLLED, NOT_CHECKED);
    assert_true(says(&stage->report, CTY_CLAIM_ENROLLED, "party owner is pinned and not enrolled"));
    assert_int_equal(verify_pinned(",\"admins\":{\"owner\":[\"<owner/ada>\"],\"acme\":[\"<acme/a>\",\"<acme/b>\"]}"), 3);
    /* Where the founders are pinned and met, others may not have come yet. */
    assert_int_equal(verify_pinned(",\"admins\":{\"operator\":[\"<operator/ada>\",\"<operator/otto>\"],"
                                   "\"globex\":[\"<globex/g>\"]}"), 0);
}

static void another_log_key(void **state)
{
    struct cty_secret *other = NULL;
    struct cty_hash seed = cty_sha256(CTY_LITERAL("another"));
    struct cty_buf text = CTY_BUF_INIT(4096), note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    struct cty_checkpoint checkpoint = {.origin = CTY_LITERAL(WORLD_ORIGIN), .size = stage->w->entries_count};
    (void)state;
    assert_ok(cty_secret_from_seed(CTY_LITERAL(WORLD_ORIGIN), seed.bytes, &other));
    assert_ok(cty_buf_put_text(&text, "{\"custody_trust\":1,\"policy\":\"log "));
    put_key(other, CTY_KEY_ED25519, &text);
    assert_ok(cty_buf_put_text(&text, "\\nquorum none\"}"));
    stage_trust(stage, cty_buf_text(&text));
    assert_int_equal(stage_verify_own(stage), 1);
    assert_fails(&stage->report, CHECKPOINT, "note-unsigned", NO_ENTRY);
    assert_claim(&stage->report, INTACT, NOT_CHECKED);
    assert_claim(&stage->report, COMPLETE, NOT_CHECKED);
    assert_int_equal(stage_replay_own(stage), 1);
    assert_fails(&stage->report, CHECKPOINT, "note-unsigned", NO_ENTRY);
    assert_claim(&stage->report, INTACT, NOT_CHECKED);
    assert_claim(&stage->report, COMPLETE, NOT_CHECKED);
    /* Signed by the key that is pinned, over a ledger that was begun with another. */
    assert_ok(cty_memory_root(stage->w->memory, checkpoint.size, &checkpoint.root));
    cty_buf_clear(&text);
    assert_ok(cty_checkpoint_format(&checkpoint, &text));
    assert_ok(cty_note_sign(cty_buf_bytes(&text), checkpoint.origin, other, &note));
    assert_int_equal(stage_replay(stage, stage->w->entries, stage->w->entries_count, cty_buf_bytes(&note), 1), 1);
    assert_claim(&stage->report, CHECKPOINT, HOLDS);
    assert_fails(&stage->report, ENROLLED, "key-unknown", 0);
    cty_secret_free(other);
    cty_buf_done(&text);
    cty_buf_done(&note);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quorums_of_witnesses),
        cmocka_unit_test(cosignatures_that_fail),
        cmocka_unit_test(evidence_without_its_cosignature),
        cmocka_unit_test(evidence_names_the_policy_that_it_satisfies),
        cmocka_unit_test(what_pins_are_worth),
        cmocka_unit_test(pins_that_are_not_met),
        cmocka_unit_test(a_pinned_party_that_is_not_there),
        cmocka_unit_test(another_log_key),
    };
    return cmocka_run_group_tests_name("witnesses and pins", tests, trusts_begin, trusts_end);
}
