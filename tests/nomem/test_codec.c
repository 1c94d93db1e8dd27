/* SPDX-License-Identifier: Apache-2.0 */
/* base, codec and crypto. */
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "codec/json.h"
#include "codec/patch.h"
#include "codec/text.h"
#include "crypto/keyfile.h"
#include "walk.h"

#define FROM "{\"amount\":500,\"list\":[1,2,{\"deep\":[true,false,\"text\"]}],\"to\":\"x\\u00e9\\n\"}"
#define TO "{\"amount\":250,\"list\":[1,{\"deep\":[true,\"other\"]}],\"more\":{\"a\":\"b\"}}"
#define OPERATIONS                                                                                                         \
    "[{\"op\":\"test\",\"path\":\"/amount\",\"value\":500},{\"op\":\"replace\",\"path\":\"/amount\",\"value\":250},"         \
    "{\"op\":\"copy\",\"from\":\"/list/2\",\"path\":\"/copy\"},{\"op\":\"move\",\"from\":\"/to\",\"path\":\"/list/0\"},"     \
    "{\"op\":\"add\",\"path\":\"/new~1name\",\"value\":{\"z\":[],\"a\":\"b\"}},{\"op\":\"remove\",\"path\":\"/list/1\"}]"

static const struct cty_json_limits limits = {16, 4096};

static struct {
    struct cty_buf out;
    struct cty_json json;
    char folder[64];
    char path[96];
    struct cty_secret *secret;
    struct cty_secret *made;
} here;

static void begin(void *context)
{
    (void)context;
    here.out = CTY_BUF_INIT(1 << 20);
}

static void end(void *context)
{
    (void)context;
    cty_buf_done(&here.out);
    cty_json_done(&here.json);
    cty_secret_free(here.made);
    here.made = NULL;
}

static void look(void *context, struct cty_buf *out)
{
    (void)context;
    assert_ok(cty_buf_put_bytes(out, cty_buf_bytes(&here.out)));
}

/* Where it fails, what was in the buffer is there still, and nothing more of use: the caller clears it. */
static custody_err answer(custody_err err)
{
    if (err != CUSTODY_OK)
        cty_buf_clear(&here.out);
    return err;
}

/* --- base ------------------------------------------------------------------------------------------------- */

/* A buffer grows or stays as it was. */
static custody_err put(void *context)
{
    (void)context;
    char text[700];
    memset(text, 'x', sizeof(text));
    for (unsigned i = 0; i < 40; i++) {
        size_t size = here.out.size;
        custody_err err = i % 2 ? cty_buf_put(&here.out, text, sizeof(text)) : cty_buf_putf(&here.out, "%0500u", i);
        if (err != CUSTODY_OK)
            assert_int_equal(here.out.size, size);
        if (err != CUSTODY_OK)
            return answer(err);
    }
    return cty_buf_text(&here.out) ? CUSTODY_OK : answer(CUSTODY_E_NO_MEMORY);
}

static custody_err dup_text(void *context)
{
    (void)context;
    char *copy = cty_bytes_dup_text(CTY_LITERAL("a text"));
    if (!copy)
        return CUSTODY_E_NO_MEMORY;
    custody_err err = cty_buf_put_text(&here.out, copy);
    free(copy);
    return answer(err);
}

static custody_err read_file(void *context)
{
    (void)context;
    return answer(cty_file_read(here.path, &here.out, NULL));
}

/* --- codec ------------------------------------------------------------------------------------------------ */

static custody_err scan(void *context)
{
    (void)context;
    CTY_TRY(cty_json_scan(&here.json, CTY_JSON_DOCUMENT, limits, CTY_LITERAL(FROM), NULL));
    CTY_TRY(cty_json_string(cty_json_member(&here.json, &here.json.nodes[0], "to"), &here.out));
    return answer(cty_json_canonical(&here.json, &here.out));
}

static custody_err write_text(void *context)
{
    struct cty_jw jw;
    (void)context;
    cty_jw_begin(&jw, &here.out);
    cty_jw_array(&jw);
    for (uint64_t i = 0; i < 200; i++) {
        cty_jw_u64(&jw, i);
        cty_jw_text(&jw, "a text with \"quotes\"");
        cty_jw_base64(&jw, CTY_LITERAL("some bytes"));
    }
    cty_jw_array_end(&jw);
    return answer(cty_jw_end(&jw));
}

static custody_err apply(void *context)
{
    (void)context;
    return answer(cty_patch_apply(CTY_LITERAL(FROM), CTY_LITERAL(OPERATIONS), &here.out, NULL));
}

static custody_err make(void *context)
{
    (void)context;
    return answer(cty_patch_make(CTY_LITERAL(FROM), CTY_LITERAL(TO), &here.out, NULL));
}

static custody_err note_line(void *context, const struct cty_diff_line *line)
{
    (void)context;
    CTY_TRY(cty_buf_put_bytes(&here.out, line->path));
    CTY_TRY(cty_buf_put_bytes(&here.out, line->before));
    return cty_buf_put_bytes(&here.out, line->after);
}

