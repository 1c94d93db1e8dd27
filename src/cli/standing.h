/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How it stands with the witnesses that the own policy asks for, for people: why nobody can act. What the custodian says of
 * each is its word; whether an entry is cosigned is verified.
 */
#ifndef CTY_CLI_STANDING_H
#define CTY_CLI_STANDING_H

#include "cli/case.h"
#include "cli/cli.h"

/* One witness of the own policy that the quorum can rest on. Texts are copies, cut, to be escaped where they are shown. */
struct cty_standing_line {
    char name[128];
    char state[16]; /* as the custodian says; "unasked" where its own policy does not name it */
    char detail[256];
    uint64_t size;
    uint64_t time; /* ms; 0: never */
};

struct cty_standing {
    bool asks;    /* the own policy has a quorum; else nothing more is set */
    bool reached; /* of a case: its newest entry is cosigned. Else: those that answer are a quorum, as the custodian says */
    bool of_case;
    uint64_t entry; /* of a case: its newest */
    struct cty_standing_line lines[CTY_WITNESS_NODES_MAX];
    size_t count;
};

/* Without a case. Errors: those of cty_client_call. */
CUSTODY_MUST_USE custody_err cty_standing_now(struct cty_cli *cli, struct cty_client *client,
                                              struct cty_standing *ret_standing);
/* Of a case that was released or consumed; of others `asks` is false. Errors: those of cty_client_look_witnessed, too. */
CUSTODY_MUST_USE custody_err cty_standing_case(struct cty_cli *cli, struct cty_client *client,
                                               const struct cty_judgement *judgement, struct cty_standing *ret_standing);

/* Lines of text where it was not reached, one for each witness; nothing else. */
CUSTODY_MUST_USE custody_err cty_standing_put(const struct cty_standing *standing, uint64_t now, struct cty_buf *out);
/* The member `witnesses`, where the own policy asks for some. */
void cty_standing_member(struct cty_jw *jw, const struct cty_standing *standing);

#endif
