/* SPDX-License-Identifier: Apache-2.0 */
/* Every status of the protocol, the order in which they are found, and what a cosignature says. */
#include "codec/text.h"
#include "unit/witness/bench.h"

static struct bench bench;

static int setup(void **state)
{
    (void)state;
    bench_make(&bench);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    bench_done(&bench);
    return 0;
}

/* A body of these parts; the note as it is given. */
static unsigned submit_parts(const char *head, struct cty_bytes note)
{
    struct cty_buf body = CTY_BUF_INIT(2 * CTY_ADD_CHECKPOINT_BYTES_MAX);
    assert_ok(cty_buf_put_text(&body, head));
    assert_ok(cty_buf_put_text(&body, "\n"));
    assert_ok(cty_buf_put_bytes(&body, note));
    unsigned status = submit_bytes(&bench, cty_buf_bytes(&body), NULL);
    cty_buf_done(&body);
    return status;
}

static unsigned submit_note(const struct history *history, uint64_t size, const char *head, const char *more)
{
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    note_put(&bench, history, size, NULL, &note);
    assert_ok(cty_buf_put_text(&note, more));
    unsigned status = submit_parts(head, cty_buf_bytes(&note));
    cty_buf_done(&note);
    return status;
}

#define HASH_LINE "SBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I=\n"

static void test_grows(void **state)
{
    (void)state;
    assert_int_equal(submit_good(&bench, &straight, 0, 3), NOW_S);
    assert_int_equal(submit_good(&bench, &straight, 3, 3), NOW_S);
    bench.now_s += 5;
    assert_int_equal(submit_good(&bench, &straight, 3, 3), NOW_S + 5); /* a fresh time for what it has */
    for (uint64_t size = 3; size < LEAVES; size++)
        submit_good(&bench, &straight, size, size + 1);
    assert_int_equal(submit_conflict(&bench, &straight, 0, 7), LEAVES);
}

static void test_time_is_big_endian(void **state)
{
    (void)state;
    struct cty_witness_answer answer = {.status = 0};
    struct cty_buf body = CTY_BUF_INIT(CTY_ADD_CHECKPOINT_BYTES_MAX);
    struct cty_note note;
    uint8_t field[76];
    static const uint8_t time[8] = {0, 0, 0, 0, 0x65, 0x53, 0xf1, 0x00}; /* NOW_S */
    body_put(&bench, &straight, 0, 5, &body);
    assert_int_equal(submit_bytes(&bench, cty_buf_bytes(&body), &answer), 200);
    assert_ok(cty_cosignatures_parse(cty_buf_bytes(&answer.body), CTY_LITERAL("x\n"), &note));
    assert_ok(cty_base64_parse_into(note.lines[0].base64, field, sizeof(field)));
    assert_memory_equal(field + 4, time, sizeof(time));
    cty_witness_answer_done(&answer);
    cty_buf_done(&body);
}

static void test_empty_tree(void **state)
{
    (void)state;
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    struct cty_hash wrong = history_root(&straight, 1);
    foreign_note_put(bench.log, ORIGIN, 0, &wrong, &note);
    assert_int_equal(submit_parts("old 0\n", cty_buf_bytes(&note)), 422);
    assert_int_equal(submit_note(&straight, 0, "old 0\n" HASH_LINE, ""), 422);
    submit_good(&bench, &straight, 0, 0);
    submit_good(&bench, &straight, 0, 1);
    assert_int_equal(submit_note(&straight, 0, "old 0\n", ""), 409);
    assert_string_equal(bench_stopped(&bench).why, "");
    cty_buf_done(&note);
}

