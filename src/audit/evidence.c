/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence as a collection. */
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
    free_bytes(entry->text);
    free(entry);
}

static void free_proofs(struct cty_evidence_proof *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(list[i].hashes);
    free(list);
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
    free_proofs(evidence->proofs, evidence->proofs_count);
    free_proofs(evidence->seen, evidence->seen_count);
    for (size_t i = 0; i < evidence->between.entries_count; i++)
        free_bytes(evidence->between.entries[i]);
    free(evidence->between.entries);
    cty_parsed_entry_done(&evidence->scratch);
    free_bytes(evidence->ledger);
    free_bytes(evidence->checkpoint);
    free_bytes(evidence->policy);
    free(evidence->entries);
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

custody_err cty_evidence_set_policy(struct cty_evidence *evidence, struct cty_bytes policy)
{
    struct cty_bytes copy;
    if (policy.size > CTY_EVIDENCE_POLICY_BYTES_MAX)
        return CUSTODY_E_TOO_LARGE;
    CTY_TRY(dup_bytes(policy, &copy));
    free_bytes(evidence->policy);
    evidence->policy = copy;
    return CUSTODY_OK;
}

size_t cty_evidence_place(const struct cty_evidence *evidence, uint64_t index, bool *ret_found)
{
    size_t low = 0, high = evidence->entries_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (evidence->entries[middle]->entry.index < index)
            low = middle + 1;
        else
            high = middle;
    }
    *ret_found = low < evidence->entries_count && evidence->entries[low]->entry.index == index;
    return low;
}

