/* SPDX-License-Identifier: Apache-2.0 */
/* Inside src/audit only: what evidence holds. */
#ifndef CTY_AUDIT_EVIDENCE_INNER_H
#define CTY_AUDIT_EVIDENCE_INNER_H

#include "audit/evidence.h"

#define CTY_EVIDENCE_ITEMS_MAX (1u << 20)

struct cty_evidence_entry {
    struct cty_bytes text; /* owned */
    struct cty_hash leaf;
    struct cty_parsed_entry parsed; /* borrows from text */
    bool proven;
};

struct cty_evidence_proof {
    uint64_t at; /* index of an entry, or a size */
    struct cty_proof proof;
};

struct cty_evidence_blob {
    struct cty_hash statement;
    struct cty_bytes member; /* owned */
    uint8_t salt[CTY_SALT_SIZE];
    struct cty_bytes content; /* owned */
};

struct cty_evidence {
    struct cty_bytes ledger; /* owned */
    struct cty_hash case_id;
    struct cty_bytes checkpoint; /* owned */
    struct cty_evidence_entry **entries; /* by index */
    size_t entries_count, entries_capacity;
    struct cty_evidence_proof *proofs; /* inclusion, by index */
    size_t proofs_count, proofs_capacity;
    struct cty_evidence_proof *seen; /* consistency, by size */
    size_t seen_count, seen_capacity;
    struct cty_evidence_blob *blobs; /* by statement and member */
    size_t blobs_count, blobs_capacity;
};

/* The place of the entry with this index, or where it would stand. */
size_t cty_evidence_place(const struct cty_evidence *evidence, uint64_t index, bool *ret_found);
/* The entry with this leaf hash among those before `before`; NULL where there is none. */
struct cty_evidence_entry *cty_evidence_by_leaf(const struct cty_evidence *evidence, const struct cty_hash *leaf,
                                                uint64_t before);
/* Size of the checkpoint, unverified; 0 where the note is not of its form. */
uint64_t cty_evidence_claimed_size(const struct cty_evidence *evidence);
const struct cty_evidence_blob *cty_evidence_find_blob(const struct cty_evidence *evidence,
                                                       const struct cty_hash *statement, struct cty_bytes member);

#endif
