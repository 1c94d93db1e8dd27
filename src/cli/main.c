/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/signals.h"

static void on_signal(int number)
{
    if (!cty_cli_interrupt())
        _exit(128 + number);
}

/* The first interruption ends the waiting, so that the run says where it was; the second ends the program. */
static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
}

int main(int argc, char **argv)
{
    cty_signals_keep();
    catch_signals();
    return cty_cli_run(argc, argv, stdin, stdout, stderr, isatty(STDIN_FILENO) && isatty(STDERR_FILENO));
}
