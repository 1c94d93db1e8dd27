/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/edit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "cli/text.h"
#include "codec/json.h"
#include "codec/patch.h"

/* --- --set and --remove ---------------------------------------------------------------------------------- */

/* Operations that are applied as they are put, so that each sees what the one before made. */
struct steps {
    struct cty_cli *cli;
    struct cty_buf document; /* as it stands now */
    struct cty_buf *operations;
    struct cty_jw jw;
};

static void put_operation(struct cty_jw *jw, const char *op, struct cty_bytes path, struct cty_bytes value)
{
    cty_jw_object(jw);
    cty_jw_name(jw, "op");
    cty_jw_text(jw, op);
    cty_jw_name(jw, "path");
    cty_jw_string(jw, path);
    if (value.size) {
        cty_jw_name(jw, "value");
        cty_jw_raw(jw, value);
    }
    cty_jw_object_end(jw);
}

static custody_err apply_one(struct steps *steps, const char *op, struct cty_bytes path, struct cty_bytes value)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf one = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
    CTY_CLEANUP(cty_buf_done) struct cty_buf next = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
    struct cty_jw jw;
    cty_jw_begin(&jw, &one);
    cty_jw_array(&jw);
    put_operation(&jw, op, path, value);
    cty_jw_array_end(&jw);
    CTY_TRY(cty_jw_end(&jw));
    CTY_TRY(cty_patch_apply(cty_buf_bytes(&steps->document), cty_buf_bytes(&one), &next, &steps->cli->error));
    cty_buf_clear(&steps->document);
    CTY_TRY(cty_buf_put_bytes(&steps->document, cty_buf_bytes(&next)));
    put_operation(&steps->jw, op, path, value);
    return steps->jw.err;
}

/* A JSON value as it stands, or else the text as a JSON string. */
static custody_err read_value(struct cty_bytes text, struct cty_buf *out)
{
    struct cty_jw jw;
    if (cty_json_tidy(text, out, NULL) == CUSTODY_OK)
        return CUSTODY_OK;
    cty_buf_clear(out);
    cty_jw_begin(&jw, out);
    cty_jw_string(&jw, text);
    return cty_jw_end(&jw);
}

static custody_err set_one(struct steps *steps, const char *word)
{
    const char *equals = strchr(word, '=');
    CTY_CLEANUP(cty_buf_done) struct cty_buf value = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
    CTY_CLEANUP(cty_buf_done) struct cty_buf before = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
    if (!equals)
        return cty_fail(&steps->cli->error, CUSTODY_E_USAGE, "--set is PATH=VALUE, such as /amount=250");
    struct cty_bytes path = cty_bytes_make(word, (size_t)(equals - word));
    CTY_TRY(read_value(cty_bytes_text(equals + 1), &value));
    bool there = cty_pointer_get(cty_buf_bytes(&steps->document), path, &before, NULL) == CUSTODY_OK;
    return apply_one(steps, there ? "replace" : "add", path, cty_buf_bytes(&value));
}

static custody_err apply_steps(struct steps *steps)
{
    const struct cty_args *args = &steps->cli->args;
    cty_jw_begin(&steps->jw, steps->operations);
    cty_jw_array(&steps->jw);
    for (size_t i = 0; i < cty_args_count(args, "set"); i++)
        CTY_TRY(set_one(steps, cty_args_item(args, "set", i)));
    for (size_t i = 0; i < cty_args_count(args, "remove"); i++)
        CTY_TRY(apply_one(steps, "remove", cty_bytes_text(cty_args_item(args, "remove", i)),
                          cty_bytes_make(NULL, 0)));
    cty_jw_array_end(&steps->jw);
    return cty_jw_end(&steps->jw);
}

static custody_err by_steps(struct cty_cli *cli, struct cty_bytes payload, struct cty_buf *operations)
{
    struct steps steps = {.cli = cli, .document = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX), .operations = operations};
    custody_err err = cty_buf_put_bytes(&steps.document, payload);
    if (err == CUSTODY_OK)
        err = apply_steps(&steps);
    cty_buf_done(&steps.document);
    return err;
}

static custody_err by_file(struct cty_cli *cli, const char *path, struct cty_buf *operations)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(CTY_BLOB_BYTES_MAX);
    CTY_TRY(cty_cli_read_file(cli, path, &text));
    return cty_json_tidy(cty_buf_bytes(&text), operations, &cli->error);
}

/* --- --edit ---------------------------------------------------------------------------------------------- */

/* The keys that send signals are the editor's while it runs, as with system(3). */
struct calm {
    struct sigaction interrupt, quit;
};

static void be_calm(struct calm *calm)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigemptyset(&ignore.sa_mask);
    (void)sigaction(SIGINT, &ignore, &calm->interrupt);
    (void)sigaction(SIGQUIT, &ignore, &calm->quit);
}

static void end_calm(const struct calm *calm)
{
    (void)sigaction(SIGINT, &calm->interrupt, NULL);
    (void)sigaction(SIGQUIT, &calm->quit, NULL);
}

