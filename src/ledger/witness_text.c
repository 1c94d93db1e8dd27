/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/witness_text.h"

#include "codec/text.h"
#include "ledger/lines.h"

static custody_err add_put(const struct cty_add_checkpoint *add, struct cty_buf *out)
{
    CTY_TRY(cty_buf_put_text(out, "old "));
    CTY_TRY(cty_buf_put_u64(out, add->old_size));
    CTY_TRY(cty_buf_put_byte(out, '\n'));
    for (size_t i = 0; i < add->proof.count; i++)
        CTY_TRY(cty_hash_line_put(&add->proof.hashes[i], out));
    CTY_TRY(cty_buf_put_byte(out, '\n'));
    return cty_buf_put_bytes(out, add->note);
}

custody_err cty_add_checkpoint_format(const struct cty_add_checkpoint *add, struct cty_buf *out)
{
    if (add->proof.count > CTY_PROOF_HASHES_MAX || add->note.size > CTY_NOTE_BYTES_MAX)
        return CUSTODY_E_TOO_LARGE;
    if (add->old_size > CTY_TREE_SIZE_MAX || add->note.size == 0)
        return CUSTODY_E_BAD_MEMBER;
    size_t start = out->size;
    custody_err err = add_put(add, out);
    if (err != CUSTODY_OK)
        out->size = start;
    return err;
}

static custody_err old_take(struct cty_bytes *rest, uint64_t *ret_size)
{
    struct cty_bytes number;
    if (!cty_prefix_take(rest, "old ") || !cty_line_take(rest, &number))
        return CUSTODY_E_BAD_NOTE;
    return cty_u64_parse(number, CTY_TREE_SIZE_MAX, ret_size) == CUSTODY_OK ? CUSTODY_OK : CUSTODY_E_BAD_NOTE;
}

/* Takes the hashes and the empty line that ends them. */
static custody_err hashes_take(struct cty_bytes *rest, struct cty_proof *ret_proof)
{
    struct cty_bytes line;
    for (ret_proof->count = 0; cty_line_take(rest, &line); ret_proof->count++) {
        if (line.size == 0)
            return CUSTODY_OK;
        if (ret_proof->count == CTY_PROOF_HASHES_MAX ||
            cty_base64_parse_into(line, ret_proof->hashes[ret_proof->count].bytes, CTY_HASH_SIZE) != CUSTODY_OK)
            return CUSTODY_E_BAD_NOTE;
    }
    return CUSTODY_E_BAD_NOTE;
}

custody_err cty_add_checkpoint_parse(struct cty_bytes body, struct cty_add_checkpoint *ret_add)
{
    if (body.size > CTY_ADD_CHECKPOINT_BYTES_MAX)
        return CUSTODY_E_TOO_LARGE;
    CTY_TRY(old_take(&body, &ret_add->old_size));
    CTY_TRY(hashes_take(&body, &ret_add->proof));
    if (body.size == 0)
        return CUSTODY_E_BAD_NOTE;
    ret_add->note = body;
    return CUSTODY_OK;
}

custody_err cty_cosignatures_parse(struct cty_bytes body, struct cty_bytes text, struct cty_note *ret_note)
{
    if (body.size > CTY_NOTE_BYTES_MAX)
        return CUSTODY_E_TOO_LARGE;
    if (!cty_text_is_lawful(body))
        return CUSTODY_E_BAD_NOTE;
    return cty_note_lines_parse(body, text, ret_note);
}

custody_err cty_witness_size_format(uint64_t size, struct cty_buf *out)
{
    return size > CTY_TREE_SIZE_MAX ? CUSTODY_E_BAD_MEMBER : cty_buf_putf(out, "%llu\n", (unsigned long long)size);
}

custody_err cty_witness_size_parse(struct cty_bytes body, uint64_t *ret_size)
{
    struct cty_bytes number;
    if (!cty_line_take(&body, &number) || body.size > 0)
        return CUSTODY_E_BAD_NOTE;
    return cty_u64_parse(number, CTY_TREE_SIZE_MAX, ret_size) == CUSTODY_OK ? CUSTODY_OK : CUSTODY_E_BAD_NOTE;
}

void cty_witness_monitor_path(struct cty_bytes origin, char ret_path[static CTY_WITNESS_MONITOR_BYTES])
{
    struct cty_hash digest = cty_sha256(origin);
    cty_hex_write(digest.bytes, CTY_HASH_SIZE, ret_path);
    memcpy(ret_path + 2 * CTY_HASH_SIZE, "/checkpoint", sizeof("/checkpoint"));
}

static bool extensions_are_lawful(struct cty_bytes rest)
{
    struct cty_bytes line;
    while (rest.size > 0) {
        if (!cty_line_take(&rest, &line) || line.size == 0)
            return false;
    }
    return true;
}

/* Above what is followed here is another answer than no number at all. */
static custody_err size_parse(struct cty_bytes text, uint64_t *ret_size)
{
    if (cty_u64_parse(text, INT64_MAX, ret_size) != CUSTODY_OK)
        return CUSTODY_E_BAD_NOTE;
    return *ret_size > CTY_TREE_SIZE_MAX ? CUSTODY_E_TOO_LARGE : CUSTODY_OK;
}

custody_err cty_checkpoint_read(struct cty_bytes text, struct cty_checkpoint *ret_checkpoint)
{
    struct cty_bytes size, root;
    if (!cty_text_is_lawful(text) || !cty_line_take(&text, &ret_checkpoint->origin) || !cty_line_take(&text, &size) ||
        !cty_line_take(&text, &root))
        return CUSTODY_E_BAD_NOTE;
    if (ret_checkpoint->origin.size == 0 || ret_checkpoint->origin.size > CTY_FOREIGN_ORIGIN_BYTES_MAX ||
        !extensions_are_lawful(text) ||
        cty_base64_parse_into(root, ret_checkpoint->root.bytes, CTY_HASH_SIZE) != CUSTODY_OK)
        return CUSTODY_E_BAD_NOTE;
    return size_parse(size, &ret_checkpoint->size);
}
