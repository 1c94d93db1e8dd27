/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that is full: the custodian serves reads and says why, and goes on by itself when there is room again. The disk
 * is a small one in memory that only this program and its children see; where that isn't allowed the tests are skipped.
 */
#include "unit/support.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "scene.h"

static char disk[64];

static bool write_map(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    if (fd >= 0)
        close(fd);
    return done;
}

/* Root needs no more than a namespace for mounts; others get one for users too, in which they stay who they are. */
static bool separate(void)
{
    char users[64], groups[64];
    static bool done;
    snprintf(users, sizeof(users), "%u %u 1", geteuid(), geteuid());
    snprintf(groups, sizeof(groups), "%u %u 1", getegid(), getegid());
    if (done || unshare(CLONE_NEWNS) == 0)
        return done = true;
    done = unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && write_map("/proc/self/setgroups", "deny") &&
           write_map("/proc/self/uid_map", users) && write_map("/proc/self/gid_map", groups);
    return done;
}

/* A mount in a namespace of our own: it goes when we do. */
static bool make_disk(const char *size)
{
    snprintf(disk, sizeof(disk), "/tmp/custody-disk-XXXXXX");
    if (!mkdtemp(disk))
        return false;
    if (separate() && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
        mount("custody", disk, "tmpfs", 0, size) == 0 && setenv("TMPDIR", disk, 1) == 0)
        return true;
    rmdir(disk);
    return false;
}

static void drop_disk(void)
{
    umount2(disk, MNT_DETACH);
    rmdir(disk);
}

/* Takes all the room that is left. */
static void fill_disk(char *path, size_t size)
{
    static const char filler[4096] = {1};
    snprintf(path, size, "%s/filler", disk);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    must_be(fd >= 0);
    while (write(fd, filler, sizeof(filler)) > 0)
        continue;
    must_be(errno == ENOSPC);
    close(fd);
}

static int service_state(struct wire *wire)
{
    assert_string_equal(wire_call(wire, CTY_RPC_INFO, NULL), "ok");
    return wire->result.info.state;
}

/* New statements until the disk is full; those that found room are in the ledger. */
static uint64_t submit_until_full(struct scene *scene)
{
    uint64_t taken = 0;
    const char *code = "ok";
    while (strcmp(code, "ok") == 0) {
        draft_request(scene->agent, "refund", scene->draft);
        code = wire_submit_draft(&scene->wire, scene->draft);
        taken += strcmp(code, "ok") == 0;
    }
    assert_string_equal(code, "read-only");
    return taken;
}

/* The last draft again until there is room; then it is served as before. */
static void go_on_with_room(struct scene *scene, const char *filler)
{
    must_be(unlink(filler) == 0);
    uint64_t until = now_ms() + HOUSE_PATIENCE_MS;
    const char *code = "read-only";
    while (strcmp(code, "read-only") == 0 && now_ms() < until) {
        code = wire_submit_draft(&scene->wire, scene->draft);
        pause_ms(100);
    }
    assert_string_equal(code, "ok");
    assert_int_equal(service_state(&scene->wire), CTY_SERVING);
}

static void assert_reads_go_on(struct scene *scene)
{
    assert_int_equal(service_state(&scene->wire), CTY_SERVING_READS);
    assert_true(scene->wire.result.info.reason.size > 0);
    struct cty_judgement *judgement = draft_judge(scene->agent, &scene->held);
    cty_judgement_free(judgement);
}

static void finish(struct scene *scene)
{
    struct books books = {.size = 0};
    books_open(&books, scene->house);
    const char *fault = books_fault(&books);
    if (fault)
        fail_msg("%s", fault);
    books_close(&books);
    scene_free(scene, true);
    drop_disk();
}

static void a_full_disk_is_waited_out(void **state)
{
    char filler[96];
    struct books_counts after;
    (void)state;
    if (!make_disk("size=6m"))
        skip();
    struct scene *scene = scene_new(NULL);
    fill_disk(filler, sizeof(filler));
    uint64_t taken = submit_until_full(scene);
    books_count(scene->house, &after);
    assert_int_equal(after.cases, scene->before.cases + taken);
    assert_reads_go_on(scene);
    go_on_with_room(scene, filler);
    books_count(scene->house, &scene->before);
    assert_int_equal(scene->before.cases, after.cases + 1);
    scene_unmoved(scene);
    finish(scene);
}

/* ---- while the log is brought into the database ---- */

