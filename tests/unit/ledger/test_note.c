/* SPDX-License-Identifier: Apache-2.0 */
/* Signed notes: what is read, what is refused, and who signed it. */
#include "unit/ledger/notes.h"

static custody_err parse(const char *text)
{
    struct cty_note note;
    return cty_note_parse(cty_bytes_text(text), &note);
}

static custody_err verify(const char *text, const char *name, const struct cty_secret *secret)
{
    struct cty_note note;
    assert_ok(cty_note_parse(cty_bytes_text(text), &note));
    return cty_note_verify(&note, cty_bytes_text(name), cty_secret_key(secret));
}

/* The example that C2SP's signed-note and Go's package share. */
static void test_published_note(void **state)
{
    (void)state;
    struct cty_bytes name;
    struct cty_key key;
    struct cty_note note;
    assert_ok(cty_vkey_parse(
        CTY_LITERAL("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"),
        CTY_KEY_ED25519, &name, &key));
    assert_ok(cty_note_parse(CTY_LITERAL("This is an example message.\n\n" EM_DASH
                                         " example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ON"
                                         "ncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"),
                             &note));
    assert_bytes_text(note.text, "This is an example message.\n");
    assert_int_equal(note.count, 1);
    assert_bytes_text(note.lines[0].name, "example.com/foo");
    assert_memory_equal(note.lines[0].key_id, "\x53\x0d\x90\x3a", 4);
    assert_ok(cty_note_verify(&note, name, &key));
    note.text = CTY_LITERAL("This is an example message!\n");
    assert_refused(cty_note_verify(&note, name, &key), "signature-invalid");
}

static void test_accepts(void **state)
{
    (void)state;
    const char *const lawful[] = {
        "t\n\n" EM_DASH " n AAAAAAA=\n",                       /* the shortest field: one byte after the id */
        "\n\n" EM_DASH " n AAAAAAA=\n",                        /* a text of one empty line */
        "a\n\nb\n\n\n" EM_DASH " n AAAAAAA=\n",                /* blank lines in the text */
        "t\n\n" EM_DASH " n AAAAAAA=\n\n" EM_DASH " m AAAAAAA=\n", /* what looks like lines is text */
        "\xc3\xa4\x7f\n\n" EM_DASH " \xc3\xa4/\xe6\xbc\xa2\x7f AAAAAAA=\n",
        "t\n\n" EM_DASH " " EM_DASH " AAAAAAA=\n",
        "t\n\n" EM_DASH " n AAAAAAA=\n" EM_DASH " n AAAAAAA=\n", /* one line twice */
    };
    for (size_t i = 0; i < CTY_COUNT_OF(lawful); i++)
        assert_ok(parse(lawful[i]));
    struct cty_note note;
    assert_ok(cty_note_parse(cty_bytes_text(lawful[2]), &note));
    assert_bytes_text(note.text, "a\n\nb\n\n");
    assert_ok(cty_note_parse(cty_bytes_text(lawful[3]), &note));
    assert_int_equal(note.count, 1);
    assert_bytes_text(note.lines[0].name, "m");
}

