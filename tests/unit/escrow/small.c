/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/escrow/small.h"

#include "codec/text.h"

struct small_value {
    size_t users;
    size_t size;
    uint8_t bytes[];
};

void small_begin(struct small *small, struct world *w)
{
    small->w = w;
    small->delta.memory.limit = CTY_DELTA_BYTES_MAX;
    small->root = bench_hash(w);
    small->case_id = bench_hash(w);
    memcpy(small->case_key, "case/", 5);
    cty_hex_write(small->root.bytes, CTY_HASH_SIZE, small->root_text);
    cty_hex_write(small->case_id.bytes, CTY_HASH_SIZE, small->case_key + 5);
}

void small_end(struct small *small)
{
    cty_delta_done(&small->delta);
    world_free(small->w);
    memset(small, 0, sizeof(*small));
}

/* Records. */

struct cty_bytes small_lookup(const struct small *small, const struct small_records *records, const char *key)
{
    for (size_t i = 0; i < records->count; i++) {
        if (strcmp(records->list[i].key, key) == 0)
            return cty_bytes_make(records->list[i].value->bytes, records->list[i].value->size);
    }
    if (strncmp(key, "root/", 5) == 0)
        return cty_bytes_make(small->root_text, 64);
    return cty_memory_get(small->w->memory, key);
}

void small_decode(const struct small *small, const struct small_records *records, const struct cty_shape *shape,
                  const char *key, void *ret)
{
    static struct cty_json tape;
    assert_ok(cty_record_decode(shape, small_lookup(small, records, key), &tape, ret, NULL));
}

bool small_case(const struct small *small, const struct small_records *records, struct cty_case *ret)
{
    memset(ret, 0, sizeof(*ret));
    if (!small_lookup(small, records, small->case_key).data)
        return false;
    small_decode(small, records, &cty_shape_case, small->case_key, ret);
    return true;
}

/* Keys live as long as the program. */
static const char *intern(const char *key)
{
    static char *keys[64];
    static size_t count;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(keys[i], key) == 0)
            return keys[i];
    }
    assert_true(count < CTY_COUNT_OF(keys));
    return keys[count++] = strdup(key);
}

static void value_drop(struct small_value *value)
{
    if (--value->users == 0)
        free(value);
}

static void put(struct small_records *records, const char *key, struct cty_bytes bytes)
{
    struct small_value *value = malloc(sizeof(*value) + bytes.size);
    assert_non_null(value);
    value->users = 1;
    value->size = bytes.size;
    memcpy(value->bytes, bytes.data, bytes.size);
    for (size_t i = 0; i < records->count; i++) {
        if (strcmp(records->list[i].key, key) != 0)
            continue;
        value_drop(records->list[i].value);
        records->list[i].value = value;
        return;
    }
    assert_true(records->count < SMALL_RECORDS_MAX);
    records->list[records->count].key = intern(key);
    records->list[records->count++].value = value;
}

void small_hold(struct small_records *copy)
{
    for (size_t i = 0; i < copy->count; i++)
        copy->list[i].value->users++;
}

void small_drop(struct small_records *records)
{
    for (size_t i = 0; i < records->count; i++)
        value_drop(records->list[i].value);
}

static bool begins_with_one(const char *key, const char *const prefixes[])
{
    for (; *prefixes; prefixes++) {
        if (strncmp(key, *prefixes, strlen(*prefixes)) == 0)
            return true;
    }
    return false;
}

void small_take(const struct small *small, struct small_records *records, const char *const without[])
{
    for (size_t i = 0; i < small->delta.count; i++) {
        if (!begins_with_one(small->delta.puts[i].key, without))
            put(records, small->delta.puts[i].key, small->delta.puts[i].value);
    }
}

/* Folding. */

void small_unique(struct small *small, void *out, size_t size)
{
    struct cty_hash hash = cty_sha256(cty_bytes_make(&small->counter, sizeof(small->counter)));
    small->counter++;
    memcpy(out, hash.bytes, size);
}

