/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoints (C2SP tlog-checkpoint): three lines of text, without extension lines. */
#include "base/check.h"
#include "codec/text.h"
#include "ledger/lines.h"
#include "ledger/note.h"

/* What a checkpoint may say, whoever signed it. */
static bool is_lawful(const struct cty_checkpoint *checkpoint)
{
    if (checkpoint->origin.size > CTY_ORIGIN_BYTES_MAX || !cty_name_is_lawful(checkpoint->origin))
        return false;
    if (checkpoint->size > CTY_TREE_SIZE_MAX)
        return false;
    struct cty_hash empty = cty_tree_empty_root();
    return checkpoint->size > 0 || cty_hash_equal(&checkpoint->root, &empty);
}

static custody_err lines_put(const struct cty_checkpoint *checkpoint, struct cty_buf *out)
{
    CTY_TRY(cty_buf_put_bytes(out, checkpoint->origin));
    CTY_TRY(cty_buf_put_byte(out, '\n'));
    CTY_TRY(cty_buf_put_u64(out, checkpoint->size));
    CTY_TRY(cty_buf_put_byte(out, '\n'));
    return cty_hash_line_put(&checkpoint->root, out);
}

custody_err cty_checkpoint_format(const struct cty_checkpoint *checkpoint, struct cty_buf *out)
{
    if (!is_lawful(checkpoint))
        return CUSTODY_E_BAD_MEMBER;
    size_t start = out->size;
    custody_err err = lines_put(checkpoint, out);
    if (err != CUSTODY_OK)
        out->size = start;
    return err;
}

custody_err cty_checkpoint_parse(struct cty_bytes text, struct cty_checkpoint *ret_checkpoint)
{
    struct cty_checkpoint checkpoint;
    struct cty_bytes size, root;
    if (!cty_line_take(&text, &checkpoint.origin) || !cty_line_take(&text, &size) ||
        !cty_line_take(&text, &root) || text.size > 0)
        return CUSTODY_E_BAD_NOTE;
    if (cty_u64_parse(size, CTY_TREE_SIZE_MAX, &checkpoint.size) != CUSTODY_OK)
        return CUSTODY_E_BAD_NOTE;
    if (cty_base64_parse_into(root, checkpoint.root.bytes, CTY_HASH_SIZE) != CUSTODY_OK)
        return CUSTODY_E_BAD_NOTE;
    if (!is_lawful(&checkpoint))
        return CUSTODY_E_BAD_NOTE;
    *ret_checkpoint = checkpoint;
    return CUSTODY_OK;
}

void cty_log_keys_begin(struct cty_log_keys *keys, const struct cty_key *pinned)
{
    keys->count = 1;
    keys->from[0] = 0;
    keys->keys[0] = *pinned;
}

custody_err cty_log_keys_add(struct cty_log_keys *keys, uint64_t from, const struct cty_key *key)
{
    for (uint32_t i = 0; i < keys->count; i++) {
        if (keys->from[i] == from && cty_key_equal(&keys->keys[i], key))
            return CUSTODY_OK;
    }
    if (keys->count == CTY_ROTATIONS_MAX + 1)
        return CUSTODY_E_LIMIT_REACHED;
    if (from <= keys->from[keys->count - 1])
        return CUSTODY_E_BAD_MEMBER;
    keys->from[keys->count] = from;
    keys->keys[keys->count++] = *key;
    return CUSTODY_OK;
}

const struct cty_key *cty_log_keys_at(const struct cty_log_keys *keys, uint64_t size)
{
    uint32_t place = keys->count - 1;
    while (place > 0 && keys->from[place] > size)
        place--;
    return &keys->keys[place];
}

/* The size is read before anything is verified, to choose the key; nothing else comes of it. */
custody_err cty_checkpoint_open_by(struct cty_bytes note, struct cty_bytes origin, const struct cty_log_keys *keys,
                                   struct cty_checkpoint *ret_checkpoint)
{
    struct cty_note parsed;
    struct cty_checkpoint said = {.size = 0};
    struct cty_bytes rest, first;
    CTY_TRY(cty_note_parse(note, &parsed));
    custody_err readable = cty_checkpoint_parse(parsed.text, &said);
    CTY_TRY(cty_note_verify(&parsed, origin, cty_log_keys_at(keys, readable == CUSTODY_OK ? said.size : 0)));
    rest = parsed.text;
    if (!cty_line_take(&rest, &first))
        return CUSTODY_E_BAD_NOTE;
    if (!cty_bytes_equal(first, origin))
        return CUSTODY_E_WRONG_LEDGER;
    CTY_TRY(readable);
    *ret_checkpoint = said;
    return CUSTODY_OK;
}

custody_err cty_checkpoint_open(struct cty_bytes note, struct cty_bytes origin,
                                const struct cty_key *log_key, struct cty_checkpoint *ret_checkpoint)
{
    struct cty_log_keys keys;
    cty_log_keys_begin(&keys, log_key);
    return cty_checkpoint_open_by(note, origin, &keys, ret_checkpoint);
}
