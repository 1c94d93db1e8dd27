/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/compare.h"

#include "audit/receipt.h"
#include "base/check.h"

static custody_err read_receipt(struct cty_bytes text, struct cty_bytes entry, const struct cty_trust *trust,
                                struct cty_shown *shown)
{
    CTY_AUTO_FREE struct cty_receipt *receipt = cty_alloc(1, sizeof(*receipt));
    if (!receipt)
        return CUSTODY_E_NO_MEMORY;
    CTY_TRY(cty_receipt_open_by(text, entry, trust->origin, &trust->log_keys, receipt, &shown->checkpoint));
    shown->note = receipt->note;
    shown->has_leaf = true;
    shown->index = receipt->index;
    shown->leaf = (struct cty_contradiction_leaf){cty_tree_leaf(entry), receipt->proof};
    return CUSTODY_OK;
}

custody_err cty_shown_read(struct cty_bytes text, struct cty_bytes entry, const struct cty_trust *trust,
                           struct cty_shown *ret_shown, custody_error *error)
{
    memset(ret_shown, 0, sizeof(*ret_shown));
    custody_err err = CUSTODY_OK;
    if (cty_is_receipt(text)) {
        err = read_receipt(text, entry, trust, ret_shown);
        return err == CUSTODY_OK ? err : cty_fail(error, err, "the receipt");
    }
    ret_shown->note = text;
    err = cty_checkpoint_open_by(text, trust->origin, &trust->log_keys, &ret_shown->checkpoint);
    return err == CUSTODY_OK ? err : cty_fail(error, err, "the checkpoint");
}

enum cty_comparison cty_shown_compare(const struct cty_shown *a, const struct cty_shown *b, const struct cty_trust *trust,
                                      struct cty_contradiction *ret_found)
{
    bool one_size = a->checkpoint.size == b->checkpoint.size;
    *ret_found = (struct cty_contradiction){
        .kind = CTY_CONTRADICTION_TWO_ROOTS, .ledger = trust->origin, .key = trust->log_vkey, .notes = {a->note, b->note}};
    if (one_size)
        return cty_hash_equal(&a->checkpoint.root, &b->checkpoint.root) ? CTY_COMPARED_SAME : CTY_COMPARED_CONTRADICTION;
    bool one_place = a->has_leaf && b->has_leaf && a->index == b->index;
    if (!one_place || cty_hash_equal(&a->leaf.leaf, &b->leaf.leaf))
        return CTY_COMPARED_OPEN;
    ret_found->kind = CTY_CONTRADICTION_TWO_LEAVES;
    ret_found->has_leaves = true;
    ret_found->index = a->index;
    ret_found->leaves[0] = a->leaf;
    ret_found->leaves[1] = b->leaf;
    return CTY_COMPARED_CONTRADICTION;
}
