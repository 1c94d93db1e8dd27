/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "cli/signals.h"

#define PATH_OTHERWISE "/bin:/usr/bin"
#define DESCRIPTORS_MAX 65536

const char *const cty_not_run_names[] = {NULL, "not-found", "not-runnable", "interrupted", "failed"};

void cty_launch_done(struct cty_launch *launch)
{
    for (size_t i = 0; launch->environment && launch->environment[i]; i++)
        free(launch->environment[i]);
    free(launch->environment);
    free(launch->program);
    if (launch->opened)
        close(launch->folder);
    *launch = (struct cty_launch){.plan = NULL};
}

void cty_launch_hold_standard_files(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
            /* cppcheck-suppress leakReturnValNotUsed ; it is meant to stay open under that number */
            (void)open("/dev/null", fd == STDIN_FILENO ? O_RDONLY : O_WRONLY); /* the lowest that is free is this one */
    }
}

/* --- what it is given ------------------------------------------------------------------------------------ */

static char *make_variable(const char *name, const char *value)
{
    size_t size = strlen(name) + strlen(value) + 2;
    char *text = cty_alloc(1, size);
    if (text)
        snprintf(text, size, "%s=%s", name, value);
    return text;
}

static custody_err make_environment(struct cty_launch *launch, custody_error *error)
{
    char *const *names = launch->plan->env;
    size_t count = 0, given = 0;
    while (names[count])
        count++;
    launch->environment = cty_alloc(count + 1, sizeof(*launch->environment));
    if (!launch->environment)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    for (size_t i = 0; i < count; i++) {
        const char *value = getenv(names[i]);
        if (value && !(launch->environment[given++] = make_variable(names[i], value)))
            return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    }
    return CUSTODY_OK;
}

static custody_err open_folder(struct cty_launch *launch, custody_error *error)
{
    launch->folder = open(launch->plan->cwd, O_PATH | O_DIRECTORY | O_CLOEXEC);
    launch->opened = launch->folder >= 0;
    if (launch->opened)
        return CUSTODY_OK;
    return cty_fail(error, CUSTODY_E_NOT_FOUND, "the folder %s: %s", launch->plan->cwd, strerrordesc_np(errno));
}

/* --- which file it is ------------------------------------------------------------------------------------ */

static enum cty_not_run judge_file(const struct cty_launch *launch, const char *path)
{
    struct stat status;
    if (fstatat(launch->folder, path, &status, 0) != 0)
        return errno == ENOENT || errno == ENOTDIR ? CTY_NOT_FOUND : CTY_NOT_RUNNABLE;
    if (!S_ISREG(status.st_mode) || faccessat(launch->folder, path, X_OK, AT_EACCESS) != 0)
        return CTY_NOT_RUNNABLE;
    return CTY_RAN;
}

/* The value that the command itself will see; a lookup by another one would find another program. */
static const char *search_path(const struct cty_launch *launch)
{
    for (size_t i = 0; launch->environment[i]; i++) {
        if (strncmp(launch->environment[i], "PATH=", 5) == 0)
            return launch->environment[i] + 5;
    }
    return PATH_OTHERWISE;
}

/* The first along the path that can be run. An empty part is the folder that it runs in. */
static enum cty_not_run search(struct cty_launch *launch, const char *name)
{
    enum cty_not_run worst = CTY_NOT_FOUND;
    const char *at = search_path(launch);
    size_t room = strlen(at) + strlen(name) + 4;
    launch->program = cty_alloc(1, room);
    if (!launch->program)
        return CTY_NOT_STARTED;
    for (;;) {
        size_t part = strcspn(at, ":");
        snprintf(launch->program, room, "%.*s/%s", part ? (int)part : 1, part ? at : ".", name);
        enum cty_not_run found = judge_file(launch, launch->program);
        if (found == CTY_RAN)
            return CTY_RAN;
        worst = found == CTY_NOT_RUNNABLE ? CTY_NOT_RUNNABLE : worst;
        if (!at[part])
            return worst;
        at += part + 1;
    }
}

static enum cty_not_run find_program(struct cty_launch *launch)
{
    const char *name = launch->plan->argv[0];
    if (!strchr(name, '/'))
        return search(launch, name);
    launch->program = cty_bytes_dup_text(cty_bytes_text(name));
    return launch->program ? judge_file(launch, name) : CTY_NOT_STARTED;
}

