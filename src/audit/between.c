/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/between.h"

#include <stdlib.h>

#include "audit/evidence_inner.h"
#include "base/check.h"

static const struct cty_evidence_entry *request_of(const struct cty_evidence *evidence, const struct cty_hash *case_id)
{
    for (size_t i = 0; i < evidence->entries_count; i++) {
        if (evidence->entries[i]->type == CTY_REQUEST && cty_hash_equal(&evidence->entries[i]->digest, case_id))
            return evidence->entries[i];
    }
    return NULL;
}

/* The cases above, from one request to the next. A parent that is not in the evidence is for other claims to tell. */
static custody_err find_parents(struct cty_between *b)
{
    const struct cty_evidence_entry *request = request_of(b->evidence, &b->evidence->case_id);
    while (request && b->parents_count < CTY_PARENTS_MAX) {
        CTY_TRY(cty_entry_parse(request->text, &b->parsed, NULL));
        const struct cty_parent *parent = &b->parsed.signed_statement.statement.u.request.parent;
        request = parent->present ? request_of(b->evidence, &parent->case_id) : NULL;
        if (request)
            b->parents[b->parents_count++] = request->digest;
    }
    return CUSTODY_OK;
}

custody_err cty_between_init(struct cty_between *between, const struct cty_evidence *evidence,
                             const struct cty_frontier *left)
{
    *between = (struct cty_between){.evidence = evidence, .from = left->size, .frontier = *left};
    return find_parents(between);
}

void cty_between_done(struct cty_between *between)
{
    cty_parsed_entry_done(&between->parsed);
}

/* The links of b->parsed, as they must be here. Where the range begins there is nothing to compare them with. */
static custody_err check_links(const struct cty_between *b, custody_error *error)
{
    const struct cty_entry *entry = &b->parsed.entry;
    unsigned long long index = b->frontier.size;
    bool linked = !b->prev.present || (entry->prev.present && cty_hash_equal(&entry->prev.hash, &b->prev.hash));
    bool trusted = !b->trust.present || (entry->trust.present && cty_hash_equal(&entry->trust.hash, &b->trust.hash));
    if (entry->index != b->frontier.size || !linked)
        return cty_fail(error, CUSTODY_E_CHAIN_BROKEN, "entry %llu does not follow the one before", index);
    if (!trusted)
        return cty_fail(error, CUSTODY_E_CHAIN_BROKEN, "entry %llu passes over the newest entry of the trust chain", index);
    return CUSTODY_OK;
}

static bool is_of_case(const struct cty_between *b, const struct cty_hash *case_id)
{
    const struct cty_signed *statement = &b->parsed.signed_statement;
    if (statement->statement.type == CTY_REQUEST)
        return cty_hash_equal(&statement->digest, case_id);
    return (cty_type_flags(statement->statement.type) & CTY_TYPE_CASE) != 0 &&
           cty_hash_equal(&statement->statement.case_id, case_id);
}

static bool is_of_parent(const struct cty_between *b)
{
    for (uint32_t i = 0; i < b->parents_count; i++) {
        if (is_of_case(b, &b->parents[i]))
            return true;
    }
    return false;
}

static bool is_here(const struct cty_between *b, const struct cty_hash *leaf)
{
    bool found = false;
    size_t place = cty_evidence_place(b->evidence, b->frontier.size, &found);
    return found && cty_hash_equal(&b->evidence->entries[place]->leaf, leaf);
}

/*
 * What the ledger holds of the case is in the evidence, or the evidence was made to pass over it. So with the cases above: one
 * that was taken back takes its children with it.
 */
static custody_err check_case(struct cty_between *b, const struct cty_hash *leaf, custody_error *error)
{
    unsigned long long index = b->frontier.size;
    bool own = is_of_case(b, &b->evidence->case_id);
    b->met += own;
    if ((!own && !is_of_parent(b)) || is_here(b, leaf))
        return CUSTODY_OK;
    if (!own)
        return cty_fail(error, CUSTODY_E_CHAIN_BROKEN, "a parent case passes over its entry %llu", index);
    if (b->parsed.signed_statement.statement.type == CTY_CONSUME)
        return cty_fail(error, CUSTODY_E_DOUBLE_CONSUME, "entry %llu is another consume, which the case passes over", index);
    return cty_fail(error, CUSTODY_E_CHAIN_BROKEN, "the case passes over its entry %llu", index);
}

