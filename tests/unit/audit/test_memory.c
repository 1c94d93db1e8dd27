/* SPDX-License-Identifier: Apache-2.0 */
/* The state in memory: records, roots of every earlier size, and what a fold leaves there. */
#include "audit.h"
#include "codec/text.h"

static struct cty_memory *memory;

static int begin(void **state)
{
    (void)state;
    assert_ok(cty_crypto_init());
    assert_ok(cty_memory_new(&memory));
    return 0;
}

static int end(void **state)
{
    (void)state;
    cty_memory_free(memory);
    return 0;
}

static void records(void **state)
{
    (void)state;
    assert_null(cty_memory_get(memory, "ledger").data);
    assert_int_equal(cty_memory_records(memory), 0);
    assert_ok(cty_memory_put(memory, "ledger", CTY_LITERAL("one")));
    assert_bytes_text(cty_memory_get(memory, "ledger"), "one");
    assert_ok(cty_memory_put(memory, "ledger", CTY_LITERAL("another")));
    assert_bytes_text(cty_memory_get(memory, "ledger"), "another");
    assert_int_equal(cty_memory_records(memory), 1);
    assert_ok(cty_memory_put(memory, "", CTY_LITERAL("")));
    assert_non_null(cty_memory_get(memory, "").data);
    assert_int_equal(cty_memory_get(memory, "").size, 0);
    assert_null(cty_memory_get(memory, "ledge").data);
    assert_int_equal(cty_memory_records(memory), 2);
}

static custody_err count_one(void *context, const char *key, struct cty_bytes value)
{
    unsigned *count = context;
    unsigned long number = strtoul(key + 4, NULL, 10);
    char text[32];
    snprintf(text, sizeof(text), "value %lu", number);
    assert_memory_equal(key, "key/", 4);
    assert_bytes_text(value, text);
    return ++*count == 5000 ? CUSTODY_E_QUOTA : CUSTODY_OK;
}

/* Far beyond the table it begins with. */
static void many_records(void **state)
{
    char key[32], value[32];
    unsigned count = 0;
    (void)state;
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 5000; i++) {
            snprintf(key, sizeof(key), "key/%d", i);
            snprintf(value, sizeof(value), "value %d", i);
            assert_ok(cty_memory_put(memory, key, cty_bytes_text(round ? value : "")));
        }
    }
    assert_int_equal(cty_memory_records(memory), 5000);
    assert_bytes_text(cty_memory_get(memory, "key/4999"), "value 4999");
    assert_refused(cty_memory_each(memory, count_one, &count), "quota");
    assert_int_equal(count, 5000);
    count = 0;
    assert_ok(cty_memory_put(memory, "key/5000", CTY_LITERAL("value 5000")));
    assert_refused(cty_memory_each(memory, count_one, &count), "quota");
}

static struct cty_hash leaf(unsigned number)
{
    return cty_tree_leaf(cty_bytes_make(&number, sizeof(number)));
}

static void roots_of_every_size(void **state)
{
    struct cty_hash roots[300];
    struct cty_frontier frontier = {.size = 0};
    struct cty_hash empty = cty_tree_empty_root();
    (void)state;
    for (unsigned size = 0; size < CTY_COUNT_OF(roots); size++) {
        struct cty_hash next = leaf(size);
        roots[size] = cty_frontier_root(&frontier);
        assert_int_equal(cty_memory_size(memory), size);
        assert_ok(cty_frontier_append(&frontier, &next, NULL, NULL));
        assert_ok(cty_memory_append_leaf(memory, &next));
    }
    assert_memory_equal(roots[0].bytes, empty.bytes, CTY_HASH_SIZE);
    for (unsigned size = 0; size < CTY_COUNT_OF(roots); size++) {
        struct cty_hash root;
        struct cty_proof proof;
        assert_ok(cty_memory_root(memory, size, &root));
        assert_memory_equal(root.bytes, roots[size].bytes, CTY_HASH_SIZE);
        assert_ok(cty_tree_consistency(cty_memory_tree(memory), size, 299, &proof));
        assert_ok(cty_tree_consistency_verify(size, &root, 299, &roots[299], &proof));
    }
    struct cty_hash root;
    assert_refused(cty_memory_root(memory, 301, &root), "not-found");
}

static enum cty_view_status say_unknown(void *context, const char *key)
{
    unsigned *asked = context;
    (*asked)++;
    return strncmp(key, "id/", 3) == 0 ? CTY_VIEW_UNKNOWN : CTY_VIEW_ABSENT;
}

static void want(struct cty_view *view, const char *key, enum cty_view_status is)
{
    enum cty_view_status status;
    struct cty_bytes value;
    assert_ok(cty_view_get(view, key, &status, &value));
    assert_int_equal(status, is);
}