static long size_of(const struct scene *scene, const char *suffix)
{
    char path[160];
    struct stat status;
    snprintf(path, sizeof(path), "%s%s", scene->house->database, suffix);
    must_be(stat(path, &status) == 0);
    return (long)status.st_size;
}

/* Until the database has grown: the log was brought into it, and is written from its beginning again. */
static void submit_until_folded(struct scene *scene)
{
    long before = size_of(scene, "");
    for (unsigned i = 0; i < 5000 && size_of(scene, "") == before; i++) {
        draft_request(scene->agent, "refund", scene->draft);
        assert_string_equal(wire_submit_draft(&scene->wire, scene->draft), "ok");
    }
    assert_true(size_of(scene, "") > before);
}

/*
 * The log is long already, so it takes what comes; the database finds no room to grow when the log is brought into it.
 * That is put off, and what was answered stands. Then the log is full too.
 */
static void a_disk_that_fills_while_the_log_is_long(void **state)
{
    char filler[96];
    struct books_counts before, after;
    (void)state;
    if (!make_disk("size=64m"))
        skip();
    struct scene *scene = scene_new(NULL);
    submit_until_folded(scene);
    draft_request(scene->agent, "refund", scene->draft);
    assert_string_equal(wire_submit_draft(&scene->wire, scene->draft), "ok");
    books_count(scene->house, &before);
    fill_disk(filler, sizeof(filler));
    long size = size_of(scene, ""), log = size_of(scene, "-wal");
    uint64_t taken = submit_until_full(scene);
    printf("# %llu more in a log of %ld KiB\n", (unsigned long long)taken, log / 1024);
    assert_true(taken > 100);
    assert_int_equal(size_of(scene, ""), size);
    books_count(scene->house, &after);
    assert_int_equal(after.cases, before.cases + taken);
    assert_reads_go_on(scene);
    go_on_with_room(scene, filler);
    submit_until_folded(scene);
    books_count(scene->house, &scene->before);
    scene_unmoved(scene);
    finish(scene);
}

/* ---- killed, and started without room ---- */

static void a_start_on_a_full_disk_serves_reads(void **state)
{
    char filler[96];
    struct books_counts after;
    (void)state;
    if (!make_disk("size=6m"))
        skip();
    struct scene *scene = scene_new(NULL);
    fill_disk(filler, sizeof(filler));
    uint64_t taken = submit_until_full(scene);
    for (unsigned i = 0; i < 3; i++) {
        house_kill(scene->house);
        house_start(scene->house);
        wire_close(&scene->wire);
        wire_open(&scene->wire, scene->house->url);
        assert_string_equal(wire_submit_draft(&scene->wire, scene->draft), "read-only");
        assert_reads_go_on(scene);
    }
    books_count(scene->house, &after);
    assert_int_equal(after.cases, scene->before.cases + taken);
    go_on_with_room(scene, filler);
    books_count(scene->house, &scene->before);
    assert_int_equal(scene->before.cases, after.cases + 1);
    scene_unmoved(scene);
    finish(scene);
}

/* ---- a backup without room ---- */

static void a_backup_without_room_leaves_nothing(void **state)
{
    char filler[96], copy[96], made[112];
    (void)state;
    if (!make_disk("size=6m"))
        skip();
    struct scene *scene = scene_new(NULL);
    struct child child = {.pid = 0};
    snprintf(copy, sizeof(copy), "%s/copy.db", disk);
    snprintf(made, sizeof(made), "%s.new-0001", copy);
    snprintf(child.log, sizeof(child.log), "/tmp/custody-disk-log-%d", (int)getpid());
    fill_disk(filler, sizeof(filler));
    const char *const argv[] = {house_program("CUSTODY_CUSTODY", "src/cli/custody"), "backup", "--ledger",
                                scene->house->database, "--to", copy, NULL};
    assert_int_equal(child_run(&child, argv, HOUSE_PATIENCE_MS), 3);
    assert_true(child_said(&child, "read-only"));
    assert_int_equal(access(copy, F_OK), -1);
    assert_int_equal(access(made, F_OK), -1);
    must_be(unlink(filler) == 0);
    assert_int_equal(child_run(&child, argv, HOUSE_PATIENCE_MS), 0);
    must_be(unlink(copy) == 0 && unlink(child.log) == 0);
    scene_unmoved(scene);
    finish(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_disk_is_waited_out),
        cmocka_unit_test(a_disk_that_fills_while_the_log_is_long),
        cmocka_unit_test(a_start_on_a_full_disk_serves_reads),
        cmocka_unit_test(a_backup_without_room_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
