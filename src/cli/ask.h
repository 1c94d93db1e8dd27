/* SPDX-License-Identifier: Apache-2.0 */
/* The words of a request that `request` and `run` share: what is asked for, how urgently, who may read it. */
#ifndef CTY_CLI_ASK_H
#define CTY_CLI_ASK_H

#include "cli/cli.h"
#include "client/agent.h"

/* Their options, in the order of help. */
#define CTY_ASK_SERVICE_OPTIONS                                                                                        \
    {"service", 's', CTY_OPT_TEXT, "WORD", "what will be acted on: payments"},                                         \
        {"action", 'a', CTY_OPT_TEXT, "WORD", "what will be done: refund"}
#define CTY_ASK_FACT_OPTIONS                                                                                           \
    {"priority", 0, CTY_OPT_TEXT, "WORD", "low, normal, high or critical (normal)"},                                   \
        {"fact", 'f', CTY_OPT_LIST, "NAME=VALUE", "what you state about the payload, for policies"}
#define CTY_ASK_READER_OPTIONS                                                                                         \
    {"behalf", 0, CTY_OPT_LIST, "ACTOR", "on whose behalf; they can't approve it"},                                    \
        {"reader", 0, CTY_OPT_LIST, "NAME", "an actor or party who may also read the contents"}
#define CTY_ASK_CASE_OPTIONS                                                                                           \
    {"expires", 0, CTY_OPT_TEXT, "PERIOD", "after this it is of no use (1d)"},                                         \
        {"parent", 0, CTY_OPT_TEXT, "CASE", "the case that this one is a part of"}

/* Zero-initialise; the ask borrows from the command line and from `facts`. */
struct cty_asking {
    struct cty_ask ask;
    struct cty_buf facts;
};
void cty_asking_done(struct cty_asking *asking);
/* All but the contents, the executor and the parent. Errors: USAGE, those of the scanner for facts. */
CUSTODY_MUST_USE custody_err cty_asking_read(struct cty_cli *cli, struct cty_asking *asking);
/* --parent, found. Errors: those of cty_cli_case. */
CUSTODY_MUST_USE custody_err cty_asking_find_parent(struct cty_cli *cli, struct cty_client *client,
                                                    struct cty_ask *ask);

#endif
