/* SPDX-License-Identifier: Apache-2.0 */
#include "client/tile_source.h"

#include <stdlib.h>

#include "base/check.h"
#include "ledger/note.h"

struct source {
    struct cty_tile_files files;
    struct cty_buf note;
    struct cty_buf bundle;
    struct cty_bytes texts[CTY_TILE_WIDTH];
    uint64_t size; /* that the note tells: for the names of partial bundles */
};

/* Whose note it is, the audit judges; only the number is taken here. */
static custody_err take_size(struct source *source, custody_error *error)
{
    struct cty_note note;
    struct cty_checkpoint checkpoint;
    custody_err err = cty_note_parse(cty_buf_bytes(&source->note), &note);
    if (err == CUSTODY_OK)
        err = cty_checkpoint_parse(note.text, &checkpoint);
    if (err != CUSTODY_OK)
        return cty_fail(error, err, "checkpoint");
    source->size = checkpoint.size;
    return CUSTODY_OK;
}

static custody_err give_checkpoint(void *context, struct cty_buf *out, custody_error *error)
{
    struct source *source = context;
    CTY_TRY(cty_tile_files_checkpoint(&source->files, &source->note, error));
    CTY_TRY(take_size(source, error));
    custody_err err = cty_buf_put_bytes(out, cty_buf_bytes(&source->note));
    return err == CUSTODY_OK ? err : cty_fail_code(error, err);
}

/* What the bundle holds from entry `from` on, up to `to`. */
static custody_err give_bundle(struct source *source, uint64_t from, uint64_t to, cty_source_entries_fn *each,
                               void *each_context, uint64_t *ret_next, custody_error *error)
{
    uint64_t index = from / CTY_TILE_WIDTH;
    unsigned width = cty_tile_width(source->size, 0, index);
    unsigned skip = (unsigned)(from % CTY_TILE_WIDTH);
    if (skip >= width)
        return cty_fail(error, CUSTODY_E_GAP, "entry %llu", (unsigned long long)from);
    custody_err err = cty_tile_files_bundle(&source->files, index, width, &source->bundle, source->texts, error);
    if (err == CUSTODY_E_NOT_FOUND)
        return cty_fail(error, CUSTODY_E_GAP, "entry %llu", (unsigned long long)from);
    CTY_TRY(err);
    size_t count = to - from < width - skip ? (size_t)(to - from) : width - skip;
    *ret_next = from + count;
    return each(each_context, from, source->texts + skip, count);
}

static custody_err give_entries(void *context, uint64_t from, uint64_t count, cty_source_entries_fn *each,
                                void *each_context, custody_error *error)
{
    uint64_t to = 0;
    if (__builtin_add_overflow(from, count, &to))
        return cty_fail_code(error, CUSTODY_E_BAD_PARAMS);
    while (from < to)
        CTY_TRY(give_bundle(context, from, to, each, each_context, &from, error));
    return CUSTODY_OK;
}

static void source_done(void *context)
{
    struct source *source = context;
    cty_tile_files_done(&source->files);
    cty_buf_done(&source->note);
    cty_buf_done(&source->bundle);
    free(source);
}

custody_err cty_tile_source(struct cty_tile_files *files, struct cty_audit_source *ret_source, custody_error *error)
{
    struct source *source = cty_alloc(1, sizeof(*source));
    if (!source) {
        cty_tile_files_done(files);
        return cty_fail_code(error, CUSTODY_E_NO_MEMORY);
    }
    source->files = *files;
    source->note = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    source->bundle = CTY_BUF_INIT(CTY_TILE_BUNDLE_BYTES_MAX);
    *files = (struct cty_tile_files){0};
    *ret_source = (struct cty_audit_source){
        .context = source, .checkpoint = give_checkpoint, .entries = give_entries, .copies = true, .done = source_done};
    return CUSTODY_OK;
}