static void test_refuses(void **state)
{
    (void)state;
    const char *const unlawful[] = {
        "",
        "\n",
        "\n\n",
        "t\n",
        "t\n\n",
        "t\n\n\n",
        EM_DASH " n AAAAAAA=\n",
        "t\n" EM_DASH " n AAAAAAA=\n",           /* no blank line */
        "t\n\n" EM_DASH " n AAAAAAA=",           /* no newline at the end */
        "t\n\n" EM_DASH " n AAAAAAA=\n ",        /* something after it */
        "t\n\n" EM_DASH " n AAAAAAA=\n\n",       /* a blank line after it */
        "t\n\n" EM_DASH " n AAAAAAA=\nx\n",      /* a line that is none */
        "t\n\n- n AAAAAAA=\n",                   /* hyphen */
        "t\n\n\xe2\x80\x93 n AAAAAAA=\n",        /* en dash */
        "t\n\n " EM_DASH " n AAAAAAA=\n",        /* leading space */
        "t\n\n" EM_DASH "n AAAAAAA=\n",          /* no space */
        "t\n\n" EM_DASH "\n",                    /* nothing after the dash */
        "t\n\n" EM_DASH " \n",                   /* nothing after the space */
        "t\n\n" EM_DASH " n\n",                  /* no field */
        "t\n\n" EM_DASH " n \n",                 /* empty field */
        "t\n\n" EM_DASH "  AAAAAAA=\n",          /* empty name */
        "t\n\n" EM_DASH " n  AAAAAAA=\n",        /* two spaces */
        "t\n\n" EM_DASH " n m AAAAAAA=\n",       /* space in the name */
        "t\n\n" EM_DASH " n AAAAAAA= \n",        /* trailing space */
        "t\n\n" EM_DASH " n AAAAAA==\n",         /* key id alone */
        "t\n\n" EM_DASH " n AAAA\n",             /* less than a key id */
        "t\n\n" EM_DASH " n AAAAAAA\n",          /* no padding */
        "t\n\n" EM_DASH " n AAAAAAB=\n",         /* trailing bits */
        "t\n\n" EM_DASH " n AAAA-_A=\n",         /* URL alphabet */
        "t\n\n" EM_DASH " n AAAA=AAA\n",         /* padding within */
        "t\n\n" EM_DASH " n AAAAAAA=AAAA\n",
        "t\n\n" EM_DASH " n AAAAA===\n",
        "t\n\n" EM_DASH " n+m AAAAAAA=\n",       /* plus in the name */
        "t\n\n" EM_DASH " n\xc2\x85 AAAAAAA=\n", /* spaces of Unicode in the name */
        "t\n\n" EM_DASH " n\xc2\xa0 AAAAAAA=\n",
        "t\n\n" EM_DASH " \xe1\x9a\x80n AAAAAAA=\n",
        "t\n\n" EM_DASH " n\xe2\x80\x80m AAAAAAA=\n",
        "t\n\n" EM_DASH " n\xe2\x80\x8am AAAAAAA=\n",
        "t\n\n" EM_DASH " n\xe2\x80\xa8m AAAAAAA=\n",
        "t\n\n" EM_DASH " n\xe2\x80\xa9m AAAAAAA=\n",
        "t\n\n" EM_DASH " n\xe2\x80\xafm AAAAAAA=\n",
        "t\n\n" EM_DASH " n\xe2\x81\x9fm AAAAAAA=\n",
        "t\n\n" EM_DASH " n\xe3\x80\x80m AAAAAAA=\n",
        "t\r\n\n" EM_DASH " n AAAAAAA=\n",       /* control characters */
        "t\x1f\n\n" EM_DASH " n AAAAAAA=\n",
        "t\n\n" EM_DASH " n\tm AAAAAAA=\n",
        "t\n\n" EM_DASH " n AAAAAAA=\r\n",
        "\xff\n\n" EM_DASH " n AAAAAAA=\n",      /* not UTF-8 */
        "\xed\xa0\x80\n\n" EM_DASH " n AAAAAAA=\n",
        "t\n\n" EM_DASH " \xc0\xae AAAAAAA=\n",
    };
    for (size_t i = 0; i < CTY_COUNT_OF(unlawful); i++)
        assert_refused(parse(unlawful[i]), "bad-note");
    struct cty_note note;
    assert_refused(cty_note_parse(CTY_LITERAL("t\0\n\n" EM_DASH " n AAAAAAA=\n"), &note), "bad-note");
    assert_refused(cty_note_parse(cty_bytes_make(NULL, 0), &note), "bad-note");
}

/* Neighbours of the spaces are no spaces. */
static void test_names(void **state)
{
    (void)state;
    assert_true(cty_name_is_lawful(CTY_LITERAL("custody.example.com/refunds")));
    assert_true(cty_name_is_lawful(CTY_LITERAL("\xc2\x84\xc2\x86\xc2\xa1\xe2\x80\x8b\xe2\x80\xa7")));
    assert_true(cty_name_is_lawful(CTY_LITERAL("\xe2\x80\xaa\xe2\x80\xae\xe2\x80\xb0\xe3\x80\x81")));
    assert_false(cty_name_is_lawful(CTY_LITERAL("")));
    assert_false(cty_name_is_lawful(CTY_LITERAL("a\n")));
    assert_false(cty_name_is_lawful(CTY_LITERAL("a\0")));
    assert_false(cty_name_is_lawful(CTY_LITERAL("\xe2\x80")));
}

static void lines_put(size_t count, struct cty_buf *out)
{
    assert_ok(cty_buf_put_text(out, CHECKPOINT_TEXT "\n"));
    for (size_t i = 1; i < count; i++)
        assert_ok(cty_buf_put_text(out, FOREIGN_LINE));
    assert_ok(cty_buf_put_text(out, LOG_LINE));
}

