/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/signals.h"

#include <errno.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/check.h"
#include "cli/cli.h"

static const int passed[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};

static struct {
    bool kept;
    struct sigaction actions[NSIG];
    bool known[NSIG];
    sigset_t mask;
} found;

static atomic_int mode;
static atomic_int caught;
static atomic_int command;

void cty_signals_keep(void)
{
    if (found.kept)
        return;
    found.kept = true;
    for (int number = 1; number < NSIG; number++)
        found.known[number] = sigaction(number, NULL, &found.actions[number]) == 0;
    (void)sigprocmask(SIG_SETMASK, NULL, &found.mask);
}

void cty_signals_restore(void)
{
    for (int number = 1; number < NSIG; number++) {
        if (found.known[number])
            (void)sigaction(number, &found.actions[number], NULL);
    }
    (void)sigprocmask(SIG_SETMASK, &found.mask, NULL);
}

/* What the terminal's keys send goes to the whole process group, so the command has it already. */
static void pass_on(int number, const siginfo_t *info)
{
    pid_t pid = atomic_load(&command);
    if (pid > 0 && info->si_code != SI_KERNEL)
        (void)kill(pid, number);
}

static void on_signal(int number, siginfo_t *info, void *context)
{
    int saved = errno, none = 0;
    (void)context;
    if (atomic_load(&mode) == CTY_SIGNALS_PASS) {
        pass_on(number, info);
        errno = saved;
        return;
    }
    bool first = atomic_compare_exchange_strong(&caught, &none, number);
    bool waiting = atomic_load(&mode) == CTY_SIGNALS_WAIT;
    if (waiting && !first)
        _exit(128 + number);
    bool reached = !first || atomic_load(&mode) != CTY_SIGNALS_HOLD ? cty_cli_interrupt() : true;
    if (waiting && !reached)
        _exit(128 + number);
    errno = saved;
}

void cty_signals_take(enum cty_signals_mode first_mode)
{
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART};
    struct sigaction plain = {.sa_handler = SIG_DFL};
    sigfillset(&action.sa_mask);
    sigemptyset(&plain.sa_mask);
    atomic_store(&caught, 0);
    atomic_store(&command, 0);
    atomic_store(&mode, (int)first_mode);
    (void)sigaction(SIGCHLD, &plain, NULL);
    for (size_t i = 0; i < CTY_COUNT_OF(passed); i++) {
        bool ignored = !(found.actions[passed[i]].sa_flags & SA_SIGINFO) &&
                       found.actions[passed[i]].sa_handler == SIG_IGN;
        (void)sigaction(passed[i], ignored ? &found.actions[passed[i]] : &action, NULL);
    }
}

void cty_signals_set(enum cty_signals_mode next)
{
    atomic_store(&mode, (int)next);
}

void cty_signals_set_command(pid_t pid)
{
    atomic_store(&command, pid);
}

void cty_signals_block(sigset_t *ret_before)
{
    sigset_t all;
    sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, ret_before);
}

void cty_signals_unblock(const sigset_t *before)
{
    (void)sigprocmask(SIG_SETMASK, before, NULL);
}

int cty_signals_caught(void)
{
    return atomic_load(&caught);
}
