/* SPDX-License-Identifier: Apache-2.0 */
/* What an approver wants a payload to become: operations of RFC 6902 from the command line. */
#ifndef CTY_CLI_EDIT_H
#define CTY_CLI_EDIT_H

#include "cli/cli.h"

/* The options of `custody patch` that say what changes, without their end. */
#define CTY_EDIT_OPTIONS                                                                               \
    {"set", 's', CTY_OPT_LIST, "PATH=VALUE", "put a JSON value, or else a text, at a JSON pointer"},   \
        {"remove", 0, CTY_OPT_LIST, "PATH", "take away what a JSON pointer names"},                    \
        {"ops", 0, CTY_OPT_TEXT, "FILE", "apply the RFC 6902 operations in FILE"},                     \
        {"edit", 'e', CTY_OPT_FLAG, NULL, "change the payload in VISUAL or EDITOR"}

/*
 * Appends the operations and what they make of `payload`, both in RFC 8785 form. Exactly one of the ways must have been
 * chosen (--set and --remove go together, sets first).
 * Errors: USAGE; those of cty_patch_apply; BAD_PATCH where nothing would change; IO for the editor.
 */
CUSTODY_MUST_USE custody_err cty_edit_payload(struct cty_cli *cli, struct cty_bytes payload,
                                              struct cty_buf *ret_operations, struct cty_buf *ret_result);
/* The same with VISUAL or EDITOR, at a terminal that is nobody else's. */
CUSTODY_MUST_USE custody_err cty_edit_by_editor(struct cty_cli *cli, struct cty_bytes payload,
                                                struct cty_buf *ret_operations, struct cty_buf *ret_result);

#endif
