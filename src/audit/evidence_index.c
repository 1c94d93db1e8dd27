/* SPDX-License-Identifier: Apache-2.0 */
/* Finding entries by hash: a long trust chain and hostile links must not cost a walk for each of them. */
#include "audit/evidence_inner.h"

#include <stdlib.h>

#include "base/check.h"

typedef const struct cty_hash *key_of(const struct cty_evidence_entry *entry);

static const struct cty_hash *leaf_of(const struct cty_evidence_entry *entry)
{
    return &entry->leaf;
}

static const struct cty_hash *digest_of(const struct cty_evidence_entry *entry)
{
    return &entry->digest;
}

static int by_leaf(const void *a, const void *b)
{
    const struct cty_evidence_entry *const *left = a, *const *right = b;
    return memcmp((*left)->leaf.bytes, (*right)->leaf.bytes, CTY_HASH_SIZE);
}

static int by_digest(const void *a, const void *b)
{
    const struct cty_evidence_entry *const *left = a, *const *right = b;
    return memcmp((*left)->digest.bytes, (*right)->digest.bytes, CTY_HASH_SIZE);
}

custody_err cty_evidence_index_make(const struct cty_evidence *evidence, struct cty_evidence_index *ret_index)
{
    size_t count = evidence->entries_count;
    struct cty_evidence_index index = {.count = count};
    index.by_leaf = cty_alloc(count, sizeof(*index.by_leaf));
    index.by_digest = cty_alloc(count, sizeof(*index.by_digest));
    if (!index.by_leaf || !index.by_digest) {
        cty_evidence_index_done(&index);
        return CUSTODY_E_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++)
        index.by_leaf[i] = index.by_digest[i] = evidence->entries[i];
    qsort(index.by_leaf, count, sizeof(*index.by_leaf), by_leaf);
    qsort(index.by_digest, count, sizeof(*index.by_digest), by_digest);
    *ret_index = index;
    return CUSTODY_OK;
}

void cty_evidence_index_done(struct cty_evidence_index *index)
{
    free(index->by_leaf);
    free(index->by_digest);
    *index = (struct cty_evidence_index){NULL, NULL, 0};
}

static struct cty_evidence_entry *find(struct cty_evidence_entry *const *list, size_t count, key_of *key,
                                       const struct cty_hash *hash)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (memcmp(key(list[middle])->bytes, hash->bytes, CTY_HASH_SIZE) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && cty_hash_equal(key(list[low]), hash) ? list[low] : NULL;
}

struct cty_evidence_entry *cty_evidence_by_link(const struct cty_evidence_index *index, const struct cty_opt_hash *link,
                                                uint64_t before)
{
    struct cty_evidence_entry *entry = link->present ? find(index->by_leaf, index->count, leaf_of, &link->hash) : NULL;
    return entry && entry->entry.index < before ? entry : NULL;
}

const struct cty_evidence_entry *cty_evidence_by_digest(const struct cty_evidence_index *index,
                                                        const struct cty_hash *digest)
{
    return find(index->by_digest, index->count, digest_of, digest);
}
