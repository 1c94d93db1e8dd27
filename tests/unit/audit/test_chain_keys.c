/* SPDX-License-Identifier: Apache-2.0 */
/* The log's keys from the trust chain alone: lawful rotations are followed, and nothing else is. */
#include "audit/log_keys.h"
#include "unit/audit/audit.h"

#include <stdlib.h>

#define CHAIN_MAX 64

struct chain {
    struct stage *s;
    struct cty_bytes texts[CHAIN_MAX];
    size_t count;
    custody_error error;
};

/* The trust-class entries as they stand now. */
static void take_chain(struct chain *c)
{
    struct cty_parsed_entry parsed = {.json = CTY_JSON_INIT};
    c->count = 0;
    for (size_t i = 0; i < c->s->w->entries_count; i++) {
        assert_ok(cty_entry_parse(c->s->w->entries[i], &parsed, NULL));
        if (cty_type_class_get(parsed.signed_statement.statement.type) == CTY_CLASS_TRUST)
            c->texts[c->count++] = c->s->w->entries[i];
    }
    cty_parsed_entry_done(&parsed);
}

static int setup(void **state)
{
    struct chain *c = calloc(1, sizeof(*c));
    c->s = stage_new();
    stage_refund(c->s);
    assert_ok(world_rotate_custodian(c->s->w, CTY_CUSTODIAN_LOG));
    stage_noise(c->s);
    assert_ok(world_rotate_custodian(c->s->w, CTY_CUSTODIAN_CLERK));
    assert_ok(world_rotate_custodian(c->s->w, CTY_CUSTODIAN_LOG));
    take_chain(c);
    *state = c;
    return 0;
}

static int teardown(void **state)
{
    struct chain *c = *state;
    stage_free(c->s);
    free(c);
    return 0;
}

static custody_err find(struct chain *c, struct cty_log_keys *ret_keys)
{
    return cty_log_keys_find(&c->s->trust, c->texts, c->count, ret_keys, &c->error);
}

static void each_rotation_brings_a_key(void **state)
{
    struct chain *c = *state;
    struct cty_log_keys keys;
    assert_ok(find(c, &keys));
    assert_int_equal(keys.count, 3);
    assert_true(cty_key_equal(&keys.keys[0], &c->s->trust.log_key));
    assert_true(cty_key_equal(&keys.keys[2], cty_secret_key(world_secret(c->s->w, "log"))));
    assert_true(cty_key_equal(cty_log_keys_at(&keys, c->s->w->entries_count), &keys.keys[2]));
    c->count = 1;
    assert_ok(find(c, &keys));
    assert_int_equal(keys.count, 1);
}

static void what_is_left_out_is_noticed(void **state)
{
    struct chain *c = *state;
    struct cty_log_keys keys;
    for (size_t left_out = 0; left_out + 1 < c->count; left_out++) {
        struct chain cut = {.s = c->s};
        for (size_t i = 0; i < c->count; i++) {
            if (i != left_out)
                cut.texts[cut.count++] = c->texts[i];
        }
        assert_refused(find(&cut, &keys), left_out ? "chain-broken" : "genesis-missing");
    }
}

static void what_is_swapped_or_foreign_is_noticed(void **state)
{
    struct chain *c = *state;
    struct cty_log_keys keys;
    struct cty_bytes last = c->texts[c->count - 1];
    c->texts[c->count - 1] = c->texts[c->count - 2];
    assert_refused(find(c, &keys), "chain-broken");
    c->texts[c->count - 1] = last;
    stage_noise(c->s);
    c->texts[c->count++] = c->s->w->entries[c->s->w->entries_count - 1];
    assert_refused(find(c, &keys), "out-of-place");
}

/* A custodian that has nobody's key but its own brings no key of its own choice in. */
static void a_rotation_that_no_admin_signed_is_refused(void **state)
{
    struct chain *c = *state;
    struct cty_statement st;
    struct cty_buf envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    struct cty_log_keys keys;
    world_begin_custodian_rotation(c->s->w, &st, CTY_CUSTODIAN_LOG);
    const struct cty_secret *clerk = world_secret(c->s->w, "clerk");
    const struct cty_secret *secrets[CTY_SIGNERS_MAX];
    for (uint32_t i = 0; i < st.signers_count; i++)
        secrets[i] = clerk;
    assert_ok(cty_statement_sign(&st, secrets, st.signers_count, &envelope, NULL));
    struct cty_entry entry = {.index = c->s->w->entries_count, .statement = cty_buf_bytes(&envelope),
                              .time = c->s->w->time};
    struct cty_buf text = CTY_BUF_INIT(CTY_ENTRY_BYTES_MAX);
    entry.prev = (struct cty_opt_hash){cty_tree_leaf(c->s->w->entries[entry.index - 1]), true};
    entry.trust = (struct cty_opt_hash){cty_tree_leaf(c->texts[c->count - 1]), true};
    assert_ok(cty_entry_encode(&entry, &text));
    c->texts[c->count++] = cty_buf_bytes(&text);
    assert_refused(find(c, &keys), "signature-invalid");
    cty_buf_done(&text);
    cty_buf_done(&envelope);
}

static void every_cut_of_an_entry_is_refused(void **state)
{
    struct chain *c = *state;
    struct cty_log_keys keys;
    struct cty_bytes whole = c->texts[c->count - 1];
    for (size_t size = 0; size < whole.size; size++) {
        c->texts[c->count - 1].size = size;
        assert_int_not_equal(find(c, &keys), CUSTODY_OK);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_rotation_brings_a_key),
        TEST(what_is_left_out_is_noticed),
        TEST(what_is_swapped_or_foreign_is_noticed),
        TEST(a_rotation_that_no_admin_signed_is_refused),
        TEST(every_cut_of_an_entry_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
