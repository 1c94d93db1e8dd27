/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoints: their three lines, and that no altered byte changes what an opened one says. */
#include "unit/ledger/notes.h"

#define EMPTY_ROOT "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
#define OTHER_ROOT "SBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I="

static custody_err parse(const char *text)
{
    struct cty_checkpoint checkpoint;
    return cty_checkpoint_parse(cty_bytes_text(text), &checkpoint);
}

static custody_err open_as(const char *note, const char *origin, const struct cty_secret *secret,
                           struct cty_checkpoint *ret_checkpoint)
{
    return cty_checkpoint_open(cty_bytes_text(note), cty_bytes_text(origin), cty_secret_key(secret),
                               ret_checkpoint);
}

static void test_parses(void **state)
{
    (void)state;
    struct cty_checkpoint checkpoint;
    struct cty_hash root = cty_sha256(CTY_LITERAL("root"));
    assert_ok(cty_checkpoint_parse(CTY_LITERAL(CHECKPOINT_TEXT), &checkpoint));
    assert_bytes_text(checkpoint.origin, ORIGIN);
    assert_int_equal(checkpoint.size, CHECKPOINT_SIZE);
    assert_true(cty_hash_equal(&checkpoint.root, &root));
    assert_ok(parse("o\n0\n" EMPTY_ROOT "\n"));
    assert_ok(parse("o\n1\n" OTHER_ROOT "\n"));
    assert_ok(parse("o\n9007199254740991\n" OTHER_ROOT "\n"));
}

static void test_refuses(void **state)
{
    (void)state;
    const char *const unlawful[] = {
        "",
        "\n",
        "o\n",
        "o\n1\n",
        "o\n1\n" OTHER_ROOT,              /* no newline at the end */
        "o\n1\n" OTHER_ROOT "\nx\n",      /* extension line */
        "o\n1\n" OTHER_ROOT "\n\n",       /* empty line */
        "o\n1\n" OTHER_ROOT "\nx",
        "\n1\n" OTHER_ROOT "\n",          /* no origin */
        "o p\n1\n" OTHER_ROOT "\n",       /* origins that name no key */
        "o+p\n1\n" OTHER_ROOT "\n",
        "o\xc2\xa0\n1\n" OTHER_ROOT "\n",
        "o\n\n" OTHER_ROOT "\n",          /* sizes in another spelling */
        "o\n01\n" OTHER_ROOT "\n",
        "o\n+1\n" OTHER_ROOT "\n",
        "o\n-1\n" OTHER_ROOT "\n",
        "o\n 1\n" OTHER_ROOT "\n",
        "o\n1 \n" OTHER_ROOT "\n",
        "o\n0x1\n" OTHER_ROOT "\n",
        "o\n9007199254740992\n" OTHER_ROOT "\n", /* beyond any tree */
        "o\n18446744073709551617\n" OTHER_ROOT "\n",
        "o\n0\n" OTHER_ROOT "\n",         /* nothing has one root */
        "o\n1\n\n",
        "o\n1\nSBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I\n",
        "o\n1\nSBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7J=\n",
        "o\n1\nSBNJTRN-FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I=\n",
        "o\n1\nSBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2\n",
        "o\n1\n" OTHER_ROOT " \n",
        "o\r\n1\r\n" OTHER_ROOT "\r\n",
    };
    for (size_t i = 0; i < CTY_COUNT_OF(unlawful); i++)
        assert_refused(parse(unlawful[i]), "bad-note");
}

static void test_length_of_origin(void **state)
{
    (void)state;
    struct cty_buf text = CTY_BUF_INIT(1024);
    struct cty_checkpoint checkpoint;
    for (size_t i = 0; i < CTY_ORIGIN_BYTES_MAX; i++)
        assert_ok(cty_buf_put_byte(&text, 'o'));
    assert_ok(cty_buf_put_text(&text, "\n1\n" OTHER_ROOT "\n"));
    assert_ok(cty_checkpoint_parse(cty_buf_bytes(&text), &checkpoint));
    struct cty_buf again = CTY_BUF_INIT(1024);
    assert_ok(cty_checkpoint_format(&checkpoint, &again));
    assert_true(cty_bytes_equal(cty_buf_bytes(&text), cty_buf_bytes(&again)));
    cty_buf_clear(&again);
    assert_ok(cty_buf_put_byte(&again, 'o'));
    assert_ok(cty_buf_put_bytes(&again, cty_buf_bytes(&text)));
    assert_refused(cty_checkpoint_parse(cty_buf_bytes(&again), &checkpoint), "bad-note");
    cty_buf_done(&text);
    cty_buf_done(&again);
}