static void test_number_of_lines(void **state)
{
    (void)state;
    struct cty_buf buf = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    struct cty_note note;
    const size_t lawful[] = {1, 16, CTY_NOTE_SIGNATURES_MAX};
    for (size_t i = 0; i < CTY_COUNT_OF(lawful); i++) {
        cty_buf_clear(&buf);
        lines_put(lawful[i], &buf);
        assert_ok(cty_note_parse(cty_buf_bytes(&buf), &note));
        assert_int_equal(note.count, lawful[i]);
        assert_ok(cty_note_verify(&note, CTY_LITERAL(ORIGIN), cty_secret_key(log_secret)));
    }
    cty_buf_clear(&buf);
    lines_put(CTY_NOTE_SIGNATURES_MAX + 1, &buf);
    assert_refused(cty_note_parse(cty_buf_bytes(&buf), &note), "too-large");
    cty_buf_done(&buf);
}

/* `digits` of base64 by somebody unknown; 3,244 are those of an ML-DSA-44 cosignature. */
static void long_line_put(size_t digits, struct cty_buf *out)
{
    assert_ok(cty_buf_put_text(out, EM_DASH " other.example/x "));
    for (size_t i = 0; i < digits; i++)
        assert_ok(cty_buf_put_byte(out, i + 1 == digits ? '=' : 'A'));
    assert_ok(cty_buf_put_byte(out, '\n'));
}

static void test_long_foreign_lines(void **state)
{
    (void)state;
    const size_t digits[] = {3244, 64, 68, 128, 132, 40000};
    for (size_t i = 0; i < CTY_COUNT_OF(digits); i++) {
        struct cty_buf buf = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
        struct cty_note note;
        assert_ok(cty_buf_put_text(&buf, CHECKPOINT_TEXT "\n"));
        long_line_put(digits[i], &buf);
        assert_ok(cty_buf_put_text(&buf, LOG_LINE));
        assert_ok(cty_note_parse(cty_buf_bytes(&buf), &note));
        assert_int_equal(note.lines[0].base64.size, digits[i]);
        assert_ok(cty_note_verify(&note, CTY_LITERAL(ORIGIN), cty_secret_key(log_secret)));
        /* Strict to the last digit, and inside as well. */
        size_t line_end = buf.size - strlen(LOG_LINE) - 1;
        buf.data[line_end - 2] = 'B';
        assert_refused(cty_note_parse(cty_buf_bytes(&buf), &note), "bad-note");
        buf.data[line_end - 2] = 'A';
        for (size_t at = 0; at < 128 && at + 4 < digits[i]; at++) {
            buf.data[line_end - digits[i] + at] = '=';
            assert_refused(cty_note_parse(cty_buf_bytes(&buf), &note), "bad-note");
            buf.data[line_end - digits[i] + at] = 'A';
        }
        cty_buf_done(&buf);
    }
}

static void test_size_of_a_note(void **state)
{
    (void)state;
    struct cty_buf buf = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX + 1);
    struct cty_note note;
    while (buf.size < CTY_NOTE_BYTES_MAX - strlen("\n\n" FOREIGN_LINE))
        assert_ok(cty_buf_put_byte(&buf, 'x'));
    assert_ok(cty_buf_put_text(&buf, "\n\n" FOREIGN_LINE));
    assert_int_equal(buf.size, CTY_NOTE_BYTES_MAX);
    assert_ok(cty_note_parse(cty_buf_bytes(&buf), &note));
    assert_ok(cty_buf_put_byte(&buf, '\n'));
    assert_refused(cty_note_parse(cty_buf_bytes(&buf), &note), "too-large");
    cty_buf_done(&buf);
}

static void test_verifies_by_name_and_id(void **state)
{
    (void)state;
    const char *note = CHECKPOINT_TEXT "\n" FOREIGN_LINE LOG_LINE WITNESS_LINE;
    assert_ok(verify(note, ORIGIN, log_secret));
    assert_refused(verify(note, ORIGIN, witness_secret), "note-unsigned");
    assert_refused(verify(note, "custody.example.com/refund", log_secret), "note-unsigned");
    assert_refused(verify(note, WITNESS, witness_secret), "note-unsigned"); /* its type is another */
    assert_refused(verify(CHECKPOINT_TEXT "\n" FOREIGN_LINE, ORIGIN, log_secret), "note-unsigned");
}

