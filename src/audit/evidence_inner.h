/* SPDX-License-Identifier: Apache-2.0 */
/* Inside src/audit only: what evidence holds. */
#ifndef CTY_AUDIT_EVIDENCE_INNER_H
#define CTY_AUDIT_EVIDENCE_INNER_H

#include "audit/evidence.h"

#define CTY_EVIDENCE_ITEMS_MAX (1u << 20)

/* What is kept of an entry beside its text; the statement is parsed again where it is judged. */
struct cty_evidence_entry {
    struct cty_bytes text;     /* owned */
    struct cty_entry entry;    /* borrows from text */
    struct cty_hash leaf;
    struct cty_hash digest;    /* of its statement */
    enum cty_type type;
    struct cty_hash case_id;   /* the case that it opens or joins; otherwise zero */
    bool proven;
};

struct cty_evidence_proof {
    uint64_t at; /* index of an entry, or a size */
    size_t count;
    struct cty_hash *hashes; /* owned */
    bool used;
};

struct cty_evidence_blob {
    struct cty_hash statement;
    struct cty_bytes member; /* owned */
    uint8_t salt[CTY_SALT_SIZE];
    struct cty_bytes content; /* owned */
};

/* Every entry up to the consume, from `left.size` on: those that are not among the evidence's entries, in order. */
struct cty_evidence_between {
    bool present;
    struct cty_frontier left;
    struct cty_proof proof; /* of the consume's entry */
    struct cty_bytes *entries; /* owned texts */
    size_t entries_count, entries_capacity;
};

struct cty_footing;

struct cty_evidence {
    struct cty_bytes ledger; /* owned */
    struct cty_hash case_id;
    struct cty_bytes checkpoint; /* owned */
    struct cty_bytes policy;     /* owned; empty where the file names none */
    struct cty_evidence_entry **entries; /* by index */
    size_t entries_count, entries_capacity;
    struct cty_evidence_proof *proofs; /* inclusion, by index */
    size_t proofs_count, proofs_capacity;
    struct cty_evidence_proof *seen; /* consistency, by size */
    size_t seen_count, seen_capacity;
    struct cty_evidence_blob *blobs; /* by statement and member */
    size_t blobs_count, blobs_capacity;
    struct cty_evidence_between between;
    const struct cty_footing *footing; /* borrowed; or NULL */
    struct cty_parsed_entry scratch; /* of the entry that was added last */
};

/* The place of the entry with this index, or where it would stand. */
size_t cty_evidence_place(const struct cty_evidence *evidence, uint64_t index, bool *ret_found);
/* The proof for exactly this index or size; NULL where there is none. */
struct cty_evidence_proof *cty_evidence_find_proof(struct cty_evidence_proof *list, size_t count, uint64_t at);
void cty_evidence_proof_get(const struct cty_evidence_proof *item, struct cty_proof *ret_proof);
const struct cty_evidence_blob *cty_evidence_find_blob(const struct cty_evidence *evidence,
                                                       const struct cty_hash *statement, struct cty_bytes member);

/* evidence_index.c: entries by leaf hash and by statement, as they stand now. Owns its two lists. */
struct cty_evidence_index {
    struct cty_evidence_entry **by_leaf;
    struct cty_evidence_entry **by_digest;
    size_t count;
};
CUSTODY_MUST_USE custody_err cty_evidence_index_make(const struct cty_evidence *evidence,
                                                     struct cty_evidence_index *ret_index);
void cty_evidence_index_done(struct cty_evidence_index *index);
/* The entry that a link names, of those before entry `before`; NULL where there is none. */
struct cty_evidence_entry *cty_evidence_by_link(const struct cty_evidence_index *index, const struct cty_opt_hash *link,
                                                uint64_t before);
/* An entry with the statement of this digest; NULL where there is none. */
const struct cty_evidence_entry *cty_evidence_by_digest(const struct cty_evidence_index *index,
                                                        const struct cty_hash *digest);

/*
 * evidence_between.c: the claim `between`, where the case is consumed. Errors: NO_MEMORY; all else is the claim.
 */
CUSTODY_MUST_USE custody_err cty_evidence_judge_between(const struct cty_evidence *evidence, const struct cty_case *the_case,
                                                        const struct cty_checkpoint *checkpoint,
                                                        struct cty_report *report);

/* evidence_verify.c: what evidence can't show is unknown. */
enum cty_view_status cty_evidence_missing(void *context, const char *key);

/* evidence_tie.c: how the entries hang on the checkpoint, and how far the file reaches. */
struct cty_evidence_reach {
    uint64_t newest;   /* index of the newest entry; the trust chain is whole up to here */
    uint64_t of_case;  /* up to here nothing of the case is missing */
    bool every_index;  /* all entries from 0 to the newest are here */
};
void cty_evidence_tie(const struct cty_evidence *evidence, const struct cty_evidence_index *index,
                      const struct cty_checkpoint *checkpoint, struct cty_report *report);
/* The case must be there from its request, and the ledger from entry 0. */
void cty_evidence_check_whole(const struct cty_evidence *evidence, struct cty_report *report);
struct cty_evidence_reach cty_evidence_reach_get(const struct cty_evidence *evidence);

#endif
