/* SPDX-License-Identifier: Apache-2.0 */
/* Cases as the custodian lists them: copied, in the order of a list for people. Its word, and nothing more. */
#ifndef CTY_CLI_CASE_ROWS_H
#define CTY_CLI_CASE_ROWS_H

#include "cli/cli.h"
#include "client/read.h"
#include "codec/json.h"
#include "model/entry.h"

#define CTY_ROW_NAME_SIZE (CTY_WORD_BYTES_MAX + 1)

struct cty_case_line {
    char requester[CTY_ROW_NAME_SIZE], holder[CTY_ROW_NAME_SIZE];
    char service[CTY_ROW_NAME_SIZE], action[CTY_ROW_NAME_SIZE];
    char state[32];
    struct cty_hash case_id;
    int priority; /* enum cty_priority */
    uint64_t opened, revision, due, expires;
    uint64_t since; /* when it was opened; 0: not asked for */
    bool may_decide;
    struct {
        char scope[CTY_ROW_NAME_SIZE];
        uint64_t have, needed;
    } quorum[CTY_POLICIES_MAX];
    uint32_t quorum_count;
    uint32_t questions;  /* without an answer */
    const char *consent; /* "wanted", "refused", "given"; NULL: none is asked for */
    bool fresh; /* for watch: came while it watched, and was not opened yet */
};

/* By agent, then the highest priority, then what ends first. Zero-initialise, then done. */
struct cty_case_lines {
    struct cty_case_line *lines; /* owned */
    size_t count, capacity;
    uint64_t now; /* when they were fetched */
};
void cty_case_lines_done(struct cty_case_lines *lines);

/* Errors: those of cty_client_call. */
CUSTODY_MUST_USE custody_err cty_case_lines_fetch(struct cty_client *client, const struct cty_case_filter *filter,
                                                  struct cty_case_lines *ret_lines, custody_error *error);
/* Fills in line->since, which lists don't carry: one call for each case. Errors: those of cty_client_call. */
CUSTODY_MUST_USE custody_err cty_case_line_since(struct cty_client *client, struct cty_case_line *line,
                                                 custody_error *error);
/* The line of this case; NULL where there is none. */
struct cty_case_line *cty_case_lines_find(const struct cty_case_lines *lines, const struct cty_hash *case_id);

/* One object. */
void cty_member_case_line(struct cty_jw *jw, const struct cty_case_line *line);

#endif