static void test_formats(void **state)
{
    (void)state;
    struct cty_buf text = CTY_BUF_INIT(1024);
    struct cty_checkpoint checkpoint = {CTY_LITERAL(ORIGIN), CHECKPOINT_SIZE, cty_sha256(CTY_LITERAL("root"))};
    assert_ok(cty_checkpoint_format(&checkpoint, &text));
    assert_bytes_text(cty_buf_bytes(&text), CHECKPOINT_TEXT);
    cty_buf_clear(&text);
    struct cty_checkpoint empty = {CTY_LITERAL("o"), 0, cty_tree_empty_root()};
    assert_ok(cty_checkpoint_format(&empty, &text));
    assert_bytes_text(cty_buf_bytes(&text), "o\n0\n" EMPTY_ROOT "\n");
    cty_buf_done(&text);
}

static void test_refuses_to_format(void **state)
{
    (void)state;
    struct cty_buf text = CTY_BUF_INIT(1024);
    const struct cty_checkpoint good = {CTY_LITERAL(ORIGIN), 1, cty_sha256(CTY_LITERAL("root"))};
    struct cty_checkpoint bad = good;
    bad.origin = CTY_LITERAL("two\nlines");
    assert_refused(cty_checkpoint_format(&bad, &text), "bad-member");
    bad = good;
    bad.size = CTY_TREE_SIZE_MAX + 1;
    assert_refused(cty_checkpoint_format(&bad, &text), "bad-member");
    bad = good;
    bad.size = 0;
    assert_refused(cty_checkpoint_format(&bad, &text), "bad-member");
    struct cty_buf small = CTY_BUF_INIT(40);
    assert_ok(cty_buf_put_text(&small, "abc"));
    assert_refused(cty_checkpoint_format(&good, &small), "too-large");
    assert_bytes_text(cty_buf_bytes(&small), "abc");
    assert_int_equal(text.size, 0);
    assert_ok(cty_checkpoint_format(&good, &text));
    cty_buf_done(&small);
    cty_buf_done(&text);
}

static void test_opens(void **state)
{
    (void)state;
    struct cty_checkpoint checkpoint;
    assert_ok(open_as(CHECKPOINT_TEXT "\n" LOG_LINE, ORIGIN, log_secret, &checkpoint));
    assert_bytes_text(checkpoint.origin, ORIGIN);
    assert_int_equal(checkpoint.size, CHECKPOINT_SIZE);
    assert_ok(open_as(CHECKPOINT_TEXT "\n" WITNESS_LINE FOREIGN_LINE LOG_LINE, ORIGIN, log_secret,
                      &checkpoint));
}

static custody_err open_signed(const char *text, const char *name, const char *origin)
{
    struct cty_buf note = CTY_BUF_INIT(4096);
    struct cty_checkpoint checkpoint;
    assert_ok(cty_note_sign(cty_bytes_text(text), cty_bytes_text(name), log_secret, &note));
    custody_err err = open_as(cty_buf_text(&note), origin, log_secret, &checkpoint);
    cty_buf_done(&note);
    return err;
}

static void test_refuses_to_open(void **state)
{
    (void)state;
    struct cty_checkpoint checkpoint = {.size = 7};
    assert_refused(open_as(CHECKPOINT_TEXT "\n", ORIGIN, log_secret, &checkpoint), "bad-note");
    assert_refused(open_as(CHECKPOINT_TEXT "\n" WITNESS_LINE, ORIGIN, log_secret, &checkpoint),
                   "note-unsigned");
    assert_refused(open_as(CHECKPOINT_TEXT "\n" LOG_LINE, ORIGIN, witness_secret, &checkpoint),
                   "note-unsigned");
    assert_refused(open_as(CHECKPOINT_TEXT "\n" LOG_LINE, "other.example", log_secret, &checkpoint),
                   "note-unsigned");
    assert_refused(open_as(CHECKPOINT_TEXT "\n\n" LOG_LINE, ORIGIN, log_secret, &checkpoint),
                   "signature-invalid");
    assert_int_equal(checkpoint.size, 7);
}

/* The log's own signature, under the name that is asked for, over something else than its checkpoint. */
static void test_signed_but_not_a_checkpoint(void **state)
{
    (void)state;
    assert_ok(open_signed("o\n1\n" OTHER_ROOT "\n", "o", "o"));
    assert_refused(open_signed("p\n1\n" OTHER_ROOT "\n", "o", "o"), "wrong-ledger");
    assert_refused(open_signed("p\n", "o", "o"), "wrong-ledger");
    assert_refused(open_signed("p\n1\n" OTHER_ROOT "\n", "p", "o"), "note-unsigned");
    assert_refused(open_signed("o\n", "o", "o"), "bad-note");
    assert_refused(open_signed("o\n01\n" OTHER_ROOT "\n", "o", "o"), "bad-note");
    assert_refused(open_signed("o\n1\n" OTHER_ROOT "\nextension\n", "o", "o"), "bad-note");
}

