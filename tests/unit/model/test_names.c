/* SPDX-License-Identifier: Apache-2.0 */
/* The grammars of names, spec/statements.md "Names": what each takes, what it refuses, where it ends. */
#include "base/limits.h"
#include "model/names.h"
#include "unit/support.h"

struct row {
    enum cty_text grammar;
    const char *good[10];
    const char *bad[16];
};

static const struct row rows[] = {
    {CTY_TEXT_ORIGIN,
     {"custody.example/refunds", "custody.example", "a.b", "localhost:8080/x", "a-b.c_d/e:f", "0:0"},
     {"", "Custody.example", "/a.b", "a.b/", "-a.b", "a.", "a b", "a+b", "a\x7f", "\xc3\xa4", "https://a?b", "acme", "acme/a.b"}},
    {CTY_TEXT_PARTY,
     {"acme", "a", "7", "a-b", "a--b", "ledgers"},
     {"", "Acme", "-a", "a-", "a.b", "a_b", "a/b", "a b", "ledger", "log", "clerk", "custodian", "witness", "*"}},
    {CTY_TEXT_ACTOR,
     {"acme/refund-agent", "a/b", "a/b.c_d-e", "a-b/0", "a/clerk"},
     {"", "acme", "/b", "a/", "a/b/c", "a//b", "A/b", "a/B", "a/-b", "a/b.", "ledger/a", "log/a", "a.b/c", "a/b c"}},
    {CTY_TEXT_SIGNER,
     {"log", "clerk", "new", "acme/alice", "new/a"},
     {"", "acme", "ledger", "witness", "Log", "log/a", "clerk/", "New", "new/", "old"}},
    {CTY_TEXT_SCOPE, {"ledger", "acme"}, {"", "log", "acme/alice", "*", "$requester", "Ledger"}},
    {CTY_TEXT_READER, {"acme", "acme/alice"}, {"", "ledger", "log", "*", "$holder", "acme/"}},
    {CTY_TEXT_PARTY_REF,
     {"acme", "$requester", "$holder", "*"},
     {"", "$", "$Requester", "$holders", "**", "ledger", "acme/alice", "requester$"}},
    {CTY_TEXT_ROLE, {"approver", "admin", "a-1", "ledger"}, {"", "Admin", "a.b", "-a", "a-", "a b", "a/b"}},
    {CTY_TEXT_WORD,
     {"payments", "A.b/C:*?", "a'b", "{}", "~", "!"},
     {"", " ", "a b", "a\"b", "a\\b", "a\n", "a\x7f", "\xc3\xa4", "\x01"}},
    {CTY_TEXT_GLOB, {"*", "re?und", "delete-*"}, {"", "a b", "a\"", "\\*", "\xe2\x82\xac"}},
    {CTY_TEXT_FACT,
     {"amount", "order.age_days", "a-b", "0"},
     {"", "Amount", "a b", ".a", "a.", "_a", "a/b", "\xc3\xa4"}},
    {CTY_TEXT_VKEY, {"acme/bob+032dcf3b+AajlqPLaceDSPCQF/YJ8n4T9="}, {"", "a b", "a\"b", "a\n"}},
    {CTY_TEXT_DECIMAL,
     {"0", "7", "10", "129.00", "0.5", "0.0", "9007199254740993", "1.000000000000000000"},
     {"", "00", "01", "-1", "+1", "1.", ".5", "1,5", "1e3", "1.2.3", "0x1", " 1", "1 ", "a", "1.a"}},
    {CTY_TEXT_URL, {"ipc:///run/custody.sock", "tls+tcp://h:1"}, {"", "tcp://a b", "a\\b"}},
    {CTY_TEXT_NOTE, {"YQ==", "YWI=", "YWJj", "YWJjZA=="}, {"", "YQ", "YR==", "YQ=", "Y", "YQ==\n", "YQ==YQ==", "-_-_", "a b c d"}},
    {CTY_TEXT_LINE, {"a b", " ", "a+b"}, {"", "a\"b", "a\\b", "a\nb", "\t", "\xc3\xa4"}},
};

static void good_names_are_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(rows); i++) {
        for (const char *const *name = rows[i].good; *name; name++) {
            if (cty_text_check(rows[i].grammar, cty_bytes_text(*name)) != CUSTODY_OK)
                fail_msg("grammar %d refuses '%s'", (int)rows[i].grammar, *name);
        }
    }
}

static void bad_names_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(rows); i++) {
        for (const char *const *name = rows[i].bad; *name; name++) {
            if (cty_text_check(rows[i].grammar, cty_bytes_text(*name)) != CUSTODY_E_BAD_MEMBER)
                fail_msg("grammar %d takes '%s'", (int)rows[i].grammar, *name);
        }
        assert_refused(cty_text_check(rows[i].grammar, cty_bytes_make(NULL, 0)), "bad-member");
        assert_refused(cty_text_check(rows[i].grammar, CTY_LITERAL("a\0b")), "bad-member");
    }
}

