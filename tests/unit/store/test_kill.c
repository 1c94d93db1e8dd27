/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A writer that is killed in the middle of whatever it does. What it said was committed is there afterwards, and
 * nothing is half there. When it is killed depends on how far it has come, never on a clock.
 */
#include "desk.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/support.h"

#define ROUNDS 20

static struct desk desk;

static int setup(void **state)
{
    (void)state;
    desk_make(&desk);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    desk_remove(&desk);
    return 0;
}

/* Appends for ever, telling each size that is durable; never returns. */
static _Noreturn void write_on(int pipe_end, unsigned round)
{
    struct cty_store *store = NULL;
    if (cty_store_open(desk.path, &store, NULL) != CUSTODY_OK)
        _exit(2);
    for (unsigned i = 0;; i++) {
        if (desk_append(store, 1 + (i * 7 + round) % 23) != CUSTODY_OK)
            _exit(3);
        uint64_t size = cty_store_size(cty_store_view(store));
        if (write(pipe_end, &size, sizeof(size)) != (ssize_t)sizeof(size))
            _exit(4);
    }
}

/* Reads `count` sizes, kills, reads what was still told; the last one. */
static uint64_t kill_after(pid_t child, int pipe_end, unsigned count)
{
    uint64_t size = 0;
    uint64_t told = 0;
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(read(pipe_end, &told, sizeof(told)), sizeof(told));
        size = told;
    }
    assert_int_equal(kill(child, SIGKILL), 0);
    while (read(pipe_end, &told, sizeof(told)) == (ssize_t)sizeof(told))
        size = told;
    return size;
}

static uint64_t run_and_kill(unsigned round)
{
    int ends[2];
    int status = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[0]);
        write_on(ends[1], round);
    }
    close(ends[1]);
    uint64_t size = kill_after(child, ends[0], 1 + round * 5 % 13);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    close(ends[0]);
    return size;
}

static void what_was_committed_outlives_a_kill(void **state)
{
    (void)state;
    cty_store_close(desk_create(&desk));
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t told = run_and_kill(round);
        /* A reader comes first half of the time: it must cope with a log that nobody has recovered. */
        if (round % 2 == 0) {
            struct cty_store_reader *reader = desk_reader(&desk);
            assert_ok(cty_store_begin_read(reader, NULL));
            assert_true(cty_store_size(reader) >= told);
            cty_store_reader_close(reader);
        }
        assert_true(desk_reopen(&desk) >= told);
    }
}

/* Until what the dead writer left in the log is safe, nothing is written behind it. */
static void a_reader_of_an_old_log_is_waited_for(void **state)
{
    (void)state;
    struct cty_store *store = desk_create(&desk);
    assert_ok(desk_append(store, 10));
    cty_store_close(store);
    struct cty_store_reader *reader = desk_reader(&desk);
    assert_ok(cty_store_begin_read(reader, NULL));
    uint64_t told = run_and_kill(3);
    store = desk_open(&desk);
    desk_compare(cty_store_view(store));
    assert_true(cty_store_size(cty_store_view(store)) >= told);
    assert_refused(cty_store_begin(store, NULL), "busy");
    assert_refused(cty_store_begin(store, NULL), "busy");
    assert_int_equal(cty_store_size(reader), 10);
    desk_compare(reader);
    cty_store_end_read(reader);
    assert_ok(desk_append(store, 5));
    cty_store_reader_close(reader);
    cty_store_close(store);
    assert_true(desk_reopen(&desk) >= told + 5);
}

/* The lock goes with the process that held it. */
static void another_process_is_refused(void **state)
{
    (void)state;
    int status = 0;
    struct cty_store *store = desk_create(&desk);
    assert_ok(desk_append(store, 3));
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct cty_store *second = NULL;
        _exit(cty_store_open(desk.path, &second, NULL) == CUSTODY_E_STORE_LOCKED ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_ok(desk_append(store, 3));
    cty_store_close(store);
    assert_int_equal(desk_reopen(&desk), 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_committed_outlives_a_kill, setup, teardown),
        cmocka_unit_test_setup_teardown(a_reader_of_an_old_log_is_waited_for, setup, teardown),
        cmocka_unit_test_setup_teardown(another_process_is_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
