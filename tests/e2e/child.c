/* SPDX-License-Identifier: Apache-2.0 */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOG_TAIL_BYTES 16384
#define LOG_BYTES_MAX (64 * 1024 * 1024)

static uint64_t clock_ms(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t now_ms(void)
{
    return clock_ms(CLOCK_MONOTONIC);
}

uint64_t wall_ms(void)
{
    return clock_ms(CLOCK_REALTIME);
}

void pause_ms(uint64_t ms)
{
    const struct timespec pause = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
    nanosleep(&pause, NULL);
}

/* Between fork and exec: nothing but system calls, for the parent may have had threads. */
static _Noreturn void become(const char *const *argv, int output, pid_t parent)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
        _exit(126);
    if (dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0)
        _exit(126);
    execv(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
}

bool child_start(struct child *child, const char *const *argv)
{
    int output = open(child->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (output < 0)
        return false;
    child->log_from = (long)lseek(output, 0, SEEK_END);
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0)
        become(argv, output, parent);
    close(output);
    child->pid = pid > 0 ? pid : 0;
    return pid > 0;
}

/* The output from there on, NUL-terminated; the caller frees. */
static char *read_log(const struct child *child, long from)
{
    FILE *file = fopen(child->log, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0) {
        if (file)
            fclose(file);
        return NULL;
    }
    long size = ftell(file) - from;
    size = size < 0 ? 0 : size > LOG_BYTES_MAX ? LOG_BYTES_MAX : size;
    char *text = malloc((size_t)size + 1);
    size_t got = 0;
    if (text && fseek(file, from, SEEK_SET) == 0)
        got = fread(text, 1, (size_t)size, file);
    if (text)
        text[got] = 0;
    fclose(file);
    return text;
}

static bool log_holds(const struct child *child, long from, const char *text)
{
    char *log = read_log(child, from);
    bool holds = log && strstr(log, text);
    free(log);
    return holds;
}

bool child_said(const struct child *child, const char *text)
{
    return log_holds(child, 0, text);
}

static bool is_alive(const struct child *child)
{
    siginfo_t info = {.si_pid = 0};
    return waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0;
}

bool child_says(const struct child *child, const char *text, uint64_t timeout_ms)
{
    uint64_t until = now_ms() + timeout_ms;
    for (;;) {
        bool alive = is_alive(child);
        if (log_holds(child, child->log_from, text))
            return true;
        if (!alive || now_ms() > until)
            return false;
        pause_ms(5);
    }
}

int child_wait(struct child *child, uint64_t timeout_ms)
{
    uint64_t until = now_ms() + timeout_ms;
    int status = 0;
    for (;;) {
        pid_t pid = wait4(child->pid, &status, WNOHANG, &child->usage);
        if (pid == child->pid) {
            child->pid = 0;
            return status;
        }
        if ((pid < 0 && errno != EINTR) || now_ms() > until)
            return -1;
        pause_ms(5);
    }
}

int child_end(struct child *child, int signal_number, uint64_t timeout_ms)
{
    if (child->pid == 0)
        return 0;
    kill(child->pid, signal_number);
    return child_wait(child, timeout_ms);
}

int child_run(struct child *child, const char *const *argv, uint64_t timeout_ms)
{
    if (!child_start(child, argv))
        return -1;
    int status = child_wait(child, timeout_ms);
    if (status == -1)
        child_end(child, SIGKILL, timeout_ms);
    return status != -1 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* A whole file of /proc. */
static bool read_proc(pid_t pid, const char *name, char *text, size_t size)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    FILE *file = fopen(path, "r");
    if (!file)
        return false;
    size_t got = fread(text, 1, size - 1, file);
    text[got] = 0;
    fclose(file);
    return got > 0;
}

double child_cpu_s(const struct child *child)
{
    clockid_t clock;
    struct timespec used = {0, 0};
    if (clock_getcpuclockid(child->pid, &clock) == 0)
        clock_gettime(clock, &used);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

uint64_t child_peak_bytes(const struct child *child)
{
    char text[8192];
    const char *at = read_proc(child->pid, "status", text, sizeof(text)) ? strstr(text, "VmHWM:") : NULL;
    return at ? strtoull(at + strlen("VmHWM:"), NULL, 10) * 1024 : 0;
}

void child_show_log(const struct child *child)
{
    char *log = read_log(child, 0);
    size_t size = log ? strlen(log) : 0;
    const char *from = size > LOG_TAIL_BYTES ? log + size - LOG_TAIL_BYTES : log;
    fprintf(stderr, "--- %s\n%s\n---\n", child->log, from ? from : "(nothing)");
    free(log);
}