static void test_malformed(void **state)
{
    (void)state;
    static const char *const heads[] = {"", "old\n", "old x\n", "old 00\n", "old 0\n ", "old 0\nnot a hash\n",
                                        "old 9007199254740992\n", "old 18446744073709551615\n"};
    for (size_t i = 0; i < CTY_COUNT_OF(heads); i++)
        assert_int_equal(submit_note(&straight, 5, heads[i], ""), 400);
    static const char *const notes[] = {"", "x", "a\n1\n", ORIGIN "\n5\n" HASH_LINE, ORIGIN "\n5\n" HASH_LINE "\n",
                                        ORIGIN "\n5\n" HASH_LINE "\nno line\n", "\n5\n" HASH_LINE "\n" EM_DASH " a AQIDBAU=\n",
                                        ORIGIN "\n05\n" HASH_LINE "\n" EM_DASH " a AQIDBAU=\n",
                                        ORIGIN "\n9007199254740992\n" HASH_LINE "\n" EM_DASH " a AQIDBAU=\n",
                                        ORIGIN "\n9223372036854775807\n" HASH_LINE "\n" EM_DASH " a AQIDBAU=\n"};
    for (size_t i = 0; i < CTY_COUNT_OF(notes); i++)
        assert_int_equal(submit_parts("old 0\n", cty_bytes_text(notes[i])), 400);
    assert_int_equal(submit_note(&straight, 5, "old 0\n", EM_DASH " a AQI\n"), 400);
    assert_int_equal(submit_note(&straight, 5, "old 0\n", ""), 200);
}

/* Each byte of a good body flipped: nothing but the body itself is cosigned. */
static void test_flips(void **state)
{
    (void)state;
    struct cty_buf body = CTY_BUF_INIT(CTY_ADD_CHECKPOINT_BYTES_MAX);
    submit_good(&bench, &straight, 0, 5);
    body_put(&bench, &straight, 5, 11, &body);
    for (size_t i = 0; i < body.size; i++) {
        body.data[i] ^= 1;
        unsigned status = submit_bytes(&bench, cty_buf_bytes(&body), NULL);
        body.data[i] ^= 1;
        assert_true(status == 400 || status == 403 || status == 404 || status == 409 || status == 422);
    }
    assert_string_equal(bench_stopped(&bench).why, "");
    submit_good(&bench, &straight, 5, 11);
    cty_buf_done(&body);
}

static void test_who_signed(void **state)
{
    (void)state;
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    struct cty_hash root = history_root(&straight, 5);
    foreign_note_put(bench.other_log, ORIGIN, 5, &root, &note); /* another key of that name */
    assert_int_equal(submit_parts("old 0\n", cty_buf_bytes(&note)), 403);
    cty_buf_clear(&note);
    foreign_note_put(bench.log, "custody.example.com/others", 5, &root, &note); /* not witnessed here */
    assert_int_equal(submit_parts("old 0\n", cty_buf_bytes(&note)), 404);
    cty_buf_clear(&note);
    foreign_note_put(bench.witness_key, ORIGIN, 5, &root, &note); /* signed by somebody else alone */
    assert_int_equal(submit_parts("old 0\n", cty_buf_bytes(&note)), 403);
    cty_buf_done(&note);
}

/* Foreign lines are let be, however large; of the log's own lines each must hold. */
static void test_other_lines(void **state)
{
    (void)state;
    struct cty_buf more = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX), raw = CTY_BUF_INIT(4096), good = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    uint8_t id[4];
    static uint8_t large[2432];
    assert_ok(cty_buf_put_text(&more, EM_DASH " mldsa.example/w "));
    assert_ok(cty_base64_format(cty_bytes_make(large, sizeof(large)), &more));
    assert_ok(cty_buf_put_text(&more, "\n"));
    assert_int_equal(submit_note(&straight, 5, "old 0\n", cty_buf_text(&more)), 200);
    cty_key_id(CTY_LITERAL(ORIGIN), CTY_KEY_ED25519, cty_secret_key(bench.log), id);
    assert_ok(cty_buf_put(&raw, id, sizeof(id)));
    assert_ok(cty_buf_put(&raw, large, 64));
    cty_buf_clear(&more);
    assert_ok(cty_buf_put_text(&more, EM_DASH " " ORIGIN " "));
    assert_ok(cty_base64_format(cty_buf_bytes(&raw), &more));
    assert_ok(cty_buf_put_text(&more, "\n"));
    assert_int_equal(submit_note(&straight, 6, "old 5\n", cty_buf_text(&more)), 403);
    note_put(&bench, &straight, 5, NULL, &good);
    const char *line = strstr(cty_buf_text(&good), EM_DASH);
    assert_int_equal(submit_note(&straight, 5, "old 5\n", line), 200); /* twice the same good one */
    cty_buf_done(&more);
    cty_buf_done(&raw);
    cty_buf_done(&good);
}