static void fill(struct small *small, const struct small_records *records)
{
    for (size_t i = 0; i < small->view.count; i++) {
        struct cty_view_slot *slot = &small->view.slots[i];
        if (slot->status != CTY_VIEW_WANTED)
            continue;
        slot->value = small_lookup(small, records, slot->key);
        slot->status = slot->value.data ? CTY_VIEW_PRESENT : CTY_VIEW_ABSENT;
    }
}

custody_err small_fold(struct small *small, const struct small_records *records, uint64_t time, struct cty_statement *st,
                       const struct cty_case *c, struct cty_fold_input *in)
{
    struct cty_ledger_record ledger = {0};
    small_decode(small, records, &cty_shape_ledger_record, "ledger", &ledger);
    st->seen.size = ledger.size;
    struct cty_entry entry = {.index = ledger.size, .time = time, .prev = {ledger.last, true},
                              .trust = {ledger.trust, true}};
    if (c && (cty_type_flags(st->type) & CTY_TYPE_CASE))
        entry.case_prev = (struct cty_opt_hash){c->last, true};
    small_unique(small, &in->leaf, CTY_HASH_SIZE);
    in->entry = &entry;
    in->statement = st;
    cty_view_clear(&small->view);
    custody_err err = CUSTODY_E_VIEW_INCOMPLETE;
    while (err == CUSTODY_E_VIEW_INCOMPLETE) {
        fill(small, records);
        err = cty_fold(&small->view, in, &small->delta, NULL);
    }
    in->entry = NULL;
    return err;
}

void small_clerk(struct small *small, const struct small_records *records, uint64_t time, struct cty_statement *st)
{
    static struct cty_json tape;
    custody_err err = CUSTODY_E_VIEW_INCOMPLETE;
    st->signers[st->signers_count++] = CTY_LITERAL("clerk");
    st->until = time;
    if (st->type == CTY_VERDICT)
        small_unique(small, st->u.verdict.instance, 16);
    cty_view_clear(&small->view);
    while (err == CUSTODY_E_VIEW_INCOMPLETE) {
        fill(small, records);
        err = st->type == CTY_VERDICT ? cty_clerk_verdict(&small->view, &small->case_id, time, st, &tape, NULL)
                                      : cty_clerk_release(&small->view, &small->case_id, time, st, &tape, NULL);
    }
    assert_ok(err);
}

/* States. */

long long small_from_now(uint64_t moment, uint64_t now)
{
    return moment < now ? -1 : (long long)(moment - now);
}

void small_forms_begin(struct small_forms *forms, size_t size)
{
    forms->texts = calloc(size, sizeof(*forms->texts));
    forms->numbers = calloc(size, sizeof(*forms->numbers));
    assert_true(forms->texts && forms->numbers);
    forms->size = size;
    forms->count = 0;
}

void small_forms_end(struct small_forms *forms)
{
    for (size_t i = 0; i < forms->size; i++)
        free(forms->texts[i]);
    free(forms->texts);
    free(forms->numbers);
    memset(forms, 0, sizeof(*forms));
}

bool small_forms_add(struct small_forms *forms, const char *form, uint32_t *ret_number)
{
    struct cty_hash hash = cty_sha256(cty_bytes_text(form));
    uint32_t start;
    memcpy(&start, hash.bytes, sizeof(start));
    size_t place = start & (forms->size - 1);
    for (; forms->texts[place]; place = (place + 1) & (forms->size - 1)) {
        if (strcmp(forms->texts[place], form) == 0) {
            *ret_number = forms->numbers[place];
            return false;
        }
    }
    forms->texts[place] = strdup(form);
    forms->numbers[place] = *ret_number = forms->count++;
    assert_true(forms->count < forms->size / 2);
    return true;
}

void small_queue_push(struct small_queue *queue, void *state)
{
    if (queue->tail == queue->capacity) {
        queue->capacity = queue->capacity ? queue->capacity * 2 : 4096;
        queue->list = realloc(queue->list, queue->capacity * sizeof(*queue->list));
        assert_non_null(queue->list);
    }
    queue->list[queue->tail++] = state;
}
