/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a witness is sent and what it answers (C2SP tlog-witness), as text. See spec/witness.md.
 *
 *   old <size that the witness has>
 *   <base64 of 32 bytes>         0 to 63 lines: the consistency proof from there to the checkpoint
 *
 *   <checkpoint note>
 *
 * Owns nothing: what a parser returns borrows from the bytes it was given. Formatters append all or nothing. Verifies
 * nothing. Thread rule: any thread.
 */
#ifndef CTY_LEDGER_WITNESS_TEXT_H
#define CTY_LEDGER_WITNESS_TEXT_H

#include "ledger/note.h"

#define CTY_WITNESS_SUBMIT_PATH "add-checkpoint"
#define CTY_WITNESS_SIZE_TYPE "text/x.tlog.size"

struct cty_add_checkpoint {
    uint64_t old_size;
    struct cty_proof proof;
    struct cty_bytes note; /* verbatim; its own parser's matter */
};

/* `note` should carry no signature but the log's own. Errors: BAD_MEMBER (size, note empty), TOO_LARGE, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_add_checkpoint_format(const struct cty_add_checkpoint *add, struct cty_buf *out);
/* Errors: TOO_LARGE above CTY_ADD_CHECKPOINT_BYTES_MAX, BAD_NOTE. */
CUSTODY_MUST_USE custody_err cty_add_checkpoint_parse(struct cty_bytes body, struct cty_add_checkpoint *ret_add);

/*
 * Of a 200: signature lines alone. Together with the text that was submitted they are a note, which
 * cty_note_cosignature_verify judges. Both are borrowed. Errors: TOO_LARGE, BAD_NOTE.
 */
CUSTODY_MUST_USE custody_err cty_cosignatures_parse(struct cty_bytes body, struct cty_bytes text, struct cty_note *ret_note);

/* Of a 409: the size that the witness has, and a newline. Errors: BAD_MEMBER, TOO_LARGE, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_witness_size_format(uint64_t size, struct cty_buf *out);
/* Errors: BAD_NOTE. */
CUSTODY_MUST_USE custody_err cty_witness_size_parse(struct cty_bytes body, uint64_t *ret_size);

/* "<hex of SHA-256 of the origin>/checkpoint", where a witness shows what it cosigned last, with its NUL. */
#define CTY_WITNESS_MONITOR_BYTES (2u * CTY_HASH_SIZE + sizeof("/checkpoint"))
void cty_witness_monitor_path(struct cty_bytes origin, char ret_path[static CTY_WITNESS_MONITOR_BYTES]);

/*
 * The first three lines of any log's checkpoint: extension lines may follow, none of them empty. Unlike
 * cty_checkpoint_parse it takes any origin of at most CTY_FOREIGN_ORIGIN_BYTES_MAX, and leaves the root of an empty tree
 * to the proof's check. Errors: BAD_NOTE; TOO_LARGE for a size above CTY_TREE_SIZE_MAX.
 */
CUSTODY_MUST_USE custody_err cty_checkpoint_read(struct cty_bytes text, struct cty_checkpoint *ret_checkpoint);

#endif
