/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever ends the process, fills the disk, or asks at the same time: no two cosignatures that were given contradict each
 * other, and what was given is stored.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "unit/store/faulty_vfs.h"
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

static uint64_t stored_size(void)
{
    struct cty_witness_log log = {.removed = false};
    assert_ok(cty_witness_get_log(bench.witness, CTY_LITERAL(ORIGIN), &log, NULL));
    uint64_t size = log.size;
    cty_witness_log_done(&log);
    return size;
}

static void test_opened_again(void **state)
{
    (void)state;
    submit_good(&bench, &straight, 0, 7);
    bench_close(&bench);
    bench_open(&bench);
    assert_int_equal(submit_conflict(&bench, &forked_at_3, 0, 9), 7);
    submit_good(&bench, &straight, 7, 9);
}

static void test_one_at_a_time(void **state)
{
    (void)state;
    struct cty_witness *second = NULL;
    const struct cty_witness_config config = {.state_path = bench.state, .secret = bench.witness_key};
    assert_refused(cty_witness_open(&config, &second, NULL), "store-locked");
    bench_close(&bench);
    assert_ok(cty_witness_open(&config, &second, NULL));
    cty_witness_close(second);
    bench_open(&bench);
}

static void test_another_witness(void **state)
{
    (void)state;
    struct cty_witness *witness = NULL;
    const struct cty_witness_config config = {.state_path = bench.state, .secret = bench.log};
    bench_close(&bench);
    assert_refused(cty_witness_open(&config, &witness, NULL), "config");
    bench_open(&bench);
}

static void test_another_file(void **state)
{
    (void)state;
    char path[128];
    struct cty_witness_store *store = NULL;
    snprintf(path, sizeof(path), "%s/other", bench.folder);
    assert_refused(cty_witness_store_open(path, false, &store, NULL), "not-found");
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    assert_refused(cty_witness_store_open(path, false, &store, NULL), "store-unknown");
    assert_int_equal(write(fd, "SQLite format 3", 16), 16);
    assert_refused(cty_witness_store_open(path, false, &store, NULL), "store-unknown");
    assert_int_equal(fchmod(fd, 0644), 0);
    assert_refused(cty_witness_store_open(path, false, &store, NULL), "io");
    close(fd);
    assert_refused(cty_witness_store_make(bench.state, CTY_LITERAL("x"), NULL), "exists");
}

/* --- the store's own last check ---------------------------------------------------------------------------- */

/* Two that judged the same state: the second finds it changed. */
static void test_compare_and_swap(void **state)
{
    (void)state;
    struct cty_witness_store *store = NULL;
    struct cty_bytes origin = CTY_LITERAL(ORIGIN);
    struct cty_hash empty = cty_tree_empty_root();
    struct cty_witness_step step = {.old_size = 0, .old_root = empty, .size = 5, .root = history_root(&straight, 5),
                                    .time_s = NOW_S, .note = CTY_LITERAL("note")};
    struct cty_witness_step other = step;
    other.root = history_root(&forked_at_3, 5);
    assert_ok(cty_witness_store_open(bench.state, false, &store, NULL));
    assert_ok(cty_witness_log_advance(store, origin, &step, NULL));
    assert_refused(cty_witness_log_advance(store, origin, &other, NULL), "wrong-size");
    other.old_size = 5;
    other.old_root = history_root(&straight, 5);
    assert_refused(cty_witness_log_advance(store, origin, &other, NULL), "internal"); /* it would contradict */
    step.old_size = 5;
    step.old_root = step.root;
    step.time_s--;
    assert_refused(cty_witness_log_advance(store, origin, &step, NULL), "wrong-size"); /* time went back */
    step.time_s += 2;
    assert_ok(cty_witness_log_advance(store, origin, &step, NULL));
    assert_ok(cty_witness_log_stop(store, origin, "two-roots", "", NOW_S, NULL));
    assert_refused(cty_witness_log_advance(store, origin, &step, NULL), "split-view");
    assert_ok(cty_witness_log_clear(store, origin, NULL));
    assert_ok(cty_witness_log_remove(store, origin, NULL));
    assert_refused(cty_witness_log_advance(store, origin, &step, NULL), "not-found");
    cty_witness_store_close(store);
}

