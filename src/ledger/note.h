/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed notes, checkpoints, cosignatures and tlog-proof receipts (C2SP), as text. See spec/ledger.md.
 *
 * Owns nothing: what a parser returns borrows from the bytes it was given. Formatters append all or nothing.
 * Nothing read from a note means anything before a signature over it was verified. Thread rule: any thread.
 */
#ifndef CTY_LEDGER_NOTE_H
#define CTY_LEDGER_NOTE_H

#include "base/limits.h"
#include "crypto/key.h"
#include "ledger/tree.h"

struct cty_checkpoint {
    struct cty_bytes origin; /* borrowed; a lawful name of at most CTY_ORIGIN_BYTES_MAX */
    uint64_t size;           /* at most CTY_TREE_SIZE_MAX */
    struct cty_hash root;
};

/*
 * Appends the three lines (origin, size, base64 root). Errors: BAD_MEMBER (also: size 0 with another than the
 * empty root), TOO_LARGE, NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_checkpoint_format(const struct cty_checkpoint *checkpoint, struct cty_buf *out);

/*
 * Appends text, blank line and one Ed25519 signature line by `secret`, under the name `key_name`.
 * Errors: BAD_MEMBER for a text or name that no note may have, TOO_LARGE, NO_MEMORY.
 */
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
/*
 * Splits at the last blank line. Every line's base64 is strict, whoever signed it. Verifies nothing.
 * Errors: TOO_LARGE above CTY_NOTE_BYTES_MAX or CTY_NOTE_SIGNATURES_MAX, BAD_NOTE.
 */
CUSTODY_MUST_USE custody_err cty_note_parse(struct cty_bytes bytes, struct cty_note *ret_note);
/* The same of signature lines that stand apart from their text. */
CUSTODY_MUST_USE custody_err cty_note_lines_parse(struct cty_bytes lines, struct cty_bytes text, struct cty_note *ret_note);

/* Appends one line of a note as it stood there. Errors: TOO_LARGE, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_note_line_put(const struct cty_note_line *line, struct cty_buf *out);

/*
 * Verifies the line(s) of this (name, key) of type 0x01. A matching line that fails makes the note invalid.
 * Errors: NOTE_UNSIGNED where no line matches, SIGNATURE_INVALID.
 */
CUSTODY_MUST_USE custody_err cty_note_verify(const struct cty_note *note, struct cty_bytes key_name,
                                             const struct cty_key *key);
/* Latest time in a cosignature, in seconds: in milliseconds it is still a whole number of a statement. */
#define CTY_COSIGNATURE_TIME_S_MAX (CTY_NUMBER_MAX / 1000)
/*
 * The same for cosignature/v1 (type 0x04); *ret_time_s is the witness's time in POSIX seconds, of several
 * lines the earliest: by then the witness had seen this text. A time of 0 or above
 * CTY_COSIGNATURE_TIME_S_MAX fails. Errors: NOTE_UNSIGNED, SIGNATURE_INVALID, NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_note_cosignature_verify(const struct cty_note *note, struct cty_bytes name,
                                                         const struct cty_key *key, uint64_t *ret_time_s);
/*
 * The same for times of `from_s` and later: the earliest of these. A line of an earlier time must verify all the same. Errors:
 * NOTE_UNSIGNED also where all are earlier.
 */
CUSTODY_MUST_USE custody_err cty_note_cosignature_since(const struct cty_note *note, struct cty_bytes name,
                                                        const struct cty_key *key, uint64_t from_s, uint64_t *ret_time_s);
/*
 * Appends one cosignature line over `text`. WARNING: check first that the text is a checkpoint, consistent
 * with every one that this key cosigned. Errors: BAD_MEMBER (text, name, time), TOO_LARGE, NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_note_cosign(struct cty_bytes text, struct cty_bytes name,
                                             const struct cty_secret *secret, uint64_t time_s,
                                             struct cty_buf *out);

/*
 * Parses the checkpoint lines of a note's text; extension lines are refused, and size 0 with another than the
 * empty root. Errors: BAD_NOTE.
 */
