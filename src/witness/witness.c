/* SPDX-License-Identifier: Apache-2.0 */
#include "witness/witness.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "witness/inner.h"
#include "witness/judge.h"

/* How often a submission is judged anew because another one was stored in between. */
#define ROUNDS 8

/* --- opening ----------------------------------------------------------------------------------------------- */

/* A state of another witness says nothing of what this key cosigned. */
static custody_err check_identity(struct cty_witness *witness, custody_error *error)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf ours = CTY_BUF_INIT(CTY_VKEY_BYTES_MAX);
    CTY_CLEANUP(cty_buf_done) struct cty_buf stored = CTY_BUF_INIT(CTY_VKEY_BYTES_MAX);
    const struct cty_secret *secret = witness->config.secret;
    CTY_TRY(cty_vkey_format(cty_secret_name(secret), CTY_KEY_COSIGNATURE, cty_secret_key(secret), &ours));
    CTY_TRY(cty_witness_store_vkey(witness->store, &stored, error));
    if (cty_bytes_equal(cty_buf_bytes(&ours), cty_buf_bytes(&stored)))
        return CUSTODY_OK;
    return cty_fail(error, CUSTODY_E_CONFIG, "the state is that of %s, and the key another one", cty_buf_text(&stored));
}

static struct cty_witness *witness_new(const struct cty_witness_config *config)
{
    struct cty_witness *witness = cty_alloc(1, sizeof(*witness));
    char *path = witness ? cty_bytes_dup_text(cty_bytes_text(config->state_path)) : NULL;
    if (!path) {
        free(witness);
        return NULL;
    }
    witness->config = *config;
    witness->clock = config->clock ? *config->clock : cty_clock_system();
    witness->state_path = path;
    CTY_CHECK(pthread_mutex_init(&witness->mutex, NULL) == 0);
    CTY_CHECK(pthread_mutex_init(&witness->telling, NULL) == 0);
    CTY_CHECK(pthread_mutex_init(&witness->keeping, NULL) == 0);
    return witness;
}

custody_err cty_witness_open(const struct cty_witness_config *config, struct cty_witness **ret_witness,
                             custody_error *error)
{
    struct cty_witness *witness = witness_new(config);
    if (!witness)
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    custody_err err = cty_witness_store_open(config->state_path, true, &witness->store, error);
    if (err == CUSTODY_OK)
        err = check_identity(witness, error);
    /* Nothing is known yet that the clock could be ahead of; behind what is stored it is judged log by log. */
    if (err == CUSTODY_OK)
        err = cty_clock_guard_begin(&witness->guard, &witness->clock, 0, true, error);
    if (err == CUSTODY_OK)
        err = cty_witness_kept_stop(witness, error);
    if (err == CUSTODY_OK)
        *ret_witness = witness;
    else
        cty_witness_close(witness);
    return err;
}

void cty_witness_close(struct cty_witness *witness)
{
    if (!witness)
        return;
    cty_witness_stops_done(witness);
    cty_witness_store_close(witness->store);
    pthread_mutex_destroy(&witness->mutex);
    pthread_mutex_destroy(&witness->keeping);
    pthread_mutex_destroy(&witness->telling);
    free(witness->state_path);
    free(witness);
}

void cty_witness_answer_done(struct cty_witness_answer *answer)
{
    cty_buf_done(&answer->body);
}

uint64_t cty_witness_now_s(const struct cty_witness *witness)
{
    return cty_clock_wall(&witness->clock) / 1000;
}

void cty_witness_tell(struct cty_witness *witness, bool alarm, struct cty_bytes origin, const char *format, ...)
{
    char text[512];
    va_list values;
    if (!witness->config.told)
        return;
    va_start(values, format);
    vsnprintf(text, sizeof(text), format, values);
    va_end(values);
    uint64_t now_s = cty_witness_now_s(witness);
    pthread_mutex_lock(&witness->telling);
    witness->told_lines = witness->told_s == now_s ? witness->told_lines + 1 : 0;
    witness->told_s = now_s;
    if (witness->told_lines < CTY_WITNESS_LINES_PER_SECOND)
        witness->config.told(witness->config.user, alarm, origin, text);
    pthread_mutex_unlock(&witness->telling);
}

/* --- the store, one at a time ------------------------------------------------------------------------------ */

custody_err cty_witness_get_log(struct cty_witness *witness, struct cty_bytes origin, struct cty_witness_log *ret_log,
                                custody_error *error)
{
    pthread_mutex_lock(&witness->mutex);
    custody_err err = cty_witness_log_get(witness->store, origin, ret_log, error);
    pthread_mutex_unlock(&witness->mutex);
    return err;
}

custody_err cty_witness_next_log(struct cty_witness *witness, struct cty_bytes after, struct cty_witness_log *ret_log,
                                 custody_error *error)
{
    pthread_mutex_lock(&witness->mutex);
    custody_err err = cty_witness_log_after(witness->store, after, ret_log, error);
    pthread_mutex_unlock(&witness->mutex);
    return err;
}