static void test_log_limit(void **state)
{
    (void)state;
    struct cty_witness_store *store = NULL;
    struct cty_buf vkey = CTY_BUF_INIT(CTY_VKEY_BYTES_MAX);
    char origin[64];
    assert_ok(cty_vkey_format(CTY_LITERAL(ORIGIN), CTY_KEY_ED25519, cty_secret_key(bench.log), &vkey));
    assert_ok(cty_witness_store_open(bench.state, false, &store, NULL));
    assert_refused(cty_witness_log_add(store, CTY_LITERAL("a\nb"), cty_buf_bytes(&vkey), NULL), "bad-member");
    assert_refused(cty_witness_log_add(store, CTY_LITERAL(""), cty_buf_bytes(&vkey), NULL), "bad-member");
    assert_refused(cty_witness_log_add(store, CTY_LITERAL("a"), CTY_LITERAL("x+1+y"), NULL), "bad-key");
    for (unsigned i = 1; i <= CTY_WITNESS_LOGS_MAX; i++) {
        snprintf(origin, sizeof(origin), "log %u", i);
        assert_refused(cty_witness_log_add(store, cty_bytes_text(origin), cty_buf_bytes(&vkey), NULL),
                       i < CTY_WITNESS_LOGS_MAX ? "ok" : "limit-reached");
    }
    cty_witness_store_close(store);
    cty_buf_done(&vkey);
}

/* --- at the same time -------------------------------------------------------------------------------------- */

struct runner {
    const struct history *history;
    uint64_t given; /* largest size that was cosigned for it */
    unsigned conflicts;
    bool odd;
};

static void run_one(struct runner *r, struct cty_buf *body, uint64_t *old_size)
{
    struct cty_witness_answer answer = {.status = 0};
    cty_buf_clear(body);
    body_put(&bench, r->history, *old_size, *old_size + 1, body);
    cty_witness_add_checkpoint(bench.witness, cty_buf_bytes(body), &answer);
    if (answer.status == 200)
        r->given = ++*old_size;
    else if (answer.status == 409) {
        r->conflicts++;
        r->odd = r->odd || cty_witness_size_parse(cty_buf_bytes(&answer.body), old_size) != CUSTODY_OK;
    } else
        r->odd = r->odd || answer.status != 422;
    cty_witness_answer_done(&answer);
}

static void *run(void *user)
{
    struct runner *r = user;
    struct cty_buf body = CTY_BUF_INIT(CTY_ADD_CHECKPOINT_BYTES_MAX);
    uint64_t old_size = 0;
    for (unsigned i = 0; i < 60 && old_size < 40; i++)
        run_one(r, &body, &old_size);
    cty_buf_done(&body);
    return NULL;
}

/* Two submitters each of two histories that part at 3: from there on one of them alone is cosigned. */
static void test_race(void **state)
{
    (void)state;
    struct runner runners[4] = {{.history = &straight}, {.history = &forked_at_3}, {.history = &straight},
                                {.history = &forked_at_3}};
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run, &runners[i]), 0);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    uint64_t most[2] = {0, 0};
    for (size_t i = 0; i < 4; i++) {
        assert_false(runners[i].odd);
        if (runners[i].given > most[i % 2])
            most[i % 2] = runners[i].given;
    }
    assert_true(most[0] <= 3 || most[1] <= 3);
    assert_true(most[0] > 0 || most[1] > 0);
    assert_int_equal(stored_size(), most[0] > most[1] ? most[0] : most[1]);
}

/* --- killed ------------------------------------------------------------------------------------------------ */

struct given {
    uint64_t size;
    bool forked;
};

