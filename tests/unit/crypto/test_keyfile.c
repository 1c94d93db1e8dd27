/* SPDX-License-Identifier: Apache-2.0 */
/* Key files on disk: how they are made and which are read. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/keyfile.h"
#include "unit/crypto/hex.h"

#define PASSPHRASE CTY_LITERAL("correct horse")

static const struct cty_passphrase_cost cheap = {1, 8192};

struct place {
    char folder[64];
    char path[128];
    struct cty_secret *secret;
};

static int place_setup(void **state)
{
    static struct place place;
    uint8_t seed[32];
    memset(seed, 7, sizeof(seed));
    snprintf(place.folder, sizeof(place.folder), "/tmp/custody-test-XXXXXX");
    if (!mkdtemp(place.folder))
        return -1;
    snprintf(place.path, sizeof(place.path), "%s/alice.key", place.folder);
    if (cty_secret_from_seed(CTY_LITERAL("acme/alice"), seed, &place.secret) != CUSTODY_OK)
        return -1;
    *state = &place;
    return 0;
}

static int entry_remove(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status, (void)kind, (void)where;
    return remove(path);
}

static int place_teardown(void **state)
{
    struct place *place = *state;
    cty_secret_free_pointer(&place->secret);
    return nftw(place->folder, entry_remove, 8, FTW_DEPTH | FTW_PHYS);
}

static void file_write(const char *path, struct cty_bytes bytes, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes.data, bytes.size), bytes.size);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void key_file_write(const struct place *place, struct cty_bytes passphrase, mode_t mode)
{
    CTY_CLEANUP(cty_secret_buf_done) struct cty_buf text = cty_secret_buf_make();
    assert_ok(cty_secret_format(place->secret, passphrase, &cheap, &text));
    file_write(place->path, cty_buf_bytes(&text), mode);
}

/* What loading says; both doors to the file must judge it alike. */
static custody_err load(const char *path, struct cty_bytes passphrase, custody_error *error)
{
    CTY_CLEANUP(cty_secret_free_pointer) struct cty_secret *secret = NULL;
    custody_err err = cty_secret_load(path, passphrase, &secret, error);
    bool needs = false;
    if (err != CUSTODY_OK && err != CUSTODY_E_BAD_PASSPHRASE)
        assert_int_equal(cty_secret_needs_passphrase(path, &needs, NULL), err);
    assert_true((err == CUSTODY_OK) == (secret != NULL));
    return err;
}

static void assert_load_refused(const char *path, const char *code, const char *detail)
{
    custody_error error = {0};
    assert_refused(load(path, no_bytes(), &error), code);
    assert_int_equal(error.code, custody_err_parse(code));
    assert_non_null(strstr(error.detail, detail));
}

