/* SPDX-License-Identifier: Apache-2.0 */
/* Entries: written and read the same, cut, altered, one past their size. */
#include "edit.h"
#include "model/entry.h"
#include "samples.h"

static struct cty_parsed_entry parsed;
static struct cty_buf text;

static int setup(void **state)
{
    (void)state;
    text = CTY_BUF_INIT(1u << 20);
    (void)sample_get(CTY_LEDGER_OPEN);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cty_parsed_entry_done(&parsed);
    memset(&parsed, 0, sizeof(parsed));
    cty_buf_done(&text);
    return 0;
}

static struct cty_entry entry_of(enum cty_type type)
{
    struct cty_entry entry = {.index = (uint64_t)type, .time = 1767225600000 + (uint64_t)type};
    entry.statement = cty_buf_bytes(&sample_get(type)->envelope);
    if (type == CTY_LEDGER_OPEN)
        return entry;
    entry.prev = (struct cty_opt_hash){sample_hash("prev"), true};
    entry.trust = (struct cty_opt_hash){sample_hash("trust"), true};
    if (cty_type_flags(type) & CTY_TYPE_CASE)
        entry.case_prev = (struct cty_opt_hash){sample_hash("case_prev"), true};
    return entry;
}

static void expect_same_link(const struct cty_opt_hash *a, const struct cty_opt_hash *b)
{
    assert_int_equal(a->present, b->present);
    if (a->present)
        assert_memory_equal(a->hash.bytes, b->hash.bytes, CTY_HASH_SIZE);
}

static void entries_come_back(void **state)
{
    (void)state;
    for (int type = 0; type < CTY_TYPE_COUNT; type++) {
        struct cty_entry entry = entry_of((enum cty_type)type);
        struct cty_buf again = CTY_BUF_INIT(CTY_ENTRY_BYTES_MAX);
        cty_buf_clear(&text);
        assert_ok(cty_entry_encode(&entry, &text));
        assert_ok(cty_entry_parse(cty_buf_bytes(&text), &parsed, NULL));
        assert_int_equal(parsed.entry.index, entry.index);
        assert_int_equal(parsed.entry.time, entry.time);
        expect_same_link(&parsed.entry.prev, &entry.prev);
        expect_same_link(&parsed.entry.trust, &entry.trust);
        expect_same_link(&parsed.entry.case_prev, &entry.case_prev);
        assert_true(cty_bytes_equal(parsed.entry.statement, entry.statement));
        assert_int_equal(parsed.signed_statement.statement.type, type);
        assert_memory_equal(parsed.signed_statement.digest.bytes, sample_get((enum cty_type)type)->digest.bytes,
                            CTY_HASH_SIZE);
        assert_ok(cty_entry_encode(&parsed.entry, &again));
        assert_true(cty_bytes_equal(cty_buf_bytes(&again), cty_buf_bytes(&text)));
        cty_buf_done(&again);
    }
}

static void no_link_is_left_from_before(void **state)
{
    (void)state;
    static const enum cty_type types[] = {CTY_CANCEL, CTY_REQUEST, CTY_LEDGER_OPEN, CTY_CANCEL};
    for (size_t i = 0; i < CTY_COUNT_OF(types); i++) {
        struct cty_entry entry = entry_of(types[i]);
        cty_buf_clear(&text);
        assert_ok(cty_entry_encode(&entry, &text));
        assert_ok(cty_entry_parse(cty_buf_bytes(&text), &parsed, NULL));
        assert_int_equal(parsed.entry.case_prev.present, entry.case_prev.present);
        assert_int_equal(parsed.entry.prev.present, entry.prev.present);
    }
}