/* Submits one of the two histories at random, for ever, and tells each cosignature that it got. */
static _Noreturn void submit_on(int pipe_end, unsigned round)
{
    struct cty_buf body = CTY_BUF_INIT(CTY_ADD_CHECKPOINT_BYTES_MAX);
    bench_open(&bench);
    uint64_t old_size = stored_size();
    for (unsigned i = 0;; i++) {
        struct given given = {.size = old_size < 60 ? old_size + 1 : old_size, .forked = (i * 7 + round) % 3 == 0};
        struct cty_witness_answer answer = {.status = 0};
        cty_buf_clear(&body);
        body_put(&bench, given.forked ? &forked_at_5 : &straight, old_size, given.size, &body);
        cty_witness_add_checkpoint(bench.witness, cty_buf_bytes(&body), &answer);
        if (answer.status == 200) {
            old_size = given.size;
            if (write(pipe_end, &given, sizeof(given)) != (ssize_t)sizeof(given))
                _exit(4);
        } else if (answer.status == 422) {
            bench_clear(&bench); /* a person, again and again */
        }
        cty_witness_answer_done(&answer);
    }
}

static void take_given(int pipe_end, struct given *newest, bool *decided, bool *forked)
{
    struct given given;
    while (read(pipe_end, &given, sizeof(given)) == (ssize_t)sizeof(given)) {
        assert_true(given.size >= newest->size);
        if (given.size > 5) {
            assert_true(!*decided || *forked == given.forked);
            *decided = true;
            *forked = given.forked;
        }
        *newest = given;
    }
}

#define KILLS 12

static void test_killed(void **state)
{
    (void)state;
    struct given newest = {.size = 0};
    bool decided = false, forked = false;
    for (unsigned round = 0; round < KILLS; round++) {
        int ends[2];
        bench_close(&bench);
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            submit_on(ends[1], round);
        close(ends[1]);
        struct given first;
        assert_int_equal(read(ends[0], &first, sizeof(first)), sizeof(first));
        for (volatile unsigned spin = 0; spin < round * 400000; spin++)
            ;
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_true(first.size >= newest.size);
        newest = first;
        take_given(ends[0], &newest, &decided, &forked);
        assert_int_equal(waitpid(child, NULL, 0), child);
        close(ends[0]);
        bench_open(&bench);
        assert_true(stored_size() >= newest.size);
        bench_clear(&bench);
    }
    assert_true(newest.size > 5);
}

/* --- a disk that fails ------------------------------------------------------------------------------------- */

/* The nth write or sync fails: no cosignature is given, or it is stored; the next process goes on from a true state. */
static void fail_at(enum faulty_kind kind, int nth, bool *ret_happened)
{
    uint64_t before = stored_size();
    faulty_arm(kind, nth);
    unsigned status = submit(&bench, &straight, before, before + 1);
    *ret_happened = faulty_disarm();
    assert_true(status == 200 || status == 503);
    assert_true(*ret_happened || status == 200);
    bench_close(&bench);
    bench_open(&bench);
    uint64_t after = stored_size();
    assert_true(status == 200 ? after == before + 1 : after == before || after == before + 1);
    assert_int_equal(submit_conflict(&bench, &forked_at_3, 0, after + 1), after);
}

static void test_disk_fails(void **state)
{
    (void)state;
    static const enum faulty_kind kinds[] = {FAULTY_WRITE_IO, FAULTY_WRITE_FULL, FAULTY_WRITE_QUOTA, FAULTY_SHORT_WRITE,
                                             FAULTY_SYNC};
    submit_good(&bench, &straight, 0, 5);
    for (size_t i = 0; i < CTY_COUNT_OF(kinds); i++) {
        bool happened = true;
        unsigned times = 0;
        for (int nth = 1; happened && nth < 9; nth++) {
            fail_at(kinds[i], nth, &happened);
            times += happened ? 1 : 0;
        }
        assert_true(times > 0);
    }
}

/* A full disk passes; what may be on the disk after a failed sync has to be read again first. */
static void test_after_a_failure(void **state)
{
    (void)state;
    submit_good(&bench, &straight, 0, 5);
    faulty_arm(FAULTY_WRITE_FULL, 1);
    assert_int_equal(submit(&bench, &straight, 5, 6), 503);
    assert_true(faulty_disarm());
    submit_good(&bench, &straight, 5, 6);
    faulty_arm(FAULTY_SYNC, 1);
    assert_int_equal(submit(&bench, &straight, 6, 7), 503);
    assert_true(faulty_disarm());
    assert_int_equal(submit(&bench, &straight, 6, 7), 503);
    bench_close(&bench);
    bench_open(&bench);
    uint64_t size = stored_size();
    submit_good(&bench, &straight, size, 8);
}

