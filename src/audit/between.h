/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A range of the ledger, read whole and proven to be the tree's, and whether it holds anything of a case, or of a case
 * above it, that the case's evidence does not. Links are the custodian's words; the leaves under a signed root are not:
 *
 *     left edge of size `from`  +  every leaf from..consume-1   =   the left siblings of the consume's own proof
 *
 * Used by evidence (its member `between`) and by the client before it acts. Thread rule: one thread at a time.
 */
#ifndef CTY_AUDIT_BETWEEN_H
#define CTY_AUDIT_BETWEEN_H

#include "audit/evidence.h"

struct cty_between {
    const struct cty_evidence *evidence;
    uint64_t from;
    struct cty_frontier frontier; /* of all leaves before the entry that comes next */
    struct cty_opt_hash prev;     /* leaf of the entry before, where it was read */
    struct cty_opt_hash trust;    /* of the newest trust-class entry before, by the first entry's word */
    uint64_t met;                 /* entries of the case */
    struct cty_hash parents[CTY_PARENTS_MAX]; /* cases above it, as far as they are in the evidence */
    uint32_t parents_count;
    struct cty_parsed_entry parsed;
};

/*
 * `left` is the edge that the range goes on from; it is proven in the end. Owns what it parses: cty_between_done, also
 * after an error. Errors: NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_between_init(struct cty_between *between, const struct cty_evidence *evidence,
                                              const struct cty_frontier *left);
void cty_between_done(struct cty_between *between);
/*
 * The next entry of the range, in order. Errors: CHAIN_BROKEN where its index, `prev` or `trust` is not what it must be here,
 * and where it is of the case or one above it and not in the evidence; DOUBLE_CONSUME where that is a consume of the case;
 * those of cty_entry_parse.
 */
CUSTODY_MUST_USE custody_err cty_between_take(struct cty_between *between, struct cty_bytes text, custody_error *error);
/*
 * Ends it with the entry that the range leads to, and its inclusion proof in the checkpoint: what was read is then proven.
 * Errors: PROOF_INVALID; CHAIN_BROKEN for its links, and where an entry of the case is not where it says.
 */
CUSTODY_MUST_USE custody_err cty_between_end(struct cty_between *between, struct cty_bytes text,
                                             const struct cty_checkpoint *checkpoint, const struct cty_proof *proof,
                                             custody_error *error);

/*
 * Before what the request's signer saw there can be nothing of its case: the request names the root of that tree. The
 * least index from which on everything of the case stands. Errors: GAP without its request; NO_MEMORY.
 */
CUSTODY_MUST_USE custody_err cty_between_begin_of(const struct cty_evidence *evidence, uint64_t *ret_index);
/* The newest consume of the case and the newest release before it, unjudged; false where it has none. */
bool cty_between_ends(const struct cty_evidence *evidence, uint64_t *ret_release, uint64_t *ret_consume);
/* The place of the statement with this digest; false where it isn't there. */
bool cty_between_find(const struct cty_evidence *evidence, const struct cty_hash *digest, uint64_t *ret_index);

#endif
