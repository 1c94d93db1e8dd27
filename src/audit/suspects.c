/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys that turned out stolen: what they signed before anybody said so stands, and whoever reads it should know. A case's
 * record names the digests of the decisions and offers it rests on; where they stand in the ledger, the records of
 * ids know.
 */
#include "audit/words.h"

#include <stdio.h>
#include <stdlib.h>

#include "codec/text.h"

struct suspect {
    struct cty_hash digest; /* of the decision or offer */
    uint64_t entry;         /* that holds it; or UINT64_MAX */
    uint64_t opened;        /* the case's request */
    bool handed;            /* an offer */
    char name[CTY_ACTOR_NAME_BYTES_MAX + 1];
    char how[CTY_THIEF_WORDS_MAX];
};

#define PLACE "signed "

struct suspect_case {
    char id[2 * CTY_HASH_SIZE + 1];
};

struct suspects {
    struct cty_step *step;
    struct suspect *items; /* by digest, later by entry */
    size_t count, capacity;
    struct suspect_case *cases;
    size_t cases_count, cases_capacity;
    bool unplaced; /* where some of them stand is to be looked for */
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
    struct cty_actor_record own;
    const void *actor = NULL;
    char key[CTY_VIEW_KEY_MAX];
    cty_view_key(key, "actor/%.*s", (int)name.size, (const char *)name.data);
    CTY_TRY(cty_step_look(all->step, &cty_shape_actor_record, key, &own, &actor));
    if (!actor || !cty_step_thief(actor, rotation, time, suspect.how) || name.size > CTY_ACTOR_NAME_BYTES_MAX)
        return CUSTODY_OK;
    memcpy(suspect.name, name.data, name.size);
    return add(all, &suspect);
}

static custody_err look_into(struct suspects *all, const struct cty_case *c)
{
    for (uint32_t i = 0; c->release.present && i < c->decisions_count; i++) {
        const struct cty_case_decision *decision = &c->decisions[i];
        struct suspect suspect = {.digest = decision->digest, .entry = UINT64_MAX, .opened = c->opened};
        CTY_TRY(consider(all, suspect, decision->actor, decision->rotation, decision->time));
    }
    for (uint32_t i = 0; i < c->hops_count; i++) {
        const struct cty_case_hop *hop = &c->hops[i];
        struct suspect suspect = {.digest = hop->offer, .entry = UINT64_MAX, .opened = c->opened, .handed = true};
        CTY_TRY(consider(all, suspect, hop->from, hop->rotation, hop->offered));
    }
    return CUSTODY_OK;
}

static custody_err add_suspect_case(struct suspects *all, const char *id)
{
    if (all->cases_count == all->cases_capacity) {
        size_t capacity = all->cases_capacity ? all->cases_capacity * 2 : 16;
        struct suspect_case *cases = realloc(all->cases, capacity * sizeof(*cases));
        if (!cases)
            return CUSTODY_E_NO_MEMORY;
        all->cases = cases;
        all->cases_capacity = capacity;
    }
    snprintf(all->cases[all->cases_count++].id, sizeof(all->cases[0].id), "%s", id);
    return CUSTODY_OK;
}

/* Every case of the ledger: after a revocation, which may reach back to any. */
static custody_err look_at_case(void *context, const char *key, struct cty_bytes value)
{
    struct suspects *all = context;
    struct cty_case c;
    size_t before = all->count;
    struct cty_json tape = CTY_JSON_INIT;
    custody_err err = cty_memo_decode(NULL, &cty_shape_case, key, value, &tape, &c, NULL);
    cty_memo_turn(all->step->view.memo);
    if (err == CUSTODY_OK)
        err = look_into(all, &c);
    cty_json_done(&tape);
    CTY_TRY(err);
    CTY_TRY(cty_memory_trim(all->step->memory));
    return all->count > before ? add_suspect_case(all, key + strlen("case/")) : CUSTODY_OK;
}

/* One that was found before. */
static custody_err look_again(void *context, const char *key, struct cty_bytes value)
{
    struct suspects *all = context;
    return cty_bytes_is(value, CTY_SUSPECT_MARKED) ? add_suspect_case(all, key + strlen(CTY_SUSPECT_MARK)) : CUSTODY_OK;
}

static custody_err look_at_marked(struct suspects *all)
{
    CTY_TRY(cty_memory_each_of(all->step->asked, CTY_SUSPECT_MARK, look_again, all));
    for (size_t i = 0; i < all->cases_count; i++) {
        char key[CTY_VIEW_KEY_MAX];
        struct cty_case own;
        const void *c = NULL;
        cty_view_key(key, "case/%s", all->cases[i].id);
        cty_memo_turn(all->step->view.memo);
        CTY_TRY(cty_step_look(all->step, &cty_shape_case, key, &own, &c));
        if (c)
            CTY_TRY(look_into(all, c));
    }
    return CUSTODY_OK;
}

