/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys that turned out stolen: what they signed before anybody said so stands, and whoever reads it should know. A case's
 * record names the digests of the decisions and offers it rests on; where they stand in the ledger, the records of
 * ids know.
 */
#include "audit/words.h"

#include <stdlib.h>

struct suspect {
    struct cty_hash digest; /* of the decision or offer */
    uint64_t entry;         /* that holds it; or UINT64_MAX */
    uint64_t opened;        /* the case's request */
    bool handed;            /* an offer */
    char name[CTY_ACTOR_NAME_BYTES_MAX + 1];
    char how[CTY_THIEF_WORDS_MAX];
};

struct suspects {
    const struct cty_step *step;
    struct suspect *items; /* by digest, later by entry */
    size_t count, capacity;
};

static custody_err add(struct suspects *all, const struct suspect *suspect)
{
    if (all->count == all->capacity) {
        size_t capacity = all->capacity ? all->capacity * 2 : 16;
        struct suspect *items = realloc(all->items, capacity * sizeof(*items));
        if (!items)
            return CUSTODY_E_NO_MEMORY;
        all->items = items;
        all->capacity = capacity;
    }
    all->items[all->count++] = *suspect;
    return CUSTODY_OK;
}

static custody_err consider(struct suspects *all, struct suspect suspect, struct cty_bytes name, uint64_t rotation,
                            uint64_t time)
{
    struct cty_actor_record actor;
    bool found = false;
    CTY_TRY(cty_step_actor(all->step->memory, name, &actor, &found));
    if (!found || !cty_step_thief(&actor, rotation, time, suspect.how) || name.size > CTY_ACTOR_NAME_BYTES_MAX)
        return CUSTODY_OK;
    memcpy(suspect.name, name.data, name.size);
    return add(all, &suspect);
}

static custody_err look_at_case(void *context, const char *key, struct cty_bytes value)
{
    struct suspects *all = context;
    struct cty_case c = {0};
    struct cty_json tape = CTY_JSON_INIT;
    if (strncmp(key, "case/", 5) != 0)
        return CUSTODY_OK;
    custody_err err = cty_record_decode(&cty_shape_case, value, &tape, &c, NULL);
    cty_json_done(&tape);
    CTY_TRY(err);
    for (uint32_t i = 0; c.release.present && i < c.decisions_count; i++) {
        const struct cty_case_decision *decision = &c.decisions[i];
        struct suspect suspect = {.digest = decision->digest, .entry = UINT64_MAX, .opened = c.opened};
        CTY_TRY(consider(all, suspect, decision->actor, decision->rotation, decision->time));
    }
    for (uint32_t i = 0; i < c.hops_count; i++) {
        const struct cty_case_hop *hop = &c.hops[i];
        struct suspect suspect = {.digest = hop->offer, .entry = UINT64_MAX, .opened = c.opened, .handed = true};
        CTY_TRY(consider(all, suspect, hop->from, hop->rotation, hop->offered));
    }
    return CUSTODY_OK;
}

static int by_digest(const void *a, const void *b)
{
    return memcmp(((const struct suspect *)a)->digest.bytes, ((const struct suspect *)b)->digest.bytes, CTY_HASH_SIZE);
}

static int by_entry(const void *a, const void *b)
{
    const struct suspect *x = a, *y = b;
    return x->entry < y->entry ? -1 : x->entry > y->entry;
}

static custody_err look_at_id(void *context, const char *key, struct cty_bytes value)
{
    struct suspects *all = context;
    struct cty_id_record id = {.index = 0};
    struct cty_json tape = CTY_JSON_INIT;
    if (strncmp(key, "id/", 3) != 0)
        return CUSTODY_OK;
    custody_err err = cty_record_decode(&cty_shape_id_record, value, &tape, &id, NULL);
    cty_json_done(&tape);
    CTY_TRY(err);
    const struct suspect wanted = {.digest = id.digest};
    struct suspect *suspect = bsearch(&wanted, all->items, all->count, sizeof(*all->items), by_digest);
    if (suspect)
        suspect->entry = id.index;
    return CUSTODY_OK;
}

static void tell(struct suspects *all)
{
    for (size_t i = 0; i < all->count; i++) {
        const struct suspect *suspect = &all->items[i];
        cty_report_finding(all->step->report, "key-suspect",
                           suspect->entry == UINT64_MAX ? suspect->opened : suspect->entry,
                           "%s %s the case of entry %llu, %s as of before that", suspect->name,
                           suspect->handed ? "handed on" : "approved", (unsigned long long)suspect->opened,
                           suspect->how);
    }
}

custody_err cty_suspects_find(struct cty_step *step)
{
    struct suspects all = {.step = step};
    custody_err err = cty_memory_each(step->memory, look_at_case, &all);
    if (err == CUSTODY_OK && all.count) {
        qsort(all.items, all.count, sizeof(*all.items), by_digest);
        err = cty_memory_each(step->memory, look_at_id, &all);
        qsort(all.items, all.count, sizeof(*all.items), by_entry);
        if (err == CUSTODY_OK)
            tell(&all);
    }
    free(all.items);
    return err;
}
