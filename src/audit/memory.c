/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/memory_inner.h"

#include <stdlib.h>

#include "base/check.h"

static uint64_t hash_text(const char *key)
{
    return cty_bytes_fnv1a(cty_bytes_text(key));
}

custody_err cty_memory_new(struct cty_memory **ret_memory)
{
    struct cty_memory *memory = cty_alloc(1, sizeof(*memory));
    if (!memory)
        return CUSTODY_E_NO_MEMORY;
    memory->buckets_count = 1024;
    memory->buckets = cty_alloc(memory->buckets_count, sizeof(struct cty_record *));
    if (!memory->buckets || cty_nodes_new(&memory->nodes) != CUSTODY_OK) {
        free(memory->buckets);
        free(memory);
        return CUSTODY_E_NO_MEMORY;
    }
    for (size_t i = 0; i < CTY_ROOTS_HELD; i++)
        memory->roots[i].size = UINT64_MAX;
    memory->scratch = CTY_BUF_INIT(CTY_DELTA_BYTES_MAX);
    atomic_init(&memory->holders, 1);
    *ret_memory = memory;
    return CUSTODY_OK;
}

void cty_memory_set_sparse(struct cty_memory *memory)
{
    memory->sparse = true;
}

void cty_record_free(struct cty_record *record)
{
    free((void *)(uintptr_t)record->value.data);
    free(record);
}

/* Its records and itself; not what it stands on. */
static void destroy(struct cty_memory *memory)
{
    for (uint64_t i = 0; i < memory->buckets_count; i++) {
        while (memory->buckets[i]) {
            struct cty_record *record = memory->buckets[i];
            memory->buckets[i] = record->next;
            cty_record_free(record);
        }
    }
    cty_nodes_free(memory->nodes);
    free(memory->guesses);
    cty_buf_done(&memory->scratch);
    free(memory->buckets);
    free(memory);
}

void cty_memory_free(struct cty_memory *memory)
{
    while (memory && atomic_fetch_sub(&memory->holders, 1) == 1) {
        struct cty_memory *below = memory->below;
        destroy(memory);
        memory = below;
    }
}

static struct cty_record *find(const struct cty_memory *memory, const char *key, uint64_t hash)
{
    struct cty_record *record = memory->buckets[hash & (memory->buckets_count - 1)];
    while (record && (record->hash != hash || strcmp(record->key, key) != 0))
        record = record->next;
    return record;
}

static custody_err grow(struct cty_memory *memory)
{
    if (memory->records < memory->buckets_count)
        return CUSTODY_OK;
    uint64_t count = memory->buckets_count * 2;
    struct cty_record **buckets = cty_alloc(count, sizeof(struct cty_record *));
    if (!buckets)
        return CUSTODY_E_NO_MEMORY;
    for (uint64_t i = 0; i < memory->buckets_count; i++) {
        while (memory->buckets[i]) {
            struct cty_record *record = memory->buckets[i];
            memory->buckets[i] = record->next;
            record->next = buckets[record->hash & (count - 1)];
            buckets[record->hash & (count - 1)] = record;
        }
    }
    free(memory->buckets);
    memory->buckets = buckets;
    memory->buckets_count = count;
    return CUSTODY_OK;
}

static struct cty_record *insert(struct cty_memory *memory, const char *key, uint64_t hash)
{
    size_t size = strlen(key) + 1;
    struct cty_record *record = cty_alloc(1, sizeof(*record) + size);
    if (!record)
        return NULL;
    memcpy(record->key, key, size);
    record->hash = hash;
    struct cty_record **bucket = &memory->buckets[hash & (memory->buckets_count - 1)];
    record->next = *bucket;
    *bucket = record;
    memory->records++;
    return record;
}

size_t cty_record_weight(const struct cty_record *record)
{
    return sizeof(*record) + strlen(record->key) + record->value.size + 48;
}

struct cty_record *cty_memory_set(struct cty_memory *memory, const char *key, uint64_t hash, struct cty_bytes value)
{
    uint8_t *copy = malloc(value.size ? value.size : 1);
    if (!copy)
        return NULL;
    struct cty_record *record = find(memory, key, hash);
    if (record)
        memory->bytes -= cty_record_weight(record);
    else if (grow(memory) == CUSTODY_OK)
        record = insert(memory, key, hash);
    if (!record) {
        free(copy);
        return NULL;
    }
    if (value.size)
        memcpy(copy, value.data, value.size);
    free((void *)(uintptr_t)record->value.data);
    record->value = cty_bytes_make(copy, value.size);
    record->turn = memory->turn;
    memory->bytes += cty_record_weight(record);
    return record;
}

