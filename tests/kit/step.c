/* SPDX-License-Identifier: Apache-2.0 */
#include "kit/step.h"

#include "base/check.h"
#include "codec/text.h"

#define MUST(expression) CTY_CHECK((expression) == CUSTODY_OK)

static void link_case(struct world *w, struct world_step *step)
{
    char key[CTY_VIEW_KEY_MAX] = "case/";
    cty_hex_write(step->st.case_id.bytes, CTY_HASH_SIZE, key + 5);
    if (!(cty_type_flags(step->st.type) & CTY_TYPE_CASE) || !cty_memory_get(w->memory, key).data)
        return;
    struct cty_case *c = cty_alloc(1, sizeof(*c));
    CTY_CHECK(c);
    world_case(w, &step->st.case_id, c);
    step->entry.case_prev = (struct cty_opt_hash){c->last, true};
    cty_free_pointer(&c);
}

void world_step_init(struct world *w, const struct cty_statement *st, struct world_step *ret_step)
{
    memset(ret_step, 0, sizeof(*ret_step));
    ret_step->st = *st;
    ret_step->entry.index = cty_memory_size(w->memory);
    ret_step->entry.time = w->time;
    if (ret_step->entry.index == 0)
        return;
    struct cty_ledger_record ledger;
    world_ledger(w, &ledger);
    ret_step->entry.prev = (struct cty_opt_hash){ledger.last, true};
    ret_step->entry.trust = (struct cty_opt_hash){ledger.trust, true};
    link_case(w, ret_step);
}

/* The keys by which the signers would have signed; unknown ones stay zero, and the fold says so. */
static void find_keys(struct world *w, struct world_step *step)
{
    struct cty_bytes names[CTY_SIGNERS_MAX];
    struct cty_buf memory = CTY_BUF_INIT(1024);
    custody_err err = CUSTODY_E_VIEW_INCOMPLETE;
    memset(step->in.keys, 0, sizeof(step->in.keys));
    cty_view_clear(&w->view);
    while (err == CUSTODY_E_VIEW_INCOMPLETE) {
        cty_buf_clear(&memory);
        err = cty_fold_keys(&w->view, &step->st, &memory, step->in.keys, names, NULL);
        if (err == CUSTODY_E_VIEW_INCOMPLETE)
            MUST(cty_memory_fill(w->memory, &w->view, NULL, NULL));
    }
    cty_buf_done(&memory);
}

/* The digest is that of the body alone and the leaf that of digest, place and time: unique is all they must be. */
static void seal(struct world *w, struct world_step *step)
{
    struct cty_buf body = CTY_BUF_INIT(CTY_STATEMENT_BYTES_MAX * 2);
    MUST(cty_statement_encode(&step->st, &body));
    step->digest = cty_sha256(cty_buf_bytes(&body));
    cty_buf_done(&body);
    struct cty_bytes parts[] = {cty_hash_bytes(&step->digest),
                                cty_bytes_make(&step->entry.index, sizeof(step->entry.index)),
                                cty_bytes_make(&step->entry.time, sizeof(step->entry.time))};
    step->in.leaf = cty_sha256_parts(parts, CTY_COUNT_OF(parts));
    step->in.entry = &step->entry;
    step->in.statement = &step->st;
    step->in.digest = &step->digest;
    if (!step->foreign_keys)
        find_keys(w, step);
}

custody_err world_step_fold(struct world *w, struct world_step *step)
{
    seal(w, step);
    return cty_memory_fold(w->memory, &w->view, &step->in, &w->delta, NULL, NULL, &w->error);
}

/* Fills what is wanted, so that `missing` also speaks for records that the memory holds. */
static custody_err fill(struct world *w, enum cty_view_status (*missing)(void *context, const char *key),
                        void *context)
{
    for (size_t i = 0; i < w->view.count; i++) {
        struct cty_view_slot *slot = &w->view.slots[i];
        if (slot->status != CTY_VIEW_WANTED)
            continue;
        enum cty_view_status status = missing(context, slot->key);
        if (status != CTY_VIEW_PRESENT)
            slot->status = status;
    }
    return cty_memory_fill(w->memory, &w->view, NULL, NULL);
}

custody_err world_step_try(struct world *w, struct world_step *step,
                           enum cty_view_status (*missing)(void *context, const char *key), void *context)
{
    seal(w, step);
    cty_view_clear(&w->view);
    custody_err err = CUSTODY_E_VIEW_INCOMPLETE;
    while (err == CUSTODY_E_VIEW_INCOMPLETE) {
        err = cty_fold(&w->view, &step->in, &w->delta, &w->error);
        if (err != CUSTODY_E_VIEW_INCOMPLETE)
            return err;
        MUST(missing ? fill(w, missing, context) : cty_memory_fill(w->memory, &w->view, NULL, NULL));
    }
    return err;
}
