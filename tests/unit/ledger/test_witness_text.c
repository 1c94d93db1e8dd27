/* SPDX-License-Identifier: Apache-2.0 */
/* What witnesses are sent and answer: the texts go both ways, and every other form is refused. */
#include "ledger/witness_text.h"
#include "unit/ledger/notes.h"

#define NOTE CHECKPOINT_TEXT "\n" LOG_LINE
#define HASH_LINE "SBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I=\n"
#define ROOT_LINE HASH_LINE

static custody_err parse(const char *text)
{
    struct cty_add_checkpoint add;
    return cty_add_checkpoint_parse(cty_bytes_text(text), &add);
}

static void test_there_and_back(void **state)
{
    (void)state;
    for (size_t hashes = 0; hashes <= CTY_PROOF_HASHES_MAX; hashes += 7) {
        struct cty_add_checkpoint add = {.old_size = hashes * 1000, .proof.count = hashes, .note = CTY_LITERAL(NOTE)};
        struct cty_add_checkpoint again;
        struct cty_buf text = CTY_BUF_INIT(CTY_ADD_CHECKPOINT_BYTES_MAX);
        for (size_t i = 0; i < hashes; i++)
            memset(add.proof.hashes[i].bytes, (int)i + 1, CTY_HASH_SIZE);
        assert_ok(cty_add_checkpoint_format(&add, &text));
        assert_ok(cty_add_checkpoint_parse(cty_buf_bytes(&text), &again));
        assert_int_equal(again.old_size, add.old_size);
        assert_int_equal(again.proof.count, hashes);
        assert_memory_equal(again.proof.hashes, add.proof.hashes, hashes * sizeof(add.proof.hashes[0]));
        assert_bytes_text(again.note, NOTE);
        cty_buf_done(&text);
    }
}

static void test_its_bytes(void **state)
{
    (void)state;
    struct cty_add_checkpoint add = {.old_size = 20852014, .proof.count = 1, .note = CTY_LITERAL(NOTE)};
    struct cty_buf text = CTY_BUF_INIT(4096);
    struct cty_note note;
    struct cty_checkpoint checkpoint;
    assert_ok(cty_note_parse(CTY_LITERAL(NOTE), &note));
    assert_ok(cty_checkpoint_read(note.text, &checkpoint));
    add.proof.hashes[0] = checkpoint.root;
    assert_ok(cty_add_checkpoint_format(&add, &text));
    assert_bytes_text(cty_buf_bytes(&text), "old 20852014\n" HASH_LINE "\n" NOTE);
    cty_buf_done(&text);
}

static void test_no_form_of_it(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "\n", "old", "old ", "old 1", "old \n\n" NOTE, "old 1\n", "old 1\n\n", "old 1\n" NOTE, "Old 1\n\n" NOTE,
        "old  1\n\n" NOTE, "old 01\n\n" NOTE, "old +1\n\n" NOTE, "old -1\n\n" NOTE, "old 1 \n\n" NOTE,
        "old 1\r\n\r\n" NOTE, "old 0x1\n\n" NOTE, "old 9007199254740992\n\n" NOTE,
        "old 18446744073709551616\n\n" NOTE, "\nold 1\n\n" NOTE, "old 1\nSBNJ\n\n" NOTE,
        "old 1\n " HASH_LINE "\n" NOTE, "old 1\nSBNJTRN-FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I=\n\n" NOTE,
        "old 1\nSBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7J=\n\n" NOTE,
        "old 1\nSBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I\n\n" NOTE, "old 1\n" HASH_LINE "old 1\n\n" NOTE};
    assert_ok(parse("old 1\n" HASH_LINE "\n" NOTE));
    assert_ok(parse("old 9007199254740991\n\n" NOTE));
    for (size_t i = 0; i < CTY_COUNT_OF(bad); i++)
        assert_refused(parse(bad[i]), "bad-note");
}

static void test_a_hash_too_many(void **state)
{
    (void)state;
    struct cty_buf text = CTY_BUF_INIT(CTY_ADD_CHECKPOINT_BYTES_MAX);
    struct cty_add_checkpoint add;
    assert_ok(cty_buf_put_text(&text, "old 5\n"));
    for (size_t i = 0; i <= CTY_PROOF_HASHES_MAX; i++) {
        struct cty_buf whole = CTY_BUF_INIT(CTY_ADD_CHECKPOINT_BYTES_MAX);
        assert_ok(cty_buf_put_text(&text, HASH_LINE));
        assert_ok(cty_buf_put_bytes(&whole, cty_buf_bytes(&text)));
        assert_ok(cty_buf_put_text(&whole, "\n" NOTE));
        assert_refused(cty_add_checkpoint_parse(cty_buf_bytes(&whole), &add),
                       i < CTY_PROOF_HASHES_MAX ? "ok" : "bad-note");
        cty_buf_done(&whole);
    }
    cty_buf_done(&text);
}

