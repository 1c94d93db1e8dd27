/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files: what is there comes, the limit holds, a line leaves what follows it; what is put is there whole or not at all. */
#include "unit/support.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
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

/* --- whole or not at all ----------------------------------------------------------------------------------- */

/* A folder of its own, and a path in it. */
struct place {
    char folder[32];
    char path[64];
};

static struct place make_place(void)
{
    struct place place = {.folder = "custody-files-XXXXXX"};
    assert_non_null(mkdtemp(place.folder));
    snprintf(place.path, sizeof(place.path), "%s/file", place.folder);
    return place;
}

static unsigned files_in(const struct place *place)
{
    unsigned count = 0;
    DIR *dir = opendir(place->folder);
    assert_non_null(dir);
    for (struct dirent *item = readdir(dir); item; item = readdir(dir))
        count += item->d_name[0] != '.' ? 1 : 0;
    closedir(dir);
    return count;
}

static void end_place(const struct place *place)
{
    assert_int_equal(unlink(place->path), 0);
    assert_int_equal(rmdir(place->folder), 0);
}

static void expect_file(const struct place *place, const char *text, unsigned mode)
{
    struct cty_buf out = CTY_BUF_INIT(100);
    struct stat is;
    assert_ok(cty_file_read(place->path, &out, NULL));
    assert_bytes_text(cty_buf_bytes(&out), text);
    assert_int_equal(stat(place->path, &is), 0);
    assert_int_equal(is.st_mode & 07777, mode);
    assert_int_equal(files_in(place), 1);
    cty_buf_done(&out);
}

static void a_new_file_replaces_none(void **state)
{
    (void)state;
    const struct place place = make_place();
    mode_t mask = umask(022);
    assert_ok(cty_file_put_new(place.path, 0644, CTY_LITERAL("first"), NULL));
    expect_file(&place, "first", 0644);
    assert_refused(cty_file_put_new(place.path, 0600, CTY_LITERAL("second"), NULL), "exists");
    expect_file(&place, "first", 0644);
    assert_ok(cty_file_replace(place.path, 0600, CTY_LITERAL("second"), NULL));
    expect_file(&place, "second", 0600);
    assert_ok(cty_file_replace(place.path, 0600, CTY_LITERAL(""), NULL));
    expect_file(&place, "", 0600);
    umask(mask);
    end_place(&place);
}

/* A link that leads nowhere has the name too, and is not followed. */
static void links_are_not_followed(void **state)
{
    (void)state;
    const struct place place = make_place();
    assert_int_equal(symlink("nowhere", place.path), 0);
    assert_refused(cty_file_put_new(place.path, 0600, CTY_LITERAL("text"), NULL), "exists");
    assert_ok(cty_file_replace(place.path, 0600, CTY_LITERAL("text"), NULL));
    expect_file(&place, "text", 0600);
    end_place(&place);
}

static void what_a_killed_one_left_is_no_hindrance(void **state)
{
    (void)state;
    const struct place place = make_place();
    char left[128];
    snprintf(left, sizeof(left), "%s.new.%ld", place.path, (long)getpid());
    for (int i = 0; i < 2; i++) {
        int fd = open(left, O_WRONLY | O_CREAT | O_EXCL, 0400);
        assert_true(fd >= 0);
        assert_ok(cty_fd_write(fd, CTY_LITERAL("half of something long")));
        close(fd);
        if (i == 0)
            assert_ok(cty_file_put_new(place.path, 0600, CTY_LITERAL("new"), NULL));
        else
            assert_ok(cty_file_replace(place.path, 0600, CTY_LITERAL("replaced"), NULL));
        expect_file(&place, i == 0 ? "new" : "replaced", 0600);
    }
    end_place(&place);
}

#define RACE_BYTES 20000u

struct racer {
    const char *path;
    custody_err err;
    char letter;
};

static void *race(void *context)
{
    struct racer *racer = context;
    char text[RACE_BYTES];
    memset(text, racer->letter, sizeof(text));
    racer->err = cty_file_put_new(racer->path, 0600, cty_bytes_make(text, sizeof(text)), NULL);
    return NULL;
}

