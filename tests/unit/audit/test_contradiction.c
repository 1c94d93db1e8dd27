/* SPDX-License-Identifier: Apache-2.0 */
/* Contradiction files: what they prove, and what they are refused for. */
#include "audit/compare.h"
#include "audit/contradiction.h"

#include "kit/world_evidence.h"
#include "unit/support.h"

#define POLICY "{\"admin_quorum\":2,\"rules\":[]}"

struct pair {
    struct world *w;
    struct cty_trust trust;
    struct cty_buf notes[8]; /* of sizes 0 to 7 */
    struct cty_hash roots[8];
};

static struct cty_hash leaf_of(uint64_t i, bool forked)
{
    uint8_t byte = (uint8_t)(forked ? 100 + i : i);
    return cty_tree_leaf(cty_bytes_make(&byte, 1));
}

static void sign(struct pair *p, uint64_t size, const struct cty_hash *root, struct cty_buf *out)
{
    struct cty_checkpoint checkpoint = {.origin = CTY_LITERAL(WORLD_ORIGIN), .size = size, .root = *root};
    struct cty_buf text = CTY_BUF_INIT(4096);
    *out = CTY_BUF_INIT(4096);
    assert_ok(cty_checkpoint_format(&checkpoint, &text));
    assert_ok(cty_note_sign(cty_buf_bytes(&text), checkpoint.origin, world_secret(p->w, "log"), out));
    cty_buf_done(&text);
}

static int setup(void **state)
{
    struct pair *p = calloc(1, sizeof(*p));
    struct cty_buf text = CTY_BUF_INIT(CTY_TRUST_BYTES_MAX);
    struct cty_frontier frontier = {.size = 0};
    p->w = world_new();
    world_trust_text(p->w, false, &text);
    assert_ok(cty_trust_parse(cty_buf_bytes(&text), &p->trust, NULL));
    cty_buf_done(&text);
    for (uint64_t i = 0; i < 8; i++) {
        struct cty_hash leaf = leaf_of(i, false);
        p->roots[i] = cty_frontier_root(&frontier);
        sign(p, i, &p->roots[i], &p->notes[i]);
        assert_ok(cty_frontier_append(&frontier, &leaf, NULL, NULL));
    }
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    struct pair *p = *state;
    for (size_t i = 0; i < 8; i++)
        cty_buf_done(&p->notes[i]);
    cty_trust_done(&p->trust);
    world_free(p->w);
    free(p);
    return 0;
}

/* A tree that goes another way from leaf `from` on: its memory gives roots and proofs. */
static struct cty_memory *forked(uint64_t from, uint64_t size)
{
    struct cty_memory *memory = NULL;
    assert_ok(cty_memory_new(&memory));
    for (uint64_t i = 0; i < size; i++) {
        struct cty_hash leaf = leaf_of(i, i >= from);
        assert_ok(cty_memory_append_leaf(memory, &leaf));
    }
    return memory;
}

static struct cty_contradiction of(const struct pair *p, enum cty_contradiction_kind kind, const struct cty_buf *before,
                                   const struct cty_buf *shown)
{
    return (struct cty_contradiction){.kind = kind,
                                      .ledger = p->trust.origin,
                                      .key = p->trust.log_vkey,
                                      .notes = {cty_buf_bytes(before), cty_buf_bytes(shown)}};
}

static custody_err verify(const struct pair *p, const struct cty_contradiction *c, struct cty_contradiction_report *report)
{
    struct cty_buf text = CTY_BUF_INIT(CTY_CONTRADICTION_BYTES_MAX);
    assert_ok(cty_contradiction_format(c, &text));
    assert_true(cty_is_contradiction(cty_buf_bytes(&text)));
    custody_err err = cty_contradiction_verify(cty_buf_bytes(&text), &p->trust, report, NULL);
    cty_buf_done(&text);
    return err;
}

static void assert_told(const struct cty_contradiction_report *report, const char *part, int status)
{
    struct cty_buf text = CTY_BUF_INIT(4096), json = CTY_BUF_INIT(4096);
    struct cty_json tape = CTY_JSON_INIT;
    assert_ok(cty_contradiction_text(report, &text));
    assert_non_null(strstr(cty_buf_text(&text), part));
    assert_int_equal(cty_contradiction_exit(report), status);
    assert_ok(cty_contradiction_json(report, &json));
    assert_ok(cty_json_scan(&tape, CTY_JSON_STRICT, (struct cty_json_limits){3, 32}, cty_buf_bytes(&json), NULL));
    cty_json_done(&tape);
    cty_buf_done(&text);
    cty_buf_done(&json);
}

