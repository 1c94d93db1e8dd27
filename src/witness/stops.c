/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stopping a log: the contradiction file beside the state, and the row in the store. What is proven is known from the first
 * moment on, and stays so until it is stored: a full disk makes no witness forget it.
 */
#include <stdlib.h>

#include "base/check.h"
#include "base/file.h"
#include "codec/text.h"
#include "witness/inner.h"

/* --- those that wait --------------------------------------------------------------------------------------- */

/* The caller holds one of the two mutexes: both are held where something changes. */
static const struct cty_witness_stop *find(const struct cty_witness *witness, struct cty_bytes origin)
{
    for (size_t i = 0; i < CTY_WITNESS_LOGS_MAX; i++) {
        if (origin.size > 0 && cty_bytes_is(origin, witness->stops[i].origin))
            return &witness->stops[i];
    }
    return NULL;
}

bool cty_witness_is_stopping(const struct cty_witness *witness, struct cty_bytes origin)
{
    const struct cty_witness_stop *stop = find(witness, origin);
    return stop && !stop->stored;
}

/* The caller holds both. */
static void release(struct cty_witness_stop *stop)
{
    free(stop->path);
    cty_buf_done(&stop->proof);
    *stop = (struct cty_witness_stop){.origin = ""};
}

/* The caller holds `keeping`. One that waits already keeps its reason: *ret_new is false. */
static struct cty_witness_stop *take(struct cty_witness *witness, struct cty_bytes origin, const char *kind, bool *ret_new)
{
    pthread_mutex_lock(&witness->mutex);
    const struct cty_witness_stop *waits = find(witness, origin);
    struct cty_witness_stop *stop = waits ? &witness->stops[waits - witness->stops] : NULL;
    *ret_new = !stop || stop->stored; /* a person let that one go on */
    for (size_t i = 0; !stop && i < CTY_WITNESS_LOGS_MAX; i++)
        stop = witness->stops[i].origin[0] == '\0' ? &witness->stops[i] : NULL;
    CTY_CHECK(stop && origin.size < sizeof(stop->origin)); /* the store has no more logs, and no longer origins */
    if (*ret_new) {
        release(stop);
        stop->kind = kind;
        memcpy(stop->origin, origin.data, origin.size);
    }
    pthread_mutex_unlock(&witness->mutex);
    return stop;
}

/* --- storing ----------------------------------------------------------------------------------------------- */

static void keep_file(struct cty_witness_stop *stop, custody_error *error)
{
    if (stop->kept || !stop->path)
        return;
    custody_err err = cty_file_put_new(stop->path, 0600, cty_buf_bytes(&stop->proof), error);
    /* The same one may have been written before: its name tells what it holds. */
    stop->kept = err == CUSTODY_OK || err == CUSTODY_E_EXISTS;
}

static void tell(struct cty_witness *witness, const struct cty_witness_stop *stop, custody_err err, const char *why,
                 const char *why_no_file)
{
    const char *where = stop->kept ? stop->path : why_no_file[0] ? why_no_file : "no memory";
    struct cty_bytes origin = cty_bytes_text(stop->origin);
    if (err == CUSTODY_OK)
        cty_witness_tell(witness, true, origin, "%s: nothing more of it is cosigned; %s%s", stop->kind,
                         stop->kept ? "the proof is " : "its proof could not be kept: ", where);
    else
        cty_witness_tell(witness, true, origin,
                         "%s: nothing of it is cosigned while this process runs; that could not be stored yet: %s: %s; %s%s",
                         stop->kind, custody_err_name(err), why, stop->kept ? "the proof is " : "nor its proof: ", where);
}

/*
 * The log is stopped, and its proof could not be kept then: now, or later. Where a person let it go on meanwhile nothing is owed
 * any more. The caller holds `keeping`.
 */
static void store_file(struct cty_witness *witness, struct cty_witness_stop *stop)
{
    CTY_CLEANUP(cty_witness_log_done) struct cty_witness_log log = {.removed = false};
    struct cty_bytes origin = cty_bytes_text(stop->origin);
    if (cty_witness_get_log(witness, origin, &log, NULL) != CUSTODY_OK)
        return;
    bool owed = log.stopped.size > 0 && log.file.size == 0;
    if (owed)
        keep_file(stop, NULL);
    if (owed && !stop->kept)
        return;
    pthread_mutex_lock(&witness->mutex);
    bool stored = owed && cty_witness_log_file(witness->store, origin, stop->path, NULL) == CUSTODY_OK;
    pthread_mutex_unlock(&witness->mutex);
    if (owed && !stored)
        return;
    if (stored)
        cty_witness_tell(witness, true, origin, "%s: the proof is %s", stop->kind, stop->path);
    pthread_mutex_lock(&witness->mutex);
    release(stop);
    pthread_mutex_unlock(&witness->mutex);
}

