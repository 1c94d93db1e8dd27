/* SPDX-License-Identifier: Apache-2.0 */
/* Submitting, and what is said of it: the entry, its receipt, what followed. */
#ifndef CTY_CLI_SUBMITTED_H
#define CTY_CLI_SUBMITTED_H

#include "cli/cli.h"
#include "cli/cosign.h"
#include "codec/json.h"

/* The option of commands that submit: --receipt FILE. */
#define CTY_RECEIPT_OPTION                                                                             \
    {"receipt", 0, CTY_OPT_TEXT, "FILE", "keep the receipt, a C2SP tlog-proof, and FILE.entry; or FILE.refusal"}

/* What a submission says: lines for people; members of a JSON object, each put where its name sorts. */
CUSTODY_MUST_USE custody_err cty_put_submitted(struct cty_cli *cli, const struct cty_submitted *submitted);
/* "digest","duplicate","follow","index","time","type" as one object. */
void cty_member_submitted(struct cty_jw *jw, const char *name, const struct cty_submitted *submitted);
/* The whole page for a command that only submits; also keeps the receipt. */
CUSTODY_MUST_USE custody_err cty_page_submitted(struct cty_cli *cli, const struct cty_submitted *submitted);
/* Writes --receipt, where it was given. */
CUSTODY_MUST_USE custody_err cty_keep_receipt(struct cty_cli *cli, const struct cty_submitted *submitted);
/*
 * After a submission that ended with `err`: writes the signed refusal, if one came, where --receipt says; and gives
 * `err` on. A denial leaves a trace in the hands of the one denied.
 */
CUSTODY_MUST_USE custody_err cty_keep_refusal(struct cty_cli *cli, const struct cty_submitted *submitted,
                                              custody_err err);

/* The state that a request, patch or accept led to, by the clerk's statements that came with it. Errors: NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_submitted_state(const struct cty_submitted *submitted,
                                                 enum cty_case_state *ret_state);

/* Submits what all have signed, and fills the page. Errors: UNDER_THRESHOLD, those of cty_client_submit. */
CUSTODY_MUST_USE custody_err cty_submit_cosigned(struct cty_cli *cli, struct cty_client *client,
                                                 const struct cty_cosign *cosign);
/* The page for a draft that was written to `path`. */
CUSTODY_MUST_USE custody_err cty_put_draft(struct cty_cli *cli, const struct cty_cosign *cosign, const char *path);

#endif
