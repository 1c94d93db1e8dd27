/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence as a collection: adding to it, and asking what it lacks. */
#include "audit/evidence_inner.h"

#include <stdlib.h>

#include "base/check.h"

static custody_err dup_bytes(struct cty_bytes bytes, struct cty_bytes *ret_copy)
{
    uint8_t *copy = cty_alloc(1, bytes.size);
    if (!copy)
        return CUSTODY_E_NO_MEMORY;
    if (bytes.size)
        memcpy(copy, bytes.data, bytes.size);
    *ret_copy = cty_bytes_make(copy, bytes.size);
    return CUSTODY_OK;
}

static void free_bytes(struct cty_bytes bytes)
{
    free((void *)(uintptr_t)bytes.data);
}

/* Makes room for one more item of `size` bytes. */
static custody_err grow(void **items, size_t *capacity, size_t count, size_t size)
{
    if (count < *capacity)
        return CUSTODY_OK;
    if (count >= CTY_EVIDENCE_ITEMS_MAX)
        return CUSTODY_E_LIMIT_REACHED;
    size_t more = *capacity ? *capacity * 2 : 16;
    void *grown = realloc(*items, more * size);
    if (!grown)
        return CUSTODY_E_NO_MEMORY;
    *items = grown;
    *capacity = more;
    return CUSTODY_OK;
}

#define GROW(e, list) grow((void **)&(e)->list, &(e)->list##_capacity, (e)->list##_count, sizeof(*(e)->list))

custody_err cty_evidence_new(struct cty_bytes ledger, const struct cty_hash *case_id, struct cty_evidence **ret_evidence)
{
    struct cty_evidence *evidence = cty_alloc(1, sizeof(*evidence));
    if (!evidence)
        return CUSTODY_E_NO_MEMORY;
    custody_err err = dup_bytes(ledger, &evidence->ledger);
    if (err != CUSTODY_OK) {
        free(evidence);
        return err;
    }
    evidence->case_id = *case_id;
    *ret_evidence = evidence;
    return CUSTODY_OK;
}

static void entry_free(struct cty_evidence_entry *entry)
{
    if (!entry)
        return;
    cty_parsed_entry_done(&entry->parsed);
    free_bytes(entry->text);
    free(entry);
}

void cty_evidence_free(struct cty_evidence *evidence)
{
    if (!evidence)
        return;
    for (size_t i = 0; i < evidence->entries_count; i++)
        entry_free(evidence->entries[i]);
    for (size_t i = 0; i < evidence->blobs_count; i++) {
        free_bytes(evidence->blobs[i].member);
        free_bytes(evidence->blobs[i].content);
    }
    free_bytes(evidence->ledger);
    free_bytes(evidence->checkpoint);
    free(evidence->entries);
    free(evidence->proofs);
    free(evidence->seen);
    free(evidence->blobs);
    free(evidence);
}

custody_err cty_evidence_set_checkpoint(struct cty_evidence *evidence, struct cty_bytes note)
{
    struct cty_bytes copy;
    CTY_TRY(dup_bytes(note, &copy));
    free_bytes(evidence->checkpoint);
    evidence->checkpoint = copy;
    return CUSTODY_OK;
}

size_t cty_evidence_place(const struct cty_evidence *evidence, uint64_t index, bool *ret_found)
{
    size_t low = 0, high = evidence->entries_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (evidence->entries[middle]->parsed.entry.index < index)
            low = middle + 1;
        else
            high = middle;
    }
    *ret_found = low < evidence->entries_count && evidence->entries[low]->parsed.entry.index == index;
    return low;
}

static custody_err insert_entry(struct cty_evidence *evidence, struct cty_evidence_entry *entry, custody_error *error)
{
    bool found = false;
    size_t place = cty_evidence_place(evidence, entry->parsed.entry.index, &found);
    if (found) {
        if (!cty_hash_equal(&evidence->entries[place]->leaf, &entry->leaf))
            return cty_fail(error, CUSTODY_E_BAD_EVIDENCE, "two entries have index %llu",
                            (unsigned long long)entry->parsed.entry.index);
        entry_free(entry);
        return CUSTODY_OK;
    }
    CTY_TRY(GROW(evidence, entries));
    memmove(evidence->entries + place + 1, evidence->entries + place,
            (evidence->entries_count - place) * sizeof(*evidence->entries));
    evidence->entries[place] = entry;
    evidence->entries_count++;
    return CUSTODY_OK;
}

