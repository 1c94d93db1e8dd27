/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log that shows two histories: the witness stops, and what it keeps convicts the log before anybody.
 *
 * row of the list of attacks        test                     its twin
 *  18 everything written anew       attack_18_*              test_one_history
 *  19 truncated tail                attack_19_*              test_went_on
 *  21 split view                    attack_21_*              test_one_history, test_extension_lines
 */
#include <sys/stat.h>
#include <unistd.h>

#include "audit/trust.h"
#include "base/file.h"
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

/* By somebody who has the file and the log's key line, and nothing else. */
static custody_err convict(const char *path, struct cty_contradiction_report *ret_report)
{
    struct cty_buf text = CTY_BUF_INIT(CTY_CONTRADICTION_BYTES_MAX), policy = CTY_BUF_INIT(4096);
    struct cty_trust trust;
    assert_ok(cty_buf_put_text(&policy, "log "));
    assert_ok(cty_vkey_format(CTY_LITERAL(ORIGIN), CTY_KEY_ED25519, cty_secret_key(bench.log), &policy));
    assert_ok(cty_buf_put_text(&policy, "\nquorum none\n"));
    assert_ok(cty_trust_parse(cty_buf_bytes(&policy), &trust, NULL));
    assert_ok(cty_file_read(path, &text, NULL));
    custody_err err = cty_contradiction_verify(cty_buf_bytes(&text), &trust, ret_report, NULL);
    cty_trust_done(&trust);
    cty_buf_done(&text);
    cty_buf_done(&policy);
    return err;
}

