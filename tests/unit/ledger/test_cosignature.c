/* SPDX-License-Identifier: Apache-2.0 */
/* Cosignatures: the bytes that are signed, the time they carry, and the two mistakes others made. */
#include "unit/ledger/notes.h"

/* Times that read backwards are lawful times too, so that only the signature can tell. */
#define TIME_S UINT64_C(0x0000020000010000)

static custody_err verify_as(const char *text, const char *name, const struct cty_secret *secret,
                             uint64_t *ret_time_s)
{
    struct cty_note note;
    assert_ok(cty_note_parse(cty_bytes_text(text), &note));
    return cty_note_cosignature_verify(&note, cty_bytes_text(name), cty_secret_key(secret), ret_time_s);
}

static custody_err verify(const char *text, uint64_t *ret_time_s)
{
    return verify_as(text, WITNESS, witness_secret, ret_time_s);
}

/* A line whose field says `field_time`, over `message`; with the right ones it is as the library makes it. */
static void crafted_line_put(const uint8_t field_time[8], const char *message, struct cty_buf *out)
{
    uint8_t bytes[8 + CTY_SIGNATURE_SIZE];
    struct cty_signature signature;
    cty_sign(witness_secret, cty_bytes_text(message), &signature);
    memcpy(bytes, field_time, 8);
    memcpy(bytes + 8, signature.bytes, CTY_SIGNATURE_SIZE);
    line_put(WITNESS, CTY_KEY_COSIGNATURE, witness_secret, bytes, sizeof(bytes), out);
}

static void note_put(const char *text, const uint8_t field_time[8], const char *message, struct cty_buf *out)
{
    cty_buf_clear(out);
    assert_ok(cty_buf_putf(out, "%s\n", text));
    crafted_line_put(field_time, message, out);
}

static void test_published_line(void **state)
{
    (void)state;
    uint64_t time_s = 0;
    assert_ok(verify(CHECKPOINT_TEXT "\n" LOG_LINE WITNESS_LINE, &time_s));
    assert_int_equal(time_s, WITNESS_TIME_S);
    assert_ok(verify(CHECKPOINT_TEXT "\n" WITNESS_LINE FOREIGN_LINE LOG_LINE, &time_s));
}

static void test_cosigns_the_same_bytes(void **state)
{
    (void)state;
    struct cty_buf lines = CTY_BUF_INIT(4096);
    assert_ok(cty_note_cosign(CTY_LITERAL(CHECKPOINT_TEXT), CTY_LITERAL(WITNESS), witness_secret,
                              WITNESS_TIME_S, &lines));
    assert_bytes_text(cty_buf_bytes(&lines), WITNESS_LINE);
    cty_buf_done(&lines);
}

static void test_by_name_and_id(void **state)
{
    (void)state;
    uint64_t time_s = 7;
    const char *note = CHECKPOINT_TEXT "\n" LOG_LINE WITNESS_LINE;
    assert_refused(verify_as(note, "witness.example.com/w2", witness_secret, &time_s), "note-unsigned");
    assert_refused(verify_as(note, WITNESS, log_secret, &time_s), "note-unsigned");
    assert_refused(verify_as(note, ORIGIN, log_secret, &time_s), "note-unsigned"); /* a line of type 0x01 */
    assert_refused(verify(CHECKPOINT_TEXT "\n" LOG_LINE, &time_s), "note-unsigned");
    assert_int_equal(time_s, 7);
}

static void test_little_endian_time(void **state)
{
    (void)state;
    const uint8_t big[8] = {0, 0, 2, 0, 0, 1, 0, 0}, little[8] = {0, 0, 1, 0, 0, 2, 0, 0};
    const char *message = "cosignature/v1\ntime 2199023321088\n" CHECKPOINT_TEXT;
    struct cty_buf note = CTY_BUF_INIT(4096);
    uint64_t time_s = 0;
    note_put(CHECKPOINT_TEXT, big, message, &note);
    assert_ok(verify(cty_buf_text(&note), &time_s));
    assert_true(time_s == TIME_S);
    note_put(CHECKPOINT_TEXT, little, message, &note);
    assert_refused(verify(cty_buf_text(&note), &time_s), "signature-invalid");
    const uint8_t usual_little[8] = {0xcb, 0x50, 0x18, 0x64, 0, 0, 0, 0};
    note_put(CHECKPOINT_TEXT, usual_little, "cosignature/v1\ntime 1679315147\n" CHECKPOINT_TEXT, &note);
    assert_refused(verify(cty_buf_text(&note), &time_s), "signature-invalid");
    cty_buf_done(&note);
}

