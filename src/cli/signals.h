/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals of a program that waits for people and then stands over a command (spec/cli.md, "Running a command"):
 *
 *     WAIT    the first ends the waiting, the second the program
 *     HOLD    the first is only noted, the second ends the waiting: what was begun comes to its end
 *     PASS    passed on to the command
 *     REPORT  ends the waiting, and never the program: the command's status is still to be passed on
 *
 * nng's threads keep the mask that they were started with and add SIGPIPE, so a handler may run in any of them, at any
 * moment, also while the main thread has all signals blocked. Thread rule: functions are for the main thread; the state
 * of a process.
 */
#ifndef CTY_CLI_SIGNALS_H
#define CTY_CLI_SIGNALS_H

#include <signal.h>
#include <sys/types.h>

enum cty_signals_mode { CTY_SIGNALS_WAIT, CTY_SIGNALS_HOLD, CTY_SIGNALS_PASS, CTY_SIGNALS_REPORT };

/* Remembers dispositions and mask as the program found them. The first call counts. */
void cty_signals_keep(void);
/* Puts them back as they were; async-signal-safe, for a child before it becomes another program. */
void cty_signals_restore(void);

/* Takes over HUP, INT, QUIT, TERM, USR1, USR2, but for those that were ignored; children can be waited for. */
void cty_signals_take(enum cty_signals_mode mode);
void cty_signals_set(enum cty_signals_mode next);
/* PASS, to this child; what was caught since it was last asked for goes to it too. */
void cty_signals_pass_to(pid_t pid);
/* All signals wait until the mask is put back. */
void cty_signals_block(sigset_t *ret_before);
void cty_signals_unblock(const sigset_t *before);
/* What the first one says to standard error while it waits, since the waiting may take its time to end; kept, NULL for
 * nothing. */
void cty_signals_set_word(const char *text);
/* The first signal that came, and was not passed on; 0 for none. */
int cty_signals_caught(void);

#endif
