/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs that take one step on one case: the case found, the step taken, its entry told. */
#ifndef CTY_CLI_ACT_H
#define CTY_CLI_ACT_H

#include "cli/case.h"
#include "cli/submitted.h"

/* A step on the case of the first operand, and what came of it. */
struct cty_acting {
    struct cty_cli *cli;
    struct cty_client *client;
    struct cty_hash case_id;
    struct cty_submitted submitted;   /* of the step; empty where it was taken before */
    struct cty_judgement *judgement;  /* for the step's own use */
    struct cty_buf content, content2; /* likewise; of a content's size */
};

/* Opens a client of --key, finds the case, runs the step, and keeps a refusal where --receipt says. */
CUSTODY_MUST_USE custody_err cty_act(struct cty_cli *cli, custody_err (*run)(struct cty_acting *a));
/* What an option's file holds, read into `buf`; data NULL where the option wasn't given. */
CUSTODY_MUST_USE custody_err cty_act_read(struct cty_cli *cli, const char *option, struct cty_buf *buf,
                                          struct cty_bytes *ret_content);
/* The page of a step that says nothing but its entry, and (NULL: nothing) the state that it led to. */
CUSTODY_MUST_USE custody_err cty_act_page(struct cty_acting *a, const char *state);

#endif