static custody_err insert_entry(struct cty_evidence *evidence, struct cty_evidence_entry *entry, custody_error *error)
{
    bool found = false;
    size_t place = cty_evidence_place(evidence, entry->entry.index, &found);
    if (found) {
        if (!cty_hash_equal(&evidence->entries[place]->leaf, &entry->leaf))
            return cty_fail(error, CUSTODY_E_BAD_EVIDENCE, "two entries have index %llu",
                            (unsigned long long)entry->entry.index);
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

static void note_entry(struct cty_evidence_entry *entry, const struct cty_parsed_entry *parsed)
{
    const struct cty_signed *statement = &parsed->signed_statement;
    entry->entry = parsed->entry;
    entry->leaf = cty_tree_leaf(entry->text);
    entry->digest = statement->digest;
    entry->type = statement->statement.type;
    if (entry->type == CTY_REQUEST)
        entry->case_id = statement->digest;
    else if (cty_type_flags(entry->type) & CTY_TYPE_CASE)
        entry->case_id = statement->statement.case_id;
}

custody_err cty_evidence_add_entry(struct cty_evidence *evidence, struct cty_bytes text, custody_error *error)
{
    struct cty_evidence_entry *entry = cty_alloc(1, sizeof(*entry));
    if (!entry)
        return CUSTODY_E_NO_MEMORY;
    custody_err err = dup_bytes(text, &entry->text);
    if (err == CUSTODY_OK)
        err = cty_entry_parse(entry->text, &evidence->scratch, error);
    if (err == CUSTODY_OK) {
        note_entry(entry, &evidence->scratch);
        err = insert_entry(evidence, entry, error);
    }
    if (err != CUSTODY_OK)
        entry_free(entry);
    return err;
}

/* Where `at` stands in a sorted list, or would stand. */
static size_t proof_place(const struct cty_evidence_proof *list, size_t count, uint64_t at)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (list[middle].at < at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct cty_evidence_proof *cty_evidence_find_proof(struct cty_evidence_proof *list, size_t count, uint64_t at)
{
    size_t place = proof_place(list, count, at);
    return place < count && list[place].at == at ? &list[place] : NULL;
}

void cty_evidence_proof_get(const struct cty_evidence_proof *item, struct cty_proof *ret_proof)
{
    ret_proof->count = item->count;
    if (item->count)
        memcpy(ret_proof->hashes, item->hashes, item->count * sizeof(*item->hashes));
}

/* Lists of proofs stay sorted; a second proof for the same place takes the first one's. There is room for one more. */
static custody_err insert_proof(struct cty_evidence_proof *list, size_t *count, uint64_t at, const struct cty_proof *proof)
{
    size_t place = proof_place(list, *count, at);
    struct cty_hash *hashes = cty_alloc(proof->count, sizeof(*hashes));
    if (!hashes)
        return CUSTODY_E_NO_MEMORY;
    if (proof->count)
        memcpy(hashes, proof->hashes, proof->count * sizeof(*hashes));
    if (place < *count && list[place].at == at) {
        free(list[place].hashes);
    } else {
        memmove(list + place + 1, list + place, (*count - place) * sizeof(*list));
        (*count)++;
    }
    list[place] = (struct cty_evidence_proof){.at = at, .count = proof->count, .hashes = hashes};
    return CUSTODY_OK;
}

custody_err cty_evidence_add_proof(struct cty_evidence *evidence, uint64_t index, const struct cty_proof *proof)
{
    CTY_TRY(GROW(evidence, proofs));
    return insert_proof(evidence->proofs, &evidence->proofs_count, index, proof);
}

custody_err cty_evidence_add_seen(struct cty_evidence *evidence, uint64_t size, const struct cty_proof *proof)
{
    CTY_TRY(GROW(evidence, seen));
    return insert_proof(evidence->seen, &evidence->seen_count, size, proof);
}

static int blob_order(const struct cty_evidence_blob *blob, const struct cty_hash *statement, struct cty_bytes member)
{
    int order = memcmp(blob->statement.bytes, statement->bytes, CTY_HASH_SIZE);
    return order ? order : cty_bytes_compare(blob->member, member);
}

/* Where the blob stands in the sorted list, or would stand. */
static size_t blob_place(const struct cty_evidence *evidence, const struct cty_hash *statement, struct cty_bytes member,
                         bool *ret_found)
{
    size_t low = 0, high = evidence->blobs_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (blob_order(&evidence->blobs[middle], statement, member) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *ret_found = low < evidence->blobs_count && blob_order(&evidence->blobs[low], statement, member) == 0;
    return low;
}

const struct cty_evidence_blob *cty_evidence_find_blob(const struct cty_evidence *evidence,
                                                       const struct cty_hash *statement, struct cty_bytes member)
{
    bool found = false;
    size_t place = blob_place(evidence, statement, member, &found);
    return found ? &evidence->blobs[place] : NULL;
}

custody_err cty_evidence_add_blob(struct cty_evidence *evidence, const struct cty_hash *statement, struct cty_bytes member,
                                  const uint8_t salt[CTY_SALT_SIZE], struct cty_bytes content)
{
    struct cty_evidence_blob blob = {.statement = *statement};
    bool found = false;
    size_t place = blob_place(evidence, statement, member, &found);
    if (found)
        return CUSTODY_OK;
    memcpy(blob.salt, salt, sizeof(blob.salt));
    CTY_TRY(GROW(evidence, blobs));
    CTY_TRY(dup_bytes(member, &blob.member));
    custody_err err = dup_bytes(content, &blob.content);
    if (err != CUSTODY_OK) {
        free_bytes(blob.member);
        return err;
    }
    memmove(evidence->blobs + place + 1, evidence->blobs + place,
            (evidence->blobs_count - place) * sizeof(*evidence->blobs));
    evidence->blobs[place] = blob;
    evidence->blobs_count++;
    return CUSTODY_OK;
}

void cty_evidence_set_between(struct cty_evidence *evidence, const struct cty_frontier *left, const struct cty_proof *proof)
{
    evidence->between.present = true;
    evidence->between.left = *left;
    evidence->between.proof = *proof;
}

custody_err cty_evidence_add_between(struct cty_evidence *evidence, struct cty_bytes text)
{
    struct cty_evidence_between *between = &evidence->between;
    if (between->entries_count >= CTY_BETWEEN_ENTRIES_MAX)
        return CUSTODY_E_LIMIT_REACHED;
    CTY_TRY(GROW(between, entries));
    CTY_TRY(dup_bytes(text, &between->entries[between->entries_count]));
    between->entries_count++;
    return CUSTODY_OK;
}

size_t cty_evidence_entries(const struct cty_evidence *evidence)
{
    return evidence->entries_count;
}

bool cty_evidence_has(const struct cty_evidence *evidence, uint64_t index)
{
    bool found = false;
    (void)cty_evidence_place(evidence, index, &found);
    return found;
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
