/* SPDX-License-Identifier: Apache-2.0 */
/* Receipts with their entries, judged offline: what holds, what fails, and every byte that counts. */
#include "audit/receipt.h"
#include "trusts.h"

/* The receipt of an entry of the stage's ledger, with these witnesses' cosignatures, one bit each. */
static void make(uint64_t index, unsigned who, bool inside, struct cty_buf *out)
{
    struct cty_memory *memory = NULL;
    struct cty_proof proof;
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    struct cty_note *parsed = calloc(1, sizeof(*parsed));
    assert_ok(cty_memory_new(&memory));
    for (size_t i = 0; i < stage->w->entries_count; i++) {
        struct cty_hash leaf = cty_tree_leaf(stage->w->entries[i]);
        assert_ok(cty_memory_append_leaf(memory, &leaf));
    }
    assert_ok(cty_tree_inclusion(cty_memory_tree(memory), index, stage->w->entries_count, &proof));
    world_checkpoint(stage->w, &note);
    assert_ok(cty_note_parse(cty_buf_bytes(&note), parsed));
    char *text = cty_bytes_dup_text(parsed->text);
    for (size_t i = 0; i < CTY_COUNT_OF(witnesses); i++) {
        if (who >> i & 1)
            assert_ok(cty_note_cosign(cty_bytes_text(text), cty_secret_name(witnesses[i]), witnesses[i], 1700000000, &note));
    }
    *out = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX * 3);
    assert_ok(cty_receipt_format(inside ? stage->w->entries[index] : cty_bytes_make(NULL, 0), index, &proof,
                                 cty_buf_bytes(&note), out));
    free(text);
    free(parsed);
    cty_buf_done(&note);
    cty_memory_free(memory);
}

static int judge(const char *policy, struct cty_bytes text, struct cty_bytes entry)
{
    static struct cty_trust trust;
    custody_error error;
    assert_ok(parse_policy(policy, &trust, &error));
    assert_ok(cty_receipt_judge(text, entry, &trust, &stage->report, &error));
    cty_trust_done(&trust);
    return cty_report_exit(&stage->report);
}

#define ALONE "log <log>\nquorum none\n"
#define TWO_OF_THREE "log <log>\nwitness w0 <0>\nwitness w1 <1>\nwitness w2 <2>\ngroup g 2 w0 w1 w2\nquorum g\n"

static void a_receipt_holds(void **state)
{
    struct cty_buf text;
    (void)state;
    for (uint64_t index = 0; index < stage->w->entries_count; index++) {
        make(index, 0, false, &text);
        assert_true(cty_is_receipt(cty_buf_bytes(&text)));
        assert_int_equal(judge(ALONE, cty_buf_bytes(&text), stage->w->entries[index]), 0);
        assert_claim(&stage->report, CHECKPOINT, HOLDS);
        assert_claim(&stage->report, INTACT, HOLDS);
        assert_claim(&stage->report, SIGNED, NOT_CHECKED);
        assert_claim(&stage->report, WITNESSED, NOT_ASKED);
        cty_buf_done(&text);
    }
}

static void the_entry_may_be_inside(void **state)
{
    struct cty_buf text, entry = CTY_BUF_INIT(CTY_ENTRY_BYTES_MAX);
    (void)state;
    make(3, 0, true, &text);
    assert_ok(cty_receipt_entry(cty_buf_bytes(&text), &entry));
    assert_true(cty_bytes_equal(cty_buf_bytes(&entry), stage->w->entries[3]));
    assert_int_equal(judge(ALONE, cty_buf_bytes(&text), cty_buf_bytes(&entry)), 0);
    cty_buf_done(&text);
    cty_buf_clear(&entry);
    make(3, 0, false, &text);
    assert_ok(cty_receipt_entry(cty_buf_bytes(&text), &entry));
    assert_int_equal(entry.size, 0);
    cty_buf_done(&text);
    cty_buf_done(&entry);
}

static void witnesses_are_asked_for(void **state)
{
    struct cty_buf text;
    (void)state;
    for (unsigned who = 0; who < 8; who++) {
        bool met = (who & 1) + (who >> 1 & 1) + (who >> 2 & 1) >= 2;
        make(2, who, false, &text);
        assert_int_equal(judge(TWO_OF_THREE, cty_buf_bytes(&text), stage->w->entries[2]), met ? 0 : 1);
        if (met)
            assert_claim(&stage->report, WITNESSED, HOLDS);
        else
            assert_fails(&stage->report, WITNESSED, "under-threshold", NO_ENTRY);
        cty_buf_done(&text);
    }
}

static void another_entry_or_ledger_fails(void **state)
{
    struct cty_buf text;
    (void)state;
    make(2, 0, false, &text);
    assert_int_equal(judge(ALONE, cty_buf_bytes(&text), stage->w->entries[3]), 1);
    assert_fails(&stage->report, INTACT, "proof-invalid", 2);
    assert_claim(&stage->report, CHECKPOINT, HOLDS);
    assert_int_equal(judge(ALONE, cty_buf_bytes(&text), cty_bytes_make(NULL, 0)), 1);
    assert_fails(&stage->report, INTACT, "proof-invalid", 2);
    assert_int_equal(judge("log <operator/ada>\nquorum none\n", cty_buf_bytes(&text), stage->w->entries[2]), 1);
    assert_claim(&stage->report, CHECKPOINT, FAILS);
    assert_claim(&stage->report, INTACT, NOT_CHECKED);
    cty_buf_done(&text);
}

/* Every bit of a receipt, and every length of it, is refused or fails, but for the `extra` line, which nobody vouches for. */
static void every_bit_counts(void **state)
{
    static struct cty_trust trust;
    custody_error error;
    struct cty_buf text;
    (void)state;
    make(4, 1, false, &text);
    assert_ok(parse_policy("log <log>\nwitness w0 <0>\nquorum w0\n", &trust, &error));
    for (size_t at = 0; at < text.size * 8; at++) {
        text.data[at / 8] ^= (uint8_t)(1u << at % 8);
        custody_err err = cty_receipt_judge(cty_buf_bytes(&text), stage->w->entries[4], &trust, &stage->report, NULL);
        if (err == CUSTODY_OK && cty_report_exit(&stage->report) != 1)
            fail_msg("bit %zu may be anything", at);
        if (err != CUSTODY_OK)
            assert_refused(err, "proof-invalid");
        text.data[at / 8] ^= (uint8_t)(1u << at % 8);
    }
    for (size_t size = 0; size < text.size; size++) {
        custody_err err = cty_receipt_judge(cty_bytes_make(text.data, size), stage->w->entries[4], &trust, &stage->report, NULL);
        assert_true(err == CUSTODY_E_PROOF_INVALID || cty_report_exit(&stage->report) == 1);
    }
    assert_ok(cty_receipt_judge(cty_buf_bytes(&text), stage->w->entries[4], &trust, &stage->report, NULL));
    assert_int_equal(cty_report_exit(&stage->report), 0);
    cty_trust_done(&trust);
    cty_buf_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_receipt_holds),
        cmocka_unit_test(the_entry_may_be_inside),
        cmocka_unit_test(witnesses_are_asked_for),
        cmocka_unit_test(another_entry_or_ledger_fails),
        cmocka_unit_test(every_bit_counts),
    };
    return cmocka_run_group_tests_name("claims of receipts", tests, trusts_begin, trusts_end);
}
