/* SPDX-License-Identifier: Apache-2.0 */
/* Receipts: the text goes both ways, and an altered one is refused or says the same. */
#include "codec/text.h"
#include "unit/ledger/notes.h"
#include "unit/ledger/trees.h"

#define TREE_SIZE 11u
#define ENTRY_INDEX 6u
#define NOTE CHECKPOINT_TEXT "\n" LOG_LINE
#define HASH_LINE "SBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I=\n"
#define FIRST "c2sp.org/tlog-proof@v1\n"

static uint8_t entry_bytes[8];

static struct cty_bytes entry(void)
{
    uint64_t index = ENTRY_INDEX;
    memcpy(entry_bytes, &index, sizeof(entry_bytes));
    return cty_bytes_make(entry_bytes, sizeof(entry_bytes));
}

/* A receipt of leaf `index` in a tree of TREE_SIZE; *ret_note_at tells where its note begins. */
static void receipt_put(const char *extra, uint64_t index, struct cty_buf *out, size_t *ret_note_at)
{
    struct memory_tree tree;
    struct cty_proof proof;
    struct cty_buf text = CTY_BUF_INIT(4096), note = CTY_BUF_INIT(4096);
    memory_tree_init(&tree, TREE_SIZE);
    struct cty_tree_reader reader = memory_tree_reader(&tree);
    struct cty_checkpoint checkpoint = {.origin = CTY_LITERAL(ORIGIN), .size = TREE_SIZE};
    assert_ok(cty_tree_root(&reader, TREE_SIZE, &checkpoint.root));
    assert_ok(cty_tree_inclusion(&reader, index, TREE_SIZE, &proof));
    assert_ok(cty_checkpoint_format(&checkpoint, &text));
    assert_ok(cty_note_sign(cty_buf_bytes(&text), CTY_LITERAL(ORIGIN), log_secret, &note));
    assert_ok(cty_buf_put_text(&note, FOREIGN_LINE));
    assert_ok(cty_receipt_format(cty_bytes_text(extra), index, &proof, cty_buf_bytes(&note), out));
    *ret_note_at = out->size - note.size;
    cty_buf_done(&text);
    cty_buf_done(&note);
    memory_tree_done(&tree);
}

static custody_err open_bytes(struct cty_bytes bytes, struct cty_receipt *ret_receipt,
                              struct cty_checkpoint *ret_checkpoint)
{
    return cty_receipt_open(bytes, entry(), CTY_LITERAL(ORIGIN), cty_secret_key(log_secret), ret_receipt,
                            ret_checkpoint);
}

static custody_err parse(const char *text)
{
    struct cty_receipt receipt;
    return cty_receipt_parse(cty_bytes_text(text), &receipt);
}

static void test_there_and_back(void **state)
{
    (void)state;
    for (size_t hashes = 0; hashes <= CTY_PROOF_HASHES_MAX; hashes += 9) {
        struct cty_proof proof = {.count = hashes};
        for (size_t i = 0; i < hashes; i++)
            proof.hashes[i] = leaf_of(i);
        struct cty_buf text = CTY_BUF_INIT(8192);
        struct cty_receipt receipt;
        assert_ok(cty_receipt_format(CTY_LITERAL("ex"), 73894, &proof, CTY_LITERAL(NOTE), &text));
        assert_ok(cty_receipt_parse(cty_buf_bytes(&text), &receipt));
        assert_int_equal(receipt.index, 73894);
        assert_proof_equal(&receipt.proof, &proof);
        assert_bytes_text(receipt.extra_base64, "ZXg=");
        assert_bytes_text(receipt.note, NOTE);
        cty_buf_done(&text);
    }
}

static void test_text(void **state)
{
    (void)state;
    struct cty_proof proof = {.count = 1, .hashes[0] = cty_sha256(CTY_LITERAL("root"))};
    struct cty_buf text = CTY_BUF_INIT(8192);
    assert_ok(cty_receipt_format(cty_bytes_make(NULL, 0), 0, &proof, CTY_LITERAL(NOTE), &text));
    assert_bytes_text(cty_buf_bytes(&text), FIRST "index 0\n" HASH_LINE "\n" NOTE);
    cty_buf_clear(&text);
    proof.count = 0;
    assert_ok(cty_receipt_format(CTY_LITERAL("ex"), 9, &proof, CTY_LITERAL(NOTE), &text));
    assert_bytes_text(cty_buf_bytes(&text), FIRST "extra ZXg=\nindex 9\n\n" NOTE);
    cty_buf_done(&text);
}