/* --- what is proven is not forgotten ----------------------------------------------------------------------- */

/* Where the contradiction file is to be written, a folder stands in the way: then a full disk takes nothing at all. */
static void block_file(bool blocked)
{
    static char name[512];
    if (blocked) {
        submit_good(&bench, &straight, 0, 7);
        assert_int_equal(submit(&bench, &forked_at_3, 7, 7), 422);
        assert_int_equal(unlink(bench_stopped(&bench).file), 0);
        snprintf(name, sizeof(name), "%s.new.%ld", bench_stopped(&bench).file, (long)getpid());
        bench_clear(&bench);
        assert_int_equal(mkdir(name, 0700), 0);
        bench.alarms = 0;
    } else {
        assert_int_equal(rmdir(name), 0);
    }
}

static void stop_on_a_full_disk(void)
{
    faulty_arm(FAULTY_WRITE_FULL, 1);
    assert_int_equal(submit(&bench, &forked_at_3, 7, 7), 503);
    assert_string_equal(bench_stopped(&bench).why, "");
    assert_int_equal(bench.alarms, 1);
    assert_non_null(strstr(bench.told, "could not be stored yet"));
    /* Known all the same, whoever asks for what; and said once. */
    assert_int_equal(submit(&bench, &straight, 7, 8), 503);
    assert_int_equal(submit(&bench, &straight, 7, 7), 503);
    assert_int_equal(submit(&bench, &forked_at_3, 7, 7), 503);
    assert_int_equal(bench.alarms, 1);
}

static void test_a_full_disk_forgets_nothing(void **state)
{
    (void)state;
    block_file(true);
    stop_on_a_full_disk();
    assert_int_equal(bench_files(&bench), 1); /* the folder */
    block_file(false);
    assert_true(faulty_disarm());
    assert_int_equal(submit(&bench, &straight, 7, 8), 422);
    assert_string_equal(bench_stopped(&bench).why, "two-roots");
    assert_string_not_equal(bench_stopped(&bench).file, "");
    assert_int_equal(bench_files(&bench), 1);
    assert_int_equal(bench.alarms, 2);
    assert_non_null(strstr(bench.told, "nothing more of it is cosigned; the proof is "));
    /* Stored it is a person's, as ever. */
    bench_clear(&bench);
    submit_good(&bench, &straight, 7, 8);
}

/* A question that shows no contradiction stores what waits, too; one that nobody signed doesn't. */
static void test_any_submission_stores_it(void **state)
{
    (void)state;
    struct cty_buf body = CTY_BUF_INIT(CTY_ADD_CHECKPOINT_BYTES_MAX), note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    struct cty_hash root = history_root(&straight, 8);
    submit_good(&bench, &straight, 0, 7);
    stop_on_a_full_disk();
    assert_true(faulty_disarm());
    foreign_note_put(bench.other_log, ORIGIN, 8, &root, &note);
    const struct cty_add_checkpoint add = {.old_size = 7, .note = cty_buf_bytes(&note)};
    assert_ok(cty_add_checkpoint_format(&add, &body));
    assert_int_equal(submit_bytes(&bench, cty_buf_bytes(&body), NULL), 403);
    assert_string_equal(bench_stopped(&bench).why, "");
    assert_int_equal(submit_conflict(&bench, &straight, 0, 9), 7);
    assert_string_equal(bench_stopped(&bench).why, "two-roots");
    cty_buf_done(&body);
    cty_buf_done(&note);
}

/* The end of the process stores it as well. */
static void test_stored_at_the_end(void **state)
{
    (void)state;
    block_file(true);
    stop_on_a_full_disk();
    assert_true(faulty_disarm());
    bench_close(&bench);
    block_file(false);
    bench_open(&bench);
    assert_int_equal(submit(&bench, &straight, 7, 8), 422);
    assert_string_equal(bench_stopped(&bench).why, "two-roots");
}