/* Two threads find the same thing at the same time: one of them writes it, whole. */
static void one_of_two_threads_writes_it(void **state)
{
    (void)state;
    const struct place place = make_place();
    for (int round = 0; round < 50; round++) {
        struct racer racers[2] = {{place.path, CUSTODY_E_INTERNAL, 'a'}, {place.path, CUSTODY_E_INTERNAL, 'b'}};
        struct cty_buf text = CTY_BUF_INIT(2 * RACE_BYTES);
        pthread_t threads[2];
        for (int i = 0; i < 2; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
        for (int i = 0; i < 2; i++)
            assert_int_equal(pthread_join(threads[i], NULL), 0);
        const struct racer *won = &racers[racers[0].err != CUSTODY_OK], *lost = &racers[won == &racers[0]];
        assert_ok(won->err);
        assert_refused(lost->err, "exists");
        assert_ok(cty_file_read(place.path, &text, NULL));
        assert_int_equal(text.size, RACE_BYTES);
        for (size_t i = 0; i < text.size; i++)
            assert_int_equal(text.data[i], won->letter);
        cty_buf_done(&text);
        assert_int_equal(files_in(&place), 1);
        assert_int_equal(round < 49 ? unlink(place.path) : 0, 0);
    }
    end_place(&place);
}

static void where_no_file_can_be_none_is(void **state)
{
    (void)state;
    const struct place place = make_place();
    custody_error error = {.detail = ""};
    char path[128];
    assert_refused(cty_file_put_new("nowhere/at/all", 0600, CTY_LITERAL("text"), &error), "io");
    assert_non_null(strstr(error.detail, "No such file"));
    assert_refused(cty_file_replace("nowhere/at/all", 0600, CTY_LITERAL("text"), NULL), "io");
    assert_refused(cty_file_replace(place.folder, 0600, CTY_LITERAL("text"), NULL), "io"); /* a folder stays one */
    assert_refused(cty_file_put_new(place.folder, 0600, CTY_LITERAL("text"), NULL), "exists");
    assert_ok(cty_file_put_new(place.path, 0600, CTY_LITERAL("text"), NULL));
    snprintf(path, sizeof(path), "%s/below", place.path);
    assert_refused(cty_file_put_new(path, 0600, CTY_LITERAL("text"), NULL), "io");
    if (geteuid() != 0) { /* who is root is refused nothing */
        assert_int_equal(chmod(place.folder, 0500), 0);
        assert_refused(cty_file_replace(place.path, 0600, CTY_LITERAL("more"), NULL), "io");
        assert_refused(cty_file_put_new(place.path, 0600, CTY_LITERAL("more"), NULL), "exists");
        assert_int_equal(chmod(place.folder, 0700), 0);
    }
    expect_file(&place, "text", 0600);
    end_place(&place);
}

/* A disk that takes a part and no more: what was there stays, and nothing is left of the rest. */
static void a_full_disk_changes_nothing(void **state)
{
    (void)state;
    static uint8_t text[TEXT_BYTES];
    const struct place place = make_place();
    const struct cty_bytes large = cty_bytes_make(text, sizeof(text));
    struct rlimit before, little;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    little = (struct rlimit){.rlim_cur = TEXT_BYTES / 2, .rlim_max = before.rlim_max};
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
    custody_err made = cty_file_put_new(place.path, 0600, large, NULL);
    unsigned left = files_in(&place);
    custody_err small = cty_file_put_new(place.path, 0600, CTY_LITERAL("small"), NULL);
    custody_err replaced = cty_file_replace(place.path, 0600, large, NULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    assert_refused(made, "io");
    assert_int_equal(left, 0);
    assert_ok(small);
    assert_refused(replaced, "io");
    expect_file(&place, "small", 0600);
    assert_ok(cty_file_replace(place.path, 0600, large, NULL));
    end_place(&place);
}

static void a_path_without_a_folder_is_here(void **state)
{
    (void)state;
    assert_ok(cty_file_put_new("custody-file-here", 0600, CTY_LITERAL("text"), NULL));
    assert_refused(cty_file_put_new("custody-file-here", 0600, CTY_LITERAL("text"), NULL), "exists");
    assert_int_equal(unlink("custody-file-here"), 0);
}

static void renaming_spares_what_is_there(void **state)
{
    (void)state;
    const struct place place = make_place();
    char other[128];
    snprintf(other, sizeof(other), "%s.other", place.path);
    assert_ok(cty_file_put_new(place.path, 0600, CTY_LITERAL("one"), NULL));
    assert_ok(cty_file_put_new(other, 0600, CTY_LITERAL("two"), NULL));
    assert_int_equal(cty_file_rename_new(other, place.path), -1);
    assert_int_equal(errno, EEXIST);
    assert_int_equal(files_in(&place), 2);
    assert_int_equal(unlink(place.path), 0);
    assert_int_equal(cty_file_rename_new(other, place.path), 0);
    expect_file(&place, "two", 0600);
    end_place(&place);
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
        cmocka_unit_test(a_new_file_replaces_none),
        cmocka_unit_test(links_are_not_followed),
        cmocka_unit_test(what_a_killed_one_left_is_no_hindrance),
        cmocka_unit_test(one_of_two_threads_writes_it),
        cmocka_unit_test(where_no_file_can_be_none_is),
        cmocka_unit_test(a_full_disk_changes_nothing),
        cmocka_unit_test(a_path_without_a_folder_is_here),
        cmocka_unit_test(renaming_spares_what_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