/* A line by a known name and id that fails spoils the note, wherever a good one stands. */
static void test_a_known_line_that_fails(void **state)
{
    (void)state;
    const uint8_t zeros[72] = {0};
    const size_t sizes[] = {64, 63, 65, 72, 1};
    for (size_t i = 0; i < CTY_COUNT_OF(sizes); i++) {
        struct cty_buf bad = CTY_BUF_INIT(1024), note = CTY_BUF_INIT(4096);
        line_put(ORIGIN, CTY_KEY_ED25519, log_secret, zeros, sizes[i], &bad);
        assert_ok(cty_buf_putf(&note, CHECKPOINT_TEXT "\n" LOG_LINE "%s", cty_buf_text(&bad)));
        assert_refused(verify(cty_buf_text(&note), ORIGIN, log_secret), "signature-invalid");
        cty_buf_clear(&note);
        assert_ok(cty_buf_putf(&note, CHECKPOINT_TEXT "\n%s" LOG_LINE, cty_buf_text(&bad)));
        assert_refused(verify(cty_buf_text(&note), ORIGIN, log_secret), "signature-invalid");
        cty_buf_done(&bad);
        cty_buf_done(&note);
    }
    assert_ok(verify(CHECKPOINT_TEXT "\n" LOG_LINE LOG_LINE, ORIGIN, log_secret));
}

/* --- how often it is verified ------------------------------------------------------------------------------ */

custody_err __real_cty_verify(const struct cty_key *key, struct cty_bytes message, const struct cty_signature *signature);
custody_err __wrap_cty_verify(const struct cty_key *key, struct cty_bytes message, const struct cty_signature *signature);
static unsigned verified;

custody_err __wrap_cty_verify(const struct cty_key *key, struct cty_bytes message, const struct cty_signature *signature)
{
    verified++;
    return __real_cty_verify(key, message, signature);
}

static custody_err verify_counted(const struct cty_buf *text, bool cosigned)
{
    struct cty_note note;
    uint64_t time_s = 0;
    verified = 0;
    assert_ok(cty_note_parse(cty_buf_bytes(text), &note));
    if (cosigned)
        return cty_note_cosignature_verify(&note, CTY_LITERAL(WITNESS), cty_secret_key(witness_secret), &time_s);
    return cty_note_verify(&note, CTY_LITERAL(ORIGIN), cty_secret_key(log_secret));
}

static void put_often(const char *line, unsigned times, struct cty_buf *out)
{
    for (unsigned i = 0; i < times; i++)
        assert_ok(cty_buf_put_text(out, line));
}

/* Who repeats what is public costs nobody more than who says it once. */
static void test_repeated_lines_are_verified_once(void **state)
{
    (void)state;
    struct cty_buf text = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    assert_ok(cty_buf_put_text(&text, CHECKPOINT_TEXT "\n"));
    put_often(LOG_LINE, 40, &text);
    put_often(WITNESS_LINE, 40, &text);
    assert_ok(verify_counted(&text, false));
    assert_int_equal(verified, 1);
    assert_ok(verify_counted(&text, true));
    assert_int_equal(verified, 1);
    cty_buf_done(&text);
}

/* Another line by the same key is no repetition, however much is alike: one that fails makes the note void. */
static void test_different_lines_are_all_verified(void **state)
{
    (void)state;
    struct cty_buf text = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    uint8_t wrong[CTY_SIGNATURE_SIZE] = {1};
    assert_ok(cty_buf_put_text(&text, CHECKPOINT_TEXT "\n"));
    put_often(LOG_LINE, 40, &text);
    line_put(ORIGIN, CTY_KEY_ED25519, log_secret, wrong, sizeof(wrong), &text);
    put_often(LOG_LINE, 40, &text);
    assert_refused(verify_counted(&text, false), "signature-invalid");
    assert_int_equal(verified, 2);
    cty_buf_done(&text);
}

static void test_signs_the_same_bytes(void **state)
{
    (void)state;
    struct cty_buf note = CTY_BUF_INIT(4096);
    assert_ok(cty_buf_put_text(&note, "before"));
    assert_ok(cty_note_sign(CTY_LITERAL(CHECKPOINT_TEXT), CTY_LITERAL(ORIGIN), log_secret, &note));
    assert_bytes_text(cty_buf_bytes(&note), "before" CHECKPOINT_TEXT "\n" LOG_LINE);
    cty_buf_done(&note);
}

