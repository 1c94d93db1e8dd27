/* SPDX-License-Identifier: Apache-2.0 */
#include "witness/judge.h"

#include "base/check.h"

custody_err cty_witness_read(struct cty_bytes body, struct cty_submission_read *ret_read)
{
    CTY_TRY(cty_add_checkpoint_parse(body, &ret_read->add));
    CTY_TRY(cty_note_parse(ret_read->add.note, &ret_read->note));
    return cty_checkpoint_read(ret_read->note.text, &ret_read->checkpoint);
}

/* By the key that signs at this size; a line by another key of this log must hold too, where there is one. */
static custody_err check_signature(const struct cty_witness_log *log, const struct cty_submission_read *read)
{
    struct cty_bytes name = cty_buf_bytes(&log->key_name);
    const struct cty_key *signs = cty_log_keys_at(&log->keys, read->checkpoint.size);
    for (uint32_t i = 0; i < log->keys.count; i++) {
        const struct cty_key *key = &log->keys.keys[i];
        if (key != signs && cty_note_verify(&read->note, name, key) == CUSTODY_E_SIGNATURE_INVALID)
            return CUSTODY_E_SIGNATURE_INVALID;
    }
    return cty_note_verify(&read->note, name, signs);
}

/* Whatever it was submitted with, and at whatever moment. */
static bool has_two_roots(const struct cty_witness_log *log, const struct cty_submission_read *read)
{
    return log->time_s > 0 && log->size > 0 && read->checkpoint.size == log->size &&
           !cty_hash_equal(&read->checkpoint.root, &log->root);
}

/* Anybody can put a wrong proof beside a true checkpoint: only what the proof proves counts against the log. */
static void judge_proof(const struct cty_witness_log *log, const struct cty_submission_read *read,
                        struct cty_witness_verdict *verdict)
{
    const struct cty_checkpoint *checkpoint = &read->checkpoint;
    verdict->why = cty_tree_consistency_verify(log->size, &log->root, checkpoint->size, &checkpoint->root,
                                               &read->add.proof);
    if (verdict->why == CUSTODY_OK)
        return;
    verdict->status = 422;
    if (cty_tree_consistency_old_root(log->size, checkpoint->size, &checkpoint->root, &read->add.proof,
                                      &verdict->old_root) != CUSTODY_OK)
        return;
    verdict->contradicts = true;
    verdict->kind = CTY_CONTRADICTION_FORK;
}

static void refuse(struct cty_witness_verdict *verdict, unsigned status, custody_err why)
{
    verdict->status = status;
    verdict->why = why;
}

void cty_witness_judge(const struct cty_witness_log *log, const struct cty_submission_read *read,
                       struct cty_witness_verdict *ret_verdict)
{
    *ret_verdict = (struct cty_witness_verdict){.status = 200};
    custody_err err = check_signature(log, read);
    if (err != CUSTODY_OK) {
        refuse(ret_verdict, 403, err);
        return;
    }
    if (read->add.old_size > read->checkpoint.size) {
        refuse(ret_verdict, 400, CUSTODY_E_BAD_NOTE);
        return;
    }
    if (has_two_roots(log, read)) {
        ret_verdict->contradicts = true;
        ret_verdict->kind = CTY_CONTRADICTION_TWO_ROOTS;
    }
    if (log->stopped.size > 0)
        refuse(ret_verdict, 422, CUSTODY_E_SPLIT_VIEW);
    else if (read->add.old_size != log->size)
        refuse(ret_verdict, 409, CUSTODY_OK);
    else
        judge_proof(log, read, ret_verdict);
}