/* Ended between the file and the database, by a sync that failed: the file alone stops the log at the next start. */
static void test_the_file_stops_it_at_the_start(void **state)
{
    (void)state;
    submit_good(&bench, &straight, 0, 7);
    faulty_arm(FAULTY_SYNC, 1);
    assert_int_equal(submit(&bench, &forked_at_5, 7, 12), 503);
    assert_true(faulty_disarm());
    assert_int_equal(submit(&bench, &straight, 7, 8), 503);
    bench_close(&bench);
    assert_int_equal(bench_files(&bench), 1);
    bench_open(&bench);
    assert_int_equal(submit(&bench, &straight, 7, 8), 422);
    assert_string_equal(bench_stopped(&bench).why, "fork");
    assert_string_not_equal(bench_stopped(&bench).file, "");
    /* Cleared, by a person, it stops nothing any more. */
    bench_clear(&bench);
    bench_close(&bench);
    bench_open(&bench);
    submit_good(&bench, &straight, 7, 8);
    assert_int_equal(bench_files(&bench), 1);
}

/* The same with a disk that is full at the start. */
static void test_full_at_the_start(void **state)
{
    (void)state;
    struct cty_witness_store *store = NULL;
    submit_good(&bench, &straight, 0, 7);
    assert_int_equal(submit(&bench, &forked_at_3, 7, 7), 422);
    bench_close(&bench);
    assert_ok(cty_witness_store_open(bench.state, false, &store, NULL));
    assert_ok(cty_witness_log_clear(store, CTY_LITERAL(ORIGIN), NULL)); /* as if it had never been stored */
    cty_witness_store_close(store);
    faulty_arm(FAULTY_WRITE_FULL, 1);
    bench_open(&bench);
    assert_int_equal(submit(&bench, &straight, 7, 8), 503);
    assert_true(faulty_disarm());
    assert_int_equal(submit(&bench, &straight, 7, 8), 422);
    assert_string_equal(bench_stopped(&bench).why, "two-roots");
}

/* A row without its proof gets it from who has one: who accuses second, or the next start; the first stays. */
static void test_a_proof_that_comes_later(void **state)
{
    (void)state;
    char pipe[512];
    struct cty_witness_store *store = NULL;
    submit_good(&bench, &straight, 0, 7);
    assert_int_equal(submit(&bench, &forked_at_3, 7, 7), 422);
    struct bench_stop before = bench_stopped(&bench);
    bench_close(&bench);
    assert_ok(cty_witness_store_open(bench.state, false, &store, NULL));
    assert_ok(cty_witness_log_clear(store, CTY_LITERAL(ORIGIN), NULL));
    assert_ok(cty_witness_log_stop(store, CTY_LITERAL(ORIGIN), "two-roots", "", NOW_S, NULL));
    cty_witness_store_close(store);
    snprintf(pipe, sizeof(pipe), "%s/a.contradiction-b.json", bench.folder);
    assert_int_equal(mkfifo(pipe, 0600), 0); /* nobody waits for it */
    bench_open(&bench);
    assert_int_equal(unlink(pipe), 0);
    assert_string_equal(bench_stopped(&bench).file, before.file);
    bench_close(&bench);
    assert_ok(cty_witness_store_open(bench.state, false, &store, NULL));
    assert_ok(cty_witness_log_clear(store, CTY_LITERAL(ORIGIN), NULL));
    assert_ok(cty_witness_log_stop(store, CTY_LITERAL(ORIGIN), "two-roots", "", NOW_S, NULL));
    assert_ok(cty_witness_log_stop(store, CTY_LITERAL(ORIGIN), "fork", "first.json", NOW_S, NULL));
    assert_ok(cty_witness_log_stop(store, CTY_LITERAL(ORIGIN), "fork", "second.json", NOW_S, NULL));
    cty_witness_store_close(store);
    bench_open(&bench);
    assert_string_equal(bench_stopped(&bench).why, "two-roots");
    assert_string_equal(bench_stopped(&bench).file, "first.json");
}