/* Where the line of the log is touched, or the text, it is refused; elsewhere it says the same or is refused. */
static void check_altered(struct cty_bytes bytes, bool may_open)
{
    struct cty_checkpoint checkpoint, original;
    assert_ok(cty_checkpoint_parse(CTY_LITERAL(CHECKPOINT_TEXT), &original));
    custody_err err =
        cty_checkpoint_open(bytes, CTY_LITERAL(ORIGIN), cty_secret_key(log_secret), &checkpoint);
    if (err != CUSTODY_OK) {
        assert_true(err == CUSTODY_E_BAD_NOTE || err == CUSTODY_E_SIGNATURE_INVALID ||
                    err == CUSTODY_E_NOTE_UNSIGNED);
        return;
    }
    assert_true(may_open);
    assert_bytes_text(checkpoint.origin, ORIGIN);
    assert_int_equal(checkpoint.size, original.size);
    assert_true(cty_hash_equal(&checkpoint.root, &original.root));
}

static void test_every_bit(void **state)
{
    (void)state;
    struct cty_buf note = CTY_BUF_INIT(4096);
    assert_ok(cty_buf_put_text(&note, CHECKPOINT_TEXT "\n" FOREIGN_LINE LOG_LINE WITNESS_LINE));
    size_t foreign = strlen(CHECKPOINT_TEXT "\n"), own = foreign + strlen(FOREIGN_LINE);
    size_t witness = own + strlen(LOG_LINE);
    for (size_t bit = 0; bit < 8 * note.size; bit++) {
        size_t at = bit / 8;
        note.data[at] ^= (uint8_t)(1u << (bit % 8));
        check_altered(cty_buf_bytes(&note), (at >= foreign && at < own) || at >= witness);
        note.data[at] ^= (uint8_t)(1u << (bit % 8));
    }
    check_altered(cty_buf_bytes(&note), true);
    cty_buf_done(&note);
}

static void test_every_byte_inserted_or_dropped(void **state)
{
    (void)state;
    const char *whole = CHECKPOINT_TEXT "\n" LOG_LINE;
    const uint8_t inserted[] = {'\n', ' ', '0', 'A', '='};
    for (size_t at = 0; at <= strlen(whole); at++) {
        struct cty_buf note = CTY_BUF_INIT(4096);
        for (size_t i = 0; i < CTY_COUNT_OF(inserted); i++) {
            cty_buf_clear(&note);
            assert_ok(cty_buf_put(&note, whole, at));
            assert_ok(cty_buf_put_byte(&note, inserted[i]));
            assert_ok(cty_buf_put_text(&note, whole + at));
            check_altered(cty_buf_bytes(&note), false);
        }
        cty_buf_clear(&note);
        assert_ok(cty_buf_put(&note, whole, at));
        if (at < strlen(whole)) {
            assert_ok(cty_buf_put_text(&note, whole + at + 1));
            check_altered(cty_buf_bytes(&note), false);
        }
        cty_buf_done(&note);
    }
}

static void test_every_length(void **state)
{
    (void)state;
    struct cty_bytes note = CTY_LITERAL(CHECKPOINT_TEXT "\n" LOG_LINE WITNESS_LINE);
    size_t own_end = strlen(CHECKPOINT_TEXT "\n" LOG_LINE);
    for (size_t size = 0; size < note.size; size++)
        check_altered(cty_bytes_make(note.data, size), size == own_end);
    for (size_t size = 0; size < note.size; size++)
        check_altered(cty_bytes_make(note.data + note.size - size, size), false);
}

/* Which key signs a checkpoint follows from its size. */
static void test_keys_over_time(void **state)
{
    (void)state;
    struct cty_log_keys keys;
    struct cty_key key = *cty_secret_key(log_secret);
    cty_log_keys_begin(&keys, &key);
    for (uint32_t i = 1; i <= CTY_ROTATIONS_MAX; i++) {
        key.bytes[0]++;
        assert_ok(cty_log_keys_add(&keys, 10 * i, &key));
    }
    assert_ok(cty_log_keys_add(&keys, 10 * CTY_ROTATIONS_MAX, &key)); /* known already */
    key.bytes[0]++;
    assert_refused(cty_log_keys_add(&keys, 10 * CTY_ROTATIONS_MAX + 1, &key), "limit-reached");
    keys.count = 3;
    assert_refused(cty_log_keys_add(&keys, 20, &key), "bad-member");
    assert_true(cty_log_keys_at(&keys, 0) == &keys.keys[0] && cty_log_keys_at(&keys, 9) == &keys.keys[0]);
    assert_true(cty_log_keys_at(&keys, 10) == &keys.keys[1] && cty_log_keys_at(&keys, 19) == &keys.keys[1]);
    assert_true(cty_log_keys_at(&keys, 20) == &keys.keys[2] && cty_log_keys_at(&keys, 1u << 30) == &keys.keys[2]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parses),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_length_of_origin),
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_refuses_to_format),
        cmocka_unit_test(test_opens),
        cmocka_unit_test(test_refuses_to_open),
        cmocka_unit_test(test_signed_but_not_a_checkpoint),
        cmocka_unit_test(test_keys_over_time),
        cmocka_unit_test(test_every_bit),
        cmocka_unit_test(test_every_byte_inserted_or_dropped),
        cmocka_unit_test(test_every_length),
    };
    return cmocka_run_group_tests(tests, notes_setup, notes_teardown);
}
