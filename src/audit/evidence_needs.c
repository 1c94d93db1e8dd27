/* SPDX-License-Identifier: Apache-2.0 */
/* What evidence still lacks, asked of whoever collects it. */
#include "audit/evidence_inner.h"

#include <stdlib.h>

#include "audit/step.h"
#include "base/check.h"

struct needs {
    const struct cty_evidence *evidence;
    const struct cty_evidence_needs *calls;
    struct cty_parsed_entry parsed;
    uint64_t checkpoint_size;
};

/* Unverified; 0 where the note is not of its form: then every size is asked for. */
static custody_err claimed_size(const struct cty_evidence *evidence, uint64_t *ret_size)
{
    struct cty_note *note = cty_alloc(1, sizeof(*note));
    struct cty_checkpoint checkpoint;
    if (!note)
        return CUSTODY_E_NO_MEMORY;
    *ret_size = 0;
    if (cty_note_parse(evidence->checkpoint, note) == CUSTODY_OK &&
        cty_checkpoint_parse(note->text, &checkpoint) == CUSTODY_OK)
        *ret_size = checkpoint.size;
    free(note);
    return CUSTODY_OK;
}

static custody_err need_blob(void *context, struct cty_bytes member, const struct cty_hash *hash)
{
    struct needs *n = context;
    const struct cty_hash *statement = &n->parsed.signed_statement.digest;
    (void)hash;
    if (cty_evidence_find_blob(n->evidence, statement, member))
        return CUSTODY_OK;
    return n->calls->blob(n->calls->context, statement, member);
}

static bool has_case(const struct cty_evidence *evidence, const struct cty_hash *case_id)
{
    for (size_t i = 0; i < evidence->entries_count; i++) {
        const struct cty_evidence_entry *entry = evidence->entries[i];
        if (entry->type == CTY_REQUEST && cty_hash_equal(&entry->digest, case_id))
            return true;
    }
    return false;
}

static custody_err need_size(struct needs *n, uint64_t size)
{
    const struct cty_evidence *evidence = n->evidence;
    bool provable = size != 0 && (n->checkpoint_size == 0 || size < n->checkpoint_size);
    if (!n->calls->seen || !provable || cty_evidence_find_proof(evidence->seen, evidence->seen_count, size))
        return CUSTODY_OK;
    return n->calls->seen(n->calls->context, size);
}

/* The checkpoint that an expiry carries; what is malformed is for the judge to find. */
static custody_err need_witnessed(struct needs *n, const struct cty_statement *st)
{
    struct cty_checkpoint checkpoint;
    if (st->type != CTY_EXPIRY || !st->u.expiry.witnessed.data)
        return CUSTODY_OK;
    CTY_CLEANUP(cty_buf_done) struct cty_buf memory = CTY_BUF_INIT(CTY_NOTE_BYTES_MAX);
    CTY_AUTO_FREE struct cty_note *note = cty_alloc(1, sizeof(*note));
    custody_err err = note ? cty_deadline_note(st, &memory, note, &checkpoint) : CUSTODY_E_NO_MEMORY;
    if (err == CUSTODY_OK)
        return need_size(n, checkpoint.size);
    return err == CUSTODY_E_NO_MEMORY ? err : CUSTODY_OK;
}

static custody_err needs_of_entry(struct needs *n)
{
    const struct cty_statement *st = &n->parsed.signed_statement.statement;
    const struct cty_evidence *evidence = n->evidence;
    if (n->calls->parent && st->type == CTY_REQUEST && st->u.request.parent.present &&
        !has_case(evidence, &st->u.request.parent.case_id))
        CTY_TRY(n->calls->parent(n->calls->context, &st->u.request.parent.case_id));
    CTY_TRY(need_size(n, st->seen.size));
    CTY_TRY(need_witnessed(n, st));
    return n->calls->blob ? cty_statement_commitments(st, need_blob, n) : CUSTODY_OK;
}

/*
 * From the newest entry down, by index and not by place: a callback that adds a parent's entries moves places, and
 * parents stand before their children.
 */
static custody_err needs_of_entries(struct needs *n)
{
    const struct cty_evidence *evidence = n->evidence;
    bool found = false;
    size_t i = evidence->entries_count;
    while (i > 0) {
        const struct cty_evidence_entry *entry = evidence->entries[i - 1];
        CTY_TRY(cty_entry_parse(entry->text, &n->parsed, NULL));
        CTY_TRY(needs_of_entry(n));
        i = cty_evidence_place(evidence, entry->entry.index, &found);
    }
    return CUSTODY_OK;
}

static void mark_linked(const struct needs *n, const struct cty_evidence_index *index, const struct cty_entry *entry,
                        bool *linked)
{
    const struct cty_opt_hash *links[] = {&entry->prev, &entry->trust, &entry->case_prev};
    bool found = false;
    for (size_t k = 0; k < CTY_COUNT_OF(links); k++) {
        const struct cty_evidence_entry *target = cty_evidence_by_link(index, links[k], entry->index);
        if (target)
            linked[cty_evidence_place(n->evidence, target->entry.index, &found)] = true;
    }
}

/* What no newer entry's link names must be proven by itself. */
static custody_err needs_of_proofs(const struct needs *n)
{
    size_t count = n->evidence->entries_count;
    struct cty_evidence_index index = {NULL, NULL, 0};
    bool *linked = cty_alloc(count, sizeof(bool));
    custody_err err = linked ? cty_evidence_index_make(n->evidence, &index) : CUSTODY_E_NO_MEMORY;
    for (size_t i = count; err == CUSTODY_OK && i > 0; i--) {
        const struct cty_entry *entry = &n->evidence->entries[i - 1]->entry;
        mark_linked(n, &index, entry, linked);
        if (!linked[i - 1])
            err = n->calls->proof(n->calls->context, entry->index);
    }
    cty_evidence_index_done(&index);
    free(linked);
    return err;
}

custody_err cty_evidence_needs(const struct cty_evidence *evidence, const struct cty_evidence_needs *needs)
{
    struct needs *n = cty_alloc(1, sizeof(*n));
    if (!n)
        return CUSTODY_E_NO_MEMORY;
    n->evidence = evidence;
    n->calls = needs;
    custody_err err = claimed_size(evidence, &n->checkpoint_size);
    if (err == CUSTODY_OK && (needs->parent || needs->seen || needs->blob))
        err = needs_of_entries(n);
    if (err == CUSTODY_OK && needs->proof)
        err = needs_of_proofs(n);
    cty_parsed_entry_done(&n->parsed);
    free(n);
    return err;
}