static void expect_longest(enum cty_text grammar, size_t most)
{
    char text[600];
    memset(text, grammar == CTY_TEXT_DECIMAL ? '1' : 'a', sizeof(text));
    if (grammar == CTY_TEXT_ORIGIN)
        text[1] = '.';
    assert_ok(cty_text_check(grammar, cty_bytes_make(text, most)));
    assert_refused(cty_text_check(grammar, cty_bytes_make(text, most + 1)), "bad-member");
}

static void names_end_at_their_limit(void **state)
{
    (void)state;
    expect_longest(CTY_TEXT_ORIGIN, CTY_ORIGIN_BYTES_MAX);
    expect_longest(CTY_TEXT_PARTY, CTY_PARTY_NAME_BYTES_MAX);
    expect_longest(CTY_TEXT_SCOPE, CTY_PARTY_NAME_BYTES_MAX);
    expect_longest(CTY_TEXT_READER, CTY_PARTY_NAME_BYTES_MAX);
    expect_longest(CTY_TEXT_PARTY_REF, CTY_PARTY_NAME_BYTES_MAX);
    expect_longest(CTY_TEXT_ROLE, CTY_ROLE_BYTES_MAX);
    expect_longest(CTY_TEXT_WORD, CTY_WORD_BYTES_MAX);
    expect_longest(CTY_TEXT_GLOB, CTY_GLOB_BYTES_MAX);
    expect_longest(CTY_TEXT_FACT, CTY_FACT_NAME_BYTES_MAX);
    expect_longest(CTY_TEXT_VKEY, CTY_VKEY_BYTES_MAX);
    expect_longest(CTY_TEXT_DECIMAL, CTY_DECIMAL_BYTES_MAX);
    expect_longest(CTY_TEXT_URL, CTY_URL_BYTES_MAX);
    expect_longest(CTY_TEXT_LINE, CTY_LINE_BYTES_MAX);
}

static void a_note_ends_at_its_limit(void **state)
{
    static char text[22000];
    (void)state;
    memset(text, 'A', sizeof(text));
    text[21846] = text[21847] = '='; /* 16,384 bytes */
    assert_ok(cty_text_check(CTY_TEXT_NOTE, cty_bytes_make(text, 21848)));
    text[21846] = text[21847] = 'A';
    assert_refused(cty_text_check(CTY_TEXT_NOTE, cty_bytes_make(text, 21848)), "bad-member");
    assert_refused(cty_text_check(CTY_TEXT_NOTE, cty_bytes_make(text, 21852)), "bad-member");
}

/* Both parts of an actor's name have the limit of a party's, and together they fit the whole. */
static void actors_end_at_their_limits(void **state)
{
    (void)state;
    char text[200];
    for (size_t party = 62; party <= 64; party++) {
        for (size_t rest = 62; rest <= 64; rest++) {
            memset(text, 'a', sizeof(text));
            text[party] = '/';
            bool fits = party <= CTY_PARTY_NAME_BYTES_MAX && rest <= CTY_PARTY_NAME_BYTES_MAX;
            custody_err err = cty_text_check(CTY_TEXT_ACTOR, cty_bytes_make(text, party + 1 + rest));
            assert_string_equal(custody_err_name(err), fits ? "ok" : "bad-member");
        }
    }
    assert_int_equal(2 * CTY_PARTY_NAME_BYTES_MAX + 1, CTY_ACTOR_NAME_BYTES_MAX);
}

/* Nothing that a grammar takes would be escaped in JSON, so a name has one spelling. */
static void no_name_needs_an_escape(void **state)
{
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(rows); i++) {
        for (unsigned c = 0; c < 256; c++) {
            uint8_t text[3] = {'a', (uint8_t)c, 'a'};
            if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\')
                continue;
            assert_refused(cty_text_check(rows[i].grammar, cty_bytes_make(text, 3)), "bad-member");
        }
    }
}

static void the_party_of_an_actor(void **state)
{
    (void)state;
    assert_bytes_text(cty_actor_party(CTY_LITERAL("acme/alice")), "acme");
    assert_int_equal(cty_actor_party(CTY_LITERAL("clerk")).size, 0);
    assert_int_equal(cty_actor_party(CTY_LITERAL("new")).size, 0);
    assert_int_equal(cty_actor_party(cty_bytes_make(NULL, 0)).size, 0);
    assert_int_equal(cty_actor_party(CTY_LITERAL("/alice")).size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_names_are_taken),       cmocka_unit_test(bad_names_are_refused),
        cmocka_unit_test(names_end_at_their_limit), cmocka_unit_test(a_note_ends_at_its_limit),   cmocka_unit_test(actors_end_at_their_limits),
        cmocka_unit_test(no_name_needs_an_escape),    cmocka_unit_test(the_party_of_an_actor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