custody_err cty_launch_prepare(const struct cty_plan *plan, struct cty_launch *launch, enum cty_not_run *ret_why,
                               custody_error *error)
{
    launch->plan = plan;
    *ret_why = CTY_NOT_STARTED;
    CTY_TRY(make_environment(launch, error));
    CTY_TRY(open_folder(launch, error));
    *ret_why = find_program(launch);
    if (*ret_why == CTY_RAN)
        return CUSTODY_OK;
    if (*ret_why == CTY_NOT_FOUND)
        return cty_fail(error, CUSTODY_E_NOT_FOUND, "the command %s", plan->argv[0]);
    if (*ret_why == CTY_NOT_RUNNABLE)
        return cty_fail(error, CUSTODY_E_FORBIDDEN, "the command %s is there and can't be run", plan->argv[0]);
    return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
}

/* --- the child ------------------------------------------------------------------------------------------- */

static void close_all_on_exec(void)
{
    struct rlimit limit = {DESCRIPTORS_MAX, DESCRIPTORS_MAX};
    if (close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
        return;
    /* A kernel without it. */
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    for (rlim_t fd = STDERR_FILENO + 1; fd < limit.rlim_cur && fd < DESCRIPTORS_MAX; fd++)
        (void)fcntl((int)fd, F_SETFD, FD_CLOEXEC);
}

/* Nothing but system calls and writes to our own copies: other threads of the parent held locks that nobody frees here. */
static _Noreturn void become(const struct cty_launch *launch, struct cty_secret *const *secrets, size_t secrets_count,
                             int report)
{
    int failure = 0;
    for (size_t i = 0; i < secrets_count; i++) {
        if (cty_secret_wipe(secrets[i]) != CUSTODY_OK)
            failure = ENOMEM;
    }
    cty_signals_restore();
    close_all_on_exec();
    if (failure == 0 && fchdir(launch->folder) == 0)
        (void)execve(launch->program, launch->plan->argv, launch->environment);
    failure = failure ? failure : errno;
    ssize_t put = write(report, &failure, sizeof(failure));
    _exit(put > 0 ? 126 : 127);
}

static enum cty_not_run why_of(int failure)
{
    return failure == ENOENT || failure == ENOTDIR ? CTY_NOT_FOUND : CTY_NOT_RUNNABLE;
}

/* Nothing comes where exec went well: the pipe ends with it. */
static enum cty_not_run read_report(int report, pid_t pid)
{
    int failure = 0;
    ssize_t got;
    do
        got = read(report, &failure, sizeof(failure));
    while (got < 0 && errno == EINTR);
    if (got == 0)
        return CTY_RAN;
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    return got == (ssize_t)sizeof(failure) ? why_of(failure) : CTY_NOT_STARTED;
}

/* What comes between the question and the command's first moment is for the command, once it runs. */
static enum cty_not_run fork_blocked(const struct cty_launch *launch, struct cty_secret *const *secrets,
                                     size_t secrets_count, pid_t *ret_pid)
{
    int ends[2];
    if (cty_signals_caught())
        return CTY_INTERRUPTED;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return CTY_NOT_STARTED;
    pid_t pid = fork();
    if (pid == 0)
        become(launch, secrets, secrets_count, ends[1]);
    close(ends[1]);
    enum cty_not_run why = pid > 0 ? read_report(ends[0], pid) : CTY_NOT_STARTED;
    close(ends[0]);
    *ret_pid = pid;
    if (why == CTY_RAN)
        cty_signals_pass_to(pid);
    return why;
}

enum cty_not_run cty_launch_start(const struct cty_launch *launch, struct cty_secret *const *secrets,
                                  size_t secrets_count, pid_t *ret_pid)
{
    sigset_t before;
    cty_signals_block(&before);
    enum cty_not_run why = fork_blocked(launch, secrets, secrets_count, ret_pid);
    cty_signals_unblock(&before);
    return why;
}

/* Nothing is passed on any more when its number may become somebody else's. */
int cty_launch_wait(pid_t pid)
{
    siginfo_t info;
    int status = -1;
    while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) != 0 && errno == EINTR)
        continue;
    cty_signals_set(CTY_SIGNALS_REPORT);
    pid_t got;
    do
        got = waitpid(pid, &status, 0);
    while (got < 0 && errno == EINTR);
    return got == pid ? status : -1;
}