/* --- answers ----------------------------------------------------------------------------------------------- */

static void answer_make(struct cty_witness_answer *answer, unsigned status, custody_err why)
{
    cty_buf_done(&answer->body);
    *answer = (struct cty_witness_answer){.status = status, .why = why, .body = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX + 1)};
}

/* What isn't the submitter's fault. */
static void answer_failed(struct cty_witness_answer *answer, custody_err err)
{
    answer_make(answer, err == CUSTODY_E_INTERNAL ? 500 : 503, err);
}

static void answer_size(struct cty_witness_answer *answer, uint64_t size)
{
    answer_make(answer, 409, CUSTODY_OK);
    answer->is_size = true;
    custody_err err = cty_witness_size_format(size, &answer->body);
    if (err != CUSTODY_OK)
        answer_failed(answer, err);
}

/* --- cosigning --------------------------------------------------------------------------------------------- */

/*
 * The clock, but never before the newest cosignature: at one time one checkpoint is the largest. A clock that lies far behind
 * it was wrong then or is now; one that leapt is wrong, or was, and what it says next would be cosigned for good. Errors:
 * WITNESS_CLOCK.
 */
static custody_err choose_time(const struct cty_witness *witness, const struct cty_witness_log *log, uint64_t *ret_time_s,
                               custody_error *error)
{
    uint64_t now_s = cty_witness_now_s(witness);
    custody_error stepped = {.detail = ""};
    if (cty_clock_guard_check(&witness->guard, &witness->clock, &stepped) != CUSTODY_OK)
        return cty_fail(error, CUSTODY_E_WITNESS_CLOCK, "%s; look at it, and start the witness again", stepped.detail);
    if (now_s < log->time_s && log->time_s - now_s > CTY_CLOCK_STEP_MS_MAX / 1000)
        return cty_fail(error, CUSTODY_E_WITNESS_CLOCK,
                        "the newest cosignature is %llu s ahead of the clock; if the clock is right: custody witness clear "
                        "ORIGIN --confirm-clock", (unsigned long long)(log->time_s - now_s));
    *ret_time_s = now_s < log->time_s ? log->time_s : now_s;
    return CUSTODY_OK;
}

/* The text and the log's own line, which was verified; what others wrote below it stays behind. */
static custody_err put_log_note(const struct cty_witness_log *log, const struct cty_submission_read *read,
                                struct cty_buf *out)
{
    uint8_t id[4];
    struct cty_bytes name = cty_buf_bytes(&log->key_name);
    cty_key_id(name, CTY_KEY_ED25519, cty_log_keys_at(&log->keys, read->checkpoint.size), id);
    CTY_TRY(cty_buf_put_bytes(out, read->note.text));
    CTY_TRY(cty_buf_put_byte(out, '\n'));
    for (size_t i = 0; i < read->note.count; i++) {
        const struct cty_note_line *line = &read->note.lines[i];
        if (memcmp(line->key_id, id, sizeof(id)) == 0 && cty_bytes_equal(line->name, name))
            return cty_note_line_put(line, out);
    }
    return CUSTODY_E_INTERNAL;
}

/* Makes the line into the answer, stores the note with it; nobody has seen the line before that. */
static custody_err cosign(struct cty_witness *witness, const struct cty_witness_log *log,
                          const struct cty_submission_read *read, struct cty_buf *line, custody_error *error)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    const struct cty_secret *secret = witness->config.secret;
    struct cty_witness_step step = {.old_size = log->size, .old_root = log->root, .size = read->checkpoint.size,
                                    .root = read->checkpoint.root};
    CTY_TRY(choose_time(witness, log, &step.time_s, error));
    CTY_TRY(cty_note_cosign(read->note.text, cty_secret_name(secret), secret, step.time_s, line));
    CTY_TRY(put_log_note(log, read, &note));
    CTY_TRY(cty_buf_put_bytes(&note, cty_buf_bytes(line)));
    step.note = cty_buf_bytes(&note);
    /* Said again within the second it is what is stored, byte for byte. */
    if (cty_bytes_equal(step.note, cty_buf_bytes(&log->note)))
        return CUSTODY_OK;
    pthread_mutex_lock(&witness->mutex);
    custody_err err = cty_witness_is_stopping(witness, cty_buf_bytes(&log->origin))
                          ? CUSTODY_E_SPLIT_VIEW
                          : cty_witness_log_advance(witness->store, cty_buf_bytes(&log->origin), &step, error);
    pthread_mutex_unlock(&witness->mutex);
    return err;
}

