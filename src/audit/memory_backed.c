/* SPDX-License-Identifier: Apache-2.0 */
/* A memory over a backing: what is asked for is read from there, what is new is written there, and little is held. */
#include <stdlib.h>

#include "audit/memory_inner.h"
#include "base/check.h"

struct cty_record *cty_memory_load(struct cty_memory *memory, const char *key, uint64_t hash)
{
    if (!memory->backing || !memory->backed || memory->fault != CUSTODY_OK)
        return NULL;
    cty_buf_clear(&memory->scratch);
    custody_err err = memory->backing->get(memory->backing->context, memory->space, key, &memory->scratch);
    struct cty_record *record = err == CUSTODY_OK ? cty_memory_set(memory, key, hash, cty_buf_bytes(&memory->scratch)) : NULL;
    if (err == CUSTODY_OK && !record)
        err = CUSTODY_E_NO_MEMORY;
    if (err != CUSTODY_OK && err != CUSTODY_E_NOT_FOUND)
        memory->fault = err;
    return record;
}

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
    return strcmp((*(struct cty_record *const *)a)->key, (*(struct cty_record *const *)b)->key);
}

static custody_err flush_list(struct cty_memory *memory, struct cty_record **list, size_t count)
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
    CTY_AUTO_FREE struct cty_record **list = cty_alloc(memory->records + 1, sizeof(struct cty_record *));
    if (!list)
        return CUSTODY_E_NO_MEMORY;
    for (uint64_t i = 0; i < memory->buckets_count; i++) {
        for (struct cty_record *record = memory->buckets[i]; record; record = record->next) {
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
        for (struct cty_record **place = &memory->buckets[i]; *place;) {
            struct cty_record *record = *place;
            if (record->turn >= turn) {
                place = &record->next;
                continue;
            }
            *place = record->next;
            memory->records--;
            memory->bytes -= cty_record_weight(record);
            cty_record_free(record);
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
