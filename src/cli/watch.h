/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `custody watch`: the inbox as it changes. One thread asks the custodian, draws and reads keys in turn.
 *
 *     list  --Enter-->  case  --a, r, p-->  what would be signed  --y-->  signed
 *       ^----- q, Esc ----'---------------- n, q, Esc ---------------------'
 *
 *     watch.c       the state, asking the custodian      watch_case.c  a case
 *     watch_list.c  the list on the screen               watch_act.c   decisions and patches
 *     watch_text.c  a line for each event, where there is no screen
 */
#ifndef CTY_CLI_WATCH_H
#define CTY_CLI_WATCH_H

#include "cli/case_rows.h"
#include "cli/decide.h"
#include "cli/pager.h"

#define CTY_WATCH_MESSAGE_SIZE 512

/* Zero-initialise, open, then done. */
struct cty_watch {
    struct cty_cli *cli;
    struct cty_client *client;
    bool all;                    /* --all: also what others must decide */
    struct cty_case_lines lines; /* newest list */
    bool listed;                 /* there was one */
    uint64_t size;               /* entries of the ledger when it was fetched */
    uint64_t fetched;            /* when, ms */
    uint64_t tried;              /* when the custodian was asked last, ms */
    uint64_t lost;               /* since when it does not answer; 0: it does */
    struct cty_hash selected;    /* the case under the bar */
    size_t top;                  /* the list's first line on the screen */
    struct cty_frame frame;
    char message[CTY_WATCH_MESSAGE_SIZE]; /* the newest, of our own words or escaped */
};

/* The key, its passphrase, the client. Errors: those of cty_cli_client. */
CUSTODY_MUST_USE custody_err cty_watch_open(struct cty_watch *watch, struct cty_cli *cli);
void cty_watch_done(struct cty_watch *watch);

/*
 * Asks whether the ledger grew, and where it did, or a while has passed, or `now_please`, for the list. A custodian that
 * is away or busy is no error: `lost` says so. `ret_before` (may be NULL) takes the list before; `ret_changed` whether
 * there is another one. Errors: whatever asking again doesn't mend; CANCELLED_WAIT.
 */
CUSTODY_MUST_USE custody_err cty_watch_ask(struct cty_watch *watch, bool now_please, struct cty_case_lines *ret_before,
                                           bool *ret_changed);
/* Milliseconds until it should be asked again. */
uint64_t cty_watch_pause(const struct cty_watch *watch);
/* A patience that keeps the screen alive, and one that gets things done. */
void cty_watch_hurry(struct cty_watch *watch);
void cty_watch_insist(struct cty_watch *watch);

/* A message of our own. */
void cty_watch_say(struct cty_watch *watch, const char *format, ...) CUSTODY_PRINTF(2, 3);
/* Says how something failed: sentence, detail (escaped), code. */
void cty_watch_say_error(struct cty_watch *watch, const char *what, custody_err err);
/* Whether such an error is said and passes, where the watch goes on; others end it. */
bool cty_watch_goes_on(custody_err err);

/* The screens. They end with OK where a key, Ctrl-C or a hang-up asks for it; Ctrl-C ends those above too. */
CUSTODY_MUST_USE custody_err cty_watch_list(struct cty_watch *watch);
CUSTODY_MUST_USE custody_err cty_watch_case(struct cty_watch *watch, const struct cty_hash *case_id);
CUSTODY_MUST_USE custody_err cty_watch_decide(struct cty_watch *watch, const struct cty_hash *case_id,
                                              enum cty_choice choice);
CUSTODY_MUST_USE custody_err cty_watch_patch(struct cty_watch *watch, const struct cty_hash *case_id);
/* All keys, until one is pressed. */
CUSTODY_MUST_USE custody_err cty_watch_keys(struct cty_watch *watch);
/* Without a screen. */
CUSTODY_MUST_USE custody_err cty_watch_text(struct cty_watch *watch);

/* The head of every screen: who watches which ledger, and whether the custodian is there; loud. */
CUSTODY_MUST_USE custody_err cty_watch_head(struct cty_watch *watch, const char *what);
/* The last two rows: the message, and what keys do. */
CUSTODY_MUST_USE custody_err cty_watch_foot(struct cty_watch *watch, const char *keys);

#endif
