/* SPDX-License-Identifier: Apache-2.0 */
/* Receipts: what is accepted has one text, so writing it again gives the bytes that were read. */
#include "base/check.h"
#include "codec/text.h"
#include "ledger/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_there_and_back(struct cty_bytes bytes, const struct cty_receipt *receipt)
{
    struct cty_buf extra = CTY_BUF_INIT(CTY_RECEIPT_EXTRA_BYTES_MAX);
    struct cty_buf again = CTY_BUF_INIT(bytes.size);
    CTY_CHECK(cty_base64_parse(receipt->extra_base64, &extra) == CUSTODY_OK);
    CTY_CHECK(cty_receipt_format(cty_buf_bytes(&extra), receipt->index, &receipt->proof, receipt->note,
                                 &again) == CUSTODY_OK);
    CTY_CHECK(cty_bytes_equal(cty_buf_bytes(&again), bytes));
    cty_buf_done(&extra);
    cty_buf_done(&again);
}

/* Runs the verifiers over whatever the text says. */
static void check_verifiers(const struct cty_receipt *receipt)
{
    struct cty_note note;
    struct cty_checkpoint checkpoint;
    if (cty_note_parse(receipt->note, &note) != CUSTODY_OK)
        return;
    if (cty_checkpoint_parse(note.text, &checkpoint) != CUSTODY_OK)
        return;
    struct cty_hash leaf = cty_tree_leaf(CTY_LITERAL("entry"));
    custody_err err = cty_tree_inclusion_verify(&leaf, receipt->index, checkpoint.size, &checkpoint.root,
                                                &receipt->proof);
    CTY_CHECK(err == CUSTODY_OK || err == CUSTODY_E_PROOF_INVALID);
    CTY_CHECK(err != CUSTODY_OK || receipt->index < checkpoint.size);
    err = cty_tree_consistency_verify(receipt->index, &leaf, checkpoint.size, &checkpoint.root,
                                      &receipt->proof);
    CTY_CHECK(err == CUSTODY_OK || err == CUSTODY_E_PROOF_INVALID || err == CUSTODY_E_ROOT_MISMATCH);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cty_bytes bytes = cty_bytes_make(data, size);
    struct cty_receipt receipt;
    CTY_CHECK(cty_crypto_init() == CUSTODY_OK);
    if (cty_receipt_parse(bytes, &receipt) != CUSTODY_OK)
        return 0;
    check_there_and_back(bytes, &receipt);
    check_verifiers(&receipt);
    return 0;
}