custody_err cty_evidence_add_entry(struct cty_evidence *evidence, struct cty_bytes text, custody_error *error)
{
    struct cty_evidence_entry *entry = cty_alloc(1, sizeof(*entry));
    if (!entry)
        return CUSTODY_E_NO_MEMORY;
    custody_err err = dup_bytes(text, &entry->text);
    if (err == CUSTODY_OK)
        err = cty_entry_parse(entry->text, &entry->parsed, error);
    if (err == CUSTODY_OK) {
        entry->leaf = cty_tree_leaf(entry->text);
        err = insert_entry(evidence, entry, error);
    }
    if (err != CUSTODY_OK)
        entry_free(entry);
    return err;
}

/* Lists of proofs stay sorted; a second proof for the same place takes the first one's. */
static void insert_proof(struct cty_evidence_proof *list, size_t *count, uint64_t at, const struct cty_proof *proof)
{
    size_t place = *count;
    while (place > 0 && list[place - 1].at >= at)
        place--;
    if (place < *count && list[place].at == at) {
        list[place].proof = *proof;
        return;
    }
    memmove(list + place + 1, list + place, (*count - place) * sizeof(*list));
    list[place].at = at;
    list[place].proof = *proof;
    (*count)++;
}

custody_err cty_evidence_add_proof(struct cty_evidence *evidence, uint64_t index, const struct cty_proof *proof)
{
    CTY_TRY(GROW(evidence, proofs));
    insert_proof(evidence->proofs, &evidence->proofs_count, index, proof);
    return CUSTODY_OK;
}

custody_err cty_evidence_add_seen(struct cty_evidence *evidence, uint64_t size, const struct cty_proof *proof)
{
    CTY_TRY(GROW(evidence, seen));
    insert_proof(evidence->seen, &evidence->seen_count, size, proof);
    return CUSTODY_OK;
}

const struct cty_evidence_blob *cty_evidence_find_blob(const struct cty_evidence *evidence,
                                                       const struct cty_hash *statement, struct cty_bytes member)
{
    for (size_t i = 0; i < evidence->blobs_count; i++) {
        const struct cty_evidence_blob *blob = &evidence->blobs[i];
        if (cty_hash_equal(&blob->statement, statement) && cty_bytes_equal(blob->member, member))
            return blob;
    }
    return NULL;
}

static int blob_order(const struct cty_evidence_blob *blob, const struct cty_hash *statement, struct cty_bytes member)
{
    int order = memcmp(blob->statement.bytes, statement->bytes, CTY_HASH_SIZE);
    return order ? order : cty_bytes_compare(blob->member, member);
}

custody_err cty_evidence_add_blob(struct cty_evidence *evidence, const struct cty_hash *statement, struct cty_bytes member,
                                  const uint8_t salt[CTY_SALT_SIZE], struct cty_bytes content)
{
    struct cty_evidence_blob blob = {.statement = *statement};
    if (cty_evidence_find_blob(evidence, statement, member))
        return CUSTODY_OK;
    memcpy(blob.salt, salt, sizeof(blob.salt));
    CTY_TRY(GROW(evidence, blobs));
    CTY_TRY(dup_bytes(member, &blob.member));
    custody_err err = dup_bytes(content, &blob.content);
    if (err != CUSTODY_OK) {
        free_bytes(blob.member);
        return err;
    }
    size_t place = evidence->blobs_count;
    while (place > 0 && blob_order(&evidence->blobs[place - 1], statement, member) > 0)
        place--;
    memmove(evidence->blobs + place + 1, evidence->blobs + place,
            (evidence->blobs_count - place) * sizeof(*evidence->blobs));
    evidence->blobs[place] = blob;
    evidence->blobs_count++;
    return CUSTODY_OK;
}

struct cty_evidence_entry *cty_evidence_by_leaf(const struct cty_evidence *evidence, const struct cty_hash *leaf,
                                                uint64_t before)
{
    bool found = false;
    for (size_t i = cty_evidence_place(evidence, before, &found); i > 0; i--) {
        if (cty_hash_equal(&evidence->entries[i - 1]->leaf, leaf))
            return evidence->entries[i - 1];
    }
    return NULL;
}

uint64_t cty_evidence_claimed_size(const struct cty_evidence *evidence)
{
    struct cty_note *note = cty_alloc(1, sizeof(*note));
    struct cty_checkpoint checkpoint = {.size = 0};
    if (!note)
        return 0;
    if (cty_note_parse(evidence->checkpoint, note) != CUSTODY_OK ||
        cty_checkpoint_parse(note->text, &checkpoint) != CUSTODY_OK)
        checkpoint.size = 0;
    free(note);
    return checkpoint.size;
}