static void filling_a_view(void **state)
{
    static struct cty_view view;
    enum cty_view_status status;
    struct cty_bytes value;
    unsigned asked = 0;
    struct cty_hash first = leaf(0);
    (void)state;
    cty_view_clear(&view);
    assert_ok(cty_memory_put(memory, "ledger", CTY_LITERAL("{}")));
    assert_ok(cty_memory_append_leaf(memory, &first));
    static const char *const keys[] = {"ledger", "id/00", "actor/a", "root/0", "root/1", "root/2", "root/65"};
    for (size_t i = 0; i < CTY_COUNT_OF(keys); i++)
        want(&view, keys[i], CTY_VIEW_WANTED);
    assert_ok(cty_memory_fill(memory, &view, say_unknown, &asked));
    want(&view, "ledger", CTY_VIEW_PRESENT);
    want(&view, "id/00", CTY_VIEW_UNKNOWN);
    want(&view, "actor/a", CTY_VIEW_ABSENT);
    want(&view, "root/0", CTY_VIEW_PRESENT);
    want(&view, "root/2", CTY_VIEW_ABSENT);
    want(&view, "root/65", CTY_VIEW_ABSENT);
    assert_ok(cty_view_get(&view, "root/1", &status, &value));
    assert_int_equal(status, CTY_VIEW_PRESENT);
    assert_int_equal(value.size, 64);
    cty_view_clear(&view);
    want(&view, "id/00", CTY_VIEW_WANTED);
    assert_ok(cty_memory_fill(memory, &view, NULL, NULL));
    want(&view, "id/00", CTY_VIEW_ABSENT);
}

/* Sparse memories know the roots that were put, and no others. */
static void a_sparse_memory(void **state)
{
    static struct cty_view view;
    unsigned asked = 0;
    (void)state;
    cty_memory_set_sparse(memory);
    assert_ok(cty_memory_put(memory, "root/5", CTY_LITERAL("00")));
    cty_view_clear(&view);
    want(&view, "root/4", CTY_VIEW_WANTED);
    want(&view, "root/5", CTY_VIEW_WANTED);
    assert_ok(cty_memory_fill(memory, &view, say_unknown, &asked));
    want(&view, "root/4", CTY_VIEW_ABSENT);
    want(&view, "root/5", CTY_VIEW_PRESENT);
}

/* A refused entry leaves nothing, a lawful one its records and its leaf. */
static void what_a_fold_leaves(void **state)
{
    (void)state;
    struct stage *s = stage_new();
    uint64_t size = cty_memory_size(s->w->memory), count = cty_memory_records(s->w->memory);
    struct cty_hash before, after, nobody = cty_sha256(CTY_LITERAL("nobody"));
    assert_ok(cty_memory_root(s->w->memory, size, &before));
    struct cty_statement st;
    world_begin(s->w, &st, CTY_CANCEL, "acme/bot");
    st.case_id = nobody;
    assert_refused(world_submit(s->w, &st, NULL), "wrong-case");
    assert_int_equal(cty_memory_size(s->w->memory), size);
    assert_int_equal(cty_memory_records(s->w->memory), count);
    assert_ok(cty_memory_root(s->w->memory, size, &after));
    assert_memory_equal(before.bytes, after.bytes, CTY_HASH_SIZE);
    stage_noise(s);
    assert_int_equal(cty_memory_size(s->w->memory), size + 3);
    /* Three ids and the case. */
    assert_int_equal(cty_memory_records(s->w->memory), count + 4);
    stage_free(s);
}

/* What evidence gives back: the records of what it holds, and no tree, of which it has not all leaves. */
static void what_evidence_gives_back(void **state)
{
    struct cty_memory *folded = NULL;
    char key[CTY_VIEW_KEY_MAX] = "case/";
    (void)state;
    struct stage *s = stage_new();
    stage_noise(s);
    stage_release(s);
    struct cty_evidence *evidence = world_evidence(s->w, &s->case_id);
    assert_ok(cty_evidence_verify(evidence, &s->trust, CTY_LITERAL("acme/bot"), &s->report, &folded));
    assert_int_equal(cty_report_exit(&s->report), 0);
    assert_int_equal(cty_memory_size(folded), 0);
    cty_hex_write(s->case_id.bytes, CTY_HASH_SIZE, key + 5);
    assert_true(cty_bytes_equal(cty_memory_get(folded, key), cty_memory_get(s->w->memory, key)));
    cty_memory_free(folded);
    cty_evidence_free(evidence);
    stage_free(s);
}

static void freeing_nothing(void **state)
{
    (void)state;
    cty_memory_free(NULL);
    cty_evidence_free(NULL);
    cty_replay_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(records),        TEST(many_records),       TEST(roots_of_every_size), TEST(filling_a_view),
        TEST(a_sparse_memory), TEST(what_a_fold_leaves), TEST(what_evidence_gives_back),
        TEST(freeing_nothing),
    };
    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
