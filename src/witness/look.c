/* SPDX-License-Identifier: Apache-2.0 */
#include "base/check.h"
#include "witness/follow.h"
#include "witness/inner.h"

/* One look: the log as it was stored before anything was asked for, and what was shown then. */
struct looking {
    struct cty_witness *witness;
    const struct cty_witness_source *source;
    struct cty_witness_log log;
    struct cty_buf text;
    struct cty_note note;
    struct cty_checkpoint shown;
    struct cty_proof proof;
    struct cty_hash old_root;
    custody_error *error;
};

static void looking_done(struct looking *l)
{
    cty_witness_log_done(&l->log);
    cty_buf_done(&l->text);
}

/* The log of just this name, where it may be cosigned. */
static custody_err begin(struct looking *l, struct cty_bytes origin)
{
    CTY_TRY(cty_witness_settle(l->witness, origin, l->error));
    CTY_TRY(cty_witness_get_log(l->witness, origin, &l->log, l->error));
    if (l->log.removed)
        return cty_fail_code(l->error, CUSTODY_E_NOT_FOUND);
    if (l->log.stopped.size > 0)
        return cty_fail(l->error, CUSTODY_E_SPLIT_VIEW, "stopped, until a person clears it");
    return CUSTODY_OK;
}

static custody_err open_shown(struct looking *l)
{
    const struct cty_witness_log *log = &l->log;
    CTY_TRY(l->source->newest(l->source->context, &l->text, l->error));
    custody_err err = cty_note_parse(cty_buf_bytes(&l->text), &l->note);
    if (err == CUSTODY_OK)
        err = cty_checkpoint_read(l->note.text, &l->shown);
    if (err == CUSTODY_OK)
        err = cty_note_verify(&l->note, cty_buf_bytes(&log->key_name), cty_log_keys_at(&log->keys, l->shown.size));
    if (err == CUSTODY_OK && !cty_bytes_equal(l->shown.origin, cty_buf_bytes(&log->origin)))
        err = CUSTODY_E_WRONG_LEDGER;
    return err == CUSTODY_OK ? CUSTODY_OK : cty_fail(l->error, err, "its newest checkpoint");
}

static custody_err accuse(struct looking *l, enum cty_contradiction_kind kind, bool with_proof)
{
    const struct cty_witness_shown shown = {.kind = kind, .note = cty_buf_bytes(&l->text),
                                            .proof = with_proof ? &l->proof : NULL, .root = l->old_root};
    CTY_TRY(cty_witness_accuse(l->witness, cty_buf_bytes(&l->log.origin), &shown, l->error));
    return cty_fail_code(l->error, kind == CTY_CONTRADICTION_WENT_BACK ? CUSTODY_E_WENT_BACK : CUSTODY_E_SPLIT_VIEW);
}

static void forget_behind(struct cty_witness_look *look)
{
    look->behind_since_s = 0;
    look->behind_looks = 0;
}

/*
 * What others keep between the log and here may be old for a while. Only what is seen again and again, and nothing else in
 * between, says that it stays so.
 */
static bool may_be_cache(const struct looking *l, uint64_t now_s, struct cty_witness_look *look)
{
    if (look->behind_looks++ == 0)
        look->behind_since_s = now_s;
    return l->source->is_cached && (now_s - look->behind_since_s < CTY_WITNESS_BACK_S_MAX ||
                                    look->behind_looks < CTY_WITNESS_BACK_LOOKS_MIN);
}

static custody_err judge_back(struct looking *l, uint64_t now_s, struct cty_witness_look *look)
{
    if (may_be_cache(l, now_s, look))
        return cty_fail(l->error, CUSTODY_E_WENT_BACK, "it shows size %llu, and %llu was cosigned; perhaps a cache",
                        (unsigned long long)l->shown.size, (unsigned long long)l->log.size);
    forget_behind(look); /* where it is let go on, all is counted anew */
    return accuse(l, CTY_CONTRADICTION_WENT_BACK, false);
}

/* The body is that of a submission, and so is the judgement. */
static custody_err submit(struct looking *l)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf body = CTY_BUF_INIT(CTY_ADD_CHECKPOINT_BYTES_MAX);
    CTY_CLEANUP(cty_witness_answer_done) struct cty_witness_answer answer = {.status = 0};
    const struct cty_add_checkpoint add = {.old_size = l->log.size, .proof = l->proof, .note = cty_buf_bytes(&l->text)};
    CTY_TRY(cty_add_checkpoint_format(&add, &body));
    cty_witness_add_checkpoint(l->witness, cty_buf_bytes(&body), &answer);
    /* 409: the log itself submitted a newer one meanwhile. */
    if (answer.status == 200 || answer.status == 409)
        return CUSTODY_OK;
    return cty_fail(l->error, answer.why, "status %u", answer.status);
}

static custody_err extend(struct looking *l)
{
    l->proof.count = 0;
    if (l->log.size == 0)
        return submit(l);
    CTY_TRY(l->source->consistency(l->source->context, l->log.size, &l->shown, &l->proof, &l->old_root, l->error));
    if (cty_tree_consistency_verify(l->log.size, &l->log.root, l->shown.size, &l->shown.root, &l->proof) == CUSTODY_OK)
        return submit(l);
    return accuse(l, CTY_CONTRADICTION_NO_PROOF, true);
}

static bool is_fresh(const struct looking *l)
{
    uint64_t now_s = cty_witness_now_s(l->witness);
    return now_s < l->log.time_s + CTY_WITNESS_FRESH_S_MAX;
}

static custody_err judge(struct looking *l, uint64_t now_s, struct cty_witness_look *look)
{
    const struct cty_witness_log *log = &l->log;
    if (log->time_s > 0 && l->shown.size < log->size)
        return judge_back(l, now_s, look);
    forget_behind(look);
    if (log->time_s == 0 || l->shown.size > log->size)
        return extend(l);
    if (!cty_hash_equal(&l->shown.root, &log->root))
        return accuse(l, CTY_CONTRADICTION_NO_PROOF, false);
    return is_fresh(l) ? CUSTODY_OK : submit(l);
}

custody_err cty_witness_look_once(struct cty_witness *witness, struct cty_bytes origin,
                                  const struct cty_witness_source *source, uint64_t now_s, struct cty_witness_look *look,
                                  custody_error *error)
{
    CTY_CLEANUP(looking_done) struct looking l = {.witness = witness, .source = source, .error = error,
                                                  .text = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX)};
    custody_err err = begin(&l, origin);
    if (err == CUSTODY_OK)
        err = open_shown(&l);
    if (err != CUSTODY_OK) {
        forget_behind(look);
        return err;
    }
    return judge(&l, now_s, look);
}