static bool has_seen(const struct cty_evidence *evidence, uint64_t size)
{
    for (size_t i = 0; i < evidence->seen_count; i++) {
        if (evidence->seen[i].at == size)
            return true;
    }
    return false;
}

struct blob_need {
    const struct cty_evidence *evidence;
    const struct cty_evidence_needs *needs;
    const struct cty_hash *statement;
};

static custody_err need_blob(void *context, struct cty_bytes member, const struct cty_hash *hash)
{
    struct blob_need *need = context;
    (void)hash;
    if (cty_evidence_find_blob(need->evidence, need->statement, member))
        return CUSTODY_OK;
    return need->needs->blob(need->needs->context, need->statement, member);
}

static bool has_case(const struct cty_evidence *evidence, const struct cty_hash *case_id)
{
    for (size_t i = 0; i < evidence->entries_count; i++) {
        if (cty_hash_equal(&evidence->entries[i]->parsed.signed_statement.digest, case_id))
            return true;
    }
    return false;
}

static custody_err needs_of_entry(const struct cty_evidence *evidence, const struct cty_evidence_entry *entry,
                                  uint64_t checkpoint_size, const struct cty_evidence_needs *needs)
{
    const struct cty_statement *st = &entry->parsed.signed_statement.statement;
    if (needs->seen && st->seen.size != 0 && st->seen.size != checkpoint_size && !has_seen(evidence, st->seen.size))
        CTY_TRY(needs->seen(needs->context, st->seen.size));
    if (needs->parent && st->type == CTY_REQUEST && st->u.request.parent.present &&
        !has_case(evidence, &st->u.request.parent.case_id))
        CTY_TRY(needs->parent(needs->context, &st->u.request.parent.case_id));
    struct blob_need need = {evidence, needs, &entry->parsed.signed_statement.digest};
    return needs->blob ? cty_statement_commitments(st, need_blob, &need) : CUSTODY_OK;
}

/* From the newest entry down: what no newer entry's link names must be proven by itself. */
static custody_err needs_of_proofs(const struct cty_evidence *evidence, const struct cty_evidence_needs *needs)
{
    bool *linked = cty_alloc(evidence->entries_count, sizeof(bool));
    custody_err err = linked ? CUSTODY_OK : CUSTODY_E_NO_MEMORY;
    for (size_t i = evidence->entries_count; err == CUSTODY_OK && i > 0; i--) {
        const struct cty_entry *entry = &evidence->entries[i - 1]->parsed.entry;
        const struct cty_opt_hash *links[] = {&entry->prev, &entry->trust, &entry->case_prev};
        for (size_t k = 0; k < CTY_COUNT_OF(links); k++) {
            bool found = false;
            const struct cty_evidence_entry *target =
                links[k]->present ? cty_evidence_by_leaf(evidence, &links[k]->hash, entry->index) : NULL;
            if (target)
                linked[cty_evidence_place(evidence, target->parsed.entry.index, &found)] = true;
        }
        if (!linked[i - 1])
            err = needs->proof(needs->context, entry->index);
    }
    free(linked);
    return err;
}

custody_err cty_evidence_needs(const struct cty_evidence *evidence, const struct cty_evidence_needs *needs)
{
    uint64_t size = cty_evidence_claimed_size(evidence);
    for (size_t i = 0; i < evidence->entries_count; i++)
        CTY_TRY(needs_of_entry(evidence, evidence->entries[i], size, needs));
    return needs->proof ? needs_of_proofs(evidence, needs) : CUSTODY_OK;
}

size_t cty_evidence_entries(const struct cty_evidence *evidence)
{
    return evidence->entries_count;
}

struct cty_bytes cty_evidence_entry(const struct cty_evidence *evidence, size_t i)
{
    CTY_CHECK(i < evidence->entries_count);
    return evidence->entries[i]->text;
}

struct cty_bytes cty_evidence_blob(const struct cty_evidence *evidence, const struct cty_hash *statement,
                                   struct cty_bytes member)
{
    const struct cty_evidence_blob *blob = cty_evidence_find_blob(evidence, statement, member);
    return blob ? blob->content : cty_bytes_make(NULL, 0);
}

const struct cty_hash *cty_evidence_case(const struct cty_evidence *evidence)
{
    return &evidence->case_id;
}
