/* SPDX-License-Identifier: Apache-2.0 */
/* What `custody run` asks leave for: the payload of a command to run (spec/cli.md, "Running a command"). */
#ifndef CTY_CLI_PLAN_H
#define CTY_CLI_PLAN_H

#include "base/bytes.h"

/* Zero-initialise, then cty_plan_done. Owns all; the arrays end with NULL. */
struct cty_plan {
    char **argv;
    char *cwd;
    char **env; /* names, not values */
};
void cty_plan_done(struct cty_plan *plan);

/*
 * From a command line: `folder` is absolute or lies in the working folder, NULL is that. The names are those of
 * cty_plan_kept, unless `bare`, and `names`. Errors: USAGE for what a payload can't hold; IO, NO_MEMORY.
 */
struct cty_plan_words {
    char *const *words;
    size_t words_count;
    const char *folder;
    const char *const *names;
    size_t names_count;
    bool bare;
};
CUSTODY_MUST_USE custody_err cty_plan_make(const struct cty_plan_words *words, struct cty_plan *plan,
                                           custody_error *error);
extern const char *const cty_plan_kept[];

/* Appends the payload. */
CUSTODY_MUST_USE custody_err cty_plan_write(const struct cty_plan *plan, struct cty_buf *out);
/* Reads a payload. Errors: those of cty_json_scan; UNKNOWN_MEMBER, MISSING_MEMBER, BAD_MEMBER; NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_plan_parse(struct cty_bytes payload, struct cty_plan *plan, custody_error *error);

#endif