static void assert_stopped(const char *why, enum cty_contradiction_kind kind)
{
    struct bench_stop stop = bench_stopped(&bench);
    struct cty_contradiction_report report;
    struct stat status;
    assert_string_equal(stop.why, why);
    assert_int_equal(bench_files(&bench), 1);
    assert_int_equal(stat(stop.file, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_ok(convict(stop.file, &report));
    assert_int_equal(report.kind, kind);
    assert_string_equal(report.ledger, ORIGIN);
}

/* One size, two trees. */
static void attack_21_two_roots(void **state)
{
    (void)state;
    submit_good(&bench, &straight, 0, 7);
    assert_int_equal(submit(&bench, &forked_at_3, 7, 7), 422);
    assert_stopped("two-roots", CTY_CONTRADICTION_TWO_ROOTS);
    assert_int_equal(bench.alarms, 1);
    /* Nothing more of either. */
    assert_int_equal(submit(&bench, &straight, 7, 8), 422);
    assert_int_equal(submit(&bench, &straight, 7, 7), 422);
    assert_int_equal(submit(&bench, &forked_at_3, 7, 8), 422);
    assert_int_equal(submit(&bench, &forked_at_3, 0, 7), 422);
    assert_int_equal(bench_files(&bench), 1);
}

static unsigned submit_extended(const struct history *history, uint64_t old_size, const char *extension)
{
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX), body = CTY_BUF_INIT(CTY_ADD_CHECKPOINT_BYTES_MAX);
    note_put(&bench, history, 7, extension, &note);
    const struct cty_add_checkpoint add = {.old_size = old_size, .note = cty_buf_bytes(&note)};
    assert_ok(cty_add_checkpoint_format(&add, &body));
    unsigned status = submit_bytes(&bench, cty_buf_bytes(&body), NULL);
    cty_buf_done(&note);
    cty_buf_done(&body);
    return status;
}

/* Lines below the root hide nothing, and are no contradiction. */
static void test_extension_lines(void **state)
{
    (void)state;
    assert_int_equal(submit_extended(&straight, 0, "one\n"), 200);
    assert_int_equal(submit_extended(&straight, 7, "another\n"), 200);
    assert_string_equal(bench_stopped(&bench).why, "");
    assert_int_equal(submit_extended(&forked_at_3, 7, "a third\n"), 422);
    assert_stopped("two-roots", CTY_CONTRADICTION_TWO_ROOTS);
}

/* Asked for in the wrong way it is answered so, and seen all the same. */
static void attack_21_two_roots_asked_wrongly(void **state)
{
    (void)state;
    submit_good(&bench, &straight, 0, 7);
    assert_int_equal(submit_conflict(&bench, &forked_at_3, 0, 7), 7);
    assert_stopped("two-roots", CTY_CONTRADICTION_TWO_ROOTS);
    assert_int_equal(submit(&bench, &straight, 7, 8), 422);
}

/* The log's own proof gives it away: its larger tree begins with something else. */
static void attack_18_written_anew(void **state)
{
    (void)state;
    submit_good(&bench, &straight, 0, 7);
    assert_int_equal(submit(&bench, &forked_at_5, 7, 12), 422);
    assert_stopped("fork", CTY_CONTRADICTION_FORK);
    assert_int_equal(submit(&bench, &straight, 7, 12), 422);
}

/* Before the fork both are one history: its twin. */
static void test_one_history(void **state)
{
    (void)state;
    submit_good(&bench, &straight, 0, 3);
    submit_good(&bench, &forked_at_5, 3, 5);
    submit_good(&bench, &forked_at_5, 5, 9);
    assert_string_equal(bench_stopped(&bench).why, "");
    assert_int_equal(submit(&bench, &straight, 9, 12), 422);
    assert_stopped("fork", CTY_CONTRADICTION_FORK);
}

/* Where the old size is a power of two the proof doesn't hold the old root: refused, and nobody is accused. */
static void test_fork_without_its_root(void **state)
{
    (void)state;
    submit_good(&bench, &straight, 0, 8);
    assert_int_equal(submit(&bench, &forked_at_5, 8, 12), 422);
    assert_string_equal(bench_stopped(&bench).why, "");
    submit_good(&bench, &straight, 8, 12);
}

static void test_cleared(void **state)
{
    (void)state;
    submit_good(&bench, &straight, 0, 7);
    assert_int_equal(submit(&bench, &forked_at_3, 7, 7), 422);
    bench_clear(&bench);
    submit_good(&bench, &straight, 7, 8);
    assert_int_equal(bench_files(&bench), 1); /* the proof is kept */
    assert_int_equal(submit_conflict(&bench, &forked_at_3, 7, 7), 8);
    assert_string_equal(bench_stopped(&bench).why, "");
}

static void test_stopped_for_good(void **state)
{
    (void)state;
    submit_good(&bench, &straight, 0, 7);
    assert_int_equal(submit(&bench, &forked_at_3, 7, 7), 422);
    bench_close(&bench);
    bench_open(&bench);
    assert_int_equal(submit(&bench, &straight, 7, 8), 422);
    assert_stopped("two-roots", CTY_CONTRADICTION_TWO_ROOTS);
}

/* A file that can't be written stops the log all the same. */
static void test_no_room_for_the_file(void **state)
{
    (void)state;
    char name[512];
    struct bench_stop stop;
    submit_good(&bench, &straight, 0, 7);
    assert_int_equal(submit(&bench, &forked_at_3, 7, 7), 422);
    stop = bench_stopped(&bench);
    assert_int_equal(unlink(stop.file), 0);
    bench_clear(&bench);
    snprintf(name, sizeof(name), "%s.new.%ld", stop.file, (long)getpid());
    assert_int_equal(mkdir(name, 0700), 0);
    assert_int_equal(submit(&bench, &forked_at_3, 7, 7), 422);
    assert_int_equal(rmdir(name), 0);
    assert_string_equal(bench_stopped(&bench).why, "two-roots");
    assert_string_equal(bench_stopped(&bench).file, "");
    /* What is not written yet is not forgotten. */
    assert_int_equal(submit(&bench, &straight, 7, 8), 422);
    assert_stopped("two-roots", CTY_CONTRADICTION_TWO_ROOTS);
    assert_non_null(strstr(bench.told, "two-roots: the proof is "));
}

/* Cleared before the file could be written: it is owed no more, and the next contradiction is one of its own. */
static void test_cleared_without_its_file(void **state)
{
    (void)state;
    char name[512];
    submit_good(&bench, &straight, 0, 7);
    assert_int_equal(submit(&bench, &forked_at_3, 7, 7), 422);
    assert_int_equal(unlink(bench_stopped(&bench).file), 0);
    snprintf(name, sizeof(name), "%s.new.%ld", bench_stopped(&bench).file, (long)getpid());
    bench_clear(&bench);
    assert_int_equal(mkdir(name, 0700), 0);
    assert_int_equal(submit(&bench, &forked_at_3, 7, 7), 422);
    bench_clear(&bench);
    assert_int_equal(submit(&bench, &forked_at_3, 7, 7), 422);
    assert_string_equal(bench_stopped(&bench).why, "two-roots");
    bench_clear(&bench);
    assert_int_equal(rmdir(name), 0);
    submit_good(&bench, &straight, 7, 8);
    assert_int_equal(bench_files(&bench), 0);
    bench_close(&bench);
    bench_open(&bench);
    submit_good(&bench, &straight, 8, 9);
    assert_string_equal(bench_stopped(&bench).why, "");
}

static custody_err accuse(const struct history *history, uint64_t size, enum cty_contradiction_kind kind,
                          const struct cty_proof *proof, const struct cty_hash *root)
{
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    note_put(&bench, history, size, NULL, &note);
    struct cty_witness_shown shown = {.kind = kind, .note = cty_buf_bytes(&note), .proof = proof};
    if (root)
        shown.root = *root;
    custody_err err = cty_witness_accuse(bench.witness, CTY_LITERAL(ORIGIN), &shown, NULL);
    cty_buf_done(&note);
    return err;
}

static void attack_19_went_back(void **state)
{
    (void)state;
    assert_refused(accuse(&straight, 5, CTY_CONTRADICTION_WENT_BACK, NULL, NULL), "bad-evidence"); /* nothing is cosigned */
    submit_good(&bench, &straight, 0, 7);
    assert_refused(accuse(&straight, 7, CTY_CONTRADICTION_WENT_BACK, NULL, NULL), "bad-evidence");
    assert_refused(accuse(&straight, 8, CTY_CONTRADICTION_WENT_BACK, NULL, NULL), "bad-evidence");
    assert_ok(accuse(&straight, 5, CTY_CONTRADICTION_WENT_BACK, NULL, NULL));
    assert_stopped("went-back", CTY_CONTRADICTION_WENT_BACK);
    assert_int_equal(submit(&bench, &straight, 7, 8), 422);
}

/* What is as long as before, or longer, was not shortened. */
static void test_went_on(void **state)
{
    (void)state;
    submit_good(&bench, &straight, 0, 7);
    assert_refused(accuse(&straight, 7, CTY_CONTRADICTION_WENT_BACK, NULL, NULL), "bad-evidence");
    assert_refused(accuse(&straight, 8, CTY_CONTRADICTION_WENT_BACK, NULL, NULL), "bad-evidence");
    submit_good(&bench, &straight, 7, 8);
    assert_string_equal(bench_stopped(&bench).why, "");
}

static void test_accused_by_a_proof(void **state)
{
    (void)state;
    struct cty_tree_reader fork = history_reader(&forked_at_5), good = history_reader(&straight);
    struct cty_hash root = history_root(&forked_at_5, 8), same = history_root(&straight, 8);
    struct cty_proof proof;
    submit_good(&bench, &straight, 0, 8);
    assert_ok(cty_tree_consistency(&good, 8, 12, &proof));
    assert_refused(accuse(&straight, 12, CTY_CONTRADICTION_NO_PROOF, &proof, &same), "bad-evidence");
    assert_ok(cty_tree_consistency(&fork, 8, 12, &proof));
    assert_ok(accuse(&forked_at_5, 12, CTY_CONTRADICTION_NO_PROOF, &proof, &root));
    assert_stopped("fork", CTY_CONTRADICTION_FORK);
}

static void test_accused_without_a_proof(void **state)
{
    (void)state;
    struct cty_hash root = history_root(&forked_at_5, 8);
    struct cty_proof proof = {.count = 1, .hashes = {root}};
    submit_good(&bench, &straight, 0, 8);
    assert_ok(accuse(&forked_at_5, 12, CTY_CONTRADICTION_NO_PROOF, &proof, &root));
    assert_stopped("no-proof", CTY_CONTRADICTION_NO_PROOF);
}

static void test_accused_by_another_key(void **state)
{
    (void)state;
    struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    struct cty_hash root = history_root(&forked_at_3, 7);
    submit_good(&bench, &straight, 0, 7);
    foreign_note_put(bench.other_log, ORIGIN, 7, &root, &note);
    struct cty_witness_shown shown = {.kind = CTY_CONTRADICTION_NO_PROOF, .note = cty_buf_bytes(&note)};
    assert_refused(cty_witness_accuse(bench.witness, CTY_LITERAL(ORIGIN), &shown, NULL), "note-unsigned");
    assert_string_equal(bench_stopped(&bench).why, "");
    cty_buf_done(&note);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(attack_21_two_roots), TEST(test_extension_lines), TEST(attack_21_two_roots_asked_wrongly), TEST(attack_18_written_anew), TEST(test_one_history),
        TEST(test_fork_without_its_root), TEST(test_cleared), TEST(test_stopped_for_good), TEST(test_no_room_for_the_file),
        TEST(test_cleared_without_its_file),
        TEST(attack_19_went_back), TEST(test_went_on), TEST(test_accused_by_a_proof), TEST(test_accused_without_a_proof),
        TEST(test_accused_by_another_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