static void test_refuses_to_parse(void **state)
{
    (void)state;
    const char *const unlawful[] = {
        "",
        FIRST,
        "index 1\n\n" NOTE, /* without the first line, as older files are */
        "c2sp.org/tlog-proof@v2\nindex 1\n\n" NOTE,
        "c2sp.org/tlog-proof@v1\r\nindex 1\n\n" NOTE,
        " " FIRST "index 1\n\n" NOTE,
        FIRST "\n" NOTE,
        FIRST "index 1\n" NOTE,           /* no empty line: the note's lines are no hashes */
        FIRST "index 1\n\n",              /* no note */
        FIRST "index 1\n" HASH_LINE,
        FIRST "index \n\n" NOTE,          /* numbers in another spelling */
        FIRST "index 01\n\n" NOTE,
        FIRST "index -1\n\n" NOTE,
        FIRST "index  1\n\n" NOTE,
        FIRST "index 1 \n\n" NOTE,
        FIRST "Index 1\n\n" NOTE,
        FIRST "index 9007199254740991\n\n" NOTE,
        FIRST "extra \nindex 1\n\n" NOTE, /* nothing extra has no line */
        FIRST "extra ZXg\nindex 1\n\n" NOTE,
        FIRST "extra ZXh=\nindex 1\n\n" NOTE,
        FIRST "extra ZXg=\nextra ZXg=\nindex 1\n\n" NOTE,
        FIRST "index 1\nextra ZXg=\n\n" NOTE,
        FIRST "index 1\nindex 1\n\n" NOTE,
        FIRST "index 1\n \n" NOTE,        /* hashes in another spelling */
        FIRST "index 1\n " HASH_LINE "\n" NOTE,
        FIRST "index 1\nSBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I\n\n" NOTE,
        FIRST "index 1\nSBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7J=\n\n" NOTE,
        FIRST "index 1\nSBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2\n\n" NOTE,
    };
    for (size_t i = 0; i < CTY_COUNT_OF(unlawful); i++)
        assert_refused(parse(unlawful[i]), "proof-invalid");
    assert_ok(parse(FIRST "index 9007199254740990\n" HASH_LINE "\n" NOTE));
    assert_ok(parse(FIRST "extra ZXg=\nindex 1\n\n" NOTE));
}

static void hash_lines_put(size_t count, struct cty_buf *out)
{
    cty_buf_clear(out);
    assert_ok(cty_buf_put_text(out, FIRST "index 1\n"));
    for (size_t i = 0; i < count; i++)
        assert_ok(cty_buf_put_text(out, HASH_LINE));
    assert_ok(cty_buf_put_text(out, "\n" NOTE));
}

static void test_number_of_hashes(void **state)
{
    (void)state;
    struct cty_buf text = CTY_BUF_INIT(8192);
    struct cty_receipt receipt;
    hash_lines_put(CTY_PROOF_HASHES_MAX, &text);
    assert_ok(cty_receipt_parse(cty_buf_bytes(&text), &receipt));
    hash_lines_put(CTY_PROOF_HASHES_MAX + 1, &text);
    assert_refused(cty_receipt_parse(cty_buf_bytes(&text), &receipt), "proof-invalid");
    cty_buf_done(&text);
}

static void test_size_of_extra(void **state)
{
    (void)state;
    const size_t max = CTY_RECEIPT_EXTRA_BYTES_MAX;
    struct cty_buf extra = CTY_BUF_INIT(max + 1), text = CTY_BUF_INIT(2 * max);
    struct cty_proof proof = {.count = 0};
    struct cty_receipt receipt;
    while (extra.size < max)
        assert_ok(cty_buf_put_byte(&extra, 'x'));
    assert_ok(cty_receipt_format(cty_buf_bytes(&extra), 1, &proof, CTY_LITERAL(NOTE), &text));
    assert_ok(cty_receipt_parse(cty_buf_bytes(&text), &receipt));
    assert_ok(cty_buf_put_byte(&extra, 'x'));
    cty_buf_clear(&text);
    assert_refused(cty_receipt_format(cty_buf_bytes(&extra), 1, &proof, CTY_LITERAL(NOTE), &text),
                   "too-large");
    assert_ok(cty_buf_put_text(&text, FIRST "extra "));
    assert_ok(cty_base64_format(cty_buf_bytes(&extra), &text));
    assert_ok(cty_buf_put_text(&text, "\nindex 1\n\n" NOTE));
    assert_refused(cty_receipt_parse(cty_buf_bytes(&text), &receipt), "proof-invalid");
    cty_buf_done(&extra);
    cty_buf_done(&text);
}

static void test_refuses_to_format(void **state)
{
    (void)state;
    struct cty_buf text = CTY_BUF_INIT(64);
    struct cty_bytes none = cty_bytes_make(NULL, 0);
    struct cty_proof proof = {.count = CTY_PROOF_HASHES_MAX + 1};
    assert_ok(cty_buf_put_text(&text, "abc"));
    assert_refused(cty_receipt_format(none, 1, &proof, CTY_LITERAL(NOTE), &text), "too-large");
    proof.count = 0;
    assert_refused(cty_receipt_format(none, CTY_TREE_SIZE_MAX, &proof, CTY_LITERAL(NOTE), &text),
                   "bad-member");
    assert_refused(cty_receipt_format(none, 1, &proof, none, &text), "bad-member");
    assert_refused(cty_receipt_format(none, 1, &proof, CTY_LITERAL(NOTE), &text), "too-large");
    assert_bytes_text(cty_buf_bytes(&text), "abc");
    assert_ok(cty_receipt_format(none, 1, &proof, CTY_LITERAL("x"), &text));
    cty_buf_done(&text);
}