static void test_refuses_to_sign(void **state)
{
    (void)state;
    struct cty_buf note = CTY_BUF_INIT(4096);
    const char *const texts[] = {"", "no newline", "tab\t\n", "\xff\n", "\r\n"};
    for (size_t i = 0; i < CTY_COUNT_OF(texts); i++)
        assert_refused(cty_note_sign(cty_bytes_text(texts[i]), CTY_LITERAL("n"), log_secret, &note),
                       "bad-member");
    const char *const names[] = {"", "a b", "a+b", "a\nb", "\xc2\xa0", "\xff"};
    for (size_t i = 0; i < CTY_COUNT_OF(names); i++)
        assert_refused(cty_note_sign(CTY_LITERAL("t\n"), cty_bytes_text(names[i]), log_secret, &note),
                       "bad-member");
    assert_int_equal(note.size, 0);
    assert_ok(cty_note_sign(CTY_LITERAL("t\n\n"), CTY_LITERAL("n"), log_secret, &note));
    assert_ok(verify(cty_buf_text(&note), "n", log_secret));
    cty_buf_done(&note);
}

/* At any limit of the buffer the note is there as a whole or not at all. */
static void test_signing_is_all_or_nothing(void **state)
{
    (void)state;
    size_t whole = strlen(CHECKPOINT_TEXT "\n" LOG_LINE);
    for (size_t limit = 3; limit <= 3 + whole; limit++) {
        struct cty_buf note = CTY_BUF_INIT(limit);
        assert_ok(cty_buf_put_text(&note, "abc"));
        custody_err err =
            cty_note_sign(CTY_LITERAL(CHECKPOINT_TEXT), CTY_LITERAL(ORIGIN), log_secret, &note);
        assert_string_equal(custody_err_name(err), limit < 3 + whole ? "too-large" : "ok");
        assert_int_equal(note.size, limit < 3 + whole ? 3 : 3 + whole);
        cty_buf_done(&note);
    }
}

static void test_signs_only_what_can_be_read(void **state)
{
    (void)state;
    struct cty_buf text = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX + 1), note = CTY_BUF_INIT(2 * CTY_NOTE_BYTES_MAX);
    size_t line_size = strlen("\n" EM_DASH " n ") + 92 + 1;
    while (text.size < CTY_NOTE_BYTES_MAX - line_size)
        assert_ok(cty_buf_put_byte(&text, '\n'));
    assert_ok(cty_note_sign(cty_buf_bytes(&text), CTY_LITERAL("n"), log_secret, &note));
    assert_int_equal(note.size, CTY_NOTE_BYTES_MAX);
    assert_ok(verify(cty_buf_text(&note), "n", log_secret));
    assert_ok(cty_buf_put_byte(&text, '\n'));
    cty_buf_clear(&note);
    assert_refused(cty_note_sign(cty_buf_bytes(&text), CTY_LITERAL("n"), log_secret, &note), "too-large");
    while (text.size <= CTY_NOTE_BYTES_MAX)
        assert_ok(cty_buf_put_byte(&text, '\n'));
    assert_refused(cty_note_sign(cty_buf_bytes(&text), CTY_LITERAL("n"), log_secret, &note), "too-large");
    assert_int_equal(note.size, 0);
    cty_buf_done(&text);
    cty_buf_done(&note);
}

static void a_line_is_put_whole_or_not_at_all(void **state)
{
    static const char expected[] = "\xe2\x80\x94 a AAAAAAA=\n";
    const struct cty_note_line line = {.name = CTY_LITERAL("a"), .base64 = CTY_LITERAL("AAAAAAA=")};
    (void)state;
    for (size_t limit = 0; limit <= sizeof(expected); limit++) {
        struct cty_buf out = CTY_BUF_INIT(limit);
        custody_err err = cty_note_line_put(&line, &out);
        if (limit < sizeof(expected) - 1) {
            assert_refused(err, "too-large");
            assert_int_equal(out.size, 0);
        } else {
            assert_ok(err);
            assert_bytes_text(cty_buf_bytes(&out), expected);
        }
        cty_buf_done(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_put_whole_or_not_at_all),
        cmocka_unit_test(test_published_note),
        cmocka_unit_test(test_accepts),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_number_of_lines),
        cmocka_unit_test(test_long_foreign_lines),
        cmocka_unit_test(test_size_of_a_note),
        cmocka_unit_test(test_verifies_by_name_and_id),
        cmocka_unit_test(test_a_known_line_that_fails),
        cmocka_unit_test(test_repeated_lines_are_verified_once),
        cmocka_unit_test(test_different_lines_are_all_verified),
        cmocka_unit_test(test_signs_the_same_bytes),
        cmocka_unit_test(test_refuses_to_sign),
        cmocka_unit_test(test_signing_is_all_or_nothing),
        cmocka_unit_test(test_signs_only_what_can_be_read),
    };
    return cmocka_run_group_tests(tests, notes_setup, notes_teardown);
}
