/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/codec/codec.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define FILE_BYTES_MAX (1024u * 1024u)

custody_err scan(enum cty_json_dialect dialect, struct cty_bytes text, custody_error *error)
{
    struct cty_json json = CTY_JSON_INIT;
    struct cty_json_limits limits = {.depth_max = 64, .nodes_max = 1u << 20};
    /* Memory of just this size, so that a sanitizer sees a byte read too far. */
    uint8_t *copy = malloc(text.size ? text.size : 1);
    assert_non_null(copy);
    if (text.size)
        memcpy(copy, text.data, text.size);
    custody_err err = cty_json_scan(&json, dialect, limits, cty_bytes_make(copy, text.size), error);
    assert_true(err != CUSTODY_OK ? json.count == 0 : json.count > 0);
    cty_json_done(&json);
    free(copy);
    return err;
}

custody_err scan_text(enum cty_json_dialect dialect, const char *text)
{
    return scan(dialect, cty_bytes_text(text), NULL);
}

custody_err canonical(struct cty_bytes text, struct cty_buf *out)
{
    struct cty_json json = CTY_JSON_INIT;
    struct cty_json_limits limits = {.depth_max = 64, .nodes_max = 1u << 20};
    custody_err err = cty_json_scan(&json, CTY_JSON_DOCUMENT, limits, text, NULL);
    if (err == CUSTODY_OK)
        err = cty_json_canonical(&json, out);
    cty_json_done(&json);
    return err;
}

void assert_canonical(const char *text, const char *expected)
{
    struct cty_buf out = CTY_BUF_INIT(FILE_BYTES_MAX);
    assert_ok(canonical(cty_bytes_text(text), &out));
    assert_string_equal(cty_buf_text(&out), expected);
    cty_buf_done(&out);
}

void repeat(struct cty_buf *out, const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_ok(cty_buf_put_text(out, text));
}

void vector_read(const char *name, struct cty_buf *out)
{
    const char *folder = getenv("CUSTODY_VECTORS");
    if (!folder) {
        if (getenv("CI"))
            fail_msg("CI is set and CUSTODY_VECTORS is not");
        skip();
    }
    char path[512], piece[4096];
    *out = CTY_BUF_INIT(FILE_BYTES_MAX);
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (!file)
        fail_msg("can't open %s", path);
    for (size_t size; (size = fread(piece, 1, sizeof(piece), file)) > 0;)
        assert_ok(cty_buf_put(out, piece, size));
    fclose(file);
}

bool aborts(void (*run)(void))
{
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        (void)!freopen("/dev/null", "w", stderr);
        run();
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}