/* Extension lines are signed with the rest: a line over the first three alone is none. */
static void test_three_lines_alone(void **state)
{
    (void)state;
    const uint8_t field[8] = {0, 0, 2, 0, 0, 1, 0, 0};
    const char *extended = CHECKPOINT_TEXT "extension\n";
    struct cty_buf note = CTY_BUF_INIT(4096);
    uint64_t time_s = 0;
    note_put(extended, field, "cosignature/v1\ntime 2199023321088\n" CHECKPOINT_TEXT, &note);
    assert_refused(verify(cty_buf_text(&note), &time_s), "signature-invalid");
    note_put(extended, field, "cosignature/v1\ntime 2199023321088\n" CHECKPOINT_TEXT "extension\n", &note);
    assert_ok(verify(cty_buf_text(&note), &time_s));
    cty_buf_done(&note);
}

/* Neither the bare text nor another framing of it is what a cosigner signs. */
static void test_other_messages(void **state)
{
    (void)state;
    const uint8_t field[8] = {0, 0, 2, 0, 0, 1, 0, 0};
    const char *const messages[] = {
        CHECKPOINT_TEXT,
        "cosignature/v1\n" CHECKPOINT_TEXT,
        "cosignature/v1\ntime 2199023321088\n" CHECKPOINT_TEXT "\n",
        "cosignature/v1\ntime 02199023321088\n" CHECKPOINT_TEXT,
        "cosignature/v1\ntime 2199023321089\n" CHECKPOINT_TEXT,
        "cosignature/v2\ntime 2199023321088\n" CHECKPOINT_TEXT,
    };
    struct cty_buf note = CTY_BUF_INIT(4096);
    uint64_t time_s = 0;
    for (size_t i = 0; i < CTY_COUNT_OF(messages); i++) {
        note_put(CHECKPOINT_TEXT, field, messages[i], &note);
        assert_refused(verify(cty_buf_text(&note), &time_s), "signature-invalid");
    }
    cty_buf_done(&note);
}

static void check_time(uint64_t time_s, const char *expected)
{
    struct cty_buf note = CTY_BUF_INIT(4096), message = CTY_BUF_INIT(4096);
    uint8_t field[8];
    uint64_t found = 7;
    for (unsigned i = 0; i < 8; i++)
        field[i] = (uint8_t)(time_s >> (56 - 8 * i));
    assert_ok(cty_buf_put_text(&message, "cosignature/v1\ntime "));
    assert_ok(cty_buf_put_u64(&message, time_s));
    assert_ok(cty_buf_put_text(&message, "\n" CHECKPOINT_TEXT));
    note_put(CHECKPOINT_TEXT, field, cty_buf_text(&message), &note);
    custody_err err = verify(cty_buf_text(&note), &found);
    assert_string_equal(custody_err_name(err), expected);
    assert_true(found == (err == CUSTODY_OK ? time_s : 7));
    cty_buf_done(&note);
    cty_buf_done(&message);
}

/* A lawful signature over an unlawful time says nothing. */
static void test_limits_of_time(void **state)
{
    (void)state;
    check_time(1, "ok");
    check_time(CTY_COSIGNATURE_TIME_S_MAX, "ok");
    check_time(0, "signature-invalid");
    check_time(CTY_COSIGNATURE_TIME_S_MAX + 1, "signature-invalid");
    check_time(INT64_MAX, "signature-invalid");
    check_time((uint64_t)INT64_MAX + 1, "signature-invalid");
    check_time(UINT64_MAX, "signature-invalid");
}

static void test_earliest_of_several(void **state)
{
    (void)state;
    const uint64_t times[] = {300, 100, 200};
    struct cty_buf note = CTY_BUF_INIT(4096);
    assert_ok(cty_buf_put_text(&note, CHECKPOINT_TEXT "\n"));
    for (size_t i = 0; i < CTY_COUNT_OF(times); i++)
        assert_ok(cty_note_cosign(CTY_LITERAL(CHECKPOINT_TEXT), CTY_LITERAL(WITNESS), witness_secret,
                                  times[i], &note));
    uint64_t time_s = 0;
    assert_ok(verify(cty_buf_text(&note), &time_s));
    assert_int_equal(time_s, 100);
    const uint8_t zeros[72] = {0};
    line_put(WITNESS, CTY_KEY_COSIGNATURE, witness_secret, zeros, sizeof(zeros), &note);
    assert_refused(verify(cty_buf_text(&note), &time_s), "signature-invalid");
    cty_buf_done(&note);
}