static custody_err mark(struct cty_step *step, const char *id, bool suspect)
{
    char key[CTY_VIEW_KEY_MAX];
    cty_view_key(key, CTY_SUSPECT_MARK "%s", id);
    bool marked = cty_bytes_is(cty_memory_get(step->asked, key), CTY_SUSPECT_MARKED);
    return marked == suspect ? CUSTODY_OK
                             : cty_memory_put(step->asked, key, suspect ? CTY_LITERAL(CTY_SUSPECT_MARKED) : CTY_LITERAL("no"));
}

custody_err cty_suspects_note(struct cty_step *step, const struct cty_statement *st, const struct cty_case *c)
{
    char id[2 * CTY_HASH_SIZE + 1];
    struct suspects all = {.step = step};
    if (st->type == CTY_ACTOR_REVOKE)
        step->revoked = step->revoked_since = true;
    /* Whoever looks at all cases in the end needs no marks until then. */
    if (!c || !step->revoked || step->revoked_since)
        return CUSTODY_OK;
    custody_err err = look_into(&all, c);
    cty_hex_write(step->delta.case_id.bytes, CTY_HASH_SIZE, id);
    if (err == CUSTODY_OK)
        err = mark(step, id, all.count > 0);
    free(all.items);
    return err;
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
    (void)key;
    custody_err err = cty_record_decode(&cty_shape_id_record, value, &tape, &id, NULL);
    cty_json_done(&tape);
    CTY_TRY(err);
    const struct suspect wanted = {.digest = id.digest};
    struct suspect *suspect = bsearch(&wanted, all->items, all->count, sizeof(*all->items), by_digest);
    if (suspect)
        suspect->entry = id.index;
    return CUSTODY_OK;
}

static void place_key(const struct suspect *suspect, char ret_key[CTY_VIEW_KEY_MAX])
{
    char hex[2 * CTY_HASH_SIZE + 1];
    cty_hex_write(suspect->digest.bytes, CTY_HASH_SIZE, hex);
    cty_view_key(ret_key, PLACE "%s", hex);
}

/* Where they stand, if that was found out before. */
static void recall_places(struct suspects *all)
{
    for (size_t i = 0; i < all->count; i++) {
        char key[CTY_VIEW_KEY_MAX];
        place_key(&all->items[i], key);
        struct cty_bytes known = cty_memory_get(all->step->asked, key);
        if (known.size == sizeof(all->items[i].entry))
            memcpy(&all->items[i].entry, known.data, known.size);
        else
            all->unplaced = true;
    }
}

static custody_err keep_places(struct suspects *all)
{
    for (size_t i = 0; i < all->count; i++) {
        char key[CTY_VIEW_KEY_MAX];
        place_key(&all->items[i], key);
        CTY_TRY(cty_memory_put(all->step->asked, key, cty_bytes_make(&all->items[i].entry, sizeof(uint64_t))));
    }
    return CUSTODY_OK;
}

static custody_err find_places(struct suspects *all)
{
    recall_places(all);
    if (!all->unplaced)
        return CUSTODY_OK;
    CTY_TRY(cty_memory_each_of(all->step->memory, "id/", look_at_id, all));
    return keep_places(all);
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

/* Marks of cases that are suspect no longer go; the others are set. */
static custody_err mark_all(struct suspects *all)
{
    size_t found = all->cases_count;
    CTY_TRY(cty_memory_each_of(all->step->asked, CTY_SUSPECT_MARK, look_again, all));
    for (size_t i = found; i < all->cases_count; i++)
        CTY_TRY(mark(all->step, all->cases[i].id, false));
    for (size_t i = 0; i < found; i++)
        CTY_TRY(mark(all->step, all->cases[i].id, true));
    all->cases_count = found;
    return CUSTODY_OK;
}

static custody_err find_all(struct suspects *all)
{
    struct cty_step *step = all->step;
    if (!step->revoked)
        return CUSTODY_OK;
    if (step->revoked_since) {
        CTY_TRY(cty_memory_each_of(step->memory, "case/", look_at_case, all));
        CTY_TRY(mark_all(all));
    } else {
        CTY_TRY(look_at_marked(all));
    }
    step->suspect_cases = all->cases_count;
    step->revoked_since = false;
    if (all->count == 0)
        return CUSTODY_OK;
    qsort(all->items, all->count, sizeof(*all->items), by_digest);
    CTY_TRY(find_places(all));
    qsort(all->items, all->count, sizeof(*all->items), by_entry);
    tell(all);
    return CUSTODY_OK;
}

custody_err cty_suspects_find(struct cty_step *step)
{
    struct suspects all = {.step = step};
    custody_err err = find_all(&all);
    free(all.items);
    free(all.cases);
    return err;
}
