/* SPDX-License-Identifier: Apache-2.0 */
/* A policy from a file that people write: any layout of the JSON, brought into RFC 8785 form. */
#ifndef CTY_CLI_POLICY_FILE_H
#define CTY_CLI_POLICY_FILE_H

#include "cli/cli.h"
#include "model/policy.h"

/* Owns its text and tape; the policy borrows from them. Zero-initialise, then cty_policy_file_done. */
struct cty_policy_file {
    struct cty_buf text; /* RFC 8785 */
    struct cty_json json;
    struct cty_policy policy;
};
void cty_policy_file_done(struct cty_policy_file *file);
/* Errors: the file's, the scanner's, those of cty_policy_parse. */
CUSTODY_MUST_USE custody_err cty_policy_file_read(struct cty_cli *cli, const char *path,
                                                  struct cty_policy_file *file);
/* The same from a text. */
CUSTODY_MUST_USE custody_err cty_policy_file_parse(struct cty_cli *cli, struct cty_bytes text,
                                                   struct cty_policy_file *file);
/* Appends the rules as sentences. */
CUSTODY_MUST_USE custody_err cty_policy_show(const struct cty_policy *policy, struct cty_buf *out);

#endif
