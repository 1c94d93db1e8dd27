/* SPDX-License-Identifier: Apache-2.0 */
/* Where secrets lie: locked, in no dump, in no child, and gone before their pages are. */
#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/key.h"
#include "unit/support.h"

static uint8_t seed[32];
static unsigned unmapped_with_seed;
static unsigned unmapped;

/* Stands before the C library's, also for libsodium: looks at what is given back. Guard pages can't be looked at. */
__attribute__((visibility("default"))) int munmap(void *address, size_t size)
{
    long page = sysconf(_SC_PAGESIZE);
    for (size_t at = 0; at < size; at += (size_t)page) {
        uint8_t *begin = (uint8_t *)address + at;
        int ends[2];
        /* The kernel says whether it can be read, without a signal. */
        if (syscall(SYS_pipe2, ends, 0) != 0)
            return -1;
        bool readable = syscall(SYS_write, ends[1], begin, 1) == 1;
        (void)syscall(SYS_close, ends[0]);
        (void)syscall(SYS_close, ends[1]);
        unmapped += readable ? 1 : 0;
        if (readable && memmem(begin, (size_t)page, seed, sizeof(seed)))
            unmapped_with_seed++;
    }
    return (int)syscall(SYS_munmap, address, size);
}

static struct cty_secret *make(void)
{
    struct cty_secret *secret = NULL;
    memset(seed, 0xa7, sizeof(seed));
    assert_ok(cty_secret_from_seed(CTY_LITERAL("acme/alice"), seed, &secret));
    return secret;
}

/* The line of flags of the mapping that holds the address, in /proc/self/smaps. */
static void flags_of(const void *address, char ret_flags[256])
{
    char line[512];
    bool inside = false;
    FILE *file = fopen("/proc/self/smaps", "r");
    assert_non_null(file);
    ret_flags[0] = 0;
    while (fgets(line, sizeof(line), file)) {
        char *dash = NULL;
        uintptr_t begin = (uintptr_t)strtoull(line, &dash, 16);
        if (dash > line && *dash == '-')
            inside = (uintptr_t)address >= begin && (uintptr_t)address < (uintptr_t)strtoull(dash + 1, NULL, 16);
        if (inside && strncmp(line, "VmFlags:", 8) == 0)
            snprintf(ret_flags, 256, "%.250s", line + 8);
    }
    fclose(file);
}

static void it_is_locked_and_in_no_dump(void **state)
{
    static const char *const wanted[] = {" lo ", " dd ", " wf "};
    (void)state;
    if (SANITIZED)
        skip(); /* their mlock locks nothing, and says that it did */
    struct cty_secret *secret = make();
    custody_error error = {0};
    char flags[256];
    assert_ok(cty_secret_lock(secret, &error));
    flags_of(cty_secret_key(secret), flags);
    for (size_t i = 0; i < CTY_COUNT_OF(wanted); i++)
        assert_non_null(strstr(flags, wanted[i]));
    assert_null(strstr(flags, " wr "));
    struct cty_signature signature;
    cty_sign(secret, CTY_LITERAL("hello"), &signature);
    assert_ok(cty_verify(cty_secret_key(secret), CTY_LITERAL("hello"), &signature));
    cty_secret_free(secret);
}

static int status_of(pid_t pid)
{
    int status = 0;
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void a_child_has_nothing(void **state)
{
    static const struct cty_key none;
    struct cty_secret *secret = make();
    custody_error error = {0};
    (void)state;
    for (int locked = 0; locked < 2; locked++) {
        if (locked)
            assert_ok(cty_secret_lock(secret, &error));
        pid_t pid = fork();
        if (pid == 0)
            _exit(cty_key_equal(cty_secret_key(secret), &none) ? 1 : 0);
        assert_int_equal(status_of(pid), locked);
    }
    cty_secret_free(secret);
}

/* In a child: without the right to lock, and with a limit of nothing. */
static int try_without_room(void)
{
    static const struct rlimit nothing = {0, 0};
    struct cty_secret *secret = NULL;
    custody_error error = {0};
    if (setrlimit(RLIMIT_MEMLOCK, &nothing) != 0 || (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0))
        return 10;
    if (cty_secret_from_seed(CTY_LITERAL("acme/alice"), seed, &secret) != CUSTODY_OK)
        return 11;
    if (cty_secret_lock(secret, &error) != CUSTODY_E_NO_MEMORY || !strstr(error.detail, "locked in memory"))
        return 12;
    struct cty_signature signature;
    cty_sign(secret, CTY_LITERAL("hello"), &signature);
    return cty_verify(cty_secret_key(secret), CTY_LITERAL("hello"), &signature) == CUSTODY_OK ? 0 : 13;
}

static void where_it_cannot_be_locked_one_hears_it(void **state)
{
    (void)state;
    if (SANITIZED)
        skip();
    pid_t pid = fork();
    if (pid == 0)
        _exit(try_without_room());
    assert_int_equal(status_of(pid), 0);
}

static void it_is_wiped_before_its_pages_go(void **state)
{
    custody_error error = {0};
    (void)state;
    for (int locked = 0; locked < 2; locked++) {
        struct cty_secret *secret = make();
        if (locked)
            assert_ok(cty_secret_lock(secret, &error));
        unmapped = unmapped_with_seed = 0;
        cty_secret_free(secret);
        assert_true(unmapped > 0);
        assert_int_equal(unmapped_with_seed, 0);
    }
    /* And the look sees what is there. */
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(page != MAP_FAILED);
    memcpy((uint8_t *)page + 100, seed, sizeof(seed));
    assert_int_equal(munmap(page, 4096), 0);
    assert_int_equal(unmapped_with_seed, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_locked_and_in_no_dump),
        cmocka_unit_test(a_child_has_nothing),
        cmocka_unit_test(where_it_cannot_be_locked_one_hears_it),
        cmocka_unit_test(it_is_wiped_before_its_pages_go),
    };
    if (cty_crypto_init() != CUSTODY_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
