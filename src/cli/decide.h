/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A decision and a patch in the making, for `approve`, `reject`, `patch` and `watch`: judged and rendered first; signed
 * only by whoever has shown `shown` to a person, or was told not to ask.
 */
#ifndef CTY_CLI_DECIDE_H
#define CTY_CLI_DECIDE_H

#include "cli/case.h"
#include "client/draft.h"

/* Zero-initialise the wish, fill it in, begin, show, sign, done. */
struct cty_deciding {
    /* The wish; borrowed. */
    enum cty_choice choice;
    const char *reason;      /* NULL: none */
    uint64_t counts_for_ms;  /* 0: as long as the request */
    struct cty_names travels;
    /* What came of it. */
    struct cty_cli *cli;
    struct cty_client *client;
    struct cty_judgement *judgement;
    struct cty_buf shown; /* what must be seen: the case, and what the signature will say */
    uint64_t expires;
    struct cty_draft draft;
    struct cty_submitted submitted;
};
void cty_deciding_done(struct cty_deciding *deciding);
/*
 * Judges the case and renders what is to be decided: an approval with the whole payload, however large.
 * Errors: those of cty_client_judge and cty_judgement_check; DEADLINE_PASSED, STATE_ILLEGAL, those of
 * cty_case_may_decide; for an approval FORBIDDEN without the payload, TOO_LARGE where it can't be kept as shown.
 */
CUSTODY_MUST_USE custody_err cty_deciding_begin(struct cty_deciding *deciding, struct cty_cli *cli,
                                                struct cty_client *client, const struct cty_hash *case_id);
/* Signs what was shown and submits it. Errors: those of cty_client_submit. */
CUSTODY_MUST_USE custody_err cty_deciding_sign(struct cty_deciding *deciding);
/* Whether the decision released the case. */
bool cty_deciding_released(const struct cty_deciding *deciding);

/* The same for a patch: begin, put the edit's two texts in, render, show, sign, done. */
struct cty_patching {
    const char *reason;      /* NULL: none; borrowed */
    struct cty_buf facts;    /* RFC 8785; empty: none */
    struct cty_buf operations, result;
    struct cty_cli *cli;
    struct cty_client *client;
    struct cty_judgement *judgement;
    struct cty_bytes payload; /* in force; borrows from the judgement */
    struct cty_buf shown;
    struct cty_draft draft;
    struct cty_submitted submitted;
};
void cty_patching_done(struct cty_patching *patching);
/* Errors: as for a decision; who has approved may still patch. */
CUSTODY_MUST_USE custody_err cty_patching_begin(struct cty_patching *patching, struct cty_cli *cli,
                                                struct cty_client *client, const struct cty_hash *case_id);
CUSTODY_MUST_USE custody_err cty_patching_render(struct cty_patching *patching);
CUSTODY_MUST_USE custody_err cty_patching_sign(struct cty_patching *patching);

#endif