CUSTODY_MUST_USE custody_err cty_checkpoint_parse(struct cty_bytes text, struct cty_checkpoint *ret_checkpoint);

/*
 * Opens a checkpoint note in one go: parse, verify by the log key under the origin's name, origin equal,
 * then the numbers. Errors: TOO_LARGE, BAD_NOTE, NOTE_UNSIGNED, SIGNATURE_INVALID, WRONG_LEDGER.
 */
CUSTODY_MUST_USE custody_err cty_checkpoint_open(struct cty_bytes note, struct cty_bytes origin,
                                                 const struct cty_key *log_key,
                                                 struct cty_checkpoint *ret_checkpoint);

/*
 * The keys of one log over time: items[i] signs the checkpoints of size from[i] to below from[i + 1]. The first is
 * the one that a verifier pins, the others it learnt from the log itself.
 */
struct cty_log_keys {
    uint64_t from[CTY_ROTATIONS_MAX + 1];
    struct cty_key keys[CTY_ROTATIONS_MAX + 1];
    uint32_t count;
};

void cty_log_keys_begin(struct cty_log_keys *keys, const struct cty_key *pinned);
/* One that signs from this size on; known already is OK. Errors: LIMIT_REACHED, BAD_MEMBER for a size before the last. */
CUSTODY_MUST_USE custody_err cty_log_keys_add(struct cty_log_keys *keys, uint64_t from, const struct cty_key *key);
/* The key that signs checkpoints of this size. */
const struct cty_key *cty_log_keys_at(const struct cty_log_keys *keys, uint64_t size);

/* As cty_checkpoint_open, by the key that signs checkpoints of its size. */
CUSTODY_MUST_USE custody_err cty_checkpoint_open_by(struct cty_bytes note, struct cty_bytes origin,
                                                    const struct cty_log_keys *keys,
                                                    struct cty_checkpoint *ret_checkpoint);

/*
 * Appends tlog-proof text: `extra` may be empty and is authenticated by nobody. `note` is taken verbatim.
 * Errors: BAD_MEMBER (index, note empty), TOO_LARGE (also: proof, extra), NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_receipt_format(struct cty_bytes extra, uint64_t index,
                                                const struct cty_proof *proof, struct cty_bytes note,
                                                struct cty_buf *out);
struct cty_receipt {
    uint64_t index;
    struct cty_proof proof;
    struct cty_bytes extra_base64; /* as it stands; empty where absent */
    struct cty_bytes note;         /* borrowed, verbatim */
};
/* Verifies nothing, and leaves the note to its own parser. Errors: PROOF_INVALID for malformed text. */
CUSTODY_MUST_USE custody_err cty_receipt_parse(struct cty_bytes text, struct cty_receipt *ret_receipt);

/*
 * Opens a receipt in one go: parses it, opens its checkpoint, and proves that the checkpoint's tree holds
 * `entry` at the receipt's index. Cosignatures are left to the caller.
 * Errors: PROOF_INVALID, those of cty_checkpoint_open.
 */
CUSTODY_MUST_USE custody_err cty_receipt_open(struct cty_bytes text, struct cty_bytes entry,
                                              struct cty_bytes origin, const struct cty_key *log_key,
                                              struct cty_receipt *ret_receipt,
                                              struct cty_checkpoint *ret_checkpoint);
/* The same, by the key that signs checkpoints of the receipt's size. */
CUSTODY_MUST_USE custody_err cty_receipt_open_by(struct cty_bytes text, struct cty_bytes entry,
                                                 struct cty_bytes origin, const struct cty_log_keys *keys,
                                                 struct cty_receipt *ret_receipt,
                                                 struct cty_checkpoint *ret_checkpoint);

#endif
