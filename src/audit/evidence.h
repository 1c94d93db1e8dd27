/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence: everything of one case and the trust chain, in one file or gathered from a custodian, and its
 * verification (spec/evidence.md). Nothing in it is believed before it is checked against a trust file.
 *
 * Owns copies of all that is added. Thread rule: one thread at a time.
 */
#ifndef CTY_AUDIT_EVIDENCE_H
#define CTY_AUDIT_EVIDENCE_H

#include "audit/memory.h"
#include "audit/trust.h"

struct cty_evidence;

/* Empty evidence for the case; the caller owns it. Errors: NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_evidence_new(struct cty_bytes ledger, const struct cty_hash *case_id,
                                              struct cty_evidence **ret_evidence);
void cty_evidence_free(struct cty_evidence *evidence);

/*
 * Filling it. Entries may come in any order and twice (the same bytes are kept once); proofs are inclusion proofs in
 * the checkpoint, at least for the newest entry of the case and of the trust chain: what their links reach needs
 * none. Errors: NO_MEMORY, LIMIT_REACHED; add_entry also those of cty_entry_parse.
 */
CUSTODY_MUST_USE custody_err cty_evidence_set_checkpoint(struct cty_evidence *evidence, struct cty_bytes note);
/* The text of the policy whose quorum has cosigned that checkpoint; for whoever gets the file, who need not believe it. */
CUSTODY_MUST_USE custody_err cty_evidence_set_policy(struct cty_evidence *evidence, struct cty_bytes policy);
CUSTODY_MUST_USE custody_err cty_evidence_add_entry(struct cty_evidence *evidence, struct cty_bytes text,
                                                    custody_error *error);
CUSTODY_MUST_USE custody_err cty_evidence_add_proof(struct cty_evidence *evidence, uint64_t index,
                                                    const struct cty_proof *proof);
CUSTODY_MUST_USE custody_err cty_evidence_add_seen(struct cty_evidence *evidence, uint64_t size,
                                                   const struct cty_proof *proof);
CUSTODY_MUST_USE custody_err cty_evidence_add_blob(struct cty_evidence *evidence, const struct cty_hash *statement,
                                                   struct cty_bytes member, const uint8_t salt[CTY_SALT_SIZE],
                                                   struct cty_bytes content);

/*
 * Every entry between the release and its consume, so that nobody need believe the links there: `left` is the right
 * edge of the size that it begins from, at or before the release; `proof` the inclusion proof of the consume's entry; then each entry
 * from there up to the consume that is not among the evidence's own, in order. Errors: NO_MEMORY; LIMIT_REACHED beyond
 * CTY_BETWEEN_ENTRIES_MAX.
 */
void cty_evidence_set_between(struct cty_evidence *evidence, const struct cty_frontier *left, const struct cty_proof *proof);
CUSTODY_MUST_USE custody_err cty_evidence_add_between(struct cty_evidence *evidence, struct cty_bytes text);

/*
 * What is still needed: calls `seen` for every size that a statement's `seen` names (but 0, and what the checkpoint does
 * not reach beyond), `proof` for the entries that no link reaches, `blob` for every commitment, and `parent` for a
 * parent case whose entries are not here. Callbacks may be NULL. They may add what they were asked for; a parent's
 * entries are then looked at too, so ask for parents first, and for the rest once all entries and the checkpoint are
 * in. Errors: NO_MEMORY, and what a callback returns.
 */
struct cty_evidence_needs {
    void *context;
    custody_err (*seen)(void *context, uint64_t size);
    custody_err (*proof)(void *context, uint64_t index);
    custody_err (*blob)(void *context, const struct cty_hash *statement, struct cty_bytes member);
    custody_err (*parent)(void *context, const struct cty_hash *case_id);
};
CUSTODY_MUST_USE custody_err cty_evidence_needs(const struct cty_evidence *evidence,
                                                const struct cty_evidence_needs *needs);

/* The file. Errors: BAD_EVIDENCE, TOO_LARGE, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_evidence_parse(struct cty_bytes text, struct cty_evidence **ret_evidence,
                                                custody_error *error);
CUSTODY_MUST_USE custody_err cty_evidence_format(const struct cty_evidence *evidence, struct cty_buf *out);

/*
 * Verifies, claim by claim. `as` is the verifier's own actor name (empty: none, or the trust file's). Where
 * ret_memory is not NULL it receives the folded state (the caller frees it), also where claims fail: then it holds what
 * was folded before. Errors: NO_MEMORY, INTERNAL; everything else is a claim.
 */
CUSTODY_MUST_USE custody_err cty_evidence_verify(const struct cty_evidence *evidence, const struct cty_trust *trust,
                                                 struct cty_bytes as, struct cty_report *report,
                                                 struct cty_memory **ret_memory);

/* Entries by index, for showing: number i of cty_evidence_entries. Borrowed. */
size_t cty_evidence_entries(const struct cty_evidence *evidence);
bool cty_evidence_has(const struct cty_evidence *evidence, uint64_t index);
struct cty_bytes cty_evidence_entry(const struct cty_evidence *evidence, size_t i);
/* A content that was added; data NULL where it was not. Borrowed. */
struct cty_bytes cty_evidence_blob(const struct cty_evidence *evidence, const struct cty_hash *statement,
                                   struct cty_bytes member);
const struct cty_hash *cty_evidence_case(const struct cty_evidence *evidence);

#endif