static void two_roots_convict(void **state)
{
    struct pair *p = *state;
    struct cty_contradiction_report report;
    struct cty_buf other;
    sign(p, 5, &p->roots[4], &other);
    struct cty_contradiction c = of(p, CTY_CONTRADICTION_TWO_ROOTS, &p->notes[5], &other);
    assert_ok(verify(p, &c, &report));
    assert_int_equal(report.kind, CTY_CONTRADICTION_TWO_ROOTS);
    assert_string_equal(report.ledger, WORLD_ORIGIN);
    assert_told(&report, "proven", 0);
    assert_told(&report, "another log key had taken its place before size 5\n", 0);
    /* A proof has nothing to prove there; and the same twice is none. */
    c.has_proof = true;
    assert_refused(verify(p, &c, &report), "bad-evidence");
    c.has_proof = false;
    c.notes[1] = c.notes[0];
    assert_refused(verify(p, &c, &report), "bad-evidence");
    cty_buf_done(&other);
}

/* Every pair of sizes, a power of two or not, and every place where the two part. */
static void a_fork_convicts_by_its_own_proof(void **state)
{
    struct pair *p = *state;
    struct cty_contradiction_report report;
    for (uint64_t small = 1; small < 7; small++) {
        for (uint64_t large = small + 1; large < 8; large++) {
            for (uint64_t from = 0; from < large; from++) {
                struct cty_memory *memory = forked(from, large);
                struct cty_hash root;
                struct cty_buf note;
                assert_ok(cty_memory_root(memory, large, &root));
                sign(p, large, &root, &note);
                struct cty_contradiction c = of(p, CTY_CONTRADICTION_FORK, &p->notes[small], &note);
                c.has_proof = true;
                assert_ok(cty_memory_root(memory, small, &c.root));
                assert_ok(cty_tree_consistency(cty_memory_tree(memory), small, large, &c.proof));
                /* Where it parts behind the smaller one, the larger extends it. */
                assert_int_equal(verify(p, &c, &report), from < small ? CUSTODY_OK : CUSTODY_E_BAD_EVIDENCE);
                c.root.bytes[0] ^= 1; /* an invented root proves nothing */
                assert_refused(verify(p, &c, &report), "bad-evidence");
                c.kind = CTY_CONTRADICTION_NO_PROOF;
                assert_ok(verify(p, &c, &report));
                cty_memory_free(memory);
                cty_buf_done(&note);
            }
        }
    }
    assert_told(&report, "convicts nobody", 3);
}

static void going_back_is_a_word_against_a_word(void **state)
{
    struct pair *p = *state;
    struct cty_contradiction_report report;
    struct cty_contradiction c = of(p, CTY_CONTRADICTION_WENT_BACK, &p->notes[6], &p->notes[3]);
    assert_ok(verify(p, &c, &report));
    assert_told(&report, "convicts nobody", 3);
    c = of(p, CTY_CONTRADICTION_WENT_BACK, &p->notes[6], &p->notes[0]);
    assert_ok(verify(p, &c, &report));
    /* It grew: that is not going back, nor is anything missing behind the empty tree. */
    c = of(p, CTY_CONTRADICTION_WENT_BACK, &p->notes[3], &p->notes[6]);
    assert_refused(verify(p, &c, &report), "bad-evidence");
    c = of(p, CTY_CONTRADICTION_NO_PROOF, &p->notes[0], &p->notes[6]);
    assert_refused(verify(p, &c, &report), "bad-evidence");
}