static void answer_cosigned(struct cty_witness *witness, const struct cty_witness_log *log,
                            const struct cty_submission_read *read, struct cty_witness_answer *answer, bool *ret_again)
{
    custody_error error = {.detail = ""};
    answer_make(answer, 200, CUSTODY_OK);
    custody_err err = cosign(witness, log, read, &answer->body, &error);
    answer->grew = err == CUSTODY_OK && read->checkpoint.size > log->size;
    if (err == CUSTODY_OK)
        return;
    /* Somebody was faster, or the log has just been stopped or removed: judged anew. */
    *ret_again = err == CUSTODY_E_WRONG_SIZE || err == CUSTODY_E_SPLIT_VIEW || err == CUSTODY_E_NOT_FOUND;
    if (err == CUSTODY_E_TOO_LARGE) {
        answer_make(answer, 400, err);
        return;
    }
    answer_failed(answer, err);
    if (!*ret_again)
        cty_witness_tell(witness, true, cty_buf_bytes(&log->origin), "can't cosign: %s%s%s", custody_err_name(err),
                         error.detail[0] ? ": " : "", error.detail);
}

/* --- contradictions ---------------------------------------------------------------------------------------- */

/* By the log's own words: what was stored, and what was submitted now. Errors: those of cty_witness_stop. */
static custody_err accuse_submitted(struct cty_witness *witness, const struct cty_witness_log *log,
                                    const struct cty_submission_read *read, const struct cty_witness_verdict *verdict)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf shown = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    struct cty_contradiction contradiction = {.kind = verdict->kind, .root = verdict->old_root, .proof = read->add.proof};
    contradiction.has_proof = verdict->kind == CTY_CONTRADICTION_FORK;
    /* With lines of others it is as good, where memory lacks. */
    bool alone = put_log_note(log, read, &shown) == CUSTODY_OK;
    contradiction.notes[1] = alone ? cty_buf_bytes(&shown) : read->add.note;
    return cty_witness_stop(witness, log, &contradiction, NULL);
}

/* What the log signed is seen and kept, however it was asked. Errors: what is to be stored can't be. */
static custody_err heed(struct cty_witness *witness, const struct cty_witness_log *log,
                        const struct cty_submission_read *read, const struct cty_witness_verdict *verdict)
{
    if (verdict->contradicts && log->stopped.size == 0)
        return accuse_submitted(witness, log, read, verdict);
    return verdict->status == 403 ? CUSTODY_OK : cty_witness_settle(witness, cty_buf_bytes(&log->origin), NULL);
}

/* One round over what is stored now. */
static void judge_once(struct cty_witness *witness, const struct cty_submission_read *read,
                       struct cty_witness_answer *answer, bool *ret_again)
{
    CTY_CLEANUP(cty_witness_log_done) struct cty_witness_log log = {.removed = false};
    struct cty_witness_verdict verdict;
    custody_err err = cty_witness_get_log(witness, read->checkpoint.origin, &log, NULL);
    if (err == CUSTODY_E_NOT_FOUND || (err == CUSTODY_OK && log.removed)) {
        answer_make(answer, 404, CUSTODY_E_NOT_FOUND);
        return;
    }
    if (err != CUSTODY_OK) {
        answer_failed(answer, err);
        return;
    }
    cty_witness_judge(&log, read, &verdict);
    err = heed(witness, &log, read, &verdict);
    if (err != CUSTODY_OK)
        answer_failed(answer, err);
    else if (verdict.status == 409)
        answer_size(answer, log.size);
    else if (verdict.status != 200)
        answer_make(answer, verdict.status, verdict.why);
    else
        answer_cosigned(witness, &log, read, answer, ret_again);
}

void cty_witness_add_checkpoint(struct cty_witness *witness, struct cty_bytes body, struct cty_witness_answer *answer)
{
    struct cty_submission_read read;
    custody_err err = cty_witness_read(body, &read);
    if (err != CUSTODY_OK) {
        answer_make(answer, 400, err);
        return;
    }
    bool again = true;
    for (unsigned round = 0; again && round < ROUNDS; round++) {
        again = false;
        judge_once(witness, &read, answer, &again);
    }
    if (again)
        answer_failed(answer, CUSTODY_E_BUSY);
}

void cty_witness_checkpoint(struct cty_witness *witness, const struct cty_hash *origin_digest,
                            struct cty_witness_answer *answer)
{
    CTY_CLEANUP(cty_witness_log_done) struct cty_witness_log log = {.removed = false};
    pthread_mutex_lock(&witness->mutex);
    custody_err err = cty_witness_log_find(witness->store, origin_digest, &log, NULL);
    pthread_mutex_unlock(&witness->mutex);
    if (err == CUSTODY_E_NOT_FOUND || (err == CUSTODY_OK && log.note.size == 0)) {
        answer_make(answer, 404, CUSTODY_E_NOT_FOUND);
        return;
    }
    answer_make(answer, 200, CUSTODY_OK);
    if (err == CUSTODY_OK)
        err = cty_buf_put_bytes(&answer->body, cty_buf_bytes(&log.note));
    if (err != CUSTODY_OK)
        answer_failed(answer, err);
}
