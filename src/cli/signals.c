/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/signals.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/pidfd.h>
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
static atomic_int command;    /* 0: none */
static atomic_int command_fd; /* its pidfd; -1 where the kernel has none */
static _Atomic(const char *) word;

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

/*
 * By its pidfd, which stays open: a handler in another thread may still be at it when the command has been reaped, and its
 * number be somebody else's.
 */
static void send_to_command(int number)
{
    pid_t pid = atomic_load(&command);
    int fd = atomic_load(&command_fd);
    if (pid > 0 && fd >= 0)
        (void)pidfd_send_signal(fd, number, NULL, 0);
    else if (pid > 0)
        (void)kill(pid, number);
}

/* What the terminal's keys send goes to the whole process group, so the command has it already. */
static void pass_on(int number, const siginfo_t *info)
{
    if (info->si_code != SI_KERNEL)
        send_to_command(number);
}

/* Taken by one: by the main thread as it begins to pass on, or by a handler that noted it just then. */
static void pass_caught(void)
{
    int number = atomic_exchange(&caught, 0);
    if (number)
        send_to_command(number);
}

static void say(const char *text)
{
    ssize_t put = text ? write(STDERR_FILENO, text, strlen(text)) : 0;
    (void)put;
}

/* Nothing was begun yet that must come to its end. */
static void stop_waiting(int number, bool first)
{
    if (!first || !cty_cli_interrupt())
        _exit(128 + number);
    say(atomic_load(&word));
}

static void on_signal(int number, siginfo_t *info, void *context)
{
    int saved = errno, none = 0;
    enum cty_signals_mode now = (enum cty_signals_mode)atomic_load(&mode);
    bool first = now != CTY_SIGNALS_PASS && atomic_compare_exchange_strong(&caught, &none, number);
    (void)context;
    switch (now) {
    case CTY_SIGNALS_WAIT:
        stop_waiting(number, first);
        break;
    case CTY_SIGNALS_HOLD:
        if (!first)
            (void)cty_cli_interrupt();
        if (atomic_load(&mode) == CTY_SIGNALS_PASS)
            pass_caught();
        break;
    case CTY_SIGNALS_PASS:
        pass_on(number, info);
        break;
    case CTY_SIGNALS_REPORT:
        (void)cty_cli_interrupt();
        break;
    }
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
    atomic_store(&command_fd, -1);
    atomic_store(&word, NULL);
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

void cty_signals_pass_to(pid_t pid)
{
    atomic_store(&command_fd, pidfd_open(pid, 0));
    atomic_store(&command, pid);
    atomic_store(&mode, CTY_SIGNALS_PASS);
    pass_caught();
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

void cty_signals_set_word(const char *text)
{
    atomic_store(&word, text);
}

int cty_signals_caught(void)
{
    return atomic_load(&caught);
}
