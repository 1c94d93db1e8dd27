/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that is full: the custodian serves reads and says why, and goes on by itself when there is room again. The disk
 * is a small one in memory that only this program and its children see; where that isn't allowed the test is skipped.
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

#define DISK "size=6m"

static char disk[64];

/* A mount in a namespace of our own: it goes when we do. */
static bool make_disk(void)
{
    snprintf(disk, sizeof(disk), "/tmp/custody-disk-XXXXXX");
    if (!mkdtemp(disk))
        return false;
    if (unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
        mount("custody", disk, "tmpfs", 0, DISK) == 0 && setenv("TMPDIR", disk, 1) == 0)
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

static void a_full_disk_is_waited_out(void **state)
{
    char filler[96];
    struct books_counts after;
    (void)state;
    if (!make_disk())
        skip();
    struct scene *scene = scene_new(NULL);
    fill_disk(filler, sizeof(filler));
    uint64_t taken = submit_until_full(scene);
    books_count(scene->house, &after);
    assert_int_equal(after.cases, scene->before.cases + taken);
    assert_int_equal(service_state(&scene->wire), CTY_SERVING_READS);
    assert_true(scene->wire.result.info.reason.size > 0);
    struct cty_judgement *judgement = draft_judge(scene->agent, &scene->held);
    cty_judgement_free(judgement);

    must_be(unlink(filler) == 0);
    uint64_t until = now_ms() + HOUSE_PATIENCE_MS;
    const char *code = "read-only";
    while (strcmp(code, "read-only") == 0 && now_ms() < until) {
        code = wire_submit_draft(&scene->wire, scene->draft);
        pause_ms(100);
    }
    assert_string_equal(code, "ok");
    assert_int_equal(service_state(&scene->wire), CTY_SERVING);
    books_count(scene->house, &scene->before);
    assert_int_equal(scene->before.cases, after.cases + 1);
    scene_unmoved(scene);

    struct books books = {.size = 0};
    books_open(&books, scene->house);
    const char *fault = books_fault(&books);
    if (fault)
        fail_msg("%s", fault);
    books_close(&books);
    scene_free(scene, true);
    drop_disk();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_full_disk_is_waited_out)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