static void the_text_of_an_entry(void **state)
{
    (void)state;
    struct cty_entry entry = {.index = 7, .time = 9, .statement = CTY_LITERAL("{}")};
    memset(entry.prev.hash.bytes, 0xab, CTY_HASH_SIZE);
    entry.prev.present = true;
    assert_ok(cty_entry_encode(&entry, &text));
    assert_bytes_text(cty_buf_bytes(&text),
                      "{\"index\":7,\"prev\":\"abababababababababababababababababababababababababababababababab\","
                      "\"statement\":{},\"time\":9}");
}

static void cut_entries_are_refused(void **state)
{
    (void)state;
    struct cty_entry entry = entry_of(CTY_DECISION);
    assert_ok(cty_entry_encode(&entry, &text));
    for (size_t size = 0; size < text.size; size++)
        assert_refused(cty_entry_parse(cty_bytes_make(text.data, size), &parsed, NULL), "bad-json");
    assert_ok(cty_buf_put_byte(&text, '\n'));
    assert_refused(cty_entry_parse(cty_buf_bytes(&text), &parsed, NULL), "payload-not-canonical");
}

/* An entry that still parses with a flipped bit says something else: no two texts say the same. */
static void altered_entries_are_refused_or_differ(void **state)
{
    (void)state;
    struct cty_entry entry = entry_of(CTY_CANCEL);
    struct cty_buf again = CTY_BUF_INIT(CTY_ENTRY_BYTES_MAX);
    assert_ok(cty_entry_encode(&entry, &text));
    for (size_t at = 0; at < text.size; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            text.data[at] ^= (uint8_t)(1u << bit);
            if (cty_entry_parse(cty_buf_bytes(&text), &parsed, NULL) == CUSTODY_OK) {
                cty_buf_clear(&again);
                assert_ok(cty_entry_encode(&parsed.entry, &again));
                assert_true(cty_bytes_equal(cty_buf_bytes(&again), cty_buf_bytes(&text)));
            }
            text.data[at] ^= (uint8_t)(1u << bit);
        }
    }
    cty_buf_done(&again);
}

static void member_gives(const char *name, const char *value, const char *code)
{
    struct edit edit;
    edit_begin(&edit, cty_buf_bytes(&text));
    const struct cty_json_node *root = &edit.json.nodes[0];
    const struct cty_json_node *member = cty_json_member(&edit.json, root, name);
    char *changed = !member ? edit_add(&edit, root, name, value)
                    : value ? edit_value(&edit, member, value)
                            : edit_remove(&edit, root, member);
    custody_err err = cty_entry_parse(cty_bytes_text(changed), &parsed, NULL);
    if (strcmp(custody_err_name(err), code) != 0)
        fail_msg("%s %s: %s instead of %s", name, value ? value : "left out", custody_err_name(err), code);
    free(changed);
    edit_done(&edit);
}

static void members_have_one_form(void **state)
{
    (void)state;
    struct cty_entry entry = entry_of(CTY_CONSUME);
    assert_ok(cty_entry_encode(&entry, &text));
    static const char *const links[] = {"prev", "trust", "case_prev"};
    for (size_t i = 0; i < CTY_COUNT_OF(links); i++) {
        member_gives(links[i], NULL, "ok");
        member_gives(links[i], "\"\"", "bad-member");
        member_gives(links[i], "\"00\"", "bad-member");
        member_gives(links[i], "1", "bad-member");
        member_gives(links[i], "null", "bad-json");
    }
    member_gives("index", "0", "ok");
    member_gives("index", "9007199254740991", "ok");
    member_gives("index", "9007199254740992", "bad-number");
    member_gives("index", "\"1\"", "bad-member");
    member_gives("index", NULL, "missing-member");
    member_gives("time", "true", "bad-member");
    member_gives("time", NULL, "missing-member");
    member_gives("statement", NULL, "missing-member");
    member_gives("statement", "\"{}\"", "bad-member");
    member_gives("statement", "[]", "bad-member");
    member_gives("statement", "{}", "bad-envelope");
    member_gives("statement", "{\"payload\":\"\"}", "bad-envelope");
    member_gives("aaa", "1", "unknown-member");
    member_gives("zzz", "1", "unknown-member");
    member_gives("", "1", "unknown-member");
}