custody_err cty_memory_put(struct cty_memory *memory, const char *key, struct cty_bytes value)
{
    struct cty_record *record = cty_memory_set(memory, key, hash_text(key), value);
    if (!record)
        return CUSTODY_E_NO_MEMORY;
    record->dirty = true;
    return CUSTODY_OK;
}

struct cty_bytes cty_memory_get(const struct cty_memory *memory, const char *key)
{
    const uint64_t hash = hash_text(key);
    struct cty_record *record = NULL;
    for (; memory && !record; memory = memory->below) {
        record = find(memory, key, hash);
        if (!record)
            record = cty_memory_load((struct cty_memory *)(uintptr_t)memory, key, hash);
        if (record && memory->backing)
            record->turn = memory->turn;
    }
    return record ? record->value : cty_bytes_make(NULL, 0);
}

/* A record below counts unless one above has its key. */
static bool is_covered(const struct cty_memory *top, const struct cty_memory *at, const struct cty_record *record)
{
    for (; top != at; top = top->below) {
        if (find(top, record->key, record->hash))
            return true;
    }
    return false;
}

static bool begins(const char *key, const char *prefix)
{
    return strncmp(key, prefix, strlen(prefix)) == 0;
}

custody_err cty_memory_each_of(const struct cty_memory *memory, const char *prefix, cty_backing_each_fn *each,
                               void *context)
{
    if (memory->backing) {
        CTY_TRY(cty_memory_flush((struct cty_memory *)(uintptr_t)memory));
        return memory->backing->each(memory->backing->context, memory->space, prefix, each, context);
    }
    for (const struct cty_memory *at = memory; at; at = at->below) {
        for (uint64_t i = 0; i < at->buckets_count; i++) {
            for (const struct cty_record *record = at->buckets[i]; record; record = record->next) {
                if (begins(record->key, prefix) && !is_covered(memory, at, record))
                    CTY_TRY(each(context, record->key, record->value));
            }
        }
    }
    return CUSTODY_OK;
}

custody_err cty_memory_each(const struct cty_memory *memory, cty_backing_each_fn *each, void *context)
{
    return cty_memory_each_of(memory, "", each, context);
}

static custody_err count_one(void *context, const char *key, struct cty_bytes value)
{
    (void)key;
    (void)value;
    ++*(uint64_t *)context;
    return CUSTODY_OK;
}

custody_err cty_memory_count(const struct cty_memory *memory, uint64_t *ret_count)
{
    *ret_count = 0;
    return cty_memory_each(memory, count_one, ret_count);
}

/* ---- over another memory ---- */

custody_err cty_memory_over(struct cty_memory *below, struct cty_memory **ret_memory)
{
    CTY_TRY(cty_memory_new(ret_memory));
    (*ret_memory)->sparse = below->sparse;
    (*ret_memory)->below = below;
    atomic_fetch_add(&below->holders, 1);
    return CUSTODY_OK;
}

static custody_err copy_record(void *context, const char *key, struct cty_bytes value)
{
    return cty_memory_put(context, key, value);
}

custody_err cty_memory_own(struct cty_memory **memory)
{
    struct cty_memory *copy = NULL;
    if (atomic_load(&(*memory)->holders) == 1)
        return CUSTODY_OK;
    CTY_CHECK((*memory)->sparse); /* a tree is not copied */
    CTY_TRY(cty_memory_new(&copy));
    copy->sparse = true;
    custody_err err = cty_memory_each(*memory, copy_record, copy);
    if (err != CUSTODY_OK) {
        cty_memory_free(copy);
        return err;
    }
    cty_memory_free(*memory);
    *memory = copy;
    return CUSTODY_OK;
}

uint64_t cty_memory_records(const struct cty_memory *memory)
{
    return memory->records;
}

custody_err cty_memory_append_leaf(struct cty_memory *memory, const struct cty_hash *leaf)
{
    return cty_nodes_append(memory->nodes, leaf);
}

uint64_t cty_memory_size(const struct cty_memory *memory)
{
    return cty_nodes_size(memory->nodes);
}

custody_err cty_memory_root(const struct cty_memory *memory, uint64_t size, struct cty_hash *ret_root)
{
    if (size > cty_memory_size(memory))
        return CUSTODY_E_NOT_FOUND;
    return cty_tree_root(cty_nodes_reader(memory->nodes), size, ret_root);
}

const struct cty_tree_reader *cty_memory_tree(const struct cty_memory *memory)
{
    return cty_nodes_reader(memory->nodes);
}