static custody_err diff(void *context)
{
    (void)context;
    return answer(cty_diff_each(CTY_LITERAL(FROM), CTY_LITERAL(TO), note_line, NULL, NULL));
}

static custody_err pointer(void *context)
{
    (void)context;
    return answer(cty_pointer_get(CTY_LITERAL(FROM), CTY_LITERAL("/list/2/deep"), &here.out, NULL));
}

static custody_err base64(void *context)
{
    (void)context;
    CTY_TRY(cty_base64_format(CTY_LITERAL("some bytes more than a few"), &here.out));
    return CUSTODY_OK;
}

/* --- crypto ----------------------------------------------------------------------------------------------- */

static custody_err put_name(void)
{
    return answer(cty_buf_put_bytes(&here.out, cty_secret_name(here.made)));
}

/* Whatever was given out before is taken back, as a caller does that tries again. */
static void take_back(void)
{
    cty_secret_free(here.made);
    here.made = NULL;
}

static custody_err secret_new(void *context)
{
    (void)context;
    take_back();
    custody_err err = cty_secret_new(CTY_LITERAL("acme/bot"), &here.made);
    if (err != CUSTODY_OK)
        assert_null(here.made);
    return err == CUSTODY_OK ? put_name() : err;
}

static custody_err secret_from_seed(void *context)
{
    static const uint8_t seed[32] = {7};
    (void)context;
    take_back();
    custody_err err = cty_secret_from_seed(CTY_LITERAL("acme/bot"), seed, &here.made);
    if (err != CUSTODY_OK)
        assert_null(here.made);
    return err == CUSTODY_OK ? put_name() : err;
}

/* A cheap passphrase cost is the tests' own: argon2id has its memory from an allocation too. */
static custody_err format(struct cty_bytes passphrase)
{
    static const struct cty_passphrase_cost cost = {1, 8 << 20};
    struct cty_buf text = cty_secret_buf_make();
    custody_err err = cty_secret_format(here.secret, passphrase, &cost, &text);
    if (err == CUSTODY_OK) {
        take_back();
        err = cty_secret_parse(cty_buf_bytes(&text), passphrase, &here.made, NULL);
    }
    cty_secret_buf_done(&text);
    return err == CUSTODY_OK ? put_name() : err;
}

static custody_err format_plain(void *context)
{
    (void)context;
    return format(cty_bytes_make(NULL, 0));
}

static custody_err format_locked(void *context)
{
    (void)context;
    return format(CTY_LITERAL("open sesame"));
}

/* A key file is there whole, or not at all. */
static custody_err save(void *context)
{
    char path[128];
    (void)context;
    snprintf(path, sizeof(path), "%s/new.key", here.folder);
    custody_err err = cty_secret_save(here.secret, path, cty_bytes_make(NULL, 0), NULL);
    if (err != CUSTODY_OK) {
        assert_int_equal(access(path, F_OK), -1);
        return err;
    }
    take_back();
    err = cty_secret_load(path, cty_bytes_make(NULL, 0), &here.made, NULL);
    assert_int_equal(unlink(path), 0);
    return err == CUSTODY_OK ? put_name() : err;
}

static custody_err vkey(void *context)
{
    struct cty_bytes name;
    struct cty_key key;
    (void)context;
    custody_err err = cty_vkey_format(cty_secret_name(here.secret), CTY_KEY_ED25519, cty_secret_key(here.secret), &here.out);
    if (err == CUSTODY_OK)
        err = cty_vkey_parse(cty_buf_bytes(&here.out), CTY_KEY_ED25519, &name, &key);
    return answer(err);
}

static void make_folder(void)
{
    static const uint8_t seed[32] = {1};
    CTY_CHECK(cty_crypto_init() == CUSTODY_OK);
    snprintf(here.folder, sizeof(here.folder), "/tmp/custody-nomem-XXXXXX");
    CTY_CHECK(mkdtemp(here.folder));
    snprintf(here.path, sizeof(here.path), "%s/file", here.folder);
    FILE *file = fopen(here.path, "w");
    CTY_CHECK(file);
    for (unsigned i = 0; i < 5000; i++)
        fprintf(file, "line %u\n", i);
    CTY_CHECK(fclose(file) == 0);
    CTY_CHECK(cty_secret_from_seed(CTY_LITERAL("acme/bot"), seed, &here.secret) == CUSTODY_OK);
}

#define WALK(function) {.name = #function, .begin = begin, .run = function, .look = look, .end = end}

int main(int argc, char **argv)
{
    static const struct nomem_walk walks[] = {
        WALK(put), WALK(dup_text), WALK(read_file), WALK(scan), WALK(write_text), WALK(apply), WALK(make), WALK(diff),
        WALK(pointer), WALK(base64), WALK(secret_new), WALK(secret_from_seed), WALK(format_plain),
        WALK(format_locked), WALK(save), WALK(vkey),
    };
    make_folder();
    int failed = nomem_run("codec", walks, CTY_COUNT_OF(walks), NULL, 0, argc, argv);
    cty_secret_free(here.secret);
    CTY_CHECK(unlink(here.path) == 0 && rmdir(here.folder) == 0);
    return failed;
}
