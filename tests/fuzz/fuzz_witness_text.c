/* SPDX-License-Identifier: Apache-2.0 */
/* What witnesses are sent: what is accepted has one text, so writing it again gives the bytes that were read. */
#include "base/check.h"
#include "ledger/witness_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_there_and_back(struct cty_bytes bytes, const struct cty_add_checkpoint *add)
{
    struct cty_buf again = CTY_BUF_INIT(bytes.size);
    custody_err err = cty_add_checkpoint_format(add, &again);
    CTY_CHECK(err == CUSTODY_OK || (err == CUSTODY_E_TOO_LARGE && add->note.size > CTY_NOTE_BYTES_MAX));
    CTY_CHECK(err != CUSTODY_OK || cty_bytes_equal(cty_buf_bytes(&again), bytes));
    cty_buf_done(&again);
}

/* What the proof leads from, where it leads anywhere, is what it proves. */
static void check_proof(const struct cty_add_checkpoint *add)
{
    struct cty_note note;
    struct cty_checkpoint checkpoint;
    struct cty_hash old_root;
    if (cty_note_parse(add->note, &note) != CUSTODY_OK || cty_checkpoint_read(note.text, &checkpoint) != CUSTODY_OK)
        return;
    if (cty_tree_consistency_old_root(add->old_size, checkpoint.size, &checkpoint.root, &add->proof, &old_root) == CUSTODY_OK)
        CTY_CHECK(cty_tree_consistency_verify(add->old_size, &old_root, checkpoint.size, &checkpoint.root, &add->proof) ==
                  CUSTODY_OK);
}

static void check_answers(struct cty_bytes bytes)
{
    struct cty_note note;
    uint64_t size = 0;
    if (cty_witness_size_parse(bytes, &size) == CUSTODY_OK)
        CTY_CHECK(size <= CTY_TREE_SIZE_MAX);
    if (cty_cosignatures_parse(bytes, CTY_LITERAL("a\n"), &note) == CUSTODY_OK)
        CTY_CHECK(note.count > 0 && note.count <= CTY_NOTE_SIGNATURES_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cty_bytes bytes = cty_bytes_make(data, size);
    struct cty_add_checkpoint add;
    CTY_CHECK(cty_crypto_init() == CUSTODY_OK);
    check_answers(bytes);
    if (cty_add_checkpoint_parse(bytes, &add) != CUSTODY_OK)
        return 0;
    check_there_and_back(bytes, &add);
    check_proof(&add);
    return 0;
}