static void test_cut_anywhere(void **state)
{
    (void)state;
    static const char text[] = "old 1\n" HASH_LINE "\n" NOTE;
    struct cty_add_checkpoint add;
    size_t head = strlen("old 1\n" HASH_LINE "\n");
    for (size_t size = 0; size < sizeof(text) - 1; size++) {
        custody_err err = cty_add_checkpoint_parse(cty_bytes_make(text, size), &add);
        assert_refused(err, size <= head ? "bad-note" : "ok");
        if (err == CUSTODY_OK)
            assert_int_equal(add.note.size, size - head);
    }
}

static void test_too_large(void **state)
{
    (void)state;
    static char text[CTY_ADD_CHECKPOINT_BYTES_MAX + 2];
    struct cty_add_checkpoint add = {.old_size = 1, .note = cty_bytes_make(text, CTY_NOTE_BYTES_MAX + 1)};
    struct cty_buf out = CTY_BUF_INIT(2 * CTY_ADD_CHECKPOINT_BYTES_MAX);
    memset(text, 'a', sizeof(text));
    memcpy(text, "old 1\n\n", 7);
    assert_ok(cty_add_checkpoint_parse(cty_bytes_make(text, CTY_ADD_CHECKPOINT_BYTES_MAX), &add));
    assert_refused(cty_add_checkpoint_parse(cty_bytes_make(text, CTY_ADD_CHECKPOINT_BYTES_MAX + 1), &add), "too-large");
    add.note = cty_bytes_make(text, CTY_NOTE_BYTES_MAX + 1);
    assert_refused(cty_add_checkpoint_format(&add, &out), "too-large");
    add.note.size--;
    assert_ok(cty_add_checkpoint_format(&add, &out));
    size_t before = out.size;
    add.proof.count = CTY_PROOF_HASHES_MAX + 1;
    assert_refused(cty_add_checkpoint_format(&add, &out), "too-large");
    add.proof.count = 0;
    add.old_size = CTY_TREE_SIZE_MAX + 1;
    assert_refused(cty_add_checkpoint_format(&add, &out), "bad-member");
    add.old_size = 1;
    add.note.size = 0;
    assert_refused(cty_add_checkpoint_format(&add, &out), "bad-member");
    assert_int_equal(out.size, before);
    cty_buf_done(&out);
}

static void test_the_largest_fits(void **state)
{
    (void)state;
    static char text[CTY_NOTE_BYTES_MAX];
    struct cty_add_checkpoint add = {.old_size = CTY_TREE_SIZE_MAX, .proof.count = CTY_PROOF_HASHES_MAX,
                                     .note = cty_bytes_make(text, sizeof(text))};
    struct cty_buf out = CTY_BUF_INIT(CTY_ADD_CHECKPOINT_BYTES_MAX);
    memset(text, 'a', sizeof(text));
    assert_ok(cty_add_checkpoint_format(&add, &out));
    assert_ok(cty_add_checkpoint_parse(cty_buf_bytes(&out), &add));
    cty_buf_done(&out);
}

static void test_cosignatures(void **state)
{
    (void)state;
    struct cty_note note;
    uint64_t time_s = 0;
    struct cty_bytes text = CTY_LITERAL(CHECKPOINT_TEXT), name = CTY_LITERAL(WITNESS);
    assert_ok(cty_cosignatures_parse(CTY_LITERAL(WITNESS_LINE), text, &note));
    assert_ok(cty_note_cosignature_verify(&note, name, cty_secret_key(witness_secret), &time_s));
    assert_int_equal(time_s, WITNESS_TIME_S);
    assert_ok(cty_cosignatures_parse(CTY_LITERAL(FOREIGN_LINE WITNESS_LINE), text, &note));
    assert_int_equal(note.count, 2);
    assert_ok(cty_note_cosignature_verify(&note, name, cty_secret_key(witness_secret), &time_s));
}

static void test_no_cosignatures(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "\n", " ", "ok\n", WITNESS_LINE "\n", "\n" WITNESS_LINE, WITNESS_LINE "x",
                                      NOTE, EM_DASH " a \n", EM_DASH " a AQIDBA==\n", "- a AQIDBAU=\n"};
    struct cty_note note;
    for (size_t i = 0; i < CTY_COUNT_OF(bad); i++)
        assert_refused(cty_cosignatures_parse(cty_bytes_text(bad[i]), CTY_LITERAL(CHECKPOINT_TEXT), &note), "bad-note");
    static char large[CTY_NOTE_BYTES_MAX + 1];
    assert_refused(cty_cosignatures_parse(cty_bytes_make(large, sizeof(large)), CTY_LITERAL(CHECKPOINT_TEXT), &note),
                   "too-large");
    struct cty_buf many = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    for (size_t i = 0; i <= CTY_NOTE_SIGNATURES_MAX; i++)
        assert_ok(cty_buf_put_text(&many, FOREIGN_LINE));
    assert_refused(cty_cosignatures_parse(cty_buf_bytes(&many), CTY_LITERAL(CHECKPOINT_TEXT), &note), "too-large");
    cty_buf_done(&many);
}

