/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A statement that several people sign, on one machine or on many: its body, its contents, and the signatures that it
 * has so far. Between machines it travels as a draft file (spec/cli.md, "Draft files"); with all signatures it becomes
 * an envelope. Owns all it holds. Thread rule: one thread.
 */
#ifndef CTY_CLI_COSIGN_H
#define CTY_CLI_COSIGN_H

#include "client/draft.h"

/* A draft file holds the contents of a statement in base64. */
#define CTY_DRAFT_FILE_BYTES_MAX (16u * 1024u * 1024u)

/* Zero-initialise, then cty_cosign_done. */
struct cty_cosign {
    struct cty_buf text;   /* the draft file, where it came from one */
    struct cty_buf body;
    struct cty_buf pae;
    struct cty_json file;
    struct cty_json json;  /* the body's tape */
    struct cty_statement statement; /* borrows from the body */
    struct cty_content contents[CTY_BLOBS_PER_STATEMENT_MAX]; /* point into text and memory, or borrow from the draft */
    struct cty_buf memory[CTY_BLOBS_PER_STATEMENT_MAX];
    uint32_t contents_count;
    bool present[CTY_SIGNERS_MAX];
    struct cty_envelope_signature signatures[CTY_SIGNERS_MAX]; /* in the order of the signers */
};
void cty_cosign_done(struct cty_cosign *cosign);

/* Takes the draft and signs it with the secrets that it has; contents are borrowed from it. */
CUSTODY_MUST_USE custody_err cty_cosign_from_draft(struct cty_cosign *cosign, const struct cty_draft *draft,
                                                   custody_error *error);
/*
 * Reads a draft file; `text` is copied. Contents are compared with their commitments; signatures are as they came.
 * Errors: BAD_MEMBER and the scanner's for what is no draft file, TYPE_MISMATCH for a statement that one alone signs,
 * BLOB_MISMATCH, BLOB_MISSING, BLOB_FOREIGN.
 */
CUSTODY_MUST_USE custody_err cty_cosign_parse(struct cty_cosign *cosign, struct cty_bytes text, custody_error *error);
CUSTODY_MUST_USE custody_err cty_cosign_format(const struct cty_cosign *cosign, struct cty_buf *out);

/* Errors: WRONG_SIGNER where the secret is none of the signers'. */
CUSTODY_MUST_USE custody_err cty_cosign_sign(struct cty_cosign *cosign, const struct cty_secret *secret,
                                             custody_error *error);
/* How many signatures are missing. */
uint32_t cty_cosign_missing(const struct cty_cosign *cosign);
/* Appends the envelope. Errors: UNDER_THRESHOLD, naming the first who has not signed. */
CUSTODY_MUST_USE custody_err cty_cosign_envelope(const struct cty_cosign *cosign, struct cty_buf *out,
                                                 custody_error *error);
/* Appends {"blobs","envelope"}: what `submit` and `custodyd --init` take. Errors: as above. */
CUSTODY_MUST_USE custody_err cty_cosign_submission(const struct cty_cosign *cosign, struct cty_buf *out,
                                                   custody_error *error);
/* Appends for people what is signed here: the body laid out, contents, who has signed. */
CUSTODY_MUST_USE custody_err cty_cosign_show(const struct cty_cosign *cosign, struct cty_buf *out);

#endif