/* The largest statement by the most signers, with every link and the largest numbers, fits an entry. */
static void the_largest_statement_fits(void **state)
{
    (void)state;
    struct cty_buf body = CTY_BUF_INIT(1u << 20), envelope = CTY_BUF_INIT(CTY_ENVELOPE_BYTES_MAX);
    const struct cty_secret *secrets[CTY_SIGNERS_MAX];
    const char *longest = cty_type_payload_type(CTY_CUSTODIAN_ROTATE);
    for (int type = 0; type < CTY_TYPE_COUNT; type++)
        assert_true(strlen(cty_type_payload_type((enum cty_type)type)) <= strlen(longest));
    for (size_t i = 0; i < CTY_SIGNERS_MAX; i++)
        secrets[i] = sample_secret(CTY_LITERAL("acme/bob"));
    for (size_t i = 0; i < CTY_STATEMENT_BYTES_MAX; i++)
        assert_ok(cty_buf_put_byte(&body, 'x'));
    assert_ok(cty_envelope_sign(cty_bytes_text(longest), cty_buf_bytes(&body), secrets, CTY_SIGNERS_MAX, &envelope));
    struct cty_entry entry = entry_of(CTY_CANCEL);
    entry.index = entry.time = CTY_NUMBER_MAX;
    entry.statement = cty_buf_bytes(&envelope);
    assert_ok(cty_entry_encode(&entry, &text));
    assert_in_range(text.size, CTY_ENTRY_BYTES_MAX - 300, CTY_ENTRY_BYTES_MAX);
    cty_buf_done(&body);
    cty_buf_done(&envelope);
}

static void what_is_too_large_is_refused(void **state)
{
    (void)state;
    struct cty_entry entry = {.statement = CTY_LITERAL("{}")};
    struct cty_buf statement = CTY_BUF_INIT(1u << 20);
    assert_ok(cty_entry_encode(&entry, &text));
    size_t room = CTY_ENTRY_BYTES_MAX - text.size + 2;
    assert_ok(cty_buf_put_byte(&statement, '"'));
    while (statement.size < room - 1)
        assert_ok(cty_buf_put_byte(&statement, 'x'));
    assert_ok(cty_buf_put_byte(&statement, '"'));
    entry.statement = cty_buf_bytes(&statement);
    cty_buf_clear(&text);
    assert_ok(cty_entry_encode(&entry, &text));
    assert_int_equal(text.size, CTY_ENTRY_BYTES_MAX);
    assert_refused(cty_entry_parse(cty_buf_bytes(&text), &parsed, NULL), "bad-member");
    assert_ok(cty_buf_put_byte(&statement, 'x'));
    entry.statement = cty_buf_bytes(&statement);
    cty_buf_clear(&text);
    assert_refused(cty_entry_encode(&entry, &text), "too-large");
    assert_refused(cty_entry_parse(cty_buf_bytes(&text), &parsed, NULL), "too-large");
    cty_buf_done(&statement);
}

static void done_takes_null(void **state)
{
    (void)state;
    cty_parsed_entry_done(NULL);
    cty_parsed_entry_done(&parsed);
    cty_parsed_entry_done(&parsed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(entries_come_back, setup, teardown),
        cmocka_unit_test_setup_teardown(no_link_is_left_from_before, setup, teardown),
        cmocka_unit_test_setup_teardown(the_text_of_an_entry, setup, teardown),
        cmocka_unit_test_setup_teardown(cut_entries_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(altered_entries_are_refused_or_differ, setup, teardown),
        cmocka_unit_test_setup_teardown(members_have_one_form, setup, teardown),
        cmocka_unit_test_setup_teardown(the_largest_statement_fits, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_too_large_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(done_takes_null, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
