/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/memory.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "codec/text.h"

#define HEIGHTS 54

struct record {
    struct record *next;
    uint64_t hash;
    struct cty_bytes value; /* owned */
    char key[];
};

struct level {
    struct cty_hash *hashes;
    uint64_t count;
    uint64_t capacity;
};

/* The newest roots that were asked for: many statements in a row name the same one. */
#define ROOT_CACHE 64
struct root_text {
    uint64_t size;
    char text[65];
};

struct cty_memory {
    struct record **buckets;
    uint64_t buckets_count; /* a power of two */
    uint64_t records;
    struct level levels[HEIGHTS];
    struct cty_frontier frontier;
    struct cty_tree_reader reader;
    bool sparse;
    struct cty_memory *below; /* or NULL; held by one of its holders */
    atomic_uint holders;
    struct root_text roots[ROOT_CACHE];
};

static uint64_t hash_text(const char *key)
{
    uint64_t hash = 14695981039346656037u;
    for (; *key; key++)
        hash = (hash ^ (uint8_t)*key) * 1099511628211u;
    return hash;
}

static custody_err read_node(void *context, unsigned height, uint64_t index, struct cty_hash *ret_hash)
{
    const struct cty_memory *memory = context;
    if (height >= HEIGHTS || index >= memory->levels[height].count)
        return CUSTODY_E_NOT_FOUND;
    *ret_hash = memory->levels[height].hashes[index];
    return CUSTODY_OK;
}

custody_err cty_memory_new(struct cty_memory **ret_memory)
{
    struct cty_memory *memory = cty_alloc(1, sizeof(*memory));
    if (!memory)
        return CUSTODY_E_NO_MEMORY;
    memory->buckets_count = 1024;
    memory->buckets = cty_alloc(memory->buckets_count, sizeof(struct record *));
    if (!memory->buckets) {
        free(memory);
        return CUSTODY_E_NO_MEMORY;
    }
    for (size_t i = 0; i < ROOT_CACHE; i++)
        memory->roots[i].size = UINT64_MAX;
    memory->reader = (struct cty_tree_reader){memory, read_node};
    atomic_init(&memory->holders, 1);
    *ret_memory = memory;
    return CUSTODY_OK;
}

void cty_memory_set_sparse(struct cty_memory *memory)
{
    memory->sparse = true;
}

static void record_free(struct record *record)
{
    free((void *)(uintptr_t)record->value.data);
    free(record);
}