/* 404, 403, 400, 409, 422, in this order, where several would do. */
static void test_order(void **state)
{
    (void)state;
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    struct cty_hash root = history_root(&straight, 5);
    submit_good(&bench, &straight, 0, 7);
    foreign_note_put(bench.other_log, "custody.example.com/others", 5, &root, &note);
    assert_int_equal(submit_parts("old 6\n" HASH_LINE, cty_buf_bytes(&note)), 404);
    cty_buf_clear(&note);
    foreign_note_put(bench.other_log, ORIGIN, 5, &root, &note);
    assert_int_equal(submit_parts("old 6\n" HASH_LINE, cty_buf_bytes(&note)), 403);
    assert_int_equal(submit_note(&straight, 5, "old 6\n" HASH_LINE, ""), 400);
    assert_int_equal(submit_note(&straight, 9, "old 6\n" HASH_LINE, ""), 409);
    assert_int_equal(submit_note(&straight, 9, "old 0\n" HASH_LINE, ""), 409);
    assert_int_equal(submit_note(&straight, 9, "old 7\n" HASH_LINE, ""), 422);
    assert_int_equal(submit_note(&straight, 9, "old 7\n", ""), 422);
    assert_int_equal(submit_note(&straight, 7, "old 7\n" HASH_LINE, ""), 422);
    submit_good(&bench, &straight, 7, 9);
    cty_buf_done(&note);
}

/* What anybody can make of a true checkpoint stops nothing. */
static void test_a_wrong_proof_accuses_nobody(void **state)
{
    (void)state;
    submit_good(&bench, &straight, 0, 5);
    assert_int_equal(submit_note(&straight, 9, "old 5\n" HASH_LINE, ""), 422);
    assert_int_equal(submit_note(&straight, 9, "old 5\n" HASH_LINE HASH_LINE HASH_LINE HASH_LINE, ""), 422);
    assert_string_equal(bench_stopped(&bench).why, "");
    assert_int_equal(bench_files(&bench), 0);
    submit_good(&bench, &straight, 5, 9);
}

/* Cosigned as they stand: a cosignature over three lines of five would be over another text. */
static void test_extension_lines(void **state)
{
    (void)state;
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX), body = CTY_BUF_INIT(CTY_ADD_CHECKPOINT_BYTES_MAX);
    struct cty_witness_answer answer = {.status = 0};
    struct cty_note parsed, cosigned;
    uint64_t time_s = 0;
    note_put(&bench, &straight, 5, "extension one\nextension two\n", &note);
    struct cty_add_checkpoint add = {.old_size = 0, .note = cty_buf_bytes(&note)};
    assert_ok(cty_add_checkpoint_format(&add, &body));
    assert_int_equal(submit_bytes(&bench, cty_buf_bytes(&body), &answer), 200);
    assert_ok(cty_note_parse(cty_buf_bytes(&note), &parsed));
    assert_ok(cty_cosignatures_parse(cty_buf_bytes(&answer.body), parsed.text, &cosigned));
    assert_ok(cty_note_cosignature_verify(&cosigned, CTY_LITERAL(WITNESS), cty_secret_key(bench.witness_key), &time_s));
    cosigned.text.size -= strlen("extension one\nextension two\n");
    assert_refused(cty_note_cosignature_verify(&cosigned, CTY_LITERAL(WITNESS), cty_secret_key(bench.witness_key), &time_s),
                   "signature-invalid");
    cty_witness_answer_done(&answer);
    cty_buf_done(&note);
    cty_buf_done(&body);
}