static void notes_must_be_signed_by_the_pinned_log(void **state)
{
    struct pair *p = *state;
    struct cty_contradiction_report report;
    struct cty_buf other;
    sign(p, 5, &p->roots[4], &other);
    struct cty_contradiction c = of(p, CTY_CONTRADICTION_TWO_ROOTS, &p->notes[5], &other);
    struct cty_contradiction wrong = c;
    wrong.ledger = CTY_LITERAL("custody.example/other");
    assert_refused(verify(p, &wrong, &report), "wrong-ledger");
    wrong = c;
    wrong.key = world_vkey(p->w, "clerk");
    assert_refused(verify(p, &wrong, &report), "key-unknown");
    wrong = c;
    wrong.notes[1] = CTY_LITERAL("no note");
    assert_refused(verify(p, &wrong, &report), "bad-note");
    ((char *)strchr((char *)(uintptr_t)cty_buf_text(&other), '\n'))[1] = '6'; /* the size is signed too */
    c.notes[1] = cty_buf_bytes(&other);
    assert_refused(verify(p, &c, &report), "signature-invalid");
    cty_buf_done(&other);
}

/* Cut anywhere, or any byte another: never more than it was, and never a crash. */
static void every_byte_counts(void **state)
{
    struct pair *p = *state;
    struct cty_contradiction_report report;
    struct cty_buf other, text = CTY_BUF_INIT(CTY_CONTRADICTION_BYTES_MAX);
    struct cty_memory *memory = forked(2, 7);
    struct cty_hash root;
    assert_ok(cty_memory_root(memory, 7, &root));
    sign(p, 7, &root, &other);
    struct cty_contradiction c = of(p, CTY_CONTRADICTION_FORK, &p->notes[3], &other);
    c.has_proof = true;
    assert_ok(cty_memory_root(memory, 3, &c.root));
    assert_ok(cty_tree_consistency(cty_memory_tree(memory), 3, 7, &c.proof));
    assert_ok(cty_contradiction_format(&c, &text));
    struct cty_bytes whole = cty_buf_bytes(&text);
    assert_ok(cty_contradiction_verify(whole, &p->trust, &report, NULL));
    for (size_t i = 0; i < whole.size; i++)
        assert_refused(cty_contradiction_verify(cty_bytes_make(whole.data, i), &p->trust, &report, NULL), "bad-evidence");
    for (size_t i = 0; i < whole.size; i++) {
        text.data[i] ^= 1;
        custody_err err = cty_contradiction_verify(whole, &p->trust, &report, NULL);
        text.data[i] ^= 1;
        if (err == CUSTODY_OK)
            fail_msg("byte %zu may be anything", i);
    }
    assert_refused(cty_contradiction_verify(CTY_LITERAL("{\"custody_contradiction\":2,\"key\":\"\",\"kind\":\"fork\",\"ledger\":"
                                                        "\"\",\"notes\":[\"\",\"\"]}"),
                                            &p->trust, &report, NULL),
                   "bad-evidence");
    cty_memory_free(memory);
    cty_buf_done(&text);
    cty_buf_done(&other);
}

/* Each member as something else than it must be. */
static void members_are_what_they_must_be(void **state)
{
    static const char *const bad[] = {
        "\"notes\":[\"a\"]", "\"notes\":[\"a\",\"b\",\"c\"]", "\"notes\":{}", "\"notes\":[\"a\",1]", "\"notes\":[null,\"a\"]",
    };
    struct pair *p = *state;
    struct cty_contradiction_report report;
    for (size_t i = 0; i < CTY_COUNT_OF(bad); i++) {
        char text[200];
        snprintf(text, sizeof(text), "{\"custody_contradiction\":1,\"key\":\"k\",\"kind\":\"two-roots\",\"ledger\":\"l\",%s}", bad[i]);
        assert_refused(cty_contradiction_verify(cty_bytes_text(text), &p->trust, &report, NULL), "bad-evidence");
    }
    static const char *const others[] = {"\"key\":1,\"kind\":\"two-roots\",\"ledger\":\"l\"", "\"key\":\"k\",\"kind\":\"two-roots\",\"ledger\":[]",
                                         "\"key\":\"k\",\"kind\":\"whim\",\"ledger\":\"l\"", "\"key\":\"k\",\"kind\":7,\"ledger\":\"l\""};
    for (size_t i = 0; i < CTY_COUNT_OF(others); i++) {
        char text[200];
        snprintf(text, sizeof(text), "{\"custody_contradiction\":1,%s,\"notes\":[\"a\",\"b\"]}", others[i]);
        assert_refused(cty_contradiction_verify(cty_bytes_text(text), &p->trust, &report, NULL), "bad-evidence");
    }
}

