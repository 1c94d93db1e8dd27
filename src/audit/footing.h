/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The trust chain, judged once: what later judgements of one verifier stand on instead of judging its entries anew. It holds
 * the folded state behind the chain's first entries, and goes on only, as the chain does:
 *
 *     entry 0, enrolments, policies ... | newest entry in the footing      request   verdict   enrolment   decision
 *               judged before           |                               \____________ this judgement ____________/
 *
 * A case stands on it where its own entries, and its parents', come after all of these. Entries get in out of evidence that
 * held: there their signatures were verified, and they were proven to be in the ledger's tree. Here they are folded once more.
 *
 * Thread rule: one thread at a time; judgements that stand on it may be freed in any thread.
 */
#ifndef CTY_AUDIT_FOOTING_H
#define CTY_AUDIT_FOOTING_H

#include "audit/evidence.h"

struct cty_footing;

/* Without entries. `trust` is borrowed. Errors: NO_MEMORY. The caller owns it. */
CUSTODY_MUST_USE custody_err cty_footing_new(const struct cty_trust *trust, struct cty_footing **ret_footing);
/* Judgements made on it go on to live. NULL is nothing. */
void cty_footing_free(struct cty_footing *footing);
/*
 * How many entries of the chain are in it; 0 also where one could not be taken in: then it is of no use any more. The index
 * behind the newest, and that one's leaf.
 */
size_t cty_footing_count(const struct cty_footing *footing);
uint64_t cty_footing_next(const struct cty_footing *footing);
const struct cty_hash *cty_footing_leaf(const struct cty_footing *footing);

/*
 * Takes in the trust-class entries of evidence that was just judged, as far as they stand before all of its other entries;
 * `folded` and `report` are that judgement's. Nothing, where a claim that they rest on does not hold there.
 * Errors: NO_MEMORY, INTERNAL.
 */
CUSTODY_MUST_USE custody_err cty_footing_extend(struct cty_footing *footing, const struct cty_evidence *evidence,
                                                const struct cty_memory *folded, const struct cty_report *report);

/* The lowest index of an entry that is not of the trust class; UINT64_MAX where there is none. */
uint64_t cty_evidence_first_of_cases(const struct cty_evidence *evidence);
/* From now on the evidence holds, of the trust chain, only what stands behind the footing. Borrowed; NULL takes it back. */
void cty_evidence_stand_on(struct cty_evidence *evidence, const struct cty_footing *footing);

#endif
