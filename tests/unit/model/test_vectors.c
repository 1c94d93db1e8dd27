/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/vectors/statements: one folder for each type. This program makes them all again and compares; with
 * --write it writes them. Then it reads them as a stranger would: parse, verify by keys.txt, check each blob.
 *
 *     body.json       the RFC 8785 bytes, without a newline at the end
 *     envelope.json   the same in its envelope
 *     digest.txt      SHA-256 of the PAE in hex
 *     keys.txt        a line for each signer: its name, the name and public key that it is known under
 *     blobs.json      where there are any: member, salt and content (base64) of what is put with it
 */
#include <errno.h>
#include <sys/stat.h>

#include "codec/text.h"
#include "samples.h"

#define FOLDER CTY_VECTORS "/statements/"
#define FILE_BYTES_MAX (1u << 20)

static void buf_cleanup(struct cty_buf *buf)
{
    cty_buf_done(buf);
}
#define AUTO_BUF CTY_CLEANUP(buf_cleanup) struct cty_buf

static void digest_put(const struct sample *sample, struct cty_buf *out)
{
    assert_ok(cty_hex_format(cty_hash_bytes(&sample->digest), out));
    assert_ok(cty_buf_put_byte(out, '\n'));
}

static void keys_put(const struct sample *sample, struct cty_buf *out)
{
    for (uint32_t i = 0; i < sample->statement.signers_count; i++) {
        struct cty_bytes name = sample->statement.signers[i];
        assert_ok(cty_buf_putf(out, "%.*s %s\n", (int)name.size, (const char *)name.data,
                               sample_signer_vkey(&sample->statement, i)));
    }
}

static void blobs_put(const struct sample *sample, struct cty_buf *out)
{
    struct cty_jw jw;
    cty_jw_begin(&jw, out);
    cty_jw_array(&jw);
    for (uint32_t i = 0; i < sample->blobs_count; i++) {
        cty_jw_object(&jw);
        cty_jw_name(&jw, "content");
        cty_jw_base64(&jw, cty_bytes_text(sample->blobs[i].content));
        cty_jw_name(&jw, "member");
        cty_jw_text(&jw, sample->blobs[i].member);
        cty_jw_name(&jw, "salt");
        cty_jw_base64(&jw, cty_bytes_make(sample->blobs[i].salt, CTY_SALT_SIZE));
        cty_jw_object_end(&jw);
    }
    cty_jw_array_end(&jw);
    assert_ok(cty_jw_end(&jw));
}

static void body_put(const struct sample *sample, struct cty_buf *out)
{
    assert_ok(cty_buf_put_bytes(out, cty_buf_bytes(&sample->body)));
}

static void envelope_put(const struct sample *sample, struct cty_buf *out)
{
    assert_ok(cty_buf_put_bytes(out, cty_buf_bytes(&sample->envelope)));
}

static const struct {
    const char *name;
    void (*put)(const struct sample *sample, struct cty_buf *out);
} files[] = {
    {"body.json", body_put}, {"envelope.json", envelope_put}, {"digest.txt", digest_put},
    {"keys.txt", keys_put},  {"blobs.json", blobs_put},
};

typedef void each_file(const char *path, struct cty_bytes expected);

static void visit_files(each_file *each)
{
    for (int type = 0; type < CTY_TYPE_COUNT; type++) {
        const struct sample *sample = sample_get((enum cty_type)type);
        for (size_t i = 0; i < CTY_COUNT_OF(files); i++) {
            AUTO_BUF expected = CTY_BUF_INIT(FILE_BYTES_MAX);
            AUTO_BUF path = CTY_BUF_INIT(4096);
            if (files[i].put == blobs_put && sample->blobs_count == 0)
                continue;
            files[i].put(sample, &expected);
            assert_ok(cty_buf_putf(&path, "%s%s/%s", FOLDER, cty_type_name((enum cty_type)type), files[i].name));
            each(cty_buf_text(&path), cty_buf_bytes(&expected));
        }
    }
}

static void file_read(const char *path, struct cty_buf *out)
{
    FILE *file = fopen(path, "rbe");
    if (!file)
        fail_msg("%s: %s", path, strerror(errno));
    assert_ok(cty_buf_reserve(out, FILE_BYTES_MAX - 1));
    out->size = fread(out->data, 1, FILE_BYTES_MAX - 1, file);
    fclose(file);
}

static void file_compare(const char *path, struct cty_bytes expected)
{
    AUTO_BUF found = CTY_BUF_INIT(FILE_BYTES_MAX);
    file_read(path, &found);
    if (!cty_bytes_equal(cty_buf_bytes(&found), expected))
        fail_msg("%s is not what the program makes", path);
}

static void vectors_are_made_again(void **state)
{
    (void)state;
    visit_files(file_compare);
}