static void test_save_and_load(void **state)
{
    struct place *place = *state;
    struct stat status;
    struct cty_secret *secret = NULL;
    bool needs = true;
    mode_t mask = umask(0);
    assert_ok(cty_secret_save(place->secret, place->path, no_bytes(), NULL));
    umask(mask);
    assert_int_equal(stat(place->path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_ok(cty_secret_needs_passphrase(place->path, &needs, NULL));
    assert_false(needs);
    assert_ok(cty_secret_load(place->path, no_bytes(), &secret, NULL));
    assert_true(cty_key_equal(cty_secret_key(secret), cty_secret_key(place->secret)));
    cty_secret_free(secret);
}

/* A mask that takes the owner's rights does not make a file that its owner can't read. */
static void test_save_under_harsh_mask(void **state)
{
    struct place *place = *state;
    struct stat status;
    mode_t mask = umask(0777);
    assert_ok(cty_secret_save(place->secret, place->path, no_bytes(), NULL));
    umask(mask);
    assert_int_equal(stat(place->path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
}

/* With the cost that people get. */
static void test_save_with_passphrase(void **state)
{
    struct place *place = *state;
    struct cty_secret *secret = NULL;
    bool needs = false;
    char text[1024] = {0};
    assert_ok(cty_secret_save(place->secret, place->path, PASSPHRASE, NULL));
    assert_ok(cty_secret_needs_passphrase(place->path, &needs, NULL));
    assert_true(needs);
    assert_ok(cty_secret_load(place->path, PASSPHRASE, &secret, NULL));
    cty_secret_free(secret);
    int fd = open(place->path, O_RDONLY | O_CLOEXEC);
    assert_true(read(fd, text, sizeof(text) - 1) > 0);
    close(fd);
    assert_non_null(strstr(text, "passphrase: argon2id 3 268435456 "));
}

static void test_save_never_overwrites(void **state)
{
    struct place *place = *state;
    custody_error error = {0};
    struct stat status;
    file_write(place->path, CTY_LITERAL("mine"), 0644);
    assert_refused(cty_secret_save(place->secret, place->path, no_bytes(), &error), "exists");
    assert_string_equal(error.detail, place->path);
    assert_int_equal(stat(place->path, &status), 0);
    assert_int_equal(status.st_size, 4);
}

/* Not even a link that leads nowhere is followed. */
static void test_save_follows_no_link(void **state)
{
    struct place *place = *state;
    char target[160];
    struct stat status;
    snprintf(target, sizeof(target), "%s.target", place->path);
    assert_int_equal(symlink(target, place->path), 0);
    assert_refused(cty_secret_save(place->secret, place->path, no_bytes(), NULL), "exists");
    assert_int_equal(stat(target, &status), -1);
}

static void test_save_without_folder(void **state)
{
    struct place *place = *state;
    char path[160];
    custody_error error = {0};
    snprintf(path, sizeof(path), "%s/none/alice.key", place->folder);
    assert_refused(cty_secret_save(place->secret, path, no_bytes(), &error), "io");
    assert_non_null(strstr(error.detail, "none"));
    snprintf(path, sizeof(path), "%s/", place->folder);
    assert_refused(cty_secret_save(place->secret, path, no_bytes(), NULL), "io");
}

static void test_save_passphrase_too_long(void **state)
{
    struct place *place = *state;
    char text[CTY_PASSPHRASE_BYTES_MAX + 1];
    memset(text, 'p', sizeof(text));
    assert_refused(cty_secret_save(place->secret, place->path, cty_bytes_make(text, sizeof(text)), NULL),
                   "too-large");
    assert_int_equal(access(place->path, F_OK), -1);
}

static void test_save_in_current_folder(void **state)
{
    struct place *place = *state;
    char before[4096];
    assert_non_null(getcwd(before, sizeof(before)));
    assert_int_equal(chdir(place->folder), 0);
    assert_ok(cty_secret_save(place->secret, "alice.key", no_bytes(), NULL));
    assert_ok(load("alice.key", no_bytes(), NULL));
    assert_int_equal(chdir(before), 0);
}

/* A write that fails half way leaves nothing behind. */
static void test_save_removes_on_failure(void **state)
{
    struct place *place = *state;
    custody_error error = {0};
    struct rlimit before, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before, small.rlim_cur = 100;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    custody_err err = cty_secret_save(place->secret, place->path, no_bytes(), &error);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    assert_refused(err, "io");
    assert_non_null(strstr(error.detail, "writing"));
    assert_int_equal(access(place->path, F_OK), -1);
    assert_ok(cty_secret_save(place->secret, place->path, no_bytes(), NULL));
}

/* --- loading --------------------------------------------------------------------------------------- */

static void test_load_open_mode(void **state)
{
    struct place *place = *state;
    static const mode_t open_modes[] = {0644, 0640, 0604, 0620, 0602, 0610, 0601, 0660, 0666, 0777};
    static const mode_t good_modes[] = {0600, 0400, 0700};
    key_file_write(place, no_bytes(), 0600);
    for (size_t i = 0; i < CTY_COUNT_OF(open_modes); i++) {
        assert_int_equal(chmod(place->path, open_modes[i]), 0);
        assert_load_refused(place->path, "key-file-open", "mode 0");
    }
    for (size_t i = 0; i < CTY_COUNT_OF(good_modes); i++) {
        assert_int_equal(chmod(place->path, good_modes[i]), 0);
        assert_ok(load(place->path, no_bytes(), NULL));
    }
}

/* Only root can give a file away; for root, too, another's file is refused. */
static void test_load_foreign_owner(void **state)
{
    struct place *place = *state;
    if (geteuid() != 0)
        skip();
    key_file_write(place, no_bytes(), 0600);
    assert_int_equal(chown(place->path, 65534, (gid_t)-1), 0);
    assert_load_refused(place->path, "key-file-open", "another user");
    assert_int_equal(chown(place->path, 0, (gid_t)-1), 0);
    assert_ok(load(place->path, no_bytes(), NULL));
}

static void assert_load_ok(const char *path)
{
    struct cty_secret *secret = NULL;
    custody_error error = {0};
    assert_ok(cty_secret_load(path, cty_bytes_make(NULL, 0), &secret, &error));
    cty_secret_free(secret);
}

/* As systemd 254 leaves them: root's, the mask of an access list where the group's rights stand. */
static void test_load_credential(void **state)
{
    struct place *place = *state;
    char other[80];
    key_file_write(place, cty_bytes_make(NULL, 0), 0440);
    assert_int_equal(chmod(place->folder, 0550), 0);
    assert_load_refused(place->path, "key-file-open", "mode 0440");
    snprintf(other, sizeof(other), "%s/..", place->folder);
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", other, 1), 0);
    assert_load_refused(place->path, "key-file-open", "mode 0440");
    snprintf(other, sizeof(other), "%s/../%s", place->folder, strrchr(place->folder, '/') + 1);
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", other, 1), 0);
    assert_load_ok(place->path);
    static const mode_t open_modes[] = {0444, 0460, 0450, 0441};
    for (size_t i = 0; i < CTY_COUNT_OF(open_modes); i++) {
        assert_int_equal(chmod(place->path, open_modes[i]), 0);
        assert_load_refused(place->path, "key-file-open", "mode 04");
    }
    assert_int_equal(chmod(place->path, 0440), 0);
    static const mode_t open_folders[] = {0570, 0551, 0755};
    for (size_t i = 0; i < CTY_COUNT_OF(open_folders); i++) {
        assert_int_equal(chmod(place->folder, open_folders[i]), 0);
        assert_load_refused(place->path, "key-file-open", "mode 0440");
    }
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
    assert_int_equal(chmod(place->folder, 0700), 0);
}

/* What another user than root put there is not a service manager's. */
static void test_load_credential_owner(void **state)
{
    struct place *place = *state;
    if (geteuid() != 0)
        skip();
    key_file_write(place, cty_bytes_make(NULL, 0), 0440);
    assert_int_equal(chown(place->path, 0, 65534), 0);
    assert_int_equal(chown(place->folder, 0, 65534), 0);
    assert_int_equal(chmod(place->folder, 0550), 0);
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", place->folder, 1), 0);
    assert_int_equal(setegid(65534), 0);
    assert_int_equal(seteuid(65534), 0);
    assert_load_ok(place->path);
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(chown(place->path, 65533, 65534), 0);
    assert_int_equal(seteuid(65534), 0);
    assert_load_refused(place->path, "key-file-open", "another user");
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(setegid(0), 0);
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
    assert_int_equal(chmod(place->folder, 0700), 0);
}

static void test_load_missing(void **state)
{
    struct place *place = *state;
    char below[160];
    assert_load_refused(place->path, "not-found", place->path);
    key_file_write(place, no_bytes(), 0600);
    snprintf(below, sizeof(below), "%s/key", place->path);
    assert_load_refused(below, "not-found", "alice.key/key");
}

static void test_load_symlink(void **state)
{
    struct place *place = *state;
    char link[160];
    key_file_write(place, no_bytes(), 0600);
    snprintf(link, sizeof(link), "%s.link", place->path);
    assert_int_equal(symlink(place->path, link), 0);
    assert_load_refused(link, "bad-key-file", "symbolic link");
}

/* Neither a folder, nor a pipe that nobody writes to: refused, and at once. */
static void test_load_not_a_file(void **state)
{
    struct place *place = *state;
    assert_load_refused(place->folder, "bad-key-file", "not a regular file");
    assert_int_equal(mkfifo(place->path, 0600), 0);
    assert_load_refused(place->path, "bad-key-file", "not a regular file");
    assert_load_refused("/dev/null", "bad-key-file", "not a regular file");
}

static void test_load_sizes(void **state)
{
    struct place *place = *state;
    static char text[CTY_KEY_FILE_BYTES_MAX + 1];
    memset(text, 'a', sizeof(text));
    file_write(place->path, cty_bytes_make(text, sizeof(text)), 0600);
    assert_load_refused(place->path, "bad-key-file", "too large");
    assert_int_equal(truncate(place->path, CTY_KEY_FILE_BYTES_MAX), 0);
    assert_load_refused(place->path, "bad-key-file", "first line");
    assert_int_equal(truncate(place->path, 0), 0);
    assert_load_refused(place->path, "bad-key-file", "first line");
}

static void test_load_passphrase(void **state)
{
    struct place *place = *state;
    bool needs = false;
    key_file_write(place, PASSPHRASE, 0600);
    assert_ok(cty_secret_needs_passphrase(place->path, &needs, NULL));
    assert_true(needs);
    assert_ok(load(place->path, PASSPHRASE, NULL));
    assert_load_refused(place->path, "bad-passphrase", "needs a passphrase");
    assert_refused(load(place->path, CTY_LITERAL("wrong"), NULL), "bad-passphrase");
}

#define PLACE_TEST(test) cmocka_unit_test_setup_teardown(test, place_setup, place_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACE_TEST(test_save_and_load),
        PLACE_TEST(test_save_under_harsh_mask),
        PLACE_TEST(test_save_with_passphrase),
        PLACE_TEST(test_save_never_overwrites),
        PLACE_TEST(test_save_follows_no_link),
        PLACE_TEST(test_save_without_folder),
        PLACE_TEST(test_save_passphrase_too_long),
        PLACE_TEST(test_save_in_current_folder),
        PLACE_TEST(test_save_removes_on_failure),
        PLACE_TEST(test_load_open_mode),
        PLACE_TEST(test_load_foreign_owner),
        PLACE_TEST(test_load_credential),
        PLACE_TEST(test_load_credential_owner),
        PLACE_TEST(test_load_missing),
        PLACE_TEST(test_load_symlink),
        PLACE_TEST(test_load_not_a_file),
        PLACE_TEST(test_load_sizes),
        PLACE_TEST(test_load_passphrase),
    };
    if (cty_crypto_init() != CUSTODY_OK)
        return 1;
    return cmocka_run_group_tests_name("crypto/keyfile", tests, NULL, NULL);
}
