/* SPDX-License-Identifier: Apache-2.0 */
#include "client/state.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "unit/support.h"

struct place {
    char folder[64];
    char path[128];
};

static int setup(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    assert_ok(cty_crypto_init());
    snprintf(place->folder, sizeof(place->folder), "/tmp/custody-state-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    snprintf(place->path, sizeof(place->path), "%s/state", place->folder);
    *state = place;
    return 0;
}

/* Every file in the folder; the folder too. */
static int teardown(void **state)
{
    struct place *place = *state;
    DIR *folder = opendir(place->folder);
    char path[400];
    for (struct dirent *item = readdir(folder); item; item = readdir(folder)) {
        snprintf(path, sizeof(path), "%s/%s", place->folder, item->d_name);
        unlink(path);
    }
    closedir(folder);
    assert_int_equal(rmdir(place->folder), 0);
    free(place);
    return 0;
}

static unsigned files_in(const char *folder)
{
    unsigned count = 0;
    DIR *dir = opendir(folder);
    for (struct dirent *item = readdir(dir); item; item = readdir(dir))
        count += item->d_name[0] != '.' ? 1 : 0;
    closedir(dir);
    return count;
}

static void assert_holds(const char *path, const char *text)
{
    struct cty_buf out = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    assert_ok(cty_state_read(path, &out, NULL));
    assert_bytes_text(cty_buf_bytes(&out), text);
    cty_buf_done(&out);
}

static void a_file_that_is_not_there_is_empty(void **state)
{
    struct place *place = *state;
    assert_holds(place->path, "");
}

static void what_is_known_is_replaced(void **state)
{
    struct place *place = *state;
    struct stat status;
    bool replaced = false;
    assert_ok(cty_state_replace(place->path, cty_bytes_text(""), cty_bytes_text("one"), &replaced, NULL));
    assert_true(replaced);
    assert_ok(cty_state_replace(place->path, cty_bytes_text("one"), cty_bytes_text("two"), &replaced, NULL));
    assert_true(replaced);
    assert_holds(place->path, "two");
    assert_int_equal(stat(place->path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    /* The file and its lock; nothing half-done is left. */
    assert_int_equal(files_in(place->folder), 2);
}

static void what_is_not_known_is_left(void **state)
{
    struct place *place = *state;
    bool replaced = false;
    assert_ok(cty_state_replace(place->path, cty_bytes_text(""), cty_bytes_text("one"), &replaced, NULL));
    replaced = true;
    assert_ok(cty_state_replace(place->path, cty_bytes_text("other"), cty_bytes_text("two"), &replaced, NULL));
    assert_false(replaced);
    assert_ok(cty_state_replace(place->path, cty_bytes_text(""), cty_bytes_text("two"), &replaced, NULL));
    assert_false(replaced);
    assert_holds(place->path, "one");
}

static void a_link_is_not_followed(void **state)
{
    struct place *place = *state;
    struct cty_buf out = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    bool replaced = false;
    assert_int_equal(symlink("/etc/hostname", place->path), 0);
    assert_refused(cty_state_read(place->path, &out, NULL), "io");
    assert_refused(cty_state_replace(place->path, cty_bytes_text(""), cty_bytes_text("x"), &replaced, NULL), "io");
    cty_buf_done(&out);
}

static void no_regular_file_is_refused(void **state)
{
    struct place *place = *state;
    struct cty_buf out = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    custody_error error = {0};
    assert_int_equal(mkfifo(place->path, 0600), 0);
    assert_refused(cty_state_read(place->path, &out, &error), "io");
    assert_non_null(strstr(error.detail, "no regular file"));
    cty_buf_done(&out);
}

static void a_file_beyond_a_note_is_refused(void **state)
{
    struct place *place = *state;
    struct cty_buf out = CTY_BUF_INIT(16);
    bool replaced = false;
    assert_ok(cty_state_replace(place->path, cty_bytes_text(""), cty_bytes_text("0123456789abcdefX"), &replaced, NULL));
    assert_refused(cty_state_read(place->path, &out, NULL), "too-large");
    cty_buf_done(&out);
}

static void a_folder_that_is_not_there_is_told(void **state)
{
    struct place *place = *state;
    char path[200];
    bool replaced = false;
    snprintf(path, sizeof(path), "%s/none/state", place->folder);
    assert_refused(cty_state_replace(path, cty_bytes_text(""), cty_bytes_text("x"), &replaced, NULL), "io");
}

static void what_is_put_new_is_never_overwritten(void **state)
{
    struct place *place = *state;
    struct stat status;
    char path[200];
    snprintf(path, sizeof(path), "%s/kept", place->folder);
    assert_ok(cty_state_put_new(path, cty_bytes_text("first"), NULL));
    assert_ok(cty_state_put_new(path, cty_bytes_text("second"), NULL));
    assert_holds(path, "first");
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(files_in(place->folder), 1);
    snprintf(path, sizeof(path), "%s/none/kept", place->folder);
    assert_refused(cty_state_put_new(path, cty_bytes_text("x"), NULL), "io");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_that_is_not_there_is_empty, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_known_is_replaced, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_not_known_is_left, setup, teardown),
        cmocka_unit_test_setup_teardown(a_link_is_not_followed, setup, teardown),
        cmocka_unit_test_setup_teardown(no_regular_file_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_beyond_a_note_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_folder_that_is_not_there_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_put_new_is_never_overwritten, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
