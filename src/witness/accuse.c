/* SPDX-License-Identifier: Apache-2.0 */
/* Contradictions that somebody was shown who follows a log himself. */
#include "base/check.h"
#include "witness/inner.h"
#include "witness/judge.h"

/* Looked at once more beside what is stored now: it may have moved on since it was asked for. */
static custody_err judge_shown(const struct cty_witness_log *log, const struct cty_checkpoint *checkpoint,
                               const struct cty_witness_shown *shown, struct cty_contradiction *c, custody_error *error)
{
    const struct cty_checkpoint stored = {.size = log->size, .root = log->root};
    bool back = checkpoint->size < log->size;
    const struct cty_checkpoint *small = back ? checkpoint : &stored, *large = back ? &stored : checkpoint;
    c->kind = shown->kind;
    if (log->time_s == 0 || (checkpoint->size == log->size && cty_hash_equal(&checkpoint->root, &log->root)))
        return cty_fail(error, CUSTODY_E_BAD_EVIDENCE, "the two agree");
    if (checkpoint->size == log->size) {
        c->kind = CTY_CONTRADICTION_TWO_ROOTS;
        return CUSTODY_OK;
    }
    if (!back && shown->kind == CTY_CONTRADICTION_WENT_BACK)
        return cty_fail(error, CUSTODY_E_BAD_EVIDENCE, "it did not go back");
    if (!shown->proof)
        return CUSTODY_OK;
    c->has_proof = true;
    c->proof = *shown->proof;
    c->root = shown->root;
    if (cty_tree_consistency_verify(small->size, &c->root, large->size, &large->root, &c->proof) != CUSTODY_OK)
        return CUSTODY_OK;
    if (cty_hash_equal(&c->root, &small->root))
        return cty_fail(error, CUSTODY_E_BAD_EVIDENCE, "the proof holds");
    c->kind = CTY_CONTRADICTION_FORK;
    return CUSTODY_OK;
}

custody_err cty_witness_accuse(struct cty_witness *witness, struct cty_bytes origin,
                               const struct cty_witness_shown *shown, custody_error *error)
{
    CTY_CLEANUP(cty_witness_log_done) struct cty_witness_log log = {.removed = false};
    struct cty_contradiction contradiction = {.notes = {{NULL, 0}, shown->note}};
    struct cty_note note;
    struct cty_checkpoint checkpoint;
    pthread_mutex_lock(&witness->mutex);
    custody_err err = cty_witness_log_get(witness->store, origin, &log, error);
    pthread_mutex_unlock(&witness->mutex);
    CTY_TRY(err);
    CTY_TRY(cty_note_parse(shown->note, &note));
    CTY_TRY(cty_checkpoint_read(note.text, &checkpoint));
    CTY_TRY(cty_note_verify(&note, cty_buf_bytes(&log.key_name), cty_log_keys_at(&log.keys, checkpoint.size)));
    if (!cty_bytes_equal(checkpoint.origin, origin))
        return cty_fail_code(error, CUSTODY_E_WRONG_LEDGER);
    CTY_TRY(judge_shown(&log, &checkpoint, shown, &contradiction, error));
    return log.stopped.size > 0 ? CUSTODY_OK : cty_witness_stop(witness, &log, &contradiction, error);
}