static void test_wrong_sizes_of_field(void **state)
{
    (void)state;
    const uint8_t zeros[80] = {0};
    const size_t sizes[] = {1, 64, 71, 73};
    for (size_t i = 0; i < CTY_COUNT_OF(sizes); i++) {
        struct cty_buf note = CTY_BUF_INIT(4096);
        uint64_t time_s = 0;
        assert_ok(cty_buf_put_text(&note, CHECKPOINT_TEXT "\n" WITNESS_LINE));
        line_put(WITNESS, CTY_KEY_COSIGNATURE, witness_secret, zeros, sizes[i], &note);
        assert_refused(verify(cty_buf_text(&note), &time_s), "signature-invalid");
        cty_buf_done(&note);
    }
}

static void test_refuses_to_cosign(void **state)
{
    (void)state;
    struct cty_buf out = CTY_BUF_INIT(4096);
    struct cty_bytes text = CTY_LITERAL(CHECKPOINT_TEXT), name = CTY_LITERAL(WITNESS);
    assert_refused(cty_note_cosign(text, name, witness_secret, 0, &out), "bad-member");
    assert_refused(cty_note_cosign(text, name, witness_secret, CTY_COSIGNATURE_TIME_S_MAX + 1, &out),
                   "bad-member");
    assert_refused(cty_note_cosign(CTY_LITERAL("x"), name, witness_secret, 1, &out), "bad-member");
    assert_refused(cty_note_cosign(text, CTY_LITERAL("a b"), witness_secret, 1, &out), "bad-member");
    struct cty_buf small = CTY_BUF_INIT(strlen(WITNESS_LINE) - 1);
    assert_refused(cty_note_cosign(text, name, witness_secret, 1, &small), "too-large");
    assert_int_equal(small.size, 0);
    assert_int_equal(out.size, 0);
    assert_ok(cty_note_cosign(text, name, witness_secret, 1, &out));
    cty_buf_done(&small);
    cty_buf_done(&out);
}

/* Every bit and every length: the cosignature verifies only where its line and the text are untouched. */
static void test_every_bit(void **state)
{
    (void)state;
    const char *whole = CHECKPOINT_TEXT "\n" FOREIGN_LINE WITNESS_LINE;
    struct cty_buf buf = CTY_BUF_INIT(4096);
    struct cty_note note;
    uint64_t time_s = 0;
    assert_ok(cty_buf_put_text(&buf, whole));
    size_t foreign = strlen(CHECKPOINT_TEXT "\n"), own = foreign + strlen(FOREIGN_LINE);
    for (size_t bit = 0; bit < 8 * buf.size; bit++) {
        buf.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        custody_err err = cty_note_parse(cty_buf_bytes(&buf), &note);
        if (err == CUSTODY_OK)
            err = cty_note_cosignature_verify(&note, CTY_LITERAL(WITNESS), cty_secret_key(witness_secret),
                                              &time_s);
        bool is_foreign = bit / 8 >= foreign && bit / 8 < own;
        assert_true(err != CUSTODY_OK || (is_foreign && time_s == WITNESS_TIME_S));
        buf.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    for (size_t size = own + 1; size < buf.size; size++)
        assert_refused(cty_note_parse(cty_bytes_make(buf.data, size), &note), "bad-note");
    cty_buf_done(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_line),
        cmocka_unit_test(test_cosigns_the_same_bytes),
        cmocka_unit_test(test_by_name_and_id),
        cmocka_unit_test(test_little_endian_time),
        cmocka_unit_test(test_three_lines_alone),
        cmocka_unit_test(test_other_messages),
        cmocka_unit_test(test_limits_of_time),
        cmocka_unit_test(test_earliest_of_several),
        cmocka_unit_test(test_wrong_sizes_of_field),
        cmocka_unit_test(test_refuses_to_cosign),
        cmocka_unit_test(test_every_bit),
    };
    return cmocka_run_group_tests(tests, notes_setup, notes_teardown);
}
