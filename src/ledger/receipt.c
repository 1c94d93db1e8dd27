/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Receipts (C2SP tlog-proof): an inclusion proof and its checkpoint as one text. The entry is not in it; who
 * checks it hashes the entry that he has.
 */
#include "base/check.h"
#include "codec/text.h"
#include "ledger/lines.h"
#include "ledger/note.h"

#define FIRST_LINE "c2sp.org/tlog-proof@v1"

static custody_err extra_put(struct cty_bytes extra, struct cty_buf *out)
{
    if (extra.size == 0)
        return CUSTODY_OK;
    CTY_TRY(cty_buf_put_text(out, "extra "));
    CTY_TRY(cty_base64_format(extra, out));
    return cty_buf_put_byte(out, '\n');
}

static custody_err receipt_put(struct cty_bytes extra, uint64_t index, const struct cty_proof *proof,
                               struct cty_bytes note, struct cty_buf *out)
{
    CTY_TRY(cty_buf_put_text(out, FIRST_LINE "\n"));
    CTY_TRY(extra_put(extra, out));
    CTY_TRY(cty_buf_put_text(out, "index "));
    CTY_TRY(cty_buf_put_u64(out, index));
    CTY_TRY(cty_buf_put_byte(out, '\n'));
    for (size_t i = 0; i < proof->count; i++)
        CTY_TRY(cty_hash_line_put(&proof->hashes[i], out));
    CTY_TRY(cty_buf_put_byte(out, '\n'));
    return cty_buf_put_bytes(out, note);
}

custody_err cty_receipt_format(struct cty_bytes extra, uint64_t index, const struct cty_proof *proof,
                               struct cty_bytes note, struct cty_buf *out)
{
    if (extra.size > CTY_RECEIPT_EXTRA_BYTES_MAX || proof->count > CTY_PROOF_HASHES_MAX)
        return CUSTODY_E_TOO_LARGE;
    if (index >= CTY_TREE_SIZE_MAX || note.size == 0)
        return CUSTODY_E_BAD_MEMBER;
    size_t start = out->size;
    custody_err err = receipt_put(extra, index, proof, note, out);
    if (err != CUSTODY_OK)
        out->size = start;
    return err;
}

/* Takes the line off *rest if it is there. */
static custody_err extra_take(struct cty_bytes *rest, struct cty_bytes *ret_base64)
{
    *ret_base64 = cty_bytes_make(NULL, 0);
    if (!cty_prefix_take(rest, "extra "))
        return CUSTODY_OK;
    size_t size = 0;
    if (!cty_line_take(rest, ret_base64) || cty_base64_scan(*ret_base64, NULL, 0, &size) != CUSTODY_OK)
        return CUSTODY_E_PROOF_INVALID;
    if (size == 0 || size > CTY_RECEIPT_EXTRA_BYTES_MAX)
        return CUSTODY_E_PROOF_INVALID;
    return CUSTODY_OK;
}

static custody_err index_take(struct cty_bytes *rest, uint64_t *ret_index)
{
    struct cty_bytes number;
    if (!cty_prefix_take(rest, "index ") || !cty_line_take(rest, &number))
        return CUSTODY_E_PROOF_INVALID;
    if (cty_u64_parse(number, CTY_TREE_SIZE_MAX - 1, ret_index) != CUSTODY_OK)
        return CUSTODY_E_PROOF_INVALID;
    return CUSTODY_OK;
}

/* Takes the hashes and the empty line that ends them. */
static custody_err hashes_take(struct cty_bytes *rest, struct cty_proof *ret_proof)
{
    ret_proof->count = 0;
    for (;;) {
        struct cty_bytes line;
        if (!cty_line_take(rest, &line))
            return CUSTODY_E_PROOF_INVALID;
        if (line.size == 0)
            return CUSTODY_OK;
        if (ret_proof->count == CTY_PROOF_HASHES_MAX)
            return CUSTODY_E_PROOF_INVALID;
        uint8_t *hash = ret_proof->hashes[ret_proof->count].bytes;
        if (cty_base64_parse_into(line, hash, CTY_HASH_SIZE) != CUSTODY_OK)
            return CUSTODY_E_PROOF_INVALID;
        ret_proof->count++;
    }
}

custody_err cty_receipt_parse(struct cty_bytes text, struct cty_receipt *ret_receipt)
{
    struct cty_receipt receipt;
    if (!cty_prefix_take(&text, FIRST_LINE "\n"))
        return CUSTODY_E_PROOF_INVALID;
    CTY_TRY(extra_take(&text, &receipt.extra_base64));
    CTY_TRY(index_take(&text, &receipt.index));
    CTY_TRY(hashes_take(&text, &receipt.proof));
    if (text.size == 0)
        return CUSTODY_E_PROOF_INVALID;
    receipt.note = text;
    *ret_receipt = receipt;
    return CUSTODY_OK;
}

custody_err cty_receipt_open_by(struct cty_bytes text, struct cty_bytes entry, struct cty_bytes origin,
                                const struct cty_log_keys *keys, struct cty_receipt *ret_receipt,
                                struct cty_checkpoint *ret_checkpoint)
{
    struct cty_receipt receipt;
    struct cty_checkpoint checkpoint;
    CTY_TRY(cty_receipt_parse(text, &receipt));
    CTY_TRY(cty_checkpoint_open_by(receipt.note, origin, keys, &checkpoint));
    struct cty_hash leaf = cty_tree_leaf(entry);
    CTY_TRY(cty_tree_inclusion_verify(&leaf, receipt.index, checkpoint.size, &checkpoint.root,
                                      &receipt.proof));
    *ret_receipt = receipt;
    *ret_checkpoint = checkpoint;
    return CUSTODY_OK;
}

custody_err cty_receipt_open(struct cty_bytes text, struct cty_bytes entry, struct cty_bytes origin,
                             const struct cty_key *log_key, struct cty_receipt *ret_receipt,
                             struct cty_checkpoint *ret_checkpoint)
{
    struct cty_log_keys keys;
    cty_log_keys_begin(&keys, log_key);
    return cty_receipt_open_by(text, entry, origin, &keys, ret_receipt, ret_checkpoint);
}
