/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files: what is there comes, the limit holds, a line leaves what follows it. */
#include "unit/support.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"

#define TEXT_BYTES 40000u

/* A pipe that holds `bytes`, at its end afterwards. */
static int pipe_of(struct cty_bytes bytes)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_ok(cty_fd_write(ends[1], bytes));
    close(ends[1]);
    return ends[0];
}

static int make_file(char path[static 32], struct cty_bytes bytes)
{
    snprintf(path, 32, "custody-file-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_ok(cty_fd_write(fd, bytes));
    return fd;
}

static void files_come_whole(void **state)
{
    (void)state;
    static uint8_t text[TEXT_BYTES];
    char path[32];
    struct cty_buf out = CTY_BUF_INIT(TEXT_BYTES + 2);
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (uint8_t)(i * 7 + i / 256);
    close(make_file(path, cty_bytes_make(text, sizeof(text))));
    assert_ok(cty_buf_put_text(&out, "ab"));
    assert_ok(cty_file_read(path, &out, NULL));
    assert_int_equal(out.size, sizeof(text) + 2);
    assert_memory_equal(out.data, "ab", 2);
    assert_memory_equal(out.data + 2, text, sizeof(text));
    cty_buf_done(&out);
    unlink(path);
}

static void nothing_is_nothing(void **state)
{
    (void)state;
    struct cty_buf out = CTY_BUF_INIT(0);
    assert_ok(cty_file_read("/dev/null", &out, NULL));
    assert_int_equal(out.size, 0);
    cty_buf_done(&out);
}

static void the_limit_holds(void **state)
{
    (void)state;
    char path[32];
    close(make_file(path, CTY_LITERAL("12345678")));
    for (size_t limit = 0; limit < 12; limit++) {
        struct cty_buf out = CTY_BUF_INIT(limit);
        custody_error error = {0};
        custody_err err = cty_file_read(path, &out, &error);
        assert_string_equal(custody_err_name(err), limit < 8 ? "too-large" : "ok");
        if (limit < 8)
            assert_string_equal(error.detail, path);
        cty_buf_done(&out);
    }
    unlink(path);
}

/* What has its room is never moved: a secret stays where it is guarded. */
static void given_memory_is_kept(void **state)
{
    (void)state;
    uint8_t memory[10];
    struct cty_buf out = {memory, 0, sizeof(memory), sizeof(memory) - 1};
    int fd = pipe_of(CTY_LITERAL("123456789"));
    assert_ok(cty_fd_read(fd, &out));
    close(fd);
    assert_ptr_equal(out.data, memory);
    assert_bytes_text(cty_buf_bytes(&out), "123456789");
    out.size = 0;
    fd = pipe_of(CTY_LITERAL("1234567890"));
    assert_refused(cty_fd_read(fd, &out), "too-large");
    close(fd);
    assert_ptr_equal(out.data, memory);
}

static void what_is_not_there_is_refused(void **state)
{
    (void)state;
    struct cty_buf out = CTY_BUF_INIT(100);
    custody_error error = {0};
    assert_refused(cty_file_read("custody-file-none", &out, &error), "not-found");
    assert_string_equal(error.detail, "custody-file-none: No such file or directory");
    assert_refused(cty_file_read(".", &out, &error), "io");
    assert_string_equal(error.detail, ".: Is a directory");
    assert_refused(cty_fd_read(-1, &out), "io");
    assert_refused(cty_fd_read_line(-1, &out), "io");
    assert_refused(cty_fd_write(-1, CTY_LITERAL("x")), "io");
    assert_int_equal(errno, EBADF);
    assert_ok(cty_fd_write(-1, CTY_LITERAL("")));
    assert_int_equal(out.size, 0);
    cty_buf_done(&out);
}

static void lines_leave_what_follows(void **state)
{
    (void)state;
    struct cty_buf out = CTY_BUF_INIT(5);
    int fd = pipe_of(CTY_LITERAL("first\n\nlast1"));
    assert_ok(cty_fd_read_line(fd, &out));
    assert_bytes_text(cty_buf_bytes(&out), "first");
    cty_buf_clear(&out);
    assert_ok(cty_fd_read_line(fd, &out));
    assert_int_equal(out.size, 0);
    assert_ok(cty_fd_read_line(fd, &out));
    assert_bytes_text(cty_buf_bytes(&out), "last1");
    close(fd);
    cty_buf_clear(&out);
    fd = pipe_of(CTY_LITERAL("longer\n"));
    assert_refused(cty_fd_read_line(fd, &out), "too-large");
    close(fd);
    cty_buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_come_whole),
        cmocka_unit_test(nothing_is_nothing),
        cmocka_unit_test(the_limit_holds),
        cmocka_unit_test(given_memory_is_kept),
        cmocka_unit_test(what_is_not_there_is_refused),
        cmocka_unit_test(lines_leave_what_follows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
