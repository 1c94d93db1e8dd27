/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Receipts (C2SP tlog-proof) with their entries, judged offline claim by claim (spec/evidence.md, "Receipts"). A receipt
 * proves that the ledger holds an entry and who has seen that; who signed the entry, and whether it was lawful, evidence
 * of its case tells. Pure: no files. Thread rule: any thread.
 */
#ifndef CTY_AUDIT_RECEIPT_H
#define CTY_AUDIT_RECEIPT_H

#include "audit/trust.h"

/* Whether a file is a receipt, by its first line. */
bool cty_is_receipt(struct cty_bytes text);
/* Appends the entry that is in the receipt's `extra`; nothing where it has none. Errors: PROOF_INVALID, TOO_LARGE, NO_MEMORY. */
CUSTODY_MUST_USE custody_err cty_receipt_entry(struct cty_bytes text, struct cty_buf *out);

/*
 * Judges; the report is of the entry alone. Errors: NO_MEMORY, PROOF_INVALID for a text that is no receipt; everything else is
 * a claim.
 */
CUSTODY_MUST_USE custody_err cty_receipt_judge(struct cty_bytes text, struct cty_bytes entry, const struct cty_trust *trust,
                                               struct cty_report *report, custody_error *error);

#endif
