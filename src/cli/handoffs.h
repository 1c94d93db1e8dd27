/* SPDX-License-Identifier: Apache-2.0 */
/* Handoffs, questions and consent of a judged case, for people and for programs (spec/cli.md). */
#ifndef CTY_CLI_HANDOFFS_H
#define CTY_CLI_HANDOFFS_H

#include "cli/cli.h"
#include "client/map.h"
#include "codec/json.h"

/* Each offer of the case in a few lines, foreign text escaped; nothing where there is none. With `now` 0 there is no
 * clock in it. Errors: those of cty_handoffs_read. */
CUSTODY_MUST_USE custody_err cty_handoffs_show(const struct cty_judgement *judgement, uint64_t now, struct cty_buf *out);
/* The same for the newest offer alone. */
CUSTODY_MUST_USE custody_err cty_handoff_show_newest(const struct cty_judgement *judgement, uint64_t now,
                                                     struct cty_buf *out);
/* As the member "handoffs": an array, empty where there is none. */
CUSTODY_MUST_USE custody_err cty_handoffs_member(const struct cty_judgement *judgement, uint64_t now,
                                                 struct cty_jw *jw);

/* Each question with its answer, and whether the holder's consent is waited for; nothing where nothing was asked. */
CUSTODY_MUST_USE custody_err cty_talk_show(const struct cty_judgement *judgement, struct cty_buf *out);
/* The questions as the member "questions". */
CUSTODY_MUST_USE custody_err cty_questions_member(const struct cty_judgement *judgement, struct cty_jw *jw);
/* "wanted", "refused", "given"; NULL where no consent is asked for. Constant. */
const char *cty_consent_word(const struct cty_case *record);

/* What a scope allows, as lines. */
CUSTODY_MUST_USE custody_err cty_scope_show(const struct cty_scope *scope, struct cty_buf *out);

#endif
