/* SPDX-License-Identifier: Apache-2.0 */
/* What a memo gives is what decoding gives, whatever it held before; and what it gave out stays until it turns. */
#include "unit/support.h"

#include <stdio.h>

#include "escrow/view.h"
#include "model/policy.h"

static const char party_text[] = "{\"admin_quorum\":%u,\"admins\":%u,\"name\":\"%s\"}";

struct bench {
    struct cty_memo *memo;
    struct cty_json tape;
};

static int setup(void **state)
{
    static struct bench bench;
    bench.tape = CTY_JSON_INIT;
    assert_ok(cty_memo_new(&bench.memo));
    *state = &bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;
    cty_memo_free(b->memo);
    cty_json_done(&b->tape);
    return 0;
}

static void get(struct bench *b, unsigned number, const char *name, struct cty_party_record *ret_party)
{
    char key[CTY_VIEW_KEY_MAX], text[128];
    cty_view_key(key, "party/%s", name);
    snprintf(text, sizeof(text), party_text, number, number, name);
    memset(ret_party, 0xff, sizeof(*ret_party));
    assert_ok(cty_memo_decode(b->memo, &cty_shape_party_record, key, cty_bytes_text(text), &b->tape, ret_party, NULL));
    assert_int_equal(ret_party->admins, number);
    assert_int_equal(ret_party->recovery_quorum, 0);
}

static void what_changed_is_read_anew(void **state)
{
    struct cty_party_record party;
    for (unsigned number = 1; number < 9; number++) {
        get(*state, number, "acme", &party);
        cty_memo_turn(((struct bench *)*state)->memo);
        get(*state, number, "acme", &party);
        assert_true(cty_bytes_is(party.name, "acme"));
        cty_memo_turn(((struct bench *)*state)->memo);
    }
}

/* More parties than there are places, within one turn: the texts here are gone by then, so only the memo can hold them. */
static void what_was_given_out_stays_until_the_turn(void **state)
{
    struct bench *b = *state;
    struct cty_party_record first, other;
    get(b, 1, "acme", &first);
    struct cty_bytes name = first.name;
    for (unsigned number = 2; number < 200; number++) {
        char label[16];
        snprintf(label, sizeof(label), "p%u", number);
        get(b, number, label, &other);
    }
    get(b, 3, "acme", &other);
    assert_true(cty_bytes_is(name, "acme"));
}

static void what_is_no_record_is_refused_and_not_remembered(void **state)
{
    struct bench *b = *state;
    struct cty_party_record party;
    custody_error error = {0};
    for (int i = 0; i < 2; i++)
        assert_refused(cty_memo_decode(b->memo, &cty_shape_party_record, "party/acme", CTY_LITERAL("{\"admins\":1}"),
                                       &b->tape, &party, &error), "internal");
    get(b, 4, "acme", &party);
}

static const void *lend(struct bench *b, const struct cty_shape *shape, const char *key, const char *text, void *own)
{
    const void *record = NULL;
    assert_ok(cty_memo_lend(b->memo, shape, key, cty_bytes_text(text), &b->tape, own, &record, NULL));
    return record;
}

/* What is lent is the memo's own, decoded once; another text has to wait for the turn, and is the caller's own till then. */
static void what_is_lent_is_not_copied(void **state)
{
    struct bench *b = *state;
    static struct cty_policy own;
    static const char text[] = "{\"admin_quorum\":2,\"rules\":[{\"effect\":\"pass\"}]}";
    static const char later[] = "{\"admin_quorum\":3,\"rules\":[]}";
    const struct cty_policy *first = lend(b, &cty_shape_policy, "policy/a", text, &own);
    assert_ptr_not_equal(first, &own);
    assert_ptr_equal(lend(b, &cty_shape_policy, "policy/a", text, &own), first);
    assert_ptr_equal(lend(b, &cty_shape_policy, "policy/a", later, &own), &own);
    assert_int_equal(own.admin_quorum, 3);
    assert_int_equal(own.rules_count, 0);
    assert_int_equal(first->admin_quorum, 2);
    assert_int_equal(first->rules[0].effect, CTY_PASS);
    cty_memo_turn(b->memo);
    assert_ptr_equal(lend(b, &cty_shape_policy, "policy/a", later, &own), first);
    assert_int_equal(first->admin_quorum, 3);
    assert_int_equal(first->rules_count, 0);
}

/* A policy is refused for what its shape doesn't say, with its own code, as where it is published. */
static void a_policy_is_parsed_as_a_policy(void **state)
{
    struct bench *b = *state;
    static struct cty_policy own;
    const void *record = NULL;
    custody_error error = {0};
    assert_refused(cty_memo_lend(b->memo, &cty_shape_policy, "policy/a", CTY_LITERAL("{\"admin_quorum\":0,\"rules\":[]}"),
                                 &b->tape, &own, &record, &error), "bad-member");
}

/* Of the decisions a copy has as many as there are, and the place behind them keeps what it held. */
static void a_case_is_copied_as_far_as_it_goes(void **state)
{
    static struct cty_case from, to, cleared;
    (void)state;
    memset(&to, 0xaa, sizeof(to));
    memset(&cleared, 0xaa, sizeof(cleared));
    from.decisions_count = 2;
    from.decisions[1].time = 7;
    from.decisions[2].time = 8;
    from.use_ms = 9;
    from.action = CTY_LITERAL("pay");
    cty_case_copy(&to, &from);
    assert_int_equal(to.decisions_count, 2);
    assert_memory_equal(to.decisions, from.decisions, 2 * sizeof(from.decisions[0]));
    assert_int_equal(to.decisions[2].time, UINT64_C(0xaaaaaaaaaaaaaaaa));
    assert_int_equal(to.use_ms, 9);
    assert_true(cty_bytes_is(to.action, "pay"));
    cty_case_clear(&cleared);
    assert_int_equal(cleared.decisions_count, 0);
    assert_int_equal(cleared.use_ms, 0);
    assert_null(cleared.action.data);
}

static void a_key_is_what_printf_would_write(void **state)
{
    char key[CTY_VIEW_KEY_MAX], long_name[CTY_VIEW_KEY_MAX + 8];
    (void)state;
    cty_view_key(key, "root/%llu", 18446744073709551615ull);
    assert_string_equal(key, "root/18446744073709551615");
    cty_view_key(key, "root/%llu", 0ull);
    assert_string_equal(key, "root/0");
    cty_view_key(key, "%s%.*s/x", "actor/", 4, "acme/bot");
    assert_string_equal(key, "actor/acme/x");
    cty_view_key(key, "ledger");
    assert_string_equal(key, "ledger");
    memset(long_name, 'a', sizeof(long_name));
    long_name[sizeof(long_name) - 1] = 0;
    cty_view_key(key, "%s", long_name);
    assert_int_equal(strlen(key), CTY_VIEW_KEY_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_changed_is_read_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_given_out_stays_until_the_turn, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_record_is_refused_and_not_remembered, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_lent_is_not_copied, setup, teardown),
        cmocka_unit_test_setup_teardown(a_policy_is_parsed_as_a_policy, setup, teardown),
        cmocka_unit_test(a_case_is_copied_as_far_as_it_goes),
        cmocka_unit_test(a_key_is_what_printf_would_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
