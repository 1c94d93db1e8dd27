/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/memory.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "audit/nodes.h"
#include "base/check.h"
#include "codec/text.h"

struct record {
    struct record *next;
    uint64_t hash;
    struct cty_bytes value; /* owned */
    bool dirty;             /* over a backing: it stands there otherwise, or not at all */
    uint32_t turn;          /* when it was asked for last */
    char key[];
};

/* The newest roots that were asked for: many statements in a row name the same one. */
#define ROOT_CACHE 64
struct root_text {
    uint64_t size;
    char text[65];
};

/*
 * Records that statements of one type needed beyond those that every fold begins with: most often the next one needs the same
 * policies and actors, and is then judged in one run. A wrong guess costs a look.
 */
#define GUESSES_MAX 8
struct guesses {
    char keys[GUESSES_MAX][CTY_VIEW_KEY_MAX];
    unsigned count;
};

struct cty_memory {
    struct guesses *guesses; /* by type; NULL until the first whole fold */
    struct record **buckets;
    uint64_t buckets_count; /* a power of two */
    uint64_t records;
    struct cty_nodes *nodes;
    bool sparse;
    const struct cty_backing *backing; /* NULL: all is here */
    enum cty_space space;
    bool backed;             /* something stands in the backing */
    size_t bytes_max;        /* ... and here no more than this when it was trimmed */
    size_t bytes;
    uint32_t turn;
    custody_err fault;       /* what hindered the backing; it sticks */
    struct cty_buf scratch;
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

custody_err cty_memory_new(struct cty_memory **ret_memory)
{
    struct cty_memory *memory = cty_alloc(1, sizeof(*memory));
    if (!memory)
        return CUSTODY_E_NO_MEMORY;
    memory->buckets_count = 1024;
    memory->buckets = cty_alloc(memory->buckets_count, sizeof(struct record *));
    if (!memory->buckets || cty_nodes_new(&memory->nodes) != CUSTODY_OK) {
        free(memory->buckets);
        free(memory);
        return CUSTODY_E_NO_MEMORY;
    }
    for (size_t i = 0; i < ROOT_CACHE; i++)
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

static struct record *find(const struct cty_memory *memory, const char *key, uint64_t hash)
{
    struct record *record = memory->buckets[hash & (memory->buckets_count - 1)];
    while (record && (record->hash != hash || strcmp(record->key, key) != 0))
        record = record->next;
    return record;
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

static size_t weight(const struct record *record)
{
    return sizeof(*record) + strlen(record->key) + record->value.size + 48;
}

/* The record of this key with this value; NULL where memory ran out. */
static struct record *set(struct cty_memory *memory, const char *key, uint64_t hash, struct cty_bytes value)
{
    uint8_t *copy = malloc(value.size ? value.size : 1);
    if (!copy)
        return NULL;
    struct record *record = find(memory, key, hash);
    if (record)
        memory->bytes -= weight(record);
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
    memory->bytes += weight(record);
    return record;
}

custody_err cty_memory_put(struct cty_memory *memory, const char *key, struct cty_bytes value)
{
    struct record *record = set(memory, key, hash_text(key), value);
    if (!record)
        return CUSTODY_E_NO_MEMORY;
    record->dirty = true;
    return CUSTODY_OK;
}

/* From the backing; NULL where there is none, or where it can't be read: then that sticks. */
static struct record *load(struct cty_memory *memory, const char *key, uint64_t hash)
{
    if (!memory->backing || !memory->backed || memory->fault != CUSTODY_OK)
        return NULL;
    cty_buf_clear(&memory->scratch);
    custody_err err = memory->backing->get(memory->backing->context, memory->space, key, &memory->scratch);
    struct record *record = err == CUSTODY_OK ? set(memory, key, hash, cty_buf_bytes(&memory->scratch)) : NULL;
    if (err == CUSTODY_OK && !record)
        err = CUSTODY_E_NO_MEMORY;
    if (err != CUSTODY_OK && err != CUSTODY_E_NOT_FOUND)
        memory->fault = err;
    return record;
}

struct cty_bytes cty_memory_get(const struct cty_memory *memory, const char *key)
{
    const uint64_t hash = hash_text(key);
    struct record *record = NULL;
    for (; memory && !record; memory = memory->below) {
        record = find(memory, key, hash);
        if (!record)
            record = load((struct cty_memory *)(uintptr_t)memory, key, hash);
        if (record && memory->backing)
            record->turn = memory->turn;
    }
    return record ? record->value : cty_bytes_make(NULL, 0);
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
            for (const struct record *record = at->buckets[i]; record; record = record->next) {
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

/* ---- over a backing ---- */

custody_err cty_memory_back(struct cty_memory *memory, const struct cty_backing *backing, enum cty_space space,
                            size_t bytes_max)
{
    if (memory->records != 0 || memory->below || memory->sparse)
        return CUSTODY_E_INTERNAL;
    memory->backing = backing;
    memory->backed = !backing->empty;
    memory->space = space;
    memory->bytes_max = bytes_max;
    return CUSTODY_OK;
}

custody_err cty_memory_back_tree(struct cty_memory *memory, uint64_t size)
{
    return cty_nodes_back(memory->nodes, memory->backing, size);
}

static int by_key(const void *a, const void *b)
{
    return strcmp((*(struct record *const *)a)->key, (*(struct record *const *)b)->key);
}

static custody_err flush_list(struct cty_memory *memory, struct record **list, size_t count)
{
    qsort(list, count, sizeof(*list), by_key);
    for (size_t i = 0; i < count; i++) {
        CTY_TRY(memory->backing->put(memory->backing->context, memory->space, list[i]->key, list[i]->value));
        list[i]->dirty = false;
    }
    return CUSTODY_OK;
}

/* In the order of their keys, so that neighbours on the disk are written together. */
custody_err cty_memory_flush(struct cty_memory *memory)
{
    size_t count = 0;
    CTY_TRY(memory->fault);
    CTY_AUTO_FREE struct record **list = cty_alloc(memory->records + 1, sizeof(struct record *));
    if (!list)
        return CUSTODY_E_NO_MEMORY;
    for (uint64_t i = 0; i < memory->buckets_count; i++) {
        for (struct record *record = memory->buckets[i]; record; record = record->next) {
            if (record->dirty)
                list[count++] = record;
        }
    }
    memory->backed = memory->backed || count > 0;
    return flush_list(memory, list, count);
}

/* Drops records that nobody asked for since `turn`. */
static void drop(struct cty_memory *memory, uint32_t turn)
{
    for (uint64_t i = 0; i < memory->buckets_count; i++) {
        for (struct record **place = &memory->buckets[i]; *place;) {
            struct record *record = *place;
            if (record->turn >= turn) {
                place = &record->next;
                continue;
            }
            *place = record->next;
            memory->records--;
            memory->bytes -= weight(record);
            record_free(record);
        }
    }
}

custody_err cty_memory_trim(struct cty_memory *memory)
{
    CTY_TRY(memory->fault);
    if (!memory->backing || memory->bytes <= memory->bytes_max)
        return CUSTODY_OK;
    CTY_TRY(cty_memory_flush(memory));
    drop(memory, memory->turn);
    if (memory->bytes > memory->bytes_max / 2)
        drop(memory, UINT32_MAX);
    memory->turn++;
    return CUSTODY_OK;
}

custody_err cty_memory_flush_tree(struct cty_memory *memory)
{
    return cty_nodes_flush(memory->nodes);
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
    return memory->fault;
}

/* Evidence is of a few entries, and what is missing there is told: nothing is guessed. NULL without memory, too. */
static struct guesses *guesses_of(struct cty_memory *memory, enum cty_type type)
{
    if (memory->sparse)
        return NULL;
    if (!memory->guesses)
        memory->guesses = cty_alloc(CTY_TYPE_COUNT, sizeof(*memory->guesses));
    return memory->guesses ? &memory->guesses[type] : NULL;
}

static custody_err want_guessed(const struct guesses *guesses, struct cty_view *view)
{
    enum cty_view_status status;
    struct cty_bytes value;
    for (unsigned i = 0; guesses && i < guesses->count && i < GUESSES_MAX; i++)
        CTY_TRY(cty_view_get(view, guesses->keys[i], &status, &value));
    return CUSTODY_OK;
}

/* What came in later rounds takes the place of what was guessed; where nothing did, the guess was good. */
static void learn_guesses(struct guesses *guesses, const struct cty_view *view, size_t from)
{
    if (!guesses || from >= view->count)
        return;
    for (size_t i = from; i < view->count; i++) {
        const char *key = view->slots[i].key;
        bool again = strncmp(key, "policy/", 7) == 0 || strncmp(key, "author/", 7) == 0 || strncmp(key, "party/", 6) == 0 ||
                     strncmp(key, "actor/", 6) == 0;
        if (again)
            memcpy(guesses->keys[guesses->count++ % GUESSES_MAX], key, view->slots[i].key_size + 1);
        if (guesses->count == 2 * GUESSES_MAX)
            guesses->count = GUESSES_MAX;
    }
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
    struct guesses *guesses = guesses_of(memory, input->statement->type);
    size_t known = SIZE_MAX;
    custody_err err = CUSTODY_E_VIEW_INCOMPLETE;
    CTY_TRY(want_guessed(guesses, view));
    while (err == CUSTODY_E_VIEW_INCOMPLETE) {
        err = cty_fold(view, input, delta, error);
        if (err == CUSTODY_E_VIEW_INCOMPLETE)
            CTY_TRY(cty_memory_fill(memory, view, missing, context));
        known = known == SIZE_MAX ? view->count : known;
    }
    CTY_TRY(err);
    learn_guesses(guesses, view, known);
    return take(memory, delta, &input->leaf);
}
