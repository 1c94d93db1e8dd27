/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/text.h"
#include "unit/escrow/bench.h"

static void make_one(struct world *w, const struct cty_statement *lawful, const struct fault *a,
                     const struct fault *b, struct world_step *step)
{
    world_step_init(w, lawful, step);
    if (a && b && b->first) {
        b->make(w, step);
        a->make(w, step);
        return;
    }
    if (a)
        a->make(w, step);
    if (b)
        b->make(w, step);
}

static void expect(struct world *w, const struct cty_statement *lawful, const struct fault *a, const struct fault *b)
{
    struct world_step *step = test_malloc(sizeof(*step));
    make_one(w, lawful, a, b, step);
    const char *wanted = a ? a->code : "ok";
    custody_err err = world_step_try(w, step, NULL, NULL);
    if (strcmp(custody_err_name(err), wanted) != 0)
        fail_msg("%s with %s%s%s: %s instead of %s (%s)", cty_type_name(lawful->type), a ? a->name : "nothing",
                 b ? " and " : "", b ? b->name : "", custody_err_name(err), wanted,
                 err == CUSTODY_OK ? "" : w->error.detail);
    test_free(step);
}

size_t faults_check(struct world *w, const struct cty_statement *lawful, const struct fault *faults, size_t count)
{
    size_t tried = 1;
    expect(w, lawful, NULL, NULL);
    for (size_t i = 0; i < count; i++) {
        expect(w, lawful, &faults[i], NULL);
        tried++;
        for (size_t k = i + 1; k < count; k++) {
            if (faults[i].group != 0 && faults[i].group == faults[k].group)
                continue;
            expect(w, lawful, &faults[i], &faults[k]);
            tried++;
        }
    }
    return tried;
}

void fault_index(struct world *w, struct world_step *step)
{
    (void)w;
    step->entry.index++;
}

void fault_prev(struct world *w, struct world_step *step)
{
    step->entry.prev.hash = bench_hash(w);
}

void fault_trust(struct world *w, struct world_step *step)
{
    step->entry.trust.hash = bench_hash(w);
}

/* One millisecond before the newest entry. */
void fault_time(struct world *w, struct world_step *step)
{
    struct cty_ledger_record ledger;
    world_ledger(w, &ledger);
    step->entry.time = ledger.time - 1;
}

void fault_id(struct world *w, struct world_step *step)
{
    /* Entry 0 of every world has the first id that its generator gives. */
    uint64_t random = w->random;
    w->random = 0;
    world_random(w, step->st.id, sizeof(step->st.id));
    w->random = random;
}

void fault_ledger(struct world *w, struct world_step *step)
{
    (void)w;
    step->st.ledger = CTY_LITERAL("custody.example/other");
}

void fault_clerk_signs(struct world *w, struct world_step *step)
{
    (void)w;
    step->st.signers[0] = cty_type_flags(step->st.type) & CTY_TYPE_CLERK ? CTY_LITERAL("acme/a")
                                                                         : CTY_LITERAL("clerk");
}

void fault_second_signer(struct world *w, struct world_step *step)
{
    (void)w;
    step->st.signers[1] = CTY_LITERAL("acme/dave");
    step->st.signers_count = 2;
}

void fault_signer_unknown(struct world *w, struct world_step *step)
{
    (void)w;
    step->st.signers[0] = CTY_LITERAL("acme/nobody");
}

void fault_signer_revoked(struct world *w, struct world_step *step)
{
    (void)w;
    step->st.signers[0] = CTY_LITERAL("acme/gone");
}

/* Signed by a key that is not the signer's. */
void fault_key(struct world *w, struct world_step *step)
{
    step->foreign_keys = true;
    for (uint32_t i = 0; i < CTY_SIGNERS_MAX; i++)
        step->in.keys[i] = *cty_secret_key(world_secret(w, "acme/thief"));
}

void fault_until(struct world *w, struct world_step *step)
{
    (void)w;
    step->st.until = step->entry.time - 1;
}

void fault_seen_size(struct world *w, struct world_step *step)
{
    step->st.seen.size = cty_memory_size(w->memory) + 1;
}

/* The empty tree is nobody's checkpoint: entry 0 stands since the ledger began. */
void fault_seen_nothing(struct world *w, struct world_step *step)
{
    step->st.seen.size = 0;
    assert_ok(cty_memory_root(w->memory, 0, &step->st.seen.root));
}

void fault_seen_root(struct world *w, struct world_step *step)
{
    step->st.seen.root = bench_hash(w);
}

void fault_case(struct world *w, struct world_step *step)
{
    step->st.case_id = bench_hash(w);
}

void fault_case_prev(struct world *w, struct world_step *step)
{
    step->entry.case_prev = (struct cty_opt_hash){bench_hash(w), true};
}

void fault_after(struct world *w, struct world_step *step)
{
    step->st.after = bench_hash(w);
}

/* A checkpoint of this ledger, from before what is answered. */
void fault_seen_short(struct world *w, struct world_step *step)
{
    char key[CTY_VIEW_KEY_MAX] = "case/";
    cty_hex_write(step->st.case_id.bytes, CTY_HASH_SIZE, key + 5);
    if (!cty_memory_get(w->memory, key).data)
        return;
    step->st.seen.size = case_get(w, &step->st.case_id)->anchor_index;
    assert_ok(cty_memory_root(w->memory, step->st.seen.size, &step->st.seen.root));
}

void fault_clerk_until(struct world *w, struct world_step *step)
{
    (void)w;
    step->st.until = step->entry.time + 1;
}

void fault_clerk_time(struct world *w, struct world_step *step)
{
    (void)w;
    step->st.time = step->entry.time + 1;
}

void fault_other_case(struct world *w, struct world_step *step, const struct cty_hash *id)
{
    const struct cty_case *c = case_get(w, id);
    struct cty_statement *st = &step->st;
    st->case_id = *id;
    st->after = c->anchor;
    step->entry.case_prev = (struct cty_opt_hash){c->last, true};
    if (st->type == CTY_ACCEPT)
        st->u.accept = (struct cty_accept){c->offer.obligations, c->offer.digest};
    if (st->type == CTY_DECLINE)
        st->u.decline.offer = c->offer.digest;
    if (st->type == CTY_WITHDRAW)
        st->u.withdraw.offer = c->offer.digest;
    if (st->type == CTY_OFFER && c->hops_count)
        st->u.offer.previous.hash = c->hops[c->hops_count - 1].offer;
}