/* The shell splits the words of the variable; the file's name is no part of the script. */
static int spawn_editor(const char *path, pid_t *ret_pid)
{
    char *words[] = {(char *)(uintptr_t)"sh", (char *)(uintptr_t)"-c",
                     (char *)(uintptr_t)"exec ${VISUAL:-${EDITOR:-vi}} \"$1\"", (char *)(uintptr_t)"sh",
                     (char *)(uintptr_t)path, NULL};
    posix_spawnattr_t attributes;
    sigset_t usual;
    sigemptyset(&usual);
    sigaddset(&usual, SIGINT);
    sigaddset(&usual, SIGQUIT);
    int failed = posix_spawnattr_init(&attributes);
    if (failed)
        return failed;
    (void)posix_spawnattr_setsigdefault(&attributes, &usual);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    failed = posix_spawn(ret_pid, "/bin/sh", NULL, &attributes, words, environ);
    (void)posix_spawnattr_destroy(&attributes);
    return failed;
}

static custody_err run_editor(struct cty_cli *cli, const char *path)
{
    struct calm calm;
    pid_t pid = 0, ended = -1;
    int status = 0;
    be_calm(&calm);
    if (spawn_editor(path, &pid) == 0) {
        do
            ended = waitpid(pid, &status, 0);
        while (ended < 0 && errno == EINTR);
    }
    end_calm(&calm);
    if (ended < 0)
        return cty_fail(&cli->error, CUSTODY_E_IO, "the editor can't be started");
    return WIFEXITED(status) && WEXITSTATUS(status) == 0
               ? CUSTODY_OK
               : cty_fail(&cli->error, CUSTODY_E_IO, "the editor ended with an error, so nothing was changed");
}

static custody_err edit_file(struct cty_cli *cli, const char *path, struct cty_bytes payload,
                             struct cty_buf *operations)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf tidy = CTY_BUF_INIT(CTY_PAGE_BYTES_MAX);
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(CTY_PAGE_BYTES_MAX);
    CTY_TRY(cty_json_tidy(payload, &tidy, &cli->error));
    CTY_TRY(cty_json_show(cty_buf_bytes(&tidy), 0, &text));
    CTY_TRY(cty_buf_put_byte(&text, '\n'));
    CTY_TRY(cty_cli_write_file(cli, path, cty_buf_bytes(&text)));
    custody_err err = run_editor(cli, path);
    cty_buf_clear(&text);
    if (err == CUSTODY_OK)
        err = cty_cli_read_file(cli, path, &text);
    (void)unlink(path);
    CTY_TRY(err);
    return cty_patch_make(payload, cty_buf_bytes(&text), operations, &cli->error);
}

/* In a folder of its own, which nobody else can enter: editors leave copies beside the file. */
static custody_err by_editor(struct cty_cli *cli, struct cty_bytes payload, struct cty_buf *operations)
{
    const char *tmp = getenv("TMPDIR");
    char folder[512];
    char path[544];
    if (!cli->terminal)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "--edit needs a terminal");
    snprintf(folder, sizeof(folder), "%.480s/custody-edit-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(folder))
        return cty_fail(&cli->error, CUSTODY_E_IO, "no folder can be made for the editor");
    snprintf(path, sizeof(path), "%s/payload.json", folder);
    custody_err err = edit_file(cli, path, payload, operations);
    (void)rmdir(folder);
    return err;
}

/* --- choosing -------------------------------------------------------------------------------------------- */

static custody_err find_operations(struct cty_cli *cli, struct cty_bytes payload, struct cty_buf *operations)
{
    bool steps = cty_args_count(&cli->args, "set") || cty_args_count(&cli->args, "remove");
    const char *ops = cty_args_text(&cli->args, "ops");
    bool edit = cty_args_flag(&cli->args, "edit");
    if ((steps ? 1 : 0) + (ops ? 1 : 0) + (edit ? 1 : 0) != 1)
        return cty_fail(&cli->error, CUSTODY_E_USAGE, "what changes? one of --set and --remove, --ops, or --edit");
    if (steps)
        return by_steps(cli, payload, operations);
    return ops ? by_file(cli, ops, operations) : by_editor(cli, payload, operations);
}

static custody_err apply(struct cty_cli *cli, struct cty_bytes payload, const struct cty_buf *operations,
                         struct cty_buf *ret_result)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf tidy = CTY_BUF_INIT(CTY_PAGE_BYTES_MAX);
    CTY_TRY(cty_json_tidy(payload, &tidy, &cli->error));
    CTY_TRY(cty_patch_apply(payload, cty_buf_bytes(operations), ret_result, &cli->error));
    if (cty_bytes_equal(cty_buf_bytes(&tidy), cty_buf_bytes(ret_result)))
        return cty_fail(&cli->error, CUSTODY_E_BAD_PATCH, "nothing would change");
    return CUSTODY_OK;
}

custody_err cty_edit_payload(struct cty_cli *cli, struct cty_bytes payload, struct cty_buf *ret_operations,
                             struct cty_buf *ret_result)
{
    CTY_TRY(find_operations(cli, payload, ret_operations));
    return apply(cli, payload, ret_operations, ret_result);
}

custody_err cty_edit_by_editor(struct cty_cli *cli, struct cty_bytes payload, struct cty_buf *ret_operations,
                               struct cty_buf *ret_result)
{
    CTY_TRY(by_editor(cli, payload, ret_operations));
    return apply(cli, payload, ret_operations, ret_result);
}
