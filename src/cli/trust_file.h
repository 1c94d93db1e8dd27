/* SPDX-License-Identifier: Apache-2.0 */
/* A trust file before it is written (spec/evidence.md, "Trust files"). Texts are borrowed. Thread rule: one thread. */
#ifndef CTY_CLI_TRUST_FILE_H
#define CTY_CLI_TRUST_FILE_H

#include "audit/trust.h"

struct cty_trust_file_door {
    struct cty_bytes url;
    /* PEM, one of the two. */
    struct cty_bytes certificate;
    struct cty_bytes authority;
};

struct cty_trust_file {
    struct cty_bytes policy;
    struct cty_bytes name; /* empty: none */
    struct cty_bytes admins[CTY_TRUST_PINS_MAX];
    size_t admins_count;
    struct cty_trust_file_door doors[CTY_TRUST_DOORS_MAX];
    size_t doors_count;
};

/* What a trust file that was read holds; borrows from it. */
void cty_trust_file_from(const struct cty_trust *trust, struct cty_trust_file *ret_file);

/* Errors: BAD_KEY no public line of an actor; USAGE too many. */
CUSTODY_MUST_USE custody_err cty_trust_file_add_admin(struct cty_trust_file *file, struct cty_bytes vkey,
                                                      custody_error *error);
/* In the place of what is pinned for that address, if anything. Errors: USAGE too many. */
CUSTODY_MUST_USE custody_err cty_trust_file_set_door(struct cty_trust_file *file,
                                                     const struct cty_trust_file_door *door, custody_error *error);
/* False where nothing is pinned for it. */
bool cty_trust_file_remove_door(struct cty_trust_file *file, struct cty_bytes url);

/* Appends the file's text; sorts what it holds. Errors: TOO_LARGE, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_trust_file_put(struct cty_trust_file *file, struct cty_buf *out);

#endif