/* The clock may be wrong, but what is signed never goes back. */
static void test_clock(void **state)
{
    (void)state;
    assert_int_equal(submit_good(&bench, &straight, 0, 5), NOW_S);
    bench.now_s = NOW_S - 60;
    assert_int_equal(submit_good(&bench, &straight, 5, 6), NOW_S);
    bench.now_s = NOW_S - 61;
    assert_int_equal(submit(&bench, &straight, 6, 7), 503);
    assert_int_equal(bench.alarms, 1);
    bench.now_s = NOW_S + 1;
    assert_int_equal(submit_good(&bench, &straight, 6, 7), NOW_S + 1);
    /* Whoever asks again and again fills no log: 20 lines in a second. */
    bench.now_s = 1;
    for (unsigned i = 0; i < 50; i++)
        assert_int_equal(submit(&bench, &straight, 7, 8), 503);
    assert_int_equal(bench.alarms, 21);
}

static void assert_clock_refused(uint64_t old_size, uint64_t size)
{
    struct cty_witness_answer answer = {.status = 0};
    struct cty_buf body = CTY_BUF_INIT(CTY_ADD_CHECKPOINT_BYTES_MAX);
    body_put(&bench, &straight, old_size, size, &body);
    assert_int_equal(submit_bytes(&bench, cty_buf_bytes(&body), &answer), 503);
    assert_int_equal(answer.why, CUSTODY_E_WITNESS_CLOCK);
    cty_witness_answer_done(&answer);
    cty_buf_done(&body);
}

/* A clock that is set forward while the witness runs: what it says is signed for good, so a person looks first. */
static void test_clock_leaps(void **state)
{
    (void)state;
    submit_good(&bench, &straight, 0, 5);
    bench.now_s += 60;
    bench.stepped_s += 60;
    assert_int_equal(submit_good(&bench, &straight, 5, 6), NOW_S + 60); /* as far as clocks are set */
    bench.now_s += 1;
    bench.stepped_s += 1;
    assert_clock_refused(6, 7);
    assert_non_null(strstr(bench.told, "start the witness again"));
    assert_int_equal(submit_conflict(&bench, &straight, 0, 7), 6); /* nothing was stored */
    bench.now_s -= 1;
    bench.stepped_s -= 1;
    submit_good(&bench, &straight, 6, 7);
    /* However long it runs, time that passed is none that was set. */
    bench.now_s += (uint64_t)5 * 366 * 86400;
    submit_good(&bench, &straight, 7, 8);
    /* Started again it takes the clock as it is: somebody looked. */
    bench.now_s += 3600;
    bench.stepped_s += 3600;
    assert_clock_refused(8, 9);
    bench_close(&bench);
    bench_open(&bench);
    assert_int_equal(submit_good(&bench, &straight, 8, 9), bench.now_s);
}

/* A clock that was wrong when the witness was started leaves a time behind that only a person takes back. */
static void test_clock_is_confirmed(void **state)
{
    (void)state;
    struct cty_witness_store *store = NULL;
    struct cty_bytes origin = CTY_LITERAL(ORIGIN);
    bench.now_s = NOW_S + (uint64_t)5 * 366 * 86400;
    submit_good(&bench, &straight, 0, 5);
    bench.now_s = NOW_S;
    assert_clock_refused(5, 6);
    assert_non_null(strstr(bench.told, "--confirm-clock"));
    bench_clear(&bench);
    bench_close(&bench);
    bench_open(&bench);
    assert_clock_refused(5, 6); /* neither clearing nor starting helps */
    assert_ok(cty_witness_store_open(bench.state, false, &store, NULL));
    assert_refused(cty_witness_log_clock(store, CTY_LITERAL("other"), NOW_S, NULL), "not-found");
    assert_ok(cty_witness_log_clock(store, origin, NOW_S, NULL));
    assert_refused(cty_witness_log_clock(store, origin, NOW_S, NULL), "not-found"); /* it lies behind no more */
    assert_int_equal(submit_good(&bench, &straight, 5, 5), NOW_S); /* the same second, and not what was stored */
    assert_int_equal(submit_good(&bench, &straight, 5, 6), NOW_S);
    assert_int_equal(submit(&bench, &forked_at_3, 6, 6), 422); /* what was cosigned stays so */
    cty_witness_store_close(store);
}

