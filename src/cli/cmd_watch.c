/* SPDX-License-Identifier: Apache-2.0 */
/* custody watch */
#include <signal.h>
#include <unistd.h>

#include "base/check.h"
#include "cli/watch.h"

/* Whoever has seen enough and presses q or Ctrl-C has not failed; who is told to end by others is. */
static custody_err how_it_ended(struct cty_watch *w, custody_err err)
{
    int number = cty_screen_ended();
    if (number == 0 && err != CUSTODY_E_CANCELLED_WAIT)
        return err;
    if (number == SIGINT && (err == CUSTODY_OK || err == CUSTODY_E_CANCELLED_WAIT))
        return CUSTODY_OK;
    return err == CUSTODY_OK ? cty_fail(&w->cli->error, CUSTODY_E_CANCELLED_WAIT, "a signal asked for the end") : err;
}

static custody_err on_screen(struct cty_watch *w, int in, int out)
{
    CTY_TRY(cty_screen_open(in, out, &w->cli->error));
    w->cli->on_screen = true;
    custody_err err = cty_watch_list(w);
    w->cli->on_screen = false;
    cty_screen_close();
    return how_it_ended(w, err);
}

static custody_err run(struct cty_watch *w)
{
    int in = fileno(w->cli->in), out = fileno(w->cli->out);
    if (!w->cli->json && !cty_args_flag(&w->cli->args, "lines") && cty_screen_can(in, out))
        return on_screen(w, in, out);
    custody_err err = cty_watch_text(w);
    return err == CUSTODY_E_CANCELLED_WAIT ? CUSTODY_OK : err;
}

static custody_err watch(struct cty_cli *cli)
{
    CTY_AUTO_FREE struct cty_watch *w = cty_alloc(1, sizeof(*w));
    if (!w)
        return cty_fail_code(&cli->error, CUSTODY_E_NO_MEMORY);
    custody_err err = cty_watch_open(w, cli);
    if (err == CUSTODY_OK)
        err = run(w);
    cty_watch_done(w);
    return err;
}

static const struct cty_opt options[] = {
    {"all", 'a', CTY_OPT_FLAG, NULL, "also what others must decide, and what was released"},
    {"lines", 'l', CTY_OPT_FLAG, NULL, "no screen: a line for each event"},
    {NULL},
};

const struct cty_command cty_command_watch = {
    .name = "watch",
    .run = watch,
    .summary = "the inbox as it changes, with keys to decide",
    .operands = "",
    .about = "A screen of what waits for you: who asks for what, since when, how long is left, how far the\n"
             "quorum is. Enter opens a case, a approves, r rejects, p patches in your editor; each shows what\n"
             "would be signed and asks. ? lists the keys, q ends it. Where the output is no terminal, or TERM is\n"
             "dumb, it prints a line for each event, with --json one object a line.\n",
    .example = "custody watch --key acme-alice.key",
    .uses = CTY_USE_READ,
    .options = options,
};