static void test_sizes(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "\n", "5", "5\n\n", " 5\n", "5 \n", "05\n", "-5\n", "9007199254740992\n", "5\r\n"};
    struct cty_buf out = CTY_BUF_INIT(64);
    uint64_t size = 1;
    assert_ok(cty_witness_size_parse(CTY_LITERAL("0\n"), &size));
    assert_int_equal(size, 0);
    assert_ok(cty_witness_size_parse(CTY_LITERAL("9007199254740991\n"), &size));
    assert_int_equal(size, CTY_TREE_SIZE_MAX);
    for (size_t i = 0; i < CTY_COUNT_OF(bad); i++)
        assert_refused(cty_witness_size_parse(cty_bytes_text(bad[i]), &size), "bad-note");
    assert_refused(cty_witness_size_format(CTY_TREE_SIZE_MAX + 1, &out), "bad-member");
    assert_ok(cty_witness_size_format(20852163, &out));
    assert_bytes_text(cty_buf_bytes(&out), "20852163\n");
    cty_buf_done(&out);
}

static void test_monitor_path(void **state)
{
    (void)state;
    char path[CTY_WITNESS_MONITOR_BYTES];
    cty_witness_monitor_path(CTY_LITERAL("abc"), path);
    assert_string_equal(path, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad/checkpoint");
}

static custody_err read_text(const char *text, struct cty_checkpoint *ret_checkpoint)
{
    return cty_checkpoint_read(cty_bytes_text(text), ret_checkpoint);
}

static void test_any_logs_checkpoint(void **state)
{
    (void)state;
    struct cty_checkpoint checkpoint;
    assert_ok(read_text(CHECKPOINT_TEXT, &checkpoint));
    assert_bytes_text(checkpoint.origin, ORIGIN);
    assert_int_equal(checkpoint.size, CHECKPOINT_SIZE);
    assert_ok(read_text(CHECKPOINT_TEXT "an extension\nanother one\n", &checkpoint));
    assert_ok(read_text("go.sum database tree\n0\n" ROOT_LINE, &checkpoint));
    assert_bytes_text(checkpoint.origin, "go.sum database tree");
    assert_ok(read_text("a\n9007199254740991\n" ROOT_LINE, &checkpoint));
    assert_refused(read_text("a\n9007199254740992\n" ROOT_LINE, &checkpoint), "too-large");
    assert_refused(read_text("a\n9223372036854775807\n" ROOT_LINE, &checkpoint), "too-large");
    assert_refused(read_text("a\n9223372036854775808\n" ROOT_LINE, &checkpoint), "bad-note");
}

static void test_no_checkpoint(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "\n", "a\n", "a\n1\n", "\n1\n" ROOT_LINE, "a\n01\n" ROOT_LINE, "a\n\n" ROOT_LINE,
                                      "a\n1\n\n" ROOT_LINE, "a\n1\nSBNJ\n", "a\n1\n" ROOT_LINE "\n", "a\tb\n1\n" ROOT_LINE,
                                      "a\n1\n" ROOT_LINE "x", "a\n1\n" ROOT_LINE "x\n\ny\n", "a\xff\n1\n" ROOT_LINE};
    struct cty_checkpoint checkpoint;
    for (size_t i = 0; i < CTY_COUNT_OF(bad); i++)
        assert_refused(read_text(bad[i], &checkpoint), "bad-note");
    struct cty_buf text = CTY_BUF_INIT(1024);
    for (size_t i = 0; i < CTY_FOREIGN_ORIGIN_BYTES_MAX; i++)
        assert_ok(cty_buf_put_byte(&text, 'a'));
    for (size_t extra = 0; extra < 2; extra++) {
        struct cty_buf whole = CTY_BUF_INIT(1024);
        assert_ok(cty_buf_put_bytes(&whole, cty_buf_bytes(&text)));
        assert_ok(cty_buf_put_text(&whole, extra ? "b\n1\n" ROOT_LINE : "\n1\n" ROOT_LINE));
        assert_refused(cty_checkpoint_read(cty_buf_bytes(&whole), &checkpoint), extra ? "bad-note" : "ok");
        cty_buf_done(&whole);
    }
    cty_buf_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_its_bytes),
        cmocka_unit_test(test_no_form_of_it),  cmocka_unit_test(test_a_hash_too_many),
        cmocka_unit_test(test_cut_anywhere),   cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_the_largest_fits), cmocka_unit_test(test_cosignatures),
        cmocka_unit_test(test_no_cosignatures), cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_monitor_path),   cmocka_unit_test(test_any_logs_checkpoint),
        cmocka_unit_test(test_no_checkpoint),
    };
    return cmocka_run_group_tests(tests, notes_setup, notes_teardown);
}
