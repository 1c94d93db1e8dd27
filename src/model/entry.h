/* SPDX-License-Identifier: Apache-2.0 */
/* Entries: statements as the ledger keeps them (spec/ledger.md, "Entries"). */
#ifndef CTY_MODEL_ENTRY_H
#define CTY_MODEL_ENTRY_H

#include "model/envelope.h"

struct cty_entry {
    struct cty_opt_hash case_prev; /* leaf hash of the case's previous entry */
    uint64_t index;
    struct cty_opt_hash prev;   /* leaf hash of the entry before; absent at index 0 only */
    struct cty_bytes statement; /* the envelope's text */
    uint64_t time;              /* ms, set by the custodian */
    struct cty_opt_hash trust;  /* leaf hash of the newest trust-class entry before */
};

/* Appends the RFC 8785 text. Errors: TOO_LARGE beyond CTY_ENTRY_BYTES_MAX, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_entry_encode(const struct cty_entry *entry, struct cty_buf *out);

/* A parsed entry; reusable. Zero-initialise, then cty_parsed_entry_done. Borrows from the text. */
struct cty_parsed_entry {
    struct cty_entry entry;
    struct cty_json json;
    struct cty_signed signed_statement;
};
void cty_parsed_entry_done(struct cty_parsed_entry *parsed);

/* Parses the entry and the statement in it. Errors: TOO_LARGE, NOT_CANONICAL, those of cty_signed_parse. */
CUSTODY_MUST_USE custody_err cty_entry_parse(struct cty_bytes text, struct cty_parsed_entry *parsed,
                                             custody_error *error);

#endif