/* The caller holds `keeping`. */
static custody_err store(struct cty_witness *witness, struct cty_witness_stop *stop, custody_error *error)
{
    custody_error no_file = {.detail = ""}, inner = {.detail = ""};
    if (stop->stored) {
        store_file(witness, stop);
        return CUSTODY_OK;
    }
    keep_file(stop, &no_file);
    pthread_mutex_lock(&witness->mutex);
    custody_err err = cty_witness_log_stop(witness->store, cty_bytes_text(stop->origin), stop->kind,
                                           stop->kept ? stop->path : "", cty_witness_now_s(witness), &inner);
    pthread_mutex_unlock(&witness->mutex);
    if (err == CUSTODY_OK || !stop->told)
        tell(witness, stop, err, inner.detail, no_file.detail);
    stop->told = true;
    if (err != CUSTODY_OK)
        return cty_fail(error, err, "%s", inner.detail);
    pthread_mutex_lock(&witness->mutex);
    stop->stored = true;
    if (stop->kept || !stop->path)
        release(stop);
    pthread_mutex_unlock(&witness->mutex);
    return CUSTODY_OK;
}

custody_err cty_witness_settle(struct cty_witness *witness, struct cty_bytes origin, custody_error *error)
{
    pthread_mutex_lock(&witness->mutex);
    bool waits = find(witness, origin) != NULL;
    pthread_mutex_unlock(&witness->mutex);
    if (!waits)
        return CUSTODY_OK;
    pthread_mutex_lock(&witness->keeping);
    const struct cty_witness_stop *stop = find(witness, origin);
    custody_err err = stop ? store(witness, &witness->stops[stop - witness->stops], error) : CUSTODY_OK;
    pthread_mutex_unlock(&witness->keeping);
    return err;
}

void cty_witness_stops_done(struct cty_witness *witness)
{
    for (size_t i = 0; i < CTY_WITNESS_LOGS_MAX; i++) {
        custody_err err = CUSTODY_OK;
        if (witness->stops[i].origin[0] != '\0')
            err = store(witness, &witness->stops[i], NULL);
        (void)err; /* it was told; what is left is the file, where that was written */
        release(&witness->stops[i]);
    }
}

/* --- stopping ---------------------------------------------------------------------------------------------- */

static size_t folder_size(const char *state_path)
{
    const char *slash = strrchr(state_path, '/');
    return slash ? (size_t)(slash - state_path) + 1 : 0;
}

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

/* What is to be the file, and where. Errors: NO_MEMORY, TOO_LARGE, BAD_ENCODING. */
static custody_err make_file(const struct cty_witness *witness, const struct cty_witness_log *log,
                             struct cty_contradiction *contradiction, struct cty_witness_stop *stop)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf key = CTY_BUF_INIT(CTY_VKEY_BYTES_MAX);
    CTY_CLEANUP(cty_buf_done) struct cty_buf path = CTY_BUF_INIT(8192);
    char name[CTY_CONTRADICTION_NAME_SIZE];
    uint64_t size = 0;
    CTY_TRY(shown_size_of(contradiction->notes[1], &size));
    CTY_TRY(put_key(log, size, &key));
    contradiction->ledger = cty_buf_bytes(&log->origin);
    contradiction->key = cty_buf_bytes(&key);
    contradiction->notes[0] = cty_buf_bytes(&log->note);
    stop->proof = CTY_BUF_INIT(CTY_CONTRADICTION_BYTES_MAX);
    CTY_TRY(cty_contradiction_format(contradiction, &stop->proof));
    CTY_TRY(cty_buf_put_byte(&stop->proof, '\n'));
    cty_contradiction_name(contradiction->ledger, size < log->size ? size : log->size, cty_buf_bytes(&stop->proof), name);
    CTY_TRY(cty_buf_put(&path, witness->state_path, folder_size(witness->state_path)));
    CTY_TRY(cty_buf_put_text(&path, name));
    stop->path = cty_bytes_dup_text(cty_buf_bytes(&path));
    return stop->path ? CUSTODY_OK : CUSTODY_E_NO_MEMORY;
}

custody_err cty_witness_stop(struct cty_witness *witness, const struct cty_witness_log *log,
                             struct cty_contradiction *contradiction, custody_error *error)
{
    bool new = false;
    pthread_mutex_lock(&witness->keeping);
    struct cty_witness_stop *stop =
        take(witness, cty_buf_bytes(&log->origin), cty_contradiction_kind_name(contradiction->kind), &new);
    custody_err made = new ? make_file(witness, log, contradiction, stop) : CUSTODY_OK;
    if (made != CUSTODY_OK)
        cty_witness_tell(witness, true, cty_buf_bytes(&log->origin), "can't make the proof: %s", custody_err_name(made));
    custody_err err = store(witness, stop, error);
    pthread_mutex_unlock(&witness->keeping);
    return err;
}

custody_err cty_witness_stop_by(struct cty_witness *witness, struct cty_bytes origin, const char *kind, const char *path,
                                custody_error *error)
{
    bool new = false;
    pthread_mutex_lock(&witness->keeping);
    struct cty_witness_stop *stop = take(witness, origin, kind, &new);
    if (new) {
        stop->path = cty_bytes_dup_text(cty_bytes_text(path));
        stop->kept = stop->path != NULL;
    }
    custody_err err = store(witness, stop, error);
    pthread_mutex_unlock(&witness->keeping);
    return err;
}
