/* SPDX-License-Identifier: Apache-2.0 */
/* Assertions end the program; cleanup frees at the end of the scope. */
#include "unit/support.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* Memory that can't be had is NULL under AddressSanitizer too. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

/* Runs CTY_CHECK in a process of its own; returns how that process ended. */
static int check_in_child(bool truth)
{
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        /* cmocka catches signals; here the default is wanted, and silence. */
        signal(SIGABRT, SIG_DFL);
        (void)!freopen("/dev/null", "w", stderr);
        CTY_CHECK(truth);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void broken_truth_aborts(void **state)
{
    (void)state;
    int status = check_in_child(false);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void truth_goes_on(void **state)
{
    (void)state;
    int status = check_in_child(true);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void alloc_zeroes_and_checks_sizes(void **state)
{
    (void)state;
    CTY_AUTO_FREE uint8_t *memory = cty_alloc(10, 10);
    assert_non_null(memory);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(memory[i], 0);
    assert_null(cty_alloc(SIZE_MAX, 2));
}

static void alloc_of_nothing_is_memory(void **state)
{
    (void)state;
    CTY_AUTO_FREE void *none = cty_alloc(0, 8);
    CTY_AUTO_FREE void *empty = cty_alloc(8, 0);
    assert_non_null(none);
    assert_non_null(empty);
}

static void free_pointer_forgets(void **state)
{
    (void)state;
    void *memory = malloc(1);
    cty_free_pointer(&memory);
    assert_null(memory);
    cty_free_pointer(&memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_truth_aborts),
        cmocka_unit_test(truth_goes_on),
        cmocka_unit_test(alloc_zeroes_and_checks_sizes),
        cmocka_unit_test(alloc_of_nothing_is_memory),
        cmocka_unit_test(free_pointer_forgets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
