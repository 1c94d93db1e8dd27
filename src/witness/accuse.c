/* SPDX-License-Identifier: Apache-2.0 */
/* Contradictions: the file beside the state, and the log that is stopped. */
#include <stdlib.h>

#include "base/check.h"
#include "base/file.h"
#include "codec/text.h"
#include "witness/inner.h"
#include "witness/judge.h"

/* --- the file ---------------------------------------------------------------------------------------------- */

static size_t folder_size(const char *state_path)
{
    const char *slash = strrchr(state_path, '/');
    return slash ? (size_t)(slash - state_path) + 1 : 0;
}

custody_err cty_witness_keep(const char *state_path, const struct cty_contradiction *contradiction, uint64_t size,
                             char **ret_path, custody_error *error)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(CTY_CONTRADICTION_BYTES_MAX);
    CTY_CLEANUP(cty_buf_done) struct cty_buf path = CTY_BUF_INIT(8192);
    char name[CTY_CONTRADICTION_NAME_SIZE];
    CTY_TRY(cty_contradiction_format(contradiction, &text));
    CTY_TRY(cty_buf_put_byte(&text, '\n'));
    cty_contradiction_name(contradiction->ledger, size, cty_buf_bytes(&text), name);
    CTY_TRY(cty_buf_put(&path, state_path, folder_size(state_path)));
    CTY_TRY(cty_buf_put_text(&path, name));
    CTY_AUTO_FREE char *whole = cty_bytes_dup_text(cty_buf_bytes(&path));
    if (!whole)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    custody_err err = cty_file_put_new(whole, 0600, cty_buf_bytes(&text), error);
    if (err != CUSTODY_E_EXISTS) /* else the same one was written before: its name tells what it holds */
        CTY_TRY(err);
    *ret_path = whole;
    whole = NULL;
    return CUSTODY_OK;
}

/* --- stopping ---------------------------------------------------------------------------------------------- */

/*
 * The first key of the log, which is what others pin; a later one where that signed both. What went before was signed at
 * `log->size`.
 */
static custody_err put_key(const struct cty_witness_log *log, uint64_t shown_size, struct cty_buf *out)
{
    const struct cty_key *before = cty_log_keys_at(&log->keys, log->size);
    const struct cty_key *then = cty_log_keys_at(&log->keys, shown_size);
    const struct cty_key *key = cty_key_equal(before, then) ? before : &log->keys.keys[0];
    return cty_vkey_format(cty_buf_bytes(&log->key_name), CTY_KEY_ED25519, key, out);
}

static custody_err shown_size_of(struct cty_bytes note, uint64_t *ret_size)
{
    struct cty_note parsed;
    struct cty_checkpoint checkpoint;
    CTY_TRY(cty_note_parse(note, &parsed));
    CTY_TRY(cty_checkpoint_read(parsed.text, &checkpoint));
    *ret_size = checkpoint.size;
    return CUSTODY_OK;
}

custody_err cty_witness_stop(struct cty_witness *witness, const struct cty_witness_log *log,
                             struct cty_contradiction *contradiction, custody_error *error)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf key = CTY_BUF_INIT(CTY_VKEY_BYTES_MAX);
    CTY_AUTO_FREE char *path = NULL;
    custody_error inner = {.detail = ""};
    uint64_t size = 0;
    CTY_TRY(shown_size_of(contradiction->notes[1], &size));
    CTY_TRY(put_key(log, size, &key));
    contradiction->ledger = cty_buf_bytes(&log->origin);
    contradiction->key = cty_buf_bytes(&key);
    contradiction->notes[0] = cty_buf_bytes(&log->note);
    pthread_mutex_lock(&witness->keeping);
    const uint64_t smaller = size < log->size ? size : log->size;
    custody_err kept = cty_witness_keep(witness->state_path, contradiction, smaller, &path, &inner);
    const char *kind = cty_contradiction_kind_name(contradiction->kind);
    pthread_mutex_lock(&witness->mutex);
    custody_err err = cty_witness_log_stop(witness->store, cty_buf_bytes(&log->origin), kind, path ? path : "",
                                           witness->config.now_s(witness->config.user), error);
    pthread_mutex_unlock(&witness->mutex);
    pthread_mutex_unlock(&witness->keeping);
    cty_witness_tell(witness, true, cty_buf_bytes(&log->origin), "%s: nothing more of it is cosigned; %s%s", kind,
                     kept == CUSTODY_OK ? "the proof is " : "its proof could not be kept: ",
                     kept == CUSTODY_OK ? path : inner.detail);
    return err;
}

/* --- by who follows a log ---------------------------------------------------------------------------------- */

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