static void more_than_a_file_may_hold_is_refused(void **state)
{
    struct pair *p = *state;
    struct cty_contradiction_report report;
    uint8_t *large = calloc(1, CTY_CONTRADICTION_BYTES_MAX + 1);
    assert_refused(cty_contradiction_verify(cty_bytes_make(large, CTY_CONTRADICTION_BYTES_MAX + 1), &p->trust, &report, NULL),
                   "too-large");
    assert_false(cty_is_contradiction(CTY_LITERAL("{\"blobs\":[]")));
    free(large);
}

/* ---- two receipts, and no trust file ---- */

/* The receipt of leaf `index` in the tree of this size, which goes another way from `from` on. */
static void receipt_of(struct pair *p, uint64_t from, uint64_t index, uint64_t size, struct cty_buf *out)
{
    struct cty_memory *memory = forked(from, size);
    struct cty_hash root;
    struct cty_proof proof;
    struct cty_buf note;
    assert_ok(cty_memory_root(memory, size, &root));
    sign(p, size, &root, &note);
    assert_ok(cty_tree_inclusion(cty_memory_tree(memory), index, size, &proof));
    *out = CTY_BUF_INIT(8192);
    assert_ok(cty_receipt_format(cty_bytes_make(NULL, 0), index, &proof, cty_buf_bytes(&note), out));
    cty_buf_done(&note);
    cty_memory_free(memory);
}

/* Of entry `index`: in an honest tree, or in the forked one. */
static void show_receipt(struct pair *p, uint64_t from, uint64_t index, uint64_t size, struct cty_buf *text,
                         struct cty_shown *ret_shown)
{
    uint8_t entry = (uint8_t)(index >= from ? 100 + index : index);
    receipt_of(p, from, index, size, text);
    assert_ok(cty_shown_read(cty_buf_bytes(text), cty_bytes_make(&entry, 1), &p->trust, ret_shown, NULL));
}

/* Two executors who each hold the receipt of a consume at one index, of trees of any size, convict whoever signed them. */
static void two_leaves_convict(void **state)
{
    struct pair *p = *state;
    struct cty_contradiction_report report;
    for (uint64_t index = 1; index < 5; index++) {
        for (uint64_t one = index + 1; one < 7; one++) {
            for (uint64_t other = index + 1; other < 7; other++) {
                static struct cty_contradiction found;
                struct cty_buf texts[2];
                struct cty_shown shown[2];
                show_receipt(p, 100, index, one, &texts[0], &shown[0]);
                show_receipt(p, index, index, other, &texts[1], &shown[1]);
                assert_int_equal(cty_shown_compare(&shown[0], &shown[1], &p->trust, &found), CTY_COMPARED_CONTRADICTION);
                assert_ok(verify(p, &found, &report));
                assert_int_equal(report.kind, one == other ? CTY_CONTRADICTION_TWO_ROOTS : CTY_CONTRADICTION_TWO_LEAVES);
                assert_told(&report, "convicts the custodian", 0);
                cty_buf_done(&texts[0]);
                cty_buf_done(&texts[1]);
            }
        }
    }
}

/* Receipts that agree, or that are of two indices, convict nobody; nor does a file that says otherwise. */
static void receipts_that_agree_convict_nobody(void **state)
{
    struct pair *p = *state;
    static struct cty_contradiction found;
    struct cty_contradiction_report report;
    struct cty_buf texts[4];
    struct cty_shown shown[4];
    show_receipt(p, 100, 2, 4, &texts[0], &shown[0]);
    show_receipt(p, 100, 2, 6, &texts[1], &shown[1]);
    show_receipt(p, 3, 3, 5, &texts[2], &shown[2]);
    show_receipt(p, 2, 2, 6, &texts[3], &shown[3]);
    assert_int_equal(cty_shown_compare(&shown[0], &shown[0], &p->trust, &found), CTY_COMPARED_SAME);
    assert_int_equal(cty_shown_compare(&shown[0], &shown[1], &p->trust, &found), CTY_COMPARED_OPEN);
    assert_int_equal(cty_shown_compare(&shown[0], &shown[2], &p->trust, &found), CTY_COMPARED_OPEN);
    assert_int_equal(cty_shown_compare(&shown[0], &shown[3], &p->trust, &found), CTY_COMPARED_CONTRADICTION);
    assert_ok(verify(p, &found, &report));
    found.leaves[1].leaf = found.leaves[0].leaf; /* not what the proof proves */
    assert_refused(verify(p, &found, &report), "bad-evidence");
    found.leaves[1] = shown[3].leaf;
    found.index = 3;
    assert_refused(verify(p, &found, &report), "bad-evidence");
    found.index = 2;
    found.has_proof = true;
    assert_refused(verify(p, &found, &report), "bad-evidence");
    found.has_proof = false;
    found.kind = CTY_CONTRADICTION_FORK;
    assert_refused(verify(p, &found, &report), "bad-evidence");
    found.kind = CTY_CONTRADICTION_TWO_LEAVES;
    found.leaves[1] = shown[1].leaf;
    found.notes[1] = shown[1].note;
    assert_refused(verify(p, &found, &report), "bad-evidence");
    for (size_t i = 0; i < 4; i++)
        cty_buf_done(&texts[i]);
}

