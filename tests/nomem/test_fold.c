/* SPDX-License-Identifier: Apache-2.0 */
/* The rules, entry by entry: one of every type, judged on the state that it stands on; and what the clerk and readers ask. */
#include "escrow/fold.h"
#include "story.h"
#include "walk.h"

static struct {
    struct story story;
    struct cty_memory *memory; /* of the entries before */
    struct cty_parsed_entry parsed;
    struct cty_hash leaf;
    struct cty_view view;
    struct cty_json tape;
    struct cty_statement statement;
    const struct cty_hash *case_id;
    uint64_t time;
    struct cty_buf out;
} here;

static void begin(void *context)
{
    (void)context;
    here.out = CTY_BUF_INIT(1 << 20);
    cty_view_clear(&here.view);
}

static void end(void *context)
{
    (void)context;
    cty_buf_done(&here.out);
    cty_json_done(&here.tape);
}

static void look(void *context, struct cty_buf *out)
{
    (void)context;
    assert_ok(cty_buf_put_bytes(out, cty_buf_bytes(&here.out)));
}

static custody_err answer(custody_err err)
{
    if (err != CUSTODY_OK)
        cty_buf_clear(&here.out);
    return err;
}

/* Asks again with what the view wanted, as every caller of the fold does. */
#define ASK(err, expression)                                                                                       \
    do {                                                                                                           \
        cty_view_clear(&here.view);                                                                                \
        (err) = CUSTODY_E_VIEW_INCOMPLETE;                                                                         \
        while ((err) == CUSTODY_E_VIEW_INCOMPLETE) {                                                               \
            (err) = (expression);                                                                                  \
            if ((err) == CUSTODY_E_VIEW_INCOMPLETE)                                                                \
                CTY_CHECK(cty_memory_fill(here.memory, &here.view, NULL, NULL) == CUSTODY_OK);                     \
        }                                                                                                          \
    } while (0)

/* --- every type ------------------------------------------------------------------------------------------- */

static custody_err find_keys(struct cty_fold_input *in)
{
    struct cty_bytes names[CTY_SIGNERS_MAX];
    struct cty_buf memory = CTY_BUF_INIT(4096);
    custody_err err;
    ASK(err, (cty_buf_clear(&memory),
              cty_fold_keys(&here.view, &here.parsed.signed_statement.statement, &memory, in->keys, names, NULL)));
    cty_buf_done(&memory);
    return err;
}

static struct cty_fold_input input(void)
{
    return (struct cty_fold_input){.entry = &here.parsed.entry,
                                   .statement = &here.parsed.signed_statement.statement,
                                   .digest = &here.parsed.signed_statement.digest,
                                   .leaf = here.leaf};
}

static custody_err put_delta(const struct cty_delta *delta)
{
    for (size_t i = 0; i < delta->count; i++) {
        CTY_TRY(cty_buf_put_text(&here.out, delta->puts[i].key));
        CTY_TRY(cty_buf_put_bytes(&here.out, delta->puts[i].value));
    }
    return CUSTODY_OK;
}

/* A delta and a memo of its own, so that nothing is there yet from the entry before. */
static custody_err fold(void *context)
{
    struct cty_delta delta = {.count = 0};
    struct cty_fold_input in = input();
    (void)context;
    custody_err err = cty_memo_new(&here.view.memo);
    if (err == CUSTODY_OK)
        err = find_keys(&in);
    if (err == CUSTODY_OK)
        ASK(err, cty_fold(&here.view, &in, &delta, NULL));
    if (err == CUSTODY_OK)
        err = put_delta(&delta);
    cty_view_clear(&here.view);
    cty_memo_free(here.view.memo);
    here.view.memo = NULL;
    cty_delta_done(&delta);
    return answer(err);
}

static void take_in(struct cty_view *view)
{
    struct cty_delta delta = {.count = 0};
    struct cty_fold_input in = input();
    assert_ok(find_keys(&in));
    assert_ok(cty_memory_fold(here.memory, view, &in, &delta, NULL, NULL, NULL));
    cty_delta_done(&delta);
}

