/* SPDX-License-Identifier: Apache-2.0 */
/* A case on the command line: its name, and what it looks like to those who decide (spec/cli.md, "Renderings"). */
#ifndef CTY_CLI_CASE_H
#define CTY_CLI_CASE_H

#include "cli/cli.h"
#include "client/judge.h"
#include "codec/json.h"
#include "codec/patch.h"

/*
 * The case of 64 hex digits, or of a prefix of at least 8 that only one case has among those that the custodian lists.
 * Errors: USAGE for what is neither, NOT_FOUND, those of cty_client_cases.
 */
CUSTODY_MUST_USE custody_err cty_cli_case(struct cty_cli *cli, struct cty_client *client, const char *word,
                                          struct cty_hash *ret_case);

/*
 * The case, judged, with the contents that the client's own may read; where they hold text that hides or turns, the
 * report has the finding `text-suspicious`. The caller owns the judgement. Errors: those of cty_client_judge.
 */
CUSTODY_MUST_USE custody_err cty_cli_judge_case(struct cty_cli *cli, struct cty_client *client,
                                                const struct cty_hash *case_id, struct cty_judgement **ret_judgement);
/* The same for the case of the first operand, as the key's owner. */
CUSTODY_MUST_USE custody_err cty_cli_judge(struct cty_cli *cli, struct cty_client **ret_client,
                                           struct cty_judgement **ret_judgement);
/* Members of statements whose contents are text for readers; ends with NULL. */
extern const char *const cty_case_talk[];
/* Adds that finding, where it is due. Errors: those of cty_judgement_each. */
CUSTODY_MUST_USE custody_err cty_case_suspect(struct cty_judgement *judgement);

/* The state as it reads at `now`: folded, and with the deadline. */
enum cty_case_state cty_case_reads(const struct cty_judgement *judgement, uint64_t now);

/*
 * The rendering: who asks for what, the quorum, the payload in force, what was changed against what was asked, what was
 * said. The same evidence gives the same text: it has no clock. Foreign text is escaped. A payload that is very large is
 * cut, which the text says.
 */
CUSTODY_MUST_USE custody_err cty_case_render(const struct cty_judgement *judgement, struct cty_buf *out);
/* The same with the whole payload, however large. */
CUSTODY_MUST_USE custody_err cty_case_render_whole(const struct cty_judgement *judgement, struct cty_buf *out);
/* What was found besides, one line each: below the rendering, wherever somebody signs. */
CUSTODY_MUST_USE custody_err cty_case_findings(const struct cty_judgement *judgement, struct cty_buf *out);
/* One line for each difference of two contents, behind `indent` spaces; or why they can't be compared. */
CUSTODY_MUST_USE custody_err cty_render_diff(struct cty_bytes from, struct cty_bytes to, unsigned indent,
                                             struct cty_buf *out);

/* The same as members of an object that was begun (spec/cli.md, "show"). */
CUSTODY_MUST_USE custody_err cty_case_members(const struct cty_judgement *judgement, enum cty_case_state state,
                                              struct cty_jw *jw);
/* Changes as an array of {"after","before","path"}; empty where the contents can't be compared. */
CUSTODY_MUST_USE custody_err cty_member_diff(struct cty_jw *jw, const char *name, struct cty_bytes from,
                                             struct cty_bytes to);

/* What `show` prints: the rendering, how the state reads at `now`, and the report. */
CUSTODY_MUST_USE custody_err cty_case_show(const struct cty_judgement *judgement, uint64_t now, struct cty_buf *out);
/* Whether the case was released and its quorum no longer stands. Errors: those of cty_case_quorum. */
CUSTODY_MUST_USE custody_err cty_case_lost_quorum(const struct cty_judgement *judgement, bool *ret_lost);
/* How far clause i of the newest verdict is met at `time`. Errors: those of cty_quorum_progress. */
CUSTODY_MUST_USE custody_err cty_case_quorum(const struct cty_judgement *judgement, uint64_t time,
                                             uint64_t ret_counts[CTY_POLICIES_MAX]);
/* What an approval at `time` names as the one before it. Errors: those of cty_previous_approval. */
CUSTODY_MUST_USE custody_err cty_case_previous(const struct cty_judgement *judgement, uint64_t time,
                                               struct cty_opt_hash *ret_previous);
/* Whether `actor` could approve now, by the judged state. Errors: the refusal that the custodian would give. */
CUSTODY_MUST_USE custody_err cty_case_may_decide(const struct cty_judgement *judgement, struct cty_bytes actor,
                                                 uint64_t now, custody_error *error);

#endif
