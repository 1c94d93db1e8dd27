/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes and checks the published development keys of keys/.
 *
 *     dev-keys table            prints the rows of src/crypto/development.c
 *     dev-keys write FOLDER     writes the key files that are missing there
 *     dev-keys check FOLDER     compares the files and the table with what the seeds give; exit 1 if not
 *
 * Each pair comes from the seed SHA-256("custody development key v1 <name>"): anybody can make it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "crypto/development.h"
#include "crypto/keyfile.h"

static custody_err secret_make(const char *name, struct cty_secret **ret_secret)
{
    const struct cty_bytes parts[] = {CTY_LITERAL("custody development key v1 "), cty_bytes_text(name)};
    struct cty_hash seed = cty_sha256_parts(parts, CTY_COUNT_OF(parts));
    return cty_secret_from_seed(cty_bytes_text(name), seed.bytes, ret_secret);
}

static void key_print(const struct cty_key *key)
{
    printf("     {{");
    for (size_t i = 0; i < CTY_KEY_SIZE; i++) {
        const char *before = i == 0 ? "" : i == CTY_KEY_SIZE / 2 ? ",\n       " : ", ";
        printf("%s0x%02x", before, key->bytes[i]);
    }
    printf("}}");
}

static custody_err row_print(const struct cty_development_key *row, const char *folder)
{
    (void)folder;
    CTY_CLEANUP(cty_secret_free_pointer) struct cty_secret *secret = NULL;
    CTY_TRY(secret_make(row->name, &secret));
    printf("    {\"%s\",\n     \"%s\",\n", row->name, row->file);
    key_print(cty_secret_key(secret));
    printf(",\n");
    key_print(cty_secret_sealing_key(secret));
    printf("},\n");
    return CUSTODY_OK;
}

static custody_err row_write(const struct cty_development_key *row, const char *folder)
{
    CTY_CLEANUP(cty_secret_free_pointer) struct cty_secret *secret = NULL;
    CTY_CLEANUP(cty_buf_done) struct cty_buf path = CTY_BUF_INIT(4096);
    CTY_TRY(secret_make(row->name, &secret));
    CTY_TRY(cty_buf_putf(&path, "%s/%s", folder, row->file));
    custody_err err = cty_secret_save(secret, cty_buf_text(&path), cty_bytes_make(NULL, 0), NULL);
    return err == CUSTODY_E_EXISTS ? CUSTODY_OK : err;
}

static custody_err file_equals(const char *path, struct cty_bytes expected)
{
    uint8_t found[CTY_KEY_FILE_BYTES_MAX + 1];
    FILE *file = fopen(path, "rbe");
    if (!file)
        return CUSTODY_E_NOT_FOUND;
    size_t size = fread(found, 1, sizeof(found), file);
    fclose(file);
    return cty_bytes_equal(cty_bytes_make(found, size), expected) ? CUSTODY_OK : CUSTODY_E_BAD_KEY_FILE;
}

static custody_err row_check(const struct cty_development_key *row, const char *folder)
{
    CTY_CLEANUP(cty_secret_free_pointer) struct cty_secret *secret = NULL;
    CTY_CLEANUP(cty_secret_buf_done) struct cty_buf text = cty_secret_buf_make();
    CTY_CLEANUP(cty_buf_done) struct cty_buf path = CTY_BUF_INIT(4096);
    CTY_TRY(secret_make(row->name, &secret));
    if (!cty_key_equal(cty_secret_key(secret), &row->key) ||
        !cty_key_equal(cty_secret_sealing_key(secret), &row->sealing_key))
        return CUSTODY_E_BAD_KEY;
    CTY_TRY(cty_secret_format(secret, cty_bytes_make(NULL, 0), NULL, &text));
    CTY_TRY(cty_buf_putf(&path, "%s/%s", folder, row->file));
    return file_equals(cty_buf_text(&path), cty_buf_bytes(&text));
}

static int each_row(custody_err (*act)(const struct cty_development_key *, const char *), const char *folder)
{
    size_t count = 0;
    int status = EXIT_SUCCESS;
    const struct cty_development_key *rows = cty_development_keys(&count);
    for (size_t i = 0; i < count; i++) {
        custody_err err = act(&rows[i], folder);
        if (err == CUSTODY_OK)
            continue;
        fprintf(stderr, "dev-keys: %s (%s): %s\n", rows[i].name, rows[i].file, custody_err_name(err));
        status = EXIT_FAILURE;
    }
    return status;
}

int main(int argc, char **argv)
{
    if (cty_crypto_init() != CUSTODY_OK)
        return EXIT_FAILURE;
    if (argc == 2 && strcmp(argv[1], "table") == 0)
        return each_row(row_print, "");
    if (argc == 3 && strcmp(argv[1], "write") == 0)
        return each_row(row_write, argv[2]);
    if (argc == 3 && strcmp(argv[1], "check") == 0)
        return each_row(row_check, argv[2]);
    fprintf(stderr, "usage: dev-keys table | write FOLDER | check FOLDER\n");
    return 4;
}