/* Anybody who has the file can check it: whoever owns the key in it signed both. */
static void a_file_alone_convicts_a_key(void **state)
{
    struct pair *p = *state;
    struct cty_contradiction_report report;
    struct cty_buf other, text = CTY_BUF_INIT(CTY_CONTRADICTION_BYTES_MAX), line = CTY_BUF_INIT(512);
    sign(p, 5, &p->roots[4], &other);
    struct cty_contradiction c = of(p, CTY_CONTRADICTION_TWO_ROOTS, &p->notes[5], &other);
    assert_ok(cty_contradiction_format(&c, &text));
    assert_ok(cty_contradiction_convict(cty_buf_bytes(&text), &report, NULL));
    assert_true(report.alone);
    assert_told(&report, "not pinned", 0);
    assert_bytes_text(p->trust.log_vkey, report.key);
    assert_ok(cty_contradiction_verify(cty_buf_bytes(&text), &p->trust, &report, NULL));
    assert_false(report.alone);
    /* Another key in it, one of another name, and a line that would say more to a policy, convict nobody. */
    assert_ok(cty_vkey_format(CTY_LITERAL(WORLD_ORIGIN), CTY_KEY_ED25519, cty_secret_key(world_secret(p->w, "clerk")), &line));
    c.key = cty_buf_bytes(&line);
    cty_buf_clear(&text);
    assert_ok(cty_contradiction_format(&c, &text));
    assert_refused(cty_contradiction_convict(cty_buf_bytes(&text), &report, NULL), "note-unsigned");
    cty_buf_clear(&line);
    assert_ok(cty_vkey_format(CTY_LITERAL("other.example/log"), CTY_KEY_ED25519, cty_secret_key(world_secret(p->w, "log")), &line));
    c.key = cty_buf_bytes(&line);
    cty_buf_clear(&text);
    assert_ok(cty_contradiction_format(&c, &text));
    assert_refused(cty_contradiction_convict(cty_buf_bytes(&text), &report, NULL), "bad-evidence");
    cty_buf_clear(&line);
    assert_ok(cty_buf_put_bytes(&line, p->trust.log_vkey));
    assert_ok(cty_buf_put_text(&line, "\nquorum none"));
    c.key = cty_buf_bytes(&line);
    cty_buf_clear(&text);
    assert_ok(cty_contradiction_format(&c, &text));
    assert_refused(cty_contradiction_convict(cty_buf_bytes(&text), &report, NULL), "bad-evidence");
    cty_buf_done(&text);
    cty_buf_done(&line);
    cty_buf_done(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(two_roots_convict, setup, teardown),
        cmocka_unit_test_setup_teardown(a_fork_convicts_by_its_own_proof, setup, teardown),
        cmocka_unit_test_setup_teardown(going_back_is_a_word_against_a_word, setup, teardown),
        cmocka_unit_test_setup_teardown(notes_must_be_signed_by_the_pinned_log, setup, teardown),
        cmocka_unit_test_setup_teardown(every_byte_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(members_are_what_they_must_be, setup, teardown),
        cmocka_unit_test_setup_teardown(more_than_a_file_may_hold_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(two_leaves_convict, setup, teardown),
        cmocka_unit_test_setup_teardown(receipts_that_agree_convict_nobody, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_alone_convicts_a_key, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
