/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program under strace, with a failure at the n-th call of one kind that has to do with some files: an error instead of
 * the call, or SIGKILL. Counted is by thread, since strace does.
 */
#ifndef CTY_TESTS_E2E_TRACE_H
#define CTY_TESTS_E2E_TRACE_H

#include "child.h"

#define TRACE_PATHS_MAX 12u
#define TRACE_NAMES_MAX 32u

/* What is done to the call. */
enum trace_fault { TRACE_EIO, TRACE_ENOSPC, TRACE_KILL, TRACE_FAULTS };
extern const char *const trace_fault_names[TRACE_FAULTS];

struct trace {
    struct child strace;
    char file[160];                     /* what strace saw */
    char paths[TRACE_PATHS_MAX][160];   /* calls that have to do with these */
    unsigned paths_count;
};
/* Files beside the log of `folder`. */
void trace_init(struct trace *trace, const char *folder);
void trace_path(struct trace *trace, const char *path, const char *suffix);

/* NULL where strace is there and may trace; else why not. */
const char *trace_hindrance(struct trace *trace);

/*
 * Traces `command`, which ends with NULL, or where that is NULL the process `pid`; name NULL: without a fault. Returns once
 * it does.
 */
void trace_start(struct trace *trace, const char *const *command, pid_t pid, const char *name, unsigned nth,
                 enum trace_fault fault);
/* Lets a process go that was there before; returns once strace has ended. */
void trace_let_go(struct trace *trace);
/* Waits for the end of what was started; its exit status, 137 for SIGKILL. */
int trace_wait(struct trace *trace);
/* Whether the fault came about; any SIGKILL is taken for the one. */
bool trace_injected(const struct trace *trace, enum trace_fault fault);
/* Whether pages (more than a log's header) had been written and synced before the error came about. */
bool trace_synced_before(const struct trace *trace);
/* Prints what was seen, for a reader of a failure. */
void trace_show(const struct trace *trace);
/* The first process that was seen; 0 for none. */
pid_t trace_pid(const struct trace *trace);

/* The calls that were seen, and how many the busiest thread made of each. */
struct trace_count {
    char name[32];
    unsigned count;
};
unsigned trace_counts(const struct trace *trace, struct trace_count counts[TRACE_NAMES_MAX]);

#endif