/* The line of the signer in keys.txt gives its key; the name in it is the one that counts for the keyid. */
static void key_of(const char *keys, struct cty_bytes signer, struct cty_bytes *ret_name, struct cty_key *ret_key)
{
    for (const char *line = keys; *line; line = strchr(line, '\n') + 1) {
        const char *space = strchr(line, ' ');
        if (!cty_bytes_equal(cty_bytes_make(line, (size_t)(space - line)), signer))
            continue;
        struct cty_bytes vkey = cty_bytes_make(space + 1, (size_t)(strchr(line, '\n') - space - 1));
        assert_ok(cty_vkey_parse(vkey, CTY_KEY_ED25519, ret_name, ret_key));
        return;
    }
    fail_msg("keys.txt lacks a signer");
}

static void type_file(enum cty_type type, const char *name, struct cty_buf *out)
{
    AUTO_BUF path = CTY_BUF_INIT(4096);
    assert_ok(cty_buf_putf(&path, "%s%s/%s", FOLDER, cty_type_name(type), name));
    file_read(cty_buf_text(&path), out);
}

static void vectors_verify(void **state)
{
    (void)state;
    struct cty_signed parsed = {0};
    for (int type = 0; type < CTY_TYPE_COUNT; type++) {
        AUTO_BUF envelope = CTY_BUF_INIT(FILE_BYTES_MAX), keys = CTY_BUF_INIT(FILE_BYTES_MAX);
        type_file((enum cty_type)type, "envelope.json", &envelope);
        type_file((enum cty_type)type, "keys.txt", &keys);
        assert_ok(cty_signed_parse(cty_buf_bytes(&envelope), &parsed, NULL));
        for (uint32_t i = 0; i < parsed.signatures_count; i++) {
            struct cty_bytes name;
            struct cty_key key;
            key_of(cty_buf_text(&keys), parsed.statement.signers[i], &name, &key);
            assert_ok(cty_signed_verify(&parsed, i, name, &key));
        }
    }
    cty_signed_done(&parsed);
}

/* One object of blobs.json as the member that it belongs to commits to it. */
static custody_err blob_check(const struct cty_statement *statement, const struct cty_json *json,
                              const struct cty_json_node *blob, struct cty_hash *ret_commitment)
{
    AUTO_BUF content = CTY_BUF_INIT(FILE_BYTES_MAX);
    uint8_t salt[CTY_SALT_SIZE];
    CTY_TRY(cty_base64_parse(cty_json_member(json, blob, "content")->text, &content));
    CTY_TRY(cty_base64_parse_into(cty_json_member(json, blob, "salt")->text, salt, sizeof(salt)));
    *ret_commitment = cty_commitment(statement->ledger, statement->signers[0], statement->id,
                                     cty_json_member(json, blob, "member")->text, salt, cty_buf_bytes(&content));
    return CUSTODY_OK;
}

struct next_blob {
    const struct cty_statement *statement;
    const struct cty_json *json;
    const struct cty_json_node *blob;
};

/* Blobs stand in the order of the commitments. */
static custody_err blob_expect(void *context, struct cty_bytes member, const struct cty_hash *hash)
{
    struct next_blob *next = context;
    struct cty_hash commitment;
    assert_non_null(next->blob);
    assert_true(cty_bytes_equal(cty_json_member(next->json, next->blob, "member")->text, member));
    assert_ok(blob_check(next->statement, next->json, next->blob, &commitment));
    assert_memory_equal(commitment.bytes, hash->bytes, CTY_HASH_SIZE);
    next->blob = cty_json_after(next->json, &next->json->nodes[0], next->blob);
    return CUSTODY_OK;
}

static void blobs_are_what_was_committed_to(void **state)
{
    (void)state;
    struct cty_json json = CTY_JSON_INIT;
    struct cty_json_limits limits = {CTY_STATEMENT_DEPTH_MAX, CTY_STATEMENT_NODES_MAX};
    for (int type = 0; type < CTY_TYPE_COUNT; type++) {
        const struct sample *sample = sample_get((enum cty_type)type);
        AUTO_BUF blobs = CTY_BUF_INIT(FILE_BYTES_MAX);
        if (sample->blobs_count == 0)
            continue;
        type_file((enum cty_type)type, "blobs.json", &blobs);
        assert_ok(cty_json_scan(&json, CTY_JSON_STRICT, limits, cty_buf_bytes(&blobs), NULL));
        struct next_blob next = {&sample->statement, &json, cty_json_first(&json, &json.nodes[0])};
        assert_ok(cty_statement_commitments(&sample->statement, blob_expect, &next));
        assert_null(next.blob);
    }
    cty_json_done(&json);
}

static void file_write(const char *path, struct cty_bytes bytes)
{
    char folder[4096];
    snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(path, '/') - path), path);
    (void)mkdir(FOLDER, 0755);
    (void)mkdir(folder, 0755);
    FILE *file = fopen(path, "wbe");
    if (!file || fwrite(bytes.data, 1, bytes.size, file) != bytes.size || fclose(file) != 0) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        exit(1);
    }
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--write") == 0) {
        visit_files(file_write);
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_are_made_again),
        cmocka_unit_test(vectors_verify),
        cmocka_unit_test(blobs_are_what_was_committed_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
