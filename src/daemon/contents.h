/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contents that come with a statement (ruling R10): each commitment has exactly its content, each content its
 * commitment, payloads are JSON of the document dialect, and a patch's result is what its operations make of the
 * base.
 *
 * Owns the decoded bytes. Thread rule: one thread at a time.
 */
#ifndef CTY_DAEMON_CONTENTS_H
#define CTY_DAEMON_CONTENTS_H

#include "model/envelope.h"
#include "proto/rpc_shapes.h"
#include "store/reader.h"

struct cty_content {
    struct cty_bytes member; /* borrows from the message */
    struct cty_hash commitment;
    uint8_t salt[CTY_SALT_SIZE];
    struct cty_buf bytes;
    bool staged; /* was staged before, and is to be dropped there */
    bool matched;
};

struct cty_contents {
    struct cty_content list[CTY_BLOBS_PER_STATEMENT_MAX];
    uint32_t count;
};

/* A zeroed cty_contents may be given to done and clear. */
void cty_contents_done(struct cty_contents *contents);
void cty_contents_clear(struct cty_contents *contents);

/* Decodes a content and its salt. Errors: BAD_PARAMS, TOO_LARGE beyond CTY_BLOB_BYTES_MAX, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_content_decode(struct cty_bytes salt, struct cty_bytes content,
                                                struct cty_content *ret_content, custody_error *error);
/* Decodes what came with a statement. Errors besides: BAD_PARAMS for one that has both a content and `staged`. */
CUSTODY_MUST_USE custody_err cty_contents_decode(struct cty_contents *contents, const struct cty_rpc_blob *blobs,
                                                 uint32_t count, custody_error *error);
/*
 * Compares the contents with the commitments of the statement; staged ones are read from the snapshot, under
 * the first signer. Then the payloads' JSON. Errors, in this order: BLOB_FOREIGN, BLOB_MISMATCH, BLOB_MISSING,
 * those of cty_json_scan for a payload; faults of the reader.
 */
CUSTODY_MUST_USE custody_err cty_contents_check(struct cty_contents *contents, const struct cty_signed *parsed,
                                                struct cty_store_reader *reader, custody_error *error);
/*
 * Whether a patch's operations make its result of `base`. Errors: RESULT_MISMATCH, those of cty_patch_apply.
 */
CUSTODY_MUST_USE custody_err cty_contents_check_patch(struct cty_contents *contents, struct cty_bytes base,
                                                      custody_error *error);

#endif