/* The log's own line a hundred times is that line: a public note has it. One that fails among them makes it void. */
static void test_repeated_lines(void **state)
{
    (void)state;
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX), body = CTY_BUF_INIT(CTY_ADD_CHECKPOINT_BYTES_MAX);
    struct cty_buf other = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    struct cty_note parsed, wrong;
    note_put(&bench, &straight, 5, NULL, &note);
    note_put(&bench, &straight, 6, NULL, &other);
    assert_ok(cty_buf_reserve(&note, 16384));
    assert_ok(cty_note_parse(cty_buf_bytes(&note), &parsed));
    assert_ok(cty_note_parse(cty_buf_bytes(&other), &wrong));
    for (unsigned i = 1; i < CTY_NOTE_SIGNATURES_MAX; i++)
        assert_ok(cty_note_line_put(&parsed.lines[0], &note));
    const struct cty_add_checkpoint add = {.note = cty_buf_bytes(&note)};
    assert_ok(cty_add_checkpoint_format(&add, &body));
    assert_int_equal(submit_bytes(&bench, cty_buf_bytes(&body), NULL), 200);
    assert_int_equal(submit_conflict(&bench, &straight, 0, 6), 5);
    cty_buf_clear(&note);
    note_put(&bench, &straight, 5, NULL, &note);
    assert_ok(cty_note_line_put(&wrong.lines[0], &note));
    cty_buf_clear(&body);
    const struct cty_add_checkpoint void_one = {.old_size = 5, .note = cty_buf_bytes(&note)};
    assert_ok(cty_add_checkpoint_format(&void_one, &body));
    assert_int_equal(submit_bytes(&bench, cty_buf_bytes(&body), NULL), 403);
    cty_buf_done(&note);
    cty_buf_done(&other);
    cty_buf_done(&body);
}

static void test_monitor(void **state)
{
    (void)state;
    struct cty_hash digest = cty_sha256(CTY_LITERAL(ORIGIN)), other = cty_sha256(CTY_LITERAL("other"));
    struct cty_witness_answer answer = {.status = 0};
    struct cty_checkpoint checkpoint;
    struct cty_note note;
    uint64_t time_s = 0;
    cty_witness_checkpoint(bench.witness, &digest, &answer);
    assert_int_equal(answer.status, 404); /* nothing is cosigned yet */
    submit_good(&bench, &straight, 0, 5);
    cty_witness_checkpoint(bench.witness, &other, &answer);
    assert_int_equal(answer.status, 404);
    cty_witness_checkpoint(bench.witness, &digest, &answer);
    assert_int_equal(answer.status, 200);
    assert_ok(cty_checkpoint_open(cty_buf_bytes(&answer.body), CTY_LITERAL(ORIGIN), cty_secret_key(bench.log), &checkpoint));
    assert_int_equal(checkpoint.size, 5);
    assert_ok(cty_note_parse(cty_buf_bytes(&answer.body), &note));
    assert_int_equal(note.count, 2);
    assert_ok(cty_note_cosignature_verify(&note, CTY_LITERAL(WITNESS), cty_secret_key(bench.witness_key), &time_s));
    cty_witness_answer_done(&answer);
}

/* A log that was removed is unknown, and goes on from where it was. */
static void test_removed(void **state)
{
    (void)state;
    struct cty_witness_store *store = NULL;
    struct cty_buf vkey = CTY_BUF_INIT(CTY_VKEY_BYTES_MAX), other = CTY_BUF_INIT(CTY_VKEY_BYTES_MAX);
    assert_ok(cty_vkey_format(CTY_LITERAL(ORIGIN), CTY_KEY_ED25519, cty_secret_key(bench.log), &vkey));
    assert_ok(cty_vkey_format(CTY_LITERAL(ORIGIN), CTY_KEY_ED25519, cty_secret_key(bench.other_log), &other));
    submit_good(&bench, &straight, 0, 5);
    assert_ok(cty_witness_store_open(bench.state, false, &store, NULL));
    assert_refused(cty_witness_log_add(store, CTY_LITERAL(ORIGIN), cty_buf_bytes(&vkey), NULL), "exists");
    assert_ok(cty_witness_log_remove(store, CTY_LITERAL(ORIGIN), NULL));
    assert_int_equal(submit(&bench, &straight, 5, 6), 404);
    assert_refused(cty_witness_log_add(store, CTY_LITERAL(ORIGIN), cty_buf_bytes(&other), NULL), "bad-key");
    assert_ok(cty_witness_log_add(store, CTY_LITERAL(ORIGIN), cty_buf_bytes(&vkey), NULL));
    assert_int_equal(submit_conflict(&bench, &forked_at_3, 0, 6), 5);
    submit_good(&bench, &straight, 5, 6);
    assert_refused(cty_witness_log_remove(store, CTY_LITERAL("other"), NULL), "not-found");
    cty_witness_store_close(store);
    cty_buf_done(&vkey);
    cty_buf_done(&other);
}