#define WALK(function) {.name = #function, .begin = begin, .run = function, .look = look, .end = end}

static void entries_of_every_type(void **state)
{
    static struct cty_view view;
    struct nomem_walk walk = WALK(fold);
    struct world *w = here.story.w;
    unsigned walked[CTY_TYPE_COUNT] = {0};
    (void)state;
    assert_ok(world_close(w));
    assert_ok(cty_memory_new(&here.memory));
    for (size_t i = 0; i < w->entries_count; i++) {
        assert_ok(cty_entry_parse(w->entries[i], &here.parsed, NULL));
        here.leaf = cty_tree_leaf(w->entries[i]);
        enum cty_type type = here.parsed.signed_statement.statement.type;
        walk.name = cty_type_name(type);
        if (walked[type]++ < 2)
            nomem_walk(&walk);
        take_in(&view);
    }
    for (int type = 0; type < CTY_TYPE_COUNT; type++) {
        if (walked[type] == 0)
            fail_msg("the story has no %s", cty_type_name((enum cty_type)type));
    }
    cty_memory_free(here.memory);
    cty_parsed_entry_done(&here.parsed);
}

/* --- questions to the state ------------------------------------------------------------------------------- */

static custody_err verdict(void *context)
{
    custody_err err;
    (void)context;
    ASK(err, cty_clerk_verdict(&here.view, here.case_id, here.time, &here.statement, &here.tape, NULL));
    return err;
}

static custody_err expiry(void *context)
{
    custody_err err;
    (void)context;
    ASK(err, cty_clerk_expiry(&here.view, here.case_id, here.time, &here.statement, &here.tape, NULL));
    return err;
}

static custody_err may_read(void *context)
{
    custody_err err;
    (void)context;
    ASK(err, cty_may_read(&here.view, here.case_id, CTY_LITERAL("acme/bot"), CTY_LITERAL("payload"), here.time, NULL));
    return err;
}

static custody_err may_decide(void *context)
{
    custody_err err;
    (void)context;
    ASK(err, cty_may_decide(&here.view, here.case_id, CTY_LITERAL("acme/b"), here.time, NULL));
    return err;
}

static custody_err previous_approval(void *context)
{
    struct cty_opt_hash previous;
    custody_err err;
    (void)context;
    ASK(err, cty_previous_approval(&here.view, here.case_id, here.time, &previous, NULL));
    return err == CUSTODY_OK ? answer(cty_buf_put(&here.out, previous.hash.bytes, CTY_HASH_SIZE)) : err;
}

static custody_err progress(void *context)
{
    uint64_t counts[CTY_POLICIES_MAX];
    uint32_t clauses = 0;
    custody_err err;
    (void)context;
    ASK(err, cty_quorum_progress(&here.view, here.case_id, here.time, counts, &clauses, NULL));
    return err == CUSTODY_OK ? answer(cty_buf_put_u64(&here.out, counts[0])) : err;
}

static void questions_to_the_state(void **state)
{
    static const struct nomem_walk walks[] = {WALK(verdict),           WALK(may_read), WALK(may_decide),
                                              WALK(previous_approval), WALK(progress)};
    static const struct nomem_walk late = WALK(expiry);
    (void)state;
    here.memory = here.story.w->memory;
    here.case_id = &here.story.held;
    here.time = here.story.w->time;
    for (size_t i = 0; i < CTY_COUNT_OF(walks); i++)
        nomem_walk(&walks[i]);
    here.time += (uint64_t)500 * 24 * 3600 * 1000;
    nomem_walk(&late);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest more[] = {
        cmocka_unit_test(questions_to_the_state),
        cmocka_unit_test(entries_of_every_type), /* closes the ledger */
    };
    CTY_CHECK(cty_crypto_init() == CUSTODY_OK);
    story_make(&here.story);
    int failed = nomem_run("fold", NULL, 0, more, CTY_COUNT_OF(more), argc, argv);
    story_done(&here.story);
    return failed;
}