custody_err cty_between_take(struct cty_between *b, struct cty_bytes text, custody_error *error)
{
    const struct cty_hash leaf = cty_tree_leaf(text);
    CTY_TRY(cty_entry_parse(text, &b->parsed, error));
    CTY_TRY(check_links(b, error));
    CTY_TRY(check_case(b, &leaf, error));
    CTY_TRY(cty_frontier_append(&b->frontier, &leaf, NULL, NULL));
    b->prev = (struct cty_opt_hash){leaf, true};
    if (!b->trust.present)
        b->trust = b->parsed.entry.trust;
    if (cty_type_class_get(b->parsed.signed_statement.statement.type) == CTY_CLASS_TRUST)
        b->trust = b->prev;
    return CUSTODY_OK;
}

/* An entry that only a link reaches may claim an index at which the tree has another one. */
static custody_err check_all_met(const struct cty_between *b, custody_error *error)
{
    uint64_t own = 0;
    for (size_t i = 0; i < b->evidence->entries_count; i++) {
        const struct cty_evidence_entry *entry = b->evidence->entries[i];
        own += cty_hash_equal(&entry->case_id, &b->evidence->case_id) && entry->entry.index >= b->from &&
               entry->entry.index < b->frontier.size;
    }
    if (own != b->met)
        return cty_fail(error, CUSTODY_E_CHAIN_BROKEN, "an entry of the case is not at the index that it says");
    return CUSTODY_OK;
}

custody_err cty_between_end(struct cty_between *b, struct cty_bytes text, const struct cty_checkpoint *checkpoint,
                            const struct cty_proof *proof, custody_error *error)
{
    struct cty_frontier left;
    const struct cty_hash leaf = cty_tree_leaf(text);
    const uint64_t index = b->frontier.size;
    CTY_TRY(cty_entry_parse(text, &b->parsed, error));
    CTY_TRY(check_links(b, error));
    custody_err err = cty_tree_inclusion_verify(&leaf, index, checkpoint->size, &checkpoint->root, proof);
    if (err == CUSTODY_OK)
        err = cty_frontier_from_proof(index, checkpoint->size, proof, &left);
    if (err == CUSTODY_OK && !cty_frontier_equal(&left, &b->frontier))
        err = CUSTODY_E_PROOF_INVALID;
    if (err != CUSTODY_OK)
        return cty_fail(error, err, "entries %llu to %llu are not those of the checkpoint's tree",
                        (unsigned long long)b->from, (unsigned long long)index);
    return check_all_met(b, error);
}

/* ---- where to begin ---- */

bool cty_between_find(const struct cty_evidence *evidence, const struct cty_hash *digest, uint64_t *ret_index)
{
    for (size_t i = evidence->entries_count; i > 0; i--) {
        if (!cty_hash_equal(&evidence->entries[i - 1]->digest, digest))
            continue;
        *ret_index = evidence->entries[i - 1]->entry.index;
        return true;
    }
    return false;
}

custody_err cty_between_begin_of(const struct cty_evidence *evidence, uint64_t *ret_index)
{
    bool found = false;
    uint64_t index = 0;
    if (!cty_between_find(evidence, &evidence->case_id, &index))
        return CUSTODY_E_GAP;
    struct cty_parsed_entry *parsed = cty_alloc(1, sizeof(*parsed));
    if (!parsed)
        return CUSTODY_E_NO_MEMORY;
    size_t place = cty_evidence_place(evidence, index, &found);
    custody_err err = cty_entry_parse(evidence->entries[place]->text, parsed, NULL);
    uint64_t seen = parsed->signed_statement.statement.seen.size;
    *ret_index = seen < index ? seen : index;
    cty_parsed_entry_done(parsed);
    free(parsed);
    return err;
}

bool cty_between_ends(const struct cty_evidence *evidence, uint64_t *ret_release, uint64_t *ret_consume)
{
    bool consumed = false;
    for (size_t i = evidence->entries_count; i > 0; i--) {
        const struct cty_evidence_entry *entry = evidence->entries[i - 1];
        if (!cty_hash_equal(&entry->case_id, &evidence->case_id))
            continue;
        if (!consumed && entry->type == CTY_CONSUME) {
            consumed = true;
            *ret_consume = entry->entry.index;
        } else if (consumed && entry->type == CTY_RELEASE) {
            *ret_release = entry->entry.index;
            return true;
        }
    }
    return false;
}
