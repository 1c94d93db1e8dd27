/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that runs beside the test, with its output in a file. It dies with the thread that started it, so
 * start from the main thread.
 */
#ifndef CTY_TESTS_E2E_CHILD_H
#define CTY_TESTS_E2E_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

struct child {
    pid_t pid;            /* 0: none runs */
    char log[160];        /* where its output goes, after what is there */
    long log_from;        /* where the output of this run begins */
    struct rusage usage;  /* of the last run, once it has ended */
};

uint64_t now_ms(void); /* monotonic */
uint64_t wall_ms(void);
void pause_ms(uint64_t ms);

/* argv ends with NULL; child->log is set. False where it could not be started. */
bool child_start(struct child *child, const char *const *argv);
/* Waits until its output holds the text. False where it ended, or the time is up. */
bool child_says(const struct child *child, const char *text, uint64_t timeout_ms);
/* Whether the output of all its runs so far holds the text. */
bool child_said(const struct child *child, const char *text);
/* Waits for its end; the status is that of waitpid, -1 where the time is up. */
int child_wait(struct child *child, uint64_t timeout_ms);
/* Sends the signal and waits. */
int child_end(struct child *child, int signal_number, uint64_t timeout_ms);
/* Runs a program to its end. The exit status; -1 for any other end. */
int child_run(struct child *child, const char *const *argv, uint64_t timeout_ms);
/* Processor time of a running child so far, user and system, in seconds; and the most memory it had, in bytes. */
double child_cpu_s(const struct child *child);
uint64_t child_peak_bytes(const struct child *child);
/* Copies the last lines of its output to standard error. */
void child_show_log(const struct child *child);

#endif
