/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed notes, checkpoints, cosignatures and tlog-proof receipts (C2SP), as text. See spec/ledger.md.
 */
#ifndef CTY_LEDGER_NOTE_H
#define CTY_LEDGER_NOTE_H

#include "crypto/key.h"
#include "ledger/tree.h"

struct cty_checkpoint {
    struct cty_bytes origin; /* borrowed */
    uint64_t size;
    struct cty_hash root;
};

/* Appends the three lines (origin, size, base64 root). Errors: BAD_MEMBER, TOO_LARGE, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_checkpoint_format(const struct cty_checkpoint *checkpoint, struct cty_buf *out);

/* Appends text, blank line and one Ed25519 signature line by `secret`, under the name `key_name`. */
CUSTODY_MUST_USE custody_err cty_note_sign(struct cty_bytes text, struct cty_bytes key_name,
                                           const struct cty_secret *secret, struct cty_buf *out);

/* A parsed note; borrows from the bytes. */
struct cty_note {
    struct cty_bytes text; /* with its last newline */
    size_t count;
    struct cty_note_line {
        struct cty_bytes name;
        uint8_t key_id[4];
        struct cty_bytes base64; /* whole field */
    } lines[CTY_NOTE_SIGNATURES_MAX];
};
/* Splits at the last blank line; bounded by CTY_NOTE_BYTES_MAX. Errors: BAD_NOTE, TOO_LARGE. */
CUSTODY_MUST_USE custody_err cty_note_parse(struct cty_bytes bytes, struct cty_note *ret_note);

/*
 * Verifies the line(s) of this (name, key) of type 0x01. A matching line that fails makes the note invalid.
 * Errors: NOTE_UNSIGNED where no line matches, SIGNATURE_INVALID.
 */
CUSTODY_MUST_USE custody_err cty_note_verify(const struct cty_note *note, struct cty_bytes key_name,
                                             const struct cty_key *key);
/* The same for a cosignature/v1 (type 0x04); *ret_time_s is the witness's time in POSIX seconds. */
CUSTODY_MUST_USE custody_err cty_note_cosignature_verify(const struct cty_note *note, struct cty_bytes name,
                                                         const struct cty_key *key, uint64_t *ret_time_s);
/* Appends one cosignature line over `text`. */
CUSTODY_MUST_USE custody_err cty_note_cosign(struct cty_bytes text, struct cty_bytes name,
                                             const struct cty_secret *secret, uint64_t time_s,
                                             struct cty_buf *out);

/* Parses the checkpoint lines of a note's text; extension lines are refused. Errors: BAD_NOTE. */
CUSTODY_MUST_USE custody_err cty_checkpoint_parse(struct cty_bytes text, struct cty_checkpoint *ret_checkpoint);

/*
 * Opens a checkpoint note in one go: parse, verify by the log key under the origin's name, origin equal,
 * then the numbers. Errors: BAD_NOTE, NOTE_UNSIGNED, SIGNATURE_INVALID, WRONG_LEDGER.
 */
CUSTODY_MUST_USE custody_err cty_checkpoint_open(struct cty_bytes note, struct cty_bytes origin,
                                                 const struct cty_key *log_key,
                                                 struct cty_checkpoint *ret_checkpoint);

/* tlog-proof text: `extra` may be empty. */
CUSTODY_MUST_USE custody_err cty_receipt_format(struct cty_bytes extra, uint64_t index,
                                                const struct cty_proof *proof, struct cty_bytes note,
                                                struct cty_buf *out);
struct cty_receipt {
    uint64_t index;
    struct cty_proof proof;
    struct cty_bytes extra_base64; /* as it stands; empty where absent */
    struct cty_bytes note;         /* borrowed, verbatim */
};
/* Errors: PROOF_INVALID for malformed text. */
CUSTODY_MUST_USE custody_err cty_receipt_parse(struct cty_bytes text, struct cty_receipt *ret_receipt);

#endif
