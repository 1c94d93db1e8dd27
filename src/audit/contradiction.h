/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a verifier keeps where a ledger contradicts what it showed before: two notes that the log key signed, and the
 * proof between them that does not hold (spec/evidence.md, "Contradiction files"). Anybody with the log's key checks it
 * offline. Pure: reads and writes texts, no files. Thread rule: any thread.
 */
#ifndef CTY_AUDIT_CONTRADICTION_H
#define CTY_AUDIT_CONTRADICTION_H

#include "audit/trust.h"
#include "ledger/note.h"

enum cty_contradiction_kind {
    CTY_CONTRADICTION_TWO_ROOTS, /* one size, two trees: convicts */
    CTY_CONTRADICTION_FORK,      /* the larger tree is proven to begin with another one than the smaller: convicts */
    CTY_CONTRADICTION_NO_PROOF,  /* what was given as proof between the two proves nothing */
    CTY_CONTRADICTION_WENT_BACK, /* the smaller was shown after the larger, and no proof between them */
    CTY_CONTRADICTION_TWO_LEAVES /* two entries at one index, each proven by a receipt: convicts */
};

/* One entry's place in one of the trees. */
struct cty_contradiction_leaf {
    struct cty_hash leaf;
    struct cty_proof proof;
};

struct cty_contradiction {
    enum cty_contradiction_kind kind;
    struct cty_bytes ledger;   /* the origin */
    struct cty_bytes key;      /* the log's public line */
    struct cty_bytes notes[2]; /* as they were signed: what was verified before, what was shown then */
    bool has_proof;            /* consistency of the smaller with the larger, as the custodian gave it */
    struct cty_hash root;      /* ... and the root that it said the smaller has */
    struct cty_proof proof;
    bool has_leaves; /* of two receipts: what each note's tree has at `index` */
    uint64_t index;
    struct cty_contradiction_leaf leaves[2];
    struct cty_buf memory; /* owns what the views point into, where it was parsed */
};

/* "two-roots" and so on; constant. */
const char *cty_contradiction_kind_name(enum cty_contradiction_kind kind);
/* Whether the file alone convicts the custodian; else it says what its owner was shown. */
bool cty_contradiction_convicts(enum cty_contradiction_kind kind);

/*
 * "<origin>.contradiction-", what the names of all files of one ledger begin with: every byte of the origin but letters,
 * digits, '-' and '.' is '_', and so is a first '.'; of a long one only its beginning stands.
 */
#define CTY_CONTRADICTION_NAME_SIZE 256u
void cty_contradiction_name_begin(struct cty_bytes origin, char ret_name[static CTY_CONTRADICTION_NAME_SIZE]);
/* "<origin>.contradiction-<size>-<16 hex>.json": the smaller size, and the digest of the file's own text. */
void cty_contradiction_name(struct cty_bytes origin, uint64_t size, struct cty_bytes text,
                            char ret_name[static CTY_CONTRADICTION_NAME_SIZE]);

/* Whether a file is one, and no evidence: by its first member. */
bool cty_is_contradiction(struct cty_bytes text);
/* Errors: BAD_EVIDENCE, TOO_LARGE, NO_MEMORY. On success the caller has it done. */
CUSTODY_MUST_USE custody_err cty_contradiction_parse(struct cty_bytes text, struct cty_contradiction *ret_contradiction,
                                                     custody_error *error);
void cty_contradiction_done(struct cty_contradiction *contradiction);
/* RFC 8785 form. Errors: NO_MEMORY, TOO_LARGE; BAD_ENCODING for notes that are no text. */
CUSTODY_MUST_USE custody_err cty_contradiction_format(const struct cty_contradiction *contradiction, struct cty_buf *out);

/*
 * What the two notes and the proof show, whatever kind they are said to be. Errors, in this order: WRONG_LEDGER,
 * KEY_UNKNOWN (another log key than the pinned one), those of cty_checkpoint_open; BAD_EVIDENCE where the two don't contradict
 * each other.
 */
CUSTODY_MUST_USE custody_err cty_contradiction_judge(const struct cty_contradiction *contradiction,
                                                     const struct cty_trust *trust,
                                                     enum cty_contradiction_kind *ret_kind, uint64_t ret_sizes[2],
                                                     custody_error *error);

/* The judgement of a whole file. Plain memory. */
struct cty_contradiction_report {
    enum cty_contradiction_kind kind;
    uint64_t sizes[2]; /* of the notes, in their order */
    uint64_t index;    /* of two leaves */
    bool alone;        /* judged by the key in the file, and not by one that a trust file pins */
    char ledger[CTY_ORIGIN_BYTES_MAX + 1];
    char key[CTY_VKEY_BYTES_MAX + 1];
};
/* Parses and judges. Errors: those of parse and judge; BAD_EVIDENCE also where it says another kind than it shows. */
CUSTODY_MUST_USE custody_err cty_contradiction_verify(struct cty_bytes text, const struct cty_trust *trust,
                                                      struct cty_contradiction_report *ret_report, custody_error *error);
/*
 * The same without a trust file, by the key that the file names: it then proves that whoever owns that key signed both. Whose key
 * it is must be known from elsewhere. Errors: those above but for KEY_UNKNOWN; BAD_EVIDENCE where `key` is no Ed25519 vkey of
 * the ledger's name.
 */
CUSTODY_MUST_USE custody_err cty_contradiction_convict(struct cty_bytes text, struct cty_contradiction_report *ret_report,
                                                       custody_error *error);
/* 0 where it convicts, 3 where it doesn't by itself. */
int cty_contradiction_exit(const struct cty_contradiction_report *report);
CUSTODY_MUST_USE custody_err cty_contradiction_text(const struct cty_contradiction_report *report, struct cty_buf *out);
/* One RFC 8785 object. */
CUSTODY_MUST_USE custody_err cty_contradiction_json(const struct cty_contradiction_report *report, struct cty_buf *out);

#endif