/* Appends the log's line, with its first key, over history 0's eight leaves: one that holds, or over nine. */
static void line_of(const struct bench *of, bool holds, struct cty_buf *out)
{
    struct cty_buf whole = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    note_put(of, &straight, holds ? 8 : 9, NULL, &whole);
    assert_ok(cty_buf_put_text(out, strstr(cty_buf_text(&whole), EM_DASH)));
    cty_buf_done(&whole);
}

/* From its first size on only the new key counts; below it, only the old one. */
static void test_new_key(void **state)
{
    (void)state;
    struct cty_witness_store *store = NULL;
    struct cty_buf other = CTY_BUF_INIT(CTY_VKEY_BYTES_MAX), note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    struct cty_hash five = history_root(&straight, 5), eight = history_root(&straight, 8);
    assert_ok(cty_vkey_format(CTY_LITERAL(ORIGIN), CTY_KEY_ED25519, cty_secret_key(bench.other_log), &other));
    submit_good(&bench, &straight, 0, 5);
    assert_ok(cty_witness_store_open(bench.state, false, &store, NULL));
    assert_ok(cty_witness_log_key(store, CTY_LITERAL(ORIGIN), 8, cty_buf_bytes(&other), NULL));
    assert_refused(cty_witness_log_key(store, CTY_LITERAL(ORIGIN), 7, cty_buf_bytes(&other), NULL), "bad-member");
    assert_refused(cty_witness_log_key(store, CTY_LITERAL("x"), 7, cty_buf_bytes(&other), NULL), "not-found");
    cty_witness_store_close(store);
    assert_int_equal(submit(&bench, &straight, 5, 8), 403);
    foreign_note_put(bench.other_log, ORIGIN, 5, &five, &note);
    assert_int_equal(submit_parts("old 5\n", cty_buf_bytes(&note)), 403);
    submit_good(&bench, &straight, 5, 7);
    cty_buf_clear(&note);
    foreign_note_put(bench.other_log, ORIGIN, 8, &eight, &note);
    struct cty_tree_reader reader = history_reader(&straight);
    struct cty_add_checkpoint add = {.old_size = 7, .note = cty_buf_bytes(&note)};
    struct cty_buf body = CTY_BUF_INIT(CTY_ADD_CHECKPOINT_BYTES_MAX);
    assert_ok(cty_tree_consistency(&reader, 7, 8, &add.proof));
    /* A line by the old key, which doesn't count any more, has to hold all the same. */
    size_t good = note.size;
    line_of(&bench, false, &note);
    add.note = cty_buf_bytes(&note);
    assert_ok(cty_add_checkpoint_format(&add, &body));
    assert_int_equal(submit_bytes(&bench, cty_buf_bytes(&body), NULL), 403);
    cty_buf_clear(&body);
    note.size = good;
    line_of(&bench, true, &note);
    add.note = cty_buf_bytes(&note);
    assert_ok(cty_add_checkpoint_format(&add, &body));
    assert_int_equal(submit_bytes(&bench, cty_buf_bytes(&body), NULL), 200);
    cty_buf_done(&body);
    cty_buf_done(&other);
    cty_buf_done(&note);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_grows), TEST(test_time_is_big_endian), TEST(test_empty_tree), TEST(test_malformed), TEST(test_flips),
        TEST(test_who_signed), TEST(test_other_lines), TEST(test_order), TEST(test_a_wrong_proof_accuses_nobody),
        TEST(test_extension_lines), TEST(test_clock), TEST(test_clock_leaps), TEST(test_clock_is_confirmed),
        TEST(test_repeated_lines), TEST(test_monitor), TEST(test_removed), TEST(test_new_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
