/* SPDX-License-Identifier: Apache-2.0 */
/* What a memo gives is what decoding gives, whatever it held before; and what it gave out stays until it turns. */
#include "unit/support.h"

#include <stdio.h>

#include "escrow/view.h"

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
        cmocka_unit_test(a_key_is_what_printf_would_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
