/* SPDX-License-Identifier: Apache-2.0 */
/* The published development keys: the table and the files of keys/ are the same. */
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/development.h"
#include "crypto/keyfile.h"
#include "unit/crypto/hex.h"

struct copy {
    char folder[64];
    char path[128];
};

/* Copies a file of keys/ out, as `install -m` would. */
static void copy_make(struct copy *copy, const char *file, mode_t mode)
{
    char path[4096], text[CTY_KEY_FILE_BYTES_MAX];
    snprintf(path, sizeof(path), "%s/%s", KEYS_FOLDER, file);
    FILE *from = fopen(path, "rbe");
    assert_non_null(from);
    size_t size = fread(text, 1, sizeof(text), from);
    fclose(from);
    snprintf(copy->folder, sizeof(copy->folder), "/tmp/custody-test-XXXXXX");
    assert_non_null(mkdtemp(copy->folder));
    snprintf(copy->path, sizeof(copy->path), "%s/key", copy->folder);
    FILE *to = fopen(copy->path, "wbe");
    assert_non_null(to);
    assert_int_equal(fwrite(text, 1, size, to), size);
    fclose(to);
    assert_int_equal(chmod(copy->path, mode), 0);
}

static void copy_remove(struct copy *copy)
{
    unlink(copy->path);
    rmdir(copy->folder);
}

static void assert_row(const struct cty_development_key *row)
{
    struct copy copy;
    struct cty_secret *secret = NULL;
    copy_make(&copy, row->file, 0600);
    assert_ok(cty_secret_load(copy.path, no_bytes(), &secret, NULL));
    assert_bytes_text(cty_secret_name(secret), row->name);
    assert_true(cty_key_equal(cty_secret_key(secret), &row->key));
    assert_true(cty_key_equal(cty_secret_sealing_key(secret), &row->sealing_key));
    assert_true(cty_key_is_development(cty_secret_key(secret)));
    assert_true(cty_key_is_development(cty_secret_sealing_key(secret)));
    cty_secret_free(secret);
    copy_remove(&copy);
}

static void test_table_is_files(void **state)
{
    (void)state;
    size_t count = 0;
    const struct cty_development_key *rows = cty_development_keys(&count);
    assert_int_equal(count, 12);
    for (size_t i = 0; i < count; i++)
        assert_row(&rows[i]);
}

/* And keys/ holds no key that the table leaves out. */
static void test_no_other_files(void **state)
{
    (void)state;
    size_t count = 0, files = 0;
    DIR *folder = opendir(KEYS_FOLDER);
    assert_non_null(folder);
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        size_t size = strlen(entry->d_name);
        files += size > 4 && strcmp(entry->d_name + size - 4, ".key") == 0;
    }
    closedir(folder);
    (void)cty_development_keys(&count);
    assert_int_equal(files, count);
}

static void test_others_are_not(void **state)
{
    (void)state;
    size_t count = 0;
    const struct cty_development_key *rows = cty_development_keys(&count);
    CTY_CLEANUP(cty_secret_free_pointer) struct cty_secret *secret = NULL;
    assert_ok(cty_secret_new(CTY_LITERAL("acme/alice"), &secret));
    assert_false(cty_key_is_development(cty_secret_key(secret)));
    assert_false(cty_key_is_development(cty_secret_sealing_key(secret)));
    for (size_t bit = 0; bit < CTY_KEY_SIZE * 8; bit++) {
        struct cty_key key = rows[0].key;
        key.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(cty_key_is_development(&key));
    }
}

/* As git checks them out, they are open to others, and so no key files yet. */
static void test_as_checked_out(void **state)
{
    (void)state;
    struct copy copy;
    struct cty_secret *never = NULL;
    copy_make(&copy, "acme-alice.key", 0644);
    assert_refused(cty_secret_load(copy.path, no_bytes(), &never, NULL), "key-file-open");
    copy_remove(&copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_is_files),
        cmocka_unit_test(test_no_other_files),
        cmocka_unit_test(test_others_are_not),
        cmocka_unit_test(test_as_checked_out),
    };
    if (cty_crypto_init() != CUSTODY_OK)
        return 1;
    return cmocka_run_group_tests_name("crypto/development", tests, NULL, NULL);
}
