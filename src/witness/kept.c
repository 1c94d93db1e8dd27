/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contradiction files beside the state. A process may end between the file and what the store says of it; so at the start a
 * file that convicts stops its log, unless a person has cleared it.
 */
#include "witness/kept.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/check.h"
#include "base/file.h"
#include "witness/inner.h"

/* One file, taken apart; nothing of it is verified. */
struct kept {
    const char *name, *path;
    struct cty_contradiction contradiction;
};
typedef custody_err each_fn(void *user, const struct kept *kept, custody_error *error);

/* --- the folder -------------------------------------------------------------------------------------------- */

static bool is_named_so(const char *name)
{
    size_t size = strlen(name), end = sizeof(".json") - 1;
    return strstr(name, ".contradiction-") && size > end && strcmp(name + size - end, ".json") == 0;
}

static custody_err put_path(const char *state_path, const char *name, struct cty_buf *out)
{
    const char *slash = strrchr(state_path, '/');
    CTY_TRY(cty_buf_put(out, state_path, slash ? (size_t)(slash - state_path) + 1 : 0));
    CTY_TRY(cty_buf_put_text(out, name));
    return cty_buf_text(out) ? CUSTODY_OK : CUSTODY_E_NO_MEMORY;
}

/* What is none of ours by its content is let be: ours are there whole. */
static custody_err read_one(const char *state_path, const char *name, each_fn *fn, void *user, custody_error *error)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf path = CTY_BUF_INIT(8192);
    CTY_CLEANUP(cty_buf_done) struct cty_buf text = CTY_BUF_INIT(CTY_CONTRADICTION_BYTES_MAX + 1);
    struct kept kept = {.name = name};
    struct stat is;
    CTY_TRY(put_path(state_path, name, &path));
    kept.path = cty_buf_text(&path);
    if (lstat(kept.path, &is) != 0 || !S_ISREG(is.st_mode))
        return CUSTODY_OK; /* a pipe would have us wait */
    custody_err err = cty_file_read(kept.path, &text, error);
    if (err == CUSTODY_OK)
        err = cty_contradiction_parse(cty_buf_bytes(&text), &kept.contradiction, error);
    if (err != CUSTODY_OK)
        return err == CUSTODY_E_IO || err == CUSTODY_E_NO_MEMORY ? err : CUSTODY_OK;
    err = fn(user, &kept, error);
    cty_contradiction_done(&kept.contradiction);
    return err;
}

static custody_err each_file(const char *state_path, each_fn *fn, void *user, custody_error *error)
{
    CTY_CLEANUP(cty_buf_done) struct cty_buf folder = CTY_BUF_INIT(8192);
    CTY_TRY(put_path(state_path, strrchr(state_path, '/') ? "" : ".", &folder));
    DIR *dir = opendir(cty_buf_text(&folder));
    if (!dir)
        return cty_fail(error, CUSTODY_E_IO, "looking into %s: %s", cty_buf_text(&folder), strerrordesc_np(errno));
    custody_err err = CUSTODY_OK;
    struct dirent *item = NULL;
    do {
        errno = 0;
        item = readdir(dir);
        if (item && is_named_so(item->d_name))
            err = read_one(state_path, item->d_name, fn, user, error);
    } while (item && err == CUSTODY_OK);
    if (!item && errno != 0)
        err = cty_fail(error, CUSTODY_E_IO, "looking into %s: %s", cty_buf_text(&folder), strerrordesc_np(errno));
    closedir(dir);
    return err;
}

/* --- at the start ------------------------------------------------------------------------------------------ */

static custody_err open_note(const struct cty_witness_log *log, struct cty_bytes bytes, struct cty_checkpoint *ret_checkpoint)
{
    struct cty_note note;
    CTY_TRY(cty_note_parse(bytes, &note));
    CTY_TRY(cty_checkpoint_read(note.text, ret_checkpoint));
    if (!cty_bytes_equal(ret_checkpoint->origin, cty_buf_bytes(&log->origin)))
        return CUSTODY_E_WRONG_LEDGER;
    return cty_note_verify(&note, cty_buf_bytes(&log->key_name), cty_log_keys_at(&log->keys, ret_checkpoint->size));
}

/* By the keys that the witness knows the log by, whatever key and kind the file names. */
static bool convicts(const struct cty_witness_log *log, const struct cty_contradiction *c,
                     enum cty_contradiction_kind *ret_kind)
{
    struct cty_checkpoint notes[2];
    if (open_note(log, c->notes[0], &notes[0]) != CUSTODY_OK || open_note(log, c->notes[1], &notes[1]) != CUSTODY_OK)
        return false;
    const struct cty_checkpoint *small = &notes[notes[1].size < notes[0].size], *large = &notes[small == &notes[0]];
    *ret_kind = small->size == large->size ? CTY_CONTRADICTION_TWO_ROOTS : CTY_CONTRADICTION_FORK;
    if (small->size == large->size)
        return small->size > 0 && !cty_hash_equal(&small->root, &large->root);
    return c->has_proof && small->size > 0 && !cty_hash_equal(&c->root, &small->root) &&
           cty_tree_consistency_verify(small->size, &c->root, large->size, &large->root, &c->proof) == CUSTODY_OK;
}

static custody_err stop_kept(void *user, const struct kept *kept, custody_error *error)
{
    CTY_CLEANUP(cty_witness_log_done) struct cty_witness_log log = {.removed = false};
    struct cty_witness *witness = user;
    struct cty_bytes origin = kept->contradiction.ledger;
    enum cty_contradiction_kind kind;
    bool cleared = false;
    custody_err err = cty_witness_log_get(witness->store, origin, &log, error);
    if (err == CUSTODY_E_NOT_FOUND || (err == CUSTODY_OK && log.stopped.size > 0 && log.file.size > 0))
        return CUSTODY_OK;
    CTY_TRY(err);
    CTY_TRY(cty_witness_file_is_cleared(witness->store, kept->name, &cleared, error));
    if (cleared || !convicts(&log, &kept->contradiction, &kind))
        return CUSTODY_OK;
    err = cty_witness_stop_by(witness, origin, cty_contradiction_kind_name(kind), kept->path, error);
    return cty_witness_is_stopping(witness, origin) ? CUSTODY_OK : err; /* it waits, and was told */
}

custody_err cty_witness_kept_stop(struct cty_witness *witness, custody_error *error)
{
    return each_file(witness->state_path, stop_kept, witness, error);
}

/* --- a person's act ---------------------------------------------------------------------------------------- */

struct clearing {
    struct cty_witness_store *store;
    struct cty_bytes origin;
};

static custody_err mark(void *user, const struct kept *kept, custody_error *error)
{
    const struct clearing *clearing = user;
    if (!cty_bytes_equal(kept->contradiction.ledger, clearing->origin))
        return CUSTODY_OK;
    return cty_witness_file_clear(clearing->store, kept->name, error);
}

/* The files first: who is killed in between has a log that is stopped still. */
custody_err cty_witness_clear(struct cty_witness_store *store, const char *state_path, struct cty_bytes origin,
                              custody_error *error)
{
    struct clearing clearing = {store, origin};
    CTY_TRY(each_file(state_path, mark, &clearing, error));
    return cty_witness_log_clear(store, origin, error);
}
