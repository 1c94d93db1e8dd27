/* SPDX-License-Identifier: Apache-2.0 */
/* Folds over a memory: what a view wants is filled in, and what a lawful entry changes is taken in. */
#include "audit/memory_inner.h"
#include "base/check.h"
#include "codec/text.h"

/* "root/<size>" is computed; the texts live in a small table of the memory's own. */
static custody_err fill_root(const struct cty_memory *memory, struct cty_view_slot *slot)
{
    uint64_t size = 0;
    struct cty_hash root;
    CTY_TRY(cty_u64_parse(cty_bytes_text(slot->key + 5), CTY_NUMBER_MAX, &size));
    struct cty_root_text *cached = (struct cty_root_text *)(uintptr_t)&memory->roots[size % CTY_ROOTS_HELD];
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
static struct cty_guesses *guesses_of(struct cty_memory *memory, enum cty_type type)
{
    if (memory->sparse)
        return NULL;
    if (!memory->guesses)
        memory->guesses = cty_alloc(CTY_TYPE_COUNT, sizeof(*memory->guesses));
    return memory->guesses ? &memory->guesses[type] : NULL;
}

static custody_err want_guessed(const struct cty_guesses *guesses, struct cty_view *view)
{
    enum cty_view_status status;
    struct cty_bytes value;
    for (unsigned i = 0; guesses && i < guesses->count && i < CTY_GUESSES_MAX; i++)
        CTY_TRY(cty_view_get(view, guesses->keys[i], &status, &value));
    return CUSTODY_OK;
}

/* What came in later rounds takes the place of what was guessed; where nothing did, the guess was good. */
static void learn_guesses(struct cty_guesses *guesses, const struct cty_view *view, size_t from)
{
    if (!guesses || from >= view->count)
        return;
    for (size_t i = from; i < view->count; i++) {
        const char *key = view->slots[i].key;
        bool again = strncmp(key, "policy/", 7) == 0 || strncmp(key, "author/", 7) == 0 || strncmp(key, "party/", 6) == 0 ||
                     strncmp(key, "actor/", 6) == 0;
        if (again)
            memcpy(guesses->keys[guesses->count++ % CTY_GUESSES_MAX], key, view->slots[i].key_size + 1);
        if (guesses->count == 2 * CTY_GUESSES_MAX)
            guesses->count = CTY_GUESSES_MAX;
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
    struct cty_guesses *guesses = guesses_of(memory, input->statement->type);
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
