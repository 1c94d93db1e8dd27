/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/footing_inner.h"

#include <stdio.h>
#include <stdlib.h>

#include "audit/evidence_inner.h"
#include "base/check.h"

custody_err cty_footing_new(const struct cty_trust *trust, struct cty_footing **ret_footing)
{
    struct cty_footing *footing = cty_alloc(1, sizeof(*footing));
    if (!footing)
        return CUSTODY_E_NO_MEMORY;
    custody_err err = cty_step_init(&footing->step, trust, &footing->report);
    if (err != CUSTODY_OK) {
        cty_footing_free(footing);
        return err;
    }
    cty_memory_set_sparse(footing->step.memory);
    footing->step.missing = cty_evidence_missing;
    *ret_footing = footing;
    return CUSTODY_OK;
}

void cty_footing_free(struct cty_footing *footing)
{
    if (!footing)
        return;
    cty_parsed_entry_done(&footing->parsed);
    cty_step_done(&footing->step);
    free(footing);
}

size_t cty_footing_count(const struct cty_footing *footing)
{
    return footing->step.stopped ? 0 : footing->count;
}

uint64_t cty_footing_next(const struct cty_footing *footing)
{
    return footing->next;
}

const struct cty_hash *cty_footing_leaf(const struct cty_footing *footing)
{
    return &footing->leaf;
}

/* All that was judged is taken over; what a step works with stays its own. */
custody_err cty_step_stand_on(struct cty_step *step, const struct cty_footing *footing)
{
    const struct cty_step own = *step;
    struct cty_memory *memory = NULL;
    CTY_TRY(cty_memory_over(footing->step.memory, &memory));
    cty_memory_free(step->memory);
    *step = footing->step;
    *own.report = footing->report;
    step->memory = memory;
    step->asked = own.asked;
    step->report = own.report;
    step->view = own.view;
    step->delta = own.delta;
    step->salt = own.salt;
    step->content = own.content;
    step->base = own.base;
    step->operations = own.operations;
    step->result = own.result;
    return CUSTODY_OK;
}

/* ---- going on ---- */

/* The root that the entry's signer saw, which the judgement proved. */
static custody_err take_root(struct cty_footing *footing, const struct cty_memory *folded)
{
    char key[CTY_VIEW_KEY_MAX];
    const struct cty_seen *seen = &footing->parsed.signed_statement.statement.seen;
    snprintf(key, sizeof(key), "root/%llu", (unsigned long long)seen->size);
    struct cty_bytes root = cty_memory_get(folded, key);
    if (!root.data || cty_memory_get(footing->step.memory, key).data)
        return CUSTODY_OK;
    return cty_memory_put(footing->step.memory, key, root);
}

/* The entry follows the newest one here. Not so in evidence that held, but for one that stands on another footing. */
static bool follows(const struct cty_footing *footing, const struct cty_entry *entry)
{
    if (footing->count == 0)
        return entry->index == 0;
    return entry->index >= footing->next && entry->trust.present &&
           cty_hash_equal(&entry->trust.hash, &footing->leaf);
}

/* *ret_taken is false where the entry could not be judged here: then nothing more is. */
static custody_err take(struct cty_footing *footing, const struct cty_evidence_entry *entry, const struct cty_memory *folded,
                        bool *ret_taken)
{
    struct cty_key keys[CTY_SIGNERS_MAX];
    struct cty_bytes names[CTY_SIGNERS_MAX];
    struct cty_buf memory = CTY_BUF_INIT(1024);
    struct cty_step *step = &footing->step;
    custody_err err = cty_entry_parse(entry->text, &footing->parsed, NULL);
    CTY_TRY_OUT(err);
    step->at = entry->entry.index;
    CTY_TRY_OUT(take_root(footing, folded));
    CTY_TRY_OUT(cty_step_keys(step, &footing->parsed, &memory, keys, names));
    err = cty_step_fold(step, &footing->parsed, &entry->leaf, keys, entry->entry.index != footing->next);
out:
    cty_buf_done(&memory);
    *ret_taken = err == CUSTODY_OK && !step->stopped;
    return err;
}

static bool is_trust(const struct cty_evidence_entry *entry)
{
    return cty_type_class_get(entry->type) == CTY_CLASS_TRUST;
}

/* What the entries of the chain must have shown there, signatures and all: it is not shown again here. */
static bool held(const struct cty_report *report)
{
    static const enum cty_claim needed[] = {CTY_CLAIM_CHECKPOINT, CTY_CLAIM_INTACT, CTY_CLAIM_COMPLETE,
                                            CTY_CLAIM_SIGNED,     CTY_CLAIM_LAWFUL, CTY_CLAIM_SEEN};
    for (size_t i = 0; i < CTY_COUNT_OF(needed); i++) {
        if (report->claims[needed[i]].state != CTY_CLAIM_HOLDS)
            return false;
    }
    return true;
}

custody_err cty_footing_extend(struct cty_footing *footing, const struct cty_evidence *evidence,
                               const struct cty_memory *folded, const struct cty_report *report)
{
    bool taken = !footing->step.stopped && held(report);
    for (size_t i = 0; taken && i < evidence->entries_count && is_trust(evidence->entries[i]); i++) {
        const struct cty_evidence_entry *entry = evidence->entries[i];
        if (footing->count && entry->entry.index < footing->next)
            continue;
        if (!follows(footing, &entry->entry))
            return CUSTODY_OK;
        /* Judgements may stand on the memory as it is. */
        CTY_TRY(cty_memory_own(&footing->step.memory));
        custody_err err = take(footing, entry, folded, &taken);
        footing->step.stopped = footing->step.stopped || !taken;
        CTY_TRY(err);
        footing->count += taken;
        footing->next = taken ? entry->entry.index + 1 : footing->next;
        footing->leaf = taken ? entry->leaf : footing->leaf;
    }
    return CUSTODY_OK;
}

uint64_t cty_evidence_first_of_cases(const struct cty_evidence *evidence)
{
    for (size_t i = 0; i < evidence->entries_count; i++) {
        if (!is_trust(evidence->entries[i]))
            return evidence->entries[i]->entry.index;
    }
    return UINT64_MAX;
}

void cty_evidence_stand_on(struct cty_evidence *evidence, const struct cty_footing *footing)
{
    evidence->footing = footing && cty_footing_count(footing) ? footing : NULL;
}
