/* SPDX-License-Identifier: Apache-2.0 */
#include "trace.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "house.h"

#define STRACE "/usr/bin/strace"
/* Kinds of calls, of each thread for itself. */
#define SEEN_MAX 256u
#define ARGUMENTS_MAX 64u
#define LOG_HEADER_BYTES 32

const char *const trace_fault_names[TRACE_FAULTS] = {"EIO", "ENOSPC", "SIGKILL"};
static const char *const injections[TRACE_FAULTS] = {"error=EIO", "error=ENOSPC", "signal=SIGKILL"};

void trace_init(struct trace *trace, const char *folder)
{
    *trace = (struct trace){.paths_count = 0};
    snprintf(trace->file, sizeof(trace->file), "%s/trace", folder);
    snprintf(trace->strace.log, sizeof(trace->strace.log), "%s/strace.log", folder);
}

void trace_path(struct trace *trace, const char *path, const char *suffix)
{
    must_be(trace->paths_count < TRACE_PATHS_MAX);
    snprintf(trace->paths[trace->paths_count++], sizeof(trace->paths[0]), "%s%s", path, suffix);
}

/* ---- starting ---- */

static unsigned put_common(const struct trace *trace, const char *argv[ARGUMENTS_MAX])
{
    unsigned count = 0;
    argv[count++] = STRACE;
    argv[count++] = "-f";
    argv[count++] = "-o";
    argv[count++] = trace->file;
    for (unsigned i = 0; i < trace->paths_count; i++) {
        argv[count++] = "-P";
        argv[count++] = trace->paths[i];
    }
    return count;
}

void trace_start(struct trace *trace, const char *const *command, pid_t pid, const char *name, unsigned nth,
                 enum trace_fault fault)
{
    const char *argv[ARGUMENTS_MAX];
    char inject[128], traced[64], number[16];
    unsigned count = put_common(trace, argv);
    unlink(trace->file);
    if (name) {
        snprintf(traced, sizeof(traced), "trace=%s,pwrite64,fdatasync", name); /* these for trace_synced_before */
        snprintf(inject, sizeof(inject), "inject=%s:%s:when=%u", name, injections[fault], nth);
        argv[count++] = "-e";
        argv[count++] = traced;
        argv[count++] = "-e";
        argv[count++] = inject;
    }
    snprintf(number, sizeof(number), "%d", (int)pid);
    if (!command) {
        argv[count++] = "-p";
        argv[count++] = number;
    }
    for (; command && *command && count < ARGUMENTS_MAX - 1; command++)
        argv[count++] = *command;
    argv[count] = NULL;
    must_be(child_start(&trace->strace, argv));
    if (!command)
        must_be(child_says(&trace->strace, "attached", HOUSE_PATIENCE_MS));
}

const char *trace_hindrance(struct trace *trace)
{
    static const char *const argv[] = {"/bin/true", NULL};
    if (access(STRACE, X_OK) != 0)
        return "strace is not installed";
    trace_start(trace, argv, 0, NULL, 0, TRACE_EIO);
    return trace_wait(trace) == 0 ? NULL : "strace may not trace here";
}

/* ---- ending ---- */

/* strace waits for ever for the first thread of a process that is ending meanwhile; it has written what it saw. */
void trace_let_go(struct trace *trace)
{
    if (child_end(&trace->strace, SIGINT, 1000) == -1)
        must_be(child_end(&trace->strace, SIGKILL, HOUSE_PATIENCE_MS) != -1);
}

int trace_wait(struct trace *trace)
{
    int status = child_wait(&trace->strace, HOUSE_PATIENCE_MS);
    must_be(status != -1);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* ---- what was seen ---- */

/* Calls `line` for each line of the file. */
static void each_line(const struct trace *trace, void (*line)(void *context, char *text), void *context)
{
    FILE *file = fopen(trace->file, "r");
    char *text = NULL;
    size_t size = 0;
    while (file && getline(&text, &size, file) > 0)
        line(context, text);
    free(text);
    if (file)
        fclose(file);
}

static void look_for_error(void *context, char *text)
{
    if (strstr(text, "(INJECTED)"))
        *(bool *)context = true;
}

static void look_for_kill(void *context, char *text)
{
    if (strstr(text, "+++ killed by SIGKILL"))
        *(bool *)context = true;
}

bool trace_injected(const struct trace *trace, enum trace_fault fault)
{
    bool injected = false;
    each_line(trace, fault == TRACE_KILL ? look_for_kill : look_for_error, &injected);
    return injected;
}

struct syncing {
    bool written;
    bool synced;
    bool failed; /* what comes later counts no more */
};

static void look_for_sync(void *context, char *text)
{
    struct syncing *syncing = context;
    const char *end = strrchr(text, '=');
    long result = end ? strtol(end + 1, NULL, 10) : -1;
    syncing->failed = syncing->failed || strstr(text, "(INJECTED)");
    if (syncing->failed)
        return;
    if (strstr(text, "pwrite64")) /* or its end, where another thread's call came in between */
        syncing->written = syncing->written || result > LOG_HEADER_BYTES;
    if (strstr(text, "fdatasync"))
        syncing->synced = syncing->synced || (syncing->written && result == 0);
}

bool trace_synced_before(const struct trace *trace)
{
    struct syncing syncing = {.written = false};
    each_line(trace, look_for_sync, &syncing);
    return syncing.failed && syncing.synced;
}

static void show_line(void *context, char *text)
{
    (void)context;
    printf("# %.160s%s", text, strlen(text) > 160 ? "\n" : "");
}

void trace_show(const struct trace *trace)
{
    each_line(trace, show_line, NULL);
}

static void look_for_pid(void *context, char *text)
{
    pid_t *pid = context;
    if (*pid == 0)
        *pid = (pid_t)strtol(text, NULL, 10);
}

pid_t trace_pid(const struct trace *trace)
{
    pid_t pid = 0;
    each_line(trace, look_for_pid, &pid);
    return pid;
}

struct counting {
    struct {
        long thread;
        struct trace_count call;
    } seen[SEEN_MAX];
    unsigned count;
};

/* "4711  pwrite64(12, ..." */
static void count_call(void *context, char *text)
{
    struct counting *counting = context;
    char *at = NULL;
    long thread = strtol(text, &at, 10);
    at += strspn(at, " ");
    size_t size = strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789_");
    if (at[size] != '(' || size == 0 || size >= sizeof(counting->seen[0].call.name))
        return;
    unsigned i = 0;
    at[size] = '\0';
    while (i < counting->count && (counting->seen[i].thread != thread || strcmp(counting->seen[i].call.name, at) != 0))
        i++;
    must_be(i < SEEN_MAX);
    if (i == counting->count) {
        counting->seen[i].thread = thread;
        counting->seen[i].call.count = 0;
        snprintf(counting->seen[i].call.name, sizeof(counting->seen[i].call.name), "%s", at);
        counting->count++;
    }
    counting->seen[i].call.count++;
}

unsigned trace_counts(const struct trace *trace, struct trace_count counts[TRACE_NAMES_MAX])
{
    static struct counting counting;
    unsigned names = 0;
    counting.count = 0;
    each_line(trace, count_call, &counting);
    for (unsigned i = 0; i < counting.count; i++) {
        const struct trace_count *call = &counting.seen[i].call;
        unsigned k = 0;
        while (k < names && strcmp(counts[k].name, call->name) != 0)
            k++;
        must_be(k < TRACE_NAMES_MAX);
        if (k == names)
            counts[names++] = *call;
        else if (counts[k].count < call->count)
            counts[k].count = call->count;
    }
    return names;
}