static void test_opens(void **state)
{
    (void)state;
    struct cty_buf text = CTY_BUF_INIT(8192);
    struct cty_receipt receipt = {.index = 77};
    struct cty_checkpoint checkpoint;
    size_t note_at = 0;
    receipt_put("ex", ENTRY_INDEX, &text, &note_at);
    assert_ok(open_bytes(cty_buf_bytes(&text), &receipt, &checkpoint));
    assert_int_equal(receipt.index, ENTRY_INDEX);
    assert_int_equal(checkpoint.size, TREE_SIZE);
    assert_bytes_text(checkpoint.origin, ORIGIN);
    cty_buf_done(&text);
}

static void test_refuses_to_open(void **state)
{
    (void)state;
    struct cty_buf text = CTY_BUF_INIT(8192);
    struct cty_receipt receipt = {.index = 77};
    struct cty_checkpoint checkpoint;
    size_t note_at = 0;
    const struct cty_key *key = cty_secret_key(log_secret), *other = cty_secret_key(witness_secret);
    receipt_put("", ENTRY_INDEX, &text, &note_at);
    struct cty_bytes bytes = cty_buf_bytes(&text), origin = CTY_LITERAL(ORIGIN);
    assert_refused(cty_receipt_open(bytes, CTY_LITERAL("other"), origin, key, &receipt, &checkpoint),
                   "proof-invalid");
    assert_refused(cty_receipt_open(bytes, entry(), origin, other, &receipt, &checkpoint), "note-unsigned");
    assert_refused(cty_receipt_open(bytes, entry(), CTY_LITERAL("o"), key, &receipt, &checkpoint),
                   "note-unsigned");
    assert_refused(open_bytes(CTY_LITERAL(FIRST "index 1\n\nx"), &receipt, &checkpoint), "bad-note");
    assert_refused(open_bytes(CTY_LITERAL("x"), &receipt, &checkpoint), "proof-invalid");
    cty_buf_clear(&text);
    receipt_put("", ENTRY_INDEX + 1, &text, &note_at); /* another entry's */
    assert_refused(open_bytes(cty_buf_bytes(&text), &receipt, &checkpoint), "proof-invalid");
    assert_int_equal(receipt.index, 77);
    cty_buf_done(&text);
}

/* What opens says what the original says; `may_open` where what was touched is signed by nobody we know. */
static void check_altered(struct cty_bytes bytes, bool may_open)
{
    struct cty_receipt receipt;
    struct cty_checkpoint checkpoint;
    if (open_bytes(bytes, &receipt, &checkpoint) != CUSTODY_OK)
        return;
    assert_true(may_open);
    assert_int_equal(receipt.index, ENTRY_INDEX);
    assert_int_equal(checkpoint.size, TREE_SIZE);
}

static void test_every_bit(void **state)
{
    (void)state;
    struct cty_buf text = CTY_BUF_INIT(8192);
    size_t note_at = 0, extra_at = strlen(FIRST "extra "), extra_end = extra_at + strlen("ZXg=");
    receipt_put("ex", ENTRY_INDEX, &text, &note_at);
    size_t foreign_at = text.size - strlen(FOREIGN_LINE);
    for (size_t bit = 0; bit < 8 * text.size; bit++) {
        size_t at = bit / 8;
        text.data[at] ^= (uint8_t)(1u << (bit % 8));
        check_altered(cty_buf_bytes(&text), (at >= extra_at && at < extra_end) || at >= foreign_at);
        text.data[at] ^= (uint8_t)(1u << (bit % 8));
    }
    check_altered(cty_buf_bytes(&text), true);
    cty_buf_done(&text);
}

static void test_every_length(void **state)
{
    (void)state;
    struct cty_buf text = CTY_BUF_INIT(8192);
    size_t note_at = 0;
    receipt_put("ex", ENTRY_INDEX, &text, &note_at);
    size_t foreign_at = text.size - strlen(FOREIGN_LINE);
    for (size_t size = 0; size < text.size; size++) {
        check_altered(cty_bytes_make(text.data, size), size == foreign_at);
        check_altered(cty_bytes_make(text.data + text.size - size, size), false);
    }
    cty_buf_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_refuses_to_parse),
        cmocka_unit_test(test_number_of_hashes),
        cmocka_unit_test(test_size_of_extra),
        cmocka_unit_test(test_refuses_to_format),
        cmocka_unit_test(test_opens),
        cmocka_unit_test(test_refuses_to_open),
        cmocka_unit_test(test_every_bit),
        cmocka_unit_test(test_every_length),
    };
    return cmocka_run_group_tests(tests, notes_setup, notes_teardown);
}