/* Its records and itself; not what it stands on. */
static void destroy(struct cty_memory *memory)
{
    for (uint64_t i = 0; i < memory->buckets_count; i++) {
        while (memory->buckets[i]) {
            struct record *record = memory->buckets[i];
            memory->buckets[i] = record->next;
            record_free(record);
        }
    }
    for (size_t i = 0; i < HEIGHTS; i++)
        free(memory->levels[i].hashes);
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

static struct record *find(const struct cty_memory *memory, const char *key, uint64_t hash)
{
    struct record *record = memory->buckets[hash & (memory->buckets_count - 1)];
    while (record && (record->hash != hash || strcmp(record->key, key) != 0))
        record = record->next;
    return record;
}

struct cty_bytes cty_memory_get(const struct cty_memory *memory, const char *key)
{
    const uint64_t hash = hash_text(key);
    const struct record *record = NULL;
    for (; memory && !record; memory = memory->below)
        record = find(memory, key, hash);
    return record ? record->value : cty_bytes_make(NULL, 0);
}

static custody_err grow(struct cty_memory *memory)
{
    if (memory->records < memory->buckets_count)
        return CUSTODY_OK;
    uint64_t count = memory->buckets_count * 2;
    struct record **buckets = cty_alloc(count, sizeof(struct record *));
    if (!buckets)
        return CUSTODY_E_NO_MEMORY;
    for (uint64_t i = 0; i < memory->buckets_count; i++) {
        while (memory->buckets[i]) {
            struct record *record = memory->buckets[i];
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

static struct record *insert(struct cty_memory *memory, const char *key, uint64_t hash)
{
    size_t size = strlen(key) + 1;
    struct record *record = cty_alloc(1, sizeof(*record) + size);
    if (!record)
        return NULL;
    memcpy(record->key, key, size);
    record->hash = hash;
    struct record **bucket = &memory->buckets[hash & (memory->buckets_count - 1)];
    record->next = *bucket;
    *bucket = record;
    memory->records++;
    return record;
}

custody_err cty_memory_put(struct cty_memory *memory, const char *key, struct cty_bytes value)
{
    uint64_t hash = hash_text(key);
    uint8_t *copy = cty_alloc(1, value.size);
    if (!copy)
        return CUSTODY_E_NO_MEMORY;
    custody_err err = grow(memory);
    struct record *record = err == CUSTODY_OK ? find(memory, key, hash) : NULL;
    if (err == CUSTODY_OK && !record)
        record = insert(memory, key, hash);
    if (!record) {
        free(copy);
        return CUSTODY_E_NO_MEMORY;
    }
    if (value.size)
        memcpy(copy, value.data, value.size);
    free((void *)(uintptr_t)record->value.data);
    record->value = cty_bytes_make(copy, value.size);
    return CUSTODY_OK;
}

/* A record below counts unless one above has its key. */
static bool is_covered(const struct cty_memory *top, const struct cty_memory *at, const struct record *record)
{
    for (; top != at; top = top->below) {
        if (find(top, record->key, record->hash))
            return true;
    }
    return false;
}

custody_err cty_memory_each(const struct cty_memory *memory,
                            custody_err (*each)(void *context, const char *key, struct cty_bytes value), void *context)
{
    for (const struct cty_memory *at = memory; at; at = at->below) {
        for (uint64_t i = 0; i < at->buckets_count; i++) {
            for (const struct record *record = at->buckets[i]; record; record = record->next) {
                if (!is_covered(memory, at, record))
                    CTY_TRY(each(context, record->key, record->value));
            }
        }
    }
    return CUSTODY_OK;
}

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

static custody_err keep_node(void *context, unsigned height, uint64_t index, const struct cty_hash *hash)
{
    struct cty_memory *memory = context;
    struct level *level = &memory->levels[height];
    CTY_CHECK(height < HEIGHTS && index == level->count);
    if (level->count == level->capacity) {
        uint64_t capacity = level->capacity ? level->capacity * 2 : 64;
        struct cty_hash *hashes = realloc(level->hashes, capacity * sizeof(*hashes));
        if (!hashes)
            return CUSTODY_E_NO_MEMORY;
        level->hashes = hashes;
        level->capacity = capacity;
    }
    level->hashes[level->count++] = *hash;
    return CUSTODY_OK;
}

custody_err cty_memory_append_leaf(struct cty_memory *memory, const struct cty_hash *leaf)
{
    return cty_frontier_append(&memory->frontier, leaf, keep_node, memory);
}

uint64_t cty_memory_size(const struct cty_memory *memory)
{
    return memory->frontier.size;
}

custody_err cty_memory_root(const struct cty_memory *memory, uint64_t size, struct cty_hash *ret_root)
{
    if (size > memory->frontier.size)
        return CUSTODY_E_NOT_FOUND;
    return cty_tree_root(&memory->reader, size, ret_root);
}

const struct cty_tree_reader *cty_memory_tree(const struct cty_memory *memory)
{
    return &memory->reader;
}

/* "root/<size>" is computed; the texts live in a small table of the memory's own. */
static custody_err fill_root(const struct cty_memory *memory, struct cty_view_slot *slot)
{
    uint64_t size = 0;
    struct cty_hash root;
    CTY_TRY(cty_u64_parse(cty_bytes_text(slot->key + 5), CTY_NUMBER_MAX, &size));
    struct root_text *cached = (struct root_text *)(uintptr_t)&memory->roots[size % ROOT_CACHE];
    if (cached->size != size) {
        custody_err err = cty_memory_root(memory, size, &root);
        if (err == CUSTODY_E_NOT_FOUND)
            return CUSTODY_OK;
        CTY_TRY(err);
        cached->size = size;
        cty_hex_write(root.bytes, CTY_HASH_SIZE, cached->text);
    }
    slot->status = CTY_VIEW_PRESENT;
    slot->value = cty_bytes_make(cached->text, 64);
    return CUSTODY_OK;
}

custody_err cty_memory_fill(const struct cty_memory *memory, struct cty_view *view,
                            enum cty_view_status (*missing)(void *context, const char *key), void *context)
{
    for (struct cty_view_slot *slot = cty_view_wanted(view); slot; slot = cty_view_wanted(view)) {
        slot->status = missing ? missing(context, slot->key) : CTY_VIEW_ABSENT;
        struct cty_bytes value = cty_memory_get(memory, slot->key);
        if (value.data) {
            slot->status = CTY_VIEW_PRESENT;
            slot->value = value;
        } else if (strncmp(slot->key, "root/", 5) == 0) {
            CTY_TRY(fill_root(memory, slot));
        }
    }
    return CUSTODY_OK;
}

static custody_err take(struct cty_memory *memory, const struct cty_delta *delta, const struct cty_hash *leaf)
{
    for (size_t i = 0; i < delta->count; i++)
        CTY_TRY(cty_memory_put(memory, delta->puts[i].key, delta->puts[i].value));
    return memory->sparse ? CUSTODY_OK : cty_memory_append_leaf(memory, leaf);
}

custody_err cty_memory_fold(struct cty_memory *memory, struct cty_view *view, const struct cty_fold_input *input,
                            struct cty_delta *delta, enum cty_view_status (*missing)(void *context, const char *key),
                            void *context, custody_error *error)
{
    cty_view_clear(view);
    custody_err err = CUSTODY_E_VIEW_INCOMPLETE;
    while (err == CUSTODY_E_VIEW_INCOMPLETE) {
        err = cty_fold(view, input, delta, error);
        if (err == CUSTODY_E_VIEW_INCOMPLETE)
            CTY_TRY(cty_memory_fill(memory, view, missing, context));
    }
    CTY_TRY(err);
    return take(memory, delta, &input->leaf);
}
