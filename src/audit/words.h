/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside src/audit only: who approved a case and who handed it on, and on whose word each of them is enrolled, as texts
 * for claims and findings. Texts hold foreign names as they are: the report escapes what it is given.
 */
#ifndef CTY_AUDIT_WORDS_H
#define CTY_AUDIT_WORDS_H

#include "audit/step.h"

/* Enough that a text which does not fit into a claim is cut there, and marked. */
#define CTY_WORDS_MAX (2 * CTY_CLAIM_TEXT_MAX)
struct cty_words {
    size_t used;
    char text[CTY_WORDS_MAX];
};
/* Appends; what does not fit is cut. */
void cty_words_put(struct cty_words *words, const char *format, ...) CUSTODY_PRINTF(2, 3);

/* What a case rests on: "released to globex/x by acme/a (enrolled by 2), ...; pinned: acme; ...; hop 1 from ...".
 * Errors: NO_MEMORY, INTERNAL. */
CUSTODY_MUST_USE custody_err cty_words_release(const struct cty_step *step, const struct cty_case *the_case,
                                               struct cty_words *ret_words);
/* "globex/x (globex is pinned)", of the holder. */
void cty_words_holder(const struct cty_step *step, const struct cty_case *c, struct cty_words *ret_words);

/* The claim `enrolled`, where it holds, names the parties. Errors: NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_words_enrolled(struct cty_step *step);

/*
 * Finds what was signed with a key that was revoked later, as of before that, and a case rests on: told at the entry of the
 * decision or offer itself. Errors: NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_suspects_find(struct cty_step *step);

#endif