static void put_file(const char *name, struct cty_bytes text)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", bench.folder, name);
    assert_ok(cty_file_put_new(path, 0600, text, NULL));
}

/* What convicts nobody stops nothing at the start: neither what somebody was shown, nor another key's, nor no file at all. */
static void test_other_files_stop_nothing(void **state)
{
    (void)state;
    struct cty_buf one = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX), other = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    struct cty_buf key = CTY_BUF_INIT(CTY_VKEY_BYTES_MAX), text = CTY_BUF_INIT(CTY_CONTRADICTION_BYTES_MAX);
    struct cty_hash root = history_root(&straight, 7), root2 = history_root(&forked_at_3, 7);
    struct cty_contradiction c = {.kind = CTY_CONTRADICTION_TWO_ROOTS, .ledger = CTY_LITERAL(ORIGIN)};
    submit_good(&bench, &straight, 0, 7);
    assert_ok(cty_vkey_format(CTY_LITERAL(ORIGIN), CTY_KEY_ED25519, cty_secret_key(bench.other_log), &key));
    foreign_note_put(bench.other_log, ORIGIN, 7, &root, &one);
    foreign_note_put(bench.other_log, ORIGIN, 7, &root2, &other);
    c.key = cty_buf_bytes(&key);
    c.notes[0] = cty_buf_bytes(&one);
    c.notes[1] = cty_buf_bytes(&other);
    assert_ok(cty_contradiction_format(&c, &text));
    put_file("a.contradiction-7-1.json", cty_buf_bytes(&text));
    cty_buf_clear(&text);
    cty_buf_clear(&one);
    note_put(&bench, &straight, 5, NULL, &one);
    cty_buf_clear(&other);
    note_put(&bench, &straight, 7, NULL, &other);
    c.kind = CTY_CONTRADICTION_WENT_BACK;
    c.notes[0] = cty_buf_bytes(&other);
    c.notes[1] = cty_buf_bytes(&one);
    assert_ok(cty_contradiction_format(&c, &text));
    put_file("b.contradiction-5-1.json", cty_buf_bytes(&text));
    put_file("c.contradiction-5-1.json", CTY_LITERAL("nothing"));
    bench_close(&bench);
    bench_open(&bench);
    assert_string_equal(bench_stopped(&bench).why, "");
    submit_good(&bench, &straight, 7, 8);
    cty_buf_done(&one);
    cty_buf_done(&other);
    cty_buf_done(&key);
    cty_buf_done(&text);
}

/* --- what is said again ------------------------------------------------------------------------------------ */

static unsigned syncs_of(uint64_t old_size, uint64_t size)
{
    faulty_arm(FAULTY_SYNC, 1000);
    submit_good(&bench, &straight, old_size, size);
    unsigned count = (unsigned)faulty_count();
    assert_false(faulty_disarm());
    return count;
}

/* Anybody may repeat what is public: within one second that writes nothing. */
static void test_repetitions_write_nothing(void **state)
{
    (void)state;
    assert_true(syncs_of(0, 7) > 0);
    assert_int_equal(syncs_of(7, 7), 0);
    assert_int_equal(syncs_of(7, 7), 0);
    bench.now_s++;
    assert_true(syncs_of(7, 7) > 0);
    assert_int_equal(syncs_of(7, 7), 0);
    assert_true(syncs_of(7, 8) > 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_opened_again), TEST(test_one_at_a_time), TEST(test_another_witness), TEST(test_another_file),
        TEST(test_compare_and_swap), TEST(test_log_limit), TEST(test_race), TEST(test_killed), TEST(test_disk_fails),
        TEST(test_after_a_failure), TEST(test_a_full_disk_forgets_nothing), TEST(test_any_submission_stores_it),
        TEST(test_stored_at_the_end), TEST(test_the_file_stops_it_at_the_start), TEST(test_full_at_the_start),
        TEST(test_a_proof_that_comes_later), TEST(test_other_files_stop_nothing), TEST(test_repetitions_write_nothing),
    };
    faulty_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
