/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/cli/shell.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

struct shell *shell_new(void)
{
    static const char *const settings[] = {"CUSTODY_URL", "CUSTODY_TRUST", "CUSTODY_KEY", "CUSTODY_STATE"};
    struct shell *sh = cty_alloc(1, sizeof(*sh));
    assert_non_null(sh);
    snprintf(sh->folder, sizeof(sh->folder), "/tmp/custody-cli-XXXXXX");
    assert_non_null(mkdtemp(sh->folder));
    assert_int_equal(chdir(sh->folder), 0);
    for (size_t i = 0; i < CTY_COUNT_OF(settings); i++)
        assert_int_equal(unsetenv(settings[i]), 0);
    return sh;
}

void shell_free(struct shell *sh)
{
    DIR *folder = opendir(sh->folder);
    assert_non_null(folder);
    struct dirent *entry = NULL;
    while ((entry = readdir(folder)))
        (void)unlink(entry->d_name);
    closedir(folder);
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(rmdir(sh->folder), 0);
    cty_json_done(&sh->json);
    free(sh->out);
    free(sh->err);
    free(sh);
}

static int run(struct shell *sh, const char *input, const char *const *words, bool terminal)
{
    const char *argv[64] = {"custody"};
    size_t sizes[2];
    int argc = 1;
    for (; words[argc - 1]; argc++)
        argv[argc] = words[argc - 1];
    free(sh->out);
    free(sh->err);
    sh->out = sh->err = NULL;
    FILE *in = input && *input ? fmemopen((void *)(uintptr_t)input, strlen(input), "r") : fopen("/dev/null", "r");
    FILE *out = open_memstream(&sh->out, &sizes[0]);
    FILE *err = open_memstream(&sh->err, &sizes[1]);
    assert_true(in && out && err);
    int status = cty_cli_run(argc, (char *const *)(uintptr_t)argv, in, out, err, terminal);
    fclose(in);
    fclose(out);
    fclose(err);
    return status;
}

int shell_run(struct shell *sh, const char *input, const char *const *words)
{
    return run(sh, input, words, false);
}

int shell_run_asked(struct shell *sh, const char *input, const char *const *words)
{
    return run(sh, input, words, true);
}

void shell_write(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(name, 0600), 0);
}

char *shell_read(const char *name)
{
    FILE *file = fopen(name, "r");
    assert_non_null(file);
    char *text = cty_alloc(1, 1 << 20);
    assert_non_null(text);
    size_t size = fread(text, 1, (1 << 20) - 1, file);
    assert_true(size < (1 << 20) - 1);
    fclose(file);
    return text;
}

bool shell_exists(const char *name)
{
    return access(name, F_OK) == 0;
}

void shell_json(struct shell *sh)
{
    size_t size = strlen(sh->out);
    assert_true(size > 1 && sh->out[size - 1] == '\n');
    assert_ok(cty_json_scan(&sh->json, CTY_JSON_DOCUMENT, (struct cty_json_limits){32, 65536},
                            cty_bytes_make(sh->out, size - 1), NULL));
    struct cty_buf canonical = CTY_BUF_INIT(1 << 22);
    assert_ok(cty_json_canonical(&sh->json, &canonical));
    assert_true(cty_bytes_equal(cty_buf_bytes(&canonical), cty_bytes_make(sh->out, size - 1)));
    cty_buf_done(&canonical);
}

struct cty_bytes shell_member(struct shell *sh, const char *name)
{
    const struct cty_json_node *member = cty_json_member(&sh->json, &sh->json.nodes[0], name);
    if (!member)
        fail_msg("there is no member %s in %s", name, sh->out);
    return member->text;
}

void assert_error_code(struct shell *sh, const char *code)
{
    shell_json(sh);
    const struct cty_json_node *error = cty_json_member(&sh->json, &sh->json.nodes[0], "error");
    assert_non_null(error);
    assert_bytes_text(cty_json_member(&sh->json, error, "code")->text, code);
    assert_non_null(cty_json_member(&sh->json, error, "detail"));
    assert_non_null(cty_json_member(&sh->json, error, "next"));
    assert_non_null(cty_json_member(&sh->json, error, "sentence"));
}

void shell_key(struct shell *sh, const char *name)
{
    char file[160];
    snprintf(file, sizeof(file), "%s.key", name);
    for (char *c = file; *c; c++)
        *c = *c == '/' ? '-' : *c;
    assert_int_equal(RUN(sh, "key", "new", "--name", name, "--no-passphrase", file), 0);
}

void shell_public_line(const char *file, char *out, size_t size)
{
    char *text = shell_read(file);
    const char *line = strstr(text, "\nkey: ");
    assert_non_null(line);
    line += strlen("\nkey: ");
    size_t length = strcspn(line, "\n");
    assert_true(length < size);
    memcpy(out, line, length);
    out[length] = 0;
    free(text);
}
